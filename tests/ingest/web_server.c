/* SPDX-License-Identifier: MIT */
#include "web_server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "store/module.h"

struct web_server {
    const struct module_http *module;
    struct http_server *http;
    web_server_fn *handle;
    bool tls;
    unsigned port;
    char ca[64], cert[4096], key[4096];
};

static void write_bio(BIO *bio, char *out, size_t cap)
{
    int len = BIO_read(bio, out, (int)cap - 1);

    assert_true(len > 0);
    out[len] = '\0';
    BIO_free(bio);
}

static void make_certificate(struct web_server *server)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_EXTENSION *name =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    BIO *bio;

    assert_non_null(key);
    assert_non_null(name);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"web server", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_add_ext(x, name, -1);
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x);
    write_bio(bio, server->cert, sizeof(server->cert));
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    write_bio(bio, server->key, sizeof(server->key));
    X509_EXTENSION_free(name);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void write_ca(struct web_server *server)
{
    const size_t len = strlen(server->cert);
    int fd;

    snprintf(server->ca, sizeof(server->ca), "/tmp/bounce-test-ca.XXXXXX");
    fd = mkstemp(server->ca);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, server->cert, len), len);
    close(fd);
}

static int listen_on_loopback(unsigned *port_out)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port_out = ntohs(address.sin_port);
    return fd;
}

static void handle(void *ctx, struct http_exchange *exchange,
                   const struct http_request *request)
{
    const struct web_server *server = ctx;

    server->handle(server->module, exchange, request);
}

struct web_server *web_server_start(web_server_fn *handler, bool tls)
{
    struct web_server *server = calloc(1, sizeof(*server));
    struct http_server_options options = {.threads = 4,
                                          .max_connections = 50,
                                          .timeout_s = 10,
                                          .max_body = 1 << 20,
                                          .max_header = 16384,
                                          .handle = handle,
                                          .ctx = server};
    char why[200] = "";

    assert_non_null(server);
    server->handle = handler;
    server->tls = tls;
    server->module = module_load("http", why);
    if (server->module == NULL)
        fail_msg("module http: %s", why);
    if (tls) {
        make_certificate(server);
        write_ca(server);
        options.tls_cert = server->cert;
        options.tls_key = server->key;
    }
    options.fd = listen_on_loopback(&server->port);
    server->http = server->module->start(&options, why);
    if (server->http == NULL)
        fail_msg("%s", why);
    return server;
}

void web_server_stop(struct web_server *server)
{
    server->module->stop(server->http);
    if (server->tls)
        unlink(server->ca);
    free(server);
}

void web_server_url(const struct web_server *server, const char *path,
                    char url[WEB_SERVER_URL])
{
    snprintf(url, WEB_SERVER_URL, "%s://127.0.0.1:%u%s",
             server->tls ? "https" : "http", server->port, path);
}

const char *web_server_ca(const struct web_server *server)
{
    return server->ca;
}
