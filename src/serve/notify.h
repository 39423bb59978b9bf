/* SPDX-License-Identifier: MIT
 * What the service manager hears and gives: sd_notify(3), sd_listen_fds(3),
 * without its library, whose protocol is a datagram. All do nothing where no
 * manager asked. */
#ifndef BOUNCE_SERVE_NOTIFY_H
#define BOUNCE_SERVE_NOTIFY_H

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
/* The watchdog's sign of life; as often as wanted. */
void notify_alive(void);

/* The socket of this name that the manager opened; -1: there is none. */
int notify_socket(const char *name);

#endif
