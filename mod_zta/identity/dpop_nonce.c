/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA-256, cut to 128 bits, of a label and the bucket. */
#include "mod_zta/identity/dpop_nonce.h"

#include "shared/base/clock.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

static int64_t bucket_at(int64_t now_ns)
{
    return now_ns / ZTA_NS_PER_S / MOD_ZTA_DPOP_NONCE_S + 1;
}

/* The key serves the tables of the shared memory too; the label keeps the uses apart. */
static void make(const struct zta_siphash_key *key, int64_t bucket,
                 char out[MOD_ZTA_DPOP_NONCE_LEN + 1])
{
    static const char label[] = "zta dpop nonce";
    uint8_t message[sizeof label + 8];
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned size = sizeof mac;
    memcpy(message, label, sizeof label);
    zta_put_u64(message + sizeof label, (uint64_t)bucket);
    if (HMAC(EVP_sha256(), key, sizeof *key, message, sizeof message, mac, &size) == NULL) {
        abort(); /* a nonce that anybody could guess must not be given out */
    }
    zta_base64url_encode(mac, MOD_ZTA_DPOP_NONCE_SIZE, out);
}

void mod_zta_dpop_nonce_make(const struct zta_siphash_key *key, int64_t now_ns,
                             char out[MOD_ZTA_DPOP_NONCE_LEN + 1])
{
    make(key, bucket_at(now_ns), out);
}

enum zta_status mod_zta_dpop_nonce_check(const struct zta_siphash_key *key, struct zta_text nonce,
                                         int64_t now_ns, int64_t *bucket)
{
    if (nonce.len != MOD_ZTA_DPOP_NONCE_LEN) {
        return ZTA_EXPIRED;
    }
    int64_t now = bucket_at(now_ns);
    for (int64_t candidate = now; candidate > 0 && candidate >= now - 1; candidate--) {
        char expected[MOD_ZTA_DPOP_NONCE_LEN + 1];
        make(key, candidate, expected);
        if (zta_secret_equal(expected, nonce.data, MOD_ZTA_DPOP_NONCE_LEN)) {
            *bucket = candidate;
            return ZTA_OK;
        }
    }
    return ZTA_EXPIRED;
}
