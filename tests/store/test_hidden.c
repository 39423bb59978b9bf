/* SPDX-License-Identifier: MIT
 * A store of hashed addresses: whatever went in, no address can be found in the
 * file, in what is listed, or in what errors say. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger_fixture.h"
#include "store/act.h"
#include "store/ask.h"
#include "store/stats.h"

#define T0 LEDGER_T0
#define H  LEDGER_HOUR
#define D  LEDGER_DAY

/* Local parts that nothing else in the store contains. */
static const char *const people[] = {
    "annabel.quist", "bertram+news",  "cyril_o'dowd", "dorothea-9",
    "J\xC3\xB6rgen", "\"eva marie\"", "fxqz77",       "gwendolyn"};
#define PEOPLE (sizeof(people) / sizeof(people[0]))

/* What of a local part must not be found: without quotes and "+detail". */
static const char *const secrets[] = {"annabel.quist", "bertram",  "o'dowd",
                                      "dorothea",      "rgen",     "eva marie",
                                      "fxqz77",        "gwendolyn"};

static char kept[PEOPLE * 40][400];
static size_t kept_count;

/* A text with the address in it; "%s" is the local part. */
static struct bounce_slice say(const char *format, size_t who)
{
    char *text = kept[kept_count++];

    assert_true(kept_count <= sizeof(kept) / sizeof(kept[0]));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof(kept[0]), format, people[who], people[who]);
#pragma GCC diagnostic pop
    return slice_cstr(text);
}

static struct record telling_record(size_t who, enum bounce_kind kind,
                                    const char *id, int64_t at)
{
    struct record r = desk_event(kind, id, NULL, "user_unknown", at);
    struct bounce_event *e = &r.event;

    e->permanent = 1;
    e->recipient = say("%s@example.org", who);
    e->original_recipient = say("rfc822;%s@Example.org", who);
    e->diagnostic = say("550 5.1.1 <%s@example.org>: %s is unknown here", who);
    e->subject = say("Re: to %s, that is %s@example.org", who);
    e->message_id = say("<17.%s=example.org@news.example>", who);
    e->report_id = say("<r.%s@example.org>", who);
    e->sender = say("bounces+%s=example.org@news.example", who);
    e->queue_id = say("4C7-%s@example.org", who);
    e->feedback_id = say("fb:%s@example.org:x", who);
    e->evidence_text = say("<%s@example.org> is unknown", who);
    e->signals.new_address = say("%s@moved.example", who);
    e->signals.url = say("https://x.example/u?m=%s%%40example.org", who);
    e->signals.lookup_url = say("https://x.example/l?%s=40example.org", who);
    e->service_verdict = say("bounced: %s@example.org", who);
    r.envelope_id = say("QQ%s+40example.org", who);
    r.raw = say("To: %s@example.org\r\n\r\nHello %s", who);
    r.source = say("mail/%s@example.org/cur", who);
    return r;
}

static void fill(struct desk *desk)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        char id[3][40];
        struct record r;
        struct sent line = {.at = T0};
        struct act act = {.now = T0 + 2 * D,
                          .until = BOUNCE_NO_TIME,
                          .slot = BOUNCE_SLOT_MANUAL};
        struct ledger_result result;
        size_t fresh, bad;

        kept_count = 0;
        for (size_t k = 0; k < 3; k++)
            snprintf(id[k], sizeof(id[k]), "%032zx", i * 3 + k + 1);
        line.message_id = say("<17.%s=example.org@news.example>", i);
        line.recipient = say("%s@example.org", i);
        line.campaign = SLICE("spring");
        assert_int_equal(
            ledger_sent(desk->ledger, &line, 1, &fresh, &bad, &desk->error),
            STORE_OK);
        r = telling_record(i, BOUNCE_KIND_BOUNCE, id[0], T0 + H);
        desk_apply(desk, &r);
        r = telling_record(i, BOUNCE_KIND_DELAY, id[1], T0 + 2 * H);
        desk_apply(desk, &r);
        r = telling_record(i, BOUNCE_KIND_FEEDBACK, id[2], T0 + 3 * H);
        r.event.category = SLICE("complaint");
        desk_apply(desk, &r);
        act.reason = say("%s@example.org wrote that %s has moved", i);
        act.source = say("letter of %s@example.org", i);
        assert_int_equal(act_suppress(desk->ledger, say("%s@example.org", i),
                                      &act, &result, &desk->error),
                         STORE_OK);
        act.now += D;
        assert_int_equal(act_release(desk->ledger, say("%s@example.org", i),
                                     &act, &result, &desk->error),
                         STORE_OK);
    }
}

/* Fails when text (any bytes) holds a secret, whatever its case. */
static void search(const char *where, const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        size_t at =
            slice_find_nocase(slice_make(text, len), slice_cstr(secrets[i]));

        if (at != SLICE_NPOS) {
            struct bounce_slice around =
                slice_sub(slice_make(text, len), at > 60 ? at - 60 : 0, 160);

            fail_msg("%s tells of %s: %.*s", where, secrets[i], (int)around.len,
                     around.ptr);
        }
    }
}

static void search_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t cap = (size_t)64 << 20, len;
    char *text = malloc(cap);

    assert_non_null(file);
    assert_non_null(text);
    len = fread(text, 1, cap, file);
    assert_true(len < cap);
    fclose(file);
    search(path, text, len);
    free(text);
}

/* The database, its log, and whatever else lies there. */
static size_t search_folder(const struct desk *desk)
{
    DIR *folder = opendir(desk->fixture.folder);
    struct dirent *entry;
    size_t files = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char path[512];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", desk->fixture.folder,
                 entry->d_name);
        search_file(path);
        files++;
    }
    closedir(folder);
    return files;
}

