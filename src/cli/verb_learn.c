/* SPDX-License-Identifier: MIT
 * bounce learn: what the rules do not know yet, as rules to be completed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/learn.h"
#include "cli/lines.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "ingest/request.h"

struct learn_run {
    struct bounce_engine *engine;
    struct bounce_reader *reader;
    struct learn learn;
    unsigned below; /* hundredths of confidence */
    uint64_t replies, unknown;
    bool failed;
};

static void learn_event(struct learn_run *run, struct bounce_slice reply,
                        const struct bounce_event *event)
{
    run->replies++;
    if (event->kind == BOUNCE_KIND_DELIVERY ||
        (!slice_eq(event->category, SLICE("undetermined")) &&
         event->confidence * 100 >= run->below))
        return;
    run->unknown++;
    learn_add(&run->learn, bounce_reader_template(run->reader), reply, event);
}

static void learn_line(struct learn_run *run, const char *path, uint64_t number,
                       char *line, size_t len)
{
    struct bounce_reply reply = {.size = sizeof(reply)};
    const struct bounce_result *result;
    struct request request = {0};
    const char *flaw;

    if (len > 0 && line[len - 1] == '\r')
        len--;
    if (len == 0)
        return;
    reply.text = slice_make(line, len);
    if (line[0] == '{') {
        flaw = request_parse(line, len, &request);
        if (flaw != NULL) {
            cli_error("%s: line %llu: %s", path, (unsigned long long)number,
                      flaw);
            run->failed = true;
            return;
        }
        reply.text = request.reply;
        reply.host = request.host;
        reply.service = request.service;
        reply.status = request.status;
        reply.stage = request.stage;
    }
    if (bounce_classify(run->reader, &reply, &result, NULL) != BOUNCE_OK)
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    learn_event(run, reply.text, bounce_result_event(result, 0));
}

static void learn_file(struct learn_run *run, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    const char *name = standard ? "standard input" : path;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct lines in;
    char *line;
    size_t len;

    if (fd < 0) {
        cli_error("%s: %s", name, strerror(errno));
        run->failed = true;
        return;
    }
    lines_init(&in, fd);
    for (uint64_t number = 1; lines_next(&in, &line, &len); number++) {
        learn_line(run, name, number, line, len);
        progress_update(run->replies, -1);
    }
    if (in.error != 0) {
        cli_error("%s: %s", name, strerror(in.error));
        run->failed = true;
    }
    lines_free(&in);
    if (!standard)
        close(fd);
}

static void learn_print(struct learn_run *run, unsigned least)
{
    struct out out;

    out_init(&out);
    textbuf_format(
        &out.text,
        "# %llu of %llu replies are undetermined or doubtful. Below, "
        "most frequent first:\n# complete Category, shorten the "
        "phrase to what is always said, check with\n# \"bounce rules "
        "test --rules FILE\".\n",
        (unsigned long long)run->unknown, (unsigned long long)run->replies);
    if (run->learn.dropped > 0)
        textbuf_format(&out.text,
                       "# %llu rare ones were dropped to bound the memory.\n",
                       (unsigned long long)run->learn.dropped);
    learn_write(&run->learn, least, &out);
    out_close(&out);
}

int verb_learn(int argc, char **argv)
{
    struct learn_run run = {.below = 60};
    const char *rules = NULL;
    unsigned least = 2;
    char dash[] = "-", *standard[] = {dash};
    const struct arg_option options[] = {
        {"below", ARG_NUMBER, &run.below, "N",
         "learn from verdicts less sure than N hundredths (60)"},
        {"least", ARG_NUMBER, &least, "N",
         "only what was seen N times or more (2)"},
        {"rules", ARG_TEXT, &rules, "DIR", "rules that precede the built-in"},
    };
    const struct arg_spec spec = {
        "bounce learn [OPTION...] [FILE...]",
        "Finds what the rules do not know. Reads replies as bounce classify "
        "does (one a line,\nor NDJSON), masks what varies, groups the "
        "undetermined and the doubtful ones, and\nwrites rules to be "
        "completed.",
        options, sizeof(options) / sizeof(options[0]), NULL};
    int status = args_parse(&spec, &argc, argv);

    if (status >= 0)
        return status;
    if (argc == 0) {
        argc = 1;
        argv = standard;
    }
    run.engine = open_engine(rules, &status);
    if (run.engine == NULL)
        return status;
    run.reader = open_reader(run.engine);
    progress_start("replies");
    for (int i = 0; i < argc; i++)
        learn_file(&run, argv[i]);
    progress_end();
    learn_print(&run, least);
    learn_free(&run.learn);
    bounce_reader_free(run.reader);
    bounce_engine_free(run.engine);
    return run.failed ? CLI_UNREADABLE : CLI_FINE;
}
