/* SPDX-License-Identifier: MIT
 * store_ask [-c] [-n ADDRESSES] [-b BATCH] [STORE]
 * How long it takes to ask: one address with the opening of the store, many
 * addresses in batches, pages of the list, counts. A measurement, not a test.
 * -c: checks alone, without counts in the store.
 *
 * STORE (default store_ask.db, or a URL) is made with so many addresses (default
 * 10,000,000), one in five of them not active, and a year of counts, unless it
 * has addresses already; it is left behind. Rows go in past the ledger: what
 * they say is made up, their number and sizes are not. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "store/ask.h"
#include "store/list.h"
#include "store/month.h"
#include "store/stats.h"
#include "store/tally.h"

#define NOW    ((int64_t)1780000000)
#define DAY    ((int64_t)86400)
#define DAYS   365
#define ROWS   5000 /* in one put */
#define TALLY  2800 /* values that are counted on one day */
#define TRIES  21
#define RANGES 101

struct bench {
    struct bounce_engine *engine;
    struct bounce_policy *policy;
    const char *where;
    struct book *book;
    uint64_t addresses, dice;
    size_t batch;
    bool checks_alone;
};

static void die(const char *what, const struct store_error *error)
{
    fprintf(stderr, "%s: %s\n", what, error != NULL ? error->msg : "failed");
    exit(1);
}

/* splitmix64 of n: the same n gives the same number. */
static uint64_t mix(uint64_t n)
{
    n += 0x9e3779b97f4a7c15U;
    n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9U;
    n = (n ^ (n >> 27)) * 0x94d049bb133111ebU;
    return n ^ (n >> 31);
}

static uint64_t roll(struct bench *b)
{
    return mix(b->dice++);
}

