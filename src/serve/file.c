/* SPDX-License-Identifier: MIT */
#include "serve/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX ((size_t)64 << 10)

static char *fail(FILE *file, char *text, char *why, const char *path,
                  const char *cause)
{
    snprintf(why, 200, "%s: %s", path, cause);
    if (file != NULL)
        fclose(file);
    free(text);
    return NULL;
}

char *file_read(const char *path, size_t max, size_t *len_out,
                char why_out[200])
{
    FILE *file = fopen(path, "rbe");
    char *text;
    size_t len;

    if (file == NULL)
        return fail(NULL, NULL, why_out, path, strerror(errno));
    text = malloc(max + 2);
    if (text == NULL)
        return fail(file, NULL, why_out, path, "out of memory");
    len = fread(text, 1, max + 1, file);
    if (ferror(file))
        return fail(file, text, why_out, path, strerror(errno));
    if (len > max)
        return fail(file, text, why_out, path, "is too large");
    fclose(file);
    text[len] = '\0';
    if (len_out != NULL)
        *len_out = len;
    return text;
}

char *file_read_secret(const char *path, char why_out[200])
{
    size_t len;
    char *text = file_read(path, SECRET_MAX, &len, why_out);

    while (text != NULL && len > 0 &&
           ascii_is_space((unsigned char)text[len - 1]))
        text[--len] = '\0';
    if (text != NULL && len == 0)
        return fail(NULL, text, why_out, path, "is empty");
    return text;
}
