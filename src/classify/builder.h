/* SPDX-License-Identifier: MIT
 * What the files of the compiler share: compile.c (stanzas), compile_rule.c,
 * compile_labels.c, phrase.c (phrases), anchors.c and window.c (the scan's
 * tables). */
#ifndef BOUNCE_CLASSIFY_BUILDER_H
#define BOUNCE_CLASSIFY_BUILDER_H

#include "base/buf.h"
#include "base/stanza.h"
#include "base/vec.h"
#include "classify/compile.h"

/* Strings to numbers; keys are copied by reference. */
struct map {
    struct map_entry *entries;
    size_t count, cap; /* cap is a power of two or 0 */
};

struct map_entry {
    struct bounce_slice key;
    uint32_t value;
    bool used;
};

/* The value of key, or TAB_NONE. */
uint32_t map_get(const struct map *map, struct bounce_slice key);
/* false when memory is out. An existing key gets the new value. */
bool map_put(struct map *map, struct arena *arena, struct bounce_slice key,
             uint32_t value);

struct builder {
    struct arena *arena;
    const struct tables *base;
    struct bounce_error *error;
#define BUILDER_MEMBER(type, name) struct vec name;
    TABLES(BUILDER_MEMBER)
#undef BUILDER_MEMBER
    struct buf pool;
    struct map strings; /* pool: text -> offset */
    struct map category_ids, rule_ids, provider_ids, blocklist_ids;
    struct map taxonomy_ids, code_ids;
    struct map words_ids;      /* name -> index of word_lists */
    struct map flag_ids;       /* Not phrase -> flag */
    struct map set_ids;        /* members joined -> set */
    struct vec word_lists;     /* struct word_list */
    struct vec pattern_places; /* struct pattern_place, by pattern */
    uint32_t flag_count;
    bool failed; /* error is filled in */
};

struct word_list {
    struct bounce_slice name;
    struct vec members; /* struct bounce_slice */
};

/* Where a pattern's phrase stands. */
struct pattern_place {
    struct bounce_slice file;
    unsigned line;
};

/* The stanza being compiled, for messages. */
struct place {
    struct bounce_slice file;
    const struct stanza *stanza;
};

/* What a field may be. */
enum field_rule { FIELD_ONCE, FIELD_NEEDED, FIELD_MANY, FIELD_MANY_NEEDED };

struct field_spec {
    const char *name;
    enum field_rule rule;
};

/* Sets the error "file:line: ..." and b->failed; false, for return. */
bool builder_error(struct builder *b, const struct place *place, unsigned line,
                   const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for memory. */
bool builder_no_memory(struct builder *b);

/* Every field of the stanza but the first must be one of the specs (count of
 * them), as often as they say. */
bool builder_check_fields(struct builder *b, const struct place *place,
                          const struct field_spec *specs, size_t count);
/* First field of that name, or NULL. */
const struct stanza_field *builder_field(const struct place *place,
                                         const char *name);
/* Its value in the pool, or an absent one. */
struct tab_str builder_value(struct builder *b, const struct place *place,
                             const char *name);
/* s in the pool; a NULL slice gives an absent string. */
struct tab_str builder_str(struct builder *b, struct bounce_slice s);
/* The index of word in a NULL-ended list; an error that names the field
 * otherwise, and 0. */
uint32_t builder_word(struct builder *b, const struct place *place,
                      const struct stanza_field *field,
                      const char *const *words);
/* vec_push that records failure; the index. */
uint32_t builder_push(struct builder *b, struct vec *vec, const void *element);
/* Whether id names a category of these sources or of base. */
bool builder_known_category(const struct builder *b, struct bounce_slice id);
bool builder_known_provider(const struct builder *b, struct bounce_slice id);

/* compile_rule.c: "5.1.*" as the status part of a condition; false if it is no
 * status. */
bool compile_status_pattern(struct bounce_slice text,
                            struct tab_code_condition *condition);
/* Adds the stages that a field names to a bit mask; "none" is bit 0. */
bool compile_stages(struct builder *b, const struct place *place,
                    const struct stanza_field *field, uint32_t *mask);
/* The bit of enum tab_signal that a field names. */
uint32_t compile_signal(struct builder *b, const struct place *place,
                        const struct stanza_field *field);
bool compile_rule(struct builder *b, const struct place *place);
bool compile_blocklist(struct builder *b, const struct place *place);
bool compile_provider(struct builder *b, const struct place *place);
/* Signs need all words, so they wait for the second pass. */
bool compile_provider_signs(struct builder *b, const struct place *place);
/* compile_codes.c */
bool compile_category(struct builder *b, const struct place *place);
bool compile_status(struct builder *b, const struct place *place);
bool compile_reply_code(struct builder *b, const struct place *place);
bool compile_service_code(struct builder *b, const struct place *place);
/* The slots that find codes. */
bool compile_code_slots(struct builder *b);
bool compile_taxonomy(struct builder *b, const struct place *place);
bool compile_label(struct builder *b, const struct place *place);
bool compile_label_when(struct builder *b, const struct place *place);
/* phrase.c: text as a pattern (or several, for empty alternatives). */
bool compile_words(struct builder *b, const struct place *place);
/* The named sets as a table, for users' phrases. */
bool compile_keep_words(struct builder *b);
bool compile_phrase(struct builder *b, const struct place *place,
                    const struct stanza_field *field, enum tab_owner type,
                    uint32_t owner);
/* anchors.c: atoms, slots and bitmap from all patterns. */
bool compile_anchors(struct builder *b);
/* compile_guard.c: which words with digits are asked for. */
bool compile_guard(struct builder *b);

#endif
