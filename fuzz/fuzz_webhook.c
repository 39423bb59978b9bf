/* SPDX-License-Identifier: MIT
 * A webhook of any service: the first line names it, and a digit that says what
 * the configuration demands; then headers, a line each, an empty line, the body.
 * Equal requests must give equal ids, and nothing may come of a refused one. */
#include <stdlib.h>

#include "base/hash.h"
#include "ingest/webhook/webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADERS 8

/* Hashes that depend on all of their input stand for the module's. */
static bool mac(struct bounce_slice key, struct bounce_slice text,
                unsigned char *out, size_t len)
{
    unsigned char sum = (unsigned char)key.len;

    for (size_t i = 0; i < text.len; i++)
        sum = (unsigned char)(sum * 31 + (unsigned char)text.ptr[i]);
    memset(out, sum, len);
    return true;
}

static bool mac_sha256(struct bounce_slice key, struct bounce_slice text,
                       unsigned char out[MODULE_SHA256_LEN])
{
    return mac(key, text, out, MODULE_SHA256_LEN);
}

static bool mac_sha1(struct bounce_slice key, struct bounce_slice text,
                     unsigned char out[MODULE_SHA1_LEN])
{
    return mac(key, text, out, MODULE_SHA1_LEN);
}

static bool hash_md5(struct bounce_slice text,
                     unsigned char out[MODULE_MD5_LEN])
{
    return mac(SLICE_NULL, text, out, MODULE_MD5_LEN);
}

static enum module_verdict verify(enum module_signature how,
                                  struct bounce_slice key,
                                  struct bounce_slice text,
                                  struct bounce_slice signature, int64_t now)
{
    (void)key;
    (void)text;
    (void)now;
    return signature.len % 3 == (size_t)how ? MODULE_FINE : MODULE_WRONG;
}

static const struct module_crypto crypto = {
    .version = MODULE_VERSION,
    .hmac_sha256 = mac_sha256,
    .hmac_sha1 = mac_sha1,
    .md5 = hash_md5,
    .verify = verify,
};

/* Any other name is one of them, too. */
static const struct hook_service_info *service_of(struct bounce_slice name)
{
    const struct hook_service_info *info;
    size_t count;

    for (count = 0; (info = hook_service_at(count)) != NULL; count++) {
        if (slice_eq(slice_cstr(info->name), name))
            return info;
    }
    return hook_service_at(hash_bytes(name) % count);
}

static void configure(struct hook_config *config, struct bounce_slice line)
{
    size_t blank = slice_find_byte(line, ' ');
    const struct hook_service_info *info =
        service_of(slice_sub(line, 0, blank));
    unsigned choice = 0;

    if (blank != SLICE_NPOS)
        slice_parse_uint(slice_from(line, blank + 1), 1, &choice);
    config->service = slice_cstr(info->name);
    config->crypto = &crypto;
    config->now = 1772532000;
    config->tolerance_s = 1000000000;
    config->url = SLICE("https://hooks.example.org/");
    config->topics = SLICE("arn:a,arn:aws:sns:eu-west-1:000000000000:bounces");
    if (choice % 4 == 1 && info->signs) {
        config->keys[0] = SLICE("a2V5");
        config->key_count = 1;
    }
    if (choice % 4 == 2)
        config->map = SLICE("Items: items\nEvent: e.0\nRecipient: r\nText: t\n"
                            "Time: at\nWord: a = bounce hard\nWord: b = delay\n"
                            "Otherwise: suppressed for-bounce\n");
    if (choice % 4 == 3) {
        config->signed_only = slice_eq(config->service, SLICE("ses"));
        config->certificate = SLICE("certificate");
        config->certificate_url = SLICE("https://sns.eu-west-1.amazonaws.com/"
                                        "SimpleNotificationService-1.pem");
    }
}

static struct bounce_slice take_headers(struct bounce_slice rest,
                                        struct hook_header *headers,
                                        struct hook_request *request)
{
    struct bounce_slice line;

    while (slice_next_line(&rest, &line) && line.len > 0) {
        size_t colon = slice_find_byte(line, ':');

        if (colon == SLICE_NPOS || request->header_count == HEADERS)
            continue;
        headers[request->header_count++] = (struct hook_header){
            slice_sub(line, 0, colon), slice_from(line, colon + 1)};
    }
    return rest.ptr != NULL ? rest : SLICE("");
}

static void check(const struct hook_result *first,
                  const struct hook_result *again)
{
    if (first->trust != again->trust || first->count != again->count)
        abort();
    if (first->trust != HOOK_SIGNED && first->trust != HOOK_OPEN &&
        first->count > 0)
        abort();
    for (size_t i = 0; i < first->count; i++) {
        const struct record *record = &first->records[i];

        if (record->event.event_id.len != 32 ||
            !slice_eq(record->event.event_id, again->records[i].event.event_id))
            abort();
        if (memchr(record->event.recipient.ptr != NULL
                       ? record->event.recipient.ptr
                       : "",
                   '\n', record->event.recipient.len) != NULL)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bounce_engine *engine;
    static struct bounce_reader *reader;
    struct hook_header headers[HEADERS];
    struct hook_request request = {.headers = headers};
    struct hook_config config = {0};
    struct hook_result results[2];
    struct bounce_slice rest, line = SLICE_NULL;
    struct arena arenas[2];
    char *copy;

    if (engine == NULL && (bounce_engine_new(NULL, &engine) != BOUNCE_OK ||
                           bounce_reader_new(engine, &reader) != BOUNCE_OK))
        abort();
    copy = malloc(size > 0 ? size : 1); /* exactly: ASan sees overreads */
    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    rest = slice_make(copy, size);
    slice_next_line(&rest, &line);
    configure(&config, line);
    request.body = take_headers(rest, headers, &request);
    for (int i = 0; i < 2; i++) {
        arena_init(&arenas[i], allocator_default(), (size_t)64 << 20);
        if (hook_read(&request, &config, reader, &arenas[i], &results[i]) ==
            BOUNCE_E_ARG)
            abort();
    }
    check(&results[0], &results[1]);
    for (int i = 0; i < 2; i++)
        arena_clear(&arenas[i]);
    free(copy);
    return 0;
}
