/* SPDX-License-Identifier: MIT
 * What must hold of every set of events, tried on many that a seeded generator
 * makes: the order they come in does not matter, nor how often they come, nor
 * in which batches, nor what was folded meanwhile, nor which database it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "random.h"
#include "store/act.h"
#include "store_fixture.h"

#define HOUR       LEDGER_HOUR
#define DAY        LEDGER_DAY
#define MAX_EVENTS 48
#define END        (LEDGER_T0 + 8000 * DAY)

struct item {
    struct record record;
    char id[33], mid[48], qid[32], address[64], provider[24];
};

struct set {
    struct item items[MAX_EVENTS];
    size_t count;
    unsigned round;
};

static unsigned below(struct random *random, unsigned sides)
{
    return (unsigned)random_below(random, sides);
}

/* ---- Events ---------------------------------------------------------- */

static const char *const usual[] = {"mailbox_full",         "user_unknown",
                                    "mailbox_unavailable",  "undetermined",
                                    "recipient_restricted", "expired",
                                    "mailbox_disabled",     "recipient_rate"};
static const char *const blocks[] = {"rate_limited",  "ip_blocklisted",
                                     "spam_detected", "bad_reputation",
                                     "system_full",   "auth_failure"};
/* These ask when the domain last took mail, which depends on what came in
 * before: they do not go together with deliveries here. */
static const char *const domains[] = {"system_error", "connection_failed",
                                      "routing_error", "dns_failure"};

static const char *pick_category(struct random *random, bool deliveries)
{
    unsigned dice = below(random, 10);

    if (dice < 7)
        return usual[below(random, 8)];
    if (dice < 9 || deliveries)
        return blocks[below(random, 6)];
    return domains[below(random, 4)];
}

static enum bounce_kind pick_kind(struct random *random, bool deliveries)
{
    static const enum bounce_kind kinds[] = {
        BOUNCE_KIND_BOUNCE,   BOUNCE_KIND_BOUNCE,      BOUNCE_KIND_BOUNCE,
        BOUNCE_KIND_BOUNCE,   BOUNCE_KIND_BOUNCE,      BOUNCE_KIND_DELAY,
        BOUNCE_KIND_FEEDBACK, BOUNCE_KIND_UNSUBSCRIBE, BOUNCE_KIND_DELIVERY,
        BOUNCE_KIND_DELIVERY};

    return kinds[below(random, deliveries ? 10 : 8)];
}

/* Facts are the same for all events of one second. */
static void set_facts(struct record *r)
{
    struct random random = {(uint64_t)r->event.occurred_at};

    r->dns_domain = (int)below(&random, 3) - 1;
    if (below(&random, 3) == 0)
        r->engaged_at = r->event.occurred_at - below(&random, 400) * DAY;
}

/* Another event of an earlier failure has its ids, or some of them. */
static void set_ids(struct random *random, struct set *set, struct item *item,
                    unsigned number)
{
    const struct item *first =
        set->count > 0 && below(random, 3) == 0
            ? &set->items[below(random, (unsigned)set->count)]
            : NULL;

    snprintf(item->id, sizeof(item->id), "%016llx%08x%08x",
             (unsigned long long)random_next(random), set->round, number);
    snprintf(item->mid, sizeof(item->mid), "<m%u-%u@news.example>", set->round,
             number);
    snprintf(item->qid, sizeof(item->qid), "Q%u-%u", set->round, number);
    if (first != NULL) {
        memcpy(item->mid, first->mid, sizeof(item->mid));
        memcpy(item->qid, first->qid, sizeof(item->qid));
        memcpy(item->address, first->address, sizeof(item->address));
    }
}

static void point(struct item *item, unsigned known)
{
    struct bounce_event *e = &item->record.event;

    e->event_id = slice_cstr(item->id);
    e->recipient = slice_cstr(item->address);
    e->provider = slice_cstr(item->provider);
    if ((known & 1) != 0)
        e->message_id = slice_cstr(item->mid);
    if ((known & 2) != 0)
        e->queue_id = slice_cstr(item->qid);
}

