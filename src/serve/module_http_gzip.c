/* SPDX-License-Identifier: MIT */
#include "serve/module_http_gzip.h"

#include <stdlib.h>
#include <zlib.h>

#include "serve/module_http_cast.h"

#define GZIP_WINDOW (15 + 16) /* of zlib: with gzip's header */
#define LEVEL       3         /* answers are made while somebody waits */

/* Room for more of at most max + 1 bytes: one more than the limit shows that it
 * is passed. */
static bool grow(char **text, size_t *cap, size_t max)
{
    size_t wanted = *cap > max / 2 ? max + 1 : *cap * 2;
    char *grown = realloc(*text, wanted);

    if (grown == NULL)
        return false;
    *text = grown;
    *cap = wanted;
    return true;
}

static enum gzip_outcome inflate_all(z_stream *stream, size_t max, char **text,
                                     size_t *len_out)
{
    size_t cap = stream->avail_in < 1024 ? 4096 : (size_t)stream->avail_in * 4;
    int got = Z_OK;

    if (cap > max + 1)
        cap = max + 1;
    *text = malloc(cap);
    if (*text == NULL)
        return GZIP_NO_MEMORY;
    while (got == Z_OK) {
        if (stream->total_out == cap && cap <= max && !grow(text, &cap, max))
            return GZIP_NO_MEMORY;
        stream->next_out = (unsigned char *)*text + stream->total_out;
        stream->avail_out = (unsigned)(cap - stream->total_out);
        got = inflate(stream, Z_NO_FLUSH);
        if (stream->total_out > max)
            return GZIP_TOO_LARGE;
    }
    *len_out = stream->total_out;
    if (got == Z_MEM_ERROR)
        return GZIP_NO_MEMORY;
    return got == Z_STREAM_END && stream->avail_in == 0 ? GZIP_FINE : GZIP_BAD;
}

enum gzip_outcome gzip_unpack(struct bounce_slice packed, size_t max,
                              char **plain_out, size_t *len_out)
{
    z_stream stream = {.next_in = only_read(packed.ptr),
                       .avail_in = (unsigned)packed.len};
    enum gzip_outcome outcome;
    char *text = NULL;

    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return GZIP_NO_MEMORY;
    outcome = inflate_all(&stream, max, &text, len_out);
    inflateEnd(&stream);
    if (outcome != GZIP_FINE) {
        free(text);
        text = NULL;
    }
    *plain_out = text;
    return outcome;
}

char *gzip_pack(struct bounce_slice plain, size_t *len_out)
{
    z_stream stream = {.next_in = only_read(plain.ptr),
                       .avail_in = (unsigned)plain.len,
                       .avail_out = (unsigned)plain.len};
    char *text = malloc(plain.len);
    int got = Z_MEM_ERROR;

    if (text == NULL || deflateInit2(&stream, LEVEL, Z_DEFLATED, GZIP_WINDOW, 8,
                                     Z_DEFAULT_STRATEGY) != Z_OK) {
        free(text);
        return NULL;
    }
    stream.next_out = (unsigned char *)text;
    got = deflate(&stream, Z_FINISH);
    *len_out = stream.total_out;
    deflateEnd(&stream);
    if (got == Z_STREAM_END)
        return text;
    free(text);
    return NULL;
}

/* "gzip", "gzip;q=0.5", "*"; not "gzip;q=0". */
static bool takes_gzip(struct bounce_slice coding)
{
    size_t end = slice_find_byte(coding, ';');
    struct bounce_slice name = slice_trim(slice_sub(coding, 0, end));
    struct bounce_slice weight = slice_trim(slice_from(coding, end));

    if (!slice_eq_nocase(name, SLICE("gzip")) && !slice_eq(name, SLICE("*")))
        return false;
    if (end == SLICE_NPOS)
        return true;
    weight = slice_trim(slice_from(weight, 1));
    if (!slice_starts_nocase(weight, SLICE("q=")))
        return true;
    for (size_t i = 2; i < weight.len; i++) {
        if (weight.ptr[i] > '0' && weight.ptr[i] <= '9')
            return true;
    }
    return false;
}

bool gzip_accepted(const char *header)
{
    struct bounce_slice rest = slice_cstr(header), coding;

    while (slice_next_piece(&rest, ',', &coding)) {
        if (takes_gzip(slice_trim(coding)))
            return true;
    }
    return false;
}
