/* SPDX-License-Identifier: MIT */
#include "cli/store_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "cli/cli.h"
#include "cli/open.h"
#include "cli/textbuf.h"

#define POLICY_MAX ((size_t)1 << 20)
#define KEY_MAX    4096
#define KEY_LEAST  16 /* bytes: less can be guessed */

/* A variable of the environment; NULL when it is empty too. */
static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* ---- Times ------------------------------------------------------------ */

int64_t session_parse_time(const char *text)
{
    struct bounce_slice s = slice_cstr(text);
    size_t digits = 0;
    int64_t seconds = 0;
    char whole[64];

    while (digits < s.len && ascii_is_digit((unsigned char)s.ptr[digits]) &&
           digits < 12)
        seconds = seconds * 10 + (s.ptr[digits++] - '0');
    if (s.len > 0 && digits == s.len && s.len != 8)
        return seconds;
    /* What is a date and more is none: date_parse() stops where it is done. */
    if (s.len < 10 || s.len >= sizeof(whole) - 10 || s.ptr[4] != '-' ||
        s.ptr[7] != '-')
        return BOUNCE_NO_TIME;
    for (size_t i = 0; i < s.len; i++) {
        if (strchr("0123456789-+:.TtZz ", s.ptr[i]) == NULL)
            return BOUNCE_NO_TIME;
    }
    memcpy(whole, text, s.len + 1);
    if (s.len == 10)
        memcpy(whole + 10, "T00:00:00", 10);
    return date_parse(slice_cstr(whole));
}

int64_t session_parse_span(const char *text)
{
    static const char units[] = "smhdw";
    static const int64_t seconds[] = {1, 60, 3600, 86400, 7 * 86400};
    unsigned number = 0;
    size_t digits = slice_parse_uint(slice_cstr(text), 9, &number);
    const char *unit;

    if (digits == 0 || text[digits] == '\0' || text[digits + 1] != '\0')
        return -1;
    unit = strchr(units, text[digits]);
    return unit != NULL ? number * seconds[unit - units] : -1;
}

int session_parse_since(const char *verb, const char *option, const char *text,
                        int64_t now, int64_t *time_out)
{
    int64_t span;

    *time_out = BOUNCE_NO_TIME;
    if (text == NULL)
        return -1;
    span = session_parse_span(text);
    *time_out = span >= 0 ? now - span : session_parse_time(text);
    if (*time_out == BOUNCE_NO_TIME)
        return args_wrong(
            verb,
            "--%s wants a time (2026-11-22, 2026-11-22T10:00:00Z) or a "
            "span (12h, 30d), not %s",
            option, text);
    return -1;
}

/* ---- Files ------------------------------------------------------------ */

char *session_read_file(const char *path, size_t max, size_t *len_out)
{
    struct textbuf text = {0};
    bool input = strcmp(path, "-") == 0;
    int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;

    while (got > 0 && text.len <= max) {
        char *room = textbuf_room(&text, 16384);

        got = read(fd, room, 16384);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            text.len += (size_t)got;
    }
    if (got < 0)
        cli_error("%s: %s", path, strerror(errno));
    else if (text.len > max)
        cli_error("%s: more than %zu bytes", path, max);
    if (fd >= 0 && !input)
        close(fd);
    if (got < 0 || text.len > max) {
        textbuf_free(&text);
        return NULL;
    }
    *len_out = text.len;
    textbuf_byte(&text, '\0');
    return text.ptr;
}

/* ---- Policy ----------------------------------------------------------- */

static bool is_preset(struct bounce_slice name)
{
    const char *preset;

    for (size_t i = 0; (preset = bounce_policy_preset(i)) != NULL; i++) {
        if (slice_eq(name, slice_cstr(preset)))
            return true;
    }
    return false;
}

static struct bounce_policy *make_policy(const char *preset, const char *path,
                                         int *status_out)
{
    struct bounce_policy *policy = NULL;
    struct bounce_error error = {0};
    size_t len = 0;
    char *data = NULL;
    enum bounce_err err;

    if (path != NULL) {
        data = session_read_file(path, POLICY_MAX, &len);
        *status_out = CLI_NO_INPUT;
        if (data == NULL)
            return NULL;
    }
    err = bounce_policy_new(NULL, preset, path, data, len, &policy, &error);
    free(data);
    if (err == BOUNCE_OK)
        return policy;
    cli_error("%s", error.msg[0] ? error.msg : bounce_strerror(err));
    *status_out = err == BOUNCE_E_NOMEM ? CLI_TRY_AGAIN : CLI_DATA_ERROR;
    return NULL;
}

struct bounce_policy *session_policy(const char *text, int *status_out)
{
    struct bounce_slice whole, first;
    const char *path = NULL;
    char preset[64] = "";

    if (text == NULL)
        text = environment("BOUNCE_POLICY");
    if (text == NULL)
        text = "default";
    whole = slice_cstr(text);
    first = slice_sub(whole, 0, slice_find_byte(whole, ','));
    if (is_preset(first)) {
        memcpy(preset, first.ptr, first.len);
        preset[first.len] = '\0';
        if (first.len < whole.len)
            path = text + first.len + 1;
    } else {
        path = text;
    }
    return make_policy(preset[0] != '\0' ? preset : NULL, path, status_out);
}

/* ---- Store ------------------------------------------------------------ */

