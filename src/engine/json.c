/* SPDX-License-Identifier: MIT
 * One event as one line of JSON, with the keys of the contract in their order
 * (bounce(1)). */
#include "engine/json_write.h"

static void put_origin(struct json_writer *w,
                       const struct bounce_json_options *options,
                       const struct bounce_event *event)
{
    JSON_RAW(w, "{");
    if (options->id_json.len > 0) {
        JSON_RAW(w, "\"id\":");
        json_raw(w, options->id_json.ptr, options->id_json.len);
        JSON_RAW(w, ",");
    }
    JSON_RAW(w, "\"schema\":1");
    JSON_KEY_STRING(w, "event_id", event->event_id);
    JSON_KEY_STRING(w, "source", options->source);
    JSON_RAW(w, ",\"offset\":");
    if (options->offset < 0)
        JSON_RAW(w, "null");
    else
        json_int(w, options->offset);
}

static void put_failure(struct json_writer *w, const struct bounce_event *event)
{
    JSON_KEY_WORD(w, "kind", bounce_kind_name(event->kind));
    JSON_KEY_STRING(w, "recipient", event->recipient);
    JSON_KEY_WORD(w, "recipient_from",
                  bounce_recipient_from_name(event->recipient_from));
    JSON_KEY_STRING(w, "original_recipient", event->original_recipient);
    JSON_KEY_WORD(w, "action", bounce_action_name(event->action));
    JSON_RAW(w, ",\"permanent\":");
    json_tristate(w, event->permanent);
    if (event->expired)
        JSON_RAW(w, ",\"expired\":true");
    else
        JSON_RAW(w, ",\"expired\":false");
    JSON_KEY_STRING(w, "status", event->status);
    JSON_RAW(w, ",\"reply_code\":");
    if (event->reply_code == 0)
        JSON_RAW(w, "null");
    else
        json_int(w, event->reply_code);
    JSON_KEY_WORD(w, "stage", bounce_stage_name(event->stage));
    JSON_KEY_STRING(w, "diagnostic", event->diagnostic);
}

static void put_verdict(struct json_writer *w, const struct bounce_event *event)
{
    JSON_KEY_STRING(w, "category", event->category);
    JSON_KEY_WORD(w, "class", bounce_class_name(event->cls));
    JSON_RAW(w, ",\"confidence\":");
    if (event->confidence < 0)
        JSON_RAW(w, "null");
    else
        json_decimal(w, event->confidence, false);
    JSON_KEY_STRING(w, "provider", event->provider);
    JSON_KEY_STRING(w, "gateway", event->gateway);
    JSON_RAW(w, ",\"evidence\":{\"by\":");
    json_word(w, bounce_evidence_name(event->evidence_by));
    JSON_KEY_STRING(w, "rule", event->evidence_rule);
    JSON_KEY_STRING(w, "text", event->evidence_text);
    JSON_RAW(w, "}");
}

static void put_limit(struct json_writer *w,
                      const struct bounce_signals *signals)
{
    JSON_RAW(w, ",\"limit\":");
    if (signals->limit_what.ptr == NULL) {
        JSON_RAW(w, "null");
        return;
    }
    JSON_RAW(w, "{\"what\":");
    json_string(w, signals->limit_what);
    JSON_RAW(w, ",\"value\":");
    json_decimal(w, signals->limit_value, true);
    JSON_KEY_STRING(w, "unit", signals->limit_unit);
    JSON_RAW(w, "}");
}

static bool signals_empty(const struct bounce_signals *s)
{
    return s->block_list.ptr == NULL && s->lookup_url.ptr == NULL &&
           s->removal_url.ptr == NULL && s->sender_ip.ptr == NULL &&
           s->url.ptr == NULL && s->new_address.ptr == NULL &&
           s->limit_what.ptr == NULL && s->suppressed_for.ptr == NULL &&
           s->person_left < 0;
}

