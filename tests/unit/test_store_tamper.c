/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broken-into httpd child can do to a store of two users: read policy/, write state/, and
 * nothing that lasts in policy/. Every case runs as httpd's user, a member of the store's group.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/store/audit.h"
#include "shared/store/blocks.h"
#include "shared/store/contain_priv.h"
#include "shared/store/env_priv.h"
#include "shared/store/keys.h"
#include "shared/store/revocations.h"
#include "tests/unit/store_fixture.h"

static struct store_fixture fixture;

/* 0 when the condition holds, else the line: the exit code of a child process. */
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "line %d: %s (errno %d)\n", __LINE__, #condition, errno);        \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

static int as_owner(int (*fn)(void *context))
{
    return run_as(FIXTURE_OWNER, FIXTURE_OWNER, fn, NULL);
}

static int as_httpd(int (*fn)(void *context))
{
    return run_as(FIXTURE_HTTPD, FIXTURE_OWNER, fn, NULL);
}

/* A key, a revocation and two audit entries, made by the operator. */
static int populate(void *context)
{
    (void)context;
    struct zta_store *store;
    struct zta_change *change;
    EXPECT(zta_store_open(fixture.dir, ZTA_STORE_OPERATOR, 0, &store, NULL) == ZTA_OK);
    EXPECT(zta_store_is_separated(store));
    EXPECT(zta_change_begin(store, "populate", &change, NULL) == ZTA_OK);
    struct zta_key key = {.id = "aaaaaaaaaaaa", .name = ZTA_TEXT("billing")};
    struct zta_revocation revocation = {
        .kind = ZTA_REVOKE_ISSUER, .issuer = ZTA_TEXT("corp"), .watermark_s = 1000};
    struct zta_audit_entry entry = {.action = ZTA_TEXT("populate")};
    EXPECT(zta_key_put(change, &key) == ZTA_OK);
    EXPECT(zta_revocation_put(change, &revocation) == ZTA_OK);
    EXPECT(zta_audit_append(change, &entry) == ZTA_OK);
    EXPECT(zta_change_commit(&change, NULL) == ZTA_OK);
    zta_store_close(&store);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        store_fixture_make_separated(&fixture);
        assert_int_equal(as_owner(populate), 0);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        store_fixture_remove(&fixture);
    }
    return 0;
}

static void need_root(void)
{
    if (geteuid() != 0) {
        print_message("skipped: needs root to become other users\n");
        skip();
    }
}

/* Contents of policy/ as bytes: what tampering must not have changed. */
static struct zta_sha256 digest_of(const char *name)
{
    static char bytes[1 << 20];
    struct zta_sha256 digest;
    FILE *file = fopen(store_path(&fixture, name), "rb");
    assert_non_null(file);
    size_t n = fread(bytes, 1, sizeof(bytes), file);
    assert_true(n > 0 && n < sizeof(bytes));
    assert_int_equal(fclose(file), 0);
    zta_sha256(bytes, n, &digest);
    return digest;
}

static int verify_as_owner(void *context)
{
    (void)context;
    struct zta_store *store;
    struct zta_view *view;
    struct zta_sha256 head;
    uint64_t n = 0;
    EXPECT(zta_store_open(fixture.dir, ZTA_STORE_READER, 0, &store, NULL) == ZTA_OK);
    EXPECT(zta_view_begin(store, &view) == ZTA_OK);
    EXPECT(zta_audit_verify(view, &n, &head, NULL) == ZTA_OK);
    EXPECT(n == 2);
    zta_view_end(&view);
    zta_store_close(&store);
    return 0;
}

