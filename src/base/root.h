/* SPDX-License-Identifier: MIT */
#ifndef BOUNCE_BASE_ROOT_H
#define BOUNCE_BASE_ROOT_H

/* The square root of x, which is not negative, without libm. */
double root_square(double x);

#endif
