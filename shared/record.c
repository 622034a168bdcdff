/* SPDX-License-Identifier: Apache-2.0 */
/* Writes facts, stance and decision into an event. */
#include "shared/record.h"

#include <string.h>

#include "shared/base/base64.h"
#include "shared/base/hash.h"

static void fill_decision(struct zta_event *event, const struct zta_decision *decision,
                          struct zta_text *texts)
{
    event->outcome = (uint8_t)decision->verdict.outcome;
    event->reason = (uint8_t)decision->verdict.reason;
    event->monitor_outcome = (uint8_t)decision->monitor.outcome;
    event->monitor_reason = (uint8_t)decision->monitor.reason;
    event->rule_line = decision->verdict.line;
    event->rule_source = decision->verdict.source;
    texts[ZTA_EVENT_RULE] = zta_text_of(decision->verdict.rule);
    if (decision->has_monitor) {
        event->flags |= ZTA_EVENT_MONITORED;
        texts[ZTA_EVENT_MONITOR_RULE] = zta_text_of(decision->monitor.rule);
    }
    texts[ZTA_EVENT_MISSING] = zta_text_of(decision->missing);
    texts[ZTA_EVENT_NEAREST] = zta_text_of(decision->nearest);
}

static void fill_identity(struct zta_event *event, const struct zta_identity *identity)
{
    size_t size = 0;
    memcpy(event->inputs, identity->inputs, sizeof event->inputs);
    if (!zta_text_is_absent(identity->certificate) &&
        (zta_base64url_decode(identity->certificate, event->certificate, sizeof event->certificate,
                              &size) != ZTA_OK ||
         size != sizeof event->certificate)) {
        memset(event->certificate, 0, sizeof event->certificate);
    }
}

static struct zta_text os_text(const struct zta_context *context, char storage[ZTA_RECORD_OS_MAX])
{
    struct zta_buffer os;
    if (zta_text_is_absent(context->os)) {
        return context->os;
    }
    zta_buffer_init(&os, storage, ZTA_RECORD_OS_MAX);
    zta_buffer_text(&os, context->os);
    if (!zta_text_is_absent(context->os_version)) {
        zta_buffer_string(&os, " ");
        zta_buffer_text(&os, context->os_version);
    }
    return (struct zta_text){.data = storage, .len = os.len};
}

static void fill_context(struct zta_event *event, const struct zta_context *context)
{
    struct zta_event_context *kept = &event->context;
    const struct zta_provenance *from[] = {&context->country_from, &context->asn_from,
                                           &context->device_from, &context->usual_from};
    if (context->country.len == sizeof kept->country) {
        memcpy(kept->country, context->country.data, sizeof kept->country);
    }
    kept->asn = context->asn;
    event->risk.latitude = context->at.latitude;
    event->risk.longitude = context->at.longitude;
    event->risk.radius_km = context->at.radius_km;
    kept->traits_known = context->traits.known;
    kept->traits_yes = context->traits.yes;
    kept->usual_known = context->usual.known;
    kept->usual_yes = context->usual.yes;
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        kept->sources[i] = (uint8_t)from[i]->source;
        kept->ages_s[i] = from[i]->age_s;
    }
}

static void fill_risk(struct zta_event *event, const struct zta_risk_facts *risk)
{
    event->risk.score = risk->score;
    event->risk.signals = risk->signals;
    event->risk.newest_s = risk->newest_s;
    event->risk.threat = (uint8_t)risk->threat;
}

static uint8_t replay_flags(const struct zta_recorded *recorded)
{
    unsigned flags = ZTA_REPLAY_RECORDED;
    flags |= recorded->has_reached_rules ? ZTA_REPLAY_REACHED_RULES : 0;
    flags |= recorded->is_noted ? ZTA_REPLAY_NOTED : 0;
    flags |= recorded->is_several ? ZTA_REPLAY_SEVERAL : 0;
    flags |= recorded->stance->allows_by_default ? ZTA_REPLAY_DEFAULT_ALLOW : 0;
    flags |= recorded->facts->identity != NULL ? ZTA_REPLAY_IDENTITY : 0;
    flags |= recorded->facts->context != NULL ? ZTA_REPLAY_CONTEXT : 0;
    flags |= recorded->facts->risk != NULL ? ZTA_REPLAY_RISK : 0;
    return (uint8_t)flags;
}

void zta_record_fill(struct zta_event *event, const struct zta_recorded *recorded,
                     struct zta_text texts[ZTA_N_EVENT_TEXTS], char os[ZTA_RECORD_OS_MAX])
{
    const struct zta_facts *facts = recorded->facts;
    fill_decision(event, recorded->decision, texts);
    event->addr = facts->addr;
    event->content_length = facts->content_length;
    event->stage = recorded->stance->stage;
    event->monitor = recorded->stance->monitor;
    event->modes = zta_event_pack_modes(recorded->stance);
    event->replay = replay_flags(recorded);
    texts[ZTA_EVENT_METHOD] = facts->method;
    texts[ZTA_EVENT_HOST] = facts->host;
    texts[ZTA_EVENT_PATH] = facts->path;
    texts[ZTA_EVENT_ROUTE] = facts->route;
    texts[ZTA_EVENT_AGENT] = facts->agent;
    texts[ZTA_EVENT_CONTENT_TYPE] = facts->content_type;
    if (facts->identity != NULL) {
        fill_identity(event, facts->identity);
    }
    if (facts->risk != NULL) {
        fill_risk(event, facts->risk);
    }
    if (facts->context != NULL) {
        fill_context(event, facts->context);
        texts[ZTA_EVENT_DEVICE] = facts->context->device;
        texts[ZTA_EVENT_OS] = os_text(facts->context, os);
    }
}

uint16_t zta_record_account(struct zta_text claimed)
{
    if (zta_text_is_absent(claimed)) {
        return 0;
    }
    /* No secret: who crafts an equal one is counted once. */
    static const struct zta_siphash_key key = {.k0 = 0x7a74612d6163636f, .k1 = 0x756e742d68617368};
    const uint16_t account = (uint16_t)zta_siphash(&key, claimed.data, claimed.len);
    return account != 0 ? account : 1;
}
