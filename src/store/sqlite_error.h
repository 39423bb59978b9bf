/* SPDX-License-Identifier: MIT
 * What SQLite's result codes mean to a user of the store. */
#ifndef BOUNCE_STORE_SQLITE_ERROR_H
#define BOUNCE_STORE_SQLITE_ERROR_H

#include <sqlite3.h>

#include "store/store.h"

/* rc: an extended result code of db, which may be NULL; path: for people. Fills
 * error. */
enum store_err sqlite_fail(sqlite3 *db, int rc, const char *path,
                           struct store_error *error);
/* The same for errno of a file that could not be opened or made. */
enum store_err sqlite_fail_open(int number, const char *path,
                                struct store_error *error);

#endif
