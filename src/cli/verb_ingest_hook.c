/* SPDX-License-Identifier: MIT
 * bounce ingest hook: bodies of webhooks that were kept in files. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/event_out.h"
#include "cli/ingest.h"
#include "cli/json_out.h"
#include "cli/open.h"
#include "cli/out.h"
#include "cli/store_open.h"
#include "ingest/webhook/webhook.h"
#include "store/ledger.h"

#define REQUEST_MAX ((size_t)64 << 20)
#define MEMORY_MAX  ((size_t)1 << 30)
#define HEADERS_MAX 200

struct hook_texts {
    const char *service, *secret, *basic, *url, *topics, *certificate, *map;
    const char *scope;
    bool dry_run, json;
};

struct hook_run {
    struct session session;
    struct hook_config config;
    struct bounce_reader *reader;
    struct ledger *ledger; /* NULL: nothing is stored */
    struct arena arena;
    struct out out;
    struct textbuf texts[5]; /* what config points to */
    struct bounce_slice certificate;
    uint64_t requests, items, passed, unknown, records, fresh, known, bad;
    bool unreadable;
};

/* ---- A request from a file ------------------------------------------- */

/* The secret of "/hooks/x?secret=abc HTTP/1.1". */
static struct bounce_slice secret_of(struct bounce_slice line)
{
    struct bounce_slice piece, target;
    size_t query;

    line = slice_from(line, slice_find_byte(line, ' ') + 1);
    target = slice_sub(line, 0, slice_find_byte(line, ' '));
    query = slice_find_byte(target, '?');
    target = slice_from(target, query == SLICE_NPOS ? target.len : query + 1);
    while (slice_next_piece(&target, '&', &piece)) {
        if (slice_starts(piece, SLICE("secret=")))
            return slice_from(piece, 7);
    }
    return SLICE_NULL;
}

/* A whole HTTP request begins with its method; anything else is a body. */
static void read_request(struct bounce_slice text, struct hook_header *headers,
                         struct hook_request *request_out)
{
    struct bounce_slice rest = text, line;

    *request_out = (struct hook_request){.headers = headers, .body = text};
    if (!slice_starts(text, SLICE("POST ")) || !slice_next_line(&rest, &line))
        return;
    request_out->url_secret = secret_of(line);
    while (slice_next_line(&rest, &line) && line.len > 0) {
        size_t colon = slice_find_byte(line, ':');

        if (colon == SLICE_NPOS || request_out->header_count == HEADERS_MAX)
            continue;
        headers[request_out->header_count++] = (struct hook_header){
            slice_sub(line, 0, colon), slice_trim(slice_from(line, colon + 1))};
    }
    request_out->body = rest.ptr != NULL ? rest : SLICE("");
}

/* ---- What became of it ----------------------------------------------- */

static void print_records(struct hook_run *run, const struct hook_result *hook)
{
    for (size_t i = 0; i < hook->count; i++) {
        const struct list_event row = {.record = &hook->records[i]};

        event_out_json(&run->out.text, run->session.engine, &row, NULL);
        textbuf_byte(&run->out.text, '\n');
        out_tick(&run->out);
    }
}

/* Leaves out what the store will not have, as it names them one by one. -1 to
 * go on, or the exit status. */
static int store_records(struct hook_run *run, const char *path,
                         struct hook_result *hook)
{
    struct ledger_result *results = NULL;
    struct store_error error;
    enum store_err err = STORE_OK;
    size_t bad;

    while (hook->count > 0) {
        results = cli_array(results, hook->count, sizeof(*results));
        err = ledger_apply(run->ledger, hook->records, hook->count,
                           run->session.now, results, &bad, &error);
        if (err != STORE_E_VALUE || bad >= hook->count)
            break;
        cli_error("%s: item %lld: %s", path,
                  (long long)hook->records[bad].offset, error.msg);
        run->bad++;
        run->unreadable = true;
        memmove(&hook->records[bad], &hook->records[bad + 1],
                (hook->count - bad - 1) * sizeof(struct record));
        hook->count--;
    }
    for (size_t i = 0; i < hook->count && err == STORE_OK; i++) {
        run->fresh += results[i].fresh ? 1 : 0;
        run->known += results[i].fresh ? 0 : 1;
    }
    free(results);
    return err == STORE_OK ? -1 : session_complain(&error);
}

/* Names what is wrong with the whole of it; true when there is nothing more. */
static bool name_flaws(struct hook_run *run, const char *path,
                       const struct hook_result *hook)
{
    run->items += hook->items;
    run->passed += hook->passed;
    run->unknown += hook->unknown;
    run->bad += hook->bad_count;
    for (size_t i = 0; i < hook->bad_count; i++)
        cli_error("%s: item %zu: %s", path, hook->bad[i].index,
                  hook->bad[i].cause);
    if (hook->trust != HOOK_SIGNED && hook->trust != HOOK_OPEN)
        cli_error("%s: refused: %s", path, hook->why);
    else if (hook->flaw != NULL && hook->flaw_at != BOUNCE_NO_OFFSET)
        cli_error("%s: byte %zu: %s", path, hook->flaw_at, hook->flaw);
    else if (hook->flaw != NULL)
        cli_error("%s: %s", path, hook->flaw);
    else if (hook->action == HOOK_CONFIRM)
        cli_error("%s: a subscription that waits to be confirmed", path);
    else if (hook->bad_count == 0)
        return false;
    run->unreadable = run->unreadable || hook->action != HOOK_CONFIRM;
    return hook->count == 0;
}

