/* SPDX-License-Identifier: MIT
 * The scan leaves out what cannot match; here everything is tried, and both
 * must find the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/stanza.h"
#include "classify/normalize.h"
#include "classify/verify.h"

enum { TEXT_MAX = 2000 };

struct fixture {
    struct matcher *matcher;
    char text[NORMALIZE_ROOM(TEXT_MAX)];
    uint64_t room[TEXT_MAP_ROOM(NORMALIZE_ROOM(TEXT_MAX))];
    struct matcher_text normal;
};

static void set_text(struct fixture *f, struct bounce_slice text)
{
    f->normal = (struct matcher_text){.ptr = f->text,
                                      .len = normalize(text, NULL, 0, f->text)};
    f->normal.reply_end = f->normal.len;
    text_map_build(f->text, f->normal.len, f->room, &f->normal.map);
    matcher_run(f->matcher, &f->normal);
}

/* Whether the place where an atom stands makes a match of its pattern. */
static bool matches(const struct fixture *f, uint32_t index, size_t start,
                    size_t end, struct verify_match *match)
{
    const struct tables *t = &tables_builtin;
    const struct tab_pattern *pattern = &t->patterns[index];
    size_t steps = 1000000;

    *match = (struct verify_match){start, end, end - start};
    return verify_around(t, &f->normal, pattern, start, end, &steps, match);
}

static bool is_found(const struct matcher *m, uint32_t index,
                     const struct verify_match *match)
{
    const struct tab_pattern *pattern = &tables_builtin.patterns[index];

    if (pattern->owner_type == TAB_OWNER_NOT)
        return matcher_flag(m, pattern->owner, false);
    for (size_t i = 0; i < m->hit_count; i++) {
        if (m->hits[i].pattern == index && m->hits[i].end == match->end &&
            m->hits[i].literal >= match->literal)
            return true;
    }
    return false;
}

static void check_ref(const struct fixture *f, uint32_t index,
                      struct bounce_slice want, size_t at)
{
    const struct tables *t = &tables_builtin;
    struct verify_match match;

    if (matches(f, index, at, at + want.len, &match) &&
        !is_found(f->matcher, index, &match))
        fail_msg("'%.*s' of '%.*s' is not found in: %s", SLICE_ARG(want),
                 SLICE_ARG(tab_slice(t, t->patterns[index].text)), f->text);
}

static void check_atom(const struct fixture *f, const struct tab_atom *atom)
{
    const struct tables *t = &tables_builtin;
    struct bounce_slice want =
        slice_make(t->pool + atom->text, tab_atom_len(atom->shape));
    struct bounce_slice text = slice_make(f->text, f->normal.len);
    size_t at = 0, hit;

    while ((hit = slice_find(slice_from(text, at), want)) != SLICE_NPOS) {
        const uint32_t *ref = &t->atom_refs[atom->refs];

        at += hit;
        for (; (*ref & TAB_REF_LAST) == 0; ref++)
            check_ref(f, *ref, want, at);
        check_ref(f, *ref & ~TAB_REF_LAST, want, at);
        at++;
    }
}

/* Every tenth example, alone and behind another: gaps and needs see more. */
static void test_nothing_is_missed(void **state)
{
    const struct tables *t = &tables_builtin;
    struct fixture *f = *state;

    for (size_t i = 0; i < t->example_texts_count; i += 10) {
        struct bounce_slice one = tab_slice(t, t->example_texts[i]);
        struct bounce_slice two = tab_slice(
            t, t->example_texts[(i * 7 + 3) % t->example_texts_count]);
        char both[TEXT_MAX];
        int len = snprintf(both, sizeof(both), "%.*s, %.*s", SLICE_ARG(two),
                           SLICE_ARG(one));

        if (len < 0 || (size_t)len >= sizeof(both))
            continue;
        set_text(f, slice_make(both, (size_t)len));
        assert_false(f->matcher->tired);
        for (size_t j = 0; j < t->atoms_count; j++)
            check_atom(f, &t->atoms[j]);
    }
}

/* A text of more candidates than are kept at once. */
static void test_long_text(void **state)
{
    static const char word[] = "mailbox full, user unknown; ";
    struct fixture *f = *state;
    char text[TEXT_MAX];
    size_t len = 0;

    while (len + sizeof(word) < sizeof(text)) {
        memcpy(text + len, word, sizeof(word) - 1);
        len += sizeof(word) - 1;
    }
    set_text(f, slice_make(text, len));
    for (size_t j = 0; j < tables_builtin.atoms_count; j++)
        if (!f->matcher->tired)
            check_atom(f, &tables_builtin.atoms[j]);
    assert_true(f->matcher->hit_count > 100);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    if (f == NULL)
        return -1;
    f->matcher = matcher_new(&tables_builtin, allocator_default());
    return f->matcher != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    matcher_free(f->matcher);
    free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_missed),
        cmocka_unit_test(test_long_text),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
