/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key sets of any bytes, a good one with bytes changed, and sets put together from members: what is
 * used of a set may verify by another reading of the same text, and tokens pass by the key that
 * signed them alone. The first byte chooses, the next two are the issuer's algorithms.
 */
#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/jwk.h"
#include "mod_zta/identity/keyset.h"
#include "mod_zta/identity/strict_json.h"
#include "shared/base/base64.h"
#include "shared/base/limits.h"
#include "tests/fuzz/must.h"
#include "tests/unit/jose_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    ALL_ALGS = 0x7ff,
    KEYS_MAX = 6,                            /* put together: a run takes milliseconds a key */
    CHOICES = 5,                             /* bytes for a key that is put together */
    TEXT_MAX = MOD_ZTA_JWKS_SIZE_MAX + 8192, /* one key above what is read */
    NUMBER_MAX = 2048,
};

/* Keys of which nobody has the private half any more, and a token by each. */
#define RSA_N                                                                                      \
    "oBg7WblJpCDvNzYiCWzQhuSJ8WEXCwz9d6t8J7sc0YltwNkuP9TNqkEEXG8bPY4VLRV8DhGdlaIqDNF2JOwBdfvvuXpA" \
    "vwe_fo1M-8dBCmYU048v47R6UvjnY-G-uwZFVs6IPuD985pNrhOPqYPjDCwH0224W_FsCiqz1MyAyXSoc-fwqlZsmJNX" \
    "JBN4qY65A4LV0RNi-n6daig-we8ZNlJOFdswemqiBCFNNI3HPhCKEq5eFaqVtS8V5orvVL-1HVa7YmjYRAJ3jugqOs9P" \
    "PFMi4H1Ium6Bno3jy2RYABPGVA4zMa2k8KtywR43oNjGccJ-tgqXkAz2xiSn1Hj_kQ"
#define EC_X "CqnruV29o_lGyejViHkBef4J3vPPd15f_c7Vone-Jtg"
#define EC_Y "LdhvvNnVvAYKESculbv66BgJUC9FtusFHCHYM7r3YdE"
#define ED_X "g4Q50z7u8Kau_hLX8NvNxaoWvER3QKns66E3-Aide-M"

static const struct signer {
    const char *kid;
    unsigned alg;
    const char *members[3]; /* names and what they say, all of the public key */
    const char *values[3];
    const char *token;
} signers[] = {
    {.kid = "r",
     .alg = MOD_ZTA_ALG_RS256,
     .members = {"kty", "n", "e"},
     .values = {"RSA", RSA_N, "AQAB"},
     .token =
         "eyJhbGciOiJSUzI1NiIsImtpZCI6InIifQ.eyJzdWIiOiJzIn0."
         "ZJf89AxPmkcp-cEqwiFrDj2mYA0O3DCMt0KeDWuZod20XQQNYOrEDHhPBrme6U2QRzluKL8E22STb2N_euR_Dxfw"
         "3xtCCtZbK0ejXmp-1SLQKRHdArnyapqbZTr7N36nk44k675gIpDOAE377265ppi5AxU8SDMRAjJG43TgzL-G3Nvc"
         "hEXC8PZR_HLFiN9wp1nNQK5CCPEIkQMTB3_nhrqAFk4Tjj1WrrumGMc9A6LJhlrN6PZfTe3RlX0Bd82OtImWmaqu"
         "es-FD_cHOAHvzleUkoyXuRAaOCXuAFwm64haJUKPyFjKq4_CiaJiFdPO3B4C0Tjbs_BJKIjYaw2CKw"},
    {.kid = "e",
     .alg = MOD_ZTA_ALG_ES256,
     .members = {"crv", "x", "y"},
     .values = {"P-256", EC_X, EC_Y},
     .token =
         "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.eyJzdWIiOiJzIn0."
         "WmU4DAFm3KvfBTa0VpUblXgcziPg1GvAcOP3lde5x-pjprHsPrXSswrkqI0ym8qGqWjW7Fk-PNDb9nFlPYwzqw"},
    {.kid = "d",
     .alg = MOD_ZTA_ALG_EDDSA,
     .members = {"kty", "crv", "x"},
     .values = {"OKP", "Ed25519", ED_X},
     .token =
         "eyJhbGciOiJFZERTQSIsImtpZCI6ImQifQ.eyJzdWIiOiJzIn0."
         "z2gQAofGwLwNNbKXNjbGwcgoGULBTshsKkU35YabiUbu52s9ippLZfyCzt5kDutM5PhlzLBeZNNUKpgZBuDzDg"},
};

