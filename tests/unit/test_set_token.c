/* SPDX-License-Identifier: Apache-2.0 */
/* Security events: what good ones say, and that every single defect refuses them by its code. */
#include "mod_zta/identity/set_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/json_members.h"
#include "tests/unit/token_fixture.h"

#define CAEP "https://schemas.openid.net/secevent/caep/event-type/"
#define RISC "https://schemas.openid.net/secevent/risc/event-type/"
#define SSF  "https://schemas.openid.net/secevent/ssf/event-type/"
#define FROM "https://ssf.example"

#define ALICE   "{\"format\":\"iss_sub\",\"iss\":\"" TOKEN_URL "\",\"sub\":\"alice\"}"
#define EVENT   "{\"event_timestamp\":1799999980}"
#define REVOKED "{\"" CAEP "session-revoked\":" EVENT "}"

static const struct member good_header[] = {
    {.name = "alg", .raw = "\"EdDSA\""},
    {.name = "typ", .raw = "\"secevent+jwt\""},
    {.name = "kid", .raw = "\"ed\""},
};
static const struct member good_claims[] = {
    {.name = "iss", .raw = "\"" FROM "\""},    {.name = "aud", .raw = "\"https://proxy.example\""},
    {.name = "iat", .raw = "1799999990"},      {.name = "jti", .raw = "\"id-1\""},
    {.name = "txn", .raw = "\"transaction\""}, {.name = "sub_id", .raw = ALICE},
    {.name = "events", .raw = REVOKED},
};

static struct token_fixture fixture;
static const struct zta_text audience = ZTA_TEXT("https://proxy.example");
static struct mod_zta_issuer own;
static struct mod_zta_issuer other;
static const struct mod_zta_issuer *speaks_for[2];
static struct mod_zta_transmitter transmitter;
static struct mod_zta_set_result result;

static int open_fixture(void **state)
{
    (void)state;
    token_fixture_open(&fixture);
    own = fixture.issuer;
    own.name = ZTA_TEXT("signals");
    own.url = ZTA_TEXT(FROM);
    own.audiences = &audience;
    own.n_audiences = 1;
    other = fixture.issuer;
    other.name = ZTA_TEXT("other");
    other.url = ZTA_TEXT("https://other.example");
    speaks_for[0] = &fixture.issuer;
    speaks_for[1] = &other;
    return 0;
}

static int close_fixture(void **state)
{
    (void)state;
    token_fixture_close(&fixture);
    return 0;
}

static int usual_transmitter(void **state)
{
    (void)state;
    transmitter =
        (struct mod_zta_transmitter){.issuer = &own, .speaks_for = speaks_for, .n_speaks_for = 1};
    return 0;
}

static enum mod_zta_set_verdict judge_text(struct zta_text token)
{
    const struct mod_zta_transmitter *all[] = {&transmitter};
    mod_zta_set_judge(token, all, 1, TOKEN_NOW, &result);
    return result.verdict;
}

/* The good token with one header and one claim changed. */
static enum mod_zta_set_verdict judge(struct member header, struct member claim)
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

static enum mod_zta_set_verdict judge_claim(const char *name, const char *raw)
{
    return judge((struct member){.name = NULL}, (struct member){.name = name, .raw = raw});
}

/* An event of that type with those members, about alice. */
static enum mod_zta_set_verdict judge_event(const char *uri, const char *members)
{
    static char events[2048];
    (void)snprintf(events, sizeof(events), "{\"%s\":{%s}}", uri, members);
    return judge_claim("events", events);
}

static void expect_good(enum mod_zta_set_verdict verdict)
{
    if (verdict != MOD_ZTA_SET_ACCEPTED) {
        fail_msg("refused: %s: %s", result.err, result.detail);
    }
}

static void expect_refused(enum mod_zta_set_verdict verdict, const char *err, const char *what)
{
    if (verdict != MOD_ZTA_SET_REFUSED || result.err == NULL || strcmp(result.err, err) != 0 ||
        result.detail[0] == '\0') {
        fail_msg("%s: verdict %d, %s: %s", what, (int)verdict, result.err, result.detail);
    }
}

