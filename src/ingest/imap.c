/* SPDX-License-Identifier: MIT */
#include "ingest/imap.h"

#include <stdio.h>
#include <stdlib.h>

#include "ingest/imap_scan.h"

#define SET_MAX    ((size_t)6 << 10) /* bytes of a set of UIDs */
#define FOLDER_MAX 1024 /* bytes of a folder's name as it is said */

/* What a command asks to be told of; each may be NULL. */
struct asking {
    bool (*number)(void *ctx, uint64_t number); /* of SEARCH */
    /* Of FETCH: one value. false: not mine, skip it. */
    bool (*item)(void *ctx, const char *name, const struct imap_token *value);
    bool (*fetched)(void *ctx); /* and its end */
    void *ctx;
};

/* ---- Answers ----------------------------------------------------------- */

/* "[UIDVALIDITY 12] text" of OK, NO, BAD, BYE: RFC 9051 section 7.1. */
static void read_code(struct imap *imap, const char *text)
{
    static const char *const later[] = {"[UNAVAILABLE]", "[INUSE]", "[LIMIT]",
                                        "[OVERQUOTA]"};
    struct bounce_slice rest = slice_cstr(text);
    char number[24];
    uint64_t value;

    imap->for_now = false;
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
        imap->for_now =
            imap->for_now || slice_starts_nocase(rest, slice_cstr(later[i]));
    if (slice_starts_nocase(rest, SLICE("[READ-ONLY]")))
        imap->read_only = true;
    if (!slice_starts_nocase(rest, SLICE("[UIDVALIDITY ")))
        return;
    rest = slice_from(rest, 13);
    rest = slice_sub(rest, 0, slice_find_byte(rest, ']'));
    snprintf(number, sizeof(number), "%.*s",
             (int)(rest.len < sizeof(number) ? rest.len : 0), rest.ptr);
    if (imap_number(number, UINT32_MAX, &value))
        imap->uidvalidity = (uint32_t)value;
}

/* The rest of a status: a refusal's words are kept. */
static bool read_status(struct imap *imap, const char *status)
{
    char line[sizeof(imap->said)];
    const char *text;

    if (!mail_stream_line(imap->stream, line, sizeof(line)))
        return false;
    text = line[0] == ' ' ? line + 1 : line;
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == '\x7f')
            *c = ' ';
    }
    read_code(imap, text);
    if (strcmp(status, "OK") != 0 && strcmp(status, "PREAUTH") != 0)
        snprintf(imap->said, sizeof(imap->said), "%s", text);
    return true;
}

static bool read_search(struct imap *imap, const struct asking *asking)
{
    struct imap_token token;
    uint64_t number;

    while (imap_scan(imap->stream, &token) == IMAP_ATOM) {
        if (!imap_number(token.text, UINT32_MAX, &number)) {
            mail_stream_spoil(imap->stream, "SEARCH tells no number");
            return false;
        }
        if (asking->number != NULL && !asking->number(asking->ctx, number))
            return false;
    }
    if (token.type == IMAP_END)
        return true;
    mail_stream_spoil(imap->stream, "SEARCH tells no number");
    return false;
}

static void read_capability(struct imap *imap, const char *name)
{
    struct bounce_slice word = slice_cstr(name);

    imap->uidplus = imap->uidplus || slice_eq_nocase(word, SLICE("UIDPLUS"));
    imap->move = imap->move || slice_eq_nocase(word, SLICE("MOVE"));
}

static bool read_capabilities(struct imap *imap)
{
    struct imap_token token;

    while (imap_scan(imap->stream, &token) == IMAP_ATOM)
        read_capability(imap, token.text);
    return token.type == IMAP_END;
}

