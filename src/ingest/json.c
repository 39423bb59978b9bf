/* SPDX-License-Identifier: MIT */
#include "ingest/json.h"

#include "base/hash.h"
#include "base/stanza.h"
#include "ingest/json_scan.h"

const struct json_limits json_limits_default = {(size_t)8 << 20, 500000, 32};

/* Few members are compared with each other; for more a table is quicker. */
#define FEW_MEMBERS 12
/* Names that meet in the table are compared one by one; whoever looks for such
 * names shall gain little. */
#define MEMBERS_MAX 10000

struct building {
    struct json_scan scan;
    struct arena *arena;
    struct bounce_slice input;
    const char *copy; /* what scan reads, as long as input */
    const struct json_limits *limits;
    size_t values;
    enum bounce_err failed;
    struct json *open[JSON_DEPTH_MAX], *last[JSON_DEPTH_MAX];
    unsigned depth;
};

static size_t offset_of(const struct building *b)
{
    return (size_t)(b->scan.at - b->copy);
}

static struct json *new_value(struct building *b)
{
    struct json *value;

    if (b->values == b->limits->max_values) {
        b->failed = BOUNCE_E_LIMIT;
        json_scan_fail(&b->scan, "too many values");
        return NULL;
    }
    value = arena_calloc(b->arena, 1, sizeof(*value));
    if (value == NULL) {
        b->failed = arena_error(b->arena);
        json_scan_fail(&b->scan, "out of memory");
        return NULL;
    }
    b->values++;
    return value;
}

static enum json_type scalar_type(char first)
{
    switch (first) {
    case 'n':
        return JSON_NULL;
    case 'f':
        return JSON_FALSE;
    case 't':
        return JSON_TRUE;
    default:
        return JSON_NUMBER;
    }
}

static void append(struct building *b, struct json *value)
{
    struct json *parent = b->open[b->depth - 1];

    if (parent->type == JSON_OBJECT && parent->count == MEMBERS_MAX) {
        b->failed = BOUNCE_E_LIMIT;
        json_scan_fail(&b->scan, "too many members in an object");
        return;
    }
    if (b->last[b->depth - 1] == NULL)
        parent->first = value;
    else
        b->last[b->depth - 1]->next = value;
    b->last[b->depth - 1] = value;
    parent->count++;
}

static void enter(struct building *b, struct json *value)
{
    if (b->depth == b->limits->max_depth || b->depth == JSON_DEPTH_MAX) {
        b->failed = BOUNCE_E_LIMIT;
        json_scan_fail(&b->scan, "nested too deeply");
        return;
    }
    b->open[b->depth] = value;
    b->last[b->depth] = NULL;
    b->depth++;
}

/* A value begins: scalars are taken whole, of containers the bracket. */
static struct json *begin_value(struct building *b, struct bounce_slice name)
{
    struct json *value = new_value(b);
    size_t start;

    if (value == NULL)
        return NULL;
    value->name = name;
    json_scan_space(&b->scan);
    start = offset_of(b);
    if (json_scan_take(&b->scan, '"')) {
        value->type = JSON_STRING;
        value->text = json_scan_string(&b->scan);
    } else if (json_scan_take(&b->scan, '{')) {
        value->type = JSON_OBJECT;
    } else if (json_scan_take(&b->scan, '[')) {
        value->type = JSON_ARRAY;
    } else {
        value->text = json_scan_value(&b->scan);
        value->type =
            value->text.len > 0 ? scalar_type(*value->text.ptr) : JSON_NULL;
    }
    if (value->type == JSON_OBJECT || value->type == JSON_ARRAY)
        value->text = slice_from(b->input, start);
    return value;
}

static bool all_differ(const struct json *object)
{
    for (const struct json *a = object->first; a != NULL; a = a->next) {
        for (const struct json *b = a->next; b != NULL; b = b->next) {
            if (slice_eq(a->name, b->name))
                return false;
        }
    }
    return true;
}

/* Marks an object in which a name stands twice. false: memory is out. */
static bool check_names(struct json *object, struct arena *arena)
{
    const struct json **table;
    size_t size = 1;

    if (object->count <= FEW_MEMBERS) {
        object->doubled = object->doubled || !all_differ(object);
        return true;
    }
    while (size < object->count * 2)
        size *= 2;
    table = arena_calloc(arena, size, sizeof(struct json *));
    if (table == NULL)
        return false;
    for (const struct json *member = object->first; member != NULL;
         member = member->next) {
        struct hash128 hash;
        uint64_t words[2];
        size_t at;

        hash128_init(&hash);
        hash128_add(&hash, member->name);
        hash128_words(&hash, words);
        for (at = words[0] & (size - 1); table[at] != NULL;
             at = (at + 1) & (size - 1)) {
            if (slice_eq(table[at]->name, member->name)) {
                object->doubled = true;
                return true;
            }
        }
        table[at] = member;
    }
    return true;
}

/* The innermost open container ends. */
static void leave(struct building *b)
{
    struct json *value = b->open[--b->depth];
    size_t start = (size_t)(value->text.ptr - b->input.ptr);

    value->text = slice_sub(b->input, start, offset_of(b) - start);
    if (value->type == JSON_OBJECT && !check_names(value, b->arena)) {
        b->failed = arena_error(b->arena);
        json_scan_fail(&b->scan, "out of memory");
    }
    if (b->depth > 0 && value->doubled)
        b->open[b->depth - 1]->doubled = true;
}

/* One value and all below it. Without recursion: depth comes from strangers. */
static struct json *build(struct building *b)
{
    struct json *root = begin_value(b, SLICE_NULL), *value = root;

