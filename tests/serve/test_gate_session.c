/* SPDX-License-Identifier: MIT
 * Questions before sending: whole, and cut everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "guard.h"
#include "serve/gate_session.h"

#define NOW INT64_C(1790000000)

/* What the store would say, from the address alone; what was asked. */
struct shop {
    char asked[512];
    bool down;
};

static bool check(void *ctx, const struct ask_question *q,
                  struct ask_answer *answer)
{
    struct shop *shop = ctx;

    snprintf(shop->asked + strlen(shop->asked),
             sizeof(shop->asked) - strlen(shop->asked),
             "%.*s/%.*s/%.*s/%.*s/%.*s;", (int)q->address.len, q->address.ptr,
             (int)q->scope.len, q->scope.ptr, (int)q->ip.len, q->ip.ptr,
             (int)q->sender_domain.len, q->sender_domain.ptr,
             (int)q->campaign.len, q->campaign.ptr);
    memset(answer, 0, sizeof(*answer));
    answer->until = answer->cause.since = answer->cause.until = BOUNCE_NO_TIME;
    answer->reason = "active";
    if (slice_starts(q->address, SLICE("bad"))) {
        answer->may = BOUNCE_NEVER;
        answer->reason = "hard";
        answer->cause.since = NOW - 86400;
        strcpy(answer->cause.category, "user_unknown");
        strcpy(answer->label, "605");
    } else if (slice_starts(q->address, SLICE("full"))) {
        answer->may = BOUNCE_LATER;
        answer->reason = "suspended";
        answer->cause.since = NOW - 86400;
        strcpy(answer->cause.category, "mail\nbox\x7f");
    } else if (slice_find_byte(q->address, '@') == SLICE_NPOS) {
        answer->flaw = ADDRESS_NO_DOMAIN;
        answer->may = BOUNCE_NEVER;
    }
    return !shop->down;
}

static int64_t now(void *ctx)
{
    (void)ctx;
    return NOW;
}

struct row {
    const char *label, *input;
    const char *begins; /* of the answers, "|" between */
    const char *asked;
    bool end, down, closed;
};

static const struct row rows[] = {
    {"Postfix, send",
     "request=smtpd_access_policy\nrecipient=ok@x.y\nsender="
     "me@my.org\n\n",
     "action=DUNNO\n\n", "ok@x.y/list//my.org/;", false, false, false},
    {"Postfix, never", "recipient=bad@x.y\n\n", "action=550 5.1.1 605 not sent",
     "bad@x.y/list///;", false, false, false},
    {"Postfix, later", "recipient=full@x.y\n\n", "action=450 4.7.1 not sent",
     "full@x.y/list///;", false, false, false},
    {"Postfix, no address", "recipient=nobody\n\n", "action=553 5.1.3 not sent",
     "nobody/list///;", false, false, false},
    {"Postfix before RCPT", "request=smtpd_access_policy\nsender=a@b\n\n",
     "action=DUNNO\n\n", "", false, false, false},
    {"two questions", "recipient=ok@x.y\n\nrecipient=bad@x.y\n\n",
     "action=DUNNO\n\n|action=550 5.1.1", "ok@x.y/list///;bad@x.y/list///;",
     false, false, false},
    {"no attribute", "GET / HTTP/1.1\nHost: x\n\n", "action=DUNNO\n\n", "",
     true, false, false},
    {"the store is down, open", "recipient=bad@x.y\n\n", "action=DUNNO\n\n",
     "bad@x.y/list///;", false, true, false},
    {"the store is down, closed", "recipient=ok@x.y\n\n",
     "action=451 4.3.0 not sent", "ok@x.y/list///;", false, true, true},
    {"a line", "check ok@x.y\n", "send\n", "ok@x.y/list///;", false, false,
     false},
    {"a line with all of it",
     "check bad@x.y scope=s ip=192.0.2.1 from=my.org campaign=c\r\n",
     "never 550 5.1.1 605 not sent", "bad@x.y/s/192.0.2.1/my.org/c;", false,
     false, false},
    {"a line, later", "check full@x.y\n", "later 450 4.7.1 not sent",
     "full@x.y/list///;", false, false, false},
    {"a line of nothing", "check \n", "error: check ADDRESS", "", true, false,
     false},
    {"a line with more than it knows", "check ok@x.y odd=1\n",
     "error: check ADDRESS", "", true, false, false},
};

/* Takes all that is whole of what came up to now. */
static void hear(const struct gate_options *options, struct bytes *pending,
                 struct bytes *out, bool *end)
{
    while (pending->len > 0 && !*end) {
        struct guard guard = guard_copy(pending->ptr, pending->len);
        size_t before = out->len;
        size_t taken = gate_take(options, guard.slice, out, end);

        guard_free(&guard);
        assert_true(taken <= pending->len);
        if (taken == 0)
            return;
        assert_true(out->len > before);
        bytes_add(out, SLICE("|"));
        bytes_take(pending, taken);
    }
}

static void expect(const struct row *row, struct bounce_slice out,
                   const struct shop *shop, bool end)
{
    struct bounce_slice wanted = slice_cstr(row->begins), piece, answer;

    while (slice_next_piece(&wanted, '|', &piece)) {
        assert_true(slice_next_piece(&out, '|', &answer));
        if (!slice_starts(answer, piece))
            fail_msg("%s: \"%.*s\"", row->label, (int)answer.len, answer.ptr);
        /* One line, whatever the store holds. */
        answer.len -= slice_ends_nocase(answer, SLICE("\n\n")) ? 2 : 1;
        for (size_t i = 0; i < answer.len; i++)
            assert_in_range((unsigned char)answer.ptr[i], 0x20, 0x7e);
    }
    assert_int_equal(out.len, 0);
    assert_string_equal(shop->asked, row->asked);
    assert_int_equal(end, row->end);
}

static void whole_and_cut(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        struct bounce_slice input = slice_cstr(rows[r].input);

        for (size_t cut = 0; cut < input.len; cut++) {
            struct shop shop = {.down = rows[r].down};
            const struct gate_options options = {.check = check,
                                                 .ctx = &shop,
                                                 .fail_closed = rows[r].closed,
                                                 .scope = SLICE("list"),
                                                 .now = now};
            struct bytes pending = {0}, out = {0};
            bool end = false;

            bytes_add(&pending, slice_sub(input, 0, cut));
            hear(&options, &pending, &out, &end);
            bytes_add(&pending, slice_from(input, cut));
            hear(&options, &pending, &out, &end);
            expect(&rows[r], bytes_slice(&out), &shop, end);
            bytes_free(&pending);
            bytes_free(&out);
        }
    }
}

/* The reply is cut, never written beyond its room. */
static void replies_are_cut(void **state)
{
    struct ask_answer answer;
    struct shop shop = {{0}, false};
    const struct ask_question question = {.address = SLICE("bad@x.y")};

    (void)state;
    check(&shop, &question, &answer);
    for (size_t cap = 1; cap < 200; cap++) {
        char *buf = malloc(cap);
        size_t len;

        assert_non_null(buf);
        len = gate_reply(&answer, NOW, buf, cap);
        assert_true(len < cap);
        assert_int_equal(buf[len], '\0');
        free(buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_and_cut),
        cmocka_unit_test(replies_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
