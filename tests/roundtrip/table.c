/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void fail(const char *path, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", path, line, what);
    exit(2);
}

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at =
        c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* "|" becomes a line break, "\xE9" that byte. */
static void unescape(const char *in, char out[TABLE_REPLY])
{
    size_t used = 0;

    while (*in != '\0' && used < TABLE_REPLY - 3) {
        if (*in == '|') {
            out[used++] = '\r';
            out[used++] = '\n';
            in++;
        } else if (in[0] == '\\' && in[1] == 'x' && hex_value(in[2]) >= 0 &&
                   hex_value(in[3]) >= 0) {
            out[used++] = (char)(hex_value(in[2]) * 16 + hex_value(in[3]));
            in += 4;
        } else {
            out[used++] = *in++;
        }
    }
    out[used] = '\0';
}

void table_read(struct table *table, const char *path)
{
    char text[TABLE_REPLY];
    FILE *file = fopen(path, "r");
    int line = 0;

    table->count = 0;
    if (file == NULL)
        fail(path, 0, "cannot be read");
    while (fgets(text, sizeof(text), file) != NULL) {
        struct row *row = &table->rows[table->count];
        int reply_at = 0;

        line++;
        text[strcspn(text, "\n")] = '\0';
        if (text[0] == '#' || text[0] == '\0')
            continue;
        if (table->count == TABLE_ROWS)
            fail(path, line, "too many rows");
        if (sscanf(text, "%31s %15s %n", row->id, row->stage, &reply_at) != 2 ||
            text[reply_at] == '\0')
            fail(path, line, "not ID STAGE REPLY");
        unescape(text + reply_at, row->reply);
        table->count++;
    }
    fclose(file);
}

int table_find(const struct table *table, const char *id, int len)
{
    for (int i = 0; i < table->count; i++) {
        if (strlen(table->rows[i].id) == (size_t)len &&
            strncasecmp(table->rows[i].id, id, (size_t)len) == 0)
            return i;
    }
    return -1;
}
