/* SPDX-License-Identifier: Apache-2.0 */
/* Good tokens, and what is made of their claims. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/hash.h"
#include "tests/unit/token_fixture.h"

static struct token_fixture fixture;
static char token[JOSE_TEXT_MAX];
static size_t token_len;

static int open_fixture(void **state)
{
    token_fixture_open(&fixture);
    return 0;
}

static int close_fixture(void **state)
{
    token_fixture_close(&fixture);
    return 0;
}

/* The good token with one change, judged. */
static enum zta_reason judge_as(enum token_key key, const struct token_change *change)
{
    token_len = token_make(&fixture, key, change, token);
    return token_judge(&fixture, (struct zta_text){.data = token, .len = token_len});
}

static enum zta_reason judge_claim(const char *claim, const char *raw)
{
    return judge_as(TOKEN_KEY_ED, &(struct token_change){.claim = claim, .claim_raw = raw});
}

static enum zta_reason judge_more(const char *tail)
{
    return judge_as(TOKEN_KEY_ED, &(struct token_change){.claims_tail = tail});
}

static void expect_ok(enum zta_reason reason)
{
    if (reason != ZTA_REASON_OK) {
        fail_msg("refused: %s, %s", zta_reason_name(reason), fixture.result.detail);
    }
}

static void expect_text(struct zta_text text, const char *wanted)
{
    if (wanted == NULL) {
        assert_true(zta_text_is_absent(text));
        return;
    }
    if (!zta_text_equal(text, zta_text_of(wanted))) {
        fail_msg("expected '%s', got '%.*s'", wanted, (int)text.len,
                 text.data != NULL ? text.data : "(absent)");
    }
}

/* values: separated by '|'; NULL: the list is unknown. */
static void expect_list(const struct zta_values *list, const char *values)
{
    char found[2048];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, found, sizeof found);
    assert_int_equal(list->is_known, values != NULL);
    for (size_t i = 0; i < list->n; i++) {
        zta_buffer_string(&buffer, i > 0 ? "|" : "");
        zta_buffer_text(&buffer, zta_identity_value(&fixture.identity, list, i));
    }
    assert_string_equal(found, values != NULL ? values : "");
}

static void a_good_token_of_each_key_is_accepted(void **state)
{
    for (int key = 0; key < TOKEN_N_KEYS; key++) {
        expect_ok(judge_as((enum token_key)key, NULL));
        assert_ptr_equal(fixture.result.issuer, &fixture.issuer);
        assert_true(fixture.result.is_verified);
        assert_false(fixture.result.is_bad_for_good);
        assert_string_equal(fixture.result.detail, "");
    }
}

static void the_identity_holds_what_the_token_says(void **state)
{
    expect_ok(judge_more(",\"azp\":\"other\",\"acr\":\"urn:mfa\",\"amr\":[\"pwd\",\"otp\"],"
                         "\"groups\":[\"g1\"],\"auth_time\":1799990000.9,\"sid\":\"s-1\","
                         "\"dev\":\"laptop\""));
    const struct zta_identity *identity = &fixture.identity;
    assert_int_equal(identity->credential, ZTA_CREDENTIAL_TOKEN);
    assert_int_equal(identity->binding, ZTA_BINDING_NONE);
    expect_text(identity->issuer, "corp");
    expect_text(identity->subject, "alice");
    expect_text(identity->client, "web");
    expect_text(identity->sid, "s-1");
    expect_text(identity->acr, "urn:mfa");
    expect_text(identity->device, NULL);
    expect_text(identity->apikey, NULL);
    expect_list(&identity->roles, "staff|admin");
    expect_list(&identity->groups, "g1");
    expect_list(&identity->scopes, "read|write");
    expect_list(&identity->amr, "pwd|otp");
    assert_int_equal(identity->expires_s, TOKEN_NOW + 300);
    assert_int_equal(identity->issued_s, TOKEN_NOW - 10);
    assert_int_equal(identity->auth_time_s, 1799990000);
    /* All of it is the caller's own and encodes. */
    uint8_t encoded[ZTA_IDENTITY_SIZE_MAX];
    size_t size;
    assert_int_equal(zta_identity_encode(identity, encoded, sizeof encoded, &size), ZTA_OK);
}

#define JKT "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
#define X5T "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"

