/* SPDX-License-Identifier: MIT */
#include "ingest/json_rows.h"

#include <errno.h>
#include <stdlib.h>

#include "ingest/json_scan.h"

#define BLOCK ((size_t)64 << 10)

enum mode { MODE_UNKNOWN, MODE_LINES, MODE_DOCUMENT };

struct json_rows {
    csv_read_fn *read;
    void *ctx;
    char *buf;
    size_t cap, start, end; /* the window: not yet handed over */
    uint64_t line, offset;  /* of start */
    enum mode mode;
    bool at_end, ended;
    int error;

    /* Of a document: brackets that stand open before start. */
    char open[JSON_SCAN_DEPTH];
    size_t depth;
};

/* How far a document was looked at behind start. */
struct walk {
    size_t at;         /* next byte */
    size_t item;       /* where the object begins; SIZE_MAX: none yet */
    size_t item_depth; /* brackets open before it */
    bool in_string;
    const char *flaw;
};

struct json_rows *json_rows_new(csv_read_fn *read, void *ctx)
{
    struct json_rows *rows = calloc(1, sizeof(*rows));

    if (rows == NULL)
        return NULL;
    rows->read = read;
    rows->ctx = ctx;
    rows->line = 1;
    rows->cap = 2 * BLOCK;
    rows->buf = malloc(rows->cap);
    if (rows->buf == NULL) {
        free(rows);
        return NULL;
    }
    return rows;
}

void json_rows_free(struct json_rows *rows)
{
    if (rows == NULL)
        return;
    free(rows->buf);
    free(rows);
}

int json_rows_error(const struct json_rows *rows)
{
    return rows->error;
}

bool json_rows_lines(const struct json_rows *rows)
{
    return rows->mode == MODE_LINES;
}

void json_rows_jump(struct json_rows *rows, uint64_t offset, uint64_t line)
{
    rows->start = rows->end = 0;
    rows->offset = offset;
    rows->line = line;
    rows->at_end = false;
    rows->mode = MODE_LINES;
}

/* ---- Input ------------------------------------------------------------ */

static bool fill(struct json_rows *rows)
{
    ssize_t got;

    if (rows->at_end)
        return false;
    if (rows->start > 0 && rows->cap - rows->end < BLOCK) {
        memmove(rows->buf, rows->buf + rows->start, rows->end - rows->start);
        rows->end -= rows->start;
        rows->start = 0;
    }
    if (rows->cap - rows->end < BLOCK) {
        char *bigger = realloc(rows->buf, rows->cap * 2);

        if (bigger == NULL) {
            rows->error = ENOMEM;
            rows->at_end = true;
            return false;
        }
        rows->buf = bigger;
        rows->cap *= 2;
    }
    do
        got = rows->read(rows->ctx, rows->buf + rows->end, BLOCK);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        rows->error = errno;
    rows->at_end = got <= 0;
    rows->end += got > 0 ? (size_t)got : 0;
    return got > 0;
}

/* The window's byte at i; -1 at the end. */
static int byte_at(struct json_rows *rows, size_t i)
{
    while (rows->start + i >= rows->end) {
        if (!fill(rows))
            return -1;
    }
    return (unsigned char)rows->buf[rows->start + i];
}

/* Takes len bytes, which stay where they are until the next fill(). */
static void advance(struct json_rows *rows, size_t len)
{
    const char *at = rows->buf + rows->start, *end = at + len;

    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        rows->line++;
        at++;
    }
    rows->start += len;
    rows->offset += len;
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct json_rows *rows)
{
    if (rows->offset == 0 && byte_at(rows, 0) == 0xEF &&
        byte_at(rows, 1) == 0xBB && byte_at(rows, 2) == 0xBF)
        advance(rows, 3);
    while (is_blank(byte_at(rows, 0)))
        advance(rows, 1);
}

static enum csv_step bad(struct json_row *row, const char *flaw)
{
    row->flaw = flaw;
    return CSV_BAD;
}

/* ---- Lines ------------------------------------------------------------ */

/* Bytes up to the next line end or the end; CSV_ROW_MAX when there is none. */
static size_t find_line_end(struct json_rows *rows)
{
    size_t len = 0;
    int c;

    while (len < CSV_ROW_MAX && (c = byte_at(rows, len)) >= 0 && c != '\n')
        len++;
    return len;
}

static enum csv_step next_line(struct json_rows *rows, struct json_row *row)
{
    size_t len = find_line_end(rows);

    if (len == CSV_ROW_MAX) {
        int c;

        while ((c = byte_at(rows, 0)) >= 0 && c != '\n')
            advance(rows, 1);
        return bad(row, "the line is too long");
    }
    row->text = rows->buf + rows->start;
    row->len = len;
    advance(rows, len);
    return CSV_ROW;
}

/* Whether the text of an object has an array of objects: then it is only what
 * stands around the rows. */
static bool is_wrapper(char *text, size_t len, const char **flaw_out)
{
    struct json_scan scan;
    bool found = false;

    json_scan_init(&scan, text, len);
    if (!json_scan_take(&scan, '{'))
        json_scan_fail(&scan, "not a JSON object");
    for (bool first = true; json_scan_next(&scan, '}', first); first = false) {
        struct bounce_slice value;

        json_scan_name(&scan);
        value = json_scan_value(&scan);
        for (size_t i = 1; i < value.len && value.ptr[0] == '['; i++) {
            if (is_blank((unsigned char)value.ptr[i]))
                continue;
            found = found || value.ptr[i] == '{';
            break;
        }
    }
    json_scan_end(&scan);
    *flaw_out = scan.flaw;
    return found;
}

