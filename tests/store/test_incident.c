/* SPDX-License-Identifier: MIT
 * Incidents in the store: found, gone on with, ended; the same whatever the
 * batches were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "random.h"
#include "store/act.h"
#include "store/incident.h"
#include "store_fixture.h"

#define T0    LEDGER_T0
#define H     LEDGER_HOUR
#define D     LEDGER_DAY
#define MOST  20000
#define BATCH 500

/* Events of a made-up stream, in the order of time. */
struct stream {
    struct record records[MOST];
    char ids[MOST][24], addresses[MOST][40];
    size_t count;
};

static struct stream *stream_new(void)
{
    struct stream *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    return s;
}

static struct record *add(struct stream *s, enum bounce_kind kind,
                          const char *category, int64_t at)
{
    size_t i = s->count++;

    assert_true(i < MOST);
    snprintf(s->ids[i], sizeof(s->ids[i]), "e%zu", i);
    snprintf(s->addresses[i], sizeof(s->addresses[i]), "u%zu@example.org", i);
    s->records[i] =
        kind == BOUNCE_KIND_BOUNCE
            ? desk_bounce(s->ids[i], s->addresses[i], category, at)
            : desk_event(kind, s->ids[i], s->addresses[i], category, at);
    if (strcmp(category, "user_unknown") != 0 && kind == BOUNCE_KIND_BOUNCE) {
        s->records[i].event.cls = BOUNCE_CLASS_BLOCK;
        s->records[i].event.permanent = 0;
    }
    return &s->records[i];
}

/* So many results an hour, so many of them failures, evenly. */
static void flow(struct stream *s, int64_t from, unsigned hours, unsigned each,
                 unsigned failures, const char *category)
{
    for (unsigned h = 0; h < hours; h++) {
        for (unsigned i = 0; i < each; i++) {
            int64_t at = from + h * H + (int64_t)(i * H / each);
            bool fails = failures > 0 &&
                         i * failures / each != (i + 1) * failures / each;

            add(s, fails ? BOUNCE_KIND_BOUNCE : BOUNCE_KIND_DELIVERY,
                fails ? category : "delivered", at);
        }
    }
}

static void apply(struct desk *desk, const struct stream *s, size_t from,
                  size_t batch)
{
    for (size_t i = from; i < s->count; i += batch) {
        size_t count = s->count - i < batch ? s->count - i : batch;

        desk_apply_all(desk, s->records + i, count, T0 + 90 * D, NULL);
    }
}

static void watch(struct desk *desk, int64_t now)
{
    if (ledger_watch(desk->ledger, now, &desk->error) != STORE_OK)
        fail_msg("ledger_watch: %s", desk->error.msg);
}

#define WHAT                                                                   \
    "SELECT what, dim, value, category, ended_by FROM incident "               \
    "WHERE what <> 'hold' ORDER BY what, dim, value"

static void spike_and_recovery(void **state)
{
    struct stream *s = stream_new();
    struct desk desk;
    size_t mark;

    (void)state;
    desk_init(&desk, "default", NULL, NULL);
    flow(s, T0 + 5 * D, 5 * 24, 10, 0, "");
    apply(&desk, s, 0, BATCH);
    desk_expect(&desk, WHAT, "");
    /* 40 of 50 refused within an hour. */
    mark = s->count;
    flow(s, T0 + 10 * D, 1, 50, 40, "ip_blocklisted");
    apply(&desk, s, mark, BATCH);
    watch(&desk, T0 + 10 * D + H);
    desk_expect(&desk, WHAT,
                "'block'|'ip'|'192.0.2.1'|'ip_blocklisted'|''\n"
                "'block'|'provider'|'google'|'ip_blocklisted'|''\n"
                "'block'|'sender_domain'|'news.example'|'ip_blocklisted'|''\n");
    /* Nobody is alarmed again while it goes on. */
    mark = s->count;
    flow(s, T0 + 10 * D + H, 3, 50, 40, "ip_blocklisted");
    apply(&desk, s, mark, BATCH);
    watch(&desk, T0 + 10 * D + 4 * H);
    desk_expect(&desk,
                "SELECT count(*), sum(CASE WHEN closed_at IS NULL THEN 1 ELSE "
                "0 END), min(usual) < 30000, max(peak) > 700000 FROM incident "
                "WHERE what = 'block'",
                "3|3|1|1\n");
    desk_expect(&desk,
                "SELECT outcome, count(*) FROM change WHERE what = 'incident' "
                "AND reason = 'block ip 192.0.2.1' GROUP BY outcome "
                "ORDER BY outcome",
                "'opened'|1\n");
    /* It works again. */
    mark = s->count;
    flow(s, T0 + 10 * D + 4 * H, 5, 50, 0, "");
    apply(&desk, s, mark, BATCH);
    desk_expect(&desk, WHAT,
                "'block'|'ip'|'192.0.2.1'|'ip_blocklisted'|'recovered'\n"
                "'block'|'provider'|'google'|'ip_blocklisted'|'recovered'\n"
                "'block'|'sender_domain'|'news.example'|'ip_blocklisted'|"
                "'recovered'\n");
    desk_expect(&desk,
                "SELECT was, becomes, outcome, counter, category, label = "
                "(SELECT id FROM incident WHERE dim = 'ip' AND what = 'block') "
                "FROM change WHERE what = 'incident' "
                "AND reason = 'block ip 192.0.2.1' AND outcome <> 'worsened' "
                "ORDER BY seq",
                "'closed'|'open'|'opened'|'block'|'ip_blocklisted'|1\n"
                "'open'|'closed'|'closed'|'block'|'ip_blocklisted'|1\n");
    desk_clear(&desk);
    free(s);
}

