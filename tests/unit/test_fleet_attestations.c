/* SPDX-License-Identifier: Apache-2.0 */
/* What transmitters told one node of a fleet restricts at all, and grants at none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/notice.h"
#include "shared/store/attestations_priv.h"
#include "shared/store/fleet_attestations.h"
#include "shared/store/fleet_held.h"
#include "shared/store/fleet_priv.h"
#include "shared/store/tables_priv.h"
#include "tests/unit/fleet_world.h"

#define N_THINGS  4
#define N_CHANGES 14
#define ROUNDS    25

static int64_t now_s(void)
{
    return zta_clock_real_ns() / ZTA_NS_PER_S;
}

/* Each time news: it happened behind what was told before. */
static struct zta_attestation thing(unsigned number)
{
    static int64_t event_s = 1;
    static const struct {
        enum zta_attested what;
        const char *issuer;
        const char *name;
    } things[N_THINGS] = {{ZTA_ATTESTED_COMPLIANCE, NULL, "laptop"},
                          {ZTA_ATTESTED_SUBJECT_RISK, "corp", "alice"},
                          {ZTA_ATTESTED_SESSION_RISK, "corp", "s-1"},
                          {ZTA_ATTESTED_DEVICE_RISK, NULL, "laptop"}};
    return (struct zta_attestation){
        .what = things[number].what,
        .event_s = event_s++,
        .received_ns = zta_clock_real_ns(),
        .transmitter = ZTA_TEXT("mdm"),
        .issuer = things[number].issuer == NULL ? (struct zta_text){.data = NULL}
                                                : zta_text_of(things[number].issuer),
        .name = zta_text_of(things[number].name),
    };
}

/* As the helper does with what a transmitter pushed. */
static void tell(struct world_node *node, unsigned number, uint8_t level)
{
    struct zta_attestation attestation = thing(number);
    int64_t released_ns;
    struct zta_change *change = world_helper_begin(node);
    struct zta_view *view = world_look(node);
    attestation.level = level;
    assert_int_equal(zta_attestation_released(view, &attestation, &released_ns), ZTA_OK);
    zta_view_end(&view);
    const enum zta_status status = zta_attestation_put(change, &attestation, released_ns);
    assert_true(status == ZTA_OK || status == ZTA_EXISTS);
    world_helper_end(node, change);
}

struct lifting {
    struct zta_change *change;
    unsigned number;
};

static bool lift_one(void *context, const struct zta_attestation *attestation, bool is_released)
{
    const struct lifting *lifting = context;
    if (attestation->what == thing(lifting->number).what) {
        assert_int_equal(zta_attestation_release(lifting->change, attestation, 1), ZTA_OK);
    }
    return true;
}

/* As an operator does. */
static void lift(struct world_node *node, unsigned number)
{
    struct lifting lifting = {.change = world_begin(node), .number = number};
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_attestation_each(view, lift_one, &lifting), ZTA_OK);
    zta_view_end(&view);
    world_commit(lifting.change);
}

/* What a request is judged by; nothing is as harmless as low. */
static unsigned level_at(struct world_node *node, unsigned number, int64_t time_s)
{
    const struct zta_attestation asked = thing(number);
    struct zta_attestation found = {.level = 0};
    struct zta_view *view = world_look(node);
    const enum zta_status status =
        zta_attestation_get(view, asked.what, asked.issuer, asked.name, time_s, &found);
    assert_true(status == ZTA_OK || status == ZTA_NOT_FOUND);
    zta_view_end(&view);
    return found.level < ZTA_ATTESTATION_HARMLESS ? ZTA_ATTESTATION_HARMLESS : found.level;
}

static void change_something(struct world_node *node, uint64_t *random)
{
    const unsigned number = (unsigned)(scratch_random(random) % N_THINGS);
    if (scratch_random(random) % 5 == 0) {
        lift(node, number);
        return;
    }
    tell(node, number, (uint8_t)(1 + scratch_random(random) % (number == 0 ? 2 : 3)));
}

