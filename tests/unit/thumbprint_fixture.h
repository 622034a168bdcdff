/* SPDX-License-Identifier: Apache-2.0 */
/* The thumbprint of a key that a test wrote down as a JWK. */
#ifndef ZTA_TESTS_THUMBPRINT_FIXTURE_H
#define ZTA_TESTS_THUMBPRINT_FIXTURE_H

#include "mod_zta/identity/thumbprint.h"

/* The test fails unless the text is a JWK that may verify. */
void thumbprint_of(const char *text, char out[MOD_ZTA_THUMBPRINT_LEN + 1]);

#endif
