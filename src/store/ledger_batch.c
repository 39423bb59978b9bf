/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "store/ledger_in.h"

void ledger_begin_batch(struct ledger *ledger, int64_t now)
{
    arena_reset(&ledger->arena);
    ledger->now = now;
    ledger->state_used = 0;
    ledger->persons = NULL;
    ledger->person_count = 0;
    ledger->slots = NULL;
    ledger->slot_mask = 0;
    ledger->change_list = NULL;
    ledger->change_count = ledger->change_cap = 0;
    ledger->policy = ledger->book->policy;
    holds_begin(ledger->holds);
    tally_begin(ledger->tally);
    watch_begin(ledger->watch);
    finisher_begin(ledger->finisher);
}

enum store_err ledger_nomem(struct store_error *error)
{
    return store_fail(error, STORE_E_NOMEM, "memory is out");
}

void *ledger_grow(struct ledger *ledger, void *list, size_t count, size_t *cap,
                  size_t size)
{
    size_t wanted = *cap > 0 ? *cap * 2 : 16;
    void *grown;

    if (count < *cap)
        return list;
    grown = arena_alloc(&ledger->arena, wanted * size);
    if (grown == NULL)
        return NULL;
    if (count > 0)
        memcpy(grown, list, count * size);
    *cap = wanted;
    return grown;
}

bool rows_init(struct ledger *ledger, struct rows *rows, size_t columns,
               size_t expected)
{
    *rows =
        (struct rows){.columns = columns, .cap = expected > 0 ? expected : 1};
    rows->values = arena_alloc(&ledger->arena,
                               rows->cap * columns * sizeof(*rows->values));
    return rows->values != NULL;
}

struct store_value *rows_add(struct ledger *ledger, struct rows *rows)
{
    struct store_value *row;

    rows->values = ledger_grow(ledger, rows->values, rows->count, &rows->cap,
                               rows->columns * sizeof(*rows->values));
    if (rows->values == NULL)
        return NULL;
    row = &rows->values[rows->count++ * rows->columns];
    memset(row, 0, rows->columns * sizeof(*row));
    return row;
}

enum store_err rows_put(struct ledger *ledger, struct rows *rows,
                        const struct store_put *put, bool all,
                        struct store_error *error)
{
    size_t count = rows->count;

    if (count == 0 || (!all && count < ROWS_PORTION))
        return STORE_OK;
    rows->count = 0;
    return store_put_rows(ledger->book->store, put, rows->values, count, error);
}

bool row_pair_init(struct ledger *ledger, struct row_pair *pair, size_t columns)
{
    return rows_init(ledger, &pair->stored, columns, 16) &&
           rows_init(ledger, &pair->fresh, columns, 16);
}

enum store_err row_pair_put(struct ledger *ledger, const struct row_pair *pair,
                            const struct store_put *replace,
                            const struct store_put *add,
                            struct store_error *error)
{
    struct store *store = ledger->book->store;
    enum store_err err = store_put_rows(store, replace, pair->stored.values,
                                        pair->stored.count, error);

    if (err != STORE_OK)
        return err;
    return store_put_rows(store, add, pair->fresh.values, pair->fresh.count,
                          error);
}

/* States are large: they are made once and used by every batch. */
struct bounce_state *ledger_take_state(struct ledger *ledger)
{
    if (ledger->state_used == ledger->state_count) {
        size_t count = ledger->state_count > 0 ? ledger->state_count * 2 : 4;
        struct bounce_state **states =
            realloc(ledger->states, count * sizeof(struct bounce_state *));

        if (states == NULL)
            return NULL;
        ledger->states = states;
        for (size_t i = ledger->state_count; i < count; i++) {
            states[i] = malloc(sizeof(struct bounce_state));
            if (states[i] == NULL)
                return NULL;
            ledger->state_count = i + 1;
        }
    }
    return ledger->states[ledger->state_used++];
}

char *scratch_room(struct scratch *scratch, size_t cap)
{
    if (cap > scratch->cap) {
        char *grown = realloc(scratch->ptr, cap);

        if (grown == NULL)
            return NULL;
        scratch->ptr = grown;
        scratch->cap = cap;
    }
    return scratch->ptr;
}

