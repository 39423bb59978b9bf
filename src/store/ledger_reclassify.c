/* SPDX-License-Identifier: MIT
 * Kept replies judged by the rules of today. Only those whose first verdict the
 * reply alone gave (record_facts.reply_alone): of the others more was known
 * than is kept. */
#include <stdlib.h>

#include "engine/judge.h"
#include "store/ledger_in.h"

#define PAGE 1000

/* An event whose category is no longer what it was. */
struct verdict {
    int64_t seq, rcpt;
    struct bounce_slice address, id, was;
    struct bounce_slice category, rule, provider, body;
    enum bounce_class cls;
    int confidence;
};

struct page {
    struct ledger *ledger;
    struct verdict *list;
    size_t count, cap;
    size_t seen;
    int64_t last_seq;
    bool failed;
};

static bool keep_text(struct page *page, struct bounce_slice text,
                      struct bounce_slice *out)
{
    *out = SLICE_NULL;
    if (text.len > 0) {
        *out = arena_dup(&page->ledger->arena, text);
        page->failed |= out->ptr == NULL;
    }
    return !page->failed;
}

static bool keep_body(struct page *page, struct record *record,
                      const struct bounce_event *judged,
                      struct bounce_slice *body_out)
{
    size_t len;
    char *buf;

    record->event.evidence_by = judged->evidence_by;
    record->event.evidence_text = judged->evidence_text;
    record->event.gateway = judged->gateway;
    len = record_body_write(record, NULL, 0);
    buf = arena_alloc(&page->ledger->arena, len);
    page->failed |= buf == NULL;
    if (buf == NULL)
        return false;
    record_body_write(record, buf, len);
    *body_out = slice_make(buf, len);
    return true;
}

static bool add_verdict(struct page *page, const struct store_value *row,
                        struct record *record,
                        const struct bounce_event *judged)
{
    struct verdict *v;

    page->list = ledger_grow(page->ledger, page->list, page->count, &page->cap,
                             sizeof(*page->list));
    page->failed |= page->list == NULL;
    if (page->failed)
        return false;
    v = &page->list[page->count++];
    v->seq = row[0].integer;
    v->rcpt = row[1].integer;
    v->cls = judged->cls;
    v->confidence =
        judged->confidence < 0 ? -1 : (int)(judged->confidence * 100 + 0.5);
    return keep_text(page, record->event.recipient, &v->address) &&
           keep_text(page, row[4].text, &v->id) &&
           keep_text(page, row[5].text, &v->was) &&
           keep_text(page, judged->category, &v->category) &&
           keep_text(page, judged->evidence_rule, &v->rule) &&
           keep_text(page, judged->provider, &v->provider) &&
           keep_body(page, record, judged, &v->body);
}

static bool take_event(void *ctx, const struct store_value *row, size_t columns)
{
    struct page *page = ctx;
    struct record_facts facts;
    struct bounce_event judged;
    struct record record;

    (void)columns;
    page->seen++;
    page->last_seq = row[0].integer;
    if (!record_facts_read(row[3].text, &facts) || !facts.reply_alone)
        return true;
    record_init(&record, NULL);
    record.event.kind = (enum bounce_kind)row[2].integer;
    if (!record_body_read(row[6].text, &page->ledger->arena, &record)) {
        page->failed = true;
        return false;
    }
    if (judge_event(page->ledger->reader, &record.event, &judged) !=
        BOUNCE_OK) {
        page->failed = true;
        return false;
    }
    if (slice_eq(judged.category, row[5].text))
        return true;
    return add_verdict(page, row, &record, &judged);
}

static enum store_err load_page(struct page *page, struct store_error *error)
{
    struct store_value values[2] = {store_int(page->last_seq), store_int(PAGE)};
    enum store_err err =
        store_run(page->ledger->book->store,
                  "SELECT seq, rcpt, kind, facts, id, category, body "
                  "FROM event WHERE seq > $1 AND kind < 100 "
                  "ORDER BY seq LIMIT $2",
                  values, 2, take_event, page, error);

    return page->failed ? ledger_nomem(error) : err;
}

/* ---- Writing --------------------------------------------------------- */

