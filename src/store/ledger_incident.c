/* SPDX-License-Identifier: MIT
 * Table incident: what opens, goes on and ends, and how changes tell of it. */
#include "store/ledger_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

/* One that ended less than a day ago goes on, rather than another opens. */
#define REOPEN_S DAY_S

static void set_text(char *out, size_t cap, struct bounce_slice text)
{
    size_t len = text.len < cap ? text.len : cap - 1;

    if (len > 0)
        memcpy(out, text.ptr, len);
    out[len] = '\0';
}
#define SET_TEXT(array, text) set_text(array, sizeof(array), text)

static void incident_free(struct incident *incident)
{
    free(incident->value);
    free(incident);
}

void incidents_forget(struct watch *watch)
{
    while (watch->incidents != NULL) {
        struct incident *incident = watch->incidents;

        watch->incidents = incident->next;
        incident_free(incident);
    }
}

static struct incident *make(struct watch *w, enum incident_what what,
                             enum watch_dim dim, struct bounce_slice value)
{
    struct incident *i = calloc(1, sizeof(*i));

    if (i == NULL)
        return NULL;
    i->value = malloc(value.len + 1);
    if (i->value == NULL) {
        free(i);
        return NULL;
    }
    if (value.len > 0)
        memcpy(i->value, value.ptr, value.len);
    i->value[value.len] = '\0';
    i->what = what;
    i->dim = dim;
    i->hash = watch_hash(dim, value);
    i->closed_at = i->until = i->freed_at = BOUNCE_NO_TIME;
    i->share = i->usual = i->peak = i->opened_share = -1;
    i->ended_by = "";
    i->next = w->incidents;
    w->incidents = i;
    return i;
}

static bool is_of(const struct incident *i, const struct incident_key *key,
                  uint32_t hash)
{
    return i->hash == hash && i->what == key->what && i->dim == key->dim &&
           slice_eq(slice_cstr(i->value), key->value) &&
           (key->category.len == 0 ||
            slice_eq(slice_cstr(i->category), key->category));
}

struct incident *incident_find(const struct watch *watch,
                               const struct incident_key *key)
{
    uint32_t hash = watch_hash(key->dim, key->value);
    struct incident *found = NULL;

    for (struct incident *i = watch->incidents; i != NULL; i = i->next) {
        if (is_of(i, key, hash) &&
            (found == NULL || i->opened_at > found->opened_at))
            found = i;
    }
    return found;
}

/* ---- Rows -------------------------------------------------------------- */

static const struct store_column columns[] = {
    {"id", STORE_TEXT},          {"what", STORE_TEXT},
    {"dim", STORE_TEXT},         {"value", STORE_TEXT},
    {"opened_at", STORE_INT},    {"updated_at", STORE_INT},
    {"closed_at", STORE_INT},    {"until", STORE_INT},
    {"ended_by", STORE_TEXT},    {"category", STORE_TEXT},
    {"rule", STORE_TEXT},        {"share", STORE_INT},
    {"usual", STORE_INT},        {"peak", STORE_INT},
    {"opened_share", STORE_INT}, {"failures", STORE_INT},
    {"results", STORE_INT},      {"hours", STORE_INT},
    {"severity", STORE_INT},     {"samples", STORE_TEXT}};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
static const struct store_put incident_put = {"incident", columns, COLUMNS, 1,
                                              STORE_REPLACE};

static const char *const endings[] = {"",      "recovered", "quiet",
                                      "usual", "time",      "by_hand"};

/* The constant of this name. */
static const char *ending_of(struct bounce_slice name)
{
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (slice_eq(name, slice_cstr(endings[i])))
            return endings[i];
    }
    return "";
}

static int64_t part_of(const struct store_value *value)
{
    return value->type == STORE_INT ? value->integer : -1;
}

static bool is_known(const struct watch *w, struct bounce_slice id)
{
    const struct incident *i = w->incidents;

    while (i != NULL && !slice_eq(slice_cstr(i->id), id))
        i = i->next;
    return i != NULL;
}

