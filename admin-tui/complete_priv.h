/* SPDX-License-Identifier: Apache-2.0 */
/* Between the command line's part of completion and that of values. */
#ifndef CTL_COMPLETE_PRIV_H
#define CTL_COMPLETE_PRIV_H

#include <stdbool.h>

#include "admin-tui/complete.h"
#include "shared/base/bytes.h"
#include "shared/store/env.h"

/* What values of an option, an argument or a field of a filter are. */
enum ctl_value {
    CTL_VALUE_NONE = 0, /* whatever is typed */
    CTL_VALUE_FILE,
    CTL_VALUE_DURATION,
    CTL_VALUE_ANSWER, /* yes, no, unknown */
    CTL_VALUE_STAGE,
    CTL_VALUE_WHEN, /* auto, always, never */
    CTL_VALUE_SHELL,
    CTL_VALUE_MODE,
    CTL_VALUE_LEVEL,
    CTL_VALUE_OS,
    CTL_VALUE_DEVICE_ORDER,
    CTL_VALUE_OUTCOME,
    CTL_VALUE_REASON,
    CTL_VALUE_CREDENTIAL,
    CTL_VALUE_SIGNAL,
    CTL_VALUE_EVENT_FILTER,  /* several terms in one word */
    CTL_VALUE_EVENT_TERM,    /* one term, or the id of a request */
    CTL_VALUE_EVENT_FIELDS,  /* names of fields, parted by commas */
    CTL_VALUE_DEVICE_FILTER, /* of devices list */
    CTL_VALUE_SESSION_FILTER,
    CTL_VALUE_SESSION_TERM,
    CTL_VALUE_FACT, /* of ask */
    CTL_VALUE_SESSION,
    CTL_VALUE_SUBJECT,
    CTL_VALUE_CLIENT,
    CTL_VALUE_ISSUER,
    CTL_VALUE_ROUTE,
    CTL_VALUE_HOST,
    CTL_VALUE_METHOD,
    CTL_VALUE_ADDRESS,
    CTL_VALUE_REQUEST,
    CTL_VALUE_SESSION_OR_ADDRESS,
    CTL_VALUE_ADDRESS_OR_SUBJECT,
    CTL_VALUE_KEY,
    CTL_VALUE_DEVICE,
    CTL_VALUE_RULE,
    CTL_VALUE_LIMIT,
    CTL_VALUE_PLACE,
    CTL_VALUE_BLOCK,
    CTL_VALUE_MEASURE,
    CTL_VALUE_NOTICE,
    CTL_VALUE_TRANSMITTER,
    CTL_VALUE_ACTION,
    CTL_VALUE_HELD,    /* above the bound, of other nodes */
    CTL_VALUE_VERSION, /* of the live rules */
};

/* A completion under way. What is offered must begin with typed, and goes behind head. */
struct ctl_completer {
    struct zta_store *store; /* may be NULL */
    struct zta_text head;    /* of the last word: what stays as it is */
    struct zta_text typed;   /* the rest of it, right behind */
    struct ctl_choices *choices;
};

/* One more, if it begins with what is typed; help may be NULL. False: no more can be taken. */
bool ctl_offer(struct ctl_completer *completer, struct zta_text text, const char *help,
               bool is_open);
/* All values of that kind that begin so. */
void ctl_offer_values(struct ctl_completer *completer, enum ctl_value value);
/* Those that stand in the store; others offer nothing. */
void ctl_offer_stored(struct ctl_completer *completer, enum ctl_value value);

#endif
