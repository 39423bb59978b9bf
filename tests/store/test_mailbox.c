/* SPDX-License-Identifier: MIT
 * Which messages of POP3 mailboxes were read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "store/mailbox.h"
#include "store_fixture.h"

#define ONE  SLICE("pop3://jo@one.example")
#define TWO  SLICE("pop3://jo@two.example")
#define MANY 3000

static struct desk desk;

static bool count(void *ctx, struct bounce_slice uidl)
{
    size_t *n = ctx;

    assert_true(uidl.len > 0);
    ++*n;
    return true;
}

static size_t known(struct bounce_slice source)
{
    size_t n = 0;

    assert_int_equal(
        mailbox_uidl_read(desk.book, source, count, &n, &desk.error), STORE_OK);
    return n;
}

static void test_ids(void **state)
{
    const struct bounce_slice ids[] = {SLICE("a"), SLICE("A"), SLICE("!~")};

    (void)state;
    if (!fixture_keeps())
        return;
    desk_init(&desk, "default", NULL, NULL);
    assert_int_equal(known(ONE), 0);
    assert_int_equal(mailbox_uidl_add(desk.book, ONE, ids, 3, &desk.error),
                     STORE_OK);
    assert_int_equal(mailbox_uidl_add(desk.book, TWO, ids, 1, &desk.error),
                     STORE_OK);
    /* Again changes nothing; nothing is nothing. */
    assert_int_equal(mailbox_uidl_add(desk.book, ONE, ids + 1, 2, &desk.error),
                     STORE_OK);
    assert_int_equal(mailbox_uidl_add(desk.book, ONE, NULL, 0, &desk.error),
                     STORE_OK);
    assert_int_equal(known(ONE), 3);
    assert_int_equal(known(TWO), 1);
    assert_int_equal(mailbox_uidl_drop(desk.book, ONE, ids, 2, &desk.error),
                     STORE_OK);
    assert_int_equal(mailbox_uidl_drop(desk.book, ONE, NULL, 0, &desk.error),
                     STORE_OK);
    desk_expect(&desk, "SELECT source, uidl FROM mailbox_uidl ORDER BY 1, 2",
                "'pop3://jo@one.example'|'!~'\n"
                "'pop3://jo@two.example'|'a'\n");
    desk_clear(&desk);
}

static void test_many(void **state)
{
    static struct bounce_slice ids[MANY];
    static char texts[MANY][12];

    (void)state;
    if (!fixture_keeps())
        return;
    desk_init(&desk, "default", NULL, NULL);
    for (size_t i = 0; i < MANY; i++) {
        int len = snprintf(texts[i], sizeof(texts[i]), "id%zu", i);

        ids[i] = slice_make(texts[i], (size_t)len);
    }
    assert_int_equal(mailbox_uidl_add(desk.book, ONE, ids, MANY, &desk.error),
                     STORE_OK);
    assert_int_equal(known(ONE), MANY);
    assert_int_equal(
        mailbox_uidl_drop(desk.book, ONE, ids, MANY - 1, &desk.error),
        STORE_OK);
    assert_int_equal(known(ONE), 1);
    desk_clear(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
