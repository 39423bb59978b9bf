/* SPDX-License-Identifier: MIT
 * Group commit, with a store that fails where it is told to. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "random.h"
#include "store/writer.h"
#include "store_fixture.h"

#define T0 LEDGER_T0

/* ---- A store in front of another ------------------------------------- */

struct faulty {
    struct store store;
    struct store *inner;
    unsigned calls;
    unsigned fail_at;   /* the call that fails; 0: none */
    unsigned fail_for;  /* and how many after it */
    enum store_err err; /* with what */
    const char *poison; /* a put with this text is refused */
    bool lose_commit;   /* committed, but the answer is lost */
};

static enum store_err fault(struct store *store, struct store_error *error)
{
    struct faulty *f = (struct faulty *)store;

    f->calls++;
    if (f->fail_at == 0 || f->calls < f->fail_at ||
        f->calls >= f->fail_at + f->fail_for)
        return STORE_OK;
    return store_fail(error, f->err, "told to fail");
}

#define INNER(store) ((struct faulty *)(store))->inner

static void faulty_close(struct store *store)
{
    store_close(INNER(store));
    free(store);
}

static enum store_err faulty_begin(struct store *store, enum store_mode mode,
                                   struct store_error *error)
{
    enum store_err err = fault(store, error);

    return err != STORE_OK ? err : store_begin(INNER(store), mode, error);
}

static enum store_err faulty_commit(struct store *store,
                                    struct store_error *error)
{
    enum store_err err = fault(store, error);

    if (err == STORE_OK)
        return store_commit(INNER(store), error);
    if (err == STORE_E_LOST && ((struct faulty *)store)->lose_commit) {
        struct store_error ignored;

        assert_int_equal(store_commit(INNER(store), &ignored), STORE_OK);
    } else {
        store_rollback(INNER(store));
    }
    return err;
}

static void faulty_rollback(struct store *store)
{
    store_rollback(INNER(store));
}

static enum store_err faulty_run(struct store *store, const char *sql,
                                 const struct store_value *values, size_t count,
                                 store_row_fn *row, void *ctx,
                                 struct store_error *error)
{
    enum store_err err = fault(store, error);

    return err != STORE_OK
               ? err
               : store_run(INNER(store), sql, values, count, row, ctx, error);
}

static enum store_err faulty_put(struct store *store,
                                 const struct store_put *put,
                                 const struct store_value *values, size_t rows,
                                 struct store_error *error)
{
    struct faulty *f = (struct faulty *)store;
    enum store_err err = fault(store, error);

    for (size_t i = 0; f->poison != NULL && i < rows * put->count; i++) {
        if (values[i].type == STORE_TEXT &&
            slice_eq(values[i].text, slice_cstr(f->poison)))
            return store_fail(error, STORE_E_VALUE, "poison");
    }
    return err != STORE_OK ? err
                           : store_put_rows(f->inner, put, values, rows, error);
}

static enum store_err faulty_get(struct store *store,
                                 const struct store_get *get,
                                 const struct store_value *values, size_t keys,
                                 store_row_fn *row, void *ctx,
                                 struct store_error *error)
{
    enum store_err err = fault(store, error);

    return err != STORE_OK ? err
                           : store_get_rows(INNER(store), get, values, keys,
                                            row, ctx, error);
}

static const struct store_driver faulty_driver = {.name = "faulty",
                                                  .close = faulty_close,
                                                  .begin = faulty_begin,
                                                  .commit = faulty_commit,
                                                  .rollback = faulty_rollback,
                                                  .run = faulty_run,
                                                  .put = faulty_put,
                                                  .get = faulty_get};

struct test {
    struct desk desk;
    struct faulty *faulty;
};

