/* SPDX-License-Identifier: MIT
 * Groups as counts for incident_judge(), and what follows from its findings. */
#include "store/ledger_watch.h"
#include "store/tally.h"

#define MILLION   1000000
#define PAST_SKIP 2 /* days: today and yesterday are no past */
#define PAST_DAYS 28
#define WEEK_DAYS 7
/* What a failure may be about was sent up to so long before. */
#define SENT_HOURS  24
#define CLOSED_LONG 1000 /* hours */

static void add(struct watch_sums *sums, const struct watch_slot *slot)
{
    for (unsigned i = 0; i < WATCH_COLUMNS; i++)
        sums->n[i] += slot->n[i];
}

static void add_hours(const struct watch_group *group, int64_t last,
                      unsigned hours, struct watch_sums *sums)
{
    for (int64_t hour = last; hour > last - (int64_t)hours && hour >= 0;
         hour--) {
        const struct watch_slot *slot = &group->hours[hour % WATCH_HOURS];

        if (slot->stamp == hour)
            add(sums, slot);
    }
}

static void add_days(const struct watch_group *group, int64_t first,
                     int64_t last, struct watch_sums *sums)
{
    for (int64_t day = first > 0 ? first : 0; day <= last; day++) {
        const struct watch_slot *slot = &group->days[day % WATCH_DAYS];

        if (slot->stamp == day)
            add(sums, slot);
    }
}

