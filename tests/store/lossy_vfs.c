/* SPDX-License-Identifier: MIT */
#include "lossy_vfs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "random.h"

enum { SECTOR = 512 };

/* A write, or with data NULL the file's new length. */
struct pending {
    size_t offset, len;
    unsigned char *data;
    struct pending *next;
};

struct image {
    unsigned char *bytes;
    size_t len;
};

/* What the disk holds of a file. */
struct disk_file {
    char *path;
    struct image synced;
    bool there;    /* the disk knows the name */
    bool fresh;    /* made anew, not synced since: synced is its forerunner's */
    bool unlinked; /* removed, which the disk may not know yet */
    struct pending *first, **last;
    struct disk_file *next;
};

struct lossy_file {
    sqlite3_file base;
    sqlite3_file *real;
    struct disk_file *disk; /* NULL: a temporary file */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs lossy;
static struct disk_file *disk;
static enum lossy_fault fault;
static unsigned long fault_after, fault_times, fault_count;

/* Faults */

void lossy_vfs_fail(enum lossy_fault kind, unsigned long after,
                    unsigned long times)
{
    fault = kind;
    fault_after = after;
    fault_times = times;
    fault_count = 0;
}

unsigned long lossy_vfs_failed(void)
{
    return fault_count;
}

static bool power_is_out(void)
{
    return (fault == LOSSY_POWER || fault == LOSSY_POWER_AT_SYNC) &&
           fault_count > 0;
}

/* Does this operation, which kind can befall, fail? */
static bool fails(enum lossy_fault kind)
{
    if (power_is_out()) {
        return true;
    }
    if (fault != kind && fault != LOSSY_POWER &&
        (fault != LOSSY_POWER_AT_SYNC || kind != LOSSY_SYNC)) {
        return false;
    }
    if (fault_after > 0) {
        fault_after--;
        return false;
    }
    if (fault_times == 0) {
        return false;
    }
    fault_times--;
    fault_count++;
    return true;
}

/* The disk */

static void image_write(struct image *image, size_t offset,
                        const unsigned char *data, size_t len)
{
    if (len > 0 && offset + len > image->len) {
        image->bytes = realloc(image->bytes, offset + len);
        assert_non_null(image->bytes);
        memset(image->bytes + image->len, 0, offset + len - image->len);
        image->len = offset + len;
    }
    if (len > 0) {
        memcpy(image->bytes + offset, data, len);
    }
}

static void image_resize(struct image *image, size_t len)
{
    static const unsigned char zero = 0;
    if (len > image->len) {
        image_write(image, len - 1, &zero, 1);
    }
    image->len = len;
}

static void image_clear(struct image *image)
{
    free(image->bytes);
    *image = (struct image){NULL, 0};
}

static void pending_clear(struct disk_file *file)
{
    while (file->first != NULL) {
        struct pending *pending = file->first;
        file->first = pending->next;
        free(pending->data);
        free(pending);
    }
    file->last = &file->first;
}

static void pending_add(struct disk_file *file, size_t offset, const void *data,
                        size_t len)
{
    struct pending *pending = calloc(1, sizeof(*pending));
    assert_non_null(pending);
    pending->offset = offset;
    pending->len = len;
    if (data != NULL) {
        pending->data = malloc(len > 0 ? len : 1);
        assert_non_null(pending->data);
        memcpy(pending->data, data, len);
    }
    *file->last = pending;
    file->last = &pending->next;
}

static void pending_apply(struct image *image, const struct pending *pending)
{
    if (pending->data == NULL) {
        image_resize(image, pending->len);
    } else {
        image_write(image, pending->offset, pending->data, pending->len);
    }
}

static bool image_load(struct image *image, const char *path)
{
    FILE *in = fopen(path, "rb");
    unsigned char block[4096];
    size_t len;
    if (in == NULL) {
        return false;
    }
    while ((len = fread(block, 1, sizeof(block), in)) > 0) {
        image_write(image, image->len, block, len);
    }
    assert_int_equal(fclose(in), 0);
    return true;
}

static struct disk_file *disk_find(const char *path)
{
    for (struct disk_file *file = disk; file != NULL; file = file->next) {
        if (strcmp(file->path, path) == 0) {
            return file;
        }
    }
    return NULL;
}

/* What lies there when a file is first seen is taken for synced. */
static struct disk_file *disk_open(const char *path, bool existed)
{
    struct disk_file *file = disk_find(path);
    if (file == NULL) {
        file = calloc(1, sizeof(*file));
        assert_non_null(file);
        file->path = strdup(path);
        assert_non_null(file->path);
        file->last = &file->first;
        file->there = existed && image_load(&file->synced, path);
        file->fresh = !file->there;
        file->next = disk;
        disk = file;
    } else if (file->unlinked) {
        file->unlinked = false;
        file->fresh = true;
        pending_clear(file);
    }
    return file;
}

static void disk_sync(struct disk_file *file)
{
    if (file->fresh) {
        /* SQLite syncs the folder of a new journal or log, too: with it the
         * disk learns which other names are gone. All are in one folder. */
        for (struct disk_file *other = disk; other != NULL;
             other = other->next) {
            other->there = other->there && !other->unlinked;
        }
        image_clear(&file->synced);
        file->fresh = false;
        file->there = true;
    }
    for (const struct pending *pending = file->first; pending != NULL;
         pending = pending->next) {
        pending_apply(&file->synced, pending);
    }
    pending_clear(file);
}

/* Some of what was not synced, on top of what was. */
static void lose(struct disk_file *file, enum lossy_loss loss,
                 struct random *random)
{
    for (const struct pending *pending = file->first; pending != NULL;
         pending = pending->next) {
        if (loss == LOSSY_LOSE_TORN && pending->data != NULL) {
            for (size_t at = 0; at < pending->len; at += SECTOR) {
                size_t len =
                    pending->len - at < SECTOR ? pending->len - at : SECTOR;
                if (random_below(random, 2) == 0) {
                    image_write(&file->synced, pending->offset + at,
                                pending->data + at, len);
                }
            }
        } else if (loss == LOSSY_LOSE_NONE ||
                   (loss != LOSSY_LOSE_ALL && random_below(random, 2) == 0)) {
            pending_apply(&file->synced, pending);
        }
    }
}

static void settle(struct disk_file *file, enum lossy_loss loss,
                   struct random *random)
{
    bool lucky = loss == LOSSY_LOSE_NONE ||
                 (loss != LOSSY_LOSE_ALL && random_below(random, 2) == 0);
    if (file->unlinked && lucky) {
        file->there = false;
    } else if (file->fresh && lucky) {
        file->there = true;
        image_clear(&file->synced);
        lose(file, loss, random);
    } else if (!file->fresh && file->there) {
        lose(file, loss, random);
    }
}

void lossy_vfs_restart(enum lossy_loss loss, uint64_t seed)
{
    struct random random = {seed};
    lossy_vfs_fail(LOSSY_NONE, 0, 0);
    while (disk != NULL) {
        struct disk_file *file = disk;
        disk = file->next;
        settle(file, loss, &random);
        (void)unlink(file->path);
        if (file->there) {
            FILE *out = fopen(file->path, "wb");
            assert_non_null(out);
            assert_int_equal(
                fwrite(file->synced.bytes, 1, file->synced.len, out),
                file->synced.len);
            assert_int_equal(fclose(out), 0);
        }
        pending_clear(file);
        image_clear(&file->synced);
        free(file->path);
        free(file);
    }
}

/* Files */

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct lossy_file *)file)->real;
}

