/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes share rates: whatever is lost, late or dead, they never grant more than the whole. */
#include "shared/fleet/shares.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "tests/unit/scratch_store.h"

#define N_NODES  4
#define N_KEYS   3
#define STEPS    4000
#define STEP_NS  (ZTA_NS_PER_S / 4)
#define FIRST_ID 1000

/* A node: its agent, what its proxy goes by, and what waits for the proxy. */
struct node {
    struct zta_share_book book;
    bool is_running;
    bool is_cut;
    bool is_file_taken;
    int64_t file_ns;
    uint32_t file[N_KEYS]; /* 0: not named */
    int64_t issued_ns;     /* of what the proxy goes by */
    uint32_t part[N_KEYS];
    int64_t next_ns;
};

struct world {
    struct node nodes[N_NODES];
    struct zta_share_line lines[N_NODES]; /* of the engine; version 0: none */
    int64_t now_ns;
    uint64_t randomness;
    uint64_t asked[N_NODES][N_KEYS];
};

static uint64_t below(struct world *world, uint64_t n)
{
    return scratch_random(&world->randomness) % n;
}

static void origin_of(size_t i, uint8_t origin[ZTA_ORIGIN_SIZE])
{
    memset(origin, (int)i + 1, ZTA_ORIGIN_SIZE);
}

static void start(struct world *world, size_t i)
{
    struct node *node = &world->nodes[i];
    uint8_t origins[N_NODES][ZTA_ORIGIN_SIZE];
    zta_shares_clear(&node->book);
    memset(&node->book, 0, sizeof node->book);
    for (size_t k = 0; k < N_NODES; k++) {
        origin_of(k, origins[k]);
    }
    memcpy(node->book.origin, origins[i], sizeof origins[i]);
    node->book.granted_ns = node->file_ns;
    zta_shares_set_nodes(&node->book, (const uint8_t(*)[ZTA_ORIGIN_SIZE])origins, N_NODES,
                         world->now_ns);
    for (size_t k = 0; k < N_KEYS; k++) {
        if (node->file[k] != 0) {
            zta_shares_resume(&node->book, FIRST_ID + k, node->file[k]);
        }
    }
    node->is_running = true;
}

static struct world *open_world(uint64_t seed)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->randomness = seed;
    world->now_ns = 1000 * ZTA_NS_PER_S;
    for (size_t i = 0; i < N_NODES; i++) {
        start(world, i);
        world->nodes[i].is_file_taken = true;
    }
    return world;
}

static void close_world(struct world *world)
{
    for (size_t i = 0; i < N_NODES; i++) {
        zta_shares_clear(&world->nodes[i].book);
    }
    free(world);
}

/* What the proxy lets pass, as shared/live/shares.h has it. */
static uint32_t in_force(const struct world *world, const struct node *node, size_t key)
{
    const uint32_t nth = zta_share_nth(N_NODES);
    const uint32_t part = node->part[key] == 0 ? nth : node->part[key];
    const bool holds = world->now_ns - node->issued_ns <= zta_share_hold_ns(N_NODES);
    return holds || part < nth ? part : nth;
}

static uint64_t sum_in_force(const struct world *world, size_t key)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < N_NODES; i++) {
        sum += in_force(world, &world->nodes[i], key);
    }
    return sum;
}

static void take_file(struct node *node)
{
    node->issued_ns = node->file_ns;
    memcpy(node->part, node->file, sizeof node->part);
    node->is_file_taken = true;
}

static void round_of(struct world *world, size_t i)
{
    struct node *node = &world->nodes[i];
    struct zta_share_line line;
    struct zta_share_use uses[N_KEYS];
    size_t n = 0;
    for (size_t k = 0; k < N_KEYS; k++) {
        if (world->asked[i][k] > 0) {
            uses[n++] = (struct zta_share_use){
                .id = FIRST_ID + k, .n = world->asked[i][k], .is_pressed = true};
        }
    }
    zta_shares_use(&node->book, uses, n);
    zta_shares_taken(&node->book, node->issued_ns);
    if (node->is_cut) {
        return;
    }
    zta_shares_plan(&node->book, world->now_ns, world->now_ns, &line);
    for (size_t k = 0; k < N_NODES; k++) {
        if (world->lines[k].version_ns > 0) {
            (void)zta_shares_hear(&node->book, &world->lines[k], world->now_ns);
        }
    }
    world->lines[i] = line;
    zta_shares_settle(&node->book, world->now_ns);
    memset(node->file, 0, sizeof node->file);
    for (size_t k = 0; k < node->book.n_own; k++) {
        node->file[node->book.own[k].id - FIRST_ID] = node->book.own[k].granted;
    }
    node->file_ns = world->now_ns;
    node->is_file_taken = false;
}

