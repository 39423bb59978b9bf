/* SPDX-License-Identifier: MIT */
#include "classify/recall.h"

#include "classify/normalize.h"
#include "classify/signals.h"

/* What of an event was given before its text was read. */
enum given {
    GIVEN_BARE = 1, /* a reply, not a report */
    GIVEN_EXPIRED = 2,
    GIVEN_HOST = 4,
    GIVEN_REMOTE_MTA = 8,
    GIVEN_RECIPIENT = 16,
    GIVEN_CONTEXT = 32 /* there is one, whether or not it has a say */
};

/* Beside enum signals_again: the evidence holds a piece that varies; it is one
 * of the context. */
#define EVIDENCE_AGAIN      0x80
#define EVIDENCE_OF_CONTEXT 0x40
#define EVIDENCE_BITS       (EVIDENCE_AGAIN | EVIDENCE_OF_CONTEXT)

/* What is known of an event beside its text, as bytes. */
struct facts {
    unsigned char bytes[OUTLINE_FACTS];
    size_t len;
};

static void add_byte(struct facts *facts, unsigned value)
{
    facts->bytes[facts->len++] = (unsigned char)value;
}

/* false when there is no room for it. */
static bool add_text(struct facts *facts, struct bounce_slice s)
{
    if (s.len > 24)
        return false;
    add_byte(facts, (unsigned)s.len);
    if (s.len > 0)
        memcpy(facts->bytes + facts->len, s.ptr, s.len);
    facts->len += s.len;
    return true;
}

/* All that a host may tell is its provider. */
static void add_host(struct facts *facts, const struct subject *s,
                     struct bounce_slice host, bool domain)
{
    for (size_t i = 0; i < s->knowledge->set_count; i++) {
        uint32_t provider =
            host.len > 0 ? knowledge_host(s->knowledge->sets[i], host, domain)
                         : TAB_NONE;

        add_byte(facts, provider & 0xFF);
        add_byte(facts, provider >> 8 & 0xFF);
    }
}

static unsigned given_of(const struct classify_input *input,
                         const struct report_event *report)
{
    const struct bounce_event *event = &report->event;

    return (input->bare_reply ? GIVEN_BARE : 0U) |
           (event->expired ? GIVEN_EXPIRED : 0U) |
           (input->host.ptr != NULL ? GIVEN_HOST : 0U) |
           (event->remote_mta.ptr != NULL ? GIVEN_REMOTE_MTA : 0U) |
           (event->recipient.ptr != NULL ? GIVEN_RECIPIENT : 0U) |
           (report->context.len > 0 ? GIVEN_CONTEXT : 0U);
}

/* Whether the event has nothing that judging it would keep. */
static bool is_fresh(const struct bounce_event *event)
{
    const struct bounce_signals *signals = &event->signals;

    return event->provider.ptr == NULL && event->gateway.ptr == NULL &&
           event->category.ptr == NULL && event->advice.remedy.ptr == NULL &&
           signals->block_list.ptr == NULL && signals->url.ptr == NULL &&
           signals->sender_ip.ptr == NULL && signals->limit_what.ptr == NULL &&
           signals->new_address.ptr == NULL &&
           signals->suppressed_for.ptr == NULL;
}

/* false when there is more to it than facts hold. */
static bool add_facts(const struct subject *s,
                      const struct classify_input *input,
                      const struct report_event *report, unsigned given,
                      struct facts *facts)
{
    const struct bounce_event *event = &report->event;
    size_t at = slice_rfind_byte(event->recipient, '@');

    facts->len = 0;
    add_byte(facts, given);
    add_byte(facts, (unsigned)event->reply_code & 0xFF);
    add_byte(facts, (unsigned)event->reply_code >> 8 & 0xFF);
    add_byte(facts, (unsigned)event->kind);
    add_byte(facts, (unsigned)event->action);
    add_byte(facts, (unsigned)event->stage);
    add_byte(facts, (unsigned)event->permanent);
    if (!is_fresh(event) || event->reply_code < 0 ||
        event->reply_code > UINT16_MAX || !add_text(facts, event->status) ||
        !add_text(facts, input->service))
        return false;
    add_host(facts, s, input->host, false);
    add_host(facts, s, event->remote_mta, false);
    add_host(facts, s,
             at == SLICE_NPOS ? SLICE_NULL
                              : slice_from(event->recipient, at + 1),
             true);
    return true;
}

