/* SPDX-License-Identifier: MIT
 * Module curl: HTTP requests, against a server on loopback. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "ingest/curl.h"
#include "web_server.h"

static const struct module_curl *curl;
static struct web_server *plain, *secure;
static char elsewhere_url[WEB_SERVER_URL];

/* ---- The server ------------------------------------------------------- */

static long endless(void *ctx, char *buf, size_t cap)
{
    (void)ctx;
    memset(buf, 'x', cap);
    return (long)cap;
}

static long silent(void *ctx, char *buf, size_t cap)
{
    (void)ctx;
    (void)buf;
    (void)cap;
    return 0;
}

static void nothing(void *ctx)
{
    (void)ctx;
}

/* What came, as text: method, some headers, the body. */
static void echo(const struct module_http *module,
                 struct http_exchange *exchange,
                 const struct http_request *request)
{
    static const char *const names[] = {"User-Agent", "X-Sign", "Expect",
                                        "Content-Type"};
    char text[2048];
    int len = snprintf(text, sizeof(text), "%s\n", request->method);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = module->header(exchange, names[i]);

        len += snprintf(text + len, sizeof(text) - (size_t)len, "%s=%s\n",
                        names[i], value != NULL ? value : "-");
    }
    len += snprintf(text + len, sizeof(text) - (size_t)len, "%.*s",
                    (int)request->body.len, request->body.ptr);
    module->reply(exchange, 200, "text/plain", slice_make(text, (size_t)len),
                  NULL);
}

static void serve(const struct module_http *module,
                  struct http_exchange *exchange,
                  const struct http_request *request)
{
    const struct http_header_pair elsewhere[] = {{"Location", elsewhere_url},
                                                 {NULL, NULL}};
    const struct http_header_pair later[] = {{"Retry-After", "120"},
                                             {NULL, NULL}};

    if (strcmp(request->path, "/echo") == 0)
        echo(module, exchange, request);
    else if (strcmp(request->path, "/endless") == 0)
        module->stream(exchange, 200, "text/plain", endless, nothing, NULL);
    else if (strcmp(request->path, "/silent") == 0)
        module->stream(exchange, 200, "text/plain", silent, nothing, NULL);
    else if (strcmp(request->path, "/elsewhere") == 0)
        module->reply(exchange, 302, "text/plain", SLICE("there"), elsewhere);
    else if (strcmp(request->path, "/later") == 0)
        module->reply(exchange, 503, "text/plain", SLICE("later"), later);
    else
        module->reply(exchange, 404, "text/plain", SLICE("no"), NULL);
}

static int set_up(void **state)
{
    char error[256];

    (void)state;
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("all_proxy");
    curl = curl_module(error);
    if (curl == NULL) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    plain = web_server_start(serve, false);
    secure = web_server_start(serve, true);
    web_server_url(plain, "/echo", elsewhere_url);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    web_server_stop(plain);
    web_server_stop(secure);
    return 0;
}

/* ---- Requests --------------------------------------------------------- */

static bool stop_at_once(void *ctx)
{
    (void)ctx;
    return true;
}

static const char *const signed_headers[] = {
    "X-Sign: abc", "Content-Type: application/json", NULL};
static const char *const split_headers[] = {"X-Sign: a\r\nX-Other: b", NULL};
static const char *const no_header[] = {"X-Sign", NULL};

