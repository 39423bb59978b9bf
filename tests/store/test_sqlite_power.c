/* SPDX-License-Identifier: MIT
 * The power goes at any moment of the work, and what was not synced is lost:
 * all that was committed is there, and nothing is half there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lossy_vfs.h"
#include "sqlite_work.h"

struct round {
    struct fixture fixture;
    struct work work;
    struct random random;
    size_t done; /* steps that must be there */
};

static struct {
    unsigned failures, in_flight, unborn;
} seen;

static void round_fail(const struct round *round, const char *what)
{
    fail_msg("seed %llu, after %zu steps: %s",
             (unsigned long long)round->work.seed, round->done, what);
}

/* Opens, works until the power goes or the work is done. */
static void live(struct round *round, bool power_goes)
{
    struct store_options options = {.create = true, .wait_ms = 100};
    struct store_error error = {.code = STORE_OK};
    struct store *store = NULL;
    if (power_goes) {
        if (random_below(&round->random, 2) == 0) {
            lossy_vfs_fail(LOSSY_POWER, random_below(&round->random, 300), 1);
        } else {
            lossy_vfs_fail(LOSSY_POWER_AT_SYNC,
                           random_below(&round->random, 20), 1);
        }
    }
    enum store_err err =
        store_open(round->fixture.where, &options, &store, &error);
    if (err == STORE_OK) {
        /* The log goes into the file more often than in life. */
        const char *const checkpoints[] = {"PRAGMA wal_autocheckpoint = 3",
                                           "PRAGMA wal_autocheckpoint = 30",
                                           "PRAGMA wal_autocheckpoint = 4000"};
        err = store_run(store, checkpoints[random_below(&round->random, 3)],
                        NULL, 0, NULL, NULL, &error);
    }
    while (err == STORE_OK && round->done < WORK_STEPS) {
        err = work_step(&round->work, round->done, store, &error);
        round->done += err == STORE_OK ? 1 : 0;
    }
    if (err != STORE_OK && lossy_vfs_failed() == 0) {
        round_fail(round, error.msg);
    }
    seen.unborn += store == NULL ? 1 : 0;
    store_close(store);
    seen.failures += lossy_vfs_failed() > 0 ? 1 : 0;
}

/* A commit that was under way may have come through. */
static void check(struct round *round)
{
    char digest[33];
    struct store *store = fixture_open(&round->fixture);
    work_expect_sound(store);
    if (!work_digest(store, digest)) {
        round_fail(round, "cannot be read");
    }
    if (round->done < WORK_STEPS &&
        strcmp(digest, round->work.digests[round->done + 1]) == 0) {
        round->done++;
        seen.in_flight++;
    } else if (strcmp(digest, round->work.digests[round->done]) != 0) {
        round_fail(round, "committed work is missing, or there is half of it");
    }
    store_close(store);
}

static void power_may_go_any_time(void **state)
{
    (void)state;
    enum { LIVES = 6 };
    static struct round round;
    unsigned rounds = work_rounds(50, 1000);
    for (unsigned i = 0; i < rounds; i++) {
        round.random.state = i;
        round.done = 0;
        fixture_init(&round.fixture);
        work_init(&round.work, random_next(&round.random));
        for (int life = 0; life <= LIVES && round.done < WORK_STEPS; life++) {
            live(&round, life < LIVES);
            lossy_vfs_restart((enum lossy_loss)random_below(&round.random, 4),
                              random_next(&round.random));
            check(&round);
            lossy_vfs_restart(LOSSY_LOSE_ALL, 0);
        }
        if (round.done < WORK_STEPS) {
            round_fail(&round, "the work is not done");
        }
        fixture_clear(&round.fixture);
    }
    print_message("%u rounds: the power went %u times, %u times while the "
                  "store was made; %u commits under way came through\n",
                  rounds, seen.failures, seen.unborn, seen.in_flight);
    assert_true(seen.failures > rounds);
    assert_true(seen.unborn > 0);
    assert_true(seen.in_flight > 0);
}

/* The file system loses what it is meant to lose: with the syncs left out,
 * everything since the store was made. */
static void without_syncs_work_is_lost(void **state)
{
    (void)state;
    static struct round round;
    const char *const settings[] = {"PRAGMA synchronous = FULL",
                                    "PRAGMA synchronous = OFF"};
    const size_t left[] = {5, 0};
    for (size_t i = 0; i < 2; i++) {
        char digest[33];
        struct store_error error;
        fixture_init(&round.fixture);
        work_init(&round.work, 1);
        struct store *store = fixture_open(&round.fixture);
        assert_int_equal(
            store_run(store, settings[i], NULL, 0, NULL, NULL, &error),
            STORE_OK);
        for (size_t step = 0; step < 5; step++) {
            assert_int_equal(work_step(&round.work, step, store, &error),
                             STORE_OK);
        }
        lossy_vfs_fail(LOSSY_POWER, 0, 1);
        store_close(store);
        lossy_vfs_restart(LOSSY_LOSE_ALL, 0);
        store = fixture_open(&round.fixture);
        assert_true(work_digest(store, digest));
        assert_string_equal(digest, round.work.digests[left[i]]);
        store_close(store);
        lossy_vfs_restart(LOSSY_LOSE_ALL, 0);
        fixture_clear(&round.fixture);
    }
}

static int set_up(void **state)
{
    (void)state;
    lossy_vfs_install();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lossy_vfs_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_syncs_work_is_lost),
        cmocka_unit_test(power_may_go_any_time),
    };
    return cmocka_run_group_tests_name("sqlite_power", tests, set_up,
                                       tear_down);
}
