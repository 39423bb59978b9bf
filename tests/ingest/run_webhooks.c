/* SPDX-License-Identifier: MIT
 * run_webhooks FILE.md...: each case (tests/cases/README.md; a webhook's body
 * stands in "```reply service=NAME") must give what it says, give the same ids
 * when it comes again, survive being cut at every length in front of an
 * unreadable page, and survive every allocation failing. */
#include <stdio.h>
#include <stdlib.h>

#include "../cases/case_file.h"
#include "../cases/match.h"
#include "failing_alloc.h"
#include "guard.h"
#include "hook_test.h"

#define TOPIC SLICE("arn:aws:sns:eu-west-1:000000000000:bounces")

struct runner {
    const char *name; /* of the file */
    struct hook_test hook;
    unsigned cases, failures;
};

static void fail(struct runner *runner, const struct test_case *test,
                 const char *what, const char *detail)
{
    fprintf(stderr, "%s:%u: %.*s: %s%s%s\n", runner->name, test->line,
            (int)test->title.len, test->title.ptr, what,
            detail[0] != '\0' ? ": " : "", detail);
    runner->failures++;
}

static enum bounce_err read_case(struct runner *runner,
                                 const struct test_case *test,
                                 struct bounce_slice body)
{
    static char service[64];

    snprintf(service, sizeof(service), "%.*s", (int)test->service.len,
             test->service.ptr);
    hook_test_service(&runner->hook, service);
    /* Raw delivery names the topic in a header. */
    runner->hook.config.topics = TOPIC;
    hook_test_header(&runner->hook, "x-amz-sns-topic-arn", TOPIC);
    return hook_test_read(&runner->hook, body);
}

static struct bounce_slice body_of(const struct test_case *test)
{
    return slice_make(test->input, test->input_len);
}

static void check_expected(struct runner *runner, const struct test_case *test)
{
    cJSON *want = cJSON_ParseWithLength(test->expected.ptr, test->expected.len);
    cJSON *got;
    char path[512], *text;

    if (want == NULL) {
        fail(runner, test, "the expectation is no JSON", "");
        return;
    }
    if (read_case(runner, test, body_of(test)) != BOUNCE_OK) {
        fail(runner, test, "cannot be read", "");
        cJSON_Delete(want);
        return;
    }
    got = hook_test_json(&runner->hook);
    if (!match_json(want, got, path, sizeof(path))) {
        fail(runner, test, "differs at", path);
        text = cJSON_Print(got);
        fprintf(stderr, "%s\n", text);
        free(text);
    }
    cJSON_Delete(want);
    cJSON_Delete(got);
}

/* What comes again must count once: its ids are all that tells. */
static void check_again(struct runner *runner, const struct test_case *test)
{
    char ids[64][33];
    size_t count;

    if (read_case(runner, test, body_of(test)) != BOUNCE_OK)
        return;
    count = runner->hook.result.count < 64 ? runner->hook.result.count : 64;
    for (size_t i = 0; i < count; i++) {
        const struct bounce_event *event =
            &runner->hook.result.records[i].event;

        snprintf(ids[i], sizeof(ids[i]), "%.*s", (int)event->event_id.len,
                 event->event_id.ptr);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(ids[i], ids[j]) == 0)
                fail(runner, test, "two events share an id", ids[i]);
        }
    }
    runner->hook.config.now += 100000;
    if (read_case(runner, test, body_of(test)) != BOUNCE_OK ||
        runner->hook.result.count < count) {
        fail(runner, test, "cannot be read again", "");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!slice_eq(slice_cstr(ids[i]),
                      runner->hook.result.records[i].event.event_id))
            fail(runner, test, "another id the second time", ids[i]);
    }
}

/* JSON that breaks off gives nothing; a form may end anywhere. */
static void check_cuts(struct runner *runner, const struct test_case *test)
{
    for (size_t len = 0; len < test->input_len; len++) {
        struct guard guard = guard_copy(test->input, len);
        struct bounce_slice whole = slice_trim(body_of(test));
        enum bounce_err err = read_case(runner, test, guard.slice);
        bool json = whole.len > 0 && (*whole.ptr == '{' || *whole.ptr == '[');

        if (err != BOUNCE_OK)
            fail(runner, test, "fails when it is cut", "");
        if (json && len < whole.len && runner->hook.result.count > 0 &&
            slice_find_byte(whole, '\n') == SLICE_NPOS)
            fail(runner, test, "half of it gives records", "");
        guard_free(&guard);
    }
}

static void check_memory(struct runner *runner, const struct test_case *test)
{
    struct arena whole = runner->hook.arena;
    bool done = false;

    for (size_t n = 0; !done; n++) {
        struct failing_alloc failing;
        enum bounce_err err;

        failing_alloc_init(&failing, n);
        arena_init(&runner->hook.arena, &failing.allocator, (size_t)64 << 20);
        err = read_case(runner, test, body_of(test));
        done = failing.calls <= n;
        if (!done && err != BOUNCE_E_NOMEM)
            fail(runner, test, "an allocation fails and nobody says so", "");
        if (done && err != BOUNCE_OK)
            fail(runner, test, "fails without a cause", "");
        arena_clear(&runner->hook.arena);
        if (failing.held != 0)
            fail(runner, test, "memory is lost", "");
    }
    runner->hook.arena = whole;
}

static void run_file(struct runner *runner, const char *path)
{
    static char text[4 << 20];
    struct case_reader reader = {.name = path};
    struct test_case test;
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        runner->failures++;
        return;
    }
    reader.rest = slice_make(text, fread(text, 1, sizeof(text), file));
    fclose(file);
    runner->name = path;
    while (case_next(&reader, &test)) {
        runner->cases++;
        check_expected(runner, &test);
        check_again(runner, &test);
        check_cuts(runner, &test);
        check_memory(runner, &test);
        case_free(&test);
    }
    runner->failures += reader.flaws;
}

int main(int argc, char **argv)
{
    struct runner runner = {0};

    hook_test_init(&runner.hook);
    for (int i = 1; i < argc; i++)
        run_file(&runner, argv[i]);
    hook_test_clear(&runner.hook);
    printf("%u cases, %u failures\n", runner.cases, runner.failures);
    return runner.cases > 0 && runner.failures == 0 ? 0 : 1;
}
