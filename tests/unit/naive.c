/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions and verdicts as docs/rules.md words them, one meaning after the other. */
#include "tests/unit/naive.h"

#include "shared/rules/attributes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum tri {
    NO,
    MAYBE,
    YES
};

#define SEGMENTS_MAX 64

static bool same(struct zta_text a, struct zta_text b)
{
    return a.data != NULL && b.data != NULL && a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static bool is(struct zta_text a, const char *b)
{
    return same(a, (struct zta_text){.data = b, .len = strlen(b)});
}

static struct zta_text tail(struct zta_text text, size_t n)
{
    return (struct zta_text){.data = text.data + n, .len = text.len - n};
}

/* Meaning 11: '*' is any run, "\*" the asterisk. */
static bool wild(struct zta_text pattern, struct zta_text text, bool folds)
{
    if (pattern.len == 0) {
        return text.len == 0;
    }
    if (pattern.data[0] == '*') {
        for (size_t i = 0; i <= text.len; i++) {
            if (wild(tail(pattern, 1), tail(text, i), folds)) {
                return true;
            }
        }
        return false;
    }
    if (pattern.len > 1 && pattern.data[0] == '\\' && pattern.data[1] == '*') {
        pattern = tail(pattern, 1);
    }
    if (text.len == 0) {
        return false;
    }
    char a = pattern.data[0];
    char b = text.data[0];
    if (folds) {
        a = (char)(a >= 'A' && a <= 'Z' ? a + 32 : a);
        b = (char)(b >= 'A' && b <= 'Z' ? b + 32 : b);
    }
    return a == b && wild(tail(pattern, 1), tail(text, 1), folds);
}

/* Meaning 12: leading slash off, one trailing slash off, the rest cut at slashes. */
static size_t cut(struct zta_text path, struct zta_text out[SEGMENTS_MAX])
{
    size_t n = 0;
    if (path.len > 0 && path.data[path.len - 1] == '/') {
        path.len--;
    }
    if (path.len == 0) {
        return 0;
    }
    size_t start = path.data[0] == '/' ? 1 : 0;
    for (size_t i = start; i <= path.len && n < SEGMENTS_MAX; i++) {
        if (i == path.len || path.data[i] == '/') {
            out[n++] = (struct zta_text){.data = path.data + start, .len = i - start};
            start = i + 1;
        }
    }
    return n;
}

static bool walk(const struct zta_text *pattern, size_t n_pattern, const struct zta_text *path,
                 size_t n_path)
{
    if (n_pattern == 0) {
        return n_path == 0;
    }
    if (is(pattern[0], "**")) {
        return walk(pattern + 1, n_pattern - 1, path, n_path) ||
               (n_path > 0 && walk(pattern, n_pattern, path + 1, n_path - 1));
    }
    return n_path > 0 && wild(pattern[0], path[0], false) &&
           walk(pattern + 1, n_pattern - 1, path + 1, n_path - 1);
}

static bool path_fits(struct zta_text pattern, struct zta_text path)
{
    struct zta_text a[SEGMENTS_MAX];
    struct zta_text b[SEGMENTS_MAX];
    const size_t n_a = cut(pattern, a);
    return walk(a, n_a, b, cut(path, b));
}

/* Meaning 17: with several issuers "alice@corp" is alice of corp. Absent: no issuer is named. */
static struct zta_text issuer_of(const struct naive *naive, struct zta_text *text)
{
    for (size_t i = 0; naive->n_issuers > 1 && i < naive->n_issuers; i++) {
        const struct zta_text issuer = naive->issuers[i];
        if (text->len > issuer.len && text->data[text->len - issuer.len - 1] == '@' &&
            same(tail(*text, text->len - issuer.len), issuer)) {
            text->len -= issuer.len + 1;
            return issuer;
        }
    }
    return (struct zta_text){.data = NULL};
}

static bool is_said_by(const struct naive *naive, struct zta_text issuer)
{
    return issuer.data == NULL || same(naive->facts->identity->issuer, issuer);
}

static bool said_by(const struct naive *naive, const struct zta_ast_value *value,
                    struct zta_text text)
{
    struct zta_text wanted = value->text;
    const struct zta_text issuer = issuer_of(naive, &wanted);
    return same(wanted, text) && is_said_by(naive, issuer);
}

static bool list_of(const struct naive *naive, const struct zta_identity *identity,
                    const struct zta_values *values, const struct zta_ast_value *value)
{
    for (size_t i = 0; i < values->n; i++) {
        if (said_by(naive, value, identity->values[values->first + i])) {
            return true;
        }
    }
    return false;
}

/* An unquoted word that stands for a JSON number or boolean. */
static bool typed(const struct naive *naive, const struct zta_ast_value *value,
                  const struct zta_claim *claim)
{
    char word[64];
    struct zta_text text = value->text;
    const struct zta_text issuer = issuer_of(naive, &text);
    const size_t len = text.len;
    if (value->is_quoted || len >= sizeof word || !is_said_by(naive, issuer)) {
        return false;
    }
    memcpy(word, text.data, len);
    word[len] = '\0';
    if (claim->kind == ZTA_CLAIM_BOOL) {
        return strcmp(word, claim->number != 0 ? "true" : "false") == 0;
    }
    char *end;
    const double number = strtod(word, &end);
    return claim->kind == ZTA_CLAIM_NUMBER && len > 0 && *end == '\0' && word[0] != 'n' &&
           word[0] != 'i' && number == claim->number;
}

static bool claim_is(const struct naive *naive, struct zta_text name,
                     const struct zta_ast_value *value)
{
    const struct zta_identity *identity = naive->facts->identity;
    for (size_t i = 0; i < identity->n_claims; i++) {
        const struct zta_claim *claim = &identity->claims[i];
        if (!same(claim->name, name)) {
            continue;
        }
        if ((claim->kind == ZTA_CLAIM_STRING && said_by(naive, value, claim->text)) ||
            typed(naive, value, claim)) {
            return true;
        }
    }
    return false;
}

static int64_t auth_age(const struct naive *naive)
{
    const int64_t age = naive->now_s - naive->facts->identity->auth_time_s;
    return age < 0 ? 0 : age;
}

static bool host_fits(struct zta_text pattern, struct zta_text host)
{
    return wild(pattern, host, true) && !(pattern.data[0] == '*' && host.data[0] == '.');
}

static const struct zta_ast_list *list_named(const struct naive *naive, struct zta_text name)
{
    for (size_t i = 0; i < naive->ast->n_lists; i++) {
        if (same(naive->ast->lists[i].name, name)) {
            return &naive->ast->lists[i];
        }
    }
    return NULL;
}

static bool names_issuer(const struct naive *naive, const struct zta_ast_cond *cond)
{
    for (size_t i = 0; i < cond->n_values; i++) {
        struct zta_text text = cond->values[i].text;
        const struct zta_ast_list *list = cond->values[i].is_list ? list_named(naive, text) : NULL;
        if (list == NULL && issuer_of(naive, &text).data != NULL) {
            return true;
        }
        for (size_t j = 0; list != NULL && j < list->n_items; j++) {
            text = list->items[j].text;
            if (issuer_of(naive, &text).data != NULL) {
                return true;
            }
        }
    }
    return false;
}

/* Request and credential facts; who names the issuer asks for that fact, too. */
static bool is_known(const struct naive *naive, const struct zta_ast_cond *cond)
{
    const struct zta_facts *facts = naive->facts;
    const struct zta_identity *id = facts->identity;
    switch ((enum zta_attribute)cond->attribute) {
    case ZTA_ATTRIBUTE_HOST:
        return facts->host.data != NULL;
    case ZTA_ATTRIBUTE_PATH:
        return facts->path.data != NULL;
    case ZTA_ATTRIBUTE_METHOD:
        return facts->method.data != NULL;
    case ZTA_ATTRIBUTE_CONTENT_LENGTH:
        return facts->content_length >= 0;
    case ZTA_ATTRIBUTE_CONTENT_TYPE:
        return facts->content_type.data != NULL;
    default:
        break;
    }
    if (id == NULL || id->credential == ZTA_CREDENTIAL_NONE) {
        return false;
    }
    if ((zta_attribute_info(cond->attribute)->traits & ZTA_TRAIT_PER_ISSUER) != 0 &&
        id->issuer.data == NULL && names_issuer(naive, cond)) {
        return false;
    }
    switch ((enum zta_attribute)cond->attribute) {
    case ZTA_ATTRIBUTE_CERTIFICATE:
        return id->certificate.data != NULL;
    case ZTA_ATTRIBUTE_SUBJECT:
        return id->subject.data != NULL;
    case ZTA_ATTRIBUTE_CLIENT:
        return id->client.data != NULL;
    case ZTA_ATTRIBUTE_ISSUER:
        return id->issuer.data != NULL;
    case ZTA_ATTRIBUTE_APIKEY:
        return id->apikey.data != NULL;
    case ZTA_ATTRIBUTE_ROLE:
        return id->roles.is_known;
    case ZTA_ATTRIBUTE_GROUP:
        return id->groups.is_known;
    case ZTA_ATTRIBUTE_SCOPE:
        return id->scopes.is_known;
    case ZTA_ATTRIBUTE_AMR:
        return id->amr.is_known;
    case ZTA_ATTRIBUTE_ACR:
        return id->acr.data != NULL;
    case ZTA_ATTRIBUTE_AUTH_AGE:
        return id->auth_time_s != 0;
    case ZTA_ATTRIBUTE_CLAIM:
        for (size_t i = 0; i < id->n_claims; i++) {
            if (same(id->claims[i].name, cond->claim)) {
                return true;
            }
        }
        return false;
    default:
        return true;
    }
}

static bool fits(const struct naive *naive, const struct zta_ast_cond *cond,
                 const struct zta_ast_value *value)
{
    const struct zta_facts *facts = naive->facts;
    const struct zta_identity *id = facts->identity;
    char number[32];
    switch ((enum zta_attribute)cond->attribute) {
    case ZTA_ATTRIBUTE_HOST:
        return host_fits(value->text, facts->host);
    case ZTA_ATTRIBUTE_PATH:
        return path_fits(value->text, facts->path);
    case ZTA_ATTRIBUTE_METHOD:
        return same(value->text, facts->method) ||
               (is(value->text, "GET") && is(facts->method, "HEAD"));
    case ZTA_ATTRIBUTE_CONTENT_LENGTH:
        snprintf(number, sizeof number, "%lld", (long long)facts->content_length);
        return is(value->text, number);
    case ZTA_ATTRIBUTE_CONTENT_TYPE:
        return wild(value->text, facts->content_type, true);
    case ZTA_ATTRIBUTE_CREDENTIAL:
        return is(value->text, zta_credential_name(id->credential));
    case ZTA_ATTRIBUTE_BINDING:
        return is(value->text, zta_binding_name(id->binding));
    case ZTA_ATTRIBUTE_CERTIFICATE:
        return same(value->text, id->certificate);
    case ZTA_ATTRIBUTE_SUBJECT:
        return said_by(naive, value, id->subject);
    case ZTA_ATTRIBUTE_CLIENT:
        return said_by(naive, value, id->client);
    case ZTA_ATTRIBUTE_ISSUER:
        return same(value->text, id->issuer);
    case ZTA_ATTRIBUTE_APIKEY:
        return same(value->text, id->apikey);
    case ZTA_ATTRIBUTE_ROLE:
        return list_of(naive, id, &id->roles, value);
    case ZTA_ATTRIBUTE_GROUP:
        return list_of(naive, id, &id->groups, value);
    case ZTA_ATTRIBUTE_SCOPE:
        return list_of(naive, id, &id->scopes, value);
    case ZTA_ATTRIBUTE_AMR:
        return list_of(naive, id, &id->amr, value);
    case ZTA_ATTRIBUTE_ACR:
        return same(value->text, id->acr);
    case ZTA_ATTRIBUTE_CLAIM:
        return claim_is(naive, cond->claim, value);
    default:
        return false;
    }
}

static bool holds(enum zta_op op, double a, double b)
{
    return (op == ZTA_OP_LT && a < b) || (op == ZTA_OP_LE && a <= b) ||
           (op == ZTA_OP_GT && a > b) || (op == ZTA_OP_GE && a >= b);
}

static bool compares(const struct naive *naive, const struct zta_ast_cond *cond)
{
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)cond->values[0].text.len, cond->values[0].text.data);
    const double bound = strtod(word, NULL);
    const struct zta_identity *id = naive->facts->identity;
    if (cond->attribute == ZTA_ATTRIBUTE_CONTENT_LENGTH) {
        return holds(cond->op, (double)naive->facts->content_length, bound);
    }
    if (cond->attribute == ZTA_ATTRIBUTE_AUTH_AGE) {
        const double unit = strchr(word, 'm') != NULL ? 60 : strchr(word, 'h') != NULL ? 3600 : 1;
        return holds(cond->op, (double)auth_age(naive), bound * unit);
    }
    for (size_t i = 0; i < id->n_claims; i++) {
        if (same(id->claims[i].name, cond->claim) && id->claims[i].kind == ZTA_CLAIM_NUMBER &&
            holds(cond->op, id->claims[i].number, bound)) {
            return true;
        }
    }
    return false;
}

