/* SPDX-License-Identifier: Apache-2.0 */
/* Nonces: how long one is good, and that nobody else can make one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mod_zta/identity/dpop_nonce.h"
#include "shared/base/clock.h"

#define S ZTA_NS_PER_S

static const struct zta_siphash_key key = {.k0 = 1, .k1 = 2};

static void a_nonce_is_good_for_its_stretch_and_the_next(void **state)
{
    char nonce[MOD_ZTA_DPOP_NONCE_LEN + 1];
    const int64_t starts[] = {0, 600 * S, INT64_C(86400) * 1000 * S};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        const int64_t start = starts[i];
        int64_t first;
        mod_zta_dpop_nonce_make(&key, start + 10 * S, nonce);
        assert_int_equal(strlen(nonce), MOD_ZTA_DPOP_NONCE_LEN);
        assert_int_equal(mod_zta_dpop_nonce_check(&key, zta_text_of(nonce), start, &first), ZTA_OK);
        assert_true(first >= 1);
        for (int64_t s = 0; s < 120; s++) {
            int64_t bucket = 0;
            assert_int_equal(
                mod_zta_dpop_nonce_check(&key, zta_text_of(nonce), start + s * S, &bucket), ZTA_OK);
            assert_int_equal(bucket, first);
        }
        assert_int_equal(
            mod_zta_dpop_nonce_check(&key, zta_text_of(nonce), start + 120 * S, &first),
            ZTA_EXPIRED);
        assert_int_equal(mod_zta_dpop_nonce_check(&key, zta_text_of(nonce), start - 1, &first),
                         start == 0 ? ZTA_OK : ZTA_EXPIRED);
    }
}

static void what_was_not_given_out_is_not_good(void **state)
{
    char nonce[MOD_ZTA_DPOP_NONCE_LEN + 1];
    int64_t bucket;
    const struct zta_siphash_key other = {.k0 = 1, .k1 = 3};
    mod_zta_dpop_nonce_make(&key, 0, nonce);
    assert_int_equal(mod_zta_dpop_nonce_check(&other, zta_text_of(nonce), 0, &bucket), ZTA_EXPIRED);
    for (size_t i = 0; i < MOD_ZTA_DPOP_NONCE_LEN; i++) {
        const char was = nonce[i];
        nonce[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(mod_zta_dpop_nonce_check(&key, zta_text_of(nonce), 0, &bucket),
                         ZTA_EXPIRED);
        nonce[i] = was;
        assert_int_equal(
            mod_zta_dpop_nonce_check(&key, (struct zta_text){.data = nonce, .len = i}, 0, &bucket),
            ZTA_EXPIRED);
    }
    assert_int_equal(mod_zta_dpop_nonce_check(&key, (struct zta_text){.data = NULL}, 0, &bucket),
                     ZTA_EXPIRED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_is_good_for_its_stretch_and_the_next),
        cmocka_unit_test(what_was_not_given_out_is_not_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
