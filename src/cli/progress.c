/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct {
    const char *unit;
    double start, shown; /* seconds */
    uint64_t checked;    /* count at the last look at the clock */
    bool on, visible;
} progress;

static double now(void)
{
    struct timespec time;

    if (clock_gettime(CLOCK_MONOTONIC, &time) != 0)
        return 0;
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void progress_start(const char *unit)
{
    progress.on = isatty(STDERR_FILENO) != 0;
    progress.unit = unit;
    progress.start = progress.shown = now();
    progress.checked = 0;
}

static size_t format_remaining(char *out, size_t cap, double seconds)
{
    unsigned s = seconds > 3e8 ? 300000000 : (unsigned)(seconds + 0.5);
    int len;

    if (s >= 3600)
        len = snprintf(out, cap, ", %u h %02u min left", s / 3600, s / 60 % 60);
    else if (s >= 60)
        len = snprintf(out, cap, ", %u min %02u s left", s / 60, s % 60);
    else
        len = snprintf(out, cap, ", %u s left", s);
    return len > 0 ? (size_t)len : 0;
}

static void show(uint64_t count, double fraction, double time)
{
    double passed = time - progress.start;
    double rate = passed > 0 ? (double)count / passed : 0;
    char line[160], left[48] = "";
    int len;

    if (fraction > 0.005 && fraction <= 1)
        format_remaining(left, sizeof(left), passed / fraction - passed);
    len = snprintf(line, sizeof(line), "\r\033[K%llu %s, %.0f/s%s",
                   (unsigned long long)count, progress.unit, rate, left);
    if (len > 0 && write(STDERR_FILENO, line, (size_t)len) > 0)
        progress.visible = true;
    progress.shown = time;
}

void progress_update(uint64_t count, double fraction)
{
    double time;

    if (!progress.on || count - progress.checked < 32)
        return;
    progress.checked = count;
    time = now();
    if (time - progress.start >= 1 && time - progress.shown >= 0.2)
        show(count, fraction, time);
}

void progress_hide(void)
{
    if (progress.visible && write(STDERR_FILENO, "\r\033[K", 4) > 0)
        progress.visible = false;
}

void progress_end(void)
{
    progress_hide();
    progress.on = false;
}
