/* SPDX-License-Identifier: MIT
 * From what an item says to a record: the verdict, ours and the service's. */
#include "ingest/webhook/hook.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "engine/engine.h"
#include "engine/judge.h"
#include "ingest/times.h"
#include "report/reply.h"

/* How sure a category is that only the service's word stands behind: not sure
 * enough to suppress at once. */
#define SURE_SERVICE 0.70
/* What the service itself decided. */
#define SURE_OWN 0.97

#define ADDRESS_MAX 512

void hook_event_init(struct hook_event *event)
{
    *event = (struct hook_event){.permanent = -1,
                                 .at = BOUNCE_NO_TIME,
                                 .sent_at = BOUNCE_NO_TIME,
                                 .waiting_s = -1};
}

const struct hook_word *hook_word_find(const struct hook_word *words,
                                       size_t count, struct bounce_slice word)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_eq_nocase(slice_cstr(words[i].word), word))
            return &words[i];
    }
    return NULL;
}

void hook_event_take(struct hook_event *event, const struct hook_word *word)
{
    event->kind = word->kind;
    event->permanent = word->permanent;
    event->cls = word->cls;
    event->category = slice_cstr(word->category);
    event->suppressed_for = slice_cstr(word->suppressed_for);
}

void hook_pass(struct hook *hook)
{
    hook->result->passed++;
}

void hook_unknown(struct hook *hook)
{
    hook->result->unknown++;
}

void hook_bad_item(struct hook *hook, const char *cause)
{
    const struct hook_bad bad = {hook->index, cause};

    if (vec_push(&hook->bad, hook->arena, &bad) == SIZE_MAX)
        hook_keep(hook, NULL);
}

bool hook_event_begin(struct hook *hook, struct hook_event *event,
                      const struct hook_word *words, size_t count,
                      struct bounce_slice word)
{
    const struct hook_word *row = hook_word_find(words, count, word);

    hook_event_init(event);
    event->verdict = word;
    if (word.len == 0)
        hook_bad_item(hook, "no event");
    else if (row == NULL)
        hook_unknown(hook);
    else if (row->kind == BOUNCE_KIND_NONE)
        hook_pass(hook);
    else
        hook_event_take(event, row);
    if (event->kind == BOUNCE_KIND_FEEDBACK)
        event->feedback_type = SLICE("abuse");
    return event->kind != BOUNCE_KIND_NONE;
}

static void read_item(struct hook *hook, const struct json *item,
                      void (*read)(struct hook *, const struct json *))
{
    hook->item = item;
    hook->result->items++;
    if (item->type != JSON_OBJECT)
        hook_bad_item(hook, "not an object");
    else if (item->doubled)
        hook_bad_item(hook, "a member stands twice");
    else
        read(hook, item);
    hook->index++;
}

void hook_each(struct hook *hook, const struct json *list,
               void (*read)(struct hook *hook, const struct json *item))
{
    if (list == NULL)
        return;
    if (list->type != JSON_ARRAY) {
        read_item(hook, list, read);
        return;
    }
    for (const struct json *item = list->first;
         item != NULL && hook->failed == BOUNCE_OK; item = item->next)
        read_item(hook, item, read);
}

int64_t hook_time(const struct json *value)
{
    struct bounce_slice text = json_text(value);

    return text.len > 0 ? times_parse(text) : BOUNCE_NO_TIME;
}

struct bounce_slice hook_first_text(const struct json *value)
{
    return json_text(json_is(value, JSON_ARRAY) ? value->first : value);
}

bool hook_mentions(struct bounce_slice text, const char *word)
{
    return slice_find_nocase(text, slice_cstr(word)) != SLICE_NPOS;
}

struct bounce_slice hook_suppressed_for(struct bounce_slice text)
{
    /* Unsubscribed before bounced: "unsubscribed" may stand in a sentence about
     * bounces, not the other way round. */
    if (hook_mentions(text, "unsub") || hook_mentions(text, "opt-out") ||
        hook_mentions(text, "opted out"))
        return SLICE("unsubscribe");
    if (hook_mentions(text, "spam") || hook_mentions(text, "complain") ||
        hook_mentions(text, "abuse"))
        return SLICE("complaint");
    if (hook_mentions(text, "bounce") || hook_mentions(text, "invalid"))
        return SLICE("bounce");
    return SLICE_NULL;
}

enum bounce_class hook_class(struct bounce_slice word)
{
    static const struct {
        const char *word;
        enum bounce_class cls;
    } classes[] = {
        {"hard", BOUNCE_CLASS_HARD},
        {"soft", BOUNCE_CLASS_SOFT},
        {"block", BOUNCE_CLASS_BLOCK},
        {"admin", BOUNCE_CLASS_ADMIN},
        {"event", BOUNCE_CLASS_EVENT},
        {"bounce", BOUNCE_CLASS_HARD},
        {"undetermined", BOUNCE_CLASS_UNDETERMINED},
    };

