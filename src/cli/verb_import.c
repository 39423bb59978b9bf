/* SPDX-License-Identifier: MIT
 * bounce import: suppression lists of other systems. */
#include <stdio.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/batch.h"
#include "cli/cli.h"
#include "cli/json_out.h"
#include "cli/open.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/rows_file.h"
#include "cli/store_open.h"
#include "ingest/suppressions.h"
#include "store/ask.h"

#define CAUSES 16 /* distinct reasons to pass lines over */

/* What one file gave. */
struct import_count {
    uint64_t rows, fresh, known, released;
    uint64_t slots[BOUNCE_SLOTS]; /* of fresh */
    uint64_t blocks;              /* taken, but for the sender's own faults */
    const char *causes[CAUSES];
    uint64_t passed[CAUSES];
};

struct import_run {
    struct session session;
    struct bounce_reader *reader;
    struct ledger *ledger;
    struct ask *ask; /* of a dry run */
    const char *from;
    struct bounce_slice scope;
    bool dry_run, json, skip_blocks;
    struct out out;

    struct rows_file file;
    const struct suppression_list *list;
    char source[64]; /* "import mailgun/bounces": stands in every cause */
    struct batch batch;
    struct import_count count;
    bool failed; /* some line was bad */
    int status;  /* of a failure that ends it; -1: none */
};

static void pass_over(struct import_run *run, const char *cause)
{
    size_t i = 0;

    while (i < CAUSES - 1 && run->count.causes[i] != NULL &&
           strcmp(run->count.causes[i], cause) != 0)
        i++;
    run->count.causes[i] = cause;
    run->count.passed[i]++;
}

static bool is_senders_fault(enum bounce_class cls)
{
    return cls == BOUNCE_CLASS_BLOCK;
}

static void count_fresh(struct import_run *run, const struct record *record)
{
    run->count.fresh++;
    run->count.slots[record->slot]++;
    run->count.blocks += is_senders_fault(record->event.cls);
}

static void took(void *ctx, const struct record *record,
                 const struct ledger_result *result)
{
    struct import_run *run = ctx;

    if (result->fresh) {
        count_fresh(run, record);
        return;
    }
    run->count.known++;
    run->count.released += result->standing == BOUNCE_ACTIVE;
}

static void bad(void *ctx, uint64_t line, const char *cause)
{
    struct import_run *run = ctx;

    rows_file_complain(&run->file, line, cause);
}

/* Nothing is written: what the store says of the address now. */
static void look(struct import_run *run, const struct record *record)
{
    struct ask_question question = {.address = record->event.recipient,
                                    .scope = record->event.scope};
    struct ask_answer answer;
    struct store_error error;

    if (ask_check(run->ask, &question, 1, run->session.now, &answer, &error) !=
        STORE_OK)
        run->status = session_complain(&error);
    else if (answer.decided == BOUNCE_NEVER)
        run->count.known++;
    else
        count_fresh(run, record);
}

static void store(struct import_run *run, const struct record *record,
                  uint64_t line)
{
    struct store_error error;

    if (run->dry_run)
        look(run, record);
    else if (batch_add(&run->batch, record, line, &error) != STORE_OK)
        run->status = session_complain(&error);
}

static void import_one(struct import_run *run,
                       const struct suppression *suppression, uint64_t line)
{
    struct suppression whole = *suppression;
    struct address address;
    struct record record;
    char id[33];
    enum address_flaw flaw = address_read(run->session.book->addresses,
                                          suppression->address, &address);

    if (flaw != ADDRESS_FINE) {
        rows_file_complain(&run->file, line, address_flaw_text(flaw));
        return;
    }
    /* A complaint or a bounce holds everywhere. */
    if (whole.slot != BOUNCE_SLOT_UNSUBSCRIBE &&
        whole.slot != BOUNCE_SLOT_MANUAL)
        whole.scope = SLICE_NULL;
    else if (run->scope.len > 0)
        whole.scope = run->scope;
    suppression_record(run->list, &whole,
                       slice_make(address.folded, address.folded_len),
                       run->session.engine, run->reader, id, &record);
    record.source = slice_cstr(run->source);
    if (is_senders_fault(record.event.cls) &&
        (run->skip_blocks ||
         suppression_unsure(run->list, run->file.path, run->from)))
        pass_over(run, "a block, not a suppression of the address");
    else
        store(run, &record, line);
}