/* ---- Told again ------------------------------------------------------ */

/* 1, 0 or -1 for unknown as a byte. */
static uint8_t pack(int value)
{
    return (uint8_t)(value + 1);
}

static int unpack(uint8_t value)
{
    return (int)value - 1;
}

static struct bounce_slice span_text(const struct outline *o,
                                     struct memo_span span)
{
    size_t start;

    if (span.start == OUTLINE_NOWHERE)
        return SLICE_NULL;
    start = outline_at(o, span.start);
    return slice_make(o->text.ptr + start, outline_at(o, span.end) - start);
}

/* The evidence is quoted from the text as it is matched. */
static struct bounce_slice evidence_again(struct message *message,
                                          const struct outline *o,
                                          const struct memo_verdict *v)
{
    char *out = message_alloc(message, NORMALIZE_ROOM(o->text.len));

    if (out == NULL)
        return SLICE_NULL;
    return slice_sub(slice_make(out, normalize(o->text, NULL, 0, out)),
                     v->evidence_at, v->evidence_len);
}

static struct bounce_slice text_of(const struct memo_verdict *v,
                                   enum memo_text text)
{
    return slice_make(v->texts[text], v->lens[text]);
}

static void tell(const struct subject *s, const struct classify_input *input,
                 const struct memo_verdict *v, const char *evidence,
                 struct bounce_event *event)
{
    const struct outline *o = memo_outline(s->state->memo, 0);
    struct bounce_signals *signals = &event->signals;
    struct bounce_advice *advice = &event->advice;
    unsigned again = v->again & ~(unsigned)EVIDENCE_BITS;

    event->kind = (enum bounce_kind)v->kind;
    event->action = (enum bounce_action)v->action;
    event->stage = (enum bounce_stage)v->stage;
    event->permanent = unpack(v->permanent);
    event->expired = v->expired;
    event->reply_code = v->code;
    if (event->status.ptr == NULL)
        event->status = span_text(o, v->status);
    if (event->remote_mta.ptr == NULL)
        event->remote_mta =
            input->host.ptr != NULL ? input->host : span_text(o, v->host);
    event->category = text_of(v, MEMO_CATEGORY);
    event->cls = (enum bounce_class)v->cls;
    event->confidence = v->confidence;
    event->provider = text_of(v, MEMO_PROVIDER);
    event->gateway = text_of(v, MEMO_GATEWAY);
    event->evidence_by = (enum bounce_evidence)v->evidence_by;
    event->evidence_rule = text_of(v, MEMO_EVIDENCE_RULE);
    if ((v->again & EVIDENCE_AGAIN) != 0)
        event->evidence_text = evidence_again(
            s->message,
            memo_outline(s->state->memo, (v->again & EVIDENCE_OF_CONTEXT) != 0),
            v);
    else if (v->has_evidence)
        event->evidence_text =
            message_dup(s->message, slice_make(evidence, v->evidence_len));
    signals->block_list = text_of(v, MEMO_BLOCK_LIST);
    signals->lookup_url = text_of(v, MEMO_LOOKUP_URL);
    signals->removal_url = text_of(v, MEMO_REMOVAL_URL);
    signals->suppressed_for = text_of(v, MEMO_SUPPRESSED_FOR);
    signals->person_left = unpack(v->person_left);
    signals->url = span_text(o, v->url);
    signals->sender_ip = span_text(o, v->sender_ip);
    advice->action = (enum bounce_do)v->todo;
    advice->who = (enum bounce_who)v->who;
    advice->retry_by = (enum bounce_retry_by)v->retry_by;
    advice->retry_after_s = v->retry_after_s;
    advice->remedy = text_of(v, MEMO_REMEDY);
    if (again != 0)
        signals_read_again(span_text(o, v->text), again, event);
}

