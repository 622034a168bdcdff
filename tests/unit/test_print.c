/* SPDX-License-Identifier: Apache-2.0 */
/* The printer: its layout, and that random rules survive print and parse unchanged. */
#include "shared/rules/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/rules/parse.h"
#include "tests/unit/rules_equal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    TEXT_SIZE = 64 * 1024,
    N_RANDOM_SETS = 3000,
    N_MUTATIONS = 30000,
};

static struct zta_rules_ast *parse_or_null(struct zta_text text)
{
    const struct zta_rules_source source = {.name = ZTA_TEXT("t"), .text = text};
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error;
    return zta_rules_parse(&source, 1, &ast, &error) == ZTA_OK ? ast : NULL;
}

static struct zta_text printed(const struct zta_rules_ast *ast, char storage[TEXT_SIZE])
{
    struct zta_buffer out;
    zta_buffer_init(&out, storage, TEXT_SIZE);
    zta_rules_print(ast, &out);
    assert_false(out.is_overflowed);
    return (struct zta_text){.data = out.data, .len = out.len};
}

/* parse(print(x)) = x, and what is printed again is the same text. */
static void assert_round_trip(struct zta_rules_ast *ast)
{
    static char first[TEXT_SIZE];
    static char second[TEXT_SIZE];
    struct zta_text text = printed(ast, first);
    struct zta_rules_ast *back = parse_or_null(text);
    if (!back || !rules_equal(ast, back)) {
        fail_msg("printed text is %s:\n%s", back ? "not equal" : "not rules", first);
    }
    assert_true(zta_text_equal(printed(back, second), text));
    zta_rules_ast_close(&back);
}

static void print_has_one_layout(void **state)
{
    static char storage[TEXT_SIZE];
    struct zta_rules_ast *ast = parse_or_null(
        ZTA_TEXT("list offices /a \"/b\" \"list:x\" \"5\" \"a b\" \"#1\" \"a\\\"b\\\\\"\n"
                 "allow \t read-orders # why\n\tnote \"a \\\"b\\\"\"\n"
                 "  when path \"/orders\" /x/*\n  or not host *.example.com\n"
                 "  need claim:\"tenant\".\"a b\".\"c.d\" 5 \"5\" unknown \"unknown\" x\n"
                 "  when content-length <=5\n  until 2027-01-02T01:00:00.5+01:00\n"
                 "  from 2027-01-01T00:00Z\n  mode enforce\n"
                 "require r\n  mode monitor\n else throttle 5/10m burst 7\n need role x\n"
                 "require s\n  else \t deny\n  need role x\n"
                 "limit l\n  rate 5/1m burst 7\n  key claim:\"a.b\" ip\n"
                 "limit m\n  rate 5/10m\n  key all\n"
                 "case c # why\n\tat 2027-01-01T00:00Z\n given path \"/x\"\n"
                 " given claim:\"a\".\"b.c\" 5 \"5\" \"a b\"\n stage 3\n"
                 "  expect deny rule_denied by read-orders\n"
                 "case d\n expect allow\n"));
    assert_non_null(ast);
    printed(ast, storage);
    assert_string_equal(storage,
                        "zta 1\n\n"
                        "list    offices /a /b \"list:x\" \"5\" \"a b\" \"#1\" \"a\\\"b\\\\\"\n\n"
                        "allow   read-orders\n"
                        "  when  path /orders /x/*\n"
                        "  or    not host *.example.com\n"
                        "  need  claim:tenant.\"a b\".\"c.d\" 5 \"5\" unknown \"unknown\" x\n"
                        "  when  content-length <= 5\n"
                        "  mode  enforce\n"
                        "  from  2027-01-01T00:00:00Z\n"
                        "  until 2027-01-02T00:00:00Z\n"
                        "  note  \"a \\\"b\\\"\"\n\n"
                        "require r\n"
                        "  need  role x\n"
                        "  else  throttle 5/10m burst 7\n"
                        "  mode  monitor\n\n"
                        "require s\n"
                        "  need  role x\n"
                        "  else  deny\n\n"
                        "limit   l\n"
                        "  key   claim:\"a.b\" ip\n"
                        "  rate  5/m burst 7\n\n"
                        "limit   m\n"
                        "  key   all\n"
                        "  rate  5/10m\n\n"
                        "case    c\n"
                        "  given  path /x\n"
                        "  given  claim:a.\"b.c\" 5 \"5\" \"a b\"\n"
                        "  at     2027-01-01T00:00Z\n"
                        "  stage  3\n"
                        "  expect deny rule_denied by read-orders\n\n"
                        "case    d\n"
                        "  expect allow\n");
    assert_round_trip(ast);
    zta_rules_ast_close(&ast);
}

