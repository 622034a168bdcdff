/* SPDX-License-Identifier: Apache-2.0 */
/* shared/context/copies.c and reader.c: files replaced, cut and spoilt under their readers. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/context/copies.h"
#include "shared/context/reader.h"

#define SEEDS    "tests/fuzz/corpus/geo/"
#define SEED_MAX 4096

static struct zta_geo_copies copies;
static char path[64];

static size_t read_seed(const char *name, char *bytes)
{
    char seed[128];
    (void)snprintf(seed, sizeof seed, SEEDS "%s", name);
    FILE *file = fopen(seed, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, SEED_MAX, file);
    (void)fclose(file);
    return size;
}

/* As `cp` does: into the file that is there. */
static void copy_over(const char *name)
{
    char bytes[SEED_MAX];
    size_t size = read_seed(name, bytes);
    int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    (void)close(fd);
}

static int set_up(void **state)
{
    struct zta_error error;
    (void)snprintf(path, sizeof path, "/tmp/zta-copies-%d.mmdb", (int)getpid());
    copy_over("country-28.mmdb");
    return zta_geo_copies_open(&copies, ZTA_GEO_COUNTRY, &error) == ZTA_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    zta_geo_copies_close(&copies);
    return unlink(path);
}

static enum zta_status take(const char *name, struct zta_error *error)
{
    copy_over(name);
    return zta_geo_copies_take(&copies, ZTA_GEO_COUNTRY, path, error);
}

static void must_take(const char *name)
{
    struct zta_error error = {.text = ""};
    if (take(name, &error) != ZTA_OK) {
        fail_msg("%s: %s", name, error.text);
    }
}

static struct zta_geo_reader *open_reader(void)
{
    struct zta_geo_reader *reader = NULL;
    assert_int_equal(zta_geo_reader_open(&copies, ZTA_GEO_COUNTRY, &reader), ZTA_OK);
    return reader;
}

static const char *found(struct zta_geo_reader *reader, const char *text)
{
    static struct zta_geo_fact fact;
    struct zta_addr addr;
    struct zta_geo_found one;
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_addr_parse(zta_text_of(text), &addr), ZTA_OK);
    if (zta_geo_reader_find(reader, &addr, &one, &error) != ZTA_OK) {
        fail_msg("%s", error.text);
    }
    fact = one.fact;
    return fact.country;
}

static void before_a_file_was_taken_nothing_is_known(void **state)
{
    struct zta_geo_reader *reader = open_reader();
    assert_int_equal(zta_geo_reader_copy(reader), 0);
    assert_string_equal(found(reader, "192.0.2.1"), "");
    zta_geo_reader_close(&reader);
}

/* Of two first questions at once one would open it, and the other find nothing. */
static void a_reader_has_its_copy_before_the_first_question(void **state)
{
    must_take("country-28.mmdb");
    struct zta_geo_reader *reader = open_reader();
    for (size_t i = 0; i < ZTA_GEO_COPIES_MAX; i++) {
        assert_int_equal(close(copies.fds[ZTA_GEO_COUNTRY][i]), 0);
    }
    copies.is_open[ZTA_GEO_COUNTRY] = false;
    assert_string_equal(found(reader, "192.0.2.1"), "CH");
    zta_geo_reader_close(&reader);
}

static void a_new_copy_is_found_by_the_next_question(void **state)
{
    struct zta_geo_reader *reader = open_reader();
    must_take("country-28.mmdb");
    uint64_t first = zta_geo_reader_copy(reader);
    assert_string_equal(found(reader, "198.51.100.1"), "DE");
    must_take("flat.mmdb");
    assert_int_not_equal(zta_geo_reader_copy(reader), first);
    assert_string_equal(found(reader, "198.51.100.1"), "");
    assert_string_equal(found(reader, "192.0.2.1"), "CH");
    zta_geo_reader_close(&reader);
}

static void a_file_cut_or_written_over_in_place_harms_nobody(void **state)
{
    struct zta_geo_reader *reader = open_reader();
    must_take("country-28.mmdb");
    assert_string_equal(found(reader, "192.0.2.1"), "CH");
    assert_int_equal(truncate(path, 0), 0);
    assert_string_equal(found(reader, "198.51.100.1"), "DE");
    copy_over("flat.mmdb");
    assert_string_equal(found(reader, "198.51.100.1"), "DE");
    assert_int_equal(unlink(path), 0);
    assert_string_equal(found(reader, "2001:db8::1"), "AT");
    copy_over("flat.mmdb");
    zta_geo_reader_close(&reader);
}

static void a_bad_file_leaves_the_last_good_copy(void **state)
{
    static const char *const bad[] = {"no-marker.mmdb", "version-3.mmdb", "tree-zeros.mmdb",
                                      "asn-28.mmdb", "pointer-lost.mmdb"};
    struct zta_geo_reader *reader = open_reader();
    must_take("country-28.mmdb");
    uint64_t copy = zta_geo_reader_copy(reader);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct zta_error error = {.text = ""};
        assert_int_not_equal(take(bad[i], &error), ZTA_OK);
        assert_true(error.text[0] != '\0');
        assert_int_equal(zta_geo_reader_copy(reader), copy);
        assert_string_equal(found(reader, "192.0.2.1"), "CH");
    }
    zta_geo_reader_close(&reader);
}

