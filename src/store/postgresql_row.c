/* SPDX-License-Identifier: MIT
 * Rows as they come from the server, in binary form. */
#include <math.h>

#include "store/postgresql.h"

enum { ROW_COLUMNS = 64 };

static uint64_t read_bits(const char *ptr, size_t bytes)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < bytes; i++) {
        bits = bits << 8 | (unsigned char)ptr[i];
    }
    return bits;
}

static int64_t read_int(const char *ptr, size_t bytes)
{
    uint64_t bits = read_bits(ptr, bytes);
    uint64_t sign = (uint64_t)1 << (8 * bytes - 1);

    /* Two's complement of any width. */
    return (int64_t)((bits ^ sign) - sign);
}

static struct store_value make_real(double real)
{
    return (struct store_value){.type = STORE_REAL, .real = real};
}

static double read_float4(const char *ptr)
{
    uint32_t bits = (uint32_t)read_bits(ptr, 4);
    float value;

    memcpy(&value, &bits, sizeof(value));
    return (double)value;
}

static double read_float8(const char *ptr)
{
    uint64_t bits = read_bits(ptr, 8);
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* numeric_send(): how many digits to base 10,000 follow, the power of the first
 * one, sign, decimal digits to show. Sums of bigint are of this type. */
static bool read_numeric(const char *ptr, size_t len,
                         struct store_value *value_out)
{
    size_t digits = len >= 8 ? (size_t)read_bits(ptr, 2) : 0;
    int64_t weight, whole = 0;
    uint64_t sign, scale;
    double real = 0, power = 1;
    bool fits = true;

    if (len < 8 || len < 8 + 2 * digits) {
        return false;
    }
    weight = read_int(ptr + 2, 2);
    sign = read_bits(ptr + 4, 2);
    scale = read_bits(ptr + 6, 2);
    if (sign != 0 && sign != 0x4000) {
        *value_out = make_real(sign == 0xC000   ? (double)NAN
                               : sign == 0xF000 ? -(double)INFINITY
                                                : (double)INFINITY);
        return true;
    }
    /* Digits that are not sent are zeros. Below zero, since there is one more
     * number there. */
    for (int64_t i = 0; i <= weight; i++) {
        int64_t digit =
            i < (int64_t)digits ? (int64_t)read_bits(ptr + 8 + 2 * i, 2) : 0;

        fits = fits && whole >= (INT64_MIN + digit) / 10000;
        whole = fits ? whole * 10000 - digit : 0;
    }
    for (size_t i = 0; i < digits; i++) {
        real = real * 10000 + (double)read_bits(ptr + 8 + 2 * i, 2);
    }
    for (int64_t i = (int64_t)digits - 1; i < weight; i++) {
        real *= 10000;
    }
    for (int64_t i = weight; i < (int64_t)digits - 1; i++) {
        power *= 10000;
    }
    real /= power;
    if (scale == 0 && fits && (sign != 0 || whole != INT64_MIN)) {
        *value_out = store_int(sign != 0 ? whole : -whole);
    } else {
        *value_out = make_real(sign != 0 ? -real : real);
    }
    return true;
}

/* false: a type that we do not know, or one that is not as long as it is. */
static bool read_value(Oid type, const char *ptr, size_t len,
                       struct store_value *value_out)
{
    switch (type) {
    case PG_BOOL:
    case PG_INT2:
    case PG_INT4:
    case PG_INT8:
        *value_out = store_int(len > 0 && len <= 8 ? read_int(ptr, len) : 0);
        return len > 0 && len <= 8;
    case PG_OID:
        *value_out = store_int((int64_t)read_bits(ptr, 4));
        return len == 4;
    case PG_FLOAT4:
        *value_out = make_real(read_float4(ptr));
        return len == 4;
    case PG_FLOAT8:
        *value_out = make_real(read_float8(ptr));
        return len == 8;
    case PG_NUMERIC:
        return read_numeric(ptr, len, value_out);
    case PG_TEXT:
    case PG_VARCHAR:
    case PG_BPCHAR:
    case PG_NAME:
    case PG_CHAR:
        *value_out = store_text(slice_make(ptr, len));
        return true;
    case PG_BYTEA:
        *value_out = store_blob(slice_make(ptr, len));
        return true;
    case PG_VOID:
        *value_out = (struct store_value){.type = STORE_NULL};
        return true;
    default:
        return false;
    }
}

static enum store_err hand_out_row(struct pg_store *pg, const PGresult *result,
                                   int r, store_row_fn *row, void *ctx,
                                   struct store_error *error)
{
    struct store_value values[ROW_COLUMNS];
    int columns = PQnfields(result);
    bool more;

    for (int c = 0; c < columns; c++) {
        values[c] = (struct store_value){.type = STORE_NULL};
        if (PQgetisnull(result, r, c) == 0 &&
            !read_value(PQftype(result, c), PQgetvalue(result, r, c),
                        (size_t)PQgetlength(result, r, c), &values[c])) {
            return store_fail(error, STORE_E_SQL,
                              "column %.64s is of a type that is not read "
                              "(%u)",
                              PQfname(result, c), PQftype(result, c));
        }
    }
    pg->handing_out = true;
    more = row(ctx, values, (size_t)columns);
    pg->handing_out = false;
    return more ? STORE_OK : store_fail(error, STORE_E_STOPPED, "stopped");
}

enum store_err pg_hand_out(struct pg_store *pg, const PGresult *result,
                           store_row_fn *row, void *ctx,
                           struct store_error *error)
{
    int rows = PQntuples(result);
    enum store_err err = STORE_OK;

    if (PQnfields(result) > ROW_COLUMNS) {
        return store_fail(error, STORE_E_SQL, "too many columns");
    }
    for (int r = 0; r < rows && err == STORE_OK; r++) {
        err = hand_out_row(pg, result, r, row, ctx, error);
    }
    return err;
}
