/* SPDX-License-Identifier: MIT
 * Filters as long as they may be: each list takes them, of every driver, and
 * finds what the last word of each field names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "store/incident.h"
#include "store/list.h"

#define T0    LEDGER_T0
#define WORDS 64 /* of one field: more are refused */

/* Words of a field, joined by commas. */
struct field {
    char text[WORDS * 24];
    size_t len, words;
};

static void add_word(struct field *field, struct bounce_slice word)
{
    int len = snprintf(field->text + field->len,
                       sizeof(field->text) - field->len, "%s%.*s",
                       field->words > 0 ? "," : "", (int)word.len, word.ptr);

    assert_true(len > 0 && (size_t)len < sizeof(field->text) - field->len);
    field->len += (size_t)len;
    field->words++;
}

/* Words that no row has, then the one that it has. */
static struct bounce_slice make(struct field *field, size_t words,
                                const char *last)
{
    char word[16];

    *field = (struct field){.len = 0};
    while (field->words + 1 < words) {
        snprintf(word, sizeof(word), "x%zu.example", field->words);
        add_word(field, slice_cstr(word));
    }
    add_word(field, slice_cstr(last));
    return slice_make(field->text, field->len);
}

/* The same word each time, where only some words are known. */
static struct bounce_slice repeat(struct field *field, const char *word)
{
    *field = (struct field){.len = 0};
    while (field->words < WORDS)
        add_word(field, slice_cstr(word));
    return slice_make(field->text, field->len);
}

/* As many categories as there are. */
static struct bounce_slice all_categories(struct field *field,
                                          const struct bounce_engine *engine)
{
    const struct bounce_category *category;

    *field = (struct field){.len = 0};
    add_word(field, SLICE("user_unknown"));
    add_word(field, SLICE("unsubscribe"));
    for (size_t i = 0; (category = bounce_category_at(engine, i)) != NULL &&
                       field->words < WORDS;
         i++)
        add_word(field, category->id);
    return slice_make(field->text, field->len);
}

struct fields {
    struct field domain, provider, scope, campaign, ip, from, rule;
    struct field category, cls, kind, state;
};

static struct list_filter long_filter(struct desk *desk, struct fields *fields)
{
    return (struct list_filter){
        .since = T0 - LEDGER_DAY,
        .until = T0 + LEDGER_DAY,
        .limit = 10,
        .domain = make(&fields->domain, WORDS, "example.org"),
        .provider = make(&fields->provider, WORDS, "google"),
        .scope = make(&fields->scope, WORDS, "shop"),
        .campaign = make(&fields->campaign, WORDS, "spring"),
        .ip = make(&fields->ip, WORDS, "192.0.2.1"),
        .sender_domain = make(&fields->from, WORDS, "news.example"),
        .rule = make(&fields->rule, WORDS, "one.rule"),
        .category = all_categories(&fields->category, desk->engine),
        .cls = repeat(&fields->cls, "hard")};
}

static bool count_address(void *ctx, const struct list_address *row)
{
    assert_true(slice_eq(row->address, SLICE("ann@example.org")));
    ++*(size_t *)ctx;
    return true;
}

static bool count_event(void *ctx, const struct list_event *row)
{
    assert_true(
        slice_eq(row->record->event.recipient, SLICE("ann@example.org")));
    ++*(size_t *)ctx;
    return true;
}

static bool count_change(void *ctx, const struct list_change *row)
{
    assert_true(slice_eq(row->address, SLICE("ann@example.org")));
    ++*(size_t *)ctx;
    return true;
}

static bool count_due(void *ctx, const struct list_due *row)
{
    assert_true(slice_eq(row->address, SLICE("ann@example.org")));
    ++*(size_t *)ctx;
    return true;
}

static bool count_hold(void *ctx, const struct bounce_hold *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return true;
}

static bool count_incident(void *ctx, const struct list_incident *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return true;
}

/* A list that is asked: of what, with which filter, and how many rows came. */
struct asked {
    struct desk desk;
    struct fields fields;
    struct list_filter filter;
    size_t rows;
};

/* *state is one whose store has rows that the long filter fits, and one that it
 * does not. */
static int set_up(void **state)
{
    struct record bounce =
        desk_bounce("e1", "ann@example.org", "user_unknown", T0);
    struct record leave = desk_event(BOUNCE_KIND_UNSUBSCRIBE, "e2",
                                     "ann@example.org", "unsubscribe", T0);
    struct record other =
        desk_bounce("e3", "bob@example.net", "user_unknown", T0);
    struct asked *asked = calloc(1, sizeof(*asked));
    struct desk *desk = &asked->desk;

    *state = asked;
    desk_init(desk, NULL, NULL, NULL);
    bounce.event.scope = SLICE("shop");
    bounce.event.campaign = SLICE("spring");
    bounce.event.evidence_rule = SLICE("one.rule");
    leave.event.scope = bounce.event.scope;
    leave.event.campaign = bounce.event.campaign;
    leave.event.evidence_rule = bounce.event.evidence_rule;
    desk_apply(desk, &bounce);
    desk_apply(desk, &leave);
    desk_apply(desk, &other);
    asked->filter = long_filter(desk, &asked->fields);
    return 0;
}

