/* SPDX-License-Identifier: MIT
 * The language of rules: what phrases match, which rule wins, what is refused.
 * Each row makes an engine with a few rules of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/stanza.h"
#include "bounce.h"
#include "failing_alloc.h"

/* Two rules that no row means must not speak: nonsense words keep the
 * built-in knowledge out of the way. */
#define RULE(id, fields)                                                       \
    "Rule: t." id "\nCategory: policy_rejected\nExample: 550 x\n" fields "\n"  \
    "\n"

static struct bounce_engine *make_engine(const char *rules,
                                         struct bounce_error *error)
{
    struct bounce_engine *engine;

    assert_int_equal(bounce_engine_new(NULL, &engine), BOUNCE_OK);
    assert_int_equal(
        bounce_engine_add_rules(engine, "own", rules, strlen(rules)),
        BOUNCE_OK);
    if (bounce_engine_seal(engine, error) != BOUNCE_OK) {
        bounce_engine_free(engine);
        return NULL;
    }
    return engine;
}

/* The id of the rule that decided; "" when none did. */
static void decide(const char *rules, const char *text, const char *host,
                   const char *service, char *id, size_t size)
{
    struct bounce_error error;
    struct bounce_engine *engine = make_engine(rules, &error);
    struct bounce_reader *reader;
    struct bounce_reply reply = {.size = sizeof(reply)};
    const struct bounce_result *result;
    const struct bounce_event *event;

    if (engine == NULL)
        fail_msg("%s", error.msg);
    assert_int_equal(bounce_reader_new(engine, &reader), BOUNCE_OK);
    reply.text = slice_cstr(text);
    reply.host = slice_cstr(host);
    reply.service = slice_cstr(service);
    assert_int_equal(bounce_classify(reader, &reply, &result, NULL), BOUNCE_OK);
    event = bounce_result_event(result, 0);
    snprintf(id, size, "%.*s",
             event->evidence_by == BOUNCE_EVIDENCE_RULE ||
                     event->evidence_by == BOUNCE_EVIDENCE_BLOCK_LIST
                 ? (int)event->evidence_rule.len
                 : 0,
             event->evidence_rule.ptr != NULL ? event->evidence_rule.ptr : "");
    bounce_reader_free(reader);
    bounce_engine_free(engine);
}

struct phrase_row {
    const char *label, *fields, *text;
    bool hit;
};

