/* SPDX-License-Identifier: MIT
 * The deciding order of DESIGN: kinds that are no failure first; then rules
 * over the innermost reply and, where they say nothing, over what people read;
 * then weak wordings, the status, wordings that speak last, the reply code. */
#include "classify/classify.h"

#include "classify/recall.h"
#include "classify/signals.h"
#include "classify/verdict.h"

/* How sure each kind of evidence is: the share of replies that it decided
 * rightly, see docs/confidence.md. */
#define SURE_NAMED     0.97 /* a provider's own wording, a block list's name */
#define SURE_LONG      0.96 /* general, 16 bytes of literal text or more */
#define SURE_MIDDLE    0.89
#define SURE_SHORT     0.86 /* under 8 bytes */
#define SURE_CODE_RULE 0.80 /* a rule by code alone */
#define SURE_WEAK      0.72
#define SURE_STATUS    0.75
#define SURE_LAST      0.50
#define SURE_CODE      0.40
#define SURE_NOTHING   0.30
#define SURE_FORMAT    0.99
#define CONTESTED      0.86 /* factor: a rule of another category spoke too */
#define OUTSIDE        0.87 /* factor: said around the reply, not in it */
#define ONE_SENTENCE   0.92 /* factor: the other sentences might object */
#define SURE_MOST      0.99

static void set_category(const struct subject *s, struct bounce_event *event,
                         struct bounce_slice id, enum bounce_evidence by,
                         double confidence)
{
    const struct bounce_category *category =
        knowledge_category(s->knowledge, id);

    if (category == NULL)
        return;
    event->category = category->id;
    event->cls = category->cls;
    event->evidence_by = by;
    event->confidence = confidence;
}

/* ---- Facts of the reply ---------------------------------------------- */

static void parse_status(struct subject *s, struct bounce_slice status)
{
    size_t at = 0;

    s->status[0] = 0;
    s->status_text = SLICE_NULL;
    if (status.len == 0 || reply_match_status(status) != status.len)
        return;
    for (unsigned i = 0; i < 3; i++)
        at += slice_parse_uint(slice_from(status, at), 3, &s->status[i]) + 1;
    s->status_text = status;
}

static void take_facts(struct subject *s, const struct classify_input *input,
                       const struct reply *reply, struct bounce_event *event)
{
    if (event->reply_code == 0)
        event->reply_code = reply->code;
    if (event->status.ptr == NULL)
        event->status = reply->status;
    if (event->stage == BOUNCE_STAGE_NONE)
        event->stage = reply->stage;
    if (event->remote_mta.ptr == NULL)
        event->remote_mta = input->host.ptr != NULL ? input->host : reply->host;
    event->expired = event->expired || reply->expired;
    s->code = event->reply_code;
    s->stage = event->stage;
    s->service = input->service;
    parse_status(s, event->status);
}

/* RFC 5321 section 4.2.1: the first digit of the code; else the status's
 * class (RFC 3463 section 3.1). */
static void kind_of_reply(struct subject *s, struct bounce_event *event)
{
    int digit = s->code != 0 ? s->code / 100 : (int)s->status[0];

    switch (digit) {
    case 2:
        event->kind = BOUNCE_KIND_DELIVERY;
        event->action = BOUNCE_ACTION_DELIVERED;
        break;
    case 4:
        event->kind = BOUNCE_KIND_DELAY;
        event->action = BOUNCE_ACTION_DELAYED;
        event->permanent = 0;
        break;
    default:
        event->kind = BOUNCE_KIND_BOUNCE;
        event->action = BOUNCE_ACTION_FAILED;
        event->permanent = digit == 0 ? -1 : 1;
        break;
    }
}

static void name_providers(const struct subject *s, struct bounce_event *event)
{
    for (size_t i = 0; i < s->provider_count; i++) {
        const struct found_provider *p = &s->providers[i];

        if (p->kind == TAB_PROVIDER_GATEWAY && event->gateway.ptr == NULL)
            event->gateway = p->id;
        if (p->kind == TAB_PROVIDER_MAILBOX && event->provider.ptr == NULL)
            event->provider = p->id;
    }
    for (size_t i = 0; i < s->provider_count && event->provider.ptr == NULL;
         i++) {
        if (s->providers[i].kind == TAB_PROVIDER_SERVICE)
            event->provider = s->providers[i].id;
    }
}

