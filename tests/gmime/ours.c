/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "mime_fixture.h"
#include "seen.h"

#define MAX_BODY ((size_t)16 << 20)

static void add_slice(struct seen *seen, const char *place, const char *what,
                      struct bounce_slice s)
{
    seen_add(seen, place, what, s.len > 0 ? s.ptr : "", s.len);
}

static void add_addresses(struct seen *seen, struct message *message,
                          const char *place, const char *what,
                          struct bounce_slice value)
{
    char list[8192];
    size_t used = 0;
    struct bounce_slice address;

    while ((address = mime_address(message, value, &value)).ptr != NULL &&
           used + address.len + 2 < sizeof(list)) {
        memcpy(list + used, address.ptr, address.len);
        used += address.len;
        list[used++] = ' ';
    }
    seen_add(seen, place, what, list, used);
}

/* Whether a list of addresses is one by RFC 5322, roughly: what may be rescued
 * from another is a matter of taste. */
static bool is_list(struct bounce_slice s)
{
    bool quoted = false, angle = false, behind = false;
    int comment = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (c == '"' && comment == 0)
            quoted = !quoted;
        if (quoted)
            continue;
        comment += (c == '(') - (c == ')');
        behind =
            behind || c == ')' || (i > 0 && c == '.' && s.ptr[i - 1] == '<');
        if (angle && strchr(" \t;,:", c) != NULL)
            return false;
        if (c == '(' || c == ')' || comment > 0 || strchr(" \t\r\n\"", c))
            continue;
        if (c == ',') {
            behind = false;
        } else if (behind || (c == '<' && angle) || (c == '>' && !angle) ||
                   (strchr("<>@.-_+=?!#&'*/", c) == NULL &&
                    !isalnum((unsigned char)c) && (unsigned char)c < 128)) {
            return false;
        }
        if (c == '@' && i > 0 && s.ptr[i - 1] == ' ')
            return false;
        angle = c == '<' || (angle && c != '>');
        behind = c == '>' || behind;
    }
    return !quoted && !angle && comment == 0;
}

/* "a@b.", "a@b/c", "=3DC": words that hold an "@" and are no address. */
static bool is_clean(struct bounce_slice s)
{
    size_t at = slice_find_byte(s, '@');

    for (size_t i = at; i < s.len; i++) {
        char c = s.ptr[i];

        if (strchr("/#&'*=?!_+:", c) != NULL || (c == '@' && i > at) ||
            (strchr(".@-", c) != NULL && i + 1 < s.len &&
             (s.ptr[i + 1] == '.' || s.ptr[i + 1] == '>' ||
              s.ptr[i + 1] == ' ')))
            return false;
        if (i == at && (i == 0 || i + 1 == s.len || s.ptr[i + 1] == ' ' ||
                        strchr(" .", s.ptr[i - 1]) != NULL))
            return false;
        if (c == ',' || c == ' ' || c == '>')
            return is_clean(slice_from(s, i));
    }
    return true;
}

/* "a b@c": blanks inside an address that has no brackets. */
static bool is_broken(struct bounce_slice s)
{
    struct bounce_slice one;

    while (slice_next_piece(&s, ',', &one)) {
        size_t angle = slice_find_byte(one, '<');

        one = slice_trim(one);
        if (one.len == 0)
            continue;
        if (strchr("-.", one.ptr[one.len - 1]) != NULL ||
            (angle != SLICE_NPOS && slice_find_byte(one, '@') < angle &&
             one.ptr[0] != '"'))
            return true;
        if (slice_find_byte(one, '@') != SLICE_NPOS &&
            slice_find_byte(one, '<') == SLICE_NPOS &&
            slice_find_byte(one, '(') == SLICE_NPOS &&
            slice_find_byte(one, '"') == SLICE_NPOS &&
            (one.ptr[0] == '.' || slice_find_byte(one, ' ') != SLICE_NPOS ||
             slice_find_byte(one, '\t') != SLICE_NPOS))
            return true;
    }
    return false;
}

static void note_list(struct seen *seen, const char *place, const char *note,
                      struct bounce_slice value)
{
    if (!is_list(value) || !is_clean(value) || is_broken(value))
        seen_add(seen, place, note, "", 0);
}

static void add_headers(struct seen *seen, struct message *message,
                        const char *place, const struct mime_part *part)
{
    add_slice(seen, place, "subject",
              mime_decode_header(message,
                                 mime_value(part->headers, SLICE("Subject"))));
    add_addresses(seen, message, place, "from",
                  mime_value(part->headers, SLICE("From")));
    add_addresses(seen, message, place, "to",
                  mime_value(part->headers, SLICE("To")));
    note_list(seen, place, "#bad-from",
              mime_value(part->headers, SLICE("From")));
    note_list(seen, place, "#bad-to", mime_value(part->headers, SLICE("To")));
}

/* type/subtype; name=value; name="value" */
static bool is_type(struct bounce_slice s)
{
    bool quoted = false;
    int slashes = 0, pieces = 0, equals = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (c == '"')
            quoted = !quoted;
        if (quoted || strchr(" \t\r\n\"", c) != NULL)
            continue;
        if (c == ';') {
            if (pieces > 0 && equals != 1)
                return false;
            pieces++;
            equals = 0;
        } else if (!isalnum((unsigned char)c) &&
                   strchr(pieces == 0 ? "/.+-" : "=_.+-'/", c) == NULL) {
            return false;
        }
        slashes += pieces == 0 && c == '/';
        equals += c == '=';
    }
    return !quoted &&
           (s.len == 0 || (slashes == 1 && (pieces == 0 || equals == 1)));
}

