/* SPDX-License-Identifier: MIT
 * bounce rules list, show and why. */
#include "cli/cli.h"
#include "cli/json_out.h"
#include "cli/open.h"
#include "cli/rules.h"
#include "cli/table.h"
#include "cli/view.h"

#define HITS_MAX 64

void rules_join(struct textbuf *text, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (i > 0)
            textbuf_byte(text, ' ');
        textbuf_cstr(text, argv[i]);
    }
}

static struct bounce_slice class_of(const struct bounce_engine *engine,
                                    struct bounce_slice category)
{
    const struct bounce_category *found =
        bounce_category_find(engine, category);

    return found != NULL ? slice_cstr(bounce_class_name(found->cls))
                         : SLICE_NULL;
}

/* The members that all listings of a rule share, the object left open. */
static void add_json(struct textbuf *text, const struct bounce_engine *engine,
                     const struct bounce_rule *rule)
{
    textbuf_byte(text, '{');
    json_out_member(text, "rule", rule->id);
    json_out_member(text, "category", rule->category);
    json_out_member(text, "class", class_of(engine, rule->category));
    json_out_member(text, "provider", rule->provider);
    json_out_member(text, "file", rule->origin);
    json_out_number(text, "line", rule->line);
    json_out_bool(text, "user", rule->user);
}

static void add_row(struct textbuf *text, const struct bounce_engine *engine,
                    const struct bounce_rule *rule)
{
    view_field(text, rule->id);
    textbuf_byte(text, '\t');
    view_field(text, rule->category);
    textbuf_byte(text, '\t');
    view_field(text, class_of(engine, rule->category));
    textbuf_byte(text, '\t');
    view_field(text, rule->provider);
    textbuf_format(text, "\t%u\t%u\t", rule->phrases, rule->examples);
    textbuf_clean(text, rule->origin);
    textbuf_format(text, ":%u", rule->line);
}

int rules_list(const struct rules_run *run, int argc, char **argv)
{
    static const char *const titles[] = {"rule",     "category", "class",
                                         "provider", "phrases",  "examples",
                                         "where"};
    struct bounce_rule rule;
    struct textbuf row = {0};
    struct table table;
    struct out out;

    (void)argc;
    (void)argv;
    out_init(&out);
    table_init(&table, &out, titles, 7, 2);
    for (size_t i = 0; bounce_rule_at(run->engine, i, &rule); i++) {
        row.len = 0;
        if (run->json) {
            add_json(&row, run->engine, &rule);
            json_out_number(&row, "phrases", rule.phrases);
            json_out_number(&row, "examples", rule.examples);
            textbuf_byte(&row, '}');
        } else {
            add_row(&row, run->engine, &rule);
        }
        if (out.tty && !run->json) {
            table_row(&table, textbuf_slice(&row));
            continue;
        }
        textbuf_add(&out.text, textbuf_slice(&row));
        textbuf_byte(&out.text, '\n');
        out_tick(&out);
    }
    table_end(&table);
    out_close(&out);
    textbuf_free(&row);
    return CLI_FINE;
}

static void add_line(struct textbuf *text, const char *name,
                     struct bounce_slice value)
{
    if (value.len == 0)
        return;
    textbuf_format(text, "%-9s ", name);
    textbuf_clean(text, value);
    textbuf_byte(text, '\n');
}

static void
add_texts(struct textbuf *text, const struct rules_run *run, size_t rule,
          const char *key,
          struct bounce_slice (*get)(const struct bounce_engine *engine,
                                     size_t i, size_t j))
{
    struct bounce_slice s;

    if (run->json) {
        json_out_key(text, key);
        textbuf_byte(text, '[');
    }
    for (size_t j = 0; (s = get(run->engine, rule, j)).ptr != NULL; j++) {
        if (!run->json) {
            add_line(text, key, s);
            continue;
        }
        if (j > 0)
            textbuf_byte(text, ',');
        json_out_string(text, s);
    }
    if (run->json)
        textbuf_byte(text, ']');
}

static void show(const struct rules_run *run, size_t i,
                 const struct bounce_rule *rule, struct textbuf *text)
{
    if (run->json) {
        add_json(text, run->engine, rule);
        json_out_member(text, "meaning", rule->meaning);
        json_out_member(text, "remedy", rule->remedy);
        json_out_member(text, "source", rule->source);
    } else {
        add_line(text, "rule", rule->id);
        add_line(text, "category", rule->category);
        add_line(text, "class", class_of(run->engine, rule->category));
        add_line(text, "provider", rule->provider);
        add_line(text, "meaning", rule->meaning);
        add_line(text, "remedy", rule->remedy);
        add_line(text, "source", rule->source);
        textbuf_format(text, "%-9s ", "where");
        textbuf_clean(text, rule->origin);
        textbuf_format(text, ":%u\n", rule->line);
    }
    add_texts(text, run, i, run->json ? "phrases" : "phrase",
              bounce_rule_phrase);
    add_texts(text, run, i, run->json ? "examples" : "example",
              bounce_rule_example);
    if (run->json)
        textbuf_cstr(text, "}\n");
}