static struct bounce_slice domain_of(struct bounce_slice address)
{
    size_t at = slice_rfind_byte(address, '@');

    return at == SLICE_NPOS ? SLICE_NULL : slice_from(address, at + 1);
}

/* ---- Evidence -------------------------------------------------------- */

static double usual_confidence(const struct best_rule *best)
{
    const struct tab_rule *rule = best->rule;

    if (rule->weight == TAB_WEIGHT_WEAK)
        return SURE_WEAK;
    if (rule->weight == TAB_WEIGHT_LAST)
        return SURE_LAST;
    if (rule->code_only)
        return SURE_CODE_RULE;
    if (rule->tier != TAB_TIER_GENERAL)
        return SURE_NAMED;
    if (best->literal >= 16)
        return SURE_LONG;
    return best->literal >= 8 ? SURE_MIDDLE : SURE_SHORT;
}

/* Whether the status, by itself, says the same category. */
static bool status_agrees(const struct subject *s, struct bounce_slice category)
{
    const struct tables *t = NULL;
    const struct tab_code *code;

    if (s->status[0] == 0)
        return false;
    code = knowledge_status(s->knowledge, s->status_text, &t);
    return code != NULL && slice_eq(tab_slice(t, code->category), category);
}

static double rule_confidence(const struct subject *s,
                              const struct best_rule *best)
{
    double sure = best->rule->confidence > 0 ? best->rule->confidence / 100.0
                                             : usual_confidence(best);

    if (best->contested)
        sure *= CONTESTED;
    if (!best->inside)
        sure *= OUTSIDE;
    if (best->one_sentence)
        sure *= ONE_SENTENCE;
    /* Two witnesses: half of the doubt goes. */
    if (status_agrees(s, tab_slice(best->tables, best->rule->category)))
        sure += (1 - sure) / 2;
    return sure < SURE_MOST ? sure : SURE_MOST;
}

static void take_signals(uint32_t said, struct bounce_signals *signals)
{
    if ((said & TAB_SIGNAL_PERSON_LEFT) != 0)
        signals->person_left = 1;
    if ((said & TAB_SIGNAL_PERSON_PRESENT) != 0)
        signals->person_left = 0;
    if ((said & TAB_SIGNAL_FOR_BOUNCE) != 0)
        signals->suppressed_for = SLICE("bounce");
    else if ((said & TAB_SIGNAL_FOR_UNSUBSCRIBE) != 0)
        signals->suppressed_for = SLICE("unsubscribe");
    else if ((said & TAB_SIGNAL_FOR_COMPLAINT) != 0)
        signals->suppressed_for = SLICE("complaint");
}

static void take_rule(const struct subject *s, const struct best_rule *best,
                      struct bounce_event *event)
{
    const struct tables *t = best->tables;
    const struct tab_rule *rule = best->rule;
    struct bounce_signals *signals = &event->signals;

    set_category(s, event, tab_slice(t, rule->category),
                 rule->list != TAB_NONE ? BOUNCE_EVIDENCE_BLOCK_LIST
                                        : BOUNCE_EVIDENCE_RULE,
                 rule_confidence(s, best));
    event->evidence_rule = tab_slice(t, rule->id);
    event->evidence_text = best->text;
    event->advice.remedy = tab_slice(t, rule->remedy);
    if (rule->list != TAB_NONE) {
        const struct tab_blocklist *list = &t->blocklists[rule->list];

        signals->block_list = tab_slice(t, list->name);
        signals->lookup_url = tab_slice(t, list->lookup);
        signals->removal_url = tab_slice(t, list->removal);
    }
    take_signals(rule->signals, signals);
}

