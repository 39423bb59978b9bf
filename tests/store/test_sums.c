/* SPDX-License-Identifier: MIT
 * Sums over months and over all time are what the days add up to, whatever
 * happens to them; and pages of rates are the same, from which of them they
 * come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "random.h"
#include "store/migrate.h"
#include "store/month.h"
#include "store/stats.h"
#include "store/tally.h"
#include "store_fixture.h"

#define DAY LEDGER_DAY

/* ---- Months ---------------------------------------------------------- */

static void months_begin_where_they_do(void **state)
{
    static const struct {
        const char *label;
        int64_t day, begin, after;
    } rows[] = {{"the epoch", 0, 0, 31},
                {"1969-12-31", -1, -31, 0},
                {"1999-12-31", 10956, 10926, 10957},
                {"2000-02-29", 11016, 10988, 11017},
                {"2000-03-01", 11017, 11017, 11048},
                {"2024-02-29", 19782, 19754, 19783},
                {"2100-02-28", 47540, 47513, 47541}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].label);
        assert_int_equal(month_begin(rows[i].day), rows[i].begin);
        assert_int_equal(month_after(rows[i].begin), rows[i].after);
    }
}

/* ---- Migration ------------------------------------------------------- */

static const struct store_driver *driver;

static const char *first_two(size_t i)
{
    return i < 2 ? driver->migration(i) : NULL;
}

/* 2,000 counts of four years, in two dimensions. */
static void put_counts(struct store *store)
{
    static const char *const whats[] = {"bounce", "sent", "delivery",
                                        "feedback"};
    struct random random = {2026};
    struct store_error error;

    assert_int_equal(store_begin(store, STORE_WRITE, &error), STORE_OK);
    for (unsigned i = 0; i < 2000; i++) {
        const char *what = whats[random_below(&random, 4)];
        struct store_value row[6];
        char value[16];

        snprintf(value, sizeof(value), "d%u.example",
                 (unsigned)random_below(&random, 40));
        row[0] = store_text(SLICE("domain"));
        row[1] = store_int(19000 + (int64_t)random_below(&random, 1500));
        row[2] = store_text(slice_cstr(value));
        row[3] = store_text(slice_cstr(what));
        row[4] = store_text(what[0] == 'f' ? SLICE("complaint") : SLICE(""));
        row[5] = store_int(1 + (int64_t)random_below(&random, 9));
        assert_int_equal(store_put_rows(store, &tally_days, row, 1, &error),
                         STORE_OK);
        row[0] = store_text(SLICE("all"));
        row[2] = store_text(SLICE(""));
        assert_int_equal(store_put_rows(store, &tally_days, row, 1, &error),
                         STORE_OK);
    }
    assert_int_equal(store_commit(store, &error), STORE_OK);
}

/* A store of the version before has its days summed up. */
static void a_migration_sums_up(void **state)
{
    struct fixture fixture;
    struct store_options options = {.wait_ms = 5000, .create = true};
    struct store_driver before;
    struct store_error error;
    struct store *store;
    struct book book = {0};
    struct desk desk = {.book = &book};

    (void)state;
    fixture_init(&fixture);
    store = fixture_open(&fixture);
    driver = store->driver;
    store_close(store);
    fixture_clear(&fixture);
    fixture_init(&fixture);
    if (!fixture_keeps()) {
        fixture_clear(&fixture);
        return;
    }
    before = *driver;
    before.migration = first_two;
    assert_int_equal(driver->open(fixture.where, &options, &store, &error),
                     STORE_OK);
    store->driver = &before;
    assert_int_equal(migrate(store, true, &error), STORE_OK);
    put_counts(store);
    free(fixture_query(
        store,
        "INSERT INTO hold (provider, domain, ip, sender_domain, campaign, "
        "since, until, category, entry, rule, event_id, confidence, verified, "
        "base_s, step, open, by_hand, delivered_at) VALUES ('google', '', "
        "'192.0.2.1', '', '', 1000, NULL, 'rate_limited', 'default:x', 'r.r', "
        "'id', 98, 1, 900, 2, 1, 0, 1200)",
        NULL, 0));
    store->driver = driver;
    if (migrate(store, true, &error) != STORE_OK)
        fail_msg("%s", error.msg);
    book.store = store;
    desk_expect_sums(&desk);
    fixture_expect(store, "SELECT count(*) FROM tally_total", "40\n");
    fixture_expect(store,
                   "SELECT provider, ip, at, kind, id, category, after "
                   "FROM hold_log",
                   "'google'|'192.0.2.1'|1200|3|'id'|'rate_limited'|'1000 - "
                   "900 2 1 0 1200 -'\n");
    fixture_expect(store, "SELECT newest_at FROM hold", "1200\n");
    store_close(store);
    fixture_clear(&fixture);
}

/* ---- What the ledger does -------------------------------------------- */

struct names {
    char id[40], mid[40], address[40];
};