int64_t ledger_hash(const struct ledger *ledger, const char *tag,
                    struct bounce_slice a, struct bounce_slice b)
{
    struct hash128 hash;
    uint64_t words[2];

    hash128_init(&hash);
    hash128_add(&hash, slice_make(ledger->book->salt, BOOK_SALT));
    hash128_add(&hash, slice_cstr(tag));
    hash128_add(&hash, a);
    if (b.len > 0) {
        hash128_add(&hash, slice_make("\0", 1));
        hash128_add(&hash, b);
    }
    hash128_words(&hash, words);
    words[0] &= (uint64_t)INT64_MAX;
    return words[0] == 0 ? 1 : (int64_t)words[0];
}

static bool is_clean(struct bounce_slice s)
{
    bool wide = false;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (c < 0x20 || c == 0x7F)
            return false;
        wide |= c >= 0x80;
    }
    return !wide || utf8_valid_prefix(s) == s.len;
}

struct bounce_slice ledger_clean(struct ledger *ledger, struct bounce_slice s,
                                 size_t max)
{
    char *out;

    if (s.len == 0)
        return SLICE_NULL;
    if (is_clean(s)) {
        s.len = utf8_cut(s, max);
        return s;
    }
    /* Each bad byte becomes "?", so that the text does not grow. */
    out = arena_alloc(&ledger->arena, s.len);
    if (out == NULL)
        return SLICE_NULL;
    for (size_t i = 0; i < s.len;) {
        uint32_t code;
        bool ok;
        size_t used = utf8_decode(slice_from(s, i), &code, &ok);

        if (!ok || code < 0x20 || code == 0x7F)
            memset(out + i, '?', used);
        else
            memcpy(out + i, s.ptr + i, used);
        i += used;
    }
    s.ptr = out;
    s.len = utf8_cut(s, max);
    return s;
}

struct bounce_slice ledger_keep(struct ledger *ledger,
                                const struct store_value *value, bool *failed)
{
    struct bounce_slice copy;

    if (value->type != STORE_TEXT && value->type != STORE_BLOB)
        return SLICE_NULL;
    copy = arena_dup(&ledger->arena,
                     value->text.ptr != NULL ? value->text : slice_make("", 0));
    *failed |= copy.ptr == NULL;
    return copy;
}

/* ---- Numbers given out ----------------------------------------------- */

static bool take_seqs(void *ctx, const struct store_value *row, size_t columns)
{
    struct ledger *ledger = ctx;

    for (size_t i = 0; i < columns && i < 2; i++) {
        int64_t *seq = i == 0 ? &ledger->event_seq : &ledger->change_seq;

        if (value_int(&row[i]) > *seq)
            *seq = value_int(&row[i]);
    }
    return true;
}

enum store_err ledger_read_seqs(struct ledger *ledger,
                                struct store_error *error)
{
    static const char *const names[] = {"event_seq", "change_seq"};
    int64_t *const seqs[] = {&ledger->event_seq, &ledger->change_seq};
    enum store_err err = STORE_OK;
    char text[32];
    bool found;

    for (size_t i = 0; i < 2 && err == STORE_OK; i++) {
        err = book_meta(ledger->book, names[i], text, sizeof(text), &found,
                        error);
        *seqs[i] = found ? strtoll(text, NULL, 10) : 0;
    }
    if (err != STORE_OK)
        return err;
    return store_run(ledger->book->store,
                     "SELECT (SELECT max(seq) FROM event), "
                     "(SELECT max(seq) FROM change)",
                     NULL, 0, take_seqs, ledger, error);
}

enum store_err ledger_keep_seqs(struct ledger *ledger,
                                struct store_error *error)
{
    char text[32];
    enum store_err err = ledger_read_seqs(ledger, error);

