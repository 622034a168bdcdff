/* SPDX-License-Identifier: Apache-2.0 */
/* Usage lines and the text of a command's help, wrapped for a terminal. */
#include "admin-tui/help.h"

#include <stdio.h>
#include <string.h>

#include "admin-tui/output.h"

enum {
    WIDTH = 79,
    OPTION_COLUMN = 24,
    SUMMARY_COLUMN = 20,
};

/* words in lines of WIDTH; the first line goes on at column `from`, others begin at `indent`. */
static void put_wrapped(const char *words, size_t from, size_t indent)
{
    size_t column = from;
    while (*words != '\0') {
        size_t n = strcspn(words, " ");
        if (column > indent && column + 1 + n > WIDTH) {
            (void)printf("\n%*s", (int)indent, "");
            column = indent;
        }
        else if (column > indent) {
            (void)printf(" ");
            column++;
        }
        else {
            (void)printf("%*s", (int)(indent - column), "");
            column = indent;
        }
        (void)printf("%.*s", (int)n, words);
        column += n;
        words += n;
        words += strspn(words, " ");
    }
    (void)printf("\n");
}

static bool begins_with(const char *words, const char *word)
{
    size_t n = strlen(word);
    return strncmp(words, word, n) == 0 && (words[n] == ' ' || words[n] == '\0');
}

bool ctl_help_topic(const char *word)
{
    bool is_topic = false;
    for (size_t i = 0; ctl_command_at(i) != NULL; i++) {
        is_topic |= begins_with(ctl_command_at(i)->words, word);
    }
    return is_topic;
}

bool ctl_help_is_about(const struct ctl_command *command, char *const *words, size_t n)
{
    const char *rest = command->words;
    for (size_t i = 0; i < n; i++) {
        if (!begins_with(rest, words[i])) {
            return false;
        }
        rest += strlen(words[i]);
        rest += *rest == ' ' ? 1 : 0;
    }
    return true;
}

void ctl_help_list(const char *word)
{
    (void)printf("usage: ztactl [--store DIR] COMMAND ...\n\n");
    for (size_t i = 0; ctl_command_at(i) != NULL; i++) {
        const struct ctl_command *command = ctl_command_at(i);
        if (word == NULL || begins_with(command->words, word)) {
            int n = printf("  %s", command->words);
            put_wrapped(command->summary, (size_t)n, SUMMARY_COLUMN);
        }
    }
    (void)printf("\n`ztactl help COMMAND` says how one is used.\n");
}

/* "ztactl keys rotate ID|NAME [--grace DURATION] ..." */
static void usage_of(const struct ctl_command *command, struct zta_buffer *out)
{
    zta_buffer_printf(out, "ztactl %s", command->words);
    if (command->arguments[0] != '\0') {
        zta_buffer_printf(out, " %s", command->arguments);
    }
    for (unsigned i = 0; i < CTL_N_OPTIONS; i++) {
        if ((command->options >> i & 1) != 0) {
            const struct ctl_option_info *info = ctl_option_info((enum ctl_option)i);
            bool has_value = info->value != NULL;
            zta_buffer_printf(out, " [--%s%s%s]", info->name, has_value ? "=" : "",
                              has_value ? info->value : "");
        }
    }
}

enum ctl_exit ctl_help_usage(const struct ctl_command *command)
{
    char text[1024];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    usage_of(command, &buffer);
    ctl_note("usage: %s", text);
    return CTL_USAGE;
}

void ctl_help_command(const struct ctl_command *command)
{
    char text[1024];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    usage_of(command, &buffer);
    (void)printf("usage:");
    put_wrapped(text, strlen("usage:"), strlen("usage: "));
    (void)printf("\n");
    put_wrapped(command->description, 0, 0);
    (void)printf("\n");
    uint64_t shown = command->options | CTL_SET_COMMON;
    for (unsigned i = 0; i < CTL_N_OPTIONS; i++) {
        if ((shown >> i & 1) != 0) {
            const struct ctl_option_info *info = ctl_option_info((enum ctl_option)i);
            int n = printf("  --%s %s", info->name, info->value == NULL ? "" : info->value);
            put_wrapped(info->help, (size_t)n, OPTION_COLUMN);
        }
    }
}
