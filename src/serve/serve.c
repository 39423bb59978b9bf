/* SPDX-License-Identifier: MIT */
#include "serve/serve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "serve/bytes.h"
#include "serve/event_tally.h"
#include "serve/notify.h"
#include "serve/parts.h"
#include "serve/run.h"

#define DELAY_MS 5 /* of the group commit */

/* A mind and who holds it. */
struct serve_holding {
    struct serve_mind mind;
    unsigned holders; /* under lock; the daemon itself is one */
};

struct pooled {
    struct serve_reader reader;    /* first: what is given out */
    const struct serve_mind *mind; /* that it was opened with */
    bool used;
};

struct serve {
    const struct serve_setup *setup;
    struct config *config;
    const struct config *fresh; /* during a reload */
    pthread_mutex_t lock;       /* of mind, pool */
    pthread_cond_t given;
    struct serve_holding *mind;
    _Atomic unsigned generation; /* of mind */
    struct pooled *pool;
    unsigned pool_size;
    struct book *writer_book;
    struct writer *writer;
    struct event_tally *tally;
    _Atomic uint64_t counts[SERVE_COUNTS];
    atomic_bool stopping;
    void *parts[SERVE_PARTS_MAX];
};

const struct config *serve_config(const struct serve *serve)
{
    return serve->config;
}

const struct config *serve_config_fresh(const struct serve *serve)
{
    return serve->fresh;
}

struct writer *serve_writer(struct serve *serve)
{
    return serve->writer;
}

struct event_tally *serve_tally(struct serve *serve)
{
    return serve->tally;
}

const struct verp_key *serve_verp_keys(const struct serve *serve,
                                       size_t *count_out)
{
    *count_out = serve->setup->verp_key_count;
    return serve->setup->verp_keys;
}

bool serve_stopping(const struct serve *serve)
{
    return atomic_load(&serve->stopping);
}

int64_t serve_now(const struct serve *serve)
{
    (void)serve;
    return (int64_t)time(NULL);
}

void serve_add(struct serve *serve, enum serve_count what, uint64_t n)
{
    atomic_fetch_add_explicit(&serve->counts[what], n, memory_order_relaxed);
}

void serve_drop(struct serve *serve, enum serve_count what, uint64_t n)
{
    atomic_fetch_sub_explicit(&serve->counts[what], n, memory_order_relaxed);
}

uint64_t serve_count(const struct serve *serve, enum serve_count what)
{
    return atomic_load_explicit(&serve->counts[what], memory_order_relaxed);
}

/* ---- Engine and policy ------------------------------------------------- */

static void drop_mind(struct serve_holding *held)
{
    if (--held->holders > 0)
        return;
    bounce_engine_free(held->mind.engine);
    bounce_policy_free(held->mind.policy);
    free(held);
}

const struct serve_mind *serve_mind_take(struct serve *serve)
{
    struct serve_holding *held;

    pthread_mutex_lock(&serve->lock);
    held = serve->mind;
    held->holders++;
    pthread_mutex_unlock(&serve->lock);
    return &held->mind;
}

void serve_mind_give(struct serve *serve, const struct serve_mind *mind)
{
    pthread_mutex_lock(&serve->lock);
    drop_mind(mind->holding);
    pthread_mutex_unlock(&serve->lock);
}

unsigned serve_generation(const struct serve *serve)
{
    return atomic_load(&serve->generation);
}

static struct serve_holding *load_mind(struct serve *serve,
                                       const struct config *config)
{
    struct serve_holding *held = calloc(1, sizeof(*held));

    if (held == NULL)
        return NULL;
    if (!serve->setup->load(serve->setup->ctx, config, &held->mind)) {
        free(held);
        return NULL;
    }
    held->holders = 1;
    held->mind.holding = held;
    return held;
}

/* ---- Books ------------------------------------------------------------- */

static enum store_err open_book(struct serve *serve,
                                const struct serve_mind *mind, bool create,
                                struct book **book_out,
                                struct store_error *error)
{
    const struct book_options options = {
        .store = serve->config->store,
        .policy = mind->policy,
        .engine = mind->engine,
        .address_key = serve->setup->address_key,
        .hash_domains = serve->config->hash_domains,
        .keep_raw_days = serve->config->keep_raw_days,
        .create = create,
    };

    return book_open(&options, book_out, error);
}

static void close_pooled(struct serve *serve, struct pooled *pooled)
{
    if (pooled->reader.book == NULL)
        return;
    ask_free(pooled->reader.ask);
    book_close(pooled->reader.book);
    serve_mind_give(serve, pooled->mind);
    *pooled = (struct pooled){.used = pooled->used};
}

/* Opens a book for a slot that is ours, or opens it again when the policy was
 * reloaded since. */
