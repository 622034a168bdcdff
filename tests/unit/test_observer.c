/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The observer over a real ring and a real store: everything published is stored, counted in
 * another's row or counted as dropped, whoever is killed when; quotas, pruning, full and missing stores.
 */
#include "mod_zta/helper/observer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mod_zta/helper/batch.h"
#include "mod_zta/helper/quota.h"
#include "mod_zta/helper/run.h"
#include "mod_zta/helper/session_table.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/live/ring.h"
#include "shared/store/env_priv.h"
#include "shared/store/events.h"
#include "shared/store/keys.h"
#include "shared/store/repeats.h"
#include "shared/store/sessions.h"
#include "tests/unit/scratch_store.h"

#define MAP_SIZE     (UINT64_C(256) << 20)
#define SEGMENT_SIZE (UINT64_C(64) << 20)
#define T0           (INT64_C(1900000020) * ZTA_NS_PER_S)

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
    char line[512]; /* last of the log */
};

static void on_log(void *context, int level, const char *text)
{
    struct world *world = context;
    world->n_lines++;
    (void)snprintf(world->line, sizeof world->line, "%s", text);
}

static void open_observer(struct world *world)
{
    struct zta_error error = {.text = ""};
    enum zta_status status = mod_zta_observer_open(&world->options, world->mono_ns,
                                                   world->real_ns, &world->observer, &error);
    if (status != ZTA_OK) {
        fail_msg("observer: %s: %s", zta_status_text(status), error.text);
    }
}

/*
 * Where syncing costs nothing, if there is room: other work on the disk must not decide how long a
 * test takes. What a killed process leaves is the same.
 */
static const char *fast_dir(void)
{
    struct statvfs info;
    bool has_room = statvfs("/dev/shm", &info) == 0 && access("/dev/shm", W_OK) == 0 &&
                    (uint64_t)info.f_bavail * info.f_frsize > 2 * MAP_SIZE;
    return has_room ? "/dev/shm" : NULL;
}

/* The store below `below` (NULL: TMPDIR) is closed: the observer is the one that has it open. */
static void setup(struct world *world, const char *below, uint64_t map_size)
{
    memset(world, 0, sizeof *world);
    scratch_store_open(&world->scratch, below, ZTA_STORE_READER, map_size);
    zta_store_close(&world->scratch.store);
    world->memory = mmap(NULL, SEGMENT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                         -1, 0);
    assert_ptr_not_equal(world->memory, MAP_FAILED);
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_segment_create(world->memory, SEGMENT_SIZE, &world->segment, &error),
                     ZTA_OK);
    assert_int_equal(zta_segment_child_begin(world->segment, (int32_t)getpid(),
                                             &world->incarnation),
                     ZTA_OK);
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

static void teardown(struct world *world)
{
    mod_zta_observer_close(&world->observer);
    zta_segment_close(&world->segment);
    (void)munmap(world->memory, SEGMENT_SIZE);
    scratch_store_close(&world->scratch);
}

static void publish(struct world *world, const struct scratch_event *wanted)
{
    struct zta_event event;
    struct scratch_event numbered = *wanted;
    numbered.number = ++world->next;
    numbered.time_ns = numbered.time_ns != 0 ? numbered.time_ns : world->real_ns;
    scratch_event_make(&numbered, &event);
    assert_int_equal(zta_ring_publish(world->segment, world->incarnation, &event), ZTA_OK);
}

static void publish_allowed(struct world *world, uint32_t session)
{
    const struct scratch_event wanted = {
        .source = session, .session = session, .outcome = ZTA_OUTCOME_ALLOW,
        .reason = ZTA_REASON_OK};
    publish(world, &wanted);
}

static void publish_denied(struct world *world, uint32_t source, const char *route)
{
    const struct scratch_event wanted = {
        .source = source, .outcome = ZTA_OUTCOME_DENY, .reason = ZTA_REASON_NO_RULE,
        .route = route};
    publish(world, &wanted);
}

/* One round after some time passed; rounds go on while the observer has more to do. */
static void pass(struct world *world, int64_t ns)
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

static uint64_t counter(const struct world *world, enum zta_counter which)
{
    return zta_counter_get(world->segment, which);
}

/* ---- what stands in the store ---- */

