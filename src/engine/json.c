/* SPDX-License-Identifier: MIT
 * One event as one line of JSON, with the keys of the contract in their order
 * (bounce(1)). */
#include "engine/json_line.h"

/* What is rarely or never longer than this goes through a writer. */
#define SMALL 32

static char *put_int(struct json_line *line, char *at, int64_t value)
{
    char text[SMALL];
    struct json_writer w = {text, sizeof(text), 0};

    if (value >= 100 && value < 1000) { /* as reply codes are */
        const char code[3] = {(char)('0' + value / 100),
                              (char)('0' + value / 10 % 10),
                              (char)('0' + value % 10)};

        return json_line_raw(line, at, code, sizeof(code));
    }
    json_int(&w, value);
    return json_line_raw(line, at, text, w.len);
}

static char *put_decimal(struct json_line *line, char *at, double value,
                         bool trim)
{
    char text[SMALL];
    struct json_writer w = {text, sizeof(text), 0};

    if (!trim && value >= 0 && value <= 1) { /* as confidence is */
        unsigned hundredths = (unsigned)(value * 100 + 0.5);
        const char part[4] = {(char)('0' + hundredths / 100), '.',
                              (char)('0' + hundredths / 10 % 10),
                              (char)('0' + hundredths % 10)};

        return json_line_raw(line, at, part, sizeof(part));
    }
    json_decimal(&w, value, trim);
    return json_line_raw(line, at, text, w.len);
}

static char *put_time(struct json_line *line, char *at, int64_t time)
{
    char text[SMALL];
    struct json_writer w = {text, sizeof(text), 0};

    json_time(&w, time);
    return json_line_raw(line, at, text, w.len);
}

static char *put_tristate(struct json_line *line, char *at, int value)
{
    if (value < 0)
        return JSON_LINE_RAW(line, at, "null");
    return value > 0 ? JSON_LINE_RAW(line, at, "true")
                     : JSON_LINE_RAW(line, at, "false");
}

static char *put_origin(struct json_line *line, char *at,
                        const struct bounce_json_options *options,
                        const struct bounce_event *event)
{
    at = JSON_LINE_RAW(line, at, "{");
    if (options->id_json.len > 0) {
        at = JSON_LINE_RAW(line, at, "\"id\":");
        at =
            json_line_raw(line, at, options->id_json.ptr, options->id_json.len);
        at = JSON_LINE_RAW(line, at, ",");
    }
    at = JSON_LINE_RAW(line, at, "\"schema\":1");
    at = JSON_LINE_STRING(line, at, "event_id", event->event_id);
    at = JSON_LINE_STRING(line, at, "source", options->source);
    if (options->offset < 0)
        return JSON_LINE_RAW(line, at, ",\"offset\":null");
    at = JSON_LINE_RAW(line, at, ",\"offset\":");
    return put_int(line, at, options->offset);
}

static char *put_failure(struct json_line *line, char *at,
                         const struct bounce_event *event)
{
    at = JSON_LINE_WORD(line, at, "kind", &names_kind, event->kind);
    at = JSON_LINE_STRING(line, at, "recipient", event->recipient);
    at = JSON_LINE_WORD(line, at, "recipient_from", &names_recipient_from,
                        event->recipient_from);
    at = JSON_LINE_STRING(line, at, "original_recipient",
                          event->original_recipient);
    at = JSON_LINE_WORD(line, at, "action", &names_action, event->action);
    at = JSON_LINE_RAW(line, at, ",\"permanent\":");
    at = put_tristate(line, at, event->permanent);
    at = event->expired ? JSON_LINE_RAW(line, at, ",\"expired\":true")
                        : JSON_LINE_RAW(line, at, ",\"expired\":false");
    at = JSON_LINE_STRING(line, at, "status", event->status);
    if (event->reply_code == 0) {
        at = JSON_LINE_RAW(line, at, ",\"reply_code\":null");
    } else {
        at = JSON_LINE_RAW(line, at, ",\"reply_code\":");
        at = put_int(line, at, event->reply_code);
    }
    at = JSON_LINE_WORD(line, at, "stage", &names_stage, event->stage);
    return JSON_LINE_STRING(line, at, "diagnostic", event->diagnostic);
}

static char *put_verdict(struct json_line *line, char *at,
                         const struct bounce_event *event)
{
    at = JSON_LINE_STRING(line, at, "category", event->category);
    at = JSON_LINE_WORD(line, at, "class", &names_class, event->cls);
    if (event->confidence < 0) {
        at = JSON_LINE_RAW(line, at, ",\"confidence\":null");
    } else {
        at = JSON_LINE_RAW(line, at, ",\"confidence\":");
        at = put_decimal(line, at, event->confidence, false);
    }
    at = JSON_LINE_STRING(line, at, "provider", event->provider);
    at = JSON_LINE_STRING(line, at, "gateway", event->gateway);
    at = JSON_LINE_WORD(line, at, "evidence\":{\"by", &names_evidence,
                        event->evidence_by);
    at = JSON_LINE_STRING(line, at, "rule", event->evidence_rule);
    at = JSON_LINE_STRING(line, at, "text", event->evidence_text);
    return JSON_LINE_RAW(line, at, "}");
}