static const struct phrase_row phrase_rows[] = {
    {"plain", "Phrase: zorg blat", "550 Zorg  BLAT!", true},
    {"word edge left", "Phrase: zorg", "550 azorg", false},
    {"word edge right", "Phrase: zorg", "550 zorgs", false},
    {"edge lifted left", "Phrase: ~zorg", "550 azorg", true},
    {"edge lifted right", "Phrase: zorg~", "550 zorgs", true},
    {"digit is a word", "Phrase: zorg", "550 zorg7", false},
    {"punctuation is an edge", "Phrase: zorg", "550 (zorg)", true},
    {"no edge in Japanese", "Phrase: \xE5\xAE\x9B\xE5\x85\x88",
     "550 \xE3\x81\x82\xE5\xAE\x9B\xE5\x85\x88\xE3\x81\x8C", true},
    {"edge in Cyrillic", "Phrase: \xD0\xBD\xD0\xB5\xD1\x82",
     "550 \xD0\xBE\xD0\xBD\xD0\xB5\xD1\x82", false},
    {"accents in phrase and text", "Phrase: z\xC3\xB6rg blat",
     "550 z\xC3\xB3rg blat", true},
    {"alternatives 1", "Phrase: zorg (blat|quux)", "550 zorg blat", true},
    {"alternatives 2", "Phrase: zorg (blat|quux)", "550 zorg quux", true},
    {"alternatives no", "Phrase: zorg (blat|quux)", "550 zorg blub", false},
    {"longest alternative", "Phrase: zorg (is|is not) blat$",
     "550 zorg is not blat", true},
    {"nested alternatives", "Phrase: zorg (a(b|c)|d)", "550 zorg ac", true},
    {"optional given", "Phrase: zorg (very |)blat", "550 zorg very blat", true},
    {"optional left out", "Phrase: zorg (very |)blat", "550 zorg blat", true},
    {"optional between blanks", "Phrase: zorg (very|) blat", "550 zorg blat",
     true},
    {"optional at the end", "Phrase: zorgblat (very|)", "550 zorgblat", true},
    {"optional in front", "Phrase: (the |)zorgblat", "550 zorgblat", true},
    {"optional before a gap, left out", "Phrase: (quux|) _ zorgblat",
     "550 zorgblat", true},
    {"optional before a gap, given", "Phrase: (quux|) _ zorgblat",
     "550 quux or zorgblat", true},
    {"optional behind a gap, left out", "Phrase: zorgblat _ (quux|)",
     "550 zorgblat", true},
    {"optional between gaps, left out", "Phrase: zorg _ (quux|) _ blat",
     "550 zorg or blat", true},
    {"optional alone", "Phrase: (zorgblat|)", "550 zorgblat", true},
    {"optional alone says nothing when left out", "Phrase: (zorgblat|)",
     "550 x", false},
    {"part of a word", "Phrase: zorg (un|)known", "550 zorg unknown", true},
    {"set", "Phrase: zorg <tools>", "550 zorg hammer", true},
    {"set, two words", "Phrase: zorg <tools>", "550 zorg long saw", true},
    {"set, not a member", "Phrase: zorg <tools>", "550 zorg long", false},
    {"set before set", "Phrase: <tools> <tools>", "550 hammer long saw", true},
    {"set first", "Phrase: <tools> zorg", "550 long saw zorg", true},
    {"short gap, nothing", "Phrase: zorg _ blat", "550 zorg blat", true},
    {"short gap, words", "Phrase: zorg _ blat", "550 zorg is a blat", true},
    {"short gap, 41 bytes", "Phrase: zorg _ blat",
     "550 zorg 123456789012345678901234567890123456789 blat", false},
    {"short gap, 40 bytes", "Phrase: zorg _ blat",
     "550 zorg 12345678901234567890123456789012345678 blat", true},
    {"long gap", "Phrase: zorg * blat",
     "550 zorg 12345678901234567890123456789012345678901234567890 blat", true},
    {"gap ends between words", "Phrase: zorg _ blat", "550 zorg is ablat",
     false},
    {"gap begins between words", "Phrase: zorg _ blat", "550 zorgs blat",
     false},
    {"gap needs the order", "Phrase: zorg _ blat", "550 blat zorg", false},
    {"short gap ends with the sentence", "Phrase: zorg _ blat",
     "550 zorg is. Blat is not", false},
    {"... also backwards", "Phrase: the _ zorgblatquux",
     "550 the is. A zorgblatquux", false},
    {"a dot inside is no end", "Phrase: zorg _ blat", "550 zorg a.b blat",
     true},
    {"long gap crosses sentences", "Phrase: zorg * blat",
     "550 zorg is. Blat is not", true},
    {"no gap from the wrapper into the reply", "Phrase: said _ zorg",
     "host mx.example.org[192.0.2.1] said: 550 zorg", false},
    {"two gaps", "Phrase: zorg _ blat _ quux", "550 zorg a blat b quux", true},
    {"gap backwards from the anchor", "Phrase: the _ zorgblatquux",
     "550 the big zorgblatquux", true},
    {"start", "Phrase: ^ zorg", "550 5.7.1 zorg blat", true},
    {"not at the start", "Phrase: ^ zorg", "550 5.7.1 blat zorg", false},
    {"end", "Phrase: zorg $", "550 blat zorg", true},
    {"end, full stop", "Phrase: zorg $", "550 blat zorg.", true},
    {"not at the end", "Phrase: zorg $", "550 zorg blat", false},
    {"number", "Phrase: zorg {n} blat", "550 zorg 123 blat", true},
    {"number, none", "Phrase: zorg {n} blat", "550 zorg x blat", false},
    {"letters before a number", "Phrase: zq{n}", "550 x (ZQ17)", true},
    {"word and sign", "Phrase: zq:~", "550 x (ZQ:17)", true},
    {"word and sign, no edge", "Phrase: zq:~", "550 xzq:17", false},
    {"21 digits", "Phrase: zorg {n} blat",
     "550 zorg 123456789012345678901 blat", false},
    {"IPv4", "Phrase: zorg {ip}", "550 zorg 192.0.2.1", true},
    {"IPv6", "Phrase: zorg {ip}", "550 zorg 2001:db8::1", true},
    {"IP, none", "Phrase: zorg {ip}", "550 zorg 1.2", false},
    {"IP backwards", "Phrase: {ip} zorgblat", "550 192.0.2.1 zorgblat", true},
    {"address", "Phrase: zorg {addr}", "550 zorg <a@example.org>", true},
    {"address, none", "Phrase: zorg {addr}", "550 zorg a", false},
    {"escaped bracket", "Phrase: zorg \\(blat\\)", "550 zorg (blat)", true},
    {"escaped <", "Phrase: zorg \\<blat", "550 zorg <blat", true},
    {"escaped tilde", "Phrase: zorg\\~", "550 zorg~", true},
    {"short word", "Phrase: zqx", "550 is zqx here", true},
    {"short word inside another", "Phrase: zqx", "550 azqx", false},
    {"second of two phrases", "Phrase: zorg\nPhrase: blat", "550 blat", true},
    {"Not keeps away", "Phrase: zorg\nNot: blat", "550 zorg blat", false},
    {"Not matches stems", "Phrase: zorg\nNot: blat", "550 zorg blatant", false},
    {"Not begins at a word", "Phrase: zorg\nNot: blat", "550 zorg ablat", true},
    {"Not of three letters is a word", "Phrase: zorg\nNot: zqx",
     "550 zorg zqxy", true},
    {"Not outside the reply does not count", "Phrase: zorg\nNot: mx.example",
     "host mx.example.org[192.0.2.1] said: 550 zorg", true},
    {"Code", "Phrase: zorg\nCode: 551", "551 zorg", true},
    {"Code, another", "Phrase: zorg\nCode: 551", "550 zorg", false},
    {"Code, wildcard", "Phrase: zorg\nCode: 55x", "559 zorg", true},
    {"Code, one of two", "Phrase: zorg\nCode: 551\nCode: 552", "552 zorg",
     true},
    {"status", "Phrase: zorg\nCode: 5.7.99", "550 5.7.99 zorg", true},
    {"status, another", "Phrase: zorg\nCode: 5.7.99", "550 5.7.98 zorg", false},
    {"status, wildcard", "Phrase: zorg\nCode: 5.7.*", "550 5.7.98 zorg", true},
    {"status, range", "Phrase: zorg\nCode: 5.7.9x", "550 5.7.98 zorg", true},
    {"status, out of range", "Phrase: zorg\nCode: 5.7.9x", "550 5.7.9 zorg",
     false},
    {"any class", "Phrase: zorg\nCode: x.7.99", "450 4.7.99 zorg", true},
    {"code and status", "Phrase: zorg\nCode: 550 5.7.99", "550 5.7.99 zorg",
     true},
    {"code and status, one wrong", "Phrase: zorg\nCode: 551 5.7.99",
     "550 5.7.99 zorg", false},
    {"what is not there does not count", "Phrase: zorg\nCode: 551 5.7.99",
     "551 zorg", true},
    {"no code at all", "Phrase: zorg\nCode: 551", "zorg", false},
    {"by code alone, the status is missing", "Code: 550 5.7.998", "550 zorg",
     false},
    {"by code alone", "Code: 550 5.7.998", "550 5.7.998 zorg", true},
    {"Stage", "Phrase: zorg\nStage: rcpt",
     "host mx.example.org[192.0.2.1] said: 550 zorg (in reply to RCPT TO "
     "command)",
     true},
    {"Stage, another", "Phrase: zorg\nStage: data",
     "host mx.example.org[192.0.2.1] said: 550 zorg (in reply to RCPT TO "
     "command)",
     false},
    {"provider by sign", "Phrase: zorg\nWhen-Provider: acme",
     "550 zorg acmewidget", true},
    {"provider by host in the text", "Phrase: zorg\nWhen-Provider: acme",
     "host mx1.acme.example[192.0.2.1] said: 550 zorg", true},
    {"provider, none", "Phrase: zorg\nWhen-Provider: acme", "550 zorg", false},
    {"service", "Phrase: zorg\nWhen-Service: postman", "550 zorg", false},
};

