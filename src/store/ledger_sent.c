/* SPDX-License-Identifier: MIT
 * The sent log: it tells over which route a message went, and that it was ours
 * at all; for events that come after it and for those that came before. */
#include <stdlib.h>

#include "store/ledger_in.h"

/* ---- Events after it ------------------------------------------------- */

static const struct store_column sent_columns[] = {
    {"rcpt", STORE_INT},          {"mid", STORE_INT},       {"at", STORE_INT},
    {"scope", STORE_TEXT},        {"campaign", STORE_TEXT}, {"ip", STORE_TEXT},
    {"sender_domain", STORE_TEXT}};
static const struct store_get route_get = {
    "sent", "rcpt, mid, scope, campaign, ip, sender_domain", sent_columns, 2};

struct loading {
    struct ledger *ledger;
    bool failed;
};

static void fill(struct bounce_slice *text, struct bounce_slice sent)
{
    if (text->ptr == NULL)
        *text = sent;
}

/* Known fakers of bounces (verified 0) stay unverified. */
static void route(struct entry *e, const struct bounce_slice sent[4])
{
    fill(&e->scope, sent[0]);
    fill(&e->campaign, sent[1]);
    fill(&e->ip, sent[2]);
    fill(&e->sender_domain, sent[3]);
    if (e->verified < 0)
        e->verified = 1;
}

static bool take_route(void *ctx, const struct store_value *row, size_t columns)
{
    struct loading *l = ctx;
    struct person *person = person_find(l->ledger, row[0].integer);
    struct bounce_slice sent[4];
    bool kept = false;

    (void)columns;
    for (size_t i = 0; person != NULL && i < person->entry_count; i++) {
        struct entry *e = person->entries[i];

        if (!e->fresh || e->mid != row[1].integer)
            continue;
        for (size_t k = 0; k < 4 && !kept; k++)
            sent[k] = ledger_keep(l->ledger, &row[2 + k], &l->failed);
        kept = true;
        route(e, sent);
    }
    return !l->failed;
}

enum store_err entries_route(struct ledger *ledger, struct store_error *error)
{
    struct loading l = {ledger, false};
    enum store_err err;
    struct rows keys;

    if (!rows_init(ledger, &keys, 2, ledger->person_count))
        return ledger_nomem(error);
    /* By person, which is the order of the table. */
    for (size_t i = 0; i < ledger->person_count; i++) {
        const struct person *person = &ledger->persons[i];

        for (size_t k = 0; k < person->entry_count && !person->nobody; k++) {
            const struct entry *e = person->entries[k];
            struct store_value *key;

            if (!e->fresh || e->mid == 0)
                continue;
            key = rows_add(ledger, &keys);
            if (key == NULL)
                return ledger_nomem(error);
            key[0] = store_int(person->key);
            key[1] = store_int(e->mid);
        }
    }
    err = store_get_rows(ledger->book->store, &route_get, keys.values,
                         keys.count, take_route, &l, error);
    return l.failed ? ledger_nomem(error) : err;
}

/* ---- The log itself -------------------------------------------------- */

static const struct store_put sent_put = {"sent", sent_columns, 7, 2,
                                          STORE_KEEP};
static const struct store_get sent_get = {
    "sent", "rcpt, mid, at, scope, campaign, ip, sender_domain", sent_columns,
    1};

/* A message to a person, logged before or in this batch. */
struct mail {
    int64_t at, mid;
    const struct entry *line; /* NULL: logged before */
    struct bounce_slice scope, campaign, ip, sender_domain;
};

struct mails {
    struct ledger *ledger;
    struct mail **lists; /* by person */
    size_t *counts, *caps;
    bool failed;
};

static struct mail *mail_room(struct mails *m, size_t person)
{
    m->lists[person] =
        ledger_grow(m->ledger, m->lists[person], m->counts[person],
                    &m->caps[person], sizeof(struct mail));
    m->failed |= m->lists[person] == NULL;
    return m->failed ? NULL : &m->lists[person][m->counts[person]];
}

static bool take_mail(void *ctx, const struct store_value *row, size_t columns)
{
    struct mails *m = ctx;
    struct person *person = person_find(m->ledger, row[0].integer);
    struct mail *mail;

    (void)columns;
    if (person == NULL)
        return true;
    mail = mail_room(m, (size_t)(person - m->ledger->persons));
    if (mail == NULL)
        return false;
    m->counts[person - m->ledger->persons]++;
    *mail = (struct mail){.mid = row[1].integer, .at = row[2].integer};
    mail->scope = ledger_keep(m->ledger, &row[3], &m->failed);
    mail->campaign = ledger_keep(m->ledger, &row[4], &m->failed);
    mail->ip = ledger_keep(m->ledger, &row[5], &m->failed);
    mail->sender_domain = ledger_keep(m->ledger, &row[6], &m->failed);
    return !m->failed;
}

