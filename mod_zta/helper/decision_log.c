/* SPDX-License-Identifier: Apache-2.0 */
/* From ring, audit trail and responses to the lines of each target. */
#include "mod_zta/helper/decision_log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mod_zta/helper/batch.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/live/ring.h"
#include "shared/store/logged.h"

#define LOOK_NS       INT64_C(250000000)
#define HEAD_NS       (60 * ZTA_NS_PER_S)
#define TROUBLE_NS    (2 * ZTA_NS_PER_S)  /* of a pipe that was full for a moment nobody is told */
#define LOSS_SHOWN_NS (60 * ZTA_NS_PER_S) /* an alert about what comes and goes */
#define POLL_NS       INT64_C(10000000)
#define HOST_MAX      64
#define RING_SHARE    4 /* a target that lags holds at most that part of the ring */

/* Priorities of syslog(3). */
enum severity {
    SEVERITY_ERROR = 3,
    SEVERITY_WARNING = 4,
    SEVERITY_NOTICE = 5,
    SEVERITY_INFO = 6,
};

struct end {
    const struct mod_zta_log_end *config;
    struct mod_zta_log_target *target;
    struct mod_zta_log_stats stats; /* as counted */
    uint64_t n_told;                /* losses that a line of its own told of */
    int64_t lost_ns;                /* when some were lost last */
};

/* A line as it was made last, for the targets that want the same. */
struct made {
    enum zta_log_format format;
    uint32_t weight; /* 0: none was made */
    size_t len;
    char line[ZTA_LOG_LINE_MAX];
};

struct mod_zta_decision_log {
    struct mod_zta_decision_log_options options;
    uint64_t cursor; /* of the ring */
    uint64_t next_action;
    uint64_t next_response;
    struct zta_logged_places noted; /* in state/ */
    int64_t next_look_ns;
    int64_t next_head_ns;
    int64_t now_ns; /* real time of this round */
    char host[HOST_MAX + 1];
    char trouble[512];
    struct made made;
    struct zta_event event;
    size_t n_ends;
    struct end ends[];
};

/* ---- lines ---- */

static int severity_of(const struct zta_log_record *record)
{
    switch (record->kind) {
    case ZTA_LOG_REQUEST:
        return record->event->outcome == ZTA_OUTCOME_ALLOW ? SEVERITY_INFO : SEVERITY_WARNING;
    case ZTA_LOG_ACTION:
        return SEVERITY_NOTICE;
    case ZTA_LOG_RESPONSE:
        return SEVERITY_WARNING;
    case ZTA_LOG_LOSS:
        return SEVERITY_ERROR;
    case ZTA_LOG_HEAD:
    case ZTA_N_LOG_KINDS:
        return SEVERITY_INFO;
    }
    return SEVERITY_INFO;
}

/* False: there is no line of it. */
static bool make(struct mod_zta_decision_log *log, const struct zta_log_record *record,
                 enum zta_log_format format)
{
    struct made *made = &log->made;
    if (made->weight == record->weight && made->format == format) {
        return true;
    }
    made->weight = 0;
    if (zta_log_line(record, format, made->line, &made->len) != ZTA_OK) {
        return false;
    }
    made->weight = record->weight;
    made->format = format;
    return true;
}

/* A line that cannot be made is passed: its number must hold nobody up. */
static void put(struct mod_zta_decision_log *log, struct end *end, enum zta_logged stream,
                const struct zta_log_record *record)
{
    if (!make(log, record, end->config->format)) {
        if (stream < ZTA_N_LOGGED) {
            mod_zta_log_target_pass(end->target, stream, record->sequence);
        }
    }
    else {
        mod_zta_log_target_put(end->target, stream, record->sequence, severity_of(record),
                               (struct zta_text){.data = log->made.line, .len = log->made.len});
    }
}

static struct zta_log_record record_of(const struct mod_zta_decision_log *log,
                                       enum zta_log_kind kind)
{
    return (struct zta_log_record){
        .kind = kind,
        .host = log->host,
        .version = log->options.version,
        .time_ns = log->now_ns,
        .segment_id = zta_segment_id(log->options.segment),
        .weight = 1,
    };
}

static void put_everywhere(struct mod_zta_decision_log *log, enum zta_logged stream,
                           const struct zta_log_record *record)
{
    log->made.weight = 0;
    for (size_t i = 0; i < log->n_ends; i++) {
        put(log, &log->ends[i], stream, record);
    }
}

/* ---- how far it is ---- */

static uint64_t done(struct mod_zta_decision_log *log, enum zta_logged stream)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < log->n_ends; i++) {
        const uint64_t one = mod_zta_log_target_done(log->ends[i].target, stream);
        least = one < least ? one : least;
    }
    return least;
}

