/* SPDX-License-Identifier: MIT */
#include "cli/ingest_mailbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/progress.h"

#define LINES_MAX   4 /* connections in a row that bring nothing */
#define STRIKES     2 /* connections that one message may break */
#define SECRET_MAX  ((size_t)16 << 10)
#define PAUSE_MS    250
#define FIRST_LIMIT 200

/* ---- What the two protocols share -------------------------------------- */

static int status_of(enum mail_result result, bool for_now)
{
    switch (result) {
    case MAIL_UNREACHABLE:
    case MAIL_TIMEOUT:
    case MAIL_BUSY:
    case MAIL_NO_MEMORY:
        return CLI_TRY_AGAIN;
    case MAIL_DENIED:
        return CLI_DENIED;
    case MAIL_UNTRUSTED:
    case MAIL_NO_TLS:
        return CLI_CONFIG;
    case MAIL_BAD_URL:
        return CLI_USAGE;
    case MAIL_NONSENSE:
        return CLI_PROTOCOL;
    case MAIL_REFUSED:
        return for_now ? CLI_TRY_AGAIN : CLI_NO_CREATE;
    default:
        return -1; /* a signal: the run ends by it */
    }
}

static const char *words_of(enum mail_result result)
{
    switch (result) {
    case MAIL_UNREACHABLE:
        return "the connection broke";
    case MAIL_TIMEOUT:
        return "the server is silent";
    case MAIL_NO_MEMORY:
        return "out of memory";
    case MAIL_BAD_URL:
        return "no such name";
    case MAIL_NO_TLS:
        return "the server has no TLS: --no-tls logs in without";
    default:
        return "the server does not keep to its protocol";
    }
}

int mailbox_fail(struct mailbox *box, enum mail_result result, const char *what,
                 const char *said, bool for_now)
{
    const char *flaw = box->stream.flaw;

    if (result == MAIL_STOPPED || ingest_stopped != 0)
        return MAILBOX_DONE;
    if (result == MAIL_NONSENSE && flaw != NULL)
        said = flaw;
    cli_error("%s: %s%s%s", box->url->name, what, what[0] != '\0' ? ": " : "",
              said[0] != '\0' ? said : words_of(result));
    return result == MAIL_UNREACHABLE || result == MAIL_TIMEOUT
               ? MAILBOX_LOST
               : status_of(result, for_now);
}

void mailbox_complain(struct mailbox *box, const char *id, const char *what)
{
    cli_error("%s: message %s: %s", box->url->name, id, what);
    box->failed = true;
}

int mailbox_lost(struct mailbox *box, size_t got, const char *id)
{
    if (ingest_stopped != 0)
        return MAILBOX_DONE;
    if (got > 0) {
        box->limit = got;
        return MAILBOX_LOST;
    }
    if (strcmp(box->suspect, id) != 0) {
        snprintf(box->suspect, sizeof(box->suspect), "%s", id);
        box->strikes = 0;
    }
    box->skip = ++box->strikes >= STRIKES;
    return MAILBOX_LOST;
}

bool mailbox_skips(struct mailbox *box, const char *id)
{
    if (!box->skip || strcmp(box->suspect, id) != 0)
        return false;
    mailbox_complain(box, id, "left out: the connection breaks at it");
    box->suspect[0] = '\0';
    box->skip = false;
    return true;
}

void mailbox_went_well(struct mailbox *box, size_t most)
{
    box->limit = 2 * box->limit < most ? 2 * box->limit : most;
}

void mailbox_take(struct mailbox *box, int64_t number, char *data, size_t len,
                  size_t tail_len, enum ingest_fate *fate)
{
    const struct input_message message = {.source = box->source,
                                          .offset = number,
                                          .data = data,
                                          .len = len,
                                          .tail_len = tail_len,
                                          .own = fate};

    ingest_run_add(box->run, &message);
    progress_update(box->run->count.messages,
                    box->all > 0 ? (double)box->done / (double)box->all : -1);
}

bool mailbox_wants(const struct mailbox *box, enum ingest_fate fate)
{
    return box->after != AFTER_KEEP &&
           (fate == INGEST_TAKEN ||
            (fate == INGEST_ANSWERED && box->options->mailbox.and_replies));
}

/* ---- What the options say ---------------------------------------------- */

static bool read_after(struct mailbox *box, const char *text)
{
    static const char *const words[] = {"keep", "seen", "delete"};
    const struct bounce_slice after = slice_cstr(text != NULL ? text : "keep");

    if (slice_starts(after, SLICE("move=")) && after.len > 5) {
        box->after = AFTER_MOVE;
        box->folder = slice_from(after, 5);
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (slice_eq(after, slice_cstr(words[i])))
            box->after = (enum mailbox_after)i;
        else
            continue;
        box->folder = SLICE_NULL;
        return box->url->imap || box->after != AFTER_SEEN;
    }
    return box->after == AFTER_MOVE && box->url->imap;
}

/* The first line of a file. NULL: the cause has been named. */
static char *read_secret(const char *path)
{
    size_t len;
    char *text = session_read_file(path, SECRET_MAX, &len);

    if (text == NULL)
        return NULL;
    text[strcspn(text, "\r\n")] = '\0';
    if (text[0] != '\0')
        return text;
    cli_error("%s is empty", path);
    free(text);
    return NULL;
}

static void forget(char *secret)
{
    if (secret != NULL) {
        volatile char *at = secret;

        while (*at != '\0')
            *at++ = '\0';
    }
    free(secret);
}

