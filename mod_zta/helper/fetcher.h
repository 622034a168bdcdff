/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of the helper that keep the keys of all issuers fresh: each issuer is asked at once,
 * then when its keys' time is over, after failures ever more seldom (1 s to 5 min, with jitter),
 * and when somebody asks for it. They touch neither the store nor the shared memory: what they got
 * is taken from here. A slow issuer holds up no other as long as there are threads.
 */
#ifndef MOD_ZTA_HELPER_FETCHER_H
#define MOD_ZTA_HELPER_FETCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mod_zta/helper/fetch.h"
#include "shared/base/status.h"

struct mod_zta_fetcher;

/* One attempt that has ended. */
struct mod_zta_fetch_result {
    size_t issuer;                  /* index */
    int64_t ticket;                 /* of the ask that it answers; 0: it came by itself */
    int64_t next_s;                 /* real time of the next attempt */
    uint32_t n_failures;            /* in a row */
    struct mod_zta_fetched fetched; /* its jwks is the taker's to free() */
};

/* issuers are borrowed; those that are not fetched are left alone. ZTA_NO_MEMORY, ZTA_IO. */
enum zta_status mod_zta_fetcher_open(const struct mod_zta_fetch_issuer *issuers, size_t n,
                                     const char *ca_file,
                                     struct mod_zta_fetcher **fetcher) ZTA_MUST_CHECK;
/* Ends the threads, within a second or two whatever they wait for. */
void mod_zta_fetcher_close(struct mod_zta_fetcher **fetcher);

/* An attempt as soon as may be, after one under way; ticket names it in the result, not 0. */
void mod_zta_fetcher_ask(struct mod_zta_fetcher *fetcher, size_t issuer, int64_t ticket);
/* The result of one attempt; false when there is none. An issuer is not asked again before. */
bool mod_zta_fetcher_take(struct mod_zta_fetcher *fetcher, struct mod_zta_fetch_result *result);

#endif
