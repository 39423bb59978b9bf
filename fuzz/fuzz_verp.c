/* SPDX-License-Identifier: MIT
 * Envelope senders: what is signed verifies, and nothing else does. */
#include <stdlib.h>
#include <string.h>

#include "store/verp.h"

#define REQUIRE(condition)                                                     \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

#define NOW 1767225600

static const struct verp_key key = {{"k1", 2},
                                    {"secret of twenty-four by", 24}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any other byte in it makes it another's, but for the sender's own part. */
static void check_changed(char *signed_text, size_t at, char becomes)
{
    size_t len = strlen(signed_text);
    struct verp_seen seen;
    char was;

    at = 8 + at % (len - 8); /* behind "bounces+" */
    was = signed_text[at];
    if (becomes == '\0' ||
        ascii_lower((unsigned char)becomes) == ascii_lower((unsigned char)was))
        return;
    signed_text[at] = becomes;
    REQUIRE(verp_verify(&key, 1, slice_make(signed_text, len), NOW, 86400,
                        &seen) != VERP_FINE ||
            /* White space and brackets around an address are none of it. */
            ascii_is_space((unsigned char)becomes));
    signed_text[at] = was;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bounce_slice text = slice_make((const char *)data, size);
    struct bounce_slice rest = text, recipient = SLICE(""), id = SLICE_NULL;
    struct verp_seen seen;
    char out[321];
    enum verp_verdict verdict = verp_verify(&key, 1, text, NOW, 86400, &seen);

    REQUIRE(verp_verdict_text(verdict) != NULL);
    REQUIRE(memchr(seen.recipient, '\0', sizeof(seen.recipient)) != NULL);
    REQUIRE(memchr(seen.id, '\0', sizeof(seen.id)) != NULL);
    (void)slice_next_line(&rest, &recipient);
    if (rest.len > 0)
        (void)slice_next_line(&rest, &id);
    if (!verp_sign(&key, SLICE("bounces@example.com"), recipient, id, NOW, out))
        return 0;
    REQUIRE(strchr(out, '@') - out <= 64);
    REQUIRE(verp_verify(&key, 1, slice_cstr(out), NOW, 86400, &seen) ==
            VERP_FINE);
    REQUIRE(slice_eq(slice_cstr(seen.id), id));
    if (seen.recipient[0] == '\0')
        REQUIRE(id.len > 0);
    if (size > 2)
        check_changed(out, data[0] * 256U + data[1], (char)data[size - 1]);
    return 0;
}
