/* SPDX-License-Identifier: MIT
 * Exim's main log (the specification's chapter "Log files"):
 *
 *     2026-11-22 01:02:03 1tAbCd-000001-Ab <= a@example.org H=... S=900 id=x@example.org
 *     2026-11-22 01:02:04 1tAbCd-000001-Ab => b@example.net R=dnslookup T=remote_smtp
 *         H=mx.example.net [192.0.2.1] C="250 OK"
 *     2026-11-22 01:02:04 1tAbCd-000001-Ab ** c@example.net R=... T=... H=...: SMTP error
 *         from remote mail server after RCPT TO:<c@example.net>: 550 no such user
 *     2026-11-22 01:02:04 1tAbCd-000001-Ab == d@example.net R=... T=... defer (-44): ...
 *     2026-11-22 01:02:05 1tAbCd-000001-Ab Completed */
#include "base/date.h"
#include "ingest/log/part.h"

struct exim_line {
    int64_t at;
    struct bounce_slice id, flag, text;
};

static struct bounce_slice take_word(struct bounce_slice *rest)
{
    size_t end = slice_find_byte(*rest, ' ');
    struct bounce_slice word = slice_sub(*rest, 0, end);

    *rest = slice_from(*rest, end == SLICE_NPOS ? rest->len : end + 1);
    return word;
}

/* 6-6-2 letters and digits, since Exim 4.97 6-11-4. */
static bool is_id(struct bounce_slice word)
{
    const bool old = word.len == 16, young = word.len == 23;

    if ((!old && !young) || word.ptr[6] != '-' ||
        word.ptr[old ? 13 : 18] != '-')
        return false;
    for (size_t i = 0; i < word.len; i++) {
        if (!ascii_is_alnum((unsigned char)word.ptr[i]) && word.ptr[i] != '-')
            return false;
    }
    return true;
}

/* "+0100 ": log_timezone. */
static bool take_zone(struct bounce_slice *rest, int64_t *east_s_out)
{
    unsigned zone;

    if (rest->len < 6 || (rest->ptr[0] != '+' && rest->ptr[0] != '-') ||
        slice_parse_uint(slice_sub(*rest, 1, 4), 4, &zone) != 4)
        return false;
    *east_s_out = (int64_t)(zone / 100) * 3600 + (int64_t)(zone % 100) * 60;
    if (rest->ptr[0] == '-')
        *east_s_out = -*east_s_out;
    *rest = slice_from(*rest, 6);
    return true;
}

/* Date, time and perhaps a zone: what stands before the text. */
static bool take_time(struct bounce_slice *line, int64_t *at_out)
{
    struct bounce_slice rest;
    int64_t east_s;

    if (line->len < 40 || !ascii_is_digit((unsigned char)line->ptr[0]) ||
        line->ptr[10] != ' ')
        return false;
    rest = slice_from(*line, 19);
    if (rest.ptr[0] == '.') /* log_selector +millisec */
        rest = slice_from(rest, slice_find_byte(rest, ' '));
    rest = slice_from(rest, 1);
    *at_out = date_parse(slice_sub(*line, 0, 19));
    if (*at_out != BOUNCE_NO_TIME && take_zone(&rest, &east_s))
        *at_out -= east_s;
    *line = rest;
    return *at_out != BOUNCE_NO_TIME;
}

static bool read_line(struct bounce_slice rest, struct exim_line *exim_out)
{
    struct bounce_slice word = take_word(&rest);

    if (word.len > 0 && word.ptr[0] == '[') /* log_selector +pid */
        word = take_word(&rest);
    if (!is_id(word))
        return false;
    exim_out->id = word;
    exim_out->flag = take_word(&rest);
    exim_out->text = rest;
    return true;
}

/* "F=<x>", "H=host [ip]", "id=..." up to the next blank. */
static struct bounce_slice field(struct bounce_slice text, const char *name)
{
    struct bounce_slice value = log_value(text, name);

    return slice_sub(value, 0, slice_find_byte(value, ' '));
}

static bool note_arrival(struct log *log, const struct exim_line *line)
{
    struct bounce_slice rest = line->text;
    struct bounce_slice sender = take_word(&rest), id = field(rest, "id=");
    struct log_queued *queued =
        log_queue_make(log->queue, SLICE_NULL, line->id);

    return queued != NULL &&
           log_queued_set(&queued->sender, log_address(sender)) &&
           (id.len == 0 || log_queued_set(&queued->message_id, id));
}

/* "b@example.net", "b <b@example.net>" (a local part before its address),
 * "alias@x <original@y>". */
static void take_recipient(struct bounce_slice *text,
                           struct log_delivery *delivery)
{
    struct bounce_slice first = take_word(text), second;

    if (slice_starts(first, SLICE(":"))) { /* ":blackhole: <b@example.net>" */
        first = take_word(text);
    } else if (text->len > 0 && text->ptr[0] == '<') {
        second = log_address(take_word(text));
        if (slice_find_byte(first, '@') == SLICE_NPOS)
            first = second;
        else
            delivery->original_recipient = second;
    }
    delivery->recipient = log_address(first);
    if (delivery->recipient.len > 0 &&
        delivery->recipient.ptr[delivery->recipient.len - 1] == ':')
        delivery->recipient.len--; /* "** a@b: retry timeout exceeded" */
}