/* Runs the attempt as httpd's user; afterwards policy/ is byte for byte what it was. */
static void attempt(int (*fn)(void *context))
{
    need_root();
    struct zta_sha256 before = digest_of("policy/data.mdb");
    assert_int_equal(as_httpd(fn), 0);
    struct zta_sha256 after = digest_of("policy/data.mdb");
    assert_memory_equal(before.bytes, after.bytes, ZTA_SHA256_SIZE);
    struct zta_error error = {.text = ""};
    if (zta_store_check(fixture.dir, true, &error) != ZTA_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(as_owner(verify_as_owner), 0);
}

static int use_as_child_and_helper(void *context)
{
    (void)context;
    struct zta_store *store;
    struct zta_change *change;
    struct zta_view *view;
    static char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key key;
    EXPECT(zta_store_check(fixture.dir, true, NULL) == ZTA_OK);
    EXPECT(zta_store_open(fixture.dir, ZTA_STORE_HELPER, 0, &store, NULL) == ZTA_OK);
    EXPECT(zta_view_begin(store, &view) == ZTA_OK);
    EXPECT(zta_key_find(view, ZTA_TEXT("billing"), storage, sizeof(storage), &key) == ZTA_OK);
    zta_view_end(&view);
    EXPECT(zta_change_begin(store, "observe", &change, NULL) == ZTA_OK);
    EXPECT(zta_change_put(change, ZTA_TABLE_SESSIONS, ZTA_BLOB("s", 1), ZTA_BLOB("v", 1)) ==
           ZTA_OK);
    EXPECT(zta_change_remove(change, ZTA_TABLE_SESSIONS, ZTA_BLOB("s", 1)) == ZTA_OK);
    EXPECT(zta_change_commit(&change, NULL) == ZTA_OK);
    EXPECT(zta_store_health(store, NULL) == ZTA_OK);
    zta_store_close(&store);
    return 0;
}

static void httpd_reads_policy_and_writes_state(void **state)
{
    (void)state;
    attempt(use_as_child_and_helper);
}

static int write_through_our_own_functions(void *context)
{
    (void)context;
    struct zta_store *store = NULL;
    struct zta_change *change = NULL;
    struct zta_error error;
    EXPECT(zta_store_open(fixture.dir, ZTA_STORE_OPERATOR, 0, &store, &error) == ZTA_FORBIDDEN);
    EXPECT(zta_store_open(fixture.dir, ZTA_STORE_CHILD, 0, &store, &error) == ZTA_OK);
    EXPECT(zta_change_begin(store, "mint", &change, &error) == ZTA_FORBIDDEN);
    zta_store_close(&store);
    EXPECT(zta_store_open(fixture.dir, ZTA_STORE_HELPER, 0, &store, &error) == ZTA_OK);
    EXPECT(zta_change_begin(store, "mint", &change, &error) == ZTA_OK);
    struct zta_key key = {.id = "bbbbbbbbbbbb", .name = ZTA_TEXT("mine")};
    struct zta_revocation revocation = {
        .kind = ZTA_REVOKE_ISSUER, .issuer = ZTA_TEXT("corp"), .watermark_s = 1};
    struct zta_block block = {.kind = ZTA_BLOCK_SUBJECT,
                              .issuer = ZTA_TEXT("corp"),
                              .subject = ZTA_TEXT("alice"),
                              .until_s = 1000};
    struct zta_audit_entry entry = {.action = ZTA_TEXT("forged")};
    EXPECT(zta_key_put(change, &key) == ZTA_FORBIDDEN);
    EXPECT(zta_revocation_put(change, &revocation) == ZTA_FORBIDDEN);
    EXPECT(zta_revocation_remove(change, &revocation) == ZTA_FORBIDDEN);
    EXPECT(zta_block_put(change, &block) == ZTA_FORBIDDEN);
    EXPECT(zta_audit_append(change, &entry) == ZTA_FORBIDDEN);
    zta_change_abort(&change);
    zta_store_close(&store);
    return 0;
}

static void our_own_functions_refuse_httpd(void **state)
{
    (void)state;
    attempt(write_through_our_own_functions);
}

/* The attacker brings its own LMDB code and obeys none of our roles. */
static int write_through_lmdb(void *context)
{
    (void)context;
    static const unsigned flags[] = {0, MDB_NOLOCK, MDB_WRITEMAP, MDB_WRITEMAP | MDB_NOLOCK};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        MDB_env *env;
        EXPECT(mdb_env_create(&env) == 0);
        EXPECT(mdb_env_set_maxdbs(env, 16) == 0);
        EXPECT(mdb_env_open(env, store_path(&fixture, "policy"), flags[i], 0640) == EACCES);
        mdb_env_close(env);
    }
    MDB_env *env;
    MDB_txn *txn;
    EXPECT(mdb_env_create(&env) == 0);
    EXPECT(mdb_env_set_maxdbs(env, 16) == 0);
    EXPECT(mdb_env_open(env, store_path(&fixture, "policy"), MDB_RDONLY, 0640) == 0);
    EXPECT(mdb_txn_begin(env, NULL, 0, &txn) == EACCES);
    mdb_env_close(env);
    return 0;
}

