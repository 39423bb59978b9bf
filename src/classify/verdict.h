/* SPDX-License-Identifier: MIT
 * What classify.c, rank.c and provider.c share while one reply is judged. */
#ifndef BOUNCE_CLASSIFY_VERDICT_H
#define BOUNCE_CLASSIFY_VERDICT_H

#include "classify/classify.h"
#include "classify/knowledge.h"
#include "report/reply.h"

#define MAX_PROVIDERS 12

struct found_provider {
    struct bounce_slice id;
    enum tab_provider_kind kind;
};

/* Everything the rules may look at. */
struct subject {
    const struct knowledge *knowledge;
    struct matcher_state *state;
    struct message *message;
    struct bounce_slice service;
    int code;           /* 0 unknown */
    unsigned status[3]; /* class 0: unknown */
    struct bounce_slice status_text;
    enum bounce_stage stage;
    struct found_provider providers[MAX_PROVIDERS];
    size_t provider_count;
    /* By set, while one sentence of the reply is looked at: which Not phrases
     * stand anywhere in it. NULL otherwise. */
    const uint8_t *elsewhere[KNOWLEDGE_SETS];
};

/* The best rule for a text. rule NULL: none. */
struct best_rule {
    const struct tables *tables;
    const struct tab_rule *rule;
    uint64_t key;             /* the order among rules: larger precedes */
    struct bounce_slice text; /* normalised text that was hit */
    uint32_t start;           /* where it stands in the normalised reply */
    uint32_t literal;         /* bytes of it that are no gap */
    bool inside;              /* in the innermost reply itself */
    bool contested;           /* a rule of another category spoke too */
    bool one_sentence;        /* spoke in a sentence looked at alone */
};

/* Match the reply over all tables: the matchers hold the hits afterwards.
 * false when memory is out. */
bool subject_match(struct subject *subject, const struct reply *reply);
/* Providers from the hits' signs, and from host names. */
void subject_add_signs(struct subject *subject);
void subject_add_host(struct subject *subject, struct bounce_slice host,
                      bool domain);
bool subject_has_provider(const struct subject *subject,
                          struct bounce_slice id);
/* For each weight (enum tab_weight) the rule that precedes all others and what
 * best holds already; zeroed at first. */
void subject_best(struct subject *subject, struct best_rule best[3]);
/* Where no rule of normal weight speaks of a reply of several sentences: looks
 * at each alone, so that a Not phrase in one does not silence the next. */
void subject_best_of_sentences(struct subject *subject,
                               const struct reply *reply,
                               struct best_rule best[3]);

#endif