struct tally {
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

static bool tally_event(void *context, const struct zta_event_key *key,
                        const struct zta_event *event)
{
    struct tally *tally = context;
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
    struct tally *tally = context;
    tally->n_repeats++;
    tally->n_various += repeat->is_various ? 1 : 0;
    tally->repeated += repeat->n;
    uint32_t session = zta_get_u32(repeat->event.session + 8);
    tally->by_session[session % 64] += repeat->is_various ? 0 : repeat->n;
    assert_true(repeat->n_examples <= ZTA_REPEAT_EXAMPLES);
    return true;
}

static struct tally count_store(struct world *world)
{
    struct tally tally;
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

/* Published = stored + aggregated + dropped, and the store holds exactly what the counters say. */
static struct tally check_books(struct world *world)
{
    struct tally tally = count_store(world);
    assert_int_equal(zta_ring_head(world->segment), zta_ring_tail(world->segment));
    assert_int_equal(counter(world, ZTA_COUNTER_EVENTS_PUBLISHED),
                     counter(world, ZTA_COUNTER_EVENTS_STORED) +
                         counter(world, ZTA_COUNTER_EVENTS_AGGREGATED) +
                         counter(world, ZTA_COUNTER_EVENTS_DROPPED_FULL) +
                         counter(world, ZTA_COUNTER_EVENTS_DROPPED_DEAD) +
                         counter(world, ZTA_COUNTER_EVENTS_DROPPED_SLOW) +
                         counter(world, ZTA_COUNTER_EVENTS_DROPPED_STORE));
    assert_int_equal(tally.n_rows, counter(world, ZTA_COUNTER_EVENTS_STORED));
    assert_int_equal(tally.weight + tally.repeated,
                     counter(world, ZTA_COUNTER_EVENTS_STORED) +
                         counter(world, ZTA_COUNTER_EVENTS_AGGREGATED));
    return tally;
}

static enum zta_status session_of(struct world *world, uint32_t number, struct zta_session *session)
{
    uint8_t id[ZTA_SESSION_ID_SIZE];
    scratch_session_id(number, id);
    struct zta_view *view;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world->observer), &view), ZTA_OK);
    enum zta_status status = zta_session_get(view, id, session);
    zta_view_end(&view);
    return status;
}

/* ---- the plain way ---- */

static void events_and_sessions_are_there_after_one_round(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    open_observer(&world);
    for (uint32_t i = 0; i < 100; i++) {
        publish_allowed(&world, 1 + i % 10);
    }
    pass(&world, MOD_ZTA_COMMIT_NS);
    struct tally tally = check_books(&world);
    assert_int_equal(tally.n_rows, 100);
    assert_int_equal(counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE), 0);
    struct zta_session session;
    assert_int_equal(session_of(&world, 7, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 10);
    assert_int_equal(session.n_denied, 0);
    assert_int_equal(session.first_s, T0 / ZTA_NS_PER_S);
    assert_string_equal(session.subject, "user-7@example.com");
    assert_string_equal(session.issuer, "corp");
    assert_int_equal(session_of(&world, 11, &session), ZTA_NOT_FOUND);
    teardown(&world);
}

