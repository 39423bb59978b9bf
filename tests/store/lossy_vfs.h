/* SPDX-License-Identifier: MIT
 * A file system for SQLite that loses what was not synced when the power goes,
 * and that fails on demand. One thread only.
 *
 * Files are those of the system's own VFS, so that reading, locking and shared
 * memory are as ever; beside each stands what a disk would hold of it: the
 * bytes of the last sync, and the writes since. */
#ifndef BOUNCE_TESTS_STORE_LOSSY_VFS_H
#define BOUNCE_TESTS_STORE_LOSSY_VFS_H

#include <stdbool.h>
#include <stdint.h>

/* Becomes SQLite's default; steps aside again. */
void lossy_vfs_install(void);
void lossy_vfs_remove(void);

enum lossy_fault {
    LOSSY_NONE,
    LOSSY_POWER,         /* from then on nothing works */
    LOSSY_POWER_AT_SYNC, /* the same, beginning with a sync */
    LOSSY_FULL,    /* a write writes half and says that the disk is full */
    LOSSY_SYNC,    /* a sync fails; what it was to sync stays unsynced */
    LOSSY_READONLY /* databases open for reading only (after and times: no use) */
};
/* The fault comes after so many writes, truncations, syncs and removals from
 * now on (of the kind that can have it) and happens so many times. */
void lossy_vfs_fail(enum lossy_fault fault, unsigned long after,
                    unsigned long times);
/* How often it has happened. */
unsigned long lossy_vfs_failed(void);

enum lossy_loss {
    LOSSY_LOSE_ALL,  /* nothing unsynced is there */
    LOSSY_LOSE_SOME, /* any of the writes may be, in no order */
    LOSSY_LOSE_TORN, /* any of their sectors of 512 bytes may be */
    LOSSY_LOSE_NONE  /* all of them are */
};
/* The power is back: each file is what the disk holds of it. All connections
 * are closed. seed: chooses what is lost. */
void lossy_vfs_restart(enum lossy_loss loss, uint64_t seed);

#endif
