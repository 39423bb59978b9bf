/* SPDX-License-Identifier: MIT
 * The commands of bounce rules. */
#ifndef BOUNCE_CLI_RULES_H
#define BOUNCE_CLI_RULES_H

#include "cli/textbuf.h"

struct rules_run {
    struct bounce_engine *engine;
    struct bounce_slice host, service;
    bool json;
    bool own_only; /* rules of --rules only */
};

/* Each returns the exit status. */
int rules_test(const struct rules_run *run, int argc, char **argv);
int rules_list(const struct rules_run *run, int argc, char **argv);
int rules_show(const struct rules_run *run, int argc, char **argv);
int rules_why(const struct rules_run *run, int argc, char **argv);
int rules_lint(const struct rules_run *run, int argc, char **argv);
/* FILE in another program's format as rules; from: powermta, kumomta,
 * zonemta. */
int rules_import(const char *from, const char *path);

/* The arguments with blanks between. */
void rules_join(struct textbuf *text, int argc, char **argv);

/* Who answers with a rule's examples; empty when it does not matter. */
struct rules_setting {
    char host[256];
    struct bounce_slice service;
};
void rules_setting(const struct bounce_engine *engine, size_t i,
                   struct rules_setting *setting_out);

/* One example in one dress. Several give the same reply as another mail
 * system would quote it. */
struct rules_dress {
    const char *name; /* "as written", "in Postfix's words", ... */
    void (*make)(struct textbuf *text, struct bounce_slice example,
                 const char *host);
};
extern const struct rules_dress rules_dresses[];
extern const size_t rules_dress_count;

#endif
