/* SPDX-License-Identifier: MIT */
#include "match.h"

#include <stdio.h>
#include <string.h>

static bool match_at(const cJSON *want, const cJSON *got, char *path,
                     size_t cap);

static bool match_members(const cJSON *want, const cJSON *got, char *path,
                          size_t cap)
{
    size_t len = strlen(path);

    for (const cJSON *child = want->child; child != NULL; child = child->next) {
        const cJSON *other =
            cJSON_GetObjectItemCaseSensitive(got, child->string);

        snprintf(path + len, cap - len, ".%s", child->string);
        if (other == NULL || !match_at(child, other, path, cap))
            return false;
        path[len] = '\0';
    }
    return true;
}

static bool match_list(const cJSON *want, const cJSON *got, char *path,
                       size_t cap)
{
    const cJSON *a = want->child, *b = got->child;
    size_t len = strlen(path);
    int i = 0;

    for (; a != NULL && b != NULL; a = a->next, b = b->next, i++) {
        snprintf(path + len, cap - len, "[%d]", i);
        if (!match_at(a, b, path, cap))
            return false;
        path[len] = '\0';
    }
    return a == NULL && b == NULL;
}

static bool match_at(const cJSON *want, const cJSON *got, char *path,
                     size_t cap)
{
    if (cJSON_IsObject(want) && cJSON_IsObject(got))
        return match_members(want, got, path, cap);
    if (cJSON_IsArray(want) && cJSON_IsArray(got))
        return match_list(want, got, path, cap);
    return cJSON_Compare(want, got, 1) != 0;
}

bool match_json(const cJSON *want, const cJSON *got, char *path_out,
                size_t path_cap)
{
    path_out[0] = '\0';
    return match_at(want, got, path_out, path_cap);
}
