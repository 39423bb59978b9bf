/* SPDX-License-Identifier: MIT */
#include "store/event_day.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_S     86400
#define DAY_MAX   9999999
#define MARK      "event_day"
#define NAME_SIZE 32

struct event_days {
    bool marked;   /* the row MARK is there */
    int64_t *list; /* rising */
    size_t count, cap;
};

struct event_days *event_days_new(void)
{
    return calloc(1, sizeof(struct event_days));
}

void event_days_free(struct event_days *days)
{
    if (days != NULL)
        free(days->list);
    free(days);
}

void event_days_drop(struct event_days *days)
{
    days->marked = false;
    days->count = 0;
}

static void name_day(int64_t day, char out[NAME_SIZE])
{
    snprintf(out, NAME_SIZE, MARK ":%07" PRId64, day);
}

/* ---- Writing --------------------------------------------------------- */

/* Notes once how far the events go that no day was noted for. */
static enum store_err mark(struct book *book, struct store_error *error)
{
    int64_t newest = -DAY_S; /* there are none */
    char text[NAME_SIZE];
    bool found;
    enum store_err err =
        book_meta(book, MARK, text, sizeof(text), &found, error);

    if (err != STORE_OK || found)
        return err;
    err = store_run(book->store, "SELECT max(at) FROM event", NULL, 0,
                    store_take_int, &newest, error);
    if (err != STORE_OK)
        return err;
    snprintf(text, sizeof(text), "%" PRId64, newest / DAY_S);
    return book_meta_set(book, MARK, text, error);
}

/* Where the day stands in the list, or belongs. */
static size_t place_of(const struct event_days *days, int64_t day)
{
    size_t low = 0, high = days->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (days->list[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool remember(struct event_days *days, size_t place, int64_t day)
{
    if (days->count == days->cap) {
        size_t cap = days->cap > 0 ? days->cap * 2 : 16;
        int64_t *list = realloc(days->list, cap * sizeof(*list));

        if (list == NULL)
            return false;
        days->list = list;
        days->cap = cap;
    }
    memmove(days->list + place + 1, days->list + place,
            (days->count - place) * sizeof(*days->list));
    days->list[place] = day;
    days->count++;
    return true;
}

enum store_err event_days_note(struct event_days *days, struct book *book,
                               int64_t at, int64_t seq,
                               struct store_error *error)
{
    static const struct store_column columns[] = {{"name", STORE_TEXT},
                                                  {"value", STORE_TEXT}};
    static const struct store_put put = {"meta", columns, 2, 1, STORE_KEEP};
    const int64_t day = at / DAY_S;
    const size_t place = place_of(days, day);
    char name[NAME_SIZE], value[NAME_SIZE];
    struct store_value row[2];

    if (place < days->count && days->list[place] == day)
        return STORE_OK;
    if (!days->marked) {
        enum store_err err = mark(book, error);

        if (err != STORE_OK)
            return err;
        days->marked = true;
    }
    if (!remember(days, place, day))
        return store_fail(error, STORE_E_NOMEM, "memory is out");
    name_day(day, name);
    snprintf(value, sizeof(value), "%" PRId64, seq);
    row[0] = store_text(slice_cstr(name));
    row[1] = store_text(slice_cstr(value));
    return store_put_rows(book->store, &put, row, 1, error);
}

/* ---- Reading --------------------------------------------------------- */

enum store_err event_days_first(struct book *book, int64_t since,
                                int64_t *seq_out, struct store_error *error)
{
    const int64_t day = since / DAY_S;
    char text[NAME_SIZE], name[NAME_SIZE];
    struct store_value value;
    bool found;
    enum store_err err =
        book_meta(book, MARK, text, sizeof(text), &found, error);

    *seq_out = 0;
    if (err != STORE_OK || since < 0 || !found ||
        day <= strtoll(text, NULL, 10))
        return err;
    *seq_out = INT64_MAX; /* unless there are days from then on */
    if (day > DAY_MAX)
        return STORE_OK;
    name_day(day, name);
    value = store_text(slice_cstr(name));
    return store_run(book->store,
                     "SELECT min(CAST(value AS BIGINT)) FROM meta WHERE "
                     "name >= $1 AND name < '" MARK ";'",
                     &value, 1, store_take_int, seq_out, error);
}
