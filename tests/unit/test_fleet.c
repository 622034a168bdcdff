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
#include "shared/store/revocations.h"
#include "shared/store/schema.h"
#include "tests/unit/scratch_store.h"

#define N_NODES     3
#define STATEMENTS  600
#define ROUNDS      25
#define N_SUBJECTS  4
#define N_ADDRESSES 3
#define N_CHANGES   12
#define MAP_SIZE    (UINT64_C(64) << 20)
#define TEXT_MAX    4096

/* A node: its store, its key and its part in the fleet. */
struct node {
    struct scratch_store scratch;
    struct zta_signing_key *key;
    struct zta_fleet fleet;
    uint64_t said; /* as its agent keeps it */
};

/* What was said anywhere, as it would stand in a stream. */
struct stream {
    char *items[STATEMENTS];
    size_t sizes[STATEMENTS];
    size_t n;
};

struct world {
    char dir[64];
    struct zta_signing_key *operator_key;
    struct node nodes[N_NODES];
    struct stream stream;
};

static struct zta_signing_key *make_key(const struct world *world, const char *name)
{
    char path[128];
    struct zta_signing_key *key = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", world->dir, name);
    assert_int_equal(zta_signing_create(path, &key, NULL), ZTA_OK);
    assert_int_equal(unlink(path), 0);
    return key;
}

static bool keep(void *context, struct zta_text bytes)
{
    struct stream *stream = context;
    assert_true(stream->n < STATEMENTS);
    stream->items[stream->n] = malloc(bytes.len);
    assert_non_null(stream->items[stream->n]);
    memcpy(stream->items[stream->n], bytes.data, bytes.len);
    stream->sizes[stream->n++] = bytes.len;
    return true;
}

static struct zta_change *begin(struct node *node)
{
    struct zta_change *change = NULL;
    assert_int_equal(zta_change_begin(node->scratch.store, "test", &change, NULL), ZTA_OK);
    return change;
}

static void commit(struct zta_change *change)
{
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
}

static struct zta_view *look(struct node *node)
{
    struct zta_view *view = NULL;
    assert_int_equal(zta_view_begin(node->scratch.store, &view), ZTA_OK);
    return view;
}

/* All that waits goes into the stream. */
static void say_all(struct world *world, struct node *node)
{
    struct zta_change *change = begin(node);
    uint64_t last = 0;
    const struct zta_saying saying = {.fleet = &node->fleet,
                                      .key = node->key,
                                      .most = STATEMENTS,
                                      .fn = keep,
                                      .context = &world->stream};
    assert_int_equal(zta_fleet_say(change, &saying, &last), ZTA_OK);
    assert_int_equal(zta_fleet_sent(change, last), ZTA_OK);
    commit(change);
    node->said = last > node->said ? last : node->said;
}

