/* SPDX-License-Identifier: MIT
 * Two passes over a diagnostic: reply_join() makes one line of it and marks the
 * bytes where a word, a number or a sign begins, scan_text() looks at those.
 * The last reply that is surely one is the innermost. */
#include "report/reply.h"

#include "report/reply_code.h"
#include "report/reply_join.h"
#include "report/reply_words.h"
#include "report/reply_wraps.h"

/* How sure a head is the beginning of a quoted reply. */
enum rank {
    RANK_NONE = 0,
    RANK_STATUS, /* a status alone, where the text or a wrapper opens */
    RANK_MARK,   /* a code behind a bracket, colon or "error" */
    RANK_PAIR,   /* a code with its status */
    RANK_OPEN    /* where the text or a wrapper opens */
};

struct scan {
    struct bounce_slice whole; /* white space collapsed */
    const char *low;           /* the same bytes, ASCII letters lowered */
    struct reply_line line;
    struct reply *reply;
    struct reply_head head;
    enum rank rank;
    size_t head_at;
    size_t opened; /* behind the last opening wrapper; SLICE_NPOS none */
    size_t tail;   /* where the quoted reply ends; SLICE_NPOS at the end */
    struct bounce_slice outer; /* status of a head that was replaced */
    size_t asked;              /* behind WRAP_ASKED; 0: there is none */
    struct bounce_slice loose; /* status behind the head */
    bool loose_marked;         /* ... written "(#5.1.1)" */
};

/* ---- Heads ----------------------------------------------------------- */

/* A word before a bare code that says it is one. */
static bool keyword_before(const struct scan *scan, size_t at)
{
    struct bounce_slice before = slice_make(scan->low, at);

    before = slice_trim(before);
    for (const struct bounce_slice *word = REPLY_CODE_WORDS; word->len > 0;
         word++) {
        if (slice_ends_nocase(before, *word))
            return true;
    }
    return false;
}

/* The byte before a head, blanks skipped, is one that opens a quotation. */
static bool mark_before(const struct scan *scan, size_t at)
{
    if (at > 0 && scan->low[at - 1] == ' ')
        at--;
    if (at == 0 || slice_ends_nocase(slice_make(scan->low, at),
                                     SLICE("\xEF\xBC\x9A"))) /* wide colon */
        return true;
    switch (scan->low[at - 1]) {
    case '\'':
    case '"':
    case '<':
    case '[':
    case '(':
    case '{':
    case '#':
    case ':':
    case ';':
        return true;
    case '>':
        return at > 1 && scan->low[at - 2] == '-';
    case '-':
        return at > 1 && scan->low[at - 2] == ' ';
    default:
        return false;
    }
}

/* "5.1.0 - Unknown address error '5.2.2 ...'": IronPort quotes the reply less
 * its code behind a status of its own. */
static bool quoted_status(const struct scan *scan, size_t at)
{
    return scan->head.code == 0 && at > 1 && scan->low[at - 1] == '\'' &&
           scan->low[at - 2] == ' ';
}

static enum rank rank_head(const struct scan *scan, size_t at,
                           const struct reply_head *head)
{
    bool open = at == 0 || (scan->opened != SLICE_NPOS && at >= scan->opened &&
                            at <= scan->opened + 2);
    bool mark = mark_before(scan, at);
    struct bounce_slice rest = slice_from(scan->whole, at + head->len);

    if (head->code == 0)
        return open || quoted_status(scan, at) ? RANK_MARK : RANK_STATUS;
    /* Sendmail 5 repeats what it got: "554 <a@b>... 550 Host unknown". */
    if (slice_ends_nocase(slice_make(scan->low, at), SLICE(">... ")))
        open = true;
    if (head->status.len != 0 && (open || mark))
        return RANK_OPEN;
    if (open && !reply_is_amount(rest, true))
        return RANK_OPEN;
    if (head->status.len != 0 && head->status.ptr[0] - '0' == head->code / 100)
        return RANK_PAIR;
    if (head->code < 400 || head->code > 599 || reply_is_amount(rest, false))
        return RANK_NONE;
    /* "[506]" and "(550)" at an end are tickets of the server, no reply. */
    if (mark && rest.len > 1 && (rest.ptr[0] == ' ' || rest.ptr[0] == '-') &&
        ascii_is_alpha((unsigned char)rest.ptr[1]))
        return RANK_MARK;
    return keyword_before(scan, at) ? RANK_MARK : RANK_NONE;
}

