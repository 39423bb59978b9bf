/* SPDX-License-Identifier: MIT
 * bounce rules import: pattern files of PowerMTA, KumoMTA and ZoneMTA as
 * rules. What cannot be said as phrases is listed, never guessed. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/lines.h"
#include "cli/open.h"
#include "cli/out.h"
#include "cli/regex_phrase.h"
#include "cli/rules.h"

struct import_run {
    struct bounce_engine *engine;
    struct out out;
    struct bounce_slice from;
    struct textbuf phrase, example;
    unsigned line;
    size_t rules, refused;
    /* KumoMTA: the key whose array is open */
    char key[64];
    bool in_array;
};

static void refuse(struct import_run *run, struct bounce_slice regex,
                   const char *why)
{
    struct textbuf *text = &run->out.text;

    run->refused++;
    textbuf_format(text, "# line %u: not imported: %s: ", run->line, why);
    textbuf_clean(text, regex);
    textbuf_cstr(text, "\n\n");
}

/* "^550[ -]5\.7\.1 ..." - code and status at the front are no text here, but
 * conditions. Takes them off regex and writes them to code. */
static void take_codes(struct bounce_slice *regex, struct textbuf *code)
{
    struct bounce_slice rest = *regex;
    unsigned number;

    code->len = 0;
    if (slice_starts(rest, SLICE("^")))
        rest = slice_from(rest, 1);
    if (slice_parse_uint(rest, 3, &number) == 3 && number >= 200 &&
        number < 700 && rest.len > 3 &&
        (rest.ptr[3] == ' ' || rest.ptr[3] == '[' || rest.ptr[3] == '\\')) {
        textbuf_format(code, "%u", number);
        rest = slice_from(rest, 3);
        for (size_t i = 0; i < 2; i++) {
            static const char *const blanks[] = {" ", "[ -]", "\\s+", "\\s"};

            for (size_t j = 0; j < sizeof(blanks) / sizeof(blanks[0]); j++) {
                if (slice_starts(rest, slice_cstr(blanks[j])))
                    rest = slice_from(rest, strlen(blanks[j]));
            }
        }
        *regex = rest;
    }
    /* "5\.7\.1" */
    if (rest.len >= 7 && (rest.ptr[0] == '4' || rest.ptr[0] == '5') &&
        slice_starts(slice_from(rest, 1), SLICE("\\."))) {
        size_t at = 3, n = slice_parse_uint(slice_from(rest, 3), 3, &number);
        unsigned detail;

        at += n;
        if (n == 0 || !slice_starts(slice_from(rest, at), SLICE("\\.")))
            return;
        n = slice_parse_uint(slice_from(rest, at + 2), 3, &detail);
        if (n == 0)
            return;
        textbuf_format(code, "%s%c.%u.%u", code->len > 0 ? " " : "",
                       rest.ptr[0], number, detail);
        *regex = slice_trim(slice_from(rest, at + 2 + n));
    }
}

/* A reply that the phrase hits: first alternatives, shortest gaps. */
static void make_example(struct textbuf *text, struct bounce_slice phrase)
{
    bool skip = false;

    for (size_t i = 0; i < phrase.len; i++) {
        struct bounce_slice rest = slice_from(phrase, i);
        char c = phrase.ptr[i];

        if (slice_starts(rest, SLICE("{n}")) ||
            slice_starts(rest, SLICE("{ip}"))) {
            if (!skip)
                textbuf_cstr(text, rest.ptr[1] == 'n' ? "7" : "192.0.2.7");
            i += rest.ptr[1] == 'n' ? 2 : 3;
        } else if (c == '(' || c == ')') {
            skip = false;
        } else if (c == '|') {
            skip = true;
        } else if ((c == '^' && i == 0) || (c == '$' && rest.len == 1) ||
                   ((c == '_' || c == '*') && rest.len > 1 && i > 0 &&
                    phrase.ptr[i - 1] == ' ' && rest.ptr[1] == ' ')) {
            continue;
        } else if (!skip) {
            if (c == '\\' && rest.len > 1)
                c = phrase.ptr[++i];
            textbuf_byte(text, c);
        } else if (c == '\\') {
            i++;
        }
    }
}

