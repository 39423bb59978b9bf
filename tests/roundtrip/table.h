/* SPDX-License-Identifier: MIT
 * The table of refusals that sink and names act out; see ./refusals. */
#ifndef BOUNCE_TESTS_TABLE_H
#define BOUNCE_TESTS_TABLE_H

#define TABLE_ROWS     120
#define TABLE_REPLY    8192
#define TABLE_FIRST_IP 128 /* row i answers at 192.0.2.(128 + i) */
#define TABLE_STORE_IP 127 /* where bounces are handed in and kept */

struct row {
    char id[32];
    char stage[16];
    char reply[TABLE_REPLY];
};

struct table {
    struct row rows[TABLE_ROWS];
    int count;
};

/* Reads the file at path; says what is wrong and exits when it cannot. */
void table_read(struct table *table, const char *path);

/* The row with this id of len bytes, letters of any case; or -1. */
int table_find(const struct table *table, const char *id, int len);

#endif