static void a_known_session_is_written_back_after_its_time_or_at_a_change(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    open_observer(&world);
    struct zta_session session;
    publish_allowed(&world, 1);
    pass(&world, MOD_ZTA_COMMIT_NS);
    publish_allowed(&world, 1);
    pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(session_of(&world, 1, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 1);
    publish_allowed(&world, 2);
    pass(&world, MOD_ZTA_WRITE_BACK_NS);
    assert_int_equal(session_of(&world, 1, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 2);
    /* The next credential of a session is something that a revocation can name. */
    world.real_ns += 5 * ZTA_NS_PER_S;
    publish_allowed(&world, 1);
    pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(session_of(&world, 1, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 3);
    teardown(&world);
}

static void a_drain_writes_everything_back(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    open_observer(&world);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 10; i++) {
            publish_allowed(&world, 1);
        }
        pass(&world, MOD_ZTA_COMMIT_NS);
    }
    publish_allowed(&world, 1);
    zta_segment_child_end(world.segment, (int32_t)getpid());
    int64_t before_ns = zta_clock_monotonic_ns();
    assert_true(mod_zta_observer_drain(world.observer, before_ns + MOD_ZTA_DRAIN_NS));
    assert_true(zta_clock_monotonic_ns() - before_ns < MOD_ZTA_DRAIN_NS / 2);
    struct zta_session session;
    assert_int_equal(session_of(&world, 1, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 31);
    (void)check_books(&world);
    teardown(&world);
}

static void a_drain_ends_at_its_deadline_while_children_live(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    open_observer(&world);
    publish_allowed(&world, 1);
    int64_t before_ns = zta_clock_monotonic_ns();
    assert_true(mod_zta_observer_drain(world.observer, before_ns + 200000000));
    assert_true(zta_clock_monotonic_ns() - before_ns >= 200000000);
    (void)check_books(&world);
    teardown(&world);
}

static void uses_of_api_keys_are_counted_by_id(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    struct zta_error error = {.text = ""};
    struct zta_store *operator;
    struct zta_change *change;
    assert_int_equal(
        zta_store_open(world.scratch.dir, ZTA_STORE_OPERATOR, 0, &operator, &error), ZTA_OK);
    struct zta_key key = {.id = "abcdefghijkl", .name = ZTA_TEXT("billing"), .created_s = 1,
                          .author = ZTA_TEXT("test")};
    assert_int_equal(zta_change_begin(operator, "test", &change, &error), ZTA_OK);
    assert_int_equal(zta_key_put(change, &key), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&operator);
    open_observer(&world);
    struct scratch_event wanted = {.session = 3, .outcome = ZTA_OUTCOME_ALLOW,
                                   .reason = ZTA_REASON_OK, .apikey = "billing"};
    for (int i = 0; i < 5; i++) {
        publish(&world, &wanted);
    }
    wanted.apikey = "gone";
    publish(&world, &wanted);
    pass(&world, MOD_ZTA_COMMIT_NS);
    struct zta_view *view;
    int64_t time_s;
    uint64_t n;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(zta_key_use_get(view, "abcdefghijkl", &time_s, &n), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(n, 5);
    assert_int_equal(time_s, T0 / ZTA_NS_PER_S);
    (void)check_books(&world);
    teardown(&world);
}

static void a_second_observer_waits_for_its_turn(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    open_observer(&world);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct mod_zta_observer *second = NULL;
        struct zta_error error = {.text = ""};
        enum zta_status status = mod_zta_observer_open(&world.options, world.mono_ns,
                                                       world.real_ns, &second, &error);
        _exit(status == ZTA_BUSY ? 0 : 1);
    }
    int ended;
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    assert_int_equal(ended, 0);
    assert_int_equal(zta_segment_store_health(world.segment), ZTA_OK);
    teardown(&world);
}

/* ---- quotas ---- */

static void repeated_denials_are_one_row_with_five_examples(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    open_observer(&world);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 500; i++) {
            publish_denied(&world, 1, "/orders");
        }
        publish_denied(&world, 2, "/orders");
        publish_denied(&world, 1, "/other");
        pass(&world, MOD_ZTA_COMMIT_NS);
    }
    struct tally tally = check_books(&world);
    assert_int_equal(tally.n_rows, 5 + 4 + 4);
    assert_int_equal(tally.n_repeats, 1);
    assert_int_equal(tally.repeated, 1995);
    /* Another observer counts on in the same row. */
    mod_zta_observer_close(&world.observer);
    open_observer(&world);
    for (int i = 0; i < 50; i++) {
        publish_denied(&world, 1, "/orders");
    }
    pass(&world, MOD_ZTA_COMMIT_NS);
    tally = check_books(&world);
    assert_int_equal(tally.n_rows, 13);
    assert_int_equal(tally.n_repeats, 1);
    assert_int_equal(tally.repeated, 2045);
    /* The next window begins anew. */
    pass(&world, ZTA_REPEAT_WINDOW_S * ZTA_NS_PER_S);
    publish_denied(&world, 1, "/orders");
    pass(&world, MOD_ZTA_COMMIT_NS);
    tally = check_books(&world);
    assert_int_equal(tally.n_rows, 14);
    teardown(&world);
}

static void a_flood_of_denials_from_everywhere_leaves_the_others_their_rows(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    open_observer(&world);
    /* Three times what the class may have, each from another source. */
    uint32_t source = 1000;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 3000; i++) {
            publish_denied(&world, source++, "/orders");
        }
        for (uint32_t i = 1; i <= 10; i++) {
            publish_allowed(&world, i);
        }
        pass(&world, MOD_ZTA_COMMIT_NS);
    }
    struct tally tally = check_books(&world);
    assert_int_equal(counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE), 0);
    uint64_t allowed = tally.weight - tally.denied_weight;
    assert_int_equal(allowed, 100);
    assert_int_equal(tally.denied_weight + tally.repeated, 30000);
    /* A second's worth was saved up, another one passed. */
    assert_true(tally.denied_weight <= 2 * MOD_ZTA_DENIED_ROWS_S);
    assert_true(tally.n_various > 0);
    teardown(&world);
}

static void a_flood_of_one_source_is_sampled_and_the_others_are_whole(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    open_observer(&world);
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < 4000; i++) {
            publish_allowed(&world, i % 100 == 0 ? 2 : 1);
        }
        pass(&world, MOD_ZTA_COMMIT_NS);
    }
    struct tally tally = check_books(&world);
    assert_int_equal(tally.weight, 120000);
    assert_int_equal(tally.by_session[2], 1200);
    assert_int_equal(tally.by_session[1], 118800);
    /* 20,000 saved up, 60,000 for three seconds, and a little. */
    assert_true(tally.n_rows < 85000);
    assert_true(tally.n_rows > 60000);
    teardown(&world);
}

static bool weigh(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    uint64_t *alone = context;
    if (zta_get_u32(event->session + 8) == 2) {
        alone[key->weight == 1 ? 0 : 1]++;
    }
    return true;
}