    while (b->scan.flaw == NULL) {
        struct bounce_slice name;
        struct json *parent;
        bool first = false;

        if (value->type == JSON_OBJECT || value->type == JSON_ARRAY) {
            enter(b, value);
            first = true;
        }
        for (;; first = false) {
            if (b->depth == 0 || b->scan.flaw != NULL)
                return root;
            parent = b->open[b->depth - 1];
            if (json_scan_next(&b->scan,
                               parent->type == JSON_OBJECT ? '}' : ']', first))
                break;
            if (b->scan.flaw != NULL)
                return root;
            leave(b);
        }
        name =
            parent->type == JSON_OBJECT ? json_scan_name(&b->scan) : SLICE_NULL;
        if (b->scan.flaw != NULL)
            return root;
        value = begin_value(b, name);
        if (value != NULL)
            append(b, value);
    }
    return root;
}

static struct json *build_many(struct building *b)
{
    struct json *root = new_value(b), **end;

    if (root == NULL)
        return NULL;
    root->type = JSON_ARRAY;
    root->text = b->input;
    end = &root->first;
    json_scan_space(&b->scan);
    while (b->scan.flaw == NULL && b->scan.at < b->scan.end) {
        *end = build(b);
        if (*end == NULL)
            break;
        end = &(*end)->next;
        root->count++;
        json_scan_space(&b->scan);
    }
    return root;
}

static enum bounce_err fail(const struct building *b, const char *flaw,
                            enum bounce_err code,
                            struct bounce_error *error_out)
{
    if (error_out != NULL) {
        error_set(error_out, code, 0, "%s", flaw);
        error_out->offset = b->copy != NULL ? offset_of(b) : 0;
    }
    return code;
}

enum bounce_err json_parse(struct arena *arena, struct bounce_slice text,
                           const struct json_limits *limits, bool many,
                           struct json **root_out,
                           struct bounce_error *error_out)
{
    struct building b = {.arena = arena, .input = text, .limits = limits};
    char *copy;

    *root_out = NULL;
    if (text.len > limits->max_bytes)
        return fail(&b, "too large", BOUNCE_E_LIMIT, error_out);
    if (text.ptr == NULL)
        text = b.input = SLICE("");
    /* Strings are decoded in place; the input stays as it was signed. */
    copy = arena_alloc(arena, text.len + 1);
    if (copy == NULL)
        return fail(&b, "out of memory", arena_error(arena), error_out);
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    b.copy = copy;
    json_scan_init(&b.scan, copy, text.len);
    if (b.scan.flaw == NULL)
        *root_out = many ? build_many(&b) : build(&b);
    if (b.scan.flaw == NULL)
        json_scan_end(&b.scan);
    if (b.scan.flaw == NULL)
        return BOUNCE_OK;
    *root_out = NULL;
    return fail(&b, b.scan.flaw,
                b.failed != BOUNCE_OK ? b.failed : BOUNCE_E_ARG, error_out);
}

static const struct json *member_named(const struct json *value,
                                       struct bounce_slice name)
{
    if (value == NULL || value->type != JSON_OBJECT)
        return NULL;
    for (const struct json *m = value->first; m != NULL; m = m->next) {
        if (slice_eq(m->name, name))
            return m;
    }
    return NULL;
}

const struct json *json_get(const struct json *value, const char *name)
{
    return member_named(value, slice_cstr(name));
}

static const struct json *element_at(const struct json *value,
                                     struct bounce_slice index)
{
    const struct json *element = value->first;
    unsigned number;

    if (slice_parse_uint(index, 9, &number) != index.len || index.len == 0)
        return NULL;
    while (element != NULL && number-- > 0)
        element = element->next;
    return element;
}

const struct json *json_path(const struct json *value, struct bounce_slice path)
{
    struct bounce_slice piece;

    while (value != NULL && slice_next_piece(&path, '.', &piece))
        value = value->type == JSON_ARRAY ? element_at(value, piece)
                                          : member_named(value, piece);
    return value;
}

struct bounce_slice json_text(const struct json *value)
{
    return json_is(value, JSON_STRING) || json_is(value, JSON_NUMBER)
               ? value->text
               : SLICE_NULL;
}

struct bounce_slice json_member(const struct json *value, const char *name)
{
    return json_text(json_get(value, name));
}

bool json_is(const struct json *value, enum json_type type)
{
    return value != NULL && value->type == type;
}

int64_t json_count(const struct json *value, int64_t max)
{
    struct bounce_slice text = json_text(value);
    int64_t number = 0;

    if (text.len == 0)
        return -1;
    for (size_t i = 0; i < text.len; i++) {
        int digit = text.ptr[i] - '0';

        if (!ascii_is_digit((unsigned char)text.ptr[i]) || number > max / 10 ||
            number * 10 > max - digit)
            return -1;
        number = number * 10 + digit;
    }
    return number;
}

struct json *json_object_new(struct arena *arena)
{
    struct json *object = arena_calloc(arena, 1, sizeof(*object));

    if (object != NULL)
        object->type = JSON_OBJECT;
    return object;
}

bool json_object_add(struct json *object, struct json **last,
                     struct arena *arena, struct bounce_slice name,
                     struct bounce_slice text)
{
    struct json *member = arena_calloc(arena, 1, sizeof(*member));

    if (member == NULL)
        return false;
    member->type = JSON_STRING;
    member->name = name;
    member->text = text;
    if (*last == NULL)
        object->first = member;
    else
        (*last)->next = member;
    *last = member;
    object->count++;
    return true;
}
