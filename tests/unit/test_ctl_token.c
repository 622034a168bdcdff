/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ztactl says of a token is what the module's judge says, place by place; no input does harm.
 */
#include "admin-tui/token_judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/store/keysets.h"
#include "shared/store/signals.h"
#include "tests/unit/scratch_store.h"
#include "tests/unit/token_fixture.h"

#define MAP_SIZE (UINT64_C(64) << 20)

static struct token_fixture fixture;
static struct scratch_store scratch;
static char jwks[JOSE_TEXT_MAX];

static const struct zta_text issuer_names[] = {{.data = "corp", .len = 4}};
static const struct zta_text unknown_names[] = {{.data = "gone", .len = 4}};
static const struct zta_text alg_names[] = {
    {.data = "RS256", .len = 5}, {.data = "ES256", .len = 5}, {.data = "EdDSA", .len = 5}};
static const struct zta_text audiences[] = {{.data = TOKEN_AUD, .len = sizeof TOKEN_AUD - 1}};
static const struct zta_text others[] = {{.data = "https://other", .len = 13}};

static struct zta_accepted_issuer issuer = {
    .name = {.data = "corp", .len = 4},
    .url = {.data = TOKEN_URL, .len = sizeof TOKEN_URL - 1},
    .token_type = {.data = "at+jwt", .len = 6},
    .algs = {.items = alg_names, .n = 3},
    .audiences = {.items = audiences, .n = 1},
    .claims =
        {
            [ZTA_ACCEPTED_SUBJECT] = {.data = "sub", .len = 3},
            [ZTA_ACCEPTED_CLIENT] = {.data = "client_id", .len = 9},
            [ZTA_ACCEPTED_ROLES] = {.data = "roles", .len = 5},
            [ZTA_ACCEPTED_GROUPS] = {.data = "groups", .len = 6},
            [ZTA_ACCEPTED_SCOPE] = {.data = "scope", .len = 5},
            [ZTA_ACCEPTED_SESSION] = {.data = "sid", .len = 3},
            [ZTA_ACCEPTED_ACR] = {.data = "acr", .len = 3},
        },
    .leeway_s = 60,
};

static struct zta_accepting_place place = {
    .server = {.data = "a:443", .len = 5},
    .path = {.data = "/", .len = 1},
    .issuers = {.items = issuer_names, .n = 1},
    .mode = ZTA_MODE_ENFORCE,
    .sources = ZTA_TOKEN_IN_AUTHORIZATION,
    .header_max = 8190,
};

static struct zta_keyset_record record;

static struct zta_change *begin(void)
{
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_change_begin(scratch.store, "test", &change, &error), ZTA_OK);
    return change;
}

static void commit(struct zta_change *change)
{
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
}

static void publish(const struct zta_accepting_place *places, size_t n)
{
    const struct zta_acceptance acceptance = {
        .issuers = &issuer,
        .n_issuers = 1,
        .places = places,
        .n_places = n,
        .claims = {.items = fixture.named, .n = TOKEN_NAMED},
    };
    struct zta_change *change = begin();
    assert_int_equal(zta_acceptance_put(change, &acceptance), ZTA_OK);
    assert_int_equal(zta_keyset_put(change, &record), ZTA_OK);
    commit(change);
}

static int open_group(void **state)
{
    static const char *const kids[] = {"rsa", "ec", "ed"};
    struct zta_buffer buffer;
    token_fixture_open(&fixture);
    zta_buffer_init(&buffer, jwks, sizeof jwks);
    zta_buffer_string(&buffer, "{\"keys\":[");
    for (size_t i = 0; i < TOKEN_N_KEYS; i++) {
        char jwk[JOSE_TEXT_MAX];
        jose_jwk(fixture.keys[i], kids[i], "", jwk);
        zta_buffer_string(&buffer, i == 0 ? "" : ",");
        zta_buffer_string(&buffer, jwk);
    }
    zta_buffer_string(&buffer, "]}");
    assert_false(buffer.is_overflowed);
    return 0;
}

