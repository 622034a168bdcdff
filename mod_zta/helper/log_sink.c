/* SPDX-License-Identifier: Apache-2.0 */
/* Files, pipes and the datagrams of syslog. */
#include "mod_zta/helper/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/log/line.h"

#define FILE_MODE    0640
#define FILE_MOST    65536
#define HEAD_MAX     64 /* of a datagram: priority, time, tag */
#define NO_PRIORITY  8  /* priorities below are the facility's multiples */
#define LOOK_EACH_NS ZTA_NS_PER_S

_Static_assert(ZTA_LOG_LINE_MAX <= PIPE_BUF, "a pipe takes a line whole or not at all");

static void fail(struct mod_zta_log_out *out, const char *what, int code)
{
    (void)snprintf(out->error, sizeof out->error, "%s%s", what, code == 0 ? "" : strerror(code));
}

/* ---- files ---- */

/*
 * Whoever wrote last was killed within a line, or must write it elsewhere: what is there of it
 * goes, or is ended where it does not look like ours.
 */
static void mend_end(int fd)
{
    char tail[ZTA_LOG_LINE_MAX];
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) {
        return;
    }
    const off_t size = info.st_size;
    const off_t from = size > (off_t)sizeof tail ? size - (off_t)sizeof tail : 0;
    const ssize_t n = pread(fd, tail, sizeof tail, from);
    if (n <= 0 || tail[n - 1] == '\n') {
        return;
    }
    const char *feed = memrchr(tail, '\n', (size_t)n);
    const size_t at = feed != NULL ? (size_t)(feed - tail) + 1 : 0;
    const bool is_ours = (feed != NULL || from == 0) && tail[at] == '{';
    if (!is_ours || ftruncate(fd, from + (off_t)at) != 0) {
        (void)!write(fd, "\n", 1);
    }
}

static int open_file(const char *path)
{
    return open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, FILE_MODE);
}

static void replace_fd(struct mod_zta_log_out *out, int fd)
{
    if (out->is_own && out->fd >= 0) {
        (void)close(out->fd);
    }
    out->fd = fd;
    out->is_own = true;
}

static bool is_moved(const struct mod_zta_log_out *out)
{
    struct stat named;
    struct stat opened;
    if (stat(out->path, &named) != 0) {
        return errno == ENOENT;
    }
    return fstat(out->fd, &opened) == 0 &&
           (named.st_dev != opened.st_dev || named.st_ino != opened.st_ino);
}

/* ---- syslog ---- */

static bool connect_syslog(struct mod_zta_log_out *out)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (strlen(out->path) >= sizeof to.sun_path) {
        errno = ENAMETOOLONG;
    }
    else if (fd >= 0) {
        memcpy(to.sun_path, out->path, strlen(out->path));
        if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0) {
            replace_fd(out, fd);
            return true;
        }
    }
    fail(out, "", errno);
    if (fd >= 0) {
        (void)close(fd);
    }
    return false;
}

static size_t send_line(struct mod_zta_log_out *out, int severity, struct zta_text line)
{
    char head[HEAD_MAX];
    char when[sizeof "Nov 22 17:00:00"];
    struct tm tm;
    const time_t now = (time_t)(zta_clock_real_ns() / ZTA_NS_PER_S);
    if (out->fd < 0 && !connect_syslog(out)) {
        return 0;
    }
    (void)localtime_r(&now, &tm);
    (void)strftime(when, sizeof when, "%b %e %H:%M:%S", &tm);
    const int n =
        snprintf(head, sizeof head, "<%d>%s mod_zta[%d]: ", out->facility + severity % NO_PRIORITY,
                 when, (int)getpid());
    char datagram[HEAD_MAX + ZTA_LOG_LINE_MAX];
    memcpy(datagram, head, (size_t)n);
    memcpy(datagram + n, line.data, line.len - 1); /* a datagram needs no line feed */
    if (send(out->fd, datagram, (size_t)n + line.len - 1, MSG_NOSIGNAL) >= 0) {
        return line.len;
    }
    fail(out, "", errno);
    if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR) {
        (void)close(out->fd);
        out->fd = -1; /* whoever listened is gone; another may be there */
    }
    return 0;
}

/* ---- all ---- */

void mod_zta_log_out_open(struct mod_zta_log_out *out, enum mod_zta_log_sink sink, const char *path,
                          int fd, int facility)
{
    *out = (struct mod_zta_log_out){
        .sink = sink, .path = path, .fd = fd, .facility = facility, .error = ""};
    if (sink == MOD_ZTA_LOG_FILE && fd >= 0) {
        mend_end(fd);
    }
}

void mod_zta_log_out_close(struct mod_zta_log_out *out)
{
    replace_fd(out, -1);
}

size_t mod_zta_log_out_most(const struct mod_zta_log_out *out)
{
    return out->sink == MOD_ZTA_LOG_FILE ? FILE_MOST : ZTA_LOG_LINE_MAX;
}

size_t mod_zta_log_out_write(struct mod_zta_log_out *out, int severity, struct zta_text data)
{
    ssize_t n;
    if (out->sink == MOD_ZTA_LOG_SYSLOG) {
        return send_line(out, severity, data);
    }
    if (out->fd < 0) {
        fail(out, "it cannot be opened", 0);
        return 0;
    }
    do {
        n = write(out->fd, data.data, data.len);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        return (size_t)n;
    }
    if (n < 0 && errno == EAGAIN) {
        fail(out, "it reads nothing", 0);
    }
    else {
        fail(out, n < 0 ? "" : "it takes nothing", n < 0 ? errno : 0);
    }
    return 0;
}

bool mod_zta_log_out_look(struct mod_zta_log_out *out, int64_t now_ns)
{
    if (out->sink != MOD_ZTA_LOG_FILE || now_ns < out->next_look_ns) {
        return false;
    }
    out->next_look_ns = now_ns + LOOK_EACH_NS;
    out->is_astray = false;
    if (out->fd >= 0 && !is_moved(out)) {
        return false;
    }
    const int fd = open_file(out->path);
    if (fd < 0) {
        out->is_astray = true;
        fail(out, "it was moved, and httpd's user cannot open it anew (apachectl graceful does): ",
             errno);
        return false;
    }
    if (out->fd >= 0) {
        mend_end(out->fd);
    }
    mend_end(fd);
    replace_fd(out, fd);
    return true;
}

void mod_zta_log_out_wait(const struct mod_zta_log_out *out, int ms)
{
    struct pollfd pipe = {.fd = out->fd, .events = POLLOUT};
    if (out->sink == MOD_ZTA_LOG_PIPE && out->fd >= 0 && poll(&pipe, 1, ms) > 0 &&
        (pipe.revents & POLLOUT) != 0) {
        return;
    }
    if (out->sink != MOD_ZTA_LOG_PIPE || (pipe.revents & (POLLERR | POLLHUP)) != 0) {
        const struct timespec pause = {.tv_nsec = ms * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
}
