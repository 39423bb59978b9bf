/* SPDX-License-Identifier: MIT
 * What goes out into the network through libcurl, as the module bounce-curl.so
 * offers it: HTTP requests, and mailboxes that are logged into. How to load it:
 * store/module.h, curl_module(). */
#ifndef BOUNCE_INGEST_CURL_H
#define BOUNCE_INGEST_CURL_H

#include "base/slice.h"

/* ---- HTTP ------------------------------------------------------------- */

struct web_client;

enum web_result {
    WEB_FINE,        /* there is a reply, whatever its status */
    WEB_BAD_REQUEST, /* a URL or a header that cannot be sent: never will be */
    WEB_UNREACHABLE, /* no such host, no connection, or it broke */
    WEB_TIMEOUT,
    WEB_UNTRUSTED, /* the host's certificate is not trusted, or not its own */
    WEB_STOPPED,   /* stop said so */
    WEB_NO_MEMORY
};

/* Everything is borrowed for the call. */
struct web_request {
    const char *method; /* "PUT", ...; NULL: GET, with a body POST */
    const char *url;    /* http:// or https:// */
    /* "Name: value" each, ended by NULL; may be NULL. */
    const char *const *headers;
    struct bounce_slice body; /* NULL: none */
    unsigned connect_ms;      /* 0: 10 s */
    unsigned total_ms;        /* 0: 30 s */
    size_t max_body;          /* bytes of the reply; others are not read */
    const char *ca_file;      /* PEM of who is trusted; NULL: the system's */
    const char *proxy;        /* NULL: as the environment says; "": none */
    bool https_only;
    /* Asked several times a second; true ends the request. May be NULL. */
    bool (*stop)(void *ctx);
    void *ctx;
};

struct web_reply {
    unsigned status;          /* of HTTP; 0: there is no reply */
    struct bounce_slice body; /* the client's, until its next request */
    bool cut;                 /* the body was longer than max_body */
    unsigned retry_after_s;   /* Retry-After; 0: it named none */
    char error[256];          /* why there is no reply; control-free */
};

/* ---- Mailboxes -------------------------------------------------------- */

/* A connection to an IMAP or POP3 server, logged in. What is said on it is not
 * libcurl's: it fetches with BODY[], which marks mail as seen. */
struct mail_line;

enum mail_result {
    MAIL_FINE,
    MAIL_UNREACHABLE, /* no such host, no connection, or it broke */
    MAIL_TIMEOUT,
    MAIL_BUSY,      /* the server says: later */
    MAIL_DENIED,    /* the server refuses name or password */
    MAIL_UNTRUSTED, /* the host's certificate is not trusted, or not its own */
    MAIL_NO_TLS,    /* the server has none to begin */
    MAIL_BAD_URL,
    MAIL_STOPPED, /* stop said so */
    MAIL_NO_MEMORY,
    MAIL_REFUSED, /* the server says no to this command; others may go on */
    MAIL_NONSENSE /* what the server says is not its protocol */
};

/* Everything is borrowed for mail_open(), stop and ctx for the connection. */
struct mail_login {
    const char *url; /* imap, imaps, pop3 or pop3s://HOST[:PORT] */
    const char *user;
    const char *password; /* NULL: from ~/.netrc, if it is there */
    const char *token;    /* OAuth 2 (RFC 7628) in place of it; NULL: none */
    const char *ca_file;  /* PEM of who is trusted; NULL: the system's */
    bool tls; /* imap:// and pop3:// too: by STARTTLS, or not at all */
    unsigned connect_ms;     /* until it is logged in; 0: 60 s */
    unsigned idle_ms;        /* without a byte; 0: 120 s */
    bool (*stop)(void *ctx); /* asked every second; may be NULL */
    void *ctx;
};

/* ---- The module "curl" ------------------------------------------------ */

struct module_curl {
    unsigned version;
    /* One thread at a time; another client for another thread. It keeps
     * connections open between requests. NULL: memory is out. */
    struct web_client *(*web_new)(void);
    void (*web_free)(struct web_client *client);
    /* TLS 1.2 or newer, with certificate and name verified; no redirect is
     * followed; proxies as the environment names them (https_proxy, no_proxy)
     * unless the request says otherwise.
     * reply_out is filled whatever the result. */
    enum web_result (*web_send)(struct web_client *client,
                                const struct web_request *request,
                                struct web_reply *reply_out);

    /* NULL: *result_out is not MAIL_FINE, error says why, if possible in the
     * server's words, control-free. One thread at a time. */
    struct mail_line *(*mail_open)(const struct mail_login *login,
                                   enum mail_result *result_out,
                                   char error[256]);
    /* At once, without a farewell; NULL will do. */
    void (*mail_close)(struct mail_line *line);
    /* All of data. */
    enum mail_result (*mail_send)(struct mail_line *line,
                                  struct bounce_slice data);
    /* What is there, at least one byte unless it is the end: *len_out 0. */
    enum mail_result (*mail_recv)(struct mail_line *line, char *buf, size_t cap,
                                  size_t *len_out);
};

/* The module, loaded on first use; NULL: error says what is missing and how to
 * get it. From any thread. */
const struct module_curl *curl_module(char error[256]);

#endif
