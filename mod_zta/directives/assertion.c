/* SPDX-License-Identifier: Apache-2.0 */
/* ZTAAssertion, ZTAAssertionAudience. */
#include <apr_strings.h>

#include <string.h>

#include "mod_zta/assertion.h"
#include "mod_zta/config.h"
#include "mod_zta/directives/set.h"
#include "mod_zta/directives/words.h"
#include "shared/base/clock.h"

#define TTL_DEFAULT_S 60
#define TTL_MIN_S     5
#define TTL_MAX_S     3600

#define EXPECTED                                                                                   \
    "key=FILE (up to 8, the first one signs), header=NAME of a request header that means nothing " \
    "to HTTP, or ttl=DURATION from 5s to 1h"

/* Messages are framed by these, or they have a meaning of their own for proxies and for us. */
static bool is_taken(const char *name)
{
    static const char *const names[] = {
        "Connection",   "Content-Length",
        "Cookie",       "DPoP",
        "Expect",       "Host",
        "Keep-Alive",   "TE",
        "traceparent",  "tracestate",
        "Trailer",      "Upgrade",
        "X-Request-Id", "Transfer-Encoding",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What mod_zta_word_is_header leaves out is the one name of ours that an assertion may have. */
static bool is_header(const char *name)
{
    return strcasecmp(name, MOD_ZTA_ASSERTION_HEADER) == 0 ||
           (mod_zta_word_is_header(name) && !is_taken(name));
}

static bool add_option(cmd_parms *cmd, struct mod_zta_assertion_config *config, const char *word)
{
    const char *key = mod_zta_word_option(word, "key");
    const char *header = mod_zta_word_option(word, "header");
    const char *ttl = mod_zta_word_option(word, "ttl");
    if (key != NULL && key[0] != '\0' && config->n_files < MOD_ZTA_ASSERTION_KEYS_MAX) {
        config->files[config->n_files] = ap_server_root_relative(cmd->pool, key);
        return config->files[config->n_files++] != NULL;
    }
    if (header != NULL && config->header == NULL) {
        config->header = header;
        return is_header(header);
    }
    return ttl != NULL && config->ttl_s == 0 &&
           zta_duration_parse(zta_text_of(ttl), &config->ttl_s) == ZTA_OK &&
           config->ttl_s >= TTL_MIN_S && config->ttl_s <= TTL_MAX_S;
}

const char *mod_zta_set_assertion(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    const char *error = mod_zta_check_global(cmd);
    struct mod_zta_assertion_config *config = apr_pcalloc(cmd->pool, sizeof(*config));
    if (error != NULL) {
        return error;
    }
    if (mod_zta_global()->assertion != NULL) {
        return apr_psprintf(cmd->pool, "%s: stands twice, expected it once", cmd->cmd->name);
    }
    for (int i = 0; i < argc; i++) {
        if (!add_option(cmd, config, argv[i])) {
            return mod_zta_expected(cmd, argv[i], EXPECTED);
        }
    }
    if (config->n_files == 0) {
        return mod_zta_expected(cmd, argc > 0 ? argv[0] : "", EXPECTED);
    }
    config->header = config->header != NULL ? config->header : MOD_ZTA_ASSERTION_HEADER;
    config->ttl_s = config->ttl_s != 0 ? config->ttl_s : TTL_DEFAULT_S;
    mod_zta_global()->assertion = config;
    return NULL;
}

const char *mod_zta_set_assertionaudience(cmd_parms *cmd, void *place, const char *word)
{
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    if (word[0] == '\0' || strlen(word) > ZTA_SUBJECT_MAX || !zta_text_is_utf8(zta_text_of(word))) {
        return mod_zta_expected(cmd, word,
                                "the name of the API in at most 255 bytes, such as "
                                "https://orders.internal.example.com");
    }
    ((struct mod_zta_dir *)place)->audience = word;
    return NULL;
}
