/* SPDX-License-Identifier: MIT
 * Engines and readers: making, sealing, freeing. */
#include "engine/engine.h"

#include "base/stanza.h"
#include "classify/memo.h"
#include "mime/charset.h"

/* Compiled rules take some twenty times the room of their text, plus the
 * scan's tables. */
#define RULES_FACTOR 40
#define RULES_BASE   ((size_t)8 * 1024 * 1024)

void bounce_options_init(struct bounce_options *options, size_t size)
{
    struct bounce_options defaults = {
        .size = size,
        .allocator = *allocator_default(),
        .max_message = (size_t)8 * 1024 * 1024,
        .max_memory = (size_t)64 * 1024 * 1024,
        .max_depth = 32,
        .max_parts = 1000,
        .max_headers = 2000,
        .max_header = (size_t)64 * 1024,
        .max_events = 10000,
        .max_diagnostic = 4096,
        .max_warnings = 50,
        .max_rules = (size_t)16 * 1024 * 1024,
        .max_memo = (size_t)4 * 1024 * 1024,
    };

    if (size > sizeof(defaults))
        size = sizeof(defaults);
    memcpy(options, &defaults, size);
}

/* An options struct of an older caller is shorter: the rest is default. */
static bool take_options(const struct bounce_options *from,
                         struct bounce_options *options)
{
    bounce_options_init(options, sizeof(*options));
    if (from == NULL)
        return true;
    if (from->size < offsetof(struct bounce_options, max_message))
        return false;
    memcpy(options, from,
           from->size < sizeof(*options) ? from->size : sizeof(*options));
    options->size = sizeof(*options);
    if (options->allocator.alloc == NULL && options->allocator.resize == NULL &&
        options->allocator.release == NULL)
        options->allocator = *allocator_default();
    return options->allocator.alloc != NULL &&
           options->allocator.resize != NULL &&
           options->allocator.release != NULL;
}

enum bounce_err bounce_engine_new(const struct bounce_options *options,
                                  struct bounce_engine **engine_out)
{
    struct bounce_options own;
    struct bounce_engine *engine;

    if (engine_out == NULL || !take_options(options, &own))
        return BOUNCE_E_ARG;
    engine = own.allocator.alloc(own.allocator.ctx, sizeof(*engine));
    if (engine == NULL)
        return BOUNCE_E_NOMEM;
    *engine = (struct bounce_engine){.options = own};
    engine->sources = VEC_OF(struct compile_source);
    arena_init(&engine->arena, &engine->options.allocator,
               own.max_rules > SIZE_MAX / RULES_FACTOR - RULES_BASE
                   ? SIZE_MAX / 2
                   : own.max_rules * RULES_FACTOR + RULES_BASE);
    /* What needs no rules works at once: labels, categories, codes. */
    if (!knowledge_init(&engine->knowledge, NULL, &engine->arena)) {
        bounce_engine_free(engine);
        return BOUNCE_E_NOMEM;
    }
    *engine_out = engine;
    return BOUNCE_OK;
}

void bounce_engine_free(struct bounce_engine *engine)
{
    struct bounce_allocator allocator;

    if (engine == NULL)
        return;
    allocator = engine->options.allocator;
    arena_clear(&engine->arena);
    allocator.release(allocator.ctx, engine, sizeof(*engine));
}

enum bounce_err bounce_engine_add_rules(struct bounce_engine *engine,
                                        const char *name, const void *data,
                                        size_t len)
{
    struct compile_source source;

    if (engine == NULL || name == NULL || (data == NULL && len > 0) ||
        engine->sealed)
        return BOUNCE_E_ARG;
    if (len > engine->options.max_rules - engine->source_bytes)
        return BOUNCE_E_LIMIT;
    source.name = arena_dup(&engine->arena, slice_cstr(name));
    source.text =
        arena_dup(&engine->arena, slice_make(len > 0 ? data : "", len));
    if (source.name.ptr == NULL || source.text.ptr == NULL ||
        vec_push(&engine->sources, &engine->arena, &source) == SIZE_MAX)
        return arena_error(&engine->arena);
    engine->source_bytes += len;
    return BOUNCE_OK;
}

