/* SPDX-License-Identifier: Apache-2.0 */
/* Revocations: which verified identities a record refuses, and which it leaves alone. */
#include "shared/store/revocations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/operator_store.h"

#define T      1000000 /* the watermark of most cases */
#define LEEWAY 60

static enum zta_status change(enum zta_status (*fn)(struct zta_change *,
                                                    const struct zta_revocation *),
                              const struct zta_revocation *record)
{
    struct zta_change *begun = operator_begin();
    enum zta_status status = fn(begun, record);
    operator_commit(begun);
    return status;
}

static void revoke(struct zta_revocation record)
{
    assert_int_equal(change(zta_revocation_put, &record), ZTA_OK);
}

/* 0: not revoked, else the kind that hit. */
static int ask_with_leeway(const struct zta_identity *identity, int64_t leeway_s)
{
    struct zta_view *view;
    bool is_revoked = false;
    enum zta_revocation_kind hit = 0;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_revocation_find(view, identity, leeway_s, &is_revoked, &hit), ZTA_OK);
    zta_view_end(&view);
    return is_revoked ? (int)hit : 0;
}

static int ask(const struct zta_identity *identity)
{
    return ask_with_leeway(identity, LEEWAY);
}

/* Alice at corp through app, logged in long after T, in a session of that kind. */
static void alice(struct zta_identity *identity, enum zta_session_kind kind)
{
    zta_identity_init(identity);
    identity->credential = ZTA_CREDENTIAL_TOKEN;
    identity->session_kind = kind;
    identity->issuer = ZTA_TEXT("corp");
    identity->subject = ZTA_TEXT("alice");
    identity->client = ZTA_TEXT("app");
    identity->auth_time_s = T + 100000;
    memset(identity->session, 5, sizeof(identity->session));
    memset(identity->token_id.bytes, 6, sizeof(identity->token_id.bytes));
    if (kind == ZTA_SESSION_SID) {
        identity->sid = ZTA_TEXT("s1");
    }
}

static void nothing_is_revoked_in_an_empty_store(void **state)
{
    (void)state;
    static struct zta_identity identity;
    alice(&identity, ZTA_SESSION_SID);
    assert_int_equal(ask(&identity), 0);
    identity.auth_time_s = 0;
    assert_int_equal(ask(&identity), 0);
}

static void a_sid_is_refused_whatever_the_times_say(void **state)
{
    (void)state;
    static struct zta_identity identity;
    alice(&identity, ZTA_SESSION_SID);
    struct zta_revocation record = {.kind = ZTA_REVOKE_SESSION, .session_kind = ZTA_SESSION_SID};
    memcpy(record.session, identity.session, sizeof(record.session));
    revoke(record);
    assert_int_equal(ask(&identity), ZTA_REVOKE_SESSION);
    identity.issued_s = T + 999999;
    identity.auth_time_s = T + 999999;
    assert_int_equal(ask(&identity), ZTA_REVOKE_SESSION);
    identity.session[0] ^= 1;
    assert_int_equal(ask(&identity), 0);
}

static void a_session_without_sid_is_a_login_watermark(void **state)
{
    (void)state;
    static const enum zta_session_kind kinds[] = {ZTA_SESSION_CNF, ZTA_SESSION_AUTH_TIME,
                                                  ZTA_SESSION_TOKEN};
    static struct zta_identity identity;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct zta_revocation record = {.kind = ZTA_REVOKE_SESSION,
                                        .session_kind = kinds[i],
                                        .issuer = ZTA_TEXT("corp"),
                                        .subject = ZTA_TEXT("alice"),
                                        .client = ZTA_TEXT("app"),
                                        .watermark_s = T};
        revoke(record);
        alice(&identity, kinds[i]);
        identity.session[3] ^= 7; /* another token of the same login */
        identity.auth_time_s = T;
        assert_int_equal(ask(&identity), ZTA_REVOKE_SESSION);
        identity.auth_time_s = T + LEEWAY + 1;
        assert_int_equal(ask(&identity), 0);
        identity.auth_time_s = T;
        identity.client = ZTA_TEXT("other");
        assert_int_equal(ask(&identity), 0);
        alice(&identity, ZTA_SESSION_SID); /* tokens with sid are not meant */
        identity.auth_time_s = T;
        assert_int_equal(ask(&identity), 0);
        assert_int_equal(change(zta_revocation_remove, &record), ZTA_OK);
    }
}