/* Meaning 3: one value of a line. */
static enum tri value_truth(const struct naive *naive, const struct zta_ast_cond *cond,
                            const struct zta_ast_value *value)
{
    const bool known = is_known(naive, cond);
    const bool is_word = !value->is_quoted && !value->is_list;
    if (is_word && is(value->text, "unknown")) {
        return known ? NO : YES;
    }
    if (is_word && is(value->text, "known")) {
        return known ? YES : NO;
    }
    if (!known) {
        return MAYBE;
    }
    if (!value->is_list) {
        return fits(naive, cond, value) ? YES : NO;
    }
    const struct zta_ast_list *list = list_named(naive, value->text);
    for (size_t i = 0; list != NULL && i < list->n_items; i++) {
        if (fits(naive, cond, &list->items[i])) {
            return YES;
        }
    }
    return NO;
}

static enum tri best(enum tri a, enum tri b)
{
    return a > b ? a : b;
}

static enum tri truth(const struct naive *naive, const struct zta_ast_cond *cond)
{
    enum tri result = NO;
    if (cond->op != ZTA_OP_ANY_OF) {
        result = !is_known(naive, cond) ? MAYBE : compares(naive, cond) ? YES : NO;
    }
    for (size_t i = 0; cond->op == ZTA_OP_ANY_OF && i < cond->n_values; i++) {
        result = best(result, value_truth(naive, cond, &cond->values[i]));
    }
    return cond->is_negated ? (enum tri)(YES - result) : result;
}

