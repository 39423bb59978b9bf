/* SPDX-License-Identifier: MIT */
#include "serve/out_sign.h"

#include <inttypes.h>
#include <stdio.h>

#include "mime/decode.h"
#include "serve/bytes.h"

#define PREFIX      SLICE("whsec_")
#define ID_BYTES    12
#define BASE64_SIZE (4 * ((MODULE_SHA256_LEN + 2) / 3) + 1)

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Nothing but the alphabet and padding: the decoder would skip over the rest,
 * and another secret would sign than the receiver has. */
static bool is_base64(struct bounce_slice text)
{
    size_t digits = 0;

    while (digits < text.len && memchr(alphabet, text.ptr[digits], 64) != NULL)
        digits++;
    for (size_t i = digits; i < text.len; i++) {
        if (text.ptr[i] != '=')
            return false;
    }
    return text.len % 4 == 0 && text.len - digits <= 2;
}

const char *out_secrets_read(struct bounce_slice text,
                             struct out_secrets *secrets_out)
{
    struct bounce_slice line;

    *secrets_out = (struct out_secrets){0};
    while (slice_next_line(&text, &line)) {
        char bytes[4 * OUT_SECRET_MAX];

        line = slice_trim(line);
        if (line.len == 0)
            continue;
        if (secrets_out->count == OUT_SECRETS)
            return "has more than 8 secrets";
        if (!slice_starts(line, PREFIX))
            return "has a line that does not begin with whsec_";
        line = slice_from(line, PREFIX.len);
        if (!is_base64(line))
            return "has a secret that is no base64";
        if (line.len > sizeof(bytes))
            return "has a secret of more than 64 bytes";
        line.len = decode_base64(line, bytes);
        if (line.len < OUT_SECRET_MIN)
            return "has a secret of less than 24 bytes";
        if (line.len > OUT_SECRET_MAX)
            return "has a secret of more than 64 bytes";
        memcpy(secrets_out->list[secrets_out->count].bytes, bytes, line.len);
        secrets_out->list[secrets_out->count++].len = line.len;
    }
    return secrets_out->count > 0 ? NULL : "has no secret";
}

bool out_sign_id(const struct module_crypto *crypto, struct bounce_slice salt,
                 const char *name, int64_t first, int64_t last,
                 char id_out[OUT_ID])
{
    unsigned char mac[MODULE_SHA256_LEN];
    char text[160];
    int len = snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 ":%s", first,
                       last, name);
    size_t at = (size_t)snprintf(id_out, OUT_ID, "msg_");

    if (!crypto->hmac_sha256(salt, slice_make(text, (size_t)len), mac))
        return false;
    for (size_t i = 0; i < ID_BYTES; i++)
        at += (size_t)snprintf(id_out + at, OUT_ID - at, "%02x", mac[i]);
    return true;
}

/* RFC 4648 section 4. */
static void put_base64(const unsigned char *in, size_t len,
                       char out[BASE64_SIZE])
{
    size_t n = 0;

    for (size_t i = 0; i < len; i += 3) {
        const size_t there = len - i < 3 ? len - i : 3;
        const uint32_t bits = (uint32_t)in[i] << 16 |
                              (there > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                              (there > 2 ? (uint32_t)in[i + 2] : 0);

        out[n++] = alphabet[bits >> 18];
        out[n++] = alphabet[bits >> 12 & 63];
        out[n++] = '=';
        out[n++] = '=';
        if (there > 1)
            out[n - 2] = alphabet[bits >> 6 & 63];
        if (there > 2)
            out[n - 1] = alphabet[bits & 63];
    }
    out[n] = '\0';
}

bool out_sign(const struct module_crypto *crypto,
              const struct out_secrets *secrets, const char *id,
              int64_t timestamp, struct bounce_slice body,
              char signatures_out[OUT_SIGNATURES])
{
    struct bytes text = {0};
    bool fine = bytes_format(&text, "%s.%" PRId64 ".", id, timestamp) &&
                bytes_add(&text, body);
    size_t at = 0;

    signatures_out[0] = '\0';
    for (size_t i = 0; fine && i < secrets->count; i++) {
        const struct bounce_slice key = slice_make(
            (const char *)secrets->list[i].bytes, secrets->list[i].len);
        unsigned char mac[MODULE_SHA256_LEN];
        char base64[BASE64_SIZE];

        fine = crypto->hmac_sha256(key, bytes_slice(&text), mac);
        if (!fine)
            break;
        put_base64(mac, sizeof(mac), base64);
        at += (size_t)snprintf(signatures_out + at, OUT_SIGNATURES - at,
                               "%sv1,%s", i > 0 ? " " : "", base64);
    }
    bytes_free(&text);
    return fine;
}
