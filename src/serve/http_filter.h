/* SPDX-License-Identifier: MIT
 * Parameters of a query that choose rows, and pages of rows. */
#ifndef BOUNCE_SERVE_HTTP_FILTER_H
#define BOUNCE_SERVE_HTTP_FILTER_H

#include "serve/http.h"
#include "store/list.h"

/* Those that an endpoint takes; "ended", "by" and the like are its own. */
enum {
    FILTER_ADDRESS = 1,
    FILTER_DOMAIN = 2,
    FILTER_STATE = 4,
    FILTER_VERDICT = 8, /* class, category, rule */
    FILTER_PROVIDER = 16,
    FILTER_SCOPE = 32,
    FILTER_CAMPAIGN = 64,
    FILTER_ROUTE = 128, /* ip, from */
    FILTER_KIND = 256,
    FILTER_PAGE = 512 /* cursor, limit, newest */
};

struct http_page {
    struct list_filter filter;
    char next[LIST_CURSOR];
    struct bytes out;
    size_t rows;
    bool no_memory;
};

/* Reads the parameters that are taken, binds the scope of the token. false: the
 * call was answered. */
bool http_page_begin(struct http_call *call, unsigned taken,
                     struct http_page *page);
/* Adds a row to {"items":[...]}; false: memory is out. */
bool http_page_row(struct http_page *page, http_write_fn *write,
                   const void *row);
/* Answers with the page, or with what went wrong, and frees it. next: the
 * cursor behind it, NULL or empty: null. */
void http_page_end(struct http_call *call, struct http_page *page,
                   enum store_err err, const char *next,
                   const struct store_error *error);

/* The scope that a call is about: the token's, else the one that is asked for.
 * false: it is another than the token's; the call was answered. */
bool http_scope(struct http_call *call, struct bounce_slice asked,
                struct bounce_slice *scope_out);

/* A time, or a span back from now ("30d"). BOUNCE_NO_TIME: it is none. */
int64_t http_time(struct bounce_slice text, int64_t now);
/* "90s", "15m", "12h", "30d", "8w" as seconds; -1: it is none. */
int64_t http_span(struct bounce_slice text);
/* Whether a parameter says yes. */
bool http_flag(const struct http_call *call, const char *name);

/* A reader of the store for a call. NULL: the call was answered. */
struct serve_reader *http_reader(struct http_call *call);
/* Gives it back, or away when err says that it is no good any more. */
void http_reader_give(struct http_call *call, struct serve_reader *reader,
                      enum store_err err);

#endif
