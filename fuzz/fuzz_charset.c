/* SPDX-License-Identifier: MIT
 * The first line names a charset, the rest is the text. */
#include <stdlib.h>

#include "base/utf8.h"
#include "mime/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct charset_cache *charsets;
    struct bounce_options options = {.max_warnings = 10};
    struct bounce_warning warnings[10];
    struct arena arena;
    struct message message = {.arena = &arena,
                              .options = &options,
                              .base = (const char *)data,
                              .len = size,
                              .warnings = warnings};
    struct bounce_slice rest = slice_make((const char *)data, size), name;

    if (charsets == NULL)
        charsets = charset_cache_new(allocator_default());
    message.charsets = charsets;
    arena_init(&arena, allocator_default(), (size_t)1 << 30);
    if (slice_next_piece(&rest, '\n', &name)) {
        const size_t limits[] = {rest.len * 4 + 16, rest.len / 2, 3, 0};

        for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
            struct bounce_slice text =
                charset_to_utf8(&message, name, rest, limits[i]);

            if (text.len > limits[i] || utf8_valid_prefix(text) != text.len ||
                message.failed != BOUNCE_OK)
                abort();
        }
    }
    arena_clear(&arena);
    return 0;
}
