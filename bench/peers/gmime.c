/* SPDX-License-Identifier: MIT
 * gmime FOLDER SECONDS: parses every file of FOLDER from memory with GMime,
 * again and again, and prints messages a second of CPU time. */
#include <dirent.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static GByteArray *messages[100000];
static size_t count;

static void load(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char path[4096];
        gchar *data;
        gsize len;

        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] == '.' || count == 100000 ||
            !g_file_get_contents(path, &data, &len, NULL))
            continue;
        messages[count++] = g_byte_array_new_take((guint8 *)data, len);
    }
}

static void parse(GByteArray *data)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(data);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message;

    g_mime_stream_mem_set_owner((GMimeStreamMem *)stream, FALSE);
    message = g_mime_parser_construct_message(parser, NULL);
    if (message != NULL)
        g_object_unref(message);
    g_object_unref(parser);
    g_object_unref(stream);
}

int main(int argc, char **argv)
{
    double wanted = argc > 2 ? atof(argv[2]) : 2, spent;
    size_t done = 0;
    clock_t start;

    if (argc < 2)
        return 2;
    load(argv[1]);
    if (count == 0)
        return 1;
    g_mime_init();
    start = clock();
    do {
        for (size_t i = 0; i < count; i++)
            parse(messages[i]);
        done += count;
        spent = (double)(clock() - start) / CLOCKS_PER_SEC;
    } while (spent < wanted);
    printf("%.1f\n", (double)done / spent);
    return 0;
}
