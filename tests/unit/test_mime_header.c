/* SPDX-License-Identifier: MIT
 * Header fields: blocks, encoded words, parameters, comments. */
#include "mime_fixture.h"

#include "base/buf.h"
#include "guard.h"

struct row {
    const char *label, *input, *want;
};

static const struct row word_rows[] = {
    {"plain", "Hello", "Hello"},
    {"empty", "", ""},
    {"ends trimmed", " \t Hello \r\n", "Hello"},
    {"unfolded", "one\r\n two\n\tthree\r  four", "one two three four"},
    {"Q", "=?iso-8859-1?Q?J=F6rg_M=fcller?=", "J\xC3\xB6rg M\xC3\xBCller"},
    {"q in lower case", "=?utf-8?q?a?=", "a"},
    {"B", "=?UTF-8?B?SsO2cmc=?=", "J\xC3\xB6rg"},
    {"B without padding", "=?UTF-8?B?SsO2cmc?=", "J\xC3\xB6rg"},
    {"B with blanks", "=?UTF-8?B?SsO2 cmc=?=", "J\xC3\xB6rg"},
    {"language", "=?utf-8*de?Q?a?=", "a"},
    {"among text", "a =?utf-8?Q?b?= c", "a b c"},
    {"adjacent words", "=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"},
    {"adjacent words, folded", "=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab"},
    {"adjacent words without a blank", "=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"},
    {"adjacent words, two charsets",
     "=?utf-8?Q?=C3=B6?= =?iso-8859-1?Q?=F6?=", "\xC3\xB6\xC3\xB6"},
    {"adjacent words, both encodings", "=?utf-8?Q?a?= =?utf-8?B?Yg==?=", "ab"},
    {"character split between Q words",
     "=?utf-8?Q?=C3?= =?UTF-8?Q?=B6?=", "\xC3\xB6"},
    {"character split between B words",
     "=?utf-8?B?4w==?= =?utf-8?B?gYI=?=", "\xE3\x81\x82"},
    {"ISO-2022-JP",
     "=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "\xE6\x97\xA5\xE6\x9C\xAC"},
    {"Shift_JIS", "=?x-sjis?B?k/qWew==?=", "\xE6\x97\xA5\xE6\x9C\xAC"},
    {"blanks in Q text", "=?utf-8?Q?a b?=", "a b"},
    {"question mark in Q text", "=?utf-8?Q?why?not?=", "why?not"},
    {"text that begins with =", "=?iso-8859-1?Q?=E4?=", "\xC3\xA4"},
    {"empty word",
     "=?utf-8?Q?"
     "?=",
     ""},
    {"bad escape in Q", "=?utf-8?Q?a=zz?=", "a=zz"},
    {"unknown encoding", "=?utf-8?X?a?=", "=?utf-8?X?a?="},
    {"no end", "=?utf-8?Q?a b", "=?utf-8?Q?a b"},
    {"cut off", "=?utf-8?Q?a=C3=B6", "a\xC3\xB6"},
    {"no end, another word", "=?utf-8?Q?a =?utf-8?Q?b?=", "=?utf-8?Q?a b"},
    {"no charset",
     "=?"
     "?Q?a?=",
     "=?"
     "?Q?a?="},
    {"unknown charset", "=?no-such?Q?a=C3=B6?=", "a\xC3\xB6"},
    {"in quotes", "\"=?utf-8?Q?a?=\" <a@b>", "\"a\" <a@b>"},
    {"line end inside a word", "=?utf-8?Q?a=0D=0ABcc:_x?=", "a  Bcc: x"},
    {"raw UTF-8", "J\xC3\xB6rg", "J\xC3\xB6rg"},
    {"raw Windows-1252", "J\xF6rg \x80", "J\xC3\xB6rg \xE2\x82\xAC"},
    {"raw ISO-2022-JP", "\x1B$BF|K\\\x1B(B", "\xE6\x97\xA5\xE6\x9C\xAC"},
    {"marks alone", "=?=?=?", "=?=?=?"},
};

static const struct row param_rows[] = {
    /* the parameter is always "name" */
    {"token", "text/plain; name=a", "a"},
    {"any case", "text/plain; NAME=a", "a"},
    {"quoted", "text/plain; name=\"a b; c\"", "a b; c"},
    {"escapes", "text/plain; name=\"a\\\"b\\\\c\"", "a\"b\\c"},
    {"absent", "text/plain; other=a", NULL},
    {"no parameters", "text/plain", NULL},
    {"empty value", "text/plain; name=", ""},
    {"empty quotes", "text/plain; name=\"\"", ""},
    {"blanks around =", "text/plain; name = a ; x=y", "a"},
    {"comment", "text/plain; (c;) name=us-ascii (Plain text)", "us-ascii"},
    {"comment before the value", "text/plain; name=(c)a", "a"},
    {"no closing quote", "text/plain; name=\"a b", "a b"},
    {"blanks without quotes", "text/plain; name=a b.txt; x=y", "a b.txt"},
    {"semicolon forgotten", "text/plain; name=a\r\n charset=b", "a"},
    {"semicolon forgotten before", "text/plain name=a", "a"},
    {"semicolon forgotten behind quotes", "text/plain; x=\"y\" name=a", "a"},
    {"several semicolons", "text/plain;; ; name=a;", "a"},
    {"name is a beginning of another", "text/plain; name2=b; name=a", "a"},
    {"first one counts", "text/plain; name=a; name=b", "a"},
    {"text in another's quotes", "text/plain; x=\"name=b\"; name=a", "a"},
    {"signs", "a/b; name=----=_Part_1?x:y/z", "----=_Part_1?x:y/z"},
    {"encoded word", "a/b; name=\"=?utf-8?Q?=C3=B6?=\"", "\xC3\xB6"},
    {"encoded word without quotes", "a/b; name==?utf-8?Q?=C3=B6?=", "\xC3\xB6"},
    {"raw Windows-1252", "a/b; name=\"\xF6\"", "\xC3\xB6"},
    {"charset", "a/b; name*=utf-8'de'%C3%b6", "\xC3\xB6"},
    {"other charset", "a/b; name*=iso-8859-1''%F6", "\xC3\xB6"},
    {"charset missing", "a/b; name*=a%20b", "a b"},
    {"bad percent", "a/b; name*=utf-8''100%zz%4", "100%zz%4"},
    {"sections", "a/b; name*0=a; name*1=\"b c\"; name*2=d", "ab cd"},
    {"sections out of order", "a/b; name*1=b; name*0=a", "ab"},
    {"section missing", "a/b; name*0=a; name*2=c", "a"},
    {"sections with charset",
     "a/b; name*0*=utf-8''%C3; name*1*=%B6; name*2=%20", "\xC3\xB6%20"},
    {"section 0 missing", "a/b; name*1=b", NULL},
    {"extended before plain", "a/b; name=a; name*=utf-8''b", "b"},
    {"section number too large", "a/b; name*9999=a; name=b", "b"},
    {"folded", "a/b;\r\n\tname=\"a\r\n b\"", "a b"},
};

static const struct row comment_rows[] = {
    {"none", "5.1.1", "5.1.1"},
    {"behind", "5.1.1 (bad)", "5.1.1"},
    {"before", "(bad) 5.1.1", "5.1.1"},
    {"nested", "5.1.1 (a (b) c)", "5.1.1"},
    {"escaped", "5.1.1 (a \\) b)", "5.1.1"},
    {"in quotes", "\"a (b)\" (c)", "\"a (b)\""},
    {"not closed", "5.1.1 (bad", "5.1.1"},
    {"in the middle", "a (b) c", "a  c"},
    {"alone", "(a)", ""},
    {"stray )", "a) b", "a) b"},
};

typedef struct bounce_slice function(struct message *message,
                                     struct bounce_slice value);

static struct bounce_slice param_name(struct message *message,
                                      struct bounce_slice value)
{
    return mime_param(message, value, SLICE("name"));
}

/* Every row, and every beginning of it, before an unreadable page. */
static void check_rows(const struct row *rows, size_t count, function *call)
{
    struct fixture fixture;

    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(rows[i].input);

        for (size_t n = 0; n <= len; n++) {
            struct guard guard = guard_copy(rows[i].input, n);
            struct message *message = fixture_begin(&fixture, guard.slice);
            struct bounce_slice got = call(message, guard.slice);

            if (n == len)
                check_slice(rows[i].label, got, rows[i].want);
            guard_free(&guard);
        }
    }
    fixture_clear(&fixture);
}