static void expect_text(struct zta_text text, const char *expected)
{
    if (expected == NULL ? !zta_text_is_absent(text)
                         : !zta_text_equal(text, zta_text_of(expected))) {
        fail_msg("'%.*s', expected %s", (int)text.len, text.data != NULL ? text.data : "",
                 expected != NULL ? expected : "none");
    }
}

static void a_good_event_says_who_what_and_when(void **state)
{
    (void)state;
    const struct zta_notice *notice = &result.notice;
    expect_good(judge_claim(NULL, NULL));
    assert_int_equal(notice->kind, ZTA_NOTICE_SESSION_REVOKED);
    assert_int_equal(notice->effect, ZTA_NOTICE_END_LOGINS);
    assert_int_equal(notice->reach, ZTA_NOTICE_ONE);
    expect_text(notice->transmitter, "signals");
    expect_text(notice->issuer, "corp");
    expect_text(notice->subject, "alice");
    expect_text(notice->sid, NULL);
    expect_text(notice->jti, "id-1");
    expect_text(notice->type, "session-revoked");
    assert_int_equal(notice->event_s, 1799999980);
    assert_int_equal(notice->issued_s, 1799999990);
    assert_int_equal(notice->expires_s, 1799999990 + MOD_ZTA_SET_AGE_MAX_S + 60);
    assert_ptr_equal(result.transmitter, &transmitter);
    /* Without its own time the token's counts, toe before it. */
    expect_good(judge_event(CAEP "session-revoked", ""));
    assert_int_equal(notice->event_s, 1799999990);
    expect_good(judge_claim("toe", "1799999970"));
    assert_int_equal(notice->event_s, 1799999980);
}

static void forms_that_the_specifications_allow_are_good(void **state)
{
    (void)state;
    expect_good(judge_claim("aud", "[\"elsewhere\",\"https://proxy.example\"]"));
    expect_good(judge_claim("iat", "1799999990.5"));
    expect_good(judge_claim("iat", "1800000060"));
    expect_good(judge_claim("iat", "1799400000"));
    expect_good(judge_claim("txn", NULL));
    expect_good(judge_claim("anything", "{\"else\":1}"));
    expect_good(judge((struct member){.name = "typ", .raw = "\"application/SECEVENT+jwt\""},
                      (struct member){.name = NULL}));
    expect_good(judge_event(CAEP "session-revoked",
                            "\"initiating_entity\":\"policy\",\"reason_admin\":{\"en\":\"left\"},"
                            "\"reason_user\":{\"de\":\"weg\"},\"new\":[1]"));
    expect_text(result.notice.detail, "left");
}

/* Header or claim, and the code by which it is refused. */
struct defect {
    bool is_header;
    struct member member;
    const char *err;
};

