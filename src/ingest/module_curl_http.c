/* SPDX-License-Identifier: MIT
 * Module curl: one HTTP request. */
#include <stdlib.h>

#include "ingest/module_curl.h"

#define CONNECT_MS  10000
#define TOTAL_MS    30000
#define HEADERS_MAX 64

struct web_client {
    CURL *handle;
    const struct web_request *request; /* the one at hand */
    char *body;
    size_t len, cap;
    bool cut, no_memory;
    char words[CURL_ERROR_SIZE];
};

struct web_client *module_curl_web_new(void)
{
    struct web_client *client = calloc(1, sizeof(*client));

    if (client == NULL)
        return NULL;
    client->handle = module_curl_handle();
    if (client->handle == NULL) {
        free(client);
        return NULL;
    }
    return client;
}

void module_curl_web_free(struct web_client *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->handle);
    free(client->body);
    free(client);
}

static bool keep(struct web_client *client, const char *data, size_t len)
{
    if (client->cap - client->len < len) {
        size_t cap = client->cap > 0 ? client->cap : 1024;
        char *grown;

        while (cap - client->len < len)
            cap *= 2;
        grown = realloc(client->body, cap);
        if (grown == NULL)
            return false;
        client->body = grown;
        client->cap = cap;
    }
    memcpy(client->body + client->len, data, len);
    client->len += len;
    return true;
}

/* What does not fit ends the transfer: nobody reads an endless reply. */
static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct web_client *client = ctx;
    size_t len = size * count, room = client->request->max_body - client->len;

    client->cut = len > room;
    if (len > 0 && !keep(client, data, client->cut ? room : len)) {
        client->no_memory = true;
        return 0;
    }
    return client->cut ? 0 : len;
}

static int ask_stop(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c,
                    curl_off_t d)
{
    const struct web_request *request = ctx;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return request->stop(request->ctx) ? 1 : 0;
}

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == '\x7f')
            return false;
    }
    return true;
}

/* A value with a line end in it would be two headers. */
static bool take_headers(const char *const *headers,
                         struct curl_slist **list_out, const char **flaw_out)
{
    /* Without these libcurl would wait for "100 Continue" before a long body,
     * and name a type for any. */
    static const char *const own[] = {"Expect:", "Content-Type:"};
    const char *const none[] = {NULL};
    struct curl_slist *list = NULL, *more;
    bool typed = false;
    size_t count = 0;

    *list_out = NULL;
    *flaw_out = NULL;
    for (headers = headers != NULL ? headers : none; *headers != NULL;
         headers++) {
        if (++count > HEADERS_MAX || !is_plain(*headers) ||
            strchr(*headers, ':') == NULL) {
            *flaw_out = "a header is malformed, or there are too many";
            break;
        }
        typed = typed || slice_starts_nocase(slice_cstr(*headers),
                                             SLICE("Content-Type:"));
        more = curl_slist_append(list, *headers);
        if (more == NULL)
            break;
        list = *list_out = more;
    }
    if (*headers != NULL)
        return false;
    for (size_t i = 0; i < (typed ? 1 : 2); i++) {
        more = curl_slist_append(list, own[i]);
        if (more == NULL)
            return false;
        list = *list_out = more;
    }
    return true;
}

static CURLcode set_method(CURL *handle, const struct web_request *request)
{
    CURLcode code = curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);

    if (code == CURLE_OK && request->body.ptr != NULL)
        code = curl_easy_setopt(handle, CURLOPT_POST, 1L);
    if (code == CURLE_OK && request->body.ptr != NULL)
        code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                                (curl_off_t)request->body.len);
    if (code == CURLE_OK && request->body.ptr != NULL)
        code = curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request->body.ptr);
    if (code == CURLE_OK && request->method != NULL)
        code = curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
    return code;
}

