/* SPDX-License-Identifier: Apache-2.0 */
/* A trail that was set back is told by the nodes that heard its head, whatever came when. */
#include "shared/store/audit_heads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/store/audit.h"
#include "shared/store/tables_priv.h"
#include "tests/unit/fleet_world.h"

static void act(struct world_node *node, int n)
{
    struct zta_change *change = world_begin(node);
    for (int i = 0; i < n; i++) {
        struct zta_audit_entry entry = {.action = ZTA_TEXT("test"), .login = ZTA_TEXT("ann")};
        assert_int_equal(zta_audit_append(change, &entry), ZTA_OK);
    }
    world_commit(change);
}

static bool is_due(struct world_node *node)
{
    bool due = false;
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_audit_head_is_due(view, &due), ZTA_OK);
    zta_view_end(&view);
    return due;
}

static uint64_t entries_of(struct world_node *node)
{
    struct zta_sha256 head;
    struct zta_error error;
    uint64_t n = 0;
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_audit_verify(view, &n, &head, &error), ZTA_OK);
    zta_view_end(&view);
    return n;
}

/* As the agent does it. */
static void tell_head(struct world *world, struct world_node *node)
{
    assert_true(is_due(node));
    struct zta_change *change = world_begin(node);
    assert_int_equal(zta_audit_head_note(change), ZTA_OK);
    world_commit(change);
    (void)world_say_one(world, node);
    assert_false(is_due(node));
}

/* What a restored backup or somebody with the store's files makes of it. */
static void set_back(struct world_node *node, int n)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    struct zta_change *change = world_begin(node);
    assert_int_equal(zta_walk_change(change, ZTA_TABLE_AUDIT, &walk), ZTA_OK);
    for (int i = 0; i < n; i++) {
        assert_int_equal(zta_walk_last(&walk, &key, &value), ZTA_OK);
        assert_int_equal(zta_walk_remove(&walk), ZTA_OK);
    }
    zta_walk_end(&walk);
    world_commit(change);
}

struct found {
    const uint8_t *origin;
    struct zta_audit_heads heads;
    bool is_there;
};

static bool find(void *context, const struct zta_audit_heads *heads)
{
    struct found *found = context;
    if (memcmp(heads->origin, found->origin, sizeof heads->origin) == 0) {
        found->heads = *heads;
        found->is_there = true;
    }
    return true;
}

static struct zta_audit_heads heads_at(struct world_node *node, const struct world_node *of)
{
    struct found found = {.origin = of->fleet.origin};
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_audit_heads_each(view, find, &found), ZTA_OK);
    zta_view_end(&view);
    assert_true(found.is_there);
    return found.heads;
}

static void a_trail_that_goes_on_is_as_it_should_be(void **state)
{
    struct world *world = *state;
    struct world_node *node = &world->nodes[WORLD_NODES - 1]; /* one that may only restrict, too */
    uint64_t n_entries = entries_of(node);
    for (int i = 0; i < 20; i++) {
        act(node, i % 3 + 1);
        n_entries += (uint64_t)(i % 3 + 1);
        tell_head(world, node);
    }
    world_hear_all(world);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        const struct zta_audit_heads heads = heads_at(&world->nodes[i], node);
        assert_false(heads.is_rewound);
        assert_int_equal(zta_audit_heads_latest(&heads)->id, n_entries);
    }
}

/* Whichever of its heads comes first, and however often. */
static void a_trail_that_was_set_back_is_told_by_all(void **state)
{
    struct world *world = *state;
    struct world_node *node = &world->nodes[1];
    uint64_t random = 20261123;
    const size_t first = world->stream.n;
    for (int i = 0; i < 3; i++) {
        act(node, 1);
        tell_head(world, node);
    }
    set_back(node, 2);
    act(node, 1);
    tell_head(world, node);
    const size_t n = world->stream.n - first;
    for (size_t k = 0; k < 4 * n; k++) {
        (void)world_take(&world->nodes[0],
                         world_item(&world->stream, first + scratch_random(&random) % n));
    }
    for (size_t k = 0; k < n; k++) {
        (void)world_take(&world->nodes[0], world_item(&world->stream, first + k));
        (void)world_take(&world->nodes[2], world_item(&world->stream, first + n - 1 - k));
    }
    for (size_t i = 0; i < WORLD_NODES; i++) {
        const struct zta_audit_heads heads = heads_at(&world->nodes[i], node);
        assert_true(heads.is_rewound);
        assert_int_equal(heads.rewound.id, zta_audit_heads_latest(&heads)->id);
    }
    /* It is not forgotten by going on. */
    for (int i = 0; i < 2 * ZTA_AUDIT_HEADS; i++) {
        act(node, 1);
        tell_head(world, node);
    }
    world_hear_from(world, first, &world->nodes[0]);
    assert_true(heads_at(&world->nodes[0], node).is_rewound);
}

#define IN_A_FLEET(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FLEET(a_trail_that_goes_on_is_as_it_should_be),
        IN_A_FLEET(a_trail_that_was_set_back_is_told_by_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
