/* SPDX-License-Identifier: MIT
 * Pages of addresses: whatever the filter, order and size of the pages, they are
 * what looking at every row gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "random.h"
#include "store/act.h"
#include "store/list.h"

#define T0        LEDGER_T0
#define H         LEDGER_HOUR
#define D         LEDGER_DAY
#define ADDRESSES 300
#define MAX_ROWS  2000

/* A row as the tests compare it. */
struct line {
    char address[64], scope[16], domain[32], provider[16], campaign[16];
    char category[32], rule[32], cursor[LIST_CURSOR];
    enum bounce_standing standing;
    enum bounce_class cls;
    int64_t since;
};

struct lines {
    struct line list[MAX_ROWS];
    size_t count;
};

static void copy(char *out, size_t cap, struct bounce_slice text)
{
    assert_true(text.len < cap);
    if (text.len > 0)
        memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
}
#define COPY(array, text) copy(array, sizeof(array), text)

static bool take(void *ctx, const struct list_address *row)
{
    struct lines *lines = ctx;
    struct line *line = &lines->list[lines->count++];

    assert_true(lines->count < MAX_ROWS);
    COPY(line->address, row->address);
    COPY(line->scope, row->scope);
    COPY(line->domain, row->domain);
    COPY(line->provider, row->provider);
    COPY(line->campaign, row->campaign);
    COPY(line->cursor, row->cursor);
    line->standing = row->standing;
    line->cls = row->cls;
    line->since = BOUNCE_NO_TIME;
    line->category[0] = line->rule[0] = '\0';
    assert_true((row->cause == NULL) == (row->standing == BOUNCE_ACTIVE));
    if (row->cause != NULL) {
        assert_ptr_equal(row->cause, &row->state->causes[row->slot]);
        COPY(line->category, slice_cstr(row->cause->category));
        COPY(line->rule, slice_cstr(row->cause->rule));
        line->since = row->cause->since;
    }
    return true;
}

static struct list_filter any_filter(void)
{
    return (struct list_filter){.since = BOUNCE_NO_TIME,
                                .until = BOUNCE_NO_TIME};
}

static void list_all(struct desk *desk, const struct list_filter *filter,
                     int64_t now, struct lines *lines)
{
    lines->count = 0;
    if (list_addresses(desk->book, filter, now, take, lines, &desk->error) !=
        STORE_OK)
        fail_msg("list_addresses: %s", desk->error.msg);
}

/* Page by page, by the cursor of the last row or by that of the page. */
static void list_pages(struct desk *desk, struct list_filter filter,
                       int64_t now, size_t limit, size_t work,
                       struct lines *lines)
{
    char next[LIST_CURSOR], cursor[LIST_CURSOR];
    size_t pages = 0;

    lines->count = 0;
    filter.limit = limit;
    filter.work = work;
    filter.next_out = next;
    do {
        size_t before = lines->count;

        if (list_addresses(desk->book, &filter, now, take, lines,
                           &desk->error) != STORE_OK)
            fail_msg("list_addresses: %s", desk->error.msg);
        assert_true(lines->count - before <= limit);
        if (lines->count > before && lines->count - before == limit)
            assert_string_equal(lines->list[lines->count - 1].cursor, next);
        memcpy(cursor, next, sizeof(cursor));
        filter.cursor = slice_cstr(cursor);
        assert_true(++pages < 5000);
    } while (next[0] != '\0');
}

static bool same_line(const struct line *a, const struct line *b)
{
    return strcmp(a->address, b->address) == 0 &&
           strcmp(a->scope, b->scope) == 0 && a->standing == b->standing &&
           strcmp(a->category, b->category) == 0 && a->since == b->since &&
           a->cls == b->cls && strcmp(a->provider, b->provider) == 0;
}