/* Meanings 2 and 3 for allow and need. */
static enum tri line_truth(const struct naive *naive, const struct zta_ast_group *line)
{
    enum tri result = NO;
    for (size_t i = 0; i < line->n_conds; i++) {
        result = best(result, truth(naive, &line->conds[i]));
    }
    return result;
}

/* Meaning 4 for the `when` of deny, require and limit. */
static bool applies(const struct naive *naive, const struct zta_ast_rule *rule)
{
    for (size_t i = 0; i < rule->n_groups; i++) {
        const struct zta_ast_group *line = &rule->groups[i];
        bool met = line->is_need;
        for (size_t j = 0; j < line->n_conds; j++) {
            const enum tri value = truth(naive, &line->conds[j]);
            met = met || value == YES || (value == MAYBE && line->conds[j].is_negated);
        }
        if (!met) {
            return false;
        }
    }
    return true;
}

static enum zta_mode weaker(enum zta_mode a, enum zta_mode b)
{
    return a < b ? a : b;
}

/* Meaning 7: the weakest of what a line asks for. */
static enum zta_mode line_mode(const struct naive *naive, const struct zta_ast_group *line)
{
    enum zta_mode mode = ZTA_MODE_ENFORCE;
    for (size_t i = 0; i < line->n_conds; i++) {
        const enum zta_feature feature = zta_attribute_info(line->conds[i].attribute)->feature;
        if (feature != ZTA_N_FEATURES) {
            mode = weaker(mode, (enum zta_mode)naive->stance->modes[feature]);
        }
    }
    return mode;
}

