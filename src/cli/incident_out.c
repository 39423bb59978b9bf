/* SPDX-License-Identifier: MIT
 * Incidents in words. */
#include "cli/incident_out.h"

#include <unistd.h>

#include "base/date.h"
#include "cli/event_out.h"
#include "cli/json_out.h"
#include "cli/term.h"
#include "engine/json_write.h"

#define BAR_COLUMNS     30
#define HOURS_MOST      72 /* in text; all of them in JSON */
#define HOURS_OF_BEFORE (6 * (int64_t)3600)

struct telling {
    struct textbuf *text;
    bool json, colour;
    size_t width;
    size_t rows;   /* of the section */
    int64_t since; /* of the incident */
};

static void add_time(struct textbuf *text, int64_t time)
{
    char iso[DATE_ISO_SIZE];

    textbuf_cstr(text, time != BOUNCE_NO_TIME && date_format_iso(time, iso) > 0
                           ? iso
                           : "-");
}

/* Complaints are told in hundredths of a per cent. */
static void add_share(struct textbuf *text, double share)
{
    textbuf_format(text, share < 0.01 ? "%.2f %%" : "%.1f %%", share * 100);
}

static void add_place(struct textbuf *text,
                      const struct list_incident *incident)
{
    if (incident->value.len == 0) {
        textbuf_cstr(text, " everywhere");
        return;
    }
    textbuf_cstr(text, slice_eq(incident->dimension, SLICE("provider"))
                           ? " at "
                           : " of ");
    textbuf_clean(text, incident->dimension);
    textbuf_byte(text, ' ');
    textbuf_clean(text, incident->value);
}

void incident_out_title(struct textbuf *text,
                        const struct list_incident *incident)
{
    textbuf_clean(text, incident->what);
    add_place(text, incident);
    if (incident->share < 0) {
        textbuf_format(text, ": %lld failure%s", (long long)incident->failures,
                       incident->failures == 1 ? "" : "s");
        return;
    }
    textbuf_cstr(text, ": ");
    add_share(text, incident->share);
    textbuf_format(text, " of %lld in %lld hours", (long long)incident->results,
                   (long long)incident->hours);
    if (incident->usual >= 0) {
        textbuf_cstr(text, ", usually ");
        add_share(text, incident->usual);
    }
}

/* ---- Text -------------------------------------------------------------- */

static void heading(const struct telling *t, const char *title)
{
    textbuf_byte(t->text, '\n');
    term_styled(t->text, TERM_BOLD, t->colour, slice_cstr(title));
    textbuf_byte(t->text, '\n');
}

static void add_facts(const struct telling *t,
                      const struct list_incident *incident)
{
    struct textbuf *text = t->text;

    incident_out_title(text, incident);
    textbuf_cstr(text, "\n  id        ");
    textbuf_clean(text, incident->id);
    textbuf_format(text, "\n  severity  %s\n  since     ", incident->severity);
    add_time(text, incident->since);
    textbuf_cstr(text, "\n  until     ");
    if (incident->until == BOUNCE_NO_TIME) {
        textbuf_cstr(text, "open, last told of ");
        add_time(text, incident->updated);
    } else {
        add_time(text, incident->until);
        textbuf_cstr(text, ", ");
        textbuf_clean(text, incident->ended_by);
    }
    if (incident->peak >= 0) {
        textbuf_cstr(text, "\n  worst     ");
        add_share(text, incident->peak);
    }
    if (incident->category.len > 0) {
        textbuf_cstr(text, "\n  cause     ");
        textbuf_clean(text, incident->category);
        if (incident->cls != NULL)
            textbuf_format(text, " (%s)", incident->cls);
        textbuf_cstr(text, incident->rule.len > 0 ? ", rule " : "");
        textbuf_clean(text, incident->rule);
    }
    textbuf_byte(text, '\n');
    if (incident->remedy.len > 0) {
        heading(t, "What mends it");
        textbuf_wrap(text, incident->remedy, 2, t->width);
    }
}

static bool take_hour(void *ctx, const struct incident_hour *hour)
{
    struct telling *t = ctx;
    double share =
        hour->results > 0 ? (double)hour->failures / (double)hour->results : 0;

    if (t->json) {
        textbuf_cstr(t->text, t->rows++ > 0 ? ",{" : "{");
        json_out_time(t->text, "at", hour->at);
        json_out_number(t->text, "failures", (int64_t)hour->failures);
        json_out_number(t->text, "results", (int64_t)hour->results);
        textbuf_byte(t->text, '}');
        return true;
    }
    if (hour->at < t->since - HOURS_OF_BEFORE || t->rows == HOURS_MOST)
        return true;
    if (t->rows++ == 0)
        heading(t, "Hour by hour");
    textbuf_cstr(t->text, "  ");
    add_time(t->text, hour->at);
    textbuf_format(t->text, "  %6llu of %6llu  %5.1f %%  ",
                   (unsigned long long)hour->failures,
                   (unsigned long long)hour->results, share * 100);
    for (unsigned i = 0; i < (unsigned)(share * BAR_COLUMNS + 0.5); i++)
        textbuf_cstr(t->text, "\xE2\x96\x88"); /* full block */
    /* No blanks at the end of a line. */
    while (t->text->len > 0 && t->text->ptr[t->text->len - 1] == ' ')
        t->text->len--;
    textbuf_byte(t->text, '\n');
    return true;
}

struct sampling {
    struct telling *telling;
    const struct bounce_engine *engine;
};

