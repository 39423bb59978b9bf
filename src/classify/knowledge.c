/* SPDX-License-Identifier: MIT */
#include "classify/knowledge.h"

#include "base/hash.h"
#include "classify/guard.h"

static struct bounce_category public_category(const struct tables *tables,
                                              const struct tab_category *c)
{
    return (struct bounce_category){
        .id = tab_slice(tables, c->id),
        .name = tab_slice(tables, c->name),
        .cls = (enum bounce_class)c->cls,
        .action = (enum bounce_do)c->action,
        .who = (enum bounce_who)c->who,
        .retry_by = (enum bounce_retry_by)c->retry_by,
        .retry_after_s =
            c->retry_after_s == TAB_NONE ? -1 : (int64_t)c->retry_after_s,
        .scope = tab_slice(tables, c->scope),
        .meaning = tab_slice(tables, c->meaning),
        .action_text = tab_slice(tables, c->action_text),
        .retry_text = tab_slice(tables, c->retry_text),
        .remedy = tab_slice(tables, c->remedy),
    };
}

/* Open addressing: of categories with the same id the first is found. */
static bool index_categories(struct knowledge *k, struct arena *arena)
{
    uint32_t cap = 16;

    while (cap < k->category_count * 2)
        cap *= 2;
    k->category_mask = cap - 1;
    k->category_slots = arena_calloc(arena, cap, sizeof(*k->category_slots));
    if (k->category_slots == NULL)
        return false;
    for (size_t i = 0; i < k->category_count; i++) {
        uint32_t slot = hash_bytes(k->categories[i].id);

        while (k->category_slots[slot & k->category_mask] != 0)
            slot++;
        k->category_slots[slot & k->category_mask] = (uint32_t)(i + 1);
    }
    return true;
}

/* What any set asks for. */
static bool join_guards(struct knowledge *k, struct arena *arena)
{
    uint32_t *guard;

    k->guard = k->sets[0]->guard;
    if (k->set_count == 1)
        return true;
    guard = arena_alloc(arena, GUARD_WORDS * sizeof(*guard));
    if (guard == NULL)
        return false;
    for (size_t i = 0; i < GUARD_WORDS; i++) {
        guard[i] = 0;
        for (size_t set = 0; set < k->set_count; set++)
            guard[i] |= k->sets[set]->guard[i];
    }
    k->guard = guard;
    return true;
}

bool knowledge_init(struct knowledge *k, const struct tables *user,
                    struct arena *arena)
{
    size_t count = 0;

    *k = (struct knowledge){0};
    if (user != NULL)
        k->sets[k->set_count++] = user;
    k->sets[k->set_count++] = &tables_builtin;
    for (size_t i = 0; i < k->set_count; i++)
        count += k->sets[i]->categories_count;
    k->categories = arena_calloc(arena, count + 1, sizeof(*k->categories));
    if (k->categories == NULL)
        return false;
    for (size_t i = 0; i < k->set_count; i++) {
        const struct tables *tables = k->sets[i];

        for (size_t j = 0; j < tables->categories_count; j++)
            k->categories[k->category_count++] =
                public_category(tables, &tables->categories[j]);
    }
    return index_categories(k, arena) && join_guards(k, arena);
}

const struct bounce_category *knowledge_category(const struct knowledge *k,
                                                 struct bounce_slice id)
{
    uint32_t slot = hash_bytes(id);

    for (; k->category_slots[slot & k->category_mask] != 0; slot++) {
        const struct bounce_category *category =
            &k->categories[k->category_slots[slot & k->category_mask] - 1];

        if (slice_eq(category->id, id))
            return category;
    }
    return NULL;
}

/* Whether a table entry "X.1.1" or "5.7.606" is the one for status. */
static bool is_status(struct bounce_slice entry, struct bounce_slice status,
                      bool any_class)
{
    if (entry.len < 2 || status.len < 2)
        return false;
    if (any_class ? (entry.ptr[0] | 0x20) != 'x'
                  : entry.ptr[0] != status.ptr[0])
        return false;
    return slice_eq(slice_from(entry, 1), slice_from(status, 1));
}

/* Goes through the codes of tables that may be the one: *slot is where to go
 * on, at first tab_code_hash(). NULL at the end. */
static const struct tab_code *next_code(const struct tables *t, uint32_t *slot)
{
    size_t mask = t->code_slots_count - 1;
    uint32_t index;

    if (t->code_slots_count == 0)
        return NULL;
    index = t->code_slots[(*slot)++ & mask];
    return index != 0 ? &t->codes[index - 1] : NULL;
}

