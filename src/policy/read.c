/* SPDX-License-Identifier: MIT
 * Reads the stanzas of a policy: data/policy/README.md. A stanza changes the
 * fields that it names and leaves the others as they were. */
#include <stdarg.h>
#include <stdio.h>

#include "base/stanza.h"
#include "policy/fields.h"

struct reader {
    struct bounce_policy *policy;
    struct bounce_slice layer, origin;
    bool builtin;
    struct arena scratch; /* of the stanza at hand */
    struct bounce_error *error;
};

__attribute__((format(printf, 3, 4))) static enum bounce_err
fail(struct reader *reader, unsigned line, const char *format, ...)
{
    char text[128];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    error_set(reader->error, BOUNCE_E_RULES, line, "%.*s:%u: %s",
              SLICE_ARG(reader->origin), line, text);
    return BOUNCE_E_RULES;
}

/* What a field does with its value. The thing it changes comes as a pointer to
 * the policy, an entry or a counter. */
enum set_result { SET_OK, SET_UNKNOWN, SET_WRONG, SET_NOMEM };

static enum set_result set(bool ok)
{
    return ok ? SET_OK : SET_WRONG;
}

/* Text that the policy keeps; "none" is NULL. */
static enum set_result keep(struct reader *reader, struct bounce_slice value,
                            struct bounce_slice *out)
{
    if (slice_eq_nocase(value, SLICE("none"))) {
        *out = SLICE_NULL;
        return SET_OK;
    }
    *out = arena_dup(&reader->policy->arena, value);
    return out->ptr != NULL ? SET_OK : SET_NOMEM;
}

static enum set_result keep_id(struct reader *reader, struct bounce_slice value,
                               struct bounce_slice *out)
{
    return field_id(value) ? keep(reader, value, out) : SET_WRONG;
}

static bool named(const struct stanza_field *field, const char *name)
{
    return slice_eq_nocase(field->name, slice_cstr(name));
}

static enum set_result set_policy(struct reader *reader, void *what,
                                  const struct stanza_field *f)
{
    struct bounce_policy *p = reader->policy;

    (void)what;
    if (named(f, "Mode")) {
        if (!slice_eq_nocase(f->value, SLICE("observe")) &&
            !slice_eq_nocase(f->value, SLICE("enforce")))
            return SET_WRONG;
        p->observe = slice_eq_nocase(f->value, SLICE("observe"));
        return SET_OK;
    }
    if (named(f, "Require-Verified"))
        return set(field_flag(f->value, &p->require_verified));
    if (named(f, "Forget"))
        return set(field_duration(f->value, &p->forget_s) && p->forget_s > 0);
    if (named(f, "Hold-Reset"))
        return set(field_duration(f->value, &p->hold_reset_s));
    if (named(f, "Give-Up"))
        return set(field_duration(f->value, &p->give_up_s));
    if (named(f, "Tries"))
        return set(field_number(f->value, &p->tries));
    if (named(f, "Label-Bounce"))
        return keep(reader, f->value, &p->label_bounce);
    if (named(f, "Label-Complaint"))
        return keep(reader, f->value, &p->label_complaint);
    if (named(f, "Label-Unsubscribe"))
        return keep(reader, f->value, &p->label_unsubscribe);
    if (named(f, "Label-Given-Up"))
        return keep(reader, f->value, &p->label_given_up);
    return named(f, "Says") ? SET_OK : SET_UNKNOWN;
}

static enum set_result set_leap(struct reader *reader, void *what,
                                const struct stanza_field *f)
{
    struct bounce_policy *p = reader->policy;
    unsigned number = 0;

    (void)what;
    if (named(f, "Factor")) {
        if (!field_number(f->value, &number) || number == 0)
            return SET_WRONG;
        p->leap_factor = number;
        return SET_OK;
    }
    if (named(f, "Least")) {
        if (!field_number(f->value, &number) || number == 0)
            return SET_WRONG;
        p->leap_least = number;
        return SET_OK;
    }
    if (named(f, "Floor"))
        return set(field_share(f->value, &p->leap_floor));
    if (named(f, "Suspend"))
        return set(field_duration(f->value, &p->leap_suspend_s) &&
                   p->leap_suspend_s > 0);
    return SET_UNKNOWN;
}

