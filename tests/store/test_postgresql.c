/* SPDX-License-Identifier: MIT
 * What only PostgreSQL can do to us: its types, its errors, its URLs. Trouble
 * with the connection: test_postgresql_trouble.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store_fixture.h"

static const struct store_column tally_columns[] = {
    {"dim", STORE_TEXT},  {"day", STORE_INT},     {"value", STORE_TEXT},
    {"what", STORE_TEXT}, {"detail", STORE_TEXT}, {"n", STORE_INT},
};
static const struct store_put tally_keep = {"tally", tally_columns, 6, 5,
                                            STORE_KEEP};
static const struct store_put tally_add = {"tally", tally_columns, 6, 5,
                                           STORE_ADD};
static const struct store_get tally_get = {"tally", "day, n", tally_columns, 2};

static const struct store_column raw_columns[] = {
    {"seq", STORE_INT}, {"recorded_at", STORE_INT}, {"data", STORE_BLOB}};
static const struct store_put raw_keep = {"raw", raw_columns, 3, 1, STORE_KEEP};
static const struct store_put raw_replace = {"raw", raw_columns, 3, 1,
                                             STORE_REPLACE};
static const struct store_get raw_get = {"raw", "seq, length(data)",
                                         raw_columns, 1};

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

static void expect_err(const struct test *test, enum store_err err,
                       enum store_err wanted)
{
    if (err != wanted) {
        fail_msg("%d instead of %d: %s", (int)err, (int)wanted,
                 test->error.msg);
    }
}

static struct store_value text_of(const char *text)
{
    return store_text(slice_cstr(text));
}

static void run(struct test *test, const char *sql)
{
    expect_err(test,
               store_run(test->store, sql, NULL, 0, NULL, NULL, &test->error),
               STORE_OK);
}

/* Types */

static void every_type_is_read(void **state)
{
    static const struct {
        const char *sql, *row;
    } cases[] = {
        {"true", "1"},
        {"1 = 2", "0"},
        {"CAST(-2 AS smallint)", "-2"},
        {"CAST(-70000 AS integer)", "-70000"},
        {"CAST(-9223372036854775808 AS bigint)", "-9223372036854775808"},
        {"CAST(4294967295 AS oid)", "4294967295"},
        {"CAST(0.5 AS real)", "0.5"},
        {"CAST(-0.1 AS double precision)", "-0.10000000000000001"},
        {"CAST('name' AS name)", "'name'"},
        {"CAST('c' AS \"char\")", "'c'"},
        {"CAST('v' AS varchar(5))", "'v'"},
        {"CAST('p' AS char(3))", "'p  '"},
        {"'literal'", "'literal'"},
        {"CAST('\\x00ff' AS bytea)", "x'00ff'"},
        {"NULL", "NULL"},
        {"pg_sleep(0)", "NULL"},
        /* Sums of bigint are numeric there. */
        {"(SELECT sum(n) FROM (VALUES (CAST(1 AS bigint)), (2)) AS v(n))", "3"},
        {"CAST(0 AS numeric)", "0"},
        {"CAST(-10000 AS numeric)", "-10000"},
        {"CAST(100000000 AS numeric)", "100000000"},
        {"CAST(9223372036854775807 AS numeric)", "9223372036854775807"},
        {"CAST(-9223372036854775808 AS numeric)", "-9223372036854775808"},
        {"CAST(9223372036854775808 AS numeric)", "9.2233720368547758e+18"},
        {"CAST(-9223372036854775809 AS numeric)", "-9.2233720368547758e+18"},
        {"CAST(1e30 AS numeric)", "1.0000000000000000e+30"},
        {"1.5", "1.5"},
        {"-0.0001", "-0.0001"},
        {"12345.678", "12345.678"},
        {"(SELECT avg(n) FROM (VALUES (1), (2)) AS v(n))", "1.5"},
        {"2.0", "2"},
        {"CAST('Infinity' AS double precision)", "inf"},
        {"CAST('-Infinity' AS numeric)", "-inf"},
    };
    struct test *test = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char sql[200];
        (void)snprintf(sql, sizeof(sql), "SELECT %s", cases[i].sql);
        char *row = fixture_query(test->store, sql, NULL, 0);
        row[strcspn(row, "\n")] = '\0';
        /* Reals are compared as numbers. */
        if (strcmp(row, cases[i].row) != 0 &&
            (strpbrk(cases[i].row, ".e") == NULL || *row == '\'' ||
             strtod(row, NULL) != strtod(cases[i].row, NULL))) {
            fail_msg("%s: %s", cases[i].sql, row);
        }
        free(row);
    }
}