static void a_small_source_keeps_every_row_under_pressure(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    open_observer(&world);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 4000; i++) {
            publish_allowed(&world, i % 1000 == 0 ? 2 : 1);
        }
        pass(&world, MOD_ZTA_COMMIT_NS / 4);
        pass(&world, MOD_ZTA_COMMIT_NS);
    }
    (void)check_books(&world);
    struct zta_view *view;
    struct zta_event_key all = {.sequence = 0};
    uint64_t alone[2] = {0, 0};
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(zta_event_each_after(view, &all, weigh, alone), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(alone[0], 80);
    assert_int_equal(alone[1], 0);
    teardown(&world);
}

static void more_sources_than_rows_are_stood_for_by_weight(void **state)
{
    struct zta_siphash_key key = {.k0 = 1, .k1 = 2};
    struct mod_zta_quota *quota;
    assert_int_equal(mod_zta_quota_open(&key, &quota), ZTA_OK);
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    open_observer(&world);
    static struct mod_zta_batch batch;
    static struct mod_zta_shares shares;
    struct zta_error error = {.text = ""};
    struct zta_change *change;
    assert_int_equal(zta_change_begin(mod_zta_observer_store(world.observer), "test", &change,
                                      &error),
                     ZTA_OK);
    uint64_t n_rows = 0;
    uint64_t weight = 0;
    for (int round = 0; round < 40; round++) {
        batch.n = 4000;
        for (uint32_t i = 0; i < 4000; i++) {
            struct scratch_event wanted = {.number = i, .time_ns = T0, .session = i + 1,
                                           .outcome = ZTA_OUTCOME_ALLOW, .reason = ZTA_REASON_OK};
            scratch_event_make(&wanted, &batch.events[i]);
            batch.sequences[i] = i;
        }
        /* No time passes: what was saved up is all there is, then a single row a batch. */
        assert_int_equal(mod_zta_quota_apply(quota, change, &batch, 1, 0, &shares), ZTA_OK);
        assert_true(shares.n_rows > 0);
        n_rows += shares.n_rows;
        uint64_t sum = 0;
        for (size_t i = 0; i < shares.n_rows; i++) {
            sum += shares.rows[i].weight;
            assert_true(i == 0 || shares.rows[i].sequence > shares.rows[i - 1].sequence);
        }
        assert_int_equal(sum, 4000);
        weight += sum;
    }
    assert_int_equal(weight, 160000);
    assert_true(n_rows >= MOD_ZTA_ALLOWED_ROWS_S && n_rows < MOD_ZTA_ALLOWED_ROWS_S + 100);
    zta_change_abort(&change);
    mod_zta_quota_close(&quota);
    teardown(&world);
}

/* ---- what hostile children write ---- */

static void hostile_slots_are_dropped_and_counted(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    open_observer(&world);
    struct zta_event event;
    srandom(3);
    for (int i = 0; i < 3000; i++) {
        if (i % 3 == 0) {
            publish_allowed(&world, 1);
            continue;
        }
        struct scratch_event wanted = {.number = (uint64_t)i, .time_ns = T0, .session = 4,
                                       .outcome = ZTA_OUTCOME_ALLOW, .reason = ZTA_REASON_OK};
        scratch_event_make(&wanted, &event);
        uint8_t *bytes = (uint8_t *)&event;
        for (int k = 0; k < (i % 3 == 1 ? 1 : (int)sizeof event); k++) {
            bytes[(size_t)random() % sizeof event] = (uint8_t)random();
        }
        assert_int_equal(zta_ring_publish(world.segment, world.incarnation, &event), ZTA_OK);
    }
    pass(&world, MOD_ZTA_COMMIT_NS);
    (void)check_books(&world);
    assert_true(counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE) > 900);
    struct zta_session session;
    assert_int_equal(session_of(&world, 1, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 1000);
    /* All that was stored can be read back, sessions too. */
    mod_zta_observer_close(&world.observer);
    open_observer(&world);
    (void)check_books(&world);
    teardown(&world);
}

static void times_of_the_future_do_not_outlive_their_retention(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    world.options.retain_events_s = 3600;
    open_observer(&world);
    const struct scratch_event wanted = {.time_ns = INT64_MAX, .session = 1,
                                         .outcome = ZTA_OUTCOME_ALLOW, .reason = ZTA_REASON_OK};
    publish(&world, &wanted);
    pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(check_books(&world).n_rows, 1);
    pass(&world, 3700 * ZTA_NS_PER_S);
    assert_int_equal(count_store(&world).n_rows, 0);
    teardown(&world);
}

/* ---- retention ---- */