static void a_session_without_client_has_its_own_watermark(void **state)
{
    (void)state;
    static struct zta_identity identity;
    revoke((struct zta_revocation){.kind = ZTA_REVOKE_SESSION,
                                   .session_kind = ZTA_SESSION_AUTH_TIME,
                                   .issuer = ZTA_TEXT("corp"),
                                   .subject = ZTA_TEXT("alice"),
                                   .watermark_s = T});
    alice(&identity, ZTA_SESSION_AUTH_TIME);
    identity.auth_time_s = T;
    assert_int_equal(ask(&identity), 0);
    identity.client = ZTA_TEXT("");
    assert_int_equal(ask(&identity), 0);
    identity.client = zta_text_of(NULL);
    assert_int_equal(ask(&identity), ZTA_REVOKE_SESSION);
}

static void the_watermark_ends_at_t_plus_leeway_inclusively(void **state)
{
    (void)state;
    static const struct {
        int64_t auth_time_s;
        int64_t leeway_s;
        bool is_refused;
    } cases[] = {
        {.auth_time_s = T - 1000, .leeway_s = 0, .is_refused = true},
        {.auth_time_s = T, .leeway_s = 0, .is_refused = true},
        {.auth_time_s = T + 1, .leeway_s = 0, .is_refused = false},
        {.auth_time_s = T + 60, .leeway_s = 60, .is_refused = true},
        {.auth_time_s = T + 61, .leeway_s = 60, .is_refused = false},
        {.auth_time_s = 0, .leeway_s = 60, .is_refused = true},  /* unknown */
        {.auth_time_s = -5, .leeway_s = 60, .is_refused = true}, /* absurd */
        {.auth_time_s = T, .leeway_s = -60, .is_refused = true}, /* never below T */
        {.auth_time_s = INT64_MAX, .leeway_s = INT64_MAX, .is_refused = true},
        {.auth_time_s = INT64_MAX, .leeway_s = 0, .is_refused = false},
    };
    static struct zta_identity identity;
    revoke((struct zta_revocation){.kind = ZTA_REVOKE_SUBJECT,
                                   .issuer = ZTA_TEXT("corp"),
                                   .subject = ZTA_TEXT("alice"),
                                   .watermark_s = T});
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        alice(&identity, ZTA_SESSION_SID);
        identity.auth_time_s = cases[i].auth_time_s;
        assert_int_equal(ask_with_leeway(&identity, cases[i].leeway_s),
                         cases[i].is_refused ? ZTA_REVOKE_SUBJECT : 0);
    }
}

static void the_watermark_never_goes_back(void **state)
{
    (void)state;
    static struct zta_identity identity;
    struct zta_revocation record = {.kind = ZTA_REVOKE_SUBJECT,
                                    .issuer = ZTA_TEXT("corp"),
                                    .subject = ZTA_TEXT("alice"),
                                    .watermark_s = T};
    revoke(record);
    record.watermark_s = T - 5000;
    revoke(record);
    alice(&identity, ZTA_SESSION_SID);
    identity.auth_time_s = T;
    assert_int_equal(ask(&identity), ZTA_REVOKE_SUBJECT);
    record.watermark_s = T + 5000;
    revoke(record);
    identity.auth_time_s = T + 5000;
    assert_int_equal(ask(&identity), ZTA_REVOKE_SUBJECT);
    assert_int_equal(change(zta_revocation_remove, &record), ZTA_OK);
    assert_int_equal(ask(&identity), 0);
    record.watermark_s = T;
    revoke(record);
    assert_int_equal(ask(&identity), 0);
}

