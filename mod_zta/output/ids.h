/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X-ZTA-Id and X-Request-Id of an answer are ours alone, whatever the back end sends under these
 * names.
 */
#ifndef MOD_ZTA_OUTPUT_IDS_H
#define MOD_ZTA_OUTPUT_IDS_H

#include <httpd.h>

/* Registers the output filter; once a configuration. */
void mod_zta_ids_register(void);
/* insert_filter: for requests that passed an enforced stage. */
void mod_zta_ids_insert(request_rec *r);

#endif
