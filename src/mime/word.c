/* SPDX-License-Identifier: MIT
 * Header text for people: folding and RFC 2047 words undone. */
#include "base/block.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/mime.h"

/* An encoded word "=?charset*language?encoding?text?=". */
struct word {
    struct bounce_slice charset, text;
    bool base64;
    size_t len;
};

struct word_decoder {
    struct message *message;
    struct buf out;
    /* Bytes of the words so far that share a charset. A character may be
     * split between two words, though RFC 2047 section 5 forbids it. */
    char *raw;
    size_t raw_len;
    struct bounce_slice charset;
};

static bool is_charset_byte(unsigned char c)
{
    return c > ' ' && c < 0x7F && strchr("()<>@,;\"[]?=", c) == NULL;
}

/* Where the text at the start of s ends: before "?=", or with the whole value
 * when that is missing at its very end. SLICE_NPOS when another word begins
 * first. */
static size_t find_text_end(struct bounce_slice s, size_t *skip_out)
{
    size_t i = 0;

    *skip_out = 2;
    for (;;) {
        size_t hit = slice_find_byte(slice_from(s, i), '?');

        if (hit == SLICE_NPOS)
            break;
        i += hit;
        if (i + 1 < s.len && s.ptr[i + 1] == '=')
            return i;
        if (i > 0 && s.ptr[i - 1] == '=')
            return SLICE_NPOS;
        i++;
    }
    *skip_out = 0;
    /* A header that was cut: only what cannot be ordinary text. */
    if (s.len > 200 || slice_find_byte(s, ' ') != SLICE_NPOS)
        return SLICE_NPOS;
    return s.len;
}

/* s begins with "=?". */
static bool parse_word(struct bounce_slice s, struct word *word_out)
{
    size_t i = 2, star, end, skip;
    struct bounce_slice text;
    char encoding;

    while (i < s.len && i < 80 && is_charset_byte((unsigned char)s.ptr[i]))
        i++;
    if (i == 2 || s.len - i < 3 || s.ptr[i] != '?' || s.ptr[i + 2] != '?')
        return false;
    encoding = (char)ascii_lower((unsigned char)s.ptr[i + 1]);
    if (encoding != 'q' && encoding != 'b')
        return false;
    text = slice_from(s, i + 3);
    end = find_text_end(text, &skip);
    if (end == SLICE_NPOS)
        return false;
    word_out->charset = slice_sub(s, 2, i - 2);
    star = slice_find_byte(word_out->charset, '*');
    if (star != SLICE_NPOS) /* RFC 2231 section 5 */
        word_out->charset.len = star;
    word_out->base64 = encoding == 'b';
    word_out->text = slice_sub(text, 0, end);
    word_out->len = i + 3 + end + skip;
    return true;
}

static void flush_words(struct word_decoder *decoder)
{
    struct bounce_slice text;

    if (decoder->raw_len == 0)
        return;
    text = charset_to_utf8(decoder->message, decoder->charset,
                           slice_make(decoder->raw, decoder->raw_len),
                           decoder->out.max);
    decoder->raw += decoder->raw_len;
    decoder->raw_len = 0;
    /* A line end must not come out of an encoded word into a field. */
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        buf_add_byte(&decoder->out,
                     c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
    }
}

static void add_word(struct word_decoder *decoder, const struct word *word)
{
    char *out;

    if (decoder->raw_len > 0 &&
        !slice_eq_nocase(decoder->charset, word->charset))
        flush_words(decoder);
    decoder->charset = word->charset;
    out = decoder->raw + decoder->raw_len;
    decoder->raw_len += word->base64 ? decode_base64(word->text, out)
                                     : decode_q(word->text, out);
}

/* Text between words: line ends of folding become the blank they stand for. */
static void add_text(struct word_decoder *decoder, struct bounce_slice text)
{
    text =
        charset_to_utf8(decoder->message, SLICE_NULL, text, decoder->out.max);
    while (text.len > 0) {
        size_t n = 0;

        while (n < text.len && text.ptr[n] != '\r' && text.ptr[n] != '\n')
            n++;
        buf_add(&decoder->out, slice_sub(text, 0, n));
        if (n == text.len)
            break;
        while (n < text.len && ascii_is_space((unsigned char)text.ptr[n]))
            n++;
        text = slice_from(text, n);
        if (decoder->out.len > 0 &&
            decoder->out.ptr[decoder->out.len - 1] != ' ')
            buf_add_byte(&decoder->out, ' ');
    }
}

static bool is_all_space(struct bounce_slice s)
{
    return slice_trim(s).len == 0;
}

static void decode_value(struct word_decoder *decoder,
                         struct bounce_slice value)
{
    size_t at = 0, text_at = 0;
    bool after_word = false;

    while (at < value.len) {
        size_t hit = slice_find(slice_from(value, at), SLICE("=?"));
        struct bounce_slice between;
        struct word word;

        if (hit == SLICE_NPOS)
            break;
        at += hit;
        if (!parse_word(slice_from(value, at), &word)) {
            at += 2;
            continue;
        }
        /* RFC 2047 section 6.2: blanks between two words are not shown. */
        between = slice_sub(value, text_at, at - text_at);
        if (!after_word || !is_all_space(between)) {
            flush_words(decoder);
            add_text(decoder, between);
        }
        add_word(decoder, &word);
        after_word = true;
        at += word.len;
        text_at = at;
    }
    flush_words(decoder);
    add_text(decoder, slice_from(value, text_at));
}

/* Whether a value is its own decoding. */
static bool is_plain_text(struct bounce_slice value)
{
    uint64_t odd = 0, equal = 0;

    for (size_t at = 0; at < value.len; at += 64) {
        struct block b;
        uint64_t equals;

        block_load(&b, value.ptr + at, value.len - at);
        equals = block_equal(&b, '=');
        odd |= block_high(&b) | block_equal(&b, '\r') | block_equal(&b, '\n') |
               block_equal(&b, 0x1B) |
               (block_equal(&b, '?') & (equals << 1 | equal));
        equal = equals >> 63;
    }
    return odd == 0;
}

struct bounce_slice mime_decode_header(struct message *message,
                                       struct bounce_slice value)
{
    struct word_decoder decoder = {.message = message};

    value = slice_trim(value);
    if (value.ptr == NULL || is_plain_text(value))
        return value;
    decoder.raw = message_alloc(message, value.len);
    if (decoder.raw == NULL)
        return SLICE_NULL;
    /* A byte becomes at most three (the replacement character). */
    buf_init(&decoder.out, message->arena,
             value.len > SIZE_MAX / 4 ? value.len : value.len * 3 + 16);
    decode_value(&decoder, value);
    if (message->failed != BOUNCE_OK)
        return SLICE_NULL;
    return decode_finish(message, &decoder.out);
}
