/* SPDX-License-Identifier: MIT */
#include "cli/learn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "cli/cli.h"

#define KEEP_TEXT  400 /* bytes of a template */
#define KEEP_REPLY 600 /* bytes of its first reply */
#define PHRASE_MAX 160 /* bytes of the phrase that is proposed */

static struct bounce_slice template_text(const struct learn_template *t)
{
    return slice_make(t->text, t->text_len);
}

/* The slot of a template, or the free one where it belongs. */
static uint32_t *find_slot(const struct learn *learn, uint32_t hash,
                           struct bounce_slice text)
{
    size_t mask = learn->slot_count - 1, i = hash & mask;

    for (; learn->slots[i] != 0; i = (i + 1) & mask) {
        const struct learn_template *t = &learn->templates[learn->slots[i] - 1];

        if (t->hash == hash && slice_eq(template_text(t), text))
            break;
    }
    return &learn->slots[i];
}

static void fill_slots(struct learn *learn)
{
    memset(learn->slots, 0, learn->slot_count * sizeof(*learn->slots));
    for (size_t i = 0; i < learn->count; i++) {
        struct learn_template *t = &learn->templates[i];

        *find_slot(learn, t->hash, template_text(t)) = (uint32_t)i + 1;
    }
}

/* Lossy counting: what was seen once gives way; when nothing was, what was
 * seen less than twice as often, and so on. */
static void make_room(struct learn *learn)
{
    for (uint64_t least = 2; learn->count > LEARN_MAX / 2; least *= 2) {
        size_t kept = 0;

        for (size_t i = 0; i < learn->count; i++) {
            struct learn_template *t = &learn->templates[i];

            if (t->count < least) {
                learn->dropped += t->count;
                free(t->text);
            } else {
                learn->templates[kept++] = *t;
            }
        }
        learn->count = kept;
    }
    fill_slots(learn);
}

static void grow(struct learn *learn)
{
    if (learn->count == LEARN_MAX) {
        make_room(learn);
        return;
    }
    if (learn->count < learn->cap)
        return;
    learn->cap = learn->cap == 0 ? 256 : learn->cap * 2;
    learn->templates =
        cli_array(learn->templates, learn->cap, sizeof(*learn->templates));
    learn->slot_count = learn->cap * 2;
    learn->slots =
        cli_array(learn->slots, learn->slot_count, sizeof(*learn->slots));
    fill_slots(learn);
}

static void write_code(const struct bounce_event *event, char *out, size_t size)
{
    if (event->reply_code != 0 && event->status.len > 0)
        snprintf(out, size, "%d %.*s", event->reply_code,
                 CLI_ARG(event->status));
    else if (event->reply_code != 0)
        snprintf(out, size, "%d", event->reply_code);
    else
        snprintf(out, size, "%.*s", CLI_ARG(event->status));
}

static struct learn_template *new_template(struct learn *learn, uint32_t hash,
                                           struct bounce_slice text,
                                           struct bounce_slice reply,
                                           const struct bounce_event *event)
{
    struct learn_template *t = &learn->templates[learn->count++];

    reply.len = utf8_cut(reply, KEEP_REPLY);
    *t = (struct learn_template){
        .text = cli_realloc(NULL, text.len + reply.len + 1),
        .text_len = (uint32_t)text.len,
        .reply_len = (uint32_t)reply.len,
        .hash = hash,
        .category = event->category,
    };
    if (text.len > 0)
        memcpy(t->text, text.ptr, text.len);
    if (reply.len > 0)
        memcpy(t->text + text.len, reply.ptr, reply.len);
    write_code(event, t->code, sizeof(t->code));
    return t;
}

static void count_provider(struct learn_template *t, struct bounce_slice id)
{
    if (id.ptr == NULL)
        return;
    for (size_t i = 0; i < LEARN_PROVIDERS; i++) {
        if (t->providers[i].count == 0 || slice_eq(t->providers[i].id, id)) {
            t->providers[i].id = id;
            t->providers[i].count++;
            return;
        }
    }
}

void learn_add(struct learn *learn, struct bounce_slice text,
               struct bounce_slice reply, const struct bounce_event *event)
{
    struct learn_template *t;
    uint32_t hash, *slot;