/* The incidents that the stream leaves behind, the past of it at once, the rest
 * in batches of 1 to most events. The caller frees. */
static char *told(const struct stream *s, size_t past, unsigned most,
                  bool reopens)
{
    static const char dump[] =
        "SELECT id, what, dim, value, opened_at, updated_at, closed_at, until, "
        "ended_by, category, rule, share, usual, peak, failures, results, "
        "hours, severity FROM incident WHERE what <> 'breaker' ORDER BY id";
    struct random dice = {77};
    struct desk desk;
    char *text;
    size_t at = past;

    desk_init(&desk, "default", NULL, NULL);
    desk_apply_all(&desk, s->records, past, T0 + 90 * D, NULL);
    while (at < s->count) {
        size_t count = 1 + random_below(&dice, most);

        if (count > s->count - at)
            count = s->count - at;
        desk_apply_all(&desk, s->records + at, count, T0 + 90 * D, NULL);
        if (reopens)
            desk_reopen(&desk);
        at += count;
    }
    watch(&desk, T0 + 20 * D);
    text = desk_query(&desk, dump);
    desk_clear(&desk);
    return text;
}

/* What came in tells, not how it came: save of breakers, which look at a batch
 * as a whole. */
static void batches_matter_not(void **state)
{
    struct stream *s = stream_new();
    char *one, *other;

    (void)state;
    flow(s, T0, 5 * 24, 10, 0, "");
    flow(s, T0 + 5 * D, 30, 30, 12, "spam_detected");
    flow(s, T0 + 7 * D, 40, 20, 1, "user_unknown");
    flow(s, T0 + 9 * D, 20, 60, 31, "user_unknown");
    flow(s, T0 + 12 * D, 30, 10, 0, "");
    one = told(s, 0, MOST, false);
    if (fixture_keeps())
        assert_non_null(strstr(one, "'hard'"));
    other = told(s, 0, 300, false);
    assert_string_equal(one, other);
    free(one);
    free(other);
    free(s);
}

/* A minute that one process began is judged by the next. */
static void processes_matter_not(void **state)
{
    struct stream *s = stream_new();
    char *one, *other;
    size_t past;

    (void)state;
    flow(s, T0, 24, 10, 0, "");
    past = s->count;
    flow(s, T0 + D, 1, 50, 40, "spam_detected");
    for (size_t i = 0; i < s->count; i++)
        s->records[i].event.campaign = SLICE("spring");
    one = told(s, past, 1, false);
    if (fixture_keeps())
        assert_non_null(strstr(one, "'block'|'campaign'"));
    other = told(s, past, 1, true);
    assert_string_equal(one, other);
    free(one);
    free(other);
    free(s);
}

