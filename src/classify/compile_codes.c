/* SPDX-License-Identifier: MIT
 * Categories, codes, taxonomies and labels to tables. */
#include "classify/builder.h"

static const char *const class_words[] = {
    "", "hard", "soft", "block", "admin", "event", "undetermined", NULL};
static const char *const do_words[] = {"nothing", "suppress", "suspend",
                                       "hold",    "retry",    "split",
                                       "fix",     "review",   NULL};
static const char *const who_words[] = {"nobody", "sender", "recipient",
                                        "receiver", NULL};
static const char *const retry_words[] = {"none", "mta", "sender", NULL};

static uint32_t word_field(struct builder *b, const struct place *place,
                           const char *name, const char *const *words)
{
    const struct stanza_field *field = builder_field(place, name);

    return field != NULL ? builder_word(b, place, field, words) : 0;
}

/* Records key -> value and refuses a second one. */
static bool unique(struct builder *b, const struct place *place,
                   struct map *map, struct bounce_slice key, uint32_t value)
{
    const struct stanza_field *first = &place->stanza->fields[0];

    if (map_get(map, key) != TAB_NONE)
        return builder_error(b, place, first->line, "%.*s %.*s stands twice",
                             SLICE_ARG(first->name), SLICE_ARG(first->value));
    if (!map_put(map, b->arena, key, value))
        return builder_no_memory(b);
    return true;
}

bool compile_category(struct builder *b, const struct place *place)
{
    static const struct field_spec specs[] = {
        {"Name", FIELD_NEEDED},   {"Class", FIELD_NEEDED},
        {"Do", FIELD_NEEDED},     {"Who", FIELD_NEEDED},
        {"Retry-By", FIELD_ONCE}, {"Retry-After", FIELD_ONCE},
        {"Scope", FIELD_ONCE},    {"Meaning", FIELD_NEEDED},
        {"Action", FIELD_ONCE},   {"Retry", FIELD_ONCE},
        {"Remedy", FIELD_NEEDED}, {"Source", FIELD_MANY},
    };
    const struct stanza_field *first = &place->stanza->fields[0], *after;
    struct tab_category category;
    unsigned seconds = 0;

    if (!builder_check_fields(b, place, specs,
                              sizeof(specs) / sizeof(specs[0])))
        return false;
    after = builder_field(place, "Retry-After");
    if (after != NULL &&
        slice_parse_uint(after->value, 9, &seconds) != after->value.len)
        return builder_error(b, place, after->line,
                             "Retry-After is not a number of seconds");
    category = (struct tab_category){
        .id = builder_str(b, first->value),
        .name = builder_value(b, place, "Name"),
        .cls = word_field(b, place, "Class", class_words),
        .action = word_field(b, place, "Do", do_words),
        .who = word_field(b, place, "Who", who_words),
        .retry_by = word_field(b, place, "Retry-By", retry_words),
        .retry_after_s = after != NULL ? seconds : TAB_NONE,
        .scope = builder_value(b, place, "Scope"),
        .meaning = builder_value(b, place, "Meaning"),
        .action_text = builder_value(b, place, "Action"),
        .retry_text = builder_value(b, place, "Retry"),
        .remedy = builder_value(b, place, "Remedy"),
    };
    return unique(b, place, &b->category_ids, first->value,
                  builder_push(b, &b->categories, &category));
}

static bool check_category(struct builder *b, const struct place *place)
{
    const struct stanza_field *field = builder_field(place, "Category");

    if (field != NULL && !builder_known_category(b, field->value))
        return builder_error(b, place, field->line, "no category '%.*s'",
                             SLICE_ARG(field->value));
    return true;
}

static bool push_code(struct builder *b, const struct place *place,
                      enum tab_code_type type, struct bounce_slice code,
                      struct bounce_slice service)
{
    const struct stanza_field *signal = builder_field(place, "Signal");
    struct tab_code entry = {
        .type = type,
        .code = builder_str(b, code),
        .service = builder_str(b, service),
        .title = builder_value(b, place, "Title"),
        .meaning = builder_value(b, place, "Meaning"),
        .cause = builder_value(b, place, "Cause"),
        .remedy = builder_value(b, place, "Remedy"),
        .reference = builder_value(b, place, "Reference"),
        .basic = builder_value(b, place, "Basic"),
        .category = builder_value(b, place, "Category"),
        .cls = builder_value(b, place, "Class"),
        .signals = signal != NULL ? compile_signal(b, place, signal) : 0,
    };

    return check_category(b, place) &&
           unique(b, place, &b->code_ids, place->stanza->fields[0].value,
                  builder_push(b, &b->codes, &entry));
}

