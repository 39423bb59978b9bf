/* SPDX-License-Identifier: MIT
 * Throughput of the library alone:
 *
 *     bench replies FILE [SECONDS]     one reply a line
 *     bench anew FILE [SECONDS]        the same, none told by one before
 *     bench messages DIR [SECONDS]     every file of DIR is a message
 *
 * Everything is read into memory first; then all of it goes through one
 * reader, again and again, for SECONDS of CPU (default 3). Prints items, seconds,
 * items a second and bytes a second. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bounce.h>

struct items {
    struct bounce_slice *list;
    size_t count, cap, bytes;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void add_item(struct items *items, char *data, size_t len)
{
    if (items->count == items->cap) {
        items->cap = items->cap == 0 ? 1024 : items->cap * 2;
        items->list = realloc(items->list, items->cap * sizeof(*items->list));
        if (items->list == NULL)
            die("realloc");
    }
    items->list[items->count].ptr = data;
    items->list[items->count++].len = len;
    items->bytes += len;
}

static char *read_file(const char *path, size_t *len_out)
{
    FILE *file = fopen(path, "rb");
    char *data = NULL;
    size_t len = 0, cap = 0, n;

    if (file == NULL)
        die(path);
    do {
        if (len == cap) {
            cap = cap == 0 ? 65536 : cap * 2;
            data = realloc(data, cap);
            if (data == NULL)
                die("realloc");
        }
        n = fread(data + len, 1, cap - len, file);
        len += n;
    } while (n > 0);
    fclose(file);
    *len_out = len;
    return data;
}

static void load_lines(struct items *items, const char *path)
{
    size_t len, start = 0;
    char *data = read_file(path, &len);

    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n') {
            add_item(items, data + start, i - start);
            start = i + 1;
        }
    }
}

static void load_folder(struct items *items, const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (dir == NULL)
        die(path);
    while ((entry = readdir(dir)) != NULL) {
        char name[4096];
        size_t len;
        char *data;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        data = read_file(name, &len);
        add_item(items, data, len);
    }
    closedir(dir);
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts); /* others may be at work */
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static size_t one_round(struct bounce_reader *reader, const struct items *items,
                        int messages)
{
    const struct bounce_result *result;
    size_t events = 0;

    for (size_t i = 0; i < items->count; i++) {
        struct bounce_reply reply = {.size = sizeof(reply)};
        enum bounce_err err;

        reply.text = items->list[i];
        err = messages ? bounce_read(reader, reply.text.ptr, reply.text.len,
                                     &result, NULL)
                       : bounce_classify(reader, &reply, &result, NULL);
        if (err != BOUNCE_OK) {
            fprintf(stderr, "item %zu: %s\n", i, bounce_strerror(err));
            exit(1);
        }
        events += bounce_result_events(result);
    }
    return events;
}

int main(int argc, char **argv)
{
    struct bounce_options options;
    struct items items = {0};
    struct bounce_engine *engine;
    struct bounce_reader *reader;
    int messages = argc > 1 && strcmp(argv[1], "messages") == 0;
    double seconds = argc > 3 ? atof(argv[3]) : 3, start, spent;
    size_t rounds = 0, events = 0;

    if (argc < 3) {
        fputs("usage: bench replies FILE | anew FILE | messages DIR "
              "[SECONDS]\n",
              stderr);
        return 2;
    }
    if (messages)
        load_folder(&items, argv[2]);
    else
        load_lines(&items, argv[2]);
    bounce_options_init(&options, sizeof(options));
    if (argc > 1 && strcmp(argv[1], "anew") == 0)
        options.max_memo = 0;
    if (items.count == 0 || bounce_engine_new(&options, &engine) != BOUNCE_OK ||
        bounce_reader_new(engine, &reader) != BOUNCE_OK)
        return 1;
    one_round(reader, &items, messages);
    start = now();
    do {
        events += one_round(reader, &items, messages);
        rounds++;
        spent = now() - start;
    } while (spent < seconds);
    printf("%zu %s, %zu events, %.2f s: %.0f/s, %.1f MB/s\n",
           rounds * items.count, messages ? "messages" : "replies", events,
           spent, (double)(rounds * items.count) / spent,
           (double)(rounds * items.bytes) / spent / 1e6);
    bounce_reader_free(reader);
    bounce_engine_free(engine);
    return 0;
}
