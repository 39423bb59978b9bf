/* SPDX-License-Identifier: MIT */
#include "serve/http_metrics.h"

#include <inttypes.h>
#include <time.h>

/* Upper bounds in microseconds. */
static const int64_t bounds[HTTP_TIMES - 1] = {250,    500,     1000,    2500,
                                               5000,   10000,   25000,   100000,
                                               500000, 2500000, 10000000};

int64_t http_clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void add(_Atomic uint64_t *count, uint64_t n)
{
    atomic_fetch_add_explicit(count, n, memory_order_relaxed);
}

void http_metrics_add(struct http_metrics *metrics, unsigned status,
                      int64_t micros)
{
    size_t i = 0;

    while (i < HTTP_TIMES - 1 && micros > bounds[i])
        i++;
    add(&metrics->times[i], 1);
    add(&metrics->micros, micros > 0 ? (uint64_t)micros : 0);
    add(&metrics->answers[status / 100 < 6 ? status / 100 : 0], 1);
}

static bool write_times(const struct http_metrics *metrics, const char *name,
                        struct bytes *out)
{
    uint64_t sum = 0;
    bool fine = true;

    for (size_t i = 0; i < HTTP_TIMES; i++) {
        sum += atomic_load(&metrics->times[i]);
        if (i < HTTP_TIMES - 1)
            fine =
                fine && bytes_format(out,
                                     "bounce_http_request_seconds_bucket{group="
                                     "\"%s\",le=\"%g\"} %" PRIu64 "\n",
                                     name, (double)bounds[i] / 1e6, sum);
    }
    return fine &&
           bytes_format(out,
                        "bounce_http_request_seconds_bucket{group=\"%s\",le="
                        "\"+Inf\"} %" PRIu64 "\n"
                        "bounce_http_request_seconds_sum{group=\"%s\"} %.6f\n"
                        "bounce_http_request_seconds_count{group=\"%s\"} "
                        "%" PRIu64 "\n",
                        name, sum, name,
                        (double)atomic_load(&metrics->micros) / 1e6, name, sum);
}

bool http_metrics_write(const struct http_metrics *metrics,
                        const char *const names[], size_t count,
                        struct bytes *out)
{
    bool fine = bytes_add(
        out, SLICE("# HELP bounce_http_answers_total Answers by group of "
                   "endpoints and status.\n"
                   "# TYPE bounce_http_answers_total counter\n"));

    for (size_t i = 0; i < count; i++) {
        for (unsigned s = 2; s < 6; s++)
            fine =
                fine &&
                bytes_format(out,
                             "bounce_http_answers_total{group=\"%s\","
                             "status=\"%uxx\"} %" PRIu64 "\n",
                             names[i], s, atomic_load(&metrics[i].answers[s]));
    }
    fine = fine &&
           bytes_add(out,
                     SLICE("# HELP bounce_http_request_seconds From the whole "
                           "request to its answer.\n"
                           "# TYPE bounce_http_request_seconds histogram\n"));
    for (size_t i = 0; i < count; i++)
        fine = fine && write_times(&metrics[i], names[i], out);
    return fine;
}
