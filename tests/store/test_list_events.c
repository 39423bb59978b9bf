/* SPDX-License-Identifier: MIT
 * Events, what to review, changes, holds, what is due. */
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

#define T0     LEDGER_T0
#define H      LEDGER_HOUR
#define D      LEDGER_DAY
#define EVENTS 600

struct text {
    char ptr[20000];
    size_t len;
};

static void add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text->len += (size_t)vsnprintf(text->ptr + text->len,
                                   sizeof(text->ptr) - text->len, format, args);
    va_end(args);
    assert_true(text->len < sizeof(text->ptr));
}

static void expect(struct text *text, const char *want)
{
    text->ptr[text->len] = '\0';
    assert_string_equal(text->ptr, fixture_keeps() ? want : "");
    text->len = 0;
}

static struct list_filter any_filter(void)
{
    return (struct list_filter){.since = BOUNCE_NO_TIME,
                                .until = BOUNCE_NO_TIME};
}

static void must(struct desk *desk, enum store_err err)
{
    if (err != STORE_OK)
        fail_msg("%s", desk->error.msg);
}

/* ---- Events by filter ------------------------------------------------ */

struct line {
    int64_t seq, at;
    char id[16], kind[16], domain[24], provider[16], campaign[16], scope[16];
    char category[24], rule[16], ip[16], sender[24], cursor[64], address[40];
    enum bounce_class cls;
};

struct lines {
    struct line list[EVENTS + 100];
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

static const char *kind_of(const struct record *record)
{
    return record->act == RECORD_SUPPRESS ? "suppress"
           : record->act == RECORD_RELEASE
               ? "release"
               : bounce_kind_name(record->event.kind);
}

static bool take_event(void *ctx, const struct list_event *row)
{
    struct lines *lines = ctx;
    struct line *line = &lines->list[lines->count++];
    const struct bounce_event *event = &row->record->event;
    struct bounce_slice address = event->recipient;

    assert_true(lines->count < EVENTS + 100);
    line->seq = row->seq;
    line->at = event->occurred_at;
    line->cls = event->cls;
    COPY(line->id, slice_sub(event->event_id, 0, 15));
    COPY(line->kind, slice_cstr(kind_of(row->record)));
    COPY(line->address, address);
    COPY(line->domain, slice_from(address, slice_rfind_byte(address, '@') + 1));
    COPY(line->provider, event->provider);
    COPY(line->campaign, event->campaign);
    COPY(line->scope, event->scope);
    COPY(line->category, event->category);
    COPY(line->rule, event->evidence_rule);
    COPY(line->ip, row->record->ip);
    COPY(line->sender, row->record->sender_domain);
    COPY(line->cursor, row->cursor);
    return true;
}

static const char *const ips[] = {"192.0.2.1", "192.0.2.2"};
static const char *const senders[] = {"news.example", "shop.example"};
static const char *const campaigns[] = {"spring", "summer", "autumn", NULL};

static void fill(struct desk *desk, struct random *random)
{
    static const char *const categories[] = {"user_unknown", "mailbox_full",
                                             "spam_detected", "undetermined"};
    static const char *const providers[] = {"google", "yahoo"};
    static const char *const rules[] = {"one.rule", "two.rule"};
    static char ids[EVENTS][16], addresses[EVENTS][40];
    static struct record records[EVENTS];

    for (unsigned i = 0; i < EVENTS; i++) {
        struct record *r = &records[i];
        int64_t at = T0 + (int64_t)random_below(random, 100) * H;

        snprintf(ids[i], sizeof(ids[i]), "e%u", i);
        snprintf(addresses[i], sizeof(addresses[i]), "u%u@d%u.example",
                 (unsigned)random_below(random, 60),
                 (unsigned)random_below(random, 3));
        *r = random_below(random, 4) == 0
                 ? desk_event(BOUNCE_KIND_DELAY, ids[i], addresses[i],
                              "mailbox_full", at)
                 : desk_bounce(ids[i], addresses[i],
                               categories[random_below(random, 4)], at);
        r->event.provider = slice_cstr(providers[random_below(random, 2)]);
        r->event.campaign = slice_cstr(campaigns[random_below(random, 4)]);
        r->event.evidence_rule = slice_cstr(rules[random_below(random, 2)]);
        r->ip = slice_cstr(ips[random_below(random, 2)]);
        r->sender_domain = slice_cstr(senders[random_below(random, 2)]);
        if (random_below(random, 3) == 0)
            r->event.scope = SLICE("shop");
    }
    desk_apply_all(desk, records, EVENTS, T0 + 10 * D, NULL);
}

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

