/* SPDX-License-Identifier: MIT */
#include "classify/memo.h"

/* Entries that share a slot: one line of the cache. */
#define WAYS 8

/* Bytes of the ring for each way: what an entry takes, about. */
#define ENTRY_BYTES 256

/* Positions in the ring count on; entries begin at multiples of this. */
#define UNIT 16

/* Positions are below 2^31, with room for eight rings before that. */
#define MOST_ROOM ((size_t)1 << 31)

/* A verdict in the ring, followed by the outline and the evidence. */
struct entry {
    struct memo_verdict verdict;
    uint32_t lens[MEMO_OUTLINES]; /* of the outlines */
    char bytes[];
};

struct slot {
    uint32_t at[WAYS]; /* in units; 0: none */
    uint32_t tags[WAYS];
};

struct memo {
    const struct bounce_allocator *allocator;
    uint32_t units; /* of the ring */
    char *ring;     /* NULL until something is kept */
    struct slot *slots;
    size_t slot_count; /* a power of two */
    uint32_t head;     /* where the next entry goes */
    uint64_t hash;     /* of what was asked for last */
    size_t count;      /* its outlines */
    struct outline outlines[MEMO_OUTLINES];
};

struct memo *memo_new(const struct bounce_allocator *allocator, size_t room)
{
    struct memo *memo = allocator->alloc(allocator->ctx, sizeof(*memo));

    if (memo == NULL)
        return NULL;
    memset(memo, 0, offsetof(struct memo, outlines));
    memo->allocator = allocator;
    if (room > MOST_ROOM)
        room = MOST_ROOM;
    memo->slot_count = 1;
    while (memo->slot_count * WAYS * ENTRY_BYTES < room)
        memo->slot_count *= 2;
    if (room > memo->slot_count * sizeof(*memo->slots))
        memo->units =
            (uint32_t)((room - memo->slot_count * sizeof(*memo->slots)) / UNIT);
    /* Positions soon begin anew, so that it happens in every long run. */
    memo->head = UINT32_MAX / 2 - 8 * memo->units;
    return memo;
}

void memo_free(struct memo *memo)
{
    const struct bounce_allocator *allocator;

    if (memo == NULL)
        return;
    allocator = memo->allocator;
    if (memo->ring != NULL)
        allocator->release(allocator->ctx, memo->ring,
                           (size_t)memo->units * UNIT);
    if (memo->slots != NULL)
        allocator->release(allocator->ctx, memo->slots,
                           memo->slot_count * sizeof(*memo->slots));
    allocator->release(allocator->ctx, memo, sizeof(*memo));
}

struct outline *memo_outline(struct memo *memo, size_t i)
{
    return &memo->outlines[i];
}

static uint64_t hash_of(uint64_t hash, const char *p, size_t len)
{
    uint64_t rest = 0;

    hash ^= len;
    for (; len >= 8; p += 8, len -= 8) {
        hash = (hash ^ bits_load64(p)) * 0x9E3779B97F4A7C15U;
        hash ^= hash >> 29;
    }
    memcpy(&rest, p, len);
    hash = (hash ^ rest) * 0x9E3779B97F4A7C15U;
    return hash ^ hash >> 32;
}

static struct entry *entry_at(const struct memo *memo, uint32_t at)
{
    return (struct entry *)(void *)(memo->ring +
                                    (size_t)(at % memo->units) * UNIT);
}

static struct slot *slot_of(const struct memo *memo)
{
    return &memo->slots[memo->hash & (memo->slot_count - 1)];
}

static uint32_t tag_of(const struct memo *memo)
{
    return (uint32_t)(memo->hash >> 32);
}

/* What is asked for now. */
static void ask(struct memo *memo, size_t count)
{
    memo->hash = 0;
    memo->count = count;
    for (size_t i = 0; i < count; i++)
        memo->hash =
            hash_of(memo->hash, memo->outlines[i].bytes, memo->outlines[i].len);
}

/* Whether an entry is what is asked for; evidence_out: what stands behind. */
static bool is_it(const struct memo *memo, const struct entry *e,
                  const char **evidence_out)
{
    const char *bytes = e->bytes;

    for (size_t i = 0; i < MEMO_OUTLINES; i++) {
        const struct outline *o = &memo->outlines[i];
        size_t len = i < memo->count ? o->len : 0;

        if (e->lens[i] != len || memcmp(bytes, o->bytes, len) != 0)
            return false;
        bytes += len;
    }
    *evidence_out = bytes;
    return true;
}

const struct memo_verdict *memo_find(struct memo *memo, size_t count,
                                     const char **evidence_out)
{
    const struct slot *slot;
    uint32_t tag;

    ask(memo, count);
    if (memo->ring == NULL)
        return NULL;
    slot = slot_of(memo);
    tag = tag_of(memo);
    for (unsigned i = 0; i < WAYS; i++) {
        const struct entry *e;

        /* What a ring behind was written over. */
        if (slot->tags[i] != tag || slot->at[i] == 0 ||
            memo->head - slot->at[i] > memo->units)
            continue;
        e = entry_at(memo, slot->at[i]);
        if (is_it(memo, e, evidence_out))
            return &e->verdict;
    }
    return NULL;
}

static bool make_room(struct memo *memo)
{
    const struct bounce_allocator *allocator = memo->allocator;
    size_t size = memo->slot_count * sizeof(*memo->slots);

    if (memo->ring != NULL)
        return true;
    if (memo->slots == NULL) {
        memo->slots = allocator->alloc(allocator->ctx, size);
        if (memo->slots == NULL)
            return false;
        memset(memo->slots, 0, size);
    }
    memo->ring = allocator->alloc(allocator->ctx, (size_t)memo->units * UNIT);
    return memo->ring != NULL;
}

/* So many units of the ring, which do not go over its end; the position. */
static uint32_t take_room(struct memo *memo, uint32_t units)
{
    uint32_t left = memo->units - memo->head % memo->units, at;

    if (units > left)
        memo->head += left;
    /* Before positions begin anew all is forgotten. */
    if (memo->head > UINT32_MAX / 2) {
        memset(memo->slots, 0, memo->slot_count * sizeof(*memo->slots));
        memo->head = memo->units;
    }
    at = memo->head;
    memo->head += units;
    return at;
}

void memo_keep(struct memo *memo, size_t count,
               const struct memo_verdict *verdict, struct bounce_slice evidence)
{
    size_t size = sizeof(struct entry) + evidence.len, len = 0;
    struct slot *slot;
    struct entry *e;
    unsigned way = 0;
    uint32_t at;

    ask(memo, count);
    for (size_t i = 0; i < count; i++)
        size += memo->outlines[i].len;
    if (size > memo->units || !make_room(memo))
        return;
    at = take_room(memo, (uint32_t)((size + UNIT - 1) / UNIT));
    slot = slot_of(memo);
    for (unsigned i = 1; i < WAYS; i++) {
        if (slot->at[i] < slot->at[way])
            way = i;
    }
    slot->at[way] = at;
    slot->tags[way] = tag_of(memo);
    e = entry_at(memo, at);
    e->verdict = *verdict;
    for (size_t i = 0; i < MEMO_OUTLINES; i++) {
        const struct outline *o = &memo->outlines[i];

        e->lens[i] = i < memo->count ? (uint32_t)o->len : 0;
        memcpy(e->bytes + len, o->bytes, e->lens[i]);
        len += e->lens[i];
    }
    if (evidence.len > 0)
        memcpy(e->bytes + len, evidence.ptr, evidence.len);
}
