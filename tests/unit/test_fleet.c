/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes tell each other what was changed: whatever the order, they end up alike. */
#include "shared/store/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/store/blocks.h"
#include "shared/store/fleet_held.h"
#include "shared/store/revocations.h"
#include "shared/store/schema.h"
#include "tests/unit/fleet_world.h"
#include "tests/unit/scratch_store.h"

#define N_SUBJECTS  4
#define N_ADDRESSES 3
#define N_CHANGES   12
#define ROUNDS      25
#define TEXT_MAX    4096

/* ---- changes ---- */

static struct zta_revocation revocation_of(unsigned subject, int64_t watermark_s)
{
    static const char *const names[N_SUBJECTS] = {"alice", "bob", "carol", "dave"};
    return (struct zta_revocation){
        .kind = ZTA_REVOKE_SUBJECT,
        .issuer = ZTA_TEXT("corp"),
        .subject = zta_text_of(names[subject]),
        .watermark_s = watermark_s,
        .reason = ZTA_TEXT("test"),
        .author = ZTA_TEXT("ann"),
    };
}

static struct zta_block block_of(unsigned address, int64_t until_s)
{
    struct zta_block block = {
        .kind = ZTA_BLOCK_NETWORK,
        .until_s = until_s,
        .reason = ZTA_TEXT("test"),
        .author = ZTA_TEXT("ann"),
    };
    char text[32];
    (void)snprintf(text, sizeof text, "203.0.113.%u/32", address);
    assert_int_equal(zta_cidr_parse(zta_text_of(text), &block.network, NULL), ZTA_OK);
    return block;
}

static void change_something(struct world_node *node, uint64_t *random)
{
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    const int64_t when_s = now_s + (int64_t)(scratch_random(random) % 100);
    const struct zta_revocation revocation =
        revocation_of((unsigned)(scratch_random(random) % N_SUBJECTS), when_s);
    const struct zta_block block =
        block_of((unsigned)(scratch_random(random) % N_ADDRESSES), when_s + 600);
    struct zta_change *change = world_begin(node);
    enum zta_status status = ZTA_OK;
    switch (scratch_random(random) % 5) {
    case 0:
    case 1:
        status = zta_revocation_put(change, &revocation);
        break;
    case 2:
        status = zta_revocation_remove(change, &revocation);
        break;
    case 3:
        status = zta_block_put(change, &block);
        break;
    default:
        status = zta_block_remove(change, &block);
    }
    assert_true(status == ZTA_OK || status == ZTA_NOT_FOUND);
    world_commit(change);
}

/* ---- what a store says ---- */

static bool print_revocation(void *context, const struct zta_revocation *record)
{
    zta_buffer_printf(context, "%d %.*s %lld %lld\n", (int)record->kind, (int)record->subject.len,
                      record->subject.data, (long long)record->watermark_s,
                      (long long)record->created_ns);
    return true;
}

static bool print_block(void *context, const struct zta_block *block)
{
    zta_buffer_printf(context, "%u %lld %lld\n", (unsigned)block->network.addr.bytes[3],
                      (long long)block->until_s, (long long)block->created_ns);
    return true;
}

/* Its records, its counts and what it heard. */
static void print_node(struct world_node *node, char text[TEXT_MAX])
{
    struct zta_buffer out;
    struct zta_fleet_digest digest;
    uint64_t n_blocks = 0;
    char sum[2 * sizeof digest.sum + 1];
    struct zta_view *view = world_look(node);
    zta_buffer_init(&out, text, TEXT_MAX);
    assert_int_equal(zta_revocation_each(view, print_revocation, &out), ZTA_OK);
    assert_int_equal(zta_block_each(view, print_block, &out), ZTA_OK);
    assert_int_equal(zta_block_count(view, &n_blocks), ZTA_OK);
    assert_int_equal(zta_fleet_digest(view, &digest), ZTA_OK);
    zta_hex_encode(digest.sum, sizeof digest.sum, sum);
    zta_buffer_printf(&out, "%llu blocks, %llu statements %s\n", (unsigned long long)n_blocks,
                      (unsigned long long)digest.n, sum);
    zta_view_end(&view);
    assert_false(out.is_overflowed);
}

