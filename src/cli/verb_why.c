/* SPDX-License-Identifier: MIT
 * bounce why: the whole story of one address. */
#include <unistd.h>

#include "base/date.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/event_out.h"
#include "cli/explain.h"
#include "cli/incident_out.h"
#include "cli/json_out.h"
#include "cli/store_open.h"
#include "cli/story.h"
#include "cli/term.h"

#define MOST_INCIDENTS 3

struct why_run {
    struct session session;
    struct story story;
    struct out out;
    bool json, colour;
    size_t width;
    uint64_t events;
    struct bounce_slice last_diagnostic; /* of the newest failure; copies */
    struct bounce_slice last_provider, last_campaign, last_ip;
    enum bounce_class last_class; /* of it; NONE: there was none */
    int person_left;
};

static void add_time(struct textbuf *text, int64_t time)
{
    char iso[DATE_ISO_SIZE];

    textbuf_cstr(text, time != BOUNCE_NO_TIME && date_format_iso(time, iso) > 0
                           ? iso
                           : "-");
}

static void add_heading(struct why_run *run, const char *title)
{
    textbuf_byte(&run->out.text, '\n');
    term_styled(&run->out.text, TERM_BOLD, run->colour, slice_cstr(title));
    textbuf_byte(&run->out.text, '\n');
}

/* "user_unknown, rule google.no-such-user, 98 % sure" */
static void add_cause(struct textbuf *text, const struct bounce_cause *cause)
{
    textbuf_clean(text, slice_cstr(cause->category));
    if (cause->rule[0] != '\0') {
        textbuf_cstr(text, cause->category[0] != '\0' ? ", " : "");
        textbuf_clean(text, slice_cstr(cause->rule));
    }
    if (cause->confidence > 0)
        textbuf_format(text, ", %u %% sure", cause->confidence);
    if (cause->verified == 0)
        textbuf_cstr(text, ", not verified");
}

static void add_standing(struct why_run *run, const struct story_state *state)
{
    struct textbuf *text = &run->out.text;
    const char *word = bounce_standing_name(state->standing);

    textbuf_cstr(text, "  ");
    if (state->scope.len > 0)
        textbuf_clean(text, state->scope);
    else
        textbuf_cstr(text, "everywhere");
    textbuf_format(text, ": %s", word);
    if (state->standing == BOUNCE_ACTIVE) {
        textbuf_byte(text, '\n');
        return;
    }
    textbuf_cstr(text, " since ");
    add_time(text, state->cause.since);
    textbuf_cstr(text, "\n    cause     ");
    add_cause(text, &state->cause);
    textbuf_cstr(text, "\n    decided   ");
    textbuf_clean(text, slice_cstr(state->cause.entry));
    if (state->cause.event_id[0] != '\0')
        textbuf_format(text, ", event %s", state->cause.event_id);
    textbuf_cstr(text, "\n    lifted by ");
    story_lift(text, &run->story, &state->cause, state->slot, state->scope);
    textbuf_byte(text, '\n');
}

/* "-> suppressed (at-once, default:user_unknown)" */
static void add_change(struct why_run *run, const struct list_change *change)
{
    struct textbuf *text = &run->out.text;

    textbuf_cstr(text, "      -> ");
    textbuf_clean(text, change->becomes);
    if (change->scope.len > 0) {
        textbuf_cstr(text, " in ");
        textbuf_clean(text, change->scope);
    }
    if (change->until != BOUNCE_NO_TIME) {
        textbuf_cstr(text, " until ");
        add_time(text, change->until);
    }
    textbuf_cstr(text, ": ");
    textbuf_clean(text, change->reason);
    if (change->entry.len > 0) {
        textbuf_cstr(text, ", ");
        textbuf_clean(text, change->entry);
    }
    /* Of what was enough at once the counter tells nothing. */
    if (change->counter.len > 0 && change->needed > 0 &&
        !slice_eq(change->reason, SLICE("at-once")))
        textbuf_format(text, ", %u of %u", change->count, change->needed);
    if ((change->flags & CHANGE_OBSERVED) != 0)
        textbuf_cstr(text, ", observed only");
    textbuf_byte(text, '\n');
}

