/* SPDX-License-Identifier: Apache-2.0 */
/* A pipe read to its end, then parsed. */
#include "admin-tui/console/feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin-tui/console/shell.h"

enum {
    READ_SIZE = 65536,
    SIZE_MAX_READ = 32 << 20, /* above, a filter of the command has to do */
};

/* The first line says it. */
static void set_fault(struct tui_feed *feed, const char *text, size_t len)
{
    const size_t room = sizeof feed->fault - 1;
    const char *end = memchr(text, '\n', len);
    len = end == NULL ? len : (size_t)(end - text);
    (void)snprintf(feed->fault, sizeof feed->fault, "%.*s", (int)(len < room ? len : room), text);
}

static void stop(struct tui_feed *feed)
{
    if (feed->pid != 0) {
        (void)tui_shell_reap(feed->pid, feed->fd, true);
        feed->pid = 0;
    }
}

void tui_feed_begin(struct tui_feed *feed, const struct ctl *ctl, const char *command,
                    int64_t now_ns)
{
    struct tui_shell_words words;
    struct zta_error error = {.status = ZTA_OK};
    char line[TUI_PROMPT_SIZE];
    stop(feed);
    (void)snprintf(line, sizeof line, "%s --json", command);
    feed->begun_ns = now_ns;
    feed->len = 0;
    feed->percent = -1;
    feed->is_aside = false;
    enum zta_status status = tui_shell_split(line, &words, &error);
    words.is_fed = true;
    if (status == ZTA_OK) {
        status = tui_shell_spawn(ctl, &words, &feed->pid, &feed->fd, &error);
    }
    if (status != ZTA_OK) {
        feed->pid = 0;
        set_fault(feed, error.text, strlen(error.text));
    }
}

/* Room for more; false: there is none, or more came than anybody looks at. */
static bool make_room(struct tui_feed *feed)
{
    if (feed->size - feed->len > READ_SIZE) {
        return true;
    }
    const size_t size = feed->size == 0 ? (size_t)4 * READ_SIZE : 2 * feed->size;
    char *data = size > SIZE_MAX_READ ? NULL : realloc(feed->data, size);
    if (data != NULL) {
        feed->data = data;
        feed->size = size;
    }
    return data != NULL;
}

/* What was printed, or why there is nothing. */
static json_t *parse(struct tui_feed *feed, int code)
{
    json_error_t fault;
    json_t *value = json_loadb(feed->data, feed->len, 0, &fault);
    if (value != NULL && WIFEXITED(code) && WEXITSTATUS(code) == CTL_DONE) {
        feed->fault[0] = '\0';
        return value;
    }
    json_decref(value);
    const size_t len = feed->len;
    set_fault(feed, len > 0 ? feed->data : "it printed nothing", len > 0 ? len : 18);
    return NULL;
}

/* "\rjudging recorded requests:  37 %" up to "\r\033[K" is no JSON, which has neither raw. */
static void take(struct tui_feed *feed, size_t n)
{
    const char *from = feed->data + feed->len;
    size_t number = 0;
    for (size_t i = 0; i < n; i++) {
        const char c = from[i];
        if (c == '\r') {
            feed->is_aside = true;
        }
        if (!feed->is_aside) {
            feed->data[feed->len++] = c;
        }
        else if (c >= '0' && c <= '9') {
            number = number < 100 ? 10 * number + (size_t)(c - '0') : 100;
        }
        else if (c == '%') {
            feed->percent = (int)(number < 100 ? number : 100);
        }
        else if (c != ' ') {
            number = 0;
            feed->is_aside = c != 'K';
        }
    }
}

bool tui_feed_go_on(struct tui_feed *feed, json_t **value)
{
    *value = NULL;
    if (feed->pid == 0) {
        return false;
    }
    while (make_room(feed)) {
        const ssize_t n = read(feed->fd, feed->data + feed->len, READ_SIZE);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return false;
        }
        if (n <= 0) {
            const int code = tui_shell_reap(feed->pid, feed->fd, false);
            feed->pid = 0;
            *value = parse(feed, code);
            return true;
        }
        take(feed, (size_t)n);
    }
    stop(feed);
    set_fault(feed, "more came than can be shown here", 32);
    return true;
}

void tui_feed_close(struct tui_feed *feed)
{
    stop(feed);
    free(feed->data);
    *feed = (struct tui_feed){.pid = 0};
}

struct zta_text tui_feed_text(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    return (struct zta_text){.data = json_string_value(value), .len = json_string_length(value)};
}
