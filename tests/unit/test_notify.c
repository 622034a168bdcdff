/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for programs and files: whole, in order, and nobody waits for who does not read. */
#include "mod_zta/helper/notify.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void open_pipe(int ends[2])
{
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
}

static void a_reader_that_does_not_read_loses_the_oldest_and_holds_nobody_up(void **state)
{
    int ends[2];
    char line[4000];
    char text[8192];
    struct mod_zta_notify *notify = NULL;
    open_pipe(ends);
    const struct mod_zta_notify_end targets[] = {{.name = ZTA_TEXT("soc"), .fd = ends[1]},
                                                 {.name = ZTA_TEXT("shut"), .fd = -1}};
    assert_int_equal(mod_zta_notify_begin(targets, 2, &notify), ZTA_OK);
    memset(line, 'x', sizeof line);
    assert_int_equal(mod_zta_notify_send(notify, ZTA_TEXT("none"), ZTA_TEXT("a")), ZTA_NOT_FOUND);
    const struct zta_text long_line = {.data = text, .len = MOD_ZTA_NOTIFY_LINE_MAX};
    assert_int_equal(mod_zta_notify_send(notify, ZTA_TEXT("soc"), long_line), ZTA_TOO_LARGE);
    for (unsigned i = 0; i < 400; i++) {
        (void)snprintf(line, 8, "%07u", i);
        line[7] = ' ';
        const struct zta_text sent = {.data = line, .len = sizeof line};
        assert_int_equal(mod_zta_notify_send(notify, ZTA_TEXT("soc"), sent), ZTA_OK);
        (void)mod_zta_notify_step(notify);
        assert_int_equal(mod_zta_notify_send(notify, ZTA_TEXT("shut"), ZTA_TEXT("a")), ZTA_OK);
    }
    const uint64_t n_lost = mod_zta_notify_step(notify);
    assert_true(n_lost > 400);
    unsigned next = 0;
    unsigned n_read = 0;
    for (unsigned rounds = 0; rounds < 1000 && next <= 399; rounds++) {
        const ssize_t n = read(ends[0], text, sizeof line + 1);
        unsigned number = 0;
        assert_int_equal(n, sizeof line + 1);
        assert_int_equal(text[sizeof line], '\n');
        for (unsigned i = 0; i < 7; i++) {
            number = 10 * number + (unsigned)(text[i] - '0');
        }
        assert_true(number >= next);
        next = number + 1;
        n_read++;
        (void)mod_zta_notify_step(notify);
    }
    assert_int_equal(next, 400);
    assert_true(n_read >= MOD_ZTA_NOTIFY_QUEUE);
    mod_zta_notify_end(&notify);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void a_reader_that_died_gets_what_waits_when_another_reads(void **state)
{
    int ends[2];
    char text[64];
    struct mod_zta_notify *notify = NULL;
    (void)signal(SIGPIPE, SIG_IGN);
    open_pipe(ends);
    struct mod_zta_notify_end target = {.name = ZTA_TEXT("soc"), .fd = ends[1]};
    assert_int_equal(mod_zta_notify_begin(&target, 1, &notify), ZTA_OK);
    (void)close(ends[0]);
    assert_int_equal(mod_zta_notify_send(notify, ZTA_TEXT("soc"), ZTA_TEXT("one")), ZTA_OK);
    assert_int_equal(mod_zta_notify_step(notify), 0);
    (void)close(ends[1]);
    open_pipe(ends);
    target.fd = ends[1];
    assert_int_equal(mod_zta_notify_step(notify), 0);
    assert_int_equal(read(ends[0], text, sizeof text), 4);
    assert_memory_equal(text, "one\n", 4);
    mod_zta_notify_end(&notify);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_that_does_not_read_loses_the_oldest_and_holds_nobody_up),
        cmocka_unit_test(a_reader_that_died_gets_what_waits_when_another_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
