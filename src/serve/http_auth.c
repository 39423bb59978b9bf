/* SPDX-License-Identifier: MIT
 * Who calls: a token ("Authorization: Bearer TOKEN", or Basic with the token as
 * the password), the same user on a unix socket, and, when asked for, whoever
 * is on loopback. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "serve/http.h"
#include "store/token.h"

#define SEEN_S      5 /* a token is looked up again after that */
#define SEEN_SLOTS  1024
#define GUESSES     10 /* wrong tokens of a peer in GUESS_S: then 429 */
#define GUESS_S     60
#define GUESS_SLOTS 4096
#define TOKEN_MAX   256

struct seen {
    char text[TOKEN_SIZE];
    int64_t at;
    struct token token;
};

struct guesser {
    char address[64];
    int64_t since;
    unsigned count;
};

struct http_guard {
    pthread_mutex_t lock;
    struct seen seen[SEEN_SLOTS];
    struct guesser guessers[GUESS_SLOTS];
};

struct http_guard *http_guard_new(void)
{
    struct http_guard *guard = calloc(1, sizeof(*guard));

    if (guard != NULL)
        pthread_mutex_init(&guard->lock, NULL);
    return guard;
}

void http_guard_free(struct http_guard *guard)
{
    if (guard == NULL)
        return;
    pthread_mutex_destroy(&guard->lock);
    free(guard);
}

/* The time it takes tells nothing of where two texts differ. */
static bool same(const char *a, struct bounce_slice b)
{
    unsigned char differs = 0;

    if (strlen(a) != b.len)
        return false;
    for (size_t i = 0; i < b.len; i++)
        differs |= (unsigned char)(a[i] ^ b.ptr[i]);
    return differs == 0;
}

static bool remembered(struct http_guard *guard, struct bounce_slice text,
                       int64_t now, struct token *token_out)
{
    struct seen *slot = &guard->seen[hash_bytes(text) % SEEN_SLOTS];
    bool found;

    pthread_mutex_lock(&guard->lock);
    found = slot->at + SEEN_S > now && same(slot->text, text);
    if (found)
        *token_out = slot->token;
    pthread_mutex_unlock(&guard->lock);
    return found;
}

static void remember(struct http_guard *guard, struct bounce_slice text,
                     int64_t now, const struct token *token)
{
    struct seen *slot = &guard->seen[hash_bytes(text) % SEEN_SLOTS];

    if (text.len >= TOKEN_SIZE)
        return;
    pthread_mutex_lock(&guard->lock);
    memcpy(slot->text, text.ptr, text.len);
    slot->text[text.len] = '\0';
    slot->at = now;
    slot->token = *token;
    pthread_mutex_unlock(&guard->lock);
}

static struct guesser *guesser_of(struct http_guard *guard, const char *address,
                                  int64_t now)
{
    struct guesser *slot =
        &guard->guessers[hash_bytes(slice_cstr(address)) % GUESS_SLOTS];

    if (slot->since + GUESS_S <= now || strcmp(slot->address, address) != 0) {
        *slot = (struct guesser){.since = now};
        snprintf(slot->address, sizeof(slot->address), "%s", address);
    }
    return slot;
}

/* Whether the peer has guessed too often; with guessed it just did again. */
static bool guesses_much(struct http_guard *guard, const char *address,
                         int64_t now, bool guessed)
{
    struct guesser *guesser;
    bool much;

    pthread_mutex_lock(&guard->lock);
    guesser = guesser_of(guard, address, now);
    if (guessed)
        guesser->count++;
    much = guesser->count >= GUESSES;
    pthread_mutex_unlock(&guard->lock);
    return much;
}

/* ---- Authorization headers --------------------------------------------- */

static int base64_digit(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* "user:TOKEN" in base 64 (RFC 7617): the token. */
static struct bounce_slice basic_password(struct bounce_slice text,
                                          char out[TOKEN_MAX])
{
    unsigned bits = 0, held = 0;
    struct bounce_slice plain = {out, 0};
    size_t colon;

    for (size_t i = 0; i < text.len && plain.len < TOKEN_MAX; i++) {
        int digit = base64_digit(text.ptr[i]);

        if (digit < 0)
            break;
        bits = bits << 6 | (unsigned)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[plain.len++] = (char)(bits >> held & 0xff);
        }
    }
    colon = slice_find_byte(plain, ':');
    return colon == SLICE_NPOS ? SLICE_NULL : slice_from(plain, colon + 1);
}

static struct bounce_slice token_text(struct http_call *call,
                                      char buf[TOKEN_MAX])
{
    struct bounce_slice header = slice_cstr(http_head(call, "Authorization"));

    if (slice_starts_nocase(header, SLICE("Bearer ")))
        return slice_trim(slice_from(header, 7));
    if (slice_starts_nocase(header, SLICE("Basic ")))
        return basic_password(slice_trim(slice_from(header, 6)), buf);
    return SLICE_NULL;
}