static void long_lists_go_on_in_the_next_line(void **state)
{
    static char storage[TEXT_SIZE];
    static char text[TEXT_SIZE];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    zta_buffer_string(&buffer, "list l");
    for (unsigned i = 0; i < 500; i++) {
        zta_buffer_printf(&buffer, " item-%u \"item %u\"", i, i);
    }
    struct zta_rules_ast *ast = parse_or_null(zta_text_of(text));
    assert_non_null(ast);
    printed(ast, storage);
    size_t n_lines = 0;
    char *next = NULL;
    for (char *line = strtok_r(storage, "\n", &next); line != NULL;
         line = strtok_r(NULL, "\n", &next)) {
        assert_true(strlen(line) <= 100);
        n_lines++;
    }
    assert_true(n_lines > 100);
    assert_round_trip(ast);
    zta_rules_ast_close(&ast);
}

/* ---- random rules ---- */

static uint32_t random_state;

/* xorshift: the same sets on every machine. */
static unsigned pick(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % n;
}

static const char *any(const char *const *words, size_t n)
{
    return words[pick((unsigned)n)];
}

static const char *const texts[] = {
    "admin",
    "x-1",
    "\"a b\"",
    "\"\"",
    "known",
    "unknown",
    "\"known\"",
    "5",
    "\"5\"",
    "true",
    "list:texts",
    "\"list:texts\"",
    "\xc3\x96zdemir",
    "\"tab\there\"",
    "a#b",
    "\"#\"",
    "\"<\"",
    "\"a\\\\b\\\"c\"",
    "a\\b",
    "\"star*\"",
    "007",
    "-1.5e3",
    "'",
    "file",
    "\"file:x\"",
    "a=b",
};
static const char *const paths[] = {
    "/", "/a/**", "**", "**/x", "/a/*/b.*", "\"/a b\"", "/\\*", "/100%25", "\"/q\"", "list:paths",
};
static const char *const claims[] = {
    "claim:tenant",  "claim:a.b.c",           "claim:\"https://x.example/r\".admin",
    "claim:\"a b\"", "claim:\"q\\\"\\\\\".x", "claim:a\\b",
    "claim:\"#x\"",  "claim:x.\"tab\there\"",
};
static const char *const lines[] = {
    "method GET M-SEARCH",
    "host *.example.com [::1]",
    "content-type text/* \"a/b\"",
    "content-length 0 5 known",
    "content-length >= 100",
    "auth-age < 15m",
    "auth-age unknown",
    "credential token \"apikey\"",
    "binding none",
    "issuer corp",
    "scope a:b list:scopes",
};
static const char *const spaces[] = {" ", "  ", "\t", " \t "};

static void random_cond(struct zta_buffer *out)
{
    static const char *const names[] = {"subject", "client", "apikey", "role",
                                        "group",   "acr",    "amr"};
    static const char *const ops[] = {"<", "<= ", "> ", ">="};
    zta_buffer_string(out, pick(3) ? "" : "not ");
    unsigned shape = pick(5);
    if (shape == 0) {
        zta_buffer_string(out, any(lines, COUNT(lines)));
        return;
    }
    if (shape == 1) {
        zta_buffer_printf(out, "%s %s%d", any(claims, COUNT(claims)), any(ops, COUNT(ops)),
                          (int)pick(9) - 4);
        return;
    }
    bool is_path = shape == 2;
    zta_buffer_string(out, is_path      ? "path"
                           : shape == 3 ? any(claims, COUNT(claims))
                                        : any(names, COUNT(names)));
    for (unsigned i = 0; i <= pick(3); i++) {
        zta_buffer_string(out, any(spaces, COUNT(spaces)));
        zta_buffer_string(out, is_path ? any(paths, COUNT(paths)) : any(texts, COUNT(texts)));
    }
}

static void random_line(struct zta_buffer *out, const char *word)
{
    zta_buffer_printf(out, "%s%s%s", any(spaces, COUNT(spaces)), word, any(spaces, COUNT(spaces)));
    random_cond(out);
    zta_buffer_string(out, pick(4) ? "\n" : "  # why\r\n\n");
    if (pick(4) == 0) {
        zta_buffer_printf(out, " or ");
        random_cond(out);
        zta_buffer_string(out, "\n");
    }
}

