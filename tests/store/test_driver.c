/* SPDX-License-Identifier: MIT
 * What every driver does alike (store.h). */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "store/migrate.h"
#include "store_fixture.h"

static const struct store_column tally_columns[] = {
    {"dim", STORE_TEXT},  {"day", STORE_INT},     {"value", STORE_TEXT},
    {"what", STORE_TEXT}, {"detail", STORE_TEXT}, {"n", STORE_INT},
};
static const struct store_put tally_keep = {"tally", tally_columns, 6, 5,
                                            STORE_KEEP};
static const struct store_put tally_replace = {"tally", tally_columns, 6, 5,
                                               STORE_REPLACE};
static const struct store_put tally_add = {"tally", tally_columns, 6, 5,
                                           STORE_ADD};

static const struct store_column folded_columns[] = {{"rcpt", STORE_INT},
                                                     {"id64", STORE_INT}};
static const struct store_put folded_put = {"folded", folded_columns, 2, 2,
                                            STORE_REPLACE};
static const struct store_get folded_get = {"folded", "rcpt, id64",
                                            folded_columns, 2};

static const struct store_column raw_columns[] = {
    {"seq", STORE_INT}, {"recorded_at", STORE_INT}, {"data", STORE_BLOB}};
static const struct store_put raw_put = {"raw", raw_columns, 3, 1,
                                         STORE_REPLACE};

static const struct store_column domain_columns[] = {
    {"domain", STORE_TEXT},
    {"tried_at", STORE_INT},
    {"failed_at", STORE_INT},
    {"delivered_at", STORE_INT}};
static const struct store_put domain_put = {"domain", domain_columns, 4, 1,
                                            STORE_REPLACE};
static const struct store_get domain_get = {
    "domain", "domain, tried_at, failed_at, delivered_at", domain_columns, 1};

struct test {
    struct fixture fixture;
    struct store *store;
    struct store_error error;
};

static int set_up(void **state)
{
    struct test *test = calloc(1, sizeof(*test));
    assert_non_null(test);
    fixture_init(&test->fixture);
    test->store = fixture_open(&test->fixture);
    *state = test;
    return 0;
}

static int tear_down(void **state)
{
    struct test *test = *state;
    store_close(test->store);
    fixture_clear(&test->fixture);
    free(test);
    return 0;
}

/* Shows the message where a call did not do what it should. */
static void expect_err(const struct test *test, enum store_err err,
                       enum store_err wanted)
{
    if (err != wanted) {
        fail_msg("%d instead of %d: %s", (int)err, (int)wanted,
                 test->error.msg);
    }
}

/* The same of a driver that keeps something; the null driver never fails. */
static void expect_fault(const struct test *test, enum store_err err,
                         enum store_err wanted)
{
    expect_err(test, err, fixture_keeps() ? wanted : STORE_OK);
    if (fixture_keeps()) {
        assert_int_equal(test->error.code, wanted);
        assert_true(strlen(test->error.msg) > 5);
    }
}

static struct store_value text_of(const char *text)
{
    return store_text(slice_cstr(text));
}

static struct store_value real_of(double real)
{
    return (struct store_value){.type = STORE_REAL, .real = real};
}

static const struct store_value null_value = {.type = STORE_NULL};

static enum store_err put_tally(struct test *test, const struct store_put *put,
                                const char *value, int64_t n)
{
    const struct store_value row[] = {text_of("domain"), store_int(20000),
                                      text_of(value),    text_of("bounce"),
                                      text_of(""),       store_int(n)};
    return store_put_rows(test->store, put, row, 1, &test->error);
}

static void expect_query(struct test *test, const char *sql,
                         const struct store_value *values, size_t count,
                         const char *rows)
{
    char *text = fixture_query(test->store, sql, values, count);
    assert_string_equal(text, fixture_keeps() ? rows : "");
    free(text);
}

/* Values */

static void parameters_go_by_number(void **state)
{
    const struct store_value values[] = {store_int(1), text_of("two"),
                                         store_int(3)};
    expect_query(*state,
                 "SELECT CAST($3 AS BIGINT), CAST($1 AS BIGINT), "
                 "CAST($2 AS TEXT), CAST($3 AS BIGINT) + CAST($1 AS BIGINT)",
                 values, 3, "3|1|'two'|4\n");
}

