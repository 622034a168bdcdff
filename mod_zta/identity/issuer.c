/* SPDX-License-Identifier: Apache-2.0 */
/* Names of algorithms and claims, and the identity of an issuer's configuration. */
#include "mod_zta/identity/issuer.h"

#include "mod_zta/identity/claim_name.h"
#include "mod_zta/identity/introspection.h"
#include "shared/base/hash.h"
#include "shared/identity.h"

static const struct {
    unsigned alg;
    const char *name;
} algs[] = {
    {.alg = MOD_ZTA_ALG_RS256, .name = "RS256"}, {.alg = MOD_ZTA_ALG_RS384, .name = "RS384"},
    {.alg = MOD_ZTA_ALG_RS512, .name = "RS512"}, {.alg = MOD_ZTA_ALG_PS256, .name = "PS256"},
    {.alg = MOD_ZTA_ALG_PS384, .name = "PS384"}, {.alg = MOD_ZTA_ALG_PS512, .name = "PS512"},
    {.alg = MOD_ZTA_ALG_ES256, .name = "ES256"}, {.alg = MOD_ZTA_ALG_ES384, .name = "ES384"},
    {.alg = MOD_ZTA_ALG_ES512, .name = "ES512"}, {.alg = MOD_ZTA_ALG_ED25519, .name = "Ed25519"},
    {.alg = MOD_ZTA_ALG_EDDSA, .name = "EdDSA"},
};

unsigned mod_zta_alg_parse(struct zta_text name)
{
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        if (zta_text_equal(name, zta_text_of(algs[i].name))) {
            return algs[i].alg;
        }
    }
    return 0;
}

const char *mod_zta_alg_name(unsigned alg)
{
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        if (algs[i].alg == alg) {
            return algs[i].name;
        }
    }
    return "unknown";
}

enum zta_status mod_zta_claim_name_parse(struct zta_text text, char *out, size_t size)
{
    if (!zta_text_is_utf8(text)) {
        return ZTA_INVALID;
    }
    struct zta_buffer name;
    zta_buffer_init(&name, out, size);
    struct zta_text rest = text;
    while (!zta_text_is_absent(rest)) {
        char storage[MOD_ZTA_CLAIM_SEGMENT_MAX];
        struct zta_text segment;
        enum zta_status status = mod_zta_claim_name_next(&rest, storage, &segment);
        if (status != ZTA_OK) {
            return status;
        }
        zta_claim_name_append(&name, segment);
    }
    return name.is_overflowed ? ZTA_TOO_LARGE : ZTA_OK;
}

void mod_zta_claim_names_init(struct mod_zta_claim_names *names)
{
    *names = (struct mod_zta_claim_names){
        .subject = ZTA_TEXT("sub"),
        .client = ZTA_TEXT("client_id"),
        .roles = ZTA_TEXT("roles"),
        .groups = ZTA_TEXT("groups"),
        .scope = ZTA_TEXT("scope"),
        .session = ZTA_TEXT("sid"),
        .acr = ZTA_TEXT("acr"),
    };
}

uint64_t mod_zta_issuer_source(struct zta_text name, struct zta_text url, struct zta_text keys)
{
    const struct zta_text parts[] = {name, url, keys};
    struct zta_sha256 digest;
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], &digest);
    uint64_t source = zta_get_u64(digest.bytes);
    return source == 0 ? 1 : source;
}

void mod_zta_issuer_seal(struct mod_zta_issuer *issuer)
{
    uint8_t numbers[4 + 8 + 8];
    zta_put_u32(numbers, issuer->algs);
    zta_put_u64(numbers + 4, (uint64_t)issuer->leeway_s);
    zta_put_u64(numbers + 12, issuer->introspection == NULL ? 0 : issuer->introspection->hash);
    struct zta_sha256 audiences;
    zta_sha256_parts(issuer->audiences, issuer->n_audiences, &audiences);
    const struct mod_zta_claim_names *claims = &issuer->claims;
    const struct zta_text parts[] = {
        issuer->name,
        issuer->url,
        issuer->token_type,
        {.data = (const char *)numbers, .len = sizeof numbers},
        {.data = (const char *)audiences.bytes, .len = sizeof audiences.bytes},
        claims->subject,
        claims->client,
        claims->roles,
        claims->groups,
        claims->scope,
        claims->session,
        claims->device,
        claims->acr,
    };
    struct zta_sha256 digest;
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], &digest);
    issuer->config_hash = zta_get_u64(digest.bytes);
}
