/* SPDX-License-Identifier: MIT */
#include "classify/fold.h"

#include "base/utf8.h"

/* U+00C0 to U+024F: two bytes each; a zero byte is no letter. */
static const char latin[][2] = {
    {'a', 0},   {'a', 0},   {'a', 0},   {'a', 0},   {'a', 0},   {'a', 0},
    {'a', 'e'}, {'c', 0},   {'e', 0},   {'e', 0},   {'e', 0},   {'e', 0},
    {'i', 0},   {'i', 0},   {'i', 0},   {'i', 0},   {'d', 0},   {'n', 0},
    {'o', 0},   {'o', 0},   {'o', 0},   {'o', 0},   {'o', 0},   {0, 0},
    {'o', 0},   {'u', 0},   {'u', 0},   {'u', 0},   {'u', 0},   {'y', 0},
    {'t', 'h'}, {'s', 's'}, {'a', 0},   {'a', 0},   {'a', 0},   {'a', 0},
    {'a', 0},   {'a', 0},   {'a', 'e'}, {'c', 0},   {'e', 0},   {'e', 0},
    {'e', 0},   {'e', 0},   {'i', 0},   {'i', 0},   {'i', 0},   {'i', 0},
    {'d', 0},   {'n', 0},   {'o', 0},   {'o', 0},   {'o', 0},   {'o', 0},
    {'o', 0},   {0, 0},     {'o', 0},   {'u', 0},   {'u', 0},   {'u', 0},
    {'u', 0},   {'y', 0},   {'t', 'h'}, {'y', 0},   {'a', 0},   {'a', 0},
    {'a', 0},   {'a', 0},   {'a', 0},   {'a', 0},   {'c', 0},   {'c', 0},
    {'c', 0},   {'c', 0},   {'c', 0},   {'c', 0},   {'c', 0},   {'c', 0},
    {'d', 0},   {'d', 0},   {'d', 0},   {'d', 0},   {'e', 0},   {'e', 0},
    {'e', 0},   {'e', 0},   {'e', 0},   {'e', 0},   {'e', 0},   {'e', 0},
    {'e', 0},   {'e', 0},   {'g', 0},   {'g', 0},   {'g', 0},   {'g', 0},
    {'g', 0},   {'g', 0},   {'g', 0},   {'g', 0},   {'h', 0},   {'h', 0},
    {'h', 0},   {'h', 0},   {'i', 0},   {'i', 0},   {'i', 0},   {'i', 0},
    {'i', 0},   {'i', 0},   {'i', 0},   {'i', 0},   {'i', 0},   {'i', 0},
    {'i', 'j'}, {'i', 'j'}, {'j', 0},   {'j', 0},   {'k', 0},   {'k', 0},
    {'k', 0},   {'l', 0},   {'l', 0},   {'l', 0},   {'l', 0},   {'l', 0},
    {'l', 0},   {'l', 0},   {'l', 0},   {'l', 0},   {'l', 0},   {'n', 0},
    {'n', 0},   {'n', 0},   {'n', 0},   {'n', 0},   {'n', 0},   {'n', 0},
    {'n', 0},   {'n', 0},   {'o', 0},   {'o', 0},   {'o', 0},   {'o', 0},
    {'o', 0},   {'o', 0},   {'o', 'e'}, {'o', 'e'}, {'r', 0},   {'r', 0},
    {'r', 0},   {'r', 0},   {'r', 0},   {'r', 0},   {'s', 0},   {'s', 0},
    {'s', 0},   {'s', 0},   {'s', 0},   {'s', 0},   {'s', 0},   {'s', 0},
    {'t', 0},   {'t', 0},   {'t', 0},   {'t', 0},   {'t', 0},   {'t', 0},
    {'u', 0},   {'u', 0},   {'u', 0},   {'u', 0},   {'u', 0},   {'u', 0},
    {'u', 0},   {'u', 0},   {'u', 0},   {'u', 0},   {'u', 0},   {'u', 0},
    {'w', 0},   {'w', 0},   {'y', 0},   {'y', 0},   {'y', 0},   {'z', 0},
    {'z', 0},   {'z', 0},   {'z', 0},   {'z', 0},   {'z', 0},   {'s', 0},
    {'b', 0},   {'b', 0},   {0, 0},     {0, 0},     {0, 0},     {0, 0},
    {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},
    {0, 0},     {0, 0},     {0, 0},     {'e', 0},   {0, 0},     {0, 0},
    {'f', 0},   {0, 0},     {0, 0},     {0, 0},     {0, 0},     {'i', 0},
    {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},
    {0, 0},     {'o', 0},   {'o', 0},   {'o', 0},   {0, 0},     {0, 0},
    {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},
    {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},     {'u', 0},
    {'u', 0},   {0, 0},     {0, 0},     {0, 0},     {0, 0},     {'z', 0},
    {'z', 0},   {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},
    {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},
    {0, 0},     {0, 0},     {'d', 'z'}, {'d', 'z'}, {'d', 'z'}, {'l', 'j'},
    {'l', 'j'}, {'l', 'j'}, {'n', 'j'}, {'n', 'j'}, {'n', 'j'}, {'a', 0},
    {'a', 0},   {'i', 0},   {'i', 0},   {'o', 0},   {'o', 0},   {'u', 0},
    {'u', 0},   {'u', 0},   {'u', 0},   {'u', 0},   {'u', 0},   {'u', 0},
    {'u', 0},   {'u', 0},   {'u', 0},   {0, 0},     {'a', 0},   {'a', 0},
    {'a', 0},   {'a', 0},   {0, 0},     {0, 0},     {0, 0},     {0, 0},
    {'g', 0},   {'g', 0},   {'k', 0},   {'k', 0},   {'o', 0},   {'o', 0},
    {'o', 0},   {'o', 0},   {0, 0},     {0, 0},     {'j', 0},   {'d', 'z'},
    {'d', 'z'}, {'d', 'z'}, {'g', 0},   {'g', 0},   {0, 0},     {0, 0},
    {'n', 0},   {'n', 0},   {'a', 0},   {'a', 0},   {0, 0},     {0, 0},
    {0, 0},     {0, 0},     {'a', 0},   {'a', 0},   {'a', 0},   {'a', 0},
    {'e', 0},   {'e', 0},   {'e', 0},   {'e', 0},   {'i', 0},   {'i', 0},
    {'i', 0},   {'i', 0},   {'o', 0},   {'o', 0},   {'o', 0},   {'o', 0},
    {'r', 0},   {'r', 0},   {'r', 0},   {'r', 0},   {'u', 0},   {'u', 0},
    {'u', 0},   {'u', 0},   {'s', 0},   {'s', 0},   {'t', 0},   {'t', 0},
    {0, 0},     {0, 0},     {'h', 0},   {'h', 0},   {0, 0},     {0, 0},
    {0, 0},     {0, 0},     {0, 0},     {0, 0},     {'a', 0},   {'a', 0},
    {'e', 0},   {'e', 0},   {'o', 0},   {'o', 0},   {'o', 0},   {'o', 0},
    {'o', 0},   {'o', 0},   {'o', 0},   {'o', 0},   {'y', 0},   {'y', 0},
    {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},
    {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},
    {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},
    {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},     {0, 0},
    {0, 0},     {0, 0},     {0, 0},     {0, 0},
};
/* U+1E00 to U+1EFF: two bytes each; a zero byte is no letter. */
static const char additional[][2] = {
    {'a', 0}, {'a', 0}, {'b', 0}, {'b', 0}, {'b', 0},   {'b', 0}, {'b', 0},
    {'b', 0}, {'c', 0}, {'c', 0}, {'d', 0}, {'d', 0},   {'d', 0}, {'d', 0},
    {'d', 0}, {'d', 0}, {'d', 0}, {'d', 0}, {'d', 0},   {'d', 0}, {'e', 0},
    {'e', 0}, {'e', 0}, {'e', 0}, {'e', 0}, {'e', 0},   {'e', 0}, {'e', 0},
    {'e', 0}, {'e', 0}, {'f', 0}, {'f', 0}, {'g', 0},   {'g', 0}, {'h', 0},
    {'h', 0}, {'h', 0}, {'h', 0}, {'h', 0}, {'h', 0},   {'h', 0}, {'h', 0},
    {'h', 0}, {'h', 0}, {'i', 0}, {'i', 0}, {'i', 0},   {'i', 0}, {'k', 0},
    {'k', 0}, {'k', 0}, {'k', 0}, {'k', 0}, {'k', 0},   {'l', 0}, {'l', 0},
    {'l', 0}, {'l', 0}, {'l', 0}, {'l', 0}, {'l', 0},   {'l', 0}, {'m', 0},
    {'m', 0}, {'m', 0}, {'m', 0}, {'m', 0}, {'m', 0},   {'n', 0}, {'n', 0},
    {'n', 0}, {'n', 0}, {'n', 0}, {'n', 0}, {'n', 0},   {'n', 0}, {'o', 0},
    {'o', 0}, {'o', 0}, {'o', 0}, {'o', 0}, {'o', 0},   {'o', 0}, {'o', 0},
    {'p', 0}, {'p', 0}, {'p', 0}, {'p', 0}, {'r', 0},   {'r', 0}, {'r', 0},
    {'r', 0}, {'r', 0}, {'r', 0}, {'r', 0}, {'r', 0},   {'s', 0}, {'s', 0},
    {'s', 0}, {'s', 0}, {'s', 0}, {'s', 0}, {'s', 0},   {'s', 0}, {'s', 0},
    {'s', 0}, {'t', 0}, {'t', 0}, {'t', 0}, {'t', 0},   {'t', 0}, {'t', 0},
    {'t', 0}, {'t', 0}, {'u', 0}, {'u', 0}, {'u', 0},   {'u', 0}, {'u', 0},
    {'u', 0}, {'u', 0}, {'u', 0}, {'u', 0}, {'u', 0},   {'v', 0}, {'v', 0},
    {'v', 0}, {'v', 0}, {'w', 0}, {'w', 0}, {'w', 0},   {'w', 0}, {'w', 0},
    {'w', 0}, {'w', 0}, {'w', 0}, {'w', 0}, {'w', 0},   {'x', 0}, {'x', 0},
    {'x', 0}, {'x', 0}, {'y', 0}, {'y', 0}, {'z', 0},   {'z', 0}, {'z', 0},
    {'z', 0}, {'z', 0}, {'z', 0}, {'h', 0}, {'t', 0},   {'w', 0}, {'y', 0},
    {0, 0},   {'s', 0}, {0, 0},   {0, 0},   {'s', 's'}, {0, 0},   {'a', 0},
    {'a', 0}, {'a', 0}, {'a', 0}, {'a', 0}, {'a', 0},   {'a', 0}, {'a', 0},
    {'a', 0}, {'a', 0}, {'a', 0}, {'a', 0}, {'a', 0},   {'a', 0}, {'a', 0},
    {'a', 0}, {'a', 0}, {'a', 0}, {'a', 0}, {'a', 0},   {'a', 0}, {'a', 0},
    {'a', 0}, {'a', 0}, {'e', 0}, {'e', 0}, {'e', 0},   {'e', 0}, {'e', 0},
    {'e', 0}, {'e', 0}, {'e', 0}, {'e', 0}, {'e', 0},   {'e', 0}, {'e', 0},
    {'e', 0}, {'e', 0}, {'e', 0}, {'e', 0}, {'i', 0},   {'i', 0}, {'i', 0},
    {'i', 0}, {'o', 0}, {'o', 0}, {'o', 0}, {'o', 0},   {'o', 0}, {'o', 0},
    {'o', 0}, {'o', 0}, {'o', 0}, {'o', 0}, {'o', 0},   {'o', 0}, {'o', 0},
    {'o', 0}, {'o', 0}, {'o', 0}, {'o', 0}, {'o', 0},   {'o', 0}, {'o', 0},
    {'o', 0}, {'o', 0}, {'o', 0}, {'o', 0}, {'u', 0},   {'u', 0}, {'u', 0},
    {'u', 0}, {'u', 0}, {'u', 0}, {'u', 0}, {'u', 0},   {'u', 0}, {'u', 0},
    {'u', 0}, {'u', 0}, {'u', 0}, {'u', 0}, {'y', 0},   {'y', 0}, {'y', 0},
    {'y', 0}, {'y', 0}, {'y', 0}, {'y', 0}, {'y', 0},   {0, 0},   {0, 0},
    {0, 0},   {0, 0},   {0, 0},   {0, 0},
};