static char *put_limit(struct json_line *line, char *at,
                       const struct bounce_signals *signals)
{
    if (signals->limit_what.ptr == NULL)
        return JSON_LINE_RAW(line, at, ",\"limit\":null");
    at = JSON_LINE_STRING(line, at, "limit\":{\"what", signals->limit_what);
    at = JSON_LINE_RAW(line, at, ",\"value\":");
    at = put_decimal(line, at, signals->limit_value, true);
    at = JSON_LINE_STRING(line, at, "unit", signals->limit_unit);
    return JSON_LINE_RAW(line, at, "}");
}

static bool signals_empty(const struct bounce_signals *s)
{
    return s->block_list.ptr == NULL && s->lookup_url.ptr == NULL &&
           s->removal_url.ptr == NULL && s->sender_ip.ptr == NULL &&
           s->url.ptr == NULL && s->new_address.ptr == NULL &&
           s->limit_what.ptr == NULL && s->suppressed_for.ptr == NULL &&
           s->person_left < 0;
}

static char *put_signals(struct json_line *line, char *at,
                         const struct bounce_signals *s)
{
    if (signals_empty(s)) /* most are; one copy in place of ten */
        return JSON_LINE_RAW(
            line, at,
            ",\"signals\":{\"block_list\":null,\"lookup_url\":null,"
            "\"removal_url\":null,\"sender_ip\":null,\"url\":null,"
            "\"new_address\":null,\"limit\":null,\"suppressed_for\":null,"
            "\"person_left\":null}");
    at = JSON_LINE_STRING(line, at, "signals\":{\"block_list", s->block_list);
    at = JSON_LINE_STRING(line, at, "lookup_url", s->lookup_url);
    at = JSON_LINE_STRING(line, at, "removal_url", s->removal_url);
    at = JSON_LINE_STRING(line, at, "sender_ip", s->sender_ip);
    at = JSON_LINE_STRING(line, at, "url", s->url);
    at = JSON_LINE_STRING(line, at, "new_address", s->new_address);
    at = put_limit(line, at, s);
    at = JSON_LINE_STRING(line, at, "suppressed_for", s->suppressed_for);
    at = JSON_LINE_RAW(line, at, ",\"person_left\":");
    at = put_tristate(line, at, s->person_left);
    return JSON_LINE_RAW(line, at, "}");
}

static char *put_advice(struct json_line *line, char *at,
                        const struct bounce_advice *advice)
{
    at = JSON_LINE_WORD(line, at, "advice\":{\"do", &names_do, advice->action);
    at = JSON_LINE_WORD(line, at, "who", &names_who, advice->who);
    at =
        JSON_LINE_WORD(line, at, "retry_by", &names_retry_by, advice->retry_by);
    if (advice->retry_after_s < 0) {
        at = JSON_LINE_RAW(line, at, ",\"retry_after_s\":null");
    } else {
        at = JSON_LINE_RAW(line, at, ",\"retry_after_s\":");
        at = put_int(line, at, advice->retry_after_s);
    }
    at = JSON_LINE_STRING(line, at, "remedy", advice->remedy);
    return JSON_LINE_RAW(line, at, "}");
}

static char *put_label(struct json_line *line, char *at,
                       const struct bounce_engine *engine,
                       struct bounce_slice taxonomy,
                       const struct bounce_event *event)
{
    struct bounce_label label;

    at = json_line_string(line, at, "", 0, taxonomy);
    if (!bounce_label(engine, taxonomy, event, &label))
        return JSON_LINE_RAW(line, at, ":null");
    at = json_line_string(line, at, ":{\"label\":", 10, label.label);
    at = JSON_LINE_STRING(line, at, "code", label.code);
    at = JSON_LINE_STRING(line, at, "class", label.cls);
    return JSON_LINE_RAW(line, at, "}");
}

static char *put_labels(struct json_line *line, char *at,
                        const struct bounce_engine *engine,
                        struct bounce_slice names,
                        const struct bounce_event *event)
{
    struct bounce_slice name;
    bool first = true;

    if (names.len == 0)
        return JSON_LINE_RAW(line, at, ",\"labels\":{}");
    at = JSON_LINE_RAW(line, at, ",\"labels\":{");
    while (slice_next_piece(&names, ',', &name)) {
        name = slice_trim(name);
        if (name.len == 0)
            continue;
        if (!first)
            at = JSON_LINE_RAW(line, at, ",");
        first = false;
        at = put_label(line, at, engine, name, event);
    }
    return JSON_LINE_RAW(line, at, "}");
}

/* Who wrote the report, and what a service says: neither is known of a bare
 * reply. */
