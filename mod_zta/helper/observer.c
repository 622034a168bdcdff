/* SPDX-License-Identifier: Apache-2.0 */
/* From the ring into state/: one round reads a batch, shares it out and commits it whole. */
#include "mod_zta/helper/observer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "mod_zta/helper/observer_priv.h"
#include "mod_zta/helper/requests.h"
#include "mod_zta/helper/signals.h"
#include "shared/base/clock.h"
#include "shared/live/ring.h"

/* A hot set of 10,000 sessions with room for a flood of new ones between two write-backs. */
#define N_SESSIONS  32768
#define N_BASELINES 16384 /* a subject has a few sessions; each of these takes 2 KB */
#define LOCK_MODE   0600

#define RETRY_FIRST_NS INT64_C(100000000)
#define RETRY_MAX_NS   INT64_C(2000000000)
#define DRAIN_POLL_NS  INT64_C(10000000)
#define LOG_DRAIN_NS   INT64_C(200000000)

void mod_zta_observer_log(const struct mod_zta_observer *observer, int level, const char *fmt, ...)
{
    if (observer->options.log == NULL) {
        return;
    }
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    observer->options.log(observer->options.log_context, level, text);
}

/* The lock ends with the process, however it ends; the file stays. */
static enum zta_status take_lock(const char *store_dir, int *lock_fd, struct zta_error *error)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/" ZTA_STORE_OBSERVER_FILE, store_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);
    if (fd < 0) {
        return zta_error_set(error, ZTA_IO, "%s: %s", path, strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int code = errno;
        (void)close(fd);
        return zta_error_set(error, code == EWOULDBLOCK ? ZTA_BUSY : ZTA_IO, "%s: %s", path,
                             code == EWOULDBLOCK ? "another helper observes" : strerror(code));
    }
    *lock_fd = fd;
    return ZTA_OK;
}

static void set_counter(struct zta_segment *segment, enum zta_counter counter, uint64_t value)
{
    /* Only the observer writes these; what it adds may be a step back after a restored store. */
    zta_counter_add(segment, counter, value - zta_counter_get(segment, counter));
}

/*
 * Frees what is accounted for and brings the counters up to date. They follow from what is
 * committed and from the ring's own books, so an observer that died in between neither lost nor
 * doubled one.
 */
static void settle(struct mod_zta_observer *observer)
{
    struct zta_segment *segment = observer->options.segment;
    mod_zta_decision_log_read(observer->decision_log, observer->cursor, zta_clock_real_ns());
    const uint64_t hold = mod_zta_decision_log_hold(observer->decision_log);
    zta_ring_release(segment, hold < observer->cursor ? hold : observer->cursor);
    uint64_t known = observer->progress.n_stored + observer->progress.n_aggregated +
                     zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_DEAD) +
                     zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_SLOW);
    uint64_t tail = zta_ring_tail(segment);
    set_counter(segment, ZTA_COUNTER_EVENTS_STORED, observer->progress.n_stored);
    set_counter(segment, ZTA_COUNTER_EVENTS_AGGREGATED, observer->progress.n_aggregated);
    if (hold >= observer->cursor) {
        /* Else the books end before what is known. */
        set_counter(segment, ZTA_COUNTER_EVENTS_DROPPED_STORE, tail > known ? tail - known : 0);
    }
}

/* ---- sessions and baselines ---- */

/* Events that can be counted in before what waits has to be written. */
static size_t tables_room(const struct mod_zta_observer *observer)
{
    const size_t sessions = mod_zta_hot_table_room(observer->sessions);
    const size_t baselines = mod_zta_hot_table_room(observer->baselines);
    return sessions < baselines ? sessions : baselines;
}

/* Of an event that stands in the store: its factors are in the records since then. */
static enum zta_status tables_note(struct mod_zta_observer *observer, struct zta_change *change,
                                   const struct zta_event *event, const struct zta_event_key *place)
{
    const struct zta_baseline *taught;
    enum zta_status status =
        mod_zta_session_table_note(observer->sessions, change, event, place, false, 0);
    return status == ZTA_OK
               ? mod_zta_baseline_table_note(observer->baselines, change, event, place, 0, &taught)
               : status;
}

