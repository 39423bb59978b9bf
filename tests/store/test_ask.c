/* SPDX-License-Identifier: MIT
 * May I send? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "store/act.h"
#include "store/ask.h"

#define T0 LEDGER_T0
#define H  LEDGER_HOUR
#define D  LEDGER_DAY

static struct ask_answer check(struct desk *desk, struct ask *ask,
                               struct ask_question question, int64_t now)
{
    struct ask_answer answer;

    if (ask_check(ask, &question, 1, now, &answer, &desk->error) != STORE_OK)
        fail_msg("ask_check: %s", desk->error.msg);
    return answer;
}

static struct ask_answer check_address(struct desk *desk, const char *address,
                                       int64_t now)
{
    struct ask *ask = ask_new(desk->book);
    struct ask_answer answer;

    assert_non_null(ask);
    answer = check(desk, ask,
                   (struct ask_question){.address = slice_cstr(address)}, now);
    ask_free(ask);
    return answer;
}

static void expect_line(const struct ask_answer *answer, int64_t now,
                        const char *want)
{
    char line[512];
    size_t len = ask_line(answer, now, line, sizeof(line) - 1);

    line[len] = '\0';
    assert_string_equal(line, want);
    /* Cut at any length it is the beginning of itself. */
    for (size_t cap = 0; cap <= len; cap++) {
        char *cut = malloc(cap + 1);

        assert_non_null(cut);
        assert_int_equal(ask_line(answer, now, cut, cap), cap);
        assert_memory_equal(cut, line, cap);
        free(cut);
    }
}

static void test_unknown(void **state)
{
    struct desk desk;
    struct ask_answer answer;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    answer = check_address(&desk, "Ann@GMAIL.com", T0);
    assert_int_equal(answer.flaw, ADDRESS_FINE);
    assert_int_equal(answer.may, BOUNCE_SEND);
    assert_string_equal(answer.reason, "active");
    assert_string_equal(answer.address, "Ann@gmail.com");
    assert_string_equal(answer.provider, "google");
    assert_true(answer.cause.since == BOUNCE_NO_TIME);
    assert_true(answer.until == BOUNCE_NO_TIME);
    expect_line(&answer, T0, "active");
    answer = check_address(&desk, "ann", T0);
    assert_int_equal(answer.flaw, ADDRESS_NO_DOMAIN);
    assert_int_equal(answer.may, BOUNCE_NEVER);
    expect_line(&answer, T0, "no address: no domain");
    desk_clear(&desk);
}

static void test_suppressed(void **state)
{
    struct desk desk;
    struct record record =
        desk_bounce("e1", "ann@example.org", "user_unknown", T0);
    struct ask_answer answer;

    (void)state;
    desk_init(&desk, "mailgun", NULL, NULL);
    desk_apply(&desk, &record);
    answer = check_address(&desk, "ANN@example.org", T0 + D);
    if (fixture_keeps()) {
        assert_int_equal(answer.may, BOUNCE_NEVER);
        assert_string_equal(answer.reason, "hard");
        assert_string_equal(answer.label, "605");
        assert_string_equal(answer.cause.category, "user_unknown");
        assert_string_equal(answer.cause.event_id, "e1");
        assert_string_equal(answer.provider, "google");
        assert_false(answer.in_scope);
        expect_line(&answer, T0 + D,
                    "suppressed since 2023-11-14: user_unknown (test.rule), "
                    "605");
    } else {
        assert_int_equal(answer.may, BOUNCE_SEND);
    }
    assert_int_equal(check_address(&desk, "bob@example.org", T0 + D).may,
                     BOUNCE_SEND);
    desk_clear(&desk);
}

