/* SPDX-License-Identifier: MIT
 * Any service that posts JSON: a map says which member is what. */
#include "ingest/webhook/generic.h"

#include "base/stanza.h"
#include "ingest/webhook/words.h"

/* Lines of the map, and the members of our own events; of several the first
 * that is there. */
static const struct {
    const char *line, *own;
} fields[GENERIC_FIELDS] = {
    [GENERIC_EVENT] = {"Event", "kind"},
    [GENERIC_RECIPIENT] = {"Recipient", "recipient"},
    [GENERIC_TEXT] = {"Text", "diagnostic,reply"},
    [GENERIC_STATUS] = {"Status", "status"},
    [GENERIC_CODE] = {"Code", "reply_code"},
    [GENERIC_TIME] = {"Time", "occurred_at,at"},
    [GENERIC_ID] = {"Id", "event_id"},
    [GENERIC_MESSAGE] = {"Message", "queue_id"},
    [GENERIC_MESSAGE_ID] = {"Message-Id", "message_id"},
    [GENERIC_CAMPAIGN] = {"Campaign", "campaign"},
    [GENERIC_SCOPE] = {"Scope", "scope"},
    [GENERIC_IP] = {"Ip", "ip"},
    [GENERIC_SENDER] = {"Sender", "sender"},
    [GENERIC_SUBJECT] = {"Subject", "subject"},
    [GENERIC_VERDICT] = {"Verdict", "service_verdict"},
};

/* What a word may stand for; "hard", "temporary", ... may follow. */
static const struct hook_word kinds[] = {
    {"bounce", FAIL, -1, NOCLS, NULL, NULL},
    {"delay", LATE, 0, SOFT, NULL, NULL},
    {"delivery", DONE, -1, NOCLS, NULL, NULL},
    {"feedback", SPAM, -1, EVENT, NULL, NULL},
    {"complaint", SPAM, -1, EVENT, NULL, NULL},
    {"unsubscribe", LEFT, -1, EVENT, NULL, NULL},
    {"auto_reply", AUTO, -1, EVENT, NULL, NULL},
    {"challenge", ASKS, -1, EVENT, NULL, NULL},
    {"suppressed", FAIL, 1, ADMIN, "suppressed", NULL},
    {"none", PASS, -1, NOCLS, NULL, NULL},
};

/* One of "hard", "permanent", "for-complaint", ... behind the kind. */
static bool take_detail(struct bounce_slice detail, struct hook_word *word)
{
    static const char *const causes[] = {"bounce", "unsubscribe", "complaint"};
    enum bounce_class cls = hook_class(detail);

    if (cls != BOUNCE_CLASS_NONE) {
        word->cls = cls;
        if (word->permanent < 0 && (cls == HARD || cls == SOFT))
            word->permanent = cls == HARD ? 1 : 0;
        return true;
    }
    if (slice_eq_nocase(detail, SLICE("permanent")) ||
        slice_eq_nocase(detail, SLICE("temporary"))) {
        word->permanent = ascii_lower((unsigned char)detail.ptr[0]) == 'p';
        return true;
    }
    if (!slice_starts_nocase(detail, SLICE("for-")))
        return false;
    for (size_t i = 0; i < HOOK_COUNT(causes); i++) {
        if (slice_eq_nocase(slice_from(detail, 4), slice_cstr(causes[i]))) {
            word->suppressed_for = causes[i];
            return true;
        }
    }
    return false;
}

/* "KIND DETAIL..." */
static bool read_meaning(struct bounce_slice text, struct hook_word *word_out)
{
    struct bounce_slice piece;
    const struct hook_word *kind;

    text = slice_trim(text);
    if (!slice_next_piece(&text, ' ', &piece))
        return false;
    kind = hook_word_find(kinds, HOOK_COUNT(kinds), piece);
    if (kind == NULL)
        return false;
    *word_out = *kind;
    while (slice_next_piece(&text, ' ', &piece)) {
        if (piece.len > 0 && !take_detail(piece, word_out))
            return false;
    }
    return true;
}

