/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl fleet create, join, leave, sign, enrol, agent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/actions.h"
#include "admin-tui/fleet/agent.h"
#include "admin-tui/fleet/config.h"
#include "admin-tui/hits.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/fleet/node.h"

static const char *config_path(const struct ctl *ctl)
{
    return ctl->n_arguments > 0 ? ctl->arguments[0] : CTL_FLEET_CONFIG_DEFAULT;
}

/* A document of one thing to carry on: a line for people, a member for scripts. */
static enum ctl_exit print_text(const struct ctl *ctl, const char *name, const char *text)
{
    struct ctl_list list;
    if (!ctl_is_json(ctl)) {
        ctl_say("%s", text);
        return CTL_DONE;
    }
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_string(&list, name, text);
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

enum ctl_exit ctl_run_fleet_create(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    struct zta_signing_key *key = NULL;
    struct zta_public_key public_key;
    char text[ZTA_SIGNING_TEXT_SIZE];
    const enum zta_status status = zta_signing_create(ctl->arguments[0], &key, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    zta_signing_public(key, &public_key);
    zta_signing_close(&key);
    zta_public_key_print(&public_key, text);
    ctl_note("The operator's private key is in %s: keep it off the proxies. Its public key, which "
             "fleet.conf of every node names as operator-key:",
             ctl->arguments[0]);
    return print_text(ctl, "operator_key", text);
}

/* ---- being part ---- */

/* The node's key: the one that is there, or a new one. */
static enum zta_status get_key(const struct ctl *ctl, const struct ctl_fleet_config *config,
                               struct zta_public_key *public_key, struct zta_error *error)
{
    char path[PATH_MAX];
    struct zta_signing_key *key = NULL;
    ctl_fleet_key_path(ctl, config, path);
    enum zta_status status = zta_signing_open(path, &key, error);
    if (status == ZTA_NOT_FOUND) {
        status = zta_signing_create(path, &key, error);
    }
    if (status == ZTA_OK) {
        zta_signing_public(key, public_key);
        zta_signing_close(&key);
    }
    return status;
}

static enum zta_status get_fleet(const struct ctl *ctl, struct zta_fleet *fleet,
                                 struct zta_error *error)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_fleet_get(view, fleet);
        zta_view_end(&view);
    }
    return status == ZTA_NOT_FOUND
               ? zta_error_set(error, status, "this store is in no fleet: ztactl fleet join")
               : status;
}

static enum ctl_exit print_request(const struct ctl *ctl, const struct zta_public_key *key)
{
    struct zta_fleet fleet;
    struct zta_fleet_node node = {.key = *key};
    char text[ZTA_NODE_REQUEST_MAX];
    const enum zta_status status = get_fleet(ctl, &fleet, NULL);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading the store");
    }
    memcpy(node.origin, fleet.origin, sizeof node.origin);
    memcpy(node.name, fleet.node, sizeof node.name);
    zta_node_request_print(&node, zta_text_of(fleet.name), text);
    ctl_note("This store is part of fleet %s as %s. Have this line signed (ztactl fleet sign), and "
             "enrolled on a node that is:",
             fleet.name, fleet.node);
    return print_text(ctl, "request", text);
}

enum ctl_exit ctl_run_fleet_join(struct ctl *ctl)
{
    static struct ctl_fleet_config config; /* too large for a stack */
    struct ctl_action action;
    struct zta_fleet fleet = {.name = ""};
    struct zta_public_key key;
    struct zta_error error = {.status = ZTA_OK};
    const enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    enum zta_status status = ctl_fleet_config_read(config_path(ctl), &config, &error);
    if (status == ZTA_OK) {
        status = get_key(ctl, &config, &key, &error);
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    memcpy(fleet.name, config.fleet, sizeof fleet.name);
    memcpy(fleet.node, config.node, sizeof fleet.node);
    fleet.operator_key = config.operator_key;
    status = ctl_action_fleet_join(&action, &fleet);
    return status == ZTA_OK ? print_request(ctl, &key) : ctl_fail_status(status, &action.error, "");
}

static enum ctl_exit ask_about_waiting(const struct ctl *ctl)
{
    struct zta_view *view = NULL;
    uint64_t n = 0;
    char question[96];
    char number[24];
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_fleet_waiting(view, &n);
        zta_view_end(&view);
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading the outbox");
    }
    (void)snprintf(question, sizeof question, "%llu changes were not sent to the fleet.",
                   (unsigned long long)n);
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)n);
    return n == 0 ? CTL_DONE : ctl_ask(ctl, question, number);
}