static enum zta_mode rule_mode(const struct naive *naive, const struct zta_ast_rule *rule)
{
    enum zta_mode mode = rule->mode;
    const enum zta_feature kind =
        rule->kind == ZTA_RULE_LIMIT ? ZTA_FEATURE_RATELIMIT : ZTA_FEATURE_RULES;
    mode = weaker(mode, (enum zta_mode)naive->stance->modes[kind]);
    for (size_t i = 0; i < rule->n_groups; i++) {
        if (!rule->groups[i].is_need) {
            mode = weaker(mode, line_mode(naive, &rule->groups[i]));
        }
    }
    if ((rule->from_s != 0 && naive->now_s < rule->from_s) ||
        (rule->until_s != 0 && naive->now_s >= rule->until_s)) {
        return ZTA_MODE_OFF;
    }
    return mode;
}

/* A line that nothing but scopes can meet. */
static bool is_scope_line(const struct zta_ast_group *line)
{
    for (size_t i = 0; i < line->n_conds; i++) {
        const struct zta_ast_cond *cond = &line->conds[i];
        if (cond->attribute != ZTA_ATTRIBUTE_SCOPE || cond->is_negated) {
            return false;
        }
        for (size_t j = 0; j < cond->n_values; j++) {
            const struct zta_ast_value *value = &cond->values[j];
            if (!value->is_quoted && !value->is_list &&
                (is(value->text, "known") || is(value->text, "unknown"))) {
                return false;
            }
        }
    }
    return true;
}