static void keep_loose(struct scan *scan, size_t at, struct bounce_slice status)
{
    bool marked = at > 0 && (scan->low[at - 1] == '#' ||
                             (at > 1 && scan->low[at - 2] == '#'));
    bool better = scan->loose.len == 0 || (marked && !scan->loose_marked);

    if (status.ptr[0] == '2' || (scan->head.code != 0 && !marked &&
                                 status.ptr[0] - '0' != scan->head.code / 100))
        return;
    if (better) {
        scan->loose = status;
        scan->loose_marked = marked;
    }
}

/* A status without a code before it. */
static void take_status(struct scan *scan, size_t at,
                        const struct reply_head *head)
{
    bool marked = rank_head(scan, at, head) == RANK_MARK;

    if (head->status.ptr[0] == '2' && !marked)
        return;
    if (marked && scan->rank == RANK_NONE) {
        scan->head = *head;
        scan->head_at = at;
        scan->rank = RANK_STATUS;
    } else if (marked && scan->head.status.len == 0) {
        /* "ERROR_CODE :550, ERROR_CODE :5.1.1": two halves of one head. */
        scan->head.status = head->status;
        scan->head.len = at + head->len - scan->head_at;
    } else if (marked && scan->head.code == 0 &&
               (at == scan->opened || quoted_status(scan, at))) {
        scan->outer = scan->head.status;
        scan->head = *head;
        scan->head_at = at;
    } else {
        keep_loose(scan, at, head->status);
    }
}

/* A number that may be a code or status stands at at. Returns the bytes that
 * were used, at least 1. */
static size_t take_number(struct scan *scan, size_t at)
{
    struct reply_head head;
    enum rank rank;

    if (!reply_number_edge(scan->whole, at))
        return 1;
    reply_read_head(slice_from(scan->whole, at), &head);
    if (head.len == 0)
        return 1;
    if (head.code == 0) {
        take_status(scan, at, &head);
        return head.len;
    }
    rank = rank_head(scan, at, &head);
    /* "220-greeting 421 4.2.1 busy": a failure overrules a success. */
    if (rank == RANK_NONE ||
        (rank < scan->rank &&
         (scan->head.code >= 400 || head.code < 400 || rank < RANK_PAIR)))
        return head.len;
    /* Microsoft lists its attempts, newest first: "550 5.4.312 ... 450
     * 4.4.312": the first one is the end of the story. */
    if (scan->head.code / 100 == 5 && head.code / 100 == 4 &&
        head.status.len > 2 &&
        slice_eq(slice_from(scan->head.status, 1), slice_from(head.status, 1)))
        return head.len;
    if (scan->head.status.len != 0)
        scan->outer = scan->head.status;
    else if (scan->loose.len != 0)
        scan->outer = scan->loose;
    scan->head = head;
    scan->head_at = at;
    scan->rank = rank;
    scan->loose = SLICE_NULL;
    scan->loose_marked = false;
    scan->tail = SLICE_NPOS;
    return head.len;
}

/* ---- Wrappers -------------------------------------------------------- */

/* "after RCPT command: host: mx.example.org 5.1.1 ...": the reply begins
 * behind the host. */
static size_t behind_host(const struct scan *scan, size_t end,
                          struct bounce_slice host, struct bounce_slice ip)
{
    struct bounce_slice last = ip.ptr != NULL ? ip : host;

