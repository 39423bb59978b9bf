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

void view_why(struct textbuf *text, const struct bounce_event *event)
{
    static const char *const kinds[] = {"",
                                        "",
                                        "block list ",
                                        "status ",
                                        "reply code ",
                                        "verdict of ",
                                        "kind of report "};
    unsigned by = (unsigned)event->evidence_by;

    if (event->kind == BOUNCE_KIND_NONE) {
        textbuf_cstr(text, "no report");
        return;
    }
    if (by == BOUNCE_EVIDENCE_NONE || by >= sizeof(kinds) / sizeof(kinds[0])) {
        textbuf_cstr(text, "nothing known fits");
        return;
    }
    textbuf_cstr(text, kinds[by]);
    view_field(text, event->evidence_rule);
    if (event->evidence_text.len > 0 &&
        !slice_eq(event->evidence_text, event->evidence_rule)) {
        textbuf_cstr(text, ": ");
        textbuf_clean(text, event->evidence_text);
    }
}

void view_json(struct textbuf *text, const struct bounce_engine *engine,
               const struct bounce_result *result, size_t i,
               const struct bounce_json_options *options)
{
    size_t need;

    textbuf_room(text, 4096);
    for (;;) {
        need = bounce_event_json(engine, result, i, options,
                                 text->ptr + text->len, text->cap - text->len);
        if (need <= text->cap - text->len)
            break;
        textbuf_room(text, need);
    }
    text->len += need;
}