static const struct row {
    const char *label, *path;
    struct web_request request;
    bool tls, trusted;
    enum web_result want;
    unsigned status;
    const char *body;
    bool cut;
    unsigned retry_after_s;
} rows[] = {
    {"a GET",
     "/echo",
     {.max_body = 1000},
     .status = 200,
     .body = "GET\nUser-Agent=bounce/" BOUNCE_VERSION
             "\nX-Sign=-\nExpect=-\nContent-Type=-\n"},
    {"a POST with headers",
     "/echo",
     {.max_body = 1000, .headers = signed_headers, .body = SLICE("{}")},
     .status = 200,
     .body = "POST\nUser-Agent=bounce/" BOUNCE_VERSION
             "\nX-Sign=abc\nExpect=-\nContent-Type=application/json\n{}"},
    {"a POST without a type",
     "/echo",
     {.max_body = 1000, .body = SLICE("")},
     .status = 200,
     .body = "POST\nUser-Agent=bounce/" BOUNCE_VERSION
             "\nX-Sign=-\nExpect=-\nContent-Type=-\n"},
    {"another method",
     "/echo",
     {.max_body = 1000, .method = "PUT", .body = SLICE("x")},
     .status = 200,
     .body = "PUT\nUser-Agent=bounce/" BOUNCE_VERSION
             "\nX-Sign=-\nExpect=-\nContent-Type=-\nx"},
    {"a status is a reply",
     "/none",
     {.max_body = 1000},
     .status = 404,
     .body = "no"},
    {"Retry-After",
     "/later",
     {.max_body = 1000},
     .status = 503,
     .body = "later",
     .retry_after_s = 120},
    {"no redirect is followed",
     "/elsewhere",
     {.max_body = 1000},
     .status = 302,
     .body = "there"},
    {"exactly the limit",
     "/later",
     {.max_body = 5},
     .status = 503,
     .body = "later",
     .retry_after_s = 120},
    {"beyond the limit",
     "/later",
     {.max_body = 4},
     .status = 503,
     .body = "late",
     .cut = true,
     .retry_after_s = 120},
    {"no body wanted",
     "/later",
     {.max_body = 0},
     .status = 503,
     .body = "",
     .cut = true,
     .retry_after_s = 120},
    {"an endless body",
     "/endless",
     {.max_body = 3},
     .status = 200,
     .body = "xxx",
     .cut = true},
    {"a silent server",
     "/silent",
     {.max_body = 10, .total_ms = 300},
     .want = WEB_TIMEOUT},
    {"stopped",
     "/silent",
     {.max_body = 10, .stop = stop_at_once},
     .want = WEB_STOPPED},
    {"TLS",
     "/later",
     {.max_body = 10, .https_only = true},
     true,
     true,
     .status = 503,
     .body = "later",
     .retry_after_s = 120},
    {"TLS of nobody that is trusted",
     "/later",
     {.max_body = 10},
     true,
     false,
     .want = WEB_UNTRUSTED},
    {"only TLS",
     "/later",
     {.max_body = 10, .https_only = true},
     .want = WEB_BAD_REQUEST},
    {"two headers in one",
     "/echo",
     {.max_body = 10, .headers = split_headers},
     .want = WEB_BAD_REQUEST},
    {"a header without a colon",
     "/echo",
     {.max_body = 10, .headers = no_header},
     .want = WEB_BAD_REQUEST},
};

static bool send_row(struct web_client *client, const struct row *row)
{
    struct web_request request = row->request;
    struct web_reply reply;
    enum web_result result;
    char url[WEB_SERVER_URL];

    web_server_url(row->tls ? secure : plain, row->path, url);
    request.url = url;
    if (row->trusted)
        request.ca_file = web_server_ca(secure);
    result = curl->web_send(client, &request, &reply);
    if (result == row->want && reply.status == row->status &&
        reply.cut == row->cut && reply.retry_after_s == row->retry_after_s &&
        (result == WEB_FINE) == (reply.error[0] == '\0') &&
        slice_eq(reply.body,
                 row->body != NULL ? slice_cstr(row->body) : SLICE("")))
        return true;
    fprintf(stderr, "%s: result %d, status %u, retry %u, %s, \"%.*s\"\n",
            row->label, (int)result, reply.status, reply.retry_after_s,
            reply.error, (int)reply.body.len, reply.body.ptr);
    return false;
}

/* One client for all of them: nothing of a request stays for the next. */
static void test_requests(void **state)
{
    struct web_client *client = curl->web_new();
    size_t wrong = 0;

    (void)state;
    assert_non_null(client);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            wrong += send_row(client, &rows[i]) ? 0 : 1;
    }
    curl->web_free(client);
    assert_int_equal(wrong, 0);
}

static void test_urls(void **state)
{
    static const struct {
        const char *url;
        enum web_result want;
    } urls[] = {
        {"file:///etc/hostname", WEB_BAD_REQUEST},
        {"ftp://127.0.0.1/", WEB_BAD_REQUEST},
        {"gopher://127.0.0.1/", WEB_BAD_REQUEST},
        {"http://", WEB_BAD_REQUEST},
        {"", WEB_BAD_REQUEST},
        {"http://127.0.0.1:1/", WEB_UNREACHABLE}, /* nobody listens */
        {"http://nowhere.invalid/", WEB_UNREACHABLE},
    };
    struct web_client *client = curl->web_new();
    struct web_reply reply;

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        const struct web_request request = {.url = urls[i].url, .max_body = 10};

        assert_int_equal(curl->web_send(client, &request, &reply),
                         urls[i].want);
        assert_int_equal(reply.status, 0);
        assert_true(reply.error[0] != '\0');
    }
    curl->web_free(client);
}

static void *send_many(void *arg)
{
    struct web_client *client = curl->web_new();
    size_t *wrong = arg;

    for (int i = 0; i < 50; i++) {
        for (size_t n = 0; n < 5; n++)
            *wrong += send_row(client, &rows[n]) ? 0 : 1;
    }
    curl->web_free(client);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    size_t wrong[4] = {0};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, send_many, &wrong[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
