/* SPDX-License-Identifier: MIT
 * One line of NDJSON: {"id":..,"reply":"..","host":..,"stage":..,
 * "service":..,"status":..}. Strict RFC 8259 in UTF-8, and nothing is
 * allocated: strings are decoded in place. */
#ifndef BOUNCE_INGEST_REQUEST_H
#define BOUNCE_INGEST_REQUEST_H

#include "base/slice.h"

struct request {
    struct bounce_slice id; /* any JSON value, as written */
    struct bounce_slice reply, host, service, status;
    enum bounce_stage stage;
};

/* line is changed; slices point into it. Members with other names are passed
 * over, null is as absent. On failure a text for people, static; the id is
 * kept when it stood before the flaw. NULL when all is well. */
const char *request_parse(char *line, size_t len, struct request *request_out);

#endif
