/* SPDX-License-Identifier: MIT */
#include "serve/lmtp_session.h"

#include <stdlib.h>

#define KEPT ((size_t)64 << 10)

enum state { COMMAND, DATA, CHUNK, WAITING, ENDED };

struct lmtp_session {
    struct lmtp_options options;
    enum state state;
    struct bytes replies, message;
    struct bytes names; /* sender, then recipients, one behind the other */
    size_t sender_len;
    size_t ends[LMTP_RECIPIENTS]; /* of each recipient in names */
    struct bounce_slice recipients[LMTP_RECIPIENTS];
    size_t count;
    size_t chunk; /* bytes of this BDAT yet to come */
    unsigned bad_commands;
    bool greeted, mail, chunking, last_chunk;
    bool too_large;   /* the rest of the message is dropped */
    bool skip_line;   /* the rest of a line that is too long */
    bool line_begins; /* DATA: for the dots */
};

static void say(struct lmtp_session *session, const char *reply)
{
    if (!bytes_format(&session->replies, "%s\r\n", reply))
        session->state = ENDED;
}

static void forget(struct lmtp_session *session)
{
    if (session->message.cap > KEPT) /* an idle client keeps little */
        bytes_free(&session->message);
    session->message.len = session->names.len = 0;
    session->count = 0;
    session->mail = session->chunking = session->too_large = false;
}

struct lmtp_session *lmtp_session_new(const struct lmtp_options *options)
{
    struct lmtp_session *session = calloc(1, sizeof(*session));

    if (session == NULL)
        return NULL;
    session->options = *options;
    if (!bytes_format(&session->replies, "220 %s LMTP bounce\r\n",
                      options->hostname)) {
        free(session);
        return NULL;
    }
    return session;
}

void lmtp_session_free(struct lmtp_session *session)
{
    if (session == NULL)
        return;
    bytes_free(&session->replies);
    bytes_free(&session->message);
    bytes_free(&session->names);
    free(session);
}

struct bytes *lmtp_session_replies(struct lmtp_session *session)
{
    return &session->replies;
}

bool lmtp_session_receiving(const struct lmtp_session *session)
{
    return session->state == DATA || session->state == CHUNK;
}

size_t lmtp_session_held(const struct lmtp_session *session)
{
    return session->message.cap;
}

bool lmtp_session_waiting(const struct lmtp_session *session)
{
    return session->state == WAITING;
}

bool lmtp_session_ended(const struct lmtp_session *session)
{
    return session->state == ENDED;
}

void lmtp_session_end(struct lmtp_session *session, const char *reply)
{
    say(session, reply);
    session->state = ENDED;
}

/* ---- Commands ---------------------------------------------------------- */

static void bad(struct lmtp_session *session, const char *reply)
{
    say(session, reply);
    if (++session->bad_commands >= LMTP_BAD_COMMANDS)
        lmtp_session_end(session, "421 4.7.0 too many errors");
}

static void lhlo(struct lmtp_session *session, struct bounce_slice name)
{
    if (slice_trim(name).len == 0) {
        bad(session, "501 5.5.4 LHLO wants a name");
        return;
    }
    forget(session);
    session->greeted = true;
    if (!bytes_format(&session->replies,
                      "250-%s\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
                      "250-SMTPUTF8\r\n250-CHUNKING\r\n"
                      "250-ENHANCEDSTATUSCODES\r\n250 SIZE %zu\r\n",
                      session->options.hostname, session->options.max_message))
        session->state = ENDED;
}

/* The path behind "FROM:" or "TO:" without <>, and the parameters. Quoted local
 * parts may hold '>'. */
static bool take_path(struct bounce_slice text, const char *word,
                      struct bounce_slice *path_out,
                      struct bounce_slice *params_out)
{
    const struct bounce_slice name = slice_cstr(word);
    bool quoted = false;
    size_t end;

    if (!slice_starts_nocase(text, name))
        return false;
    text = slice_trim(slice_from(text, name.len));
    if (text.len < 2 || text.ptr[0] != '<')
        return false;
    for (end = 1; end < text.len; end++) {
        if (text.ptr[end] == '\\' && quoted)
            end++;
        else if (text.ptr[end] == '"')
            quoted = !quoted;
        else if (text.ptr[end] == '>' && !quoted)
            break;
    }
    if (end >= text.len)
        return false;
    *path_out = slice_sub(text, 1, end - 1);
    *params_out = slice_trim(slice_from(text, end + 1));
    return true;
}

/* SIZE=n beyond the limit; other parameters mean nothing here. */
static bool size_fits(const struct lmtp_session *session,
                      struct bounce_slice params)
{
    struct bounce_slice param;

