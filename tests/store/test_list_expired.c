/* SPDX-License-Identifier: MIT
 * Lists of a store that nobody brought up to date: thousands of suspensions and
 * suppressions ran out, and some of the latter left a suspension behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "store/act.h"
#include "store/list.h"
#include "store_fixture.h"

#define T0       LEDGER_T0
#define D        LEDGER_DAY
#define NOW      (T0 + 3 * D)
#define MAX_ROWS 8000

struct names {
    char list[MAX_ROWS][24];
    size_t count;
    bool suspended, suppressed; /* which are taken */
};

static bool take(void *ctx, const struct list_address *row)
{
    struct names *names = ctx;
    char *name = names->list[names->count];

    if (row->standing == BOUNCE_SUSPENDED    ? !names->suspended
        : row->standing == BOUNCE_SUPPRESSED ? !names->suppressed
                                             : true)
        return true;
    assert_true(row->address.len < sizeof(names->list[0]));
    assert_true(++names->count < MAX_ROWS);
    memcpy(name, row->address.ptr, row->address.len);
    name[row->address.len] = '\0';
    return true;
}

static void list(struct desk *desk, const struct list_filter *filter,
                 struct names *names)
{
    if (list_addresses(desk->book, filter, NOW, take, names, &desk->error) !=
        STORE_OK)
        fail_msg("list_addresses: %s", desk->error.msg);
}

static void list_pages(struct desk *desk, struct list_filter filter,
                       size_t limit, size_t work, struct names *names)
{
    char next[LIST_CURSOR], cursor[LIST_CURSOR];
    size_t pages = 0;

    filter.limit = limit;
    filter.work = work;
    filter.next_out = next;
    do {
        list(desk, &filter, names);
        memcpy(cursor, next, sizeof(cursor));
        filter.cursor = slice_cstr(cursor);
        assert_true(++pages < 1000);
    } while (next[0] != '\0');
}

/* ---- The store ------------------------------------------------------- */

static void suppress(struct desk *desk, const char *address, int64_t until)
{
    struct act act = {.now = T0, .until = until, .slot = BOUNCE_SLOT_MANUAL};
    struct ledger_result result;

    assert_int_equal(act_suppress(desk->ledger, slice_cstr(address), &act,
                                  &result, &desk->error),
                     STORE_OK);
}

/* count more like the one of this name, step seconds after each other. */
static void multiply(struct desk *desk, const char *name, unsigned count,
                     unsigned step)
{
    char sql[700];

    snprintf(sql, sizeof(sql),
             "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
             "WHERE n < %u) INSERT INTO state (key, scope, address, domain, "
             "standing, slot, since, until, category, text) SELECT key + n, '',"
             " '%s' || n || '@d' || (n %% 7) || '.example', 'd' || (n %% 7) || "
             "'.example', standing, slot, since + n * %u, until, category, "
             "text FROM state, c WHERE address = '%s@example.org'",
             count, name, step, name);
    free(desk_query(desk, sql));
}

static void fill(struct desk *desk)
{
    struct record left =
        desk_bounce("e1", "left@example.org", "undetermined", T0 + 3600);
    struct record over =
        desk_bounce("e2", "over@example.org", "undetermined", T0 - 20 * D);
    struct record live =
        desk_bounce("e3", "live@example.org", "undetermined", T0 - 7200);
    struct record hard =
        desk_bounce("e4", "hard@example.org", "user_unknown", T0 - 9 * D);

    desk_init(desk, NULL, NULL, NULL);
    suppress(desk, "gone@example.org", T0 + 2 * D);
    suppress(desk, "left@example.org", T0 + 2 * D);
    desk_apply(desk, &left);
    desk_apply(desk, &over);
    desk_apply(desk, &live);
    desk_apply(desk, &hard);
    multiply(desk, "gone", 2100, 3);
    multiply(desk, "left", 700, 9);
    multiply(desk, "over", 1000, 600);
    multiply(desk, "live", 300, 30);
    multiply(desk, "hard", 200, 1000);
}

