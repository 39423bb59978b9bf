/* SPDX-License-Identifier: MIT
 * Why: what most of an incident's failures say, and some of them to look at. */
#include "store/ledger_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* An opening is rare, but may not hold a batch up: so many of the newest rows
 * are read at most, and so many failures taken. */
#define ROWS_READ 10000
#define TAKEN     100
#define CAUSES    16

struct cause {
    char category[32], rule[96];
    unsigned count;
    char samples[INCIDENT_SAMPLES][88];
    unsigned sample_count;
};

struct search {
    struct ledger *ledger;
    enum incident_what what;
    struct cause causes[CAUSES];
    unsigned count, taken;
};

static struct cause *cause_of(struct search *s, struct bounce_slice category,
                              struct bounce_slice rule)
{
    struct cause *c = s->causes;

    for (; c < s->causes + s->count; c++) {
        if (slice_eq(slice_cstr(c->category), category))
            return c;
    }
    if (s->count == CAUSES || category.len >= sizeof(c->category))
        return NULL;
    s->count++;
    memcpy(c->category, category.ptr, category.len);
    if (rule.len > 0 && rule.len < sizeof(c->rule))
        memcpy(c->rule, rule.ptr, rule.len);
    return c;
}

static bool take_event(void *ctx, const struct store_value *row, size_t columns)
{
    struct search *s = ctx;
    struct bounce_slice id = row[1].text;
    struct cause *c;

    (void)columns;
    if (row[2].type != STORE_TEXT ||
        (watch_failures(s->ledger, (int)row[4].integer,
                        (enum bounce_class)row[5].integer, row[2].text) >>
             s->what &
         1) == 0)
        return true;
    c = cause_of(s, row[2].text, value_text(&row[3]));
    if (c != NULL) {
        c->count++;
        if (c->sample_count < INCIDENT_SAMPLES && id.len <= 63)
            snprintf(c->samples[c->sample_count++], sizeof(c->samples[0]),
                     "%" PRId64 ":%.*s", row[0].integer, (int)id.len, id.ptr);
    }
    return ++s->taken < TAKEN;
}

static void take_cause(struct incident *incident, const struct search *s)
{
    const struct cause *most = s->causes;
    size_t len = 0;

    for (unsigned i = 1; i < s->count; i++) {
        if (s->causes[i].count > most->count)
            most = &s->causes[i];
    }
    memcpy(incident->category, most->category, sizeof(incident->category));
    memcpy(incident->rule, most->rule, sizeof(incident->rule));
    incident->samples[0] = '\0';
    for (unsigned i = 0; i < most->sample_count; i++)
        len += (size_t)snprintf(incident->samples + len,
                                sizeof(incident->samples) - len, "%s%s",
                                i > 0 ? "," : "", most->samples[i]);
}

enum store_err incident_explain(struct ledger *ledger,
                                struct incident *incident, int64_t from,
                                int64_t to, struct store_error *error)
{
    static const char *const queries[WATCH_DIMS] = {
#define QUERY(condition)                                                       \
    "SELECT seq, id, category, rule, kind, class FROM event "                  \
    "WHERE seq > $1 AND at >= $2 AND at <= $3 AND counts <> 0" condition       \
    " ORDER BY seq DESC"
        QUERY(""),
        QUERY(" AND provider = $4"),
        QUERY(" AND ip = $4"),
        QUERY(" AND sender_domain = $4"),
        QUERY(" AND campaign = $4"),
#undef QUERY
    };
    const struct store_value values[4] = {
        store_int(ledger->event_seq - ROWS_READ), store_int(from),
        store_int(to), store_text(slice_cstr(incident->value))};
    struct search *s = arena_calloc(&ledger->arena, 1, sizeof(*s));
    enum store_err err;

    if (s == NULL)
        return ledger_nomem(error);
    s->ledger = ledger;
    s->what = incident->what;
    err = store_run(ledger->book->store, queries[incident->dim], values,
                    incident->dim == WATCH_ALL ? 3 : 4, take_event, s, error);
    if (err == STORE_E_STOPPED)
        err = STORE_OK;
    if (err == STORE_OK && s->count > 0)
        take_cause(incident, s);
    return err;
}
