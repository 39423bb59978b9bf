/* SPDX-License-Identifier: MIT */
#include "ingest/rows.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/vec.h"
#include "ingest/json_rows.h"
#include "ingest/json_scan.h"

#define HEAD       4096 /* bytes that show what the input is */
#define MEMORY_MAX ((size_t)64 << 20)
#define NESTING    4 /* objects within a row */

enum kind { KIND_UNKNOWN, KIND_CSV, KIND_JSON, KIND_WIDE };

struct rows {
    csv_read_fn *read;
    void *ctx;
    char head[HEAD]; /* read ahead; head[head_at, head_len) is still to come */
    size_t head_at, head_len;
    enum kind kind;
    struct csv *csv;
    struct json_rows *json;
    struct arena titles_arena, row_arena;
    struct vec titles, names, values; /* struct bounce_slice */
    bool started, titled, ended;
    uint64_t offset;
    int error;
};

static ssize_t read_input(void *ctx, char *buf, size_t cap)
{
    struct rows *rows = ctx;
    size_t len = rows->head_len - rows->head_at;

    if (len == 0)
        return rows->read(rows->ctx, buf, cap);
    if (len > cap)
        len = cap;
    memcpy(buf, rows->head + rows->head_at, len);
    rows->head_at += len;
    return (ssize_t)len;
}

struct rows *rows_new(csv_read_fn *read, void *ctx)
{
    struct rows *rows = calloc(1, sizeof(*rows));

    if (rows == NULL)
        return NULL;
    rows->read = read;
    rows->ctx = ctx;
    arena_init(&rows->titles_arena, allocator_default(), MEMORY_MAX);
    arena_init(&rows->row_arena, allocator_default(), MEMORY_MAX);
    rows->csv = csv_new(read_input, rows);
    rows->json = json_rows_new(read_input, rows);
    if (rows->csv == NULL || rows->json == NULL) {
        rows_free(rows);
        return NULL;
    }
    return rows;
}

void rows_free(struct rows *rows)
{
    if (rows == NULL)
        return;
    csv_free(rows->csv);
    json_rows_free(rows->json);
    arena_clear(&rows->titles_arena);
    arena_clear(&rows->row_arena);
    free(rows);
}

int rows_error(const struct rows *rows)
{
    if (rows->error != 0)
        return rows->error;
    return rows->kind == KIND_JSON ? json_rows_error(rows->json)
                                   : csv_error(rows->csv);
}

uint64_t rows_offset(const struct rows *rows)
{
    return rows->offset;
}

bool rows_are_lines(const struct rows *rows)
{
    return rows->kind == KIND_CSV ||
           (rows->kind == KIND_JSON && json_rows_lines(rows->json));
}

void rows_jump(struct rows *rows, uint64_t offset, uint64_t line)
{
    rows->head_at = rows->head_len;
    rows->offset = offset;
    if (rows->kind == KIND_JSON)
        json_rows_jump(rows->json, offset, line);
    else
        csv_jump(rows->csv, offset, line);
}

/* ---- What it is ------------------------------------------------------- */

static void find_kind(struct rows *rows)
{
    size_t at = 0;
    ssize_t got = 1;

    while (rows->head_len < HEAD && got > 0) {
        got = rows->read(rows->ctx, rows->head + rows->head_len,
                         HEAD - rows->head_len);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got < 0)
            rows->error = errno;
        else
            rows->head_len += (size_t)got;
    }
    if (rows->head_len >= 3 && memcmp(rows->head, "\xEF\xBB\xBF", 3) == 0)
        at = 3;
    while (at < rows->head_len && ascii_is_space((unsigned char)rows->head[at]))
        at++;
    rows->kind = KIND_CSV;
    if (rows->head_len >= 2 && (memcmp(rows->head, "\xFF\xFE", 2) == 0 ||
                                memcmp(rows->head, "\xFE\xFF", 2) == 0))
        rows->kind = KIND_WIDE;
    else if (at < rows->head_len &&
             (rows->head[at] == '{' || rows->head[at] == '['))
        rows->kind = KIND_JSON;
}