static int close_group(void **state)
{
    token_fixture_close(&fixture);
    return 0;
}

static int open_store(void **state)
{
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    record = (struct zta_keyset_record){
        .name = issuer.name,
        .url = issuer.url,
        .keys = ZTA_TEXT("discover"),
        .source = mod_zta_issuer_source(issuer.name, issuer.url, ZTA_TEXT("discover")),
        .jwks = zta_text_of(jwks),
        .stale_s = 3600,
        .fetched_s = TOKEN_NOW - 100,
    };
    issuer.keys_file = zta_text_of(NULL);
    publish(&place, 1);
    return 0;
}

static int close_store(void **state)
{
    scratch_store_close(&scratch);
    return 0;
}

static enum zta_status judge(struct zta_text token, struct ctl_token_judgement **judgement)
{
    struct zta_view *view = NULL;
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    enum zta_status status = ctl_token_judge(view, token, TOKEN_NOW, judgement, &error);
    zta_view_end(&view);
    return status;
}

/* The judgement of the good token with one difference; the caller closes it. */
static struct ctl_token_judgement *judge_change(const struct token_change *change)
{
    static char token[JOSE_TEXT_MAX];
    struct ctl_token_judgement *judgement = NULL;
    size_t len = token_make(&fixture, TOKEN_KEY_EC, change, token);
    struct zta_text text = {.data = token, .len = len};
    assert_int_equal(judge(text, &judgement), ZTA_OK);
    (void)token_judge(&fixture, text);
    return judgement;
}

/* ---- the same as the module ---- */

static const struct token_change changes[] = {
    {.claim = NULL},
    {.header = "alg", .header_raw = "\"none\""},
    {.header = "alg", .header_raw = "\"RS256\""},
    {.header = "alg", .header_raw = NULL},
    {.header = "typ", .header_raw = "\"JWT\""},
    {.header = "typ", .header_raw = NULL},
    {.header = "kid", .header_raw = "\"nobody\""},
    {.header = "kid", .header_raw = "\"rsa\""},
    {.header = "kid", .header_raw = "7"},
    {.header_tail = ",\"crit\":[\"exp\"],\"exp\":1"},
    {.header_tail = ",\"b64\":false"},
    {.header_tail = ",\"alg\":\"ES256\""},
    {.claim = "iss", .claim_raw = "\"https://evil\""},
    {.claim = "iss", .claim_raw = NULL},
    {.claim = "aud", .claim_raw = "\"https://other\""},
    {.claim = "aud", .claim_raw = "[\"https://other\",\"" TOKEN_AUD "\"]"},
    {.claim = "aud", .claim_raw = "[7]"},
    {.claim = "aud", .claim_raw = NULL},
    {.claim = "exp", .claim_raw = "1799999000"},
    {.claim = "exp", .claim_raw = "1799999990"},
    {.claim = "exp", .claim_raw = "\"1900000000\""},
    {.claim = "exp", .claim_raw = "1e400"},
    {.claim = "exp", .claim_raw = NULL},
    {.claim = "iat", .claim_raw = "1800009999"},
    {.claim = "sub", .claim_raw = NULL},
    {.claim = "sub", .claim_raw = "7"},
    {.claim = "jti", .claim_raw = NULL},
    {.claim = "nbf", .claim_raw = "1800009999"},
    {.claims_tail = ",\"auth_time\":1800009999"},
    {.claims_tail = ",\"cnf\":{}"},
    {.claims_tail = ",\"cnf\":{\"jkt\":\"short\"}"},
    {.claims_tail = ",\"sid\":\"s\",\"sid\":\"t\""},
    {.claims_tail = ",\"acr\":7"},
};

