/* SPDX-License-Identifier: Apache-2.0 */
/* API keys in a fleet: made at one node they open all; what is revoked anywhere stays revoked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/store/keys.h"
#include "tests/unit/fleet_world.h"

#define N_KEYS    4
#define N_NAMES   2
#define N_CHANGES 12
#define ROUNDS    25
#define TEXT_MAX  4096

static const char *const ids[N_KEYS] = {"AAAAAAAAAAAA", "BBBBBBBBBBBB", "CCCCCCCCCCCC",
                                        "DDDDDDDDDDDD"};

static enum zta_status load(struct world_node *node, const char *id, void *storage,
                            struct zta_key *key)
{
    struct zta_view *view = world_look(node);
    const enum zta_status status = zta_key_get(view, id, storage, ZTA_KEY_STORAGE_SIZE, key);
    zta_view_end(&view);
    return status;
}

static void put(struct world_node *node, const struct zta_key *key, enum zta_status expected)
{
    struct zta_change *change = world_begin(node);
    assert_int_equal(zta_key_put(change, key), expected);
    world_commit(change);
}

static struct zta_key key_of(unsigned number, const char *name)
{
    struct zta_key key = {
        .name = zta_text_of(name), .created_s = 1000 + number, .author = ZTA_TEXT("ann")};
    (void)snprintf(key.id, sizeof key.id, "%s", ids[number]);
    memset(key.secret.bytes, (int)number + 1, sizeof key.secret.bytes);
    return key;
}

/* Creates, rotates or revokes one, as an operator could. */
static void change_something(struct world_node *node, uint64_t *random)
{
    static const char *const names[N_NAMES] = {"build", "deploy"};
    uint8_t storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key key;
    const unsigned number = (unsigned)(scratch_random(random) % N_KEYS);
    const enum zta_status status = load(node, ids[number], storage, &key);
    if (status == ZTA_NOT_FOUND) {
        key = key_of(number, names[number % N_NAMES]);
    }
    else if (key.revoked_s != 0) {
        return;
    }
    else if (scratch_random(random) % 3 == 0) {
        key.revoked_s = 2000;
        key.reason = ZTA_TEXT("test");
    }
    else {
        key.old_secret = key.secret;
        memset(key.secret.bytes, (int)(scratch_random(random) % 250), sizeof key.secret.bytes);
    }
    struct zta_change *change = world_begin(node);
    const enum zta_status done = zta_key_put(change, &key);
    assert_true(done == ZTA_OK || done == ZTA_EXISTS);
    world_commit(change);
}

static bool print_key(void *context, const struct zta_key *key)
{
    zta_buffer_printf(context, "%s %.*s %d %d %lld\n", key->id, (int)key->name.len, key->name.data,
                      key->secret.bytes[0], key->old_secret.bytes[0], (long long)key->revoked_s);
    return true;
}

/* All keys, whom each name leads to, and what was heard. */
static void print_node(struct world_node *node, char text[TEXT_MAX])
{
    static const char *const names[N_NAMES] = {"build", "deploy"};
    struct zta_buffer out;
    struct zta_fleet_digest digest;
    struct zta_view *view = world_look(node);
    zta_buffer_init(&out, text, TEXT_MAX);
    assert_int_equal(zta_key_each(view, print_key, &out), ZTA_OK);
    for (size_t i = 0; i < N_NAMES; i++) {
        uint8_t storage[ZTA_KEY_STORAGE_SIZE];
        struct zta_key key;
        if (zta_key_find(view, zta_text_of(names[i]), storage, sizeof storage, &key) == ZTA_OK) {
            zta_buffer_printf(&out, "%s is %s\n", names[i], key.id);
        }
    }
    assert_int_equal(zta_fleet_digest(view, &digest), ZTA_OK);
    zta_buffer_printf(&out, "%llu statements\n", (unsigned long long)digest.n);
    zta_view_end(&view);
    assert_false(out.is_overflowed);
}

static void assert_alike(struct world *world)
{
    char texts[WORLD_NODES][TEXT_MAX];
    for (size_t i = 0; i < WORLD_NODES; i++) {
        print_node(&world->nodes[i], texts[i]);
        assert_string_equal(texts[i], texts[0]);
        struct zta_error error = {.status = ZTA_OK};
        assert_int_equal(zta_store_check(world->nodes[i].scratch.dir, true, &error), ZTA_OK);
    }
}

static void whatever_the_order_keys_end_up_alike(void **state)
{
    struct world *world = *state;
    uint64_t random = 20261123;
    for (int round = 0; round < ROUNDS; round++) {
        world_disorder(world, N_CHANGES, change_something, &random);
    }
    assert_alike(world);
}

