/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of filters, as parser and matcher both know them. */
#ifndef CTL_FILTER_PRIV_H
#define CTL_FILTER_PRIV_H

enum ctl_field {
#define CTL_FIELD(upper, name, type, expected) CTL_FIELD_##upper,
#include "admin-tui/filter_fields.def"
#undef CTL_FIELD
    CTL_N_FIELDS, /* a free word */
};

enum ctl_field_type {
    CTL_TYPE_TEXT = 0,
    CTL_TYPE_SUBJECT,
    CTL_TYPE_PATH,
    CTL_TYPE_NETWORK,
    CTL_TYPE_OUTCOME,
    CTL_TYPE_REASON,
    CTL_TYPE_CREDENTIAL,
    CTL_TYPE_NUMBER,
    CTL_TYPE_TIME,
    CTL_TYPE_AGE,
    CTL_TYPE_ID,
    CTL_TYPE_HEX,
};

enum ctl_field_type ctl_field_type(unsigned field);

#endif
