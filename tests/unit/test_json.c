/* SPDX-License-Identifier: MIT
 * JSON text: strings against escaping byte by byte, events against buffers of
 * every size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "engine/json_write.h"
#include "guard.h"

/* The same numbers in every run. */
static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 16;
}

/* Mostly plain; rare of ten at times anything that needs care. */
static char next_byte(uint32_t *state, uint32_t rare)
{
    static const char odd[] =
        "\"\\\n\r\t\b\f\x01\x1F\x7F\x80\xC2\x85\xC3\xA9"
        "\xE2\x80\xA8\xE2\x82\xAC\xF0\x9F\x98\x80\xFF\xED";

    if (next(state) % 10 < rare)
        return odd[next(state) % (sizeof(odd) - 1)];
    return (char)(' ' + next(state) % 95);
}

/* RFC 8259 section 7, and what json_quoted() promises beyond it. */
static size_t escape(struct bounce_slice s, char *out)
{
    size_t len = 0;

    out[len++] = '"';
    while (s.len > 0) {
        uint32_t code = 0;
        bool ok = true;
        size_t used = utf8_decode(s, &code, &ok);
        const char *named = code < 0x80 && code != 0
                                ? strchr("\"\\\nn\rr\tt\bb\ff", (int)code)
                                : NULL;

        if (code == '"' || code == '\\')
            len += (size_t)sprintf(out + len, "\\%c", (int)code);
        else if (named != NULL && code < ' ')
            len += (size_t)sprintf(out + len, "\\%c", named[1]);
        else if (!ok)
            len += (size_t)sprintf(out + len, "\xEF\xBF\xBD");
        else if (code < ' ' || (code >= 0x7F && code < 0xA0) ||
                 code == 0x2028 || code == 0x2029)
            len += (size_t)sprintf(out + len, "\\u%04x", (unsigned)code);
        else
            len += (size_t)sprintf(out + len, "%.*s", (int)used, s.ptr);
        s = slice_from(s, used);
    }
    out[len++] = '"';
    return len;
}

static void test_strings(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (unsigned round = 0; round < 8; round++) {
        for (size_t len = 0; len <= 150; len++) {
            char text[150], want[1024], got[JSON_ESCAPED_ROOM(150)];
            size_t want_len, got_len, cap;
            struct json_writer w;
            struct guard guard;

            for (size_t i = 0; i < len; i++)
                text[i] = next_byte(&seed, round % 4);
            guard = guard_copy(text, len);
            want_len = escape(guard.slice, want);
            got_len = (size_t)(json_escape(got, guard.slice) - got);
            assert_int_equal(got_len, want_len);
            assert_memory_equal(got, want, want_len);
            cap = next(&seed) % (want_len + 2);
            memset(got, '\n', sizeof(got));
            w = (struct json_writer){got, cap, 0};
            json_quoted(&w, guard.slice);
            assert_int_equal(w.len, want_len);
            for (got_len = 0; got_len < cap && got[got_len] != '\n'; got_len++)
                assert_true(got[got_len] == want[got_len]);
            assert_true(cap < want_len || got_len == want_len);
            for (size_t i = cap; i < sizeof(got); i++)
                assert_int_equal(got[i], '\n');
            guard_free(&guard);
        }
    }
}

/* Each slice of an event from first to last in memory. */
static void fill_slices(void *from, size_t count, uint32_t *seed,
                        const char *texts, size_t room)
{
    struct bounce_slice *list = from;

    for (size_t i = 0; i < count; i++) {
        size_t len = next(seed) % 40;

        list[i] = next(seed) % 4 == 0
                      ? SLICE_NULL
                      : slice_make(texts + next(seed) % (room - len), len);
    }
}

