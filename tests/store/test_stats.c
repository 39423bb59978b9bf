/* SPDX-License-Identifier: MIT
 * Rates and reputation, from counts that are put there and from what the ledger
 * counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "store/month.h"
#include "store/stats.h"
#include "store/tally.h"

#define D   LEDGER_DAY
#define DAY 20000 /* 2024-10-04 */
#define T0  (DAY * D)

/* In "all" as well, and in the sums over months. */
static void count(struct desk *desk, const char *dim, int64_t day,
                  const char *value, const char *what, const char *detail,
                  int64_t n)
{
    struct store_value rows[12] = {
        store_text(slice_cstr(dim)),    store_int(day),
        store_text(slice_cstr(value)),  store_text(slice_cstr(what)),
        store_text(slice_cstr(detail)), store_int(n)};

    memcpy(rows + 6, rows, 6 * sizeof(rows[0]));
    rows[6] = store_text(SLICE("all"));
    rows[8] = store_text(SLICE(""));
    assert_int_equal(
        store_put_rows(desk->book->store, &tally_days, rows, 2, &desk->error),
        STORE_OK);
    rows[1].integer = rows[7].integer = month_begin(day);
    assert_int_equal(
        store_put_rows(desk->book->store, &tally_months, rows, 2, &desk->error),
        STORE_OK);
}

struct text {
    char ptr[8000];
    size_t len;
};

static void add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text->len += (size_t)vsnprintf(text->ptr + text->len,
                                   sizeof(text->ptr) - text->len, format, args);
    va_end(args);
    assert_true(text->len < sizeof(text->ptr));
}

static void expect(struct text *text, const char *want)
{
    text->ptr[text->len] = '\0';
    assert_string_equal(text->ptr, fixture_keeps() ? want : "");
    text->len = 0;
}

static bool take_row(void *ctx, const struct stats_row *r)
{
    add(ctx,
        "%.*s sent %u delivered %u bounced %u/%u/%u/%u/%u/%u delayed %u "
        "complaints %u left %u rates %.4f%s %.4f%s\n",
        (int)r->value.len, r->value.ptr, (unsigned)r->sent,
        (unsigned)r->delivered, (unsigned)r->bounced, (unsigned)r->hard,
        (unsigned)r->soft, (unsigned)r->block, (unsigned)r->admin,
        (unsigned)r->undetermined, (unsigned)r->delayed,
        (unsigned)r->complaints, (unsigned)r->unsubscribes, r->bounce_rate,
        r->bounce_warning ? "!" : "", r->complaint_rate,
        r->complaint_warning ? "!" : "");
    return true;
}

static struct list_filter any_filter(void)
{
    return (struct list_filter){.since = BOUNCE_NO_TIME,
                                .until = BOUNCE_NO_TIME};
}

static void rows(struct desk *desk, enum stats_by by,
                 const struct list_filter *filter, const char *want)
{
    struct text text = {.len = 0};

    if (stats_rows(desk->book, by, filter, take_row, &text, &desk->error) !=
        STORE_OK)
        fail_msg("%s", desk->error.msg);
    expect(&text, want);
}

static void fill(struct desk *desk)
{
    count(desk, "provider", DAY, "google", "sent", "", 1000);
    count(desk, "provider", DAY, "google", "bounce", "user_unknown", 15);
    count(desk, "provider", DAY, "google", "bounce", "mailbox_full", 5);
    count(desk, "provider", DAY, "google", "feedback", "complaint", 1);
    count(desk, "provider", DAY, "google", "feedback", "", 7);
    count(desk, "provider", DAY + 1, "google", "bounce", "spam_detected", 1);
    count(desk, "provider", DAY + 1, "yahoo", "delivery", "", 90);
    count(desk, "provider", DAY + 1, "yahoo", "bounce", "undetermined", 9);
    count(desk, "provider", DAY + 1, "yahoo", "bounce", "system_error", 1);
    count(desk, "provider", DAY + 1, "yahoo", "delay", "greylisted", 3);
    count(desk, "provider", DAY + 3, "yahoo", "unsubscribe", "unsubscribe", 2);
    count(desk, "provider", DAY + 3, "yahoo", "interval", "5", 2);
}

