/* SPDX-License-Identifier: MIT
 * Module crypto against the vectors of RFC 4231. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
