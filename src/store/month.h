/* SPDX-License-Identifier: MIT
 * Months as tables name them: by the day they begin with. Days are counted from
 * 1970-01-01, in the Gregorian calendar. */
#ifndef BOUNCE_STORE_MONTH_H
#define BOUNCE_STORE_MONTH_H

#include <stdint.h>

/* The day that the month of day begins with. Years are counted from March on,
 * so that leap days come last; schema/ *-3.sql says the same in SQL. */
static inline int64_t month_begin(int64_t day)
{
    const int64_t era_days = 146097; /* 400 years */
    int64_t shifted = day + 719468;  /* from 0000-03-01 on */
    int64_t of_era = shifted % era_days;
    int64_t year, of_year, month;

    if (of_era < 0)
        of_era += era_days;
    year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    of_year = of_era - (365 * year + year / 4 - year / 100);
    month = (5 * of_year + 2) / 153;
    return day - (of_year - (153 * month + 2) / 5);
}

/* The day that the month after one begins with. */
static inline int64_t month_after(int64_t begin)
{
    return month_begin(begin + 31);
}

#endif
