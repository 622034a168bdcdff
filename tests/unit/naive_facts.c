/* SPDX-License-Identifier: Apache-2.0 */
/* One condition against the facts as docs/rules.md words it, one meaning after the other. */
#include "tests/unit/naive_priv.h"

#include "shared/rules/attributes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX 64

static struct zta_text tail(struct zta_text text, size_t n)
{
    return (struct zta_text){.data = text.data + n, .len = text.len - n};
}

/* Meaning 11: '*' is any run, "\*" the asterisk. */
bool naive_wild(struct zta_text pattern, struct zta_text text, bool folds)
{
    if (pattern.len == 0) {
        return text.len == 0;
    }
    if (pattern.data[0] == '*') {
        for (size_t i = 0; i <= text.len; i++) {
            if (naive_wild(tail(pattern, 1), tail(text, i), folds)) {
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
    return a == b && naive_wild(tail(pattern, 1), tail(text, 1), folds);
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
    if (naive_is(pattern[0], "**")) {
        return walk(pattern + 1, n_pattern - 1, path, n_path) ||
               (n_path > 0 && walk(pattern, n_pattern, path + 1, n_path - 1));
    }
    return n_path > 0 && naive_wild(pattern[0], path[0], false) &&
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
            naive_same(tail(*text, text->len - issuer.len), issuer)) {
            text->len -= issuer.len + 1;
            return issuer;
        }
    }
    return (struct zta_text){.data = NULL};
}

static bool is_said_by(const struct naive *naive, struct zta_text issuer)
{
    return issuer.data == NULL || naive_same(naive->facts->identity->issuer, issuer);
}

static bool said_by(const struct naive *naive, const struct zta_ast_value *value,
                    struct zta_text text)
{
    struct zta_text wanted = value->text;
    const struct zta_text issuer = issuer_of(naive, &wanted);
    return naive_same(wanted, text) && is_said_by(naive, issuer);
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
        if (!naive_same(claim->name, name)) {
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
    return naive_wild(pattern, host, true) && !(pattern.data[0] == '*' && host.data[0] == '.');
}

static const struct zta_ast_list *list_named(const struct naive *naive, struct zta_text name)
{
    for (size_t i = 0; i < naive->ast->n_lists; i++) {
        if (naive_same(naive->ast->lists[i].name, name)) {
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

static bool is_askable(const struct naive *naive, struct zta_text text)
{
    const struct zta_text issuer = issuer_of(naive, &text);
    return issuer.data == NULL || (naive->facts->identity != NULL && is_said_by(naive, issuer));
}

bool naive_can_be_asked(const struct naive *naive, const struct zta_ast_cond *cond)
{
    for (size_t i = 0; i < cond->n_values; i++) {
        const struct zta_text text = cond->values[i].text;
        const struct zta_ast_list *list = cond->values[i].is_list ? list_named(naive, text) : NULL;
        if (list == NULL && is_askable(naive, text)) {
            return true;
        }
        for (size_t j = 0; list != NULL && j < list->n_items; j++) {
            if (is_askable(naive, list->items[j].text)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_comparable(const struct naive *naive, const struct zta_ast_cond *cond)
{
    const struct zta_text acr = naive->facts->identity->acr;
    const struct zta_text bound = cond->values[0].text;
    return naive_same(acr, bound) ||
           (naive_acr_place(naive, acr) > 0 && naive_acr_place(naive, bound) > 0);
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
        return id->acr.data != NULL && (cond->op == ZTA_OP_ANY_OF || is_comparable(naive, cond));
    case ZTA_ATTRIBUTE_AUTH_AGE:
        return id->auth_time_s != 0;
    case ZTA_ATTRIBUTE_CLAIM:
        for (size_t i = 0; i < id->n_claims; i++) {
            if (naive_same(id->claims[i].name, cond->claim)) {
                return true;
            }
        }
        return false;
    default:
        return true;
    }
}

static bool naive_is_known(const struct naive *naive, const struct zta_ast_cond *cond)
{
    if (zta_attribute_info(cond->attribute)->feature == ZTA_FEATURE_RISK) {
        return naive->facts->risk != NULL;
    }
    return naive_is_context(cond->attribute) ? naive_context_is_known(naive->facts, cond->attribute)
                                             : is_known(naive, cond);
}

static bool fits(const struct naive *naive, const struct zta_ast_cond *cond,
                 const struct zta_ast_value *value)
{
    const struct zta_facts *facts = naive->facts;
    const struct zta_identity *id = facts->identity;
    enum zta_risk_signal signal;
    char number[32];
    switch ((enum zta_attribute)cond->attribute) {
    case ZTA_ATTRIBUTE_HOST:
        return host_fits(value->text, facts->host);
    case ZTA_ATTRIBUTE_PATH:
        return path_fits(value->text, facts->path);
    case ZTA_ATTRIBUTE_METHOD:
        return naive_same(value->text, facts->method) ||
               (naive_is(value->text, "GET") && naive_is(facts->method, "HEAD"));
    case ZTA_ATTRIBUTE_CONTENT_LENGTH:
        (void)snprintf(number, sizeof number, "%lld", (long long)facts->content_length);
        return naive_is(value->text, number);
    case ZTA_ATTRIBUTE_CONTENT_TYPE:
        return naive_wild(value->text, facts->content_type, true);
    case ZTA_ATTRIBUTE_CREDENTIAL:
        return naive_is(value->text, zta_credential_name(id->credential));
    case ZTA_ATTRIBUTE_BINDING:
        return naive_is(value->text, zta_binding_name(id->binding));
    case ZTA_ATTRIBUTE_CERTIFICATE:
        return naive_same(value->text, id->certificate);
    case ZTA_ATTRIBUTE_SUBJECT:
        return said_by(naive, value, id->subject);
    case ZTA_ATTRIBUTE_CLIENT:
        return said_by(naive, value, id->client);
    case ZTA_ATTRIBUTE_ISSUER:
        return naive_same(value->text, id->issuer);
    case ZTA_ATTRIBUTE_APIKEY:
        return naive_same(value->text, id->apikey);
    case ZTA_ATTRIBUTE_ROLE:
        return list_of(naive, id, &id->roles, value);
    case ZTA_ATTRIBUTE_GROUP:
        return list_of(naive, id, &id->groups, value);
    case ZTA_ATTRIBUTE_SCOPE:
        return list_of(naive, id, &id->scopes, value);
    case ZTA_ATTRIBUTE_AMR:
        return list_of(naive, id, &id->amr, value);
    case ZTA_ATTRIBUTE_ACR:
        return naive_same(value->text, id->acr);
    case ZTA_ATTRIBUTE_THREAT_LEVEL:
        return naive_is(value->text, zta_threat_level_name(facts->risk->threat));
    case ZTA_ATTRIBUTE_SIGNAL:
        return zta_risk_signal_find(value->text, &signal) == ZTA_OK &&
               (facts->risk->signals >> signal & 1) != 0;
    case ZTA_ATTRIBUTE_CLAIM:
        return claim_is(naive, cond->claim, value);
    default:
        return false;
    }
}

bool naive_holds(enum zta_op op, double a, double b)
{
    return (op == ZTA_OP_LT && a < b) || (op == ZTA_OP_LE && a <= b) ||
           (op == ZTA_OP_GT && a > b) || (op == ZTA_OP_GE && a >= b);
}

static double naive_level(const char *word)
{
    static const char *const levels[] = {"normal", "elevated", "high", "critical"};
    double level = 0;
    while (strcmp(levels[(int)level], word) != 0) {
        level++;
    }
    return level;
}

static bool compares(const struct naive *naive, const struct zta_ast_cond *cond)
{
    char word[64];
    (void)snprintf(word, sizeof word, "%.*s", (int)cond->values[0].text.len,
                   cond->values[0].text.data);
    const double bound = strtod(word, NULL);
    const struct zta_risk_facts *risk = naive->facts->risk;
    if (cond->attribute == ZTA_ATTRIBUTE_RISK) {
        return naive_holds(cond->op, risk->score, bound);
    }
    if (cond->attribute == ZTA_ATTRIBUTE_THREAT_LEVEL) {
        return naive_holds(cond->op, risk->threat, naive_level(word));
    }
    const struct zta_identity *id = naive->facts->identity;
    if (cond->attribute == ZTA_ATTRIBUTE_CONTENT_LENGTH) {
        return naive_holds(cond->op, (double)naive->facts->content_length, bound);
    }
    if (cond->attribute == ZTA_ATTRIBUTE_AUTH_AGE) {
        const double unit = strchr(word, 'm') != NULL ? 60 : strchr(word, 'h') != NULL ? 3600 : 1;
        return naive_holds(cond->op, (double)auth_age(naive), bound * unit);
    }
    if (cond->attribute == ZTA_ATTRIBUTE_ACR) {
        const double place = (double)naive_acr_place(naive, id->acr);
        const bool is_same = naive_same(id->acr, cond->values[0].text);
        return naive_holds(cond->op, is_same ? 0 : place,
                           is_same ? 0 : (double)naive_acr_place(naive, cond->values[0].text));
    }
    for (size_t i = 0; i < id->n_claims; i++) {
        if (naive_same(id->claims[i].name, cond->claim) && id->claims[i].kind == ZTA_CLAIM_NUMBER &&
            naive_holds(cond->op, id->claims[i].number, bound)) {
            return true;
        }
    }
    return false;
}

/* Meaning 3: one value of a line. */
static enum tri value_truth(const struct naive *naive, const struct zta_ast_cond *cond,
                            const struct zta_ast_value *value)
{
    const bool is_context = naive_is_context(cond->attribute);
    const bool known = naive_is_known(naive, cond);
    const bool is_word = !value->is_quoted && !value->is_list;
    if (is_word && naive_is(value->text, "unknown")) {
        return known ? NO : YES;
    }
    if (is_word && naive_is(value->text, "known")) {
        return known ? YES : NO;
    }
    if (is_context && !value->is_list) {
        return naive_context_value(naive, cond->attribute, value->text);
    }
    const struct zta_ast_list *list = value->is_list ? list_named(naive, value->text) : NULL;
    if (is_context && list->n_items > 0) {
        enum tri result = NO;
        for (size_t i = 0; i < list->n_items; i++) {
            result = naive_best(result,
                                naive_context_value(naive, cond->attribute, list->items[i].text));
        }
        return result;
    }
    if (!known) {
        return MAYBE;
    }
    if (!value->is_list) {
        return fits(naive, cond, value) ? YES : NO;
    }
    for (size_t i = 0; list != NULL && i < list->n_items; i++) {
        if (fits(naive, cond, &list->items[i])) {
            return YES;
        }
    }
    return NO;
}

enum tri naive_truth(const struct naive *naive, const struct zta_ast_cond *cond)
{
    enum tri result = NO;
    if (cond->attribute == ZTA_ATTRIBUTE_HOURS) {
        return naive_hours_hold(cond, naive->now_s) != cond->is_negated ? YES : NO;
    }
    if (cond->op != ZTA_OP_ANY_OF) {
        result = !naive_is_known(naive, cond) ? MAYBE : compares(naive, cond) ? YES : NO;
    }
    for (size_t i = 0; cond->op == ZTA_OP_ANY_OF && i < cond->n_values; i++) {
        result = naive_best(result, value_truth(naive, cond, &cond->values[i]));
    }
    /* `unknown` takes in whatever of its line is unknown. */
    for (size_t i = 0; result == MAYBE && i < cond->n_values; i++) {
        const struct zta_ast_value *value = &cond->values[i];
        if (!value->is_quoted && !value->is_list && naive_is(value->text, "unknown")) {
            result = YES;
        }
    }
    return cond->is_negated ? (enum tri)(YES - result) : result;
}
