/* SPDX-License-Identifier: Apache-2.0 */
/* What each second needs: health, room in the map and on the disk, heartbeat and alerts. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "mod_zta/helper/erasure.h"
#include "mod_zta/helper/notices.h"
#include "mod_zta/helper/observer_priv.h"
#include "mod_zta/helper/signals.h"
#include "shared/base/clock.h"
#include "shared/live/flights.h"
#include "shared/live/ring.h"
#include "shared/store/repeats.h"
#include "shared/store/responses.h"
#include "shared/store/sessions.h"

#define READERS_NS (2 * ZTA_NS_PER_S) /* what a killed child looked at keeps pages from use */
/* An alert about what comes and goes stands that long, so that somebody sees it. */
#define DROPS_SHOWN_NS (60 * ZTA_NS_PER_S)
#define FILL_SHOWN_NS  (60 * ZTA_NS_PER_S)

/* With less than this the ballast goes, before a change of an operator fails. */
#define DISK_ROOM_MIN (UINT64_C(1) << 20)

/* Above the first share of the map the oldest events go, until the second is reached. */
#define FILL_HIGH_PERCENT 80
#define FILL_LOW_PERCENT  78

/* Free pages inside the data file that let events be written without asking the disk for more. */
#define INNER_ROOM_MIN  (UINT64_C(1) << 20)
#define INNER_ROOM_GOOD (UINT64_C(8) << 20)

/* One change of pruning is done within milliseconds, a second's worth keeps up with any inflow. */
#define PRUNE_MEASURES  1000
#define PRUNE_BLOCKS    64
#define PRUNE_REPEATS   512
#define PRUNE_CHANGES   16
#define PRUNE_SESSIONS  2000
#define PRUNE_OF_ABSENT 500
#define BASELINES_AGE_S ((ZTA_FORGET_DAYS + 1) * INT64_C(86400))
#define RISKS_AGE_S     (90 * INT64_C(86400)) /* many half-lives of every signal */

struct alert_text {
    const char *name;
    const char *tag;
    int level;
};

static const struct alert_text alert_texts[MOD_ZTA_N_ALERTS] = {
    [MOD_ZTA_ALERT_HEALTH] = {"store_unavailable", "ZTA0070", MOD_ZTA_HELPER_ERROR},
    [MOD_ZTA_ALERT_WRITE] = {"store_not_written", "ZTA0071", MOD_ZTA_HELPER_ERROR},
    [MOD_ZTA_ALERT_DISK] = {"disk_full", "ZTA0072", MOD_ZTA_HELPER_ERROR},
    [MOD_ZTA_ALERT_FILL] = {"store_full", "ZTA0073", MOD_ZTA_HELPER_WARNING},
    [MOD_ZTA_ALERT_DROPS] = {"events_dropped", "ZTA0074", MOD_ZTA_HELPER_WARNING},
    [MOD_ZTA_ALERT_KEYS_STALE] = {"issuer_keys_stale", "ZTA0077", MOD_ZTA_HELPER_ERROR},
    [MOD_ZTA_ALERT_KEYS_REFRESH] = {"issuer_refresh_failing", "ZTA0078", MOD_ZTA_HELPER_WARNING},
    [MOD_ZTA_ALERT_INTROSPECTION] = {"introspection_failing", "ZTA0079", MOD_ZTA_HELPER_ERROR},
    [MOD_ZTA_ALERT_SIGNALS] = {"signals_waiting", "ZTA0085", MOD_ZTA_HELPER_ERROR},
    [MOD_ZTA_ALERT_GEO] = {"geo_refused", "ZTA0105", MOD_ZTA_HELPER_ERROR},
    [MOD_ZTA_ALERT_ASN] = {"asn_refused", "ZTA0106", MOD_ZTA_HELPER_ERROR},
    [MOD_ZTA_ALERT_LISTS] = {"list_refused", "ZTA0108", MOD_ZTA_HELPER_ERROR},
    [MOD_ZTA_ALERT_GOVERNED] = {"automation_held_back", "ZTA0114", MOD_ZTA_HELPER_WARNING},
    [MOD_ZTA_ALERT_LOST] = {"notifications_lost", "ZTA0115", MOD_ZTA_HELPER_WARNING},
    [MOD_ZTA_ALERT_STREAMS] = {"stream_silent", "ZTA0125", MOD_ZTA_HELPER_WARNING},
    [MOD_ZTA_ALERT_HELD] = {"signals_held", "ZTA0126", MOD_ZTA_HELPER_WARNING},
    [MOD_ZTA_ALERT_LOG] = {"log_failing", "ZTA0140", MOD_ZTA_HELPER_ERROR},
    [MOD_ZTA_ALERT_RULES] = {"live_rules_refused", "ZTA0112", MOD_ZTA_HELPER_ERROR},
};

