/* SPDX-License-Identifier: MIT
 * Which rule wins. The order, first difference decides: the user's rules
 * before built-in ones; weight; inside the innermost reply before the wrapper
 * around it; a matched provider, a block list's name, general; most literal
 * bytes; exact status, exact code, wildcard, none; a stage; the id. */
#include "base/bits.h"
#include "base/block.h"
#include "classify/normalize.h"
#include "classify/verdict.h"

struct candidate {
    const struct tab_rule *rule;
    const struct matcher_hit *hit; /* NULL: by code alone */
    unsigned exactness;
    bool inside;
};

/* Where words begin behind whose last blank, at at, text says why; SLICE_NPOS
 * if none stand there. */
static size_t reason_before(struct bounce_slice text, size_t from, size_t at)
{
    static const struct bounce_slice words[] = {
        {"because ", 8}, {"due to ", 7}, {"reason: ", 8}, {"reason is ", 10}};
    char last = text.ptr[at - 1];

    if (last != 'e' && last != 'o' && last != ':' && last != 's')
        return SLICE_NPOS;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = words[i].len;

        if (at + 1 - from >= len &&
            bits_equal(text.ptr + at + 1 - len, words[i].ptr, len))
            return at + 1 - len;
    }
    return SLICE_NPOS;
}

/* Text behind such words says why; what stands before says what. */
static size_t find_reason(struct bounce_slice text, size_t from, size_t to)
{
    for (size_t block = from; block + 7 <= to; block += 64) {
        struct block b;
        uint64_t spaces;

        block_load_all(&b, text.ptr + block); /* the pad is long enough */
        for (spaces = block_equal(&b, ' '); spaces != 0; spaces &= spaces - 1) {
            size_t at = block + bits_lowest(spaces), found;

            if (at >= to || at == from)
                continue;
            found = reason_before(text, from, at);
            if (found != SLICE_NPOS)
                return found;
        }
    }
    return SLICE_NPOS;
}

bool subject_match(struct subject *s, const struct reply *reply)
{
    struct matcher_state *state = s->state;
    struct matcher_text text;
    uint64_t *room;
    size_t marks[2] = {0, reply->basis.len};

    if (reply->basis.len > 0 && reply->text.ptr >= reply->basis.ptr &&
        reply->text.ptr <= reply->basis.ptr + reply->basis.len) {
        marks[0] = (size_t)(reply->text.ptr - reply->basis.ptr);
        marks[1] = marks[0] + reply->text.len;
    }
    state->text = message_alloc(s->message, NORMALIZE_ROOM(reply->basis.len));
    if (state->text == NULL)
        return false;
    text.ptr = state->text;
    text.len = normalize(reply->basis, marks, 2, state->text);
    room = message_alloc(s->message, TEXT_MAP_ROOM(text.len) * sizeof(*room));
    if (room == NULL)
        return false;
    text_map_build(text.ptr, text.len, room, &text.map);
    text.reply_start = marks[0];
    text.reply_end = marks[1];
    state->text_len = text.len;
    state->reason =
        find_reason(slice_make(text.ptr, text.len), marks[0], marks[1]);
    state->reply_start = marks[0];
    state->reply_end = marks[1];
    for (size_t i = 0; i < s->knowledge->set_count; i++) {
        matcher_run(state->matchers[i], &text);
        if (!state->matchers[i]->tired)
            continue;
        state->tired = true;
        message_warn(s->message, "text-repetitive",
                     "the text repeats itself too often to look for every "
                     "phrase",
                     NULL);
    }
    return true;
}

/* How well a condition holds: its exactness, 0 when it does not. What the
 * reply does not have does not count against it, unless nothing but codes
 * speaks. */
static unsigned condition_holds(const struct tab_code_condition *c,
                                bool code_only, const struct subject *s)
{
    bool said = false;

    if (code_only && c->has_status && s->status[0] == 0)
        return 0;
    if (c->code_low != TAB_NONE && s->code != 0) {
        if ((uint32_t)s->code < c->code_low || (uint32_t)s->code > c->code_high)
            return 0;
        said = true;
    }
    if (c->has_status && s->status[0] != 0) {
        if (!knowledge_status_matches(c, s->status))
            return 0;
        said = true;
    }
    return said ? c->exactness : 0;
}

