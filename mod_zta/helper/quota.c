/* SPDX-License-Identifier: Apache-2.0 */
/* Shares the rows of a batch out among classes and sources; counts repeated denials. */
#include "mod_zta/helper/quota.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/repeats.h"

enum row_class {
    ALLOWED = 0,
    DENIED,
    MONITORED,
    SIGNALLED, /* it raised what a score is rebuilt from: all of these are kept */
    N_CLASSES
};

static const uint64_t rows_s[N_CLASSES] = {
    [ALLOWED] = MOD_ZTA_ALLOWED_ROWS_S,
    [DENIED] = MOD_ZTA_DENIED_ROWS_S,
    [MONITORED] = MOD_ZTA_MONITORED_ROWS_S,
};

#define NONE  UINT16_MAX
#define SLOTS 8192 /* of both tables: at least twice what a batch can need */
/* Repeats in memory are forgotten between batches beyond this many; the store has them. */
#define REPEATS_KEPT  1500
#define REPEATS_TOTAL (MOD_ZTA_REPEATS_MAX + MOD_ZTA_BATCH_MAX)

_Static_assert(SLOTS >= 2 * MOD_ZTA_BATCH_MAX, "sources of a batch leave half the table empty");
_Static_assert(SLOTS > REPEATS_TOTAL, "a batch of various repeats never fills the table");
_Static_assert(MOD_ZTA_BATCH_MAX < NONE, "an index of a batch fits");

/* A source of one class in one batch. */
struct source {
    uint64_t hash;  /* 0: free */
    uint32_t n;     /* requests that may become rows */
    uint32_t limit; /* rows it gets */
    uint32_t n_met;
    uint32_t skipped; /* since its last row: the next one stands for them */
};

/* One class in one batch. */
struct share {
    size_t n_sources;
    uint16_t sources[MOD_ZTA_BATCH_MAX]; /* slots, as they were met */
    uint32_t n;                          /* requests that may become rows */
    uint64_t n_rows;                     /* at most; at least one */
    uint32_t orphans; /* of sources without a row, since the last row of the class */
    size_t last_row;
    size_t last_event; /* of that row */
};

struct repeat {
    struct zta_repeat repeat;
    uint32_t n_candidates; /* of this batch */
    bool is_used;
    bool is_changed;
};

struct mod_zta_quota {
    struct zta_siphash_key key;
    int64_t last_ns;
    uint64_t tokens[N_CLASSES];
    size_t n_repeats;
    /* Of this batch: */
    struct share shares[N_CLASSES];
    enum row_class classes[MOD_ZTA_BATCH_MAX];
    uint16_t source_of[MOD_ZTA_BATCH_MAX]; /* NONE: a denial that has its examples */
    uint16_t repeat_of[MOD_ZTA_BATCH_MAX];
    struct source sources[SLOTS];
    struct repeat repeats[SLOTS];
};

enum zta_status mod_zta_quota_open(const struct zta_siphash_key *key, struct mod_zta_quota **quota)
{
    struct mod_zta_quota *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return ZTA_NO_MEMORY;
    }
    opened->key = *key;
    *quota = opened;
    return ZTA_OK;
}

void mod_zta_quota_close(struct mod_zta_quota **quota)
{
    free(*quota);
    *quota = NULL;
}

static void forget_repeats(struct mod_zta_quota *quota)
{
    memset(quota->repeats, 0, sizeof quota->repeats);
    quota->n_repeats = 0;
}

void mod_zta_quota_undo(struct mod_zta_quota *quota)
{
    forget_repeats(quota);
}

static bool has_raised(const struct zta_event *event)
{
    for (size_t i = 0; i < event->risk.n_raised && i < ZTA_EVENT_RAISED_MAX; i++) {
        if (event->risk.raised[i].owners != 0) {
            return true;
        }
    }
    return false;
}