void mod_zta_observer_alert(struct mod_zta_observer *observer, enum mod_zta_alert alert,
                            int64_t now_s, const char *text)
{
    struct mod_zta_alert_state *state = &observer->upkeep.alerts[alert];
    const struct alert_text *known = &alert_texts[alert];
    if (text == NULL) {
        if (state->since_s != 0) {
            state->since_s = 0;
            mod_zta_observer_log(observer, MOD_ZTA_HELPER_NOTICE, "%s: %s is over", known->tag,
                                 known->name);
        }
        return;
    }
    (void)snprintf(state->text, sizeof state->text, "%s", text);
    if (state->since_s == 0) {
        state->since_s = now_s > 0 ? now_s : 1;
        mod_zta_observer_log(observer, known->level, "%s: %s: %s", known->tag, known->name, text);
    }
}

/* ---- the disk ---- */

/* -1 when init made none: httpd's user may not. */
static int open_ballast(const struct mod_zta_observer *observer)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/" ZTA_STORE_BALLAST_FILE, observer->options.store_dir);
    return open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* UINT64_MAX when the system does not tell. */
static uint64_t disk_room(const struct mod_zta_observer *observer)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/state", observer->options.store_dir);
    struct statvfs info;
    return statvfs(path, &info) == 0 ? (uint64_t)info.f_bavail * info.f_frsize : UINT64_MAX;
}

static void empty_ballast(const struct mod_zta_observer *observer, int fd)
{
    if (ftruncate(fd, 0) != 0) {
        mod_zta_observer_log(observer, MOD_ZTA_HELPER_ERROR,
                             "ZTA0076: the store's ballast cannot be given up: %s",
                             strerror(errno));
    }
}

/* Real blocks, or nothing: a sparse file is no ballast. */
static void fill_ballast(const struct mod_zta_observer *observer)
{
    int fd = open_ballast(observer);
    struct stat info;
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &info) == 0 && (uint64_t)info.st_size < MOD_ZTA_BALLAST_SIZE &&
        posix_fallocate(fd, 0, (off_t)MOD_ZTA_BALLAST_SIZE) != 0) {
        empty_ballast(observer, fd);
    }
    (void)close(fd);
}

void mod_zta_upkeep_squeeze(struct mod_zta_observer *observer, int64_t now_real_ns)
{
    /* A full map is no full disk: there pruning by fill makes the room. */
    if (disk_room(observer) >= MOD_ZTA_BALLAST_SIZE) {
        return;
    }
    int fd = open_ballast(observer);
    if (fd >= 0) {
        empty_ballast(observer, fd);
        (void)close(fd);
    }
    observer->upkeep.is_squeezed = true;
    mod_zta_observer_alert(observer, MOD_ZTA_ALERT_DISK, now_real_ns / ZTA_NS_PER_S,
                           "the file system of the store is full: the oldest events are removed, "
                           "new ones are written only in their place");
}

