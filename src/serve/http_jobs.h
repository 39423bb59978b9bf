/* SPDX-License-Identifier: MIT
 * Calls that take long are done by threads of their own, so that the servers'
 * threads are there for the short ones. */
#ifndef BOUNCE_SERVE_HTTP_JOBS_H
#define BOUNCE_SERVE_HTTP_JOBS_H

#include <stdbool.h>

struct http_call;
struct http_jobs;

/* NULL: memory or threads are out. */
struct http_jobs *http_jobs_new(unsigned threads);
/* Does what waits, then ends. NULL is fine. */
void http_jobs_free(struct http_jobs *jobs);
/* handle(call) in one of the threads; call is its own then. false: too much
 * waits, or memory is out. */
bool http_jobs_add(struct http_jobs *jobs, const struct http_call *call,
                   void (*handle)(struct http_call *call));

#endif
