/* SPDX-License-Identifier: MIT */
#include "policy/fields.h"

#define MAX_DURATION_S ((int64_t)36525 * 24 * 60 * 60)

/* The next word of *rest; false when there is none. */
static bool next_word(struct bounce_slice *rest, struct bounce_slice *word_out)
{
    size_t len = 0;

    *rest = slice_trim(*rest);
    while (len < rest->len && !ascii_is_space((unsigned char)rest->ptr[len]))
        len++;
    *word_out = slice_sub(*rest, 0, len);
    *rest = slice_from(*rest, len);
    return len > 0;
}

static bool is(struct bounce_slice value, const char *word)
{
    return slice_eq_nocase(value, slice_cstr(word));
}

bool field_flag(struct bounce_slice value, bool *out)
{
    if (!is(value, "yes") && !is(value, "no"))
        return false;
    *out = is(value, "yes");
    return true;
}

bool field_number(struct bounce_slice value, unsigned *out)
{
    unsigned number;

    if (value.len == 0 || slice_parse_uint(value, 9, &number) != value.len)
        return false;
    *out = number;
    return true;
}

bool field_duration(struct bounce_slice value, int64_t *out)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    unsigned number;

    if (is(value, "none")) {
        *out = 0;
        return true;
    }
    if (value.len < 2 || slice_parse_uint(value, 9, &number) != value.len - 1 ||
        number == 0)
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (value.ptr[value.len - 1] != units[i].unit)
            continue;
        if (number > MAX_DURATION_S / units[i].seconds)
            return false;
        *out = number * units[i].seconds;
        return true;
    }
    return false;
}

bool field_steps(struct bounce_slice value, struct policy_steps *out)
{
    struct policy_steps steps = {0};
    struct bounce_slice word;

    if (is(value, "none") || is(value, "until-mended")) {
        steps.until_mended = is(value, "until-mended");
        *out = steps;
        return true;
    }
    while (next_word(&value, &word)) {
        if (is(word, "doubling") && steps.count > 0) {
            int64_t last = steps.step_s[steps.count - 1];

            if (!next_word(&value, &word) ||
                !field_duration(word, &steps.max_s) || steps.max_s < last ||
                next_word(&value, &word))
                return false;
            break;
        }
        if (steps.count == POLICY_MAX_STEPS ||
            !field_duration(word, &steps.step_s[steps.count]) ||
            steps.step_s[steps.count] == 0)
            return false;
        steps.count++;
    }
    if (steps.count == 0)
        return false;
    *out = steps;
    return true;
}

/* Digits with at most places decimals; in units of the last place. */
static bool parse_decimal(struct bounce_slice value, unsigned places,
                          unsigned *out)
{
    unsigned whole, part = 0;
    size_t digits = slice_parse_uint(value, 4, &whole), decimals = 0;

    if (digits == 0)
        return false;
    value = slice_from(value, digits);
    if (value.len > 0) {
        if (value.ptr[0] != '.')
            return false;
        value = slice_from(value, 1);
        decimals = slice_parse_uint(value, places, &part);
        if (decimals == 0 || decimals != value.len)
            return false;
    }
    for (size_t i = 0; i < places; i++)
        whole *= 10;
    for (; decimals > 0 && decimals < places; decimals++)
        part *= 10;
    *out = whole + part;
    return true;
}

bool field_share(struct bounce_slice value, double *out)
{
    unsigned hundredths;

    if (value.len < 2 || value.ptr[value.len - 1] != '%' ||
        !parse_decimal(slice_sub(value, 0, value.len - 1), 2, &hundredths) ||
        hundredths > 10000)
        return false;
    *out = hundredths / 10000.0;
    return true;
}

bool field_confidence(struct bounce_slice value, unsigned *out)
{
    unsigned hundredths;

    if (!parse_decimal(value, 2, &hundredths) || hundredths > 100)
        return false;
    *out = hundredths;
    return true;
}

bool field_suppress(struct bounce_slice value, enum policy_suppress *out)
{
    if (is(value, "never"))
        *out = POLICY_SUPPRESS_NEVER;
    else if (is(value, "store"))
        *out = POLICY_SUPPRESS_STORE;
    else if (is(value, "scope"))
        *out = POLICY_SUPPRESS_SCOPE;
    else
        return false;
    return true;
}

bool field_hold(struct bounce_slice value, unsigned *out)
{
    static const char *const words[] = {"provider", "domain", "ip",
                                        "sender-domain", "campaign"};
    struct bounce_slice word;
    unsigned parts = 0;

    if (is(value, "none")) {
        *out = 0;
        return true;
    }
    while (next_word(&value, &word)) {
        unsigned part = 0;

        for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (is(word, words[i]))
                part = 1U << i;
        }
        if (part == 0 || (parts & part) != 0)
            return false;
        parts |= part;
    }
    if (parts == 0)
        return false;
    *out = parts;
    return true;
}

bool field_slot(struct bounce_slice value, enum bounce_slot *out)
{
    if (is(value, "bounce"))
        *out = BOUNCE_SLOT_HARD;
    else if (is(value, "complaint"))
        *out = BOUNCE_SLOT_COMPLAINT;
    else if (is(value, "unsubscribe"))
        *out = BOUNCE_SLOT_UNSUBSCRIBE;
    else
        return false;
    return true;
}

bool field_at_once(struct bounce_slice value, enum policy_at_once *out,
                   unsigned *confidence_out)
{
    struct bounce_slice word, rest = value;
    unsigned confidence = 0;

    if (!next_word(&rest, &word))
        return false;
    rest = slice_trim(rest);
    if (is(word, "permanent")) {
        if (rest.len > 0 && !field_confidence(rest, &confidence))
            return false;
        *out = POLICY_AT_ONCE_PERMANENT;
    } else if (rest.len > 0) {
        return false;
    } else if (is(word, "none")) {
        *out = POLICY_AT_ONCE_NO;
    } else if (is(word, "always")) {
        *out = POLICY_AT_ONCE_ALWAYS;
    } else if (is(word, "as-cause")) {
        *out = POLICY_AT_ONCE_AS_CAUSE;
    } else {
        return false;
    }
    *confidence_out = confidence;
    return true;
}

bool field_id(struct bounce_slice value)
{
    if (value.len == 0 || value.len >= sizeof(((struct bounce_counter *)0)->id))
        return false;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];

        if (!ascii_is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' &&
            c != '_')
            return false;
    }
    return true;
}
