/* SPDX-License-Identifier: MIT
 * Options of a verb as a table, which also makes its --help. */
#ifndef BOUNCE_CLI_ARGS_H
#define BOUNCE_CLI_ARGS_H

#include "base/slice.h"

enum arg_kind {
    ARG_FLAG,  /* target: bool */
    ARG_TEXT,  /* target: const char * */
    ARG_NUMBER /* target: unsigned, 1 to 9999 */
};

struct arg_option {
    const char *name; /* without the dashes */
    enum arg_kind kind;
    void *target;
    const char *value; /* name of the value in --help */
    const char *help;
};

struct arg_spec {
    const char *usage; /* lines without "usage:" */
    const char *intro;
    const struct arg_option *options;
    size_t count;
    const char *more; /* examples and the like; may be NULL */
};

/* Options may stand anywhere before "--"; what is no option is moved to the
 * front of argv (from argv[0] on) and counted in *argc. "-" is no option.
 * Returns -1 to go on, or the exit status: --help was served, or the use was
 * wrong and has been named. */
int args_parse(const struct arg_spec *spec, int *argc, char **argv);

/* Names wrong use and points to --help. Returns CLI_USAGE. */
int args_wrong(const char *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