/* The squeeze ends when there is room for the ballast and as much again. */
static void look_at_disk(struct mod_zta_observer *observer, int64_t now_real_ns)
{
    uint64_t room = disk_room(observer);
    if (!observer->upkeep.is_squeezed && room < DISK_ROOM_MIN) {
        mod_zta_upkeep_squeeze(observer, now_real_ns);
    }
    if (observer->upkeep.is_squeezed && room >= 4 * MOD_ZTA_BALLAST_SIZE) {
        observer->upkeep.is_squeezed = false;
        mod_zta_observer_alert(observer, MOD_ZTA_ALERT_DISK, now_real_ns / ZTA_NS_PER_S, NULL);
    }
    if (!observer->upkeep.is_squeezed && room >= 2 * MOD_ZTA_BALLAST_SIZE) {
        fill_ballast(observer);
    }
}

bool mod_zta_upkeep_may_write(const struct mod_zta_observer *observer)
{
    struct zta_error error;
    /*
     * Asked again: what is committed to files that were replaced moves LMDB's lock file past the
     * new ones, and nobody could read these until httpd was stopped.
     */
    if (!observer->upkeep.is_healthy || zta_store_health(observer->store, &error) != ZTA_OK) {
        return false;
    }
    if (!observer->upkeep.is_squeezed) {
        return true;
    }
    struct zta_store_usage usage;
    if (zta_store_usage(observer->store, false, &usage) != ZTA_OK) {
        return false;
    }
    /* What growth there is must not take the room that the ballast has left to operators. */
    uint64_t inner =
        disk_room(observer) >= MOD_ZTA_BALLAST_SIZE / 2 ? INNER_ROOM_MIN : INNER_ROOM_GOOD;
    return usage.file_size >= usage.used + inner;
}

/* ---- pruning ---- */

struct limits {
    int64_t before_ns; /* by age; INT64_MIN: not */
    bool is_over;      /* by size, fill or disk: the oldest go whatever their age */
};

static void look_at_fill(struct mod_zta_observer *observer, int64_t now_mono_ns,
                         int64_t now_real_ns)
{
    struct mod_zta_upkeep *upkeep = &observer->upkeep;
    if (upkeep->is_filled) {
        upkeep->filled_ns = now_mono_ns;
        mod_zta_observer_alert(observer, MOD_ZTA_ALERT_FILL, now_real_ns / ZTA_NS_PER_S,
                               "the store is nearly full (ZTAStoreSize): the oldest events are "
                               "removed before their time");
    }
    else if (now_mono_ns - upkeep->filled_ns > FILL_SHOWN_NS) {
        mod_zta_observer_alert(observer, MOD_ZTA_ALERT_FILL, now_real_ns / ZTA_NS_PER_S, NULL);
    }
}

static struct limits look_at_room(struct mod_zta_observer *observer, int64_t now_mono_ns,
                                  int64_t now_real_ns)
{
    const struct mod_zta_observer_options *options = &observer->options;
    struct limits limits = {.before_ns = INT64_MIN};
    if (options->retain_events_s > 0 && options->retain_events_s < now_real_ns / ZTA_NS_PER_S) {
        limits.before_ns = now_real_ns - options->retain_events_s * ZTA_NS_PER_S;
    }
    const int64_t ordered_s = mod_zta_erasure_oldest_s(observer);
    if (ordered_s > limits.before_ns / ZTA_NS_PER_S) {
        limits.before_ns = ordered_s * ZTA_NS_PER_S;
    }
    struct zta_store_usage usage;
    if (zta_store_usage(observer->store, false, &usage) != ZTA_OK) {
        return limits;
    }
    struct mod_zta_upkeep *upkeep = &observer->upkeep;
    uint64_t percent = upkeep->is_filled ? FILL_LOW_PERCENT : FILL_HIGH_PERCENT;
    upkeep->is_filled = usage.used > usage.map_size / 100 * percent;
    look_at_fill(observer, now_mono_ns, now_real_ns);
    uint64_t bytes = 0;
    uint64_t n;
    struct zta_view *view;
    if (options->retain_events_size > 0 && zta_view_begin(observer->store, &view) == ZTA_OK) {
        if (zta_events_size(view, &bytes, &n) != ZTA_OK) {
            bytes = 0;
        }
        zta_view_end(&view);
    }
    limits.is_over = upkeep->is_filled ||
                     (options->retain_events_size > 0 && bytes > options->retain_events_size) ||
                     (upkeep->is_squeezed && usage.file_size < usage.used + INNER_ROOM_GOOD);
    return limits;
}