/* The folders that path names, up to its last "/". */
static bool make_folders(char *path)
{
    for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
        bool fine;

        *at = '\0';
        fine = mkdir(path, 0700) == 0 || errno == EEXIST;
        *at = '/';
        if (!fine)
            return false;
    }
    return true;
}

/* Where the store is when nobody says: $XDG_STATE_HOME/bounce/bounce.db. */
static int default_store(struct textbuf *where, bool create)
{
    const char *state = environment("XDG_STATE_HOME");
    const char *home = environment("HOME");

    if (state != NULL && state[0] == '/') {
        textbuf_cstr(where, state);
    } else if (home != NULL && home[0] == '/') {
        textbuf_format(where, "%s/.local/state", home);
    } else {
        cli_error("no store: name one with --store or BOUNCE_STORE");
        return CLI_NO_INPUT;
    }
    textbuf_cstr(where, "/bounce/bounce.db");
    textbuf_byte(where, '\0');
    if (create && !make_folders(where->ptr)) {
        cli_error("%s: %s", where->ptr, strerror(errno));
        return CLI_NO_CREATE;
    }
    return -1;
}

int session_read_key(const char *path, char **key_out, size_t *len_out)
{
    struct bounce_slice key;

    *key_out = NULL;
    *len_out = 0;
    if (path == NULL)
        path = environment("BOUNCE_ADDRESS_KEY");
    if (path == NULL)
        return -1;
    *key_out = session_read_file(path, KEY_MAX, len_out);
    if (*key_out == NULL)
        return CLI_NO_INPUT;
    key = slice_trim(slice_make(*key_out, *len_out));
    if (key.len < KEY_LEAST) {
        cli_error("%s: a key has %d bytes or more", path, KEY_LEAST);
        free(*key_out);
        *key_out = NULL;
        return CLI_DATA_ERROR;
    }
    memmove(*key_out, key.ptr, key.len);
    *len_out = key.len;
    return -1;
}

/* The key for hashed addresses; *key_out stays NULL when there is none. */
static int read_key(const char *verb, const struct session_choice *choice,
                    char **key_out, size_t *len_out)
{
    int status = session_read_key(choice->address_key, key_out, len_out);

    if (status < 0 && *key_out == NULL &&
        (choice->hash_addresses || choice->hash_domains))
        return args_wrong(verb, "--%s wants a key: --address-key FILE",
                          choice->hash_addresses ? "hash-addresses"
                                                 : "hash-domains");
    return status;
}

char *session_store(bool create, int *status_out)
{
    const char *named = environment("BOUNCE_STORE");
    struct textbuf where = {0};

    *status_out = -1;
    if (named != NULL) {
        textbuf_cstr(&where, named);
        textbuf_byte(&where, '\0');
    } else {
        *status_out = default_store(&where, create);
    }
    if (*status_out < 0)
        return where.ptr;
    textbuf_free(&where);
    return NULL;
}

/* A file that is not there; of a server nobody knows. */
static bool is_missing(const char *store)
{
    struct stat info;

    return strstr(store, "://") == NULL && strcmp(store, "null:") != 0 &&
           stat(store, &info) != 0 && errno == ENOENT;
}

int session_open_book(const char *verb, const struct session_choice *choice,
                      const struct session *session, bool create,
                      unsigned keep_raw_days, struct book **book_out)
{
    struct textbuf where = {0};
    struct store_error error = {0};
    struct book_options options = {.store = choice->store,
                                   .policy = session->policy,
                                   .engine = session->engine,
                                   .hash_domains = choice->hash_domains,
                                   .keep_raw_days = keep_raw_days,
                                   .create = create};
    size_t key_len;
    char *key;
    int status = read_key(verb, choice, &key, &key_len);

    if (status >= 0)
        return status;
    options.address_key = slice_make(key, key_len);
    if (options.store == NULL)
        options.store = environment("BOUNCE_STORE");
    if (options.store == NULL) {
        status = default_store(&where, create);
        options.store = where.ptr;
    }
    if (status < 0 && choice->or_empty && is_missing(options.store))
        options.store = "null:";
    if (status < 0 && book_open(&options, book_out, &error) != STORE_OK)
        status = session_complain(&error);
    textbuf_free(&where);
    free(key);
    return status;
}

int session_complain(const struct store_error *error)
{
    cli_error("%s", error->msg);
    return store_exit_status(error->code);
}

int session_open(const char *verb, const struct session_choice *choice,
                 bool create, unsigned keep_raw_days,
                 struct session *session_out)
{
    int status = -1;

    *session_out = (struct session){.now = (int64_t)time(NULL)};
    if (choice->now != NULL) {
        session_out->now = session_parse_time(choice->now);
        session_out->now_given = true;
        if (session_out->now == BOUNCE_NO_TIME)
            return args_wrong(verb,
                              "--now wants RFC 3339 (2026-11-22T10:00:00Z) or "
                              "Unix seconds, not %s",
                              choice->now);
    }
    session_out->policy = session_policy(choice->policy, &status);
    if (session_out->policy == NULL)
        return status;
    session_out->engine = open_engine(choice->rules, &status);
    if (session_out->engine != NULL)
        status = session_open_book(verb, choice, session_out, create,
                                   keep_raw_days, &session_out->book);
    if (status >= 0)
        session_close(session_out);
    return status;
}

void session_close(struct session *session)
{
    book_close(session->book); /* it uses the other two */
    bounce_policy_free(session->policy);
    bounce_engine_free(session->engine);
    *session = (struct session){0};
}
