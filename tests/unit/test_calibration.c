/* SPDX-License-Identifier: MIT
 * Whether confidence means what it says, on replies that the rules were not
 * written from (tests/calibration/README.md): verdicts of 0.9 and more must be
 * right nearly always, and in each fifth of the verdicts, ordered by
 * confidence, the mean confidence must be near the share that is right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/stanza.h"
#include "bounce.h"

#define MAX_ROWS 2000
#define BINS     5

struct verdict {
    double confidence;
    bool right;
};

struct tally {
    struct verdict verdicts[MAX_ROWS];
    size_t count;
    size_t right, trusted, trusted_right;
    size_t not_hard, kept; /* no address given up for a fault not its own */
    size_t hard, hard_found;
};

static bool accepts(struct bounce_slice category, struct bounce_slice also,
                    struct bounce_slice got)
{
    struct bounce_slice word;

    if (slice_eq(category, got))
        return true;
    while (slice_next_piece(&also, '|', &word)) {
        if (slice_eq(word, got))
            return true;
    }
    return false;
}

static bool category_is_hard(const struct bounce_engine *engine,
                             struct bounce_slice id)
{
    const struct bounce_category *c = bounce_category_find(engine, id);

    if (c == NULL)
        fail_msg("no category %.*s", SLICE_ARG(id));
    return c->cls == BOUNCE_CLASS_HARD;
}

/* Whether a hard verdict would be accepted, be it as the second best. */
static bool may_be_hard(const struct bounce_engine *engine,
                        struct bounce_slice category, struct bounce_slice also)
{
    struct bounce_slice word;

    if (category_is_hard(engine, category))
        return true;
    while (slice_next_piece(&also, '|', &word)) {
        if (category_is_hard(engine, word))
            return true;
    }
    return false;
}

static void judge_row(const struct bounce_engine *engine,
                      struct bounce_reader *reader, struct bounce_slice line,
                      struct tally *tally)
{
    struct bounce_slice category, also, text = line;
    struct bounce_reply reply = {.size = sizeof(reply)};
    const struct bounce_result *result;
    const struct bounce_event *event;
    bool right;

    assert_true(slice_next_piece(&text, '\t', &category));
    assert_true(slice_next_piece(&text, '\t', &also));
    reply.text = text;
    assert_int_equal(bounce_classify(reader, &reply, &result, NULL), BOUNCE_OK);
    event = bounce_result_event(result, 0);
    right = accepts(category, also, event->category);
    assert_true(tally->count < MAX_ROWS);
    tally->verdicts[tally->count++] =
        (struct verdict){event->confidence, right};
    tally->right += right;
    if (event->confidence >= 0.9) {
        tally->trusted++;
        tally->trusted_right += right;
    }
    if (category_is_hard(engine, category)) {
        tally->hard++;
        tally->hard_found += event->cls == BOUNCE_CLASS_HARD;
    } else if (!may_be_hard(engine, category, also)) {
        tally->not_hard++;
        tally->kept += event->cls != BOUNCE_CLASS_HARD;
    }
}

static int by_confidence(const void *a, const void *b)
{
    const struct verdict *x = a, *y = b;

    if (x->confidence != y->confidence)
        return x->confidence < y->confidence ? -1 : 1;
    return x->right < y->right ? -1 : x->right > y->right;
}

static double calibration_gap(struct tally *tally)
{
    double gap = 0;

    qsort(tally->verdicts, tally->count, sizeof(tally->verdicts[0]),
          by_confidence);
    for (size_t bin = 0; bin < BINS; bin++) {
        size_t from = bin * tally->count / BINS;
        size_t to = (bin + 1) * tally->count / BINS;
        double sum = 0, right = 0;

        for (size_t i = from; i < to; i++) {
            sum += tally->verdicts[i].confidence;
            right += tally->verdicts[i].right;
        }
        gap += (sum > right ? sum - right : right - sum) / (double)(to - from);
    }
    return gap / BINS;
}

static void judge_file(const char *name, struct tally *tally)
{
    struct bounce_engine *engine;
    struct bounce_reader *reader;
    char path[4096], line[8192];
    FILE *file;

    snprintf(path, sizeof(path), "%s/tests/calibration/%s", BOUNCE_SOURCE_DIR,
             name);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(bounce_engine_new(NULL, &engine), BOUNCE_OK);
    assert_int_equal(bounce_reader_new(engine, &reader), BOUNCE_OK);
    assert_non_null(fgets(line, sizeof(line), file)); /* the header */
    while (fgets(line, sizeof(line), file) != NULL) {
        size_t len = strlen(line);

        if (len > 0 && line[len - 1] == '\n')
            len--;
        if (len > 0)
            judge_row(engine, reader, slice_make(line, len), tally);
    }
    fclose(file);
    bounce_reader_free(reader);
    bounce_engine_free(engine);
}

static double percent(size_t part, size_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 100.0;
}

static void check(const char *name, double category, double trusted,
                  double kept, double hard_found, double gap)
{
    struct tally *tally = calloc(1, sizeof(*tally));
    double got_gap;

    assert_non_null(tally);
    judge_file(name, tally);
    got_gap = 100.0 * calibration_gap(tally);
    print_message(
        "%s: %zu replies: category %.1f %%, trusted %.1f %% of %zu, "
        "never hard %.1f %%, hard found %.1f %%, calibrated %.1f %%\n",
        name, tally->count, percent(tally->right, tally->count),
        percent(tally->trusted_right, tally->trusted), tally->trusted,
        percent(tally->kept, tally->not_hard),
        percent(tally->hard_found, tally->hard), 100.0 - got_gap);
    assert_true(tally->count >= 400);
    assert_true(percent(tally->right, tally->count) >= category);
    assert_true(percent(tally->trusted_right, tally->trusted) >= trusted);
    assert_true(percent(tally->kept, tally->not_hard) >= kept);
    assert_true(percent(tally->hard_found, tally->hard) >= hard_found);
    assert_true(got_gap <= gap);
    free(tally);
}

/* The misses of these have led to better rules since: they are right more often
 * than confidence, which is set for replies that nobody looked at. */
static void test_development(void **state)
{
    (void)state;
    check("replies.tsv", 96, 99, 99, 97, 10);
    check("unseen.tsv", 95, 98, 99, 97, 10);
    check("third.tsv", 96, 99, 99, 97, 10);
    check("fourth.tsv", 96, 99, 99, 97, 10);
    check("fifth.tsv", 96, 99, 99, 97, 10);
}

/* Nobody who writes rules has read these. */
static void test_blind(void **state)
{
    (void)state;
    check("blind.tsv", 93, 97, 99, 93, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_development),
        cmocka_unit_test(test_blind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