static const struct defect defects[] = {
    {true, {"typ", NULL}, "invalid_request"},
    {true, {"typ", "\"JWT\""}, "invalid_request"},
    {true, {"typ", "\"at+jwt\""}, "invalid_request"},
    {true, {"typ", "\"logout+jwt\""}, "invalid_request"},
    {true, {"crit", "[\"b64\"]"}, "invalid_request"},
    {true, {"alg", "\"none\""}, "invalid_key"},
    {true, {"alg", "\"RS256\""}, "invalid_key"},
    {true, {"kid", "\"nobody's\""}, "invalid_key"},
    {true, {"kid", "7"}, "invalid_request"},
    {false, {"iss", NULL}, "invalid_issuer"},
    {false, {"iss", "\"" FROM "/\""}, "invalid_issuer"},
    {false, {"iss", "\"" TOKEN_URL "\""}, "invalid_issuer"},
    {false, {"aud", NULL}, "invalid_audience"},
    {false, {"aud", "\"https://proxy.example/\""}, "invalid_audience"},
    {false, {"aud", "[\"https://proxy.example\",7]"}, "invalid_audience"},
    {false, {"sub", "\"alice\""}, "invalid_request"},
    {false, {"sub", "null"}, "invalid_request"},
    {false, {"exp", "1800000600"}, "invalid_request"},
    {false, {"nonce", "\"n\""}, "invalid_request"},
    {false, {"iat", NULL}, "invalid_request"},
    {false, {"iat", "\"1799999990\""}, "invalid_request"},
    {false, {"iat", "0"}, "invalid_request"},
    {false, {"iat", "1800000061"}, "invalid_request"},
    {false, {"iat", "1799395199"}, "invalid_request"},
    {false, {"iat", "1799999990000"}, "invalid_request"},
    {false, {"toe", "1800000900"}, "invalid_request"},
    {false, {"jti", NULL}, "invalid_request"},
    {false, {"jti", "\"\""}, "invalid_request"},
    {false, {"jti", "7"}, "invalid_request"},
    {false, {"txn", "7"}, "invalid_request"},
    {false, {"txn", "\"\""}, "invalid_request"},
    {false, {"events", NULL}, "invalid_request"},
    {false, {"events", "{}"}, "invalid_request"},
    {false, {"events", "[]"}, "invalid_request"},
    {false, {"events", "{\"" CAEP "session-revoked\":[]}"}, "invalid_request"},
    {false, {"events", "{\"" CAEP "session-revoked\":null}"}, "invalid_request"},
    {false, {"events", "{\"\":{}}"}, "invalid_request"},
    {false,
     {"events", "{\"" CAEP "session-revoked\":{},\"" RISC "account-purged\":{}}"},
     "invalid_request"},
    {false, {"sub_id", NULL}, "invalid_request"},
    {false, {"sub_id", "\"alice\""}, "invalid_request"},
    {false, {"sub_id", "{}"}, "invalid_request"},
    {false, {"sub_id", "{\"format\":\"alien\",\"id\":\"x\"}"}, "invalid_request"},
    {false, {"sub_id", "{\"format\":\"opaque\"}"}, "invalid_request"},
    {false, {"sub_id", "{\"format\":\"opaque\",\"id\":\"\"}"}, "invalid_request"},
    {false, {"sub_id", "{\"format\":\"opaque\",\"id\":null}"}, "invalid_request"},
    {false, {"sub_id", "{\"format\":\"email\",\"id\":\"x\"}"}, "invalid_request"},
    {false, {"sub_id", "{\"format\":\"iss_sub\",\"sub\":\"alice\"}"}, "invalid_request"},
    {false, {"sub_id", "{\"subject_type\":\"opaque\",\"id\":\"x\"}"}, "invalid_request"},
    {false, {"sub_id", "{\"format\":\"ip-addresses\",\"ip-addresses\":[]}"}, "invalid_request"},
    {false, {"sub_id", "{\"format\":\"aliases\",\"identifiers\":[]}"}, "invalid_request"},
    {false,
     {"sub_id", "{\"format\":\"aliases\",\"identifiers\":[{\"format\":\"aliases\","
                "\"identifiers\":[" ALICE "]}]}"},
     "invalid_request"},
    {false,
     {"sub_id", "{\"format\":\"complex\",\"user\":{\"format\":\"complex\"}}"},
     "invalid_request"},
    {false,
     {"sub_id", "{\"format\":\"iss_sub\",\"iss\":\"https://other.example\",\"sub\":\"alice\"}"},
     "access_denied"},
    {false,
     {"sub_id", "{\"format\":\"complex\",\"session\":{\"format\":\"opaque\",\"id\":\"s\"},"
                "\"user\":{\"format\":\"iss_sub\",\"iss\":\"https://x.example\",\"sub\":\"a\"}}"},
     "access_denied"},
};

static void every_defect_refuses_by_its_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(defects) / sizeof(defects[0]); i++) {
        const struct defect *defect = &defects[i];
        const struct member none = {.name = NULL};
        char what[160];
        (void)snprintf(what, sizeof(what), "%s %.100s", defect->member.name,
                       defect->member.raw != NULL ? defect->member.raw : "missing");
        expect_refused(judge(defect->is_header ? defect->member : none,
                             defect->is_header ? none : defect->member),
                       defect->err, what);
    }
    char token[] = "e30.e30.";
    expect_refused(judge_text(zta_text_of(token)), "invalid_request", "no signature");
    expect_refused(judge_text(zta_text_of("")), "invalid_request", "nothing");
}