/* Also by the threads of targets, behind each write. */
static void note_done(void *context)
{
    struct mod_zta_decision_log *log = context;
    for (enum zta_logged stream = 0; stream < ZTA_N_LOGGED; stream++) {
        zta_segment_logged_set(log->options.segment, stream, done(log, stream));
    }
}

uint64_t mod_zta_decision_log_hold(struct mod_zta_decision_log *log)
{
    return log == NULL ? UINT64_MAX : done(log, ZTA_LOGGED_EVENTS);
}

static bool have_room(const struct mod_zta_decision_log *log)
{
    for (size_t i = 0; i < log->n_ends; i++) {
        if (!mod_zta_log_target_has_room(log->ends[i].target)) {
            return false;
        }
    }
    return true;
}

/* ---- requests ---- */

static void tell_event(struct mod_zta_decision_log *log, uint64_t sequence)
{
    struct zta_log_record record = record_of(log, ZTA_LOG_REQUEST);
    record.event = &log->event;
    record.sequence = sequence;
    record.time_ns = log->event.time_ns;
    log->made.weight = 0;
    for (size_t i = 0; i < log->n_ends; i++) {
        struct end *end = &log->ends[i];
        record.weight = zta_log_weight(&log->event, end->config->every);
        if (record.weight > 0) {
            put(log, end, ZTA_LOGGED_EVENTS, &record);
        }
        else {
            mod_zta_log_target_pass(end->target, ZTA_LOGGED_EVENTS, sequence);
        }
    }
}

void mod_zta_decision_log_read(struct mod_zta_decision_log *log, uint64_t limit,
                               int64_t now_real_ns)
{
    if (log == NULL) {
        return;
    }
    uint64_t sequence;
    log->now_ns = now_real_ns;
    while (log->cursor < limit && have_room(log) &&
           zta_ring_read(log->options.segment, &log->cursor, zta_clock_monotonic_ns(), &log->event,
                         &sequence) == ZTA_OK) {
        if (mod_zta_event_sanitise(&log->event, now_real_ns)) {
            tell_event(log, sequence);
        }
    }
    /* Slots that were passed over, and what no honest child writes, have no line. */
    for (size_t i = 0; i < log->n_ends && log->cursor > 0; i++) {
        mod_zta_log_target_pass(log->ends[i].target, ZTA_LOGGED_EVENTS, log->cursor - 1);
    }
}

/* ---- operators and automation ---- */

static bool tell_action(void *context, const struct zta_audit_entry *entry)
{
    struct mod_zta_decision_log *log = context;
    struct zta_log_record record = record_of(log, ZTA_LOG_ACTION);
    if (!have_room(log)) {
        return false;
    }
    record.action = entry;
    record.sequence = entry->id;
    record.time_ns = entry->time_ns;
    put_everywhere(log, ZTA_LOGGED_ACTIONS, &record);
    log->next_action = entry->id + 1;
    return true;
}

static bool tell_response(void *context, const struct zta_response *response)
{
    struct mod_zta_decision_log *log = context;
    struct zta_log_record record = record_of(log, ZTA_LOG_RESPONSE);
    if (!have_room(log)) {
        return false;
    }
    record.response = response;
    record.sequence = response->id;
    record.time_ns = response->time_ns;
    put_everywhere(log, ZTA_LOGGED_RESPONSES, &record);
    log->next_response = response->id + 1;
    return true;
}

static bool tell_head(void *context, const struct zta_audit_entry *entry)
{
    struct mod_zta_decision_log *log = context;
    struct zta_log_record record = record_of(log, ZTA_LOG_HEAD);
    record.action = entry;
    if (have_room(log)) {
        put_everywhere(log, ZTA_N_LOGGED, &record);
    }
    return false;
}

/* What cannot be read is told by the store's own checks; what can be was told in order. */
static void follow(struct mod_zta_decision_log *log, int64_t now_mono_ns)
{
    struct zta_view *view;
    if (zta_view_begin(log->options.store, &view) != ZTA_OK) {
        return;
    }
    enum zta_status status = zta_audit_each_above(view, log->next_action - 1, tell_action, log);
    if (status == ZTA_OK) {
        status = zta_response_each_above(view, log->next_response - 1, tell_response, log);
    }
    if (status == ZTA_OK && now_mono_ns >= log->next_head_ns &&
        zta_audit_each(view, 1, tell_head, log) == ZTA_OK) {
        log->next_head_ns = now_mono_ns + HEAD_NS;
    }
    zta_view_end(&view);
}

