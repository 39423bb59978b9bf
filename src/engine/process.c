/* SPDX-License-Identifier: MIT
 * The path of one message, from bytes to verdicts. A newcomer begins here. */
#include "engine/engine.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/stanza.h"
#include "base/utf8.h"
#include "classify/classify.h"
#include "mime/mime.h"
#include "report/reply.h"

/* What is hashed, gathered so that it is hashed at once. */
struct id_text {
    struct hash128 hash;
    char text[512];
    size_t len;
};

static void add_part(struct id_text *id, struct bounce_slice part)
{
    if (part.len >= sizeof(id->text) - id->len) {
        hash128_add(&id->hash, slice_make(id->text, id->len));
        id->len = 0;
    }
    if (part.len >= sizeof(id->text)) {
        hash128_add(&id->hash, part);
    } else if (part.len > 0) {
        memcpy(id->text + id->len, part.ptr, part.len);
        id->len += part.len;
    }
    id->text[id->len++] = '\0';
}

struct bounce_slice event_id(struct message *message,
                             const struct bounce_event *event,
                             struct bounce_slice seed)
{
    struct id_text id;
    char hex[33];

    hash128_init(&id.hash);
    id.len = 0;
    add_part(&id, seed);
    add_part(&id, slice_cstr(bounce_kind_name(event->kind)));
    add_part(&id, event->recipient);
    add_part(&id, event->status);
    add_part(&id, event->diagnostic);
    hash128_add(&id.hash, slice_make(id.text, id.len));
    hash128_hex(&id.hash, hex);
    return message_dup(message, slice_make(hex, 32));
}

static void begin_message(struct bounce_reader *reader,
                          struct bounce_slice input)
{
    arena_reset(&reader->arena);
    reader->message = (struct message){
        .arena = &reader->arena,
        .options = &reader->engine->options,
        .charsets = reader->charsets,
        .base = input.ptr,
        .len = input.len,
        .warnings = reader->warnings,
    };
    reader->result = (struct bounce_result){0};
    reader->state.text = NULL;
    buf_init(&reader->trace, &reader->arena, (size_t)1 << 20);
}

static void trace_parts(struct bounce_reader *reader,
                        const struct mime_part *part)
{
    for (; part != NULL; part = part->next) {
        trace_line(reader, "mime", "%*s%.*s, %zu bytes, %.*s",
                   (int)part->depth * 2, "", SLICE_ARG(part->media_type),
                   part->body.len, SLICE_ARG(part->charset));
        trace_parts(reader, part->child);
    }
}

static void trace_event(struct bounce_reader *reader,
                        const struct bounce_event *event)
{
    trace_line(reader, "report",
               "%s, recipient %.*s (%s), status %.*s, "
               "reply %d, format %.*s, written by %.*s",
               bounce_kind_name(event->kind), SLICE_ARG(event->recipient),
               event->recipient_from != BOUNCE_FROM_NONE
                   ? bounce_recipient_from_name(event->recipient_from)
                   : "none",
               SLICE_ARG(event->status), event->reply_code,
               SLICE_ARG(event->format), SLICE_ARG(event->written_by));
    trace_line(reader, "reply", "%.*s", SLICE_ARG(event->diagnostic));
}

static void trace_verdict(struct bounce_reader *reader,
                          const struct bounce_event *event)
{
    trace_line(reader, "classify",
               "%.*s by %s %.*s on \"%.*s\", sure %.2f, "
               "provider %.*s",
               SLICE_ARG(event->category),
               bounce_evidence_name(event->evidence_by),
               SLICE_ARG(event->evidence_rule), SLICE_ARG(event->evidence_text),
               event->confidence, SLICE_ARG(event->provider));
    trace_line(reader, "advice", "%s by %s: %.*s",
               bounce_do_name(event->advice.action),
               bounce_who_name(event->advice.who),
               SLICE_ARG(event->advice.remedy));
}

