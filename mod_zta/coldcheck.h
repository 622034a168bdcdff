/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at the store without the parent's privileges, before anything relies on it. */
#ifndef MOD_ZTA_COLDCHECK_H
#define MOD_ZTA_COLDCHECK_H

#include <httpd.h>

#include <stdbool.h>

/*
 * Checks and opens the store in a forked child that first becomes httpd's user: a privileged
 * process never maps a file that a less privileged one can write. NULL when it is sound and
 * its live rules fit the configuration's, else what is wrong and what to do, from pool.
 */
const char *mod_zta_coldcheck(apr_pool_t *pool, server_rec *s, const char *dir,
                              bool *is_about_rules);

#endif
