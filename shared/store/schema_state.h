/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte maps of what state/ holds. Numbers are big-endian, text is a u16 length and its bytes unless
 * the map says otherwise. A map changes only together with ZTA_STORE_VERSION.
 */
#ifndef ZTA_STORE_SCHEMA_STATE_H
#define ZTA_STORE_SCHEMA_STATE_H

/*
 * sessions: key id, 16 bytes. Value: u8 version, u8 kind, u8 credential, u8 binding, u8 last
 * reason, i64 first, i64 last, i64 expires, u64 requests, u64 denied, u64 segment created, u64
 * sequence, token id, login tag of 16 bytes, u8 family, 4 or 16 bytes of
 * address (family 0: none), then issuer, subject, client, apikey, agent, each behind a u8 length.
 */
#define ZTA_SESSION_VERSION 1

/*
 * events: key u64 segment created, u64 segment id, u64 sequence of the first. Value: u8 version,
 * u16 count, i64 newest time; then for each u32 sequence less the first, u32 weight, the encoded
 * event. event_ids: key ULID, value the key of the block. cursors: key u64 segment id, value u64
 * cursor, u64 stored, u64 aggregated, u64 settled, u64 segment created.
 */
#define ZTA_BLOCK_VERSION   1
#define ZTA_BLOCK_KEY_SIZE  24
#define ZTA_BLOCK_HEAD_SIZE 11
/* Four pages of 4096 less LMDB's page header: a full block leaves nothing of its pages unused. */
#define ZTA_BLOCK_SIZE_MAX 16368
/* An event takes at least 90 bytes, so that no block holds as many. */
#define ZTA_BLOCK_EVENTS_MAX 192
#define ZTA_CURSOR_SIZE      40

/*
 * inputs: key 16 bytes, the name. Value: u8 version, i64 last use (s), the encoding of inputs.h.
 */
#define ZTA_INPUTS_VERSION 1
#define ZTA_INPUTS_AT_LAST 1
#define ZTA_INPUTS_AT_DATA 9

/*
 * repeats: key u64 window, 16 bytes of SHA-256 over source, reason, route. Value: u8 version, u8
 * various, i64 first, i64 last, u64 count, u8 examples, their ULIDs, the encoded event.
 */
#define ZTA_REPEAT_VERSION  1
#define ZTA_REPEAT_KEY_SIZE 24

/*
 * published: "heartbeat", "fleet-uses" (shares.h), "governor" (published_governor.h), and lists
 * under a letter and a u32 index: L locations, R rules, I issuers, A alerts; under F and SHA-256 of
 * a rule as it is printed i64 s since when it reads so.
 * key_uses: key id, value i64 time, u64 count.
 */
#define ZTA_PUBLISHED_AGES 'F'
#define ZTA_HEARTBEAT_KEY  "heartbeat"
#define ZTA_SHARE_USES_KEY "fleet-uses"
#define ZTA_KEY_USE_SIZE   16

/*
 * "acceptance" of published: u8 version, u32 issuers, u32 places, then those, then the list of
 * claims that are kept. A list is a u32 count and texts. An issuer: texts name, url, token type,
 * keys file, lists algs, audiences, a text for each claim (acceptance.h's order), i64 leeway, u8
 * flags. A place: texts server, path, lists issuers, audiences, u8 mode, u8 sources, u32 header
 * max, u8 flags.
 */
#define ZTA_ACCEPTANCE_KEY     "acceptance"
#define ZTA_ACCEPTANCE_VERSION 2

/*
 * keysets: key issuer name. Value: u8 version, u64 source, i64 stale, fetched, good until,
 * attempted, next (s), u32 failures, u8 skew known, u32 skew (two's complement), texts url, keys,
 * jwks_uri, introspection endpoint, etag, error; then the JWKS to the end, empty: none yet.
 */
#define ZTA_KEYSET_VERSION 1

