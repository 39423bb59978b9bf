/* SPDX-License-Identifier: MIT
 * What must hold of every sequence of verdicts, tried on many that a seeded
 * generator makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "policy_fixture.h"

#define SEQUENCES  3000
#define MAX_EVENTS 48
#define TEXT_MAX   32768

struct dice {
    uint64_t state;
};

/* xorshift64*. */
static unsigned roll(struct dice *dice, unsigned sides)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return (unsigned)((dice->state * 2685821657736338717U) >> 40) % sides;
}

struct event {
    struct bounce_policy_input input;
    bool scoped;
    char id[16];
};

struct sequence {
    struct event events[MAX_EVENTS];
    size_t count;
};

struct pair {
    struct bounce_state store, scope;
};

struct world {
    struct bounce_engine *engine;
    struct bounce_policy *policies[8];
    size_t policy_count;
    const struct bounce_category *categories[128];
    size_t category_count;
};

static void pair_init(struct pair *pair)
{
    bounce_state_init(&pair->store);
    bounce_state_init(&pair->scope);
}

/* Facts are the same for all events of one second. */
static void set_facts(struct bounce_policy_input *input)
{
    struct dice dice = {(uint64_t)input->now * 0x9E3779B97F4A7C15U + 1};

    input->dns_domain = (int)roll(&dice, 3) - 1;
    if (roll(&dice, 2) == 0)
        input->domain_delivered_at = input->now - roll(&dice, 40) * DAY_S;
    if (roll(&dice, 3) == 0)
        input->engaged_at = input->now - roll(&dice, 400) * DAY_S;
    if (roll(&dice, 8) == 0)
        input->breaker = roll(&dice, 4);
}

static void make_event(const struct world *world, struct dice *dice,
                       struct event *e, unsigned number, int64_t now)
{
    static const enum bounce_kind kinds[] = {
        BOUNCE_KIND_BOUNCE,   BOUNCE_KIND_BOUNCE,     BOUNCE_KIND_BOUNCE,
        BOUNCE_KIND_BOUNCE,   BOUNCE_KIND_DELAY,      BOUNCE_KIND_DELIVERY,
        BOUNCE_KIND_FEEDBACK, BOUNCE_KIND_UNSUBSCRIBE};
    static const char *const causes[] = {"bounce", "complaint", "unsubscribe"};
    /* A few categories often, so that counters fill. */
    static const char *const usual[] = {"mailbox_full",         "user_unknown",
                                        "mailbox_unavailable",  "undetermined",
                                        "recipient_restricted", "expired"};

    snprintf(e->id, sizeof(e->id), "e%u", number);
    bounce_policy_input_init(&e->input, NULL, now);
    e->input.event_id = slice_cstr(e->id);
    e->input.rule = SLICE("test.rule");
    e->input.kind = kinds[roll(dice, sizeof(kinds) / sizeof(kinds[0]))];
    e->input.permanent = (int)roll(dice, 3) - 1;
    e->input.confidence = roll(dice, 101) / 100.0;
    e->input.verified = (int)roll(dice, 3) - 1;
    e->input.category =
        roll(dice, 3) > 0
            ? slice_cstr(usual[roll(dice, sizeof(usual) / sizeof(usual[0]))])
            : world->categories[roll(dice, (unsigned)world->category_count)]
                  ->id;
    if (roll(dice, 10) == 0)
        e->input.category = SLICE("suppressed");
    e->input.suppressed_for = slice_cstr(causes[roll(dice, 3)]);
    if (roll(dice, 3) == 0)
        e->input.service_class = (enum bounce_class)roll(dice, 7);
    e->input.route.domain = SLICE("example.org");
    e->scoped = roll(dice, 2) == 0;
    set_facts(&e->input);
}

static void make_sequence(const struct world *world, uint64_t seed,
                          struct sequence *s)
{
    static const int64_t gaps_s[] = {
        0,     0,     0,         0,         60,          HOUR_S,
        DAY_S, DAY_S, 7 * DAY_S, 8 * DAY_S, 100 * DAY_S, 200 * DAY_S};
    struct dice dice = {seed * 0x9E3779B97F4A7C15U + 7};
    int64_t now = START_S;
    unsigned long_gaps = roll(&dice, 3) == 0 ? 12 : 10;

