/* SPDX-License-Identifier: MIT
 * The compiled knowledge: flat tables that refer to each other by index, so
 * that nothing is relocated when the program starts. tools/gentab.c writes
 * them as C for the built-in knowledge; a user's rules make the same tables in
 * memory. Every member is a uint32_t: gentab prints rows without knowing
 * them. */
#ifndef BOUNCE_CLASSIFY_TABLES_H
#define BOUNCE_CLASSIFY_TABLES_H

#include "base/bits.h"

#define TAB_NONE UINT32_MAX

struct tab_str {
    uint32_t at, len; /* in the pool; at TAB_NONE: absent */
};

/* A run of entries of another table. */
struct tab_span {
    uint32_t at, count;
};

struct tab_category {
    struct tab_str id, name;
    uint32_t cls, action, who, retry_by;
    uint32_t retry_after_s; /* TAB_NONE unknown */
    struct tab_str scope, meaning, action_text, retry_text, remedy;
};

enum tab_signal {
    TAB_SIGNAL_PERSON_LEFT = 1,
    TAB_SIGNAL_PERSON_PRESENT = 2,
    TAB_SIGNAL_FOR_BOUNCE = 4,
    TAB_SIGNAL_FOR_UNSUBSCRIBE = 8,
    TAB_SIGNAL_FOR_COMPLAINT = 16
};

enum tab_code_type { TAB_CODE_STATUS, TAB_CODE_REPLY, TAB_CODE_SERVICE };

struct tab_code {
    uint32_t type; /* enum tab_code_type */
    struct tab_str code, service, title, meaning, cause, remedy, reference;
    struct tab_str basic;    /* reply codes a status goes with */
    struct tab_str category; /* id */
    struct tab_str cls;      /* the service's own class */
    uint32_t signals;        /* or of enum tab_signal */
};

enum tab_provider_kind {
    TAB_PROVIDER_MAILBOX,
    TAB_PROVIDER_GATEWAY,
    TAB_PROVIDER_SERVICE,
    TAB_PROVIDER_SOFTWARE
};

struct tab_provider {
    struct tab_str id, name;
    uint32_t kind; /* enum tab_provider_kind */
    struct tab_str origin;
    uint32_t line;
};

/* A host or domain suffix, in lower case, sorted by name. */
struct tab_host {
    struct tab_str name;
    uint32_t provider;
    uint32_t subdomains; /* *.name: names below it only */
    uint32_t domain;     /* a recipient's domain, not a host */
};

/* In not_refs: the phrase must not stand anywhere in the reply, even where
 * its sentences are looked at one by one. */
#define TAB_NEVER (UINT32_C(1) << 31)

enum tab_weight { TAB_WEIGHT_NORMAL, TAB_WEIGHT_WEAK, TAB_WEIGHT_LAST };
enum tab_tier { TAB_TIER_GENERAL, TAB_TIER_BLOCKLIST, TAB_TIER_PROVIDER };

struct tab_rule {
    struct tab_str id, category, meaning, remedy, source, origin;
    uint32_t line;
    uint32_t weight, tier;     /* enums above */
    uint32_t confidence;       /* hundredths; 0: the usual one */
    uint32_t signals;          /* or of enum tab_signal */
    uint32_t stages;           /* bit mask of enum bounce_stage; 0: any */
    struct tab_span codes;     /* of code_conditions */
    struct tab_span nots;      /* of not_refs: flags, some with TAB_NEVER */
    struct tab_span providers; /* of provider_refs: ids */
    struct tab_span services;  /* of provider_refs: ids */
    struct tab_span phrases;   /* of phrase_texts */
    struct tab_span examples;  /* of example_texts */
    uint32_t list;             /* blocklist index or TAB_NONE */
    uint32_t code_only;        /* speaks without a phrase */
};

struct tab_blocklist {
    struct tab_str id, name, lookup, removal;
};

/* A rule that speaks without a phrase. */
struct tab_code_rule {
    uint32_t rule;
    /* Bits of tab_code_bit() and tab_status_bit(), and TAB_CODE_UNKNOWN: what
     * the reply may have. */
    uint32_t codes, statuses;
};

/* A condition on reply code and status. Digits that do not matter are
 * TAB_NONE; a wildcard code such as 55x is a range. */
struct tab_code_condition {
    uint32_t code_low, code_high; /* code_low TAB_NONE: none */
    uint32_t status_class;        /* TAB_NONE: none or any */
    uint32_t status_subject;
    uint32_t status_detail, status_detail_high; /* a range */
    uint32_t has_status;
    uint32_t exactness; /* 3 exact status, 2 exact code, 1 wildcard */
};

enum tab_element_type {
    TAB_ELEMENT_LITERAL, /* a, b: pool offset and length */
    TAB_ELEMENT_SET,     /* a: set */
    TAB_ELEMENT_NUMBER,
    TAB_ELEMENT_IP,
    TAB_ELEMENT_ADDRESS,
    TAB_ELEMENT_START,
    TAB_ELEMENT_END,
    TAB_ELEMENT_GAP /* a: bytes at most */
};

