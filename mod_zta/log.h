/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZTALog on the side of httpd: files and programs are opened by the parent before it forks,
 * programs as httpd's piped logs (it starts one again that dies); the helper writes to them. And
 * what a mandatory log does to requests while nobody takes it.
 */
#ifndef MOD_ZTA_LOG_H
#define MOD_ZTA_LOG_H

#include <httpd.h>

#include <stdbool.h>

/* The post_config hook's part; what cannot be opened is logged, the helper tries it again. */
void mod_zta_log_open(apr_pool_t *pconf, server_rec *s);

/*
 * Must requests be refused? The log is mandatory, and so much of it waits in the ring that the rest
 * is needed for requests that were let in already. By any request thread; two loads.
 */
bool mod_zta_log_is_full(void);

#endif
