/* SPDX-License-Identifier: MIT */
#include "classify/signals.h"

#include "base/bits.h"
#include "base/block.h"

static bool contains(struct bounce_slice text, const char *word)
{
    return slice_find_nocase(text, slice_cstr(word)) != SLICE_NPOS;
}

static bool contains_any(struct bounce_slice text, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (contains(text, words[i]))
            return true;
    }
    return false;
}

/* ---- Links ----------------------------------------------------------- */

static bool ends_url(unsigned char c)
{
    return c <= ' ' || c >= 0x7F || strchr("<>\"'|{}`", c) != NULL;
}

/* Where a link that holds "://" or "www." at at begins; SLICE_NPOS if the
 * letters before it are not those of one. */
static size_t url_start(struct bounce_slice text, size_t at)
{
    if (text.ptr[at] == ':') {
        if (at >= 5 &&
            slice_eq_nocase(slice_sub(text, at - 5, 5), SLICE("https")))
            return at - 5;
        if (at >= 4 &&
            slice_eq_nocase(slice_sub(text, at - 4, 4), SLICE("http")))
            return at - 4;
        return SLICE_NPOS;
    }
    return at;
}

/* Whether "://" or "www." may stand in text. */
static bool may_have_url(struct bounce_slice text)
{
    uint64_t colon = 0, double_u = 0, found = 0;

    for (size_t at = 0; at < text.len; at += 64) {
        struct block b;
        uint64_t colons, double_us;

        block_load(&b, text.ptr + at, text.len - at);
        colons = block_equal(&b, ':');
        double_us = block_equal(&b, 'w');
        found |= (block_equal(&b, '/') & (colons << 1 | colon)) |
                 (double_us & (double_us << 1 | double_u));
        colon = colons >> 63;
        double_u = double_us >> 63;
    }
    return found != 0;
}

static struct bounce_slice find_url(struct bounce_slice text)
{
    size_t scheme = slice_find(text, SLICE("://"));
    size_t www = slice_find(text, SLICE("www."));
    size_t at = SLICE_NPOS, end;

    if (www != SLICE_NPOS)
        at = url_start(text, www);
    if (scheme != SLICE_NPOS && url_start(text, scheme) < at)
        at = url_start(text, scheme);
    if (at == SLICE_NPOS)
        return SLICE_NULL;
    for (end = at; end < text.len && !ends_url((unsigned char)text.ptr[end]);)
        end++;
    while (end > at && strchr(".,;:!?)]", text.ptr[end - 1]) != NULL)
        end--;
    return slice_sub(text, at, end - at);
}

/* ---- Addresses of hosts ---------------------------------------------- */

size_t signals_ipv4(struct bounce_slice text, unsigned octets[4])
{
    size_t at = 0;

    for (unsigned i = 0; i < 4; i++) {
        size_t n = slice_parse_uint(slice_from(text, at), 3, &octets[i]);

        if (n == 0 || octets[i] > 255)
            return 0;
        at += n;
        if (i < 3) {
            if (at >= text.len || text.ptr[at] != '.')
                return 0;
            at++;
        }
    }
    if (at < text.len &&
        (ascii_is_alnum((unsigned char)text.ptr[at]) || text.ptr[at] == '-'))
        return 0;
    if (at + 1 < text.len && text.ptr[at] == '.' &&
        ascii_is_alnum((unsigned char)text.ptr[at + 1]))
        return 0; /* 192.0.2.1.example.org, or a list's query name */
    return at;
}

bool signals_is_private(const unsigned octets[4])
{
    return octets[0] == 10 || octets[0] == 127 || octets[0] == 0 ||
           octets[0] >= 224 || (octets[0] == 192 && octets[1] == 168) ||
           (octets[0] == 172 && octets[1] >= 16 && octets[1] < 32) ||
           (octets[0] == 169 && octets[1] == 254);
}

/* Groups of hex digits with colons, at least three colons: the length. */
static size_t match_ipv6(struct bounce_slice text)
{
    size_t at = 0, colons = 0, digits = 0;

    while (at < text.len && at < 45) {
        unsigned char c = ascii_lower((unsigned char)text.ptr[at]);

        if (c == ':') {
            colons++;
            digits = 0;
        } else if (ascii_is_digit(c) || (c >= 'a' && c <= 'f')) {
            if (++digits > 4)
                return 0;
        } else {
            break;
        }
        at++;
    }
    while (at > 0 && text.ptr[at - 1] == ':') {
        at--;
        colons--;
    }
    if (at < text.len && ascii_is_alnum((unsigned char)text.ptr[at]))
        return 0;
    return colons >= 3 && colons <= 7 ? at : 0;
}