static void lmdb_itself_refuses_httpd(void **state)
{
    (void)state;
    attempt(write_through_lmdb);
}

static int write_the_bytes(void *context)
{
    (void)context;
    static const char *const files[] = {"policy/data.mdb", "policy/writer.lock"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        const char *path = store_path(&fixture, files[i]);
        EXPECT(open(path, O_WRONLY) < 0 && errno == EACCES);
        EXPECT(open(path, O_RDWR) < 0 && errno == EACCES);
        EXPECT(open(path, O_WRONLY | O_TRUNC) < 0 && errno == EACCES);
        EXPECT(truncate(path, 0) < 0 && errno == EACCES);
        EXPECT(chmod(path, 0666) < 0 && errno == EPERM);
        EXPECT(chown(path, FIXTURE_HTTPD, (gid_t)-1) < 0 && errno == EPERM);
    }
    int fd = open(store_path(&fixture, "policy/data.mdb"), O_RDONLY);
    EXPECT(fd >= 0);
    EXPECT(ftruncate(fd, 0) < 0);
    EXPECT(fchmod(fd, 0666) < 0 && errno == EPERM);
    EXPECT(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES);
    void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    EXPECT(map != MAP_FAILED);
    EXPECT(mprotect(map, 4096, PROT_READ | PROT_WRITE) < 0 && errno == EACCES);
    char reopened[64];
    (void)snprintf(reopened, sizeof(reopened), "/proc/self/fd/%d", fd);
    EXPECT(open(reopened, O_RDWR) < 0 && errno == EACCES);
    /* Nor can it stand in the writers' queue for ever. */
    EXPECT(open(store_path(&fixture, "policy/writer.lock"), O_RDONLY) < 0 && errno == EACCES);
    return 0;
}

static void the_bytes_cannot_be_written(void **state)
{
    (void)state;
    attempt(write_the_bytes);
}

