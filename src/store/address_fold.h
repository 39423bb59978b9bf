/* SPDX-License-Identifier: MIT
 * Letters of all scripts without case. Accents stay: "jose" and "josé" are two
 * mailboxes. */
#ifndef BOUNCE_STORE_ADDRESS_FOLD_H
#define BOUNCE_STORE_ADDRESS_FOLD_H

#include "base/slice.h"

/* The simple case folding of a code point (Unicode 15.0.0, CaseFolding.txt,
 * status C and S). */
uint32_t address_fold_code(uint32_t code);

/* Folds UTF-8 text into out; bytes that are no UTF-8 stay. Text grows by half at
 * most. Returns the length, or SIZE_MAX when it is more than cap. */
size_t address_fold(struct bounce_slice text, char *out, size_t cap);

#endif
