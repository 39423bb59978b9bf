/* SPDX-License-Identifier: MIT */
#include "case_file.h"

#include <stdio.h>
#include <stdlib.h>

struct fence {
    size_t ticks;
    struct bounce_slice info; /* what stands behind the opening ``` */
    struct bounce_slice text;
    unsigned line;
};

static void complain(struct case_reader *reader, unsigned line,
                     const char *text)
{
    fprintf(stderr, "%s:%u: %s\n", reader->name, line, text);
    reader->flaws++;
}

static bool take_line(struct case_reader *reader, struct bounce_slice *line_out)
{
    size_t end = slice_find_byte(reader->rest, '\n');

    if (reader->rest.len == 0)
        return false;
    *line_out = slice_sub(reader->rest, 0, end);
    reader->rest = slice_from(reader->rest,
                              end == SLICE_NPOS ? reader->rest.len : end + 1);
    reader->line++;
    return true;
}

static size_t count_ticks(struct bounce_slice line)
{
    size_t count = 0;

    while (count < line.len && line.ptr[count] == '`')
        count++;
    return count >= 3 ? count : 0;
}

/* The next fenced block; headings on the way are kept as titles. */
static bool next_fence(struct case_reader *reader, struct fence *fence_out)
{
    struct bounce_slice line;
    const char *start;

    for (;;) {
        if (!take_line(reader, &line))
            return false;
        if (slice_starts(line, SLICE("## ")))
            reader->title = slice_trim(slice_from(line, 3));
        fence_out->ticks = count_ticks(line);
        if (fence_out->ticks > 0)
            break;
    }
    fence_out->info = slice_trim(slice_from(line, fence_out->ticks));
    fence_out->line = reader->line;
    start = reader->rest.ptr;
    while (take_line(reader, &line)) {
        if (count_ticks(line) >= fence_out->ticks &&
            slice_trim(line).len == count_ticks(line)) {
            fence_out->text = slice_make(start, (size_t)(line.ptr - start));
            return true;
        }
    }
    complain(reader, fence_out->line, "the fence is never closed");
    return false;
}

/* The value of "name=value" in info, or of a bare "name" an empty one; NULL
 * slice when it is not there. */
static struct bounce_slice option(struct bounce_slice info, const char *name)
{
    struct bounce_slice word;

    while (slice_next_piece(&info, ' ', &word)) {
        size_t equals = slice_find_byte(word, '=');

        if (slice_eq(slice_sub(word, 0, equals), slice_cstr(name)))
            return slice_from(word,
                              equals == SLICE_NPOS ? word.len : equals + 1);
    }
    return SLICE_NULL;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)ascii_lower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The input as the options want it: "crlf" and "cr" set the line ends,
 * "escaped" turns \xNN into a byte. */
static void make_input(struct test_case *test, const struct fence *fence)
{
    struct bounce_slice s = fence->text;
    bool crlf = option(fence->info, "crlf").ptr != NULL;
    bool cr = option(fence->info, "cr").ptr != NULL;
    bool escaped = option(fence->info, "escaped").ptr != NULL;
    char *out = malloc(2 * s.len + 1);

    if (out == NULL)
        abort();
    test->input = out;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\n' && (crlf || cr)) {
            *out++ = '\r';
            if (crlf)
                *out++ = '\n';
        } else if (escaped && i + 3 < s.len && s.ptr[i] == '\\' &&
                   s.ptr[i + 1] == 'x' && hex(s.ptr[i + 2]) >= 0 &&
                   hex(s.ptr[i + 3]) >= 0) {
            *out++ = (char)(hex(s.ptr[i + 2]) * 16 + hex(s.ptr[i + 3]));
            i += 3;
        } else {
            *out++ = s.ptr[i];
        }
    }
    test->input_len = (size_t)(out - test->input);
    if (test->is_reply && test->input_len > 0) /* its line end is Markdown's */
        test->input_len--;
}

bool case_next(struct case_reader *reader, struct test_case *case_out)
{
    struct fence message, expected;
    struct bounce_slice kind;

    *case_out = (struct test_case){.input = NULL};
    for (;;) {
        if (!next_fence(reader, &message))
            return false;
        kind = slice_sub(message.info, 0, slice_find_byte(message.info, ' '));
        if (slice_eq(kind, SLICE("eml")) || slice_eq(kind, SLICE("reply")))
            break;
        if (slice_eq(kind, SLICE("json")))
            complain(reader, message.line, "expectation without a message");
    }
    case_out->title = reader->title;
    case_out->line = message.line;
    case_out->is_reply = slice_eq(kind, SLICE("reply"));
    if (!next_fence(reader, &expected) ||
        !slice_starts(expected.info, SLICE("json"))) {
        complain(reader, message.line, "no ```json follows");
        return false;
    }
    make_input(case_out, &message);
    case_out->host = option(message.info, "host");
    case_out->service = option(message.info, "service");
    case_out->stage = option(message.info, "stage");
    case_out->status = option(message.info, "status");
    case_out->labels = option(expected.info, "labels");
    case_out->expected = expected.text;
    return true;
}

void case_free(struct test_case *test)
{
    free(test->input);
    test->input = NULL;
}
