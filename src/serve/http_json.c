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

/* Rates are small: two decimals would not tell them apart. */
void http_real(struct json_writer *w, const char *key, double value)
{
    const int64_t millionths = (int64_t)(value * 1000000 + 0.5);
    char digits[8];

    put_key(w, key);
    if (!(value >= 0 && value < 1e12)) {
        JSON_RAW(w, "null");
        return;
    }
    json_int(w, millionths / 1000000);
    digits[0] = '.';
    for (int i = 6; i > 0; i--) {
        int64_t unit = 1;

        for (int j = 1; j < i; j++)
            unit *= 10;
        digits[7 - i] = (char)('0' + millionths / unit % 10);
    }
    json_raw(w, digits, 7);
}