static int set_up(void **state)
{
    struct test *test = calloc(1, sizeof(*test));

    assert_non_null(test);
    desk_init(&test->desk, NULL, NULL, NULL);
    ledger_free(test->desk.ledger);
    test->desk.ledger = NULL;
    test->faulty = calloc(1, sizeof(*test->faulty));
    assert_non_null(test->faulty);
    test->faulty->store.driver = &faulty_driver;
    test->faulty->inner = test->desk.book->store;
    test->desk.book->store = &test->faulty->store;
    *state = test;
    return 0;
}

static int tear_down(void **state)
{
    struct test *test = *state;

    desk_clear(&test->desk);
    free(test);
    return 0;
}

/* ---- Jobs ------------------------------------------------------------ */

struct tally {
    unsigned done, bad, failed, fresh;
    unsigned next; /* of the order they must come back in */
    bool disorder;
    unsigned marked; /* results that say bad */
};

struct ticket {
    struct tally *tally;
    unsigned number;
};

static void done(void *ctx, const struct store_error *error,
                 const struct ledger_result *results, size_t count)
{
    struct ticket *ticket = ctx;
    struct tally *tally = ticket->tally;

    tally->disorder |= ticket->number != tally->next++;
    tally->done++;
    if (error != NULL && error->code == STORE_E_VALUE)
        tally->bad++;
    else if (error != NULL)
        tally->failed++;
    for (size_t i = 0; error == NULL && i < count; i++)
        tally->fresh += results[i].fresh;
    for (size_t i = 0; i < count; i++)
        tally->marked += results[i].bad;
}

#define JOBS 200

struct crowd {
    char ids[JOBS][33], addresses[JOBS][40];
    struct ticket tickets[JOBS];
    struct tally tally;
};

static void crowd_add(struct crowd *crowd, struct writer *writer, unsigned from,
                      unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        struct record r;

        snprintf(crowd->ids[i], sizeof(crowd->ids[i]), "%08x%024x", i * 7919,
                 i);
        snprintf(crowd->addresses[i], sizeof(crowd->addresses[i]),
                 "user%u@example.org", i % 50);
        r = desk_bounce(crowd->ids[i], crowd->addresses[i], "mailbox_full",
                        T0 + i);
        crowd->tickets[i] = (struct ticket){&crowd->tally, i};
        assert_true(writer_add(writer, &r, 1, done, &crowd->tickets[i]));
    }
}

static struct writer *start(struct test *test, size_t batch)
{
    struct writer_options options = {
        .batch = batch, .delay_ms = 1, .now = T0 + 1000, .tries = 4};
    struct writer *writer = writer_new(test->desk.book, &options);

    assert_non_null(writer);
    return writer;
}

static int64_t stored(struct test *test)
{
    char *text = desk_query(&test->desk, "SELECT count(*) FROM event");
    int64_t count = strtoll(text, NULL, 10);

    free(text);
    return count;
}

static void all_is_stored_and_told_in_order(void **state)
{
    struct test *test = *state;
    static const size_t batches[] = {1, 7, 5000};

    for (size_t i = 0; i < 3; i++) {
        struct crowd *crowd = calloc(1, sizeof(*crowd));
        struct writer *writer = start(test, batches[i]);
        struct writer_counts counts;
        struct store_error error;

        crowd_add(crowd, writer, 0, JOBS);
        assert_int_equal(writer_flush(writer, &error), STORE_OK);
        writer_counts(writer, &counts);
        assert_int_equal(crowd->tally.done, JOBS);
        assert_false(crowd->tally.disorder);
        assert_int_equal(counts.waiting, 0);
        assert_int_equal(counts.bad, 0);
        assert_int_equal(counts.fresh + counts.known, JOBS);
        if (fixture_keeps())
            assert_int_equal(counts.fresh, i == 0 ? JOBS : 0);
        writer_free(writer);
        free(crowd);
    }
    if (fixture_keeps())
        assert_int_equal(stored(test), JOBS);
}

