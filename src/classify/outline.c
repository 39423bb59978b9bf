/* SPDX-License-Identifier: MIT */
#include "classify/outline.h"

#include "classify/guard.h"
#include "classify/signals.h"
#include "report/reply_wraps.h"

/* What stands for a piece: its kind and how it begins, in one byte below the
 * blank, and what else matters in the bytes behind. */
enum kind { ADDRESS = 1, NUMBER, HEX, WORD, IPV4, TIME };
enum first { FIRST_ANY, FIRST_DIGIT, FIRST_UPPER, FIRST_LOWER };

#define MIN_NUMBER 4
#define MAX_NUMBER 20 /* as {n} of phrases */
#define MIN_WORD   5
#define MAX_WORD   64
/* Names of hosts in brackets are looked for 50 bytes back. */
#define MAX_ADDRESS 48

struct maker {
    struct outline *o;
    struct bounce_slice text;
    const char *low;
    const struct reply_line *line;
    const uint32_t *guard;
    size_t from;      /* what stands before is in the outline */
    bool word_before; /* the last piece is a word or number in a name */
};

/* ---- Bits ------------------------------------------------------------ */

static size_t next_bit(const uint64_t *bits, size_t at, size_t len)
{
    while (at < len) {
        uint64_t rest = bits[at / 64] >> at % 64;

        if (rest != 0)
            return at + bits_lowest(rest);
        at = (at / 64 + 1) * 64;
    }
    return len;
}

/* Behind the bits from at on that are set; one is not behind the text. */
static size_t run_end(const uint64_t *bits, size_t at)
{
    for (;;) {
        uint64_t rest = ~bits[at / 64] >> at % 64;

        if (rest != 0)
            return at + bits_lowest(rest);
        at = (at / 64 + 1) * 64;
    }
}

/* The first of the bits that are set up to at. */
static size_t run_start(const uint64_t *bits, size_t at)
{
    size_t block = at / 64;
    uint64_t clear = ~bits[block] & (((uint64_t)1 << at % 64) - 1);

    while (clear == 0 && block > 0)
        clear = ~bits[--block];
    return clear == 0 ? 0 : block * 64 + bits_highest(clear) + 1;
}

static char byte_at(const struct maker *m, size_t at)
{
    return at < m->text.len ? m->text.ptr[at] : '\0';
}

static bool is_alnum_at(const struct maker *m, size_t at)
{
    return (m->line->alnums[at / 64] >> at % 64 & 1) != 0;
}

static size_t word_end(const struct maker *m, size_t at)
{
    return run_end(m->line->alnums, at);
}

static size_t digits_end(const struct maker *m, size_t at)
{
    return run_end(m->line->digits, at);
}

/* Within a word that ends at end. */
static size_t letters_end(const struct maker *m, size_t at, size_t end)
{
    size_t digit = next_bit(m->line->digits, at, end);

    return digit < end ? digit : end;
}

/* How a piece begins matters behind a code ("550 x" is a reply, "550 7" not), a
 * sentence ("rec. is full" is one) and a blank before a number. */
static enum first first_of(const struct maker *m, size_t at)
{
    char c = m->text.ptr[at];

    if (at == 0 || (m->text.ptr[at - 1] != ' ' && m->text.ptr[at - 1] != '-'))
        return FIRST_ANY;
    return ascii_is_digit((unsigned char)c) ? FIRST_DIGIT
           : c >= 'A' && c <= 'Z'           ? FIRST_UPPER
                                            : FIRST_LOWER;
}

/* ---- Words that must stay -------------------------------------------- */

static bool guarded(const struct maker *m, enum guard_kind kind, uint32_t key)
{
    return guard_has(m->guard, kind, key);
}

/* Whether something asks for what begins like this word behind what stands
 * before it. */
static bool follows(const struct maker *m, size_t at)
{
    return at >= GUARD_BEFORE_LEN &&
           guarded(m, GUARD_BEHIND, guard_behind(m->low + at));
}

/* Whether a word is one that something asks for, or begins so. */
static bool named(const struct maker *m, size_t at, size_t end)
{
    return guarded(m, GUARD_HEAD, guard_head(m->low + at, end - at)) ||
           guarded(m, GUARD_WHOLE, guard_whole(m->low + at, end - at)) ||
           follows(m, at);
}

/* Whether a wrapper of replies may begin with the letters at at. */
static bool may_wrap(const struct maker *m, size_t at)
{
    return m->text.len - at >= REPLY_WRAP_KEY && reply_wrap_may(m->low + at);
}

/* "5m" and "12hours" are amounts, which tell when to try again or how much is
 * too much. Digits behind a letter are none. */