/* Lines when the first line is a whole object that is a row by itself. */
static bool find_mode(struct json_rows *rows)
{
    size_t len = find_line_end(rows);
    const char *flaw = NULL;
    char *copy;
    bool wrapper;

    rows->mode = MODE_DOCUMENT;
    if (byte_at(rows, 0) != '{' || len == CSV_ROW_MAX)
        return true;
    copy = malloc(len + 1); /* it is decoded in place */
    if (copy == NULL) {
        rows->error = ENOMEM;
        return false;
    }
    memcpy(copy, rows->buf + rows->start, len);
    wrapper = is_wrapper(copy, len, &flaw);
    free(copy);
    if (flaw == NULL && !wrapper)
        rows->mode = MODE_LINES;
    return true;
}

/* ---- A document ------------------------------------------------------- */

static void open_bracket(struct json_rows *rows, struct walk *walk, char c)
{
    bool in_array = rows->depth > 0 && rows->open[rows->depth - 1] == '[';
    /* An object on the outside counts as the row until one is found in an
     * array within it. */
    bool outside = walk->item == SIZE_MAX || walk->item_depth == 0;

    if (rows->depth == JSON_SCAN_DEPTH) {
        walk->flaw = "nested too deeply";
        return;
    }
    if (c == '{' && (walk->item == SIZE_MAX ? rows->depth == 0 || in_array
                                            : outside && in_array)) {
        walk->item = walk->at;
        walk->item_depth = rows->depth;
    }
    rows->open[rows->depth++] = c;
}

/* Whether the row ends with this bracket. */
static bool close_bracket(struct json_rows *rows, struct walk *walk, char c)
{
    char want = c == '}' ? '{' : '[';

    if (rows->depth == 0 || rows->open[rows->depth - 1] != want) {
        walk->flaw = "brackets do not match";
        return false;
    }
    rows->depth--;
    return walk->item != SIZE_MAX && rows->depth == walk->item_depth &&
           c == '}';
}

/* Behind the closing quote of a string at walk->at. */
static bool pass_string(struct json_rows *rows, struct walk *walk)
{
    int c;

    while (walk->at < CSV_ROW_MAX && (c = byte_at(rows, ++walk->at)) != '"') {
        if (c == '\\')
            c = byte_at(rows, ++walk->at);
        if (c < 0) {
            walk->flaw = "a string does not end";
            return false;
        }
    }
    return true;
}

/* Looks on until a row ends: its length from walk->item. 0 at the end or with a
 * flaw. */
static size_t find_item(struct json_rows *rows, struct walk *walk)
{
    for (; walk->at < CSV_ROW_MAX; walk->at++) {
        int c = byte_at(rows, walk->at);
        size_t from = walk->at;

        if (c < 0) {
            if (rows->depth > 0)
                walk->flaw = "the file ends within an object or array";
            return 0;
        }
        if (c == '"' && !pass_string(rows, walk))
            return 0;
        if (c == '"' && walk->item == SIZE_MAX && rows->depth == 1 &&
            rows->open[0] == '[') {
            walk->item = from;
            return walk->at + 1 - from;
        }
        if (c == '{' || c == '[')
            open_bracket(rows, walk, (char)c);
        else if ((c == '}' || c == ']') && close_bracket(rows, walk, (char)c))
            return walk->at + 1 - walk->item;
        if (walk->flaw != NULL)
            return 0;
        if (walk->item == SIZE_MAX) { /* nothing to be kept */
            advance(rows, walk->at + 1);
            walk->at = SIZE_MAX; /* the loop makes it 0 */
        }
    }
    walk->flaw = "an object is too long";
    return 0;
}

static enum csv_step next_item(struct json_rows *rows, struct json_row *row)
{
    struct walk walk = {.item = SIZE_MAX};
    size_t len = find_item(rows, &walk);

    if (len == 0) {
        rows->ended = true;
        row->line = rows->line;
        return walk.flaw != NULL && rows->error == 0 ? bad(row, walk.flaw)
                                                     : CSV_END;
    }
    advance(rows, walk.item);
    row->line = rows->line;
    row->offset = rows->offset;
    row->text = rows->buf + rows->start;
    row->len = len;
    advance(rows, len);
    return CSV_ROW;
}

enum csv_step json_rows_next(struct json_rows *rows, struct json_row *row_out)
{
    enum csv_step step;

    *row_out = (struct json_row){0};
    if (rows->mode != MODE_DOCUMENT)
        skip_blanks(rows);
    if (rows->mode == MODE_UNKNOWN && !find_mode(rows))
        return CSV_END;
    row_out->line = rows->line;
    row_out->offset = rows->offset;
    if (rows->ended || (rows->mode == MODE_LINES && byte_at(rows, 0) < 0))
        return CSV_END;
    step = rows->mode == MODE_LINES ? next_line(rows, row_out)
                                    : next_item(rows, row_out);
    return rows->error != 0 ? CSV_END : step;
}
