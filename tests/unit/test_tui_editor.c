/* SPDX-License-Identifier: Apache-2.0 */
/* The editor of several lines: keys, undo, what is shown. */
#include "admin-tui/console/editor.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tui_editor editor;
static struct tui_canvas canvas;
static char screen[16384];

enum {
    CONTROL_A = 1,
    CONTROL_E = 5,
    CONTROL_K = 11,
    CONTROL_U = 21,
    CONTROL_W = 23,
    CONTROL_Y = 25,
};

static int close_all(void **state)
{
    tui_editor_close(&editor);
    tui_canvas_close(&canvas);
    return 0;
}

/* Characters as they are; but ^ is up, v down, < left, > right, $ end, @ home, ~ back, ! delete. */
static void type(const char *keys)
{
    for (; *keys != '\0'; keys++) {
        static const struct {
            char sign;
            int key;
        } signs[] = {{'^', TUI_KEY_UP},        {'v', TUI_KEY_DOWN},   {'<', TUI_KEY_LEFT},
                     {'>', TUI_KEY_RIGHT},     {'$', TUI_KEY_END},    {'@', TUI_KEY_HOME},
                     {'~', TUI_KEY_BACKSPACE}, {'\r', TUI_KEY_ENTER}, {'!', TUI_KEY_DELETE}};
        int key = (unsigned char)*keys;
        for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
            key = signs[i].sign == *keys ? signs[i].key : key;
        }
        assert_true(tui_editor_key(&editor, key));
    }
}

static void open_with(const char *text)
{
    tui_editor_open(&editor, zta_text_of(text));
}

