/* SPDX-License-Identifier: MIT
 * The calls of bounce.h that read something: they check arguments and leave
 * the work to process.c. */
#include <stdarg.h>
#include <stdio.h>

#include "classify/mask.h"
#include "engine/engine.h"

static enum bounce_err report_error(enum bounce_err err,
                                    struct bounce_error *error_out)
{
    const char *msg = bounce_strerror(err);

    /* No printf(): this stands at the end of every call that went well. */
    if (error_out != NULL) {
        *error_out =
            (struct bounce_error){.code = err, .offset = BOUNCE_NO_OFFSET};
        memcpy(error_out->msg, msg, strlen(msg));
    }
    return err;
}

static enum bounce_err run(struct bounce_reader *reader,
                           struct bounce_slice input, size_t head_len,
                           const struct bounce_result **result_out,
                           struct bounce_error *error_out)
{
    enum bounce_err err = process_message(reader, input, head_len);

    if (err != BOUNCE_OK) {
        reader->result = (struct bounce_result){0};
        return report_error(err, error_out);
    }
    *result_out = &reader->result;
    return report_error(BOUNCE_OK, error_out);
}

/* A message over the ceiling is read by its head and its tail, which hold the
 * report and the end of what was returned: the middle is the returned text. */
static enum bounce_err run_large(struct bounce_reader *reader, const char *data,
                                 size_t len,
                                 const struct bounce_result **result_out,
                                 struct bounce_error *error_out)
{
    size_t max = reader->engine->options.max_message;
    size_t tail = max / 8, head = max - tail;
    char *joined;
    enum bounce_err err;

    joined = reader->engine->options.allocator.alloc(
        reader->engine->options.allocator.ctx, max + 1);
    if (joined == NULL)
        return report_error(BOUNCE_E_NOMEM, error_out);
    memcpy(joined, data, head);
    memcpy(joined + head, data + len - tail, tail);
    err = run(reader, slice_make(joined, max), head, result_out, error_out);
    if (err != BOUNCE_OK) {
        reader->engine->options.allocator.release(
            reader->engine->options.allocator.ctx, joined, max + 1);
        return err;
    }
    reader->joined = joined;
    return BOUNCE_OK;
}

void reader_drop_joined(struct bounce_reader *reader)
{
    const struct bounce_options *options = &reader->engine->options;

    if (reader->joined != NULL)
        options->allocator.release(options->allocator.ctx, reader->joined,
                                   options->max_message + 1);
    reader->joined = NULL;
}

enum bounce_err bounce_read(struct bounce_reader *reader, const void *data,
                            size_t len, const struct bounce_result **result_out,
                            struct bounce_error *error_out)
{
    if (reader == NULL || result_out == NULL || (data == NULL && len > 0))
        return report_error(BOUNCE_E_ARG, error_out);
    reader_drop_joined(reader);
    if (len > reader->engine->options.max_message)
        return run_large(reader, data, len, result_out, error_out);
    return run(reader, slice_make(len > 0 ? data : "", len), BOUNCE_NO_OFFSET,
               result_out, error_out);
}

enum bounce_err bounce_read_truncated(struct bounce_reader *reader,
                                      const void *data, size_t head_len,
                                      size_t tail_len,
                                      const struct bounce_result **result_out,
                                      struct bounce_error *error_out)
{
    if (reader == NULL || result_out == NULL ||
        head_len > SIZE_MAX - tail_len ||
        (data == NULL && head_len + tail_len > 0))
        return report_error(BOUNCE_E_ARG, error_out);
    reader_drop_joined(reader);
    return run(
        reader,
        slice_make(head_len + tail_len > 0 ? data : "", head_len + tail_len),
        head_len, result_out, error_out);
}

enum bounce_err bounce_classify(struct bounce_reader *reader,
                                const struct bounce_reply *reply,
                                const struct bounce_result **result_out,
                                struct bounce_error *error_out)
{
    struct bounce_reply own = {0};
    enum bounce_err err;

    if (reader == NULL || reply == NULL || result_out == NULL ||
        reply->size < offsetof(struct bounce_reply, host) ||
        (reply->text.ptr == NULL && reply->text.len > 0))
        return report_error(BOUNCE_E_ARG, error_out);
    reader_drop_joined(reader);
    memcpy(&own, reply, reply->size < sizeof(own) ? reply->size : sizeof(own));
    if (own.text.ptr == NULL)
        own.text = SLICE("");
    err = process_reply(reader, &own);
    if (err != BOUNCE_OK) {
        reader->result = (struct bounce_result){0};
        return report_error(err, error_out);
    }
    *result_out = &reader->result;
    return report_error(BOUNCE_OK, error_out);
}

struct bounce_slice bounce_reader_template(struct bounce_reader *reader)
{
    const struct matcher_state *state = &reader->state;
    struct bounce_slice text;
    char *out;

    process_reply_again(reader);
    if (state->text == NULL || reader->result.event_count == 0)
        return SLICE("");
    text = slice_make(state->text + state->reply_start,
                      state->reply_end - state->reply_start);
    if (text.len == 0)
        text = slice_make(state->text, state->text_len);
    out = message_alloc(&reader->message, MASK_ROOM(text.len));
    return out != NULL ? slice_make(out, mask(text, out)) : SLICE("");
}

void bounce_reader_trace(struct bounce_reader *reader, bool on)
{
    reader->tracing = on;
}

struct bounce_slice bounce_reader_trace_text(const struct bounce_reader *reader)
{
    return buf_slice(&reader->trace);
}

void trace_line(struct bounce_reader *reader, const char *stage,
                const char *format, ...)
{
    char line[4096];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    buf_add(&reader->trace, slice_cstr(stage));
    buf_add(&reader->trace, SLICE(": "));
    for (const char *p = line; *p != '\0'; p++)
        buf_add_byte(&reader->trace, *p == '\n' || *p == '\r' ? ' ' : *p);
    buf_add_byte(&reader->trace, '\n');
}
