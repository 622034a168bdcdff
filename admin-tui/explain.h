/* SPDX-License-Identifier: Apache-2.0 */
/* Why a request was decided as it was, in words. From an event and what is known about it. */
#ifndef CTL_EXPLAIN_H
#define CTL_EXPLAIN_H

#include "shared/base/bytes.h"
#include "shared/base/json.h"
#include "shared/event.h"
#include "shared/inputs.h"
#include "shared/store/env.h"

struct ctl_explained {
    const struct zta_event *event;
    struct zta_text rule_file;       /* where the deciding rule still stands; absent: not known */
    const struct zta_inputs *inputs; /* what is recorded of its credential; NULL: nothing */
    uint64_t n_repeats;              /* further requests like this that are kept as a number only */
    int64_t repeats_until_ns;
};

/* What else the store knows of an event; the texts are kept here. */
struct ctl_explained_store {
    char rule_file[512];
    char data[ZTA_INPUTS_SIZE_MAX];
    struct zta_inputs inputs;
};
enum zta_status ctl_explained_find(struct zta_view *view, const struct zta_event *event,
                                   struct ctl_explained_store *kept,
                                   struct ctl_explained *explained) ZTA_MUST_CHECK;

/* The checks in their order, a line each, and what came of them; a part of ctl_explain. */
void ctl_explain_checks(const struct zta_event *event, struct zta_buffer *out);
/*
 * Lines of what was known of the request and its credential, with source and age; beside
 * ctl_explain. 64 KiB always suffice.
 */
void ctl_explain_facts(const struct ctl_explained *explained, struct zta_buffer *out);
/* Checks, facts and sources as members of the open object. */
void ctl_explain_members(const struct ctl_explained *explained, struct zta_json *json);

/*
 * Lines ended by '\n', each "word  text"; everything foreign is made safe for a terminal. 8 KiB
 * always suffice.
 */
void ctl_explain(const struct ctl_explained *explained, struct zta_buffer *out);

/* What stands before the text of what a decision missed. */
struct ctl_missing_words {
    const char *label; /* "missing" of a line of its own, behind which comes */
    const char *by;    /* "" or "by " */
    const char *verb;  /* "lacks ": inside a sentence */
};
const struct ctl_missing_words *ctl_explain_missing(uint8_t reason, struct zta_text missing);

/* What the reason means to an operator: a sentence. */
const char *ctl_explain_reason(uint8_t reason);

#endif
