/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any keys in any order, at any size, on a store full of hostile text that goes on being written:
 * the console stays whole, answers, and shows nothing that a terminal would act on. ZTA_SEED
 * repeats a run, ZTA_KEYS makes it shorter or longer.
 */
#include "admin-tui/console/app.h"

#include <locale.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include <cmocka.h>

#include "admin-tui/console/keys.h"
#include "admin-tui/console/listing.h"
#include "shared/base/clock.h"
#include "shared/store/events.h"
#include "tests/unit/hostile_store.h"
#include "tests/unit/store_fixture.h"

enum {
    KEYS = 100000,
    KEYS_A_SCREEN = 12,  /* at the most, between two sizes */
    WRITE_EVERY = 2000,  /* keys */
    GO_ON_MOST = 200000, /* steps that something may take to its end */
    WAIT_MS = 60000,     /* for a command that has begun */
    WIDTH_MOST = 500,
    HEIGHT_MOST = 200,
};

static struct store_fixture fixture;
static struct ctl ctl;
static struct tui_model *model;
static struct tui_app app;
static struct tui_canvas canvas;
static int64_t now_ns;
static uint64_t random_state;
static uint64_t n_written;

static size_t below(size_t n)
{
    return (size_t)(scratch_random(&random_state) % n);
}

/* ---- what must hold of every screen ---- */

/* Of the last character at `text`; 0: it is none. */
static size_t take_character(const char *text, wchar_t *code)
{
    mbstate_t state = {0};
    const size_t n = mbrtowc(code, text, strlen(text), &state);
    return n == (size_t)-1 || n == (size_t)-2 ? 0 : n;
}

/* Directions, joiners, fillers and the like: terminals act on them, or do not agree. */
static bool is_unfit(wchar_t code)
{
    static const wchar_t ranges[][2] = {
        {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},        {0x61c, 0x61c},
        {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},    {0x200b, 0x200f},
        {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},    {0xd800, 0xdfff},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},    {0xfff0, 0xfffb},
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (code >= ranges[i][0] && code <= ranges[i][1]) {
            return true;
        }
    }
    return false;
}

/* What a cell holds takes one column, or two when the next one is empty. */
static bool is_sound(int x, int y)
{
    const struct tui_cell *cell = &canvas.cells[y * canvas.width + x];
    wchar_t code = 0;
    if (cell->text[0] == '\0') {
        return x > 0 && cell[-1].text[0] != '\0';
    }
    const bool is_wide = x + 1 < canvas.width && cell[1].text[0] == '\0';
    const char *at = cell->text;
    for (int width = 0; *at != '\0'; width = 1) {
        const size_t n = take_character(at, &code);
        const int wanted = width > 0 ? 0 : is_wide ? 2 : 1;
        if (n == 0 || is_unfit(code) || wcwidth(code) != wanted) {
            return false;
        }
        at += n;
    }
    return true;
}

static void check_screen(void)
{
    for (int y = 0; y < canvas.height; y++) {
        for (int x = 0; x < canvas.width; x++) {
            if (!is_sound(x, y)) {
                const char *text = canvas.cells[y * canvas.width + x].text;
                fail_msg("row %d column %d of %dx%d in %s: %02x %02x %02x %02x", y, x, canvas.width,
                         canvas.height, app.views[app.current].ops->name,
                         (unsigned)(uint8_t)text[0], (unsigned)(uint8_t)text[1],
                         (unsigned)(uint8_t)text[2], (unsigned)(uint8_t)text[3]);
            }
        }
    }
}

/* ---- and of every process that it starts ---- */

static void check_output(const char *text)
{
    static const char *const signs[] = {"Sanitizer", "runtime error", "ended by signal",
                                        "Assertion"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (strstr(text, signs[i]) != NULL) {
            fail_msg("a command of the console ended badly:\n%s", text);
        }
    }
}

static void check_processes(void)
{
    if (app.desk.page.is_open && app.desk.page.is_plain) {
        check_output(app.desk.page.title);
        check_output(app.desk.page.out.data);
    }
    for (size_t i = 0; i < app.n_views; i++) {
        if (app.views[i].ops->listing != NULL) {
            const struct tui_rows *rows = app.views[i].state;
            check_output(rows->fault);
        }
    }
}