static void events_and_sessions_go_when_they_are_old(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    world.options.retain_events_s = 600;
    world.options.retain_sessions_s = 1200;
    open_observer(&world);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 20; i++) {
            publish_allowed(&world, (uint32_t)round + 1);
            publish_denied(&world, 9, "/orders");
        }
        pass(&world, 60 * ZTA_NS_PER_S);
    }
    pass(&world, MOD_ZTA_WRITE_BACK_NS);
    struct tally tally = count_store(&world);
    assert_true(tally.n_rows >= 9 * 25 && tally.n_rows <= 11 * 25);
    assert_true(tally.n_repeats >= 9 && tally.n_repeats <= 12);
    pass(&world, 600 * ZTA_NS_PER_S);
    pass(&world, 2 * ZTA_NS_PER_S);
    struct zta_session session;
    assert_int_equal(session_of(&world, 1, &session), ZTA_NOT_FOUND);
    assert_int_equal(session_of(&world, 20, &session), ZTA_OK);
    teardown(&world);
}

static void events_are_kept_within_their_size(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    world.options.retain_events_size = 4 << 20;
    open_observer(&world);
    uint64_t bytes = 0;
    uint64_t n = 0;
    for (int round = 0; round < 40; round++) {
        for (uint32_t i = 0; i < 2000; i++) {
            publish_allowed(&world, 1 + i % 50);
        }
        pass(&world, ZTA_NS_PER_S);
    }
    pass(&world, ZTA_NS_PER_S);
    struct zta_view *view;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(zta_events_size(view, &bytes, &n), ZTA_OK);
    zta_view_end(&view);
    assert_true(bytes <= 5 << 20);
    assert_true(n > 5000);
    teardown(&world);
}

static void a_full_map_gives_up_its_oldest_events_and_loses_no_new_one(void **state)
{
    struct world world;
    setup(&world, fast_dir(), UINT64_C(16) << 20);
    open_observer(&world);
    for (int round = 0; round < 60; round++) {
        for (uint32_t i = 0; i < 2000; i++) {
            publish_allowed(&world, 1 + i % 50);
        }
        pass(&world, ZTA_NS_PER_S);
    }
    struct tally tally = count_store(&world);
    assert_int_equal(counter(&world, ZTA_COUNTER_EVENTS_STORED), 120000);
    assert_int_equal(counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE), 0);
    assert_true(tally.n_rows > 10000 && tally.n_rows < 120000);
    assert_int_equal(tally.last.sequence, 119999);
    struct zta_store_usage usage;
    assert_int_equal(
        zta_store_usage(mod_zta_observer_store(world.observer), false, &usage), ZTA_OK);
    assert_true(usage.used < usage.map_size / 100 * 90);
    teardown(&world);
}

/* ---- failures ---- */

static void a_removed_store_is_told_and_its_events_are_counted(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    open_observer(&world);
    publish_allowed(&world, 1);
    pass(&world, ZTA_NS_PER_S);
    assert_int_equal(zta_segment_store_health(world.segment), ZTA_OK);
    char data[SCRATCH_DIR_MAX + 64];
    char away[SCRATCH_DIR_MAX + 64];
    (void)snprintf(data, sizeof data, "%s/state/data.mdb", world.scratch.dir);
    (void)snprintf(away, sizeof away, "%s/state/away", world.scratch.dir);
    assert_int_equal(rename(data, away), 0);
    pass(&world, ZTA_NS_PER_S);
    assert_int_not_equal(zta_segment_store_health(world.segment), ZTA_OK);
    assert_non_null(strstr(world.line, "ZTA0070"));
    unsigned n_lines = world.n_lines;
    uint64_t capacity = zta_ring_capacity(world.segment);
    for (uint64_t i = 0; i < 2 * capacity; i++) {
        publish_allowed(&world, 1);
        if (i % 5000 == 0) {
            pass(&world, MOD_ZTA_COMMIT_NS);
        }
    }
    pass(&world, ZTA_NS_PER_S);
    assert_int_equal(counter(&world, ZTA_COUNTER_EVENTS_DROPPED_FULL), 0);
    assert_true(counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE) >= capacity);
    assert_true(world.n_lines <= n_lines + 1); /* the drops, once */
    /* The same files come back: what the ring kept is stored. */
    assert_int_equal(rename(away, data), 0);
    pass(&world, ZTA_NS_PER_S);
    pass(&world, ZTA_NS_PER_S);
    assert_int_equal(zta_segment_store_health(world.segment), ZTA_OK);
    struct tally tally = check_books(&world);
    assert_true(tally.weight >= capacity / 2 - MOD_ZTA_BATCH_MAX);
    teardown(&world);
}

static void a_store_that_is_missing_at_the_start_is_told(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    char data[SCRATCH_DIR_MAX + 64];
    (void)snprintf(data, sizeof data, "%s/state/data.mdb", world.scratch.dir);
    assert_int_equal(unlink(data), 0);
    struct zta_error error = {.text = ""};
    assert_int_not_equal(mod_zta_observer_open(&world.options, world.mono_ns, world.real_ns,
                                               &world.observer, &error),
                         ZTA_OK);
    assert_true(strlen(error.text) > 0);
    assert_null(world.observer);
    assert_int_not_equal(zta_segment_store_health(world.segment), ZTA_OK);
    teardown(&world);
}