static const char good_set[] =
    "{\"keys\":["
    "{\"kid\":\"r\",\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\",\"use\":\"sig\"},"
    "{\"kid\":\"e\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y
    "\",\"key_ops\":[\"verify\"]},"
    "{\"kid\":\"d\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\",\"alg\":\"EdDSA\"}]}";

/* ---- another reading: may the key verify by this algorithm? ---- */

static size_t decode(const json_t *key, const char *name, uint8_t out[NUMBER_MAX])
{
    size_t size = 0;
    return zta_base64url_decode(mod_zta_json_text(key, name), out, NUMBER_MAX, &size) == ZTA_OK
               ? size
               : 0;
}

static bool is_strong_rsa(const json_t *key)
{
    uint8_t bytes[NUMBER_MAX];
    BIGNUM *n = BN_bin2bn(bytes, (int)decode(key, "n", bytes), NULL);
    BIGNUM *e = BN_bin2bn(bytes, (int)decode(key, "e", bytes), NULL);
    must(n != NULL && e != NULL);
    bool is_strong =
        BN_num_bits(n) >= MOD_ZTA_RSA_BITS_MIN && BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e);
    BN_free(n);
    BN_free(e);
    return is_strong;
}

static bool is_point(const json_t *key, int curve)
{
    uint8_t bytes[NUMBER_MAX];
    BIGNUM *x = BN_bin2bn(bytes, (int)decode(key, "x", bytes), NULL);
    BIGNUM *y = BN_bin2bn(bytes, (int)decode(key, "y", bytes), NULL);
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curve);
    EC_POINT *point = EC_POINT_new(group);
    must(x != NULL && y != NULL && point != NULL);
    bool is_on_curve = EC_POINT_set_affine_coordinates(group, point, x, y, NULL) == 1;
    EC_POINT_free(point);
    EC_GROUP_free(group);
    BN_free(x);
    BN_free(y);
    ERR_clear_error();
    return is_on_curve;
}

static bool says(const json_t *key, const char *name, const char *text)
{
    return zta_text_equal(mod_zta_json_text(key, name), zta_text_of(text));
}

static bool fits_type(const json_t *key, unsigned alg)
{
    static const struct {
        unsigned alg;
        const char *name;
        int id;
    } curves[] = {
        {.alg = MOD_ZTA_ALG_ES256, .name = "P-256", .id = NID_X9_62_prime256v1},
        {.alg = MOD_ZTA_ALG_ES384, .name = "P-384", .id = NID_secp384r1},
        {.alg = MOD_ZTA_ALG_ES512, .name = "P-521", .id = NID_secp521r1},
    };
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (alg == curves[i].alg) {
            return says(key, "kty", "EC") && says(key, "crv", curves[i].name) &&
                   is_point(key, curves[i].id);
        }
    }
    return alg < MOD_ZTA_ALG_ES256 ? says(key, "kty", "RSA") && is_strong_rsa(key)
                                   : says(key, "kty", "OKP") && says(key, "crv", "Ed25519");
}

static bool has_purpose(const json_t *key, unsigned alg)
{
    static const char *const secrets[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    const json_t *operations = json_object_get(key, "key_ops");
    bool may_verify = operations == NULL;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (json_object_get(key, secrets[i]) != NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < json_array_size(operations); i++) {
        const json_t *operation = json_array_get(operations, i);
        may_verify |= zta_text_equal(mod_zta_json_text_of(operation), ZTA_TEXT("verify"));
    }
    return may_verify && (json_object_get(key, "use") == NULL || says(key, "use", "sig")) &&
           (json_object_get(key, "alg") == NULL || says(key, "alg", mod_zta_alg_name(alg)));
}

/* ---- what was loaded against it ---- */

/* A text and what was made of it. */
struct loaded {
    const json_t *list;
    unsigned algs;
    const struct mod_zta_keyset *keyset;
};

static size_t count_kid(const json_t *list, struct zta_text kid)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        n += zta_text_equal(mod_zta_json_text(json_array_get(list, i), "kid"), kid);
    }
    return n;
}