/* By the clock, or of this process alone. */
static double seconds_of(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

/* ---- What there is --------------------------------------------------- */

static const char *const large[] = {"gmail.com",   "outlook.com", "yahoo.com",
                                    "icloud.com",  "gmx.de",      "web.de",
                                    "hotmail.com", "orange.fr"};
static const char *const providers[] = {"google",    "microsoft", "yahoo",
                                        "apple",     "gmx",       "gmx",
                                        "microsoft", "orange"};
static const char *const categories[] = {
    "user_unknown",   "mailbox_disabled",    "mailbox_full", "undetermined",
    "domain_no_mail", "mailbox_unavailable", "complaint",    "recipient_rate"};

/* Three in four at large providers, the rest at 200,000 domains. */
static unsigned domain_of(uint64_t n, char out[64], const char **provider_out)
{
    uint64_t place = mix(n * 3) % 1000;

    if (place < 750) {
        unsigned i = (unsigned)(mix(n * 3 + 1) % 100);

        i = i < 55 ? 0 : i < 70 ? 1 : i < 80 ? 2 : i % 8;
        *provider_out = providers[i];
        return (unsigned)snprintf(out, 64, "%s", large[i]);
    }
    *provider_out = NULL;
    return (unsigned)snprintf(out, 64, "company-%u.example",
                              (unsigned)(mix(n * 3 + 2) % 200000));
}

static void name_address(uint64_t n, char out[128], const char **domain_out,
                         const char **provider_out)
{
    size_t len = (size_t)snprintf(out, 128, "person.%06x.%u@",
                                  (unsigned)(mix(n) & 0xFFFFFF), (unsigned)n);

    domain_of(n, out + len, provider_out);
    *domain_out = out + len;
}

/* ---- Filling --------------------------------------------------------- */

static const struct store_column state_columns[] = {
    {"key", STORE_INT},       {"scope", STORE_TEXT},
    {"address", STORE_TEXT},  {"domain", STORE_TEXT},
    {"standing", STORE_INT},  {"slot", STORE_INT},
    {"since", STORE_INT},     {"until", STORE_INT},
    {"category", STORE_TEXT}, {"class", STORE_INT},
    {"provider", STORE_TEXT}, {"campaign", STORE_TEXT},
    {"newest_at", STORE_INT}, {"text", STORE_TEXT}};
#define STATE_WIDTH 14
static const struct store_put state_put = {"state", state_columns, STATE_WIDTH,
                                           0, STORE_KEEP};

struct keyed {
    int64_t key;
    uint64_t n;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;

    return x->key < y->key ? -1 : x->key > y->key;
}

/* Texts of one put. */
struct texts {
    char addresses[ROWS][128], states[ROWS][1024], campaigns[ROWS][24];
};

static void fill_row(const struct bench *b, const struct keyed *keyed,
                     struct texts *texts, size_t i, struct store_value *row)
{
    static struct bounce_state state;
    uint64_t n = keyed->n;
    bool held = mix(n * 5) % 5 == 0;
    size_t c = (size_t)(mix(n * 7) % 8);
    const struct bounce_category *category =
        bounce_category_find(b->engine, slice_cstr(categories[c]));
    int64_t since = NOW - (int64_t)(mix(n * 11) % (DAYS * (uint64_t)DAY));
    bool suspended = c == 3 || c == 7, ends = c == 2 || suspended;
    const char *domain, *provider;
    struct bounce_cause *cause;
    size_t len;

    bounce_state_init(&state);
    state.delivered_at = held ? BOUNCE_NO_TIME : since;
    cause =
        &state.causes[suspended ? BOUNCE_SLOT_SUSPENSION : BOUNCE_SLOT_HARD];
    if (held) {
        cause->since = since;
        cause->until =
            ends ? NOW + DAY + (int64_t)(mix(n) % 1000000) : BOUNCE_NO_TIME;
        cause->confidence = 98;
        snprintf(cause->category, sizeof(cause->category), "%s", categories[c]);
        snprintf(cause->entry, sizeof(cause->entry), "default:%s",
                 categories[c]);
        snprintf(cause->rule, sizeof(cause->rule), "some-provider.some-rule");
        snprintf(cause->event_id, sizeof(cause->event_id), "%016llx%016llx",
                 (unsigned long long)mix(n), (unsigned long long)n);
    }
    name_address(n, texts->addresses[i], &domain, &provider);
    snprintf(texts->campaigns[i], sizeof(texts->campaigns[i]), "campaign-%u",
             (unsigned)(mix(n * 13) % 300));
    len =
        bounce_state_write(&state, texts->states[i], sizeof(texts->states[i]));
    memset(row, 0, STATE_WIDTH * sizeof(*row));
    row[0] = store_int(keyed->key);
    row[1] = store_text(SLICE(""));
    row[2] = store_text(slice_cstr(texts->addresses[i]));
    row[3] = store_text(slice_cstr(domain));
    row[4] = store_int(held ? 1 + !suspended : 0);
    row[10] = store_text(slice_cstr(provider));
    row[12] = store_int(since);
    row[13] = store_text(slice_make(texts->states[i], len));
    if (!held)
        return;
    row[5] = store_int(suspended ? BOUNCE_SLOT_SUSPENSION : BOUNCE_SLOT_HARD);
    row[6] = store_int(since);
    row[7] = store_time(cause->until);
    row[8] = store_text(slice_cstr(categories[c]));
    row[9] = store_int(category != NULL ? category->cls : 0);
    row[11] = store_text(slice_cstr(texts->campaigns[i]));
}

static void put_rows(struct bench *b, const struct store_put *put,
                     const struct store_value *rows, size_t count)
{
    struct store_error error;

    if (store_begin(b->book->store, STORE_WRITE, &error) != STORE_OK ||
        store_put_rows(b->book->store, put, rows, count, &error) != STORE_OK ||
        store_commit(b->book->store, &error) != STORE_OK)
        die("filling", &error);
}

static void fill_states(struct bench *b)
{
    struct keyed *keyed = malloc(b->addresses * sizeof(*keyed));
    struct store_value *rows = malloc(ROWS * STATE_WIDTH * sizeof(*rows));
    struct texts *texts = malloc(sizeof(*texts));

    if (keyed == NULL || rows == NULL || texts == NULL)
        die("filling", NULL);
    for (uint64_t n = 0; n < b->addresses; n++) {
        const char *domain, *provider;
        struct address address;
        char text[128];

        name_address(n, text, &domain, &provider);
        if (address_read(b->book->addresses, slice_cstr(text), &address) !=
            ADDRESS_FINE)
            die(text, NULL);
        keyed[n] = (struct keyed){address.key, n};
    }
    qsort(keyed, b->addresses, sizeof(*keyed), by_key);
    for (uint64_t n = 0; n < b->addresses; n += ROWS) {
        size_t count =
            b->addresses - n < ROWS ? (size_t)(b->addresses - n) : ROWS;

        for (size_t i = 0; i < count; i++)
            fill_row(b, &keyed[n + i], texts, i, rows + i * STATE_WIDTH);
        put_rows(b, &state_put, rows, count);
    }
    free(texts);
    free(rows);
    free(keyed);
}

struct count {
    const char *dim, *value, *detail; /* detail "": sent */
    int64_t n;
};

static int by_value(const void *a, const void *b)
{
    const struct count *x = a, *y = b;
    int order = strcmp(x->dim, y->dim);

    if (order == 0)
        order = strcmp(x->value, y->value);
    return order != 0 ? order : strcmp(x->detail, y->detail);
}

/* Counts of a day: 2,500 domains bounce, and everything of the others. */
static void count_day(int64_t day, struct count counts[TALLY * 2])
{
    static char values[TALLY][64];

    for (unsigned i = 0; i < TALLY; i++) {
        const char *dim = i < 2500   ? "domain"
                          : i < 2600 ? "campaign"
                          : i < 2700 ? "ip"
                          : i < 2780 ? "provider"
                                     : "all";
        const char *provider;
        unsigned c = i < 2500 ? i % 8 : i / 10 % 8;

        if (i < 2500)
            domain_of(mix((uint64_t)day * 3000 + i), values[i], &provider);
        else
            snprintf(values[i], sizeof(values[i]), "%s",
                     i < 2600   ? "campaign-"
                     : i < 2700 ? "192.0.2."
                     : i < 2780 ? "provider-"
                                : "");
        if (i >= 2500 && i < 2780)
            snprintf(values[i] + strlen(values[i]), 16, "%u",
                     i < 2700 ? (unsigned)(i % 100) : i % 10);
        counts[2 * i] = (struct count){dim, values[i], categories[c],
                                       (int64_t)(mix(i) % 5) + 1};
        counts[2 * i + 1] = (struct count){dim, values[i], "", 100};
    }
}

/* Keys of one put differ, but domains come again. */
static size_t merge(struct count *counts, size_t count)
{
    size_t kept = 0;

    qsort(counts, count, sizeof(*counts), by_value);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && by_value(&counts[kept - 1], &counts[i]) == 0)
            counts[kept - 1].n += counts[i].n;
        else
            counts[kept++] = counts[i];
    }
    return kept;
}

