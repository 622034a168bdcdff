/* SPDX-License-Identifier: Apache-2.0 */
/* curses, and the ways out of it. */
#include "admin-tui/console/term.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "shared/base/base64.h"

enum {
    ESCAPE_WAIT_MS = 25, /* between ESC and the rest of a key's sequence */
    PAIRS_MAX = 2 * TUI_N_ROLES,
    RESTORE_SIZE = 256,
    COPY_MAX = 32768, /* xterm and tmux take more */
};

/* Text that is pasted comes between marks (xterm's bracketed paste), so that it is no keys. */
#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define PASTE     (KEY_MAX + 1) /* codes of curses for the marks */
#define PASTED    (KEY_MAX + 2)

/* What curses and signal handlers need; there is one terminal. */
static struct {
    SCREEN *screen;
    bool is_open;
    enum tui_theme theme;
    enum tui_colours colours;
    struct termios saved;
    char restore[RESTORE_SIZE]; /* sequences that a dying process writes */
    size_t restore_len;
    bool is_mouse_on;
    bool is_clicked_twice; /* the second press is still to be told */
    int pointer_x;
    int pointer_y;
} term;

static volatile sig_atomic_t is_ending;
static volatile sig_atomic_t is_stopping;

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static const int crash_signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

static void end(int number)
{
    is_ending = 1;
}

static void stop(int number)
{
    is_stopping = 1;
}

/* Async-signal-safe: curses is not asked any more. */
static void crash(int number)
{
    static const char cut[] = "ztactl: a file of the store was cut while it was read\n";
    ssize_t written = write(STDOUT_FILENO, term.restore, term.restore_len);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
    if (number == SIGBUS) {
        /* A mapped page that its file no longer has. */
        written = write(STDERR_FILENO, cut, sizeof cut - 1);
    }
    (void)written;
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

static void handle_all(void)
{
    for (size_t i = 0; i < sizeof ending_signals / sizeof ending_signals[0]; i++) {
        handle(ending_signals[i], end, 0);
    }
    for (size_t i = 0; i < sizeof crash_signals / sizeof crash_signals[0]; i++) {
        handle(crash_signals[i], crash, (int)SA_RESETHAND);
    }
    handle(SIGTSTP, stop, 0);
}

/* A capability without the padding that only printing terminals needed. */
static void keep_capability(const char *name)
{
    const char *text = tigetstr(name);
    if (text == NULL || text == (const char *)-1) {
        return;
    }
    while (*text != '\0' && term.restore_len + 1 < sizeof term.restore) {
        const char *behind = strncmp(text, "$<", 2) == 0 ? strchr(text, '>') : NULL;
        if (behind != NULL) {
            text = behind + 1;
        }
        else {
            term.restore[term.restore_len++] = *text++;
        }
    }
}

/* Terminals that do not know a private mode ignore it. */
static void keep_modes_off(void)
{
    static const char off[] = "\033[?1000l\033[?1006l" PASTE_OFF;
    if (term.restore_len + sizeof off <= sizeof term.restore) {
        memcpy(term.restore + term.restore_len, off, sizeof off - 1);
        term.restore_len += sizeof off - 1;
    }
}

static void make_pairs(void)
{
    for (int i = 0; i < PAIRS_MAX && i + 1 < COLOR_PAIRS; i++) {
        struct tui_style style =
            tui_theme_style(term.theme, (enum tui_role)(i / 2), i % 2 == 1, term.colours);
        (void)init_pair((short)(i + 1), style.foreground, style.background);
    }
}

void tui_term_theme(enum tui_theme theme)
{
    if (term.theme != theme) {
        term.theme = theme;
        if (term.colours != TUI_COLOURS_NONE) {
            make_pairs();
        }
        tui_term_redraw();
    }
}

static void start_colours(void)
{
    term.colours = tui_theme_colours(getenv("NO_COLOR"), tigetnum("colors"));
    if (term.colours == TUI_COLOURS_NONE) {
        return;
    }
    (void)start_color();
    (void)use_default_colors();
    make_pairs();
}

static void mark_pasted(bool is_on)
{
    if (is_on) {
        (void)define_key("\033[200~", PASTE);
        (void)define_key("\033[201~", PASTED);
    }
    (void)printf("%s", is_on ? PASTE_ON : PASTE_OFF);
    (void)fflush(stdout);
}

/* ^S is a key here: nothing stops what is shown. */
static void take_flow_control(void)
{
    struct termios now;
    if (tcgetattr(STDIN_FILENO, &now) == 0) {
        now.c_iflag &= ~(tcflag_t)IXON;
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &now);
        (void)def_prog_mode();
    }
}

