/* SPDX-License-Identifier: MIT */
#include "cli/ingest.h"

#include <unistd.h>

volatile sig_atomic_t ingest_stopped;

static void stop(int signal_number)
{
    ingest_stopped = signal_number;
}

void ingest_catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = stop};

    sigemptyset(&action.sa_mask);
    /* A second one ends the program at once. */
    action.sa_flags = (int)SA_RESETHAND;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct sigaction before;

        if (sigaction(signals[i], NULL, &before) == 0 &&
            before.sa_handler != SIG_IGN) /* nohup */
            sigaction(signals[i], &action, NULL);
    }
}

void ingest_die_of_signal(void)
{
    int number = ingest_stopped;

    if (number == 0)
        return;
    signal(number, SIG_DFL);
    raise(number);
}

void ingest_full_path(struct textbuf *text, struct bounce_slice path)
{
    char folder[4096];

    text->len = 0;
    if ((path.len == 0 || path.ptr[0] != '/') &&
        getcwd(folder, sizeof(folder)) != NULL)
        textbuf_format(text, "%s/", folder);
    textbuf_add(text, path);
}

void ingest_hide_name(const struct book *book, struct textbuf *text,
                      struct bounce_slice name)
{
    /* Hashes are longer than what they hide. */
    const size_t room = name.len * 2 + 4096;

    text->len = 0;
    text->len = address_hide(book->addresses, name, NULL,
                             textbuf_room(text, room), room);
}

void ingest_position_name(const struct book *book, struct textbuf *text,
                          struct bounce_slice path)
{
    struct textbuf full = {0};

    ingest_full_path(&full, path);
    ingest_hide_name(book, text, textbuf_slice(&full));
    textbuf_free(&full);
}
