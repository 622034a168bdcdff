/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens what a child needs once, after fork; a look is one renewed read transaction and its
 * generations.
 */
#include "mod_zta/child.h"

#include <ap_mpm.h>
#include <http_config.h>
#include <http_log.h>

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "mod_zta/block.h"
#include "mod_zta/config.h"
#include "mod_zta/keys.h"
#include "mod_zta/rules.h"
#include "shared/base/clock.h"
#include "shared/base/digests.h"
#include "shared/live/mailbox.h"
#include "shared/store/blocks.h"
#include "shared/store/fleet.h"
#include "shared/store/measures.h"
#include "shared/store/recall.h"
#include "shared/store/revocations.h"

APLOG_USE_MODULE(zta);

#define N_DIGESTS 16384 /* 2 MB, where so many tokens are met */

static struct zta_segment *segment;
static uint32_t incarnation;
static struct zta_store *store;
static struct zta_digests *digests;

/*
 * What policy/ said in the latest transaction that was read: what ZTAFailure stale judges by.
 * Written under the lock when the transaction has moved, which is when an operator changed
 * something.
 */
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;
static struct zta_generations known_generations;
static bool known_blocks;             /* of any kind that operators set */
static bool known_devices;            /* revocations of them */
static _Atomic int64_t known_as_of_s; /* zta_fleet_as_of */
static _Atomic uint64_t known_txn;

/* Likewise of state/, where the helper writes all the time: measures of rules and transmitters. */
static bool known_measures;
static _Atomic uint64_t known_state_txn;
static _Atomic int64_t last_read_ns;

/* For each environment its latest transaction that was looked at, and in bit 0 what was seen. */
static _Atomic uint64_t measured[2];

/* Whether this child's files are still the store's: the helper may have opened others since. */
static _Atomic int64_t checked_ns;
static _Atomic bool is_replaced;

struct zta_segment *mod_zta_segment(void)
{
    return segment;
}

void mod_zta_segment_set(struct zta_segment *new_segment)
{
    segment = new_segment;
}

uint32_t mod_zta_child_incarnation(void)
{
    return incarnation;
}

void mod_zta_child_digest(struct zta_text token, struct zta_sha256 *digest)
{
    (void)zta_digests_get(digests, token, digest);
}

static apr_status_t end_child(void *unused)
{
    zta_digests_close(&digests);
    zta_store_close(&store);
    zta_segment_child_end(segment, (int32_t)getpid());
    return APR_SUCCESS;
}

void mod_zta_child_begin(apr_pool_t *pchild, server_rec *s)
{
    const struct mod_zta_global *global = mod_zta_global();
    struct zta_error error = {.status = ZTA_OK, .text = ""};

    if (segment == NULL || !global->is_governed || global->store_dir == NULL) {
        return;
    }
    mod_zta_block_child_begin(pchild);
    digests = zta_digests_open(N_DIGESTS); /* NULL: they are made each time */
    apr_pool_cleanup_register(pchild, NULL, end_child, apr_pool_cleanup_null);
    if (zta_segment_child_begin(segment, (int32_t)getpid(), &incarnation) != ZTA_OK) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                     "ZTA0020: more than %d children at once: the events of this one are dropped",
                     ZTA_CHILDREN_MAX);
    }
    zta_segment_populate(segment);
    if (zta_store_open(global->store_dir, ZTA_STORE_CHILD, global->store_size, &store, &error) !=
        ZTA_OK) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "ZTA0021: store %s: %s; ZTAFailure decides",
                     global->store_dir, error.text);
        store = NULL;
    }
    if (store != NULL) {
        int n_threads = 0;
        (void)ap_mpm_query(AP_MPMQ_MAX_THREADS, &n_threads);
        zta_store_remember(store, n_threads > 0 ? (unsigned)n_threads : 1);
    }
    mod_zta_keys_begin(store);
    mod_zta_rules_begin(pchild, s, store);
}

/* Once a second, by whichever thread comes first. */
static bool is_store_ours(int64_t now_ns)
{
    int64_t then_ns = atomic_load_explicit(&checked_ns, memory_order_relaxed);
    if (now_ns - then_ns >= ZTA_NS_PER_S &&
        atomic_compare_exchange_strong(&checked_ns, &then_ns, now_ns)) {
        struct zta_error error = {.status = ZTA_OK, .text = ""};
        atomic_store(&is_replaced, zta_store_health(store, &error) != ZTA_OK);
    }
    return !atomic_load(&is_replaced);
}

/* What the helper lost the child looks for itself before it goes on, be it in the same second. */
static bool has_helper_found_it(void)
{
    const bool is_found = zta_segment_store_health(segment) == ZTA_OK;
    if (!is_found) {
        atomic_store(&checked_ns, 0);
    }
    return is_found;
}