static enum set_result set_own_fault(struct reader *reader, void *what,
                                     const struct stanza_field *f)
{
    struct bounce_policy *p = reader->policy;
    unsigned number = 0;

    (void)what;
    if (named(f, "Domains")) {
        if (!field_number(f->value, &number) || number == 0)
            return SET_WRONG;
        p->own_domains = number;
        return SET_OK;
    }
    if (named(f, "Share"))
        return set(field_share(f->value, &p->own_share));
    return SET_UNKNOWN;
}

static enum set_result set_counter(struct reader *reader, void *what,
                                   const struct stanza_field *f)
{
    struct policy_counter *c = what;

    (void)reader;
    if (named(f, "Messages"))
        return set(field_number(f->value, &c->messages) &&
                   c->messages <= BOUNCE_FAILURES);
    if (named(f, "Messages-Engaged"))
        return set(field_number(f->value, &c->messages_engaged) &&
                   c->messages_engaged <= BOUNCE_FAILURES);
    if (named(f, "Days"))
        return set(field_number(f->value, &c->days) &&
                   c->days <= BOUNCE_FAILURES);
    if (named(f, "Span"))
        return set(field_duration(f->value, &c->span_s));
    if (named(f, "Engaged"))
        return set(field_duration(f->value, &c->engaged_s));
    if (named(f, "Domain-Silent"))
        return set(field_flag(f->value, &c->domain_silent));
    if (named(f, "Dns-Check"))
        return set(field_flag(f->value, &c->dns_check));
    return SET_UNKNOWN;
}

static enum set_result set_entry_hold(struct policy_entry *e,
                                      const struct stanza_field *f)
{
    if (named(f, "Hold"))
        return set(field_hold(f->value, &e->hold));
    if (named(f, "Hold-For"))
        return set(field_steps(f->value, &e->hold_for) &&
                   e->hold_for.count <= 1);
    if (named(f, "Hold-Ends")) {
        if (!slice_eq_nocase(f->value, SLICE("by-hand")) &&
            !slice_eq_nocase(f->value, SLICE("delivery")))
            return SET_WRONG;
        e->hold_by_hand = slice_eq_nocase(f->value, SLICE("by-hand"));
        return SET_OK;
    }
    return SET_UNKNOWN;
}

static enum set_result set_entry(struct reader *reader, void *what,
                                 const struct stanza_field *f)
{
    struct policy_entry *e = what;

    if (named(f, "Suppress"))
        return set(field_suppress(f->value, &e->suppress));
    if (named(f, "At-Once"))
        return set(field_at_once(f->value, &e->at_once, &e->confidence));
    if (named(f, "Counter"))
        return keep_id(reader, f->value, &e->counter);
    if (named(f, "Counter-4xx"))
        return keep_id(reader, f->value, &e->counter_4xx);
    if (named(f, "Service-Hard"))
        return keep_id(reader, f->value, &e->service_hard);
    if (named(f, "Expires"))
        return set(field_duration(f->value, &e->expires_s));
    if (named(f, "As"))
        return set(field_slot(f->value, &e->slot));
    if (named(f, "Suspend"))
        return set(field_steps(f->value, &e->suspend) &&
                   !e->suspend.until_mended);
    if (named(f, "Suspend-When")) {
        if (!slice_eq_nocase(f->value, SLICE("permanent")) &&
            !slice_eq_nocase(f->value, SLICE("always")))
            return SET_WRONG;
        e->suspend_permanent = slice_eq_nocase(f->value, SLICE("permanent"));
        return SET_OK;
    }
    if (named(f, "Alert"))
        return set(field_flag(f->value, &e->alert));
    if (named(f, "Review"))
        return set(field_flag(f->value, &e->review));
    if (named(f, "Leap"))
        return set(field_flag(f->value, &e->leap));
    if (named(f, "Own-Fault"))
        return set(field_flag(f->value, &e->own_fault));
    if (named(f, "Dns-Check")) {
        e->dns_enough = slice_eq_nocase(f->value, SLICE("enough"));
        return set(e->dns_enough || slice_eq_nocase(f->value, SLICE("none")));
    }
    if (named(f, "Says"))
        return keep(reader, f->value, &e->says);
    return set_entry_hold(e, f);
}

