/* SPDX-License-Identifier: MIT */
#include "ledger_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/date.h"

static const char *hash_key;

/* Every store has the same salt, so that keys are the same everywhere. */
static void make_salt(struct desk *desk)
{
    struct store *store = fixture_open(&desk->fixture);

    free(fixture_query(store,
                       "INSERT INTO meta (name, value) VALUES "
                       "('salt', '00112233445566778899aabbccddeeff')",
                       NULL, 0));
    store_close(store);
}

static void open_book(struct desk *desk)
{
    struct book_options options = {.store = desk->fixture.where,
                                   .policy = desk->policy,
                                   .engine = desk->engine,
                                   .keep_raw_days = 30,
                                   .create = true};

    if (hash_key != NULL)
        options.address_key = slice_cstr(hash_key);
    if (book_open(&options, &desk->book, &desk->error) != STORE_OK)
        fail_msg("book_open: %s", desk->error.msg);
    desk->ledger = ledger_new(desk->book);
    assert_non_null(desk->ledger);
}

void desk_init(struct desk *desk, const char *preset, const char *policy_text,
               const char *key)
{
    struct bounce_error error;

    memset(desk, 0, sizeof(*desk));
    hash_key = key;
    fixture_init(&desk->fixture);
    assert_int_equal(bounce_engine_new(NULL, &desk->engine), BOUNCE_OK);
    assert_int_equal(bounce_engine_seal(desk->engine, &error), BOUNCE_OK);
    if (bounce_policy_new(NULL, preset, "own.policy", policy_text,
                          policy_text != NULL ? strlen(policy_text) : 0,
                          &desk->policy, &error) != BOUNCE_OK)
        fail_msg("%s", error.msg);
    make_salt(desk);
    open_book(desk);
}

void desk_init_sqlite(struct desk *desk, const struct desk *other)
{
    memset(desk, 0, sizeof(*desk));
    memcpy(desk->fixture.folder, other->fixture.folder,
           sizeof(desk->fixture.folder));
    snprintf(desk->fixture.where, sizeof(desk->fixture.where), "%s/other.db",
             other->fixture.folder);
    desk->engine = other->engine;
    desk->policy = other->policy;
    make_salt(desk);
    open_book(desk);
}

void desk_clear_sqlite(struct desk *desk)
{
    ledger_free(desk->ledger);
    book_close(desk->book);
}

void desk_reopen(struct desk *desk)
{
    ledger_free(desk->ledger);
    book_close(desk->book);
    open_book(desk);
}

void desk_clear(struct desk *desk)
{
    ledger_free(desk->ledger);
    book_close(desk->book);
    bounce_policy_free(desk->policy);
    bounce_engine_free(desk->engine);
    fixture_clear(&desk->fixture);
}

int desk_set_up_with(void **state, const char *policy_text, const char *key)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    assert_non_null(desk);
    desk_init(desk, NULL, policy_text, key);
    *state = desk;
    return 0;
}

int desk_set_up(void **state)
{
    return desk_set_up_with(state, NULL, NULL);
}

int desk_tear_down(void **state)
{
    desk_clear(*state);
    free(*state);
    return 0;
}

struct record desk_event(enum bounce_kind kind, const char *id,
                         const char *address, const char *category, int64_t at)
{
    struct record r;

    record_init(&r, NULL);
    r.event.kind = kind;
    r.event.event_id = slice_cstr(id);
    r.event.recipient = slice_cstr(address);
    r.event.category = slice_cstr(category);
    r.event.cls = BOUNCE_CLASS_EVENT;
    r.event.provider = SLICE("google");
    r.event.evidence_rule = SLICE("test.rule");
    r.event.confidence = 0.98;
    r.event.occurred_at = at;
    r.ip = SLICE("192.0.2.1");
    r.sender_domain = SLICE("news.example");
    r.source = SLICE("test");
    return r;
}

struct record desk_bounce(const char *id, const char *address,
                          const char *category, int64_t at)
{
    struct record r = desk_event(BOUNCE_KIND_BOUNCE, id, address, category, at);

    r.event.cls = BOUNCE_CLASS_HARD;
    r.event.permanent = 1;
    r.event.diagnostic = SLICE("550 5.1.1 no such user");
    return r;
}

void desk_apply_all(struct desk *desk, const struct record *records,
                    size_t count, int64_t now, struct ledger_result *results)
{
    if (ledger_apply(desk->ledger, records, count, now, results, &desk->bad,
                     &desk->error) != STORE_OK)
        fail_msg("ledger_apply: %s", desk->error.msg);
}

struct ledger_result desk_apply_at(struct desk *desk,
                                   const struct record *record, int64_t now)
{
    struct ledger_result result;

    desk_apply_all(desk, record, 1, now, &result);
    return result;
}

struct ledger_result desk_apply(struct desk *desk, const struct record *record)
{
    return desk_apply_at(desk, record, record->event.occurred_at);
}

void desk_expect(struct desk *desk, const char *sql, const char *rows)
{
    fixture_expect(desk->book->store, sql, rows);
}

char *desk_query(struct desk *desk, const char *sql)
{
    return fixture_query(desk->book->store, sql, NULL, 0);
}

