/* SPDX-License-Identifier: MIT
 * What goes into the store comes out of it again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/record.h"

#define BODY_MAX 16384

static unsigned roll(uint64_t *dice, unsigned sides)
{
    *dice ^= *dice >> 12;
    *dice ^= *dice << 25;
    *dice ^= *dice >> 27;
    return (unsigned)((*dice * 2685821657736338717U) >> 40) % sides;
}

/* Unknown, empty, plain, or with everything that JSON must escape. */
static struct bounce_slice some_text(uint64_t *dice)
{
#define TEXT(literal)                                                          \
    {                                                                          \
        literal, sizeof(literal) - 1                                           \
    }
    static const struct bounce_slice texts[] = {
        {NULL, 0},
        TEXT(""),
        TEXT("ann@example.org"),
        TEXT("say \"no\" \\ \t\r\n\b\f/ "),
        TEXT("\x01\x7F nul \0 here"),
        TEXT("z\xC3\xBCrich \xE2\x80\xA8 \xF0\x9F\x93\xA7 \xC2\x85"),
        TEXT("550-5.1.1 unknown\n550 5.1.1 user"),
    };

    return texts[roll(dice, sizeof(texts) / sizeof(texts[0]))];
}

static struct record random_record(uint64_t *dice)
{
    struct record r;
    struct bounce_event *e = &r.event;
    struct bounce_signals *s = &e->signals;

    record_init(&r, NULL);
    e->recipient = some_text(dice);
    e->original_recipient = some_text(dice);
    e->recipient_from = (enum bounce_recipient_from)roll(dice, 10);
    e->action = (enum bounce_action)roll(dice, 6);
    e->stage = (enum bounce_stage)roll(dice, 7);
    e->evidence_by = (enum bounce_evidence)roll(dice, 7);
    e->evidence_text = some_text(dice);
    e->expired = roll(dice, 2) == 0;
    e->status = some_text(dice);
    e->reply_code = roll(dice, 2) == 0 ? 0 : 550;
    e->diagnostic = some_text(dice);
    e->gateway = some_text(dice);
    e->reporting_mta = some_text(dice);
    e->remote_mta = some_text(dice);
    e->format = some_text(dice);
    e->written_by = some_text(dice);
    e->queue_id = some_text(dice);
    e->service = some_text(dice);
    e->service_verdict = some_text(dice);
    e->message_id = some_text(dice);
    e->report_id = some_text(dice);
    e->sender = some_text(dice);
    e->feedback_id = some_text(dice);
    e->feedback_type = some_text(dice);
    e->subject = some_text(dice);
    e->sent_at = roll(dice, 2) == 0 ? BOUNCE_NO_TIME : 1700000000;
    e->occurred_at = roll(dice, 2) == 0 ? BOUNCE_NO_TIME : -5;
    s->block_list = some_text(dice);
    s->lookup_url = some_text(dice);
    s->removal_url = some_text(dice);
    s->sender_ip = some_text(dice);
    s->url = some_text(dice);
    s->new_address = some_text(dice);
    s->suppressed_for = some_text(dice);
    s->person_left = (int)roll(dice, 3) - 1;
    if (roll(dice, 2) == 0) {
        s->limit_what = SLICE("size");
        s->limit_value = roll(dice, 2) == 0 ? 25000000.0 : 2.25;
        s->limit_unit = some_text(dice);
    }
    r.envelope_id = some_text(dice);
    r.reason = some_text(dice);
    return r;
}

/* Written again, what was read gives the same text: every member came back. */
static void bodies_come_back(void **state)
{
    uint64_t dice = 88172645463325252U;
    struct arena arena;

    (void)state;
    arena_init(&arena, allocator_default(), (size_t)1 << 24);
    for (unsigned i = 0; i < 5000; i++) {
        static char body[BODY_MAX], again[BODY_MAX];
        struct record r = random_record(&dice), back;
        size_t len = record_body_write(&r, body, sizeof(body));

        assert_true(len <= sizeof(body));
        arena_reset(&arena);
        record_init(&back, NULL);
        assert_true(record_body_read(slice_make(body, len), &arena, &back));
        assert_int_equal(record_body_write(&back, again, sizeof(again)), len);
        assert_memory_equal(body, again, len);
        assert_true(slice_eq(back.event.diagnostic, r.event.diagnostic));
        assert_int_equal(back.event.diagnostic.ptr == NULL,
                         r.event.diagnostic.ptr == NULL);
        assert_int_equal(back.event.sent_at, r.event.sent_at);
        assert_int_equal(back.event.occurred_at, r.event.occurred_at);
        assert_int_equal(back.event.expired, r.event.expired);
        assert_int_equal(back.event.signals.person_left,
                         r.event.signals.person_left);
    }
    arena_clear(&arena);
}

