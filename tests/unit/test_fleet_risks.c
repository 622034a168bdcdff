/* SPDX-License-Identifier: Apache-2.0 */
/* Risk in a fleet: what one node raised adds to what the others know, whatever the order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin-tui/console/model_priv.h"
#include "admin-tui/console/page.h"
#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/store/fleet_held.h"
#include "shared/store/fleet_risks.h"
#include "shared/store/risks_priv.h"
#include "shared/store/schema_risk.h"
#include "tests/unit/fleet_world.h"

#define N_OWNERS  4
#define N_CHANGES 12
#define ROUNDS    25

static int64_t now_s(void)
{
    return zta_clock_real_ns() / ZTA_NS_PER_S;
}

static struct zta_risk_owner owner_of(unsigned number)
{
    uint8_t id[ZTA_SESSION_ID_SIZE] = {(uint8_t)number, 7};
    struct zta_addr addr;
    if (number == 0) {
        assert_int_equal(zta_addr_parse(ZTA_TEXT("192.0.2.7"), &addr), ZTA_OK);
        return zta_risk_owner_address(&addr);
    }
    return zta_risk_owner_session(id);
}

static struct zta_risk_factor factor_of(enum zta_risk_signal signal, uint8_t weight, int64_t age_s)
{
    struct zta_risk_factor factor = {
        .signal = signal,
        .weight = weight,
        .half_life_s = 3600,
        .raised_s = now_s() - age_s,
        .n_raised = 1,
    };
    zta_risk_evidence_set(&factor, ZTA_TEXT("seen"));
    return factor;
}

static struct zta_store *open_helper(struct world_node *node)
{
    struct zta_store *helper = NULL;
    zta_store_close(&node->scratch.store);
    assert_int_equal(zta_store_open(node->scratch.dir, ZTA_STORE_HELPER, 0, &helper, NULL), ZTA_OK);
    assert_int_equal(zta_store_complete(helper, NULL), ZTA_OK);
    return helper;
}

static void close_helper(struct world_node *node, struct zta_store *helper)
{
    zta_store_close(&helper);
    assert_int_equal(
        zta_store_open(node->scratch.dir, ZTA_STORE_OPERATOR, 0, &node->scratch.store, NULL),
        ZTA_OK);
}

/* As the helper does: in state/, where the node's agent finds it. */
static void raise_risk(struct world_node *node, const struct zta_risk_owner *owner,
                       const struct zta_risk_factor *factor)
{
    struct zta_store *helper = open_helper(node);
    struct zta_change *change = NULL;
    struct zta_risk_record record;
    memset(&record, 0, sizeof record);
    assert_int_equal(zta_change_begin(helper, "test", &change, NULL), ZTA_OK);
    const enum zta_status status = zta_risks_load(change, owner, &record);
    assert_true(status == ZTA_OK || status == ZTA_NOT_FOUND);
    record.last_s = factor->raised_s;
    (void)zta_risk_put(&record.risk, factor);
    assert_int_equal(zta_risks_put(change, owner, &record), ZTA_OK);
    zta_fleet_risk_note(change, owner);
    world_commit(change);
    close_helper(node, helper);
}

static unsigned score_at(struct world_node *node, const struct zta_risk_owner *owner,
                         int64_t time_s)
{
    struct zta_risk_record own;
    struct zta_risk_others others;
    struct zta_view *view = world_look(node);
    memset(&own, 0, sizeof own);
    enum zta_status status = zta_risks_get(view, owner, &own);
    assert_true(status == ZTA_OK || status == ZTA_NOT_FOUND);
    status = zta_fleet_risks_find(view, owner, time_s, &others);
    assert_true(status == ZTA_OK || status == ZTA_NOT_FOUND);
    zta_view_end(&view);
    zta_risk_join(&own.risk, &others.risk, time_s);
    return zta_risk_score(&own.risk, time_s);
}

static void change_something(struct world_node *node, uint64_t *random)
{
    static const enum zta_risk_signal signals[] = {ZTA_RISK_HONEYPOT, ZTA_RISK_TOKEN_REPLAY,
                                                   ZTA_RISK_WAF};
    const struct zta_risk_owner owner = owner_of((unsigned)(scratch_random(random) % N_OWNERS));
    const struct zta_risk_factor factor =
        factor_of(signals[scratch_random(random) % 3],
                  (uint8_t)(ZTA_FLEET_RISK_LEAST + scratch_random(random) % 70),
                  (int64_t)(scratch_random(random) % 7200));
    raise_risk(node, &owner, &factor);
}

