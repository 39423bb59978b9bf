/* SPDX-License-Identifier: MIT
 * Memory and readers, kept between calls. */
#include <stdlib.h>

#include "base/arena.h"
#include "serve/http.h"

#define WORK_MEMORY ((size_t)512 << 20)
#define WORK_KEEP   ((size_t)4 << 20) /* an arena that is larger is freed */

static void work_free(struct http *http, struct http_work *work)
{
    if (work->reader != NULL)
        bounce_reader_free(work->reader);
    if (work->mind != NULL)
        serve_mind_give(http->serve, work->mind);
    arena_clear(&work->arena);
    free(work);
}

/* The reader goes with the rules: after a reload there is a new one. */
static bool refresh(struct http *http, struct http_work *work)
{
    const struct serve_mind *mind = serve_mind_take(http->serve);

    if (work->reader != NULL && work->mind == mind) {
        serve_mind_give(http->serve, mind);
        return true;
    }
    if (work->reader != NULL)
        bounce_reader_free(work->reader);
    work->reader = NULL;
    if (work->mind != NULL)
        serve_mind_give(http->serve, work->mind);
    work->mind = mind;
    if (bounce_reader_new(mind->engine, &work->reader) == BOUNCE_OK)
        return true;
    work->reader = NULL;
    return false;
}

struct http_work *http_work_take(struct http_call *call)
{
    struct http *http = call->http;
    struct http_work *work;

    pthread_mutex_lock(&http->lock);
    work = http->idle;
    if (work != NULL)
        http->idle = work->next;
    pthread_mutex_unlock(&http->lock);
    if (work == NULL) {
        work = calloc(1, sizeof(*work));
        if (work != NULL)
            arena_init(&work->arena, allocator_default(), WORK_MEMORY);
    }
    if (work != NULL && refresh(http, work))
        return work;
    if (work != NULL)
        work_free(http, work);
    http_no_memory(call);
    return NULL;
}

void http_work_give(struct http *http, struct http_work *work)
{
    if (work->arena.held > WORK_KEEP)
        arena_clear(&work->arena);
    else
        arena_reset(&work->arena);
    pthread_mutex_lock(&http->lock);
    work->next = http->idle;
    http->idle = work;
    pthread_mutex_unlock(&http->lock);
}

void http_work_clear(struct http *http)
{
    struct http_work *work, *next;

    pthread_mutex_lock(&http->lock);
    work = http->idle;
    http->idle = NULL;
    pthread_mutex_unlock(&http->lock);
    for (; work != NULL; work = next) {
        next = work->next;
        work_free(http, work);
    }
}
