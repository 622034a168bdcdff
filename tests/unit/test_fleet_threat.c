/* SPDX-License-Identifier: Apache-2.0 */
/* Threat levels in a fleet: what one node measured holds at the others, and ends by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/store/fleet_threat.h"
#include "shared/store/schema_policy.h"
#include "tests/unit/fleet_world.h"

#define N_CHANGES 12
#define ROUNDS    25

static int64_t now_s(void)
{
    return zta_clock_real_ns() / ZTA_NS_PER_S;
}

/* As the helper does, where it is due. */
static void measure(struct world_node *node, enum zta_threat_level level)
{
    struct zta_change *change = world_helper_begin(node);
    zta_fleet_threat_note(change, level);
    world_helper_end(node, change);
}

static enum zta_threat_level of_others(struct world_node *node, int64_t time_s)
{
    enum zta_threat_level level = ZTA_THREAT_CRITICAL;
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_fleet_threat_find(view, time_s, &level), ZTA_OK);
    zta_view_end(&view);
    return level;
}

static void change_something(struct world_node *node, uint64_t *random)
{
    measure(node, (enum zta_threat_level)(scratch_random(random) % ZTA_N_THREAT_LEVELS));
}

/* The last node measured nothing: it knows the highest of what the first two said last. */
static void whatever_the_order_levels_end_up_alike(void **state)
{
    struct world *world = *state;
    uint64_t random = 20261123;
    for (int round = 0; round < ROUNDS; round++) {
        world_disorder(world, N_CHANGES, change_something, &random);
        const int64_t then_s = now_s();
        const enum zta_threat_level first = of_others(&world->nodes[0], then_s);
        const enum zta_threat_level second = of_others(&world->nodes[1], then_s);
        assert_int_equal(of_others(&world->nodes[2], then_s), first > second ? first : second);
    }
}

static void what_was_measured_holds_at_the_others_for_a_time(void **state)
{
    struct world *world = *state;
    struct world_node *nodes = world->nodes;
    measure(&nodes[0], ZTA_THREAT_HIGH);
    measure(&nodes[1], ZTA_THREAT_ELEVATED);
    world_say_all(world, &nodes[0]);
    world_say_all(world, &nodes[1]);
    world_hear_all(world);
    const int64_t then_s = now_s();
    const size_t said = world->stream.n;
    /* Nobody's own is among those of others, and nobody says again what he heard. */
    assert_int_equal(of_others(&nodes[0], then_s), ZTA_THREAT_ELEVATED);
    assert_int_equal(of_others(&nodes[1], then_s), ZTA_THREAT_HIGH);
    assert_int_equal(of_others(&nodes[2], then_s), ZTA_THREAT_HIGH);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        world_say_all(world, &nodes[i]);
    }
    assert_int_equal(world->stream.n, said);
    /* Both stay silent, the levels end; a clock that is set back makes none younger. */
    assert_int_equal(of_others(&nodes[2], then_s + ZTA_FLEET_THREAT_S + 1), ZTA_THREAT_NORMAL);
    assert_int_equal(of_others(&nodes[2], then_s - 2 * ZTA_FLEET_THREAT_S), ZTA_THREAT_NORMAL);
    /* Who measures less says so. */
    measure(&nodes[0], ZTA_THREAT_NORMAL);
    world_say_all(world, &nodes[0]);
    world_hear_all(world);
    assert_int_equal(of_others(&nodes[2], then_s), ZTA_THREAT_ELEVATED);
    assert_int_equal(of_others(&nodes[1], then_s), ZTA_THREAT_NORMAL);
}

static void what_lasts_is_said_again_and_normal_is_said_once(void **state)
{
    struct zta_fleet_threat_said said = {.level = ZTA_THREAT_NORMAL};
    assert_false(zta_fleet_threat_is_due(&said, ZTA_THREAT_NORMAL, 1000000));
    assert_true(zta_fleet_threat_is_due(&said, ZTA_THREAT_HIGH, 1000000));
    said = (struct zta_fleet_threat_said){.level = ZTA_THREAT_HIGH, .time_s = 1000000};
    assert_false(zta_fleet_threat_is_due(&said, ZTA_THREAT_HIGH, 1000029));
    assert_true(zta_fleet_threat_is_due(&said, ZTA_THREAT_HIGH, 1000030));
    assert_true(zta_fleet_threat_is_due(&said, ZTA_THREAT_HIGH, 900000));
    assert_true(zta_fleet_threat_is_due(&said, ZTA_THREAT_NORMAL, 1000001));
}

/* By its own key, of itself or of another. */
static enum zta_fleet_outcome hear(struct world_node *by, struct world_node *node,
                                   const struct world_node *of, uint8_t level, int64_t time_s,
                                   bool is_gone)
{
    static uint8_t bytes[ZTA_STATEMENT_MAX];
    uint8_t value[ZTA_FLEET_THREAT_SIZE] = {level};
    size_t size = 0;
    zta_put_u64(value + 1, (uint64_t)time_s);
    struct zta_statement statement = {
        .topic = ZTA_FLEET_THREAT,
        .is_gone = is_gone,
        .version_ns = zta_clock_real_ns(),
        .key = {.data = (const char *)of->fleet.origin, .len = ZTA_ORIGIN_SIZE},
        .value = {.data = (const char *)value, .len = is_gone ? 0 : sizeof value},
    };
    memcpy(statement.origin, by->fleet.origin, sizeof statement.origin);
    assert_int_equal(
        zta_statement_seal(&statement, zta_text_of(by->fleet.name), by->key, bytes, &size), ZTA_OK);
    return world_take(node, (struct zta_text){.data = (const char *)bytes, .len = size});
}

static void who_has_a_nodes_key_speaks_for_it_alone_and_for_now(void **state)
{
    struct world *world = *state;
    struct world_node *by = &world->nodes[0];
    struct world_node *node = &world->nodes[1];
    const int64_t then_s = now_s();
    assert_int_equal(hear(by, node, by, ZTA_THREAT_HIGH, then_s, false), ZTA_FLEET_TAKEN);
    assert_int_equal(hear(by, node, by, ZTA_N_THREAT_LEVELS, then_s, false), ZTA_FLEET_MALFORMED);
    assert_int_equal(hear(by, node, by, 255, then_s, false), ZTA_FLEET_MALFORMED);
    assert_int_equal(hear(by, node, by, ZTA_THREAT_HIGH, then_s + 3600, false),
                     ZTA_FLEET_MALFORMED);
    assert_int_equal(hear(by, node, by, ZTA_THREAT_HIGH, 0, false), ZTA_FLEET_MALFORMED);
    assert_int_equal(hear(by, node, by, ZTA_THREAT_HIGH, then_s, true), ZTA_FLEET_MALFORMED);
    assert_int_equal(hear(&world->nodes[2], node, by, ZTA_THREAT_NORMAL, then_s, false),
                     ZTA_FLEET_MALFORMED);
    assert_int_equal(of_others(node, then_s), ZTA_THREAT_HIGH);
}

#define IN_A_FLEET(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FLEET(whatever_the_order_levels_end_up_alike),
        IN_A_FLEET(what_was_measured_holds_at_the_others_for_a_time),
        cmocka_unit_test(what_lasts_is_said_again_and_normal_is_said_once),
        IN_A_FLEET(who_has_a_nodes_key_speaks_for_it_alone_and_for_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
