/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of JSON for the targets of ZTANotify: a bounded queue for each, written without ever
 * waiting. A reader that does not read loses the oldest lines, and nothing else waits for it.
 */
#ifndef MOD_ZTA_HELPER_NOTIFY_H
#define MOD_ZTA_HELPER_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

/* What a pipe takes whole or not at all (PIPE_BUF), line feed included. */
#define MOD_ZTA_NOTIFY_LINE_MAX 4096
#define MOD_ZTA_NOTIFY_QUEUE    128

/* Descriptors are non-blocking and stay the caller's; -1: could not be opened. */
struct mod_zta_notify_end {
    struct zta_text name;
    int fd;
};

struct mod_zta_notify;

/* ends outlive it. ZTA_NO_MEMORY. */
enum zta_status mod_zta_notify_begin(const struct mod_zta_notify_end *ends, size_t n,
                                     struct mod_zta_notify **notify) ZTA_MUST_CHECK;
/* What still waits is tried once more. */
void mod_zta_notify_end(struct mod_zta_notify **notify);
/* Queues a line without its line feed. ZTA_NOT_FOUND: no such target; ZTA_TOO_LARGE. */
enum zta_status mod_zta_notify_send(struct mod_zta_notify *notify, struct zta_text name,
                                    struct zta_text line) ZTA_MUST_CHECK;
/* Writes what readers take now. Returns how many lines were lost since it began. */
uint64_t mod_zta_notify_step(struct mod_zta_notify *notify);

#endif
