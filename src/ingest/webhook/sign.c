/* SPDX-License-Identifier: MIT
 * Who sent this? What is common to the services' signatures. Secrets and MACs
 * are compared in constant time. */
#include "ingest/webhook/hook.h"

#include "base/buf.h"
#include "mime/decode.h"

enum hook_trust hook_distrust(struct hook *hook, enum hook_trust trust,
                              const char *why)
{
    hook->result->why = why;
    return trust;
}

struct bounce_slice hook_header(const struct hook *hook, const char *name)
{
    for (size_t i = 0; i < hook->request->header_count; i++) {
        const struct hook_header *header = &hook->request->headers[i];

        if (slice_eq_nocase(header->name, slice_cstr(name)))
            return slice_trim(header->value);
    }
    return SLICE_NULL;
}

bool hook_equal(struct bounce_slice a, struct bounce_slice b)
{
    volatile unsigned char differ = 0;

    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        differ = (unsigned char)(differ | ((unsigned char)a.ptr[i] ^
                                           (unsigned char)b.ptr[i]));
    return differ == 0;
}

void *hook_keep(struct hook *hook, void *ptr)
{
    if (ptr == NULL && hook->failed == BOUNCE_OK)
        hook->failed = arena_error(hook->arena);
    return ptr;
}

struct bounce_slice hook_from_base64(struct hook *hook,
                                     struct bounce_slice text)
{
    char *out = hook_keep(hook, arena_alloc(hook->arena, text.len + 1));

    return out != NULL ? slice_make(out, decode_base64(text, out)) : SLICE_NULL;
}

struct bounce_slice hook_from_hex(struct hook *hook, struct bounce_slice hex)
{
    char *out = hook_keep(hook, arena_alloc(hook->arena, hex.len / 2 + 1));

    if (out == NULL || hex.len % 2 != 0)
        return SLICE_NULL;
    for (size_t i = 0; i < hex.len; i += 2) {
        unsigned high = decode_hex((unsigned char)hex.ptr[i]);
        unsigned low = decode_hex((unsigned char)hex.ptr[i + 1]);

        if (high > 15 || low > 15)
            return SLICE_NULL;
        out[i / 2] = (char)(high << 4 | low);
    }
    return slice_make(out, hex.len / 2);
}

struct bounce_slice hook_concat(struct hook *hook,
                                const struct bounce_slice *pieces, size_t count)
{
    size_t len = 0;
    char *out;

    for (size_t i = 0; i < count; i++)
        len += pieces[i].len;
    out = hook_keep(hook, arena_alloc(hook->arena, len + 1));
    if (out == NULL)
        return SLICE_NULL;
    len = 0;
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].len > 0)
            memcpy(out + len, pieces[i].ptr, pieces[i].len);
        len += pieces[i].len;
    }
    out[len] = '\0';
    return slice_make(out, len);
}

/* "Basic dXNlcjpwYXNz" (RFC 7617), "Bearer TOKEN" (RFC 6750). */
static enum hook_trust verify_authorization(struct hook *hook,
                                            const char *scheme,
                                            struct bounce_slice wanted,
                                            bool base64)
{
    struct bounce_slice value = hook_header(hook, "Authorization");
    struct bounce_slice name = slice_cstr(scheme);

    if (!slice_starts_nocase(value, name))
        return hook_distrust(hook, HOOK_ABSENT,
                             base64 ? "Basic authentication is missing"
                                    : "the bearer token is missing");
    value = slice_trim(slice_from(value, name.len));
    if (base64)
        value = hook_from_base64(hook, value);
    if (!hook_equal(value, slice_trim(wanted)))
        return hook_distrust(hook, HOOK_WRONG,
                             base64 ? "Basic authentication is wrong"
                                    : "the bearer token is wrong");
    return HOOK_SIGNED;
}

enum hook_trust hook_verify_access(struct hook *hook)
{
    const struct hook_config *config = hook->config;
    enum hook_trust trust = HOOK_SIGNED;

    if (config->basic.ptr != NULL)
        trust = verify_authorization(hook, "Basic ", config->basic, true);
    if (trust == HOOK_SIGNED && config->bearer.ptr != NULL)
        trust = verify_authorization(hook, "Bearer ", config->bearer, false);
    if (trust != HOOK_SIGNED || config->url_secret.ptr == NULL)
        return trust;
    if (hook->request->url_secret.len == 0)
        return hook_distrust(hook, HOOK_ABSENT,
                             "the secret in the URL is missing");
    if (!hook_equal(hook->request->url_secret, slice_trim(config->url_secret)))
        return hook_distrust(hook, HOOK_WRONG,
                             "the secret in the URL is wrong");
    return HOOK_SIGNED;
}

enum hook_trust hook_verify_time(struct hook *hook, int64_t at)
{
    int64_t tolerance = hook->config->tolerance_s > 0
                            ? hook->config->tolerance_s
                            : HOOK_TOLERANCE_S;

    if (at == BOUNCE_NO_TIME)
        return hook_distrust(hook, HOOK_WRONG, "the signed time is no time");
    if (at < hook->config->now - tolerance)
        return hook_distrust(hook, HOOK_OLD, "signed too long ago");
    if (at > hook->config->now + tolerance)
        return hook_distrust(hook, HOOK_OLD, "signed in the future");
    return HOOK_SIGNED;
}

