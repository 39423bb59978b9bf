/* SPDX-License-Identifier: MIT
 * store_postgresql [-n EVENTS] [-b BATCH] [-a ADDRESSES] [-k PERCENT] [-t] [-g]
 *     STORE
 * What a store takes of what the ledger writes, without the ledger's own work:
 * for each batch one transaction that asks for the states and the earlier
 * events of its addresses, and puts an event, a state and a change for each,
 * counts of the day and the position in the source. STORE is as in
 * store_open(); bench/store_postgresql.sh brings up a server for it.
 *
 * -a: so many addresses are there before. -k: so many percent of the events are
 * of addresses that are there (default 0). -t: how the time is spent. -g:
 * without asking, to see what indexes cost. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "store/store.h"

#define TEXT(name)                                                             \
    {                                                                          \
        name, STORE_TEXT                                                       \
    }
#define INT(name)                                                              \
    {                                                                          \
        name, STORE_INT                                                        \
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
    INT("newest_at"), TEXT("text"),  TEXT("base"),     INT("base_at")};
static const struct store_column change_columns[] = {
    INT("seq"),       INT("at"),       INT("recorded_at"), INT("rcpt"),
    TEXT("address"),  TEXT("scope"),   TEXT("what"),       TEXT("was"),
    TEXT("becomes"),  INT("until"),    TEXT("outcome"),    TEXT("reason"),
    TEXT("category"), TEXT("entry"),   TEXT("rule"),       TEXT("event_id"),
    TEXT("label"),    TEXT("counter"), INT("count"),       INT("needed"),
    INT("flags")};
static const struct store_column tally_columns[] = {
    TEXT("dim"),  INT("day"),     TEXT("value"),
    TEXT("what"), TEXT("detail"), INT("n")};
static const struct store_column position_columns[] = {
    TEXT("source"), INT("offset"), TEXT("mark"), INT("at")};
static const struct store_column rcpt_columns[] = {INT("rcpt")};

enum {
    EVENT = sizeof(event_columns) / sizeof(*event_columns),
    STATE = sizeof(state_columns) / sizeof(*state_columns),
    CHANGE = sizeof(change_columns) / sizeof(*change_columns),
    TALLY = 6,
    TALLIES = 60, /* rows of a batch */
    DOMAINS = 20000
};

static const struct store_put event_put = {"event", event_columns, EVENT, 1,
                                           STORE_KEEP};
static const struct store_put state_put = {"state", state_columns, STATE, 2,
                                           STORE_REPLACE};
static const struct store_put change_put = {"change", change_columns, CHANGE, 1,
                                            STORE_KEEP};
static const struct store_put tally_put = {"tally", tally_columns, TALLY, 5,
                                           STORE_ADD};
static const struct store_put position_put = {"position", position_columns, 4,
                                              1, STORE_REPLACE};
static const struct store_get state_get = {
    "state",
    "key, scope, address, standing, slot, since, until, newest_at, text, base,"
    " base_at",
    state_columns, 1};
static const struct store_get event_get = {
    "event", "rcpt, at, seq, id64, failure, mid, qid, kind", rcpt_columns, 1};

struct bench {
    struct store *store;
    size_t batch;
    uint64_t addresses; /* that are there */
    uint64_t random;
    int64_t seq;
    unsigned known; /* percent */
    bool blind;     /* asks for nothing */
    struct store_value *events, *states, *changes, *keys;
    char *text; /* behind the values */
    size_t text_len, text_cap;
    double spent[8]; /* s: build, begin, get, event, state, change, rest,
                      * commit */
    uint64_t rows_got;
};

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(enum store_err err, const struct store_error *error)
{
    if (err != STORE_OK) {
        (void)fprintf(stderr, "%s\n", error->msg);
        exit(1);
    }
}

/* splitmix64: also the key of address number n. */
static uint64_t mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static uint64_t next(struct bench *bench, uint64_t below)
{
    return mix(bench->random++) % below;
}

