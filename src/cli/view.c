/* SPDX-License-Identifier: MIT */
#include "cli/view.h"

void view_field(struct text *text, struct bounce_slice s)
{
    if (s.len == 0)
        text_byte(text, '-');
    else
        text_clean(text, s);
}

void view_class(struct text *text, const struct bounce_event *event)
{
    view_field(text, slice_cstr(bounce_class_name(event->cls)));
}

void view_status(struct text *text, const struct bounce_event *event)
{
    if (event->status.len > 0)
        text_clean(text, event->status);
    else if (event->reply_code > 0)
        text_format(text, "%d", event->reply_code);
    else
        text_byte(text, '-');
}

void view_why(struct text *text, const struct bounce_event *event)
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
        text_cstr(text, "no report");
        return;
    }
    if (by == BOUNCE_EVIDENCE_NONE || by >= sizeof(kinds) / sizeof(kinds[0])) {
        text_cstr(text, "nothing known fits");
        return;
    }
    text_cstr(text, kinds[by]);
    view_field(text, event->evidence_rule);
    if (event->evidence_text.len > 0 &&
        !slice_eq(event->evidence_text, event->evidence_rule)) {
        text_cstr(text, ": ");
        text_clean(text, event->evidence_text);
    }
}

void view_json(struct text *text, const struct bounce_engine *engine,
               const struct bounce_result *result, size_t i,
               const struct bounce_json_options *options)
{
    size_t need;

    text_room(text, 4096);
    for (;;) {
        need = bounce_event_json(engine, result, i, options,
                                 text->ptr + text->len, text->cap - text->len);
        if (need <= text->cap - text->len)
            break;
        text_room(text, need);
    }
    text->len += need;
}
