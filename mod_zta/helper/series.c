/* SPDX-License-Identifier: Apache-2.0 */
/* Sorts a batch by the minutes in which its requests arrived, and adds those to the series. */
#include "mod_zta/helper/series.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/random.h"

enum {
    MINUTES_MAX = 8, /* at hand at once; requests of a batch seldom began in more than two */
    PRUNE_MOST = 512,
};

struct mod_zta_series {
    int64_t retain_s[ZTA_N_SERIES_SPANS];
    bool is_known;               /* head is as the store has it */
    struct zta_series_head head; /* as committed */
    struct zta_series_head next; /* with the change that is under way */
    size_t n_minutes;
    struct zta_series_point minutes[MINUTES_MAX];
};

enum zta_status mod_zta_series_open(const int64_t retain_s[ZTA_N_SERIES_SPANS],
                                    struct mod_zta_series **series)
{
    struct mod_zta_series *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    memcpy(opened->retain_s, retain_s, sizeof opened->retain_s);
    *series = opened;
    return ZTA_OK;
}

void mod_zta_series_close(struct mod_zta_series **series)
{
    free(*series);
    *series = NULL;
}

static uint64_t dropped_of(const struct zta_segment *segment)
{
    return zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_FULL) +
           zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_DEAD) +
           zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_SLOW) +
           zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_STORE);
}

bool mod_zta_series_waits(const struct mod_zta_series *series, const struct zta_segment *segment)
{
    const uint64_t noted =
        series->head.segment_id == zta_segment_id(segment) ? series->head.n_dropped : 0;
    return series->is_known && dropped_of(segment) > noted;
}

static int64_t oldest_of(const struct mod_zta_series *series, enum zta_series_span span,
                         int64_t now_s)
{
    const int64_t retain_s = series->retain_s[span];
    return retain_s <= 0 ? INT64_MIN : zta_series_begin_s(span, now_s - retain_s);
}

/* ---- minutes of the batch ---- */

struct writing {
    struct mod_zta_series *series;
    struct zta_change *change;
    int64_t oldest_s[ZTA_N_SERIES_SPANS];
};

static enum zta_status write_out(struct writing *writing)
{
    struct mod_zta_series *series = writing->series;
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < series->n_minutes && status == ZTA_OK; i++) {
        status = zta_series_write(writing->change, &series->minutes[i], writing->oldest_s);
    }
    series->n_minutes = 0;
    return status;
}

/* ZTA_OK with the minute of that time, an empty one where it is new. */
static enum zta_status minute_of(struct writing *writing, int64_t time_s,
                                 struct zta_series_point **minute)
{
    struct mod_zta_series *series = writing->series;
    const int64_t begin_s = zta_series_begin_s(ZTA_SERIES_MINUTE, time_s);
    for (size_t i = 0; i < series->n_minutes; i++) {
        if (series->minutes[i].begin_s == begin_s) {
            *minute = &series->minutes[i];
            return ZTA_OK;
        }
    }
    if (series->n_minutes == MINUTES_MAX) {
        const enum zta_status status = write_out(writing);
        if (status != ZTA_OK) {
            return status;
        }
    }
    *minute = &series->minutes[series->n_minutes++];
    memset(*minute, 0, sizeof **minute);
    (*minute)->begin_s = begin_s;
    return ZTA_OK;
}

static enum zta_status note_batch(struct writing *writing, const struct mod_zta_batch *batch,
                                  const struct mod_zta_shares *shares)
{
    struct zta_series_point *minute;
    enum zta_status status = ZTA_OK;
    size_t row = 0;
    for (size_t i = 0; i < batch->n && status == ZTA_OK; i++) {
        const struct zta_event *event = &batch->events[i];
        status = minute_of(writing, event->time_ns / ZTA_NS_PER_S, &minute);
        if (status != ZTA_OK) {
            break;
        }
        zta_series_note(minute, event, &writing->series->next.key);
        /* Rows are in the order of the batch. */
        if (row < shares->n_rows && shares->rows[row].event == event) {
            minute->counts[ZTA_SERIES_ROWS]++;
            row++;
        }
    }
    return status;
}

/* ---- lost events ---- */

static enum zta_status find_head(struct mod_zta_series *series, struct zta_change *change)
{
    if (series->is_known) {
        return ZTA_OK;
    }
    enum zta_status status = zta_series_head_get(change, &series->head);
    if (status == ZTA_NOT_FOUND || status == ZTA_CORRUPT) {
        series->head = (struct zta_series_head){.segment_id = 0};
        zta_random_bytes(&series->head.key, sizeof series->head.key);
        status = ZTA_OK;
    }
    series->is_known = status == ZTA_OK;
    return status;
}

/* The helper that dies behind the change has them in the store; before it, they are still to do. */
static enum zta_status note_losses(struct writing *writing, const struct zta_segment *segment,
                                   int64_t now_s)
{
    struct zta_series_head *head = &writing->series->next;
    const uint64_t segment_id = zta_segment_id(segment);
    const uint64_t n_dropped = dropped_of(segment);
    const uint64_t noted = head->segment_id == segment_id ? head->n_dropped : 0;
    struct zta_series_point *minute;
    if (head->segment_id == segment_id && n_dropped <= noted) {
        return ZTA_OK;
    }
    head->segment_id = segment_id;
    head->n_dropped = n_dropped;
    if (n_dropped > noted) {
        const enum zta_status status = minute_of(writing, now_s, &minute);
        if (status != ZTA_OK) {
            return status;
        }
        minute->counts[ZTA_SERIES_DROPPED] += n_dropped - noted;
    }
    return zta_series_head_put(writing->change, head);
}

enum zta_status mod_zta_series_write(struct mod_zta_series *series, struct zta_change *change,
                                     const struct zta_segment *segment,
                                     const struct mod_zta_batch *batch,
                                     const struct mod_zta_shares *shares)
{
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    struct writing writing = {.series = series, .change = change};
    enum zta_status status = find_head(series, change);
    if (status != ZTA_OK) {
        return status;
    }
    series->next = series->head;
    series->n_minutes = 0;
    for (unsigned i = 0; i < ZTA_N_SERIES_SPANS; i++) {
        writing.oldest_s[i] = oldest_of(series, (enum zta_series_span)i, now_s);
    }
    status = note_batch(&writing, batch, shares);
    if (status == ZTA_OK) {
        status = note_losses(&writing, segment, now_s);
    }
    return status == ZTA_OK ? write_out(&writing) : status;
}

void mod_zta_series_end(struct mod_zta_series *series, bool is_committed)
{
    if (is_committed) {
        series->head = series->next;
    }
}

void mod_zta_series_prune(const struct mod_zta_series *series, struct zta_store *store,
                          int64_t now_s)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    enum zta_status status = zta_change_begin(store, "pruning", &change, &error);
    uint64_t n_all = 0;
    if (status != ZTA_OK) {
        return;
    }
    for (unsigned i = 0; i < ZTA_N_SERIES_SPANS && status == ZTA_OK; i++) {
        const enum zta_series_span span = (enum zta_series_span)i;
        uint64_t n = 0;
        status = zta_series_prune(change, span, oldest_of(series, span, now_s), PRUNE_MOST, &n);
        n_all += n;
    }
    if (status != ZTA_OK || n_all == 0 || zta_change_commit(&change, &error) != ZTA_OK) {
        zta_change_abort(&change);
    }
}
