/* SPDX-License-Identifier: MIT
 * Pieces of log lines. */
#include "base/date.h"
#include "ingest/log/part.h"

#define YEAR_S ((int64_t)365 * 86400)

/* "Nov 22 01:02:03" names no year: the last one in which it is not later than
 * now, allowing a day for clocks and zones. */
static int64_t syslog_time(struct bounce_slice text, int64_t now)
{
    char iso[DATE_ISO_SIZE], full[32];
    int64_t at = BOUNCE_NO_TIME;

    for (int back = 0; back < 2; back++) {
        if (date_format_iso(now - back * YEAR_S, iso) == 0)
            break;
        /* asctime() order with the year behind */
        memcpy(full, text.ptr, 15);
        full[15] = ' ';
        memcpy(full + 16, iso, 4);
        at = date_parse(slice_make(full, 20));
        if (at != BOUNCE_NO_TIME && at <= now + 86400)
            break;
    }
    return at;
}

static struct bounce_slice next_word(struct bounce_slice *rest)
{
    size_t end = slice_find_byte(*rest, ' ');
    struct bounce_slice word = slice_sub(*rest, 0, end);

    *rest = slice_from(*rest, end == SLICE_NPOS ? rest->len : end + 1);
    return word;
}

static bool is_month(struct bounce_slice line)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (size_t i = 0; i < sizeof(months) - 1; i += 3) {
        if (memcmp(line.ptr, months + i, 3) == 0)
            return true;
    }
    return false;
}

bool log_read_syslog(struct bounce_slice line, int64_t now,
                     struct log_syslog *syslog_out)
{
    struct bounce_slice rest = line, tag;
    size_t end;

    if (line.len < 24)
        return false;
    if (is_month(line) && line.ptr[3] == ' ' && line.ptr[15] == ' ') {
        syslog_out->at = syslog_time(line, now);
        rest = slice_from(line, 16);
    } else if (ascii_is_digit((unsigned char)line.ptr[0])) {
        syslog_out->at = date_parse(next_word(&rest)); /* RFC 3339 */
    } else {
        return false;
    }
    syslog_out->host = next_word(&rest);
    end = slice_find(rest, SLICE(": "));
    if (syslog_out->at == BOUNCE_NO_TIME || end == SLICE_NPOS)
        return false;
    tag = slice_sub(rest, 0, end);
    syslog_out->program = slice_sub(tag, 0, slice_find_byte(tag, '['));
    syslog_out->text = slice_trim(slice_from(rest, end + 2));
    return true;
}

struct bounce_slice log_value(struct bounce_slice text, const char *name)
{
    const struct bounce_slice key = slice_cstr(name);
    size_t from = 0;

    for (;;) {
        size_t at = slice_find(slice_from(text, from), key);
        struct bounce_slice value;

        if (at == SLICE_NPOS)
            return SLICE_NULL;
        at += from;
        from = at + key.len;
        if (at > 0 && text.ptr[at - 1] != ' ')
            continue;
        value = slice_from(text, from);
        at = slice_find(value, SLICE(", "));
        return slice_sub(value, 0, at);
    }
}

struct bounce_slice log_address(struct bounce_slice text)
{
    text = slice_trim(text);
    if (text.len >= 2 && text.ptr[0] == '<' && text.ptr[text.len - 1] == '>')
        return slice_sub(text, 1, text.len - 2);
    return text;
}

struct bounce_slice log_host(struct bounce_slice relay)
{
    size_t end = slice_find_byte(relay, '[');
    struct bounce_slice host = slice_trim(slice_sub(relay, 0, end));

    if (host.len == 0 || slice_eq(host, SLICE("none")))
        return SLICE_NULL;
    if (host.ptr[host.len - 1] == '.')
        host.len--;
    return host;
}

/* "1d2h3m4s" */
static int64_t unit_span(struct bounce_slice text)
{
    int64_t sum = 0, number = 0;
    bool digits = false;

    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        static const char units[] = "wdhms";
        static const int64_t seconds[] = {604800, 86400, 3600, 60, 1};
        const char *unit;

        if (ascii_is_digit((unsigned char)c)) {
            number = number * 10 + (c - '0');
            digits = true;
            if (number > YEAR_S)
                return -1;
            continue;
        }
        if (c == '.') { /* parts of a second count for nothing */
            while (i + 1 < text.len &&
                   ascii_is_digit((unsigned char)text.ptr[i + 1]))
                i++;
            continue;
        }
        unit = memchr(units, c, sizeof(units) - 1);
        if (unit == NULL || !digits)
            return -1;
        sum += number * seconds[unit - units];
        number = 0;
        digits = false;
    }
    return sum + number; /* a bare number is seconds */
}

/* "00:01:30", "2+03:00:00" */
static int64_t clock_span(struct bounce_slice text)
{
    struct bounce_slice piece;
    size_t plus = slice_find_byte(text, '+');
    int64_t days = 0, sum = 0;

    if (plus != SLICE_NPOS) {
        days = unit_span(slice_sub(text, 0, plus));
        text = slice_from(text, plus + 1);
    }
    while (slice_next_piece(&text, ':', &piece)) {
        int64_t part = unit_span(piece);

        if (part < 0)
            return -1;
        sum = sum * 60 + part;
    }
    return days < 0 ? -1 : days * 86400 + sum;
}

int64_t log_span(struct bounce_slice text)
{
    text = slice_trim(text);
    if (text.len == 0 || text.len > 32 ||
        !ascii_is_digit((unsigned char)text.ptr[0]))
        return -1;
    return slice_find_byte(text, ':') != SLICE_NPOS ? clock_span(text)
                                                    : unit_span(text);
}
