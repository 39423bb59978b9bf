/* SPDX-License-Identifier: MIT
 * The built-in knowledge, walked from end to end: nothing lacks its
 * explanation, every foreign label has its way in and every category its way
 * out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/stanza.h"
#include "bounce.h"
#include "classify/knowledge.h"

static struct bounce_engine *engine;

static int set_up(void **state)
{
    (void)state;
    return bounce_engine_new(NULL, &engine) != BOUNCE_OK;
}

static int tear_down(void **state)
{
    (void)state;
    bounce_engine_free(engine);
    return 0;
}

/* A sentence: not empty, and no leftover of a table. */
static bool is_said(struct bounce_slice s)
{
    return s.len >= 3 && !slice_eq(s, SLICE("TODO"));
}

static void test_categories(void **state)
{
    size_t n = 0;
    const struct bounce_category *c;

    (void)state;
    for (; (c = bounce_category_at(engine, n)) != NULL; n++) {
        if (!is_said(c->name) || !is_said(c->meaning) || !is_said(c->remedy) ||
            !is_said(c->action_text) || !is_said(c->scope) ||
            bounce_class_name(c->cls) == NULL)
            fail_msg("category %.*s lacks something", SLICE_ARG(c->id));
        if (bounce_category_find(engine, c->id) != c)
            fail_msg("category %.*s stands twice", SLICE_ARG(c->id));
    }
    assert_int_equal(n, 46);
}

/* Every category has its advice; faults of the sender are never hard. */
static void test_advice(void **state)
{
    static const char *const senders[] = {
        "rate_limited",      "ip_blocklisted", "bad_reputation",
        "spam_detected",     "spam_link",      "policy_rejected",
        "auth_failure",      "rdns_helo",      "sender_rejected",
        "message_malformed", "relay_denied",   "credentials_required",
        "protocol_error",    "tls_failure"};

    (void)state;
    for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
        const struct bounce_category *c =
            bounce_category_find(engine, slice_cstr(senders[i]));

        if (c == NULL || c->cls == BOUNCE_CLASS_HARD ||
            c->action == BOUNCE_DO_SUPPRESS)
            fail_msg("%s would give an address up", senders[i]);
    }
}

static void test_codes(void **state)
{
    size_t n = 0, statuses = 0, replies = 0, services = 0;
    struct bounce_code code;

    (void)state;
    for (; bounce_code_at(engine, n, &code); n++) {
        bool service = code.service.ptr != NULL;

        statuses += !service && slice_starts(code.code, SLICE("X."));
        replies += !service && code.code.len == 3;
        services += service;
        if (!is_said(code.meaning) || !is_said(code.remedy) ||
            (!service && (!is_said(code.title) || !is_said(code.cause) ||
                          !is_said(code.reference))))
            fail_msg("code %.*s %.*s lacks something", SLICE_ARG(code.service),
                     SLICE_ARG(code.code));
        if (code.category.ptr != NULL &&
            bounce_category_find(engine, code.category) == NULL)
            fail_msg("code %.*s has no category", SLICE_ARG(code.code));
    }
    /* The IANA registry had 72 enhanced codes when this was written. */
    assert_true(statuses >= 72);
    assert_true(replies >= 70);
    assert_true(services >= 15);
}

/* DESIGN: these decide nothing alone. */
static void test_codes_that_say_nothing(void **state)
{
    static const char *const texts[] = {"5.7.1",     "5.5.0",     "5.0.0",
                                        "4.7.1",     "5.3.0",     "550",
                                        "554",       "550 5.7.1", "554 5.7.1",
                                        "550 5.0.0", "550 5.5.0", "551 5.7.1"};
    struct bounce_reader *reader;

    (void)state;
    assert_int_equal(bounce_reader_new(engine, &reader), BOUNCE_OK);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct bounce_reply reply = {.size = sizeof(reply)};
        const struct bounce_result *result;
        const struct bounce_event *event;

        reply.text = slice_cstr(texts[i]);
        assert_int_equal(bounce_classify(reader, &reply, &result, NULL),
                         BOUNCE_OK);
        event = bounce_result_event(result, 0);
        if (!slice_eq(event->category, SLICE("undetermined")) ||
            event->confidence > 0.5)
            fail_msg("%s: %.*s, %.2f", texts[i], SLICE_ARG(event->category),
                     event->confidence);
    }
    bounce_reader_free(reader);
}

/* Codes alone stay doubtful, whatever they say. */
static void test_codes_alone_are_doubtful(void **state)
{
    struct bounce_reader *reader;
    struct bounce_code code;

    (void)state;
    assert_int_equal(bounce_reader_new(engine, &reader), BOUNCE_OK);
    for (size_t i = 0; bounce_code_at(engine, i, &code); i++) {
        struct bounce_reply reply = {.size = sizeof(reply)};
        const struct bounce_result *result;
        char text[32];

        if (code.service.ptr != NULL)
            continue;
        snprintf(text, sizeof(text), "%s%.*s",
                 slice_starts(code.code, SLICE("X.")) ? "5" : "",
                 SLICE_ARG(slice_from(
                     code.code, slice_starts(code.code, SLICE("X.")) ? 1 : 0)));
        reply.text = slice_cstr(text);
        assert_int_equal(bounce_classify(reader, &reply, &result, NULL),
                         BOUNCE_OK);
        if (bounce_result_event(result, 0)->kind != BOUNCE_KIND_DELIVERY &&
            bounce_result_event(result, 0)->confidence >= 0.9)
            fail_msg("%s alone is too sure", text);
    }
    bounce_reader_free(reader);
}

