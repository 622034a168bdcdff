/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent tells the other nodes and its own operators of itself. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin-tui/fleet/agent_priv.h"
#include "admin-tui/output.h"
#include "shared/base/clock.h"
#include "shared/base/version.h"
#include "shared/store/fleet_held.h"

/* What others say of themselves is told up to that, whoever wrote it. */
#define NODES_MAX     2000
#define NODE_TEXT_MAX 400

/* A node that said nothing of itself for longer does not count as one that knows something. */
#define FRESH_S 15

/* Where something differs the next beat comes so soon. */
#define AGAIN_NS ZTA_NS_PER_S

/* So many are asked for with each file, more of them less often. */
#define NODES_OFTEN 100

static int64_t now_s(void)
{
    return zta_clock_real_ns() / ZTA_NS_PER_S;
}

static enum zta_status look(struct ctl_agent *agent, struct zta_fleet_digest *digest,
                            uint64_t *n_waiting)
{
    struct zta_view *view = NULL;
    struct zta_fleet fleet;
    enum zta_status status = zta_view_begin(agent->ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_fleet_get(view, &fleet);
        agent->is_left = status == ZTA_NOT_FOUND;
    }
    if (status == ZTA_OK) {
        status = zta_fleet_digest(view, digest);
    }
    if (status == ZTA_OK) {
        status = zta_fleet_waiting(view, n_waiting);
    }
    zta_view_end(&view);
    return status;
}

/* What others know, beside what this node does. */
struct comparison {
    const char *sum; /* own */
    bool is_other;   /* somebody knows something else */
};

/* Those that were heard of lately. */
static void compare_node(void *context, struct zta_text origin, struct zta_text text)
{
    struct comparison *comparison = context;
    json_t *node = text.len > NODE_TEXT_MAX ? NULL : json_loadb(text.data, text.len, 0, NULL);
    const struct zta_text sum = zta_text_of(json_string_value(json_object_get(node, "sum")));
    const json_int_t said_s = json_integer_value(json_object_get(node, "time"));
    if (sum.data != NULL && said_s > now_s() - FRESH_S && said_s < now_s() + FRESH_S) {
        comparison->is_other |= !zta_text_equal(sum, zta_text_of(comparison->sum));
    }
    json_decref(node);
}

/*
 * Compares all when somebody knows something else, for two beats in which nothing came or went.
 * What differs afterwards is what one of the two refuses: no reason to compare all again.
 */
static enum zta_status compare(struct ctl_agent *agent, const struct zta_fleet_digest *digest,
                               struct zta_error *error)
{
    char sum[2 * sizeof digest->sum + 1];
    uint64_t n_records = 0;
    struct comparison comparison = {.sum = sum};
    zta_hex_encode(digest->sum, sizeof digest->sum, sum);
    enum zta_status status = ctl_engine_count(agent->engine, &n_records, error);
    if (status == ZTA_OK) {
        status = ctl_engine_some_nodes(agent->engine, compare_node, &comparison, error);
    }
    const uint64_t seen = n_records + zta_get_u64(digest->sum) + digest->n;
    const bool is_still = seen == agent->seen;
    const bool differs = comparison.is_other || n_records != digest->n;
    agent->seen = seen;
    if (status != ZTA_OK || !differs || seen == agent->seen_synced) {
        return status;
    }
    if (!is_still) {
        agent->next_beat_ns = zta_clock_monotonic_ns() + AGAIN_NS;
        return ZTA_OK;
    }
    agent->seen_synced = seen;
    return ctl_agent_sync(agent, error);
}

static json_int_t count_refused(const struct ctl_agent *agent)
{
    uint64_t n = 0;
    for (size_t i = 0; i < ZTA_N_FLEET_OUTCOMES; i++) {
        n += zta_fleet_outcome_is_refusal((enum zta_fleet_outcome)i) ? agent->outcomes[i] : 0;
    }
    return (json_int_t)n;
}

