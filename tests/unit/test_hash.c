/* SPDX-License-Identifier: Apache-2.0 */
/* Digests against published vectors. */
#include "shared/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void expect_digest(const struct zta_sha256 *digest, const char *wanted)
{
    char text[2 * ZTA_SHA256_SIZE + 1];
    zta_hex_encode(digest->bytes, sizeof(digest->bytes), text);
    assert_string_equal(text, wanted);
}

static void sha256_gives_the_vectors_of_fips_180(void **state)
{
    struct zta_sha256 digest;
    zta_sha256("abc", 3, &digest);
    expect_digest(&digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    zta_sha256(NULL, 0, &digest);
    expect_digest(&digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const struct zta_text two_blocks =
        ZTA_TEXT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    zta_sha256(two_blocks.data, two_blocks.len, &digest);
    expect_digest(&digest, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void parts_are_hashed_behind_their_lengths(void **state)
{
    static const uint8_t flat[] = {0, 0, 0, 2, 'a', 'b', 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
    const struct zta_text parts[] = {ZTA_TEXT("ab"), ZTA_TEXT(""), {.data = NULL}};
    struct zta_sha256 wanted;
    struct zta_sha256 digest;
    zta_sha256(flat, sizeof(flat), &wanted);
    zta_sha256_parts(parts, COUNT(parts), &digest);
    assert_memory_equal(&digest, &wanted, sizeof(digest));
    zta_sha256(NULL, 0, &wanted);
    zta_sha256_parts(NULL, 0, &digest);
    assert_memory_equal(&digest, &wanted, sizeof(digest));
}

static void lists_of_parts_do_not_collide(void **state)
{
    static const struct {
        struct zta_text parts[2];
        size_t n;
    } lists[] = {
        {.parts = {ZTA_TEXT("ab"), ZTA_TEXT("c")}, .n = 2},
        {.parts = {ZTA_TEXT("a"), ZTA_TEXT("bc")}, .n = 2},
        {.parts = {ZTA_TEXT("abc"), ZTA_TEXT("")}, .n = 2},
        {.parts = {ZTA_TEXT("abc"), {.data = NULL}}, .n = 2},
        {.parts = {ZTA_TEXT("abc")}, .n = 1},
        {.parts = {ZTA_TEXT("")}, .n = 1},
        {.parts = {{.data = NULL}}, .n = 1},
        {.parts = {{.data = NULL}}, .n = 0},
    };
    struct zta_sha256 digests[COUNT(lists)];
    for (size_t i = 0; i < COUNT(lists); i++) {
        zta_sha256_parts(lists[i].parts, lists[i].n, &digests[i]);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(&digests[i], &digests[j], sizeof(digests[i]));
        }
    }
}

static void siphash_gives_its_reference_vectors(void **state)
{
    /* Key 00 01 .. 0f, input 00 01 .. of each length from 0; the digest's bytes in their order. */
    static const char *const vectors[] = {
        "310e0edd47db6f72", "fd67dc93c539f874", "5a4fa9d909806c0d", "2d7efbd796666785",
        "b7877127e09427cf", "8da699cd64557618", "cee3fe586e46c9cb", "37d1018bf50002ab",
        "6224939a79f5f593", "b0e4a90bdf82009e", "f3b9dd94c5bb5d7a", "a7ad6b22462fb3f4",
        "fbe50e86bc8f1e75", "903d84c02756ea14", "eef27a8e90ca23f7", "e545be4961ca29a1",
    };
    static const struct zta_siphash_key key = {
        .k0 = UINT64_C(0x0706050403020100),
        .k1 = UINT64_C(0x0f0e0d0c0b0a0908),
    };
    uint8_t input[64];
    for (size_t i = 0; i < sizeof(input); i++) {
        input[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < COUNT(vectors); i++) {
        uint8_t wanted[8];
        assert_int_equal(zta_hex_decode(zta_text_of(vectors[i]), wanted, sizeof(wanted)), ZTA_OK);
        uint64_t value = 0;
        for (size_t j = sizeof(wanted); j-- > 0;) {
            value = value << 8 | wanted[j];
        }
        assert_true(zta_siphash(&key, input, i) == value);
    }
    assert_true(zta_siphash(&key, input, 63) == UINT64_C(0x958a324ceb064572));
    assert_true(zta_siphash(&key, NULL, 0) == UINT64_C(0x726fdb47dd0e0e31));
}

static void crc32_gives_its_check_value(void **state)
{
    assert_true(zta_crc32("123456789", 9) == 0xcbf43926);
    assert_true(zta_crc32(NULL, 0) == 0);
    assert_true(zta_crc32("\0", 1) == 0xd202ef8d);
    assert_true(zta_crc32("The quick brown fox jumps over the lazy dog", 43) == 0x414fa339);
}

static void nothing_equals_a_missing_secret(void **state)
{
    assert_true(zta_secret_equal("secret", "secret", 6));
    assert_false(zta_secret_equal("secret", "secreT", 6));
    assert_false(zta_secret_equal("Secret", "secret", 6));
    assert_true(zta_secret_equal("secret", "secreT", 5));
    assert_false(zta_secret_equal(NULL, NULL, 0));
    assert_false(zta_secret_equal(NULL, "secret", 6));
    assert_false(zta_secret_equal("secret", NULL, 6));
    assert_false(zta_secret_equal("", "", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_vectors_of_fips_180),
        cmocka_unit_test(parts_are_hashed_behind_their_lengths),
        cmocka_unit_test(lists_of_parts_do_not_collide),
        cmocka_unit_test(siphash_gives_its_reference_vectors),
        cmocka_unit_test(crc32_gives_its_check_value),
        cmocka_unit_test(nothing_equals_a_missing_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
