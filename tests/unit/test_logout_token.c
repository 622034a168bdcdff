/* SPDX-License-Identifier: Apache-2.0 */
/* Logout tokens: what a good one says, and that every single defect refuses it. */
#include "mod_zta/identity/logout_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/json_members.h"
#include "tests/unit/token_fixture.h"

#define EVENT "http://schemas.openid.net/event/backchannel-logout"

static const struct member good_header[] = {
    {.name = "alg", .raw = "\"EdDSA\""},
    {.name = "typ", .raw = "\"logout+jwt\""},
    {.name = "kid", .raw = "\"ed\""},
};
static const struct member good_claims[] = {
    {.name = "iss", .raw = "\"" TOKEN_URL "\""}, {.name = "aud", .raw = "[\"elsewhere\",\"site\"]"},
    {.name = "iat", .raw = "1799999990"},        {.name = "exp", .raw = "1800000110"},
    {.name = "jti", .raw = "\"id-1\""},          {.name = "sub", .raw = "\"alice\""},
    {.name = "sid", .raw = "\"s-1\""},           {.name = "events", .raw = "{\"" EVENT "\":{}}"},
};

static struct token_fixture fixture;
static const struct zta_text clients[] = {ZTA_TEXT("other"), ZTA_TEXT("site")};
static struct mod_zta_logout_result result;

static int open_fixture(void **state)
{
    (void)state;
    token_fixture_open(&fixture);
    return 0;
}

static int close_fixture(void **state)
{
    (void)state;
    token_fixture_close(&fixture);
    return 0;
}

static enum mod_zta_logout_verdict judge_text(struct zta_text token)
{
    const struct mod_zta_logout_issuer issuer = {
        .issuer = &fixture.issuer, .clients = clients, .n_clients = 2};
    mod_zta_logout_judge(token, &issuer, 1, TOKEN_NOW, &result);
    return result.verdict;
}

/* The good token with one header and one claim changed. */
static enum mod_zta_logout_verdict judge(struct member header, struct member claim)
{
    static char head[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    members_print(good_header, sizeof(good_header) / sizeof(good_header[0]), &header, head);
    members_print(good_claims, sizeof(good_claims) / sizeof(good_claims[0]), &claim, claims);
    const size_t len = jose_sign(fixture.keys[TOKEN_KEY_ED], "EdDSA", zta_text_of(head),
                                 zta_text_of(claims), token);
    return judge_text((struct zta_text){.data = token, .len = len});
}

static enum mod_zta_logout_verdict judge_claim(const char *name, const char *raw)
{
    return judge((struct member){.name = NULL}, (struct member){.name = name, .raw = raw});
}

static enum mod_zta_logout_verdict judge_header(const char *name, const char *raw)
{
    return judge((struct member){.name = name, .raw = raw}, (struct member){.name = NULL});
}

static void expect_good(enum mod_zta_logout_verdict verdict)
{
    if (verdict != MOD_ZTA_LOGOUT_ACCEPTED) {
        fail_msg("refused: %s", result.detail);
    }
}

static void a_good_token_says_what_is_over(void **state)
{
    (void)state;
    const struct zta_signal *signal = &result.message.signal;
    expect_good(judge_claim(NULL, NULL));
    assert_int_equal(signal->kind, ZTA_SIGNAL_SUBJECT_SESSION);
    assert_true(zta_text_equal(signal->issuer, ZTA_TEXT("corp")));
    assert_true(zta_text_equal(signal->sid, ZTA_TEXT("s-1")));
    assert_true(zta_text_equal(signal->subject, ZTA_TEXT("alice")));
    assert_int_equal(signal->watermark_s, 1799999990);
    assert_int_equal(result.message.expires_s, 1800000170);
    expect_good(judge_claim("sid", NULL));
    assert_int_equal(signal->kind, ZTA_SIGNAL_SUBJECT);
    assert_true(zta_text_is_absent(signal->sid));
    expect_good(judge_claim("sub", NULL));
    assert_int_equal(signal->kind, ZTA_SIGNAL_SESSION);
    assert_true(zta_text_is_absent(signal->subject));
}

static void forms_that_the_specification_allows_are_good(void **state)
{
    (void)state;
    expect_good(judge_claim("aud", "\"site\""));
    expect_good(judge_claim("events", "{\"" EVENT "\":{\"x\":1},\"https://x.example\":{}}"));
    expect_good(judge_claim("exp", "1800000110.5"));
    expect_good(judge_claim("auth_time", "1700000000"));
    expect_good(judge_header("typ", "\"application/logout+jwt\""));
    expect_good(judge_header("typ", "\"Logout+JWT\""));
    expect_good(judge_header("jku", "\"https://evil.example\""));
    expect_good(judge_claim("exp", "1799999991")); /* within the leeway */
    expect_good(judge_claim("iat", "1800000060"));
    assert_int_equal(result.message.signal.watermark_s, TOKEN_NOW);
}

static const struct member bad_claims[] = {
    {"iss", NULL},
    {"iss", "7"},
    {"iss", "\"https://idp.example/\""},
    {"aud", NULL},
    {"aud", "\"Site\""},
    {"aud", "[]"},
    {"aud", "[\"site\",7]"},
    {"aud", "{}"},
    {"aud", "\"" TOKEN_AUD "\""},
    {"iat", NULL},
    {"iat", "\"1799999990\""},
    {"iat", "-1"},
    {"iat", "0"},
    {"iat", "1800000061"},
    {"iat", "1799990000"},
    {"iat", "1e400"},
    {"iat", "null"},
    {"exp", NULL},
    {"exp", "\"1800000110\""},
    {"exp", "1799999940"},
    {"exp", "1799999990"},
    {"exp", "1800003591"},
    {"exp", "99999999999999"},
    {"exp", "true"},
    {"nbf", "1800000061"},
    {"nbf", "\"0\""},
    {"jti", NULL},
    {"jti", "\"\""},
    {"jti", "1"},
    {"sub", "\"\""},
    {"sub", "1"},
    {"sub", "null"},
    {"sub", "[\"alice\"]"},
    {"sub", "\"a\\u0000\""},
    {"sid", "\"\""},
    {"sid", "{}"},
    {"sid", "null"},
    {"nonce", "\"n\""},
    {"nonce", "null"},
    {"nonce", "\"\""},
    {"events", NULL},
    {"events", "null"},
    {"events", "\"" EVENT "\""},
    {"events", "[\"" EVENT "\"]"},
    {"events", "{}"},
    {"events", "[{\"" EVENT "\":{}}]"},
    {"events", "{\"" EVENT "\":null}"},
    {"events", "{\"" EVENT "\":[]}"},
    {"events", "{\"" EVENT "\":\"\"}"},
    {"events", "{\"" EVENT "\":true}"},
    {"events", "{\"" EVENT "/\":{}}"},
    {"events", "{\"" EVENT "\":{},\"" EVENT "\":{}}"},
    {"events", "{\"https://schemas.openid.net/event/backchannel-logout\":{}}"},
    {"events", "{\"HTTP://schemas.openid.net/event/backchannel-logout\":{}}"},
};

static void each_defect_of_the_claims_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_claims) / sizeof(bad_claims[0]); i++) {
        if (judge_claim(bad_claims[i].name, bad_claims[i].raw) != MOD_ZTA_LOGOUT_REFUSED) {
            fail_msg("%s: %s was taken", bad_claims[i].name,
                     bad_claims[i].raw != NULL ? bad_claims[i].raw : "none");
        }
        assert_true(result.detail[0] != '\0');
    }
}

