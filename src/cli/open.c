/* SPDX-License-Identifier: MIT */
#include "cli/open.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/folder.h"
#include "cli/textbuf.h"

/* The whole file behind what text holds; false with errno. */
static bool read_whole(int fd, struct textbuf *text)
{
    for (;;) {
        char *room = textbuf_room(text, 65536);
        ssize_t got = read(fd, room, 65536);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        text->len += (size_t)got;
    }
}

static int add_file(struct bounce_engine *engine, const char *path)
{
    struct textbuf text = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC), status = CLI_FINE;
    enum bounce_err err;

    if (fd < 0 || !read_whole(fd, &text)) {
        cli_error("%s: %s", path, strerror(errno));
        status = CLI_NO_INPUT;
    } else {
        err = bounce_engine_add_rules(engine, path, textbuf_slice(&text).ptr,
                                      text.len);
        if (err != BOUNCE_OK) {
            cli_error("%s: %s", path, bounce_strerror(err));
            status = err == BOUNCE_E_NOMEM ? CLI_TRY_AGAIN : CLI_DATA_ERROR;
        }
    }
    if (fd >= 0)
        close(fd);
    textbuf_free(&text);
    return status;
}

/* As data/README.md says: what begins with "." or ends in "~" or ".md" is no
 * rules. */
static bool is_rules_name(const char *name)
{
    struct bounce_slice s = slice_cstr(name);

    return name[0] != '.' && !slice_ends_nocase(s, SLICE("~")) &&
           !slice_ends_nocase(s, SLICE(".md"));
}

static int add_path(struct bounce_engine *engine, const char *path,
                    unsigned depth)
{
    struct folder folder = {0};
    struct stat info;
    int status = CLI_FINE;

    if (stat(path, &info) != 0) {
        cli_error("%s: %s", path, strerror(errno));
        return CLI_NO_INPUT;
    }
    if (!S_ISDIR(info.st_mode) || depth > 16)
        return add_file(engine, path);
    if (!folder_list_path(&folder, path)) {
        cli_error("%s: %s", path, strerror(errno));
        status = CLI_NO_INPUT;
    }
    for (size_t i = 0; i < folder.count && status == CLI_FINE; i++) {
        struct textbuf full = {0};

        textbuf_format(&full, "%s/%s", path, folder.names[i].text);
        textbuf_byte(&full, '\0');
        if (is_rules_name(folder.names[i].text))
            status = add_path(engine, full.ptr, depth + 1);
        textbuf_free(&full);
    }
    folder_free(&folder);
    return status;
}

struct bounce_engine *open_engine(const char *rules_dir, int *status_out)
{
    struct bounce_engine *engine = NULL;
    struct bounce_error error = {0};
    enum bounce_err err = bounce_engine_new(NULL, &engine);

    if (err != BOUNCE_OK)
        cli_fail(CLI_TRY_AGAIN, "%s", bounce_strerror(err));
    *status_out = CLI_FINE;
    if (rules_dir != NULL)
        *status_out = add_path(engine, rules_dir, 0);
    if (*status_out == CLI_FINE) {
        err = bounce_engine_seal(engine, &error);
        if (err != BOUNCE_OK) {
            cli_error("%s", error.msg[0] ? error.msg : bounce_strerror(err));
            *status_out =
                err == BOUNCE_E_NOMEM ? CLI_TRY_AGAIN : CLI_DATA_ERROR;
        }
    }
    if (*status_out != CLI_FINE) {
        bounce_engine_free(engine);
        engine = NULL;
    }
    return engine;
}

struct bounce_reader *open_reader(struct bounce_engine *engine)
{
    struct bounce_reader *reader = NULL;
    enum bounce_err err = bounce_reader_new(engine, &reader);

    if (err != BOUNCE_OK)
        cli_fail(CLI_TRY_AGAIN, "%s", bounce_strerror(err));
    return reader;
}

static bool is_taxonomy(const struct bounce_engine *engine,
                        struct bounce_slice name)
{
    const char *known;

    for (size_t i = 0; (known = bounce_taxonomy(engine, i)) != NULL; i++) {
        if (slice_eq(name, slice_cstr(known)))
            return true;
    }
    return false;
}

bool check_labels(const struct bounce_engine *engine, const char *verb,
                  const char *labels)
{
    struct bounce_slice rest = slice_cstr(labels), name;

    while (slice_next_piece(&rest, ',', &name)) {
        name = slice_trim(name);
        if (is_taxonomy(engine, name))
            continue;
        args_wrong(verb, "unknown taxonomy \"%.*s\"; bounce labels lists them",
                   CLI_ARG(name));
        return false;
    }
    return true;
}
