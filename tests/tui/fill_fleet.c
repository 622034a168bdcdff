/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes that are alike, one that differs, one that is silent, one unheard, one taken out. */
#include "tests/tui/fill_fleet.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/store/fleet.h"

#define OPERATOR_KEY "zta-fleet-key-1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n"

static const struct {
    const char *name;
    enum zta_node_role role;
    const char *said; /* "": nothing; %s stands for the sum that this node has */
    int64_t ago_s;
} nodes[] = {
    {"proxy-fra-1", ZTA_NODE_FULL, "\"sum\":\"%s\",\"lag_ms\":0,\"refused\":3,\"waiting\":0", 2},
    {"proxy-fra-2", ZTA_NODE_FULL, "\"sum\":\"%s\",\"lag_ms\":0,\"refused\":0,\"waiting\":0", 4},
    {"proxy-ams-1", ZTA_NODE_FULL, "\"sum\":\"%s\",\"lag_ms\":12,\"refused\":0,\"waiting\":0", 1},
    {"proxy-ams-2", ZTA_NODE_FULL,
     "\"sum\":\"00112233445566778899aabbccddeeff\",\"lag_ms\":840,\"refused\":41,\"waiting\":7", 3},
    {"proxy-sin-1", ZTA_NODE_FULL, "\"sum\":\"%s\",\"lag_ms\":0,\"refused\":0,\"waiting\":0", 5400},
    {"sensor-dmz", ZTA_NODE_RESTRICT, "", 0},
    {"proxy-old", ZTA_NODE_NONE, "", 0},
};

enum {
    N_NODES = sizeof nodes / sizeof nodes[0],
    AGENT_S = 7200, /* its connection's age */
};

static enum zta_status make_operator(const char *dir, struct zta_signing_key **key,
                                     struct zta_error *error)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s.operator", dir);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, ZTA_SIGNING_FILE_MODE);
    const bool is_written =
        fd >= 0 && write(fd, OPERATOR_KEY, strlen(OPERATOR_KEY)) == (ssize_t)strlen(OPERATOR_KEY);
    if (fd >= 0) {
        (void)close(fd);
    }
    const enum zta_status status =
        is_written ? zta_signing_open(path, key, error) : zta_error_set(error, ZTA_IO, "%s", path);
    (void)unlink(path);
    return status;
}

static void origin_of(size_t i, const struct zta_fleet *fleet, uint8_t origin[ZTA_ORIGIN_SIZE])
{
    memset(origin, (int)i + 1, ZTA_ORIGIN_SIZE);
    if (i == 0) {
        memcpy(origin, fleet->origin, ZTA_ORIGIN_SIZE);
    }
}

static enum zta_status enrol(struct zta_change *change, const struct zta_fleet *fleet,
                             const struct zta_signing_key *operator_key, int64_t now_s)
{
    static uint8_t bytes[ZTA_STATEMENT_MAX];
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < N_NODES && status == ZTA_OK; i++) {
        const int64_t at_ns = (now_s - AGENT_S - (int64_t)i) * ZTA_NS_PER_S;
        struct zta_fleet_node node = {.role = nodes[i].role, .enrolled_s = now_s - 30 * 86400};
        enum zta_fleet_outcome outcome;
        size_t size = 0;
        (void)snprintf(node.name, sizeof node.name, "%s", nodes[i].name);
        origin_of(i, fleet, node.origin);
        zta_signing_public(operator_key, &node.key);
        status = zta_node_seal(&node, zta_text_of(fleet->name), at_ns, operator_key, bytes, &size);
        if (status == ZTA_OK) {
            const struct zta_text text = {.data = (const char *)bytes, .len = size};
            status = zta_fleet_enrol(change, fleet, text, now_s * ZTA_NS_PER_S, &outcome);
            status = status == ZTA_OK && outcome != ZTA_FLEET_TAKEN ? ZTA_INVALID : status;
        }
    }
    return status;
}