struct unmet {
    size_t n;
    size_t n_scope;
    bool is_covered;
};

static struct unmet unmet_lines(const struct naive *naive, enum zta_mode threshold,
                                const struct zta_ast_rule *rule)
{
    struct unmet unmet = {.is_covered = true};
    for (size_t i = 0; i < rule->n_groups; i++) {
        const struct zta_ast_group *line = &rule->groups[i];
        if (line->is_need ? line_mode(naive, line) < threshold : rule->kind == ZTA_RULE_REQUIRE) {
            continue;
        }
        const enum tri value = line_truth(naive, line);
        unmet.is_covered = unmet.is_covered && (line->is_need || value != NO);
        unmet.n += value != YES;
        unmet.n_scope += value != YES && is_scope_line(line);
    }
    return unmet;
}

static bool comes_first(const struct zta_ast_rule *a, const struct zta_ast_rule *b)
{
    if (b == NULL) {
        return true;
    }
    const size_t common = a->name.len < b->name.len ? a->name.len : b->name.len;
    const int order = memcmp(a->name.data, b->name.data, common);
    return order != 0 ? order < 0 : a->name.len < b->name.len;
}

struct findings {
    const struct zta_ast_rule *denied_by;
    const struct zta_ast_rule *granted_by;
    const struct zta_ast_rule *nearest;
    struct unmet nearest_unmet;
};

