/* SPDX-License-Identifier: Apache-2.0 */
/* A pipe read to its end, then parsed. */
#include "admin-tui/console/feed.h"

#include "admin-tui/console/progress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READ_SIZE = 65536,
    NOTE_MAX = 16384,
    PROGRESS_MAX = 64,
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

/* The last "37 %" of what it told about its progress. */
static void read_progress(struct tui_feed *feed)
{
    char text[PROGRESS_MAX];
    struct stat about;
    if (fstat(feed->notes, &about) != 0) {
        return;
    }
    const off_t from = about.st_size > (off_t)sizeof text ? about.st_size - (off_t)sizeof text : 0;
    const ssize_t n = pread(feed->notes, text, sizeof text, from);
    const int percent = tui_progress_percent(text, n < 0 ? 0 : (size_t)n);
    feed->percent = percent < 0 ? feed->percent : percent;
}

/* The first of its complaints, each of which is an object on a line, behind its progress. */
static void take_note(struct tui_feed *feed)
{
    char line[NOTE_MAX];
    json_error_t fault;
    const ssize_t n = pread(feed->notes, line, sizeof line, 0);
    const char *from = n <= 0 ? NULL : memchr(line, '{', (size_t)n);
    json_t *said =
        from == NULL ? NULL
                     : json_loadb(from, (size_t)(line + n - from), JSON_DISABLE_EOF_CHECK, &fault);
    const json_t *error = json_object_get(said, "error");
    const json_t *text = error != NULL ? error : json_object_get(said, "note");
    (void)snprintf(feed->note, sizeof feed->note, "%s",
                   json_is_string(text) ? json_string_value(text) : "");
    json_decref(said);
}

/* What waitpid says of what ran. */
static int end(struct tui_feed *feed, bool is_stopped)
{
    const int code = tui_shell_reap(feed->pid, feed->fd, is_stopped);
    take_note(feed);
    (void)close(feed->notes);
    feed->pid = 0;
    return code;
}

static void stop(struct tui_feed *feed)
{
    if (feed->pid != 0) {
        (void)end(feed, true);
    }
}

/* Into a file: nobody has to read it for the command to go on. */
static enum zta_status spawn(struct tui_feed *feed, const struct ctl *ctl,
                             struct tui_shell_words *words, struct zta_error *error)
{
    struct tui_shell_ends ends = {.notes = memfd_create("notes", MFD_CLOEXEC)};
    if (ends.notes < 0) {
        return zta_error_set(error, ZTA_IO, "no memory for notes: %s", strerror(errno));
    }
    const enum zta_status status = tui_shell_spawn(ctl, words, &ends, error);
    if (status != ZTA_OK) {
        (void)close(ends.notes);
        return status;
    }
    feed->pid = ends.pid;
    feed->fd = ends.fd;
    feed->notes = ends.notes;
    return ZTA_OK;
}

void tui_feed_begin_with(struct tui_feed *feed, const struct ctl *ctl, const char *command,
                         struct zta_text input)
{
    struct tui_shell_words words;
    struct zta_error error = {.status = ZTA_OK};
    char line[TUI_PROMPT_SIZE];
    stop(feed);
    (void)snprintf(line, sizeof line, "%s --json", command);
    feed->len = 0;
    feed->percent = -1;
    enum zta_status status = tui_shell_split(line, &words, &error);
    words.is_fed = true;
    if (status == ZTA_OK) {
        words.given.input = input;
        status = spawn(feed, ctl, &words, &error);
    }
    if (status != ZTA_OK) {
        set_fault(feed, error.text, strlen(error.text));
    }
}

void tui_feed_begin(struct tui_feed *feed, const struct ctl *ctl, const char *command,
                    int64_t now_ns)
{
    feed->begun_ns = now_ns;
    tui_feed_begin_with(feed, ctl, command, (struct zta_text){.data = NULL});
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

/* What was printed, whether the command is content or not, or why there is nothing. */
static json_t *parse(struct tui_feed *feed, int code)
{
    json_error_t fault;
    json_t *value = json_loadb(feed->data, feed->len, 0, &fault);
    if (value != NULL && WIFEXITED(code) &&
        (WEXITSTATUS(code) == CTL_DONE || WEXITSTATUS(code) == CTL_FAILED)) {
        feed->fault[0] = '\0';
        return value;
    }
    json_decref(value);
    if (WIFSIGNALED(code)) {
        (void)snprintf(feed->fault, sizeof feed->fault, "it was ended by signal %d",
                       WTERMSIG(code));
        feed->note[0] = '\0';
    }
    else if (feed->note[0] != '\0') {
        set_fault(feed, feed->note, strlen(feed->note));
        feed->note[0] = '\0';
    }
    else {
        set_fault(feed, feed->len > 0 ? feed->data : "it printed nothing",
                  feed->len > 0 ? feed->len : strlen("it printed nothing"));
    }
    return NULL;
}

bool tui_feed_go_on(struct tui_feed *feed, json_t **value)
{
    *value = NULL;
    if (feed->pid == 0) {
        return false;
    }
    read_progress(feed);
    while (make_room(feed)) {
        const ssize_t n = read(feed->fd, feed->data + feed->len, READ_SIZE);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return false;
        }
        if (n <= 0) {
            const int code = end(feed, false);
            *value = parse(feed, code);
            return true;
        }
        feed->len += (size_t)n;
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
