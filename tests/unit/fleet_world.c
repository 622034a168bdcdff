/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes, what they say and what they hear. */
#include "tests/unit/fleet_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/store/fleet_collect.h"

#define MAP_SIZE (UINT64_C(64) << 20)

static struct zta_signing_key *make_key(const struct world *world, const char *name)
{
    char path[128];
    struct zta_signing_key *key = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", world->dir, name);
    assert_int_equal(zta_signing_create(path, &key, NULL), ZTA_OK);
    assert_int_equal(unlink(path), 0);
    return key;
}

bool world_keep(void *context, struct zta_text bytes)
{
    struct world_stream *stream = context;
    assert_true(stream->n < WORLD_STATEMENTS);
    stream->items[stream->n] = malloc(bytes.len);
    assert_non_null(stream->items[stream->n]);
    memcpy(stream->items[stream->n], bytes.data, bytes.len);
    stream->sizes[stream->n++] = bytes.len;
    return true;
}

struct zta_change *world_begin(struct world_node *node)
{
    struct zta_change *change = NULL;
    assert_int_equal(zta_change_begin(node->scratch.store, "test", &change, NULL), ZTA_OK);
    return change;
}

void world_commit(struct zta_change *change)
{
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
}

static void reopen(struct world_node *node, enum zta_store_role role)
{
    struct zta_store **store = &node->scratch.store;
    zta_store_close(store);
    assert_int_equal(zta_store_open(node->scratch.dir, role, 0, store, NULL), ZTA_OK);
}

struct zta_change *world_helper_begin(struct world_node *node)
{
    struct zta_change *change = NULL;
    reopen(node, ZTA_STORE_HELPER);
    assert_int_equal(zta_store_complete(node->scratch.store, NULL), ZTA_OK);
    assert_int_equal(zta_change_begin(node->scratch.store, "test", &change, NULL), ZTA_OK);
    return change;
}

void world_helper_end(struct world_node *node, struct zta_change *change)
{
    world_commit(change);
    reopen(node, ZTA_STORE_OPERATOR);
}

struct zta_view *world_look(struct world_node *node)
{
    struct zta_view *view = NULL;
    assert_int_equal(zta_view_begin(node->scratch.store, &view), ZTA_OK);
    return view;
}

/* All that waits goes into the stream. */
void world_say_all(struct world *world, struct world_node *node)
{
    struct zta_change *change = world_begin(node);
    uint64_t last = 0;
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_fleet_collect(change, view), ZTA_OK);
    zta_view_end(&view);
    const struct zta_saying saying = {.fleet = &node->fleet,
                                      .key = node->key,
                                      .most = WORLD_STATEMENTS,
                                      .fn = world_keep,
                                      .context = &world->stream};
    assert_int_equal(zta_fleet_say(change, &saying, &last), ZTA_OK);
    assert_int_equal(zta_fleet_sent(change, last), ZTA_OK);
    world_commit(change);
    node->said = last > node->said ? last : node->said;
}

/* What extends hits nobody anew. */
static bool admit(void *context, const struct zta_statement *statement, bool extends)
{
    struct world_node *node = context;
    if (extends || node->is_never) {
        return !node->is_never;
    }
    node->budget -= node->budget > 0;
    return node->budget != 0;
}

enum zta_fleet_outcome world_take(struct world_node *node, struct zta_text bytes)
{
    enum zta_fleet_outcome outcome = ZTA_FLEET_TAKEN;
    struct zta_change *change = world_begin(node);
    struct zta_hearing hearing = {.fleet = &node->fleet,
                                  .key = node->key,
                                  .items = &bytes,
                                  .n = 1,
                                  .now_ns = zta_clock_real_ns(),
                                  .is_comparing = node->is_comparing,
                                  .said = node->said,
                                  .admits = admit,
                                  .context = node};
    assert_int_equal(zta_fleet_hear(change, &hearing), ZTA_OK);
    if (hearing.is_changed) {
        world_commit(change);
        node->said = hearing.said;
    }
    else {
        zta_change_abort(&change);
    }
    while (hearing.outcomes[outcome] == 0) {
        outcome++;
    }
    return outcome;
}

struct zta_text world_item(const struct world_stream *stream, size_t i)
{
    return (struct zta_text){.data = stream->items[i], .len = stream->sizes[i]};
}