static struct store_value constant(const char *text)
{
    return store_text(slice_cstr(text));
}

/* What was printed at the end of the text. */
static struct store_value taken(struct bench *bench, int len)
{
    char *at = bench->text + bench->text_len;

    bench->text_len += (size_t)len;
    return store_text(slice_make(at, (size_t)len));
}

#define PRINT(bench, ...)                                                      \
    taken(bench, snprintf((bench)->text + (bench)->text_len,                   \
                          (bench)->text_cap - (bench)->text_len, __VA_ARGS__))

static const char *const categories[] = {
    "user_unknown",  "mailbox_full",   "mailbox_disabled",
    "spam_content",  "ip_blocked",     "rate_limited",
    "policy",        "domain_unknown", "connection_failed",
    "other_failure", "authentication", "message_too_big"};
static const char *const providers[] = {"google", "microsoft", "yahoo",
                                        "gmx",    "apple",     "orange"};

/* A diagnostic and what else of a report stands in no column. */
#define BODY                                                                   \
    "{\"recipient\":\"someone.%llu@domain%llu.example\",\"action\":"           \
    "\"failed\","                                                              \
    "\"status\":\"5.1.1\",\"reply_code\":550,\"stage\":\"rcpt\","              \
    "\"diagnostic\":"                                                          \
    "\"smtp; 550-5.1.1 The email account that you tried to reach does not "    \
    "exist. Please try double-checking the recipient's email address for "     \
    "typos or unnecessary spaces.\",\"reporting_mta\":\"mail.example.com\","   \
    "\"remote_mta\":\"mx.example.org\",\"queue_id\":\"4Xq0\"}"

static void build_event(struct bench *bench, struct store_value *row,
                        uint64_t address, uint64_t domain)
{
    const int64_t at = 1700000000 + bench->seq / 100;
    const char *category = categories[mix(address) % 12];
    struct store_value values[EVENT] = {
        store_int(bench->seq),
        store_int((int64_t)(mix(address) >> 1)),
        store_int(at),
        store_int(at + 5),
        store_int((int64_t)(mix((uint64_t)bench->seq + 1) >> 1)),
        store_int((int64_t)(mix((uint64_t)bench->seq + 2) >> 1)),
        store_int((int64_t)(mix((uint64_t)bench->seq + 3) >> 1)),
        store_int((int64_t)(mix((uint64_t)bench->seq + 4) >> 1)),
        store_int(1),
        store_int(1),
        store_int(0),
        PRINT(bench, "%016llx%016llx",
              (unsigned long long)mix((uint64_t)bench->seq + 1),
              (unsigned long long)mix((uint64_t)bench->seq + 5)),
        store_int(2),
        constant(category),
        store_int(98),
        store_int(1),
        store_int(1),
        constant("google.over-quota"),
        constant(providers[domain % 6]),
        PRINT(bench, "domain%llu.example", (unsigned long long)domain),
        {.type = STORE_NULL},
        constant("spring-2026"),
        constant("192.0.2.17"),
        constant("news.example.com"),
        constant("dns=1 waiting=30"),
        constant("/var/mail/bounces"),
        store_int(bench->seq * 3000),
        PRINT(bench, BODY, (unsigned long long)address,
              (unsigned long long)domain),
    };

    memcpy(row, values, sizeof(values));
}

static void build_state(struct bench *bench, struct store_value *row,
                        uint64_t address, uint64_t domain)
{
    const int64_t at = 1700000000 + bench->seq / 100;
    struct store_value values[STATE] = {
        store_int((int64_t)(mix(address) >> 1)),
        constant(""),
        PRINT(bench, "someone.%llu@domain%llu.example",
              (unsigned long long)address, (unsigned long long)domain),
        PRINT(bench, "domain%llu.example", (unsigned long long)domain),
        store_int(mix(address) % 3 == 0 ? 2 : 0),
        store_int(0),
        store_int(at),
        {.type = STORE_NULL},
        constant(categories[mix(address) % 12]),
        store_int(2),
        constant(providers[domain % 6]),
        constant("spring-2026"),
        store_int(at),
        PRINT(bench, "1 hard user_unknown google.over-quota %llu %llu 98 1 1",
              (unsigned long long)mix(address), (unsigned long long)bench->seq),
        {.type = STORE_NULL},
        {.type = STORE_NULL},
    };

    memcpy(row, values, sizeof(values));
}