static enum zta_status tables_write(struct mod_zta_observer *observer, struct zta_change *change,
                                    bool is_all, int64_t now_ns)
{
    enum zta_status status = mod_zta_hot_table_write(observer->sessions, change, is_all, now_ns);
    return status == ZTA_OK ? mod_zta_hot_table_write(observer->baselines, change, is_all, now_ns)
                            : status;
}

static void tables_written(struct mod_zta_observer *observer, bool is_committed)
{
    mod_zta_hot_table_written(observer->sessions, is_committed);
    mod_zta_hot_table_written(observer->baselines, is_committed);
}

static uint64_t tables_settled(const struct mod_zta_observer *observer)
{
    const uint64_t sessions = mod_zta_hot_table_settled(observer->sessions, observer->cursor);
    const uint64_t baselines = mod_zta_hot_table_settled(observer->baselines, observer->cursor);
    return sessions < baselines ? sessions : baselines;
}

/* ---- recovering what was in memory ---- */

struct recovery {
    struct mod_zta_observer *observer;
    struct zta_change *change;
    uint64_t segment_id;
    enum zta_status status;
};

static enum zta_status write_recovered(struct recovery *recovery)
{
    enum zta_status status =
        tables_write(recovery->observer, recovery->change, true, zta_clock_monotonic_ns());
    /* They are forgotten with the observer if the change is not committed. */
    tables_written(recovery->observer, status == ZTA_OK);
    return status;
}

static bool recover_one(void *context, const struct zta_event_key *key,
                        const struct zta_event *event)
{
    struct recovery *recovery = context;
    if (key->segment_id != recovery->segment_id) {
        return true;
    }
    if (tables_room(recovery->observer) == 0) {
        recovery->status = write_recovered(recovery);
    }
    if (recovery->status == ZTA_OK) {
        recovery->status = tables_note(recovery->observer, recovery->change, event, key);
    }
    return recovery->status == ZTA_OK;
}

/* The greatest place below that sequence of the segment. */
static void place_before(struct zta_event_key *key, uint64_t sequence)
{
    if (sequence > 0) {
        key->sequence = sequence - 1;
        return;
    }
    key->segment_created_ns--;
    key->segment_id = key->sequence = UINT64_MAX;
}

/*
 * Sessions and baselines that an observer had in memory when it died: their requests since the last
 * write-back stand in the events, whose keys tell which of them were counted already.
 */
static enum zta_status recover(struct mod_zta_observer *observer, struct zta_error *error)
{
    struct zta_view *view;
    enum zta_status status = zta_view_begin(observer->store, &view);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "state/: %s", zta_status_text(status));
    }
    struct zta_event_key from;
    struct zta_events_progress progress = {.settled = 0};
    status = zta_event_last(view, &from);
    if (status == ZTA_OK) {
        status = zta_events_progress_get(view, from.segment_id, &progress);
    }
    struct recovery recovery = {.observer = observer, .segment_id = from.segment_id};
    if (status == ZTA_OK && progress.settled <= from.sequence) {
        status = zta_change_begin(observer->store, "recovery", &recovery.change, error);
        if (status == ZTA_OK) {
            place_before(&from, progress.settled);
            status = zta_event_each_after(view, &from, recover_one, &recovery);
        }
        status = recovery.status != ZTA_OK ? recovery.status : status;
        if (status == ZTA_OK) {
            status = write_recovered(&recovery);
        }
    }
    zta_view_end(&view);
    if (status == ZTA_OK && recovery.change != NULL) {
        return zta_change_commit(&recovery.change, error);
    }
    zta_change_abort(&recovery.change);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

/* ---- open and close ---- */

static enum zta_status open_log(struct mod_zta_observer *observer, struct zta_error *error)
{
    const struct mod_zta_decision_log_options options = {
        .segment = observer->options.segment,
        .store = observer->store,
        .version = observer->options.version,
        .ends = observer->options.log_ends,
        .n_ends = observer->options.n_log_ends,
    };
    const enum zta_status status = mod_zta_decision_log_open(&options, &observer->decision_log);
    return status == ZTA_OK ? status
                            : zta_error_set(error, status, "the decision log cannot begin: %s",
                                            zta_status_text(status));
}

