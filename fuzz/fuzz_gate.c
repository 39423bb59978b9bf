/* SPDX-License-Identifier: MIT
 * Questions before sending: each that is taken is answered with one or two
 * whole lines, whatever stands in it. */
#include <stdlib.h>

#include "serve/gate_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool check(void *ctx, const struct ask_question *question,
                  struct ask_answer *answer)
{
    (void)ctx;
    memset(answer, 0, sizeof(*answer));
    answer->until = answer->cause.since = answer->cause.until = BOUNCE_NO_TIME;
    answer->reason = "hard";
    answer->may = (enum bounce_may)(question->address.len % 3);
    /* What came in may come out: a rule, a reason by hand. */
    for (size_t i = 0; i < question->scope.len && i < 90; i++)
        answer->cause.rule[i] = question->scope.ptr[i];
    answer->cause.since = (int64_t)question->ip.len;
    return question->address.len % 5 != 4;
}

static int64_t now(void *ctx)
{
    (void)ctx;
    return 1790000000;
}

/* Lines of an answer: a control character would be another one's command. */
static void check_answer(struct bounce_slice answer)
{
    size_t lines = 0;

    if (answer.len == 0 || answer.ptr[answer.len - 1] != '\n')
        abort();
    for (size_t i = 0; i < answer.len; i++) {
        unsigned char c = (unsigned char)answer.ptr[i];

        lines += c == '\n';
        if ((c < 0x20 && c != '\n') || c == 0x7f)
            abort();
    }
    if (lines > 2)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct gate_options options = {
        .check = check, .fail_closed = size % 2 == 0, .now = now};
    char *copy = malloc(size > 0 ? size : 1); /* exactly: ASan sees overreads */
    struct bytes out = {0};
    size_t at = 0, taken = 1;
    bool end = false;

    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    while (!end && taken > 0) {
        out.len = 0;
        taken =
            gate_take(&options, slice_make(copy + at, size - at), &out, &end);
        if (taken > size - at)
            abort();
        if (taken > 0)
            check_answer(bytes_slice(&out));
        at += taken;
    }
    bytes_free(&out);
    free(copy);
    return 0;
}
