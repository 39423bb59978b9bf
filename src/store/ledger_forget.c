/* SPDX-License-Identifier: MIT
 * Addresses that were forgotten, and what comes back of them. */
#include "store/ledger_in.h"

/* ---- What comes back ------------------------------------------------- */

static bool take_any(void *ctx, const struct store_value *row, size_t columns)
{
    (void)row;
    (void)columns;
    *(bool *)ctx = true;
    return true;
}

struct remembering {
    struct ledger *ledger;
    struct person *person;
    bool any, failed;
};

static bool take_forgotten(void *ctx, const struct store_value *row,
                           size_t columns)
{
    struct remembering *r = ctx;
    struct sheet *sheet = person_sheet(
        r->ledger, r->person, ledger_keep(r->ledger, &row[0], &r->failed));

    (void)columns;
    if (sheet == NULL || r->failed) {
        r->failed = true;
        return false;
    }
    sheet->base = ledger_keep(r->ledger, &row[1], &r->failed);
    sheet->text = sheet->base;
    sheet->base_at = value_time(&row[2]);
    sheet->renewed = true;
    r->any = true;
    return !r->failed;
}

static bool has_fresh(const struct person *person)
{
    for (size_t i = 0; i < person->entry_count; i++) {
        if (person->entries[i]->fresh)
            return true;
    }
    return false;
}

static enum store_err remember(struct ledger *ledger, struct person *person,
                               struct store_error *error)
{
    struct remembering r = {.ledger = ledger, .person = person};
    struct address address;
    struct store_value key;
    enum store_err err;
    char digest[65];

    if (address_read(ledger->book->addresses, person->address, &address) !=
            ADDRESS_FINE ||
        !book_digest(ledger->book, &address, digest))
        return store_fail(error, STORE_E_OPEN,
                          "what was forgotten cannot be looked up");
    key = store_text(slice_cstr(digest));
    err = store_run(ledger->book->store,
                    "SELECT scope, text, at FROM forgotten WHERE digest = $1",
                    &key, 1, take_forgotten, &r, error);
    if (r.failed)
        return ledger_nomem(error);
    if (err == STORE_OK && r.any)
        err = store_run(ledger->book->store,
                        "DELETE FROM forgotten WHERE digest = $1", &key, 1,
                        NULL, NULL, error);
    return err;
}

enum store_err persons_remember(struct ledger *ledger,
                                struct store_error *error)
{
    bool any = false;
    enum store_err err =
        store_run(ledger->book->store,
                  "SELECT digest FROM forgotten ORDER BY digest LIMIT 1", NULL,
                  0, take_any, &any, error);

    for (size_t i = 0; any && i < ledger->person_count && err == STORE_OK;
         i++) {
        struct person *person = &ledger->persons[i];

        if (!person->nobody && person->sheets == NULL && has_fresh(person))
            err = remember(ledger, person, error);
    }
    return err;
}
