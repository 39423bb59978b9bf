/* SPDX-License-Identifier: MIT
 * What the store knows of one address beside its events, for bounce why. */
#ifndef BOUNCE_CLI_STORY_H
#define BOUNCE_CLI_STORY_H

#include "base/arena.h"
#include "cli/textbuf.h"
#include "store/ask.h"
#include "store/list.h"

/* How the address stands in the whole store (scope "") or in a scope. */
struct story_state {
    struct bounce_slice scope;
    struct bounce_state state;
    enum bounce_standing standing;
    struct bounce_cause cause; /* that speaks; since BOUNCE_NO_TIME: none */
    enum bounce_slot slot;
    enum bounce_class cls;
    struct story_state *next;
};

struct story_change {
    struct list_change change;
    bool told; /* shown with its event */
    struct story_change *next;
};

struct story {
    struct arena arena; /* of all that follows */
    struct bounce_slice address;
    struct ask_answer answer;
    struct story_state *states;   /* the store's first */
    struct story_change *changes; /* in their order */
};

/* Reads the story of question->address. The caller frees, on failure too. */
enum store_err story_read(struct story *story, struct book *book,
                          const struct ask_question *question, int64_t now,
                          struct store_error *error);
void story_free(struct story *story);

/* What would lift a cause, as a sentence for people. */
void story_lift(struct textbuf *text, const struct story *story,
                const struct bounce_cause *cause, enum bounce_slot slot,
                struct bounce_slice scope);

#endif