static int by_rcpt(const void *a, const void *b)
{
    const struct verdict *x = a, *y = b;

    if (x->rcpt != y->rcpt)
        return x->rcpt < y->rcpt ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static enum store_err update_body(struct ledger *ledger,
                                  const struct verdict *v,
                                  struct store_error *error)
{
    struct store_value values[2] = {store_int(v->seq), store_text(v->body)};

    return store_run(ledger->book->store,
                     "UPDATE event SET body = $2 WHERE seq = $1", values, 2,
                     NULL, NULL, error);
}

static enum store_err update_event(struct ledger *ledger, struct entry *e,
                                   const struct verdict *v,
                                   struct store_error *error)
{
    struct entry before = *e;
    enum store_err err;

    e->category = v->category;
    e->rule = ledger_clean(ledger, v->rule, 95);
    e->provider = v->provider;
    e->cls = v->cls;
    e->confidence = v->confidence;
    if (e->counts &&
        (!tally_entry(ledger, &before, -1) || !tally_entry(ledger, e, 1)))
        return ledger_nomem(error);
    err = entry_update(ledger, e, error);
    return err == STORE_OK ? update_body(ledger, v, error) : err;
}

static enum store_err update_person(struct ledger *ledger,
                                    struct person *person,
                                    const struct page *page,
                                    struct store_error *error)
{
    enum store_err err = STORE_OK;
    struct verdict key = {.rcpt = person->key};

    for (size_t i = 0; i < person->stored_count && err == STORE_OK; i++) {
        const struct verdict *v;

        key.seq = person->stored[i]->seq;
        v = bsearch(&key, page->list, page->count, sizeof(key), by_rcpt);
        if (v != NULL)
            err = update_event(ledger, person->stored[i], v, error);
    }
    if (err != STORE_OK || person->nobody)
        return err;
    ledger->state_used = 0;
    ledger->change_from = ledger->change_count;
    err = person_judge(ledger, person, error);
    return err == STORE_OK ? person_keep(ledger, person, error) : err;
}

static enum store_err update_page(struct page *page, struct store_error *error)
{
    struct ledger *ledger = page->ledger;
    enum store_err err;

    if (page->count > 1)
        qsort(page->list, page->count, sizeof(*page->list), by_rcpt);
    if (!persons_begin(ledger, page->count))
        return ledger_nomem(error);
    for (size_t i = 0; i < page->count; i++) {
        if (i == 0 || page->list[i].rcpt != page->list[i - 1].rcpt)
            persons_add(ledger, page->list[i].rcpt);
    }
    err = persons_load_judged(ledger, error);
    if (err == STORE_OK && !states_begin(ledger))
        err = ledger_nomem(error);
    for (size_t i = 0; i < ledger->person_count && err == STORE_OK; i++)
        err = update_person(ledger, &ledger->persons[i], page, error);
    if (err == STORE_OK)
        err = states_put(ledger, error);
    if (err == STORE_OK)
        err = changes_put(ledger, error);
    return err == STORE_OK ? tally_put(ledger, error) : err;
}

/* ---- All ------------------------------------------------------------- */

typedef bool differs_fn(void *ctx, const struct ledger_reclassified *what);

static bool tell(const struct page *page, differs_fn *differs, void *ctx)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct verdict *v = &page->list[i];
        struct ledger_reclassified what = {v->address, v->id, v->was,
                                           v->category, v->rule};

        if (differs != NULL && !differs(ctx, &what))
            return false;
    }
    return true;
}

/* One page in one transaction; *page goes on behind it. */
static enum store_err do_page(struct page *page, bool write, int64_t now,
                              struct store_error *error)
{
    struct ledger *ledger = page->ledger;
    enum store_err err = store_begin(ledger->book->store,
                                     write ? STORE_WRITE : STORE_READ, error);

    if (err != STORE_OK)
        return err;
    ledger_begin_batch(ledger, now);
    page->list = NULL;
    page->count = page->cap = page->seen = 0;
    err = ledger_read_seqs(ledger, error);
    if (err == STORE_OK)
        err = load_page(page, error);
    if (err == STORE_OK && write && page->count > 0)
        err = update_page(page, error);
    if (write)
        return ledger_transact(ledger, err, error);
    store_rollback(ledger->book->store);
    return err;
}

enum store_err ledger_reclassify(struct ledger *ledger, bool write, int64_t now,
                                 differs_fn *differs, void *ctx,
                                 uint64_t *events_out,
                                 struct store_error *error)
{
    struct page page = {.ledger = ledger};
    enum store_err err = STORE_OK;

    *events_out = 0;
    if (ledger->reader == NULL)
        return ledger_nomem(error);
    do {
        err = do_page(&page, write, now, error);
        *events_out += page.seen;
        if (err == STORE_OK && !tell(&page, differs, ctx))
            err = store_fail(error, STORE_E_STOPPED, "stopped");
    } while (err == STORE_OK && page.seen == PAGE);
    return err;
}