static void keys_move_and_change_the_text(void **state)
{
    static const struct {
        const char *text;
        const char *keys;
        const char *then;
    } cases[] = {
        {"", "ab", "ab"},
        {"ab", ">X", "aXb"},
        {"ab", "$<~X", "Xb"},
        {"one\ntwo\n", "vX", "one\nXtwo\n"},
        {"one\ntwo\n", "$vvX", "one\ntwo\nX"},
        {"long line\nb\nlong line", "$vvX", "long line\nb\nlong lineX"},
        {"a\nb", "v~", "ab"},
        {"a\nb", "$!", "ab"},
        {"a", "~", "a"},
        {"a", "$!", "a"},
        {"a", "^^vv<<>>>b", "ab"},
        {"\xc3\xa4\xc3\xb6", ">!", "\xc3\xa4"},
        {"\xc3\xa4\xc3\xb6", "$~", "\xc3\xa4"},
        {"ab\ncd", "v@X$Y", "ab\nXcdY"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_with(cases[i].text);
        type(cases[i].keys);
        assert_string_equal(editor.text, cases[i].then);
        assert_int_equal(editor.len, strlen(editor.text));
    }
}

static void a_line_inside_a_rule_is_indented_and_tab_goes_to_the_next_stop(void **state)
{
    open_with("");
    type("deny x\rwhen\tpath\t/a\rwhen");
    assert_string_equal(editor.text, "deny x\n  when  path    /a\n  when");
    open_with("# a note");
    type("$\rx");
    assert_string_equal(editor.text, "# a note\nx");
    open_with("deny x\n\n");
    type("vv\ry");
    assert_string_equal(editor.text, "deny x\n\n\ny");
}

static void pasted_text_stays_as_it_is_and_is_taken_back_at_once(void **state)
{
    static const char pasted[] = "deny x\r  when path /a\r  when method GET\r";
    open_with("# kept\n");
    type("v");
    assert_true(tui_editor_key(&editor, TUI_KEY_PASTE));
    type(pasted);
    assert_true(tui_editor_key(&editor, TUI_KEY_PASTED));
    assert_string_equal(editor.text, "# kept\ndeny x\n  when path /a\n  when method GET\n");
    while (strcmp(editor.text, "# kept\n") != 0) {
        const size_t n = editor.n_undos;
        assert_true(tui_editor_key(&editor, CONTROL_Y));
        assert_true(editor.n_undos < n);
    }
}

static void words_and_lines_are_cut(void **state)
{
    open_with("  when path /orders\nnext");
    type("$");
    assert_true(tui_editor_key(&editor, CONTROL_W));
    assert_string_equal(editor.text, "  when path \nnext");
    assert_true(tui_editor_key(&editor, CONTROL_U));
    assert_string_equal(editor.text, "\nnext");
    assert_true(tui_editor_key(&editor, CONTROL_K));
    assert_string_equal(editor.text, "next");
    type(">>");
    assert_true(tui_editor_key(&editor, CONTROL_K));
    assert_string_equal(editor.text, "ne");
    assert_true(tui_editor_key(&editor, CONTROL_A));
    assert_true(tui_editor_key(&editor, CONTROL_W));
    assert_string_equal(editor.text, "ne");
}

static void what_was_done_is_taken_back_step_by_step(void **state)
{
    open_with("deny x");
    const uint64_t revision = editor.revision;
    type("$yz~~");
    assert_true(editor.revision > revision);
    assert_string_equal(editor.text, "deny x");
    assert_true(tui_editor_key(&editor, CONTROL_Y));
    assert_string_equal(editor.text, "deny xyz");
    assert_true(tui_editor_key(&editor, CONTROL_Y));
    assert_string_equal(editor.text, "deny x");
    assert_int_equal(editor.cursor, 6);
    assert_true(tui_editor_key(&editor, CONTROL_Y));
    assert_string_equal(editor.text, "deny x");
    for (int i = 0; i < 3 * TUI_EDITOR_UNDOS; i++) {
        type("a\r");
    }
    for (int i = 0; i < 6 * TUI_EDITOR_UNDOS; i++) {
        assert_true(tui_editor_key(&editor, CONTROL_Y));
    }
    assert_int_equal(editor.n_undos, 0);
}

static void a_full_text_takes_no_more_and_stays_whole(void **state)
{
    static char text[TUI_EDITOR_SIZE + 10];
    memset(text, 'x', sizeof text - 1);
    open_with(text);
    assert_int_equal(editor.len, TUI_EDITOR_SIZE - 1);
    type("abc\r");
    assert_int_equal(editor.len, TUI_EDITOR_SIZE - 1);
    type("!a");
    assert_int_equal(editor.text[0], 'a');
    assert_int_equal(editor.len, TUI_EDITOR_SIZE - 1);
}

static const char *draw(int width, int height, const struct tui_editor_mark *mark)
{
    struct zta_buffer out;
    zta_buffer_init(&out, screen, sizeof screen);
    assert_int_equal(tui_canvas_resize(&canvas, width, height), ZTA_OK);
    tui_canvas_clear(&canvas);
    const struct tui_area area = tui_area_of(&canvas);
    tui_editor_draw(&area, &editor, mark, mark == NULL ? 0 : 1);
    for (int y = 0; y < height; y++) {
        tui_canvas_row(&canvas, y, &out);
        zta_buffer_string(&out, "\n");
    }
    return screen;
}

static size_t count_cursors(void)
{
    size_t n = 0;
    for (int i = 0; i < canvas.width * canvas.height; i++) {
        n += canvas.cells[i].role == TUI_ROLE_CURSOR;
    }
    return n;
}

static void the_cursor_is_in_sight_wherever_it_stands(void **state)
{
    open_with("");
    for (int i = 0; i < 30; i++) {
        type("a line that is longer than the terminal is wide\r\r");
        (void)draw(30, 6, NULL);
        assert_int_equal(count_cursors(), 1);
    }
    type("$^^^^");
    for (int i = 0; i < 60; i++) {
        (void)draw(20 + i % 7, 3 + i % 4, NULL);
        assert_int_equal(count_cursors(), 1);
        type(i % 2 == 0 ? "^" : ">>>");
    }
    tui_editor_go_to(&editor, 1, 1);
    assert_non_null(strstr(draw(30, 3, NULL), "   1 a line that is longer"));
}

static void hostile_text_is_shown_escaped_and_kept(void **state)
{
    static const char hostile[] = "deny \x1b[2J\xff\xe2\x80\xae!";
    tui_editor_open(&editor, ZTA_TEXT(hostile));
    assert_null(strchr(draw(80, 3, NULL), '\x1b'));
    assert_null(strstr(screen, "\xe2\x80\xae"));
    assert_non_null(strstr(screen, "deny \\x1b[2J"));
    assert_memory_equal(editor.text, hostile, sizeof hostile);
    static const int sizes[][2] = {{1, 1}, {5, 2}, {6, 1}, {7, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        (void)draw(sizes[i][0], sizes[i][1], NULL);
    }
}

static void a_mark_shows_the_place_of_a_fault(void **state)
{
    const struct tui_editor_mark mark = {.line = 2, .column = 8, .role = TUI_ROLE_BAD};
    open_with("deny x\n  when pth /a\n");
    (void)draw(40, 4, &mark);
    const struct tui_cell *line = &canvas.cells[canvas.width];
    assert_int_equal(line[3].role, TUI_ROLE_BAD);
    assert_string_equal(line[5 + 7].text, "p");
    assert_int_equal(line[5 + 7].role, TUI_ROLE_BAD);
    assert_int_equal(line[5 + 2].role, TUI_ROLE_KEY);
    tui_editor_go_to(&editor, 2, 8);
    assert_int_equal(editor.cursor, 14);
    assert_int_equal(tui_editor_line(&editor), 2);
    assert_int_equal(tui_editor_lines(&editor), 3);
    tui_editor_go_to(&editor, 99, 99);
    assert_int_equal(editor.cursor, editor.len);
}

static void other_keys_are_none_of_an_editor(void **state)
{
    open_with("x");
    assert_false(tui_editor_key(&editor, TUI_KEY_ESCAPE));
    assert_false(tui_editor_key(&editor, TUI_KEY_F1));
    assert_false(tui_editor_key(&editor, 's' - 96));
    assert_string_equal(editor.text, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_move_and_change_the_text),
        cmocka_unit_test(a_line_inside_a_rule_is_indented_and_tab_goes_to_the_next_stop),
        cmocka_unit_test(pasted_text_stays_as_it_is_and_is_taken_back_at_once),
        cmocka_unit_test(words_and_lines_are_cut),
        cmocka_unit_test(what_was_done_is_taken_back_step_by_step),
        cmocka_unit_test(a_full_text_takes_no_more_and_stays_whole),
        cmocka_unit_test(the_cursor_is_in_sight_wherever_it_stands),
        cmocka_unit_test(hostile_text_is_shown_escaped_and_kept),
        cmocka_unit_test(a_mark_shows_the_place_of_a_fault),
        cmocka_unit_test(other_keys_are_none_of_an_editor),
    };
    (void)setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, close_all);
}
