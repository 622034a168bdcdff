/* SPDX-License-Identifier: Apache-2.0 */
/* Names of what is known about a request's circumstances. */
#include "shared/context.h"

#include <stddef.h>
#include <string.h>

static const char *const trait_names[] = {
    [ZTA_DEVICE_KNOWN] = "known",         [ZTA_DEVICE_MANAGED] = "managed",
    [ZTA_DEVICE_COMPLIANT] = "compliant", [ZTA_DEVICE_ATTESTED] = "attested",
    [ZTA_DEVICE_ENCRYPTED] = "encrypted", [ZTA_DEVICE_OWNER_MATCH] = "owner-match",
};

static const char *const habit_names[] = {
    [ZTA_HABIT_NETWORK] = "network", [ZTA_HABIT_COUNTRY] = "country", [ZTA_HABIT_DEVICE] = "device",
    [ZTA_HABIT_AGENT] = "agent",     [ZTA_HABIT_HOURS] = "hours",     [ZTA_HABIT_ROUTE] = "route",
    [ZTA_HABIT_RATE] = "rate",
};

static const char *const source_names[] = {
    [ZTA_SOURCE_NONE] = "none",
    [ZTA_SOURCE_GEO_FILE] = "geo file",
    [ZTA_SOURCE_CERTIFICATE] = "certificate",
    [ZTA_SOURCE_CLAIM] = "claim",
    [ZTA_SOURCE_POSTURE] = "posture header",
    [ZTA_SOURCE_BASELINE] = "baseline",
};

_Static_assert(sizeof trait_names / sizeof trait_names[0] == ZTA_N_DEVICE_TRAITS, "a name each");
_Static_assert(sizeof habit_names / sizeof habit_names[0] == ZTA_N_HABITS, "a name each");
_Static_assert(sizeof source_names / sizeof source_names[0] == ZTA_N_FACT_SOURCES, "a name each");

const char *zta_device_trait_name(enum zta_device_trait trait)
{
    return (unsigned)trait < ZTA_N_DEVICE_TRAITS ? trait_names[trait] : NULL;
}

const char *zta_habit_name(enum zta_habit habit)
{
    return (unsigned)habit < ZTA_N_HABITS ? habit_names[habit] : NULL;
}

const char *zta_fact_source_name(enum zta_fact_source source)
{
    return (unsigned)source < ZTA_N_FACT_SOURCES ? source_names[source] : NULL;
}

static enum zta_status find(const char *const *names, unsigned n, struct zta_text text,
                            unsigned *found)
{
    for (unsigned i = 0; i < n; i++) {
        if (zta_text_equal(zta_text_of(names[i]), text)) {
            *found = i;
            return ZTA_OK;
        }
    }
    return ZTA_NOT_FOUND;
}

enum zta_status zta_device_trait_parse(struct zta_text text, enum zta_device_trait *trait)
{
    unsigned found = 0;
    enum zta_status status = find(trait_names, ZTA_N_DEVICE_TRAITS, text, &found);
    *trait = status == ZTA_OK ? (enum zta_device_trait)found : *trait;
    return status;
}

enum zta_status zta_habit_parse(struct zta_text text, enum zta_habit *habit)
{
    unsigned found = 0;
    enum zta_status status = find(habit_names, ZTA_N_HABITS, text, &found);
    *habit = status == ZTA_OK ? (enum zta_habit)found : *habit;
    return status;
}

void zta_context_take_os(struct zta_context *context, struct zta_text os)
{
    const char *space = os.len > 0 ? memchr(os.data, ' ', os.len) : NULL;
    context->os = os;
    context->os_version = (struct zta_text){.data = NULL};
    if (space != NULL) {
        context->os.len = (size_t)(space - os.data);
        context->os_version =
            (struct zta_text){.data = space + 1, .len = os.len - context->os.len - 1};
    }
}
