/* SPDX-License-Identifier: Apache-2.0 */
/* Parses, and compares what the parser says with what it should. */
#include "tests/unit/parse_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum zta_status parse_support_parse(struct zta_text text, struct zta_rules_ast **ast,
                                    struct zta_rules_error *error)
{
    const struct zta_rules_source source = {.name = ZTA_TEXT("rules.zta"), .text = text};
    return zta_rules_parse(&source, 1, ast, error);
}

struct zta_rules_ast *parse_support_good(const char *text)
{
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    if (parse_support_parse(zta_text_of(text), &ast, &error) != ZTA_OK) {
        char message[512];
        struct zta_buffer out;
        zta_buffer_init(&out, message, sizeof message);
        zta_rules_error_print(&error, &out);
        fail_msg("%s\nin: %s", message, text);
    }
    return ast;
}

void assert_text(struct zta_text actual, const char *expected)
{
    assert_non_null(actual.data);
    assert_int_equal(actual.len, strlen(expected));
    assert_memory_equal(actual.data, expected, actual.len);
}

void assert_fault(const struct fault *fault, struct zta_text text)
{
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    enum zta_status status = parse_support_parse(text, &ast, &error);
    if (status != ZTA_INVALID || error.line != fault->line || error.column != fault->column ||
        strcmp(error.found, fault->found) != 0 || !strstr(error.expected, fault->expected) ||
        strcmp(error.nearest, fault->nearest ? fault->nearest : "") != 0) {
        fail_msg("status %d, %s:%u:%u found '%s' expected '%s' nearest '%s'\nfor: %s", status,
                 error.source, error.line, error.column, error.found, error.expected, error.nearest,
                 fault->text);
    }
    assert_null(ast);
    assert_string_equal(error.source, "rules.zta");
}

void assert_faults(const struct fault *faults, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_fault(&faults[i], zta_text_of(faults[i].text));
    }
}
