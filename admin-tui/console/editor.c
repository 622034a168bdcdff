/* SPDX-License-Identifier: Apache-2.0 */
/* Editing and drawing several lines. */
#include "admin-tui/console/editor.h"

#include <stdlib.h>
#include <string.h>

#include "admin-tui/console/prompt.h"

enum {
    CONTROL_A = 'a' - 96,
    CONTROL_E = 'e' - 96,
    CONTROL_K = 'k' - 96,
    CONTROL_U = 'u' - 96,
    CONTROL_W = 'w' - 96,
    CONTROL_Y = 'y' - 96,
    CONTROL_UNDERSCORE = 31, /* also what many terminals send for ^/ */
    STOP = 8,                /* words of a line stand at multiples of it, behind an indent */
    INDENT = 2,
    NUMBER_WIDTH = 5,
    CHARACTER_SIZE = 24, /* one, escaped */
};

enum edit {
    EDIT_NONE = 0, /* the next one is taken back by itself */
    EDIT_INSERT,
    EDIT_DELETE,
};

/* ---- the text ---- */

static void drop_undos(struct tui_editor *editor)
{
    for (size_t i = 0; i < editor->n_undos; i++) {
        free(editor->undos[i].text);
    }
    editor->n_undos = 0;
}

void tui_editor_open(struct tui_editor *editor, struct zta_text text)
{
    drop_undos(editor);
    size_t len = text.len < TUI_EDITOR_SIZE ? text.len : TUI_EDITOR_SIZE - 1;
    memcpy(editor->text, len == 0 ? "" : text.data, len);
    editor->text[len] = '\0';
    editor->len = len;
    editor->cursor = 0;
    editor->revision++;
    editor->has_column = editor->is_pasting = false;
    editor->edit = EDIT_NONE;
    editor->top = 0;
    editor->left = 0;
}

void tui_editor_close(struct tui_editor *editor)
{
    drop_undos(editor);
}

