/* SPDX-License-Identifier: Apache-2.0 */
/* What is held above the bound: what of it waits for an operator, and what comes of his word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/store/blocks.h"
#include "shared/store/fleet_held.h"
#include "shared/store/measures.h"
#include "shared/store/revocations.h"
#include "tests/unit/fleet_world.h"

static int64_t now_s(void)
{
    return zta_clock_real_ns() / ZTA_NS_PER_S;
}

static struct zta_block block_of(unsigned number, int64_t until_s)
{
    return (struct zta_block){
        .kind = ZTA_BLOCK_NETWORK,
        .network = {.addr = {.family = 4, .bytes = {203, 0, 113, (uint8_t)number}}, .prefix = 32},
        .until_s = until_s,
        .created_ns = zta_clock_real_ns(),
        .reason = ZTA_TEXT("scan"),
        .author = ZTA_TEXT("ann"),
    };
}

static void block(struct world_node *node, unsigned number, int64_t until_s)
{
    const struct zta_block record = block_of(number, until_s);
    struct zta_change *change = world_begin(node);
    assert_int_equal(zta_block_put(change, &record), ZTA_OK);
    world_commit(change);
}

static void unblock(struct world_node *node, unsigned number)
{
    const struct zta_block record = block_of(number, 0);
    struct zta_change *change = world_begin(node);
    assert_int_equal(zta_block_remove(change, &record), ZTA_OK);
    world_commit(change);
}

static bool is_blocked(struct world_node *node, unsigned number)
{
    const struct zta_block record = block_of(number, 0);
    struct zta_view *view = world_look(node);
    bool is_so = false;
    assert_int_equal(zta_block_find_addr(view, &record.network.addr, now_s(), &is_so), ZTA_OK);
    zta_view_end(&view);
    return is_so;
}

struct found {
    struct zta_fleet_held last; /* without texts */
    unsigned n;
    unsigned n_waiting;
};

static bool note_held(void *context, const struct zta_fleet_held *held)
{
    struct found *found = context;
    found->last = *held;
    found->n++;
    found->n_waiting += zta_fleet_held_waits(held, now_s());
    return true;
}

static struct found look(struct world_node *node)
{
    struct found found = {.n = 0};
    uint64_t n = 0;
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_fleet_each_held(view, note_held, &found), ZTA_OK);
    assert_int_equal(zta_fleet_count_held(view, now_s(), &n), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(n, found.n_waiting);
    return found;
}

/* The last node, which may only restrict, blocks an address; the first two hold that back. */
static void hold_block(struct world *world, unsigned number, int64_t until_s)
{
    struct world_node *restricting = &world->nodes[WORLD_NODES - 1];
    block(restricting, number, until_s);
    const size_t said = world_say_one(world, restricting);
    for (size_t i = 0; i < WORLD_NODES - 1; i++) {
        world->nodes[i].budget = 0;
        assert_int_equal(world_take(&world->nodes[i], world_item(&world->stream, said)),
                         ZTA_FLEET_HELD);
        assert_false(is_blocked(&world->nodes[i], number));
    }
}

static enum zta_status apply(struct world_node *node, const struct zta_fleet_held *held,
                             bool is_said)
{
    struct zta_change *change = world_begin(node);
    const enum zta_status status = zta_fleet_apply_held(change, held, is_said);
    world_commit(change);
    return status;
}

static void what_an_operator_applies_holds_here_or_where_he_says_it(void **state)
{
    struct world *world = *state;
    struct world_node *first = &world->nodes[0];
    struct world_node *second = &world->nodes[1];
    hold_block(world, 1, now_s() + 600);
    hold_block(world, 2, now_s() + 600);
    struct found found = look(first);
    assert_int_equal(found.n_waiting, 2);
    /* The same at all nodes. */
    assert_memory_equal(found.last.id, look(second).last.id, sizeof found.last.id);

    /* In this store alone. */
    assert_int_equal(apply(first, &found.last, false), ZTA_OK);
    world_say_all(world, first);
    world_hear_all(world);
    assert_int_equal(look(first).n_waiting, 1);
    assert_int_equal(is_blocked(first, 1) + is_blocked(first, 2), 1);
    assert_int_equal(look(second).n_waiting, 2);
    assert_int_equal(is_blocked(second, 1) + is_blocked(second, 2), 0);

    /* As this node's own: the others need not decide any more. */
    found = look(first);
    assert_int_equal(apply(first, &found.last, true), ZTA_OK);
    world_say_all(world, first);
    world_hear_all(world);
    assert_int_equal(look(first).n, 0);
    assert_int_equal(look(second).n, 2);
    assert_int_equal(look(second).n_waiting, 1);
    assert_int_equal(is_blocked(second, 1) + is_blocked(second, 2), 1);
}

static void what_was_released_since_or_holds_anyway_waits_for_nobody(void **state)
{
    struct world *world = *state;
    struct world_node *first = &world->nodes[0];
    struct world_node *second = &world->nodes[1];
    const int64_t until_s = now_s() + 600;
    hold_block(world, 1, until_s);
    /* Longer than what is held, then released: neither leaves anything to decide. */
    block(second, 1, until_s + 600);
    world_say_all(world, second);
    world_hear_all(world);
    assert_int_equal(look(first).n, 1);
    assert_int_equal(look(first).n_waiting, 0);
    unblock(second, 1);
    world_say_all(world, second);
    world_hear_all(world);
    assert_int_equal(look(first).n_waiting, 0);
    const struct found found = look(first);
    assert_int_equal(apply(first, &found.last, true), ZTA_OK);
    assert_false(is_blocked(first, 1));
    /* A shorter one leaves the longer to be decided about. */
    hold_block(world, 2, until_s);
    block(second, 2, until_s - 300);
    world_say_all(world, second);
    world_hear_all(world);
    assert_int_equal(look(first).n_waiting, 1);
    /* What has ended, too. */
    hold_block(world, 3, now_s() - 1);
    assert_int_equal(look(first).n_waiting, 1);
}