    for (size_t i = 0; i < HOOK_COUNT(classes); i++) {
        if (slice_eq_nocase(word, slice_cstr(classes[i].word)))
            return classes[i].cls;
    }
    return BOUNCE_CLASS_NONE;
}

void hook_event_label(struct hook *hook, struct hook_event *event,
                      const char *taxonomy, struct bounce_slice label)
{
    struct bounce_slice category, cls;

    if (label.len == 0 ||
        !bounce_label_category(hook->reader->engine, slice_cstr(taxonomy),
                               label, &category, &cls))
        return;
    if (!slice_eq(category, SLICE("undetermined")))
        event->category = category;
    if (event->cls == BOUNCE_CLASS_NONE)
        event->cls = hook_class(cls);
}

struct bounce_slice hook_join(struct hook *hook, struct bounce_slice a,
                              const char *separator, struct bounce_slice b)
{
    if (a.len == 0 || b.len == 0)
        return a.len == 0 ? b : a;
    return hook_concat(
        hook, (const struct bounce_slice[]){a, slice_cstr(separator), b}, 3);
}

int hook_reply_code(struct bounce_slice text)
{
    int code = 0;

    text = slice_trim(text);
    if (slice_starts_nocase(text, SLICE("smtp;")))
        text = slice_trim(slice_from(text, 5));
    return reply_match_code(text, &code) > 0 ? code : 0;
}

/* "Name <a@b>" or "a@b" as "a@b"; NULL: it is no address. */
static struct bounce_slice read_address(struct bounce_slice text)
{
    size_t open, at;

    text = slice_trim(text);
    open = slice_rfind_byte(text, '<');
    if (open != SLICE_NPOS && text.ptr[text.len - 1] == '>')
        text = slice_trim(slice_sub(text, open + 1, text.len - open - 2));
    at = slice_rfind_byte(text, '@');
    if (at == SLICE_NPOS || at == 0 || at + 1 == text.len ||
        text.len > ADDRESS_MAX)
        return SLICE_NULL;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c < 0x20 || c == 0x7F ||
            (c == ' ' && (i > at || text.ptr[0] != '"')))
            return SLICE_NULL;
    }
    return text;
}

/* With <>, as events have it; NULL where there is none. */
static struct bounce_slice read_message_id(struct hook *hook,
                                           struct bounce_slice id)
{
    id = slice_trim(id);
    if (id.len == 0 || id.ptr[0] == '<')
        return id.len == 0 ? SLICE_NULL : id;
    return hook_concat(
        hook, (const struct bounce_slice[]){SLICE("<"), id, SLICE(">")}, 3);
}

/* "smtp; 550 ..." of DSNs is the reply alone. */
static struct bounce_slice read_text(const struct hook *hook,
                                     struct bounce_slice text)
{
    text = slice_trim(text);
    if (slice_starts_nocase(text, SLICE("smtp;")))
        text = slice_trim(slice_from(text, 5));
    if (text.len == 0)
        return SLICE_NULL;
    return slice_sub(
        text, 0, utf8_cut(text, hook->reader->engine->options.max_diagnostic));
}

/* A status as RFC 3463 has it; services put other things there. */
static struct bounce_slice read_status(struct bounce_slice status)
{
    status = slice_trim(status);
    return reply_match_status(status) == status.len && status.len > 0
               ? status
               : SLICE_NULL;
}

static struct bounce_slice tag_of(const struct json *tags, const char *name)
{
    const struct json *named = json_get(tags, name);

    return hook_first_text(named);
}

/* A campaign or scope among metadata and tags. */
static struct bounce_slice find_named(const struct hook_event *from,
                                      struct bounce_slice name,
                                      const char *usual)
{
    char buf[128];
    struct bounce_slice found;

    if (name.len >= sizeof(buf))
        return SLICE_NULL;
    if (name.ptr != NULL) {
        memcpy(buf, name.ptr, name.len);
        buf[name.len] = '\0';
        usual = buf;
    }
    found = json_member(from->metadata, usual);
    return found.len > 0 ? found : tag_of(from->tags, usual);
}

static struct bounce_slice known(struct bounce_slice s)
{
    return s.len > 0 ? s : SLICE_NULL;
}

static void fill_places(const struct hook *hook, const struct hook_event *from,
                        struct bounce_event *event)
{
    const struct hook_config *config = hook->config;

    event->campaign = known(from->campaign);
    if (event->campaign.ptr == NULL)
        event->campaign =
            known(find_named(from, config->campaign_name, "campaign"));
    if (event->campaign.ptr == NULL && !json_is(from->tags, JSON_OBJECT))
        event->campaign = known(hook_first_text(from->tags));
    event->scope = known(config->scope);
    if (event->scope.ptr == NULL)
        event->scope = known(from->scope);
    if (event->scope.ptr == NULL)
        event->scope = known(find_named(from, config->scope_name, "scope"));
}

