/* SPDX-License-Identifier: MIT
 * GET /v1/incidents: what is or was going wrong. */
#include "serve/http_store.h"

#include "serve/http_filter.h"
#include "store/incident.h"

static void write_incident(struct json_writer *w, const void *row)
{
    JSON_RAW(w, "{");
    incident_json(w, row);
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
