/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This node's part of the rates that the fleet shares: what its proxy was asked for goes to the
 * engine as a signed claim, what all claim comes back with it, and what follows goes to policy/.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin-tui/fleet/agent_priv.h"
#include "admin-tui/fleet/picture.h"
#include "shared/base/clock.h"
#include "shared/base/file.h"

/* Between two looks at who is enrolled. */
#define NODES_NS (2 * ZTA_NS_PER_S)
/* A helper tells each second what its proxy was asked for; one that did not does not run. */
#define USES_OLD_NS (5 * ZTA_NS_PER_S)

static void shares_path(const struct ctl_agent *agent, char path[PATH_MAX])
{
    (void)snprintf(path, PATH_MAX, "%s/policy/" ZTA_SHARES_FILE, agent->ctl->dir);
}

/* ---- what the store has ---- */

/* What an agent before this one granted may be in force. */
static void resume(struct ctl_agent *agent)
{
    char path[PATH_MAX];
    char *data = NULL;
    size_t len = 0;
    struct zta_file_stamp stamp;
    struct zta_share_grants grants;
    shares_path(agent, path);
    if (zta_file_read(path, ZTA_SHARE_GRANTS_SIZE, &data, &len, &stamp, NULL) == ZTA_OK &&
        zta_share_grants_decode(data, len, &grants) == ZTA_OK) {
        for (size_t i = 0; i < grants.n; i++) {
            zta_shares_resume(&agent->book, grants.grants[i].id, grants.grants[i].part);
        }
        agent->issued_ns = grants.issued_ns;
        agent->book.granted_ns = grants.issued_ns;
    }
    free(data);
}

static enum zta_status read_nodes(struct ctl_agent *agent, struct zta_view *view, int64_t now_ns)
{
    static uint8_t origins[ZTA_SHARE_NODES_MAX][ZTA_ORIGIN_SIZE];
    size_t n = 0;
    free(agent->nodes);
    agent->nodes = NULL;
    agent->n_nodes = 0;
    const enum zta_status status = ctl_fleet_nodes(view, &agent->nodes, &agent->n_nodes);
    for (size_t i = 0; i < agent->n_nodes && n < ZTA_SHARE_NODES_MAX; i++) {
        if (agent->nodes[i].role != ZTA_NODE_NONE) {
            memcpy(origins[n++], agent->nodes[i].origin, ZTA_ORIGIN_SIZE);
        }
    }
    if (status == ZTA_OK) {
        zta_shares_set_nodes(&agent->book, (const uint8_t(*)[ZTA_ORIGIN_SIZE])origins, n, now_ns);
    }
    return status;
}

/* False: grants of before may be in force, and it is not known yet which. */
static bool take_uses(struct ctl_agent *agent, const struct zta_share_uses *uses, int64_t now_ns)
{
    const bool is_old = now_ns < uses->time_ns || now_ns - uses->time_ns > USES_OLD_NS;
    zta_shares_taken(&agent->book, is_old ? INT64_MAX : uses->issued_ns);
    agent->is_share_known |= is_old || uses->issued_ns >= agent->issued_ns;
    if (is_old) {
        zta_shares_use(&agent->book, NULL, 0);
    }
    else if (uses->time_ns != agent->uses_ns) {
        agent->uses_ns = uses->time_ns;
        zta_shares_use(&agent->book, uses->uses, uses->n);
    }
    return agent->is_share_known;
}

static enum zta_status look(struct ctl_agent *agent, int64_t now_ns, bool *is_known)
{
    struct zta_view *view = NULL;
    struct zta_share_uses uses = {.n = 0};
    enum zta_status status = zta_view_begin(agent->ctl->store, &view);
    if (status == ZTA_OK && now_ns >= agent->next_nodes_ns) {
        status = read_nodes(agent, view, now_ns);
        agent->next_nodes_ns = now_ns + NODES_NS;
    }
    if (status == ZTA_OK) {
        status = zta_share_uses_get(view, &uses);
    }
    zta_view_end(&view);
    if (status == ZTA_OK || status == ZTA_NOT_FOUND || status == ZTA_CORRUPT) {
        /* What httpd's user wrote is his own affair: he is asked for nothing then. */
        uses.time_ns = status == ZTA_OK ? uses.time_ns : INT64_MIN / 2;
        *is_known = take_uses(agent, &uses, now_ns);
        return ZTA_OK;
    }
    return status;
}

