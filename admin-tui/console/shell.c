/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fork without exec: the command sees who opened the console, where an exec would see the store's
 * owner. The store is opened anew, for an LMDB environment does not outlive a fork.
 */
#include "admin-tui/console/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin-tui/console/progress.h"
#include "admin-tui/output.h"
#include "admin-tui/run.h"
#include "shared/base/clock.h"

enum {
    READ_SIZE = 8192,
    CUT_ROOM = 128, /* kept free for the line that says that more came */
    TITLE_ROOM = 80,
};

/* ---- words ---- */

/* A word from `from` on, quotes and backslashes undone; NULL: a quote is open at the end. */
static const char *take_word(const char *from, char **to)
{
    char quote = '\0';
    for (; *from != '\0' && (quote != '\0' || *from != ' '); from++) {
        if (*from == '\\' && quote != '\'' && from[1] != '\0') {
            *(*to)++ = *++from;
        }
        else if (quote == '\0' && (*from == '"' || *from == '\'')) {
            quote = *from;
        }
        else if (quote != '\0' && *from == quote) {
            quote = '\0';
        }
        else {
            *(*to)++ = *from;
        }
    }
    *(*to)++ = '\0';
    return quote == '\0' ? from : NULL;
}

enum zta_status tui_shell_split(const char *line, struct tui_shell_words *words,
                                struct zta_error *error)
{
    char *to = words->text;
    words->n = 0;
    words->given = (struct tui_shell_given){.answers = NULL};
    words->is_fed = false;
    if (strlen(line) >= TUI_PROMPT_SIZE) {
        return zta_error_set(error, ZTA_TOO_LARGE, "the line is too long");
    }
    for (line += strspn(line, " "); *line != '\0'; line += strspn(line, " ")) {
        if (words->n == TUI_SHELL_WORDS_MAX - 1) {
            return zta_error_set(error, ZTA_INVALID, "more than %d words", TUI_SHELL_WORDS_MAX - 1);
        }
        words->words[words->n++] = to;
        line = take_word(line, &to);
        if (line == NULL) {
            return zta_error_set(error, ZTA_INVALID, "a quote is not closed");
        }
    }
    words->words[words->n] = NULL;
    return ZTA_OK;
}

void tui_shell_add(struct tui_shell_words *words, const char *fmt, ...)
{
    char *word = words->text + words->len;
    const size_t room = sizeof words->text - words->len;
    va_list arguments;
    va_start(arguments, fmt);
    const int n = vsnprintf(word, room, fmt, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= room || words->n == TUI_SHELL_WORDS_MAX - 1) {
        words->n = TUI_SHELL_WORDS_MAX;
        return;
    }
    words->words[words->n++] = word;
    words->words[words->n] = NULL;
    words->len += (size_t)n + 1;
}

/* ---- the process ---- */

/* A file in memory, to be read from its begin; -1: there is none. */
static int make_input(struct zta_text input)
{
    const int fd = memfd_create("input", MFD_CLOEXEC);
    size_t written = 0;
    while (fd >= 0 && written < input.len) {
        const ssize_t n = write(fd, input.data + written, input.len - written);
        if (n <= 0) {
            (void)close(fd);
            return -1;
        }
        written += (size_t)n;
    }
    return fd >= 0 && lseek(fd, 0, SEEK_SET) == 0 ? fd : -1;
}

/*
 * The terminal is the console's: what runs beside it neither reads nor writes there, and ends as
 * any other process does.
 */
static bool take_streams(int out, int notes, struct zta_text input)
{
    static const int signals[] = {SIGINT,  SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH,
                                  SIGABRT, SIGSEGV, SIGBUS, SIGFPE,  SIGILL};
    sigset_t none;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        (void)signal(signals[i], SIG_DFL);
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setpgid(0, 0);
    const int in =
        zta_text_is_absent(input) ? open("/dev/null", O_RDONLY | O_CLOEXEC) : make_input(input);
    return in >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
           dup2(notes < 0 ? out : notes, STDERR_FILENO) >= 0;
}

/* However the console ends: killed, it stops nobody. */
static void end_with(pid_t console)
{
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != console) {
        _exit(CTL_FAILED);
    }
}

