/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known at this node of its fleet: what stands in the store, and what the agent last wrote
 * of itself and of what the other nodes say. What nodes say of themselves is signed by nobody.
 */
#ifndef CTL_FLEET_PICTURE_H
#define CTL_FLEET_PICTURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "admin-tui/command.h"
#include "shared/base/bytes.h"
#include "shared/fleet/node.h"
#include "shared/store/fleet.h"

/* An agent tells of itself every 5 s; one that did not for longer does not run. */
#define CTL_FLEET_SILENT_S 20

struct ctl_fleet_picture {
    struct zta_fleet fleet;
    struct zta_fleet_digest digest;
    char sum[2 * sizeof((struct zta_fleet_digest *)0)->sum + 1]; /* the digest's, in hex */
    uint64_t n_waiting;
    int64_t as_of_s; /* zta_fleet_as_of */
    uint64_t n_held; /* above the bound, without effect here */
    json_t *said;    /* by the agent; NULL: nothing */
    int64_t now_s;
    struct zta_fleet_node *nodes; /* enrolled, also those that were taken out */
    size_t n_nodes;
};

/* How a node is, the worst first. */
enum ctl_fleet_state {
    CTL_FLEET_UNKNOWN = 0, /* it says something, and nobody enrolled it */
    CTL_FLEET_DIFFERS,     /* it knows something else than this node */
    CTL_FLEET_SILENT,      /* it said nothing for CTL_FLEET_SILENT_S */
    CTL_FLEET_UNHEARD,     /* it never said anything that the engine still has */
    CTL_FLEET_ALIKE,
    CTL_FLEET_REMOVED, /* it is not heard any more */
    CTL_FLEET_N_STATES
};
const char *ctl_fleet_state_name(enum ctl_fleet_state state);

struct ctl_fleet_row {
    struct zta_text name;
    char origin[2 * ZTA_ORIGIN_SIZE + 1];
    const struct zta_fleet_node *node; /* NULL: nobody enrolled it */
    const json_t *said;                /* by its agent; NULL: nothing */
    bool is_this;
    enum ctl_fleet_state state;
};

/* ZTA_NOT_FOUND: this store is in no fleet, which *error says. Then nothing is to be cleared. */
enum zta_status ctl_fleet_picture_read(const struct ctl *ctl, struct ctl_fleet_picture *picture,
                                       struct zta_error *error) ZTA_MUST_CHECK;
/* Enrolled nodes, also those that were taken out; *nodes is the caller's to free, whatever came. */
enum zta_status ctl_fleet_nodes(struct zta_view *view, struct zta_fleet_node **nodes,
                                size_t *n) ZTA_MUST_CHECK;
/* NULL: none has that origin. */
const struct zta_fleet_node *ctl_fleet_node_of(const struct zta_fleet_node *nodes, size_t n,
                                               const uint8_t origin[ZTA_ORIGIN_SIZE]);
void ctl_fleet_picture_clear(struct ctl_fleet_picture *picture);
/* Of every node, valid for the call, in no order; those that nobody enrolled at the end. */
typedef void (*ctl_fleet_row_fn)(void *context, const struct ctl_fleet_row *row);
void ctl_fleet_each_row(const struct ctl_fleet_picture *picture, ctl_fleet_row_fn fn,
                        void *context);
bool ctl_fleet_agent_runs(const struct ctl_fleet_picture *picture);

/* Members of what agents say: 0 or more, and absent where there is none of that kind. */
int64_t ctl_fleet_number(const json_t *object, const char *name);
struct zta_text ctl_fleet_text(const json_t *object, const char *name);

#endif
