/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/slice.h"
#include "base/stanza.h"
#include "bounce.h"

static struct bounce_reader *reader;
static struct bounce_engine *engine;

static int set_up(void **state)
{
    (void)state;
    return bounce_engine_new(NULL, &engine) != BOUNCE_OK ||
           bounce_reader_new(engine, &reader) != BOUNCE_OK;
}

static int tear_down(void **state)
{
    (void)state;
    bounce_reader_free(reader);
    bounce_engine_free(engine);
    return 0;
}

static const struct bounce_event *classify(const char *text)
{
    struct bounce_reply reply = {.size = sizeof(reply)};
    const struct bounce_result *result;

    reply.text = slice_cstr(text);
    if (bounce_classify(reader, &reply, &result, NULL) != BOUNCE_OK)
        return NULL;
    return bounce_result_event(result, 0);
}

struct text_row {
    const char *label, *reply, *want;
};

static void check(const struct text_row *row, struct bounce_slice got)
{
    if (!slice_eq(got, slice_cstr(row->want)))
        fail_msg("%s: got \"%.*s\"", row->label, SLICE_ARG(got));
}

static void test_url(void **state)
{
    static const struct text_row rows[] = {
        {"none", "550 5.7.1 refused", NULL},
        {"https", "550 5.7.1 see https://example.org/a?b=c.",
         "https://example.org/a?b=c"},
        {"in brackets", "550 refused (http://example.org/x)",
         "http://example.org/x"},
        {"in angle brackets", "550 refused <http://example.org/x>",
         "http://example.org/x"},
        {"www", "550 refused, visit www.example.org/x, please",
         "www.example.org/x"},
        {"the first", "550 https://a.example http://b.example",
         "https://a.example"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i], classify(rows[i].reply)->signals.url);
}

static void test_sender_ip(void **state)
{
    static const struct text_row rows[] = {
        {"in brackets",
         "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked "
         "using zen.spamhaus.org",
         "192.0.2.7"},
        {"not the answering host",
         "host mx.example.org[192.0.2.1] said: 554 5.7.1 Client host "
         "[192.0.2.7] blocked using zen.spamhaus.org",
         "192.0.2.7"},
        {"IPv6",
         "554 5.7.1 Client host [2001:db8::7] blocked using "
         "zen.spamhaus.org",
         "2001:db8::7"},
        {"a private one is nobody's",
         "554 5.7.1 Client host [10.0.0.7] blocked using zen.spamhaus.org",
         NULL},
        {"no version", "554 5.7.1 blocked by filter 1.2.3.4.5", NULL},
        {"no status", "554 5.7.1 blocked using zen.spamhaus.org", NULL},
        {"no number over 255", "554 5.7.1 blocked 192.0.2.700 spamhaus", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i], classify(rows[i].reply)->signals.sender_ip);
}

static void test_new_address(void **state)
{
    static const struct text_row rows[] = {
        {"moved", "551 5.1.6 User has moved to a new address: new@example.com",
         "new@example.com"},
        {"an unknown user has none",
         "550 5.1.1 <old@example.org>: User unknown", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i], classify(rows[i].reply)->signals.new_address);
}

static void test_retry_after(void **state)
{
    static const struct {
        const char *label, *reply;
        int64_t want;
    } rows[] = {
        {"seconds", "450 4.2.0 Greylisted, try again in 300 seconds", 300},
        {"minutes", "451 4.7.1 Please try again after 5 minutes", 300},
        {"hours", "421 4.7.0 Too many messages, retry in 2 hours", 7200},
        {"short unit", "450 4.2.0 Greylisted for 60s, come back later", 60},
        {"hours and minutes", "450 4.2.0 Greylisted, retry in 1h30m", 3600},
        {"an id is no time", "450 Greylisted, retry later (7m4b7f)", 300},
        {"the end of an id is no time", "450 Greylisted, retry later (x7m)",
         300},
        {"an address is no unit", "450 Greylisted, retry 7 m@example.org", 300},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t got = classify(rows[i].reply)->advice.retry_after_s;

        if (got != rows[i].want)
            fail_msg("%s: got %lld", rows[i].label, (long long)got);
    }
}

static void test_limits(void **state)
{
    static const struct {
        const char *label, *reply, *what;
        double value;
        const char *unit;
    } rows[] = {
        {"size in bytes",
         "552 5.3.4 Message size exceeds fixed maximum message size of "
         "10485760 bytes",
         "size", 10485760, "bytes"},
        {"size in MB", "552 5.2.3 Message too large, the limit is 25 MB",
         "size", 26214400, "bytes"},
        {"size of the message is no limit",
         "552 5.3.4 Message too large: 40000000 bytes", NULL, 0, NULL},
        {"an id is no size",
         "552 5.2.2 Mailbox full, limit exceeded (4e1d37b092040)", NULL, 0,
         NULL},
        {"the beginning of an id is no size",
         "552 5.2.2 Mailbox full, limit exceeded (92040b7f)", NULL, 0, NULL},
        {"recipients", "452 4.5.3 Too many recipients, at most 50 recipients",
         "recipients", 50, "recipients"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct bounce_signals *s = &classify(rows[i].reply)->signals;

        if (!slice_eq(s->limit_what, slice_cstr(rows[i].what)) ||
            (rows[i].what != NULL &&
             (s->limit_value != rows[i].value ||
              !slice_eq(s->limit_unit, slice_cstr(rows[i].unit)))))
            fail_msg("%s: got %.*s %f %.*s", rows[i].label,
                     SLICE_ARG(s->limit_what), s->limit_value,
                     SLICE_ARG(s->limit_unit));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_url),         cmocka_unit_test(test_sender_ip),
        cmocka_unit_test(test_new_address), cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
