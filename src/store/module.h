/* SPDX-License-Identifier: MIT
 * Modules: what needs a library that the program does without until then
 * (libpq, libcrypto, libidn2, libmicrohttpd, libcurl). A module is
 * bounce-NAME.so in the folder of modules, loaded on first use, and exports one
 * constant bounce_module_NAME: one of the structs below, of serve/http_module.h
 * or ingest/curl.h. Modules use no symbol of the program. */
#ifndef BOUNCE_STORE_MODULE_H
#define BOUNCE_STORE_MODULE_H

#include "base/slice.h"

/* The first member of each struct: raised when one of them, or anything that
 * passes through them (struct store_driver), changes. */
#define MODULE_VERSION 2U

#define MODULE_EXPORT __attribute__((visibility("default")))

/* "postgresql" */
struct store_driver;
struct module_store {
    unsigned version;
    const struct store_driver *driver;
};

/* "crypto" */
#define MODULE_SHA256_LEN 32
#define MODULE_SHA1_LEN   20
#define MODULE_MD5_LEN    16

/* How a text was signed; the hash is taken of the text as it is. */
enum module_signature {
    MODULE_RSA_SHA1,    /* RSASSA-PKCS1-v1_5, RFC 8017 section 8.2 */
    MODULE_RSA_SHA256,  /* the same */
    MODULE_ECDSA_SHA256 /* FIPS 186-4, the signature in DER */
};

enum module_verdict {
    MODULE_FINE,
    MODULE_WRONG,    /* not this key's signature of this text */
    MODULE_BAD_KEY,  /* cannot be read, or is of another kind */
    MODULE_OUTDATED, /* a certificate that is not valid at that time */
    MODULE_NO_MEMORY
};

struct module_crypto {
    unsigned version;
    /* HMAC-SHA-256 (RFC 2104, FIPS 180-4) of text. key may have any length, 0
     * too. false: memory is out, or libcrypto refuses the algorithm. From any
     * thread. */
    bool (*hmac_sha256)(struct bounce_slice key, struct bounce_slice text,
                        unsigned char out[MODULE_SHA256_LEN]);
    /* The same with SHA-1, for services that sign so. */
    bool (*hmac_sha1)(struct bounce_slice key, struct bounce_slice text,
                      unsigned char out[MODULE_SHA1_LEN]);
    /* MD5 (RFC 1321), for a service that has nothing better. */
    bool (*md5)(struct bounce_slice text, unsigned char out[MODULE_MD5_LEN]);
    /* Whether signature is key's of text. key: PEM of a certificate, which must
     * be valid at now (Unix seconds), or of a public key; or the DER of a public
     * key (SubjectPublicKeyInfo) as it is or in base64. From any thread. */
    enum module_verdict (*verify)(enum module_signature how,
                                  struct bounce_slice key,
                                  struct bounce_slice text,
                                  struct bounce_slice signature, int64_t now);
};

/* "idn" */
#define MODULE_IDN_CAP 256 /* a domain has at most 253 bytes (RFC 1035) */
struct module_idn {
    unsigned version;
    /* A domain in UTF-8 as it is looked up and compared: in lower case, each
     * label of other scripts as an A-label (IDNA 2008, RFC 5891 section 5, with
     * the mapping of UTS 46, nontransitional), NUL-terminated. Labels are
     * letters, digits and hyphens (RFC 5321 section 4.1.2), none is empty; an
     * A-label that came in must be one that IDNA makes. false: no such name,
     * or memory is out; *nomem_out tells. From any thread. */
    bool (*to_ascii)(struct bounce_slice domain, char out[MODULE_IDN_CAP],
                     bool *nomem_out);
};

/* The module's struct; loaded once, stays until the program ends. NULL when it
 * is not installed, lacks its library, or is of another version: error says
 * which. From any thread. */
const void *module_load(const char *name, char error[160]);

#endif