static struct disk_file *disk_of(sqlite3_file *file)
{
    return ((struct lossy_file *)file)->disk;
}

static int lossy_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    int rc = real->pMethods->xClose(real);
    free(real);
    return rc;
}

static int lossy_read(sqlite3_file *file, void *buf, int len,
                      sqlite3_int64 offset)
{
    sqlite3_file *real = real_of(file);
    return power_is_out() ? SQLITE_IOERR_READ
                          : real->pMethods->xRead(real, buf, len, offset);
}

static int lossy_write(sqlite3_file *file, const void *buf, int len,
                       sqlite3_int64 offset)
{
    sqlite3_file *real = real_of(file);
    int rc = SQLITE_OK;
    if (disk_of(file) == NULL) {
        return real->pMethods->xWrite(real, buf, len, offset);
    }
    if (power_is_out()) {
        return SQLITE_IOERR_WRITE;
    }
    if (fails(LOSSY_FULL)) {
        rc = fault == LOSSY_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
        len /= 2;
    }
    if (len > 0) {
        pending_add(disk_of(file), (size_t)offset, buf, (size_t)len);
        int written = real->pMethods->xWrite(real, buf, len, offset);
        rc = rc != SQLITE_OK ? rc : written;
    }
    return rc;
}

static int lossy_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    sqlite3_file *real = real_of(file);
    if (disk_of(file) != NULL) {
        if (fails(LOSSY_POWER)) {
            return SQLITE_IOERR_TRUNCATE;
        }
        pending_add(disk_of(file), 0, NULL, (size_t)size);
    }
    return real->pMethods->xTruncate(real, size);
}

