/* SPDX-License-Identifier: Apache-2.0 */
/* Lines kept over runs: whose, where, and what is never kept. */
#include "admin-tui/console/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char home[64];
static struct tui_history history;

static int make_home(void **state)
{
    (void)snprintf(home, sizeof home, "/tmp/zta-history-XXXXXX");
    return mkdtemp(home) == NULL ? -1 : 0;
}

static int remove_home(void **state)
{
    static const char *const parts[] = {"/.local/state/ztactl/history",
                                        "/.local/state/ztactl",
                                        "/.local/state",
                                        "/.local",
                                        "/ztactl/history",
                                        "/ztactl",
                                        "/link",
                                        ""};
    char path[256];
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", home, parts[i]);
        (void)remove(path);
    }
    return 0;
}

static void lines_are_there_in_the_next_run_for_their_owner_alone(void **state)
{
    struct stat info;
    char path[256];
    tui_history_open(&history, home, NULL);
    assert_true(history.has_file);
    tui_history_add(&history, "keys list");
    tui_history_add(&history, "keys list");
    tui_history_add(&history, "block 10.0.0.3 --for=1h");
    tui_history_close(&history);
    (void)snprintf(path, sizeof path, "%s/.local/state/ztactl/history", home);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0644), 0);
    tui_history_open(&history, home, NULL);
    assert_int_equal(history.n, 2);
    assert_string_equal(history.lines[0], "keys list");
    assert_string_equal(history.lines[1], "block 10.0.0.3 --for=1h");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    tui_history_close(&history);
}

static void the_state_folder_of_the_environment_is_taken(void **state)
{
    char path[256];
    struct stat info;
    tui_history_open(&history, "/nowhere", home);
    assert_true(history.has_file);
    tui_history_close(&history);
    (void)snprintf(path, sizeof path, "%s/ztactl/history", home);
    assert_int_equal(stat(path, &info), 0);
}

static void nothing_is_written_into_what_is_not_ones_own(void **state)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/link", home);
    assert_int_equal(symlink("/tmp", path), 0);
    const char *const homes[] = {
        NULL, "", "relative", "/nowhere/at/all", path, geteuid() == 0 ? "/proc/self/fd" : "/"};
    for (size_t i = 0; i < sizeof homes / sizeof homes[0]; i++) {
        tui_history_open(&history, homes[i], NULL);
        if (history.has_file) {
            fail_msg("'%s' was taken", homes[i]);
        }
        tui_history_add(&history, "keys list"); /* for this run */
        assert_int_equal(history.n, 1);
    }
}

static void credentials_are_never_kept(void **state)
{
    static const char *const secret[] = {
        "token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln",
        "ask subject=alice token=eyJhbGciOiJub25lIn0",
        "zta_abcdefghijkl_0123456789",
        "keys list # zta_abcdefghijkl",
        "token opaque-token-of-somebody",
        "Authorization: Basic x",
        "curl -H 'Bearer x'",
    };
    static const char *const harmless[] = {
        "token -", "revoke --token=0123456789abcdef --reason=leak", "sessions list",
        "rules show zta_", "events --filter=path=/eyJ"};
    tui_history_open(&history, NULL, NULL);
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
        tui_history_add(&history, secret[i]);
        if (history.n != 0) {
            fail_msg("'%s' was kept", secret[i]);
        }
    }
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        tui_history_add(&history, harmless[i]);
        assert_int_equal(history.n, i + 1);
    }
}

static void a_spoilt_or_long_file_does_no_harm(void **state)
{
    char path[256];
    tui_history_open(&history, home, NULL);
    tui_history_close(&history);
    (void)snprintf(path, sizeof path, "%s/.local/state/ztactl/history", home);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fprintf(file, "\x1b]0;owned\x07\n\n%02000d\n", 1);
    for (int i = 0; i < 40000; i++) {
        (void)fprintf(file, "blocks list %d\n", i);
    }
    (void)fclose(file);
    tui_history_open(&history, home, NULL);
    assert_int_equal(history.n, TUI_LINES_MAX);
    assert_string_equal(history.lines[TUI_LINES_MAX - 1], "blocks list 39999");
    tui_history_close(&history);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_true(info.st_size < 256 << 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_are_there_in_the_next_run_for_their_owner_alone,
                                        make_home, remove_home),
        cmocka_unit_test_setup_teardown(the_state_folder_of_the_environment_is_taken, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(nothing_is_written_into_what_is_not_ones_own, make_home,
                                        remove_home),
        cmocka_unit_test(credentials_are_never_kept),
        cmocka_unit_test_setup_teardown(a_spoilt_or_long_file_does_no_harm, make_home, remove_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