/* ---- lines ---- */

struct hearing {
    struct ctl_agent *agent;
    int64_t now_ns;
    size_t n;
};

static void hear_line(void *context, struct zta_text bytes)
{
    static struct zta_share_line line; /* too large for a stack */
    struct hearing *hearing = context;
    struct ctl_agent *agent = hearing->agent;
    hearing->n++;
    if (zta_share_line_read(bytes, &line) != ZTA_OK) {
        return;
    }
    const struct zta_fleet_node *node =
        ctl_fleet_node_of(agent->nodes, agent->n_nodes, line.origin);
    if (node != NULL && node->role != ZTA_NODE_NONE &&
        zta_share_line_check(bytes, zta_text_of(agent->fleet.name), &node->key) == ZTA_OK) {
        (void)zta_shares_hear(&agent->book, &line, hearing->now_ns);
    }
}

/* Beside it first, so that the helper never finds half of it. */
static enum zta_status write_grants(struct ctl_agent *agent, int64_t issued_ns,
                                    struct zta_error *error)
{
    char path[PATH_MAX];
    char beside[PATH_MAX + 8];
    uint8_t bytes[ZTA_SHARE_GRANTS_SIZE];
    size_t size = 0;
    struct zta_share_grants grants = {.issued_ns = issued_ns, .n = agent->book.n_own};
    for (size_t i = 0; i < grants.n; i++) {
        grants.grants[i] = (struct zta_share_grant){.id = agent->book.own[i].id,
                                                    .part = agent->book.own[i].granted};
    }
    zta_share_grants_encode(&grants, bytes, &size);
    shares_path(agent, path);
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    const int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    /* The helper reads it as one of the store's group, whatever the mask of files. */
    const bool is_written =
        fd >= 0 && fchmod(fd, 0640) == 0 && write(fd, bytes, size) == (ssize_t)size;
    if (fd >= 0 && close(fd) == 0 && is_written && rename(beside, path) == 0) {
        agent->issued_ns = issued_ns;
        return ZTA_OK;
    }
    /* A full disk, for one: the proxy goes on by what it has, then by the nth part. */
    return zta_error_set(error, ZTA_IO, "%s: %m", path);
}

static enum zta_status exchange(struct ctl_agent *agent, int64_t now_ns, struct zta_error *error)
{
    static struct zta_share_line line; /* too large for a stack */
    uint8_t bytes[ZTA_SHARE_LINE_MAX];
    size_t size = 0;
    struct zta_text own = {.data = NULL};
    struct hearing hearing = {.agent = agent, .now_ns = now_ns};
    enum zta_status status = ZTA_OK;
    const bool has_part = agent->book.n_own > 0 || agent->is_shared;
    if (has_part) {
        zta_shares_plan(&agent->book, now_ns, zta_clock_real_ns(), &line);
        status =
            zta_share_line_seal(&line, zta_text_of(agent->fleet.name), agent->key, bytes, &size);
        own = (struct zta_text){.data = (const char *)bytes, .len = size};
    }
    if (status == ZTA_OK) {
        status =
            ctl_engine_share(agent->engine, agent->fleet.origin, own, hear_line, &hearing, error);
    }
    if (status == ZTA_OK) {
        agent->is_shared = hearing.n > 0;
    }
    if (status == ZTA_OK && has_part) {
        zta_shares_settle(&agent->book, now_ns);
        status = write_grants(agent, now_ns, error);
    }
    return status;
}

enum zta_status ctl_agent_share(struct ctl_agent *agent, struct zta_error *error)
{
    const int64_t now_ns = zta_clock_monotonic_ns();
    bool is_known = false;
    if (now_ns < agent->next_share_ns) {
        return ZTA_OK;
    }
    if (agent->next_share_ns == 0) {
        memcpy(agent->book.origin, agent->fleet.origin, sizeof agent->book.origin);
    }
    enum zta_status status = look(agent, now_ns, &is_known);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "reading what the proxy was asked for: %s",
                             zta_status_text(status));
    }
    if (agent->next_share_ns == 0) {
        resume(agent);
        agent->is_share_known = false;
        is_known = false;
    }
    agent->next_share_ns = now_ns + zta_share_period_ns(agent->book.n_nodes);
    return is_known ? exchange(agent, now_ns, error) : ZTA_OK;
}