static bool take_incident(void *ctx, const struct store_value *row,
                          size_t columns_read)
{
    struct watch *w = ctx;
    enum incident_what what = incident_what_of(row[1].text);
    enum watch_dim dim = watch_dim_of(row[2].text);
    struct incident *i;

    (void)columns_read;
    if (is_known(w, row[0].text) || what == INCIDENT_WHATS || dim == WATCH_DIMS)
        return true;
    i = make(w, what, dim, row[3].text);
    if (i == NULL)
        return false;
    STORE_COPY_TEXT(&row[0], i->id);
    i->opened_at = row[4].integer;
    i->updated_at = row[5].integer;
    i->closed_at = value_time(&row[6]);
    i->until = value_time(&row[7]);
    i->ended_by = ending_of(row[8].text);
    STORE_COPY_TEXT(&row[9], i->category);
    STORE_COPY_TEXT(&row[10], i->rule);
    i->share = part_of(&row[11]);
    i->usual = part_of(&row[12]);
    i->peak = part_of(&row[13]);
    i->opened_share = part_of(&row[14]);
    i->failures = (uint64_t)row[15].integer;
    i->results = (uint64_t)row[16].integer;
    i->hours = (unsigned)row[17].integer;
    i->severity = (unsigned)row[18].integer;
    STORE_COPY_TEXT(&row[19], i->samples);
    return true;
}

enum store_err incidents_load(struct ledger *ledger, struct store_error *error)
{
    struct watch *w = ledger->watch;
    const struct store_value since = store_int(w->minute * 60 - REOPEN_S);
    enum store_err err = store_run(
        ledger->book->store,
        "SELECT id, what, dim, value, opened_at, updated_at, closed_at, until, "
        "ended_by, category, rule, share, usual, peak, opened_share, failures, "
        "results, hours, severity, samples FROM incident "
        "WHERE closed_at IS NULL OR closed_at > $1",
        &since, 1, take_incident, w, error);

    return err == STORE_E_STOPPED ? ledger_nomem(error) : err;
}

static struct store_value part(int64_t millionths)
{
    return millionths >= 0 ? store_int(millionths) : (struct store_value){0};
}

static struct store_value text_or_null(const char *text)
{
    return text[0] != '\0' ? store_text(slice_cstr(text))
                           : (struct store_value){0};
}

static void fill_row(const struct incident *i, struct store_value *row)
{
    row[0] = store_text(slice_cstr(i->id));
    row[1] = store_text(slice_cstr(incident_what_name(i->what)));
    row[2] = store_text(slice_cstr(watch_dims[i->dim]));
    row[3] = store_text(slice_cstr(i->value));
    row[4] = store_int(i->opened_at);
    row[5] = store_int(i->updated_at);
    row[6] = store_time(i->closed_at);
    row[7] = store_time(i->until);
    row[8] = store_text(slice_cstr(i->ended_by));
    row[9] = text_or_null(i->category);
    row[10] = text_or_null(i->rule);
    row[11] = part(i->share);
    row[12] = part(i->usual);
    row[13] = part(i->peak);
    row[14] = part(i->opened_share);
    row[15] = store_int((int64_t)i->failures);
    row[16] = store_int((int64_t)i->results);
    row[17] = store_int(i->hours);
    row[18] = store_int(i->severity);
    row[19] = store_text(slice_cstr(i->samples));
}

enum store_err incidents_put(struct ledger *ledger, struct store_error *error)
{
    struct rows rows;

    if (!rows_init(ledger, &rows, COLUMNS, 16))
        return ledger_nomem(error);
    for (struct incident *i = ledger->watch->incidents; i != NULL;
         i = i->next) {
        struct store_value *row;

        if (!i->dirty)
            continue;
        i->dirty = false;
        row = rows_add(ledger, &rows);
        if (row == NULL)
            return ledger_nomem(error);
        fill_row(i, row);
    }
    return store_put_rows(ledger->book->store, &incident_put, rows.values,
                          rows.count, error);
}