/* ---- Tests ----------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* What a look at every row finds, along the key, is what is found along the
 * other indexes, page by page too. */
static void expect_alike(struct desk *desk, struct list_filter filter)
{
    static struct names every, all, pages;
    struct list_filter key = filter;

    every.count = all.count = 0;
    every.suspended = all.suspended = pages.suspended = true;
    all.suppressed = pages.suppressed = true;
    every.suppressed = filter.state.len > strlen("suspended");
    key.state = SLICE("active,suspended,suppressed");
    list(desk, &key, &every);
    list(desk, &filter, &all);
    assert_true(all.count > 40);
    for (unsigned i = 0; i < 2; i++) {
        pages.count = 0;
        list_pages(desk, filter, i == 0 ? 60 : 300, i == 0 ? 0 : 500, &pages);
        assert_int_equal(pages.count, all.count);
        for (size_t k = 0; k < all.count; k++)
            assert_string_equal(pages.list[k], all.list[k]);
    }
    qsort(every.list, every.count, sizeof(every.list[0]), by_name);
    qsort(all.list, all.count, sizeof(all.list[0]), by_name);
    assert_int_equal(every.count, all.count);
    for (size_t k = 0; k < all.count; k++)
        assert_string_equal(all.list[k], every.list[k]);
}

static void test_alike(void **state)
{
    static const char *const states[] = {"suspended", "suspended,suppressed"};
    static const char *const domains[] = {NULL, "d3.example"};
    struct desk desk;

    (void)state;
    fill(&desk);
    for (unsigned i = 0; i < 16 && fixture_keeps(); i++)
        /* What was left behind began later than its row says. */
        expect_alike(&desk, (struct list_filter){
                                .since = i & 8 ? T0 + 1800 : BOUNCE_NO_TIME,
                                .until = BOUNCE_NO_TIME,
                                .state = slice_cstr(states[i & 1]),
                                .domain = slice_cstr(domains[i >> 1 & 1]),
                                .newest_first = (i & 4) != 0});
    desk_clear(&desk);
}

static struct store_driver spy;
static const struct store_driver *spied;
static size_t sorted; /* times that all that ran out were read */

static enum store_err look_on(struct store *store, const char *sql,
                              const struct store_value *values, size_t count,
                              store_row_fn *row, void *ctx,
                              struct store_error *error)
{
    sorted += strstr(sql, "until IS NOT NULL AND until <= ") != NULL &&
              strstr(sql, "ORDER BY") != NULL;
    return spied->run(store, sql, values, count, row, ctx, error);
}

/* A page looks at what ran out between its own rows, and not at all of it. Only
 * before the oldest suspension, where no index leads past them, all are read. */
static void test_few_are_read(void **state)
{
    static struct names got;
    static char next[LIST_CURSOR], cursor[LIST_CURSOR];
    struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME,
                                 .state = SLICE("suspended"),
                                 .limit = 20,
                                 .newest_first = true,
                                 .next_out = next};
    struct desk desk;

    (void)state;
    fill(&desk);
    spied = desk.book->store->driver;
    spy = *spied;
    spy.run = look_on;
    desk.book->store->driver = &spy;
    got = (struct names){.suspended = true, .suppressed = true};
    for (unsigned page = 0; page < 5 && fixture_keeps(); page++) {
        list(&desk, &filter, &got);
        memcpy(cursor, next, sizeof(cursor));
        filter.cursor = slice_cstr(cursor);
        assert_int_equal(got.count, 20 * (page + 1));
    }
    filter.cursor = SLICE_NULL;
    filter.newest_first = false;
    filter.state = SLICE("suspended,suppressed");
    list(&desk, &filter, &got);
    filter.state = SLICE("suspended");
    filter.domain = SLICE("d3.example");
    list(&desk, &filter, &got);
    assert_int_equal(sorted, 0);
    desk.book->store->driver = spied;
    desk_clear(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_alike),
                                       cmocka_unit_test(test_few_are_read)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
