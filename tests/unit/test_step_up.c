/* SPDX-License-Identifier: Apache-2.0 */
/* What several demands for a stronger login come to, and which credentials meet them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "shared/step_up.h"

#define NOW INT64_C(1800000000)

static const struct zta_text acrs[] = {
    {.data = "zz-pwd", .len = 6},
    {.data = "otp", .len = 3},
    {.data = "a-key", .len = 5},
};
static const struct zta_acr_order order = {.values = acrs, .n = 3};

static struct zta_step_up demand(const char *acr, int64_t max_age_s, int64_t newer_than_s)
{
    struct zta_step_up step_up;
    zta_step_up_init(&step_up);
    (void)snprintf(step_up.acr, sizeof step_up.acr, "%s", acr);
    step_up.max_age_s = max_age_s;
    step_up.newer_than_s = newer_than_s;
    return step_up;
}

static void acrs_compare_by_their_place_and_never_by_text(void **state)
{
    static const struct {
        const char *has;
        const char *wanted;
        bool is_ordered; /* what the order makes of it */
        bool is_bare;    /* without one */
    } rows[] = {
        {"otp", "otp", true, true},       {"a-key", "otp", true, false},
        {"zz-pwd", "otp", false, false},  {"zz-pwd", "zz-pwd", true, true},
        {"OTP", "otp", false, false},     {"ot", "otp", false, false},
        {"a-key", "other", false, false}, {"other", "other", true, true},
        {"other", "otp", false, false},   {NULL, "otp", false, false},
        {"", "otp", false, false},        {"a-key", "zz-pwd", true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zta_text has = zta_text_of(rows[i].has);
        struct zta_text wanted = zta_text_of(rows[i].wanted);
        assert_int_equal(zta_acr_is_at_least(&order, has, wanted), rows[i].is_ordered);
        assert_int_equal(zta_acr_is_at_least(NULL, has, wanted), rows[i].is_bare);
    }
}

static void only_what_a_challenge_can_carry_is_well_formed(void **state)
{
    char text[ZTA_ACR_TEXT_MAX + 1];
    memset(text, 'a', sizeof text);
    assert_true(zta_acr_is_well_formed(zta_text_of("urn:example:mfa~")));
    assert_true(zta_acr_is_well_formed((struct zta_text){.data = text, .len = 127}));
    assert_false(zta_acr_is_well_formed((struct zta_text){.data = text, .len = 128}));
    static const char *const bad[] = {"", "a b", "a\"b", "a\\b", "a\tb", "a\x7f", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(zta_acr_is_well_formed(zta_text_of(bad[i])));
    }
}

