/* SPDX-License-Identifier: MIT
 * Reading lines by the patterns of a format. */
#include "report/text.h"

#include "report/address.h"
#include "report/forward.h"
#include "report/original.h"
#include "report/pattern.h"
#include "report/pattern_piece.h"
#include "report/reply_code.h"
#include "report/sendmail.h"

struct extraction {
    struct collect *collect;
    struct text_report *report;
    struct text_entry *open; /* the entry that lines belong to */
    struct buf pending;      /* of formats that give the reason first */
    struct buf loose;
    enum bounce_action section;
    size_t indent; /* of the line that opened the entry, in its paragraph */
    bool after_recipient;
};

/* ---- Recognition ----------------------------------------------------- */

static size_t line_offset(struct bounce_slice s, size_t line)
{
    size_t at = 0;

    while (line-- > 0) {
        size_t end = slice_find_byte(slice_from(s, at), '\n');
        if (end == SLICE_NPOS)
            return s.len;
        at += end + 1;
    }
    return at;
}

/* "----- Message header -----" above what is returned says nothing. */
static struct bounce_slice without_divider(struct bounce_slice body)
{
    struct bounce_slice s = slice_trim(body), line;
    size_t end;

    if (s.len == 0 || memchr("-=*_:", s.ptr[s.len - 1], 5) == NULL)
        return body;
    end = slice_rfind_byte(s, '\n');
    line = end == SLICE_NPOS ? s : slice_trim(slice_from(s, end + 1));
    if (!slice_starts(line, SLICE("---")) &&
        !slice_starts(line, SLICE("===")) &&
        !slice_starts(line, SLICE("***")) && !slice_starts(line, SLICE("___")))
        return body;
    return slice_sub(body, 0, (size_t)(line.ptr - body.ptr));
}

void text_recognize(struct collect *collect, struct text_report *report_out)
{
    struct bounce_slice human = collect->human;
    size_t begin = 0, found = 0, end;

    memset(report_out, 0, sizeof(*report_out));
    format_recognize(collect, human, &report_out->found);
    report_out->known = report_out->found.bounce.format != NULL;
    report_out->seen = report_out->known ? report_out->found.bounce
                                         : report_out->found.fallback;
    report_out->format = report_out->seen.format;
    end = human.len;
    if (report_out->seen.returned != SIZE_MAX)
        end = line_offset(human, report_out->seen.returned);
    /* What stands above the recipients is no returned message: PMDF tells
     * whose it was by its fields. */
    if (report_out->seen.begin != SIZE_MAX)
        begin = line_offset(human, report_out->seen.begin);
    if (begin < end)
        found = begin + original_find(slice_sub(human, begin, end - begin));
    if (found < end && found > 0)
        end = found;
    report_out->body = slice_sub(human, 0, end);
    if (end < human.len)
        report_out->body = without_divider(report_out->body);
    if (collect->tail.ptr == NULL)
        collect->tail = slice_from(human, end);
    if (!collect->original.found && collect->tail.len > 0)
        original_from_text(collect, collect->tail);
    if (report_out->seen.delivered)
        report_out->action = BOUNCE_ACTION_DELIVERED;
    if (report_out->seen.delayed)
        report_out->action = BOUNCE_ACTION_DELAYED;
    if (report_out->seen.failed)
        report_out->action = BOUNCE_ACTION_FAILED;
}

static bool says_failure(struct collect *collect,
                         const struct text_report *report)
{
    struct reply reply;

    reply_parse(collect->message, report->body, &reply);
    return reply.code >= 400 ||
           (reply.status.len > 0 && reply.status.ptr[0] != '2');
}

static bool has_reply_line(struct bounce_slice body)
{
    struct bounce_slice line;
    int code;

    while (slice_next_line(&body, &line))
        if (reply_match_code(slice_trim(line), &code) != 0 && code >= 400)
            return true;
    return false;
}

/* Senders that announce nothing are bounces when the envelope, the subject
 * and the text agree; a reply that names an address may stand for one of
 * them. Software of mailing lists forwards too much to be guessed at. */