/* What the router or the server said: behind the first colon that ends a
 * field, or in C="...". */
static struct bounce_slice reply_of(struct bounce_slice text,
                                    enum bounce_kind kind)
{
    size_t at;

    if (kind == BOUNCE_KIND_DELIVERY) {
        at = slice_find(text, SLICE(" C=\""));
        if (at == SLICE_NPOS)
            return SLICE_NULL;
        text = slice_from(text, at + 4);
        return slice_sub(text, 0, slice_rfind_byte(text, '"'));
    }
    at = slice_find(text, SLICE(" defer ("));
    if (at != SLICE_NPOS) /* "defer (-44) H=host [ip]: ..." */
        text = slice_from(text, at + 8);
    at = slice_find(text, SLICE(": "));
    return at == SLICE_NPOS ? text : slice_from(text, at + 2);
}

/* The ids of Message-IDs are logged without their brackets. */
static struct bounce_slice with_brackets(struct log *log, const char *id)
{
    size_t len = id != NULL ? strlen(id) : 0;
    char *text;

    if (len == 0)
        return SLICE_NULL;
    if (id[0] == '<')
        return slice_make(id, len);
    text = arena_alloc(&log->arena, len + 2);
    if (text == NULL)
        return SLICE_NULL;
    text[0] = '<';
    memcpy(text + 1, id, len);
    text[len + 1] = '>';
    return slice_make(text, len + 2);
}

/* What is given up says so and nothing more; the cause stood in the line of its
 * last deferral. */
static void recall_cause(const struct log_queued *queued,
                         struct log_delivery *delivery)
{
    for (const struct log_deferred *at = queued != NULL ? queued->deferred
                                                        : NULL;
         at != NULL; at = at->next) {
        if (!slice_eq(at->recipient, delivery->recipient))
            continue;
        delivery->remote = at->remote;
        delivery->reply = at->reply;
        return;
    }
}

static bool remember_cause(struct log *log, const struct exim_line *line,
                           const struct log_delivery *delivery)
{
    const struct log_deferred deferred = {.recipient = delivery->recipient,
                                          .remote = delivery->remote,
                                          .reply = delivery->reply};
    struct log_queued *queued =
        log_queue_make(log->queue, SLICE_NULL, line->id);

    return queued != NULL && log_queued_defer(queued, &deferred);
}

static bool deliver(struct log *log, const struct exim_line *line,
                    enum bounce_kind kind)
{
    const struct log_queued *queued =
        log_queue_find(log->queue, SLICE_NULL, line->id);
    struct bounce_slice text = line->text, waited;
    struct log_delivery delivery;

    log_delivery_init(&delivery, line->at);
    delivery.kind = kind;
    delivery.written_by = SLICE("exim");
    delivery.queue_id = line->id;
    if (queued != NULL) {
        delivery.sender = slice_cstr(queued->sender);
        delivery.message_id = with_brackets(log, queued->message_id);
    }
    if (text.len > 0 && text.ptr[0] == ':' && slice_starts(text, SLICE(": ")))
        text = slice_from(text, 2);
    take_recipient(&text, &delivery);
    delivery.remote = log_host(field(text, "H="));
    delivery.reply = reply_of(line->text, kind);
    delivery.expired =
        kind == BOUNCE_KIND_BOUNCE &&
        slice_find(text, SLICE("retry timeout exceeded")) != SLICE_NPOS;
    waited = field(text, "QT=");
    delivery.waiting_s = log_span(waited);
    if (slice_find_byte(delivery.recipient, '@') == SLICE_NPOS)
        return true; /* a file, a pipe, a local part without its domain */
    if (delivery.expired)
        recall_cause(queued, &delivery);
    if (kind != BOUNCE_KIND_DELAY)
        return log_emit(log, &delivery);
    if (slice_find(line->text, SLICE("retry time not reached")) != SLICE_NPOS)
        return true; /* it was not tried */
    return log_emit(log, &delivery) && remember_cause(log, line, &delivery);
}

bool log_exim_entry(struct log *log, int64_t at, struct bounce_slice text)
{
    struct exim_line exim = {.at = at};
    struct log_queued *queued;

    if (!read_line(text, &exim))
        return true;
    if (slice_eq(exim.flag, SLICE("<=")))
        return note_arrival(log, &exim);
    if (slice_eq(exim.flag, SLICE("=>")) || slice_eq(exim.flag, SLICE("->")))
        return deliver(log, &exim, BOUNCE_KIND_DELIVERY);
    if (slice_eq(exim.flag, SLICE("**")))
        return deliver(log, &exim, BOUNCE_KIND_BOUNCE);
    if (slice_eq(exim.flag, SLICE("==")))
        return deliver(log, &exim, BOUNCE_KIND_DELAY);
    if (slice_eq(exim.flag, SLICE("Completed"))) {
        queued = log_queue_find(log->queue, SLICE_NULL, exim.id);
        if (queued != NULL)
            log_queue_remove(queued);
    }
    return true;
}

bool log_exim(struct log *log, struct bounce_slice line)
{
    int64_t at;

    return !take_time(&line, &at) || log_exim_entry(log, at, line);
}
