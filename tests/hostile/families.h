/* SPDX-License-Identifier: MIT
 * Mail that means harm: families of messages of any size. */
#ifndef BOUNCE_TESTS_FAMILIES_H
#define BOUNCE_TESTS_FAMILIES_H

#include <stddef.h>

struct blob {
    char *data;
    size_t len, cap;
};

void blob_clear(struct blob *blob);
void blob_add(struct blob *blob, const char *text);
void blob_add_len(struct blob *blob, const char *data, size_t len);

struct family {
    const char *name;
    void (*make)(struct blob *out, size_t size); /* of about size bytes */
    const char *warning; /* that a large one gives; NULL: none in particular */
};

extern const struct family FAMILIES[];
extern const size_t FAMILY_COUNT;

#endif
