/* SPDX-License-Identifier: MIT
 * A folder by IMAP. Its position is the UID up to which all is done, under the
 * folder's UIDVALIDITY (RFC 3501 section 2.3.1.1). */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/ingest_mailbox.h"
#include "ingest/imap.h"

#define CHUNK_MAX 500

/* Some messages on their way: fetched, stored, marked, remembered. */
struct chunk {
    struct mailbox *box;
    const uint32_t *uids;
    size_t count, at; /* at: where the group that is fetched begins */
    uint64_t *sizes;
    enum ingest_fate *fates;
    bool *got;
};

static bool take(void *ctx, size_t index, char *data, size_t len,
                 size_t tail_len)
{
    struct chunk *chunk = ctx;

    index += chunk->at;
    chunk->got[index] = true;
    mailbox_take(chunk->box, chunk->uids[index], data, len, tail_len,
                 &chunk->fates[index]);
    return ingest_stopped == 0 && !ingest_run_broken(chunk->box->run);
}

static void id_of(uint32_t uid, char id[16])
{
    snprintf(id, 16, "%u", (unsigned)uid);
}

/* One message alone. The server may refuse it: others are fetched on. */
static enum mail_result fetch_one(struct chunk *chunk, struct imap *imap,
                                  size_t index)
{
    struct mailbox *box = chunk->box;
    enum mail_result result;
    char id[16];

    id_of(chunk->uids[index], id);
    if (mailbox_skips(box, id)) {
        chunk->got[index] = true;
        return MAIL_FINE;
    }
    chunk->at = index;
    result = imap_fetch_ends(imap, chunk->uids[index], chunk->sizes[index],
                             &box->letter, take, chunk);
    if (result != MAIL_REFUSED || imap->for_now)
        return result == MAIL_REFUSED ? MAIL_BUSY : result;
    mailbox_complain(box, id, imap->said);
    chunk->got[index] = true;
    return MAIL_FINE;
}

/* Where the messages end that can be fetched together with the one at i. */
static size_t group_end(const struct chunk *chunk, size_t i)
{
    const struct mailbox *box = chunk->box;

    if (box->skip) /* one of them breaks the connection */
        return i + 1;
    while (i < chunk->count && chunk->sizes[i] <= box->letter.max)
        i++;
    return i;
}

static enum mail_result fetch_group(struct chunk *chunk, struct imap *imap,
                                    size_t i, size_t end)
{
    enum mail_result result;

    chunk->at = i;
    result = imap_fetch(imap, chunk->uids + i, end - i, &chunk->box->letter,
                        take, chunk);
    if (result != MAIL_REFUSED)
        return result;
    /* One of them is bad; which one? */
    for (result = MAIL_FINE; i < end && result == MAIL_FINE; i++) {
        if (!chunk->got[i])
            result = fetch_one(chunk, imap, i);
    }
    return result;
}

static enum mail_result fetch_chunk(struct chunk *chunk, struct imap *imap)
{
    enum mail_result result =
        imap_sizes(imap, chunk->uids, chunk->count, chunk->sizes);
    size_t end;

    for (size_t i = 0; i < chunk->count && result == MAIL_FINE; i = end) {
        end = group_end(chunk, i);
        if (end <= i + 1)
            result = fetch_one(chunk, imap, i);
        else
            result = fetch_group(chunk, imap, i, end);
        end = end > i ? end : i + 1;
    }
    return result;
}

/* What is stored by now is marked, moved, deleted. */
static int do_after(struct chunk *chunk, struct imap *imap)
{
    struct mailbox *box = chunk->box;
    uint32_t *uids = cli_array(NULL, chunk->count, sizeof(*uids));
    enum mail_result result = MAIL_FINE;
    size_t count = 0;

    for (size_t i = 0; i < chunk->count; i++) {
        if (chunk->got[i] && mailbox_wants(box, chunk->fates[i]))
            uids[count++] = chunk->uids[i];
    }
    if (count > 0 && box->after == AFTER_SEEN)
        result = imap_mark(imap, uids, count);
    else if (count > 0 && box->after == AFTER_DELETE)
        result = imap_delete(imap, uids, count);
    else if (count > 0 && box->after == AFTER_MOVE)
        result = imap_move(imap, uids, count, box->folder);
    free(uids);
    return result == MAIL_FINE
               ? MAILBOX_DONE
               : mailbox_fail(box, result, "--after is not done", imap->said,
                              imap->for_now);
}

static int remember(struct chunk *chunk)
{
    struct mailbox *box = chunk->box;
    const uint32_t last = chunk->uids[chunk->count - 1];
    char mark[16];

    snprintf(mark, sizeof(mark), "%u", (unsigned)box->validity);
    if (!writer_add_position(box->run->writer, slice_cstr(box->position), last,
                             slice_cstr(mark)))
        cli_fail(CLI_TRY_AGAIN, "out of memory");
    box->next = last < UINT32_MAX ? last + 1 : last;
    box->done += chunk->count;
    return ingest_run_flush(box->run);
}

