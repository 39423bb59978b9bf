/* SPDX-License-Identifier: MIT */
#include "store/list_stream.h"

#include <stdio.h>
#include <stdlib.h>

#define ENOUGH 2000 /* rows after which an index is just large */
/* In the order of the list no index has the suppressions that ran out. They are
 * all gone through and sorted when they are few, and when suppressions between
 * one place of the list and another are more than RANGE_MOST; else those are
 * looked at. */
#define EXPIRED_STEP 64000
#define EXPIRED_FEW  2000
#define RANGE_MOST   20000

int place_compare(const struct search *s, const struct place *a,
                  const struct place *b)
{
    int order = 0;

    if (a->since != b->since)
        order = a->since < b->since ? -1 : 1;
    else if (a->key != b->key)
        order = a->key < b->key ? -1 : 1;
    else
        order = slice_compare(slice_make(a->scope, a->scope_len),
                              slice_make(b->scope, b->scope_len));
    return s->filter->newest_first ? -order : order;
}

/* ---- SQL ------------------------------------------------------------- */

static const char *const index_terms[] = {
    [BY_STANDING] = "standing <> 0 AND standing = ",
    [BY_CATEGORY] = "standing <> 0 AND category = ",
    [BY_PROVIDER] = "standing <> 0 AND provider = ",
    [BY_DOMAIN] = "standing <> 0 AND domain = ",
    [BY_CAMPAIGN] = "standing <> 0 AND campaign IS NOT NULL AND campaign = ",
    [BY_SCOPE] = "standing <> 0 AND scope <> '' AND scope = ",
    [BY_KEY] = "1 = 1",
    [BY_EXPIRED] = "standing <> 0 AND until IS NOT NULL AND until <= "};

/* The rows of an index for one value, of the time that is asked for. */
static void add_index(struct search *s, const struct stream *stream)
{
    const struct list_filter *f = s->filter;
    struct query *q = &s->query;

    query_add(q, index_terms[stream->index]);
    if (stream->index == BY_STANDING)
        /* As it is: a partial index is not found for what is bound. */
        query_add(q, stream->standing == BOUNCE_SUSPENDED ? "1" : "2");
    else if (stream->index == BY_EXPIRED)
        query_value(q, store_int(s->now));
    else if (stream->index != BY_KEY)
        query_value(q, store_text(stream->value));
    if (stream->index == BY_EXPIRED)
        query_add(q, " AND coalesce(standing, 0) = 2");
    if (stream->index == BY_KEY || stream->index == BY_EXPIRED)
        return;
    /* A place says more than the time does where the page begins, and only one
     * of them is gone along. */
    if (f->since != BOUNCE_NO_TIME && (f->newest_first || !stream->begun)) {
        query_add(q, " AND since >= ");
        query_value(q, store_int(f->since));
    }
    if (f->until != BOUNCE_NO_TIME && (!f->newest_first || !stream->begun)) {
        query_add(q, " AND since < ");
        query_value(q, store_int(f->until));
    }
}

/* " AND (since, key, scope) > ($1, $2, $3)" */
static void compare_place(struct query *q, bool by_key, const char *order,
                          const struct place *at)
{
    query_add(q, by_key ? " AND (key, scope) " : " AND (since, key, scope) ");
    query_add(q, order);
    query_add(q, " (");
    if (!by_key) {
        query_value(q, store_int(at->since));
        query_add(q, ", ");
    }
    query_value(q, store_int(at->key));
    query_add(q, ", ");
    query_value(q, store_text(slice_make(at->scope, at->scope_len)));
    query_add(q, ")");
}

static void add_place(struct search *s, const struct stream *stream)
{
    bool by_key = stream->index == BY_KEY, down = s->filter->newest_first;
    struct query *q = &s->query;

    if (stream->begun)
        compare_place(q, by_key, down ? "<" : ">", &stream->at);
    query_add(q, " ORDER BY ");
    if (!by_key)
        query_add(q, down ? "since DESC, " : "since, ");
    query_add(q, down ? "key DESC, scope DESC" : "key, scope");
}