static bool is_revoked(struct world_node *node, const char *subject)
{
    bool is_hit = false;
    enum zta_revocation_kind hit;
    const struct zta_identity identity = {
        .issuer = ZTA_TEXT("corp"),
        .subject = zta_text_of(subject),
        .auth_time_s = 1000,
    };
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_revocation_find(view, &identity, 0, &is_hit, &hit), ZTA_OK);
    zta_view_end(&view);
    return is_hit;
}

/* ---- tests ---- */

static void whatever_the_order_all_end_up_alike(void **state)
{
    struct world *world = *state;
    uint64_t random = 20261122;
    for (int round = 0; round < ROUNDS; round++) {
        world_disorder(world, N_CHANGES, change_something, &random);
        char texts[WORLD_NODES][TEXT_MAX];
        for (size_t node = 0; node < WORLD_NODES; node++) {
            print_node(&world->nodes[node], texts[node]);
            assert_string_equal(texts[node], texts[0]);
        }
    }
    for (size_t node = 0; node < WORLD_NODES; node++) {
        struct zta_error error = {.status = ZTA_OK};
        assert_int_equal(zta_store_check(world->nodes[node].scratch.dir, true, &error), ZTA_OK);
    }
}

static void the_strictest_counts_of_those_after_the_last_release(void **state)
{
    struct world *world = *state;
    const struct zta_revocation weak = revocation_of(0, 1500);
    const struct zta_revocation strict = revocation_of(0, 2000);
    struct zta_change *change = world_begin(&world->nodes[0]);
    assert_int_equal(zta_revocation_put(change, &strict), ZTA_OK);
    world_commit(change);
    change = world_begin(&world->nodes[1]);
    assert_int_equal(zta_revocation_put(change, &weak), ZTA_OK);
    world_commit(change);
    world_say_all(world, &world->nodes[0]);
    world_say_all(world, &world->nodes[1]); /* the later one is the weaker one */
    world_hear_all(world);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        char text[TEXT_MAX];
        print_node(&world->nodes[i], text);
        assert_non_null(strstr(text, "2 alice 2000 "));
        assert_true(is_revoked(&world->nodes[i], "alice"));
    }
    change = world_begin(&world->nodes[1]);
    assert_int_equal(zta_revocation_remove(change, &weak), ZTA_OK);
    world_commit(change);
    world_say_all(world, &world->nodes[1]);
    world_hear_all(world);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        assert_false(is_revoked(&world->nodes[i], "alice"));
    }
}

static void nobody_says_what_he_may_not(void **state)
{
    struct world *world = *state;
    struct world_node *restricting = &world->nodes[WORLD_NODES - 1];
    const struct zta_revocation record = revocation_of(1, 2000);
    struct zta_change *change = world_begin(restricting);
    assert_int_equal(zta_revocation_put(change, &record), ZTA_OK);
    world_commit(change);
    const struct zta_text said = world_item(&world->stream, world_say_one(world, restricting));
    assert_int_equal(world_take(&world->nodes[0], said), ZTA_FLEET_TAKEN);
    assert_int_equal(world_take(&world->nodes[0], said), ZTA_FLEET_KNOWN);
    assert_true(is_revoked(&world->nodes[0], "bob"));

    change = world_begin(restricting);
    assert_int_equal(zta_revocation_remove(change, &record), ZTA_OK);
    world_commit(change);
    const size_t release = world_say_one(world, restricting);
    assert_int_equal(world_take(&world->nodes[0], world_item(&world->stream, release)),
                     ZTA_FLEET_NOT_GRANTED);
    assert_true(is_revoked(&world->nodes[0], "bob"));

    /* Every bit of it is signed: nothing that came is taken for something else. */
    char *copy = malloc(said.len);
    assert_non_null(copy);
    for (size_t i = 0; i < said.len; i++) {
        memcpy(copy, said.data, said.len);
        copy[i] = (char)(copy[i] ^ 1);
        const enum zta_fleet_outcome outcome =
            world_take(&world->nodes[1], (struct zta_text){.data = copy, .len = said.len});
        assert_true(zta_fleet_outcome_is_refusal(outcome));
    }
    for (size_t len = 0; len < said.len; len++) {
        assert_true(zta_fleet_outcome_is_refusal(
            world_take(&world->nodes[1], (struct zta_text){.data = said.data, .len = len})));
    }
    free(copy);
    assert_false(is_revoked(&world->nodes[1], "bob"));
    assert_int_equal(world_take(&world->nodes[1], said), ZTA_FLEET_TAKEN);
}

