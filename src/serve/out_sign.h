/* SPDX-License-Identifier: MIT
 * Signatures of our webhooks: Standard Webhooks, the symmetric scheme v1
 * (github.com/standard-webhooks/standard-webhooks). */
#ifndef BOUNCE_SERVE_OUT_SIGN_H
#define BOUNCE_SERVE_OUT_SIGN_H

#include "store/module.h"

#define OUT_SECRETS    8
#define OUT_SECRET_MAX 64 /* bytes of one; at least OUT_SECRET_MIN */
#define OUT_SECRET_MIN 24
#define OUT_ID         32  /* of webhook-id, with its NUL */
#define OUT_SIGNATURES 400 /* of webhook-signature, with its NUL */

struct out_secrets {
    struct {
        unsigned char bytes[OUT_SECRET_MAX];
        size_t len;
    } list[OUT_SECRETS];
    size_t count;
};

/* The text of a Secret-File: a line each, "whsec_" and base64; all of them
 * sign, so that a receiver may change from one to the next. NULL, or what is
 * wrong with it. */
const char *out_secrets_read(struct bounce_slice text,
                             struct out_secrets *secrets_out);

/* What a receiver knows a batch by, the same at each attempt. salt: the
 * store's, so that another store has others. false: libcrypto failed. */
bool out_sign_id(const struct module_crypto *crypto, struct bounce_slice salt,
                 const char *name, int64_t first, int64_t last,
                 char id_out[OUT_ID]);

/* "v1,BASE64 v1,BASE64": id.timestamp.body under each secret. false: memory is
 * out, or libcrypto failed. timestamp: Unix seconds. */
bool out_sign(const struct module_crypto *crypto,
              const struct out_secrets *secrets, const char *id,
              int64_t timestamp, struct bounce_slice body,
              char signatures_out[OUT_SIGNATURES]);

#endif