static void numbers_come_back(void **state)
{
    const struct store_value values[] = {store_int(INT64_MAX),
                                         store_int(INT64_MIN), store_int(0),
                                         store_int(-1), store_time(INT64_MIN)};
    expect_query(*state,
                 "SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), "
                 "CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT)",
                 values, 5,
                 "9223372036854775807|-9223372036854775808|0|-1|NULL\n");
    const struct store_value reals[] = {real_of(0.1), real_of(-1e300),
                                        real_of(5e-324)};
    expect_query(*state,
                 "SELECT CAST($1 AS DOUBLE PRECISION), "
                 "CAST($2 AS DOUBLE PRECISION), CAST($3 AS DOUBLE PRECISION)",
                 reals, 3,
                 "0.10000000000000001|-1.0000000000000001e+300|"
                 "4.9406564584124654e-324\n");
}

static void text_comes_back(void **state)
{
    const struct store_value values[] = {
        text_of(""), text_of("J\xc3\xbcrgen \xf0\x9f\x93\xa7 \xe9\x83\xb5"),
        text_of("'; DROP TABLE state; --\t\n\"$1"), store_text(SLICE_NULL)};
    expect_query(*state,
                 "SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), "
                 "CAST($3 AS TEXT), CAST($4 AS TEXT)",
                 values, 4,
                 "''|'J\xc3\xbcrgen \xf0\x9f\x93\xa7 \xe9\x83\xb5'|"
                 "''; DROP TABLE state; --\t\n\"$1'|NULL\n");
}

static void text_is_compared_bytewise(void **state)
{
    struct test *test = *state;
    const char *const names[] = {"b", "a", "B", "\xc3\xa4", "a-b", "ab", "a b"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        expect_err(test, put_tally(test, &tally_keep, names[i], 1), STORE_OK);
    }
    fixture_expect(test->store, "SELECT value FROM tally ORDER BY value",
                   "'B'\n'a'\n'a b'\n'a-b'\n'ab'\n'b'\n'\xc3\xa4'\n");
    fixture_expect(test->store, "SELECT value FROM tally WHERE value = 'A'",
                   "");
}

static void bytes_come_back(void **state)
{
    struct test *test = *state;
    char all[256];
    for (size_t i = 0; i < sizeof(all); i++) {
        all[i] = (char)i;
    }
    const struct store_value rows[] = {
        store_int(1), store_int(10), store_blob(SLICE("\0a\0\xff")),
        store_int(2), store_int(10), store_blob(SLICE("")),
        store_int(3), store_int(10), store_blob(slice_make(all, sizeof(all)))};
    expect_err(test,
               store_put_rows(test->store, &raw_put, rows, 3, &test->error),
               STORE_OK);
    fixture_expect(test->store,
                   "SELECT data FROM raw WHERE seq < 3 ORDER BY seq",
                   "x'006100ff'\nx''\n");
    fixture_expect(test->store, "SELECT length(data) FROM raw WHERE seq = 3",
                   "256\n");
}

static void a_large_value_comes_back(void **state)
{
    struct test *test = *state;
    size_t len = (size_t)3 << 20;
    char *bytes = malloc(len);
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)(i * 7 + i / 251);
    }
    const struct store_value row[] = {store_int(1), store_int(10),
                                      store_blob(slice_make(bytes, len))};
    expect_err(test,
               store_put_rows(test->store, &raw_put, row, 1, &test->error),
               STORE_OK);
    const struct store_value same[] = {row[2]};
    expect_query(test, "SELECT seq FROM raw WHERE data = $1", same, 1, "1\n");
    free(bytes);
}

