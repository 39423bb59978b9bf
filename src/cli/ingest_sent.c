/* SPDX-License-Identifier: MIT
 * bounce ingest sent: the log of what was sent, so that reports can be tied to
 * it and rates told. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/ingest.h"
#include "cli/json_out.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/rows_file.h"
#include "cli/store_open.h"
#include "ingest/sent.h"

#define LINES        5000 /* in one transaction */
#define LINES_MEMORY ((size_t)256 << 20)
#define HEAD         1024 /* bytes that show that a file is still the same */

struct sent_run {
    struct session session;
    struct ledger *ledger;
    struct sent common; /* what options say for lines that do not */
    bool again, json;
    struct out out;

    struct rows_file file;
    struct textbuf source; /* the file's full path */
    struct arena arena;
    struct sent *lines;
    uint64_t *numbers; /* where each was read */
    size_t count;
    uint64_t offset, line; /* where the newest of them begins */

    uint64_t rows, fresh, known, bad;
    bool failed; /* some file could not be opened */
    int status;  /* of a failure that ends it; -1: none */
};

/* ---- Position --------------------------------------------------------- */

/* "HASH LINE": of the file's beginning, as far as it was there at offset. */
static bool make_mark(int fd, uint64_t offset, uint64_t line, char mark[64])
{
    char head[HEAD], hex[33];
    size_t len = offset < HEAD ? (size_t)offset : HEAD;
    struct hash128 hash;

    if (pread(fd, head, len, 0) != (ssize_t)len)
        return false;
    hash128_init(&hash);
    hash128_add(&hash, slice_make(head, len));
    hash128_hex(&hash, hex);
    snprintf(mark, 64, "%s %llu", hex, (unsigned long long)line);
    return true;
}

static void keep_position(struct sent_run *run)
{
    char mark[64];

    if (run->file.size == 0 || !rows_are_lines(run->file.rows) ||
        !make_mark(run->file.fd, run->offset, run->line, mark))
        return;
    if (!ledger_position_set(run->ledger, textbuf_slice(&run->source),
                             (int64_t)run->offset, slice_cstr(mark)))
        cli_fail(CLI_TRY_AGAIN, "out of memory");
}

/* Goes on where the file stood last time, if it is still the same file. Its
 * last line then is read again: it may not have been whole. */
static void resume(struct sent_run *run)
{
    int64_t offset = 0;
    char mark[64] = "", now[64], *line;
    struct store_error error;
    struct row row;

    if (run->file.size == 0 || run->again)
        return;
    if (ledger_position_get(run->ledger, textbuf_slice(&run->source), &offset,
                            mark, sizeof(mark), &error) != STORE_OK) {
        run->status = session_complain(&error);
        return;
    }
    line = strchr(mark, ' ');
    if (offset <= 0 || line == NULL || (uint64_t)offset > run->file.size ||
        !make_mark(run->file.fd, (uint64_t)offset, strtoull(line, NULL, 10),
                   now) ||
        strcmp(mark, now) != 0)
        return;
    /* For its titles. */
    if (!rows_file_next(&run->file, &row) || !rows_are_lines(run->file.rows) ||
        lseek(run->file.fd, offset, SEEK_SET) != offset)
        return;
    rows_jump(run->file.rows, (uint64_t)offset, strtoull(line, NULL, 10));
}

/* ---- Lines ------------------------------------------------------------ */

static void leave_out(struct sent_run *run, size_t bad, const char *cause)
{
    size_t behind = run->count - bad - 1;

    rows_file_complain(&run->file, run->numbers[bad], cause);
    memmove(&run->lines[bad], &run->lines[bad + 1],
            behind * sizeof(*run->lines));
    memmove(&run->numbers[bad], &run->numbers[bad + 1],
            behind * sizeof(*run->numbers));
    run->count--;
}

static void flush(struct sent_run *run)
{
    struct store_error error;
    size_t fresh = 0;

    while (run->count > 0) {
        size_t bad = run->count;
        enum store_err err;

        keep_position(run);
        err = ledger_sent(run->ledger, run->lines, run->count, &fresh, &bad,
                          &error);
        if (err == STORE_E_VALUE && bad < run->count) {
            leave_out(run, bad, error.msg);
            continue;
        }
        if (err != STORE_OK)
            run->status = session_complain(&error);
        break;
    }
    if (run->status < 0) {
        run->fresh += fresh;
        run->known += run->count - fresh;
    }
    run->count = 0;
    arena_reset(&run->arena);
}

/* The line's own value, else what the options say. */
static struct bounce_slice either(struct sent_run *run, struct bounce_slice own,
                                  struct bounce_slice common)
{
    struct bounce_slice copy = arena_dup(&run->arena, own.len ? own : common);

    if (copy.ptr == NULL && (own.len > 0 || common.len > 0))
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    return copy;
}

