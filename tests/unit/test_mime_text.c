/* SPDX-License-Identifier: MIT
 * Transfer encodings, HTML, and bodies as text. */
#include "mime_fixture.h"

#include "guard.h"

struct decode_row {
    const char *label;
    enum mime_encoding encoding;
    const char *input, *want;
};

#define QP  MIME_ENCODING_QUOTED_PRINTABLE
#define B64 MIME_ENCODING_BASE64
#define UUE MIME_ENCODING_UUENCODE

static const struct decode_row decode_rows[] = {
    {"identity", MIME_ENCODING_IDENTITY, "a=3Db", "a=3Db"},
    {"qp: nothing to do", QP, "abc\n", "abc\n"},
    {"qp: escape", QP, "a=3Db=C3=B6", "a=b\xC3\xB6"},
    {"qp: lower case", QP, "=c3=b6", "\xC3\xB6"},
    {"qp: soft break", QP, "a=\nb=\r\nc=\rd", "abcd"},
    {"qp: soft break with blanks", QP, "a= \t\nb", "ab"},
    {"qp: soft break at the end", QP, "a=", "a"},
    {"qp: soft break and blanks at the end", QP, "a= ", "a"},
    {"qp: soft break CR CR LF", QP, "a=\r\r\nb", "ab"},
    {"qp: broken escape", QP, "a=zz=4", "a=zz=4"},
    {"qp: two equal signs", QP, "a==3D", "a=="},
    {"qp: underscore", QP, "a_=41", "a_A"},
    {"base64", B64, "SGVsbG8=", "Hello"},
    {"base64: lines", B64, "SGVs\r\nbG8=\r\n", "Hello"},
    {"base64: no padding", B64, "SGVsbG8", "Hello"},
    {"base64: no padding, one byte", B64, "SA", "H"},
    {"base64: half a byte", B64, "SGVsbG8h\nS", "Hello!"},
    {"base64: junk", B64,
     "S*G-V!s\x80"
     "bG8=",
     "Hello"},
    {"base64: streams", B64, "SGVsbG8=\nSGVsbG8=\nSA==", "HelloHelloH"},
    {"base64: padding alone", B64, "====", ""},
    {"base64: nothing", B64, "", ""},
    {"uu", UUE, "begin 644 a.txt\n%2&5L;&\\\n`\nend\n", "Hello"},
    {"uu: text around", UUE, "x\nbegin 644 a\n%2&5L;&\\\n`\nend\ny\n", "Hello"},
    {"uu: short line", UUE, "begin 644 a\n%2&5L\n", "Hel"},
    {"uu: CRLF", UUE, "begin 644 a\r\n%2&5L;&\\\r\n`\r\nend\r\n", "Hello"},
    {"uu: none", UUE, "plain text", "plain text"},
};

static void test_decode(void **state)
{
    struct fixture fixture;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < sizeof(decode_rows) / sizeof(*decode_rows); i++) {
        const struct decode_row *row = &decode_rows[i];

        for (size_t n = 0; n <= strlen(row->input); n++) {
            struct guard guard = guard_copy(row->input, n);
            struct message *message = fixture_begin(&fixture, guard.slice);
            struct mime_part part = {.body = guard.slice,
                                     .encoding = row->encoding};
            struct bounce_slice got = mime_decode_body(message, &part, 1000);

            if (n < strlen(row->input))
                got = mime_decode_body(message, &part, 2);
            else
                check_slice(row->label, got, row->want);
            guard_free(&guard);
        }
    }
    fixture_clear(&fixture);
}

struct html_row {
    const char *label, *input, *want;
};

