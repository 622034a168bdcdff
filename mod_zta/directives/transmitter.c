/* SPDX-License-Identifier: Apache-2.0 */
/* <ZTATransmitter> and the directives that stand in no other section. */
#include <apr_strings.h>

#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/directives/secret.h"
#include "mod_zta/directives/section.h"
#include "mod_zta/directives/set.h"
#include "mod_zta/directives/words.h"
#include "mod_zta/transmitter_config.h"
#include "shared/base/clock.h"

#define POLL_MIN_S 1

static const char *check_url(cmd_parms *cmd, const char *name, const char *url)
{
    const apr_array_header_t *all = mod_zta_global()->transmitters;
    for (int i = 0; i < all->nelts; i++) {
        const struct mod_zta_transmitter_config *other =
            APR_ARRAY_IDX(all, i, struct mod_zta_transmitter_config *);
        if (zta_text_equal(other->keys.issuer.url, zta_text_of(url))) {
            return apr_psprintf(cmd->pool, "%s: '%s' with '%s' stands there already",
                                cmd->cmd->name, name, url);
        }
    }
    return NULL;
}

static const char *finish(cmd_parms *cmd, struct mod_zta_transmitter_config *config)
{
    const char *error = mod_zta_section_keys(cmd, &config->keys, MOD_ZTA_DISCOVERY_SSF);
    if (error != NULL) {
        return error;
    }
    if (config->keys.audiences->nelts == 0) {
        return apr_psprintf(cmd->pool,
                            "%s: transmitter '%s' has no ZTAAudience, expected the aud of its "
                            "stream",
                            cmd->cmd->name, config->keys.issuer.name.data);
    }
    if (config->names->nelts == 0) {
        return apr_psprintf(
            cmd->pool,
            "%s: transmitter '%s' has no ZTAMaySpeakFor, expected the issuers whose "
            "users it is about",
            cmd->cmd->name, config->keys.issuer.name.data);
    }
    mod_zta_section_end(&config->keys);
    config->transmitter.issuer = &config->keys.issuer;
    APR_ARRAY_PUSH(mod_zta_global()->transmitters, struct mod_zta_transmitter_config *) = config;
    return NULL;
}

const char *mod_zta_set_transmitter(cmd_parms *cmd, void *dir, const char *args)
{
    struct mod_zta_transmitter_config *config;
    const char *name;
    const char *url;
    const char *error = mod_zta_check_global(cmd);
    if (error == NULL) {
        error = mod_zta_section_words(cmd, args, &name, &url);
    }
    if (error == NULL) {
        error = check_url(cmd, name, url);
    }
    if (error != NULL) {
        return error;
    }
    config = apr_pcalloc(cmd->pool, sizeof(*config));
    config->names = apr_array_make(cmd->pool, 2, sizeof(const char *));
    config->poll_s = MOD_ZTA_POLL_DEFAULT_S;
    config->quiet_s = MOD_ZTA_QUIET_DEFAULT_S;
    mod_zta_section_begin(&config->keys, cmd->pool, name, url);

    mod_zta_global()->current_issuer = &config->keys;
    mod_zta_global()->current_transmitter = config;
    error = ap_walk_config(cmd->directive->first_child, cmd, cmd->context);
    mod_zta_global()->current_transmitter = NULL;
    mod_zta_global()->current_issuer = NULL;
    return error != NULL ? error : finish(cmd, config);
}

const char *mod_zta_set_mayspeakfor(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_transmitter_section(cmd);
    if (error != NULL) {
        return error;
    }
    if (!mod_zta_word_is_name(word)) {
        return mod_zta_expected(cmd, word, "the name of a ZTAIssuer");
    }
    APR_ARRAY_PUSH(mod_zta_global()->current_transmitter->names, const char *) = word;
    return NULL;
}

const char *mod_zta_set_pushauthorization(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_transmitter_section(cmd);
    return error != NULL
               ? error
               : mod_zta_read_secret_line(cmd, NULL, word, MOD_ZTA_PUSH_AUTHORIZATION_MAX,
                                          &mod_zta_global()->current_transmitter->authorization);
}

/* The value of an Authorization header, of the token that stands in a file. */
static const char *read_bearer(cmd_parms *cmd, const char *token, const char **authorization)
{
    struct zta_text secret;
    const char *error =
        mod_zta_read_secret_line(cmd, "token", token, MOD_ZTA_PUSH_AUTHORIZATION_MAX, &secret);
    if (error == NULL) {
        *authorization = apr_pstrcat(cmd->pool, "Bearer ",
                                     apr_pstrmemdup(cmd->pool, secret.data, secret.len), NULL);
    }
    return error;
}

