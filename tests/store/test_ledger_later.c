/* SPDX-License-Identifier: MIT
 * What comes later: the sent log, folding, new rules, forgetting; and addresses
 * that are nowhere to be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "store/act.h"
#include "store_fixture.h"

#define T0  LEDGER_T0
#define DAY LEDGER_DAY
#define ANN "ann@example.org"

static const char id_a[] = "0123456789abcdef0123456789abcdef";
static const char id_b[] = "1123456789abcdef0123456789abcdef";
static const char id_c[] = "2123456789abcdef0123456789abcdef";

static int set_up_trust(void **state)
{
    return desk_set_up_with(state, "Policy: trust\nRequire-Verified: yes\n",
                            NULL);
}

static int set_up_keyed(void **state)
{
    return desk_set_up_with(state, NULL, "0123456789abcdef0123456789abcdef");
}

static struct sent line(const char *mid, const char *to, int64_t at)
{
    return (struct sent){.message_id = slice_cstr(mid),
                         .recipient = slice_cstr(to),
                         .scope = SLICE("news"),
                         .campaign = SLICE("spring"),
                         .ip = SLICE("192.0.2.9"),
                         .sender_domain = SLICE("News.Example"),
                         .at = at};
}

static void log_sent(struct desk *desk, const struct sent *lines, size_t count,
                     size_t fresh)
{
    size_t got;

    if (ledger_sent(desk->ledger, lines, count, &got, &desk->bad,
                    &desk->error) != STORE_OK)
        fail_msg("ledger_sent: %s", desk->error.msg);
    if (fixture_keeps())
        assert_int_equal(got, fresh);
}

static struct record unrouted(const char *id, const char *category, int64_t at)
{
    struct record r = desk_bounce(id, ANN, category, at);

    r.ip = r.sender_domain = SLICE_NULL;
    r.event.message_id = SLICE("<m1@news.example>");
    return r;
}

#define ROUTE                                                                  \
    "SELECT scope, campaign, ip, sender_domain, verified FROM event "          \
    "ORDER BY seq"

static void an_event_learns_its_route(void **state)
{
    struct desk *desk = *state;
    struct sent s = line("m1@news.example", ANN, T0 - 60);
    struct record r = unrouted(id_a, "recipient_restricted", T0);
    struct record fake = unrouted(id_b, "mailbox_full", T0 + 1);

    fake.event.verified = 0;
    fake.event.campaign = SLICE("known");
    log_sent(desk, &s, 1, 1);
    desk_apply(desk, &r);
    desk_apply(desk, &fake);
    desk_expect(desk, ROUTE,
                "'news'|'spring'|'192.0.2.9'|'news.example'|1\n"
                "'news'|'known'|'192.0.2.9'|'news.example'|0\n");
    desk_expect_replay(desk);
}

/* The same when the log comes last: the refusal moves to its scope. */
static void an_event_learns_it_later(void **state)
{
    struct desk *desk = *state;
    struct sent s = line("<m1@news.example>", "Ann@Example.org", T0 - 60);
    struct record r = unrouted(id_a, "recipient_restricted", T0);
    struct record block = unrouted(id_b, "rate_limited", T0 + 1);

    block.event.cls = BOUNCE_CLASS_BLOCK;
    block.event.queue_id = SLICE("other");
    desk_apply(desk, &r);
    desk_apply(desk, &block);
    desk_expect(desk, "SELECT scope FROM state", "''\n");
    desk_expect(desk, "SELECT count(*) FROM hold", "0\n");
    log_sent(desk, &s, 1, 1);
    log_sent(desk, &s, 1, 0);
    desk_expect(desk, ROUTE,
                "'news'|'spring'|'192.0.2.9'|'news.example'|1\n"
                "'news'|'spring'|'192.0.2.9'|'news.example'|1\n");
    desk_expect(desk, "SELECT scope FROM state WHERE text LIKE '%refused%'",
                "'news'\n");
    desk_expect(desk, "SELECT provider, ip FROM hold",
                "'google'|'192.0.2.9'\n");
    /* What counted without a campaign counts with it now. */
    desk_expect(desk,
                "SELECT dim, value, detail, n FROM tally WHERE dim = "
                "'campaign' AND what = 'bounce' ORDER BY detail",
                "'campaign'|'spring'|'recipient_restricted'|1\n");
    desk_expect_replay(desk);
}