static void fill_disk(const char *dir)
{
    char path[SCRATCH_DIR_MAX + 64];
    (void)snprintf(path, sizeof path, "%s/filler", dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    static const char block[4096];
    while (write(fd, block, sizeof block) == (ssize_t)sizeof block) {
    }
    assert_int_equal(close(fd), 0);
}

static void a_full_disk_leaves_room_for_operators_and_new_events(void **state)
{
    char mount_dir[] = "/tmp/zta-tmpfs.XXXXXX";
    if (geteuid() != 0 || mkdtemp(mount_dir) == NULL ||
        mount("tmpfs", mount_dir, "tmpfs", 0, "size=40m") != 0) {
        (void)rmdir(mount_dir);
        print_message("[  SKIPPED ] %s: needs root and mount(2): %s\n", __func__, strerror(errno));
        skip();
    }
    struct world world;
    setup(&world, mount_dir, MAP_SIZE);
    open_observer(&world);
    for (int round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < 2000; i++) {
            publish_allowed(&world, 1 + i % 50);
        }
        pass(&world, ZTA_NS_PER_S);
    }
    fill_disk(mount_dir);
    for (int round = 0; round < 40; round++) {
        for (uint32_t i = 0; i < 2000; i++) {
            publish_allowed(&world, 1 + i % 50);
        }
        pass(&world, ZTA_NS_PER_S);
        pass(&world, 2 * ZTA_NS_PER_S);
    }
    struct tally tally = count_store(&world);
    /* The newest stands there, the oldest does not. */
    assert_int_equal(zta_ring_head(world.segment), zta_ring_tail(world.segment));
    assert_int_equal(tally.last.sequence + 1, zta_ring_head(world.segment));
    assert_true(tally.n_rows < 120000);
    assert_int_equal(counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE), 0);
    /* An operator's change goes through. */
    struct zta_error error = {.text = ""};
    struct zta_store *operator;
    struct zta_change *change;
    assert_int_equal(zta_store_open(world.scratch.dir, ZTA_STORE_OPERATOR, 0, &operator, &error),
                     ZTA_OK);
    struct zta_key key = {.id = "abcdefghijkl", .name = ZTA_TEXT("billing"), .created_s = 1,
                          .author = ZTA_TEXT("test")};
    assert_int_equal(zta_change_begin(operator, "test", &change, &error), ZTA_OK);
    assert_int_equal(zta_key_put(change, &key), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&operator);
    /* Room again: the alert is over. */
    char filler[SCRATCH_DIR_MAX];
    (void)snprintf(filler, sizeof filler, "%s/filler", mount_dir);
    assert_int_equal(unlink(filler), 0);
    pass(&world, ZTA_NS_PER_S);
    char ballast[SCRATCH_DIR_MAX + 64];
    (void)snprintf(ballast, sizeof ballast, "%s/state/ballast", world.scratch.dir);
    struct stat info;
    bool has_ballast =
        stat(ballast, &info) == 0 && (uint64_t)info.st_size == MOD_ZTA_BALLAST_SIZE;
    teardown(&world);
    (void)umount(mount_dir);
    (void)rmdir(mount_dir);
    assert_true(has_ballast);
}

/* ---- killed at any moment ---- */

#define N_KILLS 220
#define N_WRITERS 2
#define N_SESSIONS 20

/* What a writer says it published, in memory that outlives it. */
struct said {
    _Atomic uint64_t n[N_WRITERS];
    _Atomic uint64_t by_session[N_WRITERS][64];
    _Atomic int is_over;
};

static void write_until_over(struct world *world, struct said *said, uint32_t writer)
{
    uint32_t incarnation;
    if (zta_segment_child_begin(world->segment, (int32_t)getpid(), &incarnation) != ZTA_OK) {
        _exit(1);
    }
    for (uint64_t i = 1; said->is_over == 0; i++) {
        uint32_t session = 1 + (uint32_t)(i % N_SESSIONS);
        struct scratch_event wanted = {
            .number = ((uint64_t)writer + 1) << 40 | i,
            .time_ns = zta_clock_real_ns(),
            .session = session,
            .outcome = i % 4 == 0 ? ZTA_OUTCOME_DENY : ZTA_OUTCOME_ALLOW,
            .reason = i % 4 == 0 ? ZTA_REASON_NO_RULE : ZTA_REASON_OK,
        };
        struct zta_event event;
        scratch_event_make(&wanted, &event);
        if (zta_ring_publish(world->segment, incarnation, &event) == ZTA_OK) {
            said->n[writer]++;
            said->by_session[writer][session]++;
        }
        struct timespec pause = {.tv_nsec = 50000};
        (void)nanosleep(&pause, NULL);
    }
    zta_segment_child_end(world->segment, (int32_t)getpid());
    _exit(0);
}

