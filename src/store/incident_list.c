/* SPDX-License-Identifier: MIT
 * Incidents, page by page. */
#include "store/incident.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/incident.h"
#include "store/list_query.h"

#define COLUMNS                                                                \
    "id, what, dim, value, opened_at, updated_at, closed_at, ended_by, "       \
    "category, rule, share, usual, peak, failures, results, hours, severity, " \
    "samples"
#define MILLION 1000000.0

struct listing {
    struct book *book;
    const struct list_filter *filter;
    enum incident_state state;
    struct bounce_slice id;
    struct words kinds, categories, rules, providers, ips, senders, campaigns;
    struct query query;
    bool begun;
    int64_t last_at; /* of the last row, with its id */
    char last_id[32];
    size_t left, in_page;
    bool (*take)(void *ctx, const struct list_incident *row);
    void *ctx;
};

/* ---- A row ------------------------------------------------------------- */

static double part_of(const struct store_value *value)
{
    return value->type == STORE_INT ? (double)value->integer / MILLION : -1;
}

static const char *severity_of(int64_t severity)
{
    if (severity >= 3)
        return "critical";
    return severity == 2 ? "major" : "minor";
}

/* "SEQ:ID,SEQ:ID" */
static void read_samples(struct bounce_slice text, struct list_incident *out)
{
    struct bounce_slice piece;

    while (out->sample_count < INCIDENT_SAMPLES_MAX &&
           slice_next_piece(&text, ',', &piece)) {
        size_t colon = slice_find_byte(piece, ':');
        struct bounce_slice number = slice_sub(piece, 0, colon);

        if (colon == SLICE_NPOS ||
            !cursor_number(&number, &out->sample_seqs[out->sample_count]))
            continue;
        out->samples[out->sample_count++] = slice_from(piece, colon + 1);
    }
}

static void advise(const struct bounce_engine *engine,
                   struct list_incident *row)
{
    struct bounce_event event = {.category = row->category,
                                 .evidence_rule = row->rule,
                                 .evidence_by = BOUNCE_EVIDENCE_RULE};

    if (slice_eq(row->what, SLICE("own_fault"))) {
        row->remedy = SLICE("Look after the network, the name servers and the "
                            "firewall of the sending machines; nothing of it "
                            "counts against an address.");
        return;
    }
    if (engine == NULL || row->category.ptr == NULL)
        return;
    list_complete(engine, &event);
    row->cls = bounce_class_name(event.cls);
    row->remedy = event.advice.remedy;
}

static bool take_row(void *ctx, const struct store_value *row, size_t columns)
{
    struct listing *l = ctx;
    char cursor[64];
    struct list_incident incident = {
        .id = row[0].text,
        .what = row[1].text,
        .dimension = slice_eq(row[2].text, SLICE("sender_domain"))
                         ? SLICE("from")
                         : row[2].text,
        .value = row[3].text,
        .since = row[4].integer,
        .updated = row[5].integer,
        .until = store_time_of(&row[6]),
        .ended_by = row[7].text.len > 0 ? row[7].text : SLICE_NULL,
        .category = value_text(&row[8]),
        .rule = value_text(&row[9]),
        .share = part_of(&row[10]),
        .usual = part_of(&row[11]),
        .peak = part_of(&row[12]),
        .failures = row[13].integer,
        .results = row[14].integer,
        .hours = row[15].integer,
        .severity = severity_of(row[16].integer)};

    (void)columns;
    read_samples(row[17].text, &incident);
    advise(l->book->engine, &incident);
    l->last_at = incident.since;
    snprintf(l->last_id, sizeof(l->last_id), "%.*s", (int)incident.id.len,
             incident.id.ptr);
    l->begun = true;
    l->in_page++;
    l->left--;
    snprintf(cursor, sizeof(cursor), "%" PRId64 ".%s", l->last_at, l->last_id);
    incident.cursor = slice_cstr(cursor);
    return l->take(l->ctx, &incident);
}

/* ---- The filter -------------------------------------------------------- */

static enum store_err read_kinds(struct listing *l, struct store_error *error)
{
    enum store_err err = words_read(l->filter->kind, "kind", &l->kinds, error);

    for (size_t i = 0; err == STORE_OK && !l->kinds.any && i < l->kinds.count;
         i++) {
        if (incident_what_of(l->kinds.list[i]) == INCIDENT_WHATS)
            err = store_fail(error, STORE_E_VALUE, "no kind of incidents: %.*s",
                             (int)l->kinds.list[i].len, l->kinds.list[i].ptr);
    }
    return err;
}

static enum store_err read_cursor(struct listing *l, struct store_error *error)
{
    struct bounce_slice cursor = l->filter->cursor;

    if (cursor.len == 0)
        return STORE_OK;
    if (!cursor_number(&cursor, &l->last_at) || cursor.len == 0 ||
        cursor.len >= sizeof(l->last_id))
        return list_bad_cursor(l->filter->cursor, error);
    memcpy(l->last_id, cursor.ptr, cursor.len);
    l->begun = true;
    return STORE_OK;
}

static enum store_err read_filter(struct listing *l, struct store_error *error)
{
    const struct list_filter *f = l->filter;
    enum store_err err = read_cursor(l, error);