static enum row_class class_of(const struct zta_event *event)
{
    if (has_raised(event)) {
        return SIGNALLED;
    }
    if (event->outcome != ZTA_OUTCOME_ALLOW) {
        return DENIED;
    }
    bool is_monitored =
        (event->flags & ZTA_EVENT_MONITORED) != 0 && event->monitor_outcome != ZTA_OUTCOME_ALLOW;
    return is_monitored ? MONITORED : ALLOWED;
}

static void refill(struct mod_zta_quota *quota, int64_t now_ns)
{
    int64_t passed_ns = quota->last_ns == 0 ? ZTA_NS_PER_S : now_ns - quota->last_ns;
    passed_ns = passed_ns < 0 ? 0 : passed_ns > ZTA_NS_PER_S ? ZTA_NS_PER_S : passed_ns;
    quota->last_ns = now_ns;
    for (size_t i = 0; i < N_CLASSES; i++) {
        uint64_t tokens =
            quota->tokens[i] + rows_s[i] * (uint64_t)passed_ns / (uint64_t)ZTA_NS_PER_S;
        quota->tokens[i] = tokens > rows_s[i] ? rows_s[i] : tokens;
    }
}

static uint16_t source_slot(struct mod_zta_quota *quota, const struct zta_event *event,
                            enum row_class class)
{
    uint8_t name[ZTA_EVENT_SOURCE_SIZE + 1];
    zta_event_source(event, name);
    name[ZTA_EVENT_SOURCE_SIZE] = (uint8_t) class;
    uint64_t hash = zta_siphash(&quota->key, name, sizeof name) | 1;
    size_t slot = (hash >> 1) % SLOTS;
    while (quota->sources[slot].hash != 0 && quota->sources[slot].hash != hash) {
        slot = (slot + 1) % SLOTS;
    }
    struct share *share = &quota->shares[class];
    if (quota->sources[slot].hash == 0) {
        quota->sources[slot].hash = hash;
        share->sources[share->n_sources++] = (uint16_t)slot;
    }
    quota->sources[slot].n++;
    share->n++;
    return (uint16_t)slot;
}

/* The repeat of that key: in memory, else of the store, else a new one. */
static enum zta_status repeat_slot(struct mod_zta_quota *quota, struct zta_change *change,
                                   const struct zta_event *event, bool is_various, uint16_t *found)
{
    struct zta_repeat_key key;
    zta_repeat_key_make(event, is_various, &key);
    uint64_t hash = zta_siphash(&quota->key, &key, sizeof key);
    size_t slot = hash % SLOTS;
    while (quota->repeats[slot].is_used &&
           memcmp(&quota->repeats[slot].repeat.key, &key, sizeof key) != 0) {
        slot = (slot + 1) % SLOTS;
    }
    struct repeat *repeat = &quota->repeats[slot];
    if (!repeat->is_used) {
        if (!is_various && quota->n_repeats >= MOD_ZTA_REPEATS_MAX) {
            return ZTA_FULL;
        }
        struct zta_repeat loaded;
        enum zta_status status = zta_repeat_load(change, &key, &loaded);
        if (status == ZTA_NOT_FOUND || status == ZTA_CORRUPT) {
            memset(&loaded, 0, sizeof loaded);
            loaded.key = key;
            loaded.is_various = is_various;
        }
        else if (status != ZTA_OK) {
            return status;
        }
        *repeat = (struct repeat){.repeat = loaded, .is_used = true};
        quota->n_repeats++;
    }
    *found = (uint16_t)slot;
    return ZTA_OK;
}

