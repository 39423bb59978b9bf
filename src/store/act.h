/* SPDX-License-Identifier: MIT
 * What people do: suppress, release, end holds. Each is a record in the ledger,
 * so that the story is whole and a replay does it again. */
#ifndef BOUNCE_STORE_ACT_H
#define BOUNCE_STORE_ACT_H

#include "store/ledger.h"
#include "store/list.h"

struct act {
    struct bounce_slice scope; /* NULL: the whole store */
    struct bounce_slice
        reason; /* kept; of a release with consent the consent */
    struct bounce_slice source; /* "by hand", a file */
    int64_t now, until;         /* until of a suppression */
    enum bounce_slot slot;
    bool consent;
};

enum store_err act_suppress(struct ledger *ledger, struct bounce_slice address,
                            const struct act *act,
                            struct ledger_result *result_out,
                            struct store_error *error);
/* result_out->outcome RELEASED, NOTHING (it was active), or CONSENT (only with
 * consent; nothing changed). */
enum store_err act_release(struct ledger *ledger, struct bounce_slice address,
                           const struct act *act,
                           struct ledger_result *result_out,
                           struct store_error *error);
/* All addresses that the filter finds; with dry_run they are only shown. Each
 * is released by itself, the cause being looked at: an address whose cause is
 * another by now stays. */
enum store_err
act_release_where(struct ledger *ledger, const struct list_filter *filter,
                  const struct act *act, bool dry_run,
                  bool (*take)(void *ctx, const struct list_address *row,
                               enum bounce_outcome outcome),
                  void *ctx, struct store_error *error);
/* Ends the holds that the filter finds; *ended_out counts them. */
enum store_err act_end_holds(struct ledger *ledger,
                             const struct list_filter *filter,
                             const struct act *act, size_t *ended_out,
                             struct store_error *error);

#endif
