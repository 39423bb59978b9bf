/* SPDX-License-Identifier: MIT
 * Presets act as the systems they are named after; holds, breakers, releases,
 * users' files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "failing_alloc.h"
#include "policy_fixture.h"

static struct bounce_answer ask(const struct bounce_policy *policy,
                                const struct bounce_state *store, int64_t now)
{
    struct bounce_answer answer;

    bounce_policy_check(policy, store, NULL, NULL, 0, NULL, now, &answer);
    return answer;
}

static void assert_label(struct bounce_slice label, const char *want)
{
    assert_true(slice_eq(label, slice_cstr(want)));
}

static void test_mailgun(void **state)
{
    struct bounce_policy *policy = policy_make("mailgun", NULL);
    struct bounce_policy_input input =
        verdict_make("mailbox_full", START_S, "delay");
    struct bounce_state store;
    struct bounce_decision decision;

    (void)state;
    bounce_state_init(&store);
    /* A temporary failure is tried for 8 hours, then it is 602. */
    input.kind = BOUNCE_KIND_DELAY;
    input.permanent = 0;
    input.waiting_s = 8 * HOUR_S - 1;
    assert_false(policy_judge(policy, &input, &store, NULL).gave_up);
    input.waiting_s = 8 * HOUR_S;
    decision = policy_judge(policy, &input, &store, NULL);
    assert_true(decision.gave_up);
    assert_label(decision.label, "602");
    assert_int_equal(ask(policy, &store, START_S).may, BOUNCE_SEND);
    /* One hard bounce stops the next mail with 605. */
    input = verdict_make("user_unknown", START_S + HOUR_S, "hard");
    input.confidence = 0.3;
    policy_judge(policy, &input, &store, NULL);
    assert_int_equal(ask(policy, &store, input.now).may, BOUNCE_NEVER);
    assert_label(ask(policy, &store, input.now).label, "605");
    /* A complaint is 607, and stays when the bounce is released. */
    input = verdict_make("complaint", START_S + 2 * HOUR_S, "complaint");
    input.kind = BOUNCE_KIND_FEEDBACK;
    policy_judge(policy, &input, &store, NULL);
    bounce_state_release(&store, false, "works again", input.now + 1,
                         &decision);
    assert_int_equal(decision.outcome, BOUNCE_OUTCOME_CONSENT);
    assert_label(ask(policy, &store, input.now + 1).label, "607");
    bounce_state_release(&store, true, "asked by phone", input.now + 2,
                         &decision);
    assert_int_equal(decision.outcome, BOUNCE_OUTCOME_RELEASED);
    assert_int_equal(ask(policy, &store, input.now + 2).may, BOUNCE_SEND);
    bounce_policy_free(policy);
}

static void test_marketo(void **state)
{
    struct bounce_policy *policy = policy_make("marketo", NULL);
    struct bounce_policy_input input =
        verdict_make("spam_detected", START_S, "spam");
    struct bounce_state store, again;
    struct bounce_decision decision;
    char text[8192];
    size_t len;

    (void)state;
    bounce_state_init(&store);
    /* Category 1 suspends for 24 hours and frees itself. */
    decision = policy_judge(policy, &input, &store, NULL);
    assert_false(decision.wants_hold);
    assert_int_equal(ask(policy, &store, START_S).may, BOUNCE_LATER);
    assert_int_equal(ask(policy, &store, START_S + DAY_S - 1).until,
                     START_S + DAY_S);
    assert_int_equal(ask(policy, &store, START_S + DAY_S).may, BOUNCE_SEND);
    /* Category 2 makes invalid; both causes stand side by side. */
    input = verdict_make("user_unknown", START_S + HOUR_S, "hard");
    policy_judge(policy, &input, &store, NULL);
    assert_string_equal(store.causes[BOUNCE_SLOT_SUSPENSION].category,
                        "spam_detected");
    assert_string_equal(store.causes[BOUNCE_SLOT_HARD].category,
                        "user_unknown");
    assert_int_equal(ask(policy, &store, START_S + 999 * DAY_S).may,
                     BOUNCE_NEVER);
    /* Importing the address again finds its state: nothing is lifted. */
    len = bounce_state_write(&store, text, sizeof(text));
    assert_true(len < sizeof(text));
    assert_int_equal(bounce_state_read(text, len, &again, NULL), BOUNCE_OK);
    bounce_state_suppress(&again, BOUNCE_SLOT_HARD, START_S + 10 * DAY_S,
                          "import", "list.csv", START_S + 2 * HOUR_S,
                          &decision);
    assert_false(decision.changed);
    assert_int_equal(ask(policy, &again, START_S + 999 * DAY_S).may,
                     BOUNCE_NEVER);
    /* Released by hand. */
    bounce_state_release(&again, false, "Email Invalid unchecked",
                         START_S + 3 * HOUR_S, &decision);
    assert_int_equal(decision.from, BOUNCE_SUPPRESSED);
    assert_int_equal(decision.to, BOUNCE_ACTIVE);
    assert_int_equal(ask(policy, &again, START_S + 3 * HOUR_S).may,
                     BOUNCE_SEND);
    /* Of the rest a message is tried 4 times. */
    input = verdict_make("greylisted", START_S + 4 * HOUR_S, "delay");
    input.kind = BOUNCE_KIND_DELAY;
    input.tries = 3;
    assert_false(policy_judge(policy, &input, &again, NULL).gave_up);
    input.tries = 4;
    assert_true(policy_judge(policy, &input, &again, NULL).gave_up);
    bounce_policy_free(policy);
}

