/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ztactl's own commands in the console: the line that was typed runs in a process of its own, as
 * the operator who opened the console, and what it prints goes to a page as it comes. Nothing is
 * handed to a shell, and nothing is asked: a change that a guard holds back says what it takes.
 */
#ifndef TUI_SHELL_H
#define TUI_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "admin-tui/command.h"
#include "admin-tui/console/page.h"
#include "admin-tui/console/prompt.h"

#define TUI_SHELL_WORDS_MAX 64

struct tui_shell {
    pid_t pid;                  /* 0: nothing runs */
    int fd;                     /* what it prints */
    char line[TUI_PROMPT_SIZE]; /* for the title; "": that stays as it is */
    char rest[1024];            /* of a line whose end has not come */
    size_t rest_len;
    bool is_cut;      /* more came than the page holds */
    bool is_endless;  /* it goes on until it is stopped */
    bool is_telling;  /* what comes is how far it is, no line */
    char doing[48];   /* what it tells that of; "": it does not */
    int percent;      /* of it; -1: it does not tell */
    int64_t begun_ns; /* monotonic */
    int code;         /* enum ctl_exit, once it has ended */
};

/* What a command gets beside its words; all borrowed. */
struct tui_shell_given {
    struct zta_text input; /* that standard input has; absent: nothing */
    const char *answers;   /* to what it asks (struct ctl); NULL: it asks nothing */
    bool is_more;          /* it prints behind what is on the page */
};

/* Words of a line: blanks part them but in '...' and "..."; a backslash takes what follows it. */
struct tui_shell_words {
    char text[2 * TUI_PROMPT_SIZE];
    char *words[TUI_SHELL_WORDS_MAX];
    size_t n;
    size_t len; /* of text */
    struct tui_shell_given given;
    bool is_fed; /* who reads what they print knows how to take their progress out of it */
};
/* ZTA_INVALID with a text: a quote that is not closed, too many words. */
enum zta_status tui_shell_split(const char *line, struct tui_shell_words *words,
                                struct zta_error *error) ZTA_MUST_CHECK;

/* One more word, as it is; zeroed words have none. What does not fit is an error when they run. */
void tui_shell_add(struct tui_shell_words *words, const char *fmt, ...) ZTA_PRINTF(2, 3);

/*
 * A process that runs the words with the store and the actor of ctl; *fd, which never blocks, has
 * what it prints, and what it complains about where notes is no file (-1). Process and *fd are the
 * caller's to end by tui_shell_reap.
 */
struct tui_shell_ends {
    pid_t pid;
    int fd;
    int notes; /* in */
};
enum zta_status tui_shell_spawn(const struct ctl *ctl, struct tui_shell_words *words,
                                struct tui_shell_ends *ends,
                                struct zta_error *error) ZTA_MUST_CHECK;
/* Waits for its end (is_stopped: ends it) and closes fd; what waitpid says. */
int tui_shell_reap(pid_t pid, int fd, bool is_stopped);

/* Starts the line with the store and the actor of ctl, and opens the page for what it prints. */
enum zta_status tui_shell_start(struct tui_shell *shell, const struct ctl *ctl, const char *line,
                                struct tui_page *page, struct zta_error *error) ZTA_MUST_CHECK;
/* What runs is that line, for the title of its page. */
void tui_shell_name(struct tui_shell *shell, const char *line, struct tui_page *page);
/* The same with words; the title of the page is the caller's. */
enum zta_status tui_shell_run(struct tui_shell *shell, const struct ctl *ctl,
                              struct tui_shell_words *words, struct tui_page *page,
                              struct zta_error *error) ZTA_MUST_CHECK;
/* Takes what was printed meanwhile, without waiting. True: the page looks different. */
bool tui_shell_go_on(struct tui_shell *shell, struct tui_page *page);
/* Ends what runs; a change that is being committed is committed first. */
void tui_shell_stop(struct tui_shell *shell);

#endif
