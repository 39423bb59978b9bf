/* SPDX-License-Identifier: MIT
 * What the daemon fetches for Amazon SNS: once, within limits, from a host that
 * is trusted. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "serve/sns.h"
#include "web_server.h"

#define HOST "https://sns.eu-west-1.amazonaws.com"
#define NOW  INT64_C(1790000000)
#define PEM  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

static struct web_server *secure, *plain;
static struct arena arena;
static atomic_uint requests;
static bool to_plain;

static void serve(const struct module_http *module,
                  struct http_exchange *exchange,
                  const struct http_request *request)
{
    static char large[40000];
    const struct http_header_pair there[] = {{"Location", "/good.pem"},
                                             {NULL, NULL}};

    atomic_fetch_add(&requests, 1);
    if (strncmp(request->path, "/good", 5) == 0) {
        module->reply(exchange, 200, "text/plain", SLICE(PEM), NULL);
    } else if (strcmp(request->path, "/large.pem") == 0) {
        memset(large, 'x', sizeof(large));
        memcpy(large, PEM, sizeof(PEM) - 1);
        module->reply(exchange, 200, "text/plain",
                      slice_make(large, sizeof(large)), NULL);
    } else if (strcmp(request->path, "/page.pem") == 0) {
        module->reply(exchange, 200, "text/html", SLICE("<html>"), NULL);
    } else if (strcmp(request->path, "/moved.pem") == 0) {
        module->reply(exchange, 302, "text/html", SLICE(PEM), there);
    } else if (strcmp(request->path, "/") == 0) {
        module->reply(exchange, 200, "text/xml", SLICE("<Confirm/>"), NULL);
    } else {
        module->reply(exchange, 404, "text/plain", SLICE(PEM), NULL);
    }
}

static void elsewhere(const char *url, char *buf, size_t cap)
{
    char other[WEB_SERVER_URL];

    assert_int_equal(strncmp(url, HOST, strlen(HOST)), 0);
    web_server_url(to_plain ? plain : secure, url + strlen(HOST), other);
    snprintf(buf, cap, "%s", other);
}

static struct sns *fresh(bool trusted)
{
    const struct sns_options options = {
        .elsewhere = elsewhere,
        .ca_file = trusted ? web_server_ca(secure) : NULL};
    struct sns *sns = sns_new(&options);

    assert_non_null(sns);
    atomic_store(&requests, 0);
    to_plain = false;
    return sns;
}

static bool is_here(struct sns *sns, const char *url, int64_t now)
{
    struct bounce_slice pem;

    arena_reset(&arena);
    assert_true(sns_certificate(sns, slice_cstr(url), now, &arena, &pem));
    assert_true(pem.ptr == NULL || slice_eq(pem, SLICE(PEM)));
    return pem.ptr != NULL;
}

static void test_once(void **state)
{
    const struct bounce_slice url = SLICE(HOST "/good.pem");
    struct sns *sns = fresh(true);
    char why[SNS_WHY_CAP];

    (void)state;
    assert_false(is_here(sns, url.ptr, NOW));
    assert_true(sns_may_fetch(sns, url, NOW));
    assert_true(sns_fetch(sns, url, NOW, why));
    assert_true(is_here(sns, url.ptr, NOW));
    assert_false(is_here(sns, HOST "/good2.pem", NOW));
    assert_true(sns_fetch(sns, url, NOW + 86399, why));
    assert_int_equal(atomic_load(&requests), 1);
    /* A day later it may be another one. */
    assert_false(is_here(sns, url.ptr, NOW + 86400));
    assert_true(sns_fetch(sns, url, NOW + 86400, why));
    assert_int_equal(atomic_load(&requests), 2);
    sns_free(sns);
}

