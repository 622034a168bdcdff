/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl help, ztactl version. */
#include "admin-tui/help.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/schema.h"
#include "shared/base/version.h"

static void add_command(struct ctl_list *list, const struct ctl_command *command)
{
    ctl_row_begin(list);
    ctl_row_string(list, "command", command->words);
    ctl_row_string(list, "arguments", command->arguments);
    ctl_row_string(list, "summary", command->summary);
    ctl_row_string(list, "description", command->description);
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        zta_json_begin_array(json, "options");
        for (unsigned i = 0; i < CTL_N_OPTIONS; i++) {
            const struct ctl_option_info *info = ctl_option_info((enum ctl_option)i);
            if (((command->options | CTL_SET_COMMON) >> i & 1) != 0) {
                zta_json_begin_object(json, NULL);
                zta_json_string(json, "option", info->name);
                zta_json_string(json, "value", info->value);
                zta_json_bool(json, "repeatable", info->is_repeatable);
                zta_json_string(json, "help", info->help);
                zta_json_end_object(json);
            }
        }
        zta_json_end_array(json);
    }
    ctl_row_end(list);
}

/* All commands, or those whose words begin so, for programs. */
static enum ctl_exit list_commands(const struct ctl *ctl)
{
    struct ctl_list list;
    bool is_there = false;
    ctl_list_open(&list, true, CTL_TABLE, NULL, 0);
    for (size_t i = 0; ctl_command_at(i) != NULL; i++) {
        const struct ctl_command *command = ctl_command_at(i);
        if (ctl_help_is_about(command, ctl->arguments, ctl->n_arguments)) {
            add_command(&list, command);
            is_there = true;
        }
    }
    if (is_there) {
        return ctl_list_print(&list);
    }
    ctl_list_close(&list);
    return ctl_fail(CTL_USAGE, "there is no command '%s'; `ztactl help` lists them",
                    ctl->arguments[0]);
}

enum ctl_exit ctl_run_help(struct ctl *ctl)
{
    if (ctl_is_json(ctl)) {
        return list_commands(ctl);
    }
    if (ctl->n_arguments == 0) {
        ctl_help_list(NULL);
        return CTL_DONE;
    }
    size_t n_taken = 0;
    const char *nearest = NULL;
    const struct ctl_command *command =
        ctl_command_find(ctl->arguments, ctl->n_arguments, &n_taken, &nearest);
    if (command != NULL && n_taken == ctl->n_arguments) {
        ctl_help_command(command);
        return CTL_DONE;
    }
    if (ctl->n_arguments == 1 && ctl_help_topic(ctl->arguments[0])) {
        ctl_help_list(ctl->arguments[0]);
        return CTL_DONE;
    }
    return ctl_fail(CTL_USAGE, "there is no command '%s'; `ztactl help` lists them",
                    ctl->arguments[0]);
}

enum ctl_exit ctl_run_version(struct ctl *ctl)
{
    struct ctl_list list;
    ctl_list_open(&list, ctl_option_is_set(&ctl->options, CTL_OPTION_JSON), CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_string(&list, "version", ZTA_VERSION_TEXT);
    ctl_row_int(&list, "store_format", ZTA_STORE_VERSION);
    ctl_row_int(&list, "schema", CTL_SCHEMA_VERSION);
    ctl_row_end(&list);
    return ctl_list_print(&list);
}
