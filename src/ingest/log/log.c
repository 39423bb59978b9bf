/* SPDX-License-Identifier: MIT */
#include "ingest/log/log.h"

#include <stdlib.h>

#include "base/date.h"
#include "base/hash.h"
#include "engine/judge.h"
#include "ingest/log/part.h"

#define LINE_MEMORY ((size_t)16 << 20) /* of what a line gives */

static const char *const names[LOG_FORMATS] = {
    "postfix",  "exim",    "sendmail", "opensmtpd",
    "powermta", "kumomta", "journal"};

const char *log_format_name(enum log_format format)
{
    return (unsigned)format < LOG_FORMATS ? names[format] : NULL;
}

enum log_format log_format_parse(struct bounce_slice name)
{
    unsigned format = 0;

    while (format < LOG_FORMATS &&
           !slice_eq_nocase(name, slice_cstr(names[format])))
        format++;
    return (enum log_format)format;
}

struct log *log_new(const struct log_options *options)
{
    struct log *log = calloc(1, sizeof(*log));

    if (log == NULL)
        return NULL;
    log->options = *options;
    arena_init(&log->arena, allocator_default(), LINE_MEMORY);
    log->queue = log_queue_new();
    if (log->queue == NULL) {
        log_free(log);
        return NULL;
    }
    return log;
}

void log_free(struct log *log)
{
    if (log == NULL)
        return;
    log_queue_free(log->queue);
    log_powermta_free(log->powermta);
    arena_clear(&log->arena);
    free(log->scratch);
    free(log);
}

struct log_counts log_counts(const struct log *log)
{
    return log->counts;
}

char *log_scratch(struct log *log, struct bounce_slice line)
{
    if (log->scratch_cap < line.len + 1) {
        char *grown = realloc(log->scratch, line.len + 1);

        if (grown == NULL)
            return NULL;
        log->scratch = grown;
        log->scratch_cap = line.len + 1;
    }
    if (line.len > 0)
        memcpy(log->scratch, line.ptr, line.len);
    log->scratch[line.len] = '\0';
    return log->scratch;
}

static bool syslog_line(struct log *log, struct bounce_slice line,
                        bool (*read)(struct log *log,
                                     const struct log_syslog *syslog))
{
    struct log_syslog syslog;

    return !log_read_syslog(line, log->options.now, &syslog) ||
           read(log, &syslog);
}

bool log_line(struct log *log, struct bounce_slice line)
{
    bool fine = false;

    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    arena_reset(&log->arena);
    switch (log->options.format) {
    case LOG_POSTFIX:
        fine = syslog_line(log, line, log_postfix);
        break;
    case LOG_SENDMAIL:
        fine = syslog_line(log, line, log_sendmail);
        break;
    case LOG_OPENSMTPD:
        fine = syslog_line(log, line, log_opensmtpd);
        break;
    case LOG_EXIM:
        fine = log_exim(log, line);
        break;
    case LOG_POWERMTA:
        fine = log_powermta(log, line);
        break;
    case LOG_KUMOMTA:
        fine = log_kumomta(log, line);
        break;
    case LOG_JOURNAL:
        fine = log_journal(log, line);
        break;
    case LOG_FORMATS:
        break;
    }
    if (fine)
        log->counts.lines++;
    return fine;
}

void log_delivery_init(struct log_delivery *delivery, int64_t at)
{
    *delivery = (struct log_delivery){
        .kind = BOUNCE_KIND_BOUNCE, .at = at, .waiting_s = -1};
}

/* The same line gives the same id, however often the log is read; two attempts
 * at one recipient differ in their time. */
static void make_id(const struct log_delivery *delivery, char id_out[33])
{
    struct hash128 hash;
    char time[DATE_ISO_SIZE];
    const struct bounce_slice parts[] = {
        SLICE("log\n"),
        delivery->host,
        SLICE("\n"),
        delivery->queue_id,
        SLICE("\n"),
        delivery->recipient,
        SLICE("\n"),
        delivery->status,
        SLICE("\n"),
        delivery->reply,
        SLICE("\n"),
        slice_cstr(bounce_kind_name(delivery->kind)),
        delivery->expired ? SLICE("\nexpired\n") : SLICE("\n"),
        slice_make(time, date_format_iso(delivery->at, time))};

    hash128_init(&hash);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        hash128_add(&hash, parts[i]);
    hash128_hex(&hash, id_out);
}