static void trust_comes_with_the_log(void **state)
{
    struct desk *desk = *state;
    struct sent s = line("<m1@news.example>", ANN, T0 - 60);
    struct record r = unrouted(id_a, "user_unknown", T0);

    assert_int_equal(desk_apply(desk, &r).standing, BOUNCE_ACTIVE);
    log_sent(desk, &s, 1, 1);
    desk_expect(desk, "SELECT standing FROM state", "2\n");
    desk_expect(desk, "SELECT what, was, becomes, outcome, reason FROM change",
                "'state'|'active'|'suppressed'|'suppressed'|'replayed'\n");
    desk_expect_replay(desk);
}

static void mails_and_their_intervals_are_counted(void **state)
{
    struct desk *desk = *state;
    struct sent lines[] = {line("a@n", ANN, T0), line("b@n", ANN, T0 + 8 * DAY),
                           line("c@n", "bob@example.org", T0)};
    struct sent between = line("d@n", ANN, T0 + DAY);
    struct sent bad = line("e@n", "nobody", T0);

    log_sent(desk, lines, 3, 3);
    desk_expect(desk,
                "SELECT what, detail, sum(n) FROM tally WHERE dim = "
                "'all' AND n <> 0 GROUP BY what, detail ORDER BY what",
                "'interval'|'7'|1\n'sent'|''|3\n");
    log_sent(desk, &between, 1, 1);
    desk_expect(desk,
                "SELECT what, detail, sum(n) FROM tally WHERE dim = "
                "'sender_domain' AND value = 'news.example' AND n <> 0 "
                "GROUP BY what, detail ORDER BY what, detail",
                "'interval'|'4'|1\n'interval'|'7'|1\n'sent'|''|4\n");
    /* Nobody bounced: nobody has a state. */
    desk_expect(desk, "SELECT count(*) FROM state", "0\n");
    lines[1] = bad;
    assert_int_equal(
        ledger_sent(desk->ledger, lines, 3, NULL, &desk->bad, &desk->error),
        STORE_E_VALUE);
    assert_int_equal(desk->bad, 1);
}

/* ---- New rules ------------------------------------------------------- */

struct seen {
    unsigned count;
    char becomes[32];
};

static bool take(void *ctx, const struct ledger_reclassified *what)
{
    struct seen *seen = ctx;

    seen->count++;
    snprintf(seen->becomes, sizeof(seen->becomes), "%.*s",
             (int)what->becomes.len, what->becomes.ptr);
    return true;
}

static struct record read_reply(struct desk *desk, const char *id,
                                const char *reply, struct bounce_reader *reader,
                                int64_t at)
{
    struct bounce_reply input = {.size = sizeof(input),
                                 .text = slice_cstr(reply)};
    const struct bounce_result *result;
    struct record r;

    (void)desk;
    assert_int_equal(bounce_classify(reader, &input, &result, NULL), BOUNCE_OK);
    record_init(&r, bounce_result_event(result, 0));
    r.event.event_id = slice_cstr(id);
    r.event.recipient = SLICE(ANN);
    r.event.occurred_at = at;
    return r;
}