static bool is_amount(const struct maker *m, size_t at, size_t end)
{
    size_t digits = digits_end(m, at), letters;

    if (digits == at || digits == end)
        return false;
    letters = letters_end(m, digits, end);
    return signals_unit(slice_sub(m->text, digits, letters - digits),
                        letters < end);
}

/* Whether a wrapper may begin with the letters that end a word. */
static bool ends_in_wrap(const struct maker *m, size_t at, size_t end)
{
    while (end > at && ascii_is_alpha((unsigned char)m->text.ptr[end - 1]))
        end--;
    return is_alnum_at(m, end) && may_wrap(m, end);
}

static bool ends_free(const struct maker *m, size_t at, size_t end)
{
    size_t len = end - at < GUARD_HEAD_LEN ? end - at : GUARD_HEAD_LEN;

    return ascii_is_digit((unsigned char)m->text.ptr[end - 1]) ||
           !guarded(m, GUARD_TAIL, guard_head(m->low + end - len, len));
}

/* A word of letters and digits. */
static bool word_free(const struct maker *m, size_t at, size_t end)
{
    size_t lead = letters_end(m, at, end);

    if (guarded(m, GUARD_ANY_WORD, 0) || named(m, at, end) ||
        digits_end(m, at) - at > MAX_NUMBER)
        return false;
    if (lead > at && guarded(m, GUARD_LEAD, guard_lead(m->low + at, lead - at)))
        return false;
    return ends_free(m, at, end) && !is_amount(m, at, end) &&
           !ends_in_wrap(m, at, end);
}

/* ---- Pieces ---------------------------------------------------------- */

/* What is between the last piece and this one, then the mark. */
static void put(struct maker *m, size_t at, size_t end, const char *mark,
                size_t mark_len)
{
    struct outline *o = m->o;
    struct outline_piece *piece = &o->pieces[o->piece_count++];

    memcpy(o->bytes + o->len, m->text.ptr + m->from, at - m->from);
    o->len += at - m->from;
    *piece = (struct outline_piece){
        .at = (uint16_t)at, .end = (uint16_t)end, .mark = (uint16_t)o->len};
    memcpy(o->bytes + o->len, mark, mark_len);
    o->len += mark_len;
    piece->mark_end = (uint16_t)o->len;
    m->from = end;
}

static void put_piece(struct maker *m, enum kind kind, size_t at, size_t end)
{
    char mark[2] = {(char)((unsigned)kind << 2 | first_of(m, at)),
                    (char)(end - at)};

    put(m, at, end, mark, sizeof(mark));
}

static bool is_hex(const struct maker *m, size_t at, size_t end)
{
    for (; at < end; at++) {
        if (m->low[at] > 'f')
            return false;
    }
    return true;
}

/* Whether nothing asks for one of these numbers of up to three digits; the
 * last of them ends at end. */
static bool numbers_free(const struct maker *m, const unsigned *numbers,
                         size_t count, size_t end)
{
    for (size_t i = 0; i < count; i++) {
        if (guarded(m, GUARD_NUMBER, numbers[i]))
            return false;
    }
    return !guarded(m, GUARD_LAST,
                    guard_beside(numbers[count - 1], byte_at(m, end)));
}

static bool octets_free(const struct maker *m, const unsigned octets[4],
                        char before, size_t end)
{
    for (size_t i = 0; i < 3; i++) {
        if (guarded(m, GUARD_PAIR, guard_pair(octets[i], octets[i + 1])))
            return false;
    }
    return !guarded(m, GUARD_FIRST, guard_beside(octets[0], before)) &&
           numbers_free(m, octets, 4, end);
}

/* Which of the addresses before it this one is, from 1; 0: none. */
static unsigned same_before(const struct maker *m, size_t at, size_t end)
{
    const struct outline *o = m->o;
    unsigned number = 0;

    for (size_t i = 0; i < o->piece_count; i++) {
        const struct outline_piece *p = &o->pieces[i];

        if (o->bytes[p->mark] >> 2 != IPV4)
            continue;
        number++;
        if (slice_eq(slice_sub(m->text, p->at, p->end - p->at),
                     slice_sub(m->text, at, end - at)))
            return number;
    }
    return 0;
}

