/* SPDX-License-Identifier: MIT
 * What is stored, page by page: /v1/recipients, /v1/suppressions, /v1/holds,
 * /v1/stats, /v1/unknown; and what people do: suppress, release. */
#include "serve/http_store.h"

#include "serve/http_event.h"
#include "serve/http_filter.h"
#include "store/stats.h"

/* ---- Addresses --------------------------------------------------------- */

static bool take_address(void *ctx, const struct list_address *row)
{
    return http_page_row(ctx, http_write_address, row);
}

static void list(struct http_call *call, struct bounce_slice states)
{
    struct http_page page;
    struct serve_reader *reader;
    struct store_error error;
    enum store_err err;

    if (!http_page_begin(call,
                         FILTER_ADDRESS | FILTER_DOMAIN | FILTER_STATE |
                             FILTER_VERDICT | FILTER_PROVIDER | FILTER_SCOPE |
                             FILTER_CAMPAIGN | FILTER_PAGE,
                         &page))
        return;
    reader = http_reader(call);
    if (reader == NULL)
        return;
    if (page.filter.state.ptr == NULL)
        page.filter.state = states;
    err =
        list_addresses(reader->book, &page.filter, serve_now(call->http->serve),
                       take_address, &page, &error);
    http_reader_give(call, reader, err);
    http_page_end(call, &page, err, page.next, &error);
}

static void recipients(struct http_call *call)
{
    list(call, SLICE("suspended,suppressed"));
}

static void suppressions(struct http_call *call)
{
    list(call, SLICE("suppressed"));
}

/* ---- Holds ------------------------------------------------------------- */

static void write_hold(struct json_writer *w, const void *row)
{
    const struct bounce_hold *hold = row;

    http_begin_hold(w, hold);
    http_bool(w, "by_hand", hold->by_hand);
    http_bool(w, "open", hold->open);
    http_number(w, "step", hold->step);
    http_known(w, "entry", hold->cause.entry);
    http_known(w, "event_id", hold->cause.event_id);
    http_known(w, "rule", hold->cause.rule);
    JSON_RAW(w, "}");
}

static bool take_hold(void *ctx, const struct bounce_hold *hold)
{
    return http_page_row(ctx, write_hold, hold);
}

static void holds(struct http_call *call)
{
    struct http_page page;
    struct serve_reader *reader;
    struct store_error error;
    enum store_err err;

    if (!http_page_begin(call,
                         FILTER_DOMAIN | FILTER_VERDICT | FILTER_PROVIDER |
                             FILTER_CAMPAIGN | FILTER_ROUTE,
                         &page))
        return;
    reader = http_reader(call);
    if (reader == NULL)
        return;
    err = list_holds(reader->book, &page.filter, http_flag(call, "ended"),
                     serve_now(call->http->serve), take_hold, &page, &error);
    http_reader_give(call, reader, err);
    http_page_end(call, &page, err, NULL, &error);
}

/* ---- Rates ------------------------------------------------------------- */

static const struct {
    const char *name;
    enum stats_by by;
} groupings[] = {
    {"day", STATS_DAY},
    {"class", STATS_CLASS},
    {"category", STATS_CATEGORY},
    {"provider", STATS_PROVIDER},
    {"domain", STATS_DOMAIN},
    {"campaign", STATS_CAMPAIGN},
    {"scope", STATS_SCOPE},
    {"ip", STATS_IP},
    {"from", STATS_SENDER_DOMAIN},
};
#define GROUPINGS (sizeof(groupings) / sizeof(groupings[0]))

static void write_rates(struct json_writer *w, const void *row)
{
    const struct stats_row *r = row;

    JSON_RAW(w, "{\"value\":");
    json_string(w, r->value);
    http_number(w, "sent", (int64_t)r->sent);
    http_number(w, "delivered", (int64_t)r->delivered);
    http_number(w, "bounced", (int64_t)r->bounced);
    http_number(w, "hard", (int64_t)r->hard);
    http_number(w, "soft", (int64_t)r->soft);
    http_number(w, "block", (int64_t)r->block);
    http_number(w, "admin", (int64_t)r->admin);
    http_number(w, "undetermined", (int64_t)r->undetermined);
    http_number(w, "delayed", (int64_t)r->delayed);
    http_number(w, "complaints", (int64_t)r->complaints);
    http_number(w, "unsubscribes", (int64_t)r->unsubscribes);
    http_real(w, "bounce_rate", r->bounce_rate);
    http_real(w, "complaint_rate", r->complaint_rate);
    http_bool(w, "bounce_warning", r->bounce_warning);
    http_bool(w, "complaint_warning", r->complaint_warning);
    JSON_RAW(w, "}");
}