static int lossy_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    if (disk_of(file) == NULL) {
        return SQLITE_OK;
    }
    if (fails(LOSSY_SYNC)) {
        return SQLITE_IOERR_FSYNC;
    }
    disk_sync(disk_of(file));
    return SQLITE_OK;
}

static int lossy_file_size(sqlite3_file *file, sqlite3_int64 *size_out)
{
    sqlite3_file *real = real_of(file);
    return power_is_out() ? SQLITE_IOERR_FSTAT
                          : real->pMethods->xFileSize(real, size_out);
}

static int lossy_lock(sqlite3_file *file, int level)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xLock(real, level);
}

static int lossy_unlock(sqlite3_file *file, int level)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xUnlock(real, level);
}

static int lossy_check_lock(sqlite3_file *file, int *locked_out)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xCheckReservedLock(real, locked_out);
}

static int lossy_control(sqlite3_file *file, int op, void *arg)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xFileControl(real, op, arg);
}

static int lossy_sector_size(sqlite3_file *file)
{
    (void)file;
    return SECTOR;
}

static int lossy_characteristics(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xDeviceCharacteristics(real);
}

static int lossy_shm_map(sqlite3_file *file, int page, int size, int extend,
                         void volatile **map_out)
{
    sqlite3_file *real = real_of(file);
    return power_is_out()
               ? SQLITE_IOERR_SHMMAP
               : real->pMethods->xShmMap(real, page, size, extend, map_out);
}

static int lossy_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xShmLock(real, offset, n, flags);
}

static void lossy_shm_barrier(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    real->pMethods->xShmBarrier(real);
}

static int lossy_shm_unmap(sqlite3_file *file, int remove)
{
    sqlite3_file *real = real_of(file);
    return real->pMethods->xShmUnmap(real, remove);
}

/* Version 2: without xFetch nothing is read past xRead. */
static const sqlite3_io_methods lossy_methods = {
    .iVersion = 2,
    .xClose = lossy_close,
    .xRead = lossy_read,
    .xWrite = lossy_write,
    .xTruncate = lossy_truncate,
    .xSync = lossy_sync,
    .xFileSize = lossy_file_size,
    .xLock = lossy_lock,
    .xUnlock = lossy_unlock,
    .xCheckReservedLock = lossy_check_lock,
    .xFileControl = lossy_control,
    .xSectorSize = lossy_sector_size,
    .xDeviceCharacteristics = lossy_characteristics,
    .xShmMap = lossy_shm_map,
    .xShmLock = lossy_shm_lock,
    .xShmBarrier = lossy_shm_barrier,
    .xShmUnmap = lossy_shm_unmap,
};

static int lossy_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
                      int flags, int *flags_out)
{
    struct lossy_file *self = (struct lossy_file *)file;
    (void)vfs;
    self->base.pMethods = NULL;
    if (power_is_out()) {
        return SQLITE_CANTOPEN;
    }
    if (fault == LOSSY_READONLY && (flags & SQLITE_OPEN_MAIN_DB) != 0) {
        flags &= ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
        flags |= SQLITE_OPEN_READONLY;
    }
    bool existed = name != NULL && access(name, F_OK) == 0;
    self->real = calloc(1, (size_t)real_vfs->szOsFile);
    assert_non_null(self->real);
    int rc = real_vfs->xOpen(real_vfs, name, self->real, flags, flags_out);
    if (rc != SQLITE_OK) {
        free(self->real);
        return rc;
    }
    self->disk = name != NULL && (flags & SQLITE_OPEN_DELETEONCLOSE) == 0
                     ? disk_open(name, existed)
                     : NULL;
    self->base.pMethods = &lossy_methods;
    return SQLITE_OK;
}

static int lossy_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    struct disk_file *file = disk_find(name);
    if (fails(LOSSY_POWER)) {
        return SQLITE_IOERR_DELETE;
    }
    int rc = real_vfs->xDelete(real_vfs, name, 0);
    if (rc == SQLITE_OK && file != NULL) {
        file->unlinked = true;
        if (sync_folder != 0) {
            file->there = false;
        }
    }
    return rc;
}

void lossy_vfs_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    assert_non_null(real_vfs);
    lossy = *real_vfs;
    lossy.zName = "lossy";
    lossy.pNext = NULL;
    lossy.szOsFile = (int)sizeof(struct lossy_file);
    lossy.xOpen = lossy_open;
    lossy.xDelete = lossy_delete;
    assert_int_equal(sqlite3_vfs_register(&lossy, 1), SQLITE_OK);
}

void lossy_vfs_remove(void)
{
    assert_int_equal(sqlite3_vfs_unregister(&lossy), SQLITE_OK);
    assert_int_equal(sqlite3_vfs_register(real_vfs, 1), SQLITE_OK);
}
