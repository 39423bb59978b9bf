/* SPDX-License-Identifier: MIT
 * Module idn: domains as A-labels by libidn2. */
#include <stdint.h>

#include <idn2.h>

#include "store/module.h"

enum { DOMAIN_MAX = 253, INPUT_MAX = 1024 };

/* RFC 5321 section 4.1.2: letters, digits and inner hyphens; RFC 1035 section
 * 2.3.4: labels of 1 to 63 bytes, 253 in all. libidn2 lets names through that
 * were ASCII from the start, whatever is in them. */
static bool is_host_name(struct bounce_slice name)
{
    size_t label = 0;

    for (size_t i = 0; i <= name.len; i++) {
        bool end = i == name.len;
        char c = end ? '.' : name.ptr[i];

        if (c != '.') {
            if ((!ascii_is_alnum((unsigned char)c) && c != '-') ||
                (c == '-' && label == 0) || ++label > 63) {
                return false;
            }
            continue;
        }
        if (label == 0 || name.ptr[i - 1] == '-') {
            return false;
        }
        label = 0;
    }
    return name.len <= DOMAIN_MAX;
}

static bool to_ascii(struct bounce_slice domain, char out[MODULE_IDN_CAP],
                     bool *nomem_out)
{
    char input[INPUT_MAX + 1];
    char *name = NULL;
    bool fine = false;
    int err;

    *nomem_out = false;
    if (domain.len == 0 || domain.len > INPUT_MAX ||
        memchr(domain.ptr, '\0', domain.len) != NULL) {
        return false;
    }
    memcpy(input, domain.ptr, domain.len);
    input[domain.len] = '\0';
    /* Mapped as UTS 46 says, so that capitals and full-width letters are what
     * they mean; nontransitional, so that the German sharp s stays itself. Not
     * IDN2_USE_STD3_ASCII_RULES: libidn2 2.3 then drops an underscore and goes
     * on, so that two domains would become one. is_host_name() refuses it. */
    err = idn2_to_ascii_8z(input, &name, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    *nomem_out = err == IDN2_MALLOC;
    if (err == IDN2_OK) {
        struct bounce_slice ascii = slice_cstr(name);

        fine = is_host_name(ascii); /* so it fits */
        for (size_t i = 0; fine && i <= ascii.len; i++) {
            out[i] = (char)ascii_lower((unsigned char)ascii.ptr[i]);
        }
    }
    idn2_free(name);
    return fine;
}

extern const struct module_idn bounce_module_idn;
MODULE_EXPORT const struct module_idn bounce_module_idn = {
    .version = MODULE_VERSION,
    .to_ascii = to_ascii,
};
