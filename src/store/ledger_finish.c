/* SPDX-License-Identifier: MIT
 * What of an entry nothing but its row needs: the body, and whether the reply
 * alone gave the verdict, for which it is judged once more. That is two thirds
 * of the work on an entry, and nobody waits for it while the store is asked what
 * it knows: a large batch has a thread of its own for it, with its own memory and
 * its own reader. */
#include <pthread.h>
#include <stdlib.h>

#include "engine/judge.h"
#include "store/ledger_in.h"

#define BODY_GUESS 2048

struct finisher {
    struct arena arena; /* of the batch */
    struct bounce_reader *reader;
    struct scratch scratch;
    struct entry *entries;
    size_t count;
    pthread_t thread;
    bool running;
    bool failed; /* memory is out */
};

struct finisher *finisher_new(const struct book *book)
{
    struct finisher *finisher = calloc(1, sizeof(*finisher));
    struct bounce_engine *engine;

    if (finisher == NULL)
        return NULL;
    arena_init(&finisher->arena, allocator_default(), LEDGER_ARENA_MAX);
    /* An engine that is shared was sealed: a reader changes it no more. */
    memcpy(&engine, &book->engine, sizeof(struct bounce_engine *));
    if (engine != NULL &&
        bounce_reader_new(engine, &finisher->reader) != BOUNCE_OK) {
        finisher_free(finisher);
        return NULL;
    }
    return finisher;
}

void finisher_free(struct finisher *finisher)
{
    if (finisher == NULL)
        return;
    bounce_reader_free(finisher->reader);
    free(finisher->scratch.ptr);
    arena_clear(&finisher->arena);
    free(finisher);
}

void finisher_begin(struct finisher *finisher)
{
    arena_reset(&finisher->arena);
    finisher->entries = NULL;
    finisher->count = 0;
    finisher->failed = false;
}

/* Whether the kept reply alone leads to this verdict, so that new rules may
 * judge it again. */
static bool reply_alone(struct finisher *finisher, const struct record *r)
{
    struct bounce_event judged;

    if (finisher->reader == NULL || r->act != RECORD_EVENT ||
        r->event.diagnostic.len == 0 ||
        (r->event.kind != BOUNCE_KIND_BOUNCE &&
         r->event.kind != BOUNCE_KIND_DELAY))
        return false;
    return judge_event(finisher->reader, &r->event, &judged) == BOUNCE_OK &&
           slice_eq(judged.category, r->event.category);
}

static bool make_body(struct finisher *f, const struct record *r,
                      struct entry *e)
{
    char *buf = scratch_room(&f->scratch, BODY_GUESS);
    size_t len;

    if (buf == NULL)
        return false;
    len = record_body_write(r, buf, f->scratch.cap);
    if (len > f->scratch.cap) {
        buf = scratch_room(&f->scratch, len);
        if (buf == NULL)
            return false;
        record_body_write(r, buf, len);
    }
    e->body = arena_dup(&f->arena, slice_make(buf, len));
    return e->body.ptr != NULL;
}

bool entry_finish(struct finisher *finisher, const struct record *r,
                  struct entry *e)
{
    e->facts.reply_alone = reply_alone(finisher, r);
    return make_body(finisher, r, e);
}

static bool finish(struct finisher *finisher, struct entry *e)
{
    struct record r;

    if (e->body.ptr != NULL)
        return true;
    r = *e->record;
    if (e->address.ptr != NULL)
        r.event.recipient = e->address;
    return entry_finish(finisher, &r, e);
}

static void *run(void *arg)
{
    struct finisher *finisher = arg;

    for (size_t i = 0; i < finisher->count && !finisher->failed; i++)
        finisher->failed = !finish(finisher, &finisher->entries[i]);
    return NULL;
}

void entries_finish_begin(struct ledger *ledger, struct entry *entries,
                          size_t count)
{
    struct finisher *finisher = ledger->finisher;

    finisher->entries = entries;
    finisher->count = count;
    finisher->running =
        count >= LEDGER_THREAD_MIN &&
        pthread_create(&finisher->thread, NULL, run, finisher) == 0;
}

bool entries_finish_end(struct ledger *ledger)
{
    struct finisher *finisher = ledger->finisher;

    if (finisher->running) {
        pthread_join(finisher->thread, NULL);
        finisher->running = false;
    }
    for (size_t i = 0; i < finisher->count && !finisher->failed; i++) {
        if (finisher->entries[i].fresh)
            finisher->failed = !finish(finisher, &finisher->entries[i]);
    }
    finisher->count = 0;
    return !finisher->failed;
}