/* He decided about what he saw. */
static void a_later_statement_is_another_one(void **state)
{
    struct world *world = *state;
    struct world_node *first = &world->nodes[0];
    hold_block(world, 1, now_s() + 600);
    const struct found before = look(first);
    struct zta_change *change = world_begin(first);
    assert_int_equal(zta_fleet_drop_held(change, &before.last, now_s()), ZTA_OK);
    world_commit(change);
    assert_int_equal(look(first).n_waiting, 0);
    hold_block(world, 1, now_s() + 6000);
    const struct found after = look(first);
    assert_int_equal(after.n_waiting, 1);
    assert_memory_not_equal(after.last.id, before.last.id, sizeof after.last.id);
    assert_int_equal(apply(first, &before.last, true), ZTA_NOT_FOUND);
    change = world_begin(first);
    assert_int_equal(zta_fleet_drop_held(change, &before.last, now_s()), ZTA_NOT_FOUND);
    world_commit(change);
    assert_false(is_blocked(first, 1));
    assert_int_equal(apply(first, &after.last, false), ZTA_OK);
    assert_true(is_blocked(first, 1));
}

/* It took the place of what its origin had said, and nobody else says so. */
static void what_is_extended_and_held_ends_here(void **state)
{
    struct world *world = *state;
    struct world_node *first = &world->nodes[0];
    struct world_node *restricting = &world->nodes[WORLD_NODES - 1];
    block(restricting, 1, now_s() + 600);
    world_say_all(world, restricting);
    world_hear_all(world);
    assert_true(is_blocked(first, 1));
    first->is_never = true;
    block(restricting, 1, now_s() + 6000);
    world_say_all(world, restricting);
    world_hear_all(world);
    assert_false(is_blocked(first, 1));
    assert_true(is_blocked(&world->nodes[1], 1));
    assert_int_equal(look(first).n_waiting, 1);
}

static bool note_restriction(void *context, const struct zta_fleet_held *held)
{
    struct zta_restriction *found = context;
    assert_int_equal(zta_fleet_restriction(&held->statement, found), ZTA_OK);
    assert_true(zta_text_equal(found->by, ZTA_TEXT("ann")));
    assert_true(zta_text_equal(found->reason, ZTA_TEXT("scan")));
    switch (held->statement.topic) {
    case ZTA_FLEET_BLOCK:
        assert_int_equal(found->block.kind, ZTA_BLOCK_NETWORK);
        assert_int_equal(held->until_s, found->block.until_s);
        assert_int_equal(found->target.kind, ZTA_TARGET_NETWORK);
        break;
    case ZTA_FLEET_REVOCATION:
        assert_int_equal(held->until_s, 0);
        assert_int_equal(found->revocation.kind, ZTA_REVOKE_CLIENT);
        assert_true(zta_text_equal(found->revocation.client, ZTA_TEXT("app")));
        assert_int_equal(found->target.kind, ZTA_TARGET_CLIENT);
        break;
    case ZTA_FLEET_HOLD:
        assert_int_equal(found->measure.kind, ZTA_MEASURE_QUARANTINE);
        assert_int_equal(held->until_s, found->measure.until_s);
        assert_int_equal(found->target.kind, ZTA_TARGET_SUBJECT);
        break;
    default:
        fail();
    }
    return true;
}

static void it_is_told_what_each_would_do(void **state)
{
    struct world *world = *state;
    struct world_node *restricting = &world->nodes[WORLD_NODES - 1];
    const struct zta_revocation revocation = {.kind = ZTA_REVOKE_CLIENT,
                                              .issuer = ZTA_TEXT("corp"),
                                              .client = ZTA_TEXT("app"),
                                              .watermark_s = now_s(),
                                              .created_ns = zta_clock_real_ns(),
                                              .reason = ZTA_TEXT("scan"),
                                              .author = ZTA_TEXT("ann")};
    const struct zta_measure measure = {
        .kind = ZTA_MEASURE_QUARANTINE,
        .source = ZTA_MEASURE_OF_OPERATOR,
        .target = {.kind = ZTA_TARGET_SUBJECT, .issuer = ZTA_TEXT("corp"), .name = ZTA_TEXT("al")},
        .rule = ZTA_TEXT("ann"),
        .reason = ZTA_TEXT("scan"),
        .created_ns = zta_clock_real_ns(),
        .for_s = 600,
        .max_age_s = -1,
    };
    struct zta_measure_placed placed;
    struct zta_restriction found;
    hold_block(world, 1, now_s() + 600);
    struct zta_change *change = world_begin(restricting);
    assert_int_equal(zta_revocation_put(change, &revocation), ZTA_OK);
    assert_int_equal(zta_measure_put(change, &measure, &placed), ZTA_OK);
    world_commit(change);
    world_say_all(world, restricting);
    world_hear_all(world);
    assert_int_equal(look(&world->nodes[0]).n_waiting, 3);
    struct zta_view *view = world_look(&world->nodes[0]);
    assert_int_equal(zta_fleet_each_held(view, note_restriction, &found), ZTA_OK);
    zta_view_end(&view);
}

#define IN_A_FLEET(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FLEET(what_an_operator_applies_holds_here_or_where_he_says_it),
        IN_A_FLEET(what_was_released_since_or_holds_anyway_waits_for_nobody),
        IN_A_FLEET(a_later_statement_is_another_one),
        IN_A_FLEET(what_is_extended_and_held_ends_here),
        IN_A_FLEET(it_is_told_what_each_would_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