static void make_act(struct random *random, struct item *item, int64_t at)
{
    struct record *r = &item->record;

    record_init(r, NULL);
    r->act = below(random, 2) == 0 ? RECORD_SUPPRESS : RECORD_RELEASE;
    r->event.recipient = slice_cstr(item->address);
    r->event.occurred_at = at;
    r->reason = SLICE("because");
    r->consent = below(random, 3) == 0;
    if (below(random, 2) == 0)
        r->event.scope = SLICE("news");
    r->slot =
        below(random, 3) == 0 ? BOUNCE_SLOT_COMPLAINT : BOUNCE_SLOT_MANUAL;
    if (below(random, 2) == 0)
        r->until = at + 30 * DAY;
}

static void make_event(struct random *random, struct item *item, int64_t at,
                       bool deliveries)
{
    static const char *const causes[] = {"bounce", "complaint", "unsubscribe"};
    enum bounce_kind kind = pick_kind(random, deliveries);
    const char *category = pick_category(random, deliveries);
    struct record *r = &item->record;

    if (kind == BOUNCE_KIND_DELIVERY)
        category = "delivered";
    if (kind == BOUNCE_KIND_FEEDBACK)
        category = "complaint";
    if (kind == BOUNCE_KIND_UNSUBSCRIBE)
        category = "unsubscribe";
    *r = desk_event(kind, item->id, item->address, category, at);
    r->event.permanent = (int)below(random, 3) - 1;
    r->event.confidence = below(random, 101) / 100.0;
    r->event.verified = (int)below(random, 3) - 1;
    r->event.cls = BOUNCE_CLASS_SOFT;
    if (below(random, 12) == 0) {
        r->event.category = SLICE("suppressed");
        r->event.signals.suppressed_for = slice_cstr(causes[below(random, 3)]);
    }
    if (below(random, 3) == 0)
        r->service_class = (enum bounce_class)below(random, 7);
    if (below(random, 2) == 0)
        r->event.scope = below(random, 2) == 0 ? SLICE("news") : SLICE("shop");
    if (below(random, 2) == 0)
        r->event.campaign = SLICE("spring");
    set_facts(r);
    point(item, below(random, 4));
}

static void make_set(struct random *random, struct set *set, unsigned round)
{
    static const int64_t gaps[] = {0,       0,         0,        0,   1,
                                   60,      HOUR,      DAY,      DAY, 7 * DAY,
                                   8 * DAY, 100 * DAY, 200 * DAY};
    bool deliveries = below(random, 3) > 0;
    int64_t now = LEDGER_T0;

    set->round = round;
    set->count = 0;
    for (unsigned want = 1 + below(random, MAX_EVENTS); set->count < want;) {
        struct item *item = &set->items[set->count];

        now += gaps[below(random, below(random, 4) == 0 ? 13 : 11)];
        snprintf(item->address, sizeof(item->address), "u%u@d%u-%u.example",
                 below(random, 2), round, below(random, 2));
        snprintf(item->provider, sizeof(item->provider), "p%u", round);
        set_ids(random, set, item, (unsigned)set->count);
        if (below(random, 14) == 0) {
            /* What people do has a second of its own: of two things done in
             * one, the later would win. */
            now += 2;
            make_act(random, item, now);
            now += 2;
        } else {
            make_event(random, item, now, deliveries);
        }
        set->count++;
    }
}

static void shuffle(struct random *random, struct record *records, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t k = below(random, (unsigned)i);
        struct record swap = records[i - 1];

        records[i - 1] = records[k];
        records[k] = swap;
    }
}

static size_t take(const struct set *set, struct record *records)
{
    for (size_t i = 0; i < set->count; i++)
        records[i] = set->items[i].record;
    return set->count;
}

/* In batches of all sizes. whole: what happened in one second stays together. */
static void apply(struct random *random, struct desk *desk,
                  const struct record *records, size_t count, bool whole,
                  int64_t now)
{
    for (size_t from = 0, size; from < count; from += size) {
        size = 1 + below(random, 8);
        if (size > count - from)
            size = count - from;
        while (whole && from + size < count &&
               records[from + size].event.occurred_at ==
                   records[from + size - 1].event.occurred_at)
            size++;
        desk_apply_all(
            desk, records + from, size,
            now != 0 ? now : records[from + size - 1].event.occurred_at, NULL);
    }
}

