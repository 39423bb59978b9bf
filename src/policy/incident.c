/* SPDX-License-Identifier: MIT
 * The rule of docs/incidents.md. */
#include "policy/incident.h"

#include "base/root.h"

/* One in a million that chance alone does it. With some thousands of groups,
 * looked at each minute, less would raise false alarms every week. */
#define SIGMAS 4.75
/* Hours differ by more than chance: beyond so many failures a larger count
 * proves no more. */
#define SURE_FAILURES 200.0
/* What is not known of the past is taken to be so many results at the floor. */
#define PRIOR_RESULTS 100.0
#define PAST_LEAST    200
#define FACTOR        3.0
/* Results of a window that show that mail flows again. */
#define FLOW_LEAST 20

const unsigned incident_hours[INCIDENT_WINDOWS] = {2, 6, 24};

static const struct {
    const char *name;
    double floor;   /* a share below is nobody's concern */
    double extreme; /* a share that is wrong whatever the past was */
    uint64_t least; /* failures */
    unsigned first; /* the shortest window that tells something */
} rules[INCIDENT_WHATS] = {
    {"hard", 0.03, 0.15, 10, 0},
    {"block", 0.02, 0.10, 10, 0},
    {"rate", 0.05, 0.30, 20, 0},
    /* People complain for a day, one by one. */
    {"complaint", 0.001, 0.005, INCIDENT_LEAST, 2},
    {"connection", 0.10, 0.50, 20, 0},
    {"breaker", 0, 0, 0, 0},
    {"own_fault", 0, 0, 0, 0},
    {"hold", 0, 0, 0, 0},
};

const char *incident_what_name(enum incident_what what)
{
    return (unsigned)what < INCIDENT_WHATS ? rules[what].name : "unknown";
}

enum incident_what incident_what_of(struct bounce_slice name)
{
    unsigned i = 0;

    while (i < INCIDENT_WHATS && !slice_eq(name, slice_cstr(rules[i].name)))
        i++;
    return (enum incident_what)i;
}

static struct incident_count sane(struct incident_count count)
{
    if (count.results < count.failures)
        count.results = count.failures;
    return count;
}

static double share(struct incident_count count)
{
    return count.results == 0 ? 0
                              : (double)count.failures / (double)count.results;
}

double incident_lower(struct incident_count count)
{
    const double z2 = SIGMAS * SIGMAS;
    double p, n, lower;

    count = sane(count);
    if (count.failures == 0)
        return 0;
    p = share(count);
    n = (double)count.results;
    if ((double)count.failures > SURE_FAILURES)
        n = SURE_FAILURES / p;
    lower = (p + z2 / (2 * n) -
             SIGMAS * root_square(p * (1 - p) / n + z2 / (4 * n * n))) /
            (1 + z2 / n);
    return lower > 0 ? lower : 0;
}

static bool has_past(const struct incident_counts *counts)
{
    return counts->past.results >= PAST_LEAST;
}

/* The past share, drawn to the floor where little is known. */
static double usual_share(const struct incident_counts *counts)
{
    struct incident_count past = sane(counts->past);

    return ((double)past.failures + rules[counts->what].floor * PRIOR_RESULTS) /
           ((double)past.results + PRIOR_RESULTS);
}

/* Three times the usual; of a share that is high already, halfway from there
 * to all. */
static double threshold(const struct incident_counts *counts, double usual)
{
    double risen = usual * FACTOR, half = (1 + usual) / 2;

    if (!has_past(counts))
        return counts->based ? rules[counts->what].extreme : 2;
    if (risen > half)
        risen = half;
    return risen > rules[counts->what].floor ? risen
                                             : rules[counts->what].floor;
}

static unsigned severity(const struct incident_finding *f)
{
    /* A complaint share is never near one half. */
    if (f->share >= 0.5 || f->share >= 10 * f->threshold)
        return 3;
    return f->share >= 0.2 || f->share >= 3 * f->threshold ? 2 : 1;
}

static void look(struct incident_finding *f,
                 const struct incident_counts *counts, unsigned window)
{
    f->window = window;
    f->count = sane(counts->windows[window]);
    f->share = share(f->count);
    f->severity = severity(f);
}

/* Of the windows that pass, that which passes by most. */
static void seek(struct incident_finding *f,
                 const struct incident_counts *counts)
{
    unsigned first = rules[counts->what].first;
    double best = 0;

    look(f, counts, first);
    for (unsigned i = first; i < INCIDENT_WINDOWS; i++) {
        double lower;

        if (counts->windows[i].failures < rules[counts->what].least ||
            (i > first && counts->closed_hours >= 0 &&
             (unsigned)counts->closed_hours < incident_hours[i]))
            continue;
        lower = incident_lower(counts->windows[i]);
        if (lower < f->threshold || lower <= best)
            continue;
        best = lower;
        look(f, counts, i);
        f->step = INCIDENT_OPEN;
    }
}

/* It ends halfway back to the usual, when mail is seen to flow: a night without
 * mail proves nothing, a day does. */
static void follow(struct incident_finding *f,
                   const struct incident_counts *counts)
{
    uint64_t least = rules[counts->what].least;
    double usual = f->usual >= 0 ? f->usual : 0;
    double line = (usual + f->threshold) / 2;

    look(f, counts, (unsigned)counts->open);
    f->step = INCIDENT_STAYS;
    if (counts->windows[INCIDENT_WINDOWS - 1].failures < (least + 1) / 2)
        f->step = INCIDENT_QUIET;
    else if (f->count.results >= FLOW_LEAST && f->share < line)
        /* What it opened with would be nothing special any more. */
        f->step =
            counts->opened_share < line ? INCIDENT_USUAL : INCIDENT_RECOVERED;
}

struct incident_finding incident_judge(const struct incident_counts *counts)
{
    struct incident_finding f = {.step = INCIDENT_NONE};
    double usual = usual_share(counts);

    f.usual = has_past(counts) ? usual : -1;
    f.threshold = threshold(counts, usual);
    if (counts->open >= 0)
        follow(&f, counts);
    else
        seek(&f, counts);
    return f;
}