/* What a suppression that ran out may have left behind. */
static void add_cause(struct search *s)
{
    int len = snprintf(s->cause, sizeof(s->cause), "%%cause\t%s\t%%",
                       bounce_slot_name(BOUNCE_SLOT_SUSPENSION));

    query_add(&s->query, "text LIKE ");
    query_value(&s->query, store_text(slice_make(s->cause, (size_t)len)));
}

/* Whether the suppressions that ran out are among the rows of the index, as far
 * as these are gone along: what chooses them stays when another cause speaks. */
static bool has_expired(const struct search *s, enum index index)
{
    const struct list_filter *f = s->filter;

    if (f->since != BOUNCE_NO_TIME || f->until != BOUNCE_NO_TIME)
        return false;
    return index == BY_STANDING ? s->standing[BOUNCE_SUPPRESSED]
                                : index != BY_CATEGORY;
}

/* Rows whose columns say what the list asks for, and those where a suspension
 * may speak in place of what they say. */
static void add_standing(struct search *s, const struct stream *stream)
{
    const bool suspended = s->standing[BOUNCE_SUSPENDED];
    struct query *q = &s->query;

    query_add(q, " AND ((until IS NULL OR until > ");
    query_value(q, store_int(s->now));
    query_add(q, ")");
    if (stream->index != BY_STANDING &&
        suspended != s->standing[BOUNCE_SUPPRESSED])
        query_add(q, suspended ? " AND standing = 1" : " AND standing = 2");
    if (stream->index != BY_CATEGORY)
        query_words(q, "coalesce(category, '')", &s->categories);
    if (suspended && has_expired(s, stream->index)) {
        query_add(q, " OR standing = 2 AND until <= ");
        query_value(q, store_int(s->now));
        query_add(q, " AND ");
        add_cause(s);
    }
    query_add(q, ")");
}

/* Conditions that the index does not serve. Through coalesce(), lest one of
 * them be taken for the index to go along. */
static void add_rest(struct search *s, const struct stream *stream)
{
    struct query *q = &s->query;

    query_add(q, " WHERE 1 = 1");
    if (stream->index != BY_KEY && stream->index != BY_EXPIRED)
        add_standing(s, stream);
    if (stream->index != BY_PROVIDER)
        query_words(q, "coalesce(provider, '')", &s->providers);
    if (stream->index != BY_DOMAIN)
        query_words(q, "coalesce(domain, '')", &s->domains);
    if (stream->index != BY_CAMPAIGN)
        query_words(q, "coalesce(campaign, '')", &s->campaigns);
    if (stream->index != BY_SCOPE)
        query_words(q, "coalesce(scope, '')", &s->scopes);
}

static void add_limit(struct query *q, size_t limit)
{
    query_add(q, " LIMIT ");
    query_value(q, store_int((int64_t)limit));
}

/* ---- Reading --------------------------------------------------------- */

struct page_ctx {
    struct search *search;
    struct stream *stream;
};

static struct bounce_slice keep(struct search *s, struct stream *stream,
                                const struct store_value *value)
{
    struct bounce_slice copy;

    if (value->type != STORE_TEXT)
        return SLICE_NULL;
    copy = arena_dup(&stream->arena, value->text);
    if (copy.ptr == NULL)
        s->no_memory = true;
    return copy;
}

void place_read(const struct store_value *row, bool by_key, struct place *place)
{
    size_t len = row[2].text.len;

    if (len > sizeof(place->scope))
        len = sizeof(place->scope);
    place->since = by_key || row[0].type != STORE_INT ? 0 : row[0].integer;
    place->key = row[1].integer;
    place->scope_len = len;
    if (len > 0)
        memcpy(place->scope, row[2].text.ptr, len);
}