#define COMMON                                                                 \
    "Words: tools = hammer, long saw, saw\n\n"                                 \
    "Provider: acme\nName: Acme\nKind: mailbox\nHost: *.acme.example\n"        \
    "Sign: acmewidget\n\n"

static void test_phrases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(phrase_rows) / sizeof(phrase_rows[0]); i++) {
        const struct phrase_row *row = &phrase_rows[i];
        char rules[2048], id[64];

        snprintf(rules, sizeof(rules), COMMON "%s%s\n",
                 "Rule: t.one\nCategory: policy_rejected\nExample: 550 x\n",
                 row->fields);
        decide(rules, row->text, NULL, NULL, id, sizeof(id));
        if (row->hit != (strcmp(id, "t.one") == 0))
            fail_msg("%s: decided by \"%s\"", row->label, id);
    }
}

struct order_row {
    const char *label, *rules, *text, *want;
};

static const struct order_row order_rows[] = {
    {"more literal bytes",
     RULE("a", "Phrase: zorg") RULE("b", "Phrase: zorg blat"), "550 zorg blat",
     "t.b"},
    {"gaps are not literal",
     RULE("a", "Phrase: zorg _ blat") RULE("b", "Phrase: the zorg and"),
     "550 the zorg and that blat", "t.b"},
    {"provider before general",
     RULE("a", "Phrase: zorg blat quux")
         RULE("b", "Phrase: zorg\nWhen-Provider: acme"),
     "550 zorg blat quux acmewidget", "t.b"},
    {"weak gives way",
     RULE("a", "Phrase: zorg blat\nWeight: weak") RULE("b", "Phrase: quux"),
     "550 zorg blat quux", "t.b"},
    {"weak speaks alone", RULE("a", "Phrase: zorg blat\nWeight: weak"),
     "550 zorg blat", "t.a"},
    {"exact status before code",
     RULE("a", "Phrase: zorg\nCode: 550")
         RULE("b", "Phrase: zorg\nCode: 5.7.99"),
     "550 5.7.99 zorg", "t.b"},
    {"code before wildcard",
     RULE("a", "Phrase: zorg\nCode: 5xx") RULE("b", "Phrase: zorg\nCode: 550"),
     "550 zorg", "t.b"},
    {"wildcard before none",
     RULE("a", "Phrase: zorg") RULE("b", "Phrase: zorg\nCode: 5xx"), "550 zorg",
     "t.b"},
    {"the id breaks ties", RULE("b", "Phrase: zorg") RULE("a", "Phrase: zorg"),
     "550 zorg", "t.a"},
    {"inside the reply before the wrapper",
     RULE("a", "Phrase: zorg blat quux") RULE("b", "Phrase: flub"),
     "zorg blat quux: host mx.example.org[192.0.2.1] said: 550 flub", "t.b"},
    {"behind because before the rest",
     RULE("a", "Phrase: zorg blat quux") RULE("b", "Phrase: flub"),
     "550 zorg blat quux because flub", "t.b"},
    {"the user's before built-in", RULE("a", "Phrase: unknown\nWeight: last"),
     "550 5.1.1 User unknown", "t.a"},
    {"a block list's name before general",
     RULE("a", "Phrase: zorg blat quux") "Blocklist: t-list\nName: T\nSign: "
                                         "bl.example\nExample: 550 x\n\n",
     "550 zorg blat quux bl.example", "t-list"},
};