static bool note_time(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    *(int64_t *)context = event->time_ns;
    return false;
}

/* Time of the oldest event; INT64_MAX when there is none. */
static int64_t oldest_ns(struct mod_zta_observer *observer)
{
    int64_t time_ns = INT64_MAX;
    struct zta_event_key all = {.sequence = 0};
    struct zta_view *view;
    if (zta_view_begin(observer->store, &view) == ZTA_OK) {
        if (zta_event_each_after(view, &all, note_time, &time_ns) != ZTA_OK) {
            time_ns = INT64_MAX;
        }
        zta_view_end(&view);
    }
    return time_ns;
}

/* One change; *n what it removed. Repeats go with the events of their time. */
static enum zta_status prune_some(struct mod_zta_observer *observer, const struct limits *limits,
                                  uint64_t *n, struct zta_error *error)
{
    int64_t events_ns = limits->is_over ? INT64_MAX : limits->before_ns;
    int64_t repeats_ns = limits->is_over ? oldest_ns(observer) : limits->before_ns;
    int64_t repeats_s =
        repeats_ns == INT64_MAX ? INT64_MAX : repeats_ns / ZTA_NS_PER_S - ZTA_REPEAT_WINDOW_S;
    struct zta_change *change;
    enum zta_status status = zta_change_begin(observer->store, "pruning", &change, error);
    if (status != ZTA_OK) {
        return status;
    }
    uint64_t n_events = 0;
    uint64_t n_repeats = 0;
    status = zta_events_prune(change, events_ns, PRUNE_BLOCKS, &n_events);
    if (status == ZTA_OK) {
        status = zta_repeats_prune(change, repeats_s, PRUNE_REPEATS, &n_repeats);
    }
    *n = n_events + n_repeats;
    if (status != ZTA_OK || *n == 0) {
        zta_change_abort(&change);
        return status;
    }
    return zta_change_commit(&change, error);
}

static void prune_events(struct mod_zta_observer *observer, int64_t now_mono_ns,
                         int64_t now_real_ns)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    for (int i = 0; i < PRUNE_CHANGES; i++) {
        struct limits limits = look_at_room(observer, now_mono_ns, now_real_ns);
        uint64_t n = 0;
        if ((limits.before_ns == INT64_MIN && !limits.is_over) ||
            prune_some(observer, &limits, &n, &error) != ZTA_OK || n == 0) {
            break;
        }
    }
}

static void prune_sessions(struct mod_zta_observer *observer, int64_t now_real_ns)
{
    const int64_t retained_s = observer->options.retain_sessions_s;
    const int64_t ordered_s = mod_zta_erasure_oldest_s(observer);
    int64_t before_s = retained_s > 0 ? now_real_ns / ZTA_NS_PER_S - retained_s : 0;
    before_s = ordered_s > before_s ? ordered_s : before_s;
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    if (before_s <= 0 || zta_change_begin(observer->store, "pruning", &change, &error) != ZTA_OK) {
        return;
    }
    uint64_t n = 0;
    enum zta_status status =
        zta_sessions_prune(change, observer->upkeep.sessions_place, before_s, PRUNE_SESSIONS, &n);
    if (status != ZTA_OK || n == 0 || zta_change_commit(&change, &error) != ZTA_OK) {
        zta_change_abort(&change);
    }
}

typedef enum zta_status (*prune_fn)(struct zta_change *change, struct zta_prune_place *place,
                                    int64_t before_s, size_t most, uint64_t *n);

/* What is kept of the absent; by most_s nothing of it counts, ZTARetain may ask for less. */
static void prune_of_absent(struct mod_zta_observer *observer, prune_fn prune,
                            struct zta_prune_place *place, int64_t now_s, int64_t most_s)
{
    const int64_t retained_s = observer->options.retain_sessions_s;
    const int64_t age_s = retained_s > 0 && retained_s < most_s ? retained_s : most_s;
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    if (zta_change_begin(observer->store, "pruning", &change, &error) != ZTA_OK) {
        return;
    }
    uint64_t n = 0;
    enum zta_status status = prune(change, place, now_s - age_s, PRUNE_OF_ABSENT, &n);
    if (status != ZTA_OK || n == 0 || zta_change_commit(&change, &error) != ZTA_OK) {
        zta_change_abort(&change);
    }
}

