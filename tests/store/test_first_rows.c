/* SPDX-License-Identifier: MIT
 * A page of rates is the beginning of all rows, whichever way the store finds
 * it: by sums over all time, by bounces alone, by all that is counted. */
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

#define VALUES_MAX 7000
#define FIRST      19784 /* 2024-03-02 */
#define MAY        19844 /* 2024-05-01 */

/* ---- What is counted ------------------------------------------------- */

struct scene {
    const char *label;
    unsigned values; /* domains with bounces */
    unsigned most;   /* bounces of one on one day; 0: one each */
    bool past;       /* most of them had more than that before */
    size_t limit;
    int64_t end; /* of the range */
    /* How they are found. */
    bool by_bounces, by_join, by_all;
};

static const struct scene scenes[] = {
    {"a few", 200, 40, true, 50, MAY - 1, false, false, false},
    {"more than can be looked up", 1500, 40, true, 50, MAY - 1, true, true,
     false},
    {"with a whole month", 4500, 40, true, 50, MAY + 20, true, true, false},
    {"a long page", 7000, 40, true, 400, MAY - 1, true, false, false},
    {"equal ones", 7000, 0, true, 1200, MAY - 1, true, false, true},
    {"fewer than a page", 60, 40, false, 100, MAY - 1, false, false, false},
    {"a page without end", 200, 40, true, SIZE_MAX, MAY - 1, true, false, true},
};

/* The rows of one value: none has a day twice. */
static const struct {
    const char *what, *detail;
    int64_t day;      /* counted from FIRST; before it: in the past */
    unsigned spread;  /* days from there on */
    unsigned of_each; /* of so many values one has it */
} counts[] = {{"bounce", "user_unknown", -300, 1, 1},
              {"bounce", "user_unknown", 3, 25, 1},
              {"bounce", "mailbox_full", 3, 25, 3},
              {"bounce", "user_unknown", 32, 27, 2},
              {"bounce", "mailbox_full", 70, 9, 5},
              {"sent", "", 20, 20, 2},
              {"feedback", "complaint", 20, 20, 4},
              {"delay", "greylisted", 20, 20, 5}};
#define COUNTS (sizeof(counts) / sizeof(counts[0]))

static void put(struct store *store, const struct store_put *put,
                const struct store_value *rows, size_t count)
{
    struct store_error error;

    if (store_put_rows(store, put, rows, count, &error) != STORE_OK)
        fail_msg("%s", error.msg);
}

/* One kind of count, of all values that have it. */
static void put_kind(struct store *store, const struct scene *scene, size_t k,
                     struct random *random)
{
    static struct store_value days[VALUES_MAX][6], months[VALUES_MAX][6],
        totals[VALUES_MAX][5];
    static char values[VALUES_MAX][24];
    size_t rows = 0;

    for (unsigned v = 0; v < scene->values; v++) {
        bool old = counts[k].day < 0;
        int64_t day = FIRST + counts[k].day + v % counts[k].spread;
        int64_t n = scene->most == 0
                        ? 1
                        : 1 + (int64_t)random_below(random, scene->most);

        /* One in five is new, and has little. */
        if (v % counts[k].of_each != 0 || (old && (!scene->past || v % 5 == 0)))
            continue;
        n = old ? 1000 + v : v % 5 == 0 ? 1 : n;
        snprintf(values[rows], sizeof(values[rows]), "d%u.example", v);
        days[rows][0] = totals[rows][0] = store_text(SLICE("domain"));
        days[rows][1] = store_int(day);
        days[rows][2] = totals[rows][1] = store_text(slice_cstr(values[rows]));
        days[rows][3] = store_text(slice_cstr(counts[k].what));
        days[rows][4] = store_text(slice_cstr(counts[k].detail));
        days[rows][5] = store_int(n);
        memcpy(months[rows], days[rows], sizeof(months[rows]));
        months[rows][1] = store_int(month_begin(day));
        totals[rows][2] = store_int(counts[k].what[0] == 'b' ? n : 0);
        totals[rows][3] = store_int(counts[k].what[0] == 'f' ? n : 0);
        totals[rows][4] = store_int(counts[k].what[0] == 's' ? n : 0);
        rows++;
    }
    put(store, &tally_days, days[0], rows);
    put(store, &tally_months, months[0], rows);
    put(store, &tally_totals, totals[0], rows);
}

/* There are counts before and behind all ranges. */
static void fill(struct store *store, const struct scene *scene)
{
    struct random random = {scene->values};
    struct store_error error;

    assert_int_equal(store_begin(store, STORE_WRITE, &error), STORE_OK);
    for (size_t k = 0; k < COUNTS; k++)
        put_kind(store, scene, k, &random);
    for (int64_t day = FIRST - 400; day < FIRST + 1000; day += 800) {
        const struct store_value row[6] = {
            store_text(SLICE("all")), store_int(day),
            store_text(SLICE("")),    store_text(SLICE("bounce")),
            store_text(SLICE("")),    store_int(1)};

        put(store, &tally_days, row, 1);
    }
    assert_int_equal(store_commit(store, &error), STORE_OK);
}

