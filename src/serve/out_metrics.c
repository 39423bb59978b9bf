/* SPDX-License-Identifier: MIT
 * How webhooks of ours are, for /metrics. */
#include <inttypes.h>
#include <stdlib.h>

#include "serve/out.h"

/* A metric has all its lines together, so that rows are read first. */
struct figures {
    struct {
        char name[64];
        int64_t behind, letters;
        unsigned attempts;
        bool stopped;
    } list[64];
    size_t count;
};

static bool take_row(void *ctx, const struct delivery *delivery, int64_t behind)
{
    struct figures *figures = ctx;
    size_t i = figures->count;

    if (i == sizeof(figures->list) / sizeof(figures->list[0]))
        return false;
    memcpy(figures->list[i].name, delivery->name, sizeof(delivery->name));
    figures->list[i].behind = behind;
    figures->list[i].attempts = delivery->attempts;
    figures->list[i].stopped = delivery->stopped;
    figures->list[i].letters = 0;
    figures->count++;
    return true;
}

static bool take_letter(void *ctx, const struct dead_letter *letter)
{
    struct figures *figures = ctx;

    for (size_t i = 0; i < figures->count; i++) {
        if (strcmp(figures->list[i].name, letter->name) == 0)
            figures->list[i].letters++;
    }
    return true;
}

static int64_t figure(const struct figures *figures, size_t which, size_t i)
{
    switch (which) {
    case 0:
        return figures->list[i].behind;
    case 1:
        return figures->list[i].attempts;
    case 2:
        return figures->list[i].letters;
    default:
        return figures->list[i].stopped;
    }
}

bool out_metrics_write(struct book *book, struct bytes *out)
{
    static const struct {
        const char *name, *help;
    } metrics[] = {
        {"bounce_out_pending", "Changes that a webhook of ours is behind."},
        {"bounce_out_failures",
         "Attempts in a row that failed; 0: it gets through."},
        {"bounce_out_dead_letters", "Batches that were given up."},
        {"bounce_out_stopped", "Whether the receiver said that it is gone."},
    };
    struct figures *figures = calloc(1, sizeof(*figures));
    struct store_error error;
    bool fine = true;

    if (figures == NULL)
        return false;
    if (delivery_list(book, take_row, figures, &error) != STORE_OK ||
        dead_letter_list(book, NULL, take_letter, figures, &error) != STORE_OK)
        figures->count = 0;
    for (size_t m = 0; m < 4 && figures->count > 0; m++) {
        fine = fine &&
               bytes_format(out, "# HELP %s %s\n# TYPE %s gauge\n",
                            metrics[m].name, metrics[m].help, metrics[m].name);
        for (size_t i = 0; i < figures->count; i++)
            fine = fine && bytes_format(out, "%s{out=\"%s\"} %" PRId64 "\n",
                                        metrics[m].name, figures->list[i].name,
                                        figure(figures, m, i));
    }
    free(figures);
    return fine;
}
