/* SPDX-License-Identifier: Apache-2.0 */
/* Where the removal of old records goes on: a few at a time, in the order of their keys. */
#ifndef ZTA_STORE_PRUNE_H
#define ZTA_STORE_PRUNE_H

#include <stddef.h>
#include <stdint.h>

#define ZTA_PRUNE_KEY_MAX 330 /* of the longest issuer and subject */

/* Zeroed: at the start. */
struct zta_prune_place {
    uint8_t key[ZTA_PRUNE_KEY_MAX];
    size_t size;
};

#endif
