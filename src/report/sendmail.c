/* SPDX-License-Identifier: MIT */
#include "report/sendmail.h"

#include "report/address.h"
#include "report/pattern.h"
#include "report/pattern_piece.h"
#include "report/reply_wrap.h"

struct transcript {
    struct collect *collect;
    struct text_report *report;
    struct text_entry *last; /* the entry named last */
    bool begun;              /* a section was seen */
    bool listing;            /* inside a list of addresses */
    enum bounce_action section;
    struct buf answer; /* "<<<" lines not yet given to anybody */
    struct buf notes;  /* other lines not yet given to anybody */
    struct buf common; /* what is about everybody */
    struct bounce_slice host;
    struct bounce_slice rcpt; /* of the last ">>> RCPT To:" */
    enum bounce_stage stage;
    struct text_entry *data; /* took the answer to ">>> DATA" last */
    bool greeting;           /* nothing was said to the host yet */
    bool leaving;            /* behind ">>> QUIT" */
};

static void add_line(struct buf *buf, struct bounce_slice line)
{
    if (buf->len > 0)
        buf_add_byte(buf, '\n');
    buf_add(buf, line);
}

static struct text_entry *find_entry(struct transcript *t,
                                     struct bounce_slice recipient)
{
    size_t n = t->report->count;

    /* Transcripts are short; of a long one the nearest entries suffice. */
    for (size_t i = n; i > 0 && n - i < 200; i--)
        if (slice_eq_nocase(t->report->entries[i - 1].recipient, recipient) ||
            slice_eq_nocase(t->report->entries[i - 1].original, recipient))
            return &t->report->entries[i - 1];
    return NULL;
}

static struct text_entry *add_entry(struct transcript *t,
                                    struct bounce_slice recipient)
{
    struct text_entry *entry = find_entry(t, recipient);

    if (entry == NULL) {
        entry = text_add(t->collect, t->report, recipient);
        if (entry != NULL)
            entry->action = t->section;
    }
    t->last = entry;
    return entry;
}

/* "----- The following addresses had permanent fatal errors -----" */
static bool read_section(struct transcript *t, struct bounce_slice line)
{
    static const struct {
        struct bounce_slice words;
        enum bounce_action action;
        bool listing;
    } sections[] = {
        {{"had permanent", 13}, BOUNCE_ACTION_FAILED, true},
        {{"had fatal errors", 16}, BOUNCE_ACTION_FAILED, true},
        {{"had transient", 13}, BOUNCE_ACTION_DELAYED, true},
        {{"had successful", 14}, BOUNCE_ACTION_DELIVERED, true},
        {{"had delivery", 12}, BOUNCE_ACTION_FAILED, true},
        {{"addresses had", 13}, BOUNCE_ACTION_FAILED, true},
        {{"transcript of session", 21}, BOUNCE_ACTION_NONE, false},
    };

    if (!slice_starts(line, SLICE("---")))
        return false;
    t->begun = true;
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (slice_find_nocase(line, sections[i].words) == SLICE_NPOS)
            continue;
        t->listing = sections[i].listing;
        if (t->listing)
            t->section = sections[i].action;
        return true;
    }
    return true; /* an unknown divider */
}

/* One line of a list: an address, or what stands below it. */
static void read_listed(struct transcript *t, struct bounce_slice line)
{
    struct pattern_facts f;
    struct bounce_slice address;
    size_t end;

    if (pattern_match(SLICE("(reason: " PATTERN_REPLY ")"), line, &f) ||
        pattern_match(SLICE("(reason: " PATTERN_REPLY), line, &f)) {
        if (t->last != NULL)
            text_append(t->last, f.reply);
        return;
    }
    if (pattern_match(SLICE("(expanded from: " PATTERN_ORIG ")" PATTERN_TEXT),
                      line, &f) ||
        pattern_match(SLICE("(expanded from: " PATTERN_NAME ")" PATTERN_TEXT),
                      line, &f)) {
        if (t->last != NULL)
            t->last->original = f.orig.ptr != NULL ? f.orig : f.name;
        return;
    }
    if (line.ptr[0] == '(')
        return;
    address = address_at(line, &end);
    if (address.ptr == NULL) {
        /* "|/path/prog", /var/mail/file or a local name */
        if (line.ptr[0] == '"' || line.ptr[0] == '|' || line.ptr[0] == '/' ||
            slice_find_byte(line, ' ') == SLICE_NPOS)
            (void)add_entry(t, line);
        return;
    }
    (void)add_entry(t, address);
    line = slice_trim(slice_from(line, end));
    if (t->last != NULL && slice_starts(line, SLICE("...")))
        text_append(t->last, slice_from(line, 3));
}