/* "(UID 5 BODY[] {42}...)" and the end of its line. */
static bool read_fetch(struct imap *imap, const struct asking *asking)
{
    struct imap_token name, value;

    if (imap_scan(imap->stream, &name) != IMAP_OPEN) {
        mail_stream_spoil(imap->stream, "FETCH has no list");
        return false;
    }
    while (imap_scan(imap->stream, &name) == IMAP_ATOM) {
        imap_scan(imap->stream, &value);
        if (asking->item != NULL &&
            asking->item(asking->ctx, name.text, &value))
            continue;
        if (!imap_value_skip(imap->stream, &value))
            return false;
    }
    if (name.type != IMAP_CLOSE || imap_scan(imap->stream, &name) != IMAP_END) {
        mail_stream_spoil(imap->stream, "FETCH is malformed");
        return false;
    }
    return asking->fetched == NULL || asking->fetched(asking->ctx);
}

static bool is_status(const char *word)
{
    static const char *const words[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i]) == 0)
            return true;
    }
    return false;
}

static void to_upper(char *text)
{
    for (; *text != '\0'; text++)
        *text = (char)(ascii_is_alpha((unsigned char)*text) ? *text & ~0x20
                                                            : *text);
}

static bool read_untagged(struct imap *imap, const struct asking *asking)
{
    struct imap_token token;
    uint64_t number;

    if (imap_scan(imap->stream, &token) != IMAP_ATOM)
        return token.type == IMAP_END || imap_line_skip(imap->stream);
    to_upper(token.text);
    if (is_status(token.text))
        return read_status(imap, token.text);
    if (strcmp(token.text, "SEARCH") == 0)
        return read_search(imap, asking);
    if (strcmp(token.text, "CAPABILITY") == 0)
        return read_capabilities(imap);
    if (imap_number(token.text, UINT32_MAX, &number) &&
        imap_scan(imap->stream, &token) == IMAP_ATOM) {
        to_upper(token.text);
        if (strcmp(token.text, "FETCH") == 0)
            return read_fetch(imap, asking);
        if (strcmp(token.text, "EXISTS") == 0)
            imap->exists = (uint32_t)number;
    }
    return token.type == IMAP_END ||
           (token.type != IMAP_BROKEN && imap_line_skip(imap->stream));
}

/* All up to the answer to the command that was said. A false of asking's
 * functions ends it with MAIL_STOPPED. */
static enum mail_result read_answer(struct imap *imap,
                                    const struct asking *asking)
{
    struct imap_token token;
    char tag[16];

    snprintf(tag, sizeof(tag), "B%u", imap->tag);
    for (;;) {
        if (imap_scan(imap->stream, &token) == IMAP_ATOM &&
            strcmp(token.text, "*") == 0) {
            if (!read_untagged(imap, asking))
                break;
            continue;
        }
        if (token.type != IMAP_ATOM || strcmp(token.text, tag) != 0) {
            mail_stream_spoil(imap->stream, "an answer to nothing");
            break;
        }
        if (imap_scan(imap->stream, &token) != IMAP_ATOM)
            break;
        to_upper(token.text);
        if (!is_status(token.text) || !read_status(imap, token.text))
            break;
        return strcmp(token.text, "OK") == 0 ? MAIL_FINE : MAIL_REFUSED;
    }
    if (imap->stream->result == MAIL_FINE)
        mail_stream_spoil(imap->stream, "an answer is malformed");
    return imap->stream->result;
}

static const struct asking nothing;

/* A command whose text follows its tag. */
#define SAY(imap, ...) mail_stream_say((imap)->stream, "B%u " __VA_ARGS__)

static enum mail_result finish(struct imap *imap, enum mail_result said,
                               const struct asking *asking)
{
    return said == MAIL_FINE ? read_answer(imap, asking) : said;
}

/* ---- Commands ---------------------------------------------------------- */

enum mail_result imap_begin(struct imap *imap, struct mail_stream *stream)
{
    *imap = (struct imap){.stream = stream};
    return finish(imap, SAY(imap, "CAPABILITY", ++imap->tag), &nothing);
}