/* The outline of the context beside that of the diagnostic. */
static bool add_context(const struct subject *s,
                        const struct report_event *report)
{
    struct outline *o = memo_outline(s->state->memo, 1);
    struct reply_line line;

    outline_begin(o, NULL, 0);
    return reply_open(s->message, report->context, &line) &&
           outline_add(o, &line, s->knowledge->guard);
}

bool recall_verdict(const struct subject *s, const struct classify_input *input,
                    const struct reply_line *line, struct report_event *report,
                    struct recall *recall)
{
    struct memo *memo = s->state->memo;
    const struct memo_verdict *verdict;
    const char *evidence = NULL;
    struct facts facts;

    *recall = (struct recall){0};
    if (memo == NULL)
        return false;
    recall->given = given_of(input, report);
    if (!add_facts(s, input, report, recall->given, &facts))
        return false;
    recall->has_status = report->event.status.ptr != NULL;
    outline_begin(memo_outline(memo, 0), facts.bytes, facts.len);
    /* Without a diagnostic all is said around it. */
    memo_outline(memo, 0)->text = line->text;
    if (line->text.len > 0 &&
        !outline_add(memo_outline(memo, 0), line, s->knowledge->guard))
        return false;
    recall->known = 1;
    verdict = memo_find(memo, 1, &evidence);
    if (verdict == NULL && report->context.len > 0 && add_context(s, report)) {
        recall->known = 2;
        verdict = memo_find(memo, 2, &evidence);
    }
    if (verdict == NULL)
        return false;
    tell(s, input, verdict, evidence, &report->event);
    return true;
}

/* ---- Kept ------------------------------------------------------------ */

/* false when the slice is none of the text, or ends inside a piece. */
static bool span_of(const struct outline *o, struct bounce_slice s,
                    struct memo_span *span_out)
{
    *span_out = (struct memo_span){OUTLINE_NOWHERE, 0};
    if (s.ptr == NULL)
        return true;
    if (s.ptr < o->text.ptr || s.ptr > o->text.ptr + o->text.len ||
        s.len > (size_t)(o->text.ptr + o->text.len - s.ptr))
        return false;
    span_out->start = outline_place(o, (size_t)(s.ptr - o->text.ptr));
    span_out->end = outline_place(o, (size_t)(s.ptr - o->text.ptr) + s.len);
    return span_out->start != OUTLINE_NOWHERE &&
           span_out->end != OUTLINE_NOWHERE;
}

/* Where the evidence stands in the normalised text, and whether a piece is in
 * it. Of what stands there twice it could not be told which is meant. */
static bool place_evidence(const struct subject *s,
                           struct bounce_slice evidence, struct memo_verdict *v)
{
    bool of_context = (v->again & EVIDENCE_OF_CONTEXT) != 0;
    const struct outline *o = memo_outline(s->state->memo, of_context);
    size_t marks[2 * OUTLINE_PIECES], at, pieces = 0;
    struct bounce_slice text;
    char *out;

    v->has_evidence = evidence.ptr != NULL;
    v->evidence_len = (uint16_t)evidence.len;
    if (evidence.len == 0)
        return true;
    for (size_t i = 0; i < o->piece_count; i++) {
        marks[2 * i] = o->pieces[i].at;
        marks[2 * i + 1] = o->pieces[i].end;
        pieces += !o->pieces[i].address;
    }
    if (pieces == 0)
        return true;
    out = message_alloc(s->message, NORMALIZE_ROOM(o->text.len));
    if (out == NULL)
        return false;
    text = slice_make(out, normalize(o->text, marks, 2 * o->piece_count, out));
    at = slice_find(text, evidence);
    if (at == SLICE_NPOS ||
        slice_find(slice_from(text, at + 1), evidence) != SLICE_NPOS)
        return false;
    v->evidence_at = (uint16_t)at;
    for (size_t i = 0; i < o->piece_count; i++) {
        if (o->pieces[i].address || marks[2 * i] >= at + evidence.len ||
            marks[2 * i + 1] <= at)
            continue;
        v->again |= EVIDENCE_AGAIN;
        if (o->open_end && i + 1 == o->piece_count)
            return false;
    }
    return true;
}

