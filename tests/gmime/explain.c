/* SPDX-License-Identifier: MIT */
#include "explain.h"

#include <stdio.h>
#include <string.h>

/* The item of ours at the difference's place. */
static const struct seen_item *at_place(const struct difference *d,
                                        const char *what)
{
    char name[160];
    int len = (int)strcspn(d->name, " ");

    snprintf(name, sizeof(name), "%.*s %s", len, d->name, what);
    return seen_find(d->us, name);
}

static bool is_about(const struct difference *d, const char *what)
{
    return strcmp(strchr(d->name, ' ') + 1, what) == 0;
}

static bool repeated(const struct difference *d)
{
    char mark[64];

    snprintf(mark, sizeof(mark), "#%s", strchr(d->name, ' ') + 1);
    return at_place(d, mark) != NULL ||
           (!is_about(d, "subject") && seen_find(d->us, "1 #twice") != NULL);
}

/* Copies text without blanks, or with only those words that hold an "@". */
static void squeeze(char *out, size_t cap, const struct seen_item *item,
                    bool addresses)
{
    size_t used = 0, word = 0;
    bool at = false;

    for (size_t i = 0; item != NULL && i <= item->len && used + 1 < cap; i++) {
        char c = i < item->len ? item->value[i] : ' ';

        if (c == ' ' || c == '\t' || c == '\n') {
            if (addresses && !at)
                used = word;
            word = used;
            at = false;
            continue;
        }
        at = at || c == '@';
        out[used++] = c;
    }
    out[used] = '\0';
}

static bool same_squeezed(const struct difference *d, bool addresses)
{
    static char ours[65536], theirs[65536];

    squeeze(ours, sizeof(ours), d->ours, addresses);
    squeeze(theirs, sizeof(theirs), d->theirs, addresses);
    return strcmp(ours, theirs) == 0;
}

static bool no_domain(const struct difference *d)
{
    return (is_about(d, "from") || is_about(d, "to")) && same_squeezed(d, true);
}

static bool blanks(const struct difference *d)
{
    return is_about(d, "subject") && same_squeezed(d, false);
}

static bool warned(const struct difference *d, const char *id)
{
    char name[64];

    snprintf(name, sizeof(name), "1 #%s", id);
    return seen_find(d->us, name) != NULL;
}

/* Copies what is ASCII. */
static void put_ascii(char *out, size_t cap, const struct seen_item *item)
{
    size_t used = 0;

    for (size_t i = 0; item != NULL && i < item->len && used + 1 < cap; i++) {
        if ((unsigned char)item->value[i] < 128 && item->value[i] > ' ' &&
            item->value[i] != '?')
            out[used++] = item->value[i];
    }
    out[used] = '\0';
}

static bool no_field(const struct difference *d)
{
    return warned(d, "header-end-missing") || warned(d, "header-fold-broken") ||
           warned(d, "part-header-late");
}

static bool boundaries(const struct difference *d)
{
    return warned(d, "boundary-missing") || warned(d, "boundary-unclosed");
}

static bool bad_list(const struct difference *d)
{
    char note[64];

    snprintf(note, sizeof(note), "#bad-%s", strchr(d->name, ' ') + 1);
    return at_place(d, note) != NULL;
}

static bool no_boundary(const struct difference *d)
{
    return warned(d, "no-boundary");
}

static bool blank_start(const struct difference *d)
{
    return warned(d, "blank-start");
}

static bool blank_end(const struct difference *d)
{
    return warned(d, "blank-end");
}

static bool encoded_message(const struct difference *d)
{
    return warned(d, "encoded-message");
}

static bool lone_cr(const struct difference *d)
{
    for (size_t i = 0; i + 1 < d->len; i++) {
        if (d->data[i] == '\r' && d->data[i + 1] != '\n')
            return true;
    }
    return false;
}

static bool bad_type(const struct difference *d)
{
    return warned(d, "bad-type");
}

static bool bad_encoding(const struct difference *d)
{
    return !is_about(d, "type") && warned(d, "bad-encoding");
}

static bool empty_part(const struct difference *d)
{
    return warned(d, "empty-part");
}

static bool bad_bytes(const struct difference *d)
{
    static char ours[65536], theirs[65536];

    if (!is_about(d, "text") && !is_about(d, "subject"))
        return false;
    put_ascii(ours, sizeof(ours), d->ours);
    put_ascii(theirs, sizeof(theirs), d->theirs);
    return strcmp(ours, theirs) == 0;
}

static const struct {
    bool (*applies)(const struct difference *d);
    const char *words;
} EXPLAINED[EXPLANATIONS] = {
    {repeated, "a field stands twice: GMime joins addresses and else takes the "
               "last, we take the first"},
    {no_domain, "a name without a domain is an address to GMime, not to us"},
    {blanks, "a fold is a blank to us, the bytes behind it to GMime"},
    {no_field, "a line among the fields is none: GMime skips it, the body "
               "begins there for us (header-end-missing)"},
    {boundaries, "a boundary is missing"},
    {bad_bytes, "bytes that their charset does not have: U+FFFD or "
                "Windows-1252 to us, dropped or Latin-1 to GMime"},
    {no_boundary, "no boundary parameter: we find it in the body"},
    {blank_start, "an enclosed message begins with empty lines: we skip them, "
                  "GMime reads no fields"},
    {blank_end, "a line of blanks: the end of the fields to us, a fold to "
                "GMime"},
    {empty_part, "two boundary lines in a row, or a last one behind the "
                 "fields: an empty part or message to us"},
    {bad_type, "Content-Type is broken: GMime gives up sooner"},
    {bad_encoding, "what is no base64 or quoted-printable: each rescues what "
                   "it can"},
    {encoded_message,
     "an enclosed message that is encoded: we decode it, GMime "
     "reads it as it is"},
    {lone_cr, "a CR alone ends a line to us"},
    {bad_list, "no list of addresses by RFC 5322: each rescues what it can"},
};

int explain(const struct difference *d)
{
    for (int i = 0; i < EXPLANATIONS; i++) {
        if (EXPLAINED[i].applies(d))
            return i;
    }
    return -1;
}

const char *explanation(int number)
{
    return EXPLAINED[number].words;
}
