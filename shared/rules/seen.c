/* SPDX-License-Identifier: Apache-2.0 */
/* What a request was like where a rule asked for something else, in words for the operator. */
#include "shared/rules/eval_priv.h"

#include "shared/base/clock.h"

#include <string.h>

enum {
    TEXT_MAX = 40, /* of what the client or its device says */
    ROOM = 512,    /* for all facts of a line, before they are cut */
    MINUTE_S = 60,
    HOUR_S = 3600,
    DAY_S = 86400,
};

/* Who shows it escapes again: what would need it is left out here. */
static void put_plain(struct zta_buffer *out, struct zta_text text)
{
    struct zta_text rest = {.data = text.data, .len = text.len < TEXT_MAX ? text.len : TEXT_MAX};
    while (rest.len > 0) {
        const size_t plain = zta_text_plain_len(rest);
        zta_buffer_append(out, rest.data, plain);
        size_t used = plain;
        if (plain < rest.len) {
            const size_t len = zta_utf8_len(rest.data + plain, rest.len - plain);
            used += len > 0 ? len : 1;
            zta_buffer_string(out, "?");
        }
        rest = (struct zta_text){.data = rest.data + used, .len = rest.len - used};
    }
    zta_buffer_string(out, text.len > TEXT_MAX ? "..." : "");
}

static void put_text(struct zta_buffer *out, struct zta_text text)
{
    if (zta_text_is_absent(text)) {
        zta_buffer_string(out, "unknown");
    }
    else {
        put_plain(out, text);
    }
}

/* In one unit that is not finer than it has to be. */
static int64_t coarse_age(int64_t age_s)
{
    const int64_t unit_s = age_s >= 2 * DAY_S      ? DAY_S
                           : age_s >= 2 * HOUR_S   ? HOUR_S
                           : age_s >= 2 * MINUTE_S ? MINUTE_S
                                                   : 1;
    return age_s - age_s % unit_s;
}

static void put_source(struct zta_buffer *out, const struct zta_provenance *from)
{
    char age[ZTA_DURATION_TEXT_MAX];
    if (from->source != ZTA_SOURCE_NONE) {
        zta_duration_print(coarse_age(from->age_s), age);
        zta_buffer_printf(out, ", %s of %s ago", zta_fact_source_name(from->source), age);
    }
}

static void put_device(struct zta_buffer *out, const struct zta_context *context)
{
    const unsigned held = context->traits.known & context->traits.yes;
    bool is_first = zta_text_is_absent(context->device);
    if (is_first && held == 0) {
        zta_buffer_string(out, "unknown");
    }
    if (!is_first) {
        put_plain(out, context->device);
    }
    for (unsigned i = 0; i < ZTA_N_DEVICE_TRAITS; i++) {
        if ((held & 1u << i) != 0) {
            zta_buffer_string(out, is_first ? "" : " ");
            zta_buffer_string(out, zta_device_trait_name((enum zta_device_trait)i));
            is_first = false;
        }
    }
    put_source(out, &context->device_from);
}

static void put_os(struct zta_buffer *out, const struct zta_context *context)
{
    put_text(out, context->os);
    if (!zta_text_is_absent(context->os_version)) {
        zta_buffer_string(out, " ");
        put_plain(out, context->os_version);
    }
    put_source(out, &context->device_from);
}

static void put_network(struct zta_buffer *out, const struct zta_facts *facts,
                        const struct zta_context *context)
{
    char addr[ZTA_CIDR_TEXT_MAX];
    zta_addr_print(&facts->addr, addr);
    zta_buffer_string(out, addr);
    if (context->asn != 0) {
        zta_buffer_printf(out, " asn:%lu", (unsigned long)context->asn);
        put_source(out, &context->asn_from);
    }
}

/* Of the habits that the condition asks about. */
static void put_behaviour(struct zta_buffer *out, const struct zta_context *context,
                          const struct zta_rule_cond *cond)
{
    const unsigned asked = cond->words | cond->words >> ZTA_N_HABITS;
    bool is_first = true;
    for (unsigned i = 0; i < ZTA_N_HABITS; i++) {
        if ((asked & context->usual.known & 1u << i) != 0) {
            zta_buffer_string(out, is_first ? "" : " ");
            zta_buffer_string(out, (context->usual.yes & 1u << i) != 0 ? "usual-" : "unusual-");
            zta_buffer_string(out, zta_habit_name((enum zta_habit)i));
            is_first = false;
        }
    }
    zta_buffer_string(out, is_first ? "unknown" : "");
    put_source(out, &context->usual_from);
}