static void what_cannot_be_stored_is_a_bad_value(void **state)
{
    struct test *test = *state;
    const struct {
        const char *label;
        struct store_value domain, tried_at;
    } cases[] = {
        {"NUL in text", store_text(SLICE("a\0b")), store_int(1)},
        {"no UTF-8", store_text(SLICE("a\xff")), store_int(1)},
        {"half a character", store_text(SLICE("a\xc3")), store_int(1)},
        {"a surrogate", store_text(SLICE("\xed\xa0\x80")), store_int(1)},
        {"NULL in a key", null_value, store_int(1)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct store_value row[] = {cases[i].domain, cases[i].tried_at,
                                          null_value, null_value};
        print_message("%s\n", cases[i].label);
        expect_fault(
            test,
            store_put_rows(test->store, &domain_put, row, 1, &test->error),
            STORE_E_VALUE);
    }
    fixture_expect(test->store, "SELECT count(*) FROM domain", "0\n");
}

/* Put and get */

static void put_keeps_replaces_adds(void **state)
{
    struct test *test = *state;
    expect_err(test, put_tally(test, &tally_keep, "a", 1), STORE_OK);
    expect_err(test, put_tally(test, &tally_keep, "a", 2), STORE_OK);
    fixture_expect(test->store, "SELECT n FROM tally", "1\n");
    expect_err(test, put_tally(test, &tally_replace, "a", 5), STORE_OK);
    fixture_expect(test->store, "SELECT n FROM tally", "5\n");
    expect_err(test, put_tally(test, &tally_add, "a", 7), STORE_OK);
    expect_err(test, put_tally(test, &tally_add, "b", -7), STORE_OK);
    fixture_expect(test->store, "SELECT value, n FROM tally ORDER BY value",
                   "'a'|12\n'b'|-7\n");
}

static void replacing_takes_null_too(void **state)
{
    struct test *test = *state;
    const struct store_value rows[] = {text_of("example.org"), store_int(1),
                                       store_int(2), null_value};
    const struct store_value again[] = {text_of("example.org"), null_value,
                                        store_int(3), store_int(4)};
    expect_err(test,
               store_put_rows(test->store, &domain_put, rows, 1, &test->error),
               STORE_OK);
    expect_err(test,
               store_put_rows(test->store, &domain_put, again, 1, &test->error),
               STORE_OK);
    fixture_expect(test->store, "SELECT * FROM domain",
                   "'example.org'|NULL|3|4\n");
}

static void nothing_is_put_and_got(void **state)
{
    struct test *test = *state;
    expect_err(test,
               store_put_rows(test->store, &folded_put, NULL, 0, &test->error),
               STORE_OK);
    expect_err(test,
               store_get_rows(test->store, &folded_get, NULL, 0, NULL, NULL,
                              &test->error),
               STORE_OK);
}

static bool add_row(void *ctx, const struct store_value *row, size_t columns)
{
    fixture_add_row(ctx, row, columns);
    return true;
}

static void one_key_gets_its_row(void **state)
{
    struct test *test = *state;
    const struct store_value row[] = {text_of("example.org"), null_value,
                                      store_int(2), null_value};
    expect_err(test,
               store_put_rows(test->store, &domain_put, row, 1, &test->error),
               STORE_OK);
    char *text = calloc(1, 1);
    expect_err(test,
               store_get_rows(test->store, &domain_get, row, 1, add_row,
                              (void *)&text, &test->error),
               STORE_OK);
    assert_string_equal(text,
                        fixture_keeps() ? "'example.org'|NULL|2|NULL\n" : "");
    free(text);
}

enum { MANY = 10000 };

struct sum {
    size_t rows;
    int64_t total;
};

static bool add_up(void *ctx, const struct store_value *row, size_t columns)
{
    struct sum *sum = ctx;
    assert_int_equal(columns, 2);
    assert_int_equal(row[0].type, STORE_INT);
    assert_int_equal(row[1].integer, row[0].integer * 3);
    sum->rows++;
    sum->total += row[0].integer / MANY;
    return true;
}

/* Every second of the keys that are asked for is there. */
static void many_rows_many_keys(void **state)
{
    struct test *test = *state;
    struct store_value *values = calloc((size_t)2 * MANY, sizeof(*values));
    assert_non_null(values);
    int64_t total = 0;
    for (int64_t i = 0; i < MANY; i++) {
        int64_t key = INT64_MAX / (16 * MANY) * i * 2;
        values[2 * i] = store_int(key);
        values[2 * i + 1] = store_int(key * 3);
        total += i % 2 == 0 ? key / MANY : 0;
    }
    expect_err(test, store_begin(test->store, STORE_WRITE, &test->error),
               STORE_OK);
    expect_err(
        test,
        store_put_rows(test->store, &folded_put, values, MANY, &test->error),
        STORE_OK);
    expect_err(test, store_commit(test->store, &test->error), STORE_OK);
    for (int64_t i = 1; i < MANY; i += 2) {
        values[2 * i] = store_int(values[2 * i].integer + 1);
    }
    struct sum sum = {0};
    expect_err(test,
               store_get_rows(test->store, &folded_get, values, MANY, add_up,
                              &sum, &test->error),
               STORE_OK);
    assert_int_equal(sum.rows, fixture_keeps() ? MANY / 2 : 0);
    assert_int_equal(sum.total, fixture_keeps() ? total : 0);
    free(values);
}

/* A key that is no unique one: every row that fits. */
static void a_key_gets_several_rows(void **state)
{
    static const struct store_get by_rcpt = {"folded", "id64", folded_columns,
                                             1};
    struct test *test = *state;
    const struct store_value rows[] = {store_int(1), store_int(7),
                                       store_int(1), store_int(8),
                                       store_int(2), store_int(9)};
    expect_err(test,
               store_put_rows(test->store, &folded_put, rows, 3, &test->error),
               STORE_OK);
    const struct store_value keys[] = {store_int(1), store_int(3)};
    char *text = calloc(1, 1);
    expect_err(test,
               store_get_rows(test->store, &by_rcpt, keys, 2, add_row,
                              (void *)&text, &test->error),
               STORE_OK);
    if (!fixture_keeps()) {
        assert_string_equal(text, "");
    } else if (strcmp(text, "8\n7\n") != 0) { /* in no order */
        assert_string_equal(text, "7\n8\n");
    }
    free(text);
}

static void a_put_is_whole_or_not_at_all(void **state)
{
    struct test *test = *state;
    const struct store_value rows[] = {text_of("example.org"),
                                       store_int(1),
                                       null_value,
                                       null_value,
                                       null_value,
                                       store_int(1),
                                       null_value,
                                       null_value};
    expect_fault(
        test, store_put_rows(test->store, &domain_put, rows, 2, &test->error),
        STORE_E_VALUE);
    fixture_expect(test->store, "SELECT count(*) FROM domain", "0\n");
}

/* Transactions */

static void commit_keeps_and_rollback_drops(void **state)
{
    struct test *test = *state;
    expect_err(test, store_begin(test->store, STORE_WRITE, &test->error),
               STORE_OK);
    expect_err(test, put_tally(test, &tally_keep, "kept", 1), STORE_OK);
    expect_err(test, store_commit(test->store, &test->error), STORE_OK);
    expect_err(test, store_begin(test->store, STORE_WRITE, &test->error),
               STORE_OK);
    expect_err(test, put_tally(test, &tally_keep, "dropped", 1), STORE_OK);
    fixture_expect(test->store, "SELECT count(*) FROM tally", "2\n");
    store_rollback(test->store);
    fixture_expect(test->store, "SELECT value FROM tally", "'kept'\n");

    store_close(test->store);
    test->store = fixture_open(&test->fixture);
    fixture_expect(test->store, "SELECT value FROM tally", "'kept'\n");
}

static void a_reader_sees_one_moment(void **state)
{
    struct test *test = *state;
    struct store *writer = fixture_open(&test->fixture);
    expect_err(test, put_tally(test, &tally_keep, "a", 1), STORE_OK);
    expect_err(test, store_begin(test->store, STORE_READ, &test->error),
               STORE_OK);
    fixture_expect(test->store, "SELECT n FROM tally", "1\n");

    struct store *reader = test->store;
    test->store = writer;
    expect_err(test, store_begin(writer, STORE_WRITE, &test->error), STORE_OK);
    expect_err(test, put_tally(test, &tally_add, "a", 1), STORE_OK);
    fixture_expect(reader, "SELECT n FROM tally", "1\n");
    expect_err(test, store_commit(writer, &test->error), STORE_OK);
    test->store = reader;

    fixture_expect(reader, "SELECT n FROM tally", "1\n");
    expect_err(test, store_commit(reader, &test->error), STORE_OK);
    fixture_expect(reader, "SELECT n FROM tally", "2\n");
    store_close(writer);
}

static void who_reads_does_not_write(void **state)
{
    struct test *test = *state;
    expect_err(test, store_begin(test->store, STORE_READ, &test->error),
               STORE_OK);
    expect_fault(test, put_tally(test, &tally_keep, "a", 1), STORE_E_SQL);
    store_rollback(test->store);
    fixture_expect(test->store, "SELECT count(*) FROM tally", "0\n");
}

static void after_a_failure_only_rollback_is_left(void **state)
{
    struct test *test = *state;
    expect_err(test, store_begin(test->store, STORE_WRITE, &test->error),
               STORE_OK);
    expect_err(test, put_tally(test, &tally_keep, "a", 1), STORE_OK);
    expect_fault(test,
                 store_run(test->store, "SELECT no_such FROM tally", NULL, 0,
                           NULL, NULL, &test->error),
                 STORE_E_SQL);
    expect_fault(test, put_tally(test, &tally_keep, "b", 1), STORE_E_SQL);
    expect_fault(
        test,
        store_run(test->store, "SELECT 1", NULL, 0, NULL, NULL, &test->error),
        STORE_E_SQL);
    expect_fault(test, store_commit(test->store, &test->error), STORE_E_SQL);
    fixture_expect(test->store, "SELECT count(*) FROM tally", "0\n");

    expect_err(test, store_begin(test->store, STORE_WRITE, &test->error),
               STORE_OK);
    expect_err(test, put_tally(test, &tally_keep, "c", 1), STORE_OK);
    expect_err(test, store_commit(test->store, &test->error), STORE_OK);
    fixture_expect(test->store, "SELECT value FROM tally", "'c'\n");
}

static void bad_statements_say_why(void **state)
{
    struct test *test = *state;
    static const struct store_put no_table = {"no_such_table", folded_columns,
                                              2, 2, STORE_KEEP};
    static const struct store_get no_column = {"folded", "no_such_column",
                                               folded_columns, 2};
    const struct store_value key[] = {store_int(1), store_int(2)};
    const char *const bad[] = {"SELEC 1", "SELECT 1 FROM no_such_table",
                               "SELECT CAST($2 AS BIGINT)"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        print_message("%s\n", bad[i]);
        expect_fault(
            test,
            store_run(test->store, bad[i], key, 1, NULL, NULL, &test->error),
            STORE_E_SQL);
    }
    expect_fault(test,
                 store_put_rows(test->store, &no_table, key, 1, &test->error),
                 STORE_E_SQL);
    expect_fault(test,
                 store_get_rows(test->store, &no_column, key, 1, add_up, NULL,
                                &test->error),
                 STORE_E_SQL);
    fixture_expect(test->store, "SELECT 1", "1\n");
}

static bool stop_at_second(void *ctx, const struct store_value *row,
                           size_t columns)
{
    size_t *seen = ctx;
    (void)row;
    (void)columns;
    return ++*seen < 2;
}

static void a_row_function_may_stop(void **state)
{
    struct test *test = *state;
    const struct store_value rows[] = {store_int(1), store_int(1),
                                       store_int(2), store_int(2),
                                       store_int(3), store_int(3)};
    expect_err(test, store_begin(test->store, STORE_WRITE, &test->error),
               STORE_OK);
    expect_err(test,
               store_put_rows(test->store, &folded_put, rows, 3, &test->error),
               STORE_OK);
    size_t seen = 0;
    expect_err(test,
               store_run(test->store, "SELECT rcpt FROM folded", NULL, 0,
                         stop_at_second, &seen, &test->error),
               fixture_keeps() ? STORE_E_STOPPED : STORE_OK);
    assert_int_equal(seen, fixture_keeps() ? 2 : 0);
    seen = 0;
    expect_err(test,
               store_get_rows(test->store, &folded_get, rows, 3, stop_at_second,
                              &seen, &test->error),
               fixture_keeps() ? STORE_E_STOPPED : STORE_OK);
    assert_int_equal(seen, fixture_keeps() ? 2 : 0);
    /* That was no failure: the transaction goes on. */
    expect_err(test, store_commit(test->store, &test->error), STORE_OK);
    fixture_expect(test->store, "SELECT count(*) FROM folded", "3\n");
}

static void statements_may_be_many(void **state)
{
    struct test *test = *state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 300; i++) {
            char sql[64];
            char row[32];
            (void)snprintf(sql, sizeof(sql), "SELECT %d + CAST($1 AS BIGINT)",
                           i);
            (void)snprintf(row, sizeof(row), "%d\n", i + round);
            const struct store_value value[] = {store_int(round)};
            expect_query(test, sql, value, 1, row);
        }
    }
}

