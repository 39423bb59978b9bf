/* SPDX-License-Identifier: MIT
 * What a reader of mail sees in a message, as a list of named texts, so that
 * two readers can be compared: ours and GMime. */
#ifndef BOUNCE_TESTS_SEEN_H
#define BOUNCE_TESTS_SEEN_H

#include <stdbool.h>
#include <stddef.h>

/* "1.2 text": a part by its place in the tree, and what of it. The things are
 * type, text, data, subject, from, to. */
struct seen_item {
    char name[128];
    char *value; /* NUL-terminated for print; may hold others */
    size_t len;
};

struct seen {
    struct seen_item *items;
    size_t count, cap;
};

void seen_clear(struct seen *seen);

/* Copies value. Line ends become LF, those at the end go; blanks at both ends
 * of a header go. */
void seen_add(struct seen *seen, const char *place, const char *what,
              const void *value, size_t len);

/* The item of that name, or NULL. */
const struct seen_item *seen_find(const struct seen *seen, const char *name);

/* Both readers. Each part is seen once; the message itself is "1". */
void seen_by_us(struct seen *seen, const char *data, size_t len);
void seen_by_gmime(struct seen *seen, const char *data, size_t len);

#endif
