/* SPDX-License-Identifier: MIT
 * Compiles data/formats into constant tables:
 *     genformats OUTPUT.c DIRECTORY
 * Fails with "file:line: message". The tables are declared and explained in
 * src/report/format.h. Makes the slots of src/report/reply_wraps.h too. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/stanza.h"
#include "genformats.h"
#include "report/pattern_piece.h"
#include "report/reply_wraps.h"
#include "slots.h"

void generator_fail(const struct generator *g, unsigned line, const char *what,
                    struct bounce_slice about)
{
    fprintf(stderr, "%s:%u: %s: %.*s\n", g->file, line, what, SLICE_ARG(about));
    exit(1);
}

void generator_must(bool ok)
{
    if (!ok) {
        fputs("genformats: out of memory\n", stderr);
        exit(1);
    }
}

/* ---- Reading --------------------------------------------------------- */

/* As format_normalize() does it, for one line. */
static struct bounce_slice normalize(struct generator *g, struct bounce_slice s)
{
    char *out = arena_alloc(&g->arena, s.len + 1);
    bool blank = false;
    size_t n = 0;

    generator_must(out != NULL);
    s = slice_trim(s);
    for (size_t i = 0; i < s.len; i++) {
        if (ascii_is_space((unsigned char)s.ptr[i])) {
            blank = true;
            continue;
        }
        if (blank)
            out[n++] = ' ';
        blank = false;
        out[n++] = (char)ascii_lower((unsigned char)s.ptr[i]);
    }
    return slice_make(out, n);
}

/* Takes the next word off *rest. */
static struct bounce_slice take_word(struct bounce_slice *rest)
{
    struct bounce_slice s = slice_trim(*rest);
    size_t len = 0;

    while (len < s.len && !ascii_is_space((unsigned char)s.ptr[len]))
        len++;
    *rest = slice_trim(slice_from(s, len));
    return slice_sub(s, 0, len);
}

static int index_of(const char *const names[], size_t count,
                    struct bounce_slice word)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq_nocase(word, slice_cstr(names[i])))
            return (int)i;
    return -1;
}

#define INDEX_OF(names, word)                                                  \
    index_of(names, sizeof(names) / sizeof((names)[0]), word)

/* "[PLACE] TEST TEXT": "line begins Hi.", "header X-Foo", "subject is ...". */
static void read_mark(struct generator *g, struct made_format *format,
                      uint8_t role, const struct stanza_field *field)
{
    static const char *const places[] = {"line", "subject", "from", "to",
                                         "header"};
    static const char *const tests[] = {"is", "begins", "contains"};
    struct made_mark made;
    struct bounce_slice rest = field->value, before, word;
    int place, test;

    memset(&made, 0, sizeof(made));
    made.mark.role = role;
    before = rest;
    word = take_word(&rest);
    place = INDEX_OF(places, word);
    if (place < 0) {
        place = FORMAT_PLACE_LINE;
        rest = before;
    }
    if (place == FORMAT_PLACE_HEADER) {
        made.name = take_word(&rest);
        if (made.name.len == 0)
            generator_fail(g, field->line, "header without a name",
                           field->value);
    }
    word = take_word(&rest);
    test = INDEX_OF(tests, word);
    if (test < 0 && (place != FORMAT_PLACE_HEADER || word.len != 0))
        generator_fail(g, field->line, "neither is, begins nor contains",
                       field->value);
    made.mark.place = (uint8_t)place;
    made.mark.test = (uint8_t)(test < 0 ? FORMAT_TEST_PRESENT : test);
    made.text = normalize(g, rest);
    if (place != FORMAT_PLACE_HEADER && made.text.len < 4)
        generator_fail(g, field->line, "text shorter than 4 bytes",
                       field->value);
    generator_must(vec_push(&format->marks, &g->arena, &made) != SIZE_MAX);
}

static void read_pattern(struct generator *g, struct made_format *format,
                         uint8_t kind, const struct stanza_field *field)
{
    static const char *const actions[] = {"failed", "delayed", "delivered"};
    struct made_line made = {field->value, kind};
    struct bounce_slice compiled;
    char *buf;

    if (kind == FORMAT_KIND_SECTION_FAILED) {
        int action = INDEX_OF(actions, take_word(&made.text));
        if (action < 0)
            generator_fail(g, field->line,
                           "neither failed, delayed nor delivered",
                           field->value);
        made.kind = (uint8_t)(kind + action);
    }
    if (made.text.len == 0)
        generator_fail(g, field->line, "empty pattern", field->value);
    buf = arena_alloc(&g->arena, made.text.len);
    generator_must(buf != NULL);
    if (!pattern_compile(made.text, buf, &compiled))
        generator_fail(g, field->line, "unknown placeholder", compiled);
    made.text = compiled;
    generator_must(vec_push(&format->lines, &g->arena, &made) != SIZE_MAX);
}

