/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the helper process once it is forked and has dropped its privileges, free of httpd:
 * waits for the store and for its turn, publishes the configuration, observes until it is told to
 * stop.
 */
#ifndef MOD_ZTA_HELPER_RUN_H
#define MOD_ZTA_HELPER_RUN_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/geo_watch.h"
#include "mod_zta/helper/list_watch.h"
#include "mod_zta/helper/observer.h"
#include "mod_zta/helper/poller.h"
#include "mod_zta/helper/refresh.h"
#include "mod_zta/helper/verification.h"
#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/store/acceptance.h"
#include "shared/store/published.h"

/* The configuration as `ztactl` shows it; borrowed for the time of the run. */
struct mod_zta_run_config {
    const struct zta_published_location *locations;
    size_t n_locations;
    const struct zta_text *rules_names; /* files of ZTARules in order */
    const struct zta_text *rules_texts;
    size_t n_rules;
    struct mod_zta_refresh_options keys; /* issuers, and how their keys are fetched */
    const struct mod_zta_poll *polls;    /* transmitters whose events are fetched */
    size_t n_polls;
    const struct mod_zta_verify *verifies; /* those whose streams can be asked to verify */
    size_t n_verifies;
    bool accepts_certificates;                  /* "mtls" is an issuer, too, without a URL */
    const struct zta_acceptance *acceptance;    /* NULL: not published */
    const struct zta_governor_limits *governor; /* NULL: not published */
};

/* Why the run is to end; what *is_stopping becomes. */
enum mod_zta_run_end {
    /* The server ends: drain until all its children are gone. */
    MOD_ZTA_RUN_STOP = 1,
    /* Another helper reads on: commit what the ring holds now, then go at once. */
    MOD_ZTA_RUN_HAND_OVER,
};

struct mod_zta_run_options {
    struct mod_zta_observer_options observer;
    struct mod_zta_run_config config;
    struct mod_zta_geo_watch geo;
    struct mod_zta_list_watch lists; /* its texts are those of config */
    /*
     * Becomes an enum mod_zta_run_end in a signal handler (SIGTERM, installed without SA_RESTART).
     * The signals must be unblocked; the loop sleeps at most 100 ms at a time, so a signal between
     * two looks is not lost.
     */
    const volatile sig_atomic_t *is_stopping;
    /*
     * The helper ends when its parent does: compared with getppid() in each round. 0: not looked
     * at. A parent that died leaves the ring to nobody, so the run drains and ends.
     */
    int32_t parent_pid;
};

/*
 * ZTA_OK after an orderly end. A store that cannot be opened is no reason to return: the segment's
 * store health says so, the log once, and opening is tried again each second. ZTA_NO_MEMORY and the
 * like return, and the caller's parent starts another helper.
 */
enum zta_status mod_zta_run(const struct mod_zta_run_options *options,
                            struct zta_error *error) ZTA_MUST_CHECK;

#endif
