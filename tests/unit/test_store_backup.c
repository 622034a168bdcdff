/* SPDX-License-Identifier: Apache-2.0 */
/* Backup while the store is in use, restore while it is not. */
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

#include "shared/store/audit.h"
#include "shared/store/env.h"
#include "shared/store/tables_priv.h"
#include "tests/unit/store_fixture.h"

static struct store_fixture fixture;
static char backup[128];

static int setup(void **state)
{
    (void)state;
    store_fixture_make(&fixture);
    (void)snprintf(backup, sizeof(backup), "%s/backup", fixture.base);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_fixture_remove(&fixture);
    return 0;
}

static int append_one(void *context)
{
    (void)context;
    struct zta_store *store;
    struct zta_change *change;
    struct zta_audit_entry entry = {.action = ZTA_TEXT("test")};
    if (zta_store_open(fixture.dir, ZTA_STORE_OPERATOR, 0, &store, NULL) != ZTA_OK ||
        zta_change_begin(store, "append", &change, NULL) != ZTA_OK ||
        zta_audit_append(change, &entry) != ZTA_OK || zta_change_commit(&change, NULL) != ZTA_OK) {
        return 1;
    }
    zta_store_close(&store);
    return 0;
}

static int make_backup(void *context)
{
    (void)context;
    struct zta_store *store;
    struct zta_error error;
    if (zta_store_open(fixture.dir, ZTA_STORE_OPERATOR, 0, &store, &error) != ZTA_OK ||
        zta_store_backup(store, backup, &error) != ZTA_OK) {
        return 1;
    }
    bool is_refused = zta_store_backup(store, backup, &error) == ZTA_EXISTS;
    zta_store_close(&store);
    return is_refused ? 0 : 2;
}

/* Audit entries of the store, counted by a process of its own. */
static int count_audit(void *context)
{
    (void)context;
    struct zta_store *store;
    struct zta_view *view;
    struct zta_sha256 head;
    uint64_t n = 0;
    if (zta_store_open(fixture.dir, ZTA_STORE_READER, 0, &store, NULL) != ZTA_OK ||
        zta_view_begin(store, &view) != ZTA_OK ||
        zta_audit_verify(view, &n, &head, NULL) != ZTA_OK) {
        return 99;
    }
    zta_view_end(&view);
    zta_store_close(&store);
    return (int)n;
}

static const char *backup_path(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", backup, name);
    return path;
}

static void a_backup_is_private_and_compact(void **state)
{
    (void)state;
    assert_int_equal(run_in_child(make_backup, NULL), 0);
    static const struct {
        const char *name;
        mode_t mode;
    } cases[] = {
        {.name = "", .mode = S_IFDIR | 0700},
        {.name = "policy", .mode = S_IFDIR | 0700},
        {.name = "policy/data.mdb", .mode = S_IFREG | 0600},
        {.name = "state/data.mdb", .mode = S_IFREG | 0600},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stat found;
        assert_int_equal(lstat(backup_path(cases[i].name), &found), 0);
        assert_int_equal(found.st_mode, cases[i].mode);
    }
}

static void restore_brings_back_what_was_there(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    assert_int_equal(run_in_child(append_one, NULL), 0);
    assert_int_equal(run_in_child(make_backup, NULL), 0);
    assert_int_equal(run_in_child(append_one, NULL), 0);
    assert_int_equal(run_in_child(count_audit, NULL), 3);
    if (zta_store_restore(fixture.dir, backup, &error) != ZTA_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_OK);
    assert_int_equal(run_in_child(count_audit, NULL), 2);
    assert_int_equal(run_in_child(append_one, NULL), 0);
    assert_int_equal(run_in_child(count_audit, NULL), 3);
    struct stat found;
    assert_int_equal(stat(store_path(&fixture, "policy/data.mdb.before-restore"), &found), 0);
    assert_int_equal(stat(store_path(&fixture, "state/data.mdb.before-restore"), &found), 0);
    assert_int_equal(stat(store_path(&fixture, "policy/data.mdb.restore"), &found), -1);
    assert_int_equal(zta_store_restore(fixture.dir, backup, &error), ZTA_OK);
    assert_int_equal(run_in_child(count_audit, NULL), 2);
}