static bool push(struct rows *rows, struct vec *vec, struct arena *arena,
                 struct bounce_slice s)
{
    if (vec_push(vec, arena, &s) != SIZE_MAX)
        return true;
    rows->error = ENOMEM;
    return false;
}

/* prefix and the letters and digits of title, in lower case. */
static struct bounce_slice fold_title(struct rows *rows, struct arena *arena,
                                      struct bounce_slice prefix,
                                      struct bounce_slice title)
{
    char *out = arena_alloc(arena, prefix.len + title.len + 1);
    size_t len = prefix.len;

    if (out == NULL) {
        rows->error = ENOMEM;
        return SLICE("");
    }
    if (prefix.len > 0)
        memcpy(out, prefix.ptr, prefix.len);
    for (size_t i = 0; i < title.len; i++) {
        unsigned char c = (unsigned char)title.ptr[i];

        if (ascii_is_alnum(c) || c >= 0x80)
            out[len++] = (char)ascii_lower(c);
    }
    return slice_make(out, len);
}

static void begin_row(struct rows *rows)
{
    arena_reset(&rows->row_arena);
    rows->names = VEC_OF(struct bounce_slice);
    rows->values = VEC_OF(struct bounce_slice);
}

static void finish_row(struct rows *rows, const struct vec *names,
                       struct row *row)
{
    row->names = names->ptr;
    row->values = rows->values.ptr;
    row->count = rows->values.count;
    row->titled = rows->titled;
}

/* ---- CSV -------------------------------------------------------------- */

static bool is_comment(const struct csv_row *from)
{
    return from->fields[0].len > 0 && from->fields[0].ptr[0] == '#';
}

/* Titles name things, and no thing's name has an address in it. */
static bool take_titles(struct rows *rows, const struct csv_row *from)
{
    rows->started = true;
    rows->titles = VEC_OF(struct bounce_slice);
    rows->titled = true;
    for (size_t i = 0; i < from->count; i++) {
        if (slice_find_byte(from->fields[i], '@') != SLICE_NPOS)
            rows->titled = false;
    }
    for (size_t i = 0; rows->titled && i < from->count; i++) {
        struct bounce_slice name =
            fold_title(rows, &rows->titles_arena, SLICE_NULL, from->fields[i]);

        if (!push(rows, &rows->titles, &rows->titles_arena, name))
            return false;
    }
    return rows->titled;
}

static enum csv_step fill_csv(struct rows *rows, const struct csv_row *from,
                              struct row *row)
{
    size_t count = from->count;

    while (rows->titled && count > rows->titles.count &&
           from->fields[count - 1].len == 0)
        count--;
    if (rows->titled && count > rows->titles.count) {
        row->flaw = "more fields than titles";
        return CSV_BAD;
    }
    begin_row(rows);
    for (size_t i = 0; i < count; i++) {
        if (!push(rows, &rows->values, &rows->row_arena, from->fields[i]) ||
            !push(rows, &rows->names, &rows->row_arena, SLICE("")))
            return CSV_END;
    }
    finish_row(rows, rows->titled ? &rows->titles : &rows->names, row);
    return CSV_ROW;
}

static enum csv_step next_csv(struct rows *rows, struct row *row)
{
    struct csv_row from;
    enum csv_step step;

    for (;;) {
        step = csv_next(rows->csv, &from);
        row->line = from.line;
        row->offset = from.offset;
        row->flaw = from.flaw;
        if (step == CSV_BAD)
            return step;
        rows->offset = csv_offset(rows->csv);
        if (step != CSV_ROW)
            return step;
        if ((!rows->started || !rows->titled) && is_comment(&from))
            continue;
        if (!rows->started && take_titles(rows, &from))
            continue;
        return fill_csv(rows, &from, row);
    }
}

/* ---- JSON ------------------------------------------------------------- */

