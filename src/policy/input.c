/* SPDX-License-Identifier: MIT
 * What a policy is asked, from an event. */
#include "base/slice.h"

/* What stands behind the @ of an address; NULL when there is none. */
static struct bounce_slice domain_of(struct bounce_slice address)
{
    size_t at = slice_rfind_byte(address, '@');

    return at != SLICE_NPOS ? slice_from(address, at + 1) : SLICE_NULL;
}

void bounce_policy_input_init(struct bounce_policy_input *input,
                              const struct bounce_event *event, int64_t now)
{
    *input = (struct bounce_policy_input){
        .size = sizeof(*input),
        .now = now,
        .permanent = -1,
        .verified = -1,
        .told_at = BOUNCE_NO_TIME,
        .dns_domain = -1,
        .domain_delivered_at = BOUNCE_NO_TIME,
        .engaged_at = BOUNCE_NO_TIME,
        .waiting_s = -1,
    };
    if (event == NULL)
        return;
    input->kind = event->kind;
    input->permanent = event->permanent;
    input->confidence = event->confidence;
    input->verified = event->verified;
    input->category = event->category;
    input->event_id = event->event_id;
    input->rule = event->evidence_rule;
    input->suppressed_for = event->signals.suppressed_for;
    input->route.provider = event->provider;
    input->route.ip = event->signals.sender_ip;
    input->route.campaign = event->campaign;
    input->route.domain = domain_of(event->recipient);
    input->route.sender_domain = domain_of(event->sender);
    if (event->kind == BOUNCE_KIND_DELAY && event->sent_at != BOUNCE_NO_TIME &&
        event->sent_at <= now)
        input->waiting_s = now - event->sent_at;
}