static void test_labels_out(void **state)
{
    const char *taxonomy;
    size_t n = 0;

    (void)state;
    for (; (taxonomy = bounce_taxonomy(engine, n)) != NULL; n++) {
        const struct bounce_category *c;

        for (size_t i = 0; (c = bounce_category_at(engine, i)) != NULL; i++) {
            struct bounce_event event = {.category = c->id, .cls = c->cls};
            struct bounce_label label;

            if (!bounce_label(engine, slice_cstr(taxonomy), &event, &label) ||
                label.label.len == 0)
                fail_msg("%s has no label for %.*s", taxonomy,
                         SLICE_ARG(c->id));
        }
    }
    assert_true(n >= 23);
}

static void test_each_category_once_in_each_taxonomy(void **state)
{
    const struct tables *t = &tables_builtin;

    (void)state;
    for (size_t i = 0; i < t->taxonomies_count; i++) {
        const struct tab_span labels = t->taxonomies[i].labels;
        size_t count = 0;

        for (uint32_t j = 0; j < labels.count; j++)
            count += t->labels[labels.at + j].categories.count;
        if (count != 46)
            fail_msg("%.*s: %zu of 46 categories",
                     SLICE_ARG(tab_slice(t, t->taxonomies[i].id)), count);
    }
}

static void test_labels_in(void **state)
{
    const struct tables *t = &tables_builtin;

    (void)state;
    for (size_t i = 0; i < t->taxonomies_count; i++) {
        struct bounce_slice id = tab_slice(t, t->taxonomies[i].id);

        for (uint32_t j = 0; j < t->taxonomies[i].labels.count; j++) {
            const struct tab_label *label =
                &t->labels[t->taxonomies[i].labels.at + j];
            struct bounce_slice category;

            if (!bounce_label_category(engine, id, tab_slice(t, label->label),
                                       &category, NULL) ||
                bounce_category_find(engine, category) == NULL)
                fail_msg("%.*s: %.*s means nothing", SLICE_ARG(id),
                         SLICE_ARG(tab_slice(t, label->label)));
            if (!is_said(tab_slice(t, label->meaning)))
                fail_msg("%.*s: %.*s has no meaning", SLICE_ARG(id),
                         SLICE_ARG(tab_slice(t, label->label)));
        }
    }
}

/* What a Label-When names must be there. */
static void test_label_cases(void **state)
{
    const struct tables *t = &tables_builtin;

    (void)state;
    for (size_t i = 0; i < t->label_cases_count; i++) {
        struct bounce_slice category;

        if (!bounce_label_category(
                engine, tab_slice(t, t->label_cases[i].taxonomy),
                tab_slice(t, t->label_cases[i].label), &category, NULL))
            fail_msg("Label-When %.*s %.*s: no such label",
                     SLICE_ARG(tab_slice(t, t->label_cases[i].taxonomy)),
                     SLICE_ARG(tab_slice(t, t->label_cases[i].label)));
    }
}

/* The labels that customers know by number. */
static void test_known_labels(void **state)
{
    static const struct {
        const char *taxonomy, *category, *label, *code, *cls;
    } rows[] = {
        {"sparkpost", "user_unknown", "Invalid Recipient", "10", NULL},
        {"marketo", "mailbox_full", NULL, "3", NULL},
        {"classic", "user_unknown", "Invalid Recipient", NULL, "Hard"},
        {"classic", "mailbox_full", "Mailbox Full", NULL, "Soft"},
        {"classic", "ip_blocklisted", "Spam Block", NULL, "Block"},
        {"classic", "undetermined", "Undetermined", NULL, "Undetermined"},
        {"mailgun", "suppressed", NULL, "605", NULL},
        {"sisimai", "user_unknown", "userunknown", NULL, "hard"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bounce_event event = {.category = slice_cstr(rows[i].category)};
        struct bounce_label got;

        assert_true(
            bounce_label(engine, slice_cstr(rows[i].taxonomy), &event, &got));
        if ((rows[i].label != NULL &&
             !slice_eq(got.label, slice_cstr(rows[i].label))) ||
            (rows[i].code != NULL &&
             !slice_eq(got.code, slice_cstr(rows[i].code))) ||
            (rows[i].cls != NULL &&
             !slice_eq_nocase(got.cls, slice_cstr(rows[i].cls))))
            fail_msg("%s %s: got %.*s %.*s %.*s", rows[i].taxonomy,
                     rows[i].category, SLICE_ARG(got.label),
                     SLICE_ARG(got.code), SLICE_ARG(got.cls));
    }
}

static void test_rules_have_examples(void **state)
{
    struct bounce_rule rule;

    (void)state;
    for (size_t i = 0; bounce_rule_at(engine, i, &rule); i++) {
        struct bounce_slice a = bounce_rule_example(engine, i, 0);
        struct bounce_slice b = bounce_rule_example(engine, i, 1);

        if (a.ptr == NULL || b.ptr == NULL || slice_eq_nocase(a, b))
            fail_msg("%.*s:%u: %.*s lacks two differing examples",
                     SLICE_ARG(rule.origin), rule.line, SLICE_ARG(rule.id));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_categories),
        cmocka_unit_test(test_advice),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_codes_that_say_nothing),
        cmocka_unit_test(test_codes_alone_are_doubtful),
        cmocka_unit_test(test_labels_out),
        cmocka_unit_test(test_each_category_once_in_each_taxonomy),
        cmocka_unit_test(test_labels_in),
        cmocka_unit_test(test_label_cases),
        cmocka_unit_test(test_known_labels),
        cmocka_unit_test(test_rules_have_examples),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
