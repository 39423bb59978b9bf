/* SPDX-License-Identifier: MIT */
#include "serve/http_event.h"

void http_write_event(struct json_writer *w, const void *row)
{
    const struct http_event *e = row;
    const struct bounce_json_options options = {.size = sizeof(options),
                                                .source = e->source,
                                                .offset = e->offset,
                                                .labels = e->labels,
                                                .id_json = e->id_json};
    size_t room = w->len < w->cap ? w->cap - w->len : 0;
    size_t need = json_event(e->engine, e->event, NULL, 0, &options,
                             room > 0 ? w->ptr + w->len : NULL, room);

    if (need > room)
        w->cap = w->len < w->cap ? w->len : w->cap;
    w->len += need;
    if (need > 0 && need <= room)
        w->len--; /* its line end */
}

static const char *act_name(enum record_act act)
{
    switch (act) {
    case RECORD_SUPPRESS:
        return "suppress";
    case RECORD_RELEASE:
        return "release";
    case RECORD_FORGOTTEN:
        return "forgotten";
    case RECORD_EVENT:
        break;
    }
    return NULL;
}

void http_write_stored(struct json_writer *w, const void *row)
{
    const struct http_stored *r = row;
    const struct record *record = r->event->record;
    const struct http_event event = {.engine = r->engine,
                                     .event = &record->event,
                                     .source = record->source,
                                     .offset = record->offset};

    JSON_RAW(w, "{\"seq\":");
    json_int(w, r->event->seq);
    JSON_KEY_TIME(w, "recorded_at", r->event->recorded_at);
    JSON_KEY_WORD(w, "act", act_name(record->act));
    JSON_KEY_STRING(w, "reason", record->reason);
    http_bool(w, "counts", r->event->counts);
    http_bool(w, "review", r->event->review);
    JSON_KEY_STRING(w, "ip", record->ip);
    JSON_KEY_STRING(w, "sender_domain", record->sender_domain);
    JSON_RAW(w, ",\"event\":");
    http_write_event(w, &event);
    JSON_RAW(w, "}");
}

