/* SPDX-License-Identifier: MIT
 * Connections that break, locks, disks that are full, servers that refuse. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "random.h"
#include "store_fixture.h"

static const struct store_column folded_columns[] = {{"rcpt", STORE_INT},
                                                     {"id64", STORE_INT}};
static const struct store_put folded_put = {"folded", folded_columns, 2, 2,
                                            STORE_KEEP};
static const struct store_get folded_get = {"folded", "rcpt, id64",
                                            folded_columns, 1};
static const struct store_column pulse_columns[] = {{"provider", STORE_TEXT},
                                                    {"hour", STORE_INT},
                                                    {"hard", STORE_INT},
                                                    {"results", STORE_INT}};
static const struct store_put pulse_add = {"pulse", pulse_columns, 4, 2,
                                           STORE_ADD};

struct test {
    struct fixture fixture;
    struct store *store, *other; /* other: for what befalls the first */
    struct store_error error;
};

static int set_up(void **state)
{
    struct test *test = calloc(1, sizeof(*test));
    assert_non_null(test);
    fixture_init(&test->fixture);
    test->store = fixture_open(&test->fixture);
    test->other = fixture_open(&test->fixture);
    *state = test;
    return 0;
}

static int tear_down(void **state)
{
    struct test *test = *state;
    store_close(test->store);
    store_close(test->other);
    fixture_clear(&test->fixture);
    free(test);
    return 0;
}

static void expect_err(const struct test *test, enum store_err err,
                       enum store_err wanted)
{
    if (err != wanted) {
        fail_msg("%d instead of %d: %s", (int)err, (int)wanted,
                 test->error.msg);
    }
}

static enum store_err run(struct test *test, struct store *store,
                          const char *sql)
{
    return store_run(store, sql, NULL, 0, NULL, NULL, &test->error);
}

