/* SPDX-License-Identifier: Apache-2.0 */
/* Unpredictable bytes from the system's generator; a failure of the generator ends the process. */
#ifndef ZTA_BASE_RANDOM_H
#define ZTA_BASE_RANDOM_H

#include <stddef.h>

/* For keys and secrets: straight from getrandom(2). */
void zta_random_bytes(void *out, size_t size);
/* For identifiers: from a per-thread buffer of getrandom(2) output, discarded in a forked child. */
void zta_random_fast(void *out, size_t size);

#endif
