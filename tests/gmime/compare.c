/* SPDX-License-Identifier: MIT
 * compare [-v] [-n COUNT -m SEEDS] FILE...: reads messages with Bounce and with
 * GMime and says where they differ. FILE is a message, or cases (*.md); each is
 * read as it is. COUNT messages are read that are changed copies of those in
 * SEEDS, the same ones each time. -w NUMBER prints one of these instead. */
#include "seen.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cases/case_file.h"
#include "explain.h"

#define MAX_MESSAGES 4000
#define MAX_FILE     ((size_t)4 << 20)

struct corpus {
    char *data[MAX_MESSAGES];
    size_t len[MAX_MESSAGES];
    size_t count;
};

struct tally {
    size_t messages, fields, unexplained;
    size_t explained[EXPLANATIONS];
    bool verbose;
};

static void add_message(struct corpus *corpus, const char *data, size_t len)
{
    char *copy = malloc(len + 1);

    if (copy == NULL || corpus->count == MAX_MESSAGES)
        abort();
    memcpy(copy, data, len);
    corpus->data[corpus->count] = copy;
    corpus->len[corpus->count++] = len;
}

static void add_file(struct corpus *corpus, const char *path)
{
    char *text = malloc(MAX_FILE);
    FILE *file = fopen(path, "rb");
    size_t len, name_len = strlen(path);

    if (file == NULL || text == NULL) {
        perror(path);
        exit(1);
    }
    len = fread(text, 1, MAX_FILE, file);
    fclose(file);
    if (name_len > 3 && strcmp(path + name_len - 3, ".md") == 0) {
        struct case_reader reader = {.name = path,
                                     .rest = slice_make(text, len)};
        struct test_case test;

        while (case_next(&reader, &test)) {
            if (!test.is_reply)
                add_message(corpus, test.input, test.input_len);
            case_free(&test);
        }
    } else {
        add_message(corpus, text, len);
    }
    free(text);
}

static void clear_corpus(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++)
        free(corpus->data[i]);
}

static void print_value(const char *who, const struct seen_item *item)
{
    printf("    %s: ", who);
    if (item == NULL)
        printf("(nothing)");
    else
        for (size_t i = 0; i < item->len && i < 200; i++)
            printf(item->value[i] >= ' ' && item->value[i] < 127 ? "%c"
                                                                 : "\\x%02X",
                   (unsigned char)item->value[i]);
    printf("\n");
}

static bool same(const struct seen_item *a, const struct seen_item *b)
{
    return a != NULL && b != NULL && a->len == b->len &&
           memcmp(a->value, b->value, a->len) == 0;
}

/* Behind a difference in the tree everything below differs too. */
static bool is_below(const char *name, const char *place)
{
    size_t len = strcspn(place, " ");

    return len > 0 && strncmp(name, place, len) == 0 &&
           (name[len] == '.' || name[len] == ' ');
}

static void compare_item(struct tally *tally, struct difference *d,
                         char broken[128], const char *label)
{
    int reason;

    if (is_below(d->name, broken) || strchr(d->name, '#') != NULL)
        return;
    tally->fields++;
    if (same(d->ours, d->theirs))
        return;
    if (strstr(d->name, " type") != NULL && broken[0] == '\0')
        snprintf(broken, 128, "%s", d->name);
    reason = explain(d);
    if (reason >= 0) {
        tally->explained[reason]++;
        return;
    }
    tally->unexplained++;
    if (tally->unexplained > 20 && !tally->verbose)
        return;
    printf("%s: %s\n", label, d->name);
    print_value("Bounce", d->ours);
    print_value("GMime ", d->theirs);
}

static void compare(struct tally *tally, const char *label, const char *data,
                    size_t len)
{
    struct seen us = {0}, them = {0};
    char broken[128] = "";
    struct difference d = {.data = data, .len = len, .us = &us, .them = &them};

    seen_by_us(&us, data, len);
    seen_by_gmime(&them, data, len);
    tally->messages++;
    for (size_t i = 0; i < us.count; i++) {
        d.name = us.items[i].name;
        d.ours = &us.items[i];
        d.theirs = seen_find(&them, d.name);
        compare_item(tally, &d, broken, label);
    }
    for (size_t i = 0; i < them.count; i++) {
        d.name = them.items[i].name;
        d.ours = NULL;
        d.theirs = &them.items[i];
        if (seen_find(&us, d.name) == NULL)
            compare_item(tally, &d, broken, label);
    }
    seen_clear(&us);
    seen_clear(&them);
}