/* Whether an address of IPv4, a digit before a ".", or of IPv6 may stand in
 * text. */
static bool may_have_ip(struct bounce_slice text, bool *ipv6_out)
{
    uint64_t digit = 0, found = 0;
    unsigned colons = 0;

    for (size_t at = 0; at < text.len; at += 64) {
        struct block b;
        uint64_t digits, bits;

        block_load(&b, text.ptr + at, text.len - at);
        digits = block_digits(&b);
        found |= block_equal(&b, '.') & (digits << 1 | digit);
        digit = digits >> 63;
        for (bits = block_equal(&b, ':'); bits != 0; bits &= bits - 1)
            colons++;
    }
    *ipv6_out = colons >= 3;
    return found != 0 || colons >= 3;
}

static struct bounce_slice find_sender_ip(const struct reply *reply)
{
    const struct bounce_slice text = reply->text;
    bool ipv6;

    if (!may_have_ip(text, &ipv6))
        return SLICE_NULL;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        unsigned octets[4];
        size_t n;

        if (!ascii_is_digit(c) && !ipv6)
            continue;

        if (i > 0 && (ascii_is_alnum((unsigned char)text.ptr[i - 1]) ||
                      text.ptr[i - 1] == '.' || text.ptr[i - 1] == '-'))
            continue;
        if (!ascii_is_alnum(c) && c != ':')
            continue;
        n = signals_ipv4(slice_from(text, i), octets);
        if (n > 0 && signals_is_private(octets)) {
            i += n;
            continue;
        }
        if (n == 0)
            n = match_ipv6(slice_from(text, i));
        if (n > 0 && !slice_eq(slice_sub(text, i, n), reply->ip))
            return slice_sub(text, i, n);
        if (n > 0)
            i += n;
    }
    return SLICE_NULL;
}

/* ---- Mail addresses -------------------------------------------------- */

static bool is_address_byte(unsigned char c)
{
    return ascii_is_alnum(c) || c >= 0x80 ||
           (c != '\0' && strchr("._+-=!#$%&*/?^{|}~", c) != NULL);
}

static struct bounce_slice find_new_address(struct bounce_slice text,
                                            struct bounce_slice old)
{
    size_t from = 0;

    for (;;) {
        size_t at = slice_find_byte(slice_from(text, from), '@');
        size_t start, end;
        struct bounce_slice address;

        if (at == SLICE_NPOS)
            return SLICE_NULL;
        at += from;
        for (start = at; start > from &&
                         is_address_byte((unsigned char)text.ptr[start - 1]);)
            start--;
        for (end = at + 1;
             end < text.len && (ascii_is_alnum((unsigned char)text.ptr[end]) ||
                                text.ptr[end] == '.' || text.ptr[end] == '-');)
            end++;
        while (end > at + 1 && text.ptr[end - 1] == '.')
            end--;
        address = slice_sub(text, start, end - start);
        if (start < at && end > at + 1 && !slice_eq_nocase(address, old))
            return address;
        from = at + 1;
    }
}

/* ---- Numbers with units ---------------------------------------------- */

struct amount {
    struct bounce_slice number, unit; /* the word behind it; may be empty */
    size_t start, end;                /* of number and unit */
};

/* How long the number that text begins with is; thousands may be parted by ","
 * and a fraction by ".". */
static size_t number_len(struct bounce_slice text)
{
    bool fraction = false;
    size_t i = 0;

    for (; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (ascii_is_digit(c))
            continue;
        if ((c != ',' && (c != '.' || fraction)) || i + 1 >= text.len ||
            !ascii_is_digit((unsigned char)text.ptr[i + 1]))
            break;
        fraction = fraction || c == '.';
    }
    return i;
}

static double number_value(struct bounce_slice number)
{
    double value = 0, scale = 0;

    for (size_t i = 0; i < number.len; i++) {
        char c = number.ptr[i];

        if (c == '.') {
            scale = 0.1;
        } else if (c != ',' && scale > 0) {
            value += (c - '0') * scale;
            scale /= 10;
        } else if (c != ',') {
            value = value * 10 + (c - '0');
        }
    }
    return value;
}