static void expect_same(const struct lines *got, const struct lines *want,
                        const char *what)
{
    for (size_t i = 0; i < got->count && i < want->count; i++)
        if (!same_line(&got->list[i], &want->list[i]))
            fail_msg("%s: row %zu is %s %s %s, not %s %s %s", what, i,
                     got->list[i].address, got->list[i].scope,
                     got->list[i].category, want->list[i].address,
                     want->list[i].scope, want->list[i].category);
    if (got->count != want->count)
        fail_msg("%s: %zu rows, not %zu", what, got->count, want->count);
}

/* ---- A store with everything in it ----------------------------------- */

static const char *const providers[] = {"google", "yahoo", "microsoft"};
static const char *const domains[] = {"a.example", "b.example", "c.example",
                                      "d.example", "e.example"};
static const char *const campaigns[] = {"spring", "summer", NULL};
static const char *const rules[] = {"one.rule", "two.rule"};
static const char *const scopes[] = {"shop", "club & \xC3\xA9t\xC3\xA9"};

static void fill(struct desk *desk, struct random *random)
{
    static const char *const categories[] = {
        "user_unknown", "mailbox_disabled", "recipient_rate", "undetermined",
        "mailbox_full", "spam_detected",    "domain_no_mail", "unsubscribe",
        "complaint",    "delivered"};
    static char ids[ADDRESSES * 3][16], addresses[ADDRESSES][64];
    static struct record records[ADDRESSES * 3];
    size_t count = 0;

    for (unsigned i = 0; i < ADDRESSES; i++)
        snprintf(addresses[i], sizeof(addresses[i]), "u%u@%s", i,
                 domains[i % 7 % 5]);
    for (unsigned i = 0; i < ADDRESSES * 3; i++) {
        const char *category = categories[random_below(random, 10)];
        const char *address = addresses[random_below(random, ADDRESSES)];
        int64_t at = T0 + (int64_t)random_below(random, 20) * 6 * H;
        enum bounce_kind kind = BOUNCE_KIND_BOUNCE;
        struct record *r = &records[count++];

        snprintf(ids[i], sizeof(ids[i]), "e%u", i);
        if (strcmp(category, "unsubscribe") == 0)
            kind = BOUNCE_KIND_UNSUBSCRIBE;
        else if (strcmp(category, "complaint") == 0)
            kind = BOUNCE_KIND_FEEDBACK;
        else if (strcmp(category, "delivered") == 0)
            kind = BOUNCE_KIND_DELIVERY;
        *r = kind == BOUNCE_KIND_BOUNCE
                 ? desk_bounce(ids[i], address, category, at)
                 : desk_event(kind, ids[i], address,
                              kind == BOUNCE_KIND_DELIVERY ? NULL : category,
                              at);
        r->event.provider = slice_cstr(providers[random_below(random, 3)]);
        r->event.campaign = slice_cstr(campaigns[random_below(random, 3)]);
        r->event.evidence_rule = slice_cstr(rules[random_below(random, 2)]);
        if (random_below(random, 3) == 0)
            r->event.scope = slice_cstr(scopes[random_below(random, 2)]);
    }
    desk_apply_all(desk, records, count, T0 + 10 * D, NULL);
    /* By hand, for a while, some of them suspended as well. */
    for (unsigned i = 0; i < ADDRESSES; i += 11) {
        struct act act = {.now = T0 + D,
                          .until = T0 + 3 * D,
                          .slot = BOUNCE_SLOT_MANUAL,
                          .reason = SLICE("asked")};
        struct ledger_result result;

        assert_int_equal(act_suppress(desk->ledger, slice_cstr(addresses[i]),
                                      &act, &result, &desk->error),
                         STORE_OK);
    }
}

/* ---- Filters --------------------------------------------------------- */

static bool has(struct bounce_slice field, const char *value)
{
    struct bounce_slice word;

    if (field.ptr == NULL)
        return true;
    while (slice_next_piece(&field, ',', &word))
        if (slice_eq(word, slice_cstr(value)))
            return true;
    return false;
}

