/* SPDX-License-Identifier: MIT
 * KumoMTA's delivery logs: the same objects as its log hooks send, a line
 * each. */
#include "ingest/log/part.h"
#include "ingest/webhook/webhook.h"

bool log_kumomta(struct log *log, struct bounce_slice line)
{
    const struct hook_request request = {.body = slice_trim(line)};
    const struct hook_config config = {.service = SLICE("kumomta"),
                                       .scope = log->options.scope,
                                       .now = log->options.now};
    struct hook_result result;

    if (request.body.len == 0)
        return true;
    if (hook_read(&request, &config, log->options.reader, &log->arena,
                  &result) != BOUNCE_OK)
        return false;
    log->counts.flawed += result.flaw != NULL || result.bad_count > 0;
    for (size_t i = 0; i < result.count; i++) {
        struct record *record = &result.records[i];

        record->event.format = SLICE("log");
        record->event.verified = 1; /* our own server says so */
        if (!log_hand_over(log, record))
            return false;
    }
    return true;
}
