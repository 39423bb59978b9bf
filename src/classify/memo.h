/* SPDX-License-Identifier: MIT
 * What a reader judged before: verdicts by outline. Servers write the same few
 * thousand replies all day; only the first of each is matched against all
 * rules. The oldest make room. */
#ifndef BOUNCE_CLASSIFY_MEMO_H
#define BOUNCE_CLASSIFY_MEMO_H

#include "classify/outline.h"

/* Places of an outline; start OUTLINE_NOWHERE: NULL. */
struct memo_span {
    uint16_t start, end;
};

/* Texts of a verdict that belong to the knowledge. */
enum memo_text {
    MEMO_CATEGORY,
    MEMO_PROVIDER,
    MEMO_GATEWAY,
    MEMO_EVIDENCE_RULE,
    MEMO_REMEDY,
    MEMO_BLOCK_LIST,
    MEMO_LOOKUP_URL,
    MEMO_REMOVAL_URL,
    MEMO_SUPPRESSED_FOR,
    MEMO_TEXTS
};

/* A verdict, as small as it can be: some thousand of them are to stay in the
 * second cache. */
struct memo_verdict {
    const char *texts[MEMO_TEXTS];
    uint16_t lens[MEMO_TEXTS];
    uint16_t code;
    double confidence;
    int64_t retry_after_s;
    struct memo_span status, host, url, sender_ip, text;
    /* Of the evidence, in the normalised text when again says so. */
    uint16_t evidence_at, evidence_len;
    uint8_t kind, action, stage, cls, evidence_by, todo, who, retry_by;
    uint8_t permanent, person_left; /* 1 more than in the event */
    bool expired, has_evidence;
    uint8_t again; /* see recall.c */
};

struct memo;

/* room: bytes that verdicts may take; allocated when they are needed first.
 * NULL when memory is out. allocator must outlive the memo. */
struct memo *memo_new(const struct bounce_allocator *allocator, size_t room);
void memo_free(struct memo *memo);

/* Where outlines are made: that of the text (0), and of what stands around it
 * (1) for verdicts that depend on both. */
#define MEMO_OUTLINES 2
struct outline *memo_outline(struct memo *memo, size_t i);

/* The verdict of the first count outlines, or NULL. evidence_out: its text,
 * where that is the same for all. Both live until the next memo_keep(). */
const struct memo_verdict *memo_find(struct memo *memo, size_t count,
                                     const char **evidence_out);

/* Keeps a verdict for the first count outlines, of which memo_find() knew none.
 * Nothing happens when memory is out. */
void memo_keep(struct memo *memo, size_t count,
               const struct memo_verdict *verdict,
               struct bounce_slice evidence);

#endif
