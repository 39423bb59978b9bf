/* SPDX-License-Identifier: MIT */
#include "ingest/csv.h"

#include <errno.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "mime/charset_tables.h"

#define CSV_BLOCK ((size_t)64 << 10)

/* Where a field stands behind start: the window moves while a row is read. */
struct place {
    size_t from, len;
    bool quoted;
};

/* The window: buf[start, end) is not yet handed over. */
struct csv {
    csv_read_fn *read;
    void *ctx;
    char *buf;
    size_t cap, start, end;
    struct place *places;
    struct bounce_slice *fields;
    size_t count, fields_cap; /* of both */
    char *wide;               /* fields that had to be converted */
    size_t wide_cap;
    uint64_t line, offset; /* of start */
    char separator;        /* '\0': not yet known */
    bool at_end;
    int error;
};

struct csv *csv_new(csv_read_fn *read, void *ctx)
{
    struct csv *csv = calloc(1, sizeof(*csv));

    if (csv == NULL)
        return NULL;
    csv->read = read;
    csv->ctx = ctx;
    csv->line = 1;
    csv->cap = 2 * CSV_BLOCK;
    csv->buf = malloc(csv->cap);
    if (csv->buf == NULL) {
        csv_free(csv);
        return NULL;
    }
    return csv;
}

void csv_free(struct csv *csv)
{
    if (csv == NULL)
        return;
    free(csv->buf);
    free(csv->fields);
    free(csv->places);
    free(csv->wide);
    free(csv);
}

int csv_error(const struct csv *csv)
{
    return csv->error;
}

char csv_separator(const struct csv *csv)
{
    return csv->separator;
}

uint64_t csv_offset(const struct csv *csv)
{
    return csv->offset;
}

void csv_jump(struct csv *csv, uint64_t offset, uint64_t line)
{
    csv->start = csv->end = 0;
    csv->offset = offset;
    csv->line = line;
    csv->at_end = false;
}

/* ---- Input ------------------------------------------------------------ */

static bool set_error(struct csv *csv, int error)
{
    csv->error = error;
    csv->at_end = true;
    return false;
}

/* realloc() that records its failure. */
static void *grow(struct csv *csv, void *ptr, size_t size)
{
    void *bigger = realloc(ptr, size);

    if (bigger == NULL)
        set_error(csv, ENOMEM);
    return bigger;
}

/* More bytes behind the window; false at the end. */
static bool fill(struct csv *csv)
{
    ssize_t got;

    if (csv->at_end)
        return false;
    if (csv->start > 0 && csv->cap - csv->end < CSV_BLOCK) {
        memmove(csv->buf, csv->buf + csv->start, csv->end - csv->start);
        csv->end -= csv->start;
        csv->start = 0;
    }
    if (csv->cap - csv->end < CSV_BLOCK) {
        char *bigger = grow(csv, csv->buf, csv->cap * 2);

        if (bigger == NULL)
            return false;
        csv->buf = bigger;
        csv->cap *= 2;
    }
    do
        got = csv->read(csv->ctx, csv->buf + csv->end, CSV_BLOCK);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return set_error(csv, errno);
    csv->at_end = got == 0;
    csv->end += (size_t)got;
    return got > 0;
}

/* The window's byte at i; reads on where needed. -1 at the end. */
static int byte_at(struct csv *csv, size_t i)
{
    while (csv->start + i >= csv->end) {
        if (!fill(csv))
            return -1;
    }
    return (unsigned char)csv->buf[csv->start + i];
}

/* Takes len bytes of the window, counting their lines. They stay where they are
 * until the next fill(). */
static void advance(struct csv *csv, size_t len)
{
    const char *at = csv->buf + csv->start, *end = at + len;

    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        csv->line++;
        at++;
    }
    csv->start += len;
    csv->offset += len;
}

static void skip_mark(struct csv *csv)
{
    if (csv->offset == 0 && byte_at(csv, 0) == 0xEF &&
        byte_at(csv, 1) == 0xBB && byte_at(csv, 2) == 0xBF)
        advance(csv, 3);
}

/* ---- Rows ------------------------------------------------------------- */

/* The separator that stands most often in the first line, quotes aside. */
static void find_separator(struct csv *csv)
{
    static const char marks[] = {',', ';', '\t', '|'};
    size_t counts[sizeof(marks)] = {0}, best = 0;
    bool inside = false;
    int c;

    for (size_t i = 0; i < CSV_ROW_MAX && (c = byte_at(csv, i)) >= 0; i++) {
        const char *mark = memchr(marks, c, sizeof(marks));

        if (c == '"')
            inside = !inside;
        else if (c == '\n' && !inside)
            break;
        else if (mark != NULL && !inside)
            counts[mark - marks]++;
    }
    for (size_t i = 1; i < sizeof(marks); i++) {
        if (counts[i] > counts[best])
            best = i;
    }
    csv->separator = marks[best];
}

static bool is_field_end(const struct csv *csv, int c)
{
    return c < 0 || c == csv->separator || c == '\n';
}

/* Behind the opening quote at i: where the closing one stands; SIZE_MAX when
 * the row is too long or the input ends. */
static size_t find_quote(struct csv *csv, size_t i)
{
    for (i++; i < CSV_ROW_MAX; i++) {
        int c = byte_at(csv, i);

        if (c < 0)
            return SIZE_MAX;
        if (c != '"')
            continue;
        if (byte_at(csv, i + 1) != '"')
            return i;
        i++;
    }
    return SIZE_MAX;
}

