/* SPDX-License-Identifier: MIT
 * What providers mean by a code: their rules whose examples begin with it. */
#include "cli/cli.h"
#include "cli/explain.h"
#include "cli/json_out.h"
#include "cli/view.h"
#include "report/reply.h"

#define PROVIDERS_MAX 24

/* Whether a reply begins with the codes that are asked about. */
static bool begins_with(struct bounce_slice example,
                        const struct explain_codes *codes)
{
    size_t at;
    int code = 0;

    at = reply_match_code(example, &code);
    if (codes->reply_code != 0 && code != codes->reply_code)
        return false;
    if (codes->status.len == 0)
        return codes->reply_code != 0;
    if (at > 0 && at < example.len &&
        (example.ptr[at] == ' ' || example.ptr[at] == '-'))
        at++;
    while (at < example.len && !ascii_is_digit((unsigned char)example.ptr[at]))
        at++; /* "#5.7.26" */
    example = slice_sub(slice_from(example, at), 0,
                        reply_match_status(slice_from(example, at)));
    return example.len == codes->status.len &&
           slice_eq(slice_from(example, 1), slice_from(codes->status, 1)) &&
           (ascii_lower((unsigned char)codes->status.ptr[0]) == 'x' ||
            codes->status.ptr[0] == example.ptr[0]);
}

static struct bounce_slice example_with(const struct explain_run *run,
                                        size_t rule,
                                        const struct explain_codes *codes)
{
    struct bounce_slice example;

    for (size_t j = 0;
         (example = bounce_rule_example(run->engine, rule, j)).ptr != NULL;
         j++) {
        if (begins_with(example, codes))
            return example;
    }
    return SLICE_NULL;
}

static void add_json(const struct explain_run *run, struct textbuf *text,
                     const struct bounce_rule *rule,
                     struct bounce_slice example)
{
    const struct bounce_category *category =
        bounce_category_find(run->engine, rule->category);

    textbuf_byte(text, '{');
    json_out_member(text, "provider", rule->provider);
    json_out_member(text, "rule", rule->id);
    json_out_member(text, "category", rule->category);
    json_out_member(text, "class",
                    category != NULL
                        ? slice_cstr(bounce_class_name(category->cls))
                        : SLICE_NULL);
    json_out_member(text, "meaning", rule->meaning);
    json_out_member(text, "remedy", rule->remedy);
    json_out_member(text, "example", example);
    json_out_member(text, "source", rule->source);
    textbuf_byte(text, '}');
}

static void add_text(const struct explain_run *run, struct textbuf *text,
                     const struct bounce_rule *rule,
                     struct bounce_slice example)
{
    const struct bounce_category *category =
        bounce_category_find(run->engine, rule->category);

    textbuf_cstr(text, "  ");
    textbuf_clean(text, rule->provider);
    textbuf_cstr(text, ": ");
    if (category != NULL)
        textbuf_format(text, "%.*s (%s)", CLI_ARG(category->name),
                       bounce_class_name(category->cls));
    textbuf_cstr(text, "  [");
    textbuf_clean(text, rule->id);
    textbuf_cstr(text, "]\n");
    textbuf_wrap(text, rule->meaning, 6, run->width);
    textbuf_wrap(text, example, 6, run->width);
    textbuf_wrap(text, rule->remedy, 6, run->width);
}

void explain_providers(const struct explain_run *run, struct textbuf *text,
                       const struct explain_codes *codes)
{
    struct bounce_rule rule;
    size_t found = 0;

    if (run->json)
        textbuf_byte(text, '[');
    for (size_t i = 0;
         found < PROVIDERS_MAX && bounce_rule_at(run->engine, i, &rule); i++) {
        struct bounce_slice example;

        if (rule.provider.len == 0 ||
            (run->provider.len > 0 && !slice_eq(rule.provider, run->provider)))
            continue;
        example = example_with(run, i, codes);
        if (example.len == 0)
            continue;
        if (!run->json && found == 0)
            explain_heading(run, text, "What providers mean by it");
        if (run->json && found > 0)
            textbuf_byte(text, ',');
        if (run->json)
            add_json(run, text, &rule, example);
        else
            add_text(run, text, &rule, example);
        found++;
    }
    if (run->json)
        textbuf_byte(text, ']');
}