bool text_guess(struct collect *collect, const struct text_report *report)
{
    unsigned places = report->seen.places, count = 0;
    bool daemon;

    if (report->seen.excluded || collect->outer.list ||
        forward_is_answer(collect))
        return false;
    if (collect->outer.daemon)
        places |= 1U << FORMAT_PLACE_FROM;
    if (collect->outer.null_sender)
        places |= 1U << FORMAT_PLACE_HEADER;
    /* Who returns the message and says why need not have a daemon's name. */
    if ((places & (1U << FORMAT_PLACE_FROM | 1U << FORMAT_PLACE_HEADER)) == 0)
        return (places & FORMAT_SAID_TWICE) == FORMAT_SAID_TWICE &&
               collect->original.found && has_reply_line(report->body);
    for (; places != 0; places &= places - 1)
        count++;
    if (count >= 3)
        return true;
    /* People write as postmaster; nobody writes as the mailer daemon. */
    daemon = slice_find_nocase(collect->outer.from, SLICE("mailer-daemon")) !=
             SLICE_NPOS;
    if (count < 2 || daemon)
        return daemon && (count >= 2 || says_failure(collect, report));
    /* Statistics of servers are full of replies too. */
    if ((report->seen.places & FORMAT_SAID_TWICE) == 0 &&
        !collect->outer.null_sender)
        return false;
    return says_failure(collect, report);
}

/* ---- Entries --------------------------------------------------------- */

struct text_entry *text_add(struct collect *collect, struct text_report *report,
                            struct bounce_slice recipient)
{
    struct message *m = collect->message;
    struct text_entry *entry;

    if (report->count == m->options->max_events)
        return NULL;
    if (report->count == report->cap) {
        size_t cap = report->cap == 0 ? 8 : 2 * report->cap;
        struct text_entry *more = message_calloc(m, cap, sizeof(*more));
        if (more == NULL)
            return NULL;
        if (report->count > 0)
            memcpy(more, report->entries, report->count * sizeof(*more));
        report->entries = more;
        report->cap = cap;
    }
    entry = &report->entries[report->count++];
    entry->recipient = recipient;
    buf_init(&entry->reply, m->arena, m->options->max_diagnostic);
    return entry;
}

void text_append(struct text_entry *entry, struct bounce_slice line)
{
    line = slice_trim(line);
    if (line.len == 0)
        return;
    if (entry->reply.len > 0)
        buf_add_byte(&entry->reply, '\n');
    buf_add(&entry->reply, line);
}

static void append_buf(struct buf *buf, struct bounce_slice line)
{
    line = slice_trim(line);
    if (line.len == 0)
        return;
    if (buf->len > 0)
        buf_add_byte(buf, '\n');
    buf_add(buf, line);
}

static void take_facts(struct text_entry *entry,
                       const struct pattern_facts *facts)
{
    int code;

    if (facts->orig.ptr != NULL)
        entry->original = facts->orig;
    if (facts->host.ptr != NULL)
        entry->host = facts->host;
    if (facts->ip.ptr != NULL)
        entry->ip = facts->ip;
    if (facts->queue.ptr != NULL)
        entry->queue = facts->queue;
    if (facts->status.ptr != NULL)
        entry->status = facts->status;
    if (facts->stage != BOUNCE_STAGE_NONE)
        entry->stage = facts->stage;
    if (reply_match_code(facts->code, &code) != 0)
        entry->code = code;
}

/* ---- Lines ----------------------------------------------------------- */

static bool same_recipient(const struct text_entry *entry,
                           struct bounce_slice recipient)
{
    return entry != NULL && slice_eq_nocase(entry->recipient, recipient);
}