static void write_said(FILE *file, const struct zta_fleet *fleet, int64_t now_s,
                       const struct zta_fleet_digest *digest)
{
    char sum[2 * sizeof digest->sum + 1];
    const char *comma = "";
    zta_hex_encode(digest->sum, sizeof digest->sum, sum);
    fprintf(file,
            "{\"time\":%lld,\"engine\":\"redis.example.com:6379\",\"connected\":%lld,"
            "\"refused\":{\"of a node that is not enrolled\":2,\"of a clock that is ahead\":1},"
            "\"nodes\":[",
            (long long)(now_s - nodes[0].ago_s), (long long)(now_s - AGENT_S));
    for (size_t i = 0; i < N_NODES; i++) {
        uint8_t origin[ZTA_ORIGIN_SIZE];
        char hex[2 * ZTA_ORIGIN_SIZE + 1];
        char said[256];
        if (nodes[i].said[0] == '\0') {
            continue;
        }
        origin_of(i, fleet, origin);
        zta_hex_encode(origin, sizeof origin, hex);
        const char *place = strstr(nodes[i].said, "%s");
        (void)snprintf(said, sizeof said, "%.*s%s%s",
                       place == NULL ? (int)strlen(nodes[i].said) : (int)(place - nodes[i].said),
                       nodes[i].said, place == NULL ? "" : sum, place == NULL ? "" : place + 2);
        fprintf(file,
                "%s{\"origin\":\"%s\",\"name\":\"%s\",\"time\":%lld,\"release\":\"1.0.0\","
                "\"statements\":%llu,%s}",
                comma, hex, nodes[i].name, (long long)(now_s - nodes[i].ago_s),
                (unsigned long long)(digest->n - (place == NULL)), said);
        comma = ",";
    }
    fprintf(file, "]}\n");
}

/* What the store has of it, once it joined. */
static enum zta_status look(struct zta_store *store, struct zta_fleet *fleet,
                            struct zta_fleet_digest *digest)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(store, &view);
    if (status == ZTA_OK) {
        status = zta_fleet_get(view, fleet);
    }
    if (status == ZTA_OK) {
        status = zta_fleet_digest(view, digest);
    }
    zta_view_end(&view);
    return status;
}

static enum zta_status tell(const char *dir, const struct zta_fleet *fleet, int64_t now_s,
                            const struct zta_fleet_digest *digest)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/policy/fleet.status", dir);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return ZTA_IO;
    }
    write_said(file, fleet, now_s, digest);
    return fclose(file) == 0 ? ZTA_OK : ZTA_IO;
}

static enum zta_status join(struct zta_change *change, const struct zta_signing_key *operator_key)
{
    struct zta_fleet fleet = {.name = "corp"};
    (void)snprintf(fleet.node, sizeof fleet.node, "%s", nodes[0].name);
    zta_signing_public(operator_key, &fleet.operator_key);
    return zta_fleet_join(change, &fleet);
}

/* Joins (fleet NULL), or enrols the nodes. */
static enum zta_status change_store(struct zta_store *store, const struct zta_fleet *fleet,
                                    const struct zta_signing_key *operator_key, int64_t now_s,
                                    struct zta_error *error)
{
    struct zta_change *change = NULL;
    enum zta_status status = zta_change_begin(store, "fixture", &change, error);
    if (status != ZTA_OK) {
        return status;
    }
    status = fleet == NULL ? join(change, operator_key) : enrol(change, fleet, operator_key, now_s);
    if (status == ZTA_OK) {
        return zta_change_commit(&change, error);
    }
    zta_change_abort(&change);
    return status;
}

enum zta_status fill_fleet(const char *dir, struct zta_store *store, int64_t now_s,
                           struct zta_error *error)
{
    struct zta_signing_key *operator_key = NULL;
    struct zta_fleet fleet;
    struct zta_fleet_digest digest = {.n = 0};
    enum zta_status status = make_operator(dir, &operator_key, error);
    if (status == ZTA_OK) {
        status = change_store(store, NULL, operator_key, now_s, error);
    }
    if (status == ZTA_OK) {
        status = look(store, &fleet, &digest);
    }
    if (status == ZTA_OK) {
        status = change_store(store, &fleet, operator_key, now_s, error);
    }
    if (status == ZTA_OK) {
        status = look(store, &fleet, &digest);
    }
    zta_signing_close(&operator_key);
    return status == ZTA_OK ? tell(dir, &fleet, now_s, &digest) : status;
}