/* What is wrong for a while is tried again, whichever call it meets. */
static void what_passes_is_waited_for(void **state)
{
    struct test *test = *state;
    static const enum store_err errs[] = {STORE_E_BUSY, STORE_E_LOST};
    struct random random = {1};

    for (unsigned round = 0; round < 20; round++) {
        struct crowd *crowd = calloc(1, sizeof(*crowd));
        struct writer *writer = start(test, 30);
        struct store_error error;

        test->faulty->calls = 0;
        test->faulty->fail_at = 1 + (unsigned)random_below(&random, 60);
        test->faulty->fail_for = 1 + (unsigned)random_below(&random, 2);
        test->faulty->err = errs[round % 2];
        test->faulty->lose_commit = round % 4 == 1;
        crowd_add(crowd, writer, 0, 60);
        assert_int_equal(writer_flush(writer, &error), STORE_OK);
        assert_int_equal(crowd->tally.done, 60);
        assert_int_equal(crowd->tally.failed + crowd->tally.bad, 0);
        writer_free(writer);
        free(crowd);
    }
    test->faulty->fail_at = 0;
    if (fixture_keeps())
        assert_int_equal(stored(test), 60);
}

/* A full disk: what was not stored is said not to be, and can be added again;
 * positions do not pass over it. */
static void what_stays_wrong_is_told(void **state)
{
    struct test *test = *state;
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    struct writer *writer = start(test, 30);
    struct store_error error;

    test->faulty->fail_at = 1;
    test->faulty->fail_for = 1;
    test->faulty->err = STORE_E_FULL;
    crowd_add(crowd, writer, 0, 10);
    while (true) { /* until the first batch is through */
        struct writer_counts counts;

        writer_counts(writer, &counts);
        if (counts.waiting == 0)
            break;
    }
    assert_true(writer_add_position(writer, SLICE("log"), 10, SLICE("m")));
    crowd_add(crowd, writer, 10, 20);
    assert_true(writer_add_position(writer, SLICE("log"), 20, SLICE("m")));
    assert_int_equal(writer_flush(writer, &error), STORE_E_FULL);
    assert_string_equal(error.msg, "told to fail");
    assert_true(crowd->tally.failed > 0 && crowd->tally.failed <= 10);
    if (fixture_keeps()) {
        assert_int_equal(stored(test), 20 - crowd->tally.failed);
        desk_expect(&test->desk, "SELECT * FROM position", "");
    }
    /* Once more: now all of it is there. */
    crowd->tally = (struct tally){0};
    crowd_add(crowd, writer, 0, 20);
    assert_true(writer_add_position(writer, SLICE("log"), 20, SLICE("m")));
    assert_int_equal(writer_flush(writer, &error), STORE_OK);
    assert_int_equal(crowd->tally.failed, 0);
    desk_expect(&test->desk, "SELECT \"offset\" FROM position", "20\n");
    writer_free(writer);
    if (fixture_keeps())
        assert_int_equal(stored(test), 20);
    free(crowd);
}

/* The ledger refuses some, the database one: they alone are left out. */
static void bad_records_stand_alone(void **state)
{
    struct test *test = *state;
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    struct writer *writer = start(test, 5000);
    struct ticket tickets[3];
    struct writer_counts counts;
    struct record bad, poison;
    struct store_error error;

    record_init(&bad, NULL);
    bad.act = RECORD_SUPPRESS;
    bad.event.recipient = SLICE("no address");
    poison = desk_bounce("ffff0000ffff0000ffff0000ffff0000", "eve@example.org",
                         "mailbox_full", T0);
    poison.event.scope = SLICE("poison");
    test->faulty->poison = "poison";
    crowd_add(crowd, writer, 0, 50);
    for (unsigned i = 0; i < 3; i++)
        tickets[i] = (struct ticket){&crowd->tally, 50 + i};
    assert_true(writer_add(writer, &bad, 1, done, &tickets[0]));
    assert_true(writer_add(writer, &poison, 1, done, &tickets[1]));
    assert_true(writer_add(writer, &bad, 1, done, &tickets[2]));
    assert_true(writer_add_position(writer, SLICE("log"), 53, SLICE("m")));
    assert_int_equal(writer_flush(writer, &error), STORE_OK);
    writer_counts(writer, &counts);
    assert_int_equal(counts.bad, 3);
    assert_int_equal(crowd->tally.bad, 3);
    assert_int_equal(crowd->tally.fresh, 50);
    assert_int_equal(crowd->tally.failed, 0);
    assert_false(crowd->tally.disorder);
    desk_expect(&test->desk, "SELECT \"offset\" FROM position", "53\n");
    if (fixture_keeps())
        assert_int_equal(stored(test), 50);
    writer_free(writer);
    free(crowd);
}