/* Writers */

static void a_second_writer_is_told_to_wait(void **state)
{
    struct test *test = *state;
    struct store *first = test->store;
    struct store_options hurry = {.wait_ms = 100};
    struct store *second = NULL;
    expect_err(test,
               store_open(test->fixture.where, &hurry, &second, &test->error),
               STORE_OK);
    expect_err(test, store_begin(first, STORE_WRITE, &test->error), STORE_OK);
    expect_err(test, put_tally(test, &tally_keep, "a", 1), STORE_OK);
    expect_fault(test, store_begin(second, STORE_WRITE, &test->error),
                 STORE_E_BUSY);
    assert_int_equal(store_exit_status(STORE_E_BUSY), 75);
    if (!fixture_keeps()) {
        store_rollback(second);
    }
    fixture_expect(second, "SELECT count(*) FROM tally", "0\n");
    expect_err(test, store_commit(first, &test->error), STORE_OK);
    expect_err(test, store_begin(second, STORE_WRITE, &test->error), STORE_OK);
    fixture_expect(second, "SELECT value FROM tally", "'a'\n");
    store_rollback(second);
    store_close(second);
}

enum { THREADS = 4, ROUNDS = 25 };

static void *add_in_rounds(void *arg)
{
    struct test test = {.fixture = ((struct test *)arg)->fixture};
    struct store_options options = {.create = true, .wait_ms = 60000};
    size_t done = 0;
    if (store_open(test.fixture.where, &options, &test.store, &test.error) ==
        STORE_OK) {
        for (; done < ROUNDS; done++) {
            if (store_begin(test.store, STORE_WRITE, &test.error) != STORE_OK ||
                put_tally(&test, &tally_add, "all", 1) != STORE_OK ||
                store_commit(test.store, &test.error) != STORE_OK) {
                break;
            }
        }
    }
    if (done < ROUNDS) {
        print_error("round %zu: %s\n", done, test.error.msg);
    }
    store_close(test.store);
    return done == ROUNDS ? arg : NULL;
}