static void each_kind_hits_what_it_names(void **state)
{
    (void)state;
    static struct zta_identity identity;
    struct zta_revocation token = {.kind = ZTA_REVOKE_TOKEN};
    memset(token.token_id.bytes, 6, sizeof(token.token_id.bytes));
    const struct {
        struct zta_revocation record;
        const char *issuer;
        const char *subject;
        const char *client;
        const char *apikey_id;
        bool is_hit;
    } cases[] = {
        {.record = {.kind = ZTA_REVOKE_SUBJECT, .subject = ZTA_TEXT("alice")}, .is_hit = true},
        {.record = {.kind = ZTA_REVOKE_SUBJECT, .subject = ZTA_TEXT("alice")}, .subject = "bob"},
        {.record = {.kind = ZTA_REVOKE_SUBJECT, .subject = ZTA_TEXT("alice")}, .issuer = "lab"},
        {.record = {.kind = ZTA_REVOKE_CLIENT, .client = ZTA_TEXT("app")}, .is_hit = true},
        {.record = {.kind = ZTA_REVOKE_CLIENT, .client = ZTA_TEXT("app")}, .client = "web"},
        {.record = {.kind = ZTA_REVOKE_CLIENT, .client = ZTA_TEXT("app")}, .issuer = "lab"},
        {.record = {.kind = ZTA_REVOKE_CLIENT, .client = ZTA_TEXT("alice")}},
        {.record = {.kind = ZTA_REVOKE_ISSUER}, .is_hit = true},
        {.record = {.kind = ZTA_REVOKE_ISSUER}, .issuer = "lab"},
        {.record = {.kind = ZTA_REVOKE_APIKEY, .apikey_id = ZTA_TEXT("0123456789ab")},
         .apikey_id = "0123456789ab",
         .is_hit = true},
        {.record = {.kind = ZTA_REVOKE_APIKEY, .apikey_id = ZTA_TEXT("0123456789ab")},
         .apikey_id = "0123456789aX"},
        {.record = {.kind = ZTA_REVOKE_APIKEY, .apikey_id = ZTA_TEXT("0123456789ab")}},
        {.record = token, .is_hit = true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zta_revocation record = cases[i].record;
        record.issuer = ZTA_TEXT("corp");
        record.watermark_s = T;
        revoke(record);
        alice(&identity, ZTA_SESSION_SID);
        identity.auth_time_s = T;
        if (cases[i].issuer != NULL) {
            identity.issuer = zta_text_of(cases[i].issuer);
        }
        if (cases[i].subject != NULL) {
            identity.subject = zta_text_of(cases[i].subject);
        }
        if (cases[i].client != NULL) {
            identity.client = zta_text_of(cases[i].client);
        }
        identity.apikey_id = zta_text_of(cases[i].apikey_id);
        assert_int_equal(ask(&identity), cases[i].is_hit ? (int)record.kind : 0);
        assert_int_equal(change(zta_revocation_remove, &record), ZTA_OK);
        assert_int_equal(change(zta_revocation_remove, &record), ZTA_NOT_FOUND);
    }
}

static bool is_device_revoked(const char *device, const struct zta_identity *identity)
{
    struct zta_view *view;
    bool is_revoked = false;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(
        zta_revocation_find_device(view, zta_text_of(device), identity, LEEWAY, &is_revoked),
        ZTA_OK);
    zta_view_end(&view);
    return is_revoked;
}

static bool has_devices(void)
{
    struct zta_view *view;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    bool has = zta_revocation_has_devices(view);
    zta_view_end(&view);
    return has;
}

static void a_device_that_something_else_names_is_held_to_its_watermark(void **state)
{
    (void)state;
    static struct zta_identity identity;
    struct zta_revocation record = {
        .kind = ZTA_REVOKE_DEVICE, .device = ZTA_TEXT("LT-1"), .watermark_s = T};
    alice(&identity, ZTA_SESSION_SID);
    assert_false(has_devices());
    revoke(record);
    assert_true(has_devices());
    /* As a token's claim names it, of whatever issuer and subject. */
    assert_int_equal(ask(&identity), 0);
    identity.auth_time_s = T;
    assert_int_equal(ask(&identity), 0);
    identity.device = ZTA_TEXT("LT-2");
    assert_int_equal(ask(&identity), 0);
    identity.device = ZTA_TEXT("LT-1");
    assert_int_equal(ask(&identity), ZTA_REVOKE_DEVICE);
    identity.issuer = ZTA_TEXT("lab");
    identity.subject = ZTA_TEXT("bob");
    assert_int_equal(ask(&identity), ZTA_REVOKE_DEVICE);
    identity.auth_time_s = T + LEEWAY + 1;
    assert_int_equal(ask(&identity), 0);
    assert_false(is_device_revoked("LT-1", &identity)); /* logged in later */
    identity.auth_time_s = T + LEEWAY;
    assert_true(is_device_revoked("LT-1", &identity));
    assert_false(is_device_revoked("LT-2", &identity));
    identity.auth_time_s = 0; /* nobody knows when: until unrevoked */
    assert_true(is_device_revoked("LT-1", &identity));
    assert_int_equal(change(zta_revocation_remove, &record), ZTA_OK);
    assert_false(is_device_revoked("LT-1", &identity));
    assert_false(has_devices());
}

/* By its first 16 bytes: that is what an event tells an operator. */
static void a_token_id_is_refused_for_good(void **state)
{
    (void)state;
    static struct zta_identity identity;
    struct zta_revocation token = {.kind = ZTA_REVOKE_TOKEN};
    memset(token.token_id.bytes, 6, ZTA_SESSION_ID_SIZE);
    revoke(token);
    alice(&identity, ZTA_SESSION_TOKEN);
    assert_int_equal(ask(&identity), ZTA_REVOKE_TOKEN);
    identity.token_id.bytes[15] ^= 1;
    assert_int_equal(ask(&identity), 0);
}

static void a_session_of_an_api_key_is_that_very_one(void **state)
{
    (void)state;
    static struct zta_identity identity;
    alice(&identity, ZTA_SESSION_APIKEY);
    identity.auth_time_s = 0;
    struct zta_revocation record = {.kind = ZTA_REVOKE_SESSION, .session_kind = ZTA_SESSION_APIKEY};
    memcpy(record.session, identity.session, sizeof(record.session));
    revoke(record);
    assert_int_equal(ask(&identity), ZTA_REVOKE_SESSION);
    identity.session[0] ^= 1; /* another key of the same owner */
    assert_int_equal(ask(&identity), 0);
}

static void names_of_any_length_stay_apart(void **state)
{
    (void)state;
    static char name[2000];
    memset(name, 'n', sizeof(name));
    static const size_t lengths[] = {1, 255, 500, 501, 502, 503, 504, 505, 506, 511, 512, 2000};
    static struct zta_identity identity;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct zta_revocation record = {.kind = ZTA_REVOKE_SUBJECT,
                                        .issuer = ZTA_TEXT("corp"),
                                        .subject = {.data = name, .len = lengths[i]},
                                        .watermark_s = T};
        revoke(record);
        alice(&identity, ZTA_SESSION_SID);
        identity.auth_time_s = T;
        identity.subject = record.subject;
        assert_int_equal(ask(&identity), ZTA_REVOKE_SUBJECT);
        static char other[sizeof(name)];
        memcpy(other, name, sizeof(name));
        other[lengths[i] - 1] = 'o';
        identity.subject.data = other;
        assert_int_equal(ask(&identity), 0);
        identity.subject.data = name;
        assert_int_equal(change(zta_revocation_remove, &record), ZTA_OK);
        assert_int_equal(ask(&identity), 0);
    }
}

