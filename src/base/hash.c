/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include "base/bits.h"

static uint64_t rotl(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

static inline void mix(struct hash128 *hash, uint64_t word)
{
    hash->v[3] ^= word;
    sip_round(hash->v);
    sip_round(hash->v);
    hash->v[0] ^= word;
}

void hash128_init(struct hash128 *hash)
{
    const uint64_t k0 = 0x626f756e63652e65ULL, k1 = 0x76656e742e696400ULL;

    *hash = (struct hash128){
        .v = {k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL ^ 0xee,
              k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL}};
}

/* The len bytes at p, 1 to 7, as a word: loads that may overlap. */
static inline uint64_t load_some(const char *p, size_t len)
{
    if (len >= 4)
        return bits_load32(p) | (uint64_t)bits_load32(p + len - 4)
                                    << 8 * (len - 4);
    return (uint64_t)(unsigned char)p[0] |
           (uint64_t)(unsigned char)p[len / 2] << 8 * (len / 2) |
           (uint64_t)(unsigned char)p[len - 1] << 8 * (len - 1);
}

/* s, and as many NUL bytes as nuls says: none or one. */
static inline void add(struct hash128 *hash, struct bounce_slice s, size_t nuls)
{
    struct hash128 h = *hash; /* a copy that stays in registers */
    unsigned shift = 8 * (h.length & 7);
    size_t i = 0, rest = s.len % 8;
    uint64_t word;

    h.length += s.len + nuls;
    for (; i + 8 <= s.len; i += 8) {
        word = bits_load64(s.ptr + i);
        /* The pieces fed before need not end at a word. */
        mix(&h, h.tail | word << shift);
        h.tail = shift > 0 ? word >> (64 - shift) : 0;
    }
    word = rest > 0 ? load_some(s.ptr + i, rest) : 0;
    h.tail |= word << shift;
    if (shift + 8 * (rest + nuls) >= 64) {
        mix(&h, h.tail);
        h.tail = shift > 0 ? word >> (64 - shift) : 0;
    }
    *hash = h;
}

void hash128_add(struct hash128 *hash, struct bounce_slice s)
{
    add(hash, s, 0);
}

void hash128_add_part(struct hash128 *hash, struct bounce_slice part)
{
    add(hash, part, 1);
}

/* The 8 hex digits of a number, the highest first. */
static void put_hex(uint32_t value, char out[8])
{
    const uint64_t ones = 0x0101010101010101U;
    uint64_t x = value;

    /* Each digit in a byte of its own. */
    x = (x << 16 | x) & 0x0000FFFF0000FFFFU;
    x = (x << 8 | x) & 0x00FF00FF00FF00FFU;
    x = (x << 4 | x) & 0x0F0F0F0F0F0F0F0FU;
    /* From 10 on letters: 'a' - 10 - '0' is 39. */
    x += ones * '0' + ((x + ones * 6) >> 4 & ones) * 39;
    for (unsigned i = 0; i < 8; i++)
        out[i] = (char)(x >> (56 - 8 * i) & 0xff);
}

void hash128_words(struct hash128 *hash, uint64_t out[2])
{
    uint64_t *v = hash->v;

    mix(hash, hash->tail | (uint64_t)(hash->length & 0xff) << 56);
    for (unsigned i = 0; i < 2; i++) {
        if (i == 0)
            v[2] ^= 0xee;
        else
            v[1] ^= 0xdd;
        for (unsigned j = 0; j < 4; j++)
            sip_round(v);
        out[i] = v[0] ^ v[1] ^ v[2] ^ v[3];
    }
}

void hash128_hex(struct hash128 *hash, char out[33])
{
    uint64_t half[2];

    hash128_words(hash, half);
    for (unsigned i = 0; i < 2; i++) {
        put_hex((uint32_t)(half[i] >> 32), out + 16 * i);
        put_hex((uint32_t)half[i], out + 16 * i + 8);
    }
    out[32] = '\0';
}

uint32_t hash_bytes(struct bounce_slice s)
{
    uint32_t h = 2166136261U;

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.ptr[i]) * 16777619U;
    return h;
}
