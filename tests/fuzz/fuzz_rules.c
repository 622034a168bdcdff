/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text is rules or a printable error; what is rules prints to equal rules, in one form, and
 * compiles to what judges its own cases, or to a printable error. Behind the first NUL stands what
 * the file `items` has, which lists may name.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/rules/cases.h"
#include "shared/rules/compile.h"
#include "shared/rules/parse.h"
#include "shared/rules/print.h"
#include "tests/fuzz/must.h"
#include "tests/unit/rules_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum zta_status look_at(void *context, const char *name)
{
    size_t *n = context;
    must(strncmp(name, ZTA_RULES_FILE_PREFIX, strlen(ZTA_RULES_FILE_PREFIX)) == 0);
    (*n)++;
    return ZTA_OK;
}

static void expect_printable(const struct zta_rules_error *error)
{
    char message[1024];
    struct zta_buffer out;
    zta_buffer_init(&out, message, sizeof message);
    zta_rules_error_print(error, &out);
    must(!out.is_overflowed && error->line > 0 && error->column > 0 && error->expected[0] != '\0');
    for (size_t i = 0; i < out.len; i++) {
        must((uint8_t)message[i] >= 0x20 && message[i] != 0x7f);
    }
    must(zta_text_is_utf8(zta_text_of(message)));
}

/* Several issuers, so that values may name theirs. */
static void judge(const struct zta_rules_ast *ast)
{
    static const struct zta_text issuers[] = {ZTA_TEXT("corp"), ZTA_TEXT("partner")};
    const struct zta_rules_env env = {.issuers = issuers, .n_issuers = 2};
    struct zta_ruleset *set = NULL;
    struct zta_rules_error error;
    if (zta_ruleset_compile(ast, &env, &set, &error) != ZTA_OK) {
        expect_printable(&error);
        return;
    }
    for (size_t i = 0; i < ast->n_cases; i++) {
        struct zta_decision decision;
        must(zta_rules_case_judge(set, &ast->cases[i], 1800000000, &decision) == ZTA_OK);
        must(zta_text_is_utf8(zta_text_of(decision.missing)));
    }
    zta_ruleset_close(&set);
}

static struct zta_rules_ast *parse(struct zta_text text, struct zta_text items)
{
    const struct zta_rules_source sources[] = {
        {.name = ZTA_TEXT("\x1b[2Jinput"), .text = text},
        {.name = ZTA_TEXT("file:items"), .text = items},
    };
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    size_t n_found = 0;
    size_t n_named = 0;
    must(zta_rules_each_file(&sources[0], look_at, &n_found) == ZTA_OK);
    if (zta_rules_parse(sources, 2, &ast, &error) == ZTA_OK) {
        for (size_t i = 0; i < ast->n_lists; i++) {
            n_named += ast->lists[i].n_files;
        }
        must(n_named == n_found);
        return ast;
    }
    expect_printable(&error);
    return NULL;
}

static struct zta_text print(const struct zta_rules_ast *ast, size_t size)
{
    struct zta_buffer out;
    char *storage = malloc(size);
    must(storage != NULL);
    zta_buffer_init(&out, storage, size);
    zta_rules_print(ast, &out);
    must(!out.is_overflowed);
    return (struct zta_text){.data = out.data, .len = out.len};
}

static void release(struct zta_text text)
{
    free((void *)(uintptr_t)text.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct zta_text all = {.data = (const char *)data, .len = size};
    const char *nul = size > 0 ? memchr(data, '\0', size) : NULL;
    const size_t len = nul ? (size_t)(nul - all.data) : size;
    const struct zta_text items = {.data = nul ? nul + 1 : "", .len = nul ? size - len - 1 : 0};
    struct zta_rules_ast *ast = parse((struct zta_text){.data = all.data, .len = len}, items);
    if (!ast) {
        return 0;
    }
    size_t room = 8 * size + 4096; /* the layout's blanks at most multiply the shortest lines */
    struct zta_text first = print(ast, room);
    struct zta_rules_ast *back = parse(first, items);
    must(back && rules_equal(ast, back));
    struct zta_text second = print(back, room);
    must(zta_text_equal(first, second));
    judge(ast);
    release(first);
    release(second);
    zta_rules_ast_close(&back);
    zta_rules_ast_close(&ast);
    return 0;
}