/* Finds class, source and repeat of each event, and how many rows each source would like. */
static enum zta_status survey(struct mod_zta_quota *quota, struct zta_change *change,
                              const struct mod_zta_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        const struct zta_event *event = &batch->events[i];
        enum row_class class = class_of(event);
        quota->classes[i] = class;
        quota->source_of[i] = NONE;
        quota->repeat_of[i] = NONE;
        if (class == DENIED) {
            enum zta_status status = repeat_slot(quota, change, event, false, &quota->repeat_of[i]);
            if (status == ZTA_FULL) {
                status = repeat_slot(quota, change, event, true, &quota->repeat_of[i]);
            }
            if (status != ZTA_OK) {
                return status;
            }
            struct repeat *repeat = &quota->repeats[quota->repeat_of[i]];
            if (repeat->repeat.is_various ||
                repeat->repeat.n_examples + repeat->n_candidates >= ZTA_REPEAT_EXAMPLES) {
                continue;
            }
            repeat->n_candidates++;
        }
        quota->source_of[i] = source_slot(quota, event, class);
    }
    return ZTA_OK;
}

/*
 * Gives each source of a class its rows: equal shares, what one does not need goes to the others.
 */
static void divide(struct mod_zta_quota *quota, struct share *share)
{
    uint32_t low = 0;
    uint32_t high = share->n <= share->n_rows ? 0 : MOD_ZTA_BATCH_MAX;
    while (low < high) {
        uint32_t middle = (low + high + 1) / 2;
        uint64_t total = 0;
        for (size_t i = 0; i < share->n_sources; i++) {
            uint32_t n = quota->sources[share->sources[i]].n;
            total += n < middle ? n : middle;
        }
        if (total <= share->n_rows) {
            low = middle;
        }
        else {
            high = middle - 1;
        }
    }
    for (size_t i = 0; i < share->n_sources; i++) {
        struct source *source = &quota->sources[share->sources[i]];
        uint32_t limit = low;
        if (share->n <= share->n_rows) {
            limit = source->n;
        }
        else if (low == 0 && i < share->n_rows) {
            limit = 1;
        }
        source->limit = limit < source->n ? limit : source->n;
    }
}

static void count_repeat(struct repeat *repeat, const struct zta_event *event)
{
    struct zta_repeat *row = &repeat->repeat;
    if (row->n == 0) {
        row->event = *event;
        row->first_ns = row->last_ns = event->time_ns;
    }
    row->n++;
    row->first_ns = event->time_ns < row->first_ns ? event->time_ns : row->first_ns;
    row->last_ns = event->time_ns > row->last_ns ? event->time_ns : row->last_ns;
    repeat->is_changed = true;
}

static void add_example(struct repeat *repeat, const struct zta_event *event)
{
    struct zta_repeat *row = &repeat->repeat;
    if (row->n_examples < ZTA_REPEAT_EXAMPLES) {
        row->examples[row->n_examples++] = event->id;
        repeat->is_changed = true;
    }
}

/* True when the event at index becomes a row: evenly spread over those of its source. */
static bool is_kept(struct source *source)
{
    uint64_t before = (uint64_t)source->n_met * source->limit / source->n;
    source->n_met++;
    return (uint64_t)source->n_met * source->limit / source->n > before;
}

static void keep(struct mod_zta_quota *quota, const struct mod_zta_batch *batch, size_t index,
                 struct mod_zta_shares *shares)
{
    struct share *share = &quota->shares[quota->classes[index]];
    struct source *source = &quota->sources[quota->source_of[index]];
    shares->rows[shares->n_rows] = (struct zta_event_row){
        .event = &batch->events[index],
        .sequence = batch->sequences[index],
        .weight = 1 + source->skipped + share->orphans,
    };
    /* Its session must not be taken for the orphans' when it is recovered from rows. */
    shares->is_hidden[index] = share->orphans > 0;
    source->skipped = 0;
    share->orphans = 0;
    share->last_row = shares->n_rows++;
    share->last_event = index;
}

/*
 * A denial that is no row. Without an example in the store it gets no row of its own here either,
 * or each of a million sources would.
 */
