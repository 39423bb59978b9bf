/* SPDX-License-Identifier: MIT */
#include "ingest/verp_report.h"

#define HEADER_MAX                                                             \
    ((size_t)256 << 10) /* bytes of a header that are looked at */

/* Whether a line begins a field that says whom the report was sent to. */
static bool is_recipient_field(struct bounce_slice line)
{
    static const char *const names[] = {"To:",
                                        "Delivered-To:",
                                        "X-Original-To:",
                                        "Envelope-To:",
                                        "X-Envelope-To:",
                                        "X-Delivered-To:",
                                        "Apparently-To:",
                                        "X-RCPT-To:"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (slice_starts_nocase(line, slice_cstr(names[i])))
            return true;
    }
    return false;
}

static bool is_edge(char c)
{
    return ascii_is_space((unsigned char)c) || strchr("<>,;:\"()", c) != NULL;
}

/* Which verdict says more. */
static int rank(enum verp_verdict verdict)
{
    static const int ranks[] = {[VERP_FINE] = 4,
                                [VERP_EXPIRED] = 3,
                                [VERP_FORGED] = 2,
                                [VERP_FOREIGN] = 1,
                                [VERP_NONE] = 0};

    return ranks[verdict];
}

struct look {
    const struct verp_key *keys;
    size_t count;
    int64_t now, max_age_s;
    enum verp_verdict best;
    struct verp_seen *seen;
};

/* All words of a line that have an "@" and a "+". */
static void look_at_line(struct look *look, struct bounce_slice line)
{
    size_t at = 0;

    while (at < line.len && look->best != VERP_FINE) {
        struct bounce_slice word;
        struct verp_seen seen;
        enum verp_verdict verdict;
        size_t from = at;

        while (at < line.len && !is_edge(line.ptr[at]))
            at++;
        word = slice_sub(line, from, at - from);
        at++;
        if (slice_find_byte(word, '@') == SLICE_NPOS ||
            slice_find_byte(word, '+') == SLICE_NPOS)
            continue;
        verdict = verp_verify(look->keys, look->count, word, look->now,
                              look->max_age_s, &seen);
        if (rank(verdict) > rank(look->best)) {
            look->best = verdict;
            *look->seen = seen;
        }
    }
}

enum verp_verdict verp_report_check(const struct verp_key *keys, size_t count,
                                    struct bounce_slice message, int64_t now,
                                    int64_t max_age_s,
                                    struct verp_seen *seen_out)
{
    struct look look = {keys, count, now, max_age_s, VERP_NONE, seen_out};
    struct bounce_slice rest = slice_sub(message, 0, HEADER_MAX), line;
    bool inside = false;

    while (slice_next_line(&rest, &line) && line.len > 0) {
        /* A line that goes on belongs to the field before it. */
        if (line.ptr[0] != ' ' && line.ptr[0] != '\t')
            inside = is_recipient_field(line);
        if (inside)
            look_at_line(&look, line);
    }
    return look.best;
}

static bool is_same(struct bounce_slice address, const struct verp_seen *seen)
{
    return slice_eq_nocase(address, slice_cstr(seen->recipient));
}

size_t verp_report_apply(enum verp_verdict verdict,
                         const struct verp_seen *seen, struct record *records,
                         size_t count)
{
    size_t good = 0;

    for (size_t i = 0; i < count && verdict != VERP_NONE; i++) {
        struct bounce_event *event = &records[i].event;

        if (verdict != VERP_FINE) {
            event->verified = 0;
            continue;
        }
        if (event->verified == 0 || seen->recipient[0] == '\0')
            continue; /* a mailer that fakes bounces had the token too */
        if (!is_same(event->recipient, seen)) {
            bool original = is_same(event->original_recipient, seen);

            /* Of several recipients that an alias stands for, one that failed
             * does not say that the alias did. */
            if (!original && count > 1)
                continue;
            event->recipient = slice_cstr(seen->recipient);
            event->recipient_from = BOUNCE_FROM_VERP;
        }
        event->verified = 1;
        good++;
    }
    return good;
}
