/* SPDX-License-Identifier: MIT */
#include "serve/sns.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ingest/curl.h"

#define ENTRIES       8     /* certificates; each region signs with its own */
#define FRESH_S       86400 /* how long one is good */
#define SULK_S        30    /* after it could not be had */
#define MINUTE_MAX    10    /* fetches a minute */
#define CONNECT_MS    3000
#define TOTAL_MS      8000 /* SNS waits 15 seconds for our answer */
#define PEM_MAX       ((size_t)32 << 10)
#define URL_CAP       2048
#define CONFIRMED_MAX ((size_t)64 << 10) /* bytes of the answer: XML */

struct entry {
    char url[URL_CAP];
    char *pem; /* NULL: it could not be had */
    size_t len;
    int64_t at; /* when it was fetched, or tried to; 0: the entry is empty */
};

struct sns {
    struct sns_options options;
    pthread_mutex_t lock;     /* of the entries and of the count */
    pthread_mutex_t fetching; /* one at a time: others wait for its result */
    struct entry entries[ENTRIES];
    int64_t minute; /* that fetched counts in */
    unsigned fetched;
};

struct sns *sns_new(const struct sns_options *options)
{
    struct sns *sns = calloc(1, sizeof(*sns));

    if (sns == NULL)
        return NULL;
    sns->options = *options;
    pthread_mutex_init(&sns->lock, NULL);
    pthread_mutex_init(&sns->fetching, NULL);
    return sns;
}

void sns_free(struct sns *sns)
{
    if (sns == NULL)
        return;
    for (size_t i = 0; i < ENTRIES; i++)
        free(sns->entries[i].pem);
    pthread_mutex_destroy(&sns->lock);
    pthread_mutex_destroy(&sns->fetching);
    free(sns);
}

/* ---- Under lock -------------------------------------------------------- */

static struct entry *find(struct sns *sns, struct bounce_slice url)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        if (sns->entries[i].at != 0 &&
            slice_eq(slice_cstr(sns->entries[i].url), url))
            return &sns->entries[i];
    }
    return NULL;
}

static bool is_good(const struct entry *entry, int64_t now)
{
    return entry != NULL && entry->pem != NULL && now >= entry->at &&
           now - entry->at < FRESH_S;
}

/* Its own, an empty one, or the oldest. */
static struct entry *place_for(struct sns *sns, struct bounce_slice url)
{
    struct entry *entry = find(sns, url);

    for (size_t i = 0; entry == NULL && i < ENTRIES; i++)
        entry = sns->entries[i].at == 0 ? &sns->entries[i] : NULL;
    if (entry != NULL)
        return entry;
    entry = &sns->entries[0];
    for (size_t i = 1; i < ENTRIES; i++) {
        /* What could not be had makes room first: anybody can name that. */
        bool worse = entry->pem != NULL && sns->entries[i].pem == NULL;
        bool alike = (entry->pem == NULL) == (sns->entries[i].pem == NULL);

        if (worse || (alike && sns->entries[i].at < entry->at))
            entry = &sns->entries[i];
    }
    return entry;
}

/* ---- What is here ------------------------------------------------------ */

bool sns_certificate(struct sns *sns, struct bounce_slice url, int64_t now,
                     struct arena *arena, struct bounce_slice *pem_out)
{
    const struct entry *entry;
    bool good;

    *pem_out = SLICE_NULL;
    pthread_mutex_lock(&sns->lock);
    entry = find(sns, url);
    good = is_good(entry, now);
    if (good)
        *pem_out = arena_dup(arena, slice_make(entry->pem, entry->len));
    pthread_mutex_unlock(&sns->lock);
    return !good || pem_out->ptr != NULL;
}

bool sns_may_fetch(struct sns *sns, struct bounce_slice url, int64_t now)
{
    const struct entry *entry;
    bool may;

    pthread_mutex_lock(&sns->lock);
    entry = find(sns, url);
    may = url.len < URL_CAP &&
          (entry == NULL || entry->pem != NULL || now < entry->at ||
           now - entry->at >= SULK_S) &&
          (sns->minute != now / 60 || sns->fetched < MINUTE_MAX);
    pthread_mutex_unlock(&sns->lock);
    return may;
}

/* ---- Fetching ---------------------------------------------------------- */

