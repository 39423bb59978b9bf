/* SPDX-License-Identifier: MIT
 * bounce explain: a code, a reply or a message in plain words. */
#include <sys/stat.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/explain.h"
#include "cli/json_out.h"
#include "cli/open.h"
#include "cli/out.h"
#include "cli/rules.h"
#include "cli/source.h"
#include "cli/term.h"
#include "cli/view.h"

#define TEXT_WIDTH 78

struct explain_file {
    struct explain_run *run;
    struct out *out;
    bool failed;
};

static struct explain_codes codes_of(const struct bounce_event *event)
{
    return (struct explain_codes){.status = event->status,
                                  .reply_code = event->reply_code,
                                  .service_code = SLICE_NULL};
}

/* {"schema":1,"query":..,"codes":[..],"event":{..},"providers":[..]} */
static void add_json(const struct explain_run *run, struct textbuf *text,
                     struct bounce_slice query,
                     const struct bounce_result *result, size_t i,
                     const struct explain_codes *codes,
                     const struct input_message *message)
{
    struct bounce_json_options options = {.size = sizeof(options),
                                          .offset = -1};

    if (message != NULL) {
        options.source = message->source;
        options.offset = message->offset;
    }
    textbuf_cstr(text, "{\"schema\":1");
    json_out_member(text, "query", query);
    json_out_key(text, "codes");
    explain_codes(run, text, codes);
    json_out_key(text, "event");
    view_json(text, run->engine, result, i, &options);
    text->len--; /* its line end */
    json_out_key(text, "providers");
    explain_providers(run, text, codes);
    textbuf_cstr(text, "}\n");
}

static const struct bounce_result *classify(const struct explain_run *run,
                                            struct bounce_slice reply)
{
    const struct bounce_reply request = {
        .size = sizeof(request), .text = reply, .service = run->service};
    const struct bounce_result *result = NULL;
    enum bounce_err err = bounce_classify(run->reader, &request, &result, NULL);

    if (err != BOUNCE_OK)
        cli_fail(CLI_TRY_AGAIN, "%s", bounce_strerror(err));
    return result;
}

static int explain_code(const struct explain_run *run, struct out *out,
                        struct bounce_slice query,
                        const struct explain_codes *codes)
{
    const struct bounce_result *result = classify(run, query);
    size_t found;

    if (run->json) {
        add_json(run, &out->text, query, result, 0, codes, NULL);
        return CLI_FINE;
    }
    textbuf_clean(&out->text, query);
    textbuf_byte(&out->text, '\n');
    found = explain_codes(run, &out->text, codes);
    if (found == 0)
        textbuf_cstr(&out->text, "\nNo table names this code. What is known of "
                                 "its class and group follows.\n");
    explain_verdict(run, &out->text, bounce_result_event(result, 0));
    explain_providers(run, &out->text, codes);
    return CLI_FINE;
}

static int explain_reply(const struct explain_run *run, struct out *out,
                         struct bounce_slice query)
{
    const struct bounce_result *result = classify(run, query);
    const struct bounce_event *event = bounce_result_event(result, 0);
    const struct explain_codes codes = codes_of(event);

    if (run->json) {
        add_json(run, &out->text, query, result, 0, &codes, NULL);
        return CLI_FINE;
    }
    textbuf_wrap(&out->text, query, 0, run->width);
    explain_verdict(run, &out->text, event);
    explain_codes(run, &out->text, &codes);
    return CLI_FINE;
}

static void explain_event(const struct explain_run *run, struct textbuf *text,
                          const struct input_message *message, size_t number,
                          size_t count, const struct bounce_event *event)
{
    const struct explain_codes codes = codes_of(event);

    if (number > 1 || message->offset > 0)
        textbuf_byte(text, '\n');
    textbuf_clean(text, message->source);
    if (message->offset > 0)
        textbuf_format(text, " at %lld", (long long)message->offset);
    if (count > 1)
        textbuf_format(text, ", event %zu of %zu", number, count);
    textbuf_byte(text, '\n');
    if (event->kind == BOUNCE_KIND_NONE) {
        textbuf_cstr(text, "\n  This is no report of a mail system: no bounce, "
                           "no complaint, no\n  automatic reply.\n");
        return;
    }
    explain_story(run, text, event);
    explain_verdict(run, text, event);
    explain_codes(run, text, &codes);
}