/* ---- Mutants --------------------------------------------------------- */

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Changes a copy: lines go, come twice, change places, words of MIME come in,
 * bytes change. */
static size_t mutate(char *data, size_t len, unsigned *seed)
{
    static const char *const words[] = {
        "\n--b1\n",
        "\n--b1--\n",
        "\n\n",
        "Content-Type: text/html; charset=utf-8\n",
        "Content-Type: message/rfc822\n\n",
        "Content-Transfer-Encoding: base64\n",
        "Content-Transfer-Encoding: quoted-printable\n",
        "To: \"A, B\" <a@example.org>, b@example.org\n",
        "Subject: =?utf-8?Q?gr=C3=BC=C3=9Fe?= =?iso-8859-1?B?5PY=?=\n",
        "=C3=BC",
        "\r\n",
        "\t",
    };
    unsigned changes = 1 + next_random(seed) % 3;

    while (changes-- > 0 && len > 20) {
        size_t at = next_random(seed) % len;
        char *line = memchr(data + at, '\n', len - at);
        size_t from = line != NULL ? (size_t)(line - data) + 1 : at;
        char *end = memchr(data + from, '\n', len - from);
        size_t line_len = end != NULL ? (size_t)(end - data) + 1 - from : 0;

        switch (next_random(seed) % 4) {
        case 0:
            memmove(data + from, data + from + line_len, len - from - line_len);
            len -= line_len;
            break;
        case 1:
            memmove(data + from + line_len, data + from, len - from);
            len += line_len;
            break;
        case 2: {
            const char *word =
                words[next_random(seed) % (sizeof(words) / sizeof(*words))];
            memmove(data + from + strlen(word), data + from, len - from);
            memcpy(data + from, word, strlen(word));
            len += strlen(word);
            break;
        }
        default:
            data[at] = (char)(' ' + next_random(seed) % 95);
        }
    }
    return len;
}

/* The mutant of that number, in memory of its own. */
static char *make_mutant(const struct corpus *corpus, unsigned number,
                         size_t *len_out)
{
    unsigned seed = number * 2654435761u + 1;
    size_t which = next_random(&seed) % corpus->count;
    char *copy = malloc(corpus->len[which] * 16 + 1024);

    if (copy == NULL)
        abort();
    memcpy(copy, corpus->data[which], corpus->len[which]);
    *len_out = mutate(copy, corpus->len[which], &seed);
    return copy;
}

static void compare_mutants(struct tally *tally, const struct corpus *corpus,
                            unsigned count)
{
    char label[64];
    size_t len;

    for (unsigned i = 0; i < count; i++) {
        char *copy = make_mutant(corpus, i, &len);

        snprintf(label, sizeof(label), "mutant %u", i);
        compare(tally, label, copy, len);
        free(copy);
    }
}

static int print_mutant(const struct corpus *corpus, unsigned number)
{
    size_t len;
    char *copy = make_mutant(corpus, number, &len);
    bool fine = fwrite(copy, 1, len, stdout) == len;

    free(copy);
    return fine ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct corpus corpus, seeds;
    struct tally tally = {0};
    unsigned mutants = 0;
    char label[64];

    g_mime_init();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-n") == 0 && i + 1 < argc)
            mutants = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "-m") == 0 && i + 1 < argc)
            add_file(&seeds, argv[++i]);
        else if (strcmp(argv[i], "-w") == 0 && i + 1 < argc && seeds.count > 0)
            return print_mutant(&seeds, (unsigned)atoi(argv[i + 1]));
        else if (strcmp(argv[i], "-v") == 0)
            tally.verbose = true;
        else
            add_file(&corpus, argv[i]);
    }
    if (corpus.count == 0 || (mutants > 0 && seeds.count == 0)) {
        fprintf(stderr, "usage: compare [-v] [-n COUNT -m SEEDS] FILE...\n");
        return 2;
    }
    for (size_t i = 0; i < corpus.count; i++) {
        snprintf(label, sizeof(label), "message %zu", i);
        compare(&tally, label, corpus.data[i], corpus.len[i]);
    }
    compare_mutants(&tally, &seeds, mutants);
    printf("%zu messages, %zu fields, %zu differences unexplained\n",
           tally.messages, tally.fields, tally.unexplained);
    for (int i = 0; i < EXPLANATIONS; i++)
        printf("%7zu  %s\n", tally.explained[i], explanation(i));
    clear_corpus(&corpus);
    clear_corpus(&seeds);
    g_mime_shutdown();
    return tally.unexplained > 0;
}
