/* SPDX-License-Identifier: MIT
 * HTML to text. Reports are written by hand-made templates, so a tag is what
 * looks like one: "<user@example.org>" that nobody escaped is text. */
#include "base/utf8.h"
#include "mime/decode.h"
#include "mime/entity.h"
#include "mime/mime.h"

enum element {
    ELEMENT_OTHER = 0,
    ELEMENT_BREAK,     /* ends a line */
    ELEMENT_BLOCK,     /* stands on lines of its own */
    ELEMENT_PARAGRAPH, /* and has an empty line around it */
    ELEMENT_CELL,
    ELEMENT_PRE,
    ELEMENT_RAW, /* its content is no text */
    ELEMENT_HEAD
};

struct element_name {
    char name[12];
    enum element element;
};

/* In the order of strcmp(). */
static const struct element_name element_names[] = {
    {"address", ELEMENT_BLOCK},   {"article", ELEMENT_BLOCK},
    {"aside", ELEMENT_BLOCK},     {"blockquote", ELEMENT_PARAGRAPH},
    {"body", ELEMENT_BLOCK},      {"br", ELEMENT_BREAK},
    {"caption", ELEMENT_BLOCK},   {"center", ELEMENT_BLOCK},
    {"dd", ELEMENT_BLOCK},        {"dir", ELEMENT_BLOCK},
    {"div", ELEMENT_BLOCK},       {"dl", ELEMENT_PARAGRAPH},
    {"dt", ELEMENT_BLOCK},        {"fieldset", ELEMENT_BLOCK},
    {"footer", ELEMENT_BLOCK},    {"form", ELEMENT_BLOCK},
    {"h1", ELEMENT_PARAGRAPH},    {"h2", ELEMENT_PARAGRAPH},
    {"h3", ELEMENT_PARAGRAPH},    {"h4", ELEMENT_PARAGRAPH},
    {"h5", ELEMENT_PARAGRAPH},    {"h6", ELEMENT_PARAGRAPH},
    {"head", ELEMENT_HEAD},       {"header", ELEMENT_BLOCK},
    {"hr", ELEMENT_BLOCK},        {"html", ELEMENT_BLOCK},
    {"legend", ELEMENT_BLOCK},    {"li", ELEMENT_BLOCK},
    {"main", ELEMENT_BLOCK},      {"menu", ELEMENT_BLOCK},
    {"nav", ELEMENT_BLOCK},       {"ol", ELEMENT_PARAGRAPH},
    {"option", ELEMENT_BLOCK},    {"p", ELEMENT_PARAGRAPH},
    {"pre", ELEMENT_PRE},         {"script", ELEMENT_RAW},
    {"section", ELEMENT_BLOCK},   {"style", ELEMENT_RAW},
    {"table", ELEMENT_PARAGRAPH}, {"tbody", ELEMENT_BLOCK},
    {"td", ELEMENT_CELL},         {"textarea", ELEMENT_PRE},
    {"tfoot", ELEMENT_BLOCK},     {"th", ELEMENT_CELL},
    {"thead", ELEMENT_BLOCK},     {"title", ELEMENT_RAW},
    {"tr", ELEMENT_BLOCK},        {"ul", ELEMENT_PARAGRAPH},
};

struct tag {
    struct bounce_slice name;
    bool closing;
    size_t len;
};

struct html {
    struct buf out;
    unsigned breaks; /* line ends due before the next text: 0 to 2 */
    bool blank;      /* a blank is due */
    unsigned pre;    /* open <pre> */
    /* Searches that failed once fail for the rest too: nothing is looked for
     * twice, whatever the input. */
    bool no_gt, no_comment_end, no_close[2], no_quote[2];
};

static enum element find_element(struct bounce_slice name)
{
    char lower[12];
    size_t low = 0, high = sizeof(element_names) / sizeof(*element_names);

    if (name.len >= sizeof(lower))
        return ELEMENT_OTHER;
    for (size_t i = 0; i < name.len; i++)
        lower[i] = (char)ascii_lower((unsigned char)name.ptr[i]);
    lower[name.len] = '\0';
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(lower, element_names[middle].name);

        if (order == 0)
            return element_names[middle].element;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return ELEMENT_OTHER;
}

/* ---- Output ---------------------------------------------------------- */

/* The line ends that the text has at its end already. */
static unsigned count_breaks(const struct buf *out)
{
    unsigned n = 0;

    while (n < 2 && n < out->len && out->ptr[out->len - 1 - n] == '\n')
        n++;
    return n;
}

