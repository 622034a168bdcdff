/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl: from the command line to the function of a command, with the store open as its owner. */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin-tui/command.h"
#include "admin-tui/console/console.h"
#include "admin-tui/help.h"
#include "admin-tui/output.h"

static const char *store_dir(const struct ctl_options *options)
{
    const char *given = ctl_option_text(options, CTL_OPTION_STORE).data;
    if (given == NULL || given[0] == '\0') {
        given = getenv("ZTA_STORE");
    }
    return given == NULL || given[0] == '\0' ? CTL_STORE_DEFAULT : given;
}

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

static enum ctl_exit run(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    enum ctl_access access = ctl->command->access;
    enum zta_status status = ZTA_OK;
    ctl_actor_get(&ctl->actor);
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

/* Without a command: the console on a terminal, the help elsewhere. */
static enum ctl_exit run_console(struct ctl *ctl)
{
    struct zta_error error;
    bool is_asked = ctl_option_is_set(&ctl->options, CTL_OPTION_HELP);
    if (is_asked || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        ctl_help_list(NULL);
        return is_asked ? CTL_DONE : CTL_USAGE;
    }
    if (ctl_options_restrict(&ctl->options, CTL_SET_COMMON, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "the console: %s", error.text);
    }
    return tui_console_run(ctl);
}

int main(int argc, char **argv)
{
    struct ctl ctl = {.store = NULL};
    struct zta_error error;
    /* The character set for text, never the format of numbers. */
    (void)setlocale(LC_CTYPE, "");
    (void)signal(SIGPIPE, SIG_IGN);
    (void)umask(077);
    if (ctl_options_parse(argc > 0 ? argc - 1 : 0, argv + 1, &ctl.options, &error) != ZTA_OK) {
        return (int)ctl_fail(CTL_USAGE, "%s", error.text);
    }
    ctl.dir = store_dir(&ctl.options);
    enum ctl_exit code;
    if (ctl.options.n_arguments == 0) {
        code = run_console(&ctl);
    }
    else {
        code = choose(&ctl);
        if (code == CTL_DONE && ctl_option_is_set(&ctl.options, CTL_OPTION_HELP)) {
            if (ctl.command != NULL) {
                ctl_help_command(ctl.command);
            }
        }
        else if (code == CTL_DONE) {
            code = run(&ctl);
        }
    }
    enum ctl_exit written = ctl_flush();
    return (int)(code == CTL_DONE ? written : code);
}
