/* SPDX-License-Identifier: MIT
 * Rules, block lists and providers to tables. */
#include "classify/builder.h"

static const char *const weight_words[] = {"normal", "weak", "last", NULL};
static const char *const stage_words[] = {
    "none", "connect", "helo", "mail", "rcpt", "data", "end-of-data", NULL};
static const char *const kind_words[] = {"mailbox", "gateway", "service",
                                         "software", NULL};
/* One place of a status pattern: digits, or x or * for any. */
static bool status_place(struct bounce_slice *rest, uint32_t *value_out)
{
    unsigned value;
    size_t n = slice_parse_uint(*rest, 3, &value);

    if (n == 0 && rest->len > 0 &&
        (rest->ptr[0] == '*' || (rest->ptr[0] | 0x20) == 'x')) {
        value = TAB_NONE;
        n = 1;
    }
    if (n == 0 || n >= rest->len || rest->ptr[n] != '.')
        return false;
    *value_out = value;
    *rest = slice_from(*rest, n + 1);
    return true;
}

/* The last place may end in x for any digit: "60x" is 600 to 609. */
static bool status_detail(struct bounce_slice rest,
                          struct tab_code_condition *condition)
{
    unsigned low = 0;
    uint32_t width = 1;
    size_t n = slice_parse_uint(rest, 3, &low);

    if (n == 0 && rest.len == 1 &&
        (rest.ptr[0] == '*' || (rest.ptr[0] | 0x20) == 'x'))
        return true;
    if (n == 0)
        return false;
    for (; n < rest.len; n++) {
        if ((rest.ptr[n] | 0x20) != 'x' || n >= 3)
            return false;
        low *= 10;
        width *= 10;
    }
    condition->status_detail = low;
    condition->status_detail_high = low + width - 1;
    return true;
}

bool compile_status_pattern(struct bounce_slice text,
                            struct tab_code_condition *condition)
{
    *condition = (struct tab_code_condition){
        .code_low = condition->code_low,
        .code_high = condition->code_high,
        .status_detail = TAB_NONE,
        .has_status = 1,
    };
    return status_place(&text, &condition->status_class) &&
           status_place(&text, &condition->status_subject) &&
           status_detail(text, condition);
}

/* "550", "55x", "5xx". */
static bool parse_code_pattern(struct bounce_slice text,
                               struct tab_code_condition *condition)
{
    uint32_t low = 0, high = 0;

    if (text.len != 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        bool any = (text.ptr[i] | 0x20) == 'x' || text.ptr[i] == '*';
        uint32_t digit = (uint32_t)(text.ptr[i] - '0');

        if (!any && digit > 9)
            return false;
        low = low * 10 + (any ? 0 : digit);
        high = high * 10 + (any ? 9 : digit);
    }
    condition->code_low = low;
    condition->code_high = high;
    return true;
}

static uint32_t exactness(const struct tab_code_condition *condition)
{
    if (condition->has_status && condition->status_class != TAB_NONE &&
        condition->status_subject != TAB_NONE &&
        condition->status_detail != TAB_NONE &&
        condition->status_detail == condition->status_detail_high)
        return 3;
    if (condition->code_low != TAB_NONE &&
        condition->code_low == condition->code_high)
        return 2;
    return 1;
}

static bool compile_code(struct builder *b, const struct place *place,
                         const struct stanza_field *field)
{
    struct tab_code_condition condition = {.code_low = TAB_NONE};
    struct bounce_slice rest = field->value, word;

    while (slice_next_piece(&rest, ' ', &word)) {
        bool ok = true;

        if (word.len == 0)
            continue;
        if (slice_find_byte(word, '.') != SLICE_NPOS)
            ok = !condition.has_status &&
                 compile_status_pattern(word, &condition);
        else
            ok = condition.code_low == TAB_NONE &&
                 parse_code_pattern(word, &condition);
        if (!ok)
            return builder_error(b, place, field->line,
                                 "'%.*s' is no code or status",
                                 SLICE_ARG(field->value));
    }
    if (!condition.has_status && condition.code_low == TAB_NONE)
        return builder_error(b, place, field->line, "Code is empty");
    condition.exactness = exactness(&condition);
    builder_push(b, &b->conditions, &condition);
    return !b->failed;
}

