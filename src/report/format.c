/* SPDX-License-Identifier: MIT */
#include "report/format.h"

#include "base/block.h"

enum { POINTS_SURE = 16, POINTS_SIGN = 4, POINTS_HINT = 1, POINTS_NEEDED = 4 };

struct recognizer {
    struct message *message;
    struct format_seen *seen; /* one for each format */
    unsigned char *hit;       /* one for each mark */
};

struct normalizer {
    struct bounce_slice text;
    size_t in;
    size_t block;     /* number of the 64 bytes that special is of */
    uint64_t special; /* their bytes that are not copied as they are */
};

/* Control characters, line ends among them, and blanks that do not stand alone
 * between other bytes. */
static uint64_t find_special(struct bounce_slice text, size_t at)
{
    struct block b;
    uint64_t controls, spaces, white, before, behind;

    block_load(&b, text.ptr + at, text.len - at);
    controls = block_controls(&b); /* what is missing at the end counts too */
    spaces = block_equal(&b, ' ');
    white = spaces | controls;
    before = at == 0 || (unsigned char)text.ptr[at - 1] <= ' ';
    behind = at + 64 >= text.len || (unsigned char)text.ptr[at + 64] <= ' ';
    return controls |
           (spaces & (white << 1 | before | white >> 1 | behind << 63));
}

/* How many bytes from n->in on are copied as they are. */
static size_t plain_run(struct normalizer *n)
{
    size_t at = n->in;

    while (at < n->text.len) {
        uint64_t bits;

        if (n->block != at / 64) {
            n->block = at / 64;
            n->special = find_special(n->text, n->block * 64);
        }
        bits = n->special >> at % 64;
        if (bits != 0) {
            at += bits_lowest(bits);
            break;
        }
        at = (n->block + 1) * 64;
    }
    return (at < n->text.len ? at : n->text.len) - n->in;
}

struct bounce_slice format_normalize(struct message *message,
                                     struct bounce_slice text)
{
    struct normalizer n = {.text = text, .block = SIZE_MAX};
    char *out = message_alloc(message, text.len + 1);
    bool blank = false, start = true;
    size_t len = 0;

    if (out == NULL)
        return SLICE_NULL;
    while (n.in < text.len) {
        size_t run = plain_run(&n);
        unsigned char c = (unsigned char)text.ptr[n.in];

        if (run == 0 && c == '\n') {
            out[len++] = '\n';
            blank = false;
            start = true;
            n.in++;
        } else if (run == 0 && ascii_is_space(c)) {
            blank = !start;
            n.in++;
        } else {
            run = run == 0 ? 1 : run; /* another control character */
            if (blank)
                out[len++] = ' ';
            blank = start = false;
            block_lower(out + len, text.ptr + n.in, run);
            len += run;
            n.in += run;
        }
    }
    return slice_make(out, len);
}

bool format_mark_hits(const struct format_mark *mark, struct bounce_slice line)
{
    struct bounce_slice text = format_text(mark->text, mark->text_len);

    switch (mark->test) {
    case FORMAT_TEST_IS:
        return slice_eq(line, text);
    case FORMAT_TEST_BEGINS:
        return slice_starts(line, text);
    case FORMAT_TEST_CONTAINS:
        return slice_find(line, text) != SLICE_NPOS;
    default:
        return true;
    }
}

static void count_points(struct format_seen *seen,
                         const struct format_mark *mark, unsigned points)
{
    seen->points += points;
    seen->weight += mark->text_len + 4U;
    seen->places |= 1U << mark->place;
}

/* line is the number of the line that was hit; 0 for headers. */
static void count_mark(struct recognizer *r, size_t index, size_t line)
{
    const struct format_mark *mark = &FORMAT_MARKS[index];
    struct format_seen *seen = &r->seen[mark->format];

    /* What stands behind its returned message says nothing of the report. */
    if (r->hit[index] ||
        (mark->place == FORMAT_PLACE_LINE && seen->returned < line))
        return;
    r->hit[index] = 1;
    switch (mark->role) {
    case FORMAT_ROLE_SURE:
        count_points(seen, mark, POINTS_SURE);
        break;
    case FORMAT_ROLE_SIGN:
        count_points(seen, mark, POINTS_SIGN);
        break;
    case FORMAT_ROLE_HINT:
        count_points(seen, mark, POINTS_HINT);
        break;
    case FORMAT_ROLE_PREFER:
        seen->prefer += POINTS_SURE;
        break;
    case FORMAT_ROLE_NOT:
        seen->excluded = true;
        break;
    case FORMAT_ROLE_BEGIN:
        if (seen->begin == SIZE_MAX)
            seen->begin = line;
        break;
    case FORMAT_ROLE_RETURNED:
        seen->returned = line;
        break;
    case FORMAT_ROLE_DELAYED:
        seen->delayed = true;
        if ((seen->format->flags & FORMAT_FLAG_FALLBACK) != 0)
            seen->places |= 1U << mark->place;
        break;
    case FORMAT_ROLE_DELIVERED:
        seen->delivered = true;
        break;
    case FORMAT_ROLE_FAILED:
        seen->failed = true;
        break;
    case FORMAT_ROLE_EXPIRED:
        seen->expired = true;
        break;
    default:
        break;
    }
}

