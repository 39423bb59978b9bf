/* SPDX-License-Identifier: MIT
 * Tables of systems that are not known: contacts with marks, logs with events,
 * lists with reasons. Whoever stands in one is not for that suppressed. */
#include "ingest/suppressions_in.h"

/* What a status says where it is no enum bounce_slot. */
enum {
    MAY_BE_SENT = -1,
    BLOCKED = -2, /* refused for the sender's sake */
    UNTOLD = -3
};

/* Columns that are set or not. */
static const struct {
    const char *name;
    enum bounce_slot slot;
} marks[] = {
    {"blocklisted", BOUNCE_SLOT_MANUAL},
    {"blacklisted", BOUNCE_SLOT_MANUAL},
    {"emailblocklisted", BOUNCE_SLOT_MANUAL},
    {"suppressed", BOUNCE_SLOT_MANUAL},
    {"donotemail", BOUNCE_SLOT_UNSUBSCRIBE},
    {"emailoptout", BOUNCE_SLOT_UNSUBSCRIBE},
    {"hasoptedoutofemail", BOUNCE_SLOT_UNSUBSCRIBE},
    {"optedout", BOUNCE_SLOT_UNSUBSCRIBE},
    {"optout", BOUNCE_SLOT_UNSUBSCRIBE},
    {"unsubscribed", BOUNCE_SLOT_UNSUBSCRIBE},
    {"unsubscribedfromallemail", BOUNCE_SLOT_UNSUBSCRIBE},
    {"bounced", BOUNCE_SLOT_HARD},
    {"hardbounced", BOUNCE_SLOT_HARD},
    {"emailbounced", BOUNCE_SLOT_HARD},
    {"emailhardbounced", BOUNCE_SLOT_HARD},
    {"isemailbounced", BOUNCE_SLOT_HARD},
    {"complained", BOUNCE_SLOT_COMPLAINT},
    {"markedasspam", BOUNCE_SLOT_COMPLAINT},
};
#define MARKS (sizeof(marks) / sizeof(marks[0]))

/* Columns of one word or two, the first that there is. */
#define STATUS                                                                 \
    "event eventtype sttext emailstatus subscriptionstatus contactstatus "     \
    "memberstatus status state result action suppressiontype bouncetype type"
/* Columns of free text. */
#define REASON "suppressionreason reason reasoncode cause bouncereason"

/* What the words of a status mean: the first that it has in it. So longer ones
 * stand before those that are part of them. */
static const struct {
    const char *word;
    int means;
} words[] = {
    {"unsub", BOUNCE_SLOT_UNSUBSCRIBE},
    {"opt-out", BOUNCE_SLOT_UNSUBSCRIBE},
    {"opt out", BOUNCE_SLOT_UNSUBSCRIBE},
    {"opted out", BOUNCE_SLOT_UNSUBSCRIBE},
    {"opted_out", BOUNCE_SLOT_UNSUBSCRIBE},
    {"optout", BOUNCE_SLOT_UNSUBSCRIBE},
    {"spam", BOUNCE_SLOT_COMPLAINT},
    {"complain", BOUNCE_SLOT_COMPLAINT},
    {"abuse", BOUNCE_SLOT_COMPLAINT},
    {"soft", MAY_BE_SENT},
    {"transient", MAY_BE_SENT},
    {"tempor", MAY_BE_SENT},
    {"defer", MAY_BE_SENT},
    {"delay", MAY_BE_SENT},
    {"undeliver", BOUNCE_SLOT_HARD},
    {"not deliver", BOUNCE_SLOT_HARD},
    {"bounce", BOUNCE_SLOT_HARD},
    {"invalid", BOUNCE_SLOT_HARD},
    {"permanent", BOUNCE_SLOT_HARD},
    {"cleaned", BOUNCE_SLOT_HARD},
    {"blocklist", BOUNCE_SLOT_MANUAL},
    {"blacklist", BOUNCE_SLOT_MANUAL},
    {"denylist", BOUNCE_SLOT_MANUAL},
    {"suppress", BOUNCE_SLOT_MANUAL},
    {"block", BLOCKED},
    {"inactive", BOUNCE_SLOT_MANUAL},
    {"disabled", BOUNCE_SLOT_MANUAL},
    {"unconfirmed", MAY_BE_SENT},
    {"subscribed", MAY_BE_SENT},
    {"enabled", MAY_BE_SENT},
    {"active", MAY_BE_SENT},
    {"deliver", MAY_BE_SENT},
    {"sent", MAY_BE_SENT},
    {"request", MAY_BE_SENT},
    {"process", MAY_BE_SENT},
    {"queue", MAY_BE_SENT},
    {"accept", MAY_BE_SENT},
    {"open", MAY_BE_SENT},
    {"click", MAY_BE_SENT},
    {"valid", MAY_BE_SENT},
    {"confirm", MAY_BE_SENT},
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static int meaning(struct bounce_slice status)
{
    for (size_t i = 0; i < WORDS && status.len > 0; i++) {
        if (slice_find_nocase(status, slice_cstr(words[i].word)) != SLICE_NPOS)
            return words[i].means;
    }
    return UNTOLD;
}

static int status_of(const struct row *row)
{
    return meaning(row_first(row, STATUS));
}

/* A reason is one for a suppression: that a mailbox "is not active" does not
 * open it. */
static int reason_of(const struct row *row)
{
    struct bounce_slice reason = row_first(row, REASON);
    int means =
        suppressions_is_reply(reason) ? BOUNCE_SLOT_HARD : meaning(reason);

    return means >= 0 ? means : UNTOLD;
}

static bool is_set(struct bounce_slice value)
{
    static const char *const unset[] = {"false", "f",    "no",   "n",    "0",
                                        "-",     "null", "none", "never"};

    for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++) {
        if (slice_eq_nocase(value, slice_cstr(unset[i])))
            return false;
    }
    return value.len > 0;
}

bool suppressions_is_table(const struct row *row)
{
    bool marked;

    if (!row->titled)
        return false;
    /* A log, whatever happened first. */
    marked = row_first(row, "event eventtype sttext").len > 0;
    for (size_t i = 0; i < MARKS && !marked; i++)
        marked = row_has(row, marks[i].name);
    return marked || status_of(row) != UNTOLD || reason_of(row) != UNTOLD;
}

static bool is_there(const struct reading *reading, enum bounce_slot slot)
{
    size_t i = 0;

    while (i < reading->count && reading->out[i].slot != slot)
        i++;
    return i < reading->count;
}

void suppressions_read_table(struct reading *reading)
{
    const struct row *row = reading->row;
    int status = status_of(row);
    int reason = reason_of(row);
    bool marked = false;

    for (size_t i = 0; i < MARKS; i++) {
        marked |= row_has(row, marks[i].name);
        if (is_set(row_value(row, marks[i].name)) &&
            !is_there(reading, marks[i].slot))
            suppressions_add(reading, marks[i].slot);
    }
    /* A reason says why what a mark sets in general. */
    if (reading->count == 1 && reason >= 0 &&
        reading->out[0].slot == BOUNCE_SLOT_MANUAL)
        reading->out[0].slot = (enum bounce_slot)reason;
    if (reading->count > 0)
        return;
    if (status >= 0)
        suppressions_add(reading, (enum bounce_slot)status);
    else if (status == BLOCKED)
        reading->passed = "a block, not a suppression of the address";
    else if (status == MAY_BE_SENT || marked)
        reading->passed = "mail may be sent there";
    else if (reason >= 0)
        suppressions_add(reading, (enum bounce_slot)reason);
    else
        reading->flaw = "its status tells neither that mail may be sent there "
                        "nor that it may not";
}