/* ---- Changes ----------------------------------------------------------- */

static struct bounce_slice first_sample(const struct incident *i)
{
    struct bounce_slice rest = slice_cstr(i->samples), id = SLICE_NULL;

    if (slice_next_piece(&rest, ',', &id))
        id = slice_from(id, slice_find_byte(id, ':') + 1);
    return id;
}

enum store_err incident_tell(struct ledger *ledger,
                             const struct incident *incident,
                             const char *outcome, int64_t at,
                             struct store_error *error)
{
    const size_t cap = strlen(incident->value) + 64;
    struct entry *e = arena_calloc(&ledger->arena, 1, sizeof(*e));
    char *reason = arena_alloc(&ledger->arena, cap);
    struct bounce_slice id =
        arena_dup(&ledger->arena, slice_cstr(incident->id));
    struct change *c = e != NULL ? change_add(ledger, e) : NULL;
    bool closed = incident->closed_at != BOUNCE_NO_TIME;

    if (c == NULL || reason == NULL || id.ptr == NULL)
        return ledger_nomem(error);
    e->at = at;
    c->index = SIZE_MAX; /* behind what the batch's records changed */
    snprintf(reason, cap, "%s %s%s%s", incident_what_name(incident->what),
             watch_dims[incident->dim], incident->value[0] != '\0' ? " " : "",
             incident->value);
    c->what = "incident";
    c->was = closed || outcome[0] == 'w' ? "open" : "closed";
    c->becomes = closed ? "closed" : "open";
    c->outcome = outcome;
    c->reason = reason;
    c->label = id;
    memcpy(c->cause.category, incident->category, sizeof(incident->category));
    memcpy(c->cause.rule, incident->rule, sizeof(incident->rule));
    SET_TEXT(c->cause.event_id, first_sample(incident));
    if (incident->what < INCIDENT_SHARES) {
        SET_TEXT(c->counter, slice_cstr(incident_what_name(incident->what)));
        c->count = (unsigned)incident->failures;
        c->needed = (unsigned)incident->results;
    }
    c->flags = 1U | 2U; /* incident, alert: list.h */
    return STORE_OK;
}

/* ---- Beginning and end ------------------------------------------------- */

/* The same incident has the same name in every store. */
static void name(struct incident *i, struct bounce_slice category)
{
    static const char digits[] = "0123456789abcdef";
    struct hash128 hash;
    uint64_t words[2];
    char text[64];

    snprintf(text, sizeof(text), "%s %s %" PRId64 " ",
             incident_what_name(i->what), watch_dims[i->dim], i->opened_at);
    hash128_init(&hash);
    hash128_add(&hash, slice_cstr(text));
    hash128_add(&hash, category);
    hash128_add(&hash, SLICE(" "));
    hash128_add(&hash, slice_cstr(i->value));
    hash128_words(&hash, words);
    for (unsigned k = 0; k < INCIDENT_ID - 1; k++)
        i->id[k] = digits[words[0] >> (60 - 4 * k) & 15];
    i->id[INCIDENT_ID - 1] = '\0';
}

enum store_err incident_begin(struct ledger *ledger,
                              const struct incident_key *key, int64_t at,
                              struct incident **incident_out,
                              const char **outcome_out,
                              struct store_error *error)
{
    struct watch *w = ledger->watch;
    struct incident *i;

    *incident_out = NULL;
    i = incident_find(w, key);
    *outcome_out = "reopened";
    if (i == NULL ||
        (i->closed_at != BOUNCE_NO_TIME && at - i->closed_at >= REOPEN_S)) {
        *outcome_out = "opened";
        i = make(w, key->what, key->dim, key->value);
        if (i == NULL)
            return ledger_nomem(error);
        i->opened_at = at;
        SET_TEXT(i->category, key->category);
        name(i, key->category);
    }
    i->updated_at = at > i->updated_at ? at : i->updated_at;
    i->closed_at = i->freed_at = BOUNCE_NO_TIME;
    i->ended_by = "";
    i->dirty = true;
    *incident_out = i;
    return STORE_OK;
}

