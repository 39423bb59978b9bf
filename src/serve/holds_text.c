/* SPDX-License-Identifier: MIT */
#include "serve/holds_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"
#include "engine/engine.h"
#include "engine/json_write.h"
#include "policy/policy.h"
#include "serve/http_event.h"

#define NAMES_MAX 40 /* hosts and domains of a provider that are named */

enum holds_format holds_format_parse(struct bounce_slice name)
{
    static const char *const names[] = {"postfix", "postfix-transport",
                                        "kumomta", "json"};
    enum holds_format format = HOLDS_POSTFIX;

    while (format < HOLDS_FORMATS &&
           !slice_eq_nocase(name, slice_cstr(names[format])))
        format++;
    return format;
}

struct writing {
    struct book *book;
    const struct holds_choice *choice;
    struct bytes *out;
    int64_t until;
    size_t count; /* of what was written */
    bool no_memory;
    struct shape *shapes; /* KumoMTA: they are put in order first */
    size_t shape_count, shape_cap;
};

/* What stands in names that came from outside must not end a line or a
 * string. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (!ascii_is_alnum((unsigned char)*text) &&
            strchr("-_.:", *text) == NULL)
            return false;
    }
    return true;
}

/* ---- Is it ours? ------------------------------------------------------- */

/* The piece of list that names value, up to "="; NULL: none does. */
static struct bounce_slice find_piece(struct bounce_slice list,
                                      const char *value)
{
    struct bounce_slice piece;

    while (slice_next_piece(&list, ',', &piece)) {
        piece = slice_trim(piece);
        if (slice_eq_nocase(slice_sub(piece, 0, slice_find_byte(piece, '=')),
                            slice_cstr(value)))
            return piece;
    }
    return SLICE_NULL;
}

static bool is_ours(const char *value, struct bounce_slice list)
{
    return value[0] == '\0' || find_piece(list, value).ptr != NULL;
}

static bool concerns_us(const struct writing *w,
                        const struct bounce_hold_key *key)
{
    const struct holds_choice *c = w->choice;
    const bool any_ip = c->format == HOLDS_KUMOMTA && c->ips.len == 0;

    return (any_ip || is_ours(key->ip, c->ips)) &&
           is_ours(key->sender_domain, c->sender_domains) &&
           is_ours(key->campaign, c->campaigns) && is_plain(key->provider) &&
           is_plain(key->domain) && is_plain(key->ip);
}

/* "# left out: google 192.0.2.7": names that are not plain are not repeated. */
static bool leave_out(struct writing *w, const struct bounce_hold_key *key)
{
    const char *const parts[] = {key->provider, key->domain, key->ip,
                                 key->sender_domain, key->campaign};
    bool fine = bytes_add(w->out, SLICE("# left out:"));

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i][0] != '\0')
            fine = fine && bytes_format(w->out, " %s",
                                        is_plain(parts[i]) ? parts[i] : "?");
    }
    return fine && bytes_add(w->out, SLICE("\n"));
}

/* ---- Names of a provider ----------------------------------------------- */

struct name {
    struct bounce_slice text;
    bool below; /* only names below it */
};

static bool same_name(const struct name *a, const struct name *b)
{
    return a->below == b->below && slice_eq(a->text, b->text);
}

/* Its hosts, or its recipients' domains. */
static size_t provider_names(const struct book *book, const char *provider,
                             bool domains, struct name names[NAMES_MAX])
{
    const struct knowledge *knowledge = &book->engine->knowledge;
    size_t count = 0;

    for (size_t s = 0; s < knowledge->set_count; s++) {
        const struct tables *t = knowledge->sets[s];

        for (size_t i = 0; i < t->hosts_count && count < NAMES_MAX; i++) {
            const struct tab_host *host = &t->hosts[i];

            if ((host->domain != 0) != domains ||
                !slice_eq(tab_slice(t, t->providers[host->provider].id),
                          slice_cstr(provider)))
                continue;
            names[count] =
                (struct name){tab_slice(t, host->name), host->subdomains != 0};
            /* Tables are in order; a name may be a sender's and an MX. */
            if (count == 0 || !same_name(&names[count - 1], &names[count]))
                count++;
        }
    }
    return count;
}

/* ---- Postfix: regexp_table(5) ------------------------------------------ */

static bool put_escaped(struct writing *w, struct bounce_slice name)
{
    bool fine = true;

    for (size_t i = 0; i < name.len; i++)
        fine = fine && (name.ptr[i] != '.' || bytes_add(w->out, SLICE("\\"))) &&
               bytes_add(w->out, slice_make(name.ptr + i, 1));
    return fine;
}

static bool put_why(struct writing *w, const struct bounce_hold *hold)
{
    const bool transport = w->choice->format == HOLDS_POSTFIX_TRANSPORT;
    const struct bounce_hold_key *key = &hold->key;
    char until[DATE_ISO_SIZE];

    date_format_iso(hold->cause.until, until);
    w->count++;
    return bytes_format(w->out, "%s mail to %s waits%s%s%s%s\n",
                        transport ? "retry:4.7.1" : "450 4.7.1",
                        key->domain[0] != '\0'     ? key->domain
                        : key->provider[0] != '\0' ? key->provider
                                                   : "anybody",
                        hold->cause.until != BOUNCE_NO_TIME ? " until " : "",
                        hold->cause.until != BOUNCE_NO_TIME ? until : "",
                        hold->cause.category[0] != '\0' ? ": " : "",
                        hold->cause.category);
}