static bool fits(const struct list_filter *f, const struct line *line)
{
    const char *cls = bounce_class_name(line->cls);

    return has(f->state, bounce_standing_name(line->standing)) &&
           has(f->domain, line->domain) && has(f->provider, line->provider) &&
           has(f->campaign, line->campaign) && has(f->scope, line->scope) &&
           has(f->category, line->category) &&
           has(f->cls, cls != NULL ? cls : "") && has(f->rule, line->rule) &&
           (f->since == BOUNCE_NO_TIME || line->since >= f->since) &&
           (f->until == BOUNCE_NO_TIME ||
            (line->since < f->until && line->since != BOUNCE_NO_TIME));
}

static struct bounce_slice pick(struct random *random,
                                const char *const *choices, size_t count)
{
    /* Mostly nothing, so that several fields meet now and then. */
    size_t i = (size_t)random_below(random, count * 3);

    return i < count ? slice_cstr(choices[i]) : SLICE_NULL;
}
#define PICK(random, choices)                                                  \
    pick(random, choices, sizeof(choices) / sizeof((choices)[0]))

static struct list_filter random_filter(struct random *random)
{
    static const char *const states[] = {"suspended,suppressed", "suspended",
                                         "suppressed", "active",
                                         "active,suspended"};
    static const char *const some_domains[] = {
        "a.example", "b.example,c.example", "z.example"};
    static const char *const some_providers[] = {"google", "yahoo,microsoft",
                                                 "nobody"};
    static const char *const some_campaigns[] = {"spring", "spring,summer"};
    static const char *const some_categories[] = {
        "user_unknown", "undetermined,recipient_rate", "mailbox_full"};
    static const char *const classes[] = {"hard", "soft,undetermined", "block"};
    static const char *const some_scopes[] = {
        "shop", "shop,club & \xC3\xA9t\xC3\xA9", ""};
    static const char *const some_rules[] = {"one.rule"};
    struct list_filter f = any_filter();

    f.state = slice_cstr(states[random_below(random, 5)]);
    if (random_below(random, 3) > 0)
        f.state = SLICE("suspended,suppressed");
    f.domain = PICK(random, some_domains);
    f.provider = PICK(random, some_providers);
    f.campaign = PICK(random, some_campaigns);
    f.category = PICK(random, some_categories);
    f.cls = PICK(random, classes);
    f.scope = PICK(random, some_scopes);
    f.rule = PICK(random, some_rules);
    if (random_below(random, 4) == 0)
        f.since = T0 + (int64_t)random_below(random, 10) * 12 * H;
    if (random_below(random, 4) == 0)
        f.until = T0 + (int64_t)random_below(random, 10) * 12 * H;
    f.newest_first = random_below(random, 2) == 0;
    return f;
}

static void describe(const struct list_filter *f, char out[400])
{
    snprintf(out, 400,
             "%.*s domain %.*s provider %.*s campaign %.*s category "
             "%.*s class %.*s scope %.*s rule %.*s %s",
             (int)f->state.len, f->state.ptr, (int)f->domain.len, f->domain.ptr,
             (int)f->provider.len, f->provider.ptr, (int)f->campaign.len,
             f->campaign.ptr, (int)f->category.len, f->category.ptr,
             (int)f->cls.len, f->cls.ptr, (int)f->scope.len, f->scope.ptr,
             (int)f->rule.len, f->rule.ptr,
             f->newest_first ? "newest first" : "");
}

/* What fits of all rows in the order of this list. A row whose suppression ran
 * out stands where it stood. */
static void reverse(struct lines *lines)
{
    for (size_t i = 0; i < lines->count / 2; i++) {
        struct line swap = lines->list[i];

        lines->list[i] = lines->list[lines->count - 1 - i];
        lines->list[lines->count - 1 - i] = swap;
    }
}

