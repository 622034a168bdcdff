/* SPDX-License-Identifier: Apache-2.0 */
/* The store's files: making, opening, checking, health. */
#include "shared/store/env.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/bytes.h"
#include "shared/store/env_priv.h"
#include "tests/unit/store_fixture.h"

static struct store_fixture fixture;

static int setup(void **state)
{
    (void)state;
    store_fixture_make(&fixture);
    return 0;
}

static int setup_empty(void **state)
{
    (void)state;
    store_fixture_make_empty(&fixture);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_fixture_remove(&fixture);
    return 0;
}

static enum zta_status try_open(struct zta_error *error)
{
    struct zta_store *store = NULL;
    enum zta_status status = zta_store_open(fixture.dir, ZTA_STORE_OPERATOR, 0, &store, error);
    zta_store_close(&store);
    return status;
}

/* ---- making ---- */

static const struct {
    const char *name;
    mode_t mode;
} layout[] = {
    {.name = "", .mode = S_IFDIR | 0750},
    {.name = "policy", .mode = S_IFDIR | 0750},
    {.name = "policy/data.mdb", .mode = S_IFREG | 0640},
    {.name = "policy/lock.mdb", .mode = S_IFREG | 0660},
    {.name = "policy/writer.lock", .mode = S_IFREG | 0600},
    {.name = "state", .mode = S_IFDIR | 0750},
    {.name = "state/data.mdb", .mode = S_IFREG | 0640},
    {.name = "state/lock.mdb", .mode = S_IFREG | 0660},
    {.name = "state/writer.lock", .mode = S_IFREG | 0600},
};

static void init_sets_modes_whatever_the_umask(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 022, 077, 0777};
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        mode_t former = umask(masks[i]);
        enum zta_status status = zta_store_init(fixture.dir, &fixture.owners, 0, NULL);
        (void)umask(former);
        assert_int_equal(status, ZTA_OK);
        for (size_t k = 0; k < sizeof(layout) / sizeof(layout[0]); k++) {
            struct stat found;
            assert_int_equal(lstat(store_path(&fixture, layout[k].name), &found), 0);
            assert_int_equal(found.st_mode, layout[k].mode);
        }
        assert_int_equal(zta_store_check(fixture.dir, true, NULL), ZTA_OK);
        store_fixture_remove(&fixture);
        store_fixture_make_empty(&fixture);
    }
}

static void init_refuses_what_is_there(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    assert_int_equal(mkdir(fixture.dir, 0755), 0);
    assert_int_equal(mkdir(store_path(&fixture, "mine"), 0755), 0);
    assert_int_equal(zta_store_init(fixture.dir, &fixture.owners, 0, &error), ZTA_EXISTS);
    assert_non_null(strstr(error.text, "mine"));
    struct stat found;
    assert_int_equal(stat(fixture.dir, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0755);
    assert_int_equal(rmdir(store_path(&fixture, "mine")), 0);
    /* What an init that was killed left behind is no obstacle. */
    assert_int_equal(mkdir(store_path(&fixture, "policy.init"), 0700), 0);
    assert_int_equal(zta_store_init(fixture.dir, &fixture.owners, 0, &error), ZTA_OK);
    assert_int_equal(zta_store_init(fixture.dir, &fixture.owners, 0, &error), ZTA_EXISTS);
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_OK);
}

static void init_follows_no_symbolic_link(void **state)
{
    (void)state;
    char target[128];
    (void)snprintf(target, sizeof(target), "%s/elsewhere", fixture.base);
    assert_int_equal(mkdir(target, 0755), 0);
    assert_int_equal(symlink(target, fixture.dir), 0);
    assert_int_equal(zta_store_init(fixture.dir, &fixture.owners, 0, NULL), ZTA_FORBIDDEN);
    assert_int_equal(rmdir(target), 0); /* still empty */
}

/* ---- opening ---- */

static void damage(const char *name, off_t at, const void *bytes, size_t size)
{
    int fd = open(store_path(&fixture, name), O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, at), size);
    assert_int_equal(close(fd), 0);
}

static void move_away(const char *name)
{
    char moved[200];
    (void)snprintf(moved, sizeof(moved), "%s/away", fixture.base);
    assert_int_equal(rename(store_path(&fixture, name), moved), 0);
}

static void link_to_itself(const char *name)
{
    char moved[200];
    (void)snprintf(moved, sizeof(moved), "%s/away", fixture.base);
    move_away(name);
    assert_int_equal(symlink(moved, store_path(&fixture, name)), 0);
}

static void cut(const char *name)
{
    assert_int_equal(truncate(store_path(&fixture, name), 8192), 0);
}

static void empty(const char *name)
{
    assert_int_equal(truncate(store_path(&fixture, name), 0), 0);
}

static void scramble_magic(const char *name)
{
    damage(name, 16, "abcd", 4);
}

