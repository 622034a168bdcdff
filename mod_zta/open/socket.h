/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket that another thread may end. Descriptors are numbers that the system gives out anew; the
 * cookie of a socket is never given twice, so that nobody's but the noted one can be hit.
 */
#ifndef MOD_ZTA_OPEN_SOCKET_H
#define MOD_ZTA_OPEN_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: none. */
struct mod_zta_socket {
    int fd;
    uint64_t cookie; /* 0: none, or a kernel without */
};

/* Notes which socket stands behind fd, while the caller has it open. */
void mod_zta_socket_note(int fd, struct mod_zta_socket *socket);
/*
 * Ends it both ways, whatever its owner is doing with it; what is not sent yet is dropped when the
 * owner closes it. False: the descriptor is not that socket (any more), nothing was done.
 */
bool mod_zta_socket_end(const struct mod_zta_socket *socket);

#endif
