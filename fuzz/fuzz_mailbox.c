/* SPDX-License-Identifier: MIT
 * What IMAP and POP3 servers may say, in pieces: nothing is read beyond it, no
 * message is larger than the limit, and what was wrong once stays so. The first
 * byte chooses the protocol and cuts the pieces. */
#include <stdlib.h>

#include "ingest/imap.h"
#include "ingest/imap_scan.h"
#include "ingest/pop3.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX 64

struct server {
    struct bounce_slice says;
    size_t piece;
};

static enum mail_result hear(void *ctx, struct bounce_slice data)
{
    (void)ctx;
    if (data.len < 3 || memcmp(data.ptr + data.len - 2, "\r\n", 2) != 0)
        abort();
    return MAIL_FINE;
}

static enum mail_result say(void *ctx, char *buf, size_t cap, size_t *len_out)
{
    struct server *server = ctx;
    struct bounce_slice piece =
        slice_sub(server->says, 0, server->piece < cap ? server->piece : cap);

    if (piece.len > 0)
        memcpy(buf, piece.ptr, piece.len);
    server->says = slice_from(server->says, piece.len);
    *len_out = piece.len;
    return MAIL_FINE;
}

static bool take(void *ctx, size_t index, char *data, size_t len, size_t tail)
{
    size_t *count = ctx;

    if (index >= *count || len > MAX || tail > len)
        abort();
    for (size_t i = 0; i < len; i++)
        data[i] ^= 1; /* all of it is ours */
    return true;
}

static void talk_imap(struct mail_stream *stream, struct mail_letter *letter)
{
    static const uint32_t known[] = {1, 2, 7};
    struct imap imap;
    uint32_t *uids = NULL;
    uint64_t sizes[3];
    size_t count = 0, three = 3, one = 1;

    (void)imap_begin(&imap, stream);
    (void)imap_select(&imap, SLICE("INBOX"), true);
    if (imap_search(&imap, 2, &uids, &count) != MAIL_FINE &&
        (uids != NULL || count > 0))
        abort();
    for (size_t i = 0; i < count; i++) {
        if (uids[i] < 2 || (i > 0 && uids[i] <= uids[i - 1]))
            abort();
    }
    free(uids);
    (void)imap_sizes(&imap, known, 3, sizes);
    (void)imap_fetch(&imap, known, 3, letter, take, &three);
    (void)imap_fetch_ends(&imap, 7, 1000, letter, take, &one);
    (void)imap_delete(&imap, known, 3);
    imap_end(&imap);
}

static void talk_pop3(struct mail_stream *stream, struct mail_letter *letter)
{
    struct pop3 pop3;
    struct pop3_entry *entries;
    size_t count, len, tail, one = 1;

    pop3_begin(&pop3, stream);
    if (pop3_list(&pop3, &entries, &count) != MAIL_FINE && count > 0)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (memchr(entries[i].uidl, '\0', sizeof(entries[i].uidl)) == NULL)
            abort();
    }
    free(entries);
    for (unsigned i = 1; i < 4; i++) {
        if (pop3_retrieve(&pop3, i, letter) != MAIL_FINE)
            continue;
        (void)take(&one, 0, mail_letter_end(letter, &len, &tail), len, tail);
        (void)pop3_delete(&pop3, i);
    }
    (void)pop3_quit(&pop3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mail_stream stream;
    struct server server;
    const struct mail_pipe pipe = {hear, say, &server};
    struct mail_letter letter;

    if (size < 2 || size > 65536)
        return 0;
    server.says = slice_make((const char *)data + 1, size - 1);
    server.piece = 1 + data[0] / 2;
    mail_stream_init(&stream, pipe);
    mail_letter_init(&letter, MAX);
    if (data[0] & 1)
        talk_imap(&stream, &letter);
    else
        talk_pop3(&stream, &letter);
    mail_letter_clear(&letter);
    return 0;
}
