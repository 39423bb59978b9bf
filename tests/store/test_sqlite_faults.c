/* SPDX-License-Identifier: MIT
 * What goes wrong with a file, and what the store says then: a clear error,
 * nothing lost, nothing half done, and the same again works once the trouble is
 * over. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lossy_vfs.h"
#include "sqlite_work.h"

struct test {
    struct fixture fixture;
    struct work work;
    struct store *store;
    struct store_error error;
};

static int set_up(void **state)
{
    struct test *test = calloc(1, sizeof(*test));
    assert_non_null(test);
    fixture_init(&test->fixture);
    work_init(&test->work, 7);
    *state = test;
    return 0;
}

static int tear_down(void **state)
{
    struct test *test = *state;
    store_close(test->store);
    lossy_vfs_restart(LOSSY_LOSE_ALL, 0);
    fixture_clear(&test->fixture);
    free(test);
    return 0;
}

static void expect_err(const struct test *test, enum store_err err,
                       enum store_err wanted, const char *says, int status)
{
    if (err != wanted || strstr(test->error.msg, says) == NULL) {
        fail_msg("%d instead of %d: %s", (int)err, (int)wanted,
                 test->error.msg);
    }
    assert_int_equal(test->error.code, wanted);
    assert_int_equal(store_exit_status(err), status);
}

static enum store_err open_store(struct test *test, const char *where,
                                 bool create)
{
    struct store_options options = {.create = create, .wait_ms = 100};
    return store_open(where, &options, &test->store, &test->error);
}

static void expect_steps(struct store *store, const struct work *work,
                         size_t steps)
{
    char digest[33];
    assert_true(work_digest(store, digest));
    assert_string_equal(digest, work->digests[steps]);
}

/* A disk that is full for a while */

/* Steps through the work; each failure leaves the store as it was, for who
 * failed and for others. */
static void work_with_faults(struct test *test, enum lossy_fault fault,
                             enum store_err wanted, const char *says,
                             int status, struct random *random)
{
    bool trouble = true;
    for (size_t step = 0; step < WORK_STEPS;) {
        lossy_vfs_fail(trouble ? fault : LOSSY_NONE, random_below(random, 40),
                       1 + random_below(random, 4));
        enum store_err err =
            work_step(&test->work, step, test->store, &test->error);
        lossy_vfs_fail(LOSSY_NONE, 0, 0);
        if (err == STORE_OK) {
            step++;
            trouble = true;
            continue;
        }
        expect_err(test, err, wanted, says, status);
        expect_steps(test->store, &test->work, step);
        trouble = false;
        struct store *other = fixture_open(&test->fixture);
        expect_steps(other, &test->work, step);
        store_close(other);
    }
    work_expect_sound(test->store);
    expect_steps(test->store, &test->work, WORK_STEPS);
}

static void faults_in_rounds(struct test *test, enum lossy_fault fault,
                             enum store_err wanted, const char *says,
                             int status)
{
    unsigned rounds = work_rounds(50, 1000);
    for (unsigned i = 0; i < rounds; i++) {
        struct random random = {i};
        lossy_vfs_fail(fault, random_below(&random, 60), 1);
        enum store_err err = open_store(test, test->fixture.where, true);
        if (err != STORE_OK) {
            expect_err(test, err, wanted, says, status);
            lossy_vfs_fail(LOSSY_NONE, 0, 0);
            err = open_store(test, test->fixture.where, true);
        }
        assert_int_equal(err, STORE_OK);
        assert_int_equal(store_run(test->store, "PRAGMA wal_autocheckpoint = 9",
                                   NULL, 0, NULL, NULL, &test->error),
                         STORE_OK);
        work_with_faults(test, fault, wanted, says, status, &random);
        store_close(test->store);
        test->store = fixture_open(&test->fixture);
        expect_steps(test->store, &test->work, WORK_STEPS);
        store_close(test->store);
        test->store = NULL;
        lossy_vfs_restart(LOSSY_LOSE_ALL, 0);
        fixture_clear(&test->fixture);
        fixture_init(&test->fixture);
        work_init(&test->work, random_next(&random));
    }
}

static void the_disk_may_be_full(void **state)
{
    faults_in_rounds(*state, LOSSY_FULL, STORE_E_FULL, "disk is full", 75);
}

static void a_sync_may_fail(void **state)
{
    faults_in_rounds(*state, LOSSY_SYNC, STORE_E_SQL,
                     "cannot be read or written", 74);
}

/* Files and folders */

static void the_path_may_be_wrong(void **state)
{
    struct test *test = *state;
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/no/store.db", test->fixture.folder);
    expect_err(test, open_store(test, path, true), STORE_E_OPEN,
               "no such file or folder", 66);
    expect_err(test, open_store(test, path, false), STORE_E_OPEN,
               "no such file or folder", 66);
    expect_err(test, open_store(test, test->fixture.where, false), STORE_E_OPEN,
               "no such file or folder", 66);
    assert_int_equal(access(test->fixture.where, F_OK), -1);
    expect_err(test, open_store(test, test->fixture.folder, true), STORE_E_OPEN,
               "is a folder", 66);
    expect_err(test, open_store(test, "", true), STORE_E_OPEN, "no name", 66);
    (void)snprintf(path, sizeof(path), "%s/file:x?mode=memory",
                   test->fixture.folder);
    assert_int_equal(open_store(test, path, true), STORE_OK);
    assert_int_equal(access(path, F_OK), 0);
}