static enum zta_status open_memory(struct mod_zta_observer *observer, int64_t now_real_ns,
                                   struct zta_error *error)
{
    const struct zta_siphash_key *key = zta_segment_key(observer->options.segment);
    enum zta_status status = mod_zta_session_table_open(N_SESSIONS, key, &observer->sessions);
    if (status == ZTA_OK) {
        status = mod_zta_baseline_table_open(N_BASELINES, key, &observer->baselines);
    }
    if (status == ZTA_OK) {
        status = mod_zta_risk_table_open(key, &observer->risks);
    }
    if (status == ZTA_OK) {
        status = mod_zta_quota_open(key, &observer->quota);
    }
    if (status == ZTA_OK) {
        status = mod_zta_series_open(observer->options.retain_series_s, &observer->series);
    }
    if (status == ZTA_OK) {
        status = mod_zta_key_uses_open(key, &observer->key_uses);
    }
    if (status == ZTA_OK) {
        status = mod_zta_inputs_keeper_open(&observer->inputs);
    }
    if (status == ZTA_OK) {
        status = mod_zta_ruleset_open(&observer->options.rules, &observer->rules);
    }
    if (status == ZTA_OK) {
        status = mod_zta_automation_open(&observer->options.automation, key, observer->store,
                                         now_real_ns, &observer->automation);
    }
    return status == ZTA_OK ? status : zta_error_set(error, status, "no memory for the observer");
}

/* Reading goes on behind what is committed and behind what was dropped. */
static enum zta_status find_place(struct mod_zta_observer *observer, struct zta_error *error)
{
    struct zta_view *view;
    enum zta_status status = zta_view_begin(observer->store, &view);
    if (status == ZTA_OK) {
        status = zta_events_progress_get(view, observer->segment.segment_id, &observer->progress);
        zta_view_end(&view);
    }
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return zta_error_set(error, status, "state/: the place in the ring cannot be read: %s",
                             zta_status_text(status));
    }
    uint64_t tail = zta_ring_tail(observer->options.segment);
    observer->cursor = observer->progress.cursor > tail ? observer->progress.cursor : tail;
    return ZTA_OK;
}

enum zta_status mod_zta_observer_open(const struct mod_zta_observer_options *options,
                                      int64_t now_mono_ns, int64_t now_real_ns,
                                      struct mod_zta_observer **observer, struct zta_error *error)
{
    struct mod_zta_observer *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return zta_error_set(error, ZTA_NO_MEMORY, "no memory for the observer");
    }
    opened->options = *options;
    opened->lock_fd = -1;
    opened->segment = (struct zta_event_key){
        .segment_created_ns = (uint64_t)zta_segment_created_real_ns(options->segment),
        .segment_id = zta_segment_id(options->segment),
    };
    enum zta_status status = zta_store_open(options->store_dir, ZTA_STORE_HELPER,
                                            options->store_size, &opened->store, error);
    if (status == ZTA_OK) {
        status = take_lock(options->store_dir, &opened->lock_fd, error);
    }
    if (status == ZTA_OK) {
        status = open_memory(opened, now_real_ns, error);
    }
    if (status == ZTA_OK) {
        mod_zta_upkeep_begin(opened, now_mono_ns, now_real_ns);
        status = recover(opened, error);
    }
    if (status == ZTA_FULL) {
        mod_zta_upkeep_squeeze(opened, now_real_ns);
        status = recover(opened, error);
        /* Sessions lag behind then; that must not keep the ring from being read. */
        status = status == ZTA_FULL ? ZTA_OK : status;
    }
    if (status == ZTA_OK) {
        status = find_place(opened, error);
    }
    if (status == ZTA_OK) {
        status = open_log(opened, error);
    }
    if (status != ZTA_OK) {
        mod_zta_observer_close(&opened);
        if (status != ZTA_BUSY && status != ZTA_NO_MEMORY) {
            zta_segment_store_health_set(options->segment, status);
        }
        return status;
    }
    settle(opened);
    *observer = opened;
    return ZTA_OK;
}

