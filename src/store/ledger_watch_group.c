/* SPDX-License-Identifier: MIT
 * Groups in memory, and their rows in table pulse_dim. */
#include <stdlib.h>

#include "base/hash.h"
#include "store/ledger_watch.h"

const char *const watch_dims[WATCH_DIMS] = {"all", "provider", "ip",
                                            "sender_domain", "campaign"};

enum watch_dim watch_dim_of(struct bounce_slice name)
{
    unsigned dim = 0;

    while (dim < WATCH_DIMS && !slice_eq(name, slice_cstr(watch_dims[dim])))
        dim++;
    return (enum watch_dim)dim;
}

enum watch_dim watch_base(enum watch_dim dim)
{
    return dim >= WATCH_IP ? dim : WATCH_ALL;
}

uint32_t watch_hash(enum watch_dim dim, struct bounce_slice value)
{
    uint32_t hash = hash_bytes(value) ^ (uint32_t)dim * 0x9E3779B1U;

    return hash ^ hash >> 15;
}

static struct watch_group *find(const struct watch *watch, enum watch_dim dim,
                                struct bounce_slice value, uint32_t hash)
{
    struct watch_group *group = NULL;

    if (watch->slot_count > 0)
        group = watch->slots[hash & (watch->slot_count - 1)];
    while (group != NULL && (group->hash != hash || group->dim != dim ||
                             !slice_eq(slice_cstr(group->value), value)))
        group = group->next;
    return group;
}

struct watch_group *watch_find(const struct watch *watch, enum watch_dim dim,
                               struct bounce_slice value)
{
    return find(watch, dim, value, watch_hash(dim, value));
}

static bool grow(struct watch *watch)
{
    size_t count = watch->slot_count > 0 ? watch->slot_count * 2 : 256;
    struct watch_group **slots = calloc(count, sizeof(struct watch_group *));

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < watch->slot_count; i++) {
        while (watch->slots[i] != NULL) {
            struct watch_group *group = watch->slots[i];
            size_t slot = group->hash & (count - 1);

            watch->slots[i] = group->next;
            group->next = slots[slot];
            slots[slot] = group;
        }
    }
    free(watch->slots);
    watch->slots = slots;
    watch->slot_count = count;
    return true;
}

static struct watch_group *make_group(struct watch *watch, enum watch_dim dim,
                                      struct bounce_slice value, uint32_t hash)
{
    struct watch_group *group;
    size_t slot;

    if (watch->group_count >= watch->slot_count && !grow(watch))
        return NULL;
    group = calloc(1, sizeof(*group));
    if (group == NULL)
        return NULL;
    group->value = malloc(value.len + 1);
    if (group->value == NULL) {
        free(group);
        return NULL;
    }
    if (value.len > 0)
        memcpy(group->value, value.ptr, value.len);
    group->value[value.len] = '\0';
    group->dim = dim;
    group->hash = hash;
    group->past_day = -1;
    slot = hash & (watch->slot_count - 1);
    group->next = watch->slots[slot];
    watch->slots[slot] = group;
    watch->group_count++;
    return group;
}

void watch_groups_forget(struct watch *watch)
{
    for (size_t i = 0; i < watch->slot_count; i++) {
        while (watch->slots[i] != NULL) {
            struct watch_group *group = watch->slots[i];

            watch->slots[i] = group->next;
            free(group->value);
            free(group);
        }
    }
    free(watch->slots);
    watch->slots = NULL;
    watch->slot_count = watch->group_count = 0;
}

/* Older hours than that of the slot are over for good. */
static void slot_add(struct watch_slot *slot, int64_t stamp, const uint32_t *n)
{
    if (slot->stamp > stamp)
        return;
    if (slot->stamp < stamp)
        *slot = (struct watch_slot){.stamp = stamp};
    for (unsigned i = 0; i < WATCH_COLUMNS; i++)
        slot->n[i] += n[i];
}

void watch_group_add(struct watch_group *group, int64_t hour, const uint32_t *n)
{
    int64_t day = hour / 24;

    if (hour < 0)
        return;
    slot_add(&group->hours[hour % WATCH_HOURS], hour, n);
    slot_add(&group->days[day % WATCH_DAYS], day, n);
    if (day < group->past_day)
        group->past_day = -1;
}

/* ---- In the store ------------------------------------------------------ */

static const struct store_column pulse_keys[] = {{"dim", STORE_TEXT},
                                                 {"value", STORE_TEXT}};
static const struct store_get pulse_get = {
    "pulse_dim",
    "dim, value, hour, delivered, bounced, delayed, sent, hard, block, rate, "
    "complaint, connection",
    pulse_keys, 2};

static bool take_pulse(void *ctx, const struct store_value *row, size_t columns)
{
    struct watch_group *group =
        watch_find(ctx, watch_dim_of(row[0].text), row[1].text);
    uint32_t n[WATCH_COLUMNS];

    (void)columns;
    if (group == NULL)
        return true;
    for (unsigned i = 0; i < WATCH_COLUMNS; i++)
        n[i] = (uint32_t)value_int(&row[3 + i]);
    watch_group_add(group, value_int(&row[2]), n);
    return true;
}

struct watch_group *watch_want(struct ledger *ledger, struct rows *keys,
                               enum watch_dim dim, struct bounce_slice value)
{
    uint32_t hash = watch_hash(dim, value);
    struct watch_group *group = find(ledger->watch, dim, value, hash);
    struct store_value *key;

    if (group != NULL)
        return group;
    group = make_group(ledger->watch, dim, value, hash);
    key = rows_add(ledger, keys);
    if (group == NULL || key == NULL)
        return NULL;
    key[0] = store_text(slice_cstr(watch_dims[dim]));
    key[1] = store_text(slice_cstr(group->value));
    return group;
}

enum store_err watch_read(struct ledger *ledger, const struct rows *keys,
                          struct store_error *error)
{
    return store_get_rows(ledger->book->store, &pulse_get, keys->values,
                          keys->count, take_pulse, ledger->watch, error);
}

enum store_err watch_need(struct ledger *ledger, enum watch_dim dim,
                          struct bounce_slice value,
                          struct watch_group **group_out,
                          struct store_error *error)
{
    struct rows keys;

    *group_out = watch_find(ledger->watch, dim, value);
    if (*group_out != NULL)
        return STORE_OK;
    if (!rows_init(ledger, &keys, 2, 1))
        return ledger_nomem(error);
    *group_out = watch_want(ledger, &keys, dim, value);
    if (*group_out == NULL)
        return ledger_nomem(error);
    return watch_read(ledger, &keys, error);
}