static bool twice(const struct stanza *stanza, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (slice_eq_nocase(stanza->fields[j].name, stanza->fields[i].name))
            return true;
    }
    return false;
}

/* All fields but the first, through one setter. */
static enum bounce_err
set_fields(struct reader *reader, const struct stanza *stanza, void *what,
           enum set_result (*setter)(struct reader *, void *,
                                     const struct stanza_field *))
{
    for (size_t i = 1; i < stanza->count; i++) {
        const struct stanza_field *f = &stanza->fields[i];

        if (twice(stanza, i))
            return fail(reader, f->line, "%.*s stands twice",
                        SLICE_ARG(f->name));
        switch (setter(reader, what, f)) {
        case SET_OK:
            break;
        case SET_UNKNOWN:
            return fail(reader, f->line, "%.*s has no field %.*s",
                        SLICE_ARG(stanza->fields[0].name), SLICE_ARG(f->name));
        case SET_WRONG:
            return fail(reader, f->line, "%.*s cannot be: %.*s",
                        SLICE_ARG(f->name), SLICE_ARG(f->value));
        case SET_NOMEM:
            error_set(reader->error, arena_error(&reader->policy->arena),
                      f->line, "no memory for the policy");
            return arena_error(&reader->policy->arena);
        }
    }
    return BOUNCE_OK;
}

/* The place of an id among sorted rows of one size, each beginning with it. */
static size_t lower_bound(const void *rows, size_t count, size_t size,
                          struct bounce_slice id)
{
    size_t at = 0;

    while (at < count &&
           slice_compare(slice_cstr((const char *)rows + at * size), id) < 0)
        at++;
    return at;
}

/* false: no room. */
static bool insert_row(void *rows, size_t *count, size_t max, size_t size,
                       size_t at)
{
    char *row = (char *)rows + at * size;

    if (*count == max)
        return false;
    memmove(row + size, row, (*count - at) * size);
    memset(row, 0, size);
    ++*count;
    return true;
}

static enum bounce_err read_counter(struct reader *reader,
                                    const struct stanza *stanza)
{
    struct bounce_policy *p = reader->policy;
    struct bounce_slice id = stanza->fields[0].value;
    unsigned line = stanza->fields[0].line;
    size_t at =
        lower_bound(p->counters, p->counter_count, sizeof(p->counters[0]), id);
    struct policy_counter *c = &p->counters[at];

    if (!field_id(id) || slice_eq(id, SLICE("none")) ||
        slice_eq(id, SLICE(POLICY_BREAKER_COUNTER)))
        return fail(reader, line, "no name of a counter: %.*s", SLICE_ARG(id));
    if (at == p->counter_count || !slice_eq(slice_cstr(c->id), id)) {
        if (!insert_row(p->counters, &p->counter_count, POLICY_MAX_COUNTERS,
                        sizeof(p->counters[0]), at))
            return fail(reader, line, "more than %d counters",
                        POLICY_MAX_COUNTERS);
        memcpy(c->id, id.ptr, id.len);
    }
    c->origin = reader->origin;
    c->line = line;
    return set_fields(reader, stanza, c, set_counter);
}