static void write_rule(struct import_run *run, struct bounce_slice regex,
                       struct bounce_slice label, struct bounce_slice category)
{
    struct textbuf code = {0};
    struct bounce_slice rest = regex;
    const char *why = NULL;

    take_codes(&rest, &code);
    run->phrase.len = run->example.len = 0;
    if (rest.len > 0)
        why = regex_phrase(rest, &run->phrase);
    else if (code.len == 0)
        why = "an empty pattern";
    if (why != NULL) {
        refuse(run, regex, why);
        textbuf_free(&code);
        return;
    }
    textbuf_add(&run->example,
                code.len > 0 ? textbuf_slice(&code) : SLICE("550"));
    textbuf_byte(&run->example, ' ');
    make_example(&run->example, textbuf_slice(&run->phrase));
    textbuf_format(&run->out.text, "Rule: %.*s.line-%u-%zu\nCategory: %.*s\n",
                   CLI_ARG(run->from), run->line, ++run->rules,
                   CLI_ARG(category));
    if (code.len > 0)
        textbuf_format(&run->out.text, "Code: %.*s\n",
                       CLI_ARG(textbuf_slice(&code)));
    if (run->phrase.len > 0)
        textbuf_format(&run->out.text, "Phrase: %.*s\n",
                       CLI_ARG(textbuf_slice(&run->phrase)));
    textbuf_format(&run->out.text, "Source: %.*s, %.*s\nExample: %.*s\n\n",
                   CLI_ARG(run->from), CLI_ARG(label),
                   CLI_ARG(textbuf_slice(&run->example)));
    out_tick(&run->out);
    textbuf_free(&code);
}

/* Alternatives outside any group are rules of their own. */
static void import_pattern(struct import_run *run, struct bounce_slice regex,
                           struct bounce_slice label)
{
    struct bounce_slice category;
    size_t start = 0;
    int depth = 0;

    if (!bounce_label_category(run->engine, run->from, label, &category,
                               NULL)) {
        refuse(run, label, "an unknown label");
        return;
    }
    for (size_t i = 0; i <= regex.len; i++) {
        char c = i < regex.len ? regex.ptr[i] : '|';

        if (c == '\\' && i < regex.len)
            i++;
        else if (c == '(' || c == '[')
            depth++;
        else if (c == ')' || c == ']')
            depth--;
        else if (c == '|' && depth <= 0) {
            write_rule(run, slice_sub(regex, start, i - start), label,
                       category);
            start = i + 1;
        }
    }
}

/* "/pattern/ category" inside <bounce-category-patterns>. */
static void powermta_line(struct import_run *run, struct bounce_slice line)
{
    size_t close;

    if (line.ptr[0] != '/')
        return;
    close = slice_rfind_byte(line, '/');
    if (close == 0)
        return;
    import_pattern(run, slice_sub(line, 1, close - 1),
                   slice_trim(slice_from(line, close + 1)));
}

/* "pattern,action,category,message" */
static void zonemta_line(struct import_run *run, struct bounce_slice line)
{
    struct bounce_slice rest = line, regex, action, category;

    if (!slice_next_piece(&rest, ',', &regex) ||
        !slice_next_piece(&rest, ',', &action) ||
        !slice_next_piece(&rest, ',', &category)) {
        refuse(run, line, "not pattern,action,category");
        return;
    }
    import_pattern(run, regex, slice_trim(category));
}

/* A TOML string at the front of *rest, basic or literal; its escapes are
 * undone in place of the line. */