static bool open_pooled(struct serve *serve, struct pooled *pooled,
                        struct store_error *error)
{
    const struct serve_mind *mind = serve_mind_take(serve);

    if (pooled->reader.book != NULL && pooled->mind == mind) {
        serve_mind_give(serve, mind);
        return true;
    }
    close_pooled(serve, pooled);
    if (open_book(serve, mind, false, &pooled->reader.book, error) !=
        STORE_OK) {
        pooled->reader.book = NULL;
        serve_mind_give(serve, mind);
        return false;
    }
    pooled->mind = mind;
    pooled->reader.ask = ask_new(pooled->reader.book);
    if (pooled->reader.ask == NULL) {
        close_pooled(serve, pooled);
        store_fail(error, STORE_E_NOMEM, "out of memory");
        return false;
    }
    return true;
}

static struct pooled *find_free(struct serve *serve)
{
    for (unsigned i = 0; i < serve->pool_size; i++) {
        if (!serve->pool[i].used)
            return &serve->pool[i];
    }
    return NULL;
}

static void free_slot(struct serve *serve, struct pooled *pooled)
{
    pthread_mutex_lock(&serve->lock);
    pooled->used = false;
    pthread_cond_signal(&serve->given);
    pthread_mutex_unlock(&serve->lock);
}

struct serve_reader *serve_reader_take(struct serve *serve,
                                       struct store_error *error)
{
    struct pooled *pooled;

    pthread_mutex_lock(&serve->lock);
    while ((pooled = find_free(serve)) == NULL)
        pthread_cond_wait(&serve->given, &serve->lock);
    pooled->used = true;
    pthread_mutex_unlock(&serve->lock);
    if (open_pooled(serve, pooled, error))
        return &pooled->reader;
    free_slot(serve, pooled);
    return NULL;
}

void serve_reader_give(struct serve *serve, struct serve_reader *reader)
{
    free_slot(serve, (struct pooled *)reader);
}

void serve_reader_spoil(struct serve *serve, struct serve_reader *reader)
{
    close_pooled(serve, (struct pooled *)reader);
    free_slot(serve, (struct pooled *)reader);
}

/* ---- Log --------------------------------------------------------------- */

/* "name=value", the value in quotes where it has blanks or worse. */
static void log_pair(struct bytes *line, const char *name, const char *value)
{
    bool plain = value[0] != '\0';

    for (const char *c = value; *c != '\0'; c++)
        plain = plain && (unsigned char)*c > ' ' && *c != '"' && *c != '\\' &&
                (unsigned char)*c < 0x7f;
    if (plain) {
        bytes_format(line, " %s=%s", name, value);
        return;
    }
    bytes_format(line, " %s=\"", name);
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            bytes_format(line, "\\%c", *c);
        else if ((unsigned char)*c < ' ' || *c == 0x7f)
            bytes_format(line, "\\x%02x", (unsigned char)*c);
        else
            bytes_add(line, slice_make(c, 1));
    }
    bytes_add(line, SLICE("\""));
}

/* What stands before an '@' is the person's: only the domain is shown. */
static void log_value(struct serve *serve, struct bytes *line, const char *name,
                      const char *value)
{
    const char *at = strrchr(value, '@');
    char hidden[300];

    if (at == NULL || serve->config->log_addresses) {
        log_pair(line, name, value);
        return;
    }
    snprintf(hidden, sizeof(hidden), "...%s", at);
    log_pair(line, name, hidden);
}

void serve_log(struct serve *serve, enum serve_level level, const char *event,
               ...)
{
    static const char *const levels[] = {"info", "warning", "error"};
    struct bytes line = {0};
    char at[DATE_ISO_SIZE] = "-";
    const char *name;
    va_list args;

    date_format_iso(serve_now(serve), at);
    bytes_format(&line, "%s %s %s", at, levels[level], event);
    va_start(args, event);
    while ((name = va_arg(args, const char *)) != NULL) {
        const char *value = va_arg(args, const char *);

        log_value(serve, &line, name, value != NULL ? value : "");
    }
    va_end(args);
    bytes_add(&line, SLICE("\n"));
    (void)!write(STDERR_FILENO, line.ptr, line.len);
    bytes_free(&line);
}

/* ---- Life -------------------------------------------------------------- */

static void observe(void *ctx, const struct record *record,
                    const struct ledger_result *result)
{
    if (result->fresh)
        event_tally_add(ctx, record);
}

static bool start_writer(struct serve *serve, int *status_out)
{
    struct writer_options options = {.now = BOUNCE_NO_TIME,
                                     .delay_ms = DELAY_MS,
                                     .observe = observe,
                                     .ctx = serve->tally};
    struct store_error error;

    if (open_book(serve, &serve->mind->mind, true, &serve->writer_book,
                  &error) != STORE_OK) {
        serve_log(serve, SERVE_ERROR, "store", "error", error.msg, NULL);
        *status_out = store_exit_status(error.code);
        return false;
    }
    serve->writer = writer_new(serve->writer_book, &options);
    if (serve->writer == NULL)
        *status_out = store_exit_status(STORE_E_NOMEM);
    return serve->writer != NULL;
}