/* Whether mark hits the text at at, whose line is [start, end). */
static bool anchored(const struct format_mark *mark, struct bounce_slice text,
                     size_t at, size_t start)
{
    struct bounce_slice want = format_text(mark->text, mark->text_len);

    if (mark->test != FORMAT_TEST_CONTAINS && at != start)
        return false;
    if (want.len > text.len - at ||
        !bits_equal(text.ptr + at, want.ptr, want.len))
        return false;
    at += want.len;
    return mark->test != FORMAT_TEST_IS || at == text.len ||
           text.ptr[at] == '\n';
}

/* The marks in the bucket of the bytes at at. */
static inline void scan_at(struct recognizer *r, struct bounce_slice text,
                           size_t at, size_t start, size_t line,
                           const struct format_buckets *buckets,
                           enum format_place place)
{
    const uint16_t *first = buckets->first + format_hash(text.ptr + at);

    for (size_t k = first[0]; k < first[1]; k++) {
        const struct format_mark *mark = &FORMAT_MARKS[buckets->marks[k]];

        if (mark->place == place && anchored(mark, text, at, start))
            count_mark(r, buckets->marks[k], line);
    }
}

/* One pass: each position's next four bytes name the few marks that can begin
 * there. */
static void scan(struct recognizer *r, struct bounce_slice text,
                 enum format_place place)
{
    bool is_line = place == FORMAT_PLACE_LINE;
    const struct format_buckets *beginnings =
        is_line ? &FORMAT_LINE_BEGINNINGS : &FORMAT_FIELD_BEGINNINGS;
    const struct format_buckets *contents =
        is_line ? &FORMAT_LINE_CONTENTS : &FORMAT_FIELD_CONTENTS;
    size_t line = 0;

    for (size_t start = 0; start + 4 <= text.len; line++) {
        const char *end = memchr(text.ptr + start, '\n', text.len - start);
        size_t next = end != NULL ? (size_t)(end - text.ptr) : text.len;

        if (next > start)
            scan_at(r, text, start, start, line, beginnings, place);
        for (size_t i = start; i < next && i + 4 <= text.len; i++)
            scan_at(r, text, i, start, line, contents, place);
        start = next + 1;
    }
}

static void scan_header(struct recognizer *r, const struct mime_header *h)
{
    size_t low = 0, high = FORMAT_HEADER_COUNT;
    const struct format_mark *first;
    struct bounce_slice value;
    unsigned letter =
        h->name.len > 0 ? ((unsigned char)h->name.ptr[0] | 0x20U) - 'a' : 26;

    if (letter >= 26 || h->name.len >= 64 ||
        (FORMAT_HEADER_LENGTHS[letter] >> h->name.len & 1) == 0)
        return;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct format_mark *m = &FORMAT_MARKS[FORMAT_HEADERS[middle]];
        if (slice_compare_nocase(format_text(m->name, m->name_len), h->name) <
            0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == FORMAT_HEADER_COUNT)
        return;
    first = &FORMAT_MARKS[FORMAT_HEADERS[low]];
    if (!slice_eq_nocase(format_text(first->name, first->name_len), h->name))
        return;
    value = format_normalize(r->message, collect_line(r->message, h->value));
    for (; low < FORMAT_HEADER_COUNT; low++) {
        const struct format_mark *m = &FORMAT_MARKS[FORMAT_HEADERS[low]];

        if (m->name != first->name)
            break;
        if (format_mark_hits(m, value))
            count_mark(r, FORMAT_HEADERS[low], 0);
    }
}

/* Words alone may be quoted by anybody, and headers alone tell who handled a
 * mail, not what it is. A bounce needs its words in the text and anything in
 * the header; or its words in the subject and a sender that fits. */
