/* SPDX-License-Identifier: MIT
 * The user's tables before the built-in ones, and look-ups over both. */
#ifndef BOUNCE_CLASSIFY_KNOWLEDGE_H
#define BOUNCE_CLASSIFY_KNOWLEDGE_H

#include "base/arena.h"
#include "classify/matcher.h"

#define KNOWLEDGE_SETS 2 /* user's, built-in */

struct memo; /* classify/memo.h: what was judged before */

struct knowledge {
    const struct tables *sets[KNOWLEDGE_SETS]; /* in order of precedence */
    size_t set_count;
    /* Public form of all categories, user's first. */
    struct bounce_category *categories;
    size_t category_count;
    uint32_t *category_slots; /* by hash: 1 + index, or 0 */
    uint32_t category_mask;
    const uint32_t *guard; /* of all sets: classify/guard.h */
};

/* One rule that spoke: bounce rules why. */
struct ranked {
    size_t set, rule; /* rule of sets[set] */
    uint64_t key;     /* larger precedes */
    struct bounce_slice phrase, text;
};

/* One thread's scratch memory: a matcher for each set, and the last text. */
struct matcher_state {
    struct matcher *matchers[KNOWLEDGE_SETS];
    char *text; /* normalised; in the message's arena */
    size_t text_len;
    size_t reply_start, reply_end; /* the innermost reply in it */
    size_t reason;                 /* where it says why; SLICE_NPOS */
    bool tired;        /* some phrases of the event were not looked for */
    struct memo *memo; /* NULL: everything is judged anew */
    bool recalled;     /* the memo told the verdict: text is not filled */
    bool keep_ranked;
    struct ranked ranked[MATCHER_MAX_HITS];
    size_t ranked_count;
};

/* user may be NULL. The categories live in arena. false: memory is out. */
bool knowledge_init(struct knowledge *knowledge, const struct tables *user,
                    struct arena *arena);

/* NULL when there is none of that id. */
const struct bounce_category *
knowledge_category(const struct knowledge *knowledge, struct bounce_slice id);

/* The entry for a status ("5.1.1" finds "X.1.1" too) or a reply code; NULL
 * when unknown. tables_out says whose it is. */
const struct tab_code *knowledge_status(const struct knowledge *knowledge,
                                        struct bounce_slice status,
                                        const struct tables **tables_out);
const struct tab_code *knowledge_reply_code(const struct knowledge *knowledge,
                                            int code,
                                            const struct tables **tables_out);
/* The code of a sending service, such as mailgun's 605 or 550 5.6.11: what it
 * says of the code with the status precedes what it says of the code. */
const struct tab_code *knowledge_service_code(const struct knowledge *knowledge,
                                              struct bounce_slice service,
                                              int code,
                                              struct bounce_slice status,
                                              const struct tables **tables_out);

/* Whether a status (class, subject, detail) is what a condition asks for. */
bool knowledge_status_matches(const struct tab_code_condition *condition,
                              const unsigned status[3]);

/* The provider that a host name, or a recipient's domain, belongs to: its index
 * in tables, or TAB_NONE. */
uint32_t knowledge_host(const struct tables *tables, struct bounce_slice name,
                        bool domain);

#endif
