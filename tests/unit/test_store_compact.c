/* SPDX-License-Identifier: Apache-2.0 */
/* The data files written anew while nobody has the store open. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/store/compact.h"
#include "shared/store/env.h"
#include "shared/store/tables_priv.h"
#include "tests/unit/store_fixture.h"

enum {
    RECORDS = 1000,
    RECORD_SIZE = 1500,
    PAGE = 4096,
};

#define MARK "what somebody wanted forgotten"

static struct store_fixture fixture;

static int setup(void **state)
{
    (void)state;
    store_fixture_make(&fixture);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_fixture_remove(&fixture);
    return 0;
}

static struct zta_blob number(uint32_t i, char key[16])
{
    (void)snprintf(key, 16, "x%010u", (unsigned)i);
    return ZTA_BLOB(key, strlen(key));
}

/* Records come and go; the audit trail has an entry more. */
static int come_and_go(void *context)
{
    (void)context;
    char value[RECORD_SIZE] = MARK;
    char key[16];
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    struct zta_change *change = store_begin(store, "come");
    for (uint32_t i = 0; i < RECORDS; i++) {
        assert_int_equal(zta_change_put(change, ZTA_TABLE_POLICY_META, number(i, key),
                                        ZTA_BLOB(value, sizeof value)),
                         ZTA_OK);
    }
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
    change = store_begin(store, "go");
    for (uint32_t i = 0; i < RECORDS; i++) {
        assert_int_equal(zta_change_remove(change, ZTA_TABLE_POLICY_META, number(i, key)), ZTA_OK);
    }
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
    store_append(store);
    zta_store_close(&store);
    return 0;
}

static int count(void *context)
{
    (void)context;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_READER);
    const uint64_t n = store_count_audit(store);
    zta_store_close(&store);
    return (int)n;
}

static bool holds_mark(const char *name)
{
    const int fd = open(store_path(&fixture, name), O_RDONLY);
    struct stat found;
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &found), 0);
    char *bytes = malloc((size_t)found.st_size);
    assert_non_null(bytes);
    assert_int_equal(read(fd, bytes, (size_t)found.st_size), found.st_size);
    const bool is_there = memmem(bytes, (size_t)found.st_size, MARK, strlen(MARK)) != NULL;
    free(bytes);
    (void)close(fd);
    return is_there;
}

static void what_was_removed_is_in_no_file_then(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    struct zta_compaction sizes;
    struct stat found;
    assert_int_equal(run_in_child(come_and_go, NULL), 0);
    assert_true(holds_mark("policy/data.mdb"));
    if (zta_store_compact(fixture.dir, &sizes, &error) != ZTA_OK) {
        fail_msg("%s", error.text);
    }
    assert_false(holds_mark("policy/data.mdb"));
    assert_true(sizes.before[0] > (uint64_t)RECORDS * RECORD_SIZE);
    assert_true(sizes.after[0] < sizes.before[0] / 4);
    assert_int_equal(stat(store_path(&fixture, "policy/data.mdb"), &found), 0);
    assert_int_equal(found.st_mode & 07777, 0640);
    assert_int_equal(stat(store_path(&fixture, "policy/data.mdb.compact"), &found), -1);
    assert_int_equal(stat(store_path(&fixture, "state/data.mdb.compact"), &found), -1);
    if (zta_store_check(fixture.dir, true, &error) != ZTA_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(run_in_child(count, NULL), 2);
    assert_int_equal(run_in_child(come_and_go, NULL), 0);
    assert_int_equal(run_in_child(count, NULL), 3);
    assert_int_equal(zta_store_compact(fixture.dir, NULL, &error), ZTA_OK);
    assert_int_equal(run_in_child(count, NULL), 3);
}

static void who_has_it_open_is_named_and_nothing_is_changed(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    assert_int_equal(run_in_child(come_and_go, NULL), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_READER);
        (void)raise(SIGSTOP);
        zta_store_close(&store);
        _exit(0);
    }
    int how;
    assert_int_equal(waitpid(pid, &how, WUNTRACED), pid);
    assert_true(WIFSTOPPED(how));
    char expected[32];
    (void)snprintf(expected, sizeof expected, "pid %ld", (long)pid);
    assert_int_equal(zta_store_compact(fixture.dir, NULL, &error), ZTA_BUSY);
    assert_non_null(strstr(error.text, expected));
    assert_true(holds_mark("policy/data.mdb"));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(zta_store_compact(fixture.dir, NULL, &error), ZTA_OK);
}

static void a_damaged_file_stays_what_it_is(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    static const char garbage[PAGE] = {'x'};
    struct stat before;
    struct stat found;
    const int fd = open(store_path(&fixture, "state/data.mdb"), O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &before), 0);
    for (off_t at = (off_t)2 * PAGE; at < before.st_size; at += PAGE) {
        assert_int_equal(pwrite(fd, garbage, sizeof garbage, at), sizeof garbage);
    }
    assert_int_equal(close(fd), 0);
    assert_int_not_equal(zta_store_compact(fixture.dir, NULL, &error), ZTA_OK);
    assert_int_equal(stat(store_path(&fixture, "state/data.mdb"), &found), 0);
    assert_int_equal(found.st_ino, before.st_ino);
    assert_int_equal(stat(store_path(&fixture, "policy/data.mdb.compact"), &found), -1);
    assert_int_equal(stat(store_path(&fixture, "state/data.mdb.compact"), &found), -1);
}

static void root_keeps_the_owners_of_a_separated_store(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: needs root to become other users\n");
        skip();
    }
    store_fixture_remove(&fixture);
    store_fixture_make_separated(&fixture);
    struct zta_error error = {.text = ""};
    struct stat found;
    if (zta_store_compact(fixture.dir, NULL, &error) != ZTA_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_OK);
    assert_int_equal(stat(store_path(&fixture, "state/data.mdb"), &found), 0);
    assert_int_equal(found.st_uid, FIXTURE_HTTPD);
    assert_int_equal(stat(store_path(&fixture, "policy/data.mdb"), &found), 0);
    assert_int_equal(found.st_uid, FIXTURE_OWNER);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(what_was_removed_is_in_no_file_then),
        WITH_STORE(who_has_it_open_is_named_and_nothing_is_changed),
        WITH_STORE(a_damaged_file_stays_what_it_is),
        WITH_STORE(root_keeps_the_owners_of_a_separated_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