/* "Word: bounced = bounce hard" */
static const char *add_word(struct generic_map *map, struct arena *arena,
                            struct bounce_slice line)
{
    size_t equals = slice_rfind_byte(line, '=');
    struct hook_word word;
    struct bounce_slice name;

    if (equals == SLICE_NPOS ||
        !read_meaning(slice_from(line, equals + 1), &word))
        return "Word wants WORD = KIND, the kind being bounce, delay, "
               "delivery, complaint, unsubscribe, suppressed, auto_reply, "
               "challenge or none";
    if (map->word_count == GENERIC_WORDS_MAX)
        return "too many words";
    name = arena_dup(arena, slice_trim(slice_sub(line, 0, equals)));
    if (name.len == 0)
        return "Word wants WORD = KIND";
    word.word = name.ptr;
    map->words[map->word_count++] = word;
    return NULL;
}

static const char *take_line(struct generic_map *map, struct arena *arena,
                             const struct stanza_field *line)
{
    if (slice_eq_nocase(line->name, SLICE("Word")))
        return add_word(map, arena, line->value);
    if (slice_eq_nocase(line->name, SLICE("Otherwise"))) {
        if (!read_meaning(line->value, &map->fallback))
            return "Otherwise wants a kind";
        map->fallback.word = "";
        return NULL;
    }
    if (slice_eq_nocase(line->name, SLICE("Items"))) {
        map->items = line->value;
        return NULL;
    }
    if (slice_eq_nocase(line->name, SLICE("Signature"))) {
        map->signature = line->value;
        return NULL;
    }
    for (size_t i = 0; i < GENERIC_FIELDS; i++) {
        if (slice_eq_nocase(line->name, slice_cstr(fields[i].line))) {
            map->paths[i] = line->value;
            return NULL;
        }
    }
    return "the map has a line that it does not know";
}

static void take_own(struct generic_map *map)
{
    for (size_t i = 0; i < GENERIC_FIELDS; i++)
        map->paths[i] = slice_cstr(fields[i].own);
    for (size_t i = 0; i < HOOK_COUNT(kinds); i++)
        map->words[map->word_count++] = kinds[i];
}

const struct generic_map *generic_map_read(struct bounce_slice text,
                                           struct arena *arena,
                                           const char **flaw_out)
{
    struct generic_map *map = arena_calloc(arena, 1, sizeof(*map));
    struct stanza_reader reader;
    struct stanza stanza;
    struct bounce_error error;

    *flaw_out = NULL;
    if (map == NULL)
        return NULL;
    if (text.ptr == NULL) {
        take_own(map);
        return map;
    }
    stanza_reader_init(&reader, text);
    while (*flaw_out == NULL && stanza_next(&reader, arena, &stanza, &error)) {
        for (size_t i = 0; i < stanza.count && *flaw_out == NULL; i++)
            *flaw_out = take_line(map, arena, &stanza.fields[i]);
    }
    if (*flaw_out == NULL && error.code == BOUNCE_E_RULES)
        *flaw_out = "the map is no list of Name: value lines";
    if (*flaw_out == NULL && error.code == BOUNCE_OK) {
        if (map->paths[GENERIC_RECIPIENT].len == 0)
            *flaw_out = "the map does not say where the Recipient stands";
        else if (map->paths[GENERIC_EVENT].len == 0 &&
                 map->fallback.word == NULL)
            *flaw_out = "the map needs Event with Word lines, or Otherwise";
    }
    return *flaw_out == NULL && error.code == BOUNCE_OK ? map : NULL;
}

static const struct generic_map *map_of(struct hook *hook)
{
    const char *flaw;
    const struct generic_map *map =
        generic_map_read(hook->config->map, hook->arena, &flaw);

    /* The configuration was checked: only memory can be lacking. */
    if (map == NULL && hook->failed == BOUNCE_OK)
        hook->failed = arena_error(hook->arena);
    return map;
}

