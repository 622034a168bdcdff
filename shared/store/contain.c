/* SPDX-License-Identifier: Apache-2.0 */
/* Work on LMDB files in a process of its own. */
#include "shared/store/contain_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Seconds; a damaged tree can lead round in circles, and the largest store takes a minute. */
#define CPU_MAX_S 600

/* A crash is an expected answer here: no core file, no handler of the host. */
static void expect_crash(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)signal(signals[i], SIG_DFL);
    }
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){.rlim_cur = 0, .rlim_max = 0});
    (void)setrlimit(RLIMIT_CPU, &(struct rlimit){.rlim_cur = CPU_MAX_S, .rlim_max = CPU_MAX_S});
}

static enum zta_status become(const struct zta_contained *work, struct zta_error *error)
{
    if (geteuid() == 0 && work->uid != 0 &&
        (setgroups(1, &work->gid) != 0 || setgid(work->gid) != 0 || setuid(work->uid) != 0)) {
        return zta_error_set(error, ZTA_FORBIDDEN, "cannot become uid %u: %s", (unsigned)work->uid,
                             strerror(errno));
    }
    if (fchdir(work->dir_fd) != 0) {
        return zta_error_set(error, ZTA_FORBIDDEN, "%s: %s", work->what, strerror(errno));
    }
    return ZTA_OK;
}

/* Never returns. Answer and result together are shorter than what a pipe takes at once. */
static void work_in_child(const struct zta_contained *work, int fd)
{
    struct zta_error answer = {.status = ZTA_OK};
    expect_crash();
    (void)umask(077);
    enum zta_status status = become(work, &answer);
    if (status == ZTA_OK) {
        status = work->run(work->context, &answer);
    }
    answer.status = status;
    bool is_told = write(fd, &answer, sizeof(answer)) == (ssize_t)sizeof(answer) &&
                   write(fd, work->result, work->result_size) == (ssize_t)work->result_size;
    _Exit(is_told ? 0 : 1); /* of the child, not of the caller */
}

static bool read_all(int fd, void *out, size_t size)
{
    size_t len = 0;
    while (len < size) {
        ssize_t n = read(fd, (char *)out + len, size - len);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        len += n > 0 ? (size_t)n : 0;
    }
    return true;
}

enum zta_status zta_contain(const struct zta_contained *work, struct zta_error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return zta_error_set(error, ZTA_IO, "%s: pipe: %s", work->what, strerror(errno));
    }
    pid_t pid = fork();
    if (pid == 0) {
        work_in_child(work, ends[1]);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return zta_error_set(error, ZTA_IO, "%s: fork: %s", work->what, strerror(errno));
    }
    struct zta_error answer;
    bool is_told = read_all(ends[0], &answer, sizeof(answer)) &&
                   read_all(ends[0], work->result, work->result_size);
    (void)close(ends[0]);
    int how;
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR) {
    }
    if (!is_told) {
        return zta_error_set(error, work->crash_status, "%s: %s", work->what, work->crash);
    }
    answer.text[sizeof(answer.text) - 1] = '\0';
    return answer.status == ZTA_OK ? ZTA_OK
                                   : zta_error_set(error, answer.status, "%s", answer.text);
}
