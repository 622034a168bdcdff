/* SPDX-License-Identifier: Apache-2.0 */
/* Why a request was decided as it was, in words. Pure: an event and what is known about it. */
#ifndef CTL_EXPLAIN_H
#define CTL_EXPLAIN_H

#include "shared/base/bytes.h"
#include "shared/event.h"

struct ctl_explained {
    const struct zta_event *event;
    struct zta_text rule_file; /* where the deciding rule still stands; absent: not known */
    uint64_t n_repeats;        /* further requests like this that are kept as a number only */
    int64_t repeats_until_ns;
};

/*
 * Lines ended by '\n', each "word  text"; everything foreign is made safe for a terminal. 8 KiB
 * always suffice.
 */
void ctl_explain(const struct ctl_explained *explained, struct zta_buffer *out);

/* What the reason means to an operator: a sentence. */
const char *ctl_explain_reason(uint8_t reason);

#endif