static json_t *describe(const struct ctl_agent *agent, const struct zta_fleet_digest *digest,
                        uint64_t n_waiting, int64_t lag_ms)
{
    char sum[2 * sizeof digest->sum + 1];
    zta_hex_encode(digest->sum, sizeof digest->sum, sum);
    return json_pack("{s:s, s:I, s:s, s:I, s:s, s:I, s:I, s:I}", "name", agent->fleet.node, "time",
                     (json_int_t)now_s(), "release", ZTA_VERSION_TEXT, "statements",
                     (json_int_t)digest->n, "sum", sum, "waiting", (json_int_t)n_waiting, "lag_ms",
                     (json_int_t)lag_ms, "refused", count_refused(agent));
}

/* An id of the stream is "milliseconds-number". */
static void read_place(const char *place, uint64_t parts[2])
{
    const size_t dash = strcspn(place, "-");
    const struct zta_text texts[] = {{.data = place, .len = dash},
                                     zta_text_of(place[dash] == '\0' ? "" : place + dash + 1)};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (zta_text_to_u64(texts[i], UINT64_MAX, &parts[i]) != ZTA_OK) {
            parts[i] = 0;
        }
    }
}

bool ctl_agent_has_passed(const char *place, const char *mark)
{
    uint64_t a[2];
    uint64_t b[2];
    read_place(place, a);
    read_place(mark, b);
    return a[0] != b[0] ? a[0] > b[0] : a[1] >= b[1];
}

void ctl_agent_reach(struct ctl_agent *agent)
{
    if (agent->mark[0] != '\0' && ctl_agent_has_passed(agent->place, agent->mark)) {
        agent->as_of_s = agent->mark_s;
        agent->mark[0] = '\0';
    }
}

/* Asks anew once the last question is answered: a node that hears slowly is as old as it is. */
static enum zta_status set_mark(struct ctl_agent *agent, struct zta_error *error)
{
    if (agent->mark[0] != '\0' || agent->is_place_lost) {
        return ZTA_OK;
    }
    agent->mark_s = now_s();
    const enum zta_status status = ctl_engine_head(agent->engine, agent->mark, error);
    if (status != ZTA_OK) {
        agent->mark[0] = '\0';
    }
    ctl_agent_reach(agent);
    return status;
}

static bool is_as_of_due(const struct ctl_agent *agent)
{
    const int64_t since_s = agent->as_of_s - agent->as_of_stored_s;
    return since_s >= CTL_FLEET_AS_OF_S || since_s < 0;
}

static enum zta_status store_progress(struct ctl_agent *agent, struct zta_error *error)
{
    struct zta_change *change = NULL;
    enum zta_status status = zta_change_begin(agent->ctl->store, "fleet agent", &change, error);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_fleet_set_place(change, agent->place);
    if (status == ZTA_OK && agent->as_of_s > 0) {
        status = zta_fleet_set_as_of(change, agent->as_of_s);
    }
    if (status == ZTA_OK) {
        status = zta_fleet_set_refused(change, (uint64_t)count_refused(agent));
    }
    if (status == ZTA_OK) {
        status = zta_change_commit(&change, error);
    }
    else {
        zta_change_abort(&change);
    }
    agent->is_place_moved = status != ZTA_OK;
    agent->as_of_stored_s = status == ZTA_OK ? agent->as_of_s : agent->as_of_stored_s;
    return status;
}

enum zta_status ctl_agent_beat(struct ctl_agent *agent, struct zta_error *error)
{
    char origin[2 * ZTA_ORIGIN_SIZE + 1];
    struct zta_fleet_digest digest = {.n = 0};
    uint64_t n_waiting = 0;
    enum zta_status status = look(agent, &digest, &n_waiting);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "reading the store: %s", zta_status_text(status));
    }
    status = ctl_engine_check_current(agent->engine, agent->config, error);
    if (status == ZTA_OK) {
        status = ctl_agent_resume(agent, error);
    }
    if (status == ZTA_OK) {
        status = ctl_agent_note_head(agent, error);
    }
    if (status == ZTA_OK && n_waiting == 0 && !agent->is_place_lost) {
        status = compare(agent, &digest, error);
    }
    if (status == ZTA_OK) {
        status = set_mark(agent, error);
    }
    if (status == ZTA_OK && (agent->is_place_moved || is_as_of_due(agent))) {
        status = store_progress(agent, error);
    }
    int64_t lag_ms = 0;
    if (status == ZTA_OK && agent->place[0] != '\0') {
        status = ctl_engine_lag(agent->engine, agent->place, &lag_ms, error);
    }
    json_t *own = status == ZTA_OK ? describe(agent, &digest, n_waiting, lag_ms) : NULL;
    char *text = own == NULL ? NULL : json_dumps(own, JSON_COMPACT);
    if (text != NULL) {
        zta_hex_encode(agent->fleet.origin, sizeof agent->fleet.origin, origin);
        status = ctl_engine_tell_node(agent->engine, origin, zta_text_of(text), error);
    }
    free(text);
    json_decref(own);
    return status;
}