/* ---- the console ---- */

/* Once through the loop, and on for as long as something goes on by itself. */
static void look(void)
{
    (void)tui_app_refresh(&app, now_ns);
    int steps = 0;
    do {
        tui_app_draw(&app, &canvas);
        check_screen();
        assert_true(steps++ < GO_ON_MOST);
    } while (tui_app_go_on(&app));
    check_processes();
}

static void write_some(struct zta_store *store)
{
    static struct zta_event events[64];
    uint64_t sequences[64];
    struct zta_error error;
    const struct zta_event_key key = {.segment_created_ns = 1, .segment_id = 9};
    struct zta_change *change = store_begin(store, "writer");
    for (size_t i = 0; i < 64; i++) {
        const struct scratch_event wanted = {.number = n_written + i + 1,
                                             .time_ns = now_ns,
                                             .source = (uint32_t)i,
                                             .session = (uint32_t)(i % 30) + 1,
                                             .agent = hostile_text(i % 20)};
        scratch_event_make(&wanted, &events[i]);
        sequences[i] = n_written + i;
    }
    assert_int_equal(zta_events_append(change, &key, events, sequences, 64, n_written + 64),
                     ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
}

static int write_in_child(void *context)
{
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    write_some(store);
    zta_store_close(&store);
    return 0;
}

/* ---- keys ---- */

static void press(const char *keys)
{
    for (; *keys != '\0'; keys++) {
        tui_app_key(&app, *keys == '\n' ? (int)TUI_KEY_ENTER : (unsigned char)*keys);
    }
}

static const char *const values[] = {
    "1h",      "alice",       "corp",         "read",      "192.0.2.7", "10.0.0.0/8",
    "1",       "0",           "9999999999",   "-1",        "",          "m1",
    "h7",      "subject=a",   "status>=400",  "reason=ok", "((",        "user-3@example.com",
    "plain",   "'two words'", "hostile00001", "device-1",  "orders",    "/dev/null",
    "monitor", "enforce",     "high",         "2h",        "a@corp",    "\"open",
};

static const char *value(void)
{
    return values[below(sizeof values / sizeof values[0])];
}

/* Commands that lead out of the fixture, or take it away as a whole. */
static bool is_kept_out(const char *words)
{
    return strncmp(words, "store", 5) == 0 || strncmp(words, "config", 6) == 0;
}

/* Any command with any of its options, and words that fit at times. */
static void type_command(void)
{
    size_t n = 0;
    while (ctl_command_at(n) != NULL) {
        n++;
    }
    const struct ctl_command *command = ctl_command_at(below(n));
    char line[TUI_PROMPT_SIZE];
    struct zta_buffer out;
    if (is_kept_out(command->words)) {
        return;
    }
    zta_buffer_init(&out, line, sizeof line);
    zta_buffer_string(&out, command->words);
    for (size_t i = below(3); i > 0; i--) {
        zta_buffer_printf(&out, " %s", value());
    }
    for (unsigned i = 0; i < CTL_N_OPTIONS; i++) {
        const struct ctl_option_info *info = ctl_option_info((enum ctl_option)i);
        const bool is_wanted = (command->options >> i & 1) != 0 && below(3) == 0;
        if (is_wanted) {
            zta_buffer_printf(&out, " --%s", info->name);
        }
        if (is_wanted && info->value != NULL) {
            zta_buffer_printf(&out, "=%s", value());
        }
    }
    tui_app_key(&app, TUI_KEY_PASTED); /* what is pasted into a list is no command */
    press(":");
    press(line);
    press(below(8) == 0 ? "\t\n" : "\n");
}

/*
 * Somebody reads what a command prints to its end, or goes on while it runs. Where a rule is
 * written it was text, and what runs below that may go on for ever.
 */
static void wait_for_command(void)
{
    int64_t left_ms = WAIT_MS;
    while (app.desk.draft.step == TUI_DRAFT_CLOSED && app.shell.pid != 0 &&
           !app.desk.page.is_following) {
        struct pollfd output = {.fd = app.shell.fd, .events = POLLIN};
        const int64_t before_ns = zta_clock_monotonic_ns();
        (void)poll(&output, 1, (int)left_ms);
        left_ms -= (zta_clock_monotonic_ns() - before_ns) / 1000000;
        if (left_ms <= 0) {
            fail_msg("it does not end: %s", app.shell.line);
        }
        look();
    }
}

static void type_phrase(void)
{
    static const char *const phrases[] = {
        "\033\0333gRstolen\nyes\n",
        "\033\0333G   Rstolen\n3\n",
        "\033\0335M'strict'\n\n\n",
        "\033\0334gMlost\n\n",
        "\033\0336AX\n\n",
        "Rstolen\nyes\n",
        "Rstolen\nno\n",
        "ufound\n",
        "f\025subject=user-3\n",
        "f\025((\n",
        "f\025\n",
        "f\025a \"b\n",
        "/66613\n",
        "/zzz\n",
        "/\342\200\256\n",
        "\033\033",
        ":\t\t\n",
        ":ru\t\033",
        "\n\n\033",
        "s/a\nnnN",
    };
    press(phrases[below(sizeof phrases / sizeof phrases[0])]);
}

static int table_key(void)
{
    size_t n = 0;
    while (tui_key_at(n) != NULL) {
        n++;
    }
    const struct tui_key_row *row = tui_key_at(below(n));
    return row->other != 0 && below(2) == 0 ? row->other : row->key;
}

static void press_any(void)
{
    static const int odd[] = {0x00,   0x9b,    0xad,     0x202e, 0x200b,   0x301,
                              0x6f22, 0x1f600, 0x10ffff, 0xd800, 0x110fff, -5};
    const size_t kind = below(1000);
    if (kind < 450) {
        tui_app_key(&app, table_key());
    }
    else if (kind < 550) {
        tui_app_key(&app, '0' + (int)below(10));
    }
    else if (kind < 700) {
        tui_app_key(&app, ' ' + (int)below(95));
    }
    else if (kind < 780) {
        tui_app_key(&app, (int)below(32));
    }
    else if (kind < 860) {
        tui_app_key(&app, TUI_KEY_UP + (int)below(48));
    }
    else if (kind < 900) {
        tui_app_key(&app, odd[below(sizeof odd / sizeof odd[0])]);
    }
    else if (kind < 960) {
        static const int pointers[] = {TUI_KEY_CLICK, TUI_KEY_WHEEL_UP, TUI_KEY_WHEEL_DOWN};
        tui_app_pointer(&app, pointers[below(3)], (int)below((size_t)canvas.width + 2) - 1,
                        (int)below((size_t)canvas.height + 2) - 1);
    }
    else if (kind < 985) {
        type_phrase();
    }
    else {
        type_command();
        if (below(2) == 0) {
            wait_for_command();
        }
    }
}

static void resize(void)
{
    static const int sizes[][2] = {{80, 24},        {120, 35},        {160, 50}, {1, 1},
                                   {WIDTH_MOST, 1}, {1, HEIGHT_MOST}, {40, 10},  {2, 3}};
    const size_t n = sizeof sizes / sizeof sizes[0];
    const size_t i = below(n + 4);
    const bool is_huge = below(100) == 0;
    const int width = i < n ? sizes[i][0] : 1 + (int)below(is_huge ? WIDTH_MOST : 200);
    const int height = i < n ? sizes[i][1] : 1 + (int)below(is_huge ? HEIGHT_MOST : 60);
    assert_int_equal(tui_canvas_resize(&canvas, width, height), ZTA_OK);
}

/* A text that was typed is given up by a word. */
static void leave_draft(void)
{
    while (app.desk.draft.step != TUI_DRAFT_CLOSED) {
        const bool is_asked = app.desk.draft.step == TUI_DRAFT_LEAVING;
        tui_app_key(&app, is_asked ? 'u' - 96 : TUI_KEY_ESCAPE);
        for (const char *c = "yes\n"; is_asked && *c != '\0'; c++) {
            tui_app_key(&app, *c);
        }
        look();
    }
}

/* Out of all that is open; a view by its number is there at once. */
static void check_answers(void)
{
    leave_draft();
    for (int i = 0; i < 16; i++) {
        tui_app_key(&app, TUI_KEY_ESCAPE);
        look();
    }
    assert_false(app.prompt.is_open);
    assert_false(app.desk.page.is_open);
    assert_int_equal(app.desk.dialog.step, TUI_DIALOG_CLOSED);
    tui_app_key(&app, '2');
    assert_int_equal(app.current, 1);
    assert_false(app.is_over);
}

static void any_keys_at_any_size_do_no_harm(void **state)
{
    const char *keys = getenv("ZTA_KEYS");
    const long most = keys == NULL ? KEYS : strtol(keys, NULL, 10);
    long n = 0;
    look();
    const uint64_t before = model->audit.rows[0].id;
    for (long next = 0; n < most;) {
        for (size_t i = 1 + below(KEYS_A_SCREEN); i > 0; i--, n++) {
            press_any();
            app.is_over = false;
        }
        if (below(3) == 0) {
            resize();
        }
        now_ns += (int64_t)below((size_t)ZTA_NS_PER_S);
        look();
        if (n >= next) {
            next += WRITE_EVERY;
            check_answers();
            assert_int_equal(run_in_child(write_in_child, NULL), 0);
            n_written += 64;
        }
    }
    check_answers();
    const uint64_t last = model->audit.rows[0].id;
    print_message("%ld keys, %llu changes\n", n, (unsigned long long)(last - before));
    /* Behind all this it still does what it is told. */
    assert_int_equal(tui_canvas_resize(&canvas, 120, 35), ZTA_OK);
    tui_app_key(&app, TUI_KEY_PASTED);
    press(":block 192.0.2.99 --for=1h --reason=end --yes\n");
    wait_for_command();
    check_answers();
    assert_true(model->audit.rows[0].id > last);
}

static void every_view_and_page_withstands_hostile_text(void **state)
{
    static const int pages[] = {0, TUI_KEY_ENTER, 'e', '?', ':', 'R', 'f', '/'};
    static const int sizes[][2] = {{200, 60}, {80, 24}, {33, 7}};
    for (size_t view = 0; view < app.n_views; view++) {
        for (size_t row = 0; row < 24; row++) {
            for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
                const size_t size = (row + i) % (sizeof sizes / sizeof sizes[0]);
                assert_int_equal(tui_canvas_resize(&canvas, sizes[size][0], sizes[size][1]),
                                 ZTA_OK);
                if (pages[i] != 0) {
                    tui_app_key(&app, pages[i]);
                }
                look();
                tui_app_key(&app, TUI_KEY_PAGE_DOWN);
                look();
                tui_app_key(&app, TUI_KEY_ESCAPE);
                tui_app_key(&app, TUI_KEY_ESCAPE);
            }
            tui_app_key(&app, 'j');
        }
        tui_app_key(&app, TUI_KEY_TAB);
    }
}

