/* SPDX-License-Identifier: MIT
 * Each category by the default policy, as data/categories words it: a script
 * of failures, and what then holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "policy_fixture.h"

/* A script is a list of what happens and at which hour:
 *     p90@0   final failure, permanent, confidence 0.90
 *     t@24    final failure, temporary
 *     l@0     delay
 *     d@48    delivery
 * with, in front of it, "c" our own DNS check finds no mail host, "s" the
 * event has a scope, "v" the domain had a delivery in that hour. */
struct row {
    const char *category, *script;
    /* standing, +hours until it ends, "in scope", holds of the last event */
    const char *want;
};

static const struct row rows[] = {
    {"user_unknown", "p90@0", "suppressed"},
    {"user_unknown", "p89@0", "active"},
    {"user_unknown", "p89@0 p89@1", "active"},
    {"user_unknown", "p89@0 p89@24", "suppressed"},
    {"user_unknown", "p89@0 d@12 p89@24", "active"},
    {"user_unknown", "p89@0 p89@4344", "active"}, /* forgotten */
    {"user_unknown", "t@0 t@24 t@48", "active"},
    {"user_unknown", "t@0 t@24 t@168", "suppressed"},
    {"user_unknown", "t@0 t@168", "active"},
    {"user_unknown", "p95@0 d@1", "suppressed"}, /* no delivery lifts it */
    {"user_unknown", "l@0 l@24 l@300", "active"},
    {"address_syntax", "p90@0", "suppressed"},
    {"address_syntax", "p50@0 t@30", "suppressed"},
    {"domain_unknown", "p99@0", "active"},
    {"domain_unknown", "p99@20 p99@30", "active"}, /* 2 days, but 10 hours */
    {"domain_unknown", "p99@20 p99@44", "suppressed"},
    {"domain_unknown", "cp99@0", "suppressed"},
    {"domain_no_mail", "p90@0", "suppressed"},
    {"domain_no_mail", "t@0 t@24", "suppressed"},
    {"mailbox_disabled", "p90@0", "suppressed +4320"},
    {"mailbox_disabled", "p60@0 p60@24", "suppressed +4320"},
    {"mailbox_disabled", "p90@0 l@4320", "active"}, /* ended */
    {"mailbox_moved", "p10@0", "suppressed"},
    {"recipient_unidentified", "p99@0", "active review"},
    {"mailbox_full", "t@0 t@1 t@2 t@3 t@336", "suppressed +2160"},
    {"mailbox_full", "t@0 t@1 t@2 t@3 t@335", "active"},
    {"mailbox_full", "t@0 t@1 t@2 t@336", "active"},
    {"mailbox_full", "t@0 t@1 t@2 t@3 d@4 t@336", "active"},
    {"mailbox_full", "l@0 l@1 l@2 l@3 l@336", "active"},
    {"mailbox_unavailable", "t@0 t@1 t@2 t@3 t@504", "suppressed +2160"},
    {"mailbox_unavailable", "t@0 t@1 t@2 t@3 t@503", "active"},
    {"expired", "t@0 t@1 t@2 t@3 t@504", "suppressed +2160"},
    {"expired", "p99@0 p99@1 p99@2 p99@504", "active"},
    {"recipient_rate", "t@0", "suspended +1"},
    {"recipient_rate", "t@0 t@1", "suspended +2"},
    {"recipient_rate", "t@0 t@1 t@3", "suspended +4"},
    {"recipient_rate", "t@0 t@1 d@2", "active"},
    {"recipient_restricted", "sp99@0 sp99@1", "active"},
    {"recipient_restricted", "sp99@0 sp99@1 sp99@2", "suppressed in scope"},
    {"recipient_restricted", "p99@0 p99@1 p99@2", "suppressed"},
    {"message_too_large", "p99@0", "active"},
    {"rate_limited", "l@0", "active hold google/192.0.2.1 +0.25"},
    {"rate_limited", "t@0 t@1 t@2", "active hold google/192.0.2.1 +0.25"},
    {"too_many_recipients", "t@0", "active"},
    {"greylisted", "t@0 t@400 t@800", "active"},
    {"system_error", "t@0", "active hold gmail.com +0.25"},
    {"system_error", "t@0 t@24 t@336", "suppressed +720 hold gmail.com +0.25"},
    {"system_error", "t@0 vt@24 t@335", "active hold gmail.com +0.25"},
    {"system_error", "t@0 t@24 vt@336", "active hold gmail.com +0.25"},
    {"connection_failed", "t@0 t@24 t@336",
     "suppressed +720 hold gmail.com +0.25"},
    {"routing_error", "p99@0 p99@24 p99@336",
     "suppressed +720 hold gmail.com +0.25"},
    {"dns_failure", "t@0 t@24 t@336", "active hold gmail.com +0.5"},
    {"dns_failure", "t@0 t@24 ct@336", "suppressed +720 hold gmail.com +0.5"},
    {"system_full", "t@0 t@24 t@336", "active hold gmail.com +1"},
    {"system_unavailable", "t@0 t@24 t@336", "active hold gmail.com +0.25"},
    {"protocol_error", "p99@0", "active alert"},
    {"tls_failure", "p99@0", "active alert hold gmail.com +0.5"},
    {"credentials_required", "p99@0", "active alert hold 192.0.2.1"},
    {"relay_denied", "p99@0", "active alert hold gmail.com"},
    {"ip_blocklisted", "p99@0", "active alert hold google/192.0.2.1 +24"},
    {"bad_reputation", "p99@0", "active hold google/192.0.2.1/news.example +4"},
    {"spam_detected", "p99@0", "active hold google/spring by hand"},
    {"spam_link", "p99@0", "active hold spring by hand"},
    {"policy_rejected", "p99@0", "active alert hold google/news.example"},
    {"attachment_prohibited", "p99@0", "active"},
    {"virus_detected", "p99@0", "active alert hold spring by hand"},
    {"auth_failure", "p99@0", "active alert hold google/news.example"},
    {"rdns_helo", "p99@0", "active alert hold google/192.0.2.1"},
    {"sender_rejected", "p99@0", "active alert hold google/news.example"},
    {"message_malformed", "p99@0", "active"},
    {"message_crypto", "p99@0", "active"},
    {"suppressed", "p99@0", "active review"}, /* nobody says for what */
    {"undetermined", "p40@0", "suspended +168"},
    {"undetermined", "p40@0 p40@100", "suspended +68"},
    {"undetermined", "p40@0 p40@168", "suspended +720"},
    {"undetermined", "p40@0 p40@168 p40@888", "suspended +720"},
    {"undetermined", "t@0 t@24 t@336", "active"},
    {"undetermined", "p40@0 d@1", "active"},
    {"complaint", "p99@0", "suppressed"},
    {"complaint", "p99@0 d@1", "suppressed"},
    {"complaint", "sp99@0", "suppressed"}, /* everywhere */
    {"unsubscribe", "sp99@0", "suppressed in scope"},
    {"unsubscribe", "p99@0", "suppressed"},
    {"auto_reply", "p99@0", "active"},
    {"challenge_response", "p99@0", "active"},
    {"delayed", "l@0", "active"},
    {"delivered", "d@0", "active"},
};

