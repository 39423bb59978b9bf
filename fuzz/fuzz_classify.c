/* SPDX-License-Identifier: MIT
 * Any reply gets one verdict and valid JSON bytes: the same whether the reader
 * keeps verdicts or not, and so does what differs from it in digits and ids. */
#include "sides.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct side warm, cold;

    if (size > SIDES_TEXT)
        return 0;
    if (warm.reader == NULL)
        REQUIRE(open_side(&warm, 1 << 20, NULL, 0, NULL) &&
                open_side(&cold, 0, NULL, 0, NULL));
    compare_sides(&warm, &cold, data, size);
    return 0;
}