static void members_of_events_are_as_their_definitions_want_them(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        const char *members;
    } bad[] = {
        {CAEP "session-revoked", "\"event_timestamp\":\"1799999980\""},
        {CAEP "session-revoked", "\"event_timestamp\":1799999980000"},
        {CAEP "session-revoked", "\"event_timestamp\":1800000900"},
        {CAEP "session-revoked", "\"initiating_entity\":\"robot\""},
        {CAEP "session-revoked", "\"reason_admin\":\"left\""},
        {CAEP "session-revoked", "\"reason_admin\":{}"},
        {CAEP "session-revoked", "\"reason_user\":{\"en\":7}"},
        {CAEP "token-claims-change", ""},
        {CAEP "token-claims-change", "\"claims\":{}"},
        {CAEP "token-claims-change", "\"claims\":[1]"},
        {CAEP "credential-change", "\"change_type\":\"delete\""},
        {CAEP "credential-change", "\"credential_type\":\"pin\",\"change_type\":\"lost\""},
        {CAEP "assurance-level-change", "\"namespace\":\"NIST-AAL\""},
        {CAEP "assurance-level-change", "\"namespace\":\"NIST-AAL\",\"current_level\":\"nist-"
                                        "aal1\",\"change_direction\":\"down\""},
        {CAEP "device-compliance-change", "\"current_status\":\"compliant\""},
        {CAEP "device-compliance-change",
         "\"previous_status\":\"compliant\",\"current_status\":\"broken\""},
        {CAEP "risk-level-change", "\"principal\":\"USER\",\"current_level\":\"low\""},
        {CAEP "risk-level-change", "\"principal\":\"USER\",\"current_level\":\"CRITICAL\""},
        {CAEP "risk-level-change", "\"current_level\":\"HIGH\""},
        {CAEP "risk-level-change",
         "\"principal\":\"USER\",\"current_level\":\"HIGH\",\"previous_level\":\"none\""},
        {RISC "credential-compromise", ""},
        {SSF "stream-updated", "\"status\":\"broken\""},
        {SSF "verification", "\"state\":7"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect_refused(judge_event(bad[i].uri, bad[i].members), "invalid_request", bad[i].members);
    }
}

static void every_event_has_its_effect(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        const char *members;
        enum zta_notice_effect effect;
        uint8_t level;
    } cases[] = {
        {CAEP "session-revoked", "", ZTA_NOTICE_END_LOGINS, 0},
        {CAEP "token-claims-change", "\"claims\":{\"role\":\"guest\"}", ZTA_NOTICE_END_TOKENS, 0},
        {CAEP "credential-change", "\"credential_type\":\"pin\",\"change_type\":\"revoke\"",
         ZTA_NOTICE_END_LOGINS, 0},
        {CAEP "credential-change", "\"credential_type\":\"app\",\"change_type\":\"create\"",
         ZTA_NOTICE_NOTE, 0},
        {CAEP "assurance-level-change",
         "\"namespace\":\"NIST-AAL\",\"current_level\":\"1\",\"change_direction\":\"decrease\"",
         ZTA_NOTICE_STEP_UP, 0},
        {CAEP "assurance-level-change", "\"namespace\":\"NIST-AAL\",\"current_level\":\"1\"",
         ZTA_NOTICE_STEP_UP, 0},
        {CAEP "assurance-level-change",
         "\"namespace\":\"NIST-AAL\",\"current_level\":\"3\",\"change_direction\":\"increase\"",
         ZTA_NOTICE_NOTE, 0},
        {CAEP "risk-level-change", "\"principal\":\"USER\",\"current_level\":\"HIGH\"",
         ZTA_NOTICE_RISK, ZTA_NOTICE_RISK_HIGH},
        {CAEP "session-established", "\"fp_ua\":\"x\",\"amr\":[\"pwd\"]", ZTA_NOTICE_NOTE, 0},
        {CAEP "session-presented", "", ZTA_NOTICE_NOTE, 0},
        {RISC "account-credential-change-required", "", ZTA_NOTICE_END_LOGINS, 0},
        {RISC "account-purged", "", ZTA_NOTICE_END_LOGINS, 0},
        {RISC "account-disabled", "\"reason\":\"hijacking\"", ZTA_NOTICE_END_LOGINS, 0},
        {RISC "account-enabled", "", ZTA_NOTICE_NOTE, 0},
        {RISC "identifier-changed", "\"new-value\":\"x\"", ZTA_NOTICE_END_LOGINS, 0},
        {RISC "identifier-recycled", "", ZTA_NOTICE_END_LOGINS, 0},
        {RISC "credential-compromise", "\"credential_type\":\"password\"", ZTA_NOTICE_END_LOGINS,
         0},
        {RISC "opt-in", "", ZTA_NOTICE_NOTE, 0},
        {RISC "opt-out-initiated", "", ZTA_NOTICE_NOTE, 0},
        {RISC "opt-out-cancelled", "", ZTA_NOTICE_NOTE, 0},
        {RISC "opt-out-effective", "", ZTA_NOTICE_NOTE, 0},
        {RISC "recovery-activated", "", ZTA_NOTICE_RISK, ZTA_NOTICE_RISK_MEDIUM},
        {RISC "recovery-information-changed", "", ZTA_NOTICE_RISK, ZTA_NOTICE_RISK_MEDIUM},
        {RISC "sessions-revoked", "", ZTA_NOTICE_END_LOGINS, 0},
        {SSF "verification", "\"state\":\"s\"", ZTA_NOTICE_STREAM, ZTA_NOTICE_VERIFIED},
        {SSF "stream-updated", "\"status\":\"paused\"", ZTA_NOTICE_STREAM, ZTA_NOTICE_PAUSED},
        {"https://events.example/odd", "\"any\":1", ZTA_NOTICE_NOTE, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_good(judge_event(cases[i].uri, cases[i].members));
        const struct zta_notice *notice = &result.notice;
        if (notice->effect != cases[i].effect || notice->level != cases[i].level) {
            fail_msg("%s {%s}: effect %d, level %d", cases[i].uri, cases[i].members,
                     (int)notice->effect, notice->level);
        }
    }
    /* A device's compliance is about a device, by whatever plain subject. */
    expect_good(judge_claim("sub_id", "{\"format\":\"opaque\",\"id\":\"laptop-1\"}"));
    expect_text(result.notice.sid, "laptop-1");
}

