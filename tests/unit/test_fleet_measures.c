/* SPDX-License-Identifier: Apache-2.0 */
/* Measures in a fleet: the one that ends last holds on all, and who lifts one lifts it on all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/store/fleet_priv.h"
#include "shared/store/measures.h"
#include "shared/store/measures_priv.h"
#include "shared/store/revocations.h"
#include "shared/store/schema_policy.h"
#include "shared/store/tables_priv.h"
#include "tests/unit/fleet_world.h"

#define N_SUBJECTS 3
#define N_CHANGES  12
#define ROUNDS     25
#define TEXT_MAX   4096

static const char *const subjects[N_SUBJECTS] = {"alice", "bob", "carol"};

static struct zta_measure measure_of(enum zta_measure_source source, unsigned subject,
                                     int64_t for_s)
{
    return (struct zta_measure){
        .kind = ZTA_MEASURE_QUARANTINE,
        .source = source,
        .target = {.kind = ZTA_TARGET_SUBJECT,
                   .issuer = ZTA_TEXT("corp"),
                   .name = zta_text_of(subjects[subject])},
        .rule = source == ZTA_MEASURE_OF_RULE ? ZTA_TEXT("stuffing") : ZTA_TEXT("ann"),
        .reason = ZTA_TEXT("test"),
        .created_ns = zta_clock_real_ns(),
        .for_s = for_s,
        .max_age_s = -1,
    };
}

/* As the helper makes it: in state/, where the node's agent finds it. */
static void automate(struct world_node *node, const struct zta_measure *measure)
{
    struct zta_store *helper = NULL;
    struct zta_change *change = NULL;
    struct zta_measure_placed placed;
    zta_store_close(&node->scratch.store);
    assert_int_equal(zta_store_open(node->scratch.dir, ZTA_STORE_HELPER, 0, &helper, NULL), ZTA_OK);
    assert_int_equal(zta_store_complete(helper, NULL), ZTA_OK);
    assert_int_equal(zta_change_begin(helper, "test", &change, NULL), ZTA_OK);
    assert_int_equal(zta_measure_put(change, measure, &placed), ZTA_OK);
    world_commit(change);
    zta_store_close(&helper);
    assert_int_equal(
        zta_store_open(node->scratch.dir, ZTA_STORE_OPERATOR, 0, &node->scratch.store, NULL),
        ZTA_OK);
}

struct found {
    struct zta_measure measure;
    char subject[16];
    unsigned n;
};

static bool note(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct found *found = context;
    if (!is_lifted && zta_text_equal(measure->target.name, zta_text_of(found->subject))) {
        found->n++;
        if (found->n == 1 || measure->until_s > found->measure.until_s) {
            found->measure = *measure;
        }
    }
    return true;
}

static struct found find(struct world_node *node, unsigned subject)
{
    struct found found = {.n = 0};
    (void)snprintf(found.subject, sizeof found.subject, "%s", subjects[subject]);
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_measure_each(view, note, &found), ZTA_OK);
    zta_view_end(&view);
    return found;
}

static void hold(struct world_node *node, unsigned subject, int64_t for_s)
{
    const struct zta_measure measure = measure_of(ZTA_MEASURE_OF_OPERATOR, subject, for_s);
    struct zta_measure_placed placed;
    struct zta_change *change = world_begin(node);
    assert_int_equal(zta_measure_put(change, &measure, &placed), ZTA_OK);
    world_commit(change);
}

/* As ztactl does: its own are removed, those of automation lifted. */
static void release(struct world_node *node, unsigned subject)
{
    const struct found found = find(node, subject);
    struct zta_measure measure = measure_of(found.measure.source, subject, found.measure.for_s);
    if (found.n == 0) {
        return;
    }
    measure.id = found.measure.id;
    measure.created_ns = found.measure.created_ns;
    measure.until_s = found.measure.until_s;
    struct zta_change *change = world_begin(node);
    assert_int_equal(measure.source == ZTA_MEASURE_OF_OPERATOR
                         ? zta_measure_remove(change, &measure)
                         : zta_measure_lift(change, &measure, 7),
                     ZTA_OK);
    world_commit(change);
}

