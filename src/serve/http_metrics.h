/* SPDX-License-Identifier: MIT
 * What /metrics tells of requests: answers and how long they took. */
#ifndef BOUNCE_SERVE_HTTP_METRICS_H
#define BOUNCE_SERVE_HTTP_METRICS_H

#include <pthread.h>
#include <stdatomic.h>

#include "serve/bytes.h"

#define HTTP_TIMES 12 /* buckets of the histogram, the last without end */

struct http_metrics {
    _Atomic uint64_t answers[6]; /* 2 to 5: 2xx to 5xx */
    _Atomic uint64_t times[HTTP_TIMES];
    _Atomic uint64_t micros; /* of all */
};

int64_t http_clock_us(void); /* monotonic */
void http_metrics_add(struct http_metrics *metrics, unsigned status,
                      int64_t micros);
/* In the text format of Prometheus; names[i] stands for metrics[i]. false:
 * memory is out. */
bool http_metrics_write(const struct http_metrics *metrics,
                        const char *const names[], size_t count,
                        struct bytes *out);

#endif