#define COMPLEX(members) "{\"format\":\"complex\"" members "}"
#define USER             ",\"user\":" ALICE
#define SESSION          ",\"session\":{\"format\":\"opaque\",\"id\":\"s-1\"}"
#define DEVICE           ",\"device\":{\"format\":\"opaque\",\"id\":\"laptop\"}"
#define CLIENT           ",\"application\":{\"format\":\"opaque\",\"id\":\"web\"}"
#define TENANT           ",\"tenant\":{\"format\":\"opaque\",\"id\":\"t\"}"
#define GROUP            ",\"group\":{\"format\":\"opaque\",\"id\":\"g\"}"
#define STRANGER         ",\"user\":{\"format\":\"email\",\"email\":\"a@example.com\"}"

static const struct {
    const char *subject;
    enum zta_notice_reach reach;
    const char *names[5]; /* sid, subject, client, device, token */
} subjects[] = {
    {ALICE, ZTA_NOTICE_ONE, {NULL, "alice"}},
    {"{\"format\":\"opaque\",\"id\":\"s-1\"}", ZTA_NOTICE_ONE, {"s-1"}},
    {"{\"format\":\"account\",\"uri\":\"acct:alice@x\"}", ZTA_NOTICE_ONE, {NULL, "acct:alice@x"}},
    {"{\"format\":\"uri\",\"uri\":\"urn:a\"}", ZTA_NOTICE_ONE, {NULL, "urn:a"}},
    {"{\"format\":\"did\",\"url\":\"did:a:b\"}", ZTA_NOTICE_ONE, {NULL, "did:a:b"}},
    {"{\"format\":\"jwt_id\",\"iss\":\"" TOKEN_URL "\",\"jti\":\"j-1\"}",
     ZTA_NOTICE_ONE,
     {NULL, NULL, NULL, NULL, "j-1"}},
    {"{\"format\":\"email\",\"email\":\"alice@example.com\"}", ZTA_NOTICE_NOBODY, {NULL}},
    {"{\"format\":\"phone_number\",\"phone_number\":\"+41\"}", ZTA_NOTICE_NOBODY, {NULL}},
    {"{\"format\":\"saml_assertion_id\",\"issuer\":\"i\",\"assertion_id\":\"a\"}",
     ZTA_NOTICE_NOBODY,
     {NULL}},
    {"{\"format\":\"ip-addresses\",\"ip-addresses\":[\"192.0.2.1\"]}", ZTA_NOTICE_NOBODY, {NULL}},
    {"{\"format\":\"aliases\",\"identifiers\":[{\"format\":\"email\",\"email\":\"a@b\"}," ALICE
     "]}",
     ZTA_NOTICE_ONE,
     {NULL, "alice"}},
    {COMPLEX(USER), ZTA_NOTICE_ONE, {NULL, "alice"}},
    {COMPLEX(USER SESSION), ZTA_NOTICE_ONE, {"s-1", "alice"}},
    {COMPLEX(SESSION TENANT), ZTA_NOTICE_ONE, {"s-1"}},
    {COMPLEX(SESSION STRANGER), ZTA_NOTICE_ONE, {"s-1"}},
    {COMPLEX(USER DEVICE), ZTA_NOTICE_ONE, {NULL, "alice", NULL, "laptop"}},
    {COMPLEX(USER CLIENT TENANT GROUP), ZTA_NOTICE_ONE, {NULL, "alice", "web"}},
    {COMPLEX(DEVICE TENANT), ZTA_NOTICE_ONE, {NULL, NULL, NULL, "laptop"}},
    /* The wildcard trap: what is left out must not make it about everybody. */
    {COMPLEX(), ZTA_NOTICE_MANY, {NULL}},
    {COMPLEX(TENANT), ZTA_NOTICE_MANY, {NULL}},
    {COMPLEX(GROUP), ZTA_NOTICE_MANY, {NULL}},
    {COMPLEX(CLIENT), ZTA_NOTICE_MANY, {NULL, NULL, "web"}},
    {COMPLEX(USER DEVICE CLIENT), ZTA_NOTICE_UNPROCESSED, {NULL, "alice", "web", "laptop"}},
    {COMPLEX(STRANGER), ZTA_NOTICE_UNPROCESSED, {NULL}},
    {COMPLEX(DEVICE STRANGER), ZTA_NOTICE_UNPROCESSED, {NULL}},
    {COMPLEX(USER ",\"robot\":{\"format\":\"opaque\",\"id\":\"r\"}"),
     ZTA_NOTICE_UNPROCESSED,
     {NULL}},
};

