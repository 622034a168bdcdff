/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the observer share: a store, a ring, an observer, and books that must balance.
 */
#ifndef TESTS_UNIT_OBSERVER_WORLD_H
#define TESTS_UNIT_OBSERVER_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/helper/observer.h"
#include "shared/base/clock.h"
#include "shared/live/segment.h"
#include "shared/store/events.h"
#include "shared/store/series.h"
#include "shared/store/sessions.h"
#include "tests/unit/scratch_store.h"

#define MAP_SIZE (UINT64_C(256) << 20)
/* Begin of a window of repeats. */
#define T0 (INT64_C(1900000020) * ZTA_NS_PER_S)

/* A store, a segment, an observer, and clocks that stand still until a test moves them. */
struct world {
    struct scratch_store scratch;
    void *memory;
    struct zta_segment *segment;
    uint32_t incarnation;
    struct mod_zta_observer_options options;
    struct mod_zta_observer *observer;
    int64_t mono_ns;
    int64_t real_ns;
    uint64_t next;
    unsigned n_lines;
    char line[512];   /* last of the log */
    char said[16384]; /* the log so far: under load a line may be behind the one that is awaited */
};

/*
 * Where syncing costs nothing, if there is room: other work on the disk must not decide how long a
 * test takes. What a killed process leaves is the same.
 */
const char *fast_dir(void);

/* The store below `below` (NULL: TMPDIR) is closed: the observer is the one that has it open. */
void world_open(struct world *world, const char *below, uint64_t map_size);
void world_close(struct world *world);
void world_observe(struct world *world);

void world_publish(struct world *world, const struct scratch_event *wanted);
void world_allowed(struct world *world, uint32_t session);
void world_denied(struct world *world, uint32_t source, const char *route);
/* One round after some time passed; rounds go on while the observer has more to do. */
void world_pass(struct world *world, int64_t ns);
uint64_t world_counter(const struct world *world, enum zta_counter which);

/* What stands in the store. */
struct world_tally {
    uint64_t n_rows;
    uint64_t weight;
    uint64_t repeated;
    uint64_t n_repeats;
    uint64_t n_various;
    uint64_t by_session[64];
    uint64_t denied_weight;
    struct zta_event_key last;
    bool is_doubled;
};

struct world_tally world_count(struct world *world);
/* The sum of all points of a span. */
void world_series(struct world *world, enum zta_series_span span, struct zta_series_point *sum);
/*
 * Published = stored + aggregated + dropped, the store holds exactly what the counters say, and so
 * do minutes, hours and days.
 */
struct world_tally world_check(struct world *world);
enum zta_status world_session(struct world *world, uint32_t number, struct zta_session *session);

#endif
