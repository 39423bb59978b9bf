/* SPDX-License-Identifier: MIT */
#include "report/reply_code.h"

#include "report/reply_words.h"

static bool is_digit_at(struct bounce_slice s, size_t at)
{
    return at < s.len && ascii_is_digit((unsigned char)s.ptr[at]);
}

/* RFC 3463 section 2: 1 to 3 digits; no leading zero. 0 when there is none. */
static size_t match_part(struct bounce_slice s, size_t at)
{
    size_t len = 0;

    while (is_digit_at(s, at + len))
        len++;
    if (len == 0 || len > 3 || (len > 1 && s.ptr[at] == '0'))
        return 0;
    return len;
}

size_t reply_match_status(struct bounce_slice s)
{
    size_t len = 1, part;

    if (s.len < 5 || (s.ptr[0] != '2' && s.ptr[0] != '4' && s.ptr[0] != '5'))
        return 0;
    for (int i = 0; i < 2; i++) {
        if (len >= s.len || s.ptr[len] != '.')
            return 0;
        part = match_part(s, len + 1);
        if (part == 0)
            return 0;
        len += 1 + part;
    }
    /* "5.1.1.2" is an address, "5.1.1-2" and "5.1.1b" are versions. */
    if (len < s.len) {
        unsigned char c = (unsigned char)s.ptr[len];
        if (ascii_is_alnum(c) || (c == '.' && is_digit_at(s, len + 1)) ||
            (c == '-' && is_digit_at(s, len + 1)))
            return 0;
    }
    return len;
}

size_t reply_match_code(struct bounce_slice s, int *code_out)
{
    *code_out = 0;
    if (s.len < 3 || s.ptr[0] < '2' || s.ptr[0] > '6' || !is_digit_at(s, 1) ||
        !is_digit_at(s, 2) || is_digit_at(s, 3))
        return 0;
    if (s.len > 4 && s.ptr[3] == '.' && is_digit_at(s, 4))
        return 0;
    *code_out =
        (s.ptr[0] - '0') * 100 + (s.ptr[1] - '0') * 10 + (s.ptr[2] - '0');
    return 3;
}

static bool is_separator(char c)
{
    return c == ' ' || c == '-' || c == '#' || c == ':' || c == '(' ||
           c == '<' || c == '[' || c == '\'' || c == '"' || c == ',' ||
           c == '>' || c == ';';
}

/* What may stand between code and status: "550 5.1.1", "550-5.1.1",
 * "550 #5.1.0", "550 (5.1.1)", "550-'5.1.1", "550: 5.7.1". */
static size_t skip_separators(struct bounce_slice s, size_t at)
{
    size_t start = at;

    while (at < s.len && at - start < 4 && is_separator(s.ptr[at]))
        at++;
    return at;
}

void reply_read_head(struct bounce_slice s, struct reply_head *head_out)
{
    size_t len, at, more;
    int again;

    memset(head_out, 0, sizeof(*head_out));
    len = reply_match_code(s, &head_out->code);
    if (len != 0 && len < s.len && ascii_is_alnum((unsigned char)s.ptr[len]))
        len = 0;
    if (len == 0) {
        head_out->code = 0;
        len = reply_match_status(s);
        head_out->status = len != 0 ? slice_sub(s, 0, len) : SLICE_NULL;
        head_out->len = len;
        return;
    }
    /* Some relays write the code twice: "550 550 5.1.1 ...". */
    at = skip_separators(s, len);
    if (at > len && reply_match_code(slice_from(s, at), &again) != 0 &&
        again == head_out->code)
        len = at + 3;
    at = skip_separators(s, len);
    more = at > len ? reply_match_status(slice_from(s, at)) : 0;
    if (more != 0) {
        head_out->status = slice_sub(s, at, more);
        len = at + more;
    }
    head_out->len = len;
}

static bool ends_with_word(struct bounce_slice s, struct bounce_slice word)
{
    return slice_ends_nocase(s, word) &&
           (s.len == word.len ||
            !ascii_is_alnum((unsigned char)s.ptr[s.len - word.len - 1]));
}

static bool ends_with_product(struct bounce_slice s)
{
    char last = s.len > 0 ? s.ptr[s.len - 1] : '\0';

    for (const struct bounce_slice *word = REPLY_PRODUCTS; word->len > 0;
         word++) {
        if ((last | 0x20) == word->ptr[word->len - 1] &&
            ends_with_word(s, *word))
            return true;
    }
    return false;
}

bool reply_number_edge(struct bounce_slice s, size_t at)
{
    unsigned char c;
    struct bounce_slice before;

    if (at == 0)
        return true;
    c = (unsigned char)s.ptr[at - 1];
    before = slice_sub(s, 0, at - 1);
    if (c == '=')
        return ends_with_word(before, SLICE("dsn")) ||
               ends_with_word(before, SLICE("status")) ||
               ends_with_word(before, SLICE("code"));
    if (c == '/' || c == '.' || c == '_' || c == '@' || c == '%' || c == '&' ||
        c == '?' || c == '+' || c == '$' || c == '-' || ascii_is_alnum(c))
        return false;
    return c != ' ' || !ends_with_product(before);
}

bool reply_is_amount(struct bounce_slice s, bool expected)
{
    size_t count = expected ? REPLY_SIZES : SIZE_MAX;

    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '-'))
        s = slice_from(s, 1);
    for (size_t i = 0; i < count && s.len > 0 && REPLY_UNITS[i].len > 0; i++) {
        const struct bounce_slice unit = REPLY_UNITS[i];

        if ((s.ptr[0] | 0x20) == (unit.ptr[0] | 0x20) &&
            slice_starts_nocase(s, unit) &&
            (s.len == unit.len ||
             !ascii_is_alpha((unsigned char)s.ptr[unit.len])))
            return true;
    }
    return false;
}

bool reply_status_vague(struct bounce_slice status)
{
    struct bounce_slice rest = slice_from(status, 2);
    size_t dot = slice_find_byte(rest, '.');
    struct bounce_slice subject, detail;

    if (status.len < 5 || dot == SLICE_NPOS)
        return true;
    subject = slice_sub(rest, 0, dot);
    detail = slice_from(rest, dot + 1);
    return (slice_eq(subject, SLICE("0")) && slice_eq(detail, SLICE("0"))) ||
           (slice_eq(subject, SLICE("4")) && slice_eq(detail, SLICE("7"))) ||
           (detail.len == 3 && detail.ptr[0] == '3');
}
