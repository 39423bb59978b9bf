/* SPDX-License-Identifier: MIT
 * The tables of reply codes, status codes and services' codes, in words. */
#include "cli/cli.h"
#include "cli/explain.h"
#include "cli/json_out.h"
#include "report/reply.h"

#define INDENT      2
#define SIMILAR_MAX 6

void explain_heading(const struct explain_run *run, struct textbuf *text,
                     const char *title)
{
    textbuf_format(text, run->colour ? "\n\033[1m%s\033[0m\n" : "\n%s\n",
                   title);
}

void explain_paragraph(const struct explain_run *run, struct textbuf *text,
                       const char *title, struct bounce_slice s)
{
    if (s.len == 0)
        return;
    if (title != NULL)
        explain_heading(run, text, title);
    textbuf_wrap(text, s, INDENT, run->width);
}

/* "X.7.26": the table's way to write a status whatever its class. */
static size_t match_any_class(struct bounce_slice s)
{
    char text[16] = "5";

    if (s.len < 5 || s.len >= sizeof(text) ||
        ascii_lower((unsigned char)s.ptr[0]) != 'x')
        return 0;
    memcpy(text + 1, s.ptr + 1, s.len - 1);
    return reply_match_status(slice_make(text, s.len));
}

bool explain_is_code(const struct explain_run *run, struct bounce_slice query,
                     struct explain_codes *codes_out)
{
    struct bounce_slice rest = slice_trim(query);
    size_t used;

    *codes_out = (struct explain_codes){0};
    if (rest.len == 0)
        return false;
    if (run->service.len > 0 && slice_find_byte(rest, ' ') == SLICE_NPOS)
        codes_out->service_code = rest;
    used = reply_match_code(rest, &codes_out->reply_code);
    rest = slice_from(rest, used);
    if (used > 0 && rest.len > 0 && (rest.ptr[0] == ' ' || rest.ptr[0] == '-'))
        rest = slice_trim(slice_from(rest, 1));
    used = reply_match_status(rest);
    if (used == 0)
        used = match_any_class(rest);
    if (used > 0)
        codes_out->status = slice_sub(rest, 0, used);
    return slice_from(rest, used).len == 0 || codes_out->service_code.len > 0;
}

/* "5.7.26" and "X.7.26" name the same entry. */
static bool same_status(struct bounce_slice entry, struct bounce_slice status)
{
    return status.len > 1 && entry.len == status.len &&
           slice_eq(slice_from(entry, 1), slice_from(status, 1)) &&
           (entry.ptr[0] == 'X' || entry.ptr[0] == status.ptr[0]);
}

static bool is_wanted(const struct explain_run *run,
                      const struct explain_codes *codes,
                      const struct bounce_code *code)
{
    unsigned number = 0;

    if (code->service.len > 0)
        return codes->service_code.len > 0 &&
               slice_eq_nocase(code->service, run->service) &&
               slice_eq_nocase(code->code, codes->service_code);
    if (same_status(code->code, codes->status))
        return true;
    return code->code.len == 3 && slice_parse_uint(code->code, 3, &number) &&
           (int)number == codes->reply_code;
}

/* Codes of the same sort that mean the same category: what somebody who looks
 * one up may have in hand as well. */
static void add_similar(const struct explain_run *run, struct textbuf *text,
                        const struct bounce_code *code)
{
    struct textbuf list = {0};
    struct bounce_code other;
    size_t count = 0;

    if (code->category.len == 0 ||
        slice_eq(code->category, SLICE("undetermined")))
        return;
    for (size_t i = 0; bounce_code_at(run->engine, i, &other); i++) {
        if (!slice_eq(other.category, code->category) ||
            !slice_eq(other.service, code->service) ||
            (other.code.len == 3) != (code->code.len == 3) ||
            slice_eq(other.code, code->code) || count == SIMILAR_MAX)
            continue;
        textbuf_format(&list, "%s%.*s (%.*s)", count++ > 0 ? "; " : "",
                       CLI_ARG(other.code), CLI_ARG(other.title));
    }
    explain_paragraph(run, text, "Similar codes", textbuf_slice(&list));
    textbuf_free(&list);
}

static void add_text(const struct explain_run *run, struct textbuf *text,
                     const struct bounce_code *code,
                     const struct explain_codes *codes)
{
    bool status = same_status(code->code, codes->status);
    struct textbuf title = {0};

    textbuf_add(&title, status ? codes->status : code->code);
    if (code->service.len > 0)
        textbuf_format(&title, " at %.*s", CLI_ARG(code->service));
    if (code->title.len > 0)
        textbuf_format(&title, ": %.*s", CLI_ARG(code->title));
    if (code->reference.len > 0 &&
        slice_find_nocase(code->title, code->reference) == SLICE_NPOS)
        textbuf_format(&title, " (%.*s)", CLI_ARG(code->reference));
    textbuf_byte(&title, '\0');
    explain_paragraph(run, text, title.ptr,
                      code->meaning.len > 0 ? code->meaning : SLICE("-"));
    explain_paragraph(run, text, "Why it happens", code->cause);
    explain_paragraph(run, text, "What mends it", code->remedy);
    add_similar(run, text, code);
    textbuf_free(&title);
}

size_t explain_codes(const struct explain_run *run, struct textbuf *text,
                     const struct explain_codes *codes)
{
    struct bounce_code code;
    size_t found = 0;

    if (run->json)
        textbuf_byte(text, '[');
    for (size_t i = 0; bounce_code_at(run->engine, i, &code); i++) {
        if (!is_wanted(run, codes, &code))
            continue;
        if (run->json && found > 0)
            textbuf_byte(text, ',');
        if (run->json)
            json_out_code(text, &code);
        else
            add_text(run, text, &code, codes);
        found++;
    }
    if (run->json)
        textbuf_byte(text, ']');
    return found;
}
