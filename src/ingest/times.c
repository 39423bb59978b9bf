/* SPDX-License-Identifier: MIT */
#include "ingest/times.h"

#include <stdio.h>

#include "base/date.h"

#define YEAR_10000 INT64_C(253402300800)

static bool in_range(int64_t time)
{
    return time >= 0 && time < YEAR_10000;
}

/* Seconds with or without a fraction, or milliseconds. */
static int64_t parse_unix(struct bounce_slice s)
{
    size_t digits = 0;
    int64_t value = 0;

    while (digits < s.len && digits < 14 &&
           ascii_is_digit((unsigned char)s.ptr[digits]))
        value = value * 10 + (s.ptr[digits++] - '0');
    if (digits < 9 || digits > 13) /* 20260314 is no such time */
        return BOUNCE_NO_TIME;
    if (digits < s.len && s.ptr[digits] == '.') {
        for (digits++; digits < s.len; digits++) {
            if (!ascii_is_digit((unsigned char)s.ptr[digits]))
                return BOUNCE_NO_TIME;
        }
    }
    if (digits != s.len)
        return BOUNCE_NO_TIME;
    return value >= INT64_C(100000000000) ? value / 1000 : value;
}

/* One figure and the mark behind it off *s. */
static bool take_figure(struct bounce_slice *s, char mark, unsigned *value_out)
{
    size_t n = slice_parse_uint(*s, 4, value_out);

    if (n == 0 || (mark != '\0' && (n >= s->len || s->ptr[n] != mark)))
        return false;
    *s = slice_from(*s, n + (mark != '\0'));
    return true;
}

/* Day and month in figures before the year, and perhaps a time. */
static int64_t parse_figures(struct bounce_slice s)
{
    static const char months[] = "xxxJanFebMarAprMayJunJulAugSepOctNovDec";
    size_t first_len = 0;
    unsigned first, second, year;
    char mark, text[80];
    int len;

    while (first_len < s.len && ascii_is_digit((unsigned char)s.ptr[first_len]))
        first_len++;
    if (first_len == 0 || first_len > 2 || first_len == s.len)
        return BOUNCE_NO_TIME;
    mark = s.ptr[first_len];
    if ((mark != '/' && mark != '.' && mark != '-') ||
        !take_figure(&s, mark, &first) || !take_figure(&s, mark, &second) ||
        !take_figure(&s, '\0', &year))
        return BOUNCE_NO_TIME;
    if (mark != '.' && first <= 12) {
        unsigned month = first;

        first = second;
        second = month;
    }
    if (year < 100)
        year += 2000;
    s = slice_trim(s);
    if (s.len > 0 && *s.ptr == ',')
        s = slice_trim(slice_from(s, 1));
    if (first > 31 || second > 12 || s.len > 32)
        return BOUNCE_NO_TIME;
    len = snprintf(text, sizeof(text), "%u %.3s %u %.*s", first,
                   &months[(size_t)second * 3], year, (int)s.len,
                   s.len > 0 ? s.ptr : "");
    return date_parse(slice_make(text, (size_t)len));
}

int64_t times_parse(struct bounce_slice text)
{
    struct bounce_slice s = slice_trim(text);
    int64_t time = BOUNCE_NO_TIME;

    if (s.len < 6 || s.len > 64)
        return BOUNCE_NO_TIME;
    if (ascii_is_digit((unsigned char)*s.ptr))
        time = parse_unix(s);
    if (time == BOUNCE_NO_TIME)
        time = parse_figures(s);
    if (time == BOUNCE_NO_TIME)
        time = date_parse(s);
    return in_range(time) ? time : BOUNCE_NO_TIME;
}