static int setup(void **state)
{
    struct zta_error error;
    const char *seed = getenv("ZTA_SEED");
    random_state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    print_message("ZTA_SEED=%llu\n", (unsigned long long)random_state);
    now_ns = INT64_C(1800000000) * ZTA_NS_PER_S;
    store_fixture_make(&fixture);
    assert_int_equal(chdir(fixture.base), 0);
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    write_some(store);
    n_written = 64;
    zta_store_close(&store);
    hostile_store_fill(fixture.dir, now_ns);
    ctl = (struct ctl){.dir = fixture.dir};
    (void)snprintf(ctl.actor.author, sizeof ctl.actor.author, "tester");
    assert_int_equal(tui_model_open(&ctl, &model, &error), ZTA_OK);
    assert_int_equal(tui_app_open(&app, model), ZTA_OK);
    assert_int_equal(tui_canvas_resize(&canvas, 80, 24), ZTA_OK);
    return 0;
}

static int teardown(void **state)
{
    tui_app_close(&app);
    tui_model_close(&model);
    tui_canvas_close(&canvas);
    assert_int_equal(chdir("/"), 0);
    store_fixture_remove(&fixture);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_view_and_page_withstands_hostile_text, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(any_keys_at_any_size_do_no_harm, setup, teardown),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
