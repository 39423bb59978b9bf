/* SPDX-License-Identifier: MIT
 * Some messages, or some files of a folder, that one thread takes to results at
 * a time. */
#ifndef BOUNCE_CLI_WORK_BATCH_H
#define BOUNCE_CLI_WORK_BATCH_H

#include "cli/work.h"

#define WORK_BATCH_ITEMS 64
#define WORK_BATCH_BYTES ((size_t)256 << 10)

struct work_item {
    struct input_message message; /* data and source stand where follows */
    size_t source_at;             /* in the batch's bytes */
    size_t data_at; /* there too; of a file in the window of who reads it */
    size_t name_at; /* of a file: its name in the folder, with NUL */
    int error;      /* errno: could not be read */
};

struct work_batch {
    struct textbuf bytes;
    struct work_item items[WORK_BATCH_ITEMS];
    size_t count;
    int dir;         /* of the folder whose files these are; -1: messages */
    uint64_t folder; /* its number */
    bool ends_show;  /* there: folder_ends_show() */
    size_t done;     /* items that gave their result */
    int mbox; /* what items[done] is; only who emits takes it apart; -1 */
    struct work_result result; /* of the items that were rendered last */
    bool rendered;
};

/* What a thread has to itself. All zero but for state is fine. */
struct work_hand {
    void *state; /* of work_job.start() */
    char *window;
    struct stream stream;
};

/* Empty but for what is the job's own. */
void work_result_begin(struct work_result *result);

void work_batch_init(struct work_batch *batch);
void work_batch_free(struct work_batch *batch, const struct work_job *job);
/* For other items. */
void work_batch_reset(struct work_batch *batch);
bool work_batch_full(const struct work_batch *batch);

void work_batch_add(struct work_batch *batch,
                    const struct input_message *message);
/* Whether a file of this folder may stand in the batch. */
bool work_batch_suits(const struct work_batch *batch,
                      const struct source_file *file);
/* false with errno, when the folder cannot be held open. */
bool work_batch_add_file(struct work_batch *batch,
                         const struct source_file *file);
void work_batch_add_failure(struct work_batch *batch, const char *path,
                            int error);

/* Renders items from the first on that has no result: all, or up to one that is
 * an mbox and not small, or until the output is much. */
void work_batch_render(const struct work_job *job, struct work_hand *hand,
                       struct work_batch *batch);
void work_hand_clear(struct work_hand *hand);

#endif
