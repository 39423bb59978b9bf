/* SPDX-License-Identifier: MIT
 * Module curl: a connection to a mailbox. libcurl finds the host, secures the
 * connection and logs in by the best way that both sides know
 * (CURLOPT_CONNECT_ONLY); what is said after that is the caller's. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "ingest/module_curl.h"

#define CONNECT_MS 60000
#define IDLE_MS    120000
#define STEP_MS    1000 /* between two looks at stop */

struct mail_line {
    CURL *handle;
    CURLU *url; /* NULL: the handle has it */
    curl_socket_t fd;
    unsigned idle_ms;
    bool (*stop)(void *ctx);
    void *ctx;
    char said[256]; /* the server's newest line while it logs in */
    char words[CURL_ERROR_SIZE];
};

static size_t take_line(char *data, size_t size, size_t count, void *ctx)
{
    struct mail_line *line = ctx;
    struct bounce_slice text = slice_trim(slice_make(data, size * count));

    /* A continuation ("+ PDEy...") says nothing to people. */
    if (text.len > 0 && text.ptr[0] != '+')
        snprintf(line->said, sizeof(line->said), "%.*s",
                 (int)(text.len < sizeof(line->said) ? text.len
                                                     : sizeof(line->said) - 1),
                 text.ptr);
    return size * count;
}

static int ask_stop(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c,
                    curl_off_t d)
{
    const struct mail_line *line = ctx;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return line->stop != NULL && line->stop(line->ctx) ? 1 : 0;
}

/* libcurl looks into ~/.netrc only for a user that stands in the URL. */
static CURLcode set_url_with_user(struct mail_line *line,
                                  const struct mail_login *login)
{
    line->url = curl_url();
    if (line->url == NULL)
        return CURLE_OUT_OF_MEMORY;
    if (curl_url_set(line->url, CURLUPART_URL, login->url, 0) != CURLUE_OK ||
        curl_url_set(line->url, CURLUPART_USER, login->user, CURLU_URLENCODE) !=
            CURLUE_OK)
        return CURLE_URL_MALFORMAT;
    curl_easy_setopt(line->handle, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
    return curl_easy_setopt(line->handle, CURLOPT_CURLU, line->url);
}

static CURLcode set_login(struct mail_line *line,
                          const struct mail_login *login)
{
    CURL *handle = line->handle;
    CURLcode code = CURLE_OK;

    if (login->ca_file != NULL) {
        code = curl_easy_setopt(handle, CURLOPT_CAINFO, login->ca_file);
        /* That file alone, not also the system's folder. */
        curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
    }
    if (code == CURLE_OK && login->password == NULL && login->token == NULL)
        return set_url_with_user(line, login);
    if (code == CURLE_OK)
        code = curl_easy_setopt(handle, CURLOPT_URL, login->url);
    if (code == CURLE_OK)
        code = curl_easy_setopt(handle, CURLOPT_USERNAME, login->user);
    if (code == CURLE_OK && login->token != NULL)
        return curl_easy_setopt(handle, CURLOPT_XOAUTH2_BEARER, login->token);
    return code == CURLE_OK
               ? curl_easy_setopt(handle, CURLOPT_PASSWORD, login->password)
               : code;
}

static CURLcode set_line(struct mail_line *line, const struct mail_login *login)
{
    CURL *handle = line->handle;
    const unsigned ms = login->connect_ms > 0 ? login->connect_ms : CONNECT_MS;

    curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "imap,imaps,pop3,pop3s");
    curl_easy_setopt(handle, CURLOPT_USE_SSL,
                     (long)(login->tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)ms);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)ms);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, line->words);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_line);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, line);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, ask_stop);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, line);
    return set_login(line, login);
}

/* The response codes by which servers say that they refuse for now only: RFC
 * 5530, RFC 2449, RFC 3206. */
static bool is_for_now(const char *said)
{
    static const char *const codes[] = {"[UNAVAILABLE]", "[INUSE]",
                                        "[LIMIT]",       "[IN-USE]",
                                        "[LOGIN-DELAY]", "[SYS/TEMP]"};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strstr(said, codes[i]) != NULL)
            return true;
    }
    return false;
}

