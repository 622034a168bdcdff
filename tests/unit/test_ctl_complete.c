/* SPDX-License-Identifier: Apache-2.0 */
/* Completion: what may follow, for each part of a command line; lines in a shell's quoting. */
#include "admin-tui/complete.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin-tui/command.h"
#include "admin-tui/complete_shell.h"
#include "shared/store/devices.h"
#include "shared/store/keys.h"
#include "shared/store/sessions.h"
#include "tests/unit/operator_store.h"

static struct ctl_choices choices;

/* Completes a line of words parted by single '|'. */
static void complete(struct zta_store *from, const char *line)
{
    static char text[512];
    char *words[32];
    size_t n = 0;
    (void)snprintf(text, sizeof text, "%s", line);
    words[n++] = text;
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '|') {
            *c = '\0';
            words[n++] = c + 1;
        }
    }
    ctl_complete(from, words, n, &choices);
}

static const struct ctl_choice *find(const char *text)
{
    for (size_t i = 0; i < choices.n; i++) {
        if (strcmp(choices.all[i].text, text) == 0) {
            return &choices.all[i];
        }
    }
    return NULL;
}

static const struct {
    const char *line;
    const char *there;
    const char *missing;
    bool is_open;
} lines_and_choices[] = {
    {.line = "", .there = "sessions", .missing = "list"},
    {.line = "ses", .there = "sessions", .missing = "signals"},
    {.line = "keys|", .there = "rotate", .missing = "keys"},
    {.line = "--store|keys|keys|cr", .there = "create", .missing = "rotate"},
    {.line = "--store=/x|keys|cr", .there = "create", .missing = "rotate"},
    {.line = "threat-level|", .there = "set", .missing = "high"},
    {.line = "threat-level|set|", .there = "high", .missing = "normal"},
    {.line = "keys|create|--", .there = "--name=", .missing = "--deep", .is_open = true},
    {.line = "keys|create|--name|x|--", .there = "--scope=", .missing = "--name=", .is_open = true},
    {.line = "keys|create|--scope|x|--",
     .there = "--scope=",
     .missing = "--json=",
     .is_open = true},
    {.line = "explain|--", .there = "--last", .missing = "--last="},
    {.line = "block|--for|", .there = "1h", .missing = "--for="},
    {.line = "block|--for=", .there = "--for=1h", .missing = "1h"},
    {.line = "explain|--last|", .there = "reason=", .missing = "24h", .is_open = true},
    {.line = "explain|--last=2", .there = "--last=24h", .missing = "--last=1h"},
    {.line = "events|--filter|st", .there = "status=", .missing = "rule=", .is_open = true},
    {.line = "events|--filter|not reason=no_c",
     .there = "not reason=no_credential",
     .missing = "no_credential"},
    {.line = "events|--filter=reason=ok,no_",
     .there = "--filter=reason=ok,no_rule",
     .missing = "no_rule"},
    {.line = "events|--filter|outcome=deny cred",
     .there = "outcome=deny credential=",
     .missing = "credential=",
     .is_open = true},
    {.line = "devices|list|--filter|comp",
     .there = "compliant=",
     .missing = "client=",
     .is_open = true},
    {.line = "devices|list|--filter|compliant=", .there = "compliant=no", .missing = "no"},
    {.line = "ask|meth", .there = "method=", .missing = "host=", .is_open = true},
    {.line = "ask|path=/x|credential=to", .there = "credential=token", .missing = "token"},
    {.line = "help|keys|ro", .there = "rotate", .missing = "keys rotate"},
    {.line = "fleet|", .there = "held", .missing = "held apply"},
    {.line = "fleet|held|", .there = "apply", .missing = "held"},
    {.line = "fleet|held|drop|--", .there = "--all", .missing = "--watch"},
    {.line = "help|fleet|held|", .there = "drop", .missing = "held"},
    {.line = "completion|", .there = "zsh", .missing = "sh"},
    {.line = "mode|", .there = "monitor", .missing = "mode"},
    {.line = "status|", .there = "--check", .missing = "list"},
};

