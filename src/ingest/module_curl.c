/* SPDX-License-Identifier: MIT
 * Module curl: HTTP requests and mailboxes by libcurl. */
#include "ingest/module_curl.h"

#include <pthread.h>
#include <stdio.h>

#include "store/module.h"

static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static bool fine;

static void prepare(void)
{
    fine = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

CURL *module_curl_handle(void)
{
    CURL *handle;

    pthread_once(&prepared, prepare);
    handle = fine ? curl_easy_init() : NULL;
    if (handle == NULL)
        return NULL;
    /* No SIGALRM, no SIGPIPE: there are other threads. */
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    return handle;
}

void module_curl_words(CURLcode code, const char *own, char error[256])
{
    snprintf(error, 256, "%s", own[0] != '\0' ? own : curl_easy_strerror(code));
    for (char *c = error; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == '\x7f')
            *c = ' ';
    }
}

extern const struct module_curl bounce_module_curl;
MODULE_EXPORT const struct module_curl bounce_module_curl = {
    .version = MODULE_VERSION,
    .web_new = module_curl_web_new,
    .web_free = module_curl_web_free,
    .web_send = module_curl_web_send,
    .mail_open = module_curl_mail_open,
    .mail_close = module_curl_mail_close,
    .mail_send = module_curl_mail_send,
    .mail_recv = module_curl_mail_recv,
};
