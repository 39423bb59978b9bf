/* SPDX-License-Identifier: MIT
 * Any reply gets one verdict, the same each time, and valid JSON bytes. */
#include <stdlib.h>
#include <string.h>

#include "bounce.h"

#define REQUIRE(condition)                                                     \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bounce_reader *reader(const struct bounce_engine **engine_out)
{
    static struct bounce_engine *engine;
    static struct bounce_reader *kept;

    if (kept == NULL) {
        REQUIRE(bounce_engine_new(NULL, &engine) == BOUNCE_OK);
        REQUIRE(bounce_reader_new(engine, &kept) == BOUNCE_OK);
    }
    *engine_out = engine;
    return kept;
}

static size_t write_json(const uint8_t *data, size_t size, char *out,
                         size_t cap)
{
    const struct bounce_engine *engine;
    struct bounce_reader *r = reader(&engine);
    struct bounce_reply reply = {.size = sizeof(reply)};
    struct bounce_json_options options = {.size = sizeof(options)};
    const struct bounce_result *result;
    const struct bounce_event *event;
    size_t len;

    reply.text.ptr = (const char *)data;
    reply.text.len = size;
    REQUIRE(bounce_classify(r, &reply, &result, NULL) == BOUNCE_OK);
    REQUIRE(bounce_result_events(result) == 1);
    event = bounce_result_event(result, 0);
    REQUIRE(event->category.ptr != NULL);
    REQUIRE(bounce_category_find(engine, event->category) != NULL);
    REQUIRE(event->confidence >= 0 && event->confidence <= 1);
    len = bounce_event_json(engine, result, 0, &options, out, cap);
    REQUIRE(len > 2 && len <= cap && out[len - 1] == '\n');
    for (size_t i = 0; i + 1 < len; i++)
        REQUIRE((unsigned char)out[i] >= 0x20);
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char first[1 << 18], second[1 << 18];
    size_t a, b;

    if (size > 8192)
        return 0;
    a = write_json(data, size, first, sizeof(first));
    b = write_json(data, size, second, sizeof(second));
    REQUIRE(a == b && memcmp(first, second, a) == 0);
    return 0;
}
