/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs of any bytes, a good proof with bytes changed, any header and claims properly signed, and
 * any URI: the judge ends, and what it accepts holds. The first byte chooses (see
 * LLVMFuzzerTestOneInput).
 */
#include <stdint.h>
#include <string.h>

#include "mod_zta/identity/dpop.h"
#include "mod_zta/identity/htu.h"
#include "mod_zta/identity/strict_json.h"
#include "tests/fuzz/must.h"
#include "tests/unit/jose_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    SIGNED_MAX = 12000, /* above the largest proof, below what the signer takes */
    NOW = 1800000000,
};

#define SEED "a key for tests, known to all..."

static const struct zta_siphash_key nonce_key = {.k0 = 1, .k1 = 2};

static EVP_PKEY *key;
static char header_text[JOSE_TEXT_MAX + 64];
static char claims_text[512];
static char good_proof[JOSE_TEXT_MAX];
static char jkt[MOD_ZTA_THUMBPRINT_LEN + 1];
static struct mod_zta_proof_keys *keys;

/* One fixed key, so that a proof found once is the same proof in every run. */
static void set_up(void)
{
    static char jwk[JOSE_TEXT_MAX];
    static struct mod_zta_jwk read;
    char ath[MOD_ZTA_THUMBPRINT_LEN + 1];
    json_t *object;
    const char *fault;
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const uint8_t *)SEED, 32);
    must(key != NULL);
    jose_jwk(key, NULL, "", jwk);
    must(mod_zta_json_load(zta_text_of(jwk), &object, &fault) == ZTA_OK);
    must(mod_zta_jwk_read(object, &read, NULL) == ZTA_OK);
    json_decref(object);
    mod_zta_thumbprint_of_key(&read, jkt);
    mod_zta_thumbprint_of("token", 5, ath);
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, header_text, sizeof header_text);
    zta_buffer_printf(&buffer, "{\"typ\":\"dpop+jwt\",\"alg\":\"EdDSA\",\"jwk\":%s}", jwk);
    zta_buffer_init(&buffer, claims_text, sizeof claims_text);
    zta_buffer_printf(&buffer,
                      "{\"jti\":\"j\",\"htm\":\"GET\",\"htu\":\"https://a/b\",\"iat\":%d,"
                      "\"ath\":\"%s\"}",
                      NOW, ath);
    (void)jose_sign(key, "EdDSA", zta_text_of(header_text), zta_text_of(claims_text), good_proof);
    must(mod_zta_proof_keys_open(&keys) == ZTA_OK);
}

static void judge(const char *proof, size_t len)
{
    struct mod_zta_dpop_result result;
    const struct mod_zta_dpop_request request = {
        .proof = {.data = proof, .len = len},
        .method = ZTA_TEXT("GET"),
        .uri = ZTA_TEXT("https://a/b"),
        .token = ZTA_TEXT("token"),
        .jkt = {.data = jkt, .len = MOD_ZTA_THUMBPRINT_LEN},
        .nonce_key = &nonce_key,
        .now_s = NOW,
        .now_ns = INT64_C(1000000000) * 1000,
        .keys = keys,
    };
    mod_zta_dpop_judge(&request, &result);
    must(memchr(result.detail, '\0', sizeof result.detail) != NULL);
    for (const char *c = result.detail; *c != '\0'; c++) {
        must((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    must((result.verdict == MOD_ZTA_DPOP_GOOD) == (result.detail[0] == '\0'));
    must(result.verdict != MOD_ZTA_DPOP_GOOD || result.has_nonce ||
         (result.use.time >= NOW - ZTA_JTI_PAST_S && result.use.time <= NOW + ZTA_JTI_AHEAD_S));
}

/* Header and claims are parted by the first line feed; an empty one stands for the good one. */
static void judge_signed(const char *text, size_t len)
{
    static char proof[JOSE_TEXT_MAX];
    const char *end = memchr(text, '\n', len);
    if (end == NULL || len > SIGNED_MAX) {
        return;
    }
    struct zta_text header = {.data = text, .len = (size_t)(end - text)};
    struct zta_text payload = {.data = end + 1, .len = len - header.len - 1};
    header = header.len == 0 ? zta_text_of(header_text) : header;
    payload = payload.len == 0 ? zta_text_of(claims_text) : payload;
    judge(proof, jose_sign(key, "EdDSA", header, payload, proof));
}

static void judge_changed(const uint8_t *changes, size_t size)
{
    static char proof[JOSE_TEXT_MAX];
    judge(proof, jose_change(good_proof, changes, size, proof));
}

/* What is normal stays so, and has none of what normalising takes away. */
static void normalise(const char *text, size_t len)
{
    static char once[MOD_ZTA_HTU_SIZE];
    static char twice[MOD_ZTA_HTU_SIZE];
    size_t once_len;
    size_t twice_len;
    if (mod_zta_htu_normalise((struct zta_text){.data = text, .len = len}, once, sizeof once,
                              &once_len) != ZTA_OK) {
        return;
    }
    const char *path = strchr(strstr(once, "://") + 3, '/'); /* a host may be all dots */
    must(strlen(once) == once_len && path != NULL && strpbrk(once, "?#\\ ") == NULL);
    must(strstr(path, "/../") == NULL && strstr(path, "/./") == NULL);
    must(mod_zta_htu_normalise(zta_text_of(once), twice, sizeof twice, &twice_len) == ZTA_OK);
    must(strcmp(once, twice) == 0);
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
    case 'u':
        normalise((const char *)data + 1, size - 1);
        return 0;
    default:
        judge((const char *)data, size);
        return 0;
    }
}