static void sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static double seconds(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The store under the same name with more in its URL, "%20-cname%3Dvalue". */
static enum store_err open_with(struct test *test, const char *more,
                                bool create, struct store **store_out)
{
    struct store_options options = {.create = create, .wait_ms = 300};
    char where[700];
    (void)snprintf(where, sizeof(where), "%s%s", test->fixture.where, more);
    return store_open(where, &options, store_out, &test->error);
}

/* Lost connections */

static int64_t backend(struct store *store)
{
    char *text = fixture_query(store, "SELECT pg_backend_pid()", NULL, 0);
    int64_t pid = strtol(text, NULL, 10);
    free(text);
    return pid;
}

/* Returns when the server has ended the connection. */
static void cut(struct test *test, int64_t pid)
{
    const struct store_value value[] = {store_int(pid)};
    const char *sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                      " WHERE pid = $1";
    for (int i = 0; i < 1000; i++) {
        char *text = fixture_query(test->other, sql, value, 1);
        bool gone = *text == '\0';
        free(text);
        if (gone) {
            return;
        }
        sleep_ms(5);
    }
    fail_msg("the connection cannot be ended");
}

enum { ROWS = 200 };

static enum store_err put_rows(struct test *test, int64_t batch, size_t count)
{
    struct store_value rows[2 * ROWS];
    for (size_t i = 0; i < count; i++) {
        rows[2 * i] = store_int(batch);
        rows[2 * i + 1] = store_int((int64_t)i);
    }
    return store_put_rows(test->store, &folded_put, rows, count, &test->error);
}

static bool count_row(void *ctx, const struct store_value *row, size_t columns)
{
    size_t *rows = ctx;
    (void)row;
    (void)columns;
    (*rows)++;
    return true;
}

static enum store_err get_rows(struct test *test, int64_t batch,
                               size_t *rows_out)
{
    const struct store_value key[] = {store_int(batch)};
    *rows_out = 0;
    return store_get_rows(test->store, &folded_get, key, 1, count_row, rows_out,
                          &test->error);
}

/* One thing after the other as a writer does it. */
static enum store_err step(struct test *test, int number)
{
    size_t rows = 0;
    switch (number) {
    case 0:
        return store_begin(test->store, STORE_WRITE, &test->error);
    case 1:
        return get_rows(test, 1, &rows);
    case 2:
        return put_rows(test, 1, ROWS); /* by COPY */
    case 3:
        return put_rows(test, 2, 2); /* by INSERT */
    case 4:
        return run(test, test->store, "SELECT count(*) FROM folded");
    case 5:
        return test->store->driver->script(test->store, "SELECT 1; SELECT 2",
                                           &test->error);
    default:
        return store_commit(test->store, &test->error);
    }
}

static void a_lost_connection_loses_the_transaction(void **state)
{
    struct test *test = *state;
    for (int place = 1; place <= 6; place++) {
        print_message("place %d\n", place);
        int64_t pid = backend(test->store);
        for (int i = 0; i < place; i++) {
            expect_err(test, step(test, i), STORE_OK);
        }
        cut(test, pid);
        expect_err(test, step(test, place), STORE_E_LOST);
        assert_int_equal(store_exit_status(test->error.code), 75);
        /* No reconnection within what was one transaction. */
        expect_err(test, put_rows(test, 3, 2),
                   place < 6 ? STORE_E_LOST : STORE_OK);
        store_rollback(test->store);
        fixture_expect(test->other, "SELECT count(*) FROM folded",
                       place < 6 ? "0\n" : "2\n");
    }
    for (int i = 0; i <= 6; i++) {
        expect_err(test, step(test, i), STORE_OK);
    }
    fixture_expect(test->other, "SELECT count(*) FROM folded", "204\n");
}

/* Nothing was at stake: nobody need know. */
static void a_transaction_begins_on_a_new_connection(void **state)
{
    struct test *test = *state;
    for (int i = 0; i < 3; i++) {
        expect_err(test, run(test, test->store, "SELECT 7"), STORE_OK);
        cut(test, backend(test->store));
        for (int j = 0; j <= 6; j++) {
            expect_err(test, step(test, j), STORE_OK);
        }
    }
    /* Without one the loss is told of, once. */
    cut(test, backend(test->store));
    expect_err(test, run(test, test->store, "SELECT 7"), STORE_E_LOST);
    expect_err(test, run(test, test->store, "SELECT 7"), STORE_OK);
    /* The new connection is set up like the first. */
    fixture_expect(test->store, "SELECT count(*) FROM folded", "202\n");
    fixture_expect(test->store, "SHOW lock_timeout", "'5s'\n");
}

struct killer {
    char where[sizeof(((struct fixture *)NULL)->where)];
    pthread_mutex_t lock;
    bool over;
    unsigned killed;
};

static bool is_over(struct killer *killer)
{
    (void)pthread_mutex_lock(&killer->lock);
    bool over = killer->over;
    (void)pthread_mutex_unlock(&killer->lock);
    return over;
}

static bool count_killed(void *ctx, const struct store_value *row,
                         size_t columns)
{
    unsigned *killed = ctx;
    (void)columns;
    *killed += row[0].integer != 0 ? 1 : 0;
    return true;
}

static void *kill_at_random(void *arg)
{
    struct killer *killer = arg;
    struct store_options options = {.create = false};
    struct store_error error;
    struct store *store = NULL;
    struct random random = {42};
    enum store_err err = store_open(killer->where, &options, &store, &error);
    while (err == STORE_OK && !is_over(killer)) {
        sleep_ms((long)random_below(&random, 25));
        err = store_run(store,
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = 'victim'",
                        NULL, 0, count_killed, &killer->killed, &error);
    }
    store_close(store);
    return err == STORE_OK ? arg : NULL;
}

/* A batch and its count, together. */
static enum store_err write_batch(struct test *test, int64_t batch)
{
    const struct store_value row[] = {store_text(SLICE("all")), store_int(1),
                                      store_int(1), store_int(ROWS)};
    enum store_err err = store_begin(test->store, STORE_WRITE, &test->error);
    if (err == STORE_OK) {
        err = put_rows(test, batch, ROWS);
    }
    if (err == STORE_OK) {
        err = store_put_rows(test->store, &pulse_add, row, 1, &test->error);
    }
    if (err == STORE_OK) {
        return store_commit(test->store, &test->error);
    }
    store_rollback(test->store);
    return err;
}

/* Whether it is there, whole; it must not be there in part. */
static bool is_written(struct test *test, int64_t batch)
{
    size_t rows = 0;
    enum store_err err;
    do {
        err = get_rows(test, batch, &rows);
        assert_true(err == STORE_OK || err == STORE_E_LOST);
    } while (err != STORE_OK);
    assert_true(rows == 0 || rows == ROWS);
    return rows != 0;
}

static void nothing_is_lost_or_doubled_by_lost_connections(void **state)
{
    struct test *test = *state;
    struct killer killer = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const char *full = getenv("BOUNCE_FULL");
    unsigned wanted = full != NULL && strcmp(full, "1") == 0 ? 1000 : 50;
    double end = seconds() + 120;
    int64_t batches = 0;
    pthread_t thread;
    void *result = NULL;

    store_close(test->store);
    test->store = NULL;
    expect_err(test,
               open_with(test, "&application_name=victim", false, &test->store),
               STORE_OK);
    (void)snprintf(killer.where, sizeof(killer.where), "%s",
                   test->fixture.where);
    assert_int_equal(pthread_create(&thread, NULL, kill_at_random, &killer), 0);
    unsigned lost = 0;
    while (lost < wanted && seconds() < end) {
        enum store_err err = write_batch(test, ++batches);
        while (err != STORE_OK) {
            assert_int_equal(err, STORE_E_LOST);
            lost++;
            if (is_written(test, batches)) {
                break; /* the answer to commit was lost, not the commit */
            }
            err = write_batch(test, batches);
        }
    }
    (void)pthread_mutex_lock(&killer.lock);
    killer.over = true;
    (void)pthread_mutex_unlock(&killer.lock);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_non_null(result);
    print_message("%u connections ended, %u errors, %lld batches\n",
                  killer.killed, lost, (long long)batches);
    assert_true(lost >= wanted);
    char rows[64];
    (void)snprintf(rows, sizeof(rows), "%lld|%lld\n", (long long)batches * ROWS,
                   (long long)batches * ROWS);
    fixture_expect(test->other,
                   "SELECT (SELECT count(*) FROM folded),"
                   " (SELECT results FROM pulse)",
                   rows);
}

/* Locks */

struct worker {
    pthread_t thread;
    struct store *store;
    const char *sql;
    enum store_err err;
    struct store_error error;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    worker->err = store_run(worker->store, worker->sql, NULL, 0, NULL, NULL,
                            &worker->error);
    return NULL;
}

/* Two at once; which of them fails is the server's choice. */
static void expect_one_busy(struct test *test, const char *first,
                            const char *second)
{
    struct worker workers[] = {{.store = test->store, .sql = first},
                               {.store = test->other, .sql = second}};
    size_t busy = 0;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        if (workers[i].err == STORE_E_BUSY) {
            print_message("%s\n", workers[i].error.msg);
            busy++;
        } else if (workers[i].err != STORE_OK) {
            fail_msg("%s", workers[i].error.msg);
        }
    }
    assert_int_equal(busy, 1);
}

