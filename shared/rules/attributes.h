/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the rule language: attributes of conditions and keys of limits, and what a value of
 * each type looks like. Read-only, shared by the parser, the printer and the compiler.
 */
#ifndef ZTA_RULES_ATTRIBUTES_H
#define ZTA_RULES_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/rules/ast.h"

enum zta_attribute {
#define ZTA_ATTRIBUTE(upper, name, feature, type, kinds, traits, refusal) ZTA_ATTRIBUTE_##upper,
#include "shared/rules/attributes.def"
#undef ZTA_ATTRIBUTE
    ZTA_N_ATTRIBUTES
};

enum zta_limit_key {
#define ZTA_KEY(upper, name, is_early, is_identity) ZTA_KEY_##upper,
#include "shared/rules/keys.def"
#undef ZTA_KEY
    ZTA_N_KEYS
};

/*
 * How a value is written and compared. Of patterns '*' is any run of characters and "\*" the
 * asterisk; elsewhere an asterisk has to be in quotes, so that nobody mistakes it for a pattern.
 */
enum zta_value_type {
    ZTA_VALUE_TEXT = 0,     /* byte by byte */
    ZTA_VALUE_NAME,         /* [A-Za-z0-9][A-Za-z0-9._-]{0,63} */
    ZTA_VALUE_SCOPE,        /* RFC 6749 section 3.3 scope-token */
    ZTA_VALUE_HOST,         /* pattern, no case: DNS name without port, [IPv6] */
    ZTA_VALUE_PATH,         /* pattern by segments; begins with "/" or "**" */
    ZTA_VALUE_METHOD,       /* RFC 9110 section 9.1 token, with case */
    ZTA_VALUE_MEDIA_TYPE,   /* pattern, no case: type "/" subtype, or "*" */
    ZTA_VALUE_NUMBER,       /* decimal, 0..2^63-1; also with an operator */
    ZTA_VALUE_DURATION,     /* zta_duration_parse; always with an operator */
    ZTA_VALUE_THUMBPRINT,   /* base64url SHA-256 of the DER certificate, 43 characters */
    ZTA_VALUE_CREDENTIAL,   /* a zta_credential_name but "none" */
    ZTA_VALUE_BINDING,      /* a zta_binding_name */
    ZTA_VALUE_HOURS,        /* days and times in turn, then a zone: shared/rules/hours.h */
    ZTA_VALUE_CLAIM,        /* text, JSON number or boolean; with an operator a JSON number */
    ZTA_VALUE_DEVICE,       /* a zta_device_trait_name; "known" is the keyword */
    ZTA_VALUE_OS,           /* zta_os_parse */
    ZTA_VALUE_PATTERN,      /* pattern, byte by byte */
    ZTA_VALUE_NETWORK,      /* zta_cidr_parse or zta_value_asn */
    ZTA_VALUE_COUNTRY,      /* ISO 3166-1 alpha-2, no case */
    ZTA_VALUE_BEHAVIOUR,    /* a zta_habit_name behind "usual-" or "unusual-" */
    ZTA_VALUE_ACR,          /* byte by byte; with an operator by the order of the issuer */
    ZTA_VALUE_RISK,         /* 0 to 100; always with an operator */
    ZTA_VALUE_THREAT_LEVEL, /* a zta_threat_level_name; also with an operator */
    ZTA_VALUE_SIGNAL,       /* the name of a zta_risk_signal_info */
    ZTA_N_VALUE_TYPES
};

enum zta_trait {
    ZTA_TRAIT_EARLY = 1,         /* a limit may ask for it before any cryptography */
    ZTA_TRAIT_PER_ISSUER = 2,    /* with several issuers it needs one (meaning 17) */
    ZTA_TRAIT_AUTHENTICATES = 4, /* a new login can change it */
    ZTA_TRAIT_ORDERED = 8,       /* takes < <= > >= */
};

struct zta_attribute_info {
    const char *name;         /* "claim" stands for claim:N */
    enum zta_feature feature; /* provides the fact; ZTA_N_FEATURES: the request, always there */
    enum zta_value_type type;
    unsigned kinds;          /* set of 1u << enum zta_rule_kind that may use it */
    unsigned traits;         /* set of enum zta_trait */
    uint8_t stage;           /* of the feature; 1 for what needs none */
    enum zta_reason refusal; /* nothing but such needs unmet; UNJUDGED: the reason of the kind */
};

struct zta_limit_key_info {
    const char *name;
    bool is_early;    /* known before any cryptography */
    bool is_identity; /* state under it is about one identity */
};

/* NULL beyond the table. */
const struct zta_attribute_info *zta_attribute_info(unsigned attribute);
const struct zta_limit_key_info *zta_limit_key_info(unsigned key);
/* By exact name ("claim" for every claim:N); ZTA_NOT_FOUND otherwise. */
enum zta_status zta_attribute_find(struct zta_text name, uint16_t *attribute) ZTA_MUST_CHECK;
enum zta_status zta_limit_key_find(struct zta_text name, uint16_t *key) ZTA_MUST_CHECK;

/* ZTA_OK when text (quotes and escapes undone) can be a value of this type, keywords apart. */
enum zta_status zta_value_check(enum zta_value_type type, struct zta_text text) ZTA_MUST_CHECK;
/* "a path that begins with / or **": completes "expected …". */
const char *zta_value_expected(enum zta_value_type type);
/* Word i of a type with fixed words, or of the well-known methods; NULL after the last. */
const char *zta_value_word(enum zta_value_type type, size_t i);
/* True for types whose values may hold '*' as a pattern. */
bool zta_value_is_pattern(enum zta_value_type type);
/* JSON number (RFC 8259 section 6), finite; ZTA_INVALID otherwise. */
enum zta_status zta_value_number(struct zta_text text, double *number) ZTA_MUST_CHECK;
/* asn:NUMBER, from 1 to 4294967295. */
enum zta_status zta_value_asn(struct zta_text text, uint32_t *asn) ZTA_MUST_CHECK;
/* True when only quotes make text a plain value: spaces, keywords, numbers, list:, an asterisk. */
bool zta_value_needs_quotes(struct zta_text text);
/* NAME of the grammar: [A-Za-z0-9][A-Za-z0-9._-]{0,63}. */
bool zta_value_is_name(struct zta_text text);

#endif
