/* SPDX-License-Identifier: MIT
 * The charsets that are known, and the names mail has for them. */
#ifndef BOUNCE_MIME_CHARSET_NAMES_H
#define BOUNCE_MIME_CHARSET_NAMES_H

#include "base/slice.h"

enum charset_kind {
    CHARSET_UNDECLARED = 0, /* US-ASCII, "unknown-8bit" and the like */
    CHARSET_UTF_8,
    CHARSET_TABLE,
    CHARSET_ICONV,
    CHARSET_UTF_16, /* of either byte order */
    CHARSET_ISO_2022_JP,
    CHARSET_HZ
};

/* What iconv is asked for: the allow-list. */
enum charset_iconv {
    CHARSET_BIG5 = 0,
    CHARSET_EUC_JP,
    CHARSET_EUC_TW,
    CHARSET_GB18030,
    CHARSET_ISO_2022_CN,
    CHARSET_ISO_2022_JP_2,
    CHARSET_ISO_2022_JP_3,
    CHARSET_ISO_2022_KR,
    CHARSET_JOHAB,
    CHARSET_SHIFT_JIS,
    CHARSET_TCVN,
    CHARSET_UHC,
    CHARSET_UTF_7,
    CHARSET_UTF_16BE,
    CHARSET_UTF_16LE,
    CHARSET_UTF_32,
    CHARSET_VISCII,
    CHARSET_ICONV_COUNT
};

struct charset_entry {
    enum charset_kind kind;
    const uint16_t *table;    /* CHARSET_TABLE */
    enum charset_iconv iconv; /* CHARSET_ICONV */
};

/* Two names to try in turn; the second may be NULL. */
const char *const *charset_iconv_names(enum charset_iconv which);

/* false when the name is unknown. No name at all is CHARSET_UNDECLARED. */
bool charset_lookup(struct bounce_slice name, struct charset_entry *entry_out);

#endif