static struct bounce_event make_event(uint32_t *seed, const char *texts,
                                      size_t room)
{
    struct bounce_event e = {
        .kind = (enum bounce_kind)(next(seed) % 9),
        .recipient_from = (enum bounce_recipient_from)(next(seed) % 11),
        .action = (enum bounce_action)(next(seed) % 7),
        .permanent = (int)(next(seed) % 3) - 1,
        .expired = next(seed) % 2 == 0,
        .reply_code = next(seed) % 3 == 0 ? 0 : (int)(next(seed) % 1200),
        .stage = (enum bounce_stage)(next(seed) % 8),
        .cls = (enum bounce_class)(next(seed) % 8),
        .confidence = next(seed) % 3 == 0 ? -1 : next(seed) % 130 / 100.0,
        .evidence_by = (enum bounce_evidence)(next(seed) % 8),
        .signals = {.limit_value = next(seed), .person_left = -1},
        .advice = {.action = (enum bounce_do)(next(seed) % 9),
                   .who = (enum bounce_who)(next(seed) % 5),
                   .retry_by = (enum bounce_retry_by)(next(seed) % 4),
                   .retry_after_s = (int64_t)(next(seed) % 3) * 86400 - 86400},
        .verified = (int)(next(seed) % 3) - 1,
        .sent_at = next(seed) % 2 == 0 ? BOUNCE_NO_TIME : next(seed) * 65536LL,
        .occurred_at = BOUNCE_NO_TIME,
    };
    struct bounce_slice *alone[] = {
        &e.event_id,   &e.recipient,     &e.original_recipient, &e.status,
        &e.diagnostic, &e.category,      &e.advice.remedy,      &e.service,
        &e.queue_id,   &e.evidence_rule, &e.evidence_text,      &e.format,
        &e.message_id, &e.subject,       &e.service_verdict,    &e.written_by,
    };

    for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
        fill_slices(alone[i], 1, seed, texts, room);
    if (next(seed) % 2 == 0) {
        fill_slices(&e.signals.url, 1, seed, texts, room);
        fill_slices(&e.signals.limit_what, 1, seed, texts, room);
        e.signals.person_left = (int)(next(seed) % 3) - 1;
    }
    return e;
}

static void test_events(void **state)
{
    static const struct bounce_warning warnings[] = {
        {"boundary-missing", "a part \"does\" not end", 17},
        {"odd", "no offset", BOUNCE_NO_OFFSET}};
    const struct bounce_json_options options = {.size = sizeof(options),
                                                .source = SLICE("a/\xC3\xA9"),
                                                .offset = 4711,
                                                .id_json =
                                                    SLICE("{\"n\":1e3}")};
    static char full[65536], part[65536];
    char texts[200];
    uint32_t seed = 7;

    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        struct bounce_event event;
        size_t need;

        for (size_t i = 0; i < sizeof(texts); i++)
            texts[i] = next_byte(&seed, round % 3);
        event = make_event(&seed, texts, sizeof(texts));
        need = json_event(NULL, &event, warnings, round % 3, &options, full,
                          sizeof(full));
        assert_int_equal(
            json_event(NULL, &event, warnings, round % 3, &options, NULL, 0),
            need);
        for (size_t cap = 0; cap < 3 * need; cap++) {
            memset(part, '\n', cap + 1);
            assert_int_equal(json_event(NULL, &event, warnings, round % 3,
                                        &options, part, cap),
                             need);
            assert_int_equal(part[cap], '\n');
            if (cap >= need)
                assert_memory_equal(part, full, need);
        }
    }
}

/* Words that are copied with a constant length are the words. */
static void test_words(void **state)
{
    char text[8192];

    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        const struct bounce_event event = {
            .kind = (enum bounce_kind)i,
            .recipient_from = (enum bounce_recipient_from)i,
            .stage = (enum bounce_stage)i,
            .advice = {.action = (enum bounce_do)i}};
        const char *words[] = {bounce_kind_name(event.kind),
                               bounce_recipient_from_name(event.recipient_from),
                               bounce_stage_name(event.stage),
                               bounce_do_name(event.advice.action)};
        static const char *const keys[] = {
            ",\"kind\":", ",\"recipient_from\":", ",\"stage\":", "{\"do\":"};
        size_t len =
            json_event(NULL, &event, NULL, 0, NULL, text, sizeof(text) - 1);

        text[len] = '\0';
        for (size_t k = 0; k < 4; k++) {
            char want[64];

            snprintf(want, sizeof(want),
                     words[k] != NULL ? "%s\"%s\"," : "%s%s,", keys[k],
                     words[k] != NULL ? words[k] : "null");
            assert_non_null(strstr(text, want));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
