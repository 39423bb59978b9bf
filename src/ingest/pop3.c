/* SPDX-License-Identifier: MIT */
#include "ingest/pop3.h"

#include <stdio.h>
#include <stdlib.h>

void pop3_begin(struct pop3 *pop3, struct mail_stream *stream)
{
    *pop3 = (struct pop3){.stream = stream};
}

/* "+OK text" or "-ERR text". text_out may be NULL. */
static enum mail_result read_status(struct pop3 *pop3, char text_out[256])
{
    char line[sizeof(pop3->said)];
    struct bounce_slice said;

    if (!mail_stream_line(pop3->stream, line, sizeof(line)))
        return pop3->stream->result;
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == '\x7f')
            *c = ' ';
    }
    if (text_out != NULL)
        snprintf(text_out, 256, "%s", line);
    if (strncmp(line, "+OK", 3) == 0)
        return MAIL_FINE;
    if (strncmp(line, "-ERR", 4) != 0) {
        mail_stream_spoil(pop3->stream, "an answer is neither +OK nor -ERR");
        return pop3->stream->result;
    }
    said = slice_trim(slice_cstr(line + 4));
    snprintf(pop3->said, sizeof(pop3->said), "%.*s", (int)said.len, said.ptr);
    /* RFC 2449 section 8, RFC 3206. */
    pop3->for_now = slice_starts_nocase(said, SLICE("[IN-USE]")) ||
                    slice_starts_nocase(said, SLICE("[SYS/TEMP]"));
    return MAIL_REFUSED;
}

static enum mail_result finish(struct pop3 *pop3, enum mail_result said,
                               char text_out[256])
{
    return said == MAIL_FINE ? read_status(pop3, text_out) : said;
}

/* ---- The list ---------------------------------------------------------- */

struct listing {
    struct pop3_entry *entries;
    size_t count, cap;
};

static struct pop3_entry *add_entry(struct listing *list, unsigned number)
{
    if (list->count == list->cap) {
        size_t cap = list->cap > 0 ? 2 * list->cap : 256;
        struct pop3_entry *grown =
            list->count < POP3_MESSAGES_MAX
                ? realloc(list->entries, cap * sizeof(*grown))
                : NULL;

        if (grown == NULL)
            return NULL;
        list->entries = grown;
        list->cap = cap;
    }
    list->entries[list->count] = (struct pop3_entry){.number = number};
    return &list->entries[list->count++];
}

/* "12 QhdPYR:00WBw1Ph7x7" */
static bool read_entry(struct bounce_slice line, struct listing *list,
                       bool *no_memory_out)
{
    struct pop3_entry *entry;
    struct bounce_slice id;
    unsigned number;
    size_t digits = slice_parse_uint(line, 9, &number);

    if (digits == 0 || number == 0)
        return false;
    id = slice_trim(slice_from(line, digits));
    id = slice_sub(id, 0, slice_find_byte(id, ' '));
    if (id.len == 0 || id.len >= POP3_UIDL_CAP ||
        (list->count > 0 && number <= list->entries[list->count - 1].number))
        return false;
    for (size_t i = 0; i < id.len; i++) {
        if (id.ptr[i] < '!' || id.ptr[i] > '~')
            return false;
    }
    entry = add_entry(list, number);
    *no_memory_out = entry == NULL;
    if (entry != NULL)
        memcpy(entry->uidl, id.ptr, id.len);
    return entry != NULL;
}

static enum mail_result read_entries(struct pop3 *pop3, struct listing *list)
{
    bool no_memory = false;
    char line[512];

    while (mail_stream_line(pop3->stream, line, sizeof(line))) {
        if (strcmp(line, ".") == 0)
            return MAIL_FINE;
        if (!read_entry(slice_cstr(line), list, &no_memory)) {
            mail_stream_spoil(pop3->stream, "UIDL is malformed");
            return no_memory ? MAIL_NO_MEMORY : pop3->stream->result;
        }
    }
    return pop3->stream->result;
}