/* Soft bounces until the contact is cleaned. */
static unsigned soft_bounces(const struct bounce_policy *policy,
                             int64_t engaged_at)
{
    struct bounce_state store;
    unsigned count = 0;

    bounce_state_init(&store);
    while (ask(policy, &store, START_S + count).may == BOUNCE_SEND) {
        char id[16];
        struct bounce_policy_input input;

        snprintf(id, sizeof(id), "soft-%u", ++count);
        input = verdict_make(count % 2 == 0 ? "mailbox_full" : "expired",
                             START_S + count, id);
        input.permanent = 0;
        input.engaged_at = engaged_at;
        policy_judge(policy, &input, &store, NULL);
        assert_true(count < 100);
    }
    return count;
}

static void test_mailchimp(void **state)
{
    struct bounce_policy *policy = policy_make("mailchimp", NULL);
    struct bounce_policy_input input =
        verdict_make("user_unknown", START_S, "hard");
    struct bounce_state store;

    (void)state;
    assert_int_equal(soft_bounces(policy, BOUNCE_NO_TIME), 7);
    assert_int_equal(soft_bounces(policy, START_S - DAY_S), 15);
    assert_int_equal(soft_bounces(policy, START_S - 900 * DAY_S), 7);
    bounce_state_init(&store);
    policy_judge(policy, &input, &store, NULL);
    assert_label(ask(policy, &store, START_S).label, "cleaned");
    bounce_policy_free(policy);
}

static void test_strict(void **state)
{
    struct bounce_policy *policy = policy_make("strict", NULL);
    struct bounce_policy_input input =
        verdict_make("mailbox_disabled", START_S, "hard");
    struct bounce_state store;

    (void)state;
    bounce_state_init(&store);
    input.confidence = 0.7;
    policy_judge(policy, &input, &store, NULL);
    assert_int_equal(ask(policy, &store, START_S + 9999 * DAY_S).may,
                     BOUNCE_NEVER);
    bounce_policy_free(policy);
}

/* What a delivery of the same second takes back must uncover what was there
 * before. */
static void test_counted_keeps_the_first(void **state)
{
    struct bounce_policy *policy = policy_make(NULL, NULL);
    struct bounce_state store;

    (void)state;
    for (int order = 0; order < 2; order++) {
        int64_t last = START_S + 16 * DAY_S;

        bounce_state_init(&store);
        for (unsigned i = 0; i < 5; i++) {
            char id[16];
            struct bounce_policy_input input;

            snprintf(id, sizeof(id), "full-%u", i);
            input = verdict_make("mailbox_full",
                                 START_S + (i < 4 ? i : 14) * DAY_S, id);
            policy_judge(policy, &input, &store, NULL);
        }
        for (unsigned i = 0; i < 3; i++) {
            struct bounce_policy_input input = verdict_make(
                "user_unknown", i == 0 ? START_S : last, i == 0 ? "a" : "b");

            input.confidence = 0.5;
            if ((order == 0 && i == 2) || (order == 1 && i == 1))
                input.kind = BOUNCE_KIND_DELIVERY;
            policy_judge(policy, &input, &store, NULL);
        }
        assert_string_equal(store.causes[BOUNCE_SLOT_COUNTED].category,
                            "mailbox_full");
        assert_int_equal(ask(policy, &store, last).may, BOUNCE_NEVER);
    }
    bounce_policy_free(policy);
}