#define TAB_GAP_SHORT 40 /* does not cross the end of a sentence */
#define TAB_GAP_LONG  200

struct tab_element {
    uint32_t type, a, b;
};

struct tab_set {
    struct tab_span forward;  /* of members, by first byte, longest first */
    struct tab_span backward; /* of members, by last byte, longest first */
    uint32_t first[8];        /* bit mask of the members' first bytes */
    uint32_t last[8];         /* ... and of their last bytes */
};

enum tab_owner {
    TAB_OWNER_RULE,    /* owner: rule */
    TAB_OWNER_NOT,     /* owner: index of the flag */
    TAB_OWNER_PROVIDER /* owner: provider */
};

/* What must stand near the anchor of a pattern. */
struct tab_near {
    uint32_t need;   /* of needs; TAB_NONE: nothing */
    uint32_t before; /* it stands before the anchor, not behind it */
    uint32_t reach;  /* bytes from the anchor to where its window begins */
};

/* A compiled phrase; one line of the cache. */
struct tab_pattern {
    uint32_t owner_type, owner;
    struct tab_span elements;
    uint32_t open_left, open_right; /* word edge lifted */
    struct tab_str text;            /* as written */
    uint32_t first, last;           /* the elements that are its anchor */
    struct tab_near needs[2];       /* what tells most first */
};

/* Where in a text the scan asks for an atom, and by how many bytes. */
enum tab_atom_kind {
    /* The first 4 bytes of a word, all of a shorter one, up to 3 letters before
     * a digit, or 4 bytes where a sign or a character of another script is. */
    TAB_ATOM_FOUR,
    TAB_ATOM_EIGHT,    /* 8 bytes where any of these begins */
    TAB_ATOM_ANYWHERE, /* 4 bytes at any place: "~" before letters */
    TAB_ATOM_PAIR      /* TAB_ATOM_FOUR of a place and of the next one */
};

/* A byte that leads to atoms of TAB_ATOM_ANYWHERE. */
struct tab_anywhere {
    uint32_t byte;
    uint32_t back; /* bytes from where their windows begin */
};

/* A text that the scan looks for: a window of its bytes is hashed. */
struct tab_atom {
    uint32_t text; /* in the pool */
    uint32_t refs; /* its first of atom_refs */
    /* Four other bytes of the text (bits_load32), which tell most atoms of one
     * hash apart before the pool is asked. */
    uint32_t check;
    uint32_t shape; /* tab_atom_shape() */
};

/* An entry of atom_refs is a pattern that the atom anchors; this bit ends the
 * list of one atom. */
#define TAB_REF_LAST (UINT32_C(1) << 31)

#define TAB_ATOM_MAX 1023 /* bytes of an atom */

/* kind: enum tab_atom_kind; window: where the hashed bytes begin; check: where
 * those of the check do, both offsets in the text of len bytes. */
static inline uint32_t tab_atom_shape(uint32_t kind, uint32_t len,
                                      uint32_t window, uint32_t check)
{
    return kind | len << 2 | window << 12 | check << 22;
}

static inline enum tab_atom_kind tab_atom_kind(uint32_t shape)
{
    return (enum tab_atom_kind)(shape & 3);
}

static inline uint32_t tab_atom_len(uint32_t shape)
{
    return shape >> 2 & TAB_ATOM_MAX;
}

static inline uint32_t tab_atom_window(uint32_t shape)
{
    return shape >> 12 & TAB_ATOM_MAX;
}

static inline uint32_t tab_atom_check(uint32_t shape)
{
    return shape >> 22;
}

struct tab_words { /* a named set, kept for users' phrases */
    struct tab_str name;
    struct tab_span members; /* of word_members */
};

struct tab_taxonomy {
    struct tab_str id, name, source;
    struct tab_span labels; /* of labels */
};

struct tab_label {
    struct tab_str label, code, cls, category, meaning;
    struct tab_span categories; /* of label_categories: our ids (For) */
};

/* A label that goes before the one that the category alone would give. */
struct tab_label_case {
    struct tab_str taxonomy, label;
    struct tab_str category;  /* absent: any */
    uint32_t stages;          /* bit mask of enum bounce_stage; 0: any */
    struct tab_span statuses; /* of conditions; none: any */
    uint32_t status_absent;   /* an event without a status will do */
    uint32_t expired;         /* only expired failures */
};

/* The bitmap has a bit for each hash of a window that atoms have. The atoms are
 * in the order of these bits; ranks holds how many bits are set before each 64,
 * first_atoms where the atoms of each set bit begin, and their end. */
#define TAB_BITMAP_BITS  19 /* 64 KiB */
#define TAB_BITMAP_WORDS (1U << (TAB_BITMAP_BITS - 5))