static bool ignore_row(void *ctx, const struct store_value *row, size_t columns)
{
    (void)ctx;
    (void)row;
    (void)columns;
    return true;
}

static void other_types_say_so(void **state)
{
    struct test *test = *state;
    expect_err(test,
               store_run(test->store, "SELECT now() AS moment", NULL, 0,
                         ignore_row, NULL, &test->error),
               STORE_E_SQL);
    assert_non_null(strstr(test->error.msg, "moment"));
    fixture_expect(test->store, "SELECT 1", "1\n");
}

/* What a statement's parameters are may change from call to call. */
static void a_parameter_may_be_null_now_and_then(void **state)
{
    struct test *test = *state;
    const char *sql = "SELECT COALESCE(CAST($1 AS TEXT), 'none') WHERE $2 > 0";
    for (int i = 0; i < 4; i++) {
        const struct store_value values[] = {i % 2 == 0 ? store_text(SLICE_NULL)
                                                        : text_of("some"),
                                             store_int(1)};
        char *text = fixture_query(test->store, sql, values, 2);
        assert_string_equal(text, i % 2 == 0 ? "'none'\n" : "'some'\n");
        free(text);
    }
}

/* Errors */

static void states_have_their_meaning(void **state)
{
    static const struct {
        const char *sqlstate;
        enum store_err err;
    } cases[] = {
        {"40001", STORE_E_BUSY},    {"40P01", STORE_E_BUSY},
        {"55P03", STORE_E_BUSY},    {"57014", STORE_E_BUSY},
        {"53300", STORE_E_BUSY},    {"53100", STORE_E_FULL},
        {"53200", STORE_E_NOMEM},   {"25006", STORE_E_READONLY},
        {"08006", STORE_E_LOST},    {"57P01", STORE_E_LOST},
        {"57P03", STORE_E_LOST},    {"22003", STORE_E_VALUE},
        {"22021", STORE_E_VALUE},   {"23502", STORE_E_VALUE},
        {"54000", STORE_E_VALUE},   {"42601", STORE_E_SQL},
        {"42501", STORE_E_SQL},     {"XX001", STORE_E_DAMAGED},
        {"XX002", STORE_E_DAMAGED}, {"58P01", STORE_E_DAMAGED},
        {"58030", STORE_E_SQL},     {"XX000", STORE_E_SQL},
        {"0A000", STORE_E_SQL},     {"08P01", STORE_E_SQL},
    };
    struct test *test = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char sql[200];
        (void)snprintf(sql, sizeof(sql),
                       "DO $$ BEGIN RAISE EXCEPTION E'two\\nlines \\x01'"
                       " USING ERRCODE = '%s'; END $$",
                       cases[i].sqlstate);
        print_message("%s\n", cases[i].sqlstate);
        expect_err(test, store_begin(test->store, STORE_WRITE, &test->error),
                   STORE_OK);
        expect_err(
            test,
            store_run(test->store, sql, NULL, 0, NULL, NULL, &test->error),
            cases[i].err);
        assert_non_null(strstr(test->error.msg, "two lines"));
        assert_null(strpbrk(test->error.msg, "\n\x01"));
        /* A state is shown where it tells more than the words before. */
        assert_true(cases[i].err == STORE_E_LOST ||
                    strstr(test->error.msg, cases[i].sqlstate) != NULL);
        assert_int_not_equal(store_commit(test->store, &test->error), STORE_OK);
        fixture_expect(test->store, "SELECT 1", "1\n");
    }
}

/* count rows of the day, of which number bad has such a value. */
static struct store_value *tally_rows(size_t count, size_t bad,
                                      struct bounce_slice value)
{
    struct store_value *rows = calloc(6 * count, sizeof(*rows));
    assert_non_null(rows);
    for (size_t i = 0; i < count; i++) {
        rows[6 * i] = text_of("domain");
        rows[6 * i + 1] = store_int((int64_t)i);
        rows[6 * i + 2] = i == bad ? store_text(value) : text_of("example.org");
        rows[6 * i + 3] = text_of("bounce");
        rows[6 * i + 4] = text_of("");
        rows[6 * i + 5] = store_int(1);
    }
    return rows;
}