static void whatever_the_order_attestations_end_up_alike(void **state)
{
    struct world *world = *state;
    uint64_t random = 20261123;
    for (int round = 0; round < ROUNDS; round++) {
        world_disorder(world, N_CHANGES, change_something, &random);
        for (unsigned number = 0; number < N_THINGS; number++) {
            const unsigned level = level_at(&world->nodes[0], number, now_s());
            for (size_t i = 1; i < WORLD_NODES; i++) {
                assert_int_equal(level_at(&world->nodes[i], number, now_s()), level);
            }
        }
    }
    for (size_t i = 0; i < WORLD_NODES; i++) {
        struct zta_error error = {.status = ZTA_OK};
        assert_int_equal(zta_store_check(world->nodes[i].scratch.dir, true, &error), ZTA_OK);
    }
}

static void who_was_told_takes_back_what_he_said_and_nothing_else(void **state)
{
    struct world *world = *state;
    struct world_node *nodes = world->nodes;
    const size_t before = world->stream.n;
    /* That something complies is nothing to be said. */
    tell(&nodes[0], 0, ZTA_NOTICE_COMPLIANT);
    world_say_all(world, &nodes[0]);
    assert_int_equal(world->stream.n, before);
    tell(&nodes[0], 0, ZTA_NOTICE_NOT_COMPLIANT);
    tell(&nodes[1], 0, ZTA_NOTICE_NOT_COMPLIANT);
    world_say_all(world, &nodes[0]);
    world_say_all(world, &nodes[1]);
    world_hear_all(world);
    assert_int_equal(world->stream.n, before + 2);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        assert_int_equal(level_at(&nodes[i], 0, now_s()), ZTA_NOTICE_NOT_COMPLIANT);
    }
    tell(&nodes[0], 0, ZTA_NOTICE_COMPLIANT);
    world_say_all(world, &nodes[0]);
    world_hear_all(world);
    /* The second one was told itself, and that holds at all. */
    for (size_t i = 0; i < WORLD_NODES; i++) {
        assert_int_equal(level_at(&nodes[i], 0, now_s()), ZTA_NOTICE_NOT_COMPLIANT);
    }
    /* What its operator lifts there is lifted at all. */
    lift(&nodes[1], 0);
    world_say_all(world, &nodes[1]);
    world_hear_all(world);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        assert_int_equal(level_at(&nodes[i], 0, now_s()), ZTA_NOTICE_COMPLIANT);
    }
    /* Nobody says again what he heard. */
    const size_t said = world->stream.n;
    for (size_t i = 0; i < WORLD_NODES; i++) {
        world_say_all(world, &nodes[i]);
    }
    assert_int_equal(world->stream.n, said);
}

static void it_ends_in_a_day_unless_it_is_said_again(void **state)
{
    struct world *world = *state;
    struct world_node *nodes = world->nodes;
    uint64_t n = 0;
    tell(&nodes[0], 0, ZTA_NOTICE_NOT_COMPLIANT);
    tell(&nodes[0], 1, ZTA_NOTICE_RISK_LOW);
    world_say_all(world, &nodes[0]);
    world_hear_all(world);
    assert_int_equal(level_at(&nodes[1], 0, now_s() + ZTA_FLEET_ATTESTATION_S - 60),
                     ZTA_NOTICE_NOT_COMPLIANT);
    assert_int_equal(level_at(&nodes[1], 0, now_s() + ZTA_FLEET_ATTESTATION_S + 1),
                     ZTA_NOTICE_COMPLIANT);
    assert_int_equal(level_at(&nodes[0], 0, now_s() + 100 * ZTA_FLEET_ATTESTATION_S),
                     ZTA_NOTICE_NOT_COMPLIANT);
    /* What stands there and restricts is all that there is to say again. */
    const size_t said = world->stream.n;
    struct zta_change *change = world_helper_begin(&nodes[0]);
    struct zta_view *view = world_look(&nodes[0]);
    assert_int_equal(zta_fleet_attestations_note(view, change, now_s(), &n), ZTA_OK);
    zta_view_end(&view);
    world_helper_end(&nodes[0], change);
    assert_int_equal(n, 1);
    world_say_all(world, &nodes[0]);
    assert_int_equal(world->stream.n, said + 1);
    assert_int_equal(world_take(&nodes[1], world_item(&world->stream, said)), ZTA_FLEET_TAKEN);
}