enum bounce_err bounce_engine_seal(struct bounce_engine *engine,
                                   struct bounce_error *error_out)
{
    struct bounce_error error;
    enum bounce_err err = BOUNCE_OK;

    error_set(error_out, BOUNCE_OK, 0, "%s", "");
    if (engine == NULL)
        return BOUNCE_E_ARG;
    if (engine->sealed)
        return BOUNCE_OK;
    if (engine->sources.count > 0) {
        err = tables_compile(&engine->arena, engine->sources.ptr,
                             engine->sources.count, &tables_builtin,
                             &engine->user, &error);
        if (err != BOUNCE_OK) {
            if (error_out != NULL)
                *error_out = error;
            return err;
        }
        if (!knowledge_init(&engine->knowledge, &engine->user,
                            &engine->arena)) {
            error_set(error_out, BOUNCE_E_NOMEM, 0, "out of memory");
            return BOUNCE_E_NOMEM;
        }
    }
    engine->sealed = true;
    return BOUNCE_OK;
}

static bool fill_reader(struct bounce_reader *reader,
                        const struct bounce_engine *engine)
{
    const struct bounce_allocator *allocator = &engine->options.allocator;
    size_t memory = engine->options.max_memory;
    size_t memo = engine->options.max_memo;

    reader->engine = engine;
    if (memo > memory / 16) /* who has little memory has little for both */
        memo = memory / 16;
    arena_init(&reader->arena, allocator, memory);
    reader->warnings =
        allocator->alloc(allocator->ctx, (engine->options.max_warnings + 1) *
                                             sizeof(*reader->warnings));
    reader->charsets = charset_cache_new(allocator);
    reader->state.memo = memo_new(allocator, memo);
    if (reader->warnings == NULL || reader->charsets == NULL ||
        reader->state.memo == NULL)
        return false;
    for (size_t i = 0; i < engine->knowledge.set_count; i++) {
        reader->state.matchers[i] =
            matcher_new(engine->knowledge.sets[i], allocator);
        if (reader->state.matchers[i] == NULL)
            return false;
    }
    return true;
}

enum bounce_err bounce_reader_new(struct bounce_engine *engine,
                                  struct bounce_reader **reader_out)
{
    struct bounce_reader *reader;
    enum bounce_err err;

    if (engine == NULL || reader_out == NULL)
        return BOUNCE_E_ARG;
    err = bounce_engine_seal(engine, NULL);
    if (err != BOUNCE_OK)
        return err;
    reader = engine->options.allocator.alloc(engine->options.allocator.ctx,
                                             sizeof(*reader));
    if (reader == NULL)
        return BOUNCE_E_NOMEM;
    memset(reader, 0, sizeof(*reader));
    if (!fill_reader(reader, engine)) {
        bounce_reader_free(reader);
        return BOUNCE_E_NOMEM;
    }
    *reader_out = reader;
    return BOUNCE_OK;
}

void bounce_reader_free(struct bounce_reader *reader)
{
    const struct bounce_allocator *allocator;

    if (reader == NULL)
        return;
    allocator = &reader->engine->options.allocator;
    for (size_t i = 0; i < KNOWLEDGE_SETS; i++)
        matcher_free(reader->state.matchers[i]);
    memo_free(reader->state.memo);
    charset_cache_free(reader->charsets);
    reader_drop_joined(reader);
    if (reader->warnings != NULL)
        allocator->release(allocator->ctx, reader->warnings,
                           (reader->engine->options.max_warnings + 1) *
                               sizeof(*reader->warnings));
    arena_clear(&reader->arena);
    allocator->release(allocator->ctx, reader, sizeof(*reader));
}

size_t bounce_result_events(const struct bounce_result *result)
{
    return result->event_count;
}

const struct bounce_event *
bounce_result_event(const struct bounce_result *result, size_t i)
{
    return i < result->event_count ? &result->events[i] : NULL;
}

size_t bounce_result_warnings(const struct bounce_result *result)
{
    return result->warning_count;
}

const struct bounce_warning *
bounce_result_warning(const struct bounce_result *result, size_t i)
{
    return i < result->warning_count ? &result->warnings[i] : NULL;
}