static enum bounce_err read_hook(struct hook_run *run,
                                 const struct hook_request *request,
                                 struct hook_result *hook)
{
    enum bounce_err err =
        hook_read(request, &run->config, run->reader, &run->arena, hook);

    if (err != BOUNCE_OK || hook->action != HOOK_FETCH_CERTIFICATE ||
        run->certificate.len == 0)
        return err;
    /* The file that was named is what stands at that URL. */
    run->config.certificate = run->certificate;
    run->config.certificate_url = hook->action_url;
    return hook_read(request, &run->config, run->reader, &run->arena, hook);
}

/* -1 to go on, or the exit status. */
static int take_file(struct hook_run *run, const char *path)
{
    struct hook_header headers[HEADERS_MAX];
    struct hook_request request;
    struct hook_result hook;
    struct textbuf full = {0};
    size_t len;
    int status = -1;
    enum bounce_err err;
    char *text = session_read_file(path, REQUEST_MAX, &len);

    if (text == NULL) {
        run->unreadable = true;
        return -1;
    }
    ingest_full_path(&full, slice_cstr(path));
    run->config.source = textbuf_slice(&full);
    run->requests++;
    read_request(slice_make(text, len), headers, &request);
    err = read_hook(run, &request, &hook);
    if (err != BOUNCE_OK) {
        cli_error("%s: %s", path,
                  hook.why != NULL ? hook.why : bounce_strerror(err));
        status = err == BOUNCE_E_NOMEM ? CLI_TRY_AGAIN : -1;
        run->unreadable = true;
    } else if (!name_flaws(run, path, &hook)) {
        run->records += hook.count;
        if (run->ledger == NULL)
            print_records(run, &hook);
        else
            status = store_records(run, path, &hook);
    }
    arena_reset(&run->arena);
    textbuf_free(&full);
    free(text);
    return status;
}

static void summarize(struct hook_run *run, bool json)
{
    struct textbuf *text = &run->out.text;

    if (!json) {
        textbuf_format(
            text,
            "%llu requests, %llu items: %llu new events, %llu known "
            "before, %llu of no failure, %llu unknown, %llu bad\n",
            (unsigned long long)run->requests, (unsigned long long)run->items,
            (unsigned long long)run->fresh, (unsigned long long)run->known,
            (unsigned long long)run->passed, (unsigned long long)run->unknown,
            (unsigned long long)run->bad);
        return;
    }
    textbuf_byte(text, '{');
    json_out_number(text, "requests", (int64_t)run->requests);
    json_out_number(text, "items", (int64_t)run->items);
    json_out_number(text, "new", (int64_t)run->fresh);
    json_out_number(text, "known", (int64_t)run->known);
    json_out_number(text, "passed", (int64_t)run->passed);
    json_out_number(text, "unknown", (int64_t)run->unknown);
    json_out_number(text, "bad", (int64_t)run->bad);
    textbuf_cstr(text, "}\n");
}

/* ---- Configuration --------------------------------------------------- */

/* A file's text, kept in *text_out; empty when path is NULL. false: it was
 * named. */
static bool read_text(const char *path, struct textbuf *text_out,
                      struct bounce_slice *slice_out)
{
    size_t len;
    char *text;

    if (path == NULL)
        return true;
    text = session_read_file(path, (size_t)1 << 20, &len);
    if (text == NULL)
        return false;
    *text_out = (struct textbuf){text, len, len + 1};
    *slice_out = slice_make(text, len);
    return true;
}

/* A PEM or DER is one key; else each line is one, the newest first or not. */
static void split_keys(struct hook_config *config, struct bounce_slice text)
{
    struct bounce_slice line;

    if (slice_find(text, SLICE("-----BEGIN")) != SLICE_NPOS ||
        memchr(text.ptr, '\0', text.len) != NULL) {
        config->keys[config->key_count++] = text;
        return;
    }
    while (slice_next_line(&text, &line)) {
        line = slice_trim(line);
        if (line.len > 0 && config->key_count < HOOK_KEYS_MAX)
            config->keys[config->key_count++] = line;
    }
}