static void subjects_are_who_is_known_and_never_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        const struct zta_notice *notice = &result.notice;
        expect_good(judge_claim("sub_id", subjects[i].subject));
        if (notice->reach != subjects[i].reach) {
            fail_msg("%s: reach %d", subjects[i].subject, (int)notice->reach);
        }
        expect_text(notice->sid, subjects[i].names[0]);
        expect_text(notice->subject, subjects[i].names[1]);
        expect_text(notice->client, subjects[i].names[2]);
        expect_text(notice->device, subjects[i].names[3]);
        expect_text(notice->token, subjects[i].names[4]);
    }
}

static void critical_members_that_nobody_can_look_at_discard(void **state)
{
    (void)state;
    transmitter.critical = 1u << MOD_ZTA_SET_TENANT;
    expect_good(judge_claim("sub_id", COMPLEX(USER SESSION)));
    assert_int_equal(result.notice.reach, ZTA_NOTICE_ONE);
    expect_good(judge_claim("sub_id", COMPLEX(USER SESSION TENANT)));
    assert_int_equal(result.notice.reach, ZTA_NOTICE_UNPROCESSED);
    expect_text(result.notice.subject, NULL);
    transmitter.critical = 1u << MOD_ZTA_SET_USER;
    expect_good(judge_claim("sub_id", COMPLEX(SESSION STRANGER)));
    assert_int_equal(result.notice.reach, ZTA_NOTICE_UNPROCESSED);
}

