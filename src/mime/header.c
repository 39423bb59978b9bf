/* SPDX-License-Identifier: MIT */
#include "mime/header.h"

#include "base/block.h"

struct header_list {
    struct message *message;
    struct mime_header *first, **tail;
    unsigned count;
};

size_t header_name_len(struct bounce_slice line, size_t *value_out)
{
    /* RFC 5322 section 3.6.8: any printable US-ASCII character but the colon.
     * Bytes above are let in: they occur, and no body line looks so. */
    const char *stop =
        block_find_stop(line.ptr, line.ptr + line.len, ':', 0x7F);
    size_t i = (size_t)(stop - line.ptr), n;

    n = i;
    /* RFC 5322 section 4.5.8 allows blanks before the colon. */
    while (i < line.len && line_is_blank_byte(line.ptr[i]))
        i++;
    if (n == 0 || i == line.len || line.ptr[i] != ':')
        return 0;
    /* A body that begins with a URL right below the headers. */
    if (line.len - i >= 3 && line.ptr[i + 1] == '/' && line.ptr[i + 2] == '/')
        return 0;
    *value_out = i + 1;
    return n;
}

bool header_is_from_line(struct bounce_slice line)
{
    while (line.len > 0 && line.ptr[0] == '>')
        line = slice_from(line, 1);
    return slice_starts(line, SLICE("From "));
}

static bool is_blank(struct bounce_slice line)
{
    return line_trim_end(line).len == 0;
}

/* The end of the folded field whose first line ends before cursor->pos;
 * moves pos behind it. */
static const char *take_folds(struct line_cursor *cursor, const char *stop,
                              bool blank_continues)
{
    while (cursor->pos < cursor->end && line_is_blank_byte(*cursor->pos)) {
        const char *next;
        struct bounce_slice line = line_at(cursor, cursor->pos, &next);

        if (is_blank(line)) {
            size_t value;
            const char *behind;
            struct bounce_slice after;

            /* RFC 5322 section 4.2 has such folds, but where nothing of the
             * header follows, the line is meant as the empty one. */
            if (!blank_continues || next == cursor->end)
                break;
            after = line_at(cursor, next, &behind);
            if (is_blank(after) || (!line_is_blank_byte(*next) &&
                                    header_name_len(after, &value) == 0))
                break;
            cursor->pos = next;
            continue;
        }
        stop = line.ptr + line.len;
        cursor->pos = next;
    }
    return stop;
}

/* Whether a line that is no field goes on with the field above it, whose fold
 * lost its blank: behind "multipart/report;" or a name without a value. */
static bool lost_its_blank(const struct line_cursor *cursor,
                           struct bounce_slice value, const char **next_out)
{
    struct bounce_slice line, after;
    size_t value_at;
    const char *behind;

    while (value.len > 0 &&
           ascii_is_space((unsigned char)value.ptr[value.len - 1]))
        value.len--;
    if (cursor->pos == cursor->end ||
        (value.len > 0 && value.ptr[value.len - 1] != ';'))
        return false;
    line = line_at(cursor, cursor->pos, next_out);
    if (is_blank(line) || slice_starts(line, SLICE("--")) ||
        header_name_len(line, &value_at) > 0)
        return false;
    if (value.len > 0)
        return slice_find_byte(line, '=') != SLICE_NPOS;
    if (*next_out == cursor->end)
        return false;
    after = line_at(cursor, *next_out, &behind);
    return header_name_len(after, &value_at) > 0;
}

static bool add_field(struct header_list *list, struct bounce_slice name,
                      struct bounce_slice value)
{
    struct message *message = list->message;
    struct mime_header *header;

    if (list->count == message->options->max_headers) {
        message_warn(message, "headers-limit",
                     "Too many header fields: the rest is left out", name.ptr);
        return true;
    }
    if (value.len > message->options->max_header ||
        name.len > message->options->max_header) {
        message_warn(message, "header-cut",
                     "A header field is too long and was cut", name.ptr);
        value = slice_sub(value, 0, message->options->max_header);
        name = slice_sub(name, 0, message->options->max_header);
    }
    header = message_alloc(message, sizeof(*header));
    if (header == NULL)
        return false;
    *header = (struct mime_header){.name = name, .value = slice_trim(value)};
    header->hash = mime_name_hash(name);
    header->field = mime_field_of_hash(name, header->hash);
    *list->tail = header;
    list->tail = &header->next;
    list->count++;
    return true;
}

