/* SPDX-License-Identifier: MIT
 * Module crypto: keyed hashes and signatures by libcrypto. */
#include <limits.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "store/module.h"

/* A public key takes a few hundred bytes, a certificate a few thousand. */
#define KEY_MAX ((size_t)1 << 16)

static bool hmac(const EVP_MD *digest, struct bounce_slice key,
                 struct bounce_slice text, unsigned char *mac_out,
                 size_t mac_len)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool fine;

    if (key.len > INT_MAX) {
        return false;
    }
    /* A NULL key means "the one of before" to HMAC(). */
    fine = HMAC(digest, key.ptr != NULL ? key.ptr : "", (int)key.len,
                (const unsigned char *)(text.ptr != NULL ? text.ptr : ""),
                text.len, mac, &len) != NULL &&
           len == mac_len;
    if (fine) {
        memcpy(mac_out, mac, mac_len);
    }
    OPENSSL_cleanse(mac, sizeof(mac));
    return fine;
}

static bool hmac_sha256(struct bounce_slice key, struct bounce_slice text,
                        unsigned char mac_out[MODULE_SHA256_LEN])
{
    return hmac(EVP_sha256(), key, text, mac_out, MODULE_SHA256_LEN);
}

static bool hmac_sha1(struct bounce_slice key, struct bounce_slice text,
                      unsigned char mac_out[MODULE_SHA1_LEN])
{
    return hmac(EVP_sha1(), key, text, mac_out, MODULE_SHA1_LEN);
}

static bool md5(struct bounce_slice text, unsigned char out[MODULE_MD5_LEN])
{
    return EVP_Digest(text.ptr != NULL ? text.ptr : "", text.len, out, NULL,
                      EVP_md5(), NULL) == 1;
}

/* The public key of a certificate that is valid at now. */
static EVP_PKEY *read_certificate(BIO *bio, int64_t now, bool *outdated_out)
{
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    EVP_PKEY *key = NULL;
    time_t at = (time_t)now;

    if (certificate == NULL) {
        return NULL;
    }
    if (X509_cmp_time(X509_get0_notBefore(certificate), &at) < 0 &&
        X509_cmp_time(X509_get0_notAfter(certificate), &at) > 0) {
        key = X509_get_pubkey(certificate);
    } else {
        *outdated_out = true;
    }
    X509_free(certificate);
    return key;
}

static EVP_PKEY *read_der(struct bounce_slice der)
{
    const unsigned char *at = (const unsigned char *)der.ptr;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.len);

    /* Nothing may stand behind it. */
    if (key != NULL && at != (const unsigned char *)der.ptr + der.len) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static EVP_PKEY *read_base64(struct bounce_slice text)
{
    EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
    unsigned char *der = OPENSSL_malloc(text.len + 1);
    EVP_PKEY *key = NULL;
    int len = 0, tail = 0;

    if (ctx != NULL && der != NULL) {
        EVP_DecodeInit(ctx);
        if (EVP_DecodeUpdate(ctx, der, &len, (const unsigned char *)text.ptr,
                             (int)text.len) >= 0 &&
            EVP_DecodeFinal(ctx, der + len, &tail) >= 0) {
            key = read_der(
                slice_make((const char *)der, (size_t)len + (size_t)tail));
        }
    }
    OPENSSL_free(der);
    EVP_ENCODE_CTX_free(ctx);
    return key;
}

static bool contains(struct bounce_slice text, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= text.len; i++) {
        if (memcmp(text.ptr + i, word, len) == 0) {
            return true;
        }
    }
    return false;
}

static EVP_PKEY *read_key(struct bounce_slice text, int64_t now,
                          bool *outdated_out)
{
    BIO *bio;
    EVP_PKEY *key;

    if (text.len == 0 || text.len > KEY_MAX) {
        return NULL;
    }
    if (!contains(text, "-----BEGIN")) {
        key = read_der(text);
        return key != NULL ? key : read_base64(text);
    }
    bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    if (bio == NULL) {
        return NULL;
    }
    key = contains(text, "-----BEGIN CERTIFICATE")
              ? read_certificate(bio, now, outdated_out)
              : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key;
}

static enum module_verdict verify_with(EVP_PKEY *key, enum module_signature how,
                                       struct bounce_slice text,
                                       struct bounce_slice signature)
{
    const EVP_MD *digest = how == MODULE_RSA_SHA1 ? EVP_sha1() : EVP_sha256();
    int kind = how == MODULE_ECDSA_SHA256 ? EVP_PKEY_EC : EVP_PKEY_RSA;
    enum module_verdict verdict = MODULE_NO_MEMORY;
    EVP_MD_CTX *ctx;

    if (EVP_PKEY_base_id(key) != kind) {
        return MODULE_BAD_KEY;
    }
    ctx = EVP_MD_CTX_new();
    if (ctx != NULL &&
        EVP_DigestVerifyInit(ctx, NULL, digest, NULL, key) == 1) {
        /* Less than 0 is a signature that cannot be read, too. */
        verdict = EVP_DigestVerify(
                      ctx, (const unsigned char *)signature.ptr, signature.len,
                      (const unsigned char *)(text.ptr != NULL ? text.ptr : ""),
                      text.len) == 1
                      ? MODULE_FINE
                      : MODULE_WRONG;
    }
    EVP_MD_CTX_free(ctx);
    return verdict;
}

static enum module_verdict verify(enum module_signature how,
                                  struct bounce_slice key_text,
                                  struct bounce_slice text,
                                  struct bounce_slice signature, int64_t now)
{
    bool outdated = false;
    EVP_PKEY *key = read_key(key_text, now, &outdated);
    enum module_verdict verdict;

    if (key == NULL) {
        verdict = outdated ? MODULE_OUTDATED : MODULE_BAD_KEY;
    } else if (signature.len == 0) {
        verdict = MODULE_WRONG;
    } else {
        verdict = verify_with(key, how, text, signature);
    }
    EVP_PKEY_free(key);
    ERR_clear_error(); /* flaws of strangers' input are no errors of ours */
    return verdict;
}

extern const struct module_crypto bounce_module_crypto;
MODULE_EXPORT const struct module_crypto bounce_module_crypto = {
    .version = MODULE_VERSION,
    .hmac_sha256 = hmac_sha256,
    .hmac_sha1 = hmac_sha1,
    .md5 = md5,
    .verify = verify,
};
