/* SPDX-License-Identifier: MIT */
#include "report/parts.h"

#include "base/buf.h"
#include "report/original.h"

/* No system writes a notice of that size; what is beyond is the returned
 * message. */
enum { TEXT_MAX = 1 << 20 };

struct walk {
    struct collect *collect;
    struct bounce_slice first; /* the only text so far */
    struct buf all;            /* several texts together */
    bool several;
};

struct bounce_slice parts_text(struct collect *collect,
                               const struct mime_part *part)
{
    return mime_text(collect->message, part, TEXT_MAX);
}

static bool is_media(const struct mime_part *part, const char *prefix)
{
    return slice_starts_nocase(part->media_type, slice_cstr(prefix));
}

/* Types that some systems write for the headers or a piece of the returned
 * message; RFC 6522 names text/rfc822-headers. */
static bool is_returned(const struct mime_part *part)
{
    return part->type == MIME_TYPE_MESSAGE ||
           part->type == MIME_TYPE_TEXT_HEADERS ||
           is_media(part, "text/rfc822") || is_media(part, "message/rfc822") ||
           is_media(part, "message/partial") ||
           is_media(part, "message/global-headers");
}

/* Software of lists puts its own part behind a message: Mailman's begins with
 * a rule of underscores. */
static bool is_footer(struct bounce_slice text)
{
    return slice_starts(text, SLICE("____________________"));
}

static void add_text(struct walk *walk, struct bounce_slice text)
{
    if (slice_trim(text).len == 0 ||
        (walk->first.ptr != NULL && is_footer(slice_trim(text))))
        return;
    if (walk->first.ptr == NULL) {
        walk->first = text;
        return;
    }
    if (!walk->several) {
        buf_init(&walk->all, walk->collect->message->arena, TEXT_MAX);
        buf_add(&walk->all, walk->first);
        walk->several = true;
    }
    buf_add_byte(&walk->all, '\n');
    buf_add(&walk->all, text);
}

/* Of multipart/alternative the plain text says it best, unless it is empty. */
static void add_alternative(struct walk *walk, const struct mime_part *part)
{
    const struct mime_part *html = NULL;

    for (const struct mime_part *p = part->child; p != NULL; p = p->next) {
        if (p->type == MIME_TYPE_TEXT_PLAIN) {
            struct bounce_slice text = parts_text(walk->collect, p);
            if (slice_trim(text).len > 0) {
                add_text(walk, text);
                return;
            }
        } else if (p->type == MIME_TYPE_TEXT_HTML && html == NULL) {
            html = p;
        }
    }
    if (html != NULL)
        add_text(walk, parts_text(walk->collect, html));
}

/* Mail programs and gateways that do not know message/delivery-status hand it
 * on as a file: "application/octet-stream; name=details.txt". */
static bool is_status_file(const struct walk *walk,
                           const struct mime_part *part)
{
    enum { FILE_MAX = 1 << 16 };
    struct bounce_slice text, line = SLICE_NULL;

    if (part->depth == 0 || part->body.len > FILE_MAX ||
        !is_media(part, "application/"))
        return false;
    text = mime_decode_body(walk->collect->message, part, FILE_MAX);
    while (slice_next_line(&text, &line) && slice_trim(line).len == 0)
        ;
    switch (mime_field_of(mime_field_name(line))) {
    case MIME_FIELD_REPORTING_MTA:
    case MIME_FIELD_FINAL_RECIPIENT:
    case MIME_FIELD_ORIGINAL_RECIPIENT:
    case MIME_FIELD_ORIGINAL_ENVELOPE_ID:
        return true;
    default:
        return false;
    }
}

static bool is_status(const struct walk *walk, const struct mime_part *part)
{
    if (part->type != MIME_TYPE_OTHER)
        return part->type == MIME_TYPE_DELIVERY_STATUS;
    return is_media(part, "message/xdelivery-status") ||
           is_media(part, "message/delivery-status") ||
           is_status_file(walk, part);
}

static void visit(struct walk *walk, const struct mime_part *part)
{
    struct parts *parts = &walk->collect->parts;

    if (is_status(walk, part)) {
        /* A first one may hold prose only (InterMail); the last of them that
         * is not behind the returned message counts. */
        if (parts->returned == NULL || parts->status == NULL) {
            if (parts->status != NULL)
                add_text(walk, parts_text(walk->collect, parts->status));
            parts->status = part;
        }
    } else if (part->type == MIME_TYPE_FEEDBACK_REPORT) {
        if (parts->feedback == NULL)
            parts->feedback = part;
    } else if (part->type == MIME_TYPE_DISPOSITION) {
        if (parts->disposition == NULL)
            parts->disposition = part;
    } else if (is_returned(part)) {
        if (parts->returned == NULL)
            parts->returned = part;
    } else if (part->child != NULL) {
        bool any = false;
        if (is_media(part, "multipart/alternative")) {
            /* Exchange puts richer things beside: visit those as well. */
            for (const struct mime_part *p = part->child; p; p = p->next)
                any = any || p->child != NULL;
            if (!any) {
                add_alternative(walk, part);
                return;
            }
        }
        for (const struct mime_part *p = part->child; p != NULL; p = p->next)
            visit(walk, p);
    } else if (part->type == MIME_TYPE_TEXT_PLAIN ||
               part->type == MIME_TYPE_TEXT_HTML ||
               part->type == MIME_TYPE_MULTIPART || part->depth == 0) {
        if (parts->returned == NULL)
            add_text(walk, parts_text(walk->collect, part));
    }
}

void parts_find(struct collect *collect)
{
    struct walk walk;

    memset(&walk, 0, sizeof(walk));
    walk.collect = collect;
    collect->parts.report = is_media(collect->root, "multipart/report");
    visit(&walk, collect->root);
    collect->human = walk.several ? buf_slice(&walk.all) : walk.first;
    if (walk.several && walk.all.failed)
        collect->message->failed = arena_error(collect->message->arena);
}

void parts_read_returned(struct collect *collect)
{
    const struct mime_part *part = collect->parts.returned;
    struct bounce_slice body;

    if (part->type == MIME_TYPE_MESSAGE && part->child != NULL) {
        original_from_headers(collect, part->child->headers);
        return;
    }
    body = mime_decode_body(collect->message, part, TEXT_MAX);
    original_from_text(collect, body);
}