static enum hook_trust no_crypto(struct hook *hook)
{
    return hook_distrust(hook, HOOK_NO_KEY,
                         "module crypto is not installed: signatures cannot "
                         "be checked");
}

enum hook_trust hook_verify_hmac(struct hook *hook, struct bounce_slice text,
                                 struct bounce_slice mac, bool sha1)
{
    const struct module_crypto *crypto = hook->config->crypto;
    bool fits = false;

    if (crypto == NULL)
        return no_crypto(hook);
    for (size_t i = 0; i < hook->config->key_count; i++) {
        struct bounce_slice key = slice_trim(hook->config->keys[i]);
        unsigned char made[MODULE_SHA256_LEN];

        if (!(sha1 ? crypto->hmac_sha1(key, text, made)
                   : crypto->hmac_sha256(key, text, made)))
            return hook_distrust(hook, HOOK_NO_KEY,
                                 "the signature could not be computed");
        fits = hook_equal(mac, slice_make((const char *)made,
                                          sha1 ? MODULE_SHA1_LEN
                                               : MODULE_SHA256_LEN)) ||
               fits;
    }
    return fits ? HOOK_SIGNED
                : hook_distrust(hook, HOOK_WRONG, "the signature is wrong");
}

enum hook_trust hook_verify_key(struct hook *hook, enum module_signature how,
                                struct bounce_slice text,
                                struct bounce_slice signature)
{
    const struct module_crypto *crypto = hook->config->crypto;
    bool read = false;

    if (crypto == NULL)
        return no_crypto(hook);
    for (size_t i = 0; i < hook->config->key_count; i++) {
        switch (crypto->verify(how, hook->config->keys[i], text, signature,
                               hook->config->now)) {
        case MODULE_FINE:
            return HOOK_SIGNED;
        case MODULE_WRONG:
            read = true;
            break;
        case MODULE_NO_MEMORY:
            if (hook->failed == BOUNCE_OK)
                hook->failed = BOUNCE_E_NOMEM;
            break;
        default:
            break;
        }
    }
    if (read)
        return hook_distrust(hook, HOOK_WRONG, "the signature is wrong");
    return hook_distrust(hook, HOOK_NO_KEY, "the public key cannot be read");
}

/* Base64, with "whsec_" in front or without. */
static struct bounce_slice standard_key(struct hook *hook,
                                        struct bounce_slice key)
{
    key = slice_trim(key);
    if (slice_starts(key, SLICE("whsec_")))
        key = slice_from(key, 6);
    return hook_from_base64(hook, key);
}

/* A header may hold several, of several versions: "v1,BASE64 v1,BASE64". */
static bool any_fits(struct hook *hook, struct bounce_slice signatures,
                     const unsigned char made[MODULE_SHA256_LEN])
{
    const struct bounce_slice mac =
        slice_make((const char *)made, MODULE_SHA256_LEN);
    struct bounce_slice piece;
    bool fits = false;

    while (slice_next_piece(&signatures, ' ', &piece)) {
        size_t comma = slice_find_byte(piece, ',');

        if (comma != SLICE_NPOS) {
            if (!slice_eq(slice_sub(piece, 0, comma), SLICE("v1")))
                continue;
            piece = slice_from(piece, comma + 1);
        }
        fits = hook_equal(hook_from_base64(hook, piece), mac) || fits;
    }
    return fits;
}

enum hook_trust hook_verify_standard(struct hook *hook, const char *prefix)
{
    static const char *const names[] = {"id", "timestamp", "signature"};
    const struct module_crypto *crypto = hook->config->crypto;
    struct bounce_slice values[3], text;
    struct json stamp = {.type = JSON_STRING};
    bool fits = false;

    for (size_t i = 0; i < 3; i++) {
        struct bounce_slice name =
            hook_join(hook, slice_cstr(prefix), "-", slice_cstr(names[i]));

        if (name.ptr == NULL)
            return HOOK_NO_KEY;
        values[i] = hook_header(hook, name.ptr);
        if (values[i].len == 0)
            return hook_distrust(hook, HOOK_ABSENT, "the signature is missing");
    }
    if (crypto == NULL)
        return no_crypto(hook);
    text = hook_concat(hook,
                       (const struct bounce_slice[]){values[0], SLICE("."),
                                                     values[1], SLICE("."),
                                                     hook->request->body},
                       5);
    for (size_t i = 0; i < hook->config->key_count; i++) {
        unsigned char made[MODULE_SHA256_LEN];

        if (!crypto->hmac_sha256(standard_key(hook, hook->config->keys[i]),
                                 text, made))
            return hook_distrust(hook, HOOK_NO_KEY,
                                 "the signature could not be computed");
        fits = any_fits(hook, values[2], made) || fits;
    }
    if (!fits)
        return hook_distrust(hook, HOOK_WRONG, "the signature is wrong");
    stamp.text = values[1];
    return hook_verify_time(hook, hook_time(&stamp));
}

enum hook_trust hook_verify_header(struct hook *hook, const char *header)
{
    struct bounce_slice value = hook_header(hook, header);

    if (value.len == 0)
        return hook_distrust(hook, HOOK_ABSENT, "the signature is missing");
    if (slice_starts_nocase(value, SLICE("sha256=")))
        value = slice_from(value, 7);
    return hook_verify_hmac(hook, hook->request->body,
                            value.len == MODULE_SHA256_LEN * 2
                                ? hook_from_hex(hook, value)
                                : hook_from_base64(hook, value),
                            false);
}
