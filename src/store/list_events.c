/* SPDX-License-Identifier: MIT
 * Events in the order in which they came in, those of one address in the order
 * of their time. Like the list of addresses they go along one index, for each
 * campaign that the filter names a stream. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/event_day.h"
#include "store/list_record.h"

#define ARENA_MAX ((size_t)1 << 30)

/* at is 0 but for events of one address. */
struct place {
    int64_t at, seq;
};

enum index { BY_SEQ, BY_ADDRESS, BY_CAMPAIGN, BY_REVIEW };

struct stream {
    struct bounce_slice campaign;
    struct place at; /* all before it, and it, was looked at */
    bool begun, ended, looked;
    struct arena arena;
    struct store_value (*rows)[EVENT_COLUMN_COUNT];
    size_t count, next, step;
};

struct search {
    struct book *book;
    const struct list_filter *filter;
    bool review, last_words;
    struct arena arena, row_arena;
    struct address address;
    bool kinds[EVENT_KINDS];
    struct words kind_words, categories, domains, providers;
    struct words scopes, campaigns, ips, senders, rules;
    enum index index;
    int64_t first_seq; /* events since the time that is asked for begin here */
    struct stream *streams;
    size_t stream_count, looked;
    struct query query;
    struct list_record record;
    bool no_memory;
};

/* ---- The filter ------------------------------------------------------ */

static enum store_err read_words(struct search *s, struct store_error *error)
{
    const struct list_filter *f = s->filter;
    const struct {
        struct bounce_slice field;
        const char *name;
        struct words *words;
    } fields[] = {{f->kind, "kind", &s->kind_words},
                  {f->provider, "provider", &s->providers},
                  {f->scope, "scope", &s->scopes},
                  {f->campaign, "campaign", &s->campaigns},
                  {f->ip, "ip", &s->ips},
                  {f->sender_domain, "sender domain", &s->senders},
                  {f->rule, "rule", &s->rules}};
    enum store_err err = STORE_OK;

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        err =
            words_read(fields[i].field, fields[i].name, fields[i].words, error);
        if (err != STORE_OK)
            return err;
    }
    err = words_categories(s->book->engine, f, &s->categories, error);
    if (err == STORE_OK)
        err = words_number(&s->kind_words, "kind", event_kind_name, EVENT_KINDS,
                           s->kinds, error);
    return err;
}

static enum store_err read_filter(struct search *s, struct store_error *error)
{
    const struct list_filter *f = s->filter;
    enum store_err err;

    if (f->state.ptr != NULL)
        return store_fail(error, STORE_E_VALUE,
                          "events have no state to choose them by");
    err = read_words(s, error);
    if (err == STORE_OK)
        err = words_domains(s->book, f->domain, &s->arena, &s->domains, error);
    s->index = f->address.ptr != NULL ? BY_ADDRESS
               : !s->campaigns.any    ? BY_CAMPAIGN
               : s->review            ? BY_REVIEW
                                      : BY_SEQ;
    return err;
}

/* ---- SQL ------------------------------------------------------------- */

static void add_kinds(struct search *s)
{
    struct query *q = &s->query;

    if (s->kind_words.any)
        return;
    query_add(q, " AND kind IN (-1");
    for (unsigned i = 0; i < EVENT_KINDS; i++) {
        if (!s->kinds[i])
            continue;
        query_add(q, ", ");
        query_value(q, store_int(event_kind_number(i)));
    }
    query_add(q, ")");
}

static void add_index(struct search *s, const struct stream *stream)
{
    const struct list_filter *f = s->filter;
    struct query *q = &s->query;

    switch (s->index) {
    case BY_SEQ:
        query_add(q, "1 = 1");
        break;
    case BY_REVIEW:
        query_add(q, "review <> 0");
        break;
    case BY_CAMPAIGN:
        query_add(q, "campaign IS NOT NULL AND campaign = ");
        query_value(q, store_text(stream->campaign));
        break;
    case BY_ADDRESS:
        query_add(q, "rcpt = ");
        query_value(q, store_int(s->address.key));
        /* A place says more than the time does where the page begins. */
        if (f->since != BOUNCE_NO_TIME && (f->newest_first || !stream->begun)) {
            query_add(q, " AND at >= ");
            query_value(q, store_int(f->since));
        }
        if (f->until != BOUNCE_NO_TIME &&
            (!f->newest_first || !stream->begun)) {
            query_add(q, " AND at < ");
            query_value(q, store_int(f->until));
        }
        return;
    }
    if (s->first_seq > 0 && (f->newest_first || !stream->begun)) {
        query_add(q, " AND seq >= ");
        query_value(q, store_int(s->first_seq));
    }
}