/* ---- What is stored -------------------------------------------------- */

#define STATES                                                                 \
    "SELECT key, scope, address, domain, standing, slot, since, until, "       \
    "category, class, text FROM state ORDER BY key, scope"
#define HOLD_LOG                                                               \
    "SELECT * FROM hold_log ORDER BY provider, domain, ip, sender_domain, "    \
    "campaign, at, kind, id"
#define HOLDS                                                                  \
    "SELECT * FROM hold ORDER BY provider, domain, ip, sender_domain, "        \
    "campaign"

static void expect_same(struct desk *a, struct desk *b, const char *sql)
{
    char *x = desk_query(a, sql), *y = desk_query(b, sql);

    if (strcmp(x, y) != 0) {
        size_t at = 0;

        while (x[at] == y[at])
            at++;
        at = at > 300 ? at - 300 : 0;
        print_message("%.700s\nis not\n%.700s\n", x + at, y + at);
        fail_msg("%s", sql);
    }
    free(x);
    free(y);
}

static const char *const tables[] = {
    "SELECT * FROM state ORDER BY key, scope",
    "SELECT * FROM event ORDER BY seq",
    "SELECT * FROM folded ORDER BY rcpt, id64",
    "SELECT seq, recorded_at FROM raw ORDER BY seq",
    "SELECT * FROM change ORDER BY seq",
    HOLDS,
    HOLD_LOG,
    "SELECT * FROM sent ORDER BY rcpt, mid",
    "SELECT * FROM tally ORDER BY dim, day, value, what, detail",
    "SELECT * FROM tally_month ORDER BY dim, month, value, what, detail",
    "SELECT * FROM tally_total ORDER BY dim, value",
    "SELECT * FROM pulse ORDER BY provider, hour",
    "SELECT * FROM domain ORDER BY domain",
    "SELECT * FROM forgotten ORDER BY digest, scope"};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

static unsigned rounds(unsigned few)
{
    const char *full = getenv("BOUNCE_FULL");

    return full != NULL && strcmp(full, "1") == 0 ? few * 20 : few;
}

struct pair {
    struct desk desk, other;
};

static int set_up(void **state)
{
    struct pair *pair = calloc(1, sizeof(*pair));

    assert_non_null(pair);
    desk_init(&pair->desk, NULL, NULL, NULL);
    desk_init_sqlite(&pair->other, &pair->desk);
    *state = pair;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;

    desk_clear_sqlite(&pair->other);
    desk_clear(&pair->desk);
    free(pair);
    return 0;
}

/* ---- Properties ------------------------------------------------------ */

static void any_order_gives_the_same(void **state)
{
    struct pair *pair = *state;
    struct random random = {20261122};
    struct set *set = calloc(1, sizeof(*set));
    struct record records[MAX_EVENTS];

    if (!fixture_keeps()) {
        free(set);
        return;
    }
    for (unsigned round = 0; round < rounds(60); round++) {
        size_t count;

        make_set(&random, set, round);
        count = take(set, records);
        apply(&random, &pair->desk, records, count, false, END);
        shuffle(&random, records, count);
        apply(&random, &pair->other, records, count, false, END);
        if (round % 10 == 9) {
            expect_same(&pair->desk, &pair->other, STATES);
            desk_expect_replay(&pair->desk);
        }
    }
    expect_same(&pair->desk, &pair->other, STATES);
    expect_same(&pair->desk, &pair->other, HOLDS);
    expect_same(&pair->desk, &pair->other, HOLD_LOG);
    expect_same(&pair->desk, &pair->other,
                "SELECT rcpt, id, failure FROM event ORDER BY rcpt, id");
    expect_same(&pair->desk, &pair->other,
                "SELECT what, sum(n) FROM tally WHERE dim = 'all' "
                "GROUP BY what ORDER BY what");
    desk_expect_replay(&pair->other);
    desk_expect_sums(&pair->other);
    free(set);
}

