/* SPDX-License-Identifier: Apache-2.0 */
/* Completion for shells: a line taken apart, choices printed so that a shell takes them. */
#include "admin-tui/complete_shell.h"

#include <stdio.h>
#include <string.h>

#include "admin-tui/complete.h"
#include "admin-tui/output.h"

/* ---- a line in a shell's quoting ---- */

struct splitter {
    struct ctl_shell_line *split;
    const char *breaks;
    size_t len;
    size_t begin; /* of the word that is open */
    bool is_word; /* one is open */
};

static bool begin_word(struct splitter *splitter)
{
    struct ctl_shell_line *split = splitter->split;
    if (!splitter->is_word) {
        if (split->n == sizeof split->words / sizeof split->words[0]) {
            return false;
        }
        splitter->begin = splitter->len;
        splitter->is_word = true;
        split->words[split->n++] = split->text + splitter->len;
        split->taken = 0;
    }
    return true;
}

static void end_word(struct splitter *splitter)
{
    if (splitter->is_word) {
        splitter->split->text[splitter->len++] = '\0';
        splitter->is_word = false;
    }
}

/* One character, or two with a backslash; how many were taken. */
static size_t take(struct splitter *splitter, const char *line)
{
    struct ctl_shell_line *split = splitter->split;
    const bool is_bare = split->quote == '\0';
    const bool is_escape = line[0] == '\\' && line[1] != '\0' && split->quote != '\'' &&
                           (is_bare || strchr("\"\\$`", line[1]) != NULL);
    if (is_bare && (line[0] == '"' || line[0] == '\'')) {
        split->quote = line[0];
        split->taken = splitter->len - splitter->begin;
        return 1;
    }
    if (!is_bare && !is_escape && line[0] == split->quote) {
        split->quote = '\0';
        return 1;
    }
    split->text[splitter->len++] = is_escape ? line[1] : line[0];
    if (is_bare && !is_escape && strchr(splitter->breaks, line[0]) != NULL) {
        split->taken = splitter->len - splitter->begin;
    }
    return is_escape ? 2 : 1;
}

bool ctl_shell_line_split(const char *line, const char *breaks, struct ctl_shell_line *split)
{
    struct splitter splitter = {.split = split, .breaks = breaks};
    split->n = split->taken = 0;
    split->quote = '\0';
    /* What is kept is never longer than the line, with a NUL in place of each blank. */
    if (strlen(line) + 2 > sizeof split->text) {
        return false;
    }
    while (*line != '\0') {
        if (split->quote == '\0' && strchr(" \t\n", *line) != NULL) {
            end_word(&splitter);
            line++;
            continue;
        }
        if (!begin_word(&splitter)) {
            return false;
        }
        line += take(&splitter, line);
    }
    if (!begin_word(&splitter)) {
        return false;
    }
    end_word(&splitter);
    return true;
}

/* ---- choices ---- */

static void put_bash(const struct ctl_shell_line *line, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789_@%+=:,./-";
    for (text += line->taken; *text != '\0'; text++) {
        const bool needs_escape = line->quote == '\0'
                                      ? (*text & 0x80) == 0 && strchr(plain, *text) == NULL
                                  : line->quote == '"' ? strchr("$`", *text) != NULL
                                                       : false;
        (void)printf("%s%c", needs_escape ? "\\" : "", *text);
    }
    (void)printf("\n");
}

static void print_bash(const struct ctl_shell_line *line, const struct ctl_choices *choices)
{
    const bool is_open = choices->n == 1 && choices->all[0].is_open;
    (void)printf("%s\n", choices->has_files ? "files" : is_open ? "open" : "word");
    for (size_t i = 0; i < choices->n; i++) {
        if (strlen(choices->all[i].text) >= line->taken) {
            put_bash(line, choices->all[i].text);
        }
    }
}

static void print_words(const struct ctl_choices *choices)
{
    for (size_t i = 0; i < choices->n; i++) {
        const struct ctl_choice *choice = &choices->all[i];
        (void)printf("%s\t%s\t%s\n", choice->is_open ? "open" : "word", choice->text, choice->help);
    }
    if (choices->has_files) {
        (void)printf("files\n");
    }
}

static void complete(char *const *words, size_t n, struct ctl_choices *choices)
{
    struct zta_error error;
    struct ctl ctl = {.dir = ctl_complete_store_dir(words, n)};
    (void)(ctl_store_open(&ctl, CTL_ACCESS_READ, &error) == ZTA_OK);
    ctl_complete(ctl.store, words, n, choices);
    zta_store_close(&ctl.store);
}

enum ctl_exit ctl_complete_for_shell(int argc, char **argv)
{
    static struct ctl_choices choices; /* too large for a stack */
    static struct ctl_shell_line line;
    if (argc > 1 && strcmp(argv[0], "words") == 0) {
        complete(argv + 1, (size_t)argc - 1, &choices);
        print_words(&choices);
    }
    else if (argc == 3 && strcmp(argv[0], "bash") == 0) {
        if (ctl_shell_line_split(argv[1], argv[2], &line) && line.n > 1) {
            complete(line.words + 1, line.n - 1, &choices);
            print_bash(&line, &choices);
        }
    }
    else {
        return CTL_USAGE;
    }
    return ctl_flush();
}