static size_t put(const char *text, char out[FOLD_MAX])
{
    size_t len = strlen(text);

    memcpy(out, text, len);
    return len;
}

static size_t put_pair(const char pair[2], uint32_t code, char out[FOLD_MAX])
{
    if (pair[0] == '\0')
        return utf8_encode(code, out);
    out[0] = pair[0];
    if (pair[1] == '\0')
        return 1;
    out[1] = pair[1];
    return 2;
}

/* General Punctuation, U+2000 to U+206F. */
static size_t fold_punctuation(uint32_t code, char out[FOLD_MAX])
{
    if (code <= 0x200A || code == 0x2028 || code == 0x2029 || code == 0x202F ||
        code == 0x205F)
        return put(" ", out);
    if (code <= 0x200F || (code >= 0x202A && code <= 0x202E) || code >= 0x2060)
        return 0;
    if (code <= 0x2015)
        return put("-", out);
    if (code >= 0x2018 && code <= 0x201B)
        return put("'", out);
    if (code >= 0x201C && code <= 0x201F)
        return put("\"", out);
    if (code == 0x2026)
        return put("...", out);
    if (code == 0x2039 || code == 0x203A)
        return put("'", out);
    return utf8_encode(code, out);
}

static size_t fold_ascii(uint32_t code, char out[FOLD_MAX])
{
    if (code <= 0x20 || code == 0x7F)
        return put(" ", out);
    out[0] = (char)ascii_lower((unsigned char)code);
    return 1;
}

