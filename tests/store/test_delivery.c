/* SPDX-License-Identifier: MIT
 * How far webhooks of ours are; dead letters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "store/delivery.h"

#define NOW   LEDGER_T0
#define LEASE 60
#define URL   "https://hooks.example.org/in"

static int setup(void **state)
{
    static struct desk desk;

    desk_init(&desk, "default", NULL, NULL);
    *state = &desk;
    return 0;
}

static int teardown(void **state)
{
    desk_clear(*state);
    return 0;
}

/* true: it is holder's. */
static bool take(struct desk *desk, const char *url, const char *holder,
                 int64_t now, struct delivery *delivery)
{
    bool ours;

    if (delivery_take(desk->book, "shop", url, holder, now, LEASE, delivery,
                      &ours, &desk->error) != STORE_OK)
        fail_msg("%s", desk->error.msg);
    return ours;
}

static void change(struct desk *desk, const char *address)
{
    struct record record =
        desk_bounce(address, address, "user_unknown", LEDGER_T0);

    desk_apply(desk, &record);
}

/* A new one begins with what comes next. */
static void one_daemon_at_a_time(void **state)
{
    struct desk *desk = *state;
    struct delivery a, b;

    change(desk, "one@example.org");
    change(desk, "two@example.org");
    assert_true(take(desk, URL, "a", NOW, &a));
    assert_string_equal(a.name, "shop");
    assert_string_equal(a.url, URL);
    assert_int_equal(a.cursor, fixture_keeps() ? 2 : 0);
    assert_int_equal(a.batch, 0);
    assert_int_equal(a.next_at, BOUNCE_NO_TIME);
    assert_false(a.stopped);
    if (!fixture_keeps())
        return;
    assert_false(take(desk, URL, "b", NOW + LEASE - 1, &b));
    /* Half of its time is over: it is taken for longer. */
    assert_true(take(desk, URL, "a", NOW + 40, &a));
    assert_int_equal(a.held_until, NOW + 40 + LEASE);
    assert_false(take(desk, URL, "b", NOW + LEASE + 1, &b));
    assert_true(take(desk, URL, "b", NOW + 40 + LEASE, &b));
    /* Whom it was taken from changes nothing any more. */
    a.cursor = 7;
    assert_int_equal(delivery_save(desk->book, &a, &desk->error), STORE_E_BUSY);
    assert_int_equal(delivery_bury(desk->book, &a, 1, 1, NOW, &desk->error),
                     STORE_E_BUSY);
    assert_int_equal(delivery_let_go(desk->book, &a, &desk->error), STORE_OK);
    desk_expect(desk, "SELECT cursor, holder FROM delivery", "2|'b'\n");
    assert_int_equal(delivery_let_go(desk->book, &b, &desk->error), STORE_OK);
    assert_true(take(desk, URL, "a", NOW + 40 + LEASE, &a));
}

static void it_is_kept(void **state)
{
    struct desk *desk = *state;
    struct delivery d;

    if (!fixture_keeps())
        skip();
    assert_true(take(desk, URL, "a", NOW, &d));
    d.cursor = 5;
    d.batch = 9;
    d.attempts = 3;
    d.begun_at = NOW - 9;
    d.next_at = NOW + 80;
    d.delivered_at = NOW - 100;
    d.stopped = true;
    strcpy(d.error, "answered 410");
    assert_int_equal(delivery_save(desk->book, &d, &desk->error), STORE_OK);
    desk_reopen(desk);
    memset(&d, 0, sizeof(d));
    assert_true(take(desk, URL, "a", NOW, &d));
    assert_int_equal(d.cursor, 5);
    assert_int_equal(d.batch, 9);
    assert_int_equal(d.attempts, 3);
    assert_int_equal(d.begun_at, NOW - 9);
    assert_int_equal(d.next_at, NOW + 80);
    assert_int_equal(d.delivered_at, NOW - 100);
    assert_true(d.stopped);
    assert_string_equal(d.error, "answered 410");
    /* Another place: it goes on, at once. */
    assert_true(take(desk, "https://other.example.org/", "a", NOW, &d));
    assert_false(d.stopped);
    assert_int_equal(d.next_at, BOUNCE_NO_TIME);
    assert_int_equal(d.cursor, 5);
}

static void people_let_it_go_on(void **state)
{
    struct desk *desk = *state;
    struct delivery d;
    size_t count;
    bool found;

    if (!fixture_keeps())
        skip();
    assert_true(take(desk, URL, "a", NOW, &d));
    d.stopped = true;
    d.next_at = NOW + 80;
    assert_int_equal(delivery_save(desk->book, &d, &desk->error), STORE_OK);
    assert_int_equal(delivery_resume(desk->book, "other", &count, &desk->error),
                     STORE_OK);
    assert_int_equal(count, 0);
    assert_int_equal(delivery_resume(desk->book, NULL, &count, &desk->error),
                     STORE_OK);
    assert_int_equal(count, 1);
    desk_expect(desk, "SELECT stopped, next_at FROM delivery", "0|NULL\n");
    assert_int_equal(delivery_remove(desk->book, "other", &found, &desk->error),
                     STORE_OK);
    assert_false(found);
    assert_int_equal(delivery_remove(desk->book, "shop", &found, &desk->error),
                     STORE_OK);
    assert_true(found);
    desk_expect(desk, "SELECT count(*) FROM delivery", "0\n");
}

