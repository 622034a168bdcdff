/* SPDX-License-Identifier: Apache-2.0 */
/* New events into tail and pulse: from the newest back to where the last look ended. */
#include <string.h>

#include "admin-tui/console/model_priv.h"
#include "shared/base/clock.h"

/* A place further back than the oldest event that is shown of five minutes is never asked for. */
struct looking {
    struct tui_model *model;
    size_t n;
    struct zta_event_key newest;
    struct zta_event_key oldest;
    bool has_met; /* the event that was the newest before */
};

static bool is_same_place(const struct zta_event_key *a, const struct zta_event_key *b)
{
    return a->segment_created_ns == b->segment_created_ns && a->segment_id == b->segment_id &&
           a->sequence == b->sequence;
}

static struct ctl_event row_of(const struct zta_event_key *key, const struct zta_event *event)
{
    return (struct ctl_event){.event = *event, .weight = key->weight, .time_ns = event->time_ns};
}

static bool take(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    struct looking *looking = context;
    struct tui_model_walk *walk = looking->model->walk;
    if (walk->has_newest && is_same_place(key, &walk->newest)) {
        looking->has_met = true;
        return false;
    }
    if (looking->n == 0) {
        looking->newest = *key;
    }
    looking->oldest = *key;
    walk->batch[looking->n++] = row_of(key, event);
    return looking->n < TUI_EVENTS_A_LOOK;
}

/* Sessions of new events are read again when sessions are shown. */
static void touch(struct tui_model_walk *walk, const struct zta_event *event)
{
    static const uint8_t none[ZTA_SESSION_ID_SIZE];
    bool is_known = memcmp(event->session, none, sizeof none) == 0;
    for (size_t i = 0; i < walk->n_touched && !is_known; i++) {
        is_known = memcmp(walk->touched[i], event->session, sizeof none) == 0;
    }
    if (!is_known && walk->n_touched < TUI_TOUCHED_MAX) {
        memcpy(walk->touched[walk->n_touched++], event->session, sizeof none);
    }
}

/* Events of one ring that came in between and were not read: they are as those that were. */
static uint64_t count_skipped(const struct looking *looking)
{
    const struct zta_event_key *known = &looking->model->walk->newest;
    bool is_ring = looking->model->walk->has_newest && !looking->has_met &&
                   looking->n == TUI_EVENTS_A_LOOK &&
                   known->segment_id == looking->oldest.segment_id &&
                   known->sequence + 1 < looking->oldest.sequence;
    return is_ring ? looking->oldest.sequence - known->sequence - 1 : 0;
}

static void note_new(struct tui_model *model, const struct ctl_event *row)
{
    touch(model->walk, &row->event);
    if (!ctl_filter_matches(&model->filter, &row->event, model->now_ns / ZTA_NS_PER_S)) {
        return;
    }
    if (model->is_held) {
        model->n_held++;
    }
    else {
        tui_tail_add(&model->tail, row);
    }
}

enum zta_status tui_model_read_events(struct tui_model *model, struct zta_view *view)
{
    struct tui_model_walk *walk = model->walk;
    struct looking looking = {.model = model};
    enum zta_status status = zta_event_each_back(view, take, &looking);
    if (status != ZTA_OK || looking.n == 0) {
        return status;
    }
    const uint64_t n_skipped = count_skipped(&looking);
    if (n_skipped > 0) {
        model->n_missed = n_skipped;
        model->missed_ns = model->now_ns;
    }
    for (size_t i = looking.n; i-- > 0;) {
        const struct ctl_event *row = &walk->batch[i];
        const uint64_t share = n_skipped / looking.n + (i < n_skipped % looking.n);
        tui_pulse_add(&model->pulse, &row->event, row->weight * (1 + share),
                      row->time_ns / ZTA_NS_PER_S);
        note_new(model, row);
    }
    walk->newest = looking.newest;
    walk->has_newest = true;
    return ZTA_OK;
}

/* ---- the tail anew ---- */

struct filling {
    struct tui_model *model;
    size_t n_walked;
    bool is_first; /* the pulse is filled too */
    bool is_stopped;
};

static bool fill(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    struct filling *filling = context;
    struct tui_model *model = filling->model;
    int64_t now_s = model->now_ns / ZTA_NS_PER_S;
    if (filling->n_walked++ == 0) {
        model->walk->newest = *key;
        model->walk->has_newest = true;
    }
    if (filling->is_first) {
        tui_pulse_add(&model->pulse, event, key->weight, event->time_ns / ZTA_NS_PER_S);
    }
    if (model->tail.n < TUI_TAIL_ROWS && ctl_filter_matches(&model->filter, event, now_s)) {
        const struct ctl_event row = row_of(key, event);
        tui_tail_add(&model->tail, &row);
    }
    /* First: all that the pulse can hold. Later: until the tail is full. */
    bool is_enough = filling->is_first ? event->time_ns / ZTA_NS_PER_S <= now_s - TUI_PULSE_S &&
                                             model->tail.n == TUI_TAIL_ROWS
                                       : model->tail.n == TUI_TAIL_ROWS;
    filling->is_stopped = is_enough || filling->n_walked == TUI_EVENTS_BACK;
    return !filling->is_stopped;
}

