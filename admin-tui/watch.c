/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds of a command: run in a child, its output collected, then shown at once. */
#include "admin-tui/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"

enum {
    EVERY_S = 2,
    READ_SIZE = 65536,
};

#define HOME        "\x1b[H"
#define CLEAR_LINE  "\x1b[K"
#define CLEAR_BELOW "\x1b[J"
#define NO_WRAP     "\x1b[?7l"
#define WRAP        "\x1b[?7h"

struct watching {
    int64_t every_s;
    bool is_terminal;
    sigset_t waiting; /* signals that end a wait */
    char *data;
    size_t len;
    size_t size;
};

static volatile sig_atomic_t is_stopped;

static void stop(int number)
{
    is_stopped = 1;
}

/* A new size of the terminal just ends the wait. */
static void wake(int number)
{
}

/* They are taken while there is nothing to do but wait: none is lost in between. */
static void catch_signals(struct watching *watching)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = stop};
    sigset_t blocked;
    (void)sigemptyset(&action.sa_mask);
    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)sigaction(ends[i], &action, NULL);
        (void)sigaddset(&blocked, ends[i]);
    }
    action.sa_handler = wake;
    (void)sigaction(SIGWINCH, &action, NULL);
    (void)sigaddset(&blocked, SIGWINCH);
    (void)sigprocmask(SIG_BLOCK, &blocked, &watching->waiting);
}

static _Noreturn void run_child(struct ctl *ctl, ctl_round_fn round,
                                const struct watching *watching, int out)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)signal(ends[i], SIG_DFL);
    }
    (void)sigprocmask(SIG_SETMASK, &watching->waiting, NULL);
    if (dup2(out, STDOUT_FILENO) < 0) {
        _exit(CTL_FAILED);
    }
    const enum ctl_exit code = round(ctl);
    const enum ctl_exit written = ctl_flush();
    _exit(code == CTL_DONE ? (int)written : (int)code);
}

/* All that comes, to its end. */
static enum zta_status collect(struct watching *watching, int in)
{
    ssize_t n = 1;
    watching->len = 0;
    while (n > 0) {
        if (watching->size - watching->len < READ_SIZE) {
            const size_t size = watching->size * 2 + READ_SIZE;
            char *grown = realloc(watching->data, size);
            if (grown == NULL) {
                return ZTA_NO_MEMORY;
            }
            watching->data = grown;
            watching->size = size;
        }
        n = read(in, watching->data + watching->len, READ_SIZE);
        if (n < 0 && errno == EINTR) {
            n = 1;
        }
        else if (n > 0) {
            watching->len += (size_t)n;
        }
    }
    return n == 0 ? ZTA_OK : ZTA_IO;
}

static enum ctl_exit run_round(struct ctl *ctl, ctl_round_fn round, struct watching *watching)
{
    int ends[2];
    int code = 0;
    if (pipe(ends) != 0) {
        return ctl_fail(CTL_FAILED, "--watch: %s", strerror(errno));
    }
    const pid_t pid = fork();
    if (pid == 0) {
        (void)close(ends[0]);
        run_child(ctl, round, watching, ends[1]);
    }
    (void)close(ends[1]);
    const enum zta_status status = pid < 0 ? ZTA_IO : collect(watching, ends[0]);
    (void)close(ends[0]);
    while (pid > 0 && waitpid(pid, &code, 0) < 0 && errno == EINTR) {
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "--watch");
    }
    /* The same key press ended both. */
    return WIFEXITED(code) ? (enum ctl_exit)WEXITSTATUS(code) : CTL_DONE;
}

/* ---- showing ---- */

static size_t height_of_terminal(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row : 24;
}

static void draw(const struct ctl *ctl, const struct watching *watching)
{
    char now[ZTA_TIME_TEXT_MAX];
    size_t n_left = height_of_terminal() - 1;
    const char *line = watching->data;
    const char *end = watching->data + watching->len;
    zta_time_print(zta_clock_real_ns() / ZTA_NS_PER_S, now);
    (void)printf(NO_WRAP HOME "ztactl %s, every %lld s: %s" CLEAR_LINE, ctl->command->words,
                 (long long)watching->every_s, now);
    for (; n_left > 0 && line < end; n_left--) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *next = newline == NULL ? end : newline;
        (void)printf("\r\n%.*s" CLEAR_LINE, (int)(next - line), line);
        line = next + 1;
    }
    (void)printf(CLEAR_BELOW WRAP);
}

static void put(const struct ctl *ctl, const struct watching *watching)
{
    if (!ctl_is_json(ctl)) {
        (void)fwrite(watching->data, 1, watching->len, stdout);
        (void)fputc('\n', stdout);
        return;
    }
    /* A newline in JSON text stands between tokens alone. */
    for (size_t i = 0; i < watching->len; i++) {
        if (watching->data[i] != '\n') {
            (void)fputc(watching->data[i], stdout);
        }
    }
    (void)fputc('\n', stdout);
}

/* False: the reader is gone. */
static bool wait_for_next(const struct watching *watching)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    const struct timespec every = {.tv_sec = (time_t)watching->every_s};
    const int n = ppoll(&out, 1, &every, &watching->waiting);
    return n <= 0 || (out.revents & (POLLERR | POLLNVAL)) == 0;
}

enum ctl_exit ctl_watch(struct ctl *ctl, ctl_round_fn round)
{
    struct zta_error error;
    struct watching watching = {.every_s = EVERY_S, .is_terminal = isatty(STDOUT_FILENO) != 0};
    if (ctl_option_duration(&ctl->options, CTL_OPTION_WATCH, &watching.every_s, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_FOLLOW)) {
        return ctl_fail(CTL_USAGE, "--follow and --watch do not go together");
    }
    enum ctl_exit code = CTL_DONE;
    catch_signals(&watching);
    (void)printf("%s", watching.is_terminal ? HOME CLEAR_BELOW : "");
    while (is_stopped == 0) {
        code = run_round(ctl, round, &watching);
        if (is_stopped != 0 || (code != CTL_DONE && watching.len == 0)) {
            break;
        }
        if (watching.is_terminal && !ctl_is_json(ctl)) {
            draw(ctl, &watching);
        }
        else {
            put(ctl, &watching);
        }
        code = ctl_flush();
        if (code != CTL_DONE) {
            break;
        }
        if (!wait_for_next(&watching)) {
            code = CTL_FAILED;
            break;
        }
    }
    (void)printf("%s", watching.is_terminal ? "\r\n" : "");
    free(watching.data);
    return is_stopped != 0 ? CTL_DONE : code;
}