struct story {
    struct bounce_policy *policy;
    struct bounce_state store, scope;
    struct bounce_decision decision;
    int64_t now;
};

static void play(struct story *story, const char *category, const char *step,
                 unsigned number)
{
    struct bounce_policy_input input;
    bool scoped = false;
    char id[16];

    snprintf(id, sizeof(id), "event-%u", number);
    input = verdict_make(category, 0, id);
    for (; strchr("csv", *step) != NULL; step++) {
        if (*step == 'c')
            input.dns_domain = 0;
        scoped |= *step == 's';
        if (*step == 'v')
            input.domain_delivered_at = START_S + 24 * HOUR_S;
    }
    if (*step == 'p') {
        input.confidence = (double)strtol(step + 1, NULL, 10) / 100.0;
    } else {
        input.permanent = 0;
        input.kind = *step == 'l'   ? BOUNCE_KIND_DELAY
                     : *step == 'd' ? BOUNCE_KIND_DELIVERY
                                    : BOUNCE_KIND_BOUNCE;
    }
    story->now = START_S + strtol(strchr(step, '@') + 1, NULL, 10) * HOUR_S;
    input.now = story->now;
    story->decision = policy_judge(story->policy, &input, &story->store,
                                   scoped ? &story->scope : NULL);
}

static void add_hours(char *out, size_t size, int64_t seconds)
{
    size_t len = strlen(out);

    snprintf(out + len, size - len, " +%g", (double)seconds / (double)HOUR_S);
}