    s->count = 1 + roll(&dice, MAX_EVENTS);
    for (unsigned i = 0; i < s->count; i++) {
        struct event *e = &s->events[i];

        now += gaps_s[roll(&dice, long_gaps)];
        make_event(world, &dice, e, i, now);
        e->input.failure = i + 1;
        e->input.told_at = now;
        /* Another event of an earlier failure: the store knows since when it
         * is told of. */
        if (i > 0 && roll(&dice, 4) == 0) {
            const struct event *first = &s->events[roll(&dice, i)];

            e->input.failure = first->input.failure;
            e->input.told_at = first->input.told_at;
        }
    }
}

static struct bounce_decision apply(const struct bounce_policy *policy,
                                    const struct event *e, struct pair *pair)
{
    /* The sequence may have been copied since. */
    struct bounce_policy_input input = e->input;

    input.event_id = slice_cstr(e->id);
    return policy_judge(policy, &input, &pair->store,
                        e->scoped ? &pair->scope : NULL);
}

static size_t write_pair(const struct pair *pair, char *text)
{
    size_t len = bounce_state_write(&pair->store, text, TEXT_MAX);

    assert_true(len < TEXT_MAX / 2);
    len += bounce_state_write(&pair->scope, text + len, TEXT_MAX - len);
    assert_true(len < TEXT_MAX);
    text[len] = '\0';
    return len;
}

static void assert_same(const struct pair *a, const struct pair *b,
                        uint64_t seed, const char *what)
{
    static char left[TEXT_MAX], right[TEXT_MAX];

    write_pair(a, left);
    write_pair(b, right);
    if (strcmp(left, right) != 0)
        fail_msg("%s, sequence %u:\n%s\nis not\n%s", what, (unsigned)seed, left,
                 right);
}

static void run(const struct bounce_policy *policy, const struct sequence *s,
                struct pair *pair)
{
    pair_init(pair);
    for (size_t i = 0; i < s->count; i++)
        apply(policy, &s->events[i], pair);
}

static void shuffle_seconds(struct sequence *s, struct dice *dice)
{
    for (size_t i = 0; i < s->count;) {
        size_t end = i + 1;

        while (end < s->count &&
               s->events[end].input.now == s->events[i].input.now)
            end++;
        for (size_t j = end - 1; j > i; j--) {
            size_t k = i + roll(dice, (unsigned)(j - i + 1));
            struct event swap = s->events[j];

            s->events[j] = s->events[k];
            s->events[k] = swap;
        }
        i = end;
    }
}

/* Each property, over all sequences and the policies in turn. */
static void for_all(void **state,
                    void (*property)(const struct bounce_policy *policy,
                                     const struct sequence *s, uint64_t seed))
{
    const struct world *world = *state;
    static struct sequence s;

    for (uint64_t seed = 1; seed <= SEQUENCES; seed++) {
        make_sequence(world, seed, &s);
        property(world->policies[seed % world->policy_count], &s, seed);
    }
}

static void order_property(const struct bounce_policy *policy,
                           const struct sequence *s, uint64_t seed)
{
    static struct sequence shuffled;
    struct dice dice = {seed * 77 + 1};
    struct pair a, b;

    run(policy, s, &a);
    for (int i = 0; i < 4; i++) {
        shuffled = *s;
        shuffle_seconds(&shuffled, &dice);
        run(policy, &shuffled, &b);
        assert_same(&a, &b, seed, "another order within seconds");
    }
}

static void test_order(void **state)
{
    for_all(state, order_property);
}

static void duplicate_property(const struct bounce_policy *policy,
                               const struct sequence *s, uint64_t seed)
{
    struct dice dice = {seed * 31 + 1};
    struct pair pair, before;

    pair_init(&pair);
    for (unsigned i = 0; i < s->count; i++) {
        apply(policy, &s->events[i], &pair);
        before = pair;
        for (int again = 0; again < 3; again++) {
            const struct event *e = &s->events[roll(&dice, i + 1)];
            struct bounce_decision decision = apply(policy, e, &pair);

            assert_same(&before, &pair, seed, "a duplicate");
            if (decision.changed)
                fail_msg("sequence %u: a duplicate says it changed something",
                         (unsigned)seed);
        }
    }
}

static void test_duplicates(void **state)
{
    for_all(state, duplicate_property);
}

/* Old events fold into a checkpoint, which is the state as text. */
static void fold(struct bounce_state *state)
{
    static char text[TEXT_MAX];
    struct bounce_state back;
    size_t len = bounce_state_write(state, text, sizeof(text));

    assert_int_equal(bounce_state_read(text, len, &back, NULL), BOUNCE_OK);
    *state = back;
}

