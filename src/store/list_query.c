/* SPDX-License-Identifier: MIT */
#include "store/list_query.h"

#include <stdio.h>

void query_init(struct query *query, const char *sql)
{
    query->len = query->count = 0;
    query->over = false;
    query->sql[0] = '\0';
    query_add(query, sql);
}

void query_add(struct query *query, const char *sql)
{
    size_t len = strlen(sql);

    if (len >= sizeof(query->sql) - query->len) {
        query->over = true;
        return;
    }
    memcpy(query->sql + query->len, sql, len + 1);
    query->len += len;
}

void query_value(struct query *query, struct store_value value)
{
    char number[24];

    if (query->count == QUERY_VALUES) {
        query->over = true;
        return;
    }
    query->values[query->count++] = value;
    snprintf(number, sizeof(number), "$%zu", query->count);
    query_add(query, number);
}

enum store_err query_run(struct query *query, struct store *store,
                         store_row_fn *row, void *ctx,
                         struct store_error *error)
{
    if (query->over)
        return store_fail(error, STORE_E_VALUE, "the filter is too long");
    return store_run(store, query->sql, query->values, query->count, row, ctx,
                     error);
}

/* ---- Words ----------------------------------------------------------- */

enum store_err words_read(struct bounce_slice field, const char *name,
                          struct words *words_out, struct store_error *error)
{
    struct bounce_slice word;

    words_out->count = 0;
    words_out->any = field.ptr == NULL;
    while (field.ptr != NULL && slice_next_piece(&field, ',', &word)) {
        if (words_out->count == WORDS_MAX)
            return store_fail(error, STORE_E_VALUE, "%s: more than %d values",
                              name, WORDS_MAX);
        words_out->list[words_out->count++] = slice_trim(word);
    }
    return STORE_OK;
}

bool words_have(const struct words *words, struct bounce_slice word)
{
    for (size_t i = 0; i < words->count; i++)
        if (slice_eq(words->list[i], word))
            return true;
    return words->any;
}

void query_words(struct query *query, const char *expression,
                 const struct words *words)
{
    if (words->any)
        return;
    query_add(query, " AND ");
    query_add(query, words->count == 0 ? "1 = 0" : expression);
    for (size_t i = 0; i < words->count; i++) {
        query_add(query, i == 0 ? " IN (" : ", ");
        query_value(query, store_text(words->list[i]));
    }
    query_add(query, words->count == 0 ? "" : ")");
}

static enum store_err unknown_word(const char *name, struct bounce_slice word,
                                   struct store_error *error)
{
    return store_fail(error, STORE_E_VALUE, "no such %s: %.*s", name,
                      (int)(word.len < 100 ? word.len : 100), word.ptr);
}

enum store_err words_number(const struct words *words, const char *name,
                            const char *(*name_of)(unsigned value),
                            unsigned count, bool wanted_out[],
                            struct store_error *error)
{
    for (unsigned value = 0; value < count; value++)
        wanted_out[value] = words->any;
    for (size_t i = 0; i < words->count; i++) {
        unsigned value = 0;

        while (value < count &&
               !slice_eq_nocase(words->list[i], slice_cstr(name_of(value))))
            value++;
        if (value == count)
            return unknown_word(name, words->list[i], error);
        wanted_out[value] = true;
    }
    return STORE_OK;
}

static const char *class_name(unsigned value)
{
    return bounce_class_name((enum bounce_class)value);
}

enum store_err words_categories(const struct bounce_engine *engine,
                                const struct list_filter *filter,
                                struct words *words_out,
                                struct store_error *error)
{
    bool classes[BOUNCE_CLASS_UNDETERMINED + 1];
    struct words named, asked;
    enum store_err err =
        words_read(filter->category, "category", &named, error);

