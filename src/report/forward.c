/* SPDX-License-Identifier: MIT */
#include "report/forward.h"

bool forward_is(const struct collect *collect)
{
    static const char *const prefixes[] = {
        "fwd:", "fw:", "wg:", "tr:", "rv:", "i:", "enc:", "doorst:", "vs:"};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (slice_starts_nocase(collect->outer.subject,
                                slice_cstr(prefixes[i])))
            return true;
    return false;
}

/* "> From: ..." without its marks of quotation. Mail programs put a blank
 * behind one mark; ">>> DATA" of a transcript stays whole behind its own. */
static struct bounce_slice unquote(struct bounce_slice line)
{
    if (line.len > 0 && line.ptr[0] == '>')
        line = slice_from(line, 1);
    if (line.len > 0 && line.ptr[0] == ' ')
        line = slice_from(line, 1);
    return line;
}

const struct mime_part *forward_parse(struct collect *collect)
{
    struct bounce_slice rest = collect->human, line;
    char *out = message_alloc(collect->message, rest.len + 1);
    bool open = false;
    size_t n = 0;

    if (out == NULL)
        return NULL;
    while (slice_next_line(&rest, &line)) {
        line = unquote(line);
        if (!open && !slice_starts_nocase(line, SLICE("From:")))
            continue; /* what the person wrote, and the divider */
        open = true;
        if (line.len > 0)
            memcpy(out + n, line.ptr, line.len);
        n += line.len;
        out[n++] = '\n';
    }
    return open ? mime_parse(collect->message, slice_make(out, n)) : NULL;
}

bool forward_may_attach(const struct collect *outer,
                        const struct mime_part *part,
                        const struct collect *nested)
{
    bool digest =
        part->parent != NULL &&
        slice_eq_nocase(part->parent->media_type, SLICE("multipart/digest"));
    bool fields = nested->parts.report && (nested->parts.status != NULL ||
                                           nested->parts.feedback != NULL);

    /* Software of lists shows its owner the bounces that it dealt with. */
    if (outer->outer.list && !digest)
        return false;
    if (digest || forward_is(outer))
        return fields || nested->outer.daemon || nested->outer.null_sender;
    return fields && !slice_starts_nocase(outer->outer.subject, SLICE("re:"));
}
