/* SPDX-License-Identifier: MIT
 * mbox files: the splits are the same whatever the window, and unquoting
 * stays inside its buffer. */
#include <stdlib.h>

#include "base/date.h"
#include "mime/mbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* A hash of all separators' offsets, reading step bytes more at a time. */
static size_t split(struct bounce_slice all, size_t step)
{
    size_t have = step < all.len ? step : all.len, from = 0, hash = 0;

    for (;;) {
        size_t resume = SIZE_MAX;
        size_t at =
            mbox_find(slice_sub(all, 0, have), from, have == all.len, &resume);

        require(resume >= from && resume <= have);
        from = resume;
        if (at != SLICE_NPOS) {
            require(at >= from && at < have);
            hash = hash * 31 + at + 1;
            from = at + 1;
        } else if (have == all.len) {
            return hash;
        } else {
            have = all.len - have < step ? all.len : have + step;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bounce_slice all = slice_make((const char *)data, size);
    char *copy = malloc(size + 1);
    char text[DATE_ISO_SIZE];
    int64_t time;

    require(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    require(mbox_unquote(copy, size) <= size);
    free(copy);
    require(split(all, size + 1) == split(all, 1 + size % 13));
    (void)mbox_is_separator(all);
    time = date_parse(all);
    if (time != BOUNCE_NO_TIME)
        (void)date_format_iso(time, text);
    return 0;
}
