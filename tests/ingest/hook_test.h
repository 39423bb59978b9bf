/* SPDX-License-Identifier: MIT
 * What the tests of webhooks share: one request, read. */
#ifndef TESTS_HOOK_TEST_H
#define TESTS_HOOK_TEST_H

#include <cjson/cJSON.h>

#include "ingest/webhook/webhook.h"

#define HOOK_TEST_NOW 1772532000 /* 2026-03-03T10:00:00Z */

struct hook_test {
    struct bounce_engine *engine;
    struct bounce_reader *reader;
    struct arena arena;
    struct hook_config config;
    struct hook_header headers[16];
    struct hook_request request;
    struct hook_result result;
};

/* An engine and a reader, a configuration that demands nothing. Ends the
 * program when memory is out. */
void hook_test_init(struct hook_test *test);
void hook_test_clear(struct hook_test *test);
/* Forgets headers, keys and what was read; another service. */
void hook_test_service(struct hook_test *test, const char *service);
void hook_test_header(struct hook_test *test, const char *name,
                      struct bounce_slice value);
/* hook_read() of body. */
enum bounce_err hook_test_read(struct hook_test *test,
                               struct bounce_slice body);

/* The result as the cases have it: {"trust", "flaw", "items", "passed",
 * "unknown", "bad":[{"index","cause"}], "action", "url", "events":[...]}; an
 * event is that of bounce(1) with "ip", "sender_domain", "service_class",
 * "waiting_s", "tries", and of an entry of a list "act", "slot", "until",
 * "reason". The caller deletes it. */
cJSON *hook_test_json(const struct hook_test *test);

#endif