static void each_part_of_a_line_has_its_choices(void **state)
{
    for (size_t i = 0; i < sizeof lines_and_choices / sizeof lines_and_choices[0]; i++) {
        complete(NULL, lines_and_choices[i].line);
        const struct ctl_choice *found = find(lines_and_choices[i].there);
        if (found == NULL || found->is_open != lines_and_choices[i].is_open ||
            find(lines_and_choices[i].missing) != NULL) {
            fail_msg("%s: %s is %s, %zu choices, the first %s", lines_and_choices[i].line,
                     lines_and_choices[i].there,
                     found == NULL    ? "missing"
                     : found->is_open ? "open"
                                      : "there",
                     choices.n, choices.n > 0 ? choices.all[0].text : "none");
        }
    }
}

static void where_anything_may_stand_nothing_is_offered(void **state)
{
    static const char *const lines[] = {
        "keys|create|--name|", "revoke|--reason|x", "events|--filter|status=4",
        "sessions|show|f|x",   "--|--sto",          "rules|add|-e|al"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        complete(NULL, lines[i]);
        assert_int_equal(choices.n, 0);
        assert_false(choices.has_files);
    }
    complete(NULL, "rules|check|");
    assert_true(choices.has_files);
    complete(NULL, "rules|check|a.zta|--store|");
    assert_true(choices.has_files);
}

/* A command whose arguments nothing is known of is no accident. */
static void arguments_of_every_command_are_known(void **state)
{
    char line[128];
    for (size_t i = 0; ctl_command_at(i) != NULL; i++) {
        const struct ctl_command *command = ctl_command_at(i);
        if (command->most > 0) {
            (void)snprintf(line, sizeof line, "%s|", command->words);
            for (char *c = line; *c != '\0'; c++) {
                *c = *c == ' ' ? '|' : *c;
            }
            complete(NULL, line);
            /* Without a store: words, or files, or options where the store would have values. */
            if (choices.n == 0 && !choices.has_files) {
                fail_msg("%s: nothing", command->words);
            }
        }
    }
}

static void put_session(struct zta_change *change, uint8_t first, const char *subject)
{
    struct zta_session session = {.kind = ZTA_SESSION_SID, .last_s = 5};
    memset(session.id, 0x11, sizeof session.id);
    session.id[0] = first;
    (void)snprintf(session.issuer, sizeof session.issuer, "corp");
    (void)snprintf(session.subject, sizeof session.subject, "%s", subject);
    assert_int_equal(zta_session_put(change, &session), ZTA_OK);
}

static void values_of_the_store_are_offered_when_they_are_harmless(void **state)
{
    struct zta_change *change = operator_begin();
    const struct zta_device device = {
        .id = ZTA_TEXT("laptop-7"), .subject = ZTA_TEXT("alice"), .issuer = ZTA_TEXT("corp")};
    const struct zta_device other = {.id = ZTA_TEXT("a-phone")};
    struct zta_key key = {.name = ZTA_TEXT("billing"), .created_s = 1};
    struct zta_key bad = {.name = ZTA_TEXT("b\x1b]0;x"), .created_s = 1};
    bool is_changed;
    (void)snprintf(key.id, sizeof key.id, "aaaaaaaaaaaa");
    (void)snprintf(bad.id, sizeof bad.id, "bbbbbbbbbbbb");
    assert_int_equal(zta_key_put(change, &key), ZTA_OK);
    assert_int_equal(zta_key_put(change, &bad), ZTA_OK);
    assert_int_equal(zta_device_put(change, &device, &is_changed), ZTA_OK);
    assert_int_equal(zta_device_put(change, &other, &is_changed), ZTA_OK);
    operator_commit(change);
    complete(store, "keys|show|b");
    assert_int_equal(choices.n, 1);
    assert_string_equal(choices.all[0].text, "billing");
    complete(store, "revoke|--device=lap");
    assert_int_equal(choices.n, 1);
    assert_string_equal(choices.all[0].text, "--device=laptop-7");
    assert_string_equal(choices.all[0].help, "alice");
    complete(store, "devices|show|");
    assert_int_equal(choices.n, 2);
    complete(store, "devices|show|zz");
    assert_int_equal(choices.n, 0);
}

