/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for people and for scripts, and what a status means as an exit code. */
#include "admin-tui/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    LINE_MAX_SIZE = 8192
};

ZTA_PRINTF(3, 0)
static void put_line(FILE *to, const char *prefix, const char *fmt, va_list arguments)
{
    char raw[LINE_MAX_SIZE];
    char safe[LINE_MAX_SIZE];
    int n = vsnprintf(raw, sizeof raw, fmt, arguments);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof raw ? (size_t)n : sizeof raw - 1;
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, safe, sizeof safe);
    zta_buffer_safe(&buffer, (struct zta_text){.data = raw, .len = len});
    (void)fprintf(to, "%s%s\n", prefix, safe);
}

void ctl_say(const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    put_line(stdout, "", fmt, arguments);
    va_end(arguments);
}

void ctl_note(const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    put_line(stderr, "", fmt, arguments);
    va_end(arguments);
}

enum ctl_exit ctl_fail(enum ctl_exit code, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    put_line(stderr, "ztactl: ", fmt, arguments);
    va_end(arguments);
    return code;
}

enum ctl_exit ctl_exit_of(enum zta_status status)
{
    switch (status) {
    case ZTA_OK:
        return CTL_DONE;
    case ZTA_NOT_FOUND:
    case ZTA_INVALID:
    case ZTA_TOO_LARGE:
    case ZTA_EXPIRED:
        return CTL_FAILED;
    case ZTA_EXISTS:
    case ZTA_BUSY:
    case ZTA_CONFLICT:
        return CTL_CONFLICT;
    case ZTA_FULL:
    case ZTA_FORBIDDEN:
    case ZTA_IO:
    case ZTA_CORRUPT:
    case ZTA_VERSION:
    case ZTA_NO_MEMORY:
        return CTL_STORE;
    }
    return CTL_STORE;
}

enum ctl_exit ctl_fail_status(enum zta_status status, const struct zta_error *error,
                              const char *what)
{
    const char *text =
        error != NULL && error->text[0] != '\0' ? error->text : zta_status_text(status);
    return ctl_fail(ctl_exit_of(status), "%s%s%s", what, what[0] == '\0' ? "" : ": ", text);
}

enum ctl_exit ctl_flush(void)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return CTL_DONE;
    }
    /* A pager that was left is no news to the person who left it. */
    return errno == EPIPE ? CTL_FAILED : ctl_fail(CTL_FAILED, "output: %s", strerror(errno));
}
