/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "store/store.h"

/* Of sysexits.h, which is not in POSIX. */
enum {
    EXIT_DATAERR = 65,
    EXIT_NOINPUT = 66,
    EXIT_CANTCREAT = 73,
    EXIT_IOERR = 74,
    EXIT_TEMPFAIL = 75
};

enum store_err store_fail(struct store_error *error, enum store_err err,
                          const char *format, ...)
{
    error->code = err;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->msg, sizeof(error->msg), format, args);
    va_end(args);
    /* Databases quote what they were given, which may be a stranger's. */
    for (char *c = error->msg; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == '\x7f') {
            *c = ' ';
        }
    }
    return err;
}

int store_exit_status(enum store_err err)
{
    switch (err) {
    case STORE_OK:
        return 0;
    case STORE_E_NOMEM:
    case STORE_E_BUSY:
    case STORE_E_FULL:
    case STORE_E_LOST:
        return EXIT_TEMPFAIL;
    case STORE_E_OPEN:
        return EXIT_NOINPUT;
    case STORE_E_READONLY:
        return EXIT_CANTCREAT;
    case STORE_E_VERSION:
    case STORE_E_DAMAGED:
        return EXIT_DATAERR;
    case STORE_E_VALUE:
    case STORE_E_SQL:
    case STORE_E_STOPPED:
        break;
    }
    return EXIT_IOERR;
}
