/* SPDX-License-Identifier: MIT
 * An event that was kept, judged again by the rules of today. */
#ifndef BOUNCE_ENGINE_JUDGE_H
#define BOUNCE_ENGINE_JUDGE_H

#include "base/slice.h"

/* Gives *event_out: *kept with the verdict (category to advice) that its
 * recipient, diagnostic, status, code, stage, hosts and service lead to. What a
 * report said around the reply is not kept, so the verdict may differ from the
 * first one even without new rules.
 * Slices of the verdict live until the reader's next call.
 * Errors: BOUNCE_E_NOMEM, BOUNCE_E_LIMIT. */
BOUNCE_CHECK enum bounce_err judge_event(struct bounce_reader *reader,
                                         const struct bounce_event *kept,
                                         struct bounce_event *event_out);

#endif
