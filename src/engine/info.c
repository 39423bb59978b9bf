/* SPDX-License-Identifier: MIT
 * The knowledge as callers see it: categories, codes, rules, labels, hits. */
#include "engine/engine.h"

/* The set that entry i of all sets falls into; *i becomes its index there. */
#define PICK_SET(engine, member, i)                                            \
    const struct tables *t = NULL;                                             \
    for (size_t set = 0; set < (engine)->knowledge.set_count; set++) {         \
        if ((i) < (engine)->knowledge.sets[set]->member) {                     \
            t = (engine)->knowledge.sets[set];                                 \
            break;                                                             \
        }                                                                      \
        (i) -= (engine)->knowledge.sets[set]->member;                          \
    }

const struct bounce_category *
bounce_category_at(const struct bounce_engine *engine, size_t i)
{
    if (i >= engine->knowledge.category_count)
        return NULL;
    return &engine->knowledge.categories[i];
}

const struct bounce_category *
bounce_category_find(const struct bounce_engine *engine, struct bounce_slice id)
{
    return knowledge_category(&engine->knowledge, id);
}

bool bounce_code_at(const struct bounce_engine *engine, size_t i,
                    struct bounce_code *code_out)
{
    const struct tab_code *code;

    PICK_SET(engine, codes_count, i)
    if (t == NULL)
        return false;
    code = &t->codes[i];
    *code_out = (struct bounce_code){
        .code = tab_slice(t, code->code),
        .service = tab_slice(t, code->service),
        .title = tab_slice(t, code->title),
        .meaning = tab_slice(t, code->meaning),
        .cause = tab_slice(t, code->cause),
        .remedy = tab_slice(t, code->remedy),
        .reference = tab_slice(t, code->reference),
        .category = tab_slice(t, code->category),
    };
    return true;
}

bool bounce_rule_at(const struct bounce_engine *engine, size_t i,
                    struct bounce_rule *rule_out)
{
    const struct tab_rule *rule;

    PICK_SET(engine, rules_count, i)
    if (t == NULL)
        return false;
    rule = &t->rules[i];
    *rule_out = (struct bounce_rule){
        .id = tab_slice(t, rule->id),
        .category = tab_slice(t, rule->category),
        .provider = rule->providers.count > 0
                        ? tab_slice(t, t->provider_refs[rule->providers.at])
                        : SLICE_NULL,
        .remedy = tab_slice(t, rule->remedy),
        .meaning = tab_slice(t, rule->meaning),
        .source = tab_slice(t, rule->source),
        .origin = tab_slice(t, rule->origin),
        .line = rule->line,
        .phrases = rule->phrases.count,
        .examples = rule->examples.count,
        .user = t != &tables_builtin,
        .weight = rule->weight,
    };
    return true;
}

struct bounce_slice bounce_rule_phrase(const struct bounce_engine *engine,
                                       size_t i, size_t j)
{
    PICK_SET(engine, rules_count, i)
    if (t == NULL || j >= t->rules[i].phrases.count)
        return SLICE_NULL;
    return tab_slice(t, t->phrase_texts[t->rules[i].phrases.at + j]);
}

struct bounce_slice bounce_rule_example(const struct bounce_engine *engine,
                                        size_t i, size_t j)
{
    PICK_SET(engine, rules_count, i)
    if (t == NULL || j >= t->rules[i].examples.count)
        return SLICE_NULL;
    return tab_slice(t, t->example_texts[t->rules[i].examples.at + j]);
}

const char *bounce_taxonomy(const struct bounce_engine *engine, size_t i)
{
    PICK_SET(engine, taxonomies_count, i)
    if (t == NULL)
        return NULL;
    return tab_slice(t, t->taxonomies[i].id).ptr;
}

static bool label_has(const struct tables *t, const struct tab_label *label,
                      struct bounce_slice category)
{
    for (uint32_t i = 0; i < label->categories.count; i++) {
        if (slice_eq(
                tab_slice(t, t->label_categories[label->categories.at + i]),
                category))
            return true;
    }
    return false;
}

static const struct tab_label *label_for(const struct tables *t,
                                         const struct tab_taxonomy *taxonomy,
                                         struct bounce_slice category)
{
    for (uint32_t i = 0; i < taxonomy->labels.count; i++) {
        const struct tab_label *label = &t->labels[taxonomy->labels.at + i];

        if (label_has(t, label, category))
            return label;
    }
    return NULL;
}

static bool status_allows(const struct tables *t,
                          const struct tab_label_case *c,
                          struct bounce_slice status)
{
    unsigned places[3] = {0};
    size_t at = 0;

    if (c->statuses.count == 0 && !c->status_absent)
        return true;
    if (status.ptr == NULL)
        return c->status_absent != 0;
    for (unsigned i = 0; i < 3; i++)
        at += slice_parse_uint(slice_from(status, at), 3, &places[i]) + 1;
    for (uint32_t i = 0; i < c->statuses.count; i++) {
        if (knowledge_status_matches(&t->conditions[c->statuses.at + i],
                                     places))
            return true;
    }
    return false;
}