static void test_observed(void **state)
{
    struct desk desk;
    struct record record =
        desk_bounce("e1", "ann@example.org", "user_unknown", T0);
    struct ask_answer answer;

    (void)state;
    desk_init(&desk, NULL, "Policy: own\nMode: observe\n", NULL);
    desk_apply(&desk, &record);
    answer = check_address(&desk, "ann@example.org", T0 + D);
    assert_int_equal(answer.may, BOUNCE_SEND);
    if (fixture_keeps()) {
        assert_int_equal(answer.decided, BOUNCE_NEVER);
        expect_line(&answer, T0 + D,
                    "suppressed since 2023-11-14: user_unknown (test.rule); "
                    "sent all the same, the policy observes only");
    }
    desk_clear(&desk);
}

static void test_scope(void **state)
{
    struct desk desk;
    struct record record = desk_event(BOUNCE_KIND_UNSUBSCRIBE, "e1",
                                      "ann@example.org", "unsubscribe", T0);
    struct ask_question question = {.address = SLICE("ann@example.org"),
                                    .scope = SLICE("shop")};
    struct ask *ask;
    struct ask_answer answer;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    record.event.scope = SLICE("shop");
    desk_apply(&desk, &record);
    ask = ask_new(desk.book);
    answer = check(&desk, ask, question, T0 + H);
    if (fixture_keeps()) {
        assert_int_equal(answer.may, BOUNCE_NEVER);
        assert_true(answer.in_scope);
        assert_string_equal(answer.reason, "unsubscribe");
        expect_line(&answer, T0 + H,
                    "suppressed in this scope since 2023-11-14: unsubscribe "
                    "(test.rule)");
    }
    question.scope = SLICE("club");
    assert_int_equal(check(&desk, ask, question, T0 + H).may, BOUNCE_SEND);
    question.scope = SLICE_NULL;
    assert_int_equal(check(&desk, ask, question, T0 + H).may, BOUNCE_SEND);
    ask_free(ask);
    desk_clear(&desk);
}

/* What ran out is over, though the row still says otherwise. */
static void test_ran_out(void **state)
{
    struct desk desk;
    struct record record =
        desk_bounce("e1", "ann@example.org", "recipient_rate", T0);
    struct ask_answer answer;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    desk_apply(&desk, &record);
    answer = check_address(&desk, "ann@example.org", T0 + 60);
    if (fixture_keeps()) {
        assert_int_equal(answer.may, BOUNCE_LATER);
        assert_int_equal(answer.until, T0 + H);
        expect_line(&answer, T0 + 60,
                    "suspended since 2023-11-14 until 2023-11-14T01:00:00Z: "
                    "recipient_rate (test.rule)");
    }
    answer = check_address(&desk, "ann@example.org", T0 + H);
    assert_int_equal(answer.may, BOUNCE_SEND);
    assert_string_equal(answer.reason, "active");
    desk_clear(&desk);
}

static struct ask_question over_route(const char *address, const char *ip,
                                      const char *from, const char *campaign)
{
    return (struct ask_question){.address = slice_cstr(address),
                                 .ip = slice_cstr(ip),
                                 .sender_domain = slice_cstr(from),
                                 .campaign = slice_cstr(campaign)};
}

static void test_holds(void **state)
{
    struct desk desk;
    struct record block =
        desk_bounce("e1", "ann@gmail.com", "ip_blocklisted", T0);
    struct ask_question held =
        over_route("bob@gmail.com", "192.0.2.1", "news.example", NULL);
    struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME};
    struct act act = {.now = T0 + 120, .until = BOUNCE_NO_TIME};
    struct ask *ask;
    struct ask_answer answer;
    size_t ended;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    ask = ask_new(desk.book);
    /* The holds are looked at before there is any, and kept. */
    assert_int_equal(check(&desk, ask, held, T0).may, BOUNCE_SEND);
    desk_apply(&desk, &block);
    answer = check(&desk, ask, held, T0 + 60);
    if (fixture_keeps()) {
        assert_int_equal(answer.may, BOUNCE_LATER);
        assert_string_equal(answer.reason, "hold");
        assert_true(answer.has_hold);
        assert_string_equal(answer.hold.key.ip, "192.0.2.1");
        assert_string_equal(answer.cause.category, "ip_blocklisted");
    }
    assert_int_equal(
        check(&desk, ask,
              over_route("bob@gmail.com", "192.0.2.2", "news.example", NULL),
              T0 + 60)
            .may,
        BOUNCE_SEND);
    assert_int_equal(
        check(&desk, ask,
              over_route("bob@example.org", "192.0.2.2", NULL, NULL), T0 + 60)
            .may,
        BOUNCE_SEND);
    assert_int_equal(
        act_end_holds(desk.ledger, &filter, &act, &ended, &desk.error),
        STORE_OK);
    assert_int_equal(ended, fixture_keeps() ? 1 : 0);
    assert_int_equal(check(&desk, ask, held, T0 + 180).may, BOUNCE_SEND);
    ask_free(ask);
    desk_clear(&desk);
}