/* Not and Never phrases are shared: each distinct one is a flag that the scan
 * sets. mark is 0 or TAB_NEVER. */
static bool compile_not(struct builder *b, const struct place *place,
                        const struct stanza_field *field, uint32_t mark)
{
    uint32_t flag = map_get(&b->flag_ids, field->value);

    if (flag == TAB_NONE) {
        flag = b->flag_count++;
        if (!map_put(&b->flag_ids, b->arena, field->value, flag))
            return builder_no_memory(b);
        if (!compile_phrase(b, place, field, TAB_OWNER_NOT, flag))
            return false;
    }
    flag |= mark;
    builder_push(b, &b->not_refs, &flag);
    return !b->failed;
}

/* Ids between blanks of all fields of that name, checked by known. */
static bool
compile_ids(struct builder *b, const struct place *place, const char *name,
            bool (*known)(const struct builder *, struct bounce_slice),
            struct tab_span *span)
{
    span->at = (uint32_t)b->provider_refs.count;
    for (size_t i = 1; i < place->stanza->count; i++) {
        const struct stanza_field *field = &place->stanza->fields[i];
        struct bounce_slice rest = field->value, word;

        if (!slice_eq_nocase(field->name, slice_cstr(name)))
            continue;
        while (slice_next_piece(&rest, ' ', &word)) {
            struct tab_str id;

            if (word.len == 0)
                continue;
            if (known != NULL && !known(b, word))
                return builder_error(b, place, field->line,
                                     "no provider '%.*s'", SLICE_ARG(word));
            id = builder_str(b, word);
            builder_push(b, &b->provider_refs, &id);
            span->count++;
        }
    }
    return !b->failed;
}

static bool push_text(struct builder *b, struct vec *texts,
                      struct tab_span *span, struct bounce_slice value)
{
    struct tab_str text = builder_str(b, value);

    if (span->count++ == 0)
        span->at = (uint32_t)texts->count;
    builder_push(b, texts, &text);
    return !b->failed;
}

uint32_t compile_signal(struct builder *b, const struct place *place,
                        const struct stanza_field *field)
{
    static const char *const words[] = {"person-left",
                                        "person-present",
                                        "suppressed-for bounce",
                                        "suppressed-for unsubscribe",
                                        "suppressed-for complaint",
                                        NULL};

    return 1U << builder_word(b, place, field, words);
}

bool compile_stages(struct builder *b, const struct place *place,
                    const struct stanza_field *field, uint32_t *mask)
{
    struct bounce_slice rest = field->value, word;

    while (slice_next_piece(&rest, ' ', &word)) {
        struct stanza_field one = {field->name, word, field->line};

        if (word.len > 0)
            *mask |= 1U << builder_word(b, place, &one, stage_words);
    }
    return !b->failed;
}

static bool is_field(const struct stanza_field *field, const char *name)
{
    return slice_eq_nocase(field->name, slice_cstr(name));
}

static bool compile_confidence(struct builder *b, const struct place *place,
                               const struct stanza_field *field,
                               struct tab_rule *rule)
{
    unsigned hundredths;

    size_t digits;

    digits = slice_parse_uint(slice_from(field->value, 2), 2, &hundredths);
    if (!slice_starts(field->value, SLICE("0.")) || digits == 0 ||
        digits + 2 != field->value.len || hundredths == 0)
        return builder_error(b, place, field->line,
                             "Confidence is 0.01 to 0.99");
    rule->confidence = digits == 1 ? hundredths * 10 : hundredths;
    return true;
}

