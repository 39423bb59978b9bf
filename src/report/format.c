/* SPDX-License-Identifier: MIT */
#include "report/format.h"

#include "base/block.h"

enum { POINTS_SURE = 16, POINTS_SIGN = 4, POINTS_HINT = 1, POINTS_NEEDED = 4 };

struct recognizer {
    struct message *message;
    struct format_seen *seen; /* one for each format, once it is touched */
    uint64_t *touched;        /* a bit for each format */
    uint64_t *hit;            /* a bit for each mark */
};

/* A text in which marks of one place are looked for. */
struct scan {
    struct bounce_slice text;
    enum format_place place;
    size_t line;       /* the number of the line that is looked at */
    size_t start, end; /* and where it stands */
};

struct normalizer {
    struct bounce_slice text;
    bool lines; /* line ends stay */
    size_t in;
    size_t block;     /* number of the 64 bytes that special is of */
    uint64_t special; /* their bytes that are not copied as they are */
};

static bool is_white(struct bounce_slice text, size_t at)
{
    return at >= text.len || (unsigned char)text.ptr[at] <= ' ';
}

static bool is_odd(struct bounce_slice text, size_t at)
{
    return at < text.len && (unsigned char)text.ptr[at] <= ' ' &&
           text.ptr[at] != '\n';
}

/* Control characters; blanks that do not stand alone between other bytes; line
 * ends beside such, or all of them where lines do not matter. */
static uint64_t find_special(const struct normalizer *n, size_t at)
{
    struct bounce_slice text = n->text;
    struct block b;
    uint64_t controls, ends, spaces, white, odd;
    uint64_t before, behind, odd_before, odd_behind;

    block_load(&b, text.ptr + at, text.len - at);
    controls = block_controls(&b); /* what is missing at the end counts too */
    ends = n->lines ? block_equal(&b, '\n') : 0;
    spaces = block_equal(&b, ' ');
    white = spaces | controls;
    odd = white & ~ends;
    before = at == 0 || is_white(text, at - 1);
    behind = is_white(text, at + 64);
    odd_before = at > 0 && is_odd(text, at - 1);
    odd_behind = is_odd(text, at + 64);
    return (controls & ~ends) |
           (spaces & (white << 1 | before | white >> 1 | behind << 63)) |
           (ends & (odd << 1 | odd_before | odd >> 1 | odd_behind << 63));
}

