/* SPDX-License-Identifier: MIT
 * What people do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "store/act.h"
#include "store/ask.h"

#define T0 LEDGER_T0
#define H  LEDGER_HOUR
#define D  LEDGER_DAY

static void must(struct desk *desk, enum store_err err)
{
    if (err != STORE_OK)
        fail_msg("%s", desk->error.msg);
}

static struct act act_at(int64_t now)
{
    return (struct act){.now = now,
                        .until = BOUNCE_NO_TIME,
                        .slot = BOUNCE_SLOT_MANUAL,
                        .reason = SLICE("she asked"),
                        .source = SLICE("by hand")};
}

static enum bounce_may may(struct desk *desk, const char *address,
                           const char *scope, int64_t now)
{
    struct ask *ask = ask_new(desk->book);
    struct ask_question question = {.address = slice_cstr(address),
                                    .scope = slice_cstr(scope)};
    struct ask_answer answer;

    assert_non_null(ask);
    must(desk, ask_check(ask, &question, 1, now, &answer, &desk->error));
    ask_free(ask);
    return fixture_keeps() ? answer.may : BOUNCE_SEND;
}

static enum bounce_outcome release(struct desk *desk, const char *address,
                                   const struct act *act)
{
    struct ledger_result result;

    must(desk, act_release(desk->ledger, slice_cstr(address), act, &result,
                           &desk->error));
    return result.outcome;
}

static void test_suppress_and_release(void **state)
{
    struct act act = act_at(T0);
    struct ledger_result result;
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    must(&desk, act_suppress(desk.ledger, SLICE("ann@example.org"), &act,
                             &result, &desk.error));
    assert_int_equal(result.outcome, BOUNCE_OUTCOME_SUPPRESSED);
    if (fixture_keeps()) {
        assert_int_equal(may(&desk, "ann@example.org", NULL, T0 + H),
                         BOUNCE_NEVER);
        act = act_at(T0 + 2 * H);
        assert_int_equal(release(&desk, "Ann@example.org", &act),
                         BOUNCE_OUTCOME_RELEASED);
        act = act_at(T0 + 3 * H);
        assert_int_equal(release(&desk, "Ann@example.org", &act),
                         BOUNCE_OUTCOME_NOTHING);
    }
    assert_int_equal(may(&desk, "ann@example.org", NULL, T0 + 4 * H),
                     BOUNCE_SEND);
    assert_int_equal(
        act_suppress(desk.ledger, SLICE("ann"), &act, &result, &desk.error),
        STORE_E_VALUE);
    desk_expect_replay(&desk);
    desk_clear(&desk);
}

static void test_for_a_while(void **state)
{
    struct act act = act_at(T0);
    struct ledger_result result;
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    act.until = T0 + D;
    act.scope = SLICE("shop");
    must(&desk, act_suppress(desk.ledger, SLICE("ann@example.org"), &act,
                             &result, &desk.error));
    if (fixture_keeps())
        assert_int_equal(may(&desk, "ann@example.org", "shop", T0 + H),
                         BOUNCE_NEVER);
    assert_int_equal(may(&desk, "ann@example.org", "club", T0 + H),
                     BOUNCE_SEND);
    assert_int_equal(may(&desk, "ann@example.org", "shop", T0 + D),
                     BOUNCE_SEND);
    desk_clear(&desk);
}

static void test_consent(void **state)
{
    struct record record = desk_event(BOUNCE_KIND_FEEDBACK, "e1",
                                      "ann@example.org", "complaint", T0);
    struct act act = act_at(T0 + D);
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    desk_apply(&desk, &record);
    if (fixture_keeps()) {
        assert_int_equal(release(&desk, "ann@example.org", &act),
                         BOUNCE_OUTCOME_CONSENT);
        assert_int_equal(may(&desk, "ann@example.org", NULL, T0 + D + 1),
                         BOUNCE_NEVER);
        act.consent = true;
        act.now = T0 + 2 * D;
        assert_int_equal(release(&desk, "ann@example.org", &act),
                         BOUNCE_OUTCOME_RELEASED);
        assert_int_equal(may(&desk, "ann@example.org", NULL, T0 + 2 * D + 1),
                         BOUNCE_SEND);
    }
    desk_expect_replay(&desk);
    desk_clear(&desk);
}

/* ---- Many ------------------------------------------------------------ */

#define MANY 500

struct seen {
    size_t outcomes[BOUNCE_OUTCOME_CONSENT + 1], count;
    size_t stop_after; /* 0: never */
};

static bool take(void *ctx, const struct list_address *row,
                 enum bounce_outcome outcome)
{
    struct seen *seen = ctx;

    assert_non_null(row->cause);
    assert_true(slice_starts(row->address, SLICE("u")));
    seen->outcomes[outcome]++;
    seen->count++;
    return seen->count != seen->stop_after;
}

static void fill(struct desk *desk)
{
    static char ids[MANY][16], addresses[MANY][32];
    static struct record records[MANY];

    for (unsigned i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof(ids[i]), "e%u", i);
        snprintf(addresses[i], sizeof(addresses[i]), "u%u@example.org", i);
        records[i] = i % 50 == 0 ? desk_event(BOUNCE_KIND_FEEDBACK, ids[i],
                                              addresses[i], "complaint", T0)
                                 : desk_bounce(ids[i], addresses[i],
                                               i % 2 == 0 ? "user_unknown"
                                                          : "mailbox_disabled",
                                               T0);
    }
    desk_apply_all(desk, records, MANY, T0, NULL);
}

