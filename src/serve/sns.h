/* SPDX-License-Identifier: MIT
 * What Amazon SNS wants fetched: the certificates of its signatures, and URLs
 * that confirm a subscription. That a URL is on a host of Amazon SNS alone is
 * checked before (ingest/webhook/ses.c); here it is fetched by https from a host
 * whose certificate the system trusts for that name, without redirects.
 *
 * A certificate is fetched once a day and kept in memory. One that could not be
 * had is not asked for again at once, and there is a ceiling on what is fetched
 * a minute: what makes us fetch is not verified yet. */
#ifndef BOUNCE_SERVE_SNS_H
#define BOUNCE_SERVE_SNS_H

#include "base/arena.h"

#define SNS_WHY_CAP 256

struct sns;

struct sns_options {
    bool (*stop)(void *ctx); /* true ends what is fetched; may be NULL */
    void *ctx;
    /* For tests: where to fetch url instead, written to buf, and whom to
     * trust. NULL: nowhere, the system. */
    void (*elsewhere)(const char *url, char *buf, size_t cap);
    const char *ca_file;
};

/* NULL: memory is out. Functions are for any thread. */
struct sns *sns_new(const struct sns_options *options);
void sns_free(struct sns *sns);

/* The certificate of url as it was fetched, PEM, in arena; *pem_out NULL: it is
 * not here, or too old. false: memory is out. now: Unix seconds. */
bool sns_certificate(struct sns *sns, struct bounce_slice url, int64_t now,
                     struct arena *arena, struct bounce_slice *pem_out);
/* Whether it may be fetched now. */
bool sns_may_fetch(struct sns *sns, struct bounce_slice url, int64_t now);
/* Fetches it, up to 8 seconds, unless another thread just did. false: why_out
 * says why. */
bool sns_fetch(struct sns *sns, struct bounce_slice url, int64_t now,
               char why_out[SNS_WHY_CAP]);
/* Opens the URL that confirms a subscription, likewise. */
bool sns_confirm(struct sns *sns, struct bounce_slice url,
                 char why_out[SNS_WHY_CAP]);

#endif
