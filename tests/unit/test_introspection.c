/* SPDX-License-Identifier: Apache-2.0 */
/* Introspection answers: one clear yes lets in, whatever else it says must hold. */
#include "mod_zta/identity/introspection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mod_zta/identity/token.h"
#include "shared/base/base64.h"

#define NOW   INT64_C(1800000000)
#define URL   "https://idp.example"
#define TOKEN "an-opaque-token-0123456789"
#define JKT   "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

/* {"alg":"none"} . {"iss":"https://idp.example"} and {"iss":"https://b.example"} */
#define HEADER   "eyJhbGciOiJub25lIn0"
#define OWN_JWT  HEADER ".eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0.c2ln"
#define THEIRS   HEADER ".eyJpc3MiOiJodHRwczovL2IuZXhhbXBsZSJ9.c2ln"
#define GOOD_AND "{\"active\":true,\"sub\":\"alice\",\"client_id\":\"web\""

static struct mod_zta_introspection introspection;
static struct mod_zta_issuer issuer;
static const struct zta_text named[] = {ZTA_TEXT("tenant")};

static char storage[ZTA_IDENTITY_SIZE_MAX];
static struct zta_identity identity;
static struct mod_zta_introspection_result result;

static int setup(void **state)
{
    (void)state;
    introspection = (struct mod_zta_introspection){
        .url = URL "/i",
        .client = {.id = ZTA_TEXT("gw"), .secret = ZTA_TEXT("s")},
    };
    mod_zta_introspection_seal(&introspection);
    issuer = (struct mod_zta_issuer){
        .name = ZTA_TEXT("corp"),
        .url = ZTA_TEXT(URL),
        .leeway_s = 60,
        .introspection = &introspection,
    };
    mod_zta_claim_names_init(&issuer.claims);
    return 0;
}

static enum zta_reason judge_token(const char *token, long status, const char *body)
{
    const struct mod_zta_introspection_answer answer = {
        .issuer = &issuer,
        .token = zta_text_of(token),
        .http_status = status,
        .body = zta_text_of(body),
        .claims = named,
        .n_claims = 1,
        .now_s = NOW,
    };
    mod_zta_introspection_judge(&answer, storage, sizeof storage, &identity, &result);
    return result.reason;
}

static enum zta_reason judge_status(long status, const char *body)
{
    return judge_token(TOKEN, status, body);
}

static enum zta_reason judge(const char *body)
{
    return judge_status(200, body);
}

static void an_active_answer_is_an_identity(void **state)
{
    (void)state;
    struct zta_text aud = ZTA_TEXT("https://api.example");
    struct zta_sha256 token_id;
    zta_token_id_make(issuer.name, (struct zta_text){.data = NULL}, ZTA_TEXT(TOKEN), &token_id);
    assert_int_equal(judge(GOOD_AND ",\"aud\":[\"x\",\"https://api.example\"],\"exp\":1800000600,"
                                    "\"scope\":\"read write\",\"roles\":[\"a\"],\"tenant\":7,"
                                    "\"jti\":\"j\",\"token_type\":\"Bearer\","
                                    "\"iss\":\"" URL "\"}"),
                     ZTA_REASON_OK);
    assert_int_equal(result.outcome, MOD_ZTA_INTROSPECTION_VERDICT);
    assert_int_equal(identity.credential, ZTA_CREDENTIAL_TOKEN);
    assert_true(zta_text_equal(identity.issuer, ZTA_TEXT("corp")));
    assert_true(zta_text_equal(identity.subject, ZTA_TEXT("alice")));
    assert_true(zta_text_equal(identity.client, ZTA_TEXT("web")));
    assert_true(zta_identity_has_value(&identity, &identity.scopes, ZTA_TEXT("write")));
    assert_true(zta_identity_has_value(&identity, &identity.roles, ZTA_TEXT("a")));
    assert_true(mod_zta_token_has_audience(&identity, &aud, 1));
    assert_memory_equal(&identity.token_id, &token_id, sizeof token_id);
    assert_int_equal(identity.session_kind, ZTA_SESSION_TOKEN);
    assert_int_equal(identity.n_claims, 3);
}

