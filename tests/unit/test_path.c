/* SPDX-License-Identifier: Apache-2.0 */
/* The normal form of paths, and every ambiguous form that has to be refused. */
#include "shared/base/path.h"

#include "shared/base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    STRICT = ZTA_PATH_STRICT,
    SLASH = ZTA_PATH_ENCODED_SLASH,
    PARAMETERS = ZTA_PATH_PARAMETERS,
    BOTH = ZTA_PATH_ENCODED_SLASH | ZTA_PATH_PARAMETERS,
};

static const struct {
    const char *raw;
    unsigned flags;
    const char *normal;
} good_paths[] = {
    {.raw = "/", .normal = "/"},
    {.raw = "//", .normal = "/"},
    {.raw = "///", .normal = "/"},
    {.raw = "/a", .normal = "/a"},
    {.raw = "/a/", .normal = "/a/"},
    {.raw = "/a//", .normal = "/a/"},
    {.raw = "//a///b//c", .normal = "/a/b/c"},
    {.raw = "/orders/42/items", .normal = "/orders/42/items"},
    {.raw = "/%61%64min", .normal = "/admin"},
    {.raw = "/Admin", .normal = "/Admin"},
    {.raw = "/caf%C3%A9", .normal = "/caf\xc3\xa9"},
    {.raw = "/caf%c3%a9", .normal = "/caf\xc3\xa9"},
    {.raw = "/caf\xc3\xa9", .normal = "/caf\xc3\xa9"},
    {.raw = "/%E2%82%AC/%F0%9F%94%92", .normal = "/\xe2\x82\xac/\xf0\x9f\x94\x92"},
    {.raw = "/%7Euser", .normal = "/~user"},
    {.raw = "/~user", .normal = "/~user"},
    /* An escaped space, number sign or question mark is that character, nothing else. */
    {.raw = "/a%20b", .normal = "/a b"},
    {.raw = "/a%23b%3Fc", .normal = "/a#b?c"},
    {.raw = "/%20", .normal = "/ "},
    {.raw = "/a+b", .normal = "/a+b"},
    {.raw = "/a:b@c!$&'()*,=", .normal = "/a:b@c!$&'()*,="},
    /* A per cent sign stays escaped, so that no form reads as another. */
    {.raw = "/100%25", .normal = "/100%25"},
    {.raw = "/100%25/x", .normal = "/100%25/x"},
    {.raw = "/100%25%20off", .normal = "/100%25 off"},
    {.raw = "/%25g0", .normal = "/%25g0"},
    {.raw = "/%252", .normal = "/%252"},
    {.raw = "/%25u12", .normal = "/%25u12"},
    /* Dots beside anything but dots and spaces are part of a name. */
    {.raw = "/.well-known/x", .normal = "/.well-known/x"},
    {.raw = "/..a", .normal = "/..a"},
    {.raw = "/a..", .normal = "/a.."},
    {.raw = "/a./b", .normal = "/a./b"},
    {.raw = "/.a./b.c", .normal = "/.a./b.c"},
    {.raw = "/a%2Fb", .flags = SLASH, .normal = "/a%2Fb"},
    {.raw = "/a%2fb", .flags = SLASH, .normal = "/a%2Fb"},
    {.raw = "/a%2f%2Fb/", .flags = SLASH, .normal = "/a%2F%2Fb/"},
    {.raw = "/%2F", .flags = SLASH, .normal = "/%2F"},
    {.raw = "/%25%2F", .flags = SLASH, .normal = "/%25%2F"},
    {.raw = "/a;x=y/b", .flags = PARAMETERS, .normal = "/a/b"},
    {.raw = "/a;x;y=z", .flags = PARAMETERS, .normal = "/a"},
    {.raw = "/a%3Bx/b", .flags = PARAMETERS, .normal = "/a/b"},
    {.raw = "/;x/b", .flags = PARAMETERS, .normal = "/b"},
    {.raw = "/a/;x", .flags = PARAMETERS, .normal = "/a/"},
    {.raw = "/;", .flags = PARAMETERS, .normal = "/"},
    {.raw = "/a;../b", .flags = PARAMETERS, .normal = "/a/b"},
    {.raw = "/a%2Fb;x/c", .flags = BOTH, .normal = "/a%2Fb/c"},
};

