/* SPDX-License-Identifier: MIT
 * GET /v1/incidents: what is or was going wrong. */
#include "serve/http_store.h"

#include "serve/http_filter.h"
#include "store/incident.h"

static void write_samples(struct json_writer *w,
                          const struct list_incident *incident)
{
    JSON_RAW(w, ",\"samples\":[");
    for (size_t i = 0; i < incident->sample_count; i++) {
        if (i > 0)
            JSON_RAW(w, ",");
        json_string(w, incident->samples[i]);
    }
    JSON_RAW(w, "]");
}

static void write_incident(struct json_writer *w, const void *row)
{
    const struct list_incident *i = row;

    JSON_RAW(w, "{\"id\":");
    json_string(w, i->id);
    JSON_KEY_STRING(w, "what", i->what);
    JSON_KEY_STRING(w, "dimension", i->dimension);
    JSON_KEY_STRING(w, "value", i->value.len > 0 ? i->value : SLICE_NULL);
    JSON_KEY_TIME(w, "since", i->since);
    JSON_KEY_TIME(w, "updated", i->updated);
    JSON_KEY_TIME(w, "until", i->until);
    http_bool(w, "open", i->until == BOUNCE_NO_TIME);
    JSON_KEY_STRING(w, "ended_by", i->ended_by);
    http_real(w, "share", i->share);
    http_real(w, "usual_share", i->usual);
    http_real(w, "peak_share", i->peak);
    http_number(w, "failures", i->failures);
    http_number(w, "results", i->results);
    http_number(w, "window_hours", i->hours);
    JSON_KEY_STRING(w, "severity", slice_cstr(i->severity));
    JSON_KEY_STRING(w, "category", i->category);
    JSON_KEY_STRING(w, "class", slice_cstr(i->cls));
    JSON_KEY_STRING(w, "rule", i->rule);
    JSON_KEY_STRING(w, "remedy", i->remedy);
    write_samples(w, i);
    JSON_RAW(w, "}");
}

static bool take_incident(void *ctx, const struct list_incident *incident)
{
    return http_page_row(ctx, write_incident, incident);
}

/* false: the call was answered. */
static bool read_state(struct http_call *call, enum incident_state *state_out)
{
    static const char *const words[] = {"open", "closed", "all"};
    const char *word = http_param(call, "state");

    *state_out =
        http_param(call, "id") != NULL ? INCIDENTS_ALL : INCIDENTS_OPEN;
    for (unsigned i = 0; word != NULL; i++) {
        if (i == sizeof(words) / sizeof(words[0])) {
            http_problem(call, 400, "state wants open, closed or all");
            return false;
        }
        if (strcmp(word, words[i]) == 0) {
            *state_out = (enum incident_state)i;
            return true;
        }
    }
    return true;
}

void http_incidents(struct http_call *call)
{
    struct http_page page;
    struct serve_reader *reader;
    struct store_error error;
    enum incident_state state;
    enum store_err err;

    if (!read_state(call, &state) ||
        !http_page_begin(call,
                         FILTER_KIND | FILTER_STATE | FILTER_VERDICT |
                             FILTER_PROVIDER | FILTER_CAMPAIGN | FILTER_ROUTE |
                             FILTER_PAGE,
                         &page))
        return;
    /* Its own words, not those of addresses. */
    page.filter.state = SLICE_NULL;
    reader = http_reader(call);
    if (reader == NULL)
        return;
    err = list_incidents(reader->book, &page.filter, state,
                         slice_cstr(http_param(call, "id")), take_incident,
                         &page, &error);
    http_reader_give(call, reader, err);
    http_page_end(call, &page, err, page.next, &error);
}
