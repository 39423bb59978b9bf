/* SPDX-License-Identifier: MIT
 * An event as a story: who reported what, what it means, what to do. */
#include "cli/cli.h"
#include "cli/explain.h"
#include "cli/term.h"
#include "cli/view.h"

#include "base/date.h"

const char *explain_class_words(enum bounce_class cls)
{
    switch (cls) {
    case BOUNCE_CLASS_HARD:
        return "Hard: the address will not take mail; stop sending to it.";
    case BOUNCE_CLASS_SOFT:
        return "Soft: it may work later; the address is not given up.";
    case BOUNCE_CLASS_BLOCK:
        return "Block: the sender or the message was refused; the address is "
               "not to blame and is kept.";
    case BOUNCE_CLASS_ADMIN:
        return "Admin: the sending side stopped it, by a fault or a list "
               "of its own; that says nothing new of the mailbox.";
    case BOUNCE_CLASS_EVENT:
        return "Event: no failure of delivery.";
    case BOUNCE_CLASS_UNDETERMINED:
        return "Undetermined: what is said does not tell hard from soft; "
               "nothing is given up for it.";
    case BOUNCE_CLASS_NONE:
        break;
    }
    return "Nothing follows for the address.";
}

static void add_class(const struct explain_run *run, struct textbuf *text,
                      const struct bounce_event *event,
                      const struct bounce_category *category)
{
    struct bounce_slice class_name = slice_cstr(bounce_class_name(event->cls));

    explain_heading(run, text, "Hard or soft");
    textbuf_cstr(text, "  ");
    if (category != NULL) {
        textbuf_clean(text, category->name);
        textbuf_cstr(text, " (");
        term_styled(text, term_class_style(class_name), run->colour,
                    class_name);
        textbuf_cstr(text, ")");
    }
    if (event->confidence >= 0 && event->cls != BOUNCE_CLASS_NONE)
        textbuf_format(text, "; %.0f %% sure", event->confidence * 100);
    textbuf_byte(text, '\n');
    textbuf_wrap(text, slice_cstr(explain_class_words(event->cls)), 2,
                 run->width);
    if (event->expired)
        textbuf_wrap(
            text, SLICE("The sending system tried until its time was used up."),
            2, run->width);
}

static void add_why(const struct explain_run *run, struct textbuf *text,
                    const struct bounce_event *event)
{
    struct textbuf why = {0};

    view_why(&why, event);
    if (event->provider.len > 0) {
        textbuf_cstr(&why, "; provider ");
        textbuf_add(&why, event->provider);
    }
    if (event->gateway.len > 0) {
        textbuf_cstr(&why, "; gateway ");
        textbuf_add(&why, event->gateway);
    }
    explain_paragraph(run, text, "On what evidence", textbuf_slice(&why));
    textbuf_free(&why);
}

static void add_pair(struct textbuf *text, const char *name,
                     struct bounce_slice value)
{
    if (value.len == 0)
        return;
    textbuf_format(text, "  %-14s ", name);
    textbuf_clean(text, value);
    textbuf_byte(text, '\n');
}

static void add_signals(const struct explain_run *run, struct textbuf *text,
                        const struct bounce_signals *signals)
{
    size_t before;

    explain_heading(run, text, "What else it says");
    before = text->len;
    add_pair(text, "block list", signals->block_list);
    add_pair(text, "look it up", signals->lookup_url);
    add_pair(text, "get delisted", signals->removal_url);
    add_pair(text, "sending IP", signals->sender_ip);
    add_pair(text, "explanation", signals->url);
    add_pair(text, "new address", signals->new_address);
    add_pair(text, "suppressed for", signals->suppressed_for);
    if (signals->limit_what.len > 0)
        textbuf_format(text, "  %-14s %.*s: %.0f %.*s\n", "limit",
                       CLI_ARG(signals->limit_what), signals->limit_value,
                       CLI_ARG(signals->limit_unit));
    if (signals->person_left > 0)
        textbuf_format(text, "  %-14s %s\n", "the person",
                       "has left the organisation");
    if (text->len == before) /* nothing: take the heading back */
        text->len -= sizeof("\nWhat else it says\n") - 1 +
                     (run->colour ? sizeof("\033[1m\033[0m") - 1 : 0);
}

void explain_verdict(const struct explain_run *run, struct textbuf *text,
                     const struct bounce_event *event)
{
    const struct bounce_category *category = NULL;
    struct textbuf advice = {0};

    if (event->category.ptr != NULL)
        category = bounce_category_find(run->engine, event->category);
    if (category != NULL)
        explain_paragraph(run, text, "What it means", category->meaning);
    add_class(run, text, event, category);
    if (event->evidence_by != BOUNCE_EVIDENCE_NONE)
        add_why(run, text, event);
    explain_paragraph(run, text, "What to do", event->advice.remedy);
    if (category != NULL && category->action_text.len > 0)
        textbuf_format(&advice, "By default: %.*s.",
                       CLI_ARG(category->action_text));
    if (category != NULL && category->retry_text.len > 0)
        textbuf_format(&advice, " Trying again: %.*s.",
                       CLI_ARG(category->retry_text));
    explain_paragraph(run, text, NULL, textbuf_slice(&advice));
    add_signals(run, text, &event->signals);
    textbuf_free(&advice);
}

static void add_time(struct textbuf *text, const char *name, int64_t time)
{
    char iso[DATE_ISO_SIZE];

    if (time != BOUNCE_NO_TIME)
        add_pair(text, name, slice_make(iso, date_format_iso(time, iso)));
}

void explain_story(const struct explain_run *run, struct textbuf *text,
                   const struct bounce_event *event)
{
    explain_heading(run, text, "What happened");
    add_pair(text, "kind", slice_cstr(bounce_kind_name(event->kind)));
    add_pair(text, "recipient", event->recipient);
    add_pair(text, "sent to", event->original_recipient);
    add_pair(text, "written by", event->written_by);
    add_pair(text, "reporting", event->reporting_mta);
    add_pair(text, "answered by", event->remote_mta);
    add_pair(text, "answering", slice_cstr(bounce_stage_name(event->stage)));
    add_pair(text, "status", event->status);
    if (event->reply_code != 0)
        textbuf_format(text, "  %-14s %d\n", "reply code", event->reply_code);
    add_pair(text, "sender", event->sender);
    add_pair(text, "subject", event->subject);
    add_pair(text, "message id", event->message_id);
    add_time(text, "sent at", event->sent_at);
    add_time(text, "occurred at", event->occurred_at);
    explain_paragraph(run, text, "The server's words", event->diagnostic);
}