static bool differs(void *ctx, const struct ledger_difference *what)
{
    char before[8192], after[8192];
    size_t b = bounce_state_write(what->before, before, sizeof(before));
    size_t a = bounce_state_write(what->after, after, sizeof(after));

    (void)ctx;
    print_message("%.*s \"%.*s\"\nstored:\n%.*sreplayed:\n%.*s",
                  (int)what->address.len, what->address.ptr,
                  (int)what->scope.len, what->scope.ptr,
                  (int)(b < sizeof(before) ? b : sizeof(before)), before,
                  (int)(a < sizeof(after) ? a : sizeof(after)), after);
    *(bool *)ctx = true;
    return false;
}

void desk_expect_replay(struct desk *desk)
{
    bool any = false;
    uint64_t addresses;
    enum store_err err = ledger_try(desk->ledger, NULL, LEDGER_T0, differs,
                                    &any, &addresses, &desk->error);

    if (err != STORE_OK && err != STORE_E_STOPPED)
        fail_msg("ledger_try: %s", desk->error.msg);
    if (any)
        fail_msg("a replay gives something else");
}

#define FIRST_YEAR 1999
#define LAST_YEAR  2048

/* month: from 0 on; that behind December is the next year's first. */
static long long day_of_month(int year, int month)
{
    char date[40];

    (void)snprintf(date, sizeof(date), "%04d-%02d-01T00:00:00Z",
                   year + month / 12, month % 12 + 1);
    return (long long)(date_parse(slice_cstr(date)) / LEDGER_DAY);
}

static void expect_alike(struct desk *desk, const char *sums, const char *kept)
{
    char *want = desk_query(desk, sums), *have = desk_query(desk, kept);
    size_t at = 0;

    while (want[at] != '\0' && want[at] == have[at])
        at++;
    if (want[at] != have[at])
        fail_msg("%s\n...%.300s\ninstead of\n...%.300s", kept,
                 have + (at > 100 ? at - 100 : 0),
                 want + (at > 100 ? at - 100 : 0));
    free(want);
    free(have);
}

void desk_expect_sums(struct desk *desk)
{
    static char sql[40000];
    size_t len = (size_t)snprintf(sql, sizeof(sql), "WITH m (day, next) AS (");

    for (int year = FIRST_YEAR; year <= LAST_YEAR; year++)
        for (int month = 0; month < 12; month++)
            len += (size_t)snprintf(
                sql + len, sizeof(sql) - len, "%s (%lld, %lld)",
                year == FIRST_YEAR && month == 0 ? "VALUES" : ",",
                day_of_month(year, month), day_of_month(year, month + 1));
    snprintf(sql + len, sizeof(sql) - len,
             ") SELECT dim, m.day, value, what, detail, "
             "CAST(sum(n) AS BIGINT) FROM tally JOIN m ON tally.day >= m.day "
             "AND tally.day < next GROUP BY dim, m.day, value, what, detail "
             "HAVING sum(n) <> 0 ORDER BY dim, m.day, value, what, detail");
    expect_alike(desk, sql,
                 "SELECT dim, month, value, what, detail, n FROM tally_month "
                 "WHERE n <> 0 ORDER BY dim, month, value, what, detail");
    expect_alike(
        desk,
        "SELECT dim, value, "
        "CAST(sum(CASE WHEN what = 'bounce' THEN n ELSE 0 END) AS BIGINT), "
        "CAST(sum(CASE WHEN what = 'feedback' AND detail = 'complaint' "
        "THEN n ELSE 0 END) AS BIGINT), "
        "CAST(sum(CASE WHEN what = 'sent' THEN n ELSE 0 END) AS BIGINT) "
        "FROM tally WHERE dim <> 'all' GROUP BY dim, value ORDER BY dim, value",
        "SELECT dim, value, bounced, complaints, sent FROM tally_total "
        "ORDER BY dim, value");
}

static bool take_stats(void *ctx, const struct stats_row *r)
{
    struct stats_page *page = ctx;

    page->len += (size_t)snprintf(
        page->text + page->len, page->cap - page->len,
        "%.*s %u %u %u %u %u %u %u\n", (int)r->value.len, r->value.ptr,
        (unsigned)r->sent, (unsigned)r->bounced, (unsigned)r->hard,
        (unsigned)r->soft, (unsigned)r->complaints, (unsigned)r->delayed,
        (unsigned)r->unsubscribes);
    assert_true(page->len < page->cap);
    page->rows++;
    return true;
}

struct stats_page desk_stats_page(struct book *book, enum stats_by by,
                                  int64_t first, int64_t end, size_t limit)
{
    struct list_filter filter = {
        .since = first * LEDGER_DAY, .until = end * LEDGER_DAY, .limit = limit};
    struct stats_page page = {.cap = 600000};
    struct store_error error;

    page.text = calloc(1, page.cap);
    assert_non_null(page.text);
    if (stats_rows(book, by, &filter, take_stats, &page, &error) != STORE_OK)
        fail_msg("%s", error.msg);
    return page;
}

void desk_expect_beginning(const struct stats_page *page,
                           struct stats_page *all, size_t limit)
{
    assert_int_equal(page->rows, all->rows < limit ? all->rows : limit);
    all->text[page->len] = '\0';
    assert_string_equal(page->text, all->text);
}
