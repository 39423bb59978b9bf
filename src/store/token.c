/* SPDX-License-Identifier: MIT */
#include "store/token.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/date.h"

#define PREFIX       "bounce_"
#define RANDOM_BYTES 20

static const struct {
    const char *word;
    unsigned role;
} roles[] = {
    {"check", TOKEN_CHECK},
    {"ingest", TOKEN_INGEST},
    {"read", TOKEN_READ},
    {"admin", TOKEN_ADMIN},
};
#define ROLES (sizeof(roles) / sizeof(roles[0]))

unsigned token_roles(struct bounce_slice words)
{
    struct bounce_slice word;
    unsigned all = 0;

    while (slice_next_piece(&words, ',', &word)) {
        size_t i = 0;

        word = slice_trim(word);
        while (i < ROLES && !slice_eq(word, slice_cstr(roles[i].word)))
            i++;
        if (i == ROLES)
            return 0;
        all |= roles[i].role;
    }
    return all;
}

void token_roles_text(unsigned mask, char out[40])
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < ROLES; i++) {
        if ((mask & roles[i].role) != 0)
            len += (size_t)snprintf(out + len, 40 - len, "%s%s",
                                    len > 0 ? "," : "", roles[i].word);
    }
}

/* ---- Audit ------------------------------------------------------------- */

/* A line of the audit, in the transaction of what it tells. */
static enum store_err audit(struct book *book, int64_t now, const char *who,
                            const char *action, const char *detail,
                            struct store_error *error)
{
    char hidden[800];
    /* With hashed addresses none stands anywhere in clear. */
    size_t len = address_hide(book->addresses, slice_cstr(detail), NULL, hidden,
                              sizeof(hidden));
    int64_t last = 0;
    enum store_err err = store_run(book->store, "SELECT max(seq) FROM audit",
                                   NULL, 0, store_take_int, &last, error);
    const struct store_value values[] = {
        store_int(last + 1), store_int(now), store_text(slice_cstr(who)),
        store_text(slice_cstr(action)), store_text(slice_make(hidden, len))};

    if (err != STORE_OK)
        return err;
    return store_run(book->store,
                     "INSERT INTO audit (seq, at, who, action, detail) "
                     "VALUES ($1, $2, $3, $4, $5)",
                     values, 5, NULL, NULL, error);
}

enum store_err token_audit(struct book *book, int64_t now, const char *who,
                           const char *action, const char *detail,
                           struct store_error *error)
{
    enum store_err err = store_begin(book->store, STORE_WRITE, error);

    if (err != STORE_OK)
        return err;
    return store_end(book->store, audit(book, now, who, action, detail, error),
                     error);
}

/* ---- Tokens ------------------------------------------------------------ */

/* Tokens are random, so that no salt is needed; the key tells this use of the
 * function from others. */
static bool digest(struct bounce_slice token, char out[65])
{
    return address_hmac(SLICE("bounce api token"), token, out);
}

static enum store_err no_crypto(struct store_error *error)
{
    return store_fail(error, STORE_E_OPEN,
                      "tokens need the module crypto (libcrypto)");
}

static enum store_err insert(struct book *book, const struct token *token,
                             const char *kept, struct store_error *error)
{
    const struct store_value values[] = {
        store_text(slice_cstr(kept)),     store_text(slice_cstr(token->name)),
        store_int((int64_t)token->roles), store_text(slice_cstr(token->scope)),
        store_int(token->created_at),     store_time(token->expires_at)};

    return store_run(book->store,
                     "INSERT INTO token (digest, name, roles, scope, "
                     "created_at, expires_at) VALUES ($1, $2, $3, $4, $5, "
                     "CAST($6 AS BIGINT))",
                     values, 6, NULL, NULL, error);
}

/* "shop: check,ingest; scope news; until 2027-01-01T00:00:00Z" */
static void describe(const struct token *token, char out[300])
{
    char given[40], iso[DATE_ISO_SIZE] = "";

    token_roles_text(token->roles, given);
    if (token->expires_at != BOUNCE_NO_TIME)
        (void)date_format_iso(token->expires_at, iso);
    snprintf(out, 300, "%s: %s%s%s%s%s", token->name, given,
             token->scope[0] != '\0' ? "; scope " : "", token->scope,
             iso[0] != '\0' ? "; until " : "", iso);
}

