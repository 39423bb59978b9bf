/* SPDX-License-Identifier: MIT
 * linear [FAMILY...]: reads hostile messages (tests/hostile) of growing size
 * and prints the time for each and how it grows. Twice the size should take
 * twice the time: a ratio near 2, whatever the family. Messages beyond
 * max_message are cut, so the sizes end at 8 MiB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bounce.h>

#include "families.h"

enum { SIZES = 5 };
static const size_t FIRST_SIZE = (size_t)512 << 10;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Seconds for one message: the best of several. */
static double measure(struct bounce_reader *reader, const struct blob *blob)
{
    double best = 1e9, start = now();

    for (int i = 0; i < 20 && (i < 3 || now() - start < 0.3); i++) {
        const struct bounce_result *result;
        double begin = now(), took;

        if (bounce_read(reader, blob->data, blob->len, &result, NULL) !=
            BOUNCE_OK)
            return -1;
        took = now() - begin;
        best = took < best ? took : best;
    }
    return best;
}

static void measure_family(struct bounce_reader *reader,
                           const struct family *family)
{
    double last = 0;

    printf("%-16s", family->name);
    for (int i = 0; i < SIZES; i++) {
        struct blob blob = {0};
        double took;

        family->make(&blob, FIRST_SIZE << i);
        took = measure(reader, &blob);
        if (took < 0)
            printf("   (refused)      ");
        else
            printf(" %8.2f ms %5.2f", took * 1e3, last > 0 ? took / last : 0);
        last = took;
        blob_clear(&blob);
    }
    printf("\n");
    fflush(stdout);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return true;
    }
    return argc < 2;
}

int main(int argc, char **argv)
{
    struct bounce_engine *engine;
    struct bounce_reader *reader;

    if (bounce_engine_new(NULL, &engine) != BOUNCE_OK ||
        bounce_reader_new(engine, &reader) != BOUNCE_OK)
        return 1;
    printf("%-16s", "family");
    for (int i = 0; i < SIZES; i++)
        printf(" %7zu KiB ratio", (FIRST_SIZE << i) >> 10);
    printf("\n");
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        if (is_wanted(FAMILIES[i].name, argc, argv))
            measure_family(reader, &FAMILIES[i]);
    }
    bounce_reader_free(reader);
    bounce_engine_free(engine);
    return 0;
}
