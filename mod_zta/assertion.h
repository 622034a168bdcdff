/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZTAAssertion in httpd: its keys, read by the parent as root, and what a request gets of them. The
 * private key lives in the memory of the parent and its children, never in shared memory.
 */
#ifndef MOD_ZTA_ASSERTION_H
#define MOD_ZTA_ASSERTION_H

#include <httpd.h>

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/identity/assertion.h"
#include "mod_zta/request.h"

#define MOD_ZTA_ASSERTION_KEYS_MAX 8
#define MOD_ZTA_ASSERTION_HEADER   "X-ZTA-Assertion"

struct mod_zta_assertion_config {
    const char *header;
    int64_t ttl_s;
    const char *files[MOD_ZTA_ASSERTION_KEYS_MAX]; /* the first one signs */
    size_t n_files;
    struct zta_text pems[MOD_ZTA_ASSERTION_KEYS_MAX]; /* wiped in children */
    struct mod_zta_signer *signer; /* NULL: no usable key, nothing is forwarded */
    struct zta_text jwks;
    const char *alert; /* why others than those of the configuration sign, or none; else NULL */
};

/* OK or HTTP_INTERNAL_SERVER_ERROR, as mod_zta_load_all. */
int mod_zta_assertion_load(apr_pool_t *pconf, server_rec *s, bool is_running);
/* Makes the keys in force the last good ones. In the parent. */
void mod_zta_assertion_retain(void);
/* In a child: what is not needed to sign is wiped, and there is room for what was signed. */
void mod_zta_assertion_child_begin(apr_pool_t *pchild);
/* In the helper, which signs nothing. */
void mod_zta_assertion_forget(void);

/* One for the API of this place and this request, or NULL with what is wrong in *fault. */
const char *mod_zta_assertion_of(const request_rec *r, struct mod_zta_request *request,
                                 const struct mod_zta_dir *dir, const char **fault);

#endif
