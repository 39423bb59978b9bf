/* SPDX-License-Identifier: MIT
 * Code points of the bytes 0x80 to 0xFF of single-byte charsets. */
#ifndef BOUNCE_MIME_CHARSET_TABLES_H
#define BOUNCE_MIME_CHARSET_TABLES_H

#include <stdint.h>

extern const uint16_t charset_iso_8859_2[128];
extern const uint16_t charset_iso_8859_3[128];
extern const uint16_t charset_iso_8859_4[128];
extern const uint16_t charset_iso_8859_5[128];
extern const uint16_t charset_iso_8859_6[128];
extern const uint16_t charset_iso_8859_7[128];
extern const uint16_t charset_iso_8859_8[128];
extern const uint16_t charset_iso_8859_10[128];
extern const uint16_t charset_iso_8859_13[128];
extern const uint16_t charset_iso_8859_14[128];
extern const uint16_t charset_iso_8859_15[128];
extern const uint16_t charset_iso_8859_16[128];
extern const uint16_t charset_windows_874[128];
extern const uint16_t charset_windows_1250[128];
extern const uint16_t charset_windows_1251[128];
extern const uint16_t charset_windows_1252[128];
extern const uint16_t charset_windows_1253[128];
extern const uint16_t charset_windows_1254[128];
extern const uint16_t charset_windows_1255[128];
extern const uint16_t charset_windows_1256[128];
extern const uint16_t charset_windows_1257[128];
extern const uint16_t charset_windows_1258[128];
extern const uint16_t charset_koi8_r[128];
extern const uint16_t charset_koi8_u[128];
extern const uint16_t charset_ibm437[128];
extern const uint16_t charset_ibm850[128];
extern const uint16_t charset_ibm852[128];
extern const uint16_t charset_ibm855[128];
extern const uint16_t charset_ibm857[128];
extern const uint16_t charset_ibm862[128];
extern const uint16_t charset_ibm866[128];
extern const uint16_t charset_macintosh[128];
extern const uint16_t charset_mac_cyrillic[128];

#endif