static void look_at(const struct naive *naive, enum zta_mode threshold,
                    const struct zta_ast_rule *rule, struct findings *findings)
{
    const struct unmet unmet = unmet_lines(naive, threshold, rule);
    if (rule->kind == ZTA_RULE_ALLOW) {
        if (unmet.is_covered && unmet.n == 0 && comes_first(rule, findings->granted_by)) {
            findings->granted_by = rule;
        }
        if (unmet.is_covered && unmet.n > 0 &&
            (findings->nearest == NULL || unmet.n < findings->nearest_unmet.n ||
             (unmet.n == findings->nearest_unmet.n && comes_first(rule, findings->nearest)))) {
            findings->nearest = rule;
            findings->nearest_unmet = unmet;
        }
        return;
    }
    if (applies(naive, rule) && (rule->kind == ZTA_RULE_DENY || unmet.n > 0) &&
        comes_first(rule, findings->denied_by)) {
        findings->denied_by = rule;
    }
}

static void say(struct zta_verdict *verdict, enum zta_outcome outcome, enum zta_reason reason,
                const struct zta_ast_rule *rule)
{
    memset(verdict, 0, sizeof *verdict);
    verdict->outcome = outcome;
    verdict->reason = reason;
    if (rule != NULL) {
        snprintf(verdict->rule, sizeof verdict->rule, "%.*s", (int)rule->name.len, rule->name.data);
        verdict->line = rule->place.line;
        verdict->source = rule->place.source;
    }
}

/* Meanings 6 and 8. */
static void conclude(const struct naive *naive, enum zta_mode threshold,
                     const struct findings *findings, struct zta_verdict *verdict)
{
    const struct zta_ast_rule *deny = findings->denied_by;
    if (deny != NULL) {
        const struct unmet unmet = unmet_lines(naive, threshold, deny);
        const bool is_scope = deny->kind == ZTA_RULE_REQUIRE && unmet.n == unmet.n_scope;
        say(verdict, ZTA_OUTCOME_DENY,
            is_scope ? ZTA_REASON_INSUFFICIENT_SCOPE : ZTA_REASON_RULE_DENIED, deny);
    }
    else if (findings->granted_by != NULL) {
        say(verdict, ZTA_OUTCOME_ALLOW, ZTA_REASON_OK, findings->granted_by);
    }
    else if (findings->nearest != NULL) {
        const bool is_scope = findings->nearest_unmet.n == findings->nearest_unmet.n_scope;
        say(verdict, ZTA_OUTCOME_DENY,
            is_scope ? ZTA_REASON_INSUFFICIENT_SCOPE : ZTA_REASON_NOT_ENTITLED, NULL);
    }
    else if (naive->stance->allows_by_default) {
        say(verdict, ZTA_OUTCOME_ALLOW, ZTA_REASON_OK, NULL);
    }
    else {
        say(verdict, ZTA_OUTCOME_DENY, ZTA_REASON_NO_RULE, NULL);
    }
}

void naive_decide(const struct naive *naive, enum zta_mode threshold, struct zta_verdict *verdict)
{
    const struct zta_facts *facts = naive->facts;
    const struct zta_identity *identity = facts->identity;
    struct findings findings = {.denied_by = NULL};
    if (naive->stance->modes[ZTA_FEATURE_RULES] < threshold) {
        say(verdict, ZTA_OUTCOME_ALLOW, ZTA_REASON_OK, NULL);
        return;
    }
    if (facts->host.data == NULL || facts->path.data == NULL || facts->method.data == NULL) {
        say(verdict, ZTA_OUTCOME_DENY, ZTA_REASON_UNJUDGED, NULL);
        return;
    }
    if ((identity == NULL || identity->credential == ZTA_CREDENTIAL_NONE) &&
        naive->stance->modes[ZTA_FEATURE_CREDENTIAL] >= threshold) {
        say(verdict, ZTA_OUTCOME_CHALLENGE, ZTA_REASON_NO_CREDENTIAL, NULL);
        return;
    }
    for (size_t i = 0; i < naive->ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &naive->ast->rules[i];
        if (rule->kind != ZTA_RULE_LIMIT && rule_mode(naive, rule) >= threshold) {
            look_at(naive, threshold, rule, &findings);
        }
    }
    conclude(naive, threshold, &findings, verdict);
}