static enum zta_status add_repeat(struct mod_zta_quota *quota, struct zta_change *change,
                                  const struct mod_zta_batch *batch, size_t index)
{
    const struct zta_event *event = &batch->events[index];
    struct repeat *own = &quota->repeats[quota->repeat_of[index]];
    if (own->repeat.n == 0 && own->repeat.n_examples == 0) {
        own->n_candidates = 0;
        enum zta_status status = repeat_slot(quota, change, event, true, &quota->repeat_of[index]);
        if (status != ZTA_OK) {
            return status;
        }
    }
    count_repeat(&quota->repeats[quota->repeat_of[index]], event);
    return ZTA_OK;
}

static enum zta_status share_out(struct mod_zta_quota *quota, struct zta_change *change,
                                 const struct mod_zta_batch *batch, struct mod_zta_shares *shares)
{
    shares->n_rows = 0;
    for (size_t i = 0; i < batch->n; i++) {
        struct source *source =
            quota->source_of[i] == NONE ? NULL : &quota->sources[quota->source_of[i]];
        bool is_repeated = quota->repeat_of[i] != NONE;
        shares->is_hidden[i] = true;
        if (source != NULL && is_kept(source)) {
            keep(quota, batch, i, shares);
            if (is_repeated) {
                add_example(&quota->repeats[quota->repeat_of[i]], &batch->events[i]);
            }
        }
        else if (is_repeated) {
            enum zta_status status = add_repeat(quota, change, batch, i);
            if (status != ZTA_OK) {
                return status;
            }
        }
        else if (source->limit > 0) {
            source->skipped++;
            shares->is_hidden[i] = false;
        }
        else {
            quota->shares[quota->classes[i]].orphans++;
        }
    }
    for (size_t i = 0; i < N_CLASSES; i++) {
        struct share *share = &quota->shares[i];
        if (share->orphans > 0) {
            shares->rows[share->last_row].weight += share->orphans;
            shares->is_hidden[share->last_event] = true;
        }
    }
    return ZTA_OK;
}

static enum zta_status write_repeats(struct mod_zta_quota *quota, struct zta_change *change,
                                     const struct mod_zta_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        if (quota->repeat_of[i] == NONE) {
            continue;
        }
        struct repeat *repeat = &quota->repeats[quota->repeat_of[i]];
        repeat->n_candidates = 0;
        if (repeat->is_changed && repeat->repeat.n > 0) {
            repeat->is_changed = false;
            enum zta_status status = zta_repeat_put(change, &repeat->repeat);
            if (status != ZTA_OK) {
                return status;
            }
        }
    }
    return ZTA_OK;
}

/* What the batch before left. */
static void begin(struct mod_zta_quota *quota, unsigned pressure)
{
    for (size_t i = 0; i < N_CLASSES; i++) {
        struct share *share = &quota->shares[i];
        for (size_t k = 0; k < share->n_sources; k++) {
            quota->sources[share->sources[k]] = (struct source){.hash = 0};
        }
        uint64_t n_rows = quota->tokens[i] >> pressure;
        *share = (struct share){.n_rows = i == SIGNALLED ? UINT64_MAX : n_rows > 0 ? n_rows : 1};
    }
    if (quota->n_repeats > REPEATS_KEPT) {
        forget_repeats(quota);
    }
}

enum zta_status mod_zta_quota_apply(struct mod_zta_quota *quota, struct zta_change *change,
                                    const struct mod_zta_batch *batch, int64_t now_mono_ns,
                                    unsigned pressure, struct mod_zta_shares *shares)
{
    refill(quota, now_mono_ns);
    begin(quota, pressure);
    enum zta_status status = survey(quota, change, batch);
    if (status != ZTA_OK) {
        return status;
    }
    for (size_t i = 0; i < N_CLASSES; i++) {
        divide(quota, &quota->shares[i]);
    }
    status = share_out(quota, change, batch, shares);
    if (status != ZTA_OK) {
        return status;
    }
    for (size_t i = 0; i < shares->n_rows; i++) {
        enum row_class class = class_of(shares->rows[i].event);
        quota->tokens[class] -= quota->tokens[class] > 0 ? 1 : 0;
    }
    return write_repeats(quota, change, batch);
}