static void test_filters(void **state)
{
    static struct lines all[2], want, got;
    struct random random = {20260101};
    struct list_filter everything = any_filter();
    int64_t nows[] = {T0 + 10 * D, T0 + 4 * D, T0 + 200 * D};
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    fill(&desk, &random);
    for (size_t n = 0; n < sizeof(nows) / sizeof(nows[0]); n++) {
        everything.state = SLICE_NULL;
        list_all(&desk, &everything, nows[n], &all[0]);
        everything.state = SLICE("suspended,suppressed");
        list_all(&desk, &everything, nows[n], &all[1]);
        if (fixture_keeps() && n == 0)
            assert_true(all[0].count > 250 && all[1].count > 100 &&
                        all[1].count < all[0].count);
        for (unsigned i = 0; i < 150; i++) {
            struct list_filter filter = random_filter(&random);
            bool active =
                slice_find(filter.state, SLICE("active")) != SLICE_NPOS;
            const struct lines *source = &all[active ? 0 : 1];
            char what[400];

            describe(&filter, what);
            want.count = 0;
            for (size_t k = 0; k < source->count; k++)
                if (fits(&filter, &source->list[k]))
                    want.list[want.count++] = source->list[k];
            if (filter.newest_first)
                reverse(&want);
            list_all(&desk, &filter, nows[n], &got);
            expect_same(&got, &want, what);
            list_pages(&desk, filter, nows[n], 7, 0, &got);
            expect_same(&got, &want, what);
            list_pages(&desk, filter, nows[n], 7, 1, &got);
            expect_same(&got, &want, what);
        }
    }
    desk_clear(&desk);
}

/* ---- Single questions ------------------------------------------------ */

static void test_one_address(void **state)
{
    static struct lines got;
    struct list_filter filter = any_filter();
    struct record bounce =
        desk_bounce("e1", "ann@example.org", "user_unknown", T0);
    struct record leave = desk_event(BOUNCE_KIND_UNSUBSCRIBE, "e2",
                                     "ann@example.org", "unsubscribe", T0 + H);
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    leave.event.scope = SLICE("shop");
    desk_apply(&desk, &bounce);
    desk_apply(&desk, &leave);
    filter.address = SLICE("Ann@Example.org");
    list_all(&desk, &filter, T0 + D, &got);
    if (fixture_keeps()) {
        assert_int_equal(got.count, 2);
        assert_string_equal(got.list[0].scope, "");
        assert_string_equal(got.list[0].category, "user_unknown");
        assert_string_equal(got.list[1].scope, "shop");
        list_pages(&desk, filter, T0 + D, 1, 0, &got);
        assert_int_equal(got.count, 2);
        assert_string_equal(got.list[1].category, "unsubscribe");
    }
    filter.scope = SLICE("shop");
    list_all(&desk, &filter, T0 + D, &got);
    assert_int_equal(got.count, fixture_keeps() ? 1 : 0);
    filter.address = SLICE("bob@example.org");
    list_all(&desk, &filter, T0 + D, &got);
    assert_int_equal(got.count, 0);
    desk_clear(&desk);
}

static void suppress_ann(struct desk *desk, int64_t until)
{
    struct act act = {.now = T0, .until = until, .slot = BOUNCE_SLOT_MANUAL};
    struct ledger_result result;

    assert_int_equal(act_suppress(desk->ledger, SLICE("ann@example.org"), &act,
                                  &result, &desk->error),
                     STORE_OK);
}

/* A suppression ran out, a suspension that began later has not. */
static void test_left_behind(void **state)
{
    static struct lines got;
    struct list_filter filter = any_filter();
    struct record record =
        desk_bounce("e1", "ann@example.org", "undetermined", T0 + H);
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    suppress_ann(&desk, T0 + 2 * D);
    desk_apply(&desk, &record);
    filter.state = SLICE("suspended");
    filter.category = SLICE("undetermined");
    list_all(&desk, &filter, T0 + D, &got);
    assert_int_equal(got.count, 0);
    list_all(&desk, &filter, T0 + 3 * D, &got);
    assert_int_equal(got.count, fixture_keeps() ? 1 : 0);
    filter.category = SLICE_NULL;
    filter.state = SLICE("suspended,suppressed");
    list_all(&desk, &filter, T0 + 3 * D, &got);
    assert_int_equal(got.count, fixture_keeps() ? 1 : 0);
    list_all(&desk, &filter, T0 + 30 * D, &got);
    assert_int_equal(got.count, 0);
    desk_clear(&desk);
}