/* "550 5.1.1", "452 4.2.2": no answer to DATA. */
static bool is_about_recipient(struct bounce_slice answer)
{
    int code;
    size_t len = reply_match_code(answer, &code);

    answer = slice_from(answer, len > 0 ? len + 1 : 0);
    return reply_match_status(answer) > 0 &&
           (answer.ptr[2] == '1' || answer.ptr[2] == '2') &&
           answer.ptr[3] == '.';
}

/* A reply is given to an entry. What the list said is kept when the reply is
 * another one; when it is the same the transcript has it whole. */
static void give(struct transcript *t, struct text_entry *entry,
                 struct bounce_slice own)
{
    struct bounce_slice said = buf_slice(&entry->reply);
    struct bounce_slice answer = buf_slice(&t->answer), rest, line;
    int a, b;

    if (t->answer.len > 0 &&
        (said.len == 0 || (reply_match_code(said, &a) != 0 &&
                           reply_match_code(answer, &b) != 0 && a == b))) {
        entry->reply.len = 0;
        for (rest = answer; slice_next_line(&rest, &line);)
            text_append(entry, line);
    } else if (said.len == 0 || (reply_match_code(said, &a) == 0 &&
                                 reply_match_code(own, &b) != 0)) {
        /* "(reason: 77)": Sendmail's own line has the code. */
        text_append(entry, own);
        for (rest = said; slice_next_line(&rest, &line);)
            text_append(entry, line);
        for (rest = buf_slice(&t->notes); slice_next_line(&rest, &line);)
            text_append(entry, line);
    }
    if (entry->host.ptr == NULL)
        entry->host = t->host;
    if (entry->stage == BOUNCE_STAGE_NONE) {
        entry->stage = t->stage;
        if (t->stage == BOUNCE_STAGE_DATA && t->answer.len > 0)
            t->data = entry;
    }
    if (t->data == entry && is_about_recipient(answer))
        entry->stage = BOUNCE_STAGE_RCPT;
    t->answer.len = t->notes.len = 0;
}

/* "550 5.1.1 <user@example.org>... User unknown" and "<user@example.org>...
 * Deferred: ...": Sendmail's own word, behind the answer it came from. */
static bool read_summary(struct transcript *t, struct bounce_slice line)
{
    struct bounce_slice rest = line, address, text;
    size_t end = 0, status;
    struct text_entry *entry;
    int code = 0, inner;

    if (reply_match_code(rest, &code) != 0) {
        rest = slice_trim(slice_from(rest, 3));
        status = reply_match_status(rest);
        rest = slice_trim(slice_from(rest, status));
    }
    address = address_at(rest, &end);
    if (address.ptr == NULL ||
        !slice_starts(slice_from(rest, end), SLICE("...")))
        return false;
    text = slice_trim(slice_from(rest, end + 3));
    if (code >= 200 && code < 300)
        return true; /* delivered or deferred: told elsewhere */
    entry = add_entry(t, address);
    if (entry == NULL)
        return true;
    /* Sendmail 5 repeats the code it found: "554 <a@b>... 550 Host unknown";
     * a word of its own keeps the whole line. */
    give(t, entry, reply_match_code(text, &inner) != 0 ? text : line);
    return true;
}

static void read_command(struct transcript *t, struct bounce_slice command)
{
    enum bounce_stage stage = reply_stage(command);

    t->greeting = false;
    t->data = NULL;
    /* What the server says when we leave is not why we do. */
    t->leaving = slice_starts_nocase(command, SLICE("QUIT"));
    if (t->leaving)
        return;
    t->answer.len = 0;
    if (stage != BOUNCE_STAGE_NONE)
        t->stage = stage;
    if (stage == BOUNCE_STAGE_RCPT)
        t->rcpt = address_find(command, NULL);
}

static void read_answer(struct transcript *t, struct bounce_slice answer)
{
    if (t->leaving)
        return;
    if (t->greeting)
        t->stage = BOUNCE_STAGE_CONNECT;
    /* One more answer and no command: this one is to DATA, and the one before
     * was to a RCPT that had been pipelined. */
    if (t->data != NULL)
        t->data->stage = BOUNCE_STAGE_RCPT;
    add_line(&t->answer, answer);
}

