/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate, posture, claim, in this order of strength, joined into one device. */
#include "mod_zta/identity/device_facts.h"

#include <stddef.h>

#include "shared/base/clock.h"

static uint32_t age_s(int64_t since_s, int64_t now_s)
{
    const int64_t age = now_s > since_s ? now_s - since_s : 0;
    return age > UINT32_MAX ? UINT32_MAX : (uint32_t)age;
}

static void answer(struct zta_answers *traits, enum zta_device_trait trait, bool is_yes)
{
    const unsigned bit = 1u << trait;
    traits->known = (uint8_t)(traits->known | bit);
    traits->yes = (uint8_t)((traits->yes & ~bit) | (is_yes ? bit : 0));
}

/* One no suffices, else one yes; whoever does not know says nothing. */
static void join(struct zta_answers *traits, const struct zta_answers *other)
{
    const unsigned no =
        (traits->known & ~(unsigned)traits->yes) | (other->known & ~(unsigned)other->yes);
    const unsigned yes = traits->yes | (unsigned)other->yes;
    traits->known = (uint8_t)(traits->known | other->known);
    traits->yes = (uint8_t)(yes & ~no);
}

static bool is_other(const struct zta_device *device, struct zta_text id)
{
    return device != NULL && !zta_text_equal(device->id, id);
}

static bool is_contradiction(const struct mod_zta_device_sources *sources)
{
    const struct zta_device *first = sources->by_certificate;
    if (first != NULL && sources->by_claim != NULL && is_other(first, sources->by_claim->id)) {
        return true;
    }
    if (sources->posture == NULL || !sources->is_bound) {
        return false;
    }
    const struct zta_text id = zta_text_of(sources->posture->device);
    return is_other(first, id) || is_other(sources->by_claim, id);
}

static void fill_owner(const struct mod_zta_device_sources *sources,
                       const struct zta_device *device, struct zta_answers *traits)
{
    const struct zta_identity *identity = sources->identity;
    if (!zta_text_is_absent(device->subject) && !zta_text_is_absent(identity->subject)) {
        answer(traits, ZTA_DEVICE_OWNER_MATCH,
               zta_text_equal(device->subject, identity->subject) &&
                   zta_text_equal(device->issuer, identity->issuer));
    }
}

/* Two systems are none; of one system the version of the moment counts. */
static void fill_os(const struct zta_device *device, const struct mod_zta_posture *posture,
                    struct zta_context *context)
{
    if (device != NULL) {
        context->os = device->os;
        context->os_version = device->os_version;
    }
    if (posture == NULL || posture->os[0] == '\0') {
        return;
    }
    const struct zta_text os = zta_text_of(posture->os);
    if (!zta_text_is_absent(context->os) && !zta_text_equal(context->os, os)) {
        context->os = context->os_version = (struct zta_text){.data = NULL};
        return;
    }
    context->os = os;
    if (posture->os_version[0] != '\0') {
        context->os_version = zta_text_of(posture->os_version);
    }
}

/* A statement that anybody could repeat says at most that its device is one of the inventory. */
static void fill_unbound(const struct mod_zta_device_sources *sources, struct zta_context *context)
{
    if (sources->posture != NULL && sources->by_posture != NULL) {
        context->device = sources->by_posture->id;
        answer(&context->traits, ZTA_DEVICE_KNOWN, true);
        context->device_from =
            (struct zta_provenance){.source = ZTA_SOURCE_POSTURE,
                                    .age_s = age_s(sources->posture->issued_s, sources->now_s)};
    }
}

bool mod_zta_device_facts_fill(const struct mod_zta_device_sources *sources,
                               struct zta_context *context)
{
    const struct mod_zta_posture *posture = sources->is_bound ? sources->posture : NULL;
    const struct zta_device *device = sources->by_certificate != NULL ? sources->by_certificate
                                      : posture != NULL               ? sources->by_posture
                                                                      : sources->by_claim;
    enum zta_fact_source source = sources->by_certificate != NULL ? ZTA_SOURCE_CERTIFICATE
                                  : posture != NULL               ? ZTA_SOURCE_POSTURE
                                                                  : ZTA_SOURCE_CLAIM;
    if (is_contradiction(sources)) {
        return false;
    }
    if (device == NULL && posture == NULL) {
        fill_unbound(sources, context);
        return true;
    }
    context->device = device != NULL ? device->id : zta_text_of(posture->device);
    answer(&context->traits, ZTA_DEVICE_KNOWN, true);
    answer(&context->traits, ZTA_DEVICE_ATTESTED, posture != NULL);
    if (device != NULL) {
        join(&context->traits, &device->traits);
        fill_owner(sources, device, &context->traits);
    }
    if (posture != NULL) {
        join(&context->traits, &posture->traits);
    }
    fill_os(device, posture, context);
    const int64_t since_s =
        source == ZTA_SOURCE_POSTURE ? posture->issued_s : device->changed_ns / ZTA_NS_PER_S;
    context->device_from =
        (struct zta_provenance){.source = source, .age_s = age_s(since_s, sources->now_s)};
    return true;
}
