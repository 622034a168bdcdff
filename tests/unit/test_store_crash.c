/* SPDX-License-Identifier: Apache-2.0 */
/* Writers killed at any moment, disks that fill up, and files with altered bytes. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/random.h"
#include "shared/store/audit.h"
#include "shared/store/env_priv.h"
#include "shared/store/keys.h"
#include "tests/unit/store_fixture.h"

#define N_KILLS    120
#define N_FLIPS    150
#define N_AT_ONCE  3 /* records of one change: they stand together or not at all */
#define TMPFS_SIZE "size=900k"

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

/* What the writer says about itself; survives it. */
struct progress {
    _Atomic uint64_t n_confirmed;
};

/* Commits one change after the other: N_AT_ONCE audit entries and one key each. */
static void write_for_ever(struct progress *progress)
{
    struct zta_store *store;
    if (zta_store_open(fixture.dir, ZTA_STORE_OPERATOR, 0, &store, NULL) != ZTA_OK) {
        _exit(1);
    }
    for (;;) {
        struct zta_change *change;
        if (zta_change_begin(store, "kill me", &change, NULL) != ZTA_OK) {
            _exit(2);
        }
        struct zta_key key = {.name = ZTA_TEXT("same")};
        zta_key_id_generate(key.id);
        key.revoked_s = 1;
        bool is_good = zta_key_put(change, &key) == ZTA_OK;
        for (int i = 0; i < N_AT_ONCE && is_good; i++) {
            struct zta_audit_entry entry = {.action = ZTA_TEXT("write")};
            is_good = zta_audit_append(change, &entry) == ZTA_OK;
        }
        if (!is_good || zta_change_commit(&change, NULL) != ZTA_OK) {
            _exit(3);
        }
        atomic_fetch_add(&progress->n_confirmed, 1);
    }
}

static void kill_a_writer(struct progress *progress)
{
    uint64_t before = atomic_load(&progress->n_confirmed);
    pid_t pid = fork();
    if (pid == 0) {
        write_for_ever(progress);
    }
    /* At least one commit, then any moment of the next ones. */
    while (atomic_load(&progress->n_confirmed) == before && waitpid(pid, NULL, WNOHANG) == 0) {
        (void)usleep(100);
    }
    uint16_t wait_us;
    zta_random_bytes(&wait_us, sizeof(wait_us));
    (void)usleep(wait_us % 3000);
    assert_int_equal(kill(pid, SIGKILL), 0);
    int how;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFSIGNALED(how));
}

static void killed_writers_lose_nothing_that_was_confirmed(void **state)
{
    (void)state;
    struct progress *progress =
        mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(progress != MAP_FAILED);
    /* One process stays, as httpd's children do: the lock file is never started anew. */
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    uint64_t n_changes = 0;
    for (int i = 0; i < N_KILLS; i++) {
        kill_a_writer(progress);
        struct zta_change *change;
        struct zta_error error = {.text = ""};
        if (zta_change_begin(store, "after", &change, &error) != ZTA_OK) {
            fail_msg("after kill %d: %s", i, error.text);
        }
        zta_change_abort(&change);
        struct zta_view *view;
        struct zta_sha256 head;
        uint64_t n_entries;
        uint64_t n_keys;
        uint64_t bytes;
        assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
        assert_int_equal(zta_audit_verify(view, &n_entries, &head, &error), ZTA_OK);
        assert_int_equal(zta_view_table_size(view, ZTA_TABLE_KEYS, &n_keys, &bytes), ZTA_OK);
        zta_view_end(&view);
        /* Confirmed ones are there; of each kill at most one more came through unannounced. */
        uint64_t n_confirmed = atomic_load(&progress->n_confirmed);
        assert_int_equal(n_entries - 1, N_AT_ONCE * n_keys);
        assert_in_range(n_keys, n_confirmed, n_confirmed + (uint64_t)i + 1);
        assert_true(n_keys > n_changes);
        n_changes = n_keys;
    }
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_OK);
    print_message("%d kills, %llu changes, %llu confirmed\n", N_KILLS,
                  (unsigned long long)n_changes,
                  (unsigned long long)atomic_load(&progress->n_confirmed));
    zta_store_close(&store);
    assert_int_equal(munmap(progress, sizeof(*progress)), 0);
}

/* ---- disks ---- */

static enum zta_status append(struct zta_store *store, size_t size)
{
    static char text[60000];
    struct zta_change *change;
    struct zta_audit_entry entry = {.action = ZTA_TEXT("fill"),
                                    .after = {.data = text, .len = size}};
    enum zta_status status = zta_change_begin(store, "fill", &change, NULL);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_audit_append(change, &entry);
    enum zta_status ended = zta_change_commit(&change, NULL);
    return status != ZTA_OK ? status : ended;
}