static void fold(struct desk *desk, int64_t before)
{
    bool more = true;

    while (more) {
        if (ledger_fold(desk->ledger, before, before, 50, &more,
                        &desk->error) != STORE_OK)
            fail_msg("ledger_fold: %s", desk->error.msg);
    }
}

/* Holds: all in the order of time, and late in batches of any size. */
static void holds_do_not_ask_for_order(void **state)
{
    struct pair *pair = *state;
    struct random random = {4711};
    struct set *set = calloc(1, sizeof(*set));
    struct record records[MAX_EVENTS];

    for (unsigned round = 0; round < rounds(60) && fixture_keeps(); round++) {
        size_t count;

        make_set(&random, set, round);
        count = take(set, records);
        apply(&random, &pair->desk, records, count, true, END);
        shuffle(&random, records, count);
        if (round % 3 == 0)
            desk_apply_all(&pair->other, records, count, END, NULL);
        else
            apply(&random, &pair->other, records, count, false, END);
        if (round % 6 == 5)
            expect_same(&pair->desk, &pair->other, HOLDS);
    }
    expect_same(&pair->desk, &pair->other, HOLDS);
    expect_same(&pair->desk, &pair->other, HOLD_LOG);
    expect_same(&pair->desk, &pair->other, STATES);
    free(set);
}

static void end_holds(struct desk *desk, int64_t at)
{
    struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME};
    struct act act = {.now = at};
    size_t ended;

    assert_int_equal(
        act_end_holds(desk->ledger, &filter, &act, &ended, &desk->error),
        STORE_OK);
}

/* The same with people who end all holds now and then, of which the events know
 * nothing, and with what was folded before the events that come late. */
static void ended_and_folded_holds_neither(void **state)
{
    struct pair *pair = *state;
    struct random random = {4712};
    struct set *set = calloc(1, sizeof(*set));
    struct record records[MAX_EVENTS];

    for (unsigned round = 0; round < rounds(30) && fixture_keeps(); round++) {
        int64_t middle;
        size_t count, cut;

        make_set(&random, set, round);
        count = take(set, records);
        cut = below(&random, (unsigned)count + 1);
        while (cut > 0 && cut < count &&
               records[cut].event.occurred_at ==
                   records[cut - 1].event.occurred_at)
            cut++;
        middle = records[cut > 0 ? cut - 1 : 0].event.occurred_at;
        apply(&random, &pair->desk, records, cut, true, END);
        apply(&random, &pair->other, records, cut, true, END);
        if (round % 2 == 0) {
            end_holds(&pair->desk, middle);
            end_holds(&pair->other, middle);
        }
        if (round % 4 < 2)
            fold(&pair->other, middle + 1);
        apply(&random, &pair->desk, records + cut, count - cut, true, END);
        shuffle(&random, records + cut, count - cut);
        apply(&random, &pair->other, records + cut, count - cut, false, END);
        if (round % 6 == 5)
            expect_same(&pair->desk, &pair->other, HOLDS);
    }
    expect_same(&pair->desk, &pair->other, HOLDS);
    free(set);
}

static void told_again_nothing_changes(void **state)
{
    struct pair *pair = *state;
    struct random random = {815};
    struct set *set = calloc(1, sizeof(*set));
    struct record records[MAX_EVENTS];

    for (unsigned round = 0; round < rounds(20) && fixture_keeps(); round++) {
        char *before[TABLES];
        size_t count;

        make_set(&random, set, round);
        count = take(set, records);
        apply(&random, &pair->desk, records, count, false, END);
        for (size_t i = 0; i < TABLES; i++)
            before[i] = desk_query(&pair->desk, tables[i]);
        shuffle(&random, records, count);
        apply(&random, &pair->desk, records, count, false, END + 7);
        for (size_t i = 0; i < TABLES; i++) {
            char *after = desk_query(&pair->desk, tables[i]);

            if (strcmp(before[i], after) != 0)
                fail_msg("round %u: %s", round, tables[i]);
            free(before[i]);
            free(after);
        }
    }
    free(set);
}

static bool reclassified(void *ctx, const struct ledger_reclassified *what)
{
    (void)ctx;
    fail_msg("%.*s becomes %.*s", (int)what->was.len, what->was.ptr,
             (int)what->becomes.len, what->becomes.ptr);
    return false;
}