/* Who looks in between changes nothing but when the ends are told. */
static void looking_matters_not(void **state)
{
    static const char dump[] = "SELECT id, opened_at, closed_at, ended_by FROM "
                               "incident WHERE what <> 'breaker' ORDER BY id";
    struct stream *s = stream_new();
    struct desk desk;
    char *one, *other;
    size_t past;

    (void)state;
    flow(s, T0, 5 * 24, 10, 0, "");
    past = s->count;
    flow(s, T0 + 5 * D, 3, 40, 20, "user_unknown");
    flow(s, T0 + 8 * D, 3, 40, 20, "user_unknown");
    desk_init(&desk, "default", NULL, NULL);
    apply(&desk, s, 0, BATCH);
    watch(&desk, T0 + 12 * D);
    one = desk_query(&desk, dump);
    desk_clear(&desk);

    desk_init(&desk, "default", NULL, NULL);
    desk_apply_all(&desk, s->records, past, T0 + 5 * D, NULL);
    for (size_t i = past; i < s->count; i++) {
        int64_t at = s->records[i].event.occurred_at;
        bool hour = at / H != s->records[i - 1].event.occurred_at / H;

        desk_apply_all(&desk, &s->records[i], 1, at, NULL);
        /* Another process each hour. */
        if (hour)
            desk_reopen(&desk);
        if (hour)
            watch(&desk, at);
    }
    for (int64_t at = T0 + 8 * D + 3 * H; at < T0 + 12 * D; at += H / 2)
        watch(&desk, at);
    other = desk_query(&desk, dump);
    assert_string_equal(one, other);
    if (fixture_keeps())
        assert_non_null(strstr(one, "'quiet'"));
    free(one);
    free(other);
    desk_clear(&desk);
    free(s);
}

static void steady_and_slow(void **state)
{
    struct stream *s = stream_new();
    struct desk desk;
    size_t mark;

    (void)state;
    /* A bad list from the first day on is told of once. */
    desk_init(&desk, "default", NULL, NULL);
    flow(s, T0, 5 * 24, 20, 8, "user_unknown");
    apply(&desk, s, 0, BATCH);
    desk_expect(&desk,
                "SELECT dim, count(*) FROM incident WHERE what = 'hard' "
                "GROUP BY dim ORDER BY dim",
                "'ip'|1\n'provider'|1\n'sender_domain'|1\n");
    desk_expect(&desk,
                "SELECT count(*) FROM change WHERE what = 'incident' AND "
                "outcome IN ('opened', 'reopened') AND reason LIKE 'hard%'",
                "3\n");
    desk_clear(&desk);

    /* 8 %, 17 %, 25 %, two days each. */
    s->count = 0;
    desk_init(&desk, "default", NULL, NULL);
    flow(s, T0, 6 * 24, 12, 0, "");
    for (int day = 0; day < 6; day++)
        flow(s, T0 + (6 + day) * D, 24, 12, (unsigned)day / 2 + 1,
             "user_unknown");
    apply(&desk, s, 0, BATCH);
    desk_expect(&desk,
                "SELECT dim, hours, closed_at FROM incident WHERE what = "
                "'hard' AND dim = 'provider'",
                "'provider'|24|NULL\n");
    desk_clear(&desk);

    /* Ten times the volume alone is no incident. */
    s->count = 0;
    desk_init(&desk, "default", NULL, NULL);
    flow(s, T0, 7 * 24, 10, 1, "user_unknown");
    mark = s->count;
    apply(&desk, s, 0, BATCH);
    free(desk_query(&desk, "DELETE FROM incident"));
    desk_reopen(&desk);
    flow(s, T0 + 7 * D, 10, 100, 10, "user_unknown");
    apply(&desk, s, mark, BATCH);
    watch(&desk, T0 + 8 * D);
    desk_expect(&desk, WHAT, "");
    desk_clear(&desk);
    free(s);
}

/* Where failures alone tell the IP, all of what is known of it failed. */
static void known_of_failures_only(void **state)
{
    struct stream *s = stream_new();
    struct desk desk;

    (void)state;
    desk_init(&desk, "default", NULL, NULL);
    flow(s, T0, 48, 30, 1, "user_unknown");
    for (size_t i = 0; i < s->count; i++) {
        if (s->records[i].event.kind == BOUNCE_KIND_DELIVERY)
            s->records[i].ip = SLICE_NULL;
    }
    apply(&desk, s, 0, BATCH);
    watch(&desk, T0 + 2 * D);
    desk_expect(&desk, WHAT, "");
    desk_clear(&desk);
    free(s);
}

