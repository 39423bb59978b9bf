/* SPDX-License-Identifier: MIT
 * Addresses and texts with addresses in them: what was read reads as itself,
 * with the same key; a keyed hash stays one; a recipient is not found in hidden
 * text, which cut short is the beginning of the whole. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "store/address.h"

#define REQUIRE(condition)                                                     \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct address_book *make_book(const char *key, bool domains)
{
    struct address_options options = {SLICE("salt"), slice_cstr(key), domains};
    char error[160];
    struct address_book *book = address_book_new(&options, error);

    REQUIRE(book != NULL);
    return book;
}

static void check_address(const struct address_book *book,
                          struct bounce_slice text)
{
    struct address a, b;
    enum address_flaw flaw = address_read(book, text, &a);

    REQUIRE(address_flaw_text(flaw) != NULL);
    if (flaw != ADDRESS_FINE)
        return;
    REQUIRE(a.len > 2 && a.len <= 320 && a.folded_len <= ADDRESS_MAX);
    REQUIRE(a.key > 0);
    REQUIRE(a.domain.ptr + a.domain.len == a.text + a.len);
    REQUIRE(a.domain.len > 0 && a.domain.ptr[-1] == '@');
    REQUIRE(utf8_valid_prefix(slice_make(a.text, a.len)) == a.len);
    REQUIRE(address_read(book, slice_make(a.text, a.len), &b) == ADDRESS_FINE);
    REQUIRE(a.len == b.len && memcmp(a.text, b.text, a.len) == 0);
    REQUIRE(a.key == b.key);
    /* Folding again changes nothing. */
    REQUIRE(address_read(book, slice_make(a.folded, a.folded_len), &b) !=
                ADDRESS_FINE ||
            (b.folded_len == a.folded_len &&
             memcmp(a.folded, b.folded, a.folded_len) == 0));
}

/* The end of a keyed hash may happen to be such a local part; and a fuzzer sees
 * what would prove a hash to be one, which nobody without the key does. */
static bool is_like_hash(struct bounce_slice address)
{
    size_t run = 0, i;

    for (i = 0; i < address.len && address.ptr[i] != '@'; i++) {
        unsigned char c = ascii_lower((unsigned char)address.ptr[i]);

        run = ascii_is_digit(c) || (c >= 'a' && c <= 'f') ? run + 1 : 0;
        if (run >= 32)
            return true;
    }
    return run == i;
}

static void check_hidden(const struct address_book *book,
                         struct bounce_slice text,
                         const struct bounce_slice *recipient)
{
    size_t cap = text.len * 40 + 100;
    char *hidden = malloc(cap), *again = malloc(cap * 2);
    struct address address;
    size_t len, more;

    REQUIRE(hidden != NULL && again != NULL);
    len = address_hide(book, text, recipient, hidden, cap);
    REQUIRE(len <= cap);
    /* A cut text is the beginning of the whole. */
    more = address_hide(book, text, recipient, again, len / 2);
    REQUIRE(more <= len / 2 && memcmp(hidden, again, more) == 0);
    /* A recipient that is one is found nowhere in it. */
    REQUIRE(recipient == NULL || is_like_hash(*recipient) ||
            address_read(book, *recipient, &address) != ADDRESS_FINE ||
            slice_eq(*recipient, slice_make(address.text, address.len)) ||
            slice_find_nocase(slice_make(hidden, len), *recipient) ==
                SLICE_NPOS);
    free(again);
    free(hidden);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct address_book *books[3];
    struct bounce_slice text = slice_make((const char *)data, size);
    size_t line = slice_find_byte(text, '\n');
    struct bounce_slice recipient =
        slice_sub(text, 0, line == SLICE_NPOS ? 0 : line);

    if (books[0] == NULL) {
        books[0] = make_book(NULL, false);
        books[1] = make_book("a key of twenty-four byte", false);
        books[2] = make_book("a key of twenty-four byte", true);
    }
    for (size_t i = 0; i < 3; i++) {
        check_address(books[i], text);
        check_address(books[i], recipient);
    }
    for (size_t i = 1; i < 3; i++) {
        check_hidden(books[i], text, NULL);
        check_hidden(books[i], text, &recipient);
    }
    return 0;
}