static void what_names_nothing_is_refused(void **state)
{
    (void)state;
    static const struct zta_revocation cases[] = {
        {.kind = 0},
        {.kind = 9, .issuer = ZTA_TEXT("corp"), .watermark_s = T},
        {.kind = ZTA_REVOKE_SUBJECT, .issuer = ZTA_TEXT("corp"), .watermark_s = T},
        {.kind = ZTA_REVOKE_SUBJECT, .subject = ZTA_TEXT("alice"), .watermark_s = T},
        {.kind = ZTA_REVOKE_CLIENT, .issuer = ZTA_TEXT("corp"), .watermark_s = T},
        {.kind = ZTA_REVOKE_ISSUER, .watermark_s = T},
        {.kind = ZTA_REVOKE_ISSUER, .issuer = ZTA_TEXT("corp")}, /* no watermark */
        {.kind = ZTA_REVOKE_APIKEY},
        {.kind = ZTA_REVOKE_DEVICE, .watermark_s = T},
        {.kind = ZTA_REVOKE_DEVICE, .device = ZTA_TEXT("LT-1")}, /* no watermark */
        {.kind = 7, .issuer = ZTA_TEXT("corp"), .watermark_s = T},
        {.kind = ZTA_REVOKE_TOKEN}, /* zero: no token */
        {.kind = ZTA_REVOKE_SESSION, .session_kind = ZTA_SESSION_SID},
        {.kind = ZTA_REVOKE_SESSION, .session_kind = ZTA_SESSION_CNF, .watermark_s = T},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(change(zta_revocation_put, &cases[i]), ZTA_INVALID);
    }
}