/* Seals a statement of this node by another key or for another fleet. */
static enum zta_fleet_outcome take_release(struct world *world, const struct zta_signing_key *key,
                                           const char *fleet, int64_t version_ns,
                                           struct zta_text about)
{
    static uint8_t bytes[ZTA_STATEMENT_MAX];
    size_t size = 0;
    struct zta_statement statement = {
        .topic = ZTA_FLEET_REVOCATION,
        .is_gone = true,
        .version_ns = version_ns,
        .key = about,
    };
    memcpy(statement.origin, world->nodes[1].fleet.origin, sizeof statement.origin);
    assert_int_equal(zta_statement_seal(&statement, zta_text_of(fleet), key, bytes, &size), ZTA_OK);
    return world_take(&world->nodes[0],
                      (struct zta_text){.data = (const char *)bytes, .len = size});
}

static enum zta_fleet_outcome take_forged(struct world *world, const struct zta_signing_key *key,
                                          const char *fleet, int64_t version_ns)
{
    return take_release(world, key, fleet, version_ns, ZTA_TEXT("\2any"));
}

static void a_statement_of_another_key_fleet_or_time_is_refused(void **state)
{
    struct world *world = *state;
    const struct zta_signing_key *own = world->nodes[1].key;
    const int64_t now_ns = zta_clock_real_ns();
    const int64_t minute_ns = 60 * ZTA_NS_PER_S;
    assert_int_equal(take_forged(world, world->nodes[2].key, "corp", now_ns), ZTA_FLEET_FORGED);
    assert_int_equal(take_forged(world, world->operator_key, "corp", now_ns), ZTA_FLEET_FORGED);
    assert_int_equal(take_forged(world, own, "other", now_ns), ZTA_FLEET_FORGED);
    assert_int_equal(take_forged(world, own, "corp", now_ns + 11 * minute_ns), ZTA_FLEET_AHEAD);
    assert_int_equal(take_forged(world, own, "corp", now_ns + 5 * minute_ns), ZTA_FLEET_TAKEN);
    assert_int_equal(take_forged(world, own, "corp", now_ns), ZTA_FLEET_OLDER);
    /* A node that is one of us and sends what no record is. */
    assert_int_equal(take_release(world, own, "corp", now_ns, ZTA_TEXT("\100any")),
                     ZTA_FLEET_MALFORMED);
    static char text[ZTA_STORE_KEY_MAX + 1] = "\2";
    assert_int_equal(take_release(world, own, "corp", now_ns,
                                  (struct zta_text){.data = text, .len = sizeof text}),
                     ZTA_FLEET_MALFORMED);
}

