/* SPDX-License-Identifier: MIT
 * Whole messages to events. */
#include <stdlib.h>

#include "mime/charset.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Reads all bytes, so that a slice outside its memory is caught. */
static void touch(struct bounce_slice s)
{
    static volatile char sink;

    require(s.ptr != NULL || s.len == 0);
    for (size_t i = 0; i < s.len; i++)
        sink = s.ptr[i];
    (void)sink;
}

static void check_event(const struct report_event *event)
{
    const struct bounce_event *e = &event->event;

    touch(event->context);
    touch(event->field_status);
    touch(e->recipient);
    touch(e->original_recipient);
    touch(e->status);
    touch(e->diagnostic);
    touch(e->reporting_mta);
    touch(e->remote_mta);
    touch(e->format);
    touch(e->written_by);
    touch(e->queue_id);
    touch(e->message_id);
    touch(e->report_id);
    touch(e->sender);
    touch(e->campaign);
    touch(e->feedback_id);
    touch(e->feedback_type);
    touch(e->subject);
    touch(e->signals.sender_ip);
    require((e->recipient.ptr == NULL) ==
            (e->recipient_from == BOUNCE_FROM_NONE));
    require(e->kind != BOUNCE_KIND_BOUNCE || e->permanent != -1);
    require(e->reply_code == 0 ||
            (e->reply_code >= 200 && e->reply_code <= 699));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct charset_cache *charsets;
    struct bounce_options options = {.max_message = 1 << 20,
                                     .max_depth = 8,
                                     .max_parts = 40,
                                     .max_headers = 100,
                                     .max_header = 2000,
                                     .max_events = 20,
                                     .max_diagnostic = 500,
                                     .max_warnings = 10};
    struct bounce_warning warnings[10];
    struct arena arena;
    struct message message = {.arena = &arena,
                              .options = &options,
                              .base = (const char *)data,
                              .len = size,
                              .warnings = warnings};
    struct mime_part *root;
    struct report report;

    if (charsets == NULL)
        charsets = charset_cache_new(allocator_default());
    message.charsets = charsets;
    arena_init(&arena, allocator_default(), (size_t)1 << 30);
    root = mime_parse(&message, slice_make((const char *)data, size));
    require(root != NULL);
    require(report_read(&message, root, &report));
    require(report.count >= 1 && report.count <= options.max_events);
    for (size_t i = 0; i < report.count; i++)
        check_event(&report.events[i]);
    arena_clear(&arena);
    return 0;
}
