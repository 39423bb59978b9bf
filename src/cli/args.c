/* SPDX-License-Identifier: MIT */
#include "cli/args.h"

#include <stdarg.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/out.h"

/* Columns of an option and its value in --help. */
#define HELP_LEAST 18
#define HELP_MOST  24

int args_wrong(const char *verb, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    cli_error("%s", text);
    cli_error("try \"bounce %s --help\"", verb);
    return CLI_USAGE;
}

/* "--name VALUE"; its length. */
static size_t write_left(const struct arg_option *option, char left[64])
{
    int len = snprintf(left, 64, "--%s%s%s", option->name,
                       option->value != NULL ? " " : "",
                       option->value != NULL ? option->value : "");

    return len < 0 ? 0 : (size_t)len;
}

static void help(const struct arg_spec *spec)
{
    size_t width = HELP_LEAST;
    struct out out;
    char left[64];

    for (size_t i = 0; i < spec->count; i++) {
        size_t len = write_left(&spec->options[i], left);

        if (len > width && len <= HELP_MOST)
            width = len;
    }
    out_init(&out);
    textbuf_format(&out.text, "usage: %s\n\n%s\n\noptions:\n", spec->usage,
                   spec->intro);
    for (size_t i = 0; i < spec->count; i++) {
        write_left(&spec->options[i], left);
        textbuf_format(&out.text, "  %-*s %s\n", (int)width, left,
                       spec->options[i].help);
    }
    textbuf_format(&out.text, "  %-*s %s\n", (int)width, "--help", "show this");
    if (spec->more != NULL)
        textbuf_format(&out.text, "\n%s\n", spec->more);
    out_close(&out);
}

static const struct arg_option *find(const struct arg_spec *spec,
                                     struct bounce_slice name)
{
    for (size_t i = 0; i < spec->count; i++) {
        if (slice_eq(name, slice_cstr(spec->options[i].name)))
            return &spec->options[i];
    }
    return NULL;
}

static int store(const char *verb, const struct arg_option *option,
                 const char *value)
{
    unsigned number = 0;
    size_t digits;

    if (option->kind == ARG_TEXT) {
        *(const char **)option->target = value;
        return -1;
    }
    digits = slice_parse_uint(slice_cstr(value), 4, &number);
    if (digits == 0 || value[digits] != '\0' || number == 0)
        return args_wrong(verb, "--%s wants a number from 1 to 9999, not %s",
                          option->name, value);
    *(unsigned *)option->target = number;
    return -1;
}

/* One option at argv[*at]; moves *at onto the value where it is apart. */
static int take(const struct arg_spec *spec, const char *verb, int argc,
                char **argv, int *at)
{
    struct bounce_slice name = slice_cstr(argv[*at] + 2);
    size_t equals = slice_find_byte(name, '=');
    const char *value = NULL;
    const struct arg_option *option;

    if (equals != SLICE_NPOS)
        value = name.ptr + equals + 1;
    name = slice_sub(name, 0, equals);
    option = find(spec, name);
    if (option == NULL)
        return args_wrong(verb, "unknown option %s", argv[*at]);
    if (option->kind == ARG_FLAG) {
        if (value != NULL)
            return args_wrong(verb, "--%s takes no value", option->name);
        *(bool *)option->target = true;
        return -1;
    }
    if (value == NULL && *at + 1 < argc)
        value = argv[++*at];
    if (value == NULL)
        return args_wrong(verb, "--%s wants a value", option->name);
    return store(verb, option, value);
}

int args_parse(const struct arg_spec *spec, int *argc, char **argv)
{
    const char *verb = argv[0];
    bool options = true;
    int kept = 0;

    for (int i = 1; i < *argc; i++) {
        const char *arg = argv[i];

        if (options && strcmp(arg, "--") == 0) {
            options = false;
        } else if (options &&
                   (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)) {
            help(spec);
            return CLI_FINE;
        } else if (options && arg[0] == '-' && arg[1] == '-') {
            int status = take(spec, verb, *argc, argv, &i);

            if (status >= 0)
                return status;
        } else if (options && arg[0] == '-' && arg[1] != '\0') {
            return args_wrong(verb, "unknown option %s", arg);
        } else {
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    return -1;
}