static void who_is_in_a_deadlock_may_try_again(void **state)
{
    struct test *test = *state;
    expect_err(test,
               run(test, test->store,
                   "INSERT INTO meta VALUES ('a', '0'), ('b', '0')"),
               STORE_OK);
    expect_one_busy(test,
                    "DO $$ BEGIN UPDATE meta SET value = '1' WHERE name = 'a';"
                    " PERFORM pg_sleep(0.5);"
                    " UPDATE meta SET value = '1' WHERE name = 'b'; END $$",
                    "DO $$ BEGIN UPDATE meta SET value = '2' WHERE name = 'b';"
                    " PERFORM pg_sleep(0.5);"
                    " UPDATE meta SET value = '2' WHERE name = 'a'; END $$");
    fixture_expect(test->store,
                   "SELECT count(DISTINCT value) FROM meta"
                   " WHERE name IN ('a', 'b') AND value <> '0'",
                   "1\n");
}

static void who_cannot_be_serialized_may_try_again(void **state)
{
    static const char sql[] =
        "DO $$ DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM pulse;"
        " PERFORM pg_sleep(0.5);"
        " INSERT INTO pulse VALUES (pg_backend_pid()::text, n, 0, 0); END $$";
    static const char level[] =
        "SET default_transaction_isolation = 'serializable'";
    struct test *test = *state;
    expect_err(test, run(test, test->store, level), STORE_OK);
    expect_err(test, run(test, test->other, level), STORE_OK);
    expect_one_busy(test, sql, sql);
    fixture_expect(test->store, "SELECT count(*) FROM pulse", "1\n");
    /* Our own transactions say what they want to be. */
    expect_err(test, store_begin(test->store, STORE_WRITE, &test->error),
               STORE_OK);
    fixture_expect(test->store, "SHOW transaction_isolation",
                   "'read committed'\n");
    store_rollback(test->store);
}

