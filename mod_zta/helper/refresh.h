/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The observer's part in the keys of issuers: takes what the fetcher got, stores it, and tells the
 * children once it is committed; hands on what children and operators ask for; raises alerts.
 * Called by the observer's thread alone.
 */
#ifndef MOD_ZTA_HELPER_REFRESH_H
#define MOD_ZTA_HELPER_REFRESH_H

#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/fetch.h"
#include "mod_zta/helper/observer.h"
#include "shared/base/status.h"

struct mod_zta_refresh;

struct mod_zta_refresh_options {
    const struct mod_zta_fetch_issuer *issuers; /* borrowed */
    size_t n_issuers;
    const char *ca_file; /* ZTACAFile; NULL: the system's */
};

/*
 * Reads what the store has of these issuers and begins to fetch. The observer outlives it. ZTA_IO,
 * ZTA_NO_MEMORY: there are no threads to fetch with; a store that cannot be written now is tried
 * again.
 */
enum zta_status mod_zta_refresh_open(struct mod_zta_observer *observer,
                                     const struct mod_zta_refresh_options *options,
                                     int64_t now_real_ns,
                                     struct mod_zta_refresh **refresh) ZTA_MUST_CHECK;
void mod_zta_refresh_close(struct mod_zta_refresh **refresh);

/* Fresh keys of one issuer, as soon as may be. */
void mod_zta_refresh_ask(struct mod_zta_refresh *refresh, struct zta_text name);

/* One round; cheap while nothing happens. */
void mod_zta_refresh_step(struct mod_zta_refresh *refresh, int64_t now_mono_ns,
                          int64_t now_real_ns);

#endif
