/* SPDX-License-Identifier: Apache-2.0 */
/* The directives of a place: server, vhost, Location or Directory. */
#include <apr_strings.h>

#include <string.h>

#include "mod_zta/config.h"
#include "mod_zta/directives/set.h"
#include "mod_zta/directives/words.h"
#include "mod_zta/identity/htu.h"
#include "shared/base/clock.h"
#include "shared/base/path.h"

const char *mod_zta_set_accept(cmd_parms *cmd, void *place, int argc, char *const argv[])
{
    struct mod_zta_dir *dir = place;
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    apr_array_header_t *names = apr_array_make(cmd->pool, 2, sizeof(const char *));
    apr_array_header_t *audiences = apr_array_make(cmd->pool, 2, sizeof(struct zta_text));
    for (int i = 0; i < argc; i++) {
        const char *audience = mod_zta_word_option(argv[i], "audience");
        if (audience != NULL && audience[0] != '\0') {
            APR_ARRAY_PUSH(audiences, struct zta_text) =
                zta_text_of(apr_pstrdup(cmd->pool, audience));
        }
        else if (mod_zta_word_is_name(argv[i])) {
            APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(cmd->pool, argv[i]);
        }
        else {
            return mod_zta_expected(cmd, argv[i],
                                    "names of <ZTAIssuer> sections, local, mtls, or audience=URI");
        }
    }
    if (names->nelts == 0) {
        return mod_zta_expected(cmd, "no name", "names of <ZTAIssuer> sections, local or mtls");
    }
    struct mod_zta_accept *accept = apr_pcalloc(cmd->pool, sizeof(*accept));
    accept->names = names;
    accept->audiences = audiences;
    dir->accept = accept;
    return NULL;
}

static const char *set_stage_member(cmd_parms *cmd, const char *word, int *member)
{
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    uint64_t stage;
    if (zta_text_to_u64(zta_text_of(word), ZTA_STAGE_MAX, &stage) != ZTA_OK) {
        return mod_zta_expected(cmd, word,
                                "0 (off), 1 (basic), 2 (identity), 3 (context) or 4 (adaptive)");
    }
    *member = (int)stage;
    return NULL;
}

const char *mod_zta_set_stage(cmd_parms *cmd, void *place, const char *word)
{
    return set_stage_member(cmd, word, &((struct mod_zta_dir *)place)->stage);
}

const char *mod_zta_set_monitor(cmd_parms *cmd, void *place, const char *word)
{
    return set_stage_member(cmd, word, &((struct mod_zta_dir *)place)->monitor);
}

const char *mod_zta_set_feature(cmd_parms *cmd, void *place, const char *word)
{
    struct mod_zta_dir *dir = place;
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    const char *equals = strchr(word, '=');
    enum zta_feature feature;
    enum zta_mode mode;
    if (equals == NULL ||
        zta_feature_parse((struct zta_text){.data = word, .len = (size_t)(equals - word)},
                          &feature) != ZTA_OK) {
        return mod_zta_expected(cmd, word,
                                "credential, ratelimit, rules, device, network, geo, time, "
                                "behaviour, risk, stepup, signals or automation, then =enforce, "
                                "=monitor or =off");
    }
    if (zta_mode_parse(zta_text_of(equals + 1), &mode) != ZTA_OK) {
        return mod_zta_expected(cmd, word, "a mode: enforce, monitor or off");
    }
    if (feature == ZTA_FEATURE_CREDENTIAL && mode != ZTA_MODE_ENFORCE) {
        return mod_zta_expected(
            cmd, word,
            "credential=enforce: it can be neither off nor monitored by itself; a path "
            "without credentials is ZTAStage 0");
    }
    dir->features[feature] = (int8_t)mode;
    return NULL;
}

const char *mod_zta_set_realm(cmd_parms *cmd, void *place, const char *word)
{
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    for (const char *c = word; *c != '\0'; c++) {
        if (*c < 0x20 || *c > 0x7e || *c == '"' || *c == '\\') {
            return mod_zta_expected(cmd, word, "printable ASCII without quotes and backslashes");
        }
    }
    ((struct mod_zta_dir *)place)->realm = word;
    return NULL;
}

const char *mod_zta_set_origin(cmd_parms *cmd, void *place, const char *word)
{
    const char *error = mod_zta_check_place(cmd);
    char origin[MOD_ZTA_HTU_SIZE];
    size_t len;
    if (error != NULL) {
        return error;
    }
    if (mod_zta_htu_origin(zta_text_of(word), origin, sizeof(origin), &len) != ZTA_OK) {
        return mod_zta_expected(cmd, word,
                                "an http or https URL of scheme, host and port alone, such as "
                                "https://api.example.com");
    }
    ((struct mod_zta_dir *)place)->origin = apr_pstrmemdup(cmd->pool, origin, len);
    return NULL;
}

