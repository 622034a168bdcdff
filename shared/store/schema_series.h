/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte map of state/'s series; as schema_state.h. Key u8 span, u64 begin (s). Value: u8 version; u8
 * how many counts, and them; u8 how many reasons, for each u8 reason and its count; u8 how many
 * buckets of latency, for each u8 bucket and its count; three censuses, each a u16 of registers
 * that are set, for each u16 register, u8 rank, or CENSUS_RAW and all 1024 ranks; u8 how many
 * routes, for each u8 length, name, requests, refused; requests and refused of further routes. A
 * count has seven bits a byte, the least first, and a bit in all but the last. Names of reasons,
 * buckets and registers ascend.
 * Key HEAD: u8 version, u64 k0, k1 of the key, u64 segment id, u64 dropped.
 */
#ifndef ZTA_STORE_SCHEMA_SERIES_H
#define ZTA_STORE_SCHEMA_SERIES_H

#define ZTA_SERIES_VERSION    1
#define ZTA_SERIES_KEY_SIZE   9
#define ZTA_SERIES_HEAD_KEY   0xff
#define ZTA_SERIES_HEAD_SIZE  33
#define ZTA_SERIES_CENSUS_RAW 0xffff
#define ZTA_SERIES_RECORD_MAX 16384

#endif
