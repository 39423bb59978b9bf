/* SPDX-License-Identifier: MIT */
#include "ingest/suppressions.h"

#include <stdio.h>

#include "base/hash.h"
#include "ingest/suppressions_in.h"

/* The more columns a list asks for, the further up it stands: the first that
 * fits is taken. */
static const struct suppression_list lists[] = {
    {"marketo", "leads", "emailinvalid", NULL, BOUNCE_SLOT_HARD,
     suppressions_read_marketo},
    {"marketo", "leads", "emailsuspended", NULL, BOUNCE_SLOT_HARD,
     suppressions_read_marketo},
    {"marketo", "leads", "blacklisted unsubscribed", NULL, BOUNCE_SLOT_MANUAL,
     suppressions_read_marketo},
    {"bounce", "export", "address state cause since", NULL, BOUNCE_SLOT_MANUAL,
     suppressions_read_bounce},
    {"mailchimp", "cleaned", "cleantime", NULL, BOUNCE_SLOT_HARD,
     suppressions_read_mailchimp},
    {"mailchimp", "unsubscribed", "unsubtime", NULL, BOUNCE_SLOT_UNSUBSCRIBE,
     suppressions_read_mailchimp},
    {"mailchimp", "members", "emailaddress memberrating", NULL,
     BOUNCE_SLOT_UNSUBSCRIBE, suppressions_read_mailchimp},
    {"mailchimp", "members", "emailaddress uniqueemailid status", NULL,
     BOUNCE_SLOT_UNSUBSCRIBE, suppressions_read_mailchimp},
    {"postmark", "suppressions", "emailaddress suppressionreason origin", NULL,
     BOUNCE_SLOT_HARD, suppressions_read_postmark},
    {"postmark", "bounces", "email type bouncedat", NULL, BOUNCE_SLOT_HARD,
     suppressions_read_postmark_bounces},
    {"postmark", "suppressions", "emailaddress suppressionreason createdat",
     NULL, BOUNCE_SLOT_HARD, suppressions_read_postmark},
    {"ses", "suppressions", "emailaddress reason", NULL, BOUNCE_SLOT_HARD,
     suppressions_read_ses},
    {"ses", "suppressions", "emailaddress suppressionreason", NULL,
     BOUNCE_SLOT_HARD, suppressions_read_ses},
    {"mailgun", "bounces", "address code error", NULL, BOUNCE_SLOT_HARD,
     suppressions_read_plain},
    {"mailgun", "unsubscribes", "address tags", NULL, BOUNCE_SLOT_UNSUBSCRIBE,
     suppressions_read_tagged},
    {"mailgun", "unsubscribes", "address tag", NULL, BOUNCE_SLOT_UNSUBSCRIBE,
     suppressions_read_tagged},
    {"mailgun", "unsubscribes", "address createdat", "unsub",
     BOUNCE_SLOT_UNSUBSCRIBE, suppressions_read_tagged},
    {"mailgun", "complaints", "address createdat", NULL, BOUNCE_SLOT_COMPLAINT,
     suppressions_read_plain},
    {"sparkpost", "suppressions", "recipient nontransactional", NULL,
     BOUNCE_SLOT_MANUAL, suppressions_read_sparkpost},
    {"sparkpost", "suppressions", "recipient type", NULL, BOUNCE_SLOT_MANUAL,
     suppressions_read_sparkpost},
    {"brevo", "blocklist", "email blockedat", NULL, BOUNCE_SLOT_UNSUBSCRIBE,
     suppressions_read_brevo},
    {"brevo", "blocklist", "email reasoncode", NULL, BOUNCE_SLOT_UNSUBSCRIBE,
     suppressions_read_brevo},
    {"brevo", "contacts", "email emailblacklisted", NULL,
     BOUNCE_SLOT_UNSUBSCRIBE, suppressions_read_brevo},
    {"sendgrid", "group-unsubscribes", "email groupname", NULL,
     BOUNCE_SLOT_UNSUBSCRIBE, suppressions_read_group},
    {"sendgrid", "group-unsubscribes", "email groupid", NULL,
     BOUNCE_SLOT_UNSUBSCRIBE, suppressions_read_group},
    {"sendgrid", "blocks", "email reason created", "block", BOUNCE_SLOT_HARD,
     suppressions_read_blocks},
    {"sendgrid", "invalid-emails", "email reason created", "invalid",
     BOUNCE_SLOT_HARD, suppressions_read_plain},
    {"sendgrid", "bounces", "email reason status created", NULL,
     BOUNCE_SLOT_HARD, suppressions_read_plain},
    {"sendgrid", "invalid-emails", "email reason created", NULL,
     BOUNCE_SLOT_HARD, suppressions_read_plain},
    {"sendgrid", "spam-reports", "email created ip", NULL,
     BOUNCE_SLOT_COMPLAINT, suppressions_read_plain},
    {"sendgrid", "spam-reports", "email created", "spam", BOUNCE_SLOT_COMPLAINT,
     suppressions_read_plain},
    {"plain", "table", "", NULL, BOUNCE_SLOT_MANUAL, suppressions_read_table},
    {"sendgrid", "unsubscribes", "email created", NULL, BOUNCE_SLOT_UNSUBSCRIBE,
     suppressions_read_plain},
    /* A list of addresses, its name perhaps saying more. */
    {"plain", "unsubscribes", "", "unsub", BOUNCE_SLOT_UNSUBSCRIBE,
     suppressions_read_plain},
    {"plain", "complaints", "", "complain", BOUNCE_SLOT_COMPLAINT,
     suppressions_read_plain},
    {"plain", "bounces", "", "bounce", BOUNCE_SLOT_HARD,
     suppressions_read_plain},
    {"plain", "addresses", "", NULL, BOUNCE_SLOT_MANUAL,
     suppressions_read_plain},
};
#define LISTS (sizeof(lists) / sizeof(lists[0]))

