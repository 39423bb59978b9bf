/* SPDX-License-Identifier: MIT
 * meta's rows: "salt" is random; "addresses" says how addresses are kept:
 * "clear", or "keyed PROOF" ("keyed-domains PROOF"), PROOF being an HMAC of the
 * salt that only the right key makes. */
#include "store/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define SALT_BYTES  (BOOK_SALT / 2)
#define WAIT_MS     5000
#define MAX_REKEYS  16
#define PROOF_LABEL "addresses:"

/* ---- meta ------------------------------------------------------------ */

struct meta_row {
    char *value;
    size_t cap;
    bool found;
};

static bool take_meta(void *ctx, const struct store_value *row, size_t columns)
{
    struct meta_row *meta = ctx;
    size_t len = row[0].text.len;

    (void)columns;
    if (len >= meta->cap)
        len = meta->cap - 1;
    if (len > 0)
        memcpy(meta->value, row[0].text.ptr, len);
    meta->value[len] = '\0';
    meta->found = true;
    return true;
}

enum store_err book_meta(struct book *book, const char *name, char *value_out,
                         size_t cap, bool *found_out, struct store_error *error)
{
    struct store_value key = store_text(slice_cstr(name));
    struct meta_row meta = {value_out, cap, false};
    enum store_err err;

    value_out[0] = '\0';
    err = store_run(book->store, "SELECT value FROM meta WHERE name = $1", &key,
                    1, take_meta, &meta, error);
    *found_out = meta.found;
    return err;
}

static const struct store_column meta_columns[] = {{"name", STORE_TEXT},
                                                   {"value", STORE_TEXT}};
static const struct store_put meta_put = {"meta", meta_columns, 2, 1,
                                          STORE_REPLACE};

enum store_err book_meta_set(struct book *book, const char *name,
                             const char *value, struct store_error *error)
{
    struct store_value row[2] = {store_text(slice_cstr(name)),
                                 store_text(slice_cstr(value))};

    return store_put_rows(book->store, &meta_put, row, 1, error);
}

/* ---- Opening --------------------------------------------------------- */

static void hex_of(const unsigned char *bytes, size_t count, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * count] = '\0';
}

static enum store_err make_salt(char salt[BOOK_SALT + 1],
                                struct store_error *error)
{
    unsigned char bytes[SALT_BYTES];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return store_fail(error, STORE_E_OPEN,
                          "the system gives no random numbers");
    hex_of(bytes, sizeof(bytes), salt);
    return STORE_OK;
}

/* What meta's row "addresses" says when these options made the store. */
static enum store_err name_manner(const struct book_options *options,
                                  const char *salt, char manner[96],
                                  struct store_error *error)
{
    char label[sizeof(PROOF_LABEL) + BOOK_SALT], proof[65];

    if (options->address_key.ptr == NULL) {
        snprintf(manner, 96, "clear");
        return STORE_OK;
    }
    snprintf(label, sizeof(label), "%s%s", PROOF_LABEL, salt);
    if (!address_hmac(options->address_key, slice_cstr(label), proof))
        return store_fail(error, STORE_E_OPEN,
                          "support for hashed addresses is not installed");
    snprintf(manner, 96, "%s %s",
             options->hash_domains ? "keyed-domains" : "keyed", proof);
    return STORE_OK;
}

static enum store_err refuse_manner(const char *there, const char *ours,
                                    struct store_error *error)
{
    const char *why = "addresses are hashed with another key";

    if (strcmp(there, "clear") == 0)
        why = "addresses are kept in clear, not hashed";
    else if (strcmp(ours, "clear") == 0)
        why = "addresses are hashed: the key is needed";
    else if (strcspn(there, " ") != strcspn(ours, " "))
        why = strncmp(there, "keyed ", 6) == 0 ? "domains are not hashed"
                                               : "domains are hashed too";
    return store_fail(error, STORE_E_VERSION, "%s", why);
}

/* The store's salt, and that it is kept as we mean to; makes both when it is
 * new. */
static enum store_err agree(struct book *book,
                            const struct book_options *options,
                            char salt[BOOK_SALT + 1], struct store_error *error)
{
    char manner[96], there[96];
    bool found;
    enum store_err err =
        book_meta(book, "salt", salt, BOOK_SALT + 1, &found, error);

    if (err == STORE_OK && !found) {
        if (!options->create && book->store->driver != &store_null)
            return store_fail(error, STORE_E_OPEN, "the store was never used");
        err = make_salt(salt, error);
        if (err == STORE_OK)
            err = book_meta_set(book, "salt", salt, error);
    }
    if (err == STORE_OK)
        err = book_meta(book, "addresses", there, sizeof(there), &found, error);
    if (err == STORE_OK && found && strcmp(there, "clear") == 0 &&
        options->address_key.ptr != NULL)
        return refuse_manner(there, "keyed", error);
    if (err == STORE_OK)
        err = name_manner(options, salt, manner, error);
    if (err != STORE_OK)
        return err;
    if (!found)
        return book_meta_set(book, "addresses", manner, error);
    return strcmp(there, manner) == 0 ? STORE_OK
                                      : refuse_manner(there, manner, error);
}