/* How many bytes from n->in on are copied as they are. */
static size_t plain_run(struct normalizer *n)
{
    size_t at = n->in;

    while (at < n->text.len) {
        uint64_t bits;

        if (n->block != at / 64) {
            n->block = at / 64;
            n->special = find_special(n, n->block * 64);
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

static struct bounce_slice normalize(struct message *message,
                                     struct normalizer n)
{
    char *out = message_alloc(message, n.text.len + 1);
    bool blank = false, start = true;
    size_t len = 0;

    if (out == NULL)
        return SLICE_NULL;
    while (n.in < n.text.len) {
        size_t run = plain_run(&n);
        unsigned char c = (unsigned char)n.text.ptr[n.in];

        if (run == 0 && c == '\n' && n.lines) {
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
            block_lower(out + len, n.text.ptr + n.in, run);
            len += run;
            n.in += run;
            blank = false;
            start = out[len - 1] == '\n';
        }
    }
    return slice_make(out, len);
}

struct bounce_slice format_normalize(struct message *message,
                                     struct bounce_slice text)
{
    return normalize(
        message,
        (struct normalizer){.text = text, .lines = true, .block = SIZE_MAX});
}

struct bounce_slice format_normalize_value(struct message *message,
                                           struct bounce_slice value)
{
    return normalize(message,
                     (struct normalizer){.text = value, .block = SIZE_MAX});
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

static void clear(struct format_seen *seen, const struct format *format)
{
    memset(seen, 0, sizeof(*seen));
    seen->format = format;
    seen->begin = seen->returned = SIZE_MAX;
}

/* Sets the bit; whether it was set before. */
static bool set_bit(uint64_t *bits, size_t i)
{
    bool was = (bits[i / 64] >> i % 64 & 1) != 0;

    bits[i / 64] |= (uint64_t)1 << i % 64;
    return was;
}

static struct format_seen *touch(struct recognizer *r, size_t format)
{
    if (!set_bit(r->touched, format))
        clear(&r->seen[format], &FORMATS[format]);
    return &r->seen[format];
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
    struct format_seen *seen = touch(r, mark->format);

    /* What stands behind its returned message says nothing of the report. */
    if ((mark->place == FORMAT_PLACE_LINE && seen->returned < line) ||
        set_bit(r->hit, index))
        return;
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

/* Whether the mark, whose text fits, hits the line at at. */
static bool hits_at(const struct scan *s, const struct format_mark *mark,
                    size_t at)
{
    if (mark->place != s->place ||
        (mark->test != FORMAT_TEST_CONTAINS && at != s->start) ||
        (mark->test == FORMAT_TEST_IS && mark->text_len != s->end - at))
        return false;
    return bits_equal(s->text.ptr + at, FORMAT_STRINGS + mark->text,
                      mark->text_len);
}

/* The marks whose anchor may stand at at, where it has that hash. */
static void visit(struct recognizer *r, const struct scan *s, size_t at,
                  uint32_t hash, const struct format_index *index)
{
    const uint16_t *first = index->first + (hash >> index->bucket_shift);
    bool hit = false;

    for (size_t k = first[0]; k < first[1]; k++) {
        const struct format_anchor *a = &index->anchors[k];
        size_t start = at - a->offset;

        if (!a->same)
            hit = a->offset <= at - s->start && a->len <= s->end - start &&
                  bits_load32(s->text.ptr + start + a->check_at) == a->check &&
                  hits_at(s, &FORMAT_MARKS[a->mark], start);
        if (hit)
            count_mark(r, a->mark, s->line);
    }
}

static inline bool may_stand(const struct format_index *index, uint32_t hash)
{
    size_t bit = hash >> index->filter_shift;

    return (index->filter[bit / 32] >> bit % 32 & 1) != 0;
}

/* The marks that the line begins with. Many begin alike: 8 bytes tell only
 * those apart that have no more. */
static void scan_beginning(struct recognizer *r, const struct scan *s,
                           const struct format_indexes *indexes)
{
    const char *line = s->text.ptr + s->start;
    uint32_t hash;

    if (s->end - s->start < 8)
        return;
    hash = format_hash8(line);
    if (may_stand(&indexes->short_beginnings, hash))
        visit(r, s, s->start, hash, &indexes->short_beginnings);
    if (s->end - s->start < 16)
        return;
    hash = format_hash16(line);
    if (may_stand(&indexes->beginnings, hash))
        visit(r, s, s->start, hash, &indexes->beginnings);
}

/* The marks that stand anywhere in the line. */
static void scan_contents(struct recognizer *r, const struct scan *s,
                          const struct format_index *index)
{
    const char *text = s->text.ptr;

    for (size_t at = s->start; at + 4 <= s->end; at += index->step) {
        uint32_t hash = format_hash4(text + at);

        if (may_stand(index, hash))
            visit(r, s, at, hash, index);
    }
}

/* One pass: bytes at some positions name the few marks that they may belong
 * to. */
static void scan(struct recognizer *r, struct scan *s,
                 const struct format_indexes *indexes)
{
    for (; s->start + 4 <= s->text.len; s->line++) {
        const char *text = s->text.ptr;

        s->end = (size_t)(block_find_byte(text + s->start, text + s->text.len,
                                          '\n') -
                          text);
        scan_beginning(r, s, indexes);
        scan_contents(r, s, &indexes->contents);
        s->start = s->end + 1;
    }
}

static void scan_subject(struct recognizer *r, struct bounce_slice subject)
{
    struct scan s = {.text = subject, .place = FORMAT_PLACE_SUBJECT};

    scan(r, &s, &FORMAT_IN_SUBJECT);
}

static void scan_sender(struct recognizer *r, struct bounce_slice value,
                        enum format_place place)
{
    struct scan s = {.text = format_normalize_value(r->message, value),
                     .place = place};

    scan(r, &s, &FORMAT_IN_SENDER);
}

static void scan_text(struct recognizer *r, struct bounce_slice text)
{
    struct scan s = {.text = text, .place = FORMAT_PLACE_LINE};

    scan(r, &s, &FORMAT_IN_LINE);
}

/* The number in FORMAT_HEADERS of the first mark for a field;
 * FORMAT_HEADER_COUNT: none. */
static size_t find_header(const struct mime_header *h)
{
    size_t slot = FORMAT_NAME_SLOTS[format_name_slot(h->hash)];
    const struct format_mark *mark;

    if (slot == 0)
        return FORMAT_HEADER_COUNT;
    mark = &FORMAT_MARKS[FORMAT_HEADERS[slot - 1]];
    return slice_eq_nocase(format_text(mark->name, mark->name_len), h->name)
               ? slot - 1
               : FORMAT_HEADER_COUNT;
}

/* A field that marks are looked for in; few are ever normalised. */
struct header_scan {
    struct recognizer *r;
    struct bounce_slice raw, normal; /* normal.ptr NULL: not yet made */
};

static void try_header(struct header_scan *s, size_t index)
{
    if (s->normal.ptr == NULL)
        s->normal = format_normalize_value(s->r->message, s->raw);
    if (format_mark_hits(&FORMAT_MARKS[index], s->normal))
        count_mark(s->r, index, 0);
}

/* Whether the raw value begins as the mark wants it. */
static bool may_hit(const struct header_scan *s, const struct format_mark *mark)
{
    if ((mark->test != FORMAT_TEST_IS && mark->test != FORMAT_TEST_BEGINS) ||
        mark->text_len == 0)
        return true;
    return s->raw.len > 0 && ascii_lower((unsigned char)s->raw.ptr[0]) ==
                                 (unsigned char)FORMAT_STRINGS[mark->text];
}

/* The marks for a field of that name that stand anywhere in its value. */
static void scan_value(struct header_scan *s, uint32_t name, size_t step)
{
    const struct format_index *index = &FORMAT_IN_HEADER;

    for (size_t at = 0; at + 4 <= s->raw.len; at += step) {
        uint32_t hash = format_hash_raw(s->raw.ptr + at);
        const uint16_t *first;

        if (!may_stand(index, hash))
            continue;
        first = index->first + (hash >> index->bucket_shift);
        for (size_t k = first[0]; k < first[1]; k++) {
            if (FORMAT_MARKS[index->anchors[k].mark].name == name)
                try_header(s, index->anchors[k].mark);
        }
    }
}

static void scan_header(struct recognizer *r, const struct mime_header *h)
{
    struct header_scan s = {r, h->value, SLICE_NULL};
    size_t i = find_header(h);
    uint32_t name;

    if (i == FORMAT_HEADER_COUNT)
        return;
    name = FORMAT_MARKS[FORMAT_HEADERS[i]].name;
    for (; i < FORMAT_HEADER_COUNT; i++) {
        const struct format_mark *m = &FORMAT_MARKS[FORMAT_HEADERS[i]];

        if (m->name != name)
            break;
        if (m->step > 0) {
            scan_value(&s, name, m->step);
            break;
        }
        if (m->test == FORMAT_TEST_PRESENT)
            count_mark(r, FORMAT_HEADERS[i], 0);
        else if (may_hit(&s, m))
            try_header(&s, FORMAT_HEADERS[i]);
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

static void consider(const struct collect *collect, const struct format_seen *s,
                     struct format_found *found_out)
{
    const struct format *format = s->format;
    struct format_seen *best = format->kind == FORMAT_CLASS_BOUNCE
                                   ? &found_out->bounce
                                   : &found_out->other;

    if (format->kind == FORMAT_CLASS_CLIENT)
        found_out->client |= is_seen(collect, s);
    else if ((format->flags & FORMAT_FLAG_FALLBACK) != 0)
        found_out->fallback = *s;
    else if (is_seen(collect, s) && is_better(s, best))
        *best = *s;
}

static void choose(const struct recognizer *r, const struct collect *collect,
                   struct format_found *found_out)
{
    for (size_t i = 0; i * 64 < FORMAT_COUNT; i++) {
        for (uint64_t bits = r->touched[i]; bits != 0; bits &= bits - 1)
            consider(collect, &r->seen[i * 64 + bits_lowest(bits)], found_out);
    }
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

static bool recognizer_init(struct recognizer *r, struct message *message)
{
    r->message = message;
    r->seen = message_alloc(message, FORMAT_COUNT * sizeof(*r->seen));
    r->touched =
        message_calloc(message, (FORMAT_COUNT + 63) / 64, sizeof(*r->touched));
    r->hit =
        message_calloc(message, (FORMAT_MARK_COUNT + 63) / 64, sizeof(*r->hit));
    return r->seen != NULL && r->touched != NULL && r->hit != NULL;
}

void format_recognize(struct collect *collect, struct bounce_slice text,
                      struct format_found *found_out)
{
    struct message *m = collect->message;
    const struct outer *o = &collect->outer;
    struct recognizer r;
    struct bounce_slice subject, untagged;

    clear(&found_out->bounce, NULL);
    clear(&found_out->other, NULL);
    clear(&found_out->fallback, &FORMATS[FORMAT_FALLBACK]);
    found_out->client = false;
    if (!recognizer_init(&r, m))
        return;
    subject = format_normalize_value(m, o->subject);
    scan_subject(&r, subject);
    untagged = without_tags(subject);
    if (untagged.len < subject.len)
        scan_subject(&r, untagged);
    scan_sender(&r, o->from, FORMAT_PLACE_FROM);
    scan_sender(&r, mime_index_value(&o->index, MIME_FIELD_TO),
                FORMAT_PLACE_TO);
    for (const struct mime_header *h = o->headers; h != NULL; h = h->next)
        scan_header(&r, h);
    scan_text(&r, format_normalize(m, text));
    choose(&r, collect, found_out);
}
