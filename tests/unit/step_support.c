/* SPDX-License-Identifier: Apache-2.0 */
/* Steps through a traced process; SIGSTOP marks where its work begins and where it is done. */
#include "tests/unit/step_support.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOT_TRACED 77

/* The signal the process was stopped by, 0 when it ended. */
static int wait_for_stop(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
}

static pid_t start(step_test_fn work, void *data)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            _exit(NOT_TRACED);
        }
        (void)raise(SIGSTOP);
        work(data);
        (void)raise(SIGSTOP);
        _exit(EXIT_SUCCESS);
    }
    return pid;
}

/* False when the work was done before. */
static bool step(pid_t pid)
{
    assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
    return wait_for_stop(pid) == SIGTRAP;
}

static void nothing(void *data)
{
    (void)data;
}

bool step_test_is_possible(void)
{
    const pid_t pid = start(nothing, NULL);
    if (wait_for_stop(pid) == 0) {
        return false;
    }
    step_test_finish(pid);
    return true;
}

size_t step_test_count(step_test_fn work, void *data)
{
    const pid_t pid = start(work, data);
    assert_int_equal(wait_for_stop(pid), SIGSTOP);
    size_t n = 0;
    while (step(pid)) {
        n++;
    }
    step_test_kill(pid);
    return n;
}

pid_t step_test_begin(step_test_fn work, void *data, size_t n)
{
    const pid_t pid = start(work, data);
    assert_int_equal(wait_for_stop(pid), SIGSTOP);
    for (size_t i = 0; i < n && step(pid); i++) {
    }
    return pid;
}

void step_test_finish(pid_t pid)
{
    int status = 0;
    do {
        assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
    } while (WIFSTOPPED(status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

void step_test_kill(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}