enum zta_status tui_term_open(struct zta_error *error)
{
    const char *name = getenv("TERM");
    (void)tcgetattr(STDIN_FILENO, &term.saved);
    (void)setenv("ESCDELAY", "25", 0);
    int code = 0;
    bool can = setupterm(NULL, STDOUT_FILENO, &code) == OK && cursor_address != NULL;
    if (cur_term != NULL) {
        (void)del_curterm(cur_term); /* newterm makes its own */
    }
    if (!can) {
        return zta_error_set(error, ZTA_INVALID,
                             "terminal '%s' cannot place a cursor; commands work there",
                             name == NULL ? "" : name);
    }
    handle_all();
    term.screen = newterm(NULL, stdout, stdin);
    if (term.screen == NULL) {
        return zta_error_set(error, ZTA_INVALID, "terminal '%s' cannot be used",
                             name == NULL ? "" : name);
    }
    term.is_open = true;
    term.restore_len = 0;
    keep_capability("sgr0");
    keep_capability("cnorm");
    keep_capability("rmkx");
    keep_capability("rmcup");
    keep_modes_off();
    (void)cbreak();
    (void)noecho();
    (void)nonl();
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)set_escdelay(ESCAPE_WAIT_MS);
    (void)curs_set(0);
    take_flow_control();
    mark_pasted(true);
    start_colours();
    return ZTA_OK;
}

void tui_term_close(void)
{
    if (!term.is_open) {
        return;
    }
    term.is_open = false;
    tui_term_mouse(false);
    mark_pasted(false);
    (void)endwin();
    delscreen(term.screen);
    term.screen = NULL;
    for (size_t i = 0; i < sizeof crash_signals / sizeof crash_signals[0]; i++) {
        (void)signal(crash_signals[i], SIG_DFL);
    }
    (void)signal(SIGTSTP, SIG_DFL);
}

void tui_term_size(int *width, int *height)
{
    *width = COLS;
    *height = LINES;
}

bool tui_term_is_ascii(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

static attr_t attributes_of(const struct tui_style *style)
{
    return (style->is_bold ? A_BOLD : 0) | (style->is_dim ? A_DIM : 0) |
           (style->is_reverse ? A_REVERSE : 0);
}

/* Of what most cells have the locale need not be asked. */
static void widen(const char *from, wchar_t text[CCHARW_MAX + 1])
{
    mbstate_t state = {0};
    size_t n = 1;
    text[0] = (wchar_t)(unsigned char)from[0];
    if ((from[0] & 0x80) != 0 || from[1] != '\0') {
        n = mbsrtowcs(text, &from, CCHARW_MAX, &state);
    }
    if (n == (size_t)-1) {
        n = 1;
        text[0] = L'?';
    }
    text[n] = L'\0';
}

static void show_cell(int y, int x, const struct tui_cell *cell)
{
    wchar_t text[CCHARW_MAX + 1];
    cchar_t out;
    if (cell->text[0] == '\0') {
        return; /* the second half of the one before */
    }
    widen(cell->text, text);
    struct tui_style style =
        tui_theme_style(term.theme, (enum tui_role)cell->role, cell->is_selected, term.colours);
    short pair = (short)(term.colours == TUI_COLOURS_NONE
                             ? 0
                             : 2 * cell->role + (cell->is_selected ? 1 : 0) + 1);
    if (setcchar(&out, text, attributes_of(&style), pair, NULL) == OK) {
        (void)mvadd_wch(y, x, &out);
    }
}

void tui_term_show(const struct tui_canvas *canvas)
{
    (void)erase();
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            show_cell(y, x, &canvas->cells[y * canvas->width + x]);
        }
    }
    (void)refresh();
}

void tui_term_redraw(void)
{
    (void)clearok(stdscr, TRUE);
}

/* Leaves the terminal to the shell until the user comes back. */
static void suspend(void)
{
    is_stopping = 0;
    (void)def_prog_mode();
    mark_pasted(false);
    (void)endwin();
    (void)signal(SIGTSTP, SIG_DFL);
    (void)raise(SIGTSTP);
    handle(SIGTSTP, stop, 0);
    (void)reset_prog_mode();
    mark_pasted(true);
    tui_term_redraw();
    (void)refresh();
}

