/* SPDX-License-Identifier: MIT
 * seeds FOLDER FILE.md...: writes the inputs of all cases to files, for the
 * fuzzers to start from. */
#include <stdio.h>
#include <stdlib.h>

#include "case_file.h"

static void write_seed(const char *folder, unsigned number,
                       const struct test_case *test)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/case-%u", folder, number);
    file = fopen(path, "wb");
    if (file == NULL ||
        fwrite(test->input, 1, test->input_len, file) != test->input_len ||
        fclose(file) != 0) {
        fprintf(stderr, "%s: cannot be written\n", path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static char text[4 << 20];
    unsigned number = 0;

    for (int i = 2; i < argc; i++) {
        struct case_reader reader = {.name = argv[i]};
        struct test_case test;
        FILE *file = fopen(argv[i], "rb");

        if (file == NULL)
            return 1;
        reader.rest = slice_make(text, fread(text, 1, sizeof(text), file));
        fclose(file);
        while (case_next(&reader, &test)) {
            write_seed(argv[1], number++, &test);
            case_free(&test);
        }
    }
    return 0;
}