static size_t fold_greek_cyrillic(uint32_t code, char out[FOLD_MAX])
{
    if ((code >= 0x391 && code <= 0x3A9) || (code >= 0x410 && code <= 0x42F))
        code += 32;
    else if (code >= 0x400 && code <= 0x40F)
        code += 80;
    else if (code >= 0x460 && code <= 0x52F && (code & 1) == 0 &&
             !(code >= 0x482 && code <= 0x489))
        code += 1;
    if (code == 0x451) /* io is written ie as often as not */
        code = 0x435;
    return utf8_encode(code, out);
}

size_t fold_code_point(uint32_t code, char out[FOLD_MAX])
{
    if (code < 0x80)
        return fold_ascii(code, out);
    if (code < 0xC0) {
        if (code < 0xA1)
            return put(" ", out);
        if (code == 0xAD)
            return 0;
        if (code == 0xAB || code == 0xBB)
            return put("\"", out);
        if (code == 0xB4)
            return put("'", out);
        return utf8_encode(code, out);
    }
    if (code <= 0x24F)
        return put_pair(latin[code - 0xC0], code, out);
    if (code >= 0x300 && code <= 0x36F)
        return 0; /* combining marks: decomposed letters lose theirs */
    if (code >= 0x370 && code <= 0x52F)
        return fold_greek_cyrillic(code, out);
    if (code >= 0x1E00 && code <= 0x1EFF)
        return put_pair(additional[code - 0x1E00], code, out);
    if (code >= 0x2000 && code <= 0x206F)
        return fold_punctuation(code, out);
    if (code == 0x3000)
        return put(" ", out);
    if (code == 0xFEFF || (code >= 0xFE00 && code <= 0xFE0F))
        return 0;
    if (code >= 0xFF01 && code <= 0xFF5E)
        return fold_ascii(code - 0xFEE0, out);
    return utf8_encode(code, out);
}

/* Lead bytes C3..DF: Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic. Scripts
 * beyond them (Thai, Chinese, Japanese, Korean) do not part their words. */
static bool is_word_lead(unsigned char c)
{
    return c >= 0xC3 && c <= 0xDF;
}

bool fold_word_before(const char *text, size_t at)
{
    unsigned char c;

    if (at == 0)
        return false;
    c = (unsigned char)text[at - 1];
    if (c < 0x80)
        return ascii_is_alnum(c);
    return at >= 2 && (c & 0xC0) == 0x80 &&
           is_word_lead((unsigned char)text[at - 2]);
}

bool fold_word_at(const char *text, size_t len, size_t at)
{
    unsigned char c;

    if (at >= len)
        return false;
    c = (unsigned char)text[at];
    return c < 0x80 ? ascii_is_alnum(c) : is_word_lead(c);
}
