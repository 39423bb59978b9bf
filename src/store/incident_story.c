/* SPDX-License-Identifier: MIT
 * All that is known of one incident: its hours, its samples, its holds. */
#include "store/incident.h"

#include <stdlib.h>

#include "policy/incident.h"
#include "store/hold_row.h"
#include "store/list_record.h"

#define ARENA_MAX ((size_t)64 << 20)
#define HOUR_S    3600
#define DAY_S     (24 * HOUR_S)

/* The name that the store has for a dimension. */
static struct bounce_slice dim_of(const struct list_incident *incident)
{
    return slice_eq(incident->dimension, SLICE("from")) ? SLICE("sender_domain")
                                                        : incident->dimension;
}

bool incident_copy(struct arena *arena, const struct list_incident *row,
                   struct list_incident *copy_out)
{
    struct bounce_slice *const texts[] = {
        &copy_out->id,    &copy_out->what,     &copy_out->dimension,
        &copy_out->value, &copy_out->ended_by, &copy_out->category,
        &copy_out->rule,  &copy_out->remedy,   &copy_out->cursor};

    *copy_out = *row;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i]->ptr == NULL)
            continue;
        *texts[i] = arena_dup(arena, *texts[i]);
        if (texts[i]->ptr == NULL)
            return false;
    }
    for (size_t i = 0; i < row->sample_count; i++) {
        copy_out->samples[i] = arena_dup(arena, row->samples[i]);
        if (copy_out->samples[i].ptr == NULL)
            return false;
    }
    return true;
}

/* ---- Figures ----------------------------------------------------------- */

struct figures {
    enum incident_what what;
    bool (*take)(void *ctx, const struct incident_hour *hour);
    void *ctx;
};

/* Columns: hour, delivered, bounced, delayed, sent, then the kinds. */
static bool take_hour(void *ctx, const struct store_value *row, size_t columns)
{
    const struct figures *f = ctx;
    struct incident_hour hour = {.at = row[0].integer * HOUR_S};
    int64_t results = row[1].integer + row[2].integer;

    if (f->what != INCIDENT_HARD && f->what != INCIDENT_COMPLAINT)
        results += row[3].integer;
    if (row[4].integer > results)
        results = row[4].integer;
    if (5 + (size_t)f->what >= columns)
        return true;
    hour.failures = (uint64_t)row[5 + f->what].integer;
    hour.results = (uint64_t)results;
    return f->take(f->ctx, &hour);
}

/* What is counted of those that no share opened. */
static enum incident_what counted(struct bounce_slice what)
{
    enum incident_what kind = incident_what_of(what);

    if (kind == INCIDENT_BREAKER)
        return INCIDENT_HARD;
    if (kind == INCIDENT_OWN_FAULT)
        return INCIDENT_CONNECTION;
    return kind < INCIDENT_SHARES ? kind : INCIDENT_BLOCK;
}

enum store_err
incident_figures(struct book *book, const struct list_incident *incident,
                 bool (*take)(void *ctx, const struct incident_hour *hour),
                 void *ctx, struct store_error *error)
{
    struct figures f = {counted(incident->what), take, ctx};
    int64_t until =
        incident->until != BOUNCE_NO_TIME ? incident->until : incident->updated;
    const struct store_value values[4] = {
        store_text(dim_of(incident)), store_text(incident->value),
        store_int((incident->since - DAY_S) / HOUR_S),
        store_int(until / HOUR_S)};

    return store_run(book->store,
                     "SELECT hour, delivered, bounced, delayed, sent, hard, "
                     "block, rate, complaint, connection FROM pulse_dim "
                     "WHERE dim = $1 AND value = $2 AND hour >= $3 AND "
                     "hour <= $4 ORDER BY hour",
                     values, 4, take_hour, &f, error);
}

/* ---- Samples ----------------------------------------------------------- */

struct samples {
    struct book *book;
    struct arena arena;
    struct list_record record;
    bool (*take)(void *ctx, const struct list_event *row);
    void *ctx;
    bool stopped;
};

static bool take_event(void *ctx, const struct store_value *row, size_t columns)
{
    struct samples *s = ctx;

    (void)columns;
    /* One whose body cannot be read is no sample. */
    if (event_row_read(s->book->engine, row, &s->arena, &s->record))
        s->stopped = !s->take(s->ctx, &s->record.event);
    return true;
}

enum store_err
incident_events(struct book *book, const struct list_incident *incident,
                bool (*take)(void *ctx, const struct list_event *row),
                void *ctx, struct store_error *error)
{
    struct samples s = {.book = book, .take = take, .ctx = ctx};
    enum store_err err = STORE_OK;

    arena_init(&s.arena, allocator_default(), ARENA_MAX);
    for (size_t i = 0; i < incident->sample_count && err == STORE_OK; i++) {
        const struct store_value seq = store_int(incident->sample_seqs[i]);

        arena_reset(&s.arena);
        err = store_run(book->store,
                        "SELECT " EVENT_COLUMNS " FROM event WHERE seq = $1",
                        &seq, 1, take_event, &s, error);
        if (err == STORE_OK && s.stopped)
            err = store_fail(error, STORE_E_STOPPED, "stopped");
    }
    arena_clear(&s.arena);
    return err;
}

/* ---- Holds ------------------------------------------------------------- */

struct routes {
    bool (*take)(void *ctx, const struct bounce_hold *hold);
    void *ctx;
};

static bool take_hold(void *ctx, const struct store_value *row, size_t columns)
{
    const struct routes *r = ctx;
    struct bounce_hold hold;

    (void)columns;
    hold_row_read(row, &hold);
    return r->take(r->ctx, &hold);
}

enum store_err
incident_routes(struct book *book, const struct list_incident *incident,
                int64_t now,
                bool (*take)(void *ctx, const struct bounce_hold *hold),
                void *ctx, struct store_error *error)
{
    static const struct {
        const char *dim, *query;
    } queries[] = {
#define QUERY(column)                                                          \
    "SELECT " HOLD_COLUMNS " FROM hold WHERE since >= $1 AND since <= $2 "     \
    "AND " column " = $3 ORDER BY since, provider, domain, ip, "               \
    "sender_domain, campaign LIMIT 100"
        {"provider", QUERY("provider")},
        {"ip", QUERY("ip")},
        {"sender_domain", QUERY("sender_domain")},
        {"campaign", QUERY("campaign")},
#undef QUERY
    };
    struct routes r = {take, ctx};
    /* The first failures of an incident open holds before there are enough of
     * them. */
    const struct store_value values[3] = {
        store_int(incident->since - incident->hours * HOUR_S),
        store_int(incident->until != BOUNCE_NO_TIME ? incident->until : now),
        store_text(incident->value)};

    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        if (slice_eq(dim_of(incident), slice_cstr(queries[i].dim)))
            return store_run(book->store, queries[i].query, values, 3,
                             take_hold, &r, error);
    }
    return STORE_OK;
}
