/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a temporary folder. */
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <setjmp.h>
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

void store_fixture_make_empty(struct store_fixture *fixture)
{
    *fixture = (struct store_fixture){
        .owners = {.owner = geteuid(), .group = getegid(), .httpd = geteuid()}};
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(fixture->base, sizeof(fixture->base), "%.40s/zta-store-XXXXXX",
                   tmp != NULL && strlen(tmp) <= 40 ? tmp : "/tmp");
    assert_non_null(mkdtemp(fixture->base));
    assert_int_equal(chmod(fixture->base, 0755), 0);
    (void)snprintf(fixture->dir, sizeof(fixture->dir), "%s/store", fixture->base);
}

static void init(struct store_fixture *fixture)
{
    struct zta_error error = {.text = ""};
    if (zta_store_init(fixture->dir, &fixture->owners, 0, &error) != ZTA_OK) {
        fail_msg("init: %s", error.text);
    }
}

void store_fixture_make(struct store_fixture *fixture)
{
    store_fixture_make_empty(fixture);
    init(fixture);
}

void store_fixture_make_separated(struct store_fixture *fixture)
{
    store_fixture_make_empty(fixture);
    fixture->owners = (struct zta_store_owners){
        .owner = FIXTURE_OWNER, .group = FIXTURE_OWNER, .httpd = FIXTURE_HTTPD};
    init(fixture);
}

static int remove_entry(const char *path, const struct stat *found, int type, struct FTW *ftw)
{
    (void)found;
    (void)type;
    (void)ftw;
    return remove(path);
}

void store_fixture_remove(struct store_fixture *fixture)
{
    assert_int_equal(nftw(fixture->base, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

struct zta_store *store_fixture_open(const struct store_fixture *fixture, enum zta_store_role role)
{
    struct zta_error error = {.text = ""};
    struct zta_store *store = NULL;
    if (zta_store_open(fixture->dir, role, 0, &store, &error) != ZTA_OK) {
        fail_msg("open: %s", error.text);
    }
    return store;
}

struct zta_change *store_begin(struct zta_store *store, const char *purpose)
{
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    if (zta_change_begin(store, purpose, &change, &error) != ZTA_OK) {
        fail_msg("%s", error.text);
    }
    return change;
}

void store_append(struct zta_store *store)
{
    struct zta_change *change = store_begin(store, "append");
    struct zta_audit_entry entry = {.action = ZTA_TEXT("test")};
    assert_int_equal(zta_audit_append(change, &entry), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
}

uint64_t store_count_audit(struct zta_store *store)
{
    struct zta_view *view;
    struct zta_sha256 head;
    uint64_t n = 0;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_audit_verify(view, &n, &head, NULL), ZTA_OK);
    zta_view_end(&view);
    return n;
}

const char *store_path(const struct store_fixture *fixture, const char *name)
{
    static char paths[4][160];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s%s%s", fixture->dir, name[0] == '\0' ? "" : "/",
                   name);
    return path;
}

static int wait_for(pid_t pid)
{
    int how;
    while (waitpid(pid, &how, 0) < 0) {
        assert_int_equal(errno, EINTR);
    }
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

int run_as(uid_t uid, gid_t group, int (*fn)(void *context), void *context)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (setgroups(1, &group) != 0 || setgid((gid_t)uid) != 0 || setuid(uid) != 0) {
            _exit(99);
        }
        _exit(fn(context));
    }
    assert_true(pid > 0);
    return wait_for(pid);
}

int run_in_child(int (*fn)(void *context), void *context)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(fn(context));
    }
    assert_true(pid > 0);
    return wait_for(pid);
}