    return has(f->address, line->address) && has(f->domain, line->domain) &&
           has(f->provider, line->provider) &&
           has(f->campaign, line->campaign) && has(f->scope, line->scope) &&
           has(f->category, line->category) && has(f->rule, line->rule) &&
           has(f->kind, line->kind) && has(f->ip, line->ip) &&
           has(f->sender_domain, line->sender) &&
           has(f->cls, cls != NULL ? cls : "") &&
           (f->since == BOUNCE_NO_TIME || line->at >= f->since) &&
           (f->until == BOUNCE_NO_TIME || line->at < f->until);
}

static struct list_filter random_filter(struct random *random)
{
    static const struct {
        size_t at;
        const char *value;
    } choices[] = {
        {offsetof(struct list_filter, address), "u7@d1.example"},
        {offsetof(struct list_filter, address), "u9@d2.example"},
        {offsetof(struct list_filter, domain), "d1.example"},
        {offsetof(struct list_filter, domain), "d0.example,d2.example"},
        {offsetof(struct list_filter, provider), "google"},
        {offsetof(struct list_filter, campaign), "spring"},
        {offsetof(struct list_filter, campaign), "spring,autumn"},
        {offsetof(struct list_filter, campaign), "winter"},
        {offsetof(struct list_filter, scope), "shop"},
        {offsetof(struct list_filter, category), "user_unknown"},
        {offsetof(struct list_filter, category), "mailbox_full,undetermined"},
        {offsetof(struct list_filter, cls), "hard"},
        {offsetof(struct list_filter, cls), "soft,block"},
        {offsetof(struct list_filter, rule), "one.rule"},
        {offsetof(struct list_filter, kind), "bounce"},
        {offsetof(struct list_filter, kind), "delay,delivery"},
        {offsetof(struct list_filter, ip), "192.0.2.2"},
        {offsetof(struct list_filter, sender_domain), "news.example"}};
    struct list_filter f = any_filter();

    for (unsigned i = 0; i < 3; i++) {
        size_t n =
            (size_t)random_below(random, sizeof(choices) / sizeof(choices[0]));
        struct bounce_slice value = slice_cstr(choices[n].value);

        memcpy((char *)&f + choices[n].at, &value, sizeof(value));
    }
    if (random_below(random, 3) == 0)
        f.since = T0 + (int64_t)random_below(random, 100) * H;
    if (random_below(random, 3) == 0)
        f.until = T0 + (int64_t)random_below(random, 100) * H;
    f.newest_first = random_below(random, 2) == 0;
    return f;
}

