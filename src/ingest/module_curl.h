/* SPDX-License-Identifier: MIT
 * What the files of module curl share. */
#ifndef BOUNCE_INGEST_MODULE_CURL_H
#define BOUNCE_INGEST_MODULE_CURL_H

#include <curl/curl.h>

#include "ingest/curl.h"

/* A handle of libcurl with what holds for all that we do; NULL: memory is out.
 * From any thread. */
CURL *module_curl_handle(void);

/* libcurl's own words, else those for code, without control characters. */
void module_curl_words(CURLcode code, const char *own, char error[256]);

struct web_client *module_curl_web_new(void);
void module_curl_web_free(struct web_client *client);
enum web_result module_curl_web_send(struct web_client *client,
                                     const struct web_request *request,
                                     struct web_reply *reply_out);

struct mail_line *module_curl_mail_open(const struct mail_login *login,
                                        enum mail_result *result_out,
                                        char error[256]);
void module_curl_mail_close(struct mail_line *line);
enum mail_result module_curl_mail_send(struct mail_line *line,
                                       struct bounce_slice data);
enum mail_result module_curl_mail_recv(struct mail_line *line, char *buf,
                                       size_t cap, size_t *len_out);

#endif
