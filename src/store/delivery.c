/* SPDX-License-Identifier: MIT */
#include "store/delivery.h"

#include <stdio.h>

#define COLUMNS                                                                \
    "name, url, cursor, batch, attempts, begun_at, next_at, delivered_at, "    \
    "stopped, error, holder, held_until"

static const struct store_column columns[] = {
    {"name", STORE_TEXT},    {"url", STORE_TEXT},
    {"cursor", STORE_INT},   {"batch", STORE_INT},
    {"attempts", STORE_INT}, {"begun_at", STORE_INT},
    {"next_at", STORE_INT},  {"delivered_at", STORE_INT},
    {"stopped", STORE_INT},  {"error", STORE_TEXT},
    {"holder", STORE_TEXT},  {"held_until", STORE_INT}};
#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))
static const struct store_put delivery_put = {"delivery", columns, COLUMN_COUNT,
                                              1, STORE_REPLACE};

static void read_row(const struct store_value *row, struct delivery *d)
{
    *d = (struct delivery){.cursor = row[2].integer,
                           .batch = row[3].integer,
                           .attempts = (unsigned)row[4].integer,
                           .begun_at = store_time_of(&row[5]),
                           .next_at = store_time_of(&row[6]),
                           .delivered_at = store_time_of(&row[7]),
                           .stopped = row[8].integer != 0,
                           .held_until = row[11].integer};
    STORE_COPY_TEXT(&row[0], d->name);
    STORE_COPY_TEXT(&row[1], d->url);
    STORE_COPY_TEXT(&row[9], d->error);
    STORE_COPY_TEXT(&row[10], d->holder);
}

static enum store_err put_row(struct book *book, const struct delivery *d,
                              struct store_error *error)
{
    const struct store_value row[COLUMN_COUNT] = {
        store_text(slice_cstr(d->name)),
        store_text(slice_cstr(d->url)),
        store_int(d->cursor),
        store_int(d->batch),
        store_int(d->attempts),
        store_time(d->begun_at),
        store_time(d->next_at),
        store_time(d->delivered_at),
        store_int(d->stopped),
        store_text(slice_cstr(d->error)),
        store_text(slice_cstr(d->holder)),
        store_int(d->held_until)};

    return store_put_rows(book->store, &delivery_put, row, 1, error);
}

static enum store_err newest(struct book *book, const char *sql,
                             int64_t *seq_out, struct store_error *error)
{
    *seq_out = 0;
    return store_run(book->store, sql, NULL, 0, store_take_int, seq_out, error);
}

/* ---- One webhook ------------------------------------------------------- */

struct finding {
    struct delivery *delivery;
    bool found;
};

static bool find_row(void *ctx, const struct store_value *row,
                     size_t column_count)
{
    struct finding *finding = ctx;

    (void)column_count;
    read_row(row, finding->delivery);
    finding->found = true;
    return true;
}

static enum store_err find(struct book *book, const char *name,
                           struct delivery *delivery_out, bool *found_out,
                           struct store_error *error)
{
    const struct store_value value = store_text(slice_cstr(name));
    struct finding finding = {delivery_out, false};
    enum store_err err = store_run(
        book->store, "SELECT " COLUMNS " FROM delivery WHERE name = $1", &value,
        1, find_row, &finding, error);

    *found_out = err == STORE_OK && finding.found;
    return err;
}

static bool is_free(const struct delivery *d, const char *holder, int64_t now)
{
    return strcmp(d->holder, holder) == 0 || d->held_until <= now;
}

/* A new row, or one that says who holds it now. */
static enum store_err hold_row(struct book *book, struct delivery *d,
                               bool found, const char *name, const char *url,
                               struct store_error *error)
{
    enum store_err err = STORE_OK;