static void new_rules_judge_again(void **state)
{
    static const char rules[] = "Rule: own.gone\nCategory: user_unknown\n"
                                "Phrase: zonk wibbled the flurble\n"
                                "Example: 550 zonk wibbled the flurble\n";
    struct desk *desk = *state;
    struct bounce_engine *old = desk->engine;
    struct bounce_reader *reader;
    struct record r;
    struct seen seen = {0};
    uint64_t events;
    struct bounce_error error;

    assert_int_equal(bounce_reader_new(desk->engine, &reader), BOUNCE_OK);
    r = read_reply(desk, id_a, "550 5.0.0 zonk wibbled the flurble", reader,
                   T0);
    desk_apply(desk, &r);
    desk_expect(desk, "SELECT category FROM event", "'undetermined'\n");
    bounce_reader_free(reader);
    assert_int_equal(ledger_reclassify(desk->ledger, false, T0, take, &seen,
                                       &events, &desk->error),
                     STORE_OK);
    assert_int_equal(seen.count, 0);

    assert_int_equal(bounce_engine_new(NULL, &desk->engine), BOUNCE_OK);
    assert_int_equal(
        bounce_engine_add_rules(desk->engine, "own", rules, sizeof(rules) - 1),
        BOUNCE_OK);
    if (bounce_engine_seal(desk->engine, &error) != BOUNCE_OK)
        fail_msg("%s", error.msg);
    if (!fixture_keeps()) {
        bounce_engine_free(desk->engine);
        desk->engine = old;
        return;
    }
    desk_reopen(desk);
    bounce_engine_free(old);
    assert_int_equal(ledger_reclassify(desk->ledger, false, T0, take, &seen,
                                       &events, &desk->error),
                     STORE_OK);
    assert_int_equal(events, 1);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.becomes, "user_unknown");
    desk_expect(desk, "SELECT category FROM event", "'undetermined'\n");
    assert_int_equal(ledger_reclassify(desk->ledger, true, T0, take, &seen,
                                       &events, &desk->error),
                     STORE_OK);
    desk_expect(desk, "SELECT category, rule, class FROM event",
                "'user_unknown'|'own.gone'|1\n");
    desk_expect(desk, "SELECT standing, category FROM state",
                "2|'user_unknown'\n");
    desk_expect(desk,
                "SELECT detail, n FROM tally WHERE dim = 'all' AND "
                "n <> 0",
                "'user_unknown'|1\n");
    desk_expect_replay(desk);
    assert_int_equal(ledger_reclassify(desk->ledger, true, T0, take, &seen,
                                       &events, &desk->error),
                     STORE_OK);
    assert_int_equal(seen.count, 2);
}

/* ---- Forgetting ------------------------------------------------------ */

static void nothing_holds(struct desk *desk, const char *word)
{
    static const char *const tables[] = {
        "state", "event", "folded", "change", "hold",     "sent",
        "tally", "pulse", "domain", "raw",    "position", "forgotten"};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char sql[64];
        char *rows;

        snprintf(sql, sizeof(sql), "SELECT * FROM %s", tables[i]);
        rows = desk_query(desk, sql);
        if (strstr(rows, word) != NULL)
            fail_msg("%s: %.300s", tables[i], strstr(rows, word));
        free(rows);
    }
}

static void forgetting_keeps_the_suppression(void **state)
{
    struct desk *desk = *state;
    struct record r = desk_bounce(id_a, ANN, "user_unknown", T0);
    struct record full = desk_bounce(id_b, ANN, "mailbox_full", T0 + DAY);
    struct record other =
        desk_bounce(id_c, "bob@example.org", "mailbox_full", T0);
    struct sent s = line("<m1@news.example>", ANN, T0 - 60);
    struct record release;
    bool known;

    r.raw = SLICE("From: x\nTo: ann@example.org\n\nno such user\n");
    r.offset = other.offset = 7;
    {
        struct record both[2] = {other, r};

        both[0].raw = r.raw; /* one report of two recipients */
        desk_apply_all(desk, both, 2, T0, NULL);
    }
    log_sent(desk, &s, 1, 1);
    if (ledger_forget(desk->ledger, SLICE("ANN@example.org"), T0 + 100, &known,
                      &desk->error) != STORE_OK)
        fail_msg("%s", desk->error.msg);
    if (!fixture_keeps())
        return;
    assert_true(known);
    nothing_holds(desk, "ann");
    desk_expect(desk, "SELECT address FROM state", "'bob@example.org'\n");
    desk_expect(desk, "SELECT scope, length(digest) FROM forgotten", "''|64\n");
    /* Whatever comes of her next finds her suppressed. */
    assert_int_equal(desk_apply(desk, &full).standing, BOUNCE_SUPPRESSED);
    desk_expect(desk,
                "SELECT standing, category FROM state WHERE address = "
                "'ann@example.org'",
                "2|'user_unknown'\n");
    desk_expect(desk, "SELECT count(*) FROM forgotten", "0\n");
    desk_expect_replay(desk);
    record_init(&release, NULL);
    release.act = RECORD_RELEASE;
    release.event.recipient = SLICE(ANN);
    release.event.occurred_at = T0 + 2 * DAY;
    assert_int_equal(desk_apply(desk, &release).outcome,
                     BOUNCE_OUTCOME_RELEASED);
    desk_expect_replay(desk);
    /* Numbers of deleted events are not given out again. */
    desk_expect(desk, "SELECT min(seq), max(seq) FROM event", "1|4\n");
    if (ledger_forget(desk->ledger, SLICE("eve@example.org"), T0, &known,
                      &desk->error) != STORE_OK)
        fail_msg("%s", desk->error.msg);
    assert_false(known);
}

