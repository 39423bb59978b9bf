/* SPDX-License-Identifier: MIT */
#include "serve/http_jobs.h"

#include <pthread.h>
#include <stdlib.h>

#include "serve/http.h"

#define WAITING_MAX 10000

struct job {
    struct job *next;
    struct http_call *call;
    void (*handle)(struct http_call *call);
};

struct http_jobs {
    pthread_mutex_t lock;
    pthread_cond_t added;
    struct job *first, **last;
    size_t waiting;
    bool stopping;
    unsigned threads;
    pthread_t thread[];
};

static void *run(void *arg)
{
    struct http_jobs *jobs = arg;

    pthread_mutex_lock(&jobs->lock);
    for (;;) {
        struct job *job = jobs->first;

        if (job == NULL && jobs->stopping)
            break;
        if (job == NULL) {
            pthread_cond_wait(&jobs->added, &jobs->lock);
            continue;
        }
        jobs->first = job->next;
        if (jobs->first == NULL)
            jobs->last = &jobs->first;
        jobs->waiting--;
        pthread_mutex_unlock(&jobs->lock);
        job->handle(job->call);
        http_call_free(job->call);
        free(job);
        pthread_mutex_lock(&jobs->lock);
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

struct http_jobs *http_jobs_new(unsigned threads)
{
    struct http_jobs *jobs =
        calloc(1, sizeof(*jobs) + threads * sizeof(jobs->thread[0]));

    if (jobs == NULL)
        return NULL;
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->added, NULL);
    jobs->last = &jobs->first;
    while (jobs->threads < threads &&
           pthread_create(&jobs->thread[jobs->threads], NULL, run, jobs) == 0)
        jobs->threads++;
    if (jobs->threads > 0)
        return jobs;
    http_jobs_free(jobs);
    return NULL;
}

void http_jobs_free(struct http_jobs *jobs)
{
    if (jobs == NULL)
        return;
    pthread_mutex_lock(&jobs->lock);
    jobs->stopping = true;
    pthread_cond_broadcast(&jobs->added);
    pthread_mutex_unlock(&jobs->lock);
    for (unsigned i = 0; i < jobs->threads; i++)
        pthread_join(jobs->thread[i], NULL);
    pthread_mutex_destroy(&jobs->lock);
    pthread_cond_destroy(&jobs->added);
    free(jobs);
}

bool http_jobs_add(struct http_jobs *jobs, const struct http_call *call,
                   void (*handle)(struct http_call *call))
{
    struct job *job = calloc(1, sizeof(*job));
    bool fine = false;

    if (job == NULL)
        return false;
    job->call = http_call_keep(call);
    job->handle = handle;
    if (job->call != NULL) {
        pthread_mutex_lock(&jobs->lock);
        fine = jobs->waiting < WAITING_MAX;
        if (fine) {
            *jobs->last = job;
            jobs->last = &job->next;
            jobs->waiting++;
            pthread_cond_signal(&jobs->added);
        }
        pthread_mutex_unlock(&jobs->lock);
    }
    if (!fine) {
        http_call_free(job->call);
        free(job);
    }
    return fine;
}