/* By COPY and by INSERT. */
static void a_bad_value_is_named(void **state)
{
    static const struct {
        struct bounce_slice value;
        const char *flaw;
    } cases[] = {
        {SLICE("a\0b"), "text with NUL in it"},
        {SLICE("a\xc3(b"), "text that is not UTF-8"},
    };
    static const size_t counts[] = {3, 1000};
    struct test *test = *state;
    for (size_t i = 0; i < 4; i++) {
        size_t count = counts[i / 2];
        struct store_value *rows =
            tally_rows(count, count - 2, cases[i % 2].value);
        char wanted[80];
        (void)snprintf(wanted, sizeof(wanted), "tally.value, row %zu: %s",
                       count - 1, cases[i % 2].flaw);
        const struct store_put *const puts[] = {&tally_keep, &tally_add};
        for (size_t j = 0; j < 2; j++) {
            expect_err(
                test,
                store_put_rows(test->store, puts[j], rows, count, &test->error),
                STORE_E_VALUE);
            assert_string_equal(test->error.msg, wanted);
        }
        free(rows);
        const struct store_value value = store_text(cases[i % 2].value);
        expect_err(test,
                   store_run(test->store, "SELECT CAST($1 AS TEXT)", &value, 1,
                             ignore_row, NULL, &test->error),
                   STORE_E_VALUE);
        assert_non_null(strstr(test->error.msg, "$1"));
        assert_non_null(strstr(test->error.msg, cases[i % 2].flaw));
        const struct store_value key[] = {value, store_int(1)};
        expect_err(test,
                   store_get_rows(test->store, &tally_get, key, 1, ignore_row,
                                  NULL, &test->error),
                   STORE_E_VALUE);
        assert_non_null(strstr(test->error.msg, "tally.dim"));
    }
    fixture_expect(test->store, "SELECT count(*) FROM tally", "0\n");
}

static void values_of_the_wrong_type_are_refused(void **state)
{
    struct test *test = *state;
    struct store_value *rows = tally_rows(100, 100, SLICE_NULL);
    rows[6 * 99 + 5] = text_of("1");
    expect_err(
        test, store_put_rows(test->store, &tally_keep, rows, 100, &test->error),
        STORE_E_VALUE);
    assert_non_null(strstr(test->error.msg, "column n"));
    free(rows);
    fixture_expect(test->store, "SELECT count(*) FROM tally", "0\n");
}

static void what_no_index_holds_is_a_bad_value(void **state)
{
    struct test *test = *state;
    size_t len = 100000;
    char *text = malloc(len);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++) { /* nothing that could be compressed */
        text[i] = (char)('0' + (i * 7919 + i * i % 8191 + i / 13) % 75);
    }
    struct store_value *rows = tally_rows(1, 0, slice_make(text, len));
    expect_err(test,
               store_put_rows(test->store, &tally_keep, rows, 1, &test->error),
               STORE_E_VALUE);
    free(rows);
    free(text);
}

static void sums_do_not_overflow_unseen(void **state)
{
    struct test *test = *state;
    struct store_value *rows = tally_rows(1, 1, SLICE_NULL);
    rows[5] = store_int(INT64_MAX);
    expect_err(test,
               store_put_rows(test->store, &tally_add, rows, 1, &test->error),
               STORE_OK);
    rows[5] = store_int(1);
    expect_err(test,
               store_put_rows(test->store, &tally_add, rows, 1, &test->error),
               STORE_E_VALUE);
    free(rows);
    fixture_expect(test->store, "SELECT n FROM tally", "9223372036854775807\n");
}

/* Many rows */

/* First all are new, then half of them, then none; whichever way they go. */
static void rows_that_are_there_are_kept(void **state)
{
    struct test *test = *state;
    size_t count = 1000;
    struct store_value *rows = tally_rows(count, count, SLICE_NULL);
    for (int64_t round = 0; round < 40; round++) {
        int64_t first = round * (int64_t)count / 2 - round / 3 * 700;
        for (size_t i = 0; i < count; i++) {
            rows[6 * i + 1] = store_int(first + (int64_t)i);
            rows[6 * i + 5] = store_int(round);
        }
        bool begun = round % 2 == 0;
        if (begun) {
            expect_err(test,
                       store_begin(test->store, STORE_WRITE, &test->error),
                       STORE_OK);
        }
        expect_err(
            test,
            store_put_rows(test->store, &tally_keep, rows, count, &test->error),
            STORE_OK);
        if (begun) {
            expect_err(test, store_commit(test->store, &test->error), STORE_OK);
        }
    }
    free(rows);
    /* What the same rules give in plain SQL. */
    fixture_expect(
        test->store,
        "WITH put AS (SELECT CAST(first + i AS BIGINT) AS day, min(round) AS n"
        " FROM (SELECT round, round * 500 - round / 3 * 700 AS first"
        " FROM generate_series(0, 39) AS round) AS rounds,"
        " generate_series(0, 999) AS i GROUP BY 1)"
        " SELECT count(*), count(tally.day), sum(CAST(put.n = tally.n AS int))"
        " = count(*) FROM put FULL JOIN tally ON put.day = tally.day",
        "11600|11600|1\n");
}