static bool compile_field(struct builder *b, const struct place *place,
                          const struct stanza_field *field,
                          struct tab_rule *rule)
{
    if (is_field(field, "Code")) {
        rule->codes.count++;
        return compile_code(b, place, field);
    }
    if (is_field(field, "Not") || is_field(field, "Never")) {
        rule->nots.count++;
        return compile_not(b, place, field,
                           is_field(field, "Never") ? TAB_NEVER : 0);
    }
    if (is_field(field, "Stage"))
        return compile_stages(b, place, field, &rule->stages);
    if (is_field(field, "Weight"))
        rule->weight = builder_word(b, place, field, weight_words);
    else if (is_field(field, "Signal"))
        rule->signals |= compile_signal(b, place, field);
    else if (is_field(field, "Confidence"))
        return compile_confidence(b, place, field, rule);
    else if (is_field(field, "Example"))
        return push_text(b, &b->example_texts, &rule->examples, field->value);
    return !b->failed;
}

/* Phrase or Sign lines; they come after the other fields, since patterns refer
 * to the rule by its index. */
static bool compile_phrases(struct builder *b, const struct place *place,
                            const char *name, uint32_t owner,
                            enum tab_owner type, struct tab_span *span)
{
    for (size_t i = 1; i < place->stanza->count; i++) {
        const struct stanza_field *field = &place->stanza->fields[i];

        if (!is_field(field, name))
            continue;
        if (!compile_phrase(b, place, field, type, owner))
            return false;
        if (span != NULL && !push_text(b, &b->phrase_texts, span, field->value))
            return false;
    }
    return true;
}

/* What codes and statuses a condition may allow. By code alone, what it asks
 * for must be there. */
static void add_code_bits(const struct tab_code_condition *c,
                          struct tab_code_rule *rule)
{
    uint32_t codes = UINT32_MAX, statuses = UINT32_MAX;

    if (c->code_low != TAB_NONE) {
        codes = c->has_status ? TAB_CODE_UNKNOWN : 0;
        for (uint32_t code = c->code_low; code <= c->code_high; code++)
            codes |= tab_code_bit(code);
    }
    if (c->has_status) {
        statuses = ~TAB_CODE_UNKNOWN;
        if (c->status_subject != TAB_NONE && c->status_detail != TAB_NONE) {
            statuses = 0;
            for (uint32_t d = c->status_detail; d <= c->status_detail_high; d++)
                statuses |= tab_status_bit(c->status_subject, d);
        }
    }
    rule->codes |= codes;
    rule->statuses |= statuses;
}

static void push_code_rule(struct builder *b, const struct tab_rule *rule,
                           uint32_t index)
{
    struct tab_code_rule code_rule = {.rule = index};

    for (uint32_t i = 0; i < rule->codes.count; i++)
        add_code_bits(VEC_AT(b->conditions, struct tab_code_condition,
                             rule->codes.at + i),
                      &code_rule);
    builder_push(b, &b->code_rules, &code_rule);
}

static bool fill_rule(struct builder *b, const struct place *place,
                      const char *phrase_field, struct tab_rule *rule)
{
    uint32_t index = (uint32_t)b->rules.count;

    rule->codes.at = (uint32_t)b->conditions.count;
    rule->nots.at = (uint32_t)b->not_refs.count;
    for (size_t i = 1; i < place->stanza->count; i++) {
        if (!compile_field(b, place, &place->stanza->fields[i], rule))
            return false;
    }
    if (!compile_phrases(b, place, phrase_field, index, TAB_OWNER_RULE,
                         &rule->phrases))
        return false;
    rule->code_only = rule->phrases.count == 0;
    if (rule->code_only)
        push_code_rule(b, rule, index);
    builder_push(b, &b->rules, rule);
    return !b->failed;
}

static bool unique_rule(struct builder *b, const struct place *place,
                        struct bounce_slice id)
{
    const struct stanza_field *first = &place->stanza->fields[0];

