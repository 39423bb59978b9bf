/* SPDX-License-Identifier: MIT
 * A mailbox by POP3. What was read is remembered by its unique ids, as long as
 * the server has it; what is deleted needs no remembering. A connection takes
 * some messages only: nothing is deleted before it ends well. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/ingest_mailbox.h"
#include "ingest/pop3.h"
#include "store/mailbox.h"

#define LIMIT_MAX 1000

/* What is to be read, and what is known. */
struct visit {
    struct mailbox *box;
    struct pop3 pop3;
    struct pop3_entry *entries; /* what the server has, in its order */
    size_t count;
    bool has_ids;
    struct bounce_slice *there; /* their ids, sorted; by ids no two */
    size_t there_count;
    struct textbuf known; /* ids that were read, each with a NUL */
    struct bounce_slice *read;
    size_t read_count;
};

static int compare_ids(const void *a, const void *b)
{
    return slice_compare(*(const struct bounce_slice *)a,
                         *(const struct bounce_slice *)b);
}

/* Of ids that a careless server gives twice one remains. */
static size_t sort_ids(struct bounce_slice *ids, size_t count)
{
    size_t unique = 0;

    if (count > 0)
        qsort(ids, count, sizeof(*ids), compare_ids);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !slice_eq(ids[i], ids[i - 1]))
            ids[unique++] = ids[i];
    }
    return unique;
}

static bool has_id(const struct bounce_slice *ids, size_t count,
                   struct bounce_slice id)
{
    return count > 0 &&
           bsearch(&id, ids, count, sizeof(*ids), compare_ids) != NULL;
}

/* ---- What is new ------------------------------------------------------- */

static bool take_known(void *ctx, struct bounce_slice id)
{
    struct visit *visit = ctx;

    textbuf_add(&visit->known, id);
    textbuf_byte(&visit->known, '\0');
    visit->read_count++;
    return true;
}

/* The text does not move any more. */
static void index_known(struct visit *visit)
{
    struct bounce_slice rest = textbuf_slice(&visit->known), id;
    size_t count = 0;

    visit->read = cli_array(NULL, visit->read_count + 1, sizeof(*visit->read));
    while (slice_next_piece(&rest, '\0', &id))
        visit->read[count++] = id;
    visit->read_count = count;
    if (count > 0)
        qsort(visit->read, count, sizeof(*visit->read), compare_ids);
}

static void index_there(struct visit *visit)
{
    visit->there = cli_array(NULL, visit->count + 1, sizeof(*visit->there));
    for (size_t i = 0; i < visit->count; i++)
        visit->there[i] = slice_cstr(visit->entries[i].uidl);
    visit->there_count = sort_ids(visit->there, visit->count);
}

/* Ids of what is gone from the server are forgotten; with --again all that were
 * there when the run began. */
static int forget_gone(struct visit *visit)
{
    struct mailbox *box = visit->box;
    struct bounce_slice *gone =
        cli_array(NULL, visit->read_count + 1, sizeof(*gone));
    const bool anew = box->options->again && !box->begun;
    struct store_error error;
    enum store_err err;
    size_t count = 0;

    for (size_t i = 0; i < visit->read_count; i++) {
        if (anew || !has_id(visit->there, visit->there_count, visit->read[i]))
            gone[count++] = visit->read[i];
    }
    if (anew)
        visit->read_count = 0;
    box->begun = true;
    err = mailbox_uidl_drop(box->book, slice_cstr(box->position), gone, count,
                            &error);
    free(gone);
    return err != STORE_OK ? session_complain(&error) : -1;
}

static int look(struct visit *visit)
{
    struct mailbox *box = visit->box;
    struct store_error error;
    enum mail_result result =
        pop3_list(&visit->pop3, &visit->entries, &visit->count);

    if (result != MAIL_FINE)
        return mailbox_fail(box, result, "", visit->pop3.said,
                            visit->pop3.for_now);
    visit->has_ids = visit->count > 0 && visit->entries[0].uidl[0] != '\0';
    if (visit->count > 0 && !visit->has_ids)
        return MAILBOX_DONE; /* all of it each time */
    if (mailbox_uidl_read(box->book, slice_cstr(box->position), take_known,
                          visit, &error) != STORE_OK)
        return session_complain(&error);
    index_known(visit);
    index_there(visit);
    return forget_gone(visit);
}

/* ---- Messages ---------------------------------------------------------- */

/* One message's number and its id, or what stands for it. */
static void id_of(const struct pop3_entry *entry, char id[80])
{
    if (entry->uidl[0] != '\0')
        snprintf(id, 80, "%s", entry->uidl);
    else
        snprintf(id, 80, "%u", entry->number);
}

/* What the server refuses for good is named, and not asked for again. */
static enum mail_result retrieve(struct visit *visit,
                                 const struct pop3_entry *entry,
                                 enum ingest_fate *fate)
{
    struct mailbox *box = visit->box;
    enum mail_result result;
    size_t len, tail_len;
    char id[80], *data;

