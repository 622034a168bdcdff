/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl completion: the functions that make a shell ask ztactl what may follow. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/complete_shell.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"

static const char bash[] =
    "# Completion of ztactl for bash; written by `ztactl completion bash`.\n"
    "_ztactl()\n"
    "{\n"
    "    local lines\n"
    "    mapfile -t lines < <(\"${COMP_WORDS[0]}\" " CTL_COMPLETE_WORD " bash \\\n"
    "        \"${COMP_LINE:0:COMP_POINT}\" \"$COMP_WORDBREAKS\" 2>/dev/null)\n"
    "    COMPREPLY=(\"${lines[@]:1}\")\n"
    "    case ${lines[0]} in\n"
    "        open) compopt -o nospace ;;\n"
    "        files) compopt -o default ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _ztactl ztactl\n";

static const char zsh[] =
    "#compdef ztactl\n"
    "# Completion of ztactl for zsh; written by `ztactl completion zsh`.\n"
    "_ztactl()\n"
    "{\n"
    "    local line\n"
    "    local -a before fields whole whole_shown open open_shown\n"
    "    (( CURRENT > 2 )) && before=(\"${(@Q)words[2,CURRENT-1]}\")\n"
    "    for line in \"${(@f)$(\"${(Q)words[1]}\" " CTL_COMPLETE_WORD " words \\\n"
    "        \"${before[@]}\" \"${(Q)PREFIX}\" 2>/dev/null)}\"; do\n"
    "        fields=(\"${(@ps:\\t:)line}\")\n"
    "        case $fields[1] in\n"
    "            word) whole+=(\"$fields[2]\")\n"
    "                whole_shown+=(\"$fields[2]${fields[3]:+  -- $fields[3]}\") ;;\n"
    "            open) open+=(\"$fields[2]\")\n"
    "                open_shown+=(\"$fields[2]${fields[3]:+  -- $fields[3]}\") ;;\n"
    "            files) _files ;;\n"
    "        esac\n"
    "    done\n"
    "    compadd -l -d whole_shown -a whole\n"
    "    compadd -S '' -l -d open_shown -a open\n"
    "}\n"
    "if [[ $funcstack[1] == _ztactl ]]; then\n"
    "    _ztactl \"$@\"\n"
    "else\n"
    "    compdef _ztactl ztactl\n"
    "fi\n";

enum ctl_exit ctl_run_completion(struct ctl *ctl)
{
    const char *shell = ctl->arguments[0];
    const char *script = strcmp(shell, "bash") == 0 ? bash : strcmp(shell, "zsh") == 0 ? zsh : NULL;
    if (script == NULL) {
        return ctl_fail(CTL_USAGE, "completion: there is none for '%s'; expected bash or zsh",
                        shell);
    }
    if (!ctl_is_json(ctl)) {
        (void)fputs(script, stdout);
        return CTL_DONE;
    }
    struct ctl_list list;
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_string(&list, "shell", shell);
    ctl_row_string(&list, "script", script);
    ctl_row_end(&list);
    return ctl_list_print(&list);
}