static void campaign_of_complaints(void **state)
{
    struct stream *s = stream_new();
    struct desk desk;

    (void)state;
    desk_init(&desk, "default", NULL, NULL);
    flow(s, T0 + 2 * D, 4 * 24, 30, 0, "");
    /* A new campaign has no past: that of all mail serves. */
    for (unsigned i = 0; i < 2000; i++) {
        struct record *r =
            add(s, BOUNCE_KIND_DELIVERY, "delivered", T0 + 6 * D + (int64_t)i);

        r->event.campaign = SLICE("spring");
    }
    for (unsigned i = 0; i < 30; i++) {
        struct record *r = add(s, BOUNCE_KIND_FEEDBACK, "complaint",
                               T0 + 6 * D + H + (int64_t)(i * 60));

        r->event.campaign = SLICE("spring");
    }
    apply(&desk, s, 0, BATCH);
    watch(&desk, T0 + 6 * D + 3 * H);
    desk_expect(&desk,
                "SELECT what, value, category, closed_at FROM incident WHERE "
                "dim = 'campaign'",
                "'complaint'|'spring'|'complaint'|NULL\n");
    desk_clear(&desk);
    free(s);
}

/* Against what was sent, where only the sent log and bounces are known. */
static void sent_log(void **state)
{
    static struct sent lines[3000];
    static char addresses[3000][40], ids[3000][24];
    struct stream *s = stream_new();
    struct desk desk;
    size_t fresh;

    (void)state;
    desk_init(&desk, "default", NULL, NULL);
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(addresses[i], sizeof(addresses[i]), "s%u@example.org", i);
        snprintf(ids[i], sizeof(ids[i]), "<m%u@example.com>", i);
        lines[i] = (struct sent){.message_id = slice_cstr(ids[i]),
                                 .recipient = slice_cstr(addresses[i]),
                                 .ip = SLICE("192.0.2.1"),
                                 .at = T0 + (int64_t)(i % 240) * H};
    }
    if (ledger_sent(desk.ledger, lines, 3000, &fresh, &desk.bad, &desk.error) !=
        STORE_OK)
        fail_msg("ledger_sent: %s", desk.error.msg);
    desk_expect(&desk,
                "SELECT dim, value, sum(sent) FROM pulse_dim WHERE dim IN "
                "('all', 'ip') GROUP BY dim, value ORDER BY dim, value",
                "'all'|''|3000\n'ip'|''|3000\n'ip'|'192.0.2.1'|3000\n");
    /* Four bounces a day of 300 mails: nothing; then 100 within an hour. */
    for (unsigned day = 0; day < 9; day++) {
        for (unsigned i = 0; i < 4; i++)
            add(s, BOUNCE_KIND_BOUNCE, "user_unknown",
                T0 + day * D + (int64_t)i * 3 * H);
    }
    apply(&desk, s, 0, BATCH);
    watch(&desk, T0 + 9 * D);
    desk_expect(&desk, "SELECT what FROM incident WHERE dim = 'ip'", "");
    s->count = 0;
    for (unsigned i = 0; i < 200; i++) {
        add(s, BOUNCE_KIND_BOUNCE, "user_unknown",
            T0 + 9 * D + (int64_t)(i * 10));
        s->ids[i][0] = 'f';
        s->addresses[i][0] = 'v';
    }
    apply(&desk, s, 0, BATCH);
    watch(&desk, T0 + 9 * D + H);
    desk_expect(&desk,
                "SELECT what, results >= 200 FROM incident WHERE dim = 'ip'",
                "'hard'|1\n");
    desk_clear(&desk);
    free(s);
}

/* ---- What opens by happening ------------------------------------------- */

static void breakers(void **state)
{
    struct stream *s = stream_new();
    struct desk desk;

    (void)state;
    desk_init(&desk, "default", NULL, NULL);
    flow(s, T0, 5 * 24, 10, 0, "");
    flow(s, T0 + 5 * D, 1, 200, 190, "user_unknown");
    apply(&desk, s, 0, 50);
    desk_expect(&desk,
                "SELECT dim, value, category, severity, closed_at FROM "
                "incident WHERE what = 'breaker'",
                "'provider'|'google'|'user_unknown'|3|NULL\n");
    watch(&desk, T0 + 6 * D);
    desk_expect(&desk,
                "SELECT ended_by, closed_at - updated_at FROM incident WHERE "
                "what = 'breaker'",
                "'time'|0\n");
    desk_clear(&desk);

    /* 30 unrelated domains that nobody reaches. */
    s->count = 0;
    desk_init(&desk, "default", NULL, NULL);
    for (unsigned i = 0; i < 30; i++) {
        add(s, BOUNCE_KIND_BOUNCE, "connection_failed", T0 + (int64_t)i * 10);
        snprintf(s->addresses[i], sizeof(s->addresses[i]), "u@d%u.example", i);
        s->records[i].event.recipient = slice_cstr(s->addresses[i]);
        s->records[i].event.cls = BOUNCE_CLASS_SOFT;
    }
    for (size_t i = 0; i < s->count; i += 5)
        desk_apply_all(&desk, s->records + i, 5, T0 + 300, NULL);
    desk_expect(&desk,
                "SELECT dim, value, category, closed_at FROM incident WHERE "
                "what = 'own_fault'",
                "'all'|''|'connection_failed'|NULL\n");
    desk_clear(&desk);
    free(s);
}