static void whatever_the_order_risk_ends_up_alike(void **state)
{
    struct world *world = *state;
    uint64_t random = 20261123;
    for (int round = 0; round < ROUNDS; round++) {
        world_disorder(world, N_CHANGES, change_something, &random);
        const int64_t then_s = now_s();
        for (unsigned number = 0; number < N_OWNERS; number++) {
            const struct zta_risk_owner owner = owner_of(number);
            const unsigned score = score_at(&world->nodes[0], &owner, then_s);
            for (size_t i = 1; i < WORLD_NODES; i++) {
                assert_int_equal(score_at(&world->nodes[i], &owner, then_s), score);
            }
        }
    }
    for (size_t i = 0; i < WORLD_NODES; i++) {
        struct zta_error error = {.status = ZTA_OK};
        assert_int_equal(zta_store_check(world->nodes[i].scratch.dir, true, &error), ZTA_OK);
    }
}

static void what_matters_is_told_once_and_decays_at_all(void **state)
{
    struct world *world = *state;
    const size_t before = world->stream.n;
    const struct zta_risk_owner owner = owner_of(1);
    const struct zta_risk_factor little = factor_of(ZTA_RISK_NEW_NETWORK, 24, 0);
    const struct zta_risk_factor much = factor_of(ZTA_RISK_HONEYPOT, 80, 0);
    raise_risk(&world->nodes[0], &owner, &little);
    world_say_all(world, &world->nodes[0]);
    assert_int_equal(world->stream.n, before);
    raise_risk(&world->nodes[0], &owner, &much);
    world_say_all(world, &world->nodes[0]);
    world_say_all(world, &world->nodes[0]);
    assert_int_equal(world->stream.n, before + 1);
    world_hear_all(world);
    world_hear_all(world);
    for (size_t i = 1; i < WORLD_NODES; i++) {
        assert_int_equal(score_at(&world->nodes[i], &owner, much.raised_s), 80);
        assert_int_equal(score_at(&world->nodes[i], &owner, much.raised_s + 3600), 40);
        assert_int_equal(score_at(&world->nodes[i], &owner, much.raised_s + 100 * 3600), 0);
        /* Nobody says again what he heard. */
        world_say_all(world, &world->nodes[i]);
    }
    assert_int_equal(world->stream.n, before + 1);
}

/* The console's page of a session at another node. */
static void the_console_names_who_raised_it(void **state)
{
    static struct tui_page page;
    struct world *world = *state;
    const struct zta_risk_owner owner = owner_of(1);
    const struct zta_risk_factor factor = factor_of(ZTA_RISK_HONEYPOT, 80, 0);
    raise_risk(&world->nodes[0], &owner, &factor);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    tui_page_open(&page, "test");
    struct zta_view *view = world_look(&world->nodes[1]);
    assert_int_equal(tui_model_put_risk(view, owner.session, factor.raised_s, &page), ZTA_OK);
    zta_view_end(&view);
    assert_non_null(strstr(page.text, "80 of 100\n"));
    assert_non_null(strstr(page.text, "honeypot of 80"));
    assert_non_null(strstr(page.text, ": seen, by node proxy-0"));
}

static unsigned place_of(const struct zta_risk_owner *owner)
{
    static const struct zta_siphash_key none = {.k0 = 0};
    struct zta_record_key key;
    assert_true(zta_risk_key_make(owner, &key));
    return (unsigned)(zta_siphash(&none, key.bytes, key.size) % ZTA_FLEET_RISK_SLOTS);
}

/* Another session that has the same place. */
static struct zta_risk_owner neighbour_of(const struct zta_risk_owner *owner)
{
    struct zta_risk_owner other = *owner;
    const unsigned wanted = place_of(owner);
    uint32_t i = 1;
    do {
        zta_put_u32(other.session + 4, i++);
    } while (place_of(&other) != wanted);
    return other;
}

