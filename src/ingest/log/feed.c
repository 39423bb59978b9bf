/* SPDX-License-Identifier: MIT */
#include "ingest/log/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"

#define PART      ((size_t)4 << 20) /* bytes between two positions */
#define LINE_MAX_ ((size_t)1 << 20) /* a longer line is no log's */
#define RECALL                                                                 \
    ((off_t)1 << 20)   /* bytes before the position, read again
                                      * for what they say of the queue */
#define MARK_BYTES 512 /* that tell a file from its successor */
#define POLL_MS    250

extern char **environ;

struct feed {
    const struct feed_options *options;
    struct log *log;
    struct bounce_reader *reader;
    char *buf;
    size_t len;     /* bytes in buf that no line was made of yet */
    int64_t offset; /* of buf in the file */
    bool skip_line; /* the rest of one that was too long */
    bool no_memory;
    char mark[80];
    /* By the writer's thread, before flush returns. */
    struct store_error failed;
    uint64_t fresh, known, bad;
};

static int64_t now_of(const struct feed_options *options)
{
    return options->now != BOUNCE_NO_TIME ? options->now : (int64_t)time(NULL);
}

/* ---- Lines to records -------------------------------------------------- */

/* In the writer's thread. Bad records are left out, all else must be read
 * again. */
static void note(void *ctx, const struct store_error *error,
                 const struct ledger_result *results, size_t count)
{
    struct feed *feed = ctx;

    for (size_t i = 0; i < count; i++) {
        feed->fresh += results[i].fresh;
        feed->known += !results[i].fresh;
    }
    if (error != NULL && error->code == STORE_E_VALUE)
        feed->bad++;
    if (error != NULL && error->code != STORE_E_VALUE &&
        feed->failed.code == STORE_OK)
        feed->failed = *error;
}

static void note_sent(void *ctx, const struct store_error *error,
                      const struct ledger_result *results, size_t count)
{
    (void)count;
    note(ctx, error, results, 0);
}

static bool take(void *ctx, const struct record *record)
{
    struct feed *feed = ctx;
    struct record placed = *record;

    placed.source = slice_cstr(feed->options->path);
    return writer_add(feed->options->writer, &placed, 1, note, feed);
}

static bool take_sent(void *ctx, const struct sent *sent)
{
    struct feed *feed = ctx;

    return writer_add_sent(feed->options->writer, sent, 1, note_sent, feed);
}

/* Whole lines of buf; the rest moves to the front. */
static bool use_lines(struct feed *feed, bool quiet)
{
    struct bounce_slice rest = slice_make(feed->buf, feed->len);
    size_t end;

    while ((end = slice_find_byte(rest, '\n')) != SLICE_NPOS) {
        struct bounce_slice line = slice_sub(rest, 0, end);

        if (feed->skip_line)
            feed->skip_line = false;
        else if (!(quiet ? log_recall(feed->log, line)
                         : log_line(feed->log, line)))
            return false;
        rest = slice_from(rest, end + 1);
    }
    if (rest.len > LINE_MAX_) {
        feed->skip_line = true;
        rest.len = 0;
    }
    feed->offset += (int64_t)(feed->len - rest.len);
    memmove(feed->buf, rest.ptr, rest.len);
    feed->len = rest.len;
    return true;
}

/* All that was added is durable, and so is where it ended. */
static enum store_err settle(struct feed *feed, bool positioned,
                             struct store_error *error)
{
    const struct feed_options *options = feed->options;
    enum store_err err = STORE_OK;

    /* What flush itself says may be about what others added. */
    (void)writer_flush(options->writer, error);
    if (feed->failed.code != STORE_OK) {
        *error = feed->failed;
        return error->code;
    }
    if (!positioned)
        return STORE_OK;
    if (!writer_add_position(options->writer, slice_cstr(options->path),
                             feed->offset, slice_cstr(feed->mark)))
        return store_fail(error, STORE_E_NOMEM, "out of memory");
    err = writer_flush(options->writer, error);
    if (err == STORE_OK && options->progress != NULL)
        options->progress(options->ctx, log_counts(feed->log).lines);
    return err;
}