static _Noreturn void run_child(const struct ctl *ctl, struct tui_shell_words *words, int out,
                                int notes)
{
    struct ctl child = {.dir = ctl->dir,
                        .actor = ctl->actor,
                        .answers = words->given.answers,
                        .tells_progress = words->is_fed};
    struct zta_error error = {.status = ZTA_OK};
    enum ctl_exit code = CTL_USAGE;
    if (!take_streams(out, notes, words->given.input)) {
        _exit(CTL_FAILED);
    }
    /* Of a pipe it would keep the order of what is printed and what is complained about. */
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (ctl_options_parse((int)words->n, words->words, &child.options, &error) != ZTA_OK) {
        (void)ctl_fail(CTL_USAGE, "%s", error.text);
    }
    else if (ctl_option_is_set(&child.options, CTL_OPTION_STORE)) {
        (void)ctl_fail(CTL_USAGE, "this console is about the store in %s", ctl->dir);
    }
    else {
        code = ctl_run(&child);
    }
    enum ctl_exit written = ctl_flush();
    _exit(code == CTL_DONE ? (int)written : (int)code);
}

static void set_title(const struct tui_shell *shell, struct tui_page *page, const char *state)
{
    struct zta_buffer out;
    zta_buffer_init(&out, page->title, sizeof page->title);
    zta_buffer_text(
        &out, (struct zta_text){.data = shell->line, .len = strnlen(shell->line, TITLE_ROOM - 16)});
    zta_buffer_printf(&out, " · %s", state);
}

enum zta_status tui_shell_spawn(const struct ctl *ctl, struct tui_shell_words *words,
                                struct tui_shell_ends *ends, struct zta_error *error)
{
    int pipes[2];
    sigset_t all;
    sigset_t former;
    if (words->n >= TUI_SHELL_WORDS_MAX) {
        return zta_error_set(error, ZTA_TOO_LARGE, "the line is too long");
    }
    if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) != 0) {
        return zta_error_set(error, ZTA_IO, "no pipe: %s", strerror(errno));
    }
    (void)fcntl(pipes[1], F_SETFL, 0); /* who prints may wait for us */
    (void)fflush(stdout);
    /* A signal to the child counts only once it is the child's, not the console's handler's. */
    const pid_t console = getpid();
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &former);
    ends->pid = fork();
    if (ends->pid == 0) {
        /* With an end of its own to read from it would never see that nobody reads any more. */
        (void)close(pipes[0]);
        end_with(console);
        run_child(ctl, words, pipes[1], ends->notes);
    }
    (void)sigprocmask(SIG_SETMASK, &former, NULL);
    (void)close(pipes[1]);
    if (ends->pid < 0) {
        (void)close(pipes[0]);
        return zta_error_set(error, ZTA_IO, "no process: %s", strerror(errno));
    }
    ends->fd = pipes[0];
    return ZTA_OK;
}

int tui_shell_reap(pid_t pid, int fd, bool is_stopped)
{
    int code = 0;
    if (is_stopped) {
        (void)kill(pid, SIGTERM);
    }
    /* It may be writing: nobody reads any more, which ends that. */
    (void)close(fd);
    while (waitpid(pid, &code, 0) < 0 && errno == EINTR) {
    }
    return code;
}

enum zta_status tui_shell_run(struct tui_shell *shell, const struct ctl *ctl,
                              struct tui_shell_words *words, struct tui_page *page,
                              struct zta_error *error)
{
    struct tui_shell_ends ends = {.notes = -1};
    tui_shell_stop(shell);
    words->is_fed = true;
    enum zta_status status = tui_shell_spawn(ctl, words, &ends, error);
    if (status != ZTA_OK) {
        return status;
    }
    *shell = (struct tui_shell){
        .pid = ends.pid, .fd = ends.fd, .percent = -1, .begun_ns = zta_clock_monotonic_ns()};
    if (!words->given.is_more) {
        tui_page_open(page, "");
        page->is_plain = true;
        /* Rules that come and go stand behind signs, as rule_diff.h has it. */
        page->is_diff = words->n > 0 && strcmp(words->words[0], "rules") == 0;
    }
    for (size_t i = 0; i < words->n; i++) {
        shell->is_endless |= strcmp(words->words[i], "--follow") == 0 ||
                             strncmp(words->words[i], "--watch", strlen("--watch")) == 0;
    }
    page->is_following |= shell->is_endless;
    return ZTA_OK;
}

void tui_shell_name(struct tui_shell *shell, const char *line, struct tui_page *page)
{
    (void)snprintf(shell->line, sizeof shell->line, "%s", line + strspn(line, " "));
    set_title(shell, page, "running, Esc stops it");
}

