/* SPDX-License-Identifier: MIT
 * For tests of what makes events from messages. */
#ifndef TESTS_REPORT_FIXTURE_H
#define TESTS_REPORT_FIXTURE_H

#include <stdlib.h>

#include "failing_alloc.h"
#include "guard.h"
#include "mime_fixture.h"
#include "report/report.h"

/* What a test says of one event; NULL and 0 are not asked, "-" is a value that
 * must be unknown. */
struct want_event {
    enum bounce_kind kind;
    const char *recipient, *status;
    int reply_code;
    const char *written_by;
    const char *diagnostic; /* a piece of it */
    enum bounce_stage stage;
    const char *remote_mta, *original_recipient;
    bool expired;
    enum bounce_recipient_from from;
};

struct report_row {
    const char *label;
    const char *message;
    struct want_event events[4]; /* ends with kind NONE */
};

static inline bool report_fixture_init(struct fixture *fixture,
                                       const struct bounce_allocator *allocator)
{
    bool ok = fixture_init(fixture, allocator);

    fixture->options.max_events = 100;
    fixture->options.max_diagnostic = 4096;
    fixture->options.max_message = (size_t)8 << 20;
    return ok;
}

/* Reads input; false when memory ran out. */
static inline bool report_fixture_read(struct fixture *fixture,
                                       struct bounce_slice input,
                                       struct report *report_out)
{
    struct message *message = fixture_begin(fixture, input);
    struct mime_part *root = mime_parse(message, input);

    return root != NULL && report_read(message, root, report_out);
}

static inline void check_text(const char *label, struct bounce_slice got,
                              const char *want)
{
    if (want != NULL)
        check_slice(label, got, strcmp(want, "-") == 0 ? NULL : want);
}

static inline void check_event(const char *label,
                               const struct bounce_event *got,
                               const struct want_event *want)
{
    if (got->kind != want->kind)
        fail_msg("%s: kind %s, want %s", label, bounce_kind_name(got->kind),
                 bounce_kind_name(want->kind));
    check_text(label, got->recipient, want->recipient);
    check_text(label, got->status, want->status);
    check_text(label, got->written_by, want->written_by);
    check_text(label, got->remote_mta, want->remote_mta);
    check_text(label, got->original_recipient, want->original_recipient);
    if (want->reply_code != 0 && got->reply_code != want->reply_code)
        fail_msg("%s: code %d, want %d", label, got->reply_code,
                 want->reply_code);
    if (want->stage != BOUNCE_STAGE_NONE && got->stage != want->stage)
        fail_msg("%s: stage %d, want %d", label, got->stage, want->stage);
    if (want->from != BOUNCE_FROM_NONE && got->recipient_from != want->from)
        fail_msg("%s: recipient from %d, want %d", label, got->recipient_from,
                 want->from);
    if (want->expired && !got->expired)
        fail_msg("%s: not expired", label);
    if (want->diagnostic != NULL &&
        slice_find(got->diagnostic, slice_cstr(want->diagnostic)) == SLICE_NPOS)
        fail_msg("%s: diagnostic \"%.*s\" lacks \"%s\"", label,
                 (int)got->diagnostic.len,
                 got->diagnostic.ptr != NULL ? got->diagnostic.ptr : "",
                 want->diagnostic);
}

/* Every message is cut at every length and its memory refused at every call:
 * nothing may crash, and there is always at least one event. */
static inline void check_robust(const struct report_row *row)
{
    struct bounce_slice whole = slice_cstr(row->message);
    struct failing_alloc failing;
    struct fixture fixture;
    struct report report;

    report_fixture_init(&fixture, allocator_default());
    for (size_t len = 0; len <= whole.len; len++) {
        struct guard guard = guard_copy(whole.ptr, len);
        if (!report_fixture_read(&fixture, guard.slice, &report) ||
            report.count == 0)
            fail_msg("%s: no event of the first %zu bytes", row->label, len);
        guard_free(&guard);
    }
    fixture_clear(&fixture);
    for (size_t n = 0;; n++) {
        bool done;
        failing_alloc_init(&failing, n);
        done = report_fixture_init(&fixture, &failing.allocator) &&
               report_fixture_read(&fixture, whole, &report);
        fixture_clear(&fixture);
        assert_int_equal(failing.held, 0);
        if (done)
            break;
    }
}

static inline void check_row(const struct report_row *row)
{
    struct fixture fixture;
    struct report report;
    size_t count = 0;

    report_fixture_init(&fixture, allocator_default());
    assert_true(
        report_fixture_read(&fixture, slice_cstr(row->message), &report));
    while (count < 4 && row->events[count].kind != BOUNCE_KIND_NONE)
        count++;
    if (report.count != (count == 0 ? 1 : count))
        fail_msg("%s: %zu events, want %zu", row->label, report.count, count);
    for (size_t i = 0; i < report.count; i++)
        check_event(row->label, &report.events[i].event, &row->events[i]);
    fixture_clear(&fixture);
    check_robust(row);
}

#define CHECK_ROWS(rows)                                                       \
    do {                                                                       \
        for (size_t row_ = 0; row_ < sizeof(rows) / sizeof((rows)[0]); row_++) \
            check_row(&(rows)[row_]);                                          \
    } while (0)

#endif
