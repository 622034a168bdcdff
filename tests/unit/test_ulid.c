/* SPDX-License-Identifier: Apache-2.0 */
/* ULIDs and the random bytes in them. */
#include "shared/base/ulid.h"

#include "shared/base/random.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void text_is_crockford_base32(void **state)
{
    static const struct {
        uint8_t bytes[ZTA_ULID_SIZE];
        const char *text;
    } cases[] = {
        {.bytes = {0}, .text = "00000000000000000000000000"},
        {.bytes = {[15] = 31}, .text = "0000000000000000000000000Z"},
        {.bytes = {[15] = 32}, .text = "00000000000000000000000010"},
        /* 0x80... is bit 127, the lowest but two of the 130 that the digits hold. */
        {.bytes = {[0] = 0x80}, .text = "40000000000000000000000000"},
        {.bytes = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                   0xff, 0xff, 0xff},
         .text = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"},
        {.bytes = {0x01, 0x56, 0x3e, 0x3a, 0xb5, 0xd3, 0xd6, 0x76, 0x4c, 0x61, 0xef, 0xb9, 0x93,
                   0x02, 0xbd, 0x5b},
         .text = "01ARZ3NDEKTSV4RRFFQ69G5FAV"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct zta_ulid ulid;
        struct zta_ulid back;
        char text[ZTA_ULID_TEXT_LEN + 1];
        memcpy(ulid.bytes, cases[i].bytes, sizeof(ulid.bytes));
        zta_ulid_print(&ulid, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(zta_ulid_parse(zta_text_of(text), &back), ZTA_OK);
        assert_memory_equal(&back, &ulid, sizeof(ulid));
    }
}

static void either_case_is_read(void **state)
{
    struct zta_ulid upper;
    struct zta_ulid lower;
    assert_int_equal(zta_ulid_parse(ZTA_TEXT("01ARZ3NDEKTSV4RRFFQ69G5FAV"), &upper), ZTA_OK);
    assert_int_equal(zta_ulid_parse(ZTA_TEXT("01arz3ndektsv4rrffq69g5fav"), &lower), ZTA_OK);
    assert_memory_equal(&upper, &lower, sizeof(upper));
    assert_true(zta_ulid_time_ms(&upper) == INT64_C(1469922850259));
}

static void other_text_is_refused(void **state)
{
    static const struct zta_text cases[] = {
        {.data = NULL},
        ZTA_TEXT(""),
        ZTA_TEXT("01ARZ3NDEKTSV4RRFFQ69G5FA"),
        ZTA_TEXT("01ARZ3NDEKTSV4RRFFQ69G5FAVX"),
        ZTA_TEXT("81ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ZTA_TEXT("Z1ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ZTA_TEXT("01ARZ3NDEKTSV4RRFFQ69G5FAI"),
        ZTA_TEXT("01ARZ3NDEKTSV4RRFFQ69G5FAL"),
        ZTA_TEXT("01ARZ3NDEKTSV4RRFFQ69G5FAO"),
        ZTA_TEXT("01ARZ3NDEKTSV4RRFFQ69G5FAu"),
        ZTA_TEXT("01ARZ3NDEKTSV4RRFFQ69G5F-V"),
        ZTA_TEXT("01ARZ3NDEKTSV4RRFFQ69G5FA\0"),
        ZTA_TEXT("\xb0"
                 "1ARZ3NDEKTSV4RRFFQ69G5FAV"),
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct zta_ulid ulid;
        memset(&ulid, 0x77, sizeof(ulid));
        if (zta_ulid_parse(cases[i], &ulid) != ZTA_INVALID || ulid.bytes[0] != 0x77) {
            fail_msg("%.*s", (int)cases[i].len, cases[i].data);
        }
    }
}

static void ulids_sort_by_time(void **state)
{
    static const int64_t times_ns[] = {INT64_MIN,           0,        999999, 1000000,
                                       1800000000000000000, INT64_MAX};
    static const int64_t times_ms[] = {0, 0, 0, 1, 1800000000000, INT64_MAX / 1000000};
    struct zta_ulid last = {.bytes = {0}};
    for (size_t i = 0; i < COUNT(times_ns); i++) {
        struct zta_ulid ulid;
        zta_ulid_make(times_ns[i], &ulid);
        assert_true(zta_ulid_time_ms(&ulid) == times_ms[i]);
        if (i > 2) {
            assert_true(memcmp(&ulid, &last, sizeof(ulid)) > 0);
        }
        last = ulid;
    }
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct zta_ulid));
}

static void expect_all_different(struct zta_ulid *ulids, size_t n)
{
    qsort(ulids, n, sizeof(*ulids), compare);
    for (size_t i = 1; i < n; i++) {
        assert_memory_not_equal(&ulids[i - 1], &ulids[i], sizeof(*ulids));
    }
}

enum {
    N_THREADS = 4,
    N_EACH = 20000
};

/* All threads draw at the same time. */
static pthread_barrier_t barrier;

static void *make_many(void *data)
{
    struct zta_ulid *ulids = data;
    (void)pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < N_EACH; i++) {
        zta_ulid_make(0, &ulids[i]);
    }
    return NULL;
}

