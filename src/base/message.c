/* SPDX-License-Identifier: MIT */
#include "base/message.h"

void message_warn(struct message *message, const char *id, const char *text,
                  const char *at)
{
    size_t offset = BOUNCE_NO_OFFSET;

    if (at != NULL && (uintptr_t)at >= (uintptr_t)message->base &&
        (uintptr_t)at - (uintptr_t)message->base <= message->len)
        offset = (size_t)((uintptr_t)at - (uintptr_t)message->base);
    if (message->warnings == NULL ||
        message->warning_count >= message->options->max_warnings)
        return;
    for (size_t i = 0; i < message->warning_count; i++) {
        if (message->warnings[i].offset == offset &&
            strcmp(message->warnings[i].id, id) == 0)
            return;
    }
    message->warnings[message->warning_count++] =
        (struct bounce_warning){id, text, offset};
}

static void *note_failure(struct message *message, void *ptr)
{
    if (ptr == NULL && message->failed == BOUNCE_OK)
        message->failed = arena_error(message->arena);
    return ptr;
}

void *message_alloc(struct message *message, size_t size)
{
    return note_failure(message, arena_alloc(message->arena, size));
}

void *message_calloc(struct message *message, size_t count, size_t size)
{
    return note_failure(message, arena_calloc(message->arena, count, size));
}

struct bounce_slice message_dup(struct message *message, struct bounce_slice s)
{
    struct bounce_slice copy = arena_dup(message->arena, s);

    if (s.ptr != NULL && copy.ptr == NULL)
        note_failure(message, NULL);
    return copy;
}