/* false: the codes forbid the rule. exactness_out: 0 without conditions. */
static bool codes_allow(const struct tables *t, const struct tab_rule *rule,
                        const struct subject *s, unsigned *exactness_out)
{
    *exactness_out = 0;
    for (uint32_t i = 0; i < rule->codes.count; i++) {
        unsigned exactness = condition_holds(&t->conditions[rule->codes.at + i],
                                             rule->code_only != 0, s);

        if (exactness > *exactness_out)
            *exactness_out = exactness;
    }
    return rule->codes.count == 0 || *exactness_out > 0;
}

static bool providers_allow(const struct tables *t, const struct tab_rule *rule,
                            const struct subject *s)
{
    bool service = rule->services.count == 0,
         provider = rule->providers.count == 0;

    for (uint32_t i = 0; i < rule->services.count && !service; i++)
        service = slice_eq_nocase(
            tab_slice(t, t->provider_refs[rule->services.at + i]), s->service);
    for (uint32_t i = 0; i < rule->providers.count && !provider; i++)
        provider = subject_has_provider(
            s, tab_slice(t, t->provider_refs[rule->providers.at + i]));
    return service && provider;
}

/* elsewhere: the flags of the whole reply while one sentence of it is looked
 * at; else NULL. */
static bool nots_allow(const struct tables *t, const struct matcher *m,
                       const struct tab_rule *rule, const uint8_t *elsewhere,
                       bool inside)
{
    for (uint32_t i = 0; i < rule->nots.count; i++) {
        uint32_t flag = t->not_refs[rule->nots.at + i];

        if (matcher_flag(m, flag & ~TAB_NEVER, inside) ||
            ((flag & TAB_NEVER) != 0 && elsewhere != NULL &&
             elsewhere[flag & ~TAB_NEVER] != 0))
            return false;
    }
    return true;
}

static bool rule_allows(size_t set, const struct subject *s,
                        struct candidate *c)
{
    const struct tables *t = s->knowledge->sets[set];
    const struct tab_rule *rule = c->rule;

    if (rule->stages != 0 && s->stage != BOUNCE_STAGE_NONE &&
        (rule->stages >> s->stage & 1) == 0)
        return false;
    return providers_allow(t, rule, s) &&
           codes_allow(t, rule, s, &c->exactness) &&
           nots_allow(t, s->state->matchers[set], rule, s->elsewhere[set],
                      c->inside);
}

/* The order as one number: larger precedes. */
static uint64_t candidate_key(const struct candidate *c,
                              const struct subject *s, bool user)
{
    uint64_t literal = c->hit != NULL ? c->hit->literal : 0;
    uint64_t focus = !c->inside                                            ? 0
                     : c->hit != NULL && c->hit->start >= s->state->reason ? 2
                                                                           : 1;
    uint64_t key = user;

    key = key << 2 | (2 - c->rule->weight);
    key = key << 2 | focus;
    key = key << 2 | c->rule->tier;
    key = key << 12 | (literal > 4095 ? 4095 : literal);
    key = key << 2 | c->exactness;
    key = key << 1 | (c->rule->stages != 0 && s->stage != BOUNCE_STAGE_NONE);
    return key;
}

static struct candidate hit_candidate(const struct tables *t,
                                      const struct subject *s,
                                      const struct matcher_hit *hit)
{
    return (struct candidate){
        .rule = &t->rules[hit->owner],
        .hit = hit,
        .inside = hit->start >= s->state->reply_start &&
                  hit->end <= s->state->reply_end,
    };
}

/* Whether a look at the whole reply kept the same phrase already. */
static bool is_kept(const struct subject *s, size_t set,
                    const struct tab_rule *rule, struct bounce_slice phrase)
{
    const struct matcher_state *state = s->state;

    for (size_t i = 0; i < state->ranked_count; i++) {
        const struct ranked *r = &state->ranked[i];

        if (r->set == set && slice_eq(r->phrase, phrase) &&
            &s->knowledge->sets[set]->rules[r->rule] == rule)
            return true;
    }
    return false;
}

