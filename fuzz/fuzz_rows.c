/* SPDX-License-Identifier: MIT
 * Exports of other systems: CSV and JSON in any frame, read in pieces, and what
 * their rows mean. Fields must be UTF-8, lines must count up, and it must end. */
#include <stdlib.h>

#include "ingest/csv.c"
#include "ingest/json_scan.c"
/* Both files have these names for themselves. */
#define fill     json_fill
#define byte_at  json_byte_at
#define advance  json_advance
#define is_blank json_is_blank
#include "ingest/json_rows.c"
#undef fill
#undef byte_at
#undef advance
#undef is_blank
#include "base/utf8.h"
#include "ingest/rows.c"
#include "ingest/suppressions_read.c"
#include "ingest/suppressions_table.c"
#include "ingest/times.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const char *text;
    size_t len, step; /* bytes a read gives at most */
};

static ssize_t read_text(void *ctx, char *buf, size_t cap)
{
    struct input *input = ctx;
    size_t len = input->len < input->step ? input->len : input->step;

    if (len > cap)
        len = cap;
    if (len > 0)
        memcpy(buf, input->text, len);
    input->text += len;
    input->len -= len;
    return (ssize_t)len;
}

static void check(struct bounce_slice s)
{
    if (s.ptr != NULL && utf8_valid_prefix(s) != s.len)
        abort();
}

static void check_readings(const struct row *row)
{
    static void (*const readers[])(struct reading *) = {
        suppressions_read_plain,     suppressions_read_bounce,
        suppressions_read_postmark,  suppressions_read_postmark_bounces,
        suppressions_read_sparkpost, suppressions_read_mailchimp,
        suppressions_read_brevo,     suppressions_read_marketo,
        suppressions_read_tagged,    suppressions_read_group,
        suppressions_read_table};
    struct suppression out[SUPPRESSIONS_MAX];
    struct suppression_list list = {.slot = BOUNCE_SLOT_HARD};

    check(suppressions_address(row));
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        struct reading reading = {
            .list = &list, .row = row, .now = 1780000000, .out = out};

        readers[i](&reading);
        if (reading.count > SUPPRESSIONS_MAX)
            abort();
        for (size_t j = 0; j < reading.count; j++) {
            check(out[j].reason);
            check(out[j].scope);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {(const char *)data, size, 1};
    struct rows *rows;
    struct row row;
    enum csv_step step;
    uint64_t line = 0, count = 0;

    if (size == 0)
        return 0;
    input.step = (size_t)data[0] + 1; /* and the byte counts as text too */
    rows = rows_new(read_text, &input);
    if (rows == NULL)
        return 0;
    while ((step = rows_next(rows, &row)) != CSV_END) {
        if (row.line < line || ++count > size + 2)
            abort();
        line = row.line;
        if (step == CSV_BAD && row.flaw == NULL)
            abort();
        if (step == CSV_BAD)
            continue;
        for (size_t i = 0; i < row.count; i++) {
            check(row.names[i]);
            check(row.values[i]);
        }
        check_readings(&row);
    }
    if (rows_error(rows) != 0 && rows_error(rows) != ENOMEM)
        abort();
    rows_free(rows);
    return 0;
}