/* What a day is held against changes once a day. */
static void know_past(struct watch_group *group, int64_t day)
{
    if (group->past_day == day)
        return;
    group->past_day = day;
    group->past = group->week = (struct watch_sums){0};
    add_days(group, day - PAST_DAYS - PAST_SKIP + 1, day - PAST_SKIP,
             &group->past);
    add_days(group, day - WEEK_DAYS, day - 1, &group->week);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What a share of this kind is a share of. A delayed message has another result
 * later; its delay is the failure all the same. */
static uint64_t results(enum incident_what what, const struct watch_sums *sums)
{
    uint64_t n = sums->n[WATCH_DELIVERED] + sums->n[WATCH_BOUNCED];

    if (what != INCIDENT_HARD && what != INCIDENT_COMPLAINT)
        n += sums->n[WATCH_DELAYED];
    return n;
}

/* The most of: the results; what was sent until now from a day before; as much as
 * a usual stretch of the last week has. Else the tail of a large mailing, with
 * hardly any mail beside it, would look like a rise. */
static struct incident_count window_of(const struct watch_group *group,
                                       enum incident_what what, int64_t hour,
                                       unsigned hours)
{
    struct watch_sums sums = {0}, before;
    struct incident_count count;
    uint64_t week =
        larger(results(what, &group->week), group->week.n[WATCH_SENT]);

    add_hours(group, hour, hours, &sums);
    before = sums;
    add_hours(group, hour - hours, SENT_HOURS, &before);
    count.failures = sums.n[WATCH_FAILURES + what];
    /* People complain hours after the delivery. */
    count.results = results(what, what == INCIDENT_COMPLAINT ? &before : &sums);
    count.results = larger(count.results, before.n[WATCH_SENT]);
    count.results = larger(count.results, week * hours / (WEEK_DAYS * 24));
    return count;
}

/* Whether the store is told of deliveries with such values, or of what was
 * sent. */
static bool is_based(const struct watch *w, enum watch_dim dim, int64_t hour)
{
    struct watch_group *all = watch_find(w, watch_base(dim), SLICE(""));
    struct watch_sums sums = {0};

    if (all == NULL)
        return false;
    add_days(all, hour / 24 - WEEK_DAYS, hour / 24, &sums);
    return tally_is_base(sums.n[WATCH_DELIVERED] + sums.n[WATCH_SENT],
                         sums.n[WATCH_BOUNCED]);
}

static struct incident_count past_of(struct watch_group *group,
                                     enum incident_what what, int64_t hour)
{
    know_past(group, hour / 24);
    return (struct incident_count){
        group->past.n[WATCH_FAILURES + what],
        larger(results(what, &group->past), group->past.n[WATCH_SENT])};
}

/* A campaign has hardly ever a past of its own: that of all mail serves. */
static void fill_past(const struct watch *w, struct watch_group *group,
                      int64_t hour, struct incident_counts *counts)
{
    struct watch_group *all;

    counts->past = past_of(group, counts->what, hour);
    if (group->dim != WATCH_CAMPAIGN || counts->past.results >= 1000)
        return;
    all = watch_find(w, WATCH_ALL, SLICE(""));
    if (all != NULL)
        counts->past = past_of(all, counts->what, hour);
}

static int window_index(unsigned hours)
{
    int i = INCIDENT_WINDOWS - 1;

    while (i > 0 && incident_hours[i] != hours)
        i--;
    return i;
}

static void fill_counts(const struct watch *w, struct watch_group *group,
                        const struct incident *last, int64_t hour,
                        struct incident_counts *counts)
{
    fill_past(w, group, hour, counts);
    for (unsigned i = 0; i < INCIDENT_WINDOWS; i++)
        counts->windows[i] =
            window_of(group, counts->what, hour, incident_hours[i]);
    counts->based = is_based(w, group->dim, hour);
    counts->open = -1;
    counts->closed_hours = -1;
    if (last == NULL)
        return;
    if (last->closed_at == BOUNCE_NO_TIME) {
        counts->open = window_index(last->hours);
        counts->opened_share = (double)last->opened_share / MILLION;
    } else if (hour - last->closed_at / HOUR_S < CLOSED_LONG) {
        counts->closed_hours = (int)(hour - last->closed_at / HOUR_S);
    }
}

/* ---- What follows ------------------------------------------------------ */

static void take_figures(struct incident *incident,
                         const struct incident_finding *f)
{
    incident->share = (int64_t)(f->share * MILLION + 0.5);
    incident->usual = f->usual >= 0 ? (int64_t)(f->usual * MILLION + 0.5) : -1;
    if (incident->share > incident->peak)
        incident->peak = incident->share;
    incident->failures = f->count.failures;
    incident->results = f->count.results;
    incident->hours = incident_hours[f->window];
    incident->dirty = true;
}

static enum store_err open_one(struct ledger *ledger,
                               const struct watch_group *group,
                               enum incident_what what,
                               const struct incident_finding *f, int64_t at,
                               struct store_error *error)
{
    const struct incident_key key = {what, group->dim, slice_cstr(group->value),
                                     SLICE("")};
    struct incident *incident;
    const char *outcome;
    enum store_err err =
        incident_begin(ledger, &key, at, &incident, &outcome, error);

    if (err != STORE_OK)
        return err;
    take_figures(incident, f);
    incident->opened_share = incident->share;
    incident->severity = f->severity;
    err = incident_explain(ledger, incident,
                           at / HOUR_S * HOUR_S -
                               (int64_t)(incident->hours - 1) * HOUR_S,
                           at, error);
    if (err != STORE_OK)
        return err;
    return incident_tell(ledger, incident, outcome, at, error);
}

static enum store_err go_on(struct ledger *ledger, struct incident *incident,
                            const struct incident_finding *f, int64_t at,
                            struct store_error *error)
{
    unsigned before = incident->severity;

    take_figures(incident, f);
    if (at > incident->updated_at)
        incident->updated_at = at;
    if (f->severity <= before)
        return STORE_OK;
    incident->severity = f->severity;
    return incident_tell(ledger, incident, "worsened", at, error);
}

/* What a group is held against may be in the store alone. */
static enum store_err need_others(struct ledger *ledger, enum watch_dim dim,
                                  struct store_error *error)
{
    struct watch_group *other;
    enum store_err err =
        watch_need(ledger, watch_base(dim), SLICE(""), &other, error);

    if (err == STORE_OK && dim == WATCH_CAMPAIGN)
        err = watch_need(ledger, WATCH_ALL, SLICE(""), &other, error);
    return err;
}

static enum store_err judge_kind(struct ledger *ledger,
                                 struct watch_group *group,
                                 enum incident_what what, int64_t hour,
                                 int64_t at, struct store_error *error)
{
    struct watch *w = ledger->watch;
    const struct incident_key key = {what, group->dim, slice_cstr(group->value),
                                     SLICE("")};
    struct incident *last = incident_find(w, &key);
    struct incident_counts counts = {.what = what};
    struct incident_finding f;

    fill_counts(w, group, last, hour, &counts);
    f = incident_judge(&counts);
    switch (f.step) {
    case INCIDENT_NONE:
        return STORE_OK;
    case INCIDENT_OPEN:
        return open_one(ledger, group, what, &f, at, error);
    case INCIDENT_STAYS:
        return go_on(ledger, last, &f, at, error);
    case INCIDENT_RECOVERED:
        take_figures(last, &f);
        return incident_close(ledger, last, "recovered", at, error);
    case INCIDENT_QUIET:
        take_figures(last, &f);
        return incident_close(ledger, last, "quiet", at, error);
    case INCIDENT_USUAL:
        take_figures(last, &f);
        return incident_close(ledger, last, "usual", at, error);
    }
    return STORE_OK;
}

/* Kinds without failures of a day are not worth a look, unless one is open. */
static unsigned worth_judging(const struct watch *w,
                              const struct watch_group *group, int64_t hour)
{
    struct watch_sums day = {0};
    unsigned bits = 0;

    add_hours(group, hour, incident_hours[INCIDENT_WINDOWS - 1], &day);
    for (unsigned i = 0; i < INCIDENT_SHARES; i++)
        bits |= day.n[WATCH_FAILURES + i] >= INCIDENT_LEAST ? 1U << i : 0;
    for (const struct incident *i = w->incidents; i != NULL; i = i->next) {
        if (i->what < INCIDENT_SHARES && i->closed_at == BOUNCE_NO_TIME &&
            i->hash == group->hash && i->dim == group->dim &&
            strcmp(i->value, group->value) == 0)
            bits |= 1U << i->what;
    }
    /* Shares of all mail repeat what the parts say better; but connections that
     * fail everywhere are our own. */
    return group->dim == WATCH_ALL ? bits & 1U << INCIDENT_CONNECTION : bits;
}

static enum store_err judge_group(struct ledger *ledger,
                                  struct watch_group *group, int64_t hour,
                                  int64_t at, struct store_error *error)
{
    unsigned bits = worth_judging(ledger->watch, group, hour);
    enum store_err err = STORE_OK;

    if (bits != 0)
        err = need_others(ledger, group->dim, error);
    for (unsigned i = 0; i < INCIDENT_SHARES && err == STORE_OK; i++) {
        if ((bits >> i & 1) != 0)
            err = judge_kind(ledger, group, (enum incident_what)i, hour, at,
                             error);
    }
    return err;
}

static enum store_err judge_waiting(struct ledger *ledger,
                                    struct store_error *error)
{
    struct watch *w = ledger->watch;
    enum store_err err = STORE_OK;

    for (size_t i = 0; i < w->dirty_count; i++)
        w->dirty[i]->dirty = false;
    for (size_t i = 0; i < w->dirty_count && err == STORE_OK; i++)
        err =
            judge_group(ledger, w->dirty[i], w->minute / 60, w->last_at, error);
    w->dirty_count = 0;
    return err;
}

/* Whether shares are open. */
static bool any_open(const struct watch *w)
{
    const struct incident *i = w->incidents;

    while (i != NULL &&
           (i->what >= INCIDENT_SHARES || i->closed_at != BOUNCE_NO_TIME))
        i = i->next;
    return i != NULL;
}

/* Those that nobody tells of any more end too. */
static enum store_err judge_open(struct ledger *ledger, int64_t hour,
                                 struct store_error *error)
{
    struct watch *w = ledger->watch;
    enum store_err err = STORE_OK;

    for (struct incident *i = w->incidents; i != NULL && err == STORE_OK;
         i = i->next) {
        struct watch_group *group;

        if (i->what >= INCIDENT_SHARES || i->closed_at != BOUNCE_NO_TIME)
            continue;
        err = need_others(ledger, i->dim, error);
        if (err == STORE_OK)
            err =
                watch_need(ledger, i->dim, slice_cstr(i->value), &group, error);
        if (err == STORE_OK)
            err =
                judge_kind(ledger, group, i->what, hour, hour * HOUR_S, error);
    }
    return err;
}

enum store_err watch_step(struct ledger *ledger, int64_t now, bool expire,
                          struct store_error *error)
{
    struct watch *w = ledger->watch;
    enum store_err err = judge_waiting(ledger, error);
    int64_t hour = w->minute / 60;

    /* Hour by hour, so that an end does not depend on when somebody looks. */
    while (err == STORE_OK && w->minute >= 0 && hour < now / HOUR_S &&
           any_open(w))
        err = judge_open(ledger, ++hour, error);
    if (err == STORE_OK && expire)
        err = incidents_expire(ledger, now, error);
    return err;
}
