/* SPDX-License-Identifier: MIT */
#include "classify/mask.h"

#include "classify/normalize.h"

/* What a word is made of. */
struct shape {
    size_t len;
    size_t digits, letters, dots, colons, others;
    size_t turns;    /* from letters to digits and back */
    bool hex;        /* letters and digits are all hex digits */
    bool tail_alpha; /* letters only behind the last dot, two at least */
};

static struct shape shape_of(struct bounce_slice word)
{
    struct shape s = {.len = word.len, .hex = true};
    size_t tail = 0;
    bool tail_other = false;
    int before = 0; /* 1 letter, 2 digit */

    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.ptr[i];
        int now = 0;

        if (ascii_is_digit(c)) {
            s.digits++;
            tail_other = true;
            now = 2;
        } else if (ascii_is_alpha(c)) {
            s.letters++;
            tail++;
            now = 1;
            s.hex = s.hex && c <= 'f';
        } else if (c == '.') {
            s.dots++;
            tail = 0;
            tail_other = false;
        } else if (c == ':') {
            s.colons++;
        } else {
            s.others++;
            tail_other = tail_other || c != '-';
        }
        s.turns += now != 0 && before != 0 && now != before;
        before = now != 0 ? now : before;
    }
    s.tail_alpha = s.dots > 0 && tail >= 2 && !tail_other;
    return s;
}

static bool is_status(struct bounce_slice word, const struct shape *s)
{
    return s->dots == 2 && s->digits + 2 == s->len && s->len <= 9 &&
           (word.ptr[0] == '2' || word.ptr[0] == '4' || word.ptr[0] == '5') &&
           word.ptr[1] == '.';
}

static bool is_url(struct bounce_slice word)
{
    return slice_starts(word, SLICE("http://")) ||
           slice_starts(word, SLICE("https://")) ||
           slice_starts(word, SLICE("www."));
}

/* Queue ids, hashes, session ids: letters and digits in turns, long hex, long
 * words with digits in them. */
static bool is_id(const struct shape *s)
{
    if (s->digits == 0 || s->letters == 0)
        return s->digits > 0 && s->others > 0 && s->len >= 8;
    return s->turns >= 3 || s->len >= 20 || (s->hex && s->len >= 8);
}

/* The mask for a word without punctuation at its ends; NULL: it stays. */
static const char *mask_of(struct bounce_slice word)
{
    struct shape s;

    if (slice_find_byte(word, NORMALIZE_ADDRESS) != SLICE_NPOS)
        return "{addr}";
    if (is_url(word))
        return "{url}";
    s = shape_of(word);
    if (is_status(word, &s))
        return NULL;
    if (s.dots == 3 && s.digits + 3 == s.len)
        return "{ip}";
    if (s.colons >= 3 && s.hex && s.dots == 0 && s.others == 0)
        return "{ip}";
    if (s.colons >= 1 && s.digits + s.colons == s.len)
        return "{time}";
    if (s.digits > 0 && s.digits + s.dots == s.len)
        return "{n}";
    if (s.tail_alpha && s.colons == 0 && s.letters > s.others)
        return "{host}";
    return is_id(&s) ? "{id}" : NULL;
}

/* "300s", "25mb": the number goes, the unit stays. */
static size_t leading_number(struct bounce_slice word)
{
    size_t n = 0;

    while (n < word.len && ascii_is_digit((unsigned char)word.ptr[n]))
        n++;
    for (size_t i = n; i < word.len; i++) {
        if (!ascii_is_alpha((unsigned char)word.ptr[i]))
            return 0;
    }
    return word.len - n <= 3 ? n : 0;
}

static bool is_core(unsigned char c)
{
    return ascii_is_alnum(c) || c >= 0x80 || c == NORMALIZE_ADDRESS;
}

static size_t put(char *out, size_t len, struct bounce_slice s)
{
    memcpy(out + len, s.ptr, s.len);
    return len + s.len;
}

/* One word between blanks: punctuation at its ends stays. */
static size_t put_word(char *out, size_t len, struct bounce_slice word)
{
    size_t start = 0, end = word.len, number;
    struct bounce_slice core;
    const char *masked;

    while (start < end && !is_core((unsigned char)word.ptr[start]))
        start++;
    while (end > start && !is_core((unsigned char)word.ptr[end - 1]))
        end--;
    core = slice_sub(word, start, end - start);
    len = put(out, len, slice_sub(word, 0, start));
    masked = core.len > 0 ? mask_of(core) : NULL;
    number = masked == NULL ? leading_number(core) : 0;
    if (masked != NULL)
        len = put(out, len, slice_cstr(masked));
    else if (number > 0)
        len = put(out, put(out, len, SLICE("{n}")), slice_from(core, number));
    else
        len = put(out, len, core);
    return put(out, len, slice_from(word, end));
}

size_t mask(struct bounce_slice text, char *out)
{
    struct bounce_slice word;
    size_t len = 0;

    while (slice_next_piece(&text, ' ', &word)) {
        if (word.len == 0)
            continue;
        if (len > 0)
            out[len++] = ' ';
        len = put_word(out, len, word);
    }
    return len;
}