/* Old and new keys in one put, some more of them each time. */
static void old_and_new_rows_go_together(void **state)
{
    static const struct store_put tally_replace = {"tally", tally_columns, 6, 5,
                                                   STORE_REPLACE};
    static const struct store_put tally_new = {"tally", tally_columns, 6, 5,
                                               STORE_NEW};
    struct test *test = *state;
    size_t count = 300;
    struct store_value *rows = tally_rows(count, count, SLICE_NULL);
    for (int64_t round = 0; round < 8; round++) {
        const struct store_put *put = round < 3   ? &tally_add
                                      : round < 6 ? &tally_replace
                                                  : &tally_new;
        for (size_t i = 0; i < count; i++) {
            rows[6 * i + 1] = store_int(round * 100 + (int64_t)i);
            rows[6 * i + 5] = store_int(round + 1);
        }
        expect_err(test,
                   store_put_rows(test->store, put, rows, count, &test->error),
                   STORE_OK);
    }
    free(rows);
    fixture_expect(test->store,
                   "SELECT day / 100, count(*), min(n), max(n) FROM tally"
                   " GROUP BY 1 ORDER BY 1",
                   "0|100|1|1\n1|100|3|3\n2|100|6|6\n3|100|4|4\n"
                   "4|100|5|5\n5|100|6|6\n6|100|7|7\n7|100|8|8\n"
                   "8|100|8|8\n9|100|8|8\n");
}

/* Somebody who does not know of our lock writes what we are about to copy: here
 * a trigger, which does so once (sequences do not roll back). */
static void a_key_may_come_from_elsewhere(void **state)
{
    struct test *test = *state;
    size_t count = 100;
    struct store_value *rows = tally_rows(count, count, SLICE_NULL);
    run(test, "CREATE SEQUENCE calls");
    run(test, "CREATE FUNCTION intrude() RETURNS trigger LANGUAGE plpgsql AS $$"
              " BEGIN IF nextval('calls') = 8 THEN INSERT INTO tally VALUES"
              " (NEW.dim, 50, NEW.value, NEW.what, NEW.detail, 1000);"
              " END IF; RETURN NEW; END $$");
    run(test, "CREATE TRIGGER intrude BEFORE INSERT ON tally"
              " FOR EACH ROW EXECUTE FUNCTION intrude()");
    expect_err(
        test,
        store_put_rows(test->store, &tally_add, rows, count, &test->error),
        STORE_OK);
    free(rows);
    fixture_expect(test->store, "SELECT count(*), sum(n) FROM tally",
                   "100|100\n");
    fixture_expect(test->store, "SELECT last_value > 110 FROM calls", "1\n");
}

struct sizes {
    size_t rows;
    int64_t bytes;
};

static bool add_size(void *ctx, const struct store_value *row, size_t columns)
{
    struct sizes *sizes = ctx;
    assert_int_equal(columns, 2);
    sizes->rows++;
    sizes->bytes += row[1].integer;
    return true;
}

/* More than one statement should have, in one put. */
static void what_is_large_goes_in_pieces(void **state)
{
    struct test *test = *state;
    size_t count = 80, len = (size_t)1 << 20;
    char *bytes = calloc(1, len);
    struct store_value *rows = calloc(3 * count, sizeof(*rows));
    struct store_value *keys = calloc(count, sizeof(*keys));
    assert_true(bytes != NULL && rows != NULL && keys != NULL);
    for (size_t i = 0; i < count; i++) {
        keys[i] = rows[3 * i] = store_int((int64_t)i);
        rows[3 * i + 1] = store_int(1);
        rows[3 * i + 2] = store_blob(slice_make(bytes, len - i));
    }
    const struct store_put *const puts[] = {&raw_keep, &raw_replace, &raw_keep};
    for (size_t i = 0; i < 3; i++) {
        expect_err(
            test,
            store_put_rows(test->store, puts[i], rows, count, &test->error),
            STORE_OK);
        struct sizes sizes = {0};
        expect_err(test,
                   store_get_rows(test->store, &raw_get, keys, count, add_size,
                                  &sizes, &test->error),
                   STORE_OK);
        assert_int_equal(sizes.rows, count);
        assert_int_equal(sizes.bytes, count * len - count * (count - 1) / 2);
    }
    free(keys);
    free(rows);
    free(bytes);
}