bool compile_status(struct builder *b, const struct place *place)
{
    static const struct field_spec specs[] = {
        {"Title", FIELD_NEEDED},    {"Basic", FIELD_ONCE},
        {"Meaning", FIELD_NEEDED},  {"Cause", FIELD_NEEDED},
        {"Remedy", FIELD_NEEDED},   {"Reference", FIELD_NEEDED},
        {"Category", FIELD_NEEDED},
    };

    return builder_check_fields(b, place, specs,
                                sizeof(specs) / sizeof(specs[0])) &&
           push_code(b, place, TAB_CODE_STATUS, place->stanza->fields[0].value,
                     SLICE_NULL);
}

bool compile_reply_code(struct builder *b, const struct place *place)
{
    static const struct field_spec specs[] = {
        {"Title", FIELD_NEEDED},     {"Meaning", FIELD_NEEDED},
        {"Cause", FIELD_NEEDED},     {"Remedy", FIELD_NEEDED},
        {"Reference", FIELD_NEEDED}, {"Category", FIELD_ONCE},
        {"Class", FIELD_ONCE},
    };

    return builder_check_fields(b, place, specs,
                                sizeof(specs) / sizeof(specs[0])) &&
           push_code(b, place, TAB_CODE_REPLY, place->stanza->fields[0].value,
                     SLICE_NULL);
}

bool compile_service_code(struct builder *b, const struct place *place)
{
    static const struct field_spec specs[] = {
        {"Title", FIELD_ONCE},     {"Meaning", FIELD_NEEDED},
        {"Cause", FIELD_ONCE},     {"Remedy", FIELD_NEEDED},
        {"Reference", FIELD_ONCE}, {"Category", FIELD_NEEDED},
        {"Class", FIELD_ONCE},     {"Signal", FIELD_ONCE},
    };
    struct bounce_slice value = place->stanza->fields[0].value;
    size_t blank = slice_find_byte(value, ' ');

    if (blank == SLICE_NPOS)
        return builder_error(b, place, place->stanza->fields[0].line,
                             "Service-Code wants a service and a code");
    return builder_check_fields(b, place, specs,
                                sizeof(specs) / sizeof(specs[0])) &&
           push_code(b, place, TAB_CODE_SERVICE,
                     slice_trim(slice_from(value, blank)),
                     slice_sub(value, 0, blank));
}

bool compile_taxonomy(struct builder *b, const struct place *place)
{
    static const struct field_spec specs[] = {
        {"Name", FIELD_NEEDED},
        {"Source", FIELD_MANY},
        {"Meaning", FIELD_ONCE},
    };
    const struct stanza_field *first = &place->stanza->fields[0];
    struct tab_taxonomy taxonomy;

    if (!builder_check_fields(b, place, specs,
                              sizeof(specs) / sizeof(specs[0])))
        return false;
    taxonomy = (struct tab_taxonomy){
        .id = builder_str(b, first->value),
        .name = builder_value(b, place, "Name"),
        .source = builder_value(b, place, "Source"),
    };
    return unique(b, place, &b->taxonomy_ids, first->value,
                  builder_push(b, &b->taxonomies, &taxonomy));
}

/* Labels of one taxonomy stand together in the table, since they stand
 * together in a file. */
static bool attach_label(struct builder *b, const struct place *place,
                         struct bounce_slice taxonomy_id, uint32_t label)
{
    uint32_t at = map_get(&b->taxonomy_ids, taxonomy_id);
    struct tab_taxonomy *taxonomy;

    if (at == TAB_NONE)
        return builder_error(b, place, place->stanza->fields[0].line,
                             "no taxonomy '%.*s'", SLICE_ARG(taxonomy_id));
    taxonomy = VEC_AT(b->taxonomies, struct tab_taxonomy, at);
    if (taxonomy->labels.count == 0)
        taxonomy->labels.at = label;
    else if (taxonomy->labels.at + taxonomy->labels.count != label)
        return builder_error(b, place, place->stanza->fields[0].line,
                             "labels of %.*s stand apart",
                             SLICE_ARG(taxonomy_id));
    taxonomy->labels.count++;
    return true;
}

static bool label_categories(struct builder *b, const struct place *place,
                             struct tab_span *span_out)
{
    const struct stanza_field *field = builder_field(place, "For");
    struct bounce_slice rest, word;

    span_out->at = (uint32_t)b->label_categories.count;
    rest = field != NULL ? field->value : SLICE_NULL;
    while (slice_next_piece(&rest, ' ', &word)) {
        struct tab_str id;

        if (word.len == 0)
            continue;
        if (!builder_known_category(b, word))
            return builder_error(b, place, field->line, "no category '%.*s'",
                                 SLICE_ARG(word));
        id = builder_str(b, word);
        builder_push(b, &b->label_categories, &id);
        span_out->count++;
    }
    return !b->failed;
}