/* What people do has no event that it follows from: time and outcome tell. */
static bool is_of(const struct list_change *change, const struct record *record)
{
    const struct bounce_event *event = &record->event;

    if (change->event_id.len > 0 || record->act == RECORD_EVENT)
        return slice_eq(change->event_id, event->event_id);
    return change->at == event->occurred_at &&
           (record->act == RECORD_RELEASE) ==
               slice_eq(change->outcome, SLICE("released"));
}

static bool add_changes_of(struct why_run *run, const struct record *record)
{
    bool found = false;

    for (struct story_change *at = run->story.changes; at != NULL;
         at = at->next) {
        if (at->told || !is_of(&at->change, record))
            continue;
        add_change(run, &at->change);
        at->told = found = true;
    }
    return found;
}

static struct bounce_slice keep(struct why_run *run, struct bounce_slice text)
{
    return text.len > 0 ? arena_dup(&run->story.arena, text) : SLICE_NULL;
}

static void keep_last(struct why_run *run, const struct record *record)
{
    const struct bounce_event *event = &record->event;

    if (event->kind != BOUNCE_KIND_BOUNCE || record->act != RECORD_EVENT)
        return;
    run->last_provider = keep(run, event->provider);
    run->last_campaign = keep(run, event->campaign);
    run->last_ip = keep(run, record->ip);
    run->last_class = event->cls;
    run->person_left = event->signals.person_left;
    run->last_diagnostic = arena_dup(&run->story.arena, event->diagnostic);
}

static void add_event_facts(struct textbuf *text, const struct record *record)
{
    const struct bounce_event *event = &record->event;

    if (event->provider.len > 0) {
        textbuf_cstr(text, "  at ");
        textbuf_clean(text, event->provider);
    }
    if (event->campaign.len > 0) {
        textbuf_cstr(text, "  campaign ");
        textbuf_clean(text, event->campaign);
    }
    if (record->source.len > 0) {
        textbuf_cstr(text, "  from ");
        textbuf_clean(text, record->source);
    }
}

static void add_no_change(struct why_run *run, const struct list_event *row)
{
    const enum bounce_class cls = row->record->event.cls;
    struct textbuf why = {0};

    textbuf_cstr(&why, "-> no change. ");
    textbuf_cstr(&why, !row->counts ? "This failure was told of before."
                                    : explain_class_words(cls));
    textbuf_wrap(&run->out.text, textbuf_slice(&why), 6, run->width);
    textbuf_free(&why);
}

static bool take_event(void *ctx, const struct list_event *row)
{
    struct why_run *run = ctx;
    const struct bounce_event *event = &row->record->event;
    struct textbuf *text = &run->out.text;

    keep_last(run, row->record);
    run->events++;
    if (run->json) {
        textbuf_cstr(text, run->events > 1 ? "," : "");
        event_out_json(text, run->session.engine, row, NULL);
        return true;
    }
    textbuf_cstr(text, "  ");
    add_time(text, event->occurred_at != BOUNCE_NO_TIME ? event->occurred_at
                                                        : row->recorded_at);
    textbuf_format(text, "  %s", event_out_kind(row->record));
    if (event->category.len > 0 && row->record->act == RECORD_EVENT) {
        textbuf_cstr(text, "  ");
        textbuf_clean(text, event->category);
        textbuf_format(text, " (%s)", bounce_class_name(event->cls));
    }
    add_event_facts(text, row->record);
    textbuf_byte(text, '\n');
    textbuf_wrap(text, event->diagnostic, 6, run->width);
    if (!slice_eq(row->record->reason, event->diagnostic))
        textbuf_wrap(text, row->record->reason, 6, run->width);
    if (!add_changes_of(run, row->record) && event->kind == BOUNCE_KIND_BOUNCE)
        add_no_change(run, row);
    out_tick(&run->out);
    return true;
}

