/* SPDX-License-Identifier: MIT
 * bounce explain: codes, replies and messages in plain words. */
#ifndef BOUNCE_CLI_EXPLAIN_H
#define BOUNCE_CLI_EXPLAIN_H

#include "cli/textbuf.h"

struct explain_run {
    struct bounce_engine *engine;
    struct bounce_reader *reader;
    struct bounce_slice service, provider; /* NULL: all */
    bool json, colour;
    size_t width;
};

/* What is asked about. Unknown is NULL or 0. */
struct explain_codes {
    struct bounce_slice status;       /* "5.7.26" */
    int reply_code;                   /* 550 */
    struct bounce_slice service_code; /* "605" */
};

/* Whether query is nothing but codes: "550", "5.7.26", "550 5.7.26",
 * "550-5.7.26", "X.7.26"; of a service (then service is known) any word. */
bool explain_is_code(const struct explain_run *run, struct bounce_slice query,
                     struct explain_codes *codes_out);

/* A heading, or a paragraph below it; nothing when s is empty. */
void explain_heading(const struct explain_run *run, struct textbuf *text,
                     const char *title);
void explain_paragraph(const struct explain_run *run, struct textbuf *text,
                       const char *title, struct bounce_slice s);

/* Title, meaning, cause and remedy of each code; the number found. With
 * run->json an array. */
size_t explain_codes(const struct explain_run *run, struct textbuf *text,
                     const struct explain_codes *codes);
/* What providers mean by the codes: from their rules and the examples. */
void explain_providers(const struct explain_run *run, struct textbuf *text,
                       const struct explain_codes *codes);
/* What a class means for the address, in a sentence. Static. */
const char *explain_class_words(enum bounce_class cls);
/* The verdict of an event, what to do, and why. */
void explain_verdict(const struct explain_run *run, struct textbuf *text,
                     const struct bounce_event *event);
/* Who reported what about whom and when. */
void explain_story(const struct explain_run *run, struct textbuf *text,
                   const struct bounce_event *event);

#endif
