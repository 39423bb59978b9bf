/* SPDX-License-Identifier: MIT
 * The words of the enums, as JSON writes them. */
#include "base/slice.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *word(const char *const *words, size_t count, size_t value)
{
    return value < count ? words[value] : NULL;
}

const char *bounce_version(void)
{
    return BOUNCE_VERSION;
}

const char *bounce_strerror(enum bounce_err err)
{
    static const char *const texts[] = {
        "no error", "out of memory", "a wrong argument",
        "a limit of the options was reached", "the rules cannot be read"};
    const char *text = word(texts, COUNT(texts), err);

    return text != NULL ? text : "unknown error";
}

const char *bounce_kind_name(enum bounce_kind value)
{
    static const char *const words[] = {"none",       "bounce",   "delay",
                                        "delivery",   "feedback", "unsubscribe",
                                        "auto_reply", "challenge"};

    return word(words, COUNT(words), value);
}

const char *bounce_class_name(enum bounce_class value)
{
    static const char *const words[] = {
        NULL, "hard", "soft", "block", "admin", "event", "undetermined"};

    return word(words, COUNT(words), value);
}

const char *bounce_action_name(enum bounce_action value)
{
    static const char *const words[] = {NULL,        "failed",  "delayed",
                                        "delivered", "relayed", "expanded"};

    return word(words, COUNT(words), value);
}

static const char *const stage_words[] = {
    NULL, "connect", "helo", "mail", "rcpt", "data", "end-of-data"};

const char *bounce_stage_name(enum bounce_stage value)
{
    return word(stage_words, COUNT(stage_words), value);
}

enum bounce_stage bounce_stage_parse(const char *name, size_t len)
{
    for (size_t i = 1; i < COUNT(stage_words); i++) {
        if (slice_eq_nocase(slice_make(name, len), slice_cstr(stage_words[i])))
            return (enum bounce_stage)i;
    }
    return BOUNCE_STAGE_NONE;
}

const char *bounce_evidence_name(enum bounce_evidence value)
{
    static const char *const words[] = {"none",   "rule",       "block_list",
                                        "status", "reply_code", "service",
                                        "format"};

    return word(words, COUNT(words), value);
}

const char *bounce_do_name(enum bounce_do value)
{
    static const char *const words[] = {"nothing", "suppress", "suspend",
                                        "hold",    "retry",    "split",
                                        "fix",     "review"};

    return word(words, COUNT(words), value);
}

const char *bounce_who_name(enum bounce_who value)
{
    static const char *const words[] = {"nobody", "sender", "recipient",
                                        "receiver"};

    return word(words, COUNT(words), value);
}

const char *bounce_retry_by_name(enum bounce_retry_by value)
{
    static const char *const words[] = {"none", "mta", "sender"};

    return word(words, COUNT(words), value);
}

const char *bounce_recipient_from_name(enum bounce_recipient_from value)
{
    static const char *const words[] = {NULL,
                                        "final-recipient",
                                        "original-recipient",
                                        "feedback",
                                        "x-failed-recipients",
                                        "text",
                                        "diagnostic",
                                        "author",
                                        "verp",
                                        "returned-message"};

    return word(words, COUNT(words), value);
}