static volatile sig_atomic_t is_stopping;

static void on_term(int number)
{
    is_stopping = MOD_ZTA_RUN_STOP;
}

static pid_t start_helper(struct world *world)
{
    /* A signal that comes before its handler stands waits for it. */
    sigset_t term;
    sigset_t former;
    (void)sigemptyset(&term);
    (void)sigaddset(&term, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &term, &former);
    pid_t pid = fork();
    if (pid == 0) {
        struct sigaction action = {.sa_handler = on_term};
        (void)sigaction(SIGTERM, &action, NULL);
        (void)sigprocmask(SIG_SETMASK, &former, NULL);
        struct zta_text rules[] = {ZTA_TEXT("allow any")};
        struct zta_text names[] = {ZTA_TEXT("main.zta")};
        struct mod_zta_run_options options = {
            .observer = world->options,
            .config = {.rules_names = names, .rules_texts = rules, .n_rules = 1},
            .is_stopping = &is_stopping,
            .parent_pid = (int32_t)getppid(),
        };
        options.observer.log = NULL;
        struct zta_error error = {.text = ""};
        _exit(mod_zta_run(&options, &error) == ZTA_OK ? 0 : 1);
    }
    (void)sigprocmask(SIG_SETMASK, &former, NULL);
    return pid;
}

static void pause_us(long us)
{
    struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    (void)nanosleep(&pause, NULL);
}

static void stop(pid_t pid, int number)
{
    int ended;
    assert_int_equal(kill(pid, number), 0);
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    assert_true(number == SIGKILL || ended == 0);
}

static void check_sessions(struct world *world, const struct said *said)
{
    struct tally tally = check_books(world);
    for (uint32_t i = 1; i <= N_SESSIONS; i++) {
        uint64_t published = 0;
        for (size_t writer = 0; writer < N_WRITERS; writer++) {
            published += said->by_session[writer][i];
        }
        struct zta_session session;
        assert_int_equal(session_of(world, i, &session), ZTA_OK);
        assert_int_equal(tally.by_session[i], published);
        assert_int_equal(session.n_requests, published);
    }
}

static void a_helper_killed_at_any_moment_loses_and_doubles_nothing(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    zta_segment_child_end(world.segment, (int32_t)getpid());
    struct said *said = mmap(NULL, sizeof *said, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(said, MAP_FAILED);
    pid_t writers[N_WRITERS];
    for (uint32_t i = 0; i < N_WRITERS; i++) {
        writers[i] = fork();
        if (writers[i] == 0) {
            write_until_over(&world, said, i);
        }
    }
    srandom(4);
    for (int i = 0; i < N_KILLS; i++) {
        pid_t helper = start_helper(&world);
        /* From before it has opened anything to after its first commits. */
        pause_us(random() % (i % 8 == 0 ? 250000 : 40000));
        stop(helper, SIGKILL);
    }
    said->is_over = 1;
    pid_t helper = start_helper(&world);
    for (uint32_t i = 0; i < N_WRITERS; i++) {
        int ended;
        assert_int_equal(waitpid(writers[i], &ended, 0), writers[i]);
        assert_int_equal(ended, 0);
    }
    stop(helper, SIGTERM);
    open_observer(&world);
    assert_int_equal(counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE), 0);
    assert_int_equal(counter(&world, ZTA_COUNTER_EVENTS_DROPPED_DEAD), 0);
    uint64_t published = 0;
    for (uint32_t i = 0; i < N_WRITERS; i++) {
        published += said->n[i];
    }
    assert_int_equal(published + counter(&world, ZTA_COUNTER_EVENTS_DROPPED_FULL) +
                         counter(&world, ZTA_COUNTER_EVENTS_DROPPED_SLOW),
                     counter(&world, ZTA_COUNTER_EVENTS_PUBLISHED));
    check_sessions(&world, said);
    (void)munmap(said, sizeof *said);
    teardown(&world);
}

