/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes decode or are refused; what decodes encodes to the very same bytes, or to the same
 * event where an earlier release wrote them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zta_event event;
    size_t used;
    if (zta_event_decode(data, size, &event, &used) != ZTA_OK) {
        return 0;
    }
    uint8_t again[ZTA_EVENT_SIZE];
    size_t again_size;
    if (used > size || zta_event_encode(&event, again, sizeof again, &again_size) != ZTA_OK) {
        abort();
    }
    const bool is_same = again_size == used && memcmp(again, data, used) == 0;
    struct zta_event back;
    size_t back_used;
    if (!is_same &&
        (data[0] == again[0] || zta_event_decode(again, again_size, &back, &back_used) != ZTA_OK ||
         memcmp(&back, &event, sizeof back) != 0)) {
        abort();
    }
    for (unsigned i = 0; i <= ZTA_N_EVENT_TEXTS; i++) {
        struct zta_text text = zta_event_text(&event, (enum zta_event_text)i);
        if (text.len > 0 &&
            (text.data < event.texts || text.data + text.len > event.texts + sizeof event.texts)) {
            abort();
        }
    }
    return 0;
}
