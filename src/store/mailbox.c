/* SPDX-License-Identifier: MIT */
#include "store/mailbox.h"

#include <stdlib.h>

static const struct store_column columns[] = {{"source", STORE_TEXT},
                                              {"uidl", STORE_TEXT}};
static const struct store_put put = {"mailbox_uidl", columns, 2, 2, STORE_KEEP};

struct reading {
    mailbox_uidl_fn *take;
    void *ctx;
};

static bool take_row(void *ctx, const struct store_value *row, size_t count)
{
    const struct reading *reading = ctx;

    (void)count;
    return reading->take(reading->ctx, row[0].text);
}

enum store_err mailbox_uidl_read(struct book *book, struct bounce_slice source,
                                 mailbox_uidl_fn *take, void *ctx,
                                 struct store_error *error)
{
    struct reading reading = {take, ctx};
    const struct store_value value = store_text(source);

    return store_run(book->store,
                     "SELECT uidl FROM mailbox_uidl WHERE source = $1", &value,
                     1, take_row, &reading, error);
}

enum store_err mailbox_uidl_add(struct book *book, struct bounce_slice source,
                                const struct bounce_slice *uidls, size_t count,
                                struct store_error *error)
{
    struct store_value *values;
    enum store_err err;

    if (count == 0)
        return STORE_OK;
    values = calloc(count, 2 * sizeof(*values));
    if (values == NULL)
        return store_fail(error, STORE_E_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        values[2 * i] = store_text(source);
        values[2 * i + 1] = store_text(uidls[i]);
    }
    err = store_begin(book->store, STORE_WRITE, error);
    if (err == STORE_OK)
        err = store_end(book->store,
                        store_put_rows(book->store, &put, values, count, error),
                        error);
    free(values);
    return err;
}

enum store_err mailbox_uidl_drop(struct book *book, struct bounce_slice source,
                                 const struct bounce_slice *uidls, size_t count,
                                 struct store_error *error)
{
    enum store_err err = STORE_OK;

    if (count == 0)
        return STORE_OK;
    err = store_begin(book->store, STORE_WRITE, error);
    if (err != STORE_OK)
        return err;
    for (size_t i = 0; i < count && err == STORE_OK; i++) {
        const struct store_value values[] = {store_text(source),
                                             store_text(uidls[i])};

        err = store_run(book->store,
                        "DELETE FROM mailbox_uidl WHERE source = $1 AND "
                        "uidl = $2",
                        values, 2, NULL, NULL, error);
    }
    return store_end(book->store, err, error);
}