static void flush_space(struct html *html)
{
    if (html->out.len > 0) {
        unsigned have = html->breaks > 0 ? count_breaks(&html->out) : 0;

        for (; have < html->breaks; have++)
            buf_add_byte(&html->out, '\n');
        if (html->breaks == 0 && html->blank)
            buf_add_byte(&html->out, ' ');
    }
    html->breaks = 0;
    html->blank = false;
}

static void want_breaks(struct html *html, unsigned count)
{
    if (html->breaks < count)
        html->breaks = count;
}

/* Adds whole characters only. */
static void add_run(struct html *html, struct bounce_slice run)
{
    flush_space(html);
    if (run.len > html->out.max - html->out.len) {
        run.len = utf8_cut(run, html->out.max - html->out.len);
        html->out.cut = true;
    }
    buf_add(&html->out, run);
}

/* Text without "<" and "&". */
static void add_text(struct html *html, struct bounce_slice text)
{
    size_t i = 0;

    while (i < text.len) {
        size_t start = i;

        while (i < text.len && !ascii_is_space((unsigned char)text.ptr[i]))
            i++;
        if (i > start)
            add_run(html, slice_sub(text, start, i - start));
        while (i < text.len && ascii_is_space((unsigned char)text.ptr[i])) {
            html->blank = true;
            i++;
        }
    }
}

/* Inside <pre>: blanks and line ends stay. */
static void add_pre_text(struct html *html, struct bounce_slice text)
{
    while (text.len > 0) {
        size_t before = text.len;
        struct bounce_slice line;

        slice_next_line(&text, &line);
        if (line.len > 0)
            add_run(html, line);
        if (line.len < before - text.len && html->out.len > 0)
            buf_add_byte(&html->out, '\n');
    }
}

static void add_code(struct html *html, uint32_t code)
{
    char bytes[4];

    /* No-break spaces are blanks, zero-width characters and the soft hyphen
     * nothing: they only keep phrases from being found. */
    if (code == 0xA0 || code <= ' ' || (code >= 0x2002 && code <= 0x200A)) {
        html->blank = true;
        return;
    }
    if (code == 0xAD || (code >= 0x200B && code <= 0x200F) || code == 0xFEFF)
        return;
    add_run(html, slice_make(bytes, utf8_encode(code, bytes)));
}

/* ---- Tags ------------------------------------------------------------ */

/* Length of the name of a tag at s, 0 when s is text. */
static size_t tag_name_len(struct bounce_slice s)
{
    size_t n = 0;

    if (s.len == 0 || !ascii_is_alpha((unsigned char)*s.ptr))
        return 0;
    while (n < s.len && n < 64 && !ascii_is_space((unsigned char)s.ptr[n]) &&
           s.ptr[n] != '>' && s.ptr[n] != '/' && s.ptr[n] != '<') {
        /* An address, "mailto:...". Bytes above ASCII are no tag. */
        if (s.ptr[n] == '@' || (unsigned char)s.ptr[n] >= 0x80)
            return 0;
        n++;
    }
    if (n == 64 || slice_starts_nocase(s, SLICE("http:")) ||
        slice_starts_nocase(s, SLICE("https:")) ||
        slice_starts_nocase(s, SLICE("mailto:")))
        return 0;
    return n;
}

/* Where the quoted attribute value that begins at s[at] ends. An unclosed one
 * runs into the next tag; then the quote is taken for an ordinary byte. */
static size_t skip_quoted(struct html *html, struct bounce_slice s, size_t at)
{
    char quote = s.ptr[at];
    bool *none = &html->no_quote[quote == '"'];
    size_t close;

    if (*none)
        return at + 1;
    close = slice_find_byte(slice_from(s, at + 1), quote);
    if (close == SLICE_NPOS) {
        *none = true;
        return at + 1;
    }
    if (slice_find_byte(slice_sub(s, at + 1, close), '<') != SLICE_NPOS)
        return at + 1;
    return at + 1 + close + 1;
}

/* Length of the tag at s up to and with ">"; 0 when there is none. */
static size_t tag_len(struct html *html, struct bounce_slice s, size_t at)
{
    while (at < s.len) {
        char c = s.ptr[at];

        if (c == '>')
            return at + 1;
        if ((c == '"' || c == '\'') && s.ptr[at - 1] == '=')
            at = skip_quoted(html, s, at);
        else
            at++;
    }
    html->no_gt = true;
    return 0;
}

/* Length of a comment, declaration or processing instruction at s, which
 * begins with "<!" or "<?". */