    if (last.ptr == NULL)
        return end;
    end = (size_t)(last.ptr - scan->whole.ptr) + last.len;
    while (end < scan->whole.len &&
           strchr("])>:., ", scan->whole.ptr[end]) != NULL)
        end++;
    return end;
}

static void take_host(struct scan *scan, const struct reply_wrap *wrap,
                      size_t at, size_t end)
{
    struct bounce_slice host = SLICE_NULL, ip = SLICE_NULL;
    struct reply *reply = scan->reply;

    if ((wrap->flags & WRAP_HOST_BEFORE) != 0)
        reply_host_before(slice_sub(scan->whole, 0, at), &host, &ip);
    else if ((wrap->flags & WRAP_HOST) != 0)
        reply_host_after(slice_from(scan->whole, end), &host, &ip);
    /* "Client host [192.0.2.1] rejected" speaks of us, not of them. */
    if (scan->rank == RANK_OPEN && (wrap->flags & WRAP_TAIL) == 0)
        return;
    if (slice_ends_nocase(slice_make(scan->low, at), SLICE("client ")))
        return;
    if ((wrap->flags & WRAP_HOST) != 0 && scan->opened != SLICE_NPOS &&
        at <= scan->opened + 1)
        scan->opened = behind_host(scan, end, host, ip);
    if (reply->host.ptr == NULL && host.ptr != NULL)
        reply->host = host;
    if (reply->ip.ptr == NULL && ip.ptr != NULL &&
        (host.ptr != NULL || (wrap->flags & WRAP_OPEN) == 0))
        reply->ip = ip;
}

static size_t behind_colon(const struct scan *scan, size_t at)
{
    struct bounce_slice rest = slice_from(scan->whole, at);
    size_t colon = slice_find(rest, SLICE(": "));

    return colon == SLICE_NPOS ? at : at + colon + 1;
}

/* Returns the bytes used, at least 1. */
static size_t take_wrap(struct scan *scan, size_t at)
{
    struct bounce_slice low = slice_make(scan->low, scan->whole.len);
    const struct reply_wrap *wrap;
    enum bounce_stage stage;
    size_t len, end;

    wrap = reply_wrap_match(slice_from(low, at), &len);
    if (wrap == NULL)
        return 1;
    end = at + len;
    /* What the server says when we leave is not why we do; nor is what was said
     * of the sender's address why it was said. */
    if ((wrap->flags & WRAP_ASIDE) != 0) {
        scan->reply->stage = wrap->stage;
        if (scan->tail == SLICE_NPOS)
            scan->tail = end;
        return low.len - at;
    }
    if (scan->head.code >= 400 &&
        slice_starts(slice_from(low, at), SLICE(">>> quit"))) {
        if (scan->tail == SLICE_NPOS)
            scan->tail = at;
        return low.len - at;
    }
    if ((wrap->flags & WRAP_LAST) != 0 && slice_has_words(slice_from(low, end)))
        return 1;
    stage = wrap->stage;
    if ((wrap->flags & WRAP_STAGE) != 0)
        stage = reply_stage(slice_from(low, end));
    take_host(scan, wrap, at, end);
    if (stage != BOUNCE_STAGE_NONE &&
        (scan->reply->stage == BOUNCE_STAGE_NONE ||
         (wrap->flags & (WRAP_STAGE | WRAP_TAIL)) != 0))
        scan->reply->stage = stage;
    if ((wrap->flags & WRAP_EXPIRED) != 0)
        scan->reply->expired = true;
    if ((wrap->flags & WRAP_TAIL) != 0 && scan->tail == SLICE_NPOS && at > 0)
        scan->tail = at;
    if ((wrap->flags & WRAP_ASKED) != 0)
        scan->asked = end;
    if ((wrap->flags & WRAP_COLON) != 0)
        end = behind_colon(scan, end);
    if ((wrap->flags & WRAP_OPEN) != 0) {
        scan->opened = skip_space(scan->whole, end);
        scan->tail = SLICE_NPOS;
    }
    return len;
}

