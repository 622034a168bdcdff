/* SPDX-License-Identifier: Apache-2.0 */
/* Live rules between nodes: the latest version is in force at all, whatever came when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/store/layers.h"
#include "tests/unit/fleet_world.h"

#define ROUNDS     20
#define N_CHANGES  12
#define MANY_RULES 1000
#define TEXT_SIZE  128

/* ---- what operators and agents do ---- */

static uint64_t generation(struct world_node *node)
{
    struct zta_generations generations;
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_view_generations(view, &generations), ZTA_OK);
    zta_view_end(&view);
    return generations.rules;
}

static void in_force(struct world_node *node, int64_t now_s, struct zta_layer *layer)
{
    void *storage;
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_layer_in_force(view, now_s, layer, &storage), ZTA_OK);
    zta_view_end(&view);
    free(storage); /* its numbers stay */
}

static int64_t now_s(void)
{
    return zta_clock_real_ns() / ZTA_NS_PER_S;
}

/* A version with that one rule, made on what is in force at the node. */
static int64_t change_rules(struct world_node *node, const char *name, int64_t confirm_by_s)
{
    char text[TEXT_SIZE];
    struct zta_layer former;
    (void)snprintf(text, sizeof text, "deny %s\n  when path /%s\n", name, name);
    struct zta_layer_entry entry = {
        .kind = ZTA_LAYER_RULE, .name = zta_text_of(name), .text = zta_text_of(text)};
    in_force(node, now_s(), &former);
    struct zta_layer layer = {.entries = &entry,
                              .n = 1,
                              .what = zta_text_of(name),
                              .author = ZTA_TEXT("ann"),
                              .confirm_by_s = confirm_by_s,
                              .made_on_ns = former.changed_ns};
    struct zta_change *change = world_begin(node);
    assert_int_equal(zta_layer_put(change, &layer, generation(node)), ZTA_OK);
    world_commit(change);
    return layer.changed_ns;
}

struct waiting {
    uint64_t versions[64];
    bool fits[64];
    size_t n;
    const char *unfit; /* what does not fit here; NULL: all fits */
};

static bool find_waiting(void *context, const struct zta_layer *layer)
{
    struct waiting *waiting = context;
    if (layer->standing != ZTA_LAYER_IN_ORDER) {
        assert_true(waiting->n < 64);
        waiting->fits[waiting->n] =
            waiting->unfit == NULL || !zta_text_equal(layer->what, zta_text_of(waiting->unfit));
        waiting->versions[waiting->n++] = layer->version;
    }
    return true;
}

static void judge(struct world_node *node, const char *unfit)
{
    struct waiting waiting = {.unfit = unfit};
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_layer_each(view, find_waiting, &waiting), ZTA_OK);
    zta_view_end(&view);
    struct zta_change *change = world_begin(node);
    for (size_t i = 0; i < waiting.n; i++) {
        assert_int_equal(zta_layer_judge(change, waiting.versions[i], waiting.fits[i]), ZTA_OK);
    }
    world_commit(change);
}

static void judge_all(struct world *world)
{
    for (size_t i = 0; i < WORLD_NODES; i++) {
        judge(&world->nodes[i], NULL);
    }
}

static void assert_alike(struct world *world, int64_t at_s, struct zta_layer *layer)
{
    in_force(&world->nodes[0], at_s, layer);
    for (size_t i = 1; i < WORLD_NODES; i++) {
        struct zta_layer other;
        in_force(&world->nodes[i], at_s, &other);
        assert_int_equal(other.changed_ns, layer->changed_ns);
        assert_memory_equal(other.origin, layer->origin, sizeof other.origin);
        assert_int_equal(other.n, layer->n);
    }
}

/* ---- tests ---- */

static void whatever_the_order_the_same_version_is_in_force(void **state)
{
    struct world *world = *state;
    uint64_t random = 20261123;
    struct zta_layer layer;
    for (int round = 0; round < ROUNDS; round++) {
        const size_t first = world->stream.n;
        for (int i = 0; i < N_CHANGES; i++) {
            struct world_node *node = &world->nodes[scratch_random(&random) % 2];
            const bool is_trial = scratch_random(&random) % 3 == 0;
            (void)change_rules(node, "a", is_trial ? now_s() + 100 : 0);
            switch (scratch_random(&random) % 4) {
            case 0:
                world_say_all(world, node);
                break;
            case 1: /* its agent hears something before it says what was changed */
                (void)world_take(
                    node, world_item(&world->stream, scratch_random(&random) % world->stream.n));
                break;
            case 2:
                judge(node, NULL);
                break;
            default:
                break;
            }
        }
        world_say_all(world, &world->nodes[0]);
        world_say_all(world, &world->nodes[1]);
        const size_t n = world->stream.n - first;
        for (size_t node = 0; node < WORLD_NODES; node++) {
            for (size_t i = 0; i < 2 * n; i++) {
                (void)world_take(&world->nodes[node],
                                 world_item(&world->stream, first + scratch_random(&random) % n));
                if (scratch_random(&random) % 4 == 0) {
                    judge(&world->nodes[node], NULL);
                }
            }
            for (size_t i = 0; i < n; i++) {
                (void)world_take(&world->nodes[node],
                                 world_item(&world->stream, world->stream.n - 1 - i));
            }
        }
        judge_all(world);
        assert_alike(world, now_s(), &layer);
        assert_true(layer.changed_ns > 0);
        assert_alike(world, now_s() + 200, &layer); /* what nobody confirmed has ended */
        assert_int_equal(layer.confirm_by_s, 0);
    }
    for (size_t node = 0; node < WORLD_NODES; node++) {
        struct zta_error error = {.status = ZTA_OK};
        assert_int_equal(zta_store_check(world->nodes[node].scratch.dir, true, &error), ZTA_OK);
    }
}

