/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each directive of directives.def does with its words; a wrong word names itself and what
 * was expected.
 */
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include <stdlib.h>
#include <string.h>

#include "mod_zta/config.h"
#include "shared/base/clock.h"
#include "shared/base/path.h"
#include "shared/live/segment.h"

#define ISSUER_CONTAINER "<ZTAIssuer"
#define STAGE_BUILT_MAX  2 /* stages 3 and 4 are not part of this version */
#define SIZE_MAX_BYTES   (UINT64_C(1) << 46)

static const char *expected(cmd_parms *cmd, const char *got, const char *expectation)
{
    return apr_psprintf(cmd->pool, "%s: got '%s', expected %s", cmd->cmd->name, got, expectation);
}

/* In no section that would apply it to something else than it says. */
static const char *check_context(cmd_parms *cmd, unsigned forbidden)
{
    if (mod_zta_global()->current_issuer != NULL) {
        return apr_psprintf(cmd->pool, "%s: cannot occur within %s section", cmd->cmd->name,
                            ISSUER_CONTAINER ">");
    }
    return ap_check_cmd_context(cmd, forbidden);
}

/* Once in the main server, outside every section. */
static const char *check_global(cmd_parms *cmd)
{
    return check_context(cmd, GLOBAL_ONLY);
}

/* <Proxy> is merged once a back end is chosen: after the request was judged. */
static const char *check_place(cmd_parms *cmd)
{
    return check_context(cmd, NOT_IN_LIMIT | NOT_IN_FILES | NOT_IN_HTACCESS | NOT_IN_PROXY);
}

static const char *check_issuer(cmd_parms *cmd)
{
    const ap_directive_t *parent = cmd->directive->parent;
    if (parent == NULL || strcasecmp(parent->directive, ISSUER_CONTAINER) != 0 ||
        mod_zta_global()->current_issuer == NULL) {
        return apr_psprintf(cmd->pool, "%s: stands outside a section, expected inside %s NAME URL>",
                            cmd->cmd->name, ISSUER_CONTAINER);
    }
    return NULL;
}

/* Bytes, with K, M or G (powers of 1024). */
static bool parse_size(const char *word, uint64_t *size)
{
    size_t len = strlen(word);
    unsigned shift = 0;
    if (len > 0) {
        switch (word[len - 1]) {
        case 'k':
        case 'K':
            shift = 10;
            break;
        case 'm':
        case 'M':
            shift = 20;
            break;
        case 'g':
        case 'G':
            shift = 30;
            break;
        default:
            break;
        }
    }
    uint64_t n;
    struct zta_text digits = {.data = word, .len = shift > 0 ? len - 1 : len};
    if (zta_text_to_u64(digits, SIZE_MAX_BYTES >> shift, &n) != ZTA_OK) {
        return false;
    }
    *size = n << shift;
    return true;
}