/* The numbers of a text, one after the other; those behind a letter belong to
 * an id. */
struct amounts {
    struct bounce_slice text;
    size_t block;    /* the 64 bytes that are looked at */
    uint64_t digits; /* those of them that are still to come */
    size_t at;       /* where to go on behind these */
};

/* The digits of the 64 bytes from at on, but those of runs that begin behind a
 * letter. */
static uint64_t find_digits(struct bounce_slice text, size_t at)
{
    size_t before = at;
    uint64_t digits, ids;
    struct block b;

    block_load(&b, text.ptr + at, text.len - at);
    digits = block_digits(&b);
    ids = digits & block_letters(&b) << 1;
    while (before > 0 && ascii_is_digit((unsigned char)text.ptr[before - 1]))
        before--;
    if (before > 0 && ascii_is_alpha((unsigned char)text.ptr[before - 1]))
        ids |= digits & 1;
    /* The carry of each beginning clears its run. */
    return digits & (digits + ids);
}

/* Most words begin otherwise than all of a list. */
static bool begins_as(struct bounce_slice word, const char *letters)
{
    return word.len > 0 &&
           memchr(letters, ascii_lower((unsigned char)word.ptr[0]),
                  strlen(letters)) != NULL;
}

static double time_unit(struct bounce_slice unit)
{
    static const struct {
        struct bounce_slice word;
        double seconds;
    } units[] = {
        {{"s", 1}, 1},        {{"sec", 3}, 1},      {{"secs", 4}, 1},
        {{"second", 6}, 1},   {{"seconds", 7}, 1},  {{"m", 1}, 60},
        {{"min", 3}, 60},     {{"mins", 4}, 60},    {{"minute", 6}, 60},
        {{"minutes", 7}, 60}, {{"h", 1}, 3600},     {{"hr", 2}, 3600},
        {{"hrs", 3}, 3600},   {{"hour", 4}, 3600},  {{"hours", 5}, 3600},
        {{"day", 3}, 86400},  {{"days", 4}, 86400},
    };

    if (!begins_as(unit, "smhd") || unit.len > sizeof("seconds") - 1)
        return 0;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (slice_eq_nocase(unit, units[i].word))
            return units[i].seconds;
    }
    return 0;
}

static size_t letters_len(struct bounce_slice text)
{
    size_t n = 0;

    while (n < text.len && ascii_is_alpha((unsigned char)text.ptr[n]))
        n++;
    return n;
}

/* "1h30m": what stands behind a number and its unit is one too. */
static bool is_duration(struct bounce_slice unit, struct bounce_slice rest)
{
    size_t digits = number_len(rest);
    size_t letters = letters_len(slice_from(rest, digits));
    size_t end = digits + letters;

    return time_unit(unit) != 0 &&
           time_unit(slice_sub(rest, digits, letters)) != 0 &&
           (end == rest.len || !ascii_is_digit((unsigned char)rest.ptr[end]));
}

/* The unit behind a number that ends at at; false when the number is the
 * beginning of an id, such as 4b7f. */
static bool read_unit(struct bounce_slice text, size_t at, struct amount *out)
{
    size_t unit = at;
    unsigned char behind;

    while (unit < text.len && text.ptr[unit] == ' ')
        unit++;
    out->unit = slice_sub(text, unit, letters_len(slice_from(text, unit)));
    out->end = unit + out->unit.len;
    behind = out->end < text.len ? (unsigned char)text.ptr[out->end] : ' ';
    if (out->unit.len == 0 || (!ascii_is_digit(behind) && behind != '@'))
        return true;
    if (unit == at)
        return is_duration(out->unit, slice_from(text, out->end));
    out->unit = slice_sub(text, unit, 0); /* an id or address of its own */
    out->end = unit;
    return true;
}

