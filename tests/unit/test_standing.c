/* SPDX-License-Identifier: Apache-2.0 */
/* Who was let in and stands no more: each way to lose it, and who is not meant. */
#include "mod_zta/open/standing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/base64.h"
#include "shared/store/blocks.h"
#include "shared/store/devices.h"
#include "shared/store/keys.h"
#include "shared/store/revocations.h"
#include "tests/unit/operator_store.h"

#define NOW 2000000

/* Alice's token or key, from 192.0.2.7, in a place that enforces both. */
static struct zta_identity identity;
static struct mod_zta_open entry;

static void let_in(enum zta_credential credential)
{
    zta_identity_init(&identity);
    identity.credential = credential;
    identity.issuer = ZTA_TEXT("corp");
    identity.subject = ZTA_TEXT("alice");
    identity.session_kind = ZTA_SESSION_SID;
    identity.sid = ZTA_TEXT("s1");
    identity.auth_time_s = NOW - 100;
    memset(identity.session, 5, sizeof(identity.session));
    entry = (struct mod_zta_open){.identity = &identity, .is_held_to_address = true};
    entry.stance.modes[ZTA_FEATURE_CREDENTIAL] = ZTA_MODE_ENFORCE;
    assert_int_equal(zta_addr_parse(ZTA_TEXT("192.0.2.7"), &entry.addr), ZTA_OK);
}

/* Why it stands no more, or "". */
static const char *why(enum zta_reason wanted)
{
    static char text[MOD_ZTA_STANDING_TEXT_MAX];
    struct zta_view *view;
    enum zta_reason reason;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(mod_zta_standing_find(view, &entry, NOW, &reason, text), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(reason, wanted);
    return text;
}

static void assert_stands(void)
{
    assert_string_equal(why(ZTA_REASON_OK), "");
}

static void revoke(struct zta_revocation record)
{
    struct zta_change *change = operator_begin();
    assert_int_equal(zta_revocation_put(change, &record), ZTA_OK);
    operator_commit(change);
}

static void block(struct zta_block record)
{
    struct zta_change *change = operator_begin();
    assert_int_equal(zta_block_put(change, &record), ZTA_OK);
    operator_commit(change);
}

static void who_is_not_meant_stands(void **state)
{
    (void)state;
    let_in(ZTA_CREDENTIAL_TOKEN);
    assert_stands();
    revoke((struct zta_revocation){.kind = ZTA_REVOKE_SUBJECT,
                                   .issuer = ZTA_TEXT("corp"),
                                   .subject = ZTA_TEXT("bob"),
                                   .watermark_s = NOW});
    block((struct zta_block){.kind = ZTA_BLOCK_SUBJECT,
                             .issuer = ZTA_TEXT("corp"),
                             .subject = ZTA_TEXT("alice"),
                             .until_s = NOW});
    assert_stands();
}

static void what_is_revoked_or_blocked_stands_no_more(void **state)
{
    (void)state;
    let_in(ZTA_CREDENTIAL_TOKEN);
    struct zta_block network = {.kind = ZTA_BLOCK_NETWORK, .until_s = NOW + 1};
    assert_int_equal(zta_cidr_parse(ZTA_TEXT("192.0.2.0/24"), &network.network, NULL), ZTA_OK);
    block(network);
    assert_string_equal(why(ZTA_REASON_BLOCKED), "address blocked");
    block((struct zta_block){.kind = ZTA_BLOCK_SUBJECT,
                             .issuer = ZTA_TEXT("corp"),
                             .subject = ZTA_TEXT("alice"),
                             .until_s = NOW + 1});
    assert_string_equal(why(ZTA_REASON_BLOCKED), "subject blocked");
    struct zta_revocation session = {.kind = ZTA_REVOKE_SESSION, .session_kind = ZTA_SESSION_SID};
    memcpy(session.session, identity.session, sizeof(session.session));
    revoke(session);
    assert_string_equal(why(ZTA_REASON_REVOKED), "revoked by session");
}

static void where_nothing_is_enforced_all_stand(void **state)
{
    (void)state;
    what_is_revoked_or_blocked_stands_no_more(state);
    entry.stance.modes[ZTA_FEATURE_CREDENTIAL] = ZTA_MODE_MONITOR;
    assert_string_equal(why(ZTA_REASON_BLOCKED), "address blocked");
    entry.is_held_to_address = false;
    assert_stands();
}

static void a_key_stands_as_long_as_its_record(void **state)
{
    (void)state;
    struct zta_key key = {.id = "abcdefghijkl", .name = ZTA_TEXT("deploy"), .created_s = 50};
    let_in(ZTA_CREDENTIAL_APIKEY);
    identity.apikey_id = zta_text_of(key.id);
    assert_string_equal(why(ZTA_REASON_REVOKED), "API key revoked");
    struct zta_change *change = operator_begin();
    assert_int_equal(zta_key_put(change, &key), ZTA_OK);
    operator_commit(change);
    assert_stands();
    key.revoked_s = NOW;
    change = operator_begin();
    assert_int_equal(zta_key_put(change, &key), ZTA_OK);
    operator_commit(change);
    assert_string_equal(why(ZTA_REASON_REVOKED), "API key revoked");
}

static void a_device_is_revoked_whatever_names_it(void **state)
{
    (void)state;
    struct zta_sha256 thumbprint;
    char certificate[64];
    bool is_changed;
    memset(thumbprint.bytes, 9, sizeof(thumbprint.bytes));
    zta_base64url_encode(thumbprint.bytes, sizeof(thumbprint.bytes), certificate);
    let_in(ZTA_CREDENTIAL_TOKEN);
    revoke((struct zta_revocation){
        .kind = ZTA_REVOKE_DEVICE, .device = ZTA_TEXT("laptop-7"), .watermark_s = NOW});
    assert_stands();
    entry.device = ZTA_TEXT("laptop-7");
    assert_string_equal(why(ZTA_REASON_REVOKED), "revoked by device");
    entry.device = ZTA_TEXT("laptop-8");
    identity.certificate = zta_text_of(certificate);
    assert_stands();
    struct zta_device device = {.id = ZTA_TEXT("laptop-7"), .n_certificates = 1};
    device.certificates = &thumbprint;
    struct zta_change *change = operator_begin();
    assert_int_equal(zta_device_put(change, &device, &is_changed), ZTA_OK);
    operator_commit(change);
    assert_string_equal(why(ZTA_REASON_REVOKED), "revoked by device");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(who_is_not_meant_stands),
        WITH_STORE(what_is_revoked_or_blocked_stands_no_more),
        WITH_STORE(where_nothing_is_enforced_all_stand),
        WITH_STORE(a_key_stands_as_long_as_its_record),
        WITH_STORE(a_device_is_revoked_whatever_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
