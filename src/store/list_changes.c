/* SPDX-License-Identifier: MIT
 * The feed of changes, and the holds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/hold_row.h"
#include "store/list_query.h"

/* ---- Changes --------------------------------------------------------- */

#define CHANGE_COLUMNS                                                         \
    "seq, at, recorded_at, until, address, scope, what, was, becomes, "        \
    "outcome, reason, category, entry, rule, event_id, label, counter, "       \
    "count, needed, flags"

struct changes {
    struct book *book;
    const struct list_filter *filter;
    struct address address;
    struct words categories, scopes, rules, kinds, states;
    struct query query;
    int64_t last; /* seq of the last row */
    bool begun;
    size_t left, in_page;
    bool (*take)(void *ctx, const struct list_change *row);
    void *ctx;
};

static enum store_err read_filter(struct changes *c, struct store_error *error)
{
    const struct list_filter *f = c->filter;
    struct bounce_slice cursor = f->cursor;
    enum store_err err;

    if (f->domain.ptr != NULL || f->provider.ptr != NULL ||
        f->campaign.ptr != NULL || f->ip.ptr != NULL ||
        f->sender_domain.ptr != NULL)
        return store_fail(error, STORE_E_VALUE,
                          "changes have no domain, provider or route to choose "
                          "them by");
    if (cursor.len > 0) {
        if (!cursor_number(&cursor, &c->last) || cursor.len > 0)
            return list_bad_cursor(f->cursor, error);
        c->begun = true;
    }
    err = words_categories(c->book->engine, f, &c->categories, error);
    if (err == STORE_OK)
        err = words_read(f->scope, "scope", &c->scopes, error);
    if (err == STORE_OK)
        err = words_read(f->rule, "rule", &c->rules, error);
    if (err == STORE_OK)
        err = words_read(f->kind, "kind", &c->kinds, error);
    if (err == STORE_OK)
        err = words_read(f->state, "state", &c->states, error);
    if (err == STORE_OK && f->address.ptr != NULL)
        err = list_find_address(c->book, f->address, &c->address, error);
    return err;
}

static unsigned count_of(const struct store_value *value)
{
    return value->type == STORE_INT ? (unsigned)value->integer : 0;
}

static bool take_change(void *ctx, const struct store_value *row,
                        size_t columns)
{
    struct changes *c = ctx;
    char cursor[24];
    struct list_change change = {.seq = row[0].integer,
                                 .at = row[1].integer,
                                 .recorded_at = row[2].integer,
                                 .until = value_time(&row[3]),
                                 .address = value_text(&row[4]),
                                 .scope = value_text(&row[5]),
                                 .what = value_text(&row[6]),
                                 .was = value_text(&row[7]),
                                 .becomes = value_text(&row[8]),
                                 .outcome = value_text(&row[9]),
                                 .reason = value_text(&row[10]),
                                 .category = value_text(&row[11]),
                                 .entry = value_text(&row[12]),
                                 .rule = value_text(&row[13]),
                                 .event_id = value_text(&row[14]),
                                 .label = value_text(&row[15]),
                                 .counter = value_text(&row[16]),
                                 .count = count_of(&row[17]),
                                 .needed = count_of(&row[18]),
                                 .flags = count_of(&row[19])};

    (void)columns;
    c->last = change.seq;
    c->begun = true;
    c->in_page++;
    c->left--;
    snprintf(cursor, sizeof(cursor), "%" PRId64, change.seq);
    change.cursor = slice_cstr(cursor);
    return c->take(c->ctx, &change);
}

static void make_page(struct changes *c, size_t rows)
{
    const struct list_filter *f = c->filter;
    struct query *q = &c->query;

    query_init(q, "SELECT " CHANGE_COLUMNS " FROM change WHERE 1 = 1");
    if (f->address.ptr != NULL) {
        query_add(q, " AND rcpt IS NOT NULL AND rcpt = ");
        query_value(q, store_int(c->address.key));
    }
    if (c->begun) {
        query_add(q, f->newest_first ? " AND seq < " : " AND seq > ");
        query_value(q, store_int(c->last));
    }
    if (f->since != BOUNCE_NO_TIME) {
        query_add(q, " AND at >= ");
        query_value(q, store_int(f->since));
    }
    if (f->until != BOUNCE_NO_TIME) {
        query_add(q, " AND at < ");
        query_value(q, store_int(f->until));
    }
    query_words(q, "category", &c->categories);
    query_words(q, "scope", &c->scopes);
    query_words(q, "rule", &c->rules);
    query_words(q, "what", &c->kinds);
    query_words(q, "becomes", &c->states);
    query_add(q, f->newest_first ? " ORDER BY seq DESC LIMIT "
                                 : " ORDER BY seq LIMIT ");
    query_value(q, store_int((int64_t)rows));
}

