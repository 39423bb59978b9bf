/* SPDX-License-Identifier: MIT
 * Which events of an address tell of one failure: those of one kind that share
 * the Message-ID or the queue id, directly or through others. Whatever order
 * they come in, the groups are the same, and so is a group's name: that of its
 * earliest event. */
#include <stdlib.h>

#include "store/ledger_in.h"

/* One event, known or fresh. */
struct node {
    struct known *known; /* NULL: fresh */
    struct entry *entry;
    size_t parent;
    size_t first; /* of a root: 0 a known one, else an entry's index + 1 */
    int64_t at, id64, own, mid, qid;
    int kind;
};

struct joining {
    struct node *nodes;
    size_t count;
};

static size_t root(struct joining *j, size_t i)
{
    while (j->nodes[i].parent != i) {
        j->nodes[i].parent = j->nodes[j->nodes[i].parent].parent;
        i = j->nodes[i].parent;
    }
    return i;
}

static bool earlier(const struct node *a, const struct node *b)
{
    return a->at != b->at ? a->at < b->at : a->id64 < b->id64;
}

/* The earliest stays the root. */
static void link_nodes(struct joining *j, size_t a, size_t b)
{
    a = root(j, a);
    b = root(j, b);
    if (a == b)
        return;
    if (earlier(&j->nodes[b], &j->nodes[a]))
        j->nodes[a].parent = b;
    else
        j->nodes[b].parent = a;
}

static bool same_failure(const struct node *a, const struct node *b)
{
    return a->kind == b->kind &&
           ((a->mid != 0 && a->mid == b->mid) ||
            (a->qid != 0 && a->qid == b->qid) || a->own == b->own);
}

static void link_few(struct joining *j)
{
    for (size_t i = 1; i < j->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (same_failure(&j->nodes[i], &j->nodes[k]))
                link_nodes(j, i, k);
        }
    }
}

struct key {
    int64_t value;
    int kind;
    size_t index;
};

static int by_value(const void *a, const void *b)
{
    const struct key *x = a, *y = b;

    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return x->kind < y->kind ? -1 : x->kind > y->kind;
}

static int64_t value_of(const struct node *node, unsigned which)
{
    return which == 0 ? node->mid : which == 1 ? node->qid : node->own;
}

static bool link_many(struct ledger *ledger, struct joining *j)
{
    struct key *keys =
        arena_alloc(&ledger->arena, j->count * sizeof(struct key));

    if (keys == NULL)
        return false;
    for (unsigned which = 0; which < 3; which++) {
        size_t count = 0;

        for (size_t i = 0; i < j->count; i++) {
            int64_t value = value_of(&j->nodes[i], which);

            if (value != 0)
                keys[count++] = (struct key){value, j->nodes[i].kind, i};
        }
        qsort(keys, count, sizeof(*keys), by_value);
        for (size_t i = 1; i < count; i++) {
            if (by_value(&keys[i], &keys[i - 1]) == 0)
                link_nodes(j, keys[i].index, keys[i - 1].index);
        }
    }
    return true;
}

static bool make_nodes(struct ledger *ledger, struct person *person,
                       struct joining *j)
{
    j->nodes = arena_alloc(&ledger->arena,
                           (person->known_count + person->entry_count) *
                               sizeof(*j->nodes));
    if (j->nodes == NULL)
        return false;
    for (size_t i = 0; i < person->known_count; i++) {
        struct known *k = &person->known[i];

        j->nodes[j->count] = (struct node){
            .known = k,
            .at = k->at,
            .id64 = k->id64,
            .mid = k->mid,
            .qid = k->qid,
            .own = entry_own(ledger, k->kind, k->mid, k->qid, k->failure),
            .kind = k->kind};
        j->nodes[j->count].parent = j->count;
        j->count++;
    }
    for (size_t i = 0; i < person->entry_count; i++) {
        struct entry *e = person->entries[i];

        if (!e->fresh)
            continue;
        j->nodes[j->count] = (struct node){.entry = e,
                                           .parent = j->count,
                                           .at = e->at,
                                           .id64 = e->id64,
                                           .own = e->own,
                                           .mid = e->mid,
                                           .qid = e->qid,
                                           .kind = e->kind};
        j->count++;
    }
    return true;
}

/* The first of its group that came in counts: none of the known ones does when
 * there is one. A root notes who came first. */
static void find_first(struct joining *j)
{
    for (size_t i = 0; i < j->count; i++)
        j->nodes[i].first = SIZE_MAX;
    for (size_t i = 0; i < j->count; i++) {
        const struct node *node = &j->nodes[i];
        struct node *top = &j->nodes[root(j, i)];
        size_t order = node->known != NULL ? 0 : node->entry->index + 1;

        if (order < top->first)
            top->first = order;
    }
}

static void name_failures(struct person *person, struct joining *j)
{
    find_first(j);
    for (size_t i = 0; i < j->count; i++) {
        struct node *node = &j->nodes[i];
        const struct node *top = &j->nodes[root(j, i)];

        if (node->known != NULL) {
            node->known->becomes = top->own;
            node->known->told_at = top->at;
            person->replay |= top->own != node->known->failure;
            continue;
        }
        node->entry->failure = top->own;
        node->entry->told_at = top->at;
        node->entry->counts = top->first == node->entry->index + 1;
    }
}

bool person_join(struct ledger *ledger, struct person *person)
{
    struct joining j = {0};

    if (person->known_count == 0 && person->entry_count == 1) {
        struct entry *e = person->entries[0];

        e->failure = e->own;
        e->told_at = e->at;
        e->counts = e->fresh;
        return true;
    }
    if (!make_nodes(ledger, person, &j))
        return false;
    if (j.count > 32) {
        if (!link_many(ledger, &j))
            return false;
    } else {
        link_few(&j);
    }
    name_failures(person, &j);
    return true;
}
