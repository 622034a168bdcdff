/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known about the circumstances of one request beside its credential (stage 3): where it
 * comes from, on which device, and whether that is usual. Zeroed is "nothing known". All text is
 * borrowed for the time of the judgement.
 */
#ifndef ZTA_CONTEXT_H
#define ZTA_CONTEXT_H

#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

/* What can be said of a device; each is true, false or unknown on its own. */
enum zta_device_trait {
    ZTA_DEVICE_KNOWN = 0,   /* it is in the inventory, or attested */
    ZTA_DEVICE_MANAGED,     /* by the organisation */
    ZTA_DEVICE_COMPLIANT,   /* with its policy */
    ZTA_DEVICE_ATTESTED,    /* said by a posture issuer for this very credential */
    ZTA_DEVICE_ENCRYPTED,   /* its storage */
    ZTA_DEVICE_OWNER_MATCH, /* its owner is the subject of the request */
    ZTA_N_DEVICE_TRAITS
};

/* What a subject's baseline is kept of. */
enum zta_habit {
    ZTA_HABIT_NETWORK = 0,
    ZTA_HABIT_COUNTRY,
    ZTA_HABIT_DEVICE,
    ZTA_HABIT_AGENT,
    ZTA_HABIT_HOURS,
    ZTA_HABIT_ROUTE,
    ZTA_HABIT_RATE,
    ZTA_N_HABITS
};

enum zta_fact_source {
    ZTA_SOURCE_NONE = 0,
    ZTA_SOURCE_GEO_FILE,    /* MaxMind DB; age since it was built */
    ZTA_SOURCE_CERTIFICATE, /* of this connection, found in the inventory; age of the record */
    ZTA_SOURCE_CLAIM,       /* of the token, found in the inventory; age of the record */
    ZTA_SOURCE_POSTURE,     /* signed header of this request; age of the statement */
    ZTA_SOURCE_BASELINE,    /* learned from traffic; age since the subject was first seen */
    ZTA_N_FACT_SOURCES
};

/* Where facts came from and how old that is; recorded with the decision. */
struct zta_provenance {
    enum zta_fact_source source;
    uint32_t age_s;
};

/* Answers on several questions: a bit counts only where `known` has it. */
struct zta_answers {
    uint8_t known; /* set of 1u << enum zta_device_trait or zta_habit */
    uint8_t yes;
};

#define ZTA_LATITUDE_MAX  9000
#define ZTA_LONGITUDE_MAX 18000
/* Of an address: in 1/100 degree, so that it is a place to the kilometre and no more. */
struct zta_coordinates {
    int16_t latitude;   /* north of the equator */
    int16_t longitude;  /* east of Greenwich */
    uint16_t radius_km; /* of what the file is sure of; 0: no place is known */
};

struct zta_context {
    struct zta_text country;   /* ISO 3166-1 alpha-2, upper case */
    struct zta_coordinates at; /* of the address; no attribute of rules */
    uint32_t asn;              /* autonomous system; 0: unknown */
    struct zta_provenance country_from;
    struct zta_provenance asn_from;
    struct zta_text device;     /* its id in the inventory or the attestation */
    struct zta_answers traits;  /* enum zta_device_trait */
    struct zta_text os;         /* "macos", lower case */
    struct zta_text os_version; /* "14.2.1": decimal numbers parted by dots */
    struct zta_provenance device_from;
    struct zta_answers usual; /* enum zta_habit: in the subject's baseline */
    struct zta_provenance usual_from;
};

/* Of "macos 14.2.1", as events tell it; absent: unknown. Borrowed. */
void zta_context_take_os(struct zta_context *context, struct zta_text os);

/* "owner-match", "usual" names without their prefix ("hours"), "posture"; NULL beyond the enum. */
const char *zta_device_trait_name(enum zta_device_trait trait);
const char *zta_habit_name(enum zta_habit habit);
const char *zta_fact_source_name(enum zta_fact_source source);
enum zta_status zta_device_trait_parse(struct zta_text text,
                                       enum zta_device_trait *trait) ZTA_MUST_CHECK;
enum zta_status zta_habit_parse(struct zta_text text, enum zta_habit *habit) ZTA_MUST_CHECK;

#endif