static const struct html_row html_rows[] = {
    {"text", "Hello", "Hello"},
    {"white space", " \n a \t\n b \n", "a b"},
    {"inline", "a<b>b</b><i>c</i> d", "abc d"},
    {"break", "a<br>b<br/>c<BR />d", "a\nb\nc\nd"},
    {"two breaks", "a<br><br>b", "a\n\nb"},
    {"many breaks", "a<br><br><br><br>b", "a\n\nb"},
    {"division", "<div>a</div><div>b</div>c", "a\nb\nc"},
    {"nested divisions", "<div><div>a</div></div><div>b</div>", "a\nb"},
    {"paragraph", "<p>a</p>\n<p>b</p>", "a\n\nb"},
    {"paragraph not closed", "<p>a<p>b", "a\n\nb"},
    {"attributes", "<p class=\"a>b\" id='c'>x</p>", "x"},
    {"attribute with an open quote", "<p class=\"a>x</p><p id=\"b\">y</p>",
     "x\n\ny"},
    {"attribute with an open quote at the end", "<p class=\"a>x", "x"},
    {"heading and list", "<h1>a</h1><ul><li>b</li><li>c</li></ul>",
     "a\n\nb\nc"},
    {"table", "<table><tr><td>a</td><td>b</td></tr><tr><th>c<th>d</table>",
     "a b\nc d"},
    {"entities", "&lt;a&amp;b&gt; &quot;&apos;", "<a&b> \"'"},
    {"Latin-1 entities", "J&ouml;rg &Uuml;&szlig;&copy;",
     "J\xC3\xB6rg \xC3\x9C\xC3\x9F\xC2\xA9"},
    {"numeric entities", "&#74;&#xF6;&#XF6;&#8364;",
     "J\xC3\xB6\xC3\xB6\xE2\x82\xAC"},
    {"entities of Windows-1252", "&#128;&#146;", "\xE2\x82\xAC\xE2\x80\x99"},
    {"impossible entities", "&#0;&#xD800;&#x110000;&#99999999999;",
     "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"no entity", "a & b &; &# &#x &nosuch; &amp",
     "a & b &; &# &#x "
     "&nosuch; &"},
    {"entity in a URL", "?a=1&copy=2&lt", "?a=1&copy=2<"},
    {"no-break space", "a&nbsp;&nbsp;b&#160;c", "a b c"},
    {"invisible characters", "a&shy;b&#8203;c&zwnj;d", "abcd"},
    {"style", "a<style type=x>p > b { }</style>b", "ab"},
    {"script", "a<script>if (a < b) x('</p>');</script>b", "ab"},
    {"script not closed", "a<script>b", "ab"},
    {"head", "<html><head><title>t</title><meta x></head><body>b</body>", "b"},
    {"head not closed", "<head><title>t</title><body>b", "b"},
    {"comment", "a<!-- b > c -->d", "ad"},
    {"comment not closed", "a<!-- b > c", "a c"},
    {"conditional comment", "a<!--[if mso]><p>b</p><![endif]-->c", "ac"},
    {"revealed condition", "a<![if !mso]>b<![endif]>c", "abc"},
    {"doctype", "<!DOCTYPE html PUBLIC \"x\">a<?xml version=\"1\"?>b", "ab"},
    {"address", "to <user@example.org> failed", "to <user@example.org> failed"},
    {"address, mailto", "<mailto:a@b.org>", "<mailto:a@b.org>"},
    {"address behind a tag", "<b><a.b@c.org></b>", "<a.b@c.org>"},
    {"closing tag of it", "x <a@b.org></a@b.org>", "x <a@b.org></a@b.org>"},
    {"URL in brackets", "<https://example.org/x>", "<https://example.org/x>"},
    {"less than", "1 < 2 and 3<4", "1 < 2 and 3<4"},
    {"less than at the end", "a <", "a <"},
    {"tag cut off", "a <p class=", "a <p class="},
    {"empty tag", "a<>b", "a<>b"},
    {"unknown tag", "a<o:p>b</o:p>", "ab"},
    {"preformatted", "a<pre>  b\n   c\n</pre>d", "a\n  b\n   c\nd"},
    {"preformatted, line end first", "<p>a<pre>\nb</pre>", "a\nb"},
    {"preformatted at the start", "<pre>\nb\n\n\nc</pre>", "b\n\n\nc"},
    {"preformatted with tags", "<pre>a <b>b</b>\nc</pre>", "a b\nc"},
    {"preformatted, CRLF", "<pre>a\r\nb</pre>", "a\nb"},
    {"UTF-8", "<p>\xC3\xB6</p>", "\xC3\xB6"},
    {"nothing", "", ""},
};

static void test_html(void **state)
{
    struct fixture fixture;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < sizeof(html_rows) / sizeof(*html_rows); i++) {
        size_t len = strlen(html_rows[i].input);

        for (size_t n = 0; n <= len; n++) {
            struct guard guard = guard_copy(html_rows[i].input, n);
            struct message *message = fixture_begin(&fixture, guard.slice);
            struct bounce_slice got =
                mime_html_text(message, guard.slice, 1000);

            if (n == len)
                check_slice(html_rows[i].label, got, html_rows[i].want);
            got = mime_html_text(message, guard.slice, n / 2);
            assert_true(got.len <= n / 2);
            guard_free(&guard);
        }
    }
    fixture_clear(&fixture);
}