/* ---- What is asked of the store --------------------------------------- */

static const struct store_driver *spied;
static struct store_driver spy;
static struct {
    bool by_bounces, by_join, by_all, scans;
} seen;

static bool take_plan(void *ctx, const struct store_value *row, size_t columns)
{
    char detail[300];

    (void)ctx;
    (void)columns;
    STORE_COPY_TEXT(&row[3], detail);
    seen.scans |= strncmp(detail, "SEARCH tally", 12) == 0 &&
                  strstr(detail, "COVERING INDEX") == NULL;
    return true;
}

static enum store_err spy_run(struct store *store, const char *sql,
                              const struct store_value *values, size_t count,
                              store_row_fn *row, void *ctx,
                              struct store_error *error)
{
    bool bounces = strstr(sql, "what = 'bounce'") != NULL;
    char explained[2000];

    seen.by_bounces |= bounces;
    seen.by_join |= strstr(sql, "value IN (SELECT") != NULL;
    seen.by_all |= strstr(sql, "SELECT 0, value, what") != NULL;
    if (bounces && fixture_is_sqlite()) {
        snprintf(explained, sizeof(explained), "EXPLAIN QUERY PLAN %s", sql);
        assert_int_equal(
            spied->run(store, explained, values, count, take_plan, NULL, error),
            STORE_OK);
    }
    return spied->run(store, sql, values, count, row, ctx, error);
}

static void watch(struct store *store)
{
    memset(&seen, 0, sizeof(seen));
    spied = store->driver;
    spy = *spied;
    spy.run = spy_run;
    store->driver = &spy;
}

/* ---- Pages ------------------------------------------------------------ */

static struct stats_page read_page(struct book *book, const struct scene *scene,
                                   size_t limit)
{
    return desk_stats_page(book, STATS_DOMAIN, FIRST, scene->end, limit);
}

static void expect_beginning(struct book *book, const struct scene *scene)
{
    struct stats_page all = read_page(book, scene, 0), page;

    watch(book->store);
    page = read_page(book, scene, scene->limit);
    book->store->driver = spied;
    desk_expect_beginning(&page, &all, scene->limit);
    assert_int_equal(seen.by_bounces, scene->by_bounces);
    assert_int_equal(seen.by_join, scene->by_join);
    assert_int_equal(seen.by_all, scene->by_all);
    free(all.text);
    free(page.text);
}

static void pages_are_the_beginning(void **state)
{
    (void)state;
    if (!fixture_keeps())
        return;
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        struct desk desk;

        print_message("%s\n", scenes[i].label);
        desk_init(&desk, NULL, NULL, NULL);
        fill(desk.book->store, &scenes[i]);
        expect_beginning(desk.book, &scenes[i]);
        assert_false(seen.scans);
        desk_clear(&desk);
    }
}

/* ---- Migration -------------------------------------------------------- */

static const struct store_driver *driver;

static const char *first_three(size_t i)
{
    return i < 3 ? driver->migration(i) : NULL;
}

/* A store of version 3 gives the pages that it gives when it is up to date. */
static void a_migration_changes_no_page(void **state)
{
    const struct scene *scene = &scenes[2];
    struct store_options options = {.wait_ms = 5000, .create = true};
    struct fixture fixture;
    struct store_driver before;
    struct store_error error;
    struct store *store;
    struct desk *desk = *state;
    struct book book = *desk->book;
    struct stats_page old, page;

    if (!fixture_keeps())
        return;
    driver = desk->book->store->driver;
    before = *driver;
    before.migration = first_three;
    fixture_init(&fixture);
    assert_int_equal(driver->open(fixture.where, &options, &store, &error),
                     STORE_OK);
    store->driver = &before;
    assert_int_equal(migrate(store, true, &error), STORE_OK);
    fill(store, scene);
    book.store = store;
    old = read_page(&book, scene, scene->limit);
    store->driver = driver;
    if (migrate(store, true, &error) != STORE_OK)
        fail_msg("%s", error.msg);
    page = read_page(&book, scene, scene->limit);
    assert_string_equal(page.text, old.text);
    expect_beginning(&book, scene);
    assert_false(seen.scans);
    free(old.text);
    free(page.text);
    store_close(store);
    fixture_clear(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_the_beginning),
        cmocka_unit_test_setup_teardown(a_migration_changes_no_page,
                                        desk_set_up, desk_tear_down),
    };

    return cmocka_run_group_tests_name("first_rows", tests, NULL, NULL);
}