static void replay_property(const struct bounce_policy *policy,
                            const struct sequence *s, uint64_t seed)
{
    struct dice dice = {seed * 13 + 1};
    struct pair live, replayed, folded;

    run(policy, s, &live);
    run(policy, s, &replayed);
    assert_same(&live, &replayed, seed, "replay");
    pair_init(&folded);
    for (size_t i = 0; i < s->count; i++) {
        apply(policy, &s->events[i], &folded);
        if (roll(&dice, 4) == 0) {
            fold(&folded.store);
            fold(&folded.scope);
        }
    }
    assert_same(&live, &folded, seed, "replay after folding");
}

static void test_replay(void **state)
{
    for_all(state, replay_property);
}

static void delivery_property(const struct bounce_policy *policy,
                              const struct sequence *s, uint64_t seed)
{
    struct pair pair;
    struct event delivery = s->events[s->count - 1];
    const struct bounce_state *states[] = {&pair.store, &pair.scope};

    run(policy, s, &pair);
    delivery.input.kind = BOUNCE_KIND_DELIVERY;
    delivery.input.now += seed % 2 == 0 ? 0 : HOUR_S;
    delivery.input.verified = 1;
    delivery.scoped = true;
    apply(policy, &delivery, &pair);
    for (size_t i = 0; i < 2; i++) {
        assert_true(states[i]->causes[BOUNCE_SLOT_SUSPENSION].since ==
                    BOUNCE_NO_TIME);
        for (size_t c = 0; c < BOUNCE_COUNTERS; c++)
            assert_int_equal(bounce_state_count(states[i],
                                                states[i]->counters[c].id,
                                                INT32_MAX, delivery.input.now),
                             0);
    }
}

static void test_delivery_resets(void **state)
{
    for_all(state, delivery_property);
}

static void assert_cause(const struct bounce_cause *cause, int64_t now)
{
    assert_non_null(cause);
    assert_true(cause->since <= now);
    assert_true(cause->until == BOUNCE_NO_TIME || cause->until > now);
    assert_true(cause->category[0] != '\0' && cause->entry[0] != '\0');
    assert_true(cause->rule[0] != '\0' && cause->event_id[0] == 'e');
}

/* Not active without a cause; what is told agrees with what is; times only
 * grow; delays change nothing. */
static void story_property(const struct bounce_policy *policy,
                           const struct sequence *s, uint64_t seed)
{
    struct pair pair;

    (void)seed;
    pair_init(&pair);
    for (size_t i = 0; i < s->count; i++) {
        const struct event *e = &s->events[i];
        struct pair before = pair;
        struct bounce_decision d = apply(policy, e, &pair);
        const struct bounce_state *told =
            d.in_scope ? &pair.scope : &pair.store;
        const struct bounce_cause *cause;

        assert_non_null(d.reason);
        assert_true(pair.store.delivered_at >= before.store.delivered_at);
        if (bounce_state_standing(told, e->input.now, &cause) != BOUNCE_ACTIVE)
            assert_cause(cause, e->input.now);
        if (!d.changed)
            assert_same(&before, &pair, seed, "unchanged");
        if (d.outcome == BOUNCE_OUTCOME_SUPPRESSED)
            assert_int_equal(d.to, BOUNCE_SUPPRESSED);
        if (d.to > d.from)
            assert_true(d.outcome == BOUNCE_OUTCOME_SUPPRESSED ||
                        d.outcome == BOUNCE_OUTCOME_SUSPENDED);
        if (e->input.kind == BOUNCE_KIND_DELAY)
            assert_same(&before, &pair, seed, "a delay");
    }
}

static void test_story(void **state)
{
    for_all(state, story_property);
}

static void test_never_suppresses(void **state)
{
    const struct world *world = *state;
    static struct sequence s;

    for (uint64_t seed = 1; seed <= SEQUENCES; seed++) {
        const struct bounce_category *category =
            world->categories[seed % world->category_count];
        const struct bounce_policy *policy =
            world->policies[seed / 46 % world->policy_count];
        struct pair pair;

        if (!slice_starts(category->action_text, SLICE("never")))
            continue;
        make_sequence(world, seed, &s);
        for (size_t i = 0; i < s.count; i++) {
            s.events[i].input.category = category->id;
            s.events[i].input.breaker = 0;
        }
        pair_init(&pair);
        for (size_t i = 0; i < s.count; i++) {
            apply(policy, &s.events[i], &pair);
            assert_int_not_equal(
                bounce_state_standing(&pair.store, s.events[i].input.now, NULL),
                BOUNCE_SUPPRESSED);
            assert_int_not_equal(
                bounce_state_standing(&pair.scope, s.events[i].input.now, NULL),
                BOUNCE_SUPPRESSED);
        }
    }
}