enum store_err token_make(struct book *book, const struct token *token,
                          const char *who, char token_out[TOKEN_SIZE],
                          struct store_error *error)
{
    unsigned char bytes[RANDOM_BYTES];
    char kept[65], detail[300];
    size_t len;
    enum store_err err;

    if (token->name[0] == '\0')
        return store_fail(error, STORE_E_VALUE, "a token wants a name");
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return store_fail(error, STORE_E_SQL, "the system gives no randomness");
    len = (size_t)snprintf(token_out, TOKEN_SIZE, PREFIX);
    for (size_t i = 0; i < sizeof(bytes); i++)
        len += (size_t)snprintf(token_out + len, TOKEN_SIZE - len, "%02x",
                                bytes[i]);
    if (!digest(slice_make(token_out, len), kept))
        return no_crypto(error);
    err = store_begin(book->store, STORE_WRITE, error);
    if (err != STORE_OK)
        return err;
    err = insert(book, token, kept, error);
    if (err == STORE_E_VALUE)
        err = store_fail(error, STORE_E_VALUE,
                         "there is a token of this name: %s", token->name);
    describe(token, detail);
    if (err == STORE_OK)
        err = audit(book, token->created_at, who, "token add", detail, error);
    return store_end(book->store, err, error);
}

enum store_err token_revoke(struct book *book, const char *name, int64_t now,
                            const char *who, bool *found_out,
                            struct store_error *error)
{
    const struct store_value values[] = {store_text(slice_cstr(name))};
    enum store_err err = store_begin(book->store, STORE_WRITE, error);

    *found_out = false;
    if (err != STORE_OK)
        return err;
    err = store_run(book->store, "SELECT name FROM token WHERE name = $1",
                    values, 1, store_take_any, found_out, error);
    if (err == STORE_OK)
        err = store_run(book->store, "DELETE FROM token WHERE name = $1",
                        values, 1, NULL, NULL, error);
    if (err == STORE_OK && *found_out)
        err = audit(book, now, who, "token revoke", name, error);
    return store_end(book->store, err, error);
}

static void read_row(const struct store_value *row, struct token *token)
{
    *token = (struct token){.roles = (unsigned)row[1].integer,
                            .created_at = row[3].integer,
                            .expires_at = row[4].type == STORE_NULL
                                              ? BOUNCE_NO_TIME
                                              : row[4].integer};
    snprintf(token->name, sizeof(token->name), "%.*s", (int)row[0].text.len,
             row[0].text.ptr);
    snprintf(token->scope, sizeof(token->scope), "%.*s", (int)row[2].text.len,
             row[2].text.ptr);
}

struct listing {
    bool (*take)(void *ctx, const struct token *token);
    void *ctx;
};

static bool list_row(void *ctx, const struct store_value *row, size_t columns)
{
    const struct listing *listing = ctx;
    struct token token;

    (void)columns;
    read_row(row, &token);
    return listing->take(listing->ctx, &token);
}

#define COLUMNS "name, roles, scope, created_at, expires_at"

enum store_err token_list(struct book *book,
                          bool (*take)(void *ctx, const struct token *token),
                          void *ctx, struct store_error *error)
{
    struct listing listing = {take, ctx};
    enum store_err err =
        store_run(book->store, "SELECT " COLUMNS " FROM token ORDER BY name",
                  NULL, 0, list_row, &listing, error);

    return err == STORE_E_STOPPED ? STORE_OK : err;
}

struct finding {
    struct token *token;
    bool found;
};

static bool find_row(void *ctx, const struct store_value *row, size_t columns)
{
    struct finding *finding = ctx;

    (void)columns;
    read_row(row, finding->token);
    finding->found = true;
    return true;
}

enum store_err token_find(struct book *book, struct bounce_slice text,
                          int64_t now, struct token *token_out, bool *found_out,
                          struct store_error *error)
{
    struct finding finding = {token_out, false};
    struct store_value value;
    char kept[65];
    enum store_err err;

    *found_out = false;
    if (!digest(text, kept))
        return no_crypto(error);
    /* Looked up by what cannot be chosen: its time tells nothing of others. */
    value = store_text(slice_cstr(kept));
    err = store_run(book->store,
                    "SELECT " COLUMNS " FROM token WHERE digest = $1", &value,
                    1, find_row, &finding, error);
    *found_out = err == STORE_OK && finding.found &&
                 (token_out->expires_at == BOUNCE_NO_TIME ||
                  token_out->expires_at > now);
    return err;
}