static int move_things(void *context)
{
    (void)context;
    static const char *const names[] = {
        "policy",         "state",          "policy/data.mdb",    "policy/lock.mdb",
        "state/data.mdb", "state/lock.mdb", "policy/writer.lock", "state/writer.lock"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char other[200];
        (void)snprintf(other, sizeof(other), "%s.x", store_path(&fixture, names[i]));
        EXPECT(rename(store_path(&fixture, names[i]), other) < 0 && errno == EACCES);
        EXPECT(rename(store_path(&fixture, names[i]), "/tmp/zta-stolen") < 0);
        EXPECT(unlink(store_path(&fixture, names[i])) < 0);
        EXPECT(rmdir(store_path(&fixture, names[i])) < 0);
        EXPECT(symlink("/etc/passwd", other) < 0 && errno == EACCES);
        EXPECT(symlink("/etc/passwd", store_path(&fixture, names[i])) < 0);
        EXPECT(mkdir(other, 0700) < 0 && errno == EACCES);
        EXPECT(open(other, O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
    }
    EXPECT(rename(fixture.dir, "/tmp/zta-stolen") < 0);
    EXPECT(link(store_path(&fixture, "policy/data.mdb"), store_path(&fixture, "state/link")) < 0);
    EXPECT(rename(store_path(&fixture, "state/data.mdb"), store_path(&fixture, "policy/data.mdb")) <
           0);
    static const char *const folders[] = {"", "policy", "state"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        EXPECT(chmod(store_path(&fixture, folders[i]), 0777) < 0 && errno == EPERM);
        EXPECT(chown(store_path(&fixture, folders[i]), FIXTURE_HTTPD, (gid_t)-1) < 0);
    }
    return 0;
}

static void nothing_can_be_moved_replaced_or_linked(void **state)
{
    (void)state;
    attempt(move_things);
}

static int init_or_restore(void *context)
{
    (void)context;
    struct zta_error error;
    struct zta_store_owners self = {
        .owner = FIXTURE_HTTPD, .group = FIXTURE_OWNER, .httpd = FIXTURE_HTTPD};
    EXPECT(zta_store_init(fixture.dir, &self, 0, &error) == ZTA_EXISTS);
    EXPECT(zta_store_restore(fixture.dir, fixture.dir, &error) == ZTA_FORBIDDEN);
    EXPECT(zta_store_repair_lock(fixture.dir, &error) == ZTA_FORBIDDEN);
    return 0;
}

static void httpd_cannot_init_or_restore(void **state)
{
    (void)state;
    attempt(init_or_restore);
}

/* ---- the lock file, which httpd's user must be able to write ---- */

/* LMDB 0.9: magic, format, the mutex of readers, the number of the last transaction. */
#define LOCK_AT_TXN (off_t)(8 + sizeof(pthread_mutex_t))

static int64_t forged_by;

static int forge_txn_number(void *context)
{
    (void)context;
    int fd = open(store_path(&fixture, "policy/lock.mdb"), O_RDWR);
    EXPECT(fd >= 0);
    uint64_t number = 0;
    EXPECT(pread(fd, &number, sizeof(number), LOCK_AT_TXN) == sizeof(number));
    EXPECT(number > 1);
    number += (uint64_t)forged_by;
    EXPECT(pwrite(fd, &number, sizeof(number), LOCK_AT_TXN) == sizeof(number));
    EXPECT(close(fd) == 0);
    return 0;
}

/* The owner's program has the store open when the number is set back: the next change would start
 * from the older state and undo what was last committed. */
static int change_after_forgery(void *context)
{
    struct zta_store *store;
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    const int *pipes = context;
    char byte = 0;
    EXPECT(zta_store_open(fixture.dir, ZTA_STORE_OPERATOR, 0, &store, NULL) == ZTA_OK);
    EXPECT(write(pipes[1], &byte, 1) == 1);
    EXPECT(read(pipes[2], &byte, 1) == 1);
    EXPECT(zta_change_begin(store, "after", &change, &error) == ZTA_CORRUPT);
    EXPECT(strstr(error.text, "--repair-lock") != NULL);
    struct zta_view *view;
    enum zta_status status = zta_view_begin(store, &view);
    if (status == ZTA_OK) {
        zta_view_end(&view);
    }
    EXPECT((status == ZTA_OK) == (forged_by == -1)); /* one behind is a commit under way */
    zta_store_close(&store);
    return 0;
}

static int read_byte_then_forge(void *context)
{
    const int *pipes = context;
    char byte;
    EXPECT(read(pipes[0], &byte, 1) == 1);
    EXPECT(forge_txn_number(NULL) == 0);
    EXPECT(write(pipes[3], &byte, 1) == 1);
    return 0;
}

static void a_forged_transaction_number_is_noticed(void **state)
{
    (void)state;
    need_root();
    static const int64_t steps[] = {-1, -2, -3, 1, 2, 3, 1000001};
    struct zta_sha256 before = digest_of("policy/data.mdb");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int pipes[4]; /* owner to attacker: read 0, write 1; back: read 2, write 3 */
        assert_int_equal(pipe(pipes), 0);
        assert_int_equal(pipe(pipes + 2), 0);
        forged_by = steps[i];
        pid_t attacker = fork();
        if (attacker == 0) {
            _exit(run_as(FIXTURE_HTTPD, FIXTURE_OWNER, read_byte_then_forge, pipes));
        }
        assert_int_equal(run_as(FIXTURE_OWNER, FIXTURE_OWNER, change_after_forgery, pipes), 0);
        for (size_t k = 0; k < 4; k++) {
            assert_int_equal(close(pipes[k]), 0);
        }
        struct zta_error error = {.text = ""};
        assert_int_equal(zta_store_repair_lock(fixture.dir, &error), ZTA_OK);
        assert_int_equal(as_owner(verify_as_owner), 0);
    }
    struct zta_sha256 after = digest_of("policy/data.mdb");
    assert_memory_equal(before.bytes, after.bytes, ZTA_SHA256_SIZE);
}

static int spoil_state(void *context)
{
    (void)context;
    int fd = open(store_path(&fixture, "state/data.mdb"), O_RDWR);
    EXPECT(fd >= 0);
    static const char garbage[4096] = {'x'};
    struct stat found;
    EXPECT(fstat(fd, &found) == 0);
    for (off_t at = 2 * 4096; at < found.st_size; at += 4096) {
        EXPECT(pwrite(fd, garbage, sizeof(garbage), at) == sizeof(garbage));
    }
    return 0;
}

/* httpd's user can spoil its own state/; a check by root says so and does not crash on it. */
static void a_check_by_root_survives_a_spoilt_state(void **state)
{
    (void)state;
    need_root();
    assert_int_equal(as_httpd(spoil_state), 0);
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_CORRUPT);
    assert_non_null(strstr(error.text, "state"));
}

