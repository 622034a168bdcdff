/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three nodes of a fleet in one program, each with a store and a key, and what they said in the
 * order in which it was said. They know each other; the last one may only restrict.
 */
#ifndef ZTA_TESTS_FLEET_WORLD_H
#define ZTA_TESTS_FLEET_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/store/fleet.h"
#include "tests/unit/scratch_store.h"

#define WORLD_NODES      3
#define WORLD_STATEMENTS 2000

/* A node: its store, its key and its part in the fleet. */
struct world_node {
    struct scratch_store scratch;
    struct zta_signing_key *key;
    struct zta_fleet fleet;
    uint64_t said; /* as its agent keeps it */
    int budget;    /* of restrictions that are within the bound; less than 0: all */
    bool is_comparing;
    bool is_never; /* none is, not even what extends one that holds */
};

/* What was said anywhere, as it would stand in a stream. */
struct world_stream {
    char *items[WORLD_STATEMENTS];
    size_t sizes[WORLD_STATEMENTS];
    size_t n;
};

struct world {
    char dir[64];
    struct zta_signing_key *operator_key;
    struct world_node nodes[WORLD_NODES];
    struct world_stream stream;
};

int world_setup(void **state);
int world_teardown(void **state);

struct zta_change *world_begin(struct world_node *node);
void world_commit(struct zta_change *change);
/* The same of the node's helper, in whose place nobody else has its store meanwhile. */
struct zta_change *world_helper_begin(struct world_node *node);
void world_helper_end(struct world_node *node, struct zta_change *change);
struct zta_view *world_look(struct world_node *node);

/* A zta_statement_fn: into the stream. */
bool world_keep(void *context, struct zta_text bytes);
/* All that waits goes into the stream; of say_one it is one statement, whose place it returns. */
void world_say_all(struct world *world, struct world_node *node);
size_t world_say_one(struct world *world, struct world_node *node);
struct zta_text world_item(const struct world_stream *stream, size_t i);
/* As its agent takes it from the engine. */
enum zta_fleet_outcome world_take(struct world_node *node, struct zta_text bytes);
/* Every node takes all; one takes what stands from `first` on. */
void world_hear_all(struct world *world);
void world_hear_from(struct world *world, size_t first, struct world_node *node);
/* The operator says of a node what it is, at another one. */
enum zta_fleet_outcome world_enrol(struct world *world, const struct world_node *node,
                                   struct world_node *at, enum zta_node_role role);

/*
 * n changes of the first two nodes, some said at once, some after something else was heard; then
 * every node hears all of it, in random order and more than once.
 */
typedef void (*world_change_fn)(struct world_node *node, uint64_t *random);
void world_disorder(struct world *world, int n, world_change_fn change, uint64_t *random);

#endif
