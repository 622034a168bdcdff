/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Posture headers: whatever is sent, nothing without a good signature is read; and whatever a
 * trusted issuer signs is within bounds. A first byte of 's' has the rest signed as the payload.
 */
#include "mod_zta/identity/posture.h"

#include <stdio.h>
#include <string.h>

#include "mod_zta/identity/issuer.h"
#include "tests/fuzz/must.h"
#include "tests/unit/jose_sign.h"

#define URL             "https://posture.example.com"
#define SEED            "0123456789abcdef0123456789abcdef"
#define SIZE_MAX_SIGNED 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static EVP_PKEY *key;
static struct mod_zta_keyset *keys;

static void make_keys(void)
{
    static char jwk[JOSE_TEXT_MAX];
    static char jwks[JOSE_TEXT_MAX + 32];
    struct zta_error error;
    /* Always the same, so that what was found once is found again. */
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const uint8_t *)SEED, 32);
    must(key != NULL);
    jose_jwk(key, "k", "", jwk);
    (void)snprintf(jwks, sizeof(jwks), "{\"keys\":[%s]}", jwk);
    must(mod_zta_keyset_load(zta_text_of(jwks), MOD_ZTA_ALG_EDDSA, NULL, NULL, &keys, &error) ==
         ZTA_OK);
}

static enum zta_status verify(struct zta_text text, struct mod_zta_posture *posture)
{
    struct mod_zta_posture_fault fault = {.text = ""};
    enum zta_status status =
        mod_zta_posture_verify(text, ZTA_TEXT(URL), MOD_ZTA_ALG_EDDSA, keys, posture, &fault);
    must(status == ZTA_OK || (fault.text[0] != '\0' && strchr(fault.text, '\x1b') == NULL));
    return status;
}

static void check(const struct mod_zta_posture *posture)
{
    const struct zta_text audience = zta_text_of(posture->audiences);
    struct mod_zta_posture_fault fault = {.text = ""};
    struct mod_zta_posture_request request = {.now_s = posture->expires_s,
                                              .subject = zta_text_of(posture->subject),
                                              .audiences = &audience,
                                              .n_audiences = 1};
    bool is_bound = false;
    must(zta_device_id_is_valid(zta_text_of(posture->device)));
    must(posture->os[0] == '\0' || zta_device_os_is_valid(zta_text_of(posture->os)));
    must(posture->expires_s - posture->issued_s <= MOD_ZTA_POSTURE_LIFE_MAX_S);
    must((posture->traits.yes & ~posture->traits.known) == 0 &&
         (posture->traits.known & ~ZTA_DEVICE_STATED) == 0);
    must(mod_zta_posture_check(posture, &request, &is_bound, &fault) == ZTA_FORBIDDEN);
    request.now_s = posture->expires_s - 1;
    /* The request proved nothing, so whatever it is bound to refuses it. */
    must(mod_zta_posture_check(posture, &request, &is_bound, &fault) != ZTA_OK || !is_bound);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct zta_text header =
        ZTA_TEXT("{\"alg\":\"EdDSA\",\"typ\":\"posture+jwt\",\"kid\":\"k\"}");
    static char token[JOSE_TEXT_MAX];
    struct mod_zta_posture posture = {.issued_s = 0};
    const struct zta_text text = {.data = (const char *)data, .len = size};
    if (keys == NULL) {
        make_keys();
    }
    must(verify(text, &posture) != ZTA_OK);
    if (size > 1 && size <= SIZE_MAX_SIGNED && data[0] == 's') {
        const struct zta_text payload = {.data = (const char *)data + 1, .len = size - 1};
        const size_t len = jose_sign(key, "EdDSA", header, payload, token);
        if (verify((struct zta_text){.data = token, .len = len}, &posture) == ZTA_OK) {
            check(&posture);
        }
    }
    return 0;
}