static void test_failures(void **state)
{
    static const struct {
        const char *path, *why;
    } rows[] = {
        {HOST "/none.pem", "HTTP 404"},
        {HOST "/moved.pem", "HTTP 302"},
        {HOST "/large.pem", "too long"},
        {HOST "/page.pem", "no certificate"},
    };
    char why[SNS_WHY_CAP];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct bounce_slice url = slice_cstr(rows[i].path);
        struct sns *sns = fresh(true);

        assert_false(sns_fetch(sns, url, NOW, why));
        assert_non_null(strstr(why, rows[i].why));
        assert_false(is_here(sns, url.ptr, NOW));
        /* Not at once again, and then again. */
        assert_false(sns_may_fetch(sns, url, NOW + 29));
        assert_false(sns_fetch(sns, url, NOW + 29, why));
        assert_int_equal(atomic_load(&requests), 1);
        assert_true(sns_may_fetch(sns, url, NOW + 30));
        assert_false(sns_fetch(sns, url, NOW + 30, why));
        assert_int_equal(atomic_load(&requests), 2);
        sns_free(sns);
    }
}

static void test_trust(void **state)
{
    struct sns *sns = fresh(false);
    char why[SNS_WHY_CAP];

    (void)state;
    assert_false(sns_fetch(sns, SLICE(HOST "/good.pem"), NOW, why));
    assert_false(is_here(sns, HOST "/good.pem", NOW));
    assert_false(sns_confirm(sns, SLICE(HOST "/?Action=x"), why));
    assert_int_equal(atomic_load(&requests), 0);
    sns_free(sns);
    /* Never without TLS. */
    sns = fresh(true);
    to_plain = true;
    assert_false(sns_fetch(sns, SLICE(HOST "/good.pem"), NOW, why));
    assert_false(sns_confirm(sns, SLICE(HOST "/?Action=x"), why));
    assert_int_equal(atomic_load(&requests), 0);
    sns_free(sns);
}

static void test_confirm(void **state)
{
    struct sns *sns = fresh(true);
    char why[SNS_WHY_CAP];

    (void)state;
    assert_true(sns_confirm(sns, SLICE(HOST "/?Action=x"), why));
    assert_false(sns_confirm(sns, SLICE(HOST "/other"), why));
    assert_non_null(strstr(why, "HTTP 404"));
    assert_int_equal(atomic_load(&requests), 2);
    sns_free(sns);
}

/* Strangers may name URLs: there is a ceiling, and what is known stays. */
static void test_many(void **state)
{
    struct sns *sns = fresh(true);
    char why[SNS_WHY_CAP], url[128];

    (void)state;
    assert_true(sns_fetch(sns, SLICE(HOST "/good.pem"), NOW, why));
    for (int i = 0; i < 100; i++) {
        snprintf(url, sizeof(url), HOST "/none%d.pem", i);
        assert_false(sns_fetch(sns, slice_cstr(url), NOW, why));
    }
    assert_true(atomic_load(&requests) <= 10);
    assert_true(is_here(sns, HOST "/good.pem", NOW));
    for (int i = 0; i < 100; i++) {
        snprintf(url, sizeof(url), HOST "/none%d.pem", i);
        assert_false(sns_fetch(sns, slice_cstr(url), NOW + 60 + i * 6, why));
    }
    assert_true(is_here(sns, HOST "/good.pem", NOW + 700));
    sns_free(sns);
}

static void *fetch_it(void *arg)
{
    char why[SNS_WHY_CAP];

    return sns_fetch(arg, SLICE(HOST "/good.pem"), NOW, why) ? arg : NULL;
}

static void test_threads(void **state)
{
    struct sns *sns = fresh(true);
    pthread_t threads[8];
    void *fine;

    (void)state;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fetch_it, sns), 0);
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], &fine);
        assert_ptr_equal(fine, sns);
    }
    assert_int_equal(atomic_load(&requests), 1);
    sns_free(sns);
}

static int set_up(void **state)
{
    (void)state;
    unsetenv("https_proxy");
    unsetenv("all_proxy");
    arena_init(&arena, allocator_default(), 1 << 20);
    secure = web_server_start(serve, true);
    plain = web_server_start(serve, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    web_server_stop(secure);
    web_server_stop(plain);
    arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),  cmocka_unit_test(test_failures),
        cmocka_unit_test(test_trust), cmocka_unit_test(test_confirm),
        cmocka_unit_test(test_many),  cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