/* false when one is longer than a verdict holds. */
static bool keep_texts(const struct bounce_event *event, struct memo_verdict *v)
{
    const struct bounce_signals *signals = &event->signals;
    const struct bounce_slice texts[MEMO_TEXTS] = {
        [MEMO_CATEGORY] = event->category,
        [MEMO_PROVIDER] = event->provider,
        [MEMO_GATEWAY] = event->gateway,
        [MEMO_EVIDENCE_RULE] = event->evidence_rule,
        [MEMO_REMEDY] = event->advice.remedy,
        [MEMO_BLOCK_LIST] = signals->block_list,
        [MEMO_LOOKUP_URL] = signals->lookup_url,
        [MEMO_REMOVAL_URL] = signals->removal_url,
        [MEMO_SUPPRESSED_FOR] = signals->suppressed_for,
    };

    for (size_t i = 0; i < MEMO_TEXTS; i++) {
        if (texts[i].len > UINT16_MAX)
            return false;
        v->texts[i] = texts[i].ptr;
        v->lens[i] = (uint16_t)texts[i].len;
    }
    return true;
}

/* The text that was matched last is that of the context. */
static bool is_of_context(const struct subject *s, struct bounce_slice evidence)
{
    const char *text = s->state->text;

    return evidence.ptr != NULL && text != NULL && evidence.ptr >= text &&
           evidence.ptr <= text + s->state->text_len;
}

void recall_keep(const struct subject *s, const struct recall *recall,
                 const struct reply *reply, bool by_context,
                 const struct bounce_event *event)
{
    const struct bounce_signals *signals = &event->signals;
    const struct bounce_advice *advice = &event->advice;
    const struct outline *o;
    struct memo_verdict v;

    if (recall->known < (by_context ? 2 : 1) || event->category.ptr == NULL ||
        s->message->failed != BOUNCE_OK || s->state->tired)
        return;
    o = memo_outline(s->state->memo, 0);
    v = (struct memo_verdict){
        .confidence = event->confidence,
        .retry_after_s = advice->retry_after_s,
        .code = (uint16_t)event->reply_code,
        .kind = (uint8_t)event->kind,
        .action = (uint8_t)event->action,
        .stage = (uint8_t)event->stage,
        .cls = (uint8_t)event->cls,
        .evidence_by = (uint8_t)event->evidence_by,
        .todo = (uint8_t)advice->action,
        .who = (uint8_t)advice->who,
        .retry_by = (uint8_t)advice->retry_by,
        .permanent = pack(event->permanent),
        .person_left = pack(signals->person_left),
        .expired = event->expired,
        .again = (uint8_t)signals_vary(reply, event),
    };
    if (by_context && is_of_context(s, event->evidence_text))
        v.again |= EVIDENCE_OF_CONTEXT;
    if (!keep_texts(event, &v) ||
        (!recall->has_status && !span_of(o, event->status, &v.status)) ||
        ((recall->given & (GIVEN_HOST | GIVEN_REMOTE_MTA)) == 0 &&
         !span_of(o, event->remote_mta, &v.host)) ||
        !span_of(o, signals->url, &v.url) ||
        !span_of(o, signals->sender_ip, &v.sender_ip) ||
        !span_of(o, reply->text, &v.text) ||
        !place_evidence(s, event->evidence_text, &v))
        return;
    if ((v.again & SIGNALS_RETRY_AFTER) != 0) /* what holds unless it is said */
        v.retry_after_s =
            knowledge_category(s->knowledge, event->category)->retry_after_s;
    memo_keep(s->state->memo, by_context ? 2 : 1, &v, event->evidence_text);
}
