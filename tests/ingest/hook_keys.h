/* SPDX-License-Identifier: MIT
 * Keys, made anew for each run, and what is signed with them. */
#ifndef TESTS_HOOK_KEYS_H
#define TESTS_HOOK_KEYS_H

#include <openssl/evp.h>

#include "hook_test.h"

extern EVP_PKEY *rsa, *other_rsa, *ec, *other_ec;
/* Public keys, and certificates: valid now, no longer valid, another's. */
extern char rsa_pem[4096], ec_pem[1024], ec_base64[1024], other_pem[4096];
extern char certificate[8192], old_certificate[8192], other_certificate[8192];
extern char ec_der[1024];
extern size_t ec_der_len;

int make_keys(void **state); /* 0: done */
int free_keys(void **state);

/* Allocated texts; free(). */
char *base64(const unsigned char *data, size_t len);
char *hex(const unsigned char *data, size_t len);
/* The signature of text, in base64. */
char *sign(EVP_PKEY *key, const EVP_MD *digest, const char *text);
/* HMAC; its length. */
size_t mac(const EVP_MD *digest, struct bounce_slice key, const char *text,
           unsigned char *out);

/* Texts that live until forget_texts(). */
char *keep(char *text);
char *format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
void forget_texts(void);

/* hook_test_read() must trust body so; then there is one verified record, or
 * nothing at all is told of it. */
void check(struct hook_test *hook, const char *service, const char *what,
           const char *body, enum hook_trust want);
/* The module, or the test fails. */
const struct module_crypto *crypto(void);

#endif