/* Whether a failure is told of before and behind a cut. Of what was folded only
 * the counters remember which failures it told of. */
static bool spans(const struct set *set, size_t cut)
{
    for (size_t i = 0; i < cut; i++) {
        for (size_t k = cut; k < set->count; k++) {
            if (strcmp(set->items[i].mid, set->items[k].mid) == 0)
                return true;
        }
    }
    return false;
}

/* One store folds between batches, the other one never. */
static void folding_changes_no_state(void **state)
{
    struct pair *pair = *state;
    struct random random = {99};
    struct set *set = calloc(1, sizeof(*set));
    struct record records[MAX_EVENTS];
    uint64_t events;

    for (unsigned round = 0; round < rounds(40) && fixture_keeps(); round++) {
        size_t count, cut;
        int64_t middle;

        make_set(&random, set, round);
        count = take(set, records);
        cut = below(&random, (unsigned)count + 1);
        while (spans(set, cut))
            cut++;
        middle = records[cut > 0 ? cut - 1 : 0].event.occurred_at;
        apply(&random, &pair->other, records, count, false, 0);
        apply(&random, &pair->desk, records, cut, false, 0);
        fold(&pair->desk, middle + (int64_t)below(&random, 3) - 1);
        desk_expect_replay(&pair->desk);
        /* What is folded still counts once. */
        apply(&random, &pair->desk, records, count, false, 0);
        desk_expect_replay(&pair->desk);
        fold(&pair->desk, LEDGER_T0 + below(&random, 3000) * DAY);
    }
    expect_same(&pair->desk, &pair->other, STATES);
    desk_expect_replay(&pair->desk);
    assert_int_equal(ledger_reclassify(pair->desk.ledger, true, END,
                                       reclassified, NULL, &events,
                                       &pair->desk.error),
                     STORE_OK);
    desk_expect_replay(&pair->desk);
    if (fixture_keeps()) {
        fold(&pair->desk, END + DAY);
        desk_expect(&pair->desk, "SELECT count(*) FROM event", "0\n");
        expect_same(&pair->desk, &pair->other, STATES);
    }
    free(set);
}

/* The same records in the same batches: the same rows, whatever the driver. */
static void databases_answer_alike(void **state)
{
    struct pair *pair = *state;
    struct random random = {7};
    struct set *set = calloc(1, sizeof(*set));
    struct record records[MAX_EVENTS];

    for (unsigned round = 0; round < rounds(20) && fixture_keeps(); round++) {
        struct random one = {round}, two = {round};
        size_t count;

        make_set(&random, set, round);
        count = take(set, records);
        shuffle(&random, records, count);
        apply(&one, &pair->desk, records, count, false, END);
        apply(&two, &pair->other, records, count, false, END);
        if (round % 3 == 0) {
            fold(&pair->desk, END + 1);
            fold(&pair->other, END + 1);
        }
    }
    for (size_t i = 0; i < TABLES; i++)
        expect_same(&pair->desk, &pair->other, tables[i]);
    free(set);
}

/* ---- Large batches --------------------------------------------------- */

#define SETS 60

struct crowd {
    struct set sets[SETS];
    struct record records[SETS * MAX_EVENTS];
    size_t count;
};

/* Enough for threads of the ledger's and for the ways that PostgreSQL has for
 * many rows. */
static struct crowd *make_crowd(uint64_t seed)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    struct random random = {seed};

    assert_non_null(crowd);
    for (unsigned i = 0; i < SETS; i++) {
        make_set(&random, &crowd->sets[i], i);
        crowd->count += take(&crowd->sets[i], crowd->records + crowd->count);
    }
    shuffle(&random, crowd->records, crowd->count);
    assert_true(crowd->count > 1100);
    return crowd;
}

/* The second half finds rows of the first one. */
static void apply_halves(struct desk *desk, const struct crowd *crowd)
{
    size_t half = crowd->count / 2;

    desk_apply_all(desk, crowd->records, half, END, NULL);
    desk_apply_all(desk, crowd->records + half, crowd->count - half, END, NULL);
}

