/* SPDX-License-Identifier: Apache-2.0 */
/* Require lines about the verified identity: read with the configuration, judged by the rules. */
#include "mod_zta/providers.h"

#include <http_config.h>
#include <http_core.h>
#include <http_request.h>
#include <mod_auth.h>

#include <ap_provider.h>
#include <apr_strings.h>

#include <string.h>

#include "mod_zta/access.h"
#include "mod_zta/authenticate.h"
#include "mod_zta/config.h"
#include "mod_zta/identity/claim_name.h"
#include "mod_zta/request.h"
#include "mod_zta/rules.h"
#include "shared/base/clock.h"
#include "shared/base/limits.h"
#include "shared/rules/attributes.h"
#include "shared/rules/decide.h"

/* One line; mod_zta_global()->requires has them all. */
struct require {
    const char *provider;
    const char *file;
    int line;
    bool is_negated; /* behind `not` or in <RequireNone>: httpd turns what we say around */
    uint16_t attribute;
    struct zta_text claim;
    enum zta_op op;
    apr_array_header_t *values; /* struct zta_ast_value */
    struct zta_ruleset *set;    /* NULL until compiled */
};

/* ---- reading a line ---- */

/* Quotes are httpd's; what they keep from being a keyword or pattern is as in rules. */
static bool is_special(const char *word)
{
    return strcmp(word, "known") == 0 || strcmp(word, "unknown") == 0 ||
           strncmp(word, "list:", strlen("list:")) == 0 || strchr(word, '*') != NULL;
}

/* A device that is known is in the inventory or attested: the one keyword that says something. */
static bool is_known_device(const struct require *require, const char *word)
{
    return require->attribute == ZTA_ATTRIBUTE_DEVICE && strcmp(word, "known") == 0;
}

static const char *take_value(cmd_parms *cmd, struct require *require, const char **args)
{
    bool is_quoted = **args == '"' || **args == '\'';
    const char *word = ap_getword_conf(cmd->pool, args);
    enum zta_value_type type = zta_attribute_info(require->attribute)->type;
    bool is_known = !is_quoted && is_known_device(require, word);
    if (!is_quoted && !is_known && is_special(word)) {
        return apr_psprintf(cmd->pool,
                            "Require %s: got '%s', expected a value; keywords, lists and patterns "
                            "mean nothing here, quotes make it a plain text",
                            require->provider, word);
    }
    if (*word == '\0' || (!is_known && zta_value_check(type, zta_text_of(word)) != ZTA_OK)) {
        return apr_psprintf(cmd->pool, "Require %s: got '%s', expected %s", require->provider, word,
                            zta_value_expected(type));
    }
    APR_ARRAY_PUSH(require->values, struct zta_ast_value) = (struct zta_ast_value){
        .text = zta_text_of(word),
        .is_quoted = is_quoted && zta_value_needs_quotes(zta_text_of(word)),
    };
    return NULL;
}

/* "<40", or "< 40"; what is to be compared with follows as a value. */
static const char *take_operator(cmd_parms *cmd, struct require *require, const char **args)
{
    static const struct {
        const char *text;
        enum zta_op op;
    } operators[] = {
        {.text = "<=", .op = ZTA_OP_LE},
        {.text = ">=", .op = ZTA_OP_GE},
        {.text = "<", .op = ZTA_OP_LT},
        {.text = ">", .op = ZTA_OP_GT},
    };
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        const size_t len = strlen(operators[i].text);
        if (strncmp(*args, operators[i].text, len) == 0) {
            require->op = operators[i].op;
            *args += len + strspn(*args + len, " \t");
            return NULL;
        }
    }
    return apr_psprintf(cmd->pool, "Require %s: got '%s', expected <, <=, > or >= and a score",
                        require->provider, *args);
}

/* realm_access.tenant in its canonical spelling. */
static const char *take_claim(cmd_parms *cmd, struct require *require, const char **args)
{
    const char *word = ap_getword_conf(cmd->pool, args);
    const size_t size = 2 * strlen(word) + 3; /* a quote at each end, and escapes */
    struct zta_text rest = zta_text_of(word);
    struct zta_buffer name;
    zta_buffer_init(&name, apr_palloc(cmd->pool, size), size);
    for (int depth = 0; !zta_text_is_absent(rest); depth++) {
        char storage[MOD_ZTA_CLAIM_SEGMENT_MAX];
        struct zta_text segment;
        if (depth == ZTA_JSON_DEPTH_MAX ||
            mod_zta_claim_name_next(&rest, storage, &segment) != ZTA_OK) {
            return apr_psprintf(cmd->pool,
                                "Require %s: got '%s', expected the name of a claim: at most %d "
                                "names joined by dots, one with a dot in quotes of its own",
                                require->provider, word, ZTA_JSON_DEPTH_MAX);
        }
        zta_claim_name_append(&name, segment);
    }
    require->claim = (struct zta_text){.data = name.data, .len = name.len};
    return NULL;
}