struct pair {
    struct zta_layer first;
    struct zta_layer second;
};

static bool find_pair(void *context, const struct zta_layer *layer)
{
    struct pair *pair = context;
    if (zta_text_equal(layer->what, ZTA_TEXT("first"))) {
        pair->first = *layer;
    }
    if (zta_text_equal(layer->what, ZTA_TEXT("second"))) {
        pair->second = *layer;
    }
    return true;
}

static struct pair pair_at(struct world_node *node)
{
    struct pair pair = {.first = {.version = 0}};
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_layer_each(view, find_pair, &pair), ZTA_OK);
    zta_view_end(&view);
    assert_true(pair.first.version != 0 && pair.second.version != 0);
    return pair;
}

/* Two operators at nodes that did not hear each other: both versions are there, and it shows. */
static void changes_made_at_once_are_a_conflict_that_all_see(void **state)
{
    struct world *world = *state;
    struct zta_layer layer;
    (void)change_rules(&world->nodes[0], "common", 0);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    judge_all(world);
    (void)change_rules(&world->nodes[0], "first", 0);
    const int64_t later_ns = change_rules(&world->nodes[1], "second", 0);
    world_say_all(world, &world->nodes[1]);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    judge_all(world);
    assert_alike(world, now_s(), &layer);
    assert_int_equal(layer.changed_ns, later_ns);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        const struct pair pair = pair_at(&world->nodes[i]);
        assert_true(zta_layer_lacks(&pair.second, &pair.first));
        assert_false(zta_layer_lacks(&pair.first, &pair.second));
        assert_memory_equal(pair.first.origin, world->nodes[0].fleet.origin, ZTA_ORIGIN_SIZE);
        assert_memory_equal(pair.second.origin, world->nodes[1].fleet.origin, ZTA_ORIGIN_SIZE);
    }
    /* What is made on that, by somebody who could see both, is no conflict any more. */
    (void)change_rules(&world->nodes[0], "first", 0);
    const struct pair pair = pair_at(&world->nodes[0]);
    in_force(&world->nodes[0], now_s(), &layer);
    assert_false(zta_layer_lacks(&layer, &pair.second));
}

static void who_may_only_restrict_says_no_rules(void **state)
{
    struct world *world = *state;
    struct world_node *restricting = &world->nodes[WORLD_NODES - 1];
    struct zta_layer layer;
    const int64_t changed_ns = change_rules(restricting, "a", 0);
    const size_t said = world_say_one(world, restricting);
    assert_int_equal(world_take(&world->nodes[0], world_item(&world->stream, said)),
                     ZTA_FLEET_NOT_GRANTED);
    in_force(&world->nodes[0], now_s(), &layer);
    assert_int_equal(layer.version, 0);
    in_force(restricting, now_s(), &layer); /* what was done there holds there */
    assert_int_equal(layer.changed_ns, changed_ns);
}

static void a_removed_node_says_no_rules_not_even_former_ones(void **state)
{
    struct world *world = *state;
    struct zta_layer layer;
    (void)change_rules(&world->nodes[1], "a", 0);
    const size_t said = world_say_one(world, &world->nodes[1]);
    assert_int_equal(world_enrol(world, &world->nodes[1], &world->nodes[0], ZTA_NODE_NONE),
                     ZTA_FLEET_TAKEN);
    assert_int_equal(world_take(&world->nodes[0], world_item(&world->stream, said)),
                     ZTA_FLEET_UNKNOWN_NODE);
    in_force(&world->nodes[0], now_s(), &layer);
    assert_int_equal(layer.version, 0);
}

static enum zta_fleet_outcome take_altered(struct world *world, const struct zta_statement *said)
{
    static uint8_t bytes[ZTA_STATEMENT_LONG_MAX];
    size_t size = 0;
    assert_int_equal(zta_statement_seal(said, ZTA_TEXT("corp"), world->nodes[1].key, bytes, &size),
                     ZTA_OK);
    return world_take(&world->nodes[0],
                      (struct zta_text){.data = (const char *)bytes, .len = size});
}