void mod_zta_observer_close(struct mod_zta_observer **observer)
{
    struct mod_zta_observer *closing = *observer;
    if (closing == NULL) {
        return;
    }
    *observer = NULL;
    (void)mod_zta_decision_log_close(&closing->decision_log);
    mod_zta_automation_close(&closing->automation);
    mod_zta_ruleset_close(&closing->rules);
    mod_zta_inputs_keeper_close(&closing->inputs);
    mod_zta_key_uses_close(&closing->key_uses);
    mod_zta_quota_close(&closing->quota);
    mod_zta_series_close(&closing->series);
    mod_zta_risk_table_close(&closing->risks);
    mod_zta_hot_table_close(&closing->baselines);
    mod_zta_hot_table_close(&closing->sessions);
    zta_store_close(&closing->store);
    if (closing->lock_fd >= 0) {
        (void)close(closing->lock_fd);
    }
    free(closing);
}

void mod_zta_observer_touch_rules(struct mod_zta_observer *observer)
{
    mod_zta_ruleset_touch(observer->rules);
}

struct zta_store *mod_zta_observer_store(struct mod_zta_observer *observer)
{
    return observer->store;
}

/* ---- one round ---- */

static void read_ring(struct mod_zta_observer *observer, int64_t now_mono_ns, int64_t now_real_ns)
{
    struct mod_zta_batch *batch = &observer->batch;
    while (batch->n < MOD_ZTA_BATCH_MAX &&
           zta_ring_read(observer->options.segment, &observer->cursor, now_mono_ns,
                         &batch->events[batch->n], &batch->sequences[batch->n]) == ZTA_OK) {
        /* What no honest child writes ends up among the dropped. */
        batch->n += mod_zta_event_sanitise(&batch->events[batch->n], now_real_ns) ? 1 : 0;
    }
}

static uint64_t backlog(const struct mod_zta_observer *observer)
{
    const struct zta_segment *segment = observer->options.segment;
    return zta_ring_head(segment) - zta_ring_tail(segment);
}

/* Of those, what nobody has read yet; what the decision log holds is no work for the store. */
static uint64_t unread(const struct mod_zta_observer *observer)
{
    return zta_ring_head(observer->options.segment) - observer->cursor + observer->batch.n;
}

/* Each further eighth of the ring that fills halves the rows of a batch. */
static unsigned pressure(const struct mod_zta_observer *observer)
{
    uint64_t eighths = unread(observer) * 8 / zta_ring_capacity(observer->options.segment);
    return eighths < 4 ? 0 : (unsigned)(eighths > 7 ? 4 : eighths - 3);
}

static struct zta_event_key place_of(const struct mod_zta_observer *observer, size_t index)
{
    struct zta_event_key place = observer->segment;
    place.sequence = observer->batch.sequences[index];
    place.weight = 1;
    return place;
}

/*
 * What is usual, and what is not. Before the quotas: events that raised something are kept.
 */
static enum zta_status find_risks(struct mod_zta_observer *observer, struct zta_change *change,
                                  int64_t now_ns)
{
    struct mod_zta_batch *batch = &observer->batch;
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < batch->n && status == ZTA_OK; i++) {
        const struct zta_event_key place = place_of(observer, i);
        const struct zta_baseline *taught;
        status = mod_zta_baseline_table_note(observer->baselines, change, &batch->events[i], &place,
                                             now_ns, &taught);
        if (status == ZTA_OK && i == observer->n_watched) {
            mod_zta_risk_table_watch(observer->risks, batch, i, taught);
            observer->n_watched++;
        }
    }
    return status == ZTA_OK ? mod_zta_risk_table_apply(observer->risks, change, batch) : status;
}

/* Behind the detectors, which note in an event what it raised; each event counts once. */
static void respond(struct mod_zta_observer *observer)
{
    const struct mod_zta_batch *batch = &observer->batch;
    const int64_t now_real_ns = zta_clock_real_ns();
    struct mod_zta_automation_raise raise;
    for (; observer->n_responded < batch->n; observer->n_responded++) {
        mod_zta_automation_note(observer->automation, observer->store,
                                &batch->events[observer->n_responded], now_real_ns);
        while (mod_zta_automation_next_raise(observer->automation, &raise)) {
            mod_zta_risk_table_raise(observer->risks, observer->n_responded, raise.owner,
                                     raise.signal, raise.evidence);
        }
    }
}