static void build_change(struct bench *bench, struct store_value *row,
                         uint64_t address, const struct store_value *event)
{
    const struct store_value null = {.type = STORE_NULL};
    struct store_value values[CHANGE] = {
        event[0],
        event[2],
        event[3],
        event[1],
        PRINT(bench, "someone.%llu@domain%llu.example",
              (unsigned long long)address,
              (unsigned long long)(address % DOMAINS)),
        constant(""),
        constant("state"),
        constant("sendable"),
        constant("suppressed"),
        null,
        constant("suppress"),
        constant("hard bounce"),
        event[13],
        event[13],
        event[17],
        event[11],
        null,
        null,
        null,
        null,
        store_int(0),
    };

    memcpy(row, values, sizeof(values));
}

/* The addresses of a batch differ. */
static void build(struct bench *bench)
{
    uint64_t known = bench->addresses;

    bench->text_len = 0;
    for (size_t i = 0; i < bench->batch; i++) {
        uint64_t address =
            known >= bench->batch && next(bench, 100) < bench->known
                ? known / bench->batch * i + next(bench, known / bench->batch)
                : bench->addresses++;

        bench->seq++;
        bench->keys[i] = store_int((int64_t)(mix(address) >> 1));
        build_event(bench, bench->events + i * EVENT, address,
                    address % DOMAINS);
        build_state(bench, bench->states + i * STATE, address,
                    address % DOMAINS);
        build_change(bench, bench->changes + i * CHANGE, address,
                     bench->events + i * EVENT);
    }
}

static void put_tallies(struct bench *bench, struct store_error *error)
{
    struct store_value rows[TALLIES * TALLY];

    for (size_t i = 0; i < TALLIES; i++) {
        struct store_value *row = rows + i * TALLY;

        row[0] = constant(i < 12 ? "all" : "provider");
        row[1] = store_int(19675 + bench->seq / 8640000);
        row[2] = constant(i < 12 ? "" : providers[i % 6]);
        row[3] = constant("bounce");
        row[4] = PRINT(bench, "category%zu", i);
        row[5] = store_int((int64_t)(bench->batch / TALLIES));
    }
    check(store_put_rows(bench->store, &tally_put, rows, TALLIES, error),
          error);
}

static bool see_row(void *ctx, const struct store_value *row, size_t columns)
{
    struct bench *bench = ctx;

    (void)row;
    (void)columns;
    bench->rows_got++;
    return true;
}

static void spend(struct bench *bench, size_t what, double *start)
{
    double end = now();

    bench->spent[what] += end - *start;
    *start = end;
}

static void write_batch(struct bench *bench)
{
    struct store_error error;
    struct store *store = bench->store;
    const size_t n = bench->batch;
    double start = now();

    build(bench);
    spend(bench, 0, &start);
    check(store_begin(store, STORE_WRITE, &error), &error);
    spend(bench, 1, &start);
    if (!bench->blind) {
        check(store_get_rows(store, &state_get, bench->keys, n, see_row, bench,
                             &error),
              &error);
        check(store_get_rows(store, &event_get, bench->keys, n, see_row, bench,
                             &error),
              &error);
    }
    spend(bench, 2, &start);
    check(store_put_rows(store, &event_put, bench->events, n, &error), &error);
    spend(bench, 3, &start);
    check(store_put_rows(store, &state_put, bench->states, n, &error), &error);
    spend(bench, 4, &start);
    check(store_put_rows(store, &change_put, bench->changes, n, &error),
          &error);
    spend(bench, 5, &start);
    put_tallies(bench, &error);
    {
        const struct store_value row[] = {constant("/var/mail/bounces"),
                                          store_int(bench->seq * 3000),
                                          constant("mark"), store_int(1)};
        check(store_put_rows(store, &position_put, row, 1, &error), &error);
    }
    spend(bench, 6, &start);
    check(store_commit(store, &error), &error);
    spend(bench, 7, &start);
}

