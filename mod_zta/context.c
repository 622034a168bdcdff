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

static void fill_country(struct mod_zta_request *request, const struct zta_geo_found *found)
{
    struct zta_context *context = &request->context;
    if (found->fact.country[0] != '\0') {
        memcpy(request->country, found->fact.country, sizeof(request->country));
        context->country = zta_text_of(request->country);
        context->at = found->fact.at;
        context->country_from = from_file(found, request->arrived_ns / ZTA_NS_PER_S);
    }
}

static void fill_asn(struct mod_zta_request *request, const struct zta_geo_found *found)
{
    struct zta_context *context = &request->context;
    if (found->fact.asn != 0) {
        context->asn = found->fact.asn;
        context->asn_from = from_file(found, request->arrived_ns / ZTA_NS_PER_S);
    }
}

static void gather_geo(request_rec *r, struct mod_zta_request *request,
                       const struct zta_stance *stance)
{
    struct zta_geo_found found[ZTA_N_GEO_KINDS];
    const bool asks_country = stance->modes[ZTA_FEATURE_GEO] != ZTA_MODE_OFF;
    const bool asks_asn = stance->modes[ZTA_FEATURE_NETWORK] != ZTA_MODE_OFF;
    const unsigned kinds =
        (asks_country ? 1u << ZTA_GEO_COUNTRY : 0) | (asks_asn ? 1u << ZTA_GEO_ASN : 0);
    if (kinds != 0) {
        mod_zta_geo_find(r, &request->facts.addr, kinds, found);
        fill_country(request, &found[ZTA_GEO_COUNTRY]);
        fill_asn(request, &found[ZTA_GEO_ASN]);
    }
}

void mod_zta_context_gather(request_rec *r, struct mod_zta_request *request,
                            const struct mod_zta_dir *dir, const struct zta_stance *stance,
                            const struct mod_zta_look *look)
{
    request->facts.context = &request->context;
    gather_geo(r, request, stance);
    if (stance->modes[ZTA_FEATURE_DEVICE] != ZTA_MODE_OFF) {
        mod_zta_device_gather(r, request, dir, look);
    }
    if (stance->modes[ZTA_FEATURE_BEHAVIOUR] != ZTA_MODE_OFF) {
        mod_zta_behaviour_gather(request, stance, look);
    }
}