/* ---- for `fleet status` ---- */

static void add_node(void *context, struct zta_text origin, struct zta_text text)
{
    json_t *node = NULL;
    if (text.len <= NODE_TEXT_MAX && json_array_size(context) < NODES_MAX) {
        node = json_loadb(text.data, text.len, 0, NULL);
    }
    if (json_is_object(node)) {
        (void)json_object_set_new(node, "origin", json_stringn(origin.data, origin.len));
        (void)json_array_append(context, node);
    }
    json_decref(node);
}

static json_t *outcomes_of(const struct ctl_agent *agent)
{
    json_t *object = json_object();
    for (size_t i = 0; i < ZTA_N_FLEET_OUTCOMES; i++) {
        const enum zta_fleet_outcome outcome = (enum zta_fleet_outcome)i;
        if (zta_fleet_outcome_is_refusal(outcome) && agent->outcomes[i] > 0) {
            (void)json_object_set_new(object, zta_fleet_outcome_name(outcome),
                                      json_integer((json_int_t)agent->outcomes[i]));
        }
    }
    return object;
}

/* Beside it first, so that no reader finds half of it. */
static void write_file(const struct ctl_agent *agent, const char *text)
{
    char path[PATH_MAX];
    char beside[PATH_MAX + 8];
    ctl_fleet_status_path(agent->ctl, path);
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) {
        return; /* a full disk, for one: what is there is old, and status says so */
    }
    const size_t len = strlen(text);
    const bool is_written = write(fd, text, len) == (ssize_t)len;
    if (close(fd) != 0 || !is_written || rename(beside, path) != 0) {
        (void)unlink(beside);
    }
}

/* Seldom where they are many: all of them ask for what all of them said. */
static void ask_nodes(struct ctl_agent *agent)
{
    struct zta_error error = {.status = ZTA_OK};
    const int64_t now_ns = zta_clock_monotonic_ns();
    if (agent->engine == NULL || now_ns < agent->next_lines_ns) {
        return;
    }
    json_t *lines = json_array();
    if (ctl_engine_nodes(agent->engine, add_node, lines, &error) != ZTA_OK) {
        json_decref(lines);
        ctl_agent_lose(agent, &error);
        return;
    }
    json_decref(agent->lines);
    agent->lines = lines;
    const int64_t n = (int64_t)json_array_size(lines);
    agent->next_lines_ns =
        now_ns + (n > NODES_OFTEN ? n * CTL_FLEET_TELL_S * ZTA_NS_PER_S / NODES_OFTEN : 0);
}

void ctl_agent_tell(struct ctl_agent *agent)
{
    const int64_t now = now_s();
    if (now - agent->told_s < CTL_FLEET_TELL_S && now >= agent->told_s) {
        return;
    }
    agent->told_s = now;
    ask_nodes(agent);
    json_t *all = json_pack(
        "{s:I, s:s, s:s?, s:I, s:s?, s:I, s:I, s:I, s:I, s:o, s:O?}", "time", (json_int_t)now,
        "config", agent->config->path, "engine",
        agent->engine == NULL ? NULL : ctl_engine_name(agent->engine), "connected",
        (json_int_t)(agent->engine == NULL ? 0 : agent->connected_s), "problem",
        agent->problem[0] == '\0' ? NULL : agent->problem, "said", (json_int_t)agent->n_said,
        "taken", (json_int_t)agent->outcomes[ZTA_FLEET_TAKEN], "compared",
        (json_int_t)agent->n_synced, "outdated", (json_int_t)agent->outcomes[ZTA_FLEET_OUTDATED],
        "refused", outcomes_of(agent), "nodes", agent->lines);
    char *text = all == NULL ? NULL : json_dumps(all, JSON_INDENT(1));
    if (text != NULL) {
        write_file(agent, text);
    }
    free(text);
    json_decref(all);
}