/* Conditions only tell failures apart. */
static bool case_holds(const struct tables *t, const struct tab_label_case *c,
                       const struct bounce_event *event)
{
    if (event->kind != BOUNCE_KIND_BOUNCE)
        return false;
    if (c->category.at != TAB_NONE &&
        !slice_eq(tab_slice(t, c->category), event->category))
        return false;
    if (c->stages != 0 && (c->stages >> event->stage & 1) == 0)
        return false;
    return (!c->expired || event->expired) &&
           status_allows(t, c, event->status);
}

static const struct tab_label *find_label(const struct tables *t,
                                          const struct tab_taxonomy *taxonomy,
                                          const struct bounce_event *event)
{
    for (size_t i = 0; i < t->label_cases_count; i++) {
        const struct tab_label_case *c = &t->label_cases[i];

        if (!slice_eq(tab_slice(t, c->taxonomy), tab_slice(t, taxonomy->id)) ||
            !case_holds(t, c, event))
            continue;
        for (uint32_t j = 0; j < taxonomy->labels.count; j++) {
            const struct tab_label *label = &t->labels[taxonomy->labels.at + j];

            if (slice_eq(tab_slice(t, label->label), tab_slice(t, c->label)))
                return label;
        }
    }
    return label_for(t, taxonomy, event->category);
}

bool bounce_label(const struct bounce_engine *engine,
                  struct bounce_slice taxonomy,
                  const struct bounce_event *event,
                  struct bounce_label *label_out)
{
    const struct knowledge *k = &engine->knowledge;

    for (size_t set = 0; set < k->set_count; set++) {
        const struct tables *t = k->sets[set];

        for (size_t i = 0; i < t->taxonomies_count; i++) {
            const struct tab_label *label;

            if (!slice_eq(tab_slice(t, t->taxonomies[i].id), taxonomy))
                continue;
            label = find_label(t, &t->taxonomies[i], event);
            if (label == NULL)
                return false;
            *label_out = (struct bounce_label){
                .label = tab_slice(t, label->label),
                .code = tab_slice(t, label->code),
                .cls = tab_slice(t, label->cls),
            };
            return true;
        }
    }
    return false;
}

static const struct tab_label *label_named(const struct tables *t,
                                           const struct tab_taxonomy *taxonomy,
                                           struct bounce_slice name)
{
    for (uint32_t i = 0; i < taxonomy->labels.count; i++) {
        const struct tab_label *label = &t->labels[taxonomy->labels.at + i];

        if (slice_eq_nocase(tab_slice(t, label->label), name) ||
            (name.len > 0 && slice_eq(tab_slice(t, label->code), name)))
            return label;
    }
    return NULL;
}

bool bounce_label_category(const struct bounce_engine *engine,
                           struct bounce_slice taxonomy,
                           struct bounce_slice label,
                           struct bounce_slice *category_out,
                           struct bounce_slice *class_out)
{
    const struct knowledge *k = &engine->knowledge;

    for (size_t set = 0; set < k->set_count; set++) {
        const struct tables *t = k->sets[set];

        for (size_t i = 0; i < t->taxonomies_count; i++) {
            const struct tab_label *found;

            if (!slice_eq(tab_slice(t, t->taxonomies[i].id), taxonomy))
                continue;
            found = label_named(t, &t->taxonomies[i], label);
            if (found == NULL || found->category.at == TAB_NONE)
                continue;
            *category_out = tab_slice(t, found->category);
            if (class_out != NULL)
                *class_out = tab_slice(t, found->cls);
            return true;
        }
    }
    return false;
}

/* Orders ranked hits, best first; ids break ties as subject_best() does. */
static bool ranks_before(const struct bounce_reader *reader,
                         const struct ranked *a, const struct ranked *b)
{
    const struct tables *ta = reader->engine->knowledge.sets[a->set];
    const struct tables *tb = reader->engine->knowledge.sets[b->set];

    if (a->key != b->key)
        return a->key > b->key;
    return slice_compare(tab_slice(ta, ta->rules[a->rule].id),
                         tab_slice(tb, tb->rules[b->rule].id)) < 0;
}

/* The index that bounce_rule_at() knows a rule by. */
static size_t public_index(const struct knowledge *k, const struct ranked *r)
{
    size_t index = r->rule;

    for (size_t set = 0; set < r->set; set++)
        index += k->sets[set]->rules_count;
    return index;
}

size_t bounce_reader_hits(struct bounce_reader *reader, struct bounce_hit *hits,
                          size_t cap)
{
    const struct matcher_state *state = &reader->state;
    uint16_t order[MATCHER_MAX_HITS];
    unsigned rank = 0;

    process_reply_again(reader);
    for (size_t i = 0; i < state->ranked_count; i++) {
        size_t j = i;

        while (j > 0 && ranks_before(reader, &state->ranked[i],
                                     &state->ranked[order[j - 1]])) {
            order[j] = order[j - 1];
            j--;
        }
        order[j] = (uint16_t)i;
    }
    for (size_t i = 0; i < state->ranked_count && i < cap; i++) {
        const struct ranked *r = &state->ranked[order[i]];

        if (i > 0 && r->key != state->ranked[order[i - 1]].key)
            rank++;
        hits[i] = (struct bounce_hit){
            .rule = public_index(&reader->engine->knowledge, r),
            .phrase = r->phrase,
            .text = r->text,
            .rank = rank,
        };
    }
    return state->ranked_count;
}