static void each_token_is_judged_as_the_module_judges_it(void **state)
{
    size_t n_good = 0;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct ctl_token_judgement *judgement = judge_change(&changes[i]);
        const struct mod_zta_token_result *module = &fixture.result;
        if (judgement->best->reason != module->reason) {
            fail_msg("change %zu: %s, the module says %s (%s)", i,
                     zta_reason_name(judgement->best->reason), zta_reason_name(module->reason),
                     module->detail);
        }
        assert_string_equal(judgement->best->detail, module->detail);
        assert_int_equal(judgement->best->outcome == CTL_TOKEN_ACCEPTED,
                         module->reason == ZTA_REASON_OK);
        n_good += module->reason == ZTA_REASON_OK;
        if (module->reason == ZTA_REASON_OK) {
            assert_memory_equal(judgement->identity->session, fixture.identity.session,
                                sizeof fixture.identity.session);
            assert_memory_equal(&judgement->identity->token_id, &fixture.identity.token_id,
                                sizeof fixture.identity.token_id);
            assert_int_equal(judgement->identity->n_claims, fixture.identity.n_claims);
        }
        ctl_token_judgement_close(&judgement);
        assert_null(judgement);
    }
    assert_int_equal(n_good, 3); /* as it is, two audiences, within the leeway */
}

static void whose_a_token_is_is_said_wherever_it_is_refused(void **state)
{
    static const struct token_change proved[] = {
        {.claim = "exp", .claim_raw = "1799999940"},
        {.claim = "aud", .claim_raw = "\"https://other\""},
        {.claim = "nbf", .claim_raw = "1800000100"},
    };
    static const struct token_change unproved[] = {
        {.header = "kid", .header_raw = "\"nobody\""},
        {.claim = "iss", .claim_raw = "\"https://evil\""},
        {.header = "typ", .header_raw = "\"JWT\""},
    };
    for (size_t i = 0; i < sizeof proved / sizeof proved[0]; i++) {
        struct ctl_token_judgement *judgement = judge_change(&proved[i]);
        assert_int_equal(judgement->best->outcome, CTL_TOKEN_REFUSED);
        assert_int_equal(judgement->signature, CTL_SIGNATURE_GOOD);
        assert_non_null(judgement->identity);
        assert_true(zta_text_equal(judgement->identity->subject, judgement->said.subject));
        ctl_token_judgement_close(&judgement);
    }
    for (size_t i = 0; i < sizeof unproved / sizeof unproved[0]; i++) {
        struct ctl_token_judgement *judgement = judge_change(&unproved[i]);
        assert_int_equal(judgement->signature, CTL_SIGNATURE_UNCHECKED);
        assert_null(judgement->identity);
        assert_false(zta_text_is_absent(judgement->said.subject));
        ctl_token_judgement_close(&judgement);
    }
}

/* ---- places ---- */

