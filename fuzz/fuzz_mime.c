/* SPDX-License-Identifier: MIT
 * Whole messages: the tree, every header and every body. */
#include <stdlib.h>

#include "base/utf8.h"
#include "mime/charset.h"
#include "mime/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void require_utf8(struct bounce_slice s, size_t max)
{
    require(s.ptr != NULL || s.len == 0);
    require(s.len <= max);
    require(s.len == 0 || utf8_valid_prefix(s) == s.len);
}

/* Reads all bytes, so that a slice outside its memory is caught. */
static void touch(struct bounce_slice s)
{
    static volatile char sink;

    for (size_t i = 0; i < s.len; i++)
        sink = s.ptr[i];
    (void)sink;
}

static void check_headers(struct message *message,
                          const struct mime_header *header)
{
    struct bounce_slice rest;

    for (; header != NULL; header = header->next) {
        touch(header->name);
        touch(header->value);
        require_utf8(mime_decode_header(message, header->value), SIZE_MAX);
        require_utf8(mime_param(message, header->value, SLICE("name")),
                     SIZE_MAX);
        require_utf8(mime_param(message, header->value, SLICE("charset")),
                     SIZE_MAX);
        touch(mime_strip_comments(message, header->value));
        rest = header->value;
        for (int i = 0; i < 4; i++)
            require_utf8(mime_address(message, rest, &rest), SIZE_MAX);
    }
}

static void check_part(struct message *message, const struct mime_part *part)
{
    struct bounce_slice rest;
    const size_t max = 5000;

    require(part->depth <= message->options->max_depth + 1);
    require(part->parent == NULL || part->depth == part->parent->depth + 1);
    touch(part->head);
    touch(part->body);
    check_headers(message, part->headers);
    touch(mime_decode_body(message, part, max));
    require_utf8(mime_text(message, part, max), max);
    require_utf8(mime_text(message, part, 10), 10);
    if (part->child == NULL) {
        struct mime_header *fields =
            mime_parse_fields(message, part->body, &rest);

        touch(rest);
        require(rest.len <= part->body.len);
        check_headers(message, fields);
    }
    for (const struct mime_part *c = part->child; c != NULL; c = c->next) {
        require(c->parent == part);
        check_part(message, c);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct charset_cache *charsets;
    struct bounce_options options = {.max_depth = 8,
                                     .max_parts = 40,
                                     .max_headers = 50,
                                     .max_header = 2000,
                                     .max_warnings = 10};
    struct bounce_warning warnings[10];
    struct arena arena;
    struct message message = {.arena = &arena,
                              .options = &options,
                              .base = (const char *)data,
                              .len = size,
                              .warnings = warnings};
    struct mime_part *root;

    if (charsets == NULL)
        charsets = charset_cache_new(allocator_default());
    message.charsets = charsets;
    arena_init(&arena, allocator_default(), (size_t)1 << 30);
    root = mime_parse(&message, slice_make((const char *)data, size));
    require(root != NULL);
    check_part(&message, root);
    require(message.failed == BOUNCE_OK);
    for (size_t i = 0; i < message.warning_count; i++)
        require(warnings[i].offset <= size ||
                warnings[i].offset == BOUNCE_NO_OFFSET);
    arena_clear(&arena);
    return 0;
}