static uint8_t read_choice(struct generator *g,
                           const struct stanza_field *field,
                           const char *const names[], size_t count)
{
    int i = index_of(names, count, field->value);

    if (i < 0)
        generator_fail(g, field->line, "unknown word", field->value);
    return (uint8_t)i;
}

#define CHOICE(g, field, names)                                                \
    read_choice(g, field, names, sizeof(names) / sizeof((names)[0]))

static bool read_setting(struct generator *g, struct made_format *f,
                         const struct stanza_field *field)
{
    static const char *const kinds[] = {"bounce",   "auto-reply",  "challenge",
                                        "feedback", "unsubscribe", "none",
                                        "client"};
    static const char *const untils[] = {"blank", "recipient", "line"};
    static const char *const orders[] = {"recipient-first", "reply-first"};
    static const char *const readers[] = {"lines", "sendmail"};
    static const char *const joins[] = {"no", "paragraph"};
    static const char *const flags[] = {"no", "yes"};
    struct bounce_slice n = field->name;

    if (slice_eq_nocase(n, SLICE("Name")) ||
        slice_eq_nocase(n, SLICE("Source")) ||
        slice_eq_nocase(n, SLICE("Note")))
        return true;
    if (slice_eq_nocase(n, SLICE("System")))
        f->system = field->value;
    else if (slice_eq_nocase(n, SLICE("Like")))
        f->like = field->value;
    else if (slice_eq_nocase(n, SLICE("Variant"))) {
        f->like = field->value;
        f->variant = true;
    } else if (slice_eq_nocase(n, SLICE("Kind")))
        f->format.kind = CHOICE(g, field, kinds);
    else if (slice_eq_nocase(n, SLICE("Until")))
        f->format.until = CHOICE(g, field, untils);
    else if (slice_eq_nocase(n, SLICE("Reader")))
        f->format.reader = CHOICE(g, field, readers);
    else if (slice_eq_nocase(n, SLICE("Order")))
        f->format.flags |=
            CHOICE(g, field, orders) ? FORMAT_FLAG_REPLY_FIRST : 0;
    else if (slice_eq_nocase(n, SLICE("Join")))
        f->format.flags |= CHOICE(g, field, joins) ? FORMAT_FLAG_JOIN : 0;
    else if (slice_eq_nocase(n, SLICE("Alone")))
        f->format.flags |= CHOICE(g, field, flags) ? FORMAT_FLAG_ALONE : 0;
    else if (slice_eq_nocase(n, SLICE("Fallback")))
        f->format.flags |= CHOICE(g, field, flags) ? FORMAT_FLAG_FALLBACK : 0;
    else
        return false;
    return true;
}

static void read_field(struct generator *g, struct made_format *format,
                       const struct stanza_field *field)
{
    static const char *const roles[] = {
        "Sure", "Sign",     "Hint",    "Prefer",    "Not",    "Begin",
        "End",  "Returned", "Delayed", "Delivered", "Failed", "Expired"};
    static const char *const kinds[] = {"Recipient", "Reply", "Fact", "Skip",
                                        "Section"};
    int i = INDEX_OF(roles, field->name);

    if (i >= 0) {
        read_mark(g, format, (uint8_t)i, field);
        return;
    }
    i = INDEX_OF(kinds, field->name);
    if (i >= 0) {
        read_pattern(g, format, (uint8_t)i, field);
        return;
    }
    if (!read_setting(g, format, field))
        generator_fail(g, field->line, "unknown field", field->name);
}

static void read_stanza(struct generator *g, const struct stanza *stanza)
{
    const struct stanza_field *first = &stanza->fields[0];
    struct made_format format;

    memset(&format, 0, sizeof(format));
    format.marks = VEC_OF(struct made_mark);
    format.lines = VEC_OF(struct made_line);
    if (!slice_eq_nocase(first->name, SLICE("Format")))
        generator_fail(g, first->line, "stanza does not begin with Format",
                       first->name);
    for (size_t i = 0; i < g->formats.count; i++)
        if (slice_eq(VEC_AT(g->formats, struct made_format, i)->id,
                     first->value))
            generator_fail(g, first->line, "format stands twice", first->value);
    format.id = format.system = first->value;
    format.file = slice_cstr(g->file);
    format.line = first->line;
    for (size_t i = 1; i < stanza->count; i++)
        read_field(g, &format, &stanza->fields[i]);
    generator_must(vec_push(&g->formats, &g->arena, &format) != SIZE_MAX);
}

