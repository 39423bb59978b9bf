/* SPDX-License-Identifier: MIT */
#include "classify/compile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "classify/builder.h"

#define MAX_POOL ((size_t)256 * 1024 * 1024)

static bool map_grow(struct map *map, struct arena *arena)
{
    struct map bigger = {.cap = map->cap == 0 ? 64 : map->cap * 2};

    bigger.entries = arena_calloc(arena, bigger.cap, sizeof(*bigger.entries));
    if (bigger.entries == NULL)
        return false;
    for (size_t i = 0; i < map->cap; i++) {
        if (map->entries[i].used &&
            !map_put(&bigger, arena, map->entries[i].key,
                     map->entries[i].value))
            return false;
    }
    *map = bigger;
    return true;
}

static size_t map_slot(const struct map *map, struct bounce_slice key)
{
    size_t i = hash_bytes(key) & (map->cap - 1);

    while (map->entries[i].used && !slice_eq(map->entries[i].key, key))
        i = (i + 1) & (map->cap - 1);
    return i;
}

uint32_t map_get(const struct map *map, struct bounce_slice key)
{
    size_t i;

    if (map->cap == 0)
        return TAB_NONE;
    i = map_slot(map, key);
    return map->entries[i].used ? map->entries[i].value : TAB_NONE;
}

bool map_put(struct map *map, struct arena *arena, struct bounce_slice key,
             uint32_t value)
{
    size_t i;

    if (map->count * 2 >= map->cap && !map_grow(map, arena))
        return false;
    i = map_slot(map, key);
    if (!map->entries[i].used)
        map->count++;
    map->entries[i] = (struct map_entry){key, value, true};
    return true;
}

bool builder_error(struct builder *b, const struct place *place, unsigned line,
                   const char *format, ...)
{
    char text[120];
    va_list args;

    if (b->failed)
        return false;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    error_set(b->error, BOUNCE_E_RULES, line, "%.*s:%u: %s",
              SLICE_ARG(place->file), line, text);
    b->failed = true;
    return false;
}

bool builder_no_memory(struct builder *b)
{
    if (!b->failed)
        error_set(b->error, arena_error(b->arena), 0, "%s",
                  b->arena->over ? "the rules need more memory than allowed"
                                 : "out of memory");
    b->failed = true;
    return false;
}

const struct stanza_field *builder_field(const struct place *place,
                                         const char *name)
{
    for (size_t i = 0; i < place->stanza->count; i++) {
        if (slice_eq_nocase(place->stanza->fields[i].name, slice_cstr(name)))
            return &place->stanza->fields[i];
    }
    return NULL;
}

static size_t count_fields(const struct place *place, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < place->stanza->count; i++)
        n += slice_eq_nocase(place->stanza->fields[i].name, slice_cstr(name));
    return n;
}

bool builder_check_fields(struct builder *b, const struct place *place,
                          const struct field_spec *specs, size_t count)
{
    const struct stanza_field *first = &place->stanza->fields[0];

    for (size_t i = 1; i < place->stanza->count; i++) {
        const struct stanza_field *field = &place->stanza->fields[i];
        size_t j = 0;

        while (j < count &&
               !slice_eq_nocase(field->name, slice_cstr(specs[j].name)))
            j++;
        if (j == count)
            return builder_error(
                b, place, field->line, "no field '%.*s' in a stanza '%.*s'",
                SLICE_ARG(field->name), SLICE_ARG(first->name));
    }
    for (size_t j = 0; j < count; j++) {
        size_t n = count_fields(place, specs[j].name);
        enum field_rule rule = specs[j].rule;

        if (n == 0 && (rule == FIELD_NEEDED || rule == FIELD_MANY_NEEDED))
            return builder_error(b, place, first->line, "%.*s lacks '%s'",
                                 SLICE_ARG(first->value), specs[j].name);
        if (n > 1 && (rule == FIELD_NEEDED || rule == FIELD_ONCE))
            return builder_error(b, place, first->line,
                                 "%.*s has '%s' more than once",
                                 SLICE_ARG(first->value), specs[j].name);
    }
    return true;
}