static bool take_row(void *ctx, const struct store_value *row, size_t columns)
{
    struct page_ctx *page = ctx;
    struct stream *stream = page->stream;
    struct row *r = &stream->rows[stream->count];

    (void)columns;
    if (stream->count == LIST_PAGE)
        return false;
    place_read(row, stream->index == BY_KEY, &r->place);
    r->address = keep(page->search, stream, &row[3]);
    r->domain = keep(page->search, stream, &row[4]);
    r->provider = keep(page->search, stream, &row[5]);
    r->campaign = keep(page->search, stream, &row[6]);
    r->until = value_time(&row[7]);
    r->text = keep(page->search, stream, &row[8]);
    stream->count++;
    return !page->search->no_memory;
}

struct expired_ctx {
    struct page_ctx page;
    struct place last;
    size_t seen;
};

/* Does a suspension speak, now that the suppression ran out? What cannot be read
 * is for the list to complain about. */
static bool left_behind(struct search *s, struct bounce_slice text)
{
    const struct bounce_cause *cause;

    return bounce_state_read(text.ptr, text.len, &s->state, NULL) !=
               BOUNCE_OK ||
           bounce_state_standing(&s->state, s->now, &cause) == BOUNCE_SUSPENDED;
}

static bool take_expired(void *ctx, const struct store_value *row,
                         size_t columns)
{
    struct expired_ctx *e = ctx;

    if (e->page.stream->count == LIST_PAGE)
        return true; /* for the next time */
    e->seen++;
    place_read(row, false, &e->last);
    return !left_behind(e->page.search, row[8].text) ||
           take_row(&e->page, row, columns);
}

static bool take_count(void *ctx, const struct store_value *row, size_t columns)
{
    (void)columns;
    *(int64_t *)ctx += row[0].integer;
    return true;
}

/* Whether so many rows ran out that going through all of them takes long. */
static enum store_err probe_expired(struct search *s, struct store_error *error)
{
    int64_t count = 0;
    enum store_err err;

    query_init(&s->query, "SELECT count(*) FROM (SELECT key FROM state WHERE ");
    query_add(&s->query, index_terms[BY_EXPIRED]);
    query_value(&s->query, store_int(s->now));
    add_limit(&s->query, EXPIRED_FEW);
    query_add(&s->query, ") AS t");
    err = query_run(&s->query, s->book->store, take_count, &count, error);
    s->expired = count < EXPIRED_FEW ? EXPIRED_ARE_FEW : EXPIRED_ARE_MANY;
    return err;
}

/* The suppressions up to a place of the list. */
static void add_range(struct search *s, const struct stream *stream,
                      const struct place *horizon)
{
    const bool down = s->filter->newest_first;

    query_add(&s->query, "standing <> 0 AND standing = 2");
    if (stream->begun)
        compare_place(&s->query, false, down ? "<" : ">", &stream->at);
    compare_place(&s->query, false, down ? ">=" : "<=", horizon);
}

static enum store_err count_range(struct search *s, const struct stream *stream,
                                  const struct place *horizon,
                                  int64_t *count_out, struct store_error *error)
{
    *count_out = 0;
    query_init(&s->query, "SELECT count(*) FROM (SELECT key FROM state WHERE ");
    add_range(s, stream, horizon);
    add_limit(&s->query, RANGE_MOST);
    query_add(&s->query, ") AS t");
    return query_run(&s->query, s->book->store, take_count, count_out, error);
}

/* Those of a range (horizon), or of all. Most of them left nothing behind, and
 * are not worth a row of the page. */
static enum store_err read_expired(struct search *s, struct expired_ctx *ctx,
                                   const struct place *horizon,
                                   struct store_error *error)
{
    struct stream *stream = ctx->page.stream;
    struct query *q = &s->query;
    enum store_err err;