static void set_limits(CURL *handle, const struct web_request *request)
{
    unsigned connect_ms = request->connect_ms, total_ms = request->total_ms;

    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(connect_ms > 0 ? connect_ms : CONNECT_MS));
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                     (long)(total_ms > 0 ? total_ms : TOTAL_MS));
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS,
                     request->stop != NULL ? 0L : 1L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, ask_stop);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, request);
}

/* Handles are used again, so every option is set each time or left for good. */
static CURLcode set_request(struct web_client *client,
                            const struct web_request *request,
                            struct curl_slist *headers)
{
    CURL *handle = client->handle;
    CURLcode code;

    curl_easy_reset(handle);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR,
                     request->https_only ? "https" : "http,https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, client->words);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, client);
    set_limits(handle, request);
    code =
        curl_easy_setopt(handle, CURLOPT_USERAGENT, "bounce/" BOUNCE_VERSION);
    if (code == CURLE_OK && request->ca_file != NULL) {
        code = curl_easy_setopt(handle, CURLOPT_CAINFO, request->ca_file);
        /* That file alone, not also the system's folder. */
        curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
    }
    if (code == CURLE_OK && request->proxy != NULL)
        code = curl_easy_setopt(handle, CURLOPT_PROXY, request->proxy);
    if (code == CURLE_OK)
        code = curl_easy_setopt(handle, CURLOPT_URL, request->url);
    if (code == CURLE_OK)
        code = curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    return code == CURLE_OK ? set_method(handle, request) : code;
}

static enum web_result result_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return WEB_FINE;
    case CURLE_OUT_OF_MEMORY:
        return WEB_NO_MEMORY;
    case CURLE_ABORTED_BY_CALLBACK:
        return WEB_STOPPED;
    case CURLE_OPERATION_TIMEDOUT:
        return WEB_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return WEB_UNTRUSTED;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        return WEB_BAD_REQUEST;
    default:
        return WEB_UNREACHABLE;
    }
}

static void read_reply(struct web_client *client, struct web_reply *reply)
{
    long status = 0;
    curl_off_t retry = 0;

    curl_easy_getinfo(client->handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(client->handle, CURLINFO_RETRY_AFTER, &retry);
    reply->status = status > 0 ? (unsigned)status : 0;
    reply->retry_after_s = retry <= 0         ? 0
                           : retry < 31536000 ? (unsigned)retry
                                              : 31536000;
    reply->cut = client->cut;
    reply->body = slice_make(client->len > 0 ? client->body : "", client->len);
}

static enum web_result perform(struct web_client *client,
                               struct web_reply *reply)
{
    CURLcode code = curl_easy_perform(client->handle);

    if (code == CURLE_WRITE_ERROR && client->cut && !client->no_memory)
        code = CURLE_OK; /* we had enough of it */
    else if (client->no_memory)
        code = CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK)
        read_reply(client, reply);
    else
        module_curl_words(code, client->words, reply->error);
    return result_of(code);
}

enum web_result module_curl_web_send(struct web_client *client,
                                     const struct web_request *request,
                                     struct web_reply *reply_out)
{
    struct curl_slist *headers;
    enum web_result result = WEB_NO_MEMORY;
    const char *flaw;
    CURLcode code = CURLE_OUT_OF_MEMORY;

    *reply_out = (struct web_reply){.body = SLICE("")};
    client->request = request;
    client->len = 0;
    client->cut = client->no_memory = false;
    client->words[0] = '\0';
    if (take_headers(request->headers, &headers, &flaw))
        code = set_request(client, request, headers);
    if (flaw != NULL) {
        result = WEB_BAD_REQUEST;
        module_curl_words(CURLE_OK, flaw, reply_out->error);
    } else if (code != CURLE_OK) {
        result = result_of(code);
        module_curl_words(code, client->words, reply_out->error);
    } else {
        result = perform(client, reply_out);
    }
    /* Nothing of the request is looked at once it is over. */
    curl_easy_setopt(client->handle, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(client->handle, CURLOPT_POSTFIELDS, NULL);
    curl_slist_free_all(headers);
    return result;
}
