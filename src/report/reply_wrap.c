/* SPDX-License-Identifier: MIT */
#include "report/reply_wrap.h"

#include "base/bits.h"
#include "report/reply_words.h"
#include "report/reply_wraps.h"

/* The bytes of s that wrap takes; 0 when it does not match. The blank that
 * ends an entry may be missing where lines were cut. */
static size_t match(const struct reply_wrap *wrap, struct bounce_slice s)
{
    size_t len = wrap->len;
    size_t need = wrap->text[len - 1] == ' ' ? len - 1 : len;

    if (s.len < need || memcmp(wrap->text, s.ptr, need) != 0)
        return 0;
    if (need < len && s.len > need && s.ptr[need] == ' ')
        return len;
    if (need < len && wrap->text[need - 1] != ':' && s.len > need)
        return 0;
    return need;
}

const struct reply_wrap *reply_wrap_match(struct bounce_slice s,
                                          size_t *len_out)
{
    const struct reply_wrap *best = NULL, *wrap;
    uint32_t key;
    size_t slot;

    *len_out = 0;
    if (s.len < REPLY_WRAP_KEY)
        return NULL;
    key = bits_load32(s.ptr);
    slot = REPLY_WRAP_SLOTS[reply_wrap_slot(key, REPLY_WRAP_FACTOR)];
    if (slot == 0)
        return NULL;
    for (wrap = &REPLY_WRAPS[slot - 1];
         wrap->text != NULL && bits_load32(wrap->text) == key; wrap++) {
        size_t len = match(wrap, s);

        if (len > *len_out) {
            best = wrap;
            *len_out = len;
        }
    }
    return best;
}

enum bounce_stage reply_stage(struct bounce_slice s)
{
    static const struct bounce_slice skip[] = {
        {"pipelined ", 10}, {"sending ", 8}, {"the ", 4}, {"\"", 1},
        {"'", 1},           {"`", 1},        {"(", 1},    {" ", 1},
    };

    for (size_t i = 0; i < sizeof(skip) / sizeof(skip[0]); i++) {
        if (slice_starts_nocase(s, skip[i])) {
            s = slice_from(s, skip[i].len);
            i = SIZE_MAX; /* start over: several may stand in a row */
        }
    }
    for (const struct reply_stage_word *word = REPLY_STAGE_WORDS;
         word->word.len > 0; word++) {
        size_t len = word->word.len;
        if (slice_starts_nocase(s, word->word) &&
            (s.len == len || !ascii_is_alpha((unsigned char)s.ptr[len]) ||
             len == 7))
            return word->stage;
    }
    return BOUNCE_STAGE_NONE;
}

bool reply_is_ip(struct bounce_slice s)
{
    unsigned dots = 0, colons = 0, digits = 0;

    if (slice_starts_nocase(s, SLICE("IPv6:")))
        s = slice_from(s, 5);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '.')
            dots++;
        else if (c == ':')
            colons++;
        else if (ascii_is_digit(c))
            digits++;
        else if (ascii_lower(c) < 'a' || ascii_lower(c) > 'f')
            return false;
    }
    return (dots == 3 && colons == 0 && digits >= 4 && digits + 3 == s.len) ||
           (colons >= 2 && s.len <= 45);
}

static bool is_host_byte(unsigned char c)
{
    return ascii_is_alnum(c) || c == '.' || c == '-' || c == '_' || c >= 0x80;
}

static struct bounce_slice trim_dots(struct bounce_slice s)
{
    while (s.len > 0 && s.ptr[s.len - 1] == '.')
        s.len--;
    while (s.len > 0 && s.ptr[0] == '.')
        s = slice_from(s, 1);
    return s.len > 0 ? s : SLICE_NULL;
}

/* A name counts as a host when it has a dot inside: "mx", "the" do not. */
static void set_name(struct bounce_slice name, struct bounce_slice *host_out,
                     struct bounce_slice *ip_out)
{
    name = trim_dots(name);
    if (name.ptr == NULL || slice_find_byte(name, '.') == SLICE_NPOS)
        return;
    if (!reply_is_ip(name))
        *host_out = name;
    else if (ip_out->ptr == NULL)
        *ip_out = name;
}

/* The address inside "[...]" or "(...)" that starts s. */
static struct bounce_slice bracketed(struct bounce_slice s)
{
    size_t end;

    if (s.len < 3 || (s.ptr[0] != '[' && s.ptr[0] != '('))
        return SLICE_NULL;
    if (s.ptr[1] == '[') /* "([192.0.2.1])" */
        return bracketed(slice_from(s, 1));
    for (end = 1; end < s.len && end < 50; end++)
        if (!ascii_is_alnum((unsigned char)s.ptr[end]) && s.ptr[end] != '.' &&
            s.ptr[end] != ':')
            break;
    s = slice_sub(s, 1, end - 1);
    return reply_is_ip(s) ? s : SLICE_NULL;
}

void reply_host_after(struct bounce_slice s, struct bounce_slice *host_out,
                      struct bounce_slice *ip_out)
{
    size_t len = 0;

    *host_out = *ip_out = SLICE_NULL;
    s = slice_trim(s);
    while (s.len > 0 && (s.ptr[0] == '<' || s.ptr[0] == '\''))
        s = slice_from(s, 1);
    *ip_out = bracketed(s);
    while (len < s.len && len < 256 && is_host_byte((unsigned char)s.ptr[len]))
        len++;
    set_name(slice_sub(s, 0, len), host_out, ip_out);
    s = slice_from(s, len);
    if (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '>'))
        s = slice_from(s, 1);
    if (ip_out->ptr == NULL)
        *ip_out = bracketed(s);
}

void reply_host_before(struct bounce_slice s, struct bounce_slice *host_out,
                       struct bounce_slice *ip_out)
{
    size_t start;

    *host_out = *ip_out = SLICE_NULL;
    s = slice_trim(s);
    if (s.len > 0 && (s.ptr[s.len - 1] == ']' || s.ptr[s.len - 1] == ')')) {
        start = s.len;
        while (start > 0 && s.len - start < 50 && s.ptr[start - 1] != '[' &&
               s.ptr[start - 1] != '(')
            start--;
        if (start > 0) {
            *ip_out = bracketed(slice_from(s, start - 1));
            s = slice_trim(slice_sub(s, 0, start - 1));
        }
    }
    if (s.len > 0 && (s.ptr[s.len - 1] == '>' || s.ptr[s.len - 1] == '\'' ||
                      s.ptr[s.len - 1] == ','))
        s.len--;
    for (start = s.len; start > 0 && s.len - start < 256; start--)
        if (!is_host_byte((unsigned char)s.ptr[start - 1]))
            break;
    set_name(slice_from(s, start), host_out, ip_out);
}