bool compile_label(struct builder *b, const struct place *place)
{
    static const struct field_spec specs[] = {
        {"Code", FIELD_ONCE}, {"Class", FIELD_ONCE},   {"Category", FIELD_ONCE},
        {"For", FIELD_ONCE},  {"Meaning", FIELD_ONCE}, {"Source", FIELD_MANY},
    };
    struct bounce_slice value = place->stanza->fields[0].value;
    size_t blank = slice_find_byte(value, ' ');
    struct tab_label label;

    if (blank == SLICE_NPOS)
        return builder_error(b, place, place->stanza->fields[0].line,
                             "Label wants a taxonomy and a label");
    if (!builder_check_fields(b, place, specs,
                              sizeof(specs) / sizeof(specs[0])) ||
        !check_category(b, place))
        return false;
    label = (struct tab_label){
        .label = builder_str(b, slice_trim(slice_from(value, blank))),
        .code = builder_value(b, place, "Code"),
        .cls = builder_value(b, place, "Class"),
        .category = builder_value(b, place, "Category"),
        .meaning = builder_value(b, place, "Meaning"),
    };
    return label_categories(b, place, &label.categories) &&
           attach_label(b, place, slice_sub(value, 0, blank),
                        builder_push(b, &b->labels, &label));
}

/* "none x.0.0 5.2.*": statuses as conditions. */
static bool case_statuses(struct builder *b, const struct place *place,
                          struct tab_label_case *entry)
{
    const struct stanza_field *field = builder_field(place, "Status");
    struct bounce_slice rest, word;

    entry->statuses.at = (uint32_t)b->conditions.count;
    rest = field != NULL ? field->value : SLICE_NULL;
    while (slice_next_piece(&rest, ' ', &word)) {
        struct tab_code_condition condition = {.code_low = TAB_NONE};

        if (word.len == 0)
            continue;
        if (slice_eq(word, SLICE("none"))) {
            entry->status_absent = 1;
            continue;
        }
        if (!compile_status_pattern(word, &condition))
            return builder_error(b, place, field->line, "'%.*s' is no status",
                                 SLICE_ARG(word));
        builder_push(b, &b->conditions, &condition);
        entry->statuses.count++;
    }
    return !b->failed;
}

bool compile_label_when(struct builder *b, const struct place *place)
{
    static const struct field_spec specs[] = {
        {"Category", FIELD_ONCE}, {"Stage", FIELD_ONCE},
        {"Status", FIELD_ONCE},   {"Expired", FIELD_ONCE},
        {"Source", FIELD_MANY},
    };
    static const char *const yes_words[] = {"no", "yes", NULL};
    const struct stanza_field *first = &place->stanza->fields[0];
    const struct stanza_field *stage = builder_field(place, "Stage");
    size_t blank = slice_find_byte(first->value, ' ');
    struct tab_label_case entry;

    if (blank == SLICE_NPOS)
        return builder_error(b, place, first->line,
                             "Label-When wants a taxonomy and a label");
    if (!builder_check_fields(b, place, specs,
                              sizeof(specs) / sizeof(specs[0])) ||
        !check_category(b, place))
        return false;
    entry = (struct tab_label_case){
        .taxonomy = builder_str(b, slice_sub(first->value, 0, blank)),
        .label = builder_str(b, slice_trim(slice_from(first->value, blank))),
        .category = builder_value(b, place, "Category"),
        .expired = word_field(b, place, "Expired", yes_words),
    };
    if ((stage != NULL && !compile_stages(b, place, stage, &entry.stages)) ||
        !case_statuses(b, place, &entry))
        return false;
    builder_push(b, &b->label_cases, &entry);
    return !b->failed;
}

bool compile_code_slots(struct builder *b)
{
    size_t cap = 16;
    uint32_t *slots;

    while (cap < b->codes.count * 2)
        cap *= 2;
    slots = arena_calloc(b->arena, cap, sizeof(*slots));
    if (slots == NULL)
        return builder_no_memory(b);
    for (size_t i = 0; i < b->codes.count; i++) {
        const struct tab_code *code = VEC_AT(b->codes, struct tab_code, i);
        size_t slot =
            tab_code_hash(code->type, slice_make(b->pool.ptr + code->code.at,
                                                 code->code.len));

        while (slots[slot & (cap - 1)] != 0)
            slot++;
        slots[slot & (cap - 1)] = (uint32_t)(i + 1);
    }
    b->code_slots.ptr = slots;
    b->code_slots.count = cap;
    return true;
}
