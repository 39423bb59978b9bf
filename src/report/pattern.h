/* SPDX-License-Identifier: MIT
 * Patterns of one line, as Recipient, Reply, Fact, Skip and Section fields of
 * a Format stanza write them: text with {names} between. */
#ifndef BOUNCE_REPORT_PATTERN_H
#define BOUNCE_REPORT_PATTERN_H

#include "base/slice.h"

struct pattern_facts {
    struct bounce_slice addr; /* the recipient */
    struct bounce_slice name; /* a recipient that need be no address */
    struct bounce_slice orig; /* the address it was expanded from */
    struct bounce_slice reply;
    struct bounce_slice host, ip, code, status, queue;
    enum bounce_stage stage;
};

/* Matches the whole line. Case is ignored, a blank stands for any white
 * space, blanks at both ends of the line are ignored unless the pattern begins
 * with {in}. Placeholders: {addr} {name} {orig} {reply} {text} {host} {ip}
 * {code} {status} {queue} {stage} {n} {in}. {reply} and {text} reach to the
 * literal behind them or to the end. The pattern is compiled (pattern_piece.h).
 * false: facts_out holds nothing of use. Time: linear in line. */
bool pattern_match(struct bounce_slice pattern, struct bounce_slice line,
                   struct pattern_facts *facts_out);

#endif