static bool may_be_found(const struct loaded *loaded, const json_t *entry)
{
    struct zta_text kid = mod_zta_json_text(entry, "kid");
    return json_object_get(entry, "kid") == NULL ||
           (kid.len > 0 && kid.len <= ZTA_KID_MAX && count_kid(loaded->list, kid) == 1);
}

/* The algorithms for which an entry may be used. */
static unsigned usable_algs(const struct loaded *loaded, const json_t *entry)
{
    unsigned algs = 0;
    for (unsigned alg = 1; alg <= MOD_ZTA_ALG_EDDSA && may_be_found(loaded, entry); alg <<= 1) {
        if ((loaded->algs & alg) != 0 && has_purpose(entry, alg) && fits_type(entry, alg)) {
            algs |= alg;
        }
    }
    return algs;
}

static void check_found(const struct loaded *loaded, const json_t *entry, unsigned usable)
{
    struct zta_text kid = mod_zta_json_text(entry, "kid");
    for (unsigned alg = 1; alg <= MOD_ZTA_ALG_EDDSA && !zta_text_is_absent(kid); alg <<= 1) {
        const struct mod_zta_key *key = NULL;
        bool is_found = mod_zta_keyset_find(loaded->keyset, kid, alg, &key) == ZTA_OK;
        must(is_found == (key != NULL) && (!is_found || (usable & alg) != 0));
    }
}

static bool is_signer(const json_t *key, const struct signer *signer)
{
    bool is_same = true;
    for (size_t i = 0; i < 3; i++) {
        is_same = is_same && says(key, signer->members[i], signer->values[i]);
    }
    return is_same;
}

static const json_t *entry_of(const json_t *list, struct zta_text kid)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        if (zta_text_equal(mod_zta_json_text(entry, "kid"), kid)) {
            return entry;
        }
    }
    return NULL;
}

/* By that key, that algorithm and unchanged a token passes, by no other. */
static void check_token(const struct loaded *loaded, const struct signer *signer)
{
    char changed[JOSE_TEXT_MAX];
    const char *claims = strchr(signer->token, '.') + 1;
    const uint8_t change[] = {0, (uint8_t)(claims - signer->token), 'A'};
    const struct mod_zta_key *key = NULL;
    const struct zta_text token = zta_text_of(signer->token);
    const struct zta_text kid = zta_text_of(signer->kid);
    if (mod_zta_keyset_find(loaded->keyset, kid, signer->alg, &key) != ZTA_OK) {
        return;
    }
    const bool is_good = mod_zta_key_check(key, signer->alg, token) == ZTA_OK;
    must(is_good == is_signer(entry_of(loaded->list, kid), signer));
    for (unsigned alg = 1; alg <= MOD_ZTA_ALG_EDDSA; alg <<= 1) {
        must(alg == signer->alg || mod_zta_key_check(key, alg, token) == ZTA_FORBIDDEN);
    }
    const size_t len = jose_change(signer->token, change, sizeof change, changed);
    const struct zta_text other = {.data = changed, .len = len};
    must(mod_zta_key_check(key, signer->alg, other) == ZTA_FORBIDDEN);
}

/* Without a kid there is one key that fits, or none is taken. */
static void check_without_kid(const struct loaded *loaded, const struct signer *signer)
{
    const struct mod_zta_key *key = NULL;
    bool has_signer = false;
    if (mod_zta_keyset_find(loaded->keyset, (struct zta_text){.data = NULL}, signer->alg, &key) !=
        ZTA_OK) {
        return;
    }
    for (size_t i = 0; i < json_array_size(loaded->list); i++) {
        const json_t *entry = json_array_get(loaded->list, i);
        has_signer = has_signer || (is_signer(entry, signer) && has_purpose(entry, signer->alg));
    }
    must(has_signer ||
         mod_zta_key_check(key, signer->alg, zta_text_of(signer->token)) == ZTA_FORBIDDEN);
}

