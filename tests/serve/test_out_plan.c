/* SPDX-License-Identifier: MIT
 * Webhooks of ours: which changes, which answers, which waits, which
 * signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "serve/out_plan.h"
#include "serve/out_sign.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void events_are_words(void **state)
{
    static const struct {
        const char *words, *what, *becomes, *outcome;
        bool wanted;
    } rows[] = {
        {NULL, "state", "suppressed", "", true},
        {NULL, "weather", "rain", "", true},
        {"state", "state", "active", "", true},
        {"state", "hold", "held", "", false},
        {"hold", "hold", "free", "", true},
        {"incident", "incident", "open", "", true},
        {"incident, hold", "hold", "held", "", true},
        {"Suppressed", "state", "suppressed", "", true},
        {"suppressed", "state", "suspended", "", false},
        {"suspended", "state", "suspended", "", true},
        {"released", "state", "active", "", true},
        {"released", "state", "suspended", "", false},
        {"held", "hold", "held", "", true},
        {"held", "hold", "free", "", false},
        {"freed", "hold", "free", "", true},
        {"freed", "state", "free", "", false},
        {"suppressed,freed", "state", "suppressed", "", true},
        {"suppressed,freed", "hold", "held", "", false},
        {"opened", "incident", "open", "opened", true},
        {"opened", "incident", "open", "worsened", false},
        {"opened", "incident", "closed", "closed", false},
        {"closed", "incident", "closed", "closed", true},
        {"incident", "incident", "open", "worsened", true},
        {"closed", "state", "active", "closed", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct list_change change = {
            .what = slice_cstr(rows[i].what),
            .becomes = slice_cstr(rows[i].becomes),
            .outcome = slice_cstr(rows[i].outcome)};
        struct bounce_slice wrong;
        unsigned mask;

        assert_true(out_events(slice_cstr(rows[i].words), &mask, &wrong));
        if (out_wants(mask, &change) != rows[i].wanted)
            fail_msg("%s: %s %s", rows[i].words, rows[i].what, rows[i].becomes);
    }
}

static void unknown_words_are_named(void **state)
{
    struct bounce_slice wrong = SLICE_NULL;
    unsigned mask = 7;

    (void)state;
    assert_false(out_events(SLICE("state, weather, hold"), &mask, &wrong));
    assert_true(slice_eq(wrong, SLICE("weather")));
    assert_int_equal(mask, 7);
    assert_false(out_events(SLICE("state,,hold"), &mask, &wrong));
}

static void urls_are_safe(void **state)
{
    static const struct {
        const char *url;
        bool allow, fine;
    } rows[] = {
        {"https://hooks.example.org/in?a=b", false, true},
        {"HTTPS://hooks.example.org", false, true},
        {"http://hooks.example.org/", false, false},
        {"http://hooks.example.org/", true, true},
        {"http://localhost:80/x", false, true},
        {"http://LOCALHOST", false, true},
        {"http://127.0.0.1:9/x", false, true},
        {"http://127.9.8.7?x", false, true},
        {"http://[::1]:9/x", false, true},
        {"http://[::2]:9/x", false, false},
        {"http://127.0.0.1.example.org/", false, false},
        {"http://127.example.org/", false, false},
        {"http://localhost.example.org/", false, false},
        {"http://127.0.0.1@hooks.example.org/", false, false},
        {"http://127.0.0.1:80@hooks.example.org/", false, false},
        {"https://a:b@hooks.example.org/", false, false},
        {"https:///x", false, false},
        {"https://", false, false},
        {"ftp://hooks.example.org/", true, false},
        {"hooks.example.org", true, false},
        {"", true, false},
        {"https://hooks.example.org/a b", false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct guard url = guard_slice(slice_cstr(rows[i].url));
        const char *flaw = out_url_flaw(url.slice, rows[i].allow);

        if ((flaw == NULL) != rows[i].fine)
            fail_msg("%s: %s", rows[i].url, flaw != NULL ? flaw : "fine");
        guard_free(&url);
    }
}

static void answers_have_fates(void **state)
{
    static const struct {
        unsigned status;
        enum out_fate fate;
    } rows[] = {{200, OUT_TAKEN}, {204, OUT_TAKEN}, {299, OUT_TAKEN},
                {301, OUT_AGAIN}, {400, OUT_AGAIN}, {404, OUT_AGAIN},
                {410, OUT_GONE},  {429, OUT_AGAIN}, {500, OUT_AGAIN},
                {503, OUT_AGAIN}, {100, OUT_AGAIN}, {0, OUT_AGAIN}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(out_fate(rows[i].status), rows[i].fate);
}

/* Whatever the random bits: between half and all of the doubled wait. */
static void waits_grow_up_to_a_ceiling(void **state)
{
    static const struct out_pace pace = {4, 100, 1000, 20};
    static const uint32_t bits[] = {0, 1,     2,          3,
                                    7, 12345, 0x7FFFFFFF, 0xFFFFFFFF};
    static const int64_t whole[] = {4, 8, 16, 32, 64, 100, 100, 100};

    (void)state;
    for (unsigned n = 0; n < COUNT(whole); n++) {
        int64_t least = INT64_MAX, most = 0;

        for (size_t i = 0; i < COUNT(bits); i++) {
            int64_t wait = out_wait_s(&pace, n + 1, 0, bits[i]);

            assert_in_range(wait, whole[n] - whole[n] / 2, whole[n]);
            least = wait < least ? wait : least;
            most = wait > most ? wait : most;
        }
        assert_true(least < most); /* many do not come back at once */
        assert_int_equal(most, whole[n]);
    }
    assert_int_equal(out_wait_s(&pace, 4000000000U, 0, 0), 100);
}

