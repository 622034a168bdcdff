/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the store, then the file that the agent keeps in policy/. */
#include "admin-tui/fleet/picture.h"

#include <stdlib.h>
#include <string.h>

#include "admin-tui/fleet/agent.h"
#include "shared/base/clock.h"
#include "shared/base/file.h"
#include "shared/store/fleet_held.h"

#define STATUS_MAX (1 << 20)

int64_t ctl_fleet_number(const json_t *object, const char *name)
{
    const json_int_t value = json_integer_value(json_object_get(object, name));
    return value > 0 ? (int64_t)value : 0;
}

struct zta_text ctl_fleet_text(const json_t *object, const char *name)
{
    return zta_text_of(json_string_value(json_object_get(object, name)));
}

bool ctl_fleet_agent_runs(const struct ctl_fleet_picture *picture)
{
    const int64_t age_s = picture->now_s - ctl_fleet_number(picture->said, "time");
    return picture->said != NULL && age_s < CTL_FLEET_SILENT_S;
}

static json_t *read_said(const struct ctl *ctl)
{
    char path[PATH_MAX];
    char *data = NULL;
    size_t len = 0;
    struct zta_file_stamp stamp;
    json_t *said = NULL;
    ctl_fleet_status_path(ctl, path);
    if (zta_file_read(path, STATUS_MAX, &data, &len, &stamp, NULL) == ZTA_OK) {
        said = json_loadb(data, len, 0, NULL);
    }
    free(data);
    return said;
}

struct listing {
    struct zta_fleet_node *nodes;
    size_t n;
    enum zta_status status;
};

static bool keep_node(void *context, const struct zta_fleet_node *node)
{
    struct listing *listing = context;
    if ((listing->n & (listing->n - 1)) == 0) {
        const size_t most = listing->n == 0 ? 1 : 2 * listing->n;
        void *grown = reallocarray(listing->nodes, most, sizeof *listing->nodes);
        if (grown == NULL) {
            listing->status = ZTA_NO_MEMORY;
            return false;
        }
        listing->nodes = grown;
    }
    listing->nodes[listing->n++] = *node;
    return true;
}

static int by_name(const void *a, const void *b)
{
    const struct zta_fleet_node *left = a;
    const struct zta_fleet_node *right = b;
    return strcmp(left->name, right->name);
}

enum zta_status ctl_fleet_nodes(struct zta_view *view, struct zta_fleet_node **nodes, size_t *n)
{
    struct listing listing = {.status = ZTA_OK};
    const enum zta_status status = zta_fleet_each_node(view, keep_node, &listing);
    if (listing.n > 0) {
        qsort(listing.nodes, listing.n, sizeof *listing.nodes, by_name);
    }
    *nodes = listing.nodes;
    *n = listing.n;
    return status == ZTA_OK ? listing.status : status;
}

const struct zta_fleet_node *ctl_fleet_node_of(const struct zta_fleet_node *nodes, size_t n,
                                               const uint8_t origin[ZTA_ORIGIN_SIZE])
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(nodes[i].origin, origin, ZTA_ORIGIN_SIZE) == 0) {
            return &nodes[i];
        }
    }
    return NULL;
}

enum zta_status ctl_fleet_picture_read(const struct ctl *ctl, struct ctl_fleet_picture *picture,
                                       struct zta_error *error)
{
    struct zta_view *view = NULL;
    *picture = (struct ctl_fleet_picture){.now_s = zta_clock_real_ns() / ZTA_NS_PER_S};
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_fleet_get(view, &picture->fleet);
    if (status == ZTA_OK) {
        status = zta_fleet_digest(view, &picture->digest);
    }
    if (status == ZTA_OK) {
        status = zta_fleet_waiting(view, &picture->n_waiting);
    }
    if (status == ZTA_OK) {
        status = zta_fleet_as_of(view, &picture->as_of_s);
    }
    if (status == ZTA_OK) {
        status = zta_fleet_count_held(view, zta_clock_real_ns() / ZTA_NS_PER_S, &picture->n_held);
    }
    if (status == ZTA_OK) {
        status = ctl_fleet_nodes(view, &picture->nodes, &picture->n_nodes);
    }
    zta_view_end(&view);
    if (status == ZTA_NOT_FOUND) {
        return zta_error_set(error, status, "this store is in no fleet: ztactl fleet join");
    }
    if (status == ZTA_OK) {
        zta_hex_encode(picture->digest.sum, sizeof picture->digest.sum, picture->sum);
        picture->said = read_said(ctl);
    }
    else {
        ctl_fleet_picture_clear(picture);
    }
    return status;
}