struct producer {
    struct writer *writer;
    unsigned number;
};

static void *produce(void *arg)
{
    struct producer *p = arg;

    for (unsigned i = 0; i < 300; i++) {
        char id[33], address[40];
        struct record r;

        snprintf(id, sizeof(id), "%08x%024x", p->number, i);
        snprintf(address, sizeof(address), "u%u@example.org", i);
        r = desk_bounce(id, address, "mailbox_full", T0 + i);
        if (!writer_add(p->writer, &r, 1, NULL, NULL))
            abort();
    }
    return NULL;
}

/* Many threads, a short queue, somebody who flushes. */
static void threads_do_not_meet(void **state)
{
    struct test *test = *state;
    struct writer_options options = {
        .batch = 16, .queue = 32, .delay_ms = 1, .now = T0 + 1000};
    struct writer *writer = writer_new(test->desk.book, &options);
    struct producer producers[4];
    struct writer_counts counts;
    struct store_error error;
    pthread_t threads[4];

    assert_non_null(writer);
    for (unsigned i = 0; i < 4; i++) {
        producers[i] = (struct producer){writer, i};
        assert_int_equal(
            pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    assert_int_equal(writer_flush(writer, &error), STORE_OK);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(writer_flush(writer, &error), STORE_OK);
    writer_counts(writer, &counts);
    assert_int_equal(counts.fresh, 1200);
    assert_int_equal(counts.waiting, 0);
    writer_free(writer);
    if (fixture_keeps())
        assert_int_equal(stored(test), 1200);
}

static void the_sent_log_goes_the_same_way(void **state)
{
    struct test *test = *state;
    struct writer *writer = start(test, 5000);
    struct sent line = {.message_id = SLICE("<m1@news.example>"),
                        .recipient = SLICE("user1@example.org"),
                        .campaign = SLICE("spring"),
                        .at = T0};
    struct sent lines[2] = {line, line};
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    struct ticket ticket = {&crowd->tally, 20};
    struct store_error error;
    struct record r;

    lines[1].recipient = SLICE("nobody");
    crowd_add(crowd, writer, 0, 20);
    assert_true(writer_add_sent(writer, lines, 2, done, &ticket));
    assert_int_equal(writer_flush(writer, &error), STORE_OK);
    assert_int_equal(crowd->tally.bad, 1);
    assert_int_equal(crowd->tally.marked, 1);
    assert_int_equal(crowd->tally.done, 21);
    r = desk_bounce("eeee0000ffff0000ffff0000ffff0000", "user1@example.org",
                    "mailbox_full", T0 + 500);
    r.event.message_id = SLICE("m1@news.example");
    assert_true(writer_add(writer, &r, 1, NULL, NULL));
    writer_free(writer);
    desk_expect(&test->desk,
                "SELECT campaign, verified FROM event WHERE mid IS NOT NULL",
                "'spring'|1\n");
    free(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(all_is_stored_and_told_in_order),
        TEST(what_passes_is_waited_for),
        TEST(what_stays_wrong_is_told),
        TEST(bad_records_stand_alone),
        TEST(threads_do_not_meet),
        TEST(the_sent_log_goes_the_same_way),
#undef TEST
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