static enum store_err agree_alone(struct book *book,
                                  const struct book_options *options,
                                  char salt[BOOK_SALT + 1],
                                  struct store_error *error)
{
    char ignored[2];
    bool found;
    enum store_err err =
        book_meta(book, "addresses", ignored, sizeof(ignored), &found, error);

    if (err != STORE_OK)
        return err;
    if (found || !options->create)
        return agree(book, options, salt, error);
    err = store_begin(book->store, STORE_WRITE, error);
    if (err != STORE_OK)
        return err;
    return store_end(book->store, agree(book, options, salt, error), error);
}

static enum store_err make_addresses(struct book *book,
                                     const struct book_options *options,
                                     struct store_error *error)
{
    char why[160];
    struct address_options named = {.salt = slice_cstr(book->salt),
                                    .key = options->address_key,
                                    .hash_domains = options->hash_domains};

    book->addresses = address_book_new(&named, why);
    if (book->addresses == NULL)
        return store_fail(error, STORE_E_OPEN, "addresses: %s", why);
    return STORE_OK;
}

enum store_err book_open(const struct book_options *options,
                         struct book **book_out, struct store_error *error)
{
    struct store_options how = {
        .wait_ms = options->wait_ms != 0 ? options->wait_ms : WAIT_MS,
        .create = options->create};
    struct book *book = calloc(1, sizeof(*book));
    enum store_err err;

    *book_out = NULL;
    if (book == NULL)
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    book->policy = options->policy;
    book->engine = options->engine;
    book->keep_raw_days = options->keep_raw_days;
    err = store_open(options->store, &how, &book->store, error);
    if (err == STORE_OK)
        err = agree_alone(book, options, book->salt, error);
    if (err == STORE_OK)
        err = make_addresses(book, options, error);
    if (err != STORE_OK) {
        book_close(book);
        return err;
    }
    *book_out = book;
    return STORE_OK;
}

void book_close(struct book *book)
{
    if (book == NULL)
        return;
    address_book_free(book->addresses);
    store_close(book->store);
    free(book);
}

/* ---- States ---------------------------------------------------------- */

bool book_same_address(const struct book *book, struct bounce_slice text,
                       const struct address *address)
{
    struct address other;

    if (slice_eq(text, slice_make(address->text, address->len)))
        return true;
    return address_read(book->addresses, text, &other) == ADDRESS_FINE &&
           slice_eq(slice_make(other.folded, other.folded_len),
                    slice_make(address->folded, address->folded_len));
}

bool book_digest(const struct book *book, const struct address *address,
                 char out[65])
{
    return address_hmac(slice_cstr(book->salt),
                        slice_make(address->folded, address->folded_len), out);
}

struct state_row {
    struct book *book;
    const struct address *address;
    struct bounce_slice scope;
    struct book_state *state;
    bool foreign; /* the key is another address's */
    bool damaged;
};

static bool take_state(void *ctx, const struct store_value *row, size_t columns)
{
    struct state_row *r = ctx;
    struct book_state *state = r->state;

    (void)columns;
    if (!book_same_address(r->book, row[1].text, r->address)) {
        r->foreign = true;
        return false;
    }
    if (!slice_eq(row[0].text, r->scope))
        return true;
    state->found = true;
    state->newest_at = store_time_of(&row[2]);
    state->base_at = store_time_of(&row[3]);
    STORE_COPY_TEXT(&row[4], state->category);
    STORE_COPY_TEXT(&row[5], state->provider);
    STORE_COPY_TEXT(&row[6], state->campaign);
    r->damaged = bounce_state_read(row[7].text.ptr, row[7].text.len,
                                   &state->state, NULL) != BOUNCE_OK;
    return !r->damaged;
}

enum store_err book_state(struct book *book, struct address *address,
                          struct bounce_slice scope,
                          struct book_state *state_out,
                          struct store_error *error)
{
    struct state_row r = {.book = book,
                          .address = address,
                          .scope = scope.ptr != NULL ? scope : SLICE(""),
                          .state = state_out};
    enum store_err err;

    memset(state_out, 0, sizeof(*state_out));
    state_out->newest_at = state_out->base_at = BOUNCE_NO_TIME;
    bounce_state_init(&state_out->state);
    for (unsigned attempt = 1; attempt <= MAX_REKEYS; attempt++) {
        struct store_value key = store_int(address->key);

        r.foreign = false;
        err = store_run(book->store,
                        "SELECT scope, address, newest_at, base_at, category, "
                        "provider, campaign, text FROM state WHERE key = $1",
                        &key, 1, take_state, &r, error);
        if (r.damaged)
            return store_fail(error, STORE_E_DAMAGED,
                              "the state of %.*s cannot be read",
                              (int)address->len, address->text);
        if (!r.foreign)
            return err;
        address_rekey(book->addresses, address, attempt);
    }
    return store_fail(error, STORE_E_DAMAGED,
                      "too many addresses share one key");
}