static bool toml_string(struct bounce_slice *rest, char *out, size_t *len_out)
{
    char quote = rest->ptr[0];
    size_t len = 0, i = 1;

    for (; i < rest->len && rest->ptr[i] != quote; i++) {
        if (quote == '"' && rest->ptr[i] == '\\' && i + 1 < rest->len) {
            i++;
            if (rest->ptr[i] != '\\' && rest->ptr[i] != '"')
                out[len++] = '\\';
        }
        out[len++] = rest->ptr[i];
    }
    if (i >= rest->len)
        return false;
    *rest = slice_from(*rest, i + 1);
    *len_out = len;
    return true;
}

/* "Label = [" and strings up to "]". */
static void kumomta_line(struct import_run *run, struct bounce_slice line)
{
    struct bounce_slice rest = line;

    if (!run->in_array) {
        size_t equals = slice_find(line, SLICE("="));
        struct bounce_slice key;

        if (equals == SLICE_NPOS || slice_find(line, SLICE("[")) < equals)
            return;
        key = slice_trim(slice_sub(line, 0, equals));
        if (key.len >= sizeof(run->key)) {
            refuse(run, key, "a key too long");
            return;
        }
        memcpy(run->key, key.ptr, key.len);
        run->key[key.len] = '\0';
        rest = slice_trim(slice_from(line, equals + 1));
        if (!slice_starts(rest, SLICE("[")))
            return;
        rest = slice_from(rest, 1);
        run->in_array = true;
    }
    while (rest.len > 0) {
        struct textbuf regex = {0};
        size_t len;

        if (rest.ptr[0] == ']') {
            run->in_array = false;
            return;
        }
        if (rest.ptr[0] == '#')
            return;
        if (rest.ptr[0] != '"' && rest.ptr[0] != '\'') {
            rest = slice_from(rest, 1);
            continue;
        }
        if (!toml_string(&rest, textbuf_room(&regex, rest.len), &len)) {
            refuse(run, rest, "a string that does not end");
            textbuf_free(&regex);
            return;
        }
        import_pattern(run, slice_make(regex.ptr, len), slice_cstr(run->key));
        textbuf_free(&regex);
    }
}

static const struct {
    const char *name;
    void (*line)(struct import_run *run, struct bounce_slice line);
} formats[] = {
    {"powermta", powermta_line},
    {"kumomta", kumomta_line},
    {"zonemta", zonemta_line},
};

static int import_lines(struct import_run *run, size_t format, int fd,
                        const char *path)
{
    struct lines in;
    char *line;
    size_t len;
    int error;

    lines_init(&in, fd);
    while (lines_next(&in, &line, &len)) {
        struct bounce_slice s = slice_trim(slice_make(line, len));

        run->line++;
        if (s.len > 0 && s.ptr[0] != '#')
            formats[format].line(run, s);
    }
    error = in.error;
    lines_free(&in);
    if (error == 0)
        return CLI_FINE;
    cli_error("%s: %s", path, strerror(error));
    return CLI_UNREADABLE;
}

int rules_import(const char *from, const char *path)
{
    struct import_run run = {.from = slice_cstr(from)};
    size_t format = 0;
    int status, fd;

    while (format < sizeof(formats) / sizeof(formats[0]) &&
           strcmp(formats[format].name, from) != 0)
        format++;
    if (format == sizeof(formats) / sizeof(formats[0]))
        return args_wrong("rules", "--from takes powermta, kumomta or zonemta");
    fd = strcmp(path, "-") == 0 ? STDIN_FILENO
                                : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        cli_error("%s: %s", path, strerror(errno));
        return CLI_NO_INPUT;
    }
    run.engine = open_engine(NULL, &status);
    if (run.engine == NULL)
        return status;
    out_init(&run.out);
    status = import_lines(&run, format, fd, path);
    textbuf_format(&run.out.text, "# %zu rules, %zu patterns not imported\n",
                   run.rules, run.refused);
    out_close(&run.out);
    textbuf_free(&run.phrase);
    textbuf_free(&run.example);
    bounce_engine_free(run.engine);
    if (fd != STDIN_FILENO)
        close(fd);
    return status;
}