/* A watcher learns who tries something, and is not alarmed by what comes of comparing all. */
static void what_is_older_counts_by_who_said_it_and_how_it_came(void **state)
{
    struct world *world = *state;
    struct world_node *first = &world->nodes[0];
    struct world_node *second = &world->nodes[1];
    size_t said[2];
    for (int i = 0; i < 2; i++) {
        const struct zta_revocation record = revocation_of(1, 2000 + i);
        struct zta_change *change = world_begin(second);
        assert_int_equal(zta_revocation_put(change, &record), ZTA_OK);
        world_commit(change);
        said[i] = world_say_one(world, second);
    }
    const struct zta_text older = world_item(&world->stream, said[0]);
    const struct zta_text newer = world_item(&world->stream, said[1]);
    assert_int_equal(world_take(first, newer), ZTA_FLEET_TAKEN);
    assert_int_equal(world_take(first, newer), ZTA_FLEET_KNOWN);
    /* Put into the stream again by whoever can write there. */
    assert_int_equal(world_take(first, older), ZTA_FLEET_OLDER);
    assert_true(zta_fleet_outcome_is_refusal(ZTA_FLEET_OLDER));
    /* Its own, behind what it said after it. */
    assert_int_equal(world_take(second, older), ZTA_FLEET_KNOWN);

    first->is_comparing = true;
    assert_int_equal(world_take(first, older), ZTA_FLEET_OUTDATED);
    assert_false(zta_fleet_outcome_is_refusal(ZTA_FLEET_OUTDATED));
    assert_int_equal(world_take(first, newer), ZTA_FLEET_KNOWN);

    /* What nobody signed is excused nowhere: not as older, nor as of the time of a known one. */
    const struct zta_text both[] = {older, newer};
    for (size_t i = 0; i < 2; i++) {
        char copy[ZTA_STATEMENT_NAME_SIZE * 16];
        assert_true(both[i].len <= sizeof copy);
        memcpy(copy, both[i].data, both[i].len);
        copy[both[i].len - 1] = (char)(copy[both[i].len - 1] ^ 1);
        const struct zta_text forged = {.data = copy, .len = both[i].len};
        first->is_comparing = true;
        assert_int_equal(world_take(first, forged), ZTA_FLEET_FORGED);
        first->is_comparing = false;
        assert_int_equal(world_take(first, forged), ZTA_FLEET_FORGED);
        assert_int_equal(world_take(second, forged), ZTA_FLEET_FORGED);
    }
}

static bool count_node(void *context, const struct zta_fleet_node *node)
{
    *(unsigned *)context += node->role != ZTA_NODE_NONE;
    return true;
}

static void who_is_no_node_any_more_is_not_heard(void **state)
{
    struct world *world = *state;
    unsigned n = 0;
    assert_int_equal(world_enrol(world, &world->nodes[1], &world->nodes[0], ZTA_NODE_NONE),
                     ZTA_FLEET_TAKEN);
    assert_int_equal(take_forged(world, world->nodes[1].key, "corp", zta_clock_real_ns()),
                     ZTA_FLEET_UNKNOWN_NODE);
    struct zta_view *view = world_look(&world->nodes[0]);
    assert_int_equal(zta_fleet_each_node(view, count_node, &n), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(n, WORLD_NODES - 1);
}

static void what_stood_before_the_join_is_said_and_nothing_after_the_leave(void **state)
{
    struct world *world = *state;
    struct world_node *node = &world->nodes[1];
    const struct zta_revocation record = revocation_of(2, 2000);
    struct zta_change *change = world_begin(node);
    assert_int_equal(zta_fleet_join(change, &node->fleet), ZTA_EXISTS);
    assert_int_equal(zta_fleet_leave(change), ZTA_OK);
    assert_int_equal(zta_fleet_leave(change), ZTA_NOT_FOUND);
    world_commit(change);
    change = world_begin(node);
    assert_int_equal(zta_revocation_put(change, &record), ZTA_OK);
    world_commit(change);
    uint64_t n = 1;
    struct zta_fleet gone;
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_fleet_waiting(view, &n), ZTA_OK);
    assert_int_equal(n, 0);
    assert_int_equal(zta_fleet_get(view, &gone), ZTA_NOT_FOUND);
    zta_view_end(&view);
    change = world_begin(node);
    assert_int_equal(zta_fleet_join(change, &node->fleet), ZTA_OK);
    world_commit(change);
    const size_t said = world_say_one(world, node);
    assert_int_equal(world_take(&world->nodes[0], world_item(&world->stream, said)),
                     ZTA_FLEET_TAKEN);
    assert_true(is_revoked(&world->nodes[0], "carol"));
}

