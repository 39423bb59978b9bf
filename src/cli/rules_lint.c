/* SPDX-License-Identifier: MIT
 * bounce rules lint: what is allowed, but seldom meant. */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/open.h"
#include "cli/out.h"
#include "cli/rules.h"

#define HITS_MAX 64
#define SHORT    5 /* bytes of a phrase that hits by chance */

struct lint_run {
    const struct rules_run *run;
    struct bounce_reader *reader;
    struct out out;
    size_t rules, findings;
};

static void finding(struct lint_run *lint, const struct bounce_rule *rule,
                    const char *what, struct bounce_slice which)
{
    struct textbuf *text = &lint->out.text;

    lint->findings++;
    textbuf_clean(text, rule->origin);
    textbuf_format(text, ":%u: ", rule->line);
    textbuf_clean(text, rule->id);
    textbuf_format(text, ": %s", what);
    if (which.len > 0) {
        textbuf_cstr(text, ": ");
        textbuf_clean(text, which);
    }
    textbuf_byte(text, '\n');
    out_tick(&lint->out);
}

static bool says_any(struct bounce_slice phrase, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (slice_find_nocase(phrase, slice_cstr(words[i])) != SLICE_NPOS)
            return true;
    }
    return false;
}

/* Giving up a good address for a fault of the sender is the costly mistake. */
static void lint_phrases(struct lint_run *lint, size_t i,
                         const struct bounce_rule *rule)
{
    static const char *const sender_words[] = {
        "sender",  "spf",  "dkim", "dmarc",     "helo",       "client host",
        "your ip", "spam", "rbl",  "blacklist", "reputation", NULL};
    const struct bounce_category *category =
        bounce_category_find(lint->run->engine, rule->category);
    struct bounce_slice phrase;

    for (size_t j = 0;
         (phrase = bounce_rule_phrase(lint->run->engine, i, j)).ptr != NULL;
         j++) {
        if (phrase.len <= SHORT && rule->weight == 0 &&
            rule->provider.ptr == NULL)
            finding(lint, rule,
                    "so short a phrase hits by chance; lengthen it or add "
                    "\"Weight: weak\"",
                    phrase);
        if (category != NULL && category->cls == BOUNCE_CLASS_HARD &&
            says_any(phrase, sender_words))
            finding(lint, rule, "a hard category for a fault of the sender?",
                    phrase);
    }
}

static void lint_examples(struct lint_run *lint, size_t i,
                          const struct bounce_rule *rule)
{
    const struct bounce_engine *engine = lint->run->engine;
    struct bounce_slice example, other;

    if (rule->examples < 2)
        finding(lint, rule,
                "one example is not enough to tell a rule from a "
                "copy of it",
                SLICE_NULL);
    for (size_t j = 1; (example = bounce_rule_example(engine, i, j)).ptr; j++) {
        for (size_t k = 0; k < j; k++) {
            other = bounce_rule_example(engine, i, k);
            if (slice_eq_nocase(example, other))
                finding(lint, rule, "the same example twice", example);
        }
    }
}

/* The first rule behind rule i that would speak for the example with the same
 * category; false when another category, or none, would. */
static bool decided_alike(struct lint_run *lint, size_t i,
                          const struct bounce_rule *rule,
                          struct bounce_slice example,
                          struct bounce_slice *who_out)
{
    struct rules_setting setting;
    struct bounce_reply reply = {.size = sizeof(reply), .text = example};
    const struct bounce_result *result;
    struct bounce_hit hits[HITS_MAX];
    struct bounce_rule other;
    size_t count;

    rules_setting(lint->run->engine, i, &setting);
    reply.host = slice_cstr(setting.host);
    reply.service = setting.service;
    if (bounce_classify(lint->reader, &reply, &result, NULL) != BOUNCE_OK)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    count = bounce_reader_hits(lint->reader, hits, HITS_MAX);
    for (size_t j = 0; j < count && j < HITS_MAX; j++) {
        if (hits[j].rule == i ||
            !bounce_rule_at(lint->run->engine, hits[j].rule, &other))
            continue;
        *who_out = other.id;
        return slice_eq(other.category, rule->category) &&
               slice_eq(other.remedy, rule->remedy) &&
               other.weight == rule->weight;
    }
    return false;
}

/* A rule without which nothing would change: not even how sure the verdict
 * is. */
static void lint_redundant(struct lint_run *lint, size_t i,
                           const struct bounce_rule *rule)
{
    struct bounce_slice example, who = SLICE_NULL;

    for (size_t j = 0;
         (example = bounce_rule_example(lint->run->engine, i, j)).ptr != NULL;
         j++) {
        if (!decided_alike(lint, i, rule, example, &who))
            return;
    }
    finding(lint, rule, "another rule decides all its examples alike", who);
}

static void lint_source(struct lint_run *lint, const struct bounce_rule *rule)
{
    if (rule->provider.ptr != NULL && rule->source.ptr == NULL)
        finding(lint, rule, "what a provider means wants a Source", SLICE_NULL);
}

/* ---- Phrases that stand in two rules --------------------------------- */

struct phrase_ref {
    struct bounce_slice text;
    size_t rule;
};

static int compare_refs(const void *a, const void *b)
{
    const struct phrase_ref *x = a, *y = b;
    int order = slice_compare(x->text, y->text);

    if (order != 0)
        return order;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static void lint_doubles(struct lint_run *lint)
{
    const struct bounce_engine *engine = lint->run->engine;
    struct phrase_ref *refs = NULL;
    size_t count = 0, cap = 0;
    struct bounce_rule rule, other;

    for (size_t i = 0; bounce_rule_at(engine, i, &rule); i++) {
        struct bounce_slice text;

        for (size_t j = 0; (text = bounce_rule_phrase(engine, i, j)).ptr; j++) {
            if (count == cap) {
                cap = cap == 0 ? 1024 : cap * 2;
                refs = cli_array(refs, cap, sizeof(*refs));
            }
            refs[count++] = (struct phrase_ref){text, i};
        }
    }
    if (count > 0)
        qsort(refs, count, sizeof(*refs), compare_refs);
    for (size_t k = 1; k < count; k++) {
        if (!slice_eq(refs[k].text, refs[k - 1].text) ||
            !bounce_rule_at(engine, refs[k].rule, &rule) ||
            !bounce_rule_at(engine, refs[k - 1].rule, &other) ||
            !slice_eq(rule.category, other.category) ||
            !slice_eq(rule.provider, other.provider) ||
            (lint->run->own_only && !rule.user && !other.user))
            continue;
        finding(lint, &rule,
                refs[k].rule == refs[k - 1].rule
                    ? "the same phrase twice"
                    : "the phrase stands in another rule too",
                refs[k].text);
    }
    free(refs);
}

int rules_lint(const struct rules_run *run, int argc, char **argv)
{
    struct lint_run lint = {.run = run, .reader = open_reader(run->engine)};
    struct bounce_rule rule;

    (void)argc;
    (void)argv;
    out_init(&lint.out);
    for (size_t i = 0; bounce_rule_at(run->engine, i, &rule); i++) {
        if (run->own_only && !rule.user)
            continue;
        lint.rules++;
        lint_phrases(&lint, i, &rule);
        lint_examples(&lint, i, &rule);
        lint_redundant(&lint, i, &rule);
        lint_source(&lint, &rule);
    }
    lint_doubles(&lint);
    textbuf_format(&lint.out.text, "%zu rules, %zu findings\n", lint.rules,
                   lint.findings);
    out_close(&lint.out);
    bounce_reader_free(lint.reader);
    return lint.findings == 0 ? CLI_FINE : CLI_UNREADABLE;
}