/* The members of an object, those of objects within under joined names. */
static void take_object(struct rows *rows, struct json_scan *scan,
                        struct bounce_slice prefix, unsigned depth)
{
    for (bool first = true; json_scan_next(scan, '}', first); first = false) {
        struct bounce_slice name =
            fold_title(rows, &rows->row_arena, prefix, json_scan_name(scan));
        struct bounce_slice value = SLICE_NULL;

        if (scan->flaw != NULL || rows->error != 0)
            return;
        if (depth < NESTING && json_scan_take(scan, '{')) {
            take_object(rows, scan, name, depth + 1);
            continue;
        }
        if (json_scan_take(scan, '"'))
            value = json_scan_string(scan);
        else if (!json_scan_word(scan, SLICE("null")))
            value = json_scan_value(scan);
        if (!push(rows, &rows->names, &rows->row_arena, name) ||
            !push(rows, &rows->values, &rows->row_arena, value))
            return;
    }
}

/* {"items":[],"more":false}: the frame of no rows. */
static bool is_empty_frame(const struct row *row)
{
    bool empty = false;

    for (size_t i = 0; i < row->count; i++) {
        if (slice_find_byte(row->values[i], '@') != SLICE_NPOS)
            return false;
        empty = empty || slice_eq(row->values[i], SLICE("[]"));
    }
    return empty;
}

static enum csv_step next_json(struct rows *rows, struct row *row)
{
    struct json_row from;
    struct json_scan scan;
    enum csv_step step = json_rows_next(rows->json, &from);

    row->line = from.line;
    row->offset = from.offset;
    row->flaw = from.flaw;
    if (step != CSV_ROW)
        return step;
    rows->offset = from.offset + from.len;
    begin_row(rows);
    json_scan_init(&scan, from.text, from.len);
    rows->titled = !json_scan_take(&scan, '"');
    if (!rows->titled) {
        if (!push(rows, &rows->names, &rows->row_arena, SLICE("")) ||
            !push(rows, &rows->values, &rows->row_arena,
                  json_scan_string(&scan)))
            return CSV_END;
    } else {
        if (!json_scan_take(&scan, '{'))
            json_scan_fail(&scan, "not a JSON object");
        take_object(rows, &scan, SLICE_NULL, 0);
    }
    json_scan_end(&scan);
    row->flaw = scan.flaw;
    finish_row(rows, &rows->names, row);
    return scan.flaw != NULL ? CSV_BAD : CSV_ROW;
}

enum csv_step rows_next(struct rows *rows, struct row *row_out)
{
    enum csv_step step;

    *row_out = (struct row){0};
    if (rows->kind == KIND_UNKNOWN)
        find_kind(rows);
    if (rows->ended || rows_error(rows) != 0)
        return CSV_END;
    if (rows->kind == KIND_WIDE) {
        rows->ended = true;
        row_out->line = 1;
        row_out->flaw = "the file is UTF-16; save it as UTF-8";
        return CSV_BAD;
    }
    do
        step = rows->kind == KIND_JSON ? next_json(rows, row_out)
                                       : next_csv(rows, row_out);
    while (step == CSV_ROW && rows->kind == KIND_JSON &&
           is_empty_frame(row_out));
    return rows_error(rows) != 0 ? CSV_END : step;
}

/* ---- Values ----------------------------------------------------------- */

static const struct bounce_slice *find(const struct row *row,
                                       struct bounce_slice name)
{
    for (size_t i = 0; i < row->count; i++) {
        if (slice_eq(row->names[i], name))
            return &row->values[i];
    }
    return NULL;
}

struct bounce_slice row_value(const struct row *row, const char *name)
{
    const struct bounce_slice *value = find(row, slice_cstr(name));

    return value != NULL ? *value : SLICE_NULL;
}

struct bounce_slice row_first(const struct row *row, const char *names)
{
    struct bounce_slice rest = slice_cstr(names), name;

    while (slice_next_piece(&rest, ' ', &name)) {
        const struct bounce_slice *value = find(row, name);

        if (value != NULL && value->len > 0)
            return *value;
    }
    return SLICE_NULL;
}

bool row_has(const struct row *row, const char *name)
{
    return find(row, slice_cstr(name)) != NULL;
}