    if (!found) {
        *d = (struct delivery){.begun_at = BOUNCE_NO_TIME,
                               .next_at = BOUNCE_NO_TIME,
                               .delivered_at = BOUNCE_NO_TIME};
        snprintf(d->name, sizeof(d->name), "%s", name);
        err = newest(book, "SELECT max(seq) FROM change", &d->cursor, error);
    }
    if (strcmp(d->url, url) != 0) {
        snprintf(d->url, sizeof(d->url), "%s", url);
        d->stopped = false;
        d->next_at = BOUNCE_NO_TIME;
    }
    return err;
}

enum store_err delivery_take(struct book *book, const char *name,
                             const char *url, const char *holder, int64_t now,
                             int64_t lease_s, struct delivery *delivery_out,
                             bool *ours_out, struct store_error *error)
{
    struct delivery *d = delivery_out;
    bool found;
    enum store_err err = find(book, name, d, &found, error);

    /* Mostly it is ours for long enough, and nothing need be written. */
    *ours_out = err == STORE_OK && found && strcmp(d->holder, holder) == 0 &&
                strcmp(d->url, url) == 0 && d->held_until > now + lease_s / 2;
    if (err != STORE_OK || *ours_out || (found && !is_free(d, holder, now)))
        return err;
    err = store_begin(book->store, STORE_WRITE, error);
    if (err != STORE_OK)
        return err;
    err = find(book, name, d, &found, error);
    if (err == STORE_OK && (!found || is_free(d, holder, now))) {
        *ours_out = true;
        err = hold_row(book, d, found, name, url, error);
        snprintf(d->holder, sizeof(d->holder), "%s", holder);
        d->held_until = now + lease_s;
        if (err == STORE_OK)
            err = put_row(book, d, error);
    }
    return store_end(book->store, err, error);
}

/* Begins a transaction in which the row is still delivery's holder's. */
static enum store_err begin_ours(struct book *book,
                                 const struct delivery *delivery,
                                 struct store_error *error)
{
    struct delivery there = {0};
    bool found;
    enum store_err err = store_begin(book->store, STORE_WRITE, error);

    if (err != STORE_OK)
        return err;
    err = find(book, delivery->name, &there, &found, error);
    if (err == STORE_OK &&
        (!found || strcmp(there.holder, delivery->holder) != 0))
        err =
            store_fail(error, STORE_E_BUSY,
                       "another daemon delivers to %s by now", delivery->name);
    if (err != STORE_OK)
        store_rollback(book->store);
    return err;
}

enum store_err delivery_save(struct book *book, const struct delivery *delivery,
                             struct store_error *error)
{
    enum store_err err = begin_ours(book, delivery, error);

    if (err != STORE_OK)
        return err;
    return store_end(book->store, put_row(book, delivery, error), error);
}

enum store_err delivery_let_go(struct book *book,
                               const struct delivery *delivery,
                               struct store_error *error)
{
    const struct store_value values[] = {
        store_text(slice_cstr(delivery->name)),
        store_text(slice_cstr(delivery->holder))};

    return store_run(book->store,
                     "UPDATE delivery SET held_until = 0 WHERE name = $1 AND "
                     "holder = $2",
                     values, 2, NULL, NULL, error);
}

struct listing {
    bool (*take)(void *ctx, const struct delivery *delivery, int64_t behind);
    void *ctx;
    int64_t newest;
};

static bool list_row(void *ctx, const struct store_value *row,
                     size_t column_count)
{
    const struct listing *listing = ctx;
    struct delivery delivery;

    (void)column_count;
    read_row(row, &delivery);
    return listing->take(listing->ctx, &delivery,
                         listing->newest > delivery.cursor
                             ? listing->newest - delivery.cursor
                             : 0);
}

enum store_err delivery_list(struct book *book,
                             bool (*take)(void *ctx,
                                          const struct delivery *delivery,
                                          int64_t behind),
                             void *ctx, struct store_error *error)
{
    struct listing listing = {take, ctx, 0};
    enum store_err err =
        newest(book, "SELECT max(seq) FROM change", &listing.newest, error);

    if (err == STORE_OK)
        err = store_run(book->store,
                        "SELECT " COLUMNS " FROM delivery ORDER BY name", NULL,
                        0, list_row, &listing, error);
    return err == STORE_E_STOPPED ? STORE_OK : err;
}