/* Rows of tally (or of tally_month, day being a month) and of tally_total. */
static void put_counts(struct bench *b, const struct store_put *put,
                       int64_t day, const struct count *counts, size_t count)
{
    static struct store_value rows[TALLY * 2 * 6];

    for (size_t i = 0; i < count; i++) {
        struct store_value *row = rows + i * 6;
        bool sent = counts[i].detail[0] == '\0';

        row[0] = store_text(slice_cstr(counts[i].dim));
        row[1] = store_int(day);
        row[2] = store_text(slice_cstr(counts[i].value));
        row[3] = store_text(sent ? SLICE("sent") : SLICE("bounce"));
        row[4] = store_text(slice_cstr(counts[i].detail));
        row[5] = store_int(counts[i].n);
    }
    put_rows(b, put, rows, count);
}

static void put_totals(struct bench *b, const struct count *counts,
                       size_t count)
{
    static struct store_value rows[TALLY * 5];
    const struct count *last = NULL;
    size_t totals = 0;

    for (size_t i = 0; i < count; i++) {
        const struct count *c = &counts[i];
        struct store_value *row;

        if (strcmp(c->dim, "all") == 0)
            continue;
        if (last == NULL || strcmp(last->dim, c->dim) != 0 ||
            strcmp(last->value, c->value) != 0) {
            row = rows + totals++ * 5;
            row[0] = store_text(slice_cstr(c->dim));
            row[1] = store_text(slice_cstr(c->value));
            row[2] = row[3] = row[4] = store_int(0);
        }
        row = rows + (totals - 1) * 5;
        row[c->detail[0] == '\0' ? 4 : 2].integer += c->n;
        last = c;
    }
    put_rows(b, &tally_totals, rows, totals);
}