static bool read_secrets(const struct mailbox_choice *choice,
                         char **password_out, char **token_out)
{
    const char *given = getenv("BOUNCE_PASSWORD");

    *password_out = *token_out = NULL;
    if (choice->token_file != NULL) {
        *token_out = read_secret(choice->token_file);
        return *token_out != NULL;
    }
    if (choice->password_file != NULL) {
        *password_out = read_secret(choice->password_file);
        return *password_out != NULL;
    }
    if (given != NULL && given[0] != '\0') {
        *password_out = cli_realloc(NULL, strlen(given) + 1);
        memcpy(*password_out, given, strlen(given) + 1);
    }
    return true;
}

/* ---- Connections ------------------------------------------------------- */

struct line {
    const struct module_curl *curl;
    struct mail_line *line;
};

static enum mail_result line_send(void *ctx, struct bounce_slice data)
{
    const struct line *line = ctx;

    return line->curl->mail_send(line->line, data);
}

static enum mail_result line_recv(void *ctx, char *buf, size_t cap,
                                  size_t *len_out)
{
    const struct line *line = ctx;

    return line->curl->mail_recv(line->line, buf, cap, len_out);
}

static bool is_stopped(void *ctx)
{
    (void)ctx;
    return ingest_stopped != 0;
}

/* One connection from beginning to end. */
static int connect_once(struct mailbox *box, const struct module_curl *curl,
                        const struct mail_login *login)
{
    struct line line = {.curl = curl};
    const struct mail_pipe pipe = {line_send, line_recv, &line};
    enum mail_result result;
    char error[256];
    int status;

    line.line = curl->mail_open(login, &result, error);
    if (line.line == NULL) {
        status = mailbox_fail(box, result, "", error, false);
        return status == MAILBOX_LOST ? CLI_TRY_AGAIN : status;
    }
    mail_stream_init(&box->stream, pipe);
    status = box->url->imap ? ingest_imap(box) : ingest_pop3(box);
    curl->mail_close(line.line);
    return status;
}

static void pause_ms(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000,
                                   .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&pause, NULL);
}

/* Until the mailbox is read, or there is no getting on. */
static int read_mailbox(struct mailbox *box, const struct module_curl *curl,
                        const struct mail_login *login)
{
    unsigned fruitless = 0;
    uint64_t done;
    int status;

    do {
        done = box->done;
        status = connect_once(box, curl, login);
        fruitless = box->done > done ? 0 : fruitless + 1;
        if (status == MAILBOX_LOST && fruitless < LINES_MAX)
            pause_ms((long)PAUSE_MS * fruitless);
    } while ((status == MAILBOX_MORE || status == MAILBOX_LOST) &&
             fruitless < LINES_MAX && ingest_stopped == 0);
    if (ingest_stopped != 0)
        return -1;
    return status == MAILBOX_LOST || status == MAILBOX_MORE ? CLI_TRY_AGAIN
                                                            : status;
}

/* ---- A mailbox --------------------------------------------------------- */

static int open_box(struct mailbox *box)
{
    struct session *session = box->run->session;
    struct bounce_options limits;
    int status = session_open_book("ingest", box->options->choice, session,
                                   false, 0, &box->book);

    if (status >= 0)
        return status;
    box->positions = ledger_new(box->book);
    if (box->positions == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    bounce_options_init(&limits, sizeof(limits));
    mail_letter_init(&box->letter, limits.max_message);
    return -1;
}

static int read_with(struct mailbox *box, const struct module_curl *curl)
{
    const struct mailbox_choice *choice = &box->options->mailbox;
    /* On loopback nobody listens; a CA says that TLS is meant. */
    struct mail_login login = {
        .url = box->url->server,
        .user = box->url->user,
        .ca_file = choice->ca_file,
        .tls =
            !choice->no_tls && (!box->url->loopback || choice->ca_file != NULL),
        .stop = is_stopped};
    char *password, *token;
    int status = CLI_NO_INPUT;

    if (read_secrets(choice, &password, &token)) {
        login.password = password;
        login.token = token;
        status = read_mailbox(box, curl, &login);
    }
    forget(password);
    forget(token);
    return status;
}

int ingest_mailbox(struct ingest_run *run, const char *text, bool *failed_out)
{
    const struct module_curl *curl;
    struct mail_url url;
    struct mailbox *box;
    const char *flaw = mail_url_parse(text, &url);
    char error[256];
    int status;

    if (flaw != NULL) {
        cli_error("%s: %s", "a mailbox's URL", flaw);
        return CLI_USAGE;
    }
    curl = curl_module(error);
    if (curl == NULL) {
        cli_error("%s: %s", url.name, error);
        return CLI_CONFIG;
    }
    box = cli_realloc(NULL, sizeof(*box)); /* too large for the stack */
    *box = (struct mailbox){
        .run = run, .options = run->options, .url = &url, .limit = FIRST_LIMIT};
    box->source = slice_cstr(url.name);
    box->position = ingest_run_name(run, box->source);
    if (!read_after(box, run->options->mailbox.after)) {
        status = args_wrong("ingest", "--after wants keep%s, not %s",
                            url.imap ? ", seen, delete or move=FOLDER"
                                     : " or delete of a POP3 mailbox",
                            run->options->mailbox.after);
    } else {
        status = open_box(box);
        if (status < 0)
            status = read_with(box, curl);
    }
    *failed_out = *failed_out || box->failed;
    mail_letter_clear(&box->letter);
    ledger_free(box->positions);
    book_close(box->book);
    free(box);
    return status;
}