/* What Sendmail says below the cause of every delay. */
static bool is_notice(struct bounce_slice line)
{
    return slice_starts_nocase(line, SLICE("warning: message still und")) ||
           slice_starts_nocase(line, SLICE("will keep trying"));
}

static void read_line(struct transcript *t, struct bounce_slice line)
{
    struct pattern_facts f;
    int code;

    if (slice_starts(line, SLICE(">>>"))) {
        read_command(t, slice_trim(slice_from(line, 3)));
    } else if (slice_starts(line, SLICE("<<<"))) {
        read_answer(t, slice_trim(slice_from(line, 3)));
    } else if (pattern_match(
                   SLICE(PATTERN_TEXT
                         "while talking to " PATTERN_HOST PATTERN_TEXT),
                   line, &f)) {
        t->host = f.host.ptr != NULL ? f.host : f.ip;
        t->answer.len = 0;
        t->stage = BOUNCE_STAGE_NONE;
        t->data = NULL;
        t->greeting = true;
        t->leaving = false;
    } else if (read_summary(t, line) ||
               pattern_match(SLICE(PATTERN_CODE " " PATTERN_HOST
                                                " (" PATTERN_TEXT
                                                ")... " PATTERN_TEXT),
                             line, &f)) {
        return; /* Sendmail 5 tells of the host before the recipients */
    } else if (reply_match_code(line, &code) != 0 && code >= 400) {
        /* "554 5.0.0 Service unavailable": about all that had no answer */
        if (t->answer.len > 0) {
            struct bounce_slice rest = buf_slice(&t->answer), one;
            t->common.len = 0;
            while (slice_next_line(&rest, &one))
                add_line(&t->common, one);
            t->answer.len = 0;
        } else if (t->common.len == 0) {
            add_line(&t->common, line);
        }
    } else if (t->last != NULL &&
               slice_starts_nocase(line, SLICE("message "))) {
        text_append(t->last, line);
    } else if (t->last != NULL && t->last->reply.len > 0 && is_notice(line)) {
        return; /* says no more than that the report is a warning */
    } else {
        add_line(&t->notes, line);
    }
}

static void finish(struct transcript *t)
{
    for (size_t i = 0; i < t->report->count; i++) {
        struct text_entry *e = &t->report->entries[i];
        struct bounce_slice rest, line;
        /* The reason in the list is the first line of the answer to all. */
        bool begins = e->reply.len > 4 && e->reply.len < t->common.len &&
                      slice_starts(buf_slice(&t->common), buf_slice(&e->reply));

        if (e->host.ptr == NULL)
            e->host = t->host;
        /* An answer that no summary line followed, but for one recipient. */
        if (e->reply.len == 0 && t->common.len == 0 && t->answer.len > 0)
            for (rest = buf_slice(&t->answer); slice_next_line(&rest, &line);)
                text_append(e, line);
        if (e->reply.len == 0)
            for (rest = buf_slice(&t->notes); slice_next_line(&rest, &line);)
                text_append(e, line);
        if (begins)
            e->reply.len = 0;
        for (rest = buf_slice(&t->common); slice_next_line(&rest, &line);) {
            int code;
            struct bounce_slice said = buf_slice(&e->reply);
            /* "(reason: 255)" says less than the summary. */
            if (begins || reply_match_code(said, &code) == 0 || said.len < 5)
                text_append(e, line);
        }
        if (e->stage == BOUNCE_STAGE_NONE)
            e->stage = t->stage;
    }
}

void sendmail_read(struct collect *collect, struct text_report *report,
                   struct bounce_slice text)
{
    struct message *m = collect->message;
    struct transcript t;
    struct bounce_slice line;

    memset(&t, 0, sizeof(t));
    t.collect = collect;
    t.report = report;
    buf_init(&t.answer, m->arena, m->options->max_diagnostic);
    buf_init(&t.notes, m->arena, m->options->max_diagnostic);
    buf_init(&t.common, m->arena, m->options->max_diagnostic);
    while (slice_next_line(&text, &line)) {
        line = slice_trim(line);
        if (line.len == 0 || read_section(&t, line) || !t.begun)
            continue;
        if (t.listing)
            read_listed(&t, line);
        else
            read_line(&t, line);
    }
    finish(&t);
    if (t.answer.failed || t.notes.failed || t.common.failed)
        m->failed = arena_error(m->arena);
}