static void test_holds(void **state)
{
    struct bounce_policy *policy = policy_make(NULL, NULL);
    struct bounce_policy_input input =
        verdict_make("rate_limited", START_S, "slow");
    struct bounce_route other = input.route;
    struct bounce_hold hold = {.step = 0};
    struct bounce_state store;
    struct bounce_answer answer;
    struct bounce_decision d;
    int64_t length = 900;

    (void)state;
    bounce_state_init(&store);
    other.ip = SLICE("192.0.2.2");
    for (int i = 0; i < 9; i++) {
        d = policy_judge(policy, &input, &store, NULL);
        assert_true(bounce_hold_open(&hold, &d.hold));
        assert_int_equal(hold.cause.until - input.now, length);
        /* Mail under way fails too: the hold does not grow. */
        d.hold.cause.since += length / 2;
        assert_false(bounce_hold_open(&hold, &d.hold));
        bounce_policy_check(policy, &store, NULL, &hold, 1, &input.route,
                            input.now, &answer);
        assert_int_equal(answer.may, BOUNCE_LATER);
        assert_string_equal(answer.reason, "hold");
        assert_ptr_equal(answer.hold, &hold);
        assert_int_equal(answer.until, hold.cause.until);
        assert_false(bounce_hold_applies(&hold, &other, input.now));
        input.now = hold.cause.until;
        assert_false(bounce_hold_applies(&hold, &input.route, input.now));
        length = length * 2 < DAY_S ? length * 2 : DAY_S;
    }
    d = policy_judge(policy, &input, &store, NULL);
    assert_true(bounce_hold_open(&hold, &d.hold));
    assert_true(bounce_hold_end(&hold, false, input.now + 1));
    assert_false(bounce_hold_applies(&hold, &input.route, input.now + 1));
    input.now += 2;
    d = policy_judge(policy, &input, &store, NULL);
    assert_true(bounce_hold_open(&hold, &d.hold));
    assert_int_equal(hold.cause.until - input.now, 900);
    /* Unknown what sends: no hold over everything. */
    input.route.ip = SLICE_NULL;
    assert_false(policy_judge(policy, &input, &store, NULL).wants_hold);
    /* Unknown provider: the recipient's domain stands in. */
    input = verdict_make("ip_blocklisted", START_S, "listed");
    input.route.provider = SLICE_NULL;
    d = policy_judge(policy, &input, &store, NULL);
    assert_string_equal(d.hold.key.domain, "gmail.com");
    bounce_policy_free(policy);
}

static void test_hold_by_hand(void **state)
{
    struct bounce_policy *policy = policy_make(NULL, NULL);
    struct bounce_policy_input input =
        verdict_make("virus_detected", START_S, "virus");
    struct bounce_hold hold = {.step = 0};
    struct bounce_state store;
    struct bounce_decision d;

    (void)state;
    bounce_state_init(&store);
    d = policy_judge(policy, &input, &store, NULL);
    assert_true(bounce_hold_open(&hold, &d.hold));
    bounce_hold_end(&hold, false, START_S + 5);
    assert_true(
        bounce_hold_applies(&hold, &input.route, START_S + 9999 * DAY_S));
    assert_true(bounce_hold_end(&hold, true, START_S + 6));
    assert_false(bounce_hold_applies(&hold, &input.route, START_S + 6));
    bounce_policy_free(policy);
}

static void test_breakers(void **state)
{
    static const struct {
        struct bounce_breaker_counts counts;
        unsigned open;
    } rows[] = {
        {{0, 0, 0, 0, 0, 0, 0}, 0},
        {{0, 19, 20, 10, 10000, 0, 0}, 0}, /* too few */
        {{0, 20, 100, 100, 10000, 0, 0}, BOUNCE_BREAKER_HARD_LEAP},
        {{0, 20, 100, 200, 10000, 0, 0}, 0}, /* ten times, not above */
        {{0, 20, 400, 0, 0, 0, 0}, 0},       /* no past: 0.5 % serves */
        {{0, 21, 400, 0, 0, 0, 0}, BOUNCE_BREAKER_HARD_LEAP},
        {{0, 0, 0, 0, 0, 20, 40}, BOUNCE_BREAKER_OWN_FAULT},
        {{0, 0, 0, 0, 0, 20, 41}, 0},
        {{0, 0, 0, 0, 0, 19, 19}, 0},
    };
    struct bounce_policy *policy = policy_make(NULL, NULL);
    struct bounce_policy_input input =
        verdict_make("user_unknown", START_S, "leap");
    struct bounce_state store;
    struct bounce_decision d;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(bounce_breaker_judge(policy, &rows[i].counts),
                         rows[i].open);
    bounce_state_init(&store);
    input.breaker = BOUNCE_BREAKER_HARD_LEAP;
    d = policy_judge(policy, &input, &store, NULL);
    assert_true(d.incident);
    assert_string_equal(d.reason, "breaker-hard-leap");
    assert_string_equal(d.cause.entry, "breaker:hard-leap");
    assert_int_equal(ask(policy, &store, START_S).until, START_S + DAY_S);
    /* The report of the same failure comes when the breaker is shut again. */
    input.breaker = 0;
    input.now += 2 * DAY_S;
    assert_false(policy_judge(policy, &input, &store, NULL).changed);
    assert_int_equal(ask(policy, &store, input.now).may, BOUNCE_SEND);
    input = verdict_make("connection_failed", START_S, "own");
    input.breaker = BOUNCE_BREAKER_OWN_FAULT;
    d = policy_judge(policy, &input, &store, NULL);
    assert_true(d.incident);
    assert_false(d.wants_hold);
    assert_int_equal(d.count, 0);
    bounce_policy_free(policy);
}

