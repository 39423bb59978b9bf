/* SPDX-License-Identifier: MIT */
#include "cli/ingest_count.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/json_out.h"

void ingest_count_result(struct ingest_count *count,
                         const struct bounce_engine *engine,
                         const struct bounce_event *event,
                         const struct ledger_result *result)
{
    if (!result->fresh) {
        count->known++;
        return;
    }
    count->fresh++;
    count->repeated += result->repeated;
    tally_event(&count->tally, engine, event);
    if (result->changed)
        count->outcomes[(unsigned)result->outcome & 7]++;
}

static void line(struct textbuf *text, uint64_t number, const char *what)
{
    if (number > 0)
        textbuf_format(text, "%8llu  %s\n", (unsigned long long)number, what);
}

void ingest_count_write(const struct ingest_count *count,
                        const struct bounce_engine *engine, struct out *out)
{
    struct textbuf *text = &out->text;

    textbuf_format(text, "%llu messages, %llu of them reports\n",
                   (unsigned long long)count->messages,
                   (unsigned long long)count->reports);
    line(text, count->fresh, "events are new");
    line(text, count->repeated, "of these tell again of a failure");
    line(text, count->known, "events were known already");
    line(text, count->old, "events are older than --since");
    line(text, count->unsafe, "events name no recipient (bounce review)");
    line(text, count->vouched, "events have a genuine token");
    line(text, count->distrusted, "events have a forged or expired token");
    line(text, count->bad, "events could not be stored");
    line(text, count->unreadable, "messages could not be read");
    line(text, count->outcomes[BOUNCE_OUTCOME_SUPPRESSED],
         "addresses were suppressed");
    line(text, count->outcomes[BOUNCE_OUTCOME_SUSPENDED],
         "addresses were suspended");
    line(text, count->outcomes[BOUNCE_OUTCOME_COUNTED],
         "failures were counted");
    line(text, count->outcomes[BOUNCE_OUTCOME_RESET],
         "deliveries began counting anew");
    if (count->fresh > 0)
        tally_write(&count->tally, engine, out);
}

void ingest_count_json(const struct ingest_count *count,
                       const struct bounce_engine *engine, struct out *out)
{
    struct textbuf *text = &out->text;
    const struct bounce_category *category;
    char name[64];

    textbuf_byte(text, '{');
    json_out_number(text, "messages", (int64_t)count->messages);
    json_out_number(text, "reports", (int64_t)count->reports);
    json_out_number(text, "unreadable", (int64_t)count->unreadable);
    json_out_number(text, "new", (int64_t)count->fresh);
    json_out_number(text, "known", (int64_t)count->known);
    json_out_number(text, "repeated", (int64_t)count->repeated);
    json_out_number(text, "older", (int64_t)count->old);
    json_out_number(text, "no_recipient", (int64_t)count->unsafe);
    json_out_number(text, "bad", (int64_t)count->bad);
    json_out_number(text, "token_genuine", (int64_t)count->vouched);
    json_out_number(text, "token_bad", (int64_t)count->distrusted);
    json_out_key(text, "changes");
    textbuf_byte(text, '{');
    for (unsigned i = 1; i < 8; i++) {
        const char *word = bounce_outcome_name((enum bounce_outcome)i);

        if (word != NULL && count->outcomes[i] > 0)
            json_out_number(text, word, (int64_t)count->outcomes[i]);
    }
    textbuf_byte(text, '}');
    json_out_key(text, "categories");
    textbuf_byte(text, '{');
    for (size_t i = 0; i < TALLY_CATEGORIES; i++) {
        category = bounce_category_at(engine, i);
        if (category == NULL)
            break;
        snprintf(name, sizeof(name), "%.*s", CLI_ARG(category->id));
        if (count->tally.categories[i] > 0)
            json_out_number(text, name, (int64_t)count->tally.categories[i]);
    }
    textbuf_cstr(text, "}}\n");
}
