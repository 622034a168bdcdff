/* SPDX-License-Identifier: Apache-2.0 */
/* Why a request was decided as it was, in words. From an event and what is known about it. */
#ifndef CTL_EXPLAIN_H
#define CTL_EXPLAIN_H

#include "shared/base/bytes.h"
#include "shared/event.h"
#include "shared/store/env.h"

struct ctl_explained {
    const struct zta_event *event;
    struct zta_text rule_file; /* where the deciding rule still stands; absent: not known */
    uint64_t n_repeats;        /* further requests like this that are kept as a number only */
    int64_t repeats_until_ns;
};

/* What else the store knows of an event; the texts are kept here. */
struct ctl_explained_store {
    char rule_file[512];
};
enum zta_status ctl_explained_find(struct zta_view *view, const struct zta_event *event,
                                   struct ctl_explained_store *kept,
                                   struct ctl_explained *explained) ZTA_MUST_CHECK;

/*
 * Lines ended by '\n', each "word  text"; everything foreign is made safe for a terminal. 8 KiB
 * always suffice.
 */
void ctl_explain(const struct ctl_explained *explained, struct zta_buffer *out);

/* What the reason means to an operator: a sentence. */
const char *ctl_explain_reason(uint8_t reason);

#endif