    query_init(q, "SELECT " STATE_COLUMNS " FROM (SELECT " STATE_COLUMNS
                  " FROM state WHERE ");
    if (horizon == NULL) {
        add_index(s, stream);
    } else {
        add_range(s, stream, horizon);
        query_add(q, " AND until IS NOT NULL AND coalesce(until, 0) <= ");
        query_value(q, store_int(s->now));
    }
    query_add(q, ") AS t");
    /* All conditions before the rows are sorted; hardly a row has a second
     * cause. */
    add_rest(s, stream);
    query_add(q, " AND ");
    add_cause(s);
    add_place(s, stream);
    add_limit(q, EXPIRED_STEP);
    err = query_run(q, s->book->store, take_expired, ctx, error);
    return s->no_memory ? list_no_memory(error) : err;
}

/* horizon: how far the other streams are known; NULL: to the end. */
static enum store_err fill_expired(struct search *s, struct stream *stream,
                                   const struct place *horizon,
                                   struct store_error *error)
{
    struct expired_ctx ctx = {.page = {s, stream}};
    enum store_err err = STORE_OK;
    int64_t in_range = 0;

    if (horizon != NULL && s->expired == EXPIRED_UNKNOWN)
        err = probe_expired(s, error);
    if (err == STORE_OK && horizon != NULL && s->expired == EXPIRED_ARE_MANY)
        err = count_range(s, stream, horizon, &in_range, error);
    if (s->expired != EXPIRED_ARE_MANY || in_range == RANGE_MOST)
        horizon = NULL;
    if (err == STORE_OK)
        err = read_expired(s, &ctx, horizon, error);
    if (err != STORE_OK)
        return err;
    s->looked += horizon != NULL ? (size_t)in_range : ctx.seen;
    stream->begun = true;
    if (ctx.seen == EXPIRED_STEP || stream->count == LIST_PAGE)
        stream->at = ctx.last;
    else if (horizon != NULL)
        stream->at = *horizon;
    else
        stream->ended = true;
    return STORE_OK;
}

struct place_ctx {
    struct place *place;
    bool by_key, found;
};

static bool take_place(void *ctx, const struct store_value *row, size_t columns)
{
    struct place_ctx *p = ctx;

    (void)columns;
    place_read(row, p->by_key, p->place);
    p->found = true;
    return true;
}

/* The place of the last row that the query before looked at. */
static enum store_err skip(struct search *s, struct stream *stream,
                           struct store_error *error)
{
    struct place place;
    struct place_ctx ctx = {&place, stream->index == BY_KEY, false};
    enum store_err err;

    query_init(&s->query, "SELECT since, key, scope FROM state WHERE ");
    add_index(s, stream);
    add_place(s, stream);
    query_add(&s->query, " LIMIT 1 OFFSET ");
    query_value(&s->query, store_int((int64_t)stream->step - 1));
    err = query_run(&s->query, s->book->store, take_place, &ctx, error);
    if (err != STORE_OK)
        return err;
    stream->ended = !ctx.found;
    if (ctx.found) {
        stream->at = place;
        stream->begun = true;
    }
    return STORE_OK;
}

/* How far all streams but one are known; NULL: to their ends. They have begun. */
static const struct place *horizon_of(const struct search *s,
                                      const struct stream *but)
{
    const struct place *nearest = NULL;

    for (size_t i = 0; i < s->stream_count; i++) {
        const struct stream *stream = s->streams[i];

        if (stream != but && !stream->ended &&
            (nearest == NULL || place_compare(s, &stream->at, nearest) < 0))
            nearest = &stream->at;
    }
    return nearest;
}

/* Reads the next rows of a stream that has none. */
static enum store_err fill(struct search *s, struct stream *stream, size_t left,
                           struct store_error *error)
{
    size_t wanted = list_pace(s->filter, left, &stream->step);
    struct page_ctx ctx = {s, stream};
    enum store_err err;

