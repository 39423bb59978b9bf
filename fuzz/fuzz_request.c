/* SPDX-License-Identifier: MIT
 * Lines of NDJSON for bounce classify: strings are decoded in place and must
 * never leave the line. */
#include <stdlib.h>

#include "ingest/json_scan.c"
#include "ingest/request.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct bounce_slice s, const char *line, size_t size)
{
    if (s.ptr != NULL && (s.ptr < line || s.ptr > line + size ||
                          s.len > (size_t)(line + size - s.ptr) ||
                          utf8_valid_prefix(s) != s.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = malloc(size > 0 ? size : 1); /* exactly: ASan sees overreads */
    struct request request;

    if (line == NULL)
        return 0;
    if (size > 0)
        memcpy(line, data, size);
    if (request_parse(line, size, &request) == NULL) {
        check(request.id, line, size);
        check(request.reply, line, size);
        check(request.host, line, size);
        check(request.service, line, size);
        check(request.status, line, size);
    }
    free(line);
    return 0;
}
