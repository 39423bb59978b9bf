/* SPDX-License-Identifier: MIT */
#include "cli/view.h"

void view_field(struct textbuf *text, struct bounce_slice s)
{
    if (s.len == 0)
        textbuf_byte(text, '-');
    else
        textbuf_clean(text, s);
}

void view_class(struct textbuf *text, const struct bounce_event *event)
{
    view_field(text, slice_cstr(bounce_class_name(event->cls)));
}

void view_status(struct textbuf *text, const struct bounce_event *event)
{
    if (event->status.len > 0)
        textbuf_clean(text, event->status);
    else if (event->reply_code > 0)
        textbuf_format(text, "%d", event->reply_code);
    else
        textbuf_byte(text, '-');
}

/* What decided, without the words it hit. */
static void add_decider(struct textbuf *text, const struct bounce_event *event)
{
    switch (event->evidence_by) {
    case BOUNCE_EVIDENCE_RULE:
        break;
    case BOUNCE_EVIDENCE_BLOCK_LIST:
        textbuf_cstr(text, "block list ");
        break;
    case BOUNCE_EVIDENCE_STATUS:
        textbuf_cstr(text, "status ");
        break;
    case BOUNCE_EVIDENCE_REPLY_CODE:
        textbuf_cstr(text, "reply code ");
        break;
    case BOUNCE_EVIDENCE_SERVICE:
        textbuf_cstr(text, "verdict of the service ");
        break;
    case BOUNCE_EVIDENCE_FORMAT:
        textbuf_cstr(text, "the kind of report");
        return;
    case BOUNCE_EVIDENCE_NONE:
        textbuf_cstr(text, "nothing known fits");
        return;
    }
    view_field(text, event->evidence_rule);
}

void view_why(struct textbuf *text, const struct bounce_event *event)
{
    bool words = event->evidence_by == BOUNCE_EVIDENCE_RULE ||
                 event->evidence_by == BOUNCE_EVIDENCE_BLOCK_LIST;

    if (event->kind == BOUNCE_KIND_NONE) {
        textbuf_cstr(text, "no report");
        return;
    }
    if (event->kind == BOUNCE_KIND_DELAY)
        textbuf_cstr(text, "not final: ");
    if (words && event->evidence_text.len > 0) {
        textbuf_byte(text, '"');
        textbuf_clean(text, event->evidence_text);
        textbuf_cstr(text, "\" (");
        add_decider(text, event);
        textbuf_byte(text, ')');
    } else {
        add_decider(text, event);
    }
}

void view_json(struct textbuf *text, const struct bounce_engine *engine,
               const struct bounce_result *result, size_t i,
               const struct bounce_json_options *options)
{
    size_t need = 16384; /* with plenty of room writing is quick */
    char *to;

    do {
        to = textbuf_room(text, need);
        need = bounce_event_json(engine, result, i, options, to,
                                 text->cap - text->len);
    } while (need > text->cap - text->len);
    text->len += need;
}