/* What it is bound to is told, for whoever asks for proof; nothing here has seen any. */
static void what_a_token_is_bound_to_stands_in_its_identity(void **state)
{
    static const struct {
        const char *cnf;
        const char *jkt;
        const char *x5t_s256;
        enum zta_binding binding;
    } cases[] = {
        {.cnf = "{\"jkt\":\"" JKT "\"}", .jkt = JKT, .binding = ZTA_BINDING_DPOP},
        {.cnf = "{\"x5t#S256\":\"" X5T "\"}", .x5t_s256 = X5T, .binding = ZTA_BINDING_MTLS},
        {.cnf = "{\"x5t#S256\":\"" X5T "\",\"jkt\":\"" JKT "\",\"other\":1}",
         .jkt = JKT,
         .x5t_s256 = X5T,
         .binding = ZTA_BINDING_DPOP},
    };
    uint8_t sessions[3][ZTA_SESSION_ID_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_ok(judge_claim("cnf", cases[i].cnf));
        expect_text(fixture.identity.jkt, cases[i].jkt);
        expect_text(fixture.identity.x5t_s256, cases[i].x5t_s256);
        assert_int_equal(fixture.identity.binding, cases[i].binding);
        assert_int_equal(fixture.identity.session_kind, ZTA_SESSION_CNF);
        memcpy(sessions[i], fixture.identity.session, ZTA_SESSION_ID_SIZE);
    }
    assert_memory_not_equal(sessions[0], sessions[1], ZTA_SESSION_ID_SIZE);
    assert_memory_equal(sessions[0], sessions[2], ZTA_SESSION_ID_SIZE);
    expect_ok(judge_more(",\"sid\":\"s\",\"cnf\":{\"jkt\":\"" JKT "\"}"));
    assert_int_equal(fixture.identity.session_kind, ZTA_SESSION_SID);
    expect_ok(judge_more(",\"auth_time\":1799990000,\"cnf\":{\"jkt\":\"" JKT "\"}"));
    assert_int_equal(fixture.identity.session_kind, ZTA_SESSION_CNF);
}

static void what_the_token_does_not_say_is_unknown(void **state)
{
    expect_ok(judge_claim("roles", NULL));
    expect_text(fixture.identity.sid, NULL);
    expect_text(fixture.identity.acr, NULL);
    expect_list(&fixture.identity.roles, NULL);
    expect_list(&fixture.identity.groups, NULL);
    expect_list(&fixture.identity.amr, NULL);
    assert_int_equal(fixture.identity.auth_time_s, 0);
    expect_ok(judge_claim("roles", "null"));
    expect_list(&fixture.identity.roles, NULL);
    expect_ok(judge_claim("roles", "[]"));
    expect_list(&fixture.identity.roles, "");
}

static void lists_take_texts_numbers_and_scim_values(void **state)
{
    expect_ok(judge_claim("roles", "\"one role\""));
    expect_list(&fixture.identity.roles, "one role");
    expect_ok(judge_claim("roles", "[{\"value\":\"a\",\"display\":\"A\"},\"b\",7]"));
    expect_list(&fixture.identity.roles, "a|b|7");
    static const char *const bad[] = {"[null]",          "[true]", "[[\"a\"]]",
                                      "[{\"v\":\"a\"}]", "{}",     "false"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(judge_claim("roles", bad[i]), ZTA_REASON_BAD_CREDENTIAL);
        assert_string_equal(fixture.result.detail, "claim roles holds something that is no text");
    }
}

