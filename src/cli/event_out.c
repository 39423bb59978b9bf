/* SPDX-License-Identifier: MIT */
#include "cli/event_out.h"

#include "cli/json_out.h"
#include "cli/view.h"
#include "engine/json_write.h"

void event_out_json(struct textbuf *text, const struct bounce_engine *engine,
                    const struct list_event *row, const char *labels)
{
    const struct bounce_json_options options = {
        .size = sizeof(options),
        .source = row->record->source,
        .offset = row->record->offset,
        .labels = slice_cstr(labels),
    };

    const struct bounce_event *event = &row->record->event;
    size_t room = 4096, need;

    while ((need = json_event(engine, event, NULL, 0, &options,
                              textbuf_room(text, room), room)) > room)
        room = need;
    text->len += need;
    if (text->len > 0 && text->ptr[text->len - 1] == '\n')
        text->len--;
}

void event_out_change(struct textbuf *text, const struct list_change *change)
{
    textbuf_byte(text, '{');
    json_out_number(text, "seq", change->seq);
    json_out_time(text, "at", change->at);
    json_out_time(text, "recorded_at", change->recorded_at);
    json_out_member(text, "what", change->what);
    json_out_member(text, "address", change->address);
    json_out_member(text, "scope",
                    change->scope.len > 0 ? change->scope : SLICE_NULL);
    json_out_member(text, "was", change->was);
    json_out_member(text, "becomes", change->becomes);
    json_out_time(text, "until", change->until);
    json_out_member(text, "outcome", change->outcome);
    json_out_member(text, "reason", change->reason);
    json_out_member(text, "category", change->category);
    json_out_member(text, "entry", change->entry);
    json_out_member(text, "rule", change->rule);
    json_out_member(text, "event_id", change->event_id);
    json_out_member(text, "label", change->label);
    json_out_member(text, "counter", change->counter);
    json_out_number(text, "count", change->count);
    json_out_number(text, "needed", change->needed);
    json_out_bool(text, "incident", (change->flags & CHANGE_INCIDENT) != 0);
    json_out_bool(text, "alert", (change->flags & CHANGE_ALERT) != 0);
    json_out_bool(text, "review", (change->flags & CHANGE_REVIEW) != 0);
    json_out_bool(text, "observed", (change->flags & CHANGE_OBSERVED) != 0);
    textbuf_byte(text, '}');
}

const char *event_out_kind(const struct record *record)
{
    switch (record->act) {
    case RECORD_SUPPRESS:
        return "suppress";
    case RECORD_RELEASE:
        return "release";
    case RECORD_FORGOTTEN:
        return "forgotten";
    case RECORD_EVENT:
        break;
    }
    return bounce_kind_name(record->event.kind);
}

int64_t event_out_at(const struct list_event *row)
{
    const int64_t at = row->record->event.occurred_at;

    return at != BOUNCE_NO_TIME ? at : row->recorded_at;
}

static const struct list_event *row_of(const void *row)
{
    return row;
}

static const struct bounce_event *event_of(const void *row)
{
    return &row_of(row)->record->event;
}

static void put_at(struct grid *grid, const void *row)
{
    grid_time(grid, event_out_at(row));
}

static void put_kind(struct grid *grid, const void *row)
{
    grid_word(grid, event_out_kind(row_of(row)->record));
}

static void put_class(struct grid *grid, const void *row)
{
    grid_word(grid, bounce_class_name(event_of(row)->cls));
}

static void put_confidence(struct grid *grid, const void *row)
{
    grid_real(grid, event_of(row)->confidence);
}

static void put_status(struct grid *grid, const void *row)
{
    struct textbuf text = {0};

    view_status(&text, event_of(row));
    grid_text(grid, text.len == 1 && text.ptr[0] == '-' ? SLICE_NULL
                                                        : textbuf_slice(&text));
    textbuf_free(&text);
}

static void put_counts(struct grid *grid, const void *row)
{
    grid_bool(grid, row_of(row)->counts);
}

static void put_recorded(struct grid *grid, const void *row)
{
    grid_time(grid, row_of(row)->recorded_at);
}

static void put_sent(struct grid *grid, const void *row)
{
    grid_time(grid, event_of(row)->sent_at);
}

static void put_verified(struct grid *grid, const void *row)
{
    const int verified = event_of(row)->verified;

    if (verified < 0)
        grid_text(grid, SLICE_NULL);
    else
        grid_bool(grid, verified > 0);
}

#define TEXT_COLUMN(name, value)                                               \
    static void put_##name(struct grid *grid, const void *row)                 \
    {                                                                          \
        grid_text(grid, value);                                                \
    }
TEXT_COLUMN(recipient, event_of(row)->recipient)
TEXT_COLUMN(category, event_of(row)->category)
TEXT_COLUMN(provider, event_of(row)->provider)
TEXT_COLUMN(gateway, event_of(row)->gateway)
TEXT_COLUMN(diagnostic, event_of(row)->diagnostic)
TEXT_COLUMN(rule, event_of(row)->evidence_rule)
TEXT_COLUMN(scope, event_of(row)->scope)
TEXT_COLUMN(campaign, event_of(row)->campaign)
TEXT_COLUMN(message_id, event_of(row)->message_id)
TEXT_COLUMN(event_id, event_of(row)->event_id)
TEXT_COLUMN(subject, event_of(row)->subject)
TEXT_COLUMN(remedy, event_of(row)->advice.remedy)
TEXT_COLUMN(ip, row_of(row)->record->ip)
TEXT_COLUMN(sender_domain, row_of(row)->record->sender_domain)
TEXT_COLUMN(source, row_of(row)->record->source)
TEXT_COLUMN(cursor, row_of(row)->cursor)

const struct grid_column event_columns[] = {
    {"at", GRID_STANDARD, put_at},
    {"recipient", GRID_STANDARD, put_recipient},
    {"kind", GRID_STANDARD, put_kind},
    {"category", GRID_STANDARD, put_category},
    {"class", GRID_STANDARD, put_class},
    {"status", GRID_STANDARD, put_status},
    {"provider", GRID_STANDARD, put_provider},
    {"confidence", GRID_MORE, put_confidence},
    {"rule", GRID_MORE, put_rule},
    {"scope", GRID_MORE, put_scope},
    {"campaign", GRID_MORE, put_campaign},
    {"ip", GRID_MORE, put_ip},
    {"sender_domain", GRID_MORE, put_sender_domain},
    {"message_id", GRID_MORE, put_message_id},
    {"counts", GRID_MORE, put_counts},
    {"verified", GRID_MORE, put_verified},
    {"source", GRID_MORE, put_source},
    {"recorded_at", GRID_MORE, put_recorded},
    {"event_id", GRID_MORE, put_event_id},
    {"gateway", GRID_ASKED, put_gateway},
    {"subject", GRID_ASKED, put_subject},
    {"sent_at", GRID_ASKED, put_sent},
    {"remedy", GRID_ASKED, put_remedy},
    {"cursor", GRID_MORE, put_cursor},
    {"diagnostic", GRID_STANDARD, put_diagnostic},
};
const size_t event_column_count =
    sizeof(event_columns) / sizeof(event_columns[0]);