static void statements_do_not_take_for_ever(void **state)
{
    struct test *test = *state;
    struct store *store = NULL;
    double start = seconds();
    expect_err(test,
               open_with(test, "%20-cstatement_timeout%3D200", false, &store),
               STORE_OK);
    expect_err(test, run(test, store, "SELECT pg_sleep(60)"), STORE_E_BUSY);
    /* A lock of somebody else's that is held on: wait_ms is 300. */
    expect_err(test, run(test, store, "SET statement_timeout = 0"), STORE_OK);
    expect_err(test, store_begin(test->other, STORE_WRITE, &test->error),
               STORE_OK);
    expect_err(test, run(test, test->other, "LOCK TABLE pulse"), STORE_OK);
    expect_err(test, run(test, store, "SELECT * FROM pulse"), STORE_E_BUSY);
    expect_err(test, store_begin(store, STORE_WRITE, &test->error),
               STORE_E_BUSY);
    assert_non_null(strstr(test->error.msg, "another process"));
    store_rollback(test->other);
    expect_err(test, store_begin(store, STORE_WRITE, &test->error), STORE_OK);
    store_rollback(store);
    store_close(store);
    assert_true(seconds() - start < 20);
}

/* Servers */

static void a_server_may_take_no_writes(void **state)
{
    static const char read_only[] = "%20-cdefault_transaction_read_only%3Don";
    struct test *test = *state;
    struct store *store = NULL;
    expect_err(test, open_with(test, read_only, true, &store), STORE_OK);
    fixture_expect(store, "SELECT count(*) FROM folded", "0\n");
    expect_err(test, store_begin(store, STORE_READ, &test->error), STORE_OK);
    expect_err(test, store_commit(store, &test->error), STORE_OK);
    expect_err(test, store_begin(store, STORE_WRITE, &test->error),
               STORE_E_READONLY);
    expect_err(test, run(test, store, "DELETE FROM folded"), STORE_E_READONLY);
    assert_int_equal(store_exit_status(test->error.code), 73);
    fixture_expect(store, "SELECT count(*) FROM folded", "0\n");
    store_close(store);
    store_close(test->other);
    store_close(test->store);
    test->store = test->other = NULL;
    fixture_clear(&test->fixture);
    fixture_init(&test->fixture);
    expect_err(test, open_with(test, read_only, true, &store),
               STORE_E_READONLY);
}

static void a_connection_is_set_up(void **state)
{
    struct test *test = *state;
    struct store *store = NULL;
    expect_err(test,
               open_with(test,
                         "%20-csynchronous_commit%3Doff"
                         "%20-cstandard_conforming_strings%3Doff"
                         "&client_encoding=LATIN1",
                         false, &store),
               STORE_OK);
    fixture_expect(store, "SHOW synchronous_commit", "'on'\n");
    fixture_expect(store, "SHOW standard_conforming_strings", "'on'\n");
    fixture_expect(store, "SHOW client_encoding", "'UTF8'\n");
    fixture_expect(store, "SHOW application_name", "'bounce'\n");
    fixture_expect(store, "SHOW lock_timeout", "'300ms'\n");
    store_close(store);
}

static void what_is_wrong_with_a_url_is_said_without_it(void **state)
{
    static const struct {
        const char *where, *has;
        enum store_err err;
    } cases[] = {
        {"postgresql://%zz:hunter2@/", "URL", STORE_E_OPEN},
        {"postgresql://me:hunter2@[::1", "URL", STORE_E_OPEN},
        {"postgresql://me:hunter2/x@127.0.0.1/db", "port", STORE_E_OPEN},
        {"postgresql://me:5432/hunter2@127.0.0.1/db", "@", STORE_E_OPEN},
        {"postgresql://me:hunter2?x@127.0.0.1:1/db", "refused", STORE_E_LOST},
        {"postgres://me:pw@127.0.0.1/db?hunter2=1", "URL", STORE_E_OPEN},
        {"postgresql://me:hunter2@127.0.0.1:1/db", "refused", STORE_E_LOST},
        {"postgresql://me:hunter2@%2Fno%2Fsuch%2Ffolder/db", "/no/such/folder",
         STORE_E_LOST},
        {"postgresql:///db?host=/no/such/folder&password=hunter2",
         "/no/such/folder", STORE_E_LOST},
    };
    struct store_options options = {.create = true, .wait_ms = 2000};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct store_error error;
        struct store *store = NULL;
        enum store_err err =
            store_open(cases[i].where, &options, &store, &error);
        print_message("%s\n", error.msg);
        assert_int_equal(err, cases[i].err);
        assert_null(store);
        assert_null(strstr(error.msg, "hunter2"));
        assert_non_null(strstr(error.msg, cases[i].has));
    }
    (void)state;
}

