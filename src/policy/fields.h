/* SPDX-License-Identifier: MIT
 * Values of a policy's fields. All of them are false for what is no such
 * value; *out is then unchanged. */
#ifndef BOUNCE_POLICY_FIELDS_H
#define BOUNCE_POLICY_FIELDS_H

#include "policy/policy.h"

/* "yes" or "no". */
bool field_flag(struct bounce_slice value, bool *out);
/* 0 to 999,999,999. */
bool field_number(struct bounce_slice value, unsigned *out);
/* "30s", "15m", "24h", "7d": seconds, at most 100 years; "none" is 0. */
bool field_duration(struct bounce_slice value, int64_t *out);
/* "7d 30d", "15m doubling 24h", "until-mended", "none". */
bool field_steps(struct bounce_slice value, struct policy_steps *out);
/* "50%", "0.5%": a share of 1. */
bool field_share(struct bounce_slice value, double *out);
/* "0.9", "1": hundredths. */
bool field_confidence(struct bounce_slice value, unsigned *out);
/* "never", "store", "scope". */
bool field_suppress(struct bounce_slice value, enum policy_suppress *out);
/* "provider ip", ...: or of enum policy_hold_part; "none" is 0. */
bool field_hold(struct bounce_slice value, unsigned *out);
/* "bounce", "complaint", "unsubscribe". */
bool field_slot(struct bounce_slice value, enum bounce_slot *out);
/* "none", "always", "as-cause", "permanent", "permanent 0.9". */
bool field_at_once(struct bounce_slice value, enum policy_at_once *out,
                   unsigned *confidence_out);
/* An id: 1 to 23 of a-z, 0-9, "-", "_". */
bool field_id(struct bounce_slice value);

#endif
