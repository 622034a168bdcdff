/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON that a command of ztactl prints, read as it comes: the command runs in a process of its
 * own, so that nothing it does, however long, holds up a key.
 */
#ifndef TUI_FEED_H
#define TUI_FEED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "admin-tui/console/shell.h"

struct tui_feed {
    pid_t pid; /* that is read from; 0: none */
    int fd;
    int64_t begun_ns; /* when it was begun last; 0: never */
    int notes;        /* what it complains about, while it runs */
    char note[256];   /* that, of the last one that gave something: what it left out */
    char *data;
    size_t len;
    size_t size;
    int percent;     /* of its work that is done, as far as it tells; -1: it does not */
    char fault[256]; /* why the last one gave nothing; "": it gave something */
};

/* Begins "COMMAND --json"; what cannot begin is a fault. What runs is ended first. */
void tui_feed_begin(struct tui_feed *feed, const struct ctl *ctl, const char *command,
                    int64_t now_ns);
/* The same with what standard input has. */
void tui_feed_begin_with(struct tui_feed *feed, const struct ctl *ctl, const char *command,
                         struct zta_text input);
/*
 * Takes what came, without waiting. True: the command has ended; *value is what it printed, the
 * caller's, NULL with a fault.
 */
bool tui_feed_go_on(struct tui_feed *feed, json_t **value);
/* Ends what runs, and forgets all. */
void tui_feed_close(struct tui_feed *feed);

/* A text of an object, borrowed from it and as it was printed: not yet safe. Absent: no text. */
struct zta_text tui_feed_text(const json_t *object, const char *member);

#endif
