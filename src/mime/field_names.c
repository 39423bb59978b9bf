/* SPDX-License-Identifier: MIT */
#include "mime/field.h"

#define NAME(id, name) {(name), sizeof(name) - 1},
const struct bounce_slice MIME_FIELD_NAMES[MIME_FIELD_COUNT] = {
    {"", 0}, MIME_FIELDS(NAME)};
