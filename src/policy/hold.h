/* SPDX-License-Identifier: MIT
 * Routes that rest. */
#ifndef BOUNCE_POLICY_HOLD_H
#define BOUNCE_POLICY_HOLD_H

#include "policy/policy.h"

/* The hold that an entry asks for over a route. It is never wider than meant
 * because something is not known: of what is sent (IP, sender domain, campaign)
 * one part must be known, and the recipient's domain stands in for an unknown
 * provider. false: no hold. */
bool hold_request(const struct bounce_policy *policy,
                  const struct policy_entry *e, const struct bounce_route *r,
                  const struct bounce_cause *cause,
                  struct bounce_hold_request *h);

#endif