static bool take_ipv4(struct maker *m, size_t at, size_t end)
{
    char before = at > 0 ? m->text.ptr[at - 1] : ' ';
    unsigned octets[4];
    unsigned lens = 0;
    char mark[4];
    size_t len;

    if (end - at > 3 || byte_at(m, end) != '.')
        return false;
    len = signals_ipv4(slice_from(m->text, at), octets);
    if (len == 0 || before == '.' || before == '-' || follows(m, at) ||
        !octets_free(m, octets, before, at + len))
        return false;
    for (unsigned i = 0; i < 4; i++)
        lens = lens << 2 | (octets[i] >= 100 ? 3U : octets[i] >= 10 ? 2U : 1U);
    /* "010" is an octet too, but not as long as its number. */
    if ((lens >> 6) + (lens >> 4 & 3) + (lens >> 2 & 3) + (lens & 3) + 3 != len)
        return false;
    mark[0] = (char)(IPV4 << 2);
    mark[1] = (char)lens;
    mark[2] = (char)same_before(m, at, at + len);
    mark[3] = (char)signals_is_private(octets);
    put(m, at, at + len, mark, sizeof(mark));
    m->word_before = false;
    return true;
}

/* A number of two digits and what stands behind it. */
static bool two_digits(const struct maker *m, size_t at, char behind,
                       unsigned *value_out)
{
    return slice_parse_uint(slice_sub(m->text, at, 2), 2, value_out) == 2 &&
           (behind == '\0' || byte_at(m, at + 2) == behind);
}

/* "2024-05-21T10:11:12.345Z" as in RFC 3339, or "10:11:12" alone. */
static bool take_time(struct maker *m, size_t start, size_t word)
{
    char before = start > 0 ? m->text.ptr[start - 1] : ' ';
    unsigned numbers[5];
    size_t at = start, date = 0;

    if (!(word - start == 4 && byte_at(m, word) == '-') &&
        !(word - start == 2 && byte_at(m, word) == ':'))
        return false;
    if (before == ':' || before == '.' || before == '-' || follows(m, start))
        return false;
    if (word - start == 4) {
        if (digits_end(m, at) != word || named(m, at, at + 4) ||
            !two_digits(m, at + 5, '-', &numbers[0]) ||
            !two_digits(m, at + 8, 'T', &numbers[1]))
            return false;
        at += 11;
        date = 2;
    }
    if (!two_digits(m, at, ':', &numbers[date]) ||
        !two_digits(m, at + 3, ':', &numbers[date + 1]) ||
        !two_digits(m, at + 6, '\0', &numbers[date + 2]) ||
        (date == 0 &&
         guarded(m, GUARD_FIRST, guard_beside(numbers[0], before))) ||
        !numbers_free(m, numbers, date + 3, at + 8))
        return false;
    at += 8;
    if (byte_at(m, at) == '.' && digits_end(m, at + 1) > at + 1)
        at = digits_end(m, at + 1);
    if (byte_at(m, at) == 'Z')
        at++;
    if (is_alnum_at(m, at) || byte_at(m, at) == ':' ||
        (byte_at(m, at) == '.' && is_alnum_at(m, at + 1)) ||
        at - start > MAX_WORD)
        return false;
    put_piece(m, TIME, start, at);
    m->word_before = false;
    return true;
}

/* Whether what stands around [at, end) makes it part of something that is read
 * as a whole: an address of IPv6, a number with a fraction. */
static bool stands_alone(const struct maker *m, size_t at, size_t end)
{
    char before = at > 0 ? m->text.ptr[at - 1] : ' ';
    char behind = byte_at(m, end);

    if (behind == ':' &&
        (is_alnum_at(m, end + 1) || byte_at(m, end + 1) == ':'))
        return false;
    return before != '.' && before != ':';
}

/* The number behind the last dot of "a640c23a62f3a-si12345.42": a word and a
 * dot stand before it. */
static bool take_fraction(struct maker *m, size_t at, size_t end)
{
    unsigned value;

    if (!m->word_before || m->from + 1 != at || m->text.ptr[at - 1] != '.' ||
        end - at > 9 || byte_at(m, end) == ':' ||
        (byte_at(m, end) == '.' && is_alnum_at(m, end + 1)))
        return false;
    if (end - at <= 3) {
        if (slice_parse_uint(slice_sub(m->text, at, end - at), 3, &value) ==
                0 ||
            !numbers_free(m, &value, 1, end) || named(m, at, end))
            return false;
    } else if (named(m, at, end)) {
        return false;
    }
    put_piece(m, NUMBER, at, end);
    return true;
}

/* Letters of other scripts beside a word are part of it. */
static bool in_ascii(const struct maker *m, size_t at, size_t end)
{
    return (at == 0 || (m->text.ptr[at - 1] & 0x80) == 0) &&
           (byte_at(m, end) & 0x80) == 0;
}