/* "->" of Microsoft 365 opens a reply; "##" of Exchange ends one. */
static size_t take_sign(struct scan *scan, size_t at)
{
    struct bounce_slice rest = slice_make(scan->low + at, scan->whole.len - at);

    if (slice_starts(rest, SLICE("-> "))) {
        scan->opened = at + 3;
        return 3;
    }
    if (slice_starts(rest, SLICE("##")) && at > 0 && scan->tail == SLICE_NPOS) {
        scan->tail = at;
        return 2;
    }
    return 1;
}

static void scan_text(struct scan *scan)
{
    const char *low = scan->low;
    size_t n = scan->whole.len, i = 0;
    bool wrapped = false; /* a wrapper ended here, perhaps inside a word */

    for (;;) {
        size_t used = 1;

        if (!wrapped || i >= n || class_of(low[i]) != BYTE_ALPHA)
            i = reply_line_next(&scan->line, i);
        if (i >= n)
            return;
        wrapped = false;
        switch (class_of(low[i])) {
        case BYTE_DIGIT:
            used = take_number(scan, i);
            while (i + used < n && class_of(low[i + used]) == BYTE_DIGIT)
                used++;
            break;
        case BYTE_ALPHA:
        case BYTE_MARK:
            if (n - i < REPLY_WRAP_KEY || !reply_wrap_may(low + i))
                break;
            used = take_wrap(scan, i);
            wrapped = used > 1;
            break;
        default:
            used = take_sign(scan, i);
        }
        i += used;
    }
}

/* ---- Result ---------------------------------------------------------- */

/* The quote that opened what begins at from: "'550 5.1.1 ..." and
 * "550-'5.1.1 ...". */
static char opening(const struct scan *scan, size_t from)
{
    static const char quotes[] = "'\"<[(";
    const char *status = scan->head.status.ptr;

    if (from > 0 && strchr(quotes, scan->low[from - 1]) != NULL)
        return scan->low[from - 1];
    if (from == scan->head_at && scan->head.code != 0 && status != NULL &&
        status ==
            scan->whole.ptr + from + scan->head.len - scan->head.status.len &&
        status[-1] == '\'')
        return '\'';
    return '\0';
}

/* What is quoted ends with the quote that opened it. */
static size_t closing(const struct scan *scan, size_t from, size_t to)
{
    struct bounce_slice body = slice_sub(scan->whole, from, to - from);
    char open = opening(scan, from);
    size_t at;

    if (open == '\0')
        return to;
    at = slice_rfind_byte(body, open == '<'   ? '>'
                                : open == '[' ? ']'
                                : open == '(' ? ')'
                                              : open);
    while (at != SLICE_NPOS && at + 1 < body.len && /* "It's full" */
           ascii_is_alnum((unsigned char)body.ptr[at + 1]))
        at = slice_rfind_byte(slice_sub(body, 0, at), body.ptr[at]);
    return at == SLICE_NPOS || at == 0 ? to : from + at;
}

/* Punctuation and blanks that stood around code and status. */
static struct bounce_slice strip_edges(struct bounce_slice s)
{
    while (s.len > 0 &&
           (s.ptr[0] == ' ' || s.ptr[0] == '-' || s.ptr[0] == ':' ||
            s.ptr[0] == ')' || s.ptr[0] == ']' || s.ptr[0] == ';' ||
            s.ptr[0] == ',' || s.ptr[0] == '#'))
        s = slice_from(s, 1);
    return slice_trim(s);
}

/* A relay asked another server, and calls the recipient undeliverable whatever
 * that said: its own trouble there too. What it quotes counts alone. */
