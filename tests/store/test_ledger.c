/* SPDX-License-Identifier: MIT
 * Records into the store: what is told once, what counts, what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "store_fixture.h"

#define T0  LEDGER_T0
#define DAY LEDGER_DAY
#define ANN "ann@example.org"

static const char id_a[] = "0123456789abcdef0123456789abcdef";
static const char id_b[] = "1123456789abcdef0123456789abcdef";
static const char id_c[] = "2123456789abcdef0123456789abcdef";

static void a_hard_bounce_suppresses(void **state)
{
    struct desk *desk = *state;
    struct record r = desk_bounce(id_a, ANN, "user_unknown", T0);
    struct ledger_result result = desk_apply_at(desk, &r, T0 + 60);

    assert_true(result.fresh);
    assert_false(result.repeated);
    assert_int_equal(result.outcome, BOUNCE_OUTCOME_SUPPRESSED);
    assert_int_equal(result.standing, BOUNCE_SUPPRESSED);
    assert_int_equal(result.seq, 1);
    desk_expect(desk,
                "SELECT address, domain, scope, standing, slot, category, "
                "class, provider FROM state",
                "'ann@example.org'|'example.org'|''|2|1|'user_unknown'|1|"
                "'google'\n");
    desk_expect(desk,
                "SELECT seq, kind, counts, review, id, verified, ip, "
                "sender_domain, domain, source, confidence FROM event",
                "1|1|1|0|'0123456789abcdef0123456789abcdef'|-1|'192.0.2.1'|"
                "'news.example'|'example.org'|'test'|98\n");
    desk_expect(desk,
                "SELECT seq, what, was, becomes, outcome, reason, category, "
                "entry, rule, event_id, address FROM change",
                "1|'state'|'active'|'suppressed'|'suppressed'|'at-once'|"
                "'user_unknown'|'default:user_unknown'|'test.rule'|"
                "'0123456789abcdef0123456789abcdef'|'ann@example.org'\n");
    desk_expect(desk,
                "SELECT dim, value, what, detail, n FROM tally "
                "ORDER BY dim",
                "'all'|''|'bounce'|'user_unknown'|1\n"
                "'domain'|'example.org'|'bounce'|'user_unknown'|1\n"
                "'ip'|'192.0.2.1'|'bounce'|'user_unknown'|1\n"
                "'provider'|'google'|'bounce'|'user_unknown'|1\n"
                "'sender_domain'|'news.example'|'bounce'|'user_unknown'|1\n");
    desk_expect(desk, "SELECT provider, hard, results FROM pulse",
                "'google'|1|1\n");
}

static void the_same_event_changes_nothing(void **state)
{
    struct desk *desk = *state;
    struct record r = desk_bounce(id_a, ANN, "mailbox_full", T0);
    struct record both[2] = {r, r};
    struct ledger_result results[2];

    desk_apply_all(desk, both, 2, T0, results);
    assert_true(results[0].fresh);
    assert_false(results[1].fresh);
    if (!fixture_keeps())
        return;
    desk_reopen(desk);
    {
        struct ledger_result again = desk_apply_at(desk, &r, T0 + DAY);

        assert_false(again.fresh);
        assert_int_equal(again.seq, 0);
    }
    desk_expect(desk, "SELECT count(*) FROM event", "1\n");
    desk_expect(desk, "SELECT count(*) FROM change", "1\n");
    desk_expect(desk, "SELECT n FROM tally WHERE dim = 'all'", "1\n");
}

/* Log line, report and webhook of one failure. */
static void a_failure_counts_once(void **state)
{
    struct desk *desk = *state;
    struct record log = desk_bounce(id_a, ANN, "mailbox_full", T0);
    struct record report = desk_bounce(id_b, ANN, "mailbox_full", T0 + 5);
    struct record hook = desk_bounce(id_c, ANN, "mailbox_full", T0 + 9);
    struct ledger_result results[3];

    log.event.queue_id = SLICE("4F1A");
    log.event.reporting_mta = SLICE("MX.example.net");
    report.event.queue_id = SLICE("4F1A");
    report.event.reporting_mta = SLICE("mx.example.net");
    report.event.message_id = SLICE("<m1@news.example>");
    hook.event.message_id = SLICE("m1@news.example");
    results[0] = desk_apply(desk, &log);
    results[1] = desk_apply(desk, &report);
    results[2] = desk_apply(desk, &hook);
    if (!fixture_keeps())
        return;
    assert_false(results[0].repeated);
    assert_true(results[1].repeated);
    assert_true(results[2].repeated);
    desk_expect(desk, "SELECT count(DISTINCT failure), sum(counts) FROM event",
                "1|1\n");
    desk_expect(desk, "SELECT n FROM tally WHERE dim = 'all'", "1\n");
    desk_expect(desk, "SELECT count, needed FROM change", "1|5\n");
    desk_expect_replay(desk);
}