enum zta_status tui_model_fill_tail(struct tui_model *model, struct zta_view *view)
{
    struct filling filling = {.model = model, .is_first = !model->walk->has_newest};
    if (!filling.is_first) {
        /* What came since the last look belongs to the pulse before the tail has it. */
        enum zta_status status = tui_model_read_events(model, view);
        if (status != ZTA_OK) {
            return status;
        }
    }
    tui_tail_clear(&model->tail);
    enum zta_status status = zta_event_each_back(view, fill, &filling);
    tui_tail_reverse(&model->tail);
    model->is_tail_cut = filling.n_walked == TUI_EVENTS_BACK && model->tail.n < TUI_TAIL_ROWS;
    model->n_held = 0;
    return status;
}

static void fill_anew(struct tui_model *model)
{
    struct zta_view *view = NULL;
    enum zta_status status = tui_model_view(model, &view);
    if (status == ZTA_OK) {
        status = tui_model_fill_tail(model, view);
        zta_view_end(&view);
    }
    if (status != ZTA_OK) {
        tui_model_fail(model, status, "reading events");
    }
}

enum zta_status tui_model_filter(struct tui_model *model, struct zta_text text,
                                 struct zta_error *error)
{
    static struct ctl_filter parsed; /* too large for a stack */
    enum zta_status status = ctl_filter_parse(text, &parsed, error);
    if (status != ZTA_OK) {
        return status;
    }
    model->filter = parsed;
    fill_anew(model);
    return ZTA_OK;
}

void tui_model_hold(struct tui_model *model, bool is_held)
{
    bool is_over = model->is_held && !is_held;
    model->is_held = is_held;
    if (is_over && model->n_held > 0) {
        fill_anew(model);
    }
}

/* ---- repeated denials: how many more since the last look ---- */

struct repeating {
    struct tui_model *model;
    struct tui_repeat_known known[TUI_REPEATS_KNOWN]; /* of the walk before */
    size_t n_known;
};

static uint64_t known_count(const struct repeating *repeating, const struct zta_repeat_key *key)
{
    for (size_t i = 0; i < repeating->n_known; i++) {
        const struct tui_repeat_known *known = &repeating->known[i];
        if (known->key.window_s == key->window_s &&
            memcmp(known->key.hash, key->hash, sizeof key->hash) == 0) {
            return known->n;
        }
    }
    return 0;
}

/* Evenly over the time in which they came, of which a row keeps no more than begin and end. */
static void add_repeats(struct tui_model *model, const struct zta_repeat *repeat, uint64_t n)
{
    int64_t last_s = repeat->last_ns / ZTA_NS_PER_S;
    int64_t first_s = repeat->first_ns / ZTA_NS_PER_S;
    int64_t seen_s = model->walk->repeats_seen_s;
    first_s = first_s < seen_s ? seen_s : first_s;
    int64_t span_s = last_s < first_s ? 1 : last_s - first_s + 1;
    span_s = span_s > ZTA_REPEAT_WINDOW_S ? ZTA_REPEAT_WINDOW_S : span_s;
    for (int64_t i = 0; i < span_s; i++) {
        uint64_t upto = n * (uint64_t)(i + 1) / (uint64_t)span_s;
        uint64_t before = n * (uint64_t)i / (uint64_t)span_s;
        if (upto > before) {
            tui_pulse_add(&model->pulse, &repeat->event, upto - before, last_s - span_s + 1 + i);
        }
    }
}

static bool take_repeat(void *context, const struct zta_repeat *repeat)
{
    struct repeating *repeating = context;
    struct tui_model *model = repeating->model;
    struct tui_model_walk *walk = model->walk;
    uint64_t known = known_count(repeating, &repeat->key);
    if (repeat->n > known) {
        add_repeats(model, repeat, repeat->n - known);
    }
    walk->repeats[walk->n_repeats++] =
        (struct tui_repeat_known){.key = repeat->key, .n = repeat->n};
    return walk->n_repeats < TUI_REPEATS_KNOWN;
}

enum zta_status tui_model_read_repeats(struct tui_model *model, struct zta_view *view)
{
    static struct repeating repeating; /* too large for a stack */
    struct tui_model_walk *walk = model->walk;
    bool is_first = walk->repeats_ns == 0;
    int64_t back_s = is_first ? TUI_TALLY_S : 2 * ZTA_REPEAT_WINDOW_S;
    repeating.model = model;
    repeating.n_known = walk->n_repeats;
    memcpy(repeating.known, walk->repeats, walk->n_repeats * sizeof walk->repeats[0]);
    walk->n_repeats = 0;
    walk->repeats_ns = model->now_ns;
    enum zta_status status =
        zta_repeat_each(view, model->now_ns / ZTA_NS_PER_S - back_s, take_repeat, &repeating);
    walk->repeats_seen_s = model->now_ns / ZTA_NS_PER_S;
    return status;
}