static void add_place(struct search *s, const struct stream *stream)
{
    bool by_time = s->index == BY_ADDRESS, down = s->filter->newest_first;
    struct query *q = &s->query;

    if (stream->begun) {
        query_add(q, by_time ? " AND (at, seq) " : " AND seq ");
        query_add(q, down ? "< " : "> ");
        if (by_time) {
            query_add(q, "(");
            query_value(q, store_int(stream->at.at));
            query_add(q, ", ");
        }
        query_value(q, store_int(stream->at.seq));
        query_add(q, by_time ? ")" : "");
    }
    query_add(q, " ORDER BY ");
    if (by_time)
        query_add(q, down ? "at DESC, " : "at, ");
    query_add(q, down ? "seq DESC" : "seq");
}

static void add_rest(struct search *s)
{
    const struct list_filter *f = s->filter;
    struct query *q = &s->query;

    query_add(q, " WHERE 1 = 1");
    if (s->review && s->index != BY_REVIEW)
        query_add(q, " AND review <> 0");
    if (f->since != BOUNCE_NO_TIME) {
        query_add(q, " AND at >= ");
        query_value(q, store_int(f->since));
    }
    if (f->until != BOUNCE_NO_TIME) {
        query_add(q, " AND at < ");
        query_value(q, store_int(f->until));
    }
    if (s->last_words)
        query_add(q, " AND kind IN (1, 2) AND NOT EXISTS (SELECT 1 FROM event "
                     "AS l WHERE l.rcpt = t.rcpt AND (l.at, l.seq) > (t.at, "
                     "t.seq) AND l.campaign = t.campaign AND l.kind IN (1, 2, "
                     "3))");
    add_kinds(s);
    query_words(q, "category", &s->categories);
    query_words(q, "domain", &s->domains);
    query_words(q, "provider", &s->providers);
    query_words(q, "scope", &s->scopes);
    if (s->index != BY_CAMPAIGN)
        query_words(q, "campaign", &s->campaigns);
    query_words(q, "ip", &s->ips);
    query_words(q, "sender_domain", &s->senders);
    query_words(q, "rule", &s->rules);
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
    struct place place;
    bool found;
};

static struct place place_of(const struct search *s,
                             const struct store_value *row)
{
    return (struct place){s->index == BY_ADDRESS ? row[EVENT_AT].integer : 0,
                          row[EVENT_SEQ].integer};
}

static bool take_row(void *ctx, const struct store_value *row, size_t columns)
{
    struct page_ctx *page = ctx;
    struct stream *stream = page->stream;

    (void)columns;
    if (stream->count == LIST_PAGE ||
        !event_row_copy(row, &stream->arena, stream->rows[stream->count])) {
        page->search->no_memory = true;
        return false;
    }
    stream->count++;
    return true;
}

static bool take_place(void *ctx, const struct store_value *row, size_t columns)
{
    struct page_ctx *page = ctx;

    (void)columns;
    page->place = (struct place){
        page->search->index == BY_ADDRESS ? row[0].integer : 0, row[1].integer};
    page->found = true;
    return true;
}

/* Fewer rows were found than asked for: to the last one looked at. */
static enum store_err skip(struct search *s, struct stream *stream,
                           struct store_error *error)
{
    struct page_ctx page = {.search = s, .stream = stream};
    enum store_err err;

    query_init(&s->query, "SELECT at, seq FROM event WHERE ");
    add_index(s, stream);
    add_place(s, stream);
    query_add(&s->query, " LIMIT 1 OFFSET ");
    query_value(&s->query, store_int((int64_t)stream->step - 1));
    err = query_run(&s->query, s->book->store, take_place, &page, error);
    stream->ended = !page.found;
    if (page.found)
        stream->at = page.place;
    stream->begun |= page.found;
    return err;
}

static enum store_err fill(struct search *s, struct stream *stream, size_t left,
                           struct store_error *error)
{
    size_t wanted = list_pace(s->filter, left, &stream->step);
    struct page_ctx page = {.search = s, .stream = stream};
    enum store_err err;

