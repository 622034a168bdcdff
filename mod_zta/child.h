/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one httpd child holds while it serves: its store handle, the shared memory and what it last
 * read of policy/. Made in child_init, shared by all its request threads.
 */
#ifndef MOD_ZTA_CHILD_H
#define MOD_ZTA_CHILD_H

#include <httpd.h>

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/live/segment.h"
#include "shared/store/env.h"

/* NULL when the module is inert. In the parent and in children after fork. */
struct zta_segment *mod_zta_segment(void);
/* Sets it; NULL on the way out of a configuration. */
void mod_zta_segment_set(struct zta_segment *segment);
/* Of this child; 0 in a process that is none or could not register. */
uint32_t mod_zta_child_incarnation(void);

/* What zta_sha256 gives, of a token: this child remembers those of the tokens that it met. */
void mod_zta_child_digest(struct zta_text token, struct zta_sha256 *digest);

/* The child_init hook's part: registers in the shared memory and opens the store. */
void mod_zta_child_begin(apr_pool_t *pchild, server_rec *s);

/* One look at the store for one judgement, with what it means for caches. */
struct mod_zta_look {
    struct zta_view *view; /* NULL: the store cannot be read */
    struct zta_generations generations;
    int64_t now_ns;        /* monotonic, when it began */
    bool has_measures;     /* some stand, whoever put them there */
    uint64_t signals;      /* zta_signals_generation, read before the view began */
    int64_t fleet_as_of_s; /* zta_fleet_as_of, as it was last read */
    /* Without a view, for ZTAFailure stale: */
    int64_t last_read_ns; /* monotonic, when the store was last read */
    bool had_blocks;      /* it held blocks then, which nobody can look up now */
    bool had_devices;     /* it held revocations of devices, likewise */
    bool had_measures;    /* and measures of rules or transmitters against somebody */
};

/*
 * Begins a look. When the store is missing, replaced or unreadable, view is NULL and generations
 * holds what was read last. Pair with mod_zta_look_end either way.
 */
void mod_zta_look_begin(struct mod_zta_look *look, int64_t now_ns);
void mod_zta_look_end(struct mod_zta_look *look);

/*
 * Lets looks take over the snapshots of those before them: for a child whose regular thread calls
 * the other a few times a second.
 */
void mod_zta_child_keep_snapshots(void);
void mod_zta_child_let_go(void);

/* Use of policy/ or of state/. ZTA_IO: the store is not open. */
enum zta_status mod_zta_child_usage(bool is_policy, struct zta_store_usage *usage) ZTA_MUST_CHECK;

/* False: this child's store lacks a table, so that it would not see what is put there. */
bool mod_zta_has_whole_store(void);

#endif
