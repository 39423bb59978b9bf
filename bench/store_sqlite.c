/* SPDX-License-Identifier: MIT
 * store_sqlite [-a ADDRESSES] [-n EVENTS] [-k PERCENT] [-b BATCH] [-s PAGESIZE]
 *     [-p PRAGMA]... [FILE]
 * What SQLite takes of what the ledger writes, without the ledger's own work,
 * and how fast states are looked up. A measurement, not a test.
 *
 * FILE (default store_sqlite.db) is made with so many addresses, each with a
 * state and one event, unless it is there already, and is left behind. Then for
 * each batch one durable transaction asks for the states and earlier events of
 * its addresses, and puts the events, states, changes for two of five, counts.
 * -k: so many percent of the events are of addresses that are there. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

#define INT(name)                                                              \
    {                                                                          \
        (name), STORE_INT                                                      \
    }
#define TEXT(name)                                                             \
    {                                                                          \
        (name), STORE_TEXT                                                     \
    }

static const struct store_column event_columns[] = {
    INT("seq"),      INT("rcpt"),      INT("at"),         INT("recorded_at"),
    INT("id64"),     INT("failure"),   INT("mid"),        INT("qid"),
    INT("kind"),     INT("counts"),    INT("review"),     TEXT("id"),
    INT("class"),    TEXT("category"), INT("confidence"), INT("permanent"),
    INT("verified"), TEXT("rule"),     TEXT("provider"),  TEXT("domain"),
    TEXT("scope"),   TEXT("campaign"), TEXT("ip"),        TEXT("sender_domain"),
    TEXT("facts"),   TEXT("source"),   INT("offset"),     TEXT("body")};
static const struct store_column state_columns[] = {
    INT("key"),       TEXT("scope"), TEXT("address"),  TEXT("domain"),
    INT("standing"),  INT("slot"),   INT("since"),     INT("until"),
    TEXT("category"), INT("class"),  TEXT("provider"), TEXT("campaign"),
    INT("newest_at"), TEXT("text")};
static const struct store_column change_columns[] = {
    INT("seq"),      INT("at"),       INT("recorded_at"), INT("rcpt"),
    TEXT("address"), TEXT("scope"),   TEXT("what"),       TEXT("was"),
    TEXT("becomes"), TEXT("outcome"), TEXT("reason"),     TEXT("category"),
    TEXT("entry"),   TEXT("rule"),    TEXT("event_id"),   INT("flags")};
static const struct store_column tally_columns[] = {
    TEXT("dim"),  INT("day"),     TEXT("value"),
    TEXT("what"), TEXT("detail"), INT("n")};

enum { EVENT = 28, STATE = 14, CHANGE = 16, TALLY = 6, TALLIES = 300 };

static const struct store_put event_put = {"event", event_columns, EVENT, 0,
                                           STORE_KEEP};
static const struct store_put state_put = {"state", state_columns, STATE, 2,
                                           STORE_REPLACE};
static const struct store_put change_put = {"change", change_columns, CHANGE, 0,
                                            STORE_KEEP};
static const struct store_put tally_put = {"tally", tally_columns, TALLY, 5,
                                           STORE_ADD};
static const struct store_get state_get = {
    "state", "key, scope, address, text, standing, newest_at, provider",
    state_columns, 1};
static const struct store_column rcpt_column[] = {INT("rcpt")};
static const struct store_get event_get = {
    "event", "rcpt, at, seq, id64, failure, mid, qid, kind", rcpt_column, 1};

enum part { BUILD, GET, EVENTS, STATES, CHANGES, TALLYING, COMMIT, PARTS };

struct bench {
    struct store *store;
    uint64_t addresses, random, fresh;
    unsigned known;
    size_t batch;
    int64_t seq;
    uint64_t *numbers; /* of the addresses of a batch, in the order of keys */
    struct store_value *events, *states, *changes, *keys;
    char *text;
    size_t text_len;
    double spent[PARTS];
    uint64_t rows;
};

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(enum store_err err, const struct store_error *error)
{
    if (err != STORE_OK) {
        (void)fprintf(stderr, "%s\n", error->msg);
        exit(1);
    }
}

