/* SPDX-License-Identifier: MIT
 * The members of a body: those of bounce(1), in groups as there. */
#include <stddef.h>

#include "engine/json_write.h"
#include "store/record.h"
#include "store/record_json.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct text_member {
    const char *path;
    size_t at; /* of the slice in struct record */
};

#define TEXT_MEMBER(path, field)                                               \
    {                                                                          \
        path, offsetof(struct record, field)                                   \
    }

static const struct text_member top_texts[] = {
    TEXT_MEMBER("recipient", event.recipient),
    TEXT_MEMBER("original_recipient", event.original_recipient),
    TEXT_MEMBER("status", event.status),
    TEXT_MEMBER("diagnostic", event.diagnostic),
    TEXT_MEMBER("gateway", event.gateway),
    TEXT_MEMBER("reporting_mta", event.reporting_mta),
    TEXT_MEMBER("remote_mta", event.remote_mta),
    TEXT_MEMBER("format", event.format),
    TEXT_MEMBER("written_by", event.written_by),
    TEXT_MEMBER("queue_id", event.queue_id),
    TEXT_MEMBER("service", event.service),
    TEXT_MEMBER("service_verdict", event.service_verdict),
    TEXT_MEMBER("message_id", event.message_id),
    TEXT_MEMBER("report_id", event.report_id),
    TEXT_MEMBER("sender", event.sender),
    TEXT_MEMBER("feedback_id", event.feedback_id),
    TEXT_MEMBER("feedback_type", event.feedback_type),
    TEXT_MEMBER("subject", event.subject),
    TEXT_MEMBER("envelope_id", envelope_id),
    TEXT_MEMBER("reason", reason),
};
static const struct text_member evidence_texts[] = {
    TEXT_MEMBER("evidence.text", event.evidence_text),
};
static const struct text_member signal_texts[] = {
    TEXT_MEMBER("signals.block_list", event.signals.block_list),
    TEXT_MEMBER("signals.lookup_url", event.signals.lookup_url),
    TEXT_MEMBER("signals.removal_url", event.signals.removal_url),
    TEXT_MEMBER("signals.sender_ip", event.signals.sender_ip),
    TEXT_MEMBER("signals.url", event.signals.url),
    TEXT_MEMBER("signals.new_address", event.signals.new_address),
    TEXT_MEMBER("signals.suppressed_for", event.signals.suppressed_for),
};
static const struct text_member limit_texts[] = {
    TEXT_MEMBER("signals.limit.what", event.signals.limit_what),
    TEXT_MEMBER("signals.limit.unit", event.signals.limit_unit),
};

static struct bounce_slice *text_of(struct record *record,
                                    const struct text_member *member)
{
    return (struct bounce_slice *)(void *)((char *)record + member->at);
}

static struct bounce_slice text_at(const struct record *record,
                                   const struct text_member *member)
{
    struct bounce_slice text;

    memcpy(&text, (const char *)record + member->at, sizeof(text));
    return text;
}

/* ---- Writing --------------------------------------------------------- */

/* A key within its group; its opening when it is the group's first. */
static void put_key(struct json_writer *w, const char *path, bool *any)
{
    const char *dot = strrchr(path, '.');
    const char *name = dot != NULL ? dot + 1 : path;

    if (*any)
        JSON_RAW(w, ",\"");
    else
        JSON_RAW(w, "{\"");
    *any = true;
    json_raw(w, name, strlen(name));
    JSON_RAW(w, "\":");
}

static void put_texts(struct json_writer *w, const struct record *record,
                      const struct text_member *members, size_t count,
                      bool *any)
{
    for (size_t i = 0; i < count; i++) {
        struct bounce_slice text = text_at(record, &members[i]);

        if (text.ptr == NULL)
            continue;
        put_key(w, members[i].path, any);
        json_quoted(w, text);
    }
}

static void put_word(struct json_writer *w, const char *path, const char *word,
                     bool *any)
{
    if (word == NULL)
        return;
    put_key(w, path, any);
    json_word(w, word);
}

static void put_int(struct json_writer *w, const char *path, int64_t value,
                    bool *any)
{
    put_key(w, path, any);
    json_int(w, value);
}

static bool any_text(const struct record *record,
                     const struct text_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text_at(record, &members[i]).ptr != NULL)
            return true;
    }
    return false;
}

static void put_limit(struct json_writer *w, const struct record *record)
{
    bool any = false;

    put_texts(w, record, limit_texts, COUNT(limit_texts), &any);
    put_key(w, "value", &any);
    json_decimal(w, record->event.signals.limit_value, true);
    JSON_RAW(w, "}");
}

static void put_signals(struct json_writer *w, const struct record *record,
                        bool *any)
{
    const struct bounce_signals *signals = &record->event.signals;
    bool limit = any_text(record, limit_texts, COUNT(limit_texts));
    bool inner = false;

    if (!limit && signals->person_left < 0 &&
        !any_text(record, signal_texts, COUNT(signal_texts)))
        return;
    put_key(w, "signals", any);
    put_texts(w, record, signal_texts, COUNT(signal_texts), &inner);
    if (limit) {
        put_key(w, "limit", &inner);
        put_limit(w, record);
    }
    if (signals->person_left >= 0) {
        put_key(w, "person_left", &inner);
        json_tristate(w, signals->person_left);
    }
    JSON_RAW(w, "}");
}

static void put_evidence(struct json_writer *w, const struct record *record,
                         bool *any)
{
    const struct bounce_event *e = &record->event;
    bool inner = false;

    if (e->evidence_by == BOUNCE_EVIDENCE_NONE && e->evidence_text.ptr == NULL)
        return;
    put_key(w, "evidence", any);
    put_word(w, "by",
             e->evidence_by != BOUNCE_EVIDENCE_NONE
                 ? bounce_evidence_name(e->evidence_by)
                 : NULL,
             &inner);
    put_texts(w, record, evidence_texts, COUNT(evidence_texts), &inner);
    JSON_RAW(w, "}");
}