static void folding_keeps_what_counts(void **state)
{
    struct desk *desk = *state;
    struct record r = desk_bounce(id_a, ANN, "mailbox_full", T0);
    struct record later = desk_bounce(id_b, ANN, "mailbox_full", T0 + DAY);
    bool more;

    r.raw = SLICE("raw");
    desk_apply(desk, &r);
    desk_apply(desk, &later);
    assert_int_equal(
        ledger_fold(desk->ledger, T0 + 1, T0 + 1, 100, &more, &desk->error),
        STORE_OK);
    assert_false(more);
    desk_expect(desk, "SELECT seq FROM event", "2\n");
    desk_expect(desk, "SELECT count(*) FROM raw", "0\n");
    desk_expect(desk, "SELECT count(*) FROM folded", "1\n");
    desk_expect(desk, "SELECT base_at FROM state", "1699920000\n");
    desk_expect_replay(desk);
    if (!fixture_keeps())
        return;
    assert_false(desk_apply_at(desk, &r, T0 + 2 * DAY).fresh);
    assert_int_equal(
        ledger_fold(desk->ledger, T0 + 9 * DAY, T0, 100, &more, &desk->error),
        STORE_OK);
    r = desk_bounce(id_c, ANN, "mailbox_full", T0 + 2 * DAY);
    assert_int_equal(desk_apply(desk, &r).seq, 3);
    desk_expect(desk, "SELECT count FROM change ORDER BY seq", "1\n2\n3\n");
    desk_expect_replay(desk);
}

/* ---- Keyed addresses ------------------------------------------------- */

static void no_address_is_to_be_read(void **state)
{
    struct desk *desk = *state;
    struct record r =
        desk_bounce(id_a, "Secret.Ann@example.org", "rate_limited", T0);
    struct record nobody =
        desk_bounce(id_b, "secret.ann at home", "user_unknown", T0);
    struct sent s =
        line("<secret.ann@example.org>", "secret.ann@example.org", T0 - 60);

    r.event.cls = BOUNCE_CLASS_BLOCK;
    r.event.diagnostic = SLICE("550 secret.ann@example.org is too fast");
    r.event.evidence_text = SLICE("secret.ann@example.org");
    r.event.evidence_rule = SLICE("secret.ann@example.org");
    r.event.subject = SLICE("Dear secret.ann@example.org");
    r.event.message_id = SLICE("<secret.ann@example.org>");
    r.event.report_id = SLICE("<secret.ann@example.org>");
    r.event.queue_id = SLICE("secret.ann@example.org");
    r.event.sender = SLICE("bounce+secret.ann=example.org@news.example");
    r.event.original_recipient = SLICE("secret.ann@example.org");
    r.event.signals.new_address = SLICE("secret.ann@example.org");
    r.event.signals.url =
        SLICE("https://x.example/?a=secret.ann%40example.org");
    r.event.campaign = SLICE("for secret.ann@example.org");
    r.source = SLICE("/mail/secret.ann@example.org");
    r.raw = SLICE("To: secret.ann@example.org\n");
    desk_apply(desk, &r);
    desk_apply(desk, &nobody);
    log_sent(desk, &s, 1, 1);
    if (!fixture_keeps())
        return;
    nothing_holds(desk, "ecret");
    desk_expect(desk, "SELECT domain FROM state", "'example.org'\n");
    desk_expect(desk, "SELECT verified FROM event ORDER BY seq", "1\n-1\n");
    desk_expect_replay(desk);
    {
        struct record act;
        bool known;

        record_init(&act, NULL);
        act.act = RECORD_SUPPRESS;
        act.event.recipient = SLICE("secret.ann@example.org");
        act.event.occurred_at = T0 + 5;
        act.reason = SLICE("secret.ann@example.org asked for it");
        desk_apply(desk, &act);
        nothing_holds(desk, "ecret");
        assert_int_equal(ledger_forget(desk->ledger,
                                       SLICE("secret.ann@example.org"), T0 + 9,
                                       &known, &desk->error),
                         STORE_OK);
        assert_true(known);
        assert_int_equal(desk_apply(desk, &r).standing, BOUNCE_SUPPRESSED);
    }
}

