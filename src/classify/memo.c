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
    uint32_t outline_len;
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
    struct outline outline;
};

struct memo *memo_new(const struct bounce_allocator *allocator, size_t room)
{
    struct memo *memo = allocator->alloc(allocator->ctx, sizeof(*memo));

    if (memo == NULL)
        return NULL;
    memset(memo, 0, offsetof(struct memo, outline));
    memo->allocator = allocator;
    memo->units = (uint32_t)((room < MOST_ROOM ? room : MOST_ROOM) / UNIT);
    memo->slot_count = 1;
    while (memo->slot_count * WAYS * ENTRY_BYTES < room)
        memo->slot_count *= 2;
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

struct outline *memo_outline(struct memo *memo)
{
    return &memo->outline;
}

static uint64_t hash_of(const char *p, size_t len)
{
    uint64_t hash = len, rest;

    for (; len >= 8; p += 8, len -= 8) {
        hash = (hash ^ bits_load64(p)) * 0x9E3779B97F4A7C15U;
        hash ^= hash >> 29;
    }
    rest = 0;
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

const struct memo_verdict *memo_find(struct memo *memo,
                                     const char **evidence_out)
{
    const struct outline *o = &memo->outline;
    uint32_t tag;
    const struct slot *slot;

    memo->hash = hash_of(o->bytes, o->len);
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
        if (e->outline_len != o->len || memcmp(e->bytes, o->bytes, o->len) != 0)
            continue;
        *evidence_out = e->bytes + e->outline_len;
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

void memo_keep(struct memo *memo, const struct memo_verdict *verdict,
               struct bounce_slice evidence)
{
    const struct outline *o = &memo->outline;
    size_t size = sizeof(struct entry) + o->len + evidence.len;
    struct slot *slot;
    struct entry *e;
    unsigned way = 0;
    uint32_t at;

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
    e->outline_len = (uint32_t)o->len;
    memcpy(e->bytes, o->bytes, o->len);
    if (evidence.len > 0)
        memcpy(e->bytes + o->len, evidence.ptr, evidence.len);
}
