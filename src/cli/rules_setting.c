/* SPDX-License-Identifier: MIT
 * Where a rule speaks: examples of rules that hold at one provider or service
 * only are tested as if it had answered. */
#include <stdio.h>

#include "cli/rules.h"
#include "engine/engine.h"

/* A host name that the provider is known by; false when it is known by other
 * signs only. */
static bool provider_host(const struct tables *tables,
                          struct bounce_slice provider, char *out, size_t cap)
{
    for (size_t i = 0; i < tables->hosts_count; i++) {
        const struct tab_host *host = &tables->hosts[i];
        struct bounce_slice name = tab_slice(tables, host->name);
        struct bounce_slice id =
            tab_slice(tables, tables->providers[host->provider].id);

        if (host->domain || !slice_eq(id, provider))
            continue;
        return snprintf(out, cap, "%s%.*s", host->subdomains ? "mx." : "",
                        (int)name.len, name.ptr) > 0;
    }
    return false;
}

void rules_setting(const struct bounce_engine *engine, size_t i,
                   struct rules_setting *setting_out)
{
    const struct knowledge *k = &engine->knowledge;
    size_t set = 0;

    *setting_out = (struct rules_setting){.service = SLICE_NULL};
    while (set < k->set_count && i >= k->sets[set]->rules_count)
        i -= k->sets[set++]->rules_count;
    if (set < k->set_count) {
        const struct tables *t = k->sets[set];
        const struct tab_rule *rule = &t->rules[i];

        if (rule->services.count > 0)
            setting_out->service =
                tab_slice(t, t->provider_refs[rule->services.at]);
        if (rule->providers.count == 0)
            return;
        for (size_t s = 0; s < k->set_count; s++) {
            if (provider_host(
                    k->sets[s],
                    tab_slice(t, t->provider_refs[rule->providers.at]),
                    setting_out->host, sizeof(setting_out->host)))
                return;
        }
    }
}
