/* SPDX-License-Identifier: Apache-2.0 */
/* A good token and its issuer. */
#include "tests/unit/token_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *type;
    unsigned bits;
    const char *alg;
    const char *kid;
} kinds[] = {
    [TOKEN_KEY_RSA] = {.type = "RSA", .bits = 2048, .alg = "RS256", .kid = "rsa"},
    [TOKEN_KEY_EC] = {.type = "P-256", .alg = "ES256", .kid = "ec"},
    [TOKEN_KEY_ED] = {.type = "Ed25519", .alg = "EdDSA", .kid = "ed"},
};

struct member {
    const char *name;
    const char *raw;
};

static const struct member good_claims[] = {
    {.name = "iss", .raw = "\"" TOKEN_URL "\""}, {.name = "aud", .raw = "\"" TOKEN_AUD "\""},
    {.name = "sub", .raw = "\"alice\""},         {.name = "client_id", .raw = "\"web\""},
    {.name = "exp", .raw = "1800000300"},        {.name = "nbf", .raw = "1799999990"},
    {.name = "iat", .raw = "1799999990"},        {.name = "jti", .raw = "\"id-1\""},
    {.name = "scope", .raw = "\"read write\""},  {.name = "roles", .raw = "[\"staff\",\"admin\"]"},
};

static void must(int is_good, const char *what)
{
    if (!is_good) {
        fprintf(stderr, "the token fixture failed: %s\n", what);
        abort();
    }
}

static void open_keys(struct token_fixture *fixture)
{
    static char jwk[JOSE_TEXT_MAX];
    static char jwks[JOSE_TEXT_MAX * TOKEN_N_KEYS];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, jwks, sizeof jwks);
    zta_buffer_string(&buffer, "{\"keys\":[");
    for (int i = 0; i < TOKEN_N_KEYS; i++) {
        char more[32];
        (void)snprintf(more, sizeof more, ",\"alg\":\"%s\"", kinds[i].alg);
        fixture->keys[i] = jose_key(kinds[i].type, kinds[i].bits);
        jose_jwk(fixture->keys[i], kinds[i].kid, more, jwk);
        zta_buffer_printf(&buffer, "%s%s", i > 0 ? "," : "", jwk);
    }
    zta_buffer_string(&buffer, "]}");
    struct zta_error error = {.text = ""};
    struct mod_zta_keyset *keyset = NULL;
    must(mod_zta_keyset_load(zta_text_of(jwks), fixture->issuer.algs, NULL, NULL, &keyset,
                             &error) == ZTA_OK,
         error.text);
    must(mod_zta_keyring_open(0, &fixture->keyring) == ZTA_OK &&
             mod_zta_keyring_replace(fixture->keyring, &keyset, TOKEN_NOW) == ZTA_OK,
         "the keyring");
}

void token_fixture_open(struct token_fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->audiences[0] = ZTA_TEXT(TOKEN_AUD);
    fixture->named[0] = ZTA_TEXT("\"https://x.example/level\"");
    fixture->named[1] = ZTA_TEXT("tenant");
    fixture->named[2] = ZTA_TEXT("tenant.id");
    fixture->issuer = (struct mod_zta_issuer){
        .name = ZTA_TEXT("corp"),
        .url = ZTA_TEXT(TOKEN_URL),
        .audiences = fixture->audiences,
        .n_audiences = 1,
        .algs = MOD_ZTA_ALG_RS256 | MOD_ZTA_ALG_ES256 | MOD_ZTA_ALG_EDDSA,
        .token_type = ZTA_TEXT("at+jwt"),
        .leeway_s = 60,
    };
    mod_zta_claim_names_init(&fixture->issuer.claims);
    open_keys(fixture);
    fixture->issuer.keyring = fixture->keyring;
    mod_zta_issuer_seal(&fixture->issuer);
    fixture->issuers[0] = &fixture->issuer;
    fixture->request = (struct mod_zta_token_request){
        .issuers = fixture->issuers,
        .n_issuers = 1,
        .claims = fixture->named,
        .n_claims = TOKEN_NAMED,
        .now_s = TOKEN_NOW,
    };
}

void token_fixture_close(struct token_fixture *fixture)
{
    for (int i = 0; i < TOKEN_N_KEYS; i++) {
        EVP_PKEY_free(fixture->keys[i]);
    }
    mod_zta_keyring_close(&fixture->keyring);
}

static void print_object(const struct member *members, size_t n, const char *name, const char *raw,
                         const char *tail, char out[JOSE_TEXT_MAX])
{
    struct zta_buffer buffer;
    const char *separator = "{";
    bool is_changed = name == NULL;
    zta_buffer_init(&buffer, out, JOSE_TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        bool is_it = name != NULL && strcmp(members[i].name, name) == 0;
        is_changed = is_changed || is_it;
        if (is_it && raw == NULL) {
            continue;
        }
        zta_buffer_printf(&buffer, "%s\"%s\":%s", separator, members[i].name,
                          is_it ? raw : members[i].raw);
        separator = ",";
    }
    if (!is_changed && raw != NULL) {
        zta_buffer_printf(&buffer, "%s\"%s\":%s", separator, name, raw);
    }
    zta_buffer_printf(&buffer, "%s}", tail != NULL ? tail : "");
    must(!buffer.is_overflowed, "a part is too long");
}

void token_texts(enum token_key key, const struct token_change *change, char header[JOSE_TEXT_MAX],
                 char claims[JOSE_TEXT_MAX])
{
    static const struct token_change none;
    const struct token_change *by = change != NULL ? change : &none;
    char alg[32];
    char kid[32];
    (void)snprintf(alg, sizeof alg, "\"%s\"", kinds[key].alg);
    (void)snprintf(kid, sizeof kid, "\"%s\"", kinds[key].kid);
    const struct member good_header[] = {
        {.name = "alg", .raw = alg},
        {.name = "typ", .raw = "\"at+jwt\""},
        {.name = "kid", .raw = kid},
    };
    print_object(good_header, sizeof good_header / sizeof good_header[0], by->header,
                 by->header_raw, by->header_tail, header);
    print_object(good_claims, sizeof good_claims / sizeof good_claims[0], by->claim, by->claim_raw,
                 by->claims_tail, claims);
}

size_t token_make(const struct token_fixture *fixture, enum token_key key,
                  const struct token_change *change, char token[JOSE_TEXT_MAX])
{
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    token_texts(key, change, header, claims);
    return jose_sign(fixture->keys[key], kinds[key].alg, zta_text_of(header), zta_text_of(claims),
                     token);
}

enum zta_reason token_judge(struct token_fixture *fixture, struct zta_text token)
{
    fixture->request.token = token;
    mod_zta_token_judge(&fixture->request, fixture->storage, sizeof fixture->storage,
                        &fixture->identity, &fixture->result);
    return fixture->result.reason;
}