/* Reads the field that begins with line; pos stands behind that line. */
static bool take_field(struct header_list *list, struct line_cursor *cursor,
                       struct bounce_slice line, size_t name_len,
                       size_t value_at, bool blank_continues)
{
    const char *start = line.ptr + value_at;
    const char *stop = take_folds(cursor, line.ptr + line.len, blank_continues);
    const char *next;

    while (lost_its_blank(cursor, slice_make(start, (size_t)(stop - start)),
                          &next)) {
        message_warn(list->message, "header-fold-broken",
                     "A folded line of a header field does not begin with a "
                     "blank",
                     cursor->pos);
        stop = line_before(cursor->pos, next);
        cursor->pos = next;
        stop = take_folds(cursor, stop, blank_continues);
    }
    return add_field(list, slice_sub(line, 0, name_len),
                     slice_make(start, (size_t)(stop - start)));
}

static void note_mime_fields(struct header_block *block,
                             const struct mime_header *header)
{
    if (header->field == MIME_FIELD_CONTENT_TYPE &&
        block->content_type.ptr == NULL)
        block->content_type = header->value;
    else if (header->field == MIME_FIELD_CONTENT_TRANSFER_ENCODING &&
             block->encoding.ptr == NULL)
        block->encoding = header->value;
}

bool header_parse_block(struct message *message, struct line_cursor *cursor,
                        header_stop *stop, const void *ctx,
                        struct header_block *block_out)
{
    const char *start = cursor->pos, *end = cursor->pos;
    struct header_list list = {.message = message};

    *block_out = (struct header_block){.first = NULL};
    list.tail = &block_out->first;
    while (cursor->pos < cursor->end) {
        const char *next;
        struct bounce_slice line = line_at(cursor, cursor->pos, &next);
        struct mime_header **added = list.tail;
        size_t value_at, name_len;

        if (line.len >= 2 && line.ptr[0] == '-' && line.ptr[1] == '-' &&
            stop(ctx, line))
            break;
        name_len = header_name_len(line, &value_at);
        if (name_len > 0) {
            cursor->pos = next;
            if (!take_field(&list, cursor, line, name_len, value_at, true))
                return false;
            if (*added != NULL)
                note_mime_fields(block_out, *added);
        } else if (is_blank(line)) {
            cursor->pos = next;
            break;
        } else if (header_is_from_line(line)) {
            cursor->pos = next;
        } else {
            message_warn(message, "header-end-missing",
                         "No empty line stands between header and body",
                         line.ptr);
            break;
        }
        end = cursor->pos;
    }
    block_out->raw = slice_make(start, (size_t)(end - start));
    return true;
}

struct mime_header *mime_parse_fields(struct message *message,
                                      struct bounce_slice text,
                                      struct bounce_slice *rest_out)
{
    struct line_cursor cursor = line_cursor_make_block(text);
    struct mime_header *first = NULL;
    struct header_list list = {.message = message, .tail = &first};
    struct bounce_slice line;
    bool any = false;

    while (line_next(&cursor, &line)) {
        size_t value_at, name_len;

        if (is_blank(line)) {
            /* Empty lines before the first field separate nothing. */
            if (any)
                break;
            continue;
        }
        any = true;
        name_len = header_name_len(line, &value_at);
        if (name_len > 0) {
            if (!take_field(&list, &cursor, line, name_len, value_at, false))
                break;
        } else {
            message_warn(message, "field-malformed",
                         "A line among header fields has no colon", line.ptr);
        }
    }
    if (rest_out != NULL)
        *rest_out = slice_make(cursor.pos, (size_t)(cursor.end - cursor.pos));
    return first;
}

void mime_index_headers(const struct mime_header *list,
                        struct mime_index *index_out)
{
    memset(index_out, 0, sizeof(*index_out));
    for (; list != NULL; list = list->next) {
        if (index_out->first[list->field] == NULL)
            index_out->first[list->field] = list;
    }
}

const struct mime_header *mime_find(const struct mime_header *list,
                                    struct bounce_slice name)
{
    /* Most names differ in length or in the first letter: reports ask for
     * some twenty fields, so this loop is hot. */
    for (; list != NULL; list = list->next) {
        if (list->name.len == name.len &&
            (name.len == 0 ||
             ((list->name.ptr[0] ^ name.ptr[0]) & 0xDF) == 0) &&
            slice_eq_nocase(list->name, name))
            break;
    }
    return list;
}

struct bounce_slice mime_value(const struct mime_header *list,
                               struct bounce_slice name)
{
    const struct mime_header *header = mime_find(list, name);

    return header != NULL ? header->value : SLICE_NULL;
}
