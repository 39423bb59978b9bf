/* SPDX-License-Identifier: MIT
 * For libraries whose functions take what they only read as if they wrote it. */
#ifndef BOUNCE_SERVE_MODULE_HTTP_CAST_H
#define BOUNCE_SERVE_MODULE_HTTP_CAST_H

static inline void *only_read(const void *ptr)
{
    union {
        const void *in;
        void *out;
    } cast = {ptr};

    return cast.out;
}

#endif