/* before: what the pattern begins with; of a name that has others below, with
 * what stands for these behind it. */
static bool put_pattern(struct writing *w, const struct bounce_hold *hold,
                        const char *before, struct name name, bool below_too)
{
    return bytes_format(w->out, "/%s%s", before,
                        name.below  ? ".+\\."
                        : below_too ? "(.+\\.)?"
                                    : "") &&
           put_escaped(w, name.text) && bytes_add(w->out, SLICE("$/ ")) &&
           put_why(w, hold);
}

static bool put_postfix(struct writing *w, const struct bounce_hold *hold)
{
    const struct bounce_hold_key *key = &hold->key;
    struct name names[NAMES_MAX];
    size_t count;
    bool fine = true;

    if (key->domain[0] != '\0')
        return put_pattern(
            w, hold, "@", (struct name){slice_cstr(key->domain), false}, false);
    if (key->provider[0] == '\0')
        return bytes_add(w->out, SLICE("/@/ ")) && put_why(w, hold);
    count = provider_names(w->book, key->provider, true, names);
    for (size_t i = 0; i < count; i++)
        fine = fine && put_pattern(w, hold, "@", names[i], true);
    if (w->choice->format == HOLDS_POSTFIX_TRANSPORT)
        return fine;
    count = provider_names(w->book, key->provider, false, names);
    for (size_t i = 0; i < count; i++)
        fine = fine && put_pattern(w, hold, "^", names[i], true);
    return fine;
}

/* ---- KumoMTA: a shaping file ------------------------------------------- */

enum shape_kind { SHAPE_ALL, SHAPE_PROVIDER, SHAPE_DOMAIN };

/* A table of TOML may stand once only, however many holds come to it. */
struct shape {
    enum shape_kind kind;
    char key[256], source[64];
};

static int compare_shapes(const void *a, const void *b)
{
    const struct shape *x = a, *y = b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (strcmp(x->key, y->key) != 0)
        return strcmp(x->key, y->key);
    return strcmp(x->source, y->source);
}

static bool keep_shape(struct writing *w, const struct bounce_hold_key *key)
{
    struct bounce_slice source = find_piece(w->choice->ips, key->ip);
    const size_t equals = slice_find_byte(source, '=');
    struct shape *shape;

    if (w->shape_count == w->shape_cap) {
        size_t cap = w->shape_cap > 0 ? 2 * w->shape_cap : 64;
        struct shape *shapes = realloc(w->shapes, cap * sizeof(*shapes));

        if (shapes == NULL)
            return false;
        w->shapes = shapes;
        w->shape_cap = cap;
    }
    source = equals != SLICE_NPOS ? slice_from(source, equals + 1)
                                  : slice_cstr(key->ip);
    shape = &w->shapes[w->shape_count++];
    shape->kind = key->domain[0] != '\0'     ? SHAPE_DOMAIN
                  : key->provider[0] != '\0' ? SHAPE_PROVIDER
                                             : SHAPE_ALL;
    snprintf(shape->key, sizeof(shape->key), "%s",
             shape->kind == SHAPE_DOMAIN ? key->domain : key->provider);
    snprintf(shape->source, sizeof(shape->source), "%.*s", (int)source.len,
             source.ptr != NULL ? source.ptr : "");
    return true;
}

/* By MX hosts; by its recipients' domains where we know of none. */
static bool put_match(struct writing *w, const char *provider)
{
    struct name names[NAMES_MAX];
    size_t count = provider_names(w->book, provider, false, names);
    const bool hosts = count > 0;
    bool fine = bytes_add(w->out, SLICE("match = ["));

    if (!hosts)
        count = provider_names(w->book, provider, true, names);
    for (size_t i = 0; i < count; i++)
        fine =
            fine && bytes_format(w->out, "%s{%s=\"%s%.*s\"}", i > 0 ? ", " : "",
                                 hosts ? "MXSuffix" : "DomainSuffix",
                                 names[i].below ? "." : "",
                                 (int)names[i].text.len, names[i].text.ptr);
    return fine && bytes_add(w->out, SLICE("]\n"));
}

/* "["example.org"" or "[provider."google"", without what closes it. */
static bool put_table(struct writing *w, const struct shape *shape)
{
    return bytes_format(w->out, "[%s\"%s\"",
                        shape->kind == SHAPE_PROVIDER ? "provider." : "",
                        shape->kind == SHAPE_ALL ? "default" : shape->key);
}

/* One mail a day goes on: it is the probe that says when the route works. */
static bool put_limits(struct writing *w)
{
    return bytes_add(w->out, SLICE("max_message_rate = \"1/d\"\n"
                                   "max_connection_rate = \"1/d\"\n"));
}

