/* SPDX-License-Identifier: MIT
 * Webhooks of ours, what needs neither store nor network: which changes they
 * are told of, what an answer means, and when to try again. */
#ifndef BOUNCE_SERVE_OUT_PLAN_H
#define BOUNCE_SERVE_OUT_PLAN_H

#include "store/list.h"

/* The words of Events, between commas; NULL or empty: all changes. false:
 * *wrong_out is none of them, mask_out is untouched. */
bool out_events(struct bounce_slice words, unsigned *mask_out,
                struct bounce_slice *wrong_out);
/* Whether a change is one of those. */
bool out_wants(unsigned mask, const struct list_change *change);

/* Whether a receiver may be spoken to so: https, or http where it is allowed or
 * goes no further than this machine ("localhost", 127.0.0.0/8, [::1]). NULL, or
 * what is wrong with it. */
const char *out_url_flaw(struct bounce_slice url, bool allow_http);

enum out_fate {
    OUT_TAKEN, /* 2xx */
    OUT_GONE,  /* 410: nobody is there any more, and nobody is to try */
    OUT_AGAIN  /* all else: also a 4xx may be a mistake that gets mended */
};
enum out_fate out_fate(unsigned status);

struct out_pace {
    int64_t first_s, most_s; /* the wait behind the first failure, and any */
    int64_t give_up_s;       /* since the first attempt */
    unsigned max_attempts;
};

/* Seconds to wait when attempts (1 and more) have failed: doubled each time up
 * to most_s, and of that between half and all, as random (any bits) says, so
 * that many senders do not come back at once. retry_after_s, what the receiver
 * asked for (0: nothing), is waited for at least, up to a day. Never less than
 * a second. */
int64_t out_wait_s(const struct out_pace *pace, unsigned attempts,
                   unsigned retry_after_s, uint32_t random);
/* Whether a batch that was first tried at begun_at is to be given up. */
bool out_gives_up(const struct out_pace *pace, unsigned attempts,
                  int64_t begun_at, int64_t now);

#endif
