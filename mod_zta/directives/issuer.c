/* SPDX-License-Identifier: Apache-2.0 */
/* <ZTAIssuer> and the directives inside it. */
#include <apr_strings.h>

#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/directives/introspect.h"
#include "mod_zta/directives/section.h"
#include "mod_zta/directives/set.h"
#include "mod_zta/directives/words.h"
#include "mod_zta/identity/discovery.h"
#include "shared/base/clock.h"
#include "shared/identity.h"

const char *mod_zta_set_issuer(cmd_parms *cmd, void *dir, const char *args)
{
    const char *error = mod_zta_check_global(cmd);
    if (error != NULL) {
        return error;
    }
    const char *name;
    const char *url;
    error = mod_zta_section_words(cmd, args, &name, &url);
    if (error != NULL) {
        return error;
    }
    for (int i = 0; i < mod_zta_global()->issuers->nelts; i++) {
        const struct mod_zta_issuer *other =
            &APR_ARRAY_IDX(mod_zta_global()->issuers, i, struct mod_zta_issuer_config *)->issuer;
        if (zta_text_equal(other->url, zta_text_of(url))) {
            return apr_psprintf(cmd->pool, "%s: '%s' with '%s' stands there already",
                                cmd->cmd->name, name, url);
        }
    }
    struct mod_zta_issuer_config *issuer = apr_pcalloc(cmd->pool, sizeof(*issuer));
    mod_zta_section_begin(issuer, cmd->pool, name, url);
    mod_zta_global()->current_issuer = issuer;
    error = ap_walk_config(cmd->directive->first_child, cmd, cmd->context);
    mod_zta_global()->current_issuer = NULL;
    if (error == NULL) {
        error = mod_zta_section_keys(cmd, issuer, MOD_ZTA_DISCOVERY_OIDC);
    }
    if (error == NULL) {
        error = mod_zta_finish_introspect(cmd, issuer);
    }
    if (error != NULL) {
        return error;
    }
    mod_zta_section_end(issuer);
    APR_ARRAY_PUSH(mod_zta_global()->issuers, struct mod_zta_issuer_config *) = issuer;
    return NULL;
}

const char *mod_zta_set_audience(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_source_section(cmd);
    if (error != NULL) {
        return error;
    }
    if (word[0] == '\0') {
        return mod_zta_expected(cmd, word, "the aud value of tokens that are for this proxy");
    }
    APR_ARRAY_PUSH(mod_zta_global()->current_issuer->audiences, struct zta_text) =
        zta_text_of(word);
    return NULL;
}

const char *mod_zta_set_logoutaudience(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_issuer_section(cmd);
    if (error != NULL) {
        return error;
    }
    if (word[0] == '\0') {
        return mod_zta_expected(cmd, word, "the client id that stands in the aud of logout tokens");
    }
    struct mod_zta_issuer_config *issuer = mod_zta_global()->current_issuer;
    if (issuer->logout_clients == NULL) {
        issuer->logout_clients = apr_array_make(cmd->pool, 2, sizeof(struct zta_text));
    }
    APR_ARRAY_PUSH(issuer->logout_clients, struct zta_text) = zta_text_of(word);
    return NULL;
}

const char *mod_zta_set_keys(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_source_section(cmd);
    if (error != NULL) {
        return error;
    }
    struct mod_zta_issuer_config *issuer = mod_zta_global()->current_issuer;
    const char *path = strncmp(word, "file:", 5) == 0 && word[5] != '\0'
                           ? ap_server_root_relative(cmd->pool, word + 5)
                           : NULL;
    if (path == NULL && strcmp(word, "discover") != 0 &&
        !mod_zta_url_is_fetchable(zta_text_of(word))) {
        return mod_zta_expected(cmd, word,
                                "discover, an https URL of a JWKS (http on loopback only) or "
                                "file:PATH of a JWKS");
    }
    issuer->keys = word;
    issuer->keys_file = path;
    return NULL;
}

const char *mod_zta_set_keysstale(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_source_section(cmd);
    if (error != NULL) {
        return error;
    }
    int64_t duration_s;
    if (zta_duration_parse(zta_text_of(word), &duration_s) != ZTA_OK || duration_s <= 0) {
        return mod_zta_expected(cmd, word, "a duration such as 24h");
    }
    mod_zta_global()->current_issuer->stale_s = duration_s;
    return NULL;
}

const char *mod_zta_set_algorithms(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_source_section(cmd);
    if (error != NULL) {
        return error;
    }
    unsigned alg = mod_zta_alg_parse(zta_text_of(word));
    if (alg == 0) {
        return mod_zta_expected(
            cmd, word,
            "one of RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 Ed25519 "
            "EdDSA (symmetric algorithms and none are never accepted)");
    }
    mod_zta_global()->current_issuer->issuer.algs |= alg;
    return NULL;
}