enum store_err list_changes(struct book *book, const struct list_filter *filter,
                            bool (*take)(void *ctx,
                                         const struct list_change *row),
                            void *ctx, struct store_error *error)
{
    struct changes *c = calloc(1, sizeof(*c));
    enum store_err err;

    if (c == NULL)
        return list_no_memory(error);
    c->book = book;
    c->filter = filter;
    c->take = take;
    c->ctx = ctx;
    c->left = filter->limit > 0 ? filter->limit : SIZE_MAX;
    err = store_begin(book->store, STORE_READ, error);
    if (err == STORE_OK) {
        size_t rows = LIST_PAGE;

        err = read_filter(c, error);
        while (err == STORE_OK && c->left > 0 && rows == LIST_PAGE) {
            size_t asked = c->left < LIST_PAGE ? c->left : LIST_PAGE;

            c->in_page = 0;
            make_page(c, asked);
            err = query_run(&c->query, book->store, take_change, c, error);
            rows = c->in_page;
        }
        err = store_end(book->store, err, error);
    }
    free(c);
    return err;
}

/* ---- Holds ----------------------------------------------------------- */

struct holds {
    struct book *book;
    const struct list_filter *filter;
    struct arena arena;
    struct words categories, domains, providers, campaigns, ips, senders;
    struct words rules;
    struct query query;
    bool with_ended;
    int64_t now;
    size_t left;
    bool (*take)(void *ctx, const struct bounce_hold *hold);
    void *ctx;
};

static bool in_force(const struct bounce_hold *hold, int64_t now)
{
    return hold->open && hold->cause.since <= now &&
           (hold->cause.until == BOUNCE_NO_TIME || hold->cause.until > now);
}

static bool take_hold(void *ctx, const struct store_value *row, size_t columns)
{
    struct holds *h = ctx;
    struct bounce_hold hold;

    (void)columns;
    hold_row_read(row, &hold);
    if (h->left == 0 || (!h->with_ended && !in_force(&hold, h->now)))
        return true;
    h->left--;
    return h->take(h->ctx, &hold);
}

static enum store_err read_hold_filter(struct holds *h,
                                       struct store_error *error)
{
    const struct list_filter *f = h->filter;
    enum store_err err;

    if (f->address.ptr != NULL || f->state.ptr != NULL ||
        f->scope.ptr != NULL || f->kind.ptr != NULL || f->cursor.len > 0)
        return store_fail(error, STORE_E_VALUE,
                          "holds have no address, state, scope or kind to "
                          "choose them by, and no cursor");
    err = words_categories(h->book->engine, f, &h->categories, error);
    if (err == STORE_OK)
        err = words_domains(h->book, f->domain, &h->arena, &h->domains, error);
    if (err == STORE_OK)
        err = words_read(f->provider, "provider", &h->providers, error);
    if (err == STORE_OK)
        err = words_read(f->campaign, "campaign", &h->campaigns, error);
    if (err == STORE_OK)
        err = words_read(f->ip, "ip", &h->ips, error);
    if (err == STORE_OK)
        err = words_read(f->sender_domain, "sender domain", &h->senders, error);
    if (err == STORE_OK)
        err = words_read(f->rule, "rule", &h->rules, error);
    return err;
}

static void make_hold_query(struct holds *h)
{
    const struct list_filter *f = h->filter;
    struct query *q = &h->query;

    query_init(q, "SELECT " HOLD_COLUMNS " FROM hold WHERE since IS NOT NULL");
    if (!h->with_ended)
        query_add(q, " AND open <> 0");
    if (f->since != BOUNCE_NO_TIME) {
        query_add(q, " AND since >= ");
        query_value(q, store_int(f->since));
    }
    if (f->until != BOUNCE_NO_TIME) {
        query_add(q, " AND since < ");
        query_value(q, store_int(f->until));
    }
    query_words(q, "category", &h->categories);
    query_words(q, "domain", &h->domains);
    query_words(q, "provider", &h->providers);
    query_words(q, "campaign", &h->campaigns);
    query_words(q, "ip", &h->ips);
    query_words(q, "sender_domain", &h->senders);
    query_words(q, "rule", &h->rules);
    query_add(q,
              f->newest_first ? " ORDER BY since DESC, " : " ORDER BY since, ");
    query_add(q, "provider, domain, ip, sender_domain, campaign");
}

enum store_err
list_holds(struct book *book, const struct list_filter *filter, bool with_ended,
           int64_t now, bool (*take)(void *ctx, const struct bounce_hold *hold),
           void *ctx, struct store_error *error)
{
    struct holds *h = calloc(1, sizeof(*h));
    enum store_err err;

    if (h == NULL)
        return list_no_memory(error);
    h->book = book;
    h->filter = filter;
    h->with_ended = with_ended;
    h->now = now;
    h->left = filter->limit > 0 ? filter->limit : SIZE_MAX;
    h->take = take;
    h->ctx = ctx;
    arena_init(&h->arena, allocator_default(), (size_t)1 << 20);
    err = read_hold_filter(h, error);
    if (err == STORE_OK) {
        make_hold_query(h);
        err = query_run(&h->query, book->store, take_hold, h, error);
    }
    arena_clear(&h->arena);
    free(h);
    return err;
}