static void a_request_to_be_enrolled_is_read_as_it_was_printed(void **state)
{
    struct world *world = *state;
    struct zta_fleet_node node = {.name = "proxy-1"};
    struct zta_fleet_node read;
    struct zta_error error;
    struct zta_text fleet;
    char text[ZTA_NODE_REQUEST_MAX];
    zta_signing_public(world->nodes[1].key, &node.key);
    memcpy(node.origin, world->nodes[1].fleet.origin, sizeof node.origin);
    zta_node_request_print(&node, ZTA_TEXT("corp"), text);
    assert_int_equal(zta_node_request_parse(zta_text_of(text), &fleet, &read, &error), ZTA_OK);
    assert_true(zta_text_equal(fleet, ZTA_TEXT("corp")));
    assert_memory_equal(&read.key, &node.key, sizeof node.key);
    assert_memory_equal(read.origin, node.origin, sizeof node.origin);
    assert_string_equal(read.name, "proxy-1");
    for (size_t len = 0; len < strlen(text); len++) {
        assert_int_equal(zta_node_request_parse((struct zta_text){.data = text, .len = len}, &fleet,
                                                &read, &error),
                         ZTA_INVALID);
    }
}

/* A name with a NUL would be read as another, shorter one. */
static void a_record_with_another_name_than_it_seems_is_none(void **state)
{
    const uint8_t origin[ZTA_ORIGIN_SIZE] = {1};
    const struct zta_text key = {.data = (const char *)origin, .len = sizeof origin};
    const struct zta_fleet_node node = {.name = "proxy-1", .role = ZTA_NODE_FULL};
    struct zta_fleet_node read;
    uint8_t record[ZTA_NODE_RECORD_MAX];
    struct zta_text value = {.data = (const char *)record};
    zta_node_encode(&node, record, &value.len);
    assert_int_equal(zta_node_decode(key, value, &read), ZTA_OK);
    assert_string_equal(read.name, "proxy-1");
    for (size_t i = 1; i <= strlen(node.name); i++) {
        zta_node_encode(&node, record, &value.len);
        record[value.len - i] = '\0';
        assert_int_equal(zta_node_decode(key, value, &read), ZTA_INVALID);
    }
}

struct blocked {
    unsigned address;
    int64_t until_s;
};

static bool note_until(void *context, const struct zta_block *block)
{
    struct blocked *blocked = context;
    if (block->network.addr.bytes[3] == blocked->address) {
        blocked->until_s = block->until_s;
    }
    return true;
}

static int64_t blocked_until(struct world_node *node, unsigned address)
{
    struct blocked blocked = {.address = address};
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_block_each(view, note_until, &blocked), ZTA_OK);
    zta_view_end(&view);
    return blocked.until_s;
}

/* What was done here while the engine was away is not lost to what comes first when it is back. */
static void what_waits_is_said_before_what_comes_is_heard(void **state)
{
    struct world *world = *state;
    struct world_node *first = &world->nodes[0];
    struct world_node *second = &world->nodes[1];
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    const struct zta_block brief = block_of(1, now_s + 3600);
    const struct zta_block lasting = block_of(1, now_s + 7 * 86400);
    const struct zta_revocation revoked = revocation_of(0, now_s);
    const size_t said = world->stream.n;
    struct zta_change *change = world_begin(second);
    assert_int_equal(zta_block_put(change, &brief), ZTA_OK);
    assert_int_equal(zta_revocation_put(change, &revoked), ZTA_OK);
    assert_int_equal(zta_revocation_remove(change, &revoked), ZTA_OK);
    world_commit(change);
    world_say_all(world, second);
    change = world_begin(first);
    assert_int_equal(zta_block_put(change, &lasting), ZTA_OK);
    assert_int_equal(zta_revocation_put(change, &revoked), ZTA_OK);
    world_commit(change);
    world_hear_from(world, said, first); /* the release is older than the revocation */
    assert_int_equal(blocked_until(first, 1), lasting.until_s);
    assert_true(is_revoked(first, "alice"));
    world_say_all(world, first);
    world_hear_all(world);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        assert_int_equal(blocked_until(&world->nodes[i], 1), lasting.until_s);
        assert_true(is_revoked(&world->nodes[i], "alice"));
    }
}