static void test_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(order_rows) / sizeof(order_rows[0]); i++) {
        const struct order_row *row = &order_rows[i];
        char rules[2048], id[64];

        snprintf(rules, sizeof(rules), COMMON "%s", row->rules);
        decide(rules, row->text, NULL, NULL, id, sizeof(id));
        if (strcmp(id, row->want) != 0)
            fail_msg("%s: decided by \"%s\"", row->label, id);
    }
}

static void test_host_and_service(void **state)
{
    const char *rules = COMMON RULE("h", "Phrase: zorg\nWhen-Provider: acme")
        RULE("s", "Phrase: blat\nWhen-Service: postman");
    char id[64];

    (void)state;
    decide(rules, "550 zorg", "mx.acme.example", NULL, id, sizeof(id));
    assert_string_equal(id, "t.h");
    decide(rules, "550 zorg", "acme.example", NULL, id, sizeof(id));
    assert_string_equal(id, "");
    decide(rules, "550 blat", NULL, "Postman", id, sizeof(id));
    assert_string_equal(id, "t.s");
}

struct error_row {
    const char *label, *rules, *want;
};

static const struct error_row error_rows[] = {
    {"unknown stanza", "Ruel: a\n", "own:1: no stanza begins with 'Ruel'"},
    {"unknown field", RULE("a", "Phrse: b"), "own:4: no field 'Phrse'"},
    {"unknown category", "Rule: a\nCategory: zorg\nPhrase: b\nExample: c\n",
     "own:2: no category 'zorg'"},
    {"no example", "Rule: a\nCategory: expired\nPhrase: b\n",
     "own:1: a lacks 'Example'"},
    {"nothing to look for", "Rule: a\nCategory: expired\nExample: b\n",
     "own:1: a has neither Phrase nor Code"},
    {"twice", RULE("a", "Phrase: b") RULE("a", "Phrase: b"),
     "own:6: Rule t.a stands twice"},
    {"doubled field", RULE("a", "Phrase: b\nWeight: weak\nWeight: weak"),
     "has 'Weight' more than once"},
    {"bad weight", RULE("a", "Phrase: bbbb\nWeight: heavy"),
     "own:5: 'heavy' is no value of Weight"},
    {"bad code", RULE("a", "Phrase: bbbb\nCode: 55"), "is no code or status"},
    {"bad status", RULE("a", "Phrase: bbbb\nCode: 5.1"),
     "is no code or status"},
    {"bad stage", RULE("a", "Phrase: bbbb\nStage: later"), "own:5: 'later'"},
    {"unknown provider", RULE("a", "Phrase: bbbb\nWhen-Provider: zorg"),
     "no provider 'zorg'"},
    {"unknown words", RULE("a", "Phrase: a <zorgs>"), "no such set of Words"},
    {"gap inside alternatives", RULE("a", "Phrase: a (b _ c|d)"),
     "a gap inside alternatives"},
    {"class inside alternatives", RULE("a", "Phrase: a (b|{n} c)"),
     "{n}, {ip} or {addr} inside alternatives"},
    {"open bracket", RULE("a", "Phrase: a (b|c"), "'(' without ')'"},
    {"gap in front", RULE("a", "Phrase:  _ b"), "gap"},
    {"only a gap", RULE("a", "Phrase: {n}"), "no word or text to look for"},
    {"bad class", RULE("a", "Phrase: a {x}"), "'{' begins"},
    {"bad confidence", RULE("a", "Phrase: bbbb\nConfidence: 1.5"),
     "Confidence is 0.01 to 0.99"},
    {"bad id", "Rule: A b\nCategory: expired\nPhrase: x\nExample: y\n",
     "an id has"},
    {"bad host", "Provider: a\nName: A\nKind: mailbox\nHost: a.*.b\n",
     "only '*.' at the front"},
    {"bad kind", "Provider: a\nName: A\nKind: zorg\n", "no value of Kind"},
    {"words without =", "Words: a, b\n", "expected 'Words: name = a, b'"},
    {"no colon", "Rule\n", "own:1: not 'Field: value'"},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(error_rows) / sizeof(error_rows[0]); i++) {
        struct bounce_error error = {0};
        struct bounce_engine *engine = make_engine(error_rows[i].rules, &error);

        if (engine != NULL || error.code != BOUNCE_E_RULES ||
            strstr(error.msg, error_rows[i].want) == NULL)
            fail_msg("%s: got %d \"%s\"", error_rows[i].label, error.code,
                     error.msg);
    }
}