    while (slice_next_piece(&params, ' ', &param)) {
        char digits[24];
        size_t len;

        if (!slice_starts_nocase(param, SLICE("SIZE=")))
            continue;
        len = param.len - 5;
        if (len == 0 || len >= sizeof(digits))
            return len == 0;
        memcpy(digits, param.ptr + 5, len);
        digits[len] = '\0';
        if (strtoull(digits, NULL, 10) > session->options.max_message)
            return false;
    }
    return true;
}

static void mail(struct lmtp_session *session, struct bounce_slice rest)
{
    struct bounce_slice path, params;

    if (!session->greeted) {
        bad(session, "503 5.5.1 LHLO first");
    } else if (session->mail) {
        bad(session, "503 5.5.1 one MAIL at a time");
    } else if (!take_path(rest, "FROM:", &path, &params)) {
        bad(session, "501 5.5.4 MAIL FROM:<address>");
    } else if (!size_fits(session, params)) {
        say(session, "552 5.3.4 message too large");
    } else if (!bytes_add(&session->names, path)) {
        lmtp_session_end(session, "421 4.3.0 out of memory");
    } else {
        session->sender_len = path.len;
        session->mail = true;
        say(session, "250 2.1.0 ok");
    }
}

static void rcpt(struct lmtp_session *session, struct bounce_slice rest)
{
    struct bounce_slice path, params;

    if (!session->mail) {
        bad(session, "503 5.5.1 MAIL first");
    } else if (!take_path(rest, "TO:", &path, &params) || path.len == 0) {
        bad(session, "501 5.5.4 RCPT TO:<address>");
    } else if (session->count == LMTP_RECIPIENTS) {
        say(session, "452 4.5.3 too many recipients");
    } else if (!bytes_add(&session->names, path)) {
        lmtp_session_end(session, "421 4.3.0 out of memory");
    } else {
        session->ends[session->count++] = session->names.len;
        say(session, "250 2.1.5 ok");
    }
}

static void hand_over(struct lmtp_session *session)
{
    struct lmtp_envelope envelope;
    size_t start = session->sender_len;

    if (session->too_large) {
        session->state = WAITING;
        lmtp_session_answer(session, "552 5.3.4 message too large");
        return;
    }
    for (size_t i = 0; i < session->count; i++) {
        session->recipients[i] =
            slice_make(session->names.ptr + start, session->ends[i] - start);
        start = session->ends[i];
    }
    envelope = (struct lmtp_envelope){
        slice_make(session->names.ptr, session->sender_len),
        session->recipients, session->count};
    session->state = WAITING;
    session->options.deliver(session->options.ctx, session, &envelope,
                             bytes_slice(&session->message));
}

void lmtp_session_answer(struct lmtp_session *session, const char *reply)
{
    if (session->state != WAITING)
        return;
    session->state = COMMAND;
    for (size_t i = 0; i < session->count; i++)
        say(session, reply);
    forget(session);
}

static void data(struct lmtp_session *session)
{
    if (!session->mail || session->count == 0 || session->chunking) {
        /* RFC 2033 section 4.2: 503 when there is no recipient. */
        bad(session, session->chunking ? "503 5.5.1 BDAT was begun"
                                       : "503 5.5.1 no valid recipients");
        return;
    }
    say(session, "354 end with <CRLF>.<CRLF>");
    session->line_begins = true;
    session->state = DATA;
}

/* RFC 3030 section 2: "BDAT 1000" or "BDAT 1000 LAST". */
static void bdat(struct lmtp_session *session, struct bounce_slice rest)
{
    char digits[20];
    size_t end = slice_find_byte(rest, ' ');
    struct bounce_slice number = slice_sub(rest, 0, end);
    struct bounce_slice word =
        end == SLICE_NPOS ? SLICE_NULL : slice_trim(slice_from(rest, end));

    for (size_t i = 0; i < number.len; i++) {
        if (!ascii_is_digit((unsigned char)number.ptr[i]))
            number.len = 0;
    }
    if (number.len == 0 || number.len >= sizeof(digits) ||
        (word.len > 0 && !slice_eq_nocase(word, SLICE("LAST")))) {
        /* What follows cannot be told from commands. */
        lmtp_session_end(session, "501 5.5.4 BDAT size [LAST]");
        return;
    }
    memcpy(digits, number.ptr, number.len);
    digits[number.len] = '\0';
    session->chunk = (size_t)strtoull(digits, NULL, 10);
    session->last_chunk = word.len > 0;
    session->chunking = true;
    session->state = CHUNK;
}

static void end_chunk(struct lmtp_session *session)
{
    const bool valid = session->mail && session->count > 0;

    session->state = COMMAND;
    if (!valid) {
        bad(session, "503 5.5.1 no valid recipients");
        forget(session);
    } else if (session->last_chunk) {
        hand_over(session);
    } else if (session->too_large) {
        say(session, "552 5.3.4 message too large");
    } else {
        say(session, "250 2.0.0 ok");
    }
}

