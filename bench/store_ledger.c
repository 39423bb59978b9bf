/* SPDX-License-Identifier: MIT
 * store_ledger [-a ADDRESSES] [-n EVENTS] [-k PERCENT] [-b BATCH] [-j SECONDS]
 *     [STORE]
 * How many events a second the ledger takes, durably, with all that it writes.
 * A measurement, not a test.
 *
 * STORE (default store_ledger.db, or a URL) is made with so many addresses, each
 * with a state and one event, unless it has addresses already, and is left
 * behind. -k: so many percent of the events are of addresses that are there; the
 * others are of new ones. Time goes by with 100 events a second, each told up to
 * -j seconds (default 60) after others that came later. Seconds are told by the
 * clock and of this process alone. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "store/ledger.h"

#define NOW ((int64_t)1780000000)

static const char *const replies[] = {
    "550 5.1.1 <user@example.org>: Recipient address rejected: User unknown",
    "552 5.2.2 Mailbox full",
    "452 4.2.2 The email account that you tried to reach is over quota.",
    "550 5.7.1 Message rejected as spam by content filtering.",
    "421 4.7.0 Too many connections from your host, try again later",
    "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using "
    "zen.spamhaus.org",
    "550 5.2.1 The email account that you tried to reach is disabled.",
    "451 4.7.1 Greylisting in action, please come back later",
    "550 5.4.1 Recipient address rejected: Access denied",
    "554 5.7.9 Message not accepted for policy reasons",
    "550 5.7.26 This message fails to pass SPF and DKIM checks",
    "Connection timed out",
};
#define REPLIES (sizeof(replies) / sizeof(replies[0]))

static const char *const domains[] = {"gmail.com", "outlook.com", "yahoo.com",
                                      "gmx.de",    "web.de",      "icloud.com",
                                      "orange.fr", "mail.ru"};
static const char *const providers[] = {
    "google", "microsoft", "yahoo", "gmx", "gmx", "apple", "orange", "mailru"};

struct bench {
    struct bounce_engine *engine;
    struct bounce_policy *policy;
    struct book *book;
    struct ledger *ledger;
    struct bounce_event verdicts[REPLIES];
    uint64_t addresses, dice;
    uint64_t run; /* so that another run has other events */
    unsigned known_percent, jitter_s;
};

static void die(const char *what, const struct store_error *error)
{
    fprintf(stderr, "%s: %s\n", what, error != NULL ? error->msg : "failed");
    exit(1);
}

static uint64_t roll(struct bench *b)
{
    b->dice ^= b->dice >> 12;
    b->dice ^= b->dice << 25;
    b->dice ^= b->dice >> 27;
    return (b->dice * 2685821657736338717U) >> 16;
}