/* What was done, and what it led to, behind its commit. */
static void tell_responses(struct mod_zta_observer *observer, bool is_committed)
{
    const char *line;
    mod_zta_automation_written(observer->automation, is_committed);
    while ((line = mod_zta_automation_next_line(observer->automation)) != NULL) {
        mod_zta_observer_log(observer, MOD_ZTA_HELPER_NOTICE, "ZTA0116: automation: %s", line);
    }
}

static void count_losses(struct mod_zta_observer *observer)
{
    struct zta_segment *segment = observer->options.segment;
    const struct mod_zta_risk_losses now = mod_zta_risk_table_losses(observer->risks);
    const struct mod_zta_risk_losses *before = &observer->risk_losses;
    zta_counter_add(segment, ZTA_COUNTER_WATCHES_FORGOTTEN, now.n_watches - before->n_watches);
    zta_counter_add(segment, ZTA_COUNTER_FINDINGS_DROPPED, now.n_findings - before->n_findings);
    zta_counter_add(segment, ZTA_COUNTER_ADDRESSES_FORGOTTEN,
                    now.n_addresses - before->n_addresses);
    observer->risk_losses = now;
}

static void end_batch(struct mod_zta_observer *observer, bool is_committed)
{
    observer->batch.n = 0;
    observer->n_watched = 0;
    observer->n_responded = 0;
    mod_zta_risk_table_end(observer->risks, is_committed);
    count_losses(observer);
}

/* Everything of the batch, into an open change. */
static enum zta_status write_batch(struct mod_zta_observer *observer, struct zta_change *change,
                                   bool is_last, int64_t now_ns,
                                   struct zta_events_progress *progress)
{
    struct mod_zta_batch *batch = &observer->batch;
    struct mod_zta_shares *shares = &observer->shares;
    enum zta_status status = find_risks(observer, change, now_ns);
    if (status == ZTA_OK) {
        respond(observer);
        status = mod_zta_risk_table_apply_more(observer->risks, change, batch);
    }
    if (status == ZTA_OK) {
        status = mod_zta_automation_write(observer->automation, change);
    }
    if (status == ZTA_OK) {
        status =
            mod_zta_quota_apply(observer->quota, change, batch, now_ns, pressure(observer), shares);
    }
    for (size_t i = 0; i < batch->n && status == ZTA_OK; i++) {
        const struct zta_event_key place = place_of(observer, i);
        status = mod_zta_session_table_note(observer->sessions, change, &batch->events[i], &place,
                                            shares->is_hidden[i], now_ns);
    }
    if (status == ZTA_OK) {
        status = tables_write(observer, change, is_last || mod_zta_requests_wait(observer), now_ns);
    }
    if (status == ZTA_OK && mod_zta_requests_wait(observer)) {
        status = mod_zta_requests_do(observer, change);
    }
    if (status == ZTA_OK) {
        status = mod_zta_key_uses_write(observer->key_uses, observer->store, change, batch);
    }
    if (status == ZTA_OK) {
        status = mod_zta_inputs_keep(observer->inputs, observer->options.segment, change,
                                     shares->rows, shares->n_rows);
    }
    if (status == ZTA_OK) {
        status = mod_zta_series_write(observer->series, change, observer->options.segment, batch,
                                      shares);
    }
    if (status != ZTA_OK) {
        return status;
    }
    *progress = (struct zta_events_progress){
        .cursor = observer->cursor,
        .n_stored = observer->progress.n_stored + shares->n_rows,
        .n_aggregated = observer->progress.n_aggregated + batch->n - shares->n_rows,
        .settled = tables_settled(observer),
    };
    return zta_events_append_rows(change, &observer->segment, shares->rows, shares->n_rows,
                                  progress);
}

/* What waits leaves room for what this batch touches only after it was written. */
static enum zta_status make_room(struct mod_zta_observer *observer, int64_t now_ns,
                                 struct zta_error *error)
{
    if (tables_room(observer) >= observer->batch.n) {
        return ZTA_OK;
    }
    struct zta_change *change;
    enum zta_status status = zta_change_begin(observer->store, "sessions", &change, error);
    if (status != ZTA_OK) {
        return status;
    }
    status = tables_write(observer, change, true, now_ns);
    if (status == ZTA_OK) {
        status = zta_change_commit(&change, error);
    }
    zta_change_abort(&change);
    tables_written(observer, status == ZTA_OK);
    return status;
}