/* Whether an odd number of negations stands around; NULL or why the line cannot stand here. */
static const char *find_negation(cmd_parms *cmd, struct require *require)
{
    const ap_directive_t *at = cmd->directive;
    const char *args = at->args;
    const char *first = ap_getword_conf(cmd->temp_pool, &args);
    require->is_negated = strcasecmp(first, "not") == 0;
    for (; at != NULL; at = at->parent) {
        if (strcasecmp(at->directive, "<AuthzProviderAlias") == 0) {
            /* Who uses the alias may negate it, which nobody would tell us. */
            return apr_psprintf(cmd->pool,
                                "Require %s: expected outside <AuthzProviderAlias>, which hides "
                                "what is negated",
                                require->provider);
        }
        if (strcasecmp(at->directive, "<RequireNone") == 0) {
            require->is_negated = !require->is_negated;
        }
    }
    return NULL;
}

static const char *parse(cmd_parms *cmd, const char *provider, enum zta_attribute attribute,
                         const char *args, const void **parsed)
{
    struct mod_zta_global *global = mod_zta_global();
    struct require *require = apr_pcalloc(cmd->pool, sizeof(*require));
    const char *error = ap_check_cmd_context(cmd, NOT_IN_HTACCESS);
    if (error != NULL) {
        return error;
    }
    require->provider = provider;
    require->attribute = (uint16_t)attribute;
    require->file = apr_pstrdup(cmd->pool, cmd->directive->filename);
    require->line = cmd->directive->line_num;
    require->values = apr_array_make(cmd->pool, 4, sizeof(struct zta_ast_value));
    error = find_negation(cmd, require);
    if (error == NULL && attribute == ZTA_ATTRIBUTE_CLAIM) {
        error = take_claim(cmd, require, &args);
    }
    if (error == NULL && attribute == ZTA_ATTRIBUTE_RISK) {
        error = take_operator(cmd, require, &args);
    }
    while (error == NULL && *args != '\0') {
        error = take_value(cmd, require, &args);
    }
    if (error == NULL && require->values->nelts == 0) {
        error = apr_psprintf(cmd->pool, "Require %s: expected one or more values", provider);
    }
    if (error == NULL && require->op != ZTA_OP_ANY_OF && require->values->nelts > 1) {
        error = apr_psprintf(cmd->pool, "Require %s: expected one score", provider);
    }
    if (error == NULL) {
        APR_ARRAY_PUSH(global->requires, struct require *) = require;
        if (attribute == ZTA_ATTRIBUTE_CLAIM) {
            APR_ARRAY_PUSH(global->required_claims, struct zta_text) = require->claim;
        }
        *parsed = require;
    }
    return error;
}

static const char *parse_role(cmd_parms *cmd, const char *args, const void **parsed)
{
    return parse(cmd, "zta-role", ZTA_ATTRIBUTE_ROLE, args, parsed);
}

static const char *parse_scope(cmd_parms *cmd, const char *args, const void **parsed)
{
    return parse(cmd, "zta-scope", ZTA_ATTRIBUTE_SCOPE, args, parsed);
}

static const char *parse_claim(cmd_parms *cmd, const char *args, const void **parsed)
{
    return parse(cmd, "zta-claim", ZTA_ATTRIBUTE_CLAIM, args, parsed);
}

static const char *parse_device(cmd_parms *cmd, const char *args, const void **parsed)
{
    return parse(cmd, "zta-device", ZTA_ATTRIBUTE_DEVICE, args, parsed);
}

static const char *parse_risk(cmd_parms *cmd, const char *args, const void **parsed)
{
    return parse(cmd, "zta-risk", ZTA_ATTRIBUTE_RISK, args, parsed);
}

/* ---- compiling ---- */

static apr_status_t close_set(void *require)
{
    zta_ruleset_close(&((struct require *)require)->set);
    return APR_SUCCESS;
}

