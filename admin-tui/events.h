/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded requests as rows and JSON, and the newest of them in memory. */
#ifndef CTL_EVENTS_H
#define CTL_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/filter.h"
#include "admin-tui/output.h"
#include "shared/event.h"
#include "shared/store/events.h"

struct ctl_event {
    struct zta_event event;
    uint64_t weight; /* requests that this row stands for */
    bool is_repeat;  /* a row of repeated denials: the event is the first of them */
    int64_t time_ns; /* of the event; of repeats, of the last one */
};

struct ctl_events {
    uint64_t most; /* 0: all */
    const struct ctl_filter *filter;
    int64_t now_s;
    int64_t from_ns;        /* none that came before */
    struct ctl_event *rows; /* oldest first once collected */
    size_t n;
    size_t size;
};

/* The newest rows that match, repeated denials among them. ZTA_NO_MEMORY. */
enum zta_status ctl_events_collect(struct zta_view *view, struct ctl_events *events) ZTA_MUST_CHECK;
void ctl_events_clear(struct ctl_events *events);
/* The newest event that matches, repeats apart. ZTA_NOT_FOUND. */
enum zta_status ctl_event_newest(struct zta_view *view, const struct ctl_filter *filter,
                                 int64_t now_s, struct zta_event *event) ZTA_MUST_CHECK;

extern const char *const ctl_event_titles[];
extern const size_t ctl_event_n_titles;
void ctl_event_row(struct ctl_list *list, const struct ctl_event *row);
/* Everything an event has, as members of the object that is open. */
void ctl_event_members(struct zta_json *json, const struct ctl_event *row);

#endif