static bool take_rates(void *ctx, const struct stats_row *row)
{
    return http_page_row(ctx, write_rates, row);
}

static void write_reputation(struct json_writer *w, const void *row)
{
    const struct stats_reputation *r = row;

    JSON_RAW(w, "{\"value\":");
    json_string(w, r->value);
    http_number(w, "figure", r->figure);
    http_number(w, "sent", (int64_t)r->sent);
    http_real(w, "hard_rate", r->hard_rate);
    http_real(w, "block_rate", r->block_rate);
    http_real(w, "complaint_rate", r->complaint_rate);
    http_real(w, "steadiness", r->steadiness);
    http_real(w, "interval_hours", r->interval_hours);
    http_real(w, "block_loss", r->block_loss);
    http_real(w, "hard_loss", r->hard_loss);
    http_real(w, "complaint_loss", r->complaint_loss);
    http_real(w, "volume_loss", r->volume_loss);
    JSON_RAW(w, "}");
}

static bool take_reputation(void *ctx, const struct stats_reputation *row)
{
    return http_page_row(ctx, write_reputation, row);
}

/* false: the call was answered. */
static bool read_by(struct http_call *call, bool reputation,
                    enum stats_by *by_out)
{
    const char *name = http_param(call, "by");
    size_t i = 0;

    if (name == NULL)
        name = reputation ? "from" : "day";
    while (i < GROUPINGS && strcmp(groupings[i].name, name) != 0)
        i++;
    if (i == GROUPINGS) {
        http_problem(call, 400,
                     "by wants day, class, category, provider, domain, "
                     "campaign, scope, ip or from");
        return false;
    }
    *by_out = groupings[i].by;
    if (reputation && *by_out != STATS_IP && *by_out != STATS_SENDER_DOMAIN &&
        *by_out != STATS_CAMPAIGN) {
        http_problem(call, 400, "a reputation is by ip, from or campaign");
        return false;
    }
    /* Other groupings know no scope: they would tell of all. */
    if (call->scope[0] != '\0' && (reputation || *by_out > STATS_CATEGORY)) {
        http_problem(call, 403,
                     "this token is bound to a scope: by wants day, "
                     "class or category");
        return false;
    }
    return true;
}

static void stats(struct http_call *call)
{
    const bool reputation = http_flag(call, "reputation");
    struct http_page page;
    struct serve_reader *reader;
    struct store_error error;
    enum stats_by by;
    enum store_err err;

    if (!read_by(call, reputation, &by) ||
        !http_page_begin(call,
                         FILTER_DOMAIN | FILTER_PROVIDER | FILTER_SCOPE |
                             FILTER_CAMPAIGN | FILTER_ROUTE | FILTER_PAGE,
                         &page))
        return;
    reader = http_reader(call);
    if (reader == NULL)
        return;
    err = reputation ? stats_reputation(reader->book, by, &page.filter,
                                        take_reputation, &page, &error)
                     : stats_rows(reader->book, by, &page.filter, take_rates,
                                  &page, &error);
    http_reader_give(call, reader, err);
    http_page_end(call, &page, err, NULL, &error);
}

const struct http_route http_routes_store[] = {
    {"GET", "/v1/recipients", HTTP_ROLE_READ, true, recipients},
    {"GET", "/v1/suppressions", HTTP_ROLE_READ, true, suppressions},
    {"POST", "/v1/suppressions", HTTP_ROLE_ADMIN, false,
     http_suppressions_post},
    {"POST", "/v1/recipients/lookup", HTTP_ROLE_READ, true, http_lookup},
    {"POST", "/v1/recipients/suppress", HTTP_ROLE_ADMIN, false, http_suppress},
    {"POST", "/v1/recipients/release", HTTP_ROLE_ADMIN, false, http_release},
    {"GET", "/v1/changes", HTTP_ROLE_READ, true, http_changes},
    {"GET", "/v1/holds", HTTP_ROLE_READ, true, holds},
    {"GET", "/v1/incidents", HTTP_ROLE_READ, true, http_incidents},
    {"GET", "/v1/stats", HTTP_ROLE_READ, true, stats},
    {"GET", "/v1/unknown", HTTP_ROLE_READ, true, http_unknown},
    {NULL, NULL, 0, false, NULL},
};
