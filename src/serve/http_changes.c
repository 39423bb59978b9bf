/* SPDX-License-Identifier: MIT
 * The feed of changes: pages, or server-sent events (WHATWG HTML, section 9.2)
 * that go on for as long as the client stays. */
#include <stdio.h>
#include <stdlib.h>

#include "serve/http_event.h"
#include "serve/http_filter.h"
#include "serve/http_store.h"

#define FEED_PAGE   200
#define HEARTBEAT_S 15
#define TEXTS_MAX   300 /* bytes of one parameter of a feed */

static const unsigned taken = FILTER_ADDRESS | FILTER_STATE | FILTER_VERDICT |
                              FILTER_SCOPE | FILTER_KIND | FILTER_PAGE;

/* ---- Pages ------------------------------------------------------------- */

struct change_page {
    struct http_page page; /* next: the newest change seen so far */
};

static bool take_row(void *ctx, const struct list_change *change)
{
    struct change_page *page = ctx;

    snprintf(page->page.next, sizeof(page->page.next), "%.*s",
             (int)change->cursor.len, change->cursor.ptr);
    return http_page_row(&page->page, http_write_change, change);
}

/* A feed never ends: behind its last page it goes on with what comes. */
static void send_page(struct http_call *call, struct change_page *page)
{
    struct serve_reader *reader = http_reader(call);
    struct store_error error;
    enum store_err err;

    if (reader == NULL)
        return;
    page->page.filter.next_out = NULL;
    snprintf(page->page.next, sizeof(page->page.next), "%.*s",
             (int)(page->page.filter.cursor.len < LIST_CURSOR
                       ? page->page.filter.cursor.len
                       : 0),
             page->page.filter.cursor.len > 0 ? page->page.filter.cursor.ptr
                                              : "");
    err =
        list_changes(reader->book, &page->page.filter, take_row, page, &error);
    http_reader_give(call, reader, err);
    http_page_end(call, &page->page, err, page->page.next, &error);
}

/* ---- Server-sent events ------------------------------------------------ */

struct feed {
    struct serve *serve;
    struct list_filter filter;
    char texts[8][TEXTS_MAX]; /* of the filter: the call is gone soon */
    char cursor[24];
    struct bytes out;
    size_t sent; /* of out */
    int64_t spoken_at;
    bool no_memory;
};

static bool take_event(void *ctx, const struct list_change *change)
{
    struct feed *feed = ctx;

    snprintf(feed->cursor, sizeof(feed->cursor), "%.*s",
             (int)change->cursor.len, change->cursor.ptr);
    feed->no_memory =
        !bytes_format(&feed->out,
                      "id: %s\nevent: change\ndata: ", feed->cursor) ||
        !http_put(&feed->out, http_write_change, change) ||
        !bytes_add(&feed->out, SLICE("\n\n"));
    return !feed->no_memory;
}

/* What came since. false: the stream ends; the client comes back and goes on
 * behind the last id it has. */
static bool look(struct feed *feed)
{
    struct store_error error;
    struct serve_reader *reader = serve_reader_take(feed->serve, &error);
    enum store_err err;

    if (reader == NULL)
        return false;
    feed->filter.cursor = slice_cstr(feed->cursor);
    err = list_changes(reader->book, &feed->filter, take_event, feed, &error);
    if (err == STORE_OK || err == STORE_E_VALUE || err == STORE_E_STOPPED)
        serve_reader_give(feed->serve, reader);
    else
        serve_reader_spoil(feed->serve, reader);
    return err == STORE_OK && !feed->no_memory;
}

