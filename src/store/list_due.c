/* SPDX-License-Identifier: MIT
 * What became of a campaign that may still be mended: last words, and what the
 * store says of their addresses and routes by now. */
#include "policy/policy.h"
#include "store/ask.h"
#include "store/list_record.h"

#define BATCH 500

struct waiting {
    struct list_record record;
    struct bounce_slice cursor;
};

struct due {
    struct book *book;
    struct ask *ask;
    struct arena room;  /* of what is here until the end */
    struct arena arena; /* of the batch */
    struct waiting *waiting;
    struct ask_question *questions;
    struct ask_answer *answers;
    size_t count;
    int64_t now;
    bool (*take)(void *ctx, const struct list_due *row);
    void *ctx;
    struct store_error error; /* of err, which is not the list's */
    enum store_err err;
};

static bool gave_up(const struct bounce_policy *policy,
                    const struct record *record)
{
    return record->event.kind == BOUNCE_KIND_DELAY &&
           ((policy->give_up_s > 0 && record->waiting_s >= policy->give_up_s) ||
            (policy->tries > 0 && record->tries >= policy->tries));
}

/* Address and route let it through: is there something in the failure? */
static void judge_failure(const struct due *due, const struct record *record,
                          struct list_due *row)
{
    const struct bounce_event *event = &record->event;
    bool final = event->kind == BOUNCE_KIND_BOUNCE;
    int64_t after = event->advice.retry_after_s;

    row->may = BOUNCE_NEVER;
    if (gave_up(due->book->policy, record)) {
        row->reason = "gave-up";
    } else if (final && event->permanent != 0 &&
               event->advice.retry_by == BOUNCE_RETRY_NONE) {
        row->reason = "permanent";
    } else if (after > 0 && event->occurred_at > due->now - after) {
        row->may = BOUNCE_LATER;
        row->when = event->occurred_at + after;
        row->reason = "retry-after";
    } else {
        row->may = BOUNCE_SEND;
        row->when = due->now;
        row->reason = "retry";
    }
}

static bool give(struct due *due, const struct waiting *waiting,
                 const struct ask_answer *answer)
{
    const struct record *record = &waiting->record.record;
    struct list_due row = {.address = record->event.recipient,
                           .may = answer->may,
                           .when = BOUNCE_NO_TIME,
                           .reason = answer->reason,
                           .record = record,
                           .cursor = waiting->cursor};

    if (answer->may == BOUNCE_LATER)
        row.when = answer->until;
    else if (answer->may == BOUNCE_SEND)
        judge_failure(due, record, &row);
    return due->take(due->ctx, &row);
}

static enum store_err flush(struct due *due)
{
    for (size_t i = 0; i < due->count; i++) {
        const struct record *record = &due->waiting[i].record.record;

        due->questions[i] =
            (struct ask_question){.address = record->event.recipient,
                                  .scope = record->event.scope,
                                  .ip = record->ip,
                                  .sender_domain = record->sender_domain,
                                  .campaign = record->event.campaign};
    }
    due->err = ask_check(due->ask, due->questions, due->count, due->now,
                         due->answers, &due->error);
    for (size_t i = 0; i < due->count && due->err == STORE_OK; i++)
        if (!give(due, &due->waiting[i], &due->answers[i]))
            due->err = store_fail(&due->error, STORE_E_STOPPED, "stopped");
    due->count = 0;
    arena_reset(&due->arena);
    return due->err;
}

static bool take_event(void *ctx, const struct list_event *row)
{
    struct due *due = ctx;
    struct waiting *waiting = &due->waiting[due->count];

    if (row->record->event.recipient.len == 0)
        return true; /* nobody to try */
    waiting->cursor = arena_dup(&due->arena, row->cursor);
    if (!record_copy(&waiting->record.record, row->record, &due->arena) ||
        waiting->cursor.ptr == NULL) {
        due->err = list_no_memory(&due->error);
        return false;
    }
    return ++due->count < BATCH || flush(due) == STORE_OK;
}

static bool due_begin(struct due *due)
{
    arena_init(&due->room, allocator_default(), (size_t)1 << 30);
    arena_init(&due->arena, allocator_default(), (size_t)1 << 30);
    due->ask = ask_new(due->book);
    due->waiting = arena_calloc(&due->room, BATCH, sizeof(*due->waiting));
    due->questions = arena_calloc(&due->room, BATCH, sizeof(*due->questions));
    due->answers = arena_calloc(&due->room, BATCH, sizeof(*due->answers));
    return due->ask != NULL && due->waiting != NULL && due->questions != NULL &&
           due->answers != NULL;
}

static void due_end(struct due *due)
{
    ask_free(due->ask);
    arena_clear(&due->arena);
    arena_clear(&due->room);
}

enum store_err list_due(struct book *book, const struct list_filter *filter,
                        int64_t now,
                        bool (*take)(void *ctx, const struct list_due *row),
                        void *ctx, struct store_error *error)
{
    struct due due = {.book = book, .now = now, .take = take, .ctx = ctx};
    enum store_err err;

    if (filter->campaign.len == 0)
        return store_fail(error, STORE_E_VALUE, "which campaign?");
    if (!due_begin(&due))
        err = list_no_memory(error);
    else
        err = list_last_words(book, filter, take_event, &due, error);
    if (err == STORE_OK && due.count > 0)
        err = flush(&due);
    if (due.err != STORE_OK) {
        *error = due.error;
        err = due.err;
    }
    due_end(&due);
    return err;
}
