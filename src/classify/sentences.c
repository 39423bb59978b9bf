/* SPDX-License-Identifier: MIT
 * A second look at replies of several sentences. One says what happened, the
 * others whom to ask, where to read more, what was done about it; their words
 * keep rules quiet that would know the first. Each sentence is looked at
 * alone; what must Never stand in the reply still counts from all of it. */
#include "classify/verdict.h"

#define MAX_SENTENCES 12

/* Whether the full stop at i rather shortens a word ("rec. is full"). */
static bool is_abbreviation(struct bounce_slice text, size_t i)
{
    size_t start = i;

    while (start > 0 && ascii_is_alnum((unsigned char)text.ptr[start - 1]))
        start--;
    return i - start <= 3 && i + 2 < text.len && text.ptr[i + 2] >= 'a' &&
           text.ptr[i + 2] <= 'z';
}

/* How long the first sentence of text is, with its end. */
static size_t sentence_len(struct bounce_slice text)
{
    for (size_t i = 0; i + 1 < text.len; i++) {
        char c = text.ptr[i];

        if (c == '\n')
            return i + 1;
        if (text.ptr[i + 1] != ' ' && text.ptr[i + 1] != '\n')
            continue;
        if (c == '!' || c == '?' || c == ';' || c == ':' ||
            (c == '.' && !is_abbreviation(text, i)))
            return i + 1;
    }
    return text.len;
}

/* The flags of the whole reply, since the next scan clears them. */
static bool keep_flags(struct subject *s)
{
    for (size_t set = 0; set < s->knowledge->set_count; set++) {
        const struct tables *t = s->knowledge->sets[set];
        uint8_t *flags = message_alloc(s->message, t->flag_count + 1);

        if (flags == NULL)
            return false;
        memcpy(flags, s->state->matchers[set]->flags, t->flag_count);
        s->elsewhere[set] = flags;
    }
    return true;
}

void subject_best_of_sentences(struct subject *s, const struct reply *reply,
                               struct best_rule best[3])
{
    struct best_rule heard[3] = {{0}};
    struct bounce_slice rest = reply->text;

    if (best[TAB_WEIGHT_NORMAL].rule != NULL ||
        sentence_len(rest) == rest.len || !keep_flags(s))
        return;
    for (size_t i = 0; i < MAX_SENTENCES && rest.len > 0; i++) {
        struct reply part = *reply;

        part.basis = slice_sub(rest, 0, sentence_len(rest));
        rest = slice_trim(slice_from(rest, part.basis.len));
        part.text = part.inner = part.basis;
        if (!subject_match(s, &part))
            return;
        subject_best(s, heard);
    }
    for (unsigned w = 0; w < 3; w++)
        heard[w].one_sentence = true;
    memset(s->elsewhere, 0, sizeof(s->elsewhere));
    if (heard[TAB_WEIGHT_NORMAL].rule != NULL)
        best[TAB_WEIGHT_NORMAL] = heard[TAB_WEIGHT_NORMAL];
    /* A weak wording of one sentence is no match for the status. */
    if (best[TAB_WEIGHT_WEAK].rule == NULL &&
        heard[TAB_WEIGHT_WEAK].rule != NULL)
        best[TAB_WEIGHT_LAST] = heard[TAB_WEIGHT_WEAK];
    else if (best[TAB_WEIGHT_LAST].rule == NULL)
        best[TAB_WEIGHT_LAST] = heard[TAB_WEIGHT_LAST];
}
