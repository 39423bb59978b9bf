/* SPDX-License-Identifier: MIT */
#include "seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grow(void *ptr, size_t size)
{
    ptr = realloc(ptr, size);
    if (ptr == NULL)
        abort();
    return ptr;
}

void seen_clear(struct seen *seen)
{
    for (size_t i = 0; i < seen->count; i++)
        free(seen->items[i].value);
    free(seen->items);
    memset(seen, 0, sizeof(*seen));
}

static size_t put_clean(char *out, const char *in, size_t len)
{
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        if (in[i] == '\r' && i + 1 < len && in[i + 1] == '\n')
            continue;
        out[used++] = in[i] == '\r' ? '\n' : in[i];
    }
    while (used > 0 && strchr(" \t\n", out[used - 1]) != NULL &&
           out[used - 1] != '\0')
        used--;
    return used;
}

void seen_add(struct seen *seen, const char *place, const char *what,
              const void *value, size_t len)
{
    struct seen_item *item;

    if (seen->count == seen->cap) {
        seen->cap = seen->cap == 0 ? 64 : seen->cap * 2;
        seen->items = grow(seen->items, seen->cap * sizeof(*seen->items));
    }
    item = &seen->items[seen->count++];
    snprintf(item->name, sizeof(item->name), "%s %s", place, what);
    item->value = grow(NULL, len + 1);
    item->len = put_clean(item->value, value, len);
    item->value[item->len] = '\0';
}

const struct seen_item *seen_find(const struct seen *seen, const char *name)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (strcmp(seen->items[i].name, name) == 0)
            return &seen->items[i];
    }
    return NULL;
}
