/* SPDX-License-Identifier: MIT
 * The smart list. Rows that are not active have indexes that begin with a
 * standing, a category, a provider, a domain, a campaign or a scope and go on
 * with (since, key, scope), which is the order of the list. A page goes along
 * one of them, for each value that the filter names (a stream), and merges the
 * streams. What the filter asks beyond that is looked at row by row, a bounded
 * number of rows at a time.
 *
 * Active rows are in no index but the key: a list that asks for them too goes by
 * key. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/list_stream.h"

/* ---- The filter ------------------------------------------------------ */

static const char *standing_name(unsigned value)
{
    return bounce_standing_name((enum bounce_standing)value);
}

static enum store_err read_filter(struct search *s, struct store_error *error)
{
    const struct list_filter *f = s->filter;
    struct words states;
    enum store_err err;

    if (f->ip.ptr != NULL || f->sender_domain.ptr != NULL ||
        f->kind.ptr != NULL)
        return store_fail(error, STORE_E_VALUE,
                          "addresses have no %s to choose them by",
                          f->ip.ptr != NULL     ? "sending IP"
                          : f->kind.ptr != NULL ? "kind"
                                                : "sender domain");
    err = words_read(f->state, "state", &states, error);
    if (err == STORE_OK)
        err = words_number(&states, "state", standing_name,
                           BOUNCE_SUPPRESSED + 1, s->standing, error);
    if (err == STORE_OK)
        err = words_categories(s->book->engine, f, &s->categories, error);
    if (err == STORE_OK)
        err = words_domains(s->book, f->domain, &s->arena, &s->domains, error);
    if (err == STORE_OK)
        err = words_read(f->provider, "provider", &s->providers, error);
    if (err == STORE_OK)
        err = words_read(f->campaign, "campaign", &s->campaigns, error);
    if (err == STORE_OK)
        err = words_read(f->scope, "scope", &s->scopes, error);
    if (err == STORE_OK)
        err = words_read(f->rule, "rule", &s->rules, error);
    return err;
}

/* What SQL cannot tell, or may tell wrongly because time went by. */
static bool fits(const struct search *s, const struct list_address *row)
{
    const struct bounce_cause *cause = row->cause;
    const struct list_filter *f = s->filter;

    if (!s->standing[row->standing] || !words_have(&s->scopes, row->scope) ||
        !words_have(&s->domains, row->domain) ||
        !words_have(&s->providers, row->provider) ||
        !words_have(&s->campaigns, row->campaign))
        return false;
    if (cause == NULL)
        return s->categories.any && s->rules.any &&
               f->since == BOUNCE_NO_TIME && f->until == BOUNCE_NO_TIME;
    return words_have(&s->categories, slice_cstr(cause->category)) &&
           words_have(&s->rules, slice_cstr(cause->rule)) &&
           (f->since == BOUNCE_NO_TIME || cause->since >= f->since) &&
           (f->until == BOUNCE_NO_TIME || cause->since < f->until);
}

/* ---- Cursors --------------------------------------------------------- */

/* "SINCE.KEY.SCOPE", "kKEY.SCOPE" in a list by key; the scope with %XX for all
 * but letters and digits. */
static size_t write_cursor(const struct search *s, const struct place *place,
                           char out[LIST_CURSOR])
{
    static const char digits[] = "0123456789ABCDEF";
    size_t len;

    if (s->index == BY_KEY)
        len = (size_t)snprintf(out, LIST_CURSOR, "k%" PRId64 ".", place->key);
    else
        len = (size_t)snprintf(out, LIST_CURSOR, "%" PRId64 ".%" PRId64 ".",
                               place->since, place->key);
    for (size_t i = 0; i < place->scope_len && len + 4 < LIST_CURSOR; i++) {
        unsigned char c = (unsigned char)place->scope[i];

        if (ascii_is_alnum(c)) {
            out[len++] = (char)c;
        } else {
            out[len++] = '%';
            out[len++] = digits[c >> 4];
            out[len++] = digits[c & 15];
        }
    }
    out[len] = '\0';
    return len;
}