static int by_time(const void *a, const void *b)
{
    const struct mail *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->mid < y->mid ? -1 : x->mid > y->mid;
}

static enum store_err mails_load(struct mails *m, struct store_error *error)
{
    struct ledger *ledger = m->ledger;
    size_t count = ledger->person_count;
    struct store_value *keys =
        arena_alloc(&ledger->arena, (count + 1) * sizeof(*keys));
    enum store_err err;

    m->lists = arena_calloc(&ledger->arena, count + 1, sizeof(struct mail *));
    m->counts = arena_calloc(&ledger->arena, count + 1, sizeof(*m->counts));
    m->caps = arena_calloc(&ledger->arena, count + 1, sizeof(*m->caps));
    if (keys == NULL || m->lists == NULL || m->counts == NULL ||
        m->caps == NULL)
        return ledger_nomem(error);
    for (size_t i = 0; i < count; i++)
        keys[i] = store_int(ledger->persons[i].key);
    err = store_get_rows(ledger->book->store, &sent_get, keys, count, take_mail,
                         m, error);
    if (m->failed)
        return ledger_nomem(error);
    for (size_t i = 0; i < count && err == STORE_OK; i++) {
        if (m->counts[i] > 1)
            qsort(m->lists[i], m->counts[i], sizeof(struct mail), by_time);
    }
    return err;
}

/* ---- Counting -------------------------------------------------------- */

static bool tally_mail(struct ledger *ledger, const struct person *person,
                       const struct mail *mail, const char *word,
                       struct bounce_slice detail, int64_t n)
{
    struct tally_what what = {.at = mail->at,
                              .what = word,
                              .detail = detail,
                              .domain = person->domain,
                              .campaign = mail->campaign,
                              .scope = mail->scope,
                              .ip = mail->ip,
                              .sender_domain = mail->sender_domain};

    for (const struct sheet *s = person->sheets; s != NULL; s = s->next) {
        if (s->scope.len == 0)
            what.provider = s->provider;
    }
    return tally_add(ledger, &what, n);
}

/* The interval before a mail, in powers of two of hours. */
static bool tally_interval(struct ledger *ledger, const struct person *person,
                           const struct mail *before, const struct mail *mail,
                           int64_t n)
{
    static const char *const powers[] = {
        "0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9", "10",
        "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"};
    int64_t hours = (mail->at - before->at) / HOUR_S;
    size_t power = 0;

    while (hours > 1 && power + 1 < sizeof(powers) / sizeof(powers[0])) {
        hours /= 2;
        power++;
    }
    return tally_mail(ledger, person, mail, "interval",
                      slice_cstr(powers[power]), n);
}

/* Between two mails that were neighbours until now: their interval becomes
 * two. */
static bool tally_line(struct ledger *ledger, const struct person *person,
                       const struct mail *list, size_t count, size_t at)
{
    const struct mail *mail = &list[at];
    const struct mail *before = at > 0 ? &list[at - 1] : NULL;
    const struct mail *after = at + 1 < count ? &list[at + 1] : NULL;

    if (!tally_mail(ledger, person, mail, "sent", SLICE(""), 1))
        return false;
    if (before != NULL && after != NULL &&
        !tally_interval(ledger, person, before, after, -1))
        return false;
    if (before != NULL && !tally_interval(ledger, person, before, mail, 1))
        return false;
    return after == NULL || tally_interval(ledger, person, mail, after, 1);
}

/* Puts a line among the mails of its person; false in *fresh_out when it was
 * logged before. */
static bool add_line(struct mails *m, const struct entry *line, bool *fresh_out)
{
    size_t person = (size_t)(line->person - m->ledger->persons);
    size_t at = 0, count = m->counts[person];
    struct mail mail = {.at = line->at,
                        .mid = line->mid,
                        .line = line,
                        .scope = line->scope,
                        .campaign = line->campaign,
                        .ip = line->ip,
                        .sender_domain = line->sender_domain};
    struct mail *list;

    *fresh_out = false;
    for (size_t i = 0; i < count; i++) {
        if (m->lists[person][i].mid == line->mid)
            return true;
    }
    if (mail_room(m, person) == NULL)
        return false;
    list = m->lists[person];
    while (at < count && by_time(&list[at], &mail) < 0)
        at++;
    memmove(&list[at + 1], &list[at], (count - at) * sizeof(*list));
    list[at] = mail;
    m->counts[person]++;
    *fresh_out = true;
    return tally_line(m->ledger, line->person, list, count + 1, at);
}