void mod_zta_decision_log_note(struct mod_zta_decision_log *log)
{
    if (log == NULL) {
        return;
    }
    const struct zta_logged_places places = {
        .actions = done(log, ZTA_LOGGED_ACTIONS) - 1,
        .responses = done(log, ZTA_LOGGED_RESPONSES) - 1,
    };
    struct zta_error error = {.text = ""};
    struct zta_change *change;
    if (memcmp(&places, &log->noted, sizeof places) == 0 ||
        zta_change_begin(log->options.store, "decision log", &change, &error) != ZTA_OK) {
        return;
    }
    enum zta_status status = zta_logged_put(change, &places);
    if (status == ZTA_OK) {
        status = zta_change_commit(&change, &error);
    }
    zta_change_abort(&change);
    log->noted = status == ZTA_OK ? places : log->noted;
}

/* ---- losses ---- */

static void count(struct mod_zta_decision_log *log, struct end *end, int64_t now_mono_ns)
{
    struct mod_zta_log_stats now;
    mod_zta_log_target_stats(end->target, &now);
    if (now.n_written != end->stats.n_written) {
        zta_counter_add(log->options.segment, ZTA_COUNTER_LOG_WRITTEN,
                        now.n_written - end->stats.n_written);
    }
    if (now.n_dropped != end->stats.n_dropped) {
        zta_counter_add(log->options.segment, ZTA_COUNTER_LOG_DROPPED,
                        now.n_dropped - end->stats.n_dropped);
        end->lost_ns = now_mono_ns;
    }
    end->stats = now;
}

/* In the stream itself stands what is missing in it, once it flows again. */
static void tell_loss(struct mod_zta_decision_log *log, struct end *end)
{
    struct zta_log_record record = record_of(log, ZTA_LOG_LOSS);
    if (end->stats.n_dropped == end->n_told || end->stats.troubled_ns != 0) {
        return;
    }
    record.n_lost = end->stats.n_dropped - end->n_told;
    end->n_told = end->stats.n_dropped;
    log->made.weight = 0;
    put(log, end, ZTA_N_LOGGED, &record);
}

void mod_zta_decision_log_step(struct mod_zta_decision_log *log, int64_t now_mono_ns,
                               int64_t now_real_ns)
{
    if (log == NULL || now_mono_ns < log->next_look_ns) {
        return;
    }
    log->next_look_ns = now_mono_ns + LOOK_NS;
    log->now_ns = now_real_ns;
    follow(log, now_mono_ns);
    for (size_t i = 0; i < log->n_ends; i++) {
        count(log, &log->ends[i], now_mono_ns);
        tell_loss(log, &log->ends[i]);
    }
    note_done(log);
}

const char *mod_zta_decision_log_trouble(struct mod_zta_decision_log *log, int64_t now_mono_ns)
{
    struct zta_buffer text;
    if (log == NULL) {
        return NULL;
    }
    zta_buffer_init(&text, log->trouble, sizeof log->trouble);
    for (size_t i = 0; i < log->n_ends; i++) {
        const struct end *end = &log->ends[i];
        const struct mod_zta_log_stats *stats = &end->stats;
        const bool has_lost = end->lost_ns != 0 && now_mono_ns - end->lost_ns < LOSS_SHOWN_NS;
        const bool is_troubled =
            stats->troubled_ns != 0 &&
            (has_lost || zta_clock_monotonic_ns() - stats->troubled_ns > TROUBLE_NS);
        if (is_troubled || has_lost) {
            zta_buffer_printf(
                &text, "%sZTALog %.80s: %s%s%" PRIu64 " lines wait, %" PRIu64 " were lost",
                text.len > 0 ? "; " : "", end->config->name, is_troubled ? stats->error : "",
                is_troubled ? "; " : "", stats->n_waiting, stats->n_dropped);
        }
    }
    return text.len > 0 ? log->trouble : NULL;
}

/* ---- begin and end ---- */

static bool take_action(void *context, const struct zta_audit_entry *entry)
{
    *(uint64_t *)context = entry->id;
    return false;
}

static bool take_response(void *context, const struct zta_response *response)
{
    *(uint64_t *)context = response->id;
    return false;
}