/* A user's phrases may use the sets of words that are built in, and own
 * categories may be made. */
static void test_own_category(void **state)
{
    const char *rules =
        "Category: vip_refused\nName: Refused by a VIP\nClass: block\n"
        "Do: review\nWho: recipient\nMeaning: m\nRemedy: r\n\n"
        "Rule: own.vip\nCategory: vip_refused\nPhrase: zorg <mailbox>\n"
        "Example: 550 zorg mailbox\n";
    struct bounce_error error;
    struct bounce_engine *engine = make_engine(rules, &error);
    const struct bounce_category *category;
    char id[64];

    (void)state;
    assert_non_null(engine);
    category = bounce_category_find(engine, SLICE("vip_refused"));
    assert_non_null(category);
    assert_int_equal(category->cls, BOUNCE_CLASS_BLOCK);
    bounce_engine_free(engine);
    decide(rules, "550 zorg account", NULL, NULL, id, sizeof(id));
    assert_string_equal(id, "own.vip");
}

/* Texts made to be slow must end, and say that they were given up. */
static void test_slow_text(void **state)
{
    const char *rules = RULE("a", "Phrase: zorg * blat * quux * flub");
    struct bounce_error error;
    struct bounce_engine *engine = make_engine(rules, &error);
    struct bounce_reader *reader;
    struct bounce_reply reply = {.size = sizeof(reply)};
    const struct bounce_result *result;
    char text[4096];

    (void)state;
    assert_non_null(engine);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "zorg blat quux "[i % 15];
    assert_int_equal(bounce_reader_new(engine, &reader), BOUNCE_OK);
    reply.text = slice_make(text, sizeof(text));
    assert_int_equal(bounce_classify(reader, &reply, &result, NULL), BOUNCE_OK);
    assert_int_equal(bounce_result_events(result), 1);
    bounce_reader_free(reader);
    bounce_engine_free(engine);
}