static bool find(struct http_call *call, struct bounce_slice text,
                 struct token *token_out, bool *found_out)
{
    struct serve *serve = call->http->serve;
    const int64_t now = serve_now(serve);
    struct store_error error;
    struct serve_reader *reader;
    enum store_err err;

    reader = serve_reader_take(serve, &error);
    if (reader == NULL) {
        http_store_problem(call, &error);
        return false;
    }
    err = token_find(reader->book, text, now, token_out, found_out, &error);
    if (err != STORE_OK) {
        serve_reader_spoil(serve, reader);
        http_store_problem(call, &error);
        return false;
    }
    serve_reader_give(serve, reader);
    if (*found_out)
        remember(call->http->guard, text, now, token_out);
    return true;
}

static void take_token(struct http_call *call, const struct token *token)
{
    call->roles = token->roles;
    snprintf(call->scope, sizeof(call->scope), "%s", token->scope);
    snprintf(call->who, sizeof(call->who), "%s", token->name);
}

/* A proxy stands between: whoever it speaks for is neither this user nor on this
 * machine. */
static bool is_proxied(const struct http_call *call)
{
    return http_head(call, "X-Forwarded-For") != NULL ||
           http_head(call, "Forwarded") != NULL ||
           http_head(call, "Via") != NULL;
}

/* A page of another site that has a browser on this machine call us: it names
 * its origin, or a name that it made point here. */
static bool is_foreign_page(const struct http_call *call)
{
    struct bounce_slice host = slice_cstr(http_head(call, "Host"));
    struct bounce_slice origin = slice_cstr(http_head(call, "Origin"));
    size_t at = slice_find(origin, SLICE("://"));

    if (origin.len > 0 &&
        (at == SLICE_NPOS || !slice_eq(slice_from(origin, at + 3), host)))
        return true;
    if (call->request->peer != HTTP_PEER_LOOPBACK)
        return false;
    host = host.len > 0 && host.ptr[0] == '['
               ? slice_sub(host, 0, slice_find_byte(host, ']') + 1)
               : slice_sub(host, 0, slice_find_byte(host, ':'));
    return !slice_eq_nocase(host, SLICE("localhost")) &&
           !slice_eq(host, SLICE("[::1]")) &&
           !slice_starts(host, SLICE("127."));
}

static bool trusted_peer(const struct http_call *call)
{
    const struct config *config = serve_config(call->http->serve);
    const bool trusted =
        (call->request->peer == HTTP_PEER_SAME_USER &&
         config->local_is_admin) ||
        (call->request->peer == HTTP_PEER_LOOPBACK && config->loopback_trusted);

    return trusted && !is_proxied(call) && !is_foreign_page(call);
}

/* Whom a guess is counted against: behind a proxy on this machine the peer that
 * it names last. */
static void peer_name(const struct http_call *call, char out[64])
{
    struct bounce_slice name = slice_cstr(http_head(call, "X-Forwarded-For"));
    size_t comma = slice_rfind_byte(name, ',');

    if (comma != SLICE_NPOS)
        name = slice_from(name, comma + 1);
    name = slice_trim(name);
    if (call->request->peer == HTTP_PEER_REMOTE || name.len == 0)
        name = slice_cstr(call->request->address);
    snprintf(out, 64, "%.*s", (int)(name.len < 63 ? name.len : 63), name.ptr);
}

void http_guessed(struct http_call *call)
{
    char peer[64];

    peer_name(call, peer);
    guesses_much(call->http->guard, peer, serve_now(call->http->serve), true);
}

/* A token that was good a moment ago is, whoever guesses behind the same
 * address. */
static bool is_remembered(struct http_call *call, struct bounce_slice text,
                          struct token *token)
{
    return text.len > 0 && remembered(call->http->guard, text,
                                      serve_now(call->http->serve), token);
}

static bool refuse(struct http_call *call, const char *why)
{
    serve_add(call->http->serve, SERVE_DENIED, 1);
    http_problem(call, 401, "%s", why);
    return false;
}

bool http_authorize(struct http_call *call)
{
    struct serve *serve = call->http->serve;
    struct token token = {0};
    char buf[TOKEN_MAX], peer[64];
    struct bounce_slice text = token_text(call, buf);
    bool found;

    if (text.len == 0 && trusted_peer(call)) {
        call->roles = HTTP_ROLE_ADMIN;
        snprintf(call->who, sizeof(call->who), "local");
        return true;
    }
    if (is_remembered(call, text, &token)) {
        take_token(call, &token);
        return true;
    }
    peer_name(call, peer);
    if (guesses_much(call->http->guard, peer, serve_now(serve), false)) {
        http_problem(call, 429, "too many wrong tokens: wait a minute");
        return false;
    }
    if (text.len == 0)
        return refuse(call, "a token is wanted: bounce token");
    if (!find(call, text, &token, &found))
        return false;
    if (found) {
        take_token(call, &token);
        return true;
    }
    http_guessed(call);
    serve_log(serve, SERVE_WARNING, "denied", "peer", peer, "request",
              call->request_id, NULL);
    return refuse(call, "this token is not known, or has expired");
}