static size_t declaration_len(struct html *html, struct bounce_slice s)
{
    size_t end;

    if (slice_starts(s, SLICE("<!--")) && !html->no_comment_end) {
        end = slice_find(slice_from(s, 4), SLICE("-->"));
        if (end != SLICE_NPOS)
            return end + 7;
        html->no_comment_end = true;
    }
    end = slice_find_byte(s, '>');
    if (end == SLICE_NPOS) {
        html->no_gt = true;
        return 0;
    }
    return end + 1;
}

/* false when s, which begins with "<", is text. */
static bool parse_tag(struct html *html, struct bounce_slice s,
                      struct tag *tag_out)
{
    size_t at = 1, n;

    *tag_out = (struct tag){.closing = false};
    if (html->no_gt || s.len < 3)
        return false;
    if (s.ptr[1] == '!' || s.ptr[1] == '?') {
        tag_out->len = declaration_len(html, s);
        return tag_out->len > 0;
    }
    if (s.ptr[1] == '/') {
        tag_out->closing = true;
        at = 2;
    }
    n = tag_name_len(slice_from(s, at));
    if (n == 0)
        return false;
    tag_out->name = slice_sub(s, at, n);
    tag_out->len = tag_len(html, s, at + n);
    return tag_out->len > 0;
}

/* How much of s, which stands behind a start tag, is its content. */
static size_t raw_content_len(struct html *html, struct bounce_slice s,
                              struct bounce_slice name, bool head)
{
    size_t at = 0;

    if (html->no_close[head])
        return 0;
    while (at < s.len) {
        size_t hit = slice_find_byte(slice_from(s, at), '<');
        struct bounce_slice tag;

        if (hit == SLICE_NPOS)
            break;
        at += hit;
        tag = slice_from(s, at + 1);
        if (tag.len > 0 && *tag.ptr == '/' &&
            slice_starts_nocase(slice_from(tag, 1), name))
            return at;
        if (head && slice_starts_nocase(tag, SLICE("body")))
            return at;
        at++;
    }
    /* Never closed: better too much text than none. */
    html->no_close[head] = true;
    return 0;
}

/* What a tag does to the text; how much behind it is skipped too. */
static size_t apply_tag(struct html *html, const struct tag *tag,
                        struct bounce_slice behind)
{
    enum element element = find_element(tag->name);

    switch (element) {
    case ELEMENT_OTHER:
        break;
    case ELEMENT_BREAK:
        /* Two in a row make an empty line, more do not make more. */
        if (html->breaks < 2)
            html->breaks++;
        break;
    case ELEMENT_BLOCK:
        want_breaks(html, 1);
        break;
    case ELEMENT_PARAGRAPH:
        want_breaks(html, 2);
        break;
    case ELEMENT_CELL:
        html->blank = true;
        break;
    case ELEMENT_PRE:
        want_breaks(html, 1);
        if (!tag->closing)
            html->pre++;
        else if (html->pre > 0)
            html->pre--;
        break;
    case ELEMENT_RAW:
    case ELEMENT_HEAD:
        if (!tag->closing)
            return raw_content_len(html, behind, tag->name,
                                   element == ELEMENT_HEAD);
        break;
    }
    return 0;
}

/* Takes a "<" or "&" off s: what it means, or the byte itself. */
static size_t take_markup(struct html *html, struct bounce_slice s)
{
    struct tag tag;
    uint32_t code;
    size_t n;

    if (*s.ptr == '&') {
        n = entity_parse(s, &code);
        if (n > 0) {
            add_code(html, code);
            return n;
        }
    } else if (parse_tag(html, s, &tag)) {
        return tag.len + apply_tag(html, &tag, slice_from(s, tag.len));
    }
    add_run(html, slice_sub(s, 0, 1));
    return 1;
}

static size_t find_markup(struct bounce_slice s)
{
    size_t n = 0;

    while (n < s.len && s.ptr[n] != '<' && s.ptr[n] != '&')
        n++;
    return n;
}

struct bounce_slice mime_html_text(struct message *message,
                                   struct bounce_slice text, size_t max)
{
    struct html html = {.breaks = 0};

    buf_init(&html.out, message->arena, max);
    buf_reserve(&html.out, text.len / 2);
    while (text.len > 0 && !html.out.cut && !html.out.failed) {
        size_t n = find_markup(text);

        if (html.pre > 0)
            add_pre_text(&html, slice_sub(text, 0, n));
        else
            add_text(&html, slice_sub(text, 0, n));
        text = slice_from(text, n);
        if (text.len > 0)
            text = slice_from(text, take_markup(&html, text));
    }
    if (html.out.cut)
        message_warn(message, "body-cut",
                     "The text of a part is too long and was cut", NULL);
    return decode_finish(message, &html.out);
}
