/* SPDX-License-Identifier: MIT
 * When an incident opens and ends: a table, and what must hold of all counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "policy/incident.h"

#define OPEN_NONE (-1)

struct row {
    const char *label;
    enum incident_what what;
    uint64_t windows[2 * INCIDENT_WINDOWS]; /* failures, results, ... */
    uint64_t past[2];
    bool based;
    int closed_hours, open;
    double opened_share;
    enum incident_step step;
    unsigned window;
};

static const struct row rows[] = {
    {"nothing at all",
     INCIDENT_BLOCK,
     {0},
     {0, 0},
     true,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_NONE,
     0},
    {"a usual day",
     INCIDENT_BLOCK,
     {2, 200, 5, 600, 20, 2400},
     {600, 60000},
     true,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_NONE,
     0},
    {"a spike of this hour",
     INCIDENT_BLOCK,
     {60, 100, 63, 500, 75, 2300},
     {600, 60000},
     true,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_OPEN,
     0},
    {"four of five are too few",
     INCIDENT_BLOCK,
     {4, 5, 4, 5, 4, 5},
     {600, 60000},
     true,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_NONE,
     0},
    {"a slow rise shows in a day",
     INCIDENT_HARD,
     {5, 60, 14, 180, 60, 700},
     {400, 40000},
     true,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_OPEN,
     2},
    {"twice the usual is no incident",
     INCIDENT_HARD,
     {200, 2000, 600, 6000, 2400, 24000},
     {5000, 100000},
     true,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_NONE,
     0},
    {"below the floor nobody cares",
     INCIDENT_HARD,
     {20, 1000, 60, 3000, 240, 12000},
     {10, 100000},
     true,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_NONE,
     0},
    {"first mail, not extreme",
     INCIDENT_HARD,
     {50, 500, 50, 500, 50, 500},
     {0, 0},
     true,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_NONE,
     0},
    {"first mail, extreme",
     INCIDENT_HARD,
     {200, 500, 200, 500, 200, 500},
     {0, 0},
     true,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_OPEN,
     0},
    {"first failures, deliveries unknown",
     INCIDENT_HARD,
     {500, 500, 500, 500, 500, 500},
     {0, 0},
     false,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_NONE,
     0},
    {"a bad list is bad as ever",
     INCIDENT_HARD,
     {400, 1000, 1200, 3000, 4800, 12000},
     {40000, 100000},
     true,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_NONE,
     0},
    {"a high share can still leap",
     INCIDENT_HARD,
     {950, 1000, 950, 1000, 950, 1000},
     {40000, 100000},
     true,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_OPEN,
     0},
    {"complaints: 0.5 % where 0.04 % is usual",
     INCIDENT_COMPLAINT,
     {50, 10000, 50, 10000, 50, 10000},
     {400, 1000000},
     true,
     -1,
     OPEN_NONE,
     0,
     INCIDENT_OPEN,
     2},
    {"a window that reaches behind an end",
     INCIDENT_BLOCK,
     {0, 300, 0, 900, 400, 2000},
     {600, 60000},
     true,
     3,
     OPEN_NONE,
     0,
     INCIDENT_NONE,
     0},
    {"soon after an end, in two hours alone",
     INCIDENT_BLOCK,
     {100, 300, 100, 900, 400, 2000},
     {600, 60000},
     true,
     1,
     OPEN_NONE,
     0,
     INCIDENT_OPEN,
     0},
    {"it goes on",
     INCIDENT_BLOCK,
     {30, 100, 90, 400, 120, 1900},
     {600, 60000},
     true,
     -1,
     0,
     0.6,
     INCIDENT_STAYS,
     0},
    {"it goes on below what opened it",
     INCIDENT_BLOCK,
     {5, 200, 90, 400, 120, 1900},
     {600, 60000},
     true,
     -1,
     0,
     0.6,
     INCIDENT_STAYS,
     0},
    {"it is over",
     INCIDENT_BLOCK,
     {2, 200, 90, 400, 120, 1900},
     {600, 60000},
     true,
     -1,
     0,
     0.6,
     INCIDENT_RECOVERED,
     0},
    {"a night without mail proves nothing",
     INCIDENT_BLOCK,
     {0, 2, 0, 5, 120, 1900},
     {600, 60000},
     true,
     -1,
     0,
     0.6,
     INCIDENT_STAYS,
     0},
    {"a day does",
     INCIDENT_BLOCK,
     {0, 0, 0, 0, 4, 20},
     {600, 60000},
     true,
     -1,
     0,
     0.6,
     INCIDENT_QUIET,
     0},
    {"the past has become like it",
     INCIDENT_HARD,
     {40, 200, 120, 600, 480, 2400},
     {18000, 100000},
     true,
     -1,
     2,
     0.2,
     INCIDENT_USUAL,
     2},
};

static struct incident_counts counts_of(const struct row *row)
{
    struct incident_counts counts = {.what = row->what,
                                     .past = {row->past[0], row->past[1]},
                                     .based = row->based,
                                     .closed_hours = row->closed_hours,
                                     .open = row->open,
                                     .opened_share = row->opened_share};

    for (unsigned i = 0; i < INCIDENT_WINDOWS; i++)
        counts.windows[i] = (struct incident_count){row->windows[2 * i],
                                                    row->windows[2 * i + 1]};
    return counts;
}

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct incident_counts counts = counts_of(&rows[i]);
        struct incident_finding f = incident_judge(&counts);

        if (f.step != rows[i].step ||
            (f.step == INCIDENT_OPEN && f.window != rows[i].window))
            fail_msg("%s: step %d, window %u, share %f of %f", rows[i].label,
                     (int)f.step, f.window, f.share, f.threshold);
    }
}

