/* SPDX-License-Identifier: MIT */
#include "ingest/curl.h"

#include <stdio.h>

#include "store/module.h"

const struct module_curl *curl_module(char error[256])
{
    char why[160];
    const struct module_curl *module = module_load("curl", why);

    if (module == NULL)
        snprintf(error, 256,
                 "this needs the module curl, built with libcurl 7.85 or "
                 "newer: %s",
                 why);
    return module;
}