static enum zta_fleet_outcome take(struct node *node, struct zta_text bytes)
{
    enum zta_fleet_outcome outcome = ZTA_FLEET_TAKEN;
    struct zta_change *change = begin(node);
    struct zta_hearing hearing = {.fleet = &node->fleet,
                                  .key = node->key,
                                  .items = &bytes,
                                  .n = 1,
                                  .now_ns = zta_clock_real_ns(),
                                  .said = node->said};
    assert_int_equal(zta_fleet_hear(change, &hearing), ZTA_OK);
    if (hearing.is_changed) {
        commit(change);
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

static struct zta_text item(const struct stream *stream, size_t i)
{
    return (struct zta_text){.data = stream->items[i], .len = stream->sizes[i]};
}

/* The operator says of a node what it is, at another one. */
static enum zta_fleet_outcome enrol(struct world *world, const struct node *node, struct node *at,
                                    enum zta_node_role role)
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
    struct zta_change *change = begin(at);
    assert_int_equal(zta_fleet_enrol(change, &at->fleet,
                                     (struct zta_text){.data = (const char *)bytes, .len = size},
                                     zta_clock_real_ns(), &outcome),
                     ZTA_OK);
    commit(change);
    return outcome;
}

static void join(struct world *world, size_t i, enum zta_node_role role)
{
    struct node *node = &world->nodes[i];
    scratch_store_open(&node->scratch, NULL, ZTA_STORE_OPERATOR, MAP_SIZE);
    node->key = make_key(world, "node");
    node->fleet = (struct zta_fleet){.name = "corp"};
    (void)snprintf(node->fleet.node, sizeof node->fleet.node, "proxy-%zu", i);
    zta_signing_public(world->operator_key, &node->fleet.operator_key);
    struct zta_change *change = begin(node);
    assert_int_equal(zta_fleet_join(change, &node->fleet), ZTA_OK);
    commit(change);
    struct zta_view *view = look(node);
    assert_int_equal(zta_fleet_get(view, &node->fleet), ZTA_OK);
    zta_view_end(&view);

    assert_int_equal(enrol(world, node, &world->nodes[0], role), ZTA_FLEET_TAKEN);
}

static void hear_all(struct world *world)
{
    for (size_t n = 0; n < N_NODES; n++) {
        for (size_t i = 0; i < world->stream.n; i++) {
            (void)take(&world->nodes[n], item(&world->stream, i));
        }
    }
}

/* Three nodes that know each other; the last one may only restrict. */
static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    (void)snprintf(world->dir, sizeof world->dir, "/tmp/zta-fleet-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    world->operator_key = make_key(world, "operator");
    for (size_t i = 0; i < N_NODES; i++) {
        join(world, i, i == N_NODES - 1 ? ZTA_NODE_RESTRICT : ZTA_NODE_FULL);
    }
    say_all(world, &world->nodes[0]);
    hear_all(world);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < N_NODES; i++) {
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

static void change_something(struct node *node, uint64_t *random)
{
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    const int64_t when_s = now_s + (int64_t)(scratch_random(random) % 100);
    const struct zta_revocation revocation =
        revocation_of((unsigned)(scratch_random(random) % N_SUBJECTS), when_s);
    const struct zta_block block =
        block_of((unsigned)(scratch_random(random) % N_ADDRESSES), when_s + 600);
    struct zta_change *change = begin(node);
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
    commit(change);
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
static void print_node(struct node *node, char text[TEXT_MAX])
{
    struct zta_buffer out;
    struct zta_fleet_digest digest;
    uint64_t n_blocks = 0;
    char sum[2 * sizeof digest.sum + 1];
    struct zta_view *view = look(node);
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

static bool is_revoked(struct node *node, const char *subject)
{
    bool is_hit = false;
    enum zta_revocation_kind hit;
    const struct zta_identity identity = {
        .issuer = ZTA_TEXT("corp"),
        .subject = zta_text_of(subject),
        .auth_time_s = 1000,
    };
    struct zta_view *view = look(node);
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
        const size_t first = world->stream.n;
        for (int i = 0; i < N_CHANGES; i++) {
            struct node *node = &world->nodes[scratch_random(&random) % 2];
            change_something(node, &random);
            switch (scratch_random(&random) % 4) {
            case 0:
                say_all(world, node);
                break;
            case 1: /* its agent hears something before it says what was changed */
                (void)take(node, item(&world->stream, scratch_random(&random) % world->stream.n));
                break;
            default:
                break;
            }
        }
        say_all(world, &world->nodes[0]);
        say_all(world, &world->nodes[1]);
        const size_t n = world->stream.n - first;
        for (size_t node = 0; node < N_NODES; node++) {
            /* Each three times on the average, some late ones never but once at the end. */
            for (size_t i = 0; i < 3 * n; i++) {
                (void)take(&world->nodes[node],
                           item(&world->stream, first + scratch_random(&random) % n));
            }
            for (size_t i = 0; i < n; i++) {
                (void)take(&world->nodes[node], item(&world->stream, world->stream.n - 1 - i));
            }
        }
        char texts[N_NODES][TEXT_MAX];
        for (size_t node = 0; node < N_NODES; node++) {
            print_node(&world->nodes[node], texts[node]);
            assert_string_equal(texts[node], texts[0]);
        }
    }
    for (size_t node = 0; node < N_NODES; node++) {
        struct zta_error error = {.status = ZTA_OK};
        assert_int_equal(zta_store_check(world->nodes[node].scratch.dir, true, &error), ZTA_OK);
    }
}

static void the_strictest_counts_of_those_after_the_last_release(void **state)
{
    struct world *world = *state;
    const struct zta_revocation weak = revocation_of(0, 1500);
    const struct zta_revocation strict = revocation_of(0, 2000);
    struct zta_change *change = begin(&world->nodes[0]);
    assert_int_equal(zta_revocation_put(change, &strict), ZTA_OK);
    commit(change);
    change = begin(&world->nodes[1]);
    assert_int_equal(zta_revocation_put(change, &weak), ZTA_OK);
    commit(change);
    say_all(world, &world->nodes[0]);
    say_all(world, &world->nodes[1]); /* the later one is the weaker one */
    hear_all(world);
    for (size_t i = 0; i < N_NODES; i++) {
        char text[TEXT_MAX];
        print_node(&world->nodes[i], text);
        assert_non_null(strstr(text, "2 alice 2000 "));
        assert_true(is_revoked(&world->nodes[i], "alice"));
    }
    change = begin(&world->nodes[1]);
    assert_int_equal(zta_revocation_remove(change, &weak), ZTA_OK);
    commit(change);
    say_all(world, &world->nodes[1]);
    hear_all(world);
    for (size_t i = 0; i < N_NODES; i++) {
        assert_false(is_revoked(&world->nodes[i], "alice"));
    }
}

static size_t say_one(struct world *world, struct node *node)
{
    const size_t first = world->stream.n;
    say_all(world, node);
    assert_int_equal(world->stream.n, first + 1);
    return first;
}

static void nobody_says_what_he_may_not(void **state)
{
    struct world *world = *state;
    struct node *restricting = &world->nodes[N_NODES - 1];
    const struct zta_revocation record = revocation_of(1, 2000);
    struct zta_change *change = begin(restricting);
    assert_int_equal(zta_revocation_put(change, &record), ZTA_OK);
    commit(change);
    const struct zta_text said = item(&world->stream, say_one(world, restricting));
    assert_int_equal(take(&world->nodes[0], said), ZTA_FLEET_TAKEN);
    assert_int_equal(take(&world->nodes[0], said), ZTA_FLEET_KNOWN);
    assert_true(is_revoked(&world->nodes[0], "bob"));

    change = begin(restricting);
    assert_int_equal(zta_revocation_remove(change, &record), ZTA_OK);
    commit(change);
    const size_t release = say_one(world, restricting);
    assert_int_equal(take(&world->nodes[0], item(&world->stream, release)), ZTA_FLEET_NOT_GRANTED);
    assert_true(is_revoked(&world->nodes[0], "bob"));

    /* Every bit of it is signed: nothing that came is taken for something else. */
    char *copy = malloc(said.len);
    assert_non_null(copy);
    for (size_t i = 0; i < said.len; i++) {
        memcpy(copy, said.data, said.len);
        copy[i] = (char)(copy[i] ^ 1);
        const enum zta_fleet_outcome outcome =
            take(&world->nodes[1], (struct zta_text){.data = copy, .len = said.len});
        assert_true(zta_fleet_outcome_is_refusal(outcome));
    }
    for (size_t len = 0; len < said.len; len++) {
        assert_true(zta_fleet_outcome_is_refusal(
            take(&world->nodes[1], (struct zta_text){.data = said.data, .len = len})));
    }
    free(copy);
    assert_false(is_revoked(&world->nodes[1], "bob"));
    assert_int_equal(take(&world->nodes[1], said), ZTA_FLEET_TAKEN);
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
    return take(&world->nodes[0], (struct zta_text){.data = (const char *)bytes, .len = size});
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

static bool count_node(void *context, const struct zta_fleet_node *node)
{
    *(unsigned *)context += node->role != ZTA_NODE_NONE;
    return true;
}

static void who_is_no_node_any_more_is_not_heard(void **state)
{
    struct world *world = *state;
    unsigned n = 0;
    assert_int_equal(enrol(world, &world->nodes[1], &world->nodes[0], ZTA_NODE_NONE),
                     ZTA_FLEET_TAKEN);
    assert_int_equal(take_forged(world, world->nodes[1].key, "corp", zta_clock_real_ns()),
                     ZTA_FLEET_UNKNOWN_NODE);
    struct zta_view *view = look(&world->nodes[0]);
    assert_int_equal(zta_fleet_each_node(view, count_node, &n), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(n, N_NODES - 1);
}

static void what_stood_before_the_join_is_said_and_nothing_after_the_leave(void **state)
{
    struct world *world = *state;
    struct node *node = &world->nodes[1];
    const struct zta_revocation record = revocation_of(2, 2000);
    struct zta_change *change = begin(node);
    assert_int_equal(zta_fleet_join(change, &node->fleet), ZTA_EXISTS);
    assert_int_equal(zta_fleet_leave(change), ZTA_OK);
    assert_int_equal(zta_fleet_leave(change), ZTA_NOT_FOUND);
    commit(change);
    change = begin(node);
    assert_int_equal(zta_revocation_put(change, &record), ZTA_OK);
    commit(change);
    uint64_t n = 1;
    struct zta_fleet gone;
    struct zta_view *view = look(node);
    assert_int_equal(zta_fleet_waiting(view, &n), ZTA_OK);
    assert_int_equal(n, 0);
    assert_int_equal(zta_fleet_get(view, &gone), ZTA_NOT_FOUND);
    zta_view_end(&view);
    change = begin(node);
    assert_int_equal(zta_fleet_join(change, &node->fleet), ZTA_OK);
    commit(change);
    const size_t said = say_one(world, node);
    assert_int_equal(take(&world->nodes[0], item(&world->stream, said)), ZTA_FLEET_TAKEN);
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

static void hear_last(struct world *world, size_t first, struct node *node)
{
    for (size_t i = first; i < world->stream.n; i++) {
        (void)take(node, item(&world->stream, i));
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

static int64_t blocked_until(struct node *node, unsigned address)
{
    struct blocked blocked = {.address = address};
    struct zta_view *view = look(node);
    assert_int_equal(zta_block_each(view, note_until, &blocked), ZTA_OK);
    zta_view_end(&view);
    return blocked.until_s;
}

/* What was done here while the engine was away is not lost to what comes first when it is back. */
static void what_waits_is_said_before_what_comes_is_heard(void **state)
{
    struct world *world = *state;
    struct node *first = &world->nodes[0];
    struct node *second = &world->nodes[1];
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    const struct zta_block brief = block_of(1, now_s + 3600);
    const struct zta_block lasting = block_of(1, now_s + 7 * 86400);
    const struct zta_revocation revoked = revocation_of(0, now_s);
    const size_t said = world->stream.n;
    struct zta_change *change = begin(second);
    assert_int_equal(zta_block_put(change, &brief), ZTA_OK);
    assert_int_equal(zta_revocation_put(change, &revoked), ZTA_OK);
    assert_int_equal(zta_revocation_remove(change, &revoked), ZTA_OK);
    commit(change);
    say_all(world, second);
    change = begin(first);
    assert_int_equal(zta_block_put(change, &lasting), ZTA_OK);
    assert_int_equal(zta_revocation_put(change, &revoked), ZTA_OK);
    commit(change);
    hear_last(world, said, first); /* the release is older than the revocation */
    assert_int_equal(blocked_until(first, 1), lasting.until_s);
    assert_true(is_revoked(first, "alice"));
    say_all(world, first);
    hear_all(world);
    for (size_t i = 0; i < N_NODES; i++) {
        assert_int_equal(blocked_until(&world->nodes[i], 1), lasting.until_s);
        assert_true(is_revoked(&world->nodes[i], "alice"));
    }
}

/* A block that ended and was tidied away before it was said releases nothing. */
static void what_ended_by_itself_is_no_release(void **state)
{
    struct world *world = *state;
    struct node *first = &world->nodes[0];
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    const struct zta_block brief = block_of(1, now_s + 1);
    const struct zta_block lasting = block_of(1, now_s + 7 * 86400);
    uint64_t n = 0;
    struct zta_change *change = begin(&world->nodes[1]);
    assert_int_equal(zta_block_put(change, &lasting), ZTA_OK);
    commit(change);
    change = begin(first);
    assert_int_equal(zta_block_put(change, &brief), ZTA_OK);
    commit(change);
    change = begin(first);
    assert_int_equal(zta_blocks_prune(change, now_s + 2, &n), ZTA_OK);
    assert_int_equal(n, 1);
    commit(change);
    const size_t said = world->stream.n;
    say_all(world, first);
    assert_int_equal(world->stream.n, said);
    say_all(world, &world->nodes[1]);
    hear_all(world);
    for (size_t i = 0; i < N_NODES; i++) {
        assert_int_equal(blocked_until(&world->nodes[i], 1), lasting.until_s);
    }
}

/* The answer of the engine was lost: what is sent again is what was sent. */
static void what_is_said_again_is_what_was_said(void **state)
{
    struct world *world = *state;
    struct node *node = &world->nodes[0];
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    const struct zta_block brief = block_of(1, now_s + 3600);
    const struct zta_block lasting = block_of(1, now_s + 7200);
    const struct zta_saying saying = {.fleet = &node->fleet,
                                      .key = node->key,
                                      .most = STATEMENTS,
                                      .fn = keep,
                                      .context = &world->stream};
    struct zta_change *change = begin(node);
    assert_int_equal(zta_block_put(change, &brief), ZTA_OK);
    commit(change);
    change = begin(&world->nodes[1]);
    assert_int_equal(zta_block_put(change, &lasting), ZTA_OK);
    commit(change);
    const size_t first = say_one(world, &world->nodes[1]);
    size_t n = world->stream.n;
    for (int i = 0; i < 2; i++) {
        uint64_t last = 0;
        change = begin(node);
        assert_int_equal(zta_fleet_say(change, &saying, &last), ZTA_OK);
        commit(change);
        hear_last(world, first, node);
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
    struct node *removed = &world->nodes[1];
    const struct zta_revocation before = revocation_of(0, 2000);
    const struct zta_revocation after = revocation_of(1, 2000);
    struct zta_change *change = begin(removed);
    assert_int_equal(zta_revocation_put(change, &before), ZTA_OK);
    commit(change);
    say_all(world, removed);
    assert_int_equal(enrol(world, removed, &world->nodes[0], ZTA_NODE_NONE), ZTA_FLEET_TAKEN);
    const size_t removal = say_one(world, &world->nodes[0]);
    change = begin(removed);
    assert_int_equal(zta_revocation_put(change, &after), ZTA_OK);
    commit(change);
    say_all(world, removed);
    (void)take(&world->nodes[2], item(&world->stream, removal));
    hear_all(world);
    assert_true(is_revoked(&world->nodes[2], "alice"));
    assert_false(is_revoked(&world->nodes[2], "bob"));
    assert_false(is_revoked(&world->nodes[0], "bob"));
}

#define IN_A_FLEET(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FLEET(whatever_the_order_all_end_up_alike),
        IN_A_FLEET(the_strictest_counts_of_those_after_the_last_release),
        IN_A_FLEET(nobody_says_what_he_may_not),
        IN_A_FLEET(a_statement_of_another_key_fleet_or_time_is_refused),
        IN_A_FLEET(who_is_no_node_any_more_is_not_heard),
        IN_A_FLEET(what_stood_before_the_join_is_said_and_nothing_after_the_leave),
        IN_A_FLEET(a_request_to_be_enrolled_is_read_as_it_was_printed),
        IN_A_FLEET(what_waits_is_said_before_what_comes_is_heard),
        IN_A_FLEET(what_ended_by_itself_is_no_release),
        IN_A_FLEET(what_is_said_again_is_what_was_said),
        IN_A_FLEET(what_a_removed_node_restricted_before_stands_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