/* A block that ended and was tidied away before it was said releases nothing. */
static void what_ended_by_itself_is_no_release(void **state)
{
    struct world *world = *state;
    struct world_node *first = &world->nodes[0];
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    const struct zta_block brief = block_of(1, now_s + 1);
    const struct zta_block lasting = block_of(1, now_s + 7 * 86400);
    uint64_t n = 0;
    struct zta_change *change = world_begin(&world->nodes[1]);
    assert_int_equal(zta_block_put(change, &lasting), ZTA_OK);
    world_commit(change);
    change = world_begin(first);
    assert_int_equal(zta_block_put(change, &brief), ZTA_OK);
    world_commit(change);
    change = world_begin(first);
    assert_int_equal(zta_blocks_prune(change, now_s + 2, &n), ZTA_OK);
    assert_int_equal(n, 1);
    world_commit(change);
    const size_t said = world->stream.n;
    world_say_all(world, first);
    assert_int_equal(world->stream.n, said);
    world_say_all(world, &world->nodes[1]);
    world_hear_all(world);
    for (size_t i = 0; i < WORLD_NODES; i++) {
        assert_int_equal(blocked_until(&world->nodes[i], 1), lasting.until_s);
    }
}

/* The answer of the engine was lost: what is sent again is what was sent. */
static void what_is_said_again_is_what_was_said(void **state)
{
    struct world *world = *state;
    struct world_node *node = &world->nodes[0];
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    const struct zta_block brief = block_of(1, now_s + 3600);
    const struct zta_block lasting = block_of(1, now_s + 7200);
    const struct zta_saying saying = {.fleet = &node->fleet,
                                      .key = node->key,
                                      .most = WORLD_STATEMENTS,
                                      .fn = world_keep,
                                      .context = &world->stream};
    struct zta_change *change = world_begin(node);
    assert_int_equal(zta_block_put(change, &brief), ZTA_OK);
    world_commit(change);
    change = world_begin(&world->nodes[1]);
    assert_int_equal(zta_block_put(change, &lasting), ZTA_OK);
    world_commit(change);
    const size_t first = world_say_one(world, &world->nodes[1]);
    size_t n = world->stream.n;
    for (int i = 0; i < 2; i++) {
        uint64_t last = 0;
        change = world_begin(node);
        assert_int_equal(zta_fleet_say(change, &saying, &last), ZTA_OK);
        world_commit(change);
        world_hear_from(world, first, node);
    }
    assert_int_equal(world->stream.n, n + 2);
    assert_int_equal(world->stream.sizes[n], world->stream.sizes[n + 1]);
    assert_memory_equal(world->stream.items[n], world->stream.items[n + 1], world->stream.sizes[n]);
    assert_int_equal(blocked_until(node, 1), lasting.until_s);
}

/* Who comes later hears what a node restricted before it was removed, and nothing it says since. */
static void what_a_removed_node_restricted_before_stands_for_all(void **state)
{
    struct world *world = *state;
    struct world_node *removed = &world->nodes[1];
    const struct zta_revocation before = revocation_of(0, 2000);
    const struct zta_revocation after = revocation_of(1, 2000);
    struct zta_change *change = world_begin(removed);
    assert_int_equal(zta_revocation_put(change, &before), ZTA_OK);
    world_commit(change);
    world_say_all(world, removed);
    assert_int_equal(world_enrol(world, removed, &world->nodes[0], ZTA_NODE_NONE), ZTA_FLEET_TAKEN);
    const size_t removal = world_say_one(world, &world->nodes[0]);
    change = world_begin(removed);
    assert_int_equal(zta_revocation_put(change, &after), ZTA_OK);
    world_commit(change);
    world_say_all(world, removed);
    (void)world_take(&world->nodes[2], world_item(&world->stream, removal));
    world_hear_all(world);
    assert_true(is_revoked(&world->nodes[2], "alice"));
    assert_false(is_revoked(&world->nodes[2], "bob"));
    assert_false(is_revoked(&world->nodes[0], "bob"));
}

static bool note_held(void *context, const struct zta_fleet_held *held)
{
    struct zta_fleet_held *found = context;
    *found = *held;
    return true;
}

