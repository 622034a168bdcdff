/* SPDX-License-Identifier: Apache-2.0 */
/* Byte maps of state/'s risks, measures and responses; as schema_state.h. */
#ifndef ZTA_STORE_SCHEMA_RISK_H
#define ZTA_STORE_SCHEMA_RISK_H

/*
 * risks, address_risks: key u8 kind, then of a session its id, of an address u8 family and 4 or 8
 * bytes, of API keys and subjects names (schema.h). Value: u8 version, u8 what follows, i64 last
 * (s), u64 form and u64 whole of the agent, places of IPv4 and of IPv6 (i16 latitude, longitude in
 * 1/100 degree, u16 radius in km, 2 bytes country, u32 AS number, i64 when), then a u8 count and
 * factors, ascending: u8 signal, weight, floor, u32 half-life, i64 raised, ends, u32 times,
 * evidence behind its u8 length.
 */
#define ZTA_RISK_VERSION     1
#define ZTA_RISK_HAS_AGENT   1
#define ZTA_RISK_HAS_PLACE   2 /* of IPv4; the next bit of IPv6 */
#define ZTA_RISK_HAS_ALL     7
#define ZTA_RISK_AT_SIGNALS  10 /* where nothing optional stands before */
#define ZTA_RISK_FACTOR_SIZE 28 /* without evidence */
#define ZTA_RISK_RECORD_MAX  1600

/*
 * measures: key u8 kind of target, SHA-256 over its parts. Value: u8 version, u8 kind, u8 family,
 * u8 prefix, 16 bytes of address, 16 of session, texts issuer, name, u8 measures; for each u64 id,
 * u8 kind, u8 source, i64 created ns, i64 until, i64 for (s), u32 extended, i64 max age, u64 count,
 * u64 window, u8 level, texts rule, reason, acr, limit. Key 0: u64 last id, u32 records of each
 * kind of target from 0.
 */
#define ZTA_MEASURE_VERSION      1
#define ZTA_MEASURE_SUMMARY_SIZE 36

/*
 * responses: key u64 id. Value: u8 version, i64 time ns, u8 result, u64 measure, i64 until (s),
 * texts rule, what, target, evidence.
 */
#define ZTA_RESPONSE_VERSION 1

#endif
