/* SPDX-License-Identifier: MIT
 *
 * One pass over the lines with a stack of open multiparts. A line that begins
 * with "--" is compared with the boundaries of the stack, innermost first, so
 * the time is linear in the length for a given depth. Encoded messages inside
 * are decoded and read after the pass. */
#include "mime/mime.h"

#include "mime/part.h"

/* An open multipart. */
struct frame {
    struct frame *up;
    struct mime_part *part, *last_child;
    struct bounce_slice boundary; /* ptr NULL: not declared */
    const char *candidate;        /* a line that looks like the real one */
    bool seen;                    /* a delimiter was there */
};

/* An enclosed message whose encoding must be undone. */
struct encoded {
    struct encoded *next;
    struct mime_part *part;
};

struct parser {
    struct message *message;
    struct line_cursor cursor;
    struct frame *top;
    struct mime_part *base; /* above the root of this input, or NULL */
    struct mime_part *open; /* innermost part whose body goes on */
    struct encoded *encoded, **encoded_tail;
    unsigned parts;
    size_t room; /* bytes that decoding enclosed messages may still take */
};

/* What a line means to the stack. */
struct delimiter {
    struct frame *frame; /* NULL: no boundary */
    const char *line, *next;
    bool closes;
};

static struct mime_part *new_part(struct parser *parser,
                                  struct mime_part *parent)
{
    struct mime_part *part = message_calloc(parser->message, 1, sizeof(*part));

    if (part == NULL)
        return NULL;
    part->parent = parent;
    part->depth = parent != NULL ? parent->depth + 1 : 0;
    parser->parts++;
    return part;
}

/* RFC 2046 section 5.1.1: "--", the boundary, "--" at the end of the last
 * part, blanks. The whole line is compared, since a boundary may begin with
 * another one. */
static struct frame *match_boundary(struct frame *top, struct bounce_slice line,
                                    bool *closes_out)
{
    size_t len;

    line = line_trim_end(line);
    len = line.len - (line.len >= 2 ? 2 : line.len);
    for (struct frame *f = top; f != NULL; f = f->up) {
        *closes_out = false;
        if (f->boundary.len == 0)
            continue;
        if (len == f->boundary.len + 2 && line.ptr[line.len - 1] == '-' &&
            line.ptr[line.len - 2] == '-')
            *closes_out = true;
        else if (len != f->boundary.len)
            continue;
        if (memcmp(line.ptr + 2, f->boundary.ptr, f->boundary.len) == 0)
            return f;
    }
    return NULL;
}

static bool stops_header(const void *ctx, struct bounce_slice line)
{
    const struct parser *parser = ctx;
    bool closes;

    return match_boundary(parser->top, line, &closes) != NULL;
}

/* Whether header fields of a part stand at pos. */
static bool looks_like_part(const struct line_cursor *cursor, const char *pos)
{
    for (int i = 0; i < 8 && pos < cursor->end; i++) {
        struct bounce_slice line = line_at(cursor, pos, &pos);
        size_t value_at;

        if (slice_starts_nocase(line, SLICE("Content-")))
            return true;
        if (line.len == 0 || (header_name_len(line, &value_at) == 0 &&
                              !line_is_blank_byte(line.ptr[0])))
            return false;
    }
    return false;
}

/* A line "--..." that no boundary explains, before the first part of the
 * innermost multipart: remembers it when it could be the boundary meant. */
static void note_candidate(struct parser *parser, struct bounce_slice line,
                           const char *next)
{
    struct frame *top = parser->top;

    line = line_trim_end(line);
    if (top->seen || top->candidate != NULL || line.len < 3 || line.len > 200 ||
        !looks_like_part(&parser->cursor, next))
        return;
    top->candidate = line.ptr;
    if (top->boundary.ptr == NULL)
        top->boundary = slice_from(line, 2);
}

/* The line behind pos that begins with "--", or any line before it. */
static const char *next_dashes(const struct line_cursor *cursor,
                               const char *pos)
{
    const char *next;

    if (!cursor->bare_cr) {
        next = block_find_three(pos, cursor->end, '\n', '-', '-');
        return next < cursor->end ? next + 1 : next;
    }
    line_at(cursor, pos, &next);
    return next;
}

static struct delimiter find_delimiter(struct parser *parser)
{
    struct line_cursor *cursor = &parser->cursor;
    struct delimiter found = {NULL, cursor->end, cursor->end, false};
    const char *next;

