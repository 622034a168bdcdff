/* SPDX-License-Identifier: Apache-2.0 */
/* Names, addresses and keys of issuers and transmitters. */
#include "mod_zta/directives/section.h"

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/directives/words.h"
#include "mod_zta/transmitter_config.h"
#include "shared/identity.h"

static bool is_taken(const char *name)
{
    const struct mod_zta_global *global = mod_zta_global();
    for (int i = 0; i < global->transmitters->nelts; i++) {
        const struct mod_zta_transmitter_config *other =
            APR_ARRAY_IDX(global->transmitters, i, struct mod_zta_transmitter_config *);
        if (zta_text_equal(other->keys.issuer.name, zta_text_of(name))) {
            return true;
        }
    }
    for (int i = 0; i < global->issuers->nelts; i++) {
        const struct mod_zta_issuer_config *other =
            APR_ARRAY_IDX(global->issuers, i, struct mod_zta_issuer_config *);
        if (zta_text_equal(other->issuer.name, zta_text_of(name))) {
            return true;
        }
    }
    return false;
}

static const char *check_words(cmd_parms *cmd, const char *name, const char *url)
{
    if (!mod_zta_word_is_name(name)) {
        return mod_zta_expected(cmd, name, "a name of letters, digits, '.', '_', '-', at most 63");
    }
    if (strcasecmp(name, ZTA_ISSUER_LOCAL) == 0) {
        return mod_zta_expected(cmd, name, "another name: 'local' stands for API keys");
    }
    if (strcasecmp(name, ZTA_ISSUER_MTLS) == 0) {
        return mod_zta_expected(cmd, name, "another name: 'mtls' stands for client certificates");
    }
    if (!mod_zta_url_is_fetchable(zta_text_of(url))) {
        return mod_zta_expected(cmd, url, "an https URL (http on loopback only)");
    }
    if (is_taken(name)) {
        return apr_psprintf(cmd->pool, "%s: '%s' with '%s' stands there already", cmd->cmd->name,
                            name, url);
    }
    return NULL;
}

const char *mod_zta_section_words(cmd_parms *cmd, const char *args, const char **name,
                                  const char **url)
{
    const char *end = strrchr(args, '>');
    if (end == NULL || end[1] != '\0') {
        return apr_psprintf(cmd->pool, "%s: got '%s', expected NAME URL> with a closing '>'",
                            cmd->cmd->name, args);
    }
    const char *rest = apr_pstrmemdup(cmd->pool, args, (apr_size_t)(end - args));
    *name = ap_getword_conf(cmd->pool, &rest);
    *url = ap_getword_conf(cmd->pool, &rest);
    if ((*name)[0] == '\0' || (*url)[0] == '\0' || rest[0] != '\0') {
        return mod_zta_expected(cmd, args, "exactly NAME URL>");
    }
    return check_words(cmd, *name, *url);
}

void mod_zta_section_begin(struct mod_zta_issuer_config *issuer, apr_pool_t *pool, const char *name,
                           const char *url)
{
    issuer->audiences = apr_array_make(pool, 2, sizeof(struct zta_text));
    issuer->issuer.name = zta_text_of(name);
    issuer->issuer.url = zta_text_of(url);
    issuer->issuer.token_type = ZTA_TEXT("at+jwt");
    issuer->issuer.leeway_s = MOD_ZTA_LEEWAY_DEFAULT_S;
    issuer->stale_s = MOD_ZTA_UNSET;
    mod_zta_claim_names_init(&issuer->issuer.claims);
}

void mod_zta_section_end(struct mod_zta_issuer_config *issuer)
{
    if (issuer->issuer.algs == 0) {
        issuer->issuer.algs = MOD_ZTA_ALGS_DEFAULT;
    }
    issuer->issuer.audiences = (const struct zta_text *)(const void *)issuer->audiences->elts;
    issuer->issuer.n_audiences = (size_t)issuer->audiences->nelts;
    mod_zta_issuer_seal(&issuer->issuer);
}

static apr_status_t close_keyring(void *issuer)
{
    mod_zta_keyring_close(&((struct mod_zta_issuer *)issuer)->keyring);
    return APR_SUCCESS;
}

const char *mod_zta_section_keys(cmd_parms *cmd, struct mod_zta_issuer_config *issuer,
                                 enum mod_zta_discovery_form form)
{
    struct mod_zta_issuer *made = &issuer->issuer;
    char url[MOD_ZTA_URL_MAX + 1];
    if (issuer->keys == NULL && made->introspection == NULL) {
        return apr_psprintf(cmd->pool,
                            "%s: issuer '%s' has no ZTAKeys, expected ZTAKeys discover, an https "
                            "URL or file:PATH",
                            cmd->cmd->name, made->name.data);
    }
    if (issuer->keys != NULL && strcmp(issuer->keys, "discover") == 0 &&
        mod_zta_discovery_url(made->url, form, url, sizeof(url)) != ZTA_OK) {
        return apr_psprintf(cmd->pool,
                            "%s: ZTAKeys discover: got '%s', expected the URL of an issuer without "
                            "a query",
                            cmd->cmd->name, made->url.data);
    }
    const bool is_fetched = issuer->keys != NULL && issuer->keys_file == NULL;
    if (!is_fetched && issuer->stale_s != MOD_ZTA_UNSET) {
        return apr_psprintf(cmd->pool,
                            "%s: issuer '%s' has ZTAKeysStale, expected it with ZTAKeys discover "
                            "or an https URL: keys of a file do not age",
                            cmd->cmd->name, made->name.data);
    }
    if (issuer->stale_s == MOD_ZTA_UNSET) {
        issuer->stale_s = is_fetched ? MOD_ZTA_STALE_DEFAULT_S : 0;
    }
    issuer->source = mod_zta_issuer_source(made->name, made->url, zta_text_of(issuer->keys));
    if (mod_zta_keyring_open(issuer->stale_s, &made->keyring) != ZTA_OK) {
        return "no memory";
    }
    apr_pool_cleanup_register(cmd->pool, made, close_keyring, apr_pool_cleanup_null);
    return NULL;
}
