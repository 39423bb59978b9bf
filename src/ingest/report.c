/* SPDX-License-Identifier: MIT */
#include "ingest/report.h"

#include "ingest/verp_report.h"

static struct bounce_slice either(struct bounce_slice own,
                                  struct bounce_slice common)
{
    return own.len > 0 ? own : common;
}

static void fill(struct record *record, const struct report_options *options)
{
    struct bounce_event *event = &record->event;

    event->scope = either(event->scope, options->scope);
    event->campaign = either(event->campaign, options->campaign);
    record->ip = options->ip;
    record->sender_domain = options->sender_domain;
    if (options->engaged_at > 0)
        record->engaged_at = options->engaged_at;
    record->source = options->source;
    record->offset = options->offset;
    if (event->kind == BOUNCE_KIND_DELAY && event->sent_at != BOUNCE_NO_TIME &&
        event->occurred_at >= event->sent_at)
        record->waiting_s = event->occurred_at - event->sent_at;
}

bool report_to_records(const struct bounce_result *result,
                       struct bounce_slice message,
                       const struct report_options *options,
                       struct arena *arena, struct report_records *out)
{
    const size_t events = bounce_result_events(result);

    *out = (struct report_records){.verdict = VERP_NONE};
    out->records = arena_calloc(arena, events, sizeof(*out->records));
    if (out->records == NULL)
        return false;
    for (size_t i = 0; i < events; i++) {
        const struct bounce_event *event = bounce_result_event(result, i);

        if (event->kind == BOUNCE_KIND_NONE)
            continue;
        if (options->since > 0 && event->occurred_at != BOUNCE_NO_TIME &&
            event->occurred_at < options->since) {
            out->old++;
            continue;
        }
        record_init(&out->records[out->count], event);
        fill(&out->records[out->count++], options);
    }
    if (options->key_count > 0 && out->count > 0) {
        out->verdict =
            verp_report_check(options->keys, options->key_count, message,
                              options->now, options->max_age_s, &out->seen);
        out->vouched = verp_report_apply(out->verdict, &out->seen, out->records,
                                         out->count);
    }
    for (size_t i = 0; i < out->count; i++)
        out->unsafe += out->records[i].event.recipient.len == 0;
    if (options->keep_raw && out->count > 0) /* one report is kept once */
        out->records[0].raw = message;
    return true;
}
