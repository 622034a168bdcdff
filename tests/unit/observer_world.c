/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the observer's world, fills its ring, balances its books. */
#include "tests/unit/observer_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shared/base/bytes.h"
#include "shared/decision.h"
#include "shared/live/ring.h"
#include "shared/store/repeats.h"

#define SEGMENT_SIZE (UINT64_C(64) << 20)

static void on_log(void *context, int level, const char *text)
{
    struct world *world = context;
    world->n_lines++;
    (void)snprintf(world->line, sizeof world->line, "%s", text);
    const size_t len = strlen(world->said);
    (void)snprintf(world->said + len, sizeof world->said - len, "%s\n", text);
}

void world_observe(struct world *world)
{
    struct zta_error error = {.text = ""};
    enum zta_status status = mod_zta_observer_open(&world->options, world->mono_ns, world->real_ns,
                                                   &world->observer, &error);
    if (status != ZTA_OK) {
        fail_msg("observer: %s: %s", zta_status_text(status), error.text);
    }
}

const char *fast_dir(void)
{
    struct statvfs info;
    bool has_room = statvfs("/dev/shm", &info) == 0 && access("/dev/shm", W_OK) == 0 &&
                    (uint64_t)info.f_bavail * info.f_frsize > 2 * MAP_SIZE;
    return has_room ? "/dev/shm" : NULL;
}

void world_open(struct world *world, const char *below, uint64_t map_size)
{
    memset(world, 0, sizeof *world);
    scratch_store_open(&world->scratch, below, ZTA_STORE_READER, map_size);
    zta_store_close(&world->scratch.store);
    world->memory =
        mmap(NULL, SEGMENT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(world->memory, MAP_FAILED);
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_segment_create(world->memory, SEGMENT_SIZE, &world->segment, &error),
                     ZTA_OK);
    assert_int_equal(
        zta_segment_child_begin(world->segment, (int32_t)getpid(), &world->incarnation), ZTA_OK);
    world->options = (struct mod_zta_observer_options){
        .segment = world->segment,
        .store_dir = world->scratch.dir,
        .version = "test",
        .log = on_log,
        .log_context = world,
    };
    world->mono_ns = zta_clock_monotonic_ns();
    world->real_ns = T0;
}

void world_close(struct world *world)
{
    mod_zta_observer_close(&world->observer);
    zta_segment_close(&world->segment);
    (void)munmap(world->memory, SEGMENT_SIZE);
    scratch_store_close(&world->scratch);
}

void world_publish(struct world *world, const struct scratch_event *wanted)
{
    struct zta_event event;
    struct scratch_event numbered = *wanted;
    numbered.number = ++world->next;
    numbered.time_ns = numbered.time_ns != 0 ? numbered.time_ns : world->real_ns;
    scratch_event_make(&numbered, &event);
    assert_int_equal(zta_ring_publish(world->segment, world->incarnation, &event), ZTA_OK);
}

void world_allowed(struct world *world, uint32_t session)
{
    const struct scratch_event wanted = {.source = session,
                                         .session = session,
                                         .outcome = ZTA_OUTCOME_ALLOW,
                                         .reason = ZTA_REASON_OK};
    world_publish(world, &wanted);
}

void world_denied(struct world *world, uint32_t source, const char *route)
{
    const struct scratch_event wanted = {.source = source,
                                         .outcome = ZTA_OUTCOME_DENY,
                                         .reason = ZTA_REASON_NO_RULE,
                                         .route = route};
    world_publish(world, &wanted);
}

void world_pass(struct world *world, int64_t ns)
{
    world->mono_ns += ns;
    world->real_ns += ns;
    for (int i = 0; i < 1000; i++) {
        if (mod_zta_observer_step(world->observer, world->mono_ns, world->real_ns) != 0) {
            break;
        }
        world->mono_ns++;
    }
}

uint64_t world_counter(const struct world *world, enum zta_counter which)
{
    return zta_counter_get(world->segment, which);
}

static bool tally_event(void *context, const struct zta_event_key *key,
                        const struct zta_event *event)
{
    struct world_tally *tally = context;
    tally->is_doubled |= tally->n_rows > 0 && key->sequence <= tally->last.sequence;
    tally->last = *key;
    tally->n_rows++;
    tally->weight += key->weight;
    tally->denied_weight += event->outcome == ZTA_OUTCOME_ALLOW ? 0 : key->weight;
    uint32_t session = zta_get_u32(event->session + 8);
    tally->by_session[session % 64] += key->weight;
    return true;
}