static char *put_writer(struct json_line *line, char *at,
                        const struct bounce_event *e)
{
    if (e->written_by.ptr == NULL && e->queue_id.ptr == NULL &&
        e->service.ptr == NULL && e->service_verdict.ptr == NULL &&
        e->verified < 0)
        return JSON_LINE_RAW(
            line, at,
            ",\"written_by\":null,\"queue_id\":null,\"service\":null,"
            "\"service_verdict\":null,\"verified\":null");
    at = JSON_LINE_STRING(line, at, "written_by", e->written_by);
    at = JSON_LINE_STRING(line, at, "queue_id", e->queue_id);
    at = JSON_LINE_STRING(line, at, "service", e->service);
    at = JSON_LINE_STRING(line, at, "service_verdict", e->service_verdict);
    at = JSON_LINE_RAW(line, at, ",\"verified\":");
    return put_tristate(line, at, e->verified);
}

static char *put_report(struct json_line *line, char *at,
                        const struct bounce_event *event)
{
    at = JSON_LINE_STRING(line, at, "reporting_mta", event->reporting_mta);
    at = JSON_LINE_STRING(line, at, "remote_mta", event->remote_mta);
    at = JSON_LINE_STRING(line, at, "format", event->format);
    return put_writer(line, at, event);
}

static bool original_empty(const struct bounce_event *e)
{
    return e->message_id.ptr == NULL && e->report_id.ptr == NULL &&
           e->sender.ptr == NULL && e->scope.ptr == NULL &&
           e->campaign.ptr == NULL && e->feedback_id.ptr == NULL &&
           e->feedback_type.ptr == NULL && e->subject.ptr == NULL &&
           e->sent_at == BOUNCE_NO_TIME && e->occurred_at == BOUNCE_NO_TIME;
}

static char *put_original(struct json_line *line, char *at,
                          const struct bounce_event *event)
{
    if (original_empty(event))
        return JSON_LINE_RAW(
            line, at,
            ",\"message_id\":null,\"report_id\":null,\"sender\":null,"
            "\"scope\":null,\"campaign\":null,\"feedback_id\":null,"
            "\"feedback_type\":null,\"subject\":null,\"sent_at\":null,"
            "\"occurred_at\":null");
    at = JSON_LINE_STRING(line, at, "message_id", event->message_id);
    at = JSON_LINE_STRING(line, at, "report_id", event->report_id);
    at = JSON_LINE_STRING(line, at, "sender", event->sender);
    at = JSON_LINE_STRING(line, at, "scope", event->scope);
    at = JSON_LINE_STRING(line, at, "campaign", event->campaign);
    at = JSON_LINE_STRING(line, at, "feedback_id", event->feedback_id);
    at = JSON_LINE_STRING(line, at, "feedback_type", event->feedback_type);
    at = JSON_LINE_STRING(line, at, "subject", event->subject);
    at = JSON_LINE_RAW(line, at, ",\"sent_at\":");
    at = put_time(line, at, event->sent_at);
    at = JSON_LINE_RAW(line, at, ",\"occurred_at\":");
    return put_time(line, at, event->occurred_at);
}

static char *put_warning(struct json_line *line, char *at,
                         const struct bounce_warning *warning)
{
    at = json_line_string(line, at, "{\"id\":", 6, slice_cstr(warning->id));
    at = JSON_LINE_STRING(line, at, "text", slice_cstr(warning->text));
    at = JSON_LINE_RAW(line, at, ",\"offset\":");
    at = warning->offset == BOUNCE_NO_OFFSET
             ? JSON_LINE_RAW(line, at, "null")
             : put_int(line, at, (int64_t)warning->offset);
    return JSON_LINE_RAW(line, at, "}");
}

static char *put_warnings(struct json_line *line, char *at,
                          const struct bounce_warning *warnings, size_t count)
{
    at = JSON_LINE_RAW(line, at, ",\"warnings\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            at = JSON_LINE_RAW(line, at, ",");
        at = put_warning(line, at, &warnings[i]);
    }
    return JSON_LINE_RAW(line, at, "]}\n");
}

size_t json_event(const struct bounce_engine *engine,
                  const struct bounce_event *event,
                  const struct bounce_warning *warnings, size_t warning_count,
                  const struct bounce_json_options *options, char *buf,
                  size_t cap)
{
    static const struct bounce_json_options nothing = {.size = sizeof(nothing),
                                                       .offset = -1};
    struct json_line line;
    char *at = json_line_begin(&line, buf, cap);

    if (options == NULL)
        options = &nothing;
    at = put_origin(&line, at, options, event);
    at = put_failure(&line, at, event);
    at = put_verdict(&line, at, event);
    at = put_signals(&line, at, &event->signals);
    at = put_advice(&line, at, &event->advice);
    at = put_labels(&line, at, engine, options->labels, event);
    at = put_report(&line, at, event);
    at = put_original(&line, at, event);
    at = put_warnings(&line, at, warnings, warning_count);
    return json_line_end(&line, at);
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