static void scopes_are_exact_tokens(void **state)
{
    static const struct {
        const char *raw;
        const char *scopes;
    } cases[] = {
        {.raw = "\"read\"", .scopes = "read"},
        {.raw = "\"\"", .scopes = ""},
        {.raw = "\" read  write \"", .scopes = "read|write"},
        {.raw = "\"readall\"", .scopes = "readall"},
        {.raw = "\"read\\twrite\"", .scopes = "read\twrite"},
        {.raw = "[\"read\",\"a b\"]", .scopes = "read|a b"},
        {.raw = "[]", .scopes = ""},
        {.raw = "null", .scopes = NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_ok(judge_claim("scope", cases[i].raw));
        expect_list(&fixture.identity.scopes, cases[i].scopes);
        assert_int_equal(
            zta_identity_has_value(&fixture.identity, &fixture.identity.scopes, ZTA_TEXT("read")),
            cases[i].scopes != NULL && strncmp(cases[i].scopes, "read", 4) == 0 &&
                (cases[i].scopes[4] == '\0' || cases[i].scopes[4] == '|'));
    }
    assert_int_equal(judge_claim("scope", "7"), ZTA_REASON_BAD_CREDENTIAL);
    assert_int_equal(judge_claim("scope", "{}"), ZTA_REASON_BAD_CREDENTIAL);
    assert_int_equal(judge_claim("scope", "[null]"), ZTA_REASON_BAD_CREDENTIAL);
}

static void claims_come_from_where_the_issuer_says(void **state)
{
    struct mod_zta_claim_names *names = &fixture.issuer.claims;
    struct mod_zta_claim_names defaults = *names;
    *names = (struct mod_zta_claim_names){
        .subject = ZTA_TEXT("person.id"),
        .client = ZTA_TEXT("azp"),
        .roles = ZTA_TEXT("realm_access.roles"),
        .groups = ZTA_TEXT("\"https://x.example/groups\""),
        .scope = ZTA_TEXT("scp"),
        .session = ZTA_TEXT("session_state"),
        .device = ZTA_TEXT("device.id"),
        .acr = ZTA_TEXT("level"),
    };
    expect_ok(judge_more(",\"person\":{\"id\":\"bob\"},\"azp\":\"app\",\"realm_access\":{\"roles\":"
                         "[\"r\"]},\"https://x.example/groups\":[\"g\"],\"scp\":[\"s\"],"
                         "\"session_state\":\"st\",\"device\":{\"id\":\"d\"},\"level\":\"2\""));
    expect_text(fixture.identity.subject, "bob");
    expect_text(fixture.identity.client, "app");
    expect_text(fixture.identity.sid, "st");
    expect_text(fixture.identity.device, "d");
    expect_text(fixture.identity.acr, "2");
    expect_list(&fixture.identity.roles, "r");
    expect_list(&fixture.identity.groups, "g");
    expect_list(&fixture.identity.scopes, "s");
    /* A subject that is not there is no subject. */
    assert_int_equal(judge_more(",\"azp\":\"app\""), ZTA_REASON_BAD_CREDENTIAL);
    assert_string_equal(fixture.result.detail, "claim person.id is missing");
    assert_int_equal(judge_more(",\"person\":{\"id\":7}"), ZTA_REASON_BAD_CREDENTIAL);
    *names = defaults;
}

static void without_client_id_the_azp_is_the_client(void **state)
{
    fixture.issuer.token_type = ZTA_TEXT("any");
    expect_ok(judge_as(TOKEN_KEY_ED, &(struct token_change){.claim = "client_id",
                                                            .claims_tail = ",\"azp\":\"app\""}));
    fixture.issuer.token_type = ZTA_TEXT("at+jwt");
    expect_text(fixture.identity.client, "app");
}

static void a_loose_token_type_asks_for_other_signs(void **state)
{
    static const struct {
        struct token_change change;
        bool is_good;
    } cases[] = {
        {.is_good = true},
        {.change = {.header = "typ"}, .is_good = true},
        {.change = {.header = "typ", .header_raw = "\"JWT\""}, .is_good = true},
        {.change = {.header = "typ", .header_raw = "\"application/AT+JWT\""}, .is_good = true},
        {.change = {.header = "typ", .header_raw = "\"dpop+jwt\""}},
        {.change = {.header = "typ", .header_raw = "\"application/secevent+jwt\""}},
        {.change = {.header = "typ", .header_raw = "\"logout+JWT\""}},
        {.change = {.header = "typ", .header_raw = "7"}},
        {.change = {.header = "typ", .header_raw = "\"\""}},
        {.change = {.header = "typ", .header_raw = "\"vc+sd-jwt\""}},
        {.change = {.header = "typ", .header_raw = "\"x/at+jwt\""}},
        {.change = {.header = "typ", .header_raw = "\"at+jwt;v=1\""}},
        {.change = {.header = "typ", .header_raw = "\"Refresh\""}},
        {.change = {.header = "typ", .header_raw = "\"application/id\""}},
        {.change = {.header = "typ", .header_raw = "\"Bearer\""}, .is_good = true},
        {.change = {.claims_tail = ",\"typ\":\"Bearer\""}, .is_good = true},
        {.change = {.claims_tail = ",\"typ\":\"refresh\""}},
        {.change = {.claims_tail = ",\"typ\":\"Offline\""}},
        {.change = {.claims_tail = ",\"token_use\":\"access\""}, .is_good = true},
        {.change = {.claims_tail = ",\"token_use\":\"id\""}},
        {.change = {.claims_tail = ",\"token_use\":7"}},
        {.change = {.claims_tail = ",\"c_hash\":\"n\""}},
        {.change = {.claims_tail = ",\"s_hash\":\"n\""}},
        {.change = {.claims_tail = ",\"sub_id\":{}"}},
        {.change = {.claims_tail = ",\"htu\":\"n\""}},
        {.change = {.claims_tail = ",\"token_introspection\":{}"}},
        {.change = {.claims_tail = ",\"response_type\":\"code\""}},
        {.change = {.claim = "jti"}, .is_good = true},
        {.change = {.claim = "iat"}, .is_good = true},
        {.change = {.claim = "scope"}, .is_good = true},
        {.change = {.claim = "client_id"}, .is_good = true},
        {.change = {.claim = "client_id", .claims_tail = ",\"nonce\":\"n\""}},
        {.change = {.claims_tail = ",\"nonce\":\"n\""}},
        {.change = {.claims_tail = ",\"at_hash\":\"n\""}},
        {.change = {.claims_tail = ",\"events\":{}"}},
        {.change = {.claim = "sub"}},
        {.change = {.claim = "exp"}},
        {.change = {.claim = "aud"}},
    };
    fixture.issuer.token_type = ZTA_TEXT("any");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(judge_as(TOKEN_KEY_ED, &cases[i].change) == ZTA_REASON_OK,
                         cases[i].is_good);
    }
    /* Neither client nor scope: an ID token looks like this. */
    fixture.issuer.claims.scope = ZTA_TEXT("scp");
    assert_int_equal(
        judge_as(TOKEN_KEY_ED,
                 &(struct token_change){.claim = "client_id", .claims_tail = ",\"azp\":\"app\""}),
        ZTA_REASON_BAD_CREDENTIAL);
    assert_string_equal(fixture.result.detail,
                        "it is no access token: it has neither client nor scope");
    fixture.issuer.claims.scope = ZTA_TEXT("scope");
    fixture.issuer.token_type = ZTA_TEXT("at+jwt");
}

