/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What handlers have in common that take signed messages and answer only when what they say is in
 * force: the body, and the way through the mailbox. Nothing is read of the store meanwhile.
 */
#ifndef MOD_ZTA_HANDLERS_MESSAGE_H
#define MOD_ZTA_HANDLERS_MESSAGE_H

#include <httpd.h>

#include <stdbool.h>
#include <stddef.h>

#include "mod_zta/request.h"
#include "shared/base/bytes.h"

#define MOD_ZTA_MESSAGE_MAX 65536 /* bytes of a body */

/* Is the Content-Type that media type, whatever its parameters? */
bool mod_zta_message_is_type(const request_rec *r, const char *type);
/*
 * HTTP_OK, or the status of what is wrong: a body above the bound is read no further, and then
 * nothing more can come over the connection. NUL-terminated.
 */
int mod_zta_message_read(request_rec *r, char **body, size_t *len);

/* What is sent back, never to be stored; 503 and 429 say when to come again. */
struct mod_zta_message_answer {
    int status;
    struct zta_text body; /* JSON; absent: none */
    const char *detail;   /* for the operator; NULL: none */
};
int mod_zta_message_answer(request_rec *r, struct mod_zta_request *request,
                           const struct mod_zta_message_answer *answer);

enum mod_zta_delivery {
    MOD_ZTA_DELIVERED = 0,
    MOD_ZTA_DELIVERED_BEFORE, /* the same message came before */
    MOD_ZTA_DELIVERY_REFUSED, /* the helper took it for a bad one */
    MOD_ZTA_DELIVERY_LATER,   /* not within 2 s, or there is no room: to be sent again */
};
/* detail: for the operator, where it is not DELIVERED. */
enum mod_zta_delivery mod_zta_message_deliver(const void *data, size_t size, const char **detail);

#endif
