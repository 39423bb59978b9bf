/* SPDX-License-Identifier: MIT
 * sd_notify(3) and sd_listen_fds(3), as the service manager has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/notify.h"

static int manager = -1;
static char path[64];

static int setup(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    (void)state;
    snprintf(path, sizeof(path), "/tmp/bounce-notify.%d", (int)getpid());
    memcpy(at.sun_path, path, strlen(path));
    manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&at, sizeof(at)), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(manager);
    unlink(path);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    return 0;
}

/* What the manager was told since; empty: nothing. */
static const char *told(void)
{
    static char text[200];
    ssize_t len = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);

    text[len > 0 ? len : 0] = '\0';
    return text;
}

static void the_manager_is_told(void **state)
{
    (void)state;
    notify_ready();
    assert_string_equal(told(), "READY=1");
    notify_stopping();
    assert_string_equal(told(), "STOPPING=1");
    /* A reload says when it began (Type=notify-reload). */
    notify_reloading();
    assert_non_null(strstr(told(), "MONOTONIC_USEC="));
    /* The watchdog is fed only where there is one. */
    notify_alive();
    assert_string_equal(told(), "");
    setenv("WATCHDOG_USEC", "60000000", 1);
    notify_alive();
    assert_string_equal(told(), "WATCHDOG=1");
}

static void nobody_listens(void **state)
{
    (void)state;
    setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
    notify_ready();
    setenv("NOTIFY_SOCKET", "", 1);
    notify_ready();
    unsetenv("NOTIFY_SOCKET");
    notify_ready();
    assert_string_equal(told(), "");
}

static void sockets_have_names(void **state)
{
    char pid[24];

    (void)state;
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "3", 1);
    setenv("LISTEN_FDNAMES", "http:lmtp:policy", 1);
    assert_int_equal(notify_socket("http"), 3);
    assert_int_equal(notify_socket("lmtp"), 4);
    assert_int_equal(notify_socket("policy"), 5);
    assert_int_equal(notify_socket("htt"), -1);
    assert_int_equal(notify_socket(""), -1);
    setenv("LISTEN_FDS", "1", 1);
    assert_int_equal(notify_socket("lmtp"), -1);
    /* Meant for another process. */
    setenv("LISTEN_PID", "1", 1);
    assert_int_equal(notify_socket("http"), -1);
    unsetenv("LISTEN_PID");
    assert_int_equal(notify_socket("http"), -1);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_manager_is_told),
        TEST(nobody_listens),
        TEST(sockets_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
