/* SPDX-License-Identifier: MIT
 * kill -9 at random points of an ingest. A child takes up an endless stream
 * where the stored position says, and tells what is acknowledged; the parent
 * kills it and looks; the next child goes on. In the end the store is that of a
 * run that nobody disturbed. 50 times, or 1,000 with BOUNCE_FULL. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "random.h"
#include "store/writer.h"
#include "store_fixture.h"

#define BATCH 20
/* What is killed leaves no report of a sanitizer: a few rounds for the rest. */
#if defined(__SANITIZE_ADDRESS__)
#define ROUNDS 5
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROUNDS 5
#endif
#endif
#ifndef ROUNDS
#define ROUNDS 50
#endif

#define PAGE    50 /* records whose sent log comes before them */
#define AGAIN   7  /* records that are told again on resume */
#define ENDLESS INT64_MAX
#define END     (LEDGER_T0 + 1000 * LEDGER_DAY)

/* ---- The stream ------------------------------------------------------ */

struct texts {
    char id[33], address[48], mid[48], source[16];
};

/* Record i, always the same. In the order of time. */
static struct record stream_record(int64_t i, struct texts *t)
{
    static const char *const categories[] = {"mailbox_full", "user_unknown",
                                             "spam_detected", "rate_limited",
                                             "mailbox_full"};
    struct random random = {(uint64_t)i * 977 + 5};
    int64_t at = LEDGER_T0 + i * 61;
    struct record r;

    snprintf(t->id, sizeof(t->id), "%016llx%016llx",
             (unsigned long long)random_next(&random), (unsigned long long)i);
    snprintf(t->address, sizeof(t->address), "u%llu@d%llu.example",
             (unsigned long long)random_below(&random, 300),
             (unsigned long long)random_below(&random, 20));
    snprintf(t->mid, sizeof(t->mid), "<m%lld@news.example>", (long long)i);
    if (random_below(&random, 6) == 0)
        r = desk_event(BOUNCE_KIND_DELIVERY, t->id, t->address, "delivered",
                       at);
    else
        r = desk_bounce(t->id, t->address, categories[random_below(&random, 5)],
                        at);
    if (random_below(&random, 3) == 0)
        r.event.scope = SLICE("news");
    r.event.message_id = slice_cstr(t->mid);
    return r;
}

static struct sent stream_sent(int64_t i, struct texts *t)
{
    struct record r = stream_record(i, t);

    return (struct sent){.message_id = r.event.message_id,
                         .recipient = r.event.recipient,
                         .campaign = SLICE("spring"),
                         .at = LEDGER_T0 + i * 61 - 30};
}

/* ---- The child ------------------------------------------------------- */

struct told {
    int pipe;
    int64_t last;
};

static void tell(void *ctx, const struct store_error *error,
                 const struct ledger_result *results, size_t count)
{
    struct told *told = ctx;

    (void)results;
    if (error != NULL) {
        fprintf(stderr, "child: %s\n", error->msg);
        _exit(3);
    }
    told->last += (int64_t)count;
    if (write(told->pipe, &told->last, sizeof(told->last)) !=
        (ssize_t)sizeof(told->last))
        _exit(4);
}

static struct book *open_book(const struct desk *desk)
{
    struct book_options options = {.store = desk->fixture.where,
                                   .policy = desk->policy,
                                   .engine = desk->engine,
                                   .keep_raw_days = 30,
                                   .create = true};
    struct store_error error;
    struct book *book;

    if (book_open(&options, &book, &error) != STORE_OK) {
        fprintf(stderr, "book_open: %s\n", error.msg);
        _exit(5);
    }
    return book;
}

static int64_t resume(struct book *book)
{
    struct ledger *ledger = ledger_new(book);
    struct store_error error;
    int64_t offset;
    char mark[8];

    if (ledger == NULL ||
        ledger_position_get(ledger, SLICE("stream"), &offset, mark,
                            sizeof(mark), &error) != STORE_OK)
        _exit(6);
    ledger_free(ledger);
    if (offset < AGAIN)
        return 0;
    return offset - AGAIN;
}

/* The sent log of the page that record i is on; some of it. */
static bool log_page(struct writer *writer, int64_t i)
{
    struct texts texts[PAGE / 5];
    struct sent lines[PAGE / 5];

    for (int64_t k = 0; k < PAGE / 5; k++)
        lines[k] = stream_sent(i / PAGE * PAGE + k * 5, &texts[k]);
    return writer_add_sent(writer, lines, PAGE / 5, NULL, NULL);
}

/* Up to, not with, end. told.last moves in the writer's thread: where it began
 * is kept. */
static void ingest(struct book *book, int pipe, int64_t end)
{
    struct writer_options options = {
        .batch = BATCH, .queue = 4 * BATCH, .delay_ms = 1, .now = END};
    struct writer *writer = writer_new(book, &options);
    int64_t from = resume(book);
    struct told told = {pipe, from};
    struct store_error error;

    /* That it is under way; as an acknowledgement it tells nothing new. */
    if (writer == NULL ||
        write(pipe, &from, sizeof(from)) != (ssize_t)sizeof(from))
        _exit(7);
    for (int64_t i = from; i < end; i++) {
        struct texts texts;
        struct record r = stream_record(i, &texts);

        if (((i % PAGE == 0 || i == from) && !log_page(writer, i)) ||
            !writer_add(writer, &r, 1, tell, &told) ||
            !writer_add_position(writer, SLICE("stream"), i + 1, SLICE("m")))
            _exit(8);
    }
    if (writer_flush(writer, &error) != STORE_OK) {
        fprintf(stderr, "writer_flush: %s\n", error.msg);
        _exit(9);
    }
    writer_free(writer);
}