static bool start_parts(struct serve *serve)
{
    for (size_t i = 0; serve_parts[i] != NULL; i++) {
        if (!serve_parts[i]->start(serve, &serve->parts[i])) {
            serve_log(serve, SERVE_ERROR, "start", "part", serve_parts[i]->name,
                      NULL);
            return false;
        }
    }
    return true;
}

static void stop_parts(struct serve *serve)
{
    size_t count = 0;

    atomic_store(&serve->stopping, true);
    while (serve_parts[count] != NULL)
        count++;
    while (count-- > 0) {
        if (serve->parts[count] != NULL)
            serve_parts[count]->stop(serve, serve->parts[count]);
    }
}

/* A new policy and new rules, for readers at once and for the writer behind all
 * that it was given before. What is wrong in them changes nothing. */
static void reload(struct serve *serve)
{
    struct config *config = serve->setup->reread(serve->setup->ctx);
    struct serve_holding *fresh = NULL, *old = serve->mind;

    if (config != NULL)
        fresh = load_mind(serve, config);
    if (fresh == NULL) {
        config_free(config);
        serve_log(serve, SERVE_ERROR, "reload", "result", "kept what was there",
                  NULL);
        return;
    }
    if (!writer_change(serve->writer, fresh->mind.policy, fresh->mind.engine)) {
        drop_mind(fresh);
        config_free(config);
        serve_log(serve, SERVE_ERROR, "reload", "result", "out of memory",
                  NULL);
        return;
    }
    pthread_mutex_lock(&serve->lock);
    serve->mind = fresh;
    serve->generation++;
    drop_mind(old);
    pthread_mutex_unlock(&serve->lock);
    serve->fresh = config;
    for (size_t i = 0; serve_parts[i] != NULL; i++) {
        if (serve_parts[i]->reload != NULL)
            serve_parts[i]->reload(serve, serve->parts[i]);
    }
    serve->fresh = NULL;
    config_free(config);
    serve_log(serve, SERVE_INFO, "reload", "result", "done", NULL);
}

static void wait_for_signals(struct serve *serve, const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};

    notify_ready();
    for (;;) {
        int got = sigtimedwait(signals, NULL, &second);

        notify_alive();
        if (got == SIGHUP) {
            notify_reloading();
            reload(serve);
            notify_ready();
        } else if (got == SIGTERM || got == SIGINT) {
            return;
        }
    }
}

static void clear(struct serve *serve)
{
    writer_free(serve->writer);
    if (serve->writer_book != NULL)
        book_close(serve->writer_book);
    for (unsigned i = 0; serve->pool != NULL && i < serve->pool_size; i++)
        close_pooled(serve, &serve->pool[i]);
    free(serve->pool);
    event_tally_free(serve->tally);
    if (serve->mind != NULL)
        drop_mind(serve->mind);
    pthread_cond_destroy(&serve->given);
    pthread_mutex_destroy(&serve->lock);
    config_free(serve->config);
    free(serve);
}

/* Threads inherit the mask: signals come to sigtimedwait() alone. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* As many files as we may have: a connection is one. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int serve_run(const struct serve_setup *setup)
{
    struct serve *serve = calloc(1, sizeof(*serve));
    sigset_t signals;
    int status = 75; /* EX_TEMPFAIL */

    if (serve == NULL) {
        config_free(setup->config);
        return status;
    }
    serve->setup = setup;
    serve->config = setup->config;
    pthread_mutex_init(&serve->lock, NULL);
    pthread_cond_init(&serve->given, NULL);
    block_signals(&signals);
    raise_limit();
    serve->pool_size = setup->config->readers + setup->config->http_threads;
    for (const struct config_log *log = setup->config->logs; log != NULL;
         log = log->next)
        serve->pool_size++; /* each keeps one */
    serve->pool = calloc(serve->pool_size, sizeof(*serve->pool));
    serve->mind = load_mind(serve, setup->config);
    if (serve->mind == NULL)
        status = 78; /* EX_CONFIG */
    serve->tally = event_tally_new();
    if (serve->pool != NULL && serve->mind != NULL && serve->tally != NULL &&
        start_writer(serve, &status)) {
        if (start_parts(serve)) {
            serve_log(serve, SERVE_INFO, "ready", NULL);
            wait_for_signals(serve, &signals);
            status = 0;
        } else {
            status = 71; /* EX_OSERR */
        }
        notify_stopping();
        stop_parts(serve);
    }
    clear(serve);
    return status;
}