static enum zta_status commit(struct mod_zta_observer *observer, bool is_last, int64_t now_ns,
                              struct zta_error *error)
{
    struct zta_events_progress progress;
    struct zta_change *change = NULL;
    enum zta_status status = make_room(observer, now_ns, error);
    if (status == ZTA_OK) {
        status = zta_change_begin(observer->store, "events", &change, error);
    }
    if (status == ZTA_OK) {
        status = write_batch(observer, change, is_last, now_ns, &progress);
        if (status == ZTA_OK) {
            status = zta_change_commit(&change, error);
        }
        else {
            (void)zta_error_set(error, status, "state/: %s", zta_status_text(status));
            zta_change_abort(&change);
        }
    }
    tables_written(observer, status == ZTA_OK);
    tell_responses(observer, status == ZTA_OK);
    mod_zta_series_end(observer->series, status == ZTA_OK);
    if (status != ZTA_OK) {
        mod_zta_quota_undo(observer->quota);
        mod_zta_inputs_keeper_forget(observer->inputs);
        return status;
    }
    if (mod_zta_requests_wait(observer)) {
        mod_zta_requests_done(observer);
    }
    observer->progress = progress;
    end_batch(observer, true);
    return ZTA_OK;
}

/*
 * The store takes nothing: half the ring is kept for when it does, the rest is dropped and counted.
 */
static void relieve(struct mod_zta_observer *observer, int64_t now_mono_ns, int64_t now_real_ns)
{
    uint64_t limit = zta_ring_capacity(observer->options.segment) / 2;
    while (backlog(observer) > limit) {
        const uint64_t tail = zta_ring_tail(observer->options.segment);
        const uint64_t cursor = observer->cursor;
        end_batch(observer, false);
        settle(observer);
        if (zta_ring_tail(observer->options.segment) == tail) {
            if (mod_zta_decision_log_hold(observer->decision_log) <= tail) {
                break; /* no dropped event would make room */
            }
            read_ring(observer, now_mono_ns, now_real_ns);
            if (observer->cursor == cursor) {
                break; /* the next one is still being written */
            }
        }
    }
}

static void note_failure(struct mod_zta_observer *observer, const struct zta_error *error,
                         int64_t now_mono_ns, int64_t now_real_ns)
{
    unsigned shift = observer->n_failures < 5 ? observer->n_failures : 5;
    int64_t wait_ns = RETRY_FIRST_NS << shift;
    observer->retry_ns = now_mono_ns + (wait_ns < RETRY_MAX_NS ? wait_ns : RETRY_MAX_NS);
    observer->n_failures++;
    if (error->status == ZTA_FULL) {
        mod_zta_upkeep_squeeze(observer, now_real_ns);
    }
    mod_zta_observer_alert(observer, MOD_ZTA_ALERT_WRITE, now_real_ns / ZTA_NS_PER_S, error->text);
}

/* A batch into the store, or what there is to be done about a store that does not take it. */
static void write_out(struct mod_zta_observer *observer, bool is_last, int64_t now_mono_ns,
                      int64_t now_real_ns)
{
    if (!mod_zta_upkeep_may_write(observer) || now_mono_ns < observer->retry_ns) {
        relieve(observer, now_mono_ns, now_real_ns);
        return;
    }
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    enum zta_status status = commit(observer, is_last, now_mono_ns, &error);
    if (status != ZTA_OK) {
        error.status = status;
        note_failure(observer, &error, now_mono_ns, now_real_ns);
        relieve(observer, now_mono_ns, now_real_ns);
        return;
    }
    observer->retry_ns = 0;
    observer->n_failures = 0;
    mod_zta_observer_alert(observer, MOD_ZTA_ALERT_WRITE, now_real_ns / ZTA_NS_PER_S, NULL);
    settle(observer);
}