/* ---- Files ------------------------------------------------------------- */

/* What a file begins with; it may have grown since the mark was made, so the
 * mark says of how many bytes it is. false: it is empty, or cannot be read. */
static bool make_mark(int fd, size_t bytes, char mark[80])
{
    char begin[MARK_BYTES], hex[33];
    struct hash128 hash;
    ssize_t n = pread(fd, begin, bytes, 0);

    if (n <= 0)
        return false;
    hash128_init(&hash);
    hash128_add(&hash, slice_make(begin, (size_t)n));
    hash128_hex(&hash, hex);
    snprintf(mark, 80, "%zd %s", n, hex);
    return true;
}

static bool has_mark(int fd, const char *mark)
{
    const long bytes = strtol(mark, NULL, 10);
    char made[80];

    return bytes > 0 && bytes <= MARK_BYTES &&
           make_mark(fd, (size_t)bytes, made) && strcmp(made, mark) == 0;
}

/* One read into buf: bytes, 0 at the end, -1 with errno. */
static ssize_t fill(struct feed *feed, int fd)
{
    ssize_t n;

    do
        n = read(fd, feed->buf + feed->len, PART + LINE_MAX_ - feed->len);
    while (n < 0 && errno == EINTR && !feed->options->stop(feed->options->ctx));
    if (n > 0)
        feed->len += (size_t)n;
    return n;
}

/* Goes to offset; what stands shortly before is recalled. */
static bool go_to(struct feed *feed, int fd, int64_t offset)
{
    off_t from = offset > RECALL ? (off_t)offset - RECALL : 0;

    feed->len = 0;
    feed->offset = from;
    feed->skip_line = from > 0; /* it begins within a line */
    if (lseek(fd, from, SEEK_SET) < 0)
        return false;
    while (feed->offset + (int64_t)feed->len < offset) {
        const size_t wanted = (size_t)(offset - feed->offset) - feed->len;
        ssize_t n =
            read(fd, feed->buf + feed->len, wanted < PART ? wanted : PART);

        if (n <= 0)
            return false;
        feed->len += (size_t)n;
        if (!use_lines(feed, true)) {
            feed->no_memory = true;
            return false;
        }
    }
    feed->offset = offset;
    feed->len = 0;
    feed->skip_line = false;
    return true;
}

/* To the end of what is there now. */
static enum store_err read_on(struct feed *feed, int fd, bool positioned,
                              struct store_error *error)
{
    const struct feed_options *options = feed->options;
    size_t unsettled = 0;
    enum store_err err = STORE_OK;

    while (err == STORE_OK && !options->stop(options->ctx)) {
        ssize_t n = fill(feed, fd);

        if (n < 0 && errno != EINTR)
            return store_fail(error, STORE_E_OPEN, "%s: %s", options->path,
                              strerror(errno));
        if (n <= 0)
            break;
        if (!use_lines(feed, false))
            return store_fail(error, STORE_E_NOMEM, "out of memory");
        unsettled += (size_t)n;
        if (unsettled >= PART) {
            err = settle(feed, positioned, error);
            unsettled = 0;
        }
    }
    return err == STORE_OK && unsettled > 0 ? settle(feed, positioned, error)
                                            : err;
}

/* The last line may lack its LF. The position stays before it: should it be
 * half of one that is still being written, it is read again. */
static enum store_err finish(struct feed *feed, struct store_error *error)
{
    if (feed->len == 0 || feed->skip_line)
        return STORE_OK;
    if (!log_line(feed->log, slice_make(feed->buf, feed->len)))
        return store_fail(error, STORE_E_NOMEM, "out of memory");
    feed->len = 0;
    return settle(feed, false, error);
}

/* The rotated file that the position belongs to: PATH.1, PATH-20261122, ...
 * opened; -1: there is none. */
static int open_rotated(const char *path, const char *mark)
{
    char pattern[4096];
    glob_t found = {0};
    int fd = -1;

    if (snprintf(pattern, sizeof(pattern), "%s[.-]*", path) >=
            (int)sizeof(pattern) ||
        glob(pattern, 0, NULL, &found) != 0)
        return -1;
    for (size_t i = 0; i < found.gl_pathc && fd < 0; i++) {
        fd = open(found.gl_pathv[i], O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && !has_mark(fd, mark)) {
            close(fd);
            fd = -1;
        }
    }
    globfree(&found);
    return fd;
}

