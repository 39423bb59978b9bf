/* SPDX-License-Identifier: MIT
 * Messages to results, by one thread or several; results come out in the order
 * of the messages. */
#ifndef BOUNCE_CLI_WORK_H
#define BOUNCE_CLI_WORK_H

#include "cli/source.h"
#include "cli/tally.h"

/* What some messages gave. */
struct work_result {
    struct textbuf output; /* rows or lines */
    struct textbuf errors; /* lines for standard error, no "bounce: " */
    struct textbuf trace;
    struct tally tally;
    bool failed; /* some message could not be read */
    void *own;   /* the job's: NULL at first, kept from batch to batch */
};

struct work_job {
    /* One thread's state from start(); message to result. Called by several
     * threads at once, each with a state of its own. */
    void *(*start)(void *ctx);
    void (*render)(void *ctx, void *state, const struct input_message *message,
                   struct work_result *result);
    void (*stop)(void *ctx, void *state);
    void (*drop)(void *ctx, void *own); /* frees result->own; may be NULL */
    /* Takes results in order, in the thread that calls work_*(). */
    void (*emit)(void *ctx, const struct work_result *result);
    void *ctx;
    size_t max_message; /* bytes; for work_add_file() */
};

/* Names the message that could not be read, and why. */
void work_unreadable(struct work_result *result,
                     const struct input_message *message, enum bounce_err err);

struct work;

/* The caller's thread is one of them: it renders when the others are busy.
 * Where the system gives fewer, fewer do the work. */
struct work *work_new(const struct work_job *job, unsigned threads);
/* The message is used up when this returns. */
void work_add(struct work *work, const struct input_message *message);
/* Whoever renders reads the file, too, one message or an mbox. false: the caller
 * must read it. */
bool work_add_file(struct work *work, const struct source_file *file);
/* A complaint in its place: "PATH: why" among the errors. */
void work_add_failure(struct work *work, const char *path, int error);
/* Waits for all results and emits them; others may be added. */
void work_drain(struct work *work);
/* The same, and frees. */
void work_end(struct work *work);

#endif
