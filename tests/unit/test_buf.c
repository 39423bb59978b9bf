/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "failing_alloc.h"

static void test_grows(void **state)
{
    struct arena arena;
    struct buf buf;

    (void)state;
    arena_init(&arena, allocator_default(), SIZE_MAX);
    buf_init(&buf, &arena, SIZE_MAX);
    assert_int_equal(buf_slice(&buf).len, 0);
    assert_non_null(buf_slice(&buf).ptr);
    for (int i = 0; i < 10000; i++)
        buf_add_byte(&buf, (char)i);
    buf_add(&buf, SLICE("abc"));
    buf_add(&buf, SLICE_NULL);
    assert_int_equal(buf.len, 10003);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf.ptr[i], (char)i);
    assert_memory_equal(buf.ptr + 10000, "abc", 3);
    assert_false(buf.cut);
    arena_clear(&arena);
}

static void test_ceiling(void **state)
{
    struct arena arena;
    struct buf buf;

    (void)state;
    arena_init(&arena, allocator_default(), SIZE_MAX);
    for (size_t max = 0; max < 600; max++) {
        buf_init(&buf, &arena, max);
        for (size_t i = 0; i < 300; i++)
            buf_add(&buf, SLICE("ab"));
        assert_int_equal(buf.len, max);
        assert_true(buf.cut && !buf.failed);
        buf_init(&buf, &arena, max);
        for (size_t i = 0; i < 600; i++)
            buf_add_byte(&buf, 'a');
        assert_int_equal(buf.len, max);
        assert_true(buf.cut && !buf.failed);
    }
    arena_clear(&arena);
}

static void test_no_memory(void **state)
{
    struct failing_alloc failing;
    struct arena arena;
    struct buf buf;

    (void)state;
    failing_alloc_init(&failing, 0);
    arena_init(&arena, &failing.allocator, SIZE_MAX);
    buf_init(&buf, &arena, SIZE_MAX);
    buf_add(&buf, SLICE("abc"));
    buf_add_byte(&buf, 'd');
    assert_true(buf.failed);
    assert_null(buf_slice(&buf).ptr);
    assert_false(buf_reserve(&buf, 10));

    failing_alloc_init(&failing, 1);
    buf_init(&buf, &arena, SIZE_MAX);
    buf_add(&buf, SLICE("abc"));
    assert_false(buf_reserve(&buf, 1000000));
    assert_true(buf.failed);
    assert_int_equal(buf_slice(&buf).len, 3);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
