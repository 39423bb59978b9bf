/* SPDX-License-Identifier: MIT
 * May I send? One address or many. */
#ifndef BOUNCE_STORE_ASK_H
#define BOUNCE_STORE_ASK_H

#include "store/book.h"

struct ask_question {
    struct bounce_slice address, scope; /* scope NULL: none */
    struct bounce_slice ip, sender_domain, campaign;
};

struct ask_answer {
    enum address_flaw flaw; /* not FINE: may is NEVER, nothing else is set */
    enum bounce_may may, decided;
    int64_t until;      /* BOUNCE_NO_TIME: not known, or without end */
    const char *reason; /* a stable word; static */
    bool in_scope;
    bool forgotten;            /* a digest alone says so */
    struct bounce_cause cause; /* since BOUNCE_NO_TIME: none */
    bool has_hold;
    struct bounce_hold hold;
    char label[16]; /* the preset's code; empty: none */
    char address[ADDRESS_MAX];
    char provider[64]; /* of the domain, as far as it is known; else empty */
};

/* Holds and all that does not change with the address, kept between calls and
 * read again when table hold changed. */
struct ask;
struct ask *ask_new(struct book *book); /* NULL: memory is out */
void ask_free(struct ask *ask);

/* Answers questions in their order; many at once are asked in the order of the
 * store, which is what makes it fast. */
enum store_err ask_check(struct ask *ask, const struct ask_question *questions,
                         size_t count, int64_t now, struct ask_answer *answers,
                         struct store_error *error);

/* The reason in one line for people: "suppressed since 2026-03-01: user_unknown
 * (google.no-such-user), 550 5.1.1"; not NUL-terminated, at most cap. */
size_t ask_line(const struct ask_answer *answer, int64_t now, char *buf,
                size_t cap);

#endif