/* bounce rules why: keeps what spoke, in no order yet. */
static void keep_ranked(struct subject *s, size_t set,
                        const struct candidate *c, uint64_t key)
{
    struct matcher_state *state = s->state;
    const struct tables *t = s->knowledge->sets[set];
    struct bounce_slice phrase;
    struct ranked *ranked;

    if (!state->keep_ranked || state->ranked_count == MATCHER_MAX_HITS)
        return;
    phrase = c->hit != NULL ? tab_slice(t, t->patterns[c->hit->pattern].text)
                            : SLICE_NULL;
    if (s->elsewhere[set] != NULL && is_kept(s, set, c->rule, phrase))
        return;
    ranked = &state->ranked[state->ranked_count++];
    ranked->set = set;
    ranked->rule = (size_t)(c->rule - t->rules);
    ranked->key = key;
    ranked->phrase = phrase;
    ranked->text = c->hit != NULL ? slice_make(state->text + c->hit->start,
                                               c->hit->end - c->hit->start)
                                  : SLICE_NULL;
}

static bool same_category(const struct tables *t, const struct tab_rule *rule,
                          const struct best_rule *best)
{
    if (t == best->tables) /* a table has each text once */
        return rule->category.at == best->rule->category.at;
    return slice_eq(tab_slice(t, rule->category),
                    tab_slice(best->tables, best->rule->category));
}

/* Of equals: the smaller id; of one rule the phrase that stands first. */
static bool goes_first(const struct tables *t, const struct candidate *c,
                       const struct best_rule *best)
{
    if (c->rule == best->rule)
        return c->hit != NULL && c->hit->start < best->start;
    return slice_compare(tab_slice(t, c->rule->id),
                         tab_slice(best->tables, best->rule->id)) < 0;
}

static void consider(struct subject *s, struct best_rule best_out[3],
                     size_t set, struct candidate *c)
{
    const struct tables *t = s->knowledge->sets[set];
    struct best_rule *best = &best_out[c->rule->weight];
    uint64_t key;

    if (!rule_allows(set, s, c))
        return;
    key = candidate_key(c, s, set + 1 < s->knowledge->set_count);
    keep_ranked(s, set, c, key);
    if (best->rule != NULL) {
        best->contested = best->contested || !same_category(t, c->rule, best);
        if (key < best->key || (key == best->key && !goes_first(t, c, best)))
            return;
    }
    best->key = key;
    best->tables = t;
    best->rule = c->rule;
    best->inside = c->inside;
    best->start = c->hit != NULL ? c->hit->start : 0;
    best->literal = c->hit != NULL ? c->hit->literal : 0;
    best->text = c->hit != NULL ? slice_make(s->state->text + c->hit->start,
                                             c->hit->end - c->hit->start)
                                : SLICE_NULL;
}

void subject_best(struct subject *s, struct best_rule best_out[3])
{
    uint32_t code =
        s->code != 0 ? tab_code_bit((uint32_t)s->code) : TAB_CODE_UNKNOWN;
    uint32_t status = s->status[0] != 0
                          ? tab_status_bit(s->status[1], s->status[2])
                          : TAB_CODE_UNKNOWN;

    for (size_t set = 0; set < s->knowledge->set_count; set++) {
        const struct tables *t = s->knowledge->sets[set];
        const struct matcher *m = s->state->matchers[set];

        for (size_t i = 0; i < m->hit_count; i++) {
            struct candidate c;

            if (m->hits[i].owner_type != TAB_OWNER_RULE)
                continue;
            c = hit_candidate(t, s, &m->hits[i]);
            consider(s, best_out, set, &c);
        }
        for (size_t i = 0; i < t->code_rules_count; i++) {
            const struct tab_code_rule *rule = &t->code_rules[i];
            struct candidate c;

            if ((rule->codes & code) == 0 || (rule->statuses & status) == 0)
                continue;
            c = (struct candidate){.rule = &t->rules[rule->rule],
                                   .inside = true};
            consider(s, best_out, set, &c);
        }
    }
}