    arena_reset(&stream->arena);
    stream->looked = true;
    stream->count = stream->next = 0;
    stream->rows = arena_alloc(&stream->arena, wanted * sizeof(*stream->rows));
    if (stream->rows == NULL)
        return list_no_memory(error);
    query_init(&s->query, "SELECT " EVENT_COLUMNS " FROM (SELECT " EVENT_COLUMNS
                          " FROM event WHERE ");
    add_index(s, stream);
    add_place(s, stream);
    add_limit(&s->query, stream->step);
    query_add(&s->query, ") AS t");
    add_rest(s);
    add_limit(&s->query, wanted);
    err = query_run(&s->query, s->book->store, take_row, &page, error);
    if (s->no_memory)
        return list_no_memory(error);
    if (err != STORE_OK)
        return err;
    if (stream->count == wanted) {
        s->looked += wanted;
        stream->at = place_of(s, stream->rows[stream->count - 1]);
        stream->begun = true;
        return STORE_OK;
    }
    s->looked += stream->step;
    return skip(s, stream, error);
}

/* ---- Merging --------------------------------------------------------- */

static int compare(const struct search *s, struct place a, struct place b)
{
    int order = 0;

    if (a.at != b.at)
        order = a.at < b.at ? -1 : 1;
    else if (a.seq != b.seq)
        order = a.seq < b.seq ? -1 : 1;
    return s->filter->newest_first ? -order : order;
}

static enum store_err fill_all(struct search *s, size_t wanted,
                               struct store_error *error)
{
    for (size_t i = 0; i < s->stream_count; i++) {
        struct stream *stream = &s->streams[i];

        while (stream->next == stream->count && !stream->ended &&
               (s->filter->work == 0 || !stream->looked ||
                s->looked < s->filter->work)) {
            enum store_err err = fill(s, stream, wanted, error);

            if (err != STORE_OK)
                return err;
        }
    }
    return STORE_OK;
}

/* The stream whose next row comes first, NULL: none; and how far all of them
 * were looked at, NULL: to their ends. */
static struct stream *first_stream(struct search *s,
                                   const struct place **bound_out)
{
    struct stream *first = NULL;

    *bound_out = NULL;
    for (size_t i = 0; i < s->stream_count; i++) {
        struct stream *stream = &s->streams[i];

        if (stream->next < stream->count) {
            if (first == NULL ||
                compare(s, place_of(s, stream->rows[stream->next]),
                        place_of(s, first->rows[first->next])) < 0)
                first = stream;
        } else if (!stream->ended &&
                   (*bound_out == NULL ||
                    compare(s, stream->at, **bound_out) < 0)) {
            *bound_out = &stream->at;
        }
    }
    return first;
}

/* ---- The list -------------------------------------------------------- */

/* "SEQ"; "aAT.SEQ" for events of one address. */
static size_t write_cursor(const struct search *s, struct place place,
                           char out[LIST_CURSOR])
{
    if (s->index == BY_ADDRESS)
        return (size_t)snprintf(out, LIST_CURSOR, "a%" PRId64 ".%" PRId64,
                                place.at, place.seq);
    return (size_t)snprintf(out, LIST_CURSOR, "%" PRId64, place.seq);
}

static bool read_cursor(const struct search *s, struct place *place_out)
{
    struct bounce_slice cursor = s->filter->cursor;
    bool by_time = cursor.len > 0 && cursor.ptr[0] == 'a';

    place_out->at = 0;
    cursor = slice_from(cursor, by_time ? 1 : 0);
    return by_time == (s->index == BY_ADDRESS) &&
           (!by_time || cursor_number(&cursor, &place_out->at)) &&
           cursor_number(&cursor, &place_out->seq) && cursor.len == 0;
}

static void say_next(const struct search *s, const struct place *place)
{
    if (s->filter->next_out == NULL)
        return;
    s->filter->next_out[0] = '\0';
    if (place != NULL)
        write_cursor(s, *place, s->filter->next_out);
}

static enum store_err begin_streams(struct search *s, struct store_error *error)
{
    size_t count = s->index == BY_CAMPAIGN ? s->campaigns.count : 1;
    struct place place;
    bool seek = s->filter->cursor.len > 0;

    if (seek && !read_cursor(s, &place))
        return list_bad_cursor(s->filter->cursor, error);
    s->streams = calloc(count + 1, sizeof(*s->streams));
    if (s->streams == NULL)
        return list_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        struct stream *stream = &s->streams[s->stream_count++];

