/* SPDX-License-Identifier: MIT */
#include "ingest/request.h"

#include "ingest/json_scan.h"

/* The value of a member that must be a string or null. */
static struct bounce_slice take_text(struct json_scan *s)
{
    if (json_scan_take(s, '"'))
        return json_scan_string(s);
    if (!json_scan_word(s, SLICE("null")))
        json_scan_fail(
            s, "reply, host, stage, service and status must be strings");
    return SLICE_NULL;
}

static void take_member(struct json_scan *s, struct request *request)
{
    struct bounce_slice name = json_scan_name(s), stage, value;

    if (s->flaw != NULL)
        return;
    if (slice_eq(name, SLICE("reply"))) {
        request->reply = take_text(s);
    } else if (slice_eq(name, SLICE("host"))) {
        request->host = take_text(s);
    } else if (slice_eq(name, SLICE("service"))) {
        request->service = take_text(s);
    } else if (slice_eq(name, SLICE("status"))) {
        request->status = take_text(s);
    } else if (slice_eq(name, SLICE("stage"))) {
        stage = take_text(s);
        request->stage = bounce_stage_parse(stage.ptr, stage.len);
        if (stage.len > 0 && request->stage == BOUNCE_STAGE_NONE)
            json_scan_fail(s, "unknown stage");
    } else {
        value = json_scan_value(s);
        if (slice_eq(name, SLICE("id")) && s->flaw == NULL)
            request->id = value;
    }
}

const char *request_parse(char *line, size_t len, struct request *request_out)
{
    struct json_scan s;

    *request_out = (struct request){0};
    json_scan_init(&s, line, len);
    if (s.flaw == NULL && !json_scan_take(&s, '{'))
        json_scan_fail(&s, "not a JSON object");
    for (bool first = true; json_scan_next(&s, '}', first); first = false)
        take_member(&s, request_out);
    json_scan_end(&s);
    if (s.flaw == NULL && request_out->reply.ptr == NULL)
        json_scan_fail(&s, "no reply");
    return s.flaw;
}
