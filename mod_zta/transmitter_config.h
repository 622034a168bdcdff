/* SPDX-License-Identifier: Apache-2.0 */
/* A <ZTATransmitter> section: who sends signals, and how. Immutable while requests run. */
#ifndef MOD_ZTA_TRANSMITTER_CONFIG_H
#define MOD_ZTA_TRANSMITTER_CONFIG_H

#include <apr_tables.h>

#include <stdint.h>

#include "mod_zta/identity/set_token.h"
#include "mod_zta/issuer_config.h"

#define MOD_ZTA_QUIET_DEFAULT_S        (INT64_C(7) * 86400)
#define MOD_ZTA_POLL_DEFAULT_S         INT64_C(60)
#define MOD_ZTA_PUSH_AUTHORIZATION_MAX 4096
#define MOD_ZTA_STREAM_ID_MAX          255

struct mod_zta_transmitter_config {
    struct mod_zta_issuer_config keys; /* whose, and where they stand; it issues no tokens */
    apr_array_header_t *names;         /* const char *: ZTAMaySpeakFor */
    struct mod_zta_transmitter transmitter;
    struct zta_text authorization; /* of a push, exactly; absent: none is asked for */
    const char *poll_url;          /* NULL: it is not polled */
    const char *poll_authorization;
    const char *verify_url; /* NULL: its stream is not asked to verify itself */
    const char *verify_authorization;
    const char *verify_stream;
    int64_t poll_s;  /* between two polls that brought nothing */
    int64_t quiet_s; /* without anything of it before there is an alert; 0: never */
};

#endif
