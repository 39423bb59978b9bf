/* SPDX-License-Identifier: MIT
 * When a share of failures has risen so suddenly that somebody should know:
 * docs/incidents.md has the rule with its reasons. Pure: counts in, a finding
 * out. */
#ifndef BOUNCE_POLICY_INCIDENT_H
#define BOUNCE_POLICY_INCIDENT_H

#include "base/slice.h"

/* Values are stored: append, never renumber. The first INCIDENT_SHARES are
 * shares that are watched; the others are opened by what happened. */
enum incident_what {
    INCIDENT_HARD = 0,
    INCIDENT_BLOCK,
    INCIDENT_RATE,
    INCIDENT_COMPLAINT,
    INCIDENT_CONNECTION, /* connections and names that fail */
    INCIDENT_BREAKER,    /* a circuit breaker opened at a provider */
    INCIDENT_OWN_FAULT,  /* so many unrelated domains fail: it is us */
    INCIDENT_HOLD,       /* a fault of the sender holds a route */
    INCIDENT_WHATS
};
#define INCIDENT_SHARES 5

const char *incident_what_name(enum incident_what what); /* never NULL */
/* INCIDENT_WHATS: there is none of this name. */
enum incident_what incident_what_of(struct bounce_slice name);

/* The windows that end with the hour that is looked at, shortest first. */
#define INCIDENT_WINDOWS 3
extern const unsigned incident_hours[INCIDENT_WINDOWS];

struct incident_count {
    uint64_t failures; /* of this kind */
    uint64_t results;  /* that they are a share of; fewer than failures: as
                        * many */
};

/* Fewer failures in a day open nothing, whatever they are. */
#define INCIDENT_LEAST 5

struct incident_counts {
    enum incident_what what; /* below INCIDENT_SHARES */
    struct incident_count windows[INCIDENT_WINDOWS];
    struct incident_count past; /* 28 days that ended a day ago or more */
    /* Deliveries or a sent log are known: a first share tells something. */
    bool based;
    /* Whole hours since an incident of this kind ended here; windows that are
     * longer, save the shortest of its kind, cannot open one anew. Negative: never. */
    int closed_hours;
    int open; /* index of the window that opened it; -1: nothing is open */
    double opened_share; /* of that window then */
};

enum incident_step {
    INCIDENT_NONE = 0, /* nothing is open, and nothing opens */
    INCIDENT_OPEN,
    INCIDENT_STAYS,
    INCIDENT_RECOVERED, /* the share fell */
    INCIDENT_QUIET,     /* for a day hardly any failures */
    INCIDENT_USUAL      /* the past has become like it */
};

struct incident_finding {
    enum incident_step step;
    unsigned window; /* index; figures below are of it */
    struct incident_count count;
    double share, usual; /* 0..1; usual negative: no past to compare with */
    double threshold;    /* that it had to pass; above 1: nothing passes */
    unsigned severity;   /* 1 minor, 2 major, 3 critical */
};

/* More failures among as many results never turn OPEN into NONE. */
struct incident_finding incident_judge(const struct incident_counts *counts);

/* A share that the true one passes with odds of a million to one: Wilson's
 * lower bound at 4.75 standard deviations, where more than 200 failures make
 * nobody surer. 0 when there are no results. */
double incident_lower(struct incident_count count);

#endif