/* ---- The parent ------------------------------------------------------ */

static void wait_us(unsigned us)
{
    struct timespec time = {0, (long)us * 1000};

    nanosleep(&time, NULL);
}

/* What was acknowledged before the child died. */
static int64_t drain(int pipe, int64_t last)
{
    int64_t told;

    while (read(pipe, &told, sizeof(told)) == (ssize_t)sizeof(told))
        last = told > last ? told : last;
    close(pipe);
    return last;
}

/* One child, killed after a while; 0: it is left to finish. */
static int64_t run_child(const struct desk *desk, unsigned kill_us, int64_t end,
                         int64_t last)
{
    int ends[2], status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        ingest(open_book(desk), ends[1], end);
        _exit(0);
    }
    close(ends[1]);
    if (kill_us > 0) {
        int64_t ready;

        /* One of eight dies before it has begun. */
        if (kill_us % 8 != 0 &&
            read(ends[0], &ready, sizeof(ready)) != (ssize_t)sizeof(ready))
            fail_msg("the child gave up");
        wait_us(kill_us);
        kill(child, SIGKILL);
    }
    last = drain(ends[0], last);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (kill_us == 0 || WIFEXITED(status))
        assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
    return last;
}

/* All that was acknowledged is there, nothing twice, and no position is ahead
 * of its records. In one query: PostgreSQL may be at the last commit of the
 * child still. */
static void look(const struct desk *desk, int64_t acknowledged)
{
    struct book *book = open_book(desk);
    char *text = fixture_query(book->store,
                               "SELECT count(*), count(DISTINCT id), "
                               "(SELECT coalesce(max(\"offset\"), 0) "
                               "FROM position) FROM event",
                               NULL, 0);
    char *end = text;
    int64_t events = strtoll(end, &end, 10);
    int64_t ids = strtoll(end + 1, &end, 10);
    int64_t position = strtoll(end + 1, &end, 10);

    assert_string_equal(end, "\n");
    assert_true(events >= acknowledged);
    assert_int_equal(ids, events);
    assert_true(position <= events);
    free(text);
    book_close(book);
}

/* Incidents are judged when a batch ends, so where they stand among the other
 * changes depends on how the batches were cut. */
#define CHANGES                                                                \
    "SELECT at, recorded_at, rcpt, address, scope, what, was, becomes, "       \
    "until, outcome, reason, category, entry, rule, event_id, label, "         \
    "counter, count, needed, flags FROM change WHERE what "

#define ROUTE "provider, domain, ip, sender_domain, campaign"

static const char *const tables[] = {
    "SELECT * FROM state ORDER BY key, scope",
    "SELECT * FROM event ORDER BY seq",
    CHANGES "<> 'incident' ORDER BY seq",
    CHANGES "= 'incident' ORDER BY at, label, outcome",
    "SELECT * FROM incident ORDER BY id",
    "SELECT * FROM hold ORDER BY " ROUTE,
    "SELECT * FROM hold_log ORDER BY " ROUTE ", at, kind, id",
    "SELECT * FROM sent ORDER BY rcpt, mid",
    "SELECT * FROM tally ORDER BY dim, day, value, what, detail",
    "SELECT * FROM tally_month ORDER BY dim, month, value, what, detail",
    "SELECT * FROM tally_total ORDER BY dim, value",
    "SELECT * FROM pulse ORDER BY provider, hour",
    "SELECT source, \"offset\", mark FROM position"};

static void what_is_acknowledged_stays(void **state)
{
    const char *full = getenv("BOUNCE_FULL");
    unsigned rounds = full != NULL && strcmp(full, "1") == 0 ? 1000 : ROUNDS;
    struct random random = {4242};
    struct desk desk, other;
    int64_t last = 0, end;

    (void)state;
    if (!fixture_keeps())
        return;
    desk_init(&desk, NULL, NULL, NULL);
    desk_init_sqlite(&other, &desk);
    /* Forked with no store open. */
    ledger_free(desk.ledger);
    book_close(desk.book);
    ledger_free(other.ledger);
    book_close(other.book);
    for (unsigned i = 0; i < rounds; i++) {
        last = run_child(&desk, 1 + (unsigned)random_below(&random, 80000),
                         ENDLESS, last);
        look(&desk, last);
    }
    print_message("%lld acknowledged in %u lives\n", (long long)last, rounds);
    assert_true(last > 0);
    end = last + 10 * BATCH;
    assert_int_equal(run_child(&desk, 0, end, last), end);
    assert_int_equal(run_child(&other, 0, end, 0), end);
    desk.book = open_book(&desk);
    other.book = open_book(&other);
    desk.ledger = ledger_new(desk.book);
    other.ledger = ledger_new(other.book);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char *x = desk_query(&desk, tables[i]);
        char *y = desk_query(&other, tables[i]);

        if (strcmp(x, y) != 0) {
            size_t at = 0;

            while (x[at] == y[at])
                at++;
            at = at > 200 ? at - 200 : 0;
            print_message("%.500s\nis not\n%.500s\n", x + at, y + at);
            fail_msg("%s", tables[i]);
        }
        free(x);
        free(y);
    }
    desk_expect_replay(&desk);
    desk_clear_sqlite(&other);
    desk_clear(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_acknowledged_stays),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