/* Two owners of one place: the one with the higher score stands there, at all. */
static void of_two_in_one_place_the_riskier_is_told(void **state)
{
    struct world *world = *state;
    const size_t before = world->stream.n;
    const struct zta_risk_owner first = owner_of(1);
    const struct zta_risk_owner other = neighbour_of(&first);
    const struct zta_risk_factor low = factor_of(ZTA_RISK_WAF, 40, 0);
    const struct zta_risk_factor middle = factor_of(ZTA_RISK_WAF, 50, 0);
    const struct zta_risk_factor high = factor_of(ZTA_RISK_WAF, 90, 0);
    raise_risk(&world->nodes[0], &first, &middle);
    world_say_all(world, &world->nodes[0]);
    raise_risk(&world->nodes[0], &other, &low);
    world_say_all(world, &world->nodes[0]);
    assert_int_equal(world->stream.n, before + 1);
    raise_risk(&world->nodes[0], &other, &high);
    world_say_all(world, &world->nodes[0]);
    assert_int_equal(world->stream.n, before + 2);
    /* Another node has its own places. */
    raise_risk(&world->nodes[1], &first, &low);
    world_say_all(world, &world->nodes[1]);
    world_hear_all(world);
    assert_int_equal(score_at(&world->nodes[2], &other, high.raised_s), 90);
    assert_int_equal(score_at(&world->nodes[2], &first, high.raised_s), 40);
}

/* Whom a place is about anew is somebody else, for whom the bound is asked anew. */
static void a_place_is_no_way_around_the_bound(void **state)
{
    struct world *world = *state;
    struct world_node *node = &world->nodes[1];
    const size_t before = world->stream.n;
    const struct zta_risk_owner owner = owner_of(1);
    const struct zta_risk_owner other = neighbour_of(&owner);
    const struct zta_risk_factor some = factor_of(ZTA_RISK_HONEYPOT, 40, 0);
    const struct zta_risk_factor more = factor_of(ZTA_RISK_HONEYPOT, 60, 0);
    const struct zta_risk_factor most = factor_of(ZTA_RISK_HONEYPOT, 80, 0);
    uint64_t n = 0;
    raise_risk(&world->nodes[0], &owner, &some);
    world_say_all(world, &world->nodes[0]);
    raise_risk(&world->nodes[0], &owner, &more);
    world_say_all(world, &world->nodes[0]);
    raise_risk(&world->nodes[0], &other, &most);
    world_say_all(world, &world->nodes[0]);
    node->budget = 2; /* for one */
    assert_int_equal(world_take(node, world_item(&world->stream, before)), ZTA_FLEET_TAKEN);
    assert_int_equal(world_take(node, world_item(&world->stream, before + 1)), ZTA_FLEET_TAKEN);
    assert_int_equal(world_take(node, world_item(&world->stream, before + 2)), ZTA_FLEET_HELD);
    assert_int_equal(score_at(node, &owner, more.raised_s), 0);
    assert_int_equal(score_at(node, &other, most.raised_s), 0);
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_fleet_count_held(view, most.raised_s, &n), ZTA_OK);
    assert_int_equal(n, 1);
    /* Nobody needs to decide on what has ended. */
    assert_int_equal(zta_fleet_count_held(view, most.raised_s + 100 * 3600, &n), ZTA_OK);
    assert_int_equal(n, 0);
    zta_view_end(&view);
}

/* What a node can make up about risk of that owner, by its own key. */
struct forgery {
    struct zta_risk_owner owner;
    struct zta_risk_record record;
    uint8_t key[ZTA_ORIGIN_SIZE + 3];
    size_t key_size;
    bool is_gone;
    bool is_cut;
};

static void forgery_init(const struct world_node *node, struct forgery *forgery)
{
    memset(forgery, 0, sizeof *forgery);
    forgery->owner = owner_of(1);
    forgery->record.risk.n = 1;
    forgery->record.risk.factors[0] = factor_of(ZTA_RISK_HONEYPOT, 80, 0);
    memcpy(forgery->key, node->fleet.origin, ZTA_ORIGIN_SIZE);
    forgery->key[ZTA_ORIGIN_SIZE] = ZTA_RISK_OF_SESSION;
    zta_put_u16(forgery->key + ZTA_ORIGIN_SIZE + 1, (uint16_t)place_of(&forgery->owner));
    forgery->key_size = sizeof forgery->key;
}

