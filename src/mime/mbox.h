/* SPDX-License-Identifier: MIT
 * mbox files (RFC 4155, mboxo and mboxrd) as a stream: the caller holds a
 * window of the file and asks where the next message begins. No I/O here. */
#ifndef BOUNCE_MIME_MBOX_H
#define BOUNCE_MIME_MBOX_H

#include "base/slice.h"

/* Whether line (without its line end) separates messages: "From ", an envelope
 * sender, a plausible date (asctime, with or without seconds and zone, zone
 * before or behind the year; RFC 5322 dates as some programs write them). */
bool mbox_is_separator(struct bounce_slice line);

/* Whether a file that begins so is an mbox: its first line begins "From ". */
bool mbox_detect(struct bounce_slice start);

/* Offset in window of the first separator line that begins at or after from;
 * SLICE_NPOS when there is none yet. window[0] counts as the beginning of a
 * line; a caller that drops what it has read of a long message keeps the byte
 * before *resume_out and goes on with from = 1. at_end: nothing follows window.
 * Without at_end, a line that is not complete is not judged: *resume_out is
 * where the next call must begin, so that the whole stays linear. */
size_t mbox_find(struct bounce_slice window, size_t from, bool at_end,
                 size_t *resume_out);

/* Undo the quoting of body lines in place (mboxrd: one ">" off every line of
 * ">"s before "From "); the new length. Lines of mboxo come out the same. */
size_t mbox_unquote(char *message, size_t len);

#endif