/* What joins two failures comes last, or first: the states are the same. */
static void a_link_joins_what_was_counted_apart(void **state)
{
    struct desk *desk = *state;
    struct record by_log = desk_bounce(id_a, ANN, "mailbox_full", T0);
    struct record by_hook = desk_bounce(id_b, ANN, "mailbox_full", T0 + 5);
    struct record link = desk_bounce(id_c, ANN, "mailbox_full", T0 + 9);

    by_log.event.queue_id = SLICE("4F1A");
    by_hook.event.message_id = SLICE("<m1@news.example>");
    link.event.queue_id = SLICE("4F1A");
    link.event.message_id = SLICE("<m1@news.example>");
    desk_apply(desk, &by_log);
    desk_apply(desk, &by_hook);
    desk_expect(desk, "SELECT sum(counts) FROM event", "2\n");
    desk_apply(desk, &link);
    desk_expect(desk, "SELECT count(DISTINCT failure), sum(counts) FROM event",
                "1|1\n");
    desk_expect(desk, "SELECT n FROM tally WHERE dim = 'all'", "1\n");
    desk_expect_replay(desk);
}

static void a_late_event_finds_its_place(void **state)
{
    struct desk *desk = *state;
    struct record full = desk_bounce(id_a, ANN, "mailbox_full", T0);
    struct record delivery =
        desk_event(BOUNCE_KIND_DELIVERY, id_b, ANN, "delivered", T0 + DAY);
    struct record late = desk_bounce(id_c, ANN, "mailbox_full", T0 + 60);

    desk_apply(desk, &full);
    desk_apply(desk, &delivery);
    desk_apply_at(desk, &late, T0 + 2 * DAY);
    /* It failed before the delivery: it does not count now. */
    desk_expect(desk, "SELECT standing, newest_at FROM state",
                "0|1700006400\n");
    desk_expect(desk, "SELECT outcome, reason, count FROM change ORDER BY seq",
                "'counted'|'counted'|1\n'reset'|'delivered'|NULL\n"
                "'counted'|'counted'|2\n");
    desk_expect_replay(desk);
}

static void a_scope_has_its_own_state(void **state)
{
    struct desk *desk = *state;
    struct record r =
        desk_event(BOUNCE_KIND_UNSUBSCRIBE, id_a, ANN, "unsubscribe", T0);

    r.event.scope = SLICE("news");
    assert_int_equal(desk_apply(desk, &r).standing, BOUNCE_SUPPRESSED);
    desk_expect(desk, "SELECT scope, standing, slot FROM state ORDER BY scope",
                "''|0|NULL\n'news'|2|4\n");
    desk_expect(desk, "SELECT scope, becomes FROM change",
                "'news'|'suppressed'\n");
    desk_expect_replay(desk);
}