static void a_full_disk_is_an_answer_and_the_store_stays_whole(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: needs root to mount a tmpfs\n");
        skip();
    }
    if (mount("tmpfs", fixture.base, "tmpfs", MS_NOSUID | MS_NODEV, TMPFS_SIZE) != 0) {
        print_message("skipped: no tmpfs can be mounted here (%s)\n", strerror(errno));
        skip();
    }
    struct zta_error error = {.text = ""};
    enum zta_status made = zta_store_init(fixture.dir, &fixture.owners, 0, &error);
    struct zta_store *store = NULL;
    enum zta_status opened = ZTA_IO;
    enum zta_status filled = ZTA_OK;
    enum zta_status checked = ZTA_IO;
    enum zta_status read = ZTA_IO;
    enum zta_status small = ZTA_IO;
    uint64_t n = 0;
    uint64_t n_appended = 0;
    if (made == ZTA_OK) {
        opened = zta_store_open(fixture.dir, ZTA_STORE_OPERATOR, 0, &store, &error);
    }
    if (opened == ZTA_OK) {
        while (filled == ZTA_OK) {
            filled = append(store, 20000);
            n_appended += filled == ZTA_OK;
        }
        struct zta_view *view;
        struct zta_sha256 head;
        read = zta_view_begin(store, &view);
        if (read == ZTA_OK) {
            read = zta_audit_verify(view, &n, &head, &error);
            zta_view_end(&view);
        }
        checked = zta_store_check(fixture.dir, true, &error);
        /* Room again (an operator removed something else): writing goes on. */
        if (mount("tmpfs", fixture.base, "tmpfs", MS_REMOUNT, "size=4m") == 0) {
            small = append(store, 10);
        }
        zta_store_close(&store);
    }
    assert_int_equal(umount(fixture.base), 0);
    assert_int_equal(made, ZTA_OK);
    assert_int_equal(opened, ZTA_OK);
    assert_int_equal(filled, ZTA_FULL);
    assert_int_equal(read, ZTA_OK);
    assert_int_equal(n, n_appended + 1);
    assert_int_equal(checked, ZTA_OK);
    assert_int_equal(small, ZTA_OK);
    assert_true(n_appended > 2);
}

static void an_init_without_room_leaves_no_store(void **state)
{
    (void)state;
    if (geteuid() != 0 || mount("tmpfs", fixture.base, "tmpfs", 0, "size=100k") != 0) {
        print_message("skipped: no tmpfs can be mounted here\n");
        skip();
    }
    struct zta_error error = {.text = ""};
    enum zta_status made = zta_store_init(fixture.dir, &fixture.owners, 0, &error);
    enum zta_status checked = zta_store_check(fixture.dir, false, NULL);
    struct stat found;
    int left = lstat(store_path(&fixture, "policy.init"), &found);
    assert_int_equal(umount(fixture.base), 0);
    assert_int_not_equal(made, ZTA_OK);
    assert_int_equal(checked, ZTA_NOT_FOUND);
    assert_int_equal(left, -1);
}

/* ---- altered bytes ---- */

static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 20];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "r+b");
    assert_non_null(in);
    assert_non_null(out);
    size_t n = fread(bytes, 1, sizeof(bytes), in);
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

static void alter(const char *path, unsigned n_bytes)
{
    struct stat found;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &found), 0);
    for (unsigned i = 0; i < n_bytes; i++) {
        uint32_t at;
        uint8_t byte;
        zta_random_bytes(&at, sizeof(at));
        zta_random_bytes(&byte, sizeof(byte));
        assert_int_equal(pwrite(fd, &byte, 1, at % found.st_size), 1);
    }
    assert_int_equal(close(fd), 0);
}

static void altered_bytes_are_found_and_never_crash_the_check(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(append(store, 200), ZTA_OK);
    }
    zta_store_close(&store);
    char saved[128];
    (void)snprintf(saved, sizeof(saved), "%s/saved", fixture.base);
    int fd = open(saved, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    const char *path = store_path(&fixture, "policy/data.mdb");
    copy_file(path, saved);
    unsigned n_found = 0;
    unsigned n_crashed = 0;
    for (unsigned i = 0; i < N_FLIPS; i++) {
        alter(path, i % 2 == 0 ? 400 : 8);
        struct zta_error error = {.text = ""};
        enum zta_status status = zta_store_check(fixture.dir, true, &error);
        if (status != ZTA_OK && status != ZTA_CORRUPT && status != ZTA_VERSION) {
            fail_msg("%s: %s", zta_status_text(status), error.text);
        }
        n_found += status != ZTA_OK;
        n_crashed += strstr(error.text, "crashed") != NULL;
        copy_file(saved, path);
    }
    print_message("%u of %d alterations found, %u of them by a contained crash\n", n_found, N_FLIPS,
                  n_crashed);
    assert_true(n_found > N_FLIPS / 2);
    assert_int_equal(zta_store_check(fixture.dir, true, NULL), ZTA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_writers_lose_nothing_that_was_confirmed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_is_an_answer_and_the_store_stays_whole, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_init_without_room_leaves_no_store, setup, teardown),
        cmocka_unit_test_setup_teardown(altered_bytes_are_found_and_never_crash_the_check, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