/* Recorded sides of credentials go with the last of their events. */
static void prune_inputs(struct mod_zta_observer *observer, int64_t now_real_ns)
{
    const int64_t now_s = now_real_ns / ZTA_NS_PER_S;
    const int64_t oldest = oldest_ns(observer);
    int64_t before_s = observer->options.retain_events_s > 0
                           ? now_s - observer->options.retain_events_s
                           : INT64_MIN;
    if (oldest != INT64_MAX && oldest / ZTA_NS_PER_S > before_s) {
        before_s = oldest / ZTA_NS_PER_S; /* events went for want of room */
    }
    mod_zta_inputs_keeper_prune(observer->inputs, observer->store, before_s, now_s);
}

/* ---- what is published ---- */

static enum zta_status put_alerts(struct mod_zta_observer *observer, struct zta_change *change)
{
    const struct mod_zta_observer_options *options = &observer->options;
    struct zta_published_alert alerts[MOD_ZTA_N_ALERTS + 64];
    size_t n = 0;
    for (size_t i = 0; i < MOD_ZTA_N_ALERTS; i++) {
        const struct mod_zta_alert_state *state = &observer->upkeep.alerts[i];
        if (state->since_s != 0) {
            alerts[n++] = (struct zta_published_alert){
                .name = zta_text_of(alert_texts[i].name),
                .text = zta_text_of(state->text),
                .since_s = state->since_s,
            };
        }
    }
    for (size_t i = 0; i < options->n_alerts && n < sizeof alerts / sizeof alerts[0]; i++) {
        alerts[n++] = options->alerts[i];
    }
    return zta_published_put_alerts(change, alerts, n);
}

/* How often buckets of shared rates were asked for. */
static enum zta_status put_uses(struct mod_zta_observer *observer, struct zta_change *change,
                                int64_t now_mono_ns)
{
    struct zta_share_uses uses;
    return mod_zta_fleet_part_collect(observer->options.segment, now_mono_ns, &uses)
               ? zta_share_uses_put(change, &uses)
               : ZTA_OK;
}

static void publish(struct mod_zta_observer *observer, int64_t now_mono_ns, int64_t now_real_ns)
{
    const struct zta_segment *segment = observer->options.segment;
    struct zta_heartbeat heartbeat = {
        .time_s = now_real_ns / ZTA_NS_PER_S,
        .started_s = observer->upkeep.started_s,
        .pid = (int32_t)getpid(),
        .n_children = zta_segment_children(segment),
        .config_generation = zta_segment_config_generation(segment),
        .segment_id = zta_segment_id(segment),
        .ring_head = zta_ring_head(segment),
        .ring_tail = zta_ring_tail(segment),
        .ring_capacity = zta_ring_capacity(segment),
        .threat = observer->upkeep.threat,
        .threat_since_s = observer->upkeep.threat_since_s,
    };
    (void)snprintf(heartbeat.threat_reason, sizeof heartbeat.threat_reason, "%s",
                   observer->upkeep.threat_reason);
    (void)snprintf(heartbeat.version, sizeof heartbeat.version, "%s",
                   observer->options.version != NULL ? observer->options.version : "");
    uint64_t counters[ZTA_N_COUNTERS];
    for (size_t i = 0; i < ZTA_N_COUNTERS; i++) {
        counters[i] = zta_counter_get(segment, (enum zta_counter)i);
    }
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    if (zta_change_begin(observer->store, "heartbeat", &change, &error) != ZTA_OK) {
        return; /* a heartbeat that stays away is what tells it */
    }
    if (zta_published_put_heartbeat(change, &heartbeat, counters, ZTA_N_COUNTERS) != ZTA_OK ||
        put_alerts(observer, change) != ZTA_OK ||
        put_uses(observer, change, now_mono_ns) != ZTA_OK ||
        zta_change_commit(&change, &error) != ZTA_OK) {
        zta_change_abort(&change);
    }
}