static void one_helper_hands_over_to_the_next(void **state)
{
    struct world world;
    setup(&world, fast_dir(), MAP_SIZE);
    pid_t former = 0;
    for (int i = 0; i < 10; i++) {
        pid_t helper = start_helper(&world);
        for (int k = 0; k < 100; k++) {
            publish_allowed(&world, 1);
            pause_us(200);
        }
        if (former != 0) {
            assert_int_equal(kill(former, SIGKILL), 0);
            assert_int_equal(waitpid(former, NULL, 0), former);
        }
        former = helper;
    }
    zta_segment_child_end(world.segment, (int32_t)getpid());
    stop(former, SIGTERM);
    open_observer(&world);
    struct tally tally = check_books(&world);
    assert_int_equal(tally.weight, 1000);
    struct zta_session session;
    assert_int_equal(session_of(&world, 1, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 1000);
    struct zta_view *view;
    struct zta_heartbeat heartbeat;
    uint64_t counters[ZTA_N_COUNTERS];
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(
        zta_published_get_heartbeat(view, &heartbeat, counters, ZTA_N_COUNTERS), ZTA_OK);
    zta_view_end(&view);
    assert_string_equal(heartbeat.version, "test");
    assert_int_equal(heartbeat.segment_id, zta_segment_id(world.segment));
    teardown(&world);
}

/* ---- figures ---- */

static int64_t cpu_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * ZTA_NS_PER_S + now.tv_nsec;
}

static void twenty_thousand_events_a_second_are_kept_up_with(void **state)
{
    struct world world;
    setup(&world, NULL, UINT64_C(1) << 30);
    open_observer(&world);
    enum { SESSIONS = 10000, BATCHES = 50, BATCH = 2000 };
    for (uint32_t i = 0; i < SESSIONS; i++) {
        publish_allowed(&world, i + 1);
    }
    pass(&world, MOD_ZTA_COMMIT_NS);
    pass(&world, MOD_ZTA_COMMIT_NS);
    int64_t spent_ns = 0;
    int64_t cpu_ns = 0;
    for (int i = 0; i < BATCHES; i++) {
        for (uint32_t k = 0; k < BATCH; k++) {
            publish_allowed(&world, 1 + (uint32_t)random() % SESSIONS);
        }
        int64_t before_ns = zta_clock_monotonic_ns();
        int64_t cpu_before_ns = cpu_now_ns();
        pass(&world, MOD_ZTA_COMMIT_NS);
        cpu_ns += cpu_now_ns() - cpu_before_ns;
        spent_ns += zta_clock_monotonic_ns() - before_ns;
    }
    struct tally tally = check_books(&world);
    assert_int_equal(tally.n_rows, SESSIONS + BATCHES * BATCH);
    struct zta_view *view;
    uint64_t bytes;
    uint64_t n;
    uint64_t n_sessions;
    uint64_t session_bytes;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(zta_events_size(view, &bytes, &n), ZTA_OK);
    assert_int_equal(zta_view_table_size(view, ZTA_TABLE_SESSIONS, &n_sessions, &session_bytes),
                     ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(n_sessions, SESSIONS);
    double rate = BATCHES * (double)BATCH / ((double)spent_ns / 1e9);
    double cpu_us = (double)cpu_ns / 1000 / (BATCHES * BATCH);
    print_message("observer: %.0f events/s, %.2f us of CPU and %.0f bytes an event with its index, "
                  "%.0f bytes a session\n",
                  rate, cpu_us, (double)bytes / (double)n,
                  (double)session_bytes / (double)n_sessions);
    /* The wall's rate is the disk's and whoever else uses it; the processor's is ours. */
    assert_true(cpu_us < 1e6 / 20000);
    teardown(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_and_sessions_are_there_after_one_round),
        cmocka_unit_test(a_known_session_is_written_back_after_its_time_or_at_a_change),
        cmocka_unit_test(a_drain_writes_everything_back),
        cmocka_unit_test(a_drain_ends_at_its_deadline_while_children_live),
        cmocka_unit_test(uses_of_api_keys_are_counted_by_id),
        cmocka_unit_test(a_second_observer_waits_for_its_turn),
        cmocka_unit_test(repeated_denials_are_one_row_with_five_examples),
        cmocka_unit_test(a_flood_of_denials_from_everywhere_leaves_the_others_their_rows),
        cmocka_unit_test(a_flood_of_one_source_is_sampled_and_the_others_are_whole),
        cmocka_unit_test(a_small_source_keeps_every_row_under_pressure),
        cmocka_unit_test(more_sources_than_rows_are_stood_for_by_weight),
        cmocka_unit_test(hostile_slots_are_dropped_and_counted),
        cmocka_unit_test(times_of_the_future_do_not_outlive_their_retention),
        cmocka_unit_test(events_and_sessions_go_when_they_are_old),
        cmocka_unit_test(events_are_kept_within_their_size),
        cmocka_unit_test(a_full_map_gives_up_its_oldest_events_and_loses_no_new_one),
        cmocka_unit_test(a_removed_store_is_told_and_its_events_are_counted),
        cmocka_unit_test(a_store_that_is_missing_at_the_start_is_told),
        cmocka_unit_test(a_full_disk_leaves_room_for_operators_and_new_events),
        cmocka_unit_test(a_helper_killed_at_any_moment_loses_and_doubles_nothing),
        cmocka_unit_test(one_helper_hands_over_to_the_next),
        cmocka_unit_test(twenty_thousand_events_a_second_are_kept_up_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