static void add_hold(char *out, size_t size,
                     const struct bounce_hold_request *hold)
{
    const struct bounce_hold_key *k = &hold->key;
    const char *const parts[] = {k->provider, k->domain, k->ip,
                                 k->sender_domain, k->campaign};
    const char *before = " hold ";

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t len = strlen(out);

        if (parts[i][0] == '\0')
            continue;
        snprintf(out + len, size - len, "%s%s", before, parts[i]);
        before = "/";
    }
    if (hold->base_s >= 0)
        add_hours(out, size, hold->base_s);
    if (hold->by_hand)
        strncat(out, " by hand", size - strlen(out) - 1);
}

static void describe(const struct story *story, char *out, size_t size)
{
    struct bounce_answer answer;
    enum bounce_standing standing;

    bounce_policy_check(story->policy, &story->store, &story->scope, NULL, 0,
                        NULL, story->now, &answer);
    standing = answer.may == BOUNCE_SEND    ? BOUNCE_ACTIVE
               : answer.may == BOUNCE_LATER ? BOUNCE_SUSPENDED
                                            : BOUNCE_SUPPRESSED;
    snprintf(out, size, "%s", bounce_standing_name(standing));
    if (standing != BOUNCE_ACTIVE && answer.until != BOUNCE_NO_TIME)
        add_hours(out, size, answer.until - story->now);
    if (answer.in_scope)
        strncat(out, " in scope", size - strlen(out) - 1);
    if (story->decision.alert)
        strncat(out, " alert", size - strlen(out) - 1);
    if (story->decision.review)
        strncat(out, " review", size - strlen(out) - 1);
    if (story->decision.wants_hold)
        add_hold(out, size, &story->decision.hold);
}

static void play_row(struct bounce_policy *policy, const struct row *row,
                     char *out, size_t size)
{
    struct story story = {.policy = policy};
    char script[128], *rest = script, *step;
    unsigned number = 0;

    bounce_state_init(&story.store);
    bounce_state_init(&story.scope);
    snprintf(script, sizeof(script), "%s", row->script);
    while ((step = strtok_r(rest, " ", &rest)) != NULL)
        play(&story, row->category, step, number++);
    describe(&story, out, size);
}

static void test_rows(void **state)
{
    struct bounce_policy *policy = policy_make(NULL, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char got[256];

        play_row(policy, &rows[i], got, sizeof(got));
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s, %s: %s, not %s", rows[i].category, rows[i].script,
                     got, rows[i].want);
    }
    bounce_policy_free(policy);
}

/* Every category has its entry and its row; entries do as the categories say,
 * those that are told never to suppress cannot, under any preset. */
static void test_all_categories(void **state)
{
    const struct bounce_category *category;
    struct bounce_engine *engine;

    (void)state;
    assert_int_equal(bounce_engine_new(NULL, &engine), BOUNCE_OK);
    for (size_t p = 0; bounce_policy_preset(p) != NULL; p++) {
        struct bounce_policy *policy = policy_make(bounce_policy_preset(p), "");
        size_t count = 0;

        for (size_t i = 0; (category = bounce_category_at(engine, i)) != NULL;
             i++) {
            struct bounce_policy_entry entry = {0};
            bool has_row = false;

            for (size_t j = 0; bounce_policy_entry_at(policy, j, &entry); j++) {
                if (slice_eq(entry.category, category->id))
                    break;
            }
            assert_true(slice_eq(entry.category, category->id));
            assert_true(entry.says.len > 0);
            if (slice_starts(category->action_text, SLICE("never")))
                assert_true(entry.never_suppresses);
            for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++)
                has_row |= slice_eq(slice_cstr(rows[j].category), category->id);
            assert_true(has_row);
            count++;
        }
        assert_false(bounce_policy_entry_at(policy, count,
                                            &(struct bounce_policy_entry){0}));
        bounce_policy_free(policy);
    }
    bounce_engine_free(engine);
}

static void test_suppressed_for(void **state)
{
    static const struct {
        const char *cause;
        enum bounce_slot slot;
        bool in_scope;
    } causes[] = {
        {"bounce", BOUNCE_SLOT_HARD, false},
        {"complaint", BOUNCE_SLOT_COMPLAINT, false},
        {"unsubscribe", BOUNCE_SLOT_UNSUBSCRIBE, true},
    };
    struct bounce_policy *policy = policy_make(NULL, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        struct bounce_policy_input input =
            verdict_make("suppressed", START_S, "e");
        struct bounce_state store, scope;
        struct bounce_decision decision;

        bounce_state_init(&store);
        bounce_state_init(&scope);
        input.suppressed_for = slice_cstr(causes[i].cause);
        decision = policy_judge(policy, &input, &store, &scope);
        assert_int_equal(decision.outcome, BOUNCE_OUTCOME_SUPPRESSED);
        assert_int_equal(decision.in_scope, causes[i].in_scope);
        assert_int_not_equal((causes[i].in_scope ? &scope : &store)
                                 ->causes[causes[i].slot]
                                 .since,
                             BOUNCE_NO_TIME);
    }
    bounce_policy_free(policy);
}

