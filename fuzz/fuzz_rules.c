/* SPDX-License-Identifier: MIT
 * A user's rules: any bytes either compile or give an error with a line; what
 * compiles must judge a reply, the same whether verdicts are kept or not. */
#include "sides.h"

#define TEXTS 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The rules' own text is what their phrases are most likely to hit: all of it,
 * and what stands behind the field name of each line. */
static void judge_own_text(struct side *warm, struct side *cold,
                           const uint8_t *data, size_t size)
{
    const uint8_t *end = data + size;

    compare_sides(warm, cold, data, size < SIDES_TEXT ? size : SIDES_TEXT);
    for (int i = 0; i < TEXTS && data < end; i++) {
        const uint8_t *stop = memchr(data, '\n', (size_t)(end - data));
        const uint8_t *colon;

        if (stop == NULL)
            stop = end;
        colon = memchr(data, ':', (size_t)(stop - data));
        if (colon != NULL && stop - colon > 2 && stop - colon < 500)
            compare_sides(warm, cold, colon + 2, (size_t)(stop - colon) - 2);
        data = stop < end ? stop + 1 : end;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct side warm, cold;
    struct bounce_error error;

    if (size > 64 * 1024)
        return 0;
    if (open_side(&warm, 1 << 20, data, size, &error)) {
        REQUIRE(open_side(&cold, 0, data, size, NULL));
        judge_own_text(&warm, &cold, data, size);
        close_side(&cold);
    } else {
        REQUIRE(memchr(error.msg, '\0', sizeof(error.msg)) != NULL &&
                error.msg[0] != '\0');
    }
    close_side(&warm);
    return 0;
}
