/* SPDX-License-Identifier: MIT
 * Module crypto against the vectors of RFC 4231, 2202 and 1321. Signatures by
 * public keys: tests/ingest/test_webhook_trust.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "store/module.h"

#define REPEAT4(x)  x x x x
#define REPEAT20(x) REPEAT4(x) REPEAT4(x) REPEAT4(x) REPEAT4(x) REPEAT4(x)

static const struct vector {
    const char *label;
    struct bounce_slice key, text;
    const char *mac;
} vectors[] = {
    {"case 1",
     {REPEAT20("\x0b"), 20},
     SLICE("Hi There"),
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"case 2: a short key", SLICE("Jefe"),
     SLICE("what do ya want for nothing?"),
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"case 3: bytes of all kinds",
     {REPEAT20("\xaa"), 20},
     {REPEAT20("\xdd") REPEAT20("\xdd") REPEAT4("\xdd\xdd") "\xdd\xdd", 50},
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"case 6: a key longer than a block",
     {REPEAT4(REPEAT20("\xaa")) REPEAT20("\xaa") REPEAT20("\xaa")
          REPEAT4("\xaa\xaa") "\xaa\xaa\xaa",
      131},
     SLICE("Test Using Larger Than Block-Size Key - Hash Key First"),
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {"empty key and text",
     {"", 0},
     {"", 0},
     "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    {"NULL key and text",
     {NULL, 0},
     {NULL, 0},
     "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    {"NUL is a byte like others",
     {"a\0b", 3},
     {"c\0d", 3},
     "8c18c35eec555433aca6c25beff4ab0085afc6084012a0d923fb48f4251062fa"},
};

static void test_vectors(void **state)
{
    char msg[200];
    const struct module_crypto *crypto = module_load("crypto", msg);

    (void)state;
    if (crypto == NULL) {
        fail_msg("%s", msg);
    }
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        unsigned char mac[32];
        char hex[65];

        /* An earlier key must leave no trace. */
        assert_true(crypto->hmac_sha256(SLICE("another"), SLICE("text"), mac));
        assert_true(crypto->hmac_sha256(vectors[i].key, vectors[i].text, mac));
        for (size_t j = 0; j < 32; j++) {
            (void)snprintf(hex + 2 * j, 3, "%02x", mac[j]);
        }
        if (strcmp(hex, vectors[i].mac) != 0) {
            fail_msg("%s: %s", vectors[i].label, hex);
        }
    }
}

static void check_hex(const char *label, const unsigned char *got, size_t len,
                      const char *want)
{
    char hex[2 * MODULE_SHA256_LEN + 1];

    for (size_t i = 0; i < len; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", got[i]);
    }
    if (strcmp(hex, want) != 0) {
        fail_msg("%s: %s", label, hex);
    }
}

static void test_sha1(void **state)
{
    static const struct vector sha1[] = {
        {"RFC 2202 case 1",
         {REPEAT20("\x0b"), 20},
         SLICE("Hi There"),
         "b617318655057264e28bc0b6fb378c8ef146be00"},
        {"RFC 2202 case 2", SLICE("Jefe"),
         SLICE("what do ya want for nothing?"),
         "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {"empty", SLICE_NULL, SLICE_NULL,
         "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"},
    };
    char msg[200];
    const struct module_crypto *crypto = module_load("crypto", msg);

    (void)state;
    assert_non_null(crypto);
    for (size_t i = 0; i < sizeof(sha1) / sizeof(*sha1); i++) {
        unsigned char mac[MODULE_SHA1_LEN];

        assert_true(crypto->hmac_sha1(sha1[i].key, sha1[i].text, mac));
        check_hex(sha1[i].label, mac, sizeof(mac), sha1[i].mac);
    }
}

static void test_md5(void **state)
{
    char msg[200];
    const struct module_crypto *crypto = module_load("crypto", msg);
    unsigned char sum[MODULE_MD5_LEN];

    (void)state;
    assert_non_null(crypto);
    assert_true(crypto->md5(SLICE("message digest"), sum));
    check_hex("RFC 1321", sum, sizeof(sum), "f96b697d7cb7938d525a2f31aaf161d0");
    assert_true(crypto->md5(SLICE_NULL, sum));
    check_hex("empty", sum, sizeof(sum), "d41d8cd98f00b204e9800998ecf8427e");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors),
                                       cmocka_unit_test(test_sha1),
                                       cmocka_unit_test(test_md5)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
