/* SPDX-License-Identifier: MIT
 * Makes the slots of src/mime/field.h:
 *     genfields OUTPUT.c */
#include <stdlib.h>

#include "mime/field.h"
#include "slots.h"

int main(int argc, char **argv)
{
    uint32_t keys[MIME_FIELD_COUNT];
    uint16_t slots[SLOTS_MAX];
    uint32_t factor;
    FILE *out;

    if (argc != 2) {
        fputs("usage: genfields OUTPUT.c\n", stderr);
        return 2;
    }
    /* A slot holds 1 + the number of a key; MIME_FIELD_OTHER is no key. */
    for (size_t i = 1; i < MIME_FIELD_COUNT; i++)
        keys[i - 1] = mime_name_hash(MIME_FIELD_NAMES[i]);
    for (size_t i = 1; i + 1 < MIME_FIELD_COUNT; i++) {
        for (size_t k = 0; k < i; k++) {
            if (keys[k] == keys[i]) {
                fprintf(stderr, "genfields: %s and %s share a hash\n",
                        MIME_FIELD_NAMES[k + 1].ptr,
                        MIME_FIELD_NAMES[i + 1].ptr);
                return 1;
            }
        }
    }
    factor =
        slots_fill(keys, MIME_FIELD_COUNT - 1, MIME_FIELD_SLOT_BITS, slots);
    out = fopen(argv[1], "wb");
    if (out == NULL) {
        perror(argv[1]);
        return 1;
    }
    fputs(
        "/* Made by tools/genfields.c from src/mime/field.h; do not edit. */\n"
        "#include \"mime/field.h\"\n\n",
        out);
    slots_write(out, "MIME_FIELD", "uint8_t", factor, slots,
                MIME_FIELD_SLOT_BITS);
    if (ferror(out) != 0 || fclose(out) != 0) {
        perror(argv[1]);
        return 1;
    }
    return 0;
}