static void a_block_holds_the_route(void **state)
{
    struct desk *desk = *state;
    struct record r = desk_bounce(id_a, ANN, "rate_limited", T0);
    struct record delivery = desk_event(
        BOUNCE_KIND_DELIVERY, id_b, "bob@example.org", "delivered", T0 + 60);

    r.event.cls = BOUNCE_CLASS_BLOCK;
    assert_true(desk_apply(desk, &r).changed);
    desk_expect(desk,
                "SELECT provider, domain, ip, until - since, open FROM hold",
                "'google'|''|'192.0.2.1'|900|1\n");
    desk_expect(desk, "SELECT standing FROM state", "0\n");
    desk_apply(desk, &delivery);
    desk_expect(desk, "SELECT open FROM hold", "0\n");
    desk_expect(desk,
                "SELECT what, was, becomes, outcome, reason, address "
                "FROM change ORDER BY seq",
                "'hold'|'free'|'held'|'held'|'google / 192.0.2.1'|NULL\n"
                "'hold'|'held'|'free'|'ended'|'google / 192.0.2.1'|NULL\n");
}

static void people_have_their_say(void **state)
{
    struct desk *desk = *state;
    struct record bounce = desk_bounce(id_a, ANN, "user_unknown", T0);
    struct record release, suppress;

    record_init(&release, NULL);
    release.act = RECORD_RELEASE;
    release.event.recipient = SLICE(ANN);
    release.event.occurred_at = T0 + 100;
    release.reason = SLICE("she called");
    record_init(&suppress, NULL);
    suppress.act = RECORD_SUPPRESS;
    suppress.event.recipient = SLICE(ANN);
    suppress.event.occurred_at = T0 + 200;
    suppress.until = T0 + DAY;
    desk_apply(desk, &bounce);
    assert_int_equal(desk_apply(desk, &release).outcome,
                     fixture_keeps() ? BOUNCE_OUTCOME_RELEASED
                                     : BOUNCE_OUTCOME_NOTHING);
    desk_expect(desk, "SELECT standing FROM state", "0\n");
    assert_int_equal(desk_apply(desk, &suppress).outcome,
                     BOUNCE_OUTCOME_SUPPRESSED);
    desk_expect(desk, "SELECT standing, slot, until - since FROM state",
                "2|5|86200\n");
    /* The same act in the same second is the same. */
    assert_int_equal(desk_apply(desk, &suppress).fresh, !fixture_keeps());
    desk_expect(desk, "SELECT kind, rule FROM event ORDER BY seq",
                "1|'test.rule'\n101|'she called'\n100|NULL\n");
    desk_expect_replay(desk);
}

static void without_a_recipient_a_person_must_look(void **state)
{
    struct desk *desk = *state;
    struct record r = desk_bounce(id_a, "", "ip_blocklisted", T0);
    struct record bad;

    desk_apply(desk, &r);
    desk_expect(desk, "SELECT review, domain FROM event", "1|NULL\n");
    desk_expect(desk, "SELECT count(*) FROM state", "0\n");
    desk_expect(desk, "SELECT provider, ip FROM hold",
                "'google'|'192.0.2.1'\n");
    if (fixture_keeps())
        assert_false(desk_apply(desk, &r).fresh);
    record_init(&bad, NULL);
    bad.act = RECORD_SUPPRESS;
    bad.event.recipient = SLICE("nobody");
    {
        struct record both[2] = {r, bad};

        assert_int_equal(ledger_apply(desk->ledger, both, 2, T0, NULL,
                                      &desk->bad, &desk->error),
                         STORE_E_VALUE);
        assert_int_equal(desk->bad, 1);
    }
}