int64_t mod_zta_observer_step(struct mod_zta_observer *observer, int64_t now_mono_ns,
                              int64_t now_real_ns)
{
    mod_zta_fleet_part_look(&observer->fleet_part, observer->options.segment, observer->store,
                            observer->options.store_dir, now_mono_ns);
    mod_zta_upkeep_step(observer, now_mono_ns, now_real_ns);
    mod_zta_signals_deliver(observer, now_mono_ns, now_real_ns);
    mod_zta_decision_log_step(observer->decision_log, now_mono_ns, now_real_ns);
    if (now_mono_ns < observer->next_commit_ns && unread(observer) < MOD_ZTA_BATCH_MAX) {
        return observer->next_commit_ns - now_mono_ns;
    }
    observer->next_commit_ns = now_mono_ns + MOD_ZTA_COMMIT_NS;
    mod_zta_observer_alert(observer, MOD_ZTA_ALERT_RULES, now_real_ns / ZTA_NS_PER_S,
                           mod_zta_ruleset_look(observer->rules, observer->store, now_real_ns));
    mod_zta_risk_table_use(observer->risks, mod_zta_ruleset_get(observer->rules));
    mod_zta_automation_use(observer->automation, mod_zta_ruleset_get(observer->rules),
                           mod_zta_ruleset_version(observer->rules));
    read_ring(observer, now_mono_ns, now_real_ns);
    bool is_full = observer->batch.n == MOD_ZTA_BATCH_MAX;
    mod_zta_requests_look(observer, now_mono_ns);
    if (observer->batch.n > 0 || mod_zta_requests_wait(observer) ||
        mod_zta_series_waits(observer->series, observer->options.segment)) {
        write_out(observer, false, now_mono_ns, now_real_ns);
    }
    else {
        settle(observer); /* slots that were passed over */
    }
    return is_full && observer->batch.n == 0 ? 0 : MOD_ZTA_COMMIT_NS;
}

/*
 * What is not written by then stays in the ring for the helper that follows; at the server's end
 * there is none.
 */
static void end_log(struct mod_zta_observer *observer, int64_t deadline_mono_ns)
{
    const int64_t least_ns = zta_clock_monotonic_ns() + LOG_DRAIN_NS;
    mod_zta_decision_log_drain(observer->decision_log, observer->cursor,
                               deadline_mono_ns > least_ns ? deadline_mono_ns : least_ns);
    settle(observer);
    if (mod_zta_upkeep_may_write(observer)) {
        mod_zta_decision_log_note(observer->decision_log);
    }
    const uint64_t left = mod_zta_decision_log_close(&observer->decision_log);
    if (left > 0 && zta_segment_children(observer->options.segment) == 0) {
        zta_counter_add(observer->options.segment, ZTA_COUNTER_LOG_DROPPED, left);
        mod_zta_observer_log(observer, MOD_ZTA_HELPER_ERROR,
                             "ZTA0141: %llu lines of the decision log were lost at the end: a "
                             "target of ZTALog did not take them",
                             (unsigned long long)left);
    }
}

bool mod_zta_observer_drain(struct mod_zta_observer *observer, int64_t deadline_mono_ns)
{
    struct zta_segment *segment = observer->options.segment;
    bool is_drained = false;
    int64_t now_ns = zta_clock_monotonic_ns();
    do {
        observer->next_commit_ns = now_ns;
        /* Asked first: what a child wrote before it was gone is in the ring. */
        bool has_children = zta_segment_children(segment) > 0;
        int64_t sleep_ns = mod_zta_observer_step(observer, now_ns, zta_clock_real_ns());
        is_drained = !has_children && zta_ring_tail(segment) == zta_ring_head(segment);
        if (!is_drained && sleep_ns > 0) {
            struct timespec pause = {.tv_nsec = DRAIN_POLL_NS};
            (void)nanosleep(&pause, NULL);
        }
        now_ns = zta_clock_monotonic_ns();
    } while (!is_drained && now_ns < deadline_mono_ns);
    read_ring(observer, now_ns, zta_clock_real_ns());
    write_out(observer, true, now_ns, zta_clock_real_ns());
    end_log(observer, deadline_mono_ns);
    return zta_ring_tail(segment) == zta_ring_head(segment);
}
