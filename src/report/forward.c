/* SPDX-License-Identifier: MIT */
#include "report/forward.h"

#include "base/buf.h"

static bool begins_with_any(struct bounce_slice subject,
                            const char *const *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_starts_nocase(subject, slice_cstr(prefixes[i])))
            return true;
    return false;
}

bool forward_is(const struct collect *collect)
{
    static const char *const prefixes[] = {
        "fwd:",  "fw:",     "wg:",   "tr:",   "rv:",  "i:",
        "enc:",  "doorst:", "vs:",   "vb:",   "vl:",  "pd:",
        "转发:", "转发：",  "轉寄:", "転送:", "전달:"};
    struct bounce_slice subject = collect->outer.subject;
    size_t close = slice_find_byte(subject, ']');

    /* "[EXTERNAL] Fwd: ..." */
    if (slice_starts(subject, SLICE("[")) && close != SLICE_NPOS)
        subject = slice_trim(slice_from(subject, close + 1));
    return begins_with_any(subject, prefixes,
                           sizeof(prefixes) / sizeof(prefixes[0]));
}

bool forward_is_answer(const struct collect *collect)
{
    static const char *const prefixes[] = {
        "re:",  "aw:",  "antw:", "sv:",  "odp:", "rif:",
        "res:", "ynt:", "回复",  "答复", "回覆"};

    return begins_with_any(collect->outer.subject, prefixes,
                           sizeof(prefixes) / sizeof(prefixes[0]));
}

/* Mail programs write the fields of what they forward in the language of who
 * forwards it. */
static const struct {
    char written[20], field[8];
} names[] = {
    {"From", "From"},
    {"Von", "From"},
    {"De", "From"},
    {"Da", "From"},
    {"Van", "From"},
    {"Från", "From"},
    {"Fra", "From"},
    {"Lähettäjä", "From"},
    {"Od", "From"},
    {"От", "From"},
    {"差出人", "From"},
    {"发件人", "From"},
    {"寄件者", "From"},
    {"보낸 사람", "From"},
    {"Subject", "Subject"},
    {"Betreff", "Subject"},
    {"Objet", "Subject"},
    {"Asunto", "Subject"},
    {"Oggetto", "Subject"},
    {"Assunto", "Subject"},
    {"Onderwerp", "Subject"},
    {"Ämne", "Subject"},
    {"Emne", "Subject"},
    {"Aihe", "Subject"},
    {"Temat", "Subject"},
    {"Předmět", "Subject"},
    {"Тема", "Subject"},
    {"件名", "Subject"},
    {"主题", "Subject"},
    {"主旨", "Subject"},
    {"제목", "Subject"},
    {"To", "To"},
    {"An", "To"},
    {"À", "To"},
    {"Para", "To"},
    {"A", "To"},
    {"Aan", "To"},
    {"Till", "To"},
    {"Til", "To"},
    {"Do", "To"},
    {"Komu", "To"},
    {"Кому", "To"},
    {"宛先", "To"},
    {"收件人", "To"},
    {"收件者", "To"},
    {"받는 사람", "To"},
    {"Date", "Date"},
    {"Datum", "Date"},
    {"Sent", "X-Sent"},
    {"Gesendet", "X-Sent"},
    {"Envoyé", "X-Sent"},
    {"Enviado", "X-Sent"},
    {"Enviado el", "X-Sent"},
    {"Inviato", "X-Sent"},
    {"Verzonden", "X-Sent"},
    {"Skickat", "X-Sent"},
    {"Sendt", "X-Sent"},
    {"Data", "X-Sent"},
    {"Fecha", "X-Sent"},
    {"Cc", "Cc"},
    {"Reply-To", "Reply-To"},
};

/* A line of such fields: "From: ...", "*Von:* ...", "Objet : ...". */
static bool read_field(struct bounce_slice line, struct bounce_slice *field_out,
                       struct bounce_slice *value_out)
{
    size_t colon = slice_find_byte(line, ':');
    struct bounce_slice name;

    if (colon == SLICE_NPOS)
        return false;
    name = slice_sub(line, 0, colon);
    *value_out = slice_trim(slice_from(line, colon + 1));
    if (name.len > 0 && name.ptr[0] == '*') {
        name = slice_from(name, 1);
        if (value_out->len > 0 && value_out->ptr[0] == '*')
            *value_out = slice_trim(slice_from(*value_out, 1));
    }
    name = slice_trim(name);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (slice_eq_nocase(name, slice_cstr(names[i].written))) {
            *field_out = slice_cstr(names[i].field);
            return true;
        }
    }
    return false;
}

/* "> From: ..." without its marks of quotation. Mail programs put a blank
 * behind one mark; ">>> DATA" of a transcript stays whole behind its own. */
static struct bounce_slice unquote(struct bounce_slice line)
{
    if (line.len > 0 && line.ptr[0] == '>')
        line = slice_from(line, 1);
    if (line.len > 0 && line.ptr[0] == ' ')
        line = slice_from(line, 1);
    return line;
}

/* Where the fields of the quoted message begin: the run of them that From is
 * among. rest.ptr NULL: nowhere. */
static struct bounce_slice find_fields(struct bounce_slice text)
{
    struct bounce_slice rest = text, run = SLICE_NULL, line, field, value;

    for (;;) {
        struct bounce_slice before = rest;

        if (!slice_next_line(&rest, &line))
            return SLICE_NULL;
        if (!read_field(unquote(line), &field, &value)) {
            run = SLICE_NULL; /* what the person wrote, and the divider */
            continue;
        }
        if (run.ptr == NULL)
            run = before;
        if (slice_eq(field, SLICE("From")))
            return run;
    }
}

static void add_line(struct buf *out, struct bounce_slice line)
{
    buf_add(out, line);
    buf_add_byte(out, '\n');
}

const struct mime_part *forward_parse(struct collect *collect)
{
    struct bounce_slice rest = find_fields(collect->human), line, field, value;
    struct buf out;
    bool head = true;

    if (rest.ptr == NULL)
        return NULL;
    /* No name of a field is much shorter than what it stands for. */
    buf_init(&out, collect->message->arena, 4 * rest.len + 64);
    while (slice_next_line(&rest, &line)) {
        line = unquote(line);
        head = head && slice_trim(line).len > 0;
        if (head && read_field(line, &field, &value)) {
            buf_add(&out, field);
            buf_add(&out, SLICE(": "));
            line = value;
        }
        add_line(&out, line);
    }
    if (out.failed) {
        collect->message->failed = arena_error(collect->message->arena);
        return NULL;
    }
    return mime_parse(collect->message, buf_slice(&out));
}

bool forward_may_attach(const struct collect *outer,
                        const struct mime_part *part,
                        const struct collect *nested)
{
    bool digest =
        part->parent != NULL &&
        slice_eq_nocase(part->parent->media_type, SLICE("multipart/digest"));
    bool fields = nested->parts.report && (nested->parts.status != NULL ||
                                           nested->parts.feedback != NULL);

    /* Software of lists shows its owner the bounces that it dealt with. */
    if (outer->outer.list && !digest)
        return false;
    if (digest || forward_is(outer))
        return true;
    return fields && !forward_is_answer(outer);
}

bool forward_is_bounce(const struct collect *nested)
{
    const struct bounce_event *e = &nested->events[0].event;

    return nested->count > 0 && e->kind != BOUNCE_KIND_AUTO_REPLY &&
           e->kind != BOUNCE_KIND_CHALLENGE &&
           (nested->outer.daemon || nested->outer.null_sender ||
            nested->parts.report || e->written_by.ptr != NULL);
}