static struct seen release_where(struct desk *desk,
                                 const struct list_filter *filter,
                                 const struct act *act, bool dry_run)
{
    struct seen seen = {.count = 0};

    must(desk, act_release_where(desk->ledger, filter, act, dry_run, take,
                                 &seen, &desk->error));
    if (!fixture_keeps())
        assert_int_equal(seen.count, 0);
    return seen;
}

static void test_many(void **state)
{
    struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME,
                                 .category = SLICE("user_unknown,complaint")};
    struct act act = act_at(T0 + D);
    struct seen seen;
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    fill(&desk);
    for (unsigned i = 0; i < 2 && fixture_keeps(); i++) {
        seen = release_where(&desk, &filter, &act, true);
        assert_int_equal(seen.outcomes[BOUNCE_OUTCOME_RELEASED], 240);
        assert_int_equal(seen.outcomes[BOUNCE_OUTCOME_CONSENT], 10);
        assert_int_equal(seen.count, 250);
        assert_int_equal(may(&desk, "u2@example.org", NULL, T0 + 2 * D),
                         BOUNCE_NEVER);
    }
    filter.limit = 30;
    seen = release_where(&desk, &filter, &act, false);
    assert_int_equal(seen.count, fixture_keeps() ? 30 : 0);
    filter.limit = 0;
    act.now += 60;
    seen = release_where(&desk, &filter, &act, false);
    if (fixture_keeps()) {
        assert_int_equal(seen.outcomes[BOUNCE_OUTCOME_CONSENT], 10);
        assert_true(seen.outcomes[BOUNCE_OUTCOME_RELEASED] >= 210);
        assert_int_equal(may(&desk, "u1@example.org", NULL, T0 + 2 * D),
                         BOUNCE_NEVER);
        assert_int_equal(may(&desk, "u50@example.org", NULL, T0 + 2 * D),
                         BOUNCE_NEVER);
    }
    assert_int_equal(may(&desk, "u2@example.org", NULL, T0 + 2 * D),
                     BOUNCE_SEND);
    act.now += 60;
    seen = release_where(&desk, &filter, &act, false);
    assert_int_equal(seen.outcomes[BOUNCE_OUTCOME_RELEASED], 0);
    desk_expect_replay(&desk);
    desk_clear(&desk);
}

/* Somebody else changes a cause right after the list was read. */
static struct store_driver spy;
static const struct store_driver *spied;
static struct desk *desk_of_spy;
static bool meddled;

static void meddle(struct desk *desk)
{
    const struct book_options options = {.store = desk->fixture.where,
                                         .policy = desk->policy,
                                         .engine = desk->engine};
    struct record other =
        desk_bounce("z1", "u2@example.org", "mailbox_disabled", T0 + 2 * H);
    struct act act = act_at(T0 + H);
    struct ledger_result result;
    struct ledger *ledger;
    struct book *book;
    size_t bad;

    must(desk, book_open(&options, &book, &desk->error));
    ledger = ledger_new(book);
    assert_non_null(ledger);
    must(desk, act_release(ledger, SLICE("u2@example.org"), &act, &result,
                           &desk->error));
    must(desk,
         ledger_apply(ledger, &other, 1, T0 + 2 * H, NULL, &bad, &desk->error));
    ledger_free(ledger);
    book_close(book);
}

static enum store_err spy_commit(struct store *store, struct store_error *error)
{
    enum store_err err = spied->commit(store, error);

    if (!meddled) {
        meddled = true;
        meddle(desk_of_spy);
    }
    return err;
}

static void test_other_cause(void **state)
{
    struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME,
                                 .category = SLICE("user_unknown")};
    struct act act = act_at(T0 + D);
    struct seen seen;
    struct desk desk;

    (void)state;
    if (!fixture_keeps())
        return;
    desk_init(&desk, NULL, NULL, NULL);
    fill(&desk);
    desk_of_spy = &desk;
    meddled = false;
    spied = desk.book->store->driver;
    spy = *spied;
    spy.commit = spy_commit;
    desk.book->store->driver = &spy;
    seen = release_where(&desk, &filter, &act, false);
    desk.book->store->driver = spied;
    assert_int_equal(seen.count, 240);
    assert_int_equal(seen.outcomes[BOUNCE_OUTCOME_RELEASED], 239);
    assert_int_equal(seen.outcomes[BOUNCE_OUTCOME_NOTHING], 1);
    assert_int_equal(may(&desk, "u2@example.org", NULL, T0 + 2 * D),
                     BOUNCE_NEVER);
    desk_clear(&desk);
}

static void test_stopped(void **state)
{
    struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME};
    struct act act = act_at(T0 + D);
    struct seen seen = {.stop_after = 5};
    struct desk desk;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    fill(&desk);
    assert_int_equal(act_release_where(desk.ledger, &filter, &act, true, take,
                                       &seen, &desk.error),
                     fixture_keeps() ? STORE_E_STOPPED : STORE_OK);
    desk_clear(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suppress_and_release),
        cmocka_unit_test(test_for_a_while),
        cmocka_unit_test(test_consent),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_other_cause),
        cmocka_unit_test(test_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
