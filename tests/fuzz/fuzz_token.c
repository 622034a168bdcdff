/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of any bytes, a good token with bytes changed, and any header and claims properly signed:
 * the judge ends, and what it accepts is whole. The first byte chooses (see
 * LLVMFuzzerTestOneInput).
 */
#include <stdint.h>
#include <string.h>

#include "mod_zta/identity/keyring.h"
#include "mod_zta/identity/token.h"
#include "tests/fuzz/must.h"
#include "tests/unit/jose_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    SIGNED_MAX = 12000, /* above the largest token, below what the signer takes */
    NOW = 1800000000,
};

static const char good_header[] = "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k\"}";
static const char good_claims[] =
    "{\"iss\":\"https://i\",\"aud\":\"https://a\",\"sub\":\"s\",\"client_id\":\"c\","
    "\"exp\":1800000100,\"iat\":1800000000,\"jti\":\"j\",\"scope\":\"r w\",\"roles\":[\"x\"],"
    "\"t\":{\"id\":[1,true,\"z\"]}}";

static EVP_PKEY *key;
static struct mod_zta_keyring *keyring;
static struct mod_zta_issuer issuer;
static const struct mod_zta_issuer *const issuers[] = {&issuer};
static const struct zta_text audiences[] = {{.data = "https://a", .len = 9}};
static const struct zta_text claims[] = {{.data = "aud", .len = 3}, {.data = "t.id", .len = 4}};
static char good_token[JOSE_TEXT_MAX];

/* One fixed key, so that a token found once is the same token in every run. */
static void set_up(void)
{
    static const uint8_t seed[32] = "a key for tests, known to all...";
    static char jwk[JOSE_TEXT_MAX];
    static char jwks[JOSE_TEXT_MAX];
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    must(key != NULL);
    jose_jwk(key, "k", "", jwk);
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, jwks, sizeof jwks);
    zta_buffer_printf(&buffer, "{\"keys\":[%s]}", jwk);
    struct mod_zta_keyset *keyset = NULL;
    must(mod_zta_keyset_load(zta_text_of(jwks), MOD_ZTA_ALG_EDDSA, NULL, NULL, &keyset, NULL) ==
         ZTA_OK);
    must(mod_zta_keyring_open(0, &keyring) == ZTA_OK &&
         mod_zta_keyring_replace(keyring, &keyset, NOW) == ZTA_OK);
    issuer = (struct mod_zta_issuer){
        .name = ZTA_TEXT("corp"),
        .url = ZTA_TEXT("https://i"),
        .audiences = audiences,
        .n_audiences = 1,
        .algs = MOD_ZTA_ALG_EDDSA,
        .token_type = ZTA_TEXT("at+jwt"),
        .leeway_s = 60,
        .keyring = keyring,
    };
    mod_zta_claim_names_init(&issuer.claims);
    (void)jose_sign(key, "EdDSA", ZTA_TEXT(good_header), ZTA_TEXT(good_claims), good_token);
}

static void check_accepted(const struct zta_identity *identity)
{
    static uint8_t encoded[4 * ZTA_IDENTITY_SIZE_MAX];
    static struct zta_identity again;
    size_t size;
    must(identity->credential == ZTA_CREDENTIAL_TOKEN && identity->subject.len > 0);
    must(zta_text_equal(identity->issuer, issuer.name) && identity->expires_s > NOW - 60);
    must(mod_zta_token_has_audience(identity, audiences, 1));
    must(zta_identity_encode(identity, encoded, sizeof encoded, &size) == ZTA_OK);
    must(zta_identity_decode(encoded, size, &again) == ZTA_OK);
    must(zta_text_equal(again.subject, identity->subject));
}

static void judge(const char *token, size_t len)
{
    static char storage[ZTA_IDENTITY_SIZE_MAX];
    static struct zta_identity identity;
    struct mod_zta_token_result result;
    const struct mod_zta_token_request request = {
        .token = {.data = token, .len = len},
        .issuers = issuers,
        .n_issuers = 1,
        .claims = claims,
        .n_claims = 2,
        .now_s = NOW,
    };
    mod_zta_token_judge(&request, storage, sizeof storage, &identity, &result);
    must(memchr(result.detail, '\0', sizeof result.detail) != NULL);
    for (const char *c = result.detail; *c != '\0'; c++) {
        must((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    must((result.reason == ZTA_REASON_OK) == (result.detail[0] == '\0'));
    if (result.reason == ZTA_REASON_OK) {
        must(result.is_verified && !result.is_bad_for_good);
        check_accepted(&identity);
        return;
    }
    must(result.reason != ZTA_REASON_UNJUDGED && identity.subject.data == NULL);
    must(!(result.is_bad_for_good && result.is_verified));
}

/* Header and claims are parted by the first line feed, which no good header needs. */
static void judge_signed(const char *text, size_t len)
{
    static char token[JOSE_TEXT_MAX];
    const char *end = memchr(text, '\n', len);
    if (end == NULL || len > SIGNED_MAX) {
        return;
    }
    struct zta_text header = {.data = text, .len = (size_t)(end - text)};
    struct zta_text payload = {.data = end + 1, .len = len - header.len - 1};
    judge(token, jose_sign(key, "EdDSA", header, payload, token));
}

static void judge_changed(const uint8_t *changes, size_t size)
{
    static char token[JOSE_TEXT_MAX];
    judge(token, jose_change(good_token, changes, size, token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (key == NULL) {
        set_up();
    }
    if (size == 0) {
        return 0;
    }
    switch (data[0]) {
    case 's':
        judge_signed((const char *)data + 1, size - 1);
        return 0;
    case 'c':
        judge_changed(data + 1, size - 1);
        return 0;
    default:
        judge((const char *)data, size);
        return 0;
    }
}