/* Two addresses that by chance share a key. */
static void a_key_is_one_address_alone(void **state)
{
    struct desk *desk = *state;
    struct record r = desk_bounce(id_a, ANN, "user_unknown", T0);
    struct record other =
        desk_bounce(id_b, "bob@example.org", "user_unknown", T0 + 1);
    struct record again =
        desk_bounce(id_c, "bob@example.org", "mailbox_full", T0 + 2);
    struct address ann, bob;
    char sql[200];

    assert_int_equal(address_read(desk->book->addresses, SLICE(ANN), &ann),
                     ADDRESS_FINE);
    assert_int_equal(
        address_read(desk->book->addresses, SLICE("bob@example.org"), &bob),
        ADDRESS_FINE);
    desk_apply(desk, &r);
    snprintf(sql, sizeof(sql), "UPDATE state SET key = %lld",
             (long long)bob.key);
    free(desk_query(desk, sql));
    snprintf(sql, sizeof(sql), "UPDATE event SET rcpt = %lld",
             (long long)bob.key);
    free(desk_query(desk, sql));
    desk_apply(desk, &other);
    desk_apply(desk, &again);
    desk_expect(desk, "SELECT address, scope FROM state ORDER BY address",
                "'ann@example.org'|''\n'bob@example.org'|''\n");
    address_rekey(desk->book->addresses, &bob, 1);
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM event WHERE rcpt = %lld",
             (long long)bob.key);
    desk_expect(desk, sql, "2\n");
    {
        struct book_state found;

        assert_int_equal(
            address_read(desk->book->addresses, SLICE("BOB@example.org"), &bob),
            ADDRESS_FINE);
        assert_int_equal(
            book_state(desk->book, &bob, SLICE_NULL, &found, &desk->error),
            STORE_OK);
        assert_int_equal(found.found, fixture_keeps());
    }
}

static void positions_go_with_their_records(void **state)
{
    struct desk *desk = *state;
    struct record r = desk_bounce(id_a, ANN, "user_unknown", T0);
    struct record bad = r;
    char mark[32];
    int64_t offset;

    bad.event.event_id = SLICE_NULL;
    assert_true(
        ledger_position_set(desk->ledger, SLICE("mbox"), 77, SLICE("1:2:abc")));
    assert_int_equal(
        ledger_apply(desk->ledger, &bad, 1, T0, NULL, &desk->bad, &desk->error),
        STORE_E_VALUE);
    assert_int_equal(ledger_position_get(desk->ledger, SLICE("mbox"), &offset,
                                         mark, sizeof(mark), &desk->error),
                     STORE_OK);
    assert_int_equal(offset, -1);
    desk_apply(desk, &r);
    if (!fixture_keeps())
        return;
    assert_int_equal(ledger_position_get(desk->ledger, SLICE("mbox"), &offset,
                                         mark, sizeof(mark), &desk->error),
                     STORE_OK);
    assert_int_equal(offset, 77);
    assert_string_equal(mark, "1:2:abc");
}

static void keys_must_agree(void **state)
{
    struct desk *desk = *state;
    struct book_options options = {.store = desk->fixture.where,
                                   .policy = desk->policy,
                                   .engine = desk->engine,
                                   .address_key =
                                       SLICE("0123456789abcdef0123")};
    struct book *book;

    if (!fixture_keeps())
        return;
    assert_int_equal(book_open(&options, &book, &desk->error), STORE_E_VERSION);
    assert_non_null(strstr(desk->error.msg, "in clear"));
    options.address_key = SLICE_NULL;
    assert_int_equal(book_open(&options, &book, &desk->error), STORE_OK);
    book_close(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, desk_set_up, desk_tear_down)
        TEST(a_hard_bounce_suppresses),
        TEST(the_same_event_changes_nothing),
        TEST(a_failure_counts_once),
        TEST(a_link_joins_what_was_counted_apart),
        TEST(a_late_event_finds_its_place),
        TEST(a_scope_has_its_own_state),
        TEST(a_block_holds_the_route),
        TEST(people_have_their_say),
        TEST(without_a_recipient_a_person_must_look),
        TEST(a_key_is_one_address_alone),
        TEST(positions_go_with_their_records),
        TEST(keys_must_agree),
#undef TEST
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
