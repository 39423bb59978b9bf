/* SPDX-License-Identifier: MIT
 * bounce codes: the codes that the knowledge holds. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/json_out.h"
#include "cli/open.h"
#include "cli/table.h"
#include "cli/view.h"

static void add_row(struct textbuf *text, const struct bounce_code *code)
{
    view_field(text, code->code);
    textbuf_byte(text, '\t');
    view_field(text, code->service);
    textbuf_byte(text, '\t');
    view_field(text, code->category);
    textbuf_byte(text, '\t');
    view_field(text, code->title.len > 0 ? code->title : code->meaning);
}

static void list_codes(const struct bounce_engine *engine, bool json,
                       bool titles)
{
    static const char *const names[] = {"code", "service", "category", "title"};
    struct textbuf row = {0};
    struct bounce_code code;
    struct table table;
    struct out out;

    out_init(&out);
    table_init(&table, &out, names, 4, 4);
    for (size_t i = 0; bounce_code_at(engine, i, &code); i++) {
        row.len = 0;
        if (json) {
            json_out_code(&row, &code);
            textbuf_byte(&row, '\n');
            textbuf_add(&out.text, textbuf_slice(&row));
            continue;
        }
        add_row(&row, &code);
        if (out.tty || titles) {
            table_row(&table, textbuf_slice(&row));
        } else {
            textbuf_add(&out.text, textbuf_slice(&row));
            textbuf_byte(&out.text, '\n');
        }
    }
    table_end(&table);
    out_close(&out);
    textbuf_free(&row);
}

int verb_codes(int argc, char **argv)
{
    bool json = false, table = false;
    const struct arg_option options[] = {
        {"json", ARG_FLAG, &json, NULL, "one JSON object a code"},
        {"table", ARG_FLAG, &table, NULL, "aligned, also off a terminal"},
    };
    const struct arg_spec spec = {
        "bounce codes [--json]",
        "Lists the reply codes, status codes (X stands for the class 2, 4 or "
        "5) and codes of\nsending services that Bounce knows; \"bounce "
        "explain CODE\" says more.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    struct bounce_engine *engine;
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc > 0)
        return args_wrong("codes", "unexpected argument %s", argv[0]);
    engine = open_engine(NULL, &status);
    if (engine == NULL)
        return status;
    list_codes(engine, json, table);
    bounce_engine_free(engine);
    return CLI_FINE;
}