static size_t indent_of(struct bounce_slice line)
{
    size_t i = 0;

    while (i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t'))
        i++;
    return i;
}

/* A reply that is wrapped may have an address of its own at the start of a
 * line. Such a line is indented under the one that names the recipient. */
static bool is_wrapped(const struct extraction *x, struct bounce_slice line)
{
    return x->open != NULL && !x->open->closed && x->open->reply.len > 0 &&
           indent_of(line) > x->indent;
}

/* "There is no user ann@example.org here.": a sentence says it as a whole. */
static bool is_sentence(const struct extraction *x, struct bounce_slice pattern)
{
    return !x->report->known &&
           slice_find(pattern, SLICE(PATTERN_TEXT)) != SLICE_NPOS;
}

static void begin_entry(struct extraction *x, struct bounce_slice line,
                        struct bounce_slice pattern,
                        const struct pattern_facts *facts)
{
    struct bounce_slice recipient =
        facts->addr.ptr != NULL ? facts->addr : facts->name;
    bool first = (x->report->format->flags & FORMAT_FLAG_REPLY_FIRST) != 0;

    if (!same_recipient(x->open, recipient) ||
        (x->open->closed && x->open->reply.len > 0))
        x->open = text_add(x->collect, x->report, recipient);
    if (x->open == NULL)
        return;
    x->open->action = x->section;
    x->open->line = slice_trim(line);
    x->indent = indent_of(line);
    take_facts(x->open, facts);
    if (is_sentence(x, pattern))
        text_append(x->open, line);
    else if (facts->reply.len > 0)
        text_append(x->open, facts->reply);
    if (first) {
        struct bounce_slice rest = buf_slice(&x->pending), one;
        while (slice_next_line(&rest, &one))
            text_append(x->open, one);
        x->open->closed = true;
    } else if (x->report->format->until == FORMAT_UNTIL_LINE) {
        x->open->closed = true;
    }
    x->after_recipient = true;
}

/* A line that speaks of the open recipient, or of nobody. */
static void add_line(struct extraction *x, struct bounce_slice line)
{
    bool first = (x->report->format->flags & FORMAT_FLAG_REPLY_FIRST) != 0;

    if (first && x->after_recipient && slice_trim(line).len > 0) {
        /* The next reason begins: it is for the recipients behind it. */
        x->pending.len = 0;
        x->after_recipient = false;
    }
    if (x->open != NULL && !x->open->closed)
        text_append(x->open, line);
    else
        append_buf(&x->loose, line);
    if (first)
        append_buf(&x->pending, line);
}

static void begin_section(struct extraction *x, unsigned kind)
{
    x->section = kind == FORMAT_KIND_SECTION_DELAYED ? BOUNCE_ACTION_DELAYED
                 : kind == FORMAT_KIND_SECTION_DELIVERED
                     ? BOUNCE_ACTION_DELIVERED
                     : BOUNCE_ACTION_FAILED;
    x->open = NULL;
}

/* How many addresses, and nothing else, with commas between them. */
static size_t count_listed(struct bounce_slice line)
{
    size_t count = 0, end;

    for (line = slice_trim(line); line.len > 0; count++) {
        if (address_at(line, &end).ptr == NULL)
            return 0;
        line = slice_trim(slice_from(line, end));
        if (line.len == 0)
            continue;
        if (line.ptr[0] != ',' && line.ptr[0] != ';')
            return 0;
        line = slice_trim(slice_from(line, 1));
    }
    return count;
}

/* "ann@example.org, bob@example.com" */
static bool read_listed(struct extraction *x, struct bounce_slice line)
{
    size_t count;

    if (memchr(line.ptr, ',', line.len) == NULL &&
        memchr(line.ptr, ';', line.len) == NULL)
        return false;
    count = count_listed(line);
    if (count < 2 || is_wrapped(x, line))
        return false;
    for (size_t end; count > 0; count--) {
        struct pattern_facts facts;

        memset(&facts, 0, sizeof(facts));
        facts.addr = address_find(line, &end);
        begin_entry(x, facts.addr, SLICE_NULL, &facts);
        line = slice_from(line, end);
    }
    return true;
}

/* The first pattern that fits decides what a line is. Most do not even fit its
 * beginning, or want an address where none is. */
static void read_line(struct extraction *x, struct bounce_slice line)
{
    const struct format *f = x->report->format;
    unsigned char first = ascii_lower((unsigned char)slice_trim(line).ptr[0]);
    bool address = slice_find_byte(line, '@') != SLICE_NPOS;
    struct pattern_facts facts;

    if (address && read_listed(x, line))
        return;
    for (size_t i = 0; i < f->lines; i++) {
        const struct format_line *p = &FORMAT_LINES[f->first_line + i];
        struct bounce_slice pattern;

        if (p->addresses > 0 && !address) {
            i += p->addresses - 1U;
            continue;
        }
        pattern = format_text(p->text, p->text_len);
        if ((p->first != 0 && p->first != first) ||
            !pattern_match(pattern, line, &facts))
            continue;
        switch (p->kind) {
        case FORMAT_KIND_RECIPIENT:
            if (is_wrapped(x, line))
                break;
            begin_entry(x, line, pattern, &facts);
            return;
        case FORMAT_KIND_REPLY:
            if (x->open == NULL)
                break;
            x->open->reply.len = 0;
            x->open->closed = false;
            take_facts(x->open, &facts);
            text_append(x->open, facts.reply.ptr != NULL ? facts.reply : line);
            return;
        case FORMAT_KIND_FACT:
            if (x->open != NULL)
                take_facts(x->open, &facts);
            return;
        case FORMAT_KIND_SKIP:
            return;
        default:
            begin_section(x, p->kind);
            return;
        }
    }
    add_line(x, line);
}

static bool is_end(const struct extraction *x, struct bounce_slice line)
{
    const struct format *f = x->report->format;

    for (size_t i = 0; i < f->marks; i++) {
        const struct format_mark *m = &FORMAT_MARKS[f->first_mark + i];
        if (m->role == FORMAT_ROLE_END && format_mark_hits(m, line))
            return true;
    }
    return false;
}

static void blank_line(struct extraction *x)
{
    x->indent = SIZE_MAX;
    if (x->report->format->until != FORMAT_UNTIL_RECIPIENT && x->open != NULL &&
        x->open->reply.len > 0)
        x->open->closed = true;
}

static void read_lines(struct extraction *x, struct bounce_slice text)
{
    bool ends = (x->report->format->flags & FORMAT_FLAG_ENDS) != 0;
    struct bounce_slice low = SLICE_NULL, line, low_line;

    if (ends)
        low = format_normalize(x->collect->message, text);
    while (slice_next_line(&text, &line)) {
        if (!slice_next_piece(&low, '\n', &low_line))
            low_line = SLICE_NULL;
        if (slice_trim(line).len == 0) {
            blank_line(x);
            continue;
        }
        if (ends && x->report->count > 0 && is_end(x, low_line))
            break;
        read_line(x, line);
    }
}

/* Wrapped lines of one paragraph become one line. */
static struct bounce_slice join_paragraphs(struct message *message,
                                           struct bounce_slice text)
{
    struct bounce_slice rest = text, line;
    bool open = false;
    char *out = message_alloc(message, text.len + 2);
    size_t n = 0;

    if (out == NULL)
        return text;
    while (slice_next_line(&rest, &line)) {
        struct bounce_slice s = slice_trim(line);
        if (s.len == 0) {
            if (open)
                out[n++] = '\n';
            open = false;
            continue;
        }
        if (open)
            out[n++] = ' ';
        memcpy(out + n, s.ptr, s.len);
        n += s.len;
        open = true;
    }
    return slice_make(out, n);
}

/* Recipients listed above one common reason share it. Where no reason stands
 * below, the line that names the recipient may tell it: "Unknown user: a@b". */
static void share_replies(struct text_report *report)
{
    for (size_t i = report->count; i > 1; i--) {
        struct text_entry *e = &report->entries[i - 2];
        const struct text_entry *next = &report->entries[i - 1];
        if (e->reply.len == 0 && next->reply.len > 0 && e->code == 0 &&
            e->status.ptr == NULL)
            text_append(e, buf_slice(&next->reply));
    }
    for (size_t i = 0; i < report->count; i++) {
        struct text_entry *e = &report->entries[i];
        if (e->reply.len == 0 && e->line.len > e->recipient.len + 8)
            text_append(e, e->line);
    }
}

void text_extract(struct collect *collect, struct text_report *report)
{
    struct message *m = collect->message;
    struct extraction x;
    struct bounce_slice text = report->body;

    memset(&x, 0, sizeof(x));
    x.collect = collect;
    x.report = report;
    buf_init(&x.pending, m->arena, m->options->max_diagnostic);
    buf_init(&x.loose, m->arena, m->options->max_diagnostic);
    if (report->seen.begin != SIZE_MAX)
        text = slice_from(text, line_offset(text, report->seen.begin + 1));
    if ((report->format->flags & FORMAT_FLAG_JOIN) != 0)
        text = join_paragraphs(m, text);
    if (report->format->reader == FORMAT_READER_SENDMAIL)
        sendmail_read(collect, report, text);
    else
        read_lines(&x, text);
    share_replies(report);
    report->loose = buf_slice(&x.loose);
    if (x.loose.failed || x.pending.failed)
        m->failed = arena_error(m->arena);
}
