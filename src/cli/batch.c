/* SPDX-License-Identifier: MIT */
#include "cli/batch.h"

#include <stdlib.h>

#include "cli/cli.h"

#define BATCH_MEMORY ((size_t)256 << 20)

void batch_init(struct batch *batch, struct ledger *ledger, int64_t now)
{
    *batch = (struct batch){.ledger = ledger, .now = now};
    arena_init(&batch->arena, allocator_default(), BATCH_MEMORY);
    batch->records = cli_array(NULL, BATCH_RECORDS, sizeof(*batch->records));
    batch->lines = cli_array(NULL, BATCH_RECORDS, sizeof(*batch->lines));
    batch->results = cli_array(NULL, BATCH_RECORDS, sizeof(*batch->results));
}

void batch_clear(struct batch *batch)
{
    arena_clear(&batch->arena);
    free(batch->records);
    free(batch->lines);
    free(batch->results);
}

enum store_err batch_add(struct batch *batch, const struct record *record,
                         uint64_t line, struct store_error *error)
{
    if (batch->count == BATCH_RECORDS) {
        enum store_err err = batch_flush(batch, error);

        if (err != STORE_OK)
            return err;
    }
    if (!record_copy(&batch->records[batch->count], record, &batch->arena))
        return store_fail(error, STORE_E_NOMEM, "out of memory");
    batch->lines[batch->count++] = line;
    return STORE_OK;
}

static void leave_out(struct batch *batch, size_t bad, const char *cause)
{
    size_t behind = batch->count - bad - 1;

    batch->bad(batch->ctx, batch->lines[bad], cause);
    memmove(&batch->records[bad], &batch->records[bad + 1],
            behind * sizeof(*batch->records));
    memmove(&batch->lines[bad], &batch->lines[bad + 1],
            behind * sizeof(*batch->lines));
    batch->count--;
}

enum store_err batch_flush(struct batch *batch, struct store_error *error)
{
    enum store_err err = STORE_OK;

    while (batch->count > 0) {
        size_t bad = batch->count;

        err = ledger_apply(batch->ledger, batch->records, batch->count,
                           batch->now, batch->results, &bad, error);
        if (err != STORE_E_VALUE || bad >= batch->count)
            break;
        leave_out(batch, bad, error->msg);
        err = STORE_OK;
    }
    for (size_t i = 0; i < batch->count && err == STORE_OK; i++)
        batch->took(batch->ctx, &batch->records[i], &batch->results[i]);
    batch->count = 0;
    arena_reset(&batch->arena);
    return err;
}
