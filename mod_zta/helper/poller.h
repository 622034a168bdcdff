/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of transmitters that are fetched (RFC 8936): a thread for each waits for their answers,
 * the observer's thread judges what came, commits what it does and only then has it acknowledged.
 * So a slow transmitter holds nobody up, and what was not committed is sent again.
 */
#ifndef MOD_ZTA_HELPER_POLLER_H
#define MOD_ZTA_HELPER_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/identity/set_token.h"
#include "shared/base/status.h"

struct mod_zta_observer;
struct mod_zta_poller;
struct mod_zta_refresh;

/* A transmitter that is polled; borrowed for as long as the poller is open. */
struct mod_zta_poll {
    const struct mod_zta_transmitter *transmitter;
    uint64_t source; /* of its keys (mod_zta_issuer_source) */
    bool is_fetched; /* they are fetched, so that they stand in the store */
    const char *url;
    const char *authorization; /* NULL: none */
    int64_t interval_s;        /* behind an answer that came at once and brought nothing */
};

struct mod_zta_poller_options {
    const struct mod_zta_poll *polls;
    size_t n_polls;
    const char *ca_file; /* ZTACAFile; NULL: the system's */
};

/* The observer and what fetches keys outlive it. ZTA_NO_MEMORY, ZTA_IO: no threads. */
enum zta_status mod_zta_poller_open(struct mod_zta_observer *observer,
                                    struct mod_zta_refresh *refresh,
                                    const struct mod_zta_poller_options *options,
                                    struct mod_zta_poller **poller) ZTA_MUST_CHECK;
/* Ends the threads, within a second or two whatever they wait for. */
void mod_zta_poller_close(struct mod_zta_poller **poller);

/* By the observer's thread, in each round; cheap while nothing happens. */
void mod_zta_poller_step(struct mod_zta_poller *poller, int64_t now_mono_ns, int64_t now_real_ns);

#endif