struct tab_str builder_str(struct builder *b, struct bounce_slice s)
{
    struct tab_str str = {TAB_NONE, 0};
    uint32_t at;

    if (s.ptr == NULL)
        return str;
    at = map_get(&b->strings, s);
    if (at == TAB_NONE) {
        if (s.len >= MAX_POOL - b->pool.len) {
            b->arena->over = true;
            builder_no_memory(b);
            return str;
        }
        at = (uint32_t)b->pool.len;
        buf_add(&b->pool, s);
        buf_add_byte(&b->pool, '\0'); /* callers may want C strings */
        if (b->pool.failed || !map_put(&b->strings, b->arena, s, at)) {
            builder_no_memory(b);
            return str;
        }
    }
    return (struct tab_str){at, (uint32_t)s.len};
}

struct tab_str builder_value(struct builder *b, const struct place *place,
                             const char *name)
{
    const struct stanza_field *field = builder_field(place, name);

    return builder_str(b, field != NULL ? field->value : SLICE_NULL);
}

uint32_t builder_word(struct builder *b, const struct place *place,
                      const struct stanza_field *field,
                      const char *const *words)
{
    for (uint32_t i = 0; words[i] != NULL; i++) {
        if (slice_eq_nocase(field->value, slice_cstr(words[i])))
            return i;
    }
    builder_error(b, place, field->line, "'%.*s' is no value of %.*s",
                  SLICE_ARG(field->value), SLICE_ARG(field->name));
    return 0;
}

uint32_t builder_push(struct builder *b, struct vec *vec, const void *element)
{
    size_t i = vec_push(vec, b->arena, element);

    if (i >= TAB_NONE) {
        builder_no_memory(b);
        return 0;
    }
    return (uint32_t)i;
}

bool builder_known_category(const struct builder *b, struct bounce_slice id)
{
    if (map_get(&b->category_ids, id) != TAB_NONE)
        return true;
    for (size_t i = 0; b->base != NULL && i < b->base->categories_count; i++) {
        if (slice_eq(tab_slice(b->base, b->base->categories[i].id), id))
            return true;
    }
    return false;
}

bool builder_known_provider(const struct builder *b, struct bounce_slice id)
{
    if (map_get(&b->provider_ids, id) != TAB_NONE)
        return true;
    for (size_t i = 0; b->base != NULL && i < b->base->providers_count; i++) {
        if (slice_eq(tab_slice(b->base, b->base->providers[i].id), id))
            return true;
    }
    return false;
}

/* Pass 1 makes what others refer to, pass 2 the rest. */
static const struct {
    const char *name;
    bool (*compile[2])(struct builder *b, const struct place *place);
} kinds[] = {
    {"Category", {compile_category, NULL}},
    {"Words", {compile_words, NULL}},
    {"Provider", {compile_provider, compile_provider_signs}},
    {"Taxonomy", {compile_taxonomy, NULL}},
    {"Rule", {NULL, compile_rule}},
    {"Blocklist", {NULL, compile_blocklist}},
    {"Status", {NULL, compile_status}},
    {"Reply-Code", {NULL, compile_reply_code}},
    {"Service-Code", {NULL, compile_service_code}},
    {"Label", {NULL, compile_label}},
    {"Label-When", {NULL, compile_label_when}},
};

static bool compile_stanza(struct builder *b, const struct place *place,
                           unsigned pass)
{
    const struct stanza_field *first = &place->stanza->fields[0];

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (slice_eq_nocase(first->name, slice_cstr(kinds[i].name))) {
            if (kinds[i].compile[pass] == NULL)
                return true;
            if (first->value.len == 0)
                return builder_error(b, place, first->line, "%s has no name",
                                     kinds[i].name);
            return kinds[i].compile[pass](b, place) && !b->failed;
        }
    }
    return builder_error(b, place, first->line, "no stanza begins with '%.*s'",
                         SLICE_ARG(first->name));
}