static void import_row(struct import_run *run, const struct row *row)
{
    struct suppression found[SUPPRESSIONS_MAX];
    const char *passed = NULL, *flaw;
    size_t count = 0;

    /* Links between pages of an API are no addresses. */
    if (row_has(row, "href"))
        return;
    run->count.rows++;
    if (run->list == NULL)
        run->list = suppression_list_find(row, run->file.path, run->from);
    if (run->list == NULL) {
        rows_file_complain(&run->file, row->line,
                           "no column with addresses was recognised");
        return;
    }
    snprintf(run->source, sizeof(run->source), "import %s/%s",
             suppression_system(run->list), suppression_list_name(run->list));
    flaw = suppression_read(run->list, row, run->session.now, found, &count,
                            &passed);
    if (flaw != NULL) {
        rows_file_complain(&run->file, row->line, flaw);
        return;
    }
    if (count == 0 && passed != NULL)
        pass_over(run, passed);
    for (size_t i = 0; i < count && run->status < 0; i++)
        import_one(run, &found[i], row->line);
}

/* ---- What came of it -------------------------------------------------- */

static void write_json(struct import_run *run)
{
    struct textbuf *text = &run->out.text;
    const struct import_count *count = &run->count;

    textbuf_byte(text, '{');
    json_out_member(text, "file", slice_cstr(run->file.path));
    json_out_member(
        text, "system",
        slice_cstr(run->list ? suppression_system(run->list) : NULL));
    json_out_member(
        text, "list",
        slice_cstr(run->list ? suppression_list_name(run->list) : NULL));
    json_out_bool(text, "dry_run", run->dry_run);
    json_out_number(text, "rows", (int64_t)count->rows);
    json_out_number(text, "imported", (int64_t)count->fresh);
    json_out_key(text, "by_cause");
    textbuf_byte(text, '{');
    for (int i = BOUNCE_SLOT_HARD; i < BOUNCE_SLOTS; i++)
        json_out_number(text, bounce_slot_name((enum bounce_slot)i),
                        (int64_t)count->slots[i]);
    textbuf_byte(text, '}');
    json_out_number(text, "known", (int64_t)count->known);
    json_out_number(text, "released_since", (int64_t)count->released);
    json_out_number(text, "blocks", (int64_t)count->blocks);
    json_out_key(text, "passed_over");
    textbuf_byte(text, '{');
    for (size_t i = 0; i < CAUSES && count->causes[i] != NULL; i++)
        json_out_number(text, count->causes[i], (int64_t)count->passed[i]);
    textbuf_byte(text, '}');
    json_out_number(text, "bad", (int64_t)run->file.bad);
    textbuf_cstr(text, "}\n");
}

static void add_line(struct textbuf *text, uint64_t count, const char *what)
{
    if (count > 0)
        textbuf_format(text, "%10llu  %s\n", (unsigned long long)count, what);
}

static void write_text(struct import_run *run)
{
    struct textbuf *text = &run->out.text;
    const struct import_count *count = &run->count;
    char what[96];

    textbuf_clean(text, slice_cstr(run->file.path));
    if (run->list == NULL) {
        textbuf_cstr(text, ": nothing\n");
        return;
    }
    textbuf_format(text, ": %s, %s\n", suppression_system(run->list),
                   suppression_list_name(run->list));
    for (int i = BOUNCE_SLOT_HARD; i < BOUNCE_SLOTS; i++) {
        snprintf(what, sizeof(what), "%s: %s",
                 run->dry_run ? "would be imported" : "imported",
                 bounce_slot_name((enum bounce_slot)i));
        add_line(text, count->slots[i], what);
    }
    add_line(text, count->known,
             run->dry_run ? "suppressed already" : "known already");
    for (size_t i = 0; i < CAUSES && count->causes[i] != NULL; i++) {
        snprintf(what, sizeof(what), "passed over: %s", count->causes[i]);
        add_line(text, count->passed[i], what);
    }
    add_line(text, run->file.bad, "bad lines, named above");
    if (count->released > 0)
        textbuf_format(text,
                       "%llu known addresses were released since and stay so; "
                       "bounce suppress stops them.\n",
                       (unsigned long long)count->released);
    if (count->blocks > 0)
        textbuf_format(
            text,
            "%llu stand there for what was the sender's fault: see bounce "
            "list --class block,\nbounce release --where class=block, or "
            "import with --skip-blocks.\n",
            (unsigned long long)count->blocks);
}

