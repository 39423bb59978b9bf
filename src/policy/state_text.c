/* SPDX-License-Identifier: MIT
 * A state as text: lines of words with tabs between, the first word says what
 * the line is. Times are Unix seconds, "-" where there is none.
 *
 *     state 1
 *     delivered AT
 *     released SLOT AT
 *     cause SLOT SINCE UNTIL CONFIDENCE VERIFIED CATEGORY ENTRY RULE EVENT
 *     counter ID FIRST
 *     failure AT KEY
 *     last SINCE UNTIL CONFIDENCE VERIFIED CATEGORY ENTRY RULE EVENT
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/stanza.h"
#include "policy/fields.h"
#include "policy/state.h"

struct writer {
    char *buf;
    size_t cap, len;
};

static void put(struct writer *writer, const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++, writer->len++) {
        if (writer->len < writer->cap)
            writer->buf[writer->len] = text[i];
    }
}

static void put_time(struct writer *writer, int64_t at)
{
    char text[24];

    if (at == BOUNCE_NO_TIME)
        snprintf(text, sizeof(text), "\t-");
    else
        snprintf(text, sizeof(text), "\t%" PRId64, at);
    put(writer, text);
}

static void put_cause(struct writer *writer, const struct bounce_cause *cause)
{
    const char *const texts[] = {cause->category, cause->entry, cause->rule,
                                 cause->event_id};
    char numbers[32];

    put_time(writer, cause->since);
    put_time(writer, cause->until);
    snprintf(numbers, sizeof(numbers), "\t%u\t%d", cause->confidence,
             cause->verified);
    put(writer, numbers);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        put(writer, "\t");
        put(writer, texts[i]);
    }
    put(writer, "\n");
}

static void put_counter(struct writer *writer,
                        const struct bounce_counter *counter)
{
    put(writer, "counter\t");
    put(writer, counter->id);
    put_time(writer, counter->first_at);
    put(writer, "\n");
    for (unsigned i = 0; i < counter->kept; i++) {
        char key[24];

        put(writer, "failure");
        put_time(writer, counter->failures[i].at);
        snprintf(key, sizeof(key), "\t%016" PRIx64 "\n",
                 counter->failures[i].key);
        put(writer, key);
    }
    put(writer, "last");
    put_cause(writer, &counter->last);
}

size_t bounce_state_write(const struct bounce_state *state, char *buf,
                          size_t cap)
{
    struct writer writer = {.buf = buf, .cap = cap};

    put(&writer, "state\t1\n");
    if (state->delivered_at != BOUNCE_NO_TIME) {
        put(&writer, "delivered");
        put_time(&writer, state->delivered_at);
        put(&writer, "\n");
    }
    for (size_t i = 0; i < BOUNCE_SLOTS; i++) {
        if (state->released_at[i] == BOUNCE_NO_TIME)
            continue;
        put(&writer, "released\t");
        put(&writer, bounce_slot_name((enum bounce_slot)i));
        put_time(&writer, state->released_at[i]);
        put(&writer, "\n");
    }
    for (size_t i = 0; i < BOUNCE_SLOTS; i++) {
        if (state->causes[i].since == BOUNCE_NO_TIME)
            continue;
        put(&writer, "cause\t");
        put(&writer, bounce_slot_name((enum bounce_slot)i));
        put_cause(&writer, &state->causes[i]);
    }
    for (size_t i = 0; i < BOUNCE_COUNTERS; i++) {
        if (state->counters[i].id[0] != '\0')
            put_counter(&writer, &state->counters[i]);
    }
    return writer.len;
}

/* The next word of a line; empty beyond the last. */
static struct bounce_slice take(struct bounce_slice *line)
{
    size_t tab = slice_find_byte(*line, '\t');
    struct bounce_slice word = slice_sub(*line, 0, tab);

    *line = tab == SLICE_NPOS ? SLICE_NULL : slice_from(*line, tab + 1);
    return word;
}

static bool take_number(struct bounce_slice *line, int64_t *out)
{
    struct bounce_slice word = take(line);
    bool negative = word.len > 0 && word.ptr[0] == '-';
    int64_t number = 0;

    word = slice_from(word, negative ? 1 : 0);
    if (word.len == 0 || word.len > 19)
        return false;
    for (size_t i = 0; i < word.len; i++) {
        if (!ascii_is_digit((unsigned char)word.ptr[i]))
            return false;
        if (number > (INT64_MAX - 9) / 10)
            return false;
        number = number * 10 + (word.ptr[i] - '0');
    }
    *out = negative ? -number : number;
    return true;
}