static void fill_tally(struct bench *b)
{
    static struct count counts[TALLY * 2];

    for (int64_t day = NOW / DAY - DAYS; day <= NOW / DAY; day++) {
        size_t count;

        count_day(day, counts);
        count = merge(counts, TALLY * 2);
        put_counts(b, &tally_days, day, counts, count);
        put_counts(b, &tally_months, month_begin(day), counts, count);
        put_totals(b, counts, count);
    }
}

/* ---- Opening --------------------------------------------------------- */

static void open_book(struct bench *b, bool create)
{
    struct book_options options = {.store = b->where,
                                   .policy = b->policy,
                                   .engine = b->engine,
                                   .create = create};
    struct store_error error;

    if (book_open(&options, &b->book, &error) != STORE_OK)
        die(b->where, &error);
}

static bool take_count(void *ctx, const struct store_value *row, size_t columns)
{
    (void)columns;
    *(int64_t *)ctx = row[0].integer;
    return true;
}

static void make_store(struct bench *b)
{
    struct store_error error;
    int64_t any = 0;
    double begun = seconds();

    open_book(b, true);
    if (store_run(b->book->store, "SELECT 1 FROM state LIMIT 1", NULL, 0,
                  take_count, &any, &error) != STORE_OK)
        die("looking", &error);
    if (any == 0) {
        fill_states(b);
        if (!b->checks_alone)
            fill_tally(b);
        if (strstr(b->where, "://") != NULL &&
            store_run(b->book->store, "ANALYZE", NULL, 0, NULL, NULL, &error) !=
                STORE_OK)
            die("ANALYZE", &error);
        printf("filled in %.0f s\n", seconds() - begun);
    }
    book_close(b->book);
}

/* ---- Asking ---------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void report(const char *what, double *times, size_t count)
{
    qsort(times, count, sizeof(*times), by_number);
    printf("%-52s %9.3f ms, worst %9.3f ms\n", what, times[count / 2] * 1e3,
           times[count - 1] * 1e3);
    fflush(stdout);
}

static struct ask_question question(struct bench *b, char text[128])
{
    const char *domain, *provider;

    name_address(roll(b) % b->addresses, text, &domain, &provider);
    return (struct ask_question){.address = slice_cstr(text),
                                 .ip = SLICE("192.0.2.1"),
                                 .sender_domain = SLICE("news.example")};
}

static void ask_one(struct bench *b)
{
    double times[201], kept[201];

    for (size_t i = 0; i < 201; i++) {
        char text[128];
        struct ask_question q = question(b, text);
        struct ask_answer answer;
        struct store_error error;
        double begun = seconds();
        struct ask *ask;

        open_book(b, false);
        ask = ask_new(b->book);
        if (ask == NULL ||
            ask_check(ask, &q, 1, NOW, &answer, &error) != STORE_OK)
            die("ask_check", &error);
        times[i] = seconds() - begun;
        q = question(b, text);
        begun = seconds();
        if (ask_check(ask, &q, 1, NOW, &answer, &error) != STORE_OK)
            die("ask_check", &error);
        kept[i] = seconds() - begun;
        ask_free(ask);
        book_close(b->book);
    }
    report("check of one address, with opening", times, 201);
    report("check of one address, opened before", kept, 201);
}

static void ask_many(struct bench *b)
{
    size_t total = 1000000 / b->batch * b->batch, never = 0;
    char(*texts)[128] = malloc(b->batch * sizeof(*texts));
    struct ask_question *questions = calloc(b->batch, sizeof(*questions));
    struct ask_answer *answers = calloc(b->batch, sizeof(*answers));
    struct ask *ask;
    double spent = 0, own = 0;

    open_book(b, false);
    ask = ask_new(b->book);
    if (texts == NULL || questions == NULL || answers == NULL || ask == NULL)
        die("asking", NULL);
    for (size_t done = 0; done < total; done += b->batch) {
        struct store_error error;
        double begun, own_begun;

        for (size_t i = 0; i < b->batch; i++)
            questions[i] = question(b, texts[i]);
        begun = seconds();
        own_begun = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        if (ask_check(ask, questions, b->batch, NOW, answers, &error) !=
            STORE_OK)
            die("ask_check", &error);
        spent += seconds() - begun;
        own += seconds_of(CLOCK_PROCESS_CPUTIME_ID) - own_begun;
        for (size_t i = 0; i < b->batch; i++)
            never += answers[i].may == BOUNCE_NEVER;
    }
    printf("check of %zu addresses, %zu at once: %.0f/s, by processor time "
           "%.0f/s (%zu never)\n",
           total, b->batch, (double)total / spent, (double)total / own, never);
    ask_free(ask);
    free(answers);
    free(questions);
    free(texts);
    book_close(b->book);
}

/* ---- Lists ----------------------------------------------------------- */