static long pull(void *ctx, char *buf, size_t cap)
{
    struct feed *feed = ctx;
    const int64_t now = serve_now(feed->serve);
    size_t left;

    if (feed->sent == feed->out.len) {
        feed->sent = feed->out.len = 0;
        if (!look(feed))
            return -1;
    }
    /* Silence might be a broken connection: a comment tells them apart. */
    if (feed->out.len == 0 && now >= feed->spoken_at + HEARTBEAT_S &&
        !bytes_add(&feed->out, SLICE(":\n\n")))
        return -1;
    left = feed->out.len - feed->sent;
    if (left == 0)
        return 0;
    if (left > cap)
        left = cap;
    memcpy(buf, feed->out.ptr + feed->sent, left);
    feed->sent += left;
    feed->spoken_at = now;
    return (long)left;
}

static void feed_free(void *ctx)
{
    struct feed *feed = ctx;

    bytes_free(&feed->out);
    free(feed);
}

/* The filter's texts into memory of the feed's own; false: one is too long. */
static bool keep_texts(struct feed *feed)
{
    struct list_filter *f = &feed->filter;
    struct bounce_slice *const texts[] = {&f->address,  &f->state, &f->cls,
                                          &f->category, &f->rule,  &f->scope,
                                          &f->kind};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i]->len > TEXTS_MAX)
            return false;
        if (texts[i]->ptr == NULL)
            continue;
        memcpy(feed->texts[i], texts[i]->ptr, texts[i]->len);
        texts[i]->ptr = feed->texts[i];
    }
    return true;
}

/* The newest change so far: where a feed begins when nobody says. */
static bool newest(struct http_call *call, struct feed *feed)
{
    struct serve_reader *reader = http_reader(call);
    struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                 .until = BOUNCE_NO_TIME,
                                 .newest_first = true,
                                 .limit = 1};
    struct store_error error;
    enum store_err err;

    if (reader == NULL)
        return false;
    err = list_changes(reader->book, &filter, take_event, feed, &error);
    http_reader_give(call, reader, err);
    feed->out.len = 0;
    if (feed->cursor[0] == '\0')
        memcpy(feed->cursor, "0", 2);
    if (err != STORE_OK)
        http_store_problem(call, &error);
    return err == STORE_OK;
}

static bool is_number(struct bounce_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_digit((unsigned char)text.ptr[i]))
            return false;
    }
    return text.len > 0 && text.len < 19;
}

/* false: the call was answered. */
static bool feed_begin(struct http_call *call, const struct list_filter *filter,
                       struct feed *feed)
{
    struct bounce_slice last = slice_cstr(http_head(call, "Last-Event-ID"));

    if (last.len == 0)
        last = filter->cursor;
    feed->serve = call->http->serve;
    feed->filter = *filter;
    feed->filter.limit = FEED_PAGE;
    feed->filter.newest_first = false;
    feed->filter.next_out = NULL;
    feed->spoken_at = serve_now(feed->serve);
    if (!keep_texts(feed)) {
        http_problem(call, 400, "a parameter is too long");
        return false;
    }
    if (last.len == 0)
        return newest(call, feed);
    if (!is_number(last)) {
        http_problem(call, 400,
                     "Last-Event-ID or cursor is no number of a "
                     "change");
        return false;
    }
    memcpy(feed->cursor, last.ptr, last.len);
    return true;
}

static void send_feed(struct http_call *call, const struct list_filter *filter)
{
    struct feed *feed = calloc(1, sizeof(*feed));

    if (feed == NULL) {
        http_no_memory(call);
        return;
    }
    /* Headers go out with the first bytes. */
    if (!feed_begin(call, filter, feed)) {
        feed_free(feed);
        return;
    }
    if (!bytes_add(&feed->out, SLICE("retry: 2000\n\n"))) {
        http_no_memory(call);
        feed_free(feed);
        return;
    }
    http_stream(call, "text/event-stream", pull, feed_free, feed);
}

void http_changes(struct http_call *call)
{
    struct bounce_slice accept = slice_cstr(http_head(call, "Accept"));
    struct change_page page;

    if (!http_page_begin(call, taken, &page.page))
        return;
    if (slice_find_nocase(accept, SLICE("text/event-stream")) != SLICE_NPOS)
        send_feed(call, &page.page.filter);
    else
        send_page(call, &page);
}