/* Holds of many domains: only the recipient's own is looked at. */
static void test_holds_of_domains(void **state)
{
    struct desk desk;
    struct ask *ask;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    for (unsigned i = 0; i < 40; i++) {
        char id[16], address[40];
        struct record record;

        snprintf(id, sizeof(id), "e%u", i);
        snprintf(address, sizeof(address), "ann@d%u.example", i);
        record = desk_bounce(id, address, "connection_failed", T0 + i * H);
        record.event.provider = SLICE_NULL;
        record.event.permanent = 0;
        desk_apply(&desk, &record);
    }
    ask = ask_new(desk.book);
    for (unsigned i = 0; i < 42; i++) {
        char address[40];
        struct ask_answer answer;
        int64_t now = T0 + i * H + 60;

        snprintf(address, sizeof(address), "bob@d%u.example", i);
        answer =
            check(&desk, ask,
                  over_route(address, "192.0.2.1", "news.example", NULL), now);
        if (fixture_keeps() && i < 40) {
            assert_int_equal(answer.may, BOUNCE_LATER);
            assert_string_equal(answer.hold.key.domain,
                                strchr(address, '@') + 1);
        } else {
            assert_int_equal(answer.may, BOUNCE_SEND);
        }
    }
    ask_free(ask);
    desk_clear(&desk);
}

static void test_forgotten(void **state)
{
    struct desk desk;
    struct record record =
        desk_bounce("e1", "ann@example.org", "user_unknown", T0);
    struct ask_answer answer;
    bool known;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    desk_apply(&desk, &record);
    assert_int_equal(ledger_forget(desk.ledger, SLICE("ann@example.org"),
                                   T0 + D, &known, &desk.error),
                     STORE_OK);
    answer = check_address(&desk, "Ann@example.org", T0 + 2 * D);
    if (fixture_keeps()) {
        assert_true(known);
        assert_int_equal(answer.may, BOUNCE_NEVER);
        assert_true(answer.forgotten);
        assert_string_equal(answer.reason, "hard");
    }
    assert_int_equal(check_address(&desk, "bob@example.org", T0 + 2 * D).may,
                     BOUNCE_SEND);
    desk_clear(&desk);
}

#define MANY 3000