/* Without UIDL there are numbers alone. */
static enum mail_result count_messages(struct pop3 *pop3, struct listing *list)
{
    char text[256];
    unsigned count;
    enum mail_result result =
        finish(pop3, mail_stream_say(pop3->stream, "STAT"), text);

    if (result != MAIL_FINE)
        return result;
    if (slice_parse_uint(slice_trim(slice_cstr(text + 3)), 9, &count) == 0) {
        mail_stream_spoil(pop3->stream, "STAT is malformed");
        return pop3->stream->result;
    }
    if (count > POP3_MESSAGES_MAX) {
        mail_stream_spoil(pop3->stream, "there are too many messages");
        return pop3->stream->result;
    }
    for (unsigned i = 1; i <= count; i++) {
        if (add_entry(list, i) == NULL)
            return MAIL_NO_MEMORY;
    }
    return MAIL_FINE;
}

enum mail_result pop3_list(struct pop3 *pop3, struct pop3_entry **entries_out,
                           size_t *count_out)
{
    struct listing list = {0};
    enum mail_result result =
        finish(pop3, mail_stream_say(pop3->stream, "UIDL"), NULL);

    if (result == MAIL_FINE)
        result = read_entries(pop3, &list);
    else if (result == MAIL_REFUSED)
        result = count_messages(pop3, &list);
    if (result != MAIL_FINE) {
        free(list.entries);
        list = (struct listing){0};
    }
    *entries_out = list.entries;
    *count_out = list.count;
    return result;
}

/* ---- Messages ---------------------------------------------------------- */

/* At the beginning of a line: takes its dot off (RFC 1939 section 3). true: it
 * was a dot alone, which ends the message. */
static bool take_dot(struct mail_stream *stream, struct mail_letter *letter)
{
    if (mail_stream_peek(stream) != '.')
        return false;
    mail_stream_byte(stream);
    if (mail_stream_peek(stream) == '\r') {
        mail_stream_byte(stream);
        if (mail_stream_peek(stream) != '\n')
            mail_letter_add(letter, SLICE("\r"));
    }
    if (mail_stream_peek(stream) != '\n')
        return false;
    mail_stream_byte(stream);
    return true;
}

/* What is left of a line, and its end. */
static void take_line(struct mail_stream *stream, struct mail_letter *letter)
{
    size_t end = SLICE_NPOS;

    while (end == SLICE_NPOS) {
        struct bounce_slice some = mail_stream_some(stream, MAIL_STREAM_BUFFER);

        if (some.len == 0)
            return;
        end = slice_find_byte(some, '\n');
        if (end != SLICE_NPOS) { /* what follows is the next line's */
            mail_stream_return(stream, some.len - (end + 1));
            some = slice_sub(some, 0, end + 1);
        }
        mail_letter_add(letter, some);
    }
}

static enum mail_result read_lines(struct mail_stream *stream,
                                   struct mail_letter *letter)
{
    while (!take_dot(stream, letter)) {
        take_line(stream, letter);
        if (stream->result != MAIL_FINE)
            break;
    }
    return stream->result;
}

enum mail_result pop3_retrieve(struct pop3 *pop3, unsigned number,
                               struct mail_letter *letter)
{
    enum mail_result result =
        finish(pop3, mail_stream_say(pop3->stream, "RETR %u", number), NULL);

    mail_letter_begin(letter);
    return result == MAIL_FINE ? read_lines(pop3->stream, letter) : result;
}

enum mail_result pop3_delete(struct pop3 *pop3, unsigned number)
{
    return finish(pop3, mail_stream_say(pop3->stream, "DELE %u", number), NULL);
}

enum mail_result pop3_quit(struct pop3 *pop3)
{
    return finish(pop3, mail_stream_say(pop3->stream, "QUIT"), NULL);
}