/* A node speaks of its own versions alone, and not of times to come. */
static void nobody_speaks_for_another_or_of_the_future(void **state)
{
    struct world *world = *state;
    struct zta_statement said;
    char key[ZTA_ORIGIN_SIZE + 1];
    const int64_t changed_ns = change_rules(&world->nodes[1], "a", 0);
    const size_t first = world_say_one(world, &world->nodes[1]);
    assert_int_equal(zta_statement_read(world_item(&world->stream, first), &said), ZTA_OK);

    struct zta_statement altered = said;
    memcpy(key, said.key.data, sizeof key);
    memcpy(key, world->nodes[0].fleet.origin, ZTA_ORIGIN_SIZE);
    altered.key = (struct zta_text){.data = key, .len = sizeof key};
    assert_int_equal(take_altered(world, &altered), ZTA_FLEET_MALFORMED);
    altered = said;
    altered.is_gone = true;
    altered.value.len = 0;
    assert_int_equal(take_altered(world, &altered), ZTA_FLEET_MALFORMED);
    altered = said;
    altered.version_ns = changed_ns - 1;
    assert_int_equal(take_altered(world, &altered), ZTA_FLEET_MALFORMED);
    altered = said;
    memcpy(key, said.key.data, sizeof key);
    key[ZTA_ORIGIN_SIZE] = ZTA_LAYER_SLOTS;
    altered.key = (struct zta_text){.data = key, .len = sizeof key};
    assert_int_equal(take_altered(world, &altered), ZTA_FLEET_MALFORMED);
    assert_int_equal(take_altered(world, &said), ZTA_FLEET_TAKEN);
}

/* It is kept and not put in force; when the configuration has what it needs, it is. */
static void what_does_not_fit_waits_and_what_was_in_force_stays(void **state)
{
    struct world *world = *state;
    struct world_node *node = &world->nodes[1];
    struct zta_layer layer;
    const int64_t good_ns = change_rules(&world->nodes[0], "good", 0);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    judge_all(world);
    const int64_t bad_ns = change_rules(&world->nodes[0], "bad", 0);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    const uint64_t before = generation(node);
    judge(node, "bad");
    assert_int_equal(generation(node), before);
    in_force(node, now_s(), &layer);
    assert_int_equal(layer.changed_ns, good_ns);
    judge(node, NULL);
    assert_true(generation(node) > before);
    in_force(node, now_s(), &layer);
    assert_int_equal(layer.changed_ns, bad_ns);
}

static void a_thousand_rules_travel_as_one(void **state)
{
    struct world *world = *state;
    static char names[MANY_RULES][16];
    static char texts[MANY_RULES][TEXT_SIZE];
    static struct zta_layer_entry entries[MANY_RULES];
    for (size_t i = 0; i < MANY_RULES; i++) {
        (void)snprintf(names[i], sizeof names[i], "rule-%zu", i);
        (void)snprintf(texts[i], sizeof texts[i], "deny %s\n  when path /%zu\n  why \"%064zu\"\n",
                       names[i], i, i);
        entries[i] = (struct zta_layer_entry){
            .kind = ZTA_LAYER_RULE, .name = zta_text_of(names[i]), .text = zta_text_of(texts[i])};
    }
    struct zta_layer layer = {.entries = entries, .n = MANY_RULES};
    struct zta_change *change = world_begin(&world->nodes[0]);
    assert_int_equal(zta_layer_put(change, &layer, 0), ZTA_OK);
    world_commit(change);
    const size_t said = world_say_one(world, &world->nodes[0]);
    assert_true(world->stream.sizes[said] > ZTA_STATEMENT_MAX);
    world_hear_all(world);
    judge_all(world);
    assert_alike(world, now_s(), &layer);
    assert_int_equal(layer.n, MANY_RULES);
}

static void what_stands_when_a_store_joins_is_said_once(void **state)
{
    struct world *world = *state;
    struct world_node *node = &world->nodes[1];
    struct zta_layer layer;
    struct zta_change *change = world_begin(node);
    assert_int_equal(zta_fleet_leave(change), ZTA_OK);
    world_commit(change);
    (void)change_rules(node, "older", 0);
    const int64_t latest_ns = change_rules(node, "latest", 0);
    change = world_begin(node);
    assert_int_equal(zta_fleet_join(change, &node->fleet), ZTA_OK);
    world_commit(change);
    const size_t said = world_say_one(world, node);
    assert_int_equal(world_take(&world->nodes[0], world_item(&world->stream, said)),
                     ZTA_FLEET_TAKEN);
    judge(&world->nodes[0], NULL);
    in_force(&world->nodes[0], now_s(), &layer);
    assert_int_equal(layer.changed_ns, latest_ns);
}

#define IN_A_FLEET(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FLEET(whatever_the_order_the_same_version_is_in_force),
        IN_A_FLEET(changes_made_at_once_are_a_conflict_that_all_see),
        IN_A_FLEET(who_may_only_restrict_says_no_rules),
        IN_A_FLEET(a_removed_node_says_no_rules_not_even_former_ones),
        IN_A_FLEET(nobody_speaks_for_another_or_of_the_future),
        IN_A_FLEET(what_does_not_fit_waits_and_what_was_in_force_stays),
        IN_A_FLEET(a_thousand_rules_travel_as_one),
        IN_A_FLEET(what_stands_when_a_store_joins_is_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
