/* SPDX-License-Identifier: Apache-2.0 */
/* What the directives of a place choose among. */
#ifndef MOD_ZTA_CHOICES_H
#define MOD_ZTA_CHOICES_H

enum mod_zta_preflight {
    MOD_ZTA_PREFLIGHT_PASS = 0,
    MOD_ZTA_PREFLIGHT_ANSWER,
    MOD_ZTA_PREFLIGHT_JUDGE,
};

/* What goes on to the API; a set. */
enum mod_zta_forward {
    MOD_ZTA_FORWARD_NONE = 0,
    MOD_ZTA_FORWARD_IDENTITY = 1,
    MOD_ZTA_FORWARD_AUTHORIZATION = 2,
    MOD_ZTA_FORWARD_ASSERTION = 4,
};

/* ZTADPoP; a set. */
enum mod_zta_dpop {
    MOD_ZTA_DPOP_OFF = 0,
    MOD_ZTA_DPOP_ALLOWED = 1,
    MOD_ZTA_DPOP_REQUIRED = 2, /* only bound tokens enter */
    MOD_ZTA_DPOP_NONCE = 4,    /* proofs need a nonce of ours */
};

#endif