static void test_words(void **state)
{
    (void)state;
    check_rows(word_rows, sizeof(word_rows) / sizeof(*word_rows),
               mime_decode_header);
}

static void test_params(void **state)
{
    (void)state;
    check_rows(param_rows, sizeof(param_rows) / sizeof(*param_rows),
               param_name);
}

static void test_comments(void **state)
{
    (void)state;
    check_rows(comment_rows, sizeof(comment_rows) / sizeof(*comment_rows),
               mime_strip_comments);
}

struct fields_row {
    const char *label, *input;
    const char *fields; /* "name=value|..." */
    const char *rest;
    const char *warning;
};

static const struct fields_row fields_rows[] = {
    {"two", "A: b\nC: d\n", "A=b|C=d|", "", NULL},
    {"stops at the empty line", "A: b\n\nC: d\n", "A=b|", "C: d\n", NULL},
    {"stops at a line of blanks", "A: b\n \nC: d\n", "A=b|", "C: d\n", NULL},
    {"leading empty lines", "\n\r\nA: b\n", "A=b|", "", NULL},
    {"folded", "A: b\n c\r\n\td\nE: f", "A=b\n c\r\n\td|E=f|", "", NULL},
    {"line without colon", "A: b\nnonsense\nC: d\n", "A=b|C=d|", "",
     "field-malformed"},
    {"blank before colon", "A : b\n", "A=b|", "", NULL},
    {"empty value", "A:\nB: c\n", "A=|B=c|", "", NULL},
    {"colon in the value", "A: b: c\n", "A=b: c|", "", NULL},
    {"no blank behind the colon", "A:b\n", "A=b|", "", NULL},
    {"CR", "A: b\rC: d\r\rE: f\r", "A=b|C=d|", "E: f\r", NULL},
    {"nothing", "", "", "", NULL},
    {"empty lines only", "\n\n", "", "", NULL},
};