static const struct {
    int from;
    int to;
} keys[] = {
    {.from = KEY_UP, .to = TUI_KEY_UP},         {.from = KEY_DOWN, .to = TUI_KEY_DOWN},
    {.from = KEY_LEFT, .to = TUI_KEY_LEFT},     {.from = KEY_RIGHT, .to = TUI_KEY_RIGHT},
    {.from = KEY_PPAGE, .to = TUI_KEY_PAGE_UP}, {.from = KEY_NPAGE, .to = TUI_KEY_PAGE_DOWN},
    {.from = KEY_HOME, .to = TUI_KEY_HOME},     {.from = KEY_END, .to = TUI_KEY_END},
    {.from = KEY_DC, .to = TUI_KEY_DELETE},     {.from = KEY_BTAB, .to = TUI_KEY_BACK_TAB},
    {.from = KEY_F(1), .to = TUI_KEY_F1},       {.from = KEY_F(2), .to = TUI_KEY_F2},
    {.from = KEY_F(3), .to = TUI_KEY_F3},       {.from = KEY_F(4), .to = TUI_KEY_F4},
    {.from = KEY_F(5), .to = TUI_KEY_F5},       {.from = KEY_F(6), .to = TUI_KEY_F6},
    {.from = KEY_F(9), .to = TUI_KEY_F9},       {.from = KEY_F(10), .to = TUI_KEY_F10},
    {.from = KEY_ENTER, .to = TUI_KEY_ENTER},   {.from = KEY_BACKSPACE, .to = TUI_KEY_BACKSPACE},
    {.from = PASTE, .to = TUI_KEY_PASTE},       {.from = PASTED, .to = TUI_KEY_PASTED},
    {.from = KEY_RESIZE, .to = TUI_KEY_RESIZE},
};

/* Presses and releases that arrive together, as on a slow line, curses makes one event of. */
#define LEFT_BUTTON (BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON1_DOUBLE_CLICKED)

static int read_mouse(void)
{
    MEVENT event;
    if (getmouse(&event) != OK) {
        return TUI_KEY_NONE;
    }
    term.pointer_x = event.x;
    term.pointer_y = event.y;
    term.is_clicked_twice = (event.bstate & BUTTON1_DOUBLE_CLICKED) != 0;
    return (event.bstate & LEFT_BUTTON) != 0       ? TUI_KEY_CLICK
           : (event.bstate & BUTTON4_PRESSED) != 0 ? TUI_KEY_WHEEL_UP
           : (event.bstate & BUTTON5_PRESSED) != 0 ? TUI_KEY_WHEEL_DOWN
                                                   : TUI_KEY_NONE;
}

void tui_term_pointer(int *x, int *y)
{
    *x = term.pointer_x;
    *y = term.pointer_y;
}

void tui_term_mouse(bool is_on)
{
    if (is_on != term.is_mouse_on) {
        term.is_mouse_on = is_on;
        (void)mouseinterval(0); /* presses at once, not clicks after a wait for a second one */
        (void)mousemask(is_on ? LEFT_BUTTON | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
    }
}

/* What curses has read, without waiting. */
static int read_key(void)
{
    wint_t code = 0;
    if (term.is_clicked_twice) {
        term.is_clicked_twice = false;
        return TUI_KEY_CLICK;
    }
    int kind = get_wch(&code);
    if (kind == KEY_CODE_YES && code == KEY_MOUSE) {
        return read_mouse();
    }
    if (kind == KEY_CODE_YES) {
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
            if ((int)code == keys[i].from) {
                return keys[i].to;
            }
        }
        return TUI_KEY_NONE;
    }
    if (kind != OK) {
        return TUI_KEY_NONE;
    }
    return code == '\r' ? TUI_KEY_ENTER : code == '\b' ? TUI_KEY_BACKSPACE : (int)code;
}

int tui_term_key(int timeout_ms)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    int key = read_key();
    if (key != TUI_KEY_NONE) {
        return key;
    }
    int n = poll(&input, 1, timeout_ms);
    if (is_stopping != 0) {
        suspend();
        return TUI_KEY_RESIZE;
    }
    if (n > 0 && (input.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
        is_ending = 1;
        return TUI_KEY_NONE;
    }
    return read_key();
}

bool tui_term_is_ending(void)
{
    return is_ending != 0;
}

/* Consoles of machines and terminals of old; of others nobody can tell but by trying. */
bool tui_term_can_copy(void)
{
    static const char *const without[] = {"linux", "vt", "dumb", "cons", "ansi"};
    const char *name = getenv("TERM");
    for (size_t i = 0; name != NULL && i < sizeof without / sizeof without[0]; i++) {
        if (strncmp(name, without[i], strlen(without[i])) == 0) {
            return false;
        }
    }
    return true;
}

/* Plain base64 with padding, as RFC 4648 section 4 has it. */
void tui_term_copy(const char *text)
{
    char encoded[ZTA_BASE64URL_LEN(COPY_MAX) + 1];
    size_t len = strlen(text);
    if (len == 0 || len > COPY_MAX) {
        return;
    }
    zta_base64url_encode((const uint8_t *)text, len, encoded);
    for (char *c = encoded; *c != '\0'; c++) {
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    }
    (void)printf("\033]52;c;%s%s\a", encoded, &"=="[2 - (3 - len % 3) % 3]);
    (void)fflush(stdout);
}