/* They make the store together, too. */
static void writers_take_turns(void **state)
{
    struct test *test = *state;
    store_close(test->store);
    fixture_clear(&test->fixture);
    fixture_init(&test->fixture);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_in_rounds, test),
                         0);
    }
    size_t fine = 0;
    for (size_t i = 0; i < THREADS; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        fine += result != NULL ? 1 : 0;
    }
    assert_int_equal(fine, THREADS);
    test->store = fixture_open(&test->fixture);
    fixture_expect(test->store, "SELECT n FROM tally", "100\n");
}

/* Migrations */

static size_t scripts_of(const struct store_driver *driver)
{
    size_t count = 0;
    while (driver->migration(count) != NULL) {
        count++;
    }
    return count;
}

static void expect_version(struct store *store, size_t version)
{
    char row[32];
    (void)snprintf(row, sizeof(row), "'%zu'\n", version);
    fixture_expect(store, "SELECT value FROM meta WHERE name = 'schema'", row);
}

static void a_store_is_made_once(void **state)
{
    struct test *test = *state;
    expect_version(test->store, scripts_of(test->store->driver));
    expect_err(test, put_tally(test, &tally_keep, "a", 1), STORE_OK);
    store_close(test->store);
    struct store_options reading = {.create = false};
    expect_err(
        test,
        store_open(test->fixture.where, &reading, &test->store, &test->error),
        STORE_OK);
    fixture_expect(test->store, "SELECT n FROM tally", "1\n");
    store_close(test->store);
    test->store = fixture_open(&test->fixture);
    fixture_expect(test->store, "SELECT n FROM tally", "1\n");
}

