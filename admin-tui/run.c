/* SPDX-License-Identifier: Apache-2.0 */
/* From words to the function of a command, with the store open as its owner. */
#include "admin-tui/run.h"

#include "admin-tui/help.h"
#include "admin-tui/output.h"
#include "admin-tui/watch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The words behind the options name a command, and what else is there fits it. */
static enum ctl_exit choose(struct ctl *ctl)
{
    size_t n_taken = 0;
    const char *nearest = NULL;
    struct zta_error error;
    char *const *words = ctl->options.arguments;
    ctl->command = ctl_command_find(words, ctl->options.n_arguments, &n_taken, &nearest);
    if (ctl->command == NULL && ctl_help_topic(words[0])) {
        ctl_help_list(words[0]);
        return ctl_option_is_set(&ctl->options, CTL_OPTION_HELP) ? CTL_DONE : CTL_USAGE;
    }
    if (ctl->command == NULL) {
        return ctl_fail(CTL_USAGE, "there is no command '%s'%s%s%s; `ztactl help` lists them",
                        words[0], nearest == NULL ? "" : "; did you mean '",
                        nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
    }
    ctl->n_arguments = ctl->options.n_arguments - n_taken;
    ctl->arguments = ctl->options.arguments + n_taken;
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_HELP)) {
        return CTL_DONE;
    }
    if (ctl_options_restrict(&ctl->options, ctl->command->options | CTL_SET_COMMON, &error) !=
        ZTA_OK) {
        (void)ctl_fail(CTL_USAGE, "%s: %s", ctl->command->words, error.text);
        return ctl_help_usage(ctl->command);
    }
    if (ctl->n_arguments < ctl->command->least || ctl->n_arguments > ctl->command->most) {
        (void)ctl_fail(CTL_USAGE, "%s: too %s arguments", ctl->command->words,
                       ctl->n_arguments < ctl->command->least ? "few" : "many");
        return ctl_help_usage(ctl->command);
    }
    return CTL_DONE;
}

static enum ctl_exit run_chosen(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    enum ctl_access access = ctl->command->access;
    enum zta_status status = ZTA_OK;
    if (access >= CTL_ACCESS_READ) {
        status = ctl_store_open(ctl, access, &error);
    }
    if (status == ZTA_OK && access == CTL_ACCESS_WRITE && !zta_store_is_complete(ctl->store)) {
        status = zta_store_complete(ctl->store, &error);
        if (status == ZTA_OK) {
            ctl_note(
                "The store of an earlier release has its new tables now; a running httpd reads "
                "them after a restart.");
        }
    }
    if (status != ZTA_OK) {
        (void)ctl_fail_status(status, &error, "");
        zta_store_close(&ctl->store);
        return status == ZTA_BUSY ? CTL_CONFLICT : CTL_STORE;
    }
    enum ctl_exit code = ctl->command->run(ctl);
    zta_store_close(&ctl->store);
    return code;
}

/* Complaints about the rest of the line are printed as it asks for. */
static enum ctl_exit begin_output(const struct ctl *ctl)
{
    const struct zta_text when = ctl_option_text(&ctl->options, CTL_OPTION_COLOR);
    const bool is_json = ctl_option_is_set(&ctl->options, CTL_OPTION_JSON);
    const char *refused = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    bool has_colours = isatty(STDOUT_FILENO) != 0 && (refused == NULL || refused[0] == '\0') &&
                       terminal != NULL && strcmp(terminal, "dumb") != 0;
    const bool is_auto = zta_text_is_absent(when) || zta_text_equal(when, ZTA_TEXT("auto"));
    if (!is_auto) {
        has_colours = zta_text_equal(when, ZTA_TEXT("always"));
    }
    ctl_output_begin(is_json, has_colours && !is_json);
    return is_auto || has_colours || zta_text_equal(when, ZTA_TEXT("never"))
               ? CTL_DONE
               : ctl_fail(CTL_USAGE, "--color: '%s'; expected auto, always or never", when.data);
}

enum ctl_exit ctl_run(struct ctl *ctl)
{
    enum ctl_exit code = begin_output(ctl);
    code = code == CTL_DONE ? choose(ctl) : code;
    if (code != CTL_DONE) {
        return code;
    }
    if (!ctl_option_is_set(&ctl->options, CTL_OPTION_HELP)) {
        return ctl_option_is_set(&ctl->options, CTL_OPTION_WATCH) ? ctl_watch(ctl, run_chosen)
                                                                  : run_chosen(ctl);
    }
    if (ctl->command != NULL) {
        ctl_help_command(ctl->command);
    }
    return CTL_DONE;
}