const char *mod_zta_set_dpop(cmd_parms *cmd, void *place, const char *first, const char *second)
{
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    int dpop = strcasecmp(first, "off") == 0        ? MOD_ZTA_DPOP_OFF
               : strcasecmp(first, "allowed") == 0  ? MOD_ZTA_DPOP_ALLOWED
               : strcasecmp(first, "required") == 0 ? MOD_ZTA_DPOP_REQUIRED
                                                    : MOD_ZTA_UNSET;
    if (dpop == MOD_ZTA_UNSET) {
        return mod_zta_expected(cmd, first, "off, allowed or required");
    }
    if (second != NULL && (dpop == MOD_ZTA_DPOP_OFF || strcasecmp(second, "nonce") != 0)) {
        return mod_zta_expected(cmd, second, "nothing, or nonce behind allowed or required");
    }
    ((struct mod_zta_dir *)place)->dpop = dpop | (second != NULL ? MOD_ZTA_DPOP_NONCE : 0);
    return NULL;
}

const char *mod_zta_set_default(cmd_parms *cmd, void *place, const char *word)
{
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    if (strcasecmp(word, "deny") != 0 && strcasecmp(word, "allow") != 0) {
        return mod_zta_expected(cmd, word, "deny or allow");
    }
    ((struct mod_zta_dir *)place)->allows_by_default = strcasecmp(word, "allow") == 0;
    return NULL;
}

/*
 * ITERATE calls once a word: the first word of a line replaces what an earlier line of this
 * section set.
 */
static bool is_first_word(cmd_parms *cmd, void **seen)
{
    bool is_first = *seen != cmd->directive;
    *seen = cmd->directive;
    return is_first;
}

/* A cookie-name that needs no quotes anywhere (RFC 6265 section 4.1.1: a token). */
static bool is_cookie_name(const char *word)
{
    return word[0] != '\0' &&
           strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
               strlen(word);
}

/* Adds what one word names; false when it names nothing, or a second header or cookie. */
static bool add_source(struct mod_zta_credential_sources *sources, const char *word)
{
    if (strncasecmp(word, "apikey:", 7) == 0) {
        bool is_good = mod_zta_word_is_header(word + 7) && sources->apikey_header == NULL;
        sources->apikey_header = word + 7;
        return is_good;
    }
    if (strncasecmp(word, "cookie:", 7) == 0) {
        bool is_good = is_cookie_name(word + 7) && sources->cookie == NULL;
        sources->cookie = word + 7;
        return is_good;
    }
    bool *flag = strcasecmp(word, "header") == 0    ? &sources->has_authorization
                 : strcasecmp(word, "query") == 0   ? &sources->has_query
                 : strcasecmp(word, "mtls") == 0    ? &sources->has_mtls
                 : strcasecmp(word, "openidc") == 0 ? &sources->has_openidc
                                                    : NULL;
    if (flag != NULL) {
        *flag = true;
    }
    return flag != NULL;
}

const char *mod_zta_set_credentials(cmd_parms *cmd, void *place, const char *word)
{
    static void *seen;
    struct mod_zta_dir *dir = place;
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    struct mod_zta_credential_sources *sources = apr_pcalloc(cmd->pool, sizeof(*sources));
    if (!is_first_word(cmd, &seen) && dir->sources != NULL) {
        *sources = *dir->sources;
    }
    if (!add_source(sources, word)) {
        return mod_zta_expected(cmd, word,
                                "header, query, mtls, openidc, one cookie:NAME, or one "
                                "apikey:HEADER with the name of a request header (not "
                                "Authorization, not X-ZTA-...)");
    }
    dir->sources = sources;
    return NULL;
}

/* Adds a word to a set, the first word of a line beginning it anew. */
static void add_flag(cmd_parms *cmd, void **seen, int *set, int flag)
{
    if (is_first_word(cmd, seen) || *set == MOD_ZTA_UNSET) {
        *set = 0;
    }
    *set |= flag;
}

const char *mod_zta_set_forward(cmd_parms *cmd, void *place, const char *word)
{
    static void *seen;
    struct mod_zta_dir *dir = place;
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    int flag = strcasecmp(word, "identity") == 0        ? MOD_ZTA_FORWARD_IDENTITY
               : strcasecmp(word, "assertion") == 0     ? MOD_ZTA_FORWARD_ASSERTION
               : strcasecmp(word, "authorization") == 0 ? MOD_ZTA_FORWARD_AUTHORIZATION
               : strcasecmp(word, "none") == 0          ? MOD_ZTA_FORWARD_NONE
                                                        : MOD_ZTA_UNSET;
    if (flag == MOD_ZTA_UNSET) {
        return mod_zta_expected(cmd, word, "identity, assertion, authorization or none");
    }
    add_flag(cmd, &seen, &dir->forward, flag);
    return NULL;
}

