/* SPDX-License-Identifier: MIT */
#include "engine/judge.h"

#include "classify/classify.h"
#include "engine/engine.h"

static void begin(struct bounce_reader *reader, struct bounce_slice input)
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
}

enum bounce_err judge_event(struct bounce_reader *reader,
                            const struct bounce_event *kept,
                            struct bounce_event *event_out)
{
    const struct classify_input input = {.service = kept->service};
    struct report_event event = {.event = *kept, .field_status = kept->status};
    struct bounce_event *e = &event.event;

    begin(reader, kept->diagnostic);
    e->category = e->provider = e->gateway = SLICE_NULL;
    e->evidence_rule = e->evidence_text = SLICE_NULL;
    e->cls = BOUNCE_CLASS_NONE;
    e->evidence_by = BOUNCE_EVIDENCE_NONE;
    e->confidence = -1;
    classify_event(&reader->engine->knowledge, &reader->state, &reader->message,
                   &input, &event);
    *event_out = *e;
    return reader->message.failed;
}
