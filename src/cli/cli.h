/* SPDX-License-Identifier: MIT
 * What all verbs share: exit statuses, messages, memory. */
#ifndef BOUNCE_CLI_CLI_H
#define BOUNCE_CLI_CLI_H

#include "base/slice.h"

/* Exit statuses are a contract: bounce(1). 64 and above as in sysexits.h. */
enum cli_status {
    CLI_FINE = 0,
    CLI_UNREADABLE = 1, /* some input; the rest was done */
    CLI_USAGE = 2,
    CLI_DATA_ERROR = 65, /* rules that cannot be read */
    CLI_NO_INPUT = 66,
    CLI_NO_CREATE = 73, /* no such folder, or no right to write there */
    CLI_IO_ERROR = 74,  /* output could not be written */
    CLI_TRY_AGAIN = 75, /* out of memory */
    CLI_PROTOCOL = 76,  /* a server does not keep to its protocol */
    CLI_DENIED = 77,    /* a server refuses name or password */
    CLI_CONFIG = 78     /* a host that is not trusted, TLS that is not there */
};

struct cli_verb {
    const char *name;
    const char *summary; /* one line for --help */
    /* argv[0] is the verb; returns the exit status. */
    int (*run)(int argc, char **argv);
};

int verb_read(int argc, char **argv);
int verb_classify(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_codes(int argc, char **argv);
int verb_labels(int argc, char **argv);
int verb_rules(int argc, char **argv);
int verb_learn(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_why(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_events(int argc, char **argv);
int verb_review(int argc, char **argv);
int verb_due(int argc, char **argv);
int verb_holds(int argc, char **argv);
int verb_incidents(int argc, char **argv);
int verb_stats(int argc, char **argv);
int verb_export(int argc, char **argv);
int verb_ingest(int argc, char **argv);
int verb_import(int argc, char **argv);
int verb_suppress(int argc, char **argv);
int verb_release(int argc, char **argv);
int verb_forget(int argc, char **argv);
int verb_policy(int argc, char **argv);
int verb_verp(int argc, char **argv);
int verb_reclassify(int argc, char **argv);
int verb_serve(int argc, char **argv);
int verb_config(int argc, char **argv);
int verb_token(int argc, char **argv);
int verb_out(int argc, char **argv);

/* "bounce: TEXT" and a line end on standard error, control characters made
 * harmless. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and ends the process. */
_Noreturn void cli_fail(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* realloc() that ends the process with CLI_TRY_AGAIN when memory is out. */
void *cli_realloc(void *ptr, size_t size);
/* Two sizes of one array element: count elements of size bytes. */
void *cli_array(void *ptr, size_t count, size_t size);

/* From now on cli_fail() and its like end the process with this status, whatever
 * they are told: who called asks only whether it went well. */
void cli_fail_with(int status);

/* For printf("%.*s"). */
#define CLI_ARG(s) (int)((s).len > 4096 ? 4096 : (s).len), (s).ptr

#endif