static void restore_heals_a_store_that_lost_files(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    assert_int_equal(run_in_child(append_one, NULL), 0);
    assert_int_equal(run_in_child(make_backup, NULL), 0);
    static const char *const lost[] = {"policy/data.mdb", "policy/lock.mdb", "policy/writer.lock",
                                       "state/data.mdb",  "state/lock.mdb",  "state/writer.lock"};
    for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
        assert_int_equal(unlink(store_path(&fixture, lost[i])), 0);
        assert_int_not_equal(zta_store_check(fixture.dir, true, NULL), ZTA_OK);
        if (zta_store_restore(fixture.dir, backup, &error) != ZTA_OK) {
            fail_msg("%s: %s", lost[i], error.text);
        }
        if (zta_store_check(fixture.dir, true, &error) != ZTA_OK) {
            fail_msg("%s: %s", lost[i], error.text);
        }
        assert_int_equal(run_in_child(count_audit, NULL), 2);
    }
}

static void restore_is_refused_while_a_process_has_the_store_open(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    assert_int_equal(run_in_child(make_backup, NULL), 0);
    assert_int_equal(run_in_child(append_one, NULL), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct zta_store *store;
        if (zta_store_open(fixture.dir, ZTA_STORE_READER, 0, &store, NULL) == ZTA_OK) {
            (void)raise(SIGSTOP);
        }
        _exit(0);
    }
    int how;
    assert_int_equal(waitpid(pid, &how, WUNTRACED), pid);
    assert_true(WIFSTOPPED(how));
    char expected[32];
    (void)snprintf(expected, sizeof(expected), "pid %ld", (long)pid);
    assert_int_equal(zta_store_restore(fixture.dir, backup, &error), ZTA_BUSY);
    assert_non_null(strstr(error.text, expected));
    error.text[0] = '\0';
    assert_int_equal(zta_store_repair_lock(fixture.dir, &error), ZTA_BUSY);
    assert_non_null(strstr(error.text, expected));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(run_in_child(count_audit, NULL), 2);
    assert_int_equal(zta_store_restore(fixture.dir, backup, &error), ZTA_OK);
    assert_int_equal(run_in_child(count_audit, NULL), 1);
}

static void spoil(const char *name)
{
    int fd = open(backup_path(name), O_RDWR);
    assert_true(fd >= 0);
    static const char garbage[4096] = {'x'};
    struct stat found;
    assert_int_equal(fstat(fd, &found), 0);
    for (off_t at = 2 * 4096; at < found.st_size; at += 4096) {
        assert_int_equal(pwrite(fd, garbage, sizeof(garbage), at), sizeof(garbage));
    }
    assert_int_equal(close(fd), 0);
}

static void cut(const char *name)
{
    assert_int_equal(truncate(backup_path(name), 4096), 0);
}

static void lose(const char *name)
{
    assert_int_equal(unlink(backup_path(name)), 0);
}

static void make_link(const char *name)
{
    lose(name);
    assert_int_equal(symlink(store_path(&fixture, "policy/data.mdb"), backup_path(name)), 0);
}

static void take_from_another_store(const char *name)
{
    struct store_fixture other;
    store_fixture_make(&other);
    lose(name);
    assert_int_equal(rename(store_path(&other, name), backup_path(name)), 0);
    store_fixture_remove(&other);
}

/* A record that no program of ours writes, in an LMDB file that is in order. */
static int put_a_strange_record(void *context)
{
    (void)context;
    struct zta_store *store;
    struct zta_change *change;
    struct zta_blob blob = ZTA_BLOB("x", 1);
    if (zta_store_open(fixture.dir, ZTA_STORE_OPERATOR, 0, &store, NULL) != ZTA_OK ||
        zta_change_begin(store, "strange", &change, NULL) != ZTA_OK ||
        zta_change_put(change, ZTA_TABLE_KEYS, blob, blob) != ZTA_OK ||
        zta_change_commit(&change, NULL) != ZTA_OK) {
        return 1;
    }
    zta_store_close(&store);
    return 0;
}