static enum bounce_action action_of(enum bounce_kind kind)
{
    switch (kind) {
    case BOUNCE_KIND_BOUNCE:
        return BOUNCE_ACTION_FAILED;
    case BOUNCE_KIND_DELAY:
        return BOUNCE_ACTION_DELAYED;
    case BOUNCE_KIND_DELIVERY:
        return BOUNCE_ACTION_DELIVERED;
    default:
        return BOUNCE_ACTION_NONE;
    }
}

static void fill(struct hook *hook, const struct hook_event *from,
                 struct bounce_event *event)
{
    *event = (struct bounce_event){
        .kind = from->kind,
        .recipient = read_address(from->recipient),
        .action = action_of(from->kind),
        .permanent = from->permanent,
        .expired = from->expired,
        .confidence = -1,
        .reporting_mta = known(from->reporting_mta),
        .remote_mta = known(from->remote_mta),
        .format = SLICE("webhook"),
        .queue_id = known(from->queue_id),
        .service = slice_cstr(hook->service->info.name),
        .service_verdict = known(from->verdict),
        .verified = hook->result->trust == HOOK_SIGNED ? 1 : -1,
        .message_id = read_message_id(hook, from->message_id),
        .report_id = known(from->report_id),
        .sender = known(read_address(from->sender)),
        .feedback_type = known(from->feedback_type),
        .subject = known(from->subject),
        .sent_at = from->sent_at,
        .occurred_at = from->at,
    };
    event->diagnostic = read_text(hook, from->text);
    if (event->recipient.ptr != NULL)
        event->recipient_from = BOUNCE_FROM_FINAL_RECIPIENT;
    event->signals.sender_ip = SLICE_NULL;
    event->signals.person_left = -1;
    event->advice.retry_after_s = -1;
    fill_places(hook, from, event);
}

static bool judge(struct hook *hook, const struct bounce_event *event,
                  struct bounce_event *judged)
{
    enum bounce_err err = judge_event(hook->reader, event, judged);

    if (err != BOUNCE_OK && hook->failed == BOUNCE_OK)
        hook->failed = err;
    return err == BOUNCE_OK;
}

/* A service that cannot tell the reply's code and status apart repeats them in
 * members of their own, sometimes as a mere 5.0.0: what the reply itself says
 * goes first, the members fill in what it lacks. */
static bool judge_reply(struct hook *hook, const struct hook_event *from,
                        struct bounce_event *event)
{
    struct bounce_event judged;
    struct bounce_slice status = read_status(from->status);
    struct bounce_slice text = event->diagnostic;
    int code = from->reply_code;

    /* Where the service itself refused, the text is its own, too. */
    if (from->told || from->cls == BOUNCE_CLASS_ADMIN)
        event->diagnostic = SLICE_NULL;
    if (!judge(hook, event, &judged))
        return false;
    if (judged.status.ptr == NULL && status.ptr != NULL)
        event->status = status;
    if (judged.reply_code == 0 && code >= 200 && code <= 699)
        event->reply_code = code;
    if ((event->status.ptr != NULL || event->reply_code != 0) &&
        !judge(hook, event, &judged))
        return false;
    *event = judged;
    event->diagnostic = text;
    return true;
}

/* The reader's memory is gone with its next call. */
static void keep_texts(struct hook *hook, struct bounce_event *event)
{
    struct bounce_slice *const texts[] = {
        &event->diagnostic,
        &event->status,
        &event->category,
        &event->provider,
        &event->gateway,
        &event->evidence_rule,
        &event->evidence_text,
        &event->remote_mta,
        &event->signals.block_list,
        &event->signals.lookup_url,
        &event->signals.removal_url,
        &event->signals.sender_ip,
        &event->signals.url,
        &event->signals.new_address,
        &event->signals.limit_what,
        &event->signals.limit_unit,
        &event->signals.suppressed_for,
        &event->advice.remedy,
    };

    for (size_t i = 0; i < HOOK_COUNT(texts); i++) {
        struct bounce_slice kept = arena_dup(hook->arena, *texts[i]);

        if (kept.ptr == NULL && texts[i]->ptr != NULL)
            hook_keep(hook, NULL);
        *texts[i] = kept;
    }
}