static enum mail_result result_of(CURLcode code, const char *said)
{
    switch (code) {
    case CURLE_OK:
        return MAIL_FINE;
    case CURLE_LOGIN_DENIED:
    case CURLE_AUTH_ERROR:
        return is_for_now(said) ? MAIL_BUSY : MAIL_DENIED;
    case CURLE_USE_SSL_FAILED:
        return MAIL_NO_TLS;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return MAIL_UNTRUSTED;
    case CURLE_OPERATION_TIMEDOUT:
        return MAIL_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        return MAIL_BAD_URL;
    case CURLE_ABORTED_BY_CALLBACK:
        return MAIL_STOPPED;
    case CURLE_OUT_OF_MEMORY:
        return MAIL_NO_MEMORY;
    default:
        return MAIL_UNREACHABLE;
    }
}

/* What the server said matters where it is the server that refuses. */
static void explain(const struct mail_line *line, CURLcode code,
                    enum mail_result result, char error[256])
{
    bool servers = result == MAIL_DENIED || result == MAIL_BUSY ||
                   code == CURLE_WEIRD_SERVER_REPLY;

    module_curl_words(
        code, servers && line->said[0] != '\0' ? line->said : line->words,
        error);
}

struct mail_line *module_curl_mail_open(const struct mail_login *login,
                                        enum mail_result *result_out,
                                        char error[256])
{
    struct mail_line *line = calloc(1, sizeof(*line));
    CURLcode code = CURLE_OUT_OF_MEMORY;

    error[0] = '\0';
    *result_out = MAIL_NO_MEMORY;
    if (line == NULL)
        return NULL;
    line->stop = login->stop;
    line->ctx = login->ctx;
    line->idle_ms = login->idle_ms > 0 ? login->idle_ms : IDLE_MS;
    line->handle = module_curl_handle();
    if (line->handle != NULL)
        code = set_line(line, login);
    if (code == CURLE_OK)
        code = curl_easy_perform(line->handle);
    if (code == CURLE_OK)
        code =
            curl_easy_getinfo(line->handle, CURLINFO_ACTIVESOCKET, &line->fd);
    *result_out = result_of(code, line->said);
    if (code == CURLE_OK)
        return line;
    explain(line, code, *result_out, error);
    module_curl_mail_close(line);
    return NULL;
}

void module_curl_mail_close(struct mail_line *line)
{
    if (line == NULL)
        return;
    /* libcurl says good-bye by itself: it shall not wait long for the answer. */
    curl_easy_setopt(line->handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, 2L);
    curl_easy_cleanup(line->handle);
    curl_url_cleanup(line->url);
    free(line);
}

/* Until the socket is ready, or has been quiet too long. */
static enum mail_result wait_for(struct mail_line *line, short events)
{
    unsigned waited = 0;

    for (;;) {
        struct pollfd fd = {.fd = line->fd, .events = events};
        unsigned left = line->idle_ms - waited;
        int step = left < STEP_MS ? (int)left : STEP_MS;
        int got = poll(&fd, 1, step);

        if (line->stop != NULL && line->stop(line->ctx))
            return MAIL_STOPPED;
        if (got > 0)
            return MAIL_FINE;
        if (got < 0 && errno != EINTR)
            return MAIL_UNREACHABLE;
        waited += got == 0 ? (unsigned)step : 0;
        if (waited >= line->idle_ms)
            return MAIL_TIMEOUT;
    }
}

enum mail_result module_curl_mail_send(struct mail_line *line,
                                       struct bounce_slice data)
{
    while (data.len > 0) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(line->handle, data.ptr, data.len, &sent);

        if (code == CURLE_AGAIN) {
            enum mail_result result = wait_for(line, POLLOUT);

            if (result != MAIL_FINE)
                return result;
            continue;
        }
        if (code != CURLE_OK)
            return result_of(code, "");
        data = slice_from(data, sent);
    }
    return MAIL_FINE;
}

enum mail_result module_curl_mail_recv(struct mail_line *line, char *buf,
                                       size_t cap, size_t *len_out)
{
    for (;;) {
        enum mail_result result;
        /* First what is there: TLS may have it decrypted already. */
        CURLcode code = curl_easy_recv(line->handle, buf, cap, len_out);

        if (code != CURLE_AGAIN)
            return result_of(code, "");
        result = wait_for(line, POLLIN);
        if (result != MAIL_FINE)
            return result;
    }
}
