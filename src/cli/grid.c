/* SPDX-License-Identifier: MIT */
#include "cli/grid.h"

#include <unistd.h>

#include "base/date.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/json_out.h"
#include "cli/view.h"

enum grid_format grid_format(bool json, bool csv, bool table)
{
    if (json)
        return GRID_JSON;
    if (csv)
        return GRID_CSV;
    return table || isatty(STDOUT_FILENO) ? GRID_TABLE : GRID_TEXT;
}

/* A spreadsheet must not take a foreign text for a formula: what begins like
 * one gets an apostrophe, which spreadsheets do not show. */
static bool formula(struct bounce_slice s)
{
    return s.len > 0 && memchr("=+-@\t\r", s.ptr[0], 6) != NULL;
}

static void put_csv(struct textbuf *text, struct bounce_slice s, bool exact)
{
    const bool guard = !exact && formula(s);

    if (!guard && slice_find_byte(s, ',') == SLICE_NPOS &&
        slice_find_byte(s, '"') == SLICE_NPOS &&
        slice_find_byte(s, '\n') == SLICE_NPOS &&
        slice_find_byte(s, '\r') == SLICE_NPOS) {
        textbuf_add(text, s);
        return;
    }
    textbuf_byte(text, '"');
    if (guard)
        textbuf_byte(text, '\'');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"')
            textbuf_byte(text, '"');
        textbuf_byte(text, s.ptr[i]);
    }
    textbuf_byte(text, '"');
}

static const struct grid_column *find(const struct grid_column *all,
                                      size_t count, struct bounce_slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_eq(slice_cstr(all[i].name), name))
            return &all[i];
    }
    return NULL;
}

static bool choose(struct grid *grid, const struct grid_column *all,
                   size_t count, struct bounce_slice names, const char *verb)
{
    struct bounce_slice name;

    while (slice_next_piece(&names, ',', &name)) {
        const struct grid_column *column;

        name = slice_trim(name);
        column = find(all, count, name);
        if (column == NULL) {
            args_wrong(verb, "there is no column %.*s", CLI_ARG(name));
            return false;
        }
        if (grid->count == TABLE_COLUMNS) {
            args_wrong(verb, "more than %d columns", TABLE_COLUMNS);
            return false;
        }
        grid->columns[grid->count++] = column;
    }
    if (grid->count == 0)
        args_wrong(verb, "--columns names no column");
    return grid->count > 0;
}

static void start(struct grid *grid)
{
    size_t class_column = grid->count;

    for (size_t i = 0; i < grid->count; i++) {
        grid->titles[i] = grid->columns[i]->name;
        if (strcmp(grid->titles[i], "class") == 0)
            class_column = i;
    }
    if (grid->format == GRID_TABLE)
        table_init(&grid->table, grid->out, grid->titles, grid->count,
                   class_column);
    if (grid->format != GRID_CSV)
        return;
    for (size_t i = 0; i < grid->count; i++) {
        if (i > 0)
            textbuf_byte(&grid->out->text, ',');
        put_csv(&grid->out->text, slice_cstr(grid->titles[i]), true);
    }
    textbuf_cstr(&grid->out->text, "\r\n");
}

bool grid_init(struct grid *grid, struct out *out, enum grid_format format,
               const struct grid_column *all, size_t count, const char *chosen,
               const char *verb)
{
    const enum grid_show most =
        format == GRID_JSON || format == GRID_CSV ? GRID_MORE : GRID_STANDARD;

    *grid = (struct grid){.out = out, .format = format};
    if (chosen != NULL) {
        if (!choose(grid, all, count, slice_cstr(chosen), verb))
            return false;
    } else {
        for (size_t i = 0; i < count && grid->count < TABLE_COLUMNS; i++) {
            if (all[i].show <= most)
                grid->columns[grid->count++] = &all[i];
        }
    }
    start(grid);
    return true;
}

void grid_row(struct grid *grid, const void *row)
{
    struct textbuf *text = &grid->row;

    text->len = 0;
    if (grid->format == GRID_JSON)
        textbuf_byte(text, '{');
    for (grid->at = 0; grid->at < grid->count; grid->at++) {
        if (grid->format == GRID_JSON)
            json_out_key(text, grid->columns[grid->at]->name);
        else if (grid->at > 0)
            textbuf_byte(text, grid->format == GRID_CSV ? ',' : '\t');
        grid->columns[grid->at]->put(grid, row);
    }
    grid->rows++;
    if (grid->format == GRID_TABLE) {
        table_row(&grid->table, textbuf_slice(text));
        return;
    }
    if (grid->format == GRID_JSON)
        textbuf_byte(text, '}');
    textbuf_cstr(text, grid->format == GRID_CSV ? "\r\n" : "\n");
    textbuf_add(&grid->out->text, textbuf_slice(text));
    out_tick(grid->out);
}

void grid_end(struct grid *grid)
{
    if (grid->format == GRID_TABLE)
        table_end(&grid->table);
    textbuf_free(&grid->row);
}

void grid_text(struct grid *grid, struct bounce_slice s)
{
    if (grid->format == GRID_JSON)
        json_out_string(&grid->row, s);
    else if (grid->format == GRID_CSV)
        put_csv(&grid->row, s, grid->exact);
    else
        view_field(&grid->row, s);
}

void grid_word(struct grid *grid, const char *word)
{
    grid_text(grid, word != NULL ? slice_cstr(word) : SLICE_NULL);
}

/* A value that JSON does not quote. */
static void put_bare(struct grid *grid, const char *value)
{
    textbuf_cstr(&grid->row, value);
}

void grid_number(struct grid *grid, int64_t value)
{
    textbuf_format(&grid->row, "%lld", (long long)value);
}

void grid_real(struct grid *grid, double value)
{
    if (grid->format == GRID_JSON)
        json_out_rate(&grid->row, value);
    else if (value < 0)
        put_bare(grid, grid->format == GRID_CSV ? "" : "-");
    else
        textbuf_format(&grid->row, "%.4f", value);
}

void grid_time(struct grid *grid, int64_t time)
{
    char text[DATE_ISO_SIZE];

    if (time == BOUNCE_NO_TIME || date_format_iso(time, text) == 0)
        grid_text(grid, SLICE_NULL);
    else
        grid_word(grid, text);
}

void grid_bool(struct grid *grid, bool value)
{
    if (grid->format == GRID_JSON)
        put_bare(grid, value ? "true" : "false");
    else
        put_bare(grid, value ? "yes" : "no");
}

void grid_list(struct grid *grid, const struct bounce_slice *list, size_t count)
{
    struct textbuf words = {0};

    if (grid->format == GRID_JSON) {
        json_out_strings(&grid->row, list, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            textbuf_byte(&words, ' ');
        textbuf_add(&words, list[i]);
    }
    grid_text(grid, count > 0 ? textbuf_slice(&words) : SLICE_NULL);
    textbuf_free(&words);
}
