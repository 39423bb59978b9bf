/* SPDX-License-Identifier: MIT */
#include "hook_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define NOW HOOK_TEST_NOW

/* ---- Keys and signatures --------------------------------------------- */

EVP_PKEY *rsa, *other_rsa, *ec, *other_ec;
char rsa_pem[4096], ec_pem[1024], ec_base64[1024], other_pem[4096];
char certificate[8192], old_certificate[8192], other_certificate[8192];
char ec_der[1024];
size_t ec_der_len;

char *base64(const unsigned char *data, size_t len)
{
    char *text = malloc(len * 2 + 8);

    assert_non_null(text);
    EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    return text;
}

char *hex(const unsigned char *data, size_t len)
{
    char *text = malloc(len * 2 + 1);

    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", data[i]);
    return text;
}

size_t mac(const EVP_MD *digest, struct bounce_slice key, const char *text,
           unsigned char *out)
{
    unsigned len = 0;

    assert_non_null(HMAC(digest, key.ptr, (int)key.len,
                         (const unsigned char *)text, strlen(text), out, &len));
    return len;
}

char *sign(EVP_PKEY *key, const EVP_MD *digest, const char *text)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char out[1024];
    size_t len = sizeof(out);

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, digest, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, out, &len, (const unsigned char *)text,
                                    strlen(text)),
                     1);
    EVP_MD_CTX_free(ctx);
    return base64(out, len);
}

static void write_bio(BIO *bio, char *out, size_t cap)
{
    int len = BIO_read(bio, out, (int)cap - 1);

    assert_true(len > 0);
    out[len] = '\0';
    BIO_free(bio);
}

static void write_public(EVP_PKEY *key, char *out, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    write_bio(bio, out, cap);
}

static void write_certificate(EVP_PKEY *key, int64_t from, int64_t until,
                              char *out, size_t cap)
{
    X509 *x = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());

    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), (time_t)until));
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, x), 1);
    write_bio(bio, out, cap);
    X509_free(x);
}

int make_keys(void **state)
{
    unsigned char *at = (unsigned char *)ec_der;
    char *text;

    (void)state;
    rsa = EVP_RSA_gen(2048);
    other_rsa = EVP_RSA_gen(2048);
    ec = EVP_EC_gen("P-256");
    other_ec = EVP_EC_gen("P-256");
    if (rsa == NULL || other_rsa == NULL || ec == NULL || other_ec == NULL)
        return 1;
    write_public(rsa, rsa_pem, sizeof(rsa_pem));
    write_public(other_rsa, other_pem, sizeof(other_pem));
    write_public(ec, ec_pem, sizeof(ec_pem));
    ec_der_len = (size_t)i2d_PUBKEY(ec, &at);
    text = base64((const unsigned char *)ec_der, ec_der_len);
    snprintf(ec_base64, sizeof(ec_base64), "%s", text);
    free(text);
    write_certificate(rsa, NOW - 86400, NOW + 86400, certificate,
                      sizeof(certificate));
    write_certificate(rsa, NOW - 86400, NOW - 3600, old_certificate,
                      sizeof(old_certificate));
    write_certificate(other_rsa, NOW - 86400, NOW + 86400, other_certificate,
                      sizeof(other_certificate));
    return 0;
}

int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(other_rsa);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(other_ec);
    return 0;
}

/* ---- Texts */

/* Texts of one request live until the next. */
static char *texts[16];
static size_t text_count;

char *keep(char *text)
{
    assert_true(text_count < sizeof(texts) / sizeof(texts[0]));
    texts[text_count++] = text;
    return text;
}

char *format(const char *pattern, ...)
{
    va_list args;
    char *text = malloc(8192);

    assert_non_null(text);
    va_start(args, pattern);
    vsnprintf(text, 8192, pattern, args);
    va_end(args);
    return keep(text);
}

void forget_texts(void)
{
    while (text_count > 0)
        free(texts[--text_count]);
}

/* ---- Checks */

void check(struct hook_test *hook, const char *service, const char *what,
           const char *body, enum hook_trust want)
{
    enum bounce_err err = hook_test_read(hook, slice_cstr(body));
    const struct hook_result *result = &hook->result;

    if (err != BOUNCE_OK || result->trust != want)
        fail_msg("%s, %s: %s (%s), not %s", service, what,
                 hook_trust_name(result->trust),
                 result->why != NULL ? result->why : "", hook_trust_name(want));
    if (want == HOOK_SIGNED) {
        if (result->count != 1 || result->records[0].event.verified != 1)
            fail_msg("%s, %s: no verified record", service, what);
    } else if (result->count != 0 || result->bad_count != 0 ||
               result->why == NULL) {
        fail_msg("%s, %s: something of a refused request is told", service,
                 what);
    }
}

const struct module_crypto *crypto(void)
{
    static char error[160];
    const struct module_crypto *found = module_load("crypto", error);

    if (found == NULL)
        fail_msg("%s", error);
    return found;
}