static bool is_seen(const struct collect *collect, const struct format_seen *s)
{
    const unsigned line = 1U << FORMAT_PLACE_LINE;
    const unsigned subject = 1U << FORMAT_PLACE_SUBJECT;
    bool sender = (s->places & ~(line | subject)) != 0 ||
                  collect->outer.daemon || collect->outer.null_sender;

    if (s->excluded || s->points < POINTS_NEEDED ||
        (s->format->flags & FORMAT_FLAG_FALLBACK) != 0)
        return false;
    if (s->format->kind != FORMAT_CLASS_BOUNCE ||
        (s->format->flags & FORMAT_FLAG_ALONE) != 0)
        return true;
    if ((s->places & line) != 0)
        return (s->places & subject) != 0 || sender;
    return (s->places & subject) != 0 && sender;
}

static bool is_better(const struct format_seen *a, const struct format_seen *b)
{
    unsigned x = a->points + a->prefer, y = b->points + b->prefer;

    return b->format == NULL || x > y || (x == y && a->weight > b->weight);
}

static void choose(const struct recognizer *r, const struct collect *collect,
                   struct format_found *found_out)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        const struct format_seen *s = &r->seen[i];
        struct format_seen *best = FORMATS[i].kind == FORMAT_CLASS_BOUNCE
                                       ? &found_out->bounce
                                       : &found_out->other;
        if (FORMATS[i].kind == FORMAT_CLASS_CLIENT)
            found_out->client |= is_seen(collect, s);
        else if ((FORMATS[i].flags & FORMAT_FLAG_FALLBACK) != 0)
            found_out->fallback = *s;
        else if (is_seen(collect, s) && is_better(s, best))
            *best = *s;
    }
}

static void clear(struct format_seen *seen, const struct format *format)
{
    memset(seen, 0, sizeof(*seen));
    seen->format = format;
    seen->begin = seen->returned = SIZE_MAX;
}

/* "[EXTERNAL] Automatic reply", "***SPAM*** Undeliverable": gateways put
 * tags before a subject. */
static struct bounce_slice without_tags(struct bounce_slice subject)
{
    static const char pairs[][2] = {{'[', ']'}, {'{', '}'}, {'(', ')'}};
    enum { TAG_MAX = 24, STARS = 3 };

    for (int i = 0; i < 3 && subject.len > 0; i++) {
        size_t end = SLICE_NPOS;
        if (slice_starts(subject, SLICE("***")))
            end = slice_find(slice_from(subject, STARS), SLICE("***"));
        for (size_t k = 0; k < 3; k++)
            if (subject.ptr[0] == pairs[k][0])
                end = slice_find_byte(subject, pairs[k][1]);
        if (end == SLICE_NPOS || end > TAG_MAX)
            break;
        end += subject.ptr[0] == '*' ? 2 * STARS : 1;
        subject = slice_trim(slice_from(subject, end));
    }
    return subject;
}

void format_recognize(struct collect *collect, struct bounce_slice text,
                      struct format_found *found_out)
{
    struct message *m = collect->message;
    const struct outer *o = &collect->outer;
    struct recognizer r = {m, NULL, NULL};
    struct bounce_slice to = mime_value(o->headers, SLICE("To"));
    struct bounce_slice subject, untagged;

    clear(&found_out->bounce, NULL);
    clear(&found_out->other, NULL);
    clear(&found_out->fallback, &FORMATS[0]);
    found_out->client = false;
    r.seen = message_alloc(m, FORMAT_COUNT * sizeof(*r.seen));
    r.hit = message_calloc(m, FORMAT_MARK_COUNT, 1);
    if (r.seen == NULL || r.hit == NULL)
        return;
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        clear(&r.seen[i], &FORMATS[i]);
    subject = format_normalize(m, collect_line(m, o->subject));
    scan(&r, subject, FORMAT_PLACE_SUBJECT);
    untagged = without_tags(subject);
    if (untagged.len < subject.len)
        scan(&r, untagged, FORMAT_PLACE_SUBJECT);
    scan(&r, format_normalize(m, collect_line(m, o->from)), FORMAT_PLACE_FROM);
    scan(&r, format_normalize(m, collect_line(m, to)), FORMAT_PLACE_TO);
    for (const struct mime_header *h = o->headers; h != NULL; h = h->next)
        scan_header(&r, h);
    scan(&r, format_normalize(m, text), FORMAT_PLACE_LINE);
    choose(&r, collect, found_out);
}