static struct bounce_slice read_file(struct generator *g)
{
    FILE *in = fopen(g->file, "rb");
    char *data = NULL;
    long size = -1;

    if (in != NULL && fseek(in, 0, SEEK_END) == 0 && (size = ftell(in)) >= 0 &&
        fseek(in, 0, SEEK_SET) == 0)
        data = arena_alloc(&g->arena, (size_t)size + 1);
    if (data == NULL || fread(data, 1, (size_t)size, in) != (size_t)size) {
        perror(g->file);
        exit(1);
    }
    fclose(in);
    return slice_make(data, (size_t)size);
}

static void read_formats(struct generator *g)
{
    struct stanza_reader reader;
    struct bounce_error error;
    struct stanza stanza;

    memset(&error, 0, sizeof(error));
    stanza_reader_init(&reader, read_file(g));
    while (stanza_next(&reader, &g->arena, &stanza, &error))
        read_stanza(g, &stanza);
    if (error.code != BOUNCE_OK)
        generator_fail(g, error.line, error.msg, SLICE(""));
}

/* ---- Like ------------------------------------------------------------ */

static bool is_recognition(uint8_t role)
{
    return role <= FORMAT_ROLE_NOT;
}

static void copy_like(struct generator *g, struct made_format *f,
                      unsigned depth)
{
    struct made_format *model = NULL;

    if (f->copied || f->like.len == 0)
        return;
    f->copied = true;
    for (size_t i = 0; i < g->formats.count; i++) {
        struct made_format *m = VEC_AT(g->formats, struct made_format, i);
        if (slice_eq(m->id, f->like))
            model = m;
    }
    if (model == NULL || depth > 8) {
        fprintf(stderr, "%.*s:%u: Like or Variant names no format: %.*s\n",
                SLICE_ARG(f->file), f->line, SLICE_ARG(f->like));
        exit(1);
    }
    copy_like(g, model, depth + 1);
    for (size_t i = 0; i < model->marks.count; i++) {
        const struct made_mark *m = VEC_AT(model->marks, struct made_mark, i);
        if (f->variant || !is_recognition(m->mark.role))
            generator_must(vec_push(&f->marks, &g->arena, m) != SIZE_MAX);
    }
    for (size_t i = 0; i < model->lines.count; i++)
        generator_must(vec_push(&f->lines, &g->arena,
                                VEC_AT(model->lines, struct made_line, i)) !=
                       SIZE_MAX);
    if (f->format.until == 0)
        f->format.until = model->format.until;
    if (f->format.reader == 0)
        f->format.reader = model->format.reader;
    f->format.flags |=
        model->format.flags & (FORMAT_FLAG_REPLY_FIRST | FORMAT_FLAG_JOIN);
}

/* ---- Writing --------------------------------------------------------- */

/* The bytes of one string; its offset. */
static uint32_t put_string(struct generator *g, struct bounce_slice s)
{
    uint32_t at = g->strings;

    fputs("    \"", g->out);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\' || c == '?')
            fprintf(g->out, "\\%c", c);
        else if (c >= 0x20 && c < 0x7F)
            putc(c, g->out);
        else
            fprintf(g->out, "\\%03o", c);
    }
    fputs("\\0\"\n", g->out);
    g->strings += (uint32_t)s.len + 1;
    return at;
}

/* Names stand once, so that their offset tells them apart; case does not. */
static uint32_t put_name(struct generator *g, struct bounce_slice name)
{
    struct made_name made = {name, 0};

    for (size_t i = 0; i < g->names.count; i++) {
        const struct made_name *m = VEC_AT(g->names, struct made_name, i);

        if (slice_eq_nocase(m->name, name))
            return m->at;
    }
    made.at = put_string(g, name);
    generator_must(vec_push(&g->names, &g->arena, &made) != SIZE_MAX);
    return made.at;
}