enum zta_status tui_shell_start(struct tui_shell *shell, const struct ctl *ctl, const char *line,
                                struct tui_page *page, struct zta_error *error)
{
    struct tui_shell_words words;
    enum zta_status status = tui_shell_split(line, &words, error);
    if (status == ZTA_OK) {
        status = tui_shell_run(shell, ctl, &words, page, error);
    }
    if (status == ZTA_OK) {
        tui_shell_name(shell, line, page);
    }
    return status;
}

static void put_line(struct tui_shell *shell, struct tui_page *page, struct zta_text line)
{
    if (shell->is_cut || page->out.len + 2 * line.len + CUT_ROOM > page->out.size) {
        shell->is_cut = true;
        return;
    }
    zta_buffer_safe(&page->out, line);
    zta_buffer_string(&page->out, "\n");
}

static void put_rest(struct tui_shell *shell, struct tui_page *page)
{
    put_line(shell, page, (struct zta_text){.data = shell->rest, .len = shell->rest_len});
    shell->rest_len = 0;
}

/* "counting whom this hits:  37 %", as admin-tui/progress.c tells it. */
static void note_progress(struct tui_shell *shell)
{
    const char *end = memchr(shell->rest, ':', shell->rest_len);
    const int percent = tui_progress_percent(shell->rest, shell->rest_len);
    if (shell->is_telling && percent >= 0) {
        shell->percent = percent;
        (void)snprintf(shell->doing, sizeof shell->doing, "%.*s",
                       end == NULL ? 0 : (int)(end - shell->rest), shell->rest);
    }
}

/* Behind a carriage return stands how far it is, until that is wiped out. */
static void take_return(struct tui_shell *shell, struct tui_page *page)
{
    if (!shell->is_telling && shell->rest_len > 0) {
        put_rest(shell, page);
    }
    note_progress(shell);
    shell->is_telling = true;
    shell->rest_len = 0;
}

/* Whole lines; what has no end yet is kept, and counts as a line where it is too long. */
static void take(struct tui_shell *shell, struct tui_page *page, const char *data, size_t n)
{
    static const char wipe[] = "\033[K";
    for (size_t i = 0; i < n; i++) {
        if (data[i] == '\r') {
            take_return(shell, page);
            continue;
        }
        if (data[i] != '\n') {
            shell->rest[shell->rest_len++] = data[i];
        }
        if (shell->is_telling && shell->rest_len == sizeof wipe - 1 &&
            memcmp(shell->rest, wipe, shell->rest_len) == 0) {
            shell->is_telling = false;
            shell->rest_len = 0;
        }
        else if (data[i] == '\n' || shell->rest_len == sizeof shell->rest) {
            put_rest(shell, page);
        }
    }
    note_progress(shell);
}

static void finish(struct tui_shell *shell, struct tui_page *page)
{
    char state[32] = "done";
    if (shell->rest_len > 0 && !shell->is_telling) {
        put_rest(shell, page);
    }
    if (shell->is_cut) {
        zta_buffer_string(&page->out, "More came than is kept here; in a shell it is all there.\n");
    }
    const int code = tui_shell_reap(shell->pid, shell->fd, false);
    if (WIFSIGNALED(code)) {
        (void)snprintf(state, sizeof state, "ended by signal %d", WTERMSIG(code));
    }
    else if (WEXITSTATUS(code) != CTL_DONE) {
        (void)snprintf(state, sizeof state, "exit code %d", WEXITSTATUS(code));
    }
    shell->pid = 0;
    shell->code = WIFEXITED(code) ? WEXITSTATUS(code) : CTL_FAILED;
    if (shell->line[0] != '\0') {
        set_title(shell, page, state);
    }
}

bool tui_shell_go_on(struct tui_shell *shell, struct tui_page *page)
{
    char data[READ_SIZE];
    if (shell->pid == 0) {
        return false;
    }
    const ssize_t n = read(shell->fd, data, sizeof data);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (n <= 0) {
        finish(shell, page);
        return true;
    }
    take(shell, page, data, (size_t)n);
    return true;
}

void tui_shell_stop(struct tui_shell *shell)
{
    if (shell->pid != 0) {
        (void)tui_shell_reap(shell->pid, shell->fd, true);
        shell->pid = 0;
    }
}
