/* SPDX-License-Identifier: MIT
 * PowerMTA's accounting files: CSV whose first row names the columns. Records
 * by type: d delivered, b bounced, t and tq tried and queued again, rb a report
 * that came later, f a complaint. */
#include <errno.h>
#include <stdlib.h>

#include "base/date.h"
#include "ingest/csv.h"
#include "ingest/log/part.h"

enum column {
    TYPE,
    TIME_LOGGED,
    TIME_QUEUED,
    ORIG,
    RCPT,
    DSN_STATUS,
    DSN_DIAG,
    DSN_MTA,
    BOUNCE_CAT,
    DLV_SOURCE_IP,
    JOB_ID,
    ENV_ID,
    MESSAGE_ID,
    COLUMNS
};

static const char *const column_names[COLUMNS] = {
    "type",      "timeLogged", "timeQueued",       "orig",      "rcpt",
    "dsnStatus", "dsnDiag",    "dsnMta",           "bounceCat", "dlvSourceIp",
    "jobId",     "envId",      "header_Message-Id"};

struct log_powermta {
    struct csv *csv;
    struct bounce_slice line; /* what of it was not yet read */
    size_t columns[COLUMNS];  /* where each stands; SIZE_MAX: nowhere */
    bool named;
};

static ssize_t read_line(void *ctx, char *buf, size_t cap)
{
    struct log_powermta *powermta = ctx;
    struct bounce_slice part = slice_sub(powermta->line, 0, cap);

    if (part.len > 0)
        memcpy(buf, part.ptr, part.len);
    powermta->line = slice_from(powermta->line, part.len);
    return (ssize_t)part.len;
}

void log_powermta_free(struct log_powermta *powermta)
{
    if (powermta == NULL)
        return;
    csv_free(powermta->csv);
    free(powermta);
}

static struct log_powermta *powermta_new(void)
{
    struct log_powermta *powermta = calloc(1, sizeof(*powermta));

    if (powermta == NULL)
        return NULL;
    powermta->csv = csv_new(read_line, powermta);
    if (powermta->csv == NULL) {
        free(powermta);
        return NULL;
    }
    return powermta;
}

/* A row of names; files may be joined, so each one counts from there on. */
static bool take_names(struct log_powermta *powermta, const struct csv_row *row)
{
    if (!slice_eq_nocase(row->fields[0], SLICE("type")))
        return false;
    for (size_t c = 0; c < COLUMNS; c++) {
        powermta->columns[c] = SIZE_MAX;
        for (size_t i = 0; i < row->count; i++) {
            if (slice_eq_nocase(row->fields[i], slice_cstr(column_names[c])))
                powermta->columns[c] = i;
        }
    }
    powermta->named = true;
    return true;
}

static struct bounce_slice field(const struct log_powermta *powermta,
                                 const struct csv_row *row, enum column column)
{
    const size_t at = powermta->columns[column];

    return at < row->count && row->fields[at].len > 0 ? row->fields[at]
                                                      : SLICE_NULL;
}

static bool set_kind(struct log_delivery *delivery, struct bounce_slice type)
{
    if (slice_eq(type, SLICE("d")))
        delivery->kind = BOUNCE_KIND_DELIVERY;
    else if (slice_starts(type, SLICE("t")))
        delivery->kind = BOUNCE_KIND_DELAY;
    else if (slice_eq(type, SLICE("f")))
        delivery->kind = BOUNCE_KIND_FEEDBACK;
    else
        return slice_eq(type, SLICE("b")) || slice_eq(type, SLICE("rb"));
    return true;
}

/* What PowerMTA's own bounce categories say of the address. */
static void take_verdict(struct log_delivery *delivery,
                         struct bounce_slice verdict)
{
    static const struct {
        const char *verdict;
        enum bounce_class cls;
    } classes[] = {
        {"bad-mailbox", BOUNCE_CLASS_HARD},
        {"bad-domain", BOUNCE_CLASS_HARD},
        {"inactive-mailbox", BOUNCE_CLASS_HARD},
        {"quota-issues", BOUNCE_CLASS_SOFT},
        {"no-answer-from-host", BOUNCE_CLASS_SOFT},
    };

    delivery->service_verdict = verdict;
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (slice_eq(verdict, slice_cstr(classes[i].verdict)))
            delivery->service_class = classes[i].cls;
    }
}

/* "5.1.1 (bad destination mailbox address)" */
static struct bounce_slice bare_status(struct bounce_slice status)
{
    return slice_sub(status, 0, slice_find_byte(status, ' '));
}

/* "smtp;550 5.1.1 ...": RFC 3464 section 2.3.6. */
static struct bounce_slice bare_diagnostic(struct bounce_slice text)
{
    return slice_starts_nocase(text, SLICE("smtp;"))
               ? slice_trim(slice_from(text, 5))
               : text;
}

static bool take_row(struct log *log, const struct csv_row *row)
{
    const struct log_powermta *powermta = log->powermta;
    int64_t queued_at = date_parse(field(powermta, row, TIME_QUEUED));
    struct log_delivery delivery;

    log_delivery_init(&delivery, date_parse(field(powermta, row, TIME_LOGGED)));
    if (!set_kind(&delivery, field(powermta, row, TYPE)))
        return true;
    delivery.written_by = SLICE("powermta");
    delivery.recipient = log_address(field(powermta, row, RCPT));
    delivery.sender = log_address(field(powermta, row, ORIG));
    delivery.status = bare_status(field(powermta, row, DSN_STATUS));
    delivery.reply = bare_diagnostic(field(powermta, row, DSN_DIAG));
    delivery.remote = log_host(field(powermta, row, DSN_MTA));
    if (delivery.remote.ptr != NULL) /* "mx.example.net (192.0.2.1)" */
        delivery.remote = slice_sub(delivery.remote, 0,
                                    slice_find_byte(delivery.remote, ' '));
    take_verdict(&delivery, field(powermta, row, BOUNCE_CAT));
    delivery.ip = field(powermta, row, DLV_SOURCE_IP);
    delivery.campaign = field(powermta, row, JOB_ID);
    delivery.envelope_id = field(powermta, row, ENV_ID);
    delivery.message_id = field(powermta, row, MESSAGE_ID);
    if (delivery.at != BOUNCE_NO_TIME && queued_at != BOUNCE_NO_TIME &&
        queued_at <= delivery.at)
        delivery.waiting_s = delivery.at - queued_at;
    return log_emit(log, &delivery);
}

bool log_powermta(struct log *log, struct bounce_slice line)
{
    struct csv_row row;

    if (log->powermta == NULL && (log->powermta = powermta_new()) == NULL)
        return false;
    log->powermta->line = line;
    csv_jump(log->powermta->csv, 0, 1);
    switch (csv_next(log->powermta->csv, &row)) {
    case CSV_ROW:
        break;
    case CSV_BAD:
        log->counts.flawed++;
        return true;
    case CSV_END:
        return csv_error(log->powermta->csv) != ENOMEM;
    }
    if (take_names(log->powermta, &row))
        return true;
    if (!log->powermta->named) {
        log->counts.flawed++;
        return true;
    }
    return take_row(log, &row);
}