static void put_strings(struct generator *g)
{
    fputs("const char FORMAT_STRINGS[] =\n", g->out);
    for (size_t i = 0; i < g->formats.count; i++) {
        struct made_format *f = VEC_AT(g->formats, struct made_format, i);
        f->format.id = put_string(g, f->id);
        f->format.id_len = (uint16_t)f->id.len;
        f->format.system = put_string(g, f->system);
        f->format.system_len = (uint16_t)f->system.len;
    }
    for (size_t i = 0; i < g->formats.count; i++) {
        struct made_format *f = VEC_AT(g->formats, struct made_format, i);
        for (size_t k = 0; k < f->marks.count; k++) {
            struct made_mark *m = VEC_AT(f->marks, struct made_mark, k);
            m->mark.text = put_string(g, m->text);
            m->mark.text_len = (uint16_t)m->text.len;
            if (m->mark.place == FORMAT_PLACE_HEADER)
                m->mark.name = put_name(g, m->name);
            m->mark.name_len = (uint16_t)m->name.len;
            m->mark.format = (uint16_t)i;
        }
    }
}

/* The byte that a line must begin with to fit a compiled pattern, or 0. */
static unsigned first_byte(struct bounce_slice pattern)
{
    if (pattern.len > 0 && pattern.ptr[0] == PIECE_IN)
        pattern = slice_from(pattern, 1);
    return pattern.len == 0 || pattern_is_open(pattern) || pattern.ptr[0] == ' '
               ? 0
               : (unsigned char)pattern.ptr[0];
}

static bool has_address(struct bounce_slice pattern)
{
    return slice_find_byte(pattern, PIECE_ADDR) != SLICE_NPOS ||
           slice_find_byte(pattern, PIECE_ORIG) != SLICE_NPOS;
}

/* How many patterns from the k-th on want an address, one behind another. */
static unsigned count_addresses(const struct made_format *f, size_t k)
{
    unsigned n = 0;

    while (k + n < f->lines.count && n < UINT8_MAX &&
           has_address(VEC_AT(f->lines, struct made_line, k + n)->text))
        n++;
    return n;
}

static void put_lines(struct generator *g)
{
    struct vec offsets = VEC_OF(uint32_t);
    size_t total = 0, n = 0;

    for (size_t i = 0; i < g->formats.count; i++) {
        struct made_format *f = VEC_AT(g->formats, struct made_format, i);
        for (size_t k = 0; k < f->lines.count; k++) {
            uint32_t at =
                put_string(g, VEC_AT(f->lines, struct made_line, k)->text);
            generator_must(vec_push(&offsets, &g->arena, &at) != SIZE_MAX);
        }
    }
    fputs("    \"\";\n\nconst struct format_line FORMAT_LINES[] = {\n", g->out);
    for (size_t i = 0; i < g->formats.count; i++) {
        struct made_format *f = VEC_AT(g->formats, struct made_format, i);
        f->format.first_line = (uint16_t)total;
        f->format.lines = (uint16_t)f->lines.count;
        total += f->lines.count;
        for (size_t k = 0; k < f->lines.count; k++, n++) {
            const struct made_line *l = VEC_AT(f->lines, struct made_line, k);
            fprintf(g->out, "    {%uU, %zu, %u, %u, %u},\n",
                    *VEC_AT(offsets, uint32_t, n), l->text.len, l->kind,
                    first_byte(l->text), count_addresses(f, k));
        }
    }
    fputs("    {0, 0, 0, 0, 0}};\n\n", g->out);
}

static void gather_marks(struct generator *g)
{
    for (size_t i = 0; i < g->formats.count; i++) {
        struct made_format *f = VEC_AT(g->formats, struct made_format, i);
        f->format.first_mark = (uint16_t)g->marks.count;
        f->format.marks = (uint16_t)f->marks.count;
        for (size_t k = 0; k < f->marks.count; k++) {
            const struct made_mark *m = VEC_AT(f->marks, struct made_mark, k);

            if (m->mark.role == FORMAT_ROLE_END)
                f->format.flags |= FORMAT_FLAG_ENDS;
            generator_must(vec_push(&g->marks, &g->arena, m) != SIZE_MAX);
        }
    }
}

static void put_marks(struct generator *g)
{
    fputs("const struct format_mark FORMAT_MARKS[] = {\n", g->out);
    for (size_t i = 0; i < g->marks.count; i++) {
        const struct format_mark *m =
            &VEC_AT(g->marks, struct made_mark, i)->mark;
        fprintf(g->out, "    {%uU, %uU, %u, %u, %u, %u, %u, %u, %u},\n",
                m->text, m->name, m->text_len, m->name_len, m->format, m->place,
                m->test, m->role, m->step);
    }
    fprintf(g->out,
            "    {0, 0, 0, 0, 0, 0, 0, 0, 0}};\nconst size_t "
            "FORMAT_MARK_COUNT = %zu;\n\n",
            g->marks.count);
}