static void what_is_no_file_is_refused(void **state)
{
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_geo_file_check("/nowhere/at/all", ZTA_GEO_COUNTRY, &error), ZTA_IO);
    assert_non_null(strstr(error.text, "No such file"));
    assert_int_equal(zta_geo_file_check("/tmp", ZTA_GEO_COUNTRY, &error), ZTA_INVALID);
    assert_non_null(strstr(error.text, "expected a regular file"));
    assert_int_equal(zta_geo_file_check("/dev/null", ZTA_GEO_COUNTRY, &error), ZTA_INVALID);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(zta_geo_file_check(path, ZTA_GEO_COUNTRY, &error), ZTA_INVALID);
    copy_over("country-24.mmdb");
    assert_int_equal(zta_geo_file_check(path, ZTA_GEO_COUNTRY, &error), ZTA_OK);
}

static size_t n_filled(void)
{
    size_t n = 0;
    for (size_t i = 0; i < ZTA_GEO_COPIES_MAX; i++) {
        struct stat info;
        assert_int_equal(fstat(copies.fds[ZTA_GEO_COUNTRY][i], &info), 0);
        n += info.st_size > 0;
    }
    return n;
}

static void copies_are_kept_for_who_reads_them_and_freed_behind_the_last(void **state)
{
    struct zta_geo_reader *readers[ZTA_GEO_COPIES_MAX] = {NULL};
    struct zta_error error = {.text = ""};
    for (size_t i = 0; i < ZTA_GEO_COPIES_MAX; i++) {
        must_take(i % 2 == 0 ? "country-28.mmdb" : "flat.mmdb");
        readers[i] = open_reader();
        assert_string_equal(found(readers[i], "198.51.100.1"), i % 2 == 0 ? "DE" : "");
        zta_geo_copies_sweep(&copies, ZTA_GEO_COUNTRY);
    }
    assert_int_equal(n_filled(), ZTA_GEO_COPIES_MAX);
    assert_int_equal(take("country-28.mmdb", &error), ZTA_FULL);
    assert_non_null(strstr(error.text, "all 8 former copies"));
    /* One of them has a question, so that its copy is free. */
    assert_string_equal(found(readers[3], "192.0.2.1"), "CH");
    must_take("country-28.mmdb");
    for (size_t i = 0; i < ZTA_GEO_COPIES_MAX; i++) {
        zta_geo_reader_close(&readers[i]);
    }
    zta_geo_copies_sweep(&copies, ZTA_GEO_COUNTRY);
    assert_int_equal(n_filled(), 1);
}

/* In a child: opens the current copy and is killed with it. */
static void read_until_killed(int ready)
{
    struct zta_geo_reader *reader = open_reader();
    if (strcmp(found(reader, "192.0.2.1"), "CH") == 0) {
        (void)!write(ready, "", 1);
    }
    (void)pause();
}

static void a_killed_process_keeps_no_copy(void **state)
{
    int fds[2];
    char byte;
    must_take("country-28.mmdb");
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        read_until_killed(fds[1]);
        _exit(1);
    }
    assert_int_equal(read(fds[0], &byte, 1), 1);
    must_take("flat.mmdb");
    zta_geo_copies_sweep(&copies, ZTA_GEO_COUNTRY);
    assert_int_equal(n_filled(), 2);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    zta_geo_copies_sweep(&copies, ZTA_GEO_COUNTRY);
    assert_int_equal(n_filled(), 1);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static atomic_bool is_over;

/* Every answer is that of one of the two files, whole. */
static void *ask(void *data)
{
    struct zta_geo_reader *reader = data;
    struct zta_addr addrs[2];
    uintptr_t n_wrong = 0;
    n_wrong += zta_addr_parse(ZTA_TEXT("192.0.2.1"), &addrs[0]) != ZTA_OK;
    n_wrong += zta_addr_parse(ZTA_TEXT("198.51.100.1"), &addrs[1]) != ZTA_OK;
    while (!atomic_load(&is_over)) {
        struct zta_geo_found one;
        struct zta_error error;
        n_wrong += zta_geo_reader_find(reader, &addrs[0], &one, &error) != ZTA_OK ||
                   strcmp(one.fact.country, "CH") != 0;
        n_wrong += zta_geo_reader_find(reader, &addrs[1], &one, &error) != ZTA_OK ||
                   (strcmp(one.fact.country, "DE") != 0 && one.fact.country[0] != '\0');
    }
    return (void *)n_wrong;
}

static void threads_go_on_while_copies_are_replaced(void **state)
{
    enum {
        N_THREADS = 4,
        N_TAKES = 200
    };
    pthread_t threads[N_THREADS];
    must_take("country-28.mmdb");
    struct zta_geo_reader *reader = open_reader();
    atomic_store(&is_over, false);
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask, reader), 0);
    }
    for (int i = 0; i < N_TAKES; i++) {
        must_take(i % 2 == 0 ? "flat.mmdb" : "country-24.mmdb");
        zta_geo_copies_sweep(&copies, ZTA_GEO_COUNTRY);
    }
    atomic_store(&is_over, true);
    for (size_t i = 0; i < N_THREADS; i++) {
        void *n_wrong;
        assert_int_equal(pthread_join(threads[i], &n_wrong), 0);
        assert_null(n_wrong);
    }
    zta_geo_reader_close(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(before_a_file_was_taken_nothing_is_known, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_reader_has_its_copy_before_the_first_question, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_new_copy_is_found_by_the_next_question, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_cut_or_written_over_in_place_harms_nobody, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_bad_file_leaves_the_last_good_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            copies_are_kept_for_who_reads_them_and_freed_behind_the_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_killed_process_keeps_no_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(threads_go_on_while_copies_are_replaced, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
