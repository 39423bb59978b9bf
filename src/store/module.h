/* SPDX-License-Identifier: MIT
 * Modules: what needs a library that the program does without until then
 * (libpq, libcrypto, libidn2). A module is bounce-NAME.so in the folder of
 * modules, loaded on first use, and exports one constant bounce_module_NAME:
 * one of the structs below. Modules use no symbol of the program. */
#ifndef BOUNCE_STORE_MODULE_H
#define BOUNCE_STORE_MODULE_H

#include "base/slice.h"

/* The first member of each struct: raised when one of them, or anything that
 * passes through them (struct store_driver), changes. */
#define MODULE_VERSION 1U

#define MODULE_EXPORT __attribute__((visibility("default")))

/* "postgresql" */
struct store_driver;
struct module_store {
    unsigned version;
    const struct store_driver *driver;
};

/* "crypto" */
#define MODULE_SHA256_LEN 32
struct module_crypto {
    unsigned version;
    /* HMAC-SHA-256 (RFC 2104, FIPS 180-4) of text. key may have any length, 0
     * too. false: memory is out, or libcrypto refuses the algorithm. From any
     * thread. */
    bool (*hmac_sha256)(struct bounce_slice key, struct bounce_slice text,
                        unsigned char out[MODULE_SHA256_LEN]);
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
