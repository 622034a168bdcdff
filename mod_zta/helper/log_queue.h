/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines in the order they came, in a ring of bytes of fixed size. No locks: whoever shares one
 * between threads brings his own.
 */
#ifndef MOD_ZTA_HELPER_LOG_QUEUE_H
#define MOD_ZTA_HELPER_LOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/live/segment.h"

struct mod_zta_log_mark {
    uint64_t number;
    uint32_t len;
    uint16_t stream; /* enum zta_logged; ZTA_N_LOGGED: none */
    uint16_t severity;
};

struct mod_zta_log_queue {
    uint8_t *bytes;
    size_t size;
    size_t first;
    size_t used;
    uint64_t n;
};

/* False: no memory. */
bool mod_zta_log_queue_open(struct mod_zta_log_queue *queue, size_t size);
void mod_zta_log_queue_close(struct mod_zta_log_queue *queue);
/* Fits a line of this length? */
bool mod_zta_log_queue_fits(const struct mod_zta_log_queue *queue, size_t len);
/* It must fit. */
void mod_zta_log_queue_put(struct mod_zta_log_queue *queue, const struct mod_zta_log_mark *mark,
                           const char *line);
/* The oldest; false when there is none. */
bool mod_zta_log_queue_first(const struct mod_zta_log_queue *queue, struct mod_zta_log_mark *mark);
/* Takes the oldest out, into `line` (of mark->len bytes) unless that is NULL. */
void mod_zta_log_queue_take(struct mod_zta_log_queue *queue, char *line);

#endif
