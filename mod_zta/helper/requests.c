/* SPDX-License-Identifier: Apache-2.0 */
/* One change does all that wait, and says so; what fails is tried again with the next one. */
#include "mod_zta/helper/requests.h"

#include "mod_zta/helper/observer_priv.h"
#include "mod_zta/helper/verification.h"
#include "shared/base/clock.h"
#include "shared/live/limits.h"
#include "shared/store/erasures.h"
#include "shared/store/requests.h"

struct doing {
    struct mod_zta_observer *observer;
    struct zta_change *change;
    uint64_t last;
    uint64_t n;
    enum zta_status status;
};

static bool see(void *context, const struct zta_request *request)
{
    bool *is_waiting = context;
    *is_waiting = true;
    return false;
}

void mod_zta_requests_look(struct mod_zta_observer *observer, int64_t now_mono_ns)
{
    struct mod_zta_requests *requests = &observer->requests;
    struct zta_view *view = NULL;
    uint64_t done = 0;
    if (requests->is_waiting || now_mono_ns < requests->next_ns) {
        return;
    }
    requests->next_ns = now_mono_ns + ZTA_NS_PER_S;
    if (zta_view_begin(observer->store, &view) != ZTA_OK) {
        return; /* health is told elsewhere */
    }
    if (zta_requests_done(view, &done) != ZTA_OK ||
        zta_request_each(view, done, see, &requests->is_waiting) != ZTA_OK) {
        requests->is_waiting = false;
    }
    zta_view_end(&view);
}

bool mod_zta_requests_wait(const struct mod_zta_observer *observer)
{
    return observer->requests.is_waiting;
}

/*
 * What is usual goes now, while what was in memory of it stands in this change; the rest a piece a
 * second. One that says nothing of use has no effect.
 */
static enum zta_status begin_erasure(struct zta_change *change, const struct zta_request *request)
{
    struct zta_erasure erasure = {.until_ns = (int64_t)request->number};
    if (zta_hex_decode(request->name, erasure.who.bytes, sizeof erasure.who.bytes) != ZTA_OK) {
        return ZTA_OK;
    }
    const enum zta_status status = zta_baselines_erase(change, &erasure);
    return status == ZTA_OK ? zta_erasure_put(change, &erasure) : status;
}

static enum zta_status begin_pruning(struct zta_change *change, const struct zta_request *request)
{
    int64_t before_s;
    return zta_time_parse(request->name, &before_s) == ZTA_OK
               ? zta_prune_order_put(change, before_s)
               : ZTA_OK;
}

static bool do_one(void *context, const struct zta_request *request)
{
    struct doing *doing = context;
    switch (request->kind) {
    case ZTA_REQUEST_FORGET:
        doing->status = zta_baseline_remove(doing->change, request->issuer, request->subject);
        doing->status = doing->status == ZTA_NOT_FOUND ? ZTA_OK : doing->status;
        break;
    case ZTA_REQUEST_FORGET_ALL:
        doing->status = zta_baselines_clear(doing->change);
        break;
    case ZTA_REQUEST_RESET_LIMITS:
        /* Once more, where the change fails, does no harm. */
        zta_limits_reset(doing->observer->options.segment, request->name);
        break;
    case ZTA_REQUEST_VERIFY:
        doing->status =
            mod_zta_verification_want(doing->change, &doing->observer->options, request->name,
                                      zta_clock_real_ns() / ZTA_NS_PER_S);
        break;
    case ZTA_REQUEST_ERASE:
        doing->status = begin_erasure(doing->change, request);
        break;
    case ZTA_REQUEST_PRUNE:
        doing->status = begin_pruning(doing->change, request);
        break;
    case ZTA_N_REQUEST_KINDS:
        break; /* no record has it */
    }
    doing->last = request->number;
    doing->n++;
    return doing->status == ZTA_OK;
}

enum zta_status mod_zta_requests_do(struct mod_zta_observer *observer, struct zta_change *change)
{
    struct doing doing = {.observer = observer, .change = change, .status = ZTA_OK};
    struct zta_view *view = NULL;
    uint64_t done = 0;
    enum zta_status status = zta_view_begin(observer->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_requests_done(view, &done);
    if (status == ZTA_OK) {
        status = zta_request_each(view, done, do_one, &doing);
    }
    zta_view_end(&view);
    status = status == ZTA_OK ? doing.status : status;
    return status == ZTA_OK && doing.n > 0 ? zta_requests_set_done(change, doing.last) : status;
}

void mod_zta_requests_done(struct mod_zta_observer *observer)
{
    mod_zta_hot_table_empty(observer->baselines);
    observer->requests.is_waiting = false;
}