/* The operator says of a node what it is, at another one. */
enum zta_fleet_outcome world_enrol(struct world *world, const struct world_node *node,
                                   struct world_node *at, enum zta_node_role role)
{
    static uint8_t bytes[ZTA_STATEMENT_MAX];
    size_t size = 0;
    enum zta_fleet_outcome outcome = ZTA_N_FLEET_OUTCOMES;
    struct zta_fleet_node record = {.role = role, .enrolled_s = 1};
    (void)snprintf(record.name, sizeof record.name, "%s", node->fleet.node);
    memcpy(record.origin, node->fleet.origin, sizeof record.origin);
    zta_signing_public(node->key, &record.key);
    assert_int_equal(zta_node_seal(&record, ZTA_TEXT("corp"), zta_clock_real_ns(),
                                   world->operator_key, bytes, &size),
                     ZTA_OK);
    struct zta_change *change = world_begin(at);
    assert_int_equal(zta_fleet_enrol(change, &at->fleet,
                                     (struct zta_text){.data = (const char *)bytes, .len = size},
                                     zta_clock_real_ns(), &outcome),
                     ZTA_OK);
    world_commit(change);
    return outcome;
}

static void join(struct world *world, size_t i, enum zta_node_role role)
{
    struct world_node *node = &world->nodes[i];
    node->budget = -1;
    scratch_store_open(&node->scratch, NULL, ZTA_STORE_OPERATOR, MAP_SIZE);
    node->key = make_key(world, "node");
    node->fleet = (struct zta_fleet){.name = "corp"};
    (void)snprintf(node->fleet.node, sizeof node->fleet.node, "proxy-%zu", i);
    zta_signing_public(world->operator_key, &node->fleet.operator_key);
    struct zta_change *change = world_begin(node);
    assert_int_equal(zta_fleet_join(change, &node->fleet), ZTA_OK);
    world_commit(change);
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_fleet_get(view, &node->fleet), ZTA_OK);
    zta_view_end(&view);

    assert_int_equal(world_enrol(world, node, &world->nodes[0], role), ZTA_FLEET_TAKEN);
}

void world_hear_all(struct world *world)
{
    for (size_t n = 0; n < WORLD_NODES; n++) {
        for (size_t i = 0; i < world->stream.n; i++) {
            (void)world_take(&world->nodes[n], world_item(&world->stream, i));
        }
    }
}

/* Three nodes that know each other; the last one may only restrict. */
int world_setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    (void)snprintf(world->dir, sizeof world->dir, "/tmp/zta-fleet-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    world->operator_key = make_key(world, "operator");
    for (size_t i = 0; i < WORLD_NODES; i++) {
        join(world, i, i == WORLD_NODES - 1 ? ZTA_NODE_RESTRICT : ZTA_NODE_FULL);
    }
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    *state = world;
    return 0;
}

int world_teardown(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < WORLD_NODES; i++) {
        zta_signing_close(&world->nodes[i].key);
        scratch_store_close(&world->nodes[i].scratch);
    }
    for (size_t i = 0; i < world->stream.n; i++) {
        free(world->stream.items[i]);
    }
    zta_signing_close(&world->operator_key);
    assert_int_equal(rmdir(world->dir), 0);
    free(world);
    return 0;
}

size_t world_say_one(struct world *world, struct world_node *node)
{
    const size_t first = world->stream.n;
    world_say_all(world, node);
    assert_int_equal(world->stream.n, first + 1);
    return first;
}

void world_hear_from(struct world *world, size_t first, struct world_node *node)
{
    for (size_t i = first; i < world->stream.n; i++) {
        (void)world_take(node, world_item(&world->stream, i));
    }
}

void world_disorder(struct world *world, int n, world_change_fn change, uint64_t *random)
{
    const size_t first = world->stream.n;
    for (int i = 0; i < n; i++) {
        struct world_node *node = &world->nodes[scratch_random(random) % 2];
        change(node, random);
        switch (scratch_random(random) % 4) {
        case 0:
            world_say_all(world, node);
            break;
        case 1: /* its agent hears something before it says what was changed */
            (void)world_take(node,
                             world_item(&world->stream, scratch_random(random) % world->stream.n));
            break;
        default:
            break;
        }
    }
    world_say_all(world, &world->nodes[0]);
    world_say_all(world, &world->nodes[1]);
    const size_t n_said = world->stream.n - first;
    for (size_t node = 0; node < WORLD_NODES; node++) {
        /* Each three times on the average, some late ones never but once at the end. */
        for (size_t i = 0; i < 3 * n_said; i++) {
            (void)world_take(&world->nodes[node],
                             world_item(&world->stream, first + scratch_random(random) % n_said));
        }
        for (size_t i = 0; i < n_said; i++) {
            (void)world_take(&world->nodes[node],
                             world_item(&world->stream, world->stream.n - 1 - i));
        }
    }
}
