/* SPDX-License-Identifier: MIT
 * A body with one thing or many: a JSON object, NDJSON, or lines of text. */
#ifndef BOUNCE_SERVE_HTTP_LINES_H
#define BOUNCE_SERVE_HTTP_LINES_H

#include "serve/http.h"

enum http_form {
    HTTP_ONE,  /* application/json */
    HTTP_MANY, /* application/x-ndjson, application/jsonl, ... */
    HTTP_TEXT  /* text/plain */
};

/* false: another type; the call was answered with 415. */
bool http_form(struct http_call *call, enum http_form *form_out);

/* A copy of the body that may be changed. NULL: the call was answered. */
char *http_body_copy(struct http_call *call, struct arena *arena);

struct http_lines {
    char *rest;
    size_t len;
    size_t line; /* of the last one, from 1 */
};
void http_lines_init(struct http_lines *lines, char *body, size_t len);
/* The next line that is not blank, without its end. */
bool http_lines_next(struct http_lines *lines, char **line_out,
                     size_t *len_out);

#endif
