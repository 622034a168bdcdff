/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of statements, up to what one change takes. */
#include "admin-tui/fleet/batch.h"

#include <stdlib.h>
#include <string.h>

bool ctl_batch_add(void *context, struct zta_text bytes)
{
    struct ctl_batch *batch = context;
    const size_t len = bytes.len <= ZTA_STATEMENT_LONG_MAX ? bytes.len : 0;
    char *copy = batch->n < ZTA_FLEET_BATCH ? malloc(len + 1) : NULL;
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, len > 0 ? bytes.data : "", len);
    batch->items[batch->n++] = (struct zta_text){.data = copy, .len = len};
    batch->size += len;
    return true;
}

bool ctl_batch_is_full(const struct ctl_batch *batch)
{
    return batch->n == ZTA_FLEET_BATCH || batch->size > CTL_BATCH_SIZE;
}

void ctl_batch_clear(struct ctl_batch *batch)
{
    while (batch->n > 0) {
        batch->n--;
        free((void *)(uintptr_t)batch->items[batch->n].data);
    }
    batch->size = 0;
}
