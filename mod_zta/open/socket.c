/* SPDX-License-Identifier: Apache-2.0 */
/* A copied descriptor keeps hold of what it stands for: that is compared, then ended. */
#include "mod_zta/open/socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* 0: it is no socket. */
static uint64_t cookie_of(int fd)
{
    uint64_t cookie;
    socklen_t size = sizeof(cookie);
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

void mod_zta_socket_note(int fd, struct mod_zta_socket *socket)
{
    *socket = (struct mod_zta_socket){.fd = fd, .cookie = cookie_of(fd)};
}

bool mod_zta_socket_end(const struct mod_zta_socket *socket)
{
    /* Without it a client that reads slowly would go on to get what the kernel holds for it. */
    const struct linger drop = {.l_onoff = 1, .l_linger = 0};
    bool is_it = false;
    if (socket->cookie == 0) {
        return false;
    }
    int copy = fcntl(socket->fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        return false;
    }
    if (cookie_of(copy) == socket->cookie) {
        is_it = true;
        (void)setsockopt(copy, SOL_SOCKET, SO_LINGER, &drop, sizeof(drop));
        (void)shutdown(copy, SHUT_RDWR);
    }
    close(copy);
    return is_it;
}
