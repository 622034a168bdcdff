/* SPDX-License-Identifier: Apache-2.0 */
/* ZTATrustedPosture. */
#include <apr_strings.h>

#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/directives/set.h"
#include "mod_zta/directives/words.h"
#include "mod_zta/identity/discovery.h"
#include "mod_zta/posture_config.h"

static apr_status_t close_keyring(void *issuer)
{
    mod_zta_keyring_close(&((struct mod_zta_issuer *)issuer)->keyring);
    return APR_SUCCESS;
}

/* A file, or a URL that the helper fetches. */
static const char *set_keys(cmd_parms *cmd, struct mod_zta_posture_config *posture,
                            const char *value)
{
    struct mod_zta_issuer_config *keys = &posture->keys;
    const char *path = strncmp(value, "file:", 5) == 0 ? value + 5 : value;
    if (strstr(value, "://") != NULL) {
        keys->keys = value;
        keys->stale_s = MOD_ZTA_STALE_DEFAULT_S;
        return mod_zta_url_is_fetchable(zta_text_of(value))
                   ? NULL
                   : mod_zta_expected(cmd, value,
                                      "keys= with an https URL (http on loopback only)");
    }
    keys->keys_file = path[0] == '\0' ? NULL : ap_server_root_relative(cmd->pool, path);
    keys->keys = apr_pstrcat(cmd->pool, "file:", path, NULL);
    return keys->keys_file != NULL
               ? NULL
               : mod_zta_expected(cmd, value, "keys=FILE or an https URL of a JWKS");
}

static const char *set_option(cmd_parms *cmd, struct mod_zta_posture_config *posture,
                              const char *word)
{
    const char *keys = mod_zta_word_option(word, "keys");
    const char *header = mod_zta_word_option(word, "header");
    const char *audience = mod_zta_word_option(word, "audience");
    if (keys != NULL && posture->keys.keys == NULL) {
        return set_keys(cmd, posture, keys);
    }
    if (header != NULL && posture->header == NULL && mod_zta_word_is_header(header) &&
        strcasecmp(header, "Cookie") != 0 && strcasecmp(header, "DPoP") != 0) {
        posture->header = header;
        return NULL;
    }
    if (audience != NULL && audience[0] != '\0') {
        APR_ARRAY_PUSH(posture->audiences, struct zta_text) = zta_text_of(audience);
        return NULL;
    }
    return mod_zta_expected(cmd, word,
                            "keys=FILE|URL, header=NAME (not Authorization, not X-ZTA-...), each "
                            "once, or audience=URI");
}

const char *mod_zta_set_trustedposture(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    struct mod_zta_global *global = mod_zta_global();
    struct mod_zta_posture_config *posture = apr_pcalloc(cmd->pool, sizeof(*posture));
    struct mod_zta_issuer *issuer = &posture->keys.issuer;
    const char *error = mod_zta_check_global(cmd);
    if (error == NULL && (argc == 0 || argv[0][0] == '\0' || strchr(argv[0], '=') != NULL)) {
        error = mod_zta_expected(cmd, argc == 0 ? "" : argv[0],
                                 "ISSUER, exactly the iss of its "
                                 "postures");
    }
    posture->audiences = apr_array_make(cmd->pool, 2, sizeof(struct zta_text));
    for (int i = 1; i < argc && error == NULL; i++) {
        error = set_option(cmd, posture, argv[i]);
    }
    if (error != NULL) {
        return error;
    }
    if (posture->keys.keys == NULL || posture->header == NULL) {
        return mod_zta_expected(cmd, argv[0], "keys=FILE|URL and header=NAME behind it");
    }
    for (int i = 0; i < global->postures->nelts; i++) {
        const struct mod_zta_posture_config *other =
            APR_ARRAY_IDX(global->postures, i, struct mod_zta_posture_config *);
        if (zta_text_equal(other->keys.issuer.url, zta_text_of(argv[0]))) {
            return mod_zta_expected(cmd, argv[0], "each ISSUER once");
        }
    }
    issuer->name = zta_text_of(apr_psprintf(cmd->pool, "posture-%d", global->postures->nelts + 1));
    issuer->url = zta_text_of(argv[0]);
    issuer->algs = MOD_ZTA_ALGS_DEFAULT | MOD_ZTA_ALG_ES384 | MOD_ZTA_ALG_ES512 |
                   MOD_ZTA_ALG_ED25519 | MOD_ZTA_ALG_EDDSA;
    posture->keys.source =
        mod_zta_issuer_source(issuer->name, issuer->url, zta_text_of(posture->keys.keys));
    if (mod_zta_keyring_open(posture->keys.stale_s, &issuer->keyring) != ZTA_OK) {
        return "no memory";
    }
    apr_pool_cleanup_register(cmd->pool, issuer, close_keyring, apr_pool_cleanup_null);
    APR_ARRAY_PUSH(global->postures, struct mod_zta_posture_config *) = posture;
    return NULL;
}
