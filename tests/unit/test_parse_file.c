/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that take their items from files: what is read, and what is wrong with it. */
#include "shared/rules/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/rules/compile.h"
#include "shared/rules/print.h"
#include "tests/unit/parse_support.h"
#include "tests/unit/rules_equal.h"

#define SOURCE(source_name, source_text)                                                           \
    {                                                                                              \
        .name = ZTA_TEXT(source_name), .text = ZTA_TEXT(source_text)                               \
    }

static struct zta_rules_ast *parsed(const struct zta_rules_source *sources, size_t n)
{
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    if (zta_rules_parse(sources, n, &ast, &error) != ZTA_OK) {
        fail_msg("%s:%u:%u: found '%s', expected %s", error.source, error.line, error.column,
                 error.found, error.expected);
    }
    return ast;
}

static void items_of_files_are_items_of_the_list(void **state)
{
    const struct zta_rules_source sources[] = {
        SOURCE("/etc/r/a.zta", "list staff own file:staff.txt \"own 2\"\n"
                               "  file:/abs/more file:staff.txt\n"
                               "allow a\n  need role list:staff\n"),
        SOURCE("file:/abs/more", ""),
        SOURCE("file:/etc/r/staff.txt", "# who\r\n\n one # the first\r\n\"two words\"\nthree"),
    };
    struct zta_rules_ast *ast = parsed(sources, COUNT(sources));
    const struct zta_ast_list *list = &ast->lists[0];
    static const char *const items[] = {"own",   "own 2", "one",       "two words",
                                        "three", "one",   "two words", "three"};
    assert_int_equal(ast->n_lists, 1);
    assert_int_equal(ast->n_rules, 1);
    assert_int_equal(list->n_own, 2);
    assert_int_equal(list->n_files, 3);
    assert_text(list->files[1], "file:/abs/more");
    assert_int_equal(list->n_items, COUNT(items));
    for (size_t i = 0; i < COUNT(items); i++) {
        assert_text(list->items[i].text, items[i]);
    }
    assert_int_equal(list->items[3].place.source, 2);
    assert_int_equal(list->items[3].place.line, 4);
    assert_text(ast->source_names[2], "/etc/r/staff.txt");

    /* Printed, the list names its files again. */
    char storage[1024];
    struct zta_buffer out;
    zta_buffer_init(&out, storage, sizeof storage);
    zta_rules_print(ast, &out);
    assert_string_equal(storage, "zta 1\n\nlist    staff own \"own 2\" file:staff.txt "
                                 "file:/abs/more file:staff.txt\n\n"
                                 "allow   a\n  need  role list:staff\n");
    const struct zta_rules_source again[] = {
        {.name = sources[0].name, .text = {.data = out.data, .len = out.len}},
        sources[1],
        sources[2],
    };
    struct zta_rules_ast *back = parsed(again, COUNT(again));
    assert_true(rules_equal(ast, back));
    zta_rules_ast_close(&back);
    zta_rules_ast_close(&ast);
}

static void what_follows_a_list_with_files_is_read_on(void **state)
{
    const struct zta_rules_source sources[] = {
        SOURCE("file:l", "x\ny"),
        SOURCE("a.zta", "list a file:l\nlist b file:l z\ndeny d\n  when role list:a list:b\n"),
        SOURCE("b.zta", "list c file:l"),
    };
    struct zta_rules_ast *ast = parsed(sources, COUNT(sources));
    assert_int_equal(ast->n_lists, 3);
    assert_int_equal(ast->n_rules, 1);
    assert_int_equal(ast->lists[0].n_items, 2);
    assert_int_equal(ast->lists[1].n_items, 3);
    assert_text(ast->lists[1].items[0].text, "z");
    assert_int_equal(ast->lists[2].n_items, 2);
    assert_int_equal(ast->rules[0].place.line, 3);
    zta_rules_ast_close(&ast);
}

