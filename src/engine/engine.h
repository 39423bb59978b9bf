/* SPDX-License-Identifier: MIT
 * The handles of bounce.h from inside. */
#ifndef BOUNCE_ENGINE_ENGINE_H
#define BOUNCE_ENGINE_ENGINE_H

#include "base/buf.h"
#include "base/vec.h"
#include "classify/compile.h"
#include "classify/knowledge.h"
#include "report/report.h"

struct bounce_engine {
    struct bounce_options options;
    struct arena arena; /* sources, tables and knowledge */
    struct vec sources; /* struct compile_source, added by the user */
    size_t source_bytes;
    struct tables user; /* compiled from sources */
    struct knowledge knowledge;
    bool sealed;
};

struct bounce_result {
    struct bounce_event *events;
    size_t event_count;
    const struct bounce_warning *warnings;
    size_t warning_count;
};

struct bounce_reader {
    const struct bounce_engine *engine;
    struct arena arena; /* of the current message */
    struct message message;
    struct bounce_warning *warnings;
    struct matcher_state state;
    struct charset_cache *charsets;
    struct bounce_result result;
    char *joined;              /* head and tail of a message over the ceiling */
    struct bounce_reply reply; /* of the last bounce_classify() */
    bool tracing;
    struct buf trace;
};

/* process.c: the whole path of one message. root_bytes is the input; head_len
 * is BOUNCE_NO_OFFSET unless a middle part was left out behind it. */
enum bounce_err process_message(struct bounce_reader *reader,
                                struct bounce_slice input, size_t head_len);
enum bounce_err process_reply(struct bounce_reader *reader,
                              const struct bounce_reply *reply);

/* process.c: judges the last reply anew where the memo told its verdict, so that
 * reader->state says how; the result stays. */
void process_reply_again(struct bounce_reader *reader);

/* reader.c: frees what bounce_read() joined. */
void reader_drop_joined(struct bounce_reader *reader);
/* reader.c: a line of bounce read --trace. */
void trace_line(struct bounce_reader *reader, const char *stage,
                const char *format, ...) __attribute__((format(printf, 3, 4)));

/* process.c: 32 hex digits in the message's arena. */
struct bounce_slice event_id(struct message *message,
                             const struct bounce_event *event,
                             struct bounce_slice seed);

#endif