const char *suppression_system(const struct suppression_list *list)
{
    return list->system;
}

const char *suppression_list_name(const struct suppression_list *list)
{
    return list->name;
}

const struct suppression_list *suppression_list_at(size_t i)
{
    return i < LISTS ? &lists[i] : NULL;
}

/* ---- Which list ------------------------------------------------------- */

static bool is_from(const struct suppression_list *list, const char *from)
{
    struct bounce_slice s = slice_cstr(from);
    size_t slash = slice_find_byte(s, '/');

    return from == NULL ||
           (slice_eq_nocase(slice_sub(s, 0, slash), slice_cstr(list->system)) &&
            (slash == SLICE_NPOS || slice_eq_nocase(slice_from(s, slash + 1),
                                                    slice_cstr(list->name))));
}

bool suppression_from_known(const char *from)
{
    for (size_t i = 0; i < LISTS; i++) {
        if (is_from(&lists[i], from))
            return true;
    }
    return false;
}

static bool has_columns(const struct suppression_list *list,
                        const struct row *row)
{
    struct bounce_slice rest = slice_cstr(list->columns), name;
    bool all = true;

    if (list->read == suppressions_read_table)
        return suppressions_is_table(row);
    if (list->columns[0] != '\0' && !row->titled) /* SES's own upload format */
        return list->read == suppressions_read_ses && row->count == 2 &&
               (slice_eq_nocase(row->values[1], SLICE("BOUNCE")) ||
                slice_eq_nocase(row->values[1], SLICE("COMPLAINT")));
    while (all && slice_next_piece(&rest, ' ', &name)) {
        bool found = false;

        for (size_t i = 0; i < row->count && !found; i++)
            found = slice_eq(row->names[i], name);
        all = found;
    }
    return all;
}

/* Whether the file's own name has word in it. */
static bool is_named(const char *path, const char *word)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;

    return path != NULL &&
           slice_find_nocase(slice_cstr(slash != NULL ? slash + 1 : path),
                             slice_cstr(word)) != SLICE_NPOS;
}

static bool has_name(const struct suppression_list *list, const char *path)
{
    return list->file == NULL || is_named(path, list->file);
}

bool suppression_unsure(const struct suppression_list *list, const char *path,
                        const char *from)
{
    return strcmp(list->system, "sendgrid") == 0 &&
           strcmp(list->name, "bounces") == 0 && !is_named(path, "bounce") &&
           (from == NULL || strchr(from, '/') == NULL);
}

const struct suppression_list *
suppression_list_find(const struct row *row, const char *path, const char *from)
{
    const struct suppression_list *asked = NULL;

    if (suppressions_address(row).ptr == NULL)
        return NULL;
    for (size_t i = 0; i < LISTS; i++) {
        if (!is_from(&lists[i], from))
            continue;
        if (has_columns(&lists[i], row) && has_name(&lists[i], path))
            return &lists[i];
        /* Asked for by name: taken, whatever its columns are called. */
        if (from != NULL && (asked == NULL || has_columns(&lists[i], row)))
            asked = &lists[i];
    }
    return asked;
}