static void with_several_issuers_only_the_named_one_is_meant(void **state)
{
    (void)state;
    transmitter.n_speaks_for = 2;
    expect_good(judge_claim(NULL, NULL));
    expect_text(result.notice.issuer, "corp");
    expect_good(judge_claim("sub_id", "{\"format\":\"iss_sub\",\"iss\":\"https://other.example\","
                                      "\"sub\":\"alice\"}"));
    expect_text(result.notice.issuer, "other");
    expect_good(judge_claim("sub_id", "{\"format\":\"opaque\",\"id\":\"s-1\"}"));
    assert_int_equal(result.notice.reach, ZTA_NOTICE_NOBODY);
    expect_good(judge_claim("sub_id", COMPLEX(DEVICE)));
    assert_int_equal(result.notice.reach, ZTA_NOTICE_MANY);
    /* Aliases of two issuers are two people as far as anybody knows. */
    expect_good(judge_claim("sub_id", "{\"format\":\"aliases\",\"identifiers\":[" ALICE
                                      ",{\"format\":\"iss_sub\",\"iss\":\"https://other.example\","
                                      "\"sub\":\"al\"}]}"));
    expect_text(result.notice.subject, "alice");
}

static void a_principal_says_of_whom_the_risk_is(void **state)
{
    (void)state;
    static const struct {
        const char *principal;
        enum zta_notice_reach reach;
    } cases[] = {
        {"USER", ZTA_NOTICE_ONE},      {"SESSION", ZTA_NOTICE_ONE},  {"DEVICE", ZTA_NOTICE_ONE},
        {"TENANT", ZTA_NOTICE_NOBODY}, {"GROUP", ZTA_NOTICE_NOBODY},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char members[128];
        (void)snprintf(members, sizeof(members), "\"principal\":\"%s\",\"current_level\":\"HIGH\"",
                       cases[i].principal);
        expect_good(judge_event(CAEP "risk-level-change", members));
        if (result.notice.reach != cases[i].reach) {
            fail_msg("%s: reach %d", cases[i].principal, (int)result.notice.reach);
        }
    }
}

static void drafts_are_taken_where_they_are_asked_for(void **state)
{
    (void)state;
    static const char draft[] =
        "{\"" CAEP "session-revoked\":{\"event_timestamp\":1799999980123,\"reason_admin\":\"left\","
        "\"subject\":{\"subject_type\":\"iss-sub\",\"iss\":\"" TOKEN_URL "\",\"sub\":\"bob\"}}}";
    expect_refused(judge_claim("events", draft), "invalid_request", "a draft");
    transmitter.is_legacy = true;
    expect_good(judge_claim("events", draft));
    assert_int_equal(result.notice.event_s, 1799999980);
    expect_text(result.notice.subject, "alice"); /* sub_id of the token comes first */
    expect_good(judge_claim(NULL, NULL));
    expect_refused(judge_claim("exp", "1800000600"), "invalid_request", "exp");
}

static void what_cannot_be_checked_now_is_no_refusal(void **state)
{
    (void)state;
    own.keyring = NULL;
    assert_int_equal(judge_claim(NULL, NULL), MOD_ZTA_SET_UNAVAILABLE);
    own.keyring = fixture.keyring;
    expect_refused(
        judge((struct member){.name = "kid", .raw = "\"new\""}, (struct member){.name = NULL}),
        "invalid_key", "kid");
    assert_true(result.is_key_unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_good_event_says_who_what_and_when, usual_transmitter),
        cmocka_unit_test_setup(forms_that_the_specifications_allow_are_good, usual_transmitter),
        cmocka_unit_test_setup(every_defect_refuses_by_its_code, usual_transmitter),
        cmocka_unit_test_setup(members_of_events_are_as_their_definitions_want_them,
                               usual_transmitter),
        cmocka_unit_test_setup(every_event_has_its_effect, usual_transmitter),
        cmocka_unit_test_setup(subjects_are_who_is_known_and_never_more, usual_transmitter),
        cmocka_unit_test_setup(critical_members_that_nobody_can_look_at_discard, usual_transmitter),
        cmocka_unit_test_setup(with_several_issuers_only_the_named_one_is_meant, usual_transmitter),
        cmocka_unit_test_setup(a_principal_says_of_whom_the_risk_is, usual_transmitter),
        cmocka_unit_test_setup(drafts_are_taken_where_they_are_asked_for, usual_transmitter),
        cmocka_unit_test_setup(what_cannot_be_checked_now_is_no_refusal, usual_transmitter),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