enum ctl_exit ctl_run_fleet_leave(struct ctl *ctl)
{
    struct ctl_action action;
    struct zta_fleet fleet;
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_report report = {.done = "left",
                                .effect = "What the fleet made of this store stays."};
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    enum zta_status status = get_fleet(ctl, &fleet, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "reading the store");
    }
    (void)snprintf(report.target, sizeof report.target, "fleet %s", fleet.name);
    ctl_report_plan(ctl, &report);
    code = ask_about_waiting(ctl);
    if (code != CTL_DONE) {
        return code;
    }
    status = ctl_action_fleet_leave(&action, &fleet);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

/* ---- nodes ---- */

static const struct {
    const char *word;
    enum zta_node_role role;
} roles[] = {{.word = "full", .role = ZTA_NODE_FULL},
             {.word = "restrict", .role = ZTA_NODE_RESTRICT},
             {.word = "none", .role = ZTA_NODE_NONE}};

static enum ctl_exit take_role(const struct ctl *ctl, struct zta_fleet_node *node)
{
    struct zta_text given = ctl_option_text(&ctl->options, CTL_OPTION_ROLE);
    given = zta_text_is_absent(given) ? zta_text_of(roles[0].word) : given;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (zta_text_equal(given, zta_text_of(roles[i].word))) {
            node->role = roles[i].role;
            return CTL_DONE;
        }
    }
    return ctl_fail(CTL_USAGE, "--role: '%s'; expected full, restrict or none", given.data);
}

/* The arguments from the second on, as one line. */
static void join_arguments(const struct ctl *ctl, size_t first, char *text, size_t size)
{
    struct zta_buffer line;
    zta_buffer_init(&line, text, size - 1);
    for (size_t i = first; i < ctl->n_arguments; i++) {
        zta_buffer_string(&line, i == first ? "" : " ");
        zta_buffer_string(&line, ctl->arguments[i]);
    }
    text[line.is_overflowed ? 0 : line.len] = '\0';
}

enum ctl_exit ctl_run_fleet_sign(struct ctl *ctl)
{
    static uint8_t bytes[ZTA_STATEMENT_MAX];
    size_t size = 0;
    char line[2 * ZTA_NODE_REQUEST_MAX];
    char text[ZTA_NODE_ENROLMENT_MAX];
    struct zta_text fleet;
    struct zta_fleet_node node;
    struct zta_signing_key *key = NULL;
    struct zta_error error = {.status = ZTA_OK};
    join_arguments(ctl, 1, line, sizeof line);
    enum zta_status status = zta_node_request_parse(zta_text_of(line), &fleet, &node, &error);
    if (status != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    const enum ctl_exit code = take_role(ctl, &node);
    if (code != CTL_DONE) {
        return code;
    }
    status = zta_signing_open(ctl->arguments[0], &key, &error);
    if (status == ZTA_OK) {
        const int64_t now_ns = zta_clock_real_ns();
        node.enrolled_s = now_ns / ZTA_NS_PER_S;
        status = zta_node_seal(&node, fleet, now_ns, key, bytes, &size);
        zta_signing_close(&key);
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "signing");
    }
    zta_node_enrolment_print((struct zta_text){.data = (const char *)bytes, .len = size}, text);
    return print_text(ctl, "enrolment", text);
}

static enum ctl_exit read_line(char *line, size_t size)
{
    if (fgets(line, (int)size, stdin) == NULL) {
        return ctl_fail(CTL_USAGE, "there is no line on standard input");
    }
    return CTL_DONE;
}

enum ctl_exit ctl_run_fleet_enrol(struct ctl *ctl)
{
    uint8_t bytes[ZTA_NODE_STATEMENT_MAX];
    size_t size = 0;
    char line[ZTA_NODE_ENROLMENT_MAX + 2];
    struct zta_fleet fleet;
    struct ctl_action action;
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_report report = {.done = "enrolled", .effect = "The agent tells the fleet."};
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    join_arguments(ctl, 0, line, sizeof line);
    if (code == CTL_DONE && strcmp(line, "-") == 0) {
        code = read_line(line, sizeof line);
    }
    if (code != CTL_DONE) {
        return code;
    }
    if (zta_node_enrolment_parse(zta_text_of(line), bytes, &size) != ZTA_OK) {
        return ctl_fail(CTL_USAGE,
                        "no enrolment; expected the line that ztactl fleet sign printed");
    }
    enum zta_status status = get_fleet(ctl, &fleet, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "reading the store");
    }
    (void)snprintf(report.target, sizeof report.target, "a node of fleet %s", fleet.name);
    status = ctl_action_fleet_enrol(&action, &fleet,
                                    (struct zta_text){.data = (const char *)bytes, .len = size});
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

enum ctl_exit ctl_run_fleet_agent(struct ctl *ctl)
{
    static struct ctl_fleet_config config; /* too large for a stack */
    struct zta_error error = {.status = ZTA_OK};
    const enum zta_status status = ctl_fleet_config_read(config_path(ctl), &config, &error);
    return status == ZTA_OK ? ctl_fleet_agent_run(ctl, &config)
                            : ctl_fail_status(status, &error, "");
}
