/* SPDX-License-Identifier: MIT */
#include "report/mend.h"

#include "base/buf.h"

/* RFC 2046 section 5.1.1: a boundary has 70 characters at most. */
enum { BOUNDARY_MAX = 70, LINES_LOOKED_AT = 6 };

/* The boundary that the body begins with, behind a sentence for old programs
 * ("This is a MIME-encapsulated message"): a line of "--" and more, and fields
 * of a part right below it. */
static struct bounce_slice find_boundary(struct bounce_slice body)
{
    struct bounce_slice line, boundary = SLICE_NULL;

    while (body.len > 0 && (body.ptr[0] == '\n' || body.ptr[0] == '\r'))
        body = slice_from(body, 1);
    if (!slice_starts(body, SLICE("--")) &&
        !slice_starts(body, SLICE("This is a")))
        return SLICE_NULL;
    for (int i = 0; i < LINES_LOOKED_AT && slice_next_line(&body, &line); i++) {
        if (boundary.ptr != NULL &&
            slice_starts_nocase(line, SLICE("Content-")))
            return boundary;
        boundary = SLICE_NULL;
        line = slice_trim(line);
        if (slice_starts(line, SLICE("--")) && line.len > 2 &&
            line.len <= BOUNDARY_MAX + 2 &&
            slice_find_byte(line, '"') == SLICE_NPOS &&
            slice_find_byte(line, '\\') == SLICE_NPOS)
            boundary = slice_from(line, 2);
    }
    return SLICE_NULL;
}

const struct mime_part *mend_multipart(struct message *message,
                                       const struct mime_part *root,
                                       bool has_type)
{
    const struct bounce_slice type =
        SLICE("Content-Type: multipart/mixed; boundary=\"");
    struct bounce_slice boundary;
    struct mime_part *mended;
    struct buf text;

    if (root->child != NULL || root->encoding != MIME_ENCODING_IDENTITY ||
        (root->type != MIME_TYPE_MULTIPART && has_type))
        return root;
    boundary = find_boundary(root->body);
    if (boundary.ptr == NULL)
        return root;
    buf_init(&text, message->arena,
             root->body.len + type.len + BOUNDARY_MAX + 8);
    buf_add(&text, type);
    buf_add(&text, boundary);
    buf_add(&text, SLICE("\"\n\n"));
    buf_add(&text, root->body);
    if (text.failed) {
        message->failed = arena_error(message->arena);
        return root;
    }
    mended = mime_parse(message, buf_slice(&text));
    if (mended == NULL || mended->child == NULL)
        return root;
    mended->headers = root->headers;
    mended->head = root->head;
    if (root->type == MIME_TYPE_MULTIPART)
        mended->media_type = root->media_type;
    return mended;
}