static enum bounce_err whole_run(struct failing_alloc *failing)
{
    const char *rules = COMMON RULE("a", "Phrase: zorg (blat|quux) <tools>");
    struct bounce_options options;
    struct bounce_engine *engine = NULL;
    struct bounce_reader *reader = NULL;
    struct bounce_reply reply = {.size = sizeof(reply)};
    const struct bounce_result *result;
    enum bounce_err err;

    bounce_options_init(&options, sizeof(options));
    options.allocator = failing->allocator;
    err = bounce_engine_new(&options, &engine);
    if (err == BOUNCE_OK)
        err = bounce_engine_add_rules(engine, "own", rules, strlen(rules));
    if (err == BOUNCE_OK)
        err = bounce_engine_seal(engine, NULL);
    if (err == BOUNCE_OK)
        err = bounce_reader_new(engine, &reader);
    reply.text = SLICE("host mx.example.org[192.0.2.1] said: 550 zorg blat "
                       "hammer (in reply to RCPT TO command)");
    if (err == BOUNCE_OK)
        err = bounce_classify(reader, &reply, &result, NULL);
    bounce_reader_free(reader);
    bounce_engine_free(engine);
    return err;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    for (size_t n = 0;; n++) {
        struct failing_alloc failing;
        enum bounce_err err;

        failing_alloc_init(&failing, n);
        err = whole_run(&failing);
        assert_int_equal(failing.held, 0);
        if (err == BOUNCE_OK)
            break;
        assert_int_equal(err, BOUNCE_E_NOMEM);
    }
}

static void test_rules_too_large(void **state)
{
    struct bounce_options options;
    struct bounce_engine *engine;

    (void)state;
    bounce_options_init(&options, sizeof(options));
    options.max_rules = 10;
    assert_int_equal(bounce_engine_new(&options, &engine), BOUNCE_OK);
    assert_int_equal(bounce_engine_add_rules(engine, "own", "# 456789", 8),
                     BOUNCE_OK);
    assert_int_equal(bounce_engine_add_rules(engine, "own", "# 4", 3),
                     BOUNCE_E_LIMIT);
    bounce_engine_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phrases),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_host_and_service),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_own_category),
        cmocka_unit_test(test_slow_text),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_rules_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
