/* SPDX-License-Identifier: MIT */
#include "report/pattern.h"

#include "base/bits.h"
#include "base/block.h"
#include "report/address.h"
#include "report/pattern_piece.h"
#include "report/reply.h"
#include "report/reply_wrap.h"

/* The literal at the start of pattern matched at the start of s: bytes of s
 * used, or SLICE_NPOS. *used_out are the bytes of the pattern. */
static size_t match_literal(struct bounce_slice pattern, struct bounce_slice s,
                            size_t *used_out)
{
    size_t p = 0, at = 0;

    while (p < pattern.len && pattern_piece(pattern.ptr[p]) == PIECE_NONE) {
        if (pattern.ptr[p] == ' ') {
            size_t start = at;
            while (at < s.len && ascii_is_space((unsigned char)s.ptr[at]))
                at++;
            /* A blank may be missing only at the end of the line. */
            if (at == start && at < s.len)
                return SLICE_NPOS;
        } else if (at < s.len && ascii_lower((unsigned char)s.ptr[at]) ==
                                     (unsigned char)pattern.ptr[p]) {
            at++;
        } else {
            return SLICE_NPOS;
        }
        p++;
    }
    *used_out = p;
    return at;
}

/* Where the next address begins, with what opens it. */
static size_t reach_address(struct bounce_slice s)
{
    struct bounce_slice found = address_find(s, NULL);
    size_t at;

    if (found.ptr == NULL)
        return SLICE_NPOS;
    at = (size_t)(found.ptr - s.ptr);
    return at > 0 && (s.ptr[at - 1] == '<' || s.ptr[at - 1] == '"') ? at - 1
                                                                    : at;
}

/* Words of Chinese or Japanese right before an address are no part of it. */
static bool is_glued(struct bounce_slice address)
{
    size_t i = 0;

    while (i < address.len && (unsigned char)address.ptr[i] >= 0x80)
        i++;
    return i > 0 && (unsigned char)address.ptr[0] >= 0xE0 && i < address.len &&
           ascii_is_alpha((unsigned char)address.ptr[i]);
}

/* Where the byte c, of either case if it is a letter, stands from at on; s.len
 * if nowhere. */
static size_t next_byte(struct bounce_slice s, size_t at, char c)
{
    char bit = ascii_is_alpha((unsigned char)c) ? 0x20 : 0;

    for (; at < s.len; at += 64) {
        struct block b;
        uint64_t found;

        block_load(&b, s.ptr + at, s.len - at);
        found = block_between(&b, bit, c, c);
        if (s.len - at < 64)
            found &= ((uint64_t)1 << (s.len - at)) - 1;
        if (found != 0)
            return at + bits_lowest(found);
    }
    return s.len;
}

static bool has_placeholder(struct bounce_slice pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern_piece(pattern.ptr[i]) != PIECE_NONE)
            return true;
    }
    return false;
}

/* How far an open placeholder reaches: to the literal behind it, which is
 * looked for only once. */
static size_t reach(struct bounce_slice pattern, struct bounce_slice s)
{
    struct bounce_slice literal;
    size_t used, len = 0;
    char first;

    while (len < pattern.len && pattern.ptr[len] == ' ')
        len++;
    literal = slice_from(pattern, len);
    if (literal.len == 0)
        return s.len;
    if (pattern_is_open(literal))
        return literal.ptr[0] == PIECE_ADDR ? reach_address(s) : s.len;
    /* Text that ends the pattern ends the line: "({reply})" may hold ")". */
    if (!has_placeholder(literal) && slice_ends_nocase(s, literal)) {
        size_t back = s.len - literal.len;
        if (len == 0)
            return back;
        if (back > 0 && ascii_is_space((unsigned char)s.ptr[back - 1]))
            return back - 1;
    }
    first = pattern.ptr[len];
    for (size_t i = next_byte(s, 0, first); i < s.len;
         i = next_byte(s, i + 1, first)) {
        size_t back = i;
        if (len > 0 && i > 0 && ascii_is_space((unsigned char)s.ptr[i - 1]))
            back = i - 1;
        else if (len > 0)
            continue;
        if (match_literal(pattern, slice_from(s, back), &used) != SLICE_NPOS)
            return back;
    }
    return SLICE_NPOS;
}

static size_t match_word(struct bounce_slice s, const char *also)
{
    size_t len = 0;

    while (len < s.len &&
           (ascii_is_alnum((unsigned char)s.ptr[len]) ||
            strchr(also, s.ptr[len]) != NULL) &&
           s.ptr[len] != '\0')
        len++;
    return len;
}

