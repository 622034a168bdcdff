/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes decode or are refused; what decodes encodes to something that decodes to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/inputs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zta_inputs inputs;
    static struct zta_inputs back;
    static uint8_t again[ZTA_INPUTS_SIZE_MAX];
    static uint8_t third[ZTA_INPUTS_SIZE_MAX];
    size_t again_size;
    size_t third_size;
    if (zta_inputs_decode(data, size, &inputs) != ZTA_OK ||
        zta_inputs_encode(&inputs.identity, inputs.claims, inputs.n_claims, again, sizeof again,
                          &again_size) != ZTA_OK) {
        return 0; /* what encode leaves out of an identity may have made it too large */
    }
    if (zta_inputs_decode(again, again_size, &back) != ZTA_OK ||
        zta_inputs_encode(&back.identity, back.claims, back.n_claims, third, sizeof third,
                          &third_size) != ZTA_OK ||
        third_size != again_size || memcmp(third, again, again_size) != 0) {
        abort();
    }
    return 0;
}
