/* SPDX-License-Identifier: MIT */
#include "mime/mbox.h"

#include "base/block.h"
#include "mime/line.h"

/* A separator longer than this is none: it bounds what must be kept of a line
 * before it can be judged. */
#define MAX_SEPARATOR 1000

/* The next word of a line; false at its end. */
static bool next_word(struct bounce_slice *rest, struct bounce_slice *word_out)
{
    size_t n = 0;

    while (rest->len > 0 && line_is_blank_byte(*rest->ptr))
        *rest = slice_from(*rest, 1);
    while (n < rest->len && !line_is_blank_byte(rest->ptr[n]))
        n++;
    *word_out = slice_sub(*rest, 0, n);
    *rest = slice_from(*rest, n);
    return n > 0;
}

/* Whether word begins with one of the three-letter names in list. */
static bool is_name_of(struct bounce_slice word, const char *list)
{
    if (word.len < 3)
        return false;
    for (; *list != '\0'; list += 3) {
        /* Bit 0x20 is the case of a letter. */
        if ((((word.ptr[0] ^ list[0]) | (word.ptr[1] ^ list[1]) |
              (word.ptr[2] ^ list[2])) &
             ~0x20) == 0)
            return true;
    }
    return false;
}

static bool is_day_name(struct bounce_slice word)
{
    return is_name_of(word, "MonTueWedThuFriSatSun");
}

static bool is_month_name(struct bounce_slice word)
{
    return is_name_of(word, "JanFebMarAprMayJunJulAugSepOctNovDec");
}

static bool is_number(struct bounce_slice word, unsigned low, unsigned high)
{
    unsigned value = 0;
    size_t n;

    if (word.len > 0 && word.ptr[word.len - 1] == ',')
        word.len--;
    n = slice_parse_uint(word, 4, &value);
    return n > 0 && n == word.len && value >= low && value <= high;
}

static bool is_day(struct bounce_slice word)
{
    return is_number(word, 1, 31);
}

static bool is_year(struct bounce_slice word)
{
    return is_number(word, 1970, 2100) ||
           (word.len == 2 && is_number(word, 0, 99));
}

/* H:MM or H:MM:SS. */
static bool is_time(struct bounce_slice word)
{
    size_t colon = slice_find_byte(word, ':');
    struct bounce_slice minutes;

    if (colon == SLICE_NPOS || !is_number(slice_sub(word, 0, colon), 0, 24))
        return false;
    minutes = slice_from(word, colon + 1);
    if (minutes.len > 2) {
        if (minutes.ptr[2] != ':' || !is_number(slice_from(minutes, 3), 0, 60))
            return false;
        minutes.len = 2;
    }
    return minutes.len == 2 && is_number(minutes, 0, 59);
}

/* "+0900", "EST". */
static bool is_zone(struct bounce_slice word)
{
    bool sign = word.len > 0 && (*word.ptr == '+' || *word.ptr == '-');

    if (sign)
        return word.len == 5 && is_number(slice_from(word, 1), 0, 1400);
    for (size_t i = 0; i < word.len; i++) {
        if (!ascii_is_alpha((unsigned char)word.ptr[i]))
            return false;
    }
    return word.len > 0 && word.len <= 5;
}

/* Behind "Thu Apr": "29 23:34:45 2010", with a zone on either side of the
 * year or two of them ("PST 2010 -0800"). */
static bool is_asctime_rest(struct bounce_slice rest)
{
    struct bounce_slice word;

    if (!next_word(&rest, &word) || !is_day(word) || !next_word(&rest, &word) ||
        !is_time(word))
        return false;
    for (int i = 0; i < 3 && next_word(&rest, &word); i++) {
        if (is_year(word))
            return true;
        if (!is_zone(word))
            return false;
    }
    return false;
}

/* Behind "29": "Apr 2010 23:34:45". */
static bool is_rfc5322_rest(struct bounce_slice rest)
{
    struct bounce_slice word;

    return next_word(&rest, &word) && is_month_name(word) &&
           next_word(&rest, &word) && is_year(word) &&
           next_word(&rest, &word) && is_time(word);
}