static void test_many(void **state)
{
    static struct ask_question questions[MANY];
    static struct ask_answer answers[MANY];
    static char texts[MANY][40];
    struct record *records = calloc(MANY, sizeof(*records));
    static char ids[MANY][16];
    struct desk desk;
    struct ask *ask;
    size_t count = 0;

    (void)state;
    assert_non_null(records);
    desk_init(&desk, NULL, NULL, NULL);
    for (unsigned i = 0; i < MANY; i += 3) {
        snprintf(ids[i], sizeof(ids[i]), "e%u", i);
        snprintf(texts[i], sizeof(texts[i]), "u%u@example.org", i);
        records[count++] =
            desk_bounce(ids[i], texts[i],
                        i % 2 == 0 ? "user_unknown" : "mailbox_disabled", T0);
    }
    desk_apply_all(&desk, records, count, T0, NULL);
    for (unsigned i = 0; i < MANY; i++) {
        /* Every tenth is asked twice, some are no addresses. */
        unsigned who = i % 10 == 9 ? i - 9 : i;

        snprintf(texts[i], sizeof(texts[i]),
                 i % 100 == 7 ? "u%u" : "U%u@Example.org", who);
        questions[i] = (struct ask_question){.address = slice_cstr(texts[i])};
    }
    ask = ask_new(desk.book);
    assert_int_equal(
        ask_check(ask, questions, MANY, T0 + D, answers, &desk.error),
        STORE_OK);
    for (unsigned i = 0; i < MANY; i++) {
        unsigned who = i % 10 == 9 ? i - 9 : i;
        bool held = fixture_keeps() && who % 3 == 0;

        if (i % 100 == 7) {
            assert_int_equal(answers[i].flaw, ADDRESS_NO_DOMAIN);
            continue;
        }
        assert_int_equal(answers[i].may, held ? BOUNCE_NEVER : BOUNCE_SEND);
        if (held)
            assert_string_equal(answers[i].cause.category,
                                who % 2 == 0 ? "user_unknown"
                                             : "mailbox_disabled");
        assert_int_equal(strncmp(answers[i].address, texts[i],
                                 (size_t)(strchr(texts[i], '@') - texts[i])),
                         0);
    }
    assert_int_equal(ask_check(ask, questions, 0, T0, answers, &desk.error),
                     STORE_OK);
    ask_free(ask);
    free(records);
    desk_clear(&desk);
}

/* Another address has the key already: the row stands under the next one. */
static void test_shared_key(void **state)
{
    struct desk desk;
    struct record record =
        desk_bounce("e1", "ann@example.org", "user_unknown", T0);
    struct address address, next;
    struct store_value values[2];

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    desk_apply(&desk, &record);
    assert_int_equal(
        address_read(desk.book->addresses, SLICE("ann@example.org"), &address),
        ADDRESS_FINE);
    next = address;
    address_rekey(desk.book->addresses, &next, 1);
    values[0] = store_int(address.key);
    values[1] = store_int(next.key);
    assert_int_equal(store_run(desk.book->store,
                               "UPDATE state SET key = $2 WHERE key = $1",
                               values, 2, NULL, NULL, &desk.error),
                     STORE_OK);
    record = desk_bounce("e2", "zoe@example.org", "mailbox_disabled", T0);
    desk_apply(&desk, &record);
    assert_int_equal(
        address_read(desk.book->addresses, SLICE("zoe@example.org"), &next),
        ADDRESS_FINE);
    values[1] = store_int(next.key);
    assert_int_equal(store_run(desk.book->store,
                               "UPDATE state SET key = $1 WHERE key = $2",
                               values, 2, NULL, NULL, &desk.error),
                     STORE_OK);
    if (fixture_keeps()) {
        struct ask_answer answer =
            check_address(&desk, "ann@example.org", T0 + D);

        assert_int_equal(answer.may, BOUNCE_NEVER);
        assert_string_equal(answer.cause.category, "user_unknown");
    }
    desk_clear(&desk);
}

static void test_hashed(void **state)
{
    struct desk desk;
    struct record record =
        desk_bounce("e1", "ann@example.org", "user_unknown", T0);
    struct ask_answer answer;

    (void)state;
    desk_init(&desk, NULL, NULL, "a key of twenty-four byte");
    desk_apply(&desk, &record);
    answer = check_address(&desk, "Ann@Example.org", T0 + D);
    assert_int_equal(answer.may, fixture_keeps() ? BOUNCE_NEVER : BOUNCE_SEND);
    assert_null(strstr(answer.address, "ann"));
    /* What is shown can be asked for. */
    answer = check_address(&desk, answer.address, T0 + D);
    assert_int_equal(answer.may, fixture_keeps() ? BOUNCE_NEVER : BOUNCE_SEND);
    desk_clear(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_suppressed),
        cmocka_unit_test(test_observed),
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_ran_out),
        cmocka_unit_test(test_holds),
        cmocka_unit_test(test_holds_of_domains),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_shared_key),
        cmocka_unit_test(test_hashed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