static void a_place_has_its_own_issuers_audiences_and_bindings(void **state)
{
    static const char jkt[] = ",\"cnf\":{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}";
    static const char both[] =
        ",\"cnf\":{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\",\"x5t#S256\":"
        "\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}";
    struct zta_accepting_place places[9];
    for (size_t i = 0; i < 9; i++) {
        places[i] = place;
    }
    places[1].issuers.n = 0;
    places[2].issuers = (struct zta_texts){.items = unknown_names, .n = 1};
    places[3].audiences = (struct zta_texts){.items = others, .n = 1};
    places[4].takes_dpop = true;
    places[5].takes_dpop = places[5].requires_dpop = true;
    places[6].takes_dpop = true;
    places[6].sources = ZTA_TOKEN_IN_COOKIE;
    places[7].sources = 0;
    places[8].header_max = 100;
    publish(places, 9);
    static const struct {
        const char *tail;
        enum zta_reason reasons[9];
    } rows[] = {
        {.tail = "",
         .reasons = {ZTA_REASON_OK, ZTA_REASON_UNKNOWN_ISSUER, ZTA_REASON_UNKNOWN_ISSUER,
                     ZTA_REASON_WRONG_AUDIENCE, ZTA_REASON_OK, ZTA_REASON_BINDING_FAILED,
                     ZTA_REASON_OK, ZTA_REASON_NO_CREDENTIAL, ZTA_REASON_BAD_REQUEST}},
        {.tail = jkt,
         .reasons = {ZTA_REASON_BINDING_FAILED, ZTA_REASON_UNKNOWN_ISSUER,
                     ZTA_REASON_UNKNOWN_ISSUER, ZTA_REASON_WRONG_AUDIENCE, ZTA_REASON_OK,
                     ZTA_REASON_OK, ZTA_REASON_BINDING_FAILED, ZTA_REASON_NO_CREDENTIAL,
                     ZTA_REASON_BAD_REQUEST}},
        {.tail = both,
         .reasons = {ZTA_REASON_BINDING_FAILED, ZTA_REASON_UNKNOWN_ISSUER,
                     ZTA_REASON_UNKNOWN_ISSUER, ZTA_REASON_WRONG_AUDIENCE, ZTA_REASON_OK,
                     ZTA_REASON_OK, ZTA_REASON_BINDING_FAILED, ZTA_REASON_NO_CREDENTIAL,
                     ZTA_REASON_BAD_REQUEST}},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        const struct token_change change = {.claims_tail = rows[row].tail};
        struct ctl_token_judgement *judgement = judge_change(&change);
        size_t n_accepting = 0;
        assert_int_equal(judgement->n_places, 9);
        for (size_t i = 0; i < 9; i++) {
            const struct ctl_token_place *at = &judgement->places[i];
            const bool is_accepted = rows[row].reasons[i] == ZTA_REASON_OK;
            assert_int_equal(at->reason, rows[row].reasons[i]);
            assert_int_equal(at->needs_proof, is_accepted && row > 0);
            assert_int_equal(at->needs_certificate, is_accepted && row > 1);
            n_accepting += is_accepted;
        }
        assert_int_equal(judgement->n_accepting, n_accepting);
        assert_int_equal(judgement->best->outcome, CTL_TOKEN_ACCEPTED);
        ctl_token_judgement_close(&judgement);
    }
}

static void of_several_refusals_the_last_on_the_way_is_told(void **state)
{
    struct zta_accepting_place places[3] = {place, place, place};
    places[0].sources = 0;
    places[1].audiences = (struct zta_texts){.items = others, .n = 1};
    places[2].issuers.n = 0;
    publish(places, 3);
    struct ctl_token_judgement *judgement = judge_change(&changes[0]);
    assert_int_equal(judgement->best->reason, ZTA_REASON_WRONG_AUDIENCE);
    assert_int_equal(judgement->n_accepting, 0);
    ctl_token_judgement_close(&judgement);
}

static void an_opaque_token_is_left_to_its_issuer(void **state)
{
    struct ctl_token_judgement *judgement = NULL;
    assert_int_equal(judge(ZTA_TEXT("an-opaque-token-of-some-length"), &judgement), ZTA_OK);
    assert_int_equal(judgement->best->reason, ZTA_REASON_BAD_CREDENTIAL);
    ctl_token_judgement_close(&judgement);
    issuer.is_introspected = true;
    publish(&place, 1);
    assert_int_equal(judge(ZTA_TEXT("an-opaque-token-of-some-length"), &judgement), ZTA_OK);
    assert_int_equal(judgement->best->outcome, CTL_TOKEN_UNDECIDED);
    assert_true(zta_text_equal(judgement->best->issuer, issuer.name));
    ctl_token_judgement_close(&judgement);
    judgement = judge_change(&changes[0]);
    assert_int_equal(judgement->best->outcome, CTL_TOKEN_ACCEPTED);
    ctl_token_judgement_close(&judgement);
    issuer.asks_about_jwts = true;
    publish(&place, 1);
    judgement = judge_change(&changes[0]);
    assert_int_equal(judgement->best->outcome, CTL_TOKEN_UNDECIDED);
    ctl_token_judgement_close(&judgement);
    issuer.is_introspected = issuer.asks_about_jwts = false;
}

/* ---- keys ---- */