static void names_that_cannot_be_kept_refuse(void **state)
{
    (void)state;
    char raw[ZTA_SUBJECT_MAX + 4];
    (void)snprintf(raw, sizeof(raw), "\"%0*d\"", ZTA_SUBJECT_MAX, 7);
    expect_good(judge_claim("sid", raw));
    expect_good(judge_claim("sub", raw));
    (void)snprintf(raw, sizeof(raw), "\"%0*d\"", ZTA_SUBJECT_MAX + 1, 7);
    assert_int_equal(judge_claim("sid", raw), MOD_ZTA_LOGOUT_REFUSED);
    assert_int_equal(judge_claim("sub", raw), MOD_ZTA_LOGOUT_REFUSED);
}

static void each_defect_of_the_header_refuses(void **state)
{
    (void)state;
    static const struct member bad[] = {
        {"typ", NULL},
        {"typ", "\"JWT\""},
        {"typ", "\"at+jwt\""},
        {"typ", "\"secevent+jwt\""},
        {"typ", "\"dpop+jwt\""},
        {"typ", "\"logout+jwt \""},
        {"typ", "7"},
        {"typ", "\"\""},
        {"alg", NULL},
        {"alg", "\"none\""},
        {"alg", "\"HS256\""},
        {"alg", "\"ES256\""},
        {"alg", "\"eddsa\""},
        {"kid", "\"rsa\""},
        {"kid", "\"\""},
        {"kid", "7"},
        {"crit", "[\"exp\"]"},
        {"b64", "true"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (judge_header(bad[i].name, bad[i].raw) != MOD_ZTA_LOGOUT_REFUSED) {
            fail_msg("%s: %s was taken", bad[i].name, bad[i].raw != NULL ? bad[i].raw : "none");
        }
    }
}

static void an_issuer_that_types_nothing_may_leave_the_type_out(void **state)
{
    (void)state;
    fixture.issuer.token_type = ZTA_TEXT("any");
    expect_good(judge_header("typ", NULL));
    expect_good(judge_header("typ", "\"JWT\""));
    expect_good(judge_header("typ", "\"logout+jwt\""));
    assert_int_equal(judge_header("typ", "\"at+jwt\""), MOD_ZTA_LOGOUT_REFUSED);
    assert_int_equal(judge_header("typ", "\"secevent+jwt\""), MOD_ZTA_LOGOUT_REFUSED);
    assert_int_equal(judge_header("typ", "7"), MOD_ZTA_LOGOUT_REFUSED);
}

/* Its subjects are known here by another claim, so that a sub names nobody. */
static void where_the_subject_is_another_claim_only_sid_counts(void **state)
{
    (void)state;
    fixture.issuer.claims.subject = ZTA_TEXT("email");
    expect_good(judge_claim(NULL, NULL));
    assert_int_equal(result.message.signal.kind, ZTA_SIGNAL_SESSION);
    assert_int_equal(judge_claim("sid", NULL), MOD_ZTA_LOGOUT_REFUSED);
}

static void unknown_keys_are_told_from_missing_ones(void **state)
{
    (void)state;
    assert_int_equal(judge_header("kid", "\"new\""), MOD_ZTA_LOGOUT_REFUSED);
    assert_true(result.is_key_unknown);
    assert_ptr_equal(result.issuer, &fixture.issuer);
    assert_int_equal(judge_header("kid", "\"rsa\""), MOD_ZTA_LOGOUT_REFUSED);
    assert_false(result.is_key_unknown);
    fixture.issuer.keyring = NULL;
    assert_int_equal(judge_claim(NULL, NULL), MOD_ZTA_LOGOUT_UNAVAILABLE);
}

static void shapes_that_no_token_has_refuse(void **state)
{
    (void)state;
    static const char *const bad[] = {"",   "..",          "a.b",      "a.b.c.d.e",   "a.b.c",
                                      "{}", "e30.e30.e30", "e30.e30.", "e30=.e30.e30"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(judge_text(zta_text_of(bad[i])), MOD_ZTA_LOGOUT_REFUSED);
    }
    static char good[JOSE_TEXT_MAX];
    const size_t len = token_make(&fixture, TOKEN_KEY_ED, NULL, good);
    assert_int_equal(judge_text((struct zta_text){.data = good, .len = len}),
                     MOD_ZTA_LOGOUT_REFUSED); /* an access token */
}

static void one_message_has_one_id(void **state)
{
    (void)state;
    expect_good(judge_claim(NULL, NULL));
    const struct zta_sha256 first = result.message.id;
    expect_good(judge_claim("sid", "\"s-2\""));
    assert_memory_equal(&first, &result.message.id, sizeof(first));
    expect_good(judge_claim("jti", "\"id-2\""));
    assert_memory_not_equal(&first, &result.message.id, sizeof(first));
}

static void a_form_has_one_logout_token(void **state)
{
    (void)state;
    static const struct {
        const char *form;
        const char *token; /* NULL: none */
        enum zta_status status;
    } cases[] = {
        {"logout_token=a.b", "a.b", ZTA_OK},
        {"a=1&logout_token=a%2eb&c", "a.b", ZTA_OK},
        {"logout%5Ftoken=x+y&&", "x y", ZTA_OK},
        {"logout_token=", "", ZTA_OK},
        {"logout_token", "", ZTA_OK},
        {"logout_token=a=b", "a=b", ZTA_OK},
        {"", NULL, ZTA_NOT_FOUND},
        {"Logout_token=a", NULL, ZTA_NOT_FOUND},
        {"token=a;logout_token=b", NULL, ZTA_NOT_FOUND},
        {"logout_token=a&logout_token=a", NULL, ZTA_INVALID},
        {"logout_token=a&logout_toke%6e=", NULL, ZTA_INVALID},
        {"logout_token=%", NULL, ZTA_INVALID},
        {"logout_token=%2", NULL, ZTA_INVALID},
        {"logout_token=%2g", NULL, ZTA_INVALID},
        {"logout_token=a&b=%00", NULL, ZTA_INVALID},
        {"%zz=1&logout_token=a", NULL, ZTA_INVALID},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char form[64];
        struct zta_text token = {.data = NULL};
        (void)snprintf(form, sizeof(form), "%s", cases[i].form);
        assert_int_equal(mod_zta_logout_form(form, strlen(form), &token), cases[i].status);
        if (cases[i].token != NULL) {
            assert_true(zta_text_equal(token, zta_text_of(cases[i].token)));
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_token_says_what_is_over),
        TEST(forms_that_the_specification_allows_are_good),
        TEST(each_defect_of_the_claims_refuses),
        TEST(names_that_cannot_be_kept_refuse),
        TEST(each_defect_of_the_header_refuses),
        TEST(an_issuer_that_types_nothing_may_leave_the_type_out),
        TEST(where_the_subject_is_another_claim_only_sid_counts),
        TEST(unknown_keys_are_told_from_missing_ones),
        TEST(shapes_that_no_token_has_refuse),
        TEST(one_message_has_one_id),
        TEST(a_form_has_one_logout_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
