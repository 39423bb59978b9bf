/* SPDX-License-Identifier: MIT
 * Addresses in header values. */
#include "mime_fixture.h"

#include "guard.h"

struct row {
    const char *label, *input, *want, *rest;
};

static const struct row rows[] = {
    {"bare", "a@b.org", "a@b.org", ""},
    {"bracketed", "<a@b.org>", "a@b.org", ""},
    {"name", "Joe Doe <a@b.org>", "a@b.org", ""},
    {"quoted name", "\"Doe, Joe <x@y>\" <a@b.org>", "a@b.org", ""},
    {"name in a comment", "a@b.org (Joe Doe)", "a@b.org", ""},
    {"nested comment", "(x (y) z@w) a@b.org", "a@b.org", ""},
    {"comment inside", "a(x)@(y)b.org", "a@b.org", ""},
    {"blanks around @", "a @ b.org", "a@b.org", ""},
    {"first of two", "a@b.org, c@d.org", "a@b.org", " c@d.org"},
    {"empty members", ", ,a@b.org", "a@b.org", ""},
    {"semicolon between", "a@b.org; c@d.org", "a@b.org", " c@d.org"},
    {"group", "Friends: a@b.org, c@d.org;", "a@b.org", " c@d.org;"},
    {"empty group", "undisclosed-recipients:;", NULL, ""},
    {"quoted local part", "\"a b\"@c.org", "\"a b\"@c.org", ""},
    {"quoted local part in brackets", "<\"a>b\"@c.org>", "\"a>b\"@c.org", ""},
    {"local part of words", "\"a\".b@c.org", "\"a\".b@c.org", ""},
    {"source route", "<@a.org,@b.org:c@d.org>", "c@d.org", ""},
    {"source route without brackets", "@a.org,@b.org:c@d.org", "c@d.org", ""},
    {"null sender", "<>", "", ""},
    {"null sender with blank", "< >", "", ""},
    {"null sender and more", "<>, a@b.org", "", " a@b.org"},
    {"encoded name", "=?utf-8?Q?J=C3=B6rg?= <a@b.org>", "a@b.org", ""},
    {"all of it encoded", "=?utf-8?Q?Joe_=3Ca=40b.org=3E?=", "a@b.org", ""},
    {"encoded local part", "<=?utf-8?Q?joe?=@b.org>", "joe@b.org", ""},
    {"no closing bracket", "Joe <a@b.org", "a@b.org", ""},
    {"no closing bracket, more", "Joe <a@b.org, c@d.org", "a@b.org",
     " c@d.org"},
    {"no opening bracket", "a@b.org>", "a@b.org", ""},
    {"two brackets", "<<a@b.org>>", "a@b.org", ""},
    {"bare and bracketed", "x@y.org <a@b.org>", "a@b.org", ""},
    {"quoted and bracketed", "\"x@y.org\" <a@b.org>", "a@b.org", ""},
    {"quoted alone", "\"a@b.org\"", "a@b.org", ""},
    {"quoted, empty brackets", "\"a@b.org\" <>", "", ""},
    {"mailto", "mailto:a@b.org", "a@b.org", ""},
    {"mailto in brackets", "<mailto:a@b.org>", "a@b.org", ""},
    {"mailto behind", "Joe [mailto:a@b.org]", "a@b.org", ""},
    {"prefix", "SMTP:a@b.org", "a@b.org", ""},
    {"trailing junk", "a@b.org... User unknown", "a@b.org", ""},
    {"trailing dot", "a@b.org.", "a@b.org", ""},
    {"trailing colon", "a@b.org:", "a@b.org", ""},
    {"leading text", "could not be sent to a@b.org today", "a@b.org", ""},
    {"single quotes", "'a@b.org'", "a@b.org", ""},
    {"single quotes in brackets", "<'a@b.org'>", "a@b.org", ""},
    {"single quote in the local part", "o'neil@b.org", "o'neil@b.org", ""},
    {"signs", "a+b=c/d!e%f{g}@h.org", "a+b=c/d!e%f{g}@h.org", ""},
    {"dots where they should not be", "a..b.@c.org", "a..b.@c.org", ""},
    {"domain literal", "a@[192.0.2.1]", "a@[192.0.2.1]", ""},
    {"IPv6 literal", "<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", ""},
    {"host without dot", "a@localhost", "a@localhost", ""},
    {"underscore", "a@b_c.org", "a@b_c.org", ""},
    {"UTF-8",
     "<j\xC3\xB6rg@b\xC3\xBC"
     "cher.example>",
     "j\xC3\xB6rg@b\xC3\xBC"
     "cher.example",
     ""},
    {"Windows-1252", "<j\xF6rg@b.org>", "j\xC3\xB6rg@b.org", ""},
    {"folded", "Joe\r\n <a@b.org>", "a@b.org", ""},
    {"X.400", "X400:c=us;a= ;p=org;s=doe", NULL, ""},
    {"X.400 with slashes", "/G=Joe/S=Doe/C=US/", NULL, ""},
    {"no domain", "<MAILER-DAEMON>", NULL, ""},
    {"no domain behind @", "a@", NULL, ""},
    {"no local part", "@b.org", NULL, ""},
    {"nothing", "", NULL, ""},
    {"words", "Mail Delivery Subsystem", NULL, ""},
    {"signs alone", "<(\"[", NULL, ""},
};

static void test_rows(void **state)
{
    struct fixture fixture;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        size_t len = strlen(rows[i].input);

        for (size_t n = 0; n <= len; n++) {
            struct guard guard = guard_copy(rows[i].input, n);
            struct message *message = fixture_begin(&fixture, guard.slice);
            struct bounce_slice rest;
            struct bounce_slice got = mime_address(message, guard.slice, &rest);

            if (n == len) {
                check_slice(rows[i].label, got, rows[i].want);
                check_slice(rows[i].label, rest, rows[i].rest);
            }
            guard_free(&guard);
        }
    }
    fixture_clear(&fixture);
}

static void test_all_of_a_list(void **state)
{
    const char *const want[] = {"a@b.org", "c@d.org", "e@f.org", NULL};
    struct fixture fixture;
    struct bounce_slice rest =
        SLICE("A <a@b.org>, \"x, y\" <c@d.org>; G: e@f.org;");

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < 4; i++)
        check_slice("list", mime_address(&fixture.message, rest, &rest),
                    want[i]);
    fixture_clear(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_all_of_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
