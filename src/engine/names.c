/* SPDX-License-Identifier: MIT
 * The words of the enums, as JSON writes them. */
#include "engine/names.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define WORD(text)                                                             \
    {                                                                          \
        text, sizeof(text) - 1                                                 \
    }
#define NO_WORD WORD("")

static const struct name kind_words[] = {
    WORD("none"),       WORD("bounce"),    WORD("delay"),
    WORD("delivery"),   WORD("feedback"),  WORD("unsubscribe"),
    WORD("auto_reply"), WORD("challenge"),
};
const struct names names_kind = {kind_words, COUNT(kind_words)};

static const struct name class_words[] = {
    NO_WORD,       WORD("hard"),  WORD("soft"),         WORD("block"),
    WORD("admin"), WORD("event"), WORD("undetermined"),
};
const struct names names_class = {class_words, COUNT(class_words)};

static const struct name action_words[] = {
    NO_WORD,           WORD("failed"),  WORD("delayed"),
    WORD("delivered"), WORD("relayed"), WORD("expanded"),
};
const struct names names_action = {action_words, COUNT(action_words)};

static const struct name stage_words[] = {
    NO_WORD,      WORD("connect"), WORD("helo"),        WORD("mail"),
    WORD("rcpt"), WORD("data"),    WORD("end-of-data"),
};
const struct names names_stage = {stage_words, COUNT(stage_words)};

static const struct name evidence_words[] = {
    WORD("none"),       WORD("rule"),    WORD("block_list"), WORD("status"),
    WORD("reply_code"), WORD("service"), WORD("format"),
};
const struct names names_evidence = {evidence_words, COUNT(evidence_words)};

static const struct name do_words[] = {
    WORD("nothing"), WORD("suppress"), WORD("suspend"), WORD("hold"),
    WORD("retry"),   WORD("split"),    WORD("fix"),     WORD("review"),
};
const struct names names_do = {do_words, COUNT(do_words)};

static const struct name who_words[] = {
    WORD("nobody"),
    WORD("sender"),
    WORD("recipient"),
    WORD("receiver"),
};
const struct names names_who = {who_words, COUNT(who_words)};

static const struct name retry_by_words[] = {
    WORD("none"),
    WORD("mta"),
    WORD("sender"),
};
const struct names names_retry_by = {retry_by_words, COUNT(retry_by_words)};

static const struct name recipient_from_words[] = {
    NO_WORD,
    WORD("final-recipient"),
    WORD("original-recipient"),
    WORD("feedback"),
    WORD("x-failed-recipients"),
    WORD("text"),
    WORD("diagnostic"),
    WORD("author"),
    WORD("verp"),
    WORD("returned-message"),
};
const struct names names_recipient_from = {recipient_from_words,
                                           COUNT(recipient_from_words)};

static const char *text_of(const struct names *names, size_t value)
{
    const struct name *name = names_find(names, value);

    return name != NULL ? name->text : NULL;
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

    return (size_t)err < COUNT(texts) ? texts[err] : "unknown error";
}

const char *bounce_kind_name(enum bounce_kind value)
{
    return text_of(&names_kind, value);
}

const char *bounce_class_name(enum bounce_class value)
{
    return text_of(&names_class, value);
}

const char *bounce_action_name(enum bounce_action value)
{
    return text_of(&names_action, value);
}

const char *bounce_stage_name(enum bounce_stage value)
{
    return text_of(&names_stage, value);
}

enum bounce_stage bounce_stage_parse(const char *name, size_t len)
{
    for (size_t i = 1; i < COUNT(stage_words); i++) {
        if (slice_eq_nocase(
                slice_make(name, len),
                slice_make(stage_words[i].text, stage_words[i].len)))
            return (enum bounce_stage)i;
    }
    return BOUNCE_STAGE_NONE;
}

const char *bounce_evidence_name(enum bounce_evidence value)
{
    return text_of(&names_evidence, value);
}

const char *bounce_do_name(enum bounce_do value)
{
    return text_of(&names_do, value);
}

const char *bounce_who_name(enum bounce_who value)
{
    return text_of(&names_who, value);
}

const char *bounce_retry_by_name(enum bounce_retry_by value)
{
    return text_of(&names_retry_by, value);
}

const char *bounce_recipient_from_name(enum bounce_recipient_from value)
{
    return text_of(&names_recipient_from, value);
}
