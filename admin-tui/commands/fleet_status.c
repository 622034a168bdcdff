/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl fleet status, nodes, digest: of this store, and of what its agent last wrote of itself. */
#include <jansson.h>
#include <stdio.h>

#include "admin-tui/fleet/audits.h"
#include "admin-tui/fleet/picture.h"
#include "admin-tui/fleet/rules.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"

/* ---- for scripts ---- */

static void write_refused(struct zta_json *json, const char *member, const json_t *refused)
{
    const char *name;
    json_t *n;
    zta_json_begin_array(json, member);
    json_object_foreach((json_t *)(uintptr_t)refused, name, n)
    {
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "what", name);
        zta_json_int(json, "statements", (int64_t)json_integer_value(n));
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

static const char *role_name(const struct ctl_fleet_row *row)
{
    if (row->node == NULL) {
        return "not enrolled";
    }
    switch (row->node->role) {
    case ZTA_NODE_NONE:
        return "none";
    case ZTA_NODE_RESTRICT:
        return "restrict";
    case ZTA_NODE_FULL:
        break;
    }
    return "full";
}

/* Of an object that has begun. */
static void write_members(struct zta_json *json, const struct ctl_fleet_row *row)
{
    zta_json_text(json, "name", row->name);
    zta_json_bool(json, "this", row->is_this);
    zta_json_string(json, "state", ctl_fleet_state_name(row->state));
    zta_json_string(json, "role", role_name(row));
    zta_json_time(json, "seen", ctl_fleet_number(row->said, "time"));
    zta_json_int(json, "lag_ms", ctl_fleet_number(row->said, "lag_ms"));
    zta_json_int(json, "statements", ctl_fleet_number(row->said, "statements"));
    zta_json_int(json, "waiting", ctl_fleet_number(row->said, "waiting"));
    zta_json_int(json, "refused", ctl_fleet_number(row->said, "refused"));
    zta_json_bool(json, "alike", row->state == CTL_FLEET_ALIKE);
    zta_json_text(json, "sum", ctl_fleet_text(row->said, "sum"));
    zta_json_text(json, "release", ctl_fleet_text(row->said, "release"));
    zta_json_time(json, "enrolled", row->node == NULL ? 0 : row->node->enrolled_s);
    zta_json_string(json, "origin", row->origin);
}

static void write_node(void *context, const struct ctl_fleet_row *row)
{
    struct zta_json *json = context;
    zta_json_begin_object(json, NULL);
    write_members(json, row);
    zta_json_end_object(json);
}

/* What only this node's agent can say of it. */
static void write_agent(struct zta_json *json, const struct ctl_fleet_picture *picture)
{
    zta_json_string(json, "fleet", picture->fleet.name);
    zta_json_bool(json, "agent_runs", ctl_fleet_agent_runs(picture));
    zta_json_text(json, "engine", ctl_fleet_text(picture->said, "engine"));
    zta_json_text(json, "problem", ctl_fleet_text(picture->said, "problem"));
    zta_json_time(json, "connected", ctl_fleet_number(picture->said, "connected"));
    zta_json_int(json, "to_be_sent", (int64_t)picture->n_waiting);
    write_refused(json, "refused_here", json_object_get(picture->said, "refused"));
}

static void write_rules(void *context, const struct ctl_fleet_rules *rules)
{
    struct zta_json *json = context;
    zta_json_begin_object(json, NULL);
    zta_json_int(json, "version", (int64_t)rules->layer->version);
    zta_json_text(json, "node", rules->node);
    zta_json_time(json, "time", rules->layer->changed_ns / ZTA_NS_PER_S);
    zta_json_string(json, "state", rules->state);
    zta_json_text(json, "problem", zta_text_of(rules->problem));
    zta_json_end_object(json);
}

static void write_audit(void *context, const struct zta_audit_heads *heads, struct zta_text node)
{
    struct zta_json *json = context;
    char hex[2 * ZTA_SHA256_SIZE + 1];
    const struct zta_audit_head *head = zta_audit_heads_latest(heads);
    zta_hex_encode(head->hash.bytes, sizeof head->hash.bytes, hex);
    zta_json_begin_object(json, NULL);
    zta_json_text(json, "node", node);
    zta_json_int(json, "entries", (int64_t)head->id);
    zta_json_string(json, "head", hex);
    zta_json_time(json, "time", head->time_ns / ZTA_NS_PER_S);
    zta_json_bool(json, "rewound", heads->is_rewound);
    zta_json_end_object(json);
}

/* ---- for people ---- */

/* Of nodes whose trail is as it should be nothing is said. */
static void say_audit(void *context, const struct zta_audit_heads *heads, struct zta_text node)
{
    char when[ZTA_TIME_TEXT_MAX];
    const bool is_named = !zta_text_is_absent(node);
    if (heads->is_rewound) {
        zta_time_print(heads->rewound.time_ns / ZTA_NS_PER_S, when);
        ctl_say("audit      of %.*s was set back: it went on with entry %llu at %s",
                is_named ? (int)node.len : 1, is_named ? node.data : "-",
                (unsigned long long)heads->rewound.id, when);
    }
}

static void say_rules(void *context, const struct ctl_fleet_rules *rules)
{
    char when[ZTA_TIME_TEXT_MAX];
    const bool is_named = !zta_text_is_absent(rules->node);
    zta_time_print(rules->layer->changed_ns / ZTA_NS_PER_S, when);
    ctl_say("rules      version %llu of %.*s, %s: %s%s%s",
            (unsigned long long)rules->layer->version, is_named ? (int)rules->node.len : 1,
            is_named ? rules->node.data : "-", when, rules->state,
            rules->problem == NULL ? "" : ": ", rules->problem == NULL ? "" : rules->problem);
}

static void say_agent(const struct ctl_fleet_picture *picture)
{
    char since[ZTA_TIME_TEXT_MAX];
    const struct zta_text engine = ctl_fleet_text(picture->said, "engine");
    const struct zta_text problem = ctl_fleet_text(picture->said, "problem");
    if (!ctl_fleet_agent_runs(picture)) {
        ctl_say("agent      does not run: ztactl fleet agent");
    }
    else if (zta_text_is_absent(engine)) {
        ctl_say("agent      runs, without the engine: %.*s", (int)problem.len, problem.data);
    }
    else {
        zta_time_print(ctl_fleet_number(picture->said, "connected"), since);
        ctl_say("agent      runs, at %.*s since %s", (int)engine.len, engine.data, since);
    }
}

static void say_age(const struct ctl_fleet_picture *picture)
{
    const int64_t age_s = zta_fleet_age_s(picture->as_of_s, picture->now_s);
    if (picture->as_of_s == 0) {
        ctl_say("knows      nothing of the others yet");
    }
    else {
        ctl_say("knows      what the fleet knew %llds ago", (long long)age_s);
    }
}

static void say_node(void *context, const struct ctl_fleet_row *row)
{
    const struct ctl_fleet_picture *picture = context;
    if (row->said == NULL) {
        ctl_say("node       %-20.*s %s", (int)row->name.len, row->name.data,
                ctl_fleet_state_name(row->state));
        return;
    }
    const int64_t age_s = picture->now_s - ctl_fleet_number(row->said, "time");
    ctl_say("node       %-20.*s %s, seen %llds ago, %lld statements, %lld waiting, lag %lldms",
            (int)row->name.len, row->name.data, ctl_fleet_state_name(row->state), (long long)age_s,
            (long long)ctl_fleet_number(row->said, "statements"),
            (long long)ctl_fleet_number(row->said, "waiting"),
            (long long)ctl_fleet_number(row->said, "lag_ms"));
}

static void say_all(struct ctl *ctl, struct ctl_fleet_picture *picture)
{
    const char *name;
    json_t *n;
    ctl_say("fleet      %s, this node is %s", picture->fleet.name, picture->fleet.node);
    say_agent(picture);
    say_age(picture);
    ctl_say("said       %llu statements, sum %s", (unsigned long long)picture->digest.n,
            picture->sum);
    ctl_say("waiting    %llu to be sent", (unsigned long long)picture->n_waiting);
    if (picture->n_held > 0) {
        ctl_say("held       %llu above the bound, without effect here",
                (unsigned long long)picture->n_held);
    }
    json_object_foreach(json_object_get(picture->said, "refused"), name, n)
    {
        ctl_say("refused    %lld %s", (long long)json_integer_value(n), name);
    }
    const long long n_outdated = (long long)ctl_fleet_number(picture->said, "outdated");
    if (n_outdated > 0) {
        ctl_say("outdated   %lld %s", n_outdated, zta_fleet_outcome_name(ZTA_FLEET_OUTDATED));
    }
    ctl_fleet_each_rules(ctl, say_rules, NULL);
    ctl_fleet_each_audit(ctl, say_audit, NULL);
    ctl_fleet_each_row(picture, say_node, picture);
}

static enum ctl_exit print_json(struct ctl *ctl, const struct ctl_fleet_picture *picture)
{
    struct ctl_list list;
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_string(&list, "fleet", picture->fleet.name);
    ctl_row_string(&list, "node", picture->fleet.node);
    ctl_row_bool(&list, "agent_runs", ctl_fleet_agent_runs(picture));
    ctl_row_text(&list, "engine", ctl_fleet_text(picture->said, "engine"));
    ctl_row_text(&list, "problem", ctl_fleet_text(picture->said, "problem"));
    ctl_row_time(&list, "connected", ctl_fleet_number(picture->said, "connected"));
    ctl_row_time(&list, "as_of", picture->as_of_s);
    ctl_row_int(&list, "statements", (int64_t)picture->digest.n);
    ctl_row_string(&list, "sum", picture->sum);
    ctl_row_int(&list, "waiting", (int64_t)picture->n_waiting);
    ctl_row_int(&list, "held", (int64_t)picture->n_held);
    ctl_row_int(&list, "outdated", ctl_fleet_number(picture->said, "outdated"));
    struct zta_json *json = ctl_row_json(&list);
    if (json != NULL) {
        write_refused(json, "refused", json_object_get(picture->said, "refused"));
        zta_json_begin_array(json, "audits");
        ctl_fleet_each_audit(ctl, write_audit, json);
        zta_json_end_array(json);
        zta_json_begin_array(json, "rules");
        ctl_fleet_each_rules(ctl, write_rules, json);
        zta_json_end_array(json);
        zta_json_begin_array(json, "nodes");
        ctl_fleet_each_row(picture, write_node, json);
        zta_json_end_array(json);
    }
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

enum ctl_exit ctl_run_fleet_status(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_fleet_picture picture;
    const enum zta_status status = ctl_fleet_picture_read(ctl, &picture, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "reading the store");
    }
    enum ctl_exit code = CTL_DONE;
    if (ctl_is_json(ctl)) {
        code = print_json(ctl, &picture);
    }
    else {
        say_all(ctl, &picture);
    }
    const bool is_well = ctl_fleet_agent_runs(&picture) &&
                         !zta_text_is_absent(ctl_fleet_text(picture.said, "engine"));
    ctl_fleet_picture_clear(&picture);
    return code == CTL_DONE && ctl_option_is_set(&ctl->options, CTL_OPTION_CHECK) && !is_well
               ? CTL_FAILED
               : code;
}

enum ctl_exit ctl_run_fleet_digest(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_fleet_picture picture;
    struct ctl_list list;
    const enum zta_status status = ctl_fleet_picture_read(ctl, &picture, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "reading the store");
    }
    ctl_fleet_picture_clear(&picture);
    if (!ctl_is_json(ctl)) {
        ctl_say("%llu %s", (unsigned long long)picture.digest.n, picture.sum);
        return CTL_DONE;
    }
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_int(&list, "statements", (int64_t)picture.digest.n);
    ctl_row_string(&list, "sum", picture.sum);
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

struct table {
    const struct ctl_fleet_picture *picture;
    struct ctl_list list;
    enum ctl_fleet_state state; /* whose rows are written now */
};

static void add_row(void *context, const struct ctl_fleet_row *row)
{
    struct table *table = context;
    struct ctl_list *list = &table->list;
    if (row->state != table->state) {
        return;
    }
    ctl_row_begin(list);
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        write_members(json, row);
        if (row->is_this) {
            write_agent(json, table->picture);
        }
    }
    else {
        ctl_row_text(list, "name", row->name);
        ctl_row_string(list, "state", ctl_fleet_state_name(row->state));
        ctl_row_string(list, "role", role_name(row));
        ctl_row_time(list, "seen", ctl_fleet_number(row->said, "time"));
        ctl_row_int(list, "lag_ms", ctl_fleet_number(row->said, "lag_ms"));
        ctl_row_int(list, "statements", ctl_fleet_number(row->said, "statements"));
        ctl_row_int(list, "waiting", ctl_fleet_number(row->said, "waiting"));
        ctl_row_int(list, "refused", ctl_fleet_number(row->said, "refused"));
        ctl_row_text(list, "release", ctl_fleet_text(row->said, "release"));
    }
    ctl_row_end(list);
}

enum ctl_exit ctl_run_fleet_nodes(struct ctl *ctl)
{
    static const char *const titles[] = {"NODE",        "STATE",    "ROLE",     "SEEN",   ">LAG MS",
                                         ">STATEMENTS", ">WAITING", ">REFUSED", "RELEASE"};
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_fleet_picture picture;
    struct table table = {.picture = &picture};
    const enum zta_status status = ctl_fleet_picture_read(ctl, &picture, &error);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return ctl_fail_status(status, &error, "reading the store");
    }
    ctl_list_open(&table.list, ctl_is_json(ctl), CTL_TABLE, titles,
                  sizeof titles / sizeof titles[0]);
    if (status == ZTA_NOT_FOUND) {
        ctl_note("%s", error.text);
        return ctl_list_print(&table.list);
    }
    for (int state = 0; state < CTL_FLEET_N_STATES; state++) {
        table.state = (enum ctl_fleet_state)state;
        ctl_fleet_each_row(&picture, add_row, &table);
    }
    ctl_fleet_picture_clear(&picture);
    return ctl_list_print(&table.list);
}
