/* SPDX-License-Identifier: MIT
 * Two readers, of which one keeps verdicts: they must say the same, of a reply
 * and of what differs from it in digits and ids. */
#ifndef FUZZ_SIDES_H
#define FUZZ_SIDES_H

#include <stdlib.h>
#include <string.h>

#include "bounce.h"

#define REQUIRE(condition)                                                     \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

struct side {
    struct bounce_engine *engine;
    struct bounce_reader *reader;
    char out[1 << 18];
    size_t len;
};

/* rules may be NULL; false when they do not compile. */
static inline bool open_side(struct side *side, size_t max_memo,
                             const uint8_t *rules, size_t len,
                             struct bounce_error *error)
{
    struct bounce_options options;

    bounce_options_init(&options, sizeof(options));
    options.max_memo = max_memo;
    options.max_rules = (size_t)64 * 1024;
    REQUIRE(bounce_engine_new(&options, &side->engine) == BOUNCE_OK);
    if (rules != NULL)
        REQUIRE(bounce_engine_add_rules(side->engine, "own", rules, len) ==
                BOUNCE_OK);
    side->reader = NULL;
    return bounce_engine_seal(side->engine, error) == BOUNCE_OK &&
           bounce_reader_new(side->engine, &side->reader) == BOUNCE_OK;
}

static inline void close_side(struct side *side)
{
    bounce_reader_free(side->reader);
    bounce_engine_free(side->engine);
}

static inline void judge(struct side *side, const uint8_t *data, size_t size)
{
    struct bounce_reply reply = {.size = sizeof(reply)};
    struct bounce_json_options options = {.size = sizeof(options)};
    const struct bounce_result *result;
    const struct bounce_event *event;

    reply.text.ptr = (const char *)data;
    reply.text.len = size;
    REQUIRE(bounce_classify(side->reader, &reply, &result, NULL) == BOUNCE_OK);
    REQUIRE(bounce_result_events(result) == 1);
    event = bounce_result_event(result, 0);
    REQUIRE(event->category.ptr != NULL);
    REQUIRE(bounce_category_find(side->engine, event->category) != NULL);
    REQUIRE(event->confidence >= 0 && event->confidence <= 1);
    side->len = bounce_event_json(side->engine, result, 0, &options, side->out,
                                  sizeof(side->out));
    REQUIRE(side->len > 2 && side->len <= sizeof(side->out) &&
            side->out[side->len - 1] == '\n');
    for (size_t i = 0; i + 1 < side->len; i++)
        REQUIRE((unsigned char)side->out[i] >= 0x20);
}

static inline bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Other digits, and in words with digits other letters. */
static inline void vary(const uint8_t *data, size_t size, uint8_t *out)
{
    uint32_t random = (uint32_t)size + 1;

    for (size_t i = 0; i < size;) {
        size_t end = i;
        int digits = 0;

        for (; end < size && is_alnum(data[end]); end++)
            digits |= data[end] <= '9';
        if (end == i) {
            out[i] = data[i];
            i++;
        }
        for (; i < end; i++) {
            uint8_t c = data[i];

            random = random * 1664525U + 1013904223U;
            if (c <= '9')
                out[i] = (uint8_t)('0' + (random >> 16) % 10);
            else if (digits)
                out[i] =
                    (uint8_t)((c & 0x20 ? 'a' : 'A') + (random >> 16) % 26);
            else
                out[i] = c;
        }
    }
}

#define SIDES_TEXT 8192

/* Judges a text of at most SIDES_TEXT bytes on both sides, twice, and then one
 * that differs. */
static inline void compare_sides(struct side *warm, struct side *cold,
                                 const uint8_t *data, size_t size)
{
    static uint8_t varied[SIDES_TEXT];

    for (int round = 0; round < 3; round++) {
        judge(warm, data, size);
        judge(cold, data, size);
        REQUIRE(warm->len == cold->len &&
                memcmp(warm->out, cold->out, warm->len) == 0);
        if (round == 1) {
            vary(data, size, varied);
            data = varied;
        }
    }
}

#endif