void ctl_fleet_picture_clear(struct ctl_fleet_picture *picture)
{
    json_decref(picture->said);
    picture->said = NULL;
    free(picture->nodes);
    picture->nodes = NULL;
    picture->n_nodes = 0;
}

/* ---- nodes ---- */

const char *ctl_fleet_state_name(enum ctl_fleet_state state)
{
    switch (state) {
    case CTL_FLEET_UNKNOWN:
        return "unknown";
    case CTL_FLEET_DIFFERS:
        return "differs";
    case CTL_FLEET_SILENT:
        return "silent";
    case CTL_FLEET_UNHEARD:
        return "unheard";
    case CTL_FLEET_ALIKE:
        return "alike";
    case CTL_FLEET_REMOVED:
        return "removed";
    case CTL_FLEET_N_STATES:
        break;
    }
    return NULL;
}

static enum ctl_fleet_state state_of(const struct ctl_fleet_picture *picture,
                                     const struct ctl_fleet_row *row)
{
    if (row->node == NULL) {
        return CTL_FLEET_UNKNOWN;
    }
    if (row->node->role == ZTA_NODE_NONE) {
        return CTL_FLEET_REMOVED;
    }
    if (row->said == NULL) {
        return CTL_FLEET_UNHEARD;
    }
    if (picture->now_s - ctl_fleet_number(row->said, "time") >= CTL_FLEET_SILENT_S) {
        return CTL_FLEET_SILENT;
    }
    return zta_text_equal(ctl_fleet_text(row->said, "sum"), zta_text_of(picture->sum))
               ? CTL_FLEET_ALIKE
               : CTL_FLEET_DIFFERS;
}

static void tell_row(const struct ctl_fleet_picture *picture, struct ctl_fleet_row *row,
                     ctl_fleet_row_fn fn, void *context)
{
    char own[sizeof row->origin];
    zta_hex_encode(picture->fleet.origin, sizeof picture->fleet.origin, own);
    row->is_this = zta_text_equal(zta_text_of(row->origin), zta_text_of(own));
    row->state = state_of(picture, row);
    fn(context, row);
}

void ctl_fleet_each_row(const struct ctl_fleet_picture *picture, ctl_fleet_row_fn fn, void *context)
{
    size_t i;
    const json_t *node;
    json_t *said = json_object(); /* by origin; what is told here is taken out */
    json_array_foreach(json_object_get(picture->said, "nodes"), i, node)
    {
        const struct zta_text origin = ctl_fleet_text(node, "origin");
        if (origin.len == 2 * ZTA_ORIGIN_SIZE) {
            (void)json_object_set(said, origin.data, (json_t *)(uintptr_t)node);
        }
    }
    for (size_t k = 0; k < picture->n_nodes; k++) {
        struct ctl_fleet_row row = {.node = &picture->nodes[k]};
        row.name = zta_text_of(row.node->name);
        zta_hex_encode(row.node->origin, sizeof row.node->origin, row.origin);
        row.said = json_object_get(said, row.origin);
        tell_row(picture, &row, fn, context);
        (void)json_object_del(said, row.origin);
    }
    const char *origin;
    json_t *stranger;
    json_object_foreach(said, origin, stranger)
    {
        struct ctl_fleet_row row = {.name = ctl_fleet_text(stranger, "name"), .said = stranger};
        memcpy(row.origin, origin, sizeof row.origin);
        tell_row(picture, &row, fn, context);
    }
    json_decref(said);
}