static int hex_digit(char c)
{
    if (ascii_is_digit((unsigned char)c))
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_cursor(const struct search *s, struct bounce_slice cursor,
                        struct place *place_out)
{
    bool by_key = cursor.len > 0 && cursor.ptr[0] == 'k';

    place_out->since = 0;
    place_out->scope_len = 0;
    if (by_key != (s->index == BY_KEY))
        return false;
    cursor = slice_from(cursor, by_key ? 1 : 0);
    if ((!by_key && !cursor_number(&cursor, &place_out->since)) ||
        !cursor_number(&cursor, &place_out->key))
        return false;
    for (size_t i = 0; i < cursor.len; i++) {
        int c = (unsigned char)cursor.ptr[i];

        if (c == '%') {
            int high = i + 2 < cursor.len ? hex_digit(cursor.ptr[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(cursor.ptr[i + 2]) : -1;

            if (low < 0)
                return false;
            c = high * 16 + low;
            i += 2;
        }
        if (place_out->scope_len == sizeof(place_out->scope))
            return false;
        place_out->scope[place_out->scope_len++] = (char)c;
    }
    return true;
}

/* ---- The list -------------------------------------------------------- */

/* A row as it stands now; false: its state cannot be read. */
static bool judge(struct search *s, const struct row *row,
                  struct list_address *address_out)
{
    struct list_address *a = address_out;
    const struct bounce_category *category;

    if (bounce_state_read(row->text.ptr, row->text.len, &s->state, NULL) !=
        BOUNCE_OK)
        return false;
    *a = (struct list_address){
        .address = row->address,
        .scope = slice_make(row->place.scope, row->place.scope_len),
        .domain = row->domain,
        .provider = row->provider,
        .campaign = row->campaign,
        .state = &s->state};
    a->standing = bounce_state_standing(&s->state, s->now, &a->cause);
    if (a->cause == NULL)
        return true;
    a->slot = (enum bounce_slot)(a->cause - s->state.causes);
    category =
        bounce_category_find(s->book->engine, slice_cstr(a->cause->category));
    if (category != NULL)
        a->cls = category->cls;
    return true;
}

static enum store_err damaged(struct bounce_slice address,
                              struct store_error *error)
{
    return store_fail(error, STORE_E_DAMAGED,
                      "the state of %.*s cannot be read", (int)address.len,
                      address.ptr);
}

static void say_next(const struct search *s, const struct place *place)
{
    if (s->filter->next_out == NULL)
        return;
    s->filter->next_out[0] = '\0';
    if (place != NULL)
        write_cursor(s, place, s->filter->next_out);
}

static enum store_err
walk(struct search *s, bool (*take)(void *ctx, const struct list_address *row),
     void *ctx, struct store_error *error)
{
    size_t left = s->filter->limit > 0 ? s->filter->limit : SIZE_MAX;

    while (left > 0) {
        const struct place *bound;
        enum store_err err = streams_fill(s, left, error);
        struct stream *stream = streams_first(s, &bound);
        struct list_address address;
        const struct row *row;
        char cursor[LIST_CURSOR];

        if (err != STORE_OK)
            return err;
        /* Work is at an end: nothing beyond bound is sure to be next. */
        if (stream == NULL ||
            (bound != NULL &&
             place_compare(s, &stream->rows[stream->next].place, bound) > 0)) {
            say_next(s, bound);
            return STORE_OK;
        }
        row = &stream->rows[stream->next++];
        if (!judge(s, row, &address))
            return damaged(row->address, error);
        if (!fits(s, &address))
            continue;
        address.cursor =
            slice_make(cursor, write_cursor(s, &row->place, cursor));
        if (--left == 0)
            say_next(s, &row->place);
        if (!take(ctx, &address))
            return store_fail(error, STORE_E_STOPPED, "stopped");
    }
    return STORE_OK;
}

/* ---- Of one address -------------------------------------------------- */

struct one_ctx {
    struct search *search;
    const struct address *address;
    bool (*take)(void *ctx, const struct list_address *row);
    void *ctx;
    size_t left;
    bool damaged;
};

static bool take_one(void *ctx, const struct store_value *row, size_t columns)
{
    struct one_ctx *one = ctx;
    struct search *s = one->search;
    struct list_address address;
    struct row r = {.address = row[3].text,
                    .domain = row[4].text,
                    .provider = row[5].text,
                    .campaign = row[6].text,
                    .text = row[8].text};
    char cursor[LIST_CURSOR];

    (void)columns;
    place_read(row, true, &r.place);
    if (one->left == 0 || !book_same_address(s->book, r.address, one->address))
        return true;
    one->damaged = !judge(s, &r, &address);
    if (one->damaged)
        return false;
    if (!fits(s, &address))
        return true;
    address.cursor = slice_make(cursor, write_cursor(s, &r.place, cursor));
    if (--one->left == 0)
        say_next(s, &r.place);
    return one->take(one->ctx, &address);
}

/* The rows of one address, few as they are: in one query. */
static enum store_err walk_one(struct search *s,
                               bool (*take)(void *ctx,
                                            const struct list_address *row),
                               void *ctx, struct store_error *error)
{
    struct address address;
    struct one_ctx one = {.search = s,
                          .address = &address,
                          .take = take,
                          .ctx = ctx,
                          .left = s->filter->limit > 0 ? s->filter->limit
                                                       : SIZE_MAX};
    struct place place;
    enum store_err err =
        list_find_address(s->book, s->filter->address, &address, error);

    s->index = BY_KEY;
    if (err != STORE_OK)
        return err;
    query_init(&s->query, "SELECT " STATE_COLUMNS " FROM state WHERE key = ");
    query_value(&s->query, store_int(address.key));
    if (s->filter->cursor.len > 0) {
        if (!read_cursor(s, s->filter->cursor, &place))
            return list_bad_cursor(s->filter->cursor, error);
        query_add(&s->query, " AND scope > ");
        query_value(&s->query,
                    store_text(slice_make(place.scope, place.scope_len)));
    }
    query_add(&s->query, " ORDER BY scope");
    err = query_run(&s->query, s->book->store, take_one, &one, error);
    return one.damaged ? damaged(slice_make(address.text, address.len), error)
                       : err;
}

static enum store_err
list(struct search *s, bool (*take)(void *ctx, const struct list_address *row),
     void *ctx, struct store_error *error)
{
    struct place place;
    enum store_err err;

    if (s->filter->address.ptr != NULL)
        return walk_one(s, take, ctx, error);
    err = streams_begin(s, error);
    if (err != STORE_OK)
        return err;
    if (s->filter->cursor.len > 0) {
        if (!read_cursor(s, s->filter->cursor, &place))
            return list_bad_cursor(s->filter->cursor, error);
        streams_seek(s, &place);
    }
    return walk(s, take, ctx, error);
}

enum store_err
list_addresses(struct book *book, const struct list_filter *filter, int64_t now,
               bool (*take)(void *ctx, const struct list_address *row),
               void *ctx, struct store_error *error)
{
    struct search *s = calloc(1, sizeof(*s));
    enum store_err err;

    if (s == NULL)
        return list_no_memory(error);
    s->book = book;
    s->filter = filter;
    s->now = now;
    arena_init(&s->arena, allocator_default(), LIST_ARENA_MAX);
    say_next(s, NULL);
    err = read_filter(s, error);
    if (err == STORE_OK)
        err = store_begin(book->store, STORE_READ, error);
    if (err == STORE_OK)
        err = store_end(book->store, list(s, take, ctx, error), error);
    streams_drop(s);
    arena_clear(&s->arena);
    free(s);
    return err;
}