/* Opens as an ordinary user, since root may do anything. */
static void expect_refused(struct test *test, bool create,
                           enum store_err wanted, const char *says)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(99);
        }
        enum store_err err = open_store(test, test->fixture.where, create);
        _exit(err == wanted && strstr(test->error.msg, says) != NULL ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void rights_may_be_missing(void **state)
{
    struct test *test = *state;
    assert_int_equal(chmod(test->fixture.folder, 0555), 0);
    expect_refused(test, true, STORE_E_OPEN, "permission denied");
    assert_int_equal(chmod(test->fixture.folder, 0755), 0);
    store_close(fixture_open(&test->fixture));
    lossy_vfs_restart(LOSSY_LOSE_ALL, 0);
    assert_int_equal(chmod(test->fixture.where, 0000), 0);
    expect_refused(test, false, STORE_E_OPEN, "permission denied");
    assert_int_equal(chmod(test->fixture.where, 0644), 0);
    assert_int_equal(chmod(test->fixture.folder, 0555), 0);
    expect_refused(test, false, STORE_E_READONLY, "folder cannot be written");
    assert_int_equal(chmod(test->fixture.folder, 0700), 0);
}

static void a_store_is_its_owners_alone(void **state)
{
    struct test *test = *state;
    const char *const endings[] = {"", "-wal", "-shm"};
    test->store = fixture_open(&test->fixture);
    assert_int_equal(work_step(&test->work, 0, test->store, &test->error),
                     STORE_OK);
    for (size_t i = 0; i < 3; i++) {
        char path[600];
        struct stat file;
        (void)snprintf(path, sizeof(path), "%s%s", test->fixture.where,
                       endings[i]);
        assert_int_equal(stat(path, &file), 0);
        assert_int_equal(file.st_mode & 0777, 0600);
    }
}

static void a_file_may_be_read_only(void **state)
{
    struct test *test = *state;
    store_close(fixture_open(&test->fixture));
    lossy_vfs_fail(LOSSY_READONLY, 0, 0);
    expect_err(test, open_store(test, test->fixture.where, true),
               STORE_E_READONLY, "read-only", 73);
    /* Who only reads is served. */
    assert_int_equal(open_store(test, test->fixture.where, false), STORE_OK);
    expect_steps(test->store, &test->work, 0);
    expect_err(test, work_step(&test->work, 0, test->store, &test->error),
               STORE_E_READONLY, "read-only", 73);
    store_close(test->store);
    lossy_vfs_fail(LOSSY_NONE, 0, 0);
    test->store = fixture_open(&test->fixture);
    assert_int_equal(work_step(&test->work, 0, test->store, &test->error),
                     STORE_OK);
    expect_steps(test->store, &test->work, 1);
}

static void the_file_may_go(void **state)
{
    struct test *test = *state;
    char elsewhere[600];
    (void)snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere",
                   test->fixture.folder);
    test->store = fixture_open(&test->fixture);
    assert_int_equal(work_step(&test->work, 0, test->store, &test->error),
                     STORE_OK);
    assert_int_equal(store_begin(test->store, STORE_WRITE, &test->error),
                     STORE_OK);
    assert_int_equal(rename(test->fixture.where, elsewhere), 0);
    expect_err(test, store_commit(test->store, &test->error), STORE_E_LOST,
               "moved or removed", 75);
    expect_err(test, work_step(&test->work, 1, test->store, &test->error),
               STORE_E_LOST, "moved or removed", 75);
    assert_int_equal(rename(elsewhere, test->fixture.where), 0);
    assert_int_equal(work_step(&test->work, 1, test->store, &test->error),
                     STORE_OK);
    expect_steps(test->store, &test->work, 2);
}

/* What is no store of ours */

static void write_file(const char *path, long offset, const char *text,
                       size_t times)
{
    FILE *file = fopen(path, offset == 0 ? "wb" : "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    for (size_t i = 0; i < times; i++) {
        assert_true(fputs(text, file) >= 0);
    }
    assert_int_equal(fclose(file), 0);
}

static size_t read_file(const char *path, char *bytes, size_t cap)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, cap, file);
    assert_int_equal(fclose(file), 0);
    return len;
}

static void other_files_are_left_alone(void **state)
{
    struct test *test = *state;
    static char before[65536];
    static char after[65536];
    write_file(test->fixture.where, 0, "Dear diary,\n", 500);
    size_t len = read_file(test->fixture.where, before, sizeof(before));
    for (int create = 0; create < 2; create++) {
        expect_err(test, open_store(test, test->fixture.where, create != 0),
                   STORE_E_VERSION, "no SQLite database", 65);
    }
    assert_int_equal(read_file(test->fixture.where, after, sizeof(after)), len);
    assert_memory_equal(before, after, len);
}