static void dates_may_have_fraction_and_exponent(void **state)
{
    static const struct {
        const char *claim;
        const char *raw;
        enum zta_reason reason;
    } cases[] = {
        {.claim = "exp", .raw = "1800000000.5", .reason = ZTA_REASON_OK},
        {.claim = "exp", .raw = "1.8e9", .reason = ZTA_REASON_OK},
        {.claim = "exp", .raw = "1799999941", .reason = ZTA_REASON_OK}, /* 59 s of 60 leeway */
        {.claim = "exp", .raw = "1799999940", .reason = ZTA_REASON_EXPIRED_CREDENTIAL},
        {.claim = "exp", .raw = "1799999940.9", .reason = ZTA_REASON_EXPIRED_CREDENTIAL},
        {.claim = "exp", .raw = "0", .reason = ZTA_REASON_EXPIRED_CREDENTIAL},
        {.claim = "exp", .raw = "253402300799", .reason = ZTA_REASON_OK},
        {.claim = "exp", .raw = "253402300800", .reason = ZTA_REASON_BAD_CREDENTIAL},
        {.claim = "exp", .raw = "1800000300000", .reason = ZTA_REASON_BAD_CREDENTIAL},
        {.claim = "nbf", .raw = "1800000060", .reason = ZTA_REASON_OK},
        {.claim = "nbf", .raw = "1800000060.1", .reason = ZTA_REASON_BAD_CREDENTIAL},
        {.claim = "nbf", .raw = NULL, .reason = ZTA_REASON_OK},
        {.claim = "iat", .raw = "1800000060", .reason = ZTA_REASON_OK},
        {.claim = "iat", .raw = "1800000061", .reason = ZTA_REASON_BAD_CREDENTIAL},
        {.claim = "auth_time", .raw = "1800000060", .reason = ZTA_REASON_OK},
        {.claim = "auth_time", .raw = "1800000061", .reason = ZTA_REASON_BAD_CREDENTIAL},
        {.claim = "auth_time", .raw = "\"1799999990\"", .reason = ZTA_REASON_BAD_CREDENTIAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (judge_claim(cases[i].claim, cases[i].raw) != cases[i].reason) {
            fail_msg("%s %s: %s", cases[i].claim, cases[i].raw, fixture.result.detail);
        }
    }
}

static const struct zta_claim *find_claim(const char *name, size_t nth)
{
    for (size_t i = 0; i < fixture.identity.n_claims; i++) {
        if (zta_text_equal(fixture.identity.claims[i].name, zta_text_of(name)) && nth-- == 0) {
            return &fixture.identity.claims[i];
        }
    }
    return NULL;
}

static void named_claims_are_kept_as_scalars(void **state)
{
    static const struct {
        const char *raw;
        enum zta_claim_kind kind;
        const char *text;
        double number;
    } cases[] = {
        {.raw = "\"x\"", .kind = ZTA_CLAIM_STRING, .text = "x"},
        {.raw = "\"\"", .kind = ZTA_CLAIM_STRING, .text = ""},
        {.raw = "7", .kind = ZTA_CLAIM_NUMBER, .text = "7", .number = 7},
        {.raw = "-7", .kind = ZTA_CLAIM_NUMBER, .text = "-7", .number = -7},
        {.raw = "0.1", .kind = ZTA_CLAIM_NUMBER, .text = "0.1", .number = 0.1},
        {.raw = "1.5e3", .kind = ZTA_CLAIM_NUMBER, .text = "1500.0", .number = 1500},
        {.raw = "0.30000000000000004",
         .kind = ZTA_CLAIM_NUMBER,
         .text = "0.30000000000000004",
         .number = 0.30000000000000004},
        {.raw = "1e300", .kind = ZTA_CLAIM_NUMBER, .text = "1e300", .number = 1e300},
        {.raw = "-2.2250738585072014e-308",
         .kind = ZTA_CLAIM_NUMBER,
         .text = "-2.2250738585072014e-308",
         .number = -2.2250738585072014e-308},
        {.raw = "9223372036854775807",
         .kind = ZTA_CLAIM_NUMBER,
         .text = "9223372036854775807",
         .number = 9223372036854775807.0},
        {.raw = "true", .kind = ZTA_CLAIM_BOOL, .text = "true", .number = 1},
        {.raw = "false", .kind = ZTA_CLAIM_BOOL, .text = "false"},
        {.raw = "[]", .kind = ZTA_CLAIM_EMPTY},
        {.raw = "{}", .kind = ZTA_CLAIM_EMPTY},
        {.raw = "[null,{},[1]]", .kind = ZTA_CLAIM_EMPTY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_ok(judge_claim("https://x.example/level", cases[i].raw));
        const struct zta_claim *claim = find_claim("\"https://x.example/level\"", 0);
        assert_non_null(claim);
        assert_null(find_claim("\"https://x.example/level\"", 1));
        assert_int_equal(claim->kind, cases[i].kind);
        expect_text(claim->text, cases[i].text);
        assert_true(claim->number == cases[i].number);
        assert_true(claim->kind != ZTA_CLAIM_EMPTY || zta_text_is_absent(claim->text));
    }
    expect_ok(judge_claim("https://x.example/level", "null"));
    assert_null(find_claim("\"https://x.example/level\"", 0));
    expect_ok(judge_claim("unnamed", "1"));
    assert_int_equal(fixture.identity.n_claims, 1); /* aud alone */
}

static void an_array_gives_several_claims_and_dots_descend(void **state)
{
    expect_ok(judge_claim("tenant", "{\"id\":[\"a\",null,2,true]}"));
    expect_text(find_claim("tenant.id", 0)->text, "a");
    expect_text(find_claim("tenant.id", 1)->text, "2");
    expect_text(find_claim("tenant.id", 2)->text, "true");
    assert_null(find_claim("tenant.id", 3));
    assert_int_equal(find_claim("tenant", 0)->kind, ZTA_CLAIM_EMPTY);
}

static void the_audience_is_kept_for_other_places(void **state)
{
    const struct zta_text second[] = {ZTA_TEXT("https://second")};
    const struct zta_text third[] = {ZTA_TEXT("https://third"), ZTA_TEXT("https://second")};
    const struct zta_text other[] = {ZTA_TEXT("https://api.example/"), ZTA_TEXT("https://API")};
    expect_ok(judge_claim("aud", "[\"https://second\",\"" TOKEN_AUD "\"]"));
    assert_true(mod_zta_token_has_audience(&fixture.identity, fixture.audiences, 1));
    assert_true(mod_zta_token_has_audience(&fixture.identity, second, 1));
    assert_true(mod_zta_token_has_audience(&fixture.identity, third, 2));
    assert_false(mod_zta_token_has_audience(&fixture.identity, third, 1));
    assert_false(mod_zta_token_has_audience(&fixture.identity, other, 2));
    assert_false(mod_zta_token_has_audience(&fixture.identity, second, 0));
    /* A rule that names it too does not double it. */
    fixture.named[0] = ZTA_TEXT("aud");
    expect_ok(judge_as(TOKEN_KEY_ED, NULL));
    assert_non_null(find_claim("aud", 0));
    assert_null(find_claim("aud", 1));
    fixture.named[0] = ZTA_TEXT("\"https://x.example/level\"");
}

static void a_place_may_ask_for_its_own_audience(void **state)
{
    const struct zta_text place[] = {ZTA_TEXT("https://second")};
    fixture.request.audiences = place;
    fixture.request.n_audiences = 1;
    assert_int_equal(judge_as(TOKEN_KEY_ED, NULL), ZTA_REASON_WRONG_AUDIENCE);
    assert_string_equal(fixture.result.detail,
                        "aud holds 'https://api.example', expected 'https://second'");
    expect_ok(judge_claim("aud", "\"https://second\""));
    fixture.request.audiences = NULL;
    fixture.request.n_audiences = 0;
    /* Neither place nor issuer names one: no token is meant for us. */
    fixture.issuer.n_audiences = 0;
    assert_int_equal(judge_as(TOKEN_KEY_ED, NULL), ZTA_REASON_WRONG_AUDIENCE);
    fixture.issuer.n_audiences = 1;
}

static void sessions_follow_sid_then_login_then_token(void **state)
{
    uint8_t sessions[6][ZTA_SESSION_ID_SIZE];
    static const struct {
        const char *tail;
        enum zta_session_kind kind;
    } cases[] = {
        {.tail = "", .kind = ZTA_SESSION_TOKEN},
        {.tail = ",\"auth_time\":1799990000", .kind = ZTA_SESSION_AUTH_TIME},
        {.tail = ",\"auth_time\":1799990000.7", .kind = ZTA_SESSION_AUTH_TIME},
        {.tail = ",\"auth_time\":1799990001", .kind = ZTA_SESSION_AUTH_TIME},
        {.tail = ",\"sid\":\"s\",\"auth_time\":1799990000", .kind = ZTA_SESSION_SID},
        {.tail = ",\"sid\":\"s\"", .kind = ZTA_SESSION_SID},
    };
    for (size_t i = 0; i < 6; i++) {
        expect_ok(judge_more(cases[i].tail));
        assert_int_equal(fixture.identity.session_kind, cases[i].kind);
        memcpy(sessions[i], fixture.identity.session, ZTA_SESSION_ID_SIZE);
    }
    /* The same login is the same session, whichever token of it comes. */
    assert_memory_equal(sessions[1], sessions[2], ZTA_SESSION_ID_SIZE);
    assert_memory_equal(sessions[4], sessions[5], ZTA_SESSION_ID_SIZE);
    assert_memory_not_equal(sessions[0], sessions[1], ZTA_SESSION_ID_SIZE);
    assert_memory_not_equal(sessions[1], sessions[3], ZTA_SESSION_ID_SIZE);
    assert_memory_not_equal(sessions[3], sessions[4], ZTA_SESSION_ID_SIZE);
    expect_ok(judge_claim("jti", "\"id-2\""));
    assert_memory_not_equal(sessions[0], fixture.identity.session, ZTA_SESSION_ID_SIZE);
    expect_ok(judge_claim("sub", "\"bob\""));
    assert_memory_not_equal(sessions[0], fixture.identity.session, ZTA_SESSION_ID_SIZE);
}

static void a_token_id_is_of_issuer_and_jti_or_of_the_signed_text(void **state)
{
    const struct zta_text parts[] = {ZTA_TEXT("corp"), ZTA_TEXT("id-1")};
    struct zta_sha256 wanted;
    zta_sha256_parts(parts, 2, &wanted);
    expect_ok(judge_as(TOKEN_KEY_EC, NULL));
    assert_memory_equal(&fixture.identity.token_id, &wanted, sizeof wanted);

    /* Two good ECDSA signatures of one text are one token. */
    fixture.issuer.token_type = ZTA_TEXT("any");
    expect_ok(judge_as(TOKEN_KEY_EC, &(struct token_change){.claim = "jti"}));
    zta_sha256(token, (size_t)(strrchr(token, '.') - token), &wanted);
    assert_memory_equal(&fixture.identity.token_id, &wanted, sizeof wanted);
    expect_ok(judge_as(TOKEN_KEY_EC, &(struct token_change){.claim = "jti"}));
    assert_memory_equal(&fixture.identity.token_id, &wanted, sizeof wanted);
    fixture.issuer.token_type = ZTA_TEXT("at+jwt");
}

static void a_cached_identity_expires(void **state)
{
    expect_ok(judge_as(TOKEN_KEY_ED, NULL));
    assert_false(mod_zta_token_is_expired(&fixture.identity, 60, TOKEN_NOW + 359));
    assert_true(mod_zta_token_is_expired(&fixture.identity, 60, TOKEN_NOW + 360));
    assert_true(mod_zta_token_is_expired(&fixture.identity, 0, TOKEN_NOW + 300));
    struct zta_identity apikey = {.expires_s = 0};
    assert_false(mod_zta_token_is_expired(&apikey, 0, TOKEN_NOW));
}

static void what_does_not_fit_is_refused(void **state)
{
    /* 192 values fit, one more does not; so with 64 claims. */
    char tail[4096];
    for (int n = 188; n <= 189; n++) { /* two roles and two scopes are there */
        struct zta_buffer buffer;
        zta_buffer_init(&buffer, tail, sizeof tail);
        zta_buffer_string(&buffer, ",\"groups\":[\"g\"");
        for (int i = 1; i < n; i++) {
            zta_buffer_string(&buffer, ",\"g\"");
        }
        zta_buffer_string(&buffer, "]");
        assert_int_equal(judge_more(tail), n == 188 ? ZTA_REASON_OK : ZTA_REASON_BAD_CREDENTIAL);
    }
    assert_string_equal(fixture.result.detail, "too many roles, groups, scopes and amr values");
    for (int n = 63; n <= 64; n++) {
        struct zta_buffer buffer;
        zta_buffer_init(&buffer, tail, sizeof tail);
        zta_buffer_string(&buffer, ",\"tenant\":[1");
        for (int i = 1; i < n; i++) {
            zta_buffer_string(&buffer, ",1");
        }
        zta_buffer_string(&buffer, "]");
        assert_int_equal(judge_more(tail), n == 63 ? ZTA_REASON_OK : ZTA_REASON_BAD_CREDENTIAL);
    }
    assert_string_equal(fixture.result.detail, "too many values of claims that are kept");
    expect_text(fixture.identity.subject, NULL);
    assert_int_equal(fixture.identity.n_claims, 0);

    token_len = token_make(&fixture, TOKEN_KEY_ED, NULL, token);
    fixture.request.token = (struct zta_text){.data = token, .len = token_len};
    size_t needed = 0;
    do {
        mod_zta_token_judge(&fixture.request, fixture.storage, needed++, &fixture.identity,
                            &fixture.result);
    } while (fixture.result.reason == ZTA_REASON_BAD_CREDENTIAL && needed < 1000);
    assert_int_equal(fixture.result.reason, ZTA_REASON_OK);
    assert_in_range(needed, 50, 200);
}

static void whose_a_refused_token_claims_to_be_is_told_without_the_name(void **state)
{
    const size_t len = token_make(&fixture, TOKEN_KEY_ED, NULL, token);
    char *signature = strrchr(token, '.') + 1;
    signature[0] = signature[0] == 'A' ? 'B' : 'A';
    assert_int_equal(token_judge(&fixture, (struct zta_text){.data = token, .len = len}),
                     ZTA_REASON_BAD_CREDENTIAL);
    assert_true(fixture.result.is_bad_for_good);
    const uint16_t account = fixture.result.account;
    assert_int_not_equal(account, 0);
    expect_ok(judge_as(TOKEN_KEY_ED, NULL));
    assert_int_equal(fixture.result.account, account);
    assert_int_equal(
        judge_as(TOKEN_KEY_ED, &(struct token_change){.claim = "sub", .claim_raw = "\"bob\""}),
        ZTA_REASON_OK);
    assert_int_not_equal(fixture.result.account, account);
}

static void an_issuer_without_keys_is_unavailable_not_unauthorised(void **state)
{
    fixture.issuer.keyring = NULL;
    assert_int_equal(judge_as(TOKEN_KEY_ED, NULL), ZTA_REASON_ISSUER_UNAVAILABLE);
    assert_false(fixture.result.is_bad_for_good);
    assert_ptr_equal(fixture.result.issuer, &fixture.issuer);
    fixture.issuer.keyring = fixture.keyring;
}

static void keys_that_are_too_old_leave_the_issuer_unavailable(void **state)
{
    struct zta_held held;
    struct mod_zta_keyset *keyset = NULL;
    struct mod_zta_keyring *former = fixture.keyring;
    struct mod_zta_keyring *ageing = NULL;
    static char jwks[JOSE_TEXT_MAX];
    static char jwk[JOSE_TEXT_MAX];
    jose_jwk(fixture.keys[TOKEN_KEY_ED], "ed", "", jwk);
    (void)snprintf(jwks, sizeof jwks, "{\"keys\":[%.*s]}", JOSE_TEXT_MAX - 16, jwk);
    assert_int_equal(
        mod_zta_keyset_load(zta_text_of(jwks), fixture.issuer.algs, NULL, NULL, &keyset, NULL),
        ZTA_OK);
    assert_int_equal(mod_zta_keyring_open(60, &ageing), ZTA_OK);
    assert_int_equal(mod_zta_keyring_replace(ageing, &keyset, TOKEN_NOW - 60), ZTA_OK);
    fixture.issuer.keyring = ageing;
    expect_ok(judge_as(TOKEN_KEY_ED, NULL));
    fixture.request.now_s = TOKEN_NOW + 1;
    assert_int_equal(judge_as(TOKEN_KEY_ED, NULL), ZTA_REASON_ISSUER_UNAVAILABLE);
    assert_non_null(strstr(fixture.result.detail, "too old"));
    assert_false(fixture.result.is_bad_for_good || fixture.result.is_key_unknown);
    fixture.request.now_s = TOKEN_NOW;
    /* Whatever came out, nothing is held: all slots can be replaced. */
    assert_int_equal(mod_zta_keyring_acquire(ageing, TOKEN_NOW, &held), ZTA_OK);
    mod_zta_keyring_release(ageing, &held);
    fixture.issuer.keyring = former;
    mod_zta_keyring_close(&ageing);
}

static void only_an_unknown_key_is_worth_asking_for(void **state)
{
    static const struct {
        const char *header;
        const char *raw;
        bool is_unknown;
    } cases[] = {
        {.header = "kid", .raw = "\"new\"", .is_unknown = true},
        {.header = "kid", .raw = "\"rsa\"", .is_unknown = false}, /* known, of another alg */
        {.header = "alg", .raw = "\"ES512\"", .is_unknown = false},
        {.header = "typ", .raw = "\"JWT\"", .is_unknown = false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(judge_as(TOKEN_KEY_ED, &(struct token_change){.header = cases[i].header,
                                                                       .header_raw = cases[i].raw}),
                         ZTA_REASON_BAD_CREDENTIAL);
        assert_int_equal(fixture.result.is_key_unknown, cases[i].is_unknown);
        assert_false(fixture.result.is_bad_for_good);
    }
    expect_ok(judge_as(TOKEN_KEY_ED, NULL));
    assert_false(fixture.result.is_key_unknown);
    assert_true(fixture.result.keys_hash != 0 &&
                fixture.result.keys_hash == mod_zta_keyring_hash(fixture.keyring, TOKEN_NOW));
}

static void details_are_safe_to_print(void **state)
{
    assert_int_equal(judge_claim("iss", "\"x\\u001b[2J\\r\\nfake\\u202e\""),
                     ZTA_REASON_UNKNOWN_ISSUER);
    assert_string_equal(fixture.result.detail,
                        "iss 'x\\x1b[2J\\x0d\\x0afake\\xe2\\x80\\xae' is not accepted here");
    assert_int_equal(judge_claim("aud", "\"https://a-very-long-audience-that-goes-on-an"
                                        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\""),
                     ZTA_REASON_WRONG_AUDIENCE);
    assert_string_equal(fixture.result.detail,
                        "aud holds 'https://a-very-long-audience-that-goes-on-an...', "
                        "expected 'https://api.example'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_token_of_each_key_is_accepted),
        cmocka_unit_test(the_identity_holds_what_the_token_says),
        cmocka_unit_test(what_a_token_is_bound_to_stands_in_its_identity),
        cmocka_unit_test(what_the_token_does_not_say_is_unknown),
        cmocka_unit_test(lists_take_texts_numbers_and_scim_values),
        cmocka_unit_test(scopes_are_exact_tokens),
        cmocka_unit_test(claims_come_from_where_the_issuer_says),
        cmocka_unit_test(without_client_id_the_azp_is_the_client),
        cmocka_unit_test(a_loose_token_type_asks_for_other_signs),
        cmocka_unit_test(dates_may_have_fraction_and_exponent),
        cmocka_unit_test(named_claims_are_kept_as_scalars),
        cmocka_unit_test(an_array_gives_several_claims_and_dots_descend),
        cmocka_unit_test(the_audience_is_kept_for_other_places),
        cmocka_unit_test(a_place_may_ask_for_its_own_audience),
        cmocka_unit_test(sessions_follow_sid_then_login_then_token),
        cmocka_unit_test(a_token_id_is_of_issuer_and_jti_or_of_the_signed_text),
        cmocka_unit_test(a_cached_identity_expires),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(whose_a_refused_token_claims_to_be_is_told_without_the_name),
        cmocka_unit_test(an_issuer_without_keys_is_unavailable_not_unauthorised),
        cmocka_unit_test(keys_that_are_too_old_leave_the_issuer_unavailable),
        cmocka_unit_test(only_an_unknown_key_is_worth_asking_for),
        cmocka_unit_test(details_are_safe_to_print),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
