/* SPDX-License-Identifier: MIT
 * covers FORMATS.md FILE.md...: each Format stanza must be the one that
 * recognises the message of at least one case, and be listed in FORMATS.md.
 * run_cases tells whether it is read rightly. */
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

static char *read_file(const char *name, size_t *len_out)
{
    size_t cap = (size_t)4 << 20;
    char *text = malloc(cap);
    FILE *file = fopen(name, "rb");

    if (file == NULL || text == NULL) {
        fprintf(stderr, "%s: cannot be read\n", name);
        exit(2);
    }
    *len_out = fread(text, 1, cap, file);
    fclose(file);
    return text;
}

static void read_cases(struct fixture *fixture, const char *name, bool *covered)
{
    struct case_reader cases = {.name = name};
    struct test_case test;
    size_t size;
    char *text = read_file(name, &size);

    cases.rest = slice_make(text, size);
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
    size_t missing = 0, size = 0;
    char row[128], *listed;

    if (argc < 3 || covered == NULL ||
        !fixture_init(&fixture, allocator_default()))
        return 2;
    fixture.options.max_events = 100;
    fixture.options.max_diagnostic = 4096;
    fixture.options.max_message = (size_t)8 << 20;
    listed = read_file(argv[1], &size);
    for (int i = 2; i < argc; i++)
        read_cases(&fixture, argv[i], covered);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        struct bounce_slice id = format_text(FORMATS[i].id, FORMATS[i].id_len);
        int len =
            snprintf(row, sizeof(row), "\n| `%.*s` |", (int)id.len, id.ptr);
        if (!covered[i])
            fprintf(stderr, "Format %.*s has no case\n", (int)id.len, id.ptr);
        if (slice_find(slice_make(listed, size),
                       slice_make(row, (size_t)len)) == SLICE_NPOS)
            fprintf(stderr, "Format %.*s is not in %s\n", (int)id.len, id.ptr,
                    argv[1]);
        else if (covered[i])
            continue;
        missing++;
    }
    printf("%zu formats, %zu lack something\n", FORMAT_COUNT, missing);
    free(listed);
    fixture_clear(&fixture);
    free(covered);
    return missing == 0 ? 0 : 1;
}