/* Behind what is in the log already; who logs for the first time begins with what comes. */
static enum zta_status find_places(struct mod_zta_decision_log *log)
{
    const struct zta_segment *segment = log->options.segment;
    struct zta_logged_places last = {.actions = 0};
    struct zta_logged_places noted = {.actions = 0};
    struct zta_view *view;
    enum zta_status status = zta_view_begin(log->options.store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_audit_each(view, 1, take_action, &last.actions);
    if (status == ZTA_OK) {
        status = zta_response_each(view, take_response, &last.responses);
    }
    if (status == ZTA_OK) {
        status = zta_logged_get(view, &noted);
        log->noted = noted;
        if (status == ZTA_NOT_FOUND) {
            noted = last;
            log->noted = (struct zta_logged_places){.actions = UINT64_MAX}; /* to be noted now */
            status = ZTA_OK;
        }
    }
    zta_view_end(&view);
    if (status != ZTA_OK) {
        return status;
    }
    const uint64_t tail = zta_ring_tail(segment);
    const uint64_t events = zta_segment_logged(segment, ZTA_LOGGED_EVENTS);
    const uint64_t actions = zta_segment_logged(segment, ZTA_LOGGED_ACTIONS);
    const uint64_t responses = zta_segment_logged(segment, ZTA_LOGGED_RESPONSES);
    log->cursor = events > tail && events <= zta_ring_head(segment) ? events : tail;
    log->next_action = actions > noted.actions ? actions : noted.actions + 1;
    log->next_response = responses > noted.responses ? responses : noted.responses + 1;
    /* A restored store has fewer. */
    log->next_action = log->next_action > last.actions + 1 ? last.actions + 1 : log->next_action;
    log->next_response =
        log->next_response > last.responses + 1 ? last.responses + 1 : log->next_response;
    return ZTA_OK;
}

static enum zta_status open_end(struct mod_zta_decision_log *log, struct end *end)
{
    const struct mod_zta_log_end *config = end->config;
    const struct mod_zta_log_target_options options = {
        .name = config->name,
        .sink = config->sink,
        .path = config->path,
        .fd = config->fd,
        .facility = config->facility,
        .is_mandatory = config->is_mandatory,
        .most_behind = zta_ring_capacity(log->options.segment) / RING_SHARE,
        .on_written = note_done,
        .context = log,
    };
    const enum zta_status status = mod_zta_log_target_open(&options, &end->target);
    if (status == ZTA_OK) {
        mod_zta_log_target_pass(end->target, ZTA_LOGGED_EVENTS, log->cursor - 1);
        mod_zta_log_target_pass(end->target, ZTA_LOGGED_ACTIONS, log->next_action - 1);
        mod_zta_log_target_pass(end->target, ZTA_LOGGED_RESPONSES, log->next_response - 1);
    }
    return status;
}

enum zta_status mod_zta_decision_log_open(const struct mod_zta_decision_log_options *options,
                                          struct mod_zta_decision_log **log)
{
    if (options->n_ends == 0) {
        *log = NULL;
        return ZTA_OK;
    }
    struct mod_zta_decision_log *opened =
        calloc(1, sizeof *opened + options->n_ends * sizeof opened->ends[0]);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->options = *options;
    (void)gethostname(opened->host, HOST_MAX);
    enum zta_status status = find_places(opened);
    for (size_t i = 0; i < options->n_ends && status == ZTA_OK; i++) {
        opened->ends[i].config = &options->ends[i];
        status = open_end(opened, &opened->ends[i]);
        opened->n_ends += status == ZTA_OK ? 1 : 0;
    }
    if (status != ZTA_OK) {
        (void)mod_zta_decision_log_close(&opened);
        return status;
    }
    *log = opened;
    return ZTA_OK;
}

/* Threads end before anything is freed: each of them asks all targets how far they are. */
uint64_t mod_zta_decision_log_close(struct mod_zta_decision_log **log)
{
    struct mod_zta_decision_log *closing = *log;
    uint64_t n_left = 0;
    bool hangs = false;
    if (closing == NULL) {
        return 0;
    }
    *log = NULL;
    for (size_t i = 0; i < closing->n_ends; i++) {
        uint64_t left;
        hangs |= mod_zta_log_target_stop(closing->ends[i].target, zta_clock_monotonic_ns(),
                                         &left) != ZTA_OK;
        n_left += left;
    }
    if (hangs) {
        return n_left;
    }
    for (size_t i = 0; i < closing->n_ends; i++) {
        mod_zta_log_target_close(&closing->ends[i].target);
    }
    free(closing);
    return n_left;
}

void mod_zta_decision_log_drain(struct mod_zta_decision_log *log, uint64_t limit,
                                int64_t deadline_ns)
{
    const struct timespec pause = {.tv_nsec = POLL_NS};
    if (log == NULL) {
        return;
    }
    for (;;) {
        const int64_t now_ns = zta_clock_monotonic_ns();
        log->next_look_ns = now_ns;
        mod_zta_decision_log_read(log, limit, zta_clock_real_ns());
        mod_zta_decision_log_step(log, now_ns, zta_clock_real_ns());
        const bool is_done = log->cursor >= limit && done(log, ZTA_LOGGED_EVENTS) >= log->cursor &&
                             done(log, ZTA_LOGGED_ACTIONS) >= log->next_action &&
                             done(log, ZTA_LOGGED_RESPONSES) >= log->next_response;
        if (is_done || now_ns >= deadline_ns) {
            return;
        }
        (void)nanosleep(&pause, NULL);
    }
}