static void test_fields(void **state)
{
    struct fixture fixture;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < sizeof(fields_rows) / sizeof(*fields_rows); i++) {
        const struct fields_row *row = &fields_rows[i];
        struct guard guard = guard_slice(slice_cstr(row->input));
        struct message *message = fixture_begin(&fixture, guard.slice);
        struct bounce_slice rest;
        struct buf text;

        buf_init(&text, &fixture.arena, 1000);
        for (struct mime_header *h =
                 mime_parse_fields(message, guard.slice, &rest);
             h != NULL; h = h->next) {
            buf_add(&text, h->name);
            buf_add_byte(&text, '=');
            buf_add(&text, h->value);
            buf_add_byte(&text, '|');
        }
        check_slice(row->label, buf_slice(&text), row->fields);
        check_slice(row->label, rest, row->rest);
        if (row->warning != NULL)
            assert_true(fixture_warned(&fixture, row->warning));
        else
            assert_int_equal(message->warning_count, 0);
        guard_free(&guard);
    }
    fixture_clear(&fixture);
}

static void test_find(void **state)
{
    struct fixture fixture;
    struct message *message;
    const struct mime_header *list;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    message = fixture_begin(&fixture, SLICE("A: 1\na: 2\nB: 3\nE:\n"));
    list = mime_parse_fields(message, SLICE("A: 1\na: 2\nB: 3\nE:\n"), NULL);
    check_slice("first", mime_value(list, SLICE("a")), "1");
    check_slice("next", mime_value(list->next, SLICE("A")), "2");
    check_slice("absent", mime_value(list, SLICE("C")), NULL);
    check_slice("empty", mime_value(list, SLICE("e")), "");
    check_slice("no list", mime_value(NULL, SLICE("A")), NULL);
    fixture_clear(&fixture);
}

static void test_limits(void **state)
{
    const struct bounce_slice input = SLICE("A: 123456\nB: 2\nC: 3\n");
    struct fixture fixture;
    struct message *message;
    struct mime_header *list;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    fixture.options.max_headers = 2;
    fixture.options.max_header = 3;
    message = fixture_begin(&fixture, input);
    list = mime_parse_fields(message, input, NULL);
    check_slice("cut", list->value, "12");
    check_slice("second", list->next->value, "2");
    assert_null(list->next->next);
    assert_true(fixture_warned(&fixture, "header-cut"));
    assert_true(fixture_warned(&fixture, "headers-limit"));
    fixture_clear(&fixture);
}

/* Each name gives its number whatever its case, and nothing else does. */
static void test_numbers(void **state)
{
    (void)state;
    for (int i = 1; i < MIME_FIELD_COUNT; i++) {
        struct bounce_slice name = MIME_FIELD_NAMES[i];
        struct guard guard = guard_copy(name.ptr, name.len);
        char *text = guard.map + (guard.slice.ptr - guard.map); /* writable */

        assert_int_equal(mime_field_of(guard.slice), i);
        for (size_t k = 0; k < name.len; k++)
            text[k] = (char)ascii_lower((unsigned char)text[k]);
        assert_int_equal(mime_field_of(guard.slice), i);
        text[name.len / 2] = '#';
        assert_int_equal(mime_field_of(guard.slice), MIME_FIELD_OTHER);
        guard_free(&guard);
    }
    assert_int_equal(mime_field_of(SLICE_NULL), MIME_FIELD_OTHER);
}

static void test_index(void **state)
{
    const struct bounce_slice text =
        SLICE("Subject: a\nX-Own: b\nto: c\nSUBJECT: d\n");
    struct fixture fixture;
    struct mime_index index;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    mime_index_headers(
        mime_parse_fields(fixture_begin(&fixture, text), text, NULL), &index);
    check_slice("first", mime_index_value(&index, MIME_FIELD_SUBJECT), "a");
    check_slice("any case", mime_index_value(&index, MIME_FIELD_TO), "c");
    check_slice("absent", mime_index_value(&index, MIME_FIELD_DATE), NULL);
    fixture_clear(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),  cmocka_unit_test(test_index),
        cmocka_unit_test(test_words),    cmocka_unit_test(test_params),
        cmocka_unit_test(test_comments), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_find),     cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
