/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Did a page of this very site send the request? For credentials that a browser adds by itself
 * (cookies), so that no other site can use them (cross-site request forgery).
 */
#ifndef MOD_ZTA_IDENTITY_ORIGIN_H
#define MOD_ZTA_IDENTITY_ORIGIN_H

#include <stdbool.h>

/* Header values as httpd merged them, NULL when absent. */
struct mod_zta_origin_question {
    const char *method;
    const char *upgrade;    /* Upgrade */
    const char *origin;     /* Origin (RFC 6454) */
    const char *referer;    /* Referer */
    const char *fetch_site; /* Sec-Fetch-Site (Fetch Metadata) */
    const char *own;        /* scheme://host[:port], default port left out */
};

/*
 * True for methods that change nothing (GET, HEAD, OPTIONS; not a GET that opens a WebSocket), and
 * when everything that the browser says of the sender names this site, and it says something.
 */
bool mod_zta_origin_is_own(const struct mod_zta_origin_question *question);

#endif