static enum zta_fleet_outcome hear_forgery(struct world_node *by, struct world_node *node,
                                           const struct forgery *forgery)
{
    uint8_t record[ZTA_RISK_RECORD_MAX];
    uint8_t value[4096];
    static uint8_t bytes[ZTA_STATEMENT_MAX];
    struct zta_record_key key;
    struct zta_writer writer;
    size_t size = 0;
    assert_true(zta_risk_key_make(&forgery->owner, &key));
    const size_t n = zta_risk_record_encode(&forgery->record, record, sizeof record);
    zta_writer_init(&writer, value, sizeof value);
    zta_write_text(&writer, (struct zta_text){.data = (const char *)key.bytes, .len = key.size});
    zta_write_text(&writer, (struct zta_text){.data = (const char *)record, .len = n});
    struct zta_statement statement = {
        .topic = ZTA_FLEET_RISK,
        .is_gone = forgery->is_gone,
        .version_ns = zta_clock_real_ns(),
        .key = {.data = (const char *)forgery->key, .len = forgery->key_size},
        .value = {.data = (const char *)value, .len = writer.len - (forgery->is_cut ? 1 : 0)},
    };
    if (forgery->is_gone) {
        statement.value.len = 0;
    }
    memcpy(statement.origin, by->fleet.origin, sizeof statement.origin);
    assert_int_equal(
        zta_statement_seal(&statement, zta_text_of(by->fleet.name), by->key, bytes, &size), ZTA_OK);
    return world_take(node, (struct zta_text){.data = (const char *)bytes, .len = size});
}

/* Neither less risk, nor anything but risk that ends, nor risk for ever. */
static void who_has_a_nodes_key_grants_nothing_by_risk(void **state)
{
    struct world *world = *state;
    struct world_node *by = &world->nodes[0];
    struct world_node *node = &world->nodes[1];
    const struct zta_risk_owner owner = owner_of(1);
    const struct zta_risk_owner other = owner_of(2);
    const struct zta_risk_factor own = factor_of(ZTA_RISK_HONEYPOT, 60, 0);
    struct forgery good;
    struct forgery bad[12];
    struct zta_risk_factor *factors[12];
    raise_risk(node, &owner, &own);
    forgery_init(by, &good);
    for (size_t i = 0; i < 12; i++) {
        bad[i] = good;
        factors[i] = &bad[i].record.risk.factors[0];
    }
    factors[0]->weight = 0;
    factors[1]->weight = (uint8_t)-5;
    factors[2]->weight = ZTA_FLEET_RISK_LEAST - 1;
    factors[3]->half_life_s = 0;
    factors[4]->half_life_s = ZTA_FLEET_RISK_HALF_LIFE_S + 1;
    factors[5]->raised_s += 3600;
    factors[6]->ends_s = INT64_MAX;
    bad[7].is_gone = true;
    bad[8].record.last_s = 1;
    bad[9].owner = other;
    bad[10].is_cut = true;
    memcpy(bad[11].key, node->fleet.origin, ZTA_ORIGIN_SIZE);
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(hear_forgery(by, node, &bad[i]), ZTA_FLEET_MALFORMED);
    }
    assert_int_equal(score_at(node, &owner, own.raised_s), 60);
    /* What is sound and soon worth nothing takes nothing away from what is known here. */
    good.record.risk.factors[0].weight = 100;
    good.record.risk.factors[0].half_life_s = 1;
    assert_int_equal(hear_forgery(by, node, &good), ZTA_FLEET_TAKEN);
    assert_int_equal(score_at(node, &owner, own.raised_s + 3600), 30);
    assert_int_equal(hear_forgery(&world->nodes[2], node, &good), ZTA_FLEET_MALFORMED);
}

#define IN_A_FLEET(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FLEET(whatever_the_order_risk_ends_up_alike),
        IN_A_FLEET(what_matters_is_told_once_and_decays_at_all),
        IN_A_FLEET(the_console_names_who_raised_it),
        IN_A_FLEET(of_two_in_one_place_the_riskier_is_told),
        IN_A_FLEET(a_place_is_no_way_around_the_bound),
        IN_A_FLEET(who_has_a_nodes_key_grants_nothing_by_risk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
