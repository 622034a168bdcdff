/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of records that filters choose from: what fields they have, and how those are seen. Events,
 * devices and sessions are there (filter.h); who shows rows of another kind brings his own.
 */
#ifndef CTL_FILTER_KIND_H
#define CTL_FILTER_KIND_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/filter.h"
#include "shared/base/bytes.h"
#include "shared/base/net.h"

#define CTL_FIELD_WORD UINT_MAX /* in the place of a field: a free word */

enum ctl_field_type {
    CTL_TYPE_TEXT = 0,
    CTL_TYPE_SUBJECT,
    CTL_TYPE_PATH,
    CTL_TYPE_NETWORK,
    CTL_TYPE_OUTCOME,
    CTL_TYPE_REASON,
    CTL_TYPE_CREDENTIAL,
    CTL_TYPE_ANSWER,
    CTL_TYPE_NUMBER,
    CTL_TYPE_TIME,
    CTL_TYPE_AGE,
    CTL_TYPE_VERSION,
    CTL_TYPE_ID,
    CTL_TYPE_HEX,
};

struct ctl_field_info {
    const char *name;
    enum ctl_field_type type;
    const char *expected;
};

#define CTL_SEEN_TEXTS_MAX 32

/* What a record has for a field; which member counts follows from the field's type. */
struct ctl_seen {
    struct zta_text texts[CTL_SEEN_TEXTS_MAX]; /* one that matches suffices */
    size_t n_texts;
    struct zta_text issuer; /* of a subject or client */
    struct zta_addr addr;
    int64_t number;
    const uint8_t *id;
    bool is_known;
    /* Room for a text that the record does not have as such. */
    char storage[CTL_SEEN_TEXTS_MAX][44];
};

/* One more text, if there is any. */
void ctl_seen_text(struct ctl_seen *seen, struct zta_text text);

/* One kind of record. */
struct ctl_filter_kind {
    const struct ctl_field_info *fields;
    unsigned n_fields;
    void (*see)(const void *record, unsigned field, int64_t now_s, struct ctl_seen *seen);
    bool (*has_word)(const void *record, struct zta_text word);
};

/* The kinds that there are. */
const struct ctl_filter_kind *ctl_filter_kind_events(void);
const struct ctl_filter_kind *ctl_filter_kind_devices(void);
const struct ctl_filter_kind *ctl_filter_kind_sessions(void);

enum zta_status ctl_filter_parse_kind(struct zta_text text, const struct ctl_filter_kind *kind,
                                      struct ctl_filter *filter,
                                      struct zta_error *error) ZTA_MUST_CHECK;
bool ctl_filter_matches_record(const struct ctl_filter *filter, const struct ctl_filter_kind *kind,
                               const void *record, int64_t now_s);
/* Without case, anywhere. */
bool ctl_filter_contains(struct zta_text text, struct zta_text word);
/* The same of an address as it is printed. */
bool ctl_filter_addr_contains(const struct zta_addr *addr, struct zta_text word);

#endif