static void good_paths_have_one_form(void **state)
{
    for (size_t i = 0; i < COUNT(good_paths); i++) {
        char out[ZTA_PATH_MAX + 1];
        size_t len = 0;
        enum zta_path_fault fault = zta_path_normalise(zta_text_of(good_paths[i].raw),
                                                       good_paths[i].flags, out, sizeof(out), &len);
        if (fault != ZTA_PATH_OK) {
            fail_msg("%s: %s", good_paths[i].raw, zta_path_fault_text(fault));
        }
        assert_string_equal(out, good_paths[i].normal);
        assert_int_equal(len, strlen(good_paths[i].normal));
    }
}

struct bad_path {
    const char *raw;
    unsigned flags;
    enum zta_path_fault fault;
};

static void expect_faults(const struct bad_path *cases, size_t n_cases)
{
    for (size_t i = 0; i < n_cases; i++) {
        char out[ZTA_PATH_MAX + 1] = "untouched";
        size_t len = 777;
        enum zta_path_fault fault =
            zta_path_normalise(zta_text_of(cases[i].raw), cases[i].flags, out, sizeof(out), &len);
        if (fault != cases[i].fault) {
            fail_msg("%s (flags %u): %s, not %s", cases[i].raw, cases[i].flags,
                     zta_path_fault_text(fault), zta_path_fault_text(cases[i].fault));
        }
        assert_string_equal(out, "untouched");
        assert_int_equal(len, 777);
    }
}

static void dot_segments_are_refused_in_every_spelling(void **state)
{
    static const char *const segments[] = {
        ".",          "..",
        "%2e",        "%2E",
        "%2e%2e",     ".%2e",
        "%2e.",       "%2E%2E",
        "%2E.",       ".%20",
        "..%20",      "%20..",
        "%20.%20",    ".%20.",
        "...",        "....",
        "..%20%20",   "%2e%2e%20.",
        "%2e%2e%2e",  "%20.",
        "..%20..",    "\xef\xbc\x8e\xef\xbc\x8e",
        "%ef%bc%8e.", ".%EF%BC%8E",
        "%ef%bc%8e",
    };
    /*
     * Three and more dots would be a legal name; Windows strips them to a dot segment, and no API
     * has such a name. U+FF0E is the dot of servers that map wide forms to ASCII.
     */
    static const char *const places[] = {"/%s",  "/%s/",    "/a/%s",           "/a/%s/b",
                                         "//%s", "/%s/../", "/public/%s/admin"};
    for (size_t i = 0; i < COUNT(segments); i++) {
        for (size_t j = 0; j < COUNT(places); j++) {
            char raw[128];
            struct zta_buffer buffer;
            const char *at = strstr(places[j], "%s");
            zta_buffer_init(&buffer, raw, sizeof(raw));
            zta_buffer_append(&buffer, places[j], (size_t)(at - places[j]));
            zta_buffer_string(&buffer, segments[i]);
            zta_buffer_string(&buffer, at + 2);
            for (unsigned flags = STRICT; flags <= BOTH; flags++) {
                const struct bad_path bad = {
                    .raw = raw, .flags = flags, .fault = ZTA_PATH_DOT_SEGMENT};
                expect_faults(&bad, 1);
            }
        }
    }
}

