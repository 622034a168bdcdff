/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl: a command on the command line, or the console. */
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin-tui/command.h"
#include "admin-tui/complete_shell.h"
#include "admin-tui/console/console.h"
#include "admin-tui/help.h"
#include "admin-tui/output.h"
#include "admin-tui/run.h"

/* Without a command: the console on a terminal, the help elsewhere. */
static enum ctl_exit run_console(struct ctl *ctl)
{
    struct zta_error error;
    bool is_asked = ctl_option_is_set(&ctl->options, CTL_OPTION_HELP);
    if (is_asked || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        ctl_help_list(NULL);
        return is_asked ? CTL_DONE : CTL_USAGE;
    }
    if (ctl_options_restrict(&ctl->options, CTL_SET_COMMON | CTL_SET(THEME), &error) != ZTA_OK) {
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
    /* A file that may not grow is an error of the one who writes it, not the end of everything. */
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)umask(077);
    if (argc > 1 && strcmp(argv[1], CTL_COMPLETE_WORD) == 0) {
        return (int)ctl_complete_for_shell(argc - 2, argv + 2);
    }
    if (ctl_options_parse(argc > 0 ? argc - 1 : 0, argv + 1, &ctl.options, &error) != ZTA_OK) {
        return (int)ctl_fail(CTL_USAGE, "%s", error.text);
    }
    ctl.dir = ctl_store_dir(ctl_option_text(&ctl.options, CTL_OPTION_STORE).data);
    ctl_actor_get(&ctl.actor);
    enum ctl_exit code;
    if (ctl.options.n_arguments == 0) {
        code = run_console(&ctl);
    }
    else {
        code = ctl_run(&ctl);
    }
    enum ctl_exit written = ctl_flush();
    return (int)(code == CTL_DONE ? written : code);
}