enum mail_result imap_select(struct imap *imap, struct bounce_slice folder,
                             bool write)
{
    char name[FOLDER_MAX];
    enum mail_result result;

    if (!imap_folder_quote(folder, name, sizeof(name)))
        return MAIL_BAD_URL;
    imap->uidvalidity = imap->exists = 0;
    imap->read_only = false;
    result = finish(
        imap,
        SAY(imap, "%s %s", ++imap->tag, write ? "SELECT" : "EXAMINE", name),
        &nothing);
    if (result == MAIL_FINE && imap->uidvalidity == 0) {
        mail_stream_spoil(imap->stream, "the folder has no UIDVALIDITY");
        return imap->stream->result;
    }
    return result;
}

enum mail_result imap_look_for(struct imap *imap, struct bounce_slice folder)
{
    char name[FOLDER_MAX];

    if (!imap_folder_quote(folder, name, sizeof(name)))
        return MAIL_BAD_URL;
    return finish(imap, SAY(imap, "STATUS %s (UIDVALIDITY)", ++imap->tag, name),
                  &nothing);
}

void imap_end(struct imap *imap)
{
    if (imap->stream->result == MAIL_FINE)
        (void)finish(imap, SAY(imap, "LOGOUT", ++imap->tag), &nothing);
}

/* ---- Which messages ---------------------------------------------------- */

struct searching {
    uint32_t from, *uids;
    size_t count, cap;
    bool no_memory;
};

static bool take_uid(void *ctx, uint64_t number)
{
    struct searching *s = ctx;

    if (number < s->from) /* "9:*" also finds the last one below 9 */
        return true;
    if (s->count == s->cap) {
        size_t cap = s->cap > 0 ? 2 * s->cap : 256;
        uint32_t *grown = cap <= 2 * IMAP_MESSAGES_MAX
                              ? realloc(s->uids, cap * sizeof(*grown))
                              : NULL;

        s->no_memory = grown == NULL;
        if (grown == NULL)
            return false;
        s->uids = grown;
        s->cap = cap;
    }
    s->uids[s->count++] = (uint32_t)number;
    return true;
}

static int compare_uids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

enum mail_result imap_search(struct imap *imap, uint32_t from,
                             uint32_t **uids_out, size_t *count_out)
{
    struct searching s = {.from = from > 0 ? from : 1};
    const struct asking asking = {.number = take_uid, .ctx = &s};
    enum mail_result result = finish(
        imap, SAY(imap, "UID SEARCH UID %u:*", ++imap->tag, (unsigned)s.from),
        &asking);
    size_t count = 0;

    *uids_out = NULL;
    *count_out = 0;
    if (result != MAIL_FINE) {
        free(s.uids);
        return s.no_memory ? MAIL_NO_MEMORY : result;
    }
    if (s.count > 0)
        qsort(s.uids, s.count, sizeof(*s.uids), compare_uids);
    for (size_t i = 0; i < s.count; i++) {
        if (i == 0 || s.uids[i] != s.uids[i - 1])
            s.uids[count++] = s.uids[i];
    }
    *uids_out = s.uids;
    *count_out = count;
    return MAIL_FINE;
}

/* As many of uids as fit, "1:4,7,9"; how many they are. */
static size_t write_set(const uint32_t *uids, size_t count, char set[SET_MAX])
{
    size_t len = 0, i = 0;

    while (i < count && len + 24 < SET_MAX) {
        size_t last = i;

        while (last + 1 < count && uids[last + 1] == uids[last] + 1)
            last++;
        len += (size_t)snprintf(set + len, SET_MAX - len,
                                last > i ? "%s%u:%u" : "%s%u", i > 0 ? "," : "",
                                (unsigned)uids[i], (unsigned)uids[last]);
        i = last + 1;
    }
    return i;
}

/* ---- Messages ---------------------------------------------------------- */