int rules_show(const struct rules_run *run, int argc, char **argv)
{
    struct bounce_rule rule;
    struct out out;

    (void)argc;
    for (size_t i = 0; bounce_rule_at(run->engine, i, &rule); i++) {
        if (!slice_eq(rule.id, slice_cstr(argv[0])))
            continue;
        out_init(&out);
        show(run, i, &rule, &out.text);
        out_close(&out);
        return CLI_FINE;
    }
    cli_error("no rule %s; bounce rules list names all", argv[0]);
    return CLI_UNREADABLE;
}

static void add_hit(struct textbuf *text, const struct rules_run *run,
                    const struct bounce_hit *hit)
{
    struct bounce_rule rule;

    if (!bounce_rule_at(run->engine, hit->rule, &rule))
        return;
    if (run->json) {
        add_json(text, run->engine, &rule);
        json_out_number(text, "rank", hit->rank);
        json_out_member(text, "phrase", hit->phrase);
        json_out_member(text, "text", hit->text);
        textbuf_cstr(text, "}\n");
        return;
    }
    textbuf_format(text, "%u\t", hit->rank);
    view_field(text, rule.id);
    textbuf_byte(text, '\t');
    view_field(text, rule.category);
    textbuf_byte(text, '\t');
    view_field(text, class_of(run->engine, rule.category));
    textbuf_byte(text, '\t');
    textbuf_clean(text, rule.origin);
    textbuf_format(text, ":%u\t", rule.line);
    view_field(text, hit->phrase);
    textbuf_byte(text, '\n');
}

static void show_verdict(struct textbuf *text, const struct bounce_event *event)
{
    textbuf_cstr(text, "\nverdict: ");
    view_field(text, event->category);
    textbuf_cstr(text, ", ");
    view_class(text, event);
    if (event->confidence >= 0)
        textbuf_format(text, ", confidence %.2f", event->confidence);
    textbuf_cstr(text, "; ");
    view_why(text, event);
    textbuf_byte(text, '\n');
}

static void show_hits(const struct rules_run *run, struct bounce_reader *reader,
                      const struct bounce_result *result, struct out *out)
{
    static const char *const titles[] = {"rank",  "rule",  "category",
                                         "class", "where", "phrase"};
    struct bounce_hit hits[HITS_MAX];
    size_t count = bounce_reader_hits(reader, hits, HITS_MAX);
    struct textbuf rows = {0};
    struct bounce_slice rest, row;
    struct table table;

    for (size_t i = 0; i < count && i < HITS_MAX; i++)
        add_hit(&rows, run, &hits[i]);
    rest = textbuf_slice(&rows);
    if (run->json) {
        textbuf_add(&out->text, rest);
        textbuf_free(&rows);
        return;
    }
    table_init(&table, out, titles, 6, 3);
    if (!out->tty)
        table.line_width = SIZE_MAX; /* a file has no edge */
    while (slice_next_piece(&rest, '\n', &row))
        table_row(&table, row);
    table_end(&table);
    if (count == 0)
        textbuf_cstr(&out->text, "no rule speaks\n");
    show_verdict(&out->text, bounce_result_event(result, 0));
    textbuf_free(&rows);
}

int rules_why(const struct rules_run *run, int argc, char **argv)
{
    struct bounce_reader *reader = open_reader(run->engine);
    struct bounce_reply reply = {
        .size = sizeof(reply), .host = run->host, .service = run->service};
    const struct bounce_result *result = NULL;
    struct textbuf text = {0};
    enum bounce_err err;
    struct out out;

    rules_join(&text, argc, argv);
    reply.text = textbuf_slice(&text);
    err = bounce_classify(reader, &reply, &result, NULL);
    if (err != BOUNCE_OK)
        cli_fail(CLI_TRY_AGAIN, "%s", bounce_strerror(err));
    out_init(&out);
    show_hits(run, reader, result, &out);
    out_close(&out);
    textbuf_free(&text);
    bounce_reader_free(reader);
    return CLI_FINE;
}
