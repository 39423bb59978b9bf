/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/module.h"

enum { MODULES_MAX = 8, NAME_MAX_LEN = 16 };

/* What was loaded stays: its functions are in use. */
static struct {
    char name[NAME_MAX_LEN];
    const void *module;
} loaded[MODULES_MAX];
static size_t loaded_count;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

/* The folder that the program lies in; false where that cannot be told. */
static bool program_folder(char folder[PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    if (len <= 0) {
        return false;
    }
    folder[len] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

/* The file of a module in the i-th folder to look in; false beyond the last. */
static bool module_path(size_t i, const char *name, char path[PATH_MAX])
{
    const char *folder = MODULE_DIR;
    const char *below = "";
    char program[PATH_MAX];
    const char *chosen = getenv("BOUNCE_MODULES");
    if (chosen != NULL && *chosen != '\0') {
        folder = chosen;
        i += 2; /* there and nowhere else */
    } else if (i < 2 && program_folder(program)) {
        folder = program;
        below = i == 0 ? "/modules" : "/" MODULE_DIR_RELATIVE;
    }
    int len =
        snprintf(path, PATH_MAX, "%s%s/bounce-%s.so", folder, below, name);
    return i < 3 && len > 0 && len < PATH_MAX;
}

static const void *find_loaded(const char *name)
{
    for (size_t i = 0; i < loaded_count; i++) {
        if (strcmp(loaded[i].name, name) == 0) {
            return loaded[i].module;
        }
    }
    return NULL;
}

static const void *open_module(const char *name, const char *path,
                               char error[160])
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        /* The text names the file, or the library that is missing. */
        (void)snprintf(error, 160, "%s", dlerror());
        return NULL;
    }
    char symbol[sizeof("bounce_module_") + NAME_MAX_LEN];
    (void)snprintf(symbol, sizeof(symbol), "bounce_module_%s", name);
    const unsigned *version = (const unsigned *)dlsym(handle, symbol);
    if (version == NULL || *version != MODULE_VERSION) {
        (void)snprintf(error, 160, "%.110s is of another version of Bounce",
                       path);
        (void)dlclose(handle);
        return NULL;
    }
    return version;
}

const void *module_load(const char *name, char error[160])
{
    error[0] = '\0';
    if (strlen(name) >= NAME_MAX_LEN) {
        (void)snprintf(error, 160, "there is no module %s", name);
        return NULL;
    }
    (void)pthread_mutex_lock(&loading);
    const void *module = find_loaded(name);
    char path[PATH_MAX];
    for (size_t i = 0; module == NULL && module_path(i, name, path); i++) {
        if (access(path, F_OK) == 0) {
            module = open_module(name, path, error);
            break;
        }
        (void)snprintf(error, 160, "there is no %.120s", path);
    }
    if (module != NULL && find_loaded(name) == NULL &&
        loaded_count < MODULES_MAX) {
        (void)snprintf(loaded[loaded_count].name, NAME_MAX_LEN, "%s", name);
        loaded[loaded_count++].module = module;
    }
    (void)pthread_mutex_unlock(&loading);
    return module;
}