static void command(struct lmtp_session *session, struct bounce_slice line)
{
    size_t end = slice_find_byte(line, ' ');
    struct bounce_slice verb = slice_sub(line, 0, end);
    struct bounce_slice rest =
        end == SLICE_NPOS ? SLICE_NULL : slice_from(line, end + 1);

    if (slice_eq_nocase(verb, SLICE("LHLO"))) {
        lhlo(session, rest);
    } else if (slice_eq_nocase(verb, SLICE("MAIL"))) {
        mail(session, rest);
    } else if (slice_eq_nocase(verb, SLICE("RCPT"))) {
        rcpt(session, rest);
    } else if (slice_eq_nocase(verb, SLICE("DATA"))) {
        data(session);
    } else if (slice_eq_nocase(verb, SLICE("BDAT"))) {
        bdat(session, rest);
    } else if (slice_eq_nocase(verb, SLICE("RSET"))) {
        forget(session);
        say(session, "250 2.0.0 ok");
    } else if (slice_eq_nocase(verb, SLICE("NOOP"))) {
        say(session, "250 2.0.0 ok");
    } else if (slice_eq_nocase(verb, SLICE("VRFY"))) {
        say(session, "252 2.1.5 send it and see");
    } else if (slice_eq_nocase(verb, SLICE("QUIT"))) {
        lmtp_session_end(session, "221 2.0.0 bye");
    } else if (slice_eq_nocase(verb, SLICE("HELO")) ||
               slice_eq_nocase(verb, SLICE("EHLO"))) {
        /* RFC 2033 section 4.1 */
        bad(session, "500 5.5.1 this is LMTP: LHLO");
    } else {
        bad(session, "500 5.5.2 no such command");
    }
}

/* ---- Input ------------------------------------------------------------- */

static void keep(struct lmtp_session *session, struct bounce_slice part)
{
    if (session->too_large)
        return;
    if (part.len > session->options.max_message - session->message.len) {
        session->too_large = true;
        bytes_free(&session->message);
    } else if (!bytes_add(&session->message, part)) {
        lmtp_session_end(session, "421 4.3.0 out of memory");
    }
}

static size_t take_command(struct lmtp_session *session,
                           struct bounce_slice input)
{
    size_t end = slice_find_byte(input, '\n');
    struct bounce_slice line = slice_sub(input, 0, end);

    if (end == SLICE_NPOS) {
        if (input.len < LMTP_LINE_MAX)
            return 0;
        session->skip_line = true;
        return input.len;
    }
    if (session->skip_line || end >= LMTP_LINE_MAX) {
        session->skip_line = false;
        bad(session, "500 5.5.2 line too long");
        return end + 1;
    }
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    command(session, line);
    return end + 1;
}

/* Lines up to "." alone; only CRLF ends a line (RFC 5321 section 2.3.8), since
 * whoever takes a bare LF for one can be made to see two messages in one. */
static size_t take_data(struct lmtp_session *session, struct bounce_slice input)
{
    size_t end;

    if (session->line_begins && input.ptr[0] == '.') {
        if (input.len < 3)
            return 0; /* what follows decides */
        if (input.ptr[1] == '\r' && input.ptr[2] == '\n') {
            hand_over(session);
            return 3;
        }
        session->line_begins = false;
        return 1; /* the dot that was added: RFC 5321 section 4.5.2 */
    }
    end = slice_find(input, SLICE("\r\n"));
    if (end != SLICE_NPOS) {
        keep(session, slice_sub(input, 0, end + 2));
        session->line_begins = true;
        return end + 2;
    }
    /* A CR at the end may be half of a line end. */
    end = input.ptr[input.len - 1] == '\r' ? input.len - 1 : input.len;
    keep(session, slice_sub(input, 0, end));
    if (end > 0)
        session->line_begins = false;
    return end;
}

static size_t take_chunk(struct lmtp_session *session,
                         struct bounce_slice input)
{
    struct bounce_slice part = slice_sub(input, 0, session->chunk);

    if (session->mail && session->count > 0)
        keep(session, part);
    session->chunk -= part.len;
    return part.len;
}

size_t lmtp_session_take(struct lmtp_session *session,
                         struct bounce_slice input)
{
    size_t taken = 0;

    while (session->state != ENDED && session->state != WAITING) {
        struct bounce_slice rest = slice_from(input, taken);
        size_t n;

        if (session->state == CHUNK && session->chunk == 0) {
            end_chunk(session);
            continue;
        }
        if (rest.len == 0)
            break;
        n = session->state == COMMAND ? take_command(session, rest)
            : session->state == DATA  ? take_data(session, rest)
                                      : take_chunk(session, rest);
        if (n == 0)
            break;
        taken += n;
    }
    return taken;
}