/* What was written to the old file after the last run. */
static enum store_err read_rotated(struct feed *feed, int64_t offset,
                                   const char *mark, struct store_error *error)
{
    int fd = open_rotated(feed->options->path, mark);
    enum store_err err = STORE_OK;

    if (fd < 0)
        return STORE_OK; /* gone or compressed: its rest is lost to us */
    if (go_to(feed, fd, offset))
        err = read_on(feed, fd, false, error);
    if (err == STORE_OK)
        err = finish(feed, error);
    close(fd);
    return err;
}

/* Opens the file where the last run stopped. */
static enum store_err resume(struct feed *feed, int fd, uint64_t *skipped,
                             struct store_error *error)
{
    const struct feed_options *options = feed->options;
    struct ledger *ledger;
    char mark[80] = "";
    int64_t offset = -1;
    enum store_err err = STORE_OK;
    struct stat info;

    if (!options->again) {
        ledger = ledger_new(options->book);
        if (ledger == NULL)
            return store_fail(error, STORE_E_NOMEM, "out of memory");
        err = ledger_position_get(ledger, slice_cstr(options->path), &offset,
                                  mark, sizeof(mark), error);
        ledger_free(ledger);
    }
    if (err != STORE_OK)
        return err;
    if (offset > 0 && has_mark(fd, mark) && fstat(fd, &info) == 0 &&
        info.st_size >= offset && go_to(feed, fd, offset)) {
        *skipped += (uint64_t)offset;
        snprintf(feed->mark, sizeof(feed->mark), "%s", mark);
        return STORE_OK;
    }
    if (offset > 0)
        err = read_rotated(feed, offset, mark, error);
    feed->len = 0;
    feed->offset = 0;
    feed->skip_line = false;
    if (lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
        return store_fail(error, STORE_E_OPEN, "%s: %s", options->path,
                          strerror(errno));
    return err;
}

static void nap(void)
{
    const struct timespec time = {.tv_nsec = POLL_MS * 1000000L};

    nanosleep(&time, NULL);
}

/* Whether path is another file by now, or the same one cut short. */
static bool was_replaced(const char *path, int fd, int64_t offset)
{
    struct stat ours, theirs;

    if (fstat(fd, &ours) != 0)
        return true;
    if (stat(path, &theirs) != 0) /* between two names: wait for the new one */
        return false;
    return ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino ||
           theirs.st_size < offset;
}

static enum store_err follow(struct feed *feed, int *fd,
                             struct store_error *error)
{
    const struct feed_options *options = feed->options;
    enum store_err err = STORE_OK;

    while (err == STORE_OK && !options->stop(options->ctx)) {
        int fresh;

        if (feed->mark[0] == '\0')
            make_mark(*fd, MARK_BYTES, feed->mark);
        err = read_on(feed, *fd, true, error);
        if (err != STORE_OK || options->stop(options->ctx))
            break;
        if (!was_replaced(options->path, *fd, feed->offset)) {
            nap();
            continue;
        }
        err = read_on(feed, *fd, true, error); /* what came last */
        if (err == STORE_OK)
            err = finish(feed, error);
        fresh = open(options->path, O_RDONLY | O_CLOEXEC);
        if (fresh < 0) {
            nap();
            continue;
        }
        close(*fd);
        *fd = fresh;
        feed->len = 0;
        feed->offset = 0;
        feed->mark[0] = '\0';
    }
    return err;
}

/* ---- Compressed files -------------------------------------------------- */

static const char *unpacker(const char *path)
{
    static const struct {
        const char *suffix, *program;
    } known[] = {
        {".gz", "gzip"}, {".xz", "xz"}, {".bz2", "bzip2"}, {".zst", "zstd"}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (slice_ends_nocase(slice_cstr(path), slice_cstr(known[i].suffix)))
            return known[i].program;
    }
    return NULL;
}

/* program -dc <path, its output at *fd_out. */
static bool start_unpacker(const char *program, const char *path,
                           pid_t *pid_out, int *fd_out)
{
    char name[16], option[] = "-dc";
    char *const argv[] = {name, option, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];
    bool fine;

    snprintf(name, sizeof(name), "%s", program);
    if (pipe(ends) != 0)
        return false;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, path, O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    errno = posix_spawnp(pid_out, program, &actions, NULL, argv, environ);
    fine = errno == 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (!fine)
        close(ends[0]);
    *fd_out = ends[0];
    return fine;
}

static enum store_err read_packed(struct feed *feed, const char *program,
                                  struct store_error *error)
{
    const char *path = feed->options->path;
    enum store_err err;
    int fd, status = 0;
    pid_t pid;