static enum store_err lines_put(struct ledger *ledger,
                                const struct person *persons, size_t count,
                                struct store_error *error)
{
    struct rows rows;

    if (!rows_init(ledger, &rows, 7, count))
        return ledger_nomem(error);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < persons[i].entry_count; k++) {
            const struct entry *e = persons[i].entries[k];
            struct store_value *row;

            if (!e->fresh)
                continue;
            row = rows_add(ledger, &rows);
            if (row == NULL)
                return ledger_nomem(error);
            row[0] = store_int(persons[i].key);
            row[1] = store_int(e->mid);
            row[2] = store_int(e->at);
            row[3] = store_text(e->scope);
            row[4] = store_text(e->campaign);
            row[5] = store_text(e->ip);
            row[6] = store_text(e->sender_domain);
        }
    }
    return store_put_rows(ledger->book->store, &sent_put, rows.values,
                          rows.count, error);
}

/* ---- Events before it ------------------------------------------------ */

static const struct entry *line_of(const struct person *person, int64_t mid)
{
    for (size_t i = 0; mid != 0 && i < person->entry_count; i++) {
        if (person->entries[i]->fresh && person->entries[i]->mid == mid)
            return person->entries[i];
    }
    return NULL;
}

/* Whether one of the person's events speaks of a message that is new here. */
static bool is_awaited(const struct person *person)
{
    for (size_t i = 0; i < person->known_count; i++) {
        if (line_of(person, person->known[i].mid) != NULL)
            return true;
    }
    return false;
}

static enum store_err route_stored(struct ledger *ledger, struct entry *e,
                                   struct store_error *error)
{
    const struct entry *line = line_of(e->person, e->mid);
    struct entry before = *e;

    if (line == NULL || e->kind >= RECORD_SUPPRESS)
        return STORE_OK;
    route(e, (const struct bounce_slice[4]){line->scope, line->campaign,
                                            line->ip, line->sender_domain});
    if (slice_eq(before.scope, e->scope) &&
        slice_eq(before.campaign, e->campaign) && slice_eq(before.ip, e->ip) &&
        slice_eq(before.sender_domain, e->sender_domain) &&
        before.verified == e->verified)
        return STORE_OK;
    e->routed = true;
    if (e->counts &&
        (!tally_entry(ledger, &before, -1) || !tally_entry(ledger, e, 1)))
        return ledger_nomem(error);
    return entry_update(ledger, e, error);
}

static enum store_err judge_again(struct ledger *ledger, struct person *person,
                                  struct store_error *error)
{
    enum store_err err = STORE_OK;
    size_t lines = person->entry_count;

    for (size_t i = 0; i < person->stored_count && err == STORE_OK; i++)
        err = route_stored(ledger, person->stored[i], error);
    ledger->state_used = 0;
    ledger->change_from = ledger->change_count;
    person->entry_count = 0; /* its entries are lines, not events */
    if (err == STORE_OK)
        err = person_judge(ledger, person, error);
    if (err == STORE_OK)
        err = person_keep(ledger, person, error);
    person->entry_count = lines;
    return err;
}

static enum store_err update_events(struct ledger *ledger,
                                    struct store_error *error)
{
    enum store_err err = persons_load_known(ledger, error);
    bool any = false;

    for (size_t i = 0; i < ledger->person_count && err == STORE_OK; i++) {
        struct person *person = &ledger->persons[i];
        size_t lines = person->entry_count;

        if (!is_awaited(person))
            continue;
        person->entry_count = 0;
        if (!person_join(ledger, person))
            return ledger_nomem(error);
        person->entry_count = lines;
        person->replay = any = true;
    }
    if (err != STORE_OK || !any)
        return err;
    err = entries_load(ledger, error);
    for (size_t i = 0; i < ledger->person_count && err == STORE_OK; i++) {
        if (ledger->persons[i].replay)
            err = judge_again(ledger, &ledger->persons[i], error);
    }
    return err;
}

/* ---- A batch --------------------------------------------------------- */

