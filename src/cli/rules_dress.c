/* SPDX-License-Identifier: MIT
 * A reply as various mail systems quote it. A rule must not care. */
#include "cli/rules.h"
#include "report/reply.h"

/* Bytes of reply code and status at the front, with the blanks behind. */
static size_t prefix_length(struct bounce_slice s)
{
    size_t at, status;
    int code = 0;

    at = reply_match_code(s, &code);
    if (at > 0 && at < s.len && (s.ptr[at] == ' ' || s.ptr[at] == '-'))
        at++;
    status = reply_match_status(slice_from(s, at));
    at += status;
    while (status > 0 && at < s.len && s.ptr[at] == ' ')
        at++;
    return at;
}

static void as_written(struct textbuf *text, struct bounce_slice example,
                       const char *host)
{
    (void)host;
    textbuf_add(text, example);
}

static void recase(struct textbuf *text, struct bounce_slice s, bool upper)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (upper && c >= 'a' && c <= 'z')
            c = (unsigned char)(c - 'a' + 'A');
        else if (!upper)
            c = ascii_lower(c);
        textbuf_byte(text, (char)c);
    }
}

static void in_upper_case(struct textbuf *text, struct bounce_slice example,
                          const char *host)
{
    (void)host;
    recase(text, example, true);
}

static void in_lower_case(struct textbuf *text, struct bounce_slice example,
                          const char *host)
{
    (void)host;
    recase(text, example, false);
}

static void in_postfix_words(struct textbuf *text, struct bounce_slice example,
                             const char *host)
{
    textbuf_format(text, "host %s[192.0.2.1] said: ", host);
    textbuf_add(text, example);
    textbuf_cstr(text, " (in reply to RCPT TO command)");
}

static void in_exim_words(struct textbuf *text, struct bounce_slice example,
                          const char *host)
{
    textbuf_format(text,
                   "SMTP error from remote mail server after RCPT "
                   "TO:<a@example.org>: host %s [192.0.2.1]: ",
                   host);
    textbuf_add(text, example);
}

static void in_qmail_words(struct textbuf *text, struct bounce_slice example,
                           const char *host)
{
    textbuf_format(text,
                   "Connected to 192.0.2.1 (%s) but recipient was rejected.\n"
                   "Remote host said: ",
                   host);
    textbuf_add(text, example);
}

static void in_sendmail_words(struct textbuf *text, struct bounce_slice example,
                              const char *host)
{
    (void)host;
    textbuf_cstr(text, "<<< ");
    textbuf_add(text, example);
}

static void with_type(struct textbuf *text, struct bounce_slice example,
                      const char *host)
{
    (void)host;
    textbuf_cstr(text, "smtp; ");
    textbuf_add(text, example);
}

/* "550 5.1.1 a b c" -> "550-5.1.1 a" LF "550 5.1.1 b c": the break is at the
 * blank nearest to the middle of the text. */
static void in_two_lines(struct textbuf *text, struct bounce_slice example,
                         const char *host)
{
    size_t prefix = prefix_length(example), middle, at;
    struct bounce_slice front;

    (void)host;
    middle = prefix + (example.len - prefix) / 2;
    at = slice_find_byte(slice_from(example, middle), ' ');
    if (prefix < 4 || at == SLICE_NPOS ||
        slice_find_byte(example, '\n') != SLICE_NPOS) {
        textbuf_add(text, example);
        return;
    }
    at += middle;
    front = slice_sub(example, 0, at);
    textbuf_add(text, slice_sub(front, 0, 3));
    textbuf_byte(text, '-');
    textbuf_add(text, slice_from(front, 4));
    textbuf_byte(text, '\n');
    textbuf_add(text, slice_sub(example, 0, 3));
    textbuf_byte(text, ' ');
    textbuf_add(text, slice_sub(example, 4, prefix - 4));
    textbuf_add(text, slice_from(example, at + 1));
}

const struct rules_dress rules_dresses[] = {
    {"as written", as_written},
    {"in upper case", in_upper_case},
    {"in lower case", in_lower_case},
    {"in Postfix's words", in_postfix_words},
    {"in Exim's words", in_exim_words},
    {"in qmail's words", in_qmail_words},
    {"in sendmail's words", in_sendmail_words},
    {"behind \"smtp;\"", with_type},
    {"in two lines", in_two_lines},
};
const size_t rules_dress_count =
    sizeof(rules_dresses) / sizeof(rules_dresses[0]);