static enum bounce_err read_entry(struct reader *reader,
                                  const struct stanza *stanza)
{
    struct bounce_policy *p = reader->policy;
    struct bounce_slice id = stanza->fields[0].value;
    unsigned line = stanza->fields[0].line;
    size_t at =
        lower_bound(p->entries, p->entry_count, sizeof(p->entries[0]), id);
    struct policy_entry *e = &p->entries[at];
    bool found = at < p->entry_count && slice_eq(slice_cstr(e->category), id);
    enum bounce_err err;

    if (!found) {
        if (!reader->builtin || id.len >= sizeof(e->category))
            return fail(reader, line, "no such category: %.*s", SLICE_ARG(id));
        if (!insert_row(p->entries, &p->entry_count, POLICY_MAX_ENTRIES,
                        sizeof(p->entries[0]), at))
            return fail(reader, line, "too many entries");
        memcpy(e->category, id.ptr, id.len);
        e->slot = BOUNCE_SLOT_HARD;
    }
    e->origin = reader->origin;
    e->layer = reader->layer;
    e->line = line;
    err = set_fields(reader, stanza, e, set_entry);
    if (!found)
        e->locked = e->suppress == POLICY_SUPPRESS_NEVER;
    if (err == BOUNCE_OK && e->locked && e->suppress != POLICY_SUPPRESS_NEVER)
        return fail(reader, line,
                    "%s never suppresses: it is no fault of the "
                    "address",
                    e->category);
    return err;
}

static enum bounce_err read_policy(struct reader *reader,
                                   const struct stanza *stanza)
{
    if (keep_id(reader, stanza->fields[0].value, &reader->layer) != SET_OK)
        return fail(reader, stanza->fields[0].line, "no name of a policy: %.*s",
                    SLICE_ARG(stanza->fields[0].value));
    return set_fields(reader, stanza, NULL, set_policy);
}

static enum bounce_err read_stanza(struct reader *reader,
                                   const struct stanza *stanza)
{
    const struct stanza_field *first = &stanza->fields[0];

    if (named(first, "Policy"))
        return read_policy(reader, stanza);
    if (named(first, "Counter"))
        return read_counter(reader, stanza);
    if (named(first, "Entry"))
        return read_entry(reader, stanza);
    if (named(first, "Breaker")) {
        if (slice_eq_nocase(first->value, SLICE("hard-leap")))
            return set_fields(reader, stanza, NULL, set_leap);
        if (slice_eq_nocase(first->value, SLICE("own-fault")))
            return set_fields(reader, stanza, NULL, set_own_fault);
        return fail(reader, first->line, "no such breaker: %.*s",
                    SLICE_ARG(first->value));
    }
    return fail(reader, first->line, "no stanza of a policy: %.*s",
                SLICE_ARG(first->name));
}

enum bounce_err policy_read(struct bounce_policy *policy,
                            struct bounce_slice layer,
                            struct bounce_slice origin,
                            struct bounce_slice text, bool builtin,
                            struct bounce_error *error_out)
{
    struct reader reader = {.policy = policy,
                            .layer = layer,
                            .origin = origin,
                            .builtin = builtin,
                            .error = error_out};
    struct stanza_reader stanzas;
    struct bounce_error error;
    struct stanza stanza;
    enum bounce_err err = BOUNCE_OK;

    arena_init(&reader.scratch, &policy->allocator, policy->arena.max);
    stanza_reader_init(&stanzas, text);
    while (err == BOUNCE_OK &&
           stanza_next(&stanzas, &reader.scratch, &stanza, &error)) {
        err = read_stanza(&reader, &stanza);
        arena_reset(&reader.scratch);
    }
    if (err == BOUNCE_OK && error.code != BOUNCE_OK) {
        err = error.code;
        if (err == BOUNCE_E_RULES)
            fail(&reader, error.line, "%s", error.msg);
        else
            error_set(error_out, err, error.line, "%s", error.msg);
    }
    arena_clear(&reader.scratch);
    return err;
}