const struct tab_code *knowledge_status(const struct knowledge *k,
                                        struct bounce_slice status,
                                        const struct tables **tables_out)
{
    /* An entry for the very class precedes one for all classes. */
    for (unsigned any = 0; any < 2; any++) {
        for (size_t i = 0; i < k->set_count; i++) {
            const struct tables *t = k->sets[i];
            const struct tab_code *code;
            uint32_t slot = tab_code_hash(TAB_CODE_STATUS, status);

            while ((code = next_code(t, &slot)) != NULL) {
                if (code->type == TAB_CODE_STATUS &&
                    is_status(tab_slice(t, code->code), status, any == 1)) {
                    *tables_out = t;
                    return code;
                }
            }
        }
    }
    return NULL;
}

static const struct tab_code *find_code(const struct knowledge *k,
                                        enum tab_code_type type,
                                        struct bounce_slice service,
                                        struct bounce_slice text,
                                        const struct tables **tables_out)
{
    for (size_t i = 0; i < k->set_count; i++) {
        const struct tables *t = k->sets[i];
        const struct tab_code *code;
        uint32_t slot = tab_code_hash(type, text);

        while ((code = next_code(t, &slot)) != NULL) {
            if (code->type == type &&
                slice_eq(tab_slice(t, code->code), text) &&
                (service.ptr == NULL ||
                 slice_eq_nocase(tab_slice(t, code->service), service))) {
                *tables_out = t;
                return code;
            }
        }
    }
    return NULL;
}

/* "550" and, where there is one, " 5.6.11" behind it. */
static struct bounce_slice write_code(int code, struct bounce_slice status,
                                      char out[24])
{
    size_t len = 3;

    out[0] = (char)('0' + code / 100 % 10);
    out[1] = (char)('0' + code / 10 % 10);
    out[2] = (char)('0' + code % 10);
    if (status.len > 0 && status.len < 20) {
        out[len++] = ' ';
        memcpy(out + len, status.ptr, status.len);
        len += status.len;
    }
    return slice_make(out, len);
}

const struct tab_code *knowledge_reply_code(const struct knowledge *k, int code,
                                            const struct tables **tables_out)
{
    char text[24];

    return find_code(k, TAB_CODE_REPLY, SLICE_NULL,
                     write_code(code, SLICE_NULL, text), tables_out);
}

const struct tab_code *knowledge_service_code(const struct knowledge *k,
                                              struct bounce_slice service,
                                              int code,
                                              struct bounce_slice status,
                                              const struct tables **tables_out)
{
    const struct tab_code *found;
    char text[24];

    if (service.len == 0)
        return NULL;
    found = find_code(k, TAB_CODE_SERVICE, service,
                      write_code(code, status, text), tables_out);
    if (found == NULL && status.len > 0)
        found = find_code(k, TAB_CODE_SERVICE, service,
                          write_code(code, SLICE_NULL, text), tables_out);
    return found;
}

bool knowledge_status_matches(const struct tab_code_condition *c,
                              const unsigned status[3])
{
    const uint32_t want[2] = {c->status_class, c->status_subject};

    for (unsigned i = 0; i < 2; i++) {
        if (want[i] != TAB_NONE && want[i] != status[i])
            return false;
    }
    return c->status_detail == TAB_NONE || (status[2] >= c->status_detail &&
                                            status[2] <= c->status_detail_high);
}

/* The provider of a host of that name, whose slot is known; below: it is the
 * suffix of a longer name. */
static uint32_t find_host(const struct tables *t, struct bounce_slice name,
                          uint32_t slot, bool below, bool domain)
{
    uint32_t mask = (uint32_t)t->host_slots_count - 1, index;

    for (; (index = t->host_slots[slot & mask]) != 0; slot++) {
        if (slice_eq_nocase(tab_slice(t, t->hosts[index - 1].name), name))
            break;
    }
    if (index == 0)
        return TAB_NONE;
    for (size_t i = index - 1;
         i < t->hosts_count &&
         slice_eq_nocase(tab_slice(t, t->hosts[i].name), name);
         i++) {
        if ((t->hosts[i].domain != 0) == domain &&
            (below || t->hosts[i].subdomains == 0))
            return t->hosts[i].provider;
    }
    return TAB_NONE;
}

uint32_t knowledge_host(const struct tables *t, struct bounce_slice name,
                        bool domain)
{
    uint32_t provider = TAB_NONE, slot = TAB_HOST_HASH;

    if (name.len > 0 && name.ptr[name.len - 1] == '.')
        name.len--;
    /* Every suffix from a label on; the longest that is known wins. */
    for (size_t i = name.len; t->hosts_count > 0 && i-- > 0;) {
        uint32_t found;

        slot = tab_host_hash(slot, (unsigned char)name.ptr[i]);
        if (i > 0 && name.ptr[i - 1] != '.')
            continue;
        found = find_host(t, slice_from(name, i), slot, i > 0, domain);
        if (found != TAB_NONE)
            provider = found;
    }
    return provider;
}