static void it_is_kept_for_a_minute_and_not_past_exp(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        int64_t until_s;
    } rows[] = {
        {"}", NOW + 60},
        {",\"exp\":1800000600}", NOW + 60},
        {",\"exp\":1800000060}", NOW + 60},
        {",\"exp\":1800000059}", NOW + 59},
        {",\"exp\":1800000001.9}", NOW + 1},
        {",\"exp\":1799999950}", NOW - 50}, /* within the leeway: good now, not kept */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[256];
        (void)snprintf(body, sizeof body, "%s%s", GOOD_AND, rows[i].more);
        assert_int_equal(judge(body), ZTA_REASON_OK);
        assert_int_equal(result.keep_until_s, rows[i].until_s);
    }
}

static void what_is_not_clear_is_no_verdict(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "{}",
        "[]",
        "true",
        "null",
        "<html>",
        "{\"active\":\"true\"}",
        "{\"active\":1}",
        "{\"active\":null}",
        "{\"active\":[true]}",
        "{\"Active\":true}",
        "{\"active\":true,\"active\":true}",
        "{\"active\":false,\"active\":true}",
        "{\"active\":true,\"sub\":\"a\",\"sub\":\"b\"}",
        "{\"active\":true,\"x\":{\"y\":1,\"y\":2}}",
        "{\"active\":true",
        "{\"active\":true}x",
        "{\"active\":true}{\"active\":true}",
        "{\"active\":true,\"sub\":\"a\\u0000b\"}",
        "{\"active\":true,\"sub\":\"\xff\"}",
        "{\"active\":true,\"exp\":1e999}",
        "{\"active\":true,\"x\":[[[[[[[[[[]]]]]]]]]]}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(judge(bodies[i]), ZTA_REASON_ISSUER_UNAVAILABLE);
        assert_int_equal(result.outcome, MOD_ZTA_INTROSPECTION_UNREADABLE);
        assert_true(result.detail[0] != '\0');
        assert_true(zta_text_is_absent(identity.subject));
    }
    static const long statuses[] = {0, 201, 204, 206, 302, 304, 400, 404, 429, 500, 503};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        assert_int_equal(judge_status(statuses[i], GOOD_AND "}"), ZTA_REASON_ISSUER_UNAVAILABLE);
        assert_int_equal(result.outcome, MOD_ZTA_INTROSPECTION_UNREADABLE);
    }
}

static void refused_credentials_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(judge_status(401, GOOD_AND "}"), ZTA_REASON_ISSUER_UNAVAILABLE);
    assert_int_equal(result.outcome, MOD_ZTA_INTROSPECTION_REFUSED);
    assert_int_equal(judge_status(403, ""), ZTA_REASON_ISSUER_UNAVAILABLE);
    assert_int_equal(result.outcome, MOD_ZTA_INTROSPECTION_REFUSED);
}

