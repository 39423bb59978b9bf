/* SPDX-License-Identifier: MIT
 * JSON into bytes that grow. */
#include "serve/http.h"

#define ROOM 512 /* bytes that most rows fit in */

bool http_put(struct bytes *out, http_write_fn *write, const void *row)
{
    struct json_writer w;
    size_t room = ROOM;

    do {
        if (!bytes_room(out, room))
            return false;
        w = (struct json_writer){out->ptr + out->len, out->cap - out->len, 0};
        room = out->cap - out->len;
        write(&w, row);
        if (w.len <= room)
            break;
        room = w.len;
    } while (true);
    out->len += w.len;
    return true;
}

static void put_key(struct json_writer *w, const char *key)
{
    JSON_RAW(w, ",\"");
    json_raw(w, key, strlen(key));
    JSON_RAW(w, "\":");
}

void http_known(struct json_writer *w, const char *key, const char *text)
{
    put_key(w, key);
    json_string(w, text != NULL && text[0] != '\0' ? slice_cstr(text)
                                                   : SLICE_NULL);
}

void http_bool(struct json_writer *w, const char *key, bool value)
{
    put_key(w, key);
    json_tristate(w, value ? 1 : 0);
}

void http_number(struct json_writer *w, const char *key, int64_t value)
{
    put_key(w, key);
    json_int(w, value);
}

void http_real(struct json_writer *w, const char *key, double value)
{
    put_key(w, key);
    json_rate(w, value);
}