/* ---- What people say --------------------------------------------------- */

/* Counts the rows of "FROM ... WHERE ..." and then does with them what the
 * statement says, in one transaction. */
static enum store_err count_and_do(struct book *book, const char *count_sql,
                                   const char *sql,
                                   const struct store_value *values,
                                   size_t value_count, size_t *count_out,
                                   struct store_error *error)
{
    int64_t count = 0;
    enum store_err err = store_begin(book->store, STORE_WRITE, error);

    *count_out = 0;
    if (err != STORE_OK)
        return err;
    err = store_run(book->store, count_sql, values, value_count, store_take_int,
                    &count, error);
    if (err == STORE_OK)
        err =
            store_run(book->store, sql, values, value_count, NULL, NULL, error);
    *count_out = (size_t)count;
    return store_end(book->store, err, error);
}

/* "" stands for any name. */
#define OF_NAME "(CAST($1 AS TEXT) = '' OR name = $1)"

static struct store_value name_value(const char *name)
{
    return store_text(slice_cstr(name != NULL ? name : ""));
}

enum store_err delivery_resume(struct book *book, const char *name,
                               size_t *count_out, struct store_error *error)
{
    const struct store_value values[] = {name_value(name)};

    return count_and_do(book, "SELECT count(*) FROM delivery WHERE " OF_NAME,
                        "UPDATE delivery SET stopped = 0, next_at = NULL "
                        "WHERE " OF_NAME,
                        values, 1, count_out, error);
}

enum store_err delivery_remove(struct book *book, const char *name,
                               bool *found_out, struct store_error *error)
{
    const struct store_value values[] = {store_text(slice_cstr(name))};
    size_t count, letters;
    enum store_err err = count_and_do(
        book, "SELECT count(*) FROM delivery WHERE name = $1",
        "DELETE FROM delivery WHERE name = $1", values, 1, &count, error);

    *found_out = count > 0;
    return err != STORE_OK ? err
                           : dead_letter_drop(book, 0, name, &letters, error);
}

/* ---- Dead letters ------------------------------------------------------ */

#define LETTER_COLUMNS                                                         \
    "seq, name, first_seq, last_seq, changes, attempts, begun_at, at, retry, " \
    "error"

static void read_letter(const struct store_value *row, struct dead_letter *l)
{
    *l = (struct dead_letter){.seq = row[0].integer,
                              .first = row[2].integer,
                              .last = row[3].integer,
                              .changes = (unsigned)row[4].integer,
                              .attempts = (unsigned)row[5].integer,
                              .begun_at = row[6].integer,
                              .at = row[7].integer,
                              .retry = row[8].integer != 0};
    STORE_COPY_TEXT(&row[1], l->name);
    STORE_COPY_TEXT(&row[9], l->error);
}