/* A date that begins with word. */
static bool is_date(struct bounce_slice word, struct bounce_slice rest)
{
    if (is_day_name(word) && !next_word(&rest, &word))
        return false;
    if (is_month_name(word))
        return is_asctime_rest(rest);
    return is_day(word) && is_rfc5322_rest(rest);
}

bool mbox_is_separator(struct bounce_slice line)
{
    struct bounce_slice rest, word;

    if (line.len > MAX_SEPARATOR || !slice_starts(line, SLICE("From ")))
        return false;
    /* The sender may be missing or hold blanks ("From ???@??? Thu ..."): the
     * date begins wherever one can be read. */
    rest = slice_from(line, 5);
    while (next_word(&rest, &word)) {
        if (is_date(word, rest))
            return true;
    }
    return false;
}

bool mbox_detect(struct bounce_slice start)
{
    return slice_starts(start, SLICE("From "));
}

static bool begins_line(struct bounce_slice window, size_t at)
{
    return at == 0 || window.ptr[at - 1] == '\n' || window.ptr[at - 1] == '\r';
}

/* Where c stands first as the first byte of a line, from at on; SLICE_NPOS if
 * nowhere. */
static size_t find_line(struct bounce_slice window, size_t at, char c)
{
    while (at < window.len) {
        size_t hit = slice_find_byte(slice_from(window, at), c);

        if (hit == SLICE_NPOS)
            break;
        at += hit;
        if (begins_line(window, at))
            return at;
        at++;
    }
    return SLICE_NPOS;
}

/* Length of the line at the start of s, at most one more than a separator may
 * have; *ended_out tells whether its end was seen. */
static size_t short_line_len(struct bounce_slice s, bool *ended_out)
{
    size_t n;

    s = slice_sub(s, 0, MAX_SEPARATOR + 1);
    n = (size_t)(block_find_either(s.ptr, s.ptr + s.len, '\n', '\r') - s.ptr);
    *ended_out = n < s.len || n > MAX_SEPARATOR;
    return n;
}

size_t mbox_find(struct bounce_slice window, size_t from, bool at_end,
                 size_t *resume_out)
{
    const struct bounce_slice word = SLICE("From ");
    size_t at = from;

    while (at < window.len) {
        struct bounce_slice rest;
        bool ended;
        size_t len;

        at = find_line(window, at, 'F');
        if (at == SLICE_NPOS)
            break;
        rest = slice_from(window, at);
        if (!slice_starts(rest, slice_sub(word, 0, rest.len))) {
            at++;
            continue;
        }
        len = short_line_len(rest, &ended);
        if (!ended && !at_end) {
            *resume_out = at;
            return SLICE_NPOS;
        }
        if (mbox_is_separator(slice_sub(rest, 0, len))) {
            *resume_out = at;
            return at;
        }
        at++;
    }
    *resume_out = window.len;
    return SLICE_NPOS;
}

/* Whether the line at s is ">"s and "From ". */
static bool is_quoted_from(struct bounce_slice s)
{
    size_t n = 0;

    while (n < s.len && s.ptr[n] == '>')
        n++;
    return n > 0 && slice_starts(slice_from(s, n), SLICE("From "));
}

size_t mbox_unquote(char *message, size_t len)
{
    struct bounce_slice rest = slice_make(message, len);
    size_t done = 0; /* bytes that stand where they belong */
    size_t copied = 0, at = 0;

    while (at < len) {
        at = find_line(rest, at, '>');
        if (at == SLICE_NPOS)
            break;
        if (is_quoted_from(slice_from(rest, at))) {
            memmove(message + done, message + copied, at - copied);
            done += at - copied;
            copied = at + 1;
        }
        at++;
    }
    if (copied > 0)
        memmove(message + done, message + copied, len - copied);
    return done + len - copied;
}