/* `allow require / need ATTRIBUTE VALUE...`; a negated line also takes what is not known. */
static const char *compile(apr_pool_t *pool, const struct zta_rules_env *env,
                           struct require *require)
{
    struct zta_ast_value unknown = {.text = ZTA_TEXT("unknown")};
    struct zta_ast_cond conds[] = {
        {
            .attribute = require->attribute,
            .claim = require->claim,
            .op = require->op,
            .values = (struct zta_ast_value *)(void *)require->values->elts,
            .n_values = (size_t)require->values->nelts,
        },
        {
            .attribute = require->attribute,
            .claim = require->claim,
            .values = &unknown,
            .n_values = 1,
        },
    };
    struct zta_ast_group group = {
        .is_need = true, .conds = conds, .n_conds = require->is_negated ? 2 : 1};
    struct zta_ast_rule rule = {
        .kind = ZTA_RULE_ALLOW,
        .name = ZTA_TEXT("require"),
        .groups = &group,
        .n_groups = 1,
        .mode = ZTA_MODE_ENFORCE,
    };
    struct zta_text source = zta_text_of(require->file);
    const struct zta_rules_ast ast = {
        .rules = &rule, .n_rules = 1, .source_names = &source, .n_sources = 1};
    struct zta_rules_error error = {.line = 0};
    enum zta_status status = zta_ruleset_compile(&ast, env, &require->set, &error);
    if (status == ZTA_OK) {
        apr_pool_cleanup_register(pool, require, close_set, apr_pool_cleanup_null);
        return NULL;
    }
    /* Values were checked when they were read; what they lack is who says it. */
    return status != ZTA_INVALID
               ? zta_status_text(status)
               : apr_psprintf(pool,
                              "%s:%d: Require %s: got '%s', expected value@issuer, as several "
                              "issuers are configured",
                              require->file, require->line, require->provider, error.found);
}

const char *mod_zta_providers_compile(apr_pool_t *pool)
{
    apr_array_header_t *requires = mod_zta_global()->requires;
    struct zta_rules_env env;
    enum zta_status status = mod_zta_rules_env(&env);
    const char *error = status == ZTA_OK ? NULL : zta_status_text(status);
    for (int i = 0; error == NULL && i < requires->nelts; i++) {
        error = compile(pool, &env, APR_ARRAY_IDX(requires, i, struct require *));
    }
    mod_zta_rules_env_clear(&env);
    return error;
}

/* ---- judging ---- */

/* The condition, judged by itself. */
static bool holds(const struct mod_zta_request *request, const struct require *require)
{
    static const struct zta_stance stance = {
        .stage = ZTA_STAGE_MAX,
        .monitor = ZTA_STAGE_MAX,
        .modes = {[ZTA_FEATURE_CREDENTIAL] = ZTA_MODE_ENFORCE,
                  [ZTA_FEATURE_RULES] = ZTA_MODE_ENFORCE,
                  [ZTA_FEATURE_DEVICE] = ZTA_MODE_ENFORCE,
                  [ZTA_FEATURE_RISK] = ZTA_MODE_ENFORCE},
    };
    struct zta_decision decision;
    zta_rules_decide(require->set, &request->facts, &stance, request->arrived_ns / ZTA_NS_PER_S,
                     &decision);
    return decision.verdict.outcome == ZTA_OUTCOME_ALLOW;
}

/*
 * Behind a negation httpd lets pass what we deny, so there we "grant" what is not verified: it is
 * refused. A line that needs a user waits for the authentication, where there is one.
 */
static authz_status check(request_rec *r, const char *args, const void *parsed)
{
    const struct require *require = parsed;
    struct mod_zta_request *request = mod_zta_request_of(r);
    if (require == NULL) {
        return AUTHZ_DENIED;
    }
    if (!require->is_negated && r->user == NULL && ap_auth_type(r) != NULL) {
        return AUTHZ_DENIED_NO_USER;
    }
    mod_zta_access_settle(r);
    if (request == NULL || require->set == NULL || !mod_zta_is_verified_here(r, request)) {
        return require->is_negated ? AUTHZ_GRANTED : AUTHZ_DENIED;
    }
    return holds(request, require) ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

void mod_zta_providers_register(apr_pool_t *p)
{
    static const authz_provider role = {.check_authorization = check,
                                        .parse_require_line = parse_role};
    static const authz_provider scope = {.check_authorization = check,
                                         .parse_require_line = parse_scope};
    static const authz_provider claim = {.check_authorization = check,
                                         .parse_require_line = parse_claim};
    static const authz_provider device = {.check_authorization = check,
                                          .parse_require_line = parse_device};
    static const authz_provider risk = {.check_authorization = check,
                                        .parse_require_line = parse_risk};
    static const struct {
        const char *name;
        const authz_provider *provider;
    } providers[] = {
        {.name = "zta-role", .provider = &role},   {.name = "zta-scope", .provider = &scope},
        {.name = "zta-claim", .provider = &claim}, {.name = "zta-device", .provider = &device},
        {.name = "zta-risk", .provider = &risk},
    };
    for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
        ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, providers[i].name,
                                  AUTHZ_PROVIDER_VERSION, providers[i].provider,
                                  AP_AUTH_INTERNAL_PER_CONF);
    }
}