static enum store_err insert_letter(struct book *book, const struct delivery *d,
                                    int64_t first, unsigned changes,
                                    int64_t now, struct store_error *error)
{
    int64_t last;
    enum store_err err =
        newest(book, "SELECT max(seq) FROM dead_letter", &last, error);
    const struct store_value values[] = {
        store_int(last + 1),    store_text(slice_cstr(d->name)),
        store_int(first),       store_int(d->batch),
        store_int(changes),     store_int(d->attempts),
        store_int(d->begun_at), store_int(now),
        store_int(0),           store_text(slice_cstr(d->error))};

    if (err != STORE_OK)
        return err;
    return store_run(book->store,
                     "INSERT INTO dead_letter (" LETTER_COLUMNS ") VALUES "
                     "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                     values, 10, NULL, NULL, error);
}

enum store_err delivery_bury(struct book *book, struct delivery *delivery,
                             int64_t first, unsigned changes, int64_t now,
                             struct store_error *error)
{
    struct delivery after = *delivery;
    enum store_err err = begin_ours(book, delivery, error);

    if (err != STORE_OK)
        return err;
    after.cursor = delivery->batch;
    after.batch = 0;
    after.attempts = 0;
    after.begun_at = after.next_at = BOUNCE_NO_TIME;
    err = insert_letter(book, delivery, first, changes, now, error);
    if (err == STORE_OK)
        err = put_row(book, &after, error);
    err = store_end(book->store, err, error);
    if (err == STORE_OK)
        *delivery = after;
    return err;
}

struct letter_listing {
    bool (*take)(void *ctx, const struct dead_letter *letter);
    void *ctx;
};

static bool list_letter(void *ctx, const struct store_value *row,
                        size_t column_count)
{
    const struct letter_listing *listing = ctx;
    struct dead_letter letter;

    (void)column_count;
    read_letter(row, &letter);
    return listing->take(listing->ctx, &letter);
}

enum store_err dead_letter_list(struct book *book, const char *name,
                                bool (*take)(void *ctx,
                                             const struct dead_letter *letter),
                                void *ctx, struct store_error *error)
{
    const struct store_value value = name_value(name);
    struct letter_listing listing = {take, ctx};
    enum store_err err =
        store_run(book->store,
                  "SELECT " LETTER_COLUMNS " FROM dead_letter WHERE " OF_NAME
                  " ORDER BY seq",
                  &value, 1, list_letter, &listing, error);

    return err == STORE_E_STOPPED ? STORE_OK : err;
}

struct letter_finding {
    struct dead_letter *letter;
    bool found;
};

static bool find_letter(void *ctx, const struct store_value *row,
                        size_t column_count)
{
    struct letter_finding *finding = ctx;

    (void)column_count;
    read_letter(row, finding->letter);
    finding->found = true;
    return true;
}

enum store_err dead_letter_next(struct book *book, const char *name,
                                struct dead_letter *letter_out, bool *found_out,
                                struct store_error *error)
{
    const struct store_value value = store_text(slice_cstr(name));
    struct letter_finding finding = {letter_out, false};
    enum store_err err = store_run(book->store,
                                   "SELECT " LETTER_COLUMNS
                                   " FROM dead_letter WHERE name = $1 AND "
                                   "retry = 1 ORDER BY seq LIMIT 1",
                                   &value, 1, find_letter, &finding, error);

    *found_out = err == STORE_OK && finding.found;
    return err;
}

enum store_err dead_letter_tried(struct book *book,
                                 const struct dead_letter *letter,
                                 const char *error_text,
                                 struct store_error *error)
{
    const struct store_value values[] = {store_int(letter->seq),
                                         store_text(slice_cstr(error_text))};

    if (error_text == NULL)
        return store_run(book->store, "DELETE FROM dead_letter WHERE seq = $1",
                         values, 1, NULL, NULL, error);
    return store_run(book->store,
                     "UPDATE dead_letter SET retry = 0, attempts = attempts + "
                     "1, error = $2 WHERE seq = $1",
                     values, 2, NULL, NULL, error);
}

/* 0 stands for any number. */
#define OF_LETTER OF_NAME " AND (CAST($2 AS BIGINT) = 0 OR seq = $2)"

enum store_err dead_letter_retry(struct book *book, int64_t seq,
                                 const char *name, size_t *count_out,
                                 struct store_error *error)
{
    const struct store_value values[] = {name_value(name), store_int(seq)};

    return count_and_do(book,
                        "SELECT count(*) FROM dead_letter WHERE " OF_LETTER,
                        "UPDATE dead_letter SET retry = 1 WHERE " OF_LETTER,
                        values, 2, count_out, error);
}

enum store_err dead_letter_drop(struct book *book, int64_t seq,
                                const char *name, size_t *count_out,
                                struct store_error *error)
{
    const struct store_value values[] = {name_value(name), store_int(seq)};

    return count_and_do(book,
                        "SELECT count(*) FROM dead_letter WHERE " OF_LETTER,
                        "DELETE FROM dead_letter WHERE " OF_LETTER, values, 2,
                        count_out, error);
}