static void *make(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        (void)fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static uint64_t mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* Addresses are numbered in the order of their keys: those that are there have
 * even numbers. */
static int64_t key_of(uint64_t number, uint64_t addresses)
{
    return (int64_t)(number * ((uint64_t)INT64_MAX / (2 * addresses + 2)));
}

/* Domains as they come: half of all addresses are at five. */
static unsigned domain_of(uint64_t number)
{
    uint64_t x = mix(number);
    return (unsigned)(x % 2 == 0 ? (x >> 8) % 5 : (x >> 8) % 200000);
}

static struct store_value fixed(const char *text)
{
    return store_text(slice_cstr(text));
}

#define PRINT(bench, ...)                                                      \
    printed((bench),                                                           \
            snprintf((bench)->text + (bench)->text_len, 1024, __VA_ARGS__))

static struct store_value printed(struct bench *bench, int len)
{
    struct bounce_slice text =
        slice_make(bench->text + bench->text_len, (size_t)len);
    bench->text_len += (size_t)len + 1;
    return store_text(text);
}

static const char *const categories[] = {
    "user_unknown",   "mailbox_full",     "mailbox_disabled", "spam_content",
    "ip_blocked",     "rate_limited",     "policy",           "domain_unknown",
    "authentication", "connection_failed"};
static const char *const providers[] = {"google", "microsoft", "yahoo", "gmx",
                                        "apple",  "orange",    NULL};

static const char body[] =
    "{\"action\":\"failed\",\"status\":\"5.1.1\",\"reply_code\":550,"
    "\"stage\":\"rcpt\",\"diagnostic\":\"smtp; 550-5.1.1 The account that you "
    "tried to reach does not exist. Please check the recipient's address for "
    "typos or unnecessary spaces. 550 5.1.1 Learn more at https://example.org/"
    "answer/%u\",\"reporting_mta\":\"mail.example.com\",\"remote_mta\":"
    "\"mx%u.example.org\",\"queue_id\":\"4Xq0%x\",\"message_id\":"
    "\"<%016llx@news.example.com>\",\"sender\":\"bounces@news.example.com\"}";

static void fill_event(struct bench *bench, struct store_value *row,
                       uint64_t number, int64_t key, int64_t seq)
{
    uint64_t id = mix((uint64_t)seq);
    unsigned domain = domain_of(number);
    const struct store_value values[EVENT] = {
        store_int(seq),
        store_int(key),
        store_int(1760000000 + seq / 50),
        store_int(1760000003 + seq / 50),
        store_int((int64_t)(id >> 1)),
        store_int((int64_t)(mix(id) >> 1)),
        store_int((int64_t)(mix(id + 1) >> 1)),
        store_int((int64_t)(mix(id + 2) >> 1)),
        store_int(1),
        store_int(1),
        store_int(0),
        PRINT(bench, "%016llx%016llx", (unsigned long long)id,
              (unsigned long long)mix(id)),
        store_int(1),
        fixed(categories[id % 10]),
        store_int(98),
        store_int(1),
        store_int(1),
        fixed("google.no-such-user"),
        fixed(providers[domain % 7]),
        PRINT(bench, "domain%u.example", domain),
        store_text(SLICE_NULL),
        PRINT(bench, "campaign-%llu", (unsigned long long)seq / 100000),
        fixed("192.0.2.17"),
        fixed("news.example.com"),
        store_text(SLICE_NULL),
        fixed("/var/mail/bounces.mbox"),
        store_int(seq * 3500),
        PRINT(bench, body, (unsigned)id, domain % 9, (unsigned)(id >> 20),
              (unsigned long long)mix(id + 3)),
    };
    memcpy(row, values, sizeof(values));
}

/* One address in four has a cause that speaks. */
static void fill_state(struct bench *bench, struct store_value *row,
                       uint64_t number, int64_t key, int64_t seq)
{
    unsigned domain = domain_of(number);
    uint64_t x = mix(number + 99);
    bool spoken = x % 4 == 0;
    int64_t at = 1760000000 + seq / 50;
    const struct store_value null = {.type = STORE_NULL};
    const struct store_value values[STATE] = {
        store_int(key),
        fixed(""),
        PRINT(bench, "firstname.lastname%llu@domain%u.example",
              (unsigned long long)number, domain),
        PRINT(bench, "domain%u.example", domain),
        store_int(spoken ? 2 : 0),
        spoken ? store_int(0) : null,
        spoken ? store_int(at) : null,
        null,
        spoken ? fixed(categories[x % 10]) : null,
        spoken ? store_int(1) : null,
        fixed(providers[domain % 7]),
        spoken ? PRINT(bench, "campaign-%lld", (long long)seq / 100000) : null,
        store_int(at),
        PRINT(bench,
              "bounce-state 1\ncounter\tsoft\t%lld\t%lld\t%016llx\ncause\t0\t"
              "%lld\t-\t98\t1\tuser_unknown\tgoogle.no-such-user\t%016llx\n",
              (long long)at, (long long)at, (unsigned long long)x,
              (long long)at, (unsigned long long)mix(x)),
    };
    memcpy(row, values, sizeof(values));
}

static void fill_change(struct bench *bench, struct store_value *row,
                        const struct store_value *event,
                        const struct store_value *state)
{
    (void)bench;
    const struct store_value values[CHANGE] = {event[0],
                                               event[2],
                                               event[3],
                                               event[1],
                                               state[2],
                                               fixed(""),
                                               fixed("state"),
                                               fixed("active"),
                                               fixed("suppressed"),
                                               fixed("suppress"),
                                               fixed("hard_bounce"),
                                               event[13],
                                               event[13],
                                               event[17],
                                               event[11],
                                               store_int(0)};
    memcpy(row, values, sizeof(values));
}

/* Filling: by key, all at once, without syncs, indexes last. */

static void execute(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        (void)fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
}

/* Runs what sql selects. */
static void execute_rows(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    char *script = sqlite3_mprintf("%s", "");
    (void)sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        script = sqlite3_mprintf("%z%s;", script, sqlite3_column_text(stmt, 0));
    }
    (void)sqlite3_finalize(stmt);
    execute(db, script);
    sqlite3_free(script);
}