static struct record make_event(struct random *random, unsigned number,
                                struct names *names)
{
    static const char *const categories[] = {"user_unknown", "mailbox_full",
                                             "complaint", "delivered",
                                             "rate_limited"};
    static const enum bounce_kind kinds[] = {
        BOUNCE_KIND_BOUNCE, BOUNCE_KIND_BOUNCE, BOUNCE_KIND_FEEDBACK,
        BOUNCE_KIND_DELIVERY, BOUNCE_KIND_DELAY};
    unsigned which = (unsigned)random_below(random, 5);
    struct record r;

    snprintf(names->id, sizeof(names->id), "%032u", number);
    snprintf(names->mid, sizeof(names->mid), "<m%u@news.example>", number / 2);
    snprintf(names->address, sizeof(names->address), "a%u@d%u.example",
             (unsigned)random_below(random, 9),
             (unsigned)random_below(random, 9));
    r = desk_event(kinds[which], names->id, names->address, categories[which],
                   LEDGER_T0 + (int64_t)random_below(random, 400) * DAY);
    r.event.diagnostic = SLICE("552 5.2.2 mailbox full");
    r.event.message_id = slice_cstr(names->mid);
    if (random_below(random, 2) == 0)
        r.event.campaign = SLICE("spring");
    if (random_below(random, 2) == 0)
        r.ip = SLICE_NULL;
    return r;
}

static void log_mail(struct desk *desk, struct random *random)
{
    struct sent lines[60];
    char mid[60][40], to[60][40];

    for (unsigned i = 0; i < 60; i++) {
        snprintf(mid[i], sizeof(mid[i]), "m%u@news.example",
                 (unsigned)random_below(random, 100));
        snprintf(to[i], sizeof(to[i]), "a%u@d%u.example",
                 (unsigned)random_below(random, 9),
                 (unsigned)random_below(random, 9));
        lines[i] = (struct sent){
            .message_id = slice_cstr(mid[i]),
            .recipient = slice_cstr(to[i]),
            .campaign = SLICE("autumn"),
            .ip = SLICE("192.0.2.9"),
            .at = LEDGER_T0 + (int64_t)random_below(random, 400) * DAY};
    }
    assert_int_equal(
        ledger_sent(desk->ledger, lines, 60, NULL, &desk->bad, &desk->error),
        STORE_OK);
}

static void fold(struct desk *desk, int64_t before)
{
    bool more = true;

    while (more)
        assert_int_equal(
            ledger_fold(desk->ledger, before, before, 50, &more, &desk->error),
            STORE_OK);
}

/* Verdicts of other rules, as a newer Bounce would find them. */
static void reclassify(struct desk *desk)
{
    uint64_t events;

    free(desk_query(desk, "UPDATE event SET facts = 'reply=1' "
                          "WHERE kind = 1"));
    if (ledger_reclassify(desk->ledger, true, LEDGER_T0 + 500 * DAY, NULL, NULL,
                          &events, &desk->error) != STORE_OK)
        fail_msg("%s", desk->error.msg);
}

static void sums_are_of_the_days(void **state)
{
    struct desk *desk = *state;
    struct random random = {5};
    bool known;

    for (unsigned round = 0; round < 6; round++) {
        struct record records[40];
        struct names names[40];

        for (unsigned i = 0; i < 40; i++)
            records[i] = make_event(&random, round * 30 + i, &names[i]);
        desk_apply_all(desk, records, 40, LEDGER_T0 + 500 * DAY, NULL);
        desk_expect_sums(desk);
        log_mail(desk, &random);
        desk_expect_sums(desk);
        if (round == 2 || round == 4) {
            char *before = desk_query(desk, "SELECT * FROM tally_month "
                                            "ORDER BY 1, 2, 3, 4, 5");
            char *after;

            reclassify(desk);
            desk_expect_sums(desk);
            after = desk_query(desk, "SELECT * FROM tally_month "
                                     "ORDER BY 1, 2, 3, 4, 5");
            if (fixture_keeps() && round == 2)
                assert_string_not_equal(before, after);
            free(before);
            free(after);
        }
        if (round == 3) {
            fold(desk, LEDGER_T0 + 500 * DAY + 1);
            desk_expect_sums(desk);
        }
        if (round == 5) {
            assert_int_equal(ledger_forget(desk->ledger, SLICE("a1@d1.example"),
                                           LEDGER_T0 + 500 * DAY, &known,
                                           &desk->error),
                             STORE_OK);
            desk_expect_sums(desk);
        }
    }
}

/* ---- Pages ----------------------------------------------------------- */

static const char *const dims[] = {"all", "domain", "campaign"};

