/* SPDX-License-Identifier: Apache-2.0 */
/* zta-signals: transmitters push security events here (RFC 8935, SSF 1.0). */
#ifndef MOD_ZTA_HANDLERS_SIGNALS_H
#define MOD_ZTA_HANDLERS_SIGNALS_H

#include <httpd.h>

/*
 * Answers r: 202 when what the event says is on disk and in force in all children, 400 with the
 * code of RFC 8935 for every event that is not taken, 405, 413, 415, 429 for who sends too much,
 * 503 when it may or may not be in force: the transmitter sends it again.
 */
int mod_zta_signals_handle(request_rec *r);

#endif