static void note_warning(void *context, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        must((unsigned char)*c >= ' ' && *c != 0x7f);
    }
    (*(size_t *)context)++;
}

static void check_loaded(const struct loaded *loaded, size_t n_warnings)
{
    const size_t n_keys = mod_zta_keyset_n_keys(loaded->keyset);
    const size_t n_entries = json_array_size(loaded->list);
    must(n_keys > 0 && n_keys <= n_entries && n_entries <= MOD_ZTA_JWKS_KEYS_MAX);
    must(n_warnings >= n_entries - n_keys);
    size_t n_usable = 0;
    for (size_t i = 0; i < n_entries; i++) {
        const json_t *entry = json_array_get(loaded->list, i);
        unsigned usable = usable_algs(loaded, entry);
        n_usable += usable != 0;
        check_found(loaded, entry, usable);
    }
    must(n_keys <= n_usable);
    for (size_t i = 0; i < sizeof signers / sizeof signers[0]; i++) {
        check_token(loaded, &signers[i]);
        check_without_kid(loaded, &signers[i]);
    }
}

static void load(struct zta_text text, unsigned algs)
{
    struct mod_zta_keyset *keyset = NULL;
    struct mod_zta_keyset *again = NULL;
    struct zta_error error = {.text = ""};
    size_t n_warnings = 0;
    enum zta_status status =
        mod_zta_keyset_load(text, algs, note_warning, &n_warnings, &keyset, &error);
    must(status == mod_zta_keyset_load(text, algs, NULL, NULL, &again, NULL));
    must(ERR_peek_error() == 0);
    if (status != ZTA_OK) {
        must((status == ZTA_INVALID || status == ZTA_TOO_LARGE) && keyset == NULL);
        must(error.text[0] != '\0');
        return;
    }
    must(mod_zta_keyset_hash(keyset) == mod_zta_keyset_hash(again));
    must(mod_zta_keyset_n_keys(keyset) == mod_zta_keyset_n_keys(again));
    json_t *root = json_loadb(text.data, text.len, 0, NULL);
    const struct loaded loaded = {
        .list = json_object_get(root, "keys"), .algs = algs, .keyset = keyset};
    must(root != NULL && text.len <= MOD_ZTA_JWKS_SIZE_MAX);
    check_loaded(&loaded, n_warnings);
    json_decref(root);
    mod_zta_keyset_close(&again);
    mod_zta_keyset_close(&keyset);
}

/* ---- sets put together ---- */

#define EC_OF(crv, x, y) "\"kty\":\"EC\",\"crv\":\"" crv "\",\"x\":\"" x "\",\"y\":\"" y "\""
#define RSA_OF(n, e)     "\"kty\":\"RSA\",\"n\":\"" n "\",\"e\":\"" e "\""
#define OKP_OF(crv, x)   "\"kty\":\"OKP\",\"crv\":\"" crv "\",\"x\":\"" x "\""
#define SIXTEEN          "0123456789abcdef"
#define LONG             SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN
#define KILOBYTE         LONG LONG LONG LONG LONG LONG LONG LONG

