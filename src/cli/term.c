/* SPDX-License-Identifier: MIT */
#include "cli/term.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool term_colour(int fd)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    if (no != NULL && no[0] != '\0')
        return false;
    return isatty(fd) != 0 && term != NULL && strcmp(term, "dumb") != 0;
}

size_t term_columns(int fd)
{
    const char *columns = getenv("COLUMNS");
    unsigned value = 0;
#ifdef TIOCGWINSZ
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
#else
    (void)fd;
#endif
    if (columns != NULL && slice_parse_uint(slice_cstr(columns), 4, &value))
        return value < 40 ? 40 : value;
    return 100;
}

enum term_style term_class_style(struct bounce_slice class_name)
{
    static const struct {
        const char *name;
        enum term_style style;
    } styles[] = {
        {"hard", TERM_RED},   {"soft", TERM_YELLOW}, {"block", TERM_MAGENTA},
        {"admin", TERM_BLUE}, {"event", TERM_CYAN},  {"undetermined", TERM_DIM},
    };

    for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
        if (slice_eq(class_name, slice_cstr(styles[i].name)))
            return styles[i].style;
    }
    return TERM_PLAIN;
}

void term_styled(struct textbuf *text, enum term_style style, bool colour,
                 struct bounce_slice s)
{
    static const char *const codes[] = {"",   "1",  "2",  "31", "32",
                                        "33", "34", "35", "36"};

    if (!colour || style == TERM_PLAIN) {
        textbuf_add(text, s);
        return;
    }
    textbuf_format(text, "\033[%sm", codes[style]);
    textbuf_add(text, s);
    textbuf_cstr(text, "\033[0m");
}