    id_of(entry, id);
    *fate = INGEST_LEFT;
    if (mailbox_skips(box, id))
        return MAIL_FINE;
    result = pop3_retrieve(&visit->pop3, entry->number, &box->letter);
    if (result == MAIL_REFUSED && visit->pop3.for_now)
        return MAIL_BUSY;
    if (result == MAIL_REFUSED) {
        mailbox_complain(box, id, visit->pop3.said);
        return MAIL_FINE;
    }
    if (result != MAIL_FINE)
        return result;
    data = mail_letter_end(&box->letter, &len, &tail_len);
    if (data == NULL)
        return MAIL_NO_MEMORY;
    mailbox_take(box, entry->number, data, len, tail_len, fate);
    return ingest_stopped != 0 || ingest_run_broken(box->run) ? MAIL_STOPPED
                                                              : MAIL_FINE;
}

/* Some messages in this connection. */
struct turn {
    struct pop3_entry *entries;
    enum ingest_fate *fates;
    size_t count, got;
};

static enum mail_result retrieve_all(struct visit *visit, struct turn *turn)
{
    enum mail_result result = MAIL_FINE;

    while (turn->got < turn->count && result == MAIL_FINE) {
        result =
            retrieve(visit, &turn->entries[turn->got], &turn->fates[turn->got]);
        turn->got += result == MAIL_FINE ? 1 : 0;
    }
    return result;
}

/* All is stored: reports are deleted, others remembered. What the server keeps
 * is remembered too, so that it is not asked again and again. */
static int finish(struct visit *visit, struct turn *turn)
{
    struct mailbox *box = visit->box;
    struct bounce_slice *kept = cli_array(NULL, turn->count, sizeof(*kept));
    enum mail_result result = MAIL_FINE;
    struct store_error error;
    enum store_err err = STORE_OK;
    size_t count = 0;

    for (size_t i = 0; i < turn->count && result == MAIL_FINE; i++) {
        const struct pop3_entry *entry = &turn->entries[i];
        char id[80];

        id_of(entry, id);
        if (mailbox_wants(box, turn->fates[i]))
            result = pop3_delete(&visit->pop3, entry->number);
        if (result == MAIL_REFUSED)
            mailbox_complain(box, id, visit->pop3.said);
        if (visit->has_ids &&
            (!mailbox_wants(box, turn->fates[i]) || result == MAIL_REFUSED))
            kept[count++] = slice_cstr(entry->uidl);
        result = result == MAIL_REFUSED ? MAIL_FINE : result;
    }
    if (result == MAIL_FINE)
        result = pop3_quit(&visit->pop3);
    if (result == MAIL_FINE)
        err = mailbox_uidl_add(box->book, slice_cstr(box->position), kept,
                               sort_ids(kept, count), &error);
    free(kept);
    if (err != STORE_OK)
        return session_complain(&error);
    return result == MAIL_FINE ? MAILBOX_DONE
                               : mailbox_fail(box, result, "", visit->pop3.said,
                                              visit->pop3.for_now);
}

static int take_turn(struct visit *visit, struct turn *turn)
{
    struct mailbox *box = visit->box;
    enum mail_result result = retrieve_all(visit, turn);
    int status = ingest_run_flush(box->run);
    char id[80];

    if (status >= 0)
        return status;
    if (result == MAIL_FINE) {
        status = finish(visit, turn);
        if (status == MAILBOX_DONE) {
            box->done += turn->count;
            mailbox_went_well(box, LIMIT_MAX);
        }
        return status;
    }
    status = mailbox_fail(box, result, "", visit->pop3.said, false);
    if (status != MAILBOX_LOST)
        return status;
    id_of(&turn->entries[turn->got], id);
    return mailbox_lost(box, turn->got, id);
}

/* What is new, as much as is taken at once. */
static size_t choose(const struct visit *visit, struct turn *turn)
{
    const struct mailbox *box = visit->box;
    size_t fresh = 0;

    for (size_t i = 0; i < visit->count; i++) {
        const struct pop3_entry *entry = &visit->entries[i];

        if (visit->has_ids &&
            has_id(visit->read, visit->read_count, slice_cstr(entry->uidl)))
            continue;
        if (turn->count < box->limit || !visit->has_ids)
            turn->entries[turn->count++] = *entry;
        fresh++;
    }
    return fresh;
}

static int read_new(struct visit *visit)
{
    struct mailbox *box = visit->box;
    struct turn turn = {.count = 0};
    size_t fresh;
    int status;

    turn.entries = cli_array(NULL, visit->count + 1, sizeof(*turn.entries));
    turn.fates = cli_array(NULL, visit->count + 1, sizeof(*turn.fates));
    fresh = choose(visit, &turn);
    box->all = box->done + fresh;
    status = take_turn(visit, &turn);
    if (status == MAILBOX_DONE && turn.count < fresh)
        status = MAILBOX_MORE;
    free(turn.entries);
    free(turn.fates);
    return status;
}

int ingest_pop3(struct mailbox *box)
{
    struct visit visit = {.box = box};
    int status;

    pop3_begin(&visit.pop3, &box->stream);
    status = look(&visit);
    if (status == MAILBOX_DONE)
        status = read_new(&visit);
    free(visit.entries);
    free(visit.there);
    free(visit.read);
    textbuf_free(&visit.known);
    return status;
}
