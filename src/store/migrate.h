/* SPDX-License-Identifier: MIT */
#ifndef BOUNCE_STORE_MIGRATE_H
#define BOUNCE_STORE_MIGRATE_H

#include "store/store.h"

/* Sees that the store has the schema of this program. meta's row "schema" says
 * how many of the driver's scripts it has had. With write the missing ones run,
 * all in one transaction; else an old store gives STORE_E_VERSION. A newer
 * schema, and tables that are not ours, give it always. */
enum store_err migrate(struct store *store, bool write,
                       struct store_error *error);

#endif
