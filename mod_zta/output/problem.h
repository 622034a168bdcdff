/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a refusal: application/problem+json (RFC 9457), unless the administrator has an
 * ErrorDocument.
 */
#ifndef MOD_ZTA_OUTPUT_PROBLEM_H
#define MOD_ZTA_OUTPUT_PROBLEM_H

#include <httpd.h>

/* Registers the output filter; once a configuration. */
void mod_zta_problem_register(void);
/* insert_error_filter: puts the filter in front of httpd's own error page. */
void mod_zta_problem_insert(request_rec *r);

#endif