/* Rows come while the server still makes them, and stop when told. */
static bool stop_soon(void *ctx, const struct store_value *row, size_t columns)
{
    size_t *seen = ctx;
    (void)columns;
    assert_int_equal(row[0].integer, (int64_t)*seen + 1);
    return ++*seen < 1000;
}

static void endless_rows_can_be_stopped(void **state)
{
    struct test *test = *state;
    size_t seen = 0;
    expect_err(test,
               store_run(test->store,
                         "SELECT g FROM generate_series(1, 100) AS a,"
                         " LATERAL (SELECT CAST((a - 1) * 1000 + b AS BIGINT)"
                         " AS g FROM generate_series(1, 1000) AS b) AS c,"
                         " LATERAL (SELECT CASE WHEN g > 50000"
                         " THEN pg_sleep(100) END) AS d",
                         NULL, 0, stop_soon, &seen, &test->error),
               STORE_E_STOPPED);
    assert_int_equal(seen, 1000);
    fixture_expect(test->store, "SELECT 1", "1\n");
}

static bool use_store(void *ctx, const struct store_value *row, size_t columns)
{
    struct test *test = ctx;
    (void)row;
    (void)columns;
    expect_err(test,
               store_run(test->store, "SELECT 1", NULL, 0, ignore_row, NULL,
                         &test->error),
               STORE_E_SQL);
    return true;
}

static void row_functions_leave_the_store_alone(void **state)
{
    struct test *test = *state;
    struct store_error error;
    expect_err(
        test,
        store_run(test->store, "SELECT 1", NULL, 0, use_store, test, &error),
        STORE_OK);
    assert_non_null(strstr(test->error.msg, "row function"));
}

static void a_changed_table_is_seen(void **state)
{
    struct test *test = *state;
    struct store *other = fixture_open(&test->fixture);
    fixture_expect(test->store, "SELECT * FROM pulse", "");
    run(test, "INSERT INTO pulse VALUES ('p', 1, 2, 3)");
    expect_err(test,
               store_run(other, "ALTER TABLE pulse ADD COLUMN more BIGINT",
                         NULL, 0, NULL, NULL, &test->error),
               STORE_OK);
    store_close(other);
    /* Prepared for a table that is no more: it passes with a new try. */
    expect_err(test,
               store_run(test->store, "SELECT * FROM pulse", NULL, 0,
                         ignore_row, NULL, &test->error),
               STORE_E_BUSY);
    fixture_expect(test->store, "SELECT * FROM pulse", "'p'|1|2|3|NULL\n");
}

static void prepared_statements_may_vanish(void **state)
{
    struct test *test = *state;
    fixture_expect(test->store, "SELECT 1", "1\n");
    run(test, "DEALLOCATE ALL");
    expect_err(test,
               store_run(test->store, "SELECT 1", NULL, 0, ignore_row, NULL,
                         &test->error),
               STORE_E_BUSY);
    fixture_expect(test->store, "SELECT 1", "1\n");
}

#define DRIVER_TEST(name)                                                      \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRIVER_TEST(every_type_is_read),
        DRIVER_TEST(other_types_say_so),
        DRIVER_TEST(a_parameter_may_be_null_now_and_then),
        DRIVER_TEST(states_have_their_meaning),
        DRIVER_TEST(a_bad_value_is_named),
        DRIVER_TEST(values_of_the_wrong_type_are_refused),
        DRIVER_TEST(what_no_index_holds_is_a_bad_value),
        DRIVER_TEST(sums_do_not_overflow_unseen),
        DRIVER_TEST(rows_that_are_there_are_kept),
        DRIVER_TEST(old_and_new_rows_go_together),
        DRIVER_TEST(a_key_may_come_from_elsewhere),
        DRIVER_TEST(what_is_large_goes_in_pieces),
        DRIVER_TEST(endless_rows_can_be_stopped),
        DRIVER_TEST(row_functions_leave_the_store_alone),
        DRIVER_TEST(a_changed_table_is_seen),
        DRIVER_TEST(prepared_statements_may_vanish),
    };
    return cmocka_run_group_tests_name("postgresql", tests, NULL, NULL);
}
