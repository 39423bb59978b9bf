/* SPDX-License-Identifier: MIT
 * covers FILE.md...: each Format stanza must be the one that recognises the
 * message of at least one case. run_cases tells whether it is read rightly. */
#include <stdio.h>
#include <stdlib.h>

#include "case_file.h"
#include "mime_fixture.h"
#include "report/text.h"

static void mark(bool *covered, const struct format *format)
{
    if (format != NULL)
        covered[format - FORMATS] = true;
}

static void recognize(struct fixture *fixture, struct bounce_slice input,
                      bool *covered)
{
    struct message *message = fixture_begin(fixture, input);
    struct mime_part *root = mime_parse(message, input);
    struct text_report report;
    struct collect collect;

    if (root == NULL || !collect_init(&collect, message, root))
        abort();
    text_recognize(&collect, &report);
    mark(covered, report.format);
    mark(covered, report.found.other.format);
    for (size_t i = 0; report.found.client && i < FORMAT_COUNT; i++)
        if (FORMATS[i].kind == FORMAT_CLASS_CLIENT)
            covered[i] = true;
}

static void read_cases(struct fixture *fixture, const char *name, bool *covered)
{
    struct case_reader cases = {.name = name};
    struct test_case test;
    size_t cap = (size_t)4 << 20;
    char *text = malloc(cap);
    FILE *file = fopen(name, "rb");

    if (file == NULL || text == NULL) {
        fprintf(stderr, "%s: cannot be read\n", name);
        exit(2);
    }
    cases.rest = slice_make(text, fread(text, 1, cap, file));
    fclose(file);
    while (case_next(&cases, &test)) {
        if (!test.is_reply)
            recognize(fixture, slice_make(test.input, test.input_len), covered);
        case_free(&test);
    }
    free(text);
}

int main(int argc, char **argv)
{
    bool *covered = calloc(FORMAT_COUNT, sizeof(*covered));
    struct fixture fixture;
    size_t missing = 0;

    if (covered == NULL || !fixture_init(&fixture, allocator_default()))
        return 2;
    fixture.options.max_events = 100;
    fixture.options.max_diagnostic = 4096;
    fixture.options.max_message = (size_t)8 << 20;
    for (int i = 1; i < argc; i++)
        read_cases(&fixture, argv[i], covered);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        struct bounce_slice id = format_text(FORMATS[i].id, FORMATS[i].id_len);
        if (covered[i])
            continue;
        fprintf(stderr, "Format %.*s has no case\n", (int)id.len, id.ptr);
        missing++;
    }
    printf("%zu formats, %zu without a case\n", FORMAT_COUNT, missing);
    fixture_clear(&fixture);
    free(covered);
    return missing == 0 ? 0 : 1;
}