static int tear_down(void **state)
{
    struct asked *asked = *state;

    desk_clear(&asked->desk);
    free(asked);
    return 0;
}

/* What came of asking a list; the next one is asked anew. */
static void expect(struct asked *asked, const char *list, enum store_err err,
                   size_t want)
{
    if (err != STORE_OK)
        fail_msg("%s: %s", list, asked->desk.error.msg);
    if (asked->rows != (fixture_keeps() ? want : 0))
        fail_msg("%s: %zu rows, not %zu", list, asked->rows, want);
    asked->rows = 0;
}

static void test_addresses(void **state)
{
    struct asked *a = *state;
    struct list_filter *filter = &a->filter;
    struct desk *desk = &a->desk;

    filter->ip = filter->sender_domain = filter->cls = SLICE_NULL;
    filter->state = repeat(&a->fields.state, "suppressed");
    expect(a, "addresses",
           list_addresses(desk->book, filter, T0, count_address, &a->rows,
                          &desk->error),
           1);
    filter->since = filter->until = BOUNCE_NO_TIME;
    filter->state = SLICE("active,suppressed");
    expect(a, "addresses by key",
           list_addresses(desk->book, filter, T0, count_address, &a->rows,
                          &desk->error),
           1);
}

static void test_events(void **state)
{
    struct asked *a = *state;
    struct list_filter *filter = &a->filter;
    struct desk *desk = &a->desk;

    expect(a, "due",
           list_due(desk->book, filter, T0, count_due, &a->rows, &desk->error),
           1);
    filter->kind = repeat(&a->fields.kind, "bounce");
    expect(a, "events",
           list_events(desk->book, filter, count_event, &a->rows, &desk->error),
           1);
    filter->address = SLICE("ann@example.org");
    expect(a, "events of an address",
           list_events(desk->book, filter, count_event, &a->rows, &desk->error),
           1);
    expect(a, "review",
           list_review(desk->book, filter, count_event, &a->rows, &desk->error),
           0);
}

static void test_others(void **state)
{
    struct asked *a = *state;
    struct list_filter *filter = &a->filter;
    struct desk *desk = &a->desk;

    filter->scope = SLICE_NULL;
    expect(a, "holds",
           list_holds(desk->book, filter, true, T0, count_hold, &a->rows,
                      &desk->error),
           0);
    filter->domain = SLICE_NULL;
    filter->kind = repeat(&a->fields.kind, "hard");
    expect(a, "incidents",
           list_incidents(desk->book, filter, INCIDENTS_ALL, SLICE_NULL,
                          count_incident, &a->rows, &desk->error),
           0);
    filter->provider = filter->campaign = SLICE_NULL;
    filter->ip = filter->sender_domain = filter->cls = SLICE_NULL;
    filter->scope = make(&a->fields.scope, WORDS, "shop");
    filter->kind = repeat(&a->fields.kind, "state");
    filter->state = repeat(&a->fields.state, "suppressed");
    expect(
        a, "changes",
        list_changes(desk->book, filter, count_change, &a->rows, &desk->error),
        1);
}

static void test_too_long(void **state)
{
    static struct field field;
    struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME};
    struct desk desk;
    size_t rows = 0;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    filter.provider = make(&field, WORDS + 1, "google");
    assert_int_equal(list_addresses(desk.book, &filter, T0, count_address,
                                    &rows, &desk.error),
                     STORE_E_VALUE);
    assert_string_equal(desk.error.msg, "provider: more than 64 values");
    desk_clear(&desk);
}

/* What every driver takes in one statement, and not one value more. */
static void test_values(void **state)
{
    static struct store_value values[STORE_VALUES_MAX + 1];
    static char sql[32 * STORE_VALUES_MAX];
    size_t len = (size_t)snprintf(sql, sizeof(sql), "SELECT 0");
    struct desk desk;
    char *rows;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    for (size_t i = 0; i <= STORE_VALUES_MAX; i++) {
        values[i] = store_int(1);
        if (i < STORE_VALUES_MAX)
            len += (size_t)snprintf(sql + len, sizeof(sql) - len,
                                    " + CAST($%zu AS BIGINT)", i + 1);
    }
    rows = fixture_query(desk.book->store, sql, values, STORE_VALUES_MAX);
    assert_string_equal(rows, fixture_keeps() ? "640\n" : "");
    free(rows);
    assert_int_equal(store_run(desk.book->store, sql, values,
                               STORE_VALUES_MAX + 1, NULL, NULL, &desk.error),
                     STORE_E_SQL);
    assert_string_equal(desk.error.msg,
                        "a statement with 641 values: at most 640");
    desk_clear(&desk);
}

#define ASKING(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ASKING(test_addresses),        ASKING(test_events),
        ASKING(test_others),           cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
