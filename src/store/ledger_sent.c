/* SPDX-License-Identifier: MIT
 * The sent log: it tells over which route a message went, and that it was ours
 * at all; for events that come after it and for those that came before. */
#include <stdlib.h>

#include "store/ledger_in.h"

/* ---- Events after it ------------------------------------------------- */

static const struct store_column sent_columns[] = {
    {"rcpt", STORE_INT},          {"mid", STORE_INT},       {"at", STORE_INT},
    {"scope", STORE_TEXT},        {"campaign", STORE_TEXT}, {"ip", STORE_TEXT},
    {"sender_domain", STORE_TEXT}};
static const struct store_get route_get = {
    "sent", "rcpt, mid, scope, campaign, ip, sender_domain", sent_columns, 2};

struct loading {
    struct ledger *ledger;
    bool failed;
};

static void fill(struct bounce_slice *text, struct bounce_slice sent)
{
    if (text->ptr == NULL)
        *text = sent;
}

/* Known fakers of bounces (verified 0) stay unverified. */
static void route(struct entry *e, const struct bounce_slice sent[4])
{
    fill(&e->scope, sent[0]);
    fill(&e->campaign, sent[1]);
    fill(&e->ip, sent[2]);
    fill(&e->sender_domain, sent[3]);
    if (e->verified < 0)
        e->verified = 1;
}

static bool take_route(void *ctx, const struct store_value *row, size_t columns)
{
    struct loading *l = ctx;
    struct person *person = person_find(l->ledger, row[0].integer);
    struct bounce_slice sent[4];
    bool kept = false;

    (void)columns;
    for (size_t i = 0; person != NULL && i < person->entry_count; i++) {
        struct entry *e = person->entries[i];

        if (!e->fresh || e->mid != row[1].integer)
            continue;
        for (size_t k = 0; k < 4 && !kept; k++)
            sent[k] = ledger_keep(l->ledger, &row[2 + k], &l->failed);
        kept = true;
        route(e, sent);
    }
    return !l->failed;
}

enum store_err entries_route(struct ledger *ledger, struct store_error *error)
{
    struct loading l = {ledger, false};
    enum store_err err;
    struct rows keys;

    if (!rows_init(ledger, &keys, 2, ledger->person_count))
        return ledger_nomem(error);
    /* By person, which is the order of the table. */
    for (size_t i = 0; i < ledger->person_count; i++) {
        const struct person *person = &ledger->persons[i];

        for (size_t k = 0; k < person->entry_count && !person->nobody; k++) {
            const struct entry *e = person->entries[k];
            struct store_value *key;

            if (!e->fresh || e->mid == 0)
                continue;
            key = rows_add(ledger, &keys);
            if (key == NULL)
                return ledger_nomem(error);
            key[0] = store_int(person->key);
            key[1] = store_int(e->mid);
        }
    }
    err = store_get_rows(ledger->book->store, &route_get, keys.values,
                         keys.count, take_route, &l, error);
    return l.failed ? ledger_nomem(error) : err;
}
