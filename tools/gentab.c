/* SPDX-License-Identifier: MIT
 * gentab OUTPUT.c DIR [SKIP...]: compiles the knowledge in DIR (folders named
 * SKIP left out) into C tables. A build-time program: it runs on the machine
 * that builds. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "classify/compile.h"

#define MAX_FILES 4096

struct input {
    char *path; /* as opened */
    char *name; /* below DIR */
    char *data;
};

static struct input inputs[MAX_FILES];
static size_t input_count;

static void die(const char *what, const char *name)
{
    fprintf(stderr, "gentab: %s: %s\n", name, what);
    exit(1);
}

static char *join(const char *dir, const char *name)
{
    size_t size = strlen(dir) + strlen(name) + 2;
    char *path = malloc(size);

    if (path == NULL)
        die("out of memory", dir);
    snprintf(path, size, "%s%s%s", dir, *dir != '\0' ? "/" : "", name);
    return path;
}

static bool is_skipped(const char *name, char **skip, size_t skip_count)
{
    size_t len = strlen(name);

    if (name[0] == '.' || name[len - 1] == '~' ||
        (len > 3 && strcmp(name + len - 3, ".md") == 0))
        return true;
    for (size_t i = 0; i < skip_count; i++) {
        if (strcmp(skip[i], name) == 0)
            return true;
    }
    return false;
}

static void collect(const char *dir, const char *below, char **skip,
                    size_t skip_count)
{
    DIR *handle = opendir(dir);
    struct dirent *entry;

    if (handle == NULL)
        die(strerror(errno), dir);
    while ((entry = readdir(handle)) != NULL) {
        char *path, *name;
        struct stat st;

        if (is_skipped(entry->d_name, skip, skip_count))
            continue;
        path = join(dir, entry->d_name);
        name = join(below, entry->d_name);
        if (stat(path, &st) != 0)
            die(strerror(errno), path);
        if (S_ISDIR(st.st_mode)) {
            collect(path, name, skip, skip_count);
            free(path);
            free(name);
        } else if (input_count == MAX_FILES) {
            die("too many files", dir);
        } else {
            inputs[input_count++] = (struct input){path, name, NULL};
        }
    }
    closedir(handle);
}

static int compare_inputs(const void *a, const void *b)
{
    const struct input *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static struct bounce_slice read_file(struct input *input)
{
    const char *path = input->path;
    FILE *file = fopen(path, "rb");
    char *data = NULL;
    size_t len = 0, cap = 0, n;

    if (file == NULL)
        die(strerror(errno), path);
    do {
        if (len == cap) {
            cap = cap == 0 ? 65536 : cap * 2;
            data = realloc(data, cap);
            if (data == NULL)
                die("out of memory", path);
        }
        n = fread(data + len, 1, cap - len, file);
        len += n;
    } while (n > 0);
    if (ferror(file))
        die("cannot be read", path);
    fclose(file);
    input->data = data;
    return slice_make(data, len);
}

/* All members of the tables are uint32_t, so a row is a list of numbers. */
static void put_table(FILE *out, const char *type, const char *name,
                      const void *rows, size_t count, size_t size)
{
    const uint32_t *numbers = rows;
    size_t members = size / sizeof(uint32_t);

    if (count == 0)
        return;
    fprintf(out, "static _Alignas(64) const %s %s_rows[] = {\n", type, name);
    for (size_t i = 0; i < count; i++) {
        if (members > 1)
            fputc('{', out);
        for (size_t j = 0; j < members; j++)
            fprintf(out, "%luU,", (unsigned long)numbers[i * members + j]);
        fputs(members > 1 ? "},\n" : i % 8 == 7 ? "\n" : "", out);
    }
    fputs("};\n", out);
}

static void put_pool(FILE *out, const struct tables *tables)
{
    fputs("static const char pool_bytes[] = {\n", out);
    for (size_t i = 0; i < tables->pool_len; i++) {
        int c = tables->pool[i];

        fprintf(out, "%d,%s", c, i % 24 == 23 ? "\n" : "");
    }
    fputs("0};\n", out);
}

static void put_all(FILE *out, const struct tables *tables)
{
    fputs("/* Made by tools/gentab.c from the files in data/. */\n"
          "#include \"classify/tables.h\"\n\n",
          out);
#define PUT(type, name)                                                        \
    put_table(out, #type, #name, tables->name, tables->name##_count,           \
              sizeof(type));
    TABLES(PUT)
#undef PUT
    put_pool(out, tables);
    fputs("const struct tables tables_builtin = {\n", out);
#define REFER(type, name)                                                      \
    if (tables->name##_count > 0)                                              \
        fprintf(out, ".%s = %s_rows, .%s_count = %zu,\n", #name, #name, #name, \
                tables->name##_count);
    TABLES(REFER)
#undef REFER
    fprintf(out, ".pool = pool_bytes, .pool_len = %zu,\n", tables->pool_len);
    fprintf(out, ".flag_count = %zu,\n};\n", tables->flag_count);
}

int main(int argc, char **argv)
{
    struct compile_source *sources;
    struct arena arena;
    struct tables tables;
    struct bounce_error error;
    FILE *out;

    if (argc < 3) {
        fputs("usage: gentab OUTPUT.c DIR [SKIP...]\n", stderr);
        return 2;
    }
    collect(argv[2], "", argv + 3, (size_t)argc - 3);
    qsort(inputs, input_count, sizeof(inputs[0]), compare_inputs);
    sources = calloc(input_count + 1, sizeof(*sources));
    if (sources == NULL)
        die("out of memory", argv[2]);
    for (size_t i = 0; i < input_count; i++) {
        sources[i].name = slice_cstr(inputs[i].name);
        sources[i].text = read_file(&inputs[i]);
    }
    arena_init(&arena, allocator_default(), SIZE_MAX / 2);
    if (tables_compile(&arena, sources, input_count, NULL, &tables, &error) !=
        BOUNCE_OK) {
        fprintf(stderr, "%s/%s\n", argv[2], error.msg);
        return 1;
    }
    out = fopen(argv[1], "wb");
    if (out == NULL)
        die(strerror(errno), argv[1]);
    put_all(out, &tables);
    if (fclose(out) != 0)
        die(strerror(errno), argv[1]);
    arena_clear(&arena);
    for (size_t i = 0; i < input_count; i++) {
        free(inputs[i].data);
        free(inputs[i].path);
        free(inputs[i].name);
    }
    free(sources);
    return 0;
}