const char *suppression_read(const struct suppression_list *list,
                             const struct row *row, int64_t now,
                             struct suppression out[SUPPRESSIONS_MAX],
                             size_t *count_out, const char **passed_out)
{
    struct reading reading = {.list = list, .row = row, .now = now, .out = out};
    struct bounce_slice address = suppressions_address(row);

    *count_out = 0;
    *passed_out = NULL;
    if (address.len == 0)
        return "no address";
    /* A list that was named, with columns of somebody else's: addresses of
     * that list, and what columns commonly hold. */
    if (has_columns(list, row) || list->read == suppressions_read_blocks ||
        list->read == suppressions_read_table)
        list->read(&reading);
    else
        suppressions_read_plain(&reading);
    for (size_t i = 0; i < reading.count; i++)
        out[i].address = address;
    *count_out = reading.count;
    *passed_out = reading.passed;
    return reading.flaw;
}

/* ---- As a record ------------------------------------------------------ */

static bool is_code(struct bounce_slice code)
{
    unsigned value;

    return code.len == 3 && slice_parse_uint(code, 3, &value) == 3 &&
           value >= 400 && value < 600;
}

static void classify(const struct suppression *suppression, const char *service,
                     struct bounce_reader *reader, struct bounce_event *event)
{
    struct bounce_reply reply = {.size = sizeof(reply),
                                 .text = suppression->reason,
                                 .service = slice_cstr(service)};
    const struct bounce_result *result = NULL;
    unsigned code = 0;

    if (is_code(suppression->code)) {
        slice_parse_uint(suppression->code, 3, &code);
        reply.reply_code = (int)code;
    } else if (suppressions_is_reply(suppression->code)) {
        reply.status = suppression->code;
    } else if (!suppressions_is_reply(suppression->reason)) {
        return;
    }
    if (reply.text.ptr == NULL)
        reply.text = SLICE("");
    if (bounce_classify(reader, &reply, &result, NULL) == BOUNCE_OK)
        *event = *bounce_result_event(result, 0);
}

static struct bounce_slice slot_category(enum bounce_slot slot)
{
    switch (slot) {
    case BOUNCE_SLOT_COMPLAINT:
        return SLICE("complaint");
    case BOUNCE_SLOT_UNSUBSCRIBE:
        return SLICE("unsubscribe");
    case BOUNCE_SLOT_HARD:
    case BOUNCE_SLOT_COUNTED:
        return SLICE("suppressed");
    default:
        return SLICE_NULL;
    }
}

/* The same line of the same list again is the same event. */
static void make_id(const struct suppression *suppression,
                    struct bounce_slice folded, char id[33])
{
    struct hash128 hash;
    char numbers[80];
    int len = snprintf(numbers, sizeof(numbers), "import %d %lld %lld ",
                       (int)suppression->slot, (long long)suppression->at,
                       (long long)suppression->until);

    hash128_init(&hash);
    hash128_add(&hash, slice_make(numbers, (size_t)len));
    hash128_add(&hash, suppression->scope);
    hash128_add(&hash, SLICE("\n"));
    hash128_add(&hash, folded);
    hash128_hex(&hash, id);
}

void suppression_record(const struct suppression_list *list,
                        const struct suppression *suppression,
                        struct bounce_slice folded,
                        const struct bounce_engine *engine,
                        struct bounce_reader *reader, char id[33],
                        struct record *record_out)
{
    bool plain = strcmp(list->system, "plain") == 0;
    struct bounce_event event = {.permanent = -1,
                                 .confidence = -1,
                                 .verified = -1,
                                 .sent_at = BOUNCE_NO_TIME};
    const struct bounce_category *category;

    if (suppression->slot == BOUNCE_SLOT_HARD)
        classify(suppression, plain ? NULL : list->system, reader, &event);
    if (suppression->category.len > 0)
        event.category = suppression->category;
    else if (event.category.len == 0)
        event.category = slot_category(suppression->slot);
    category = bounce_category_find(engine, event.category);
    if (category != NULL)
        event.cls = category->cls;
    make_id(suppression, folded, id);
    event.event_id = slice_make(id, 32);
    event.kind = BOUNCE_KIND_NONE;
    event.recipient = suppression->address;
    event.scope = suppression->scope;
    event.diagnostic = suppression->reason;
    event.service = plain ? SLICE_NULL : slice_cstr(list->system);
    event.occurred_at = suppression->at;
    record_init(record_out, &event);
    record_out->act = RECORD_SUPPRESS;
    record_out->slot = suppression->slot;
    record_out->until = suppression->until;
    record_out->reason = suppression->rule.len > 0     ? suppression->rule
                         : suppression->reason.len > 0 ? suppression->reason
                                                       : slice_cstr(list->name);
}
