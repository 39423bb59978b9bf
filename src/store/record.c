/* SPDX-License-Identifier: MIT */
#include "store/record.h"

void record_init(struct record *record, const struct bounce_event *event)
{
    *record = (struct record){
        .offset = -1,
        .dns_domain = -1,
        .engaged_at = BOUNCE_NO_TIME,
        .waiting_s = -1,
        .until = BOUNCE_NO_TIME,
        .slot = BOUNCE_SLOT_MANUAL,
    };
    if (event != NULL) {
        record->event = *event;
        return;
    }
    record->event = (struct bounce_event){
        .permanent = -1,
        .confidence = -1,
        .verified = -1,
        .signals.person_left = -1,
        .advice.retry_after_s = -1,
        .sent_at = BOUNCE_NO_TIME,
        .occurred_at = BOUNCE_NO_TIME,
    };
}

static bool copy_text(struct bounce_slice *text, struct arena *arena)
{
    if (text->ptr == NULL)
        return true;
    *text = arena_dup(arena, *text);
    return text->ptr != NULL;
}

static bool copy_signals(struct bounce_signals *s, struct arena *arena)
{
    return copy_text(&s->block_list, arena) &&
           copy_text(&s->lookup_url, arena) &&
           copy_text(&s->removal_url, arena) &&
           copy_text(&s->sender_ip, arena) && copy_text(&s->url, arena) &&
           copy_text(&s->new_address, arena) &&
           copy_text(&s->limit_what, arena) &&
           copy_text(&s->limit_unit, arena) &&
           copy_text(&s->suppressed_for, arena);
}

static bool copy_event(struct bounce_event *e, struct arena *arena)
{
    struct bounce_slice *const texts[] = {
        &e->event_id,      &e->recipient,     &e->original_recipient,
        &e->status,        &e->diagnostic,    &e->category,
        &e->provider,      &e->gateway,       &e->evidence_rule,
        &e->evidence_text, &e->advice.remedy, &e->reporting_mta,
        &e->remote_mta,    &e->format,        &e->written_by,
        &e->queue_id,      &e->service,       &e->service_verdict,
        &e->message_id,    &e->report_id,     &e->sender,
        &e->scope,         &e->campaign,      &e->feedback_id,
        &e->feedback_type, &e->subject,
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!copy_text(texts[i], arena))
            return false;
    }
    return copy_signals(&e->signals, arena);
}

bool record_copy(struct record *record_out, const struct record *record,
                 struct arena *arena)
{
    *record_out = *record;
    return copy_event(&record_out->event, arena) &&
           copy_text(&record_out->source, arena) &&
           copy_text(&record_out->raw, arena) &&
           copy_text(&record_out->ip, arena) &&
           copy_text(&record_out->sender_domain, arena) &&
           copy_text(&record_out->envelope_id, arena) &&
           copy_text(&record_out->reason, arena);
}