static void sessions_are_found_by_how_they_begin(void **state)
{
    struct store_fixture helpers = fixture;
    struct zta_store *state_store = store_fixture_open(&helpers, ZTA_STORE_HELPER);
    struct zta_change *change = store_begin(state_store, "sessions");
    struct zta_error error;
    put_session(change, 0x0a, "alice");
    put_session(change, 0xa1, "bob");
    put_session(change, 0xa2, "carol\x1b[2J");
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&state_store);
    complete(store, "sessions|show|a");
    assert_int_equal(choices.n, 2);
    assert_string_equal(choices.all[0].text, "a1111111111111111111111111111111");
    assert_string_equal(choices.all[0].help, "bob");
    assert_string_equal(choices.all[1].help, "");
    complete(store, "revoke|--session|a2");
    assert_int_equal(choices.n, 1);
    complete(store, "sessions|show|xyz");
    assert_int_equal(choices.n, 0);
}

static void a_line_of_a_shell_is_taken_apart(void **state)
{
    static const char breaks[] = " \t\n\"'@><=;|&(:";
    static const struct {
        const char *line;
        const char *last;
        size_t n;
        char quote;
        size_t taken;
    } cases[] = {
        {.line = "ztactl", .last = "ztactl", .n = 1},
        {.line = "ztactl ", .last = "", .n = 2},
        {.line = "ztactl  keys\tcr", .last = "cr", .n = 3},
        {.line = "ztactl --for=1", .last = "--for=1", .n = 2, .taken = 6},
        {.line = "ztactl alice@co", .last = "alice@co", .n = 2, .taken = 6},
        {.line = "ztactl a:443/x", .last = "a:443/x", .n = 2, .taken = 2},
        {.line = "ztactl a\\ b\\=c", .last = "a b=c", .n = 2},
        {.line = "ztactl 'a b=", .last = "a b=", .n = 2, .quote = '\''},
        {.line = "ztactl \"a \\\" b", .last = "a \" b", .n = 2, .quote = '"'},
        {.line = "ztactl --f=\"a b", .last = "--f=a b", .n = 2, .quote = '"', .taken = 4},
        {.line = "ztactl \"a\" ", .last = "", .n = 3},
    };
    static struct ctl_shell_line split;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(ctl_shell_line_split(cases[i].line, breaks, &split));
        assert_int_equal(split.n, cases[i].n);
        assert_string_equal(split.words[split.n - 1], cases[i].last);
        assert_int_equal(split.quote, cases[i].quote);
        assert_int_equal(split.taken, cases[i].taken);
    }
    static char longest[sizeof split.text + 8];
    memset(longest, 'x', sizeof longest - 1);
    assert_false(ctl_shell_line_split(longest, breaks, &split));
    for (size_t i = 1; i < sizeof longest - 1; i += 2) {
        longest[i] = ' ';
    }
    longest[2000] = '\0';
    assert_false(ctl_shell_line_split(longest, breaks, &split));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_of_a_line_has_its_choices),
        cmocka_unit_test(where_anything_may_stand_nothing_is_offered),
        cmocka_unit_test(arguments_of_every_command_are_known),
        WITH_STORE(values_of_the_store_are_offered_when_they_are_harmless),
        WITH_STORE(sessions_are_found_by_how_they_begin),
        cmocka_unit_test(a_line_of_a_shell_is_taken_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
