/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of path, host and text patterns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/rules/match.h"

#include <stdbool.h>
#include <string.h>

struct match_case {
    const char *pattern;
    const char *text;
    bool matches;
};

static bool matches_path(const char *source, const char *path)
{
    char storage[64];
    struct zta_path_pattern pattern;
    assert_true(strlen(source) <= sizeof storage);
    zta_path_pattern_make(zta_text_of(source), storage, &pattern);
    return zta_path_pattern_matches(&pattern, zta_text_of(path));
}

static void check_all(const struct match_case *cases, size_t n,
                      bool (*matches)(const char *pattern, const char *text))
{
    for (size_t i = 0; i < n; i++) {
        if (matches(cases[i].pattern, cases[i].text) != cases[i].matches) {
            fail_msg("'%s' against '%s' should be %d", cases[i].pattern, cases[i].text,
                     cases[i].matches);
        }
    }
}

static bool meets_prefix(const char *source, const char *prefix)
{
    char storage[64];
    struct zta_path_pattern pattern;
    assert_true(strlen(source) <= sizeof storage);
    zta_path_pattern_make(zta_text_of(source), storage, &pattern);
    return zta_path_pattern_meets(&pattern, zta_text_of(prefix));
}

static void path_patterns_meet_prefixes_they_can_match_below(void **state)
{
    static const struct match_case cases[] = {
        {.pattern = "/a/b", .text = "", .matches = true},
        {.pattern = "/a/b", .text = "/", .matches = true},
        {.pattern = "/a/b", .text = "/a", .matches = true},
        {.pattern = "/a/b", .text = "/a/", .matches = true},
        {.pattern = "/a/b", .text = "/a/b", .matches = true},
        {.pattern = "/a/b", .text = "/a/b/c", .matches = false},
        {.pattern = "/a/b", .text = "/A", .matches = false},
        {.pattern = "/ab", .text = "/a", .matches = false},
        {.pattern = "/a", .text = "/ab", .matches = false},
        {.pattern = "/", .text = "/a", .matches = false},
        {.pattern = "/", .text = "/", .matches = true},
        {.pattern = "/a/**", .text = "/a/b/c", .matches = true},
        {.pattern = "/a/**", .text = "/b", .matches = false},
        {.pattern = "/**", .text = "/a/b", .matches = true},
        {.pattern = "/**/x", .text = "/a/b", .matches = true},
        {.pattern = "/*/b", .text = "/a", .matches = true},
        {.pattern = "/*/b", .text = "/a/b", .matches = true},
        {.pattern = "/*/b", .text = "/a/c", .matches = false},
        {.pattern = "/v*/b", .text = "/v2", .matches = true},
        {.pattern = "/v*/b", .text = "/w2", .matches = false},
        {.pattern = "/a/*", .text = "/a/b/c", .matches = false},
        {.pattern = "/a\\*/**", .text = "/a*", .matches = true},
        {.pattern = "/a\\*/**", .text = "/ab", .matches = false},
    };
    check_all(cases, sizeof cases / sizeof cases[0], meets_prefix);
}

static void path_patterns_match_whole_segments(void **state)
{
    static const struct match_case cases[] = {
        {.pattern = "/", .text = "/", .matches = true},
        {.pattern = "/", .text = "/a", .matches = false},
        {.pattern = "/a", .text = "/a", .matches = true},
        {.pattern = "/a", .text = "/a/", .matches = true},
        {.pattern = "/a/", .text = "/a", .matches = true},
        {.pattern = "/a", .text = "/A", .matches = false},
        {.pattern = "/a", .text = "/ab", .matches = false},
        {.pattern = "/a", .text = "/a/b", .matches = false},
        {.pattern = "/a", .text = "/a//", .matches = false},
        {.pattern = "/a/**", .text = "/a", .matches = true},
        {.pattern = "/a/**", .text = "/a/", .matches = true},
        {.pattern = "/a/**", .text = "/a/b/c", .matches = true},
        {.pattern = "/a/**", .text = "/ab", .matches = false},
        {.pattern = "/a/**", .text = "/", .matches = false},
        {.pattern = "/a/**/", .text = "/a/b", .matches = true},
        {.pattern = "/**", .text = "/", .matches = true},
        {.pattern = "/**", .text = "/a/b", .matches = true},
        {.pattern = "**", .text = "/a/b", .matches = true},
        {.pattern = "**/x", .text = "/a/b/x", .matches = true},
        {.pattern = "**/x", .text = "/x", .matches = true},
        {.pattern = "**/x", .text = "/x/y", .matches = false},
    };
    check_all(cases, sizeof cases / sizeof cases[0], matches_path);
}

static void path_stars_stay_within_their_segment(void **state)
{
    static const struct match_case cases[] = {
        {.pattern = "/*", .text = "/a", .matches = true},
        {.pattern = "/*", .text = "/", .matches = false},
        {.pattern = "/*", .text = "/a/b", .matches = false},
        {.pattern = "/a/*/c", .text = "/a/b/c", .matches = true},
        {.pattern = "/a/*/c", .text = "/a/c", .matches = false},
        {.pattern = "/a/*/c", .text = "/a/b/b/c", .matches = false},
        {.pattern = "/a*c", .text = "/abc", .matches = true},
        {.pattern = "/a*c", .text = "/ac", .matches = true},
        {.pattern = "/a*c", .text = "/ab/c", .matches = false},
        {.pattern = "/*.pdf", .text = "/x.pdf", .matches = true},
        {.pattern = "/*a*b*", .text = "/xxaxxbxx", .matches = true},
        {.pattern = "/*a*b*", .text = "/xxbxxaxx", .matches = false},
        {.pattern = "/\\*", .text = "/*", .matches = true},
        {.pattern = "/\\*", .text = "/a", .matches = false},
        {.pattern = "/\\*/**", .text = "/*/x", .matches = true},
        {.pattern = "/\\*/*", .text = "/*/x", .matches = true},
        {.pattern = "/\\*/*", .text = "/a/x", .matches = false},
        {.pattern = "/a**", .text = "/a/b", .matches = false},
        {.pattern = "/a**", .text = "/ab", .matches = true},
    };
    check_all(cases, sizeof cases / sizeof cases[0], matches_path);
}

