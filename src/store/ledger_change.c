/* SPDX-License-Identifier: MIT
 * Table change: what became of states and holds, in the order of what came
 * in. */
#include <stdlib.h>

#include "store/ledger_in.h"

static const struct store_column change_columns[] = {
    {"seq", STORE_INT},         {"at", STORE_INT},
    {"recorded_at", STORE_INT}, {"rcpt", STORE_INT},
    {"address", STORE_TEXT},    {"scope", STORE_TEXT},
    {"what", STORE_TEXT},       {"was", STORE_TEXT},
    {"becomes", STORE_TEXT},    {"until", STORE_INT},
    {"outcome", STORE_TEXT},    {"reason", STORE_TEXT},
    {"category", STORE_TEXT},   {"entry", STORE_TEXT},
    {"rule", STORE_TEXT},       {"event_id", STORE_TEXT},
    {"label", STORE_TEXT},      {"counter", STORE_TEXT},
    {"count", STORE_INT},       {"needed", STORE_INT},
    {"flags", STORE_INT}};
#define CHANGE_COLUMNS (sizeof(change_columns) / sizeof(change_columns[0]))
static const struct store_put change_put = {"change", change_columns,
                                            CHANGE_COLUMNS, 0, STORE_KEEP};

struct change *change_add(struct ledger *ledger, const struct entry *entry)
{
    struct change *change = arena_calloc(&ledger->arena, 1, sizeof(*change));

    ledger->change_list =
        ledger_grow(ledger, ledger->change_list, ledger->change_count,
                    &ledger->change_cap, sizeof(struct change *));
    if (change == NULL || ledger->change_list == NULL)
        return NULL;
    ledger->change_list[ledger->change_count++] = change;
    change->entry = entry;
    change->index = entry->index;
    change->scope = SLICE("");
    change->cause.until = BOUNCE_NO_TIME;
    return change;
}

static int by_index(const void *a, const void *b)
{
    const struct change *x = *(const struct change *const *)a;
    const struct change *y = *(const struct change *const *)b;

    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static struct store_value text(const char *value)
{
    return value[0] != '\0' ? store_text(slice_cstr(value))
                            : (struct store_value){0};
}

static void fill_row(const struct change *c, int64_t seq, int64_t now,
                     struct store_value *row)
{
    const struct person *person = c->of_person ? c->entry->person : NULL;

    row[0] = store_int(seq);
    row[1] = store_int(c->entry->at);
    row[2] = store_int(now);
    if (person != NULL) {
        row[3] = store_int(person->key);
        row[4] = store_text(person->address);
    }
    row[5] = store_text(c->scope);
    row[6] = store_text(slice_cstr(c->what));
    row[7] = store_text(slice_cstr(c->was));
    row[8] = store_text(slice_cstr(c->becomes));
    row[9] = store_time(c->cause.until);
    row[10] = store_text(slice_cstr(c->outcome));
    row[11] = store_text(slice_cstr(c->reason));
    row[12] = text(c->cause.category);
    row[13] = text(c->cause.entry);
    row[14] = text(c->cause.rule);
    row[15] = text(c->cause.event_id);
    row[16] = store_text(c->label);
    row[17] = text(c->counter);
    if (c->counter[0] != '\0') {
        row[18] = store_int(c->count);
        row[19] = store_int(c->needed);
    }
    row[20] = store_int(c->flags);
}

enum store_err changes_put(struct ledger *ledger, struct store_error *error)
{
    enum store_err err = STORE_OK;
    struct rows rows;

    if (ledger->change_count == 0)
        return STORE_OK;
    if (!rows_init(ledger, &rows, CHANGE_COLUMNS, 16))
        return ledger_nomem(error);
    for (size_t i = 0; i < ledger->change_count; i++)
        ledger->change_list[i]->order = i;
    qsort(ledger->change_list, ledger->change_count, sizeof(struct change *),
          by_index);
    for (size_t i = 0; i < ledger->change_count && err == STORE_OK; i++) {
        struct store_value *row = rows_add(ledger, &rows);

        if (row == NULL)
            return ledger_nomem(error);
        fill_row(ledger->change_list[i], ++ledger->change_seq, ledger->now,
                 row);
        err = rows_put(ledger, &rows, &change_put, false, error);
    }
    return err == STORE_OK ? rows_put(ledger, &rows, &change_put, true, error)
                           : err;
}