size_t record_body_write(const struct record *record, char *buf, size_t cap)
{
    struct json_writer w = {.ptr = buf, .cap = cap};
    const struct bounce_event *e = &record->event;
    bool any = false;

    put_texts(&w, record, top_texts, COUNT(top_texts), &any);
    if (e->recipient_from != BOUNCE_FROM_NONE)
        put_word(&w, "recipient_from",
                 bounce_recipient_from_name(e->recipient_from), &any);
    if (e->action != BOUNCE_ACTION_NONE)
        put_word(&w, "action", bounce_action_name(e->action), &any);
    if (e->stage != BOUNCE_STAGE_NONE)
        put_word(&w, "stage", bounce_stage_name(e->stage), &any);
    if (e->expired) {
        put_key(&w, "expired", &any);
        JSON_RAW(&w, "true");
    }
    if (e->reply_code != 0)
        put_int(&w, "reply_code", e->reply_code, &any);
    if (e->sent_at != BOUNCE_NO_TIME)
        put_int(&w, "sent_at", e->sent_at, &any);
    if (e->occurred_at != BOUNCE_NO_TIME)
        put_int(&w, "occurred_at", e->occurred_at, &any);
    put_evidence(&w, record, &any);
    put_signals(&w, record, &any);
    if (any)
        JSON_RAW(&w, "}");
    else
        JSON_RAW(&w, "{}");
    return w.len;
}

/* ---- Reading --------------------------------------------------------- */

struct reading {
    struct record *record;
    struct arena *arena;
};

static bool take_text_of(struct reading *r, struct bounce_slice path,
                         struct bounce_slice text,
                         const struct text_member *members, size_t count,
                         bool *found)
{
    for (size_t i = 0; i < count; i++) {
        struct bounce_slice *field;

        if (!slice_eq(path, slice_cstr(members[i].path)))
            continue;
        field = text_of(r->record, &members[i]);
        *field = arena_dup(r->arena, text);
        *found = true;
        return field->ptr != NULL;
    }
    return true;
}

typedef const char *name_fn(unsigned value);

/* Beyond the last word the functions return NULL. */
static const char *from_name(unsigned value)
{
    return bounce_recipient_from_name((enum bounce_recipient_from)value);
}

static const char *action_name(unsigned value)
{
    return bounce_action_name((enum bounce_action)value);
}

static const char *stage_name(unsigned value)
{
    return bounce_stage_name((enum bounce_stage)value);
}

static const char *evidence_name(unsigned value)
{
    return bounce_evidence_name((enum bounce_evidence)value);
}

/* The value that a word names; 0 when none does. */
static unsigned value_of(name_fn *name, struct bounce_slice word)
{
    for (unsigned value = 1; name(value) != NULL; value++) {
        if (slice_eq(slice_cstr(name(value)), word))
            return value;
    }
    return 0;
}

static bool take_word(struct reading *r, struct bounce_slice path,
                      struct bounce_slice text)
{
    struct bounce_event *e = &r->record->event;
    bool found = false, fine;

    if (slice_eq(path, SLICE("recipient_from")))
        e->recipient_from =
            (enum bounce_recipient_from)value_of(from_name, text);
    else if (slice_eq(path, SLICE("action")))
        e->action = (enum bounce_action)value_of(action_name, text);
    else if (slice_eq(path, SLICE("stage")))
        e->stage = (enum bounce_stage)value_of(stage_name, text);
    else if (slice_eq(path, SLICE("evidence.by")))
        e->evidence_by = (enum bounce_evidence)value_of(evidence_name, text);
    else {
        fine = take_text_of(r, path, text, top_texts, COUNT(top_texts), &found);
        if (fine && !found)
            fine = take_text_of(r, path, text, evidence_texts,
                                COUNT(evidence_texts), &found);
        if (fine && !found)
            fine = take_text_of(r, path, text, signal_texts,
                                COUNT(signal_texts), &found);
        if (fine && !found)
            fine = take_text_of(r, path, text, limit_texts, COUNT(limit_texts),
                                &found);
        return fine;
    }
    return true;
}

/* Members that are not known are passed over: a newer Bounce wrote them. */
static bool take_member(void *ctx, struct bounce_slice path,
                        const struct record_json_value *value)
{
    struct reading *r = ctx;
    struct bounce_event *e = &r->record->event;

    switch (value->type) {
    case RECORD_JSON_TEXT:
        return take_word(r, path, value->text);
    case RECORD_JSON_TRUE:
    case RECORD_JSON_FALSE:
        if (slice_eq(path, SLICE("signals.person_left")))
            e->signals.person_left = value->type == RECORD_JSON_TRUE;
        else if (slice_eq(path, SLICE("expired")))
            e->expired = value->type == RECORD_JSON_TRUE;
        return true;
    case RECORD_JSON_NUMBER:
        if (slice_eq(path, SLICE("reply_code")))
            e->reply_code = (int)value->integer;
        else if (slice_eq(path, SLICE("sent_at")))
            e->sent_at = value->integer;
        else if (slice_eq(path, SLICE("occurred_at")))
            e->occurred_at = value->integer;
        else if (slice_eq(path, SLICE("signals.limit.value")))
            e->signals.limit_value = value->number;
        return true;
    case RECORD_JSON_OBJECT:
        break;
    }
    return true;
}

bool record_body_read(struct bounce_slice body, struct arena *arena,
                      struct record *record)
{
    struct reading r = {record, arena};

    return record_json_read(body, arena, take_member, &r);
}