/* A quarter of a second: rounds of those whose time has come, files that proxies take. */
static void step(struct world *world)
{
    const size_t first = below(world, N_NODES);
    world->now_ns += STEP_NS;
    for (size_t k = 0; k < N_NODES; k++) {
        const size_t i = (first + k) % N_NODES;
        struct node *node = &world->nodes[i];
        if (!node->is_file_taken && below(world, 2) == 0) {
            take_file(node);
        }
        if (node->is_running && world->now_ns >= node->next_ns) {
            node->next_ns = world->now_ns + zta_share_period_ns(N_NODES);
            round_of(world, i);
        }
    }
}

static void assert_whole(const struct world *world)
{
    for (size_t k = 0; k < N_KEYS; k++) {
        assert_in_range(sum_in_force(world, k), 0, ZTA_SHARE_WHOLE);
    }
}

static void parts_follow_what_is_asked(void **state)
{
    struct world *world = open_world(7);
    world->asked[0][0] = 300;
    world->asked[1][0] = 100;
    for (int i = 0; i < 60; i++) {
        step(world);
        assert_whole(world);
    }
    assert_in_range(in_force(world, &world->nodes[0], 0), 690000, 750000);
    assert_in_range(in_force(world, &world->nodes[1], 0), 220000, 260000);
    assert_in_range(sum_in_force(world, 0), 950000, 1000000);
    world->asked[0][0] = 0;
    world->asked[3][0] = 100;
    for (int i = 0; i < 80; i++) {
        step(world);
        assert_whole(world);
    }
    assert_in_range(in_force(world, &world->nodes[1], 0), 440000, 500000);
    assert_in_range(in_force(world, &world->nodes[3], 0), 440000, 500000);
    assert_in_range(sum_in_force(world, 0), 950000, 1000000);
    close_world(world);
}

static void who_hears_nothing_falls_to_the_nth_part(void **state)
{
    struct world *world = open_world(8);
    world->asked[0][0] = 100;
    for (int i = 0; i < 60; i++) {
        step(world);
    }
    assert_in_range(in_force(world, &world->nodes[0], 0), 900000, 1000000);
    world->nodes[0].is_cut = true;
    world->asked[1][0] = 100;
    for (int64_t k = 0; k < zta_share_hold_ns(N_NODES) / STEP_NS - 8; k++) {
        step(world);
        assert_whole(world);
        assert_in_range(in_force(world, &world->nodes[0], 0), 900000, 1000000);
    }
    for (int i = 0; i < 120; i++) {
        step(world);
        assert_whole(world);
    }
    assert_int_equal(in_force(world, &world->nodes[0], 0), zta_share_nth(N_NODES));
    /* The others have what it gave up. */
    assert_in_range(in_force(world, &world->nodes[1], 0), 650000, 750000);
    close_world(world);
}

static void what_nobody_asks_for_is_named_no_more(void **state)
{
    struct world *world = open_world(9);
    world->asked[2][1] = 50;
    for (int i = 0; i < 40; i++) {
        step(world);
    }
    assert_int_equal(world->nodes[0].book.n_own, 1);
    world->asked[2][1] = 0;
    for (int i = 0; i < 400; i++) {
        step(world);
        assert_whole(world);
    }
    for (size_t i = 0; i < N_NODES; i++) {
        assert_int_equal(world->nodes[i].book.n_own, 0);
        assert_int_equal(in_force(world, &world->nodes[i], 1), zta_share_nth(N_NODES));
    }
    close_world(world);
}

/* Loads that change, agents that die and come back, cut cables, an engine that loses all. */
static void disturb(struct world *world)
{
    struct node *node = &world->nodes[below(world, N_NODES)];
    const size_t i = (size_t)(node - world->nodes);
    switch (below(world, 24)) {
    case 0:
        node->is_running = false;
        break;
    case 1:
        node->is_cut = true;
        break;
    case 2:
        memset(world->lines, 0, sizeof world->lines);
        break;
    case 3:
    case 4:
    case 5:
        world->asked[i][below(world, N_KEYS)] = below(world, 3) == 0 ? 0 : below(world, 1000);
        break;
    default:
        break;
    }
    if (!node->is_running && node->is_file_taken && below(world, 4) == 0) {
        start(world, i);
    }
    node->is_cut = node->is_cut && below(world, 30) != 0;
}