    arena_reset(&stream->arena);
    stream->looked = true;
    stream->count = stream->next = 0;
    if (stream->index == BY_EXPIRED)
        return fill_expired(s, stream, horizon_of(s, stream), error);
    query_init(&s->query, "SELECT " STATE_COLUMNS " FROM (SELECT " STATE_COLUMNS
                          ", standing, category FROM state WHERE ");
    add_index(s, stream);
    add_place(s, stream);
    add_limit(&s->query, stream->step);
    query_add(&s->query, ") AS t");
    add_rest(s, stream);
    add_limit(&s->query, wanted);
    err = query_run(&s->query, s->book->store, take_row, &ctx, error);
    if (s->no_memory)
        return list_no_memory(error);
    if (err != STORE_OK)
        return err;
    if (stream->count == wanted) {
        s->looked += wanted; /* at least */
        stream->at = stream->rows[stream->count - 1].place;
        stream->begun = true;
        return STORE_OK;
    }
    s->looked += stream->step;
    return skip(s, stream, error);
}

/* ---- Streams --------------------------------------------------------- */

static struct stream *add_stream(struct search *s, enum index index,
                                 struct bounce_slice value,
                                 enum bounce_standing standing)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL || s->stream_count == MAX_STREAMS) {
        free(stream);
        s->no_memory = true;
        return NULL;
    }
    stream->index = index;
    stream->value = value;
    stream->standing = standing;
    arena_init(&stream->arena, allocator_default(), LIST_ARENA_MAX);
    s->streams[s->stream_count++] = stream;
    return stream;
}

void streams_drop(struct search *s)
{
    for (size_t i = 0; i < s->stream_count; i++) {
        arena_clear(&s->streams[i]->arena);
        free(s->streams[i]);
    }
    s->stream_count = 0;
}

static const struct words *index_words(const struct search *s, enum index index)
{
    switch (index) {
    case BY_CATEGORY:
        return &s->categories;
    case BY_PROVIDER:
        return &s->providers;
    case BY_DOMAIN:
        return &s->domains;
    case BY_CAMPAIGN:
        return &s->campaigns;
    default:
        return &s->scopes;
    }
}

static bool can_serve(const struct search *s, enum index index)
{
    const struct words *words = index_words(s, index);

    /* Scope "" is the store's own rows, nearly all. */
    return !words->any && (index != BY_SCOPE || !words_have(words, SLICE("")));
}

static void add_streams(struct search *s, enum index index)
{
    const struct words *words = index_words(s, index);

    if (index == BY_KEY) {
        add_stream(s, BY_KEY, SLICE_NULL, BOUNCE_ACTIVE);
        return;
    }
    if (index == BY_STANDING) {
        for (unsigned i = BOUNCE_SUSPENDED; i <= BOUNCE_SUPPRESSED; i++)
            if (s->standing[i])
                add_stream(s, index, SLICE_NULL, (enum bounce_standing)i);
        return;
    }
    for (size_t i = 0; i < words->count; i++)
        add_stream(s, index, words->list[i], BOUNCE_ACTIVE);
}

/* How many rows an index has for the filter, as far as ENOUGH. */
static enum store_err weigh(struct search *s, enum index index,
                            int64_t *rows_out, struct store_error *error)
{
    enum store_err err = STORE_OK;

    *rows_out = 0;
    add_streams(s, index);
    for (size_t i = 0; i < s->stream_count && err == STORE_OK &&
                       *rows_out < ENOUGH && !s->no_memory;
         i++) {
        query_init(&s->query, "SELECT count(*) FROM (SELECT key FROM state "
                              "WHERE ");
        add_index(s, s->streams[i]);
        add_limit(&s->query, ENOUGH);
        query_add(&s->query, ") AS t");
        err = query_run(&s->query, s->book->store, take_count, rows_out, error);
    }
    streams_drop(s);
    return s->no_memory ? list_no_memory(error) : err;
}

