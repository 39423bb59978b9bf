/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>

#include "base/arena.h"
#include "failing_alloc.h"

static void test_alignment(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena, allocator_default(), SIZE_MAX);
    for (size_t size = 0; size < 200; size++) {
        char *ptr = arena_alloc(&arena, size);

        assert_non_null(ptr);
        assert_int_equal((uintptr_t)ptr % alignof(max_align_t), 0);
        memset(ptr, 1, size);
    }
    arena_clear(&arena);
}

static void test_zeroed(void **state)
{
    struct arena arena;
    char *ptr;

    (void)state;
    arena_init(&arena, allocator_default(), SIZE_MAX);
    memset(arena_alloc(&arena, 100), 1, 100);
    arena_reset(&arena);
    ptr = arena_calloc(&arena, 10, 10);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(ptr[i], 0);
    assert_null(arena_calloc(&arena, SIZE_MAX / 2, 16));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_int_equal(arena_error(&arena), BOUNCE_E_LIMIT);
    arena_clear(&arena);
}

/* The same work again allocates nothing. */
static void test_reset_keeps_memory(void **state)
{
    struct failing_alloc failing;
    struct arena arena;

    (void)state;
    failing_alloc_init(&failing, FAILING_ALLOC_NEVER);
    arena_init(&arena, &failing.allocator, SIZE_MAX);
    for (int round = 0; round < 5; round++) {
        size_t calls = failing.calls;

        for (size_t size = 1; size < 300000; size *= 3)
            assert_non_null(arena_alloc(&arena, size));
        assert_true(round == 0 || failing.calls == calls);
        arena_reset(&arena);
    }
    arena_clear(&arena);
    assert_int_equal(failing.held, 0);
}

static void test_ceiling(void **state)
{
    struct failing_alloc failing;
    struct arena arena;

    (void)state;
    failing_alloc_init(&failing, FAILING_ALLOC_NEVER);
    arena_init(&arena, &failing.allocator, 100000);
    assert_non_null(arena_alloc(&arena, 90000));
    assert_null(arena_alloc(&arena, 90000));
    assert_int_equal(arena_error(&arena), BOUNCE_E_LIMIT);
    assert_non_null(arena_alloc(&arena, 8000));
    assert_true(arena.held <= 100000);
    arena_clear(&arena);
    assert_int_equal(failing.held, 0);
}

/* Chunks that earlier messages left behind make no later one fail. */
static void test_kept_chunks_give_way(void **state)
{
    struct failing_alloc failing;
    struct arena arena;

    (void)state;
    failing_alloc_init(&failing, FAILING_ALLOC_NEVER);
    arena_init(&arena, &failing.allocator, 1000000);
    for (size_t size = 70000; size <= 1000000; size += 70000) {
        char *small = arena_alloc(&arena, 10), *large;

        assert_non_null(small);
        *small = 'x';
        large = size < 900000 ? arena_alloc(&arena, size) : small;
        assert_non_null(large);
        assert_int_equal(*small, 'x');
        assert_true(arena.held <= 1000000);
        arena_reset(&arena);
    }
    assert_non_null(arena_alloc(&arena, 1000000));
    arena_clear(&arena);
    assert_int_equal(failing.held, 0);
}

static void test_no_memory(void **state)
{
    struct failing_alloc failing;
    struct arena arena;

    (void)state;
    failing_alloc_init(&failing, 1);
    arena_init(&arena, &failing.allocator, SIZE_MAX);
    assert_non_null(arena_alloc(&arena, 10));
    assert_null(arena_alloc(&arena, 1000000));
    assert_int_equal(arena_error(&arena), BOUNCE_E_NOMEM);
    assert_non_null(arena_alloc(&arena, 10));
    arena_clear(&arena);
    assert_int_equal(failing.held, 0);
}

static void test_dup(void **state)
{
    struct arena arena;
    struct bounce_slice copy;

    (void)state;
    arena_init(&arena, allocator_default(), SIZE_MAX);
    copy = arena_dup(&arena, SLICE("abc"));
    assert_string_equal(copy.ptr, "abc");
    assert_int_equal(copy.len, 3);
    assert_null(arena_dup(&arena, SLICE_NULL).ptr);
    assert_non_null(arena_dup(&arena, SLICE("")).ptr);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_reset_keeps_memory),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_kept_chunks_give_way),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_dup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