/* The text behind "name=", or NULL. */
static const char *option_value(const char *word, const char *name)
{
    size_t len = strlen(name);
    return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static const char *set_store(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = check_global(cmd);
    if (error != NULL) {
        return error;
    }
    if (word[0] != '/') {
        return expected(cmd, word, "an absolute path of a store made by 'ztactl store init'");
    }
    mod_zta_global()->store_dir = word;
    return NULL;
}

static const char *set_storesize(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = check_global(cmd);
    if (error != NULL) {
        return error;
    }
    uint64_t size;
    if (!parse_size(word, &size) || size < (UINT64_C(16) << 20)) {
        return expected(cmd, word, "a size of at least 16M, such as 8G");
    }
    mod_zta_global()->store_size = size;
    return NULL;
}

static const char *set_rules(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = check_global(cmd);
    if (error != NULL) {
        return error;
    }
    const char *path = ap_server_root_relative(cmd->pool, word);
    if (path == NULL) {
        return expected(cmd, word, "a file or a pattern of files");
    }
    APR_ARRAY_PUSH(mod_zta_global()->rules_patterns, const char *) = path;
    return NULL;
}

static const char *set_sharedmemory(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = check_global(cmd);
    if (error != NULL) {
        return error;
    }
    uint64_t size;
    if (!parse_size(word, &size) || size < ZTA_SEGMENT_SIZE_MIN) {
        return expected(cmd, word, "a size of at least 8M, such as 256M");
    }
    mod_zta_global()->segment_size = size;
    return NULL;
}

static const char *set_retain(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = check_global(cmd);
    if (error != NULL) {
        return error;
    }
    struct mod_zta_retain *retain = &mod_zta_global()->retain;
    const char *events = option_value(word, "events");
    const char *sessions = option_value(word, "sessions");
    int64_t duration_s;
    uint64_t size;
    if (events != NULL && zta_duration_parse(zta_text_of(events), &duration_s) == ZTA_OK &&
        duration_s > 0) {
        retain->events_s = duration_s;
        return NULL;
    }
    if (events != NULL && parse_size(events, &size) && size > 0) {
        retain->events_size = size;
        return NULL;
    }
    if (sessions != NULL && zta_duration_parse(zta_text_of(sessions), &duration_s) == ZTA_OK &&
        duration_s > 0) {
        retain->sessions_s = duration_s;
        return NULL;
    }
    return expected(cmd, word,
                    "events=DURATION, events=SIZE or sessions=DURATION, such as events=7d, "
                    "events=2G (upper-case M or G) or sessions=90d");
}

static const char *set_verifylimit(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = check_global(cmd);
    if (error != NULL) {
        return error;
    }
    struct zta_limit_rate *rate = &mod_zta_global()->failures;
    if (strcasecmp(word, "off") == 0) {
        rate->count = 0;
        return NULL;
    }
    const char *slash = strchr(word, '/');
    uint64_t count;
    int64_t window_s;
    if (slash == NULL ||
        zta_text_to_u64((struct zta_text){.data = word, .len = (size_t)(slash - word)}, 1000000,
                        &count) != ZTA_OK ||
        count == 0 || zta_duration_parse(zta_text_of(slash + 1), &window_s) != ZTA_OK ||
        window_s <= 0) {
        return expected(cmd, word, "COUNT/DURATION such as 20/10s, or off");
    }
    *rate = (struct zta_limit_rate){.count = count, .window_s = (uint64_t)window_s, .burst = count};
    return NULL;
}

static bool is_name(const char *word)
{
    size_t len = strlen(word);
    return len > 0 && len < ZTA_NAME_MAX && apr_isalnum(word[0]) &&
           strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static bool is_issuer_url(const char *url)
{
    static const char *const loopback[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++) {
        size_t len = strlen(loopback[i]);
        if (strncmp(url, loopback[i], len) == 0 && strchr(":/", url[len]) != NULL) {
            return true; /* the host ends there: strchr finds the NUL as well */
        }
    }
    return strncmp(url, "https://", 8) == 0 && url[8] != '\0' && url[8] != '/';
}

static const char *check_issuer_words(cmd_parms *cmd, const char *name, const char *url)
{
    if (!is_name(name)) {
        return expected(cmd, name, "a name of letters, digits, '.', '_', '-', at most 63");
    }
    if (strcasecmp(name, "local") == 0) {
        return expected(cmd, name, "another name: 'local' stands for API keys");
    }
    if (!is_issuer_url(url)) {
        return expected(cmd, url, "an https URL (http on loopback only)");
    }
    for (int i = 0; i < mod_zta_global()->issuers->nelts; i++) {
        const struct mod_zta_issuer *other =
            &APR_ARRAY_IDX(mod_zta_global()->issuers, i, struct mod_zta_issuer_config *)->issuer;
        if (zta_text_equal(other->name, zta_text_of(name)) ||
            zta_text_equal(other->url, zta_text_of(url))) {
            return apr_psprintf(cmd->pool, "%s: '%s' with '%s' stands there already",
                                cmd->cmd->name, name, url);
        }
    }
    return NULL;
}

static const char *set_issuer(cmd_parms *cmd, void *dir, const char *args)
{
    const char *error = check_global(cmd);
    if (error != NULL) {
        return error;
    }
    const char *end = strrchr(args, '>');
    if (end == NULL || end[1] != '\0') {
        return apr_psprintf(cmd->pool, "%s: got '%s', expected NAME URL> with a closing '>'",
                            cmd->cmd->name, args);
    }
    const char *rest = apr_pstrmemdup(cmd->pool, args, (apr_size_t)(end - args));
    const char *name = ap_getword_conf(cmd->pool, &rest);
    const char *url = ap_getword_conf(cmd->pool, &rest);
    if (name[0] == '\0' || url[0] == '\0' || rest[0] != '\0') {
        return expected(cmd, args, "exactly NAME URL>");
    }
    error = check_issuer_words(cmd, name, url);
    if (error != NULL) {
        return error;
    }
    struct mod_zta_issuer_config *issuer = apr_pcalloc(cmd->pool, sizeof(*issuer));
    issuer->audiences = apr_array_make(cmd->pool, 2, sizeof(struct zta_text));
    issuer->issuer.name = zta_text_of(name);
    issuer->issuer.url = zta_text_of(url);
    issuer->issuer.token_type = ZTA_TEXT("at+jwt");
    issuer->issuer.leeway_s = MOD_ZTA_LEEWAY_DEFAULT_S;
    mod_zta_claim_names_init(&issuer->issuer.claims);

    mod_zta_global()->current_issuer = issuer;
    error = ap_walk_config(cmd->directive->first_child, cmd, cmd->context);
    mod_zta_global()->current_issuer = NULL;
    if (error != NULL) {
        return error;
    }
    if (issuer->keys_file == NULL) {
        return apr_psprintf(cmd->pool, "%s: issuer '%s' has no ZTAKeys, expected ZTAKeys file:PATH",
                            cmd->cmd->name, name);
    }
    if (issuer->issuer.algs == 0) {
        issuer->issuer.algs = MOD_ZTA_ALGS_DEFAULT;
    }
    issuer->issuer.audiences = (const struct zta_text *)(const void *)issuer->audiences->elts;
    issuer->issuer.n_audiences = (size_t)issuer->audiences->nelts;
    mod_zta_issuer_seal(&issuer->issuer);
    APR_ARRAY_PUSH(mod_zta_global()->issuers, struct mod_zta_issuer_config *) = issuer;
    return NULL;
}

static const char *set_audience(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = check_issuer(cmd);
    if (error != NULL) {
        return error;
    }
    if (word[0] == '\0') {
        return expected(cmd, word, "the aud value of tokens that are for this proxy");
    }
    APR_ARRAY_PUSH(mod_zta_global()->current_issuer->audiences, struct zta_text) =
        zta_text_of(word);
    return NULL;
}

static const char *set_keys(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = check_issuer(cmd);
    if (error != NULL) {
        return error;
    }
    const char *path = strncmp(word, "file:", 5) == 0 && word[5] != '\0'
                           ? ap_server_root_relative(cmd->pool, word + 5)
                           : NULL;
    if (path == NULL) {
        return expected(cmd, word, "file:PATH of a JWKS");
    }
    mod_zta_global()->current_issuer->keys_file = path;
    return NULL;
}

static const char *set_algorithms(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = check_issuer(cmd);
    if (error != NULL) {
        return error;
    }
    unsigned alg = mod_zta_alg_parse(zta_text_of(word));
    if (alg == 0) {
        return expected(cmd, word,
                        "one of RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 Ed25519 "
                        "EdDSA (symmetric algorithms and none are never accepted)");
    }
    mod_zta_global()->current_issuer->issuer.algs |= alg;
    return NULL;
}

static const char *set_tokentype(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = check_issuer(cmd);
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
    return expected(cmd, word, "at+jwt or any");
}

static const char *set_leeway(cmd_parms *cmd, void *unused, const char *word)
{
    const char *error = check_issuer(cmd);
    if (error != NULL) {
        return error;
    }
    uint64_t seconds;
    if (zta_text_to_u64(zta_text_of(word), MOD_ZTA_LEEWAY_MAX_S, &seconds) != ZTA_OK) {
        return expected(cmd, word, "seconds from 0 to 300");
    }
    mod_zta_global()->current_issuer->issuer.leeway_s = (int64_t)seconds;
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

static const char *set_claim(cmd_parms *cmd, void *unused, const char *what, const char *claim)
{
    const char *error = check_issuer(cmd);
    if (error != NULL) {
        return error;
    }
    struct zta_text *slot = claim_slot(&mod_zta_global()->current_issuer->issuer.claims, what);
    if (slot == NULL) {
        return expected(cmd, what, "roles, groups, scope, subject, client, session, device or acr");
    }
    char name[256];
    if (mod_zta_claim_name_parse(zta_text_of(claim), name, sizeof(name)) != ZTA_OK) {
        return expected(cmd, claim,
                        "a claim, its segments joined by '.', such as realm_access.roles");
    }
    *slot = zta_text_of(apr_pstrdup(cmd->pool, name));
    return NULL;
}

static const char *set_accept(cmd_parms *cmd, void *place, int argc, char *const argv[])
{
    struct mod_zta_dir *dir = place;
    const char *error = check_place(cmd);
    if (error != NULL) {
        return error;
    }
    apr_array_header_t *names = apr_array_make(cmd->pool, 2, sizeof(const char *));
    apr_array_header_t *audiences = apr_array_make(cmd->pool, 2, sizeof(struct zta_text));
    for (int i = 0; i < argc; i++) {
        const char *audience = option_value(argv[i], "audience");
        if (audience != NULL && audience[0] != '\0') {
            APR_ARRAY_PUSH(audiences, struct zta_text) =
                zta_text_of(apr_pstrdup(cmd->pool, audience));
        }
        else if (is_name(argv[i])) {
            APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(cmd->pool, argv[i]);
        }
        else {
            return expected(cmd, argv[i], "names of <ZTAIssuer> sections, local, or audience=URI");
        }
    }
    if (names->nelts == 0) {
        return expected(cmd, "no name", "names of <ZTAIssuer> sections, or local");
    }
    struct mod_zta_accept *accept = apr_pcalloc(cmd->pool, sizeof(*accept));
    accept->names = names;
    accept->audiences = audiences;
    dir->accept = accept;
    return NULL;
}

static const char *set_stage_member(cmd_parms *cmd, const char *word, int *member)
{
    const char *error = check_place(cmd);
    if (error != NULL) {
        return error;
    }
    uint64_t stage;
    if (zta_text_to_u64(zta_text_of(word), STAGE_BUILT_MAX, &stage) != ZTA_OK) {
        return expected(cmd, word, "0 (off), 1 (basic) or 2 (identity)");
    }
    *member = (int)stage;
    return NULL;
}

static const char *set_stage(cmd_parms *cmd, void *place, const char *word)
{
    return set_stage_member(cmd, word, &((struct mod_zta_dir *)place)->stage);
}

static const char *set_monitor(cmd_parms *cmd, void *place, const char *word)
{
    return set_stage_member(cmd, word, &((struct mod_zta_dir *)place)->monitor);
}

static const char *set_feature(cmd_parms *cmd, void *place, const char *word)
{
    struct mod_zta_dir *dir = place;
    const char *error = check_place(cmd);
    if (error != NULL) {
        return error;
    }
    const char *equals = strchr(word, '=');
    enum zta_feature feature;
    enum zta_mode mode;
    if (equals == NULL ||
        zta_feature_parse((struct zta_text){.data = word, .len = (size_t)(equals - word)},
                          &feature) != ZTA_OK ||
        zta_feature_stage(feature) > STAGE_BUILT_MAX) {
        return expected(cmd, word,
                        "credential, ratelimit or rules, then =enforce, =monitor or =off");
    }
    if (zta_mode_parse(zta_text_of(equals + 1), &mode) != ZTA_OK) {
        return expected(cmd, word, "a mode: enforce, monitor or off");
    }
    if (feature == ZTA_FEATURE_CREDENTIAL && mode != ZTA_MODE_ENFORCE) {
        return expected(cmd, word,
                        "credential=enforce: it can be neither off nor monitored by itself; a path "
                        "without credentials is ZTAStage 0");
    }
    dir->features[feature] = (int8_t)mode;
    return NULL;
}

static const char *set_realm(cmd_parms *cmd, void *place, const char *word)
{
    const char *error = check_place(cmd);
    if (error != NULL) {
        return error;
    }
    for (const char *c = word; *c != '\0'; c++) {
        if (*c < 0x20 || *c > 0x7e || *c == '"' || *c == '\\') {
            return expected(cmd, word, "printable ASCII without quotes and backslashes");
        }
    }
    ((struct mod_zta_dir *)place)->realm = word;
    return NULL;
}

static const char *set_default(cmd_parms *cmd, void *place, const char *word)
{
    const char *error = check_place(cmd);
    if (error != NULL) {
        return error;
    }
    if (strcasecmp(word, "deny") != 0 && strcasecmp(word, "allow") != 0) {
        return expected(cmd, word, "deny or allow");
    }
    ((struct mod_zta_dir *)place)->allows_by_default = strcasecmp(word, "allow") == 0;
    return NULL;
}

/* A header that a client may send: Authorization has a grammar of its own, ours are scrubbed. */
static bool is_apikey_header(const char *word)
{
    return word[0] != '\0' &&
           strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                        "0123456789-") == strlen(word) &&
           strcasecmp(word, "Authorization") != 0 && strncasecmp(word, "X-ZTA-", 6) != 0;
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

static const char *set_credentials(cmd_parms *cmd, void *place, const char *word)
{
    static void *seen;
    struct mod_zta_dir *dir = place;
    const char *error = check_place(cmd);
    if (error != NULL) {
        return error;
    }
    struct mod_zta_credential_sources *sources = apr_pcalloc(cmd->pool, sizeof(*sources));
    if (!is_first_word(cmd, &seen) && dir->sources != NULL) {
        *sources = *dir->sources;
    }
    if (strcasecmp(word, "header") == 0) {
        sources->has_authorization = true;
    }
    else if (strncasecmp(word, "apikey:", 7) == 0 && is_apikey_header(word + 7) &&
             sources->apikey_header == NULL) {
        sources->apikey_header = word + 7;
    }
    else {
        return expected(cmd, word,
                        "header, or one apikey:HEADER with the name of a request header "
                        "(not Authorization, not X-ZTA-...)");
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

static const char *set_forward(cmd_parms *cmd, void *place, const char *word)
{
    static void *seen;
    struct mod_zta_dir *dir = place;
    const char *error = check_place(cmd);
    if (error != NULL) {
        return error;
    }
    int flag = strcasecmp(word, "identity") == 0        ? MOD_ZTA_FORWARD_IDENTITY
               : strcasecmp(word, "authorization") == 0 ? MOD_ZTA_FORWARD_AUTHORIZATION
               : strcasecmp(word, "none") == 0          ? MOD_ZTA_FORWARD_NONE
                                                        : MOD_ZTA_UNSET;
    if (flag == MOD_ZTA_UNSET) {
        return expected(cmd, word, "identity, authorization or none");
    }
    add_flag(cmd, &seen, &dir->forward, flag);
    return NULL;
}

static const char *set_path(cmd_parms *cmd, void *place, const char *word)
{
    static void *seen;
    struct mod_zta_dir *dir = place;
    const char *error = check_place(cmd);
    if (error != NULL) {
        return error;
    }
    int flag = strcasecmp(word, "strict") == 0          ? ZTA_PATH_STRICT
               : strcasecmp(word, "encoded-slash") == 0 ? ZTA_PATH_ENCODED_SLASH
               : strcasecmp(word, "parameters") == 0    ? ZTA_PATH_PARAMETERS
                                                        : MOD_ZTA_UNSET;
    if (flag == MOD_ZTA_UNSET) {
        return expected(cmd, word, "strict, encoded-slash or parameters");
    }
    add_flag(cmd, &seen, &dir->path_flags, flag);
    return NULL;
}

static const char *set_preflight(cmd_parms *cmd, void *place, const char *word)
{
    const char *error = check_place(cmd);
    if (error != NULL) {
        return error;
    }
    int preflight = strcasecmp(word, "judge") == 0    ? MOD_ZTA_PREFLIGHT_JUDGE
                    : strcasecmp(word, "answer") == 0 ? MOD_ZTA_PREFLIGHT_ANSWER
                    : strcasecmp(word, "pass") == 0   ? MOD_ZTA_PREFLIGHT_PASS
                                                      : MOD_ZTA_UNSET;
    if (preflight == MOD_ZTA_UNSET) {
        return expected(cmd, word, "judge, answer or pass");
    }
    ((struct mod_zta_dir *)place)->preflight = preflight;
    return NULL;
}

static const char *set_failure(cmd_parms *cmd, void *place, const char *word)
{
    const char *error = check_place(cmd);
    if (error != NULL) {
        return error;
    }
    const char *stale = option_value(word, "stale");
    int64_t stale_s = 0;
    if (strcasecmp(word, "closed") != 0 &&
        (stale == NULL || zta_duration_parse(zta_text_of(stale), &stale_s) != ZTA_OK ||
         stale_s <= 0)) {
        return expected(cmd, word, "closed, or stale=DURATION such as stale=5m");
    }
    ((struct mod_zta_dir *)place)->stale_s = stale_s;
    return NULL;
}

#define GLOBAL RSRC_CONF
#define ISSUER RSRC_CONF
#define PLACE  (RSRC_CONF | ACCESS_CONF)

const command_rec mod_zta_commands[] = {
#define ZTA_DIRECTIVE(args, name, suffix, where, syntax, help)                                     \
    AP_INIT_##args(name, set_##suffix, NULL, where, syntax ": " help),
#include "mod_zta/directives.def"
#undef ZTA_DIRECTIVE
    {.name = NULL},
};
