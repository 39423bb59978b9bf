/* SPDX-License-Identifier: MIT */
#include "hook_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"
#include "engine/json_write.h"

void hook_test_init(struct hook_test *test)
{
    *test = (struct hook_test){0};
    if (bounce_engine_new(NULL, &test->engine) != BOUNCE_OK ||
        bounce_reader_new(test->engine, &test->reader) != BOUNCE_OK)
        abort();
    arena_init(&test->arena, allocator_default(), (size_t)256 << 20);
    hook_test_service(test, "generic");
}

void hook_test_clear(struct hook_test *test)
{
    bounce_reader_free(test->reader);
    bounce_engine_free(test->engine);
    arena_clear(&test->arena);
}

void hook_test_service(struct hook_test *test, const char *service)
{
    test->config = (struct hook_config){
        .service = slice_cstr(service),
        .source = SLICE("test"),
        .now = HOOK_TEST_NOW,
    };
    test->request = (struct hook_request){.headers = test->headers};
    arena_reset(&test->arena);
}

void hook_test_header(struct hook_test *test, const char *name,
                      struct bounce_slice value)
{
    if (test->request.header_count == 16)
        abort();
    test->headers[test->request.header_count++] =
        (struct hook_header){slice_cstr(name), value};
}

enum bounce_err hook_test_read(struct hook_test *test, struct bounce_slice body)
{
    test->request.body = body;
    return hook_read(&test->request, &test->config, test->reader, &test->arena,
                     &test->result);
}

static void add_text(cJSON *object, const char *name, struct bounce_slice s)
{
    char *text = malloc(s.len + 1);

    if (text == NULL)
        abort();
    if (s.len > 0)
        memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    if (s.ptr == NULL)
        cJSON_AddNullToObject(object, name);
    else
        cJSON_AddStringToObject(object, name, text);
    free(text);
}

static void add_time(cJSON *object, const char *name, int64_t time)
{
    char text[DATE_ISO_SIZE];

    if (time == BOUNCE_NO_TIME)
        cJSON_AddNullToObject(object, name);
    else if (date_format_iso(time, text) > 0)
        cJSON_AddStringToObject(object, name, text);
}

static cJSON *event_json(const struct hook_test *test,
                         const struct record *record)
{
    const struct bounce_json_options options = {
        .size = sizeof(options),
        .source = record->source,
        .offset = record->offset,
    };
    static char buf[1 << 17];
    size_t len = json_event(test->engine, &record->event, NULL, 0, &options,
                            buf, sizeof(buf));
    cJSON *event = len <= sizeof(buf) ? cJSON_ParseWithLength(buf, len) : NULL;
    const char *cls = bounce_class_name(record->service_class);

    if (event == NULL)
        abort();
    add_text(event, "ip", record->ip);
    add_text(event, "sender_domain", record->sender_domain);
    add_text(event, "service_class", slice_cstr(cls));
    cJSON_AddNumberToObject(event, "waiting_s", (double)record->waiting_s);
    cJSON_AddNumberToObject(event, "tries", record->tries);
    if (record->act == RECORD_SUPPRESS) {
        cJSON_AddStringToObject(event, "act", "suppress");
        cJSON_AddStringToObject(event, "slot", bounce_slot_name(record->slot));
        add_time(event, "until", record->until);
        add_text(event, "reason", record->reason);
    }
    return event;
}

cJSON *hook_test_json(const struct hook_test *test)
{
    static const char *const actions[] = {NULL, "fetch-certificate", "confirm"};
    const struct hook_result *result = &test->result;
    cJSON *object = cJSON_CreateObject();
    cJSON *bad = cJSON_AddArrayToObject(object, "bad");
    cJSON *events = cJSON_AddArrayToObject(object, "events");

    add_text(object, "trust", slice_cstr(hook_trust_name(result->trust)));
    add_text(object, "flaw", slice_cstr(result->flaw));
    add_text(object, "action", slice_cstr(actions[result->action]));
    add_text(object, "url", result->action_url);
    cJSON_AddNumberToObject(object, "items", (double)result->items);
    cJSON_AddNumberToObject(object, "passed", (double)result->passed);
    cJSON_AddNumberToObject(object, "unknown", (double)result->unknown);
    for (size_t i = 0; i < result->bad_count; i++) {
        cJSON *one = cJSON_CreateObject();

        cJSON_AddNumberToObject(one, "index", (double)result->bad[i].index);
        cJSON_AddStringToObject(one, "cause", result->bad[i].cause);
        cJSON_AddItemToArray(bad, one);
    }
    for (size_t i = 0; i < result->count; i++)
        cJSON_AddItemToArray(events, event_json(test, &result->records[i]));
    return object;
}
