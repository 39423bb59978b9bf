/* SPDX-License-Identifier: MIT */
#include "base/date.h"

#define UNSET (-1)

struct date {
    int year, month, day; /* month from 1 */
    int hour, minute, second;
    int zone_min; /* east of UTC */
    bool has_zone, afternoon, forenoon;
};

struct zone_name {
    char name[5];
    short minutes;
};

/* RFC 5322 section 4.3, and names that mail systems write. */
static const struct zone_name zone_names[] = {
    {"UT", 0},     {"UTC", 0},    {"GMT", 0},     {"Z", 0},       {"EST", -300},
    {"EDT", -240}, {"CST", -360}, {"CDT", -300},  {"MST", -420},  {"MDT", -360},
    {"PST", -480}, {"PDT", -420}, {"AKST", -540}, {"AKDT", -480}, {"HST", -600},
    {"AST", -240}, {"ADT", -180}, {"BRT", -180},  {"BST", 60},    {"WET", 0},
    {"WEST", 60},  {"CET", 60},   {"CEST", 120},  {"MET", 60},    {"MEST", 120},
    {"EET", 120},  {"EEST", 180}, {"MSK", 180},   {"MSD", 240},   {"IST", 330},
    {"HKT", 480},  {"SGT", 480},  {"JST", 540},   {"KST", 540},   {"AEST", 600},
    {"AEDT", 660}, {"NZST", 720}, {"NZDT", 780},
};

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_names[] = "MonTueWedThuFriSatSun";