static void holds(void **state)
{
    const struct act act = {.reason = SLICE("mended"),
                            .source = SLICE("by hand"),
                            .now = T0 + 2 * H,
                            .until = BOUNCE_NO_TIME};
    struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME};
    struct stream *s = stream_new();
    struct desk desk;
    size_t ended;

    (void)state;
    desk_init(&desk, "default", NULL, NULL);
    for (unsigned i = 0; i < 3; i++) {
        add(s, BOUNCE_KIND_BOUNCE, "spam_detected", T0 + i * 60);
        s->records[i].event.campaign = SLICE("spring");
    }
    /* Somebody else is to blame for these. */
    add(s, BOUNCE_KIND_BOUNCE, "system_error", T0 + 300);
    add(s, BOUNCE_KIND_BOUNCE, "rate_limited", T0 + 301);
    apply(&desk, s, 0, BATCH);
    desk_expect(&desk,
                "SELECT what, dim, value, category, closed_at FROM incident",
                "'hold'|'campaign'|'spring'|'spam_detected'|NULL\n");
    filter.category = SLICE("spam_detected");
    assert_int_equal(
        act_end_holds(desk.ledger, &filter, &act, &ended, &desk.error),
        STORE_OK);
    desk_expect(&desk, "SELECT ended_by, closed_at - opened_at FROM incident",
                "'by_hand'|7200\n");
    desk_clear(&desk);
    free(s);
}

/* ---- Lists ------------------------------------------------------------- */

struct seen {
    char text[4096];
    size_t len, count;
    char id[32], cursor[LIST_CURSOR];
    struct book *book;
};

static bool take(void *ctx, const struct list_incident *i)
{
    struct seen *seen = ctx;

    seen->len += (size_t)snprintf(
        seen->text + seen->len, sizeof(seen->text) - seen->len,
        "%.*s %.*s %.*s %s%s\n", (int)i->what.len, i->what.ptr,
        (int)i->dimension.len, i->dimension.ptr, (int)i->value.len,
        i->value.ptr, i->cls != NULL ? i->cls : "-",
        i->until == BOUNCE_NO_TIME ? "" : " over");
    snprintf(seen->id, sizeof(seen->id), "%.*s", (int)i->id.len, i->id.ptr);
    snprintf(seen->cursor, sizeof(seen->cursor), "%.*s", (int)i->cursor.len,
             i->cursor.ptr);
    assert_true(i->remedy.len > 0);
    assert_true(i->sample_count > 0);
    seen->count++;
    return true;
}

static struct seen list(struct desk *desk, struct list_filter filter,
                        enum incident_state state, const char *id)
{
    struct seen seen = {.book = desk->book};

    if (filter.since == 0)
        filter.since = BOUNCE_NO_TIME;
    if (filter.until == 0)
        filter.until = BOUNCE_NO_TIME;
    if (list_incidents(desk->book, &filter, state, slice_cstr(id), take, &seen,
                       &desk->error) != STORE_OK)
        fail_msg("list_incidents: %s", desk->error.msg);
    return seen;
}

static bool take_hour(void *ctx, const struct incident_hour *hour)
{
    assert_true(hour->failures <= hour->results);
    *(uint64_t *)ctx += hour->failures;
    return true;
}

static bool take_event(void *ctx, const struct list_event *row)
{
    assert_true(slice_eq(row->record->event.category, SLICE("ip_blocklisted")));
    (*(size_t *)ctx)++;
    return true;
}

static bool take_hold(void *ctx, const struct bounce_hold *hold)
{
    assert_string_equal(hold->key.ip, "192.0.2.1");
    (*(size_t *)ctx)++;
    return true;
}

static bool take_story(void *ctx, const struct list_incident *i)
{
    struct seen *seen = ctx;
    struct store_error error;
    uint64_t failures = 0;
    size_t events = 0, routes = 0;

    (void)i;
    assert_int_equal(
        incident_figures(seen->book, i, take_hour, &failures, &error),
        STORE_OK);
    assert_int_equal(failures, 40);
    assert_int_equal(
        incident_events(seen->book, i, take_event, &events, &error), STORE_OK);
    assert_int_equal(events, 5);
    assert_int_equal(
        incident_routes(seen->book, i, T0 + 11 * D, take_hold, &routes, &error),
        STORE_OK);
    assert_int_equal(routes, 1);
    seen->count++;
    return true;
}

