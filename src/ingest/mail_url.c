/* SPDX-License-Identifier: MIT */
#include "ingest/mail_url.h"

#include <stdio.h>

#include "base/utf8.h"
#include "mime/decode.h"

static const struct scheme {
    const char *prefix;
    bool imap, tls;
} schemes[] = {{"imap://", true, false},
               {"imaps://", true, true},
               {"pop3://", false, false},
               {"pop3s://", false, true}};

static const struct scheme *scheme_of(struct bounce_slice text)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (slice_starts_nocase(text, slice_cstr(schemes[i].prefix)))
            return &schemes[i];
    }
    return NULL;
}

bool mail_url_is(const char *text)
{
    return scheme_of(slice_cstr(text)) != NULL;
}

/* "%40" is "@" (RFC 3986 section 2.1). false: it is malformed, too long, no
 * UTF-8, or has a control character. */
static bool decode(struct bounce_slice text, char *out, size_t cap)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '%') {
            unsigned high, low;

            if (i + 2 >= text.len)
                return false;
            high = decode_hex((unsigned char)text.ptr[i + 1]);
            low = decode_hex((unsigned char)text.ptr[i + 2]);
            if ((high | low) > 15)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if ((unsigned char)c < ' ' || c == '\x7f' || len + 1 >= cap)
            return false;
        out[len++] = c;
    }
    out[len] = '\0';
    return utf8_valid_prefix(slice_make(out, len)) == len;
}

/* Not "127.example.org", which may be anywhere. */
static bool is_loopback(struct bounce_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!ascii_is_digit((unsigned char)name.ptr[i]) && name.ptr[i] != '.')
            return slice_eq_nocase(name, SLICE("localhost")) ||
                   slice_eq(name, SLICE("[::1]"));
    }
    return slice_starts(name, SLICE("127."));
}

/* A name, an IPv4 address, or an IPv6 address in brackets; and ":PORT". */
static bool take_host(struct bounce_slice host, struct mail_url *url)
{
    size_t end = host.len > 0 && host.ptr[0] == '['
                     ? slice_find_byte(host, ']')
                     : slice_find_byte(host, ':');
    struct bounce_slice rest, name;
    unsigned port;

    if (host.len == 0 || host.len >= sizeof(url->host) || end == 0 ||
        (host.ptr[0] == '[' && end == SLICE_NPOS))
        return false;
    end += host.ptr[0] == '[' ? 1 : 0;
    name = slice_sub(host, 0, end);
    rest = slice_from(host, name.len);
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];

        if (!ascii_is_alnum(c) && c < 0x80 && strchr("-._:[]", c) == NULL)
            return false;
    }
    if (rest.len > 0 &&
        (rest.ptr[0] != ':' ||
         slice_parse_uint(slice_from(rest, 1), 5, &port) != rest.len - 1 ||
         port == 0 || port > 65535))
        return false;
    for (size_t i = 0; i < host.len; i++)
        url->host[i] = (char)ascii_lower((unsigned char)host.ptr[i]);
    url->host[host.len] = '\0';
    url->loopback = is_loopback(name);
    return true;
}

static const char *take_folder(struct bounce_slice path, struct mail_url *url)
{
    if (!url->imap)
        return path.len > 0 ? "a POP3 mailbox has no folders" : NULL;
    if (!decode(path, url->folder, sizeof(url->folder)) ||
        slice_find_byte(path, '?') != SLICE_NPOS ||
        slice_find_byte(path, ';') != SLICE_NPOS)
        return "the folder is malformed: other characters than letters and "
               "digits are written as %2E and the like";
    if (path.len == 0 || slice_eq_nocase(path, SLICE("INBOX")))
        snprintf(url->folder, sizeof(url->folder), "INBOX");
    return NULL;
}

const char *mail_url_parse(const char *text, struct mail_url *url_out)
{
    struct mail_url *url = url_out;
    struct bounce_slice rest = slice_cstr(text), user;
    const struct scheme *scheme = scheme_of(rest);
    size_t slash, at;
    const char *flaw;

    *url = (struct mail_url){.tls = false};
    if (scheme == NULL)
        return "no mailbox: imap://, imaps://, pop3:// or pop3s:// and "
               "USER@HOST";
    url->imap = scheme->imap;
    url->tls = scheme->tls;
    rest = slice_from(rest, strlen(scheme->prefix));
    slash = slice_find_byte(rest, '/');
    flaw = take_folder(
        slash != SLICE_NPOS ? slice_from(rest, slash + 1) : SLICE_NULL, url);
    if (flaw != NULL)
        return flaw;
    rest = slice_sub(rest, 0, slash);
    at = slice_rfind_byte(rest, '@'); /* user names often have one too */
    user = at != SLICE_NPOS ? slice_sub(rest, 0, at) : SLICE_NULL;
    if (user.len == 0)
        return "who logs in is missing: USER@HOST";
    if (slice_find_byte(user, ':') != SLICE_NPOS)
        return "a password does not belong here, where others can see it: "
               "--password-file, BOUNCE_PASSWORD or ~/.netrc";
    if (!decode(user, url->user, sizeof(url->user)))
        return "the user's name is malformed";
    if (!take_host(slice_from(rest, at + 1), url))
        return "the host is malformed";
    snprintf(url->server, sizeof(url->server), "%s%s", scheme->prefix,
             url->host);
    snprintf(url->name, sizeof(url->name), "%s://%s@%s%s%s",
             url->imap ? "imap" : "pop3", url->user, url->host,
             url->imap ? "/" : "", url->folder);
    return NULL;
}
