/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's part: memory that outlives graceful restarts, and processes that do not. */
#include "mod_zta/lifecycle.h"

#include <http_config.h>
#include <http_core.h>
#include <http_log.h>

#include <errno.h>
#include <sys/mman.h>

#include "mod_zta/assertion.h"
#include "mod_zta/binding.h"
#include "mod_zta/child.h"
#include "mod_zta/config.h"
#include "mod_zta/cutter.h"
#include "mod_zta/device.h"
#include "mod_zta/geo.h"
#include "mod_zta/helper/main.h"
#include "mod_zta/introspect.h"
#include "mod_zta/load.h"
#include "mod_zta/log.h"
#include "mod_zta/notify.h"
#include "mod_zta/output/ids.h"
#include "mod_zta/output/problem.h"
#include "mod_zta/posture_config.h"
#include "mod_zta/retained.h"
#include "mod_zta/transmitter_config.h"
#include "mod_zta/tunnel.h"
#include "shared/base/clock.h"

APLOG_USE_MODULE(zta);

int mod_zta_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    mod_zta_global_reset(pconf);
    mod_zta_problem_register();
    mod_zta_ids_register();
    mod_zta_tunnel_register();
    return OK;
}

static apr_status_t close_segment(void *unused)
{
    struct zta_segment *segment = mod_zta_segment();
    zta_segment_close(&segment);
    mod_zta_segment_set(NULL);
    return APR_SUCCESS;
}

/* Maps and formats a new segment, whose life is that of the parent. */
static enum zta_status create_segment(uint64_t size, struct zta_segment **segment,
                                      struct zta_error *error)
{
    struct mod_zta_retained *retained = mod_zta_retained();
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        return zta_error_set(error, ZTA_NO_MEMORY,
                             "no shared memory of %" APR_UINT64_T_FMT " bytes (errno %d)", size,
                             errno);
    }
    enum zta_status status = zta_segment_create(base, size, segment, error);
    if (status != ZTA_OK) {
        munmap(base, size);
        return status;
    }
    retained->segment_base = base;
    retained->segment_size = size;
    return ZTA_OK;
}

/* The first start makes the segment; later configurations attach to what is there. */
static enum zta_status open_segment(server_rec *s, struct zta_segment **segment,
                                    struct zta_error *error)
{
    struct mod_zta_retained *retained = mod_zta_retained();
    uint64_t size = mod_zta_global()->segment_size;
    if (retained->segment_base == NULL) {
        return create_segment(size, segment, error);
    }
    if (retained->segment_size != size) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s,
                     "ZTA0060: ZTASharedMemory changes at the next stop and start; "
                     "%" APR_UINT64_T_FMT " bytes stay in use",
                     retained->segment_size);
    }
    enum zta_status status =
        zta_segment_attach(retained->segment_base, retained->segment_size, segment, error);
    if (status != ZTA_VERSION && status != ZTA_CORRUPT) {
        return status;
    }
    /* Another release of the module was installed and httpd restarted, or a child spoilt what it
     * can write: the server goes on, only what the former children still publish is lost with
     * their memory. */
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                 "ZTA0062: shared memory: %s; a new, empty one is used from here on", error->text);
    return create_segment(size, segment, error);
}

/* Where this configuration's processes tell each other about its issuers. */
static enum zta_status claim_issuers(struct zta_segment *segment, apr_pool_t *ptemp)
{
    const apr_array_header_t *issuers = mod_zta_global()->issuers;
    const apr_array_header_t *postures = mod_zta_global()->postures;
    const apr_array_header_t *transmitters = mod_zta_global()->transmitters;
    const size_t most =
        (size_t)issuers->nelts + (size_t)postures->nelts + (size_t)transmitters->nelts;
    uint64_t *sources = apr_palloc(ptemp, sizeof(*sources) * (most + 1));
    size_t n = 0;
    for (int i = 0; i < issuers->nelts; i++) {
        sources[n++] = APR_ARRAY_IDX(issuers, i, struct mod_zta_issuer_config *)->source;
    }
    for (int i = 0; i < postures->nelts; i++) {
        sources[n++] = APR_ARRAY_IDX(postures, i, struct mod_zta_posture_config *)->keys.source;
    }
    for (int i = 0; i < transmitters->nelts; i++) {
        sources[n++] =
            APR_ARRAY_IDX(transmitters, i, struct mod_zta_transmitter_config *)->keys.source;
    }
    return zta_issuers_claim(segment, sources, n, mod_zta_retained()->generation);
}

int mod_zta_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    struct mod_zta_global *global = mod_zta_global();
    struct zta_segment *segment = NULL;
    struct zta_error error = {.status = ZTA_OK, .text = ""};

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG ||
        ap_state_query(AP_SQ_RUN_MODE) != AP_SQ_RM_NORMAL) {
        return OK;
    }
    mod_zta_retained()->generation++;
    mod_zta_load_retain();
    if (!global->is_governed || global->store_dir == NULL) {
        return OK;
    }
    if (open_segment(s, &segment, &error) != ZTA_OK) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "ZTA0061: shared memory: %s", error.text);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    mod_zta_segment_set(segment);
    apr_pool_cleanup_register(pconf, NULL, close_segment, apr_pool_cleanup_null);
    if (claim_issuers(segment, ptemp) != ZTA_OK) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "ZTA0063: more than %d issuers in two configurations: keys of the last ones "
                     "are not renewed until the next restart",
                     ZTA_ISSUERS_MAX);
    }
    mod_zta_geo_start(s);
    zta_segment_config_generation_set(segment, mod_zta_retained()->generation);
    mod_zta_notify_open(pconf, s);
    mod_zta_log_open(pconf, s);
    return mod_zta_helper_start(pconf, s);
}

void mod_zta_child_init(apr_pool_t *pchild, server_rec *s)
{
    mod_zta_child_begin(pchild, s);
    mod_zta_binding_child_begin(pchild);
    mod_zta_device_child_begin(pchild);
    mod_zta_assertion_child_begin(pchild);
    mod_zta_introspect_child_begin(pchild, s);
    mod_zta_geo_child_begin(pchild, s);
    mod_zta_cutter_begin(pchild, s);
}

void mod_zta_child_status(server_rec *s, pid_t pid, ap_generation_t generation, int slot,
                          mpm_child_status state)
{
    if (mod_zta_segment() != NULL && state != MPM_CHILD_STARTED) {
        zta_segment_child_end(mod_zta_segment(), (int32_t)pid);
    }
}
