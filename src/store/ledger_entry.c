/* SPDX-License-Identifier: MIT
 * What of an entry follows from its record alone. */
#include "store/ledger_in.h"

/* Bytes of column texts: what struct bounce_cause and the keys of holds take,
 * so that nothing is cut later. */
#define MAX_ID       63
#define MAX_CATEGORY 31
#define MAX_RULE     95
#define MAX_PROVIDER 63
#define MAX_ROUTE    127
#define MAX_IP       63
#define MAX_DOMAIN   255
#define MAX_SOURCE   1024
#define MAX_TIME     ((int64_t)1 << 40)

/* ---- Hidden addresses ------------------------------------------------ */

struct hiding {
    struct ledger *ledger;
    const struct bounce_slice *recipient;
    bool failed;
};

static void hide(struct hiding *h, struct bounce_slice *text)
{
    size_t cap = text->len * 4 + 256;
    char *out;

    if (text->len == 0 || h->failed)
        return;
    out = arena_alloc(&h->ledger->arena, cap);
    if (out == NULL) {
        h->failed = true;
        return;
    }
    *text = slice_make(out, address_hide(h->ledger->book->addresses, *text,
                                         h->recipient, out, cap));
}

/* A Message-ID may be an address, or be made from one: it is hashed whole. */
static void hide_id(struct hiding *h, struct bounce_slice *id)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t hash;
    char *out;

    if (id->len == 0 || h->failed)
        return;
    hide(h, id);
    out = arena_alloc(&h->ledger->arena, 16);
    if (out == NULL || h->failed) {
        h->failed = true;
        return;
    }
    hash = (uint64_t)ledger_hash(h->ledger, "hidden", *id, SLICE_NULL);
    for (unsigned i = 0; i < 16; i++)
        out[i] = digits[hash >> (60 - 4 * i) & 15];
    *id = slice_make(out, 16);
}

static bool hide_record(struct ledger *ledger, struct record *r,
                        const struct bounce_slice *recipient)
{
    struct hiding h = {ledger, recipient, false};
    struct bounce_event *e = &r->event;
    struct bounce_signals *s = &e->signals;
    struct bounce_slice *const texts[] = {
        &e->original_recipient,
        &e->diagnostic,
        &e->evidence_rule,
        &e->evidence_text,
        &e->reporting_mta,
        &e->remote_mta,
        &e->queue_id,
        &e->service_verdict,
        &e->sender,
        &e->scope,
        &e->campaign,
        &e->feedback_id,
        &e->subject,
        &s->lookup_url,
        &s->removal_url,
        &s->url,
        &s->new_address,
        &s->block_list,
        &r->source,
        &r->envelope_id,
        &r->reason,
        &r->sender_domain,
        &r->ip,
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        hide(&h, texts[i]);
    hide_id(&h, &e->message_id);
    hide_id(&h, &e->report_id);
    return !h.failed;
}

/* ---- Ids ------------------------------------------------------------- */

static struct bounce_slice bare_id(struct bounce_slice id)
{
    id = slice_trim(id);
    if (id.len >= 2 && id.ptr[0] == '<' && id.ptr[id.len - 1] == '>')
        return slice_sub(id, 1, id.len - 2);
    return id;
}

int64_t ledger_message(const struct ledger *ledger, struct bounce_slice id)
{
    id = bare_id(id);
    return id.len > 0 ? ledger_hash(ledger, "mid", id, SLICE_NULL) : 0;
}

static struct bounce_slice lower(struct ledger *ledger, struct bounce_slice s)
{
    char *out = s.len > 0 ? arena_alloc(&ledger->arena, s.len) : NULL;

    if (out == NULL)
        return SLICE_NULL;
    for (size_t i = 0; i < s.len; i++)
        out[i] = (char)ascii_lower((unsigned char)s.ptr[i]);
    return slice_make(out, s.len);
}

static int64_t queue_hash(struct ledger *ledger, const struct record *r)
{
    if (r->event.queue_id.len > 0)
        return ledger_hash(ledger, "qid", r->event.queue_id,
                           lower(ledger, r->event.reporting_mta));
    if (r->envelope_id.len > 0)
        return ledger_hash(ledger, "envid", r->envelope_id, SLICE_NULL);
    return 0;
}

/* 63 bits of the id's hex digits; of anything else a hash. */
static int64_t id_bits(const struct ledger *ledger, struct bounce_slice id)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < 16; i++) {
        unsigned char c = i < id.len ? (unsigned char)id.ptr[i] : 'x';

        if (ascii_is_digit(c))
            bits = bits << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            bits = bits << 4 | (uint64_t)(c - 'a' + 10);
        else
            return ledger_hash(ledger, "id", id, SLICE_NULL);
    }
    return (int64_t)(bits >> 1);
}

int64_t entry_own(const struct ledger *ledger, int kind, int64_t mid,
                  int64_t qid, int64_t otherwise)
{
    int64_t parts[2] = {kind, mid != 0 ? mid : qid};

    if (parts[1] == 0)
        return otherwise;
    return ledger_hash(ledger, mid != 0 ? "own-mid" : "own-qid",
                       slice_make((const char *)parts, sizeof(parts)),
                       SLICE_NULL);
}