static bool take_word(struct maker *m, size_t at, size_t end)
{
    size_t len = end - at;
    bool number = digits_end(m, at) == end;
    enum kind kind;

    if (number && take_fraction(m, at, end))
        return true;
    if (!stands_alone(m, at, end) || len < (number ? MIN_NUMBER : MIN_WORD) ||
        len > (number ? MAX_NUMBER : MAX_WORD))
        return false;
    if (number) {
        if (named(m, at, end))
            return false;
        kind = NUMBER;
    } else {
        if (!word_free(m, at, end))
            return false;
        /* What looks like a number of an address may be one of {ip}. */
        kind = (byte_at(m, end) == '.' || byte_at(m, end) == ':') &&
                       is_hex(m, at, end)
                   ? HEX
                   : WORD;
    }
    put_piece(m, kind, at, end);
    m->word_before = kind == WORD;
    return true;
}

/* ---- Mail addresses -------------------------------------------------- */

static bool is_local_byte(unsigned char c)
{
    return ascii_is_alnum(c) || c == '.' || c == '_' || c == '+' || c == '-';
}

static bool is_domain_byte(unsigned char c)
{
    return ascii_is_alnum(c) || c == '.' || c == '-';
}

/* Whether the words of the address [at, end) are free: no code or status, no
 * address of IPv4, no link, no amount of time, no word of a wrapper. */
static bool address_free(const struct maker *m, size_t at, size_t end)
{
    size_t start = at;

    while (at < end) {
        size_t word = word_end(m, at), lead;

        if (word == at) {
            at++;
            continue;
        }
        lead = digits_end(m, at);
        if (lead - at > 0 && lead - at <= 3 && lead == word &&
            (at == start || m->text.ptr[at - 1] == '+' ||
             m->text.ptr[at - 1] == '_'))
            return false;
        if (is_amount(m, at, word) ||
            (lead == word && lead - at >= SIGNALS_LARGE_DIGITS))
            return false;
        /* Wrappers are looked for where any letters begin. */
        for (size_t i = at; i < word;) {
            size_t letters = digits_end(m, i);

            i = letters_end(m, letters, word);
            if (i > letters && may_wrap(m, letters))
                return false;
        }
        if (byte_at(m, word) == '.' && word - at >= 3 &&
            memcmp(m->text.ptr + word - 3, "www", 3) == 0)
            return false;
        at = word;
    }
    return true;
}

/* Whether a number that is a size without a unit ends at end. */
static bool ends_large(const struct maker *m, size_t end)
{
    size_t digits = 0;

    for (; end > 0 && digits < SIGNALS_LARGE_DIGITS; end--) {
        char c = m->text.ptr[end - 1];

        if (ascii_is_digit((unsigned char)c))
            digits++;
        else if (c == '.')
            digits = 0;
        else if (c != ',')
            break;
    }
    return digits >= SIGNALS_LARGE_DIGITS;
}

/* "5 m.smith@example.org": what begins the address at at, up to lead, may be a
 * unit; of a large number it may show that there is none. */
static bool is_unit(const struct maker *m, size_t at, size_t lead)
{
    if (at < 2 || m->text.ptr[at - 1] != ' ' ||
        !ascii_is_digit((unsigned char)m->text.ptr[at - 2]))
        return false;
    return ends_large(m, at - 1) ||
           (lead > at && m->text.ptr[lead] != '@' &&
            !ascii_is_digit((unsigned char)m->text.ptr[lead]) &&
            signals_unit(slice_sub(m->text, at, lead - at), false));
}

/* The mail address whose "@" stands at sign. */
static bool take_address(struct maker *m, size_t sign)
{
    size_t at = sign, end = sign + 1, last, lead;
    char mark[2], before;

    while (at > m->from && is_local_byte((unsigned char)m->text.ptr[at - 1]))
        at--;
    while (at < sign && !is_alnum_at(m, at))
        at++;
    while (end < m->text.len && is_domain_byte((unsigned char)m->text.ptr[end]))
        end++;
    while (end > sign + 1 && !is_alnum_at(m, end - 1))
        end--;
    for (last = end; last > sign + 1 && is_alnum_at(m, last - 1);)
        last--;
    before = at > 0 ? m->text.ptr[at - 1] : ' ';
    lead = letters_end(m, at, word_end(m, at));
    if (at == sign || end - at > MAX_ADDRESS || last == sign + 1 ||
        m->text.ptr[last - 1] != '.' || end - last < 2 ||
        letters_end(m, last, end) != end || byte_at(m, end) == '@' ||
        (before == ':' && at > 1 && m->low[at - 2] <= 'f') ||
        (byte_at(m, end) == ':' && is_alnum_at(m, end + 1)))
        return false;
    if ((lead > at &&
         (guarded(m, GUARD_LEAD, guard_lead(m->low + at, lead - at)) ||
          guarded(m, GUARD_HEAD, guard_head(m->low + at, lead - at)))) ||
        follows(m, at) || !ends_free(m, last, end) ||
        !address_free(m, at, end) || is_unit(m, at, lead))
        return false;
    mark[0] = (char)(ADDRESS << 2 | first_of(m, at));
    /* The last of its words may look like an abbreviation. */
    mark[1] = (char)(byte_at(m, end) != '.' ? 0
                     : end - last < 4       ? end - last
                                            : 4);
    put(m, at, end, mark, sizeof(mark));
    m->o->pieces[m->o->piece_count - 1].address = true;
    m->word_before = false;
    return true;
}