enum store_err incident_close(struct ledger *ledger, struct incident *incident,
                              const char *ended_by, int64_t at,
                              struct store_error *error)
{
    incident->closed_at = at > incident->opened_at ? at : incident->opened_at;
    if (incident->updated_at < incident->closed_at)
        incident->updated_at = incident->closed_at;
    incident->ended_by = ended_by;
    incident->dirty = true;
    return incident_tell(ledger, incident, "closed", incident->closed_at,
                         error);
}

static bool is_open(const struct incident *i)
{
    return i->closed_at == BOUNCE_NO_TIME;
}

static bool has_run_out(const struct incident *i, int64_t now)
{
    return is_open(i) && i->until != BOUNCE_NO_TIME && i->until <= now;
}

/* Whether routes are still held for what the incident tells of. */
static enum store_err is_held(struct ledger *ledger, const struct incident *i,
                              int64_t now, bool *held_out,
                              struct store_error *error)
{
    static const char *const queries[WATCH_DIMS] = {
#define QUERY(column)                                                          \
    "SELECT 1 FROM hold WHERE open = 1 AND (until IS NULL OR until > $1) "     \
    "AND category = $2 AND " column " = $3 LIMIT 1"
        QUERY("provider"), QUERY("provider"), QUERY("ip"),
        QUERY("sender_domain"), QUERY("campaign")
#undef QUERY
    };
    const struct store_value values[3] = {store_int(now),
                                          store_text(slice_cstr(i->category)),
                                          store_text(slice_cstr(i->value))};

    *held_out = false;
    return store_run(ledger->book->store, queries[i->dim], values, 3,
                     store_take_any, held_out, error);
}

/* Of one that holds opened: it ends with the last of them. */
static enum store_err end_hold(struct ledger *ledger, struct incident *i,
                               int64_t now, struct store_error *error)
{
    bool freed = i->freed_at != BOUNCE_NO_TIME, held;
    enum store_err err = is_held(ledger, i, now, &held, error);

    if (err != STORE_OK)
        return err;
    if (held) {
        i->freed_at = BOUNCE_NO_TIME;
        /* Until it is mended: looked at again in a day. */
        if (i->until <= now)
            i->until = now + DAY_S;
        i->dirty = true;
        return STORE_OK;
    }
    if (!freed)
        return incident_close(ledger, i, "time", i->until, error);
    return incident_close(ledger, i, i->freed_by_hand ? "by_hand" : "recovered",
                          i->freed_at, error);
}

enum store_err incidents_expire(struct ledger *ledger, int64_t now,
                                struct store_error *error)
{
    struct incident **link = &ledger->watch->incidents;
    enum store_err err = STORE_OK;

    while (*link != NULL && err == STORE_OK) {
        struct incident *i = *link;

        if (i->what == INCIDENT_HOLD && is_open(i) &&
            (has_run_out(i, now) || i->freed_at != BOUNCE_NO_TIME))
            err = end_hold(ledger, i, now, error);
        else if (has_run_out(i, now))
            err = incident_close(ledger, i, "time", i->until, error);
        if (!i->dirty && !is_open(i) &&
            i->closed_at < ledger->watch->minute * 60 - REOPEN_S) {
            *link = i->next;
            incident_free(i);
        } else {
            link = &i->next;
        }
    }
    return err;
}

/* ---- What happens ------------------------------------------------------ */

static void take_sample(struct incident *i, const struct incident_touch *t)
{
    size_t len = strlen(i->samples);
    unsigned count = len > 0 ? 1 : 0;

    for (size_t k = 0; k < len; k++)
        count += i->samples[k] == ',';
    if (t->event_id.len == 0 || t->event_id.len > 63 ||
        count >= INCIDENT_SAMPLES)
        return;
    snprintf(i->samples + len, sizeof(i->samples) - len, "%s%" PRId64 ":%.*s",
             len > 0 ? "," : "", t->seq, (int)t->event_id.len, t->event_id.ptr);
}

