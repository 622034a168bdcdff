/* SPDX-License-Identifier: Apache-2.0 */
/* A plain sequence of parts, each of one source; what one side of a request knows, all know. */
#include "mod_zta/context.h"

#include "mod_zta/behaviour.h"
#include "mod_zta/device.h"
#include "mod_zta/geo.h"
#include "shared/base/clock.h"

#include <string.h>

/* A clock that is behind makes nothing younger than new. */
static struct zta_provenance from_file(const struct zta_geo_found *found, int64_t now_s)
{
    int64_t age_s = now_s > found->built_s ? now_s - found->built_s : 0;
    return (struct zta_provenance){.source = ZTA_SOURCE_GEO_FILE,
                                   .age_s = age_s > UINT32_MAX ? UINT32_MAX : (uint32_t)age_s};
}

static void gather_country(request_rec *r, struct mod_zta_request *request)
{
    struct zta_context *context = &request->context;
    struct zta_geo_found found;
    mod_zta_geo_find(r, &request->facts.addr, ZTA_GEO_COUNTRY, &found);
    if (found.fact.country[0] != '\0') {
        memcpy(request->country, found.fact.country, sizeof(request->country));
        context->country = zta_text_of(request->country);
        context->at = found.fact.at;
        context->country_from = from_file(&found, request->arrived_ns / ZTA_NS_PER_S);
    }
}

static void gather_asn(request_rec *r, struct mod_zta_request *request)
{
    struct zta_context *context = &request->context;
    struct zta_geo_found found;
    mod_zta_geo_find(r, &request->facts.addr, ZTA_GEO_ASN, &found);
    if (found.fact.asn != 0) {
        context->asn = found.fact.asn;
        context->asn_from = from_file(&found, request->arrived_ns / ZTA_NS_PER_S);
    }
}

void mod_zta_context_gather(request_rec *r, struct mod_zta_request *request,
                            const struct mod_zta_dir *dir, const struct zta_stance *stance,
                            const struct mod_zta_look *look)
{
    request->facts.context = &request->context;
    if (stance->modes[ZTA_FEATURE_GEO] != ZTA_MODE_OFF) {
        gather_country(r, request);
    }
    if (stance->modes[ZTA_FEATURE_NETWORK] != ZTA_MODE_OFF) {
        gather_asn(r, request);
    }
    if (stance->modes[ZTA_FEATURE_DEVICE] != ZTA_MODE_OFF) {
        mod_zta_device_gather(r, request, dir, look);
    }
    if (stance->modes[ZTA_FEATURE_BEHAVIOUR] != ZTA_MODE_OFF) {
        mod_zta_behaviour_gather(request, stance, look);
    }
}