static void search_tables(struct desk *desk)
{
    static const char *const tables[] = {
        "meta", "state", "event", "folded", "raw",      "change",   "hold",
        "sent", "tally", "pulse", "domain", "position", "forgotten"};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char sql[64], *text;

        snprintf(sql, sizeof(sql), "SELECT * FROM %s", tables[i]);
        text = desk_query(desk, sql);
        search(tables[i], text, strlen(text));
        free(text);
    }
}

/* ---- What is listed -------------------------------------------------- */

static void search_slice(struct bounce_slice text)
{
    if (text.len > 0)
        search("a list", text.ptr, text.len);
}

static bool take_address(void *ctx, const struct list_address *row)
{
    ++*(size_t *)ctx;
    search_slice(row->address);
    search_slice(row->cursor);
    return true;
}

static bool take_event(void *ctx, const struct list_event *row)
{
    char body[8000];
    size_t len = record_body_write(row->record, body, sizeof(body));

    ++*(size_t *)ctx;
    assert_true(len < sizeof(body));
    search("an event", body, len);
    search_slice(row->record->source);
    search_slice(row->record->event.message_id);
    return true;
}

static bool take_change(void *ctx, const struct list_change *row)
{
    ++*(size_t *)ctx;
    search_slice(row->address);
    search_slice(row->rule);
    search_slice(row->reason);
    search_slice(row->entry);
    return true;
}

static bool take_stats(void *ctx, const struct stats_row *row)
{
    ++*(size_t *)ctx;
    search_slice(row->value);
    return true;
}

static void search_lists(struct desk *desk)
{
    struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME};
    size_t count[5] = {0};

    assert_int_equal(list_addresses(desk->book, &filter, T0 + 4 * D,
                                    take_address, &count[0], &desk->error),
                     STORE_OK);
    assert_int_equal(
        list_events(desk->book, &filter, take_event, &count[1], &desk->error),
        STORE_OK);
    assert_int_equal(
        list_changes(desk->book, &filter, take_change, &count[2], &desk->error),
        STORE_OK);
    for (unsigned by = STATS_DAY; by <= STATS_SENDER_DOMAIN; by++)
        assert_int_equal(stats_rows(desk->book, (enum stats_by)by, &filter,
                                    take_stats, &count[3], &desk->error),
                         STORE_OK);
    for (size_t i = 0; i < 4 && fixture_keeps(); i++)
        assert_true(count[i] >= PEOPLE);
}

/* ---- What errors say ------------------------------------------------- */

static void search_errors(struct desk *desk)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                     .until = BOUNCE_NO_TIME};
        struct ask *ask = ask_new(desk->book);
        struct ask_question question;
        struct ask_answer answer;
        struct record r;
        char line[500];
        size_t bad, count = 0;

        kept_count = 0;
        /* States that cannot be read are told of by address. */
        assert_int_equal(store_run(desk->book->store,
                                   "UPDATE state SET text = 'x', standing = 2, "
                                   "until = NULL, since = 1",
                                   NULL, 0, NULL, NULL, &desk->error),
                         STORE_OK);
        question = (struct ask_question){.address = say("%s@example.org", i)};
        desk->error.msg[0] = '\0';
        if (ask_check(ask, &question, 1, T0, &answer, &desk->error) == STORE_OK)
            search("a line", line, ask_line(&answer, T0, line, sizeof(line)));
        search("an error", desk->error.msg, strlen(desk->error.msg));
        search("an answer", answer.address, strlen(answer.address));
        (void)list_addresses(desk->book, &filter, T0, take_address, &count,
                             &desk->error);
        search("an error", desk->error.msg, strlen(desk->error.msg));
        filter.address = say("%s@example.org", i);
        (void)list_addresses(desk->book, &filter, T0, take_address, &count,
                             &desk->error);
        search("an error", desk->error.msg, strlen(desk->error.msg));
        r = telling_record(i, BOUNCE_KIND_BOUNCE, "another", T0 + 5 * D);
        (void)ledger_apply(desk->ledger, &r, 1, T0 + 5 * D, NULL, &bad,
                           &desk->error);
        search("an error", desk->error.msg, strlen(desk->error.msg));
        ask_free(ask);
    }
}

static void run(bool forget)
{
    struct desk desk;

    desk_init(&desk, NULL, NULL, "a key of twenty-four byte");
    fill(&desk);
    if (fixture_keeps())
        search_tables(&desk);
    search_lists(&desk);
    for (size_t i = 0; i < PEOPLE && forget; i++) {
        bool known;

        kept_count = 0;
        assert_int_equal(ledger_forget(desk.ledger, say("%s@example.org", i),
                                       T0 + 4 * D, &known, &desk.error),
                         STORE_OK);
    }
    if (fixture_is_sqlite())
        assert_true(search_folder(&desk) > 0);
    if (!forget && fixture_keeps())
        search_errors(&desk);
    desk_reopen(&desk);
    if (fixture_is_sqlite())
        assert_true(search_folder(&desk) > 0);
    desk_clear(&desk);
}

static void test_hidden(void **state)
{
    (void)state;
    run(false);
}

static void test_forgotten(void **state)
{
    (void)state;
    run(true);
}

/* The search finds what is there: a store in clear. */
static void test_search(void **state)
{
    struct desk desk;
    char *text;

    (void)state;
    desk_init(&desk, NULL, NULL, NULL);
    fill(&desk);
    text = desk_query(&desk, "SELECT * FROM event");
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        assert_true(!fixture_keeps() ||
                    slice_find_nocase(slice_cstr(text),
                                      slice_cstr(secrets[i])) != SLICE_NPOS);
    free(text);
    desk_clear(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_search),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