static size_t find_fallback(const struct generator *g)
{
    size_t n = 0, found = 0;

    for (size_t i = 0; i < g->formats.count; i++) {
        if ((VEC_AT(g->formats, struct made_format, i)->format.flags &
             FORMAT_FLAG_FALLBACK) != 0) {
            found = i;
            n++;
        }
    }
    if (n != 1 || g->formats.count > 10000) {
        fprintf(stderr, "genformats: exactly one Fallback format is needed\n");
        exit(1);
    }
    return found;
}

static void put_formats(struct generator *g)
{
    fputs("const struct format FORMATS[] = {\n", g->out);
    for (size_t i = 0; i < g->formats.count; i++) {
        const struct format *f =
            &VEC_AT(g->formats, struct made_format, i)->format;
        fprintf(
            g->out, "    {%uU, %uU, %u, %u, %u, %u, %u, %u, %u, %u, %u, %u},\n",
            f->id, f->system, f->id_len, f->system_len, f->first_mark, f->marks,
            f->first_line, f->lines, f->until, f->reader, f->flags, f->kind);
    }
    fprintf(g->out,
            "};\nconst size_t FORMAT_COUNT = %zu;\n"
            "const size_t FORMAT_FALLBACK = %zu;\n\n",
            g->formats.count, find_fallback(g));
}

/* Hidden files, backups and manuals are no knowledge. */
static int is_knowledge(const struct dirent *entry)
{
    struct bounce_slice name = slice_cstr(entry->d_name);

    return name.len > 0 && name.ptr[0] != '.' &&
           name.ptr[name.len - 1] != '~' &&
           !slice_ends_nocase(name, SLICE(".md"));
}

static void read_directory(struct generator *g, const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, is_knowledge, alphasort);

    if (n < 0) {
        perror(path);
        exit(1);
    }
    for (int i = 0; i < n; i++) {
        size_t size = strlen(path) + strlen(entries[i]->d_name) + 2;
        char *file = arena_alloc(&g->arena, size);
        generator_must(file != NULL);
        snprintf(file, size, "%s/%s", path, entries[i]->d_name);
        g->file = file;
        read_formats(g);
        free(entries[i]);
    }
    free(entries);
}

/* ---- Wrappers -------------------------------------------------------- */

static void put_wraps(const struct generator *g)
{
    uint32_t keys[SLOTS_MAX / 4];
    uint16_t slots[SLOTS_MAX];
    uint32_t factor;
    size_t n = 0;

    for (; REPLY_WRAPS[n].text != NULL; n++) {
        if (n == sizeof(keys) / sizeof(keys[0]) ||
            (n > 0 &&
             strcmp(REPLY_WRAPS[n - 1].text, REPLY_WRAPS[n].text) >= 0))
            generator_fail(g, 0, "wrapper out of order",
                           slice_cstr(REPLY_WRAPS[n].text));
        keys[n] = bits_load32(REPLY_WRAPS[n].text);
    }
    factor = slots_fill(keys, n, REPLY_WRAP_BITS, slots);
    slots_write(g->out, "REPLY_WRAP", "uint16_t", factor, slots,
                REPLY_WRAP_BITS);
}

int main(int argc, char **argv)
{
    static struct generator g;

    if (argc != 3) {
        fputs("usage: genformats OUTPUT.c DIRECTORY\n", stderr);
        return 2;
    }
    arena_init(&g.arena, allocator_default(), (size_t)64 << 20);
    g.formats = VEC_OF(struct made_format);
    g.names = VEC_OF(struct made_name);
    g.marks = VEC_OF(struct made_mark);
    read_directory(&g, argv[2]);
    for (size_t i = 0; i < g.formats.count; i++)
        copy_like(&g, VEC_AT(g.formats, struct made_format, i), 0);
    g.out = fopen(argv[1], "wb");
    if (g.out == NULL) {
        perror(argv[1]);
        return 1;
    }
    fputs("/* Made by tools/genformats.c from data/formats; do not edit. */\n"
          "#include \"report/format.h\"\n"
          "#include \"report/reply_wraps.h\"\n\n",
          g.out);
    put_strings(&g);
    put_lines(&g);
    gather_marks(&g);
    find_header_steps(&g);
    put_marks(&g);
    put_indexes(&g);
    put_headers(&g);
    put_formats(&g);
    put_wraps(&g);
    arena_clear(&g.arena);
    if (ferror(g.out) != 0 || fclose(g.out) != 0) {
        perror(argv[1]);
        return 1;
    }
    return 0;
}
