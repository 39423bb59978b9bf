/* SPDX-License-Identifier: MIT
 * journalctl -o json: an object a line (systemd.journal-fields(7)). */
#include "ingest/json_scan.h"
#include "ingest/log/part.h"

static int64_t microseconds(struct bounce_slice text)
{
    int64_t value = 0;

    for (size_t i = 0; i < text.len && i < 18; i++) {
        if (!ascii_is_digit((unsigned char)text.ptr[i]))
            return BOUNCE_NO_TIME;
        value = value * 10 + (text.ptr[i] - '0');
    }
    return text.len > 0 ? value / 1000000 : BOUNCE_NO_TIME;
}

/* A string as it is; of anything else (a message of bytes that are no UTF-8 is
 * an array of numbers) nothing. */
static struct bounce_slice text_value(struct json_scan *scan)
{
    if (json_scan_take(scan, '"'))
        return json_scan_string(scan);
    json_scan_value(scan);
    return SLICE_NULL;
}

static bool read_entry(struct log *log, struct bounce_slice line,
                       struct log_syslog *syslog_out)
{
    char *text = log_scratch(log, line);
    struct json_scan scan;

    *syslog_out = (struct log_syslog){.at = BOUNCE_NO_TIME};
    if (text == NULL)
        return false;
    json_scan_init(&scan, text, line.len);
    if (!json_scan_take(&scan, '{'))
        return true;
    for (bool first = true; json_scan_next(&scan, '}', first); first = false) {
        struct bounce_slice name = json_scan_name(&scan);
        struct bounce_slice value = text_value(&scan);

        if (slice_eq(name, SLICE("MESSAGE")))
            syslog_out->text = slice_trim(value);
        else if (slice_eq(name, SLICE("SYSLOG_IDENTIFIER")))
            syslog_out->program = value;
        else if (slice_eq(name, SLICE("_HOSTNAME")))
            syslog_out->host = value;
        else if (slice_eq(name, SLICE("__REALTIME_TIMESTAMP")))
            syslog_out->at = microseconds(value);
    }
    if (scan.flaw != NULL) {
        log->counts.flawed++;
        syslog_out->at = BOUNCE_NO_TIME;
    }
    return true;
}

bool log_journal(struct log *log, struct bounce_slice line)
{
    struct log_syslog syslog;

    if (!read_entry(log, line, &syslog))
        return false;
    if (syslog.at == BOUNCE_NO_TIME || syslog.text.len == 0)
        return true;
    if (slice_find_byte(syslog.program, '/') != SLICE_NPOS)
        return log_postfix(log, &syslog);
    if (slice_starts(syslog.program, SLICE("smtpd")))
        return log_opensmtpd(log, &syslog);
    if (slice_starts(syslog.program, SLICE("exim")))
        return log_exim_entry(log, syslog.at, syslog.text);
    return log_sendmail(log, &syslog);
}
