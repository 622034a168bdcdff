/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ztactl report: a period for those who answer for it, as text, Markdown, HTML or JSON. A file is
 * made with the caller's rights, what stands in it by a process that became the store's owner.
 */
#include "admin-tui/report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin-tui/output.h"
#include "admin-tui/summary.h"

#define PERIOD_S     (7 * INT64_C(86400))
#define PERIOD_MIN_S 60
#define PERIOD_MAX_S (36500 * INT64_C(86400))
#define FILE_MODE    0640

static enum ctl_exit print_json(const struct ctl_summary *summary)
{
    struct ctl_list list;
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    struct zta_json *json = ctl_row_json(&list);
    if (json != NULL) {
        ctl_summary_json(summary, json);
    }
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

struct request {
    int64_t period_s;
    enum ctl_format format;
    bool is_json;
    FILE *out;
};

static enum ctl_exit write_summary(struct ctl *ctl, const struct request *request)
{
    struct ctl_live *live = NULL;
    struct ctl_live_set made = {.set = NULL};
    struct ctl_summary *summary = calloc(1, sizeof *summary);
    enum ctl_exit code = summary == NULL ? ctl_fail(CTL_FAILED, "out of memory")
                                         : ctl_live_open(ctl, CTL_ACCESS_READ, &live);
    if (code == CTL_DONE) {
        ctl_live_compile_quietly(live, &live->next, &made);
        code = ctl_summary_gather(ctl, live, &made, request->period_s, summary);
    }
    if (code == CTL_DONE && request->is_json) {
        code = print_json(summary);
    }
    else if (code == CTL_DONE) {
        const enum zta_status status = ctl_summary_tell(summary, request->out, request->format);
        code = status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, NULL, "writing the report");
    }
    if (summary != NULL) {
        ctl_summary_clear(summary);
    }
    free(summary);
    ctl_live_set_close(&made);
    ctl_live_close(&live);
    return code;
}

/* ---- a file ---- */

/* In a process of its own, because becoming the store's owner is for good. */
static enum ctl_exit write_apart(struct ctl *ctl, struct request *request, int fd)
{
    (void)fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        request->out = fdopen(fd, "w");
        enum ctl_exit code = request->out == NULL ? ctl_fail(CTL_FAILED, "%s", strerror(errno))
                                                  : write_summary(ctl, request);
        if (code == CTL_DONE && fsync(fd) != 0) {
            code = ctl_fail(CTL_FAILED, "writing the report: %s", strerror(errno));
        }
        _exit((int)code);
    }
    int ended = 0;
    pid_t found = -1;
    while (pid > 0 && (found = waitpid(pid, &ended, 0)) < 0 && errno == EINTR) {
    }
    if (pid < 0 || found != pid || !WIFEXITED(ended)) {
        return ctl_fail(CTL_FAILED, "writing the report: its process did not end as it should");
    }
    return (enum ctl_exit)WEXITSTATUS(ended);
}

/* Whole or not at all, and in nobody's place unless that is wanted. */
static enum ctl_exit put_in_place(const char *made, const char *path, bool is_forced)
{
    if ((is_forced ? rename(made, path) : link(made, path)) == 0) {
        return CTL_DONE;
    }
    return errno == EEXIST
               ? ctl_fail(CTL_CONFLICT, "%s is there already; --force takes its place", path)
               : ctl_fail(CTL_FAILED, "%s: %s", path, strerror(errno));
}

static enum ctl_exit write_file(struct ctl *ctl, struct request *request, const char *path)
{
    const bool is_forced = ctl_option_is_set(&ctl->options, CTL_OPTION_FORCE);
    char made[PATH_MAX];
    struct stat info;
    if (snprintf(made, sizeof made, "%s.XXXXXX", path) >= (int)sizeof made) {
        return ctl_fail(CTL_USAGE, "--output: the path is too long");
    }
    if (!is_forced && lstat(path, &info) == 0) {
        return ctl_fail(CTL_CONFLICT, "%s is there already; --force takes its place", path);
    }
    const int fd = mkostemp(made, O_CLOEXEC);
    if (fd < 0) {
        return ctl_fail(CTL_FAILED, "%s: %s", path, strerror(errno));
    }
    enum ctl_exit code = write_apart(ctl, request, fd);
    if (code == CTL_DONE && fchmod(fd, FILE_MODE) != 0) {
        code = ctl_fail(CTL_FAILED, "%s: %s", path, strerror(errno));
    }
    (void)close(fd);
    if (code == CTL_DONE) {
        code = put_in_place(made, path, is_forced);
    }
    (void)unlink(made);
    return code;
}

/* ---- the command ---- */

static enum ctl_exit read_options(const struct ctl *ctl, struct request *request)
{
    const struct zta_text format = ctl_option_text(&ctl->options, CTL_OPTION_FORMAT);
    struct zta_error error = {.status = ZTA_OK};
    if (ctl_option_duration(&ctl->options, CTL_OPTION_LAST, &request->period_s, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (request->period_s < PERIOD_MIN_S || request->period_s > PERIOD_MAX_S) {
        return ctl_fail(CTL_USAGE, "--last: expected 1m to 36500d");
    }
    if (!zta_text_is_absent(format) && ctl_format_parse(format, &request->format) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "--format: '%.*s'; expected text, markdown or html",
                        (int)format.len, format.data);
    }
    if (request->is_json &&
        (!zta_text_is_absent(format) || ctl_option_is_set(&ctl->options, CTL_OPTION_OUTPUT))) {
        return ctl_fail(CTL_USAGE, "--json goes with neither --format nor --output");
    }
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_FORCE) &&
        !ctl_option_is_set(&ctl->options, CTL_OPTION_OUTPUT)) {
        return ctl_fail(CTL_USAGE, "--force goes with --output");
    }
    return CTL_DONE;
}

enum ctl_exit ctl_run_report(struct ctl *ctl)
{
    const struct zta_text path = ctl_option_text(&ctl->options, CTL_OPTION_OUTPUT);
    struct request request = {.period_s = PERIOD_S, .is_json = ctl_is_json(ctl), .out = stdout};
    const enum ctl_exit code = read_options(ctl, &request);
    if (code != CTL_DONE) {
        return code;
    }
    return zta_text_is_absent(path) ? write_summary(ctl, &request)
                                    : write_file(ctl, &request, path.data);
}
