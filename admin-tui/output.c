/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for people and for scripts, and what a status means as an exit code. */
#include "admin-tui/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    LINE_MAX_SIZE = 8192,
    JSON_MAX_SIZE = 6 * LINE_MAX_SIZE + 64, /* every byte escaped */
};

/* Of this process: set once the command line is known. */
static struct {
    bool is_json;
    bool has_colours;
} manner;

void ctl_output_begin(bool is_json, bool has_colours)
{
    manner.is_json = is_json;
    manner.has_colours = has_colours;
}

bool ctl_has_colours(void)
{
    return manner.has_colours;
}

/* What the arguments make of the format, cut where it is too long. */
ZTA_PRINTF(2, 0)
static struct zta_text print_raw(char raw[LINE_MAX_SIZE], const char *fmt, va_list arguments)
{
    const int n = vsnprintf(raw, LINE_MAX_SIZE, fmt, arguments);
    const size_t len = n < 0 ? 0 : (size_t)n < LINE_MAX_SIZE ? (size_t)n : LINE_MAX_SIZE - 1;
    return (struct zta_text){.data = raw, .len = len};
}

ZTA_PRINTF(3, 0)
static void put_line(FILE *to, const char *prefix, const char *fmt, va_list arguments)
{
    char raw[LINE_MAX_SIZE];
    char safe[LINE_MAX_SIZE];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, safe, sizeof safe);
    zta_buffer_safe(&buffer, print_raw(raw, fmt, arguments));
    (void)fprintf(to, "%s%s\n", prefix, safe);
}

/* {"error": text, "exit": code} or {"note": text} on standard error. */
ZTA_PRINTF(3, 0)
static void put_object(const char *name, const enum ctl_exit *code, const char *fmt,
                       va_list arguments)
{
    char raw[LINE_MAX_SIZE];
    char text[JSON_MAX_SIZE];
    struct zta_buffer buffer;
    struct zta_json json;
    zta_buffer_init(&buffer, text, sizeof text);
    zta_json_init(&json, &buffer);
    zta_json_begin_object(&json, NULL);
    zta_json_text(&json, name, print_raw(raw, fmt, arguments));
    if (code != NULL) {
        zta_json_int(&json, "exit", *code);
    }
    zta_json_end_object(&json);
    (void)fprintf(stderr, "%.*s\n", (int)buffer.len, text);
}

void ctl_say(const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    put_line(stdout, "", fmt, arguments);
    va_end(arguments);
}

void ctl_say_diff(char sign, struct zta_text line)
{
    const bool is_inked = ctl_has_colours() && sign != ' ';
    char safe[LINE_MAX_SIZE];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, safe, sizeof safe);
    zta_buffer_safe(&buffer, line);
    (void)printf("%s%c %s%s\n",
                 !is_inked     ? ""
                 : sign == '+' ? "\x1b[32m"
                               : "\x1b[31m",
                 sign, safe, is_inked ? "\x1b[m" : "");
}

void ctl_note(const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    if (manner.is_json) {
        put_object("note", NULL, fmt, arguments);
    }
    else {
        put_line(stderr, "", fmt, arguments);
    }
    va_end(arguments);
}

enum ctl_exit ctl_fail(enum ctl_exit code, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    if (manner.is_json) {
        put_object("error", &code, fmt, arguments);
    }
    else {
        put_line(stderr, "ztactl: ", fmt, arguments);
    }
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