static void nothing_is_made_unasked(void **state)
{
    struct test *test = *state;
    store_close(test->store);
    test->store = NULL;
    fixture_clear(&test->fixture);
    fixture_init(&test->fixture);
    struct store_options reading = {.create = false};
    expect_fault(
        test,
        store_open(test->fixture.where, &reading, &test->store, &test->error),
        STORE_E_OPEN);
    assert_int_equal(store_exit_status(STORE_E_OPEN), 66);
}

static void other_peoples_tables_are_left_alone(void **state)
{
    struct test *test = *state;
    struct store_options options = {.create = true};
    const char *const scripts[] = {
        "UPDATE meta SET value = '1000' WHERE name = 'schema'",
        "UPDATE meta SET value = 'one' WHERE name = 'schema'",
        "DELETE FROM meta WHERE name = 'schema'",
        "DROP TABLE meta",
        "CREATE TABLE meta (something BIGINT)",
    };
    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
        print_message("%s\n", scripts[i]);
        expect_err(
            test,
            test->store->driver->script(test->store, scripts[i], &test->error),
            STORE_OK);
        struct store *again = NULL;
        expect_fault(
            test,
            store_open(test->fixture.where, &options, &again, &test->error),
            STORE_E_VERSION);
        store_close(again);
    }
    assert_int_equal(store_exit_status(STORE_E_VERSION), 65);
}