static bool take_none(void *ctx, const struct stats_reputation *row)
{
    (void)row;
    *(unsigned *)ctx += 1;
    return true;
}

/* Who is told of failures alone does not know of how many mails. */
static void test_failures_alone(void **state)
{
    struct list_filter f = any_filter();
    struct desk desk;
    unsigned figures = 0;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    count(&desk, "ip", DAY, "192.0.2.1", "bounce", "user_unknown", 3);
    count(&desk, "ip", DAY, "192.0.2.1", "feedback", "complaint", 1);
    rows(&desk, STATS_IP, &f,
         "192.0.2.1 sent 0 delivered 0 bounced 3/3/0/0/0/0 delayed 0 "
         "complaints 1 left 0 rates -1.0000 -1.0000\n");
    rows(&desk, STATS_CLASS, &f,
         "hard sent 0 delivered 0 bounced 3/3/0/0/0/0 delayed 0 "
         "complaints 0 left 0 rates -1.0000 -1.0000\n"
         "event sent 0 delivered 0 bounced 0/0/0/0/0/0 delayed 0 "
         "complaints 1 left 0 rates -1.0000 -1.0000\n");
    assert_int_equal(stats_reputation(desk.book, STATS_IP, &f, take_none,
                                      &figures, &desk.error),
                     STORE_OK);
    assert_int_equal(figures, 0);
    /* Now and then a delivery is told: that is no base. */
    count(&desk, "ip", DAY + 40, "192.0.2.1", "bounce", "user_unknown", 9);
    count(&desk, "ip", DAY + 40, "192.0.2.2", "delivery", "", 3);
    f.until = T0 + 10 * D;
    rows(&desk, STATS_IP, &f,
         "192.0.2.1 sent 0 delivered 0 bounced 3/3/0/0/0/0 delayed 0 "
         "complaints 1 left 0 rates -1.0000 -1.0000\n");
    count(&desk, "ip", DAY + 40, "192.0.2.2", "delivery", "", 2);
    f = any_filter();
    rows(&desk, STATS_IP, &f,
         "192.0.2.1 sent 0 delivered 0 bounced 12/12/0/0/0/0 delayed 0 "
         "complaints 1 left 0 rates 1.0000! 0.0833!\n"
         "192.0.2.2 sent 0 delivered 5 bounced 0/0/0/0/0/0 delayed 0 "
         "complaints 0 left 0 rates 0.0000 0.0000\n");
    desk_clear(&desk);
}

static void test_rates(void **state)
{
    struct list_filter f = any_filter();
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    fill(&desk);
    rows(&desk, STATS_DAY, &f,
         "2024-10-04 sent 1000 delivered 0 bounced 20/15/5/0/0/0 delayed 0 "
         "complaints 1 left 0 rates 0.0200 0.0010\n"
         "2024-10-05 sent 0 delivered 90 bounced 11/0/1/1/0/9 delayed 3 "
         "complaints 0 left 0 rates 0.1089! 0.0000\n"
         "2024-10-07 sent 0 delivered 0 bounced 0/0/0/0/0/0 delayed 0 "
         "complaints 0 left 2 rates -1.0000 -1.0000\n");
    rows(&desk, STATS_PROVIDER, &f,
         "google sent 1000 delivered 0 bounced 21/15/5/1/0/0 delayed 0 "
         "complaints 1 left 0 rates 0.0210! 0.0010\n"
         "yahoo sent 0 delivered 90 bounced 10/0/1/0/0/9 delayed 3 "
         "complaints 0 left 2 rates 0.1000! 0.0000\n");
    rows(&desk, STATS_CLASS, &f,
         "hard sent 1000 delivered 90 bounced 15/15/0/0/0/0 delayed 0 "
         "complaints 0 left 0 rates 0.0150 0.0000\n"
         "undetermined sent 1000 delivered 90 bounced 9/0/0/0/0/9 delayed 0 "
         "complaints 0 left 0 rates 0.0090 0.0000\n"
         "soft sent 1000 delivered 90 bounced 6/0/6/0/0/0 delayed 3 "
         "complaints 0 left 0 rates 0.0060 0.0000\n"
         "block sent 1000 delivered 90 bounced 1/0/0/1/0/0 delayed 0 "
         "complaints 0 left 0 rates 0.0010 0.0000\n"
         "event sent 1000 delivered 90 bounced 0/0/0/0/0/0 delayed 0 "
         "complaints 1 left 2 rates 0.0000 0.0010\n");
    f.limit = 1;
    rows(&desk, STATS_CATEGORY, &f,
         "user_unknown sent 1000 delivered 90 bounced 15/15/0/0/0/0 delayed 0 "
         "complaints 0 left 0 rates 0.0150 0.0000\n");
    rows(&desk, STATS_DAY, &f,
         "2024-10-07 sent 0 delivered 0 bounced 0/0/0/0/0/0 delayed 0 "
         "complaints 0 left 2 rates -1.0000 -1.0000\n");
    desk_clear(&desk);
}