static void put_value(struct desk *desk, const char *value, int64_t day,
                      const char *what, const char *detail, int64_t n)
{
    struct store *store = desk->book->store;

    for (unsigned i = 0; i < 3; i++) {
        struct bounce_slice name = slice_cstr(i > 0 ? value : "");
        struct store_value row[6] = {store_text(slice_cstr(dims[i])),
                                     store_int(day),
                                     store_text(name),
                                     store_text(slice_cstr(what)),
                                     store_text(slice_cstr(detail)),
                                     store_int(n)};
        struct store_value total[5] = {store_text(slice_cstr(dims[i])),
                                       store_text(name),
                                       store_int(what[0] == 'b' ? n : 0),
                                       store_int(what[0] == 'f' ? n : 0),
                                       store_int(what[0] == 's' ? n : 0)};

        assert_int_equal(
            store_put_rows(store, &tally_days, row, 1, &desk->error), STORE_OK);
        row[1] = store_int(month_begin(day));
        assert_int_equal(
            store_put_rows(store, &tally_months, row, 1, &desk->error),
            STORE_OK);
        if (i > 0)
            assert_int_equal(
                store_put_rows(store, &tally_totals, total, 1, &desk->error),
                STORE_OK);
    }
}

/* 300 values, of which some are large now and others were so before. */
static void put_values(struct desk *desk, struct random *random)
{
    static const char *const what[] = {"bounce", "bounce", "sent", "feedback",
                                       "delay"};
    static const char *const detail[] = {"user_unknown", "mailbox_full", "",
                                         "complaint", "greylisted"};

    assert_int_equal(store_begin(desk->book->store, STORE_WRITE, &desk->error),
                     STORE_OK);
    for (unsigned i = 0; i < 2500; i++) {
        unsigned number = (unsigned)random_below(random, 300);
        unsigned which = (unsigned)random_below(random, 5);
        int64_t day = 19700 + (int64_t)random_below(random, 400);
        char value[16];

        snprintf(value, sizeof(value), "d%u.example", number);
        put_value(desk, value, day, what[which], detail[which],
                  1 + (int64_t)random_below(
                          random, (day < 19900) == (number < 30) ? 30 : 2));
    }
    assert_int_equal(store_commit(desk->book->store, &desk->error), STORE_OK);
}

/* A page is the beginning of all rows; and what whole months and days at the
 * edges give is what the days give one by one. */
static void pages_are_the_beginning(void **state)
{
    struct desk *desk = *state;
    struct random random = {77};

    if (!fixture_keeps())
        return;
    put_values(desk, &random);
    desk_expect_sums(desk);
    for (unsigned i = 0; i < 60; i++) {
        int64_t first = 19690 + (int64_t)random_below(&random, 400);
        int64_t end =
            i < 5 ? 30000 : first + 1 + (int64_t)random_below(&random, 420);
        size_t limit = 1 + random_below(&random, 120);
        struct stats_page all, page;

        first = i % 5 == 0 ? 0 : first;
        all = desk_stats_page(desk->book, STATS_DOMAIN, first, end, 0);
        page = desk_stats_page(desk->book,
                               i % 2 == 0 ? STATS_DOMAIN : STATS_CAMPAIGN,
                               first, end, limit);
        desk_expect_beginning(&page, &all, limit);
        free(all.text);
        free(page.text);
    }
}

static void take_sum(struct desk *desk, int64_t first, int64_t end,
                     unsigned *bounced, unsigned *sent)
{
    char sql[300];
    char *text;

    snprintf(sql, sizeof(sql),
             "SELECT CAST(coalesce(sum(CASE WHEN what = 'bounce' THEN n END), "
             "0) AS BIGINT), CAST(coalesce(sum(CASE WHEN what = 'sent' THEN n "
             "END), 0) AS BIGINT) FROM tally WHERE dim = 'domain' AND value = "
             "'d7.example' AND day >= %d AND day < %d",
             (int)first, (int)end);
    text = desk_query(desk, sql);
    assert_int_equal(sscanf(text, "%u|%u", bounced, sent), 2);
    free(text);
}

static bool take_one(void *ctx, const struct stats_row *r)
{
    *(struct stats_row *)ctx = *r;
    return true;
}

static void months_and_edges_are_the_days(void **state)
{
    struct desk *desk = *state;
    struct random random = {78};

    if (!fixture_keeps())
        return;
    put_values(desk, &random);
    for (unsigned i = 0; i < 60; i++) {
        int64_t first = 19650 + (int64_t)random_below(&random, 450);
        int64_t end = first + 1 + (int64_t)random_below(&random, 450);
        struct list_filter filter = {.since = first * DAY,
                                     .until = end * DAY,
                                     .domain = SLICE("d7.example")};
        struct stats_row row = {.sent = 0};
        unsigned bounced, sent;

        take_sum(desk, first, end, &bounced, &sent);
        if (stats_rows(desk->book, STATS_DOMAIN, &filter, take_one, &row,
                       &desk->error) != STORE_OK)
            fail_msg("%s", desk->error.msg);
        assert_int_equal(row.bounced, bounced);
        assert_int_equal(row.sent, sent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(months_begin_where_they_do),
        cmocka_unit_test(a_migration_sums_up),
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, desk_set_up, desk_tear_down)
        TEST(sums_are_of_the_days),
        TEST(pages_are_the_beginning),
        TEST(months_and_edges_are_the_days),
#undef TEST
    };

    return cmocka_run_group_tests_name("sums", tests, NULL, NULL);
}
