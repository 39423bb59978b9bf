/* SPDX-License-Identifier: MIT
 * Reads the cases of a Markdown file; README.md tells of the format. */
#ifndef TESTS_CASE_FILE_H
#define TESTS_CASE_FILE_H

#include "base/slice.h"

struct test_case {
    struct bounce_slice title; /* the last "## " heading */
    unsigned line;             /* of the message's fence */
    bool is_reply;             /* ```reply, not ```eml */
    char *input;               /* options of the fence applied */
    size_t input_len;
    struct bounce_slice host, service, stage, status; /* of a reply */
    struct bounce_slice labels;   /* of ```json labels=A,B */
    struct bounce_slice expected; /* text of the JSON */
};

/* Reads case by case from text; *rest and *line move along. Returns false at
 * the end. Complaints go to standard error and count in *flaws. */
struct case_reader {
    const char *name;
    struct bounce_slice rest;
    unsigned line;
    struct bounce_slice title;
    unsigned flaws;
};

bool case_next(struct case_reader *reader, struct test_case *case_out);
void case_free(struct test_case *test);

#endif