/* Rules as /r/a.zta that name list file l, and what stands in it. */
static void faults_name_the_file_and_line(void **state)
{
    static const struct {
        const char *items;
        const char *message;
    } rows[] = {
        {"x\ny z\n", "/r/l:2:3: found 'z', expected the end of the line: one item a line, with "
                     "spaces in quotes"},
        {"x\n\n  unknown\n", "/r/l:3:3: found 'unknown', expected a value: known, unknown and "
                             "list: cannot be items, in quotes they are plain text"},
        {"list:x\n", "/r/l:1:1: found 'list:x', expected a value: known, unknown and list: cannot "
                     "be items, in quotes they are plain text"},
        {"file:m\n", "/r/l:1:1: found 'file:m', expected a value: files of items do not name "
                     "other files"},
        {"\"x\n", "/r/l:1:1: found '\"x', expected a closing quote on this line; \\\" and \\\\ "
                  "are the escapes"},
        {"x\n< 5\n", "/r/l:2:1: found '<', expected a value"},
        {"x\n\x01\n", "/r/l:2:1: found '\\x01', expected text without control characters"},
        {"x\nb*\n", "/r/a.zta:3:13: found 'l', expected a list that fits; 'b*' (/r/l:2) is not a "
                    "value"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct zta_rules_source sources[] = {
            SOURCE("/r/a.zta", "list l file:l\ndeny a\n  when role list:l\n"),
            {.name = ZTA_TEXT("file:/r/l"), .text = zta_text_of(rows[i].items)},
        };
        struct zta_rules_ast *ast = NULL;
        struct zta_rules_error error;
        char message[512];
        struct zta_buffer out;
        assert_int_equal(zta_rules_parse(sources, COUNT(sources), &ast, &error), ZTA_INVALID);
        zta_buffer_init(&out, message, sizeof message);
        zta_rules_error_print(&error, &out);
        if (strncmp(message, rows[i].message, strlen(rows[i].message)) != 0) {
            fail_msg("'%s'\nexpected '%s'", message, rows[i].message);
        }
    }
}

static void a_file_has_at_most_so_many_items(void **state)
{
    const size_t size = 2 * ((size_t)ZTA_RULES_ITEMS_MAX + 1);
    char *items = malloc(size);
    assert_non_null(items);
    for (size_t i = 0; i < size; i += 2) {
        items[i] = 'x';
        items[i + 1] = '\n';
    }
    for (size_t more = 0; more < 2; more++) {
        const struct zta_rules_source sources[] = {
            SOURCE("a.zta", "list l file:l"),
            {.name = ZTA_TEXT("file:l"), .text = {.data = items, .len = size - 2 + 2 * more}},
        };
        struct zta_rules_ast *ast = NULL;
        struct zta_rules_error error;
        assert_int_equal(zta_rules_parse(sources, COUNT(sources), &ast, &error),
                         more ? ZTA_INVALID : ZTA_OK);
        if (more) {
            assert_string_equal(error.expected, "at most 100000 items in a file");
            assert_string_equal(error.source, "l");
            assert_int_equal(error.line, ZTA_RULES_ITEMS_MAX + 1);
        }
        zta_rules_ast_close(&ast);
    }
    free(items);
}

struct named {
    char text[512];
    size_t n;
    size_t n_max;
};

static enum zta_status note(void *context, const char *name)
{
    struct named *named = context;
    const size_t len = strlen(named->text);
    (void)snprintf(named->text + len, sizeof named->text - len, "%s%s", len > 0 ? " " : "", name);
    return ++named->n == named->n_max ? ZTA_IO : ZTA_OK;
}

static void files_are_found_where_lists_name_them(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        const char *files;
    } rows[] = {
        {"/e/a.zta", "list a file:x\n", "file:/e/x"},
        {"a.zta", "list a file:x file:/y\n  file:d/z\n", "file:x file:/y file:d/z"},
        {"d/a.zta", "zta 1\n# file:c\nlist a x \"file:q\" # file:c\n\n  y file:x", "file:d/x"},
        {"a", "list a\n\tfile:x\nallow b\n  need role file:y\nlist c file:z\n", "file:x file:z"},
        {"a", "list a file:\n", ""},
        {"a", "list a", ""},
        {"a", "list a fil", ""},
        {"a", "allow a\n  note \"x\"\n  file:x\n", ""},
        {"a", "list a \"x\n  file:y\n", "file:y"},
        {"a", "list a file:x\xff\n", ""},
        {"a", "", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zta_rules_source source = {.name = zta_text_of(rows[i].name),
                                          .text = zta_text_of(rows[i].text)};
        struct named named = {.n = 0};
        /* A copy as long as the text: a sanitizer sees what looks behind it. */
        char *copy = malloc(source.text.len + (source.text.len == 0));
        assert_non_null(copy);
        memcpy(copy, source.text.data, source.text.len);
        source.text.data = copy;
        assert_int_equal(zta_rules_each_file(&source, note, &named), ZTA_OK);
        assert_string_equal(named.text, rows[i].files);
        free(copy);
    }
    const struct zta_rules_source two = SOURCE("a", "list a file:x file:y\n");
    struct named named = {.n_max = 1};
    assert_int_equal(zta_rules_each_file(&two, note, &named), ZTA_IO);
    assert_int_equal(named.n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_of_files_are_items_of_the_list),
        cmocka_unit_test(what_follows_a_list_with_files_is_read_on),
        cmocka_unit_test(faults_name_the_file_and_line),
        cmocka_unit_test(a_file_has_at_most_so_many_items),
        cmocka_unit_test(files_are_found_where_lists_name_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