static void add_row(struct sent_run *run, const struct row *row)
{
    struct address address;
    struct sent sent;
    const char *flaw = sent_read(row, run->session.now, &sent);
    enum address_flaw wrong;

    run->rows++;
    if (flaw == NULL) {
        wrong = address_read(run->session.book->addresses, sent.recipient,
                             &address);
        flaw = wrong != ADDRESS_FINE ? address_flaw_text(wrong) : NULL;
    }
    if (flaw != NULL) {
        rows_file_complain(&run->file, row->line, flaw);
        return;
    }
    if (run->count == LINES)
        flush(run);
    run->offset = row->offset;
    run->line = row->line;
    run->numbers[run->count] = row->line;
    run->lines[run->count++] = (struct sent){
        .message_id = either(run, sent.message_id, SLICE_NULL),
        .recipient = either(run, sent.recipient, SLICE_NULL),
        .scope = either(run, sent.scope, run->common.scope),
        .campaign = either(run, sent.campaign, run->common.campaign),
        .ip = either(run, sent.ip, run->common.ip),
        .sender_domain =
            either(run, sent.sender_domain, run->common.sender_domain),
        .at = sent.at};
}

static void read_file(struct sent_run *run, const char *path)
{
    struct row row;

    if (!rows_file_open(&run->file, path)) {
        run->failed = true;
        return;
    }
    ingest_position_name(run->session.book, &run->source, slice_cstr(path));
    resume(run);
    while (run->status < 0 && ingest_stopped == 0 &&
           rows_file_next(&run->file, &row)) {
        add_row(run, &row);
        progress_update(run->rows,
                        run->file.size > 0
                            ? (double)row.offset / (double)run->file.size
                            : -1);
    }
    if (run->status < 0)
        flush(run);
    run->bad += run->file.bad;
    rows_file_close(&run->file);
}

static void summarize(struct sent_run *run)
{
    struct textbuf *text = &run->out.text;
    uint64_t lines = run->fresh + run->known + run->bad;

    if (run->json) {
        textbuf_byte(text, '{');
        json_out_number(text, "lines", (int64_t)lines);
        json_out_number(text, "new", (int64_t)run->fresh);
        json_out_number(text, "known", (int64_t)run->known);
        json_out_number(text, "bad", (int64_t)run->bad);
        textbuf_cstr(text, "}\n");
        return;
    }
    textbuf_format(text, "%llu lines: %llu new, %llu known, %llu bad\n",
                   (unsigned long long)lines, (unsigned long long)run->fresh,
                   (unsigned long long)run->known,
                   (unsigned long long)run->bad);
}

static int read_files(struct sent_run *run, char *const *paths, int count)
{
    run->status = -1;
    run->ledger = ledger_new(run->session.book);
    if (run->ledger == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    arena_init(&run->arena, allocator_default(), LINES_MEMORY);
    run->lines = cli_array(NULL, LINES, sizeof(*run->lines));
    run->numbers = cli_array(NULL, LINES, sizeof(*run->numbers));
    out_init(&run->out);
    ingest_catch_signals();
    progress_start("lines");
    for (int i = 0; i < count && run->status < 0 && ingest_stopped == 0; i++)
        read_file(run, paths[i]);
    progress_end();
    summarize(run);
    out_close(&run->out);
    ledger_free(run->ledger);
    arena_clear(&run->arena);
    free(run->lines);
    free(run->numbers);
    textbuf_free(&run->source);
    if (run->status >= 0)
        return run->status;
    return run->failed || run->bad > 0 ? CLI_UNREADABLE : CLI_FINE;
}

int ingest_sent(int argc, char **argv)
{
    static char name[] = "ingest";
    struct sent_run run = {0};
    struct session_choice choice = {0};
    const char *scope = NULL, *campaign = NULL, *ip = NULL, *from = NULL;
    const struct arg_option options[] = {
        {"scope", ARG_TEXT, &scope, "SCOPE",
         "list or brand, where none is told"},
        {"campaign", ARG_TEXT, &campaign, "NAME",
         "campaign, where none is told"},
        {"ip", ARG_TEXT, &ip, "IP", "sending address, where none is told"},
        {"from", ARG_TEXT, &from, "DOMAIN",
         "sender domain, where none is told"},
        {"again", ARG_FLAG, &run.again, NULL,
         "from the beginning, also of a file that was read before"},
        {"json", ARG_FLAG, &run.json, NULL, "the summary as JSON"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce ingest sent [OPTION...] FILE...",
        "Reads the log of what was sent: CSV with titles or a JSON object a "
        "line, with\nmessage_id, recipient, and where known scope, campaign, "
        "ip, sender_domain, time.",
        options, sizeof(options) / sizeof(options[0]),
        "A file that grew goes on where it stood. Bad lines are named, the "
        "rest is stored."};
    int status;

    argv[0] = name;
    status = args_parse(&spec, &argc, argv);
    if (status >= 0)
        return status;
    if (argc == 0)
        return args_wrong("ingest", "nothing to read: name files, or -");
    run.common = (struct sent){.scope = slice_cstr(scope),
                               .campaign = slice_cstr(campaign),
                               .ip = slice_cstr(ip),
                               .sender_domain = slice_cstr(from)};
    status = session_open("ingest", &choice, true, 0, &run.session);
    if (status >= 0)
        return status;
    status = read_files(&run, argv, argc);
    session_close(&run.session);
    ingest_die_of_signal();
    return status;
}
