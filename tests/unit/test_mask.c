/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "classify/mask.h"
#include "classify/normalize.h"

static const struct {
    const char *label, *text, *want;
} rows[] = {
    {"empty", "", ""},
    {"words stay", "User unknown", "user unknown"},
    {"address", "<a@example.org>: gone", "{addr}: gone"},
    {"IPv4", "host [192.0.2.1] blocked", "host [{ip}] blocked"},
    {"IPv6", "host 2001:db8::1 blocked", "host {ip} blocked"},
    {"link", "see https://example.org/a?b=1.", "see {url}."},
    {"host", "by mx1.example.org (x)", "by {host} (x)"},
    {"number", "wait 300 seconds", "wait {n} seconds"},
    {"number and unit", "wait 300s, limit 25MB", "wait {n}s, limit {n}mb"},
    {"time", "at 12:34:56 utc", "at {time} utc"},
    {"status stays", "(#5.7.1)", "(#5.7.1)"},
    {"provider's code stays", "blocked (S3140) OFR_416",
     "blocked (s3140) ofr_416"},
    {"queue id", "z2si1584129pfn.61 - gsmtp", "{id} - gsmtp"},
    {"hex id", "id 4f1c2d3e9a done", "id {id} done"},
    {"version is no status", "version 1.2.3", "version {n}"},
    {"Japanese stays", "\xE5\xAE\x9B\xE5\x85\x88", "\xE5\xAE\x9B\xE5\x85\x88"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bounce_slice text = slice_cstr(rows[i].text);
        char *normal = malloc(NORMALIZE_ROOM(text.len));
        size_t len = normalize(text, NULL, 0, normal);
        char *out = malloc(MASK_ROOM(len));
        size_t got = mask(slice_make(normal, len), out);

        if (!slice_eq(slice_make(out, got), slice_cstr(rows[i].want)))
            fail_msg("%s: got \"%.*s\"", rows[i].label, (int)got, out);
        free(normal);
        free(out);
    }
}

/* The worst words for the room: one byte that becomes a mask. */
static void test_room(void **state)
{
    char text[2001], *out;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 2 == 0 ? NORMALIZE_ADDRESS : ' ';
    out = malloc(MASK_ROOM(sizeof(text)));
    assert_true(mask(slice_make(text, sizeof(text)), out) <=
                MASK_ROOM(sizeof(text)));
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
