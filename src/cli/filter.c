/* SPDX-License-Identifier: MIT */
#include "cli/filter.h"

#include "cli/cli.h"
#include "cli/store_open.h"

int filter_make(const char *verb, const struct filter_choice *choice,
                int64_t now, struct list_filter *filter_out)
{
    int status;

    *filter_out = (struct list_filter){
        .address = slice_cstr(choice->address),
        .domain = slice_cstr(choice->domain),
        .state = slice_cstr(choice->state),
        .cls = slice_cstr(choice->cls),
        .category = slice_cstr(choice->category),
        .provider = slice_cstr(choice->provider),
        .scope = slice_cstr(choice->scope),
        .campaign = slice_cstr(choice->campaign),
        .ip = slice_cstr(choice->ip),
        .sender_domain = slice_cstr(choice->from),
        .kind = slice_cstr(choice->kind),
        .rule = slice_cstr(choice->rule),
        .cursor = slice_cstr(choice->cursor),
        .limit = choice->limit,
        .newest_first = choice->newest_first,
    };
    status = session_parse_since(verb, "since", choice->since, now,
                                 &filter_out->since);
    if (status >= 0)
        return status;
    return session_parse_since(verb, "until", choice->until, now,
                               &filter_out->until);
}

static const char **where_target(struct filter_choice *choice,
                                 struct bounce_slice name)
{
    const struct {
        const char *name;
        const char **target;
    } fields[] = {
        {"address", &choice->address},
        {"state", &choice->state},
        {"class", &choice->cls},
        {"category", &choice->category},
        {"provider", &choice->provider},
        {"domain", &choice->domain},
        {"scope", &choice->scope},
        {"campaign", &choice->campaign},
        {"ip", &choice->ip},
        {"from", &choice->from},
        {"rule", &choice->rule},
        {"since", &choice->since},
        {"until", &choice->until},
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (slice_eq(name, slice_cstr(fields[i].name)))
            return fields[i].target;
    }
    return NULL;
}

int filter_where(const char *verb, char *text, struct filter_choice *choice)
{
    char *rest = NULL;

    for (char *part = strtok_r(text, ",", &rest); part != NULL;
         part = strtok_r(NULL, ",", &rest)) {
        char *equals = strchr(part, '=');
        const char **target =
            equals == NULL
                ? NULL
                : where_target(choice, slice_trim(slice_make(
                                           part, (size_t)(equals - part))));

        if (target == NULL)
            return args_wrong(verb, "no condition FIELD=VALUE: %s", part);
        if (equals[1] == '\0')
            return args_wrong(verb, "%s names no value", part);
        for (char *bar = equals + 1; *bar != '\0'; bar++) {
            if (*bar == '|')
                *bar = ',';
        }
        *target = equals + 1;
    }
    return -1;
}

int filter_complain(const char *verb, const struct store_error *error)
{
    return error->code == STORE_E_VALUE ? args_wrong(verb, "%s", error->msg)
                                        : session_complain(error);
}

void filter_next_page(struct out *out, enum grid_format format,
                      const struct list_filter *filter, uint64_t rows,
                      struct bounce_slice cursor)
{
    if (format != GRID_TABLE || filter->limit == 0 || rows < filter->limit)
        return;
    textbuf_cstr(&out->text, "\nmore: --cursor ");
    textbuf_clean(&out->text, cursor);
    textbuf_byte(&out->text, '\n');
}