static bool take_code(const struct subject *s, const struct tables *t,
                      const struct tab_code *code, enum bounce_evidence by,
                      double confidence, struct bounce_event *event)
{
    struct bounce_slice category =
        code != NULL ? tab_slice(t, code->category) : SLICE_NULL;

    if (category.ptr == NULL || slice_eq(category, SLICE("undetermined")))
        return false;
    set_category(s, event, category, by, confidence);
    if (event->category.ptr == NULL)
        return false;
    event->evidence_rule = tab_slice(t, code->code);
    event->advice.remedy = tab_slice(t, code->remedy);
    take_signals(code->signals, &event->signals);
    return true;
}

/* Codes that no server sends, so that a service made them up: 498, 499 and
 * those from 600 on. RFC 5321 section 4.2.1 ends at 5yz. */
static bool is_made_up(int code)
{
    return code == 498 || code == 499 || code >= 600;
}

/* A made-up code says it all; of a code that servers send too, the service's
 * explanation only helps out where the text says nothing. */
static bool decide_by_service(struct subject *s, bool made_up,
                              struct bounce_event *event)
{
    const struct tables *t = NULL;
    const struct tab_code *code;

    if (s->code == 0 || is_made_up(s->code) != made_up)
        return false;
    code = knowledge_service_code(s->knowledge, s->service, s->code,
                                  s->status_text, &t);
    return take_code(s, t, code, BOUNCE_EVIDENCE_SERVICE,
                     made_up ? SURE_NAMED : SURE_STATUS, event);
}

static bool decide_by_status(struct subject *s, struct bounce_event *event)
{
    const struct tables *t = NULL;
    const struct tab_code *code;

    if (s->status[0] == 0)
        return false;
    code = knowledge_status(s->knowledge, s->status_text, &t);
    return take_code(s, t, code, BOUNCE_EVIDENCE_STATUS, SURE_STATUS, event);
}

static bool decide_by_code(struct subject *s, struct bounce_event *event)
{
    const struct tables *t = NULL;
    const struct tab_code *code;

    if (s->code == 0)
        return false;
    code = knowledge_reply_code(s->knowledge, s->code, &t);
    return take_code(s, t, code, BOUNCE_EVIDENCE_REPLY_CODE, SURE_CODE, event);
}

/* The best rule of that weight in the diagnostic, else in the context. */
struct texts {
    struct best_rule diagnostic[3], context[3]; /* by enum tab_weight */
};

static void look_at(struct subject *s, const struct reply *reply,
                    struct best_rule best[3])
{
    if (!subject_match(s, reply))
        return;
    subject_add_signs(s);
    subject_best(s, best);
}

/* What people read around the diagnostic speaks in general words, so its hits
 * count for less. */
static void look_at_context(struct subject *s, struct bounce_slice context,
                            struct best_rule best[3])
{
    struct reply reply;

    reply_parse(s->message, context, &reply);
    if (s->message->failed != BOUNCE_OK)
        return;
    s->state->keep_ranked = false;
    look_at(s, &reply, best);
    for (unsigned w = 0; w < 3; w++)
        best[w].inside = false;
}

static bool take_best(struct subject *s, const struct texts *texts,
                      enum tab_weight weight, struct bounce_event *event)
{
    const struct best_rule *best = &texts->diagnostic[weight];

    /* Every report says somewhere that it "could not deliver": words that
     * speak last say nothing unless a server said them. */
    if (best->rule == NULL && weight != TAB_WEIGHT_LAST)
        best = &texts->context[weight];
    if (best->rule == NULL)
        return false;
    take_rule(s, best, event);
    return true;
}

static bool is_users(const struct subject *s, const struct best_rule *best)
{
    return best->rule != NULL && s->knowledge->set_count > 1 &&
           best->tables == s->knowledge->sets[0];
}

static void decide_by_all(struct subject *s, const struct texts *texts,
                          struct bounce_event *event)
{
    for (unsigned w = TAB_WEIGHT_NORMAL; w <= TAB_WEIGHT_LAST; w++) {
        if (is_users(s, &texts->diagnostic[w])) {
            take_rule(s, &texts->diagnostic[w], event);
            return;
        }
    }
    if (decide_by_service(s, true, event) ||
        take_best(s, texts, TAB_WEIGHT_NORMAL, event) ||
        take_best(s, texts, TAB_WEIGHT_WEAK, event) ||
        decide_by_service(s, false, event) || decide_by_status(s, event) ||
        take_best(s, texts, TAB_WEIGHT_LAST, event) || decide_by_code(s, event))
        return;
    set_category(s, event, SLICE("undetermined"), BOUNCE_EVIDENCE_NONE,
                 SURE_NOTHING);
}

