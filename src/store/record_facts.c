/* SPDX-License-Identifier: MIT
 * Facts as words, "dns=1 waiting=30", in a fixed order; unknown ones left
 * out. */
#include <inttypes.h>
#include <stdio.h>

#include "store/record.h"

void record_facts_init(struct record_facts *facts)
{
    *facts = (struct record_facts){
        .dns_domain = -1,
        .domain_delivered_at = BOUNCE_NO_TIME,
        .engaged_at = BOUNCE_NO_TIME,
        .waiting_s = -1,
        .told_at = BOUNCE_NO_TIME,
        .slot = BOUNCE_SLOT_MANUAL,
        .until = BOUNCE_NO_TIME,
    };
}

struct out {
    char *buf;
    size_t cap, len;
};

static void put(struct out *out, const char *name, const char *value)
{
    const char *const parts[] = {out->len > 0 ? " " : "", name, "=", value};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        for (const char *c = parts[i]; *c != '\0'; c++, out->len++) {
            if (out->len < out->cap)
                out->buf[out->len] = *c;
        }
    }
}

static void put_number(struct out *out, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, value);
    put(out, name, text);
}

static void put_time(struct out *out, const char *name, int64_t time)
{
    if (time != BOUNCE_NO_TIME)
        put_number(out, name, time);
}

size_t record_facts_write(const struct record_facts *facts, char *buf,
                          size_t cap)
{
    struct out out = {.buf = buf, .cap = cap};

    if (facts->service_class != BOUNCE_CLASS_NONE)
        put(&out, "service", bounce_class_name(facts->service_class));
    if (facts->dns_domain >= 0)
        put_number(&out, "dns", facts->dns_domain);
    put_time(&out, "delivered", facts->domain_delivered_at);
    put_time(&out, "engaged", facts->engaged_at);
    if (facts->waiting_s >= 0)
        put_number(&out, "waiting", facts->waiting_s);
    put_time(&out, "told", facts->told_at);
    if (facts->tries > 0)
        put_number(&out, "tries", facts->tries);
    if (facts->breaker > 0)
        put_number(&out, "breaker", facts->breaker);
    if (facts->suppressed_for[0] != '\0')
        put(&out, "for", facts->suppressed_for);
    if (facts->slot != BOUNCE_SLOT_MANUAL)
        put(&out, "slot", bounce_slot_name(facts->slot));
    put_time(&out, "until", facts->until);
    if (facts->consent)
        put(&out, "consent", "1");
    if (facts->reply_alone)
        put(&out, "reply", "1");
    return out.len;
}

static bool read_number(struct bounce_slice text, int64_t *out)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    int64_t number = 0;

    text = slice_from(text, negative ? 1 : 0);
    if (text.len == 0 || text.len > 18)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_digit((unsigned char)text.ptr[i]))
            return false;
        number = number * 10 + (text.ptr[i] - '0');
    }
    *out = negative ? -number : number;
    return true;
}

static bool read_class(struct bounce_slice word, struct record_facts *facts)
{
    for (unsigned i = BOUNCE_CLASS_HARD; i <= BOUNCE_CLASS_UNDETERMINED; i++) {
        if (slice_eq(word, slice_cstr(bounce_class_name((enum bounce_class)i))))
            facts->service_class = (enum bounce_class)i;
    }
    return facts->service_class != BOUNCE_CLASS_NONE;
}

static bool read_slot(struct bounce_slice word, struct record_facts *facts)
{
    for (unsigned i = 0; i < BOUNCE_SLOTS; i++) {
        if (slice_eq(word, slice_cstr(bounce_slot_name((enum bounce_slot)i)))) {
            facts->slot = (enum bounce_slot)i;
            return true;
        }
    }
    return false;
}

static bool read_fact(struct bounce_slice name, struct bounce_slice value,
                      struct record_facts *f)
{
    int64_t number;

    if (slice_eq(name, SLICE("service")))
        return read_class(value, f);
    if (slice_eq(name, SLICE("slot")))
        return read_slot(value, f);
    if (slice_eq(name, SLICE("for"))) {
        if (value.len >= sizeof(f->suppressed_for))
            return false;
        memcpy(f->suppressed_for, value.ptr, value.len);
        f->suppressed_for[value.len] = '\0';
        return true;
    }
    if (!read_number(value, &number))
        return false;
    if (slice_eq(name, SLICE("dns")))
        f->dns_domain = (int)number;
    else if (slice_eq(name, SLICE("delivered")))
        f->domain_delivered_at = number;
    else if (slice_eq(name, SLICE("engaged")))
        f->engaged_at = number;
    else if (slice_eq(name, SLICE("waiting")))
        f->waiting_s = number;
    else if (slice_eq(name, SLICE("told")))
        f->told_at = number;
    else if (slice_eq(name, SLICE("tries")))
        f->tries = (unsigned)number;
    else if (slice_eq(name, SLICE("breaker")))
        f->breaker = (unsigned)number;
    else if (slice_eq(name, SLICE("until")))
        f->until = number;
    else if (slice_eq(name, SLICE("consent")))
        f->consent = number != 0;
    else if (slice_eq(name, SLICE("reply")))
        f->reply_alone = number != 0;
    else
        return false;
    return true;
}

bool record_facts_read(struct bounce_slice text, struct record_facts *facts_out)
{
    struct bounce_slice word;

    record_facts_init(facts_out);
    while (slice_next_piece(&text, ' ', &word)) {
        size_t at = slice_find_byte(word, '=');

        if (at == SLICE_NPOS ||
            !read_fact(slice_sub(word, 0, at), slice_from(word, at + 1),
                       facts_out)) {
            record_facts_init(facts_out);
            return false;
        }
    }
    return true;
}
