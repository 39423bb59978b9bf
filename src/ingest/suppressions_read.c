/* SPDX-License-Identifier: MIT
 * How each system writes a row of its suppression list. */
#include "ingest/suppressions_in.h"
#include "ingest/times.h"

#define DAY_S 86400

struct bounce_slice suppressions_address(const struct row *row)
{
    struct bounce_slice value;

    for (size_t i = 0; !row->titled && i < row->count; i++) {
        if (slice_find_byte(row->values[i], '@') != SLICE_NPOS)
            return row->values[i];
    }
    if (!row->titled)
        return row->count > 0 ? row->values[0] : SLICE_NULL;
    value = row_first(row, "emailaddress email address recipient "
                           "recipientemail emailid mail subscriber "
                           "subscriberemail contact contactemail user");
    if (value.ptr != NULL)
        return value;
    /* There, and empty: that is a flaw of this row alone. */
    for (size_t i = 0; i < row->count; i++) {
        if (slice_find(row->names[i], SLICE("mail")) != SLICE_NPOS ||
            slice_find(row->names[i], SLICE("address")) != SLICE_NPOS ||
            slice_eq(row->names[i], SLICE("recipient")))
            return row->values[i].ptr != NULL ? row->values[i] : SLICE("");
    }
    return SLICE_NULL;
}

struct suppression *suppressions_add(struct reading *reading,
                                     enum bounce_slot slot)
{
    const struct row *row = reading->row;
    struct suppression *out = &reading->out[reading->count];
    struct bounce_slice time;

    if (reading->count == SUPPRESSIONS_MAX)
        return NULL;
    *out = (struct suppression){
        .slot = slot, .at = BOUNCE_NO_TIME, .until = BOUNCE_NO_TIME};
    if (row->titled) {
        time = row_first(row, "createdat created blockedat bouncedat "
                              "lastupdatetime lastupdated lastupdate updated "
                              "date time timestamp addedon addedat datetime");
        if (time.ptr != NULL) {
            out->at = times_parse(time);
            if (out->at == BOUNCE_NO_TIME)
                reading->flaw = "the time cannot be read";
        }
        out->reason = row_first(row, "error reason details description "
                                     "message bouncereason diagnostic cause");
        out->code = row_first(row, "code status smtpcode");
    }
    reading->count++;
    return out;
}

static bool is_word(struct bounce_slice value, const char *word)
{
    return slice_eq_nocase(value, slice_cstr(word));
}

static bool has(struct bounce_slice value, const char *piece)
{
    return slice_find_nocase(value, slice_cstr(piece)) != SLICE_NPOS;
}

bool suppressions_true(struct bounce_slice value)
{
    return is_word(value, "true") || is_word(value, "1") ||
           is_word(value, "yes") || is_word(value, "t") || is_word(value, "y");
}

bool suppressions_is_reply(struct bounce_slice text)
{
    struct bounce_slice s = slice_sub(text, 0, 40);

    for (size_t i = 0; i + 3 <= s.len; i++) {
        const char *at = s.ptr + i;
        bool edge = i == 0 || !ascii_is_alnum((unsigned char)at[-1]);

        if (!edge || (at[0] != '4' && at[0] != '5'))
            continue;
        if (at[1] == '.' && ascii_is_digit((unsigned char)at[2]))
            return true;
        if (at[1] >= '0' && at[1] <= '9' &&
            ascii_is_digit((unsigned char)at[2]) &&
            (i + 3 == s.len || !ascii_is_alnum((unsigned char)at[3])))
            return true;
    }
    return false;
}

void suppressions_read_plain(struct reading *reading)
{
    suppressions_add(reading, reading->list->slot);
}

/* SendGrid's blocks: refused for the sender's sake, sent to again next time. */
void suppressions_read_blocks(struct reading *reading)
{
    reading->passed = "a block, not a suppression of the address";
}

/* What bounce export writes. */
void suppressions_read_bounce(struct reading *reading)
{
    const struct row *row = reading->row;
    struct bounce_slice cause = row_value(row, "cause"), until;
    struct bounce_slice since = row_value(row, "since");
    struct suppression *out;
    int slot = 0;

    if (!is_word(row_value(row, "state"), "suppressed")) {
        reading->passed = "not suppressed there";
        return;
    }
    while (slot < BOUNCE_SLOTS &&
           !is_word(cause, bounce_slot_name((enum bounce_slot)slot)))
        slot++;
    if (slot == BOUNCE_SLOTS || slot == BOUNCE_SLOT_SUSPENSION) {
        reading->flaw = "the cause is none that suppresses";
        return;
    }
    out = suppressions_add(reading, (enum bounce_slot)slot);
    if (out == NULL)
        return;
    out->reason = SLICE_NULL;
    out->rule = row_value(row, "reason");
    out->category = row_value(row, "category");
    out->scope = row_first(row, "scope");
    out->at = times_parse(since);
    until = row_first(row, "until");
    if (until.ptr != NULL)
        out->until = times_parse(until);
    if (out->at == BOUNCE_NO_TIME ||
        (until.ptr != NULL && out->until == BOUNCE_NO_TIME))
        reading->flaw = "the time cannot be read";
}

