/* SPDX-License-Identifier: MIT
 * Policies: making, freeing, looking up. */
#include "policy/policy.h"

#include "base/stanza.h"

static const struct policy_text *find_text(const char *preset)
{
    for (const struct policy_text *t = policy_texts; t->name != NULL; t++) {
        if (strcmp(t->name, preset) == 0)
            return t;
    }
    return NULL;
}

const char *bounce_policy_preset(size_t i)
{
    size_t count = 0;

    while (policy_texts[count].name != NULL)
        count++;
    return i < count ? policy_texts[i].name : NULL;
}

static enum bounce_err read_builtin(struct bounce_policy *policy,
                                    const struct policy_text *text,
                                    struct bounce_error *error_out)
{
    struct bounce_slice name = slice_cstr(text->name);

    return policy_read(policy, name, name,
                       slice_make((const char *)text->text, text->len),
                       text == policy_texts, error_out);
}

/* The layers, one over the other. */
static enum bounce_err read_layers(struct bounce_policy *policy,
                                   const struct policy_text *preset,
                                   const char *name, struct bounce_slice own,
                                   struct bounce_error *error_out)
{
    struct bounce_slice origin =
        arena_dup(&policy->arena, slice_cstr(name != NULL ? name : "policy"));
    enum bounce_err err;

    if (origin.ptr == NULL) {
        error_set(error_out, arena_error(&policy->arena), 0,
                  "no memory for the policy");
        return arena_error(&policy->arena);
    }
    err = read_builtin(policy, &policy_texts[0], error_out);
    if (err == BOUNCE_OK && preset != &policy_texts[0])
        err = read_builtin(policy, preset, error_out);
    if (err == BOUNCE_OK)
        err = policy_read(policy, SLICE("own"), origin, own, false, error_out);
    if (err == BOUNCE_OK)
        err = policy_validate(policy, error_out);
    return err;
}

enum bounce_err bounce_policy_new(const struct bounce_options *options,
                                  const char *preset, const char *name,
                                  const void *data, size_t len,
                                  struct bounce_policy **policy_out,
                                  struct bounce_error *error_out)
{
    const struct policy_text *text =
        preset != NULL ? find_text(preset) : &policy_texts[0];
    struct bounce_allocator allocator = *allocator_default();
    size_t max = (size_t)1 << 20;
    struct bounce_policy *policy;
    enum bounce_err err;

    *policy_out = NULL;
    if (text == NULL) {
        error_set(error_out, BOUNCE_E_ARG, 0, "there is no preset %s", preset);
        return BOUNCE_E_ARG;
    }
    if (options != NULL && options->allocator.alloc != NULL)
        allocator = options->allocator;
    if (options != NULL && options->max_rules < max)
        max = options->max_rules;
    if (len > max) {
        error_set(error_out, BOUNCE_E_LIMIT, 0, "the policy is too large");
        return BOUNCE_E_LIMIT;
    }
    policy = allocator.alloc(allocator.ctx, sizeof(*policy));
    if (policy == NULL) {
        error_set(error_out, BOUNCE_E_NOMEM, 0, "no memory for the policy");
        return BOUNCE_E_NOMEM;
    }
    memset(policy, 0, sizeof(*policy));
    policy->allocator = allocator;
    /* A line of a few bytes takes a field of some fifty. */
    arena_init(&policy->arena, &policy->allocator, (size_t)32 << 20);
    err = read_layers(policy, text, name, slice_make(data, len), error_out);
    if (err != BOUNCE_OK) {
        bounce_policy_free(policy);
        return err;
    }
    *policy_out = policy;
    return BOUNCE_OK;
}

void bounce_policy_free(struct bounce_policy *policy)
{
    struct bounce_allocator allocator;

    if (policy == NULL)
        return;
    allocator = policy->allocator;
    arena_clear(&policy->arena);
    allocator.release(allocator.ctx, policy, sizeof(*policy));
}

bool bounce_policy_entry_at(const struct bounce_policy *policy, size_t i,
                            struct bounce_policy_entry *entry_out)
{
    const struct policy_entry *e;

    if (i >= policy->entry_count)
        return false;
    e = &policy->entries[i];
    *entry_out = (struct bounce_policy_entry){
        .category = slice_cstr(e->category),
        .says = e->says,
        .counter = e->counter,
        .origin = e->origin,
        .line = e->line,
        .never_suppresses = e->suppress == POLICY_SUPPRESS_NEVER,
    };
    return true;
}

const struct policy_entry *policy_entry(const struct bounce_policy *policy,
                                        struct bounce_slice category)
{
    size_t low = 0, high = policy->entry_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(slice_cstr(policy->entries[middle].category),
                                  category);

        if (order == 0)
            return &policy->entries[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct policy_counter *policy_counter(const struct bounce_policy *policy,
                                            struct bounce_slice id)
{
    for (size_t i = 0; i < policy->counter_count; i++) {
        if (slice_eq(slice_cstr(policy->counters[i].id), id))
            return &policy->counters[i];
    }
    return NULL;
}

int64_t policy_steps_at(const struct policy_steps *steps, unsigned step)
{
    int64_t duration;
    unsigned last = steps->count - 1;

    if (step <= last)
        return steps->step_s[step];
    duration = steps->step_s[last];
    for (; steps->max_s > 0 && step > last && duration < steps->max_s; step--)
        duration *= 2;
    return steps->max_s > 0 && duration > steps->max_s ? steps->max_s
                                                       : duration;
}