static bool next_amount(struct amounts *a, struct amount *out)
{
    struct bounce_slice text = a->text;
    size_t end;

    do {
        while (a->digits == 0) {
            if (a->at >= text.len)
                return false;
            a->block = a->at - a->at % 64;
            a->digits = find_digits(text, a->block) & UINT64_MAX << a->at % 64;
            a->at = a->block + 64;
        }
        out->start = a->block + bits_lowest(a->digits);
        out->number = slice_sub(text, out->start,
                                number_len(slice_from(text, out->start)));
        end = out->start + out->number.len;
        a->at = end < a->block + 64 ? a->block + 64 : end;
        a->digits =
            end < a->block + 64 ? a->digits & UINT64_MAX << end % 64 : 0;
    } while (!read_unit(text, end, out));
    return true;
}

static double size_unit(struct bounce_slice unit)
{
    static const struct {
        struct bounce_slice word;
        double bytes;
    } units[] = {
        {{"b", 1}, 1},
        {{"byte", 4}, 1},
        {{"bytes", 5}, 1},
        {{"octets", 6}, 1},
        {{"k", 1}, 1024},
        {{"kb", 2}, 1024},
        {{"kib", 3}, 1024},
        {{"kilobytes", 9}, 1024},
        {{"m", 1}, 1048576},
        {{"mb", 2}, 1048576},
        {{"mib", 3}, 1048576},
        {{"mbytes", 6}, 1048576},
        {{"megabytes", 9}, 1048576},
        {{"g", 1}, 1073741824},
        {{"gb", 2}, 1073741824},
        {{"gib", 3}, 1073741824},
    };

    if (!begins_as(unit, "bokmg"))
        return 0;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (slice_eq_nocase(unit, units[i].word))
            return units[i].bytes;
    }
    return 0;
}

static int64_t retry_after(struct bounce_slice text)
{
    static const char *const words[] = {
        "retry",        "try again", "try later", "again in",  "wait",
        "greylist",     "graylist",  "grey list", "come back", "later",
        "for the next", "delayed",   "retrying",  NULL};
    struct amounts amounts = {.text = text};
    struct amount amount;

    while (next_amount(&amounts, &amount)) {
        double unit = time_unit(amount.unit), seconds;
        size_t from = amount.start > 70 ? amount.start - 70 : 0;

        if (unit == 0)
            continue;
        seconds = number_value(amount.number) * unit;
        if (seconds > 0 && seconds <= 31 * 86400.0 &&
            contains_any(slice_sub(text, from, amount.end - from + 24), words))
            return (int64_t)(seconds + 0.5);
    }
    return -1;
}

int64_t signals_retry_after(const struct reply *reply)
{
    return retry_after(reply->text);
}

/* Of the sizes named, the limit is the one behind such a word; messages often
 * name their own size too. */
static bool size_limit(struct bounce_slice text, double *value_out)
{
    static const char *const words[] = {
        "limit",       "max",       "allow", "exceed", "larger than",
        "bigger than", "more than", "over",  NULL};
    struct amounts amounts = {.text = text};
    struct amount amount;
    bool found = false;

    while (next_amount(&amounts, &amount)) {
        double unit = size_unit(amount.unit);
        double value = number_value(amount.number);
        size_t from = amount.start > 40 ? amount.start - 40 : 0;

        if (amount.unit.len == 0 && value >= SIGNALS_LARGE)
            unit = 1;
        if (unit == 0 || value == 0)
            continue;
        if (contains_any(slice_sub(text, from, amount.start - from), words)) {
            *value_out = value * unit;
            found = true;
        }
    }
    return found;
}

/* How the words begin for things of which there may be too many. */
enum counted { RECIPIENTS, MESSAGES, MAILS, EMAILS, CONNECTIONS };
static const char *const counted[] = {"recip", "mess", "mail", "email",
                                      "connection"};

static bool count_limit(struct bounce_slice text, enum counted what,
                        struct amount *amount_out)
{
    struct amounts amounts = {.text = text};

    while (next_amount(&amounts, amount_out)) {
        if (amount_out->unit.len > 2 && number_value(amount_out->number) >= 1 &&
            slice_starts_nocase(amount_out->unit, slice_cstr(counted[what])))
            return true;
    }
    return false;
}

static void set_limit(struct bounce_signals *signals, struct bounce_slice what,
                      double value, struct bounce_slice unit)
{
    signals->limit_what = what;
    signals->limit_value = value;
    signals->limit_unit = unit;
}

/* "20 messages per hour", "5 emails every 10 minutes" */
static struct bounce_slice rate_unit(struct bounce_slice text, size_t end)
{
    struct bounce_slice behind = slice_sub(text, end, 30);