static void an_active_token_that_does_not_hold_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        enum zta_reason reason;
    } rows[] = {
        {",\"exp\":1799999940}", ZTA_REASON_EXPIRED_CREDENTIAL},
        {",\"exp\":0}", ZTA_REASON_EXPIRED_CREDENTIAL},
        {",\"exp\":-1}", ZTA_REASON_BAD_CREDENTIAL},
        {",\"exp\":\"1900000000\"}", ZTA_REASON_BAD_CREDENTIAL},
        {",\"exp\":null}", ZTA_REASON_BAD_CREDENTIAL},
        {",\"nbf\":1800000061}", ZTA_REASON_BAD_CREDENTIAL},
        {",\"iat\":1800000061}", ZTA_REASON_BAD_CREDENTIAL},
        {",\"auth_time\":1800000061}", ZTA_REASON_BAD_CREDENTIAL},
        {",\"iss\":\"" URL "/\"}", ZTA_REASON_UNKNOWN_ISSUER},
        {",\"iss\":null}", ZTA_REASON_UNKNOWN_ISSUER},
        {",\"aud\":7}", ZTA_REASON_BAD_CREDENTIAL},
        {",\"aud\":[\"a\",null]}", ZTA_REASON_BAD_CREDENTIAL},
        {",\"token_type\":\"refresh_token\"}", ZTA_REASON_BAD_CREDENTIAL},
        {",\"token_type\":null}", ZTA_REASON_BAD_CREDENTIAL},
        {",\"token_type\":\"DPoP\"}", ZTA_REASON_BINDING_FAILED},
        {",\"token_type\":\"DPoP\",\"cnf\":{}}", ZTA_REASON_BINDING_FAILED},
        {",\"cnf\":null}", ZTA_REASON_BINDING_FAILED},
        {",\"cnf\":\"" JKT "\"}", ZTA_REASON_BINDING_FAILED},
        {",\"cnf\":{\"jkt\":\"x\"}}", ZTA_REASON_BINDING_FAILED},
        {",\"cnf\":{\"jkt\":\"" JKT "\",\"x5t#S256\":1}}", ZTA_REASON_BINDING_FAILED},
        {",\"scope\":{}}", ZTA_REASON_BAD_CREDENTIAL},
        {",\"sid\":\"\"}", ZTA_REASON_BAD_CREDENTIAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[256];
        (void)snprintf(body, sizeof body, "%s%s", GOOD_AND, rows[i].more);
        assert_int_equal(judge(body), rows[i].reason);
        assert_int_equal(result.outcome, MOD_ZTA_INTROSPECTION_VERDICT);
        assert_true(zta_text_is_absent(identity.subject));
    }
    assert_int_equal(judge("{\"active\":false,\"sub\":\"alice\"}"), ZTA_REASON_BAD_CREDENTIAL);
    assert_int_equal(result.outcome, MOD_ZTA_INTROSPECTION_VERDICT);
    assert_int_equal(judge("{\"active\":true}"), ZTA_REASON_BAD_CREDENTIAL);
    assert_int_equal(judge("{\"active\":true,\"sub\":7,\"client_id\":\"web\"}"),
                     ZTA_REASON_BAD_CREDENTIAL);
}

static void a_bound_token_says_to_what(void **state)
{
    (void)state;
    assert_int_equal(judge(GOOD_AND ",\"token_type\":\"DPoP\",\"cnf\":{\"jkt\":\"" JKT "\"}}"),
                     ZTA_REASON_OK);
    assert_int_equal(identity.binding, ZTA_BINDING_DPOP);
    assert_int_equal(identity.session_kind, ZTA_SESSION_CNF);
    assert_int_equal(judge(GOOD_AND ",\"cnf\":{\"x5t#S256\":\"" JKT "\"}}"), ZTA_REASON_OK);
    assert_int_equal(identity.binding, ZTA_BINDING_MTLS);
}

