/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "guard.h"
#include "store/verp.h"

#define NOW    1767225600 /* 2026-01-01T00:00:00Z */
#define DAY_S  86400
#define SENDER "bounces@example.com"

static const struct verp_key k1 = {{"k1", 2}, {"first secret of 24 bytes", 24}};
static const struct verp_key k2 = {{"k2", 2}, {"other secret of 24 bytes", 24}};

static enum verp_verdict verify(const char *address, int64_t now,
                                struct verp_seen *seen)
{
    const struct verp_key keys[] = {k2, k1};
    struct guard guard = guard_slice(slice_cstr(address));
    enum verp_verdict verdict =
        verp_verify(keys, 2, guard.slice, now, 7 * DAY_S, seen);

    guard_free(&guard);
    return verdict;
}

static const struct {
    const char *sender, *recipient, *id;
    const char *seen, *seen_id; /* NULL: it cannot be signed */
} signings[] = {
    {SENDER, "ann@example.org", NULL, "ann@example.org", ""},
    {SENDER, "ann@example.org", "m7", "ann@example.org", "m7"},
    {SENDER, "ann+x=y@example.org", NULL, "ann+x=y@example.org", ""},
    {SENDER, "a.b-c_d@e-f.example", NULL, "a.b-c_d@e-f.example", ""},
    {SENDER, "a..b@e.example", NULL, "a..b@e.example", ""},
    {SENDER, "\"a b\"@e.example", NULL, "\"a b\"@e.example", ""},
    {SENDER, "j\xC3\xB6rg@e.example", NULL, "j\xC3\xB6rg@e.example", ""},
    {SENDER, "a~b@e.example", "x+y=z", "a~b@e.example", "x+y=z"},
    {"b+list@example.com", "ann@e.example", "i", "ann@e.example", "i"},
    {"b+list@example.com", "ann.with.a.very.long.name@long.e.example", "i", "",
     "i"},
    {"<" SENDER ">", "<ann@example.org>", NULL, "ann@example.org", ""},
    /* 64 bytes with the recipient of 31 bytes, and one more. */
    {SENDER, "ann678901234567890123@e.example", NULL,
     "ann678901234567890123@e.example", ""},
    {SENDER, "ann6789012345678901234@e.example", NULL, NULL, NULL},
    {SENDER, "ann6789012345678901234@e.example", "m7", "", "m7"},
    {SENDER, "ann@example.org",
     "an-id-that-leaves-no-room-for-anything-else-in-it", NULL, NULL},
    {SENDER, "ann", NULL, NULL, NULL},
    {SENDER, "@example.org", NULL, NULL, NULL},
    {SENDER, "ann@", NULL, NULL, NULL},
    {SENDER, "a\nn@example.org", NULL, NULL, NULL},
    {SENDER, "ann@exa\rmple.org", NULL, NULL, NULL},
    {SENDER, "ann@example.org", "x\ny", NULL, NULL},
    {"bounces", "ann@example.org", NULL, NULL, NULL},
    {"b=c@example.com", "ann@example.org", NULL, NULL, NULL},
    {"\"b c\"@example.com", "ann@example.org", NULL, NULL, NULL},
};

static void test_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(signings) / sizeof(signings[0]); i++) {
        struct verp_seen seen;
        char out[321];
        bool fits = verp_sign(&k1, slice_cstr(signings[i].sender),
                              slice_cstr(signings[i].recipient),
                              slice_cstr(signings[i].id), NOW + 99, out);

        if (signings[i].seen == NULL) {
            if (fits)
                fail_msg("%s: %s", signings[i].recipient, out);
            assert_string_equal(out, "");
            continue;
        }
        if (!fits)
            fail_msg("%s cannot be signed", signings[i].recipient);
        assert_true(strchr(out, '@') - out <= 64);
        assert_int_equal(verify(out, NOW + DAY_S, &seen), VERP_FINE);
        assert_string_equal(seen.recipient, signings[i].seen);
        assert_string_equal(seen.id, signings[i].seen_id);
        assert_string_equal(seen.key, "k1");
        assert_int_equal(seen.signed_at, NOW);
    }
}

/* What every release must read: an address as it was signed once. */
static void test_stays_readable(void **state)
{
    struct verp_seen seen;
    char out[321];

    (void)state;
    assert_true(verp_sign(&k1, SLICE(SENDER), SLICE("ann@example.org"),
                          SLICE("m7"), NOW, out));
    assert_string_equal(
        out, "bounces+ann=example.org+m7+k1-ezcg-bnyby4q7r5zy5r49@example.com");
    assert_int_equal(
        verify(
            "bounces+ann=example.org+m7+k1-ezcg-bnyby4q7r5zy5r49@example.com",
            NOW, &seen),
        VERP_FINE);
}

static void test_case_and_brackets(void **state)
{
    struct verp_seen seen;
    char out[321], loud[400];

    (void)state;
    assert_true(verp_sign(&k1, SLICE(SENDER), SLICE("ann@example.org"),
                          SLICE_NULL, NOW, out));
    snprintf(loud, sizeof(loud), " <%s> ", out);
    assert_int_equal(verify(loud, NOW, &seen), VERP_FINE);
    for (char *p = loud; *p != '\0'; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 32);
    assert_int_equal(verify(loud, NOW, &seen), VERP_FINE);
    assert_string_equal(seen.recipient, "ANN@EXAMPLE.ORG");
}