struct identity_found {
    uid_t uid;
    gid_t gid;
    int n_groups;
    gid_t groups[4];
};

static enum zta_status tell_identity(void *context, struct zta_error *error)
{
    (void)error;
    struct identity_found *found = context;
    found->uid = getuid();
    found->gid = getgid();
    found->n_groups = getgroups(4, found->groups);
    return setuid(0) == 0 ? ZTA_CONFLICT : ZTA_OK; /* and there is no way back */
}

static void contained_work_is_done_as_the_files_owner(void **state)
{
    (void)state;
    need_root();
    struct identity_found found = {.uid = 0};
    int dir = open(store_path(&fixture, "state"), O_RDONLY | O_DIRECTORY);
    assert_true(dir >= 0);
    struct zta_contained work = {.dir_fd = dir,
                                 .uid = FIXTURE_HTTPD,
                                 .gid = FIXTURE_OWNER,
                                 .run = tell_identity,
                                 .context = &found,
                                 .result = &found,
                                 .result_size = sizeof(found),
                                 .what = "test",
                                 .crash = "crashed",
                                 .crash_status = ZTA_CORRUPT};
    assert_int_equal(zta_contain(&work, NULL), ZTA_OK);
    assert_int_equal(close(dir), 0);
    assert_int_equal(found.uid, FIXTURE_HTTPD);
    assert_int_equal(found.gid, FIXTURE_OWNER);
    assert_int_equal(found.n_groups, 1);
    assert_int_equal(found.groups[0], FIXTURE_OWNER);
}

static void root_does_not_map_what_others_can_alter(void **state)
{
    (void)state;
    need_root();
    static const enum zta_store_role roles[] = {ZTA_STORE_CHILD, ZTA_STORE_HELPER,
                                                ZTA_STORE_OPERATOR, ZTA_STORE_READER};
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        struct zta_store *store = NULL;
        struct zta_error error;
        assert_int_equal(zta_store_open(fixture.dir, roles[i], 0, &store, &error), ZTA_FORBIDDEN);
        assert_null(store);
    }
}