static enum store_err make_line(struct ledger *ledger, const struct sent *sent,
                                size_t index, struct entry *e,
                                struct store_error *error)
{
    struct record r;
    enum store_err err;

    record_init(&r, NULL);
    /* Any event: only what is about its recipient and route is used. */
    r.event.event_id = SLICE("00000000000000000000000000000000");
    r.event.recipient = sent->recipient;
    r.event.message_id = sent->message_id;
    r.event.scope = sent->scope;
    r.event.campaign = sent->campaign;
    r.ip = sent->ip;
    r.sender_domain = sent->sender_domain;
    err = entry_make(ledger, &r, index, e, error);
    e->record = NULL;
    if (err != STORE_OK)
        return err;
    if (e->address.ptr == NULL)
        return store_fail(error, STORE_E_VALUE, "the recipient is no address");
    if (sent->at <= 0 || sent->at > (int64_t)1 << 40)
        return store_fail(error, STORE_E_VALUE, "the time is none");
    e->at = sent->at;
    /* Without a Message-ID nothing can join it, but it was sent. */
    if (e->mid == 0)
        e->mid = ledger_hash(ledger, "sent",
                             slice_make((const char *)&e->at, sizeof(e->at)),
                             e->campaign);
    return STORE_OK;
}

static enum store_err log_lines(struct ledger *ledger, struct entry *entries,
                                size_t count, size_t *fresh_out,
                                struct store_error *error)
{
    struct mails m = {.ledger = ledger};
    enum store_err err = persons_make(ledger, entries, count, error);

    if (err == STORE_OK)
        err = persons_load_states(ledger, error);
    if (err == STORE_OK)
        err = mails_load(&m, error);
    for (size_t i = 0; i < count && err == STORE_OK; i++) {
        if (!add_line(&m, &entries[i], &entries[i].fresh))
            return ledger_nomem(error);
        if (entries[i].fresh && !watch_sent(ledger, &entries[i]))
            return ledger_nomem(error);
        *fresh_out += entries[i].fresh;
    }
    if (err == STORE_OK)
        err = lines_put(ledger, ledger->persons, ledger->person_count, error);
    if (err == STORE_OK && !states_begin(ledger))
        err = ledger_nomem(error);
    if (err == STORE_OK)
        err = update_events(ledger, error);
    return err;
}

enum store_err ledger_sent(struct ledger *ledger, const struct sent *lines,
                           size_t count, size_t *fresh_out, size_t *bad_out,
                           struct store_error *error)
{
    enum store_err err = STORE_OK;
    struct entry *entries;
    int64_t now = 0;
    size_t fresh = 0;

    for (size_t i = 0; i < count; i++)
        now = lines[i].at > now ? lines[i].at : now;
    ledger_begin_batch(ledger, now);
    if (bad_out != NULL)
        *bad_out = count;
    entries = arena_alloc(&ledger->arena, (count + 1) * sizeof(*entries));
    if (entries == NULL)
        return ledger_nomem(error);
    for (size_t i = 0; i < count; i++) {
        err = make_line(ledger, &lines[i], i, &entries[i], error);
        if (err == STORE_E_VALUE && bad_out != NULL)
            *bad_out = i;
        if (err != STORE_OK)
            return err;
    }
    err = store_begin(ledger->book->store, STORE_WRITE, error);
    if (err != STORE_OK)
        return err;
    err = ledger_read_seqs(ledger, error);
    if (err == STORE_OK)
        err = watch_open(ledger, error);
    if (err == STORE_OK)
        err = log_lines(ledger, entries, count, &fresh, error);
    if (err == STORE_OK)
        err = holds_settle(ledger, error);
    if (err == STORE_OK)
        err = states_put(ledger, error);
    if (err == STORE_OK)
        err = changes_put(ledger, error);
    if (err == STORE_OK)
        err = watch_put(ledger, error);
    if (err == STORE_OK)
        err = tally_put(ledger, error);
    if (err == STORE_OK)
        err = ledger_put_positions(ledger, now, error);
    err = ledger_transact(ledger, err, error);
    if (err == STORE_OK)
        ledger_position_clear(ledger);
    if (fresh_out != NULL)
        *fresh_out = err == STORE_OK ? fresh : 0;
    return err;
}

bool ledger_takes_sent(struct ledger *ledger, const struct sent *line,
                       struct store_error *error)
{
    struct entry entry;

    ledger_begin_batch(ledger, ledger->now);
    return make_line(ledger, line, 0, &entry, error) == STORE_OK;
}