/*
 * signal_revocations: key u8 kind, SHA-256 over issuer, sid, subject. Value: u8 version, u8 kind,
 * i64 received ns, i64 watermark s, texts issuer, sid, subject. signal_seen: key u64 expiry in
 * seconds, SHA-256 over issuer and jti, and once more with the greatest i64 in place of the expiry;
 * value u64 segment id, u64 letter that brought it.
 * What a transmitter asked for has 0x80 in the key's kind, the version TRANSMITTED and a text more,
 * the device, client or jti, which is hashed behind the others where its kind has one (of a token
 * the hash is its id). state/ meta, "signal_kinds": u32, bits of the kinds that transmitters used.
 */
#define ZTA_SIGNAL_SEEN_SIZE    16
#define ZTA_SIGNAL_VERSION      1
#define ZTA_SIGNAL_TRANSMITTED  2
#define ZTA_SIGNAL_KINDS_KEY    "signal_kinds"
#define ZTA_SIGNAL_AT_RECEIVED  2
#define ZTA_SIGNAL_AT_WATERMARK 10
#define ZTA_SIGNAL_AT_TEXTS     18

/*
 * notices: key u64 time of receipt. Value: u8 version, u8 outcome, the encoded notice (notice.h).
 * attestations: key u8 0x40 and what it tells of, SHA-256 over issuer and name. Value: u8 version,
 * u8 what, u8 level, i64 received ns, i64 event s, i64 end s, texts transmitter, issuer, name.
 * streams: key the transmitter's name. Value: u8 version, u8 polled, u8 status, i64 first, last,
 * verified, polled (s), u64 received, text error; then, which version 1 lacks, u8 verifiable, u8
 * told, i64 asked (s), texts state, ask error.
 */
#define ZTA_NOTICE_VERSION      1
#define ZTA_ATTESTATION_VERSION 1
#define ZTA_STREAM_VERSION      2
#define ZTA_STREAM_VERSION_1    1

/*
 * baselines: key the names issuer and subject (schema.h, kind 0). Value: u8 version, i64 first,
 * last (s), u64 requests, segment created, sequence; for each habit u16 first day, u16 last day, u8
 * days; u32 minute, requests, allowed, exceeded minute, mean, u64 variance, u16 minutes; u32 hour,
 * u64 bytes, u32 mean, u64 variance, u16 hours (version 1 lacks these five); 168 bytes of hours;
 * then of networks, countries, devices, agents, routes a u8 count and values: u64 value, u16 last
 * day, u16 count, u8 days and whether usual, a label behind its u8 length.
 */
#define ZTA_BASELINE_VERSION        2
#define ZTA_BASELINE_VERSION_BEFORE 1
#define ZTA_BASELINE_AT_VOLUME      106
#define ZTA_BASELINE_VOLUME_SIZE    26
#define ZTA_BASELINE_AT_VALUES      300
#define ZTA_BASELINE_VALUE_AT_LAST  8
#define ZTA_BASELINE_VALUE_AT_COUNT 10
#define ZTA_BASELINE_VALUE_AT_DAYS  12
#define ZTA_BASELINE_VALUE_AT_LEN   13
#define ZTA_BASELINE_VALUE_FIXED    14
#define ZTA_BASELINE_VALUE_USUAL    128 /* a bit beside the days */
#define ZTA_BASELINE_RECORD_MAX     1240

/* ---- state/ meta ---- */

/* u64: up to which of policy/'s requests they are done. */
#define ZTA_REQUESTS_DONE_KEY "requests"
/* u64 audit, u64 response: ids up to which the decision log was written. */
#define ZTA_LOGGED_KEY  "logged"
#define ZTA_LOGGED_SIZE 16

/* i64 s: what is older goes. And "erase/" with SHA-256 over issuer, newline, subject: i64 ns up to
 * which what is recorded of that person goes. */
#define ZTA_PRUNE_KEY "prune"
#define ZTA_ERASE_KEY "erase/"

/*
 * "stamps": u64 transaction that wrote it, then for each stretch of the keys of what requests look
 * up (stamps.c) a u64, the last transaction that wrote there. Only true in a snapshot of that very
 * transaction. As many as fit a page.
 */
#define ZTA_STAMPS_KEY       "stamps"
#define ZTA_STAMPS_STRETCHES 500
#define ZTA_STAMPS_AT_FIRST  8
#define ZTA_STAMPS_SIZE      (ZTA_STAMPS_AT_FIRST + 8 * ZTA_STAMPS_STRETCHES)

#endif
