/* SPDX-License-Identifier: MIT */
#include "cli/verp_keys.h"

#include <stdlib.h>

#include "cli/cli.h"
#include "cli/store_open.h"

#define FILE_MAX    65536
#define LEAST_BYTES 16

static const char *take_key(struct verp_keys *keys, struct bounce_slice line)
{
    size_t colon = slice_find_byte(line, ':');
    struct verp_key key;

    if (colon == SLICE_NPOS)
        return "a key is NAME:SECRET";
    key.name = slice_trim(slice_sub(line, 0, colon));
    key.secret = slice_trim(slice_from(line, colon + 1));
    if (key.name.len < 1 || key.name.len > 8)
        return "the name of a key has 1 to 8 letters or digits";
    for (size_t i = 0; i < key.name.len; i++) {
        unsigned char c = (unsigned char)key.name.ptr[i];

        if (!ascii_is_alnum(c) || c != ascii_lower(c))
            return "the name of a key has 1 to 8 letters or digits";
    }
    if (key.secret.len < LEAST_BYTES)
        return "a secret has 16 bytes or more";
    if (keys->count == VERP_KEYS)
        return "too many keys";
    keys->keys[keys->count++] = key;
    return NULL;
}

int verp_keys_read(struct verp_keys *keys, const char *path)
{
    struct bounce_slice rest, line;
    const char *flaw = NULL;
    unsigned number = 0;
    size_t len = 0;

    *keys = (struct verp_keys){0};
    keys->text = session_read_file(path, FILE_MAX, &len);
    if (keys->text == NULL)
        return CLI_NO_INPUT;
    rest = slice_make(keys->text, len);
    while (flaw == NULL && slice_next_line(&rest, &line)) {
        number++;
        line = slice_trim(line);
        if (line.len > 0 && line.ptr[0] != '#')
            flaw = take_key(keys, line);
    }
    if (flaw == NULL && keys->count == 0)
        flaw = "there is no key in it";
    if (flaw == NULL)
        return -1;
    cli_error("%s:%u: %s", path, number, flaw);
    verp_keys_clear(keys);
    return CLI_DATA_ERROR;
}

void verp_keys_clear(struct verp_keys *keys)
{
    free(keys->text);
    *keys = (struct verp_keys){0};
}
