/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl fleet status, digest: of this store, and of what its agent last wrote of itself. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/fleet/agent.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/base/file.h"
#include "shared/store/fleet.h"

/* An agent writes every 5 s; one that did not for longer does not run. */
#define AGENT_SILENT_S 20
#define STATUS_MAX     (1 << 20)

struct picture {
    struct zta_fleet fleet;
    struct zta_fleet_digest digest;
    uint64_t n_waiting;
    json_t *said; /* by the agent; NULL: nothing */
    int64_t now_s;
    struct ctl_list list;
};

static enum zta_status look(const struct ctl *ctl, struct picture *picture, struct zta_error *error)
{
    struct zta_view *view = NULL;
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
    zta_view_end(&view);
    return status == ZTA_NOT_FOUND
               ? zta_error_set(error, status, "this store is in no fleet: ztactl fleet join")
               : status;
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

static int64_t number(const json_t *object, const char *name)
{
    const json_int_t value = json_integer_value(json_object_get(object, name));
    return value > 0 ? (int64_t)value : 0;
}

static struct zta_text text_in(const json_t *object, const char *name)
{
    return zta_text_of(json_string_value(json_object_get(object, name)));
}

static bool is_running(const struct picture *picture)
{
    const int64_t age_s = picture->now_s - number(picture->said, "time");
    return picture->said != NULL && age_s < AGENT_SILENT_S;
}

static void print_sum(const struct zta_fleet_digest *digest, char *text)
{
    zta_hex_encode(digest->sum, sizeof digest->sum, text);
}

/* ---- for scripts ---- */

static void write_refused(struct zta_json *json, const json_t *refused)
{
    const char *name;
    json_t *n;
    zta_json_begin_array(json, "refused");
    json_object_foreach((json_t *)(uintptr_t)refused, name, n)
    {
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "what", name);
        zta_json_int(json, "statements", (int64_t)json_integer_value(n));
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

static void write_nodes(struct zta_json *json, const struct picture *picture, const json_t *nodes)
{
    size_t i;
    const json_t *node;
    char own[2 * sizeof picture->digest.sum + 1];
    print_sum(&picture->digest, own);
    zta_json_begin_array(json, "nodes");
    json_array_foreach(nodes, i, node)
    {
        zta_json_begin_object(json, NULL);
        zta_json_text(json, "name", text_in(node, "name"));
        zta_json_time(json, "seen", number(node, "time"));
        zta_json_int(json, "statements", number(node, "statements"));
        zta_json_int(json, "waiting", number(node, "waiting"));
        zta_json_bool(json, "alike", zta_text_equal(text_in(node, "sum"), zta_text_of(own)));
        zta_json_text(json, "release", text_in(node, "release"));
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

/* ---- for people ---- */

static void say_agent(const struct picture *picture)
{
    char since[ZTA_TIME_TEXT_MAX];
    const struct zta_text engine = text_in(picture->said, "engine");
    const struct zta_text problem = text_in(picture->said, "problem");
    if (!is_running(picture)) {
        ctl_say("agent      does not run: ztactl fleet agent");
    }
    else if (zta_text_is_absent(engine)) {
        ctl_say("agent      runs, without the engine: %.*s", (int)problem.len, problem.data);
    }
    else {
        zta_time_print(number(picture->said, "connected"), since);
        ctl_say("agent      runs, at %.*s since %s", (int)engine.len, engine.data, since);
    }
}

static void say_nodes(const struct picture *picture)
{
    size_t i;
    const json_t *node;
    char own[2 * sizeof picture->digest.sum + 1];
    print_sum(&picture->digest, own);
    json_array_foreach(json_object_get(picture->said, "nodes"), i, node)
    {
        const struct zta_text name = text_in(node, "name");
        const int64_t age_s = picture->now_s - number(node, "time");
        ctl_say("node       %-20.*s seen %llds ago, %lld statements, %lld waiting, %s",
                (int)name.len, name.data, (long long)age_s, (long long)number(node, "statements"),
                (long long)number(node, "waiting"),
                zta_text_equal(text_in(node, "sum"), zta_text_of(own)) ? "alike" : "not alike");
    }
}

static void say_all(const struct picture *picture)
{
    const char *name;
    json_t *n;
    char sum[2 * sizeof picture->digest.sum + 1];
    print_sum(&picture->digest, sum);
    ctl_say("fleet      %s, this node is %s", picture->fleet.name, picture->fleet.node);
    say_agent(picture);
    ctl_say("said       %llu statements, sum %s", (unsigned long long)picture->digest.n, sum);
    ctl_say("waiting    %llu to be sent", (unsigned long long)picture->n_waiting);
    json_object_foreach(json_object_get(picture->said, "refused"), name, n)
    {
        ctl_say("refused    %lld %s", (long long)json_integer_value(n), name);
    }
    say_nodes(picture);
}

static enum ctl_exit print_json(struct picture *picture)
{
    struct ctl_list *list = &picture->list;
    char sum[2 * sizeof picture->digest.sum + 1];
    print_sum(&picture->digest, sum);
    ctl_list_open(list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(list);
    ctl_row_string(list, "fleet", picture->fleet.name);
    ctl_row_string(list, "node", picture->fleet.node);
    ctl_row_bool(list, "agent_runs", is_running(picture));
    ctl_row_text(list, "engine", text_in(picture->said, "engine"));
    ctl_row_text(list, "problem", text_in(picture->said, "problem"));
    ctl_row_time(list, "connected", number(picture->said, "connected"));
    ctl_row_int(list, "statements", (int64_t)picture->digest.n);
    ctl_row_string(list, "sum", sum);
    ctl_row_int(list, "waiting", (int64_t)picture->n_waiting);
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        write_refused(json, json_object_get(picture->said, "refused"));
        write_nodes(json, picture, json_object_get(picture->said, "nodes"));
    }
    ctl_row_end(list);
    return ctl_list_print(list);
}

enum ctl_exit ctl_run_fleet_status(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    struct picture picture = {.now_s = zta_clock_real_ns() / ZTA_NS_PER_S};
    const enum zta_status status = look(ctl, &picture, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "reading the store");
    }
    picture.said = read_said(ctl);
    enum ctl_exit code = CTL_DONE;
    if (ctl_is_json(ctl)) {
        code = print_json(&picture);
    }
    else {
        say_all(&picture);
    }
    const bool is_well =
        is_running(&picture) && !zta_text_is_absent(text_in(picture.said, "engine"));
    json_decref(picture.said);
    return code == CTL_DONE && ctl_option_is_set(&ctl->options, CTL_OPTION_CHECK) && !is_well
               ? CTL_FAILED
               : code;
}

enum ctl_exit ctl_run_fleet_digest(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    struct picture picture = {.now_s = 0};
    char sum[2 * sizeof picture.digest.sum + 1];
    const enum zta_status status = look(ctl, &picture, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "reading the store");
    }
    print_sum(&picture.digest, sum);
    if (!ctl_is_json(ctl)) {
        ctl_say("%llu %s", (unsigned long long)picture.digest.n, sum);
        return CTL_DONE;
    }
    ctl_list_open(&picture.list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&picture.list);
    ctl_row_int(&picture.list, "statements", (int64_t)picture.digest.n);
    ctl_row_string(&picture.list, "sum", sum);
    ctl_row_end(&picture.list);
    return ctl_list_print(&picture.list);
}