/* What is going wrong where the newest failure happened: then it may not be the
 * address's own. */
static enum store_err add_incidents(struct why_run *run,
                                    struct store_error *error)
{
    const struct list_filter filter = {.since = BOUNCE_NO_TIME,
                                       .until = BOUNCE_NO_TIME,
                                       .provider = run->last_provider,
                                       .campaign = run->last_campaign,
                                       .ip = run->last_ip,
                                       .limit = MOST_INCIDENTS,
                                       .newest_first = true};
    struct textbuf lines = {0};
    enum store_err err;

    if (filter.provider.ptr == NULL && filter.campaign.ptr == NULL &&
        filter.ip.ptr == NULL)
        return STORE_OK;
    err = incident_out_lines(&lines, run->session.book, &filter, "  ", error);
    if (err == STORE_OK && lines.len > 0) {
        add_heading(run, "Incidents where it failed");
        textbuf_add(&run->out.text, textbuf_slice(&lines));
    }
    textbuf_free(&lines);
    return err;
}

/* What people ask when somebody's mail bounced. */
static void add_meaning(struct why_run *run)
{
    struct textbuf *text = &run->out.text;

    if (run->last_class == BOUNCE_CLASS_NONE)
        return;
    add_heading(run, "What the newest failure means");
    textbuf_wrap(text, slice_cstr(explain_class_words(run->last_class)), 2,
                 run->width);
    textbuf_wrap(text,
                 run->person_left > 0
                     ? SLICE("The reply says that the person has left.")
                     : SLICE("Nothing says that the person has left: a code "
                             "alone never means that."),
                 2, run->width);
}

static void add_rest(struct why_run *run)
{
    bool first = true;

    for (struct story_change *at = run->story.changes; at != NULL;
         at = at->next) {
        if (at->told)
            continue;
        if (first)
            add_heading(run, "Changes without an event here");
        first = false;
        textbuf_cstr(&run->out.text, "  ");
        add_time(&run->out.text, at->change.at);
        textbuf_byte(&run->out.text, '\n');
        add_change(run, &at->change);
    }
}

static void add_answer(struct why_run *run)
{
    char line[512];
    size_t len =
        ask_line(&run->story.answer, run->session.now, line, sizeof(line));

    textbuf_clean(&run->out.text, run->story.address);
    textbuf_format(&run->out.text, ": %s: ",
                   run->story.answer.may == BOUNCE_SEND    ? "send"
                   : run->story.answer.may == BOUNCE_LATER ? "not now"
                                                           : "do not send");
    textbuf_clean(&run->out.text, slice_make(line, len));
    textbuf_byte(&run->out.text, '\n');
    if (run->story.states == NULL)
        return;
    add_heading(run, "How it stands");
    for (const struct story_state *at = run->story.states; at != NULL;
         at = at->next)
        add_standing(run, at);
}

static void json_states(struct why_run *run)
{
    struct textbuf *text = &run->out.text;

    json_out_key(text, "states");
    textbuf_byte(text, '[');
    for (const struct story_state *at = run->story.states; at != NULL;
         at = at->next) {
        const bool caused = at->standing != BOUNCE_ACTIVE;
        struct textbuf lift = {0};

        textbuf_cstr(text, at != run->story.states ? ",{" : "{");
        json_out_member(text, "scope",
                        at->scope.len > 0 ? at->scope : SLICE_NULL);
        json_out_member(text, "state",
                        slice_cstr(bounce_standing_name(at->standing)));
        json_out_time(text, "since", at->cause.since);
        json_out_time(text, "until", at->cause.until);
        json_out_known(text, "category", at->cause.category);
        json_out_known(text, "rule", at->cause.rule);
        json_out_known(text, "entry", at->cause.entry);
        json_out_known(text, "event_id", at->cause.event_id);
        if (caused)
            story_lift(&lift, &run->story, &at->cause, at->slot, at->scope);
        json_out_member(text, "lifted_by",
                        caused ? textbuf_slice(&lift) : SLICE_NULL);
        textbuf_byte(text, '}');
        textbuf_free(&lift);
    }
    textbuf_byte(text, ']');
}