/* Reads what a look is about, and keeps it for looks that find no store. */
static enum zta_status read_policy(struct mod_zta_look *look)
{
    uint64_t n_blocks;
    int64_t as_of_s = 0;
    bool has_holds = false;
    uint64_t txn = zta_view_policy_txn(look->view);
    enum zta_status status = zta_view_generations(look->view, &look->generations);
    if (status != ZTA_OK || txn <= atomic_load_explicit(&known_txn, memory_order_relaxed)) {
        return status;
    }
    status = zta_block_count(look->view, &n_blocks);
    if (status == ZTA_OK) {
        status = zta_measures_exist(look->view, true, &has_holds);
    }
    if (status == ZTA_OK) {
        status = zta_fleet_as_of(look->view, &as_of_s);
    }
    (void)pthread_mutex_lock(&known_lock);
    if (status == ZTA_OK && txn > atomic_load(&known_txn)) {
        known_generations = look->generations;
        known_blocks = n_blocks > 0 || has_holds;
        known_devices = zta_revocation_has_devices(look->view);
        atomic_store(&known_as_of_s, as_of_s);
        atomic_store(&known_txn, txn);
    }
    (void)pthread_mutex_unlock(&known_lock);
    return status;
}

static enum zta_status read_state(const struct mod_zta_look *look)
{
    bool has_measures;
    const uint64_t txn = zta_view_state_txn(look->view);
    if (txn <= atomic_load_explicit(&known_state_txn, memory_order_relaxed)) {
        return ZTA_OK;
    }
    enum zta_status status = zta_measures_exist(look->view, false, &has_measures);
    (void)pthread_mutex_lock(&known_lock);
    if (status == ZTA_OK && txn > atomic_load(&known_state_txn)) {
        known_measures = has_measures;
        atomic_store(&known_state_txn, txn);
    }
    (void)pthread_mutex_unlock(&known_lock);
    return status;
}

/* What was found in a transaction holds for it, whoever found it. */
static enum zta_status read_measures(struct mod_zta_look *look, bool are_operators, uint64_t txn)
{
    const uint64_t word = atomic_load_explicit(&measured[are_operators], memory_order_relaxed);
    bool do_stand = (word & 1) != 0;
    enum zta_status status = ZTA_OK;
    if (word >> 1 != txn) {
        status = zta_measures_stand(look->view, are_operators, &do_stand);
        if (status == ZTA_OK) {
            atomic_store_explicit(&measured[are_operators], txn << 1 | do_stand,
                                  memory_order_relaxed);
        }
    }
    look->has_measures = look->has_measures || do_stand;
    return status;
}

static enum zta_status read_look(struct mod_zta_look *look)
{
    enum zta_status status = read_policy(look);
    if (status == ZTA_OK) {
        status = read_state(look);
    }
    if (status == ZTA_OK) {
        status = read_measures(look, true, zta_view_policy_txn(look->view));
    }
    if (status == ZTA_OK) {
        status = read_measures(look, false, zta_view_state_txn(look->view));
    }
    return status;
}

void mod_zta_look_begin(struct mod_zta_look *look, int64_t now_ns)
{
    *look = (struct mod_zta_look){
        .view = NULL, .now_ns = now_ns, .signals = zta_signals_generation(segment)};
    bool is_blind = look->signals > 0 && !mod_zta_has_whole_store();
    if (store != NULL && !is_blind && has_helper_found_it() && is_store_ours(now_ns) &&
        zta_view_begin(store, &look->view) == ZTA_OK) {
        if (read_look(look) == ZTA_OK) {
            look->fleet_as_of_s = atomic_load_explicit(&known_as_of_s, memory_order_relaxed);
            atomic_store_explicit(&last_read_ns, now_ns, memory_order_relaxed);
            return;
        }
        zta_view_end(&look->view);
    }
    zta_counter_add(segment, ZTA_COUNTER_STORE_ERRORS, 1);
    (void)pthread_mutex_lock(&known_lock);
    look->generations = known_generations;
    look->had_blocks = known_blocks;
    look->had_devices = known_devices;
    look->had_measures = known_measures;
    (void)pthread_mutex_unlock(&known_lock);
    look->fleet_as_of_s = atomic_load_explicit(&known_as_of_s, memory_order_relaxed);
    look->last_read_ns = atomic_load_explicit(&last_read_ns, memory_order_relaxed);
}

void mod_zta_child_keep_snapshots(void)
{
    if (store != NULL) {
        zta_store_keep_snapshots(store);
    }
}

void mod_zta_child_let_go(void)
{
    if (store != NULL) {
        zta_store_let_go(store);
    }
}

enum zta_status mod_zta_child_usage(bool is_policy, struct zta_store_usage *usage)
{
    return store == NULL ? ZTA_IO : zta_store_usage(store, is_policy, usage);
}

bool mod_zta_has_whole_store(void)
{
    return store != NULL && zta_store_is_complete(store);
}

void mod_zta_look_end(struct mod_zta_look *look)
{
    if (look->view != NULL) {
        zta_view_end(&look->view);
    }
}