static void explain_message(void *ctx, const struct input_message *message)
{
    struct explain_file *file = ctx;
    struct explain_run *run = file->run;
    const struct bounce_result *result = NULL;
    enum bounce_err err = source_read(run->reader, message, &result, NULL);

    if (err != BOUNCE_OK) {
        cli_error("%.*s: %s", CLI_ARG(message->source), bounce_strerror(err));
        file->failed = true;
        return;
    }
    for (size_t i = 0; i < bounce_result_events(result); i++) {
        const struct bounce_event *event = bounce_result_event(result, i);
        const struct explain_codes codes = codes_of(event);

        if (run->json)
            add_json(run, &file->out->text, message->source, result, i, &codes,
                     message);
        else
            explain_event(run, &file->out->text, message, i + 1,
                          bounce_result_events(result), event);
        out_tick(file->out);
    }
}

static int explain_path(struct explain_run *run, struct out *out, char **path)
{
    struct explain_file file = {.run = run, .out = out};
    struct bounce_options limits;
    struct source source;

    bounce_options_init(&limits, sizeof(limits));
    source_init(&source, limits.max_message, explain_message, &file);
    source_run(&source, path, 1);
    source_clear(&source);
    return source.failed || file.failed ? CLI_UNREADABLE : CLI_FINE;
}

static bool is_path(const char *arg)
{
    struct stat info;

    return strcmp(arg, "-") == 0 || stat(arg, &info) == 0;
}

static int explain(struct explain_run *run, int argc, char **argv)
{
    struct explain_codes codes;
    struct textbuf query = {0};
    struct out out;
    int status;

    out_init(&out);
    run->colour = term_colour(STDOUT_FILENO);
    run->width = term_columns(STDOUT_FILENO);
    if (!out.tty || run->width > TEXT_WIDTH)
        run->width = TEXT_WIDTH;
    rules_join(&query, argc, argv);
    if (explain_is_code(run, textbuf_slice(&query), &codes))
        status = explain_code(run, &out, textbuf_slice(&query), &codes);
    else if (argc == 1 && is_path(argv[0]))
        status = explain_path(run, &out, argv);
    else
        status = explain_reply(run, &out, textbuf_slice(&query));
    out_close(&out);
    textbuf_free(&query);
    return status;
}

int verb_explain(int argc, char **argv)
{
    struct explain_run run = {0};
    const char *service = NULL, *provider = NULL;
    const struct arg_option options[] = {
        {"service", ARG_TEXT, &service, "S",
         "the sending service whose code or reply it is"},
        {"provider", ARG_TEXT, &provider, "P",
         "what this provider means by it, and no other"},
        {"json", ARG_FLAG, &run.json, NULL, "JSON, an object for each event"},
    };
    const struct arg_spec spec = {
        "bounce explain [OPTION...] CODE|REPLY|FILE",
        "Says in plain words what a code, a reply or a message means, why it "
        "happens, what\nmends it, and whether it is hard or soft. Arguments "
        "are joined.",
        options, sizeof(options) / sizeof(options[0]),
        "examples:\n  bounce explain 550 5.7.26\n  bounce explain '452 4.2.2 "
        "The recipient'\\''s inbox is out of storage space'\n  bounce explain "
        "returned.eml"};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc == 0)
        return args_wrong("explain", "a code, a reply or a file is missing");
    run.service = slice_cstr(service);
    run.provider = slice_cstr(provider);
    run.engine = open_engine(NULL, &status);
    if (run.engine == NULL)
        return status;
    run.reader = open_reader(run.engine);
    status = explain(&run, argc, argv);
    bounce_reader_free(run.reader);
    bounce_engine_free(run.engine);
    return status;
}
