/* SPDX-License-Identifier: Apache-2.0 */
/* The rule at the end of a TZif file: local time after the last transition that is written out. */
#ifndef ZTA_BASE_ZONE_PRIV_H
#define ZTA_BASE_ZONE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"

/* RFC 8536 section 3.2: offsets are from -25 hours on, below 26. */
#define ZTA_ZONE_OFFSET_MAX_S (26 * 3600 - 1)
#define ZTA_ZONE_OFFSET_MIN_S (-25 * 3600 + 1)

enum zta_zone_date_form {
    ZTA_ZONE_MONTH = 0, /* Mm.w.d */
    ZTA_ZONE_JULIAN,    /* Jn: 1 to 365, without 29 February */
    ZTA_ZONE_DAY,       /* n: 0 to 365, with it */
};

/* When in a year clocks change. */
struct zta_zone_date {
    enum zta_zone_date_form form;
    int month;
    int week;     /* 5: the last */
    int day;      /* of the week from Sunday on, or of the year */
    int32_t at_s; /* local time, also before or after that day */
};

struct zta_zone_rule {
    int32_t standard_s; /* ahead of UTC */
    int32_t summer_s;
    bool has_summer;
    struct zta_zone_date start; /* of summer time, in standard time */
    struct zta_zone_date end;   /* in summer time */
};

/* POSIX TZ with the hours of RFC 8536 section 3.3.1; false for anything else. */
bool zta_zone_rule_parse(struct zta_text text, struct zta_zone_rule *rule);
int32_t zta_zone_rule_offset_s(const struct zta_zone_rule *rule, int64_t time_s);

#endif