/* A placeholder of a fixed shape; SLICE_NPOS when it does not match. */
static size_t match_shape(enum piece piece, struct bounce_slice s,
                          struct pattern_facts *f)
{
    struct bounce_slice found;
    size_t len;
    int code;

    switch (piece) {
    case PIECE_ADDR:
    case PIECE_ORIG:
        found = address_at(s, &len);
        if (found.ptr == NULL || is_glued(found))
            return SLICE_NPOS;
        if (piece == PIECE_ADDR)
            f->addr = found;
        else
            f->orig = found;
        return len;
    case PIECE_HOST:
    case PIECE_IP:
        len = match_word(s, ".-_:");
        while (len > 0 && (s.ptr[len - 1] == '.' || s.ptr[len - 1] == ':'))
            len--;
        found = slice_sub(s, 0, len);
        if (len == 0 || (piece == PIECE_IP && !reply_is_ip(found)))
            return SLICE_NPOS;
        if (reply_is_ip(found))
            f->ip = found;
        else
            f->host = found;
        return len;
    case PIECE_CODE:
        len = reply_match_code(s, &code);
        f->code = slice_sub(s, 0, len);
        return len == 0 ? SLICE_NPOS : len;
    case PIECE_STATUS:
        len = reply_match_status(s);
        f->status = slice_sub(s, 0, len);
        return len == 0 ? SLICE_NPOS : len;
    case PIECE_QUEUE:
        len = match_word(s, "-._");
        f->queue = slice_sub(s, 0, len);
        return len == 0 ? SLICE_NPOS : len;
    case PIECE_NUMBER:
        for (len = 0; len < s.len && ascii_is_digit((unsigned char)s.ptr[len]);
             len++)
            ;
        return len == 0 ? SLICE_NPOS : len;
    default:
        return SLICE_NPOS;
    }
}

static size_t match_open(enum piece piece, struct bounce_slice pattern,
                         struct bounce_slice s, struct pattern_facts *f)
{
    size_t len = reach(pattern, s);
    struct bounce_slice found;

    if (len == SLICE_NPOS)
        return SLICE_NPOS;
    found = slice_trim(slice_sub(s, 0, len));
    if (piece == PIECE_NAME) {
        if (found.len == 0 || found.len > 256)
            return SLICE_NPOS;
        f->name = found;
    } else if (piece == PIECE_REPLY) {
        f->reply = found;
    } else if (piece == PIECE_STAGE) {
        f->stage = reply_stage(found);
        if (f->stage == BOUNCE_STAGE_NONE)
            return SLICE_NPOS;
    }
    return len;
}

/* Most patterns begin with a literal that the line does not begin with. */
static bool may_begin(struct bounce_slice pattern, struct bounce_slice line)
{
    return pattern.len == 0 || pattern_is_open(pattern) ||
           pattern.ptr[0] == ' ' ||
           (line.len > 0 && ascii_lower((unsigned char)line.ptr[0]) ==
                                (unsigned char)pattern.ptr[0]);
}

bool pattern_match(struct bounce_slice pattern, struct bounce_slice line,
                   struct pattern_facts *facts_out)
{
    size_t used, len;

    if (pattern.len > 0 && pattern.ptr[0] == PIECE_IN) {
        if (line.len == 0 || !ascii_is_space((unsigned char)line.ptr[0]))
            return false;
        pattern = slice_from(pattern, 1);
    }
    line = slice_trim(line);
    if (!may_begin(pattern, line))
        return false;
    memset(facts_out, 0, sizeof(*facts_out));
    while (pattern.len > 0) {
        enum piece piece = pattern_piece(pattern.ptr[0]);
        if (piece == PIECE_NONE) {
            len = match_literal(pattern, line, &used);
            if (len == SLICE_NPOS)
                return false;
            pattern = slice_from(pattern, used);
            line = slice_from(line, len);
            continue;
        }
        pattern = slice_from(pattern, 1);
        len = piece == PIECE_REPLY || piece == PIECE_TEXT ||
                      piece == PIECE_NAME || piece == PIECE_STAGE
                  ? match_open(piece, pattern, line, facts_out)
                  : match_shape(piece, line, facts_out);
        if (len == SLICE_NPOS)
            return false;
        line = slice_from(line, len);
    }
    return slice_trim(line).len == 0;
}