/* Category and advice from the service's word. */
static void take_word(struct hook *hook, const struct hook_event *from,
                      double confidence, struct bounce_event *event)
{
    const struct bounce_category *category =
        bounce_category_find(hook->reader->engine, from->category);

    if (category == NULL)
        return;
    event->category = category->id;
    event->cls = category->cls;
    event->confidence = confidence;
    event->evidence_by = BOUNCE_EVIDENCE_SERVICE;
    event->evidence_rule =
        hook_join(hook, event->service, " ", event->service_verdict);
    event->evidence_text = SLICE_NULL;
    event->advice.action = category->action;
    event->advice.who = category->who;
    event->advice.retry_by = event->kind == BOUNCE_KIND_DELAY
                                 ? BOUNCE_RETRY_MTA
                                 : category->retry_by;
    event->advice.retry_after_s = category->retry_after_s;
    event->advice.remedy = category->remedy;
}

/* What the reply says goes before what the service makes of it. */
static void weigh(struct hook *hook, const struct hook_event *from,
                  struct bounce_event *event)
{
    bool own = from->cls == BOUNCE_CLASS_ADMIN;
    bool open = event->confidence < SURE_SERVICE ||
                slice_eq(event->category, SLICE("delayed")) ||
                slice_eq(event->category, SLICE("expired")) ||
                slice_eq(event->category, SLICE("recipient_unidentified"));

    if (event->kind != BOUNCE_KIND_BOUNCE && event->kind != BOUNCE_KIND_DELAY)
        return;
    if (from->category.ptr != NULL && (own || open))
        take_word(hook, from, own ? SURE_OWN : SURE_SERVICE, event);
    if (slice_eq(event->category, SLICE("suppressed")) &&
        from->suppressed_for.len > 0)
        event->signals.suppressed_for = from->suppressed_for;
}

static void add_part(struct hash128 *hash, struct bounce_slice part)
{
    hash128_add_part(hash, part);
}

/* The same event gives the same id whenever it comes. */
static struct bounce_slice make_id(struct hook *hook,
                                   const struct bounce_event *event)
{
    struct hash128 hash;
    char hex[33], at[32];

    hash128_init(&hash);
    add_part(&hash, SLICE("webhook"));
    add_part(&hash, event->service);
    add_part(&hash, slice_cstr(bounce_kind_name(event->kind)));
    add_part(&hash, event->recipient);
    if (event->report_id.ptr != NULL) {
        add_part(&hash, event->report_id);
    } else {
        add_part(&hash, event->service_verdict);
        add_part(&hash, event->queue_id);
        add_part(&hash, event->message_id);
        snprintf(at, sizeof(at), "%" PRId64, event->occurred_at);
        add_part(&hash, slice_cstr(at));
        add_part(&hash, event->diagnostic);
        add_part(&hash, event->scope);
    }
    hash128_hex(&hash, hex);
    return arena_dup(hook->arena, slice_make(hex, 32));
}

static struct bounce_slice domain_of(struct bounce_slice address)
{
    size_t at = slice_rfind_byte(address, '@');

    return at == SLICE_NPOS ? SLICE_NULL : slice_from(address, at + 1);
}

static void push(struct hook *hook, struct record *record)
{
    record->event.event_id = make_id(hook, &record->event);
    record->source = hook->config->source;
    record->offset = (int64_t)hook->index;
    record->raw = hook->item != NULL ? hook->item->text : hook->request->body;
    if (record->event.event_id.ptr == NULL ||
        vec_push(&hook->records, hook->arena, record) == SIZE_MAX)
        hook_keep(hook, NULL);
}

void hook_add(struct hook *hook, const struct hook_event *from)
{
    struct record record;
    struct bounce_event *event = &record.event;

    if (hook->failed != BOUNCE_OK)
        return;
    record_init(&record, NULL);
    fill(hook, from, event);
    if (event->recipient.ptr == NULL && !from->no_recipient) {
        hook_bad_item(hook, from->recipient.len == 0 ? "no recipient"
                                                     : "no mail address");
        return;
    }
    if (!judge_reply(hook, from, event))
        return;
    weigh(hook, from, event);
    keep_texts(hook, event);
    record.service_class = from->cls;
    record.ip = known(from->ip);
    record.sender_domain = domain_of(event->sender);
    if (event->kind == BOUNCE_KIND_DELAY) {
        record.waiting_s = from->waiting_s;
        record.tries = from->tries;
    }
    push(hook, &record);
}

void hook_add_suppression(struct hook *hook, const struct hook_event *from,
                          enum bounce_slot slot, int64_t until)
{
    struct record record;
    struct bounce_event *event = &record.event;

    if (hook->failed != BOUNCE_OK)
        return;
    record_init(&record, NULL);
    fill(hook, from, event);
    if (event->recipient.ptr == NULL) {
        hook_bad_item(hook, from->recipient.len == 0 ? "no recipient"
                                                     : "no mail address");
        return;
    }
    record.act = RECORD_SUPPRESS;
    record.slot = slot;
    record.until = until;
    record.reason =
        hook_join(hook, event->service, ": ", event->service_verdict);
    push(hook, &record);
}