static bool is_certificate(struct bounce_slice text)
{
    return slice_find(text, SLICE("-----BEGIN CERTIFICATE-----")) !=
               SLICE_NPOS &&
           memchr(text.ptr, '\0', text.len) == NULL;
}

/* A GET that must give 200. The body, malloc'ed, NUL-terminated; NULL: why_out
 * says why. */
static char *get(const struct sns *sns, const char *url, size_t max,
                 size_t *len_out, char why_out[SNS_WHY_CAP])
{
    const struct module_curl *curl = curl_module(why_out);
    struct web_client *client = curl != NULL ? curl->web_new() : NULL;
    struct web_request request = {.url = url,
                                  .connect_ms = CONNECT_MS,
                                  .total_ms = TOTAL_MS,
                                  .max_body = max,
                                  .ca_file = sns->options.ca_file,
                                  .https_only = true,
                                  .stop = sns->options.stop,
                                  .ctx = sns->options.ctx};
    struct web_reply reply;
    char other[URL_CAP], *text = NULL;

    if (curl == NULL)
        return NULL;
    snprintf(why_out, SNS_WHY_CAP, "out of memory");
    if (client == NULL)
        return NULL;
    if (sns->options.elsewhere != NULL) {
        sns->options.elsewhere(url, other, sizeof(other));
        request.url = other;
    }
    if (curl->web_send(client, &request, &reply) != WEB_FINE)
        snprintf(why_out, SNS_WHY_CAP, "%s", reply.error);
    else if (reply.status != 200 || reply.cut)
        snprintf(why_out, SNS_WHY_CAP, "the answer is HTTP %u%s", reply.status,
                 reply.cut ? ", and too long" : "");
    else
        text = malloc(reply.body.len + 1);
    if (text != NULL) {
        memcpy(text, reply.body.ptr, reply.body.len);
        text[reply.body.len] = '\0';
        *len_out = reply.body.len;
    }
    curl->web_free(client);
    return text;
}

static bool copy_url(struct bounce_slice url, char out[URL_CAP])
{
    if (url.len >= URL_CAP || memchr(url.ptr, '\0', url.len) != NULL)
        return false;
    memcpy(out, url.ptr, url.len);
    out[url.len] = '\0';
    return true;
}

static void keep(struct sns *sns, const char *url, char *pem, size_t len,
                 int64_t now)
{
    struct entry *entry;

    pthread_mutex_lock(&sns->lock);
    entry = place_for(sns, slice_cstr(url));
    free(entry->pem);
    snprintf(entry->url, sizeof(entry->url), "%s", url);
    entry->pem = pem;
    entry->len = len;
    entry->at = now;
    if (sns->minute != now / 60)
        sns->fetched = 0;
    sns->minute = now / 60;
    sns->fetched++;
    pthread_mutex_unlock(&sns->lock);
}

static bool is_here(struct sns *sns, struct bounce_slice url, int64_t now)
{
    bool here;

    pthread_mutex_lock(&sns->lock);
    here = is_good(find(sns, url), now);
    pthread_mutex_unlock(&sns->lock);
    return here;
}

bool sns_fetch(struct sns *sns, struct bounce_slice url, int64_t now,
               char why_out[SNS_WHY_CAP])
{
    char text[URL_CAP], *pem = NULL;
    size_t len = 0;
    bool here;

    snprintf(why_out, SNS_WHY_CAP, "it was tried a moment ago");
    if (!copy_url(url, text))
        return false;
    pthread_mutex_lock(&sns->fetching);
    here = is_here(sns, url, now);
    if (!here && sns_may_fetch(sns, url, now)) {
        pem = get(sns, text, PEM_MAX, &len, why_out);
        if (pem != NULL && !is_certificate(slice_make(pem, len))) {
            snprintf(why_out, SNS_WHY_CAP, "what is there is no certificate");
            free(pem);
            pem = NULL;
        }
        here = pem != NULL;
        keep(sns, text, pem, len, now);
    }
    pthread_mutex_unlock(&sns->fetching);
    return here;
}

bool sns_confirm(struct sns *sns, struct bounce_slice url,
                 char why_out[SNS_WHY_CAP])
{
    char text[URL_CAP], *answer;
    size_t len;
    bool fine;

    snprintf(why_out, SNS_WHY_CAP, "the URL is too long");
    if (!copy_url(url, text))
        return false;
    answer = get(sns, text, CONFIRMED_MAX, &len, why_out);
    fine = answer != NULL;
    free(answer);
    return fine;
}
