/* SPDX-License-Identifier: MIT
 * The part that runs webhooks of ours: a thread each, so that a slow receiver
 * keeps no other waiting. */
#include "serve/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "serve/file.h"
#include "serve/parts.h"

#define REST_TENTHS 3 /* between looks at the feed */

struct out {
    struct out_worker *workers;
    size_t count;
};

bool out_stopping(const struct out_worker *worker)
{
    return atomic_load(&worker->stop) || serve_stopping(worker->serve);
}

static void *run(void *arg)
{
    struct out_worker *worker = arg;
    const struct timespec tenth = {.tv_nsec = 100000000L};

    while (!out_stopping(worker)) {
        if (out_turn(worker))
            continue;
        for (int i = 0; i < REST_TENTHS && !out_stopping(worker); i++)
            nanosleep(&tenth, NULL);
    }
    out_let_go(worker);
    return NULL;
}

/* ---- From the configuration -------------------------------------------- */

/* Who we are to other daemons with the same store. */
static void name_holder(const struct config *config, char holder[256])
{
    const struct config_listen *listen = config->http != NULL ? config->http
                                         : config->lmtp != NULL
                                             ? config->lmtp
                                             : config->policy_service;
    char host[128] = "";

    (void)gethostname(host, sizeof(host) - 1);
    snprintf(holder, 256, "%s %.120s", host,
             listen != NULL ? listen->text : "");
}

static bool copy(char **out, const char *text)
{
    *out = text != NULL ? strdup(text) : NULL;
    return text == NULL || *out != NULL;
}

static const char *read_secrets(const char *path, struct out_secrets *secrets,
                                char why[200])
{
    char *text = file_read_secret(path, why);
    const char *flaw = NULL;

    if (text == NULL)
        return why;
    flaw = out_secrets_read(slice_cstr(text), secrets);
    free(text);
    if (flaw == NULL)
        return NULL;
    snprintf(why, 200, "%.120s %s", path, flaw);
    return why;
}

/* NULL, or why it cannot be. */
static const char *read_target(const struct config_out *config,
                               struct out_target *target, char why[200])
{
    struct bounce_slice wrong;

    target->pace = (struct out_pace){config->retry_s, config->retry_max_s,
                                     config->give_up_s, config->max_attempts};
    target->timeout_ms = (unsigned)config->timeout_s * 1000;
    target->allow_http = config->allow_http;
    if (!copy(&target->name, config->name) ||
        !copy(&target->url, config->url) ||
        !copy(&target->ca_file, config->ca_file) ||
        !copy(&target->proxy, config->proxy))
        return "out of memory";
    if (!out_events(slice_cstr(config->events), &target->events, &wrong))
        return "Events has an unknown word";
    return read_secrets(config->secret_file, &target->secrets, why);
}

static void clear_worker(struct out_worker *worker)
{
    if (worker->client != NULL)
        worker->curl->web_free(worker->client);
    free(worker->target.name);
    free(worker->target.url);
    free(worker->target.ca_file);
    free(worker->target.proxy);
}

static const char *make_worker(struct serve *serve, const struct config *config,
                               const struct config_out *stanza,
                               struct out_worker *worker, char why[256])
{
    const char *flaw;

    worker->serve = serve;
    name_holder(config, worker->holder);
    flaw = read_target(stanza, &worker->target, why);
    if (flaw != NULL)
        return flaw;
    worker->crypto = module_load("crypto", why);
    if (worker->crypto == NULL)
        return why;
    worker->curl = curl_module(why);
    if (worker->curl == NULL)
        return why;
    worker->client = worker->curl->web_new();
    return worker->client != NULL ? NULL : "out of memory";
}

/* ---- All of them ------------------------------------------------------- */

static void clear(struct out *out)
{
    for (size_t i = 0; i < out->count; i++)
        atomic_store(&out->workers[i].stop, true);
    for (size_t i = 0; i < out->count; i++) {
        if (out->workers[i].running)
            pthread_join(out->workers[i].thread, NULL);
        clear_worker(&out->workers[i]);
    }
    free(out->workers);
    *out = (struct out){0};
}

/* Workers as configured, not yet running; false: why was logged. */
static bool prepare(struct serve *serve, const struct config *config,
                    struct out *out)
{
    size_t count = 0;

    *out = (struct out){0};
    for (const struct config_out *o = config->outs; o != NULL; o = o->next)
        count++;
    if (count == 0)
        return true;
    out->workers = calloc(count, sizeof(*out->workers));
    if (out->workers == NULL)
        return false;
    for (const struct config_out *o = config->outs; o != NULL; o = o->next) {
        char why[256];
        const char *flaw =
            make_worker(serve, config, o, &out->workers[out->count++], why);

        if (flaw == NULL)
            continue;
        serve_log(serve, SERVE_ERROR, "out", "name", o->name, "error", flaw,
                  NULL);
        clear(out);
        return false;
    }
    return true;
}

static bool begin(struct serve *serve, struct out *out)
{
    for (size_t i = 0; i < out->count; i++) {
        struct out_worker *worker = &out->workers[i];

        worker->running =
            pthread_create(&worker->thread, NULL, run, worker) == 0;
        if (worker->running)
            continue;
        serve_log(serve, SERVE_ERROR, "out", "name", worker->target.name,
                  "error", "no thread", NULL);
        return false;
    }
    return true;
}

static bool start(struct serve *serve, void **part_out)
{
    struct out *out = calloc(1, sizeof(*out));

    if (out == NULL)
        return false;
    *part_out = out; /* stopped also when only some of it was started */
    return prepare(serve, serve_config(serve), out) && begin(serve, out);
}

/* What is wrong leaves the old ones as they are. */
static void reload(struct serve *serve, void *part)
{
    struct out *out = part, fresh;

    if (!prepare(serve, serve_config_fresh(serve), &fresh)) {
        serve_log(serve, SERVE_ERROR, "out", "result", "kept what was there",
                  NULL);
        return;
    }
    clear(out);
    *out = fresh;
    (void)begin(serve, out);
}

static void stop(struct serve *serve, void *part)
{
    (void)serve;
    clear(part);
    free(part);
}

const struct serve_part serve_out = {"out", start, reload, stop};