static void test_filters(void **state)
{
    struct list_filter f = any_filter();
    struct text text = {.len = 0};
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    fill(&desk);
    f.provider = SLICE("yahoo");
    rows(&desk, STATS_DAY, &f,
         "2024-10-05 sent 0 delivered 90 bounced 10/0/1/0/0/9 delayed 3 "
         "complaints 0 left 0 rates 0.1000! 0.0000\n"
         "2024-10-07 sent 0 delivered 0 bounced 0/0/0/0/0/0 delayed 0 "
         "complaints 0 left 2 rates -1.0000 -1.0000\n");
    f.provider = SLICE("yahoo,google");
    rows(&desk, STATS_PROVIDER, &f,
         "google sent 1000 delivered 0 bounced 21/15/5/1/0/0 delayed 0 "
         "complaints 1 left 0 rates 0.0210! 0.0010\n"
         "yahoo sent 0 delivered 90 bounced 10/0/1/0/0/9 delayed 3 "
         "complaints 0 left 2 rates 0.1000! 0.0000\n");
    f.provider = SLICE_NULL;
    /* Whole days: that of the first second to that before the last. */
    f.since = T0 + D + 5;
    f.until = T0 + 3 * D;
    rows(&desk, STATS_PROVIDER, &f,
         "yahoo sent 0 delivered 90 bounced 10/0/1/0/0/9 delayed 3 "
         "complaints 0 left 0 rates 0.1000! 0.0000\n"
         "google sent 0 delivered 0 bounced 1/0/0/1/0/0 delayed 0 "
         "complaints 0 left 0 rates 1.0000! 0.0000\n");
    f.until = T0 - 5 * D;
    rows(&desk, STATS_PROVIDER, &f, "");
    f = any_filter();
    f.provider = SLICE("google");
    assert_int_equal(
        stats_rows(desk.book, STATS_DOMAIN, &f, take_row, &text, &desk.error),
        STORE_E_VALUE);
    f.ip = SLICE("192.0.2.1");
    assert_int_equal(
        stats_rows(desk.book, STATS_DAY, &f, take_row, &text, &desk.error),
        STORE_E_VALUE);
    f = any_filter();
    f.category = SLICE("user_unknown");
    assert_int_equal(
        stats_rows(desk.book, STATS_DAY, &f, take_row, &text, &desk.error),
        STORE_E_VALUE);
    desk_clear(&desk);
}

