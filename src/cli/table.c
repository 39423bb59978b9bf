/* SPDX-License-Identifier: MIT */
#include "cli/table.h"

#include <unistd.h>

#include "cli/term.h"

#define CELL_MAX 44 /* columns; the last cell takes what is left */
#define CELL_GAP 2

void table_init(struct table *table, struct out *out, const char *const *titles,
                size_t columns, size_t class_column)
{
    *table = (struct table){.out = out,
                            .titles = titles,
                            .columns = columns,
                            .class_column = class_column,
                            .line_width = term_columns(STDOUT_FILENO),
                            .colour = term_colour(STDOUT_FILENO)};
    for (size_t i = 0; i < columns; i++)
        table->widths[i] = strlen(titles[i]);
}

static struct bounce_slice next_cell(struct bounce_slice *row)
{
    size_t tab = slice_find_byte(*row, '\t');
    struct bounce_slice cell = slice_sub(*row, 0, tab);

    *row = slice_from(*row, tab == SLICE_NPOS ? row->len : tab + 1);
    return cell;
}

static void add_cell(struct table *table, struct bounce_slice cell,
                     size_t width, enum term_style style, bool last)
{
    struct textbuf *text = &table->out->text;
    size_t columns = textbuf_columns(cell);

    if (last && columns > width) {
        size_t fit = textbuf_fit(cell, width > 0 ? width - 1 : 0);

        term_styled(text, style, table->colour, slice_sub(cell, 0, fit));
        textbuf_cstr(text, "\xE2\x80\xA6");
        return;
    }
    term_styled(text, style, table->colour, cell);
    if (!last)
        textbuf_repeat(text, ' ',
                       CELL_GAP + (columns < width ? width - columns : 0));
}

static size_t last_width(const struct table *table)
{
    size_t used = 0;

    for (size_t i = 0; i + 1 < table->columns; i++)
        used += table->widths[i] + CELL_GAP;
    return used + 20 < table->line_width ? table->line_width - used : 20;
}

static void write_row(struct table *table, struct bounce_slice row)
{
    for (size_t i = 0; i < table->columns; i++) {
        struct bounce_slice cell = next_cell(&row);
        bool last = i + 1 == table->columns;
        enum term_style style =
            i == table->class_column ? term_class_style(cell) : TERM_PLAIN;

        add_cell(table, cell, last ? last_width(table) : table->widths[i],
                 style, last);
    }
    textbuf_byte(&table->out->text, '\n');
    out_tick(table->out);
}

static void start(struct table *table)
{
    struct bounce_slice rows = textbuf_slice(&table->ahead), row;

    table->started = true;
    for (size_t i = 0; i < table->columns; i++) {
        bool last = i + 1 == table->columns;

        add_cell(table, slice_cstr(table->titles[i]), table->widths[i],
                 TERM_BOLD, last);
    }
    textbuf_byte(&table->out->text, '\n');
    while (slice_next_piece(&rows, '\n', &row))
        write_row(table, row);
    textbuf_free(&table->ahead);
}

static void measure(struct table *table, struct bounce_slice row)
{
    for (size_t i = 0; i + 1 < table->columns; i++) {
        size_t columns = textbuf_columns(next_cell(&row));

        if (columns > CELL_MAX)
            columns = CELL_MAX;
        if (columns > table->widths[i])
            table->widths[i] = columns;
    }
}

void table_row(struct table *table, struct bounce_slice row)
{
    if (table->started) {
        write_row(table, row);
        return;
    }
    measure(table, row);
    textbuf_add(&table->ahead, row);
    textbuf_byte(&table->ahead, '\n');
    if (++table->ahead_rows == TABLE_AHEAD)
        start(table);
}

void table_end(struct table *table)
{
    if (!table->started && table->ahead_rows > 0)
        start(table);
    textbuf_free(&table->ahead);
}
