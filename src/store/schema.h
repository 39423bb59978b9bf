/* SPDX-License-Identifier: MIT
 * The SQL of schema/ as it is built in: script i brings a store from version i
 * to i + 1; NULL ends the list. */
#ifndef BOUNCE_STORE_SCHEMA_H
#define BOUNCE_STORE_SCHEMA_H

extern const char *const schema_sqlite[];
extern const char *const schema_postgresql[];

/* SQLite's application_id of a store, "Bnce", as its first script sets it. */
#define SCHEMA_APPLICATION 0x426e6365

#endif