static void change_something(struct world_node *node, uint64_t *random)
{
    const unsigned subject = (unsigned)(scratch_random(random) % N_SUBJECTS);
    const int64_t for_s = 600 + (int64_t)(scratch_random(random) % 1000);
    const struct zta_measure automatic = measure_of(ZTA_MEASURE_OF_RULE, subject, for_s);
    switch (scratch_random(random) % 4) {
    case 0:
    case 1:
        hold(node, subject, for_s);
        break;
    case 2:
        automate(node, &automatic);
        break;
    default:
        release(node, subject);
    }
}

static void tell_hold(void *context, const struct zta_measure *measure)
{
    int64_t *until_s = context;
    *until_s = measure->until_s > *until_s ? measure->until_s : *until_s;
}

/* Until when somebody is held, as a request finds it; 0: he is not. */
static int64_t held_until(struct world_node *node, unsigned subject)
{
    int64_t until_s = 0;
    struct zta_identity identity;
    zta_identity_init(&identity);
    identity.issuer = ZTA_TEXT("corp");
    identity.subject = zta_text_of(subjects[subject]);
    const struct zta_measure_question question = {.identity = &identity};
    struct zta_view *view = world_look(node);
    assert_int_equal(
        zta_measures_find(view, &question, zta_clock_real_ns() / ZTA_NS_PER_S, tell_hold, &until_s),
        ZTA_OK);
    zta_view_end(&view);
    return until_s;
}

static void assert_alike(struct world *world)
{
    for (unsigned subject = 0; subject < N_SUBJECTS; subject++) {
        for (size_t i = 1; i < WORLD_NODES; i++) {
            assert_int_equal(held_until(&world->nodes[i], subject),
                             held_until(&world->nodes[0], subject));
        }
    }
}

static void whatever_the_order_measures_end_up_alike(void **state)
{
    struct world *world = *state;
    uint64_t random = 20261123;
    for (int round = 0; round < ROUNDS; round++) {
        world_disorder(world, N_CHANGES, change_something, &random);
        assert_alike(world);
    }
    for (size_t i = 0; i < WORLD_NODES; i++) {
        struct zta_error error = {.status = ZTA_OK};
        assert_int_equal(zta_store_check(world->nodes[i].scratch.dir, true, &error), ZTA_OK);
    }
}

static void what_automation_holds_at_one_node_holds_at_all_until_it_is_lifted(void **state)
{
    struct world *world = *state;
    const struct zta_measure measure = measure_of(ZTA_MEASURE_OF_RULE, 0, 600);
    automate(&world->nodes[1], &measure);
    automate(&world->nodes[0], &measure);
    world_say_all(world, &world->nodes[0]);
    world_say_all(world, &world->nodes[1]);
    world_hear_all(world);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        assert_true(held_until(&world->nodes[i], 0) > 0);
    }
    /* Where automation is off, that of others holds nobody either. */
    int64_t until_s = 0;
    struct zta_identity identity;
    zta_identity_init(&identity);
    identity.issuer = ZTA_TEXT("corp");
    identity.subject = zta_text_of(subjects[0]);
    const struct zta_measure_question question = {.identity = &identity};
    struct zta_view *view = world_look(&world->nodes[2]);
    assert_int_equal(zta_measures_find_operators(view, &question, measure.created_ns / ZTA_NS_PER_S,
                                                 tell_hold, &until_s),
                     ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(until_s, 0);

    release(&world->nodes[0], 0);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        assert_int_equal(held_until(&world->nodes[i], 0), 0);
    }
}

/* Nobody's release: the longer hold of another node goes on. */
static void what_ended_by_itself_is_no_release(void **state)
{
    struct world *world = *state;
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    uint64_t n = 0;
    hold(&world->nodes[0], 0, 1);
    hold(&world->nodes[1], 0, 86400);
    struct zta_change *change = world_begin(&world->nodes[0]);
    assert_int_equal(zta_measures_prune_policy(change, now_s + 2, &n), ZTA_OK);
    world_commit(change);
    assert_int_equal(n, 1);
    world_say_all(world, &world->nodes[1]);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        assert_true(held_until(&world->nodes[i], 0) > now_s + 86000);
    }
}