static void fill(struct bench *bench, sqlite3 *db)
{
    struct store_error error;
    execute(db, "PRAGMA writable_schema = OFF; CREATE TEMP TABLE later AS "
                "SELECT sql FROM main.sqlite_schema WHERE type = 'index' AND "
                "sql IS NOT NULL");
    execute_rows(db, "SELECT 'DROP INDEX ' || name FROM main.sqlite_schema "
                     "WHERE type = 'index' AND sql IS NOT NULL");
    check(store_run(bench->store, "PRAGMA synchronous = OFF", NULL, 0, NULL,
                    NULL, &error),
          &error);
    for (uint64_t i = 0; i < bench->addresses;) {
        size_t count = 0;
        check(store_begin(bench->store, STORE_WRITE, &error), &error);
        bench->text_len = 0;
        for (; count < bench->batch && i < bench->addresses; count++, i++) {
            int64_t key = key_of(2 * i, bench->addresses);
            int64_t seq = ++bench->seq;
            fill_state(bench, bench->states + count * STATE, 2 * i, key, seq);
            fill_event(bench, bench->events + count * EVENT, 2 * i, key, seq);
        }
        check(store_put_rows(bench->store, &state_put, bench->states, count,
                             &error),
              &error);
        check(store_put_rows(bench->store, &event_put, bench->events, count,
                             &error),
              &error);
        check(store_commit(bench->store, &error), &error);
    }
    execute_rows(db, "SELECT sql FROM later");
    check(store_run(bench->store, "PRAGMA synchronous = FULL", NULL, 0, NULL,
                    NULL, &error),
          &error);
}

/* Measuring */

static bool see_row(void *ctx, const struct store_value *row, size_t columns)
{
    struct bench *bench = ctx;
    (void)row;
    (void)columns;
    bench->rows++;
    return true;
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return *x < *y ? -1 : *x > *y ? 1 : 0;
}

