/* SPDX-License-Identifier: MIT
 * A text as phrases are matched over it: see data/README.md, "Phrases". */
#ifndef BOUNCE_CLASSIFY_NORMALIZE_H
#define BOUNCE_CLASSIFY_NORMALIZE_H

#include "base/slice.h"

/* Stands for a mail address, with the <> or quotes around it. */
#define NORMALIZE_ADDRESS '\x01'

/* Zero bytes that follow the text, so that the scan may read beyond its end
 * (classify/text_map.h). */
#define NORMALIZE_PAD 64

/* Room that a text of len bytes may need. */
#define NORMALIZE_ROOM(len) ((len) + (len) / 2 + 16 + NORMALIZE_PAD)

/* Writes the normalised text to out (NORMALIZE_ROOM(text.len) bytes), followed
 * by NORMALIZE_PAD zero bytes; its length without them. marks[i] are offsets in
 * text, ascending; each is replaced by where that byte came to stand. */
size_t normalize(struct bounce_slice text, size_t *marks, size_t mark_count,
                 char *out);

#endif