static void demands_merge_to_the_strictest(void **state)
{
    static const struct {
        struct {
            const char *acr;
            int64_t max_age_s;
            int64_t newer_than_s;
        } first, more, merged;
    } rows[] = {
        {{"", -1, 0}, {"", -1, 0}, {"", -1, 0}},
        {{"", -1, 0}, {"otp", 300, 7}, {"otp", 300, 7}},
        {{"otp", 300, 7}, {"", -1, 0}, {"otp", 300, 7}},
        {{"otp", 300, 7}, {"a-key", 600, 9}, {"a-key", 300, 9}},
        {{"a-key", 600, 9}, {"otp", 0, 7}, {"a-key", 0, 9}},
        {{"other", -1, 0}, {"otp", -1, 0}, {"otp", -1, 0}},
        {{"otp", -1, 0}, {"other", -1, 0}, {"otp", -1, 0}},
        {{"other", -1, 0}, {"stranger", -1, 0}, {"other", -1, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zta_step_up step_up =
            demand(rows[i].first.acr, rows[i].first.max_age_s, rows[i].first.newer_than_s);
        const struct zta_step_up more =
            demand(rows[i].more.acr, rows[i].more.max_age_s, rows[i].more.newer_than_s);
        zta_step_up_merge(&order, &more, &step_up);
        assert_string_equal(step_up.acr, rows[i].merged.acr);
        assert_int_equal(step_up.max_age_s, rows[i].merged.max_age_s);
        assert_int_equal(step_up.newer_than_s, rows[i].merged.newer_than_s);
    }
}

static void a_credential_meets_what_its_own_login_was(void **state)
{
    static const struct {
        const char *acr;
        int64_t login_s;
        struct {
            const char *acr;
            int64_t max_age_s;
            int64_t newer_than_s;
        } wanted;
        bool is_met;
    } rows[] = {
        {"otp", NOW - 10, {"otp", -1, 0}, true},
        {"a-key", NOW - 10, {"otp", -1, 0}, true},
        {"zz-pwd", NOW - 10, {"otp", -1, 0}, false},
        {"otp", 0, {"otp", -1, 0}, true},
        {NULL, NOW, {"otp", -1, 0}, false},
        {NULL, NOW - 300, {"", 300, 0}, true},
        {NULL, NOW - 301, {"", 300, 0}, false},
        {NULL, NOW + 30, {"", 300, 0}, true},
        {NULL, 0, {"", 300, 0}, false},
        {NULL, NOW, {"", 0, 0}, true},
        {NULL, NOW - 1, {"", 0, 0}, false},
        {"otp", NOW - 300, {"otp", 300, 0}, true},
        {"zz-pwd", NOW - 300, {"otp", 300, 0}, false},
        {"otp", NOW - 301, {"otp", 300, 0}, false},
        {NULL, NOW - 10, {"", -1, NOW - 11}, true},
        {NULL, NOW - 10, {"", -1, NOW - 10}, false},
        {NULL, 0, {"", -1, NOW - 10}, false},
        {NULL, 0, {"", -1, 0}, true},
    };
    static struct zta_identity identity;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct zta_step_up wanted =
            demand(rows[i].wanted.acr, rows[i].wanted.max_age_s, rows[i].wanted.newer_than_s);
        zta_identity_init(&identity);
        identity.credential = ZTA_CREDENTIAL_BROWSER;
        identity.acr = zta_text_of(rows[i].acr);
        identity.auth_time_s = rows[i].login_s;
        assert_int_equal(zta_step_up_is_met(&order, &wanted, &identity, NOW), rows[i].is_met);
    }
}

static void keys_and_certificates_meet_nothing(void **state)
{
    static struct zta_identity identity;
    const struct zta_step_up nothing = demand("", -1, 0);
    zta_identity_init(&identity);
    identity.acr = zta_text_of("otp");
    identity.auth_time_s = NOW;
    for (int i = ZTA_CREDENTIAL_NONE; i <= ZTA_CREDENTIAL_BROWSER; i++) {
        const bool is_user = i == ZTA_CREDENTIAL_TOKEN || i == ZTA_CREDENTIAL_BROWSER;
        identity.credential = (enum zta_credential)i;
        assert_int_equal(zta_step_up_is_possible(&identity), is_user);
        assert_int_equal(zta_step_up_is_met(&order, &nothing, &identity, NOW), is_user);
    }
    assert_false(zta_step_up_is_possible(NULL));
    assert_false(zta_step_up_is_met(&order, &nothing, NULL, NOW));
}

/* A login and what it is asked for at NOW, behind a challenge ASKED seconds ago (0: none). */
struct encounter {
    const char *acr;
    int64_t login_s;
    int64_t issued_s;
    uint8_t token;
    struct zta_step_up_past past;
    bool is_asked;
    uint8_t n_vain; /* remembered then */
    uint8_t newest; /* as token */
};

static void assert_encounters(const struct zta_step_up *wanted, const struct encounter *rows,
                              size_t n)
{
    static struct zta_identity identity;
    for (size_t i = 0; i < n; i++) {
        struct zta_step_up_past past = rows[i].past;
        zta_identity_init(&identity);
        identity.credential = ZTA_CREDENTIAL_TOKEN;
        identity.acr = zta_text_of(rows[i].acr);
        identity.auth_time_s = rows[i].login_s;
        identity.issued_s = rows[i].issued_s;
        identity.token_id.bytes[1] = rows[i].token;
        assert_false(zta_step_up_is_met(&order, wanted, &identity, NOW));
        assert_int_equal(zta_step_up_is_worth_asking(&order, wanted, &identity, NOW, &past),
                         rows[i].is_asked);
        if (rows[i].is_asked) {
            assert_int_equal(past.asked_s, rows[i].login_s > NOW ? rows[i].login_s : NOW);
            assert_int_equal(past.token, rows[i].newest);
            assert_int_equal(past.n_vain, rows[i].n_vain);
        }
        else {
            assert_memory_equal(&past, &rows[i].past, sizeof past);
        }
    }
}

static void a_login_that_is_too_weak_still_is_asked_no_more(void **state)
{
    const struct zta_step_up wanted = demand("otp", -1, 0);
    const struct encounter rows[] = {
        {"zz-pwd", NOW - 900, NOW - 900, 1, {0}, true, 0, 1},
        /* The same token again, or another one of before the challenge: another client of his. */
        {"zz-pwd", NOW - 900, NOW - 900, 1, {NOW - 5, NOW - 900, 1, 0}, true, 0, 1},
        {"zz-pwd", NOW - 700, NOW - 700, 2, {NOW - 5, NOW - 900, 1, 0}, true, 0, 2},
        {"zz-pwd", NOW - 900, NOW - 900, 1, {NOW - 5, NOW - 700, 2, 0}, true, 0, 2},
        {"zz-pwd", NOW - 5, NOW - 5, 2, {NOW - 5, NOW - 900, 1, 0}, true, 1, 2},
        {"zz-pwd", NOW - 4, NOW - 4, 2, {NOW - 5, NOW - 900, 1, 0}, false, 0, 0},
        /* Two in one second by a clock ahead of ours: the first is no answer to itself. */
        {"zz-pwd", NOW + 30, NOW + 30, 1, {0}, true, 0, 1},
        {"zz-pwd", NOW + 30, NOW + 30, 1, {NOW + 30, NOW + 30, 1, 0}, true, 0, 1},
        {"zz-pwd", NOW + 31, NOW + 31, 2, {NOW + 30, NOW + 30, 1, 0}, false, 0, 0},
        /* An issuer that gives new tokens of the old login, or does not tell when it was. */
        {"zz-pwd", NOW - 900, NOW - 1, 2, {NOW - 5, NOW - 9, 1, 0}, true, 1, 2},
        {NULL, 0, NOW - 1, 3, {NOW - 5, NOW - 1, 2, 1}, true, 2, 3},
        {NULL, 0, NOW - 1, 4, {NOW - 5, NOW - 1, 3, 2}, false, 0, 0},
        {NULL, 0, NOW - 1, 3, {NOW - 5, NOW - 1, 3, 2}, true, 2, 3},
        {NULL, 0, NOW - 2, 2, {NOW - 5, NOW - 1, 3, 2}, true, 2, 3},
    };
    assert_encounters(&wanted, rows, sizeof rows / sizeof rows[0]);
}

static void a_login_that_grew_old_is_asked_again(void **state)
{
    const struct zta_step_up wanted = demand("otp", 300, 0);
    const struct encounter rows[] = {
        {"otp", NOW - 301, NOW - 301, 2, {NOW - 310, NOW - 900, 1, 2}, true, 0, 2},
        {"zz-pwd", NOW - 300, NOW - 300, 2, {NOW - 310, NOW - 900, 1, 0}, false, 0, 0},
        {"otp", NOW - 900, NOW - 1, 2, {NOW - 5, NOW - 9, 1, 2}, false, 0, 0},
    };
    assert_encounters(&wanted, rows, sizeof rows / sizeof rows[0]);
    /* No login comes back as fast as that. */
    const struct zta_step_up at_once = demand("", 0, 0);
    const struct encounter brief[] = {
        {"otp", NOW - 900, NOW - 900, 1, {0}, true, 0, 1},
        {"otp", NOW - 1, NOW - 1, 2, {NOW - 9, NOW - 900, 1, 0}, false, 0, 0},
    };
    assert_encounters(&at_once, brief, sizeof brief / sizeof brief[0]);
}

static void risk_that_comes_back_at_once_is_asked_no_more(void **state)
{
    const struct zta_step_up wanted = demand("", -1, NOW - 20);
    const struct encounter rows[] = {
        {NULL, NOW - 900, NOW - 900, 1, {0}, true, 0, 1},
        {NULL, NOW - 81, NOW - 81, 2, {NOW - 90, NOW - 900, 1, 0}, true, 0, 2},
        {NULL, NOW - 80, NOW - 80, 2, {NOW - 90, NOW - 900, 1, 0}, false, 0, 0},
        {NULL, NOW - 20, NOW - 20, 2, {NOW - 90, NOW - 900, 1, 0}, false, 0, 0},
    };
    assert_encounters(&wanted, rows, sizeof rows / sizeof rows[0]);
}

static void the_challenge_asks_for_an_age_that_only_a_later_login_has(void **state)
{
    static const struct {
        int64_t max_age_s;
        int64_t newer_than_s;
        int64_t asked_s;
    } rows[] = {
        {-1, 0, -1},  {300, 0, 300},    {0, 0, 0},           {-1, NOW - 100, 99},
        {-1, NOW, 0}, {-1, NOW + 9, 0}, {50, NOW - 100, 50}, {300, NOW - 100, 99},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct zta_step_up wanted = demand("", rows[i].max_age_s, rows[i].newer_than_s);
        assert_int_equal(zta_step_up_max_age(&wanted, NOW), rows[i].asked_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acrs_compare_by_their_place_and_never_by_text),
        cmocka_unit_test(only_what_a_challenge_can_carry_is_well_formed),
        cmocka_unit_test(demands_merge_to_the_strictest),
        cmocka_unit_test(a_credential_meets_what_its_own_login_was),
        cmocka_unit_test(keys_and_certificates_meet_nothing),
        cmocka_unit_test(a_login_that_is_too_weak_still_is_asked_no_more),
        cmocka_unit_test(a_login_that_grew_old_is_asked_again),
        cmocka_unit_test(risk_that_comes_back_at_once_is_asked_no_more),
        cmocka_unit_test(the_challenge_asks_for_an_age_that_only_a_later_login_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
