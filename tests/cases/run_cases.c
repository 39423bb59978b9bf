/* SPDX-License-Identifier: MIT
 * run_cases FILE.md...: each case must give what it says, give it again byte
 * for byte, survive being cut at every length in front of an unreadable page,
 * and survive every allocation failing. */
#include <stdio.h>
#include <stdlib.h>

#include "case_file.h"
#include "failing_alloc.h"
#include "guard.h"
#include "match.h"

struct runner {
    const char *name; /* of the file */
    struct bounce_engine *engine;
    struct bounce_reader *reader;
    unsigned cases, failures;
};

/* Lines of JSON that grow. */
struct lines {
    char *ptr;
    size_t len;
};

static void fail(struct runner *runner, const struct test_case *test,
                 const char *what, const char *detail)
{
    fprintf(stderr, "%s:%u: %.*s: %s%s%s\n", runner->name, test->line,
            (int)test->title.len, test->title.ptr, what,
            detail[0] != '\0' ? ": " : "", detail);
    runner->failures++;
}

static enum bounce_err process(struct bounce_reader *reader,
                               const struct test_case *test,
                               struct bounce_slice input,
                               const struct bounce_result **result_out)
{
    struct bounce_reply reply = {.size = sizeof(reply),
                                 .text = input,
                                 .host = test->host,
                                 .service = test->service,
                                 .status = test->status};

    if (!test->is_reply)
        return bounce_read(reader, input.ptr, input.len, result_out, NULL);
    reply.stage = bounce_stage_parse(test->stage.ptr, test->stage.len);
    return bounce_classify(reader, &reply, result_out, NULL);
}

static void add_events(const struct bounce_engine *engine,
                       const struct bounce_result *result,
                       struct bounce_slice labels, struct lines *lines)
{
    const struct bounce_json_options options = {
        .size = sizeof(options), .offset = 0, .labels = labels};

    for (size_t i = 0; i < bounce_result_events(result); i++) {
        size_t need = bounce_event_json(engine, result, i, &options, NULL, 0);
        char *grown = realloc(lines->ptr, lines->len + need);

        if (grown == NULL)
            abort();
        lines->ptr = grown;
        if (bounce_event_json(engine, result, i, &options, grown + lines->len,
                              need) != need)
            abort(); /* its length must not depend on the room */
        lines->len += need;
    }
}

/* All events of a case as an array of cJSON. */
static cJSON *parse_lines(const struct lines *lines)
{
    struct bounce_slice rest = slice_make(lines->ptr, lines->len), line;
    cJSON *list = cJSON_CreateArray();

    while (slice_next_piece(&rest, '\n', &line)) {
        cJSON *event = cJSON_ParseWithLength(line.ptr, line.len);

        if (event == NULL) {
            fprintf(stderr, "no JSON: %.*s\n", (int)line.len, line.ptr);
            cJSON_Delete(list);
            return NULL;
        }
        cJSON_AddItemToArray(list, event);
    }
    return list;
}

static void check_expected(struct runner *runner, const struct test_case *test,
                           const struct lines *lines)
{
    cJSON *want = cJSON_ParseWithLength(test->expected.ptr, test->expected.len);
    cJSON *got = parse_lines(lines);
    char path[512];

    if (want == NULL) {
        fail(runner, test, "the expectation is no JSON", "");
    } else if (got == NULL) {
        fail(runner, test, "the output is no JSON", "");
    } else {
        if (!cJSON_IsArray(want)) {
            cJSON *list = cJSON_CreateArray();

            cJSON_AddItemToArray(list, want);
            want = list;
        }
        if (!match_json(want, got, path, sizeof(path))) {
            fail(runner, test, "differs at", path);
            fprintf(stderr, "%.*s", (int)lines->len, lines->ptr);
        }
    }
    cJSON_Delete(want);
    cJSON_Delete(got);
}

static void check_again(struct runner *runner, const struct test_case *test,
                        const struct lines *first)
{
    struct bounce_slice input = slice_make(test->input, test->input_len);
    const struct bounce_result *result = NULL;
    struct bounce_reader *fresh = NULL;
    struct lines again = {NULL, 0};

    if (bounce_reader_new(runner->engine, &fresh) != BOUNCE_OK)
        abort();
    for (int i = 0; i < 2; i++) {
        again.len = 0;
        if (process(i == 0 ? runner->reader : fresh, test, input, &result) !=
            BOUNCE_OK)
            abort();
        add_events(runner->engine, result, test->labels, &again);
        if (again.len != first->len ||
            memcmp(again.ptr, first->ptr, first->len) != 0)
            fail(runner, test, "a second run gives another result", "");
    }
    free(again.ptr);
    bounce_reader_free(fresh);
}

