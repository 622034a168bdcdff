/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in each pass of httpd's configuration, and in each process. */
#ifndef MOD_ZTA_LIFECYCLE_H
#define MOD_ZTA_LIFECYCLE_H

#include <httpd.h>
#include <ap_mpm.h>

/* pre_config: a new, empty configuration. */
int mod_zta_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);
/*
 * post_config: nothing in the first of the two passes of a start (that process only checks); then
 * shared memory, new or kept, and the helper. The parent never opens LMDB.
 */
int mod_zta_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);
/* child_init: the store is opened here, after fork and without privileges. */
void mod_zta_child_init(apr_pool_t *pchild, server_rec *s);
/* child_status, in the parent: what a reaped child had claimed in shared memory is given up. */
void mod_zta_child_status(server_rec *s, pid_t pid, ap_generation_t generation, int slot,
                          mpm_child_status state);

#endif
