/* SPDX-License-Identifier: MIT
 * Endpoints of the group store that have files of their own. */
#ifndef BOUNCE_SERVE_HTTP_STORE_H
#define BOUNCE_SERVE_HTTP_STORE_H

#include "serve/http.h"

void http_changes(struct http_call *call);  /* http_changes.c */
void http_suppress(struct http_call *call); /* http_act.c */
void http_release(struct http_call *call);
void http_suppressions_post(struct http_call *call); /* http_import.c */
void http_lookup(struct http_call *call);            /* http_lookup.c */
void http_unknown(struct http_call *call);           /* http_unknown.c */
void http_incidents(struct http_call *call);         /* http_incidents.c */

#endif