static bool take_time(struct bounce_slice *line, int64_t *out)
{
    struct bounce_slice rest = *line;

    if (slice_eq(take(&rest), SLICE("-"))) {
        *line = rest;
        *out = BOUNCE_NO_TIME;
        return true;
    }
    return take_number(line, out);
}

static bool take_key(struct bounce_slice *line, uint64_t *out)
{
    struct bounce_slice word = take(line);
    uint64_t key = 0;

    if (word.len != 16)
        return false;
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.ptr[i];

        if (ascii_is_digit(c))
            key = key << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            key = key << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *out = key;
    return true;
}

static bool take_cause(struct bounce_slice *line, struct bounce_cause *out)
{
    int64_t confidence, verified;

    if (!take_time(line, &out->since) || !take_time(line, &out->until) ||
        out->since == BOUNCE_NO_TIME || !take_number(line, &confidence) ||
        !take_number(line, &verified) || confidence < 0 || confidence > 100 ||
        verified < -1 || verified > 1)
        return false;
    out->confidence = (unsigned)confidence;
    out->verified = (int)verified;
    TEXT_SET(out->category, take(line));
    TEXT_SET(out->entry, take(line));
    TEXT_SET(out->rule, take(line));
    TEXT_SET(out->event_id, take(line));
    return true;
}

static bool take_slot(struct bounce_slice *line, enum bounce_slot *out)
{
    struct bounce_slice word = take(line);

    for (unsigned i = 0; i < BOUNCE_SLOTS; i++) {
        if (slice_eq(word, slice_cstr(bounce_slot_name((enum bounce_slot)i)))) {
            *out = (enum bounce_slot)i;
            return true;
        }
    }
    return false;
}

static bool take_counter(struct bounce_slice *line, struct bounce_state *state,
                         struct bounce_counter **counter)
{
    struct bounce_slice id = take(line);
    struct bounce_counter *next =
        *counter != NULL ? *counter + 1 : state->counters;

    if (!field_id(id) || next == state->counters + BOUNCE_COUNTERS ||
        (*counter != NULL &&
         slice_compare(slice_cstr((*counter)->id), id) >= 0))
        return false;
    *counter = next;
    TEXT_SET(next->id, id);
    return take_time(line, &next->first_at);
}

static bool take_failure(struct bounce_slice *line,
                         struct bounce_counter *counter)
{
    struct bounce_failure failure, *last;

    if (counter == NULL || counter->kept == BOUNCE_FAILURES ||
        !take_number(line, &failure.at) || !take_key(line, &failure.key))
        return false;
    if (counter->kept > 0) {
        last = &counter->failures[counter->kept - 1];
        if (failure.at < last->at ||
            (failure.at == last->at && failure.key <= last->key))
            return false;
    }
    counter->failures[counter->kept++] = failure;
    return true;
}

static bool take_line(struct bounce_slice line, struct bounce_state *state,
                      struct bounce_counter **counter)
{
    struct bounce_slice what = take(&line);
    enum bounce_slot slot;

    if (slice_eq(what, SLICE("delivered")))
        return take_number(&line, &state->delivered_at);
    if (slice_eq(what, SLICE("released")))
        return take_slot(&line, &slot) &&
               take_number(&line, &state->released_at[slot]);
    if (slice_eq(what, SLICE("cause")))
        return take_slot(&line, &slot) &&
               take_cause(&line, &state->causes[slot]);
    if (slice_eq(what, SLICE("counter")))
        return take_counter(&line, state, counter);
    if (slice_eq(what, SLICE("failure")))
        return take_failure(&line, *counter);
    if (slice_eq(what, SLICE("last")))
        return *counter != NULL && take_cause(&line, &(*counter)->last);
    return false;
}

enum bounce_err bounce_state_read(const char *text, size_t len,
                                  struct bounce_state *state_out,
                                  struct bounce_error *error_out)
{
    struct bounce_slice rest = slice_make(text, len), line;
    struct bounce_counter *counter = NULL;
    unsigned number = 1;
    bool fine;

    error_set(error_out, BOUNCE_OK, 0, "%s", "");
    bounce_state_init(state_out);
    fine = slice_next_line(&rest, &line) && slice_eq(line, SLICE("state\t1"));
    while (fine && slice_next_line(&rest, &line)) {
        number++;
        fine = take_line(line, state_out, &counter);
    }
    if (fine)
        return BOUNCE_OK;
    bounce_state_init(state_out);
    error_set(error_out, BOUNCE_E_RULES, number, "no line of a state");
    return BOUNCE_E_RULES;
}