static int open_as_stranger(void *context)
{
    (void)context;
    struct zta_store *store = NULL;
    struct zta_error error;
    EXPECT(zta_store_open(fixture.dir, ZTA_STORE_READER, 0, &store, &error) == ZTA_FORBIDDEN);
    EXPECT(open(store_path(&fixture, "policy/data.mdb"), O_RDONLY) < 0 && errno == EACCES);
    EXPECT(open(store_path(&fixture, "state/data.mdb"), O_RDONLY) < 0 && errno == EACCES);
    return 0;
}

static void a_stranger_reads_nothing(void **state)
{
    (void)state;
    need_root();
    assert_int_equal(run_as(64009, 64009, open_as_stranger, NULL), 0);
}

static int write_state_as_owner(void *context)
{
    (void)context;
    struct zta_store *store = NULL;
    struct zta_error error;
    EXPECT(zta_store_open(fixture.dir, ZTA_STORE_HELPER, 0, &store, &error) == ZTA_FORBIDDEN);
    EXPECT(open(store_path(&fixture, "state/data.mdb"), O_RDWR) < 0 && errno == EACCES);
    EXPECT(zta_store_check(fixture.dir, true, &error) == ZTA_OK);
    return 0;
}

static void the_operator_does_not_write_state(void **state)
{
    (void)state;
    need_root();
    assert_int_equal(as_owner(write_state_as_owner), 0);
}

static void files_belong_to_whom_they_should(void **state)
{
    (void)state;
    need_root();
    static const struct {
        const char *name;
        uid_t uid;
    } cases[] = {
        {.name = "", .uid = FIXTURE_OWNER},
        {.name = "policy", .uid = FIXTURE_OWNER},
        {.name = "policy/data.mdb", .uid = FIXTURE_OWNER},
        {.name = "policy/lock.mdb", .uid = FIXTURE_OWNER},
        {.name = "policy/writer.lock", .uid = FIXTURE_OWNER},
        {.name = "state", .uid = FIXTURE_OWNER},
        {.name = "state/data.mdb", .uid = FIXTURE_HTTPD},
        {.name = "state/lock.mdb", .uid = FIXTURE_HTTPD},
        {.name = "state/writer.lock", .uid = FIXTURE_HTTPD},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stat found;
        assert_int_equal(lstat(store_path(&fixture, cases[i].name), &found), 0);
        assert_int_equal(found.st_uid, cases[i].uid);
        assert_int_equal(found.st_gid, FIXTURE_OWNER);
    }
}

static int init_for_others(void *context)
{
    (void)context;
    struct zta_error error = {.text = ""};
    char dir[128];
    (void)snprintf(dir, sizeof(dir), "%s/other", fixture.base);
    EXPECT(zta_store_init(dir, &fixture.owners, 0, &error) == ZTA_FORBIDDEN);
    EXPECT(strstr(error.text, "root") != NULL);
    return 0;
}

static void only_root_makes_a_store_for_others(void **state)
{
    (void)state;
    need_root();
    assert_int_equal(as_owner(init_for_others), 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(files_belong_to_whom_they_should),
        WITH_STORE(httpd_reads_policy_and_writes_state),
        WITH_STORE(our_own_functions_refuse_httpd),
        WITH_STORE(lmdb_itself_refuses_httpd),
        WITH_STORE(the_bytes_cannot_be_written),
        WITH_STORE(nothing_can_be_moved_replaced_or_linked),
        WITH_STORE(httpd_cannot_init_or_restore),
        WITH_STORE(a_forged_transaction_number_is_noticed),
        WITH_STORE(a_check_by_root_survives_a_spoilt_state),
        WITH_STORE(contained_work_is_done_as_the_files_owner),
        WITH_STORE(root_does_not_map_what_others_can_alter),
        WITH_STORE(a_stranger_reads_nothing),
        WITH_STORE(the_operator_does_not_write_state),
        WITH_STORE(only_root_makes_a_store_for_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
