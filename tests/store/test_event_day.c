/* SPDX-License-Identifier: MIT
 * Events since a time: those that came in before the first one of that day are
 * not looked at, whichever came in late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "store/list.h"
#include "store_fixture.h"

#define T0   LEDGER_T0
#define H    LEDGER_HOUR
#define D    LEDGER_DAY
#define MANY 1500

static struct record told(const char *id, int64_t at)
{
    return desk_bounce(id, "ann@example.org", "mailbox_full", at);
}

static void tell(struct desk *desk, unsigned count, int64_t at, int64_t now)
{
    static struct record records[MANY];
    static char ids[MANY][24];
    static struct ledger_result results[MANY];

    assert_true(count <= MANY);
    for (unsigned i = 0; i < count; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%lld-%u", (long long)at, i);
        records[i] = told(ids[i], at + i);
    }
    desk_apply_all(desk, records, count, now, results);
}

static bool count_row(void *ctx, const struct list_event *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return true;
}

/* How many rows a page has that may look at so many (work; 0: any number). */
static size_t since(struct desk *desk, int64_t time, size_t work,
                    bool newest_first)
{
    const struct list_filter filter = {.since = time,
                                       .until = BOUNCE_NO_TIME,
                                       .work = work,
                                       .limit = 900,
                                       .newest_first = newest_first};
    size_t rows = 0;

    if (list_events(desk->book, &filter, count_row, &rows, &desk->error) !=
        STORE_OK)
        fail_msg("%s", desk->error.msg);
    return rows;
}

static void expect_since(struct desk *desk, int64_t time, size_t work,
                         size_t want)
{
    assert_int_equal(since(desk, time, work, false),
                     fixture_keeps() ? want : 0);
}

static void test_few_are_read(void **state)
{
    struct record late = told("late", T0 + 3 * D);
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    tell(&desk, MANY, T0, T0 + D);
    tell(&desk, 5, T0 + 5 * D, T0 + 5 * D + H);
    expect_since(&desk, T0 + 5 * D, 100, 5);
    expect_since(&desk, T0 + 2 * D, 100, 5);
    expect_since(&desk, T0 + 6 * D, 100, 0);
    tell(&desk, MANY, T0 + D, T0 + 5 * D + H);
    desk_reopen(&desk);
    desk_apply_at(&desk, &late, T0 + 6 * D);
    expect_since(&desk, T0 + 5 * D, 100, 5);
    expect_since(&desk, T0 + 3 * D, 0, 6);
    expect_since(&desk, T0 + 6 * D, 100, 0);
    desk_clear(&desk);
}

/* Events that were stored before first ones of days were noted. */
static void test_unnoted(void **state)
{
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    tell(&desk, 200, T0 + 2 * D, T0 + 3 * D);
    free(desk_query(&desk, "DELETE FROM meta WHERE name LIKE 'event_day%'"));
    desk_reopen(&desk);
    expect_since(&desk, T0 + 2 * D, 0, 200);
    tell(&desk, 3, T0 + 2 * D + H, T0 + 3 * D);
    tell(&desk, 4, T0 + 4 * D, T0 + 5 * D);
    expect_since(&desk, T0, 0, 207);
    expect_since(&desk, T0 + 2 * D + 150, 0, 57);
    expect_since(&desk, T0 + 3 * D, 0, 4);
    expect_since(&desk, T0 + 5 * D, 0, 0);
    assert_int_equal(since(&desk, T0 + 2 * D + 150, 0, true),
                     fixture_keeps() ? 57 : 0);
    desk_clear(&desk);
}

/* What no event can be of: before all days, and behind what a day can be. */
static void test_odd_times(void **state)
{
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    tell(&desk, 3, T0, T0 + D);
    expect_since(&desk, -5, 0, 3);
    expect_since(&desk, 0, 0, 3);
    expect_since(&desk, INT64_MAX, 0, 0);
    desk_clear(&desk);
}

static struct store_driver failing;
static const struct store_driver *driver;

static enum store_err fail_commit(struct store *store,
                                  struct store_error *error)
{
    driver->rollback(store);
    return store_fail(error, STORE_E_SQL, "made to fail");
}

/* A day that was noted in a transaction that failed is noted again. */
static void test_failed(void **state)
{
    struct record before = told("e0", T0 - 2 * D), record = told("e1", T0);
    struct ledger_result result;
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    desk_apply_at(&desk, &before, T0 - D);
    driver = desk.book->store->driver;
    failing = *driver;
    failing.commit = fail_commit;
    desk.book->store->driver = &failing;
    assert_int_equal(ledger_apply(desk.ledger, &record, 1, T0 + H, &result,
                                  &desk.bad, &desk.error),
                     STORE_E_SQL);
    desk.book->store->driver = driver;
    desk_apply_at(&desk, &record, T0 + H);
    expect_since(&desk, T0, 0, 1);
    desk_clear(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_are_read),
        cmocka_unit_test(test_unnoted),
        cmocka_unit_test(test_odd_times),
        cmocka_unit_test(test_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