struct file_row {
    const char *text, *error; /* NULL: fine */
};

static const struct file_row files[] = {
    {"", NULL},
    {"Policy: own\nMode: observe\n\nCounter: full\nMessages: 3\n", NULL},
    {"Entry: mailbox_full\nExpires: none\nCounter: mine\n\n"
     "Counter: mine\nMessages: 2\nDays: 2\nSpan: 36h\n",
     NULL},
    {"\nEntry: mailbox_fll\n", "own.policy:2: no such category: mailbox_fll"},
    {"Entry: mailbox_full\nExpires: soon\n",
     "own.policy:2: Expires cannot be: soon"},
    {"Entry: mailbox_full\nExpire: 3d\n",
     "own.policy:2: Entry has no field Expire"},
    {"Counter: full\nSpan: 1d\nSpan: 2d\n", "own.policy:3: Span stands twice"},
    {"Entry: mailbox_full\nCounter: mine\n",
     "own.policy:1: mailbox_full: there is no such counter"},
    {"Entry: spam_detected\nSuppress: store\n",
     "own.policy:1: spam_detected never suppresses: it is no fault of the "
     "address"},
    {"Entry: spam_detected\nAt-Once: always\n",
     "own.policy:1: spam_detected: it never suppresses, but would at once"},
    {"Entry: greylisted\nCounter: full\n",
     "own.policy:1: greylisted: it never suppresses, but its counter would"},
    {"Entry: greylisted\nHold: domain\n",
     "own.policy:1: greylisted: Hold and Hold-For go together"},
    {"Counter: full\nMessages: 17\n", "own.policy:2: Messages cannot be: 17"},
    {"Counter: event\nDays: 3\n",
     "own.policy:1: counter event: conditions without Messages"},
    {"Counter: breaker\n", "own.policy:1: no name of a counter: breaker"},
    {"Breaker: fuse\n", "own.policy:1: no such breaker: fuse"},
    {"Rule: x\n", "own.policy:1: no stanza of a policy: Rule"},
    {"Policy: own\nwords\n", "own.policy:2: not 'Field: value': words"},
    {"Policy: own\nForget: 99999999d\n",
     "own.policy:2: Forget cannot be: 99999999d"},
};

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct bounce_policy *policy;
        struct bounce_error error = {.code = BOUNCE_OK};
        enum bounce_err err =
            bounce_policy_new(NULL, NULL, "own.policy", files[i].text,
                              strlen(files[i].text), &policy, &error);

        if (files[i].error == NULL) {
            assert_int_equal(err, BOUNCE_OK);
        } else {
            assert_int_equal(err, BOUNCE_E_RULES);
            assert_string_equal(error.msg, files[i].error);
            assert_null(policy);
        }
        bounce_policy_free(policy);
    }
}

static void test_no_preset(void **state)
{
    struct bounce_policy *policy;
    struct bounce_error error;

    (void)state;
    assert_int_equal(
        bounce_policy_new(NULL, "mailgum", NULL, NULL, 0, &policy, &error),
        BOUNCE_E_ARG);
    assert_string_equal(error.msg, "there is no preset mailgum");
}

static void test_no_memory(void **state)
{
    static const char own[] = "Policy: own\n\nEntry: mailbox_full\nSays: a\n b";
    enum bounce_err err = BOUNCE_E_NOMEM;

    (void)state;
    for (size_t n = 0; err != BOUNCE_OK; n++) {
        struct failing_alloc failing;
        struct bounce_options options;
        struct bounce_policy *policy;

        failing_alloc_init(&failing, n);
        bounce_options_init(&options, sizeof(options));
        options.allocator = failing.allocator;
        err = bounce_policy_new(&options, "strict", "own", own, sizeof(own) - 1,
                                &policy, NULL);
        assert_true(err == BOUNCE_OK || err == BOUNCE_E_NOMEM);
        bounce_policy_free(policy);
        assert_int_equal(failing.held, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mailgun),
        cmocka_unit_test(test_marketo),
        cmocka_unit_test(test_mailchimp),
        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_counted_keeps_the_first),
        cmocka_unit_test(test_holds),
        cmocka_unit_test(test_hold_by_hand),
        cmocka_unit_test(test_breakers),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_no_preset),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