/* ---- Dead letters ------------------------------------------------------ */

static bool add_letter(void *ctx, const struct dead_letter *letter)
{
    char *text = ctx;

    snprintf(text + strlen(text), 200 - strlen(text), "%d:%s %d-%d %s;",
             (int)letter->seq, letter->name, (int)letter->first,
             (int)letter->last, letter->error);
    return true;
}

static const char *letters(struct desk *desk, const char *name)
{
    static char text[200];

    text[0] = '\0';
    assert_int_equal(
        dead_letter_list(desk->book, name, add_letter, text, &desk->error),
        STORE_OK);
    return text;
}

static void bury(struct desk *desk, int64_t first, int64_t last)
{
    struct delivery d;

    assert_true(take(desk, URL, "a", NOW, &d));
    d.batch = last;
    d.attempts = 4;
    d.begun_at = NOW - 50;
    strcpy(d.error, "answered 500");
    assert_int_equal(delivery_bury(desk->book, &d, first, 3, NOW, &desk->error),
                     STORE_OK);
    assert_int_equal(d.cursor, last);
    assert_int_equal(d.batch, 0);
    assert_int_equal(d.attempts, 0);
}

static void letters_are_tried_again(void **state)
{
    struct desk *desk = *state;
    struct dead_letter letter;
    size_t count;
    bool found;

    if (!fixture_keeps())
        skip();
    bury(desk, 1, 3);
    bury(desk, 4, 7);
    assert_int_equal(
        dead_letter_next(desk->book, "shop", &letter, &found, &desk->error),
        STORE_OK);
    assert_false(found);
    assert_string_equal(letters(desk, NULL),
                        "1:shop 1-3 answered 500;2:shop 4-7 answered 500;");
    assert_string_equal(letters(desk, "other"), "");
    assert_int_equal(
        dead_letter_retry(desk->book, 0, "other", &count, &desk->error),
        STORE_OK);
    assert_int_equal(count, 0);
    assert_int_equal(
        dead_letter_retry(desk->book, 2, NULL, &count, &desk->error), STORE_OK);
    assert_int_equal(count, 1);
    assert_int_equal(
        dead_letter_next(desk->book, "shop", &letter, &found, &desk->error),
        STORE_OK);
    assert_true(found);
    assert_int_equal(letter.seq, 2);
    assert_int_equal(letter.first, 4);
    assert_int_equal(letter.last, 7);
    assert_int_equal(letter.changes, 3);
    assert_int_equal(letter.attempts, 4);
    assert_int_equal(letter.begun_at, NOW - 50);
    assert_int_equal(letter.at, NOW);
    /* In vain: it stays, and waits for somebody to say so again. */
    assert_int_equal(
        dead_letter_tried(desk->book, &letter, "answered 404", &desk->error),
        STORE_OK);
    desk_expect(desk,
                "SELECT seq, retry, attempts, error FROM dead_letter ORDER BY "
                "seq",
                "1|0|4|'answered 500'\n2|0|5|'answered 404'\n");
    assert_int_equal(dead_letter_tried(desk->book, &letter, NULL, &desk->error),
                     STORE_OK);
    assert_string_equal(letters(desk, "shop"), "1:shop 1-3 answered 500;");
    assert_int_equal(
        dead_letter_drop(desk->book, 0, "shop", &count, &desk->error),
        STORE_OK);
    assert_int_equal(count, 1);
    assert_string_equal(letters(desk, NULL), "");
}

struct list {
    int64_t behind;
    size_t count;
};

static bool take_row(void *ctx, const struct delivery *delivery, int64_t behind)
{
    struct list *list = ctx;

    assert_string_equal(delivery->name, "shop");
    list->behind = behind;
    list->count++;
    return true;
}

static void a_list_says_how_far_behind(void **state)
{
    struct desk *desk = *state;
    struct delivery d;
    struct list list = {0};

    change(desk, "one@example.org");
    assert_true(take(desk, URL, "a", NOW, &d));
    change(desk, "two@example.org");
    change(desk, "three@example.org");
    assert_int_equal(delivery_list(desk->book, take_row, &list, &desk->error),
                     STORE_OK);
    assert_int_equal(list.count, fixture_keeps() ? 1 : 0);
    assert_int_equal(list.behind, fixture_keeps() ? 2 : 0);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_daemon_at_a_time),       TEST(it_is_kept),
        TEST(people_let_it_go_on),        TEST(letters_are_tried_again),
        TEST(a_list_says_how_far_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
