/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers stand in entries of fixed width, all their evidence in one text, line by line. */
#include "shared/risk/recorded.h"

#include <string.h>

#include "shared/base/clock.h"

static const char separator = '\n'; /* evidence has no control characters */

static int64_t time_of(const struct zta_event *event)
{
    return event->time_ns / ZTA_NS_PER_S;
}

static struct zta_event_raised entry_of(const struct zta_event *event,
                                        const struct zta_risk_factor *factor)
{
    const int64_t now_s = time_of(event);
    const int64_t since_s = factor->raised_s < now_s ? now_s - factor->raised_s : 0;
    return (struct zta_event_raised){
        .signal = (uint8_t)factor->signal,
        .weight = factor->weight,
        .floor = factor->floor,
        .half_life_s = factor->half_life_s,
        .since_s = since_s < UINT32_MAX ? (uint32_t)since_s : UINT32_MAX,
    };
}

struct zta_text zta_risk_record_raised(struct zta_event *event, const struct zta_risk *raised,
                                       char storage[ZTA_RECORDED_EVIDENCE_MAX])
{
    size_t len = 0;
    event->risk.n_raised = 0;
    for (size_t i = 0; i < raised->n && event->risk.n_raised < ZTA_EVENT_RAISED_MAX; i++) {
        const struct zta_risk_factor *factor = &raised->factors[i];
        const size_t n = strnlen(factor->evidence, sizeof factor->evidence - 1);
        event->risk.raised[event->risk.n_raised++] = entry_of(event, factor);
        memcpy(storage + len, factor->evidence, n);
        len += n;
        storage[len++] = separator;
    }
    return (struct zta_text){.data = len > 0 ? storage : NULL, .len = len};
}

bool zta_risk_record_add(struct zta_event *event, const struct zta_risk_factor *factor)
{
    struct zta_event_risk *risk = &event->risk;
    if (risk->n_raised >= ZTA_EVENT_RAISED_MAX) {
        return false;
    }
    for (size_t i = 0; i < risk->n_raised; i++) {
        if (risk->raised[i].signal == factor->signal) {
            return false;
        }
    }
    char line[ZTA_RISK_EVIDENCE_MAX + 1];
    size_t n = strnlen(factor->evidence, sizeof factor->evidence - 1);
    memcpy(line, factor->evidence, n);
    line[n++] = separator;
    zta_event_append_evidence(event, (struct zta_text){.data = line, .len = n});
    risk->raised[risk->n_raised++] = entry_of(event, factor);
    return true;
}

/* The i-th line; what was cut off is empty. */
static struct zta_text line_of(struct zta_text text, size_t i)
{
    struct zta_text rest = text;
    for (;;) {
        const char *end = rest.len > 0 ? memchr(rest.data, separator, rest.len) : NULL;
        const size_t len = end != NULL ? (size_t)(end - rest.data) : rest.len;
        if (i == 0) {
            return (struct zta_text){.data = rest.data, .len = len};
        }
        if (end == NULL) {
            return (struct zta_text){.data = rest.data, .len = 0};
        }
        rest = (struct zta_text){.data = end + 1, .len = rest.len - len - 1};
        i--;
    }
}

bool zta_risk_recorded(const struct zta_event *event, size_t i, struct zta_risk_factor *factor)
{
    if (i >= event->risk.n_raised || i >= ZTA_EVENT_RAISED_MAX ||
        event->risk.raised[i].signal >= ZTA_N_RISK_SIGNALS || event->risk.raised[i].weight == 0) {
        return false;
    }
    const struct zta_event_raised *entry = &event->risk.raised[i];
    *factor = (struct zta_risk_factor){
        .signal = (enum zta_risk_signal)entry->signal,
        .weight = entry->weight,
        .floor = entry->floor,
        .half_life_s = entry->half_life_s,
        .raised_s = time_of(event) - entry->since_s,
        .n_raised = 1,
    };
    zta_risk_evidence_set(factor, line_of(zta_event_text(event, ZTA_EVENT_EVIDENCE), i));
    return true;
}