void suppressions_read_ses(struct reading *reading)
{
    const struct row *row = reading->row;
    struct bounce_slice reason =
        row->titled ? row_first(row, "reason suppressionreason")
                    : row->values[1];
    struct suppression *out;

    if (is_word(reason, "BOUNCE"))
        out = suppressions_add(reading, BOUNCE_SLOT_HARD);
    else if (is_word(reason, "COMPLAINT"))
        out = suppressions_add(reading, BOUNCE_SLOT_COMPLAINT);
    else {
        reading->flaw = "the reason is neither BOUNCE nor COMPLAINT";
        return;
    }
    if (out != NULL)
        out->reason = reason;
}

void suppressions_read_postmark(struct reading *reading)
{
    struct bounce_slice reason = row_value(reading->row, "suppressionreason");
    struct suppression *out;
    enum bounce_slot slot;

    if (is_word(reason, "HardBounce"))
        slot = BOUNCE_SLOT_HARD;
    else if (is_word(reason, "SpamComplaint"))
        slot = BOUNCE_SLOT_COMPLAINT;
    else if (is_word(reason, "ManualSuppression") &&
             is_word(row_value(reading->row, "origin"), "Recipient"))
        slot = BOUNCE_SLOT_UNSUBSCRIBE;
    else if (is_word(reason, "ManualSuppression"))
        slot = BOUNCE_SLOT_MANUAL;
    else {
        reading->flaw = "an unknown SuppressionReason";
        return;
    }
    out = suppressions_add(reading, slot);
    if (out != NULL)
        out->reason = reason;
}

/* All bounces, of which Postmark makes some addresses inactive. */
void suppressions_read_postmark_bounces(struct reading *reading)
{
    const struct row *row = reading->row;
    struct bounce_slice type = row_value(row, "type");
    struct bounce_slice inactive = row_value(row, "inactive");
    enum bounce_slot slot = BOUNCE_SLOT_HARD;

    if (is_word(type, "SpamComplaint"))
        slot = BOUNCE_SLOT_COMPLAINT;
    else if (is_word(type, "Unsubscribe"))
        slot = BOUNCE_SLOT_UNSUBSCRIBE;
    else if (is_word(type, "ManuallyDeactivated"))
        slot = BOUNCE_SLOT_MANUAL;
    else if (inactive.ptr != NULL ? !suppressions_true(inactive)
                                  : !is_word(type, "HardBounce") &&
                                        !is_word(type, "BadEmailAddress")) {
        reading->passed = "a bounce that suppressed nothing there";
        return;
    }
    suppressions_add(reading, slot);
}

void suppressions_read_sparkpost(struct reading *reading)
{
    const struct row *row = reading->row;
    struct bounce_slice source = row_value(row, "source");
    struct bounce_slice type = row_value(row, "type");
    enum bounce_slot slot = BOUNCE_SLOT_MANUAL;

    if (type.len == 0 && row_has(row, "nontransactional") &&
        !suppressions_true(row_value(row, "nontransactional")) &&
        !suppressions_true(row_value(row, "transactional"))) {
        reading->passed = "not suppressed there";
        return;
    }
    if (has(source, "bounce"))
        slot = BOUNCE_SLOT_HARD;
    else if (has(source, "complaint") || has(source, "spam"))
        slot = BOUNCE_SLOT_COMPLAINT;
    else if (has(source, "unsubscribe"))
        slot = BOUNCE_SLOT_UNSUBSCRIBE;
    suppressions_add(reading, slot);
}

void suppressions_read_mailchimp(struct reading *reading)
{
    const struct row *row = reading->row;
    struct bounce_slice cleaned = row_value(row, "cleantime"), left, status;
    struct suppression *out;

    left = row_value(row, "unsubtime");
    status = row_value(row, "status");
    if (cleaned.len == 0 && left.len == 0 && !is_word(status, "cleaned") &&
        !is_word(status, "unsubscribed")) {
        reading->passed = "neither cleaned nor unsubscribed";
        return;
    }
    if (cleaned.len > 0 || is_word(status, "cleaned")) {
        out = suppressions_add(reading, BOUNCE_SLOT_HARD);
        left = cleaned;
        if (out != NULL)
            out->reason = row_first(row, "cleancampaigntitle");
    } else {
        out = suppressions_add(reading, BOUNCE_SLOT_UNSUBSCRIBE);
        if (out != NULL)
            out->reason =
                row_first(row, "unsubreasonother unsubreason "
                               "unsubscribereason unsubcampaigntitle");
    }
    if (out == NULL)
        return;
    out->code = SLICE_NULL;
    if (left.len == 0)
        left = row_first(row, "lastchanged");
    if (left.len > 0)
        out->at = times_parse(left);
    if (left.len > 0 && out->at == BOUNCE_NO_TIME)
        reading->flaw = "the time cannot be read";
}