static void show(const struct bench *bench, double took)
{
    static const char *const names[] = {"build", "begin",  "get",  "event",
                                        "state", "change", "rest", "commit"};

    for (size_t i = 0; i < 8; i++) {
        printf("  %-7s %5.1f %%\n", names[i], 100 * bench->spent[i] / took);
    }
}

static size_t number(const char *text)
{
    return (size_t)strtoull(text, NULL, 10);
}

static void *make(size_t count, size_t size)
{
    void *ptr = calloc(count, size);

    if (ptr == NULL) {
        (void)fputs("memory is out\n", stderr);
        exit(1);
    }
    return ptr;
}

/* Time of building the rows is left out: it is the bench's, not the store's. */
static double fill(struct bench *bench, size_t events)
{
    double start = now(), built = bench->spent[0];

    for (size_t done = 0; done < events; done += bench->batch) {
        write_batch(bench);
    }
    return now() - start - (bench->spent[0] - built);
}

int main(int argc, char **argv)
{
    struct bench bench = {.batch = 5000, .random = 1};
    struct store_options options = {.create = true};
    struct store_error error;
    size_t events = 500000, before = 0;
    unsigned known;
    bool times = false;
    double took;

    for (int i = 1; i + 1 < argc; i++) {
        const char *value = argv[i + 1];

        if (strcmp(argv[i], "-t") == 0) {
            times = true;
            continue;
        }
        if (strcmp(argv[i], "-g") == 0) {
            bench.blind = true;
            continue;
        }
        events = strcmp(argv[i], "-n") == 0 ? number(value) : events;
        bench.batch = strcmp(argv[i], "-b") == 0 ? number(value) : bench.batch;
        before = strcmp(argv[i], "-a") == 0 ? number(value) : before;
        bench.known =
            strcmp(argv[i], "-k") == 0 ? (unsigned)number(value) : bench.known;
        i++;
    }
    if (argc < 2 || bench.batch == 0 || events < bench.batch) {
        (void)fputs("usage: store_postgresql [-n EVENTS] [-b BATCH]"
                    " [-a ADDRESSES] [-k PERCENT] [-t] [-g] STORE\n",
                    stderr);
        return 2;
    }
    bench.events = make(bench.batch * EVENT, sizeof(*bench.events));
    bench.states = make(bench.batch * STATE, sizeof(*bench.states));
    bench.changes = make(bench.batch * CHANGE, sizeof(*bench.changes));
    bench.keys = make(bench.batch, sizeof(*bench.keys));
    bench.text_cap = bench.batch * 1200 + 4096;
    bench.text = make(1, bench.text_cap);
    check(store_open(argv[argc - 1], &options, &bench.store, &error), &error);
    known = bench.known;
    bench.known = 0;
    if (before >= bench.batch) {
        took = fill(&bench, before);
        printf("%zu addresses before: %.0f events/s\n", before,
               (double)before / took);
        memset(bench.spent, 0, sizeof(bench.spent));
    }
    bench.known = known;
    took = fill(&bench, events);
    printf("%zu events, %zu a commit, %u %% known: %.0f events/s\n", events,
           bench.batch, known, (double)events / took);
    if (times) {
        show(&bench, took);
    }
    store_close(bench.store);
    free(bench.events);
    free(bench.states);
    free(bench.changes);
    free(bench.keys);
    free(bench.text);
    return 0;
}