static bool is_encoded(const struct mime_part *part)
{
    struct bounce_slice s = part->body;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (part->encoding == MIME_ENCODING_BASE64 &&
            ((!isalnum((unsigned char)c) && strchr("+/=\r\n \t", c) == NULL) ||
             (c == '=' && slice_trim(slice_from(s, i)).len > 2)))
            return false;
        if (part->encoding == MIME_ENCODING_QUOTED_PRINTABLE && c == '=' &&
            i + 2 < s.len && s.ptr[i + 1] != '\n' && s.ptr[i + 1] != '\r' &&
            (!isxdigit((unsigned char)s.ptr[i + 1]) ||
             !isxdigit((unsigned char)s.ptr[i + 2])))
            return false;
    }
    return true;
}

/* Notes on what malformed mail leaves to the reader. */
static void add_notes(struct seen *seen, struct message *message,
                      const struct mime_part *part)
{
    const char *start = part->body.ptr;
    struct bounce_slice type = mime_value(part->headers, SLICE("Content-Type"));
    bool ours = start > message->base && start < message->base + message->len;

    if (part->type == MIME_TYPE_MULTIPART && part->child != NULL &&
        mime_param(message, type, SLICE("boundary")).len == 0)
        seen_add(seen, "1", "#no-boundary", "", 0);
    if (!is_type(type))
        seen_add(seen, "1", "#bad-type", "", 0);
    if (!is_encoded(part))
        seen_add(seen, "1", "#bad-encoding", "", 0);
    if ((part->parent != NULL && part->head.len == 0 && part->body.len == 0) ||
        (part->type == MIME_TYPE_MESSAGE && slice_trim(part->body).len == 0))
        seen_add(seen, "1", "#empty-part", "", 0);
    if (part->type == MIME_TYPE_MESSAGE &&
        part->encoding != MIME_ENCODING_IDENTITY)
        seen_add(seen, "1", "#encoded-message", "", 0);
    if (part->type == MIME_TYPE_MESSAGE && part->body.len > 0 &&
        strchr(" \t\r\n", start[0]) != NULL)
        seen_add(seen, "1", "#blank-start", "", 0);
    /* the line that ends the fields */
    if (ours && start - message->base > 2 && start[-1] == '\n' &&
        (start[-2] == ' ' || start[-2] == '\t' ||
         (start[-2] == '\r' && (start[-3] == ' ' || start[-3] == '\t'))))
        seen_add(seen, "1", "#blank-end", "", 0);
}

/* Fields that stand twice are noted as "#name", for the explanations. */
static void add_repeats(struct seen *seen, const char *place,
                        const struct mime_part *part)
{
    static const char *const names[][2] = {
        {"Subject", "#subject"},
        {"From", "#from"},
        {"To", "#to"},
        {"Content-Type", "#type"},
        {"Content-Transfer-Encoding", "#encoding"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct bounce_slice name = slice_cstr(names[i][0]);
        const struct mime_header *first = mime_find(part->headers, name);

        if (first == NULL || mime_find(first->next, name) == NULL)
            continue;
        seen_add(seen, place, names[i][1], "", 0);
        if (i > 2)
            seen_add(seen, "1", "#twice", "", 0);
    }
}

static void add_type(struct seen *seen, const char *place,
                     const struct mime_part *part)
{
    char type[256] = "text/plain";

    if (part->type == MIME_TYPE_MESSAGE) /* what a digest holds unnamed */
        snprintf(type, sizeof(type), "message/rfc822");
    if (part->media_type.len > 0)
        snprintf(type, sizeof(type), "%.*s", (int)part->media_type.len,
                 part->media_type.ptr);
    for (char *p = type; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    seen_add(seen, place, "type", type, strlen(type));
}

static void add_part(struct seen *seen, struct message *message,
                     const char *place, const struct mime_part *part)
{
    char child_place[128];
    unsigned number = 1;

    add_type(seen, place, part);
    add_repeats(seen, place, part);
    add_notes(seen, message, part);
    if (part->parent == NULL || part->parent->type == MIME_TYPE_MESSAGE)
        add_headers(seen, message, place, part);
    if (part->type == MIME_TYPE_TEXT_PLAIN)
        add_slice(seen, place, "text", mime_text(message, part, MAX_BODY));
    else if (part->child == NULL && part->type != MIME_TYPE_MULTIPART)
        add_slice(seen, place, "data",
                  mime_decode_body(message, part, MAX_BODY));
    for (part = part->child; part != NULL; part = part->next) {
        if (strlen(place) > 100)
            return;
        snprintf(child_place, sizeof(child_place), "%.100s.%u", place,
                 number++);
        add_part(seen, message, child_place, part);
    }
}

void seen_by_us(struct seen *seen, const char *data, size_t len)
{
    struct fixture fixture;
    struct message *message;
    const struct mime_part *root;

    if (!fixture_init(&fixture, allocator_default()))
        abort();
    message = fixture_begin(&fixture, slice_make(data, len));
    root = mime_parse(message, slice_make(data, len));
    if (root != NULL)
        add_part(seen, message, "1", root);
    for (size_t i = 0; i < message->warning_count; i++) {
        char what[64];

        snprintf(what, sizeof(what), "#%s", fixture.warnings[i].id);
        seen_add(seen, "1", what, "", 0);
    }
    fixture_clear(&fixture);
}
