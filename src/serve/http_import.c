/* SPDX-License-Identifier: MIT
 * Suppression lists of other systems, and of our own export: POST
 * /v1/suppressions, CSV or JSON. */
#include <stdio.h>

#include "base/vec.h"
#include "ingest/suppressions.h"
#include "serve/http_deliver.h"
#include "serve/http_filter.h"
#include "serve/http_memory.h"
#include "serve/http_store.h"

#define PORTION 1000 /* records that go to the writer together */

struct importing {
    struct http_call *call;
    struct http_work *work;
    struct serve_reader *reader;
    struct http_delivery *delivery;
    const struct suppression_list *list;
    const char *from;
    struct bounce_slice scope;
    bool skip_blocks;
    char source[64];
    struct vec records, items;
    bool no_memory;
};

static bool keep(struct importing *im, const struct record *record, size_t line)
{
    struct record copy;

    im->no_memory =
        !record_copy(&copy, record, &im->work->arena) ||
        vec_push(&im->records, &im->work->arena, &copy) == SIZE_MAX ||
        vec_push(&im->items, &im->work->arena, &line) == SIZE_MAX;
    return !im->no_memory;
}

/* What was kept, to the writer; its memory serves the next portion. */
static void hand_over(struct importing *im)
{
    if (!http_delivery_add(im->delivery, im->records.ptr, im->items.ptr,
                           im->records.count))
        im->no_memory = true;
    im->records = VEC_OF(struct record);
    im->items = VEC_OF(size_t);
    arena_reset(&im->work->arena);
}

/* What holds in the whole store is not for a token that is bound to a scope. */
static bool set_scope(const struct importing *im, struct suppression *what)
{
    if (what->slot != BOUNCE_SLOT_UNSUBSCRIBE &&
        what->slot != BOUNCE_SLOT_MANUAL) {
        what->scope = SLICE_NULL;
        return im->call->scope[0] == '\0';
    }
    if (im->scope.len > 0)
        what->scope = im->scope;
    return true;
}

static void import_one(struct importing *im,
                       const struct suppression *suppression, size_t line)
{
    struct suppression whole = *suppression;
    struct address address;
    struct record record;
    char id[33];
    enum address_flaw flaw = address_read(im->reader->book->addresses,
                                          suppression->address, &address);

    if (flaw != ADDRESS_FINE) {
        http_delivery_bad(im->delivery, line, address_flaw_text(flaw));
        return;
    }
    if (!set_scope(im, &whole)) {
        http_delivery_bad(im->delivery, line,
                          "it would hold in the whole store, and this token is "
                          "bound to a scope");
        return;
    }
    suppression_record(im->list, &whole,
                       slice_make(address.folded, address.folded_len),
                       im->work->mind->engine, im->work->reader, id, &record);
    record.source = slice_cstr(im->source);
    if (record.event.cls == BOUNCE_CLASS_BLOCK &&
        (im->skip_blocks || suppression_unsure(im->list, NULL, im->from)))
        http_delivery_count(im->delivery, 0, 1, 0);
    else
        keep(im, &record, line);
}

static void import_row(struct importing *im, const struct row *row)
{
    struct suppression found[SUPPRESSIONS_MAX];
    const size_t line = (size_t)row->line;
    const char *passed = NULL, *flaw;
    size_t count = 0;

    if (row_has(row, "href")) /* links between pages of an API */
        return;
    http_delivery_count(im->delivery, 1, 0, 0);
    if (im->list == NULL)
        im->list = suppression_list_find(row, NULL, im->from);
    if (im->list == NULL) {
        http_delivery_bad(im->delivery, line,
                          "no column with addresses was recognised");
        return;
    }
    snprintf(im->source, sizeof(im->source), "import %s/%s",
             suppression_system(im->list), suppression_list_name(im->list));
    flaw = suppression_read(im->list, row, serve_now(im->call->http->serve),
                            found, &count, &passed);
    if (flaw != NULL) {
        http_delivery_bad(im->delivery, line, flaw);
        return;
    }
    if (count == 0 && passed != NULL)
        http_delivery_count(im->delivery, 0, 1, 0);
    for (size_t i = 0; i < count && !im->no_memory; i++)
        import_one(im, &found[i], line);
}

static void import_rows(struct importing *im)
{
    struct http_memory memory = {im->call->request->body};
    struct rows *rows = rows_new(http_memory_read, &memory);
    enum csv_step step;
    struct row row;

    im->no_memory = rows == NULL;
    while (!im->no_memory && (step = rows_next(rows, &row)) != CSV_END) {
        if (step == CSV_ROW) {
            import_row(im, &row);
        } else {
            http_delivery_count(im->delivery, 1, 0, 0);
            http_delivery_bad(im->delivery, (size_t)row.line, row.flaw);
        }
        if (im->records.count >= PORTION && !im->no_memory)
            hand_over(im);
    }
    im->no_memory = im->no_memory || rows_error(rows) != 0;
    if (!im->no_memory)
        hand_over(im);
    rows_free(rows);
}

/* The reader is given back before the writer is waited for. */
static void import(struct importing *im)
{
    struct http_call *call = im->call;

    im->reader = http_reader(call);
    if (im->reader == NULL) {
        http_delivery_drop(im->delivery);
        return;
    }
    import_rows(im);
    serve_reader_give(call->http->serve, im->reader);
    if (im->no_memory)
        http_delivery_no_memory(im->delivery);
    http_delivery_end(im->delivery);
}

void http_suppressions_post(struct http_call *call)
{
    struct importing im = {.call = call,
                           .from = http_param(call, "from"),
                           .skip_blocks = http_flag(call, "skip_blocks"),
                           .records = VEC_OF(struct record),
                           .items = VEC_OF(size_t)};

    if (im.from != NULL && !suppression_from_known(im.from)) {
        http_problem(call, 400, "from: there is no such system or list");
        return;
    }
    if (!http_scope(call, slice_cstr(http_param(call, "scope")), &im.scope) ||
        !http_audit(call, "import", "%zu bytes from %s",
                    call->request->body.len,
                    im.from != NULL ? im.from : "what the columns tell"))
        return;
    im.work = http_work_take(call);
    if (im.work == NULL)
        return;
    im.delivery = http_delivery_new(call);
    if (im.delivery != NULL)
        import(&im);
    http_work_give(call->http, im.work);
}
