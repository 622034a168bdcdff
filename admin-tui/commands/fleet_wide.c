/* SPDX-License-Identifier: Apache-2.0 */
/* events --fleet, sessions list --fleet, sessions show --fleet: what all nodes answer. */
#include "admin-tui/commands/fleet_wide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/filter.h"
#include "admin-tui/fleet/ask.h"
#include "admin-tui/fleet/picture.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"

#define ROWS_DEFAULT 20
#define LAST_DEFAULT INT64_C(300)
#define REFUSED      "outcome=deny,step_up,throttle,challenge"

struct wide_column {
    const char *title;
    const char *member;
};

static const struct wide_column event_columns[] = {
    {"NODE", NULL},         {"TIME", "time"},     {"OUTCOME", "outcome"}, {"REASON", "reason"},
    {"RULE", "rule"},       {"METHOD", "method"}, {"PATH", "path"},       {"SUBJECT", "subject"},
    {"ADDRESS", "address"}, {">N", "n"},
};
static const struct wide_column session_columns[] = {
    {"NODE", NULL},
    {"ID", "id"},
    {"SUBJECT", "subject"},
    {"ISSUER", "issuer"},
    {"CLIENT", "client"},
    {"ADDRESS", "address"},
    {"LAST SEEN", "last_seen"},
    {">REQUESTS", "requests"},
    {">DENIED", "denied"},
    {">RISK", "risk"},
    {"REVOKED", "revoked"},
};

static void put_row(struct ctl_list *list, const struct wide_column *columns, size_t n,
                    const char *node, const json_t *row)
{
    ctl_row_begin(list);
    ctl_row_string(list, "", node);
    for (size_t i = 1; i < n; i++) {
        const json_t *value = json_object_get(row, columns[i].member);
        if (json_is_integer(value)) {
            ctl_row_int(list, "", json_integer_value(value));
        }
        else {
            ctl_row_text(list, "", zta_text_of(json_string_value(value)));
        }
    }
    ctl_row_end(list);
}

static enum ctl_exit print_table(const json_t *answers, const struct wide_column *columns, size_t n)
{
    struct ctl_list list;
    const char *titles[CTL_COLUMNS_MAX];
    size_t i;
    size_t k;
    const json_t *answer;
    const json_t *row;
    for (size_t c = 0; c < n; c++) {
        titles[c] = columns[c].title;
    }
    ctl_list_open(&list, false, CTL_TABLE, titles, n);
    json_array_foreach(answers, i, answer)
    {
        json_array_foreach(json_object_get(answer, "rows"), k, row)
        {
            put_row(&list, columns, n, json_string_value(json_object_get(answer, "node")), row);
        }
    }
    return ctl_list_print(&list);
}

static enum ctl_exit print(const struct ctl *ctl, const json_t *answers,
                           const struct wide_column *columns, size_t n)
{
    if (!ctl_is_json(ctl)) {
        return print_table(answers, columns, n);
    }
    char *text = json_dumps(answers, JSON_INDENT(1));
    if (text == NULL) {
        return ctl_fail_status(ZTA_NO_MEMORY, NULL, "printing");
    }
    (void)fputs(text, stdout);
    (void)fputc('\n', stdout);
    free(text);
    return ctl_flush();
}

/* Asks what was packed, and prints the answers; the question is given away. */
static enum ctl_exit ask_and_print(const struct ctl *ctl, json_t *question,
                                   const struct wide_column *columns, size_t n)
{
    json_t *answers = NULL;
    enum ctl_exit code = question == NULL ? ctl_fail_status(ZTA_NO_MEMORY, NULL, "asking")
                                          : ctl_fleet_ask(ctl, question, &answers);
    if (code == CTL_DONE) {
        code = print(ctl, answers, columns, n);
    }
    json_decref(answers);
    json_decref(question);
    return code;
}

static enum ctl_exit rows_of_each(const struct ctl *ctl, size_t *most)
{
    struct zta_error error = {.status = ZTA_OK};
    *most = ROWS_DEFAULT;
    if (ctl_option_count(&ctl->options, CTL_OPTION_LIMIT, most, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    return *most >= 1 && *most <= CTL_FLEET_ROWS_MAX
               ? CTL_DONE
               : ctl_fail(CTL_USAGE, "--limit: with --fleet from 1 to %d rows of each node",
                          CTL_FLEET_ROWS_MAX);
}

enum ctl_exit ctl_events_of_fleet(const struct ctl *ctl)
{
    static struct ctl_filter filter; /* too large for a stack */
    struct zta_error error = {.status = ZTA_OK};
    const struct zta_text wanted = ctl_option_text(&ctl->options, CTL_OPTION_FILTER);
    int64_t last_s = LAST_DEFAULT;
    size_t most;
    char about[1024];
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_FOLLOW) ||
        ctl_option_is_set(&ctl->options, CTL_OPTION_BY)) {
        return ctl_fail(CTL_USAGE, "--fleet goes with neither --follow nor --by");
    }
    const int len = snprintf(about, sizeof about, REFUSED "%s%.*s", wanted.len > 0 ? " " : "",
                             (int)wanted.len, wanted.len > 0 ? wanted.data : "");
    if (len < 0 || (size_t)len >= sizeof about) {
        return ctl_fail(CTL_USAGE, "--filter: too long to be asked of the fleet");
    }
    if (ctl_filter_parse(zta_text_of(about), &filter, &error) != ZTA_OK ||
        ctl_option_duration(&ctl->options, CTL_OPTION_LAST, &last_s, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    const enum ctl_exit code = rows_of_each(ctl, &most);
    return code != CTL_DONE
               ? code
               : ask_and_print(ctl,
                               json_pack("{s:s, s:s, s:I, s:I}", "what", CTL_FLEET_ASK_EVENTS,
                                         "about", about, "most", (json_int_t)most, "last_s",
                                         (json_int_t)last_s),
                               event_columns, sizeof event_columns / sizeof event_columns[0]);
}

enum ctl_exit ctl_sessions_of_fleet(const struct ctl *ctl)
{
    const struct zta_text subject = ctl_option_text(&ctl->options, CTL_OPTION_SUBJECT);
    size_t most;
    if (zta_text_is_absent(subject)) {
        return ctl_fail(CTL_USAGE,
                        "--fleet needs --subject: whose sessions all nodes are asked for");
    }
    const enum ctl_exit code = rows_of_each(ctl, &most);
    return code != CTL_DONE
               ? code
               : ask_and_print(ctl,
                               json_pack("{s:s, s:s%, s:I}", "what", CTL_FLEET_ASK_SESSIONS,
                                         "about", subject.data, subject.len, "most",
                                         (json_int_t)most),
                               session_columns, sizeof session_columns / sizeof session_columns[0]);
}

enum ctl_exit ctl_session_of_fleet(const struct ctl *ctl, const char *id)
{
    return ask_and_print(ctl, json_pack("{s:s, s:s}", "what", CTL_FLEET_ASK_SESSION, "about", id),
                         session_columns, sizeof session_columns / sizeof session_columns[0]);
}