/* What the ledger counts is what is shown. */
static void test_counted(void **state)
{
    struct record first =
        desk_bounce("e1", "ann@example.org", "user_unknown", T0);
    struct record again =
        desk_bounce("e2", "ann@example.org", "user_unknown", T0 + 60);
    struct list_filter f = any_filter();
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    first.event.message_id = again.event.message_id = SLICE("<m@x.example>");
    desk_apply(&desk, &first);
    desk_apply(&desk, &again);
    desk_apply(&desk, &again);
    f.domain = SLICE("Example.ORG");
    rows(&desk, STATS_DAY, &f,
         "2024-10-04 sent 0 delivered 0 bounced 1/1/0/0/0/0 delayed 0 "
         "complaints 0 left 0 rates -1.0000 -1.0000\n");
    f = any_filter();
    rows(&desk, STATS_IP, &f,
         "192.0.2.1 sent 0 delivered 0 bounced 1/1/0/0/0/0 delayed 0 "
         "complaints 0 left 0 rates -1.0000 -1.0000\n");
    desk_clear(&desk);
}

/* ---- Reputation ------------------------------------------------------ */

static bool take_reputation(void *ctx, const struct stats_reputation *r)
{
    add(ctx,
        "%.*s %u sent %u rates %.3f %.3f %.4f steady %.2f every %.1f "
        "losses %.1f %.1f %.1f %.1f\n",
        (int)r->value.len, r->value.ptr, r->figure, (unsigned)r->sent,
        r->hard_rate, r->block_rate, r->complaint_rate, r->steadiness,
        r->interval_hours, r->complaint_loss, r->hard_loss, r->block_loss,
        r->volume_loss);
    return true;
}

static void test_reputation(void **state)
{
    struct list_filter f = any_filter();
    struct text text = {.len = 0};
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    /* Every week the same. */
    for (unsigned i = 0; i < 4; i++)
        count(&desk, "ip", DAY + 7 * i, "192.0.2.1", "sent", "", 1000);
    count(&desk, "ip", DAY, "192.0.2.1", "interval", "7", 300);
    count(&desk, "ip", DAY, "192.0.2.1", "interval", "3", 100);
    /* Now and then, to people who do not want it. */
    count(&desk, "ip", DAY, "192.0.2.2", "sent", "", 10);
    count(&desk, "ip", DAY + 1, "192.0.2.2", "sent", "", 3000);
    count(&desk, "ip", DAY + 9, "192.0.2.2", "sent", "", 10);
    count(&desk, "ip", DAY + 1, "192.0.2.2", "bounce", "user_unknown", 151);
    count(&desk, "ip", DAY + 1, "192.0.2.2", "bounce", "spam_detected", 302);
    count(&desk, "ip", DAY + 2, "192.0.2.2", "feedback", "complaint", 3);
    assert_int_equal(stats_reputation(desk.book, STATS_IP, &f, take_reputation,
                                      &text, &desk.error),
                     STORE_OK);
    expect(&text,
           "192.0.2.2 27 sent 3020 rates 0.050 0.100 0.0010 steady 0.00 every "
           "-1.0 losses 13.2 25.0 25.0 10.0\n"
           "192.0.2.1 100 sent 4000 rates 0.000 0.000 0.0000 steady 1.00 every "
           "170.7 losses 0.0 0.0 0.0 0.0\n");
    f.ip = SLICE("192.0.2.2");
    f.until = T0 + D;
    assert_int_equal(stats_reputation(desk.book, STATS_IP, &f, take_reputation,
                                      &text, &desk.error),
                     STORE_OK);
    expect(&text, "192.0.2.2 100 sent 10 rates 0.000 0.000 0.0000 steady 1.00 "
                  "every -1.0 losses 0.0 0.0 0.0 0.0\n");
    f.until = BOUNCE_NO_TIME;
    assert_int_equal(stats_reputation(desk.book, STATS_IP, &f, take_reputation,
                                      &text, &desk.error),
                     STORE_OK);
    expect(&text,
           "192.0.2.2 27 sent 3020 rates 0.050 0.100 0.0010 steady 0.00 every "
           "-1.0 losses 13.2 25.0 25.0 10.0\n");
    assert_int_equal(stats_reputation(desk.book, STATS_DAY, &f, take_reputation,
                                      &text, &desk.error),
                     STORE_E_VALUE);
    desk_clear(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_failures_alone),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_counted),
        cmocka_unit_test(test_reputation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