/* What people did has no id of its own: the same thing done again in the same
 * second is the same. */
static struct bounce_slice act_id(struct ledger *ledger, const struct record *r,
                                  const struct entry *e)
{
    static const char digits[] = "0123456789abcdef";
    int64_t parts[5] = {r->act, e->at, r->slot, r->until, r->consent};
    char *id = arena_alloc(&ledger->arena, 32);
    uint64_t halves[2];

    if (id == NULL)
        return SLICE_NULL;
    halves[0] = (uint64_t)ledger_hash(
        ledger, "act", slice_make((const char *)parts, sizeof(parts)),
        e->folded);
    halves[1] = (uint64_t)ledger_hash(ledger, "why", r->reason, e->scope);
    for (unsigned i = 0; i < 32; i++)
        id[i] = digits[halves[i / 16] >> (60 - 4 * (i % 16)) & 15];
    return slice_make(id, 32);
}

/* ---- Facts ----------------------------------------------------------- */

static void make_facts(const struct record *r, struct entry *e)
{
    struct record_facts *f = &e->facts;
    struct bounce_slice cause = r->event.signals.suppressed_for;

    record_facts_init(f);
    if (r->act != RECORD_EVENT) {
        f->slot = r->slot;
        f->until = r->until;
        f->consent = r->consent;
        return;
    }
    f->service_class = r->service_class;
    f->dns_domain = r->dns_domain;
    f->engaged_at = r->engaged_at;
    f->tries = r->tries;
    f->waiting_s = r->waiting_s;
    if (f->waiting_s < 0 && e->kind == BOUNCE_KIND_DELAY &&
        r->event.sent_at != BOUNCE_NO_TIME && r->event.sent_at <= e->at)
        f->waiting_s = e->at - r->event.sent_at;
    if (cause.len > 0 && cause.len < sizeof(f->suppressed_for) &&
        slice_find_byte(cause, ' ') == SLICE_NPOS) {
        memcpy(f->suppressed_for, cause.ptr, cause.len);
        f->suppressed_for[cause.len] = '\0';
    }
}

/* ---- The whole ------------------------------------------------------- */

static enum store_err make_address(struct ledger *ledger,
                                   const struct record *r, struct entry *e,
                                   struct store_error *error)
{
    struct address address;
    enum address_flaw flaw =
        address_read(ledger->book->addresses, r->event.recipient, &address);

    e->address = e->folded = e->domain = SLICE_NULL;
    if (flaw == ADDRESS_NO_IDN || flaw == ADDRESS_NO_HASH)
        return store_fail(error, STORE_E_OPEN, "an address: %s",
                          address_flaw_text(flaw));
    if (flaw != ADDRESS_FINE)
        return r->act == RECORD_EVENT
                   ? STORE_OK
                   : store_fail(error, STORE_E_VALUE, "the address is %s",
                                address_flaw_text(flaw));
    e->rcpt = address.key;
    e->address =
        arena_dup(&ledger->arena, slice_make(address.text, address.len));
    e->folded = arena_dup(&ledger->arena,
                          slice_make(address.folded, address.folded_len));
    if (e->address.ptr == NULL || e->folded.ptr == NULL)
        return ledger_nomem(error);
    e->domain = slice_from(e->address, address.len - address.domain.len);
    return STORE_OK;
}

static struct bounce_slice domain_of(struct bounce_slice address)
{
    size_t at = slice_rfind_byte(address, '@');

    if (at == SLICE_NPOS)
        return SLICE_NULL;
    address = slice_from(address, at + 1);
    while (address.len > 0 && address.ptr[address.len - 1] == '>')
        address.len--;
    return address;
}

static void make_columns(struct ledger *ledger, const struct record *r,
                         struct entry *e)
{
    const struct bounce_event *v = &r->event;
    struct bounce_slice sender =
        r->sender_domain.len > 0 ? r->sender_domain : domain_of(v->sender);

    e->category = ledger_clean(ledger, v->category, MAX_CATEGORY);
    e->rule = ledger_clean(
        ledger, r->act == RECORD_EVENT ? v->evidence_rule : r->reason,
        MAX_RULE);
    e->provider = ledger_clean(ledger, v->provider, MAX_PROVIDER);
    e->scope = ledger_clean(ledger, v->scope, MAX_ROUTE);
    e->campaign = ledger_clean(ledger, v->campaign, MAX_ROUTE);
    e->ip = ledger_clean(ledger, r->ip.len > 0 ? r->ip : v->signals.sender_ip,
                         MAX_IP);
    e->sender_domain = ledger_clean(ledger, lower(ledger, sender), MAX_DOMAIN);
    e->source = ledger_clean(ledger, r->source, MAX_SOURCE);
    e->offset = r->offset;
    e->cls = v->cls;
    e->confidence = v->confidence < 0 ? -1 : (int)(v->confidence * 100 + 0.5);
    if (e->confidence > 100)
        e->confidence = 100;
    e->permanent = v->permanent < 0 ? -1 : v->permanent > 0;
    e->verified = v->verified < 0 ? -1 : v->verified > 0;
}