/* How high the score is, or what made it so. */
static void put_risk(struct zta_buffer *out, const struct zta_risk_facts *risk, unsigned attribute)
{
    if (risk == NULL) {
        zta_buffer_string(out, "unknown");
    }
    else if (attribute == ZTA_ATTRIBUTE_RISK) {
        zta_buffer_printf(out, "risk %u", (unsigned)risk->score);
    }
    else if (attribute == ZTA_ATTRIBUTE_THREAT_LEVEL) {
        const char *name = zta_threat_level_name(risk->threat);
        zta_buffer_string(out, name != NULL ? name : "unknown");
    }
    else {
        const char *between = "";
        for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
            if ((risk->signals & 1u << i) != 0) {
                zta_buffer_printf(out, "%s%s", between, zta_risk_signal_info(i)->name);
                between = " ";
            }
        }
        zta_buffer_string(out, risk->signals == 0 ? "no signal" : "");
    }
}

static void put_fact(struct zta_buffer *out, const struct zta_facts *facts,
                     const struct zta_context *context, const struct zta_rule_cond *cond)
{
    switch (cond->attribute) {
    case ZTA_ATTRIBUTE_DEVICE:
        put_device(out, context);
        break;
    case ZTA_ATTRIBUTE_OS:
        put_os(out, context);
        break;
    case ZTA_ATTRIBUTE_NETWORK:
        put_network(out, facts, context);
        break;
    case ZTA_ATTRIBUTE_COUNTRY:
        put_text(out, context->country);
        put_source(out, &context->country_from);
        break;
    case ZTA_ATTRIBUTE_USER_AGENT:
        put_text(out, facts->agent);
        break;
    case ZTA_ATTRIBUTE_BEHAVIOUR:
        put_behaviour(out, context, cond);
        break;
    case ZTA_ATTRIBUTE_RISK:
    case ZTA_ATTRIBUTE_THREAT_LEVEL:
    case ZTA_ATTRIBUTE_SIGNAL:
        put_risk(out, facts->risk, cond->attribute);
        break;
    default:
        break;
    }
}

static bool is_shown(unsigned attribute)
{
    return attribute == ZTA_ATTRIBUTE_DEVICE || attribute == ZTA_ATTRIBUTE_OS ||
           attribute == ZTA_ATTRIBUTE_NETWORK || attribute == ZTA_ATTRIBUTE_COUNTRY ||
           attribute == ZTA_ATTRIBUTE_USER_AGENT || attribute == ZTA_ATTRIBUTE_BEHAVIOUR ||
           attribute == ZTA_ATTRIBUTE_RISK || attribute == ZTA_ATTRIBUTE_THREAT_LEVEL ||
           attribute == ZTA_ATTRIBUTE_SIGNAL;
}

void zta_rules_seen(const struct zta_rules_view *view, const struct zta_rule_group *group,
                    char out[ZTA_SEEN_MAX])
{
    static const struct zta_context nothing_known;
    const struct zta_context *context =
        view->facts->context != NULL ? view->facts->context : &nothing_known;
    char storage[ROOM];
    struct zta_buffer all;
    uint64_t shown = 0;
    zta_buffer_init(&all, storage, sizeof storage);
    for (uint32_t i = 0; i < group->n_conds; i++) {
        const struct zta_rule_cond *cond = &view->set->conds[group->first_cond + i];
        if (is_shown(cond->attribute) && (shown & UINT64_C(1) << cond->attribute) == 0) {
            zta_buffer_string(&all, shown != 0 ? "; " : "");
            put_fact(&all, view->facts, context, cond);
            shown |= UINT64_C(1) << cond->attribute;
        }
    }
    struct zta_text text = {.data = storage, .len = all.len};
    struct zta_buffer cut;
    zta_buffer_init(&cut, out, ZTA_SEEN_MAX);
    if (text.len == 0) {
        return;
    }
    zta_buffer_string(&cut, " (request: ");
    const size_t room = ZTA_SEEN_MAX - cut.len - sizeof ")";
    const bool is_cut = text.len > room;
    text.len = is_cut ? room - strlen("...") : text.len;
    while (is_cut && !zta_text_is_utf8(text)) {
        text.len--;
    }
    zta_buffer_text(&cut, text);
    zta_buffer_string(&cut, is_cut ? "...)" : ")");
}