static bool compile_pass(struct builder *b,
                         const struct compile_source *sources, size_t count,
                         unsigned pass)
{
    for (size_t i = 0; i < count; i++) {
        struct stanza_reader reader;
        struct stanza stanza;
        struct bounce_error error;
        struct place place = {sources[i].name, &stanza};

        stanza_reader_init(&reader, sources[i].text);
        while (stanza_next(&reader, b->arena, &stanza, &error)) {
            if (!compile_stanza(b, &place, pass))
                return false;
        }
        if (error.code == BOUNCE_E_RULES)
            return builder_error(b, &place, error.line, "%s", error.msg);
        if (error.code != BOUNCE_OK)
            return builder_no_memory(b);
    }
    return true;
}

static int compare_hosts(const void *a, const void *b, const char *pool)
{
    const struct tab_host *x = a, *y = b;

    return slice_compare(slice_make(pool + x->name.at, x->name.len),
                         slice_make(pool + y->name.at, y->name.len));
}

/* Few hosts: insertion sort spares a context for qsort(). */
static void sort_hosts(struct builder *b)
{
    struct tab_host *hosts = b->hosts.ptr;

    for (size_t i = 1; i < b->hosts.count; i++) {
        struct tab_host host = hosts[i];
        size_t j = i;

        while (j > 0 && compare_hosts(&host, &hosts[j - 1], b->pool.ptr) < 0) {
            hosts[j] = hosts[j - 1];
            j--;
        }
        hosts[j] = host;
    }
}

/* The hosts are sorted: of equal names the first one gets a slot. */
static bool fill_host_slots(struct builder *b)
{
    const struct tab_host *hosts = b->hosts.ptr;
    size_t cap = 16;
    uint32_t *slots;

    while (cap < b->hosts.count * 2)
        cap *= 2;
    slots = arena_calloc(b->arena, cap, sizeof(*slots));
    if (slots == NULL)
        return builder_no_memory(b);
    for (size_t i = 0; i < b->hosts.count; i++) {
        uint32_t slot = TAB_HOST_HASH;

        if (i > 0 && compare_hosts(&hosts[i], &hosts[i - 1], b->pool.ptr) == 0)
            continue;
        for (size_t j = hosts[i].name.len; j > 0; j--)
            slot = tab_host_hash(
                slot, (unsigned char)b->pool.ptr[hosts[i].name.at + j - 1]);
        while (slots[slot & (cap - 1)] != 0)
            slot++;
        slots[slot & (cap - 1)] = (uint32_t)(i + 1);
    }
    b->host_slots.ptr = slots;
    b->host_slots.count = cap;
    return true;
}

static void builder_init(struct builder *b, struct arena *arena,
                         const struct tables *base, struct bounce_error *error)
{
    *b = (struct builder){.arena = arena, .base = base, .error = error};
#define INIT_VEC(type, name) b->name = VEC_OF(type);
    TABLES(INIT_VEC)
#undef INIT_VEC
    b->word_lists = VEC_OF(struct word_list);
    b->pattern_places = VEC_OF(struct pattern_place);
    buf_init(&b->pool, arena, MAX_POOL);
}

enum bounce_err tables_compile(struct arena *arena,
                               const struct compile_source *sources,
                               size_t count, const struct tables *base,
                               struct tables *tables_out,
                               struct bounce_error *error_out)
{
    struct builder *b = arena_alloc(arena, sizeof(*b));

    if (b == NULL) {
        error_set(error_out, arena_error(arena), 0, "out of memory");
        return arena_error(arena);
    }
    builder_init(b, arena, base, error_out);
    if (!compile_pass(b, sources, count, 0) ||
        !compile_pass(b, sources, count, 1) || !compile_keep_words(b) ||
        !compile_code_slots(b) || !compile_anchors(b) || !compile_guard(b))
        return error_out->code;
    sort_hosts(b);
    if (!fill_host_slots(b))
        return error_out->code;
    *tables_out = (struct tables){
        .pool = buf_slice(&b->pool).ptr,
        .pool_len = b->pool.len,
        .flag_count = b->flag_count,
    };
#define TAKE_VEC(type, name)                                                   \
    tables_out->name = b->name.ptr;                                            \
    tables_out->name##_count = b->name.count;
    TABLES(TAKE_VEC)
#undef TAKE_VEC
    return BOUNCE_OK;
}