/* The connection broke, or it is to end: what came is stored, and known the next
 * time. */
static int give_up(struct chunk *chunk, struct imap *imap,
                   enum mail_result result)
{
    struct mailbox *box = chunk->box;
    size_t lead = 0;
    char id[16];
    int status;

    while (lead < chunk->count && chunk->got[lead])
        lead++;
    status = mailbox_fail(box, result, "", imap->said, imap->for_now);
    if (status != MAILBOX_LOST || lead == chunk->count)
        return status;
    id_of(chunk->uids[lead], id);
    return mailbox_lost(box, lead, id);
}

static int take_chunk(struct chunk *chunk, struct imap *imap)
{
    struct mailbox *box = chunk->box;
    enum mail_result result = fetch_chunk(chunk, imap);
    int status = ingest_run_flush(box->run);

    if (status >= 0)
        return status;
    if (result != MAIL_FINE)
        return give_up(chunk, imap, result);
    status = do_after(chunk, imap);
    if (status != MAILBOX_DONE)
        return status;
    mailbox_went_well(box, CHUNK_MAX);
    return remember(chunk);
}

static int take_all(struct mailbox *box, struct imap *imap,
                    const uint32_t *uids, size_t count)
{
    struct chunk chunk = {.box = box, .uids = uids};
    int status = MAILBOX_DONE;

    chunk.sizes = cli_array(NULL, CHUNK_MAX, sizeof(*chunk.sizes));
    chunk.fates = cli_array(NULL, CHUNK_MAX, sizeof(*chunk.fates));
    chunk.got = cli_array(NULL, CHUNK_MAX, sizeof(*chunk.got));
    box->all = box->done + count;
    while (count > 0 && status == MAILBOX_DONE && ingest_stopped == 0) {
        chunk.count = count < box->limit ? count : box->limit;
        memset(chunk.got, 0, CHUNK_MAX * sizeof(*chunk.got));
        for (size_t i = 0; i < CHUNK_MAX; i++)
            chunk.fates[i] = INGEST_LEFT;
        status = take_chunk(&chunk, imap);
        chunk.uids += chunk.count;
        count -= chunk.count;
    }
    free(chunk.sizes);
    free(chunk.fates);
    free(chunk.got);
    return status;
}

/* ---- The folder -------------------------------------------------------- */

/* Where to begin: where this run is, else where an earlier one ended. */
static int find_position(struct mailbox *box, const struct imap *imap)
{
    struct store_error error;
    char mark[16] = "", now[16];
    int64_t offset = 0;

    if (box->validity == imap->uidvalidity)
        return -1;
    snprintf(now, sizeof(now), "%u", (unsigned)imap->uidvalidity);
    if (box->validity == 0 && !box->options->again &&
        ledger_position_get(box->positions, slice_cstr(box->position), &offset,
                            mark, sizeof(mark), &error) != STORE_OK)
        return session_complain(&error);
    /* Another UIDVALIDITY: UIDs have new meanings. */
    box->next = strcmp(mark, now) == 0 && offset > 0 && offset < UINT32_MAX
                    ? (uint32_t)offset + 1
                    : 1;
    box->validity = imap->uidvalidity;
    return -1;
}

static int open_folder(struct mailbox *box, struct imap *imap)
{
    enum mail_result result = imap_begin(imap, &box->stream);
    char what[64];

    if (result == MAIL_FINE && box->after == AFTER_MOVE) {
        result = imap_look_for(imap, box->folder);
        if (result == MAIL_REFUSED || result == MAIL_BAD_URL) {
            snprintf(what, sizeof(what), "there is no folder %.30s to move to",
                     box->folder.ptr);
            return mailbox_fail(box, result, what, imap->said, imap->for_now);
        }
    }
    if (result == MAIL_FINE)
        result = imap_select(imap, slice_cstr(box->url->folder),
                             box->after != AFTER_KEEP);
    if (result == MAIL_REFUSED && !imap->for_now) {
        (void)mailbox_fail(box, result, "", imap->said, false);
        return CLI_NO_INPUT;
    }
    if (result != MAIL_FINE)
        return mailbox_fail(box, result, "", imap->said, imap->for_now);
    if (imap->read_only && box->after != AFTER_KEEP)
        return mailbox_fail(box, MAIL_REFUSED, "--after",
                            "the folder can only be read", false);
    return find_position(box, imap);
}

int ingest_imap(struct mailbox *box)
{
    struct imap imap;
    uint32_t *uids = NULL;
    size_t count = 0;
    enum mail_result result;
    int status = open_folder(box, &imap);

    if (status != MAILBOX_DONE)
        return status;
    if (imap.exists > 0) {
        result = imap_search(&imap, box->next, &uids, &count);
        if (result != MAIL_FINE)
            return mailbox_fail(box, result, "", imap.said, imap.for_now);
    }
    status = take_all(box, &imap, uids, count);
    if (status == MAILBOX_DONE && ingest_stopped == 0)
        imap_end(&imap);
    free(uids);
    return status;
}