    if (err != STORE_OK)
        return err;
    snprintf(text, sizeof(text), "%" PRId64, ledger->event_seq);
    err = book_meta_set(ledger->book, "event_seq", text, error);
    if (err != STORE_OK)
        return err;
    snprintf(text, sizeof(text), "%" PRId64, ledger->change_seq);
    return book_meta_set(ledger->book, "change_seq", text, error);
}

/* ---- Position -------------------------------------------------------- */

static const struct store_column position_columns[] = {{"source", STORE_TEXT},
                                                       {"offset", STORE_INT},
                                                       {"mark", STORE_TEXT},
                                                       {"at", STORE_INT}};
static const struct store_put position_put = {"position", position_columns, 4,
                                              1, STORE_REPLACE};

static char *copy_text(struct bounce_slice text)
{
    char *copy = malloc(text.len + 1);

    if (copy == NULL)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

static void position_free(struct ledger_position *position)
{
    free(position->source);
    free(position->mark);
}

void ledger_position_clear(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->position_count; i++)
        position_free(&ledger->positions[i]);
    free(ledger->positions);
    ledger->positions = NULL;
    ledger->position_count = 0;
}

/* The place of a source among those that wait, made when it has none. */
static struct ledger_position *position_of(struct ledger *ledger,
                                           struct bounce_slice source)
{
    size_t count = ledger->position_count;
    struct ledger_position *grown;

    for (size_t i = 0; i < count; i++) {
        if (slice_eq(slice_cstr(ledger->positions[i].source), source))
            return &ledger->positions[i];
    }
    grown = realloc(ledger->positions, (count + 1) * sizeof(*grown));
    if (grown == NULL)
        return NULL;
    ledger->positions = grown;
    grown[count] = (struct ledger_position){.source = copy_text(source)};
    if (grown[count].source == NULL)
        return NULL;
    ledger->position_count++;
    return &grown[count];
}

bool ledger_position_set(struct ledger *ledger, struct bounce_slice source,
                         int64_t offset, struct bounce_slice mark)
{
    char *copy = copy_text(mark);
    struct ledger_position *position =
        copy != NULL ? position_of(ledger, source) : NULL;

    if (position == NULL) {
        free(copy);
        return false;
    }
    free(position->mark);
    position->mark = copy;
    position->offset = offset;
    return true;
}

enum store_err ledger_put_positions(struct ledger *ledger, int64_t now,
                                    struct store_error *error)
{
    struct rows rows;

    if (!rows_init(ledger, &rows, 4, ledger->position_count))
        return ledger_nomem(error);
    for (size_t i = 0; i < ledger->position_count; i++) {
        const struct ledger_position *position = &ledger->positions[i];
        struct store_value *row = rows_add(ledger, &rows);

        if (row == NULL)
            return ledger_nomem(error);
        row[0] = store_text(slice_cstr(position->source));
        row[1] = store_int(position->offset);
        row[2] = store_text(slice_cstr(position->mark));
        row[3] = store_int(now);
    }
    return store_put_rows(ledger->book->store, &position_put, rows.values,
                          rows.count, error);
}

struct position {
    int64_t offset;
    char *mark;
    size_t cap;
};

static bool take_position(void *ctx, const struct store_value *row,
                          size_t columns)
{
    struct position *position = ctx;
    size_t len = row[1].text.len;

    (void)columns;
    position->offset = value_int(&row[0]);
    if (position->cap == 0)
        return true;
    if (len >= position->cap)
        len = position->cap - 1;
    if (len > 0)
        memcpy(position->mark, row[1].text.ptr, len);
    position->mark[len] = '\0';
    return true;
}

enum store_err ledger_position_get(struct ledger *ledger,
                                   struct bounce_slice source,
                                   int64_t *offset_out, char *mark_out,
                                   size_t mark_cap, struct store_error *error)
{
    struct position position = {-1, mark_out, mark_cap};
    struct store_value key = store_text(source);
    enum store_err err;

    if (mark_cap > 0)
        mark_out[0] = '\0';
    err = store_run(ledger->book->store,
                    "SELECT \"offset\", mark FROM position WHERE source = $1",
                    &key, 1, take_position, &position, error);
    *offset_out = position.offset;
    return err;
}