static void stories(struct desk *desk, const char *id)
{
    struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME};
    struct seen seen = {.book = desk->book};
    struct store_error error;

    /* PostgreSQL is still sending while a row is taken: copies are needed by
     * whoever asks more. One row ends before the next question. */
    if (!fixture_is_sqlite())
        return;
    if (list_incidents(desk->book, &filter, INCIDENTS_ALL, slice_cstr(id),
                       take_story, &seen, &error) != STORE_OK)
        fail_msg("%s", error.msg);
    assert_int_equal(seen.count, 1);
}

static void lists(void **state)
{
    struct stream *s = stream_new();
    struct store_error error;
    struct desk desk;
    struct seen seen;
    uint64_t open;

    (void)state;
    desk_init(&desk, "default", NULL, NULL);
    flow(s, T0 + 5 * D, 5 * 24, 10, 0, "");
    flow(s, T0 + 10 * D, 1, 50, 40, "ip_blocklisted");
    apply(&desk, s, 0, BATCH);
    watch(&desk, T0 + 10 * D + H);
    if (fixture_keeps()) {
        struct list_filter page = {.limit = 1};
        char cursor[LIST_CURSOR];
        unsigned pages = 0;

        seen = list(&desk,
                    (struct list_filter){.kind = SLICE("block"),
                                         .ip = SLICE("192.0.2.1"),
                                         .provider = SLICE("google")},
                    INCIDENTS_OPEN, NULL);
        assert_int_equal(seen.count, 2);
        stories(&desk, list(&desk,
                            (struct list_filter){.kind = SLICE("block"),
                                                 .ip = SLICE("192.0.2.1")},
                            INCIDENTS_OPEN, NULL)
                           .id);
        assert_int_equal(list(&desk, page, INCIDENTS_ALL, seen.id).count, 1);
        assert_int_equal(list(&desk, (struct list_filter){.since = T0 + 99 * D},
                              INCIDENTS_CLOSED, NULL)
                             .count,
                         0);
        /* block of three groups, and the hold. */
        do {
            seen = list(&desk, page, INCIDENTS_ALL, NULL);
            memcpy(cursor, seen.cursor, sizeof(cursor));
            page.cursor = slice_cstr(cursor);
            pages += (unsigned)seen.count;
        } while (seen.count > 0 && pages < 10);
        assert_int_equal(pages, 4);
        assert_int_equal(incidents_count(desk.book, &open, &error), STORE_OK);
        assert_int_equal(open, 4);
    }
    assert_int_equal(
        list_incidents(desk.book,
                       &(struct list_filter){.since = BOUNCE_NO_TIME,
                                             .until = BOUNCE_NO_TIME,
                                             .kind = SLICE("weather")},
                       INCIDENTS_ALL, SLICE_NULL, take, &seen, &error),
        STORE_E_VALUE);
    desk_clear(&desk);
    free(s);
}

static void old_counts_go(void **state)
{
    struct stream *s = stream_new();
    struct desk desk;
    bool more = true;

    (void)state;
    desk_init(&desk, "default", NULL, NULL);
    flow(s, T0, 24, 2, 0, "");
    flow(s, T0 + 36 * D, 2, 2, 0, "");
    apply(&desk, s, 0, BATCH);
    for (unsigned i = 0; i < 100 && more; i++)
        assert_int_equal(ledger_watch_prune(desk.ledger, T0 + 400 * D, 7, &more,
                                            &desk.error),
                         STORE_OK);
    assert_false(more);
    /* By the time of the events, not of today. */
    desk_expect(&desk,
                "SELECT count(DISTINCT hour) FROM pulse_dim WHERE dim = 'ip'",
                "2\n");
    desk_clear(&desk);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spike_and_recovery),
        cmocka_unit_test(batches_matter_not),
        cmocka_unit_test(processes_matter_not),
        cmocka_unit_test(looking_matters_not),
        cmocka_unit_test(steady_and_slow),
        cmocka_unit_test(known_of_failures_only),
        cmocka_unit_test(campaign_of_complaints),
        cmocka_unit_test(sent_log),
        cmocka_unit_test(breakers),
        cmocka_unit_test(holds),
        cmocka_unit_test(lists),
        cmocka_unit_test(old_counts_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
