/* SPDX-License-Identifier: MIT
 * Who answered: from host names, signs in the text, the recipient's domain. */
#include "classify/verdict.h"

bool subject_has_provider(const struct subject *s, struct bounce_slice id)
{
    for (size_t i = 0; i < s->provider_count; i++) {
        if (slice_eq(s->providers[i].id, id))
            return true;
    }
    return false;
}

static void add_provider(struct subject *s, const struct tables *t,
                         uint32_t index)
{
    struct found_provider found = {
        tab_slice(t, t->providers[index].id),
        (enum tab_provider_kind)t->providers[index].kind};

    if (s->provider_count < MAX_PROVIDERS && !subject_has_provider(s, found.id))
        s->providers[s->provider_count++] = found;
}

void subject_add_host(struct subject *s, struct bounce_slice host, bool domain)
{
    for (size_t i = 0; host.len > 0 && i < s->knowledge->set_count; i++) {
        const struct tables *t = s->knowledge->sets[i];
        uint32_t provider = knowledge_host(t, host, domain);

        if (provider != TAB_NONE)
            add_provider(s, t, provider);
    }
}

void subject_add_signs(struct subject *s)
{
    for (size_t i = 0; i < s->knowledge->set_count; i++) {
        const struct tables *t = s->knowledge->sets[i];
        const struct matcher *m = s->state->matchers[i];

        for (size_t j = 0; j < m->hit_count; j++) {
            if (m->hits[j].owner_type == TAB_OWNER_PROVIDER)
                add_provider(s, t, m->hits[j].owner);
        }
    }
}