    if (map_get(&b->rule_ids, id) != TAB_NONE)
        return builder_error(b, place, first->line, "%.*s %.*s stands twice",
                             SLICE_ARG(first->name), SLICE_ARG(id));
    if (!map_put(&b->rule_ids, b->arena, id, (uint32_t)b->rules.count))
        return builder_no_memory(b);
    for (size_t i = 0; i < id.len; i++) {
        unsigned char c = (unsigned char)id.ptr[i];

        if (!ascii_is_digit(c) && (c < 'a' || c > 'z') && c != '.' && c != '-')
            return builder_error(b, place, first->line,
                                 "an id has a-z, 0-9, '.' and '-' only");
    }
    return true;
}

bool compile_rule(struct builder *b, const struct place *place)
{
    static const struct field_spec specs[] = {
        {"Category", FIELD_NEEDED},
        {"When-Provider", FIELD_MANY},
        {"When-Service", FIELD_MANY},
        {"Code", FIELD_MANY},
        {"Stage", FIELD_MANY},
        {"Phrase", FIELD_MANY},
        {"Not", FIELD_MANY},
        {"Never", FIELD_MANY},
        {"Weight", FIELD_ONCE},
        {"Confidence", FIELD_ONCE},
        {"Signal", FIELD_MANY},
        {"Meaning", FIELD_ONCE},
        {"Remedy", FIELD_ONCE},
        {"Source", FIELD_MANY},
        {"Example", FIELD_MANY_NEEDED},
    };
    const struct stanza_field *first = &place->stanza->fields[0];
    const struct stanza_field *category = builder_field(place, "Category");
    struct tab_rule rule;

    if (!unique_rule(b, place, first->value) ||
        !builder_check_fields(b, place, specs,
                              sizeof(specs) / sizeof(specs[0])))
        return false;
    if (!builder_known_category(b, category->value))
        return builder_error(b, place, category->line, "no category '%.*s'",
                             SLICE_ARG(category->value));
    if (builder_field(place, "Phrase") == NULL &&
        builder_field(place, "Code") == NULL)
        return builder_error(b, place, first->line,
                             "%.*s has neither Phrase nor Code",
                             SLICE_ARG(first->value));
    rule = (struct tab_rule){
        .id = builder_str(b, first->value),
        .category = builder_str(b, category->value),
        .meaning = builder_value(b, place, "Meaning"),
        .remedy = builder_value(b, place, "Remedy"),
        .source = builder_value(b, place, "Source"),
        .origin = builder_str(b, place->file),
        .line = first->line,
        .list = TAB_NONE,
    };
    if (!compile_ids(b, place, "When-Provider", builder_known_provider,
                     &rule.providers) ||
        !compile_ids(b, place, "When-Service", NULL, &rule.services))
        return false;
    if (rule.providers.count > 0 || rule.services.count > 0)
        rule.tier = TAB_TIER_PROVIDER;
    return fill_rule(b, place, "Phrase", &rule);
}

