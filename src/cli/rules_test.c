/* SPDX-License-Identifier: MIT
 * bounce rules test: a rule must decide its own examples. */
#include "cli/cli.h"
#include "cli/open.h"
#include "cli/out.h"
#include "cli/rules.h"
#include "cli/term.h"
#include "cli/view.h"

#define HITS_MAX 64

struct test_run {
    const struct rules_run *run;
    struct bounce_reader *reader;
    struct textbuf reply;         /* the example in its dress */
    struct rules_setting setting; /* of the rule */
    struct out out;
    size_t rules, examples, checks, failures;
};

/* NULL when any host will do. */
static struct bounce_slice setting_host(const struct test_run *test)
{
    return test->setting.host[0] != '\0' ? slice_cstr(test->setting.host)
                                         : SLICE_NULL;
}

/* Rule i decides text. When not, why_not says who did. */
static bool decides(struct test_run *test, const struct bounce_rule *rule,
                    struct bounce_slice text, struct textbuf *why_not)
{
    const struct bounce_reply reply = {.size = sizeof(reply),
                                       .text = text,
                                       .host = setting_host(test),
                                       .service = test->setting.service};
    const struct bounce_result *result = NULL;
    const struct bounce_event *event;
    struct bounce_hit hits[HITS_MAX];
    struct bounce_rule other;
    size_t count;
    enum bounce_err err = bounce_classify(test->reader, &reply, &result, NULL);

    if (err != BOUNCE_OK)
        cli_fail(CLI_TRY_AGAIN, "%s", bounce_strerror(err));
    event = bounce_result_event(result, 0);
    test->checks++;
    count = bounce_reader_hits(test->reader, hits, HITS_MAX);
    if (!slice_eq(event->evidence_rule, rule->id)) {
        textbuf_cstr(why_not, "decided by ");
        view_why(why_not, event);
        textbuf_cstr(why_not, " as ");
        view_field(why_not, event->category);
        return false;
    }
    for (size_t i = 1; i < count && i < HITS_MAX; i++) {
        if (hits[i].rank != hits[0].rank || hits[i].rule == hits[0].rule ||
            !bounce_rule_at(test->run->engine, hits[i].rule, &other))
            continue;
        textbuf_cstr(why_not, "tied with ");
        textbuf_clean(why_not, other.id);
        return false;
    }
    return true;
}

static void report(struct test_run *test, const struct bounce_rule *rule,
                   const char *how, struct bounce_slice example,
                   struct bounce_slice why_not)
{
    struct textbuf *text = &test->out.text;

    test->failures++;
    textbuf_clean(text, rule->origin);
    textbuf_format(text, ":%u: ", rule->line);
    textbuf_clean(text, rule->id);
    textbuf_format(text, ": %s: ", how);
    textbuf_add(text, why_not);
    textbuf_cstr(text, ": ");
    textbuf_clean(text, example);
    textbuf_byte(text, '\n');
    out_tick(&test->out);
}

/* An example in all dresses, until one fails: the rest would fail alike. */
static bool check_example(struct test_run *test, const struct bounce_rule *rule,
                          struct bounce_slice example)
{
    struct textbuf why_not = {0};
    bool fine = true;

    for (size_t i = 0; i < rules_dress_count && fine; i++) {
        test->reply.len = 0;
        rules_dresses[i].make(&test->reply, example,
                              test->setting.host[0] != '\0' ? test->setting.host
                                                            : "mx.example.org");
        fine = decides(test, rule, textbuf_slice(&test->reply), &why_not);
        if (!fine)
            report(test, rule, rules_dresses[i].name, example,
                   textbuf_slice(&why_not));
    }
    textbuf_free(&why_not);
    return fine;
}

static void check_rule(struct test_run *test, size_t i,
                       const struct bounce_rule *rule)
{
    struct bounce_slice example;
    size_t won = 0, count = 0;

    rules_setting(test->run->engine, i, &test->setting);
    while ((example = bounce_rule_example(test->run->engine, i, count)).ptr !=
           NULL) {
        won += check_example(test, rule, example);
        count++;
    }
    test->rules++;
    test->examples += count;
    if (won == 0)
        report(test, rule, count == 0 ? "no example" : "no example is its own",
               rule->id, SLICE("the rule never decides"));
}

int rules_test(const struct rules_run *run, int argc, char **argv)
{
    struct test_run test = {.run = run, .reader = open_reader(run->engine)};
    struct bounce_rule rule;

    (void)argc;
    (void)argv;
    out_init(&test.out);
    for (size_t i = 0; bounce_rule_at(run->engine, i, &rule); i++) {
        if (!run->own_only || rule.user)
            check_rule(&test, i, &rule);
    }
    textbuf_format(&test.out.text,
                   "%zu rules, %zu examples, %zu checks, %zu failures\n",
                   test.rules, test.examples, test.checks, test.failures);
    out_close(&test.out);
    textbuf_free(&test.reply);
    bounce_reader_free(test.reader);
    return test.failures == 0 ? CLI_FINE : CLI_UNREADABLE;
}
