/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MATCH_H
#define TESTS_MATCH_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether got holds all that want says: members that want does not name are
 * not compared, lists must have the same length. When not, path_out says
 * where. */
bool match_json(const cJSON *want, const cJSON *got, char *path_out,
                size_t path_cap);

#endif
