/* SPDX-License-Identifier: MIT
 * What is or was going wrong: table incident, page by page, and the whole story
 * of one. How they are found: docs/incidents.md. */
#ifndef BOUNCE_STORE_INCIDENT_H
#define BOUNCE_STORE_INCIDENT_H

#include "base/arena.h"
#include "store/list.h"

#define INCIDENT_SAMPLES_MAX 5

struct list_incident {
    struct bounce_slice id, what;  /* hard, block, rate, complaint, connection,
                                   * breaker, own_fault, hold */
    struct bounce_slice dimension; /* all, provider, ip, from, campaign */
    struct bounce_slice value;     /* empty for all */
    int64_t since, updated, until; /* until BOUNCE_NO_TIME: it is open */
    struct bounce_slice ended_by;  /* recovered, quiet, usual, time, by_hand;
                                    * NULL: it is open */
    struct bounce_slice category, rule; /* of most of the failures; NULL */
    const char *cls;                    /* of the category; NULL */
    double share, usual, peak;          /* 0..1; negative: there is none */
    int64_t failures, results; /* of the window; of breaker, own_fault and hold:
                                * failures in all, and 0 */
    int64_t hours;             /* of the window; 0: none */
    const char *severity;      /* minor, major, critical */
    struct bounce_slice remedy;
    struct bounce_slice samples[INCIDENT_SAMPLES_MAX]; /* event ids */
    int64_t sample_seqs[INCIDENT_SAMPLES_MAX];
    size_t sample_count;
    struct bounce_slice cursor;
};

enum incident_state { INCIDENTS_OPEN, INCIDENTS_CLOSED, INCIDENTS_ALL };

/* By the time they opened. kind: what they are; since, until: they were open
 * then; provider, ip, sender_domain, campaign: of these (any of them fits);
 * category, class, rule of the cause. id: this one; NULL: any. Other fields are
 * none of incidents: STORE_E_VALUE. */
enum store_err
list_incidents(struct book *book, const struct list_filter *filter,
               enum incident_state state, struct bounce_slice id,
               bool (*take)(void *ctx, const struct list_incident *row),
               void *ctx, struct store_error *error);

/* A copy whose texts lie in arena, for what may ask the store more than a row
 * function may. false: memory is out. */
bool incident_copy(struct arena *arena, const struct list_incident *row,
                   struct list_incident *copy_out);

struct json_writer;

/* The members of its JSON object (docs/openapi.json, Incident), without the
 * braces. */
void incident_json(struct json_writer *w, const struct list_incident *incident);

/* How many are open. */
enum store_err incidents_count(struct book *book, uint64_t *open_out,
                               struct store_error *error);

/* The hours of an incident, with a day before it: what share was when. Of
 * INCIDENT_HOLD, breaker and own_fault those of their group. */
struct incident_hour {
    int64_t at; /* its beginning */
    uint64_t failures, results;
};
enum store_err
incident_figures(struct book *book, const struct list_incident *incident,
                 bool (*take)(void *ctx, const struct incident_hour *hour),
                 void *ctx, struct store_error *error);

/* Its samples whole, as far as they are kept. */
enum store_err
incident_events(struct book *book, const struct list_incident *incident,
                bool (*take)(void *ctx, const struct list_event *row),
                void *ctx, struct store_error *error);

/* The holds that began while it was open, on routes that it is about. */
enum store_err
incident_routes(struct book *book, const struct list_incident *incident,
                int64_t now,
                bool (*take)(void *ctx, const struct bounce_hold *hold),
                void *ctx, struct store_error *error);

#endif