static void choose(struct bench *bench)
{
    for (size_t i = 0; i < bench->batch; i++) {
        uint64_t number = 2 * (mix(bench->random++) % (bench->addresses + 1));
        bool known = mix(bench->random++) % 100 < bench->known;
        bench->numbers[i] = number + (known ? 0 : 1);
    }
    qsort(bench->numbers, bench->batch, sizeof(*bench->numbers), compare);
    for (size_t i = 0; i < bench->batch; i++) {
        bench->keys[i] = store_int(key_of(bench->numbers[i], bench->addresses));
    }
}

static void spend(struct bench *bench, enum part part, double *since)
{
    double at = now();
    bench->spent[part] += at - *since;
    *since = at;
}

static void put_tallies(struct bench *bench, struct store_error *error)
{
    struct store_value rows[TALLIES * TALLY];
    for (size_t i = 0; i < TALLIES; i++) {
        struct store_value *row = rows + i * TALLY;
        row[0] = fixed(i < 10 ? "all" : i < 70 ? "provider" : "domain");
        row[1] = store_int(20370 + bench->seq / 4000000);
        row[2] = PRINT(bench, "value%zu.example", i / 10);
        row[3] = fixed("bounce");
        row[4] = fixed(categories[i % 10]);
        row[5] = store_int(1);
    }
    check(store_put_rows(bench->store, &tally_put, rows, TALLIES, error),
          error);
}

static void write_batch(struct bench *bench)
{
    struct store_error error;
    struct store *store = bench->store;
    size_t n = bench->batch;
    size_t changed = n * 2 / 5;
    double since = now();
    bench->text_len = 0;
    choose(bench);
    for (size_t i = 0; i < n; i++) {
        int64_t seq = ++bench->seq;
        struct store_value *event = bench->events + i * EVENT;
        struct store_value *state = bench->states + i * STATE;
        fill_event(bench, event, bench->numbers[i], bench->keys[i].integer,
                   seq);
        fill_state(bench, state, bench->numbers[i], bench->keys[i].integer,
                   seq);
        if (i < changed) {
            fill_change(bench, bench->changes + i * CHANGE, event, state);
        }
    }
    spend(bench, BUILD, &since);
    check(store_begin(store, STORE_WRITE, &error), &error);
    check(store_get_rows(store, &event_get, bench->keys, n, see_row, bench,
                         &error),
          &error);
    check(store_get_rows(store, &state_get, bench->keys, n, see_row, bench,
                         &error),
          &error);
    spend(bench, GET, &since);
    check(store_put_rows(store, &event_put, bench->events, n, &error), &error);
    spend(bench, EVENTS, &since);
    check(store_put_rows(store, &state_put, bench->states, n, &error), &error);
    spend(bench, STATES, &since);
    check(store_put_rows(store, &change_put, bench->changes, changed, &error),
          &error);
    spend(bench, CHANGES, &since);
    put_tallies(bench, &error);
    spend(bench, TALLYING, &since);
    check(store_commit(store, &error), &error);
    spend(bench, COMMIT, &since);
}

static void measure_writes(struct bench *bench, size_t events)
{
    static const char *const names[] = {"(build)", "get",   "event", "state",
                                        "change",  "tally", "commit"};
    double total = 0;
    double busy = cpu();
    size_t batches = (events + bench->batch - 1) / bench->batch;
    memset(bench->spent, 0, sizeof(bench->spent));
    for (size_t i = 0; i < batches; i++) {
        write_batch(bench);
    }
    for (size_t i = BUILD + 1; i < PARTS; i++) {
        total += bench->spent[i];
    }
    printf("write %9.0f events/s in batches of %zu:",
           (double)(batches * bench->batch) / total, bench->batch);
    for (size_t i = 1; i < PARTS; i++) {
        printf(" %s %.0f %%", names[i], 100 * bench->spent[i] / total);
    }
    printf("; %.1f us of processor each, rows built\n",
           1e6 * (cpu() - busy) / (double)(batches * bench->batch));
}

