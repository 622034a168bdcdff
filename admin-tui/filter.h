/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one-line language that chooses events, devices or sessions: terms that must all hold,
 * each a field with values of which one suffices, or a word that is looked for in all texts.
 *   reason=no_rule,not_entitled not subject=alice@corp host=api.example.com status>=400 age<1h
 */
#ifndef CTL_FILTER_H
#define CTL_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/limits.h"
#include "shared/base/net.h"
#include "shared/base/status.h"
#include "shared/event.h"
#include "shared/store/devices.h"
#include "shared/store/env.h"
#include "shared/store/sessions.h"

#define CTL_FILTER_TEXT_MAX   1024
#define CTL_FILTER_TERMS_MAX  32
#define CTL_FILTER_VALUES_MAX 128 /* of all terms */

enum ctl_filter_op {
    CTL_FILTER_IS = 0,
    CTL_FILTER_LESS,
    CTL_FILTER_AT_MOST,
    CTL_FILTER_MORE,
    CTL_FILTER_AT_LEAST,
};

struct ctl_filter_value {
    struct zta_text text; /* unquoted */
    bool is_unknown;      /* the bare word */
    union {
        int64_t number;   /* in the field's unit */
        uint64_t reasons; /* a set of 1 << enum zta_reason */
        struct zta_cidr network;
        uint8_t id[ZTA_ULID_SIZE];
    } as;
};

struct ctl_filter_term {
    unsigned field; /* row of filter_fields.def or device_fields.def, or that of a free word */
    enum ctl_filter_op op;
    bool is_negated;
    size_t first_value;
    size_t n_values;
};

struct ctl_filter {
    struct ctl_filter_term terms[CTL_FILTER_TERMS_MAX];
    size_t n_terms;
    struct ctl_filter_value values[CTL_FILTER_VALUES_MAX];
    size_t n_values;
    char text[CTL_FILTER_TEXT_MAX]; /* of the values, quotes and escapes undone */
    size_t text_len;
};

/* The empty text matches all. ZTA_INVALID: what was found, where, and what was expected. */
enum zta_status ctl_filter_parse(struct zta_text text, struct ctl_filter *filter,
                                 struct zta_error *error) ZTA_MUST_CHECK;
/* An unknown field matches only =unknown and terms that begin with `not`. */
bool ctl_filter_matches(const struct ctl_filter *filter, const struct zta_event *event,
                        int64_t now_s);

/* The same of devices of the inventory. */
enum zta_status ctl_filter_parse_devices(struct zta_text text, struct ctl_filter *filter,
                                         struct zta_error *error) ZTA_MUST_CHECK;
bool ctl_filter_matches_device(const struct ctl_filter *filter, const struct zta_device *device,
                               int64_t now_s);
/*
 * And of sessions. Their risk is looked up in the view (NULL: none is known) once a filter asks for
 * it; when that fails nothing matches, and status says so.
 */
struct ctl_session_look {
    struct zta_view *view;
    int64_t now_s;
    enum zta_status status;
};
enum zta_status ctl_filter_parse_sessions(struct zta_text text, struct ctl_filter *filter,
                                          struct zta_error *error) ZTA_MUST_CHECK;
bool ctl_filter_matches_session(const struct ctl_filter *filter, const struct zta_session *session,
                                struct ctl_session_look *look);

#endif