static bool tally_repeat(void *context, const struct zta_repeat *repeat)
{
    struct world_tally *tally = context;
    tally->n_repeats++;
    tally->n_various += repeat->is_various ? 1 : 0;
    tally->repeated += repeat->n;
    uint32_t session = zta_get_u32(repeat->event.session + 8);
    tally->by_session[session % 64] += repeat->is_various ? 0 : repeat->n;
    assert_true(repeat->n_examples <= ZTA_REPEAT_EXAMPLES);
    return true;
}

struct world_tally world_count(struct world *world)
{
    struct world_tally tally;
    memset(&tally, 0, sizeof tally);
    struct zta_view *view;
    struct zta_event_key all = {.sequence = 0};
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world->observer), &view), ZTA_OK);
    assert_int_equal(zta_event_each_after(view, &all, tally_event, &tally), ZTA_OK);
    assert_int_equal(zta_repeat_each(view, 0, tally_repeat, &tally), ZTA_OK);
    zta_view_end(&view);
    assert_false(tally.is_doubled);
    return tally;
}

static bool sum_point(void *context, const struct zta_series_point *point)
{
    zta_series_add(context, point);
    return true;
}

void world_series(struct world *world, enum zta_series_span span, struct zta_series_point *sum)
{
    struct zta_view *view;
    memset(sum, 0, sizeof *sum);
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world->observer), &view), ZTA_OK);
    assert_int_equal(zta_series_each(view, span, 0, INT64_MAX, sum_point, sum), ZTA_OK);
    zta_view_end(&view);
}

/* Each span has every event that was accounted for, once. */
static void check_series(struct world *world)
{
    struct zta_series_point sum;
    struct zta_series_point minutes;
    world_series(world, ZTA_SERIES_MINUTE, &minutes);
    for (unsigned span = 0; span < ZTA_N_SERIES_SPANS; span++) {
        world_series(world, (enum zta_series_span)span, &sum);
        assert_int_equal(zta_series_requests(&sum),
                         world_counter(world, ZTA_COUNTER_EVENTS_STORED) +
                             world_counter(world, ZTA_COUNTER_EVENTS_AGGREGATED));
        assert_int_equal(sum.counts[ZTA_SERIES_ROWS],
                         world_counter(world, ZTA_COUNTER_EVENTS_STORED));
        assert_memory_equal(sum.counts, minutes.counts, sizeof sum.counts);
        assert_memory_equal(sum.reasons, minutes.reasons, sizeof sum.reasons);
        assert_memory_equal(sum.latencies, minutes.latencies, sizeof sum.latencies);
        assert_memory_equal(sum.distinct, minutes.distinct, sizeof sum.distinct);
    }
}

struct world_tally world_check(struct world *world)
{
    struct world_tally tally = world_count(world);
    assert_int_equal(zta_ring_head(world->segment), zta_ring_tail(world->segment));
    assert_int_equal(world_counter(world, ZTA_COUNTER_EVENTS_PUBLISHED),
                     world_counter(world, ZTA_COUNTER_EVENTS_STORED) +
                         world_counter(world, ZTA_COUNTER_EVENTS_AGGREGATED) +
                         world_counter(world, ZTA_COUNTER_EVENTS_DROPPED_FULL) +
                         world_counter(world, ZTA_COUNTER_EVENTS_DROPPED_DEAD) +
                         world_counter(world, ZTA_COUNTER_EVENTS_DROPPED_SLOW) +
                         world_counter(world, ZTA_COUNTER_EVENTS_DROPPED_STORE));
    assert_int_equal(tally.n_rows, world_counter(world, ZTA_COUNTER_EVENTS_STORED));
    assert_int_equal(tally.weight + tally.repeated,
                     world_counter(world, ZTA_COUNTER_EVENTS_STORED) +
                         world_counter(world, ZTA_COUNTER_EVENTS_AGGREGATED));
    check_series(world);
    return tally;
}

enum zta_status world_session(struct world *world, uint32_t number, struct zta_session *session)
{
    uint8_t id[ZTA_SESSION_ID_SIZE];
    scratch_session_id(number, id);
    struct zta_view *view;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world->observer), &view), ZTA_OK);
    enum zta_status status = zta_session_get(view, id, session);
    zta_view_end(&view);
    return status;
}