struct fetching {
    struct imap *imap;
    const uint32_t *uids;
    size_t count;
    uint64_t *sizes; /* of each; NULL: not asked for */
    bool *seen;      /* each once */
    struct mail_letter *letter;
    imap_letter_fn *take;
    void *ctx;
    /* The one at hand. */
    uint64_t uid, size;
    bool body;
    uint64_t tail_at; /* where the tail stands that was asked for; 0: none */
    bool stopped, no_memory;
};

static void fetching_begin(struct fetching *f)
{
    f->uid = f->size = 0;
    f->body = false;
    if (f->letter != NULL)
        mail_letter_begin(f->letter);
}

/* "BODY[]", "BODY[]<0>" or the tail's. Where the tail comes before the head the
 * server is none that we know. */
static bool take_body(struct fetching *f, const char *name,
                      const struct imap_token *value)
{
    char tail[32];
    bool is_tail;

    snprintf(tail, sizeof(tail), "BODY[]<%llu>",
             (unsigned long long)f->tail_at);
    is_tail = f->tail_at > 0 && strcmp(name, tail) == 0;
    if (!is_tail && strcmp(name, "BODY[]") != 0 &&
        strcmp(name, "BODY[]<0>") != 0)
        return false;
    if (value->type != IMAP_QUOTED && value->type != IMAP_LITERAL)
        return false; /* NIL */
    if (f->body != is_tail) {
        mail_stream_spoil(f->imap->stream, "FETCH has parts in disorder");
        return true;
    }
    if (is_tail)
        mail_letter_skip(f->letter);
    f->body = true;
    (void)imap_string_read(f->imap->stream, value, f->letter);
    return true;
}

static bool take_item(void *ctx, const char *name,
                      const struct imap_token *value)
{
    struct fetching *f = ctx;
    char upper[sizeof(value->text)];

    snprintf(upper, sizeof(upper), "%s", name);
    to_upper(upper);
    if (strcmp(upper, "UID") == 0)
        return value->type == IMAP_ATOM &&
               imap_number(value->text, UINT32_MAX, &f->uid);
    if (strcmp(upper, "RFC822.SIZE") == 0)
        return value->type == IMAP_ATOM &&
               imap_number(value->text, INT64_MAX, &f->size);
    return f->letter != NULL && take_body(f, upper, value);
}

/* All of it is here. What we did not ask for may come too: flags that others
 * change, for one. */
static bool take_fetched(void *ctx)
{
    struct fetching *f = ctx;
    const uint32_t uid = (uint32_t)f->uid, *at;
    size_t len, tail_len, index;
    char *data;

    at = bsearch(&uid, f->uids, f->count, sizeof(uid), compare_uids);
    index = at != NULL ? (size_t)(at - f->uids) : 0;
    if (at != NULL && f->sizes != NULL)
        f->sizes[index] = f->size;
    if (at != NULL && f->body && !f->seen[index]) {
        f->seen[index] = true;
        data = mail_letter_end(f->letter, &len, &tail_len);
        f->no_memory = data == NULL;
        f->stopped = f->stopped || data == NULL ||
                     !f->take(f->ctx, index, data, len, tail_len);
    }
    fetching_begin(f);
    return !f->stopped;
}

static enum mail_result fetch(struct fetching *f, const char *items)
{
    const struct asking asking = {
        .item = take_item, .fetched = take_fetched, .ctx = f};
    enum mail_result result = MAIL_FINE;
    const uint32_t *uids = f->uids;
    size_t left = f->count, part;
    char set[SET_MAX];

    while (left > 0 && result == MAIL_FINE) {
        part = write_set(uids, left, set);
        fetching_begin(f);
        result =
            finish(f->imap,
                   SAY(f->imap, "UID FETCH %s %s", ++f->imap->tag, set, items),
                   &asking);
        uids += part;
        left -= part;
    }
    if (f->no_memory)
        return MAIL_NO_MEMORY;
    return f->stopped ? MAIL_STOPPED : result;
}