    if (contains(behind, "second"))
        return SLICE("messages/second");
    if (contains(behind, "minute"))
        return SLICE("messages/minute");
    if (contains(behind, "hour"))
        return SLICE("messages/hour");
    if (contains(behind, "day"))
        return SLICE("messages/day");
    return SLICE("messages");
}

static void read_limit(struct bounce_slice text, struct bounce_event *event)
{
    struct bounce_signals *signals = &event->signals;
    struct bounce_slice category = event->category;
    struct amount amount;
    double bytes;

    if (slice_eq(category, SLICE("message_too_large"))) {
        if (size_limit(text, &bytes))
            set_limit(signals, SLICE("size"), bytes, SLICE("bytes"));
    } else if (slice_eq(category, SLICE("mailbox_full"))) {
        if (size_limit(text, &bytes))
            set_limit(signals, SLICE("quota"), bytes, SLICE("bytes"));
    } else if (slice_eq(category, SLICE("too_many_recipients"))) {
        if (count_limit(text, RECIPIENTS, &amount))
            set_limit(signals, SLICE("recipients"), number_value(amount.number),
                      SLICE("recipients"));
    } else if (slice_eq(category, SLICE("rate_limited")) ||
               slice_eq(category, SLICE("recipient_rate"))) {
        if (count_limit(text, MESSAGES, &amount) ||
            count_limit(text, MAILS, &amount) ||
            count_limit(text, EMAILS, &amount))
            set_limit(signals, SLICE("rate"), number_value(amount.number),
                      rate_unit(text, amount.end));
        else if (count_limit(text, CONNECTIONS, &amount))
            set_limit(signals, SLICE("rate"), number_value(amount.number),
                      SLICE("connections"));
    }
}

void signals_read(const struct reply *reply, struct bounce_event *event)
{
    struct bounce_signals *signals = &event->signals;

    if (may_have_url(reply->whole)) {
        signals->url = find_url(reply->text);
        if (signals->url.ptr == NULL)
            signals->url = find_url(reply->whole);
    }
    if (signals->sender_ip.ptr == NULL &&
        (event->cls == BOUNCE_CLASS_BLOCK || event->cls == BOUNCE_CLASS_SOFT))
        signals->sender_ip = find_sender_ip(reply);
    if (slice_eq(event->category, SLICE("mailbox_moved")))
        signals->new_address = find_new_address(reply->text, event->recipient);
    read_limit(reply->text, event);
}

bool signals_unit(struct bounce_slice word, bool goes_on)
{
    if (goes_on)
        return time_unit(word) != 0;
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
        if (slice_starts_nocase(word, slice_cstr(counted[i])))
            return true;
    }
    return time_unit(word) != 0 || size_unit(word) != 0;
}

static bool has_limit(struct bounce_slice category)
{
    return slice_eq(category, SLICE("message_too_large")) ||
           slice_eq(category, SLICE("mailbox_full")) ||
           slice_eq(category, SLICE("too_many_recipients")) ||
           slice_eq(category, SLICE("rate_limited")) ||
           slice_eq(category, SLICE("recipient_rate"));
}

unsigned signals_vary(const struct reply *reply,
                      const struct bounce_event *event)
{
    const bool limit = has_limit(event->category);
    struct amounts amounts = {.text = reply->text};
    struct amount amount;
    unsigned again = 0;

    if (slice_eq(event->category, SLICE("mailbox_moved")))
        again |= SIGNALS_NEW_ADDRESS;
    while (next_amount(&amounts, &amount)) {
        if (time_unit(amount.unit) != 0)
            again |= SIGNALS_RETRY_AFTER;
        if (limit && (amount.unit.len == 0 || signals_unit(amount.unit, false)))
            again |= SIGNALS_LIMIT;
    }
    return again;
}

void signals_read_again(struct bounce_slice text, unsigned again,
                        struct bounce_event *event)
{
    int64_t said;

    if ((again & SIGNALS_LIMIT) != 0)
        read_limit(text, event);
    if ((again & SIGNALS_NEW_ADDRESS) != 0)
        event->signals.new_address = find_new_address(text, event->recipient);
    if ((again & SIGNALS_RETRY_AFTER) == 0)
        return;
    said = retry_after(text);
    if (said >= 0)
        event->advice.retry_after_s = said;
}