static void a_backup_is_restored_only_when_every_record_decodes(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    assert_int_equal(run_in_child(put_a_strange_record, NULL), 0);
    assert_int_equal(run_in_child(make_backup, NULL), 0);
    assert_int_equal(zta_store_restore(fixture.dir, backup, &error), ZTA_CORRUPT);
    assert_non_null(strstr(error.text, "table keys"));
}

static void a_bad_backup_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        void (*harm)(const char *name);
        const char *name;
    } cases[] = {
        {spoil, "policy/data.mdb"},    {spoil, "state/data.mdb"},
        {cut, "policy/data.mdb"},      {cut, "state/data.mdb"},
        {lose, "state/data.mdb"},      {make_link, "policy/data.mdb"},
        {make_link, "state/data.mdb"}, {take_from_another_store, "state/data.mdb"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zta_error error = {.text = ""};
        assert_int_equal(run_in_child(make_backup, NULL), 0);
        assert_int_equal(run_in_child(append_one, NULL), 0);
        cases[i].harm(cases[i].name);
        assert_int_not_equal(zta_store_restore(fixture.dir, backup, &error), ZTA_OK);
        assert_true(error.text[0] != '\0');
        assert_int_equal(run_in_child(count_audit, NULL), 2);
        struct stat found;
        assert_int_equal(stat(store_path(&fixture, "policy/data.mdb.restore"), &found), -1);
        assert_int_equal(teardown(NULL), 0);
        assert_int_equal(setup(NULL), 0);
    }
}

static int backup_as_owner(void *context)
{
    return make_backup(context);
}

static int restore_as_owner(void *context)
{
    (void)context;
    struct zta_error error = {.text = ""};
    return zta_store_restore(fixture.dir, backup, &error) == ZTA_FORBIDDEN &&
                   strstr(error.text, "root") != NULL
               ? 0
               : 1;
}

static void root_restores_a_separated_store_with_its_owners(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: needs root to become other users\n");
        skip();
    }
    store_fixture_remove(&fixture);
    store_fixture_make_separated(&fixture);
    (void)snprintf(backup, sizeof(backup), "%s/own/backup", fixture.base);
    char own[128];
    (void)snprintf(own, sizeof(own), "%s/own", fixture.base);
    assert_int_equal(mkdir(own, 0700), 0);
    assert_int_equal(chown(own, FIXTURE_OWNER, FIXTURE_OWNER), 0);
    assert_int_equal(run_as(FIXTURE_OWNER, FIXTURE_OWNER, backup_as_owner, NULL), 0);
    assert_int_equal(run_as(FIXTURE_OWNER, FIXTURE_OWNER, append_one, NULL), 0);
    assert_int_equal(run_as(FIXTURE_OWNER, FIXTURE_OWNER, restore_as_owner, NULL), 0);
    struct zta_error error = {.text = ""};
    if (zta_store_restore(fixture.dir, backup, &error) != ZTA_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_OK);
    assert_int_equal(run_as(FIXTURE_OWNER, FIXTURE_OWNER, count_audit, NULL), 1);
    struct stat found;
    assert_int_equal(stat(store_path(&fixture, "state/data.mdb"), &found), 0);
    assert_int_equal(found.st_uid, FIXTURE_HTTPD);
    assert_int_equal(stat(store_path(&fixture, "policy/data.mdb"), &found), 0);
    assert_int_equal(found.st_uid, FIXTURE_OWNER);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_backup_is_private_and_compact),
        WITH_STORE(restore_brings_back_what_was_there),
        WITH_STORE(restore_heals_a_store_that_lost_files),
        WITH_STORE(restore_is_refused_while_a_process_has_the_store_open),
        WITH_STORE(a_bad_backup_is_refused_and_changes_nothing),
        WITH_STORE(a_backup_is_restored_only_when_every_record_decodes),
        WITH_STORE(root_restores_a_separated_store_with_its_owners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
