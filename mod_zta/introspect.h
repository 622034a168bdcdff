/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking an issuer about an opaque token, from a request thread: the one place where a request
 * waits for the network. Few do at once, for two seconds at most, each token once, with no read
 * transaction open. What stands in the store is read anew behind the wait.
 */
#ifndef MOD_ZTA_INTROSPECT_H
#define MOD_ZTA_INTROSPECT_H

#include <httpd.h>

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/child.h"
#include "mod_zta/config.h"
#include "mod_zta/identity/introspection.h"
#include "mod_zta/request.h"
#include "shared/live/flights.h"

/* In child_init. */
void mod_zta_introspect_child_begin(apr_pool_t *pchild, server_rec *s);

/* The issuer that is asked about such a token here; NULL: it is judged by itself. */
const struct mod_zta_issuer *mod_zta_introspect_issuer(const struct mod_zta_accept *accept,
                                                       struct zta_text token);

/* One request's question, from the first try to the verdict; caller's storage. */
struct mod_zta_question {
    request_rec *r;
    struct mod_zta_request *request;
    const struct mod_zta_issuer *issuer;
    struct zta_text token;
    const struct zta_sha256 *digest;
    struct mod_zta_look *look; /* ended while the request waits, begun anew behind it */
    /* The module's own: */
    int64_t deadline_ns; /* 0: not begun */
    const char *url;
    struct zta_flight flight;
    bool was_read; /* the store, before the wait */
};

enum mod_zta_question_state {
    MOD_ZTA_QUESTION_REFUSED = 0, /* 503: the request says why and for how long */
    MOD_ZTA_QUESTION_LEADS,       /* ask it, keep what comes, end it */
    MOD_ZTA_QUESTION_WAITED,      /* another request asked: look into the cache, else begin again */
};

enum mod_zta_question_state mod_zta_introspect_begin(struct mod_zta_question *question);
/* The question itself; identity as mod_zta_introspection_judge fills it. */
void mod_zta_introspect_ask(struct mod_zta_question *question, struct zta_identity *identity,
                            struct mod_zta_introspection_result *result);
/* Behind what was kept of the result: lets those go on who wait. */
void mod_zta_introspect_end(struct mod_zta_question *question,
                            const struct mod_zta_introspection_result *result);
/* False: the store could be read before the wait and cannot be now. */
bool mod_zta_introspect_is_read(const struct mod_zta_question *question);

#endif