/* At the first of several paths that is there. */
static const struct json *value_of(const struct generic_map *map,
                                   const struct json *item,
                                   enum generic_field field)
{
    struct bounce_slice rest = map->paths[field], path;
    const struct json *value = NULL;

    while (value == NULL && slice_next_piece(&rest, ',', &path)) {
        path = slice_trim(path);
        value = path.len > 0 ? json_path(item, path) : NULL;
    }
    return value;
}

static struct bounce_slice text_of(const struct generic_map *map,
                                   const struct json *item,
                                   enum generic_field field)
{
    return hook_first_text(value_of(map, item, field));
}

static bool begin(struct hook *hook, const struct generic_map *map,
                  const struct json *item, struct hook_event *event)
{
    struct bounce_slice word = text_of(map, item, GENERIC_EVENT);

    if (hook_word_find(map->words, map->word_count, word) == NULL &&
        map->fallback.word != NULL) {
        hook_event_init(event);
        event->verdict = word;
        if (map->fallback.kind == PASS) {
            hook_pass(hook);
            return false;
        }
        hook_event_take(event, &map->fallback);
        if (event->kind == SPAM)
            event->feedback_type = SLICE("abuse");
        return true;
    }
    return hook_event_begin(hook, event, map->words, map->word_count, word);
}

static void read_item(struct hook *hook, const struct json *item)
{
    const struct generic_map *map = hook->notes;
    struct hook_event event;
    struct bounce_slice verdict;
    int64_t code;

    if (!begin(hook, map, item, &event))
        return;
    event.recipient = text_of(map, item, GENERIC_RECIPIENT);
    event.text = text_of(map, item, GENERIC_TEXT);
    event.status = text_of(map, item, GENERIC_STATUS);
    code = json_count(value_of(map, item, GENERIC_CODE), 699);
    event.reply_code = code > 0 ? (int)code : 0;
    event.at = hook_time(value_of(map, item, GENERIC_TIME));
    event.report_id = text_of(map, item, GENERIC_ID);
    event.queue_id = text_of(map, item, GENERIC_MESSAGE);
    event.message_id = text_of(map, item, GENERIC_MESSAGE_ID);
    event.campaign = text_of(map, item, GENERIC_CAMPAIGN);
    event.scope = text_of(map, item, GENERIC_SCOPE);
    event.ip = text_of(map, item, GENERIC_IP);
    event.sender = text_of(map, item, GENERIC_SENDER);
    event.subject = text_of(map, item, GENERIC_SUBJECT);
    verdict = text_of(map, item, GENERIC_VERDICT);
    event.verdict = hook_join(hook, event.verdict, "/", verdict);
    if (event.permanent < 0 && event.kind == FAIL)
        event.permanent = hook_reply_code(event.text) / 100 == 4 ||
                                  event.reply_code / 100 == 4 ||
                                  slice_starts(event.status, SLICE("4."))
                              ? 0
                              : -1;
    hook_add(hook, &event);
}

static void read_body(struct hook *hook)
{
    const struct generic_map *map = map_of(hook);
    const struct json *list = hook->body;

    if (map == NULL)
        return;
    hook->notes = map;
    if (map->items.len > 0) {
        list = json_path(list, map->items);
        if (list == NULL) {
            hook->result->flaw = "the body has no such list of items";
            return;
        }
    }
    hook_each(hook, list, read_item);
}

static enum hook_trust verify(struct hook *hook)
{
    const struct generic_map *map = map_of(hook);

    if (map == NULL)
        return HOOK_NO_KEY;
    return hook_verify_header(hook,
                              map->signature.len > 0
                                  ? arena_dup(hook->arena, map->signature).ptr
                                  : "X-Signature");
}

const struct hook_service hook_generic = {
    .info = {"generic", true,
             "Basic authentication; bearer token; HMAC in a header that the "
             "map names; secret in the URL"},
    .many = true,
    .form = true,
    .verify = verify,
    .read = read_body,
};