    if (f->address.ptr != NULL || f->domain.ptr != NULL ||
        f->state.ptr != NULL || f->scope.ptr != NULL)
        return store_fail(error, STORE_E_VALUE,
                          "incidents have no address, domain, state or scope "
                          "to choose them by");
    if (err == STORE_OK)
        err = read_kinds(l, error);
    if (err == STORE_OK)
        err = words_categories(l->book->engine, f, &l->categories, error);
    if (err == STORE_OK)
        err = words_read(f->rule, "rule", &l->rules, error);
    if (err == STORE_OK)
        err = words_read(f->provider, "provider", &l->providers, error);
    if (err == STORE_OK)
        err = words_read(f->ip, "ip", &l->ips, error);
    if (err == STORE_OK)
        err = words_read(f->sender_domain, "sender domain", &l->senders, error);
    if (err == STORE_OK)
        err = words_read(f->campaign, "campaign", &l->campaigns, error);
    return err;
}

static void add_groups(struct listing *l)
{
    const struct {
        const char *dim;
        const struct words *words;
    } dims[] = {{" OR (dim = 'provider'", &l->providers},
                {" OR (dim = 'ip'", &l->ips},
                {" OR (dim = 'sender_domain'", &l->senders},
                {" OR (dim = 'campaign'", &l->campaigns}};

    if (l->providers.any && l->ips.any && l->senders.any && l->campaigns.any)
        return;
    query_add(&l->query, " AND (1 = 0");
    for (size_t i = 0; i < sizeof(dims) / sizeof(dims[0]); i++) {
        if (dims[i].words->any)
            continue;
        query_add(&l->query, dims[i].dim);
        query_words(&l->query, "value", dims[i].words);
        query_add(&l->query, ")");
    }
    query_add(&l->query, ")");
}

static void add_times(struct listing *l)
{
    const struct list_filter *f = l->filter;
    struct query *q = &l->query;

    if (f->since != BOUNCE_NO_TIME) {
        query_add(q, " AND (closed_at IS NULL OR closed_at >= ");
        query_value(q, store_int(f->since));
        query_add(q, ")");
    }
    if (f->until != BOUNCE_NO_TIME) {
        query_add(q, " AND opened_at < ");
        query_value(q, store_int(f->until));
    }
    if (!l->begun)
        return;
    query_add(q, f->newest_first ? " AND (opened_at, id) < ("
                                 : " AND (opened_at, id) > (");
    query_value(q, store_int(l->last_at));
    query_add(q, ", ");
    query_value(q, store_text(slice_cstr(l->last_id)));
    query_add(q, ")");
}

static void make_page(struct listing *l, size_t rows)
{
    struct query *q = &l->query;

    query_init(q, "SELECT " COLUMNS " FROM incident WHERE 1 = 1");
    if (l->state == INCIDENTS_OPEN)
        query_add(q, " AND closed_at IS NULL");
    else if (l->state == INCIDENTS_CLOSED)
        query_add(q, " AND closed_at IS NOT NULL");
    if (l->id.ptr != NULL) {
        query_add(q, " AND id = ");
        query_value(q, store_text(l->id));
    }
    add_times(l);
    add_groups(l);
    query_words(q, "what", &l->kinds);
    query_words(q, "category", &l->categories);
    query_words(q, "rule", &l->rules);
    query_add(q, l->filter->newest_first
                     ? " ORDER BY opened_at DESC, id DESC LIMIT "
                     : " ORDER BY opened_at, id LIMIT ");
    query_value(q, store_int((int64_t)rows));
}

static enum store_err read_pages(struct listing *l, struct store_error *error)
{
    enum store_err err = read_filter(l, error);
    size_t rows = LIST_PAGE;

    while (err == STORE_OK && l->left > 0 && rows == LIST_PAGE) {
        size_t asked = l->left < LIST_PAGE ? l->left : LIST_PAGE;

        l->in_page = 0;
        make_page(l, asked);
        err = query_run(&l->query, l->book->store, take_row, l, error);
        rows = l->in_page;
    }
    if (err == STORE_OK && l->filter->next_out != NULL) {
        l->filter->next_out[0] = '\0';
        if (l->left == 0)
            snprintf(l->filter->next_out, LIST_CURSOR, "%" PRId64 ".%s",
                     l->last_at, l->last_id);
    }
    return err;
}

enum store_err
list_incidents(struct book *book, const struct list_filter *filter,
               enum incident_state state, struct bounce_slice id,
               bool (*take)(void *ctx, const struct list_incident *row),
               void *ctx, struct store_error *error)
{
    struct listing *l = calloc(1, sizeof(*l));
    enum store_err err;

    if (l == NULL)
        return list_no_memory(error);
    l->book = book;
    l->filter = filter;
    l->state = state;
    l->id = id;
    l->take = take;
    l->ctx = ctx;
    l->left = filter->limit > 0 ? filter->limit : SIZE_MAX;
    err = store_begin(book->store, STORE_READ, error);
    if (err == STORE_OK)
        err = store_end(book->store, read_pages(l, error), error);
    free(l);
    return err;
}

static bool take_number(void *ctx, const struct store_value *row,
                        size_t columns)
{
    (void)columns;
    *(uint64_t *)ctx = (uint64_t)row[0].integer;
    return true;
}

enum store_err incidents_count(struct book *book, uint64_t *open_out,
                               struct store_error *error)
{
    *open_out = 0;
    return store_run(book->store,
                     "SELECT count(*) FROM incident WHERE closed_at IS NULL",
                     NULL, 0, take_number, open_out, error);
}