    if (err == STORE_OK)
        err = words_read(filter->cls, "class", &asked, error);
    if (err == STORE_OK)
        err = words_number(&asked, "class", class_name,
                           BOUNCE_CLASS_UNDETERMINED + 1, classes, error);
    if (err != STORE_OK)
        return err;
    for (size_t i = 0; i < named.count; i++)
        if (bounce_category_find(engine, named.list[i]) == NULL)
            return unknown_word("category", named.list[i], error);
    words_out->any = named.any && asked.any;
    words_out->count = 0;
    for (size_t i = 0; !words_out->any; i++) {
        const struct bounce_category *category = bounce_category_at(engine, i);

        if (category == NULL)
            break;
        if (!classes[category->cls] || !words_have(&named, category->id) ||
            words_have(words_out, category->id))
            continue;
        if (words_out->count == WORDS_MAX)
            return store_fail(error, STORE_E_VALUE,
                              "class: more than %d categories", WORDS_MAX);
        words_out->list[words_out->count++] = category->id;
    }
    return STORE_OK;
}

enum store_err words_domains(const struct book *book, struct bounce_slice field,
                             struct arena *arena, struct words *words_out,
                             struct store_error *error)
{
    enum store_err err = words_read(field, "domain", words_out, error);

    for (size_t i = 0; err == STORE_OK && i < words_out->count; i++) {
        struct bounce_slice word = words_out->list[i];
        char text[ADDRESS_MAX];
        struct address address;

        if (word.len + 2 > sizeof(text))
            return unknown_word("domain", word, error);
        memcpy(text, "a@", 2);
        memcpy(text + 2, word.ptr, word.len);
        if (address_read(book->addresses, slice_make(text, word.len + 2),
                         &address) != ADDRESS_FINE)
            return unknown_word("domain", word, error);
        words_out->list[i] = arena_dup(arena, address.domain);
        if (words_out->list[i].ptr == NULL)
            return list_no_memory(error);
    }
    return err;
}

/* ---- Addresses and cursors ------------------------------------------- */

enum store_err list_find_address(struct book *book, struct bounce_slice text,
                                 struct address *address_out,
                                 struct store_error *error)
{
    enum address_flaw flaw = address_read(book->addresses, text, address_out);
    struct book_state *state;
    struct arena arena;
    enum store_err err;

    if (flaw != ADDRESS_FINE)
        return store_fail(error, STORE_E_VALUE, "the address is %s",
                          address_flaw_text(flaw));
    arena_init(&arena, allocator_default(), SIZE_MAX);
    state = arena_alloc(&arena, sizeof(*state));
    err = state == NULL
              ? list_no_memory(error)
              : book_state(book, address_out, SLICE(""), state, error);
    arena_clear(&arena);
    return err;
}

#define FIRST_STEP 1000U
#define LAST_STEP  64000U
#define LEAST_READ 100U /* some will not fit */

size_t list_pace(const struct list_filter *filter, size_t left, size_t *step)
{
    size_t wanted = left < LIST_PAGE ? left : LIST_PAGE;

    /* Work that is counted goes in even steps, so that it ends in time. */
    if (filter->work > 0) {
        *step = filter->work < FIRST_STEP ? filter->work : FIRST_STEP;
    } else {
        if (wanted < LEAST_READ)
            wanted = LEAST_READ;
        *step = *step == 0 ? FIRST_STEP : *step * 2;
        if (*step > LAST_STEP)
            *step = LAST_STEP;
    }
    if (*step < wanted)
        *step = wanted;
    return wanted;
}

bool cursor_number(struct bounce_slice *rest, int64_t *number_out)
{
    bool negative = rest->len > 0 && rest->ptr[0] == '-';
    size_t i = negative ? 1 : 0, start = i;
    int64_t number = 0;

    while (i < rest->len && i - start < 19 &&
           ascii_is_digit((unsigned char)rest->ptr[i])) {
        int digit = rest->ptr[i++] - '0';

        if (number > (INT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (i == start || (i < rest->len && rest->ptr[i] != '.'))
        return false;
    *number_out = negative ? -number : number;
    *rest = slice_from(*rest, i + 1);
    return true;
}

enum store_err list_bad_cursor(struct bounce_slice cursor,
                               struct store_error *error)
{
    return store_fail(error, STORE_E_VALUE, "no cursor of this list: %.*s",
                      (int)(cursor.len < 100 ? cursor.len : 100), cursor.ptr);
}

enum store_err list_no_memory(struct store_error *error)
{
    return store_fail(error, STORE_E_NOMEM, "memory is out");
}