/* The server of the test with something else behind its host. */
static enum store_err open_changed(const char *user, const char *rest,
                                   struct store_error *error)
{
    const char *url = getenv("BOUNCE_TEST_POSTGRESQL");
    struct store_options options = {.create = false};
    struct store *store = NULL;
    char where[300];
    assert_non_null(url);
    const char *host = strchr(url, '@');
    assert_non_null(host);
    (void)snprintf(where, sizeof(where), "postgresql://%s%.*s%s", user,
                   (int)(strrchr(url, '/') - host), host, rest);
    enum store_err err = store_open(where, &options, &store, error);
    store_close(store);
    return err;
}

static void servers_say_what_is_not_there(void **state)
{
    struct store_error error;
    (void)state;
    assert_int_equal(open_changed("bounce", "/nodb", &error), STORE_E_OPEN);
    assert_non_null(strstr(error.msg, "nodb"));
    assert_int_equal(open_changed("nobody:hunter2", "/postgres", &error),
                     STORE_E_OPEN);
    assert_non_null(strstr(error.msg, "nobody"));
    assert_null(strstr(error.msg, "hunter2"));
    assert_int_equal(open_changed("bounce",
                                  "/postgres?options=-csearch_path%3Dnowhere",
                                  &error),
                     STORE_E_OPEN);
    assert_non_null(strstr(error.msg, "CREATE SCHEMA"));
    /* Libpq's own options pass: a host of the query string, and TLS to a
     * server that has none. */
    assert_int_equal(open_changed("bounce",
                                  "/postgres?sslmode=require&host=127.0.0.1"
                                  "&port=1",
                                  &error),
                     STORE_E_LOST);
    assert_non_null(strstr(error.msg, "127.0.0.1"));
}

/* Two stores in one database: neither sees the other, nor waits for it. */
static void a_schema_is_a_store(void **state)
{
    struct test *test = *state;
    struct store *store = NULL;
    expect_err(test, run(test, test->other, "CREATE SCHEMA second_store"),
               STORE_OK);
    expect_err(
        test,
        open_with(test, "&options=-csearch_path%3Dsecond_store", true, &store),
        STORE_OK);
    expect_err(test, store_begin(test->store, STORE_WRITE, &test->error),
               STORE_OK);
    expect_err(test, store_begin(store, STORE_WRITE, &test->error), STORE_OK);
    expect_err(test, put_rows(test, 1, 2), STORE_OK);
    expect_err(test, store_commit(test->store, &test->error), STORE_OK);
    fixture_expect(store, "SELECT count(*) FROM folded", "0\n");
    store_rollback(store);
    store_close(store);
    expect_err(test, run(test, test->other, "DROP SCHEMA second_store CASCADE"),
               STORE_OK);
}

/* Full disk */

static const struct store_column raw_columns[] = {
    {"seq", STORE_INT}, {"recorded_at", STORE_INT}, {"data", STORE_BLOB}};
static const struct store_put raw_put = {"raw", raw_columns, 3, 1, STORE_KEEP};

/* Puts large rows until that fails, or there are enough of them. */
static enum store_err fill(struct test *test, int64_t *rows_out)
{
    size_t len = (size_t)256 << 10;
    char *bytes = malloc(len);
    struct random random = {7};
    enum store_err err = STORE_OK;
    assert_non_null(bytes);
    for (*rows_out = 0; err == STORE_OK && *rows_out < 1000; ++*rows_out) {
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (char)random_next(&random);
        }
        const struct store_value row[] = {store_int(*rows_out), store_int(1),
                                          store_blob(slice_make(bytes, len))};
        err = store_begin(test->store, STORE_WRITE, &test->error);
        if (err == STORE_OK) {
            err = store_put_rows(test->store, &raw_put, row, 1, &test->error);
        }
        if (err == STORE_OK) {
            err = store_commit(test->store, &test->error);
        } else {
            struct store_error error = test->error;
            store_rollback(test->store);
            test->error = error;
        }
    }
    --*rows_out;
    free(bytes);
    return err;
}