static void raise_lmdb_format(const char *name)
{
    damage(name, 20, "\x09", 1);
}

static void open_to_all(const char *name)
{
    assert_int_equal(chmod(store_path(&fixture, name), 0666), 0);
}

static void add_hard_link(const char *name)
{
    char second[200];
    (void)snprintf(second, sizeof(second), "%s/second", fixture.base);
    assert_int_equal(link(store_path(&fixture, name), second), 0);
}

static void open_and_check_refuse_a_store_that_is_not_whole(void **state)
{
    (void)state;
    static const struct {
        void (*harm)(const char *name);
        const char *name;
        enum zta_status status;
        const char *says;
    } cases[] = {
        {move_away, "", ZTA_NOT_FOUND, "ztactl store init"},
        {move_away, "policy", ZTA_NOT_FOUND, "ztactl store init"},
        {move_away, "policy/data.mdb", ZTA_CORRUPT, "restore"},
        {move_away, "state/data.mdb", ZTA_CORRUPT, "restore"},
        {move_away, "state/lock.mdb", ZTA_CORRUPT, "lock.mdb is missing"},
        {link_to_itself, "", ZTA_FORBIDDEN, "symbolic link"},
        {link_to_itself, "policy", ZTA_FORBIDDEN, "symbolic link"},
        {link_to_itself, "policy/data.mdb", ZTA_FORBIDDEN, "plain file"},
        {link_to_itself, "state/lock.mdb", ZTA_FORBIDDEN, "plain file"},
        {cut, "policy/data.mdb", ZTA_CORRUPT, "cut off"},
        {empty, "policy/data.mdb", ZTA_CORRUPT, "empty"},
        {empty, "state/data.mdb", ZTA_CORRUPT, "empty"},
        {scramble_magic, "policy/data.mdb", ZTA_CORRUPT, "LMDB"},
        {raise_lmdb_format, "policy/data.mdb", ZTA_VERSION, "format"},
        {open_to_all, "policy/data.mdb", ZTA_FORBIDDEN, "mode"},
        {open_to_all, "state/writer.lock", ZTA_FORBIDDEN, "mode"},
        {add_hard_link, "policy/data.mdb", ZTA_FORBIDDEN, "hard link"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zta_error error = {.text = ""};
        cases[i].harm(cases[i].name);
        if (try_open(&error) != cases[i].status || strstr(error.text, cases[i].says) == NULL) {
            fail_msg("case %zu: %s", i, error.text);
        }
        assert_int_equal(zta_store_check(fixture.dir, false, &error), cases[i].status);
        assert_non_null(strstr(error.text, cases[i].says));
        store_fixture_remove(&fixture);
        store_fixture_make(&fixture);
    }
}

static void put_version(uint32_t format)
{
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    struct zta_change *change = store_begin(store, "version");
    struct zta_blob key = ZTA_BLOB(ZTA_VERSION_KEY, strlen(ZTA_VERSION_KEY));
    struct zta_blob found;
    uint8_t record[ZTA_VERSION_SIZE];
    assert_int_equal(zta_change_get(change, ZTA_TABLE_POLICY_META, key, &found), ZTA_OK);
    memcpy(record, found.data, sizeof(record));
    zta_put_u32(record + ZTA_VERSION_AT_FORMAT, format);
    assert_int_equal(
        zta_change_put(change, ZTA_TABLE_POLICY_META, key, ZTA_BLOB(record, sizeof(record))),
        ZTA_OK);
    assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
    zta_store_close(&store);
}

static void another_format_version_is_refused_with_what_to_do(void **state)
{
    (void)state;
    static const struct {
        uint32_t format;
        const char *says;
    } cases[] = {{.format = ZTA_STORE_VERSION + 1, .says = "newer"},
                 {.format = 0, .says = "restore a backup"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_version(cases[i].format);
        struct zta_error error = {.text = ""};
        assert_int_equal(try_open(&error), ZTA_VERSION);
        assert_non_null(strstr(error.text, cases[i].says));
        assert_int_equal(zta_store_check(fixture.dir, false, NULL), ZTA_VERSION);
        store_fixture_remove(&fixture);
        store_fixture_make(&fixture);
    }
}

static void policy_and_state_of_two_stores_do_not_go_together(void **state)
{
    (void)state;
    struct store_fixture other;
    store_fixture_make(&other);
    assert_int_equal(unlink(store_path(&fixture, "state/data.mdb")), 0);
    assert_int_equal(
        rename(store_path(&other, "state/data.mdb"), store_path(&fixture, "state/data.mdb")), 0);
    struct zta_error error = {.text = ""};
    assert_int_equal(try_open(&error), ZTA_CORRUPT);
    assert_int_equal(zta_store_check(fixture.dir, false, &error), ZTA_CORRUPT);
    assert_non_null(strstr(error.text, "two stores"));
    store_fixture_remove(&other);
}

static void a_deep_check_reads_every_record(void **state)
{
    (void)state;
    struct zta_blob blob = ZTA_BLOB("strange", 7);
    for (enum zta_table table = 0; table < ZTA_N_TABLES; table++) {
        if (table == ZTA_TABLE_POLICY_META || table == ZTA_TABLE_STATE_META) {
            continue; /* read by name */
        }
        bool is_policy = zta_table_env(table) == ZTA_ENV_POLICY;
        struct zta_store *store =
            store_fixture_open(&fixture, is_policy ? ZTA_STORE_OPERATOR : ZTA_STORE_HELPER);
        struct zta_change *change = store_begin(store, "strange");
        assert_int_equal(zta_change_put(change, table, blob, blob), ZTA_OK);
        assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
        zta_store_close(&store);
        struct zta_error error = {.text = ""};
        assert_int_equal(zta_store_check(fixture.dir, false, &error), ZTA_OK);
        assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_CORRUPT);
        assert_non_null(strstr(error.text, zta_table_name(table)));
        store_fixture_remove(&fixture);
        store_fixture_make(&fixture);
    }
}

/* A count of zero lets every request skip the look-up, so a wrong one hides records. */
static void a_deep_check_compares_counts_with_tables(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) {
        struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
        struct zta_change *change = store_begin(store, "miscount");
        struct zta_head *head = zta_change_head(change);
        if (which < 2) {
            *(which == 0 ? &head->n_revocations[2] : &head->n_blocks[1]) += 1;
        }
        else {
            struct zta_blob name = ZTA_BLOB("of no key", 9); /* and a name that leads nowhere */
            assert_int_equal(
                zta_change_put(change, ZTA_TABLE_KEY_NAMES, name, ZTA_BLOB("aaaaaaaaaaaa", 12)),
                ZTA_OK);
        }
        assert_int_equal(zta_change_commit(&change, NULL), ZTA_OK);
        zta_store_close(&store);
        struct zta_error error = {.text = ""};
        assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_CORRUPT);
        assert_non_null(strstr(error.text, "differ from the"));
        store_fixture_remove(&fixture);
        store_fixture_make(&fixture);
    }
}