/* Statuses X.1.7 and X.1.8 are of the sender's address (RFC 3463 section 3.2),
 * and so is what answers MAIL FROM. */
static bool is_of_sender(const struct subject *s)
{
    return s->stage == BOUNCE_STAGE_MAIL ||
           (s->status[0] != 0 && s->status[1] == 1 &&
            (s->status[2] == 7 || s->status[2] == 8));
}

/* Words for a recipient that is not there serve for senders too. What users' own
 * rules say stands. */
static void decide(struct subject *s, const struct texts *texts,
                   struct bounce_event *event)
{
    decide_by_all(s, texts, event);
    if (event->cls != BOUNCE_CLASS_HARD || !is_of_sender(s) ||
        is_users(s, &texts->diagnostic[TAB_WEIGHT_NORMAL]))
        return;
    set_category(s, event, SLICE("sender_rejected"), event->evidence_by,
                 event->confidence * CONTESTED);
    event->advice.remedy = SLICE_NULL;
    event->signals.person_left = -1;
}

/* ---- What no rule decides -------------------------------------------- */

static bool is_undetermined(const struct bounce_event *event)
{
    return slice_eq(event->category, SLICE("undetermined"));
}

/* A delay keeps the category of its cause, a time-out that of the last error;
 * only where none is named they are categories of their own. */
static void name_bare_kinds(const struct subject *s, bool bare_reply,
                            struct bounce_event *event)
{
    if (event->expired && is_undetermined(event))
        set_category(s, event, SLICE("expired"), BOUNCE_EVIDENCE_FORMAT,
                     SURE_STATUS);
    if (!is_undetermined(event) || bare_reply)
        return;
    if (event->kind == BOUNCE_KIND_DELAY)
        set_category(s, event, SLICE("delayed"), BOUNCE_EVIDENCE_FORMAT,
                     SURE_STATUS);
    else if (event->kind == BOUNCE_KIND_BOUNCE && event->recipient.ptr == NULL)
        set_category(s, event, SLICE("recipient_unidentified"),
                     BOUNCE_EVIDENCE_NONE, SURE_NOTHING);
}

static void advise(const struct subject *s, const struct reply *reply,
                   struct bounce_event *event)
{
    const struct bounce_category *category =
        knowledge_category(s->knowledge, event->category);
    struct bounce_advice *advice = &event->advice;
    int64_t said;

    if (category == NULL)
        return;
    advice->action = category->action;
    advice->who = category->who;
    advice->retry_by = category->retry_by;
    advice->retry_after_s = category->retry_after_s;
    if (advice->remedy.ptr == NULL)
        advice->remedy = category->remedy;
    if (event->kind == BOUNCE_KIND_DELAY) {
        /* Nothing is lost yet: the queue goes on trying by itself. */
        advice->retry_by = BOUNCE_RETRY_MTA;
        if (advice->action == BOUNCE_DO_SUPPRESS ||
            advice->action == BOUNCE_DO_SUSPEND ||
            advice->action == BOUNCE_DO_REVIEW)
            advice->action = BOUNCE_DO_RETRY;
    }
    said = reply != NULL ? signals_retry_after(reply) : -1;
    if (said >= 0)
        advice->retry_after_s = said;
}

/* Whether the context had a say. */
static bool judge_failure(struct subject *s, const struct classify_input *input,
                          const struct reply *reply,
                          struct report_event *report)
{
    struct bounce_event *event = &report->event;
    struct texts texts = {0};
    bool by_context;