/* Who says first that all is well, and then that it is not, gets not around the bound. */
static void attestations_are_within_the_bound(void **state)
{
    struct world *world = *state;
    struct world_node *first = &world->nodes[0];
    struct world_node *node = &world->nodes[1];
    size_t said;
    uint64_t n = 0;
    node->budget = 2; /* for one */
    tell(first, 1, ZTA_NOTICE_RISK_MEDIUM);
    said = world_say_one(world, first);
    assert_int_equal(world_take(node, world_item(&world->stream, said)), ZTA_FLEET_TAKEN);
    tell(first, 1, ZTA_NOTICE_RISK_HIGH);
    said = world_say_one(world, first);
    assert_int_equal(world_take(node, world_item(&world->stream, said)), ZTA_FLEET_TAKEN);
    tell(first, 1, ZTA_NOTICE_RISK_LOW);
    said = world_say_one(world, first);
    assert_int_equal(world_take(node, world_item(&world->stream, said)), ZTA_FLEET_TAKEN);
    assert_int_equal(level_at(node, 1, now_s()), ZTA_NOTICE_RISK_LOW);
    tell(first, 1, ZTA_NOTICE_RISK_HIGH);
    said = world_say_one(world, first);
    assert_int_equal(world_take(node, world_item(&world->stream, said)), ZTA_FLEET_HELD);
    assert_int_equal(level_at(node, 1, now_s()), ZTA_NOTICE_RISK_LOW);
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_fleet_count_held(view, now_s(), &n), ZTA_OK);
    assert_int_equal(n, 1);
    assert_int_equal(zta_fleet_count_held(view, now_s() + 2 * ZTA_FLEET_ATTESTATION_S, &n), ZTA_OK);
    assert_int_equal(n, 0);
    zta_view_end(&view);
}

/* What a node can make up by its own key. */
struct forgery {
    struct zta_attestation attestation;
    struct zta_attestation named; /* that its key is of */
    const uint8_t *origin;        /* that its key is of */
    bool is_gone;
    size_t cut;
};

static enum zta_fleet_outcome hear_forgery(struct world_node *by, struct world_node *node,
                                           const struct forgery *forgery)
{
    static uint8_t bytes[ZTA_STATEMENT_MAX];
    uint8_t key[ZTA_ORIGIN_SIZE + ZTA_SIGNAL_KEY_BYTES];
    uint8_t value[ZTA_ATTESTATION_RECORD_MAX];
    struct zta_writer writer;
    size_t size = 0;
    const struct zta_signal_key name =
        zta_attestation_key(forgery->named.what, forgery->named.issuer, forgery->named.name);
    memcpy(key, forgery->origin, ZTA_ORIGIN_SIZE);
    memcpy(key + ZTA_ORIGIN_SIZE, name.bytes, sizeof name.bytes);
    zta_writer_init(&writer, value, sizeof value);
    zta_attestation_encode(&forgery->attestation, &writer);
    struct zta_statement statement = {
        .topic = ZTA_FLEET_ATTESTATION,
        .is_gone = forgery->is_gone,
        .version_ns = zta_clock_real_ns(),
        .key = {.data = (const char *)key, .len = sizeof key},
        .value = {.data = (const char *)value,
                  .len = forgery->is_gone ? 0 : writer.len - forgery->cut},
    };
    memcpy(statement.origin, by->fleet.origin, sizeof statement.origin);
    assert_int_equal(
        zta_statement_seal(&statement, zta_text_of(by->fleet.name), by->key, bytes, &size), ZTA_OK);
    return world_take(node, (struct zta_text){.data = (const char *)bytes, .len = size});
}

