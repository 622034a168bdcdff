/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets stand in files of their own, never in the configuration. */
#ifndef MOD_ZTA_DIRECTIVES_SECRET_H
#define MOD_ZTA_DIRECTIVES_SECRET_H

#include <httpd.h>
#include <http_config.h>

#include "shared/base/bytes.h"

/*
 * What a file holds that not everybody may read: value is file:PATH, option (NULL: none) names it
 * in errors. NULL, or what is wrong, which never repeats what may be the secret itself.
 */
const char *mod_zta_read_secret(cmd_parms *cmd, const char *option, const char *value,
                                apr_size_t max, struct zta_text *text);
/* The same for one line of text, without its end. */
const char *mod_zta_read_secret_line(cmd_parms *cmd, const char *option, const char *value,
                                     apr_size_t max, struct zta_text *text);

#endif
