/* SPDX-License-Identifier: Apache-2.0 */
/* Statements on their way, copied out of the store or of an answer. */
#ifndef CTL_FLEET_BATCH_H
#define CTL_FLEET_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/base/bytes.h"
#include "shared/store/fleet.h"

struct ctl_batch {
    struct zta_text items[ZTA_FLEET_BATCH];
    size_t n;
    size_t size; /* of all of them, in bytes */
};

/* So many bytes are taken at once; one statement more may come on top. */
#define CTL_BATCH_SIZE ((size_t)(32 << 20))

/*
 * A zta_statement_fn; false: out of memory, or full. What is too long for a statement is kept as an
 * empty one, which is none either: whoever can write to the engine cannot fill a memory, or end a
 * connection.
 */
bool ctl_batch_add(void *context, struct zta_text bytes);
/* It should be taken before more is added. */
bool ctl_batch_is_full(const struct ctl_batch *batch);
/* Frees what is in it. */
void ctl_batch_clear(struct ctl_batch *batch);

#endif