/* An issuer that calls any token of its own active says nothing of kind and binding. */
static void a_jwt_is_held_to_what_it_says_itself(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *payload; /* what follows iss */
        const char *answer;  /* what follows the client */
        enum zta_reason reason;
    } rows[] = {
        {"{}", "", "", ZTA_REASON_OK},
        {"{\"typ\":\"JWT\"}", ",\"typ\":\"Bearer\"", "", ZTA_REASON_OK},
        {"{\"typ\":\"application/at+jwt\"}", "", "", ZTA_REASON_OK},
        {"{\"typ\":\"logout+jwt\"}", "", "", ZTA_REASON_BAD_CREDENTIAL},
        {"{\"typ\":\"ID\"}", "", "", ZTA_REASON_BAD_CREDENTIAL},
        {"{\"typ\":1}", "", "", ZTA_REASON_BAD_CREDENTIAL},
        {"{\"typ\":\"\"}", "", "", ZTA_REASON_BAD_CREDENTIAL},
        {"{\"typ\":\"JWT\",\"typ\":\"JWT\"}", "", "", ZTA_REASON_BAD_CREDENTIAL},
        {"{}", ",\"nonce\":\"n\"", "", ZTA_REASON_BAD_CREDENTIAL},
        {"{}", ",\"events\":{}", "", ZTA_REASON_BAD_CREDENTIAL},
        {"{}", ",\"token_use\":\"id\"", "", ZTA_REASON_BAD_CREDENTIAL},
        {"{}", ",\"cnf\":{\"jkt\":\"" JKT "\"}", "", ZTA_REASON_OK},
        {"{}", ",\"cnf\":{\"jkt\":\"" JKT "\"}", ",\"cnf\":{\"jkt\":\"" JKT "\"}", ZTA_REASON_OK},
        {"{}", ",\"cnf\":{\"jkt\":\"" JKT "\"}", ",\"cnf\":{}", ZTA_REASON_BINDING_FAILED},
        {"{}", ",\"cnf\":{\"jkt\":\"x\"}", "", ZTA_REASON_BINDING_FAILED},
        {"{}", ",\"cnf\":null", "", ZTA_REASON_BINDING_FAILED},
        {"{}", ",\"cnf\":{\"jkt\":\"" JKT "\"}", ",\"cnf\":{\"x5t#S256\":\"" JKT "\"}",
         ZTA_REASON_BINDING_FAILED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char payload[512];
        char header[512];
        char claims[1024];
        char token[2048];
        char answer[512];
        (void)snprintf(payload, sizeof payload, "{\"iss\":\"" URL "\"%s}", rows[i].payload);
        zta_base64url_encode((const uint8_t *)rows[i].header, strlen(rows[i].header), header);
        zta_base64url_encode((const uint8_t *)payload, strlen(payload), claims);
        (void)snprintf(token, sizeof token, "%s.%s.c2ln", header, claims);
        (void)snprintf(answer, sizeof answer, GOOD_AND "%s}", rows[i].answer);
        if (judge_token(token, 200, answer) != rows[i].reason) {
            fail_msg("row %zu: %s, %s", i, zta_reason_name(result.reason), result.detail);
        }
        assert_true(result.reason != ZTA_REASON_OK || strstr(rows[i].payload, "jkt") == NULL ||
                    zta_text_equal(identity.jkt, ZTA_TEXT(JKT)));
    }
}

static void without_a_user_the_client_is_the_subject(void **state)
{
    (void)state;
    assert_int_equal(judge("{\"active\":true,\"client_id\":\"svc\"}"), ZTA_REASON_OK);
    assert_true(zta_text_equal(identity.subject, ZTA_TEXT("svc")));
}