static void databases_take_crowds_alike(void **state)
{
    struct pair *pair = *state;
    struct crowd *crowd = make_crowd(11);

    apply_halves(&pair->desk, crowd);
    if (fixture_keeps()) {
        apply_halves(&pair->other, crowd);
        for (size_t i = 0; i < TABLES; i++)
            expect_same(&pair->desk, &pair->other, tables[i]);
        desk_expect_replay(&pair->desk);
        desk_expect_sums(&pair->desk);
    }
    free(crowd);
}

#define BODIES                                                                 \
    "SELECT seq, id, body, facts LIKE '%reply=1%' FROM event ORDER BY seq"
#define TALLIED                                                                \
    "SELECT what, detail, sum(n) FROM tally GROUP BY what, detail "            \
    "HAVING sum(n) <> 0 ORDER BY what, detail"

static void crowds_are_as_small_batches(void **state)
{
    static const char *const same[] = {STATES, HOLDS, HOLD_LOG, BODIES,
                                       TALLIED};
    struct pair *pair = *state;
    struct crowd *crowd = make_crowd(12);
    struct random random = {13};

    apply_halves(&pair->desk, crowd);
    if (fixture_keeps()) {
        apply(&random, &pair->other, crowd->records, crowd->count, false, END);
        for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
            expect_same(&pair->desk, &pair->other, same[i]);
    }
    free(crowd);
}

/* ---- What must never be, and always ---------------------------------- */

static bool never_suppresses(const struct bounce_policy *policy,
                             const char *category)
{
    struct bounce_policy_entry entry;

    for (size_t i = 0; bounce_policy_entry_at(policy, i, &entry); i++) {
        if (slice_eq(entry.category, slice_cstr(category)))
            return entry.never_suppresses;
    }
    return false;
}

static void check_state(struct desk *desk, const struct record *record,
                        bool delivered)
{
    struct bounce_slice scopes[2] = {SLICE(""), record->event.scope};
    struct address address;

    assert_int_equal(
        address_read(desk->book->addresses, record->event.recipient, &address),
        ADDRESS_FINE);
    for (size_t i = 0; i < (scopes[1].ptr != NULL ? 2 : 1); i++) {
        struct book_state state;

        assert_int_equal(
            book_state(desk->book, &address, scopes[i], &state, &desk->error),
            STORE_OK);
        for (size_t k = 1; k < BOUNCE_SLOTS; k++) {
            const struct bounce_cause *cause = &state.state.causes[k];

            if (cause->since != BOUNCE_NO_TIME && cause->category[0] != '\0')
                assert_false(never_suppresses(desk->policy, cause->category));
        }
        if (!delivered)
            continue;
        assert_int_equal(state.state.causes[BOUNCE_SLOT_SUSPENSION].since,
                         BOUNCE_NO_TIME);
        for (size_t k = 0; k < BOUNCE_COUNTERS; k++) {
            const char *id = state.state.counters[k].id;

            if (id[0] != '\0')
                assert_int_equal(bounce_state_count(&state.state, id, 180 * DAY,
                                                    record->event.occurred_at),
                                 0);
        }
    }
}

static void never_is_never_and_a_delivery_resets(void **state)
{
    struct pair *pair = *state;
    struct random random = {31};
    struct set *set = calloc(1, sizeof(*set));

    for (unsigned round = 0; round < rounds(20) && fixture_keeps(); round++) {
        make_set(&random, set, round);
        for (size_t i = 0; i < set->count; i++) {
            struct record *r = &set->items[i].record;

            desk_apply_at(&pair->desk, r, END);
            check_state(&pair->desk, r,
                        r->event.kind == BOUNCE_KIND_DELIVERY &&
                            r->act == RECORD_EVENT);
        }
    }
    free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(any_order_gives_the_same),
        TEST(holds_do_not_ask_for_order),
        TEST(ended_and_folded_holds_neither),
        TEST(told_again_nothing_changes),
        TEST(folding_changes_no_state),
        TEST(databases_answer_alike),
        TEST(databases_take_crowds_alike),
        TEST(crowds_are_as_small_batches),
        TEST(never_is_never_and_a_delivery_resets),
#undef TEST
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