static void a_full_disk_does_no_damage(void **state)
{
    struct test *test = *state;
    const char *folder = getenv("BOUNCE_TEST_POSTGRESQL_SMALL");
    char sql[300], rows[32];
    int64_t count;
    if (folder == NULL) {
        print_message("skipped: there is no small disk (see postgresql.sh)\n");
        skip();
    }
    (void)snprintf(sql, sizeof(sql), "CREATE TABLESPACE small LOCATION '%s'",
                   folder);
    expect_err(test, run(test, test->other, sql), STORE_OK);
    expect_err(test,
               run(test, test->other, "ALTER TABLE raw SET TABLESPACE small"),
               STORE_OK);
    expect_err(test, fill(test, &count), STORE_E_FULL);
    print_message("%s\n", test->error.msg);
    assert_int_equal(store_exit_status(test->error.code), 75);
    assert_in_range(count, 50, 300);
    (void)snprintf(rows, sizeof(rows), "%lld\n", (long long)count);
    fixture_expect(test->store, "SELECT count(*) FROM raw", rows);
    /* Other tables have room, and so has this one when there is. */
    expect_err(test, put_rows(test, 1, ROWS), STORE_OK);
    expect_err(
        test,
        run(test, test->other, "ALTER TABLE raw SET TABLESPACE pg_default"),
        STORE_OK);
    expect_err(test, run(test, test->other, "TRUNCATE raw"), STORE_OK);
    expect_err(test,
               run(test, test->other, "ALTER TABLE raw SET TABLESPACE small"),
               STORE_OK);
    int64_t again;
    expect_err(test, fill(test, &again), STORE_E_FULL);
    assert_in_range(again, count - 20, count + 20);
    expect_err(test, run(test, test->other, "DROP TABLE raw"), STORE_OK);
    expect_err(test, run(test, test->other, "DROP TABLESPACE small"), STORE_OK);
}

/* The last test: no server is left after it. */
static void a_server_may_go_away(void **state)
{
    const char *url = getenv("BOUNCE_TEST_POSTGRESQL");
    const char *pid = getenv("BOUNCE_TEST_POSTGRESQL_PID");
    struct store_options options = {.create = true, .wait_ms = 2000};
    struct store_error error;
    struct store *store = NULL, *late = NULL;
    (void)state;
    assert_true(url != NULL && pid != NULL);
    assert_int_equal(store_open(url, &options, &store, &error), STORE_OK);
    assert_int_equal(store_begin(store, STORE_WRITE, &error), STORE_OK);
    assert_int_equal(kill((pid_t)strtol(pid, NULL, 10), SIGINT), 0);
    enum store_err err = STORE_OK;
    for (int i = 0; i < 500 && err == STORE_OK; i++) {
        err = store_run(store, "SELECT 1", NULL, 0, NULL, NULL, &error);
        sleep_ms(10);
    }
    assert_int_equal(err, STORE_E_LOST);
    assert_int_equal(store_commit(store, &error), STORE_E_LOST);
    assert_int_equal(store_begin(store, STORE_WRITE, &error), STORE_E_LOST);
    assert_int_equal(store_begin(store, STORE_READ, &error), STORE_E_LOST);
    store_rollback(store);
    assert_int_equal(store_open(url, &options, &late, &error), STORE_E_LOST);
    assert_null(late);
    store_close(store);
}

#define DRIVER_TEST(name)                                                      \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRIVER_TEST(a_lost_connection_loses_the_transaction),
        DRIVER_TEST(a_transaction_begins_on_a_new_connection),
        DRIVER_TEST(nothing_is_lost_or_doubled_by_lost_connections),
        DRIVER_TEST(who_is_in_a_deadlock_may_try_again),
        DRIVER_TEST(who_cannot_be_serialized_may_try_again),
        DRIVER_TEST(statements_do_not_take_for_ever),
        DRIVER_TEST(a_server_may_take_no_writes),
        DRIVER_TEST(a_connection_is_set_up),
        cmocka_unit_test(what_is_wrong_with_a_url_is_said_without_it),
        cmocka_unit_test(servers_say_what_is_not_there),
        DRIVER_TEST(a_schema_is_a_store),
        DRIVER_TEST(a_full_disk_does_no_damage),
        cmocka_unit_test(a_server_may_go_away),
    };
    return cmocka_run_group_tests_name("postgresql_trouble", tests, NULL, NULL);
}
