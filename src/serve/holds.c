/* SPDX-License-Identifier: MIT
 * The part that keeps a file of the holds in force, for mail servers that ask
 * nobody. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "serve/holds_text.h"
#include "serve/parts.h"

#define LOOK_TENTHS 5  /* between looks at the store */
#define REST_S      30 /* after the file could not be written */

struct holds_part {
    struct serve *serve;
    char *path, *ips, *sender_domains, *campaigns;
    struct holds_choice choice; /* of these */
    pthread_t thread;
    atomic_bool stop;
    bool running;
    char mark[32];     /* of the table when it was read */
    int64_t until;     /* when time alone changes the text */
    struct bytes text; /* as it is in the file */
    bool written;
    int64_t rest_until;
};

static enum store_err read_text(struct holds_part *part, struct book *book,
                                bool *fresh_out, struct store_error *error)
{
    const int64_t now = serve_now(part->serve);
    struct bytes text = {0};
    char mark[sizeof(part->mark)];
    bool found;
    /* The ledger counts changes of holds in a row of meta. */
    enum store_err err =
        book_meta(book, "holds", mark, sizeof(mark), &found, error);

    *fresh_out = false;
    if (access(part->path, F_OK) != 0)
        part->written = false; /* somebody took it away */
    if (err != STORE_OK ||
        (part->written && strcmp(mark, part->mark) == 0 &&
         (part->until == BOUNCE_NO_TIME || now < part->until)))
        return err;
    err = holds_text(book, &part->choice, now, &text, &part->until, error);
    if (err == STORE_OK) {
        *fresh_out = !part->written ||
                     !slice_eq(bytes_slice(&text), bytes_slice(&part->text));
        memcpy(part->mark, mark, sizeof(mark));
        bytes_free(&part->text);
        part->text = text;
    } else {
        bytes_free(&text);
    }
    return err;
}

static void look(struct holds_part *part)
{
    struct store_error error;
    struct serve_reader *reader = serve_reader_take(part->serve, &error);
    enum store_err err = reader == NULL ? error.code : STORE_OK;
    char why[200];
    bool fresh = false;

    if (reader != NULL)
        err = read_text(part, reader->book, &fresh, &error);
    if (reader != NULL && err == STORE_OK)
        serve_reader_give(part->serve, reader);
    else if (reader != NULL)
        serve_reader_spoil(part->serve, reader);
    if (err == STORE_OK && fresh) {
        part->written = holds_write(part->path, bytes_slice(&part->text), why);
        if (part->written)
            serve_log(part->serve, SERVE_INFO, "holds", "file", part->path,
                      NULL);
    }
    if (err == STORE_OK && (!fresh || part->written))
        return;
    part->rest_until = serve_now(part->serve) + REST_S;
    serve_log(part->serve, SERVE_ERROR, "holds", "file", part->path, "error",
              err != STORE_OK ? error.msg : why, NULL);
}

static bool stopping(const struct holds_part *part)
{
    return atomic_load(&part->stop) || serve_stopping(part->serve);
}

static void *run(void *arg)
{
    struct holds_part *part = arg;
    const struct timespec tenth = {.tv_nsec = 100000000L};

    while (!stopping(part)) {
        if (serve_now(part->serve) >= part->rest_until)
            look(part);
        for (int i = 0; i < LOOK_TENTHS && !stopping(part); i++)
            nanosleep(&tenth, NULL);
    }
    return NULL;
}

static bool copy(char **out, const char *text)
{
    *out = text != NULL ? strdup(text) : NULL;
    return text == NULL || *out != NULL;
}

static void clear(struct holds_part *part)
{
    atomic_store(&part->stop, true);
    if (part->running)
        pthread_join(part->thread, NULL);
    free(part->path);
    free(part->ips);
    free(part->sender_domains);
    free(part->campaigns);
    bytes_free(&part->text);
    *part = (struct holds_part){.serve = part->serve};
}

static bool begin(struct holds_part *part, const struct config *config)
{
    part->until = BOUNCE_NO_TIME;
    if (config->holds_file == NULL)
        return true;
    if (!copy(&part->path, config->holds_file) ||
        !copy(&part->ips, config->holds_ip) ||
        !copy(&part->sender_domains, config->holds_from) ||
        !copy(&part->campaigns, config->holds_campaign))
        return false;
    part->choice = (struct holds_choice){
        holds_format_parse(slice_cstr(config->holds_format)),
        slice_cstr(part->ips), slice_cstr(part->sender_domains),
        slice_cstr(part->campaigns)};
    part->running = pthread_create(&part->thread, NULL, run, part) == 0;
    return part->running;
}

static bool start(struct serve *serve, void **part_out)
{
    struct holds_part *part = calloc(1, sizeof(*part));

    if (part == NULL)
        return false;
    part->serve = serve;
    *part_out = part;
    return begin(part, serve_config(serve));
}

static void reload(struct serve *serve, void *ctx)
{
    struct holds_part *part = ctx;

    clear(part);
    if (!begin(part, serve_config_fresh(serve)))
        serve_log(serve, SERVE_ERROR, "holds", "error", "no memory or thread",
                  NULL);
}

static void stop(struct serve *serve, void *part)
{
    (void)serve;
    clear(part);
    free(part);
}

const struct serve_part serve_holds = {"holds", start, reload, stop};
