/* SPDX-License-Identifier: Apache-2.0 */
/* Names of measures and of whom they are held against. */
#include "shared/measure.h"

#include <string.h>

const char *zta_measure_kind_name(enum zta_measure_kind kind)
{
    switch (kind) {
    case ZTA_MEASURE_BLOCK:
        return "block";
    case ZTA_MEASURE_QUARANTINE:
        return "quarantine";
    case ZTA_MEASURE_STEP_UP:
        return "step-up";
    case ZTA_MEASURE_LIMIT:
        return "limit";
    case ZTA_MEASURE_THREAT_LEVEL:
        return "threat-level";
    case ZTA_MEASURE_THROTTLE:
        return "throttle";
    case ZTA_N_MEASURE_KINDS:
        break;
    }
    return "unknown";
}

const char *zta_measure_source_name(enum zta_measure_source source)
{
    switch (source) {
    case ZTA_MEASURE_OF_RULE:
        return "rule";
    case ZTA_MEASURE_OF_TRANSMITTER:
        return "transmitter";
    case ZTA_MEASURE_OF_OPERATOR:
        return "operator";
    }
    return "unknown";
}

const char *zta_target_name(const struct zta_target *target)
{
    switch (target->kind) {
    case ZTA_TARGET_EVERYONE:
        return "all";
    case ZTA_TARGET_NETWORK:
        return target->network.prefix == 32 || target->network.prefix == 64 ? "ip" : "net";
    case ZTA_TARGET_SUBJECT:
        return "subject";
    case ZTA_TARGET_SESSION:
        return "session";
    case ZTA_TARGET_CLIENT:
        return "client";
    case ZTA_TARGET_APIKEY:
        return "apikey";
    case ZTA_N_TARGET_KINDS:
        break;
    }
    return "unknown";
}

void zta_target_print(const struct zta_target *target, struct zta_buffer *out)
{
    char network[ZTA_CIDR_TEXT_MAX];
    char session[2 * ZTA_SESSION_ID_SIZE + 1];
    switch (target->kind) {
    case ZTA_TARGET_EVERYONE:
        zta_buffer_string(out, "everyone");
        return;
    case ZTA_TARGET_NETWORK:
        zta_cidr_print(&target->network, network);
        zta_buffer_string(out, network);
        return;
    case ZTA_TARGET_SESSION:
        zta_hex_encode(target->session, sizeof(target->session), session);
        zta_buffer_string(out, session);
        return;
    case ZTA_TARGET_SUBJECT:
    case ZTA_TARGET_CLIENT:
        zta_buffer_safe(out, target->name);
        zta_buffer_string(out, "@");
        zta_buffer_safe(out, target->issuer);
        return;
    case ZTA_TARGET_APIKEY:
        zta_buffer_safe(out, target->name);
        return;
    case ZTA_N_TARGET_KINDS:
        break;
    }
    zta_buffer_string(out, "unknown");
}

char zta_measure_letter(const struct zta_measure *measure)
{
    return measure->source == ZTA_MEASURE_OF_OPERATOR ? 'h' : (measure->is_heard ? 'f' : 'm');
}

void zta_measure_id_print(const struct zta_measure *measure, char out[24])
{
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, 24);
    zta_buffer_printf(&buffer, "%c%llu", zta_measure_letter(measure),
                      (unsigned long long)measure->id);
}

/* Absent is as absent here. */
static bool is_same_text(struct zta_text a, struct zta_text b)
{
    return (zta_text_is_absent(a) && zta_text_is_absent(b)) || zta_text_equal(a, b);
}

bool zta_target_equal(const struct zta_target *a, const struct zta_target *b)
{
    return a->kind == b->kind && a->network.prefix == b->network.prefix &&
           a->network.addr.family == b->network.addr.family &&
           memcmp(a->network.addr.bytes, b->network.addr.bytes, sizeof(a->network.addr.bytes)) ==
               0 &&
           memcmp(a->session, b->session, sizeof(a->session)) == 0 &&
           is_same_text(a->issuer, b->issuer) && is_same_text(a->name, b->name);
}
