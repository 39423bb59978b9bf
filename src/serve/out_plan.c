/* SPDX-License-Identifier: MIT */
#include "serve/out_plan.h"

#define RETRY_AFTER_MAX 86400

static const struct {
    const char *word, *what, *becomes, *outcome; /* the latter NULL: any */
} events[] = {
    {"state", "state", NULL, NULL},
    {"hold", "hold", NULL, NULL},
    {"incident", "incident", NULL, NULL},
    {"suppressed", "state", "suppressed", NULL},
    {"suspended", "state", "suspended", NULL},
    {"released", "state", "active", NULL},
    {"held", "hold", "held", NULL},
    {"freed", "hold", "free", NULL},
    {"opened", "incident", NULL, "opened"},
    {"closed", "incident", NULL, "closed"},
};
#define EVENTS (sizeof(events) / sizeof(events[0]))

bool out_events(struct bounce_slice words, unsigned *mask_out,
                struct bounce_slice *wrong_out)
{
    struct bounce_slice word;
    unsigned mask = 0;

    while (slice_next_piece(&words, ',', &word)) {
        size_t i = 0;

        word = slice_trim(word);
        while (i < EVENTS && !slice_eq_nocase(word, slice_cstr(events[i].word)))
            i++;
        if (i == EVENTS) {
            *wrong_out = word;
            return false;
        }
        mask |= 1U << i;
    }
    *mask_out = mask != 0 ? mask : ~0U;
    return true;
}

bool out_wants(unsigned mask, const struct list_change *change)
{
    if (mask == ~0U)
        return true;
    for (size_t i = 0; i < EVENTS; i++) {
        if ((mask >> i & 1) != 0 &&
            slice_eq(change->what, slice_cstr(events[i].what)) &&
            (events[i].becomes == NULL ||
             slice_eq(change->becomes, slice_cstr(events[i].becomes))) &&
            (events[i].outcome == NULL ||
             slice_eq(change->outcome, slice_cstr(events[i].outcome))))
            return true;
    }
    return false;
}

/* What stands between "//" and the path. */
static struct bounce_slice authority_of(struct bounce_slice rest)
{
    size_t end = 0;

    while (end < rest.len && memchr("/?#", rest.ptr[end], 3) == NULL)
        end++;
    return slice_sub(rest, 0, end);
}

static struct bounce_slice host_of(struct bounce_slice authority)
{
    size_t end = slice_find_byte(authority, ':');

    if (!slice_starts(authority, SLICE("[")))
        return slice_sub(authority, 0, end);
    end = slice_find_byte(authority, ']');
    return slice_sub(authority, 0, end == SLICE_NPOS ? end : end + 1);
}

/* "127.1.2.3": digits and three dots. */
static bool is_loopback_v4(struct bounce_slice host)
{
    unsigned dots = 0;

    for (size_t i = 0; i < host.len; i++) {
        if (host.ptr[i] == '.')
            dots++;
        else if (!ascii_is_digit((unsigned char)host.ptr[i]))
            return false;
    }
    return dots == 3 && slice_starts(host, SLICE("127."));
}

const char *out_url_flaw(struct bounce_slice url, bool allow_http)
{
    const bool secure = slice_starts_nocase(url, SLICE("https://"));
    struct bounce_slice authority, host;

    if (!secure && !slice_starts_nocase(url, SLICE("http://")))
        return "wants https://, not";
    for (size_t i = 0; i < url.len; i++) {
        if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7f)
            return "has blanks";
    }
    authority = authority_of(slice_from(url, secure ? 8 : 7));
    host = host_of(authority);
    if (host.len == 0)
        return "names no host";
    if (slice_find_byte(authority, '@') != SLICE_NPOS)
        return "has a user; the signature says who sends";
    if (secure || allow_http || is_loopback_v4(host) ||
        slice_eq(host, SLICE("[::1]")) ||
        slice_eq_nocase(host, SLICE("localhost")))
        return NULL;
    return "wants https://, or Allow-Http: yes, not";
}

enum out_fate out_fate(unsigned status)
{
    if (status / 100 == 2)
        return OUT_TAKEN;
    return status == 410 ? OUT_GONE : OUT_AGAIN;
}

int64_t out_wait_s(const struct out_pace *pace, unsigned attempts,
                   unsigned retry_after_s, uint32_t random)
{
    int64_t wait = pace->first_s;

    for (unsigned i = 1; i < attempts && wait < pace->most_s; i++)
        wait *= 2;
    if (wait > pace->most_s)
        wait = pace->most_s;
    wait -= (int64_t)(random % (uint32_t)(wait / 2 + 1));
    if (retry_after_s > RETRY_AFTER_MAX)
        retry_after_s = RETRY_AFTER_MAX;
    if (wait < (int64_t)retry_after_s)
        wait = retry_after_s;
    return wait > 0 ? wait : 1;
}

bool out_gives_up(const struct out_pace *pace, unsigned attempts,
                  int64_t begun_at, int64_t now)
{
    return attempts >= pace->max_attempts || now - begun_at >= pace->give_up_s;
}