/* Every single byte of it counts; what counts not would be free to choose. */
static void test_forged(void **state)
{
    struct verp_seen seen;
    char out[321];
    size_t prefix = strlen("bounces");

    (void)state;
    assert_true(verp_sign(&k1, SLICE(SENDER), SLICE("ann@example.org"),
                          SLICE("m7"), NOW, out));
    for (size_t i = prefix; out[i] != '\0'; i++) {
        char was = out[i];

        for (const char *p = "0a7z.-+=~@"; *p != '\0'; p++) {
            if (*p == was)
                continue;
            out[i] = *p;
            assert_int_not_equal(verify(out, NOW, &seen), VERP_FINE);
        }
        out[i] = was;
    }
    assert_int_equal(verify(out, NOW, &seen), VERP_FINE);
    for (size_t len = 0; out[len] != '\0'; len++) {
        char was = out[len];

        out[len] = '\0';
        assert_int_not_equal(verify(out, NOW, &seen), VERP_FINE);
        out[len] = was;
    }
}

static void test_moved_token(void **state)
{
    struct verp_seen seen;
    char out[321], other[400];
    const char *token;

    (void)state;
    assert_true(verp_sign(&k1, SLICE(SENDER), SLICE("ann@example.org"),
                          SLICE_NULL, NOW, out));
    token = strstr(out, "+k1-");
    assert_non_null(token);
    snprintf(other, sizeof(other), "bounces+bob=example.org%s", token);
    assert_int_equal(verify(other, NOW, &seen), VERP_FORGED);
    assert_string_equal(seen.recipient, "bob@example.org");
    snprintf(other, sizeof(other), "%.*s@example.net",
             (int)(strchr(out, '@') - out), out);
    assert_int_equal(verify(other, NOW, &seen), VERP_FORGED);
    snprintf(other, sizeof(other), "bounces+ann=example.org+m8%s", token);
    assert_int_equal(verify(other, NOW, &seen), VERP_FORGED);
    snprintf(other, sizeof(other), "bounces+m8%s", token);
    assert_int_equal(verify(other, NOW, &seen), VERP_FORGED);
}

static void test_age(void **state)
{
    struct verp_seen seen;
    char out[321];

    (void)state;
    assert_true(verp_sign(&k1, SLICE(SENDER), SLICE("ann@example.org"),
                          SLICE_NULL, NOW + 1800, out));
    assert_int_equal(verify(out, NOW + 1800 + 7 * DAY_S, &seen), VERP_FINE);
    assert_int_equal(verify(out, NOW + 5400 + 7 * DAY_S, &seen), VERP_EXPIRED);
    assert_string_equal(seen.recipient, "ann@example.org");
    assert_int_equal(verify(out, NOW - DAY_S, &seen), VERP_FINE);
    assert_false(verp_sign(&k1, SLICE(SENDER), SLICE("ann@example.org"),
                           SLICE_NULL, -1, out));
}

static void test_keys(void **state)
{
    static const struct verp_key bad[] = {
        {{"k1", 2}, {"short", 5}},
        {{"", 0}, {"first secret of 24 bytes", 24}},
        {{"K1", 2}, {"first secret of 24 bytes", 24}},
        {{"k-1", 3}, {"first secret of 24 bytes", 24}},
        {{"ninechars", 9}, {"first secret of 24 bytes", 24}}};
    const struct verp_key imposter = {{"k1", 2},
                                      {"quite another secret....", 24}};
    const struct verp_key both[] = {imposter, k1};
    struct verp_seen seen;
    char out[321];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(verp_sign(&bad[i], SLICE(SENDER), SLICE("ann@e.example"),
                               SLICE_NULL, NOW, out));
    assert_true(verp_sign(&k1, SLICE(SENDER), SLICE("ann@e.example"),
                          SLICE_NULL, NOW, out));
    assert_int_equal(verp_verify(&k2, 1, slice_cstr(out), NOW, DAY_S, &seen),
                     VERP_FOREIGN);
    assert_string_equal(seen.key, "k1");
    assert_int_equal(
        verp_verify(&imposter, 1, slice_cstr(out), NOW, DAY_S, &seen),
        VERP_FORGED);
    /* Two secrets of one name: while it is being changed. */
    assert_int_equal(verp_verify(both, 2, slice_cstr(out), NOW, DAY_S, &seen),
                     VERP_FINE);
    assert_int_equal(verp_verify(NULL, 0, slice_cstr(out), NOW, DAY_S, &seen),
                     VERP_FOREIGN);
}

static void test_none(void **state)
{
    static const char *const others[] = {
        "",
        "@",
        "ann@example.org",
        "bounces+ann=example.org@example.com",
        "bounces+k1-0-0000000000000000@example.com",
        "b+ann=example.org+k1-zz-00000000@example.com",
        "b+ann=example.org+k1-zz-uuuuuuuuuuuuuuuu@example.com",
        "b+ann=example.org+-zz-0000000000000000@example.com",
        "b+ann=example.org+k1--0000000000000000@example.com",
        "b+ann=example.org+k1-zzzzzzzzz-0000000000000000@example.com",
        "b+a~zzn=example.org+k1-zz-0000000000000000@example.com",
        "b+a~0an=example.org+k1-zz-0000000000000000@example.com",
        "b+ann=example.org+k1-zz-0000000000000000@exa mple.com",
        "+ann=example.org+k1-zz-0000000000000000@example.com",
        "prvs=0123456789=ann@example.org"};

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct verp_seen seen;

        if (verify(others[i], NOW, &seen) != VERP_NONE)
            fail_msg("%s", others[i]);
        assert_string_equal(seen.recipient, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_stays_readable),
        cmocka_unit_test(test_case_and_brackets),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_moved_token),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
