/* SPDX-License-Identifier: MIT
 * hostile [-o FAMILY SIZE]: reads each family of hostile messages at several
 * sizes. Memory stays under the ceiling, warnings are given, every event is
 * one line of valid JSON without control characters. -o writes one message to
 * standard output instead, for tests of the program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bounce.h>
#include <cjson/cJSON.h>

#include "families.h"

#define SLACK ((size_t)64 << 10) /* what is not in the arena */

struct memory {
    size_t used, peak;
};

static void *take(void *ctx, size_t size)
{
    struct memory *memory = ctx;

    memory->used += size;
    memory->peak = memory->used > memory->peak ? memory->used : memory->peak;
    return malloc(size);
}

static void give(void *ctx, void *ptr, size_t size)
{
    ((struct memory *)ctx)->used -= size;
    free(ptr);
}

static void *take_again(void *ctx, void *ptr, size_t old_size, size_t new_size)
{
    struct memory *memory = ctx;

    memory->used += new_size - old_size;
    memory->peak = memory->used > memory->peak ? memory->used : memory->peak;
    return realloc(ptr, new_size);
}

static unsigned failures;

static void fail(const char *family, size_t size, const char *what)
{
    fprintf(stderr, "%s of %zu bytes: %s\n", family, size, what);
    failures++;
}

static void check_json(const struct bounce_engine *engine,
                       const struct bounce_result *result, const char *family,
                       size_t size)
{
    const struct bounce_json_options options = {.size = sizeof(options)};
    static char text[1 << 20];
    size_t count = bounce_result_events(result);

    for (size_t i = 0; i < count; i += 1 + count / 50) {
        size_t len = bounce_event_json(engine, result, i, &options, text,
                                       sizeof(text) - 1);
        cJSON *json;

        if (len >= sizeof(text)) {
            fail(family, size, "more than a megabyte of JSON");
            continue;
        }
        text[len] = '\0';
        for (size_t k = 0; k + 1 < len; k++) {
            if ((unsigned char)text[k] < ' ' || text[k] == 0x7F) {
                fail(family, size, "a control character in JSON");
                break;
            }
        }
        json = cJSON_ParseWithOpts(text, NULL, true);
        if (json == NULL || strlen(text) != len || text[len - 1] != '\n')
            fail(family, size, "no line of JSON");
        cJSON_Delete(json);
    }
}

static bool has_warning(const struct bounce_result *result, const char *id)
{
    for (size_t i = 0; i < bounce_result_warnings(result); i++) {
        if (strcmp(bounce_result_warning(result, i)->id, id) == 0)
            return true;
    }
    return false;
}

static void check_family(const struct family *family, size_t size)
{
    struct memory memory = {0};
    struct bounce_options options;
    struct bounce_engine *engine;
    struct bounce_reader *reader;
    const struct bounce_result *result;
    struct blob blob = {0};
    size_t base, ceiling;

    bounce_options_init(&options, sizeof(options));
    options.allocator =
        (struct bounce_allocator){take, take_again, give, &memory};
    if (bounce_engine_new(&options, &engine) != BOUNCE_OK ||
        bounce_reader_new(engine, &reader) != BOUNCE_OK)
        abort();
    family->make(&blob, size);
    base = memory.used;
    if (bounce_read(reader, blob.data, blob.len, &result, NULL) != BOUNCE_OK) {
        fail(family->name, size, "not read");
    } else {
        if (bounce_result_events(result) == 0 ||
            bounce_result_events(result) > options.max_events)
            fail(family->name, size, "number of events");
        if (bounce_result_warnings(result) > options.max_warnings)
            fail(family->name, size, "number of warnings");
        if (family->warning != NULL && size >= (size_t)4 << 20 &&
            !has_warning(result, family->warning))
            fail(family->name, size, family->warning);
        check_json(engine, result, family->name, size);
    }
    /* Of a larger message head and tail are copied. */
    ceiling = options.max_memory + options.max_memo +
              (blob.len > options.max_message ? options.max_message + 1 : 0);
    if (memory.peak - base > ceiling + SLACK)
        fail(family->name, size, "too much memory");
    blob_clear(&blob);
    bounce_reader_free(reader);
    bounce_engine_free(engine);
    if (memory.used != 0)
        fail(family->name, size, "memory is not given back");
}

static int write_one(const char *name, size_t size)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        struct blob blob = {0};
        bool fine;

        if (strcmp(FAMILIES[i].name, name) != 0)
            continue;
        FAMILIES[i].make(&blob, size);
        fine = fwrite(blob.data, 1, blob.len, stdout) == blob.len;
        blob_clear(&blob);
        return fine ? 0 : 1;
    }
    return 2;
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {0, 700, 70000, (size_t)5 << 20,
                                   (size_t)70 << 20};

    if (argc == 4 && strcmp(argv[1], "-o") == 0)
        return write_one(argv[2], (size_t)strtoul(argv[3], NULL, 10));
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
            check_family(&FAMILIES[i], sizes[k]);
    }
    return failures > 0;
}
