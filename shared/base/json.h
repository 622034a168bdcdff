/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON into a bounded buffer (RFC 8259). Commas and quoting are the writer's; invalid UTF-8
 * is written as U+FFFD, so the result is always valid JSON as long as begin and end calls pair up.
 */
#ifndef ZTA_BASE_JSON_H
#define ZTA_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"

struct zta_json {
    struct zta_buffer *buffer;
    unsigned depth;
    bool has_items;
};

void zta_json_init(struct zta_json *json, struct zta_buffer *buffer);
/* name is NULL inside arrays and for the top value. */
void zta_json_begin_object(struct zta_json *json, const char *name);
void zta_json_end_object(struct zta_json *json);
void zta_json_begin_array(struct zta_json *json, const char *name);
void zta_json_end_array(struct zta_json *json);
/* Absent text is written as null. */
void zta_json_text(struct zta_json *json, const char *name, struct zta_text value);
void zta_json_string(struct zta_json *json, const char *name, const char *value);
void zta_json_int(struct zta_json *json, const char *name, int64_t value);
void zta_json_bool(struct zta_json *json, const char *name, bool value);
/* RFC 3339 UTC; 0 is written as null. */
void zta_json_time(struct zta_json *json, const char *name, int64_t time_s);

#endif