/* All tables; X(type, name). */
#define TABLES(X)                                                              \
    X(struct tab_category, categories)                                         \
    X(struct tab_code, codes)                                                  \
    X(uint32_t, code_slots)                                                    \
    X(struct tab_provider, providers)                                          \
    X(struct tab_host, hosts)                                                  \
    X(uint32_t, host_slots)                                                    \
    X(struct tab_blocklist, blocklists)                                        \
    X(struct tab_rule, rules)                                                  \
    X(struct tab_code_condition, conditions)                                   \
    X(struct tab_code_rule, code_rules)                                        \
    X(uint32_t, not_refs)                                                      \
    X(struct tab_str, provider_refs)                                           \
    X(struct tab_str, phrase_texts)                                            \
    X(struct tab_str, example_texts)                                           \
    X(struct tab_element, elements)                                            \
    X(struct tab_set, sets)                                                    \
    X(struct tab_str, members)                                                 \
    X(struct tab_pattern, patterns)                                            \
    X(struct tab_span, needs)                                                  \
    X(uint32_t, need_slots)                                                    \
    X(struct tab_atom, atoms)                                                  \
    X(uint32_t, atom_refs)                                                     \
    X(uint32_t, bitmap)                                                        \
    X(uint32_t, ranks)                                                         \
    X(uint32_t, first_atoms)                                                   \
    X(struct tab_anywhere, anywhere)                                           \
    X(uint32_t, guard)                                                         \
    X(struct tab_words, words)                                                 \
    X(struct tab_str, word_members)                                            \
    X(struct tab_taxonomy, taxonomies)                                         \
    X(struct tab_label, labels)                                                \
    X(struct tab_str, label_categories)                                        \
    X(struct tab_label_case, label_cases)

struct tables {
#define TABLE_MEMBER(type, name)                                               \
    const type *name;                                                          \
    size_t name##_count;
    TABLES(TABLE_MEMBER)
#undef TABLE_MEMBER
    const char *pool;
    size_t pool_len;
    size_t flag_count; /* distinct Not phrases */
};

/* The built-in knowledge (generated). */
extern const struct tables tables_builtin;

static inline struct bounce_slice tab_slice(const struct tables *tables,
                                            struct tab_str str)
{
    if (str.at == TAB_NONE)
        return SLICE_NULL;
    return slice_make(tables->pool + str.at, str.len);
}

#define TAB_CODE_UNKNOWN (UINT32_C(1) << 31)

static inline uint32_t tab_code_bit(uint32_t code)
{
    return UINT32_C(1) << code % 31;
}

static inline uint32_t tab_status_bit(uint32_t subject, uint32_t detail)
{
    return UINT32_C(1) << (subject * 8 + detail) % 31;
}

/* Where code_slots, whose size is a power of two, is entered for a code; the
 * slots hold 1 + the index of a code, or 0, and are looked at in turn. Of a
 * status the class does not matter ("5.1.1", "X.1.1"). */
static inline uint32_t tab_code_hash(uint32_t type, struct bounce_slice code)
{
    uint32_t h = 2166136261U + type;

    for (size_t i = type == TAB_CODE_STATUS; i < code.len; i++)
        h = (h ^ (unsigned char)code.ptr[i]) * 16777619U;
    return h ^ h >> 15;
}

/* Where host_slots, whose size is a power of two, is entered for a name: by the
 * hash of its last byte, then of the one before, and so on, so that going
 * through a name once gives the hashes of all its suffixes. The slots hold 1 +
 * the index of the first host of a name, or 0, and are looked at in turn. */
#define TAB_HOST_HASH 2166136261U

static inline uint32_t tab_host_hash(uint32_t hash, unsigned char c)
{
    return (hash ^ ascii_lower(c)) * 16777619U;
}

/* The hash of a window of up to 4 bytes (bits_load32) or of 8 (bits_load64).
 * Of up to 4 bytes each has its own. */
static inline uint32_t tab_hash(uint32_t key)
{
    return key * 0x9E3779B1U;
}

static inline uint32_t tab_hash_eight(uint64_t key)
{
    return (uint32_t)(key * 0x9E3779B97F4A7C15U >> 32);
}

/* The hash of two windows of up to 4 bytes, by their hashes. */
static inline uint32_t tab_hash_pair(uint32_t first, uint32_t second)
{
    return (first ^ (second << 13 | second >> 19)) * 0x85EBCA6BU;
}

/* The scan keeps where it met the hashes of 4 bytes and of short words, in a
 * table that is entered here. */
#define TAB_MET_BITS 11

static inline uint32_t tab_met_slot(uint32_t hash)
{
    return hash >> (32 - TAB_MET_BITS);
}

static inline uint32_t tab_bitmap_bit(const uint32_t *bitmap, uint32_t hash)
{
    uint32_t bit = hash >> (32 - TAB_BITMAP_BITS);

    return bitmap[bit / 32] >> bit % 32 & 1;
}

/* The entry of first_atoms for a hash whose bit is set. */
static inline uint32_t tab_rank(const struct tables *tables, uint32_t hash)
{
    uint32_t bit = hash >> (32 - TAB_BITMAP_BITS), word = bit / 64;
    uint64_t bits =
        (uint64_t)tables->bitmap[2 * word + 1] << 32 | tables->bitmap[2 * word];

    bits &= ((uint64_t)1 << bit % 64) - 1;
    return tables->ranks[word] + bits_count(bits);
}

#endif