static void path_double_stars_take_any_number_of_segments(void **state)
{
    static const struct match_case cases[] = {
        {.pattern = "/a/**/z", .text = "/a/z", .matches = true},
        {.pattern = "/a/**/z", .text = "/a/b/c/z", .matches = true},
        {.pattern = "/a/**/z", .text = "/a/z/b", .matches = false},
        {.pattern = "/a/**/z", .text = "/a/z/z", .matches = true},
        {.pattern = "/**/b/**/d", .text = "/a/b/b/c/d", .matches = true},
        {.pattern = "/**/b/**/d", .text = "/a/c/d", .matches = false},
        {.pattern = "/**/b/*/d", .text = "/b/d/b/x/d", .matches = true},
        {.pattern = "/a/**/**", .text = "/a", .matches = true},
        {.pattern = "/*/**", .text = "/", .matches = false},
        {.pattern = "/*/**", .text = "/a", .matches = true},
    };
    check_all(cases, sizeof cases / sizeof cases[0], matches_path);
}

static void path_patterns_match_no_absent_path(void **state)
{
    assert_false(matches_path("/**", NULL));
    assert_false(matches_path("/a", NULL));
    assert_false(matches_path("/*x/**", NULL));
}

static bool matches_host(const char *pattern, const char *host)
{
    return zta_host_matches(zta_text_of(pattern), zta_text_of(host));
}

static void host_patterns_match_any_depth_below_without_case(void **state)
{
    static const struct match_case cases[] = {
        {.pattern = "x.org", .text = "x.org", .matches = true},
        {.pattern = "X.org", .text = "x.ORG", .matches = true},
        {.pattern = "x.org", .text = "a.x.org", .matches = false},
        {.pattern = "*.x.org", .text = "a.x.org", .matches = true},
        {.pattern = "*.x.org", .text = "a.b.x.org", .matches = true},
        {.pattern = "*.x.org", .text = "x.org", .matches = false},
        {.pattern = "*.x.org", .text = ".x.org", .matches = false},
        {.pattern = "*.x.org", .text = "ax.org", .matches = false},
        {.pattern = "api-*.x.org", .text = "api-1.x.org", .matches = true},
        {.pattern = "*", .text = "x.org", .matches = true},
        {.pattern = "*.x.org", .text = NULL, .matches = false},
    };
    check_all(cases, sizeof cases / sizeof cases[0], matches_host);
}

static bool matches_glob(const char *pattern, const char *text)
{
    return zta_glob_matches(zta_text_of(pattern), zta_text_of(text));
}

static void globs_match_any_run(void **state)
{
    static const struct match_case cases[] = {
        {.pattern = "", .text = "", .matches = true},
        {.pattern = "", .text = "a", .matches = false},
        {.pattern = "*", .text = "", .matches = true},
        {.pattern = "a*", .text = "A", .matches = false},
        {.pattern = "\\*", .text = "*", .matches = true},
        {.pattern = "\\*", .text = "x", .matches = false},
        {.pattern = "\\a", .text = "\\a", .matches = true},
        {.pattern = "*\\**", .text = "a*b", .matches = true},
        {.pattern = "*\\**", .text = "ab", .matches = false},
        {.pattern = "*aab", .text = "aaaab", .matches = true},
        {.pattern = "a", .text = NULL, .matches = false},
    };
    check_all(cases, sizeof cases / sizeof cases[0], matches_glob);
    assert_true(zta_glob_matches_nocase(ZTA_TEXT("text/*"), ZTA_TEXT("TEXT/html")));
}

/* An exponential matcher would not come back from this one. */
static void globs_do_not_explode(void **state)
{
    static const char pattern[] = "/**/a*a*a*a*a*a*a*a*a*a*b/**/a*a*a*a*b/x";
    char path[4001];
    memset(path, 'a', sizeof path - 1);
    for (size_t i = 0; i < sizeof path - 1; i += 100) {
        path[i] = '/';
    }
    path[sizeof path - 1] = '\0';
    assert_false(matches_path(pattern, path));
}

static void segments_are_cut_one_by_one(void **state)
{
    struct zta_text rest = ZTA_TEXT("/a/bc//d");
    static const char *const expected[] = {"a", "bc", "", "d"};
    struct zta_text segment;
    for (size_t i = 0; i < 4; i++) {
        assert_true(zta_path_next_segment(&rest, &segment));
        assert_true(zta_text_equal(segment, zta_text_of(expected[i])));
    }
    assert_false(zta_path_next_segment(&rest, &segment));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_patterns_match_whole_segments),
        cmocka_unit_test(path_stars_stay_within_their_segment),
        cmocka_unit_test(path_double_stars_take_any_number_of_segments),
        cmocka_unit_test(path_patterns_match_no_absent_path),
        cmocka_unit_test(host_patterns_match_any_depth_below_without_case),
        cmocka_unit_test(globs_match_any_run),
        cmocka_unit_test(globs_do_not_explode),
        cmocka_unit_test(path_patterns_meet_prefixes_they_can_match_below),
        cmocka_unit_test(segments_are_cut_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
