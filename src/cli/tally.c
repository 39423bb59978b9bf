/* SPDX-License-Identifier: MIT */
#include "cli/tally.h"

#include <unistd.h>

#include "cli/term.h"

static const enum bounce_class class_order[] = {
    BOUNCE_CLASS_HARD,  BOUNCE_CLASS_SOFT,  BOUNCE_CLASS_BLOCK,
    BOUNCE_CLASS_ADMIN, BOUNCE_CLASS_EVENT, BOUNCE_CLASS_UNDETERMINED};
#define CLASS_COUNT (sizeof(class_order) / sizeof(class_order[0]))

void tally_event(struct tally *tally, const struct bounce_engine *engine,
                 const struct bounce_event *event)
{
    const struct bounce_category *category;

    tally->kinds[(unsigned)event->kind & 15]++;
    if (event->category.ptr == NULL)
        return;
    for (size_t i = 0; i < TALLY_CATEGORIES; i++) {
        category = bounce_category_at(engine, i);
        if (category == NULL)
            return;
        if (slice_eq(category->id, event->category)) {
            tally->categories[i]++;
            return;
        }
    }
}

void tally_merge(struct tally *tally, const struct tally *other)
{
    tally->messages += other->messages;
    for (size_t i = 0; i < 16; i++)
        tally->kinds[i] += other->kinds[i];
    for (size_t i = 0; i < TALLY_CATEGORIES; i++)
        tally->categories[i] += other->categories[i];
}

static void plural(struct textbuf *text, uint64_t count, const char *one,
                   const char *many)
{
    textbuf_format(text, "%llu %s", (unsigned long long)count,
                   count == 1 ? one : many);
}

static void write_kinds(const struct tally *tally, struct textbuf *text)
{
    uint64_t events = 0;
    bool first = true;

    for (size_t i = 1; i < 16; i++)
        events += tally->kinds[i];
    plural(text, tally->messages, "message", "messages");
    textbuf_cstr(text, ", ");
    plural(text, events, "event", "events");
    for (unsigned i = 1; i < 16; i++) {
        const char *name = bounce_kind_name((enum bounce_kind)i);

        if (tally->kinds[i] == 0 || name == NULL)
            continue;
        textbuf_format(text, "%s%llu %s", first ? ": " : ", ",
                       (unsigned long long)tally->kinds[i], name);
        first = false;
    }
    if (tally->kinds[0] > 0)
        textbuf_format(text, "; %llu no report",
                       (unsigned long long)tally->kinds[0]);
    textbuf_byte(text, '\n');
}

static uint64_t class_count(const struct tally *tally,
                            const struct bounce_engine *engine,
                            enum bounce_class cls)
{
    const struct bounce_category *category;
    uint64_t count = 0;

    for (size_t i = 0; i < TALLY_CATEGORIES &&
                       (category = bounce_category_at(engine, i)) != NULL;
         i++) {
        if (category->cls == cls)
            count += tally->categories[i];
    }
    return count;
}

/* The category of a class with the largest count not above below (and, among
 * equals, behind index after); TALLY_CATEGORIES when there is none. */
static size_t next_largest(const struct tally *tally,
                           const struct bounce_engine *engine,
                           enum bounce_class cls, uint64_t below, size_t after)
{
    const struct bounce_category *category;
    size_t best = TALLY_CATEGORIES;

    for (size_t i = 0; i < TALLY_CATEGORIES &&
                       (category = bounce_category_at(engine, i)) != NULL;
         i++) {
        uint64_t count = tally->categories[i];

        if (category->cls != cls || count == 0 || count > below ||
            (count == below && i <= after && after != TALLY_CATEGORIES))
            continue;
        if (best == TALLY_CATEGORIES || count > tally->categories[best])
            best = i;
    }
    return best;
}

static void write_class(const struct tally *tally,
                        const struct bounce_engine *engine,
                        enum bounce_class cls, bool colour,
                        struct textbuf *text)
{
    struct bounce_slice name = slice_cstr(bounce_class_name(cls));
    uint64_t below = class_count(tally, engine, cls);
    size_t at = TALLY_CATEGORIES;

    if (below == 0)
        return;
    textbuf_format(text, "%8llu  ", (unsigned long long)below);
    term_styled(text, term_class_style(name), colour, name);
    textbuf_byte(text, '\n');
    while ((at = next_largest(tally, engine, cls, below, at)) !=
           TALLY_CATEGORIES) {
        const struct bounce_category *category = bounce_category_at(engine, at);

        below = tally->categories[at];
        textbuf_format(text, "%16llu  %.*s (%.*s)\n", (unsigned long long)below,
                       (int)category->id.len, category->id.ptr,
                       (int)category->name.len, category->name.ptr);
    }
}

void tally_write(const struct tally *tally, const struct bounce_engine *engine,
                 struct out *out)
{
    bool colour = term_colour(STDOUT_FILENO);

    textbuf_byte(&out->text, '\n');
    write_kinds(tally, &out->text);
    for (size_t i = 0; i < CLASS_COUNT; i++)
        write_class(tally, engine, class_order[i], colour, &out->text);
}