static void who_has_a_nodes_key_grants_nothing_by_it(void **state)
{
    struct world *world = *state;
    struct world_node *by = &world->nodes[0];
    struct world_node *node = &world->nodes[1];
    struct forgery good = {.attestation = thing(0), .origin = by->fleet.origin};
    struct forgery bad[10];
    tell(node, 0, ZTA_NOTICE_NOT_COMPLIANT);
    good.attestation.level = ZTA_NOTICE_NOT_COMPLIANT;
    good.attestation.ends_s = now_s() + ZTA_FLEET_ATTESTATION_S - 1;
    good.named = good.attestation;
    for (size_t i = 0; i < 10; i++) {
        bad[i] = good;
    }
    bad[0].attestation.level = 0;
    bad[1].attestation.level = ZTA_NOTICE_NOT_COMPLIANT + 1;
    bad[2].attestation.ends_s = 0;
    bad[3].attestation.ends_s += 3600;
    bad[4].attestation.ends_s = INT64_MAX;
    bad[5].attestation.received_ns += 3600 * ZTA_NS_PER_S;
    bad[6].named.name = ZTA_TEXT("another");
    bad[7].origin = node->fleet.origin;
    bad[8].is_gone = true;
    bad[9].cut = 1;
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(hear_forgery(by, node, &bad[i]), ZTA_FLEET_MALFORMED);
    }
    assert_int_equal(hear_forgery(by, node, &good), ZTA_FLEET_TAKEN);
    assert_int_equal(level_at(&world->nodes[2], 0, now_s()), ZTA_NOTICE_COMPLIANT);
    /* That it complies takes nothing of what the node was told itself, either. */
    good.attestation.level = ZTA_NOTICE_COMPLIANT;
    assert_int_equal(hear_forgery(by, node, &good), ZTA_FLEET_TAKEN);
    assert_int_equal(level_at(node, 0, now_s()), ZTA_NOTICE_NOT_COMPLIANT);
}

/* Who broke into httpd writes what he likes into state/, and notes it. */
static void what_httpds_user_wrote_is_told_where_it_restricts(void **state)
{
    struct world *world = *state;
    struct world_node *node = &world->nodes[0];
    const size_t before = world->stream.n;
    static const uint8_t nonsense[] = {1, 2, 3};
    const struct zta_attestation laptop = thing(0);
    const struct zta_signal_key key = zta_attestation_key(laptop.what, laptop.issuer, laptop.name);
    tell(&world->nodes[1], 0, ZTA_NOTICE_NOT_COMPLIANT);
    world_say_all(world, &world->nodes[1]);
    world_hear_all(world);
    const size_t said = world->stream.n;
    struct zta_change *change = world_helper_begin(node);
    assert_int_equal(zta_change_put(change, ZTA_TABLE_ATTESTATIONS, zta_signal_key_blob(&key),
                                    ZTA_BLOB(nonsense, sizeof nonsense)),
                     ZTA_OK);
    zta_outbox_touch_topic(change, ZTA_FLEET_ATTESTATION, zta_signal_key_blob(&key), false);
    world_helper_end(node, change);
    world_say_all(world, node);
    tell(node, 0, ZTA_NOTICE_COMPLIANT);
    change = world_helper_begin(node);
    zta_outbox_touch_topic(change, ZTA_FLEET_ATTESTATION, zta_signal_key_blob(&key), true);
    world_helper_end(node, change);
    world_say_all(world, node);
    assert_int_equal(world->stream.n, said);
    assert_int_equal(said, before + 1);
    assert_int_equal(level_at(&world->nodes[2], 0, now_s()), ZTA_NOTICE_NOT_COMPLIANT);
}

#define IN_A_FLEET(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FLEET(whatever_the_order_attestations_end_up_alike),
        IN_A_FLEET(who_was_told_takes_back_what_he_said_and_nothing_else),
        IN_A_FLEET(it_ends_in_a_day_unless_it_is_said_again),
        IN_A_FLEET(attestations_are_within_the_bound),
        IN_A_FLEET(who_has_a_nodes_key_grants_nothing_by_it),
        IN_A_FLEET(what_httpds_user_wrote_is_told_where_it_restricts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