    for (const char *pos = cursor->pos; pos < cursor->end; pos = next) {
        struct bounce_slice line;

        if (pos[0] != '-') {
            next = next_dashes(cursor, pos);
            continue;
        }
        line = line_at(cursor, pos, &next);
        if (line.len < 3 || pos[1] != '-')
            continue;
        found.frame = match_boundary(parser->top, line, &found.closes);
        if (found.frame == NULL) {
            note_candidate(parser, line, next);
            if (parser->top->candidate != pos ||
                parser->top->boundary.ptr != pos + 2)
                continue;
            /* No boundary was declared: this is it. */
            found.frame = parser->top;
        }
        found.line = pos;
        found.next = next;
        break;
    }
    return found;
}

static void queue_encoded(struct parser *parser, struct mime_part *part)
{
    struct encoded *node = message_alloc(parser->message, sizeof(*node));

    if (node == NULL)
        return;
    *node = (struct encoded){NULL, part};
    *parser->encoded_tail = node;
    parser->encoded_tail = &node->next;
}

/* The bodies of all open parts below stop (not itself) end at end. */
static void close_parts(struct parser *parser, const struct mime_part *stop,
                        const char *end)
{
    struct mime_part *part = parser->open;

    for (; part != stop; part = part->parent) {
        part->body.len =
            end > part->body.ptr ? (size_t)(end - part->body.ptr) : 0;
        if (part->type == MIME_TYPE_MESSAGE && part->child == NULL)
            queue_encoded(parser, part);
    }
    parser->open = part;
}

/* Outside of parts: blank lines, a byte order mark, an mbox line. */
static void skip_leading(struct parser *parser)
{
    struct line_cursor *cursor = &parser->cursor;

    if (cursor->end - cursor->pos >= 3 &&
        memcmp(cursor->pos, "\xEF\xBB\xBF", 3) == 0)
        cursor->pos += 3;
    while (cursor->pos < cursor->end) {
        const char *next;
        struct bounce_slice line = line_at(cursor, cursor->pos, &next);

        if (line_trim_end(line).len > 0 && !header_is_from_line(line))
            break;
        cursor->pos = next;
    }
}

/* One empty line too many between a delimiter and the fields of its part. */
static void skip_stray_line(struct parser *parser)
{
    struct line_cursor *cursor = &parser->cursor;
    const char *next, *behind;

    if (cursor->pos == cursor->end ||
        line_at(cursor, cursor->pos, &next).len > 0 || next == cursor->end ||
        !slice_starts_nocase(line_at(cursor, next, &behind), SLICE("Content-")))
        return;
    message_warn(parser->message, "part-header-late",
                 "An empty line stands before the header of a part",
                 cursor->pos);
    cursor->pos = next;
}

static bool push_frame(struct parser *parser, struct mime_part *part,
                       struct bounce_slice content_type)
{
    struct frame *frame = message_calloc(parser->message, 1, sizeof(*frame));

    if (frame == NULL)
        return false;
    frame->part = part;
    frame->boundary = line_trim_end(
        mime_param(parser->message, content_type, SLICE("boundary")));
    if (frame->boundary.len == 0)
        frame->boundary = SLICE_NULL;
    frame->up = parser->top;
    parser->top = frame;
    return true;
}

static bool is_too_deep(struct parser *parser, const struct mime_part *part)
{
    if (part->depth < parser->message->options->max_depth)
        return false;
    message_warn(parser->message, "depth-limit",
                 "Parts are nested too deeply: the innermost stay whole",
                 part->body.ptr);
    return true;
}

static bool is_too_many(struct parser *parser, const char *at)
{
    if (parser->parts < parser->message->options->max_parts)
        return false;
    message_warn(parser->message, "parts-limit",
                 "Too many parts: the rest is left out", at);
    return true;
}

/* Reads the header of part at the cursor, and of the messages it encloses. */
static bool open_part(struct parser *parser, struct mime_part *part)
{
    struct message *message = parser->message;

    for (;;) {
        struct header_block block;
        struct mime_part *parent = part->parent, *child;

        parser->open = part;
        if (!header_parse_block(message, &parser->cursor, stops_header, parser,
                                &block))
            return false;
        part_describe(
            message, part, &block,
            parent != NULL &&
                slice_eq_nocase(parent->media_type, SLICE("multipart/digest")));
        /* Up to the end for now: close_parts() knows better. */
        part->body =
            slice_make(parser->cursor.pos,
                       (size_t)(parser->cursor.end - parser->cursor.pos));
        if (part->type == MIME_TYPE_MULTIPART && !is_too_deep(parser, part))
            return push_frame(parser, part, block.content_type);
        if (part->type != MIME_TYPE_MESSAGE ||
            (part->encoding != MIME_ENCODING_IDENTITY && part_is_encoded(part)))
            return true;
        if (is_too_deep(parser, part) || is_too_many(parser, part->body.ptr))
            return true;
        child = new_part(parser, part);
        if (child == NULL)
            return false;
        part->child = child;
        part = child;
        skip_leading(parser);
    }
}

