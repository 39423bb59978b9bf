/* SPDX-License-Identifier: MIT */
#include "ingest/log/queue.h"

#include <stdlib.h>

#include "base/hash.h"

#define PROBES 8U /* slots that an id may stand in */

struct log_queue {
    struct log_queued slots[LOG_QUEUE_SLOTS];
    uint64_t clock;
};

struct log_queue *log_queue_new(void)
{
    return calloc(1, sizeof(struct log_queue));
}

static void free_deferred(struct log_queued *queued)
{
    while (queued->deferred != NULL) {
        struct log_deferred *next = queued->deferred->next;

        free(queued->deferred);
        queued->deferred = next;
    }
    queued->deferred_count = 0;
}

void log_queue_remove(struct log_queued *queued)
{
    free_deferred(queued);
    free(queued->id);
    free(queued->message_id);
    free(queued->sender);
    free(queued->ip);
    *queued = (struct log_queued){0};
}

void log_queue_free(struct log_queue *queue)
{
    if (queue == NULL)
        return;
    for (size_t i = 0; i < LOG_QUEUE_SLOTS; i++) {
        if (queue->slots[i].id != NULL) /* else the page was never written */
            log_queue_remove(&queue->slots[i]);
    }
    free(queue);
}

static bool is(const struct log_queued *queued, struct bounce_slice host,
               struct bounce_slice id)
{
    return queued->id != NULL && queued->id_len == host.len + id.len + 1 &&
           memcmp(queued->id, id.ptr, id.len) == 0 &&
           (host.len == 0 ||
            memcmp(queued->id + id.len + 1, host.ptr, host.len) == 0);
}

static size_t first_slot(struct bounce_slice host, struct bounce_slice id)
{
    return (hash_bytes(id) ^ (hash_bytes(host) * 31U)) % LOG_QUEUE_SLOTS;
}

struct log_queued *log_queue_find(struct log_queue *queue,
                                  struct bounce_slice host,
                                  struct bounce_slice id)
{
    const size_t first = first_slot(host, id);

    for (size_t i = 0; i < PROBES; i++) {
        struct log_queued *at = &queue->slots[(first + i) % LOG_QUEUE_SLOTS];

        if (is(at, host, id)) {
            at->used = ++queue->clock;
            return at;
        }
    }
    return NULL;
}

struct log_queued *log_queue_make(struct log_queue *queue,
                                  struct bounce_slice host,
                                  struct bounce_slice id)
{
    struct log_queued *found = log_queue_find(queue, host, id);
    const size_t first = first_slot(host, id);
    struct log_queued *oldest = &queue->slots[first];
    char *name;

    if (found != NULL)
        return found;
    name = malloc(id.len + host.len + 1);
    if (name == NULL)
        return NULL;
    memcpy(name, id.ptr, id.len);
    name[id.len] = '\n';
    if (host.len > 0)
        memcpy(name + id.len + 1, host.ptr, host.len);
    for (size_t i = 0; i < PROBES; i++) {
        struct log_queued *at = &queue->slots[(first + i) % LOG_QUEUE_SLOTS];

        if (at->used < oldest->used)
            oldest = at;
    }
    log_queue_remove(oldest);
    oldest->id = name;
    oldest->id_len = id.len + host.len + 1;
    oldest->used = ++queue->clock;
    return oldest;
}

bool log_queued_set(char **text, struct bounce_slice value)
{
    char *copy = malloc(value.len + 1);

    if (copy == NULL)
        return false;
    if (value.len > 0)
        memcpy(copy, value.ptr, value.len);
    copy[value.len] = '\0';
    free(*text);
    *text = copy;
    return true;
}

static struct log_deferred *copy_deferred(const struct log_deferred *deferred)
{
    struct bounce_slice texts[] = {deferred->recipient, deferred->remote,
                                   deferred->status, deferred->reply};
    size_t need = sizeof(*deferred);
    struct log_deferred *copy;
    char *at;

    for (size_t i = 0; i < 4; i++)
        need += texts[i].len;
    copy = malloc(need);
    if (copy == NULL)
        return NULL;
    at = (char *)(copy + 1);
    for (size_t i = 0; i < 4; i++) {
        if (texts[i].ptr == NULL)
            continue;
        memcpy(at, texts[i].ptr, texts[i].len);
        texts[i].ptr = at;
        at += texts[i].len;
    }
    *copy = (struct log_deferred){NULL, texts[0], texts[1], texts[2], texts[3]};
    return copy;
}

void log_queued_settle(struct log_queued *queued, struct bounce_slice recipient)
{
    for (struct log_deferred **at = &queued->deferred; *at != NULL;
         at = &(*at)->next) {
        struct log_deferred *found = *at;

        if (!slice_eq(found->recipient, recipient))
            continue;
        *at = found->next;
        free(found);
        queued->deferred_count--;
        return;
    }
}

bool log_queued_defer(struct log_queued *queued,
                      const struct log_deferred *deferred)
{
    struct log_deferred *copy;

    log_queued_settle(queued, deferred->recipient);
    if (queued->deferred_count >= LOG_QUEUE_DEFERRED)
        return true; /* its expiry will not be seen; its deferrals are */
    copy = copy_deferred(deferred);
    if (copy == NULL)
        return false;
    copy->next = queued->deferred;
    queued->deferred = copy;
    queued->deferred_count++;
    return true;
}