    if (access(path, R_OK) != 0 || !start_unpacker(program, path, &pid, &fd))
        return store_fail(error, STORE_E_OPEN, "%s: %s (read by %s)", path,
                          strerror(errno), program);
    err = read_on(feed, fd, false, error);
    if (err == STORE_OK)
        err = finish(feed, error);
    close(fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (err == STORE_OK && !feed->options->stop(feed->options->ctx) &&
        (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        err = store_fail(error, STORE_E_OPEN,
                         "%s: %s cannot unpack it; what came before is stored",
                         path, program);
    return err;
}

/* ---- The whole --------------------------------------------------------- */

static enum store_err read_file(struct feed *feed, struct feed_result *result,
                                struct store_error *error)
{
    const struct feed_options *options = feed->options;
    int fd = open(options->path, O_RDONLY | O_CLOEXEC);
    enum store_err err;

    if (fd < 0)
        return store_fail(error, STORE_E_OPEN, "%s: %s", options->path,
                          strerror(errno));
    err = resume(feed, fd, &result->skipped, error);
    if (feed->mark[0] == '\0')
        make_mark(fd, MARK_BYTES, feed->mark);
    if (err == STORE_OK)
        err = options->follow ? follow(feed, &fd, error)
                              : read_on(feed, fd, true, error);
    /* A file at rest ends with its last line; one that is followed may have
     * half of one. */
    if (err == STORE_OK && !options->follow && !options->stop(options->ctx))
        err = finish(feed, error);
    close(fd);
    return err;
}

static enum store_err start(struct feed *feed)
{
    const struct feed_options *options = feed->options;
    const struct log_options log = {.format = options->format,
                                    .scope = options->scope,
                                    .now = now_of(options),
                                    .take = take,
                                    .sent = take_sent,
                                    .ctx = feed};
    struct log_options with_reader = log;

    feed->buf = malloc(PART + LINE_MAX_);
    if (feed->buf == NULL ||
        bounce_reader_new(options->engine, &feed->reader) != BOUNCE_OK)
        return STORE_E_NOMEM;
    with_reader.reader = feed->reader;
    feed->log = log_new(&with_reader);
    return feed->log != NULL ? STORE_OK : STORE_E_NOMEM;
}

enum store_err feed_log(const struct feed_options *options,
                        struct feed_result *result_out,
                        struct store_error *error)
{
    const char *program = unpacker(options->path);
    struct feed feed = {.options = options};
    struct store_error ignored;
    enum store_err err = start(&feed);

    *result_out = (struct feed_result){0};
    if (err != STORE_OK)
        store_fail(error, err, "out of memory");
    else if (strcmp(options->path, "-") == 0)
        err = read_on(&feed, STDIN_FILENO, false, error);
    else if (program != NULL)
        err = read_packed(&feed, program, error);
    else
        err = read_file(&feed, result_out, error);
    if (err == STORE_OK && strcmp(options->path, "-") == 0)
        err = finish(&feed, error);
    (void)writer_flush(options->writer, &ignored); /* note() knows feed */
    if (feed.log != NULL)
        result_out->counts = log_counts(feed.log);
    result_out->fresh = feed.fresh;
    result_out->known = feed.known;
    result_out->bad = feed.bad;
    log_free(feed.log);
    bounce_reader_free(feed.reader);
    free(feed.buf);
    return err;
}