static void put_signals(struct json_writer *w, const struct bounce_signals *s)
{
    if (signals_empty(s)) { /* most are; one copy in place of ten */
        JSON_RAW(w,
                 ",\"signals\":{\"block_list\":null,\"lookup_url\":null,"
                 "\"removal_url\":null,\"sender_ip\":null,\"url\":null,"
                 "\"new_address\":null,\"limit\":null,\"suppressed_for\":null,"
                 "\"person_left\":null}");
        return;
    }
    JSON_RAW(w, ",\"signals\":{\"block_list\":");
    json_string(w, s->block_list);
    JSON_KEY_STRING(w, "lookup_url", s->lookup_url);
    JSON_KEY_STRING(w, "removal_url", s->removal_url);
    JSON_KEY_STRING(w, "sender_ip", s->sender_ip);
    JSON_KEY_STRING(w, "url", s->url);
    JSON_KEY_STRING(w, "new_address", s->new_address);
    put_limit(w, s);
    JSON_KEY_STRING(w, "suppressed_for", s->suppressed_for);
    JSON_RAW(w, ",\"person_left\":");
    json_tristate(w, s->person_left);
    JSON_RAW(w, "}");
}

static void put_advice(struct json_writer *w,
                       const struct bounce_advice *advice)
{
    JSON_RAW(w, ",\"advice\":{\"do\":");
    json_word(w, bounce_do_name(advice->action));
    JSON_KEY_WORD(w, "who", bounce_who_name(advice->who));
    JSON_KEY_WORD(w, "retry_by", bounce_retry_by_name(advice->retry_by));
    JSON_RAW(w, ",\"retry_after_s\":");
    if (advice->retry_after_s < 0)
        JSON_RAW(w, "null");
    else
        json_int(w, advice->retry_after_s);
    JSON_KEY_STRING(w, "remedy", advice->remedy);
    JSON_RAW(w, "}");
}

static void put_label(struct json_writer *w, const struct bounce_engine *engine,
                      struct bounce_slice taxonomy,
                      const struct bounce_event *event)
{
    struct bounce_label label;

    if (!bounce_label(engine, taxonomy, event, &label)) {
        JSON_RAW(w, "null");
        return;
    }
    JSON_RAW(w, "{\"label\":");
    json_string(w, label.label);
    JSON_KEY_STRING(w, "code", label.code);
    JSON_KEY_STRING(w, "class", label.cls);
    JSON_RAW(w, "}");
}

static void put_labels(struct json_writer *w,
                       const struct bounce_engine *engine,
                       struct bounce_slice names,
                       const struct bounce_event *event)
{
    struct bounce_slice name;
    bool first = true;

    JSON_RAW(w, ",\"labels\":{");
    while (slice_next_piece(&names, ',', &name)) {
        name = slice_trim(name);
        if (name.len == 0)
            continue;
        if (!first)
            JSON_RAW(w, ",");
        first = false;
        json_quoted(w, name);
        JSON_RAW(w, ":");
        put_label(w, engine, name, event);
    }
    JSON_RAW(w, "}");
}

static bool report_empty(const struct bounce_event *e)
{
    return e->reporting_mta.ptr == NULL && e->remote_mta.ptr == NULL &&
           e->format.ptr == NULL && e->written_by.ptr == NULL &&
           e->queue_id.ptr == NULL && e->service.ptr == NULL &&
           e->service_verdict.ptr == NULL && e->verified < 0;
}

static bool original_empty(const struct bounce_event *e)
{
    return e->message_id.ptr == NULL && e->report_id.ptr == NULL &&
           e->sender.ptr == NULL && e->scope.ptr == NULL &&
           e->campaign.ptr == NULL && e->feedback_id.ptr == NULL &&
           e->feedback_type.ptr == NULL && e->subject.ptr == NULL &&
           e->sent_at == BOUNCE_NO_TIME && e->occurred_at == BOUNCE_NO_TIME;
}