static bool take_listed(void *ctx, const struct list_address *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return true;
}

static size_t listed(struct desk *desk, const char *states, int64_t now)
{
    struct list_filter filter = {.state = slice_cstr(states),
                                 .since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME};
    size_t count = 0;

    if (list_addresses(desk->book, &filter, now, take_listed, &count,
                       &desk->error) != STORE_OK)
        fail_msg("list_addresses: %s", desk->error.msg);
    return count;
}

static void expire(struct desk *desk, int64_t now, size_t limit, bool more)
{
    bool again;

    if (ledger_expire(desk->ledger, now, limit, &again, &desk->error) !=
        STORE_OK)
        fail_msg("ledger_expire: %s", desk->error.msg);
    if (fixture_keeps())
        assert_int_equal(again, more);
}

#define FILTERED                                                               \
    "SELECT address, standing, slot, since, until, category, campaign "        \
    "FROM state ORDER BY address"

/* What ran out is listed as before once it was written: not at all, or for what
 * it left behind; and only its columns are others. */
static void what_ran_out_is_written(void **state)
{
    struct desk *desk = *state;
    struct record ann =
        desk_bounce("e1", "ann@example.org", "undetermined", T0 + 3600);
    struct record bob =
        desk_bounce("e2", "bob@example.org", "undetermined", T0);
    struct record cid =
        desk_bounce("e3", "cid@example.org", "user_unknown", T0);
    struct act act = {
        .now = T0, .until = T0 + 2 * DAY, .slot = BOUNCE_SLOT_MANUAL};
    struct ledger_result result;
    size_t before;

    assert_int_equal(act_suppress(desk->ledger, SLICE("ann@example.org"), &act,
                                  &result, &desk->error),
                     STORE_OK);
    ann.event.campaign = SLICE("spring");
    desk_apply(desk, &ann);
    desk_apply(desk, &bob);
    desk_apply(desk, &cid);
    desk_expect(desk, "SELECT standing FROM state ORDER BY address",
                "2\n1\n2\n");
    before = listed(desk, "active,suspended,suppressed", T0 + 7 * DAY + 10);
    expire(desk, T0 + DAY, 10, false);
    desk_expect(desk, "SELECT standing FROM state ORDER BY address",
                "2\n1\n2\n");
    expire(desk, T0 + 7 * DAY + 10, 1, true);
    expire(desk, T0 + 7 * DAY + 10, 10, false);
    desk_expect(desk, FILTERED,
                "'ann@example.org'|1|0|1699923600|1700528400|'undetermined'|"
                "'spring'\n"
                "'bob@example.org'|0|NULL|NULL|NULL|NULL|NULL\n"
                "'cid@example.org'|2|1|1699920000|NULL|'user_unknown'|NULL\n");
    assert_int_equal(
        listed(desk, "active,suspended,suppressed", T0 + 7 * DAY + 10), before);
    assert_int_equal(listed(desk, "suspended,suppressed", T0 + 7 * DAY + 10),
                     fixture_keeps() ? 2 : 0);
    desk_expect_replay(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, desk_set_up, desk_tear_down)
        TEST(an_event_learns_its_route),
        TEST(an_event_learns_it_later),
        cmocka_unit_test_setup_teardown(trust_comes_with_the_log, set_up_trust,
                                        desk_tear_down),
        TEST(mails_and_their_intervals_are_counted),
        TEST(new_rules_judge_again),
        TEST(forgetting_keeps_the_suppression),
        TEST(folding_keeps_what_counts),
        TEST(what_ran_out_is_written),
        cmocka_unit_test_setup_teardown(no_address_is_to_be_read, set_up_keyed,
                                        desk_tear_down),
#undef TEST
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