const char *mod_zta_set_tokentype(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_issuer_section(cmd);
    if (error != NULL) {
        return error;
    }
    if (strcasecmp(word, "at+jwt") == 0) {
        mod_zta_global()->current_issuer->issuer.token_type = ZTA_TEXT("at+jwt");
        return NULL;
    }
    if (strcasecmp(word, "any") == 0) {
        mod_zta_global()->current_issuer->issuer.token_type = ZTA_TEXT("any");
        return NULL;
    }
    return mod_zta_expected(cmd, word, "at+jwt or any");
}

const char *mod_zta_set_leeway(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_source_section(cmd);
    if (error != NULL) {
        return error;
    }
    uint64_t seconds;
    if (zta_text_to_u64(zta_text_of(word), MOD_ZTA_LEEWAY_MAX_S, &seconds) != ZTA_OK) {
        return mod_zta_expected(cmd, word, "seconds from 0 to 300");
    }
    mod_zta_global()->current_issuer->issuer.leeway_s = (int64_t)seconds;
    return NULL;
}

/* The next value, and whether a '<' leads on behind it; absent where none stands. */
static struct zta_text next_acr(cmd_parms *cmd, const char **rest, bool *leads_on)
{
    *rest += strspn(*rest, " \t");
    const size_t len = strcspn(*rest, "< \t");
    const struct zta_text acr = {.data = apr_pstrmemdup(cmd->pool, *rest, len), .len = len};
    *rest += len;
    *rest += strspn(*rest, " \t");
    *leads_on = **rest == '<';
    *rest += *leads_on ? 1 : 0;
    return acr;
}

static const char *check_acr(cmd_parms *cmd, const apr_array_header_t *acrs, struct zta_text acr)
{
    if (!zta_acr_is_well_formed(acr)) {
        return mod_zta_expected(cmd, acr.data,
                                "an acr value between each '<', such as urn:example:mfa: at most "
                                "127 printable ASCII characters without space, quote, backslash");
    }
    for (int i = 0; i < acrs->nelts; i++) {
        if (zta_text_equal(APR_ARRAY_IDX(acrs, i, struct zta_text), acr)) {
            return mod_zta_expected(cmd, acr.data, "each acr value once");
        }
    }
    return acrs->nelts < ZTA_ACRS_MAX
               ? NULL
               : mod_zta_expected(cmd, acr.data,
                                  "at most " APR_STRINGIFY(ZTA_ACRS_MAX) " acr values");
}

const char *mod_zta_set_acr(cmd_parms *cmd, void *unused, const char *args)
{
    const char *error = mod_zta_check_issuer_section(cmd);
    if (error != NULL) {
        return error;
    }
    struct zta_acr_order *order = &mod_zta_global()->current_issuer->issuer.acrs;
    if (order->n > 0) {
        return mod_zta_expected(cmd, args, "it once, with all values in their order");
    }
    apr_array_header_t *acrs = apr_array_make(cmd->pool, 4, sizeof(struct zta_text));
    const char *rest = args;
    for (bool leads_on = true; leads_on;) {
        const struct zta_text acr = next_acr(cmd, &rest, &leads_on);
        error = check_acr(cmd, acrs, acr);
        if (error != NULL) {
            return error;
        }
        APR_ARRAY_PUSH(acrs, struct zta_text) = acr;
    }
    if (rest[0] != '\0' || acrs->nelts == 1) {
        return mod_zta_expected(cmd, args, "A < B [< C]..., the weakest acr value first");
    }
    *order = (struct zta_acr_order){
        .values = (const struct zta_text *)(const void *)acrs->elts,
        .n = (size_t)acrs->nelts,
    };
    return NULL;
}

static struct zta_text *claim_slot(struct mod_zta_claim_names *names, const char *what)
{
    struct {
        const char *name;
        struct zta_text *slot;
    } const slots[] = {
        {.name = "roles", .slot = &names->roles},   {.name = "groups", .slot = &names->groups},
        {.name = "scope", .slot = &names->scope},   {.name = "subject", .slot = &names->subject},
        {.name = "client", .slot = &names->client}, {.name = "session", .slot = &names->session},
        {.name = "device", .slot = &names->device}, {.name = "acr", .slot = &names->acr},
    };
    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        if (strcasecmp(what, slots[i].name) == 0) {
            return slots[i].slot;
        }
    }
    return NULL;
}

const char *mod_zta_set_claim(cmd_parms *cmd, void *unused, const char *what, const char *claim)
{
    const char *error = mod_zta_check_issuer_section(cmd);
    if (error != NULL) {
        return error;
    }
    struct zta_text *slot = claim_slot(&mod_zta_global()->current_issuer->issuer.claims, what);
    if (slot == NULL) {
        return mod_zta_expected(cmd, what,
                                "roles, groups, scope, subject, client, session, device or acr");
    }
    char name[256];
    if (mod_zta_claim_name_parse(zta_text_of(claim), name, sizeof(name)) != ZTA_OK) {
        return mod_zta_expected(cmd, claim,
                                "a claim, its segments joined by '.', such as realm_access.roles");
    }
    *slot = zta_text_of(apr_pstrdup(cmd->pool, name));
    return NULL;
}
