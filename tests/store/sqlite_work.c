/* SPDX-License-Identifier: MIT */
#include "sqlite_work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"

enum { BLOB_MAX = 20000, ROWS_MAX = 40 };

static const struct store_column folded_columns[] = {{"rcpt", STORE_INT},
                                                     {"id64", STORE_INT}};
static const struct store_put folded_put = {"folded", folded_columns, 2, 2,
                                            STORE_KEEP};
static const struct store_column pulse_columns[] = {{"provider", STORE_TEXT},
                                                    {"hour", STORE_INT},
                                                    {"hard", STORE_INT},
                                                    {"results", STORE_INT}};
static const struct store_put pulse_put = {"pulse", pulse_columns, 4, 2,
                                           STORE_ADD};
static const struct store_column raw_columns[] = {
    {"seq", STORE_INT}, {"recorded_at", STORE_INT}, {"data", STORE_BLOB}};
static const struct store_put raw_put = {"raw", raw_columns, 3, 1,
                                         STORE_REPLACE};

static int compare_rows(const void *a, const void *b)
{
    const struct store_value *left = a;
    const struct store_value *right = b;
    return left->integer < right->integer   ? -1
           : left->integer > right->integer ? 1
                                            : 0;
}

static enum store_err put_folded(struct store *store, struct random *random,
                                 struct store_error *error)
{
    struct store_value values[2 * ROWS_MAX];
    size_t rows = 1 + random_below(random, ROWS_MAX);
    int64_t key = 0;
    for (size_t i = 0; i < rows; i++) {
        key += 1 + (int64_t)random_below(random, 200);
        values[2 * i] = store_int(key);
        values[2 * i + 1] = store_int((int64_t)random_below(random, 2));
    }
    qsort(values, rows, 2 * sizeof(*values), compare_rows);
    return store_put_rows(store, &folded_put, values, rows, error);
}

static enum store_err put_pulse(struct store *store, struct random *random,
                                struct store_error *error)
{
    char provider[32];
    (void)snprintf(provider, sizeof(provider), "provider-%u",
                   (unsigned)random_below(random, 50));
    const struct store_value row[] = {
        store_text(slice_cstr(provider)),
        store_int((int64_t)random_below(random, 5)),
        store_int((int64_t)random_below(random, 9)), store_int(1)};
    return store_put_rows(store, &pulse_put, row, 1, error);
}

static enum store_err put_raw(struct store *store, struct random *random,
                              struct store_error *error)
{
    char bytes[BLOB_MAX];
    size_t len = random_below(random, BLOB_MAX);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)random_next(random);
    }
    const struct store_value row[] = {
        store_int((int64_t)random_below(random, 60)), store_int(1),
        store_blob(slice_make(bytes, len))};
    return store_put_rows(store, &raw_put, row, 1, error);
}

static enum store_err delete_some(struct store *store, struct random *random,
                                  struct store_error *error)
{
    const struct store_value rest[] = {
        store_int((int64_t)random_below(random, 7))};
    enum store_err err = store_run(store, "DELETE FROM raw WHERE seq % 7 = $1",
                                   rest, 1, NULL, NULL, error);
    return err != STORE_OK
               ? err
               : store_run(store, "DELETE FROM folded WHERE rcpt % 7 = $1",
                           rest, 1, NULL, NULL, error);
}

static enum store_err do_something(struct store *store, struct random *random,
                                   struct store_error *error)
{
    switch (random_below(random, 8)) {
    case 0:
        return put_raw(store, random, error);
    case 1:
        return delete_some(store, random, error);
    case 2:
    case 3:
        return put_folded(store, random, error);
    default:
        return put_pulse(store, random, error);
    }
}

enum store_err work_step(const struct work *work, size_t step,
                         struct store *store, struct store_error *error)
{
    struct random random = {work->seed ^ (step << 32)};
    enum store_err err = store_begin(store, STORE_WRITE, error);
    if (err != STORE_OK) {
        return err;
    }
    /* So that each step makes a difference. */
    const struct store_value mark[] = {store_text(SLICE("step")),
                                       store_int((int64_t)step), store_int(0),
                                       store_int(1)};
    err = store_put_rows(store, &pulse_put, mark, 1, error);
    size_t things = random_below(&random, 12);
    for (size_t i = 0; i < things && err == STORE_OK; i++) {
        err = do_something(store, &random, error);
    }
    if (err != STORE_OK) {
        store_rollback(store);
        return err;
    }
    return store_commit(store, error);
}

static bool hash_row(void *ctx, const struct store_value *row, size_t columns)
{
    struct hash128 *hash = ctx;
    for (size_t i = 0; i < columns; i++) {
        const struct store_value *value = &row[i];
        struct {
            int64_t type, integer;
            uint64_t len;
        } head = {value->type, value->integer, value->text.len};
        hash128_add(hash, slice_make((const char *)&head, sizeof(head)));
        hash128_add(hash, value->text);
    }
    return true;
}

bool work_digest(struct store *store, char digest_out[33])
{
    static const char *const queries[] = {
        "SELECT * FROM folded ORDER BY rcpt, id64",
        "SELECT * FROM pulse ORDER BY provider, hour",
        "SELECT * FROM raw ORDER BY seq",
        "SELECT * FROM meta ORDER BY name",
    };
    struct hash128 hash;
    struct store_error error;
    hash128_init(&hash);
    for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
        if (store_run(store, queries[i], NULL, 0, hash_row, &hash, &error) !=
            STORE_OK) {
            return false;
        }
    }
    hash128_hex(&hash, digest_out);
    return true;
}

void work_init(struct work *work, uint64_t seed)
{
    struct store_options options = {.create = true};
    struct store_error error = {.code = STORE_OK};
    struct store *store = NULL;
    work->seed = seed;
    assert_int_equal(store_open(":memory:", &options, &store, &error),
                     STORE_OK);
    assert_true(work_digest(store, work->digests[0]));
    for (size_t i = 0; i < WORK_STEPS; i++) {
        if (work_step(work, i, store, &error) != STORE_OK) {
            fail_msg("%s", error.msg);
        }
        assert_true(work_digest(store, work->digests[i + 1]));
        assert_string_not_equal(work->digests[i], work->digests[i + 1]);
    }
    store_close(store);
}

void work_expect_sound(struct store *store)
{
    char *text = fixture_query(store, "PRAGMA integrity_check", NULL, 0);
    assert_string_equal(text, "'ok'\n");
    free(text);
}

unsigned work_rounds(unsigned few, unsigned many)
{
    const char *full = getenv("BOUNCE_FULL");
    return full != NULL && strcmp(full, "1") == 0 ? many : few;
}