static void forget_asker(struct scan *scan)
{
    const struct bounce_slice inner = scan->reply->inner;

    if (scan->asked == 0 || scan->head.code == 0 || scan->head_at < scan->asked)
        return;
    scan->reply->basis = inner;
    scan->outer = SLICE_NULL;
    if (scan->loose.ptr < inner.ptr)
        scan->loose = SLICE_NULL;
}

static void finish(struct scan *scan)
{
    struct reply *reply = scan->reply;
    size_t start = scan->opened != SLICE_NPOS ? scan->opened : 0, end;
    bool headed = scan->rank != RANK_NONE;

    if (headed && (scan->head_at >= start || scan->head.code != 0))
        start = scan->head_at;
    end = scan->tail != SLICE_NPOS && scan->tail > start ? scan->tail
                                                         : scan->whole.len;
    end = closing(scan, start, end);
    reply->inner = slice_trim(slice_sub(scan->whole, start, end - start));
    reply->text = reply->inner;
    forget_asker(scan);
    if (headed && start == scan->head_at)
        reply->text = slice_from(reply->inner, scan->head.len);
    reply->text = strip_edges(reply->text);
    reply->code = scan->head.code;
    reply->status = scan->head.status;
    if (reply->status.len == 0 ||
        (scan->loose_marked && reply_status_vague(reply->status)))
        reply->status = scan->loose.len != 0 ? scan->loose : reply->status;
    if (reply->status.len == 0 && scan->outer.len != 0 &&
        !reply_status_vague(scan->outer))
        reply->status = scan->outer;
    if (reply->status.len == 0)
        reply->status = SLICE_NULL;
    if (reply->text.len == 0)
        reply->text = slice_make(reply->basis.ptr, 0);
}

/* "x-postfix;", "X-Unix;", "dns;": a type before the text itself (RFC 3464
 * section 2.1.2). */
static struct bounce_slice strip_type(struct bounce_slice s)
{
    size_t len = 0;
    struct bounce_slice type;

    s = slice_trim(s);
    while (len < s.len && len < 40 &&
           (ascii_is_alnum((unsigned char)s.ptr[len]) || s.ptr[len] == '-' ||
            s.ptr[len] == '_'))
        len++;
    if (len == 0 || len == s.len || s.ptr[len] != ';')
        return s;
    type = slice_sub(s, 0, len);
    if (slice_starts_nocase(type, SLICE("x-")) ||
        slice_eq_nocase(type, SLICE("smtp")) ||
        slice_eq_nocase(type, SLICE("esmtp")) ||
        slice_eq_nocase(type, SLICE("lmtp")) ||
        slice_eq_nocase(type, SLICE("dns")) ||
        slice_eq_nocase(type, SLICE("unix")) ||
        slice_eq_nocase(type, SLICE("unknown")))
        return slice_trim(slice_from(s, len + 1));
    return s;
}

bool reply_open(struct message *message, struct bounce_slice text,
                struct reply_line *line_out)
{
    text = slice_sub(text, 0, message->options->max_diagnostic);
    text = strip_type(text);
    *line_out = (struct reply_line){.text = text};
    return text.len == 0 || reply_join(message, text, line_out);
}

void reply_parse_line(const struct reply_line *line, struct reply *reply_out)
{
    struct scan scan;

    memset(reply_out, 0, sizeof(*reply_out));
    reply_out->whole = reply_out->basis = line->text;
    reply_out->inner = reply_out->text = line->text;
    if (line->text.len == 0)
        return;
    memset(&scan, 0, sizeof(scan));
    scan.reply = reply_out;
    scan.opened = scan.tail = SLICE_NPOS;
    scan.line = *line;
    scan.whole = line->text;
    scan.low = line->low;
    scan_text(&scan);
    finish(&scan);
}

void reply_parse(struct message *message, struct bounce_slice text,
                 struct reply *reply_out)
{
    struct reply_line line;

    if (!reply_open(message, text, &line))
        line.text.len = 0;
    reply_parse_line(&line, reply_out);
}