/* ---- What holds of all ------------------------------------------------- */

static unsigned roll(uint64_t *dice, unsigned sides)
{
    *dice ^= *dice >> 12;
    *dice ^= *dice << 25;
    *dice ^= *dice >> 27;
    return (unsigned)((*dice * 2685821657736338717U) >> 40) % sides;
}

/* Longer windows hold the shorter ones. */
static struct incident_counts any_counts(uint64_t *dice)
{
    struct incident_counts counts = {
        .what = (enum incident_what)roll(dice, INCIDENT_SHARES),
        .based = roll(dice, 2) == 0,
        .closed_hours = (int)roll(dice, 40) - 20,
        .open = OPEN_NONE};
    uint64_t failures = 0, results = 0;

    if (counts.closed_hours < 0)
        counts.closed_hours = -1;
    for (unsigned i = 0; i < INCIDENT_WINDOWS; i++) {
        uint64_t more = roll(dice, 1U << roll(dice, 14));

        results += more;
        failures += more > 0 ? roll(dice, (unsigned)more + 1) : 0;
        counts.windows[i] = (struct incident_count){failures, results};
    }
    counts.past.results = roll(dice, 1U << roll(dice, 20));
    counts.past.failures = counts.past.results / (1 + roll(dice, 1000));
    return counts;
}

static void more_failures_never_calm(void **state)
{
    uint64_t dice = 4711;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        struct incident_counts counts = any_counts(&dice);
        unsigned window = roll(&dice, INCIDENT_WINDOWS);
        struct incident_count *w = &counts.windows[window];
        struct incident_finding before = incident_judge(&counts), after;

        if (w->failures == w->results)
            continue;
        w->failures += 1 + roll(&dice, (unsigned)(w->results - w->failures));
        after = incident_judge(&counts);
        assert_false(before.step == INCIDENT_OPEN &&
                     after.step == INCIDENT_NONE);
        /* Nor does another failed mail. */
        w->failures++;
        w->results++;
        assert_false(after.step == INCIDENT_OPEN &&
                     incident_judge(&counts).step == INCIDENT_NONE);
    }
}

static void few_never_alarm(void **state)
{
    uint64_t dice = 99;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        struct incident_counts counts = any_counts(&dice);

        for (unsigned k = 0; k < INCIDENT_WINDOWS; k++)
            counts.windows[k].failures %= 5;
        assert_int_equal(incident_judge(&counts).step, INCIDENT_NONE);
    }
}

/* The same shares as ever, of any volume: nothing opens, nothing that was
 * closed opens anew. */
static void volume_alone_opens_nothing(void **state)
{
    uint64_t dice = 5;

    (void)state;
    for (unsigned i = 0; i < 50000; i++) {
        struct incident_counts counts = any_counts(&dice);
        unsigned per_mille = roll(&dice, 700);
        uint64_t results = 1000 * (uint64_t)(1 + roll(&dice, 100));

        counts.past.results = results * 28;
        counts.past.failures = counts.past.results * per_mille / 1000;
        for (unsigned k = 0; k < INCIDENT_WINDOWS; k++) {
            counts.windows[k].results =
                results * incident_hours[k] / 24 * (1 + roll(&dice, 10));
            counts.windows[k].failures =
                counts.windows[k].results * per_mille / 1000;
        }
        assert_int_equal(incident_judge(&counts).step, INCIDENT_NONE);
    }
}

/* What has just opened goes on, and what has just ended does not open: no
 * incident an hour. */
static void opening_and_ending_are_apart(void **state)
{
    uint64_t dice = 12;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        struct incident_counts counts = any_counts(&dice);
        struct incident_finding f = incident_judge(&counts);

        if (f.step != INCIDENT_OPEN)
            continue;
        counts.open = (int)f.window;
        counts.opened_share = f.share;
        assert_int_equal(incident_judge(&counts).step, INCIDENT_STAYS);
    }
}

static void bound_is_a_bound(void **state)
{
    uint64_t dice = 3;

    (void)state;
    assert_true(incident_lower((struct incident_count){0, 0}) == 0);
    assert_true(incident_lower((struct incident_count){0, 1000}) == 0);
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t n = 1 + roll(&dice, 1U << roll(&dice, 20));
        uint64_t x = roll(&dice, (unsigned)n + 1);
        double lower = incident_lower((struct incident_count){x, n});

        assert_true(lower >= 0 && lower <= (double)x / (double)n);
        if (x < n)
            assert_true(incident_lower((struct incident_count){x + 1, n}) >=
                        lower);
    }
    /* Known values of Wilson's bound at 4.75. */
    assert_true(incident_lower((struct incident_count){10, 100}) > 0.02534 &&
                incident_lower((struct incident_count){10, 100}) < 0.02536);
    assert_true(incident_lower((struct incident_count){3, 3}) > 0.117 &&
                incident_lower((struct incident_count){3, 3}) < 0.118);
}

static void names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < INCIDENT_WHATS; i++) {
        const char *name = incident_what_name((enum incident_what)i);

        assert_int_equal(incident_what_of(slice_cstr(name)), i);
    }
    assert_int_equal(incident_what_of(SLICE("weather")), INCIDENT_WHATS);
    assert_string_equal(incident_what_name(INCIDENT_WHATS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(more_failures_never_calm),
        cmocka_unit_test(few_never_alarm),
        cmocka_unit_test(volume_alone_opens_nothing),
        cmocka_unit_test(opening_and_ending_are_apart),
        cmocka_unit_test(bound_is_a_bound),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
