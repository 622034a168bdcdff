/* SPDX-License-Identifier: Apache-2.0 */
/* The story of a request: what the hooks of mod_zta.c call, in order. */
#ifndef MOD_ZTA_ACCESS_H
#define MOD_ZTA_ACCESS_H

#include <httpd.h>

/*
 * post_read_request: takes the client's copies of our headers away and begins the state of a
 * governed request. Always DECLINED; what it finds wrong is judged later, where the place is known.
 */
int mod_zta_access_begin(request_rec *r);

/*
 * Judges r where it stands now: its uri in its place. Called by every hook that a request may meet
 * first; each (uri, method, place) is judged once, and all must allow. DECLINED to go on, or the
 * HTTP status of a refusal, whose headers are set.
 */
int mod_zta_access_judge(request_rec *r);

/* quick_handler: nothing, a cache neither, answers for a server that refuses everything. */
int mod_zta_access_quick(request_rec *r, int is_lookup);

/*
 * check_access_ex, right before authentication: as judge, and the file that was mapped counts under
 * its own uri as well.
 */
int mod_zta_access_enter(request_rec *r);

/*
 * Authorization: what waits for the login of a browser is judged by it, if authentication is over,
 * so that its identity is there to be asked for.
 */
void mod_zta_access_settle(request_rec *r);

/*
 * fixups, last before any handler: as enter, with the logins that were awaited; what was never
 * judged at all is refused.
 */
int mod_zta_access_guard(request_rec *r);

#endif