    text.len = utf8_cut(text, KEEP_TEXT);
    grow(learn);
    hash = hash_bytes(text);
    slot = find_slot(learn, hash, text);
    if (*slot == 0) {
        t = new_template(learn, hash, text, reply, event);
        *slot = (uint32_t)learn->count;
    } else {
        t = &learn->templates[*slot - 1];
    }
    t->count++;
    count_provider(t, event->provider);
}

/* Whether the byte at the front of rest would mean something in a phrase; the
 * masks that phrases know are meant to. */
static bool is_sign(struct bounce_slice rest, size_t word_len)
{
    if (rest.ptr[0] == '{')
        return !slice_starts(rest, SLICE("{n}")) &&
               !slice_starts(rest, SLICE("{ip}")) &&
               !slice_starts(rest, SLICE("{addr}"));
    return strchr("()<|~\\^$", rest.ptr[0]) != NULL ||
           (word_len == 1 && strchr("_*", rest.ptr[0]) != NULL);
}

/* A phrase needs some word to be looked for. */
static bool has_word(struct bounce_slice template)
{
    struct bounce_slice word;

    while (slice_next_piece(&template, ' ', &word)) {
        if (word.len >= 4 && slice_find_byte(word, '{') == SLICE_NPOS)
            return true;
    }
    return false;
}

/* The words of a template as a phrase: what varies without a class of its own
 * becomes a gap, what phrases use as signs is escaped. */
static void write_phrase(struct textbuf *text, struct bounce_slice template)
{
    struct bounce_slice word;
    size_t start = text->len;
    bool gap = false;

    while (slice_next_piece(&template, ' ', &word)) {
        bool varies = slice_find(word, SLICE("{id}")) != SLICE_NPOS ||
                      slice_find(word, SLICE("{url}")) != SLICE_NPOS ||
                      slice_find(word, SLICE("{host}")) != SLICE_NPOS ||
                      slice_find(word, SLICE("{time}")) != SLICE_NPOS;

        if (text->len - start > PHRASE_MAX)
            break;
        if (varies || word.len == 0) {
            gap = text->len > start;
            continue;
        }
        if (text->len > start)
            textbuf_cstr(text, gap ? " _ " : " ");
        gap = false;
        for (size_t i = 0; i < word.len; i++) {
            if (is_sign(slice_from(word, i), word.len))
                textbuf_byte(text, '\\');
            textbuf_byte(text, word.ptr[i]);
        }
    }
}

static void write_template(const struct learn_template *t, size_t number,
                           struct out *out)
{
    struct textbuf *text = &out->text;

    textbuf_format(text, "\n# Seen %llu times", (unsigned long long)t->count);
    for (size_t i = 0; i < LEARN_PROVIDERS && t->providers[i].count > 0; i++)
        textbuf_format(text, "%s%.*s %llu", i == 0 ? "; " : ", ",
                       CLI_ARG(t->providers[i].id),
                       (unsigned long long)t->providers[i].count);
    textbuf_format(text, "\nRule: learned.%zu\nCategory: %.*s\n", number,
                   CLI_ARG(t->category));
    if (t->code[0] != '\0')
        textbuf_format(text, "Code: %s\n", t->code);
    textbuf_cstr(text, "Phrase: ");
    write_phrase(text, template_text(t));
    textbuf_cstr(text, "\nExample: ");
    textbuf_clean(text, slice_make(t->text + t->text_len, t->reply_len));
    textbuf_byte(text, '\n');
    out_tick(out);
}

static int most_frequent(const void *a, const void *b)
{
    const struct learn_template *x = a, *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return slice_compare(template_text(x), template_text(y));
}

void learn_write(struct learn *learn, unsigned least, struct out *out)
{
    size_t number = 0;

    if (learn->count > 0)
        qsort(learn->templates, learn->count, sizeof(*learn->templates),
              most_frequent);
    for (size_t i = 0; i < learn->count; i++) {
        const struct learn_template *t = &learn->templates[i];

        if (t->count >= least && has_word(template_text(t)))
            write_template(t, ++number, out);
    }
}

void learn_free(struct learn *learn)
{
    for (size_t i = 0; i < learn->count; i++)
        free(learn->templates[i].text);
    free(learn->templates);
    free(learn->slots);
    *learn = (struct learn){0};
}
