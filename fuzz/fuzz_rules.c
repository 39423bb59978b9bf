/* SPDX-License-Identifier: MIT
 * A user's rules: any bytes either compile or give an error with a line; what
 * compiles must be able to judge a reply. */
#include <stdlib.h>
#include <string.h>

#include "bounce.h"

#define REQUIRE(condition)                                                     \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(struct bounce_engine *engine, const uint8_t *data,
                  size_t size)
{
    struct bounce_reader *reader;
    struct bounce_reply reply = {.size = sizeof(reply)};
    const struct bounce_result *result;
    const struct bounce_event *event;

    if (bounce_reader_new(engine, &reader) != BOUNCE_OK)
        return;
    /* The rules' own text is what their phrases are most likely to hit. */
    reply.text.ptr = (const char *)data;
    reply.text.len = size;
    REQUIRE(bounce_classify(reader, &reply, &result, NULL) == BOUNCE_OK);
    REQUIRE(bounce_result_events(result) == 1);
    event = bounce_result_event(result, 0);
    REQUIRE(event->confidence <= 1.0);
    bounce_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bounce_options options;
    struct bounce_engine *engine;
    struct bounce_error error;

    bounce_options_init(&options, sizeof(options));
    options.max_rules = (size_t)64 * 1024;
    if (size > options.max_rules)
        return 0;
    REQUIRE(bounce_engine_new(&options, &engine) == BOUNCE_OK);
    REQUIRE(bounce_engine_add_rules(engine, "own", data, size) == BOUNCE_OK);
    if (bounce_engine_seal(engine, &error) == BOUNCE_OK)
        judge(engine, data, size);
    else
        REQUIRE(memchr(error.msg, '\0', sizeof(error.msg)) != NULL &&
                error.msg[0] != '\0');
    bounce_engine_free(engine);
    return 0;
}
