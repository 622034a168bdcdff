/* SPDX-License-Identifier: Apache-2.0 */
/* One cookie of a Cookie header (RFC 6265 section 4.2): finding it, and taking it out again. */
#ifndef MOD_ZTA_IDENTITY_COOKIE_H
#define MOD_ZTA_IDENTITY_COOKIE_H

#include "shared/base/bytes.h"
#include "shared/base/status.h"

/*
 * The value of the cookie `name` (case counts), borrowed from header. ZTA_NOT_FOUND; ZTA_INVALID
 * when it stands more than once, or beside a comma: some readers end a cookie there, and httpd puts
 * one between two Cookie headers.
 */
enum zta_status mod_zta_cookie_find(const char *header, struct zta_text name,
                                    struct zta_text *value) ZTA_MUST_CHECK;
/*
 * The header without that cookie, however often it stands, into out, which has strlen(header) + 1
 * bytes; "" when none is left.
 */
void mod_zta_cookie_remove(const char *header, struct zta_text name, char *out);
/* The same of all cookies whose names begin so. */
void mod_zta_cookie_remove_prefixed(const char *header, struct zta_text prefix, char *out);

#endif