/* Meaning 10. */
static bool key_is_known(const struct zta_facts *facts, unsigned key, struct zta_text claim)
{
    const struct zta_identity *id = facts->identity;
    if (key == ZTA_KEY_IP || key == ZTA_KEY_NET) {
        return facts->addr.family != 0;
    }
    if (key == ZTA_KEY_ROUTE) {
        return facts->route.data != NULL;
    }
    if (key == ZTA_KEY_ALL || id == NULL || id->credential == ZTA_CREDENTIAL_NONE) {
        return key == ZTA_KEY_ALL;
    }
    for (size_t i = 0; key == ZTA_KEY_CLAIM && i < id->n_claims; i++) {
        if (same(id->claims[i].name, claim)) {
            return id->issuer.data != NULL;
        }
    }
    return (key == ZTA_KEY_SESSION && id->session_kind != ZTA_SESSION_NONE) ||
           (key == ZTA_KEY_APIKEY && id->apikey.data != NULL) ||
           (key == ZTA_KEY_ISSUER && id->issuer.data != NULL) ||
           (key == ZTA_KEY_SUBJECT && id->issuer.data != NULL && id->subject.data != NULL) ||
           (key == ZTA_KEY_CLIENT && id->issuer.data != NULL && id->client.data != NULL);
}

static enum zta_limit_phase phase_of(const struct zta_ast_rule *rule)
{
    for (size_t i = 0; i < rule->n_keys; i++) {
        if (rule->keys[i] != ZTA_KEY_IP && rule->keys[i] != ZTA_KEY_NET &&
            rule->keys[i] != ZTA_KEY_ROUTE && rule->keys[i] != ZTA_KEY_ALL) {
            return ZTA_LIMIT_AFTER;
        }
    }
    for (size_t i = 0; i < rule->n_groups; i++) {
        for (size_t j = 0; j < rule->groups[i].n_conds; j++) {
            const unsigned attribute = rule->groups[i].conds[j].attribute;
            if (attribute != ZTA_ATTRIBUTE_HOST && attribute != ZTA_ATTRIBUTE_PATH &&
                attribute != ZTA_ATTRIBUTE_METHOD) {
                return ZTA_LIMIT_AFTER;
            }
        }
    }
    return ZTA_LIMIT_BEFORE;
}

size_t naive_limits(const struct naive *naive, enum zta_limit_phase phase, struct zta_text *names,
                    size_t max)
{
    const struct zta_ast_rule *last = NULL;
    size_t n = 0;
    for (enum zta_mode mode = ZTA_MODE_ENFORCE; mode > ZTA_MODE_OFF; mode--, last = NULL) {
        for (;;) {
            const struct zta_ast_rule *next = NULL;
            for (size_t i = 0; i < naive->ast->n_rules; i++) {
                const struct zta_ast_rule *rule = &naive->ast->rules[i];
                bool counts = rule->kind == ZTA_RULE_LIMIT && phase_of(rule) == phase &&
                              rule_mode(naive, rule) == mode && applies(naive, rule);
                for (size_t k = 0; counts && k < rule->n_keys; k++) {
                    counts = key_is_known(naive->facts, rule->keys[k], rule->key_claims[k]);
                }
                if (counts && (last == NULL || (rule != last && comes_first(last, rule))) &&
                    comes_first(rule, next)) {
                    next = rule;
                }
            }
            if (next == NULL || n == max) {
                break;
            }
            names[n++] = next->name;
            last = next;
        }
    }
    return n;
}
