/* SPDX-License-Identifier: MIT */
#include "serve/parts.h"

const struct serve_part *const serve_parts[] = {
    &serve_lines, &serve_http, &serve_follow, &serve_out,
    &serve_holds, &serve_care, NULL,
};