struct seen {
    size_t n;
    int64_t created_ns[8];
    enum zta_revocation_kind kinds[8];
};

static bool note(void *context, const struct zta_revocation *record)
{
    struct seen *seen = context;
    if (record->kind == ZTA_REVOKE_CLIENT) {
        assert_true(zta_text_equal(record->reason, ZTA_TEXT("leaked")));
        assert_true(zta_text_equal(record->author, ZTA_TEXT("ann")));
        assert_true(zta_text_equal(record->client, ZTA_TEXT("app")));
        assert_int_equal(record->action_id, 12);
        assert_int_equal(record->watermark_s, T);
    }
    seen->kinds[seen->n] = record->kind;
    seen->created_ns[seen->n++] = record->created_ns;
    return true;
}

static void each_gives_back_what_was_put_in_order_of_kind(void **state)
{
    (void)state;
    revoke((struct zta_revocation){
        .kind = ZTA_REVOKE_ISSUER, .issuer = ZTA_TEXT("corp"), .watermark_s = T});
    revoke((struct zta_revocation){.kind = ZTA_REVOKE_CLIENT,
                                   .issuer = ZTA_TEXT("corp"),
                                   .client = ZTA_TEXT("app"),
                                   .reason = ZTA_TEXT("leaked"),
                                   .author = ZTA_TEXT("ann"),
                                   .action_id = 12,
                                   .watermark_s = T});
    revoke((struct zta_revocation){.kind = ZTA_REVOKE_SUBJECT,
                                   .issuer = ZTA_TEXT("corp"),
                                   .subject = ZTA_TEXT("alice"),
                                   .watermark_s = T});
    struct seen seen = {.n = 0};
    struct zta_view *view;
    struct zta_generations generations;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_revocation_each(view, note, &seen), ZTA_OK);
    assert_int_equal(zta_view_generations(view, &generations), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(seen.n, 3);
    assert_int_equal(seen.kinds[0], ZTA_REVOKE_SUBJECT);
    assert_int_equal(seen.kinds[1], ZTA_REVOKE_CLIENT);
    assert_int_equal(seen.kinds[2], ZTA_REVOKE_ISSUER);
    /* Written in the reverse order, and the hybrid clock only rises. */
    assert_true(seen.created_ns[0] > seen.created_ns[1]);
    assert_true(seen.created_ns[1] > seen.created_ns[2]);
    assert_int_equal(generations.revocations, seen.created_ns[0]);
    assert_int_equal(zta_store_check(fixture.dir, true, NULL), ZTA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(nothing_is_revoked_in_an_empty_store),
        WITH_STORE(a_sid_is_refused_whatever_the_times_say),
        WITH_STORE(a_session_without_sid_is_a_login_watermark),
        WITH_STORE(a_session_without_client_has_its_own_watermark),
        WITH_STORE(the_watermark_ends_at_t_plus_leeway_inclusively),
        WITH_STORE(the_watermark_never_goes_back),
        WITH_STORE(each_kind_hits_what_it_names),
        WITH_STORE(a_device_that_something_else_names_is_held_to_its_watermark),
        WITH_STORE(a_token_id_is_refused_for_good),
        WITH_STORE(a_session_of_an_api_key_is_that_very_one),
        WITH_STORE(names_of_any_length_stay_apart),
        WITH_STORE(what_names_nothing_is_refused),
        WITH_STORE(each_gives_back_what_was_put_in_order_of_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