/* A new part begins behind a delimiter. */
static bool add_child(struct parser *parser, struct frame *frame)
{
    struct mime_part *child = new_part(parser, frame->part);

    if (child == NULL)
        return false;
    if (frame->last_child != NULL)
        frame->last_child->next = child;
    else
        frame->part->child = child;
    frame->last_child = child;
    skip_stray_line(parser);
    return open_part(parser, child);
}

/* The innermost multipart ends without a delimiter. When a line looked like
 * the real one, reading begins again there; it can happen once for each
 * multipart, since then a delimiter is seen. */
static bool mend_boundary(struct parser *parser)
{
    struct frame *top = parser->top;
    const char *next;

    if (top->seen)
        return false;
    message_warn(parser->message, "boundary-missing",
                 "A multipart has no part with its boundary",
                 top->part->body.ptr);
    if (top->candidate == NULL)
        return false;
    top->boundary = slice_from(
        line_trim_end(line_at(&parser->cursor, top->candidate, &next)), 2);
    parser->cursor.pos = top->candidate;
    return true;
}

static void pop_frames(struct parser *parser, const struct frame *stop)
{
    while (parser->top != stop) {
        if (parser->top->seen)
            message_warn(parser->message, "boundary-unclosed",
                         "The closing boundary of a multipart is missing",
                         parser->top->part->body.ptr);
        parser->top = parser->top->up;
    }
}

/* Reads the parts that the cursor's input holds, root's header first. */
static bool parse_parts(struct parser *parser, struct mime_part *root)
{
    struct line_cursor *cursor = &parser->cursor;

    parser->base = root->parent;
    parser->top = NULL;
    skip_leading(parser);
    if (!open_part(parser, root))
        return false;
    while (parser->top != NULL) {
        struct delimiter found = find_delimiter(parser);
        struct frame *frame = found.frame;

        if (frame != parser->top && mend_boundary(parser))
            continue;
        if (frame == NULL)
            break;
        close_parts(parser, frame->part, line_before(cursor->pos, found.line));
        pop_frames(parser, frame);
        frame->seen = true;
        cursor->pos = found.next;
        if (found.closes)
            parser->top = frame->up;
        else if (is_too_many(parser, found.line))
            break;
        else if (!add_child(parser, frame))
            return false;
    }
    pop_frames(parser, NULL);
    close_parts(parser, parser->base, cursor->end);
    return parser->message->failed == BOUNCE_OK;
}

/* Reads the message that an encoded part holds. */
static bool parse_encoded(struct parser *parser, struct mime_part *part)
{
    struct message *message = parser->message;
    struct bounce_slice text;

    /* Encodings inside encodings copy their content once for each level: the
     * ceiling keeps time and memory linear. */
    if (!part_is_encoded(part) || is_too_deep(parser, part) ||
        is_too_many(parser, part->body.ptr))
        return true;
    if (part->body.len > parser->room) {
        message_warn(message, "encoded-limit",
                     "Encoded messages are nested too often", part->body.ptr);
        return true;
    }
    parser->room -= part->body.len;
    text = mime_decode_body(message, part, part->body.len);
    if (text.ptr == NULL)
        return false;
    part->child = new_part(parser, part);
    if (part->child == NULL)
        return false;
    parser->cursor = line_cursor_make(text);
    return parse_parts(parser, part->child);
}

struct mime_part *mime_parse(struct message *message, struct bounce_slice input)
{
    struct parser parser = {.message = message};
    struct mime_part *root;

    if (input.ptr == NULL)
        input = SLICE("");
    parser.cursor = line_cursor_make(input);
    parser.encoded_tail = &parser.encoded;
    parser.room = input.len > SIZE_MAX / 4 ? input.len : input.len * 2;
    root = new_part(&parser, NULL);
    if (root == NULL || !parse_parts(&parser, root))
        return NULL;
    for (struct encoded *e = parser.encoded; e != NULL; e = e->next) {
        if (!parse_encoded(&parser, e->part))
            return NULL;
    }
    return root;
}