/* Three routes are more than a quarrel with one. */
static unsigned severity(const struct incident *i)
{
    if (i->what != INCIDENT_HOLD)
        return 3;
    return i->failures >= 3 ? 2 : 1;
}

enum store_err incident_touch(struct ledger *ledger,
                              const struct incident_touch *t,
                              struct store_error *error)
{
    struct incident *i = incident_find(ledger->watch, &t->key);
    const char *outcome = NULL;
    enum store_err err = STORE_OK;

    if (i != NULL && i->what != INCIDENT_HOLD && has_run_out(i, t->at))
        err = incident_close(ledger, i, "time", i->until, error);
    if (err == STORE_OK && (i == NULL || !is_open(i))) {
        /* What is older than its end was over when it ended. */
        if (i != NULL && t->at <= i->closed_at)
            return STORE_OK;
        err = incident_begin(ledger, &t->key, t->at, &i, &outcome, error);
    }
    if (err != STORE_OK)
        return err;
    if (t->at > i->updated_at)
        i->updated_at = t->at;
    if (i->until == BOUNCE_NO_TIME || t->until > i->until)
        i->until = t->until;
    i->failures++;
    i->severity = severity(i);
    i->dirty = true;
    take_sample(i, t);
    if (i->rule[0] == '\0' || outcome != NULL) {
        SET_TEXT(i->category, t->category);
        SET_TEXT(i->rule, t->rule);
    }
    return outcome != NULL ? incident_tell(ledger, i, outcome, t->at, error)
                           : STORE_OK;
}

/* What of ours a hold speaks of; false: nothing. What a provider or a domain
 * suffers from is no fault of ours. */
static bool key_of(const struct bounce_hold *hold, struct incident_key *key_out)
{
    const struct bounce_hold_key *k = &hold->key;

    *key_out = (struct incident_key){
        .what = INCIDENT_HOLD, .category = slice_cstr(hold->cause.category)};
    if (k->campaign[0] != '\0') {
        key_out->dim = WATCH_CAMPAIGN;
        key_out->value = slice_cstr(k->campaign);
    } else if (k->ip[0] != '\0') {
        key_out->dim = WATCH_IP;
        key_out->value = slice_cstr(k->ip);
    } else if (k->sender_domain[0] != '\0') {
        key_out->dim = WATCH_SENDER_DOMAIN;
        key_out->value = slice_cstr(k->sender_domain);
    } else {
        return false;
    }
    return true;
}

enum store_err watch_held(struct ledger *ledger, const struct entry *entry,
                          const struct bounce_hold *hold,
                          struct store_error *error)
{
    struct incident_touch touch = {.at = entry->at,
                                   .until = entry->at + DAY_S,
                                   .category = slice_cstr(hold->cause.category),
                                   .rule = slice_cstr(hold->cause.rule),
                                   .seq = entry->seq,
                                   .event_id = entry->id};

    /* Providers slow everybody down now and then: that is a fault of ours only
     * when it goes on and on. */
    if (!key_of(hold, &touch.key) ||
        (slice_eq(touch.category, SLICE("rate_limited")) && hold->step < 2))
        return STORE_OK;
    if (hold->cause.until != BOUNCE_NO_TIME)
        touch.until = hold->cause.until;
    return incident_touch(ledger, &touch, error);
}

void watch_freed(struct ledger *ledger, const struct bounce_hold *hold,
                 bool by_hand, int64_t at)
{
    struct incident_key key;
    struct incident *i;

    if (!key_of(hold, &key))
        return;
    i = incident_find(ledger->watch, &key);
    if (i == NULL || !is_open(i))
        return;
    /* Whether others are still held is looked at when all is stored. */
    if (i->freed_at == BOUNCE_NO_TIME || at > i->freed_at)
        i->freed_at = at;
    i->freed_by_hand = by_hand;
}