static bool take_sample(void *ctx, const struct list_event *row)
{
    const struct sampling *s = ctx;
    struct telling *t = s->telling;
    const struct bounce_event *event = &row->record->event;

    if (t->json) {
        textbuf_cstr(t->text, t->rows++ > 0 ? "," : "");
        event_out_json(t->text, s->engine, row, NULL);
        return true;
    }
    if (t->rows++ == 0)
        heading(t, "Samples");
    textbuf_cstr(t->text, "  ");
    add_time(t->text, event->occurred_at);
    textbuf_cstr(t->text, "  ");
    textbuf_clean(t->text, event->recipient);
    textbuf_cstr(t->text, "  ");
    textbuf_clean(t->text, event->category);
    textbuf_byte(t->text, '\n');
    textbuf_wrap(t->text, event->diagnostic, 6, t->width);
    return true;
}

static void json_hold(struct textbuf *text, const struct bounce_hold *hold)
{
    textbuf_byte(text, '{');
    json_out_known(text, "provider", hold->key.provider);
    json_out_known(text, "domain", hold->key.domain);
    json_out_known(text, "ip", hold->key.ip);
    json_out_known(text, "from", hold->key.sender_domain);
    json_out_known(text, "campaign", hold->key.campaign);
    json_out_time(text, "since", hold->cause.since);
    json_out_time(text, "until", hold->cause.until);
    json_out_known(text, "category", hold->cause.category);
    json_out_bool(text, "open", hold->open);
    textbuf_byte(text, '}');
}

static bool take_hold(void *ctx, const struct bounce_hold *hold)
{
    struct telling *t = ctx;
    const char *const parts[] = {hold->key.provider, hold->key.domain,
                                 hold->key.ip, hold->key.sender_domain,
                                 hold->key.campaign};
    const char *between = "  ";

    if (t->json) {
        textbuf_cstr(t->text, t->rows++ > 0 ? "," : "");
        json_hold(t->text, hold);
        return true;
    }
    if (t->rows++ == 0)
        heading(t, "Holds");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i][0] == '\0')
            continue;
        textbuf_cstr(t->text, between);
        textbuf_clean(t->text, slice_cstr(parts[i]));
        between = " / ";
    }
    textbuf_cstr(t->text, "  since ");
    add_time(t->text, hold->cause.since);
    textbuf_cstr(t->text, hold->open ? "  until " : "  ended, until ");
    add_time(t->text, hold->cause.until);
    textbuf_cstr(t->text, "  ");
    textbuf_clean(t->text, slice_cstr(hold->cause.category));
    textbuf_byte(t->text, '\n');
    return true;
}

/* ---- JSON -------------------------------------------------------------- */

static void json_facts(struct textbuf *text,
                       const struct list_incident *incident)
{
    struct json_writer w;
    size_t room = 2048;

    do {
        w = (struct json_writer){textbuf_room(text, room), room, 0};
        incident_json(&w, incident);
    } while (w.len > room && (room = w.len) > 0);
    text->len += w.len;
}

void incident_out_json(struct textbuf *text,
                       const struct list_incident *incident)
{
    textbuf_byte(text, '{');
    json_facts(text, incident);
    textbuf_byte(text, '}');
}

/* ---- One and many ------------------------------------------------------ */

static void begin_list(struct telling *t, const char *key)
{
    t->rows = 0;
    if (!t->json)
        return;
    json_out_key(t->text, key);
    textbuf_byte(t->text, '[');
}

static void end_list(const struct telling *t)
{
    if (t->json)
        textbuf_byte(t->text, ']');
}

int incident_out_story(struct out *out, const struct session *session,
                       const struct list_incident *incident, bool json)
{
    struct telling t = {.text = &out->text,
                        .json = json,
                        .colour = term_colour(STDOUT_FILENO),
                        .width = term_columns(STDOUT_FILENO),
                        .since = incident->since};
    struct sampling sampling = {&t, session->engine};
    struct store_error error;
    enum store_err err;

    if (json) {
        textbuf_byte(t.text, '{');
        json_facts(t.text, incident);
    } else {
        add_facts(&t, incident);
    }
    begin_list(&t, "hours");
    err = incident_figures(session->book, incident, take_hour, &t, &error);
    end_list(&t);
    if (err == STORE_OK) {
        begin_list(&t, "events");
        err = incident_events(session->book, incident, take_sample, &sampling,
                              &error);
        end_list(&t);
    }
    if (err == STORE_OK) {
        begin_list(&t, "holds");
        err = incident_routes(session->book, incident, session->now, take_hold,
                              &t, &error);
        end_list(&t);
    }
    if (json)
        textbuf_cstr(t.text, "}\n");
    return err == STORE_OK ? 0 : session_complain(&error);
}

struct lines {
    struct textbuf *text;
    const char *lead;
};

static bool take_line(void *ctx, const struct list_incident *incident)
{
    const struct lines *l = ctx;

    textbuf_cstr(l->text, l->lead);
    incident_out_title(l->text, incident);
    textbuf_cstr(l->text, " (since ");
    add_time(l->text, incident->since);
    textbuf_cstr(l->text, ", bounce incidents ");
    textbuf_clean(l->text, incident->id);
    textbuf_cstr(l->text, ")\n");
    return true;
}

enum store_err incident_out_lines(struct textbuf *text, struct book *book,
                                  const struct list_filter *filter,
                                  const char *lead, struct store_error *error)
{
    struct lines lines = {text, lead};

    return list_incidents(book, filter, INCIDENTS_OPEN, SLICE_NULL, take_line,
                          &lines, error);
}