static int by_time(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void describe(const struct list_filter *f)
{
    const struct bounce_slice fields[] = {
        f->address,  f->domain, f->provider, f->campaign, f->scope,
        f->category, f->cls,    f->rule,     f->kind,     f->ip};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        print_message("%.*s / ", (int)fields[i].len, fields[i].ptr);
}

static void expect_same(const struct lines *got, const struct lines *want,
                        bool newest_first)
{
    assert_int_equal(got->count, want->count);
    for (size_t i = 0; i < want->count; i++) {
        size_t k = newest_first ? want->count - 1 - i : i;

        assert_string_equal(got->list[i].id, want->list[k].id);
    }
}

static void list_pages(struct desk *desk, struct list_filter filter,
                       size_t work, struct lines *lines)
{
    char next[LIST_CURSOR], cursor[LIST_CURSOR];

    lines->count = 0;
    filter.limit = 9;
    filter.work = work;
    filter.next_out = next;
    do {
        must(desk,
             list_events(desk->book, &filter, take_event, lines, &desk->error));
        memcpy(cursor, next, sizeof(cursor));
        filter.cursor = slice_cstr(cursor);
    } while (next[0] != '\0');
}

static void test_filters(void **state)
{
    static struct lines all, want, got;
    struct random random = {5};
    struct list_filter filter = any_filter();
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    fill(&desk, &random);
    must(&desk, list_events(desk.book, &filter, take_event, &all, &desk.error));
    assert_int_equal(all.count, fixture_keeps() ? EVENTS : 0);
    for (unsigned i = 0; i < 300; i++) {
        filter = random_filter(&random);
        want.count = 0;
        for (size_t k = 0; k < all.count; k++)
            if (fits(&filter, &all.list[k]))
                want.list[want.count++] = all.list[k];
        if (filter.address.ptr != NULL)
            qsort(want.list, want.count, sizeof(want.list[0]), by_time);
        got.count = 0;
        must(&desk,
             list_events(desk.book, &filter, take_event, &got, &desk.error));
        if (got.count != want.count)
            describe(&filter);
        expect_same(&got, &want, filter.newest_first);
        list_pages(&desk, filter, 0, &got);
        expect_same(&got, &want, filter.newest_first);
        list_pages(&desk, filter, 20, &got);
        expect_same(&got, &want, filter.newest_first);
    }
    desk_clear(&desk);
}

/* ---- Plans ----------------------------------------------------------- */

static struct store_driver spy;
static const struct store_driver *spied;
static size_t plans;

static bool take_plan(void *ctx, const struct store_value *row, size_t columns)
{
    const char *sql = ctx;
    char detail[300];

    assert_int_equal(columns, 4);
    COPY(detail, row[3].text);
    if ((strncmp(detail, "SCAN event", 10) == 0 &&
         strstr(detail, "USING INDEX event_review") == NULL &&
         strstr(sql, "WHERE 1 = 1 ORDER BY seq") == NULL &&
         strstr(sql, "WHERE 1 = 1 AND seq") == NULL) ||
        strncmp(detail, "SCAN change", 11) == 0 ||
        strncmp(detail, "SCAN l", 6) == 0 ||
        /* By campaign each event would be held against all of its campaign. */
        (strncmp(detail, "SEARCH l USING", 14) == 0 &&
         strstr(detail, "USING INDEX event_rcpt (rcpt=? AND") == NULL) ||
        strstr(detail, "TEMP B-TREE") != NULL)
        fail_msg("%s: %s", sql, detail);
    return true;
}

static enum store_err spy_run(struct store *store, const char *sql,
                              const struct store_value *values, size_t count,
                              store_row_fn *row, void *ctx,
                              struct store_error *error)
{
    static char explained[20000], shown[20000];

    if (strncmp(sql, "SELECT", 6) == 0 && strstr(sql, "FROM hold") == NULL &&
        strstr(sql, "FROM change WHERE 1 = 1 ORDER") == NULL) {
        snprintf(shown, sizeof(shown), "%s", sql);
        snprintf(explained, sizeof(explained), "EXPLAIN QUERY PLAN %s", sql);
        assert_int_equal(spied->run(store, explained, values, count, take_plan,
                                    shown, error),
                         STORE_OK);
        plans++;
    }
    return spied->run(store, sql, values, count, row, ctx, error);
}

static bool take_due_none(void *ctx, const struct list_due *row)
{
    (void)ctx;
    (void)row;
    return true;
}

static bool take_change_none(void *ctx, const struct list_change *row)
{
    (void)ctx;
    (void)row;
    return true;
}

static void test_plans(void **state)
{
    static struct lines got;
    struct random random = {9};
    struct list_filter filter = any_filter();
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
    for (unsigned i = 0; i < 100; i++)
        list_pages(&desk, random_filter(&random), 0, &got);
    got.count = 0;
    must(&desk, list_review(desk.book, &filter, take_event, &got, &desk.error));
    filter.campaign = SLICE("spring,summer");
    must(&desk, list_due(desk.book, &filter, T0 + 11 * D, take_due_none, NULL,
                         &desk.error));
    filter = any_filter();
    filter.address = SLICE("u7@d1.example");
    must(&desk,
         list_changes(desk.book, &filter, take_change_none, NULL, &desk.error));
    assert_true(plans > 200);
    desk.book->store->driver = spied;
    desk_clear(&desk);
}

/* ---- What an event comes back as ------------------------------------- */

static bool take_whole(void *ctx, const struct list_event *row)
{
    struct text *text = ctx;
    const struct bounce_event *e = &row->record->event;

    add(text, "%s %s %.*s %.*s %s %.2f %s after %d: %.*s\n",
        kind_of(row->record), row->counts ? "counts" : "repeats",
        (int)e->recipient.len, e->recipient.ptr, (int)e->category.len,
        e->category.ptr != NULL ? e->category.ptr : "",
        bounce_class_name(e->cls) != NULL ? bounce_class_name(e->cls) : "-",
        e->confidence, bounce_do_name(e->advice.action),
        (int)e->advice.retry_after_s, (int)e->diagnostic.len,
        e->diagnostic.ptr != NULL ? e->diagnostic.ptr : "");
    return true;
}

static void test_whole(void **state)
{
    struct record bounce =
        desk_bounce("e1", "ann@example.org", "user_unknown", T0);
    struct record delay = desk_event(BOUNCE_KIND_DELAY, "e2", "ann@example.org",
                                     "greylisted", T0 + H);
    struct act act = {.now = T0 + D,
                      .until = BOUNCE_NO_TIME,
                      .reason = SLICE("she asked"),
                      .source = SLICE("by hand")};
    struct list_filter filter = any_filter();
    struct ledger_result result;
    struct text text = {.len = 0};
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    delay.event.diagnostic = SLICE("451 4.7.1 try again in 10 minutes");
    desk_apply(&desk, &bounce);
    desk_apply(&desk, &delay);
    must(&desk, act_release(desk.ledger, SLICE("ann@example.org"), &act,
                            &result, &desk.error));
    filter.address = SLICE("ann@example.org");
    must(&desk,
         list_events(desk.book, &filter, take_whole, &text, &desk.error));
    expect(&text, "bounce counts ann@example.org user_unknown hard 0.98 "
                  "suppress after -1: 550 5.1.1 no such user\n"
                  "delay counts ann@example.org greylisted soft 0.98 retry "
                  "after 600: 451 4.7.1 try again in 10 minutes\n"
                  "release counts ann@example.org  - -1.00 nothing after -1: "
                  "\n");
    filter.kind = SLICE("release");
    must(&desk,
         list_events(desk.book, &filter, take_whole, &text, &desk.error));
    expect(&text,
           "release counts ann@example.org  - -1.00 nothing after -1: \n");
    desk_clear(&desk);
}

static void test_review(void **state)
{
    struct record safe =
        desk_bounce("e1", "ann@example.org", "user_unknown", T0);
    struct record nobody =
        desk_bounce("e2", NULL, "recipient_unidentified", T0);
    struct list_filter filter = any_filter();
    struct text text = {.len = 0};
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    desk_apply(&desk, &safe);
    desk_apply(&desk, &nobody);
    must(&desk,
         list_review(desk.book, &filter, take_whole, &text, &desk.error));
    text.len = text.len > 15 ? 15 : text.len;
    expect(&text, "bounce counts  ");
    desk_clear(&desk);
}

/* ---- Changes and holds ----------------------------------------------- */

static bool take_change(void *ctx, const struct list_change *row)
{
    add(ctx, "%.*s %.*s %.*s>%.*s %.*s %.*s\n", (int)row->what.len,
        row->what.ptr, (int)row->address.len,
        row->address.ptr != NULL ? row->address.ptr : "-", (int)row->was.len,
        row->was.ptr, (int)row->becomes.len, row->becomes.ptr,
        (int)row->outcome.len, row->outcome.ptr, (int)row->category.len,
        row->category.ptr != NULL ? row->category.ptr : "-");
    return true;
}

static bool take_hold(void *ctx, const struct bounce_hold *hold)
{
    add(ctx, "%s %s %s %s\n", hold->key.provider, hold->key.ip,
        hold->cause.category, hold->open ? "open" : "ended");
    return true;
}

static void test_changes(void **state)
{
    struct record hard =
        desk_bounce("e1", "ann@example.org", "user_unknown", T0);
    struct record block =
        desk_bounce("e2", "bob@example.org", "ip_blocklisted", T0 + H);
    struct list_filter filter = any_filter();
    struct act act = {.now = T0 + H + 60, .until = BOUNCE_NO_TIME};
    struct text text = {.len = 0};
    struct desk desk;
    size_t ended;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    desk_apply(&desk, &hard);
    desk_apply(&desk, &block);
    must(&desk, list_holds(desk.book, &filter, false, T0 + H + 60, take_hold,
                           &text, &desk.error));
    expect(&text, "google 192.0.2.1 ip_blocklisted open\n");
    filter.provider = SLICE("yahoo");
    must(&desk, act_end_holds(desk.ledger, &filter, &act, &ended, &desk.error));
    assert_int_equal(ended, 0);
    filter.provider = SLICE("google");
    must(&desk, act_end_holds(desk.ledger, &filter, &act, &ended, &desk.error));
    assert_int_equal(ended, fixture_keeps() ? 1 : 0);
    filter = any_filter();
    must(&desk, list_holds(desk.book, &filter, false, T0 + H + 60, take_hold,
                           &text, &desk.error));
    expect(&text, "");
    must(&desk, list_holds(desk.book, &filter, true, T0 + H + 60, take_hold,
                           &text, &desk.error));
    expect(&text, "google 192.0.2.1 ip_blocklisted ended\n");
    must(&desk,
         list_changes(desk.book, &filter, take_change, &text, &desk.error));
    expect(&text, "state ann@example.org active>suppressed suppressed "
                  "user_unknown\n"
                  "hold  free>held held ip_blocklisted\n"
                  "incident  closed>open opened ip_blocklisted\n"
                  "hold  held>free ended ip_blocklisted\n"
                  "incident  open>closed closed ip_blocklisted\n");
    filter.kind = SLICE("hold");
    filter.newest_first = true;
    filter.limit = 1;
    must(&desk,
         list_changes(desk.book, &filter, take_change, &text, &desk.error));
    expect(&text, "hold  held>free ended ip_blocklisted\n");
    filter = any_filter();
    filter.address = SLICE("ann@example.org");
    filter.state = SLICE("suppressed");
    must(&desk,
         list_changes(desk.book, &filter, take_change, &text, &desk.error));
    expect(&text, "state ann@example.org active>suppressed suppressed "
                  "user_unknown\n");
    desk_clear(&desk);
}

static bool take_cursor(void *ctx, const struct list_change *row)
{
    copy(ctx, 32, row->cursor);
    return true;
}

/* The feed goes on where it ended, whatever came in between. */
static void test_feed(void **state)
{
    struct list_filter filter = any_filter();
    char cursor[32] = "", last[32] = "";
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    for (unsigned i = 0; i < 1203; i++) {
        char id[16], address[32];
        struct record record;

        snprintf(id, sizeof(id), "e%u", i);
        snprintf(address, sizeof(address), "u%u@example.org", i);
        record = desk_bounce(id, address, "user_unknown", T0 + i);
        if (i % 400 != 0 && i != 1202)
            continue;
        desk_apply(&desk, &record);
        filter.cursor = slice_cstr(cursor);
        must(&desk,
             list_changes(desk.book, &filter, take_cursor, last, &desk.error));
        if (fixture_keeps())
            assert_string_not_equal(cursor, last);
        memcpy(cursor, last, sizeof(cursor));
    }
    filter.cursor = SLICE("x");
    assert_int_equal(
        list_changes(desk.book, &filter, take_cursor, last, &desk.error),
        STORE_E_VALUE);
    desk_clear(&desk);
}

/* ---- Due ------------------------------------------------------------- */

static bool take_due(void *ctx, const struct list_due *row)
{
    add(ctx, "%.*s %s %d %s\n", (int)row->address.len, row->address.ptr,
        bounce_may_name(row->may),
        row->when == BOUNCE_NO_TIME ? -1 : (int)(row->when - T0), row->reason);
    return true;
}

static void add_event(struct desk *desk, enum bounce_kind kind, const char *id,
                      const char *address, const char *category, int64_t at,
                      const char *diagnostic)
{
    struct record r = kind == BOUNCE_KIND_BOUNCE
                          ? desk_bounce(id, address, category, at)
                          : desk_event(kind, id, address, category, at);

    r.event.campaign = SLICE("spring");
    r.event.diagnostic = slice_cstr(diagnostic);
    r.event.message_id = slice_cstr(address);
    desk_apply(desk, &r);
}

static void test_due(void **state)
{
    struct list_filter filter = any_filter();
    struct text text = {.len = 0};
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    add_event(&desk, BOUNCE_KIND_DELAY, "e1", "a@example.org", "greylisted", T0,
              "451 4.7.1 try again in 20 minutes");
    add_event(&desk, BOUNCE_KIND_DELAY, "e2", "b@example.org", "greylisted", T0,
              "451 4.7.1 try again in 20 minutes");
    add_event(&desk, BOUNCE_KIND_DELIVERY, "e3", "b@example.org", NULL, T0 + 60,
              NULL);
    add_event(&desk, BOUNCE_KIND_BOUNCE, "e4", "c@example.org", "user_unknown",
              T0, "550 5.1.1 no such user");
    add_event(&desk, BOUNCE_KIND_BOUNCE, "e5", "d@example.org",
              "recipient_rate", T0, "550 5.2.121 too many");
    add_event(&desk, BOUNCE_KIND_BOUNCE, "e6", "e@example.org",
              "message_too_large", T0, "552 5.3.4 too large");
    filter.campaign = SLICE("spring");
    must(&desk,
         list_due(desk.book, &filter, T0 + 300, take_due, &text, &desk.error));
    expect(&text, "a@example.org later 1200 retry-after\n"
                  "c@example.org never -1 hard\n"
                  "d@example.org later 3600 suspension\n"
                  "e@example.org never -1 permanent\n");
    must(&desk, list_due(desk.book, &filter, T0 + 2 * H, take_due, &text,
                         &desk.error));
    expect(&text, "a@example.org send 7200 retry\n"
                  "c@example.org never -1 hard\n"
                  "d@example.org send 7200 retry\n"
                  "e@example.org never -1 permanent\n");
    filter.campaign = SLICE("summer");
    must(&desk,
         list_due(desk.book, &filter, T0 + 300, take_due, &text, &desk.error));
    expect(&text, "");
    filter.campaign = SLICE_NULL;
    assert_int_equal(
        list_due(desk.book, &filter, T0, take_due, &text, &desk.error),
        STORE_E_VALUE);
    desk_clear(&desk);
}

/* Given up as the policy says. */
static void test_gave_up(void **state)
{
    struct record delay = desk_event(BOUNCE_KIND_DELAY, "e1", "ann@example.org",
                                     "connection_failed", T0 + 9 * H);
    struct list_filter filter = any_filter();
    struct text text = {.len = 0};
    struct desk desk;

    (void)state;
    desk_init(&desk, "mailgun", NULL, NULL);
    delay.event.campaign = SLICE("spring");
    delay.ip = delay.sender_domain = SLICE_NULL;
    delay.event.sent_at = T0;
    desk_apply(&desk, &delay);
    filter.campaign = SLICE("spring");
    must(&desk, list_due(desk.book, &filter, T0 + 300 * D, take_due, &text,
                         &desk.error));
    expect(&text, "ann@example.org never -1 gave-up\n");
    desk_clear(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters), cmocka_unit_test(test_plans),
        cmocka_unit_test(test_whole),   cmocka_unit_test(test_review),
        cmocka_unit_test(test_changes), cmocka_unit_test(test_feed),
        cmocka_unit_test(test_due),     cmocka_unit_test(test_gave_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
