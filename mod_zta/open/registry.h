/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests that this process is answering, so that one whose credential ends meanwhile can be
 * cut. Entries lie in the requests' own memory. A request pays for two uncontended locks of its
 * thread's own list; the cutter holds an entry while it looks at it, and only who ends that very
 * request meanwhile waits, for microseconds.
 */
#ifndef MOD_ZTA_OPEN_REGISTRY_H
#define MOD_ZTA_OPEN_REGISTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/open/socket.h"
#include "shared/base/net.h"
#include "shared/decision.h"
#include "shared/identity.h"
#include "shared/stance.h"

#define MOD_ZTA_CUT_DETAIL_MAX 96

/* For what the entry was found to stand: compared, never ordered. */
struct mod_zta_open_stamp {
    uint64_t revocations;
    uint64_t blocks;
    uint64_t keys;
    uint64_t signals;
    uint64_t policy_txn; /* measures are looked up again when anything was committed */
    uint64_t state_txn;
};

/* Zeroed, then what stands under "given" set, it is ready for mod_zta_open_begin. */
struct mod_zta_open {
    /* Given, unchanged from begin to end. */
    const struct zta_identity *identity; /* NULL: none entered */
    struct zta_text device; /* whatever else than the identity named it; absent: unknown */
    struct zta_addr addr;
    struct zta_stance stance;
    int64_t leeway_s;                    /* of the identity's issuer */
    int64_t fleet_s;                     /* ZTAFailure fleet= that holds here; 0: any age */
    int64_t started_ns;                  /* monotonic */
    bool is_held_to_address;             /* blocks of addresses are enforced */
    const struct mod_zta_socket *client; /* NULL: the client's connection has other requests, too */
    atomic_bool *is_over;                /* set when it is cut; NULL: nobody asks */

    /* The connection to the back end, while it is this request's. */
    const struct mod_zta_socket *_Atomic origin;

    /* The cutter's, while it holds the entry; to be read behind the end. */
    struct mod_zta_open_stamp stamp;
    int64_t doomed_ns;   /* when a reason was first found; 0: none yet */
    enum zta_reason cut; /* ZTA_REASON_UNJUDGED (zero): it is not */
    char detail[MOD_ZTA_CUT_DETAIL_MAX];

    /* The registry's. */
    struct mod_zta_open *previous;
    struct mod_zta_open *next;
    uint32_t list;
    bool is_listed;
    atomic_bool is_held;
};

/* Once for each entry, by the thread that answers the request. */
void mod_zta_open_begin(struct mod_zta_open *open);
/* By any thread, any number of times. Behind it the entry is the caller's alone. */
void mod_zta_open_end(struct mod_zta_open *open);

/* From here on the connection is this request's; clear it before another request can have it. */
void mod_zta_open_origin_set(struct mod_zta_open *open, const struct mod_zta_socket *origin);
void mod_zta_open_origin_clear(struct mod_zta_open *open);

/* Calls fn for each entry, which it holds meanwhile. By one thread. */
typedef void (*mod_zta_open_fn)(void *context, struct mod_zta_open *open);
void mod_zta_open_each(mod_zta_open_fn fn, void *context);

/*
 * For a held entry: ends what leads to client and back end, or what has come to lead there since.
 * The first reason stays.
 */
void mod_zta_open_cut(struct mod_zta_open *open, enum zta_reason reason, const char *detail);

#endif
