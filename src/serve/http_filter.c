/* SPDX-License-Identifier: MIT */
#include "serve/http_filter.h"

#include "ingest/times.h"

#define LIMIT      100
#define LIMIT_MAX  1000
#define WORK_MAX   200000 /* rows that are looked at for a page */
#define LIMIT_FLAW "limit wants a number from 1 to 1000"

int64_t http_span(struct bounce_slice text)
{
    static const char units[] = "smhdw";
    static const int64_t seconds[] = {1, 60, 3600, 86400, 604800};
    unsigned number = 0;
    size_t digits = slice_parse_uint(text, 9, &number);
    const char *unit;

    if (digits == 0 || text.len != digits + 1)
        return -1;
    unit = memchr(units, text.ptr[digits], sizeof(units) - 1);
    return unit != NULL ? number * seconds[unit - units] : -1;
}

int64_t http_time(struct bounce_slice text, int64_t now)
{
    int64_t span = http_span(text);

    return span >= 0 ? now - span : times_parse(text);
}

bool http_flag(const struct http_call *call, const char *name)
{
    struct bounce_slice value = slice_cstr(http_param(call, name));

    return slice_eq(value, SLICE("yes")) || slice_eq(value, SLICE("true")) ||
           slice_eq(value, SLICE("1"));
}

bool http_scope(struct http_call *call, struct bounce_slice asked,
                struct bounce_slice *scope_out)
{
    struct bounce_slice own = slice_cstr(call->scope);

    *scope_out = asked.len > 0 ? asked : SLICE_NULL;
    if (own.len == 0)
        return true;
    if (asked.len > 0 && !slice_eq(asked, own)) {
        serve_add(call->http->serve, SERVE_DENIED, 1);
        http_problem(call, 403, "this token is bound to another scope");
        return false;
    }
    *scope_out = own;
    return true;
}

static bool take_time(struct http_call *call, const char *name,
                      int64_t *time_out)
{
    const char *text = http_param(call, name);

    *time_out = BOUNCE_NO_TIME;
    if (text == NULL)
        return true;
    *time_out = http_time(slice_cstr(text), serve_now(call->http->serve));
    if (*time_out != BOUNCE_NO_TIME)
        return true;
    http_problem(call, 400,
                 "%s wants a time (2026-11-22T10:00:00Z) or a span (30d)",
                 name);
    return false;
}

static bool take_page(struct http_call *call, struct list_filter *filter)
{
    struct bounce_slice limit = slice_cstr(http_param(call, "limit"));
    unsigned number = LIMIT;

    if (limit.ptr != NULL &&
        (slice_parse_uint(limit, 4, &number) != limit.len || limit.len == 0 ||
         number == 0 || number > LIMIT_MAX)) {
        http_problem(call, 400, LIMIT_FLAW);
        return false;
    }
    filter->limit = number;
    filter->work = WORK_MAX;
    filter->newest_first = http_flag(call, "newest");
    filter->cursor = slice_cstr(http_param(call, "cursor"));
    return true;
}

bool http_page_begin(struct http_call *call, unsigned taken,
                     struct http_page *page)
{
    struct list_filter *f = &page->filter;
    const struct {
        unsigned flag;
        const char *name;
        struct bounce_slice *target;
    } texts[] = {
        {FILTER_ADDRESS, "address", &f->address},
        {FILTER_DOMAIN, "domain", &f->domain},
        {FILTER_STATE, "state", &f->state},
        {FILTER_VERDICT, "class", &f->cls},
        {FILTER_VERDICT, "category", &f->category},
        {FILTER_VERDICT, "rule", &f->rule},
        {FILTER_PROVIDER, "provider", &f->provider},
        {FILTER_SCOPE, "scope", &f->scope},
        {FILTER_CAMPAIGN, "campaign", &f->campaign},
        {FILTER_ROUTE, "ip", &f->ip},
        {FILTER_ROUTE, "from", &f->sender_domain},
        {FILTER_KIND, "kind", &f->kind},
    };

    memset(page, 0, sizeof(*page));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct bounce_slice value = slice_cstr(http_param(call, texts[i].name));

        if (value.len == 0)
            continue;
        if ((taken & texts[i].flag) == 0) {
            http_problem(call, 400, "%s is no parameter here", texts[i].name);
            return false;
        }
        *texts[i].target = value;
    }
    if (!take_time(call, "since", &f->since) ||
        !take_time(call, "until", &f->until) ||
        ((taken & FILTER_PAGE) != 0 && !take_page(call, f)))
        return false;
    f->next_out = page->next;
    if (call->scope[0] != '\0' && (taken & FILTER_SCOPE) == 0) {
        http_problem(call, 403, "this token is bound to a scope");
        return false;
    }
    return http_scope(call, f->scope, &f->scope);
}

bool http_page_row(struct http_page *page, http_write_fn *write,
                   const void *row)
{
    if (!bytes_add(&page->out,
                   page->rows == 0 ? SLICE("{\"items\":[") : SLICE(",")) ||
        !http_put(&page->out, write, row)) {
        page->no_memory = true;
        return false;
    }
    page->rows++;
    return true;
}

static void write_next(struct json_writer *w, const void *row)
{
    const char *next = row;

    JSON_RAW(w, "],\"next\":");
    json_string(w, next[0] != '\0' ? slice_cstr(next) : SLICE_NULL);
    JSON_RAW(w, "}\n");
}

void http_page_end(struct http_call *call, struct http_page *page,
                   enum store_err err, const char *next,
                   const struct store_error *error)
{
    bool fine =
        !page->no_memory &&
        (page->rows > 0 || bytes_add(&page->out, SLICE("{\"items\":["))) &&
        http_put(&page->out, write_next, next != NULL ? next : "");

    if (page->no_memory || (err == STORE_OK && !fine))
        http_no_memory(call);
    else if (err != STORE_OK)
        http_store_problem(call, error);
    else
        http_json(call, 200, bytes_slice(&page->out));
    bytes_free(&page->out);
}

struct serve_reader *http_reader(struct http_call *call)
{
    struct store_error error;
    struct serve_reader *reader = serve_reader_take(call->http->serve, &error);

    if (reader == NULL)
        http_store_problem(call, &error);
    return reader;
}

void http_reader_give(struct http_call *call, struct serve_reader *reader,
                      enum store_err err)
{
    /* A value that is wrong, or who would hear no more, spoils nothing. */
    if (err == STORE_OK || err == STORE_E_VALUE || err == STORE_E_STOPPED)
        serve_reader_give(call->http->serve, reader);
    else
        serve_reader_spoil(call->http->serve, reader);
}