static void test_refused(void **state)
{
    static struct lines got;
    const struct {
        const char *field, *value, *says;
    } cases[] = {
        {"state", "dead", "no such state: dead"},
        {"class", "hard,harder", "no such class: harder"},
        {"category", "user_unkown", "no such category: user_unkown"},
        {"domain", "exa mple", "no such domain: exa mple"},
        {"address", "ann", "the address is no domain"},
        {"ip", "192.0.2.1", "addresses have no sending IP to choose them by"},
        {"kind", "bounce", "addresses have no kind to choose them by"},
        {"from", "a.example",
         "addresses have no sender domain to choose them "
         "by"},
        {"cursor", "12", "no cursor of this list: 12"},
        {"cursor", "k12.", "no cursor of this list: k12."},
        {"cursor", "1.2.%zz", "no cursor of this list: 1.2.%zz"},
        {"cursor", "99999999999999999999.1.",
         "no cursor of this list: 99999999999999999999.1."},
    };
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct list_filter f = any_filter();
        const struct {
            const char *name;
            struct bounce_slice *field;
        } fields[] = {{"state", &f.state},       {"class", &f.cls},
                      {"category", &f.category}, {"domain", &f.domain},
                      {"address", &f.address},   {"ip", &f.ip},
                      {"kind", &f.kind},         {"from", &f.sender_domain},
                      {"cursor", &f.cursor}};

        f.state = SLICE("suspended");
        for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
            if (strcmp(fields[k].name, cases[i].field) == 0)
                *fields[k].field = slice_cstr(cases[i].value);
        assert_int_equal(
            list_addresses(desk.book, &f, T0, take, &got, &desk.error),
            STORE_E_VALUE);
        assert_string_equal(desk.error.msg, cases[i].says);
    }
    desk_clear(&desk);
}

static bool stop_at_three(void *ctx, const struct list_address *row)
{
    (void)row;
    return ++*(int *)ctx < 3;
}

static void test_stopped(void **state)
{
    struct random random = {7};
    struct list_filter filter = any_filter();
    static struct lines got;
    struct desk desk;
    int count = 0;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    fill(&desk, &random);
    assert_int_equal(list_addresses(desk.book, &filter, T0, stop_at_three,
                                    &count, &desk.error),
                     fixture_keeps() ? STORE_E_STOPPED : STORE_OK);
    assert_int_equal(count, fixture_keeps() ? 3 : 0);
    /* The transaction that was read in is over. */
    list_all(&desk, &filter, T0, &got);
    fill(&desk, &random);
    desk_clear(&desk);
}

/* ---- Plans ----------------------------------------------------------- */

static struct store_driver spy;
static const struct store_driver *spied;
static size_t plans;

/* What asks for the rows that ran out: they are sorted. */
#define EXPIRED "until IS NOT NULL AND until <= "

struct plan_ctx {
    const char *sql;
    bool scan;
};

static bool take_plan(void *ctx, const struct store_value *row, size_t columns)
{
    struct plan_ctx *plan = ctx;
    char detail[300];

    assert_int_equal(columns, 4);
    COPY(detail, row[3].text);
    if (strstr(plan->sql, EXPIRED) != NULL &&
        strncmp(detail, "SEARCH state", 12) == 0)
        assert_non_null(strstr(detail, "USING INDEX state_until"));
    /* By key the whole table is the index; a scan of the subquery is none. */
    if ((strncmp(detail, "SCAN state", 10) == 0 &&
         strstr(plan->sql, "WHERE 1 = 1 ORDER BY key") == NULL &&
         strstr(plan->sql, "WHERE 1 = 1 AND (key, scope)") == NULL) ||
        (strstr(detail, "TEMP B-TREE") != NULL &&
         strstr(plan->sql, EXPIRED) == NULL)) {
        print_message("%s\n%s\n", plan->sql, detail);
        plan->scan = true;
    }
    return true;
}