static enum zta_reason reason_with_keys(void)
{
    publish(&place, 1);
    struct ctl_token_judgement *judgement = judge_change(&changes[0]);
    enum zta_reason reason = judgement->best->reason;
    assert_int_equal(judgement->identity != NULL, reason == ZTA_REASON_OK);
    ctl_token_judgement_close(&judgement);
    return reason;
}

static void keys_that_the_proxy_would_not_use_are_not_used(void **state)
{
    const struct zta_keyset_record good = record;
    assert_int_equal(reason_with_keys(), ZTA_REASON_OK);
    record.source++;
    assert_int_equal(reason_with_keys(), ZTA_REASON_ISSUER_UNAVAILABLE);
    record = good;
    record.jwks = ZTA_TEXT("");
    assert_int_equal(reason_with_keys(), ZTA_REASON_ISSUER_UNAVAILABLE);
    record.jwks = ZTA_TEXT("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}");
    assert_int_equal(reason_with_keys(), ZTA_REASON_ISSUER_UNAVAILABLE);
    record.jwks = ZTA_TEXT("nonsense");
    assert_int_equal(reason_with_keys(), ZTA_REASON_ISSUER_UNAVAILABLE);
    record = good;
    record.fetched_s = TOKEN_NOW - record.stale_s - 1;
    assert_int_equal(reason_with_keys(), ZTA_REASON_ISSUER_UNAVAILABLE);
    record.fetched_s = TOKEN_NOW - record.stale_s;
    assert_int_equal(reason_with_keys(), ZTA_REASON_OK);
    /* A time ahead makes keys no younger than now. */
    record.fetched_s = TOKEN_NOW + 100000;
    assert_int_equal(reason_with_keys(), ZTA_REASON_OK);
}

static void newer_keys_are_asked_for_where_they_can_come(void **state)
{
    const struct token_change unknown = {.header = "kid", .header_raw = "\"nobody\""};
    struct ctl_token_judgement *judgement = judge_change(&unknown);
    assert_true(judgement->best->asks_for_keys && judgement->keys.is_fetched);
    assert_int_equal(judgement->keys.fetched_s, TOKEN_NOW - 100);
    ctl_token_judgement_close(&judgement);
    issuer.keys_file = ZTA_TEXT("/nonexistent/keys");
    publish(&place, 1);
    judgement = judge_change(&unknown);
    assert_false(judgement->best->asks_for_keys || judgement->keys.is_fetched);
    assert_false(judgement->keys.differs); /* what cannot be read tells nothing */
    ctl_token_judgement_close(&judgement);
}

static bool differs_from(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    struct ctl_token_judgement *judgement = judge_change(&changes[0]);
    assert_int_equal(judgement->best->outcome, CTL_TOKEN_ACCEPTED);
    bool differs = judgement->keys.differs;
    ctl_token_judgement_close(&judgement);
    return differs;
}

static void a_file_is_compared_with_what_the_server_read(void **state)
{
    char path[SCRATCH_DIR_MAX + 16];
    char other[JOSE_TEXT_MAX + 1];
    (void)snprintf(path, sizeof path, "%s/keys", scratch.top);
    issuer.keys_file = zta_text_of(path);
    publish(&place, 1);
    assert_false(differs_from(path, jwks));
    (void)snprintf(other, sizeof other, "%s ", jwks);
    assert_true(differs_from(path, other));
    memcpy(other, jwks, sizeof jwks);
    other[strlen(other) - 1] = ' ';
    assert_true(differs_from(path, other));
    assert_true(differs_from(path, ""));
    issuer.keys_file = zta_text_of(NULL);
}

/* ---- the store ---- */