bool compile_blocklist(struct builder *b, const struct place *place)
{
    static const struct field_spec specs[] = {
        {"Name", FIELD_NEEDED},         {"Sign", FIELD_MANY_NEEDED},
        {"Category", FIELD_ONCE},       {"Not", FIELD_MANY},
        {"Never", FIELD_MANY},          {"Lookup", FIELD_ONCE},
        {"Removal", FIELD_ONCE},        {"Meaning", FIELD_ONCE},
        {"Remedy", FIELD_ONCE},         {"Source", FIELD_MANY},
        {"Weight", FIELD_ONCE},         {"Confidence", FIELD_ONCE},
        {"Example", FIELD_MANY_NEEDED},
    };
    const struct stanza_field *first = &place->stanza->fields[0];
    const struct stanza_field *category = builder_field(place, "Category");
    struct bounce_slice category_id =
        category != NULL ? category->value : SLICE("ip_blocklisted");
    struct tab_blocklist list;
    struct tab_rule rule;

    if (!unique_rule(b, place, first->value) ||
        !builder_check_fields(b, place, specs,
                              sizeof(specs) / sizeof(specs[0])))
        return false;
    if (!builder_known_category(b, category_id))
        return builder_error(b, place, first->line, "no category '%.*s'",
                             SLICE_ARG(category_id));
    list = (struct tab_blocklist){
        .id = builder_str(b, first->value),
        .name = builder_value(b, place, "Name"),
        .lookup = builder_value(b, place, "Lookup"),
        .removal = builder_value(b, place, "Removal"),
    };
    rule = (struct tab_rule){
        .id = list.id,
        .category = builder_str(b, category_id),
        .meaning = builder_value(b, place, "Meaning"),
        .remedy = builder_value(b, place, "Remedy"),
        .source = builder_value(b, place, "Source"),
        .origin = builder_str(b, place->file),
        .line = first->line,
        .tier = TAB_TIER_BLOCKLIST,
        .list = builder_push(b, &b->blocklists, &list),
    };
    return fill_rule(b, place, "Sign", &rule);
}

static bool push_hosts(struct builder *b, const struct place *place,
                       const char *name, uint32_t provider, bool domain)
{
    for (size_t i = 1; i < place->stanza->count; i++) {
        const struct stanza_field *field = &place->stanza->fields[i];
        struct bounce_slice rest = field->value, word;

        if (!is_field(field, name))
            continue;
        while (slice_next_piece(&rest, ' ', &word)) {
            struct tab_host host = {.provider = provider, .domain = domain};

            if (word.len == 0)
                continue;
            if (slice_starts(word, SLICE("*."))) {
                host.subdomains = 1;
                word = slice_from(word, 2);
            }
            if (word.len == 0 || slice_find_byte(word, '*') != SLICE_NPOS)
                return builder_error(b, place, field->line,
                                     "'%.*s': only '*.' at the front is a "
                                     "pattern",
                                     SLICE_ARG(field->value));
            host.name = builder_str(b, word);
            builder_push(b, &b->hosts, &host);
        }
    }
    return !b->failed;
}

bool compile_provider(struct builder *b, const struct place *place)
{
    static const struct field_spec specs[] = {
        {"Name", FIELD_NEEDED},  {"Kind", FIELD_NEEDED},
        {"Host", FIELD_MANY},    {"Mx", FIELD_MANY},
        {"Domain", FIELD_MANY},  {"Sign", FIELD_MANY},
        {"Source", FIELD_MANY},  {"Example", FIELD_MANY},
        {"Meaning", FIELD_ONCE},
    };
    const struct stanza_field *first = &place->stanza->fields[0];
    const struct stanza_field *kind = builder_field(place, "Kind");
    struct tab_provider provider;
    uint32_t index;

    if (!builder_check_fields(b, place, specs,
                              sizeof(specs) / sizeof(specs[0])))
        return false;
    if (map_get(&b->provider_ids, first->value) != TAB_NONE)
        return builder_error(b, place, first->line, "Provider stands twice");
    provider = (struct tab_provider){
        .id = builder_str(b, first->value),
        .name = builder_value(b, place, "Name"),
        .kind = builder_word(b, place, kind, kind_words),
        .origin = builder_str(b, place->file),
        .line = first->line,
    };
    index = builder_push(b, &b->providers, &provider);
    if (!map_put(&b->provider_ids, b->arena, first->value, index))
        return builder_no_memory(b);
    return push_hosts(b, place, "Host", index, false) &&
           push_hosts(b, place, "Mx", index, false) &&
           push_hosts(b, place, "Domain", index, true);
}

bool compile_provider_signs(struct builder *b, const struct place *place)
{
    uint32_t index = map_get(&b->provider_ids, place->stanza->fields[0].value);

    return compile_phrases(b, place, "Sign", index, TAB_OWNER_PROVIDER, NULL);
}