static void put_note(struct zta_change *change, uint64_t number, enum zta_fleet_topic topic,
                     bool is_gone, struct zta_blob key)
{
    uint8_t place[8];
    uint8_t note[ZTA_OUTBOX_HEAD_SIZE + ZTA_STORE_KEY_MAX] = {(uint8_t)topic, is_gone};
    zta_put_u64(place, number);
    memcpy(note + ZTA_OUTBOX_HEAD_SIZE, key.data, key.size);
    assert_int_equal(zta_change_put(change, ZTA_TABLE_FLEET_NOTES, ZTA_BLOB(place, sizeof place),
                                    ZTA_BLOB(note, ZTA_OUTBOX_HEAD_SIZE + key.size)),
                     ZTA_OK);
}

/*
 * Who broke into httpd writes what he likes into state/: nothing of that but measures of automation
 * becomes a statement, no release among them.
 */
static void httpds_user_can_tell_a_fleet_nothing_that_grants(void **state)
{
    struct world *world = *state;
    struct world_node *node = &world->nodes[1];
    const struct zta_revocation revocation = {.kind = ZTA_REVOKE_SUBJECT,
                                              .issuer = ZTA_TEXT("corp"),
                                              .subject = ZTA_TEXT("alice"),
                                              .watermark_s = 2000,
                                              .reason = ZTA_TEXT("test"),
                                              .author = ZTA_TEXT("ann")};
    struct zta_change *change = world_begin(node);
    assert_int_equal(zta_revocation_put(change, &revocation), ZTA_OK);
    world_commit(change);
    hold(node, 1, 600);
    world_say_all(world, node);
    const size_t said = world->stream.n;

    struct zta_store *helper = NULL;
    zta_store_close(&node->scratch.store);
    assert_int_equal(zta_store_open(node->scratch.dir, ZTA_STORE_HELPER, 0, &helper, NULL), ZTA_OK);
    assert_int_equal(zta_store_complete(helper, NULL), ZTA_OK);
    assert_int_equal(zta_change_begin(helper, "test", &change, NULL), ZTA_OK);
    uint8_t hold_key[ZTA_MEASURE_TOLD_SIZE];
    const struct zta_measure held = measure_of(ZTA_MEASURE_OF_OPERATOR, 1, 600);
    zta_measure_told_key(&held, hold_key);
    const struct zta_blob key = ZTA_BLOB(hold_key, sizeof hold_key);
    uint64_t number = 1;
    for (int topic = 0; topic < 256; topic++) {
        put_note(change, number++, (enum zta_fleet_topic)topic, true, key);
        put_note(change, number++, (enum zta_fleet_topic)topic, false, key);
        put_note(change, number++, (enum zta_fleet_topic)topic, true, ZTA_BLOB("\2any", 4));
        put_note(change, number++, (enum zta_fleet_topic)topic, false, ZTA_BLOB("\2any", 4));
    }
    /* A measure that is none. */
    const struct zta_measure forged = measure_of(ZTA_MEASURE_OF_RULE, 2, 600);
    uint8_t forged_key[ZTA_MEASURE_TOLD_SIZE];
    zta_measure_told_key(&forged, forged_key);
    assert_int_equal(zta_change_put(change, ZTA_TABLE_MEASURES,
                                    ZTA_BLOB(forged_key, ZTA_MEASURE_KEY_SIZE),
                                    ZTA_BLOB("nonsense", 8)),
                     ZTA_OK);
    put_note(change, UINT64_MAX, ZTA_FLEET_MEASURE, false, ZTA_BLOB(forged_key, sizeof forged_key));
    world_commit(change);
    zta_store_close(&helper);
    assert_int_equal(
        zta_store_open(node->scratch.dir, ZTA_STORE_OPERATOR, 0, &node->scratch.store, NULL),
        ZTA_OK);
    world_say_all(world, node);
    world_say_all(world, node);
    assert_int_equal(world->stream.n, said);
}

#define IN_A_FLEET(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FLEET(whatever_the_order_measures_end_up_alike),
        IN_A_FLEET(what_automation_holds_at_one_node_holds_at_all_until_it_is_lifted),
        IN_A_FLEET(what_ended_by_itself_is_no_release),
        IN_A_FLEET(httpds_user_can_tell_a_fleet_nothing_that_grants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