static void a_logout_that_its_issuer_signalled_is_told(void **state)
{
    struct zta_signal_message message = {
        .signal = {.kind = ZTA_SIGNAL_SESSION, .issuer = issuer.name, .sid = ZTA_TEXT("s-1")},
        .expires_s = TOKEN_NOW + 100,
    };
    const struct zta_signal_delivery delivery = {
        .segment_id = 1, .letter = 1, .now_ns = TOKEN_NOW * ZTA_NS_PER_S};
    const struct token_change session = {.claims_tail = ",\"sid\":\"s-1\""};
    struct zta_change *change = begin();
    assert_int_equal(zta_signal_put(change, &message, &delivery), ZTA_OK);
    commit(change);
    struct ctl_token_judgement *judgement = judge_change(&session);
    assert_int_equal(judgement->best->reason, ZTA_REASON_REVOKED);
    assert_string_equal(judgement->revoked_by, "signal, a logout of its session");
    assert_string_equal(judgement->best->detail, "revoked by signal, a logout of its session");
    ctl_token_judgement_close(&judgement);
    judgement = judge_change(&changes[0]);
    assert_null(judgement->revoked_by);
    ctl_token_judgement_close(&judgement);
}

static void without_what_the_server_published_nothing_is_judged(void **state)
{
    struct ctl_token_judgement *judgement = NULL;
    publish(&place, 0);
    assert_int_equal(judge(ZTA_TEXT("a.b.c"), &judgement), ZTA_NOT_FOUND);
    scratch_store_close(&scratch);
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    assert_int_equal(judge(ZTA_TEXT("a.b.c"), &judgement), ZTA_NOT_FOUND);
    assert_null(judgement);
}

/* ---- whatever comes in ---- */

static void any_input_is_judged_and_none_accepted(void **state)
{
    static const struct zta_text inputs[] = {
        {.data = "", .len = 0},
        {.data = "\0", .len = 1},
        {.data = ".", .len = 1},
        {.data = "..", .len = 2},
        {.data = "...", .len = 3},
        {.data = "a b", .len = 3},
        {.data = "a,b", .len = 3},
        {.data = "=", .len = 1},
        {.data = "e30.e30.AA", .len = 10},
        {.data = "\xff\xfe", .len = 2},
        {.data = "a\nb", .len = 3},
    };
    struct ctl_token_judgement *judgement = NULL;
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        assert_int_equal(judge(inputs[i], &judgement), ZTA_OK);
        assert_int_equal(judgement->best->outcome, CTL_TOKEN_REFUSED);
        assert_int_not_equal(judgement->best->reason, ZTA_REASON_OK);
        ctl_token_judgement_close(&judgement);
    }
    char token[JOSE_TEXT_MAX];
    size_t len = token_make(&fixture, TOKEN_KEY_EC, NULL, token);
    for (size_t cut = 1; cut < len; cut++) {
        /* Just as large, so that a sanitizer sees a step beyond. */
        char *copy = malloc(cut);
        assert_non_null(copy);
        memcpy(copy, token, cut);
        assert_int_equal(judge((struct zta_text){.data = copy, .len = cut}, &judgement), ZTA_OK);
        assert_int_equal(judgement->best->outcome, CTL_TOKEN_REFUSED);
        ctl_token_judgement_close(&judgement);
        free(copy);
    }
    assert_int_equal(judge(ZTA_TEXT("zta_an-api-key"), &judgement), ZTA_INVALID);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
    const struct CMUnitTest tests[] = {
        WITH_STORE(each_token_is_judged_as_the_module_judges_it),
        WITH_STORE(whose_a_token_is_is_said_wherever_it_is_refused),
        WITH_STORE(a_place_has_its_own_issuers_audiences_and_bindings),
        WITH_STORE(of_several_refusals_the_last_on_the_way_is_told),
        WITH_STORE(an_opaque_token_is_left_to_its_issuer),
        WITH_STORE(keys_that_the_proxy_would_not_use_are_not_used),
        WITH_STORE(newer_keys_are_asked_for_where_they_can_come),
        WITH_STORE(a_file_is_compared_with_what_the_server_read),
        WITH_STORE(a_logout_that_its_issuer_signalled_is_told),
        WITH_STORE(without_what_the_server_published_nothing_is_judged),
        WITH_STORE(any_input_is_judged_and_none_accepted),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
