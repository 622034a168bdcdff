/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens what a child needs once, after fork; a look is one renewed read transaction and its
 * generations.
 */
#include "mod_zta/child.h"

#include <http_config.h>
#include <http_log.h>

#include <stdatomic.h>
#include <unistd.h>

#include "mod_zta/config.h"

APLOG_USE_MODULE(zta);

static struct zta_segment *segment;
static uint32_t incarnation;
static struct zta_store *store;

/* What policy/ said at the last look that worked: what ZTAFailure stale judges by. */
static _Atomic uint64_t known_revocations;
static _Atomic int64_t last_read_ns;

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

static apr_status_t end_child(void *unused)
{
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
    apr_pool_cleanup_register(pchild, NULL, end_child, apr_pool_cleanup_null);
    if (zta_segment_child_begin(segment, (int32_t)getpid(), &incarnation) != ZTA_OK) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                     "ZTA0020: more than %d children at once: the events of this one are dropped",
                     ZTA_CHILDREN_MAX);
    }
    if (zta_store_open(global->store_dir, ZTA_STORE_CHILD, global->store_size, &store, &error) !=
        ZTA_OK) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "ZTA0021: store %s: %s; ZTAFailure decides",
                     global->store_dir, error.text);
        store = NULL;
    }
}

void mod_zta_look_begin(struct mod_zta_look *look, int64_t now_ns)
{
    *look = (struct mod_zta_look){.view = NULL};
    if (store != NULL && zta_segment_store_health(segment) == ZTA_OK &&
        zta_view_begin(store, &look->view) == ZTA_OK) {
        if (zta_view_generations(look->view, &look->generations) == ZTA_OK) {
            atomic_store_explicit(&known_revocations, look->generations.revocations,
                                  memory_order_relaxed);
            atomic_store_explicit(&last_read_ns, now_ns, memory_order_relaxed);
            return;
        }
        zta_view_end(&look->view);
    }
    zta_counter_add(segment, ZTA_COUNTER_STORE_ERRORS, 1);
    look->generations.revocations = atomic_load_explicit(&known_revocations, memory_order_relaxed);
    look->last_read_ns = atomic_load_explicit(&last_read_ns, memory_order_relaxed);
}

void mod_zta_look_end(struct mod_zta_look *look)
{
    if (look->view != NULL) {
        zta_view_end(&look->view);
    }
}
