/* SPDX-License-Identifier: Apache-2.0 */
/* The checked configuration for `ztactl config check`: httpd -t -D ZTA_DUMP prints it. */
#ifndef MOD_ZTA_DUMP_H
#define MOD_ZTA_DUMP_H

#include <httpd.h>

#include <stdbool.h>

/*
 * Where httpd only tests its configuration and ZTA_DUMP is defined: findings and the configuration
 * in effect on standard output, a JSON object a line, as docs/formats.md says.
 */
void mod_zta_dump(apr_pool_t *pool, server_rec *main_server, bool is_good);

#endif
