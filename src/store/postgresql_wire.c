/* SPDX-License-Identifier: MIT
 * Values as PostgreSQL sends and receives them in binary form: big-endian, each
 * after its length in 32 bits. */
#include <stdlib.h>

#include "store/postgresql.h"

/* What is kept for the next time. */
static const size_t KEEP_MAX = (size_t)8 << 20;

void pg_bytes_clear(struct pg_bytes *bytes)
{
    free(bytes->ptr);
    *bytes = (struct pg_bytes){0};
}

void pg_bytes_reset(struct pg_bytes *bytes)
{
    if (bytes->cap > KEEP_MAX) {
        pg_bytes_clear(bytes);
    }
    bytes->len = 0;
    bytes->failed = false;
}

void pg_add(struct pg_bytes *bytes, const char *ptr, size_t len)
{
    if (bytes->failed || len == 0) {
        return;
    }
    if (len > bytes->cap - bytes->len) {
        size_t cap = bytes->cap > 0 ? bytes->cap : 1024;
        char *grown;

        while (cap - bytes->len < len) {
            if (cap > SIZE_MAX / 2) {
                bytes->failed = true;
                return;
            }
            cap *= 2;
        }
        grown = realloc(bytes->ptr, cap);
        if (grown == NULL) {
            bytes->failed = true;
            return;
        }
        bytes->ptr = grown;
        bytes->cap = cap;
    }
    memcpy(bytes->ptr + bytes->len, ptr, len);
    bytes->len += len;
}

void pg_add_text(struct pg_bytes *bytes, const char *text)
{
    pg_add(bytes, text, strlen(text));
}

void pg_add_u16(struct pg_bytes *bytes, uint16_t value)
{
    char raw[2] = {(char)(value >> 8), (char)value};

    pg_add(bytes, raw, sizeof(raw));
}

static void write_u32(char raw[4], uint32_t value)
{
    raw[0] = (char)(value >> 24);
    raw[1] = (char)(value >> 16);
    raw[2] = (char)(value >> 8);
    raw[3] = (char)value;
}

void pg_add_u32(struct pg_bytes *bytes, uint32_t value)
{
    char raw[4];

    write_u32(raw, value);
    pg_add(bytes, raw, sizeof(raw));
}

void pg_add_u64(struct pg_bytes *bytes, uint64_t value)
{
    char raw[8];

    write_u32(raw, (uint32_t)(value >> 32));
    write_u32(raw + 4, (uint32_t)value);
    pg_add(bytes, raw, sizeof(raw));
}

void pg_set_u32(struct pg_bytes *bytes, size_t at, uint32_t value)
{
    if (!bytes->failed) {
        write_u32(bytes->ptr + at, value);
    }
}

size_t pg_value_size(const struct store_value *value)
{
    switch (value->type) {
    case STORE_NULL:
        return 4;
    case STORE_INT:
    case STORE_REAL:
        return 12;
    case STORE_TEXT:
    case STORE_BLOB:
        break;
    }
    return value->text.len + 4;
}

void pg_add_value(struct pg_bytes *bytes, const struct store_value *value)
{
    uint64_t bits;

    switch (value->type) {
    case STORE_NULL:
        pg_add_u32(bytes, UINT32_MAX);
        break;
    case STORE_INT:
        pg_add_u32(bytes, 8);
        pg_add_u64(bytes, (uint64_t)value->integer);
        break;
    case STORE_REAL:
        memcpy(&bits, &value->real, sizeof(bits));
        pg_add_u32(bytes, 8);
        pg_add_u64(bytes, bits);
        break;
    case STORE_TEXT:
    case STORE_BLOB:
        pg_add_u32(bytes, (uint32_t)value->text.len);
        pg_add(bytes, value->text.ptr, value->text.len);
        break;
    }
}

Oid pg_type(enum store_type type)
{
    switch (type) {
    case STORE_INT:
        return PG_INT8;
    case STORE_REAL:
        return PG_FLOAT8;
    case STORE_TEXT:
        return PG_TEXT;
    case STORE_BLOB:
        return PG_BYTEA;
    case STORE_NULL:
        break;
    }
    return 0;
}

Oid pg_array_type(enum store_type type)
{
    switch (type) {
    case STORE_INT:
        return PG_INT8_ARRAY;
    case STORE_REAL:
        return PG_FLOAT8_ARRAY;
    case STORE_TEXT:
    case STORE_NULL:
        break;
    case STORE_BLOB:
        return PG_BYTEA_ARRAY;
    }
    return PG_TEXT_ARRAY;
}