/* ---- each second ---- */

static void look_at_health(struct mod_zta_observer *observer, int64_t now_real_ns)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    enum zta_status status = zta_store_health(observer->store, &error);
    observer->upkeep.is_healthy = status == ZTA_OK;
    zta_segment_store_health_set(observer->options.segment, status);
    mod_zta_observer_alert(observer, MOD_ZTA_ALERT_HEALTH, now_real_ns / ZTA_NS_PER_S,
                           status == ZTA_OK ? NULL : error.text);
}

static void look_at_drops(struct mod_zta_observer *observer, int64_t now_mono_ns,
                          int64_t now_real_ns)
{
    const struct zta_segment *segment = observer->options.segment;
    uint64_t n = zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_FULL) +
                 zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_STORE);
    struct mod_zta_upkeep *upkeep = &observer->upkeep;
    if (n > upkeep->n_dropped) {
        char text[96];
        (void)snprintf(text, sizeof text, "%llu events were dropped since the server started",
                       (unsigned long long)n);
        upkeep->dropped_ns = now_mono_ns;
        mod_zta_observer_alert(observer, MOD_ZTA_ALERT_DROPS, now_real_ns / ZTA_NS_PER_S, text);
    }
    else if (now_mono_ns - upkeep->dropped_ns > DROPS_SHOWN_NS) {
        mod_zta_observer_alert(observer, MOD_ZTA_ALERT_DROPS, now_real_ns / ZTA_NS_PER_S, NULL);
    }
    upkeep->n_dropped = n;
}

/* Our own credentials refused are an alarm at once, silence when it is lasting. */
static void look_at_introspection(struct mod_zta_observer *observer, int64_t now_real_ns)
{
    const struct mod_zta_observer_options *options = &observer->options;
    char text[512];
    struct zta_buffer failing;
    zta_buffer_init(&failing, text, sizeof text);
    for (size_t i = 0; i < options->n_asked; i++) {
        const struct mod_zta_asked_issuer *asked = &options->asked[i];
        const struct zta_breaker_state state = zta_breaker_look(options->segment, asked->id);
        bool is_refused = state.fault == ZTA_FLIGHT_END_REFUSED;
        if (is_refused || state.n_failures >= ZTA_BREAKER_FAILURES) {
            zta_buffer_printf(&failing, "%sissuer %.*s %s", failing.len > 0 ? "; " : "",
                              (int)asked->name.len, asked->name.data,
                              is_refused ? "refuses our client or its secret (ZTAIntrospect)"
                                         : "gives no answer about opaque tokens");
        }
    }
    mod_zta_observer_alert(observer, MOD_ZTA_ALERT_INTROSPECTION, now_real_ns / ZTA_NS_PER_S,
                           failing.len > 0 ? text : NULL);
}

/* ---- automation ---- */

static void look_at_automation(struct mod_zta_observer *observer, int64_t now_real_ns)
{
    const int64_t now_s = now_real_ns / ZTA_NS_PER_S;
    struct mod_zta_upkeep *upkeep = &observer->upkeep;
    const char *reason;
    const enum zta_threat_level level =
        mod_zta_automation_threat(observer->automation, observer->store, now_real_ns, &reason);
    if (level != upkeep->threat) {
        mod_zta_observer_log(observer, MOD_ZTA_HELPER_NOTICE, "ZTA0117: threat level %s%s%s",
                             zta_threat_level_name(level), reason[0] != '\0' ? ": " : "", reason);
    }
    if (level != upkeep->threat || upkeep->threat_since_s == 0) {
        upkeep->threat_since_s = now_s;
    }
    upkeep->threat = level;
    (void)snprintf(upkeep->threat_reason, sizeof upkeep->threat_reason, "%s", reason);
    zta_segment_threat_set(observer->options.segment, level);
    mod_zta_observer_alert(observer, MOD_ZTA_ALERT_GOVERNED, now_s,
                           mod_zta_automation_held_back(observer->automation, now_real_ns));
    mod_zta_observer_alert(observer, MOD_ZTA_ALERT_LOST, now_s,
                           mod_zta_automation_lost(observer->automation));
}