void suppressions_read_brevo(struct reading *reading)
{
    const struct row *row = reading->row;
    struct bounce_slice why = row_first(row, "reasoncode reason");
    enum bounce_slot slot = BOUNCE_SLOT_UNSUBSCRIBE;
    struct suppression *out;

    if (row_has(row, "emailblacklisted") &&
        !suppressions_true(row_value(row, "emailblacklisted"))) {
        reading->passed = "not on the blocklist";
        return;
    }
    if (has(why, "bounce"))
        slot = BOUNCE_SLOT_HARD;
    else if (has(why, "spam") || has(why, "complain"))
        slot = BOUNCE_SLOT_COMPLAINT;
    else if (has(why, "admin") || has(why, "manual"))
        slot = BOUNCE_SLOT_MANUAL;
    out = suppressions_add(reading, slot);
    if (out != NULL)
        out->reason = row_first(row, "reasonmessage reason reasoncode");
}

/* A suspension there lasts 24 hours from its time; the mark stays behind. */
static void read_suspended(struct reading *reading)
{
    const struct row *row = reading->row;
    int64_t at = times_parse(row_value(row, "emailsuspendedat"));
    struct suppression *out;

    if (at == BOUNCE_NO_TIME) {
        reading->flaw = "Email Suspended At cannot be read";
        return;
    }
    if (at + DAY_S <= reading->now) {
        if (reading->count == 0)
            reading->passed = "a suspension that is over";
        return;
    }
    out = suppressions_add(reading, BOUNCE_SLOT_MANUAL);
    if (out == NULL)
        return;
    out->at = at;
    out->until = at + DAY_S;
    out->reason = row_first(row, "emailsuspendedcause");
}

void suppressions_read_marketo(struct reading *reading)
{
    const struct row *row = reading->row;
    static const struct {
        const char *mark, *cause;
        enum bounce_slot slot;
    } marks[] = {
        {"emailinvalid", "emailinvalidcause", BOUNCE_SLOT_HARD},
        {"unsubscribed", "unsubscribedreason", BOUNCE_SLOT_UNSUBSCRIBE},
        {"blacklisted", "blacklistedcause", BOUNCE_SLOT_MANUAL},
        {"blocklisted", "blocklistedcause", BOUNCE_SLOT_MANUAL},
        {"marketingsuspended", "marketingsuspendedcause", BOUNCE_SLOT_MANUAL},
    };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        struct suppression *out;

        if (!suppressions_true(row_value(row, marks[i].mark)))
            continue;
        out = suppressions_add(reading, marks[i].slot);
        if (out == NULL)
            return;
        /* The lead's own dates and codes tell nothing of this. */
        reading->flaw = NULL;
        out->at = BOUNCE_NO_TIME;
        out->code = SLICE_NULL;
        out->reason = row_first(row, marks[i].cause);
    }
    if (suppressions_true(row_value(row, "emailsuspended")))
        read_suspended(reading);
    else if (reading->count == 0)
        reading->passed = "mail may be sent there";
}

/* Mailgun: unsubscribed from these tags, "*" being all mail. */
void suppressions_read_tagged(struct reading *reading)
{
    struct bounce_slice rest = row_first(reading->row, "tags tag"), tag;
    bool all = rest.len == 0 || slice_find_byte(rest, '*') != SLICE_NPOS;

    if (all) {
        suppressions_add(reading, BOUNCE_SLOT_UNSUBSCRIBE);
        return;
    }
    while (slice_next_piece(&rest, ',', &tag)) {
        struct suppression *out;

        while (tag.len > 0 && strchr("[\" ]", tag.ptr[0]) != NULL)
            tag = slice_from(tag, 1);
        while (tag.len > 0 && strchr("[\" ]", tag.ptr[tag.len - 1]) != NULL)
            tag.len--;
        if (tag.len == 0)
            continue;
        out = suppressions_add(reading, BOUNCE_SLOT_UNSUBSCRIBE);
        if (out != NULL)
            out->scope = tag;
    }
    if (reading->count == 0)
        reading->flaw = "no tag";
}

/* SendGrid: unsubscribed from this group of mail. */
void suppressions_read_group(struct reading *reading)
{
    struct suppression *out =
        suppressions_add(reading, BOUNCE_SLOT_UNSUBSCRIBE);

    if (out != NULL)
        out->scope = row_first(reading->row, "groupname groupid");
}