static void check_cuts(struct runner *runner, const struct test_case *test)
{
    struct lines lines = {NULL, 0};

    for (size_t len = 0; len < test->input_len; len++) {
        struct guard guard = guard_copy(test->input, len);
        const struct bounce_result *result = NULL;

        if (process(runner->reader, test, guard.slice, &result) != BOUNCE_OK ||
            bounce_result_events(result) == 0)
            fail(runner, test, "a cut message fails", "");
        lines.len = 0;
        if (result != NULL)
            add_events(runner->engine, result, test->labels, &lines);
        guard_free(&guard);
    }
    free(lines.ptr);
}

/* One go from options to result with an allocator that may fail. */
static enum bounce_err run_alone(const struct test_case *test,
                                 const struct bounce_allocator *allocator)
{
    struct bounce_engine *engine = NULL;
    struct bounce_reader *reader = NULL;
    const struct bounce_result *result = NULL;
    struct bounce_options options;
    enum bounce_err err;

    bounce_options_init(&options, sizeof(options));
    options.allocator = *allocator;
    err = bounce_engine_new(&options, &engine);
    if (err == BOUNCE_OK)
        err = bounce_reader_new(engine, &reader);
    if (err == BOUNCE_OK)
        err = process(reader, test, slice_make(test->input, test->input_len),
                      &result);
    bounce_reader_free(reader);
    bounce_engine_free(engine);
    return err;
}

static void check_memory(struct runner *runner, const struct test_case *test)
{
    enum bounce_err err = BOUNCE_E_NOMEM;

    for (size_t n = 0; err == BOUNCE_E_NOMEM && n < 10000; n++) {
        struct failing_alloc failing;

        failing_alloc_init(&failing, n);
        err = run_alone(test, &failing.allocator);
        if (failing.held != 0)
            fail(runner, test, "memory is not given back", "");
    }
    if (err != BOUNCE_OK)
        fail(runner, test, "does not end well once memory suffices",
             bounce_strerror(err));
}

static void run_case(struct runner *runner, const struct test_case *test)
{
    const struct bounce_result *result = NULL;
    struct lines lines = {NULL, 0};

    runner->cases++;
    if (process(runner->reader, test, slice_make(test->input, test->input_len),
                &result) != BOUNCE_OK) {
        fail(runner, test, "cannot be read", "");
        return;
    }
    add_events(runner->engine, result, test->labels, &lines);
    check_expected(runner, test, &lines);
    check_again(runner, test, &lines);
    check_cuts(runner, test);
    check_memory(runner, test);
    free(lines.ptr);
}

static char *read_file(const char *name, size_t *len_out)
{
    FILE *file = fopen(name, "rb");
    size_t cap = (size_t)4 << 20;
    char *text = malloc(cap);

    if (file == NULL || text == NULL) {
        fprintf(stderr, "%s: cannot be read\n", name);
        exit(2);
    }
    *len_out = fread(text, 1, cap, file);
    fclose(file);
    return text;
}

static void run_file(struct runner *runner, const char *name)
{
    struct case_reader cases = {.name = name};
    struct test_case test;
    size_t len = 0;
    char *text = read_file(name, &len);

    runner->name = name;
    cases.rest = slice_make(text, len);
    while (case_next(&cases, &test)) {
        run_case(runner, &test);
        case_free(&test);
    }
    runner->failures += cases.flaws;
    free(text);
}

int main(int argc, char **argv)
{
    struct runner runner = {.name = NULL};

    if (bounce_engine_new(NULL, &runner.engine) != BOUNCE_OK ||
        bounce_reader_new(runner.engine, &runner.reader) != BOUNCE_OK)
        return 2;
    for (int i = 1; i < argc; i++)
        run_file(&runner, argv[i]);
    bounce_reader_free(runner.reader);
    bounce_engine_free(runner.engine);
    printf("%u cases, %u failures\n", runner.cases, runner.failures);
    return runner.failures == 0 && runner.cases > 0 ? 0 : 1;
}