static void prune_automation(struct mod_zta_observer *observer, int64_t now_real_ns)
{
    struct zta_error error = {.status = ZTA_OK, .text = ""};
    struct zta_change *change;
    uint64_t n_measures = 0;
    uint64_t n_responses = 0;
    if (zta_change_begin(observer->store, "pruning", &change, &error) != ZTA_OK) {
        return;
    }
    enum zta_status status =
        zta_measures_prune(change, observer->upkeep.measures_place, now_real_ns / ZTA_NS_PER_S,
                           PRUNE_MEASURES, &n_measures);
    if (status == ZTA_OK) {
        status = zta_responses_prune(change, PRUNE_MEASURES, &n_responses);
    }
    if (status == ZTA_OK && n_measures + n_responses > 0) {
        status = zta_change_commit(&change, &error);
    }
    zta_change_abort(&change);
}

void mod_zta_upkeep_begin(struct mod_zta_observer *observer, int64_t now_mono_ns,
                          int64_t now_real_ns)
{
    const struct zta_segment *segment = observer->options.segment;
    observer->upkeep = (struct mod_zta_upkeep){
        .next_ns = now_mono_ns,
        .next_readers_ns = now_mono_ns,
        .started_s = now_real_ns / ZTA_NS_PER_S,
        .n_dropped = zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_FULL) +
                     zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_STORE),
    };
    look_at_health(observer, now_real_ns);
}

void mod_zta_upkeep_step(struct mod_zta_observer *observer, int64_t now_mono_ns,
                         int64_t now_real_ns)
{
    struct mod_zta_upkeep *upkeep = &observer->upkeep;
    if (now_mono_ns < upkeep->next_ns) {
        return;
    }
    upkeep->next_ns = now_mono_ns + ZTA_NS_PER_S;
    look_at_health(observer, now_real_ns);
    look_at_drops(observer, now_mono_ns, now_real_ns);
    look_at_introspection(observer, now_real_ns);
    look_at_automation(observer, now_real_ns);
    mod_zta_observer_alert(observer, MOD_ZTA_ALERT_LOG, now_real_ns / ZTA_NS_PER_S,
                           mod_zta_decision_log_trouble(observer->decision_log, now_mono_ns));
    if (!upkeep->is_healthy) {
        return;
    }
    if (now_mono_ns >= upkeep->next_readers_ns) {
        upkeep->next_readers_ns = now_mono_ns + READERS_NS;
        (void)zta_store_clear_dead_readers(observer->store);
    }
    look_at_disk(observer, now_real_ns);
    prune_events(observer, now_mono_ns, now_real_ns);
    prune_sessions(observer, now_real_ns);
    const int64_t now_s = now_real_ns / ZTA_NS_PER_S;
    mod_zta_series_prune(observer->series, observer->store, now_s);
    prune_of_absent(observer, zta_baselines_prune, &observer->upkeep.baselines_place, now_s,
                    BASELINES_AGE_S);
    prune_of_absent(observer, zta_risks_prune, &observer->upkeep.risks_place, now_s, RISKS_AGE_S);
    prune_of_absent(observer, zta_risks_prune_addresses, &observer->upkeep.address_risks_place,
                    now_s, RISKS_AGE_S);
    prune_of_absent(observer, zta_risks_prune_spent_addresses, &observer->upkeep.spent_risks_place,
                    now_s, 0);
    prune_inputs(observer, now_real_ns);
    mod_zta_erasure_step(observer);
    mod_zta_signals_prune(observer, now_real_ns);
    mod_zta_signals_tell_fleet(observer, now_real_ns);
    prune_automation(observer, now_real_ns);
    mod_zta_notices_step(observer, now_real_ns);
    mod_zta_decision_log_note(observer->decision_log);
    publish(observer, now_mono_ns, now_real_ns);
}