enum mail_result imap_sizes(struct imap *imap, const uint32_t *uids,
                            size_t count, uint64_t *sizes_out)
{
    struct fetching f = {
        .imap = imap, .uids = uids, .count = count, .sizes = sizes_out};

    memset(sizes_out, 0, count * sizeof(*sizes_out));
    return fetch(&f, "(UID RFC822.SIZE)");
}

static enum mail_result fetch_bodies(struct fetching *f, const char *items)
{
    enum mail_result result;

    f->seen = calloc(f->count > 0 ? f->count : 1, sizeof(*f->seen));
    if (f->seen == NULL)
        return MAIL_NO_MEMORY;
    result = fetch(f, items);
    free(f->seen);
    return result;
}

enum mail_result imap_fetch(struct imap *imap, const uint32_t *uids,
                            size_t count, struct mail_letter *letter,
                            imap_letter_fn *take, void *ctx)
{
    struct fetching f = {.imap = imap,
                         .uids = uids,
                         .count = count,
                         .letter = letter,
                         .take = take,
                         .ctx = ctx};

    return fetch_bodies(&f, "(UID BODY.PEEK[])");
}

enum mail_result imap_fetch_ends(struct imap *imap, uint32_t uid, uint64_t size,
                                 struct mail_letter *letter,
                                 imap_letter_fn *take, void *ctx)
{
    struct fetching f = {.imap = imap,
                         .uids = &uid,
                         .count = 1,
                         .letter = letter,
                         .take = take,
                         .ctx = ctx};
    char items[128];
    size_t tail;

    mail_letter_begin(letter);
    tail = letter->max - letter->head_max;
    if (size <= letter->max || tail == 0)
        return imap_fetch(imap, &uid, 1, letter, take, ctx);
    f.tail_at = size - tail;
    snprintf(items, sizeof(items),
             "(UID BODY.PEEK[]<0.%zu> BODY.PEEK[]<%llu.%zu>)", letter->head_max,
             (unsigned long long)f.tail_at, tail);
    return fetch_bodies(&f, items);
}

/* ---- What becomes of them ---------------------------------------------- */

/* "UID", before, the set, after: for all of them, in as many commands as it
 * takes. */
static enum mail_result for_all(struct imap *imap, const uint32_t *uids,
                                size_t count, const char *before,
                                const char *after)
{
    enum mail_result result = MAIL_FINE;
    char set[SET_MAX];

    while (count > 0 && result == MAIL_FINE) {
        size_t part = write_set(uids, count, set);

        result = finish(imap,
                        SAY(imap, "UID %s %s%s%s", ++imap->tag, before, set,
                            after[0] != '\0' ? " " : "", after),
                        &nothing);
        uids += part;
        count -= part;
    }
    return result;
}

enum mail_result imap_mark(struct imap *imap, const uint32_t *uids,
                           size_t count)
{
    return for_all(imap, uids, count, "STORE", "+FLAGS.SILENT (\\Seen)");
}

enum mail_result imap_delete(struct imap *imap, const uint32_t *uids,
                             size_t count)
{
    enum mail_result result =
        for_all(imap, uids, count, "STORE", "+FLAGS.SILENT (\\Deleted)");

    if (result == MAIL_FINE && imap->uidplus)
        result = for_all(imap, uids, count, "EXPUNGE", "");
    return result;
}

enum mail_result imap_move(struct imap *imap, const uint32_t *uids,
                           size_t count, struct bounce_slice folder)
{
    char name[FOLDER_MAX];
    enum mail_result result;

    if (!imap_folder_quote(folder, name, sizeof(name)))
        return MAIL_BAD_URL;
    if (imap->move)
        return for_all(imap, uids, count, "MOVE", name);
    result = for_all(imap, uids, count, "COPY", name);
    return result == MAIL_FINE ? imap_delete(imap, uids, count) : result;
}