static void nothing_known_is_little(void **state)
{
    char body[BODY_MAX];
    struct record r;

    (void)state;
    record_init(&r, NULL);
    assert_int_equal(record_body_write(&r, body, sizeof(body)), 2);
    assert_memory_equal(body, "{}", 2);
    r.event.diagnostic = SLICE("550 no");
    r.event.reply_code = 550;
    r.event.signals.limit_what = SLICE("size");
    r.event.signals.limit_value = 10;
    {
        static const char want[] =
            "{\"diagnostic\":\"550 no\",\"reply_code\":550,"
            "\"signals\":{\"limit\":{\"what\":\"size\",\"value\":10}}}";
        size_t len = record_body_write(&r, body, sizeof(body));

        assert_int_equal(len, sizeof(want) - 1);
        assert_memory_equal(body, want, len);
        /* A buffer that is too small is filled and no more. */
        memset(body, 'x', sizeof(body));
        assert_int_equal(record_body_write(&r, body, 10), len);
        assert_int_equal(body[10], 'x');
    }
}

static void what_is_no_body_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1",
        "{\"a\":1}x",
        "{\"a\":\"\\q\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"x",
        "{\"a\":\"x\\",
        "{\"a\":{\"b\":{\"c\":{\"d\":1}}}}",
        "{\"a\":1234567890123456789}",
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, allocator_default(), (size_t)1 << 20);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct record r;
        size_t len = strlen(bad[i]);
        /* So that a byte too far is seen. */
        char *copy = malloc(len > 0 ? len : 1);

        assert_non_null(copy);
        memcpy(copy, bad[i], len);
        record_init(&r, NULL);
        if (record_body_read(slice_make(copy, len), &arena, &r))
            fail_msg("taken: %s", bad[i]);
        free(copy);
    }
    {
        struct record r;

        record_init(&r, NULL);
        assert_true(record_body_read(
            SLICE("{\"of_tomorrow\":{\"x\":1},\"status\":\"5.1.1\"}"), &arena,
            &r));
        assert_true(slice_eq(r.event.status, SLICE("5.1.1")));
    }
    arena_clear(&arena);
}

static void copies_stand_alone(void **state)
{
    uint64_t dice = 42;
    struct arena arena;

    (void)state;
    arena_init(&arena, allocator_default(), (size_t)1 << 20);
    for (unsigned i = 0; i < 200; i++) {
        static char body[BODY_MAX], again[BODY_MAX];
        struct record r = random_record(&dice), copy;
        char diagnostic[] = "550 of the moment";
        size_t len;

        arena_reset(&arena);
        r.event.diagnostic = slice_cstr(diagnostic);
        r.source = slice_cstr(diagnostic);
        assert_true(record_copy(&copy, &r, &arena));
        len = record_body_write(&r, body, sizeof(body));
        memset(diagnostic, 'x', sizeof(diagnostic) - 1);
        assert_int_equal(record_body_write(&copy, again, sizeof(again)), len);
        assert_memory_equal(body, again, len);
        assert_true(slice_eq(copy.source, SLICE("550 of the moment")));
    }
    arena_clear(&arena);
}

static void facts_come_back(void **state)
{
    uint64_t dice = 7;
    struct record_facts none;

    (void)state;
    record_facts_init(&none);
    assert_int_equal(record_facts_write(&none, NULL, 0), 0);
    for (unsigned i = 0; i < 2000; i++) {
        static const char *const causes[] = {"", "bounce", "complaint"};
        struct record_facts f, back;
        char text[512], again[512];
        size_t len;

        record_facts_init(&f);
        f.service_class = (enum bounce_class)roll(&dice, 7);
        f.dns_domain = (int)roll(&dice, 3) - 1;
        f.domain_delivered_at =
            roll(&dice, 2) == 0 ? BOUNCE_NO_TIME : (int64_t)roll(&dice, 1000);
        f.engaged_at = roll(&dice, 2) == 0 ? BOUNCE_NO_TIME : -3;
        f.waiting_s = roll(&dice, 2) == 0 ? -1 : (int64_t)roll(&dice, 1000);
        f.told_at = roll(&dice, 2) == 0 ? BOUNCE_NO_TIME : 1700000000;
        f.tries = roll(&dice, 3);
        f.breaker = roll(&dice, 4);
        snprintf(f.suppressed_for, sizeof(f.suppressed_for), "%s",
                 causes[roll(&dice, 3)]);
        f.slot = (enum bounce_slot)roll(&dice, BOUNCE_SLOTS);
        f.until = roll(&dice, 2) == 0 ? BOUNCE_NO_TIME : 1800000000;
        f.consent = roll(&dice, 2) == 0;
        f.reply_alone = roll(&dice, 2) == 0;
        len = record_facts_write(&f, text, sizeof(text));
        assert_true(len < sizeof(text));
        assert_true(record_facts_read(slice_make(text, len), &back));
        assert_int_equal(back.slot, f.slot);
        assert_int_equal(back.dns_domain, f.dns_domain);
        assert_int_equal(back.until, f.until);
        assert_int_equal(back.domain_delivered_at, f.domain_delivered_at);
        assert_int_equal(record_facts_write(&back, again, sizeof(again)), len);
        assert_memory_equal(text, again, len);
    }
    assert_false(record_facts_read(SLICE("dns=x"), &none));
    assert_false(record_facts_read(SLICE("dns"), &none));
    assert_false(record_facts_read(SLICE("slot=nowhere"), &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_come_back),
        cmocka_unit_test(nothing_known_is_little),
        cmocka_unit_test(what_is_no_body_is_refused),
        cmocka_unit_test(copies_stand_alone),
        cmocka_unit_test(facts_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