static void a_key_made_at_one_node_opens_all(void **state)
{
    struct world *world = *state;
    uint8_t storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key key = key_of(0, "build");
    struct zta_key found;
    put(&world->nodes[0], &key, ZTA_OK);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        assert_int_equal(load(&world->nodes[i], key.id, storage, &found), ZTA_OK);
        assert_memory_equal(&found.secret, &key.secret, sizeof key.secret);
    }
    /* Rotated where it was not made. */
    memset(key.secret.bytes, 77, sizeof key.secret.bytes);
    put(&world->nodes[1], &key, ZTA_OK);
    world_say_all(world, &world->nodes[1]);
    world_hear_all(world);
    assert_int_equal(load(&world->nodes[2], key.id, storage, &found), ZTA_OK);
    assert_int_equal(found.secret.bytes[0], 77);
    assert_alike(world);
}

/* Also over a later change of who did not know of it, and of its own node from an old backup. */
static void a_revocation_of_a_key_wins(void **state)
{
    struct world *world = *state;
    uint8_t storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key found;
    const struct zta_key living = key_of(0, "build");
    struct zta_key revoked = living;
    struct zta_key rotated = living;
    revoked.revoked_s = 2000;
    memset(rotated.secret.bytes, 9, sizeof rotated.secret.bytes);
    put(&world->nodes[0], &living, ZTA_OK);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    put(&world->nodes[0], &revoked, ZTA_OK);
    put(&world->nodes[1], &rotated, ZTA_OK);
    world_say_all(world, &world->nodes[0]);
    world_say_all(world, &world->nodes[1]);
    put(&world->nodes[0], &rotated, ZTA_OK); /* as if its store had been restored */
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        assert_int_equal(load(&world->nodes[i], living.id, storage, &found), ZTA_OK);
        assert_int_equal(found.revoked_s, 2000);
    }
}

static void who_may_only_restrict_revokes_keys_and_makes_none(void **state)
{
    struct world *world = *state;
    struct world_node *first = &world->nodes[0];
    struct world_node *restricting = &world->nodes[WORLD_NODES - 1];
    uint8_t storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key found;
    const struct zta_key own = key_of(1, "own");
    struct zta_key key = key_of(0, "build");
    put(restricting, &own, ZTA_OK);
    assert_int_equal(
        world_take(first, world_item(&world->stream, world_say_one(world, restricting))),
        ZTA_FLEET_NOT_GRANTED);
    assert_int_equal(load(first, own.id, storage, &found), ZTA_NOT_FOUND);

    put(first, &key, ZTA_OK);
    world_say_all(world, first);
    world_hear_all(world);
    key.expires_s = 0;
    memset(key.secret.bytes, 66, sizeof key.secret.bytes); /* a secret that he knows */
    put(restricting, &key, ZTA_OK);
    assert_int_equal(
        world_take(first, world_item(&world->stream, world_say_one(world, restricting))),
        ZTA_FLEET_NOT_GRANTED);
    key.revoked_s = 2000;
    put(restricting, &key, ZTA_OK);
    assert_int_equal(
        world_take(first, world_item(&world->stream, world_say_one(world, restricting))),
        ZTA_FLEET_TAKEN);
    assert_int_equal(load(first, key.id, storage, &found), ZTA_OK);
    assert_int_equal(found.revoked_s, 2000);
}

/* Both open; the name leads to the older one, and to the other when that is revoked. */
static void two_keys_of_one_name_are_both_good(void **state)
{
    struct world *world = *state;
    uint8_t storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key found;
    struct zta_key older = key_of(0, "build");
    const struct zta_key younger = key_of(1, "build");
    put(&world->nodes[1], &younger, ZTA_OK);
    put(&world->nodes[0], &older, ZTA_OK);
    world_say_all(world, &world->nodes[1]);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        struct zta_view *view = world_look(&world->nodes[i]);
        assert_int_equal(zta_key_find(view, ZTA_TEXT("build"), storage, sizeof storage, &found),
                         ZTA_OK);
        zta_view_end(&view);
        assert_string_equal(found.id, older.id);
    }
    put(&world->nodes[1], &younger, ZTA_OK); /* it can be changed as any other */
    older.revoked_s = 2000;
    put(&world->nodes[0], &older, ZTA_OK);
    world_say_all(world, &world->nodes[1]);
    world_say_all(world, &world->nodes[0]);
    world_hear_all(world);
    struct zta_view *view = world_look(&world->nodes[2]);
    assert_int_equal(zta_key_find(view, ZTA_TEXT("build"), storage, sizeof storage, &found),
                     ZTA_OK);
    zta_view_end(&view);
    assert_string_equal(found.id, younger.id);
    assert_alike(world);
}

#define IN_A_FLEET(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FLEET(whatever_the_order_keys_end_up_alike),
        IN_A_FLEET(a_key_made_at_one_node_opens_all),
        IN_A_FLEET(a_revocation_of_a_key_wins),
        IN_A_FLEET(who_may_only_restrict_revokes_keys_and_makes_none),
        IN_A_FLEET(two_keys_of_one_name_are_both_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