static void random_rule(struct zta_buffer *out, unsigned i)
{
    static const char *const kinds[] = {"allow", "deny", "require", "limit"};
    static const char *const rates[] = {"1/s", "100/10m burst 5", "5/1h", "7/d burst 7"};
    static const char *const keys[] = {"ip", "net session claim:a.\"b.c\"", "all", "subject route"};
    static const char *const modes[] = {"enforce", "monitor", "off"};
    static const char *const notes[] = {"\"\"", "\"a \\\"b\\\" \\\\\"", "\"agreed\""};
    unsigned kind = pick(COUNT(kinds));
    zta_buffer_printf(out, "%s r%u.x-%u\n", kinds[kind], i, i);
    if (pick(3) == 0) {
        zta_buffer_printf(out, " note %s\n", any(notes, COUNT(notes)));
    }
    if (kind == 3) {
        zta_buffer_printf(out, " rate %s\n", any(rates, COUNT(rates)));
    }
    for (unsigned n = 0; n <= pick(3); n++) {
        random_line(out, kind == 2 ? "need" : "when");
    }
    for (unsigned n = 0; (kind == 0 || kind == 2) && n < pick(3); n++) {
        random_line(out, pick(2) ? "need" : "when");
    }
    if (kind == 3) {
        zta_buffer_printf(out, "\tkey %s\n", any(keys, COUNT(keys)));
    }
    if (pick(3) == 0) {
        zta_buffer_printf(out, " mode %s\n", any(modes, COUNT(modes)));
    }
    if (pick(5) == 0) {
        zta_buffer_printf(out, " from 2027-01-01T00:00Z\n");
    }
    if (pick(5) == 0) {
        zta_buffer_printf(out, " until 2028-02-29T23:59:59.9-11:30 # then\n");
    }
}

static void random_case(struct zta_buffer *out, unsigned i)
{
    static const char *const givens[] = {
        "path \"/a b\"",        "host X.example",         "method M-SEARCH",
        "content-length 5",     "content-type a/b",       "credential \"token\"",
        "role a \"b c\" \"5\"", "auth-age 900",           "claim:a.\"b.c\" 5 \"5\" true -1.5e3",
        "subject \"known\"",    "claim:\"a b\" \"\\\\\"", "acr \"star*\"",
    };
    static const char *const times[] = {"2027-01-01T00:00Z", "2027-01-01T00:00:00.5+01:00"};
    static const char *const ends[] = {"allow", "deny no_rule", "challenge by r0", "deny ok by x"};
    zta_buffer_printf(out, "case c%u # why\n", i);
    for (unsigned n = pick(COUNT(givens)); n < COUNT(givens); n += 1 + pick(4)) {
        zta_buffer_printf(out, "%sgiven%s%s\n", any(spaces, COUNT(spaces)),
                          any(spaces, COUNT(spaces)), givens[n]);
    }
    if (pick(2)) {
        zta_buffer_printf(out, " at %s\n", any(times, COUNT(times)));
    }
    if (pick(2)) {
        zta_buffer_printf(out, "\tstage %u\n", pick(5));
    }
    zta_buffer_printf(out, " expect %s\n", any(ends, COUNT(ends)));
}

static void random_set(struct zta_buffer *out)
{
    zta_buffer_string(out, pick(2) ? "zta 1\n" : "\n# rules\n");
    zta_buffer_string(out,
                      "list paths /x/** \"/y\"\nlist texts\n\ta \"b c\"\n\t\"5\" 5 \"\\\\\"\n");
    zta_buffer_string(out, pick(2) ? "list scopes\n" : "list scopes a b\n");
    unsigned n_rules = pick(6);
    for (unsigned i = 0; i < n_rules; i++) {
        random_rule(out, i);
        if (pick(4) == 0) {
            random_case(out, i);
        }
    }
}

static void random_rules_survive_print_and_parse(void **state)
{
    static char text[TEXT_SIZE];
    size_t n_rules = 0;
    for (uint32_t seed = 1; seed <= N_RANDOM_SETS; seed++) {
        struct zta_buffer buffer;
        random_state = seed * 2654435761u;
        zta_buffer_init(&buffer, text, sizeof text);
        random_set(&buffer);
        assert_false(buffer.is_overflowed);
        struct zta_rules_ast *ast = parse_or_null(zta_text_of(text));
        if (!ast) {
            fail_msg("seed %u is not accepted:\n%s", (unsigned)seed, text);
        }
        n_rules += ast->n_rules;
        assert_round_trip(ast);
        zta_rules_ast_close(&ast);
    }
    assert_true(n_rules > N_RANDOM_SETS);
}

static void changed_rules_are_refused_or_survive_too(void **state)
{
    static const char pool[] = "\"\\#*:. \t\n<>=/%a5-";
    static char text[TEXT_SIZE];
    unsigned n_accepted = 0;
    random_state = 4711;
    for (unsigned i = 0; i < N_MUTATIONS; i++) {
        struct zta_buffer buffer;
        zta_buffer_init(&buffer, text, sizeof text);
        random_set(&buffer);
        for (unsigned n = 0; n <= pick(2); n++) {
            text[pick((unsigned)buffer.len)] = pool[pick(sizeof pool - 1)];
        }
        struct zta_rules_ast *ast = parse_or_null(zta_text_of(text));
        if (ast) {
            n_accepted++;
            assert_round_trip(ast);
            zta_rules_ast_close(&ast);
        }
    }
    assert_in_range(n_accepted, N_MUTATIONS / 20, N_MUTATIONS - N_MUTATIONS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(print_has_one_layout),
        cmocka_unit_test(long_lists_go_on_in_the_next_line),
        cmocka_unit_test(random_rules_survive_print_and_parse),
        cmocka_unit_test(changed_rules_are_refused_or_survive_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