static void what_the_receiver_asks_is_waited_for(void **state)
{
    static const struct out_pace pace = {4, 100, 1000, 20};
    static const struct out_pace quick = {1, 1, 1000, 20};

    (void)state;
    assert_int_equal(out_wait_s(&pace, 1, 30, 0), 30);
    assert_int_equal(out_wait_s(&pace, 5, 30, 0), 64);
    assert_int_equal(out_wait_s(&pace, 1, 86399, 0), 86399);
    assert_int_equal(out_wait_s(&pace, 1, 4000000000U, 0), 86400);
    for (uint32_t random = 0; random < 9; random++)
        assert_int_equal(out_wait_s(&quick, 1, 0, random), 1);
}

static void it_gives_up_by_count_and_by_time(void **state)
{
    static const struct out_pace pace = {4, 100, 1000, 3};

    (void)state;
    assert_false(out_gives_up(&pace, 1, 5000, 5999));
    assert_true(out_gives_up(&pace, 1, 5000, 6000));
    assert_false(out_gives_up(&pace, 2, 5000, 5001));
    assert_true(out_gives_up(&pace, 3, 5000, 5001));
}

/* "whsec_" and 24 bytes, each i. */
static void secrets_are_read(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        const char *flaw; /* its end */
    } rows[] = {
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", 1, NULL},
        {"\n whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA \r\n\r\n"
         "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=",
         2, NULL},
        {"", 0, "no secret"},
        {"\n\n", 0, "no secret"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0, "whsec_"},
        {"whsec_", 0, "24 bytes"},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0, "24 bytes"},
        {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0, "no base64"},
        {"whsec_AAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAA", 0, "no base64"},
        {"whsec_AAAAAAAA=AAAAAAAAAAAAAAAAAAAAAAA", 0, "no base64"},
        {"whsec_"
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         "AAAAAAAAAAAAAAAAAAAAAAAA",
         0, "64 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct guard text = guard_slice(slice_cstr(rows[i].text));
        struct out_secrets secrets;
        const char *flaw = out_secrets_read(text.slice, &secrets);

        if (rows[i].flaw == NULL) {
            assert_null(flaw);
            assert_int_equal(secrets.count, rows[i].count);
        } else if (flaw == NULL || strstr(flaw, rows[i].flaw) == NULL) {
            fail_msg("%s: %s", rows[i].text, flaw != NULL ? flaw : "fine");
        }
        guard_free(&text);
    }
}

static void no_more_than_eight_secrets(void **state)
{
    static const char line[] = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    struct out_secrets secrets;
    char text[9 * sizeof(line)] = "";

    (void)state;
    for (int i = 0; i < 8; i++)
        strcat(text, line);
    assert_null(out_secrets_read(slice_cstr(text), &secrets));
    assert_int_equal(secrets.count, 8);
    strcat(text, line);
    assert_non_null(out_secrets_read(slice_cstr(text), &secrets));
}

/* The example of the scheme's own documentation, and of two secrets the one
 * after the other. */
static void signatures_are_those_of_the_scheme(void **state)
{
    static const char known[] =
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    char why[160];
    const struct module_crypto *crypto = module_load("crypto", why);
    struct out_secrets secrets;
    char text[OUT_SIGNATURES];

    (void)state;
    assert_non_null(crypto);
    assert_null(
        out_secrets_read(SLICE("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
                               "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"),
                         &secrets));
    assert_true(out_sign(crypto, &secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek",
                         1614265330, SLICE("{\"test\": 2432232314}"), text));
    assert_memory_equal(text, known, sizeof(known) - 1);
    assert_memory_equal(text + sizeof(known) - 1, " v1,", 4);
    assert_int_equal(strlen(text), 2 * (sizeof(known) - 1) + 1);
    secrets.count = OUT_SECRETS;
    assert_true(
        out_sign(crypto, &secrets, "msg_x", INT64_MAX, SLICE(""), text));
    assert_int_equal(strlen(text), 8 * sizeof(known) - 1);
}

static void ids_tell_batches_apart(void **state)
{
    char why[160], id[OUT_ID], other[OUT_ID];
    const struct module_crypto *crypto = module_load("crypto", why);

    (void)state;
    assert_non_null(crypto);
    assert_true(out_sign_id(crypto, SLICE("salt"), "shop", 1, 2, id));
    assert_int_equal(strlen(id), 28);
    assert_true(out_sign_id(crypto, SLICE("salt"), "shop", 1, 2, other));
    assert_string_equal(id, other);
    assert_true(out_sign_id(crypto, SLICE("salt"), "shop", 1, 3, other));
    assert_string_not_equal(id, other);
    assert_true(out_sign_id(crypto, SLICE("salt"), "shop2", 1, 2, other));
    assert_string_not_equal(id, other);
    assert_true(out_sign_id(crypto, SLICE("pepper"), "shop", 1, 2, other));
    assert_string_not_equal(id, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_words),
        cmocka_unit_test(unknown_words_are_named),
        cmocka_unit_test(urls_are_safe),
        cmocka_unit_test(answers_have_fates),
        cmocka_unit_test(waits_grow_up_to_a_ceiling),
        cmocka_unit_test(what_the_receiver_asks_is_waited_for),
        cmocka_unit_test(it_gives_up_by_count_and_by_time),
        cmocka_unit_test(secrets_are_read),
        cmocka_unit_test(no_more_than_eight_secrets),
        cmocka_unit_test(signatures_are_those_of_the_scheme),
        cmocka_unit_test(ids_tell_batches_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