/* Index of the three-letter name that word begins with, or UNSET. */
static int find_name(struct bounce_slice word, const char *names)
{
    if (word.len < 3)
        return UNSET;
    for (int i = 0; names[i * 3] != '\0'; i++) {
        if (slice_starts_nocase(word, slice_make(names + i * 3, 3)))
            return i;
    }
    return UNSET;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30,
                                 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01: years begin in March, so that the leap day is last. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year =
        (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 -
           year_of_era / 100 + day_of_year - 719468;
}

static int64_t finish(const struct date *date)
{
    int hour = date->hour;

    if (date->year == UNSET || date->month == UNSET || date->day < 1 ||
        date->day > month_days(date->year, date->month))
        return BOUNCE_NO_TIME;
    if (date->afternoon && hour < 12)
        hour += 12;
    if (date->forenoon && hour == 12)
        hour = 0;
    if (hour == UNSET)
        hour = 0;
    return days_from_civil(date->year, date->month, date->day) * 86400 +
           hour * 3600 + date->minute * 60 + date->second -
           (int64_t)date->zone_min * 60;
}

/* ---- Pieces ---------------------------------------------------------- */

/* RFC 5322 section 4.3: years of two digits. */
static int full_year(unsigned value, size_t digits)
{
    if (digits == 2)
        return (int)value + (value < 50 ? 2000 : 1900);
    if (digits == 3)
        return (int)value + 1900;
    return (int)value;
}

/* Takes ":SS" or the like off *s. */
static bool take_sixty(struct bounce_slice *s, int *value_out)
{
    unsigned value;
    size_t n;

    if (s->len < 2 || (*s->ptr != ':' && *s->ptr != '.'))
        return false;
    n = slice_parse_uint(slice_from(*s, 1), 2, &value);
    if (n == 0 || value > 60)
        return false;
    *value_out = (int)value;
    *s = slice_from(*s, 1 + n);
    return true;
}

/* "23:34", "23:34:45", "23.34.45", "23:34:45.678" at the start of *s. */
static bool take_time(struct bounce_slice *s, struct date *date)
{
    struct bounce_slice rest = *s;
    unsigned hour, fraction;
    size_t n = slice_parse_uint(rest, 2, &hour);
    int minute, second = 0;

    if (n == 0 || hour > 24)
        return false;
    rest = slice_from(rest, n);
    if (!take_sixty(&rest, &minute) || minute == 60)
        return false;
    if (take_sixty(&rest, &second) && rest.len > 1 && *rest.ptr == '.') {
        n = slice_parse_uint(slice_from(rest, 1), 9, &fraction);
        rest = slice_from(rest, n > 0 ? 1 + n : 0);
    }
    date->hour = (int)hour;
    date->minute = minute;
    date->second = second;
    *s = rest;
    return true;
}

/* "+0900", "-08:00", "+9" at the start of *s. */
static bool take_offset(struct bounce_slice *s, struct date *date)
{
    struct bounce_slice rest = slice_from(*s, 1);
    unsigned hours, minutes = 0;
    size_t n = slice_parse_uint(rest, 4, &hours);

    if (n == 0 || n == 3)
        return false;
    rest = slice_from(rest, n);
    if (n == 4) {
        minutes = hours % 100;
        hours /= 100;
    } else if (rest.len >= 3 && *rest.ptr == ':') {
        n = slice_parse_uint(slice_from(rest, 1), 2, &minutes);
        rest = slice_from(rest, n > 0 ? 1 + n : 0);
    }
    /* What no place on earth has counts as UTC, as RFC 5322 section 4.3 asks
     * for unknown zones. */
    if (hours <= 14 && minutes < 60)
        date->zone_min = (int)(hours * 60 + minutes);
    else
        date->zone_min = 0;
    if (*s->ptr == '-')
        date->zone_min = -date->zone_min;
    date->has_zone = true;
    *s = rest;
    return true;
}

static bool take_zone_name(struct bounce_slice word, struct date *date)
{
    for (size_t i = 0; i < sizeof(zone_names) / sizeof(*zone_names); i++) {
        if (slice_eq_nocase(word, slice_cstr(zone_names[i].name))) {
            date->zone_min = zone_names[i].minutes;
            date->has_zone = true;
            return true;
        }
    }
    return false;
}

/* A word of letters. false when it belongs to no date. */
static bool take_word(struct bounce_slice word, struct date *date)
{
    int month = find_name(word, month_names);

    if (month != UNSET && date->month == UNSET) {
        date->month = month + 1;
        return true;
    }
    if (date->hour != UNSET && !date->has_zone) {
        date->afternoon |= slice_eq_nocase(word, SLICE("PM"));
        date->forenoon |= slice_eq_nocase(word, SLICE("AM"));
        if (slice_eq_nocase(word, SLICE("PM")) ||
            slice_eq_nocase(word, SLICE("AM")) || take_zone_name(word, date))
            return true;
    }
    /* The name of the day says nothing new. */
    return find_name(word, day_names) != UNSET && date->hour == UNSET;
}

/* A number: a time, a day or a year, by its form and by what is known. */
static bool take_number(struct bounce_slice *s, struct date *date)
{
    unsigned value;
    size_t n;

    if (date->hour == UNSET && take_time(s, date))
        return true;
    n = slice_parse_uint(*s, 4, &value);
    if (n == 0)
        return false;
    if (n <= 2 && date->day == UNSET)
        date->day = (int)value;
    else if (date->year == UNSET && n >= 2)
        date->year = full_year(value, n);
    else
        return false;
    *s = slice_from(*s, n);
    return true;
}

static struct bounce_slice skip_comment(struct bounce_slice s)
{
    size_t end = slice_find_byte(s, ')');

    return slice_from(s, end == SLICE_NPOS ? s.len : end + 1);
}

/* Takes one piece of a date off *s. false when none is left. */
static bool take_piece(struct bounce_slice *s, struct date *date)
{
    unsigned char c = (unsigned char)*s->ptr;
    size_t n = 0;

    if (c == '(') {
        *s = skip_comment(*s);
        return true;
    }
    if ((c == '+' || c == '-') && date->hour != UNSET && !date->has_zone &&
        take_offset(s, date))
        return true;
    if (ascii_is_digit(c))
        return take_number(s, date);
    if (!ascii_is_alpha(c)) {
        *s = slice_from(*s, 1);
        return ascii_is_space(c) || c == ',' || c == '-' || c == '.' ||
               c == '/';
    }
    while (n < s->len && ascii_is_alpha((unsigned char)s->ptr[n]))
        n++;
    if (!take_word(slice_sub(*s, 0, n), date))
        return false;
    *s = slice_from(*s, n);
    return true;
}

/* ---- Forms ----------------------------------------------------------- */

/* RFC 3339 "2010-04-29T23:34:45.6+09:00", also with a blank for the "T", "/"
 * for "-", or the day alone. */
static bool take_iso_date(struct bounce_slice *s, struct date *date)
{
    unsigned year, month, day;
    struct bounce_slice rest = *s;
    char sign;

    if (slice_parse_uint(rest, 4, &year) != 4 || rest.len < 8)
        return false;
    sign = rest.ptr[4];
    rest = slice_from(rest, 5);
    if ((sign != '-' && sign != '/') ||
        slice_parse_uint(rest, 2, &month) != 2 || rest.ptr[2] != sign ||
        month < 1 || month > 12)
        return false;
    rest = slice_from(rest, 3);
    if (slice_parse_uint(rest, 2, &day) != 2)
        return false;
    rest = slice_from(rest, 2);
    if (rest.len > 0 && (*rest.ptr == 'T' || *rest.ptr == 't'))
        rest = slice_from(rest, 1);
    date->year = (int)year;
    date->month = (int)month;
    date->day = (int)day;
    *s = rest;
    return true;
}

/* Whether p is of that form: "9" stands for a digit, "A" for a letter. */
static bool has_form(const char *p, const char *form)
{
    for (; *form != '\0'; p++, form++) {
        unsigned char c = (unsigned char)*p;

        if (*form == '9'   ? !ascii_is_digit(c)
            : *form == 'A' ? !ascii_is_alpha(c)
                           : c != (unsigned char)*form)
            return false;
    }
    return true;
}

static int two_digits(const char *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* "Thu, 29 Apr 2010 23:34:45 +0900", the form of RFC 5322 section 3.3 that
 * nearly all dates of mail have: what the pieces would say, at less expense.
 * What stands behind it says no more. false: it has another form. */
static bool take_usual(struct bounce_slice s, struct date *date)
{
    static const char day_form[] = "AAA, 9", form[] = " AAA 9999 99:99:99 ";
    size_t at = sizeof(day_form) - 1; /* behind the day's first digit */
    struct date d = *date;
    const char *p;

    if (s.len < at + 1 + sizeof(form) || !has_form(s.ptr, day_form) ||
        find_name(s, day_names) == UNSET)
        return false;
    d.day = s.ptr[at - 1] - '0';
    if (ascii_is_digit((unsigned char)s.ptr[at])) {
        d.day = two_digits(s.ptr + at - 1);
        at++;
    }
    p = s.ptr + at;
    if (!has_form(p, form))
        return false;
    s = slice_from(s, at + sizeof(form) - 1);
    d.month = find_name(slice_make(p + 1, 3), month_names) + 1;
    d.year = two_digits(p + 5) * 100 + two_digits(p + 7);
    d.hour = two_digits(p + 10);
    d.minute = two_digits(p + 13);
    d.second = two_digits(p + 16);
    if (d.month == 0 || d.hour > 24 || d.minute > 59 || d.second > 60 ||
        s.len == 0 || (*s.ptr != '+' && *s.ptr != '-') || !take_offset(&s, &d))
        return false;
    *date = d;
    return true;
}

int64_t date_parse(struct bounce_slice text)
{
    struct date date = {
        .year = UNSET, .month = UNSET, .day = UNSET, .hour = UNSET};
    /* No date is longer, whatever its comments. */
    struct bounce_slice rest = slice_sub(slice_trim(text), 0, 256);

    if (take_usual(rest, &date))
        return finish(&date);
    take_iso_date(&rest, &date);
    while (rest.len > 0 && take_piece(&rest, &date))
        ;
    return finish(&date);
}

/* Overwrites the digits at out, last one first. */
static void put_two_digits(char *out, uint32_t value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
}

size_t date_format_iso(int64_t time, char out[DATE_ISO_SIZE])
{
    uint32_t days, seconds, era, day_of_era, year_of_era, day_of_year, month,
        year;
    uint64_t since;

    out[0] = '\0';
    /* 0000-01-01 to the end of 9999. */
    if (time < -62167219200 || time > 253402300799)
        return 0;
    /* From 0000-03-01 one era back on: what is never negative, and short, is
     * divided quickly. */
    since = (uint64_t)(time + (719468 + 146097) * (int64_t)86400);
    days = (uint32_t)(since / 86400);
    seconds = (uint32_t)(since % 86400);
    era = days / 146097;
    day_of_era = days % 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                   day_of_era / 146096) /
                  365;
    day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * day_of_year + 2) / 153; /* from March */
    year = era * 400 + year_of_era + (month >= 10) - 400;
    memcpy(out, "0000-00-00T00:00:00Z", DATE_ISO_SIZE);
    put_two_digits(out, year / 100);
    put_two_digits(out + 2, year % 100);
    put_two_digits(out + 5, month < 10 ? month + 3 : month - 9);
    put_two_digits(out + 8, day_of_year - (153 * month + 2) / 5 + 1);
    put_two_digits(out + 11, seconds / 3600);
    put_two_digits(out + 14, seconds / 60 % 60);
    put_two_digits(out + 17, seconds % 60);
    return DATE_ISO_SIZE - 1;
}
