/* SPDX-License-Identifier: Apache-2.0 */
/* Byte maps of policy/'s keys, devices, rules and audit trail; as schema.h. */
#ifndef ZTA_STORE_SCHEMA_POLICY_H
#define ZTA_STORE_SCHEMA_POLICY_H

/* ---- policy/ keys, key_names ---- */

/*
 * keys: 12 characters of id; u8 format, 2 x SHA-256, i64 old_until, created, expires, revoked (s),
 * 16 bytes origin, i64 hybrid ns, u8 counts of roles, scopes, networks, networks (u8 family, u8
 * prefix, 16 bytes), texts name, owner, reason, author, roles, scopes. key_names: name of a living
 * key; its id. Where a fleet has two of a name: that, a 0 and the id of the other; its id.
 */
#define ZTA_KEY_FORMAT     1
#define ZTA_KEY_AT_REVOKED 89
#define ZTA_KEY_AT_CHANGED 113
#define ZTA_KEY_AT_COUNTS  121

/* ---- policy/ devices, device_certificates ---- */

/*
 * devices: the id; u8 format, u8 known and u8 yes (sets of enum zta_device_trait), 16 bytes origin,
 * i64 created ns, i64 changed (hybrid) ns, u64 action id, u8 certificates, 32 bytes each, texts
 * issuer, subject, os, os version, note, author. device_certificates: SHA-256 of a certificate in
 * DER; the id of its one device. Where a fleet has two with one: that, a 0 and the id of the other;
 * its id.
 */
#define ZTA_DEVICE_FORMAT     1
#define ZTA_DEVICE_AT_KNOWN   1
#define ZTA_DEVICE_AT_YES     2
#define ZTA_DEVICE_AT_ORIGIN  3
#define ZTA_DEVICE_AT_CHANGED 27
#define ZTA_DEVICE_AT_ACTION  35

/* ---- policy/ device_history ---- */

/* Key: u64 action id, the id of a device. Value: u8 whether there was one, then its record. */

/* ---- policy/ rule_layers ---- */

/*
 * Key: u64 version. Value: u8 format, u64 version, u64 fallback, i64 confirm by s, i64 hybrid ns,
 * u64 action id, u8 standing, u8 slot, i64 hybrid ns of what it was made on, 16 bytes origin (these
 * four not in format 1), u32 entries, texts what, author, reason; for each entry u8 kind, u8 mode,
 * i64 hybrid ns, i64 until s, u64 action id, 16 bytes origin, texts name, text, author, reason.
 */
#define ZTA_LAYER_FORMAT        2
#define ZTA_LAYER_FORMAT_FORMER 1

/* meta, "rules_order": u64 latest version, u64 latest not on trial, u64 versions made here. */
#define ZTA_LAYER_ORDER_KEY  "rules_order"
#define ZTA_LAYER_ORDER_SIZE 24

/* ---- policy/ requests ---- */

/* Key: u64 number, a hybrid timestamp. Value: u8 format, u8 kind, u64 action id, texts issuer,
 * subject, name. */
#define ZTA_REQUEST_FORMAT 1

/* ---- policy/ meta, fleet_outbox, fleet_statements ---- */

/*
 * meta, "fleet": u8 format, 32 bytes public key of the operator, texts name of the fleet, name of
 * this node. "fleet_place": the id up to which the stream was read. "fleet_as_of": i64 s, what the
 * engine had then is known here. "fleet_refused": u64 statements since the agent began.
 * "fleet_sum": u64 statements, 2 x u64 sums of the first 16 bytes of SHA-256 of each.
 * "fleet_noted": u64, up to which notes of fleet_notes in state/, which are as those of
 * fleet_outbox, were taken over.
 * fleet_outbox: u64 hybrid ns of a change; u8 topic, u8 whether it was a removal, the record's key.
 * fleet_statements: SHA-256 of topic and key, 16 bytes origin; the signed statement.
 */
#define ZTA_FLEET_KEY         "fleet"
#define ZTA_FLEET_PLACE_KEY   "fleet_place"
#define ZTA_FLEET_AS_OF_KEY   "fleet_as_of"
#define ZTA_FLEET_REFUSED_KEY "fleet_refused"
#define ZTA_FLEET_SUM_KEY     "fleet_sum"
#define ZTA_FLEET_NOTED_KEY   "fleet_noted"
#define ZTA_FLEET_FORMAT      1
#define ZTA_FLEET_SUM_SIZE    24
#define ZTA_OUTBOX_HEAD_SIZE  2

/* fleet_held: name of a statement that is kept without effect; u8 whether an operator dropped it,
 * i64 since when (s). */
#define ZTA_HELD_SIZE 9

/*
 * Statements of risk: 16 bytes origin, u8 kind of owner (1 session, 2 address), u16 place: SipHash
 * with key 0 of the owner's key, modulo 4096; texts the key of its record in risks, and that record
 * with last 0, no agent and no places, of the factors that are told. fleet_risks: u8 kind, u16
 * place; for each node that says something 16 bytes origin and, as a text, its statement's value.
 */

/*
 * Statements of attestations: 16 bytes origin and the key of a record of attestations in state/;
 * that record, with an end. fleet_attestations: that key; as fleet_risks.
 */

/* meta, "fleet_threat:" and 16 bytes origin: u8 level, i64 said at s; as in its statement, whose
 * key is the origin. A note of it in state/ has the level for a key. */
#define ZTA_FLEET_THREAT_KEY  "fleet_threat:"
#define ZTA_FLEET_THREAT_SIZE 9

/* ---- policy/ audit ---- */

/* meta, "audit_heads:" and 16 bytes origin: u8 format, u8 whether it was set back, 1 + 8 heads: i64
 * time in ns, u64 id, SHA-256 of an entry. */
#define ZTA_AUDIT_HEADS_KEY    "audit_heads:"
#define ZTA_AUDIT_HEADS_FORMAT 1

/* Key: u64 action id, from 1. Value: hash of the entry before, u64 id, i64 time in ns, u32 uid,
 * eight texts (audit.h's order), SHA-256 over all of that. */
#define ZTA_AUDIT_KEY_SIZE 8

#endif