const char *mod_zta_set_path(cmd_parms *cmd, void *place, const char *word)
{
    static void *seen;
    struct mod_zta_dir *dir = place;
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    int flag = strcasecmp(word, "strict") == 0          ? ZTA_PATH_STRICT
               : strcasecmp(word, "encoded-slash") == 0 ? ZTA_PATH_ENCODED_SLASH
               : strcasecmp(word, "parameters") == 0    ? ZTA_PATH_PARAMETERS
                                                        : MOD_ZTA_UNSET;
    if (flag == MOD_ZTA_UNSET) {
        return mod_zta_expected(cmd, word, "strict, encoded-slash or parameters");
    }
    add_flag(cmd, &seen, &dir->path_flags, flag);
    return NULL;
}

const char *mod_zta_set_preflight(cmd_parms *cmd, void *place, const char *word)
{
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    int preflight = strcasecmp(word, "judge") == 0    ? MOD_ZTA_PREFLIGHT_JUDGE
                    : strcasecmp(word, "answer") == 0 ? MOD_ZTA_PREFLIGHT_ANSWER
                    : strcasecmp(word, "pass") == 0   ? MOD_ZTA_PREFLIGHT_PASS
                                                      : MOD_ZTA_UNSET;
    if (preflight == MOD_ZTA_UNSET) {
        return mod_zta_expected(cmd, word, "judge, answer or pass");
    }
    ((struct mod_zta_dir *)place)->preflight = preflight;
    return NULL;
}

/* What is known of the fleet is as old as an agent's round even where all is well. */
#define FLEET_MIN_S 60

const char *mod_zta_set_failure(cmd_parms *cmd, void *place, const char *word)
{
    struct mod_zta_dir *dir = place;
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    const char *stale = mod_zta_word_option(word, "stale");
    const char *fleet = mod_zta_word_option(word, "fleet");
    int64_t duration_s = 0;
    if (fleet != NULL) {
        if (strcasecmp(fleet, "any") != 0 &&
            (zta_duration_parse(zta_text_of(fleet), &duration_s) != ZTA_OK ||
             duration_s < FLEET_MIN_S)) {
            return mod_zta_expected(cmd, word, "fleet=any, or fleet=DURATION of at least 1m");
        }
        dir->fleet_s = duration_s;
        return NULL;
    }
    if (strcasecmp(word, "closed") != 0 &&
        (stale == NULL || zta_duration_parse(zta_text_of(stale), &duration_s) != ZTA_OK ||
         duration_s <= 0)) {
        return mod_zta_expected(cmd, word,
                                "closed, stale=DURATION such as stale=5m, or fleet=DURATION");
    }
    dir->stale_s = duration_s;
    return NULL;
}

const char *mod_zta_set_mtlssubject(cmd_parms *cmd, void *place, const char *word)
{
    const char *error = mod_zta_check_place(cmd);
    enum mod_zta_cert_field field;
    if (error != NULL) {
        return error;
    }
    if (mod_zta_cert_field_parse(zta_text_of(word), &field) != ZTA_OK) {
        const char *names = mod_zta_cert_field_name((enum mod_zta_cert_field)0);
        for (int i = 1; i < MOD_ZTA_N_CERT_FIELDS; i++) {
            names = apr_pstrcat(cmd->pool, names, " ",
                                mod_zta_cert_field_name((enum mod_zta_cert_field)i), NULL);
        }
        return mod_zta_expected(cmd, word, apr_pstrcat(cmd->pool, "one of ", names, NULL));
    }
    ((struct mod_zta_dir *)place)->mtls_subject = (int)field;
    return NULL;
}

const char *mod_zta_set_clientcertheader(cmd_parms *cmd, void *place, const char *word)
{
    const char *error = mod_zta_check_place(cmd);
    if (error != NULL) {
        return error;
    }
    bool is_none = strcasecmp(word, "none") == 0;
    if (!is_none && !mod_zta_word_is_header(word)) {
        return mod_zta_expected(cmd, word,
                                "the name of a request header (not Authorization, not "
                                "X-ZTA-...), such as Client-Cert, or none");
    }
    ((struct mod_zta_dir *)place)->client_cert_header = is_none ? "" : word;
    return NULL;
}
