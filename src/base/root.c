/* SPDX-License-Identifier: MIT */
#include "base/root.h"

/* Newton's: from above, so the first guess that is no smaller ends it. */
double root_square(double x)
{
    double guess = x > 1 ? x : 1;

    for (unsigned i = 0; i < 100; i++) {
        double next = (guess + x / guess) / 2;

        if (next >= guess)
            break;
        guess = next;
    }
    return guess;
}
