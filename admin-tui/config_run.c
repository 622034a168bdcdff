/* SPDX-License-Identifier: Apache-2.0 */
/* The run itself: a process of its own group that is ended when it takes too long. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin-tui/config_dump.h"
#include "admin-tui/output.h"
#include "shared/base/clock.h"

#define RUN_MAX_NS      (30 * ZTA_NS_PER_S)
#define SIZE_MAX_OUTPUT ((size_t)16 << 20)
#define READ_SIZE       65536
#define NOT_STARTED     127 /* what a shell says of a program that it cannot run */
#define ERRORS_SHOWN    1000

static const char *const usual[] = {
    "/usr/sbin/apache2ctl",      "/usr/sbin/apachectl",
    "/usr/local/sbin/apachectl", "/usr/local/apache2/bin/apachectl",
    "/usr/sbin/apache2",         "/usr/sbin/httpd",
};

struct stream {
    int fd; /* -1: at its end */
    char **data;
    size_t *len;
    size_t size;
};

static const char *find_program(void)
{
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (access(usual[i], X_OK) == 0) {
            return usual[i];
        }
    }
    return NULL;
}

/* In the child; does not return. */
static void become(const char *program, const char *conf, const int out[2], const int errors[2])
{
    const char *const words[] = {program, "-t", "-D", "ZTA_DUMP", conf != NULL ? "-f" : NULL,
                                 conf,    NULL};
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    union {
        const char *const *c;
        char *const *v;
    } arguments = {.c = words};
    (void)setpgid(0, 0);
    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out[1], STDOUT_FILENO) >= 0 &&
        dup2(errors[1], STDERR_FILENO) >= 0) {
        (void)execv(program, arguments.v);
    }
    (void)dprintf(STDERR_FILENO, "%s\n", strerror(errno));
    _exit(NOT_STARTED);
}

/* False: memory is out, or it prints without end. */
static bool read_some(struct stream *stream)
{
    if (stream->size - *stream->len < READ_SIZE + 1) {
        const size_t size = 2 * stream->size + READ_SIZE + 1;
        char *grown = size > SIZE_MAX_OUTPUT ? NULL : realloc(*stream->data, size);
        if (grown == NULL) {
            return false;
        }
        *stream->data = grown;
        stream->size = size;
    }
    const ssize_t n = read(stream->fd, *stream->data + *stream->len, READ_SIZE);
    if (n > 0) {
        *stream->len += (size_t)n;
    }
    else if (n == 0 || errno != EINTR) {
        (void)close(stream->fd);
        stream->fd = -1;
    }
    (*stream->data)[*stream->len] = '\0';
    return true;
}

/* NULL, or why it did not come to its end. */
static const char *collect(struct stream streams[2])
{
    const int64_t end_ns = zta_clock_monotonic_ns() + RUN_MAX_NS;
    while (streams[0].fd >= 0 || streams[1].fd >= 0) {
        struct pollfd ends[2] = {{.fd = streams[0].fd, .events = POLLIN},
                                 {.fd = streams[1].fd, .events = POLLIN}};
        const int64_t left_ns = end_ns - zta_clock_monotonic_ns();
        if (left_ns <= 0) {
            return "it did not come to its end within 30 seconds";
        }
        if (poll(ends, 2, (int)(left_ns / 1000000) + 1) < 0 && errno != EINTR) {
            return strerror(errno);
        }
        for (size_t i = 0; i < 2; i++) {
            if (streams[i].fd >= 0 && ends[i].revents != 0 && !read_some(&streams[i])) {
                return "it prints more than can be kept";
            }
        }
    }
    return NULL;
}

/* What it said on standard error, for people: its beginning. */
static enum ctl_exit fail(const struct ctl_config_dump *dump, const char *program, const char *what)
{
    const bool is_long = dump->errors_len > ERRORS_SHOWN;
    const int len = is_long ? ERRORS_SHOWN : (int)dump->errors_len;
    return ctl_fail(CTL_FAILED, "%s: %s%s%.*s%s", program, what, len > 0 ? ": " : "", len,
                    len > 0 ? dump->errors : "", is_long ? "..." : "");
}

static enum ctl_exit judge(struct ctl_config_dump *dump, const char *program, const char *stopped,
                           int code)
{
    while (dump->errors_len > 0 && dump->errors[dump->errors_len - 1] == '\n') {
        dump->errors[--dump->errors_len] = '\0';
    }
    if (stopped != NULL) {
        return fail(dump, program, stopped);
    }
    if (WIFEXITED(code) && WEXITSTATUS(code) == NOT_STARTED) {
        return fail(dump, program, "cannot be run; --apachectl names another one");
    }
    const enum zta_status status = ctl_config_dump_parse(dump);
    if (status == ZTA_NO_MEMORY) {
        return ctl_fail_status(status, NULL, "reading the configuration");
    }
    if (status != ZTA_OK) {
        return fail(dump, program, "its mod_zta is of another release than this ztactl");
    }
    if (json_array_size(dump->lines) == 0) {
        return WIFEXITED(code) && WEXITSTATUS(code) == 0
                   ? ctl_fail(CTL_FAILED, "%s: this configuration does not load mod_zta", program)
                   : fail(dump, program, "httpd cannot read its configuration");
    }
    return dump->is_whole ? CTL_DONE : fail(dump, program, "the list of findings is not whole");
}

enum ctl_exit ctl_config_dump_run(const char *program, const char *conf,
                                  struct ctl_config_dump *dump)
{
    int out[2];
    int errors[2];
    int code = 0;
    *dump = (struct ctl_config_dump){.output = NULL};
    program = program != NULL ? program : find_program();
    if (program == NULL) {
        return ctl_fail(CTL_FAILED, "there is no apachectl in /usr/sbin, /usr/local/sbin or "
                                    "/usr/local/apache2/bin; --apachectl names it");
    }
    if (access(program, X_OK) != 0) {
        return ctl_fail(CTL_FAILED, "%s: %s; --apachectl takes the path of apachectl or httpd",
                        program, strerror(errno));
    }
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0) {
        return ctl_fail(CTL_FAILED, "no pipe: %s", strerror(errno));
    }
    const pid_t pid = fork();
    if (pid == 0) {
        become(program, conf, out, errors);
    }
    (void)close(out[1]);
    (void)close(errors[1]);
    struct stream streams[2] = {{.fd = out[0], .data = &dump->output, .len = &dump->output_len},
                                {.fd = errors[0], .data = &dump->errors, .len = &dump->errors_len}};
    const char *stopped = pid < 0 ? strerror(errno) : collect(streams);
    for (size_t i = 0; i < 2; i++) {
        if (streams[i].fd >= 0) {
            (void)close(streams[i].fd);
        }
    }
    if (stopped != NULL && pid > 0) {
        (void)kill(-pid, SIGKILL);
        (void)kill(pid, SIGKILL); /* it may not have its group yet */
    }
    while (pid > 0 && waitpid(pid, &code, 0) < 0 && errno == EINTR) {
    }
    return judge(dump, program, stopped, code);
}
