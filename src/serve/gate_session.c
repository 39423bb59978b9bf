/* SPDX-License-Identifier: MIT */
#include "serve/gate_session.h"

#include <stdio.h>

static struct bounce_slice domain_of(struct bounce_slice address)
{
    size_t at = slice_rfind_byte(address, '@');

    return at == SLICE_NPOS ? SLICE_NULL : slice_from(address, at + 1);
}

/* What a mail server passes on stays printable and on one line. */
static void make_plain(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
    }
}

size_t gate_reply(const struct ask_answer *answer, int64_t now, char *buf,
                  size_t cap)
{
    const bool never = answer->may == BOUNCE_NEVER;
    char why[512];
    size_t len = ask_line(answer, now, why, sizeof(why) - 1);
    int n;

    why[len] = '\0';
    /* RFC 3463: the address is at fault (5.1.1, 5.1.3 of its syntax), or our
     * own policy holds it back for now (4.7.1). */
    n = snprintf(buf, cap, "%s%s%s not sent: %s",
                 !never                         ? "450 4.7.1"
                 : answer->flaw == ADDRESS_FINE ? "550 5.1.1"
                                                : "553 5.1.3",
                 answer->label[0] != '\0' ? " " : "", answer->label, why);
    make_plain(buf);
    return n < 0 ? 0 : (size_t)n < cap ? (size_t)n : cap - 1;
}

static void ask_for(const struct gate_options *options,
                    const struct ask_question *question, char *reply,
                    size_t cap, enum bounce_may *may_out)
{
    struct ask_answer answer;

    *may_out = BOUNCE_SEND;
    if (options->check(options->ctx, question, &answer)) {
        *may_out = answer.may;
        if (answer.may != BOUNCE_SEND)
            gate_reply(&answer, options->now(options->ctx), reply, cap);
    } else if (options->fail_closed) {
        *may_out = BOUNCE_LATER;
        snprintf(reply, cap, "451 4.3.0 not sent: the store cannot answer");
    }
}

/* ---- Postfix ----------------------------------------------------------- */

static bool set_attribute(struct ask_question *question,
                          struct bounce_slice line)
{
    size_t equals = slice_find_byte(line, '=');
    struct bounce_slice name = slice_sub(line, 0, equals), value;

    if (equals == SLICE_NPOS || equals == 0)
        return false;
    value = slice_from(line, equals + 1);
    if (slice_eq(name, SLICE("recipient")))
        question->address = value;
    else if (slice_eq(name, SLICE("sender")))
        question->sender_domain = domain_of(value);
    return true;
}

static bool answer_postfix(const struct gate_options *options,
                           struct bounce_slice request, struct bytes *out)
{
    struct ask_question question = {.scope = options->scope};
    struct bounce_slice line;
    char reply[640];
    enum bounce_may may;

    while (slice_next_line(&request, &line)) {
        if (!set_attribute(&question, line))
            return false;
    }
    if (question.address.len == 0) /* asked before RCPT: nothing to say */
        return bytes_add(out, SLICE("action=DUNNO\n\n"));
    ask_for(options, &question, reply, sizeof(reply), &may);
    if (may == BOUNCE_SEND)
        return bytes_add(out, SLICE("action=DUNNO\n\n"));
    return bytes_format(out, "action=%s\n\n", reply);
}

/* ---- One line ---------------------------------------------------------- */

static bool set_word(struct ask_question *question, struct bounce_slice word)
{
    static const struct {
        const char *name;
        size_t field;
    } fields[] = {
        {"scope=", offsetof(struct ask_question, scope)},
        {"ip=", offsetof(struct ask_question, ip)},
        {"from=", offsetof(struct ask_question, sender_domain)},
        {"campaign=", offsetof(struct ask_question, campaign)},
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct bounce_slice name = slice_cstr(fields[i].name);

        if (slice_starts(word, name)) {
            *(struct bounce_slice *)((char *)question + fields[i].field) =
                slice_from(word, name.len);
            return true;
        }
    }
    return false;
}

static bool answer_line(const struct gate_options *options,
                        struct bounce_slice line, struct bytes *out)
{
    struct ask_question question = {.scope = options->scope};
    struct bounce_slice rest = slice_trim(slice_from(line, 6)), word;
    char reply[640];
    enum bounce_may may;

    if (!slice_next_piece(&rest, ' ', &question.address))
        return false;
    while (slice_next_piece(&rest, ' ', &word)) {
        if (word.len > 0 && !set_word(&question, word))
            return false;
    }
    ask_for(options, &question, reply, sizeof(reply), &may);
    if (may == BOUNCE_SEND)
        return bytes_add(out, SLICE("send\n"));
    return bytes_format(out, "%s %s\n", bounce_may_name(may), reply);
}

size_t gate_take(const struct gate_options *options, struct bounce_slice input,
                 struct bytes *out, bool *end_out)
{
    size_t end;

    *end_out = false;
    if (slice_starts(input, SLICE("check "))) {
        end = slice_find_byte(input, '\n');
        if (end == SLICE_NPOS)
            return 0;
        if (!answer_line(options, slice_sub(input, 0, end), out)) {
            bytes_add(out, SLICE("error: check ADDRESS [scope=S] [ip=I] "
                                 "[from=D] [campaign=C]\n"));
            *end_out = true;
        }
        return end + 1;
    }
    end = slice_find(input, SLICE("\n\n"));
    if (end == SLICE_NPOS)
        return 0;
    if (!answer_postfix(options, slice_sub(input, 0, end), out)) {
        bytes_add(out, SLICE("action=DUNNO\n\n"));
        *end_out = true;
    }
    return end + 2;
}
