/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl help, ztactl version. */
#include "admin-tui/help.h"
#include "admin-tui/output.h"
#include "shared/base/version.h"

enum ctl_exit ctl_run_help(struct ctl *ctl)
{
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
    ctl_row_end(&list);
    return ctl_list_print(&list);
}