static void json_changes(struct why_run *run)
{
    struct textbuf *text = &run->out.text;

    json_out_key(text, "changes");
    textbuf_byte(text, '[');
    for (const struct story_change *at = run->story.changes; at != NULL;
         at = at->next) {
        const struct list_change *change = &at->change;

        textbuf_cstr(text, at != run->story.changes ? "," : "");
        event_out_change(text, change);
    }
    textbuf_byte(text, ']');
}

static enum store_err tell(struct why_run *run, struct store_error *error)
{
    const struct list_filter filter = {.address = run->story.address,
                                       .since = BOUNCE_NO_TIME,
                                       .until = BOUNCE_NO_TIME};
    struct textbuf *text = &run->out.text;
    char line[512];
    enum store_err err;

    if (!run->json) {
        add_answer(run);
        add_heading(run, "What happened");
        err = list_events(run->session.book, &filter, take_event, run, error);
        if (err == STORE_OK && run->events == 0)
            textbuf_cstr(text, "  Nothing is known of this address.\n");
        add_rest(run);
        add_meaning(run);
        return err == STORE_OK ? add_incidents(run, error) : err;
    }
    textbuf_byte(text, '{');
    json_out_member(text, "address", run->story.address);
    json_out_member(text, "may",
                    slice_cstr(bounce_may_name(run->story.answer.may)));
    json_out_member(
        text, "why",
        slice_make(line, ask_line(&run->story.answer, run->session.now, line,
                                  sizeof(line))));
    json_states(run);
    json_changes(run);
    json_out_key(text, "events");
    textbuf_byte(text, '[');
    err = list_events(run->session.book, &filter, take_event, run, error);
    textbuf_cstr(text, "]}\n");
    return err;
}

static int why(struct why_run *run, const char *address, const char *scope)
{
    const struct ask_question question = {.address = slice_cstr(address),
                                          .scope = slice_cstr(scope)};
    struct store_error error;
    int status = CLI_FINE;
    enum store_err err = story_read(&run->story, run->session.book, &question,
                                    run->session.now, &error);

    if (err == STORE_OK && run->story.answer.flaw != ADDRESS_FINE) {
        status = args_wrong("why", "%s: %s", address,
                            address_flaw_text(run->story.answer.flaw));
    } else if (err == STORE_OK) {
        err = tell(run, &error);
    }
    if (err != STORE_OK)
        status = session_complain(&error);
    story_free(&run->story);
    return status;
}

int verb_why(int argc, char **argv)
{
    struct why_run run = {.person_left = -1};
    struct session_choice choice = {0};
    const char *scope = NULL;
    const struct arg_option options[] = {
        {"scope", ARG_TEXT, &scope, "SCOPE", "answer for this list or brand"},
        {"json", ARG_FLAG, &run.json, NULL, "one JSON object an address"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce why [OPTION...] ADDRESS...",
        "Tells the whole story of an address: how it stands, what happened, "
        "which rule and\nwhich policy entry decided, what would lift it.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc == 0)
        return args_wrong("why", "no address: name one");
    status = session_open("why", &choice, false, 0, &run.session);
    if (status >= 0)
        return status;
    out_init(&run.out);
    run.colour = term_colour(STDOUT_FILENO);
    run.width = term_columns(STDOUT_FILENO);
    status = CLI_FINE;
    for (int i = 0; i < argc && status == CLI_FINE; i++) {
        run.events = 0;
        run.last_class = BOUNCE_CLASS_NONE;
        run.last_provider = run.last_campaign = run.last_ip = SLICE_NULL;
        if (i > 0 && !run.json)
            textbuf_byte(&run.out.text, '\n');
        status = why(&run, argv[i], scope);
    }
    out_close(&run.out);
    session_close(&run.session);
    return status;
}