static int configure(struct hook_run *run, const struct hook_texts *texts)
{
    struct hook_config *config = &run->config;
    struct bounce_slice keys = SLICE_NULL;
    const char *flaw;
    char error[160];

    config->service = slice_cstr(texts->service);
    config->topics = slice_cstr(texts->topics);
    config->url = slice_cstr(texts->url);
    config->scope = slice_cstr(texts->scope);
    if (!read_text(texts->secret, &run->texts[0], &keys) ||
        !read_text(texts->basic, &run->texts[1], &config->basic) ||
        !read_text(texts->certificate, &run->texts[2], &run->certificate) ||
        !read_text(texts->map, &run->texts[3], &config->map))
        return CLI_NO_INPUT;
    if (keys.ptr != NULL)
        split_keys(config, keys);
    config->signed_only = run->certificate.len > 0;
    flaw = keys.ptr != NULL && config->key_count == 0
               ? "the secret is empty"
               : hook_config_flaw(config, &run->arena);
    if (flaw != NULL)
        return args_wrong("ingest hook", "%s: %s", texts->service, flaw);
    if (config->key_count == 0 && !config->signed_only)
        return -1;
    config->crypto = module_load("crypto", error);
    if (config->crypto != NULL)
        return -1;
    cli_error("%s", error);
    return CLI_NO_INPUT;
}

static void close_run(struct hook_run *run)
{
    ledger_free(run->ledger);
    bounce_reader_free(run->reader);
    session_close(&run->session);
    arena_clear(&run->arena);
    for (size_t i = 0; i < sizeof(run->texts) / sizeof(run->texts[0]); i++)
        textbuf_free(&run->texts[i]);
}

static int take_files(struct hook_run *run, const struct hook_texts *texts,
                      char *const *paths, int count)
{
    int status = -1;

    run->config.now = run->session.now;
    run->reader = open_reader(run->session.engine);
    if (!texts->dry_run) {
        run->ledger = ledger_new(run->session.book);
        if (run->ledger == NULL)
            cli_fail(CLI_TRY_AGAIN, "out of memory");
    }
    out_init(&run->out);
    for (int i = 0; i < count && status < 0; i++)
        status = take_file(run, paths[i]);
    if (!texts->dry_run)
        summarize(run, texts->json);
    out_close(&run->out);
    if (status >= 0)
        return status;
    return run->unreadable ? CLI_UNREADABLE : CLI_FINE;
}

static int ingest_hooks(const struct hook_texts *texts,
                        const struct session_choice *choice, char *const *paths,
                        int count)
{
    static struct hook_run run;
    int status;

    arena_init(&run.arena, allocator_default(), MEMORY_MAX);
    status = configure(&run, texts);
    if (status < 0)
        status = session_open("ingest hook", choice, !texts->dry_run, 0,
                              &run.session);
    if (status < 0) {
        status = take_files(&run, texts, paths, count);
        close_run(&run);
    }
    return status;
}

/* What the services are called and how each can be known. */
static int list_services(void)
{
    const struct hook_service_info *info;
    struct out out;

    out_init(&out);
    for (size_t i = 0; (info = hook_service_at(i)) != NULL; i++)
        textbuf_format(&out.text, "%-14s %s\n", info->name, info->by);
    out_close(&out);
    return CLI_FINE;
}

int ingest_hook(int argc, char **argv)
{
    struct session_choice choice = {0};
    struct hook_texts texts = {0};
    bool services = false;
    const struct arg_option options[] = {
        {"service", ARG_TEXT, &texts.service, "NAME",
         "who posted it: ses, sendgrid, mailgun, ..."},
        {"services", ARG_FLAG, &services, NULL, "list the services"},
        {"secret", ARG_TEXT, &texts.secret, "FILE",
         "its signing keys, a line each, or a public key in PEM: refuse what "
         "they did not sign"},
        {"basic", ARG_TEXT, &texts.basic, "FILE",
         "user:password that a request must have"},
        {"url", ARG_TEXT, &texts.url, "URL",
         "as the service knows it (mandrill signs it)"},
        {"topics", ARG_TEXT, &texts.topics, "A,B", "ses: our topics"},
        {"certificate", ARG_TEXT, &texts.certificate, "FILE",
         "ses: what stands at SigningCertURL: refuse what it did not sign"},
        {"map", ARG_TEXT, &texts.map, "FILE", "generic: which member is what"},
        {"scope", ARG_TEXT, &texts.scope, "SCOPE", "list or brand of all"},
        {"dry-run", ARG_FLAG, &texts.dry_run, NULL,
         "print the events as JSON and store nothing"},
        {"json", ARG_FLAG, &texts.json, NULL, "the summary as JSON"},
        {"rules", ARG_TEXT, &choice.rules, "DIR",
         "rules that precede the built-in"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce ingest hook [OPTION...] --service NAME FILE...|-",
        "Reads bodies of webhooks, one a file, into the store. A file may also "
        "hold the whole\nHTTP request, with the headers that signatures need "
        "(\"POST /path HTTP/1.1\", ...).",
        options, sizeof(options) / sizeof(options[0]),
        "Exit status 1: some requests or items were refused or unreadable; "
        "each is named, the\nothers were taken."};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (services)
        return list_services();
    if (texts.service == NULL)
        return args_wrong("ingest hook", "whose webhook? --service NAME");
    if (argc == 0)
        return args_wrong("ingest hook", "nothing to read: name files, or -");
    if (texts.dry_run)
        choice.store = "null:";
    return ingest_hooks(&texts, &choice, argv, argc);
}