static void put_report(struct json_writer *w, const struct bounce_event *event)
{
    if (report_empty(event)) { /* so it is for every bare reply */
        JSON_RAW(w,
                 ",\"reporting_mta\":null,\"remote_mta\":null,\"format\":null,"
                 "\"written_by\":null,\"queue_id\":null,\"service\":null,"
                 "\"service_verdict\":null,\"verified\":null");
        return;
    }
    JSON_KEY_STRING(w, "reporting_mta", event->reporting_mta);
    JSON_KEY_STRING(w, "remote_mta", event->remote_mta);
    JSON_KEY_STRING(w, "format", event->format);
    JSON_KEY_STRING(w, "written_by", event->written_by);
    JSON_KEY_STRING(w, "queue_id", event->queue_id);
    JSON_KEY_STRING(w, "service", event->service);
    JSON_KEY_STRING(w, "service_verdict", event->service_verdict);
    JSON_RAW(w, ",\"verified\":");
    json_tristate(w, event->verified);
}

static void put_original(struct json_writer *w,
                         const struct bounce_event *event)
{
    if (original_empty(event)) {
        JSON_RAW(w, ",\"message_id\":null,\"report_id\":null,\"sender\":null,"
                    "\"scope\":null,\"campaign\":null,\"feedback_id\":null,"
                    "\"feedback_type\":null,\"subject\":null,\"sent_at\":null,"
                    "\"occurred_at\":null");
        return;
    }
    JSON_KEY_STRING(w, "message_id", event->message_id);
    JSON_KEY_STRING(w, "report_id", event->report_id);
    JSON_KEY_STRING(w, "sender", event->sender);
    JSON_KEY_STRING(w, "scope", event->scope);
    JSON_KEY_STRING(w, "campaign", event->campaign);
    JSON_KEY_STRING(w, "feedback_id", event->feedback_id);
    JSON_KEY_STRING(w, "feedback_type", event->feedback_type);
    JSON_KEY_STRING(w, "subject", event->subject);
    JSON_KEY_TIME(w, "sent_at", event->sent_at);
    JSON_KEY_TIME(w, "occurred_at", event->occurred_at);
}

static void put_warnings(struct json_writer *w,
                         const struct bounce_warning *warnings, size_t count)
{
    JSON_RAW(w, ",\"warnings\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            JSON_RAW(w, ",");
        JSON_RAW(w, "{\"id\":");
        json_word(w, warnings[i].id);
        JSON_KEY_STRING(w, "text", slice_cstr(warnings[i].text));
        JSON_RAW(w, ",\"offset\":");
        if (warnings[i].offset == BOUNCE_NO_OFFSET)
            JSON_RAW(w, "null");
        else
            json_int(w, (int64_t)warnings[i].offset);
        JSON_RAW(w, "}");
    }
    JSON_RAW(w, "]");
}

size_t json_event(const struct bounce_engine *engine,
                  const struct bounce_event *event,
                  const struct bounce_warning *warnings, size_t warning_count,
                  const struct bounce_json_options *options, char *buf,
                  size_t cap)
{
    static const struct bounce_json_options nothing = {.size = sizeof(nothing),
                                                       .offset = -1};
    struct json_writer w = {buf, cap, 0};

    if (options == NULL)
        options = &nothing;
    put_origin(&w, options, event);
    put_failure(&w, event);
    put_verdict(&w, event);
    put_signals(&w, &event->signals);
    put_advice(&w, &event->advice);
    put_labels(&w, engine, options->labels, event);
    put_report(&w, event);
    put_original(&w, event);
    put_warnings(&w, warnings, warning_count);
    JSON_RAW(&w, "}\n");
    return w.len;
}

size_t bounce_event_json(const struct bounce_engine *engine,
                         const struct bounce_result *result, size_t i,
                         const struct bounce_json_options *options, char *buf,
                         size_t cap)
{
    const struct bounce_event *event = bounce_result_event(result, i);

    if (event == NULL)
        return 0;
    return json_event(engine, event, bounce_result_warning(result, 0),
                      bounce_result_warnings(result), options, buf, cap);
}
