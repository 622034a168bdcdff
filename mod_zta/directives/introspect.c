/* SPDX-License-Identifier: Apache-2.0 */
/* ZTAIntrospect: where an issuer is asked about opaque tokens, and with what credentials. */
#include "mod_zta/directives/introspect.h"

#include <apr_strings.h>

#include <openssl/evp.h>

#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/directives/secret.h"
#include "mod_zta/directives/set.h"
#include "mod_zta/directives/words.h"
#include "mod_zta/identity/discovery.h"
#include "mod_zta/identity/signing_key.h"

/* The words behind the URL, as they stand there. */
struct options {
    const char *client;
    const char *secret;
    const char *key;
    const char *auth;
};

/* Each option at most once. */
static const char *read_option(cmd_parms *cmd, const char *word, struct options *options)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = {
        {.name = "client", .value = &options->client},
        {.name = "secret", .value = &options->secret},
        {.name = "key", .value = &options->key},
        {.name = "auth", .value = &options->auth},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const char *value = mod_zta_word_option(word, known[i].name);
        if (value != NULL && value[0] != '\0' && *known[i].value == NULL) {
            *known[i].value = value;
            return NULL;
        }
    }
    /* The word may hold a secret that was written in place of its file. */
    size_t len = strcspn(word, "=");
    return mod_zta_expected(cmd, apr_pstrndup(cmd->pool, word, len < 32 ? len : 32),
                            "each of client=NAME, secret=file:PATH, key=file:PATH and "
                            "auth=basic|post|private_key_jwt once at most");
}

static apr_status_t free_key(void *client)
{
    EVP_PKEY_free(((struct mod_zta_client *)client)->key);
    ((struct mod_zta_client *)client)->key = NULL;
    return APR_SUCCESS;
}

static const char *set_key(cmd_parms *cmd, const char *value, struct mod_zta_client *client)
{
    struct zta_text pem;
    struct zta_error fault = {.text = ""};
    const char *error = mod_zta_read_secret(cmd, "key", value, MOD_ZTA_SIGNING_PEM_MAX, &pem);
    if (error != NULL) {
        return error;
    }
    if (mod_zta_signing_key_load(pem, &client->key, &fault) != ZTA_OK) {
        return apr_psprintf(cmd->pool, "%s: key=%s: %s", cmd->cmd->name, value, fault.text);
    }
    apr_pool_cleanup_register(cmd->pool, client, free_key, apr_pool_cleanup_null);
    return NULL;
}

static const char *set_client(cmd_parms *cmd, const struct options *options,
                              struct mod_zta_client *client)
{
    const char *auth = options->auth;
    if (options->client == NULL || strlen(options->client) > ZTA_SUBJECT_MAX ||
        (options->secret == NULL) == (options->key == NULL)) {
        return apr_psprintf(
            cmd->pool, "%s: expected client=NAME and one of secret=file:PATH and key=file:PATH",
            cmd->cmd->name);
    }
    client->id = zta_text_of(options->client);
    if (options->key != NULL) {
        client->method = MOD_ZTA_CLIENT_KEY;
        return auth == NULL || strcasecmp(auth, "private_key_jwt") == 0
                   ? set_key(cmd, options->key, client)
                   : mod_zta_expected(cmd, auth, "auth=private_key_jwt where key= stands");
    }
    if (auth != NULL && strcasecmp(auth, "basic") != 0 && strcasecmp(auth, "post") != 0) {
        return mod_zta_expected(cmd, auth, "auth=basic or auth=post where secret= stands");
    }
    client->method =
        auth != NULL && strcasecmp(auth, "post") == 0 ? MOD_ZTA_CLIENT_POST : MOD_ZTA_CLIENT_BASIC;
    return mod_zta_read_secret_line(cmd, "secret", options->secret, MOD_ZTA_CLIENT_SECRET_MAX,
                                    &client->secret);
}

const char *mod_zta_set_introspect(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    const char *error = mod_zta_check_issuer_section(cmd);
    struct options options = {.client = NULL};
    if (error != NULL) {
        return error;
    }
    struct mod_zta_issuer_config *issuer = mod_zta_global()->current_issuer;
    const char *url = argc > 0 ? argv[0] : "";
    if (issuer->issuer.introspection != NULL) {
        return apr_psprintf(cmd->pool, "%s: stands twice in one section, expected it once",
                            cmd->cmd->name);
    }
    if (strcmp(url, "discover") != 0 && !mod_zta_url_is_fetchable(zta_text_of(url))) {
        return mod_zta_expected(cmd, url, "discover or an https URL (http on loopback only)");
    }
    for (int i = 1; i < argc && error == NULL; i++) {
        error = read_option(cmd, argv[i], &options);
    }
    if (error == NULL) {
        error = set_client(cmd, &options, &issuer->introspection.client);
    }
    issuer->introspection.url = strcmp(url, "discover") == 0 ? NULL : url;
    issuer->issuer.introspection = &issuer->introspection;
    return error;
}

const char *mod_zta_finish_introspect(cmd_parms *cmd, struct mod_zta_issuer_config *issuer)
{
    struct mod_zta_introspection *introspection = &issuer->introspection;
    if (issuer->issuer.introspection == NULL) {
        return NULL;
    }
    if (introspection->url == NULL &&
        (issuer->keys == NULL || strcmp(issuer->keys, "discover") != 0)) {
        return apr_psprintf(cmd->pool,
                            "%s: issuer '%s' has ZTAIntrospect discover, expected ZTAKeys discover "
                            "beside it, or a URL",
                            cmd->cmd->name, issuer->issuer.name.data);
    }
    introspection->asks_about_jwts = issuer->keys == NULL;
    mod_zta_introspection_seal(introspection);
    return NULL;
}
