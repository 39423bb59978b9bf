/* SPDX-License-Identifier: MIT */
#include "serve/event_tally.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"

#define SLOTS  4096
#define FULL   (SLOTS / 2) /* the last place is for "other" */
#define LABELS 5

struct slot {
    char labels[LABELS][40]; /* kind, class, category, provider, source */
    uint64_t count;          /* 0: free */
};

struct event_tally {
    pthread_mutex_t lock;
    size_t used;
    struct slot slots[SLOTS];
};

struct event_tally *event_tally_new(void)
{
    struct event_tally *tally = calloc(1, sizeof(*tally));

    if (tally != NULL)
        pthread_mutex_init(&tally->lock, NULL);
    return tally;
}

void event_tally_free(struct event_tally *tally)
{
    if (tally == NULL)
        return;
    pthread_mutex_destroy(&tally->lock);
    free(tally);
}

/* Words of ours, and names from the configuration: what a label must not have
 * becomes "_". */
static void set_label(char out[40], struct bounce_slice text)
{
    text = slice_sub(text, 0, 39);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        out[i] = c <= ' ' || c >= 0x7f || c == '"' || c == '\\' ? '_' : (char)c;
    }
    out[text.len] = '\0';
}

/* With the lock held. */
static struct slot *slot_of(struct event_tally *tally, const struct slot *like)
{
    size_t at = hash_bytes(slice_make((const char *)like->labels,
                                      sizeof(like->labels))) %
                SLOTS;

    while (tally->slots[at].count > 0 &&
           memcmp(tally->slots[at].labels, like->labels,
                  sizeof(like->labels)) != 0)
        at = (at + 1) % SLOTS;
    return &tally->slots[at];
}

void event_tally_add(struct event_tally *tally, const struct record *record)
{
    const struct bounce_event *event = &record->event;
    struct slot like = {0}, *slot;

    set_label(like.labels[0], record->act == RECORD_EVENT
                                  ? slice_cstr(bounce_kind_name(event->kind))
                                  : SLICE("by_hand"));
    set_label(like.labels[1], slice_cstr(bounce_class_name(event->cls)));
    set_label(like.labels[2], event->category);
    set_label(like.labels[3], event->provider);
    set_label(like.labels[4], record->source);
    pthread_mutex_lock(&tally->lock);
    slot = slot_of(tally, &like);
    if (slot->count == 0 && tally->used >= FULL) {
        memset(like.labels[2], 0, sizeof(like.labels) - 2 * 40);
        memcpy(like.labels[2], "other", sizeof("other"));
        slot = slot_of(tally, &like);
    }
    if (slot->count == 0) {
        memcpy(slot->labels, like.labels, sizeof(slot->labels));
        tally->used++;
    }
    slot->count++;
    pthread_mutex_unlock(&tally->lock);
}

bool event_tally_write(struct event_tally *tally, struct bytes *out)
{
    bool fine = bytes_add(
        out, SLICE("# HELP bounce_events_total Events stored for the first "
                   "time, by what they say and where they came from.\n"
                   "# TYPE bounce_events_total counter\n"));

    pthread_mutex_lock(&tally->lock);
    for (size_t i = 0; i < SLOTS && fine; i++) {
        const struct slot *slot = &tally->slots[i];

        if (slot->count == 0)
            continue;
        fine = bytes_format(
            out,
            "bounce_events_total{kind=\"%s\",class=\"%s\",category=\"%s\","
            "provider=\"%s\",source=\"%s\"} %" PRIu64 "\n",
            slot->labels[0], slot->labels[1], slot->labels[2], slot->labels[3],
            slot->labels[4], slot->count);
    }
    pthread_mutex_unlock(&tally->lock);
    return fine;
}