static void parameters_hide_no_dot_segment(void **state)
{
    static const char *const cases[] = {
        "/a/..;/b", "/a/..;x=y/b", "/a/%2e%2e%3b/b", "/a/.;/b", "/..;",      "/a/..%3B",
        "/a/.;x",   "/..;../b",    "/..%20;x/b",     "/...;/b", "/a;x/..;y", "/public/..;/admin",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct bad_path bad[] = {
            {.raw = cases[i], .flags = STRICT, .fault = ZTA_PATH_PARAMETER},
            {.raw = cases[i], .flags = SLASH, .fault = ZTA_PATH_PARAMETER},
            {.raw = cases[i], .flags = PARAMETERS, .fault = ZTA_PATH_DOT_SEGMENT},
            {.raw = cases[i], .flags = BOTH, .fault = ZTA_PATH_DOT_SEGMENT},
        };
        expect_faults(bad, COUNT(bad));
    }
    static const struct bad_path plain[] = {
        {.raw = "/a;x", .flags = STRICT, .fault = ZTA_PATH_PARAMETER},
        {.raw = "/a%3bx", .flags = STRICT, .fault = ZTA_PATH_PARAMETER},
        {.raw = "/;jsessionid=1", .flags = SLASH, .fault = ZTA_PATH_PARAMETER},
        {.raw = "/a;%00", .flags = PARAMETERS, .fault = ZTA_PATH_NUL},
        {.raw = "/a;%252e", .flags = PARAMETERS, .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/a;%c0%af", .flags = PARAMETERS, .fault = ZTA_PATH_UTF8},
        {.raw = "/a;\\", .flags = PARAMETERS, .fault = ZTA_PATH_BACKSLASH},
        {.raw = "/a%253b", .flags = PARAMETERS, .fault = ZTA_PATH_DOUBLE_ENCODED},
    };
    expect_faults(plain, COUNT(plain));
}

static void encoded_slashes_are_refused_or_hide_no_dot_segment(void **state)
{
    static const struct bad_path cases[] = {
        {.raw = "/a%2fb", .flags = STRICT, .fault = ZTA_PATH_SLASH},
        {.raw = "/a%2Fb", .flags = PARAMETERS, .fault = ZTA_PATH_SLASH},
        {.raw = "/..%2fadmin", .flags = STRICT, .fault = ZTA_PATH_SLASH},
        {.raw = "/..%2fadmin", .flags = SLASH, .fault = ZTA_PATH_DOT_SEGMENT},
        {.raw = "/public%2f..%2fadmin", .flags = SLASH, .fault = ZTA_PATH_DOT_SEGMENT},
        {.raw = "/public%2f%2e%2e", .flags = SLASH, .fault = ZTA_PATH_DOT_SEGMENT},
        {.raw = "/%2f.", .flags = SLASH, .fault = ZTA_PATH_DOT_SEGMENT},
        {.raw = "/.%2f", .flags = SLASH, .fault = ZTA_PATH_DOT_SEGMENT},
        {.raw = "/a%2f..;x%2f/b", .flags = BOTH, .fault = ZTA_PATH_SLASH},
        {.raw = "/a%2f..;x/b", .flags = BOTH, .fault = ZTA_PATH_DOT_SEGMENT},
        /* Does the parameter end at the slash? Servers differ. */
        {.raw = "/a;x%2fb", .flags = BOTH, .fault = ZTA_PATH_SLASH},
        {.raw = "/a;x%2f../b", .flags = BOTH, .fault = ZTA_PATH_SLASH},
        {.raw = "/a%252fb", .flags = SLASH, .fault = ZTA_PATH_DOUBLE_ENCODED},
    };
    expect_faults(cases, COUNT(cases));
}

static void double_encoding_is_refused(void **state)
{
    static const struct bad_path cases[] = {
        {.raw = "/%252e%252e/admin", .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/%252E", .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/%25%32%65", .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/%25%32e", .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/%252%65", .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/%25252e", .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/%2561dmin", .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/50%25ab", .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/%2500", .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/%25c0%25af", .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/%25u002e", .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/%25U002e", .fault = ZTA_PATH_DOUBLE_ENCODED},
        {.raw = "/%255c", .fault = ZTA_PATH_BACKSLASH},
        {.raw = "/%25%35%43", .fault = ZTA_PATH_BACKSLASH},
        {.raw = "/%25255c", .fault = ZTA_PATH_DOUBLE_ENCODED},
    };
    expect_faults(cases, COUNT(cases));
}

static void bytes_that_servers_read_differently_are_refused(void **state)
{
    static const struct bad_path cases[] = {
        {.raw = NULL, .fault = ZTA_PATH_NOT_ABSOLUTE},
        {.raw = "", .fault = ZTA_PATH_NOT_ABSOLUTE},
        {.raw = "*", .fault = ZTA_PATH_NOT_ABSOLUTE},
        {.raw = "a/b", .fault = ZTA_PATH_NOT_ABSOLUTE},
        {.raw = "http://host/a", .fault = ZTA_PATH_NOT_ABSOLUTE},
        {.raw = "%2Fa", .flags = SLASH, .fault = ZTA_PATH_NOT_ABSOLUTE},
        {.raw = "\\a", .fault = ZTA_PATH_NOT_ABSOLUTE},
        {.raw = "/%", .fault = ZTA_PATH_BAD_ESCAPE},
        {.raw = "/%2", .fault = ZTA_PATH_BAD_ESCAPE},
        {.raw = "/%zz", .fault = ZTA_PATH_BAD_ESCAPE},
        {.raw = "/%2g", .fault = ZTA_PATH_BAD_ESCAPE},
        {.raw = "/%%32e", .fault = ZTA_PATH_BAD_ESCAPE},
        {.raw = "/%2%65", .fault = ZTA_PATH_BAD_ESCAPE},
        {.raw = "/% 2e", .fault = ZTA_PATH_BAD_ESCAPE},
        {.raw = "/%uff0e%uff0e/", .fault = ZTA_PATH_BAD_ESCAPE},
        {.raw = "/%u002e", .fault = ZTA_PATH_BAD_ESCAPE},
        {.raw = "/a%00", .fault = ZTA_PATH_NUL},
        {.raw = "/a%00.html", .fault = ZTA_PATH_NUL},
        {.raw = "/a%0a", .fault = ZTA_PATH_CONTROL},
        {.raw = "/a%0d%0aX:y", .fault = ZTA_PATH_CONTROL},
        {.raw = "/..%09", .fault = ZTA_PATH_CONTROL},
        {.raw = "/a%1f", .fault = ZTA_PATH_CONTROL},
        {.raw = "/a%7f", .fault = ZTA_PATH_CONTROL},
        {.raw = "/a\tb", .fault = ZTA_PATH_CONTROL},
        {.raw = "/a\x7f", .fault = ZTA_PATH_CONTROL},
        {.raw = "/a b", .fault = ZTA_PATH_CONTROL},
        {.raw = "/a#b", .fault = ZTA_PATH_CONTROL},
        {.raw = "/a?b", .fault = ZTA_PATH_CONTROL},
        {.raw = "/a\\b", .fault = ZTA_PATH_BACKSLASH},
        {.raw = "/a%5cb", .fault = ZTA_PATH_BACKSLASH},
        {.raw = "/..%5Cadmin", .fault = ZTA_PATH_BACKSLASH},
        {.raw = "/\\..\\admin", .fault = ZTA_PATH_BACKSLASH},
        {.raw = "/%c0%af", .fault = ZTA_PATH_UTF8},
        {.raw = "/%c0%ae%c0%ae/admin", .fault = ZTA_PATH_UTF8},
        {.raw = "/%e0%80%af", .fault = ZTA_PATH_UTF8},
        {.raw = "/%f0%80%80%af", .fault = ZTA_PATH_UTF8},
        {.raw = "/%c1%9c", .fault = ZTA_PATH_UTF8},
        {.raw = "/%ed%a0%80", .fault = ZTA_PATH_UTF8},
        {.raw = "/%ff", .fault = ZTA_PATH_UTF8},
        {.raw = "/caf%e9", .fault = ZTA_PATH_UTF8},
        {.raw = "/\xe9", .fault = ZTA_PATH_UTF8},
        {.raw = "/%e2%82", .fault = ZTA_PATH_UTF8},
        {.raw = "/%e2%82/%ac", .fault = ZTA_PATH_UTF8},
    };
    expect_faults(cases, COUNT(cases));
    char out[8];
    size_t len;
    assert_int_equal(zta_path_normalise(ZTA_TEXT("/a\0b"), STRICT, out, sizeof(out), &len),
                     ZTA_PATH_NUL);
    assert_int_equal(zta_path_normalise(ZTA_TEXT("/a\r\n"), STRICT, out, sizeof(out), &len),
                     ZTA_PATH_CONTROL);
}

static void length_is_that_of_the_decoded_path(void **state)
{
    static char raw[3 * ZTA_PATH_MAX];
    char out[ZTA_PATH_MAX + 1];
    size_t len = 0;
    memset(raw, 'a', sizeof(raw));
    raw[0] = '/';
    struct zta_text path = {.data = raw, .len = ZTA_PATH_MAX};
    assert_int_equal(zta_path_normalise(path, STRICT, out, sizeof(out), &len), ZTA_PATH_OK);
    assert_int_equal(len, ZTA_PATH_MAX);
    assert_int_equal(out[ZTA_PATH_MAX], '\0');
    assert_int_equal(zta_path_normalise(path, STRICT, out, ZTA_PATH_MAX, &len), ZTA_PATH_TOO_LONG);
    path.len++;
    assert_int_equal(zta_path_normalise(path, STRICT, out, sizeof(out), &len), ZTA_PATH_TOO_LONG);
    for (size_t i = 1; i + 3 <= sizeof(raw); i += 3) {
        memcpy(raw + i, "%61", 3);
    }
    path.len = 1 + 3 * (ZTA_PATH_MAX - 1);
    assert_int_equal(zta_path_normalise(path, STRICT, out, sizeof(out), &len), ZTA_PATH_OK);
    assert_int_equal(len, ZTA_PATH_MAX);
    assert_int_equal(zta_path_normalise(ZTA_TEXT("/"), STRICT, out, 1, &len), ZTA_PATH_TOO_LONG);
    assert_int_equal(zta_path_normalise(ZTA_TEXT("/"), STRICT, out, 0, &len), ZTA_PATH_TOO_LONG);
}

/* Random paths, most of them ordinary; with a letter escaped no short cut is taken. */
static void a_path_reads_as_with_a_letter_escaped(void **state)
{
    static const char characters[] = "abcXYZ019-_~!$&'()*+,=:@//...a/b/c%;\\\x7f\xc3";
    unsigned seed = 20261122;
    unsigned n_good = 0;
    (void)state;
    for (int round = 0; round < 200000; round++) {
        char raw[24] = "/";
        char escaped[32];
        char normal[ZTA_PATH_MAX + 1] = "";
        char expected[ZTA_PATH_MAX + 1] = "";
        size_t normal_len = 0;
        size_t expected_len = 0;
        const size_t len = 1 + (size_t)rand_r(&seed) % 12;
        for (size_t i = 1; i <= len; i++) {
            raw[i] = characters[(size_t)rand_r(&seed) % (sizeof(characters) - 1)];
        }
        raw[len + 1] = 'q';
        (void)snprintf(escaped, sizeof(escaped), "%.*s%%71", (int)len + 1, raw);
        const unsigned flags = (unsigned)rand_r(&seed) % 4;
        const enum zta_path_fault fault =
            zta_path_normalise(zta_text_of(raw), flags, normal, sizeof(normal), &normal_len);
        assert_int_equal(fault, zta_path_normalise(zta_text_of(escaped), flags, expected,
                                                   sizeof(expected), &expected_len));
        assert_string_equal(normal, expected);
        assert_int_equal(normal_len, expected_len);
        n_good += fault == ZTA_PATH_OK;
    }
    assert_in_range(n_good, 1000, 199000);
}

static void every_fault_has_a_text(void **state)
{
    for (int fault = ZTA_PATH_OK; fault <= ZTA_PATH_UTF8; fault++) {
        assert_string_not_equal(zta_path_fault_text((enum zta_path_fault)fault), "unknown fault");
    }
    assert_string_equal(zta_path_fault_text((enum zta_path_fault)99), "unknown fault");
    assert_string_equal(zta_path_fault_text(ZTA_PATH_SLASH), "encoded slash (%2F)");
}

/* A lenient server: decodes n times, takes backslashes for slashes, cuts parameters, walks dots. */
static void read_leniently(const char *raw, int n_decodes, char *out, size_t size)
{
    char text[128];
    (void)snprintf(text, sizeof(text), "%s", raw);
    for (int i = 0; i < n_decodes; i++) {
        char *to = text;
        for (const char *from = text; *from != '\0'; from++) {
            int high = *from == '%' ? zta_hex_digit(from[1]) : -1;
            int low = high >= 0 ? zta_hex_digit(from[2]) : -1;
            if (low >= 0) {
                *to++ = (char)(high * 16 + low);
                from += 2;
            }
            else {
                *to++ = *from;
            }
        }
        *to = '\0';
    }
    for (char *c = strchr(text, '\\'); c != NULL; c = strchr(text, '\\')) {
        *c = '/';
    }
    char *segments[64];
    size_t n = 0;
    char *rest = text;
    for (char *segment = strsep(&rest, "/"); segment != NULL; segment = strsep(&rest, "/")) {
        segment[strcspn(segment, ";")] = '\0';
        bool has_dots_only =
            strchr(segment, '.') != NULL && strspn(segment, ". ") == strlen(segment);
        if (has_dots_only && segment[1] != '\0') {
            n -= n > 0;
        }
        else if (*segment != '\0' && !has_dots_only) {
            segments[n++] = segment;
        }
    }
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, size);
    for (size_t i = 0; i < n; i++) {
        zta_buffer_printf(&buffer, "/%s", segments[i]);
    }
}

static unsigned check_one_reading(const char *raw)
{
    char out[128];
    char once[128];
    char twice[128];
    char normal[128];
    size_t len;
    if (zta_path_normalise(zta_text_of(raw), STRICT, out, sizeof(out), &len) != ZTA_PATH_OK) {
        return 0;
    }
    read_leniently(out, 1, normal, sizeof(normal));
    read_leniently(raw, 1, once, sizeof(once));
    read_leniently(raw, 2, twice, sizeof(twice));
    if (strcmp(once, normal) != 0 || strcmp(twice, normal) != 0) {
        fail_msg("%s is %s, %s or %s", raw, normal, once, twice);
    }
    return 1;
}

static void no_lenient_server_reads_an_accepted_path_otherwise(void **state)
{
    static const char *const pieces[] = {"/",  "a",  ".", "%2e", "%2F", "%5c", "\\",  "%25", "25",
                                         "2e", "5c", ";", "%3b", "%20", "2",   "%32", "%65", "%"};
    enum {
        N_PLACES = 5
    };
    size_t chosen[N_PLACES] = {0};
    unsigned n_accepted = 0;
    size_t place = 0;
    while (place < N_PLACES) {
        char raw[64];
        struct zta_buffer buffer;
        zta_buffer_init(&buffer, raw, sizeof(raw));
        zta_buffer_string(&buffer, "/");
        for (size_t i = 0; i < N_PLACES; i++) {
            zta_buffer_string(&buffer, pieces[chosen[i]]);
        }
        n_accepted += check_one_reading(raw);
        for (place = 0; place < N_PLACES && ++chosen[place] == COUNT(pieces); place++) {
            chosen[place] = 0;
        }
    }
    assert_true(n_accepted > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_paths_have_one_form),
        cmocka_unit_test(dot_segments_are_refused_in_every_spelling),
        cmocka_unit_test(parameters_hide_no_dot_segment),
        cmocka_unit_test(encoded_slashes_are_refused_or_hide_no_dot_segment),
        cmocka_unit_test(double_encoding_is_refused),
        cmocka_unit_test(bytes_that_servers_read_differently_are_refused),
        cmocka_unit_test(length_is_that_of_the_decoded_path),
        cmocka_unit_test(a_path_reads_as_with_a_letter_escaped),
        cmocka_unit_test(every_fault_has_a_text),
        cmocka_unit_test(no_lenient_server_reads_an_accepted_path_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
