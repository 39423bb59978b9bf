/* SPDX-License-Identifier: MIT
 * Module crypto: keyed hashes by libcrypto. */
#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "store/module.h"

static bool hmac_sha256(struct bounce_slice key, struct bounce_slice text,
                        unsigned char mac_out[MODULE_SHA256_LEN])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool fine;

    if (key.len > INT_MAX) {
        return false;
    }
    /* A NULL key means "the one of before" to HMAC(). */
    fine = HMAC(EVP_sha256(), key.ptr != NULL ? key.ptr : "", (int)key.len,
                (const unsigned char *)(text.ptr != NULL ? text.ptr : ""),
                text.len, mac, &len) != NULL &&
           len == MODULE_SHA256_LEN;
    if (fine) {
        memcpy(mac_out, mac, MODULE_SHA256_LEN);
    }
    OPENSSL_cleanse(mac, sizeof(mac));
    return fine;
}

extern const struct module_crypto bounce_module_crypto;
MODULE_EXPORT const struct module_crypto bounce_module_crypto = {
    .version = MODULE_VERSION,
    .hmac_sha256 = hmac_sha256,
};