/* Where nothing fits, the service's own class serves. */
static void test_service_class(void **state)
{
    struct bounce_policy *policy = policy_make(NULL, NULL);
    struct bounce_policy_input input =
        verdict_make("undetermined", START_S, "one");
    struct bounce_state store;

    (void)state;
    bounce_state_init(&store);
    input.service_class = BOUNCE_CLASS_SOFT;
    assert_string_equal(policy_judge(policy, &input, &store, NULL).reason,
                        "service-class");
    input.service_class = BOUNCE_CLASS_HARD;
    assert_string_equal(policy_judge(policy, &input, &store, NULL).counter,
                        "hard");
    input = verdict_make("undetermined", START_S + DAY_S, "two");
    input.service_class = BOUNCE_CLASS_HARD;
    assert_string_equal(policy_judge(policy, &input, &store, NULL).reason,
                        "enough");
    bounce_policy_free(policy);
}

/* Log line, report and webhook tell of one failure: it counts once, even when
 * a delivery or a release came between. */
static void test_one_failure(void **state)
{
    struct bounce_policy *policy = policy_make(NULL, NULL);
    struct bounce_policy_input input =
        verdict_make("recipient_restricted", START_S, "log");
    struct bounce_state store;
    struct bounce_decision decision;

    (void)state;
    bounce_state_init(&store);
    input.failure = 42;
    assert_int_equal(policy_judge(policy, &input, &store, NULL).count, 1);
    input.event_id = SLICE("report");
    input.now += 60;
    decision = policy_judge(policy, &input, &store, NULL);
    assert_string_equal(decision.reason, "told-before");
    assert_false(decision.changed);
    assert_int_equal(
        bounce_state_count(&store, "refused", 180 * DAY_S, input.now), 1);

    input = verdict_make("user_unknown", START_S + DAY_S, "log-2");
    input.failure = 43;
    assert_int_equal(policy_judge(policy, &input, &store, NULL).outcome,
                     BOUNCE_OUTCOME_SUPPRESSED);
    bounce_state_release(&store, false, "typing error mended", input.now + 5,
                         &decision);
    assert_int_equal(decision.outcome, BOUNCE_OUTCOME_RELEASED);
    input.now += DAY_S;
    input.event_id = SLICE("report-2");
    decision = policy_judge(policy, &input, &store, NULL);
    assert_false(decision.changed);
    assert_int_equal(bounce_state_standing(&store, input.now, NULL),
                     BOUNCE_ACTIVE);
    bounce_policy_free(policy);
}

static void test_require_verified(void **state)
{
    struct bounce_policy *policy =
        policy_make(NULL, "Policy: own\nRequire-Verified: yes\n");
    struct bounce_policy_input input =
        verdict_make("complaint", START_S, "forged");
    struct bounce_state store;
    struct bounce_decision decision;

    (void)state;
    bounce_state_init(&store);
    input.kind = BOUNCE_KIND_FEEDBACK;
    for (input.verified = -1; input.verified <= 0; input.verified++) {
        decision = policy_judge(policy, &input, &store, NULL);
        assert_string_equal(decision.reason, "unverified");
        assert_false(decision.changed);
    }
    assert_true(policy_judge(policy, &input, &store, NULL).changed);
    bounce_policy_free(policy);
}

static void test_time_out_of_range(void **state)
{
    struct bounce_policy *policy = policy_make(NULL, NULL);
    struct bounce_policy_input input = verdict_make("user_unknown", -1, "e");
    struct bounce_state store;
    struct bounce_decision decision;

    (void)state;
    bounce_state_init(&store);
    assert_int_equal(
        bounce_policy_apply(policy, &input, &store, NULL, &decision),
        BOUNCE_E_ARG);
    input.now = INT64_MAX;
    assert_int_equal(
        bounce_policy_apply(policy, &input, &store, NULL, &decision),
        BOUNCE_E_ARG);
    assert_int_equal(bounce_state_standing(&store, 0, NULL), BOUNCE_ACTIVE);
    bounce_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_all_categories),
        cmocka_unit_test(test_suppressed_for),
        cmocka_unit_test(test_service_class),
        cmocka_unit_test(test_one_failure),
        cmocka_unit_test(test_require_verified),
        cmocka_unit_test(test_time_out_of_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