static bool is_inner(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t before(const struct tui_editor *editor, size_t at)
{
    while (at > 0 && is_inner(editor->text[--at])) {
    }
    return at;
}

static size_t behind(const struct tui_editor *editor, size_t at)
{
    while (at < editor->len && is_inner(editor->text[++at])) {
    }
    return at;
}

static size_t line_begin(const struct tui_editor *editor, size_t at)
{
    while (at > 0 && editor->text[at - 1] != '\n') {
        at--;
    }
    return at;
}

static size_t line_end(const struct tui_editor *editor, size_t at)
{
    return at + strcspn(editor->text + at, "\n");
}

static size_t characters_between(const struct tui_editor *editor, size_t from, size_t to)
{
    size_t n = 0;
    for (; from < to; from = behind(editor, from)) {
        n++;
    }
    return n;
}

/* What there is can come back; without memory it cannot, which is no reason not to edit. */
static void keep_undo(struct tui_editor *editor, enum edit edit)
{
    const bool is_same = editor->edit == (int)edit && edit != EDIT_NONE && editor->n_undos > 0;
    editor->edit = (int)edit;
    editor->has_column = false;
    editor->revision++;
    if (is_same) {
        return;
    }
    char *copy = malloc(editor->len + 1);
    if (copy == NULL) {
        return;
    }
    memcpy(copy, editor->text, editor->len + 1);
    if (editor->n_undos == TUI_EDITOR_UNDOS) {
        free(editor->undos[0].text);
        memmove(editor->undos, editor->undos + 1, sizeof editor->undos - sizeof editor->undos[0]);
        editor->n_undos--;
    }
    editor->undos[editor->n_undos++] =
        (struct tui_editor_state){.text = copy, .cursor = editor->cursor};
}

static void undo(struct tui_editor *editor)
{
    if (editor->n_undos == 0) {
        return;
    }
    const struct tui_editor_state *state = &editor->undos[--editor->n_undos];
    editor->len = strlen(state->text);
    memcpy(editor->text, state->text, editor->len + 1);
    editor->cursor = state->cursor;
    editor->edit = EDIT_NONE;
    editor->has_column = false;
    editor->revision++;
    free(state->text);
}

static void insert(struct tui_editor *editor, const char *bytes, size_t n)
{
    if (editor->len + n >= sizeof editor->text) {
        return;
    }
    memmove(editor->text + editor->cursor + n, editor->text + editor->cursor,
            editor->len - editor->cursor + 1);
    memcpy(editor->text + editor->cursor, bytes, n);
    editor->len += n;
    editor->cursor += n;
}

static void cut(struct tui_editor *editor, size_t from, size_t to)
{
    if (from == to) {
        return;
    }
    keep_undo(editor, EDIT_DELETE);
    memmove(editor->text + from, editor->text + to, editor->len - to + 1);
    editor->len -= to - from;
    editor->cursor = from;
}

/* ---- keys ---- */

static void insert_key(struct tui_editor *editor, int key)
{
    char bytes[4];
    const size_t n = tui_prompt_encode(key, bytes);
    if (n > 0) {
        keep_undo(editor, EDIT_INSERT);
        insert(editor, bytes, n);
    }
}

/* To the next stop of the layout: 2, then multiples of 8. */
static void insert_tab(struct tui_editor *editor)
{
    const size_t at =
        characters_between(editor, line_begin(editor, editor->cursor), editor->cursor);
    const size_t to = at < INDENT ? INDENT : (at / STOP + 1) * STOP;
    keep_undo(editor, EDIT_INSERT);
    for (size_t i = at; i < to; i++) {
        insert(editor, " ", 1);
    }
}

/* A line below a rule's own, or below one inside, is inside. */
static void insert_line(struct tui_editor *editor)
{
    const size_t begin = line_begin(editor, editor->cursor);
    const size_t blanks = strspn(editor->text + begin, " ");
    const bool is_text = begin + blanks < line_end(editor, begin);
    const bool is_inside =
        is_text && editor->cursor > begin && strchr("#\n", editor->text[begin]) == NULL;
    keep_undo(editor, EDIT_NONE);
    insert(editor, "\n", 1);
    if (is_inside && !editor->is_pasting) {
        insert(editor, "  ", INDENT);
    }
}

static void move_lines(struct tui_editor *editor, long by)
{
    size_t begin = line_begin(editor, editor->cursor);
    const size_t column =
        editor->has_column ? editor->column : characters_between(editor, begin, editor->cursor);
    for (; by < 0 && begin > 0; by++) {
        begin = line_begin(editor, begin - 1);
    }
    for (; by > 0 && line_end(editor, begin) < editor->len; by--) {
        begin = line_end(editor, begin) + 1;
    }
    const size_t end = line_end(editor, begin);
    editor->cursor = begin;
    for (size_t i = 0; i < column && editor->cursor < end; i++) {
        editor->cursor = behind(editor, editor->cursor);
    }
    editor->column = column;
    editor->has_column = true;
}

/* The begin of the word before the cursor, in its line. */
static size_t word_before(const struct tui_editor *editor)
{
    const size_t begin = line_begin(editor, editor->cursor);
    size_t at = editor->cursor;
    while (at > begin && editor->text[at - 1] == ' ') {
        at--;
    }
    while (at > begin && editor->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

static bool move(struct tui_editor *editor, int key)
{
    const int page = editor->height > 1 ? editor->height - 1 : 1;
    bool is_line = true;
    switch (key) {
    case TUI_KEY_UP:
        move_lines(editor, -1);
        break;
    case TUI_KEY_DOWN:
        move_lines(editor, 1);
        break;
    case TUI_KEY_PAGE_UP:
        move_lines(editor, -page);
        break;
    case TUI_KEY_PAGE_DOWN:
        move_lines(editor, page);
        break;
    default:
        is_line = false;
    }
    size_t to = editor->cursor;
    switch (key) {
    case TUI_KEY_LEFT:
        to = before(editor, to);
        break;
    case TUI_KEY_RIGHT:
        to = behind(editor, to);
        break;
    case TUI_KEY_HOME:
    case CONTROL_A:
        to = line_begin(editor, to);
        break;
    case TUI_KEY_END:
    case CONTROL_E:
        to = line_end(editor, to);
        break;
    default:
        editor->edit = is_line ? EDIT_NONE : editor->edit;
        return is_line;
    }
    editor->cursor = to;
    editor->has_column = false;
    editor->edit = EDIT_NONE;
    return true;
}

static void cut_to_line_end(struct tui_editor *editor)
{
    const size_t end = line_end(editor, editor->cursor);
    cut(editor, editor->cursor, end == editor->cursor && end < editor->len ? end + 1 : end);
}

bool tui_editor_key(struct tui_editor *editor, int key)
{
    if (move(editor, key)) {
        return true;
    }
    switch (key) {
    case TUI_KEY_PASTE:
        keep_undo(editor, EDIT_NONE);
        editor->edit = EDIT_INSERT; /* all of it is taken back at once */
        editor->is_pasting = true;
        return true;
    case TUI_KEY_PASTED:
        editor->is_pasting = false;
        editor->edit = EDIT_NONE;
        return true;
    case TUI_KEY_ENTER:
        insert_line(editor);
        return true;
    case TUI_KEY_TAB:
        insert_tab(editor);
        return true;
    case TUI_KEY_BACKSPACE:
        cut(editor, before(editor, editor->cursor), editor->cursor);
        return true;
    case TUI_KEY_DELETE:
        cut(editor, editor->cursor, behind(editor, editor->cursor));
        return true;
    case CONTROL_K:
        cut_to_line_end(editor);
        return true;
    case CONTROL_U:
        cut(editor, line_begin(editor, editor->cursor), editor->cursor);
        return true;
    case CONTROL_W:
        cut(editor, word_before(editor), editor->cursor);
        return true;
    case CONTROL_UNDERSCORE:
    case CONTROL_Y:
        undo(editor);
        return true;
    default:
        if (key < ' ' || key >= TUI_KEY_UP) {
            return false;
        }
        insert_key(editor, key);
        return true;
    }
}

/* ---- places ---- */

void tui_editor_go_to(struct tui_editor *editor, size_t line, size_t column)
{
    editor->cursor = 0;
    editor->has_column = false;
    move_lines(editor, (long)line - 1);
    const size_t end = line_end(editor, editor->cursor);
    for (size_t i = 1; i < column && editor->cursor < end; i++) {
        editor->cursor = behind(editor, editor->cursor);
    }
    editor->has_column = false;
    editor->edit = EDIT_NONE;
}

static size_t count_lines(const struct tui_editor *editor, size_t to)
{
    size_t n = 1;
    for (size_t i = 0; i < to; i++) {
        n += editor->text[i] == '\n';
    }
    return n;
}

size_t tui_editor_line(const struct tui_editor *editor)
{
    return count_lines(editor, editor->cursor);
}

size_t tui_editor_lines(const struct tui_editor *editor)
{
    return count_lines(editor, editor->len);
}

/* ---- drawing ---- */

/* A line as it is drawn. */
struct row {
    const struct tui_area *area; /* where its text stands */
    const struct tui_editor *editor;
    size_t begin; /* of the line, in bytes */
    size_t end;
    int y;
    size_t mark; /* byte from which on it is to be seen; end: none */
    enum tui_role mark_role;
};

/* One character, made harmless; returns its bytes there. */
static struct zta_text shown_at(const struct tui_editor *editor, size_t at,
                                char out[CHARACTER_SIZE])
{
    struct zta_buffer buffer;
    const size_t n = behind(editor, at) - at;
    zta_buffer_init(&buffer, out, CHARACTER_SIZE);
    zta_buffer_safe(&buffer, (struct zta_text){.data = editor->text + at, .len = n});
    return (struct zta_text){.data = out, .len = buffer.len};
}

static int width_at(const struct tui_editor *editor, size_t at)
{
    char text[CHARACTER_SIZE];
    return tui_text_width(shown_at(editor, at, text));
}

/* What a word of a rule is: its kind, its name, the word of a line, a note. */
static enum tui_role role_at(const struct row *row, size_t at)
{
    const char *text = row->editor->text;
    const size_t blanks = strspn(text + row->begin, " \t");
    const size_t first = row->begin + blanks;
    const size_t word_end = first + strcspn(text + first, " \n");
    const char *hash = memchr(text + row->begin, '#', row->end - row->begin);
    if (hash != NULL && text + at >= hash) {
        return TUI_ROLE_DIM;
    }
    if (at >= row->mark) {
        return row->mark_role;
    }
    if (at < word_end) {
        return blanks == 0 ? TUI_ROLE_TITLE : TUI_ROLE_KEY;
    }
    return blanks == 0 ? TUI_ROLE_STRONG : TUI_ROLE_TEXT;
}

static void put_character(const struct row *row, int x, size_t at)
{
    char text[CHARACTER_SIZE];
    const struct zta_text shown = shown_at(row->editor, at, text);
    const bool is_cursor = at == row->editor->cursor;
    if (x >= 0) {
        (void)tui_put(row->area, x, row->y, is_cursor ? TUI_ROLE_CURSOR : role_at(row, at), shown);
    }
}

static void draw_line(const struct row *row)
{
    const struct tui_editor *editor = row->editor;
    int x = -editor->left;
    for (size_t at = row->begin; at < row->end; at = behind(editor, at)) {
        const int width = width_at(editor, at);
        if (x + width > row->area->width) {
            (void)tui_put_glyph(row->area, row->area->width - 1, row->y, TUI_ROLE_DIM,
                                TUI_GLYPH_ELLIPSIS);
            return;
        }
        put_character(row, x, at);
        x += width;
    }
    if (editor->cursor == row->end && x >= 0) {
        (void)tui_put(row->area, x, row->y, TUI_ROLE_CURSOR, ZTA_TEXT(" "));
    }
}

/* Scrolls until the cursor is in sight. */
static void bring_in_sight(struct tui_editor *editor, int width, int height)
{
    const size_t line = tui_editor_line(editor) - 1;
    const size_t rows = height < 1 ? 1 : (size_t)height;
    int x = 0;
    for (size_t at = line_begin(editor, editor->cursor); at < editor->cursor;
         at = behind(editor, at)) {
        x += width_at(editor, at);
    }
    editor->height = height;
    editor->top = line < editor->top ? line : editor->top;
    editor->top = line >= editor->top + rows ? line - rows + 1 : editor->top;
    editor->left = x < editor->left ? x : editor->left;
    /* A column is kept for the cursor behind the text, one for what says that there is more. */
    editor->left = x + 2 > editor->left + width ? x + 2 - width : editor->left;
    editor->left = editor->left < 0 ? 0 : editor->left;
}

static void mark_row(struct row *row, size_t line, const struct tui_editor_mark *marks,
                     size_t n_marks, const struct tui_area *gutter)
{
    enum tui_role role = TUI_ROLE_DIM;
    row->mark = row->end;
    for (size_t i = 0; i < n_marks; i++) {
        if (marks[i].line == line) {
            size_t at = row->begin;
            for (size_t k = 1; k < marks[i].column && at < row->end; k++) {
                at = behind(row->editor, at);
            }
            role = marks[i].role;
            row->mark = marks[i].column == 0 ? row->end : at;
            row->mark_role = role;
            break;
        }
    }
    (void)tui_print(gutter, 0, row->y, role, "%4zu ", line);
}

void tui_editor_draw(const struct tui_area *area, struct tui_editor *editor,
                     const struct tui_editor_mark *marks, size_t n_marks)
{
    const struct tui_area gutter = tui_area_part(area, 0, 0, NUMBER_WIDTH, -1);
    const struct tui_area text = tui_area_part(area, NUMBER_WIDTH, 0, -1, -1);
    bring_in_sight(editor, text.width, text.height);
    size_t begin = 0;
    for (size_t i = 0; i < editor->top; i++) {
        begin = line_end(editor, begin) + 1;
    }
    for (int y = 0; y < area->height && begin <= editor->len; y++) {
        struct row row = {.area = &text,
                          .editor = editor,
                          .begin = begin,
                          .end = line_end(editor, begin),
                          .y = y};
        mark_row(&row, editor->top + (size_t)y + 1, marks, n_marks, &gutter);
        draw_line(&row);
        begin = row.end + 1;
    }
}