static void threads_share_no_random_bytes(void **state)
{
    static struct zta_ulid ulids[N_THREADS * N_EACH];
    pthread_t threads[N_THREADS];
    assert_int_equal(pthread_barrier_init(&barrier, NULL, N_THREADS), 0);
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, make_many, ulids + i * N_EACH), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(pthread_barrier_destroy(&barrier), 0);
    expect_all_different(ulids, COUNT(ulids));
}

static void child_gets_other_bytes_than_its_parent(void **state)
{
    struct zta_ulid ulids[3];
    zta_ulid_make(0, &ulids[0]); /* the buffer that a child would inherit */
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    for (size_t i = 1; i < COUNT(ulids); i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct zta_ulid made;
            zta_ulid_make(0, &made);
            _exit(write(ends[1], &made, sizeof(made)) == sizeof(made) ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(read(ends[0], &ulids[i], sizeof(ulids[i])), sizeof(ulids[i]));
    }
    zta_ulid_make(0, &ulids[0]);
    expect_all_different(ulids, COUNT(ulids));
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void random_bytes_fill_every_size(void **state)
{
    /* 64 bits that stay zero in 20 draws would be one chance in 2^1280. */
    enum {
        LARGEST = 2048,
        DRAWS = 20
    };
    static void (*const sources[])(void *, size_t) = {zta_random_bytes, zta_random_fast};
    static const size_t sizes[] = {8, 511, 512, 513, LARGEST};
    for (size_t i = 0; i < COUNT(sources); i++) {
        for (size_t j = 0; j < COUNT(sizes); j++) {
            uint8_t seen[LARGEST + 1] = {0};
            for (int draw = 0; draw < DRAWS; draw++) {
                uint8_t bytes[LARGEST + 1] = {0};
                sources[i](bytes, sizes[j]);
                for (size_t k = 0; k < sizeof(bytes); k++) {
                    seen[k] |= bytes[k];
                }
            }
            assert_memory_not_equal(seen, "\0\0\0\0\0\0\0\0", 8);
            assert_memory_not_equal(seen + sizes[j] - 8, "\0\0\0\0\0\0\0\0", 8);
            assert_int_equal(seen[sizes[j]], 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_crockford_base32),
        cmocka_unit_test(either_case_is_read),
        cmocka_unit_test(other_text_is_refused),
        cmocka_unit_test(ulids_sort_by_time),
        cmocka_unit_test(threads_share_no_random_bytes),
        cmocka_unit_test(child_gets_other_bytes_than_its_parent),
        cmocka_unit_test(random_bytes_fill_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