/* The report's own Message-ID tells copies of one report from other reports;
 * without one its headers do. */
static struct bounce_slice event_seed(const struct bounce_event *event,
                                      const struct mime_part *root)
{
    return event->report_id.len > 0 ? event->report_id : root->head;
}

static void finish_result(struct bounce_reader *reader, size_t count)
{
    reader->result.event_count = count;
    reader->result.warnings = reader->warnings;
    reader->result.warning_count = reader->message.warning_count;
}

enum bounce_err process_message(struct bounce_reader *reader,
                                struct bounce_slice input, size_t head_len)
{
    const struct classify_input none = {0};
    struct message *message = &reader->message;
    struct mime_part *root;
    struct report report;

    begin_message(reader, input);
    if (head_len != BOUNCE_NO_OFFSET)
        message_warn(message, "message-too-large",
                     "larger than max_message: only head and tail were read",
                     input.ptr + head_len);
    root = mime_parse(message, input);
    if (root == NULL)
        return message->failed;
    if (reader->tracing)
        trace_parts(reader, root);
    if (!report_read(message, root, &report))
        return message->failed;
    reader->result.events =
        message_calloc(message, report.count, sizeof(struct bounce_event));
    if (reader->result.events == NULL)
        return message->failed;
    for (size_t i = 0; i < report.count; i++) {
        struct report_event *event = &report.events[i];

        if (reader->tracing)
            trace_event(reader, &event->event);
        classify_event(&reader->engine->knowledge, &reader->state, message,
                       &none, event);
        event->event.event_id =
            event_id(message, &event->event, event_seed(&event->event, root));
        if (message->failed != BOUNCE_OK)
            return message->failed;
        if (reader->tracing)
            trace_verdict(reader, &event->event);
        reader->result.events[i] = event->event;
    }
    finish_result(reader, report.count);
    return BOUNCE_OK;
}

/* The event of a reply with its verdict; NULL: message->failed tells why. */
static struct report_event *judge_reply(struct bounce_reader *reader)
{
    const struct bounce_reply *reply = &reader->reply;
    const struct classify_input input = {
        .host = reply->host, .service = reply->service, .bare_reply = true};
    struct message *message = &reader->message;
    struct report_event *event = message_calloc(message, 1, sizeof(*event));

    if (event == NULL)
        return NULL;
    event->event = (struct bounce_event){
        .permanent = -1,
        .verified = -1,
        .status = reply->status,
        .reply_code = reply->reply_code,
        .stage = reply->stage,
        .service = reply->service,
        .sent_at = BOUNCE_NO_TIME,
        .occurred_at = BOUNCE_NO_TIME,
    };
    event->event.diagnostic = mime_decode_header(message, reply->text);
    event->event.diagnostic.len = utf8_cut(
        event->event.diagnostic, reader->engine->options.max_diagnostic);
    classify_event(&reader->engine->knowledge, &reader->state, message, &input,
                   event);
    return message->failed == BOUNCE_OK ? event : NULL;
}

void process_reply_again(struct bounce_reader *reader)
{
    struct matcher_state *state = &reader->state;
    struct memo *memo = state->memo;

    if (!state->recalled)
        return;
    state->memo = NULL;
    judge_reply(reader);
    state->memo = memo;
}

enum bounce_err process_reply(struct bounce_reader *reader,
                              const struct bounce_reply *reply)
{
    struct message *message = &reader->message;
    struct report_event *event;

    begin_message(reader, reply->text);
    reader->reply = *reply;
    event = judge_reply(reader);
    if (event == NULL)
        return message->failed;
    event->event.format = SLICE("reply");
    event->event.event_id = event_id(message, &event->event, reply->host);
    if (message->failed != BOUNCE_OK)
        return message->failed;
    if (reader->tracing)
        trace_verdict(reader, &event->event);
    reader->result.events = &event->event;
    finish_result(reader, 1);
    return BOUNCE_OK;
}
