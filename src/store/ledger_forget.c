/* SPDX-License-Identifier: MIT
 * Addresses that were forgotten, and what comes back of them. */
#include "store/ledger_in.h"

/* ---- What comes back ------------------------------------------------- */

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
                  0, store_take_any, &any, error);

    for (size_t i = 0; any && i < ledger->person_count && err == STORE_OK;
         i++) {
        struct person *person = &ledger->persons[i];

        if (!person->nobody && person->sheets == NULL && has_fresh(person))
            err = remember(ledger, person, error);
    }
    return err;
}

/* ---- Forgetting ------------------------------------------------------ */

/* Of a state what suppresses at now, without a word of where it came from: what
 * a person wrote may name the address. */
static bool reduce(struct bounce_state *state, int64_t now)
{
    struct bounce_state kept;
    bool any = false;

    bounce_state_init(&kept);
    for (size_t i = 0; i < BOUNCE_SLOTS; i++) {
        const struct bounce_cause *cause = &state->causes[i];

        if (i == BOUNCE_SLOT_SUSPENSION || cause->since == BOUNCE_NO_TIME ||
            (cause->until != BOUNCE_NO_TIME && cause->until <= now))
            continue;
        kept.causes[i] = *cause;
        memset(kept.causes[i].event_id, 0, sizeof(kept.causes[i].event_id));
        if (cause->category[0] == '\0') {
            memset(kept.causes[i].rule, 0, sizeof(kept.causes[i].rule));
            memset(kept.causes[i].entry, 0, sizeof(kept.causes[i].entry));
            memcpy(kept.causes[i].entry, "forgotten", 9);
        }
        any = true;
    }
    *state = kept;
    return any;
}

static const struct store_column forgotten_columns[] = {{"digest", STORE_TEXT},
                                                        {"scope", STORE_TEXT},
                                                        {"text", STORE_TEXT},
                                                        {"at", STORE_INT}};
static const struct store_put forgotten_put = {"forgotten", forgotten_columns,
                                               4, 2, STORE_REPLACE};

static enum store_err keep_digest(struct ledger *ledger,
                                  const struct person *person,
                                  struct sheet *sheet, const char *digest,
                                  struct store_error *error)
{
    struct bounce_state *state = sheet_state(ledger, person, sheet, error);
    struct bounce_slice text;
    struct store_value row[4];

    if (state == NULL)
        return error->code;
    if (!reduce(state, ledger->now))
        return STORE_OK;
    text = state_text(ledger, state);
    if (text.ptr == NULL)
        return ledger_nomem(error);
    row[0] = store_text(slice_cstr(digest));
    row[1] = store_text(sheet->scope);
    row[2] = store_text(text);
    row[3] = store_time(ledger->now);
    return store_put_rows(ledger->book->store, &forgotten_put, row, 1, error);
}

/* A report of many recipients is kept with the first of them. */
static const char drop_raws[] =
    "DELETE FROM raw WHERE seq IN (SELECT o.seq FROM event e "
    "JOIN event o ON o.seq = (SELECT max(r.seq) FROM raw r "
    "WHERE r.seq <= e.seq) AND (o.seq = e.seq OR (o.source = e.source AND "
    "o.\"offset\" = e.\"offset\")) WHERE e.rcpt = $1)";

static enum store_err delete_all(struct ledger *ledger,
                                 const struct person *person,
                                 struct store_error *error)
{
    static const char *const statements[] = {
        drop_raws,
        "DELETE FROM event WHERE rcpt = $1",
        "DELETE FROM folded WHERE rcpt = $1",
        "DELETE FROM sent WHERE rcpt = $1",
        "DELETE FROM change WHERE rcpt = $1",
    };
    struct store_value key = store_int(person->key);
    enum store_err err = ledger_keep_seqs(ledger, error);

    for (size_t i = 0;
         i < sizeof(statements) / sizeof(statements[0]) && err == STORE_OK; i++)
        err = store_run(ledger->book->store, statements[i], &key, 1, NULL, NULL,
                        error);
    return err == STORE_OK ? state_drop(ledger, person, NULL, error) : err;
}

static enum store_err forget(struct ledger *ledger,
                             const struct address *address, bool *known_out,
                             struct store_error *error)
{
    struct entry entry = {.rcpt = address->key,
                          .address = slice_make(address->text, address->len),
                          .folded =
                              slice_make(address->folded, address->folded_len)};
    struct person *person;
    enum store_err err;
    char digest[65];

    if (!book_digest(ledger->book, address, digest))
        return store_fail(error, STORE_E_OPEN,
                          "support for forgetting is not installed");
    err = persons_make(ledger, &entry, 1, error);
    if (err == STORE_OK)
        err = persons_load(ledger, error);
    person = &ledger->persons[0];
    if (err != STORE_OK)
        return err;
    *known_out = person->sheets != NULL || person->known_count > 0;
    for (struct sheet *s = person->sheets; s != NULL && err == STORE_OK;
         s = s->next)
        err = keep_digest(ledger, person, s, digest, error);
    return err == STORE_OK ? delete_all(ledger, person, error) : err;
}

enum store_err ledger_forget(struct ledger *ledger, struct bounce_slice text,
                             int64_t now, bool *known_out,
                             struct store_error *error)
{
    struct address address;
    enum address_flaw flaw =
        address_read(ledger->book->addresses, text, &address);
    enum store_err err;

    *known_out = false;
    if (flaw != ADDRESS_FINE)
        return store_fail(error, STORE_E_VALUE, "the address is %s",
                          address_flaw_text(flaw));
    err = store_begin(ledger->book->store, STORE_WRITE, error);
    if (err != STORE_OK)
        return err;
    ledger_begin_batch(ledger, now);
    err = forget(ledger, &address, known_out, error);
    return ledger_transact(ledger, err, error);
}