static const struct store_driver *real_driver;
static const char *next_script;

static const char *one_script_more(size_t i)
{
    const char *script = real_driver->migration(i);
    if (script == NULL && (i == 0 || real_driver->migration(i - 1) != NULL)) {
        return next_script;
    }
    return script;
}

static void a_store_grows_with_the_program(void **state)
{
    struct test *test = *state;
    struct store *store = test->store;
    real_driver = store->driver;
    static struct store_driver later;
    later = *real_driver;
    later.migration = one_script_more;
    store->driver = &later;

    next_script = "CREATE TABLE more (a BIGINT); SELECT broken FROM nowhere";
    expect_fault(test, migrate(store, true, &test->error), STORE_E_SQL);
    next_script = "CREATE TABLE more (a BIGINT); INSERT INTO more VALUES (1)";
    expect_fault(test, migrate(store, false, &test->error), STORE_E_VERSION);
    expect_err(test, migrate(store, true, &test->error), STORE_OK);
    expect_err(test, migrate(store, true, &test->error), STORE_OK);
    expect_err(test, migrate(store, false, &test->error), STORE_OK);
    fixture_expect(store, "SELECT a FROM more", "1\n");
    expect_version(store, scripts_of(real_driver) + 1);

    store->driver = real_driver;
    expect_fault(test, migrate(store, true, &test->error), STORE_E_VERSION);
}

#define DRIVER_TEST(name)                                                      \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRIVER_TEST(parameters_go_by_number),
        DRIVER_TEST(numbers_come_back),
        DRIVER_TEST(text_comes_back),
        DRIVER_TEST(text_is_compared_bytewise),
        DRIVER_TEST(bytes_come_back),
        DRIVER_TEST(a_large_value_comes_back),
        DRIVER_TEST(what_cannot_be_stored_is_a_bad_value),
        DRIVER_TEST(put_keeps_replaces_adds),
        DRIVER_TEST(replacing_takes_null_too),
        DRIVER_TEST(nothing_is_put_and_got),
        DRIVER_TEST(one_key_gets_its_row),
        DRIVER_TEST(many_rows_many_keys),
        DRIVER_TEST(a_key_gets_several_rows),
        DRIVER_TEST(a_put_is_whole_or_not_at_all),
        DRIVER_TEST(commit_keeps_and_rollback_drops),
        DRIVER_TEST(a_reader_sees_one_moment),
        DRIVER_TEST(who_reads_does_not_write),
        DRIVER_TEST(after_a_failure_only_rollback_is_left),
        DRIVER_TEST(bad_statements_say_why),
        DRIVER_TEST(a_row_function_may_stop),
        DRIVER_TEST(statements_may_be_many),
        DRIVER_TEST(a_second_writer_is_told_to_wait),
        DRIVER_TEST(writers_take_turns),
        DRIVER_TEST(a_store_is_made_once),
        DRIVER_TEST(nothing_is_made_unasked),
        DRIVER_TEST(other_peoples_tables_are_left_alone),
        DRIVER_TEST(a_store_grows_with_the_program),
    };
    return cmocka_run_group_tests_name("driver", tests, NULL, NULL);
}
