/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zones of the system's zoneinfo (TZif files, RFC 8536). A zone is read once, then immutable
 * and shared by all threads; neither TZ nor the C library's idea of local time is used or changed.
 */
#ifndef ZTA_BASE_ZONE_H
#define ZTA_BASE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"

struct zta_zone;

/* "Europe/Zurich": parts of letters, digits, + - _ joined by slashes, below the directory. */
bool zta_zone_is_name(struct zta_text name);

/*
 * Reads the zone from /usr/share/zoneinfo, or from the absolute path in TZDIR unless the program
 * runs with more rights than its caller. ZTA_NOT_FOUND: no such zone; ZTA_CORRUPT: the file is no
 * time zone or is damaged; *error names the file and the fault. *zone is the caller's to close.
 */
enum zta_status zta_zone_open(struct zta_text name, struct zta_zone **zone,
                              struct zta_error *error) ZTA_MUST_CHECK;
/* The same from the bytes of a file. */
enum zta_status zta_zone_read(const void *data, size_t size, struct zta_zone **zone,
                              struct zta_error *error) ZTA_MUST_CHECK;
void zta_zone_close(struct zta_zone **zone);

/* Seconds that local time is ahead of UTC at a time since 1970; less than 26 hours. */
int32_t zta_zone_offset_s(const struct zta_zone *zone, int64_t time_s);

typedef void (*zta_zone_name_fn)(void *context, struct zta_text name);
/* Each zone that is there, for suggestions; the name lives as long as the call. */
void zta_zone_each_name(zta_zone_name_fn fn, void *context);

#endif
