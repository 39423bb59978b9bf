/* SPDX-License-Identifier: MIT
 * Templates of replies that the rules do not know, counted in bounded memory:
 * when the table is full, what was seen once is dropped. */
#ifndef BOUNCE_CLI_LEARN_H
#define BOUNCE_CLI_LEARN_H

#include "cli/out.h"

#define LEARN_MAX       65536 /* templates kept */
#define LEARN_PROVIDERS 4     /* providers kept of each */

struct learn_template {
    char *text; /* template, LF, first reply */
    uint32_t text_len, reply_len;
    uint32_t hash;
    uint64_t count;
    struct bounce_slice category; /* of the first reply; the engine's */
    char code[32];                /* "550 5.7.1" of the first reply */
    struct {
        struct bounce_slice id; /* the engine's */
        uint64_t count;
    } providers[LEARN_PROVIDERS];
};

/* All zero is empty. */
struct learn {
    struct learn_template *templates;
    size_t count, cap;
    uint32_t *slots; /* index + 1 of a template; 0 free */
    size_t slot_count;
    uint64_t dropped; /* replies */
};

void learn_add(struct learn *learn, struct bounce_slice template,
               struct bounce_slice reply, const struct bounce_event *event);
/* As rules to be completed, those seen least times or more, most frequent
 * first. Reorders the templates: the last call before learn_free(). */
void learn_write(struct learn *learn, unsigned least, struct out *out);
void learn_free(struct learn *learn);

#endif