/* The word may hold a secret that was written in place of its file. */
static const char *bad_option(cmd_parms *cmd, const char *word, const char *expected)
{
    const size_t len = strcspn(word, "=");
    return mod_zta_expected(cmd, apr_pstrndup(cmd->pool, word, len < 32 ? len : 32), expected);
}

static const char *set_poll_option(cmd_parms *cmd, struct mod_zta_transmitter_config *config,
                                   const char *word)
{
    const char *token = mod_zta_word_option(word, "token");
    const char *interval = mod_zta_word_option(word, "interval");
    if (token != NULL && config->poll_authorization == NULL) {
        return read_bearer(cmd, token, &config->poll_authorization);
    }
    if (interval != NULL && zta_duration_parse(zta_text_of(interval), &config->poll_s) == ZTA_OK &&
        config->poll_s >= POLL_MIN_S) {
        return NULL;
    }
    return bad_option(cmd, word, "token=file:PATH once and interval=DURATION of at least 1s");
}

static const char *check_endpoint(cmd_parms *cmd, int argc, char *const argv[])
{
    return argc > 0 && mod_zta_url_is_fetchable(zta_text_of(argv[0]))
               ? NULL
               : mod_zta_expected(cmd, argc == 0 ? "" : argv[0],
                                  "an https URL (http on loopback only)");
}

const char *mod_zta_set_poll(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    const char *error = mod_zta_check_transmitter_section(cmd);
    struct mod_zta_transmitter_config *config = mod_zta_global()->current_transmitter;
    if (error == NULL) {
        error = check_endpoint(cmd, argc, argv);
    }
    for (int i = 1; i < argc && error == NULL; i++) {
        error = set_poll_option(cmd, config, argv[i]);
    }
    if (error == NULL) {
        config->poll_url = argv[0];
    }
    return error;
}

static const char *set_verify_option(cmd_parms *cmd, struct mod_zta_transmitter_config *config,
                                     const char *word)
{
    const char *token = mod_zta_word_option(word, "token");
    const char *stream = mod_zta_word_option(word, "stream");
    if (token != NULL && config->verify_authorization == NULL) {
        return read_bearer(cmd, token, &config->verify_authorization);
    }
    if (stream != NULL && config->verify_stream == NULL && stream[0] != '\0' &&
        strlen(stream) <= MOD_ZTA_STREAM_ID_MAX && zta_text_is_utf8(zta_text_of(stream))) {
        config->verify_stream = stream;
        return NULL;
    }
    return bad_option(cmd, word, "stream=ID and token=file:PATH, once each");
}

const char *mod_zta_set_verify(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    const char *error = mod_zta_check_transmitter_section(cmd);
    struct mod_zta_transmitter_config *config = mod_zta_global()->current_transmitter;
    if (error == NULL) {
        error = check_endpoint(cmd, argc, argv);
    }
    for (int i = 1; i < argc && error == NULL; i++) {
        error = set_verify_option(cmd, config, argv[i]);
    }
    if (error == NULL && config->verify_stream == NULL) {
        error = mod_zta_expected(cmd, argv[0], "stream=ID behind it");
    }
    if (error == NULL) {
        config->verify_url = argv[0];
    }
    return error;
}

const char *mod_zta_set_criticalmembers(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_transmitter_section(cmd);
    if (error != NULL) {
        return error;
    }
    for (unsigned member = 0; member < MOD_ZTA_SET_N_MEMBERS; member++) {
        if (strcmp(word, mod_zta_set_member_name((enum mod_zta_set_member)member)) == 0) {
            mod_zta_global()->current_transmitter->transmitter.critical |= 1u << member;
            return NULL;
        }
    }
    return mod_zta_expected(cmd, word,
                            "user, session, device, application, tenant, org_unit or group");
}

const char *mod_zta_set_draftevents(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_transmitter_section(cmd);
    const bool is_on = strcasecmp(word, "on") == 0;
    if (error == NULL && !is_on && strcasecmp(word, "off") != 0) {
        error = mod_zta_expected(cmd, word, "on or off");
    }
    if (error == NULL) {
        mod_zta_global()->current_transmitter->transmitter.is_legacy = is_on;
    }
    return error;
}

const char *mod_zta_set_streamquiet(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = mod_zta_check_transmitter_section(cmd);
    struct mod_zta_transmitter_config *config = mod_zta_global()->current_transmitter;
    if (error == NULL && strcasecmp(word, "off") == 0) {
        config->quiet_s = 0;
        return NULL;
    }
    if (error == NULL && (zta_duration_parse(zta_text_of(word), &config->quiet_s) != ZTA_OK ||
                          config->quiet_s <= 0)) {
        error = mod_zta_expected(cmd, word, "a duration such as 7d, or off");
    }
    return error;
}
