/* SPDX-License-Identifier: Apache-2.0 */
/* A file of lines that several consoles append to. */
#include "admin-tui/console/history.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_MAX = 256 << 10, /* above, the older half of the file is dropped */
    SECRET_LETTERS = 8,   /* behind what a credential begins with */
    DIR_MODE = 0700,
    FILE_MODE = 0600,
};

/* ---- what is not kept ---- */

static bool is_letter_of_secret(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* "eyJ" begins every JWT, "zta_" every API key; others follow the word that names them. */
static bool has_credential(const char *line)
{
    static const char *const beginnings[] = {"eyJ", "zta_"};
    static const char *const names[] = {
        "Bearer ", "bearer ", "DPoP ", "Authorization:", "token ", "secret=", "password="};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        for (const char *at = strstr(line, beginnings[i]); at != NULL;
             at = strstr(at + 1, beginnings[i])) {
            size_t n = strlen(beginnings[i]);
            const size_t begin = n;
            while (is_letter_of_secret(at[n])) {
                n++;
            }
            if (n - begin >= SECRET_LETTERS) {
                return true;
            }
        }
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *at = strstr(line, names[i]);
        /* "token -" reads it from elsewhere; "--token ID" is the hash of one. */
        if (at != NULL && at[strlen(names[i])] != '-' && (at == line || at[-1] != '-')) {
            return true;
        }
    }
    return false;
}

/* ---- the file ---- */

static bool is_own_dir(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid();
}

/* The folder for it, made where it is missing; false: it is not the caller's own. */
static bool make_dir(const char *home, const char *state, char path[PATH_MAX])
{
    static const char *const parts[] = {"/.local", "/state", "/ztactl"};
    const bool has_state = state != NULL && state[0] == '/';
    if (!has_state && (home == NULL || home[0] != '/' || !is_own_dir(home))) {
        return false;
    }
    if (has_state && !is_own_dir(state)) {
        return false;
    }
    size_t len = (size_t)snprintf(path, PATH_MAX, "%s", has_state ? state : home);
    for (size_t i = has_state ? 2 : 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (len + strlen(parts[i]) >= PATH_MAX) {
            return false;
        }
        len += (size_t)snprintf(path + len, PATH_MAX - len, "%s", parts[i]);
        if (mkdir(path, DIR_MODE) != 0 && errno != EEXIST) {
            return false;
        }
    }
    return is_own_dir(path);
}

static int open_file(const char *dir)
{
    char path[PATH_MAX + 16];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/history", dir);
    const int fd =
        open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, FILE_MODE);
    if (fd >= 0 && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
                    fchmod(fd, FILE_MODE) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void keep(struct tui_history *history, const char *line)
{
    if (history->n == TUI_LINES_MAX) {
        memmove(history->lines, history->lines + 1,
                sizeof history->lines - sizeof history->lines[0]);
        history->n--;
    }
    (void)snprintf(history->lines[history->n++], sizeof history->lines[0], "%s", line);
}

/* Lines that could not have been typed are left out: somebody wrote into the file. */
static bool is_line(const char *line)
{
    for (const char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) {
            return false;
        }
    }
    return line[0] != '\0' && strlen(line) < TUI_PROMPT_SIZE;
}

static void read_file(struct tui_history *history)
{
    char *data = malloc(FILE_MAX + 1);
    struct stat info;
    if (data == NULL || fstat(history->fd, &info) != 0) {
        free(data);
        return;
    }
    const off_t from = info.st_size > FILE_MAX ? info.st_size - FILE_MAX / 2 : 0;
    const ssize_t n = pread(history->fd, data, FILE_MAX, from);
    data[n > 0 ? n : 0] = '\0';
    /* Where the begin is cut, so is its first line. */
    const char *cut = from > 0 ? strchr(data, '\n') : NULL;
    const char *kept = cut == NULL ? data : cut + 1;
    if (from > 0 && ftruncate(history->fd, 0) == 0) {
        const ssize_t written = write(history->fd, kept, strlen(kept));
        (void)written;
    }
    char *rest = NULL;
    for (char *line = strtok_r(data + (kept - data), "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (is_line(line)) {
            keep(history, line);
        }
    }
    free(data);
}

void tui_history_open(struct tui_history *history, const char *home, const char *state)
{
    char dir[PATH_MAX];
    history->n = 0;
    history->fd = make_dir(home, state, dir) ? open_file(dir) : -1;
    history->has_file = history->fd >= 0;
    if (history->has_file) {
        read_file(history);
    }
}

void tui_history_close(struct tui_history *history)
{
    if (history->has_file) {
        (void)close(history->fd);
        history->has_file = false;
    }
}

void tui_history_add(struct tui_history *history, const char *line)
{
    const bool is_again = history->n > 0 && strcmp(history->lines[history->n - 1], line) == 0;
    if (is_again || has_credential(line) || !is_line(line)) {
        return;
    }
    keep(history, line);
    if (history->has_file) {
        char whole[TUI_PROMPT_SIZE + 1];
        const int n = snprintf(whole, sizeof whole, "%s\n", line);
        /* One write, so that lines of several consoles never mix; a full disk costs the line. */
        const ssize_t written = write(history->fd, whole, (size_t)n);
        (void)written;
    }
}

size_t tui_history_find(const struct tui_history *history, size_t i, bool is_older,
                        const char *text, size_t len)
{
    while (is_older ? i > 0 : i + 1 < history->n) {
        i = is_older ? i - 1 : i + 1;
        if (strncmp(history->lines[i], text, len) == 0) {
            return i;
        }
    }
    return history->n;
}