static bool put_kumomta(struct writing *w)
{
    bool fine = true;

    if (w->shape_count > 0)
        qsort(w->shapes, w->shape_count, sizeof(*w->shapes), compare_shapes);
    for (size_t i = 0; fine && i < w->shape_count; i++) {
        const struct shape *shape = &w->shapes[i];
        const struct shape *last = i > 0 ? shape - 1 : NULL;

        if (last != NULL && compare_shapes(last, shape) == 0)
            continue;
        if (last == NULL || last->kind != shape->kind ||
            strcmp(last->key, shape->key) != 0) {
            fine = bytes_add(w->out, SLICE("\n")) && put_table(w, shape) &&
                   bytes_add(w->out, SLICE("]\n"));
            if (shape->kind == SHAPE_PROVIDER)
                fine = fine && put_match(w, shape->key);
            else if (shape->kind == SHAPE_DOMAIN)
                fine = fine && bytes_add(w->out, SLICE("mx_rollup = false\n"));
        }
        if (shape->source[0] != '\0')
            fine = fine && bytes_add(w->out, SLICE("\n")) &&
                   put_table(w, shape) &&
                   bytes_format(w->out, ".sources.\"%s\"]\n", shape->source);
        fine = fine && put_limits(w);
        w->count++;
    }
    return fine;
}

/* ---- JSON -------------------------------------------------------------- */

struct json_row {
    const struct book *book;
    const struct bounce_hold *hold;
};

/* As patterns: "*.l.google.com". */
static void write_names(struct json_writer *w, const struct json_row *row,
                        bool domains)
{
    struct name names[NAMES_MAX];
    size_t count = 0;

    if (row->hold->key.provider[0] != '\0')
        count =
            provider_names(row->book, row->hold->key.provider, domains, names);
    JSON_RAW(w, "[");
    for (size_t i = 0; i < count; i++) {
        char text[300];

        snprintf(text, sizeof(text), "%s%.*s", names[i].below ? "*." : "",
                 (int)names[i].text.len, names[i].text.ptr);
        if (i > 0)
            JSON_RAW(w, ",");
        json_string(w, slice_cstr(text));
    }
    JSON_RAW(w, "]");
}

static void write_row(struct json_writer *w, const void *data)
{
    const struct json_row *row = data;
    const struct bounce_hold *hold = row->hold;

    http_begin_hold(w, hold);
    http_known(w, "rule", hold->cause.rule);
    http_bool(w, "by_hand", hold->by_hand);
    JSON_RAW(w, ",\"domains\":");
    write_names(w, row, true);
    JSON_RAW(w, ",\"hosts\":");
    write_names(w, row, false);
    JSON_RAW(w, "}");
}

static bool put_json(struct writing *w, const struct bounce_hold *hold)
{
    const struct json_row row = {w->book, hold};

    return (w->count++ == 0 || bytes_add(w->out, SLICE(",\n"))) &&
           http_put(w->out, write_row, &row);
}

/* ---- All of them ------------------------------------------------------- */

static bool take_hold(void *ctx, const struct bounce_hold *hold)
{
    struct writing *w = ctx;
    const int64_t until = hold->cause.until;
    bool fine;

    if (until != BOUNCE_NO_TIME &&
        (w->until == BOUNCE_NO_TIME || until < w->until))
        w->until = until;
    if (w->choice->format == HOLDS_JSON)
        fine = put_json(w, hold);
    else if (w->book->policy->observe)
        fine = true; /* it only says what it would do */
    else if (!concerns_us(w, &hold->key))
        fine = leave_out(w, &hold->key);
    else if (w->choice->format == HOLDS_KUMOMTA)
        fine = keep_shape(w, &hold->key);
    else
        fine = put_postfix(w, hold);
    w->no_memory = !fine;
    return fine;
}

enum store_err holds_text(struct book *book, const struct holds_choice *choice,
                          int64_t now, struct bytes *out, int64_t *until_out,
                          struct store_error *error)
{
    const struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                       .until = BOUNCE_NO_TIME};
    const bool json = choice->format == HOLDS_JSON;
    struct writing w = {
        .book = book, .choice = choice, .out = out, .until = BOUNCE_NO_TIME};
    enum store_err err = STORE_OK;

    w.no_memory =
        json ? !bytes_format(out, "{\"observed\":%s,\"holds\":[\n",
                             book->policy->observe ? "true" : "false")
             : !bytes_format(out,
                             "# Holds, written by bounce: changes here are "
                             "lost.\n%s",
                             book->policy->observe
                                 ? "# The policy observes only: none is in "
                                   "force.\n"
                                 : "");
    if (!w.no_memory)
        err = list_holds(book, &filter, false, now, take_hold, &w, error);
    if (err == STORE_OK && !w.no_memory && choice->format == HOLDS_KUMOMTA)
        w.no_memory = !put_kumomta(&w);
    if (err == STORE_OK && !w.no_memory && json)
        w.no_memory =
            !bytes_add(out, w.count > 0 ? SLICE("\n]}\n") : SLICE("]}\n"));
    free(w.shapes);
    *until_out = w.until;
    return w.no_memory ? store_fail(error, STORE_E_NOMEM, "out of memory")
                       : err;
}
