/* SPDX-License-Identifier: Apache-2.0 */
/* Two kinds of keys, each with the one algorithm it signs by. */
#include "mod_zta/identity/signing_key.h"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#define RSA_BITS_MIN 2048
#define P256_SIZE    32 /* of r and of s */

/* A key with a passphrase has nobody to ask for it. */
static int no_passphrase(char *buffer, int size, int is_writing, void *unused)
{
    return -1;
}

const char *mod_zta_signing_alg(const EVP_PKEY *key)
{
    char group[32] = "";
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        int bits = EVP_PKEY_get_bits(key);
        return bits >= RSA_BITS_MIN && bits <= MOD_ZTA_SIGNING_RSA_BITS_MAX ? "RS256" : NULL;
    }
    bool is_p256 = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
                   EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
                   strcmp(group, "prime256v1") == 0;
    return is_p256 ? "ES256" : NULL;
}

enum zta_status mod_zta_signing_key_load(struct zta_text pem, EVP_PKEY **key,
                                         struct zta_error *error)
{
    BIO *bio = pem.len > 0 && pem.len <= MOD_ZTA_SIGNING_PEM_MAX
                   ? BIO_new_mem_buf(pem.data, (int)pem.len)
                   : NULL;
    EVP_PKEY *loaded = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (loaded == NULL) {
        return zta_error_set(error, ZTA_INVALID,
                             "it holds no private key in PEM without a passphrase");
    }
    if (mod_zta_signing_alg(loaded) == NULL) {
        EVP_PKEY_free(loaded);
        return zta_error_set(error, ZTA_INVALID,
                             "its key is neither RSA of 2048 to 8192 bits nor P-256");
    }
    *key = loaded;
    return ZTA_OK;
}

/* RFC 7518 section 3.4: r and s, each of 32 bytes, one behind the other. */
static bool read_ecdsa(const uint8_t *der, size_t size, uint8_t out[2 * P256_SIZE])
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
    bool is_read = pair != NULL &&
                   BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, P256_SIZE) == P256_SIZE &&
                   BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + P256_SIZE, P256_SIZE) == P256_SIZE;
    ECDSA_SIG_free(pair);
    return is_read;
}

enum zta_status mod_zta_signing_sign(EVP_PKEY *key, struct zta_text input, char *out, size_t size)
{
    uint8_t made[MOD_ZTA_SIGNING_RSA_BITS_MAX / 8];
    uint8_t raw[2 * P256_SIZE];
    size_t made_size = sizeof made;
    const uint8_t *signature = made;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_signed =
        context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, made, &made_size, (const unsigned char *)input.data, input.len) ==
            1;
    EVP_MD_CTX_free(context);
    if (is_signed && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
        is_signed = read_ecdsa(made, made_size, raw);
        signature = raw;
        made_size = sizeof raw;
    }
    if (!is_signed) {
        ERR_clear_error();
        return ZTA_IO;
    }
    if (ZTA_BASE64URL_LEN(made_size) >= size) {
        return ZTA_TOO_LARGE;
    }
    zta_base64url_encode(signature, made_size, out);
    return ZTA_OK;
}