static double seconds(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- Who ------------------------------------------------------------- */

/* Address number n: most are at large providers. */
static unsigned name_address(uint64_t n, char out[64])
{
    unsigned place = (unsigned)(n * 2654435761U % 100);

    if (place < 80) {
        place = place < 40 ? 0 : place / 10 - 3;
        snprintf(out, 64, "user%llu@%s", (unsigned long long)n, domains[place]);
        return place;
    }
    snprintf(out, 64, "user%llu@company%llu.example", (unsigned long long)n,
             (unsigned long long)(n % 20000));
    return REPLIES;
}

struct key {
    int64_t key;
    uint64_t number;
};

static int by_key(const void *a, const void *b)
{
    const struct key *x = a, *y = b;

    return x->key < y->key ? -1 : x->key > y->key;
}

static const struct store_column state_columns[] = {
    {"key", STORE_INT},       {"scope", STORE_TEXT},   {"address", STORE_TEXT},
    {"domain", STORE_TEXT},   {"standing", STORE_INT}, {"provider", STORE_TEXT},
    {"newest_at", STORE_INT}, {"text", STORE_TEXT}};
static const struct store_put state_put = {"state", state_columns, 8, 2,
                                           STORE_KEEP};
static const struct store_column event_columns[] = {
    {"seq", STORE_INT},         {"rcpt", STORE_INT},   {"at", STORE_INT},
    {"recorded_at", STORE_INT}, {"id64", STORE_INT},   {"failure", STORE_INT},
    {"kind", STORE_INT},        {"counts", STORE_INT}, {"review", STORE_INT},
    {"id", STORE_TEXT},         {"class", STORE_INT},  {"permanent", STORE_INT},
    {"verified", STORE_INT},    {"body", STORE_TEXT}};
static const struct store_put event_put = {"event", event_columns, 14, 0,
                                           STORE_KEEP};

#define FILL 5000
struct filling {
    struct store_value states[FILL * 8], events[FILL * 14];
    char addresses[FILL][64], ids[FILL][33];
};

static void fill_rows(struct filling *f, size_t i, const struct key *key,
                      int64_t seq)
{
    unsigned place = name_address(key->number, f->addresses[i]);
    struct bounce_slice address = slice_cstr(f->addresses[i]);
    struct store_value *s = &f->states[i * 8], *e = &f->events[i * 14];
    int64_t at = NOW - (int64_t)(key->number % 10000000) - 86400;

    snprintf(f->ids[i], sizeof(f->ids[i]), "%016llx%016llx",
             (unsigned long long)key->key, (unsigned long long)key->number);
    s[0] = store_int(key->key);
    s[1] = store_text(SLICE(""));
    s[2] = store_text(address);
    s[3] = store_text(slice_from(address, slice_rfind_byte(address, '@') + 1));
    s[4] = store_int(0);
    s[5] = place < REPLIES ? store_text(slice_cstr(providers[place]))
                           : (struct store_value){0};
    s[6] = store_int(at);
    s[7] = store_text(SLICE("state\t1\n"));
    e[0] = store_int(seq);
    e[1] = store_int(key->key);
    e[2] = e[3] = store_int(at);
    e[4] = e[5] = store_int((int64_t)((uint64_t)key->key >> 1));
    e[6] = store_int(BOUNCE_KIND_DELIVERY);
    e[7] = store_int(1);
    e[8] = store_int(0);
    e[9] = store_text(slice_make(f->ids[i], 32));
    e[10] = store_int(BOUNCE_CLASS_EVENT);
    e[11] = e[12] = store_int(-1);
    e[13] = store_text(SLICE("{\"action\":\"delivered\"}"));
}

static void fill(struct bench *b)
{
    struct key *keys = malloc(b->addresses * sizeof(*keys));
    struct filling *f = malloc(sizeof(*f));
    struct store_error error;
    size_t count = 0;

    if (keys == NULL || f == NULL)
        die("memory", NULL);
    for (uint64_t i = 0; i < b->addresses; i++) {
        struct address address;
        char text[64];

        name_address(i, text);
        if (address_read(b->book->addresses, slice_cstr(text), &address) !=
            ADDRESS_FINE)
            die(text, NULL);
        keys[i] = (struct key){address.key, i};
    }
    qsort(keys, b->addresses, sizeof(*keys), by_key);
    for (uint64_t from = 0; from < b->addresses; from += count) {
        count = b->addresses - from < FILL ? b->addresses - from : FILL;
        for (size_t i = 0; i < count; i++)
            fill_rows(f, i, &keys[from + i], (int64_t)(from + i + 1));
        if (store_begin(b->book->store, STORE_WRITE, &error) != STORE_OK ||
            store_put_rows(b->book->store, &state_put, f->states, count,
                           &error) != STORE_OK ||
            store_put_rows(b->book->store, &event_put, f->events, count,
                           &error) != STORE_OK ||
            store_commit(b->book->store, &error) != STORE_OK)
            die("fill", &error);
    }
    free(f);
    free(keys);
}

static bool take_count(void *ctx, const struct store_value *row, size_t columns)
{
    (void)columns;
    *(uint64_t *)ctx = (uint64_t)row[0].integer;
    return true;
}

/* ---- What ------------------------------------------------------------ */

struct batch {
    struct record *records;
    char (*texts)[4][64];
    size_t size;
};

static void make_record(struct bench *b, struct record *r, char texts[4][64],
                        uint64_t number)
{
    bool known = b->addresses > 0 && roll(b) % 100 < b->known_percent;
    uint64_t who =
        known ? roll(b) % b->addresses : (1ULL << 40) + b->run + number;
    unsigned place = name_address(who, texts[0]);
    unsigned dice = (unsigned)(roll(b) % 100);

    record_init(r, NULL);
    if (dice < 75) {
        r->event = b->verdicts[roll(b) % REPLIES];
    } else {
        r->event.kind = dice < 95 ? BOUNCE_KIND_DELIVERY : BOUNCE_KIND_FEEDBACK;
        r->event.category = dice < 95 ? SLICE("delivered") : SLICE("complaint");
        r->event.cls = BOUNCE_CLASS_EVENT;
        r->event.confidence = 0.99;
    }
    snprintf(texts[1], 64, "%016llx%016llx", (unsigned long long)roll(b),
             (unsigned long long)number);
    snprintf(texts[2], 64, "<%llx.%llu@news.example>",
             (unsigned long long)roll(b), (unsigned long long)number);
    snprintf(texts[3], 64, "4%llX", (unsigned long long)roll(b) & 0xFFFFFFFFFF);
    r->event.recipient = slice_cstr(texts[0]);
    r->event.provider =
        place < REPLIES ? slice_cstr(providers[place]) : SLICE_NULL;
    r->event.event_id = slice_make(texts[1], 32);
    r->event.message_id = slice_cstr(texts[2]);
    r->event.queue_id = slice_cstr(texts[3]);
    r->event.reporting_mta = SLICE("mx1.news.example");
    r->event.remote_mta = SLICE("mx.example.org");
    r->event.recipient_from = BOUNCE_FROM_FINAL_RECIPIENT;
    r->event.format = SLICE("rfc3464");
    r->event.written_by = SLICE("postfix");
    r->event.sender = SLICE("bounces@news.example");
    r->event.campaign = SLICE("spring");
    r->event.subject = SLICE("News of the week");
    r->event.occurred_at = NOW - 86400 + (int64_t)((b->run + number) / 100) -
                           (int64_t)(roll(b) % b->jitter_s);
    r->event.sent_at = r->event.occurred_at - 5;
    r->ip = (roll(b) & 1) != 0 ? SLICE("192.0.2.1") : SLICE("192.0.2.2");
    r->source = SLICE("/var/mail/bounces");
    r->offset = (int64_t)number * 4096;
}

static void make_verdicts(struct bench *b, struct arena *arena)
{
    struct bounce_reader *reader;

    if (bounce_reader_new(b->engine, &reader) != BOUNCE_OK)
        die("reader", NULL);
    for (size_t i = 0; i < REPLIES; i++) {
        struct bounce_reply reply = {.size = sizeof(reply),
                                     .text = slice_cstr(replies[i])};
        const struct bounce_result *result;
        struct record r, copy;

        if (bounce_classify(reader, &reply, &result, NULL) != BOUNCE_OK)
            die("classify", NULL);
        record_init(&r, bounce_result_event(result, 0));
        if (!record_copy(&copy, &r, arena))
            die("memory", NULL);
        b->verdicts[i] = copy.event;
    }
    bounce_reader_free(reader);
}

static void run(struct bench *b, uint64_t events, size_t size)
{
    struct batch batch = {calloc(size, sizeof(*batch.records)),
                          calloc(size, sizeof(*batch.texts)), size};
    double wall = 0, cpu = 0;
    uint64_t done = 0;

    if (batch.records == NULL || batch.texts == NULL)
        die("memory", NULL);
    while (done < events) {
        double wall_from, cpu_from;
        struct store_error error;

        for (size_t i = 0; i < size; i++)
            make_record(b, &batch.records[i], batch.texts[i], done + i);
        wall_from = seconds(CLOCK_MONOTONIC);
        cpu_from = seconds(CLOCK_PROCESS_CPUTIME_ID);
        if (ledger_apply(b->ledger, batch.records, size, NOW, NULL, NULL,
                         &error) != STORE_OK)
            die("apply", &error);
        wall += seconds(CLOCK_MONOTONIC) - wall_from;
        cpu += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_from;
        done += size;
        if (done % (20 * size) == 0 || done >= events)
            printf("%llu events, %.0f/s by the clock, %.0f/s of our time\n",
                   (unsigned long long)done, (double)done / wall,
                   (double)done / cpu);
    }
    free(batch.records);
    free(batch.texts);
}

int main(int argc, char **argv)
{
    struct bench b = {
        .dice = 88172645463325252U, .known_percent = 80, .jitter_s = 60};
    struct book_options options = {.store = "store_ledger.db", .create = true};
    uint64_t events = 200000, there = 0;
    struct store_error error;
    struct arena arena;
    size_t size = 5000;
    int option;

    while ((option = getopt(argc, argv, "a:n:k:b:j:")) != -1) {
        unsigned long long value =
            optarg != NULL ? strtoull(optarg, NULL, 10) : 0;

        if (option == 'a')
            b.addresses = value;
        else if (option == 'n')
            events = value;
        else if (option == 'k')
            b.known_percent = (unsigned)value;
        else if (option == 'b' && value > 0)
            size = (size_t)value;
        else if (option == 'j' && value > 0)
            b.jitter_s = (unsigned)value;
        else
            return 2;
    }
    if (optind < argc)
        options.store = argv[optind];
    arena_init(&arena, allocator_default(), (size_t)1 << 20);
    if (bounce_engine_new(NULL, &b.engine) != BOUNCE_OK ||
        bounce_engine_seal(b.engine, NULL) != BOUNCE_OK ||
        bounce_policy_new(NULL, NULL, NULL, NULL, 0, &b.policy, NULL) !=
            BOUNCE_OK)
        die("engine", NULL);
    options.engine = b.engine;
    options.policy = b.policy;
    if (book_open(&options, &b.book, &error) != STORE_OK ||
        store_run(b.book->store, "SELECT count(*) FROM state", NULL, 0,
                  take_count, &there, &error) != STORE_OK)
        die("open", &error);
    make_verdicts(&b, &arena);
    b.ledger = ledger_new(b.book);
    if (b.ledger == NULL)
        die("memory", NULL);
    if (there == 0 && b.addresses > 0)
        fill(&b);
    if (store_run(b.book->store, "SELECT count(*) FROM event", NULL, 0,
                  take_count, &b.run, &error) != STORE_OK)
        die("count", &error);
    b.dice += b.run * 2;
    run(&b, events, size);
    ledger_free(b.ledger);
    book_close(b.book);
    bounce_policy_free(b.policy);
    bounce_engine_free(b.engine);
    arena_clear(&arena);
    return 0;
}