        arena_init(&stream->arena, allocator_default(), ARENA_MAX);
        if (s->index == BY_CAMPAIGN)
            stream->campaign = s->campaigns.list[i];
        stream->begun = seek;
        if (seek)
            stream->at = place;
    }
    return STORE_OK;
}

typedef bool take_event(void *ctx, const struct list_event *row);

static enum store_err walk(struct search *s, take_event *take, void *ctx,
                           struct store_error *error)
{
    size_t left = s->filter->limit > 0 ? s->filter->limit : SIZE_MAX;

    while (left > 0) {
        const struct place *bound;
        enum store_err err = fill_all(s, left, error);
        struct stream *stream = first_stream(s, &bound);
        const struct store_value *row;
        struct place place;
        char cursor[LIST_CURSOR];

        if (err != STORE_OK)
            return err;
        if (stream == NULL ||
            (bound != NULL &&
             compare(s, place_of(s, stream->rows[stream->next]), *bound) > 0)) {
            say_next(s, bound);
            return STORE_OK;
        }
        row = stream->rows[stream->next++];
        place = place_of(s, row);
        arena_reset(&s->row_arena);
        if (!event_row_read(s->book->engine, row, &s->row_arena, &s->record))
            return store_fail(error, STORE_E_DAMAGED,
                              "event %" PRId64 " cannot be read", place.seq);
        s->record.event.cursor =
            slice_make(cursor, write_cursor(s, place, cursor));
        if (--left == 0)
            say_next(s, &place);
        if (!take(ctx, &s->record.event))
            return store_fail(error, STORE_E_STOPPED, "stopped");
    }
    return STORE_OK;
}

static enum store_err list(struct search *s, take_event *take, void *ctx,
                           struct store_error *error)
{
    enum store_err err = STORE_OK;

    if (s->filter->address.ptr != NULL)
        err =
            list_find_address(s->book, s->filter->address, &s->address, error);
    else if (s->filter->since != BOUNCE_NO_TIME)
        err = event_days_first(s->book, s->filter->since, &s->first_seq, error);
    if (err == STORE_OK)
        err = begin_streams(s, error);
    return err == STORE_OK ? walk(s, take, ctx, error) : err;
}

static enum store_err list_rows(struct search *s, take_event *take, void *ctx,
                                struct store_error *error)
{
    struct store *store = s->book->store;
    enum store_err err;

    arena_init(&s->arena, allocator_default(), ARENA_MAX);
    arena_init(&s->row_arena, allocator_default(), ARENA_MAX);
    say_next(s, NULL);
    err = read_filter(s, error);
    if (err == STORE_OK)
        err = store_begin(store, STORE_READ, error);
    if (err == STORE_OK)
        err = store_end(store, list(s, take, ctx, error), error);
    for (size_t i = 0; i < s->stream_count; i++)
        arena_clear(&s->streams[i].arena);
    free(s->streams);
    arena_clear(&s->row_arena);
    arena_clear(&s->arena);
    free(s);
    return err;
}

static struct search *new_search(struct book *book,
                                 const struct list_filter *filter)
{
    struct search *s = calloc(1, sizeof(*s));

    if (s != NULL) {
        s->book = book;
        s->filter = filter;
    }
    return s;
}

enum store_err list_events(struct book *book, const struct list_filter *filter,
                           bool (*take)(void *ctx,
                                        const struct list_event *row),
                           void *ctx, struct store_error *error)
{
    struct search *s = new_search(book, filter);

    return s != NULL ? list_rows(s, take, ctx, error) : list_no_memory(error);
}

enum store_err list_review(struct book *book, const struct list_filter *filter,
                           bool (*take)(void *ctx,
                                        const struct list_event *row),
                           void *ctx, struct store_error *error)
{
    struct search *s = new_search(book, filter);

    if (s == NULL)
        return list_no_memory(error);
    s->review = true;
    return list_rows(s, take, ctx, error);
}

enum store_err
list_last_words(struct book *book, const struct list_filter *filter,
                bool (*take)(void *ctx, const struct list_event *row),
                void *ctx, struct store_error *error)
{
    struct search *s = new_search(book, filter);

    if (s == NULL)
        return list_no_memory(error);
    s->last_words = true;
    return list_rows(s, take, ctx, error);
}