/* Mode observe decides the same and never blocks. */
static void test_observe(void **state)
{
    const struct world *world = *state;
    struct bounce_policy *enforce = policy_make(NULL, NULL);
    struct bounce_policy *observe =
        policy_make(NULL, "Policy: own\nMode: observe\n");
    static struct sequence s;

    for (uint64_t seed = 1; seed <= SEQUENCES / 4; seed++) {
        struct pair a, b;
        struct bounce_answer answer, enforced;
        int64_t now;

        make_sequence(world, seed, &s);
        now = s.events[s.count - 1].input.now;
        run(enforce, &s, &a);
        run(observe, &s, &b);
        assert_same(&a, &b, seed, "mode observe");
        bounce_policy_check(observe, &b.store, &b.scope, NULL, 0, NULL, now,
                            &answer);
        bounce_policy_check(enforce, &a.store, &a.scope, NULL, 0, NULL, now,
                            &enforced);
        assert_int_equal(answer.may, BOUNCE_SEND);
        assert_int_equal(answer.decided, enforced.may);
        assert_int_equal(answer.decided == BOUNCE_SEND, answer.cause == NULL);
    }
    bounce_policy_free(observe);
    bounce_policy_free(enforce);
}

static struct bounce_hold run_hold(const int64_t *times, const int *what,
                                   const size_t *order, size_t count)
{
    struct bounce_hold hold = {.step = 0};

    for (size_t i = 0; i < count; i++) {
        size_t at = order[i];
        struct bounce_hold_request request = {
            .key = {.provider = "google"},
            .cause = {.since = times[at], .until = BOUNCE_NO_TIME},
            .base_s = what[at] == 0 ? 900 : 4 * HOUR_S,
            .max_s = DAY_S,
            .reset_s = DAY_S,
        };

        if (what[at] == 2)
            bounce_hold_end(&hold, false, times[at]);
        else
            bounce_hold_open(&hold, &request);
    }
    return hold;
}

/* Holds too do not depend on the order within a second. */
static void test_holds(void **state)
{
    static const int64_t gaps_s[] = {0, 0, 0, 300, 900, 5 * HOUR_S, 2 * DAY_S};

    (void)state;
    for (uint64_t seed = 1; seed <= SEQUENCES; seed++) {
        struct dice dice = {seed * 0x9E3779B97F4A7C15U + 3};
        int64_t times[24], now = START_S;
        int what[24];
        size_t order[24], count = sizeof(order) / sizeof(order[0]);
        struct bounce_hold a, b;

        for (size_t i = 0; i < count; i++) {
            times[i] = now += gaps_s[roll(&dice, 7)];
            what[i] = (int)roll(&dice, 3);
            order[i] = i;
        }
        a = run_hold(times, what, order, count);
        for (size_t i = 1; i < count * 4; i++) {
            size_t at = 1 + i % (count - 1), swap = order[at];

            if (times[order[at - 1]] != times[swap] || roll(&dice, 2) == 0)
                continue;
            order[at] = order[at - 1];
            order[at - 1] = swap;
        }
        b = run_hold(times, what, order, count);
        assert_int_equal(a.open, b.open);
        assert_int_equal(a.delivered_at, b.delivered_at);
        if (a.open) {
            assert_int_equal(a.cause.since, b.cause.since);
            assert_int_equal(a.cause.until, b.cause.until);
            assert_int_equal(a.step, b.step);
        }
    }
}

static int setup(void **state)
{
    static struct world world;
    const char *preset;
    const struct bounce_category *category;

    for (size_t i = 0; (preset = bounce_policy_preset(i)) != NULL; i++)
        world.policies[world.policy_count++] = policy_make(preset, NULL);
    world.policies[world.policy_count++] =
        policy_make(NULL, "Policy: own\nRequire-Verified: yes\nTries: 3\n");
    if (bounce_engine_new(NULL, &world.engine) != BOUNCE_OK)
        return -1;
    while ((category =
                bounce_category_at(world.engine, world.category_count)) != NULL)
        world.categories[world.category_count++] = category;
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < world->policy_count; i++)
        bounce_policy_free(world->policies[i]);
    bounce_engine_free(world->engine);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),   cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_replay),  cmocka_unit_test(test_delivery_resets),
        cmocka_unit_test(test_story),   cmocka_unit_test(test_never_suppresses),
        cmocka_unit_test(test_observe), cmocka_unit_test(test_holds),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