    take_facts(s, input, reply, event);
    if (input->bare_reply)
        kind_of_reply(s, event);
    subject_add_host(s, input->host, false);
    subject_add_host(s, reply->host, false);
    subject_add_host(s, event->remote_mta, false);
    subject_add_host(s, domain_of(event->recipient), true);
    look_at(s, reply, texts.diagnostic);
    subject_best_of_sentences(s, reply, texts.diagnostic);
    by_context = texts.diagnostic[TAB_WEIGHT_NORMAL].rule == NULL &&
                 report->context.len > 0;
    if (by_context)
        look_at_context(s, report->context, texts.context);
    name_providers(s, event);
    if (event->kind == BOUNCE_KIND_DELIVERY) {
        set_category(s, event, SLICE("delivered"), BOUNCE_EVIDENCE_REPLY_CODE,
                     SURE_FORMAT);
    } else {
        decide(s, &texts, event);
        name_bare_kinds(s, input->bare_reply, event);
    }
    signals_read(reply, event);
    advise(s, reply, event);
    return by_context;
}

static void classify_failure(struct subject *s,
                             const struct classify_input *input,
                             struct report_event *report)
{
    struct reply_line line;
    struct recall recall;
    struct reply reply;
    bool by_context;

    if (!reply_open(s->message, report->event.diagnostic, &line))
        return;
    s->state->recalled = recall_verdict(s, input, &line, report, &recall);
    if (s->state->recalled)
        return;
    reply_parse_line(&line, &reply);
    by_context = judge_failure(s, input, &reply, report);
    recall_keep(s, &recall, &reply, by_context, &report->event);
}

/* Kinds that are no failure need no rules. RFC 5965 section 7.3: not-spam, and
 * RFC 6591: auth-failure, are feedback that is no complaint. */
static struct bounce_slice category_of_kind(const struct bounce_event *event)
{
    switch (event->kind) {
    case BOUNCE_KIND_FEEDBACK:
        if (slice_eq_nocase(event->feedback_type, SLICE("not-spam")) ||
            slice_eq_nocase(event->feedback_type, SLICE("auth-failure")))
            return SLICE_NULL;
        return SLICE("complaint");
    case BOUNCE_KIND_UNSUBSCRIBE:
        return SLICE("unsubscribe");
    case BOUNCE_KIND_AUTO_REPLY:
        return SLICE("auto_reply");
    case BOUNCE_KIND_CHALLENGE:
        return SLICE("challenge_response");
    case BOUNCE_KIND_DELIVERY:
        return SLICE("delivered");
    default:
        return SLICE_NULL;
    }
}

/* An automatic reply may say that the person has left: rules with that signal
 * are heard, their category is not. */
static void read_person_left(struct subject *s, struct report_event *report)
{
    struct best_rule best[3] = {{0}};
    struct reply reply;

    if (report->context.len == 0)
        return;
    reply_parse(s->message, report->context, &reply);
    if (s->message->failed != BOUNCE_OK)
        return;
    look_at(s, &reply, best);
    for (unsigned w = 0; w < 3; w++) {
        if (best[w].rule == NULL)
            continue;
        if ((best[w].rule->signals & TAB_SIGNAL_PERSON_LEFT) != 0)
            report->event.signals.person_left = 1;
    }
}

void classify_event(const struct knowledge *knowledge,
                    struct matcher_state *state, struct message *message,
                    const struct classify_input *input,
                    struct report_event *report)
{
    struct bounce_event *event = &report->event;
    struct subject subject = {
        .knowledge = knowledge, .state = state, .message = message};
    struct bounce_slice category;

    event->confidence = -1;
    event->signals.person_left = -1;
    event->advice.retry_after_s = -1;
    state->ranked_count = 0;
    state->tired = state->recalled = false;
    state->keep_ranked = input->bare_reply;
    if (input->bare_reply || event->kind == BOUNCE_KIND_BOUNCE ||
        event->kind == BOUNCE_KIND_DELAY) {
        classify_failure(&subject, input, report);
        return;
    }
    category = category_of_kind(event);
    if (category.ptr == NULL)
        return;
    set_category(&subject, event, category, BOUNCE_EVIDENCE_FORMAT,
                 SURE_FORMAT);
    subject_add_host(&subject, domain_of(event->recipient), true);
    name_providers(&subject, event);
    if (event->kind == BOUNCE_KIND_AUTO_REPLY)
        read_person_left(&subject, report);
    advise(&subject, NULL, event);
}