static enum bounce_action action_of(enum bounce_kind kind)
{
    return kind == BOUNCE_KIND_DELIVERY ? BOUNCE_ACTION_DELIVERED
           : kind == BOUNCE_KIND_DELAY  ? BOUNCE_ACTION_DELAYED
                                        : BOUNCE_ACTION_FAILED;
}

static void fill_event(const struct log *log,
                       const struct log_delivery *delivery,
                       struct bounce_event *event)
{
    event->kind = delivery->kind;
    event->recipient = delivery->recipient;
    event->original_recipient = delivery->original_recipient;
    event->action = action_of(delivery->kind);
    event->permanent = delivery->kind == BOUNCE_KIND_DELIVERY ? -1
                       : delivery->kind == BOUNCE_KIND_DELAY  ? 0
                                                              : 1;
    event->expired = delivery->expired;
    event->status = delivery->status;
    event->stage = delivery->stage;
    event->diagnostic = delivery->reply;
    event->reporting_mta = delivery->host;
    event->remote_mta = delivery->remote;
    event->format = SLICE("log");
    event->written_by = delivery->written_by;
    event->queue_id = delivery->queue_id;
    event->verified = 1; /* our own server says so */
    event->message_id = delivery->message_id;
    event->sender = delivery->sender.len > 0 ? delivery->sender : SLICE_NULL;
    event->scope = log->options.scope;
    event->campaign = delivery->campaign;
    event->service_verdict = delivery->service_verdict;
    if (delivery->kind == BOUNCE_KIND_FEEDBACK)
        event->feedback_type = SLICE("abuse");
    event->occurred_at = delivery->at;
    if (delivery->at != BOUNCE_NO_TIME && delivery->waiting_s >= 0)
        event->sent_at = delivery->at - delivery->waiting_s;
}

static bool emit_sent(struct log *log, const struct record *record)
{
    const struct sent sent = {
        .message_id = record->event.message_id,
        .recipient = record->event.recipient,
        .scope = record->event.scope,
        .campaign = record->event.campaign,
        .ip = record->ip,
        .sender_domain = record->sender_domain,
        .at = record->event.sent_at != BOUNCE_NO_TIME
                  ? record->event.sent_at
                  : record->event.occurred_at,
    };

    /* Without a Message-ID it could not be told from the next one. */
    if (log->options.sent == NULL || sent.message_id.len == 0 ||
        sent.at == BOUNCE_NO_TIME || record->event.kind == BOUNCE_KIND_DELAY)
        return true;
    return log->options.sent(log->options.ctx, &sent);
}

bool log_recall(struct log *log, struct bounce_slice line)
{
    const struct log_counts counts = log->counts;
    bool fine;

    log->quiet = true;
    fine = log_line(log, line);
    log->quiet = false;
    log->counts = counts;
    return fine;
}

bool log_hand_over(struct log *log, const struct record *record)
{
    if (log->quiet)
        return true;
    log->counts.events++;
    return log->options.take(log->options.ctx, record) &&
           emit_sent(log, record);
}

bool log_emit(struct log *log, const struct log_delivery *delivery)
{
    struct record record;
    struct bounce_event judged;
    char id[33];
    size_t at = slice_rfind_byte(delivery->sender, '@');

    if (delivery->recipient.len == 0 || log->quiet)
        return true;
    record_init(&record, NULL);
    fill_event(log, delivery, &record.event);
    if (judge_event(log->options.reader, &record.event, &judged) != BOUNCE_OK)
        return false;
    make_id(delivery, id);
    judged.event_id = slice_make(id, 32);
    record.event = judged;
    record.ip = delivery->ip;
    record.envelope_id = delivery->envelope_id;
    record.service_class = delivery->service_class;
    record.waiting_s = delivery->waiting_s;
    record.tries = delivery->tries;
    if (at != SLICE_NPOS)
        record.sender_domain = slice_from(delivery->sender, at + 1);
    return log_hand_over(log, &record);
}