static struct zta_fleet_held held_at(struct world_node *node, enum zta_status expected)
{
    struct zta_fleet_held held = {.since_s = 0};
    struct zta_view *view = world_look(node);
    assert_int_equal(zta_fleet_each_held(view, note_held, &held), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(held.since_s != 0, expected == ZTA_OK);
    return held;
}

/* Kept, so that all know the same, and without effect until an operator says so. */
static void what_is_above_the_bound_waits_for_an_operator(void **state)
{
    struct world *world = *state;
    struct world_node *restricting = &world->nodes[WORLD_NODES - 1];
    struct world_node *first = &world->nodes[0];
    first->budget = 2; /* the second one is above it */
    const size_t said = world->stream.n;
    const int64_t until_s = zta_clock_real_ns() / ZTA_NS_PER_S + 600;
    for (unsigned i = 0; i < 2; i++) {
        const struct zta_block block = block_of(i, until_s);
        struct zta_change *change = world_begin(restricting);
        assert_int_equal(zta_block_put(change, &block), ZTA_OK);
        world_commit(change);
        world_say_all(world, restricting);
    }
    assert_int_equal(world_take(first, world_item(&world->stream, said)), ZTA_FLEET_TAKEN);
    assert_int_equal(world_take(first, world_item(&world->stream, said + 1)), ZTA_FLEET_HELD);
    assert_int_equal(world_take(first, world_item(&world->stream, said + 1)), ZTA_FLEET_KNOWN);
    assert_int_equal(blocked_until(first, 0), until_s);
    assert_int_equal(blocked_until(first, 1), 0);

    /* More of what holds already hits nobody anew. */
    const struct zta_block longer = block_of(0, until_s + 600);
    struct zta_change *change = world_begin(restricting);
    assert_int_equal(zta_block_put(change, &longer), ZTA_OK);
    world_commit(change);
    assert_int_equal(
        world_take(first, world_item(&world->stream, world_say_one(world, restricting))),
        ZTA_FLEET_TAKEN);
    assert_int_equal(blocked_until(first, 0), longer.until_s);

    const struct zta_fleet_held held = held_at(first, ZTA_OK);
    change = world_begin(first);
    assert_int_equal(zta_fleet_drop_held(change, &held, 7), ZTA_OK);
    world_commit(change);
    assert_true(held_at(first, ZTA_OK).is_dropped);
    assert_int_equal(blocked_until(first, 1), 0);
    change = world_begin(first);
    assert_int_equal(zta_fleet_apply_held(change, &held, false), ZTA_OK);
    assert_int_equal(zta_fleet_apply_held(change, &held, false), ZTA_NOT_FOUND);
    world_commit(change);
    (void)held_at(first, ZTA_NOT_FOUND);
    assert_int_equal(blocked_until(first, 1), until_s);
    assert_int_equal(zta_store_check(first->scratch.dir, true, NULL), ZTA_OK);
}

#define IN_A_FLEET(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FLEET(whatever_the_order_all_end_up_alike),
        IN_A_FLEET(the_strictest_counts_of_those_after_the_last_release),
        IN_A_FLEET(nobody_says_what_he_may_not),
        IN_A_FLEET(a_statement_of_another_key_fleet_or_time_is_refused),
        IN_A_FLEET(what_is_older_counts_by_who_said_it_and_how_it_came),
        IN_A_FLEET(who_is_no_node_any_more_is_not_heard),
        IN_A_FLEET(what_stood_before_the_join_is_said_and_nothing_after_the_leave),
        IN_A_FLEET(a_request_to_be_enrolled_is_read_as_it_was_printed),
        cmocka_unit_test(a_record_with_another_name_than_it_seems_is_none),
        IN_A_FLEET(what_waits_is_said_before_what_comes_is_heard),
        IN_A_FLEET(what_ended_by_itself_is_no_release),
        IN_A_FLEET(what_is_said_again_is_what_was_said),
        IN_A_FLEET(what_a_removed_node_restricted_before_stands_for_all),
        IN_A_FLEET(what_is_above_the_bound_waits_for_an_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