static void only_what_can_be_its_token_is_asked_about(void **state)
{
    (void)state;
    static char longest[8194];
    static const struct {
        const char *token;
        bool is_asked;
        bool is_asked_without_keys;
    } rows[] = {
        {TOKEN, true, true},
        {"0123456789abcdef", true, true},
        {"0123456789abcde", false, false},
        {"v2.local.0123456789abcdef", true, true},
        {"0123456789abcdef0123==", true, true},
        {"0123456789=abcdef", false, false},
        {"================", false, false},
        {"0123456789 abcdef", false, false},
        {"0123456789abcde\xc3\xbc", false, false},
        {OWN_JWT, false, true},
        {THEIRS, false, false},
        {HEADER ".x.y.z.0123456789", false, false},
        {HEADER ".0123456789", false, false},
        {HEADER "..", false, false},
        {"eyJub3QganNvbg.0123456789.0123", false, false},
        {"ewlub3QganNvbg.0123456789.0123", false, false}, /* a tab behind the brace */
        {"eyJub3QganNvbg.0.1.2.0123456789", false, false},
        {"eyJub3QganNvbg.0123456789", true, true}, /* no JOSE has two parts, or four */
        {"eyJub3QganNvbg.0.1.0123456789", true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        introspection.asks_about_jwts = false;
        assert_int_equal(mod_zta_introspection_asks(&issuer, zta_text_of(rows[i].token)),
                         rows[i].is_asked);
        introspection.asks_about_jwts = true;
        assert_int_equal(mod_zta_introspection_asks(&issuer, zta_text_of(rows[i].token)),
                         rows[i].is_asked_without_keys);
    }
    memset(longest, 'a', 8193);
    assert_false(mod_zta_introspection_asks(&issuer, zta_text_of(longest)));
    longest[8192] = '\0';
    assert_true(mod_zta_introspection_asks(&issuer, zta_text_of(longest)));
    issuer.introspection = NULL;
    assert_false(mod_zta_introspection_asks(&issuer, ZTA_TEXT(TOKEN)));
}

static void the_question_fits_whatever_the_token(void **state)
{
    (void)state;
    static char form_text[MOD_ZTA_FORM_SIZE];
    static char token[8192];
    static char secret[MOD_ZTA_CLIENT_SECRET_MAX];
    char value[MOD_ZTA_AUTHORIZATION_SIZE];
    struct zta_buffer form;
    struct zta_buffer authorization;
    memset(token, '+', sizeof token);
    memset(secret, '\xff', sizeof secret);
    introspection.client.secret = (struct zta_text){.data = secret, .len = sizeof secret};
    for (int method = MOD_ZTA_CLIENT_BASIC; method <= MOD_ZTA_CLIENT_POST; method++) {
        introspection.client.method = (enum mod_zta_client_method)method;
        zta_buffer_init(&form, form_text, sizeof form_text);
        zta_buffer_init(&authorization, value, sizeof value);
        assert_int_equal(mod_zta_introspection_write(
                             &issuer, (struct zta_text){.data = token, .len = sizeof token}, NOW,
                             &form, &authorization),
                         ZTA_OK);
        assert_int_equal(strncmp(form_text, "token=%2B%2B", 12), 0);
        assert_non_null(strstr(form_text, "%2B&token_type_hint=access_token"));
        assert_true((authorization.len > 0) == (method == MOD_ZTA_CLIENT_BASIC));
        assert_true((strstr(form_text, "client_secret=%FF") != NULL) ==
                    (method == MOD_ZTA_CLIENT_POST));
    }
}

static void the_hash_tells_configurations_apart(void **state)
{
    (void)state;
    const uint64_t first = introspection.hash;
    introspection.client.secret = ZTA_TEXT("another");
    mod_zta_introspection_seal(&introspection);
    assert_true(introspection.hash == first);
    introspection.client.id = ZTA_TEXT("another");
    mod_zta_introspection_seal(&introspection);
    assert_true(introspection.hash != first);
    introspection.client.id = ZTA_TEXT("gw");
    introspection.url = NULL;
    mod_zta_introspection_seal(&introspection);
    assert_true(introspection.hash != first);
}

#define WITH_ISSUER(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ISSUER(an_active_answer_is_an_identity),
        WITH_ISSUER(it_is_kept_for_a_minute_and_not_past_exp),
        WITH_ISSUER(what_is_not_clear_is_no_verdict),
        WITH_ISSUER(refused_credentials_are_told_apart),
        WITH_ISSUER(an_active_token_that_does_not_hold_is_refused),
        WITH_ISSUER(a_bound_token_says_to_what),
        WITH_ISSUER(a_jwt_is_held_to_what_it_says_itself),
        WITH_ISSUER(without_a_user_the_client_is_the_subject),
        WITH_ISSUER(only_what_can_be_its_token_is_asked_about),
        WITH_ISSUER(the_question_fits_whatever_the_token),
        WITH_ISSUER(the_hash_tells_configurations_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