/* Batches as check makes them: 5,000 addresses, sorted. */
static void measure_lookups(struct bench *bench)
{
    struct store_error error;
    double spent = 0;
    size_t done = 0;
    for (int i = 0; i < 100; i++) {
        choose(bench);
        double since = now();
        check(store_get_rows(bench->store, &state_get, bench->keys,
                             bench->batch, see_row, bench, &error),
              &error);
        spent += now() - since;
        done += bench->batch;
    }
    printf("look  %9.0f addresses/s, sorted batches of %zu at random\n",
           (double)done / spent, bench->batch);
    spent = 0;
    done = 0;
    for (uint64_t i = 0; i + bench->batch < bench->addresses && i < 500000;
         i += bench->batch) {
        for (size_t j = 0; j < bench->batch; j++) {
            bench->keys[j] = store_int(key_of(2 * (i + j), bench->addresses));
        }
        double since = now();
        check(store_get_rows(bench->store, &state_get, bench->keys,
                             bench->batch, see_row, bench, &error),
              &error);
        spent += now() - since;
        done += bench->batch;
    }
    if (done > 0) {
        printf("look  %9.0f addresses/s, one after the other\n",
               (double)done / spent);
    }
}

static void see_seq(struct bench *bench, sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    (void)sqlite3_prepare_v2(
        db,
        "SELECT max((SELECT coalesce(max(seq), 0) FROM event),"
        " (SELECT coalesce(max(seq), 0) FROM change))",
        -1, &stmt, NULL);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        bench->seq = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_finalize(stmt);
}

static sqlite3 *open_file(struct bench *bench, const char *path, int page_size)
{
    sqlite3 *db = NULL;
    struct store_options options = {.create = true};
    struct store_error error;
    bool there = access(path, F_OK) == 0;
    char sql[64];
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        (void)fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(db));
        exit(1);
    }
    if (!there && page_size > 0) {
        (void)snprintf(sql, sizeof(sql),
                       "PRAGMA page_size = %d; PRAGMA journal_mode = WAL",
                       page_size);
        execute(db, sql);
    }
    check(store_open(path, &options, &bench->store, &error), &error);
    if (!there) {
        double since = now();
        fill(bench, db);
        printf("made  %llu addresses in %.0f s\n",
               (unsigned long long)bench->addresses, now() - since);
    }
    return db;
}

int main(int argc, char **argv)
{
    struct bench bench = {.batch = 5000, .known = 80, .random = 1};
    struct store_error error;
    const char *pragmas[16];
    size_t pragma_count = 0;
    size_t events = 500000;
    int page_size = 0;
    int option;
    while ((option = getopt(argc, argv, "a:n:k:b:s:p:")) != -1) {
        unsigned long long number =
            option == 'p' || option == '?' ? 0 : strtoull(optarg, NULL, 10);
        switch (option) {
        case 'a':
            bench.addresses = number;
            break;
        case 'n':
            events = number;
            break;
        case 'k':
            bench.known = (unsigned)number;
            break;
        case 'b':
            bench.batch = number > 0 ? number : 1;
            break;
        case 's':
            page_size = (int)number;
            break;
        case 'p':
            if (pragma_count < 16) {
                pragmas[pragma_count++] = optarg;
            }
            break;
        default:
            return 2;
        }
    }
    size_t n = bench.batch;
    bench.events = make(n * EVENT, sizeof(struct store_value));
    bench.states = make(n * STATE, sizeof(struct store_value));
    bench.changes = make(n * CHANGE, sizeof(struct store_value));
    bench.keys = make(n, sizeof(struct store_value));
    bench.numbers = make(n, sizeof(*bench.numbers));
    bench.text = make(n + TALLIES, 2048);
    sqlite3 *db = open_file(
        &bench, optind < argc ? argv[optind] : "store_sqlite.db", page_size);
    see_seq(&bench, db);
    (void)sqlite3_close(db);
    for (size_t i = 0; i < pragma_count; i++) {
        check(store_run(bench.store, pragmas[i], NULL, 0, NULL, NULL, &error),
              &error);
    }
    if (bench.addresses == 0) {
        /* All new: among as many as there could be. */
        bench.addresses = 10000000;
        bench.known = 0;
    } else {
        measure_lookups(&bench);
    }
    measure_writes(&bench, events);
    store_close(bench.store);
    free(bench.events);
    free(bench.states);
    free(bench.changes);
    free(bench.keys);
    free(bench.numbers);
    free(bench.text);
    return 0;
}
