/* SPDX-License-Identifier: MIT
 * Events, answers and changes as the JSON of the program's own output:
 * bounce(1), bounce-check(1), bounce-list(1). */
#ifndef BOUNCE_SERVE_HTTP_EVENT_H
#define BOUNCE_SERVE_HTTP_EVENT_H

#include "serve/http.h"
#include "store/list.h"

/* An event without its line end; labels and id_json as in
 * bounce_json_options. */
struct http_event {
    const struct bounce_engine *engine;
    const struct bounce_event *event;
    struct bounce_slice source, labels, id_json;
    int64_t offset;
};
void http_write_event(struct json_writer *w, const void *event);

/* An event as the store has it. */
struct http_stored {
    const struct list_event *event;
    const struct bounce_engine *engine;
};
void http_write_stored(struct json_writer *w, const void *stored);

struct http_answer {
    struct bounce_slice address; /* as it was asked for */
    const struct ask_answer *answer;
    int64_t now;
    bool brief; /* address, may, until, reason alone */
};
void http_write_answer(struct json_writer *w, const void *answer);

void http_write_address(struct json_writer *w, const void *list_address);
void http_write_change(struct json_writer *w, const void *list_change);
/* The beginning of an object: the route, the times, the category. */
void http_begin_hold(struct json_writer *w, const struct bounce_hold *hold);

/* "line" of a list and what is wrong with it: {"error":{...}}. */
struct http_flaw {
    size_t line; /* from 1 */
    const char *detail;
};
void http_write_flaw(struct json_writer *w, const void *flaw);

#endif
