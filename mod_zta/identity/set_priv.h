/* SPDX-License-Identifier: Apache-2.0 */
/* A security event on its way through judgement; shared by the set_*.c files. */
#ifndef MOD_ZTA_IDENTITY_SET_PRIV_H
#define MOD_ZTA_IDENTITY_SET_PRIV_H

#include <jansson.h>

#include "mod_zta/identity/set_token.h"

#define MOD_ZTA_SET_BAD    "invalid_request"
#define MOD_ZTA_SET_DENIED "access_denied"

struct mod_zta_set_judging {
    struct mod_zta_signed jwt;
    const struct mod_zta_transmitter *from;
    int64_t now_s;
    json_t *subject;                   /* NULL: there is none */
    json_t *event;                     /* its members */
    enum mod_zta_set_member principal; /* whom a simple subject is */
    bool is_wide_principal;            /* a tenant, a group: more than one session or device */
    struct mod_zta_set_result *result;
};

/* Notes code and why; always false. */
bool mod_zta_set_refuse(struct mod_zta_set_judging *judging, const char *err, const char *fmt, ...)
    ZTA_PRINTF(3, 4);

/* What the event of notice->kind says: effect, level, event_s, detail. False: refused. */
bool mod_zta_set_read_event(struct mod_zta_set_judging *judging, struct zta_buffer *detail);
/* Whom it is about: the notice's reach and names, still borrowed. False: refused. */
bool mod_zta_set_read_subject(struct mod_zta_set_judging *judging, struct zta_buffer *detail);

#endif
