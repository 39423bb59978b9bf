/* SPDX-License-Identifier: MIT
 * bounce labels: what our categories are called elsewhere. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/json_out.h"
#include "cli/open.h"
#include "cli/table.h"
#include "cli/view.h"

static void list_taxonomies(const struct bounce_engine *engine, bool json)
{
    struct out out;
    const char *name;

    out_init(&out);
    for (size_t i = 0; (name = bounce_taxonomy(engine, i)) != NULL; i++) {
        if (json) {
            textbuf_byte(&out.text, '{');
            json_out_member(&out.text, "system", slice_cstr(name));
            textbuf_byte(&out.text, '}');
        } else {
            textbuf_cstr(&out.text, name);
        }
        textbuf_byte(&out.text, '\n');
    }
    out_close(&out);
}

/* The label of the category itself. What a system tells apart by status or
 * stage holds for bounces only, and so not for this event of no kind. */
static struct bounce_label label_of(const struct bounce_engine *engine,
                                    struct bounce_slice system,
                                    const struct bounce_category *category)
{
    struct bounce_event event = {.kind = BOUNCE_KIND_NONE,
                                 .category = category->id,
                                 .cls = category->cls,
                                 .permanent = -1,
                                 .confidence = -1};
    struct bounce_label label = {0};

    if (!bounce_label(engine, system, &event, &label))
        label = (struct bounce_label){0};
    return label;
}

static void add_json(struct textbuf *text, struct bounce_slice system,
                     const struct bounce_category *category,
                     const struct bounce_label *label)
{
    textbuf_byte(text, '{');
    json_out_member(text, "system", system);
    json_out_member(text, "category", category->id);
    json_out_member(text, "label", label->label);
    json_out_member(text, "code", label->code);
    json_out_member(text, "class", label->cls);
    textbuf_cstr(text, "}\n");
}

static void list_labels(const struct bounce_engine *engine,
                        struct bounce_slice system, bool json)
{
    static const char *const titles[] = {"category", "label", "code",
                                         "its class"};
    const struct bounce_category *category;
    struct textbuf row = {0};
    struct table table;
    struct out out;

    out_init(&out);
    table_init(&table, &out, titles, 4, 4);
    for (size_t i = 0; (category = bounce_category_at(engine, i)) != NULL;
         i++) {
        struct bounce_label label = label_of(engine, system, category);

        if (json) {
            add_json(&out.text, system, category, &label);
            continue;
        }
        row.len = 0;
        view_field(&row, category->id);
        textbuf_byte(&row, '\t');
        view_field(&row, label.label);
        textbuf_byte(&row, '\t');
        view_field(&row, label.code);
        textbuf_byte(&row, '\t');
        view_field(&row, label.cls);
        if (out.tty) {
            table_row(&table, textbuf_slice(&row));
            continue;
        }
        textbuf_add(&out.text, textbuf_slice(&row));
        textbuf_byte(&out.text, '\n');
    }
    table_end(&table);
    out_close(&out);
    textbuf_free(&row);
}

int verb_labels(int argc, char **argv)
{
    bool json = false;
    const struct arg_option options[] = {
        {"json", ARG_FLAG, &json, NULL, "one JSON object a line"},
    };
    const struct arg_spec spec = {
        "bounce labels [--json] [SYSTEM]",
        "Lists the systems whose names for verdicts Bounce knows; of one of "
        "them, what it\ncalls each of our categories.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    struct bounce_engine *engine;
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc > 1)
        return args_wrong("labels", "unexpected argument %s", argv[1]);
    engine = open_engine(NULL, &status);
    if (engine == NULL)
        return status;
    if (argc == 0)
        list_taxonomies(engine, json);
    else if (check_labels(engine, "labels", argv[0]))
        list_labels(engine, slice_cstr(argv[0]), json);
    else
        status = CLI_USAGE;
    bounce_engine_free(engine);
    return status;
}
