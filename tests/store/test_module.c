/* SPDX-License-Identifier: MIT
 * Modules that are there, and what is said of those that are not. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/module.h"

static void expect_missing(const char *name, const char *says)
{
    char error[160] = "";
    assert_null(module_load(name, error));
    if (strstr(error, says) == NULL) {
        fail_msg("%s: %s", name, error);
    }
}

static void an_unknown_module_is_missing(void **state)
{
    (void)state;
    expect_missing("nothing", "bounce-nothing.so");
    expect_missing("a-name-that-no-module-has", "no module");
    expect_missing("../crypto/../crypto", "no module");
}

/* Before one of them is loaded: what is loaded stays. */
static void the_chosen_folder_is_the_only_one(void **state)
{
    (void)state;
    char folder[] = "/tmp/bounce-module-XXXXXX";
    char path[64];
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("BOUNCE_MODULES", folder, 1), 0);
    expect_missing("crypto", folder);

    (void)snprintf(path, sizeof(path), "%s/bounce-crypto.so", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("no shared object", file) >= 0);
    assert_int_equal(fclose(file), 0);
    expect_missing("crypto", path);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(unsetenv("BOUNCE_MODULES"), 0);
}

static void *load(void *arg)
{
    char error[160];
    (void)arg;
    return (void *)(uintptr_t)module_load("crypto", error);
}

static void a_module_is_loaded_once(void **state)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    char error[160] = "";
    (void)state;
    const struct module_crypto *module = module_load("crypto", error);
    if (module == NULL) {
        print_message("not built: %s\n", error);
        skip();
        return;
    }
    assert_int_equal(module->version, MODULE_VERSION);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, load, NULL), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *same = NULL;
        assert_int_equal(pthread_join(threads[i], &same), 0);
        assert_ptr_equal(same, module);
    }
    /* It needs no folder any more. */
    assert_int_equal(setenv("BOUNCE_MODULES", "/nonexistent", 1), 0);
    assert_ptr_equal(module_load("crypto", error), module);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_module_is_missing),
        cmocka_unit_test(the_chosen_folder_is_the_only_one),
        cmocka_unit_test(a_module_is_loaded_once),
    };
    return cmocka_run_group_tests_name("module", tests, NULL, NULL);
}
