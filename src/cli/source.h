/* SPDX-License-Identifier: MIT
 * Where messages come from: files, folders, Maildirs, mboxes, standard input.
 * Messages are handed over one by one; memory does not grow with the input. */
#ifndef BOUNCE_CLI_SOURCE_H
#define BOUNCE_CLI_SOURCE_H

#include "cli/stream.h"

/* A regular file of a folder, not yet opened. */
struct source_file {
    int dir;                  /* the folder, open */
    uint64_t folder;          /* its number: no two folders share one */
    struct bounce_slice path; /* for people */
    size_t name_len;          /* its last bytes are the name in the folder */
};

struct source {
    /* Takes a message, which lives until it returns. */
    void (*sink)(void *ctx, const struct input_message *message);
    /* Takes a file in place of its messages, or returns false and gets those.
     * NULL: takes none. */
    bool (*take_file)(void *ctx, const struct source_file *file);
    /* Says that something cannot be read, and why. NULL: cli_error() does. */
    void (*complain)(void *ctx, const char *path, int error);
    /* Where to begin in a regular file (fd, at its beginning): 0, or where a
     * message begins. NULL: at the beginning. */
    int64_t (*resume)(void *ctx, int fd, const char *path);
    void *ctx;
    bool stop; /* set by sink: no further message */
    struct stream stream;
    double done, span; /* the part of the work that runs: progress */
    uint64_t messages, folders;
    bool failed; /* some input could not be read; it was named */
};

void source_init(struct source *source, size_t max_message,
                 void (*sink)(void *ctx, const struct input_message *message),
                 void *ctx);
void source_clear(struct source *source);

/* All messages of count paths, "-" being standard input. A Maildir gives its
 * new/ and cur/; any other folder all regular files below it in the order of
 * their names, save those whose names begin with a dot. */
void source_run(struct source *source, char *const *paths, int count);

/* bounce_read() of a message as it came, whole or without its middle. */
enum bounce_err source_read(struct bounce_reader *reader,
                            const struct input_message *message,
                            const struct bounce_result **result_out,
                            struct bounce_error *error_out);

#endif