static void other_databases_are_left_alone(void **state)
{
    struct test *test = *state;
    static char before[65536];
    static char after[65536];
    struct store_options options = {.wait_ms = 100};
    write_file(test->fixture.where, 0, "", 1);
    assert_int_equal(store_sqlite.open(test->fixture.where, &options,
                                       &test->store, &test->error),
                     STORE_OK);
    assert_int_equal(store_sqlite.script(test->store,
                                         "CREATE TABLE diary (day TEXT)",
                                         &test->error),
                     STORE_OK);
    store_close(test->store);
    test->store = NULL;
    size_t len = read_file(test->fixture.where, before, sizeof(before));
    for (int create = 0; create < 2; create++) {
        expect_err(test, open_store(test, test->fixture.where, create != 0),
                   STORE_E_VERSION, "something else", 65);
    }
    assert_int_equal(read_file(test->fixture.where, after, sizeof(after)), len);
    assert_memory_equal(before, after, len);
}

static void damage_is_named(void **state)
{
    struct test *test = *state;
    test->store = fixture_open(&test->fixture);
    for (size_t i = 0; i < WORK_STEPS; i++) {
        assert_int_equal(work_step(&test->work, i, test->store, &test->error),
                         STORE_OK);
    }
    store_close(test->store);
    test->store = NULL;
    lossy_vfs_restart(LOSSY_LOSE_ALL, 0);
    char wal[600]; /* it is back: its removal was not synced */
    (void)snprintf(wal, sizeof(wal), "%s-wal", test->fixture.where);
    assert_int_equal(unlink(wal), 0);
    /* All but the first page, which says what tables there are. */
    struct stat file;
    assert_int_equal(stat(test->fixture.where, &file), 0);
    write_file(test->fixture.where, 4096, "garbage! ",
               (size_t)((file.st_size - 4096) / 9));
    enum store_err err = open_store(test, test->fixture.where, true);
    expect_err(test, err, STORE_E_DAMAGED, "restore a backup", 65);
}

/* Others who write */

static int64_t clock_ms(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Another process that is in the middle of step 1; it says so through pipe. */
static pid_t start_other_writer(const struct test *test, int *said_out)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *store = fixture_open(&test->fixture);
        struct store_error error;
        bool fine = store_begin(store, STORE_WRITE, &error) == STORE_OK &&
                    store_run(store, "INSERT INTO folded VALUES (1, 1)", NULL,
                              0, NULL, NULL, &error) == STORE_OK;
        (void)!write(ends[1], fine ? "y" : "n", 1);
        for (int i = 0; i < 60; i++) {
            (void)sleep(1);
        }
        _exit(1);
    }
    (void)close(ends[1]);
    *said_out = ends[0];
    return child;
}

static void another_process_may_be_writing(void **state)
{
    struct test *test = *state;
    char said = 0;
    int pipe_end = -1;
    store_close(fixture_open(&test->fixture));
    lossy_vfs_restart(LOSSY_LOSE_ALL, 0);
    pid_t child = start_other_writer(test, &pipe_end);
    assert_int_equal(read(pipe_end, &said, 1), 1);
    (void)close(pipe_end);
    assert_int_equal(said, 'y');

    struct store_options options = {.create = true, .wait_ms = 300};
    assert_int_equal(
        store_open(test->fixture.where, &options, &test->store, &test->error),
        STORE_OK);
    expect_steps(test->store, &test->work, 0); /* reading goes on */
    int64_t start = clock_ms();
    expect_err(test, work_step(&test->work, 0, test->store, &test->error),
               STORE_E_BUSY, "is locked", 75);
    int64_t waited = clock_ms() - start;
    assert_in_range(waited, 250, 5000);

    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(work_step(&test->work, 0, test->store, &test->error),
                     STORE_OK);
    expect_steps(test->store, &test->work, 1);
    work_expect_sound(test->store);
}

#define FAULT_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int group_set_up(void **state)
{
    (void)state;
    lossy_vfs_install();
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    lossy_vfs_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAULT_TEST(the_disk_may_be_full),
        FAULT_TEST(a_sync_may_fail),
        FAULT_TEST(the_path_may_be_wrong),
        FAULT_TEST(rights_may_be_missing),
        FAULT_TEST(a_store_is_its_owners_alone),
        FAULT_TEST(a_file_may_be_read_only),
        FAULT_TEST(the_file_may_go),
        FAULT_TEST(other_files_are_left_alone),
        FAULT_TEST(other_databases_are_left_alone),
        FAULT_TEST(damage_is_named),
        FAULT_TEST(another_process_may_be_writing),
    };
    return cmocka_run_group_tests_name("sqlite_faults", tests, group_set_up,
                                       group_tear_down);
}