static void import_file(struct import_run *run, const char *path)
{
    struct store_error error;
    struct row row;

    run->count = (struct import_count){0};
    run->list = NULL;
    if (!rows_file_open(&run->file, path)) {
        run->failed = true;
        return;
    }
    while (run->status < 0 && rows_file_next(&run->file, &row)) {
        import_row(run, &row);
        progress_update(run->count.rows,
                        run->file.size > 0
                            ? (double)row.offset / (double)run->file.size
                            : -1);
    }
    if (run->status < 0 && !run->dry_run &&
        batch_flush(&run->batch, &error) != STORE_OK)
        run->status = session_complain(&error);
    run->failed = run->failed || run->file.bad > 0;
    if (run->status < 0 && run->json)
        write_json(run);
    else if (run->status < 0)
        write_text(run);
    out_tick(&run->out);
    rows_file_close(&run->file);
}

static int import_files(struct import_run *run, char *const *paths, int count)
{
    run->status = -1;
    run->reader = open_reader(run->session.engine);
    run->ledger = ledger_new(run->session.book);
    run->ask = ask_new(run->session.book);
    if (run->ledger == NULL || run->ask == NULL)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    batch_init(&run->batch, run->ledger, run->session.now);
    run->batch.took = took;
    run->batch.bad = bad;
    run->batch.ctx = run;
    out_init(&run->out);
    progress_start("lines");
    for (int i = 0; i < count && run->status < 0; i++)
        import_file(run, paths[i]);
    progress_end();
    out_close(&run->out);
    batch_clear(&run->batch);
    ask_free(run->ask);
    ledger_free(run->ledger);
    bounce_reader_free(run->reader);
    if (run->status >= 0)
        return run->status;
    return run->failed ? CLI_UNREADABLE : CLI_FINE;
}

static int check_from(const char *from)
{
    struct textbuf known = {0};
    const struct suppression_list *list;
    const char *last = "";

    if (from == NULL || suppression_from_known(from))
        return -1;
    for (size_t i = 0; (list = suppression_list_at(i)) != NULL; i++) {
        if (strcmp(suppression_system(list), last) == 0)
            continue;
        last = suppression_system(list);
        textbuf_format(&known, " %s", last);
    }
    textbuf_byte(&known, '\0');
    args_wrong("import", "--from %s is not among%s (and SYSTEM/LIST)", from,
               known.ptr);
    textbuf_free(&known);
    return CLI_USAGE;
}

int verb_import(int argc, char **argv)
{
    struct import_run run = {0};
    struct session_choice choice = {0};
    const char *scope = NULL;
    const struct arg_option options[] = {
        {"from", ARG_TEXT, &run.from, "SYSTEM",
         "whose list it is, such as mailgun or mailgun/complaints"},
        {"scope", ARG_TEXT, &scope, "SCOPE",
         "unsubscribes and plain lists hold in this list or brand only"},
        {"skip-blocks", ARG_FLAG, &run.skip_blocks, NULL,
         "pass over what stands there for the sender's own faults"},
        {"dry-run", ARG_FLAG, &run.dry_run, NULL,
         "say what would be imported; write nothing"},
        {"json", ARG_FLAG, &run.json, NULL, "one JSON object a file"},
        {"rules", ARG_TEXT, &choice.rules, "DIR",
         "rules that precede the built-in"},
        SESSION_OPTIONS(&choice),
        SESSION_NOW(&choice),
    };
    const struct arg_spec spec = {
        "bounce import [OPTION...] FILE...",
        "Imports the suppression lists that other systems export as CSV or "
        "JSON (Mailgun,\nSendGrid, Amazon SES, Postmark, SparkPost, Mailchimp, "
        "Brevo, Marketo), what\n\"bounce export\" wrote, and plain lists of "
        "addresses; - is standard input.",
        options, sizeof(options) / sizeof(options[0]),
        "Systems and lists are recognised by the columns, and where those are "
        "alike by the\nfile's name. Bad lines are named, the rest is imported. "
        "Importing again changes\nnothing and lifts nothing."};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc == 0)
        return args_wrong("import", "nothing to import: name files, or -");
    status = check_from(run.from);
    if (status >= 0)
        return status;
    run.scope = slice_cstr(scope);
    choice.or_empty = run.dry_run;
    status = session_open("import", &choice, !run.dry_run, 0, &run.session);
    if (status >= 0)
        return status;
    status = import_files(&run, argv, argc);
    session_close(&run.session);
    return status;
}