/* The index with the fewest rows for the filter. */
static enum store_err choose(struct search *s, struct store_error *error)
{
    /* Where all of them are large: what is told apart best by custom first. */
    static const enum index order[] = {BY_DOMAIN,   BY_SCOPE,    BY_CAMPAIGN,
                                       BY_CATEGORY, BY_PROVIDER, BY_STANDING};
    bool one = s->standing[BOUNCE_SUSPENDED] != s->standing[BOUNCE_SUPPRESSED];
    int64_t least = INT64_MAX;
    size_t candidates = 0;
    enum store_err err = STORE_OK;

    s->index = BY_STANDING;
    if (s->standing[BOUNCE_ACTIVE]) {
        s->index = BY_KEY;
        return STORE_OK;
    }
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) - 1; i++)
        if (can_serve(s, order[i])) {
            s->index = order[i];
            candidates++;
        }
    if (candidates + one < 2)
        return STORE_OK;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        int64_t rows;

        if (order[i] == BY_STANDING ? !one : !can_serve(s, order[i]))
            continue;
        err = weigh(s, order[i], &rows, error);
        if (err != STORE_OK)
            return err;
        if (rows < least) {
            least = rows;
            s->index = order[i];
        }
    }
    return STORE_OK;
}

enum store_err streams_begin(struct search *s, struct store_error *error)
{
    enum store_err err = choose(s, error);

    if (err != STORE_OK)
        return err;
    add_streams(s, s->index);
    /* A suppression that ran out may leave a suspension behind: the columns of
     * its row tell of the former until they are brought up to date. */
    if (s->index != BY_KEY && s->standing[BOUNCE_SUSPENDED] &&
        !has_expired(s, s->index))
        add_stream(s, BY_EXPIRED, SLICE_NULL, BOUNCE_SUPPRESSED);
    return s->no_memory ? list_no_memory(error) : STORE_OK;
}

void streams_seek(struct search *s, const struct place *place)
{
    for (size_t i = 0; i < s->stream_count; i++) {
        s->streams[i]->at = *place;
        s->streams[i]->begun = true;
    }
}

struct stream *streams_first(struct search *s, const struct place **bound_out)
{
    struct stream *first = NULL;

    *bound_out = NULL;
    for (size_t i = 0; i < s->stream_count; i++) {
        struct stream *stream = s->streams[i];

        if (stream->next < stream->count) {
            if (first == NULL ||
                place_compare(s, &stream->rows[stream->next].place,
                              &first->rows[first->next].place) < 0)
                first = stream;
        } else if (!stream->ended &&
                   (*bound_out == NULL ||
                    place_compare(s, &stream->at, *bound_out) < 0)) {
            *bound_out = &stream->at;
        }
    }
    return first;
}

/* Of the streams that have no rows the one that is known the least far; of equal
 * ones the suppressions that ran out come last. NULL: all have rows, or ended. */
static struct stream *furthest_behind(const struct search *s)
{
    struct stream *behind = NULL;

    for (size_t i = 0; i < s->stream_count; i++) {
        struct stream *stream = s->streams[i];

        if (stream->next < stream->count || stream->ended)
            continue;
        if (behind == NULL ||
            (behind->begun && (!stream->begun ||
                               place_compare(s, &stream->at, &behind->at) < 0)))
            behind = stream;
    }
    return behind;
}

enum store_err streams_fill(struct search *s, size_t wanted,
                            struct store_error *error)
{
    enum store_err err = STORE_OK;

    while (err == STORE_OK) {
        const struct place *bound;
        const struct stream *first = streams_first(s, &bound);
        struct stream *behind = furthest_behind(s);

        /* Nothing that is not read yet can come before the first row. */
        if (behind == NULL || (first != NULL && behind->begun &&
                               place_compare(s, &first->rows[first->next].place,
                                             &behind->at) <= 0))
            return STORE_OK;
        if (s->filter->work > 0 && behind->looked &&
            s->looked >= s->filter->work)
            return STORE_OK;
        err = fill(s, behind, wanted, error);
    }
    return err;
}