/* ---- health ---- */

/* The same bytes in another file, as a careless cp and mv leave it. */
static void replace(const char *name)
{
    static char bytes[1 << 20];
    const char *path = store_path(&fixture, name);
    int from = open(path, O_RDONLY);
    assert_true(from >= 0);
    ssize_t n = read(from, bytes, sizeof(bytes));
    assert_in_range(n, 1, sizeof(bytes) - 1);
    move_away(name);
    int to = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(to >= 0);
    assert_int_equal(write(to, bytes, (size_t)n), n);
    assert_int_equal(close(to), 0);
    assert_int_equal(close(from), 0);
}

static void health_notices_what_happened_to_the_files(void **state)
{
    (void)state;
    static const struct {
        void (*harm)(const char *name);
        const char *name;
        const char *says;
    } cases[] = {
        {move_away, "", "No such file"},
        {move_away, "state", "No such file"},
        {move_away, "policy/data.mdb", "No such file"},
        {move_away, "state/lock.mdb", "No such file"},
        {replace, "policy/data.mdb", "was replaced"},
        {replace, "state/data.mdb", "was replaced"},
        {replace, "policy/lock.mdb", "was replaced"},
        {cut, "policy/data.mdb", "was cut"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_READER);
        struct zta_error error = {.text = ""};
        assert_int_equal(zta_store_health(store, &error), ZTA_OK);
        cases[i].harm(cases[i].name);
        assert_int_equal(zta_store_health(store, &error), ZTA_IO);
        if (strstr(error.text, cases[i].says) == NULL) {
            fail_msg("case %zu: %s", i, error.text);
        }
        zta_store_close(&store);
        store_fixture_remove(&fixture);
        store_fixture_make(&fixture);
    }
}

static void a_store_of_one_user_is_not_separated(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_READER);
    assert_false(zta_store_is_separated(store));
    assert_string_equal(zta_store_dir(store), fixture.dir);
    zta_store_close(&store);
    assert_null(store);
    zta_store_close(&store);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define WITHOUT(test)    cmocka_unit_test_setup_teardown(test, setup_empty, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITHOUT(init_sets_modes_whatever_the_umask),
        WITHOUT(init_refuses_what_is_there),
        WITHOUT(init_follows_no_symbolic_link),
        WITH_STORE(open_and_check_refuse_a_store_that_is_not_whole),
        WITH_STORE(another_format_version_is_refused_with_what_to_do),
        WITH_STORE(policy_and_state_of_two_stores_do_not_go_together),
        WITH_STORE(a_deep_check_reads_every_record),
        WITH_STORE(a_deep_check_compares_counts_with_tables),
        WITH_STORE(health_notices_what_happened_to_the_files),
        WITH_STORE(a_store_of_one_user_is_not_separated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