static enum store_err spy_run(struct store *store, const char *sql,
                              const struct store_value *values, size_t count,
                              store_row_fn *row, void *ctx,
                              struct store_error *error)
{
    char explained[20000];
    struct plan_ctx plan = {sql, false};

    if (strncmp(sql, "SELECT", 6) == 0) {
        snprintf(explained, sizeof(explained), "EXPLAIN QUERY PLAN %s", sql);
        assert_int_equal(spied->run(store, explained, values, count, take_plan,
                                    &plan, error),
                         STORE_OK);
        assert_false(plan.scan);
        plans++;
    }
    return spied->run(store, sql, values, count, row, ctx, error);
}

/* Whatever the filter asks for, rows come along an index, in its order. */
static void test_plans(void **state)
{
    static struct lines got;
    struct random random = {3};
    struct desk desk;

    (void)state;
    if (!fixture_is_sqlite())
        return;
    desk_init(&desk, NULL, NULL, NULL);
    fill(&desk, &random);
    spied = desk.book->store->driver;
    spy = *spied;
    spy.run = spy_run;
    desk.book->store->driver = &spy;
    plans = 0;
    for (unsigned i = 0; i < 200; i++) {
        struct list_filter filter = random_filter(&random);

        list_pages(&desk, filter, T0 + 4 * D, 50, 0, &got);
    }
    assert_true(plans > 400);
    desk.book->store->driver = spied;
    desk_clear(&desk);
}

/* ---- Work ------------------------------------------------------------ */

static size_t runs;

static enum store_err count_run(struct store *store, const char *sql,
                                const struct store_value *values, size_t count,
                                store_row_fn *row, void *ctx,
                                struct store_error *error)
{
    runs++;
    return spied->run(store, sql, values, count, row, ctx, error);
}

/* Suppressions that ran out and were not cleared yet are not gone through page
 * by page, each time from the beginning, for one that left a suspension. */
static void test_expired(void **state)
{
    static struct lines got;
    struct list_filter filter = any_filter();
    struct record record =
        desk_bounce("e1", "ann@example.org", "undetermined", T0 + H);
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    suppress_ann(&desk, T0 + 2 * D);
    free(desk_query(
        &desk,
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE "
        "n < 1200) INSERT INTO state (key, scope, address, domain, standing, "
        "slot, since, until, category, text) SELECT n, '', 'u' || n || "
        "'@example.net', 'example.net', standing, slot, since, until, "
        "category, text FROM state, c"));
    desk_apply(&desk, &record);
    spied = desk.book->store->driver;
    spy = *spied;
    spy.run = count_run;
    desk.book->store->driver = &spy;
    filter.state = SLICE("suspended");
    filter.limit = 5;
    for (unsigned i = 0; i < 2; i++) {
        runs = 0;
        list_all(&desk, &filter, T0 + 3 * D, &got);
        assert_int_equal(got.count, fixture_keeps() ? 1 : 0);
        assert_in_range(runs, 1, 8);
        filter.newest_first = true;
    }
    desk.book->store->driver = spied;
    /* All of them left one: more than are kept of a walk. */
    free(desk_query(&desk, "UPDATE state SET text = (SELECT text FROM state AS "
                           "s WHERE s.address = 'ann@example.org')"));
    for (unsigned i = 0; i < 2; i++) {
        list_pages(&desk, filter, T0 + 3 * D, i == 0 ? 200 : 2000, i, &got);
        assert_int_equal(got.count, fixture_keeps() ? 1201 : 0);
        for (size_t k = 1; k < got.count; k++)
            assert_true(got.list[k].since == got.list[0].since &&
                        strcmp(got.list[k - 1].address, got.list[k].address) !=
                            0);
    }
    desk_clear(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),     cmocka_unit_test(test_one_address),
        cmocka_unit_test(test_left_behind), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_stopped),     cmocka_unit_test(test_plans),
        cmocka_unit_test(test_expired),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