static void test_html_floods(void **state)
{
    static const char *const units[] = {
        "<",       "<!--",     "<a b=\"", "<a b='><a b=\"", "</",
        "<script", "<script>", "<head>",  "<a b=\"<\"",     "&",
        "&#",      "<pre>",    "<p",      "<style><!--",    "<b x=\">",
    };
    struct fixture fixture;
    const size_t room = 3000000;
    char *text = malloc(room);

    (void)state;
    assert_non_null(text);
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        size_t unit = strlen(units[i]), len = room / unit * unit;
        struct message *message;

        for (size_t at = 0; at < len; at += unit)
            memcpy(text + at, units[i], unit);
        message = fixture_begin(&fixture, slice_make(text, len));
        assert_non_null(
            mime_html_text(message, slice_make(text, len), 1 << 20).ptr);
    }
    fixture_clear(&fixture);
    free(text);
}

struct text_row {
    const char *label, *input, *want;
};

static const struct text_row text_rows[] = {
    {"plain", "\na\nb\n", "a\nb\n"},
    {"line ends", "A: b\r\n\r\na\r\nb\r\n", "a\nb\n"},
    {"mixed line ends", "A: b\n\na\r\nb\rc\r\r\nd\n", "a\nb\nc\nd\n"},
    {"charset", "Content-Type: text/plain; charset=iso-8859-2\n\n\xB1\n",
     "\xC4\x85\n"},
    {"charset in any case and quotes",
     "Content-Type: TEXT/PLAIN; CHARSET=\"KOI8-R\"\n\n\xC1\n", "\xD0\xB0\n"},
    {"no charset, UTF-8", "A: b\n\n\xC3\xB6\n", "\xC3\xB6\n"},
    {"no charset, Windows-1252", "A: b\n\n\xF6\n", "\xC3\xB6\n"},
    {"no charset, ISO-2022-JP", "A: b\n\n\x1B$BF|K\\\x1B(B\n",
     "\xE6\x97\xA5\xE6\x9C\xAC\n"},
    {"unknown charset", "Content-Type: text/plain; charset=foo\n\na\n", "a\n"},
    {"encoded with charset",
     "Content-Type: text/plain; charset=iso-8859-1\n"
     "Content-Transfer-Encoding: Quoted-Printable\n\nJ=F6=\nrg\n",
     "J\xC3\xB6rg\n"},
    {"encoding with a comment",
     "A: b\nContent-Transfer-Encoding: (x) base64 \n\nSGVsbG8=\n", "Hello"},
    {"HTML", "Content-Type: text/html\n\n<p>a<br>b</p>\n", "a\nb"},
    {"HTML that names its charset",
     "Content-Type: text/html\n\n<meta charset='iso-8859-2'><p>\xB1\n",
     "\xC4\x85"},
    {"HTML with old meta",
     "Content-Type: text/html\n\n<meta http-equiv=Content-Type "
     "content=\"text/html; charset=koi8-r\">\xC1\n",
     "\xD0\xB0"},
    {"UTF-16",
     "Content-Type: text/plain; charset=utf-16\n"
     "Content-Transfer-Encoding: base64\n\n//5hAGIA\n",
     "ab"},
    {"invalid UTF-8",
     "Content-Type: text/plain; charset=utf-8\n\na\xFF"
     "b\n",
     "a\xEF\xBF\xBD"
     "b\n"},
    {"multipart without boundary", "Content-Type: multipart/mixed\n\na\r\nb\n",
     "a\nb\n"},
    {"no type", "Content-Type: \n\na\n", "a\n"},
};

static void test_text(void **state)
{
    struct fixture fixture;

    (void)state;
    assert_true(fixture_init(&fixture, allocator_default()));
    for (size_t i = 0; i < sizeof(text_rows) / sizeof(*text_rows); i++) {
        struct guard guard = guard_slice(slice_cstr(text_rows[i].input));
        struct message *message = fixture_begin(&fixture, guard.slice);
        struct mime_part *root = mime_parse(message, guard.slice);

        assert_non_null(root);
        check_slice(text_rows[i].label, mime_text(message, root, 1000),
                    text_rows[i].want);
        for (size_t max = 0; max < 8; max++)
            assert_true(mime_text(message, root, max).len <= max);
        guard_free(&guard);
    }
    fixture_clear(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_html_floods),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
