/* SPDX-License-Identifier: MIT */
#include "cli/story.h"

#include "base/date.h"
#include "cli/cli.h"

/* Of one address; more would be an error of the store. */
#define STORY_MEMORY ((size_t)256 << 20)

struct story_reading {
    struct story *story;
    struct story_state **state_end;
    struct story_change **change_end;
    bool out_of_memory;
};

static bool take_state(void *ctx, const struct list_address *row)
{
    struct story_reading *reading = ctx;
    struct story_state *state =
        arena_alloc(&reading->story->arena, sizeof(*state));

    if (state == NULL) {
        reading->out_of_memory = true;
        return false;
    }
    *state = (struct story_state){
        .scope = arena_dup(&reading->story->arena, row->scope),
        .state = *row->state,
        .standing = row->standing,
        .cause = {.since = BOUNCE_NO_TIME, .until = BOUNCE_NO_TIME},
        .slot = row->slot,
        .cls = row->cls,
    };
    if (row->cause != NULL)
        state->cause = *row->cause;
    if (row->scope.len == 0) { /* the whole store comes first */
        state->next = reading->story->states;
        reading->story->states = state;
        if (state->next == NULL)
            reading->state_end = &state->next;
        return true;
    }
    *reading->state_end = state;
    reading->state_end = &state->next;
    return true;
}

static bool take_change(void *ctx, const struct list_change *row)
{
    struct story_reading *reading = ctx;
    struct arena *arena = &reading->story->arena;
    struct story_change *change = arena_calloc(arena, 1, sizeof(*change));

    if (change == NULL) {
        reading->out_of_memory = true;
        return false;
    }
    change->change = *row;
    struct bounce_slice *const texts[] = {
        &change->change.address,  &change->change.scope,
        &change->change.what,     &change->change.was,
        &change->change.becomes,  &change->change.outcome,
        &change->change.reason,   &change->change.category,
        &change->change.entry,    &change->change.rule,
        &change->change.event_id, &change->change.label,
        &change->change.counter,  &change->change.cursor};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = arena_dup(arena, *texts[i]);
    *reading->change_end = change;
    reading->change_end = &change->next;
    return true;
}

static enum store_err read_answer(struct story *story, struct book *book,
                                  const struct ask_question *question,
                                  int64_t now, struct store_error *error)
{
    struct ask *ask = ask_new(book);
    enum store_err err;

    if (ask == NULL)
        return store_fail(error, STORE_E_NOMEM, "out of memory");
    err = ask_check(ask, question, 1, now, &story->answer, error);
    ask_free(ask);
    return err;
}

enum store_err story_read(struct story *story, struct book *book,
                          const struct ask_question *question, int64_t now,
                          struct store_error *error)
{
    struct story_reading reading = {story, &story->states, &story->changes,
                                    false};
    const struct list_filter filter = {.address = question->address,
                                       .since = BOUNCE_NO_TIME,
                                       .until = BOUNCE_NO_TIME};
    enum store_err err;

    *story = (struct story){0};
    arena_init(&story->arena, allocator_default(), STORY_MEMORY);
    err = read_answer(story, book, question, now, error);
    if (err != STORE_OK || story->answer.flaw != ADDRESS_FINE)
        return err;
    story->address = slice_cstr(story->answer.address);
    err = list_addresses(book, &filter, now, take_state, &reading, error);
    if (err == STORE_OK)
        err = list_changes(book, &filter, take_change, &reading, error);
    if (reading.out_of_memory)
        return store_fail(error, STORE_E_NOMEM, "out of memory");
    return err;
}

void story_free(struct story *story)
{
    arena_clear(&story->arena);
}

static void add_release(struct textbuf *text, const struct story *story,
                        struct bounce_slice scope, bool consent)
{
    textbuf_cstr(text, "bounce release ");
    textbuf_clean(text, story->address);
    if (scope.len > 0) {
        textbuf_cstr(text, " --scope ");
        textbuf_clean(text, scope);
    }
    if (consent)
        textbuf_cstr(text, " --consent TEXT");
}

void story_lift(struct textbuf *text, const struct story *story,
                const struct bounce_cause *cause, enum bounce_slot slot,
                struct bounce_slice scope)
{
    const bool consent =
        slot == BOUNCE_SLOT_COMPLAINT || slot == BOUNCE_SLOT_UNSUBSCRIBE;
    char iso[DATE_ISO_SIZE];

    if (consent)
        textbuf_cstr(text, "only the person's own new consent: ");
    add_release(text, story, scope, consent);
    if (slot == BOUNCE_SLOT_SUSPENSION)
        textbuf_cstr(text, "; a delivery");
    if (cause->until != BOUNCE_NO_TIME && date_format_iso(cause->until, iso))
        textbuf_format(text, "; it ends by itself on %s", iso);
    else if (!consent)
        textbuf_cstr(text, "; it does not end by itself");
}