static bool grow_fields(struct csv *csv)
{
    size_t cap = csv->fields_cap ? csv->fields_cap * 2 : 32;
    void *fields = grow(csv, csv->fields, cap * sizeof(*csv->fields)), *places;

    if (fields == NULL)
        return false;
    csv->fields = fields;
    places = grow(csv, csv->places, cap * sizeof(*csv->places));
    if (places == NULL)
        return false;
    csv->places = places;
    csv->fields_cap = cap;
    return true;
}

static bool add_field(struct csv *csv, size_t from, size_t len, bool quoted)
{
    if (csv->count == csv->fields_cap && !grow_fields(csv))
        return false;
    csv->places[csv->count++] = (struct place){from, len, quoted};
    return true;
}

/* A field at i; where it ends, or SIZE_MAX with the flaw. */
static size_t scan_field(struct csv *csv, size_t i, const char **flaw)
{
    size_t from = i;

    if (byte_at(csv, i) == '"') {
        size_t close = find_quote(csv, i);

        *flaw = "a quote does not end";
        if (close == SIZE_MAX)
            return SIZE_MAX;
        i = close + 1;
        while (byte_at(csv, i) == ' ' || byte_at(csv, i) == '\r')
            i++;
        *flaw = "text behind a closing quote";
        if (!is_field_end(csv, byte_at(csv, i)))
            return SIZE_MAX;
        return add_field(csv, from + 1, close - from - 1, true) ? i : SIZE_MAX;
    }
    while (i < CSV_ROW_MAX && !is_field_end(csv, byte_at(csv, i)))
        i++;
    *flaw = "the line is too long";
    if (i >= CSV_ROW_MAX)
        return SIZE_MAX;
    return add_field(csv, from, i - from, false) ? i : SIZE_MAX;
}

/* All fields of the row at start: its length without the line end, or SIZE_MAX
 * with the flaw. */
static size_t scan_row(struct csv *csv, const char **flaw)
{
    size_t i = 0;

    csv->count = 0;
    for (;;) {
        if (csv->count == CSV_FIELDS_MAX) {
            *flaw = "too many fields";
            return SIZE_MAX;
        }
        i = scan_field(csv, i, flaw);
        if (i == SIZE_MAX || byte_at(csv, i) != csv->separator)
            return i;
        i++;
    }
}

/* ---- Fields ----------------------------------------------------------- */

/* Doubled quotes become one, in place. */
static size_t unquote(char *text, size_t len)
{
    size_t out = 0;

    for (size_t i = 0; i < len; i++) {
        text[out++] = text[i];
        if (text[i] == '"')
            i++; /* scan_field() saw the second one */
    }
    return out;
}

static size_t widen(const char *text, size_t len, char *out)
{
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        uint32_t code = c < 0x80 ? c : charset_windows_1252[c - 0x80];

        used += utf8_encode(code != 0 || c == 0 ? code : UTF8_REPLACEMENT,
                            out + used);
    }
    return used;
}

/* Places in the row of len bytes at base become fields; quotes and charset are
 * seen to. */
static bool finish_fields(struct csv *csv, char *base, size_t len)
{
    size_t wide = 0;

    for (size_t i = 0; i < csv->count; i++) {
        const struct place *place = &csv->places[i];
        char *text = base + place->from;

        if (place->quoted)
            csv->fields[i] = slice_make(text, unquote(text, place->len));
        else
            csv->fields[i] = slice_trim(slice_make(text, place->len));
    }
    if (utf8_valid_prefix(slice_make(base, len)) == len)
        return true;
    if (csv->wide_cap < 4 * len) {
        char *bigger = grow(csv, csv->wide, 4 * len);

        if (bigger == NULL)
            return false;
        csv->wide = bigger;
        csv->wide_cap = 4 * len;
    }
    for (size_t i = 0; i < csv->count; i++) {
        struct bounce_slice *field = &csv->fields[i];
        size_t used;

        if (utf8_valid_prefix(*field) == field->len)
            continue;
        used = widen(field->ptr, field->len, csv->wide + wide);
        *field = slice_make(csv->wide + wide, used);
        wide += used;
    }
    return true;
}

/* Behind the line that begins at start, however long it is. */
static void skip_line(struct csv *csv)
{
    for (;;) {
        size_t have = csv->end - csv->start;
        char *lf = have > 0 ? memchr(csv->buf + csv->start, '\n', have) : NULL;

        if (lf != NULL) {
            advance(csv, (size_t)(lf - (csv->buf + csv->start)) + 1);
            return;
        }
        advance(csv, have);
        if (!fill(csv))
            return;
    }
}

/* Nothing but blanks up to the line end; takes it. */
static bool skip_empty(struct csv *csv)
{
    size_t i = 0;
    int c;

    do
        c = byte_at(csv, i);
    while ((c == ' ' || c == '\t' || c == '\r') && ++i < CSV_ROW_MAX);
    if (c != '\n')
        return false;
    advance(csv, i + 1);
    return true;
}

enum csv_step csv_next(struct csv *csv, struct csv_row *row_out)
{
    const char *flaw = NULL;
    size_t len, start;

    skip_mark(csv);
    while (skip_empty(csv))
        ;
    *row_out = (struct csv_row){.line = csv->line, .offset = csv->offset};
    if (byte_at(csv, 0) < 0)
        return CSV_END;
    if (csv->separator == '\0')
        find_separator(csv);
    len = scan_row(csv, &flaw);
    if (csv->error != 0)
        return CSV_END;
    start = csv->start;
    if (len == SIZE_MAX) {
        row_out->flaw = flaw;
        skip_line(csv);
        return CSV_BAD;
    }
    /* Before its bytes are changed. */
    advance(csv, len + (csv->start + len < csv->end));
    if (!finish_fields(csv, csv->buf + start, len))
        return CSV_END;
    row_out->fields = csv->fields;
    row_out->count = csv->count;
    return CSV_ROW;
}