static bool take_address(void *ctx, const struct list_address *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return true;
}

/* The first page, and one from the middle of the year. */
static void time_list(struct bench *b, const char *name,
                      struct list_filter filter)
{
    double first[TRIES], middle[TRIES];
    size_t rows = 0;
    struct store_error error;
    char what[80];

    filter.limit = 50;
    for (size_t i = 0; i < TRIES; i++) {
        double begun = seconds();

        rows = 0;
        filter.since = BOUNCE_NO_TIME;
        if (list_addresses(b->book, &filter, NOW, take_address, &rows,
                           &error) != STORE_OK)
            die(name, &error);
        first[i] = seconds() - begun;
        filter.since = NOW - (int64_t)(roll(b) % (300 * (uint64_t)DAY));
        begun = seconds();
        if (list_addresses(b->book, &filter, NOW, take_address, &rows,
                           &error) != STORE_OK)
            die(name, &error);
        middle[i] = seconds() - begun;
    }
    snprintf(what, sizeof(what), "list %s", name);
    report(what, first, TRIES);
    snprintf(what, sizeof(what), "list %s, since a day", name);
    report(what, middle, TRIES);
}

static void time_lists(struct bench *b)
{
    const struct list_filter base = {.since = BOUNCE_NO_TIME,
                                     .until = BOUNCE_NO_TIME,
                                     .state = SLICE("suspended,suppressed")};
    struct list_filter f = base;

    time_list(b, "all", f);
    f.newest_first = true;
    time_list(b, "newest first", f);
    f = base;
    f.state = SLICE("suspended");
    time_list(b, "suspended", f);
    f = base;
    f.category = SLICE("mailbox_full");
    time_list(b, "category", f);
    f = base;
    f.cls = SLICE("hard");
    time_list(b, "class hard", f);
    f = base;
    f.provider = SLICE("yahoo");
    time_list(b, "provider", f);
    f = base;
    f.domain = SLICE("company-77.example");
    time_list(b, "small domain", f);
    f.category = SLICE("user_unknown");
    time_list(b, "small domain and category", f);
    f = base;
    f.campaign = SLICE("campaign-7");
    time_list(b, "campaign", f);
    f.provider = SLICE("google");
    f.category = SLICE("complaint");
    time_list(b, "campaign, provider and category", f);
    f = base;
    f.domain = SLICE("gmail.com");
    f.category = SLICE("recipient_rate");
    time_list(b, "large domain and category", f);
    f = base;
    f.rule = SLICE("no-such-rule");
    f.work = 10000;
    time_list(b, "a rule nothing has, 10000 rows of work", f);
    f = base;
    f.state = SLICE_NULL;
    time_list(b, "active ones too", f);
}

/* ---- Counts ---------------------------------------------------------- */

static bool take_stats(void *ctx, const struct stats_row *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return true;
}

static bool take_reputation(void *ctx, const struct stats_reputation *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return true;
}

static void time_stats(struct bench *b, const char *name, enum stats_by by,
                       struct list_filter filter)
{
    double times[TRIES];
    struct store_error error;
    size_t rows = 0;
    char what[80];

    filter.limit = 50;
    for (size_t i = 0; i < TRIES; i++) {
        double begun = seconds();

        if (stats_rows(b->book, by, &filter, take_stats, &rows, &error) !=
            STORE_OK)
            die(name, &error);
        times[i] = seconds() - begun;
    }
    snprintf(what, sizeof(what), "stats by %s", name);
    report(what, times, TRIES);
}