static void never_more_than_the_whole_is_granted(void **state)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *world = open_world(seed);
        for (int i = 0; i < STEPS; i++) {
            disturb(world);
            step(world);
            for (size_t k = 0; k < N_KEYS; k++) {
                if (sum_in_force(world, k) > ZTA_SHARE_WHOLE) {
                    fail_msg("seed %llu, step %d, bucket %zu: %llu millionths",
                             (unsigned long long)seed, i, k,
                             (unsigned long long)sum_in_force(world, k));
                }
            }
        }
        close_world(world);
    }
}

/* ---- lines ---- */

static void a_line_is_what_its_node_signed(void **state)
{
    char path[] = "/tmp/zta-shares-key-XXXXXX";
    uint8_t bytes[ZTA_SHARE_LINE_MAX];
    size_t size = 0;
    struct zta_signing_key *key = NULL;
    struct zta_public_key public_key;
    struct zta_share_line line = {.version_ns = 7, .n = 2};
    struct zta_share_line found;
    line.keys[0] = (struct zta_share_key){.id = 5, .demand = 1000, .claim = 250000};
    line.keys[1] = (struct zta_share_key){.id = 9, .demand = 0, .claim = ZTA_SHARE_WHOLE};
    origin_of(2, line.origin);
    assert_int_equal(close(mkstemp(path)), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(zta_signing_create(path, &key, NULL), ZTA_OK);
    assert_int_equal(unlink(path), 0);
    zta_signing_public(key, &public_key);
    assert_int_equal(zta_share_line_seal(&line, ZTA_TEXT("corp"), key, bytes, &size), ZTA_OK);
    const struct zta_text text = {.data = (const char *)bytes, .len = size};
    assert_int_equal(zta_share_line_read(text, &found), ZTA_OK);
    assert_memory_equal(found.origin, line.origin, sizeof line.origin);
    assert_int_equal(found.version_ns, 7);
    assert_int_equal(found.n, 2);
    assert_memory_equal(found.keys, line.keys, 2 * sizeof line.keys[0]);
    assert_int_equal(zta_share_line_check(text, ZTA_TEXT("corp"), &public_key), ZTA_OK);
    assert_int_equal(zta_share_line_check(text, ZTA_TEXT("other"), &public_key), ZTA_FORBIDDEN);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 1;
        assert_int_equal(zta_share_line_check(text, ZTA_TEXT("corp"), &public_key), ZTA_FORBIDDEN);
        bytes[i] ^= 1;
    }
    const struct zta_share_line read = found;
    for (size_t len = 0; len < size; len++) {
        const struct zta_text cut = {.data = text.data, .len = len};
        assert_int_equal(zta_share_line_read(cut, &found), ZTA_INVALID);
        assert_memory_equal(&found, &read, sizeof found);
    }
    /* Its last bucket is out of order: nothing of it is read. */
    line.version_ns = 8;
    line.keys[1].id = line.keys[0].id;
    assert_int_equal(zta_share_line_seal(&line, ZTA_TEXT("corp"), key, bytes, &size), ZTA_OK);
    assert_int_equal(zta_share_line_read(text, &found), ZTA_INVALID);
    assert_memory_equal(&found, &read, sizeof found);
    zta_signing_close(&key);
}

static void older_and_strange_lines_are_not_heard(void **state)
{
    struct world *world = open_world(1);
    struct zta_share_book *book = &world->nodes[0].book;
    struct zta_share_line line = {.version_ns = 7};
    origin_of(1, line.origin);
    assert_true(zta_shares_hear(book, &line, 1));
    assert_false(zta_shares_hear(book, &line, 2));
    line.version_ns = 6;
    assert_false(zta_shares_hear(book, &line, 2));
    line.version_ns = 8;
    assert_true(zta_shares_hear(book, &line, 2));
    origin_of(N_NODES, line.origin); /* of nobody */
    assert_false(zta_shares_hear(book, &line, 2));
    close_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_follow_what_is_asked),
        cmocka_unit_test(who_hears_nothing_falls_to_the_nth_part),
        cmocka_unit_test(what_nobody_asks_for_is_named_no_more),
        cmocka_unit_test(never_more_than_the_whole_is_granted),
        cmocka_unit_test(a_line_is_what_its_node_signed),
        cmocka_unit_test(older_and_strange_lines_are_not_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