/* Whether the word that ends at end goes on to an "@". */
static bool leads_to_sign(const struct maker *m, size_t end, size_t sign)
{
    if (sign - end > MAX_ADDRESS)
        return false;
    while (end < sign && is_local_byte((unsigned char)m->text.ptr[end]))
        end++;
    return end == sign;
}

/* ---- The whole ------------------------------------------------------- */

/* Lengths tell how far what stands behind is from what stands before: with no
 * word behind that of the last piece tells nothing. */
static void forget_last_len(const struct maker *m)
{
    struct outline *o = m->o;

    o->open_end = false;
    if (o->piece_count == 0 || guarded(m, GUARD_END, 0))
        return;
    if (slice_has_words(slice_from(m->text, m->from)))
        return;
    o->bytes[o->pieces[o->piece_count - 1].mark + 1] = 0;
    o->open_end = true;
}

void outline_begin(struct outline *o, const unsigned char *facts, size_t len)
{
    if (len > 0)
        memcpy(o->bytes, facts, len);
    o->facts = o->len = len;
    o->piece_count = 0;
    o->open_end = false;
    o->text = SLICE_NULL;
}

/* Whether a word is too short for a piece, and no part of a longer one that
 * might be: an address, a time, the end of an id. Most numbers are. */
static bool is_short(const struct maker *m, size_t at, size_t end)
{
    char behind = byte_at(m, end);

    return end - at < MIN_NUMBER && behind != '.' && behind != ':' &&
           (at == 0 || m->text.ptr[at - 1] != '.');
}

/* The word with a digit at at, and the mail address that it may belong to.
 * Returns where to go on. */
static size_t take_digit(struct maker *m, size_t at, size_t sign)
{
    size_t start = run_start(m->line->alnums, at), end = word_end(m, at);

    if (sign < m->text.len && leads_to_sign(m, end, sign) &&
        take_address(m, sign))
        return m->from;
    if (start < m->from || is_short(m, start, end) || !in_ascii(m, start, end))
        return end;
    if (start == at && (take_ipv4(m, start, end) || take_time(m, start, end)))
        return m->from;
    return take_word(m, start, end) ? m->from : end;
}

bool outline_add(struct outline *o, const struct reply_line *line,
                 const uint32_t *guard)
{
    struct maker m = {.o = o,
                      .text = line->text,
                      .low = line->low,
                      .line = line,
                      .guard = guard};
    const size_t len = line->text.len;
    size_t at = 0;

    o->text = line->text;
    if (len == 0 || len > OUTLINE_TEXT || line->odd)
        return false;
    while (o->piece_count < OUTLINE_PIECES) {
        size_t digit = next_bit(line->digits, at, len);
        size_t sign = next_bit(line->signs, at, len);

        if (digit == len && sign == len)
            break;
        if (digit < sign)
            at = take_digit(&m, digit, sign);
        else
            at = take_address(&m, sign) ? m.from : sign + 1;
    }
    forget_last_len(&m);
    memcpy(o->bytes + o->len, m.text.ptr + m.from, len - m.from);
    o->len += len - m.from;
    return true;
}

uint16_t outline_place(const struct outline *o, size_t at)
{
    size_t place = o->facts + at;

    for (size_t i = 0; i < o->piece_count; i++) {
        const struct outline_piece *p = &o->pieces[i];

        if (at <= p->at)
            break;
        if (at < p->end)
            return OUTLINE_NOWHERE;
        place = at - p->end + p->mark_end;
    }
    return (uint16_t)place;
}

size_t outline_at(const struct outline *o, uint16_t place)
{
    size_t at = (size_t)place - o->facts;

    for (size_t i = 0; i < o->piece_count; i++) {
        const struct outline_piece *p = &o->pieces[i];

        if (place <= p->mark)
            break;
        at = (size_t)place - p->mark_end + p->end;
    }
    return at;
}