/* Ranges of any length anywhere in the year, each asked once. */
static void time_ranges(struct bench *b, const char *name, enum stats_by by)
{
    struct list_filter filter = {.limit = 50};
    struct store_error error;
    double times[RANGES];
    size_t rows = 0;
    char what[80];

    for (size_t i = 0; i < RANGES; i++) {
        uint64_t days = 1 + roll(b) % DAYS;
        uint64_t ago = roll(b) % (DAYS + 1 - days);
        double begun = seconds();

        filter.until = NOW - (int64_t)ago * DAY;
        filter.since = filter.until - (int64_t)days * DAY;
        if (stats_rows(b->book, by, &filter, take_stats, &rows, &error) !=
            STORE_OK)
            die(name, &error);
        times[i] = seconds() - begun;
    }
    snprintf(what, sizeof(what), "stats by %s, %d ranges at random", name,
             RANGES);
    report(what, times, RANGES);
}

static void time_all_stats(struct bench *b)
{
    struct list_filter f = {.since = BOUNCE_NO_TIME, .until = BOUNCE_NO_TIME};
    struct store_error error;
    double times[TRIES];
    size_t rows = 0;

    time_stats(b, "day, a year", STATS_DAY, f);
    time_stats(b, "provider, a year", STATS_PROVIDER, f);
    time_stats(b, "campaign, a year", STATS_CAMPAIGN, f);
    time_stats(b, "domain, a year", STATS_DOMAIN, f);
    f.since = NOW - 30 * DAY;
    time_stats(b, "domain, 30 days", STATS_DOMAIN, f);
    f.since = NOW - 90 * DAY;
    time_stats(b, "domain, 90 days", STATS_DOMAIN, f);
    f.since = NOW - 180 * DAY;
    time_stats(b, "domain, 180 days", STATS_DOMAIN, f);
    f.since = NOW - 360 * DAY;
    f.until = NOW - 20 * DAY;
    time_stats(b, "domain, 340 days", STATS_DOMAIN, f);
    time_ranges(b, "domain", STATS_DOMAIN);
    time_ranges(b, "campaign", STATS_CAMPAIGN);
    f.since = f.until = BOUNCE_NO_TIME;
    f.domain = SLICE("gmail.com");
    time_stats(b, "day for a domain, a year", STATS_DAY, f);
    f.domain = SLICE_NULL;
    for (size_t i = 0; i < TRIES; i++) {
        double begun = seconds();

        if (stats_reputation(b->book, STATS_IP, &f, take_reputation, &rows,
                             &error) != STORE_OK)
            die("reputation", &error);
        times[i] = seconds() - begun;
    }
    report("reputation of 100 IPs, a year", times, TRIES);
}

int main(int argc, char **argv)
{
    struct bench b = {.addresses = 10000000, .batch = 5000, .dice = 1};
    struct bounce_error error;
    int option;

    while ((option = getopt(argc, argv, "cn:b:")) != -1) {
        if (option == 'n')
            b.addresses = strtoull(optarg, NULL, 10);
        else if (option == 'c')
            b.checks_alone = true;
        else if (option == 'b')
            b.batch = strtoul(optarg, NULL, 10);
        else
            return 2;
    }
    b.where = optind < argc ? argv[optind] : "store_ask.db";
    if (b.addresses == 0 || b.batch == 0 || b.batch > 1000000)
        return 2;
    if (bounce_engine_new(NULL, &b.engine) != BOUNCE_OK ||
        bounce_engine_seal(b.engine, &error) != BOUNCE_OK ||
        bounce_policy_new(NULL, NULL, NULL, NULL, 0, &b.policy, &error) !=
            BOUNCE_OK)
        die("engine", NULL);
    make_store(&b);
    ask_one(&b);
    ask_many(&b);
    if (!b.checks_alone) {
        open_book(&b, false);
        time_lists(&b);
        time_all_stats(&b);
        book_close(b.book);
    }
    bounce_policy_free(b.policy);
    bounce_engine_free(b.engine);
    return 0;
}