static const char *const kids[] = {
    "",
    "\"kid\":\"r\",",
    "\"kid\":\"e\",",
    "\"kid\":\"d\",",
    "\"kid\":\"\\u0072\",",
    "\"kid\":\"\\u001b\\u007f\\u0085\",",
    "\"kid\":\"\",",
    "\"kid\":7,",
    "\"kid\":\"" LONG LONG "\",",
    "\"kid\":\"" LONG LONG "x\",",
};
static const char *const types[] = {
    RSA_OF(RSA_N, "AQAB"),
    RSA_OF(RSA_N, "Aw"),
    RSA_OF(RSA_N, "AQ"),
    RSA_OF(RSA_N, "Ag"),
    RSA_OF(RSA_N, "AAEAAQ"),
    RSA_OF("gAAAAAAAAAAAAAAAAAAAAAE", "AQAB"),
    EC_OF("P-256", EC_X, EC_Y),
    EC_OF("P-256", EC_Y, EC_X),
    EC_OF("P-384", EC_X, EC_Y),
    EC_OF(
        "P-521",
        "AcYIieYFzaqznl3Fss9XFEoJdeq6M0cq46nAS6TBjVgnfaKMhtQD7fQevXNdH55FW78cr64-hdIhIB55ce9UW81c",
        "ALvtcaVaYzfWflm4tPkB-TNQ4X9-AccFMIqb1AL7Gkj4vZ5rOi-YnpLztVRkY-mUf39uWJ_r7G8EiuB7SO8P_Xpk"),
    EC_OF("secp256k1", EC_X, EC_Y),
    OKP_OF("Ed25519", ED_X),
    OKP_OF("Ed25519", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    OKP_OF("X25519", ED_X),
    "\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODw\"",
    "\"kty\":\"oct\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"",
    "\"kty\":\"rsa\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"",
    "\"n\":\"" RSA_N "\",\"e\":\"AQAB\"",
};
static const char *const algorithms[] = {
    "",
    ",\"alg\":\"RS256\"",
    ",\"alg\":\"PS512\"",
    ",\"alg\":\"ES256\"",
    ",\"alg\":\"EdDSA\"",
    ",\"alg\":\"Ed25519\"",
    ",\"alg\":\"HS256\"",
    ",\"alg\":\"none\"",
    ",\"alg\":null",
};
static const char *const purposes[] = {
    "",
    ",\"use\":\"sig\"",
    ",\"use\":\"enc\"",
    ",\"use\":[\"sig\"]",
    ",\"key_ops\":[\"verify\"]",
    ",\"key_ops\":[\"sign\",\"verify\"]",
    ",\"key_ops\":[\"encrypt\"]",
    ",\"key_ops\":{}",
};
static const char *const extras[] = {
    "",
    ",\"x5c\":[\"AA==\"]",
    ",\"x5c\":[\"" KILOBYTE KILOBYTE KILOBYTE "\"]",
    ",\"d\":\"AQAB\"",
    ",\"k\":null",
    ",\"oth\":[]",
    ",\"\\u0064p\":1",
    ",\"o\":[[[[[]]]]]",
    ",\"o\":[[[[[[]]]]]]",
};

#define N_OF(table)         (sizeof(table) / sizeof((table)[0]))
#define CHOOSE(table, byte) ((table)[(byte) % N_OF(table)])

/* n keys, each by choices that lie `step` bytes behind those of the one before. */
static struct zta_text put_together(const uint8_t *choices, size_t n, size_t step)
{
    static char text[TEXT_MAX];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    zta_buffer_string(&buffer, "{\"keys\":[");
    for (size_t i = 0; i < n && buffer.len <= MOD_ZTA_JWKS_SIZE_MAX; i++) {
        const uint8_t *choice = choices + i * step;
        zta_buffer_printf(&buffer, "%s{%s%s%s%s%s}", i > 0 ? "," : "", CHOOSE(kids, choice[0]),
                          CHOOSE(types, choice[1]), CHOOSE(algorithms, choice[2]),
                          CHOOSE(purposes, choice[3]), CHOOSE(extras, choice[4]));
    }
    zta_buffer_string(&buffer, "]}");
    must(!buffer.is_overflowed);
    return (struct zta_text){.data = text, .len = buffer.len};
}

/* The same key again and again: above the bounds, for which few bytes must do. */
static struct zta_text repeat(const uint8_t *data, size_t size)
{
    return put_together(data + 1, size > CHOICES ? data[0] : 0, 0);
}

static struct zta_text assemble(const uint8_t *choices, size_t size)
{
    const size_t n = size / CHOICES;
    return put_together(choices, n < KEYS_MAX ? n : KEYS_MAX, CHOICES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char changed[JOSE_TEXT_MAX];
    struct zta_text text = {.data = changed};
    if (size < 3) {
        return 0;
    }
    const unsigned algs = (unsigned)(data[1] << 8 | data[2]) & ALL_ALGS;
    switch (data[0]) {
    case 'c':
        text.len = jose_change(good_set, data + 3, size - 3, changed);
        break;
    case 'm':
        text = assemble(data + 3, size - 3);
        break;
    case 'n':
        text = repeat(data + 3, size - 3);
        break;
    default:
        text = (struct zta_text){.data = (const char *)data + 3, .len = size - 3};
        break;
    }
    load(text, algs);
    return 0;
}