static const char *known(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

/* What the store says of an address beside send, later or never. */
static void write_cause(struct json_writer *w, const struct ask_answer *a)
{
    const struct bounce_cause *cause = &a->cause;
    const bool is = cause->since != BOUNCE_NO_TIME;

    http_known(w, "label", known(a->label));
    http_known(w, "category", is ? cause->category : NULL);
    JSON_KEY_TIME(w, "since", is ? cause->since : BOUNCE_NO_TIME);
    http_known(w, "rule", is ? cause->rule : NULL);
    http_known(w, "entry", is ? cause->entry : NULL);
    http_known(w, "event_id", is ? cause->event_id : NULL);
    http_bool(w, "in_scope", a->in_scope);
    JSON_KEY_WORD(w, "decided", bounce_may_name(a->decided));
    http_known(w, "provider", known(a->provider));
}

void http_write_answer(struct json_writer *w, const void *row)
{
    const struct http_answer *http = row;
    const struct ask_answer *a = http->answer;
    char why[512];

    JSON_RAW(w, "{\"address\":");
    json_string(w, http->address);
    JSON_KEY_WORD(w, "may", bounce_may_name(a->may));
    JSON_KEY_TIME(w, "until",
                  a->flaw == ADDRESS_FINE ? a->until : BOUNCE_NO_TIME);
    if (a->flaw != ADDRESS_FINE) {
        JSON_KEY_WORD(w, "reason", "no-address");
        JSON_KEY_STRING(w, "flaw", slice_cstr(address_flaw_text(a->flaw)));
        JSON_RAW(w, "}");
        return;
    }
    http_known(w, "reason", a->reason);
    if (!http->brief) {
        write_cause(w, a);
        JSON_KEY_STRING(
            w, "why",
            slice_make(why, ask_line(a, http->now, why, sizeof(why))));
    }
    JSON_RAW(w, "}");
}

void http_write_address(struct json_writer *w, const void *row)
{
    const struct list_address *a = row;
    const struct bounce_cause *cause = a->cause;

    JSON_RAW(w, "{\"address\":");
    json_string(w, a->address);
    JSON_KEY_WORD(w, "state", bounce_standing_name(a->standing));
    JSON_KEY_STRING(w, "scope", a->scope.len > 0 ? a->scope : SLICE_NULL);
    JSON_KEY_TIME(w, "since", cause != NULL ? cause->since : BOUNCE_NO_TIME);
    JSON_KEY_TIME(w, "until", cause != NULL ? cause->until : BOUNCE_NO_TIME);
    http_known(w, "cause", cause != NULL ? bounce_slot_name(a->slot) : NULL);
    http_known(w, "category", cause != NULL ? cause->category : NULL);
    JSON_KEY_WORD(w, "class", bounce_class_name(a->cls));
    JSON_KEY_STRING(w, "provider", a->provider);
    JSON_KEY_STRING(w, "domain", a->domain);
    JSON_KEY_STRING(w, "campaign", a->campaign);
    JSON_RAW(w, ",\"confidence\":");
    if (cause != NULL)
        json_decimal(w, cause->confidence / 100.0, false);
    else
        JSON_RAW(w, "null");
    http_known(w, "rule", cause != NULL ? cause->rule : NULL);
    http_known(w, "entry", cause != NULL ? cause->entry : NULL);
    http_known(w, "event_id", cause != NULL ? cause->event_id : NULL);
    JSON_RAW(w, "}");
}

void http_begin_hold(struct json_writer *w, const struct bounce_hold *hold)
{
    const char *provider = hold->key.provider;

    JSON_RAW(w, "{\"provider\":");
    json_string(w, provider[0] != '\0' ? slice_cstr(provider) : SLICE_NULL);
    http_known(w, "domain", hold->key.domain);
    http_known(w, "ip", hold->key.ip);
    http_known(w, "from", hold->key.sender_domain);
    http_known(w, "campaign", hold->key.campaign);
    JSON_KEY_TIME(w, "since", hold->cause.since);
    JSON_KEY_TIME(w, "until", hold->cause.until);
    http_known(w, "category", hold->cause.category);
}

void http_write_change(struct json_writer *w, const void *row)
{
    const struct list_change *c = row;

    JSON_RAW(w, "{\"seq\":");
    json_int(w, c->seq);
    JSON_KEY_TIME(w, "at", c->at);
    JSON_KEY_TIME(w, "recorded_at", c->recorded_at);
    JSON_KEY_STRING(w, "what", c->what);
    JSON_KEY_STRING(w, "address", c->address);
    JSON_KEY_STRING(w, "scope", c->scope.len > 0 ? c->scope : SLICE_NULL);
    JSON_KEY_STRING(w, "was", c->was);
    JSON_KEY_STRING(w, "becomes", c->becomes);
    JSON_KEY_TIME(w, "until", c->until);
    JSON_KEY_STRING(w, "outcome", c->outcome);
    JSON_KEY_STRING(w, "reason", c->reason);
    JSON_KEY_STRING(w, "category", c->category);
    JSON_KEY_STRING(w, "entry", c->entry);
    JSON_KEY_STRING(w, "rule", c->rule);
    JSON_KEY_STRING(w, "event_id", c->event_id);
    JSON_KEY_STRING(w, "label", c->label);
    JSON_KEY_STRING(w, "counter", c->counter);
    http_number(w, "count", c->count);
    http_number(w, "needed", c->needed);
    http_bool(w, "incident", (c->flags & CHANGE_INCIDENT) != 0);
    http_bool(w, "alert", (c->flags & CHANGE_ALERT) != 0);
    http_bool(w, "review", (c->flags & CHANGE_REVIEW) != 0);
    http_bool(w, "observed", (c->flags & CHANGE_OBSERVED) != 0);
    JSON_RAW(w, "}");
}

void http_write_flaw(struct json_writer *w, const void *row)
{
    const struct http_flaw *flaw = row;

    JSON_RAW(w, "{\"error\":{\"line\":");
    json_int(w, (int64_t)flaw->line);
    JSON_KEY_STRING(w, "detail", slice_cstr(flaw->detail));
    JSON_RAW(w, "}}");
}
