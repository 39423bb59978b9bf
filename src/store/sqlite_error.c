/* SPDX-License-Identifier: MIT */
#include "store/sqlite_error.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* Long paths are told by their end, which is what differs. */
static const char *tail_of(const char *path)
{
    enum { SHOWN = 100 };
    size_t len = strlen(path);
    return len > SHOWN ? path + (len - SHOWN) : path;
}

enum store_err sqlite_fail_open(int number, const char *path,
                                struct store_error *error)
{
    path = tail_of(path);
    switch (number) {
    case ENOENT:
        return store_fail(error, STORE_E_OPEN,
                          "%s: there is no such file or folder", path);
    case EACCES:
    case EPERM:
        return store_fail(error, STORE_E_OPEN, "%s: permission denied", path);
    case EISDIR:
        return store_fail(error, STORE_E_OPEN, "%s is a folder", path);
    case ENOTDIR:
        return store_fail(error, STORE_E_OPEN,
                          "%s: a part of the path is no folder", path);
    case EROFS:
        return store_fail(error, STORE_E_READONLY,
                          "%s: the file system is read-only", path);
    case ENOSPC:
    case EDQUOT:
        return store_fail(error, STORE_E_FULL, "%s: the disk is full", path);
    case ENOMEM:
        return store_fail(error, STORE_E_NOMEM, "out of memory");
    default:
        return store_fail(error, STORE_E_OPEN, "%s cannot be opened (error %d)",
                          path, number);
    }
}

static enum store_err fail_io(sqlite3 *db, int rc, const char *path,
                              struct store_error *error)
{
    int number = db != NULL ? sqlite3_system_errno(db) : 0;
    switch (rc) {
    case SQLITE_IOERR_NOMEM:
        return store_fail(error, STORE_E_NOMEM, "out of memory");
    case SQLITE_IOERR_CORRUPTFS:
        return store_fail(error, STORE_E_DAMAGED,
                          "%s: the file system is damaged", path);
    case SQLITE_IOERR_BLOCKED:
    case SQLITE_IOERR_LOCK:
        return store_fail(error, STORE_E_BUSY, "%s cannot be locked", path);
    default:
        break;
    }
    if (number == ENOSPC || number == EDQUOT) {
        return store_fail(error, STORE_E_FULL, "%s: the disk is full", path);
    }
    return store_fail(error, STORE_E_SQL,
                      "%s cannot be read or written (error %d of the system, "
                      "%d of SQLite)",
                      path, number, rc);
}

static bool is_readable_file(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 && S_ISREG(file.st_mode) &&
           access(path, R_OK) == 0;
}

enum store_err sqlite_fail(sqlite3 *db, int rc, const char *path,
                           struct store_error *error)
{
    const char *shown = tail_of(path);
    const char *said = db != NULL && sqlite3_extended_errcode(db) == rc
                           ? sqlite3_errmsg(db)
                           : sqlite3_errstr(rc);
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return store_fail(error, STORE_E_NOMEM, "out of memory");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: /* the race for the locks of the log was lost */
        return store_fail(error, STORE_E_BUSY,
                          "%s is locked: another process is writing", shown);
    case SQLITE_FULL:
        return store_fail(error, STORE_E_FULL, "%s: the disk is full", shown);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return store_fail(error, STORE_E_READONLY,
                          "%s is read-only: nothing can be written", shown);
    case SQLITE_CANTOPEN:
        if (is_readable_file(path)) {
            return store_fail(error, STORE_E_READONLY,
                              "%s: a store needs two files beside it, and its "
                              "folder cannot be written",
                              shown);
        }
        return sqlite_fail_open(db != NULL ? sqlite3_system_errno(db) : 0, path,
                                error);
    case SQLITE_CORRUPT:
        return store_fail(error, STORE_E_DAMAGED,
                          "%s is damaged (%s): restore a backup", shown, said);
    case SQLITE_NOTADB:
        return store_fail(error, STORE_E_VERSION, "%s is no SQLite database",
                          shown);
    case SQLITE_IOERR:
        return fail_io(db, rc, shown, error);
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
        return store_fail(error, STORE_E_VALUE, "%s: %s", shown, said);
    default:
        return store_fail(error, STORE_E_SQL, "%s: %s", shown, said);
    }
}
