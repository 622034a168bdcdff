/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an assertion costs a request: one that was made before, and one that is signed. Prints lines
 * of title and nanoseconds, the best of several rounds, with a tab between.
 */
#include "mod_zta/identity/assertion.h"
#include "mod_zta/identity/assertion_cache.h"
#include "shared/base/clock.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#define N_ROUNDS  15
#define N_KEPT    200000
#define N_SIGNED  500
#define N_CALLERS 200 /* so many callers a child may well have in a minute */

static struct mod_zta_signer *signer;
static struct mod_zta_assertion_cache *cache;

static void must(bool is_good, const char *what)
{
    if (!is_good) {
        (void)fprintf(stderr, "bench_assertion: %s\n", what);
        exit(1);
    }
}

static void open_all(void)
{
    char pem[1024];
    struct zta_error error;
    size_t bad;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    must(key != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1,
         "no key");
    const int len = BIO_read(bio, pem, sizeof pem);
    const struct zta_text text = {.data = pem, .len = (size_t)len};
    must(len > 0 && mod_zta_signer_open(&text, 1, 60, &signer, &bad, &error) == ZTA_OK,
         "no signer");
    must(mod_zta_assertion_cache_open(&cache) == ZTA_OK, "no cache");
    BIO_free(bio);
    EVP_PKEY_free(key);
}

static void fill(struct mod_zta_assertion *assertion, struct zta_identity *identity)
{
    static const char *const roles[] = {"clerk", "orders-admin", "support"};
    static const char *const scopes[] = {"read", "write", "orders:read", "orders:write"};
    zta_identity_init(identity);
    identity->credential = ZTA_CREDENTIAL_TOKEN;
    identity->issuer = ZTA_TEXT("corp");
    identity->subject = ZTA_TEXT("6f9619ff-8b86-d011-b42d-00c04fc964ff");
    identity->client = ZTA_TEXT("web-shop");
    identity->acr = ZTA_TEXT("urn:example:mfa");
    identity->auth_time_s = 1799999000;
    identity->expires_s = 1800000600;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        must(zta_identity_add_value(identity, &identity->roles, zta_text_of(roles[i])) == ZTA_OK,
             "no role");
    }
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        must(zta_identity_add_value(identity, &identity->scopes, zta_text_of(scopes[i])) == ZTA_OK,
             "no scope");
    }
    *assertion = (struct mod_zta_assertion){
        .issuer = ZTA_TEXT("https://api.example.com"),
        .audience = ZTA_TEXT("https://orders.internal.example.com"),
        .identity = identity,
        .risk = "low",
        .device = ZTA_TEXT("LT-4711"),
        .compliance = MOD_ZTA_COMPLIANCE_YES,
        .rules = 5,
        .revocations = 6,
        .id = "01J00000000000000000000000",
        .now_s = 1800000000,
    };
}

/* Nanoseconds of each of n requests, of N_CALLERS in turn. */
static double assertion_ns(int n, struct mod_zta_assertion_cache *kept)
{
    static char out[MOD_ZTA_ASSERTION_SIZE];
    struct mod_zta_assertion assertion;
    struct zta_identity identity;
    size_t len;
    fill(&assertion, &identity);
    const int64_t before_ns = zta_clock_monotonic_ns();
    for (int i = 0; i < n; i++) {
        assertion.credential.bytes[7] = (uint8_t)(i % N_CALLERS);
        must(mod_zta_assertion_make(signer, kept, &assertion, out, &len) == ZTA_OK, "none made");
    }
    return (double)(zta_clock_monotonic_ns() - before_ns) / n;
}

static void tell(const char *title, int n, struct mod_zta_assertion_cache *kept)
{
    double best = assertion_ns(n, kept);
    for (int i = 1; i < N_ROUNDS; i++) {
        const double ns = assertion_ns(n, kept);
        best = ns < best ? ns : best;
    }
    printf("%s\t%.0f\n", title, best);
}

int main(void)
{
    open_all();
    tell("one that was made before", N_KEPT, cache);
    tell("one that is signed", N_SIGNED, NULL);
    mod_zta_assertion_cache_close(&cache);
    mod_zta_signer_close(&signer);
    return 0;
}
