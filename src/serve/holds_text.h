/* SPDX-License-Identifier: MIT
 * Holds in force as a file that a mail server reads. */
#ifndef BOUNCE_SERVE_HOLDS_TEXT_H
#define BOUNCE_SERVE_HOLDS_TEXT_H

#include "serve/bytes.h"
#include "store/list.h"

enum holds_format {
    HOLDS_POSTFIX, /* regexp table of recipients and MX hosts: access */
    HOLDS_POSTFIX_TRANSPORT, /* regexp table of recipients: transport */
    HOLDS_KUMOMTA,           /* shaping file, TOML */
    HOLDS_JSON,              /* all of them, each with its provider's names */
    HOLDS_FORMATS
};
/* HOLDS_FORMATS: there is none of that name. */
enum holds_format holds_format_parse(struct bounce_slice name);

/* What the server sends as, between commas. A table of recipients cannot tell
 * one IP, sender domain or campaign from another: a hold of one is written when
 * it is named here, else left out with a comment. In the format of KumoMTA an
 * IP stands for the egress source of that name, or of the one behind "=". */
struct holds_choice {
    enum holds_format format;
    struct bounce_slice ips, sender_domains, campaigns;
};

/* The file's text, without any hold where the policy only observes (JSON says
 * so instead). *until_out: when the first of these holds ends by itself, or
 * BOUNCE_NO_TIME. The same holds give the same text. */
enum store_err holds_text(struct book *book, const struct holds_choice *choice,
                          int64_t now, struct bytes *out, int64_t *until_out,
                          struct store_error *error);

/* Puts text in the place of a file, at once and as a whole (mode 0644: it names
 * no addresses). false: why says why, and the old one is as it was. */
bool holds_write(const char *path, struct bounce_slice text, char why[200]);

#endif
