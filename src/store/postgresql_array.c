/* SPDX-License-Identifier: MIT
 * Many rows as parameters of one statement: an array for each column, which
 * unnest() makes rows of again. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "store/postgresql.h"

/* Rows of one statement whatever their size. */
static const size_t ROWS_MAX = 50000;

enum store_err pg_arrays_init(struct pg_arrays *arrays,
                              const struct store_column *columns, size_t count,
                              struct store_error *error)
{
    *arrays = (struct pg_arrays){.count = count};
    arrays->bytes = calloc(count, sizeof(*arrays->bytes));
    arrays->values = calloc(count, sizeof(*arrays->values));
    arrays->lengths = calloc(count, sizeof(*arrays->lengths));
    arrays->types = calloc(count, sizeof(*arrays->types));
    if (arrays->bytes == NULL || arrays->values == NULL ||
        arrays->lengths == NULL || arrays->types == NULL) {
        pg_arrays_clear(arrays);
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    }
    for (size_t c = 0; c < count; c++) {
        arrays->types[c] = pg_array_type(columns[c].type);
    }
    return STORE_OK;
}

void pg_arrays_clear(struct pg_arrays *arrays)
{
    for (size_t c = 0; arrays->bytes != NULL && c < arrays->count; c++) {
        pg_bytes_clear(&arrays->bytes[c]);
    }
    free(arrays->bytes);
    free(arrays->values);
    free(arrays->lengths);
    free(arrays->types);
    *arrays = (struct pg_arrays){0};
}

/* Whether the row can be sent, and how much that is. */
static bool row_size(const struct store_column *columns, size_t count,
                     const struct store_value *row, size_t *size_out,
                     struct store_error *error)
{
    size_t size = 0;

    for (size_t c = 0; c < count; c++) {
        size_t bytes = pg_value_size(&row[c]);
        enum store_type type = row[c].type;

        if (type != STORE_NULL && type != columns[c].type) {
            (void)store_fail(error, STORE_E_VALUE,
                             "column %s does not take a value of this type",
                             columns[c].name);
            return false;
        }
        size += bytes;
        if (bytes > PG_VALUE_MAX || size > PG_VALUE_MAX) {
            (void)store_fail(error, STORE_E_VALUE, "column %s: too long",
                             columns[c].name);
            return false;
        }
    }
    *size_out = size;
    return true;
}

size_t pg_chunk(const struct store_column *columns, size_t count,
                const struct store_value *values, size_t rows,
                struct store_error *error)
{
    size_t taken = 0, size = 0;

    while (taken < rows && taken < ROWS_MAX) {
        size_t more;

        if (!row_size(columns, count, values + taken * count, &more, error)) {
            return 0;
        }
        if (taken > 0 && size + more > PG_CHUNK) {
            break;
        }
        size += more;
        taken++;
    }
    return taken;
}

/* array_send()'s form: dimensions, whether there are NULLs, the type of the
 * elements, then length and lower bound of the one dimension. */
static void fill_column(struct pg_bytes *bytes, enum store_type type,
                        const struct store_value *values, size_t step,
                        size_t rows)
{
    bool nulls = false;

    pg_bytes_reset(bytes);
    pg_add_u32(bytes, 1);
    pg_add_u32(bytes, 0);
    pg_add_u32(bytes, pg_type(type));
    pg_add_u32(bytes, (uint32_t)rows);
    pg_add_u32(bytes, 1);
    for (size_t r = 0; r < rows; r++) {
        nulls = nulls || values[r * step].type == STORE_NULL;
        pg_add_value(bytes, &values[r * step]);
    }
    pg_set_u32(bytes, 4, nulls);
}

enum store_err pg_arrays_fill(struct pg_arrays *arrays,
                              const struct store_column *columns,
                              const struct store_value *values, size_t rows,
                              struct store_error *error)
{
    size_t count = arrays->count;

    for (size_t c = 0; c < count; c++) {
        struct pg_bytes *bytes = &arrays->bytes[c];

        fill_column(bytes, columns[c].type, values + c, count, rows);
        if (bytes->failed) {
            return store_fail(error, STORE_E_NOMEM, "memory is out");
        }
        arrays->values[c] = bytes->ptr;
        arrays->lengths[c] = (int)bytes->len; /* at most twice PG_VALUE_MAX */
    }
    return STORE_OK;
}

void pg_blame(const char *table, const struct store_column *columns,
              const struct store_value *values, size_t count, size_t rows,
              struct store_error *error)
{
    for (size_t i = 0; i < count * rows; i++) {
        const struct store_value *value = &values[i];
        const char *flaw = NULL;

        if (value->type != STORE_TEXT) {
            continue;
        }
        if (value->text.len > 0 &&
            memchr(value->text.ptr, '\0', value->text.len) != NULL) {
            flaw = "text with NUL in it";
        } else if (utf8_valid_prefix(value->text) != value->text.len) {
            flaw = "text that is not UTF-8";
        }
        if (flaw != NULL && columns != NULL) {
            (void)store_fail(error, STORE_E_VALUE, "%s.%s, row %zu: %s", table,
                             columns[i % count].name, i / count + 1, flaw);
            return;
        }
        if (flaw != NULL) {
            (void)store_fail(error, STORE_E_VALUE, "parameter $%zu: %s", i + 1,
                             flaw);
            return;
        }
    }
}