/* What hides addresses is made from another record than the caller's, which is
 * gone by the time that entries are finished. */
static bool finish_hidden(struct ledger *ledger, struct record *r,
                          struct entry *e)
{
    r->event.recipient = e->address;
    return entry_finish(ledger->finisher, r, e);
}

static bool is_report(int kind)
{
    return kind == BOUNCE_KIND_BOUNCE || kind == BOUNCE_KIND_DELAY ||
           kind == BOUNCE_KIND_FEEDBACK || kind == BOUNCE_KIND_UNSUBSCRIBE;
}

static enum store_err check(const struct record *r, struct store_error *error)
{
    if (r->act != RECORD_EVENT && r->act != RECORD_SUPPRESS &&
        r->act != RECORD_RELEASE)
        return store_fail(error, STORE_E_VALUE, "no such record");
    if (r->act == RECORD_EVENT &&
        (r->event.event_id.len == 0 || r->event.kind > BOUNCE_KIND_CHALLENGE))
        return store_fail(error, STORE_E_VALUE, "an event without an id");
    if (r->act == RECORD_SUPPRESS &&
        (r->slot == BOUNCE_SLOT_SUSPENSION || r->slot > BOUNCE_SLOT_MANUAL))
        return store_fail(error, STORE_E_VALUE, "nothing suppresses so");
    return STORE_OK;
}

static void make_time(const struct ledger *ledger, const struct record *r,
                      struct entry *e)
{
    int64_t at = r->event.occurred_at;

    e->recorded_at = ledger->now;
    e->at = at > 0 && at <= ledger->now && at < MAX_TIME ? at : ledger->now;
}

enum store_err entry_make(struct ledger *ledger, const struct record *record,
                          size_t index, struct entry *e,
                          struct store_error *error)
{
    struct record r = *record;
    enum store_err err = check(record, error);

    memset(e, 0, sizeof(*e));
    if (err != STORE_OK)
        return err;
    e->record = record;
    e->index = index;
    e->fresh = true;
    e->kind = r.act == RECORD_EVENT ? (int)r.event.kind : (int)r.act;
    make_time(ledger, &r, e);
    err = make_address(ledger, &r, e, error);
    if (err != STORE_OK)
        return err;
    e->mid =
        r.act == RECORD_EVENT ? ledger_message(ledger, r.event.message_id) : 0;
    e->qid = r.act == RECORD_EVENT ? queue_hash(ledger, &r) : 0;
    if (address_hidden(ledger->book->addresses) &&
        !hide_record(ledger, &r, &record->event.recipient))
        return ledger_nomem(error);
    make_columns(ledger, &r, e);
    if (r.event.event_id.len == 0)
        r.event.event_id = act_id(ledger, &r, e);
    e->id = ledger_clean(ledger, r.event.event_id, MAX_ID);
    e->id64 = id_bits(ledger, e->id);
    e->own = entry_own(ledger, e->kind, e->mid, e->qid,
                       r.event.report_id.len > 0 && r.act == RECORD_EVENT
                           ? ledger_hash(ledger, bounce_kind_name(r.event.kind),
                                         r.event.report_id, SLICE_NULL)
                           : ledger_hash(ledger, "own-id", e->id, SLICE_NULL));
    if (e->address.ptr == NULL) {
        e->rcpt = ledger_hash(ledger, "event:", e->id, SLICE_NULL);
        e->review = is_report(e->kind);
    }
    make_facts(&r, e);
    if (address_hidden(ledger->book->addresses) &&
        !finish_hidden(ledger, &r, e))
        return ledger_nomem(error);
    return STORE_OK;
}

void entry_input(const struct entry *entry, struct bounce_policy_input *input)
{
    const struct record_facts *f = &entry->facts;

    bounce_policy_input_init(input, NULL, entry->at);
    input->kind = (enum bounce_kind)entry->kind;
    input->permanent = entry->permanent;
    input->confidence =
        entry->confidence < 0 ? 0 : (double)entry->confidence / 100;
    input->verified = entry->verified;
    input->category = entry->category;
    input->event_id = entry->id;
    input->rule = entry->rule;
    input->suppressed_for = f->suppressed_for[0] != '\0'
                                ? slice_cstr(f->suppressed_for)
                                : SLICE_NULL;
    input->service_class = f->service_class;
    input->failure = (uint64_t)entry->failure;
    input->told_at = entry->told_at;
    input->route = (struct bounce_route){.provider = entry->provider,
                                         .domain = entry->domain,
                                         .ip = entry->ip,
                                         .sender_domain = entry->sender_domain,
                                         .campaign = entry->campaign};
    input->dns_domain = f->dns_domain;
    input->domain_delivered_at = f->domain_delivered_at;
    input->engaged_at = f->engaged_at;
    input->waiting_s = f->waiting_s;
    input->tries = f->tries;
    input->breaker = f->breaker;
}
