/* SPDX-License-Identifier: Apache-2.0 */
/* Files of items as the helper sees them: taken when nobody writes them, refused with a word. */
#include "mod_zta/helper/list_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mod_zta/helper/observer_priv.h"
#include "shared/rules/parse.h"
#include "tests/unit/observer_world.h"

enum {
    RULES = 0,
    STAFF,
    BANNED,
    N_SOURCES
};

/* Rules with two files of items, an observer, and a clock that a test moves. */
struct fixture {
    struct world world;
    char paths[N_SOURCES][SCRATCH_DIR_MAX + 64];
    char rules[3 * SCRATCH_DIR_MAX];
    struct zta_text names[N_SOURCES];
    struct zta_text texts[N_SOURCES];
    struct zta_file_stamp stamps[3][N_SOURCES];
    char *owned[N_SOURCES];
    struct mod_zta_list_watch watch;
    int64_t now_ns;
};

/* Renamed into place, as an administrator should. */
static void replace(const struct fixture *fixture, int which, const char *text)
{
    const char *path = fixture->paths[which] + strlen(ZTA_RULES_FILE_PREFIX);
    char beside[SCRATCH_DIR_MAX + 80];
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    FILE *file = fopen(beside, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(beside, path), 0);
}

static void begin_source(struct fixture *fixture, int which, const char *name, const char *text)
{
    struct zta_error error;
    char top[SCRATCH_DIR_MAX];
    memcpy(top, fixture->world.scratch.top, sizeof top);
    (void)snprintf(fixture->paths[which], sizeof fixture->paths[which],
                   ZTA_RULES_FILE_PREFIX "%s/%s", top, name);
    replace(fixture, which, text);
    fixture->names[which] = zta_text_of(fixture->paths[which]);
    fixture->texts[which] = zta_text_of(text);
    assert_int_equal(zta_file_look(fixture->paths[which] + strlen(ZTA_RULES_FILE_PREFIX),
                                   &fixture->stamps[0][which], &error),
                     ZTA_OK);
}

static int begin(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    world_open(&fixture->world, fast_dir(), MAP_SIZE);
    world_observe(&fixture->world);
    begin_source(fixture, STAFF, "staff.txt", "reader\n");
    begin_source(fixture, BANNED, "banned.txt", "nobody\n");
    (void)snprintf(fixture->rules, sizeof fixture->rules,
                   "list staff %s\nlist banned %s\nallow read\n  when path /r\n"
                   "  need role list:staff\ndeny bad\n  when role list:banned\n",
                   fixture->paths[STAFF], fixture->paths[BANNED]);
    fixture->names[RULES] = ZTA_TEXT("rules.zta");
    fixture->texts[RULES] = zta_text_of(fixture->rules);
    fixture->watch = (struct mod_zta_list_watch){.names = fixture->names,
                                                 .texts = fixture->texts,
                                                 .n = N_SOURCES,
                                                 .taken = fixture->stamps[0],
                                                 .seen = fixture->stamps[1],
                                                 .refused = fixture->stamps[2],
                                                 .owned = fixture->owned};
    fixture->now_ns = 1;
    *state = fixture;
    return 0;
}

static int end(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < N_SOURCES; i++) {
        free(fixture->owned[i]);
    }
    world_close(&fixture->world);
    free(fixture);
    return 0;
}

/* A second passes. */
static bool step(struct fixture *fixture)
{
    fixture->now_ns += ZTA_NS_PER_S;
    return mod_zta_list_watch_step(&fixture->watch, fixture->world.observer, fixture->now_ns, T0);
}

static const char *alert(const struct fixture *fixture)
{
    const struct mod_zta_alert_state *found =
        &fixture->world.observer->upkeep.alerts[MOD_ZTA_ALERT_LISTS];
    return found->since_s == 0 ? NULL : found->text;
}

static void files_that_stay_are_left_alone(void **state)
{
    struct fixture *fixture = *state;
    assert_false(step(fixture));
    assert_false(step(fixture));
    assert_null(alert(fixture));
    assert_null(fixture->owned[STAFF]);
}

static void a_new_file_is_taken_at_the_second_look(void **state)
{
    struct fixture *fixture = *state;
    replace(fixture, STAFF, "writer\n");
    assert_false(step(fixture));
    assert_true(step(fixture));
    assert_true(zta_text_equal(fixture->texts[STAFF], ZTA_TEXT("writer\n")));
    assert_false(step(fixture));
    assert_non_null(strstr(fixture->world.line, "ZTA0109"));
}

static void looks_are_a_second_apart(void **state)
{
    struct fixture *fixture = *state;
    replace(fixture, STAFF, "writer\n");
    assert_false(step(fixture));
    fixture->now_ns -= ZTA_NS_PER_S / 2;
    assert_false(mod_zta_list_watch_step(&fixture->watch, fixture->world.observer,
                                         fixture->now_ns + ZTA_NS_PER_S / 4, T0));
    fixture->now_ns += ZTA_NS_PER_S / 2;
    assert_true(step(fixture));
}

static void a_fault_keeps_the_good_items_and_no_other_file_back(void **state)
{
    struct fixture *fixture = *state;
    replace(fixture, STAFF, "two words\n");
    replace(fixture, BANNED, "reader\n");
    assert_false(step(fixture));
    assert_true(step(fixture));
    assert_true(zta_text_equal(fixture->texts[STAFF], ZTA_TEXT("reader\n")));
    assert_true(zta_text_equal(fixture->texts[BANNED], ZTA_TEXT("reader\n")));
    assert_non_null(strstr(alert(fixture), "staff.txt:1:"));
    assert_false(step(fixture));
    assert_non_null(alert(fixture));
    replace(fixture, STAFF, "writer\n");
    assert_false(step(fixture));
    assert_true(step(fixture));
    assert_null(alert(fixture));
}

static void what_is_gone_or_no_file_is_told_until_it_is_back(void **state)
{
    struct fixture *fixture = *state;
    const char *path = fixture->paths[STAFF] + strlen(ZTA_RULES_FILE_PREFIX);
    assert_int_equal(unlink(path), 0);
    assert_false(step(fixture));
    assert_non_null(strstr(alert(fixture), "staff.txt: it cannot be read"));
    assert_int_equal(symlink(fixture->world.scratch.top, path), 0);
    assert_false(step(fixture));
    assert_false(step(fixture));
    assert_non_null(strstr(alert(fixture), "no regular file"));
    assert_int_equal(unlink(path), 0);
    replace(fixture, STAFF, "reader\n");
    assert_false(step(fixture));
    assert_true(step(fixture));
    assert_null(alert(fixture));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_that_stay_are_left_alone, begin, end),
        cmocka_unit_test_setup_teardown(a_new_file_is_taken_at_the_second_look, begin, end),
        cmocka_unit_test_setup_teardown(looks_are_a_second_apart, begin, end),
        cmocka_unit_test_setup_teardown(a_fault_keeps_the_good_items_and_no_other_file_back, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_is_gone_or_no_file_is_told_until_it_is_back, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
