/* SPDX-License-Identifier: MIT
 * An answer in one line for people. */
#include <stdio.h>

#include "base/date.h"
#include "store/ask.h"

struct line {
    char *ptr;
    size_t len, cap;
};

static void put(struct line *line, const char *text)
{
    size_t len = strlen(text);

    if (len > line->cap - line->len)
        len = line->cap - line->len;
    if (len > 0)
        memcpy(line->ptr + line->len, text, len);
    line->len += len;
}

/* " since 2026-03-01": a day is enough for what lasts. */
static void put_day(struct line *line, const char *word, int64_t time)
{
    char iso[DATE_ISO_SIZE];

    if (time == BOUNCE_NO_TIME || date_format_iso(time, iso) < 10)
        return;
    iso[10] = '\0';
    put(line, word);
    put(line, iso);
}

/* " until 2026-03-01T10:00:00Z"; a day where it is two days off or more. */
static void put_until(struct line *line, int64_t until, int64_t now)
{
    char iso[DATE_ISO_SIZE];

    if (until == BOUNCE_NO_TIME)
        return;
    if (until - now >= (int64_t)2 * 24 * 3600) {
        put_day(line, " until ", until);
    } else if (date_format_iso(until, iso) > 0) {
        put(line, " until ");
        put(line, iso);
    }
}

/* "user_unknown (google.no-such-user)" */
static void put_cause(struct line *line, const struct bounce_cause *cause,
                      const char *otherwise)
{
    put(line, cause->category[0] != '\0' ? cause->category : otherwise);
    if (cause->rule[0] != '\0') {
        put(line, " (");
        put(line, cause->rule);
        put(line, ")");
    }
}

static void put_route(struct line *line, const struct bounce_hold_key *key)
{
    const struct {
        const char *before, *value;
    } parts[] = {{" to ", key->provider},
                 {" to ", key->domain},
                 {" over ", key->ip},
                 {" from ", key->sender_domain},
                 {" of campaign ", key->campaign}};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].value[0] == '\0')
            continue;
        put(line, parts[i].before);
        put(line, parts[i].value);
    }
}

static void put_stopped(struct line *line, const struct ask_answer *answer,
                        int64_t now)
{
    bool manual = strcmp(answer->reason, "manual") == 0;

    if (strcmp(answer->reason, "hold") == 0) {
        put(line, "mail");
        put_route(line, &answer->hold.key);
        put(line, " is held");
        put_day(line, " since ", answer->cause.since);
    } else {
        put(line, answer->decided == BOUNCE_NEVER ? "suppressed" : "suspended");
        put(line, manual ? " by hand" : "");
        put(line, answer->in_scope ? " in this scope" : "");
        put_day(line, " since ", answer->cause.since);
    }
    put_until(line, answer->until, now);
    if (answer->forgotten)
        put(line, ", all else was forgotten");
    if (manual && answer->cause.rule[0] == '\0')
        return;
    put(line, ": ");
    if (manual)
        put(line, answer->cause.rule);
    else
        put_cause(line, &answer->cause, answer->reason);
    if (answer->label[0] != '\0') {
        put(line, ", ");
        put(line, answer->label);
    }
}

size_t ask_line(const struct ask_answer *answer, int64_t now, char *buf,
                size_t cap)
{
    struct line line = {buf, 0, cap};

    if (answer->flaw != ADDRESS_FINE) {
        put(&line, "no address: ");
        put(&line, address_flaw_text(answer->flaw));
    } else if (answer->decided == BOUNCE_SEND) {
        put(&line, "active");
    } else {
        put_stopped(&line, answer, now);
        if (answer->may == BOUNCE_SEND)
            put(&line, "; sent all the same, the policy observes only");
    }
    return line.len;
}
