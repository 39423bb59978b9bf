/* SPDX-License-Identifier: MIT */
#include "store/list_record.h"

#include "classify/signals.h"
#include "engine/engine.h"
#include "report/reply.h"

#define LAST_KIND BOUNCE_KIND_CHALLENGE

const char *event_kind_name(unsigned value)
{
    static const char *const acts[] = {"suppress", "release", "forgotten"};

    if (value <= LAST_KIND)
        return bounce_kind_name((enum bounce_kind)value);
    return acts[value - LAST_KIND - 1];
}

int event_kind_number(unsigned value)
{
    if (value <= LAST_KIND)
        return (int)value;
    return (int)(RECORD_SUPPRESS + value - LAST_KIND - 1);
}

/* ---- Advice ---------------------------------------------------------- */

/* In the tables themselves: every event of a list asks. */
static struct bounce_slice rule_remedy(const struct bounce_engine *engine,
                                       struct bounce_slice id)
{
    const struct knowledge *knowledge = &engine->knowledge;

    for (size_t set = 0; id.len > 0 && set < knowledge->set_count; set++) {
        const struct tables *t = knowledge->sets[set];

        for (size_t i = 0; i < t->rules_count; i++)
            if (slice_eq(tab_slice(t, t->rules[i].id), id))
                return tab_slice(t, t->rules[i].remedy);
    }
    return SLICE_NULL;
}

void list_complete(const struct bounce_engine *engine,
                   struct bounce_event *event)
{
    const struct bounce_category *category =
        bounce_category_find(engine, event->category);
    struct bounce_advice *advice = &event->advice;
    struct reply reply = {.text = event->diagnostic};

    event->cls = BOUNCE_CLASS_NONE;
    *advice = (struct bounce_advice){.retry_after_s = -1};
    if (category == NULL)
        return;
    event->cls = category->cls;
    advice->action = category->action;
    advice->who = category->who;
    advice->retry_by = category->retry_by;
    advice->retry_after_s = category->retry_after_s;
    if (event->evidence_by == BOUNCE_EVIDENCE_RULE ||
        event->evidence_by == BOUNCE_EVIDENCE_BLOCK_LIST)
        advice->remedy = rule_remedy(engine, event->evidence_rule);
    if (advice->remedy.ptr == NULL)
        advice->remedy = category->remedy;
    if (event->kind == BOUNCE_KIND_DELAY) {
        advice->retry_by = BOUNCE_RETRY_MTA;
        if (advice->action == BOUNCE_DO_SUPPRESS ||
            advice->action == BOUNCE_DO_SUSPEND ||
            advice->action == BOUNCE_DO_REVIEW)
            advice->action = BOUNCE_DO_RETRY;
    }
    if (event->kind == BOUNCE_KIND_BOUNCE || event->kind == BOUNCE_KIND_DELAY) {
        int64_t said = signals_retry_after(&reply);

        if (said >= 0)
            advice->retry_after_s = said;
    }
}

/* ---- Rows ------------------------------------------------------------ */

bool event_row_copy(const struct store_value *row, struct arena *arena,
                    struct store_value out[EVENT_COLUMN_COUNT])
{
    for (size_t i = 0; i < EVENT_COLUMN_COUNT; i++) {
        out[i] = row[i];
        if (row[i].type != STORE_TEXT)
            continue;
        out[i].text = arena_dup(arena, row[i].text);
        if (out[i].text.ptr == NULL)
            return false;
    }
    return true;
}

static int64_t number_of(const struct store_value *value, int64_t otherwise)
{
    return value->type == STORE_INT ? value->integer : otherwise;
}

bool event_row_read(const struct bounce_engine *engine,
                    const struct store_value *row, struct arena *arena,
                    struct list_record *record_out)
{
    struct record *record = &record_out->record;
    struct bounce_event *event = &record->event;
    int64_t kind = row[4].integer, confidence = number_of(&row[10], -1);

    record_init(record, NULL);
    if (!record_body_read(row[23].text, arena, record))
        return false;
    record_facts_init(&record_out->facts);
    if (row[20].type == STORE_TEXT &&
        !record_facts_read(row[20].text, &record_out->facts))
        return false;
    if (kind >= RECORD_SUPPRESS)
        record->act = (enum record_act)kind;
    else
        event->kind = (enum bounce_kind)kind;
    event->event_id = value_text(&row[7]);
    event->category = value_text(&row[9]);
    event->confidence = confidence < 0 ? -1 : (double)confidence / 100;
    event->permanent = (int)row[11].integer;
    event->verified = (int)row[12].integer;
    event->evidence_rule = value_text(&row[13]);
    event->provider = value_text(&row[14]);
    event->scope = value_text(&row[16]);
    event->campaign = value_text(&row[17]);
    event->occurred_at = row[EVENT_AT].integer;
    record->ip = value_text(&row[18]);
    record->sender_domain = value_text(&row[19]);
    record->source = value_text(&row[21]);
    record->offset = number_of(&row[22], -1);
    record->service_class = record_out->facts.service_class;
    record->dns_domain = record_out->facts.dns_domain;
    record->engaged_at = record_out->facts.engaged_at;
    record->waiting_s = record_out->facts.waiting_s;
    record->tries = record_out->facts.tries;
    record->slot = record_out->facts.slot;
    record->until = record_out->facts.until;
    record->consent = record_out->facts.consent;
    list_complete(engine, event);
    record_out->event = (struct list_event){.seq = row[EVENT_SEQ].integer,
                                            .recorded_at = row[3].integer,
                                            .counts = row[5].integer != 0,
                                            .review = row[6].integer != 0,
                                            .record = record,
                                            .facts = &record_out->facts};
    return true;
}
