/* SPDX-License-Identifier: MIT
 * Inputs for benchmarks, no two of them equal:
 *
 *     generate replies COUNT SEED FILE...     one reply a line
 *     generate maildir COUNT SEED FOLDER FILE...
 *     generate mbox COUNT SEED FILE...
 *
 * Replies are the Example lines of the knowledge in FILEs; messages are the
 * FILEs themselves. Each comes out with other local parts, ids and numbers. The
 * same COUNT, SEED and FILEs give the same bytes. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct text {
    char *data;
    size_t len;
};

static struct text *texts;
static size_t text_count, text_cap;
static uint64_t seed;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void add_text(const char *data, size_t len)
{
    if (text_count == text_cap) {
        text_cap = text_cap == 0 ? 1024 : text_cap * 2;
        texts = realloc(texts, text_cap * sizeof(*texts));
        if (texts == NULL)
            die("realloc");
    }
    texts[text_count].data = malloc(len + 1);
    if (texts[text_count].data == NULL)
        die("malloc");
    memcpy(texts[text_count].data, data, len);
    texts[text_count].data[len] = '\0';
    texts[text_count++].len = len;
}

static struct text read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct text text = {malloc(1 << 22), 0};

    if (file == NULL || text.data == NULL)
        die(path);
    text.len = fread(text.data, 1, 1 << 22, file);
    fclose(file);
    return text;
}

static void add_examples(const char *path)
{
    static const char field[] = "Example: ";
    struct text text = read_file(path);
    char *line = text.data, *end = text.data + text.len;

    while (line < end) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((stop != NULL ? stop : end) - line);

        if (len > sizeof(field) && strncmp(line, field, 9) == 0)
            add_text(line + 9, len - 9);
        line += len + 1;
    }
    free(text.data);
}

/* A message begins with a header; replies among the cases do not. */
static bool is_message(const struct text *text)
{
    size_t i = 0;

    while (i < text->len &&
           (text->data[i] == '-' || (text->data[i] | 0x20) - 'a' < 26u))
        i++;
    return i > 0 && i < text->len && text->data[i] == ':' &&
           memchr(text->data, '\n', text->len) != NULL;
}

static bool is_alnum(unsigned char c)
{
    return c - '0' < 10u || (c | 0x20) - 'a' < 26u;
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* One word, the same for each place where it stands in the text: boundaries
 * and message ids must go on to fit. */
static void put_varied(FILE *out, const char *word, size_t len, uint64_t number)
{
    uint64_t state = seed ^ mix(number + 1);

    for (size_t i = 0; i < len; i++)
        state = mix(state ^ (unsigned char)word[i]);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)word[i];

        state = mix(state + i);
        if (c - '0' < 10u)
            c = (unsigned char)('0' + state % 10);
        else
            c = (unsigned char)((c & 0x20 ? 'a' : 'A') + state % 26);
        putc(c, out);
    }
}

/* Lines of base64, and encoded words, hold text that must stay. */
static bool is_encoded(const char *line, size_t len)
{
    size_t plain = 0;

    for (size_t i = 0; i + 1 < len; i++)
        if (line[i] == '=' && line[i + 1] == '?')
            return true;
    while (plain < len && (is_alnum((unsigned char)line[plain]) ||
                           strchr("+/=", line[plain]) != NULL))
        plain++;
    return len >= 50 && plain + 1 >= len;
}

static void put_line(FILE *out, const char *line, size_t len, uint64_t number)
{
    size_t i = 0;

    if (is_encoded(line, len)) {
        fwrite(line, 1, len, out);
        return;
    }
    while (i < len) {
        size_t end = i, digits = 0;

        while (end < len && is_alnum((unsigned char)line[end])) {
            digits += (unsigned char)line[end] - '0' < 10u;
            end++;
        }
        if (end == i)
            putc(line[i++], out);
        else if ((end < len && line[end] == '@') ||
                 (digits >= 4 && end - i >= 5))
            put_varied(out, line + i, end - i, number);
        else
            fwrite(line + i, 1, end - i, out);
        i = end > i ? end : i;
    }
}

static void put_text(FILE *out, const struct text *text, uint64_t number,
                     bool mbox)
{
    const char *line = text->data, *end = text->data + text->len;

    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((stop != NULL ? stop + 1 : end) - line);

        if (mbox && len > 5 && strncmp(line, "From ", 5) == 0)
            putc('>', out);
        put_line(out, line, len, number);
        line += len;
    }
}

static void put_message(FILE *out, size_t number, bool mbox)
{
    const struct text *text = &texts[number % text_count];

    if (mbox)
        fputs("From MAILER-DAEMON Mon Jan  1 00:00:00 2024\n", out);
    fprintf(out, "X-Number: %016llx\n", (unsigned long long)mix(seed ^ number));
    put_text(out, text, number, mbox);
    if (mbox)
        fputs("\n\n", out);
}

static void make_folder(const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        die(path);
}

static void put_maildir(const char *folder, size_t count)
{
    static const char *const parts[] = {"", "/cur", "/new", "/tmp"};
    char path[4096];

    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s%s", folder, parts[i]);
        make_folder(path);
    }
    for (size_t i = 0; i < count; i++) {
        FILE *out;

        snprintf(path, sizeof(path), "%s/cur/%09zu.bench:2,", folder, i);
        out = fopen(path, "wb");
        if (out == NULL)
            die(path);
        put_message(out, i, false);
        if (fclose(out) != 0)
            die(path);
    }
}

static void put_replies(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_text(stdout, &texts[i % text_count], i, false);
        printf(" (%08llx)\n",
               (unsigned long long)(mix(seed ^ i) >> 32 ^ (uint64_t)i << 32));
    }
}

static int usage(void)
{
    fputs("usage: generate replies|mbox COUNT SEED FILE...\n"
          "       generate maildir COUNT SEED FOLDER FILE...\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    bool replies = argc > 1 && strcmp(argv[1], "replies") == 0;
    bool maildir = argc > 1 && strcmp(argv[1], "maildir") == 0;
    int first = maildir ? 5 : 4;
    size_t count;

    if (argc <= first)
        return usage();
    count = strtoull(argv[2], NULL, 10);
    seed = mix(strtoull(argv[3], NULL, 10));
    for (int i = first; i < argc; i++) {
        struct text text;

        if (replies) {
            add_examples(argv[i]);
            continue;
        }
        text = read_file(argv[i]);
        if (is_message(&text))
            add_text(text.data, text.len);
        free(text.data);
    }
    if (text_count == 0)
        return usage();
    if (replies)
        put_replies(count);
    else if (maildir)
        put_maildir(argv[4], count);
    else
        for (size_t i = 0; i < count; i++)
            put_message(stdout, i, true);
    return ferror(stdout) != 0;
}
